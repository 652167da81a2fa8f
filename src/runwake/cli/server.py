"""`runwake server`: run the server on this machine; `runwake server new-key`: make an API key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runwake.errors import RunwakeError
from runwake.settings.server import SERVER_SETTINGS, ServerSettings, server_settings
from runwake.settings.sources import environment

_HELP = {setting.name: setting.help for setting in SERVER_SETTINGS}


@click.group("server", invoke_without_command=True)
@click.option("--host", help=_HELP["host"] + "  [default: 127.0.0.1]")
@click.option("--port", type=int, help=_HELP["port"] + "  [default: 8080]")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help=_HELP["data_dir"] + "  [default: ~/.runwake/server]",
)
@click.option("--authentication/--no-authentication", default=None, help=_HELP["authentication"])
@click.option("--log-level", help=_HELP["log_level"] + "  [default: warning]")
@click.option("--max-blob-size", type=int, help=_HELP["max_blob_size"] + "  [default: 5120]")
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write URL, port and process id to this file (JSON) once requests are answered.",
)
@click.pass_context
def server(context: click.Context, /, ready_file: Path | None, **explicit: Any) -> None:
    """Run the server; Ctrl-C stops it. It keeps everything below --data-dir."""
    try:
        settings, warnings = server_settings(explicit, environment())
    except RunwakeError as error:
        raise click.ClickException(str(error)) from None
    for warning in warnings:
        click.echo(warning, err=True)
    if context.invoked_subcommand is None:
        _run(settings, ready_file)
    else:
        context.obj = settings


@server.command("new-key")
@click.option("--name", default="made by `runwake server new-key`", help="What it is for.")
@click.pass_obj
def new_key(settings: ServerSettings, name: str) -> None:
    """Make an API key and print it: the only time that it is shown."""
    from runwake.server.app import open_meta_store
    from runwake.tracking.sign_in import SignIns

    try:
        meta = open_meta_store(settings.data_dir)
    except RunwakeError as error:
        raise click.ClickException(str(error)) from None
    click.echo(SignIns(meta).make_key(name))
    meta.close()


def _run(settings: ServerSettings, ready_file: Path | None) -> None:
    # Imported late: `runwake --help` must not load a web framework.
    from runwake.server.app import create_app
    from runwake.server.serving import (
        address_of,
        listen,
        serve,
        set_up_logging,
        write_ready_file,
    )

    set_up_logging(settings.log_level)
    try:
        listener = listen(settings)
        app = create_app(settings)
    except (RunwakeError, OSError) as error:
        raise click.ClickException(str(error)) from None
    url = address_of(settings, listener)
    if settings.authentication:
        _show_first_key(app.state.services.sign_ins, url)

    def on_ready() -> None:
        click.echo(f"Runwake serves {url} (data in {settings.data_dir}; Ctrl-C stops it)")
        if ready_file is not None:
            write_ready_file(ready_file, url, listener.getsockname()[1])

    serve(app, listener, on_ready)


def _show_first_key(sign_ins: Any, url: str) -> None:
    if sign_ins.has_keys():
        return
    key = sign_ins.make_key("first key")
    click.echo(
        "This server asks for an API key. Here is the first one; it is not shown again:\n\n"
        f"    {key}\n\n"
        f"In a browser, open {url} and sign in with it. For training scripts:\n\n"
        f"    export RUNWAKE_BASE_URL={url} RUNWAKE_API_KEY={key}\n"
    )


if __name__ == "__main__":
    server()
