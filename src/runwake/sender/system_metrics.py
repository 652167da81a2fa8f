"""Samples the machine while training runs, into a stream of the sender's own.

The sender does it and never the training process: nothing here can slow a step down. The server
keeps the rows of such streams apart from what the training logged (`model.system_metrics` names
them all).
"""

from __future__ import annotations

import logging
import threading
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
MIN_INTERVAL_S: Final = 0.1
_GIB: Final = 1024**3
_MB: Final = 1e6

_log: Final = logging.getLogger("runwake.sender")


class Source(Protocol):
    """Where readings come from: `machine.Machine`, or a test's own."""

    def read(self) -> Reading:
        """Return what can be read now."""


class Sampler:
    """Appends one row per interval to a stream of its own.

    `run` belongs into a thread: a graphics driver that hangs must not keep the sender from
    shipping. `close` may come from another thread and waits for nobody.

    The stream is made with the first row, so that short runs have none.

    Args:
        run_dir: the run's folder.
        start: first record of the run's stream.
        stream_id: makes the stream's name unique.
        make_source: makes what is sampled; called in the sampling thread.
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
        make_source: Callable[[], Source],
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stream = f"{SENDER_STREAM_PREFIX}{stream_id}"
        self._run_dir = run_dir
        self._start = start
        self._make_source = make_source
        self._interval_s = max(interval_s, MIN_INTERVAL_S)
        self._clock = clock
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._writer: LogWriter | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is appended."""
        return self._closed.is_set()

    def run(self) -> None:
        """Sample until `close`, or until the stream cannot be made."""
        try:
            for wait_s in self.steps():
                if self._closed.wait(wait_s):
                    return
        except OSError as error:
            _log.warning("no system metrics are kept: %s", error)

    def steps(self) -> Iterator[float]:
        """Take the first reading, then append a row at each step; yields the time to wait.

        Raises:
            OSError: the stream cannot be made.
        """
        source = self._make_source()
        before = source.read()
        due_at = self._clock() + min(FIRST_AFTER_S, self._interval_s)
        while True:
            # A machine that slept does not make up for the rows it has missed.
            yield max(0.0, due_at - self._clock())
            now = self._clock()
            due_at = due_at + self._interval_s
            if due_at <= now:
                due_at = now + self._interval_s
            reading = source.read()
            self._append(dict(measure(before, reading)))
            before = reading

    def close(self) -> None:
        """Append no more. Idempotent."""
        with self._lock:
            self._closed.set()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _append(self, values: dict[str, float]) -> None:
        with self._lock:
            if self._closed.is_set() or not values:
                return
            if self._writer is None:
                self._writer = open_sender_stream(self._run_dir, self._start, self.stream)
            at = time.time()
            keys = tuple(PREFIX + name for name in values)
            # Rows of several senders share a history: the step is one that all count alike.
            self._writer.append_row(keys, tuple(values.values()), int(at * 1000), at, False)


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
