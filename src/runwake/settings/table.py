"""Settings as a table: one line each, from which parsing, `--help` and the docs page are made.

A side (client, server) declares a tuple of `Setting`; `resolve` turns it into plain values. The
strongest source wins: explicit argument, environment, default. A bad value in the environment is
reported and ignored, never raised: a stale variable must not stop a training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from runwake.errors import UsageError

_TRUE: Final = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE: Final = frozenset({"0", "false", "no", "off", "n", "f"})


class Setting(NamedTuple):
    """One setting of one side.

    Attributes:
        name: keyword in Python, and with dashes the option on the command line.
        parse: turns text or a Python value into the setting's value; raises ValueError.
        default: used where no source names another.
        help: one sentence for `--help` and the docs.
        env: names of environment variables, the first that is set counts.
        metavar: what to show for the value in help.
    """

    name: str
    parse: Callable[[Any], Any]
    default: Any
    help: str
    env: tuple[str, ...] = ()
    metavar: str = "TEXT"


class Resolved(NamedTuple):
    """Values by name, and what was wrong in the environment (one line each)."""

    values: Mapping[str, Any]
    warnings: tuple[str, ...]


def resolve(
    table: Iterable[Setting], explicit: Mapping[str, Any], environment: Mapping[str, str]
) -> Resolved:
    """Return the value of each setting in the table.

    Args:
        table: the side's settings.
        explicit: values that the caller named; None counts as not named.
        environment: as of `runwake.settings.sources.environment()`.

    Raises:
        UsageError: an explicit value is not allowed (a bad environment value only warns).
    """
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for setting in table:
        values[setting.name] = setting.default
        for variable in setting.env:
            text = environment.get(variable, "")
            if not text:
                continue
            try:
                values[setting.name] = setting.parse(text)
            except ValueError as error:
                warnings.append(f"{variable}={text!r} is ignored: {error}")
            break
        given = explicit.get(setting.name)
        if given is not None:
            try:
                values[setting.name] = setting.parse(given)
            except UsageError:  # says all that is to say already
                raise
            except ValueError as error:
                raise UsageError(f"{setting.name}={given!r}: {error}") from None
    return Resolved(values, tuple(warnings))


def text(value: Any) -> str:
    """Accept any non-empty string."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected a non-empty string")
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    """Return a parser that accepts the given words."""

    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return str(value)

    return parse


def boolean(value: Any) -> bool:
    """Accept bools and the usual words for them."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("expected true or false")


def seconds(value: Any) -> float:
    """Accept a number of seconds, zero or more."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError("expected a number of seconds, 0 or more")
    return number


def port(value: Any) -> int:
    """Accept a TCP port; 0 lets the system choose."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= 65535:
        raise ValueError("expected a port between 0 and 65535")
    return number
