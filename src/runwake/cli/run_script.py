"""`runwake run -- COMMAND…`: run a command in which `import wandb` leads to Runwake."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import click

from runwake.dropin.installing import stand_in_environment
from runwake.settings.sources import environment


@click.command(
    "run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("words", nargs=-1, required=True, metavar="COMMAND...", type=click.UNPROCESSED)
def command(words: tuple[str, ...]) -> None:
    """Run a command in which `import wandb` leads to Runwake.

    For example: runwake run -- python train.py --epochs 3

    The command takes the place of this process: signals and the exit code are its own. Python
    processes that it starts are included. Nothing is installed, and an installed wandb stays as
    it is.
    """
    _replace_process(words, stand_in_environment(environment()))


def _replace_process(words: tuple[str, ...], variables: dict[str, str]) -> NoReturn:
    program = shutil.which(words[0], path=variables["PATH"])
    if program is None:
        raise _refusal(words[0])
    try:
        os.execve(program, list(words), variables)  # noqa: S606 - the user's own command
    except OSError as error:
        raise _NotExecutableError(f"cannot run {words[0]}: {error.strerror}") from None


class _NotFoundError(click.ClickException):
    """There is no such command; the exit code is that of shells."""

    exit_code = 127


class _NotExecutableError(click.ClickException):
    """The command is no program; the exit code is that of shells."""

    exit_code = 126


def _refusal(word: str) -> click.ClickException:
    if not Path(word).is_file():
        return _NotFoundError(f"command not found: {word}")
    hint = f": did you mean `runwake run -- python {word}`?" if word.endswith(".py") else ""
    return _NotExecutableError(f"{word} is not executable{hint}")
