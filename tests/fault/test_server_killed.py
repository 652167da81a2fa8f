"""The server dies with SIGKILL while ranges come in. What it acknowledged is there, once."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest
import urllib3
import zstandard

from runwake.testing.logs import LogBuilder
from runwake.testing.server import RunningServer
from runwake.wire.http import stream_path
from runwake.wire.records import Console

NUM_ROWS = 400
NUM_KILLS = 3


class Sender(threading.Thread):
    """Ships a log in ranges of random size until all of it is acknowledged, whatever happens."""

    def __init__(self, server: RunningServer, log: LogBuilder, seed: int) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._log = log
        self._random = random.Random(seed)
        self.acknowledged = 0
        self.highest = 0
        self.num_failures = 0
        self.giving_up_at = time.monotonic() + 150.0

    def run(self) -> None:
        while self.acknowledged < len(self._log) and time.monotonic() < self.giving_up_at:
            size = self._random.choice((200, 1_000, 5_000, 20_000))
            try:
                self._send(self.acknowledged, min(len(self._log), self.acknowledged + size))
            except urllib3.exceptions.HTTPError:
                self.num_failures += 1
                time.sleep(0.02)

    def _send(self, begin: int, end: int) -> None:
        data = self._log.data
        is_last = end == len(data)
        path = f"{stream_path(*self._log.path)}?offset={begin}&final={int(is_last)}"
        response = self._server.client().request(
            "POST",
            path,
            body=zstandard.compress(data[begin:end]),
            headers={"Content-Encoding": "zstd"},
        )
        if response.status == 409:
            self.acknowledged = response.json()["expected"]
            assert self.acknowledged >= self.highest, "acknowledged bytes were lost"
        elif response.status == 200:
            offset = response.json()["offset"]
            assert offset >= self.highest, "acknowledged bytes were lost"
            # Forget at times what was acknowledged, as a sender that died would.
            self.highest = max(self.highest, offset)
            self.acknowledged = offset if self._random.random() < 0.9 else begin
        else:
            raise urllib3.exceptions.HTTPError(f"{response.status} {response.data!r}")


def example_log(stream: str, seed: int) -> LogBuilder:
    """Rows of alternating shapes, open rows, console output with and without newlines."""
    chance = random.Random(seed)
    log = LogBuilder(stream=stream, host="box")
    for step in range(NUM_ROWS):
        log.row({"a": float(step), "b": step}, step, is_open=True)
        if chance.random() < 0.3:
            log.record(Console(channel="stdout", text=f"{stream} step {step}", time=float(step)))
            if chance.random() < 0.5:
                log.row({"mid": step}, step, is_open=True)
            log.record(Console(channel="stdout", text=" done\n", time=float(step)))
        log.row({"c": f"text {step}"} if step % 3 else {"c": step}, step, is_open=step % 2 == 0)
    return log.exit()


def expected_lines(stream: str, seed: int) -> list[str]:
    chance = random.Random(seed)
    lines = []
    for step in range(NUM_ROWS):
        if chance.random() < 0.3:
            chance.random()
            lines.append(f"{stream} step {step} done")
    return lines


def get(server: RunningServer, path: str) -> Any:
    response = server.client().request("GET", "/api/v1/projects/local/demo/runs/r1" + path)
    assert response.status == 200, response.data
    return response.json()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_and_line_arrives_once_though_the_server_is_killed(seed: int) -> None:
    chance = random.Random(seed)
    logs = {stream: example_log(stream, seed) for stream in ("w0", "w1")}
    with RunningServer() as server:
        senders = [Sender(server, log, seed) for log in logs.values()]
        for sender in senders:
            sender.start()
        for _ in range(NUM_KILLS):
            time.sleep(chance.uniform(0.05, 0.5))
            server.kill()
            server.start()
        for sender in senders:
            sender.join(150)
        assert [sender.acknowledged for sender in senders] == [len(log) for log in logs.values()]

        rows = get(server, "/history?limit=10000")["rows"]
        assert len(rows) == 2 * NUM_ROWS
        for number in range(NUM_ROWS):
            same_step = [row["values"] for row in rows if row["step"] == number]
            assert len(same_step) == 2
            assert all(values["a"] == values["b"] == number for values in same_step)
            assert all("c" in values for values in same_step)
        lines = [line["text"] for line in get(server, "/console?first=0&limit=10000")["lines"]]
        for stream in logs:
            printed = [line for line in lines if line.startswith(stream)]
            assert printed == expected_lines(stream, seed)
        run = get(server, "")
        assert run["num_rows"] == 2 * NUM_ROWS
        assert run["state"] == "finished"
        assert run["summary"]["b"] == NUM_ROWS - 1
        assert [process["damaged_bytes"] for process in run["processes"]] == [0, 0]


def test_a_blob_upload_that_the_server_dies_in_leaves_no_blob() -> None:
    digest = "ab" * 32
    path = f"/api/v1/blobs/local/demo/{digest}"
    begun = threading.Event()

    def endless() -> Any:
        while True:
            yield b"x" * 100_000
            begun.set()
            time.sleep(0.001)

    with RunningServer() as server:
        client = server.client()

        def upload() -> None:
            with pytest.raises(urllib3.exceptions.HTTPError):
                client.request("PUT", path, body=endless())

        thread = threading.Thread(target=upload, daemon=True)
        thread.start()
        assert begun.wait(20)
        server.kill()
        thread.join(20)
        server.start()

        assert server.client().request("HEAD", path).status == 404
        blobs = server.data_dir / "blobs"
        assert [file for file in blobs.rglob("*") if file.is_file()] == []
