"""What a run is called and how it is run: the read-only face of `Run`, and what may be renamed."""

from __future__ import annotations

from typing import Any, NamedTuple

from runwake.errors import ArgumentTypeError
from runwake.runlog.run_dir import RunDir
from runwake.sdk.notices import Notices
from runwake.sdk.stream import LogStream
from runwake.settings.client import tags as parse_tags
from runwake.wire.http import run_page_path
from runwake.wire.records import RunStart, RunUpdate


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


class RunIdentity:
    """Names, places and modes of a run.

    Args:
        start: first record of the run's stream; new names go into it.
        run_dir: the run's folder; None if nothing is kept.
        options: how the run behaves.
        notices: where to say what is odd.
    """

    __slots__ = ("_notices", "_options", "_run_dir", "_start", "_stream", "_tags")

    def __init__(
        self, start: RunStart, run_dir: RunDir | None, options: RunOptions, notices: Notices
    ) -> None:
        self._start = start
        self._run_dir = run_dir
        self._options = options
        self._notices = notices
        self._tags = tuple(start.tags or ())
        self._stream = LogStream(run_dir, start, notices.warn_once)

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
        self._start.name = check_text("name", value)
        self._stream.append_record(RunUpdate(name=value))

    @property
    def notes(self) -> str | None:
        """Text about the run; may be set."""
        return self._start.notes

    @notes.setter
    def notes(self, value: str | None) -> None:
        self._start.notes = check_text("notes", value or "")
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

    def get_url(self) -> str | None:
        """Return `url`; kept for older callers."""
        return self.url

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
    def num_dropped(self) -> int:
        """Rows and records that were lost because the disk took none."""
        return self._stream.writer.num_dropped

    def __repr__(self) -> str:
        return f"<runwake.Run {self.path} {self.mode}>"


def check_text(argument: str, value: object) -> str:
    """Return `value` if it is a string.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"{argument} must be a string, got {value!r} ({type(value).__name__})"
        )
    return value
