"""The moment when the server begins to stop, for answers that would otherwise never end."""

from __future__ import annotations

import asyncio


class Stopping:
    """Set once. Waiting belongs to the event loop; setting may happen on any of its tasks."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Tell all who wait."""
        self._event.set()

    async def wait(self, timeout_s: float) -> bool:
        """Wait at most so long and return whether the server is stopping."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except asyncio.TimeoutError:  # noqa: UP041 - not the builtin before Python 3.11
            return False
        return True
