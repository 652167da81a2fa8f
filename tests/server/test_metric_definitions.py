"""`define_metric` and `alert` from the script to the API, over real HTTP."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import zstandard

import runwake
from runwake.runlog.run_dir import RunDir
from runwake.sdk.run import Run
from runwake.testing.in_process import Api
from runwake.testing.logs import LogBuilder
from runwake.tracking.plain import plain_json
from runwake.wire.http import stream_path
from runwake.wire.records import Alert, MetricDefinition, SummaryUpdate

RUN = "/projects/local/demo/runs/r1"
KEYS = ("a", "val/acc", "val/loss", "gone", "plain", "epoch")
OPERATIONS = ("min", "max", "mean", "first", "last", "best", "copy", "none")


def value(rng: random.Random) -> Any:
    odd = [rng.randrange(9), True, float("nan"), float("inf"), "text", None, [1, 2]]
    return rng.choice(odd) if rng.random() < 0.2 else rng.gauss(0, 1)


def live(run: Run, rng: random.Random) -> None:
    """Do what scripts do, at random."""
    run.define_metric("val/*", step_metric="epoch", summary=["min,max", "mean"])
    run.define_metric("val/acc", summary="best,last,first", goal="maximize")
    run.define_metric("gone", summary="none")
    for _ in range(400):
        at, chance = rng.choice((None, None, run.step, run.step + 1, run.step - 2)), rng.random()
        if chance < 0.02:
            name = rng.choice((*KEYS, "val/*", "*"))
            operations = rng.sample(OPERATIONS, rng.randrange(3))
            run.define_metric(name, summary=operations, overwrite=rng.random() < 0.3)
        elif chance < 0.04:
            run.summary[rng.choice(KEYS)] = rng.random()
        else:
            keys = rng.sample(KEYS, rng.randrange(1, 4))
            row = {key: value(rng) for key in keys}
            run.log(row, step=at, commit=rng.choice((None, None, False, True)))


def ship_in_pieces(api: Api, run: Run, rng: random.Random) -> None:
    """Send a run's log in ranges of any size, and many of them again."""
    assert run.sync_dir is not None
    (log,) = RunDir(Path(run.sync_dir)).logs.glob("*.rwlog")
    data, path = log.read_bytes(), stream_path("local", "demo", "r1", log.stem)
    known, size = 0, 50
    while known < len(data):
        begin = known if rng.random() < 0.7 else 0
        answer = api.request(
            "POST",
            f"{path}?offset={begin}",
            body=zstandard.compress(data[begin : known + size]),
            headers={"Content-Encoding": "zstd"},
        )
        assert answer.status == 200, answer.data
        # A range that ends within a frame or an open row is sent again with more.
        size = rng.randrange(20, 2_000) if answer.json()["offset"] > known else size * 2
        known = answer.json()["offset"]


@pytest.mark.parametrize("seed", range(12))
def test_the_server_sums_up_as_the_script_does(api: Api, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    run = runwake.init(dir=str(tmp_path), project="demo", id="r1", mode="offline", console="off")
    live(run, rng)
    run.finish()

    ship_in_pieces(api, run, rng)

    assert api.get(RUN)["summary"] == plain_json(run.summary.as_dict())


def test_rows_that_are_open_count_once_and_only_when_they_close(api: Api) -> None:
    log = LogBuilder().record(MetricDefinition(name="acc", summary=["max", "mean"]))
    log.row({"acc": 9.0}, 0, is_open=True)
    api.ship(log)
    assert "acc" not in api.get(RUN)["summary"]

    log.row({"acc": 1.0}, 0)  # the same row: its last value counts
    log.row({"acc": 3.0}, 1)
    api.ship(log)
    api.ship(log)

    assert api.get(RUN)["summary"] == {"acc": {"max": 3.0, "mean": 2.0}}


def test_what_was_set_by_hand_stays_until_the_key_is_logged_again(api: Api) -> None:
    log = LogBuilder().record(MetricDefinition(name="acc", summary=["max"]))
    log.row({"acc": 1.0}, 0)
    log.record(SummaryUpdate(set=[(["acc"], 7.0), (["acc", "max"], 8.0)]))
    api.ship(log)
    assert api.get(RUN)["summary"] == {"acc": 7.0, "acc.max": 8.0}

    api.ship(log.row({"acc": 0.5}, 1))

    assert api.get(RUN)["summary"] == {"acc": {"max": 1.0}}


def test_runs_are_sorted_by_one_operation_of_a_summary(api: Api) -> None:
    for run_id, best in (("r1", 0.5), ("r2", 0.9), ("r3", 0.7)):
        log = LogBuilder(run_id=run_id)
        log.record(MetricDefinition(name="val/acc", summary=["max", "last"]))
        api.ship_all(log.row({"val/acc": best}, 0).row({"val/acc": 0.1}, 1))

    page = api.get("/projects/local/demo/runs?sort=-summary.val/acc.max")

    assert [run["id"] for run in page["runs"]] == ["r2", "r3", "r1"]


def test_keys_say_how_they_are_drawn(api: Api) -> None:
    older = LogBuilder(run_id="r1", time=1_000.0)
    older.record(MetricDefinition(name="*", step_metric="step"))
    older.record(MetricDefinition(name="old", goal="minimize", hidden=True))
    api.ship_all(older.row({"val/acc": 1.0, "epoch": 1, "old": 2.0}, 0))
    newer = LogBuilder(run_id="r2", time=2_000.0)
    newer.record(MetricDefinition(name="val/*", step_metric="epoch", goal="maximize"))
    newer.record(MetricDefinition(name="epoch", hidden=True))
    api.ship_all(newer.row({"val/acc": 1.0, "epoch": 1}, 0))

    def drawn(path: str) -> dict[str, tuple[Any, ...]]:
        keys = api.get(f"/projects/local/demo{path}/keys")["keys"]
        return {key["key"]: (key["step_metric"], key["hidden"], key["goal"]) for key in keys}

    assert drawn("") == {
        "epoch": (None, True, None),
        "old": (None, True, "minimize"),
        "val/acc": ("epoch", False, "maximize"),
    }
    assert drawn("/runs/r1")["val/acc"] == ("step", False, None)
    assert api.get("/projects/local/demo/runs/r2")["metric_definitions"][1] == {
        "name": "val/*",
        "step_metric": "epoch",
        "step_sync": True,
        "hidden": False,
        "summary": [],
        "goal": "maximize",
    }


def test_a_run_tells_its_alerts(api: Api) -> None:
    log = LogBuilder().record(Alert(title="NaN", text="at step 3", level="WARN", time=5.0))
    log.record(Alert(title="odd", level="SHOUT", time=6.0))
    api.ship_all(log)

    assert api.get(RUN)["alerts"] == [
        {"time": 5.0, "level": "WARN", "title": "NaN", "text": "at step 3"},
        {"time": 6.0, "level": "INFO", "title": "odd", "text": ""},
    ]
