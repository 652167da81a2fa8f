"""A real training on a real server: the sender samples the machine while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from runwake.testing.ingest_double import IngestDouble
from runwake.testing.server import RunningServer

Train = Callable[..., Any]
Eventually = Callable[..., Any]

SCRIPT = """
import sys, time
run = runwake.init(id="r", project="p")
print("ready", flush=True)
for i in range(3):
    run.log({"i": i})
    sys.stdin.readline() if i == 2 else None
run.finish()
"""


def ask(server: RunningServer, path: str) -> Any:
    answer = server.client().request("GET", f"/api/v1/projects/local/p/runs/r{path}")
    return json.loads(answer.data) if answer.status == 200 else {}


def test_a_run_gets_system_metrics_beside_its_own_rows(
    tmp_path: Path, eventually: Eventually
) -> None:
    with RunningServer() as server:
        training = subprocess.Popen(
            [sys.executable, "-c", "import runwake\n" + SCRIPT],
            cwd=tmp_path,
            env={
                **os.environ,  # noqa: TID251 - for the child
                "RUNWAKE_BASE_URL": server.url,
                "RUNWAKE_SYSTEM_INTERVAL": "0.3",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            eventually(lambda: ask(server, "").get("num_system_rows", 0) >= 3)
            assert ask(server, "")["state"] == "running"
        finally:
            training.communicate(b"\n", timeout=30)

        eventually(lambda: ask(server, "").get("state") == "finished")
        run = ask(server, "")
        assert (run["num_rows"], run["summary"]) == (3, {"i": 2})
        rows = ask(server, "/history?source=system")["rows"]
        values = [row["values"] for row in rows]
        assert all(0 <= row["system/cpu"] <= 100 for row in values)
        assert all(row["system/proc.memory_rss_mb"] > 5 for row in values)
        times = [row["timestamp"] for row in rows]
        assert times == sorted(times)
        assert abs(times[-1] - time.time()) < 60


def test_sampling_ends_with_the_run_and_all_of_it_arrives(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        SCRIPT.replace("sys.stdin.readline()", "time.sleep(1.5)"), RUNWAKE_SYSTEM_INTERVAL="0.3"
    )
    training.wait()

    eventually(lambda: training.sender() is None)
    assert training.state.done
    assert len(server.system_rows("r")) >= 2
    assert [values["i"] for _, _, values in server.rows("r")] == [0, 1, 2]
    assert all(stream.is_final for stream in server.run_streams("r").values())


def test_no_samples_are_taken_where_the_interval_is_zero(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        SCRIPT.replace("sys.stdin.readline()", "time.sleep(1.5)"), RUNWAKE_SYSTEM_INTERVAL="0"
    )
    training.wait()

    eventually(lambda: training.sender() is None)
    assert server.system_rows("r") == []
    assert list(server.run_streams("r")) == [training.run_dir.streams()[0]]


def test_a_killed_training_leaves_its_samples(
    train: Train, server: IngestDouble, eventually: Eventually
) -> None:
    training = train(
        SCRIPT.replace("sys.stdin.readline()", "time.sleep(60)"), RUNWAKE_SYSTEM_INTERVAL="0.3"
    )
    training.read_line()
    eventually(lambda: len(server.system_rows("r")) >= 2)
    assert psutil.pid_exists(training.process.pid)

    training.process.kill()
    training.wait()

    eventually(lambda: training.sender() is None)
    assert training.state.done
    assert [values["i"] for _, _, values in server.rows("r")] == [0, 1, 2]
