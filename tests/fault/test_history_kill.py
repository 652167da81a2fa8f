from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from runwake.store.history.options import HistoryOptions
from runwake.store.history.store import EmbeddedHistoryStore
from runwake.store.ports import Append, ConsoleLine, RunUid
from runwake.testing.history_oracle import Row, RunWriter, batch_of, rows_of

NUM_RUNS = 3
ROUNDS = 6
OPTIONS = HistoryOptions(
    segment_rows=64, merge_rows=256, idle_s=0.05, tick_s=0.02, checkpoint_bytes=200_000
)
ROWS_PER_BATCH = 10


def rows_from(first: int) -> list[Row]:
    return [
        {"_step": row, "_timestamp": float(row), "value": row * 0.5, "name": f"row {row}"}
        for row in range(first, first + ROWS_PER_BATCH)
    ]


def append_for_ever(store: EmbeddedHistoryStore, run: RunUid) -> None:
    row = store.num_rows([run])[run]
    offset = store.offset(run, "main")
    writer = RunWriter(store, run)
    while True:
        line = ConsoleLine("stdout", f"at {row}", float(row))
        rows = batch_of(rows_from(row))
        store.append(Append(run, writer.stream, offset, offset + 100, (), rows, [line]))
        offset += 100
        row += ROWS_PER_BATCH
        sys.stdout.write(f"{run} {row} {offset}\n")
        sys.stdout.flush()
        if row % (40 * ROWS_PER_BATCH) == 0:
            store.compact(run)


def run_appender() -> None:
    store = EmbeddedHistoryStore(Path(sys.argv[1]), OPTIONS)
    runs = [RunUid(f"run-{index}") for index in range(int(sys.argv[2]))]
    for run in runs[1:]:
        threading.Thread(target=append_for_ever, args=(store, run), daemon=True).start()
    append_for_ever(store, runs[0])


def kill_after(path: Path, seconds: float) -> dict[str, tuple[int, int]]:
    """Start an appender, kill it so long after its first answer, return rows and offset by run."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(path), str(NUM_RUNS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        first = process.stdout.readline()
        assert first, "the appender ended before its first answer"
        deadline = time.monotonic() + seconds
        answers = [first]
        while time.monotonic() < deadline:
            answers.append(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        answers.extend(line for line in process.stdout if line.endswith("\n"))
    acknowledged = {}
    for line in answers:
        run, rows, offset = line.split()
        acknowledged[run] = (int(rows), int(offset))
    return acknowledged


def test_all_that_was_acknowledged_is_there_once_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    chance = random.Random(20240229)
    total = 0
    for _ in range(ROUNDS):
        acknowledged = kill_after(path, chance.uniform(0.05, 0.5))

        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        store = EmbeddedHistoryStore(path, OPTIONS)
        for run, (num_rows, offset) in acknowledged.items():
            stored = rows_of(list(store.scan(RunUid(run))))
            # One append may have been committed and not yet answered.
            assert len(stored) in (num_rows, num_rows + ROWS_PER_BATCH)
            assert store.offset(RunUid(run), "main") == offset + 10 * (len(stored) - num_rows)
            expected = [
                row for first in range(0, len(stored), ROWS_PER_BATCH) for row in rows_from(first)
            ]
            assert stored == expected
            summaries = {one.key: one for one in store.keys([RunUid(run)])[RunUid(run)]}
            assert summaries["value"].count == len(stored)
            console = store.console(RunUid(run), 0, 10**6)
            assert [line.text for line in console.lines] == [
                f"at {first}" for first in range(0, len(stored), ROWS_PER_BATCH)
            ]
            total += len(stored)
        store.close()
    assert total > 0


if __name__ == "__main__":  # the process that is killed
    run_appender()
