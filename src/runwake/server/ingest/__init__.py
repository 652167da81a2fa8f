"""Native ingest: ranges of run logs and blobs. Station 4."""
