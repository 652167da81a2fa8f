"""The only place that reads the process environment."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment as it is now."""
    return dict(os.environ)  # noqa: TID251 - this is the place
