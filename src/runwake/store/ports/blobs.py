"""Port of the blob store: bytes by their digest. Who may have them is the metadata's business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol


class BlobStore(Protocol):
    """Content-addressed bytes. A digest is the sha256 in 64 lower-case hex digits."""

    def put(self, digest: str, chunks: Iterable[bytes], max_size: int) -> int:
        """Store the bytes and return their number: durable, whole and verified on return.

        Storing what is there already changes nothing, but the bytes are still verified. The
        chunks are consumed one at a time, possibly on another thread.

        Raises:
            DigestMismatchError: the bytes have another digest; nothing of them stays.
            UsageError: more than `max_size` bytes; nothing of them stays.
            StorageFullError: no space; nothing of them stays.
        """

    def read(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes [start, end) in pieces; `end` None is the end of the blob.

        Raises:
            NotFoundError: no such blob, told before the first piece.
        """

    def check(self) -> None:
        """Return if the store can be used.

        Raises:
            StoreError: it cannot; the message says why.
        """
