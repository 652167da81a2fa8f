from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runwake.runlog.appender import FileAppender
from runwake.runlog.reader import read_exit, read_frames, read_last_step, read_start
from runwake.runlog.writer import LogWriter
from runwake.wire import frames
from runwake.wire.frames import Damage, Frame
from runwake.wire.records import Exit, RunStart


class Warnings(list[str]):
    def __call__(self, kind: str, line: str) -> None:
        self.append(kind)


class HandClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_frames_land_in_a_private_file_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.rwlog"
    appender = FileAppender(path, Warnings())

    assert appender.append(b"one")
    assert appender.append(b"two")

    assert path.read_bytes() == b"onetwo"
    assert appender.position == 6
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_device_keeps_frames_in_memory_and_warns_once_per_kind() -> None:
    warnings = Warnings()
    clock = HandClock()
    appender = FileAppender(Path("/dev/full"), warnings, clock=clock)

    for _ in range(5):
        assert appender.append(b"frame")
        clock.now += 1

    assert appender.position == 25
    assert appender.num_dropped == 0
    assert set(warnings) == {"log-28"}  # ENOSPC


def test_frames_beyond_the_limit_are_dropped_and_counted() -> None:
    appender = FileAppender(Path("/dev/full"), Warnings(), backlog_limit=10)

    taken = [appender.append(b"123456") for _ in range(3)]

    assert taken == [True, False, False]
    assert appender.num_dropped == 2
    assert appender.position == 6


def test_waiting_frames_are_written_in_order_once_the_file_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.rwlog"
    clock = HandClock()
    warnings = Warnings()
    appender = FileAppender(path, warnings, clock=clock)
    appender.append(b"a")
    os.close(appender._fd)  # the handle goes bad, as on a lost mount

    appender.append(b"b")
    path.rename(tmp_path / "hidden")
    clock.now += 1
    appender.append(b"c")
    (tmp_path / "hidden").rename(path)
    clock.now += 1
    appender.append(b"d")

    assert path.read_bytes() == b"abcd"
    assert appender.position == 4
    assert warnings[-1] == "log-recovered"


def test_appends_after_close_are_dropped_and_say_nothing(tmp_path: Path) -> None:
    warnings = Warnings()
    appender = FileAppender(tmp_path / "a.rwlog", warnings)
    appender.close()
    appender.close()

    assert not appender.append(b"late")
    assert warnings == []


LIMITED = """
import resource, sys
from pathlib import Path
from runwake.runlog.appender import FileAppender
from runwake.runlog.writer import LogWriter

path, limit = Path(sys.argv[1]), int(sys.argv[2])
clock = iter(range(10**9))
writer = LogWriter(FileAppender(path, lambda kind, line: None, clock=lambda: float(next(clock))))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
for step in range(100):
    writer.append_row(("loss",), (float(step),), step, 0.0, False)
    size = path.stat().st_size
    assert size <= limit
print(path.stat().st_size, flush=True)
if sys.argv[3] == "lift":
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert writer.flush()
"""


@pytest.mark.parametrize("limit", [900, 901, 905, 917, 933])
def test_a_short_write_never_leaves_a_torn_frame(tmp_path: Path, limit: int) -> None:
    log = tmp_path / "a.rwlog"

    stuck = subprocess.run(
        [sys.executable, "-c", LIMITED, log, str(limit), "stay"], capture_output=True, check=True
    )

    items = list(read_frames(log))
    assert int(stuck.stdout) == log.stat().st_size
    assert all(isinstance(item, Frame) for item in items)
    assert limit - 100 < items[-1].end == log.stat().st_size <= limit


def test_all_rows_are_there_once_space_is_back(tmp_path: Path) -> None:
    log = tmp_path / "a.rwlog"

    subprocess.run([sys.executable, "-c", LIMITED, log, "917", "lift"], check=True)

    items = list(read_frames(log))
    rows = [item for item in items if isinstance(item, Frame) and item.kind == frames.ROW]
    assert len(rows) == 100
    assert not any(isinstance(item, Damage) for item in items)
    assert read_last_step(log) == 99


def make_log(path: Path, num_rows: int) -> None:
    writer = LogWriter(FileAppender(path, Warnings()))
    writer.append_record(RunStart(entity="e", project="p", run_id="r", stream="s"))
    keys = tuple(f"metric{i}" for i in range(100))
    for step in range(num_rows):
        writer.append_row(keys, (0.5,) * 100, step, 0.0, False)
    writer.append_record(Exit(state="finished", code=0))
    writer.close()


def test_a_long_log_is_read_back_whole_with_its_marks(tmp_path: Path) -> None:
    log = tmp_path / "a.rwlog"
    make_log(log, 2000)

    items = list(read_frames(log))

    kinds = [item.kind for item in items if isinstance(item, Frame)]
    assert kinds.count(frames.ROW) == 2000
    assert kinds.count(frames.MARK) == log.stat().st_size // frames.MARK_INTERVAL
    assert kinds.count(frames.SCHEMA) == kinds.count(frames.MARK) + 1
    assert items[-1].end == log.stat().st_size


def test_first_and_last_record_of_a_long_log_are_found(tmp_path: Path) -> None:
    log = tmp_path / "a.rwlog"
    make_log(log, 2000)

    start = read_start(log)
    ending = read_exit(log)

    assert start is not None
    assert start.run_id == "r"
    assert ending == Exit(state="finished", code=0)
    assert read_last_step(log) == 1999


def test_a_flipped_byte_costs_one_stretch_between_marks(tmp_path: Path) -> None:
    log = tmp_path / "a.rwlog"
    make_log(log, 2000)
    data = bytearray(log.read_bytes())
    data[frames.MARK_INTERVAL + 5000] ^= 1
    log.write_bytes(data)

    items = list(read_frames(log))

    lost = [item for item in items if isinstance(item, Damage)]
    assert len(lost) == 1
    assert lost[0].end - lost[0].start <= frames.MARK_INTERVAL
    rows = sum(isinstance(item, Frame) and item.kind == frames.ROW for item in items)
    assert rows > 1650


def test_frames_larger_than_any_chunk_are_read(tmp_path: Path) -> None:
    log = tmp_path / "a.rwlog"
    writer = LogWriter(FileAppender(log, Warnings()))
    writer.append_row(("text",), ("x" * 5_000_000,), 7, 0.0, False)
    writer.append_record(Exit(state="finished"))
    writer.close()

    items = list(read_frames(log))

    assert [item.kind for item in items if isinstance(item, Frame)] == [
        frames.RICH_ROW,
        frames.MARK,
        frames.CONTROL,
    ]
    assert read_last_step(log) is None  # the row lies before the last mark


def test_the_first_record_is_found_however_large_it_is(tmp_path: Path) -> None:
    log = tmp_path / "a.rwlog"
    start = RunStart(
        entity="e", project="p", run_id="r", stream="a", config={"big": "x" * 3_000_000}
    )
    writer = LogWriter(FileAppender(log, Warnings()))
    writer.append_record(start)
    writer.close()

    assert read_start(log) == start


def test_what_finds_no_room_at_the_end_is_counted_and_said() -> None:
    warnings = Warnings()
    appender = FileAppender(Path("/dev/full"), warnings)
    appender.append(b"12345")
    appender.append(b"678")

    appender.close()

    assert (appender.num_dropped, appender.position) == (2, 0)
    assert warnings[-1] == "log-lost"
    appender.close()
    assert appender.num_dropped == 2
