"""The command line: one file per command, loaded when the command is used.

`runwake --help` and `runwake sync` must work without what the server needs.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Final, NamedTuple

import click

from runwake import __version__
from runwake.errors import RunwakeError


class _Entry(NamedTuple):
    """Where a command lives, its line in `--help`, and the extra that it needs."""

    home: str
    about: str
    extra: str | None = None


_COMMANDS: Final = {
    "run": _Entry(
        "runwake.cli.run_script:command", "Run a command in which `import wandb` leads here."
    ),
    "sync": _Entry("runwake.cli.sync:command", "Send runs that are kept on disk to the server."),
    "server": _Entry("runwake.cli.server:server", "Serve runs and the web app.", "server"),
    "demo": _Entry(
        "runwake.cli.demo:command", "Train small models and watch them in the browser.", "server"
    ),
}


class LazyGroup(click.Group):
    """Commands by name, imported at their first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None if there is none of this name."""
        entry = _COMMANDS.get(cmd_name)
        return None if entry is None else _load(cmd_name, entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; where there is none, say which was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = get_close_matches(args[0], _COMMANDS, 1)
            if not close or "Did you mean" in error.message:
                raise
            raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name].about) for name in sorted(_COMMANDS)])


def _load(name: str, entry: _Entry) -> click.Command:
    module, _, attribute = entry.home.partition(":")
    try:
        command = getattr(import_module(module), attribute)
    except ImportError as error:
        missing = error.name or str(error)
        if entry.extra is None:
            raise
        raise click.ClickException(
            f"`runwake {name}` needs more than is installed ({missing} is missing): "
            f'pip install "runwake[{entry.extra}]"'
        ) from None
    assert isinstance(command, click.Command)
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="runwake")
def cli() -> None:
    """Track machine learning runs on a server of your own."""


def main() -> None:
    """Run the command line; errors that we foresee are one line and exit code 1."""
    try:
        cli(prog_name="runwake")
    except RunwakeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
