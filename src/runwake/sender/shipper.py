"""Shipping one stream of the run log by offset.

The server says up to where it has the stream durably; from there the file's bytes are sent, again
and again if need be. Files that a range names are uploaded before it.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from typing import Final, NamedTuple

import msgspec

from runwake.runlog.run_dir import RunDir
from runwake.sender.transport import OtherOffsetError, RefusedError, Transport
from runwake.wire.frames import CONTROL, ROW_KINDS, Damage, scan
from runwake.wire.http import (
    MAX_RANGE_SIZE,
    RANGE_SIZE,
    IngestAnswer,
    blob_path,
    stream_path,
)
from runwake.wire.records import Exit, File, RunStart, decode_record

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Range(NamedTuple):
    """What a piece of a log holds.

    Attributes:
        end: offset behind its last whole frame.
        row_ends: where each row frame ends, ascending.
        files: blobs that it names.
        exit: its last exit record.
        damaged: bytes that cannot be read.
    """

    end: int
    row_ends: list[int]
    files: list[File]
    exit: Exit | None
    damaged: int


class StreamShipper:
    """Sends one stream. Not thread-safe; may be made anew at any time, the server knows the rest.

    Attributes:
        start: the stream's first record.
        acked: bytes that the server has confirmed; None until it was asked.
        exit: the exit record that was met, if any.
        stop_requested: whether the server asked the run to stop.
        num_rows, num_bytes, num_damaged: confirmed rows and bytes, and unreadable bytes, sent
            by this object.
    """

    def __init__(self, run_dir: RunDir, start: RunStart, transport: Transport) -> None:
        self.start = start
        self.acked: int | None = None
        self.exit: Exit | None = None
        self.stop_requested = False
        self.is_final = False
        self.num_rows = 0
        self.num_bytes = 0
        self.num_damaged = 0
        self.problems: list[str] = []
        self._transport = transport
        self._run_dir = run_dir
        self._log = run_dir.log_path(start.stream)
        self._path = stream_path(start.entity, start.project, start.run_id, start.stream)
        self._offered = 0
        self._range_size = RANGE_SIZE
        self._uploaded: set[str] = set()

    def size(self) -> int:
        """Return the size of the log now; 0 if it is gone."""
        try:
            return os.stat(self._log).st_size  # noqa: PTH116 - polled often
        except OSError:
            return 0

    def has_news(self) -> bool:
        """Whether the log has bytes that were not offered to the server yet."""
        return self.acked is None or self.size() > self._offered

    def ship(self, *, final: bool = False) -> None:
        """Send all that is there. Each round's progress shows in `acked`.

        Args:
            final: nobody writes to the log any more.

        Raises:
            CommunicationError: see `Transport`; call again later.
            LogFormatError: the file is no run log.
            OSError: the log cannot be read.
        """
        if self.acked is None:
            self._take(self._transport.ask(self._path))
        while self.ship_range(final=final):
            pass

    def ship_range(self, *, final: bool = False) -> bool:
        """Send one range; whether there is more to send now. Errors as of `ship`."""
        if self.acked is None:
            self._take(self._transport.ask(self._path))
        offset = self.acked or 0
        size = self.size()
        if offset >= size or (self._offered >= size and not final):
            return self._finish(offset, size) if final else False
        with self._log.open("rb") as file:
            file.seek(offset)
            data = file.read(min(self._range_size, size - offset))
        at_end = offset + len(data) >= size
        content = _examine(data, offset, final=final and at_end)
        if content.end == offset:
            # A frame larger than the range, damage, or the writer is in the middle of a frame.
            return False if at_end else self._grow_range()
        self._upload(content.files)
        self.exit = content.exit or self.exit
        # Behind an exit record nobody writes any more.
        final &= at_end
        final |= content.exit is not None and content.end == size
        body = data[: content.end - offset]
        answer = self._post(offset, body, size, final=final)
        if answer is None:
            return True
        self._offered = content.end
        return self._progress(offset, answer, content, at_end=at_end, final=final)

    def heartbeat(self) -> None:
        """Say that the stream's process is alive; errors as of `ship`."""
        self.stop_requested |= self._transport.heartbeat(self._path).stop_requested

    def _progress(
        self, offset: int, answer: IngestAnswer, content: Range, *, at_end: bool, final: bool
    ) -> bool:
        self._take(answer)
        if final and answer.offset < content.end:
            raise RefusedError(
                f"the server stops at byte {answer.offset} of stream {self.start.stream}, which "
                f"ends at {content.end}"
            )
        self.is_final |= final
        if answer.offset > offset:
            self._range_size = RANGE_SIZE
            self.num_rows += bisect_right(content.row_ends, answer.offset)
            self.num_bytes += answer.offset - offset
            self.num_damaged += content.damaged
            return not at_end
        # The server holds an open row back until its end is in sight.
        return False if at_end else self._grow_range()

    def _finish(self, offset: int, size: int) -> bool:
        """Tell the server that nothing follows, if it was not told with the last range."""
        if not self.is_final:
            answer = self._post(offset, b"", size, final=True)
            if answer is None:
                return True
            self._take(answer)
            self.is_final = True
        return False

    def _post(self, offset: int, body: bytes, size: int, *, final: bool) -> IngestAnswer | None:
        """Return the answer; None if the stream stands elsewhere: go on from there."""
        try:
            return self._transport.post_range(self._path, offset, body, final=final)
        except OtherOffsetError as error:
            self._move_to(error.expected, size)
            self._offered = min(self._offered, error.expected)
            self._uploaded.clear()  # who has lost rows may have lost blobs
            return None

    def _take(self, answer: IngestAnswer) -> None:
        self.acked = answer.offset
        self.stop_requested |= answer.stop_requested

    def _move_to(self, expected: int, size: int) -> None:
        if expected > size:
            raise RefusedError(
                f"the server has {expected} bytes of stream {self.start.stream}, the log on disk "
                f"only {size}: was it cut or replaced?"
            )
        if expected == self.acked:
            raise RefusedError(f"the server refuses offset {expected} and asks for it")
        self.acked = expected

    def _grow_range(self) -> bool:
        if self._range_size >= MAX_RANGE_SIZE:
            raise RefusedError(
                f"stream {self.start.stream} cannot go on at byte {self.acked}: no whole frame "
                f"within {MAX_RANGE_SIZE} bytes"
            )
        self._range_size = min(2 * self._range_size, MAX_RANGE_SIZE)
        return True

    def _upload(self, files: list[File]) -> None:
        for file in files:
            if file.digest in self._uploaded or not _DIGEST.fullmatch(file.digest):
                continue
            path = blob_path(self.start.entity, self.start.project, file.digest)
            local = self._run_dir.blobs / file.digest
            try:
                if not self._transport.has_blob(path):
                    self._transport.put_blob(path, local)
            except (OSError, RefusedError) as error:
                # A file that is lost must not hold up the rows behind it.
                self.problems.append(f"{file.path} is not uploaded: {error}")
            self._uploaded.add(file.digest)


def _examine(data: bytes, base: int, *, final: bool) -> Range:
    end = base
    row_ends: list[int] = []
    files: list[File] = []
    last_exit: Exit | None = None
    damaged = 0
    for item in scan(data, base, final=final):
        end = item.end
        if isinstance(item, Damage):
            damaged += item.end - item.start
        elif item.kind in ROW_KINDS:
            row_ends.append(item.end)
        elif item.kind == CONTROL:
            try:
                record = decode_record(item.payload)
            except msgspec.DecodeError:
                continue
            if isinstance(record, File):
                files.append(record)
            elif isinstance(record, Exit):
                last_exit = record
    return Range(end, row_ends, files, last_exit, damaged)
