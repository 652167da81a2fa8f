"""One measurement in a process of its own, printed as JSON: `probe.py log|init …`.

Started by `client.py`. The floor of a log call is the least that any client would do for the same
durability against kill -9 of the process: encode a JSON line with orjson, hand it to `os.write`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

import runwake

BLOCK = 250
"""Calls in a row before it is the other side's turn: both see the same noise of the machine."""
WARM_UP = 200
NUM_DISTINCT_ROWS = 64


def make_rows(num_scalars: int) -> list[dict[str, float]]:
    """Return rows of random floats under keys such as people use."""
    rng = random.Random(7)
    keys = [f"train/metric_{number}" for number in range(num_scalars)]
    return [{key: rng.gauss(0, 1) for key in keys} for _ in range(NUM_DISTINCT_ROWS)]


def time_floor(rows: list[dict[str, float]], file: int, first: int, calls: int) -> list[int]:
    """Return the nanoseconds that each JSON line took."""
    took = []
    clock = time.perf_counter_ns
    for step in range(first, first + calls):
        row = rows[step % NUM_DISTINCT_ROWS]
        started = clock()
        line = orjson.dumps((step, time.time(), row), option=orjson.OPT_APPEND_NEWLINE)
        os.write(file, line)
        took.append(clock() - started)
    return took


def time_log(rows: list[dict[str, float]], run: Any, first: int, calls: int) -> list[int]:
    """Return the nanoseconds that each call of `log` took."""
    took = []
    clock = time.perf_counter_ns
    for step in range(first, first + calls):
        row = rows[step % NUM_DISTINCT_ROWS]
        started = clock()
        run.log(row)
        took.append(clock() - started)
    return took


def measure_log(
    num_scalars: int, calls: int, mode: str, folder: Path, *, defined: bool = False
) -> dict[str, Any]:
    """Log `calls` rows, turn by turn with the floor, and finish.

    With `defined` a pattern gives each row a step metric and sums up each key.
    """
    rows = make_rows(num_scalars)
    run = runwake.init(project="benchmark", mode=mode, dir=str(folder))
    if defined:
        run.define_metric("train/*", step_metric="epoch", summary="min,max,mean")
        run.log({"epoch": 1})
    floor_ns: list[int] = []
    log_ns: list[int] = []
    with tempfile.NamedTemporaryFile(dir=folder) as floor:
        time_floor(rows, floor.fileno(), 0, WARM_UP)
        time_log(rows, run, 0, WARM_UP)
        os.ftruncate(floor.fileno(), 0)
        for first in range(WARM_UP, WARM_UP + calls, BLOCK):
            floor_ns += time_floor(rows, floor.fileno(), first, BLOCK)
            log_ns += time_log(rows, run, first, BLOCK)
        started = time.perf_counter()
        os.fsync(floor.fileno())
        fsync_s = time.perf_counter() - started
        floor_bytes = os.lseek(floor.fileno(), 0, os.SEEK_END)
    started = time.perf_counter()
    run.finish()
    drain_s = time.perf_counter() - started
    log_bytes = sum(path.stat().st_size for path in folder.rglob("*.rwlog"))
    points = num_scalars * len(log_ns)
    return {
        "floor_ns": floor_ns,
        "log_ns": log_ns,
        "drain_s": drain_s,
        "floor_drain_s": sum(floor_ns) / 1e9 + fsync_s,
        "bytes_per_point": log_bytes / (num_scalars * (len(log_ns) + WARM_UP)),
        "floor_bytes_per_point": floor_bytes / points,
    }


def measure_init(folder: Path) -> dict[str, Any]:
    """Return how long `init` takes until the run is ready to log."""
    started = time.perf_counter()
    run = runwake.init(project="benchmark", dir=str(folder))
    took = time.perf_counter() - started
    run.finish()
    return {"init_s": took}


def main() -> None:
    """Print one measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("log", "init"))
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--scalars", type=int, default=10)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--defined", action="store_true")
    parser.add_argument("--mode", default="online")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.what == "log":
        result = measure_log(
            options.scalars, options.calls, options.mode, options.dir, defined=options.defined
        )
    else:
        result = measure_init(options.dir)
    options.out.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
