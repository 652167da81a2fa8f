"""Is the training process still there? And what to record when it is not."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from runwake.errors import LogFormatError
from runwake.model.run import RunState
from runwake.runlog.appender import FileAppender
from runwake.runlog.reader import read_exit, read_start
from runwake.runlog.run_dir import RunDir
from runwake.runlog.writer import LogWriter
from runwake.wire.records import SENDER_STREAM_PREFIX, Exit, RunStart

_CLOCK_TOLERANCE_S = 5.0


class WatchedProcess:
    """A process by its id and its time of creation, so that a reused id is not taken for it.

    Args:
        pid: the process.
        started_before: Unix time at which it was there, if known: a process that was created
            later is another one.
    """

    def __init__(self, pid: int, started_before: float | None = None) -> None:
        self.pid = pid
        self._process: psutil.Process | None = None
        try:
            process = psutil.Process(pid)
            if (
                started_before is None
                or process.create_time() <= started_before + _CLOCK_TOLERANCE_S
            ):
                self._process = process
        except psutil.NoSuchProcess:
            return

    def is_alive(self) -> bool:
        """Whether it runs still (a zombie does not)."""
        if self._process is None:
            return False
        try:
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def main_start(run_dir: RunDir) -> RunStart | None:
    """Return the first record of the run's own stream, None if none can be read (yet).

    The stream of the process that made the run has a plain name; those of forked children and of
    senders have a prefix.
    """
    for stream in run_dir.streams():
        if "-" in stream:
            continue
        try:
            start = read_start(run_dir.log_path(stream))
        except (OSError, LogFormatError):
            continue
        if start is not None:
            return start
    return None


def has_ended(run_dir: RunDir, stream: str) -> bool:
    """Whether the run has an exit record: its own, or a sender's in its place."""
    names = [stream, *(s for s in run_dir.streams() if s.startswith(SENDER_STREAM_PREFIX))]
    return any(_has_exit(run_dir.log_path(name)) for name in names)


def _has_exit(log: Path) -> bool:
    try:
        return read_exit(log) is not None
    except (OSError, LogFormatError):
        return False


def record_crash(run_dir: RunDir, start: RunStart, stream_id: str, at: float | None = None) -> None:
    """Append to a stream of our own that the training process is gone without a word.

    Args:
        run_dir: the run's folder.
        start: first record of the run's stream.
        stream_id: makes the stream's name unique.
        at: Unix time of the last sign of life; now if None.

    Raises:
        OSError: the stream cannot be made.
    """
    now = time.time() if at is None else at
    writer = open_sender_stream(run_dir, start, f"{SENDER_STREAM_PREFIX}{stream_id}", now)
    writer.append_record(
        Exit(
            time=now,
            state=RunState.CRASHED.value,
            reason=f"process {start.pid} is gone and left no exit record",
        )
    )
    writer.close()


def open_sender_stream(
    run_dir: RunDir, start: RunStart, stream: str, at: float | None = None
) -> LogWriter:
    """Begin a stream of the sender's own.

    Args:
        run_dir: the run's folder.
        start: first record of the run's stream.
        stream: the new stream's name; begins with `SENDER_STREAM_PREFIX`.
        at: Unix time of its beginning; now if None.

    Raises:
        OSError: the stream cannot be made.
    """
    writer = LogWriter(FileAppender(run_dir.log_path(stream), lambda kind, line: None))
    writer.append_record(
        RunStart(
            time=time.time() if at is None else at,
            entity=start.entity,
            project=start.project,
            run_id=start.run_id,
            stream=stream,
            host=start.host,
            pid=start.pid,
            role="sender",
            resume="allow",
        )
    )
    return writer
