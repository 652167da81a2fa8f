"""A real server process for tests: started, killed, started again on the same port and data."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import urllib3

START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 10.0


class RunningServer:
    """Context manager around a server process. Not thread-safe.

    Attributes:
        data_dir: where the server keeps its data; a temporary folder unless given.
        port: 0 before the first start; the same after each restart.
    """

    def __init__(self, data_dir: Path | None = None, arguments: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="runwake-server-")
        self.data_dir = data_dir or Path(self._folder.name) / "data"
        self.port = 0
        self._arguments = tuple(arguments)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RunningServer:
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def output(self) -> str:
        """What the server has printed since its first start."""
        with contextlib.suppress(FileNotFoundError):
            return self._log_file.read_text(encoding="utf-8", errors="replace")
        return ""

    def start(self) -> None:
        """Start the server and return when it answers; on the same port as before, if any.

        Raises:
            RuntimeError: it ended or did not answer in time; the message has its output.
        """
        assert self._process is None, "the server is running already"
        ready = Path(self._folder.name) / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "runwake.cli.server", "--port", str(self.port)]
        command += ["--data-dir", str(self.data_dir), "--ready-file", str(ready)]
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.output}")
            time.sleep(0.01)
        self.port = json.loads(ready.read_text(encoding="utf-8"))["port"]

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash does. A server that is not running is fine."""
        self._end(signal.SIGKILL)

    def stop(self) -> float:
        """Ask the server to stop (SIGINT) and return how many seconds it took."""
        begin = time.monotonic()
        self._end(signal.SIGINT)
        return time.monotonic() - begin

    def client(self) -> urllib3.HTTPConnectionPool:
        """Return a new HTTP client whose requests take paths on this server."""
        return urllib3.HTTPConnectionPool(
            "127.0.0.1", self.port, maxsize=4, retries=False, timeout=30.0
        )

    @property
    def _log_file(self) -> Path:
        return Path(self._folder.name) / "server.log"

    def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, sign)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"the server did not stop:\n{self.output}") from None
