"""`runwake sync [DIR…]`: send runs that are kept on disk to the server."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from runwake.errors import CommunicationError
from runwake.runlog.run_dir import RunDir, discover
from runwake.sender.sync import Outcome, SyncReport, default_roots, recorded_base_url, sync_run
from runwake.sender.transport import Transport, UnavailableError
from runwake.settings.client import CLIENT_SETTINGS, resolve_client
from runwake.settings.sources import environment


@click.command("sync")
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
@click.option("--base-url", metavar="URL", help="Address of the server.")
def command(folders: tuple[Path, ...], base_url: str | None) -> None:
    """Send runs that are kept on disk to the server.

    DIR is the folder of a run, or one that holds runs; by default `runwake` and
    `wandb` in the current folder.
    What the server has already is not sent again.
    """
    runs = _find_runs(folders)
    if not runs:
        places = ", ".join(map(str, folders or default_roots()))
        click.echo(f"No runs found in {places}. Name the folder of a run: runwake sync DIR")
        return
    reports = [_sync_one(run_dir, base_url) for run_dir in runs]
    if len(reports) > 1:
        click.echo(
            f"{len(reports)} runs: {_rows(sum(r.num_rows for r in reports))} and "
            f"{sum(r.num_bytes for r in reports):,} bytes sent"
        )
    if any(report.num_damaged or report.problems for report in reports):
        sys.exit(1)


def _find_runs(folders: tuple[Path, ...]) -> list[RunDir]:
    for folder in folders:
        if not folder.is_dir():
            raise click.ClickException(f"{folder} is not a folder")
    return list(discover(folders or default_roots()))


def _sync_one(run_dir: RunDir, base_url: str | None) -> SyncReport:
    transport = _transport(run_dir, base_url)
    try:
        report = sync_run(run_dir, transport, _progress(run_dir))
    except UnavailableError as error:
        raise click.ClickException(
            f"{error}. The runs stay on disk; start a server with `runwake server`, or name one "
            "with --base-url or RUNWAKE_BASE_URL"
        ) from None
    except (CommunicationError, OSError) as error:
        raise click.ClickException(f"{run_dir.path}: {error}") from None
    finally:
        transport.close()
    _tell(run_dir, report)
    return report


def _transport(run_dir: RunDir, base_url: str | None) -> Transport:
    """Choose the server: as told, else the one that the run was being sent to."""
    settings = resolve_client({"base_url": base_url}, environment()).values
    default = next(s.default for s in CLIENT_SETTINGS if s.name == "base_url")
    chosen = settings["base_url"]
    if base_url is None and chosen == default:
        chosen = recorded_base_url(run_dir) or chosen
    return Transport(chosen, settings["api_key"])


def _progress(run_dir: RunDir) -> Callable[[int, int], None]:
    def show(acked: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(
                f"\r\033[K{run_dir.path.name}: {acked:,} of {total:,} bytes", nl=False, err=True
            )

    return show


def _tell(run_dir: RunDir, report: SyncReport) -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if report.outcome is Outcome.LIVE:
        click.echo(f"{report.title}: skipped, its sender is at work ({report.url})")
        return
    if report.outcome is Outcome.SENT:
        sent = f"{_rows(report.num_rows)}, {report.num_bytes:,} bytes sent"
        running = "; it is still running" if report.still_running else ""
        click.echo(
            f"{report.title}: {sent if report.num_bytes else 'up to date'}{running} ({report.url})"
        )
    if report.num_damaged:
        click.echo(
            f"{report.title}: {report.num_damaged:,} bytes of its log are damaged and were skipped "
            f"({run_dir.path})",
            err=True,
        )
    for problem in report.problems:
        click.echo(f"{report.title}: {problem}", err=True)


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
