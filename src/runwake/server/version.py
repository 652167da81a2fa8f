"""Which Runwake this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed() -> str:
    try:
        return version("runwake")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0.0.0+checkout"


VERSION: Final = _installed()
