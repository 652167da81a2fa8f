"""What `define_metric` says of a key, and how the summary sums the key's values up. Pure.

The SDK shows a run's summary while it trains, the server keeps it: both take the rules and the
sums from here, so that they never tell two stories. Neither numpy nor a store is known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any, Final, NamedTuple

AGGREGATES: Final = ("min", "max", "mean", "first", "last", "best")
"""Operations that make the summary of a key a dict with an entry for each of them."""
SUMMARY_OPERATIONS: Final = (*AGGREGATES, "copy", "none")
"""`copy` is the last value as it is, as without any operation; `none` leaves the key out."""
GOALS: Final = ("minimize", "maximize")

_NUMBERS: Final = frozenset({float, int, bool})


class MetricRule(NamedTuple):
    """All that is defined for a key."""

    step_metric: str | None = None
    step_sync: bool = False
    hidden: bool = False
    summary: tuple[str, ...] = ()
    goal: str | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """What the key's summary is a dict of; empty: the summary is the plain last value."""
        return () if self.leaves_out else tuple(op for op in self.summary if op in AGGREGATES)

    @property
    def leaves_out(self) -> bool:
        """Whether the summary has no such key."""
        return "none" in self.summary

    @property
    def replaces_last(self) -> bool:
        """Whether the summary holds anything but the plain last value."""
        return self.leaves_out or any(op in AGGREGATES for op in self.summary)


class MetricRules:
    """The definitions of one run. A name stands for itself before any pattern that ends in `*`.

    Of several patterns the longest counts, alone. Many threads may ask while one defines.
    """

    def __init__(self, definitions: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Take definitions by name, each with the fields that were given."""
        self.definitions = {name: dict(given) for name, given in (definitions or {}).items()}
        self._rules: dict[str, MetricRule] = {}
        self._patterns: list[str] = []
        self._found: dict[str, MetricRule | None] = {}
        self._refresh()

    def __bool__(self) -> bool:
        return bool(self.definitions)

    def define(self, name: str, given: Mapping[str, Any], *, overwrite: bool = False) -> MetricRule:
        """Add what is given (None: nothing) to a definition, or begin it anew with `overwrite`."""
        before = {} if overwrite else self.definitions.get(name, {})
        new = {field: value for field, value in given.items() if value not in (None, [], ())}
        self.definitions[name] = {**before, **new}
        self._refresh()
        return self._rules[name]

    def find(self, key: str) -> MetricRule | None:
        """Return the rule for a key by its flat name, None if nothing is defined for it."""
        found = self._found  # a definition that comes meanwhile has one of its own
        try:
            return found[key]
        except KeyError:
            rule = found[key] = self._look_up(key)
            return rule

    def replaces_last(self, key: str) -> bool:
        """Whether the key's summary is anything but the plain last value."""
        rule = self.find(key)
        return rule is not None and rule.replaces_last

    @property
    def replace_any(self) -> bool:
        """Whether `replaces_last` may hold for some key."""
        return any(rule.replaces_last for rule in self._rules.values())

    @property
    def rules(self) -> Mapping[str, MetricRule]:
        """The rule under each defined name."""
        return self._rules

    @property
    def step_metrics(self) -> frozenset[str]:
        """Keys that others are drawn over."""
        rules = self._rules.values()
        return frozenset(rule.step_metric for rule in rules if rule.step_metric is not None)

    def _look_up(self, key: str) -> MetricRule | None:
        rule = self._rules.get(key) if not key.endswith("*") else None
        if rule is None:
            pattern = next((p for p in self._patterns if key.startswith(p[:-1])), None)
            rule = self._rules[pattern] if pattern is not None else None
        if rule is not None and rule.step_metric == key:
            return rule._replace(step_metric=None)  # a key is not drawn over itself
        return rule

    def _refresh(self) -> None:
        self._rules = {name: _rule(given) for name, given in self.definitions.items()}
        patterns = [name for name in self.definitions if name.endswith("*")]
        self._patterns = sorted(patterns, key=len, reverse=True)
        self._found = {}


def _rule(given: Mapping[str, Any]) -> MetricRule:
    step_metric = given.get("step_metric")
    step_sync = given.get("step_sync")
    return MetricRule(
        step_metric,
        step_metric is not None if step_sync is None else bool(step_sync),
        bool(given.get("hidden")),
        tuple(given.get("summary") or ()),
        given.get("goal"),
    )


class Aggregate:
    """The values of one key so far, summed up. Adding them one by one or many at once is the same.

    Booleans, integers and floats are numbers. NaN counts as none of them for minimum, maximum
    and mean, unless there was nothing else. None is no value at all.
    """

    __slots__ = ("count", "first", "last", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.minimum: Any = None
        self.maximum: Any = None
        self.first: Any = None
        self.last: Any = None

    def add(self, values: Sequence[Any]) -> None:
        """Add values in the order in which they were logged."""
        numbers = values
        if not _NUMBERS.issuperset(map(type, values)):
            values = [value for value in values if value is not None]
            numbers = [value for value in values if type(value) in _NUMBERS]
        if not values:
            return
        if self.first is None:
            self.first = values[0]
        self.last = values[-1]
        if numbers:
            self._add_numbers(numbers)

    def _add_numbers(self, numbers: Sequence[float]) -> None:
        total = self.total
        for number in numbers:  # not sum(): its rounding depends on where a batch ends
            total += number
        if isnan(total):
            known = [number for number in numbers if not isnan(number)]
            if len(known) < len(numbers):
                return self._add_known(known)
        return self._add_to(total, numbers)

    def _add_known(self, numbers: Sequence[float]) -> None:
        """Add what is left without NaN."""
        if numbers:
            self._add_numbers(numbers)
        elif self.count == 0:
            self.minimum = self.maximum = nan

    def _add_to(self, total: float, numbers: Sequence[float]) -> None:
        lowest, highest = min(numbers), max(numbers)
        if self.count == 0 or lowest < self.minimum:
            self.minimum = lowest
        if self.count == 0 or highest > self.maximum:
            self.maximum = highest
        self.count += len(numbers)
        self.total = total

    def summary(self, rule: MetricRule) -> Any:
        """Return what the summary holds under a rule that has operations.

        A dict with an entry for each of them that there is something to tell of; for a key that
        never had a number and is not asked for `first` or `last`, its last value.
        """
        entries = {operation: self._one(operation, rule.goal) for operation in rule.operations}
        return {name: value for name, value in entries.items() if value is not None} or self.last

    def _one(self, operation: str, goal: str | None) -> Any:
        if operation == "mean":
            return self.total / self.count if self.count else self.minimum
        if operation == "max" or (operation == "best" and goal == "maximize"):
            return self.maximum
        if operation in ("min", "best"):
            return self.minimum
        return self.first if operation == "first" else self.last

    def state(self) -> dict[str, Any]:
        """Return all of it, for `from_state`."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Aggregate:
        """Return the aggregate of a state, whose infinities and NaN may have become strings."""
        aggregate = cls()
        for name in cls.__slots__:
            value = state.get(name, getattr(aggregate, name))
            is_number = name not in ("first", "last")
            setattr(aggregate, name, float(value) if is_number and type(value) is str else value)
        return aggregate
