"""`run.config`: the run's inputs. A key that is set keeps its value unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from runwake.errors import ArgumentTypeError, ConfigError, UsageError
from runwake.sdk.values import WarnOnce, clean_text, model_fields, python_plain
from runwake.wire.records import ConfigUpdate

Emit = Callable[[ConfigUpdate], None]


class Config:
    """Nested values by key, readable as items and as attributes. Each change is recorded.

    Args:
        values: the initial config, in plain types.
        emit: called with each change.
        warn: told once per type of value that has no plain form.
        allow_val_change: let keys change without being asked.
    """

    # No __slots__: transformers reads vars(config)["_items"].

    def __init__(
        self, values: dict[str, Any], emit: Emit, warn: WarnOnce, *, allow_val_change: bool = False
    ) -> None:
        object.__setattr__(self, "_items", values)
        object.__setattr__(self, "_emit", emit)
        object.__setattr__(self, "_warn", warn)
        object.__setattr__(self, "_allow", allow_val_change)

    def update(
        self, values: Any = None, allow_val_change: bool | None = None, **entries: Any
    ) -> None:
        """Set several keys.

        Args:
            values: a dict, an argparse namespace, a dataclass, a pydantic model, absl flags, or
                the path of a JSON or YAML file.
            allow_val_change: whether keys that are set already may get another value.
            **entries: further keys.

        Raises:
            ConfigError: a key is set to another value; nothing was changed.
            UsageError: `values` is none of what is allowed.
        """
        changes = config_values(values, self._warn)
        changes.update(config_values(entries, self._warn))
        allowed = self._allow if allow_val_change is None else allow_val_change
        if not allowed:
            for key, value in changes.items():
                self._check_change(key, value)
        self._items.update(changes)
        if changes:
            self._emit(ConfigUpdate(set=changes))

    def setdefaults(self, values: Any) -> None:
        """Set the keys of `values` that are not set yet."""
        changes = config_values(values, self._warn)
        self.update({key: value for key, value in changes.items() if key not in self._items})

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, `default` if it is not set."""
        return self._items.get(key, default)

    def keys(self) -> list[str]:
        """Return the keys in order of setting."""
        return list(self._items)

    def values(self) -> list[Any]:
        """Return the values in order of setting."""
        return list(self._items.values())

    def items(self) -> list[tuple[str, Any]]:
        """Return pairs of key and value in order of setting."""
        return list(self._items.items())

    def as_dict(self) -> dict[str, Any]:
        """Return a copy of the top level."""
        return dict(self._items)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        del self._items[key]
        self._emit(ConfigUpdate(delete=[key]))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._items[name]
        except KeyError:
            raise AttributeError(
                f"config has no key {name!r}; it has: {', '.join(self._items) or 'none'}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delattr__(self, name: str) -> None:
        if name not in self._items:
            raise AttributeError(f"config has no key {name!r}")
        del self[name]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Config({self._items!r})"

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError("config cannot be pickled or copied: use dict(run.config)")

    def _check_change(self, key: str, value: Any) -> None:
        if key in self._items and not _same(self._items[key], value):
            raise ConfigError(
                f"config key {key!r} is set to {self._items[key]!r} and may not become {value!r}; "
                "use config.update({...}, allow_val_change=True) if that is meant"
            )


def config_values(source: Any, warn: WarnOnce) -> dict[str, Any]:
    """Return what a config argument holds, in plain types.

    Args:
        source: None, a dict, absl flags, a pydantic model, a dataclass, any other object with
            attributes (argparse namespace), or the path of a JSON or YAML file.
        warn: told once per type of value that has no plain form.

    Raises:
        UsageError: the source is none of these.
    """
    if source is None:
        return {}
    if isinstance(source, (str, Path)):
        source = _read_file(Path(source))
    if isinstance(source, Config):
        source = source.as_dict()
    if hasattr(source, "flag_values_dict"):  # absl.flags.FLAGS
        source = source.flag_values_dict()
    if not isinstance(source, Mapping):
        source = _fields(source)
    return {clean_text(str(key)): _plain(value, warn) for key, value in source.items()}


def _fields(source: Any) -> Mapping[Any, Any]:
    """Return the fields of an object by name; methods are looked up on its class."""
    if not isinstance(source, type):
        fields = model_fields(source)
        if fields is not None:
            return fields
        if hasattr(source, "__dict__"):
            return dict(vars(source))
    raise ArgumentTypeError(
        "config must be a dict, an object with attributes (argparse namespace, dataclass, pydantic "
        f"model) or the path of a JSON or YAML file, got {source!r} ({type(source).__name__})"
    )


def _plain(value: Any, warn: WarnOnce) -> Any:
    try:
        return python_plain(value, warn)
    except Exception as error:  # noqa: BLE001 - part of the log border
        kind = type(value).__name__
        warn(f"config-{kind}", f"a config value of type {kind} is left out: {error}")
        return None


def _same(old: Any, new: Any) -> bool:
    return bool(old == new) or (old != old and new != new)  # NaN stays NaN  # noqa: PLR0124


def _read_file(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"config={str(path)!r} cannot be read: {problem}") from None
    try:
        import json

        content = json.loads(text) if path.suffix == ".json" else _load_yaml(path, text)
    except ValueError as error:
        raise UsageError(f"config={str(path)!r} is not valid: {error}") from None
    if not isinstance(content, dict):
        raise UsageError(f"config={str(path)!r} must hold a mapping of keys to values")
    if content and all(isinstance(v, dict) and "value" in v for v in content.values()):
        return {key: entry["value"] for key, entry in content.items()}
    return content


def _load_yaml(path: Path, text: str) -> Any:
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise UsageError(
            f"config={str(path)!r}: reading YAML needs `pip install pyyaml`; JSON needs nothing"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
