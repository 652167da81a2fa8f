"""Reads what the operating system and the graphics driver say of this machine at one moment.

The edge of the sender towards the machine: only counters and levels come from here, rates are
made of two readings in `system_metrics`. What a machine does not have is left out without a word:
no GPU, no driver, no /proc/diskstats in a container.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

T = TypeVar("T")

ProcessKey = tuple[int, float]
"""Process id and time of creation: ids are used again."""


class GpuReading(NamedTuple):
    """One graphics card: percent, bytes, °C and W; None for what it does not tell."""

    number: int
    util: float | None
    memory_used: int | None
    memory_total: int | None
    temperature: float | None
    power: float | None


class Reading(NamedTuple):
    """One moment of the machine. Counters only grow; bytes and seconds throughout.

    Attributes:
        at: seconds that never go backwards.
        cpu: percent of all cores that was busy since the reading before.
        processes: CPU seconds used by each process of the training's tree.
        rss, threads: of these processes together.
    """

    at: float
    cpu: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    disk_used: float | None = None
    disk_read: int | None = None
    disk_written: int | None = None
    network_sent: int | None = None
    network_received: int | None = None
    processes: Mapping[ProcessKey, float] = {}  # noqa: RUF012 - never changed in place
    rss: int = 0
    threads: int = 0
    gpus: tuple[GpuReading, ...] = ()


class Machine:
    """This machine and the training process on it. Not thread-safe.

    Args:
        pid: the training process, whose children count too.
        folder: on the volume whose usage is told.
        clock: seconds that never go backwards.
    """

    def __init__(self, pid: int, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        self._pid = pid
        self._nvml = _find_nvml()
        psutil.cpu_percent()  # counts from here

    def read(self) -> Reading:
        """Return what can be read now. Never raises for what cannot."""
        memory = _or_none(psutil.virtual_memory)
        disk = _or_none(psutil.disk_io_counters)
        network = _or_none(psutil.net_io_counters)
        processes, rss, threads = self._tree()
        return Reading(
            at=self._clock(),
            cpu=_or_none(psutil.cpu_percent),
            memory_used=memory.total - memory.available if memory else None,
            memory_total=memory.total if memory else None,
            disk_used=_or_none(lambda: float(psutil.disk_usage(str(self._folder)).percent)),
            disk_read=disk.read_bytes if disk else None,
            disk_written=disk.write_bytes if disk else None,
            network_sent=network.bytes_sent if network else None,
            network_received=network.bytes_recv if network else None,
            processes=processes,
            rss=rss,
            threads=threads,
            gpus=() if self._nvml is None else tuple(read_gpus(self._nvml)),
        )

    def _tree(self) -> tuple[dict[ProcessKey, float], int, int]:
        """Return CPU seconds by process, resident bytes and threads of the training's tree."""
        used: dict[ProcessKey, float] = {}
        rss = threads = 0
        with suppress(psutil.Error, OSError):
            root = psutil.Process(self._pid)
            for process in (root, *root.children(recursive=True)):
                if process.pid == os.getpid():  # this sender is no part of the training
                    continue
                with suppress(psutil.Error, OSError), process.oneshot():
                    times = process.cpu_times()
                    key = (process.pid, process.create_time())
                    rss += process.memory_info().rss
                    threads += process.num_threads()
                    used[key] = times.user + times.system
        return used, rss, threads


def _find_nvml() -> Any | None:
    """Return NVIDIA's management library, ready for use; None without it or without a driver."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    return nvml


def read_gpus(nvml: Any) -> Iterator[GpuReading]:
    """Yield what each card tells; one that does not answer is left out.

    Args:
        nvml: the module `pynvml`, initialised.
    """
    with suppress(nvml.NVMLError):
        for index in range(nvml.nvmlDeviceGetCount()):
            with suppress(nvml.NVMLError):
                yield _read_gpu(nvml, index, nvml.nvmlDeviceGetHandleByIndex(index))


def _read_gpu(nvml: Any, index: int, handle: Any) -> GpuReading:
    def ask(question: Callable[..., T], *rest: Any) -> T | None:
        try:
            return question(handle, *rest)
        except nvml.NVMLError:  # not all cards answer all questions
            return None

    util = ask(nvml.nvmlDeviceGetUtilizationRates)
    memory = ask(nvml.nvmlDeviceGetMemoryInfo)
    temperature = ask(nvml.nvmlDeviceGetTemperature, nvml.NVML_TEMPERATURE_GPU)
    milliwatts = ask(nvml.nvmlDeviceGetPowerUsage)
    return GpuReading(
        index,
        None if util is None else float(util.gpu),
        None if memory is None else memory.used,
        None if memory is None else memory.total,
        None if temperature is None else float(temperature),
        None if milliwatts is None else milliwatts / 1000,
    )


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.Error, OSError, RuntimeError, NotImplementedError):
        return None
