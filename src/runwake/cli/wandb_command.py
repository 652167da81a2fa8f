"""The command `wandb` of scripts that run under `runwake run`, as far as Runwake has it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runwake import __version__
from runwake.cli import sync as sync_module
from runwake.errors import RunwakeError


class _Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise click.ClickException(f"Runwake {__version__} does not have `wandb {args[0]}` yet")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wandb (Runwake stands for it)")
def cli() -> None:
    """Stand for wandb's command line: what there is leads to Runwake."""


@cli.command()
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
@click.option("--sync-all", is_flag=True, help="Accepted: without DIR all runs are sent anyway.")
@click.pass_context
def sync(context: click.Context, folders: tuple[Path, ...], sync_all: bool) -> None:
    """Send runs that are kept on disk to the server."""
    context.invoke(sync_module.command, folders=() if sync_all else folders, base_url=None)


@cli.command()
@click.argument("key", nargs=-1)
def login(key: tuple[str, ...]) -> None:
    """Say how a key is given to Runwake."""
    del key  # it would be kept in the shell's history, and nowhere else
    click.echo(
        "A server on this machine asks for no key. For one that does, set RUNWAKE_BASE_URL and "
        "RUNWAKE_API_KEY."
    )


def main() -> None:
    """Run the command line; errors that we foresee are one line and exit code 1."""
    try:
        cli(prog_name="wandb")
    except RunwakeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
