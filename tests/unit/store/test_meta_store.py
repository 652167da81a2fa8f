from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runwake.errors import ConflictError, NotFoundError, StorageFullError, StoreBusyError
from runwake.model.run import RunState
from runwake.store.meta.sql_store import SqlMetaStore
from runwake.store.ports import (
    AlertRecord,
    ApiKeyRecord,
    BlobRecord,
    FileRecord,
    ProcessRecord,
    RunRecord,
    RunUid,
    SessionRecord,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlMetaStore]:
    opened = SqlMetaStore.open_sqlite(tmp_path / "meta.sqlite")
    yield opened
    opened.close()


def run(run_id: str, **fields: Any) -> RunRecord:
    fields.setdefault("project", "p")
    return RunRecord(
        RunUid("uid-" + run_id),
        "e",
        id=run_id,
        name=run_id,
        state=RunState.RUNNING,
        started_at=1.0,
        updated_at=2.0,
        heartbeat_at=3.0,
        **fields,
    )


def add(store: SqlMetaStore, *runs: RunRecord) -> None:
    with store.write() as tx:
        for one in runs:
            tx.ensure_project(one.entity, one.project, 0.5)
            tx.add_run(one)


def test_a_run_comes_back_as_it_was_saved(store: SqlMetaStore) -> None:
    whole = run(
        "r",
        finished_at=4.5,
        group="g",
        job_type="j",
        tags=("a", "b"),
        notes="n",
        host="h",
        config={"a": {"b": [1, 2.5, None, True, "x"]}, "big": 2**63},
        summary={"é": "NaN"},
        metric_definitions={"x": {"hidden": True}},
        last_step=7.5,
        exit_code=-9,
        exit_reason="r",
        traceback="t",
        stop_requested=True,
    )
    add(store, whole)

    with store.read() as tx:
        found = tx.run("e", "p", "r")

    assert found == replace(whole, change=1)


def test_nothing_of_a_failed_transaction_stays(store: SqlMetaStore) -> None:
    def fail() -> None:
        with store.write() as tx:
            tx.ensure_project("e", "p", 0.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with store.read() as tx:
        assert tx.projects() == []


def test_a_run_id_is_taken_once_per_project(store: SqlMetaStore) -> None:
    add(store, run("r"))

    with pytest.raises(ConflictError):
        add(store, replace(run("r"), uid=RunUid("other")))
    add(store, replace(run("r", project="q"), uid=RunUid("other")))


def test_changes_are_numbered_by_transaction_and_none_is_missed(store: SqlMetaStore) -> None:
    add(store, run("a"), run("b"))
    with store.read() as tx:
        start = tx.changes("e", "p", 0)
    assert [one.id for one in start.runs] == ["a", "b"]

    with store.write() as tx:
        tx.save_run(replace(run("b"), name="new"))
    with store.write() as tx:
        tx.delete_run(RunUid("uid-a"))

    with store.read() as tx:
        later = tx.changes("e", "p", start.position)
        assert [one.name for one in later.runs] == ["new"]
        assert later.deleted == ["a"]
        assert tx.changes("e", "p", later.position) == replace(later, runs=[], deleted=[])


def test_a_deleted_run_takes_all_of_its_own_along(store: SqlMetaStore) -> None:
    add(store, run("r"))
    uid = RunUid("uid-r")
    process = ProcessRecord("w", "writer", 1.0, watermark=5, args=("x",), console={"o": ("t", 1.5)})
    with store.write() as tx:
        tx.save_process(uid, process)
        tx.save_process(uid, replace(process, watermark=9))
        tx.save_files(uid, [FileRecord("f", "0" * 64, 1, "text/plain", "file", 1.0)])
        tx.add_alerts(uid, [AlertRecord(1.0, "t", "x", "INFO")])
    with store.read() as tx:
        assert tx.process(uid, "w") == replace(process, watermark=9)
        assert len(tx.files(uid)) == len(tx.alerts(uid)) == 1
        assert not tx.is_deleted_stream("e", "p", "r", "w")

    for _ in range(2):
        with store.write() as tx:
            tx.delete_run(uid)

    with store.read() as tx:
        assert tx.run("e", "p", "r") is None
        assert (tx.processes(uid), tx.files(uid), tx.alerts(uid)) == ([], [], [])
        assert tx.is_deleted_stream("e", "p", "r", "w")
        assert not tx.is_deleted_stream("e", "p", "r", "v")


def test_an_id_may_be_deleted_again_and_again(store: SqlMetaStore) -> None:
    for number in range(3):
        uid = RunUid(f"uid-{number}")
        add(store, replace(run("r"), uid=uid))
        with store.write() as tx:
            tx.save_process(uid, ProcessRecord("w", "writer", 1.0))
            tx.delete_run(uid)

    with store.read() as tx:
        assert tx.changes("e", "p", 0).deleted == ["r"]


def test_projects_are_ordered_by_their_last_activity(store: SqlMetaStore) -> None:
    add(store, run("a", project="old"), replace(run("b", project="new"), updated_at=9.0))
    with store.write() as tx:
        tx.ensure_project("e", "empty", 5.0)
        tx.ensure_project("e", "empty", 6.0)

    with store.read() as tx:
        assert [(p.name, p.num_runs, p.last_activity_at) for p in tx.projects()] == [
            ("new", 1, 9.0),
            ("empty", 0, None),
            ("old", 1, 2.0),
        ]


def test_many_runs_can_be_named_at_once(store: SqlMetaStore) -> None:
    add(store, *(run(f"r{i}") for i in range(20)))

    with store.read() as tx:
        named = [f"r{i}" for i in range(2_000)]
        assert len(tx.runs("e", "p", named)) == 20
        assert tx.runs("e", "p", []) == []


def test_blobs_belong_to_projects_that_are_there(store: SqlMetaStore) -> None:
    blob = BlobRecord("0" * 64, 5, "image/png")
    with pytest.raises(NotFoundError), store.write() as tx:
        tx.save_blob("e", "p", blob)
    with store.write() as tx:
        tx.ensure_project("e", "p", 0.0)
        tx.ensure_project("e", "q", 0.0)
        tx.save_blob("e", "p", blob)
        tx.save_blob("e", "p", blob)

    with store.read() as tx:
        assert tx.blob("e", "p", blob.digest) == blob
        assert tx.blob("e", "q", blob.digest) is None


def test_expired_sessions_go_when_a_new_one_comes(store: SqlMetaStore) -> None:
    with store.write() as tx:
        assert not tx.has_api_keys()
        tx.add_api_key(ApiKeyRecord("id", "hash", "name", 0.0))
        tx.add_session(SessionRecord("old", "id", 10.0), 0.0)
        tx.add_session(SessionRecord("new", "id", 30.0), 20.0)

    with store.read() as tx:
        assert tx.has_api_keys()
        assert tx.session("old") is None
        assert tx.session("new") == SessionRecord("new", "id", 30.0)


def test_another_programs_lock_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "meta.sqlite"
    store = SqlMetaStore.open_sqlite(path, busy_timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreBusyError), store.write():
        pass

    other.execute("ROLLBACK")
    with store.write() as tx:
        tx.ensure_project("e", "p", 0.0)
    other.close()
    store.close()


def test_a_full_disk_is_said_to_be_one_and_nothing_is_lost(tmp_path: Path) -> None:
    store = SqlMetaStore.open_sqlite(tmp_path / "meta.sqlite", max_pages=60)
    add(store, run("r"))

    with pytest.raises(StorageFullError), store.write() as tx:
        tx.save_run(replace(run("r"), notes="x" * 1_000_000))

    with store.read() as tx:
        found = tx.run("e", "p", "r")
    assert found is not None
    assert found.notes is None
    store.close()
