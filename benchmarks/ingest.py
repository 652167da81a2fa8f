"""How fast the server turns run-log bytes into columns: `python benchmarks/ingest.py`.

Prints one JSON document: per row width the points decoded per second of processor time (reader
and columns, no store), the same with the stores behind it (all threads; waits for the disk are
not counted), and the ratio of decoding to a floor measured in the same run: numpy copying the
values out of the very same bytes as if they were one structured array.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from runwake.server.app import open_stores
from runwake.testing.logs import LogBuilder
from runwake.tracking.ingest import Ingest
from runwake.tracking.projection import StreamPath
from runwake.tracking.range_reader import RangeReader, Watermarks
from runwake.wire.http import RANGE_SIZE


def build_log(num_scalars: int, num_rows: int, shape: str) -> LogBuilder:
    log = LogBuilder()
    keys = [f"metric/{i}" for i in range(num_scalars)]
    half = len(keys) // 2
    for step in range(num_rows):
        values = {key: float(step + i) for i, key in enumerate(keys)}
        if shape == "split":  # two log(step=…) calls with different keys in each step
            log.row({key: values[key] for key in keys[:half]}, step, is_open=True)
            log.row({key: values[key] for key in keys[half:]}, step, is_open=True)
        else:
            log.row(values, step)
    return log


def median_time(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def floor_time(data: bytes, num_scalars: int, repeats: int) -> float:
    """Time of numpy copying each value out of the bytes, as if they were rows and nothing else."""
    dtype = np.dtype([("head", "V29"), *((f"v{i}", "<f8") for i in range(num_scalars))])
    num_rows = len(data) // dtype.itemsize

    def read() -> None:
        table = np.frombuffer(data, dtype, num_rows)
        for i in range(num_scalars):
            table[f"v{i}"].astype(np.float64)

    return median_time(read, repeats)


def decode(data: bytes) -> None:
    RangeReader(data, Watermarks(0, 0, 0, 0), {}, {}).read(final=True).new_rows()


def store_time(log: LogBuilder, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            stores = open_stores(Path(folder) / "data")
            ingest = Ingest(stores.meta, stores.history)
            path = StreamPath(*log.path)
            data, known = log.data, 0
            begin = time.process_time()
            while known < len(data):
                chunk = data[known : known + RANGE_SIZE]
                is_last = known + len(chunk) == len(data)
                known = ingest.apply(path, known, chunk, final=is_last).offset
            times.append(time.process_time() - begin)
            stores.close()
    return statistics.median(times)


def measure(num_scalars: int, shape: str, num_points: int, repeats: int) -> dict[str, Any]:
    num_rows = num_points // num_scalars
    log = build_log(num_scalars, num_rows, shape)
    data = log.data
    points = num_rows * num_scalars
    decoding = median_time(lambda: decode(data), repeats)
    floor = floor_time(data, num_scalars, repeats)
    storing = store_time(log, max(1, repeats // 2))
    return {
        "scalars_per_row": num_scalars,
        "shape": shape,
        "points": points,
        "bytes_per_point": round(len(data) / points, 2),
        "decode_points_per_s": round(points / decoding),
        "floor_points_per_s": round(points / floor),
        "decode_time_to_floor": round(decoding / floor, 1),
        "ingest_points_per_s": round(points / storing),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    cases = [(1, "whole"), (10, "whole"), (10, "split"), (100, "whole"), (1000, "whole")]
    results = [
        measure(num_scalars, shape, arguments.points, arguments.repeats)
        for num_scalars, shape in cases
    ]
    json.dump({"benchmark": "ingest", "results": results}, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
