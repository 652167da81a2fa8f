"""Rows of metrics and console lines: tail, segments, buckets. Station 6."""
