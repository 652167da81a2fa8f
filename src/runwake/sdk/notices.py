"""What the SDK says to the person at the terminal: calm, short lines, on stderr."""

from __future__ import annotations

import sys
from threading import RLock


class Notices:
    """Prints lines; a kind of warning only once. Safe from any thread, never raises.

    Args:
        silent: print nothing at all.
    """

    def __init__(self, silent: bool = False) -> None:
        self.silent = silent
        self._said: set[str] = set()
        self._lock = RLock()

    def after_fork(self) -> None:
        """Forget a lock that another thread of the parent may hold; called in a forked child."""
        self._lock = RLock()

    def say(self, line: str, *more: str) -> None:
        """Print a line, and what belongs to it indented below."""
        if not self.silent:
            _print("".join([f"runwake: {line}\n", *(f"runwake:   {text}\n" for text in more)]))

    def warn(self, line: str) -> None:
        """Print one line about something that went wrong."""
        self.say(f"warning: {line}")

    def warn_once(self, kind: str, line: str) -> None:
        """Warn, unless a warning of this kind was given before."""
        with self._lock:
            if kind in self._said:
                return
            self._said.add(kind)
        self.warn(line)

    def show_progress(self, line: str) -> None:
        """Show a line that replaces the one before it; on a terminal only. Empty: clear it."""
        if not self.silent and is_terminal():
            _print(f"\r\033[K{'runwake: ' if line else ''}{line}")


def is_terminal() -> bool:
    """Whether stderr is a terminal."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _print(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return  # no stderr, or a closed one: there is nobody to tell
