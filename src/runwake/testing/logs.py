"""Builds run logs as bytes, frame by frame, the way the SDK writes them. For tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runwake.wire import frames
from runwake.wire.records import AnyRecord, Exit, RunStart, encode_record
from runwake.wire.rows import RowEncoder


class LogBuilder:
    """One stream's log in memory. Not thread-safe."""

    def __init__(
        self,
        entity: str = "local",
        project: str = "demo",
        run_id: str = "r1",
        stream: str = "w1",
        **start: Any,
    ) -> None:
        self.path = (entity, project, run_id, stream)
        self._encoder = RowEncoder()
        self._bytes = bytearray(frames.header())
        self._last_mark = 0
        start.setdefault("time", 1_000.0)
        self.record(RunStart(entity=entity, project=project, run_id=run_id, stream=stream, **start))

    @property
    def data(self) -> bytes:
        """The whole log."""
        return bytes(self._bytes)

    def __len__(self) -> int:
        return len(self._bytes)

    def raw(self, frame: bytes) -> LogBuilder:
        """Append bytes as they are."""
        if len(self._bytes) - self._last_mark > frames.MARK_INTERVAL:
            self._last_mark = len(self._bytes)
            self._bytes += frames.mark(len(self._bytes))
            self._encoder.forget_written()
        self._bytes += frame
        return self

    def record(self, record: AnyRecord) -> LogBuilder:
        """Append a control record."""
        return self.raw(encode_record(record))

    def row(
        self, values: Mapping[Any, Any], step: float, time: float = 0.0, *, is_open: bool = False
    ) -> LogBuilder:
        """Append a row; its keys are strings or tuples of segments."""
        self.raw(b"")  # a mark, where one is due, comes before the row and its schema
        keys, logged = tuple(values), tuple(values.values())
        return self.raw(self._encoder.encode(keys, logged, step, time or 1_000.0 + step, is_open))

    def exit(self, state: str = "finished", code: int = 0, time: float = 2_000.0) -> LogBuilder:
        """Append the exit record."""
        return self.record(Exit(state=state, code=code, time=time))
