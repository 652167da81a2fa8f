"""Console output as lines: cut at newlines, progress bars reduced to what one sees of them.

A program that draws a progress bar prints a carriage return and overwrites the line. Of such a
line only what follows its last carriage return is kept. ANSI colours stay: the page shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from runwake.store.ports import ConsoleLine
from runwake.wire.records import Console

MAX_LINE_LENGTH: Final = 64 * 1024
"""Longer lines are cut into several, so that output without newlines cannot pile up."""

BegunLines = Mapping[str, tuple[str, float]]
"""Per channel the text of the line that has no newline yet, and when it began."""


class LineSplitter:
    """Splits the console records of one stream, in order."""

    def __init__(self, begun: BegunLines) -> None:
        self._begun = dict(begun)

    @property
    def begun(self) -> BegunLines:
        """Lines that have no newline yet."""
        return {channel: begun for channel, begun in self._begun.items() if begun[0]}

    def feed(self, record: Console) -> list[ConsoleLine]:
        """Return the lines that this record ends."""
        text, time = self._begun.get(record.channel, ("", record.time))
        if not text:
            time = record.time
        *whole, rest = (text + record.text).split("\n")
        lines: list[ConsoleLine] = []
        for line in whole:
            lines += _cut(record.channel, _visible(line), time)
            time = record.time
        rest = _collapse(rest)
        while len(rest) > MAX_LINE_LENGTH:
            lines.append(ConsoleLine(record.channel, rest[:MAX_LINE_LENGTH], time))
            rest = rest[MAX_LINE_LENGTH:]
        self._begun[record.channel] = (rest, time)
        return lines

    def flush(self) -> list[ConsoleLine]:
        """Return the lines that never got their newline: the stream has ended."""
        begun = sorted(self.begun.items(), key=lambda entry: entry[1][1])
        self._begun.clear()
        lines: list[ConsoleLine] = []
        for channel, (text, time) in begun:
            lines += _cut(channel, _visible(text), time)
        return lines


def visible_text(begun: str) -> str:
    """Return what a terminal shows of a line that is not ended yet."""
    return _visible(begun)


def _cut(channel: str, text: str, time: float) -> Iterable[ConsoleLine]:
    for start in range(0, max(1, len(text)), MAX_LINE_LENGTH):
        yield ConsoleLine(channel, text[start : start + MAX_LINE_LENGTH], time)


def _visible(line: str) -> str:
    # A trailing carriage return belongs to the newline ("\r\n"), or waits for the next state of
    # a progress bar: what stands before it is what one sees.
    return line.rstrip("\r").rpartition("\r")[2]


def _collapse(rest: str) -> str:
    """Forget what was overwritten already, but keep trailing carriage returns."""
    body = rest.rstrip("\r")
    return body.rpartition("\r")[2] + rest[len(body) :][:1]
