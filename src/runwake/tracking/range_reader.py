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
import numpy as np

from runwake.store.ports import ConsoleLine
from runwake.tracking.console_lines import BegunLines, LineSplitter
from runwake.tracking.rows_to_columns import (
    PackedLayout,
    RowCollector,
    packed_layout,
    rich_values,
)
from runwake.wire import frames, records
from runwake.wire.rows import (
    RichRow,
    Schema,
    Step,
    decode_rich_row,
    decode_schema,
)

_schema_id: Final = struct.Struct("<I").unpack_from
_PACKED: Final = (frames.ROW, frames.ROW_OPEN)
_RICH: Final = (frames.RICH_ROW, frames.RICH_ROW_OPEN)


@dataclass(frozen=True)
class Watermarks:
    """How far each projection of a stream has come, in bytes of its log."""

    rows: int
    console: int
    meta: int

    @property
    def acknowledged(self) -> int:
        """All bytes before it are in every projection.

        Console lines are stored before the metadata moves on, so that a range without any need
        not touch them: their own watermark may lag behind.
        """
        return min(self.rows, self.meta)


class LoggedValues:
    """The last value of each key in a stretch of rows. Only the last row of a schema is read."""

    def __init__(self) -> None:
        self._packed: dict[int, tuple[int, PackedLayout, memoryview]] = {}
        self._rich: list[tuple[int, RichRow]] = []
        self._num_frames = 0

    def see_packed(self, schema_id: int, layout: PackedLayout, payload: memoryview) -> None:
        """Take note of a packed row."""
        self._packed[schema_id] = (self._num_frames, layout, payload)
        self._num_frames += 1

    def see_rich(self, row: RichRow) -> None:
        """Take note of a MessagePack row."""
        self._rich.append((self._num_frames, row))
        self._num_frames += 1

    def last_values(self) -> tuple[dict[str, Any], Step]:
        """Return the last value of each key and the step of the last row."""
        seen: list[tuple[int, Step, dict[str, Any]]] = [
            (number, row.step, rich_values(row)) for number, row in self._rich
        ]
        for number, layout, payload in self._packed.values():
            record = _unpacked(layout, payload)
            values = {name: record[column] for name, _, column in layout.fields}
            seen.append((number, record["step"], values))
        seen.sort(key=lambda entry: entry[0])
        merged: dict[str, Any] = {}
        for _, _, values in seen:
            merged.update(values)
        return merged, seen[-1][1]


def _unpacked(layout: PackedLayout, payload: memoryview) -> dict[str, Any]:
    row = np.frombuffer(payload, layout.dtype)[0]
    return dict(zip(layout.dtype.names or (), row.item(), strict=True))


MetaEvent = records.AnyRecord | LoggedValues
"""What the metadata learns from, in the order of the log."""


@dataclass
class RangeContent:
    """What a range holds that is new to somebody.

    Attributes:
        end: end of the last whole frame.
        rows: row frames that the history has not seen.
        schemas: schemas defined in the range, by id.
        console: whole lines that the history has not seen.
        begun: lines without a newline at the end.
        meta: what the metadata has not seen.
        lost_bytes: bytes that the metadata has not counted and nobody can read.
    """

    end: int
    rows: RowCollector = field(default_factory=RowCollector)
    schemas: dict[int, Schema] = field(default_factory=dict)
    console: list[ConsoleLine] = field(default_factory=list)
    begun: BegunLines = field(default_factory=dict)
    meta: list[MetaEvent] = field(default_factory=list)
    lost_bytes: int = 0


class RangeReader:
    """Reads one range. Used once."""

    def __init__(
        self, watermarks: Watermarks, schemas: Mapping[int, Schema], begun: BegunLines
    ) -> None:
        self._watermarks = watermarks
        self._layouts = {schema.id: (schema, packed_layout(schema)) for schema in schemas.values()}
        self._lines = LineSplitter(begun)
        self._content = RangeContent(end=watermarks.acknowledged)

    def read(self, data: bytes, *, final: bool) -> RangeContent:
        """Return what is new in `data`, the log's bytes from the acknowledged offset on.

        Args:
            data: bytes of the log.
            final: whether no more bytes will ever follow.

        Raises:
            LogFormatError: the bytes are no run log that we read.
        """
        content = self._content
        base = self._watermarks.acknowledged
        for item in frames.scan(data, base, final=final):
            if isinstance(item, frames.Damage):
                self._lose(item.start, item.end)
            elif item.kind in _PACKED:
                self._packed_row(item)
            else:
                self._other(item)
            content.end = item.end
        if final:
            content.rows.close_last()
            self._flush_lines(content.end)
        content.begun = self._lines.begun
        return content

    def _packed_row(self, item: frames.Frame) -> None:
        kind, payload, start, _ = item
        known = self._layouts.get(_schema_id(payload)[0]) if len(payload) >= 4 else None
        if known is None or len(payload) != known[1].size:
            self._lose(start, item.end)
            return
        schema, layout = known
        if start >= self._watermarks.rows:
            self._content.rows.add_packed(schema, layout, payload, start, kind == frames.ROW_OPEN)
        if start >= self._watermarks.meta:
            self._logged().see_packed(schema.id, layout, payload)

    def _other(self, item: frames.Frame) -> None:
        try:
            if item.kind in _RICH:
                self._rich_row(item)
            elif item.kind == frames.SCHEMA:
                schema = decode_schema(item.payload)
                self._layouts[schema.id] = (schema, packed_layout(schema))
                self._content.schemas[schema.id] = schema
            elif item.kind == frames.CONTROL:
                self._record(item)
        except (msgspec.DecodeError, ValueError):
            # The checksum is right, so its writer wrote nonsense: skip it like damage.
            self._lose(item.start, item.end)

    def _rich_row(self, item: frames.Frame) -> None:
        row = decode_rich_row(item.payload)
        if item.start >= self._watermarks.rows:
            is_open = item.kind == frames.RICH_ROW_OPEN
            self._content.rows.add_rich(row, item.start, is_open)
        if item.start >= self._watermarks.meta:
            self._logged().see_rich(row)

    def _record(self, item: frames.Frame) -> None:
        record = records.decode_record(item.payload)
        if record is None:
            return
        if isinstance(record, records.Exit) and item.start >= self._watermarks.rows:
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

    def _logged(self) -> LoggedValues:
        """Return where to note rows: a new stretch begins after each control record."""
        meta = self._content.meta
        if meta and isinstance(meta[-1], LoggedValues):
            return meta[-1]
        stretch = LoggedValues()
        meta.append(stretch)
        return stretch

    def _lose(self, start: int, end: int) -> None:
        if start >= self._watermarks.meta:
            self._content.lost_bytes += end - start
