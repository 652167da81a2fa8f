from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import runwake
from runwake.testing.ingest_double import IngestDouble
from runwake.wire.frames import MARK_INTERVAL
from runwake.wire.records import Exit

Train = Callable[..., Any]
Eventually = Callable[..., Any]


def cli(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - for the child
        if not name.startswith(("RUNWAKE_", "WANDB_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "runwake", *arguments],
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def make_run(folder: Path, num_rows: int = 100, **options: Any) -> Path:
    run = runwake.init(
        mode="offline", dir=folder, settings={"silent": True, "console": False}, **options
    )
    for i in range(num_rows):
        run.log({"i": i, "text": "x" * 50})
    run.finish()
    assert run.sync_dir is not None
    return Path(run.sync_dir)


def numbers(server: IngestDouble, run_id: str = "r") -> list[int]:
    return [values["i"] for _, _, values in server.rows(run_id)]


def test_an_offline_run_is_sent_once_however_often_it_is_synced(
    tmp_path: Path, server: IngestDouble
) -> None:
    run_dir = make_run(tmp_path, id="r", project="p", name="n")
    own = {"RUNWAKE_BASE_URL": server.base_url}

    first = cli(tmp_path, "sync", str(run_dir), **own)
    received = server.received_bytes
    second = cli(tmp_path, "sync", **own)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    size = (run_dir / "logs").glob("*.rwlog")
    total = sum(log.stat().st_size for log in size)
    assert first.stdout == (
        f"p/n: 100 rows, {total:,} bytes sent ({server.base_url}/local/p/runs/r)\n"
    )
    assert "p/n: up to date" in second.stdout
    assert server.received_bytes == received == total
    assert numbers(server) == list(range(100))
    assert all(stream.is_final for stream in server.run_streams("r").values())


def test_all_runs_of_the_folder_are_sent_by_default(tmp_path: Path, server: IngestDouble) -> None:
    for name in ("a", "b", "c"):
        make_run(tmp_path, id=name, num_rows=10)

    done = cli(tmp_path, "sync", "--base-url", server.base_url)

    assert done.returncode == 0
    assert "3 runs: 30 rows" in done.stdout
    assert [numbers(server, name) for name in "abc"] == [list(range(10))] * 3


def test_without_a_server_the_error_says_what_to_do(tmp_path: Path, server: IngestDouble) -> None:
    make_run(tmp_path)
    server.stop()

    done = cli(tmp_path, "sync", RUNWAKE_BASE_URL=server.base_url)

    assert done.returncode == 1
    assert "runwake server" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["missing"], []])
def test_nothing_to_send_is_said(tmp_path: Path, arguments: list[str]) -> None:
    done = cli(tmp_path, "sync", *arguments)

    assert done.returncode == len(arguments)
    assert ("is not a folder" in done.stderr) if arguments else ("No runs found in" in done.stdout)


def test_damage_is_skipped_counted_and_fails_the_command(
    tmp_path: Path, server: IngestDouble
) -> None:
    run_dir = make_run(tmp_path, id="r", num_rows=7000)
    (log,) = (run_dir / "logs").iterdir()
    data = bytearray(log.read_bytes())
    assert len(data) > 2 * MARK_INTERVAL
    data[MARK_INTERVAL + 1000] ^= 1
    log.write_bytes(data)

    done = cli(tmp_path, "sync", RUNWAKE_BASE_URL=server.base_url)

    assert done.returncode == 1
    assert "bytes of its log are damaged" in done.stderr
    got = numbers(server)
    assert got[-1] == 6999
    assert 2000 < len(got) < 7000
    assert len(set(got)) == len(got)


def test_a_torn_tail_is_cut(train: Train, server: IngestDouble) -> None:
    training = train(
        "run = runwake.init(id='r', mode='offline')\n"
        "for i in range(10): run.log({'i': i})\n"
        "run.finish()"
    )
    training.wait()
    (log,) = training.run_dir.logs.iterdir()
    log.write_bytes(log.read_bytes()[:-5])

    done = cli(training.folder, "sync", RUNWAKE_BASE_URL=server.base_url)

    assert done.returncode == 1
    assert numbers(server) == list(range(10))
    endings = [r for r in server.records("r") if isinstance(r, Exit)]
    assert [ending.state for ending in endings] == ["crashed"]


def test_a_run_that_lost_its_process_and_its_sender_is_completed_as_crashed(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        "import time\nrun = runwake.init(id='r')\nrun.log({'i': 0})\n"
        "print('ready', flush=True)\ntime.sleep(60)"
    )
    training.read_line()
    eventually(lambda: server.rows("r"))
    training.sender().kill()
    training.process.kill()
    training.wait()

    done = cli(training.folder, "sync")

    assert done.returncode == 0, done.stderr
    assert f"({server.base_url}/" in done.stdout  # the server that it was being sent to
    endings = [r for r in server.records("r") if isinstance(r, Exit)]
    assert [ending.state for ending in endings] == ["crashed"]
    assert cli(training.folder, "sync").stdout.count("up to date") == 1


def test_what_the_sender_measured_does_not_count_as_rows_of_the_run(
    train: Train, server: IngestDouble
) -> None:
    training = train(
        "import time\nrun = runwake.init(id='r')\nrun.log({'i': 0})\ntime.sleep(1.5)",
        RUNWAKE_BASE_URL="http://127.0.0.1:9",
        RUNWAKE_SYSTEM_INTERVAL="0.3",
    )
    training.wait()

    done = cli(training.folder, "sync", "--base-url", server.base_url)

    assert done.returncode == 0, done.stderr
    assert server.system_rows("r")
    assert numbers(server) == [0]
    assert ": 1 row, " in done.stdout


def test_a_running_run_is_left_to_its_sender(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        "import time\nrun = runwake.init(id='r')\nrun.log({'i': 0})\n"
        "print('ready', flush=True)\ntime.sleep(60)"
    )
    training.read_line()
    eventually(lambda: server.rows("r"))

    done = cli(training.folder, "sync")

    assert done.returncode == 0
    assert "skipped, its sender is at work" in done.stdout
    assert not [r for r in server.records("r") if isinstance(r, Exit)]


def test_a_sender_that_waits_for_the_server_gives_way(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    server.stop()
    training = train("run = runwake.init(id='r')\nrun.log({'i': 0})\nrun.finish()")
    training.wait()
    waiting = training.sender()
    assert waiting is not None
    server.start()

    done = cli(training.folder, "sync")

    assert done.returncode == 0, done.stderr
    assert numbers(server) == [0]
    eventually(lambda: not waiting.is_running() or waiting.status() == psutil.STATUS_ZOMBIE)


def test_blobs_that_are_lost_are_named_and_do_not_hold_up_the_rows(
    tmp_path: Path, server: IngestDouble
) -> None:
    import numpy as np

    run = runwake.init(mode="offline", dir=tmp_path, id="r", settings={"silent": True})
    run.log({"i": 0, "image": runwake.Image(np.zeros((2, 2)))})
    run.finish()
    assert run.sync_dir is not None
    shutil.rmtree(Path(run.sync_dir) / "blobs")

    done = cli(tmp_path, "sync", RUNWAKE_BASE_URL=server.base_url)

    assert done.returncode == 1
    assert "media/images/image_0_" in done.stderr
    assert numbers(server) == [0]


def test_the_command_line_says_its_version_and_its_commands(tmp_path: Path) -> None:
    assert cli(tmp_path, "--version").stdout == f"runwake, version {runwake.__version__}\n"
    shown = cli(tmp_path, "--help").stdout
    for command in ("sync", "server", "demo"):
        assert f"\n  {command} " in shown
    unknown = cli(tmp_path, "snyc")
    assert unknown.returncode == 2
    assert "No such command 'snyc'" in unknown.stderr
