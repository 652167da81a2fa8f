"""Blobs in a local folder through obstore: `ab/cd/<sha256>`.

The path is made of a digest that was checked to be one: no name that a user chose ever reaches
the file system.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError, GenericError
from obstore.store import LocalStore

from runwake.errors import (
    DigestMismatchError,
    NotFoundError,
    StorageFullError,
    StoreError,
    UsageError,
)

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK_SIZE: Final = 1024 * 1024


class LocalBlobStore:
    """`BlobStore` on a folder, which is made if need be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._store = LocalStore(str(folder))
        self._drop_unfinished()

    def put(self, digest: str, chunks: Iterable[bytes], max_size: int) -> int:
        """See `BlobStore.put`."""
        path = _path(digest)
        verified = _Verified(digest, chunks, max_size)
        known = self._size(digest)
        try:
            if known is not None:
                # Nothing to write, but who cannot show the bytes gets no access to them.
                for _ in verified:
                    pass
            else:
                obstore.put(self._store, path, iter(verified), chunk_size=_CHUNK_SIZE)
                self._make_durable(path)
        except OSError as error:
            raise _store_error(error) from error
        except GenericError as error:
            raise _store_error(error) from error
        return verified.size

    def read(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See `BlobStore.read`."""
        size = self._size(digest)
        if size is None:
            raise NotFoundError(f"there are no bytes for the blob {digest}")
        end = size if end is None else min(end, size)
        return self._pieces(_path(digest), start, end) if start < end else iter(())

    def check(self) -> None:
        """See `BlobStore.check`."""
        if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            raise StoreError(f"the blob folder {self._folder} cannot be written")

    def _pieces(self, path: str, start: int, end: int) -> Iterator[bytes]:
        result = obstore.get(self._store, path, options={"range": (start, end)})
        for piece in result.stream(min_chunk_size=_CHUNK_SIZE):
            yield bytes(piece)

    def _size(self, digest: str) -> int | None:
        try:
            return int(obstore.head(self._store, _path(digest))["size"])
        except FileNotFoundError:
            return None

    def _make_durable(self, path: str) -> None:
        """Sync the file and the folders that name it; obstore leaves that to the system."""
        file = self._folder / path
        for target in (file, file.parent, file.parent.parent, self._folder):
            descriptor = os.open(target, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _drop_unfinished(self) -> None:
        """Remove what uploads left behind that a crash of the server cut off."""
        for staged in self._folder.glob("??/??/*#*"):
            staged.unlink(missing_ok=True)


class _Verified:
    """Chunks that raise instead of ending when they are not what the digest says."""

    def __init__(self, digest: str, chunks: Iterable[bytes], max_size: int) -> None:
        self._digest = digest
        self._chunks = chunks
        self._max_size = max_size
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        found = hashlib.sha256()
        for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._max_size:
                raise UsageError(f"a file may have at most {self._max_size} bytes here")
            found.update(chunk)
            yield chunk
        if found.hexdigest() != self._digest:
            raise DigestMismatchError(
                f"the {self.size} bytes have the sha256 {found.hexdigest()}, not {self._digest}"
            )


def _path(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise UsageError(f"digest={digest!r} is no sha256: 64 lower-case hex digits")
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _store_error(error: OSError | BaseError) -> StoreError:
    text = str(error)
    is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or (
        "No space left" in text or "quota exceeded" in text
    )
    if is_full:
        return StorageFullError("no space is left for blobs")
    return StoreError(f"the blob store failed: {text}")
