"""`Run`: what a training script holds. A thin face over the parts that do the work."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from runwake.errors import ArgumentTypeError, UsageError
from runwake.model.run import RunState
from runwake.runlog.run_dir import RunDir
from runwake.sdk.config import Config
from runwake.sdk.console import ConsoleCapture
from runwake.sdk.lifecycle import Ending, ExitHooks, ending_of, ending_of_code
from runwake.sdk.media.storing import MediaStore
from runwake.sdk.metrics import Definitions, Metric
from runwake.sdk.mirrored import MirroredCalls
from runwake.sdk.notices import Notices
from runwake.sdk.shipping import Shipping, format_size, sync_command
from runwake.sdk.steps import History
from runwake.sdk.stream import LogStream
from runwake.sdk.summary import Summary, SummaryStore
from runwake.settings.client import tags as parse_tags
from runwake.wire.http import run_page_path
from runwake.wire.records import Alert, Console, Exit, RunStart, RunUpdate

_ALERT_LEVELS = ("INFO", "WARN", "ERROR")


class RunOptions(NamedTuple):
    """How a run behaves, as `init` has settled it.

    Attributes:
        mode: online, offline or disabled.
        base_url: the server.
        console: whether to keep what the program prints.
        finish_timeout_s: how long `finish` waits for the upload.
        allow_val_change: whether config keys may change without being asked.
        first_step: step of the first row.
        resumed: whether an earlier run of this id is continued.
    """

    mode: str
    base_url: str
    console: bool
    finish_timeout_s: float
    allow_val_change: bool
    first_step: int
    resumed: bool


class Run(MirroredCalls):
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
        "_notices",
        "_on_finish",
        "_options",
        "_run_dir",
        "_shipping",
        "_start",
        "_stream",
        "_summary",
        "_tags",
    )

    def __init__(
        self,
        start: RunStart,
        run_dir: RunDir | None,
        options: RunOptions,
        notices: Notices,
        on_finish: Callable[[Run], None],
    ) -> None:
        self._start = start
        self._run_dir = run_dir
        self._options = options
        self._notices = notices
        self._on_finish = on_finish
        self._finished = False
        self._tags = tuple(start.tags or ())
        self._alerted_at: dict[str, float] = {}
        warn = notices.warn_once
        self._stream = LogStream(run_dir, start, warn)
        emit = self._stream.append_record
        store = SummaryStore(emit, warn)
        self._summary = Summary(store)
        self._config = Config(
            dict(start.config), emit, warn, allow_val_change=options.allow_val_change
        )
        self._definitions = Definitions(emit)
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
        self._hooks = ExitHooks(self._finish, self._record_exit)
        if self._options.console and self._run_dir is not None:
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
        summary: str | None = None,
        overwrite: bool | None = None,
        goal: str | None = None,
    ) -> Metric:
        """Say how a metric is drawn and summed up.

        Args:
            name: metric, or a pattern that ends in `*`.
            step_metric: metric to draw it over, e.g. `epoch`.
            step_sync: whether rows without the step metric get its last value; by default yes if
                there is one.
            hidden: leave it out of the charts made by themselves.
            summary: what the summary holds: min, max, mean, last, first, best, none; several with
                commas between them.
            overwrite: forget earlier definitions of the same name instead of adding to them.
            goal: minimize or maximize, what `best` means.

        Raises:
            UsageError: an argument is not allowed.
        """
        metric = self._definitions.define(
            name,
            step_metric,
            step_sync=step_sync,
            hidden=hidden,
            summary=summary,
            goal=goal,
            overwrite=overwrite,
        )
        self._history.forget_shapes()
        return metric

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
        _check_text("title", title)
        _check_text("text", text)
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
        """
        if quiet is not None:
            self._notices.warn_once("finish-quiet", "finish: quiet is accepted and has no effect")
        self._finish(ending_of_code(0 if exit_code is None else int(exit_code)))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish(Ending(RunState.FINISHED, 0) if error is None else ending_of(error))

    # -- what it is ---------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The run's inputs."""
        return self._config

    @property
    def summary(self) -> Summary:
        """One value per metric: the last logged, or what was set by hand."""
        return self._summary

    @property
    def id(self) -> str:
        """Unique within the project."""
        return self._start.run_id

    @property
    def entity(self) -> str:
        """Who owns the run."""
        return self._start.entity

    @property
    def project(self) -> str:
        """Project of the run."""
        return self._start.project

    @property
    def path(self) -> str:
        """`entity/project/id`."""
        return f"{self.entity}/{self.project}/{self.id}"

    @property
    def name(self) -> str:
        """Display name; may be set."""
        return self._start.name or self._start.run_id

    @name.setter
    def name(self, value: str) -> None:
        self._start.name = _check_text("name", value)
        self._stream.append_record(RunUpdate(name=value))

    @property
    def notes(self) -> str | None:
        """Text about the run; may be set."""
        return self._start.notes

    @notes.setter
    def notes(self, value: str | None) -> None:
        self._start.notes = _check_text("notes", value or "")
        self._stream.append_record(RunUpdate(notes=value or ""))

    @property
    def tags(self) -> tuple[str, ...]:
        """Labels; may be set."""
        return self._tags

    @tags.setter
    def tags(self, value: Any) -> None:
        self._tags = tuple(parse_tags(value or ()))
        self._stream.append_record(RunUpdate(tags=list(self._tags)))

    @property
    def group(self) -> str | None:
        """Group of runs that belong together."""
        return self._start.group

    @property
    def job_type(self) -> str | None:
        """What kind of run it is within its group."""
        return self._start.job_type

    @property
    def mode(self) -> str:
        """online, offline or disabled."""
        return self._options.mode

    @property
    def disabled(self) -> bool:
        """Whether nothing is kept."""
        return self._options.mode == "disabled"

    @property
    def offline(self) -> bool:
        """Whether the run is kept on disk only."""
        return self._options.mode == "offline"

    @property
    def resumed(self) -> bool:
        """Whether an earlier run of this id is continued."""
        return self._options.resumed

    @property
    def step(self) -> int:
        """Step of the open row, or of the next one."""
        return int(self._history.step)

    @property
    def starting_step(self) -> int:
        """Step of the first row of this process."""
        return self._options.first_step

    @property
    def start_time(self) -> float:
        """Unix time of the start in seconds."""
        return self._start.time

    @property
    def url(self) -> str | None:
        """Address of the run's page; None unless online."""
        if self._options.mode != "online":
            return None
        return self._options.base_url + run_page_path(self.entity, self.project, self.id)

    @property
    def project_url(self) -> str | None:
        """Address of the project's page; None unless online."""
        url = self.url
        return None if url is None else url.rsplit("/runs/", maxsplit=1)[0]

    @property
    def dir(self) -> str:
        """Folder for the script's own files of this run; made when first asked for."""
        if self._run_dir is None:
            import tempfile

            return tempfile.gettempdir()
        files = self._run_dir.files
        try:
            files.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            self._notices.warn_once("run-dir", f"cannot make {files}: {error.strerror}")
        return str(files)

    @property
    def sync_dir(self) -> str | None:
        """The run's folder on disk, as `runwake sync` takes it; None if disabled."""
        return None if self._run_dir is None else str(self._run_dir.path)

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the run to stop."""
        return self._shipping is not None and self._shipping.stop_requested

    @property
    def num_rows_late(self) -> int:
        """Rows that were logged to a step below the current one."""
        return self._history.num_rows_late

    @property
    def num_dropped(self) -> int:
        """Rows and records that were lost because the disk took none."""
        return self._stream.writer.num_dropped

    def __repr__(self) -> str:
        return f"<runwake.Run {self.path} {self.mode}>"

    # -- inner workings -----------------------------------------------------------------------

    def after_fork(self) -> None:
        """Become a writer of its own; called in a forked child."""
        self._history.after_fork()
        self._stream.after_fork()
        if self._console is not None:
            self._console.after_fork()
        if self._shipping is not None:
            self._shipping.forget_process()

    def _keep_console(self, channel: str, text: str) -> None:
        self._stream.append_record(Console(channel=channel, text=text))

    def _record_exit(self, ending: Ending) -> None:
        """Write how the run ended; nothing is waited for."""
        self._history.close(
            f"run {self.id} is finished: this call to log came too late; start another run with "
            "runwake.init()"
        )
        if self._stream.is_own:
            self._stream.append_record(
                Exit(
                    state=ending.state.value,
                    code=ending.code,
                    reason=ending.reason,
                    traceback=ending.traceback,
                )
            )
        self._stream.writer.flush()

    def _finish(self, ending: Ending) -> None:
        if self._finished:
            return
        self._finished = True
        if self.stop_requested and ending.state is RunState.KILLED:
            ending = ending._replace(reason="stop requested")
        if self._console is not None:
            self._console.stop()
        self._record_exit(ending)
        writer = self._stream.writer
        size = writer.position
        writer.close()
        if self._stream.is_own:
            if self._hooks is not None:
                self._hooks.remove()
            self._say_farewell(size)
        self._on_finish(self)

    def _say_farewell(self, size: int) -> None:
        """Wait for the upload where there is one, and say what was kept where."""
        if self._run_dir is None:
            return
        command = sync_command(self._run_dir.path)
        if self._shipping is None:
            self._notices.say(f"run kept in {self._run_dir.path}; send it with `{command}`")
            return
        acked = self._shipping.wait(size, self._stream.name, self._options.finish_timeout_s)
        if acked >= size:
            self._notices.say(f"{self.project}/{self.name} is complete at {self.url}")
            return
        error = self._shipping.last_error()
        self._notices.say(
            f"{format_size(size - acked)} of {self.project}/{self.name} are not sent yet"
            f"{f' ({error})' if error else ''}; they are kept on disk, the sender goes on trying "
            f"in the background. To send them later: `{command}`"
        )


def _check_text(argument: str, value: object) -> str:
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"{argument} must be a string, got {value!r} ({type(value).__name__})"
        )
    return value
