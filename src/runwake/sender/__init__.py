"""From the run log to the server: the sender's process, and `sync` for what it left. Station 3.

The training process imports only `launch` and `state`; everything else runs elsewhere.
"""
