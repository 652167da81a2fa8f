from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from runwake.errors import UsageError
from runwake.model.run import RunState
from runwake.store.ports import RunRecord, RunUid
from runwake.tracking.sorting import lookup, matcher, sort_runs


def run(run_id: str, started_at: float = 0.0, **fields: Any) -> RunRecord:
    fields.setdefault("name", f"name of {run_id}")
    return RunRecord(
        uid=RunUid(run_id),
        entity="e",
        project="p",
        id=run_id,
        state=RunState.FINISHED,
        started_at=started_at,
        updated_at=started_at,
        heartbeat_at=started_at,
        **fields,
    )


def no_counts() -> Mapping[RunUid, int]:
    raise AssertionError("row counts are for sorting by them alone")


def order(runs: list[RunRecord], sort: str) -> list[str]:
    return [found.id for found in sort_runs(runs, sort, no_counts)]


@pytest.mark.parametrize(("sort", "expected"), [("summary.acc", "bca"), ("-summary.acc", "cba")])
def test_runs_without_the_value_come_last_in_both_directions(sort: str, expected: str) -> None:
    runs = [run("a", summary={}), run("b", summary={"acc": 1}), run("c", summary={"acc": 2.5})]

    assert order(runs, sort) == list(expected)


@pytest.mark.parametrize("sort", ["summary.x", "-summary.x"])
def test_nan_counts_as_missing(sort: str) -> None:
    runs = [run("a", summary={"x": "NaN"}), run("b", summary={"x": 1})]

    assert order(runs, sort) == ["b", "a"]


def test_infinities_are_numbers() -> None:
    runs = [run("a", summary={"x": "Infinity"}), run("b", summary={"x": "-Infinity"})]
    runs.append(run("c", summary={"x": 0}))

    assert order(runs, "summary.x") == ["b", "c", "a"]


def test_values_of_mixed_types_can_be_sorted() -> None:
    values: list[Any] = [[1], "text", 3, True, {"a": 1}, "Apple"]
    runs = [run(str(i), config={"x": value}) for i, value in enumerate(values)]

    assert order(runs, "config.x") == ["3", "2", "5", "1", "0", "4"]


def test_ties_are_broken_by_start_with_the_newest_first() -> None:
    runs = [run("old", 1.0), run("new", 2.0)]

    assert order(runs, "state") == ["new", "old"]
    assert order(runs, "-state") == ["new", "old"]


def test_rows_are_counted_only_when_sorted_by() -> None:
    runs = [run("a"), run("b")]
    counts = {RunUid("a"): 5, RunUid("b"): 7}

    assert [r.id for r in sort_runs(runs, "-num_rows", lambda: counts)] == ["b", "a"]


@pytest.mark.parametrize("sort", ["nope", "config.", "uid", "-"])
def test_an_unknown_field_is_named_with_those_allowed(sort: str) -> None:
    with pytest.raises(UsageError, match="started_at"):
        sort_runs([], sort, no_counts)


def test_paths_go_through_nested_values_and_keys_with_dots() -> None:
    values = {"val.loss": 1, "model": {"a.b": {"c": 2}}, "plain": {"x": {"y": 3}}}

    assert lookup(values, "val.loss") == 1
    assert lookup(values, "model.a.b.c") == 2
    assert lookup(values, "plain.x.y") == 3
    assert lookup(values, "plain.x.z") is None


def test_search_finds_names_ids_and_tags_whatever_the_case() -> None:
    runs = [run("abc123"), run("x", name="Big MODEL"), run("y", tags=("Baseline",))]

    assert [r.id for r in runs if matcher("C12", False)(r)] == ["abc123"]
    assert [r.id for r in runs if matcher("model", False)(r)] == ["x"]
    assert [r.id for r in runs if matcher("base", False)(r)] == ["y"]
    assert len([r for r in runs if matcher("", True)(r)]) == 3


def test_regular_expressions_match_anywhere_and_never_hang() -> None:
    hostile = run("a" * 100, name="b")

    assert matcher("^B$", True)(hostile)
    assert not matcher("(a+)+$x", True)(hostile)


def test_a_bad_regular_expression_is_named() -> None:
    with pytest.raises(UsageError, match=r"search='\(' is not a regular expression"):
        matcher("(", True)
