"""`MetaStore` on a SQL database: transactions, and what their failures mean."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from runwake.errors import ConflictError, StorageFullError, StoreBusyError, StoreError
from runwake.store.meta.migrate import migrate
from runwake.store.meta.reading import SqlMetaRead
from runwake.store.meta.sqlite import BUSY_TIMEOUT_S, sqlite_engine
from runwake.store.meta.writing import SqlMetaWrite

_BUSY: Final = ("database is locked", "database table is locked", "database is busy")
_FULL: Final = ("database or disk is full", "disk full", "no space left")


class SqlMetaStore:
    """Metadata in SQL. Thread-safe: each transaction has its own connection."""

    def __init__(self, engine: Engine) -> None:
        """Take over `engine` and bring its database to the newest shape."""
        self._engine = engine
        self._writer_engine = engine.execution_options(runwake_writer=True)
        # SQLite has one writer at a time. Waiting here is fair and costs nothing; waiting in
        # SQLite is polling.
        is_sqlite = engine.dialect.name == "sqlite"
        self._write_lock: AbstractContextManager[object] = (
            threading.Lock() if is_sqlite else nullcontext()
        )
        with _translated(), self._write_lock, self._writer_engine.begin() as connection:
            migrate(connection)

    @classmethod
    def open_sqlite(
        cls, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, max_pages: int | None = None
    ) -> SqlMetaStore:
        """Open the database file, which is made if need be; see `sqlite_engine`."""
        return cls(sqlite_engine(path, busy_timeout_s=busy_timeout_s, max_pages=max_pages))

    @contextmanager
    def read(self) -> Iterator[SqlMetaRead]:
        """See `MetaStore.read`."""
        with _translated(), self._engine.begin() as connection:
            yield SqlMetaRead(connection)

    @contextmanager
    def write(self) -> Iterator[SqlMetaWrite]:
        """See `MetaStore.write`."""
        with _translated(), self._write_lock, self._writer_engine.begin() as connection:
            yield SqlMetaWrite(connection)

    def check(self) -> None:
        """See `MetaStore.check`."""
        with _translated(), self._engine.begin() as connection:
            connection.execute(text("SELECT value FROM change_counter"))

    def close(self) -> None:
        """See `MetaStore.close`."""
        self._engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn errors of the database into those of the port."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreBusyError("all connections to the metadata database are in use") from error
    except IntegrityError as error:
        raise ConflictError("the metadata database holds such an object already") from error
    except OperationalError as error:
        reason = str(error.orig).lower()
        if any(word in reason for word in _BUSY):
            raise StoreBusyError("the metadata database is locked") from error
        if any(word in reason for word in _FULL):
            raise StorageFullError("no space is left for the metadata database") from error
        raise StoreError(f"the metadata database failed: {error.orig}") from error
    except DBAPIError as error:
        raise StoreError(f"the metadata database failed: {error.orig}") from error
