"""Control records of the run log: everything that is not a row of numbers.

Each is one MessagePack map with its type in the field `type`. Readers ignore fields that they do
not know and fill in defaults for those that are missing, so fields may be added but never change
their meaning.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Annotated, Any, Final

import msgspec

from runwake.wire.frames import CONTROL, frame

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer that a database can keep."""

SENDER_STREAM_PREFIX: Final = "sender-"
"""Streams of senders (role `sender`), and no others, have a name that begins so."""
FORK_STREAM_PREFIX: Final = "fork-"
"""Streams of processes that were forked from the one that made the run."""


class Record(msgspec.Struct, tag_field="type", omit_defaults=True, kw_only=True):
    """What all records have."""

    time: float = 0.0
    """Unix time in seconds at which the record was made."""

    def __post_init__(self) -> None:
        """Take a time that is none for one that is missing."""
        if not math.isfinite(self.time):
            self.time = 0.0


class RunStart(Record, tag="start"):
    """First record of every stream: which run it belongs to and who writes it."""

    entity: str
    project: str
    run_id: str
    stream: str
    name: str | None = None
    """Display name; None: the server makes one up."""
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    config: dict[str, Any] = {}
    """Nested, as given to `init`."""
    resume: str = "never"
    """never | allow | must | auto, as asked for."""
    host: str | None = None
    pid: Int64 | None = None
    program: str | None = None
    args: list[str] = []
    """Masked: values of arguments that look like secrets are left out."""
    cwd: str | None = None
    python: str | None = None
    os: str | None = None
    cpu_count: Int64 | None = None
    sdk_version: str | None = None
    git_commit: str | None = None
    git_remote: str | None = None
    role: str = "writer"
    """writer: a training process; sender: the process that ships the run's logs."""


class ConfigUpdate(Record, tag="config"):
    """Config keys that were set or deleted after the start."""

    set: dict[str, Any] = {}
    """Top-level keys with their whole (nested) new values."""
    delete: list[str] = []


class SummaryUpdate(Record, tag="summary"):
    """Summary entries that the user set or deleted by hand.

    Automatic summary values are not records: the server derives them from the rows.
    """

    set: list[tuple[list[str], Any]] = []
    """Pairs of key path and value."""
    delete: list[list[str]] = []


class RunUpdate(Record, tag="update"):
    """New name, notes, tags … None leaves a field as it is."""

    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    group: str | None = None
    job_type: str | None = None


class MetricDefinition(Record, tag="metric"):
    """One `define_metric` call."""

    name: str
    """Key, or a glob that ends in `*`."""
    step_metric: str | None = None
    step_sync: bool | None = None
    hidden: bool | None = None
    summary: list[str] = []
    goal: str | None = None
    overwrite: bool = False


class Console(Record, tag="console"):
    """Text that the program printed. Lines end with a newline; the last may be unfinished."""

    channel: str
    """stdout | stderr"""
    text: str


class Alert(Record, tag="alert"):
    """One `alert` call."""

    title: str
    text: str = ""
    level: str = "INFO"
    """INFO | WARN | ERROR"""


class File(Record, tag="file"):
    """A file of the run. Its blob is uploaded before this record is shipped."""

    path: str
    """Name within the run, with forward slashes. Data, never a path on a server."""
    digest: str
    """sha256, 64 hex digits."""
    size: Int64
    media_type: str = "application/octet-stream"
    role: str = "file"
    """media | file | code"""


class Exit(Record, tag="exit"):
    """The stream has ended. A later record in another stream makes the run live again."""

    state: str
    """finished | failed | crashed | killed, as in model.run.RunState."""
    code: Int64 | None = None
    reason: str | None = None
    """One line for a person: 'KeyboardInterrupt', 'killed by signal 9' …"""
    traceback: str | None = None


AnyRecord = (
    RunStart
    | ConfigUpdate
    | SummaryUpdate
    | RunUpdate
    | MetricDefinition
    | Console
    | Alert
    | File
    | Exit
)

_encoder: Final = msgspec.msgpack.Encoder()
_PREFIX: Final = bytes((CONTROL,))


def encode_record(record: AnyRecord) -> bytes:
    """Return the frame of one control record.

    Characters that UTF-8 cannot carry become question marks: the bytes of an argument or of a path
    that are no text come as such characters.

    Raises:
        TypeError: the record holds a value that MessagePack cannot carry; callers bring values
            into plain types first.
        OverflowError: so does a number beyond 64 bits; or the record is too large.
    """
    try:
        payload = _encoder.encode(record)
    except UnicodeEncodeError:
        payload = _encoder.encode(_speakable(msgspec.to_builtins(record)))
    return frame(_PREFIX + payload)


def _speakable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_speakable(key): _speakable(entry) for key, entry in value.items()}
    return [_speakable(entry) for entry in value] if isinstance(value, (list, tuple)) else value


@cache
def _decoder() -> msgspec.msgpack.Decoder[AnyRecord]:
    """Return the decoder. Made at its first use: a training process never reads records."""
    return msgspec.msgpack.Decoder(AnyRecord)


def decode_record(payload: bytes | memoryview) -> AnyRecord | None:
    """Return the record in the payload of a CONTROL frame, None if it is of no kind known here.

    Raises:
        msgspec.DecodeError: the payload is not MessagePack, or nested too deep.
    """
    try:
        record: AnyRecord = _decoder().decode(payload)
    except msgspec.ValidationError:
        return None
    except RecursionError:
        raise msgspec.DecodeError("a record is nested too deep") from None
    return record
