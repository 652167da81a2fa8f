"""Settings of both sides: one declarative table each (`client.py`, `server.py`)."""
