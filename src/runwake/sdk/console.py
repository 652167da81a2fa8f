"""Keeping what the program prints. The program's own output comes first and is never changed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import RLock
from typing import Any, Final

_MAX_PARTIAL: Final = 64 * 1024

Emit = Callable[[str, str], None]
"""Takes the channel (stdout, stderr) and text that ends with a newline (or is the last)."""


class _Channel:
    """One wrapped stream: passes text through and hands whole lines on."""

    def __init__(self, name: str, stream: Any, emit: Emit) -> None:
        self._name = name
        self._stream = stream
        self._emit = emit
        self._original = stream.write
        self._partial = ""
        self._lock = RLock()
        self._busy = False
        self._active = True
        stream.write = self._write

    def _write(self, text: Any) -> Any:
        result = self._original(text)
        if self._active and isinstance(text, str):
            self._keep(text)
        return result

    def _keep(self, text: str) -> None:
        try:
            with self._lock:
                if self._busy:  # a warning printed while keeping text
                    return
                self._busy = True
                try:
                    self._take(text)
                finally:
                    self._busy = False
        except Exception:  # noqa: BLE001 - the log border: printing must never fail because of us
            self._active = False

    def _take(self, text: str) -> None:
        head, newline, tail = text.rpartition("\n")
        if newline:
            self._emit(self._name, _overwritten(self._partial + head) + "\n")
            self._partial = tail
        else:
            self._partial += text
        if "\r" in self._partial:  # a progress bar that redraws itself
            self._partial = "\r" + self._partial.rpartition("\r")[2]
        if len(self._partial) > _MAX_PARTIAL:
            self._emit(self._name, self._partial + "\n")
            self._partial = ""

    def restore(self) -> None:
        """Hand the last unfinished line on and take the wrapper off."""
        with self._lock:
            partial = _overwritten(self._partial)
            if self._active and partial:
                self._emit(self._name, partial)
            self.deactivate()

    def deactivate(self) -> None:
        """Stop keeping text; takes the wrapper off unless somebody wrapped it again."""
        self._active = False
        self._partial = ""
        if getattr(self._stream, "write", None) == self._write:
            try:
                del self._stream.write
            except AttributeError:
                self._stream.write = self._original


class ConsoleCapture:
    """Wraps `sys.stdout` and `sys.stderr` from its making until `stop`.

    Args:
        emit: called with the channel and whole lines; must not raise.
    """

    def __init__(self, emit: Emit) -> None:
        self._channels: list[_Channel] = []
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            try:
                self._channels.append(_Channel(name, stream, emit))
            except AttributeError:  # no such stream, or one that cannot be wrapped
                continue

    def stop(self) -> None:
        """Hand on what is left and restore the streams. Idempotent."""
        for channel in self._channels:
            channel.restore()
        self._channels = []

    def after_fork(self) -> None:
        """Stop without a word: a forked child's output is its own."""
        for channel in self._channels:
            channel.deactivate()
        self._channels = []


def _overwritten(text: str) -> str:
    """Return the lines as a terminal would show them after carriage returns."""
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
