"""Logged media: encoding into bytes, and their way into the run's blobs."""
