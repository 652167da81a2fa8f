"""The demo's server: `runwake server` as a child process, from start to end."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import urllib3

from runwake.errors import RunwakeError

PORTS_TO_TRY = 50
_STOP_S = 15.0


class DemoError(RunwakeError):
    """The demo cannot go on. The message says what was seen."""


def free_port(host: str, wanted: int) -> int:
    """Return the first port from `wanted` on that nobody listens on.

    Raises:
        DemoError: the next `PORTS_TO_TRY` ports are all taken, or this machine is not `host`.
    """
    for port in range(wanted, min(wanted + PORTS_TO_TRY, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            # As servers do: a port in TIME_WAIT from an earlier demo is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise DemoError(f"cannot listen on {host} port {port}: {error.strerror}") from None
            return port
    raise DemoError(f"no free port from {wanted} on: name one with --port")


class ServerProcess:
    """A running server. Not thread-safe."""

    def __init__(
        self, host: str, port: int, data_dir: Path, environment: Mapping[str, str]
    ) -> None:
        """Start it; `wait_ready` says when it answers. What it prints goes to `server.log`."""
        shown = "127.0.0.1" if host == "localhost" else host
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
        self.log = data_dir / "server.log"
        command = (
            sys.executable, "-m", "runwake", "server",
            "--host", host, "--port", str(port), "--data-dir", str(data_dir / "server"),
        )  # fmt: skip
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C reaches the demo, which ends the trainers first.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def wait_ready(self, http: urllib3.PoolManager, timeout_s: float) -> None:
        """Return when the server is ready.

        Raises:
            DemoError: it ended, or was not ready in time; with the end of its log.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.check()
            try:
                if http.request("GET", f"{self.url}/readyz", timeout=2.0).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.05)
        raise DemoError(f"the server was not ready after {timeout_s:.0f} s:\n{self._last_words()}")

    def check(self) -> None:
        """Raise DemoError if the server has ended."""
        status = self._process.poll()
        if status is not None:
            raise DemoError(f"the server ended with status {status}:\n{self._last_words()}")

    def wait(self) -> None:
        """Return when the server ends by itself."""
        self._process.wait()

    def stop(self) -> None:
        """End the server, by force if it does not go by itself; harmless when it has ended."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace").rstrip()
        return "\n".join(text.splitlines()[-15:]) or "(it printed nothing)"
