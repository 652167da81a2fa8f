"""Samples the machine while training runs, into a stream of the sender's own.

The sender does it and never the training process: nothing here can slow a step down. The server
keeps the rows of such streams apart from what the training logged (`model.system_metrics` names
them all).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from runwake.model.system_metrics import PREFIX
from runwake.runlog.run_dir import RunDir
from runwake.runlog.writer import LogWriter
from runwake.sender.machine import GpuReading, Reading
from runwake.sender.watching import open_sender_stream
from runwake.wire.records import SENDER_STREAM_PREFIX, RunStart

FIRST_AFTER_S: Final = 1.0
_GIB: Final = 1024**3
_MB: Final = 1e6


class Source(Protocol):
    """Where readings come from: `machine.Machine`, or a test's own."""

    def read(self) -> Reading:
        """Return what can be read now."""


class Sampler:
    """Appends one row per interval to a stream of its own. Not thread-safe.

    The stream is made with the first row, so that short runs have none.

    Args:
        run_dir: the run's folder.
        start: first record of the run's stream.
        stream_id: makes the stream's name unique.
        source: what is sampled; its first reading is taken at once.
        interval_s: seconds between rows. The first comes after one, or after the interval if
            that is shorter.
        clock: seconds that never go backwards.
    """

    def __init__(
        self,
        run_dir: RunDir,
        start: RunStart,
        stream_id: str,
        *,
        source: Source,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stream = f"{SENDER_STREAM_PREFIX}{stream_id}"
        self._run_dir = run_dir
        self._start = start
        self._source = source
        self._interval_s = interval_s
        self._clock = clock
        self._before = source.read()
        self._due_at = clock() + min(FIRST_AFTER_S, interval_s)
        self._writer: LogWriter | None = None
        self.is_closed = False

    def sample(self) -> bool:
        """Append a row if it is time; whether it did.

        Raises:
            OSError: the stream cannot be made.
        """
        now = self._clock()
        if self.is_closed or now < self._due_at:
            return False
        # A machine that slept or was stopped does not make up for rows it has missed.
        self._due_at = max(self._due_at + self._interval_s, now)
        reading = self._source.read()
        values = dict(measure(self._before, reading))
        self._before = reading
        if not values:
            return False
        if self._writer is None:
            self._writer = open_sender_stream(self._run_dir, self._start, self.stream)
        at = time.time()
        keys = tuple(PREFIX + name for name in values)
        # Rows of several senders share a history, so the step is one that all of them count alike.
        self._writer.append_row(keys, tuple(values.values()), int(at * 1000), at, False)
        return True

    def close(self) -> None:
        """Sample no more. Idempotent."""
        self.is_closed = True
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def measure(before: Reading, now: Reading) -> Iterator[tuple[str, float]]:
    """Yield the names and values of what two readings tell; rates need both. Pure."""
    seconds = now.at - before.at

    def rate(former: int | None, latter: int | None) -> float | None:
        if former is None or latter is None or seconds <= 0 or latter < former:
            return None  # nothing to count, or the counter began anew
        return (latter - former) / seconds / _MB

    found = {
        "cpu": now.cpu,
        "memory": _percent(now.memory_used, now.memory_total),
        "memory.used_gib": _scaled(now.memory_used, _GIB),
        "disk": now.disk_used,
        "disk.read_mb_s": rate(before.disk_read, now.disk_read),
        "disk.write_mb_s": rate(before.disk_written, now.disk_written),
        "network.recv_mb_s": rate(before.network_received, now.network_received),
        "network.sent_mb_s": rate(before.network_sent, now.network_sent),
    }
    if now.processes:
        if seconds > 0:
            found["proc.cpu"] = 100 * _cpu_seconds(before, now) / seconds
        found["proc.memory_rss_mb"] = now.rss / _MB
        found["proc.threads"] = float(now.threads)
    for gpu in now.gpus:
        found.update(_gpu_values(gpu))
    for name, value in found.items():
        if value is not None:
            yield name, float(value)


def _cpu_seconds(before: Reading, now: Reading) -> float:
    """Return the CPU time of the tree between two readings, as far as its processes are there."""
    return sum(
        max(0.0, used - before.processes.get(process, 0.0))
        for process, used in now.processes.items()
    )


def _gpu_values(gpu: GpuReading) -> dict[str, float | None]:
    name = f"gpu.{gpu.number}"
    return {
        f"{name}.util": gpu.util,
        f"{name}.memory": _percent(gpu.memory_used, gpu.memory_total),
        f"{name}.memory_gib": _scaled(gpu.memory_used, _GIB),
        f"{name}.temp_c": gpu.temperature,
        f"{name}.power_w": gpu.power,
    }


def _percent(part: int | None, whole: int | None) -> float | None:
    return 100 * part / whole if part is not None and whole else None


def _scaled(amount: int | None, unit: float) -> float | None:
    return None if amount is None else amount / unit
