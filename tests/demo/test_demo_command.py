"""`runwake demo` as a script runs it: real server, real trainings, all of it in processes."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runwake.settings.sources import environment

CONFIGURATION_COUNT = 8


def run_demo(*arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    variables = dict(environment()) | {"HOME": str(data_dir), "WANDB_MODE": "disabled"}
    return subprocess.run(
        (sys.executable, "-m", "runwake", "demo", "--data-dir", str(data_dir), *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )


@pytest.mark.timeout(180)
def test_everything_that_was_logged_arrives_and_the_command_says_so(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]

        ended = run_demo(
            "--exit-when-done", "--epochs", "2", "--port", str(taken), data_dir=tmp_path
        )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"Port {taken} is taken; using {taken + 1}" in ended.stdout
    assert re.search(r"open {2}http://127\.0\.0\.1:\d+/local/demo {2}while it trains", ended.stdout)
    rows = re.findall(r"^\S+ +finished +(\d+) +(\d+) +\d+\.\d% +\d+ s$", ended.stdout, re.MULTILINE)
    assert len(rows) == CONFIGURATION_COUNT
    assert all(logged == arrived for logged, arrived in rows)
    total = sum(int(logged) for logged, _ in rows)
    assert f"All {total:,} rows that were logged have arrived" in ended.stdout


def test_a_project_that_cannot_be_is_refused_before_anything_starts(tmp_path: Path) -> None:
    ended = run_demo("--project", "a/b", data_dir=tmp_path)

    assert ended.returncode == 2
    assert "--project='a/b' contains /" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_may_not_be_open_to_the_network_says_why(tmp_path: Path) -> None:
    ended = run_demo("--host", "0.0.0.0", "--port", "18790", data_dir=tmp_path)

    assert ended.returncode == 1
    assert "authentication" in ended.stderr
