"""Making the modules of the stand-in `wandb` from the table in `surface.py`.

All of them are in `sys.modules` once `wandb` is imported, each with a spec, so that `import`,
`find_spec` and `hasattr` see what they expect. Their names are looked up at first use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from runwake.dropin.surface import MODULES, VERSION
from runwake.sdk.absent import absent_call, absent_class
from runwake.sdk.session import bind_module


def fill_package(name: str) -> None:
    """Give the package `wandb`, which is being imported, its names and submodules. Idempotent."""
    package = sys.modules[name]
    package.__dict__.update(
        __version__=VERSION,
        __all__=[public for public in MODULES[name] if not public.startswith("_")],
        __getattr__=_lookup(name, MODULES[name]),
        __dir__=lambda: sorted({*package.__dict__, *MODULES[name]}),
        patched={"tensorboard": [], "keras": [], "gym": []},
    )
    for child in sorted(MODULES.keys() - {name}):
        _add_module(child)
    bind_module(name)


def _add_module(name: str) -> None:
    if name in sys.modules:
        return
    module = ModuleType(name, f"Part of the stand-in for wandb: see {__name__}.")
    is_package = any(other.startswith(f"{name}.") for other in MODULES)
    module.__spec__ = ModuleSpec(name, None, is_package=is_package)
    module.__package__ = name if is_package else name.rpartition(".")[0]
    if is_package:
        module.__path__ = []
    module.__dict__.update(
        __all__=list(MODULES[name]),
        __getattr__=_lookup(name, MODULES[name]),
        __dir__=lambda: sorted({*module.__dict__, *MODULES[name]}),
    )
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    setattr(sys.modules[parent], last, module)


def _lookup(module: str, names: dict[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module. What it found stays in the module."""

    def find(name: str) -> Any:
        home = names.get(name)
        if home is None:
            raise AttributeError(
                f"module {module!r} has no attribute {name!r} (Runwake stands for wandb here)"
            )
        value = _resolve(home)
        if home not in _CHANGING:
            setattr(sys.modules[module], name, value)
        return value

    return find


_CHANGING = frozenset(f"runwake:{name}" for name in ("run", "config", "summary", "log"))
"""Homes of names that `init` binds anew."""


def _resolve(home: str) -> Any:
    module, _, attribute = home.partition(":")
    if module == "absent class":
        return absent_class(f"wandb.{attribute}")
    if module == "absent call":
        return absent_call(f"wandb.{attribute}")
    return getattr(import_module(module), attribute)
