"""JSON answers of all routes, and the one shape of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response


class JsonResponse(Response):
    """Plain values and numpy arrays as JSON. Values must be finite already."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def error_answer(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    """Return an `ErrorAnswer`."""
    body = {"error": {"code": code, "message": message, "details": dict(details or {})}}
    return JsonResponse(body, status, dict(headers or {}))
