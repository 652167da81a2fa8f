from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwake.errors import ArgumentTypeError
from runwake.sdk.values import flatten, histogram, plain, python_plain


class Warnings(list[str]):
    def __call__(self, kind: str, line: str) -> None:
        self.append(line)


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Point:
    x: int
    y: tuple[float, ...]


class Opaque:
    def __repr__(self) -> str:
        return "opaque " * 1000


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


class FakeTensor:
    """What torch offers, as far as values look at it."""

    def __init__(self, values: Any) -> None:
        self._array = np.asarray(values)
        self.shape = self._array.shape
        self.dtype = "torch.bfloat16"

    def detach(self) -> FakeTensor:
        return self

    cpu = detach

    def item(self) -> Any:
        return self._array.item()

    def tolist(self) -> Any:
        return self._array.tolist()

    def float(self) -> Any:
        return self._array.astype("f4")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (True, True),
        (None, None),
        ("text", "text"),
        ("\ud800", "?"),
        (2**63 - 1, 2**63 - 1),
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (2**70, float(2**70)),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (np.float16(0.5), 0.5),
        (np.float32(0.25), 0.25),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.longdouble(0.5), 0.5),
        (np.array([[[7.0]]]), 7.0),
        (np.array(3), 3),
        (np.array([1, 2]), [1, 2]),
        (np.array([]), []),
        (np.array(["a", "b"]), ["a", "b"]),
        (FakeTensor(0.5), 0.5),
        (FakeTensor([1.0, 2.0]), [1.0, 2.0]),
        ((1, {2}, b"by"), [1, [2], "by"]),
        ({"a": {1: np.float32(2)}}, {"a": {"1": 2.0}}),
        (Color.RED, "RED"),
        (Level.HIGH, "HIGH"),
        (Point(1, (2.0,)), {"x": 1, "y": [2.0]}),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02T00:00:00+00:00"),
        (Decimal("1.10"), "1.10"),
        (1 + 2j, "(1+2j)"),
        (Path("a/b"), "a/b"),
        (len, "builtins.len"),
        (Point, f"{Point.__module__}.Point"),
    ],
)
def test_a_value_becomes_plain(value: Any, expected: Any) -> None:
    got = python_plain(value, Warnings())

    assert got == expected
    assert type(got) is type(expected)


def test_nan_stays_nan() -> None:
    assert math.isnan(plain(math.nan, Warnings()))
    assert math.isnan(python_plain(np.float32("nan"), Warnings()))


@pytest.mark.parametrize("make", [np.asarray, FakeTensor])
def test_a_large_array_becomes_a_histogram_of_its_finite_elements(make: Any) -> None:
    values = [*range(100), math.nan, math.inf]

    got = plain(make(values), Warnings())

    assert got["_type"] == "histogram"
    assert len(got["bins"]) == 33
    assert (got["bins"][0], got["bins"][-1]) == (0.0, 99.0)
    assert len(got["values"]) == 32
    assert sum(got["values"]) == 100


def test_32_elements_are_a_list_and_33_a_histogram() -> None:
    assert plain(np.arange(32), Warnings()) == list(range(32))
    assert plain(np.arange(33), Warnings())["_type"] == "histogram"


def test_a_histogram_of_nothing_finite_is_empty() -> None:
    got = histogram(np.full(50, np.nan))

    assert sum(got["values"]) == 0
    assert len(got["bins"]) == 33


def test_an_unknown_object_becomes_bounded_text_with_a_warning() -> None:
    warnings = Warnings()

    got = plain(Opaque(), warnings)

    assert got.startswith("opaque")
    assert len(got) <= 1001
    assert "Opaque" in warnings[0]
    assert plain(Broken(), warnings) == "<Broken>"


def test_a_structure_that_holds_itself_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)

    assert isinstance(plain(loop, Warnings()), list)


def test_nested_dicts_are_taken_apart_into_key_paths() -> None:
    data = {"a": {"b": {2: 1}, "empty": {}}, "c.d": 2, "hist": {"_type": "histogram"}}

    assert flatten(data, Warnings()) == {
        ("a", "b", "2"): 1,
        "c.d": 2,
        "hist": {"_type": "histogram"},
    }


def test_reserved_and_empty_names_are_left_out_with_a_warning() -> None:
    warnings = Warnings()

    assert flatten({"_step": 3, "": 1, "x": 2, "_private": 4}, warnings) == {
        "x": 2,
        "_private": 4,
    }
    assert len(warnings) == 2


def test_a_top_level_key_that_is_no_string_is_an_error() -> None:
    with pytest.raises(ArgumentTypeError, match=r"keys must be strings, got 1 \(int\)"):
        flatten({1: 2}, Warnings())  # type: ignore[dict-item]


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters()),
        st.binary(),
        st.complex_numbers(),
        st.dates(),
        st.builds(Opaque),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(ANYTHING)
def test_whatever_comes_can_be_carried_by_the_run_log(value: Any) -> None:
    from runwake.wire.rows import RowEncoder

    row = RowEncoder().encode(("k",), (plain(value, Warnings()),), 0, 0.0, False)

    assert row


def test_a_structure_that_holds_itself_more_than_once_ends_soon() -> None:
    loop: dict[str, Any] = {"n": 1}
    loop["left"] = loop["right"] = [loop, loop]
    nested: dict[str, Any] = {"n": 1}
    nested["left"] = nested["right"] = nested

    assert plain(loop, Warnings())["n"] == 1
    assert flatten({"a": nested}, Warnings())["a", "n"] == 1


class Unbound:
    """Stands in for an object that is not there, as proxies of web frameworks do."""

    @property  # type: ignore[misc]  # what a proxy does, no type says
    def __class__(self) -> Any:
        raise RuntimeError("there is no object")

    def __str__(self) -> str:
        raise RuntimeError("there is no object")


class Unreadable(dict[str, Any]):
    def items(self) -> Any:
        raise OSError("gone")


def test_what_cannot_be_looked_into_is_one_value() -> None:
    unbound, unreadable = Unbound(), Unreadable(a=1)

    flat = flatten({"a": unbound, "b": {unbound: 1, "c": unreadable}}, Warnings())

    assert flat == {"a": unbound, ("b", "<Unbound>"): 1, ("b", "c"): unreadable}


def test_numbers_of_numpy_in_a_dataclass_can_be_carried() -> None:
    @dataclass
    class Point:
        x: Any

    got = plain(Point(np.float32(0.5)), Warnings())

    assert got == {"x": 0.5}
    assert type(got["x"]) is float
