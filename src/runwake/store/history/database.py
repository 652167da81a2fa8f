"""The store's SQLite file: who may open it, its schema, its connections. Station 6.

One connection writes (the writer thread's), a pool of read-only ones serves queries, each query
in one read transaction, so that it sees one moment. The write-ahead log keeps the two sides out
of each other's way. This module knows tables, not what the rows in them mean.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from runwake.errors import ConflictError, StorageFullError, StoreError
from runwake.store.history.options import HistoryOptions

SCHEMA_VERSION: Final = 1
PAGE_SIZE: Final = 8192
STEP_KEY: Final = 1
TIMESTAMP_KEY: Final = 2
_APPLICATION_ID: Final = 0x52754877
_BUSY_MS: Final = 10_000
_MMAP_BYTES: Final = 2_000_000_000
_BACKSTOP_CHECKPOINT_PAGES: Final = 32_000

# Narrow columns stand before the blobs, and small blobs before large ones: SQLite reads a row
# from its start and walks the overflow pages of what comes before a wanted column.
_TABLES: Final = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  num_rows INTEGER NOT NULL DEFAULT 0,
  segment_rows INTEGER NOT NULL DEFAULT 0,   -- rows below are in segments, those above in the tail
  console_lines INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE stream (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  name TEXT NOT NULL,
  offset INTEGER NOT NULL,
  UNIQUE (run, name)
);
CREATE TABLE schema (
  stream INTEGER NOT NULL, id INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (stream, id)
) WITHOUT ROWID;
CREATE TABLE key (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO key VALUES (1, '_step'), (2, '_timestamp');
CREATE TABLE tail (                          -- what was acknowledged and is in no segment yet
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL, row0 INTEGER NOT NULL, num_rows INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (run, row0)
);
CREATE TABLE segment (
  run INTEGER NOT NULL, row0 INTEGER NOT NULL, num_rows INTEGER NOT NULL,
  first_chunk INTEGER NOT NULL, num_chunks INTEGER NOT NULL,   -- chunk ids are consecutive
  merged INTEGER NOT NULL,
  PRIMARY KEY (run, row0)
) WITHOUT ROWID;
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL, key INTEGER NOT NULL, row0 INTEGER NOT NULL, kind TEXT NOT NULL,
  num_rows INTEGER NOT NULL, num_values INTEGER NOT NULL, flags INTEGER NOT NULL,
  minimum REAL, maximum REAL,                -- of the finite values
  lod2 BLOB, lod1 BLOB, presence BLOB, data BLOB NOT NULL,
  UNIQUE (run, key, row0, kind)
);
CREATE TABLE streamkey (                     -- of the rows in segments; the tail's are added live
  run INTEGER NOT NULL, key INTEGER NOT NULL, kind TEXT NOT NULL,
  num_values INTEGER NOT NULL, minimum REAL, maximum REAL,
  last_row INTEGER NOT NULL, last BLOB NOT NULL,
  PRIMARY KEY (run, key, kind)
) WITHOUT ROWID;
CREATE TABLE console (
  run INTEGER NOT NULL, line INTEGER NOT NULL,
  channel TEXT NOT NULL, text TEXT NOT NULL, time REAL NOT NULL, partial INTEGER NOT NULL,
  PRIMARY KEY (run, line)
) WITHOUT ROWID;
CREATE TABLE open_line (                     -- the unfinished line of a stream's channel
  stream INTEGER NOT NULL, channel TEXT NOT NULL, line INTEGER NOT NULL,
  PRIMARY KEY (stream, channel)
) WITHOUT ROWID;
"""


class Database:
    """An open history file. Only `writer` may change it, and only from one thread at a time."""

    def __init__(self, path: Path, options: HistoryOptions) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock_fd = _take_lock(path.with_name(path.name + ".lock"))
        try:
            self.writer = self._open_writer(options)
            self._checkpointer = self._connect("rw")
        except BaseException:
            os.close(self._lock_fd)
            raise

    def _open_writer(self, options: HistoryOptions) -> sqlite3.Connection:
        # SQLite gives the -wal and -shm files the mode of the main file.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, self.path)
            if options.max_size_bytes is not None:
                pages = max(1, options.max_size_bytes // PAGE_SIZE)
                connection.execute(f"PRAGMA max_page_count={pages}").fetchone()
        except sqlite3.DatabaseError as error:
            connection.close()
            raise StoreError(f"{self.path} cannot be opened as a history file: {error}") from error
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a read-only connection, in a transaction that sees the database as of now.

        Raises:
            StoreError: the store is closed, or SQLite cannot read its file.
        """
        connection = self._take()
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be read: {error}") from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._pool_lock:
            if self._closed:
                raise StoreError(f"the history store {self.path} is closed")
            if self._idle:
                return self._idle.pop()
        return self._connect("ro")

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute(f"PRAGMA mmap_size={_MMAP_BYTES}").fetchone()
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._pool_lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def checkpoint(self, log_bytes: int) -> None:
        """Copy the write-ahead log into the database if it has grown to `log_bytes`.

        On its own connection, so that no append waits for it. Not for several threads at once.
        """
        log = self.path.with_name(self.path.name + "-wal")
        if log.exists() and log.stat().st_size >= log_bytes:
            self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Close all connections and let the next process in; idempotent."""
        with self._pool_lock:
            if self._closed:
                return
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._checkpointer.close()
        self.writer.close()
        os.close(self._lock_fd)


def _take_lock(path: Path) -> int:
    """Return the descriptor that keeps other processes off, for as long as it is open."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise ConflictError(
            f"the data folder {path.parent} is in use by another server (process {holder}): "
            "stop that one, or choose another folder"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer Runwake (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}): update Runwake, or choose another data folder"
        )
    if version == 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{path} is a SQLite file of another program")
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL").fetchone()
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=1")
    connection.execute(f"PRAGMA wal_autocheckpoint={_BACKSTOP_CHECKPOINT_PAGES}").fetchone()
    connection.execute(f"PRAGMA mmap_size={_MMAP_BYTES}").fetchone()
    if version == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id={_APPLICATION_ID}; "
            f"PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
        )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block changes, or nothing of it.

    Raises:
        StorageFullError: the disk, or the file's size limit, has no room for it.
        StoreError: SQLite refuses for another reason.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _store_error(error) from error
    finally:
        # SQLite has rolled back by itself after some failures, and not after others.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _store_error(error: sqlite3.Error) -> StoreError:
    # Python 3.10 has no `sqlite_errorcode`; the text of SQLITE_FULL has been the same for decades.
    if "database or disk is full" in str(error):
        return StorageFullError("no space is left for the history store; nothing was stored")
    return StoreError(f"the history store cannot write: {error}")
