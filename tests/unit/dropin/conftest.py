"""The stand-in imported into the test's own process, and taken out again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import runwake
from runwake.dropin.installing import SITE


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The module `wandb`, in a folder of the test's own and with runs kept offline."""
    for name in list(os.environ):  # noqa: TID251 - to leave the machine's settings out
        if name.startswith(("RUNWAKE_", "WANDB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RUNWAKE_MODE", "offline")
    monkeypatch.setenv("RUNWAKE_FOLDER", "wandb")
    monkeypatch.setenv("RUNWAKE_CONSOLE", "off")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(SITE)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    yield import_module("wandb")
    runwake.finish()
    for name in [name for name in sys.modules if name.partition(".")[0] == "wandb"]:
        del sys.modules[name]
