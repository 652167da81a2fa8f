"""Where a run comes from: program, arguments, machine and commit. Never the environment.

Arguments that look like secrets are masked before they reach any file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

_SECRET_WORDS: Final = (
    "token",
    "key",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "auth",
    "credential",
    "credentials",
)
_NOT_SECRET: Final = frozenset({"monkey", "hockey", "turkey", "eos_token", "pad_token"})
_MASK: Final = "***"


class GitState(NamedTuple):
    """What is checked out, as far as the repository's files say."""

    commit: str | None
    remote: str | None


def mask_arguments(args: Sequence[str]) -> list[str]:
    """Return the arguments with the values of those that look like secrets replaced.

    Known shapes: `--api-key=X`, `--api-key X`, `api_key=X`, `scheme://user:password@host`.
    """
    masked: list[str] = []
    hide_next = False
    for arg in args:
        if hide_next and not arg.startswith("--"):
            masked.append(_MASK)
            hide_next = False
            continue
        name, equals, _ = arg.partition("=")
        secret = _is_secret_name(name)
        hide_next = secret and not equals and arg.startswith("-")
        masked.append(f"{name}={_MASK}" if secret and equals else strip_credentials(arg))
    return masked


def strip_credentials(text: str) -> str:
    """Return the text with user names and passwords cut out of its URLs."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    end = next((i for i, char in enumerate(rest) if char in "/?# "), len(rest))
    host = rest[:end].rpartition("@")[2]
    return f"{scheme}://{host}{strip_credentials(rest[end:])}"


def current_folder() -> Path | None:
    """Return the folder that the program works in, None if somebody has deleted it."""
    try:
        return Path.cwd()
    except OSError:
        return None


def program_path() -> str | None:
    """Return the script or module that runs, None in an interactive session."""
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    return str(path) if path else None


def operating_system() -> str:
    """Return system and kernel, e.g. `Linux 6.18.0`."""
    uname = os.uname()
    return f"{uname.sysname} {uname.release}"


def python_version() -> str:
    """Return the interpreter's version, e.g. `3.11.7`."""
    return sys.version.split(maxsplit=1)[0]


def read_git(folder: Path) -> GitState:
    """Return commit and remote of the repository around `folder` by reading its files.

    No git process is started: `init` must not wait for one.
    """
    git_dir = _find_git_dir(folder)
    if git_dir is None:
        return GitState(None, None)
    try:
        shared = git_dir
        common = git_dir / "commondir"
        if common.is_file():  # a linked worktree
            shared = (git_dir / common.read_text(encoding="utf-8").strip()).resolve()
        return GitState(_read_head(git_dir, shared), _read_remote(shared))
    except (OSError, UnicodeDecodeError):
        return GitState(None, None)


def _is_secret_name(name: str) -> bool:
    word = name.lstrip("-+").rsplit(".", maxsplit=1)[-1].lower().replace("-", "_")
    return word.endswith(_SECRET_WORDS) and word not in _NOT_SECRET


def _find_git_dir(folder: Path) -> Path | None:
    for parent in (folder, *folder.parents):
        dot_git = parent / ".git"
        if dot_git.is_dir():
            return dot_git
        if dot_git.is_file():
            try:
                text = dot_git.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                return None
            return parent / text.removeprefix("gitdir:").strip()
    return None


def _read_head(git_dir: Path, shared: Path) -> str | None:
    head = (git_dir / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return head or None
    ref = head.removeprefix("ref:").strip()
    for folder in (git_dir, shared):
        loose = folder / ref
        if loose.is_file():
            return loose.read_text(encoding="utf-8").strip()
    packed = shared / "packed-refs"
    if packed.is_file():
        for line in packed.read_text(encoding="utf-8").splitlines():
            commit, _, name = line.partition(" ")
            if name == ref:
                return commit
    return None  # no commit yet


def _read_remote(shared: Path) -> str | None:
    """Return the URL of `origin`, else of the first remote."""
    found: str | None = None
    section = ""
    for line in (shared / "config").read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
            continue
        key, _, value = line.partition("=")
        if key.strip() == "url" and section.startswith('[remote "'):
            url = strip_credentials(value.strip())
            if section == '[remote "origin"]':
                return url
            found = found or url
    return found
