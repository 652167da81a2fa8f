"""Bodies of the native query API, as the OpenAPI document publishes them.

Numbers that JSON cannot carry (NaN, infinities) become the strings "NaN", "Infinity" and
"-Infinity" inside config, summary and history values; lines of charts carry them apart.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

RunStateName = Literal["running", "finished", "failed", "crashed", "killed"]
ValueKindName = Literal["f", "i", "u", "b", "s", "j"]


SourceName = Literal["history", "system"]
"""What the run logged, or what its senders measured of their machines meanwhile."""


class ErrorBody(BaseModel):
    """The one shape of all errors."""

    code: str = Field(description="Stable word for programs, e.g. not_found, invalid, forbidden.")
    message: str = Field(description="One or two sentences for a person.")
    details: dict[str, Any] = {}


class ErrorAnswer(BaseModel):
    """Body of every answer with a status of 400 and above."""

    error: ErrorBody


class ServerInfo(BaseModel):
    """What a client needs to know before anything else."""

    version: str
    authentication: bool = Field(description="Whether an API key is asked for.")
    signed_in: bool = Field(description="Whether this caller's key or session is accepted.")
    default_entity: str


class Project(BaseModel):
    """A project with counts of its runs."""

    entity: str
    name: str
    created_at: float = Field(description="Unix time in seconds, as all times.")
    last_activity_at: float | None
    num_runs: int
    num_running: int


class ProjectList(BaseModel):
    """Projects, the most recently active first."""

    projects: list[Project]


class Run(BaseModel):
    """A run as it appears in tables and lists."""

    id: str
    name: str
    state: RunStateName
    started_at: float
    updated_at: float = Field(description="When anything of the run last changed.")
    heartbeat_at: float
    finished_at: float | None
    duration_s: float = Field(description="From start to end, or to the last sign of life.")
    group: str | None
    job_type: str | None
    tags: list[str]
    notes: str | None
    host: str | None
    num_rows: int = Field(description="Rows of history. Grows while the run is live.")
    last_step: float | None
    config: dict[str, Any] = Field(description="Nested, as set by the user.")
    summary: dict[str, Any] = Field(description="Nested; last logged values and what was set.")


class RunPage(BaseModel):
    """Runs that match, sorted; `total` counts all that match."""

    runs: list[Run]
    total: int
    cursor: str = Field(description="Give it to `changes` to learn what has happened since.")


class RunProcess(BaseModel):
    """One process that writes into the run."""

    stream: str
    role: Literal["writer", "sender"]
    host: str | None
    pid: int | None
    program: str | None
    args: list[str]
    cwd: str | None
    python: str | None
    os: str | None
    cpu_count: int | None
    sdk_version: str | None
    git_commit: str | None
    git_remote: str | None
    started_at: float
    exit_state: RunStateName | None
    exit_code: int | None
    exit_reason: str | None
    traceback: str | None
    damaged_bytes: int = Field(description="Bytes of its log that could not be read.")


GoalName = Literal["minimize", "maximize"]
AlertLevel = Literal["INFO", "WARN", "ERROR"]


class MetricDefinition(BaseModel):
    """What `define_metric` said under one name."""

    name: str = Field(description="A key, or a pattern that ends in `*`.")
    step_metric: str | None
    step_sync: bool
    hidden: bool
    summary: list[str] = Field(description="min, max, mean, first, last, best, copy, none.")
    goal: GoalName | None


class Alert(BaseModel):
    """One `alert` call."""

    time: float
    level: AlertLevel
    title: str
    text: str


class RunDetail(Run):
    """All that is known of a run but its history."""

    entity: str
    project: str
    exit_code: int | None
    exit_reason: str | None
    traceback: str | None
    num_system_rows: int = Field(description="Rows of system metrics. Grows while a run is live.")
    processes: list[RunProcess]
    metric_definitions: list[MetricDefinition] = Field(description="By name.")
    alerts: list[Alert] = Field(description="In the order in which they came.")


class RunEdit(BaseModel):
    """Fields to change; those left out stay."""

    name: str | None = Field(default=None, min_length=1, max_length=512)
    notes: str | None = Field(default=None, max_length=100_000)
    tags: list[str] | None = Field(default=None, max_length=100)
    group: str | None = Field(default=None, max_length=256)
    job_type: str | None = Field(default=None, max_length=256)


class Changes(BaseModel):
    """What has changed after a cursor: whole new rows of the run table."""

    runs: list[Run]
    deleted: list[str] = Field(description="Ids of runs that are gone.")
    cursor: str


class MetricKey(BaseModel):
    """One key of a project."""

    key: str
    kinds: list[ValueKindName]
    media_type: str | None = Field(
        description="For media keys the `_type` of their values, e.g. image-file."
    )
    num_runs: int
    max_count: int = Field(description="Most rows with the key in any run: 1 means a single value.")
    step_metric: str | None = Field(
        description="Key to draw it over, by `define_metric` of the newest run that has one.",
    )
    hidden: bool = Field(description="Whether charts leave it out by themselves.")
    goal: GoalName | None


class KeyList(BaseModel):
    """Keys of all runs of a project, sorted by name."""

    keys: list[MetricKey]


class KeyAbout(BaseModel):
    """What a key that Runwake itself measures stands for."""

    title: str = Field(description="For a person, e.g. GPU 0 temperature.")
    unit: str = Field(description="Of the values, e.g. %, GiB; empty for counts.")
    section: str = Field(description="Heading below which its chart stands, e.g. GPU 0.")
    place: int = Field(description="Sorts charts, and sections by their first one.")


class RunKey(BaseModel):
    """One key of one run, summarised without reading its values."""

    key: str
    kind: ValueKindName
    count: int
    minimum: float | None
    maximum: float | None
    last: Any = None
    step_metric: str | None = Field(description="Key to draw it over, by `define_metric`.")
    hidden: bool = Field(description="Whether charts leave it out by themselves.")
    goal: GoalName | None
    about: KeyAbout | None = Field(
        default=None, description="For keys of system metrics what they stand for."
    )


class RunKeyList(BaseModel):
    """Keys of one run, sorted by name."""

    keys: list[RunKey]


class LinesRequest(BaseModel):
    """Lines to draw: every pair of a run and a key over a common x."""

    runs: list[str] = Field(max_length=5_000, description="Run ids.")
    keys: list[str] = Field(min_length=1, max_length=200)
    x: str = Field(default="_step", description="_step, _runtime (s), _timestamp or a key.")
    x_min: float | None = None
    x_max: float | None = None
    max_buckets: int = Field(default=1_000, ge=8, le=10_000)
    source: SourceName = Field(
        default="history", description="system: what the runs' senders measured."
    )


class Line(BaseModel):
    """One line. Arrays are parallel and ordered by x; see `store.ports.Line`."""

    run: str
    key: str
    sampling: Literal["raw", "buckets"]
    num_points: int
    x: list[float]
    last: list[float]
    minimum: list[float] = Field(description="Empty when raw: equal to `last`.")
    maximum: list[float] = Field(description="Empty when raw: equal to `last`.")
    mean: list[float] = Field(description="Empty when raw: equal to `last`.")
    count: list[int] = Field(description="Empty when raw: all 1.")
    nonfinite_x: list[float]
    nonfinite: list[int] = Field(description="0 NaN, 1 +Infinity, -1 -Infinity; per nonfinite_x.")


class LinesAnswer(BaseModel):
    """One line per run and key that has points in the range."""

    lines: list[Line]


class HistoryRow(BaseModel):
    """One row as logged."""

    row: int
    step: float
    timestamp: float
    values: dict[str, Any]


class HistoryPage(BaseModel):
    """Rows from `first_row` on; `next_row` is None at the end."""

    rows: list[HistoryRow]
    next_row: int | None


class MediaItem(BaseModel):
    """One media value of a row."""

    run: str
    key: str
    step: float
    timestamp: float
    value: dict[str, Any] = Field(description="As logged; `_type` names the kind of media.")
    url: str | None = Field(description="Where its bytes are, on this server.")


class MediaList(BaseModel):
    """Media of some runs under one key, ordered by run and step."""

    items: list[MediaItem]
    steps: list[float] = Field(description="All steps at which any of the runs logged the key.")


class ConsoleLine(BaseModel):
    """One printed line."""

    number: int
    channel: Literal["stdout", "stderr"]
    text: str
    time: float


class ConsolePage(BaseModel):
    """Consecutive lines; `total` is how many the run has printed so far."""

    lines: list[ConsoleLine]
    total: int


class RunFile(BaseModel):
    """A file that belongs to a run."""

    path: str
    size: int
    media_type: str
    role: Literal["media", "file", "code"]
    digest: str
    url: str
    created_at: float


class FileList(BaseModel):
    """Files of a run, by path."""

    files: list[RunFile]


class SignIn(BaseModel):
    """An API key, to be exchanged for a session cookie."""

    api_key: str = Field(min_length=8, max_length=256)
