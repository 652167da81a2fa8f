"""Frames of the run log: length, checksum, kind, payload; and marks to resynchronise at.

Layout (little endian)::

    file   = header frame*
    header = magic "RWLG" | u16 version | u16 flags (0) | u64 zero
    frame  = u32 length of body | u32 crc32 of body | body
    body   = u8 kind | payload

A *mark* is a frame whose payload is a fixed 16-byte pattern and its own offset. The writer puts
one before the first frame that follows each `MARK_INTERVAL` bytes. A reader that meets damage
searches for the next mark and goes on there: it loses what lies between and nothing else.

`docs/run-log.md` is the reader's description of this format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

from runwake.errors import LogFormatError

MAGIC: Final = b"RWLG"
VERSION: Final = 1
HEADER_SIZE: Final = 16
MARK_INTERVAL: Final = 256 * 1024
MAX_BODY_SIZE: Final = 64 * 1024 * 1024

_HEADER: Final = struct.Struct("<4sHHQ")
_HEAD: Final = struct.Struct("<II")
_MARK_PATTERN: Final = bytes.fromhex("9b52574d41524bf1c36e04a8d2705f3e")
_MARK_TAIL: Final = struct.Struct("<Q")
HEAD_SIZE: Final = _HEAD.size

# Kinds of frame. A reader skips kinds that it does not know.
MARK: Final = 1
CONTROL: Final = 2  # one record of wire.records, MessagePack
SCHEMA: Final = 3  # interned key tuple of packed rows
ROW: Final = 4  # packed row, closed by this frame
ROW_OPEN: Final = 5  # packed row that a later frame may extend
RICH_ROW: Final = 6  # MessagePack row (strings, nested, media), closed
RICH_ROW_OPEN: Final = 7

ROW_KINDS: Final = frozenset({ROW, ROW_OPEN, RICH_ROW, RICH_ROW_OPEN})
OPEN_KINDS: Final = frozenset({ROW_OPEN, RICH_ROW_OPEN})


class Frame(NamedTuple):
    """One intact frame: its kind, its payload and the bytes [start, end) that it takes."""

    kind: int
    payload: memoryview
    start: int
    end: int


class Damage(NamedTuple):
    """Bytes [start, end) that hold no intact frame."""

    start: int
    end: int


def header() -> bytes:
    """Return the bytes that every log starts with."""
    return _HEADER.pack(MAGIC, VERSION, 0, 0)


def check_header(data: bytes) -> None:
    """Check the first `HEADER_SIZE` bytes of a log.

    Raises:
        LogFormatError: the bytes are no run log, or one that is newer than this reader.
    """
    if len(data) < HEADER_SIZE or data[:4] != MAGIC:
        raise LogFormatError(f"not a run log: it starts with {bytes(data[:4])!r}, not {MAGIC!r}")
    version = _HEADER.unpack_from(data)[1]
    if version > VERSION:
        raise LogFormatError(
            f"the run log has format version {version}, this Runwake reads up to {VERSION}: "
            "update with `pip install -U runwake`"
        )


def frame(body: bytes) -> bytes:
    """Wrap a body (kind byte and payload) into one frame.

    Raises:
        OverflowError: the body is larger than any reader would take.
    """
    if len(body) > MAX_BODY_SIZE:
        raise OverflowError(
            f"it takes {len(body)} bytes, more than the {MAX_BODY_SIZE >> 20} MiB of one record"
        )
    return _HEAD.pack(len(body), crc32(body)) + body


def mark(offset: int) -> bytes:
    """Return the mark that stands at `offset` in its file."""
    return frame(bytes((MARK,)) + _MARK_PATTERN + _MARK_TAIL.pack(offset))


MARK_SIZE: Final = len(mark(0))


def scan(data: bytes, base: int, *, final: bool = False) -> Iterator[Frame | Damage]:
    """Yield what lies in `data`, the bytes of a log from offset `base` on.

    An incomplete frame at the end is not yielded: more bytes may follow. With `final` no more
    will, and it is yielded as damage (a torn tail). Damage ends where the next mark starts; as
    long as that mark is not there, a reader that is not `final` gets nothing more.

    Args:
        data: whole frames from a frame's start, and possibly a torn one at the end.
        base: offset of data[0] in its file. Offset 0 must start with the header.
        final: whether `data` reaches the end of a log that no one writes to any more.

    Raises:
        LogFormatError: `base` is 0 and the header is not one that we read.
    """
    view = memoryview(data)
    position = 0
    if base == 0:
        if len(data) < HEADER_SIZE:
            if final and data:
                yield Damage(0, len(data))
            return
        check_header(data[:HEADER_SIZE])
        position = HEADER_SIZE
    size = len(data)
    while position < size:
        end = _frame_end(view, position, size)
        if end is not None:
            kind = view[position + HEAD_SIZE]
            yield Frame(kind, view[position + HEAD_SIZE + 1 : end], base + position, base + end)
            position = end
            continue
        if not final and _may_be_incomplete(view, position, size):
            return
        resume = _find_mark(data, base, position + 1)
        if resume is None:
            if final:
                yield Damage(base + position, base + size)
            return
        yield Damage(base + position, base + resume)
        position = resume


def _frame_end(view: memoryview, position: int, size: int) -> int | None:
    """Return where the intact frame at `position` ends, None if there is none."""
    if size - position < HEAD_SIZE + 1:
        return None
    length, checksum = _HEAD.unpack_from(view, position)
    end = int(position + HEAD_SIZE + length)
    if not 1 <= length <= MAX_BODY_SIZE or end > size:
        return None
    return end if crc32(view[position + HEAD_SIZE : end]) == checksum else None


def _may_be_incomplete(view: memoryview, position: int, size: int) -> bool:
    """Whether the bytes at `position` look like a frame whose end is still to come."""
    if size - position < HEAD_SIZE + 1:
        return True
    length: int = _HEAD.unpack_from(view, position)[0]
    return 1 <= length <= MAX_BODY_SIZE and position + HEAD_SIZE + length > size


def _find_mark(data: bytes, base: int, position: int) -> int | None:
    """Return where the next mark's frame starts in `data`, None if there is none."""
    while True:
        found = data.find(_MARK_PATTERN, position)
        if found < 0:
            return None
        start = found - HEAD_SIZE - 1
        if start >= position - 1 and data[start : start + MARK_SIZE] == mark(base + start):
            return start
        position = found + 1
