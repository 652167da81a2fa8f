"""Entry point that Alembic runs: on the connection that the store gives it."""

from __future__ import annotations

from alembic import context

from runwake.store.meta.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
