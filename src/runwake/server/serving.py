"""Runs the application in this process: socket first, then stores, then requests."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from runwake.errors import UsageError
from runwake.server.stopping import Stopping
from runwake.settings.server import ServerSettings

GRACE_S = 1
"""How long answers that are under way may take once the server stops."""


def listen(settings: ServerSettings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises:
        UsageError: the port is taken or not allowed, or the host is not this machine's.
    """
    try:
        found = socket.getaddrinfo(
            settings.host.strip("[]"),
            settings.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except socket.gaierror as error:
        raise UsageError(f"host={settings.host!r} is not known: {error.strerror}") from None
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UsageError(_bind_message(settings, error)) from None
    return listener


def _bind_message(settings: ServerSettings, error: OSError) -> str:
    where = f"port {settings.port} on {settings.host}"
    if isinstance(error, PermissionError):
        return f"{where} may not be used by this user: choose one above 1023 with --port"
    return (
        f"{where} cannot be used ({error.strerror}): stop the other program, or choose another "
        "with --port (0 takes a free one)"
    )


def address_of(settings: ServerSettings, listener: socket.socket) -> str:
    """Return the URL under which a browser on this machine finds the server."""
    port = listener.getsockname()[1]
    host = settings.host.strip("[]")
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: FastAPI, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is called when requests are answered."""
    # Uvicorn lets the signal take its usual way once it has stopped: for Ctrl-C that is this.
    with contextlib.suppress(KeyboardInterrupt):
        make_server(app, on_ready).run(sockets=[listener])


def make_server(app: FastAPI, on_ready: Callable[[], None]) -> uvicorn.Server:
    """Return the HTTP server of an app; set its `should_exit` to stop it."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        # Behind a proxy of this machine, its word on the client's scheme counts.
        proxy_headers=True,
    )
    return _Server(config, app.state.stopping, on_ready)


class _Server(uvicorn.Server):
    """Uvicorn that says when it is ready, and tells endless answers when it stops."""

    def __init__(
        self, config: uvicorn.Config, stopping: Stopping, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell live streams to end before waiting for them."""
        self._stopping.set()
        await super().shutdown(sockets)


def write_ready_file(path: Path, url: str, port: int) -> None:
    """Write where the server is for whoever started it, whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    ready = {"url": url, "port": port, "pid": os.getpid()}
    unfinished.write_text(json.dumps(ready), encoding="utf-8")
    unfinished.replace(path)


def set_up_logging(level: str) -> None:
    """Write log lines of `level` and above to the terminal."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Alembic tells of each step at INFO: of no interest but to who debugs.
    logging.getLogger("alembic").setLevel(logging.WARNING if level != "debug" else logging.DEBUG)
