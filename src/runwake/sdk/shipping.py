"""The training process's side of the sender: start it, look after it, wait for it at the end.

Nothing here may hold training up: the checks between rows are a file's stat and a wait that does
not block, at most every few seconds.
"""

from __future__ import annotations

import _thread
import shlex
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final
from urllib.parse import urlsplit

from runwake.runlog.run_dir import RunDir
from runwake.sdk.notices import Notices, is_terminal
from runwake.sender import state as sender_state
from runwake.sender.launch import SenderProcess, start_sender
from runwake.sender.state import SenderState, read_state

_POLL_S: Final = 0.03
_PROGRESS_AFTER_S: Final = 0.5
_LINE_AFTER_S: Final = 2.0
_PROGRESS_EVERY_S: Final = 0.25
_AWAY_TIMEOUT_S: Final = 5.0
_NEVER_REACHED_TIMEOUT_S: Final = 1.0
_INTERRUPTED_TIMEOUT_S: Final = 2.0
_MIN_RESTART_INTERVAL_S: Final = 2.0


class Shipping:
    """Keeps a sender at work for one run.

    Args:
        run_dir: the run's folder.
        base_url: the server.
        api_key: key for the server, if it asks for one.
        linger_s: how long the sender goes on trying after this process has ended.
        system_interval_s: how often the sender samples the machine; 0: never.
        environment: of this process.
        notices: where to say what happens.
    """

    def __init__(
        self,
        run_dir: RunDir,
        *,
        base_url: str,
        api_key: str | None,
        linger_s: float,
        system_interval_s: float,
        environment: Mapping[str, str],
        notices: Notices,
    ) -> None:
        self._run_dir = run_dir
        self._base_url = base_url
        self._api_key = api_key
        self._linger_s = linger_s
        self._system_interval_s = system_interval_s
        self._environment = environment
        self._notices = notices
        self._process: SenderProcess | None = None
        self._started_at = 0.0
        self.stop_requested = False

    def start(self) -> None:
        """Start the sender; says so if that is not possible. The run is kept on disk then."""
        self._started_at = time.monotonic()
        try:
            self._process = start_sender(
                self._run_dir.path,
                base_url=self._base_url,
                linger_s=self._linger_s,
                system_interval_s=self._system_interval_s,
                api_key=self._api_key,
                environment=self._environment,
            )
        except (OSError, NotImplementedError) as error:
            self._process = None
            self._notices.warn_once(
                "sender-start",
                f"the sender cannot be started ({error}): the run is kept on disk, send it with "
                f"`{sync_command(self._run_dir.path)}`",
            )

    def check(self) -> None:
        """Restart a sender that died; pass on a request to stop. Never raises."""
        try:
            state = self._revive()
            if state is not None and state.stop_requested and not self.stop_requested:
                self.stop_requested = True
                self._notices.say("somebody asked this run to stop: interrupting it (as Ctrl-C)")
                _thread.interrupt_main()
        except Exception as error:  # noqa: BLE001 - the log border: training goes on
            self._notices.warn_once("sender-check", f"cannot look after the sender: {error}")

    def wait(self, size: int, stream: str, timeout_s: float) -> int:
        """Wait until the server has a stream up to `size` bytes; return how many it has.

        Waits `timeout_s` at most, less if the server is known to be away. The first Ctrl-C
        shortens the wait, the second ends it.
        """
        waiting = _Waiting(timeout_s)
        while waiting.num_interrupts < 2:
            with suppress(KeyboardInterrupt):
                return self._wait(size, stream, waiting)
            waiting.note_interrupt()
        return self._acked(stream)

    def _wait(self, size: int, stream: str, waiting: _Waiting) -> int:
        while True:
            state = self._revive()
            acked = self._acked(stream, state)
            if acked >= size or waiting.is_over(state):
                self._notices.show_progress("")
                return acked
            waiting.show(self._notices, acked, size)
            time.sleep(_POLL_S)

    def _acked(self, stream: str, state: SenderState | None = None) -> int:
        state = state or read_state(self._run_dir.sender)
        return 0 if state is None else state.acked.get(stream, 0)

    def last_error(self) -> str | None:
        """Return what troubles the sender, None if nothing does."""
        state = read_state(self._run_dir.sender)
        return None if state is None else state.error

    def forget_process(self) -> None:
        """Leave the sender to the parent; called in a forked child."""
        self._process = None

    def _revive(self) -> SenderState | None:
        state = read_state(self._run_dir.sender)
        process = self._process
        if process is None or process.is_running():
            return state
        if state is not None and state.done:
            return state
        if time.monotonic() - self._started_at > _MIN_RESTART_INTERVAL_S:
            self.start()
        return state


class _Waiting:
    """Deadline and progress line of one wait."""

    def __init__(self, timeout_s: float) -> None:
        self._started = time.monotonic()
        self._timeout_s = timeout_s
        self.num_interrupts = 0
        self._shown_at = 0.0
        self._said = False

    def is_over(self, state: SenderState | None) -> bool:
        """Whether waiting on makes no sense or takes too long."""
        limit = self._timeout_s
        if state is not None and state.done:
            return True
        if state is not None and state.connection in (sender_state.AWAY, sender_state.REFUSED):
            limit = min(limit, _AWAY_TIMEOUT_S if state.reached else _NEVER_REACHED_TIMEOUT_S)
        return time.monotonic() - self._started >= limit

    def note_interrupt(self) -> None:
        """Wait only a little longer: somebody pressed Ctrl-C."""
        self.num_interrupts += 1
        waited = time.monotonic() - self._started
        self._timeout_s = min(self._timeout_s, waited + _INTERRUPTED_TIMEOUT_S)

    def show(self, notices: Notices, acked: int, size: int) -> None:
        """Say how much is left: a moving line on a terminal, else one line."""
        now = time.monotonic()
        after = _PROGRESS_AFTER_S if is_terminal() else _LINE_AFTER_S
        if now - self._started < after or now - self._shown_at < _PROGRESS_EVERY_S:
            return
        self._shown_at = now
        line = f"uploading: {format_size(size - acked)} of {format_size(size)} left"
        if is_terminal():
            notices.show_progress(line)
        elif not self._said:
            self._said = True
            notices.say(line)


def is_reachable(base_url: str, timeout_s: float = 0.5) -> bool:
    """Whether somebody takes connections at the server's address, as far as soon known."""
    connected = Event()

    def connect() -> None:
        parts = urlsplit(base_url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            with socket.create_connection((parts.hostname or "", port), timeout=timeout_s):
                connected.set()
        except (OSError, ValueError):
            return

    # Beside the training, as looking a name up knows no timeout.
    thread = Thread(target=connect, name="runwake-connect", daemon=True)
    thread.start()
    thread.join(timeout_s)
    return connected.is_set()


def sync_command(path: Path) -> str:
    """Return the command that sends a run's log later."""
    return f"runwake sync {shlex.quote(short_path(path))}"


def short_path(path: Path) -> str:
    """Return a path as seen from the current folder, if it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def format_size(num_bytes: int) -> str:
    """Return a size for people, e.g. `1.4 MB`."""
    size = float(max(num_bytes, 0))
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")
