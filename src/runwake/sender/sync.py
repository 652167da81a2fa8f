"""Sending what is left of a run after the fact: `runwake sync`.

The same ranges by the same offsets as the sender ships, so a run that was sent in part, or whole,
is completed, or left alone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from runwake.errors import LogFormatError
from runwake.runlog.reader import read_start
from runwake.runlog.run_dir import RunDir
from runwake.sender import state as states
from runwake.sender.service import lock_holder, lock_run
from runwake.sender.shipper import StreamShipper
from runwake.sender.state import SenderState, read_state, write_state
from runwake.sender.transport import Transport
from runwake.sender.watching import WatchedProcess, has_ended, main_start, record_crash
from runwake.wire.http import run_page_path
from runwake.wire.records import SENDER_STREAM_PREFIX, RunStart

_TAKE_OVER_S: Final = 3.0
_FRESH_S: Final = 60.0


class Outcome(str, Enum):
    """What `sync_run` did with a run."""

    SENT = "sent"
    LIVE = "live"  # its sender is at work
    UNREADABLE = "unreadable"  # no log that could be sent


class SyncReport(NamedTuple):
    """What became of one run.

    Attributes:
        title: project and name, or the folder where they are unknown.
        url: address of the run's page.
        num_rows: sent now and confirmed, without those that senders measured.
        num_bytes: sent now and confirmed.
        num_damaged: bytes that cannot be read.
        still_running: the training goes on; what it has logged so far was sent.
        problems: files that could not be uploaded, logs that could not be read.
    """

    outcome: Outcome
    title: str
    url: str | None = None
    num_rows: int = 0
    num_bytes: int = 0
    num_damaged: int = 0
    still_running: bool = False
    problems: tuple[str, ...] = ()


def sync_run(
    run_dir: RunDir, transport: Transport, on_progress: Callable[[int, int], None]
) -> SyncReport:
    """Send what the server does not have of a run. Idempotent.

    Args:
        run_dir: the run's folder.
        transport: the server.
        on_progress: called with confirmed and total bytes.

    Raises:
        CommunicationError: the server is away or refuses; call again later.
        OSError: the run's folder cannot be used.
    """
    start = main_start(run_dir)
    if start is None:
        return SyncReport(Outcome.UNREADABLE, run_dir.path.name, problems=("no readable log",))
    title = f"{start.project}/{start.name or start.run_id}"
    url = transport.base_url + run_page_path(start.entity, start.project, start.run_id)
    alive = _is_alive(run_dir, start) and not has_ended(run_dir, start.stream)
    lock = _lock(run_dir, may_take_over=not alive)
    if lock is None:
        return SyncReport(Outcome.LIVE, title, url, still_running=alive)
    try:
        if not alive and not has_ended(run_dir, start.stream):
            log = run_dir.log_path(start.stream)
            record_crash(run_dir, start, os.urandom(5).hex(), at=log.stat().st_mtime)
        report = _ship_all(run_dir, transport, on_progress, final=not alive)
    finally:
        os.close(lock)
    return report._replace(title=title, url=url, still_running=alive)


def recorded_base_url(run_dir: RunDir) -> str | None:
    """Return the server that an earlier sender of the run was sending to."""
    state = read_state(run_dir.sender)
    return None if state is None else state.base_url


def _ship_all(
    run_dir: RunDir, transport: Transport, on_progress: Callable[[int, int], None], *, final: bool
) -> SyncReport:
    shippers: list[StreamShipper] = []
    problems: list[str] = []
    for stream in run_dir.streams():
        try:
            start = read_start(run_dir.log_path(stream))
        except LogFormatError as error:
            problems.append(f"{run_dir.log_path(stream)}: {error}")
            continue
        if start is None:
            problems.append(f"{run_dir.log_path(stream)}: its first record is missing")
        else:
            shippers.append(StreamShipper(run_dir, start, transport))
    for shipper in shippers:
        while shipper.ship_range(final=final):
            on_progress(sum(s.acked or 0 for s in shippers), sum(s.size() for s in shippers))
        problems.extend(shipper.problems)
    acked = {s.start.stream: s.acked or 0 for s in shippers}
    write_state(
        run_dir.sender,
        SenderState(
            os.getpid(), transport.base_url, states.CONNECTED, reached=True, acked=acked, done=final
        ),
    )
    return SyncReport(
        Outcome.SENT,
        run_dir.path.name,
        num_rows=sum(
            s.num_rows for s in shippers if not s.start.stream.startswith(SENDER_STREAM_PREFIX)
        ),
        num_bytes=sum(s.num_bytes for s in shippers),
        num_damaged=sum(s.num_damaged for s in shippers),
        problems=tuple(problems),
    )


def _is_alive(run_dir: RunDir, start: RunStart) -> bool:
    """Whether the training process may still write."""
    if start.host == os.uname().nodename:
        return start.pid is not None and WatchedProcess(start.pid, start.time).is_alive()
    # Made on another machine, on a shared disk perhaps: only the logs can tell.
    return any(
        time.time() - run_dir.log_path(stream).stat().st_mtime < _FRESH_S
        for stream in run_dir.streams()
        if not stream.startswith(SENDER_STREAM_PREFIX)
    )


def _lock(run_dir: RunDir, *, may_take_over: bool) -> int | None:
    """Take the run's lock, from a sender that only waits for the server if need be."""
    run_dir.sender.mkdir(mode=0o700, exist_ok=True)
    lock = lock_run(run_dir)
    holder = lock_holder(run_dir)
    if lock is not None or not may_take_over or holder is None:
        return lock
    state = read_state(run_dir.sender)
    if state is not None and state.connection == states.CONNECTED:
        return None
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if not WatchedProcess(holder).is_alive():
            break
        os.kill(holder, sign)
        deadline = time.monotonic() + _TAKE_OVER_S
        while lock is None and time.monotonic() < deadline:
            time.sleep(0.05)
            lock = lock_run(run_dir)
        if lock is not None:
            return lock
    return lock_run(run_dir)


def default_roots() -> list[Path]:
    """Return where runs are looked for when no folder is named."""
    return [Path.cwd()]
