"""Types of the mirrored API that libraries only ask about (`isinstance`)."""

from __future__ import annotations

from abc import ABC

from runwake.sdk.media.image import Image


class RunDisabled:
    """The type of a run that is switched off elsewhere; here such a run is a `Run` as well."""


class WBValue(ABC):  # noqa: B024 - nothing to implement: it is only asked about
    """Any value that is more than plain data."""


class Media(WBValue):
    """Any value that is kept in a file of its own."""


class BatchableMedia(Media):
    """Media of which a list is kept as one value."""


BatchableMedia.register(Image)
