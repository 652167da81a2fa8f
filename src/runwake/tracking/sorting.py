"""Searching and sorting the runs of a project: pure functions over metadata records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import re2

from runwake.errors import UsageError
from runwake.store.ports import RunRecord, RunUid

RUN_FIELDS: Final[Mapping[str, Callable[[RunRecord], Any]]] = {
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "state": lambda run: run.state.value,
    "started_at": lambda run: run.started_at,
    "updated_at": lambda run: run.updated_at,
    "heartbeat_at": lambda run: run.heartbeat_at,
    "finished_at": lambda run: run.finished_at,
    "duration_s": lambda run: duration_s(run),  # noqa: PLW0108 - defined below
    "group": lambda run: run.group,
    "job_type": lambda run: run.job_type,
    "tags": lambda run: ", ".join(run.tags) or None,
    "notes": lambda run: run.notes,
    "host": lambda run: run.host,
    "last_step": lambda run: run.last_step,
}
_MISSING_WORDS: Final = frozenset({"NaN"})


def duration_s(run: RunRecord) -> float:
    """Return the time from the run's start to its end, or to its last sign of life."""
    end = run.finished_at if run.finished_at is not None else run.heartbeat_at
    return max(0.0, end - run.started_at)


def matcher(search: str, is_regex: bool) -> Callable[[RunRecord], bool]:
    """Return whether a run's name, id or a tag contains `search`, whatever the case.

    Regular expressions are those of RE2: matching takes linear time, so that no pattern can hold
    up the server.

    Raises:
        UsageError: `search` is no regular expression.
    """
    if not search:
        return lambda run: True
    if is_regex:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        try:
            pattern = re2.compile(search, options)
        except re2.error as error:
            reason = error.args[0] if error.args else error
            if isinstance(reason, bytes):
                reason = reason.decode(errors="replace")
            raise UsageError(f"search={search!r} is not a regular expression: {reason}") from None
        return lambda run: any(pattern.search(text) for text in _searched(run))
    needle = search.casefold()
    return lambda run: any(needle in text.casefold() for text in _searched(run))


def _searched(run: RunRecord) -> Iterable[str]:
    return (run.name, run.id, *run.tags)


def sort_runs(
    runs: Sequence[RunRecord], sort: str, num_rows: Callable[[], Mapping[RunUid, int]]
) -> list[RunRecord]:
    """Return the runs in the order that `sort` names; ties are broken by start, newest first.

    Numbers come before texts and texts before all else. Runs without the value (NaN counts as
    none) come last, ascending or descending.

    Args:
        runs: what to sort.
        sort: a run field, `config.<path>` or `summary.<path>`; `-` in front for descending.
        num_rows: rows by uid, asked only when sorting by them.

    Raises:
        UsageError: no such field.
    """
    descending = sort.startswith("-")
    read = _reader(sort.removeprefix("-"), num_rows)
    present: list[tuple[tuple[int, Any], RunRecord]] = []
    missing: list[RunRecord] = []
    for run in sorted(runs, key=lambda run: (-run.started_at, run.id)):
        value = read(run)
        if value is None or (isinstance(value, str) and value in _MISSING_WORDS):
            missing.append(run)
        else:
            present.append((_rank(value), run))
    present.sort(key=lambda entry: entry[0], reverse=descending)
    return [run for _, run in present] + missing


def _reader(field: str, num_rows: Callable[[], Mapping[RunUid, int]]) -> Callable[[RunRecord], Any]:
    if field in RUN_FIELDS:
        return RUN_FIELDS[field]
    if field == "num_rows":
        counts = num_rows()
        return lambda run: counts.get(run.uid, 0)
    section, _, path = field.partition(".")
    if section == "config" and path:
        return lambda run: lookup(run.config, path)
    if section == "summary" and path:
        return lambda run: lookup(run.summary, path)
    raise UsageError(
        f"sort={field!r} is not known: allowed are {', '.join(sorted([*RUN_FIELDS, 'num_rows']))}, "
        "config.<path> and summary.<path>"
    )


def lookup(values: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, None if there is none.

    Keys may contain dots themselves: the longest key that is there wins at each level.
    """
    if path in values:
        return values[path]
    cut = path.rfind(".")
    while cut > 0:
        inner = values.get(path[:cut])
        if isinstance(inner, Mapping):
            found = lookup(inner, path[cut + 1 :])
            if found is not None:
                return found
        cut = path.rfind(".", 0, cut)
    return None


def _rank(value: Any) -> tuple[int, Any]:
    if value == "Infinity":
        return (0, float("inf"))
    if value == "-Infinity":
        return (0, float("-inf"))
    if isinstance(value, (bool, int, float)):
        return (0, value)
    if isinstance(value, str):
        return (1, value.casefold())
    return (2, repr(value))
