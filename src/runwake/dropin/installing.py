"""Putting the stand-in before a real wandb: for this process, or for a command and its children."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runwake.errors import UsageError
from runwake.settings.sources import environment, set_variable

SITE: Final = Path(__file__).with_name("site")
BIN: Final = Path(__file__).with_name("bin")
_FOLDER: Final = "RUNWAKE_FOLDER"
_PYTHON: Final = "RUNWAKE_PYTHON"


def install_as_wandb() -> None:
    """Let `import wandb` lead to Runwake, in this process and its multiprocessing children.

    Call it before anything imports wandb. A second call does nothing. An installed wandb stays
    as it is and is not used.

    Raises:
        UsageError: another wandb is imported already.
    """
    loaded = sys.modules.get("wandb")
    if loaded is not None and not _is_stand_in(getattr(loaded, "__file__", None)):
        raise UsageError(
            f"wandb is imported already, from {getattr(loaded, '__file__', None)}: call "
            "install_as_wandb() before anything imports it"
        )
    # A path rather than a finder of our own: multiprocessing hands the path to spawned children.
    if str(SITE) not in sys.path:
        sys.path.insert(0, str(SITE))
    if not environment().get(_FOLDER):
        set_variable(_FOLDER, "wandb")


def stand_in_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python finds the stand-in, and shells the command `wandb`."""
    return {
        _FOLDER: "wandb",
        **outer,
        _PYTHON: sys.executable,
        "PATH": _put_first(BIN, outer.get("PATH", os.defpath)),
        "PYTHONPATH": _put_first(SITE, outer.get("PYTHONPATH", "")),
    }


def _put_first(folder: Path, path: str) -> str:
    others = [entry for entry in path.split(os.pathsep) if entry and entry != str(folder)]
    return os.pathsep.join((str(folder), *others))


def _is_stand_in(file: str | None) -> bool:
    return file is not None and Path(file).is_relative_to(SITE)
