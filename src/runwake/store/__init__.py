"""Where the server keeps things: metadata, history, blobs. Others see only `ports.py`."""
