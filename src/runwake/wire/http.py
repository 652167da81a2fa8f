"""Names that the sender and the server's ingest routes agree on.

::

    POST {API}/ingest/{entity}/{project}/{run_id}/{stream}?offset=N[&final=1]
        body: bytes of the run log from offset N on, zstd (Content-Encoding: zstd)
        200 IngestAnswer | 409 RangeRefused (go on at `expected`) | 429, 503, 507 (try later)
    GET  same path                -> IngestAnswer: where the stream stands (0 if unknown)
    POST same path + /heartbeat   -> IngestAnswer: nothing new, but alive
    HEAD {API}/blobs/{entity}/{project}/{digest}  -> 200 | 404
    PUT  same path, body: the bytes as they are   -> 201, 200 if known | 422 digest mismatch
    GET  same path                                -> the bytes, ranges allowed
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

API: Final = "/api/v1"
"""Native routes live below this path."""

RANGE_SIZE: Final = 4 * 1024 * 1024
"""A sender cuts ranges at about this many bytes before compression …"""
MAX_RANGE_SIZE: Final = 80 * 1024 * 1024
"""… and a server refuses any above this: one frame of the largest size and some more."""

MAX_HELD_BACK: Final = RANGE_SIZE * 8
"""A row that is left open is held back over at most so many bytes of log, then it counts as it
stands: what a program prints while one is open must not keep its stream from going on."""

HEARTBEAT_INTERVAL_S: Final = 15.0
CRASHED_AFTER_S: Final = 300.0
"""A run without a heartbeat for this long counts as crashed, until it is heard of again."""


class IngestAnswer(msgspec.Struct):
    """What the server says of a stream after a range, a question or a heartbeat."""

    offset: int
    """All bytes before it are durable. Send from here on."""
    stop_requested: bool = False
    """Somebody asked the run to stop."""


class RangeRefused(msgspec.Struct):
    """Body of a 409: the range does not start where the stream stands."""

    expected: int


def stream_path(entity: str, project: str, run_id: str, stream: str) -> str:
    """Return the ingest route of one stream."""
    return (
        f"{API}/ingest/{_segment(entity)}/{_segment(project)}/{_segment(run_id)}/{_segment(stream)}"
    )


def blob_path(entity: str, project: str, digest: str) -> str:
    """Return the route of one blob by its sha256 (64 hex digits)."""
    return f"{API}/blobs/{_segment(entity)}/{_segment(project)}/{_segment(digest)}"


def run_page_path(entity: str, project: str, run_id: str) -> str:
    """Return the address of the run's page in the web app."""
    return f"/{_segment(entity)}/{_segment(project)}/runs/{_segment(run_id)}"


def _segment(text: str) -> str:
    return quote(text, safe="")
