"""The whole server within a test's own process, over real HTTP: quick, and easy to look into."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import zstandard
from fastapi import FastAPI

from runwake.server.app import Stores, create_app
from runwake.server.serving import listen, make_server
from runwake.settings.server import server_settings
from runwake.testing.logs import LogBuilder
from runwake.tracking.clock import Clock, system_clock
from runwake.wire.http import API, stream_path


@dataclass(frozen=True)
class Api:
    """An HTTP client of a server, and the application behind it. Thread-safe."""

    app: FastAPI
    port: int
    pool: urllib3.HTTPConnectionPool

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Make one request; paths of the API may leave its prefix out."""
        if path.startswith(("/projects", "/ingest", "/blobs", "/server", "/session")):
            path = API + path
        return self.pool.request(method, path, json=json, body=body, headers=dict(headers or {}))

    def get(self, path: str, **headers: str) -> Any:
        """Return the JSON of a GET that must succeed."""
        response = self.request("GET", path, headers=headers)
        assert response.status == 200, (response.status, response.data)
        return response.json()

    def ship(
        self, log: LogBuilder, begin: int = 0, end: int | None = None, *, final: bool = False
    ) -> urllib3.BaseHTTPResponse:
        """Send the bytes [begin, end) of a log as a sender does."""
        path = f"{stream_path(*log.path)}?offset={begin}" + ("&final=1" if final else "")
        body = zstandard.compress(log.data[begin:end])
        return self.request("POST", path, body=body, headers={"Content-Encoding": "zstd"})

    def ship_all(self, log: LogBuilder, *, final: bool = False) -> None:
        """Send a whole log; all of it must be taken."""
        response = self.ship(log, final=final)
        assert response.status == 200, (response.status, response.data)
        assert response.json()["offset"] == len(log)


@contextmanager
def serving(
    data_dir: Path,
    stores: Stores | None = None,
    clock: Clock = system_clock,
    **settings: Any,
) -> Iterator[Api]:
    """Serve on a free port from a thread of this process until the block ends.

    Args:
        data_dir: folder of the stores.
        stores: other stores than those of `data_dir`.
        clock: the server's clock.
        **settings: explicit server settings.
    """
    resolved, _ = server_settings({"port": 0, "data_dir": str(data_dir), **settings}, {})
    app = create_app(resolved, stores, clock)
    listener = listen(resolved)
    port = listener.getsockname()[1]
    ready = threading.Event()
    server = make_server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=8, retries=False, timeout=30.0)
    try:
        assert ready.wait(30), "the server did not start"
        yield Api(app, port, pool)
    finally:
        pool.close()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop"
