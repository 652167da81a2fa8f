"""Moves rows from the tail into segments, and small segments into large ones. Station 6.

A background thread decides, reads and packs; the writer thread installs the result in one short
transaction. A crash in between loses nothing: the rows are in the tail until they are in a
segment. What cannot be read is never rewritten, so damage does not spread.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from functools import partial
from typing import Final

from runwake.errors import StorageFullError
from runwake.store.history import segments, statistics
from runwake.store.history.codec import CorruptChunkError
from runwake.store.history.database import Database
from runwake.store.history.install import Compaction, install, vacuum
from runwake.store.history.mirror import Mirror, RunTail
from runwake.store.history.options import HistoryOptions
from runwake.store.history.segments import Segment, SegmentRow, StoredChunk
from runwake.store.history.tail import Columns, concatenate
from runwake.store.history.writer import Writer
from runwake.store.ports import RunUid

logger = logging.getLogger(__name__)

_RETRY_S: Final = 10.0
_MANY_PAGES: Final = 1024


class Compactor:
    """Owns the compaction thread; `compact` may also be called by others, one at a time."""

    def __init__(
        self, database: Database, mirror: Mirror, writer: Writer, options: HistoryOptions
    ) -> None:
        self._database = database
        self._mirror = mirror
        self._writer = writer
        self._options = options
        self._working = threading.Lock()
        self._wake = threading.Condition()
        self._closing = False
        self._has_free_pages = False
        self._unmergeable: set[int] = set()
        self._thread = threading.Thread(target=self._loop, name="history-compactor", daemon=True)
        self._thread.start()

    def make_room(self) -> None:
        """Wait until the open tails are within their bound.

        Raises:
            StorageFullError: they are not, although there was time to compact them.
        """
        bound = self._options.tail_bytes
        if self._mirror.nbytes < bound // 2:
            return
        deadline = time.monotonic() + self._options.backpressure_s
        with self._wake:
            self._wake.notify_all()
            while self._mirror.nbytes >= bound:
                left = deadline - time.monotonic()
                if left <= 0 or self._closing:
                    raise StorageFullError(
                        f"rows that wait for compaction take {self._mirror.nbytes} bytes, more "
                        f"than the {bound} allowed, and compaction does not get on"
                    )
                self._wake.wait(min(left, self._options.tick_s))

    def vacuum_soon(self) -> None:
        """Have free pages given back to the disk, in steps between which appends get through."""
        with self._wake:
            self._has_free_pages = True
            self._wake.notify_all()

    def close(self) -> None:
        """Finish what is being compacted, then stop; idempotent."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._wake:
                if not (self._closing or self._has_free_pages or self._ripe()):
                    self._wake.wait(self._options.tick_s)
                if self._closing:
                    return
            try:
                self._compact_ripe()
                self._vacuum()
                self._database.checkpoint(self._options.checkpoint_bytes)
            except StorageFullError as error:
                logger.warning("compaction waits: %s", error)
                self._pause()
            except Exception:
                logger.exception("compaction failed; it is tried again")
                self._pause()

    def _compact_ripe(self) -> None:
        for run in self._ripe():
            if self._closing:
                return
            self.compact(run, whole=self._is_short(run))
            with self._wake:
                self._wake.notify_all()

    def _vacuum(self) -> None:
        """Give some pages back after a deletion, or when many lie idle, as after merges."""
        was_asked, self._has_free_pages = self._has_free_pages, False
        free, pages = self._count_pages()
        if free and (was_asked or free > max(_MANY_PAGES, pages // 4)):
            self._writer.run(vacuum)
            left, _ = self._count_pages()
            if 0 < left < free and (was_asked or left > pages // 8):
                self._has_free_pages = True

    def _count_pages(self) -> tuple[int, int]:
        """Return how many pages of the file are free, and how many it has."""
        with self._database.reading() as connection:
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
        return free, pages

    def _pause(self) -> None:
        with self._wake:
            if not self._closing:
                self._wake.wait(_RETRY_S)

    def _ripe(self) -> list[RunUid]:
        """Return the runs to compact now, the longest tail first."""
        options = self._options
        if self._mirror.nbytes >= options.tail_bytes // 2:
            return self._mirror.select(lambda tail: len(tail) > 0)[:1]
        now = time.monotonic()

        def is_ripe(tail: RunTail) -> bool:
            num_rows = len(tail)
            return num_rows > 0 and (
                num_rows >= options.segment_rows
                or now - tail.touched >= options.idle_s
                or tail.num_cells >= options.segment_cells
            )

        return self._mirror.select(is_ripe)

    def _is_short(self, run: RunUid) -> bool:
        """Whether to take the whole tail, though the last segment will be short."""
        view = self._mirror.view(run)
        return view is not None and view.end - view.start < self._options.segment_rows

    def compact(self, run: RunUid, *, whole: bool) -> None:
        """Move a run's tail into segments.

        Args:
            run: the run; one without a tail is fine.
            whole: also the rows that do not fill a segment.

        Raises:
            StorageFullError: there is no room; nothing was changed.
        """
        with self._working:
            view = self._mirror.view(run)
            if view is None or view.end == view.start:
                return
            rows = view.columns(view.start)
            assert rows is not None
            compaction = self._cut(view.run_id, view.start, rows, whole=whole)
            if compaction is None:
                return

            def swap(connection: sqlite3.Connection) -> None:
                install(connection, compaction)
                self._mirror.cut(run, compaction.run_id, compaction.end)

            self._writer.run(swap)
            self._merge(view.run_id)

    def _cut(self, run_id: int, start: int, rows: Columns, *, whole: bool) -> Compaction | None:
        size = self._options.segment_rows
        tail_rows = rows
        replaced: list[SegmentRow] = []
        before = self._reopen(run_id, start)
        if before is not None:
            replaced.append(before[0])
            rows = concatenate([before[1], rows])
        row0 = start - (rows.num_rows - tail_rows.num_rows)
        end = rows.num_rows if whole else rows.num_rows // size * size
        if end == 0:
            return None
        built = [
            segments.build(rows.cut(first, min(first + size, end))) for first in range(0, end, size)
        ]
        new = statistics.of_columns(tail_rows.cut(0, row0 + end - start), start)
        return Compaction(run_id, row0, start, replaced, built, new)

    def _reopen(self, run_id: int, start: int) -> tuple[SegmentRow, Columns] | None:
        """Return the last segment, if it is short and ends where the tail starts."""
        with self._database.reading() as connection:
            last = segments.last_segment(connection, run_id)
            if (
                last is None
                or last.end != start
                or last.num_rows >= self._options.segment_rows
                or last.num_cells >= self._options.segment_cells // 2
            ):
                return None
            chunks = segments.read_chunks(connection, last)
        try:
            return last, Columns(last.num_rows, [chunk.decode() for chunk in chunks])
        except CorruptChunkError as error:
            logger.error("a damaged segment is left as it is: %s", error)
            return None

    def _merge(self, run_id: int) -> None:
        while run_id not in self._unmergeable:
            with self._database.reading() as connection:
                group = self._next_group(segments.unmerged_segments(connection, run_id))
                if not group:
                    return
                packed = [segments.read_chunks(connection, segment) for segment in group]
            try:
                merged = _merge_segments(group, packed)
            except CorruptChunkError as error:
                logger.error("damaged segments are not merged: %s", error)
                self._unmergeable.add(run_id)
                return
            row0, end = group[0].row0, group[-1].end
            compaction = Compaction(run_id, row0, end, group, [merged], {}, merged=True)
            self._writer.run(partial(install, compaction=compaction))

    def _next_group(self, unmerged: list[SegmentRow]) -> list[SegmentRow]:
        """Return the first unmerged segments if they fill a merged one, else nothing."""
        group: list[SegmentRow] = []
        rows = cells = 0
        for segment in unmerged:
            if rows + segment.num_rows > self._options.merge_rows:
                return group if len(group) > 1 else []
            group.append(segment)
            rows += segment.num_rows
            cells += segment.num_cells
            if rows == self._options.merge_rows or cells >= self._options.merge_cells:
                return group if len(group) > 1 else []
        return []


def _merge_segments(group: list[SegmentRow], packed: list[list[StoredChunk]]) -> Segment:
    """Return one segment of several, key by key, so that only one key is unpacked at a time.

    Raises:
        CorruptChunkError: a chunk is damaged.
    """
    by_key: dict[tuple[str, str], dict[int, StoredChunk]] = {}
    for index, chunks in enumerate(packed):
        for chunk in chunks:
            by_key.setdefault((chunk.key, chunk.kind), {})[index] = chunk
    merged = []
    for members in by_key.values():
        parts = [
            Columns(segment.num_rows, [members[index].decode()] if index in members else [])
            for index, segment in enumerate(group)
        ]
        merged.extend(segments.build(concatenate(parts), small=True).chunks)
    return Segment(sum(segment.num_rows for segment in group), merged)
