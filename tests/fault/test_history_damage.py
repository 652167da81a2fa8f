from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from runwake.errors import ConflictError, StorageFullError, StoreError
from runwake.store.history.options import HistoryOptions
from runwake.store.history.store import EmbeddedHistoryStore
from runwake.store.ports import Append, ChartQuery, ConsoleLine, RunUid
from runwake.testing.history_oracle import Row, RunWriter, batch_of, rows_of

RUN = RunUid("run")
SMALL = HistoryOptions(segment_rows=256, merge_rows=4096)


def noise_rows(count: int, first: int = 0) -> list[Row]:
    rng = np.random.default_rng(first)
    return [
        {"_step": step, "_timestamp": float(step), "a": float(rng.normal()), "b": float(step)}
        for step in range(first, first + count)
    ]


def log_until_full(writer: RunWriter) -> None:
    for first in range(0, 10**6, 100):
        writer.log(noise_rows(100, first))
    pytest.fail("a file of limited size never filled up")


def test_a_full_disk_refuses_appends_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    limited = HistoryOptions(segment_rows=10**6, max_size_bytes=600_000)
    store = EmbeddedHistoryStore(path, limited)
    writer = RunWriter(store, RUN)

    with pytest.raises(StorageFullError, match="no space is left"):
        log_until_full(writer)

    assert len(writer.rows) > 100
    assert rows_of(list(store.scan(RUN))) == writer.rows
    assert store.offset(RUN, writer.stream) == writer.offset
    with pytest.raises(StorageFullError):
        writer.log(noise_rows(1000))
    store.close()

    store = EmbeddedHistoryStore(path)
    writer.store = store
    assert rows_of(list(store.scan(RUN))) == writer.rows
    writer.log(noise_rows(100, 7))
    store.compact(RUN)
    assert rows_of(list(store.scan(RUN))) == writer.rows
    store.close()


def test_an_append_that_is_too_large_does_not_fail_its_neighbours(tmp_path: Path) -> None:
    store = EmbeddedHistoryStore(tmp_path / "history.db", HistoryOptions(max_size_bytes=1_000_000))
    text = np.random.default_rng(0).bytes(2_000_000).hex()
    large = Append(RunUid("large"), "main", 0, 9, console=[ConsoleLine("stdout", text, 0.0)])
    small = [
        Append(RunUid(f"small-{index}"), "main", 0, 9, rows=batch_of(noise_rows(2)))
        for index in range(20)
    ]
    outcomes: dict[str, str] = {}

    def append(one: Append) -> None:
        try:
            store.append(one)
            outcomes[one.run] = "stored"
        except StorageFullError:
            outcomes[one.run] = "refused"

    threads = [threading.Thread(target=append, args=(one,)) for one in [*small, large]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.pop("large") == "refused"
    assert set(outcomes.values()) == {"stored"}
    assert store.num_rows([RunUid("large")]) == {"large": 0}
    assert store.console(RunUid("large"), 0, 1).total == 0
    store.close()


def damage(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.create_function("damaged", 1, lambda blob: blob[:-1] + bytes([blob[-1] ^ 255]))
        assert connection.execute(statement).rowcount > 0
    connection.close()


def settled_store(path: Path) -> RunWriter:
    store = EmbeddedHistoryStore(path, SMALL)
    for run in (RunUid("other"), RUN):
        writer = RunWriter(store, run)
        writer.log_in_batches(noise_rows(1000), 100)
        store.compact(run)
    return writer


def test_a_damaged_chunk_costs_its_rows_and_breaks_no_chart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.db"
    writer = settled_store(path)
    store = writer.store
    damage(
        path,
        "UPDATE chunk SET data = damaged(data) WHERE row0 = 256 AND run = "
        "(SELECT id FROM run WHERE uid = 'run') AND key = (SELECT id FROM key WHERE name = 'a')",
    )

    with caplog.at_level(logging.ERROR):
        lines = store.lines(ChartQuery({RunUid("other"): 0.0, RUN: 0.0}, ["a", "b"]))
        rows = rows_of(list(store.scan(RUN)))

    assert [(line.run, line.key, line.num_points) for line in lines] == [
        ("other", "a", 1000),
        ("other", "b", 1000),
        ("run", "a", 744),
        ("run", "b", 1000),
    ]
    expected = [dict(row) for row in writer.rows]
    for row in expected[256:512]:
        del row["a"]
    assert rows == expected
    assert "fails its checksum" in caplog.text
    store.close()


def test_damaged_steps_leave_other_columns_readable(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = settled_store(path).store
    damage(path, "UPDATE chunk SET data = damaged(data) WHERE row0 = 0 AND key = 1")

    (line,) = store.lines(ChartQuery({RUN: 0.0}, ["a"]))
    batches = list(store.scan(RUN))

    assert line.num_points == 744
    assert np.isnan(batches[0].steps).all()
    assert sum(batch.num_rows for batch in batches) == 1000
    store.close()


def test_a_damaged_level_of_detail_is_replaced_by_the_points(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = settled_store(path).store
    query = ChartQuery({RUN: 0.0}, ["a"], max_buckets=3)
    (before,) = store.lines(query)
    damage(path, "UPDATE chunk SET lod1 = damaged(lod1), lod2 = damaged(lod2) WHERE lod1 NOTNULL")

    (after,) = store.lines(query)

    assert after.minimum.min() == before.minimum.min()
    assert after.maximum.max() == before.maximum.max()
    assert after.count.sum() == 1000
    store.close()


def test_a_damaged_tail_costs_its_own_batch(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = EmbeddedHistoryStore(path)
    writer = RunWriter(store, RUN)
    writer.log_in_batches(noise_rows(300), 100)
    store.close()
    damage(path, "UPDATE tail SET body = damaged(body) WHERE row0 = 100")

    store = EmbeddedHistoryStore(path)

    assert store.num_rows([RUN]) == {RUN: 300}
    (line,) = store.lines(ChartQuery({RUN: 0.0}, ["a"]))
    assert line.x.tolist() == [*range(100), *range(200, 300)]
    store.close()


def test_a_damaged_short_segment_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = EmbeddedHistoryStore(path, SMALL)
    writer = RunWriter(store, RUN)
    writer.log(noise_rows(100))
    store.compact(RUN)
    damage(
        path,
        "UPDATE chunk SET data = damaged(data) WHERE key = (SELECT id FROM key WHERE name = 'a')",
    )
    writer.log(noise_rows(100, 100))

    store.compact(RUN)

    lines = store.lines(ChartQuery({RUN: 0.0}, ["a", "b"]))
    assert [(line.key, line.num_points) for line in lines] == [("a", 100), ("b", 200)]
    store.close()


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = EmbeddedHistoryStore(path)
    code = (
        "import sys; from pathlib import Path\n"
        "from runwake.store.history.store import EmbeddedHistoryStore\n"
        "EmbeddedHistoryStore(Path(sys.argv[1]))"
    )

    other = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )

    assert other.returncode == 1
    assert "is in use by another server (process " in other.stderr
    with pytest.raises(ConflictError):
        EmbeddedHistoryStore(path)
    store.close()
    EmbeddedHistoryStore(path).close()


def test_files_of_newer_versions_and_of_other_programs_are_refused(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    EmbeddedHistoryStore(newer).close()
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    no_database = tmp_path / "text.db"
    no_database.write_text("this is not a database, and long enough to be read as one\n" * 50)

    with pytest.raises(StoreError, match="newer Runwake"):
        EmbeddedHistoryStore(newer)
    with pytest.raises(StoreError, match="another program"):
        EmbeddedHistoryStore(foreign)
    with pytest.raises(StoreError, match="cannot be opened"):
        EmbeddedHistoryStore(no_database)


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    store = EmbeddedHistoryStore(tmp_path / "data" / "history.db")
    RunWriter(store, RUN).log(noise_rows(10))

    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "data").iterdir()}

    assert set(modes) >= {"history.db", "history.db-wal", "history.db.lock"}
    assert set(modes.values()) == {0o600}
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = EmbeddedHistoryStore(tmp_path / "history.db")
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.num_rows([RUN])
    with pytest.raises(StoreError, match="closed"):
        RunWriter(store, RUN).log(noise_rows(1))


def free_pages(path: Path) -> int:
    connection = sqlite3.connect(path)
    (number,) = connection.execute("PRAGMA freelist_count").fetchone()
    connection.close()
    return int(number)


def test_deleting_gives_space_back_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    store = EmbeddedHistoryStore(path, SMALL)
    RunWriter(store, RUN).log_in_batches(noise_rows(30_000), 5000)
    store.compact(RUN)
    store.close()
    full = path.stat().st_size
    store = EmbeddedHistoryStore(path, SMALL)

    store.delete(RUN)
    deadline = time.monotonic() + 20
    while free_pages(path) and time.monotonic() < deadline:
        time.sleep(0.01)
    store.close()

    assert path.stat().st_size < full / 3


def test_open_tails_are_bounded_by_compacting_them_early(tmp_path: Path) -> None:
    options = HistoryOptions(tail_bytes=50_000, segment_rows=10**6, backpressure_s=20)
    store = EmbeddedHistoryStore(tmp_path / "history.db", options)
    writers = [RunWriter(store, RunUid(f"run-{index}")) for index in range(4)]
    for first in range(0, 4000, 200):
        for writer in writers:
            writer.log(noise_rows(200, first))

    store.close()
    connection = sqlite3.connect(tmp_path / "history.db")
    (tail_rows,) = connection.execute("SELECT sum(num_rows - segment_rows) FROM run").fetchone()
    connection.close()

    # A row is 32 bytes; one batch may come after the bound was checked.
    assert tail_rows * 32 <= 50_000 + 200 * 32
