"""Every step of ingest fails once, before or after it took effect. Everything arrives once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from runwake.errors import OffsetMismatchError, StoreBusyError
from runwake.model.run import RunState
from runwake.store.meta.sql_store import SqlMetaStore
from runwake.store.ports import Append, MetaRead, MetaWrite
from runwake.testing.logs import LogBuilder
from runwake.testing.memory_history import MemoryHistoryStore
from runwake.tracking.ingest import Ingest
from runwake.tracking.projection import StreamPath
from runwake.tracking.runs import Runs
from runwake.wire.records import Alert, Console, MetricDefinition

PATH = StreamPath("local", "demo", "r1", "w1")


class PowerCutError(Exception):
    """The process ended here."""


@dataclass
class Fuse:
    """Blows at the n-th of all store calls that change something."""

    calls_left: int
    is_late: bool

    def before(self) -> None:
        self.calls_left -= 1
        if self.calls_left == 0 and not self.is_late:
            raise PowerCutError

    def after(self) -> None:
        if self.calls_left == 0 and self.is_late:
            raise PowerCutError


class CutHistory(MemoryHistoryStore):
    """A history store on a machine whose power may fail."""

    fuse: Fuse | None = None

    def append(self, append: Append) -> None:
        if self.fuse:
            self.fuse.before()
        super().append(append)
        if self.fuse:
            self.fuse.after()


class CutMeta:
    """A metadata store on a machine whose power may fail."""

    def __init__(self, store: SqlMetaStore) -> None:
        self._store = store
        self.fuse: Fuse | None = None

    @contextmanager
    def read(self) -> Iterator[MetaRead]:
        with self._store.read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[MetaWrite]:
        with self._store.write() as tx:
            yield tx
            if self.fuse:
                self.fuse.before()
        if self.fuse:
            self.fuse.after()

    def check(self) -> None:
        self._store.check()

    def close(self) -> None:
        self._store.close()


def example_log() -> tuple[LogBuilder, list[int]]:
    """A log and the offsets at which it is cut into ranges."""
    log = LogBuilder(host="box").record(MetricDefinition(name="a", summary=["mean", "last"]))
    log.row({"a": 1}, 0, is_open=True)
    log.record(Console(channel="stdout", text="one\nhalf", time=1.0))
    cuts = [len(log)]
    log.row({"b": 2}, 0, is_open=True).row({"a": 3}, 1)
    log.record(Alert(title="once", time=1.0))
    log.record(Console(channel="stdout", text=" and half\n", time=2.0))
    cuts.append(len(log))
    log.row({"a": 4}, 2, is_open=True)
    log.record(Console(channel="stdout", text="never ended", time=3.0))
    cuts.append(len(log))
    return log, cuts


def ship(ingest: Ingest, log: LogBuilder, cuts: list[int], known: int) -> int:
    """Ship what is not acknowledged, range by range; return what is."""
    for end in cuts:
        while known < end or end == len(log):
            try:
                is_final = end == len(log)
                known = ingest.apply(PATH, known, log.data[known:end], final=is_final).offset
            except OffsetMismatchError as error:
                known = error.expected
                continue
            break  # an open row is held back: the next range brings the rest
    return known


@pytest.mark.parametrize("is_late", [False, True])
def test_a_crash_at_any_step_loses_nothing_and_doubles_nothing(
    tmp_path: Path, is_late: bool
) -> None:
    log, cuts = example_log()
    num_crashes = 0
    for nth in range(1, 100):
        sql = SqlMetaStore.open_sqlite(tmp_path / f"meta-{nth}.sqlite")
        meta, history = CutMeta(sql), CutHistory()
        meta.fuse = history.fuse = Fuse(nth, is_late)
        ingest = Ingest(meta, history, lambda: 5_000.0)
        try:
            known = ship(ingest, log, cuts, 0)
        except PowerCutError:
            num_crashes += 1
            meta.fuse = history.fuse = None
            restarted = Ingest(meta, history, lambda: 6_000.0)
            known = ship(restarted, log, cuts, restarted.stand(PATH).offset)
        assert known == len(log)
        check_all_arrived_once(Runs(meta, history))
        sql.close()
        if num_crashes < nth:
            break  # the fuse did not blow any more: every step has failed once
    assert num_crashes >= 8


def check_all_arrived_once(runs: Runs) -> None:
    rows = runs.history("local", "demo", "r1").rows
    assert [(row.step, dict(row.values)) for row in rows] == [
        (0, {"a": 1, "b": 2}),
        (1, {"a": 3}),
        (2, {"a": 4}),
    ]
    page = runs.console("local", "demo", "r1", first=0, limit=100)
    lines = [numbered.line.text for numbered in page.lines]
    assert lines == ["one", "half and half", "never ended"]
    detail = runs.detail("local", "demo", "r1")
    record = detail.view.record
    assert record.summary == {"a": {"mean": 8 / 3, "last": 4}, "b": 2}
    assert record.state is RunState.CRASHED
    assert detail.processes[0].damaged_bytes == 0
    with runs._meta.read() as tx:
        assert len(tx.alerts(record.uid)) == 1


def test_a_range_that_another_server_applied_meanwhile_is_not_applied_again(
    tmp_path: Path,
) -> None:
    log, cuts = example_log()
    store = SqlMetaStore.open_sqlite(tmp_path / "meta.sqlite")
    history = MemoryHistoryStore()
    log_end = cuts[0]

    class Racing(CutMeta):
        """Before its last transaction, another server applies the same range."""

        num_writes = 0

        @contextmanager
        def write(self) -> Iterator[MetaWrite]:
            self.num_writes += 1
            if self.num_writes == 2:
                other = Ingest(store, MemoryHistoryStore(), lambda: 1.0)
                other.apply(PATH, 0, log.data[:log_end], final=False)
            with store.write() as tx:
                yield tx

    slow = Ingest(Racing(store), history, lambda: 2.0)

    with pytest.raises(StoreBusyError):
        slow.apply(PATH, 0, log.data[:log_end], final=False)
    store.close()
