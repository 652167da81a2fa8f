from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from runwake.model.keys import ValueKind, flat_name
from runwake.store.columns import RowBatch
from runwake.testing.logs import LogBuilder
from runwake.tracking.range_reader import RangeContent, RangeReader, Watermarks
from runwake.wire import frames
from runwake.wire.rows import Schema, decode_rich_row, decode_schema

NOWHERE = Watermarks(0, 0, 0, 0)
Row = tuple[float, float, dict[str, tuple[str, Any]]]


def collect(log: LogBuilder, *, final: bool = False) -> RangeContent:
    return RangeReader(log.data, NOWHERE, {}, {}).read(final=final)


def rows_of(batch: RowBatch | None) -> list[Row]:
    """Columns back to rows: step, time, {key: (kind, value)}."""
    if batch is None:
        return []
    rows: list[Row] = [
        (step, time, {}) for step, time in zip(batch.steps.tolist(), batch.times, strict=True)
    ]
    for column in batch.columns:
        numbers = range(batch.num_rows) if column.rows is None else column.rows.tolist()
        values = column.values.tolist() if isinstance(column.values, np.ndarray) else column.values
        for number, value in zip(numbers, values, strict=True):
            assert column.key not in rows[number][2], "two kinds of a key in one row"
            rows[number][2][column.key] = (column.kind.value, value)
    return rows


def naive_rows(data: bytes, *, final: bool) -> tuple[list[Row], int | None]:
    """The same, frame by frame, as a slow reader without numpy would do it."""
    schemas: dict[int, Schema] = {}
    rows: list[Row] = []
    open_start: int | None = None
    for item in frames.scan(data, 0, final=final):
        assert isinstance(item, frames.Frame)
        if item.kind == frames.SCHEMA:
            schema = decode_schema(item.payload)
            schemas[schema.id] = schema
        if item.kind not in frames.ROW_KINDS:
            continue
        if item.kind in (frames.ROW, frames.ROW_OPEN):
            schema_id = int.from_bytes(item.payload[:4], "little")
            schema = schemas[schema_id]
            import struct

            _, step, time, *logged = struct.unpack(schema.row_format, item.payload)
            pairs = list(zip(schema.keys, logged, strict=True))
        else:
            rich = decode_rich_row(item.payload)
            step, time, pairs = rich.step, rich.time, rich.values
        values = {flat_name(key): (naive_kind(value), value) for key, value in pairs}
        for reserved in ("_step", "_timestamp", "_runtime"):
            values.pop(reserved, None)
        if open_start is not None and rows[-1][0] == step:
            rows[-1] = (step, time, {**rows[-1][2], **values})
        else:
            rows.append((step, time, values))
            open_start = item.start
        if item.kind not in frames.OPEN_KINDS:
            open_start = None
    if open_start is not None and not final:
        rows.pop()
    return rows, None if final else open_start


def naive_kind(value: Any) -> str:
    for kind, known in (("b", bool), ("f", float), ("s", str)):
        if isinstance(value, known):
            return kind
    if isinstance(value, int):
        return "i" if value < 2**63 else "u"
    return "j"


def canonical(rows: list[Row]) -> list[Any]:
    """NaN equals NaN, and -0.0 is not 0.0."""
    return [
        (step, time, sorted((k, repr(v)) for k, v in values.items())) for step, time, values in rows
    ]


KEYS = st.sampled_from(["loss", "acc", "a.b", ("a", "b"), ("x", "y", "z"), "_runtime", "é"])
VALUES = st.one_of(
    st.floats(),
    st.integers(-(2**63), 2**64 - 1),
    st.booleans(),
    st.text(max_size=5),
    st.none(),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
)
STEPS = st.one_of(st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.5]))
LOGGED = st.lists(
    st.tuples(
        st.dictionaries(KEYS, VALUES, max_size=4),
        STEPS,
        st.booleans(),
        st.sampled_from([1, 1, 1, 50]),
    ),
    max_size=25,
)


@settings(max_examples=300)
@given(LOGGED, st.booleans())
def test_columns_hold_what_a_naive_reader_finds_row_by_row(
    logged: list[tuple[dict[Any, Any], float, bool, int]], final: bool
) -> None:
    log = LogBuilder()
    for values, step, is_open, times in logged:
        for _ in range(times):
            log.row(values, step, is_open=is_open)

    batch, held_back = collect(log, final=final).new_rows()

    expected, expected_start = naive_rows(log.data, final=final)
    assert canonical(rows_of(batch)) == canonical(expected)
    assert held_back == expected_start


def test_alternating_schemas_become_whole_columns() -> None:
    log = LogBuilder()
    for step in range(10):
        log.row({"train": float(step)}, step, is_open=True)
        log.row({"val": step}, step)

    batch, held_back = collect(log).new_rows()

    assert batch is not None
    assert held_back is None
    assert batch.num_rows == 10
    columns = {column.key: column for column in batch.columns}
    assert columns["train"].rows is None
    assert columns["val"].rows is None
    assert columns["val"].kind is ValueKind.INT
    assert batch.steps.dtype == np.int64


def test_a_row_that_is_open_at_the_end_is_held_back_from_its_first_frame() -> None:
    log = LogBuilder().row({"a": 1}, 0)
    start = len(log)
    log.row({"b": 2.0}, 1, is_open=True)
    log.row({"c": "text"}, 1, is_open=True)

    batch, held_back = collect(log).new_rows()

    assert [values for _, _, values in rows_of(batch)] == [{"a": ("i", 1)}]
    # The row's schema frame comes first and need not be held back with it.
    assert held_back is not None
    assert start <= held_back < len(log)


def test_an_exit_closes_the_open_row() -> None:
    log = LogBuilder().row({"a": 1}, 7, is_open=True).exit()

    batch, held_back = collect(log).new_rows()

    assert rows_of(batch) == [(7, 1007.0, {"a": ("i", 1)})]
    assert held_back is None


def test_the_last_of_two_values_of_different_kinds_in_a_row_wins() -> None:
    log = LogBuilder()
    log.row({"a": 1, "b": 1.5}, 0, is_open=True)
    log.row({"a": "x"}, 0, is_open=True)
    log.row({"a": 2.5}, 0)

    batch, _ = collect(log).new_rows()

    assert rows_of(batch) == [(0, 1000.0, {"a": ("f", 2.5), "b": ("f", 1.5)})]


def test_nan_and_infinities_stay_what_they_are() -> None:
    log = LogBuilder().row({"a": math.nan}, 0).row({"a": -math.inf}, 1)

    batch, _ = collect(log).new_rows()

    assert batch is not None
    values = np.asarray(batch.columns[0].values)
    assert np.isnan(values[0])
    assert values[1] == -math.inf


def test_a_float_step_among_integers_makes_all_steps_floats() -> None:
    log = LogBuilder().row({"a": 1}, 1).row({"a": 1}, 1.5).row({"a": "rich"}, 2)

    batch, _ = collect(log).new_rows()

    assert batch is not None
    assert batch.steps.tolist() == [1.0, 1.5, 2.0]
    assert batch.steps.dtype == np.float64
