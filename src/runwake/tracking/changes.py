"""Use case of live views: what has changed in a project since some cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runwake.errors import UsageError
from runwake.store.ports import MetaStore
from runwake.tracking.runs import Runs, RunView, require_project


@dataclass(frozen=True)
class ChangesView:
    """Runs that changed, ids of those that are gone, and the cursor for the next question."""

    runs: Sequence[RunView]
    deleted: Sequence[str]
    cursor: str


class Changes:
    """Increments of projects. Thread-safe: holds nothing but its stores."""

    def __init__(self, meta: MetaStore, runs: Runs) -> None:
        self._meta = meta
        self._runs = runs

    def since(self, entity: str, project: str, cursor: str) -> ChangesView:
        """Return what changed after `cursor`; an empty one stands for the beginning.

        Raises:
            NotFoundError: no such project.
            UsageError: the cursor is none of ours.
        """
        after = parse_cursor(cursor)
        with self._meta.read() as tx:
            require_project(tx, entity, project)
            changes = tx.changes(entity, project, after)
        return ChangesView(self._runs.views(changes.runs), changes.deleted, str(changes.position))

    def position(self) -> int:
        """Return where the sequence of all changes stands: cheap, to be asked often."""
        with self._meta.read() as tx:
            return tx.position()


def parse_cursor(cursor: str) -> int:
    """Return the position that a cursor stands for.

    Raises:
        UsageError: the cursor is none of ours.
    """
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise UsageError(f"cursor={cursor!r} is not one that this server gave")
    return int(cursor)
