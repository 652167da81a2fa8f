"""`run.summary`: one value per key. Follows the committed rows; what is set by hand stays until
the key is logged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import RLock
from typing import Any

from runwake.errors import ArgumentTypeError
from runwake.model.keys import KeyPath, flat_name
from runwake.sdk.metrics import Definitions
from runwake.sdk.row_sums import put
from runwake.sdk.values import WarnOnce, clean_text, python_plain, python_value
from runwake.wire.records import SummaryUpdate

Emit = Callable[[SummaryUpdate], None]


class SummaryStore:
    """The values behind all views of one run's summary. Safe from any thread."""

    def __init__(self, emit: Emit, warn: WarnOnce, definitions: Definitions) -> None:
        self.root: dict[str, Any] = {}
        self.lock = RLock()
        self._definitions = definitions
        self._emit = emit
        self._warn = warn
        self._rows: dict[KeyPath, Any] = {}
        self.add_row: Callable[[Mapping[Any, Any]], None] = self._rows.update
        """Takes the values of a committed row. Cheap: they are folded in when somebody looks."""

    def after_fork(self) -> None:
        """Forget a lock that another thread of the parent may hold; called in a forked child."""
        self.lock = RLock()

    def fold(self) -> None:
        """Bring the rows' values to where they are looked up."""
        with self.lock:
            # Item by item, as another thread may be adding a row; popitem gives the last first.
            rows: list[tuple[KeyPath, Any]] = []
            while self._rows:
                rows.append(self._rows.popitem())
            replaces_last = self._definitions.rules.replaces_last
            for path, value in reversed(rows):
                if value is not None and not replaces_last(flat_name(path)):
                    put(self.root, path, python_value(value))
            for path, value in self._definitions.sums.take().items():
                put(self.root, path, value)

    def set(self, path: tuple[str, ...], value: Any) -> None:
        """Set a value by hand and record it."""
        try:
            plain = python_plain(value, self._warn)
        except Exception as error:  # noqa: BLE001 - part of the log border
            kind = type(value).__name__
            self._warn(f"summary-{kind}", f"a summary value of type {kind} is left out: {error}")
            return
        with self.lock:
            self.fold()
            put(self.root, path, plain)
            self._emit(SummaryUpdate(set=[(list(path), plain)]))

    def delete(self, path: tuple[str, ...]) -> None:
        """Delete a key and record it.

        Raises:
            KeyError: there is no such key.
        """
        with self.lock:
            self.fold()
            holder = _find(self.root, path[:-1])
            del holder[path[-1]]
            self._emit(SummaryUpdate(delete=[list(path)]))


class Summary:
    """A view of the summary, or of a nested part of it, as a mapping and as attributes."""

    __slots__ = ("_path", "_store")

    def __init__(self, store: SummaryStore, path: tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "_store", store)
        object.__setattr__(self, "_path", path)

    def update(self, values: Any = None, **entries: Any) -> None:
        """Set several keys by hand."""
        if isinstance(values, Summary):
            values = values.as_dict()
        if values is not None and not isinstance(values, Mapping):
            raise ArgumentTypeError(
                f"summary.update takes a dict, got {values!r} ({type(values).__name__})"
            )
        for key, value in {**(values or {}), **entries}.items():
            self[key] = value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, `default` if there is none."""
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self) -> list[str]:
        """Return the keys."""
        return list(self._values())

    def values(self) -> list[Any]:
        """Return the values."""
        return [self[key] for key in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """Return pairs of key and value."""
        return [(key, self[key]) for key in self.keys()]

    def as_dict(self) -> dict[str, Any]:
        """Return a deep copy in plain types."""
        return _copy(self._values())

    def __getitem__(self, key: str) -> Any:
        value = self._values()[key]
        if isinstance(value, dict) and not isinstance(value.get("_type"), str):
            return Summary(self._store, (*self._path, key))
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise ArgumentTypeError(
                f"summary keys must be strings, got {key!r} ({type(key).__name__})"
            )
        if type(value) is Summary:  # isinstance would run code of a value that stands in for others
            value = value.as_dict()
        self._store.set((*self._path, clean_text(key)), value)

    def __delitem__(self, key: str) -> None:
        self._store.delete((*self._path, key))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"summary has no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __contains__(self, key: object) -> bool:
        return key in self._values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._values())

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Summary):
            other = other.as_dict()
        return self.as_dict() == other

    __hash__ = None  # type: ignore[assignment]  # mutable, as a dict is

    def __repr__(self) -> str:
        return f"Summary({self.as_dict()!r})"

    def _values(self) -> dict[str, Any]:
        self._store.fold()
        return _find(self._store.root, self._path)


def _find(root: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for segment in path:
        root = root[segment]
    return root


def _copy(values: dict[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, dict) else v for k, v in values.items()}
