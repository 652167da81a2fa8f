"""What the sender tells others through a small file: how far it is and what troubles it.

The file is replaced whole, so a reader sees one state or the next, never half of one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, NamedTuple

STATE_NAME: Final = "state.json"
LOCK_NAME: Final = "lock"
LOG_NAME: Final = "sender.log"

CONNECTING: Final = "connecting"
CONNECTED: Final = "connected"
AWAY: Final = "away"
REFUSED: Final = "refused"


class SenderState(NamedTuple):
    """A sender's state.

    Attributes:
        pid: the sender's process.
        base_url: where it sends to.
        connection: connecting, connected, away (no answer, or an answer of trouble that passes)
            or refused (the server does not take what is sent).
        reached: whether the server has answered well at any time.
        error: the last error, None when all is well.
        acked: bytes of each stream that the server has confirmed.
        stop_requested: whether somebody asked the run to stop.
        done: whether all is sent and the sender has ended.
    """

    pid: int
    base_url: str
    connection: str = CONNECTING
    reached: bool = False
    error: str | None = None
    acked: dict[str, int] = {}  # noqa: RUF012 - never changed in place
    stop_requested: bool = False
    done: bool = False


def write_state(folder: Path, state: SenderState) -> None:
    """Replace the state file.

    Raises:
        OSError: it cannot be written.
    """
    import json  # read and written seldom; not worth the time at every start of a training

    temporary = folder / f".state-{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(state._asdict(), file)
    temporary.replace(folder / STATE_NAME)


def read_state(folder: Path) -> SenderState | None:
    """Return the state that the last sender of a run left, None if there is none to read."""
    import json

    try:
        fields: Any = json.loads((folder / STATE_NAME).read_text(encoding="utf-8"))
        known = {name: fields[name] for name in SenderState._fields if name in fields}
        return SenderState(**known)
    except (OSError, ValueError, TypeError):
        return None
