"""The append-only log of one run on disk: where it lies, how it is written and read back.

Station 2 of a logged value. Knows nothing of networks and nothing of the SDK.
"""
