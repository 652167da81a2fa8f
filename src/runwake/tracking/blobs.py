"""Use cases of blobs. A digest alone gives no access: a project holds its own blobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from runwake.errors import NotFoundError, UsageError
from runwake.model.run import check_entity, check_project
from runwake.store.ports import BlobRecord, BlobStore, MetaStore
from runwake.tracking.clock import Clock, system_clock

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"


class Blobs:
    """Blobs of projects. Thread-safe: holds nothing but its stores."""

    def __init__(
        self, meta: MetaStore, blobs: BlobStore, max_size: int, clock: Clock = system_clock
    ) -> None:
        self._meta = meta
        self._blobs = blobs
        self._max_size = max_size
        self._clock = clock

    def find(self, entity: str, project: str, digest: str) -> BlobRecord:
        """Return what is known of a blob that the project holds.

        Raises:
            NotFoundError: the project does not hold it, whoever else may.
        """
        with self._meta.read() as tx:
            blob = tx.blob(entity, project, digest) if _DIGEST.fullmatch(digest) else None
        if blob is None:
            raise NotFoundError(f"there is no blob {digest} in {entity}/{project}")
        return blob

    def put(
        self, entity: str, project: str, digest: str, media_type: str, chunks: Iterable[bytes]
    ) -> bool:
        """Store bytes for a project, which comes into being; return whether they were new to it.

        Raises:
            UsageError: a name or the digest is not allowed, or the bytes are too many.
            DigestMismatchError: the bytes have another digest; nothing of them stays.
        """
        check_entity(entity)
        check_project(project)
        if not _DIGEST.fullmatch(digest):
            raise UsageError(f"digest={digest!r} is no sha256: 64 lower-case hex digits")
        size = self._blobs.put(digest, chunks, self._max_size)
        with self._meta.write() as tx:
            is_new = tx.blob(entity, project, digest) is None
            if is_new:
                tx.ensure_project(entity, project, self._clock())
                tx.save_blob(
                    entity, project, BlobRecord(digest, size, media_type or DEFAULT_MEDIA_TYPE)
                )
        return is_new

    def read(self, blob: BlobRecord, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes [start, end) of a blob that `find` returned."""
        return self._blobs.read(blob.digest, start, end)
