"""What crosses a process border: the run log's frames, records and rows, and header names.

Both towers meet here. Nothing in this package does I/O or needs more than msgspec.
"""
