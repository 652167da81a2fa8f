from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwake.errors import LogFormatError
from runwake.testing.logs import LogBuilder
from runwake.tracking.range_reader import LoggedValues, RangeReader, Watermarks
from runwake.wire import frames
from runwake.wire.http import MAX_HELD_BACK
from runwake.wire.records import Console, RunStart, SummaryUpdate

NOWHERE = Watermarks(0, 0, 0, 0)


def test_rows_without_a_known_schema_are_counted_as_lost() -> None:
    row = frames.frame(bytes((frames.ROW,)) + bytes(28))
    log = LogBuilder().raw(row)

    content = RangeReader(log.data, NOWHERE, {}, {}).read(final=False)

    assert content.lost_bytes == len(row)
    assert content.new_rows() == (None, None)
    assert content.end == len(log)


def test_nonsense_with_a_right_checksum_is_skipped_and_counted() -> None:
    bad = frames.frame(bytes((frames.RICH_ROW,)) + b"\xc1nonsense")
    log = LogBuilder().raw(bad).row({"a": 1}, 0)

    content = RangeReader(log.data, NOWHERE, {}, {}).read(final=False)

    batch, _ = content.new_rows()
    assert content.lost_bytes == len(bad)
    assert batch is not None
    assert batch.num_rows == 1


def test_an_unfinished_frame_at_the_end_is_left_for_the_next_range() -> None:
    log = LogBuilder()
    end = len(log)
    log.row({"a": "rich"}, 0)

    content = RangeReader(log.data[:-1], NOWHERE, {}, {}).read(final=False)

    assert content.end == end


def test_bytes_that_are_no_log_are_refused() -> None:
    with pytest.raises(LogFormatError, match="not a run log"):
        RangeReader(b"x" * 100, NOWHERE, {}, {}).read(final=False)


def test_each_projection_gets_only_what_it_has_not_seen() -> None:
    log = LogBuilder().row({"a": 1}, 0)
    middle = len(log)
    log.record(Console(channel="stdout", text="one\n", time=1.0)).row({"a": 2}, 1)
    schemas = RangeReader(log.data, NOWHERE, {}, {}).read(final=False).schemas

    seen_by_meta = Watermarks(rows=middle, console=0, meta=len(log), sums=len(log))
    content = RangeReader(log.data[middle:], seen_by_meta, schemas, {}).read(final=False)
    batch, _ = content.new_rows()
    assert batch is not None
    assert batch.steps.tolist() == [1]
    assert content.meta == []
    assert content.console == []

    seen_by_rows = Watermarks(rows=len(log), console=0, meta=middle, sums=middle)
    content = RangeReader(log.data[middle:], seen_by_rows, schemas, {}).read(final=False)
    assert content.new_rows() == (None, None)
    assert [line.text for line in content.console] == ["one"]
    assert isinstance(content.meta[0], LoggedValues)


def test_last_values_keep_their_place_between_explicit_summary_records() -> None:
    log = LogBuilder().row({"a": 1}, 0).row({"b": 1}, 1).row({"a": 2}, 2)
    log.record(SummaryUpdate(set=[(["a"], 5)])).row({"b": 7, "c": "x"}, 3)

    content = RangeReader(log.data, NOWHERE, {}, {}).read(final=False)

    start, before, update, after = content.meta
    assert isinstance(start, RunStart)
    assert isinstance(before, LoggedValues)
    assert isinstance(update, SummaryUpdate)
    assert isinstance(after, LoggedValues)
    assert before.last_values() == ({"a": 2, "b": 1}, 2)
    assert after.last_values() == ({"b": 7, "c": "x"}, 3)


def test_damage_costs_what_lies_before_the_next_mark_and_nothing_else() -> None:
    log = LogBuilder()
    for step in range(6_000):
        log.row({"a": step, "text": "x" * 50}, step)
    data = bytearray(log.data)
    data[5_000] ^= 0xFF

    content = RangeReader(bytes(data), NOWHERE, {}, {}).read(final=True)

    batch, _ = content.new_rows()
    assert batch is not None
    assert 0 < content.lost_bytes < 2 * frames.MARK_INTERVAL
    assert batch.steps[-1] == 5_999
    assert batch.num_rows > 2_000


def test_a_row_is_not_held_back_for_ever() -> None:
    log = LogBuilder().row({"a": 1}, 0, is_open=True)
    for _ in range(MAX_HELD_BACK // 1_000_000):
        log.record(Console(channel="stdout", text="x" * 1_000_000, time=1.0))
    log.row({"b": 1}, 0, is_open=True)
    assert RangeReader(log.data, NOWHERE, {}, {}).read(final=False).new_rows()[0] is None
    log.record(Console(channel="stdout", text="x" * 1_000_000, time=1.0))

    batch, held_back = RangeReader(log.data, NOWHERE, {}, {}).read(final=False).new_rows()

    assert batch is not None
    assert {column.key for column in batch.columns} == {"a", "b"}
    assert held_back is None


def nested(levels: int) -> bytes:
    return b"\x91" * levels + b"\xc0"


def schema(schema_id: int, *keys: str) -> bytes:
    payload = msgspec.msgpack.encode((schema_id, "q", "d" * len(keys), keys))
    return frames.frame(bytes((frames.SCHEMA,)) + payload)


NONSENSE = {
    "a row nested too deep": b"\x06\x93\x00\xca\x00\x00\x00\x00\x91\x92\xa1x" + nested(5_000),
    "a record nested too deep": (b"\x02\x82\xa4type\xa6config\xa3set\x81\xa1x" + nested(5_000)),
    "an id that is none": schema(2**64 - 1, "a")[frames.HEAD_SIZE :],
    "an id that is used again": schema(0, "other", "keys")[frames.HEAD_SIZE :],
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_with_a_right_checksum_costs_its_own_frame(body: bytes) -> None:
    log = LogBuilder().row({"a": 1.0}, 0).raw(frames.frame(body)).row({"a": 2.0}, 1)

    content = RangeReader(log.data, NOWHERE, {}, {}).read(final=True)

    batch, _ = content.new_rows()
    assert batch is not None
    assert [column.values.tolist() for column in batch.columns] == [[1.0, 2.0]]  # type: ignore[union-attr]
    assert content.lost_bytes == frames.HEAD_SIZE + len(body)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.binary(max_size=40)), max_size=8), st.booleans())
def test_no_bytes_make_the_reader_fail(bodies: list[tuple[int, bytes]], final: bool) -> None:
    log = LogBuilder()
    for kind, payload in bodies:
        log.raw(frames.frame(bytes((kind,)) + payload))
    log.row({"a": 1}, 5)

    content = RangeReader(log.data, NOWHERE, {}, {}).read(final=final)

    batch, held_back = content.new_rows()
    assert batch is not None
    assert batch.steps[-1] == 5
    assert held_back is None
    assert content.end == len(log)


def test_a_value_that_is_none_does_not_hide_the_one_before() -> None:
    log = LogBuilder().row({"a": 1.0}, 0).row({"a": None, "b": 2}, 1)

    (_, logged) = RangeReader(log.data, NOWHERE, {}, {}).read(final=False).meta

    assert isinstance(logged, LoggedValues)
    assert logged.last_values() == ({"a": 1.0, "b": 2}, 1)
