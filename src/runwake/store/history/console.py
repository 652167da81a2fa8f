"""Console lines of runs, numbered in order of arrival. Station 6.

A line that came as `partial` is continued by the next line of the same stream and channel: that
line's text is added to it, and it keeps its number and time. Streams of several processes may
print at once without breaking into each other's lines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from runwake.errors import UsageError
from runwake.store.ports import ConsoleLine, ConsolePage


class Place(NamedTuple):
    """Where lines go: the run, the stream that prints, and how many lines the run has."""

    run_id: int
    stream_id: int
    num_lines: int


def write(connection: sqlite3.Connection, place: Place, lines: Sequence[ConsoleLine]) -> int:
    """Store lines within the caller's transaction; return how many numbers they took."""
    run_id, stream_id, number = place
    before = dict(
        connection.execute("SELECT channel, line FROM open_line WHERE stream = ?", (stream_id,))
    )
    open_lines = dict(before)
    added: list[tuple[int, int, str, str, float, bool]] = []
    for line in lines:
        # SQLite keeps text as UTF-8, which has no lone surrogates.
        text = line.text.encode("utf-8", "replace").decode("utf-8")
        continued = open_lines.pop(line.channel, None)
        if line.partial:
            open_lines[line.channel] = number if continued is None else continued
        if continued is None:
            added.append((run_id, number, line.channel, text, line.time, line.partial))
            number += 1
        elif continued >= place.num_lines:
            index = continued - place.num_lines
            start = added[index]
            added[index] = (*start[:3], start[3] + text, start[4], line.partial)
        else:
            connection.execute(
                "UPDATE console SET text = text || ?, partial = ? WHERE run = ? AND line = ?",
                (text, line.partial, run_id, continued),
            )
    connection.executemany("INSERT INTO console VALUES (?, ?, ?, ?, ?, ?)", added)
    if open_lines != before:
        connection.execute("DELETE FROM open_line WHERE stream = ?", (stream_id,))
        connection.executemany(
            "INSERT INTO open_line VALUES (?, ?, ?)",
            [(stream_id, channel, line) for channel, line in open_lines.items()],
        )
    return number - place.num_lines


def read(connection: sqlite3.Connection, run: str, first: int, limit: int) -> ConsolePage:
    """Return a page of a run's lines.

    Args:
        connection: in a read transaction.
        run: the run; an unknown one has no lines.
        first: number of the first line; negative: counted from the end.
        limit: most lines to return.

    Raises:
        UsageError: `limit` is negative.
    """
    if limit < 0:
        raise UsageError(f"limit must be 0 or more, not {limit}")
    found = connection.execute("SELECT id, console_lines FROM run WHERE uid = ?", (run,)).fetchone()
    run_id, total = found if found is not None else (0, 0)
    first = max(0, total + first) if first < 0 else min(first, total)
    rows = connection.execute(
        "SELECT channel, text, time, partial FROM console "
        "WHERE run = ? AND line >= ? ORDER BY line LIMIT ?",
        (run_id, first, limit),
    )
    lines = [
        ConsoleLine(channel, text, time, bool(partial)) for channel, text, time, partial in rows
    ]
    return ConsolePage(first, total, lines)
