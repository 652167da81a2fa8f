"""A server killed and restarted under a live run: nothing lost, nothing twice, nobody waits."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import httpx
import pytest

from runwake.testing.server import RunningServer
from tests.fault.trainings import (
    assert_rows_are_right,
    history,
    run_state,
    start_training,
    wait_until,
)

NUM_ROWS = 3_000
PAUSE_S = 0.002


@pytest.mark.timeout(180)
def test_three_kills_of_the_server_lose_nothing_and_training_never_waits(tmp_path: Path) -> None:
    folder = tmp_path / "training"
    folder.mkdir()
    with RunningServer(tmp_path / "server") as server:
        training = start_training(folder, server.url, "survivor", NUM_ROWS, PAUSE_S)

        def has_arrived(num_rows: int) -> bool:
            with httpx.Client(base_url=server.url, timeout=30) as client:
                try:
                    answer = client.get("/api/v1/projects/local/faults/runs/survivor")
                except httpx.TransportError:
                    return False
                return answer.status_code == 200 and answer.json()["num_rows"] >= num_rows

        for kill in range(3):
            wait_until(
                partial(has_arrived, (kill + 1) * NUM_ROWS // 10),
                60,
                "rows arrive while training goes on",
            )
            server.kill()
            server.start()

        steps, seconds = training.acknowledged()
        assert training.process.returncode == 0
        with httpx.Client(base_url=server.url, timeout=30) as client:
            wait_until(lambda: run_state(client, "survivor") == "finished", 60, "run finished")
            rows = list(history(client, "survivor"))

    assert steps == list(range(NUM_ROWS))
    assert len(rows) == NUM_ROWS
    assert_rows_are_right(rows, steps)
    seconds.sort()
    assert seconds[len(seconds) // 2] < 0.001
    assert seconds[-1] < 0.5, f"one log() took {seconds[-1]:.3f} s: it waited for something"
