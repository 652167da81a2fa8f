"""Route of blobs: untrusted bytes, served so that no browser runs them in the app's origin."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from runwake.server.access.policy import Policy, policy
from runwake.server.answers import error_answer
from runwake.server.services import AppServices
from runwake.store.ports import BlobRecord

router = APIRouter(prefix="/blobs", tags=["blobs"])

INLINE_TYPES: Final = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "image/bmp": "image/bmp",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "application/json": "application/json",
    "text/plain": "text/plain; charset=utf-8",
}
"""What a browser may show; text of other kinds is shown as plain text, all else is downloaded."""

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@router.get(
    "/{entity}/{project}/{digest}",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The bytes.", "content": {"application/octet-stream": {}}},
        206: {"description": "The range that was asked for."},
        304: {"description": "The caller has them: a digest's bytes never change."},
        416: {"description": "The range lies outside."},
    },
)
@policy(Policy.READ)
def get_blob(
    entity: str, project: str, digest: str, request: Request, services: AppServices
) -> Response:
    """The bytes of a blob that the project holds."""
    blob = services.blobs.find(entity, project, digest)
    headers = blob_headers(blob)
    if digest in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    start, end = 0, blob.size
    status = 200
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked and (asked[1] or asked[2]) and _if_range_holds(request, digest):
        start, end = _bounds(asked[1], asked[2], blob.size)
        if start >= end:
            message = f"the blob has {blob.size} bytes"
            limits = {"Content-Range": f"bytes */{blob.size}"}
            return error_answer(416, "range_not_satisfiable", message, headers=limits)
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(services.blobs.read(blob, start, end), status, headers)


def blob_headers(blob: BlobRecord) -> dict[str, str]:
    """Return the headers that keep a blob harmless and cached for good."""
    given = blob.media_type.partition(";")[0].strip().lower()
    shown = INLINE_TYPES.get(given)
    if shown is None and given.startswith("text/"):
        shown = INLINE_TYPES["text/plain"]
    headers = {
        "Content-Type": shown or "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=31536000, immutable",
        "ETag": f'"{blob.digest}"',
        "Accept-Ranges": "bytes",
    }
    if shown is None:
        headers["Content-Disposition"] = "attachment"
    return headers


def _if_range_holds(request: Request, digest: str) -> bool:
    condition = request.headers.get("if-range")
    return condition is None or condition == f'"{digest}"'


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Return [start, end) of a range header's numbers, cut to the blob."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
