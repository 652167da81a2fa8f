"""Work that happens again and again beside requests. A border: one failure never ends the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool

from runwake.server.stopping import Stopping

_log: Final = logging.getLogger(__name__)


async def repeat(
    name: str, work: Callable[[], object], interval_s: float, stopping: Stopping
) -> None:
    """Do `work` on a worker thread each `interval_s` seconds until the server stops."""
    while not await stopping.wait(interval_s):
        await _attempt(name, work)


async def _attempt(name: str, work: Callable[[], object]) -> None:
    try:
        await run_in_threadpool(work)
    except Exception:  # noqa: BLE001 - the border of jobs: said, and tried again later
        _log.exception("the job %r failed; it is tried again later", name)
