"""How a run ends when nobody calls `finish`: exceptions, `sys.exit`, Ctrl-C, SIGTERM, exit.

The script's own behaviour stays as it is: hooks and handlers are chained, exit codes untouched.
What an exception or a code means counts only if it ended the script: one that was caught on its
way does not.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from threading import current_thread, main_thread
from types import TracebackType
from typing import Any, NamedTuple, NoReturn

from runwake.model.run import RunState
from runwake.sdk import exit_code as exit_codes

_MAX_TRACEBACK = 20_000


class Ending(NamedTuple):
    """How a run ended."""

    state: RunState
    code: int | None
    reason: str | None = None
    traceback: str | None = None


def ending_of(error: BaseException) -> Ending:
    """Return what an exception that ends the script means for the run."""
    if isinstance(error, KeyboardInterrupt):
        return Ending(RunState.KILLED, 255, "KeyboardInterrupt (Ctrl-C)")
    if isinstance(error, SystemExit):
        return ending_of_code(exit_code(error.code))
    import traceback  # not before something goes wrong

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    summary = traceback.format_exception_only(type(error), error)[-1].strip()
    return Ending(RunState.FAILED, 1, summary[:500], text[-_MAX_TRACEBACK:])


def ending_of_code(code: int) -> Ending:
    """Return what an exit code means for the run."""
    if code == 0:
        return Ending(RunState.FINISHED, 0)
    return Ending(RunState.FAILED, code, f"exit code {code}")


def exit_code(code: object) -> int:
    """Return the process exit code that `sys.exit(code)` leads to."""
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


class ExitHooks:
    """Watches the ways in which a script ends, from its making until `remove`.

    Args:
        finish: ends the run; called at most once, at the exit of the interpreter.
        record: writes how the run ended, at once and without waiting; called when the process
            is about to die by a signal.
    """

    def __init__(self, finish: Callable[[Ending], None], record: Callable[[Ending], None]) -> None:
        self._finish = finish
        self._record = record
        self._ending: Ending | None = None
        self._pid = os.getpid()
        self._last_error = _last_error()
        self._excepthook = sys.excepthook
        self._exit = sys.exit
        sys.excepthook = self._on_exception
        sys.exit = self._on_exit
        self._previous_handler: Any = None
        self._has_handler = self._install_handler()
        self._is_watching = exit_codes.watch(self._on_exit_code)
        atexit.register(self._at_exit)
        self._finalizer = self._finalize_with_worker()

    def remove(self) -> None:
        """Put back what is still ours. Idempotent."""
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._excepthook
        if sys.exit == self._on_exit:
            sys.exit = self._exit
        if self._has_handler and current_thread() is main_thread():
            if signal.getsignal(signal.SIGTERM) == self._on_sigterm:
                signal.signal(signal.SIGTERM, self._previous_handler)
            self._has_handler = False
        exit_codes.unwatch(self._on_exit_code)
        atexit.unregister(self._at_exit)
        if self._finalizer is not None:
            self._finalizer.cancel()

    def _finalize_with_worker(self) -> Any:
        """End the run with a worker of `multiprocessing`, which leaves `atexit` out."""
        process = sys.modules.get("multiprocessing.process")
        if process is None or process.parent_process() is None:
            return None
        from multiprocessing.util import Finalize  # loaded already in such a worker

        return Finalize(None, self._at_exit, exitpriority=0)

    def _install_handler(self) -> bool:
        if current_thread() is not main_thread():
            return False  # only the main thread may set handlers
        previous = signal.getsignal(signal.SIGTERM)
        if previous is None or previous == signal.SIG_IGN:
            return False
        self._previous_handler = previous
        signal.signal(signal.SIGTERM, self._on_sigterm)
        return True

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if os.getpid() == self._pid:
            self._ending = ending_of(error)
        self._excepthook(kind, error, trace)

    def _on_exit(self, code: Any = None) -> NoReturn:
        if not self._is_watching and current_thread() is main_thread():
            self._on_exit_code(code)
        try:
            self._exit(code)
        except SystemExit:  # older interpreters make the exception only when somebody catches it
            raise

    def _on_exit_code(self, code: object) -> None:
        if os.getpid() != self._pid:
            return
        signalled = self._ending is not None and self._ending.reason == "SIGTERM"
        if not signalled:
            self._ending = ending_of_code(exit_code(code))

    def _on_sigterm(self, number: int, frame: Any) -> None:
        if os.getpid() != self._pid:  # a forked child: its end is not the run's
            if callable(self._previous_handler):
                self._previous_handler(number, frame)
            else:
                self._die(number)
            return
        ending = Ending(RunState.KILLED, 128 + number, "SIGTERM")
        if callable(self._previous_handler):
            try:
                self._previous_handler(number, frame)
            except BaseException:
                self._ending = ending  # the handler chose to end the script
                raise
            return
        self._record(ending)
        self._die(number)

    @staticmethod
    def _die(number: int) -> None:
        """Die by the signal's default, so that the parent sees what it expects."""
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _at_exit(self) -> None:
        if os.getpid() == self._pid:
            self._finish(self._ending or self._unseen() or Ending(RunState.FINISHED, 0))

    def _unseen(self) -> Ending | None:
        """Return the end by an error that did not come by our hook, None if there was none."""
        # A worker of `multiprocessing` handles the error itself, and runs us meanwhile.
        error = sys.exc_info()[1]
        # The interpreter notes an error before it calls whatever hook has taken our place. At a
        # prompt errors end nothing.
        if error is None and not hasattr(sys, "ps1") and _last_error() is not self._last_error:
            error = _last_error()
        return None if error is None else ending_of(error)


def _last_error() -> BaseException | None:
    error: BaseException | None = getattr(sys, "last_value", None)
    return error
