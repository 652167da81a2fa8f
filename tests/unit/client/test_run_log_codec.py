from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwake.errors import LogFormatError
from runwake.testing.ingest_double import StoredStream
from runwake.wire import frames
from runwake.wire.frames import Damage, Frame
from runwake.wire.records import Console, Exit, RunStart, decode_record, encode_record
from runwake.wire.rows import MAX_SCHEMAS, RowEncoder, decode_schema

KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
SCALARS = st.one_of(st.floats(allow_nan=False), st.integers(-(2**63), 2**64 - 1), st.booleans())
VALUES = st.one_of(SCALARS, st.text(max_size=5), st.none(), st.lists(SCALARS, max_size=3))
ROWS = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=1, max_size=8)
BODIES = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20)


def log_of(bodies: list[bytes]) -> bytes:
    return frames.header() + b"".join(frames.frame(bytes((99,)) + body) for body in bodies)


def payloads(data: bytes, *, final: bool = True) -> list[bytes]:
    found = frames.scan(data, 0, final=final)
    return [bytes(item.payload) for item in found if isinstance(item, Frame)]


@given(BODIES)
def test_frames_come_back_as_written(bodies: list[bytes]) -> None:
    assert payloads(log_of(bodies)) == bodies


@given(BODIES, st.data())
def test_a_torn_tail_is_reported_only_when_nothing_more_can_follow(
    bodies: list[bytes], data: st.DataObject
) -> None:
    log = log_of(bodies)
    cut = data.draw(st.integers(frames.HEADER_SIZE, len(log) - 1))

    live = list(frames.scan(log[:cut], 0))
    final = list(frames.scan(log[:cut], 0, final=True))

    assert all(isinstance(item, Frame) for item in live)
    whole = live[-1].end if live else frames.HEADER_SIZE
    torn = [item for item in final if isinstance(item, Damage)]
    assert torn == ([Damage(whole, cut)] if cut > whole else [])


@given(st.integers(0, 199), st.integers(0, 7))
def test_damage_costs_what_lies_before_the_next_mark_and_nothing_else(where: int, bit: int) -> None:
    before = frames.header() + frames.frame(b"\x63first") + frames.frame(b"\x63" + b"x" * 190)
    log = before + frames.mark(len(before)) + frames.frame(b"\x63last")
    position = frames.HEADER_SIZE + where
    damaged = bytearray(log)
    damaged[position] ^= 1 << bit

    items = list(frames.scan(bytes(damaged), 0, final=True))

    lost = [item for item in items if isinstance(item, Damage)]
    assert len(lost) == 1
    assert lost[0].start <= position < lost[0].end == len(before)
    last = items[-1]
    assert isinstance(last, Frame)
    assert bytes(last.payload) == b"last"


def test_a_reader_that_is_not_final_waits_behind_damage_for_the_next_mark() -> None:
    log = bytearray(log_of([b"one", b"two"]))
    log[-1] ^= 0xFF

    live = list(frames.scan(bytes(log), 0))

    assert len(live) == 1


def test_a_file_that_is_no_run_log_is_refused_by_name() -> None:
    with pytest.raises(LogFormatError, match="not a run log"):
        list(frames.scan(b"PNG" + bytes(40), 0))


def test_a_log_of_a_newer_version_says_what_to_do() -> None:
    newer = struct.pack("<4sHHQ", frames.MAGIC, frames.VERSION + 1, 0, 0)

    with pytest.raises(LogFormatError, match="pip install -U runwake"):
        list(frames.scan(newer, 0))


@given(ROWS)
def test_rows_come_back_exactly_in_both_forms(rows: list[dict[str, Any]]) -> None:
    encoder = RowEncoder()
    log = frames.header()
    for step, row in enumerate(rows):
        log += encoder.encode(tuple(row), tuple(row.values()), step, 0.5, False)
    stream = StoredStream()

    stream.apply(log, final=True)

    assert [values for _, _, values in stream.rows] == rows
    kinds = [{k: type(v) for k, v in values.items()} for _, _, values in stream.rows]
    assert kinds == [{k: type(v) for k, v in row.items()} for row in rows]
    assert [step for step, _, _ in stream.rows] == list(range(len(rows)))


def test_nan_and_infinities_are_kept() -> None:
    encoder = RowEncoder()
    values = (math.nan, math.inf, -math.inf)
    stream = StoredStream()

    row = encoder.encode(("a", "b", "c"), values, 0, 0.0, False)
    stream.apply(frames.header() + row, final=True)

    got = stream.rows[0][2]
    assert math.isnan(got["a"])
    assert (got["b"], got["c"]) == (math.inf, -math.inf)


def test_a_schema_is_written_once_and_again_after_a_mark_under_its_old_id() -> None:
    encoder = RowEncoder()

    def schemas() -> list[int]:
        data = frames.header() + encoder.encode(("a",), (1.0,), 0, 0.0, False)
        items = [item for item in frames.scan(data, 0) if isinstance(item, Frame)]
        return [decode_schema(i.payload).id for i in items if i.kind == frames.SCHEMA]

    first, second = schemas(), schemas()
    encoder.forget_written()

    assert (first, second, schemas()) == ([0], [], [0])


def test_keys_that_are_made_up_row_by_row_do_not_grow_the_table_without_end() -> None:
    encoder = RowEncoder()
    log = frames.header()
    for i in range(MAX_SCHEMAS + 2):
        log += encoder.encode((f"key{i}",), (1.0,), i, 0.0, False)
    stream = StoredStream()

    stream.apply(log, final=True)

    assert len(stream.schemas) == MAX_SCHEMAS
    assert stream.rows[-1][2] == {f"key{MAX_SCHEMAS + 1}": 1.0}


def test_records_come_back_and_unknown_ones_are_skipped() -> None:
    start = RunStart(entity="e", project="p", run_id="r", stream="s", config={"a": {"b": [1]}})
    payload = encode_record(start)[frames.HEAD_SIZE + 1 :]
    unknown = encode_record(Console(channel="stdout", text="x"))[frames.HEAD_SIZE + 1 :]

    assert decode_record(payload) == start
    assert decode_record(unknown.replace(b"console", b"futures")) is None
    assert decode_record(encode_record(Exit(state="failed", code=3))[9:]) == Exit(
        state="failed", code=3
    )


def test_a_body_that_no_reader_would_take_is_never_framed() -> None:
    with pytest.raises(OverflowError, match="64 MiB"):
        frames.frame(bytes(frames.MAX_BODY_SIZE + 1))


def test_characters_that_utf8_lacks_do_not_keep_a_record_from_the_log() -> None:
    record = Exit(state="failed", reason="no file \udcff", traceback="\udcff.csv")

    ((frame),) = frames.scan(encode_record(record), 1)

    assert isinstance(frame, frames.Frame)
    assert decode_record(frame.payload) == Exit(
        state="failed", reason="no file ?", traceback="?.csv"
    )
