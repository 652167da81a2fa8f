"""Starts trainings for the fault tests and reads back what the server has of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from runwake.settings.sources import environment

SCRIPT = Path(__file__).with_name("training_script.py")
RUNS = "/api/v1/projects/local/faults/runs"


@dataclass
class Training:
    """A training process and, once it has ended, what it said."""

    run_id: str
    process: subprocess.Popen[bytes]

    def acknowledged(self) -> tuple[list[int], list[float]]:
        """Wait for the process to end; return the steps logged and the seconds each call took."""
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            said = stdout.read()
        self.process.wait(timeout=60)
        lines = [line.split() for line in said.split(b"\n")[:-1]]
        return [int(step) for step, _ in lines], [int(took_us) / 1e6 for _, took_us in lines]


def start_training(
    folder: Path, server_url: str, run_id: str, num_rows: int, pause_s: float
) -> Training:
    """Start a training that logs to `server_url` and keeps its run log below `folder`."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), run_id, str(num_rows), str(pause_s)],
        cwd=folder,
        env={
            **environment(),
            "RUNWAKE_BASE_URL": server_url,
            "RUNWAKE_SILENT": "true",
            "RUNWAKE_CONSOLE": "off",
        },
        stdout=subprocess.PIPE,
    )
    return Training(run_id, process)


def wait_until(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Ask again and again until the answer is true; return it."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.1)


def run_state(client: httpx.Client, run_id: str) -> str | None:
    """Return the state that the server shows for the run, None while it knows no such run."""
    try:
        answer = client.get(f"{RUNS}/{run_id}")
    except httpx.TransportError:
        return None
    return str(answer.json()["state"]) if answer.status_code == 200 else None


def history(client: httpx.Client, run_id: str) -> Iterator[dict[str, Any]]:
    """Yield every row that the server has of the run."""
    first_row: int | None = 0
    while first_row is not None:
        answer = client.get(
            f"{RUNS}/{run_id}/history", params={"first_row": first_row, "limit": 1000}
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["rows"]
        first_row = page["next_row"]


def assert_rows_are_right(rows: list[dict[str, Any]], acknowledged: list[int]) -> None:
    """Check that all acknowledged rows are there, once, in order and with their values.

    One more row may be there: logged, but killed before log() could return.
    """
    steps = [row["step"] for row in rows]
    assert steps == list(range(len(rows))), "a row is missing, came twice or out of order"
    assert len(acknowledged) <= len(rows) <= len(acknowledged) + 1
    for row in rows:
        step = int(row["step"])
        assert row["values"] == {
            "loss": 1.0 / (step + 1),
            "half": step / 2,
            "count": step,
            "even": step % 2 == 0,
        }
