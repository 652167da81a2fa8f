"""Values from a run log as plain JSON: what metadata keeps and the query API answers.

MessagePack carries more than JSON does. Numbers that JSON lacks become the strings "NaN",
"Infinity" and "-Infinity"; bytes become base64 text; keys become strings. Nothing is refused: a
value that one client logged must not stop another from reading.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any, Final

MAX_DEPTH: Final = 64
"""Deeper levels are cut: no reader of JSON can be made to overflow its stack."""


def plain_json(value: Any, depth: int = 0) -> Any:
    """Return `value` with everything replaced that JSON cannot carry."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else nonfinite_name(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else float(value)
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): plain_json(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(entry, depth + 1) for entry in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    return str(value)


def nonfinite_name(value: float) -> str:
    """Return the string that stands for NaN or an infinity."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
