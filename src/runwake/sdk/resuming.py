"""Continuing an earlier run: what its logs on this machine say of where it stood."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from runwake.errors import LogFormatError, UsageError
from runwake.runlog.reader import read_exit, read_last_step, read_start
from runwake.runlog.run_dir import RunDir, discover, folder_part
from runwake.wire.records import RunStart


class Resumption(NamedTuple):
    """Whether there is an earlier run, its id, and the step after its last one."""

    found: bool = False
    run_id: str | None = None
    next_step: int = 0


def find_earlier(
    parent: Path, entity: str, project: str, run_id: str | None, resume: str
) -> Resumption:
    """Return what is known here of the run of a project that is to be continued.

    `auto` without an id takes up the newest run if it did not end well. Runs that were made on
    another machine are unknown here; the server joins them by their id.

    Raises:
        UsageError: `resume="must"` without an id.
    """
    if resume == "never":
        return Resumption()
    if run_id is None:
        if resume == "must":
            raise UsageError('resume="must" needs the id of the run to continue (id=...)')
        known = _newest_first(parent, entity, project)
        return _unfinished(known) if resume == "auto" else Resumption()
    steps = [
        _next_step(run_dir)
        for run_dir, start in _newest_first(parent, entity, project, run_id)
        if start.run_id == run_id
    ]
    return Resumption(bool(steps), run_id, max(steps, default=0))


def _newest_first(
    parent: Path, entity: str, project: str, run_id: str = ""
) -> Iterator[tuple[RunDir, RunStart]]:
    """Yield the runs of a project; only those whose folder may be that of `run_id`, if given."""
    for run_dir in reversed(list(discover([parent]))):
        if folder_part(run_id) not in run_dir.path.name:
            continue
        start = _main_start(run_dir)
        if start is not None and (start.entity, start.project) == (entity, project):
            yield run_dir, start


def _unfinished(runs: Iterator[tuple[RunDir, RunStart]]) -> Resumption:
    """Return the first of the runs to continue, if it did not end well."""
    for run_dir, start in runs:
        ending = read_exit(run_dir.log_path(start.stream))
        if ending is not None and ending.state == "finished":
            return Resumption()
        return Resumption(True, start.run_id, _next_step(run_dir))
    return Resumption()


def _main_start(run_dir: RunDir) -> RunStart | None:
    for stream in run_dir.streams():
        try:
            start = read_start(run_dir.log_path(stream))
        except (OSError, LogFormatError):
            continue
        if start is not None and start.role == "writer":
            return start
    return None


def _next_step(run_dir: RunDir) -> int:
    steps = [0]
    for stream in run_dir.streams():
        try:
            last = read_last_step(run_dir.log_path(stream))
        except (OSError, LogFormatError):
            continue
        if last is not None:
            steps.append(math.floor(last) + 1)
    return max(steps)
