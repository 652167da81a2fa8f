"""Benchmark of the embedded history store: ingest, charts, scans, bytes. Prints one JSON object.

    python benchmarks/history_store.py [--rows 1000000] [--dir DIR]

Every figure that depends on the machine stands next to a floor measured in the same process: the
same bytes put into SQLite with the same grouping for writes, `numpy.min` over the same values in
memory for charts. The ratio to the floor is what can be compared between machines.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runwake.model.keys import STEP, ValueKind
from runwake.store.columns import Column, RowBatch
from runwake.store.history.store import EmbeddedHistoryStore
from runwake.store.history.tail import pack
from runwake.store.ports import Append, ChartQuery, RunUid

STARTED = 1.7e9
THREADS = 8
Figures = dict[str, Any]


def realistic_values(rng: np.random.Generator, first: int, count: int, index: int) -> Column:
    """Return a column like those that training loops log: five kinds of numbers in turn."""
    steps = np.arange(first, first + count)
    key = f"metric/{index}"
    values: npt.NDArray[np.float64]
    if index % 5 == 0:  # a float32 loss
        values = (2.0 * np.exp(-steps / 2e5) + 0.05 * rng.normal(size=count)).astype(np.float32)
    elif index % 5 == 1:  # an accuracy of 256 examples
        values = rng.integers(0, 257, count) / 256
    elif index % 5 == 2:  # a cosine schedule
        values = 1e-3 * (1 + np.cos(steps / 1e5)) / 2
    elif index % 5 == 3:
        return Column(key, ValueKind.INT, None, steps // 1000)
    else:  # a gradient norm in float64
        values = np.abs(rng.normal(size=count)) * 3
    return Column(key, ValueKind.FLOAT, None, values.astype(np.float64))


def make_batch(rng: np.random.Generator, first: int, count: int, num_keys: int) -> RowBatch:
    """Return rows with jittering times."""
    steps = np.arange(first, first + count)
    times = STARTED + steps * 0.1 + rng.random(count) * 0.01
    columns = [realistic_values(rng, first, count, index) for index in range(num_keys)]
    return RowBatch(steps, times, columns)


def seconds_of(function: Callable[[], object], repeats: int = 15) -> dict[str, float]:
    """Return median and worst duration of a call, after one to warm up."""
    function()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        durations.append(time.perf_counter() - start)
    durations.sort()
    return {"p50_ms": 1e3 * durations[repeats // 2], "max_ms": 1e3 * durations[-1]}


def run_threads(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(index,)) for index in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure_ingest(folder: Path, num_runs: int, rows_per_run: int) -> Figures:
    """Many runs at once, 20 keys, batches of 25 rows, until all rows are in segments."""
    num_keys, batch_rows = 20, 25
    rng = np.random.default_rng(0)
    path = folder / f"ingest-{rows_per_run}.db"
    # A pool of batches, so that making numbers is not what is measured.
    pool = [make_batch(rng, first, batch_rows, num_keys) for first in range(0, 2000, batch_rows)]
    store = EmbeddedHistoryStore(path)
    latencies: list[float] = []

    def feed(thread: int) -> None:
        runs = [RunUid(f"run-{index}") for index in range(thread, num_runs, THREADS)]
        own = []
        for number in range(rows_per_run // batch_rows):
            batch = pool[number % len(pool)]
            for run in runs:
                start = time.perf_counter()
                store.append(Append(run, "main", number * 100, number * 100 + 100, (), batch))
                own.append(time.perf_counter() - start)
        latencies.extend(own)

    cpu = time.process_time()
    start = time.perf_counter()
    run_threads(feed)
    appended = time.perf_counter() - start
    for index in range(num_runs):
        store.compact(RunUid(f"run-{index}"))
    total = time.perf_counter() - start
    cpu = time.process_time() - cpu
    store.close()
    points = num_runs * rows_per_run * num_keys
    bodies = [pack(batch) for batch in pool]
    floor = insert_floor(folder / "floor.db", bodies, points // (batch_rows * num_keys))
    latencies.sort()
    return {
        "points": points,
        "append_mpoints_per_s": points / appended / 1e6,
        "with_compaction_mpoints_per_s": points / total / 1e6,
        "mpoints_per_cpu_s": points / cpu / 1e6,
        "ack_p50_ms": 1e3 * latencies[len(latencies) // 2],
        "ack_p99_ms": 1e3 * latencies[len(latencies) * 99 // 100],
        "ack_max_ms": 1e3 * latencies[-1],
        "bytes_per_point": used_bytes(path) / points,
        "floor_sqlite_insert_mpoints_per_s": points / floor / 1e6,
        "times_the_floor": total / floor,
    }


def insert_floor(path: Path, bodies: Sequence[bytes], count: int) -> float:
    """Return the seconds that SQLite takes to store as many bodies of the same bytes."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE body (id INTEGER PRIMARY KEY, body BLOB)")
    start = time.perf_counter()
    for first in range(0, count, THREADS):
        connection.execute("BEGIN")
        for number in range(first, min(first + THREADS, count)):
            connection.execute(
                "INSERT INTO body (body) VALUES (?)", (bodies[number % len(bodies)],)
            )
        connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    path.unlink()
    return seconds


def measure_paced_acks(folder: Path, rate: int = 200, seconds: int = 10) -> Figures:
    """Batches of 50 rows x 20 keys at a fixed rate from 200 runs: latency and CPU share."""
    store = EmbeddedHistoryStore(folder / "paced.db")
    rng = np.random.default_rng(1)
    batch = make_batch(rng, 0, 50, 20)
    latencies: list[float] = []

    def feed(thread: int) -> None:
        own = []
        start = time.perf_counter()
        for number in range(rate * seconds // THREADS):
            due = start + (number * THREADS + thread) / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            run = RunUid(f"run-{thread}-{number % (200 // THREADS)}")
            offset = number // (200 // THREADS) * 100
            begin = time.perf_counter()
            store.append(Append(run, "main", offset, offset + 100, (), batch))
            own.append(time.perf_counter() - begin)
        latencies.extend(own)

    cpu, start = time.process_time(), time.perf_counter()
    run_threads(feed)
    share = (time.process_time() - cpu) / (time.perf_counter() - start)
    store.close()
    latencies.sort()
    return {
        "batches_per_s": rate,
        "points_per_s": rate * 1000,
        "cores": share,
        "ack_p50_ms": 1e3 * latencies[len(latencies) // 2],
        "ack_p99_ms": 1e3 * latencies[len(latencies) * 99 // 100],
    }


def used_bytes(path: Path) -> int:
    """Return the bytes of all pages that hold something."""
    connection = sqlite3.connect(path)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    return int((pages - free) * size)


def load(store: EmbeddedHistoryStore, runs: Sequence[RunUid], rows: int, num_keys: int) -> Figures:
    """Fill long runs and compact them; return the speed."""
    rng = np.random.default_rng(2)
    step = min(rows, 20_000)
    start = time.perf_counter()
    for run in runs:
        for first in range(0, rows, step):
            batch = make_batch(rng, first, min(step, rows - first), num_keys)
            store.append(Append(run, "main", first, first + step, (), batch))
        store.compact(run)
    points = len(runs) * rows * num_keys
    return {"points": points, "load_mpoints_per_s": points / (time.perf_counter() - start) / 1e6}


def chart(
    store: EmbeddedHistoryStore, runs: Sequence[RunUid], low: float | None, high: float | None
) -> Callable[[], object]:
    query = ChartQuery(dict.fromkeys(runs, STARTED), ["metric/0"], STEP, low, high, 1000)
    return lambda: store.lines(query)


def with_floor(figures: dict[str, float], num_values: int) -> Figures:
    values = np.random.default_rng(3).normal(size=num_values)
    floor = seconds_of(values.min)["p50_ms"]
    ratio = figures["p50_ms"] / floor
    return {**figures, "floor_numpy_min_ms": floor, "times_the_floor": ratio}


def measure_charts(folder: Path, rows: int) -> Figures:
    """Charts of ten long runs, of one ten times as long, and of a part of each."""
    figures: Figures = {}
    path = folder / "long.db"
    store = EmbeddedHistoryStore(path)
    runs = [RunUid(f"long-{index}") for index in range(10)]
    figures["ten_runs_load"] = load(store, runs, rows, 5)
    figures["ten_runs"] = with_floor(seconds_of(chart(store, runs, None, None)), 10 * rows)
    middle, width = rows / 2, rows / 1000
    zoom = chart(store, runs, middle, middle + width)
    figures["ten_runs_zoom_0.1_percent"] = with_floor(seconds_of(zoom), int(10 * width))
    zoom = chart(store, runs, middle, middle + rows / 10)
    figures["ten_runs_zoom_10_percent"] = with_floor(seconds_of(zoom), rows)
    figures["keys_of_ten_runs"] = seconds_of(lambda: store.keys(runs))
    start = time.perf_counter()
    scanned = sum(batch.num_rows for batch in store.scan(runs[0]))
    figures["scan_mrows_per_s"] = scanned / (time.perf_counter() - start) / 1e6
    figures["bytes_per_point_5_keys_with_step_and_time"] = used_bytes(path) / (10 * rows * 5)
    start = time.perf_counter()
    store.delete(runs[0])
    figures["delete_a_run_ms"] = 1e3 * (time.perf_counter() - start)
    store.close()
    path.unlink()
    store = EmbeddedHistoryStore(path)
    figures["one_run_ten_times_as_long_load"] = load(store, runs[:1], 10 * rows, 1)
    once = seconds_of(chart(store, runs[:1], None, None))
    figures["one_run_ten_times_as_long"] = with_floor(once, 10 * rows)
    store.close()
    figures["bytes_per_point_1_key_with_step_and_time"] = used_bytes(path) / (10 * rows)
    figures["file_bytes_per_point_1_key"] = path.stat().st_size / (10 * rows)
    start = time.perf_counter()
    EmbeddedHistoryStore(path).close()
    figures["open_and_close_ms"] = 1e3 * (time.perf_counter() - start)
    path.unlink()
    return figures


def measure_many_runs(folder: Path, num_runs: int) -> Figures:
    """All points of many short runs."""
    store = EmbeddedHistoryStore(folder / "many.db")
    runs = [RunUid(f"short-{index}") for index in range(num_runs)]
    figures = load(store, runs, 1000, 10)
    figures.update(with_floor(seconds_of(chart(store, runs, None, None), 7), num_runs * 1000))
    store.close()
    figures["bytes_per_point"] = used_bytes(folder / "many.db") / figures["points"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a long run")
    parser.add_argument("--ingest-rows", type=int, default=5000, help="rows per run at ingest")
    parser.add_argument("--runs", type=int, default=1000, help="number of short runs")
    parser.add_argument("--dir", type=Path, help="where to put the files (default: temporary)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="runwake-bench-", dir=arguments.dir))
    try:
        figures: Figures = {
            "machine": {
                "cores": os.cpu_count(),
                "load": os.getloadavg()[0],
                "python": platform.python_version(),
                "sqlite": sqlite3.sqlite_version,
            },
            "ingest_200_runs_of_50_rows": measure_ingest(folder, 200, 50),
            f"ingest_200_runs_of_{arguments.ingest_rows}_rows": measure_ingest(
                folder, 200, arguments.ingest_rows
            ),
            "acks_at_200_batches_per_s": measure_paced_acks(folder),
            f"charts_of_{arguments.rows}_rows": measure_charts(folder, arguments.rows),
            f"chart_of_{arguments.runs}_runs_of_1000_rows": measure_many_runs(
                folder, arguments.runs
            ),
        }
    finally:
        shutil.rmtree(folder)
    rounded = json.loads(json.dumps(figures), parse_float=lambda text: float(f"{float(text):.4g}"))
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
