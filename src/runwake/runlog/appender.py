"""Appending frames to the run log's file. The border between training and the disk.

Whatever the disk does, training goes on: an appender never raises for a fault of the disk. What
cannot be written now waits in memory, up to a limit, and is written in order once the disk takes
bytes again. The file never holds a torn frame with good ones behind it.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

BACKLOG_LIMIT: Final = 16 * 1024 * 1024
RETRY_INTERVAL_S: Final = 0.25

Warn = Callable[[str, str], None]
"""Called with the kind of a fault and one line for a person; says each kind once."""


class Appender(Protocol):
    """Takes frames in order and keeps them past the death of this process where it can.

    Not thread-safe: the log writer's lock guards it.
    """

    position: int
    """Where the next frame will stand in the file, frames that still wait in memory included."""
    num_dropped: int
    """How many calls of `append` found no room for their frames."""

    def append(self, frames: bytes) -> bool:
        """Take frames; False if they had to be dropped. Never raises for a fault of the disk."""

    def flush(self) -> bool:
        """Try to write all that waits in memory; whether nothing is left waiting."""

    def close(self) -> None:
        """Flush and release the file. What finds no room and further appends are dropped."""


class FileAppender:
    """Appends by plain write(2). A frame that was written outlives this process at once.

    Args:
        path: the log's file; made with mode 0600 if it is not there.
        warn: told of faults, once per kind.
        backlog_limit: bytes of frames that may wait in memory while the disk takes none.
        clock: seconds that never go backwards.
    """

    def __init__(
        self,
        path: Path,
        warn: Warn,
        *,
        backlog_limit: int = BACKLOG_LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._warn = warn
        self._limit = backlog_limit
        self._clock = clock
        self._backlog: deque[bytes] = deque()
        self._backlog_size = 0
        self._retry_at = 0.0
        self._closed = False
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.position = os.fstat(self._fd).st_size
        self.num_dropped = 0

    def append(self, frames: bytes) -> bool:
        """Take frames; False if they had to be dropped."""
        if self._backlog or self._closed:
            return self._append_behind(frames)
        try:
            written = os.write(self._fd, frames)
            if written == len(frames):
                self.position += written
                return True
        except OSError as error:
            self._note_fault(error)
            return self._keep(frames)
        except BaseException:
            # A signal's exception came in between; find out whether the bytes got through.
            self.position = os.fstat(self._fd).st_size
            raise
        return self._keep_torn(frames, written)

    def flush(self) -> bool:
        """Try to write all that waits in memory; whether nothing is left waiting."""
        if self._backlog and not self._closed:
            self._retry()
        return not self._backlog

    def close(self) -> None:
        """Flush and release the file; a second call does nothing.

        What finds no room now is lost, counted and warned of: nobody will write it later.
        """
        if not self.flush() and not self._closed:
            self.num_dropped += len(self._backlog)
            self._warn(
                "log-lost",
                f"the run log {self._path} takes no bytes: the last {len(self._backlog)} writes, "
                f"{self._backlog_size} bytes, are lost",
            )
            self.position -= self._backlog_size
            self._backlog.clear()
            self._backlog_size = 0
        self._closed = True
        self._close_fd()

    def _append_behind(self, frames: bytes) -> bool:
        kept = self._keep(frames)
        if not self._closed and self._clock() >= self._retry_at:
            self._retry()
        return kept

    def _keep(self, frames: bytes) -> bool:
        if self._closed or self._backlog_size + len(frames) > self._limit:
            self.num_dropped += 1
            if not self._closed:
                self._warn(
                    "log-dropped",
                    f"the run log {self._path} takes no bytes and the {self._limit >> 20} MiB kept "
                    "in memory are full: newer rows are dropped until it does",
                )
            return False
        self._push(frames)
        return True

    def _push(self, frames: bytes) -> None:
        self._backlog.append(frames)
        self._backlog_size += len(frames)
        self.position += len(frames)

    def _keep_torn(self, frames: bytes, written: int) -> bool:
        """Undo a write that stopped half way, or keep its rest to complete it later."""
        self._retry_at = self._clock() + RETRY_INTERVAL_S
        try:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            rest = frames
        except OSError as error:
            self._note_fault(error)
            self.position += written
            rest = frames[written:]
        self._push(rest)  # above the limit if need be: a rest must never be dropped
        return True

    def _retry(self) -> None:
        """Write waiting frames in order until the first fault."""
        waiting = len(self._backlog)
        try:
            self._reopen()
            while self._backlog:
                head = self._backlog[0]
                written = os.write(self._fd, head)
                if written < len(head):
                    self._return_torn(head, written)
                    return
                self._backlog.popleft()
                self._backlog_size -= written
        except OSError as error:
            self._note_fault(error)
            return
        self._warn(
            "log-recovered",
            f"the run log {self._path} takes bytes again; {waiting} waiting writes are done",
        )

    def _return_torn(self, head: bytes, written: int) -> None:
        self._retry_at = self._clock() + RETRY_INTERVAL_S
        try:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
        except OSError:
            self._backlog[0] = head[written:]
            self._backlog_size -= written

    def _reopen(self) -> None:
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def _note_fault(self, error: OSError) -> None:
        """Close the file, as an error may stick to its handle, and say what happened."""
        self._retry_at = self._clock() + RETRY_INTERVAL_S
        self._close_fd()
        self._warn(
            f"log-{error.errno}",
            f"cannot write the run log {self._path} ({error.strerror}): training goes on, rows "
            "are kept in memory and written when it is possible again",
        )

    def _close_fd(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                os.close(fd)
            except OSError as error:
                self._warn("log-close", f"closing the run log {self._path}: {error.strerror}")
