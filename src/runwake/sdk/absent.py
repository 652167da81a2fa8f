"""Names that scripts know from wandb and that Runwake does not have yet.

They can be imported, subclassed and asked for (`hasattr`, `isinstance`); using one raises an
error that says so. Nothing here may pretend to work: a call that did nothing would lose data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from runwake import __version__
from runwake.errors import UnsupportedError


def absent_call(name: str) -> Callable[..., NoReturn]:
    """Return a function or method in the place of `name`; calling it raises UnsupportedError."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise UnsupportedError(_message(name))

    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    refuse.__doc__ = f"Not there yet: raises UnsupportedError ({name})."
    return refuse


@cache
def absent_class(name: str) -> type:
    """Return a class in the place of `name`; making an object of it raises UnsupportedError."""

    def refuse(self: object, *_: Any, **__: Any) -> None:
        raise UnsupportedError(_message(name))

    doc = f"Not there yet: raises UnsupportedError ({name})."
    return type(name.rpartition(".")[2], (), {"__init__": refuse, "__doc__": doc})


def _message(name: str) -> str:
    return f"Runwake {__version__} does not have {name} yet"
