from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from runwake.errors import StoreError
from runwake.store.meta.migrate import HEAD, MIGRATIONS
from runwake.store.meta.sql_store import SqlMetaStore
from runwake.store.meta.sqlite import sqlite_engine
from runwake.store.meta.tables import METADATA


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "meta.sqlite")
    SqlMetaStore(engine)

    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "meta.sqlite")
    SqlMetaStore(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match="newer Runwake"):
        SqlMetaStore(engine)
    engine.dispose()


def test_commits_are_durable_and_keys_are_enforced(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "meta.sqlite")
    with engine.begin() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()

    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
