"""Writing one stream of the run log: header, marks, rows and records in order of call."""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import RLock
from typing import Any

from runwake.model.keys import KeyPath
from runwake.runlog.appender import Appender
from runwake.wire import frames
from runwake.wire.records import AnyRecord, encode_record
from runwake.wire.rows import Packer, RowEncoder, Shape, Step

Lock = AbstractContextManager[Any]
"""A lock that the thread which holds it may take again."""


class LogWriter:
    """Encodes rows and records and hands them to an appender. Safe to call from any thread.

    `lock` is held during each append. It can be taken again by the thread that holds it, so that
    a signal handler may append while it interrupts one.
    """

    def __init__(self, appender: Appender, lock: Lock | None = None) -> None:
        self.lock: Lock = lock or RLock()
        self._appender = appender
        self._encoder = RowEncoder()
        if appender.position == 0:
            appender.append(frames.header())
        self._next_mark = appender.position + frames.MARK_INTERVAL

    @property
    def position(self) -> int:
        """Bytes of the log so far, those that wait in memory included."""
        return self._appender.position

    @property
    def num_dropped(self) -> int:
        """Rows and records that found no room because the disk took none."""
        return self._appender.num_dropped

    def append_row(
        self,
        keys: tuple[KeyPath, ...],
        values: tuple[Any, ...],
        step: Step,
        time: float,
        open_: bool,
    ) -> None:
        """Append one row; arguments as of `RowEncoder.encode`, as are the errors."""
        with self.lock:
            if self._appender.position >= self._next_mark:
                self._append_mark()
            try:
                row = self._encoder.encode(keys, values, step, time, open_)
                if not self._appender.append(row):
                    self._encoder.forget_written()
            except BaseException:
                # The schema may not have been written, by a dropped frame or a raising signal.
                self._encoder.forget_written()
                raise

    def packer(self, shape: Shape) -> Packer | None:
        """Return what packs rows of a shape for this writer, None if they do not fit."""
        with self.lock:
            return self._encoder.packer(shape)

    def append_packed(
        self, packer: Packer, values: tuple[Any, ...], step: Step, time: float, open_: bool
    ) -> bool:
        """Append a packed row; False if a value is out of range. The caller holds `lock`."""
        appender = self._appender
        if appender.position >= self._next_mark:
            self._append_mark()
        try:
            row = self._encoder.encode_packed(packer, values, step, time, open_)
            if row is None:
                return False
            if not appender.append(row):
                self._encoder.forget_written()
        except BaseException:
            self._encoder.forget_written()
            raise
        return True

    def append_record(self, record: AnyRecord) -> None:
        """Append one control record.

        Raises:
            TypeError, OverflowError: the record holds a value that MessagePack cannot carry.
        """
        data = encode_record(record)
        with self.lock:
            if self._appender.position >= self._next_mark:
                self._append_mark()
            self._appender.append(data)

    def flush(self) -> bool:
        """Try to write what waits in memory; whether all is in the file now."""
        with self.lock:
            return self._appender.flush()

    def close(self) -> None:
        """Flush and release the file. Idempotent."""
        with self.lock:
            self._appender.close()

    def _append_mark(self) -> None:
        position = self._appender.position
        self._appender.append(frames.mark(position))
        self._encoder.forget_written()
        self._next_mark = position + frames.MARK_INTERVAL
