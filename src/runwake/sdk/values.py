"""Bringing logged values into plain Python types that the run log can carry.

Foreign libraries are never imported for it: arrays and tensors are known by what they offer
(`shape`, `dtype`, `item`, `tolist`). A value that nothing here knows becomes its `repr`, with one
warning per type; no value ever stops a training loop.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Number
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from runwake.errors import ArgumentTypeError
from runwake.model.keys import RESERVED_KEYS, KeyPath

MAX_LIST_SIZE: Final = 32
"""Arrays of up to so many elements are kept as lists, larger ones as histograms."""
HISTOGRAM_BINS: Final = 32
_MAX_DEPTH: Final = 32
_MAX_REPR: Final = 1000
_INT_MIN: Final = -(2**63)
_UINT_END: Final = 2**64

WarnOnce = Callable[[str, str], None]
_Entries = list[tuple[Any, Any]]
_Above = tuple[int, ...]
_AS_TEXT: Final = (Number, Decimal, PurePath, UUID, timedelta)


def flatten(data: Mapping[str, Any], warn: WarnOnce) -> dict[KeyPath, Any]:
    """Return the values of a `log` call by key path, nested dicts taken apart.

    Values are left as they are. Keys below the top level become strings.

    Raises:
        ArgumentTypeError: a top-level key is no string.
    """
    flat: dict[KeyPath, Any] = {}
    for key, value in data.items():
        if not isinstance(key, str):
            raise ArgumentTypeError(
                f"log: keys must be strings, got {key!r} ({type(key).__name__})"
            )
        if key in RESERVED_KEYS:
            warn(
                f"reserved-{key}",
                f"log: the key {key!r} is kept by Runwake itself and left out (use step= to set "
                "the step)",
            )
        elif not key:
            warn("empty-key", "log: the key '' is left out: a metric needs a name")
        elif (entries := _entries(value)) is not None:
            _flatten_into(flat, (clean_text(key),), entries, (id(value),))
        else:
            flat[clean_text(key)] = value
    return flat


def _flatten_into(
    flat: dict[KeyPath, Any], path: tuple[str, ...], entries: _Entries, above: _Above
) -> None:
    for key, value in entries:
        below = (*path, _text(key))
        inner = _entries(value)
        if inner is None or len(above) >= _MAX_DEPTH or id(value) in above:
            flat[below] = value
        else:
            _flatten_into(flat, below, inner, (*above, id(value)))


def _entries(value: Any) -> _Entries | None:
    """Return what a nested dict holds, None if the value is none or cannot be read.

    A dict with a `_type` stands for one value, such as a histogram, and is not taken apart.
    """
    try:
        if not isinstance(value, Mapping) or isinstance(value.get("_type"), str):
            return None
        return list(value.items())
    except Exception:  # noqa: BLE001 - any code of the user's may be behind it; part of the log border
        return None


def _text(key: Any) -> str:
    """Return a key below the top level as a string."""
    return clean_text(key) if type(key) is str else bounded_text(key, str)


def plain(value: Any, warn: WarnOnce, above: _Above = ()) -> Any:
    """Return the value in plain types: None, bool, int of 64 bits, float, str, list, dict.

    Registered scalars of numpy stay as they are: the run log packs them without a conversion.
    What holds itself, or lies too deep, becomes its `repr`. `above` are the ids of the values that
    hold this one.
    """
    kind = type(value)
    if value is None or kind is float or kind is bool:
        return value
    if kind is int:
        return plain_int(value)
    if kind is str:
        return clean_text(value)
    if len(above) > _MAX_DEPTH or id(value) in above:
        return bounded_repr(value)
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {_text(k): python_plain(v, warn, above) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [python_plain(item, warn, above) for item in value]
    if getattr(value, "shape", None) is not None and hasattr(value, "dtype"):
        return _plain_array(value, warn, above)
    return _plain_object(value, warn, above)


def plain_int(value: int) -> int | float:
    """Return an int exactly if it has 64 bits, signed or not; else the nearest float."""
    if _INT_MIN <= value < _UINT_END:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def python_plain(value: Any, warn: WarnOnce, above: _Above = ()) -> Any:
    """Return the value as `plain` does, and scalars of numpy as their Python counterparts."""
    return python_value(plain(value, warn, above))


def python_value(value: Any) -> Any:
    """Return a scalar of numpy as its Python counterpart, all else as it is."""
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        return value.item()
    return value


def clean_text(text: str) -> str:
    """Return a plain `str` without lone surrogates, which UTF-8 cannot carry."""
    if text.isascii():
        return str(text)
    return str(text).encode("utf-8", "replace").decode("utf-8")


def bounded_repr(value: Any) -> str:
    """Return `repr`, or the type's name where that fails, cut at a fixed length."""
    return bounded_text(value, repr)


def bounded_text(value: Any, to_text: Callable[[Any], str]) -> str:
    """Return the text of a value, or its type's name where that fails, cut at a fixed length."""
    try:
        text = to_text(value)
    except Exception:  # noqa: BLE001 - a user's own code may raise anything; part of the log border
        text = f"<{type(value).__name__}>"
    return clean_text(text if len(text) <= _MAX_REPR else text[:_MAX_REPR] + "…")


def _plain_object(value: Any, warn: WarnOnce, above: _Above) -> Any:
    """Values of the standard library and of the user's own classes."""
    if isinstance(value, Enum):
        return clean_text(value.name)
    if isinstance(value, (bool, int, float, str)):  # a subclass
        for base in (bool, int, float, str):
            if isinstance(value, base):
                return plain(base(value), warn, above)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, _AS_TEXT):
        return clean_text(str(value))
    if isinstance(value, Sequence):  # a list of OmegaConf's, for one
        return [python_plain(item, warn, above) for item in value]
    fields = None if isinstance(value, type) else model_fields(value)
    if fields is not None:
        return {name: python_plain(field, warn, above) for name, field in fields.items()}
    if hasattr(value, "__qualname__"):  # a class or function
        return clean_text(f"{value.__module__}.{value.__qualname__}")
    return _plain_unknown(value, warn)


def model_fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of a dataclass instance or a pydantic model by name, None for all else.

    Values are left as they are: nested models are taken apart by `plain`. Nothing is serialised,
    so that a model's own serialisers cannot fail here.
    """
    kind = type(value)
    declared = getattr(kind, "__dataclass_fields__", None)
    if declared is None and hasattr(kind, "model_dump"):  # pydantic 2
        declared = getattr(kind, "model_fields", None)
    if declared is None and hasattr(kind, "parse_obj"):  # pydantic 1
        declared = getattr(kind, "__fields__", None)
    if not isinstance(declared, Mapping):
        return None
    extra = getattr(value, "__pydantic_extra__", None) or {}
    return {**{name: getattr(value, name, None) for name in declared}, **extra}


def _plain_unknown(value: Any, warn: WarnOnce) -> Any:
    kind = type(value)
    if hasattr(kind, "__float__"):
        return float(value)
    warn(
        f"value-{kind.__module__}.{kind.__qualname__}",
        f"values of type {kind.__module__}.{kind.__qualname__} cannot be stored as such: their "
        "text (repr) is kept",
    )
    return bounded_repr(value)


def _plain_array(value: Any, warn: WarnOnce, above: _Above) -> Any:
    """Arrays, tensors and their scalars."""
    if type(value).__module__ == "numpy" and value.shape == () and _register_numpy(type(value)):
        return value
    if hasattr(value, "detach"):  # torch: off the graph, off the accelerator
        value = value.detach().cpu()
    size = math.prod(value.shape)
    if size == 1:
        item = value.item()
        # A long double has no Python counterpart of its own precision.
        return float(item) if hasattr(item, "shape") else plain(item, warn, above)
    if size <= MAX_LIST_SIZE:
        return plain(value.tolist(), warn, above)
    return histogram(value)


def _register_numpy(kind: type) -> bool:
    """Let scalars of this numpy type be packed as they are; whether that is possible."""
    dtype = getattr(sys.modules.get("numpy"), "dtype", None)
    if dtype is None:
        return False
    described = dtype(kind)
    code = {"f": "d", "i": "q", "u": "Q" if described.itemsize == 8 else "q", "b": "?"}.get(
        described.kind
    )
    if code is None or described.itemsize > 8:
        return False
    from runwake.wire.rows import register_scalar_type  # this module loads without msgspec

    register_scalar_type(kind, code)
    return True


def histogram(value: Any) -> dict[str, Any]:
    """Return 32 equal bins over the finite elements of a large array.

    Args:
        value: an array or tensor of numbers, of any shape.

    Returns:
        `bins`: 33 edges; `values`: 32 counts.

    Raises:
        ValueError, TypeError: the elements are no numbers.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        edges, counts = _count_bins([float(number) for number in _elements(value.tolist())])
    else:
        array = numpy.asarray(value.float() if hasattr(value, "float") else value, dtype="f8")
        found, bounds = numpy.histogram(array[numpy.isfinite(array)], bins=HISTOGRAM_BINS)
        edges, counts = bounds.tolist(), found.tolist()
    return {"_type": "histogram", "bins": edges, "values": counts}


def _elements(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _elements(item)
    else:
        yield value


def _count_bins(numbers: list[float]) -> tuple[list[float], list[int]]:
    finite = [number for number in numbers if math.isfinite(number)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / HISTOGRAM_BINS
    counts = [0] * HISTOGRAM_BINS
    for number in finite:
        counts[min(int((number - low) / width), HISTOGRAM_BINS - 1)] += 1
    return [low + width * i for i in range(HISTOGRAM_BINS)] + [high], counts
