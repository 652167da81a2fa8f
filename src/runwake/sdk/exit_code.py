"""The code with which the interpreter ends, told to whoever watches for it.

`raise SystemExit(3)` runs no hook. But before the interpreter ends it reads the `code` of the
exception that nobody caught, and it does so without a Python frame around it: that tells this
read from all others. So the attribute is watched. Where that is not possible (an interpreter of
another make), nothing is touched.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any, Final

Listener = Callable[[object], None]
"""Takes the code as it was raised: None, an int or anything else. Must not raise."""

_listeners: Final[list[Listener]] = []


class _WatchedCode:
    """Stands in for the attribute and does as it does."""

    def __init__(self, original: Any) -> None:
        self.original = original
        self.was_read = False

    def __get__(self, error: Any, owner: Any = None) -> Any:
        if error is None:
            return self.original
        self.was_read = True
        code = self.original.__get__(error, owner)
        try:
            sys._getframe(1)  # noqa: SLF001 - the one way to know who reads
        except ValueError:  # the interpreter itself
            for listener in tuple(_listeners):
                listener(code)
        return code

    def __set__(self, error: Any, code: Any) -> None:
        self.original.__set__(error, code)

    def __delete__(self, error: Any) -> None:
        self.original.__delete__(error)


def watch(listener: Listener) -> bool:
    """Tell `listener` the code once the interpreter ends by `SystemExit`; whether that works."""
    if not _listeners and not _install():
        return False
    _listeners.append(listener)
    return True


def unwatch(listener: Listener) -> None:
    """Stop telling a listener; without any, all is as it was."""
    if listener in _listeners:
        _listeners.remove(listener)
        if not _listeners:
            _put_back()


def _attributes() -> dict[str, Any]:
    """Return the dict behind `SystemExit.__dict__`; an empty one where it is out of reach."""
    found = gc.get_referents(SystemExit.__dict__)
    attributes = found[0] if found else None
    return attributes if isinstance(attributes, dict) and "code" in attributes else {}


def _install() -> bool:
    attributes = _attributes()
    if sys.implementation.name != "cpython" or not attributes:
        return False
    watched = attributes["code"] = _WatchedCode(attributes["code"])
    _forget_lookups()
    _ = SystemExit(0).code
    if not watched.was_read:
        _put_back()
    return watched.was_read


def _put_back() -> None:
    attributes = _attributes()
    watched = attributes.get("code")
    if isinstance(watched, _WatchedCode):
        attributes["code"] = watched.original
        _forget_lookups()


def _forget_lookups() -> None:
    """Make the interpreter look attributes up again; the call has another name since 3.13."""
    forget = getattr(sys, "_clear_internal_caches", None) or getattr(sys, "_clear_type_cache", None)
    if forget is not None:
        forget()
