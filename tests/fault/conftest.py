"""Training scripts in processes of their own, and a server that fails on request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from runwake.runlog.run_dir import RunDir, discover
from runwake.sender.state import LOCK_NAME, SenderState, read_state
from runwake.testing.ingest_double import IngestDouble, running_double


@pytest.fixture
def server() -> Iterator[IngestDouble]:
    """Run an ingest double."""
    with running_double() as double:
        yield double


class Training:
    """A script that trains in a process of its own.

    Attributes:
        process: the script's process; stdout and stderr are pipes.
        folder: where its runs are kept.
    """

    def __init__(self, folder: Path, base_url: str, script: str, **environment: str) -> None:
        self.folder = folder
        clean = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - for the child
            if not name.startswith(("RUNWAKE_", "WANDB_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import runwake\n" + script],
            cwd=folder,
            env={**clean, "RUNWAKE_BASE_URL": base_url, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def run_dir(self) -> RunDir:
        """The folder of the script's (first) run."""
        return next(iter(discover([self.folder])))

    @property
    def state(self) -> SenderState | None:
        """What the sender says."""
        return read_state(self.run_dir.sender)

    def read_line(self) -> str:
        """Return the next line that the script prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def read_rest(self) -> str:
        """Return all that is still to come on stdout; ends when the script does.

        `wait` would lose what `read_line` has taken into its buffer.
        """
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def wait(self, timeout_s: float = 30) -> tuple[int, str, str]:
        """Wait for the end; exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err

    def sender(self) -> psutil.Process | None:
        """Return the process of the sender, None if there is none."""
        try:
            pid = int((self.run_dir.sender / LOCK_NAME).read_text())
            process = psutil.Process(pid)
            return process if str(self.run_dir.path) in process.cmdline() else None
        except (OSError, ValueError, psutil.NoSuchProcess, StopIteration):
            return None

    def kill_all(self) -> None:
        """End the script and its sender, if they are there still."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        sender = self.sender()
        if sender is not None:
            sender.send_signal(signal.SIGKILL)


@pytest.fixture
def train(tmp_path: Path, server: IngestDouble) -> Iterator[Callable[..., Training]]:
    """Start training scripts; they and their senders are gone after the test."""
    started: list[Training] = []

    def start(script: str, **environment: str) -> Training:
        folder = tmp_path / f"work{len(started)}"
        folder.mkdir()
        training = Training(folder, server.base_url, script, **environment)
        started.append(training)
        return training

    yield start
    for training in started:
        training.kill_all()


def eventually(condition: Callable[[], Any], timeout_s: float = 15) -> Any:
    """Wait until a condition holds; return what it returned."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result or time.monotonic() > deadline:
            assert result, f"not within {timeout_s} s"
            return result
        time.sleep(0.02)


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Any]:
    return eventually
