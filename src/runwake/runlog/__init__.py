"""The append-only log of one stream on disk: appending, reading, recovering. Station 2."""
