from __future__ import annotations

from pathlib import Path

from runwake.store.history.options import HistoryOptions
from runwake.store.history.store import EmbeddedHistoryStore
from runwake.store.ports import HistoryStore, RunUid
from runwake.testing.history_conformance import HistoryConformance

SMALL = HistoryOptions(segment_rows=256, merge_rows=2048, tick_s=0.02)


class TestEmbeddedHistory(HistoryConformance):
    def make_store(self, path: Path) -> HistoryStore:
        return EmbeddedHistoryStore(path / "history.db", SMALL)

    def settle(self, store: HistoryStore, run: RunUid) -> None:
        assert isinstance(store, EmbeddedHistoryStore)
        store.compact(run)
