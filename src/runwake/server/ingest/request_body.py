"""Bodies of ingest requests: bounded before and after decompression, wherever they come from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import zstandard
from fastapi import Request

from runwake.errors import UsageError
from runwake.wire.http import MAX_RANGE_SIZE

# What zstd adds at worst to bytes that do not compress, generously.
MAX_COMPRESSED_SIZE: Final = MAX_RANGE_SIZE + MAX_RANGE_SIZE // 128 + 1024
_MAX_WINDOW: Final = 128 * 1024 * 1024
_STEP: Final = 4096


MAX_UPLOADS: Final = 16
"""Blobs that come in at a time: each keeps a worker thread busy, other requests need some too."""
UPLOAD_PAUSE_S: Final = 30.0
"""An upload that sends nothing for so long is given up: the sender comes again."""


class TooSlowError(Exception):
    """The body does not get on."""


class TooLargeError(Exception):
    """The body has more bytes than a route takes."""


async def read_range_body(request: Request) -> bytes:
    """Return the whole body as it was sent.

    Raises:
        TooLargeError: more than `MAX_COMPRESSED_SIZE` bytes.
        UsageError: an encoding that is neither zstd nor identity.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("zstd", "identity"):
        raise UsageError(f"Content-Encoding {encoding!r} is not known: allowed are zstd, identity")
    limit = MAX_COMPRESSED_SIZE if encoding == "zstd" else MAX_RANGE_SIZE
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLargeError(f"a range has at most {MAX_RANGE_SIZE} bytes")
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLargeError(f"a range has at most {MAX_RANGE_SIZE} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def decompressed(body: bytes, encoding: str | None) -> bytes:
    """Return the body's bytes, never making more than a range may have. Runs on a worker thread.

    Raises:
        TooLargeError: they would be more than `MAX_RANGE_SIZE`.
        UsageError: the body is no zstd stream, or an incomplete one.
    """
    if (encoding or "identity").lower() != "zstd":
        return body
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
    pieces: list[bytes] = []
    size = 0
    try:
        # A step of input at a time: a bomb is noticed before it is unpacked.
        for start in range(0, len(body), _STEP):
            piece = decompressor.decompress(body[start : start + _STEP])
            size += len(piece)
            if size > MAX_RANGE_SIZE:
                raise TooLargeError(f"a range has at most {MAX_RANGE_SIZE} bytes")
            pieces.append(piece)
    except zstandard.ZstdError as error:
        raise UsageError(f"the body is not zstd: {error}") from None
    if body and not decompressor.eof:
        raise UsageError("the body is an incomplete zstd stream")
    return b"".join(pieces)


def blocking_chunks(
    stream: AsyncIterator[bytes],
    loop: asyncio.AbstractEventLoop,
    pause_s: float = UPLOAD_PAUSE_S,
) -> Iterator[bytes]:
    """Yield a request's body to a worker thread while the event loop goes on receiving it.

    Raises:
        TooSlowError: nothing came for `pause_s` seconds.
    """

    async def next_chunk() -> bytes | None:
        try:
            return await asyncio.wait_for(anext(stream, None), pause_s)
        except asyncio.TimeoutError:  # noqa: UP041 - not the builtin before Python 3.11
            raise TooSlowError(f"nothing more of the body came for {pause_s:g} s") from None

    while True:
        chunk = asyncio.run_coroutine_threadsafe(next_chunk(), loop).result()
        if chunk is None:
            return
        if chunk:
            yield chunk
