"""The name by which all three stores know a run."""

from __future__ import annotations

from typing import NewType

RunUid = NewType("RunUid", str)
"""The server's own name of a run: never reused, unchanged by renames and moves."""
