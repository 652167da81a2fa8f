"""Where the files of a run lie.

::

    <dir>/runwake/latest-run -> the newest
    <dir>/runwake/[offline-]run-YYYYMMDD_HHMMSS-<id>/     (or <dir>/wandb/…, see ROOT_NAMES)
        logs/<stream>.rwlog     one per writing process, append only
        blobs/<sha256>          files that the logs name
        sender/                 what the sender knows: state.json, sender.log, lock
        files/                  for the user's own use (`run.dir`)
        run-<id>.wandb          below `wandb` only: a note; libraries read the run's id off its name

Folders are private to the user (0700): logs hold arguments and whatever a program prints.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

WANDB_ROOT_NAME: Final = "wandb"
ROOT_NAMES: Final = ("runwake", WANDB_ROOT_NAME)
"""The usual folder of runs, and the one for scripts that say `import wandb`: libraries look there
for the run that they are to continue."""
LOG_SUFFIX: Final = ".rwlog"
_OFFLINE_PREFIX: Final = "offline-"
_RUN_PREFIX: Final = "run-"
_MAX_ID_BYTES: Final = 128


class RunDir:
    """The folder of one run on one machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.blobs = path / "blobs"
        self.sender = path / "sender"
        self.files = path / "files"

    def log_path(self, stream: str) -> Path:
        """Return the log file of a stream."""
        return self.logs / f"{stream}{LOG_SUFFIX}"

    def streams(self) -> list[str]:
        """Return the names of the streams that are there, sorted."""
        try:
            names = os.listdir(self.logs)  # noqa: PTH208 - polled often, Path objects cost
        except OSError:
            return []
        return sorted(n[: -len(LOG_SUFFIX)] for n in names if n.endswith(LOG_SUFFIX))


def create(
    parent: Path,
    run_id: str,
    *,
    offline: bool,
    now: float | None = None,
    root_name: str = ROOT_NAMES[0],
) -> RunDir:
    """Make the folder of a new run in the folder `root_name` below `parent`.

    `latest-run` points at it afterwards.

    Raises:
        OSError: the folder cannot be made.
    """
    root = parent / root_name
    started = time.strftime("%Y%m%d_%H%M%S", time.localtime(now))
    name = f"{_OFFLINE_PREFIX if offline else ''}{_RUN_PREFIX}{started}-{folder_part(run_id)}"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _make_unique(root, name)
    run_dir = RunDir(path.absolute())
    for folder in (run_dir.logs, run_dir.blobs, run_dir.sender):
        folder.mkdir(mode=0o700)
    if root_name == WANDB_ROOT_NAME:
        note = path / f"run-{run_id}.wandb"
        note.write_text("Runwake keeps this run in the folder logs.\n", encoding="utf-8")
    _point_latest(root, path.name)
    return run_dir


def discover(roots: Iterable[Path]) -> Iterator[RunDir]:
    """Yield the run folders that `roots` name or hold, oldest first, each once.

    A root may be a run's folder, a folder of runs, or one that holds such a folder of a usual name
    (`ROOT_NAMES`). Folders that the official wandb client has made are none of these.
    """
    seen: set[Path] = set()
    for root in roots:
        for path in _candidates(root):
            real = path.resolve()
            if real not in seen:
                seen.add(real)
                yield RunDir(real)


def folder_part(run_id: str) -> str:
    """Return what of a run's id stands in the name of its folder: no file system takes all of it.

    Logs hold the whole id.
    """
    return run_id.encode()[:_MAX_ID_BYTES].decode(errors="ignore")


def is_run_dir(path: Path) -> bool:
    """Whether a folder is that of a run."""
    return (path / "logs").is_dir() and (path / "sender").is_dir()


def _candidates(root: Path) -> list[Path]:
    if is_run_dir(root):
        return [root]
    found = [
        path
        for holder in (root, *(root / name for name in ROOT_NAMES))
        if holder.is_dir()
        for path in holder.iterdir()
        if path.name.startswith((_RUN_PREFIX, _OFFLINE_PREFIX)) and is_run_dir(path)
    ]
    return sorted(found, key=lambda path: path.name.removeprefix(_OFFLINE_PREFIX))


def _make_unique(root: Path, name: str) -> Path:
    """Make a folder of this name; several processes may start a run in the same second."""
    number = 1
    while True:
        path = root / (name if number == 1 else f"{name}.{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
            continue
        return path


def _point_latest(root: Path, name: str) -> None:
    """Replace the link in one step. It is a convenience: where links fail there is none."""
    temporary = root / f".latest-{os.getpid()}"
    try:
        temporary.symlink_to(name)
        temporary.replace(root / "latest-run")
    except OSError:
        temporary.unlink(missing_ok=True)
