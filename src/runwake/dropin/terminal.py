"""Lines for the person at the terminal, as libraries write them through wandb."""

from __future__ import annotations

import sys
from contextlib import suppress

from runwake.settings.client import resolve_client
from runwake.settings.sources import environment

_said: set[str] = set()


def termlog(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Print a line on stderr, unless the setting `silent` is on.

    Args:
        string: what to say.
        newline: whether to end the line.
        repeat: False: not if the same was said before.
        prefix: whether to say who speaks.
    """
    _say(string, newline, repeat, prefix)


def termwarn(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Print a warning; arguments as of `termlog`."""
    _say(f"warning: {string}", newline, repeat, prefix)


def termerror(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Print an error; arguments as of `termlog`."""
    _say(f"error: {string}", newline, repeat, prefix)


def _say(line: str, newline: bool, repeat: bool, prefix: bool) -> None:
    if not repeat and line in _said:
        return
    _said.add(line)
    if resolve_client({}, environment()).values["silent"]:
        return
    with suppress(AttributeError, OSError, ValueError):  # no stderr, or a closed one
        sys.stderr.write(f"{'runwake: ' if prefix else ''}{line}{chr(10) if newline else ''}")
        sys.stderr.flush()
