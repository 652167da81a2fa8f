"""Blobs on a local folder, by their digest."""

from runwake.store.blobs.local import LocalBlobStore

__all__ = ["LocalBlobStore"]
