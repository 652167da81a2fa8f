"""The rules of `define_metric` and the sums behind the summary, against the plainest reading."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwake.model.metrics import AGGREGATES, Aggregate, MetricRule, MetricRules
from runwake.tracking.plain import plain_json

NUMBERS = st.one_of(st.floats(width=32), st.integers(-(2**63), 2**63 - 1), st.booleans())
VALUES = st.one_of(NUMBERS, NUMBERS, st.none(), st.text(max_size=3), st.lists(st.integers()))


def plainest(values: Sequence[Any], goal: str | None) -> dict[str, Any]:
    there = [value for value in values if value is not None]
    numbers = [value for value in there if isinstance(value, (bool, int, float))]
    known = [number for number in numbers if not math.isnan(number)] or numbers[:1]
    total = 0.0
    for number in known:
        total += number
    expected: dict[str, Any] = {}
    if known:
        expected |= {"min": min(known), "max": max(known), "mean": total / len(known)}
        expected["best"] = expected["max" if goal == "maximize" else "min"]
    if there:
        expected |= {"first": there[0], "last": there[-1]}
    return expected


def same(one: Any, other: Any) -> bool:
    return bool(json.dumps(plain_json(one)) == json.dumps(plain_json(other)))


@given(
    st.lists(st.lists(VALUES, max_size=6), max_size=6),
    st.sampled_from([None, "minimize", "maximize"]),
)
def test_sums_are_those_of_all_values_however_they_come(
    batches: list[list[Any]], goal: str | None
) -> None:
    rule = MetricRule(summary=AGGREGATES, goal=goal)
    at_once, one_by_one, stored = Aggregate(), Aggregate(), Aggregate()
    for batch in batches:
        at_once.add(batch)
        for value in batch:
            one_by_one.add([value])
        # As the server keeps it from range to range: as plain JSON.
        stored = Aggregate.from_state(json.loads(json.dumps(plain_json(stored.state()))))
        stored.add(batch)

    expected = plainest([value for batch in batches for value in batch], goal)
    ordered = {name: expected[name] for name in AGGREGATES if name in expected} or None
    assert same(at_once.summary(rule), ordered)
    assert same(one_by_one.summary(rule), ordered)
    assert same(stored.summary(rule), ordered)


def test_nan_is_left_out_unless_there_is_nothing_else() -> None:
    rule = MetricRule(summary=("min", "max", "mean"))
    aggregate = Aggregate()
    aggregate.add([math.nan])
    assert all(math.isnan(value) for value in aggregate.summary(rule).values())

    aggregate.add([3.0, math.nan, 1])

    assert aggregate.summary(rule) == {"min": 1, "max": 3.0, "mean": 2.0}


def test_a_key_without_numbers_keeps_its_last_value() -> None:
    aggregate = Aggregate()
    aggregate.add(["a", "b"])

    assert aggregate.summary(MetricRule(summary=("min",))) == "b"
    assert aggregate.summary(MetricRule(summary=("min", "first"))) == {"first": "a"}


def test_a_name_wins_over_patterns_and_a_longer_pattern_over_a_shorter_one() -> None:
    rules = MetricRules({"*": {"step_metric": "step"}, "val/*": {"hidden": True}, "val/acc": {}})

    def found(key: str) -> tuple[str | None, bool]:
        rule = rules.find(key)
        assert rule is not None
        return rule.step_metric, rule.hidden

    assert found("loss") == ("step", False)
    assert found("val/loss") == (None, True)
    assert found("val/acc") == (None, False)
    assert found("step") == (None, False), "a key is not drawn over itself"


def test_later_definitions_add_to_earlier_ones_unless_they_overwrite() -> None:
    rules = MetricRules()
    rules.define("a", {"step_metric": "epoch", "step_sync": None, "summary": ["min"]})

    added = rules.define("a", {"step_metric": None, "summary": [], "goal": "maximize"})
    begun_anew = rules.define("a", {"hidden": True}, overwrite=True)

    assert added == MetricRule("epoch", True, False, ("min",), "maximize")
    assert begun_anew == MetricRule(hidden=True)
    assert rules.find("a") == begun_anew


@pytest.mark.parametrize(
    ("summary", "operations", "leaves_out", "replaces_last"),
    [
        ((), (), False, False),
        (("copy",), (), False, False),
        (("min", "copy"), ("min",), False, True),
        (("min", "none"), (), True, True),
    ],
)
def test_copy_is_the_plain_value_and_none_leaves_the_key_out(
    summary: tuple[str, ...], operations: tuple[str, ...], leaves_out: bool, replaces_last: bool
) -> None:
    rule = MetricRule(summary=summary)

    assert (rule.operations, rule.leaves_out, rule.replaces_last) == (
        operations,
        leaves_out,
        replaces_last,
    )
