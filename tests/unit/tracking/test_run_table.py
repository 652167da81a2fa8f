from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runwake.model.run import RunState
from runwake.store.meta.sql_store import SqlMetaStore
from runwake.store.ports import RunRecord, RunUid
from runwake.tracking.run_table import RunTable


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlMetaStore]:
    opened = SqlMetaStore.open_sqlite(tmp_path / "meta.sqlite")
    yield opened
    opened.close()


def add(store: SqlMetaStore, run_id: str, project: str = "p", uid: str = "") -> RunRecord:
    run = RunRecord(
        RunUid(uid or f"{project}-{run_id}"),
        "e",
        project,
        run_id,
        run_id,
        RunState.RUNNING,
        started_at=0.0,
        updated_at=0.0,
        heartbeat_at=0.0,
    )
    with store.write() as tx:
        tx.ensure_project("e", project, 0.0)
        return tx.add_run(run)


def names(table: RunTable, store: SqlMetaStore, project: str = "p") -> list[str]:
    with store.read() as tx:
        found = table.runs(tx, "e", project)
        assert sorted(found, key=lambda run: run.id) == sorted(
            tx.runs("e", project), key=lambda run: run.id
        )
    return sorted(run.name for run in found)


def test_the_table_follows_every_change(store: SqlMetaStore) -> None:
    table = RunTable()
    assert names(table, store) == []
    a = add(store, "a")
    add(store, "b")
    assert names(table, store) == ["a", "b"]

    with store.write() as tx:
        tx.save_run(replace(a, name="renamed"))
    assert names(table, store) == ["b", "renamed"]

    with store.write() as tx:
        tx.delete_run(a.uid)
    assert names(table, store) == ["b"]

    add(store, "a", uid="again")
    with store.write() as tx:
        tx.delete_run(RunUid("p-b"))
    add(store, "b", uid="b-again")
    assert names(table, store) == ["a", "b"]


def test_projects_do_not_mix_and_old_ones_are_forgotten_and_read_again(
    store: SqlMetaStore,
) -> None:
    table = RunTable(max_runs=2)
    for project in ("p", "q"):
        add(store, "one", project)
        add(store, "two", project)

    for project in ("p", "q", "p", "q"):
        assert names(table, store, project) == ["one", "two"]


def test_a_transaction_that_began_earlier_takes_nothing_away(store: SqlMetaStore) -> None:
    table = RunTable()
    add(store, "a")
    with store.read() as early:
        assert early.position() == 1
        add(store, "b")
        assert names(table, store) == ["a", "b"]

        assert len(table.runs(early, "e", "p")) == 2

    add(store, "c")
    assert names(table, store) == ["a", "b", "c"]
