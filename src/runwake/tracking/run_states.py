"""The life of a run: how starts, exits, silence and signs of life change its state. Pure.

A run is running as long as one of its training processes is. A process ends with its own exit
record, or with the word of its sender (which watched it die). Silence alone makes a run crashed
too, but only until it is heard of again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runwake.model.run import RunState
from runwake.store.ports import ProcessRecord, RunRecord
from runwake.wire.http import CRASHED_AFTER_S
from runwake.wire.records import FORK_STREAM_PREFIX, Exit

SENDER = "sender"


def is_open_writer(process: ProcessRecord) -> bool:
    """Whether the process trains and has not ended, as far as anybody knows."""
    return process.role != SENDER and process.exit_state is None


def begin(run: RunRecord) -> RunRecord:
    """Return the run after one of its training processes started."""
    return replace(
        run,
        state=RunState.RUNNING,
        finished_at=None,
        exit_code=None,
        exit_reason=None,
        traceback=None,
        stop_requested=False,
    )


def heard_of(run: RunRecord, processes: Sequence[ProcessRecord], now: float) -> RunRecord:
    """Return the run after a sign of life: silence is forgiven while a process is open."""
    run = replace(run, heartbeat_at=now)
    if run.state is RunState.CRASHED and any(map(is_open_writer, processes)):
        run = begin(run)
    return run


def is_silent(run: RunRecord, listening_since: float, now: float) -> bool:
    """Whether a run has said nothing for so long that its processes must be gone.

    Args:
        run: a running run.
        listening_since: when this server came up; nobody could speak to it before.
        now: the time.
    """
    return (
        run.state is RunState.RUNNING
        and now - max(run.heartbeat_at, listening_since) > CRASHED_AFTER_S
    )


def fall_silent(run: RunRecord) -> RunRecord:
    """Return the run after too long a silence."""
    return replace(
        run,
        state=RunState.CRASHED,
        finished_at=run.heartbeat_at,
        exit_reason=f"nothing was heard of it for {CRASHED_AFTER_S:g} s",
    )


def end_process(process: ProcessRecord, record: Exit) -> ProcessRecord:
    """Return the process after its exit as `record` tells it."""
    return replace(
        process,
        exit_state=_exit_state(record),
        exit_code=record.code,
        exit_reason=record.reason,
        traceback=record.traceback,
    )


def end_run(
    run: RunRecord, processes: Sequence[ProcessRecord], record: Exit, now: float
) -> RunRecord:
    """Return the run after one of its processes ended; `processes` know of it already."""
    if any(map(is_open_writer, processes)):
        return run
    state, said = _exit_state(record), record
    main = [p for p in processes if p.role != SENDER and not _is_forked(p)]
    if state is RunState.CRASHED and record.reason is None and main:
        # A log that just ended. If it is that of a forked child, that is not the run's end.
        newest = max(main, key=lambda process: process.started_at)
        state = newest.exit_state or state
        said = Exit(
            state=state.value,
            code=newest.exit_code,
            reason=newest.exit_reason,
            traceback=newest.traceback,
        )
    return replace(
        run,
        state=state,
        finished_at=max(record.time or now, run.started_at),
        exit_code=said.code,
        exit_reason=said.reason,
        traceback=said.traceback,
    )


def ended_by_sender(
    processes: Sequence[ProcessRecord], sender: ProcessRecord, record: Exit
) -> Sequence[ProcessRecord]:
    """Return the processes whose end a sender tells: those that it watched and left no word."""
    return [
        end_process(process, record)
        for process in processes
        if (is_open_writer(process) or _ended_without_word(process))
        and (sender.host is None or process.host == sender.host)
        and (sender.pid is None or process.pid == sender.pid)
        and (not record.time or process.started_at <= record.time)
    ]


def _is_forked(process: ProcessRecord) -> bool:
    return process.stream.startswith(FORK_STREAM_PREFIX)


def _ended_without_word(process: ProcessRecord) -> bool:
    """Whether all that is known is that the process's log ended."""
    return process.exit_state is RunState.CRASHED and process.exit_reason is None


def _exit_state(record: Exit) -> RunState:
    try:
        state = RunState(record.state)
    except ValueError:  # a word of a newer client
        return RunState.FAILED
    return RunState.FAILED if state is RunState.RUNNING else state
