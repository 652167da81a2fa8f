"""Rows of the run log as columns. The hot path of ingest: one row costs a few list appends.

Row frames are collected by schema while a range is scanned. Packed rows of one schema all have
the same size, so that numpy reads all of them at once, whether they stand side by side or
alternate with rows of other schemas. Frames of the same step extend an open row: key by key, the
last frame wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from runwake.model.keys import RESERVED_KEYS, ValueKind, flat_name
from runwake.store.columns import Column, RowBatch
from runwake.wire.rows import RichRow, Schema

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


@dataclass
class _PackedFrames:
    layout: PackedLayout
    frames: list[int] = field(default_factory=list)
    payloads: list[memoryview] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    """Values of one key and kind, with the ascending numbers of the frames that hold them."""

    kind: ValueKind
    frames: IntArray
    values: AnyArray | list[Any]


class RowCollector:
    """Row frames of one stream in order, to be turned into one batch of columns."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._is_closed: list[bool] = []
        self._packed: dict[int, _PackedFrames] = {}
        self._rich: list[tuple[int, RichRow]] = []

    def add_packed(
        self, schema: Schema, layout: PackedLayout, payload: memoryview, start: int, is_open: bool
    ) -> None:
        """Add a packed row whose frame starts at `start`; the payload has the layout's size."""
        group = self._packed.get(schema.id)
        if group is None:
            group = self._packed[schema.id] = _PackedFrames(layout)
        group.frames.append(len(self._starts))
        group.payloads.append(payload)
        self._starts.append(start)
        self._is_closed.append(not is_open)

    def add_rich(self, row: RichRow, start: int, is_open: bool) -> None:
        """Add a MessagePack row."""
        self._rich.append((len(self._starts), row))
        self._starts.append(start)
        self._is_closed.append(not is_open)

    def close_last(self) -> None:
        """Say that no later frame extends the last row."""
        if self._is_closed:
            self._is_closed[-1] = True

    def finish(self) -> tuple[RowBatch | None, int | None]:
        """Return the closed rows, and where the frames of the row that is still open start."""
        num_frames = len(self._starts)
        if not num_frames:
            return None, None
        blocks = [(group, _read(group)) for group in self._packed.values()]
        steps, times = self._steps_and_times(blocks, num_frames)
        ends = np.array(self._is_closed)
        ends[:-1] |= steps[1:] != steps[:-1]
        last_frames = np.flatnonzero(ends)
        num_rows = len(last_frames)
        open_from = int(last_frames[-1]) + 1 if num_rows else 0
        held_back = self._starts[open_from] if open_from < num_frames else None
        if not num_rows:
            return None, held_back
        row_of_frame = np.zeros(num_frames, np.int64)
        np.cumsum(ends[:-1], out=row_of_frame[1:])
        columns: list[Column] = []
        for key, parts in self._parts(blocks, open_from).items():
            columns += _columns(key, parts, row_of_frame, num_rows)
        return RowBatch(steps[last_frames], times[last_frames], columns), held_back

    def _steps_and_times(
        self, blocks: Sequence[tuple[_PackedFrames, AnyArray]], num_frames: int
    ) -> tuple[AnyArray, npt.NDArray[np.float64]]:
        is_integer = all(block["step"].dtype.kind == "i" for _, block in blocks) and all(
            isinstance(row.step, int) and -(2**63) <= row.step < 2**63 for _, row in self._rich
        )
        steps = np.empty(num_frames, np.int64 if is_integer else np.float64)
        times = np.empty(num_frames, np.float64)
        for group, block in blocks:
            steps[group.frames] = block["step"]
            times[group.frames] = block["time"]
        for frame, row in self._rich:
            steps[frame] = row.step
            times[frame] = row.time
        return steps, times

    def _parts(
        self, blocks: Sequence[tuple[_PackedFrames, AnyArray]], end: int
    ) -> dict[str, list[_Part]]:
        """Return the values of each key in the frames before `end`."""
        parts: dict[str, list[_Part]] = {}
        for group, block in blocks:
            frames = np.array(group.frames, np.int64)
            num_frames = int(np.searchsorted(frames, end))
            if not num_frames:
                continue
            frames = frames[:num_frames]
            for name, kind, column in group.layout.fields:
                values: AnyArray = block[column][:num_frames].astype(_KIND_DTYPES[kind])
                parts.setdefault(name, []).append(_Part(kind, frames, values))
        for name, kind, numbers, logged in self._rich_values(end):
            dtype = _KIND_DTYPES.get(kind)
            parts.setdefault(name, []).append(
                _Part(
                    kind,
                    np.array(numbers, np.int64),
                    logged if dtype is None else np.array(logged, dtype),
                )
            )
        return parts

    def _rich_values(self, end: int) -> Iterator[tuple[str, ValueKind, list[int], list[Any]]]:
        groups: dict[tuple[str, ValueKind], tuple[list[int], list[Any]]] = {}
        for frame, row in self._rich:
            if frame >= end:
                break
            for name, value in rich_values(row).items():
                numbers, logged = groups.setdefault((name, kind_of(value)), ([], []))
                numbers.append(frame)
                logged.append(value)
        for (name, kind), (numbers, logged) in groups.items():
            yield name, kind, numbers, logged


def rich_values(row: RichRow) -> dict[str, Any]:
    """Return the values of a row by flat name; of a name that occurs twice the last."""
    values = {flat_name(key): value for key, value in row.values}
    for reserved in RESERVED_KEYS & values.keys():
        del values[reserved]
    return values


def _read(group: _PackedFrames) -> AnyArray:
    """Return the group's rows as a structured array."""
    return np.frombuffer(b"".join(group.payloads), group.layout.dtype)


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
