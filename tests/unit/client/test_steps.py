from __future__ import annotations

import math
import threading
from collections import OrderedDict, UserDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import runwake
from runwake.errors import ArgumentTypeError, UsageError
from runwake.sdk.run import Run
from runwake.wire.frames import MAX_BODY_SIZE
from runwake.wire.records import AnyRecord, MetricDefinition

Start = Callable[..., Run]
Rows = Callable[[Run], list[tuple[float, dict[str, Any]]]]


def test_each_log_call_makes_one_row_and_advances(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    for i in range(3):
        run.log({"loss": i / 2})

    assert run.step == 3
    assert rows_of(run) == [(0, {"loss": 0.0}), (1, {"loss": 0.5}), (2, {"loss": 1.0})]


def test_commit_false_adds_to_the_row_of_the_next_call(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({"a": 1}, commit=False)
    run.log({"b": 2}, commit=False)
    assert run.step == 0
    run.log({"a": 3})

    assert run.step == 1
    assert rows_of(run) == [(0, {"a": 3, "b": 2})]


def test_a_row_with_a_step_stays_open_until_a_larger_step(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({"a": 1}, step=5)
    assert run.step == 5
    run.log({"b": 2}, step=5)
    run.log({"c": 3}, step=9)

    assert rows_of(run) == [(5, {"a": 1, "b": 2}), (9, {"c": 3})]


def test_a_call_without_a_step_joins_the_open_row_and_closes_it(
    start_run: Start, rows_of: Rows
) -> None:
    run = start_run()

    run.log({"a": 1}, step=7)
    run.log({"b": 2})
    assert run.step == 8
    run.log({"c": 3})

    assert rows_of(run) == [(7, {"a": 1, "b": 2}), (8, {"c": 3})]


def test_commit_true_with_a_step_closes_the_row(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({"a": 1}, step=4, commit=True)
    run.log({"b": 2})

    assert rows_of(run) == [(4, {"a": 1}), (5, {"b": 2})]


def test_a_smaller_step_is_kept_counted_and_warned_of_once(
    start_run: Start, rows_of: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_run()

    run.log({"a": 1}, step=7)
    run.log({"late": 1}, step=3)
    run.log({"late": 2}, step=-2)
    run.log({"b": 2})

    assert run.num_rows_late == 2
    assert run.step == 8
    assert rows_of(run) == [(7, {"a": 1}), (3, {"late": 1}), (-2, {"late": 2}), (7, {"b": 2})]
    assert capsys.readouterr().err.count("below the current step") == 1


def test_an_empty_dict_makes_a_row_all_the_same(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({})

    assert rows_of(run) == [(0, {})]


@pytest.mark.parametrize("step", [np.int64(4), np.array(4), np.float32(4), 4.0])
def test_numbers_of_other_libraries_are_steps(start_run: Start, rows_of: Rows, step: Any) -> None:
    run = start_run()

    run.log({"a": 1}, step=step)

    assert run.step == 4
    assert rows_of(run) == [(4, {"a": 1})]


def test_a_step_that_is_nan_does_not_stop_training(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({"a": 1}, step=math.nan)  # type: ignore[arg-type]

    assert rows_of(run) == [(0, {"a": 1})]


def test_steps_beyond_64_bits_and_keys_of_other_string_types_are_kept(
    start_run: Start, rows_of: Rows
) -> None:
    run = start_run()

    for _ in range(2):
        run.log({np.str_("a"): 1}, step=2**70)

    assert rows_of(run) == [(float(2**70), {"a": 1})]


def test_fractional_steps_are_kept(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({"a": 1.0}, step=0.5)  # type: ignore[arg-type]
    run.log({"a": 2.0}, step=1.5)  # type: ignore[arg-type]
    run.log({"a": 3.0})
    run.log({"a": 4.0})

    assert [step for step, _ in rows_of(run)] == [0.5, 1.5, 2]


@pytest.mark.parametrize("step", [True, "3", np.bool_(True), [1], np.array([1, 2])])
def test_a_step_of_a_wrong_type_is_an_error_that_names_it(start_run: Start, step: Any) -> None:
    run = start_run()

    with pytest.raises(ArgumentTypeError, match="step must be an integer, got"):
        run.log({"a": 1}, step=step)


@pytest.mark.parametrize("data", ["x", 3, None, [("a", 1)], {1: 2}, {("a", "b"): 1}])
def test_data_of_a_wrong_type_is_an_error_even_behind_good_rows(
    start_run: Start, data: Any
) -> None:
    run = start_run()
    run.log({"a": {"b": 1}})
    run.log({"x": 1})

    with pytest.raises(TypeError, match=r"log takes a dict|keys must be strings"):
        run.log(data)
    assert run.step == 2


@pytest.mark.parametrize("kind", [UserDict, OrderedDict])
def test_other_mappings_are_fine(start_run: Start, rows_of: Rows, kind: Any) -> None:
    run = start_run()

    run.log(kind({"a": 1}))

    assert rows_of(run) == [(0, {"a": 1})]


def test_rows_of_one_shape_carry_their_own_values_and_types(
    start_run: Start, rows_of: Rows
) -> None:
    run = start_run()
    values: list[Any] = [1, 2.5, True, 2**63, 2**70, np.float32(0.5), np.int16(3), None, "s", 4]

    for value in values:
        run.log({"x": value, "y": 1.0})

    got = [row["x"] for _, row in rows_of(run)]
    assert got == [1, 2.5, True, 2**63, float(2**70), 0.5, 3, None, "s", 4]
    assert [type(x) for x in got[:3]] == [int, float, bool]


def test_nested_dicts_are_named_by_their_path(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    run.log({"train": {"loss": 1.0, "acc": {"top1": 2}}, "none": {}})

    assert rows_of(run) == [(0, {"train.loss": 1.0, "train.acc.top1": 2})]


def test_rows_of_all_threads_are_there(start_run: Start, rows_of: Rows) -> None:
    run = start_run()

    def work(name: str) -> None:
        for i in range(50):
            run.log({name: i})

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rows = rows_of(run)
    assert [step for step, _ in rows] == list(range(400))
    for n in range(8):
        assert [row[f"t{n}"] for _, row in rows if f"t{n}" in row] == list(range(50))


def test_a_value_that_cannot_be_stored_does_not_stop_training(
    start_run: Start, rows_of: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    run = start_run()

    run.log({"bad": Hostile(), "good": 1})
    run.log({"bad": Hostile(), "good": 2})

    assert [row["good"] for _, row in rows_of(run)] == [1, 2]
    assert capsys.readouterr().err.count("Hostile") == 1


def test_a_finished_run_refuses_rows_in_words(start_run: Start) -> None:
    run = start_run()
    run.log({"a": 1})
    run.finish()

    with pytest.raises(UsageError, match="is finished"):
        run.log({"a": 1})


def test_the_last_value_of_a_step_metric_joins_rows_that_lack_it(
    start_run: Start, rows_of: Rows
) -> None:
    run = start_run()
    run.log({"val/acc": 0.0})
    run.define_metric("val/*", step_metric="epoch")

    run.log({"epoch": 3})
    run.log({"val/acc": 0.5})
    run.log({"train/loss": 1.0})
    run.log({"epoch": 4}, commit=False)
    run.log({"val/acc": 0.6})

    assert [row for _, row in rows_of(run)] == [
        {"val/acc": 0.0},
        {"epoch": 3},
        {"val/acc": 0.5, "epoch": 3},
        {"train/loss": 1.0},
        {"epoch": 4, "val/acc": 0.6},
    ]


def test_an_exact_definition_wins_over_a_pattern(start_run: Start, rows_of: Rows) -> None:
    run = start_run()
    run.define_metric("*", step_metric="epoch")
    run.define_metric("free", step_sync=False)

    run.log({"epoch": 1})
    run.log({"free": 1})
    run.log({"bound": 1})

    assert [row for _, row in rows_of(run)] == [
        {"epoch": 1},
        {"free": 1},
        {"bound": 1, "epoch": 1},
    ]


def test_rows_of_a_known_shape_get_their_step_metric_as_all_others_do(
    start_run: Start, rows_of: Rows
) -> None:
    run = start_run()
    run.define_metric("train/*", step_metric="epoch")
    rows: list[dict[str, Any]] = []

    for epoch in (None, 1, 2, 2.5):
        if epoch is not None:
            run.log({"epoch": epoch})
            rows.append({"epoch": epoch})
        for _ in range(3):
            run.log({"train/loss": 0.5, "train/acc": 1})
            rows.append({"train/loss": 0.5, "train/acc": 1} | ({"epoch": epoch} if epoch else {}))
    assert run.summary["epoch"] == 2.5
    run.log({"epoch": 3, "train/loss": 0.25, "train/acc": 1}, commit=False)
    run.log({"train/loss": 0.5, "train/acc": 1})
    rows.append({"epoch": 3, "train/loss": 0.5, "train/acc": 1})

    assert [row for _, row in rows_of(run)] == rows


def test_the_summary_holds_what_its_definition_asks_for(start_run: Start) -> None:
    run = start_run()
    run.log({"plain": 1, "gone": 1})
    run.define_metric("val/*", summary="min,max")
    run.define_metric("val/acc", summary=["best", "last"], goal="maximize")
    run.define_metric("gone", summary="none")
    run.define_metric("copied", summary="copy")
    run.define_metric("a.b", summary="mean")

    for value in (3, 1, 2):
        run.log({"val/loss": value, "val/acc": value, "gone": value, "copied": value})
        run.log({"a": {"b": value}, "plain": value})
    run.log({"val/loss": 99}, commit=False)

    assert run.summary.as_dict() == {
        "plain": 2,
        "copied": 2,
        "val/loss": {"min": 1, "max": 3},
        "val/acc": {"best": 3, "last": 2},
        "a": {"b": {"mean": 2.0}},
    }
    run.log({})
    assert run.summary["val/loss"]["max"] == 99


def test_metric_definitions_are_recorded(
    start_run: Start, records_of: Callable[[Run], list[AnyRecord]]
) -> None:
    run = start_run()

    metric = run.define_metric("loss", summary="min,last", goal="minimize")

    assert (metric.name, metric.summary) == ("loss", ("min", "last"))
    (definition,) = [r for r in records_of(run) if isinstance(r, MetricDefinition)]
    assert (definition.name, definition.summary, definition.goal) == (
        "loss",
        ["min", "last"],
        "minimize",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "a*b"}, "at its end"),
        ({"name": 3}, "must be a string"),
        ({"name": "a", "summary": "median"}, "not one of min, max"),
        ({"name": "a", "summary": [1]}, "a list of strings"),
        ({"name": "a", "step_metric": "b*"}, "a metric's name"),
        ({"name": "a", "goal": "up"}, "'minimize' or 'maximize'"),
    ],
)
def test_a_bad_definition_is_refused_in_words(
    start_run: Start, arguments: dict[str, Any], message: str
) -> None:
    run = start_run()

    with pytest.raises(UsageError, match=message):
        run.define_metric(**arguments)


def test_a_disabled_run_checks_the_same_and_keeps_nothing(start_run: Start, tmp_path: Any) -> None:
    run = start_run(mode="disabled", project="p")

    run.log({"loss": 1.0})
    run.log({"loss": 2.0})
    with pytest.raises(ArgumentTypeError):
        run.log({1: 2})  # type: ignore[dict-item]

    assert isinstance(run, runwake.Run)
    assert run.step == 2
    assert run.summary["loss"] == 2.0
    assert list(tmp_path.iterdir()) == []


class Gone(dict[str, Any]):
    def items(self) -> Any:
        raise OSError("gone")


def test_data_that_cannot_be_read_does_not_stop_training(
    start_run: Start, rows_of: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_run()
    run.log(Gone(a=1))
    run.log({"a": 2})

    assert rows_of(run) == [(0, {"a": 2})]
    assert "cannot be read and is lost" in capsys.readouterr().err


def test_a_row_that_is_too_large_costs_itself_alone(
    start_run: Start, rows_of: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_run()
    run.log({"text": "x" * (MAX_BODY_SIZE + 1)})
    run.log({"a": 1})

    assert rows_of(run) == [(0, {"a": 1})]
    assert "64 MiB" in capsys.readouterr().err
