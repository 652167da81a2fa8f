"""Scripts under `runwake run` against a real server, and what the server has of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runwake.settings.sources import environment
from runwake.testing.server import RunningServer

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server that the tests of one module share: each uses a project of its own."""
    with RunningServer() as running:
        yield running


def clean_environment(server: RunningServer | None) -> dict[str, str]:
    """Return this process's environment without settings of either name, but for the server."""
    variables = {
        name: value
        for name, value in environment().items()
        if not name.startswith(("RUNWAKE_", "WANDB_"))
    }
    return variables if server is None else {**variables, "RUNWAKE_BASE_URL": server.url}


@dataclass
class Shell:
    """Runs commands under `runwake run` in a folder of the test's own."""

    folder: Path
    variables: dict[str, str]
    python: str = sys.executable
    timeout_s: float = 50.0

    def run(self, *words: str, **variables: str) -> Ended:
        """Run a command to its end; its exit code is not looked at."""
        return subprocess.run(
            (sys.executable, "-m", "runwake", "run", "--", *words),
            cwd=self.folder,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            timeout=self.timeout_s,
            check=False,
        )

    def run_script(self, code: str, *arguments: str, **variables: str) -> Ended:
        """Run Python code as a script; it must succeed."""
        script = self.folder / "script.py"
        script.write_text(code, encoding="utf-8")
        ended = self.run(self.python, str(script), *arguments, **variables)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended


@pytest.fixture
def online_shell(server: RunningServer, tmp_path: Path) -> Shell:
    """A shell whose scripts log to the server."""
    return Shell(tmp_path, clean_environment(server))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell whose scripts need no server."""
    return Shell(tmp_path, clean_environment(None))


@pytest.fixture
def get(server: RunningServer) -> Iterator[Callable[..., Any]]:
    """Ask the server for a path below `/api/v1/projects`; parameters as keywords."""
    client = server.client()

    def ask(path: str, **fields: str) -> Any:
        answer = client.request("GET", f"/api/v1/projects{path}", fields=fields)
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    yield ask
    client.close()


@pytest.fixture
def only_run(get: Callable[..., Any]) -> Callable[[str], Any]:
    """Return all that is known of the one run of a project, its history as `rows`."""

    def find(project: str) -> Any:
        (run,) = get(f"/local/{project}/runs")["runs"]
        detail = get(f"/local/{project}/runs/{run['id']}")
        detail["rows"] = get(f"/local/{project}/runs/{run['id']}/history")["rows"]
        return detail

    return find
