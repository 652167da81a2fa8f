"""This process's own stream of the run log, as the parts of a run see it.

A forked child must not write into its parent's stream: it gets one of its own, made when it first
has something to say, so that data loader workers cost nothing.
"""

from __future__ import annotations

import os
import time as clock
from threading import RLock
from typing import Any, Final, Protocol

from runwake.model.keys import KeyPath
from runwake.runlog.appender import FileAppender, Warn
from runwake.runlog.run_dir import RunDir
from runwake.runlog.writer import Lock, LogWriter
from runwake.sdk.naming import make_stream_name
from runwake.wire.records import FORK_STREAM_PREFIX, AnyRecord, RunStart
from runwake.wire.rows import Packer, Schema, Shape, Step

_NULL_PACKER: Final = Packer(Schema(0, "q", "", ()))


class Writer(Protocol):
    """What `LogWriter` offers, and its stand-ins."""

    lock: Lock
    """Held during each append; whoever holds it may take it again."""

    @property
    def position(self) -> int:
        """Bytes of the log so far."""

    @property
    def num_dropped(self) -> int:
        """Rows and records that were lost."""

    def append_row(
        self,
        keys: tuple[KeyPath, ...],
        values: tuple[Any, ...],
        step: Step,
        time: float,
        open_: bool,
    ) -> None:
        """Append one row."""

    def packer(self, shape: Shape) -> Packer | None:
        """Return what packs rows of a shape, None if they do not fit that form."""

    def append_packed(
        self, packer: Packer, values: tuple[Any, ...], step: Step, time: float, open_: bool
    ) -> bool:
        """Append a packed row; False if it does not fit. The caller holds `lock`."""

    def append_record(self, record: AnyRecord) -> None:
        """Append one control record."""

    def flush(self) -> bool:
        """Try to write what waits."""

    def close(self) -> None:
        """Release the file."""


class NullWriter:
    """Takes everything and keeps nothing: the writer of a disabled run."""

    def __init__(self) -> None:
        self.lock: Lock = RLock()

    position = 0
    num_dropped = 0

    def append_row(
        self,
        keys: tuple[KeyPath, ...],
        values: tuple[Any, ...],
        step: Step,
        time: float,
        open_: bool,
    ) -> None:
        """Do nothing."""

    def packer(self, shape: Shape) -> Packer | None:
        """Return a packer that is never asked to pack."""
        return _NULL_PACKER

    def append_packed(
        self, packer: Packer, values: tuple[Any, ...], step: Step, time: float, open_: bool
    ) -> bool:
        """Do nothing."""
        return True

    def append_record(self, record: AnyRecord) -> None:
        """Do nothing."""

    def flush(self) -> bool:
        """Do nothing."""
        return True

    def close(self) -> None:
        """Do nothing."""


class _PendingWriter:
    """Opens the stream of a forked child at the first call."""

    num_dropped = 0
    position = 0

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream
        self.lock: Lock = RLock()

    def append_row(
        self,
        keys: tuple[KeyPath, ...],
        values: tuple[Any, ...],
        step: Step,
        time: float,
        open_: bool,
    ) -> None:
        self._open().append_row(keys, values, step, time, open_)

    def packer(self, shape: Shape) -> Packer | None:
        return self._open().packer(shape)

    def append_packed(
        self, packer: Packer, values: tuple[Any, ...], step: Step, time: float, open_: bool
    ) -> bool:
        return self._open().append_packed(packer, values, step, time, open_)

    def append_record(self, record: AnyRecord) -> None:
        self._open().append_record(record)

    def flush(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.writer = NullWriter()

    def _open(self) -> Writer:
        with self.lock:
            if self._stream.writer is self:
                self._stream.open_for_child(self.lock)
            return self._stream.writer


class LogStream:
    """A stream of the run log with the record that starts it.

    Args:
        run_dir: the run's folder; None keeps nothing (a disabled run).
        start: first record of the stream. A child's stream starts with a copy of it.
        warn: told of faults, once per kind.

    Raises:
        OSError: the log cannot be made.
    """

    def __init__(self, run_dir: RunDir | None, start: RunStart, warn: Warn) -> None:
        self._run_dir = run_dir
        self._start = start
        self._warn = warn
        self._pid = os.getpid()
        self.writer: Writer = NullWriter() if run_dir is None else self._open(run_dir, start)

    @property
    def name(self) -> str:
        """Name of the stream."""
        return self._start.stream

    @property
    def is_own(self) -> bool:
        """Whether this process made the run, rather than having inherited it by fork."""
        return self._pid == os.getpid()

    def append_record(self, record: AnyRecord) -> None:
        """Append a control record with the time of now. Never raises; warns once per kind."""
        if not record.time:
            record.time = clock.time()
        try:
            self.writer.append_record(record)
        except Exception as error:  # noqa: BLE001 - the log border
            kind = type(record).__name__
            self._warn(f"record-{kind}", f"a {kind} record is left out: {error}")

    def after_fork(self) -> None:
        """Leave the parent's log to the parent; called in the child."""
        if self._run_dir is not None:
            self.writer = _PendingWriter(self)

    def open_for_child(self, lock: Lock) -> None:
        """Start the stream of this forked child; `lock` guards it from now on."""
        assert self._run_dir is not None
        start = RunStart(
            time=clock.time(),
            entity=self._start.entity,
            project=self._start.project,
            run_id=self._start.run_id,
            stream=make_stream_name(FORK_STREAM_PREFIX),
            host=self._start.host,
            pid=os.getpid(),
            program=self._start.program,
            sdk_version=self._start.sdk_version,
            resume="allow",
        )
        try:
            self.writer = self._open(self._run_dir, start, lock)
        except OSError as error:
            self._warn("fork-log", f"a forked process cannot log into the run: {error.strerror}")
            self.writer = NullWriter()

    def _open(self, run_dir: RunDir, start: RunStart, lock: Lock | None = None) -> Writer:
        writer = LogWriter(FileAppender(run_dir.log_path(start.stream), self._warn), lock)
        try:
            writer.append_record(start)
        except Exception as error:  # noqa: BLE001 - the log border: training goes on
            self._warn("start-config", f"the config is left out of the run: {error}")
            start.config = {}
            writer.append_record(start)
        return writer
