"""`wandb.util`, as far as libraries are known to call it."""

from __future__ import annotations

import json
import secrets
import string
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from runwake.errors import UsageError
from runwake.sdk.values import python_plain

_ID_CHARACTERS: Final = string.ascii_lowercase + string.digits


def generate_id(length: int = 8) -> str:
    """Return a random id of lower-case letters and digits."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(length))


def json_dumps_safer(obj: Any, **options: Any) -> str:
    """Return JSON of any object; arrays, models and the like as `log` would keep them.

    Args:
        obj: anything.
        **options: for `json.dumps`; a `cls` or `default` is left out.
    """
    options = {name: value for name, value in options.items() if name not in ("cls", "default")}
    return json.dumps(python_plain(obj, lambda kind, line: None), **options)


def get_module(
    name: str, required: str | bool | None = None, lazy: bool = True
) -> ModuleType | None:
    """Import a module if it is there.

    Args:
        name: the module.
        required: what to say if it is missing.
        lazy: accepted for compatibility.

    Raises:
        UsageError: it is missing and required.
    """
    del lazy
    try:
        return import_module(name)
    except ImportError:
        if required:
            message = required if isinstance(required, str) else f"{name} is not installed"
            raise UsageError(message) from None
        return None
