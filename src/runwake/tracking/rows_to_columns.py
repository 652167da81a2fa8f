"""Rows of the run log as columns. The hot path of ingest: one row costs a few list appends.

Row frames are only listed while a range is scanned. Packed rows of one schema all have the same
size, so that numpy reads all of them at once, whether they stand side by side or
alternate with rows of other schemas. Frames of the same step extend an open row: key by key, the
last frame wins.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from runwake.model.keys import RESERVED_KEYS, ValueKind, flat_name
from runwake.store.columns import Column, RowBatch
from runwake.wire.frames import HEAD_SIZE, OPEN_KINDS
from runwake.wire.rows import RichRow, Schema, Step

IntArray = npt.NDArray[np.int64]
AnyArray = npt.NDArray[Any]

_DTYPES: Final = {"d": "<f8", "q": "<i8", "Q": "<u8", "?": "?"}
_KINDS: Final = {
    "d": ValueKind.FLOAT,
    "q": ValueKind.INT,
    "Q": ValueKind.UINT,
    "?": ValueKind.BOOL,
}
_KIND_DTYPES: Final = {
    ValueKind.FLOAT: np.float64,
    ValueKind.INT: np.int64,
    ValueKind.UINT: np.uint64,
    ValueKind.BOOL: np.bool_,
}


@dataclass(frozen=True)
class PackedLayout:
    """How numpy reads the packed rows of one schema.

    Attributes:
        size: bytes of one row's payload.
        dtype: structured, with the fields schema, step, time, v0, v1 …
        fields: (flat name, kind, field) of the values that count: reserved keys are left out,
            and of a name that occurs twice all but the last.
    """

    size: int
    dtype: np.dtype[Any]
    fields: tuple[tuple[str, ValueKind, str], ...]


@lru_cache(maxsize=10_000)
def packed_layout(schema: Schema) -> PackedLayout:
    """Return the layout of a schema's rows."""
    values = [(f"v{i}", _DTYPES[code]) for i, code in enumerate(schema.codes)]
    dtype = np.dtype(
        [("schema", "<u4"), ("step", _DTYPES[schema.step_code]), ("time", "<f8"), *values]
    )
    by_name = {
        flat_name(key): (_KINDS[code], f"v{i}")
        for i, (key, code) in enumerate(zip(schema.keys, schema.codes, strict=True))
    }
    fields = tuple(
        (name, kind, column)
        for name, (kind, column) in by_name.items()
        if name not in RESERVED_KEYS
    )
    return PackedLayout(dtype.itemsize, dtype, fields)


def kind_of(value: Any) -> ValueKind:
    """Return the kind of a value of a MessagePack row."""
    if isinstance(value, bool):
        return ValueKind.BOOL
    if isinstance(value, float):
        return ValueKind.FLOAT
    if isinstance(value, int):
        return ValueKind.INT if value < 2**63 else ValueKind.UINT
    return ValueKind.STRING if isinstance(value, str) else ValueKind.JSON


@dataclass(frozen=True)
class _Part:
    """Values of one key and kind, with the ascending numbers of the frames that hold them."""

    kind: ValueKind
    frames: IntArray
    values: AnyArray | list[Any]


@dataclass(frozen=True)
class _Block:
    """All packed rows of one schema: the numbers of their frames, and their values."""

    layout: PackedLayout
    frames: IntArray
    rows: AnyArray


_RICH: Final = -1
_OPEN: Final = tuple(OPEN_KINDS)
_PAYLOAD_AT: Final = HEAD_SIZE + 1


class RowFrames:
    """Row frames of one range in order, to be turned into columns once all are there.

    Only numbers are kept of each: hundreds of thousands of frames kept as objects would cost
    more time in Python's garbage collector than all the rest of reading them.
    """

    def __init__(self, data: bytes, base: int) -> None:
        """Take the range's bytes and the offset of their first."""
        self._data = data
        self._base = base
        self._starts: list[int] = []
        self._schema_ids: list[int] = []
        self._kinds = bytearray()
        self._layouts: dict[int, PackedLayout] = {}
        self._rich: dict[int, RichRow] = {}
        self._closed_after: list[int] = []

    def __len__(self) -> int:
        return len(self._starts)

    def add_packed(self, kind: int, start: int, schema_id: int) -> None:
        """Add a packed row, whose payload has the size of the schema's layout."""
        self._starts.append(start)
        self._kinds.append(kind)
        self._schema_ids.append(schema_id)

    def know_layout(self, schema_id: int, layout: PackedLayout) -> None:
        """Say how the rows of a schema are read; ids are never used again for another."""
        self._layouts[schema_id] = layout

    def add_rich(self, kind: int, start: int, row: RichRow) -> None:
        """Add a MessagePack row."""
        self._rich[len(self._starts)] = row
        self.add_packed(kind, start, _RICH)

    def close_last(self) -> None:
        """Say that no later frame extends the last row."""
        if self._starts:
            self._closed_after.append(len(self._starts) - 1)

    def first_at(self, offset: int) -> int:
        """Return the number of the first frame that starts at `offset` or later."""
        return bisect_left(self._starts, offset)

    def last_values(self, first: int, end: int) -> tuple[dict[str, Any], Step]:
        """Return the last value of each key in frames [first, end), and the last row's step.

        None is no value. Only the last row of each schema is read.
        """
        ids = self._schema_ids[first:end]
        last_of_schema = {schema_id: first + i for i, schema_id in enumerate(ids)}
        numbers = [number for schema_id, number in last_of_schema.items() if schema_id != _RICH]
        numbers += [number for number in self._rich if first <= number < end]
        merged: dict[str, Any] = {}
        step: Step = 0
        for number in sorted(numbers):
            values, step = self._one(number)
            merged.update({key: value for key, value in values.items() if value is not None})
        return merged, step

    def _one(self, number: int) -> tuple[dict[str, Any], Step]:
        rich = self._rich.get(number)
        if rich is not None:
            return rich_values(rich), rich.step
        layout = self._layouts[self._schema_ids[number]]
        payload_at = self._starts[number] - self._base + _PAYLOAD_AT
        packed = np.frombuffer(self._data, layout.dtype, 1, payload_at)[0].item()
        record = dict(zip(layout.dtype.names or (), packed, strict=True))
        return {name: record[column] for name, _, column in layout.fields}, record["step"]

    def to_columns(self, first: int) -> tuple[RowBatch | None, int | None]:
        """Return the closed rows of the frames from `first` on, a row's start.

        Also returns where the first frame of the row starts that is still open, if there is one.
        """
        batch, open_from = self.closed_rows(first, len(self._starts))
        return batch, self.start_of(open_from)

    def closed_rows(
        self, first: int, end: int, wanted: Callable[[str], bool] | None = None
    ) -> tuple[RowBatch | None, int]:
        """Return the closed rows among frames [first, end); `first` is a row's start.

        Also returns the number of the first frame of the row that is open at `end`, or `end`.
        Whether what follows there closes the row is looked at only where `end` is the very end.

        Args:
            first: number of a frame.
            end: number of a frame.
            wanted: whether a key's column is made; without it all are.
        """
        num_frames = end - first
        if num_frames <= 0:
            return None, end
        blocks = list(self._blocks(first, end))
        steps, times = self._steps_and_times(blocks, first, num_frames)
        ends = ~np.isin(np.frombuffer(self._kinds, np.uint8)[first:end], _OPEN)
        last = end if end == len(self._starts) else end - 1
        ends[[number - first for number in self._closed_after if first <= number < last]] = True
        ends[:-1] |= steps[1:] != steps[:-1]
        last_frames = np.flatnonzero(ends)
        num_rows = len(last_frames)
        open_from = int(last_frames[-1]) + 1 if num_rows else 0
        if not num_rows:
            return None, first
        row_of_frame = np.zeros(num_frames, np.int64)
        np.cumsum(ends[:-1], out=row_of_frame[1:])
        columns: list[Column] = []
        for key, parts in self._parts(blocks, first, open_from, wanted).items():
            columns += _columns(key, parts, row_of_frame, num_rows)
        return RowBatch(steps[last_frames], times[last_frames], columns), first + open_from

    def open_from(self) -> int:
        """Return the number of the first frame of the row that is open at the end; cheap."""
        number = len(self._starts)
        if not number or self._kinds[-1] not in _OPEN:
            return number
        closed = set(self._closed_after)
        step = self._one(number - 1)[1]
        while number and self._kinds[number - 1] in _OPEN and number - 1 not in closed:
            if self._one(number - 1)[1] != step:
                break
            number -= 1
        return number

    def start_of(self, number: int) -> int | None:
        """Return the offset at which a frame starts, None behind the last."""
        return self._starts[number] if number < len(self._starts) else None

    def _blocks(self, first: int, end: int) -> Iterator[_Block]:
        """Yield the packed rows of frames [first, end) by schema; frames count from `first`."""
        ids = np.array(self._schema_ids[first:end], np.int64)
        payloads_at = np.array(self._starts[first:end], np.int64) - self._base + _PAYLOAD_AT
        for schema_id in np.unique(ids).tolist():
            if schema_id == _RICH:
                continue
            layout = self._layouts[schema_id]
            numbers = np.flatnonzero(ids == schema_id)
            # A view of a row at every byte; taking those that are rows copies them and no more.
            num_places = len(self._data) - layout.size + 1
            places: AnyArray = np.ndarray(
                (num_places,), layout.dtype, buffer=self._data, strides=(1,)
            )
            yield _Block(layout, numbers, places[payloads_at[numbers]])

    def _steps_and_times(
        self, blocks: Sequence[_Block], first: int, num_frames: int
    ) -> tuple[AnyArray, npt.NDArray[np.float64]]:
        end = first + num_frames
        rich = [
            (number - first, row) for number, row in self._rich.items() if first <= number < end
        ]
        is_integer = all(block.rows["step"].dtype.kind == "i" for block in blocks) and all(
            isinstance(row.step, int) and -(2**63) <= row.step < 2**63 for _, row in rich
        )
        steps = np.empty(num_frames, np.int64 if is_integer else np.float64)
        times = np.empty(num_frames, np.float64)
        for block in blocks:
            steps[block.frames] = block.rows["step"]
            times[block.frames] = block.rows["time"]
        for number, row in rich:
            steps[number] = row.step
            times[number] = row.time
        return steps, times

    def _parts(
        self,
        blocks: Sequence[_Block],
        first: int,
        num_frames: int,
        wanted: Callable[[str], bool] | None,
    ) -> dict[str, list[_Part]]:
        """Return the values of each wanted key in the `num_frames` frames from `first` on."""
        parts: dict[str, list[_Part]] = {}
        for block in blocks:
            num_rows = int(np.searchsorted(block.frames, num_frames))
            if not num_rows:
                continue
            frames = block.frames[:num_rows]
            for name, kind, column in block.layout.fields:
                if wanted is not None and not wanted(name):
                    continue
                values: AnyArray = block.rows[column][:num_rows].astype(_KIND_DTYPES[kind])
                parts.setdefault(name, []).append(_Part(kind, frames, values))
        for name, kind, numbers, logged in self._rich_values(first, first + num_frames):
            if wanted is not None and not wanted(name):
                continue
            dtype = _KIND_DTYPES.get(kind)
            values_or_list: AnyArray | list[Any] = (
                logged if dtype is None else np.array(logged, dtype)
            )
            parts.setdefault(name, []).append(
                _Part(kind, np.array(numbers, np.int64), values_or_list)
            )
        return parts

    def _rich_values(
        self, first: int, end: int
    ) -> Iterator[tuple[str, ValueKind, list[int], list[Any]]]:
        groups: dict[tuple[str, ValueKind], tuple[list[int], list[Any]]] = {}
        for number, row in self._rich.items():
            if not first <= number < end:
                continue
            for name, value in rich_values(row).items():
                numbers, logged = groups.setdefault((name, kind_of(value)), ([], []))
                numbers.append(number - first)
                logged.append(value)
        for (name, kind), (numbers, logged) in groups.items():
            yield name, kind, numbers, logged


def rich_values(row: RichRow) -> dict[str, Any]:
    """Return the values of a row by flat name; of a name that occurs twice the last."""
    values = {flat_name(key): value for key, value in row.values}
    for reserved in RESERVED_KEYS & values.keys():
        del values[reserved]
    return values


def _columns(
    key: str, parts: Sequence[_Part], row_of_frame: IntArray, num_rows: int
) -> Iterator[Column]:
    """Yield the columns of one key; where several frames of a row have it, the last wins."""
    frames = parts[0].frames
    if len(parts) > 1:
        frames = np.sort(np.concatenate([part.frames for part in parts]))
    rows = row_of_frame[frames]
    is_repeated = rows[1:] == rows[:-1]
    beaten = frames[:-1][is_repeated] if is_repeated.any() else None
    by_kind: dict[ValueKind, list[_Part]] = {}
    for part in parts:
        by_kind.setdefault(part.kind, []).append(part)
    for kind, same_kind in by_kind.items():
        merged = _merge(kind, same_kind)
        if beaten is not None:
            merged = _without(merged, beaten)
        if not len(merged.frames):
            continue
        merged_rows = row_of_frame[merged.frames]
        everywhere = len(merged_rows) == num_rows
        yield Column(key, kind, None if everywhere else merged_rows, merged.values)


def _merge(kind: ValueKind, parts: Sequence[_Part]) -> _Part:
    """Return several parts of one kind as one, in the order of their frames."""
    if len(parts) == 1:
        return parts[0]
    frames = np.concatenate([part.frames for part in parts])
    order = np.argsort(frames, kind="stable")
    if kind in _KIND_DTYPES:
        return _Part(kind, frames[order], np.concatenate([part.values for part in parts])[order])
    values = [value for part in parts for value in part.values]
    return _Part(kind, frames[order], [values[i] for i in order])


def _without(part: _Part, beaten: IntArray) -> _Part:
    keep = ~np.isin(part.frames, beaten)
    if isinstance(part.values, list):
        kept = [value for value, is_kept in zip(part.values, keep, strict=True) if is_kept]
        return _Part(part.kind, part.frames[keep], kept)
    return _Part(part.kind, part.frames[keep], part.values[keep])
