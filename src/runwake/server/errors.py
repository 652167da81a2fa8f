"""How each error becomes an answer: one shape for all, `ErrorAnswer`. The border of HTTP."""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runwake.errors import (
    AuthenticationError,
    ConflictError,
    DigestMismatchError,
    LogFormatError,
    NotFoundError,
    OffsetMismatchError,
    RunwakeError,
    StorageFullError,
    StoreBusyError,
    StoreError,
    UsageError,
)
from runwake.server.access.browser import ForbiddenError
from runwake.server.answers import error_answer
from runwake.server.ingest.request_body import TooLargeError, TooSlowError
from runwake.wire.http import RangeRefused

_log: Final = logging.getLogger(__name__)

# The first class that fits counts.
_BY_CLASS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (AuthenticationError, 401, "unauthenticated"),
    (NotFoundError, 404, "not_found"),
    (ConflictError, 409, "conflict"),
    (DigestMismatchError, 422, "digest_mismatch"),
    (LogFormatError, 422, "log_format"),
    (StorageFullError, 507, "storage_full"),
    (StoreBusyError, 503, "busy"),
    (StoreError, 503, "store"),
    (UsageError, 422, "invalid"),
    (ForbiddenError, 403, "forbidden"),
    (TooLargeError, 413, "too_large"),
    (TooSlowError, 408, "too_slow"),
)
_HEADERS: Final = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": "1"},
    507: {"Retry-After": "30"},
}
_BY_STATUS: Final = {404: "not_found", 405: "method_not_allowed"}


def install(app: FastAPI) -> None:
    """Give the app a handler for each kind of error."""
    app.add_exception_handler(OffsetMismatchError, _range_refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UnicodeEncodeError, _no_text)
    for kind in (RunwakeError, ForbiddenError, TooLargeError, TooSlowError):
        app.add_exception_handler(kind, _known)
    app.add_middleware(_LastResort)


async def _range_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, OffsetMismatchError)
    body = msgspec.json.encode(RangeRefused(error.expected))
    return Response(body, 409, media_type="application/json")


async def _known(request: Request, error: Exception) -> Response:
    for kind, status, code in _BY_CLASS:
        if isinstance(error, kind):
            if status >= 500:
                _log.error("%s %s: %s", request.method, request.url.path, error)
            return error_answer(status, code, str(error), headers=_HEADERS.get(status))
    return await _unexpected(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"where": ".".join(map(str, problem["loc"])), "message": str(problem["msg"])}
        for problem in error.errors()
    ]
    first = problems[0]
    message = f"{first['where']}: {first['message']}"
    return error_answer(422, "invalid", message, {"problems": problems})


async def _no_text(request: Request, error: Exception) -> Response:
    """JSON can name halves of characters; no store can keep them."""
    return error_answer(422, "invalid", "a text holds a lone surrogate: send whole characters")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "error")
    message = f"{request.method} {request.url.path}: {error.detail}"
    return error_answer(error.status_code, code, message, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    """Say that it is our fault, and nothing of the inside: that stands in the server's log."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_answer(
        500, "internal", "the server made a mistake; its log says more. Trying again may help"
    )


class _LastResort:
    """ASGI middleware: answers where a route failed in a way that nobody foresaw."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 if that fails before anything was answered."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the border of HTTP: logged and answered
            if scope["type"] != "http" or has_begun:
                raise
            answer = await _unexpected(Request(scope), error)
            await answer(scope, receive, send)
