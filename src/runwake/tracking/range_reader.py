"""Reads a shipped range of a run log once, for all three projections that are made of it.

History rows, console lines and metadata each have their own watermark, so a range that is sent
again after a crash may be new to one and known to another. The reader sorts what it finds by who
has not seen it yet. It knows no store.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from runwake.store.columns import RowBatch
from runwake.store.ports import ConsoleLine
from runwake.tracking.console_lines import BegunLines, LineSplitter
from runwake.tracking.rows_to_columns import RowFrames, packed_layout
from runwake.wire import frames, records
from runwake.wire.http import MAX_HELD_BACK
from runwake.wire.rows import (
    Schema,
    Step,
    decode_rich_row,
    decode_schema,
)

_SCHEMA_ID: Final = struct.Struct("<I")
_PACKED: Final = (frames.ROW, frames.ROW_OPEN)
_RICH: Final = (frames.RICH_ROW, frames.RICH_ROW_OPEN)


@dataclass(frozen=True)
class Watermarks:
    """How far each projection of a stream has come, in bytes of its log.

    `sums` moves in the transaction of `meta`: aggregates take rows only once they are closed,
    and so may be behind.
    """

    rows: int
    console: int
    meta: int
    sums: int

    @property
    def acknowledged(self) -> int:
        """All bytes before it are in every projection.

        Console lines are stored before the metadata moves on, so that a range without any need
        not touch them: their own watermark may lag behind.
        """
        return min(self.rows, self.meta, self.sums)


@dataclass(frozen=True)
class LoggedValues:
    """A stretch of rows between two control records: frames [first, end) of a range."""

    frames: RowFrames
    first: int
    end: int

    def last_values(self) -> tuple[dict[str, Any], Step]:
        """Return the last value of each key and the step of the last row."""
        return self.frames.last_values(self.first, self.end)


MetaEvent = records.AnyRecord | LoggedValues
"""What the metadata learns from, in the order of the log."""


@dataclass
class RangeContent:
    """What a range holds that is new to somebody.

    Attributes:
        end: end of the last whole frame.
        rows: all row frames of the range, in order.
        first_row: number of the first of them that the history has not seen.
        first_unsummed: number of the first of them that the summary's aggregates lack.
        schemas: schemas defined in the range, by id.
        console: whole lines that the history has not seen.
        begun: lines without a newline at the end.
        meta: what the metadata has not seen.
        lost_bytes: bytes that the metadata has not counted and nobody can read.
    """

    end: int
    rows: RowFrames
    first_row: int = 0
    first_unsummed: int = 0
    schemas: dict[int, Schema] = field(default_factory=dict)
    console: list[ConsoleLine] = field(default_factory=list)
    begun: BegunLines = field(default_factory=dict)
    meta: list[MetaEvent] = field(default_factory=list)
    lost_bytes: int = 0

    @property
    def summed_until(self) -> int:
        """Where the row starts that is open at the range's end: aggregates take the rest."""
        start = self.rows.start_of(self.rows.open_from())
        return self.end if start is None else start

    def new_rows(self) -> tuple[RowBatch | None, int | None]:
        """Return the closed rows that the history has not seen, and where an open one starts."""
        batch, held_back = self.rows.to_columns(self.first_row)
        if held_back is not None and self.end - held_back >= MAX_HELD_BACK:
            self.rows.close_last()
            return self.rows.to_columns(self.first_row)
        return batch, held_back


class RangeReader:
    """Reads one range. Used once."""

    def __init__(
        self,
        data: bytes,
        watermarks: Watermarks,
        schemas: Mapping[int, Schema],
        begun: BegunLines,
    ) -> None:
        """Prepare to read `data`, the log's bytes from the acknowledged offset on."""
        self._watermarks = watermarks
        self._lines = LineSplitter(begun)
        self._content = RangeContent(
            watermarks.acknowledged, RowFrames(data, watermarks.acknowledged)
        )
        self._data = data
        self._sizes: dict[int, int] = {}
        self._known = dict(schemas)
        self._noted = 0
        for schema in schemas.values():
            self._know(schema)

    def read(self, *, final: bool) -> RangeContent:
        """Return what is new in the range.

        Args:
            final: whether no more bytes will ever follow.

        Raises:
            LogFormatError: the bytes are no run log that we read.
        """
        content = self._content
        rows = content.rows
        sizes = self._sizes
        end = content.end
        for item in frames.scan(self._data, self._watermarks.acknowledged, final=final):
            if isinstance(item, frames.Damage):
                end = item.end
                self._lose(item.start, end)
                continue
            kind, payload, start, end = item
            if kind in _PACKED and len(payload) >= _SCHEMA_ID.size:
                schema_id = _SCHEMA_ID.unpack_from(payload)[0]
                if sizes.get(schema_id) == len(payload):
                    rows.add_packed(kind, start, schema_id)
                else:
                    self._lose(start, end)
            else:
                self._other(item)
        content.end = end
        return self._finish(final)

    def _finish(self, final: bool) -> RangeContent:
        content = self._content
        rows = content.rows
        self._note_rows()
        if final:
            rows.close_last()
            self._flush_lines(content.end)
        content.first_row = rows.first_at(self._watermarks.rows)
        content.first_unsummed = rows.first_at(self._watermarks.sums)
        content.begun = self._lines.begun
        return content

    def _other(self, item: frames.Frame) -> None:
        try:
            if item.kind in _RICH:
                self._content.rows.add_rich(item.kind, item.start, decode_rich_row(item.payload))
            elif item.kind == frames.SCHEMA:
                schema = decode_schema(item.payload)
                if self._known.setdefault(schema.id, schema) != schema:
                    raise ValueError("an id of a schema is used again for another")
                self._know(schema)
                self._content.schemas[schema.id] = schema
            elif item.kind == frames.CONTROL:
                self._record(item)
            elif item.kind in _PACKED:
                raise ValueError("a packed row without a schema id")
        except (msgspec.DecodeError, ValueError):
            # The checksum is right, so its writer wrote nonsense: skip it like damage.
            self._lose(item.start, item.end)

    def _record(self, item: frames.Frame) -> None:
        record = records.decode_record(item.payload)
        if record is None:
            return
        self._note_rows()
        if isinstance(record, records.Exit):
            self._content.rows.close_last()
        if item.start < self._watermarks.meta:
            return
        if isinstance(record, records.Console):
            self._keep_lines(self._lines.feed(record), item.start)
            return
        if isinstance(record, records.Exit):
            self._flush_lines(item.start)
        self._content.meta.append(record)

    def _flush_lines(self, at: int) -> None:
        self._keep_lines(self._lines.flush(), at)

    def _keep_lines(self, lines: list[ConsoleLine], at: int) -> None:
        """Keep lines that a frame at `at` ended, unless the history has them."""
        if at >= self._watermarks.console:
            self._content.console += lines

    def _note_rows(self) -> None:
        """Let the metadata know of the rows since it was last told of any."""
        rows = self._content.rows
        first = max(self._noted, rows.first_at(self._watermarks.meta))
        self._noted = len(rows)
        if first < len(rows):
            self._content.meta.append(LoggedValues(rows, first, len(rows)))

    def _know(self, schema: Schema) -> None:
        layout = packed_layout(schema)
        self._sizes[schema.id] = layout.size
        self._content.rows.know_layout(schema.id, layout)

    def _lose(self, start: int, end: int) -> None:
        if start >= self._watermarks.meta:
            self._content.lost_bytes += end - start
