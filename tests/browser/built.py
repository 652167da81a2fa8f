"""Whether there is a web app to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

import runwake.server


def assert_built() -> None:
    """Skip where the web app is not built into the package."""
    static = Path(runwake.server.__file__).parent / "static" / "index.html"
    if not static.is_file():
        pytest.skip("the web app is not built: make setup")
