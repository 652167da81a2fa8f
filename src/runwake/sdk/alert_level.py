"""`AlertLevel`: how urgent an alert is."""

from __future__ import annotations

from enum import Enum


class AlertLevel(Enum):
    """How urgent an alert is; `Run.alert` takes these and their names."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
