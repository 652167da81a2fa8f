"""The package offers the names that it says it offers."""

from __future__ import annotations

import subprocess
import sys

import runwake

MACHINERY = {"annotations", "TYPE_CHECKING", "import_module"}
"""What the lazy loading in `runwake/__init__.py` needs at module level."""
HEAVY = ("numpy", "pandas", "torch", "PIL", "pydantic", "sqlalchemy", "fastapi", "click", "urllib3")


def test_all_names_the_public_names_and_no_other() -> None:
    public = {name for name in dir(runwake) if not name.startswith("_")}
    submodules = {
        name.partition(".")[2]
        for name in sys.modules
        if name.startswith("runwake.") and name.count(".") == 1
    }

    assert set(runwake.__all__) - {"__version__"} == public - submodules - MACHINERY


def test_every_public_name_can_be_had() -> None:
    assert [name for name in runwake.__all__ if not hasattr(runwake, name)] == []


def test_the_import_is_light() -> None:
    code = "import sys, runwake; print(len(sys.modules), *sys.modules)"
    ended = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    count, *names = ended.stdout.split()

    assert int(count) <= 250
    assert [name for name in names if name in HEAVY] == []
