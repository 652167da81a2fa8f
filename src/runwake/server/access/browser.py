"""What pages of other sites may not do: call us through the browser of somebody whom we trust.

That holds without authentication too: every page that is open on this machine could otherwise
reach the server on 127.0.0.1, as its owner. Two gates: the Host header must name this machine
(a foreign name that resolves to 127.0.0.1 is DNS rebinding), and changes must not come from a
page of another origin.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from runwake.server.answers import error_answer

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ForbiddenError(Exception):
    """The request is refused whoever makes it; the message says why."""


def refuse_foreign_pages(request: Request) -> None:
    """Raise ForbiddenError for a change that a page of another origin asks for.

    Browsers tell in Sec-Fetch-Site where a request comes from, older ones at least in Origin.
    Programs send neither. A bearer token cannot be sent by a page that does not have it.
    """
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForbiddenError("a page of another site may not change anything here")
    elif origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForbiddenError("a page of another origin may not change anything here")
    is_browser = site is not None or origin is not None or "cookie" in request.headers
    if is_browser and _has_body(request) and not _is_json(request):
        raise ForbiddenError("changes made in a browser must be application/json")


def _has_body(request: Request) -> bool:
    return (
        request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    )


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json"


class LoopbackHosts:
    """ASGI middleware: refuses requests whose Host header does not name this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421."""
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            if not is_loopback_name(host):
                answer = error_answer(
                    421,
                    "wrong_host",
                    f"this server is for this machine only and not known as {host!r}: "
                    "use http://127.0.0.1 or http://localhost",
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_loopback_name(host: str) -> bool:
    """Whether a Host header (name or address, maybe with a port) means this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
