"""Rows that were acknowledged and are in no segment yet: their bytes, and their fold to columns.

Station 6. One shipped batch is one tail body::

    raw  = u32 header length | u32 rows | header | steps | times | dense blocks | loose columns
    body = zstd of raw, sealed with its checksum (codec.py)

Columns that have a value in every row lie together as one (keys, rows) matrix per kind, so that
thousands of small batches fold into columns with a few array operations. All sections start at
multiples of eight bytes. A body stands alone: it names its keys, and needs no other table.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from runwake.errors import UsageError
from runwake.model.keys import RESERVED_KEYS, STEP, TIMESTAMP, ValueKind
from runwake.store.columns import Column, RowBatch
from runwake.store.history.codec import DTYPES

Rows = npt.NDArray[np.int64]
Block = npt.NDArray[Any]

_PREFIX: Final = struct.Struct("<II")
_INT64: Final = np.dtype("<i8")
_DTYPES: Final = {kind: DTYPES[kind.value] for kind in ValueKind if kind.is_numeric}
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_values: Final = msgspec.msgpack.Decoder().decode


class _Loose(NamedTuple):
    """A column of strings or values, or one that some rows lack."""

    key: str
    kind: str
    num_values: int
    has_rows: bool
    size: int


class _Header(NamedTuple):
    step_kind: str
    dense: tuple[tuple[str, tuple[str, ...]], ...]
    loose: tuple[_Loose, ...]


_decode_header: Final = msgspec.msgpack.Decoder(_Header).decode


def pack(batch: RowBatch) -> bytes:
    """Return the raw bytes of a batch; nothing in them is shared with the batch's arrays.

    Raises:
        UsageError: the batch contradicts itself.
    """
    check(batch)
    num_rows = batch.num_rows
    dense: dict[ValueKind, list[Column]] = {}
    loose: list[Column] = []
    for column in batch.columns:
        if column.rows is None and column.kind in _DTYPES:
            dense.setdefault(column.kind, []).append(column)
        elif len(column.values):
            loose.append(column)
    step_kind = ValueKind.FLOAT if np.asarray(batch.steps).dtype.kind == "f" else ValueKind.INT
    sections = [
        np.asarray(batch.steps, _DTYPES[step_kind]).tobytes(),
        np.asarray(batch.times, DTYPES["f"]).tobytes(),
    ]
    for kind, columns in dense.items():
        block = np.empty((len(columns), num_rows), _DTYPES[kind])
        for index, column in enumerate(columns):
            block[index] = column.values
        sections.append(block.tobytes())
    entries = []
    for column in loose:
        values = _pack_values(column)
        if column.rows is not None:
            sections.append(np.asarray(column.rows, _INT64).tobytes())
        sections.append(values)
        entries.append(
            _Loose(
                column.key,
                column.kind.value,
                len(column.values),
                column.rows is not None,
                len(values),
            )
        )
    names = tuple([(kind.value, tuple([c.key for c in dense[kind]])) for kind in dense])
    header = _encode_header(step_kind.value, names, tuple(entries))
    prefix = _PREFIX.pack(len(header), num_rows)
    return b"".join((prefix, _aligned(header), *map(_aligned, sections)))


@lru_cache(maxsize=1024)
def _encode_header(
    step_kind: str, dense: tuple[tuple[str, tuple[str, ...]], ...], loose: tuple[_Loose, ...]
) -> bytes:
    return _encode(_Header(step_kind, dense, loose))


def _pack_values(column: Column) -> bytes:
    dtype = _DTYPES.get(column.kind)
    if dtype is not None:
        return np.asarray(column.values, dtype).tobytes()
    try:
        return _encode(list(column.values))
    except (TypeError, OverflowError) as error:
        raise UsageError(
            f"column {column.key!r} has a value that cannot be kept: {error}"
        ) from error


def _aligned(section: bytes) -> bytes:
    return section + bytes(-len(section) % 8)


def check(batch: RowBatch) -> None:
    """Refuse a batch that contradicts itself.

    Raises:
        UsageError: lengths differ, a column comes twice or has a reserved name, or its row
            numbers do not ascend within the batch.
    """
    num_rows = batch.num_rows
    if len(batch.times) != num_rows:
        raise UsageError(f"a batch of {num_rows} steps has {len(batch.times)} times")
    seen: set[tuple[str, ValueKind]] = set()
    for column in batch.columns:
        name = (column.key, column.kind)
        if column.key in RESERVED_KEYS or name in seen:
            raise UsageError(
                f"a batch has the column {column.key!r} of kind {column.kind.value!r} "
                + ("twice" if name in seen else "although that name is reserved")
            )
        seen.add(name)
        expected = num_rows if column.rows is None else len(column.rows)
        if len(column.values) != expected:
            raise UsageError(
                f"column {column.key!r} has {len(column.values)} values for {expected} rows"
            )
        if column.rows is not None and len(column.rows):
            rows = column.rows
            if rows[0] < 0 or rows[-1] >= num_rows or (rows[1:] <= rows[:-1]).any():
                raise UsageError(
                    f"rows of column {column.key!r} must ascend within 0 … {num_rows - 1}"
                )


@lru_cache(maxsize=1024)
def _parse_header(header: bytes) -> tuple[_Header, dict[str, list[tuple[int, int]]]]:
    """Return a header and where each key lies: (block, row of it), or (-1, loose column)."""
    parsed = _decode_header(header)
    index: dict[str, list[tuple[int, int]]] = {}
    for block, (_kind, keys) in enumerate(parsed.dense):
        for position, key in enumerate(keys):
            index.setdefault(key, []).append((block, position))
    for position, entry in enumerate(parsed.loose):
        index.setdefault(entry.key, []).append((-1, position))
    return parsed, index


class TailBatch:
    """One batch in the tail. Immutable to its readers; its arrays are views of its bytes."""

    __slots__ = ("_blocks", "_body", "_header", "_index", "_loose", "num_rows", "row0")

    def __init__(self, row0: int, raw: bytes) -> None:
        length: int
        self.num_rows: int
        length, self.num_rows = _PREFIX.unpack_from(raw)
        end = _PREFIX.size + length
        self.row0 = row0
        # Batches of one kind of row share one header: wide runs would hold their names often.
        self._header, self._index = _parse_header(raw[_PREFIX.size : end])
        self._body = raw[end + -length % 8 :]
        self._blocks: list[Block] | None = None
        self._loose: list[Column] = []

    @property
    def end(self) -> int:
        """Row number after the last row."""
        return self.row0 + self.num_rows

    @property
    def nbytes(self) -> int:
        """Bytes of its values."""
        return len(self._body)

    def _parse(self) -> list[Block]:
        if self._blocks is not None:
            return self._blocks
        num_rows = self.num_rows
        at = 0
        blocks: list[Block] = []

        def take(kind: str, count: int) -> Block:
            nonlocal at
            array = np.frombuffer(self._body, DTYPES[kind], count, at)
            at += -(-array.nbytes // 8) * 8
            return array

        blocks.append(take(self._header.step_kind, num_rows)[None])
        blocks.append(take("f", num_rows)[None])
        for kind, keys in self._header.dense:
            blocks.append(take(kind, len(keys) * num_rows).reshape(len(keys), num_rows))
        loose: list[Column] = []
        for entry in self._header.loose:
            rows = take("i", entry.num_values) if entry.has_rows else None
            kind = ValueKind(entry.kind)
            if kind.is_numeric:
                loose.append(Column(entry.key, kind, rows, take(entry.kind, entry.num_values)))
                continue
            values = _decode_values(memoryview(self._body)[at : at + entry.size])
            at += -(-entry.size // 8) * 8
            loose.append(Column(entry.key, kind, rows, values))
        # Readers race here: the blocks are set last, so that whoever sees them sees all.
        self._loose = loose
        self._blocks = blocks
        return blocks

    def dense(self) -> Iterable[tuple[str, tuple[str, ...], Block]]:
        """Yield (kind, keys, (keys, rows) matrix), steps and times first."""
        blocks = self._parse()
        yield self._header.step_kind, (STEP,), blocks[0]
        yield "f", (TIMESTAMP,), blocks[1]
        for (kind, keys), block in zip(self._header.dense, blocks[2:], strict=True):
            yield kind, keys, block

    def loose(self) -> Sequence[Column]:
        """Return the columns that are in no block."""
        self._parse()
        return self._loose

    def find(self, key: str) -> list[Column]:
        """Return the columns of one key, one per kind."""
        blocks = self._parse()
        if key == STEP:
            return [Column(key, ValueKind(self._header.step_kind), None, blocks[0][0])]
        if key == TIMESTAMP:
            return [Column(key, ValueKind.FLOAT, None, blocks[1][0])]
        return [
            self._loose[position]
            if block < 0
            else Column(
                key, ValueKind(self._header.dense[block][0]), None, blocks[block + 2][position]
            )
            for block, position in self._index.get(key, ())
        ]


class Columns(NamedTuple):
    """Columns of consecutive rows, `_step` and `_timestamp` among them."""

    num_rows: int
    columns: list[Column]

    def cut(self, first: int, end: int) -> Columns:
        """Return the rows [first, end) of these; columns without a value there are left out."""
        if first == 0 and end == self.num_rows:
            return self
        cut = []
        for column in self.columns:
            if column.rows is None:
                cut.append(Column(column.key, column.kind, None, column.values[first:end]))
                continue
            low, high = np.searchsorted(column.rows, (first, end)).tolist()
            if low < high:
                rows = column.rows[low:high] - first
                dense = len(rows) == end - first
                values = column.values[low:high]
                cut.append(Column(column.key, column.kind, None if dense else rows, values))
        return Columns(end - first, cut)


_Pieces = dict[tuple[str, ValueKind], list[tuple[Rows | None, Any]]]


def fold(batches: Sequence[TailBatch]) -> Columns:
    """Return consecutive batches as columns; row 0 is the first batch's first row."""
    row0 = batches[0].row0
    num_rows = batches[-1].end - row0
    blocks: dict[tuple[str, tuple[str, ...]], list[tuple[TailBatch, Block]]] = {}
    pieces: _Pieces = {}
    for batch in batches:
        for kind, keys, block in batch.dense():
            blocks.setdefault((kind, keys), []).append((batch, block))
        start = batch.row0 - row0
        for column in batch.loose():
            rows = np.arange(batch.num_rows) if column.rows is None else column.rows
            pieces.setdefault((column.key, column.kind), []).append((rows + start, column.values))
    for (kind, keys), members in blocks.items():
        matrix = np.concatenate([block for _, block in members], axis=1)
        full = matrix.shape[1] == num_rows
        block_rows = None if full else _rows_of([batch for batch, _ in members], row0)
        value_kind = ValueKind(kind)
        for key, values in zip(keys, matrix, strict=True):
            pieces.setdefault((key, value_kind), []).append((block_rows, values))
    return Columns(
        num_rows,
        [_join(key, kind, parts, num_rows) for (key, kind), parts in pieces.items()],
    )


def concatenate(parts: Sequence[Columns]) -> Columns:
    """Return the rows of several, one after the other."""
    pieces: _Pieces = {}
    start = 0
    for part in parts:
        for column in part.columns:
            rows = np.arange(part.num_rows) if column.rows is None else column.rows
            pieces.setdefault((column.key, column.kind), []).append((rows + start, column.values))
        start += part.num_rows
    return Columns(start, [_join(key, kind, pairs, start) for (key, kind), pairs in pieces.items()])


def _rows_of(batches: Sequence[TailBatch], row0: int) -> Rows:
    return np.concatenate([np.arange(b.row0 - row0, b.end - row0) for b in batches])


def _join(key: str, kind: ValueKind, parts: list[tuple[Rows | None, Any]], num_rows: int) -> Column:
    """Return one column of parts in any order, whose rows do not overlap."""
    if len(parts) == 1:
        rows, values = parts[0]
        dense = rows is None or len(rows) == num_rows
        return Column(key, kind, None if dense else rows, values)
    all_rows = np.concatenate([np.arange(num_rows) if r is None else r for r, _ in parts])
    if kind.is_numeric:
        values = np.concatenate([part for _, part in parts])
    else:
        values = [value for _, part in parts for value in part]
    if (all_rows[1:] <= all_rows[:-1]).any():
        order = np.argsort(all_rows, kind="stable")
        all_rows = all_rows[order]
        values = values[order] if kind.is_numeric else [values[i] for i in order.tolist()]
    return Column(key, kind, None if len(all_rows) == num_rows else all_rows, values)
