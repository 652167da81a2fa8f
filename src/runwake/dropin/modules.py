"""Making the modules of the stand-in `wandb` from the table in `surface.py`.

A submodule comes into being when it is first imported or asked for as an attribute, and a name is
looked up when it is first used: `import wandb` costs next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from runwake.dropin.surface import MODULES, VERSION
from runwake.sdk.absent import absent_call, absent_class
from runwake.sdk.session import bind_module

_PACKAGE: Final = "wandb"
_CHANGING: Final = frozenset(f"runwake:{name}" for name in ("run", "config", "summary", "log"))
"""Homes of names that `init` binds anew: never kept in a module."""


class _SubmoduleFinder(MetaPathFinder, Loader):
    """Finds and makes the submodules; the package itself is a file in `site`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a submodule of the stand-in, None for all other names."""
        if fullname == _PACKAGE or fullname not in MODULES:
            return None
        is_package = any(name.startswith(f"{fullname}.") for name in MODULES)
        return ModuleSpec(fullname, self, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Give a new submodule its names."""
        _fill(module)


def fill_package(name: str) -> None:
    """Give the package `wandb`, which is being imported, its names. Idempotent."""
    package = sys.modules[name]
    if not any(isinstance(finder, _SubmoduleFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SubmoduleFinder())
    _fill(package)
    package.__dict__.update(
        __version__=VERSION, patched={"tensorboard": [], "keras": [], "gym": []}
    )
    bind_module(name)


def _fill(module: ModuleType) -> None:
    names = MODULES[module.__name__]
    module.__dict__.update(
        __all__=[name for name in names if not name.startswith("_")],
        __getattr__=_lookup(module),
        __dir__=lambda: sorted({*module.__dict__, *names}),
    )


def _lookup(module: ModuleType) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module. What it finds stays in the module."""

    def find(name: str) -> Any:
        home = MODULES[module.__name__].get(name)
        if home is not None:
            value = _resolve(home)
            if home not in _CHANGING:
                setattr(module, name, value)
            return value
        submodule = f"{module.__name__}.{name}"
        if submodule in MODULES:
            return import_module(submodule)
        raise AttributeError(
            f"module {module.__name__!r} has no attribute {name!r} (Runwake stands for wandb here)"
        )

    return find


def _resolve(home: str) -> Any:
    module, _, attribute = home.partition(":")
    if module == "absent class":
        return absent_class(f"{_PACKAGE}.{attribute}")
    if module == "absent call":
        return absent_call(f"{_PACKAGE}.{attribute}")
    return getattr(import_module(module), attribute)
