from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from runwake.cli.server import server as command
from runwake.testing.server import RunningServer

MODULE = [sys.executable, "-m", "runwake.cli.server"]


def test_the_server_says_in_one_line_where_it_is_and_stops_on_ctrl_c() -> None:
    with RunningServer() as server:
        assert server.client().request("GET", "/healthz").status == 200

        seconds = server.stop()

        assert seconds < 10  # without a cause it would be never; slow machines are slow
        (line,) = server.output.splitlines()
        assert f"http://127.0.0.1:{server.port}" in line
        assert str(server.data_dir) in line


def test_ctrl_c_does_not_wait_for_live_streams() -> None:
    with RunningServer() as server:
        client = server.client()
        project = "/api/v1/projects/local/demo"
        start = {"Content-Type": "application/octet-stream"}
        from runwake.testing.logs import LogBuilder
        from runwake.wire.http import stream_path

        log = LogBuilder()
        path = stream_path(*log.path) + "?offset=0"
        assert client.request("POST", path, body=log.data, headers=start).status == 200
        live = client.request("GET", f"{project}/live", preload_content=False)
        assert live.status == 200

        assert server.stop() < 10  # the stream itself would go on for ever


def test_an_idle_server_is_small_and_loads_nothing_that_it_does_not_need() -> None:
    with RunningServer() as server:
        process = psutil.Process(server.pid)

        assert process.memory_info().rss < 150 * 1024 * 1024
        maps = {Path(mapped.path).name for mapped in process.memory_maps()}
        assert not [name for name in maps if "sklearn" in name or "_imaging" in name]


def test_data_is_readable_by_its_owner_alone() -> None:
    with RunningServer() as server:
        assert server.data_dir.stat().st_mode & 0o777 == 0o700


def test_a_port_that_is_taken_is_named_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [*MODULE, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False
        )

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"port {port}" in line
    assert "--port" in line


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path / "data"),
        pytest.raises(RuntimeError, match="in use by another server"),
        RunningServer(tmp_path / "data"),
    ):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_the_network_is_refused_without_authentication(host: str) -> None:
    result = CliRunner().invoke(command, ["--host", host])

    assert result.exit_code == 1
    assert "--authentication" in result.output


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["--port", "99999"], "port"), (["--log-level", "loud"], "log_level")],
)
def test_bad_options_are_named(arguments: list[str], word: str) -> None:
    result = CliRunner().invoke(command, arguments)

    assert result.exit_code == 1
    assert word in result.output


def test_the_first_start_with_authentication_prints_a_key_once(tmp_path: Path) -> None:
    with RunningServer(tmp_path, ["--authentication"]) as server:
        (key,) = [word for word in server.output.split() if word.startswith("runwake-")]
        assert f"RUNWAKE_API_KEY={key}" in server.output
        header = {"Authorization": f"Bearer {key}"}
        projects = "/api/v1/projects"
        assert server.client().request("GET", projects).status == 401
        assert server.client().request("GET", projects, headers=header).status == 200

        server.kill()
        server.start()

        assert server.output.count(f"    {key}\n") == 1
        assert server.client().request("GET", projects, headers=header).status == 200


def test_further_keys_can_be_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--data-dir", str(tmp_path), "new-key", "--name", "ci"])
    assert result.exit_code == 0, result.output
    key = result.output.strip()

    with RunningServer(tmp_path, ["--authentication"]) as server:
        header = {"Authorization": f"Bearer {key}"}
        assert server.client().request("GET", "/api/v1/projects", headers=header).status == 200
        assert key not in server.output


def test_sigterm_stops_it_too() -> None:
    with RunningServer() as server:
        os.kill(server.pid, signal.SIGTERM)
        assert psutil.Process(server.pid).wait(5) in (0, -signal.SIGTERM, None)
