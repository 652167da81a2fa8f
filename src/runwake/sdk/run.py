"""`Run`: what a training script holds. A thin face over the parts that do the work."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from runwake.errors import ArgumentTypeError, UsageError
from runwake.model.run import RunState
from runwake.runlog.run_dir import RunDir
from runwake.sdk.config import Config
from runwake.sdk.console import ConsoleCapture
from runwake.sdk.identity import RunIdentity, RunOptions, check_text
from runwake.sdk.lifecycle import Ending, ExitHooks, ending_of, ending_of_code
from runwake.sdk.media.storing import MediaStore
from runwake.sdk.metrics import Definitions, Metric
from runwake.sdk.mirrored import MirroredCalls
from runwake.sdk.notices import Notices
from runwake.sdk.shipping import Shipping, format_size, sync_command
from runwake.sdk.steps import History
from runwake.sdk.summary import Summary, SummaryStore
from runwake.wire.records import Alert, Console, Exit, RunStart

_CONSOLE_SIZE = 1024 * 1024
_ALERT_LEVELS = ("INFO", "WARN", "ERROR")


class Run(RunIdentity, MirroredCalls):
    """One training run. Made by `runwake.init`, also a context manager.

    All methods may be called from any thread. No method raises because of the network, the disk
    or a value that cannot be stored: it warns once per kind and goes on.
    """

    __slots__ = (
        "_alerted_at",
        "_config",
        "_console",
        "_definitions",
        "_finished",
        "_history",
        "_hooks",
        "_on_finish",
        "_shipping",
        "_store",
        "_summary",
    )

    def __init__(
        self,
        start: RunStart,
        run_dir: RunDir | None,
        options: RunOptions,
        notices: Notices,
        on_finish: Callable[[Run], None],
    ) -> None:
        super().__init__(start, run_dir, options, notices)
        self._on_finish = on_finish
        self._finished = False
        self._alerted_at: dict[str, float] = {}
        warn = notices.warn_once
        emit = self._stream.append_record
        self._definitions = Definitions(emit)
        self._store = store = SummaryStore(emit, warn, self._definitions)
        self._summary = Summary(store)
        self._config = Config(
            dict(start.config), emit, warn, allow_val_change=options.allow_val_change
        )
        self._history = History(
            self._stream,
            store,
            MediaStore(run_dir, emit, warn),
            self._definitions,
            notices,
            first_step=options.first_step,
        )
        self._shipping: Shipping | None = None
        self._hooks: ExitHooks | None = None
        self._console: ConsoleCapture | None = None

    def attach(self, shipping: Shipping | None) -> None:
        """Take over from `init`: look after the sender, the console and the script's end."""
        self._shipping = shipping
        if shipping is not None:
            self._history.on_check = shipping.check
        if self._run_dir is None:
            return
        self._hooks = ExitHooks(self._finish, self._record_exit)
        if self._options.console:
            self._console = ConsoleCapture(self._keep_console)

    # -- logging ------------------------------------------------------------------------------

    def log(
        self,
        data: dict[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Log values. The row survives the death of this process once this returns.

        Args:
            data: values by metric name. Nested dicts make nested names (`a.b`). Numbers (of
                Python, numpy, torch …), strings, None, lists, arrays (over 32 elements: as a
                histogram), `Image` and lists of them.
            step: row to add to; without it the current one. The row stays open for more.
            commit: whether to close the row. By default True without a step, False with one.
            sync: accepted with a warning, for older callers: it has no effect.

        Raises:
            ArgumentTypeError: `data` is no dict of string keys, or `step` is no number.
            UsageError: the run is finished.
        """
        if sync is not None:
            self._notices.warn_once("log-sync", "log: sync is accepted and has no effect")
        self._history.log(data, step, commit)

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | list[str] | None = None,
        overwrite: bool | None = None,
        goal: str | None = None,
    ) -> Metric:
        """Say how a metric is drawn and summed up.

        Args:
            name: metric, or a pattern that ends in `*`. An exact name wins over patterns, a longer
                pattern over a shorter one.
            step_metric: metric to draw it over, e.g. `epoch`.
            step_sync: whether rows without the step metric get its last value; by default yes if
                there is one.
            hidden: leave it out of the charts made by themselves.
            summary: what the summary holds instead of the last value: a dict of min, max, mean,
                last, first, best; several as a list or with commas between them. `none` leaves
                the metric out, `copy` is the plain last value.
            overwrite: forget earlier definitions of the same name instead of adding to them.
            goal: minimize (what `best` means without one) or maximize.

        Raises:
            UsageError: an argument is not allowed.
        """
        self._store.fold()  # what was logged before follows the rules of before
        return self._history.define_metric(
            lambda: self._definitions.define(
                name,
                step_metric,
                step_sync=step_sync,
                hidden=hidden,
                summary=summary,
                goal=goal,
                overwrite=overwrite,
            )
        )

    def alert(self, title: str, text: str = "", level: Any = None, wait_duration: Any = 0) -> None:
        """Send an alert with the run.

        Args:
            title: one line.
            text: more about it.
            level: INFO (default), WARN or ERROR.
            wait_duration: seconds (or a timedelta) in which the same title is sent only once.

        Raises:
            UsageError: an argument is not allowed.
        """
        named = getattr(level, "value", level)
        word = "INFO" if named is None else str(named).upper()
        if word not in _ALERT_LEVELS:
            raise UsageError(f"alert: level={level!r}: expected {', '.join(_ALERT_LEVELS)}")
        check_text("title", title)
        check_text("text", text)
        wait_s = wait_duration.total_seconds() if hasattr(wait_duration, "total_seconds") else 0.0
        wait_s = wait_s or float(wait_duration or 0)
        now = time.monotonic()
        if title in self._alerted_at and now - self._alerted_at[title] < wait_s:
            return
        self._alerted_at[title] = now
        self._stream.append_record(Alert(title=title, text=text, level=word))

    # -- end ----------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run and wait for the upload, at most the setting `finish_timeout`.

        What is not sent by then stays on disk; the command that sends it is printed. A second
        call does nothing.

        Args:
            exit_code: 0 or None: finished; all else: failed.
            quiet: accepted with a warning, for older callers: it has no effect.

        Raises:
            ArgumentTypeError: the exit code is no integer; the run goes on.
        """
        if quiet is not None:
            self._notices.warn_once("finish-quiet", "finish: quiet is accepted and has no effect")
        if exit_code is not None and not isinstance(exit_code, int):
            raise ArgumentTypeError(
                f"finish: exit_code must be an integer or None, got {exit_code!r} "
                f"({type(exit_code).__name__})"
            )
        self._finish(ending_of_code(exit_code or 0))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish(Ending(RunState.FINISHED, 0) if error is None else ending_of(error))

    # -- what it knows -------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The run's inputs."""
        return self._config

    @property
    def summary(self) -> Summary:
        """One value per metric: the last logged, or what was set by hand."""
        return self._summary

    @property
    def step(self) -> int:
        """Step of the open row, or of the next one."""
        return int(self._history.step)

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the run to stop."""
        return self._shipping is not None and self._shipping.stop_requested

    @property
    def num_rows_late(self) -> int:
        """Rows that were logged to a step below the current one."""
        return self._history.num_rows_late

    # -- inner workings -----------------------------------------------------------------------

    @property
    def is_inherited(self) -> bool:
        """Whether this process has the run by fork. Its rows are kept, its end is not the run's."""
        return not self._stream.is_own

    def after_fork(self) -> None:
        """Become a writer of its own; called in a forked child."""
        self._notices.after_fork()
        self._store.after_fork()
        self._history.after_fork()
        self._stream.after_fork()
        if self._console is not None:
            self._console.after_fork()
        if self._shipping is not None:
            self._shipping.forget_process()

    def _keep_console(self, channel: str, text: str) -> None:
        for start in range(0, len(text), _CONSOLE_SIZE):
            piece = text[start : start + _CONSOLE_SIZE]
            self._stream.append_record(Console(channel=channel, text=piece))

    def _record_exit(self, ending: Ending) -> None:
        """Write how the run ended, as the last of its log; nothing is waited for."""
        self._history.close(
            f"run {self.id} is finished: this call to log came too late; start another run with "
            "runwake.init()"
        )
        writer = self._stream.writer
        with writer.lock:  # so that no other thread adds a record behind the last one
            if self._stream.is_own:
                self._stream.append_record(
                    Exit(
                        state=ending.state.value,
                        code=ending.code,
                        reason=ending.reason,
                        traceback=ending.traceback,
                    )
                )
            writer.close()

    def _finish(self, ending: Ending) -> None:
        if self._finished:
            return
        self._finished = True
        if self.stop_requested and ending.state is RunState.KILLED:
            ending = ending._replace(reason="stop requested")
        if self._console is not None:
            self._console.stop()
        self._record_exit(ending)
        size = self._stream.writer.position
        if self._stream.is_own:
            if self._hooks is not None:
                self._hooks.remove()
            self._say_farewell(size, ending)
        self._on_finish(self)

    def _say_farewell(self, size: int, ending: Ending) -> None:
        """Wait for the upload where there is one, and say what was kept where."""
        if self._run_dir is None:
            return
        title = f"{self.project}/{self.name}"
        command = sync_command(self._run_dir.path)
        if self._shipping is None:
            self._notices.say(f"{title} is kept on disk; to send it: {command}")
            return
        acked = self._shipping.wait(size, self._stream.name, self._options.finish_timeout_s)
        if acked >= size:
            if ending.state is RunState.FINISHED:
                self._notices.say(f"{title} is complete at {self.url}")
            else:
                # A traceback stands just above this line and has said why.
                why = f" ({ending.reason})" if ending.reason and not ending.traceback else ""
                what = "failed" if ending.state is RunState.FAILED else "was stopped"
                self._notices.say(f"{title} {what}{why}; all of it is at {self.url}")
            return
        error = self._shipping.last_error()
        self._notices.say(
            f"{format_size(size - acked)} of {title} are not sent yet"
            f"{f' ({error})' if error else ''}",
            "they are kept on disk, and the sender goes on trying in the background",
            f"to send them later: {command}",
        )
