"""Metric keys: how nested names become one flat name, and what kinds of value a key holds."""

from __future__ import annotations

from enum import Enum
from typing import Final

KeyPath = str | tuple[str, ...]
"""A top-level key as a plain string, a nested one as the path of its segments."""

STEP: Final = "_step"
TIMESTAMP: Final = "_timestamp"
RUNTIME: Final = "_runtime"
RESERVED_KEYS: Final = frozenset({STEP, TIMESTAMP, RUNTIME})


class ValueKind(str, Enum):
    """Type of the values in one column. A key may change its kind; each kind is kept exactly."""

    FLOAT = "f"  # float64, NaN and infinities included
    INT = "i"  # int64
    UINT = "u"  # uint64, above the range of int64
    BOOL = "b"
    STRING = "s"
    JSON = "j"  # anything else: lists, histograms, references to media

    @property
    def is_numeric(self) -> bool:
        """Whether a line chart can draw the values."""
        return self in (ValueKind.FLOAT, ValueKind.INT, ValueKind.UINT, ValueKind.BOOL)


def flat_name(path: KeyPath) -> str:
    """Return the one name under which a key is stored, queried and shown.

    Segments are joined by dots, so that `log({"a": {"b": 1}})` and `log({"a.b": 1})` name the
    same metric, as they do in the charts of the field's other trackers.
    """
    return path if isinstance(path, str) else ".".join(path)
