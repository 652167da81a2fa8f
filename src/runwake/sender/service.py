"""The sender's process: follows one run's logs and ships them until all is sent.

It outlives the training process, may be killed and started again at any time, and has nothing to
lose: what it knows is on disk or on the server.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from threading import Thread
from typing import Any, Final

from runwake.errors import CommunicationError, LogFormatError
from runwake.runlog.reader import read_start
from runwake.runlog.run_dir import RunDir
from runwake.sender import state as states
from runwake.sender.machine import Machine
from runwake.sender.shipper import StreamShipper
from runwake.sender.state import LOCK_NAME, SenderState, write_state
from runwake.sender.system_metrics import Sampler
from runwake.sender.transport import OtherOffsetError, Transport, UnavailableError
from runwake.sender.watching import WatchedProcess, has_ended, main_start, record_crash
from runwake.wire.http import HEARTBEAT_INTERVAL_S
from runwake.wire.records import SENDER_STREAM_PREFIX

_POLL_S: Final = 0.1
_IDLE_POLL_S: Final = 0.2
_IDLE_AFTER_S: Final = 10.0
_SHIP_INTERVAL_S: Final = 0.2
_WATCH_INTERVAL_S: Final = 0.5
_STATE_INTERVAL_S: Final = 0.1
_FIRST_DELAY_S: Final = 0.2
_LAST_DELAY_S: Final = 30.0
_REFUSED_DELAY_S: Final = 5.0
_UNREACHED_LINGER_S: Final = 60.0
_TERMINATE_GRACE_S: Final = 10.0

_random: Final = SystemRandom()
_log: Final = logging.getLogger("runwake.sender")


class Backoff:
    """Growing waits between tries, with jitter so that many senders do not come at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._delay = 0.0
        self._until = 0.0

    def fail(self, at_least_s: float | None = None) -> None:
        """Note a failure: the next try comes later than the one before."""
        self._delay = min(max(2 * self._delay, _FIRST_DELAY_S), _LAST_DELAY_S)
        wait = max(self._delay * _random.uniform(0.5, 1.0), at_least_s or 0.0)
        self._until = self._clock() + wait

    def succeed(self) -> None:
        """Note a success: no wait."""
        self._delay = self._until = 0.0

    def is_over(self) -> bool:
        """Whether it is time to try (again)."""
        return self._clock() >= self._until


class Sender:
    """Ships one run.

    Args:
        run_dir: the run's folder.
        transport: the server.
        watch_pid: the training process; None: nobody writes any more.
        linger_s: how long to go on after it has ended, while the server is away.
        system_interval_s: how often to sample the machine meanwhile; 0: never.
    """

    def __init__(
        self,
        run_dir: RunDir,
        transport: Transport,
        watch_pid: int | None,
        *,
        linger_s: float,
        system_interval_s: float = 0.0,
    ) -> None:
        self._run_dir = run_dir
        self._transport = transport
        self._linger_s = linger_s
        self._process = None if watch_pid is None else WatchedProcess(watch_pid)
        self._system_interval_s = system_interval_s
        self._sampler: Sampler | None = None
        self._shippers: dict[str, StreamShipper] = {}
        self._writers: dict[str, WatchedProcess] = {}
        self._refused: dict[str, Backoff] = {}
        self._main: str | None = None
        self._backoff = Backoff()
        self._gone_at: float | None = None
        self._terminate_at: float | None = None
        self._busy_at = self._beat_at = time.monotonic()
        self._shipped_at = self._watched_at = self._written_at = 0.0
        self._state = SenderState(os.getpid(), transport.base_url)
        self._written: SenderState | None = None

    def run(self) -> bool:
        """Ship until all is sent or there is no time left; whether all is sent."""
        # First of all: should this process be killed, `sync` learns from here whom to send to.
        self._write_state(time.monotonic(), force=True)
        while True:
            now = time.monotonic()
            self._watch(now)
            self._find_streams()
            self._sample()
            if self._is_due(now) and self._backoff.is_over():
                self._ship(now)
            done = self._is_done()
            if done or self._is_out_of_time(now):
                self._state = self._state._replace(done=done)
                self._write_state(now, force=True)
                return done
            self._write_state(now)
            idle = now - self._busy_at > _IDLE_AFTER_S
            time.sleep(_IDLE_POLL_S if idle else _POLL_S)

    def terminate(self) -> None:
        """End soon: at once if the server is away, else after a short time to send the rest."""
        self._terminate_at = time.monotonic() + _TERMINATE_GRACE_S

    def _watch(self, now: float) -> None:
        if self._gone_at is not None or now - self._watched_at < _WATCH_INTERVAL_S:
            return
        self._watched_at = now
        if self._process is not None and self._process.is_alive():
            return
        self._gone_at = now
        start = main_start(self._run_dir)
        if start is None or has_ended(self._run_dir, start.stream):
            return
        try:
            record_crash(self._run_dir, start, os.urandom(5).hex())
        except OSError as error:
            self._report(f"cannot record that the process is gone: {error}")

    def _sample(self) -> None:
        """Note how the machine does, as long as training goes on."""
        if self._process is None or not self._system_interval_s or self._main is None:
            return
        if self._is_final(self._main):
            if self._sampler is not None:
                self._sampler.close()
            return
        if self._sampler is None:
            pid, folder = self._process.pid, self._run_dir.path
            self._sampler = Sampler(
                self._run_dir,
                self._shippers[self._main].start,
                os.urandom(5).hex(),
                make_source=lambda: Machine(pid, folder, time.monotonic),
                interval_s=self._system_interval_s,
            )
            Thread(target=self._sampler.run, name="system-metrics", daemon=True).start()

    def _find_streams(self) -> None:
        for stream in self._run_dir.streams():
            if stream in self._shippers:
                continue
            try:
                start = read_start(self._run_dir.log_path(stream))
            except (OSError, LogFormatError) as error:
                self._report(str(error))
                continue
            if start is None:
                continue
            self._shippers[stream] = StreamShipper(self._run_dir, start, self._transport)
            self._refused[stream] = Backoff()
            if "-" not in stream:
                self._main = self._main or stream
            elif start.pid is not None:
                self._writers[stream] = WatchedProcess(start.pid, start.time)

    def _is_due(self, now: float) -> bool:
        if now - self._shipped_at < _SHIP_INTERVAL_S:
            return False
        return (
            now - self._beat_at >= HEARTBEAT_INTERVAL_S
            or any(shipper.has_news() for shipper in self._shippers.values())
            or any(self._is_final(name) and not s.is_final for name, s in self._shippers.items())
        )

    def _is_final(self, stream: str) -> bool:
        """Whether nobody writes to a stream any more."""
        if stream == self._main:
            return self._gone_at is not None or self._shippers[stream].exit is not None
        if stream.startswith(SENDER_STREAM_PREFIX):
            sampler = self._sampler
            return sampler is None or stream != sampler.stream or sampler.is_closed
        writer = self._writers.get(stream)
        return writer is None or not writer.is_alive()

    def _ship(self, now: float) -> None:
        self._shipped_at = now
        try:
            for stream, shipper in list(self._shippers.items()):
                if self._refused[stream].is_over():
                    self._ship_stream(stream, shipper)
            if now - self._beat_at >= HEARTBEAT_INTERVAL_S:
                self._heartbeat()
        except UnavailableError as error:
            self._backoff.fail(error.retry_after_s)
            self._set_connection(states.AWAY, str(error))
        self._note_progress()

    def _ship_stream(self, stream: str, shipper: StreamShipper) -> None:
        final = self._is_final(stream)
        if not shipper.has_news() and (shipper.is_final or not final):
            return
        if self._sampler is None or stream != self._sampler.stream:
            self._busy_at = time.monotonic()
        try:
            while shipper.ship_range(final=final):
                self._note_progress()
            if not final and self._is_final(stream):  # the range held the exit record
                shipper.ship(final=True)
        except (UnavailableError, OtherOffsetError):
            raise
        except (CommunicationError, LogFormatError, OSError) as error:
            self._refused[stream].fail(_REFUSED_DELAY_S)
            self._set_connection(states.REFUSED, str(error))
            return
        self._refused[stream].succeed()
        self._backoff.succeed()
        self._beat_at = time.monotonic()
        for problem in shipper.problems:
            self._report(problem)
        shipper.problems.clear()
        self._set_connection(states.CONNECTED, None)

    def _heartbeat(self) -> None:
        self._beat_at = time.monotonic()
        main = self._shippers.get(self._main or "")
        if main is None or not main.acked or main.is_final:
            return
        try:
            main.heartbeat()
        except UnavailableError:
            raise
        except CommunicationError as error:
            self._set_connection(states.REFUSED, str(error))
            return
        self._backoff.succeed()
        self._set_connection(states.CONNECTED, None)

    def _set_connection(self, connection: str, error: str | None) -> None:
        if error is not None and error != self._state.error:
            _log.warning("%s", error)
        elif error is None and self._state.connection not in (connection, states.CONNECTING):
            _log.info("the server takes data again")
        reached = self._state.reached or connection == states.CONNECTED
        self._state = self._state._replace(connection=connection, error=error, reached=reached)

    def _report(self, problem: str) -> None:
        if problem != self._state.error:
            _log.warning("%s", problem)
            self._state = self._state._replace(error=problem)

    def _note_progress(self) -> None:
        shippers = self._shippers
        self._state = self._state._replace(
            acked={name: shipper.acked or 0 for name, shipper in shippers.items()},
            stop_requested=any(shipper.stop_requested for shipper in shippers.values()),
        )
        self._write_state(time.monotonic())

    def _write_state(self, now: float, *, force: bool = False) -> None:
        if self._state == self._written or (
            not force and now - self._written_at < _STATE_INTERVAL_S
        ):
            return
        self._written_at = now
        try:
            write_state(self._run_dir.sender, self._state)
            self._written = self._state
        except OSError as error:
            _log.warning("cannot write the state file: %s", error)

    def _is_done(self) -> bool:
        main = self._shippers.get(self._main or "")
        if main is None:
            return self._gone_at is not None and not self._shippers
        return all(
            shipper.is_final and (shipper.acked or 0) >= shipper.size()
            for shipper in self._shippers.values()
        ) and set(self._run_dir.streams()) <= set(self._shippers)

    def _is_out_of_time(self, now: float) -> bool:
        if self._terminate_at is not None:
            away = self._state.connection != states.CONNECTED
            return away or now >= self._terminate_at
        if self._gone_at is None:
            return False
        linger = self._linger_s
        if not self._state.reached:
            # A server that was never there: whoever tracks without one wants no process left.
            linger = min(linger, _UNREACHED_LINGER_S)
        return now - self._gone_at >= linger


def lock_run(run_dir: RunDir) -> int | None:
    """Take the lock of a run's sender; None if another process has it.

    Returns:
        The file descriptor that holds the lock until it is closed.

    Raises:
        OSError: the lock file cannot be made.
    """
    path = run_dir.sender / LOCK_NAME
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    os.ftruncate(fd, 0)
    os.write(fd, str(os.getpid()).encode())
    return fd


def lock_holder(run_dir: RunDir) -> int | None:
    """Return the process that has the lock of a run's sender, as it noted itself."""
    try:
        return int((run_dir.sender / LOCK_NAME).read_text())
    except (OSError, ValueError):
        return None


def run_sender(
    path: Path,
    *,
    base_url: str,
    api_key: str | None,
    watch_pid: int | None,
    linger_s: float,
    system_interval_s: float = 0.0,
) -> int:
    """Run the sender of one run in this process; return the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    run_dir = RunDir(path.absolute())
    os.chdir("/")  # hold no folder of the user's busy
    lock = lock_run(run_dir)
    if lock is None:
        return 0  # another sender is at work
    sender = Sender(
        run_dir,
        Transport(base_url, api_key),
        watch_pid,
        linger_s=linger_s,
        system_interval_s=system_interval_s,
    )

    def on_terminate(*_: Any) -> None:
        sender.terminate()

    signal.signal(signal.SIGTERM, on_terminate)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return 0 if sender.run() else 1
    finally:
        os.close(lock)
