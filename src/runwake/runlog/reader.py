"""Reading run logs back: whole, or only their first or last records.

Never writes, never raises for damage: damaged bytes come as `Damage`, a torn tail too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from runwake.wire.frames import (
    CONTROL,
    MARK_INTERVAL,
    MAX_BODY_SIZE,
    ROW,
    ROW_KINDS,
    ROW_OPEN,
    SCHEMA,
    Damage,
    Frame,
    scan,
)
from runwake.wire.records import AnyRecord, Exit, RunStart, decode_record
from runwake.wire.rows import Schema, decode_rich_row, decode_schema

_CHUNK_SIZE: Final = 1024 * 1024
_TAIL_SIZE: Final = 2 * MARK_INTERVAL
_SCHEMA_ID: Final = struct.Struct("<I")


def read_frames(path: Path) -> Iterator[Frame | Damage]:
    """Yield the frames and the damage of a log that no one writes to, in order.

    Raises:
        LogFormatError: the file is no run log of a version that we read.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        base = 0
        length = _CHUNK_SIZE
        while base < size:
            file.seek(base)
            data = file.read(length)
            final = base + len(data) >= size or length > 2 * MAX_BODY_SIZE
            end = base
            for item in scan(data, base, final=final):
                yield item
                end = item.end
            if final and end == base:
                return
            # Nothing whole in sight: a large frame, or damage up to a mark that is further away.
            length = length * 2 if end == base else _CHUNK_SIZE
            base = end


def read_start(path: Path) -> RunStart | None:
    """Return a log's first record, None if it is not (yet) there or unreadable.

    Raises:
        LogFormatError: the file is no run log of a version that we read.
        OSError: it cannot be read.
    """
    for record in _records(read_frames(path)):  # a large config makes it a large record
        return record if isinstance(record, RunStart) else None
    return None


def read_exit(path: Path) -> Exit | None:
    """Return the exit record that ends a log, None if its last control record is no exit.

    Raises:
        LogFormatError, OSError: as `read_start`.
    """
    last = None
    for record in _records(_tail(path)):
        last = record
    return last if isinstance(last, Exit) else None


def read_last_step(path: Path) -> float | None:
    """Return the highest step among a log's last rows, None if it has none.

    Raises:
        LogFormatError, OSError: as `read_start`.
    """
    schemas: dict[int, Schema] = {}
    steps: list[float] = []
    for item in _tail(path):
        if not isinstance(item, Frame):
            continue
        try:
            if item.kind == SCHEMA:
                schema = decode_schema(item.payload)
                schemas[schema.id] = schema
            elif item.kind in (ROW, ROW_OPEN):
                schema = schemas[_SCHEMA_ID.unpack_from(item.payload)[0]]
                steps.append(struct.unpack_from(f"<{schema.step_code}", item.payload, 4)[0])
            elif item.kind in ROW_KINDS:
                steps.append(decode_rich_row(item.payload).step)
        except (msgspec.DecodeError, struct.error, KeyError):
            continue
    return max(steps, default=None)


def _tail(path: Path) -> list[Frame | Damage]:
    """Return what lies behind the last marks of a log; all of it if it is short."""
    with path.open("rb") as file:
        base = max(0, file.seek(0, 2) - _TAIL_SIZE)
        file.seek(base)
        data = file.read()
    # From the middle of a file `scan` finds its way by the next mark.
    tail = list(scan(data, base, final=True))
    if base and not any(isinstance(item, Frame) for item in tail):
        tail = list(read_frames(path))  # one frame larger than the tail
    return tail


def _records(items: Iterable[Frame | Damage]) -> Iterator[AnyRecord]:
    for item in items:
        if isinstance(item, Frame) and item.kind == CONTROL:
            try:
                record = decode_record(item.payload)
            except msgspec.DecodeError:
                continue
            if record is not None:
                yield record
