"""What a run is called, where it stands and which names are allowed."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from runwake.errors import ArgumentTypeError, UsageError


class RunState(str, Enum):
    """Life of a run. `RUNNING` is the only state that may still change by itself."""

    RUNNING = "running"
    FINISHED = "finished"  # exit code 0
    FAILED = "failed"  # the script ended with an error
    CRASHED = "crashed"  # the process is gone and left no exit record
    KILLED = "killed"  # ended on request (Ctrl-C, stop button)


DEFAULT_ENTITY: Final = "local"
"""Owner of runs for which nobody named one; an open server makes it at first use."""
DEFAULT_PROJECT: Final = "uncategorized"
MAX_PROJECT_LENGTH: Final = 128
MAX_TAG_LENGTH: Final = 64
MAX_RUN_ID_LENGTH: Final = 128

_RUN_ID_FORBIDDEN: Final = frozenset(":;,#?/'\\")
_PROJECT_FORBIDDEN: Final = frozenset("/\\#?%:")
_SERVER_PATHS: Final = frozenset({"api", "assets", "healthz", "readyz"})
_NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def check_run_id(run_id: object, argument: str = "id") -> str:
    """Return `run_id` if it may name a run.

    Raises:
        UsageError: naming the argument, the value and what is allowed.
    """
    return _check_name(
        run_id, argument, _RUN_ID_FORBIDDEN, MAX_RUN_ID_LENGTH, "8 letters or digits, say"
    )


def check_project(project: object, argument: str = "project") -> str:
    """Return `project` if it may name a project."""
    return _check_name(
        project, argument, _PROJECT_FORBIDDEN, MAX_PROJECT_LENGTH, "'my-project', say"
    )


def check_entity(entity: object, argument: str = "entity") -> str:
    """Return `entity` if it may name a user or team."""
    name = _check_name(entity, argument, _PROJECT_FORBIDDEN, MAX_PROJECT_LENGTH, "'my-team', say")
    if name in _SERVER_PATHS:
        raise UsageError(f"{argument}={name!r} is reserved: the server's own addresses begin so")
    return name


def check_tag(tag: object, argument: str = "tags") -> str:
    """Return `tag` if it may label a run: a string of 1 to 64 characters."""
    if not isinstance(tag, str):
        raise ArgumentTypeError(
            f"{argument}: each tag must be a string, got {tag!r} ({type(tag).__name__})"
        )
    if not 1 <= len(tag) <= MAX_TAG_LENGTH:
        raise UsageError(f"{argument}: a tag has 1 to {MAX_TAG_LENGTH} characters, got {tag!r}")
    return tag


def _check_name(
    value: object, argument: str, forbidden: frozenset[str], max_length: int, example: str
) -> str:
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"{argument} must be a string ({example}), got {value!r} ({type(value).__name__})"
        )
    allowed = (
        f"allowed are 1 to {max_length} characters without any of "
        f"{' '.join(sorted(forbidden))} and without spaces at the ends"
    )
    bad = sorted(set(value) & forbidden)
    if bad:
        raise UsageError(f"{argument}={value!r} contains {' '.join(bad)}: {allowed} ({example})")
    if not value or len(value) > max_length or value != value.strip() or _NOT_TEXT.search(value):
        raise UsageError(f"{argument}={value!r} is not a valid name: {allowed} ({example})")
    if value in (".", ".."):
        raise UsageError(f"{argument}={value!r} is reserved: {allowed} ({example})")
    return value
