"""A training process killed at any moment: no row that log() returned from is lost or doubled."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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

NUM_KILLS = 50


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "server") as running:
        yield running


@pytest.mark.timeout(300)
def test_kill_9_at_a_random_moment_loses_no_row_and_the_run_crashes(
    server: RunningServer, tmp_path: Path
) -> None:
    def kill_one(number: int) -> int:
        chance = random.Random(number)
        folder = tmp_path / f"training-{number}"
        folder.mkdir()
        pause_s = chance.choice([0, 0.001, 0.02])
        training = start_training(folder, server.url, f"kill{number:03}", 1_000_000, pause_s)
        assert training.process.stdout is not None
        assert training.process.stdout.readline().startswith(b"0 ")
        with pytest.raises(subprocess.TimeoutExpired):
            training.process.wait(timeout=chance.uniform(0, 0.4))
        training.process.kill()
        steps, _ = training.acknowledged()
        acknowledged = [0, *steps]
        assert acknowledged == list(range(len(acknowledged)))
        with httpx.Client(base_url=server.url, timeout=30) as client:
            wait_until(
                lambda: run_state(client, training.run_id) == "crashed",
                60,
                f"run {training.run_id} crashed",
            )
            assert_rows_are_right(list(history(client, training.run_id)), acknowledged)
        return len(acknowledged)

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(kill_one, range(NUM_KILLS)))

    assert len(counts) == NUM_KILLS
    print(f"{NUM_KILLS} kills, {sum(counts)} rows acknowledged, all there once")
