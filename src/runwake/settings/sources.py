"""The only place that reads and changes the process environment."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment as it is now."""
    return dict(os.environ)  # noqa: TID251 - this is the place


def set_variable(name: str, value: str) -> None:
    """Set a variable for this process and those that it starts from now on."""
    os.environ[name] = value  # noqa: TID251 - this is the place
