"""Ports of the stores. Each method states what an adapter owes; `runwake.testing` checks it.

All methods block and may be called from any thread. The server calls them from its worker
threads, never from the event loop.
"""

from runwake.store.ports.blobs import BlobStore
from runwake.store.ports.history import (
    Append,
    ChartQuery,
    ConsoleLine,
    ConsolePage,
    HistoryStore,
    KeySummary,
    Line,
)
from runwake.store.ports.identity import RunUid
from runwake.store.ports.meta import (
    AlertRecord,
    ApiKeyRecord,
    BlobRecord,
    ChangeSet,
    FileRecord,
    MetaRead,
    MetaStore,
    MetaWrite,
    ProcessRecord,
    ProjectRecord,
    RunRecord,
    SessionRecord,
)

__all__ = [
    "AlertRecord",
    "ApiKeyRecord",
    "Append",
    "BlobRecord",
    "BlobStore",
    "ChangeSet",
    "ChartQuery",
    "ConsoleLine",
    "ConsolePage",
    "FileRecord",
    "HistoryStore",
    "KeySummary",
    "Line",
    "MetaRead",
    "MetaStore",
    "MetaWrite",
    "ProcessRecord",
    "ProjectRecord",
    "RunRecord",
    "RunUid",
    "SessionRecord",
]
