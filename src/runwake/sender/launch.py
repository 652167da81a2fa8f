"""Starting the sender's process. Imported by the training process: must stay light."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runwake.sender.state import LOG_NAME

_ENTRY: Final = Path(__file__).with_name("__main__.py")


_started: Final[list[SenderProcess]] = []
"""Senders that were not yet seen to end; reaped when the next one starts."""


class SenderProcess:
    """A sender that this process started, as a child that it reaps."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._gone = False

    def is_running(self) -> bool:
        """Whether it runs still; reaps it if not. Never blocks."""
        if not self._gone:
            try:
                pid, _ = os.waitpid(self.pid, os.WNOHANG)
                self._gone = pid != 0
            except ChildProcessError:  # somebody else reaped it
                self._gone = True
        return not self._gone


def start_sender(
    run_dir: Path,
    *,
    base_url: str,
    linger_s: float,
    system_interval_s: float,
    api_key: str | None,
    environment: Mapping[str, str],
) -> SenderProcess:
    """Start the sender of a run in a session of its own, so that Ctrl-C does not reach it.

    Args:
        run_dir: the run's folder. The sender's own output goes to its `sender/sender.log`.
        base_url: the server.
        linger_s: how long it goes on trying after this process has ended.
        system_interval_s: how often it samples the machine; 0: never.
        api_key: handed over through the environment, where other users cannot see it.
        environment: of this process.

    Raises:
        OSError: no process can be started.
    """
    _started[:] = [process for process in _started if process.is_running()]
    if not sys.executable:
        raise OSError("this interpreter does not know its own path")
    arguments = [
        sys.executable,
        str(_ENTRY),
        str(run_dir),
        f"--base-url={base_url}",
        f"--watch-pid={os.getpid()}",
        f"--linger={linger_s:g}",
        f"--system-interval={system_interval_s:g}",
    ]
    child_environment = dict(environment)
    child_environment.pop("RUNWAKE_API_KEY", None)
    if api_key:
        child_environment["RUNWAKE_API_KEY"] = api_key
    log = str(run_dir / "sender" / LOG_NAME)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(
        sys.executable, arguments, child_environment, file_actions=actions, setsid=True
    )
    process = SenderProcess(pid)
    _started.append(process)
    return process
