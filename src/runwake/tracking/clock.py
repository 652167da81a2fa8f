"""The clock as a value, so that tests may bring their own."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns Unix time in seconds."""

system_clock: Clock = time.time
