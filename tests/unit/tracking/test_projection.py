from __future__ import annotations

import math

import pytest

from runwake.errors import UsageError
from runwake.model.run import RunState
from runwake.store.ports import RunRecord, RunUid
from runwake.testing.logs import LogBuilder
from runwake.tracking.projection import Projection, StreamPath, check_start
from runwake.tracking.range_reader import RangeReader, Watermarks
from runwake.wire.records import (
    Alert,
    AnyRecord,
    ConfigUpdate,
    File,
    MetricDefinition,
    RunUpdate,
    SummaryUpdate,
)

PATH = StreamPath("local", "demo", "r1", "w1")


def project(log: LogBuilder) -> Projection:
    run = RunRecord(
        RunUid("u"), "local", "demo", "r1", "made-up", RunState.RUNNING, 1_000.0, 0.0, 0.0
    )
    projection = Projection(PATH, run, {}, now=5_000.0)
    content = RangeReader(log.data, Watermarks(0, 0, 0, 0), {}, {}).read(final=False)
    projection.apply(content)
    return projection


def with_records(*records: AnyRecord) -> RunRecord:
    log = LogBuilder(config={"lr": 0.1, "model": {"depth": 2}})
    for record in records:
        log.record(record)
    return project(log).run


def test_the_start_names_the_run_and_what_it_is() -> None:
    log = LogBuilder(
        name="my run", group="g", job_type="train", notes="n", tags=["b", "a", "b"], host="box"
    )

    run = project(log).run

    assert (run.name, run.group, run.job_type, run.notes) == ("my run", "g", "train", "n")
    assert run.tags == ("b", "a")
    assert run.host == "box"


def test_config_updates_replace_top_level_keys_in_order() -> None:
    run = with_records(
        ConfigUpdate(set={"model": {"width": 3}, "x": 1}), ConfigUpdate(delete=["x", "unknown"])
    )

    assert run.config == {"lr": 0.1, "model": {"width": 3}}


def test_values_that_json_lacks_are_kept_as_words() -> None:
    run = with_records(ConfigUpdate(set={"a": math.nan, "b": [math.inf, b"\x00"], "c": {1: 2}}))

    assert run.config["a"] == "NaN"
    assert run.config["b"] == ["Infinity", "AA=="]
    assert run.config["c"] == {"1": 2}


def test_the_summary_is_the_last_value_of_each_key_and_what_was_set_in_order() -> None:
    log = LogBuilder().row({"acc": 0.5, ("val", "loss"): 1.0}, 0)
    log.record(SummaryUpdate(set=[(["best", "acc"], 0.9), (["acc"], 0.7)]))
    log.row({("val", "loss"): math.nan}, 1)
    log.record(SummaryUpdate(delete=[["best"]]))

    run = project(log).run

    assert run.summary == {"acc": 0.7, "val.loss": "NaN"}
    assert run.last_step == 1.0


def test_an_open_row_counts_for_the_summary_at_once() -> None:
    assert project(LogBuilder().row({"a": 3}, 5, is_open=True)).run.summary == {"a": 3}


def test_updates_leave_what_they_do_not_name() -> None:
    run = with_records(RunUpdate(name="new", tags=[]), RunUpdate(notes="later"))

    assert (run.name, run.tags, run.notes) == ("new", (), "later")


def test_metric_definitions_add_up_until_one_overwrites() -> None:
    run = with_records(
        MetricDefinition(name="val/*", step_metric="epoch"),
        MetricDefinition(name="val/*", summary=["min"]),
        MetricDefinition(name="x", goal="maximize"),
        MetricDefinition(name="x", hidden=True, overwrite=True),
    )

    assert run.metric_definitions == {
        "val/*": {"step_metric": "epoch", "summary": ["min"]},
        "x": {"hidden": True},
    }


def test_files_and_alerts_are_collected() -> None:
    log = LogBuilder().record(File(path="a.txt", digest="0" * 64, size=1, time=7.0))
    log.record(File(path="a.txt", digest="1" * 64, size=2, time=8.0, role="code"))
    log.record(Alert(title="NaN!", text="at step 3", level="WARN", time=9.0))

    projection = project(log)

    assert [(f.path, f.size, f.role) for f in projection.files.values()] == [("a.txt", 2, "code")]
    assert [alert.title for alert in projection.alerts] == ["NaN!"]


def test_a_log_of_another_run_is_refused() -> None:
    log = LogBuilder(run_id="other")
    content = RangeReader(log.data, Watermarks(0, 0, 0, 0), {}, {}).read(final=False)

    with pytest.raises(UsageError, match="other"):
        check_start(PATH, content.meta, 0)


def test_a_stream_must_begin_with_its_start_unless_damage_took_it() -> None:
    log = LogBuilder()
    begin = len(log)
    log.row({"a": 1}, 0)
    schemas = RangeReader(log.data, Watermarks(0, 0, 0, 0), {}, {}).read(final=False).schemas
    later = RangeReader(log.data[begin:], Watermarks(begin, begin, begin, begin), schemas, {})
    content = later.read(final=False)

    check_start(PATH, content.meta, lost_bytes=10)
    with pytest.raises(UsageError, match="must be its start"):
        check_start(PATH, content.meta, lost_bytes=0)
