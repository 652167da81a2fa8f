from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from runwake.model.system_metrics import PREFIX, SYSTEM_METRICS, find, of_host
from runwake.runlog.reader import read_frames
from runwake.runlog.run_dir import RunDir, create
from runwake.sender.machine import GpuReading, Machine, Reading, read_gpus
from runwake.sender.system_metrics import Sampler, measure
from runwake.wire.frames import ROW_KINDS, Frame
from runwake.wire.records import RunStart

GIB = 1024**3
A, B, C = (10, 1.0), (11, 2.0), (12, 3.0)


class Readings:
    """Readings made up beforehand; the last one stays."""

    def __init__(self, *readings: Reading) -> None:
        self._readings = list(readings)

    def read(self) -> Reading:
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    return create(tmp_path, "r1", offline=False)


def sampler(run_dir: RunDir, clock: Clock, *readings: Reading) -> Sampler:
    start = RunStart(entity="e", project="p", run_id="r1", stream="w1", host="box", pid=7)
    return Sampler(
        run_dir, start, "abc", make_source=lambda: Readings(*readings), interval_s=10, clock=clock
    )


def row_frames(run_dir: RunDir, stream: str) -> Iterator[Frame]:
    for item in read_frames(run_dir.log_path(stream)):
        if isinstance(item, Frame) and item.kind in ROW_KINDS:
            yield item


def test_rates_are_of_the_time_between_two_readings() -> None:
    before = Reading(at=10, disk_read=0, disk_written=5, network_sent=0, network_received=0)
    now = Reading(
        at=14,
        disk_read=8_000_000,
        disk_written=5,
        network_sent=2_000_000,
        network_received=400_000,
    )

    assert dict(measure(before, now)) == {
        "disk.read_mb_s": 2.0,
        "disk.write_mb_s": 0.0,
        "network.sent_mb_s": 0.5,
        "network.recv_mb_s": 0.1,
    }


def test_a_counter_that_began_anew_gives_no_rate() -> None:
    assert dict(measure(Reading(at=1, disk_read=9), Reading(at=2, disk_read=3))) == {}


def test_levels_come_as_percent_and_gib() -> None:
    now = Reading(at=2, cpu=12.5, memory_used=4 * GIB, memory_total=16 * GIB, disk_used=70.0)

    assert dict(measure(Reading(at=1), now)) == {
        "cpu": 12.5,
        "memory": 25.0,
        "memory.used_gib": 4.0,
        "disk": 70.0,
    }


def test_the_trainings_cpu_counts_children_that_came_and_forgets_those_that_went() -> None:
    before = Reading(at=0, processes={A: 10.0, B: 50.0})
    now = Reading(at=2, processes={A: 11.0, C: 2.0}, rss=3_000_000, threads=9)

    assert dict(measure(before, now)) == {
        "proc.cpu": 150.0,
        "proc.memory_rss_mb": 3.0,
        "proc.threads": 9.0,
    }


def test_a_card_that_does_not_tell_its_power_tells_the_rest() -> None:
    gpus = (GpuReading(1, 80.0, 2 * GIB, 8 * GIB, 65.0, None),)

    assert dict(measure(Reading(at=0), Reading(at=1, gpus=gpus))) == {
        "gpu.1.util": 80.0,
        "gpu.1.memory": 25.0,
        "gpu.1.memory_gib": 2.0,
        "gpu.1.temp_c": 65.0,
    }


def test_all_that_is_measured_is_in_the_table() -> None:
    before = Reading(0, None, None, None, None, 0, 0, 0, 0)
    gpus = tuple(GpuReading(n, 1.0, 1, 2, 3.0, 4.0) for n in (0, 12))
    now = Reading(1, 1.0, 1, 2, 3.0, 4, 5, 6, 7, {A: 1.0}, 1, 1, gpus)
    found = {name: find(PREFIX + name) for name, _ in measure(before, now)}

    assert None not in found.values()
    assert {metric.place for metric in found.values() if metric} == set(range(len(SYSTEM_METRICS)))


def test_labels_name_the_card_and_the_other_machine() -> None:
    metric = find(of_host("system/gpu.3.temp_c", "node2.local"))

    assert metric is not None
    assert (metric.section, metric.title) == ("GPU 3", "GPU 3 temperature, node2.local")
    assert metric.unit == "°C"
    assert find("system/unheard.of") is None
    assert find("cpu") is None


def test_the_first_row_comes_after_a_second_then_one_per_interval(run_dir: RunDir) -> None:
    clock = Clock()
    sampling = sampler(run_dir, clock, Reading(0), Reading(1, 5.0))
    steps = sampling.steps()

    assert next(steps) == pytest.approx(1.0)
    assert run_dir.streams() == []
    clock.now = 101.25
    assert next(steps) == pytest.approx(9.75)
    clock.now = 111.0
    assert next(steps) == pytest.approx(10.0)
    sampling.close()
    assert len(list(row_frames(run_dir, sampling.stream))) == 2


def test_missed_rows_are_not_made_up_for(run_dir: RunDir) -> None:
    clock = Clock()
    steps = sampler(run_dir, clock, Reading(0), Reading(1, 5.0)).steps()
    next(steps)
    clock.now = 1_000

    assert next(steps) == pytest.approx(10.0)


def test_a_run_shorter_than_the_first_row_leaves_no_stream(run_dir: RunDir) -> None:
    sampling = sampler(run_dir, Clock(), Reading(0), Reading(1, 5.0))
    steps = sampling.steps()
    next(steps)
    sampling.close()
    next(steps)  # a reading that was under way when the run ended

    assert run_dir.streams() == []


def test_a_source_that_hangs_holds_nobody_up(run_dir: RunDir) -> None:
    asked, forever = threading.Event(), threading.Event()

    class Hanging:
        def read(self) -> Reading:
            asked.set()
            forever.wait()
            return Reading(0, 5.0)

    start = RunStart(entity="e", project="p", run_id="r1", stream="w1")
    sampling = Sampler(run_dir, start, "abc", make_source=Hanging, interval_s=0.1)
    thread = threading.Thread(target=sampling.run, daemon=True)
    thread.start()
    assert asked.wait(10)

    sampling.close()

    assert sampling.is_closed
    forever.set()
    thread.join(10)
    assert not thread.is_alive()
    assert run_dir.streams() == []


class Driver:
    """What `pynvml` offers, of two cards: the first tells no power, the second is lost."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):  # noqa: N818 - its name there
        pass

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        if index == 1:
            raise self.NVMLError("GPU is lost")
        return f"card {index}"

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> SimpleNamespace:
        return SimpleNamespace(gpu=80, memory=10)

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> SimpleNamespace:
        return SimpleNamespace(total=8 * GIB, used=2 * GIB, free=6 * GIB)

    def nvmlDeviceGetTemperature(self, handle: str, sensor: int) -> int:
        return 65

    def nvmlDeviceGetPowerUsage(self, handle: str) -> int:
        raise self.NVMLError("Not Supported")


def test_a_lost_card_and_a_missing_sensor_leave_the_rest() -> None:
    assert list(read_gpus(Driver())) == [GpuReading(0, 80.0, 2 * GIB, 8 * GIB, 65.0, None)]


def test_the_real_library_has_the_calls_that_are_used() -> None:
    pynvml = importlib.import_module("pynvml")
    used = [name for name in dir(Driver) if name.upper().startswith("NVML")]

    assert len(used) == 8
    assert [name for name in used if not hasattr(pynvml, name)] == []


def test_this_machine_can_be_read_without_a_gpu(tmp_path: Path) -> None:
    times = iter((1.0, 2.0))
    machine = Machine(os.getppid(), tmp_path, lambda: next(times))

    values = dict(measure(machine.read(), machine.read()))

    assert {"cpu", "memory", "memory.used_gib", "disk", "proc.cpu", "proc.threads"} <= set(values)
    assert values["proc.memory_rss_mb"] > 1
    assert 0 < values["memory"] <= 100


def test_a_process_that_is_gone_is_left_out(tmp_path: Path) -> None:
    reading = Machine(2**22 + 1, tmp_path, lambda: 1.0).read()

    assert reading.processes == {}
    assert "proc.cpu" not in dict(measure(reading, reading))
