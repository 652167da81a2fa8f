"""What every `HistoryStore` must do, as tests that an adapter inherits.

Subclass `HistoryConformance`, give it `make_store`, and let pytest collect the subclass. All
checks go through the port. Those of charts are in history_chart_conformance.py.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from runwake.errors import OffsetMismatchError, UsageError
from runwake.model.keys import RUNTIME, STEP, TIMESTAMP, ValueKind
from runwake.store.ports import Append, ChartQuery, ConsoleLine, HistoryStore, RunUid
from runwake.testing.history_chart_conformance import RUN, ChartConformance, line_of
from runwake.testing.history_oracle import (
    STARTED,
    STREAM,
    Row,
    RunWriter,
    are_same,
    batch_of,
    rows_of,
)
from runwake.wire.rows import Schema


def plain_rows(count: int, first: int = 0) -> list[Row]:
    """Return rows with a dense key `loss` and a key `val` in every tenth."""
    rows: list[Row] = []
    for step in range(first, first + count):
        row: Row = {STEP: step, TIMESTAMP: STARTED + 0.5 * step, "loss": 1.0 / (1 + step)}
        if step % 10 == 0:
            row["val"] = float(step)
        rows.append(row)
    return rows


EXACT_VALUES: list[Any] = [
    0.1, -0.0, 0.0, float("nan"), float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308,
    0, -1, 2**53 + 1, -(2**63), 2**63 - 1, 2**63, 2**64 - 1, True, False,
    "", "text", "ünïcode \U0001f680", "nul\0inside",
    None, [], {}, [1, "a", None, 2.5, True], {"a": {"b": [1, {"c": float("nan")}]}},
    {"_type": "image-file", "digest": "0" * 64, "size": 3, "caption": None},
]  # fmt: skip


class HistoryConformance(ChartConformance):
    """The whole contract: subclass this, with `make_store` and maybe `settle`."""

    # -- the fence ---------------------------------------------------------------------------

    def test_an_unknown_run_has_nothing(self, store: HistoryStore) -> None:
        """Reads of what is not there are empty, not errors."""
        assert store.offset(RUN, STREAM) == 0
        assert store.schemas(RUN, STREAM) == {}
        assert store.num_rows([RUN]) == {RUN: 0}
        assert list(store.keys([RUN])[RUN]) == []
        assert store.lines(ChartQuery({RUN: 0.0}, ["loss"])) == []
        assert list(store.scan(RUN)) == []
        assert store.console(RUN, 0, 10).total == 0
        store.delete(RUN)

    def test_a_range_that_comes_twice_is_refused_and_changes_nothing(
        self, store: HistoryStore
    ) -> None:
        """The second copy is refused with the offset that follows the first."""
        append = Append(RUN, STREAM, 0, 100, (), batch_of(plain_rows(5)), [_line("hello")])
        store.append(append)

        with pytest.raises(OffsetMismatchError) as caught:
            store.append(append)

        assert caught.value.expected == 100
        assert store.offset(RUN, STREAM) == 100
        assert store.num_rows([RUN]) == {RUN: 5}
        assert store.console(RUN, 0, 10).total == 1

    def test_a_range_after_a_gap_is_refused_and_changes_nothing(self, store: HistoryStore) -> None:
        """Bytes that are missing in between must come first."""
        store.append(Append(RUN, STREAM, 0, 100, rows=batch_of(plain_rows(5))))

        with pytest.raises(OffsetMismatchError) as caught:
            store.append(Append(RUN, STREAM, 120, 150, rows=batch_of(plain_rows(5, 5))))

        assert caught.value.expected == 100
        assert store.num_rows([RUN]) == {RUN: 5}

    def test_streams_of_one_run_stand_at_their_own_offsets(self, store: HistoryStore) -> None:
        """Rows of all streams become rows of the run, in order of arrival."""
        store.append(Append(RUN, "one", 0, 10, rows=batch_of(plain_rows(2))))
        store.append(Append(RUN, "two", 0, 77, rows=batch_of(plain_rows(3, 10))))

        assert (store.offset(RUN, "one"), store.offset(RUN, "two")) == (10, 77)
        assert [row[STEP] for row in rows_of(list(store.scan(RUN)))] == [0, 1, 10, 11, 12]

    def test_a_range_may_hold_nothing_but_its_length(self, store: HistoryStore) -> None:
        """Control records move the offset without adding rows."""
        store.append(Append(RUN, STREAM, 0, 64))

        assert store.offset(RUN, STREAM) == 64
        assert store.num_rows([RUN]) == {RUN: 0}

    def test_an_append_that_contradicts_itself_is_refused(self, store: HistoryStore) -> None:
        """What could be applied twice, or could not be read back, never gets in."""
        rows = batch_of(plain_rows(2))

        for append in (
            Append(RUN, STREAM, 0, 0, rows=rows),
            Append(RUN, STREAM, 10, 5),
            Append(RUN, STREAM, 0, 9, rows=batch_of([{STEP: 1, TIMESTAMP: 0.0, RUNTIME: 1.0}])),
        ):
            with pytest.raises(UsageError):
                store.append(append)

        assert store.num_rows([RUN]) == {RUN: 0}
        assert store.offset(RUN, STREAM) == 0

    def test_schemas_are_kept_with_their_stream(self, store: HistoryStore) -> None:
        """Nested keys keep their path; a schema that comes again replaces itself."""
        first = Schema(0, "q", "dq", ("loss", ("a", "b")))
        second = Schema(1, "d", "?", ("flag",))
        store.append(Append(RUN, STREAM, 0, 10, [first]))
        store.append(Append(RUN, STREAM, 10, 20, [first, second]))

        assert store.schemas(RUN, STREAM) == {0: first, 1: second}
        assert store.schemas(RUN, "other") == {}

    # -- exactness ---------------------------------------------------------------------------

    @pytest.mark.parametrize("settled", [False, True])
    def test_values_of_every_kind_come_back_to_the_bit(
        self, store: HistoryStore, settled: bool
    ) -> None:
        """One key takes all values in turn; so kinds change from row to row."""
        rows = [
            {STEP: index, TIMESTAMP: STARTED, "mixed": value, "a.b": value}
            for index, value in enumerate(EXACT_VALUES * 12)
        ]
        RunWriter(store, RUN).log_in_batches(rows, 50)
        if settled:
            self.settle(store, RUN)

        assert are_same(rows_of(list(store.scan(RUN))), rows)

    @pytest.mark.parametrize("settled", [False, True])
    def test_a_key_that_is_absent_is_not_a_key_that_is_nan(
        self, store: HistoryStore, settled: bool
    ) -> None:
        """Rows come back with the keys they had."""
        rows: list[Row] = []
        for step in range(300):
            row: Row = {STEP: step, TIMESTAMP: STARTED + step}
            if step % 3 == 0:
                row["val"] = float("nan") if step % 2 else float(step)
            if step >= 200:
                row["late"] = step
            rows.append(row)
        RunWriter(store, RUN).log_in_batches(rows, 40)
        if settled:
            self.settle(store, RUN)

        assert are_same(rows_of(list(store.scan(RUN))), rows)
        line = line_of(store, ChartQuery({RUN: 0.0}, ["val"]))
        assert (line.num_points, len(line.x), len(line.nonfinite_x)) == (100, 50, 50)

    @pytest.mark.parametrize("settled", [False, True])
    def test_steps_may_be_floats_repeat_and_go_back(
        self, store: HistoryStore, settled: bool
    ) -> None:
        """Rows keep their order of arrival; a chart shows the last value of each step."""
        steps = [0, 1, 2, 2, 1, 5, 0.5, 2.25, 2]
        rows = [
            {STEP: step, TIMESTAMP: STARTED + index, "loss": float(index)}
            for index, step in enumerate(steps)
        ]
        RunWriter(store, RUN).log_in_batches(rows, 2)
        if settled:
            self.settle(store, RUN)

        assert [row[STEP] for row in rows_of(list(store.scan(RUN)))] == steps
        line = line_of(store, ChartQuery({RUN: 0.0}, ["loss"]))
        assert line.x.tolist() == [0, 0.5, 1, 2, 2.25, 5]
        assert line.last.tolist() == [0, 6, 4, 8, 7, 5]

    def test_a_scan_begins_at_any_row_and_takes_the_keys_it_is_asked_for(
        self, store: HistoryStore
    ) -> None:
        """Across settled rows and rows that have just come."""
        writer = RunWriter(store, RUN)
        writer.log_in_batches(plain_rows(700), 64)
        self.settle(store, RUN)
        writer.log_in_batches(plain_rows(90, 700), 33)

        for first in (0, 1, 255, 256, 699, 700, 701, 789, 790, 5000):
            rows = rows_of(list(store.scan(RUN, ["val"], first)))
            expected = [
                {key: row[key] for key in (STEP, TIMESTAMP, "val") if key in row}
                for row in writer.rows[first:]
            ]
            assert rows == expected

    # -- keys --------------------------------------------------------------------------------

    def test_keys_tell_kind_count_extremes_and_last_value(self, store: HistoryStore) -> None:
        """Over settled rows and those that came after, each kind of a key by itself."""
        writer = RunWriter(store, RUN)
        for part in range(3):
            first = part * 200
            writer.log_in_batches(
                [
                    {
                        STEP: step,
                        TIMESTAMP: STARTED,
                        "loss": float("nan") if step % 2 else 3.0 - step,
                        "count": 2**60 + step,
                        "note": f"at {step}",
                        "odd": float("nan"),
                        "mixed": step if step < 250 else {"v": step},
                    }
                    for step in range(first, first + 200)
                ],
                30,
            )
            if part < 2:
                self.settle(store, RUN)

        found = {(one.key, one.kind): one for one in store.keys([RUN])[RUN]}
        loss = found["loss", ValueKind.FLOAT]
        assert (loss.count, loss.minimum, loss.maximum) == (600, 3.0 - 598, 3.0)
        assert loss.last != loss.last
        count = found["count", ValueKind.INT]
        assert (count.count, count.last) == (600, 2**60 + 599)
        assert count.minimum == float(2**60)
        assert found["note", ValueKind.STRING].last == "at 599"
        assert found["odd", ValueKind.FLOAT].minimum is None
        assert found["mixed", ValueKind.INT].count == 250
        assert found["mixed", ValueKind.JSON].last == {"v": 599}
        assert len(found) == 6

    # -- console -----------------------------------------------------------------------------

    def test_console_pages_count_from_the_start_or_from_the_end(self, store: HistoryStore) -> None:
        """Pages beyond either end are cut, never wrapped."""
        lines = [_line(f"line {number}") for number in range(25)]
        store.append(Append(RUN, STREAM, 0, 10, console=lines[:10]))
        store.append(Append(RUN, STREAM, 10, 20, console=lines[10:]))

        def page(first: int, limit: int) -> tuple[int, int, list[str]]:
            found = store.console(RUN, first, limit)
            return found.first, found.total, [line.text for line in found.lines]

        texts = [line.text for line in lines]
        assert page(0, 100) == (0, 25, texts)
        assert page(8, 4) == (8, 25, texts[8:12])
        assert page(-3, 100) == (22, 25, texts[-3:])
        assert page(-100, 2) == (0, 25, texts[:2])
        assert page(25, 10) == (25, 25, [])
        assert page(99, 10) == (25, 25, [])
        assert page(0, 0) == (0, 25, [])
        assert store.console(RUN, 8, 1).lines == [lines[8]]

    def test_a_partial_line_grows_by_the_next_one_of_its_stream_and_channel(
        self, store: HistoryStore
    ) -> None:
        """Other streams and channels print in between without breaking into it."""
        store.append(Append(RUN, STREAM, 0, 10, console=[_line("a"), _line("50 %", partial=True)]))
        store.append(Append(RUN, "two", 0, 10, console=[_line("other"), _line("x", partial=True)]))
        store.append(
            Append(
                RUN,
                STREAM,
                10,
                20,
                console=[
                    _line("error", channel="stderr"),
                    _line(" 70 %", partial=True),
                    _line(" done"),
                    _line("next"),
                ],
            )
        )

        found = [(line.text, line.partial) for line in store.console(RUN, 0, 100).lines]
        assert found == [
            ("a", False),
            ("50 % 70 % done", False),
            ("other", False),
            ("x", True),
            ("error", False),
            ("next", False),
        ]

    # -- life --------------------------------------------------------------------------------

    def test_a_store_that_is_opened_again_answers_as_before(self, tmp_path: Path) -> None:
        """Rows in every form, keys, lines, console, schemas and offsets."""
        store = self.make_store(tmp_path)
        writer = RunWriter(store, RUN)
        writer.log_in_batches(plain_rows(600), 50)
        self.settle(store, RUN)
        writer.log_in_batches(plain_rows(77, 600), 20)
        schema = Schema(3, "q", "d", ("loss",))
        end = writer.offset + 5
        store.append(Append(RUN, STREAM, writer.offset, end, [schema], None, [_line("hi")]))
        query = ChartQuery({RUN: STARTED}, ["loss", "val"], max_buckets=40)

        def answers(store: HistoryStore) -> list[Any]:
            lines = [
                (line.key, line.num_points, line.x.tolist(), line.mean.tolist())
                for line in store.lines(query)
            ]
            keys, rows = store.keys([RUN]), rows_of(list(store.scan(RUN)))
            numbers = (store.num_rows([RUN]), store.offset(RUN, STREAM))
            return [
                lines,
                keys,
                rows,
                numbers,
                store.schemas(RUN, STREAM),
                store.console(RUN, 0, 9),
            ]

        before = answers(store)
        store.close()
        store = self.make_store(tmp_path)
        after = answers(store)
        with pytest.raises(OffsetMismatchError):
            store.append(writer.next_append(plain_rows(1)))
        store.close()

        assert after == before
        assert before[3] == ({RUN: 677}, end)

    def test_eight_threads_append_while_charts_are_drawn(self, store: HistoryStore) -> None:
        """Nothing is lost or mixed up, and readers never see rows out of a batch."""
        writers = [RunWriter(store, RunUid(f"run-{index}"), f"s{index}") for index in range(8)]
        shared = [RunWriter(store, RUN, f"s{index}") for index in range(8)]
        failures: list[BaseException] = []
        done = threading.Event()

        def write(index: int) -> None:
            try:
                for first in range(0, 400, 20):
                    writers[index].log(plain_rows(20, first))
                    shared[index].log(plain_rows(20, first))
            except BaseException as error:  # noqa: BLE001 (handed to the test)
                failures.append(error)

        def read() -> None:
            try:
                while not done.is_set():
                    before = store.num_rows([RUN])[RUN]
                    query = ChartQuery({RUN: STARTED}, ["loss"], TIMESTAMP, max_buckets=10**6)
                    line = line_of(store, query)
                    assert before <= (line.num_points if line else 0)
                    assert not line or line.num_points % 20 == 0
            except BaseException as error:  # noqa: BLE001 (handed to the test)
                failures.append(error)

        reader = threading.Thread(target=read)
        threads = [threading.Thread(target=write, args=(index,)) for index in range(8)]
        for thread in (reader, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        reader.join()

        assert failures == []
        for writer in writers:
            assert rows_of(list(store.scan(writer.run))) == writer.rows
        assert store.num_rows([RUN]) == {RUN: 3200}
        steps = sorted(row[STEP] for row in rows_of(list(store.scan(RUN))))
        assert steps == sorted(list(range(400)) * 8)

    def test_a_deleted_run_is_forgotten_and_its_neighbour_is_not(self, store: HistoryStore) -> None:
        """The same name may then be used again, from offset 0."""
        neighbour = RunUid("run-b")
        for run in (RUN, neighbour):
            writer = RunWriter(store, run)
            writer.log_in_batches(plain_rows(400), 50)
            self.settle(store, run)
            writer.log(plain_rows(30, 400))
            end = writer.offset + 1
            store.append(Append(run, STREAM, writer.offset, end, console=[_line("x")]))

        store.delete(RUN)

        self.test_an_unknown_run_has_nothing(store)
        assert len(rows_of(list(store.scan(neighbour)))) == 430
        assert store.console(neighbour, 0, 10).total == 1
        RunWriter(store, RUN).log(plain_rows(3))
        assert rows_of(list(store.scan(RUN))) == plain_rows(3)


def _line(text: str, channel: str = "stdout", partial: bool = False) -> ConsoleLine:
    return ConsoleLine(channel, text, STARTED, partial)
