from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runwake.model.run import RunState
from runwake.store.ports import ProcessRecord, RunRecord, RunUid
from runwake.tracking import run_states
from runwake.tracking.projection import Projection, StreamPath
from runwake.tracking.range_reader import RangeContent
from runwake.tracking.rows_to_columns import RowFrames
from runwake.wire.records import Exit, RunStart

RUN = RunRecord(
    RunUid("u"), "e", "p", "r", "name", RunState.RUNNING, 100.0, 100.0, heartbeat_at=100.0
)


def start(stream: str, **fields: Any) -> RunStart:
    given = {"role": "writer", "host": "box", "time": 100.0, **fields}
    return RunStart(entity="e", project="p", run_id="r", stream=stream, **given)


class Story:
    """A run as records of several streams change it."""

    def __init__(self) -> None:
        self.run = RUN
        self.processes: dict[str, ProcessRecord] = {}

    def tell(self, stream: str, *records: RunStart | Exit) -> RunRecord:
        path = StreamPath("e", "p", "r", stream)
        projection = Projection(path, self.run, self.processes, now=1_000.0)
        projection.apply(RangeContent(end=0, rows=RowFrames(b"", 0), meta=list(records)))
        self.run = projection.run
        return self.run


def test_the_exit_of_the_only_writer_ends_the_run_with_its_state() -> None:
    story = Story()
    story.tell("w", start("w"))

    run = story.tell("w", Exit(state="failed", code=3, reason="boom", traceback="…", time=150.0))

    assert run.state is RunState.FAILED
    assert (run.exit_code, run.exit_reason, run.finished_at) == (3, "boom", 150.0)


def test_a_run_goes_on_while_another_writer_is_open() -> None:
    story = Story()
    story.tell("w0", start("w0"))
    story.tell("w1", start("w1"))

    assert story.tell("w0", Exit(state="finished")).state is RunState.RUNNING
    assert story.tell("w1", Exit(state="finished")).state is RunState.FINISHED


def test_a_new_writer_makes_an_ended_run_live_again() -> None:
    story = Story()
    story.tell("w0", start("w0"), Exit(state="crashed", reason="gone", time=120.0))

    run = story.tell("w1", start("w1", time=200.0))

    assert run.state is RunState.RUNNING
    assert run.finished_at is None
    assert run.exit_reason is None
    assert run.started_at == 100.0


def test_a_sender_tells_the_end_of_writers_on_its_machine_alone() -> None:
    story = Story()
    story.tell("near", start("near"))
    story.tell("far", start("far", host="other"))
    story.tell("sender-1", start("sender-1", role="sender"))

    run = story.tell("sender-1", Exit(state="crashed", reason="killed by signal 9"))

    assert run.state is RunState.RUNNING
    assert story.processes["near"].exit_state is RunState.CRASHED
    assert story.processes["far"].exit_state is None
    assert story.tell("far", Exit(state="finished")).state is RunState.FINISHED


def test_a_senders_word_does_not_override_a_writers_own() -> None:
    story = Story()
    story.tell("w", start("w"), Exit(state="finished", code=0))
    story.tell("sender-1", start("sender-1", role="sender"))

    assert story.tell("sender-1", Exit(state="crashed")).state is RunState.FINISHED


def test_a_writers_own_word_overrides_its_senders() -> None:
    story = Story()
    story.tell("w", start("w"))
    story.tell("sender-1", start("sender-1", role="sender"), Exit(state="crashed"))

    assert story.tell("w", Exit(state="finished")).state is RunState.FINISHED


def test_a_log_that_ends_without_an_exit_is_a_crash_and_the_sender_may_add_why() -> None:
    story = Story()
    story.tell("w", start("w"))
    projection = Projection(StreamPath("e", "p", "r", "w"), story.run, story.processes, 300.0)
    projection.end_without_exit()
    story.run = projection.run
    assert story.run.state is RunState.CRASHED

    run = story.tell(
        "sender-1", start("sender-1", role="sender"), Exit(state="crashed", reason="signal 9")
    )

    assert run.exit_reason == "signal 9"


def test_silence_counts_from_when_the_server_could_hear() -> None:
    assert not run_states.is_silent(RUN, listening_since=1_000.0, now=1_299.0)
    assert run_states.is_silent(RUN, listening_since=1_000.0, now=1_301.0)
    assert not run_states.is_silent(replace(RUN, heartbeat_at=1_300.0), 0.0, 1_599.0)


def test_a_silent_run_that_is_heard_of_again_is_running() -> None:
    story = Story()
    story.tell("w", start("w"))
    silent = run_states.fall_silent(story.run)
    assert silent.state is RunState.CRASHED
    assert silent.finished_at == silent.heartbeat_at

    heard = run_states.heard_of(silent, list(story.processes.values()), 900.0)

    assert heard.state is RunState.RUNNING
    assert heard.finished_at is None
    assert heard.heartbeat_at == 900.0


def test_late_bytes_of_a_process_that_is_gone_do_not_revive_the_run() -> None:
    story = Story()
    story.tell("w", start("w"))
    story.tell("sender-1", start("sender-1", role="sender"), Exit(state="crashed"))

    heard = run_states.heard_of(story.run, list(story.processes.values()), 900.0)

    assert heard.state is RunState.CRASHED


@pytest.mark.parametrize("word", ["running", "exploded"])
def test_an_exit_with_a_state_that_is_none_counts_as_failed(word: str) -> None:
    story = Story()
    story.tell("w", start("w"))

    assert story.tell("w", Exit(state=word)).state is RunState.FAILED


def end_of_log(story: Story, stream: str) -> RunRecord:
    projection = Projection(StreamPath("e", "p", "r", stream), story.run, story.processes, 300.0)
    projection.end_without_exit()
    story.run = projection.run
    return story.run


@pytest.mark.parametrize("state", ["finished", "failed", "killed"])
def test_a_forked_child_that_ends_last_does_not_say_how_the_run_ended(state: str) -> None:
    story = Story()
    story.tell("w", start("w"))
    story.tell("fork-1", start("fork-1", time=110.0))
    story.tell("w", Exit(state=state, code=3, reason="as it was"))
    assert story.run.state is RunState.RUNNING

    run = end_of_log(story, "fork-1")

    assert run.state is RunState(state)
    assert (run.exit_code, run.exit_reason) == (3, "as it was")


def test_a_sender_does_not_end_another_process_of_its_machine() -> None:
    story = Story()
    story.tell("w0", start("w0", pid=10))
    story.tell("w1", start("w1", pid=11))
    story.tell("w2", start("w2", pid=10, time=400.0))
    story.tell("sender-1", start("sender-1", role="sender", pid=10, time=300.0))

    run = story.tell("sender-1", Exit(state="crashed", reason="gone", time=300.0))

    assert story.processes["w0"].exit_state is RunState.CRASHED
    assert story.processes["w1"].exit_state is None
    assert story.processes["w2"].exit_state is None
    assert run.state is RunState.RUNNING
