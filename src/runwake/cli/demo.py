"""`runwake demo`: a server, eight real trainings, and the address where they can be watched.

It starts what a user would start, by the same commands, and asks the server's query API at the end
whether every row that the trainers logged has arrived. It reads no file of the server's.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click
import urllib3

from runwake.demo.arrivals import Arrival, ProjectReader
from runwake.demo.configurations import CONFIGURATIONS
from runwake.demo.server_process import DemoError, ServerProcess, free_port
from runwake.demo.trainers import Report, Trainers
from runwake.errors import UsageError
from runwake.model.run import check_project
from runwake.settings.sources import environment

_NEEDED = ("fastapi", "numpy", "PIL", "sklearn", "sqlalchemy", "uvicorn")
_EPOCH_S = 0.4
_AT_ONCE = 4
_READY_TIMEOUT_S = 60.0
_ARRIVAL_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 10.0


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="Port to serve on; the next free one if it is taken.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("~/.runwake/demo"),
    show_default=True,
    help="Folder that keeps the demo's data from one start to the next.",
)
@click.option(
    "--project", default="demo", show_default=True, help="Project that the runs belong to."
)
@click.option(
    "--epochs",
    type=click.IntRange(1, 10_000),
    default=None,
    help="Passes over the data, instead of each model's own number.",
)
@click.option(
    "--exit-when-done",
    is_flag=True,
    help="Stop the server when all has arrived. Exit status 1 if something has not.",
)
def command(
    host: str,
    port: int,
    data_dir: Path,
    project: str,
    epochs: int | None,
    exit_when_done: bool,
) -> None:
    """Train real models on real data and watch them live.

    Starts a server, trains eight models on scikit-learn's digits and breast-cancer data, some in
    parallel, checks that everything they logged has arrived, and goes on serving until Ctrl-C.
    """
    lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise click.ClickException(
            f"the demo needs {', '.join(lacking)}: pip install 'runwake[server]'"
        )
    try:
        check_project(project, "--project")
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    signal.signal(signal.SIGTERM, _end)
    folder = data_dir.expanduser().absolute()
    try:
        (folder / "trainings").mkdir(parents=True, exist_ok=True)
        complete = _Demo(folder, host, port, project, epochs).run(exit_when_done)
    except DemoError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror or error}") from None
    sys.exit(0 if complete else 1)


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)


class _Demo:
    """One start of the demo."""

    def __init__(
        self, folder: Path, host: str, port: int, project: str, epochs: int | None
    ) -> None:
        self._epochs = epochs
        self._folder = folder
        self._host = host
        self._project = project
        self._group = time.strftime("%Y-%m-%d %H:%M:%S")
        self._started = time.monotonic()
        self._http = urllib3.PoolManager(retries=urllib3.Retry(3, backoff_factor=0.2))
        self._port = free_port(host, port)
        if self._port != port:
            click.echo(f"Port {port} is taken; using {self._port}.")

    def run(self, exit_when_done: bool) -> bool:
        """Run the demo; return whether everything that was logged has arrived."""
        complete: bool | None = None
        server = ServerProcess(self._host, self._port, self._folder, _clean_environment({}))
        try:
            server.wait_ready(self._http, _READY_TIMEOUT_S)
            reader = ProjectReader(self._http, server.url, self._project)
            click.echo(
                f"Runwake demo: {len(CONFIGURATIONS)} models on scikit-learn's digits and "
                f"breast-cancer data.\n  data  {self._folder}\n"
                f"  open  {click.style(reader.page, bold=True)}  while it trains"
            )
            complete = self._train(server, reader)
            if exit_when_done:
                click.echo("Stopping the server.")
            else:
                click.echo(f"Still serving {reader.page} (Ctrl-C ends it)")
                server.wait()
                server.check()
        except KeyboardInterrupt:
            click.echo("\nStopping the server.")
            if complete is None:
                sys.exit(128 + signal.SIGINT)
        finally:
            server.stop()
        return complete

    def _train(self, server: ServerProcess, reader: ProjectReader) -> bool:
        arguments = ["--project", self._project, "--group", self._group]
        arguments += ["--epoch-s", str(_EPOCH_S)]
        if self._epochs is not None:
            arguments += ["--epochs", str(self._epochs)]
        trainers = Trainers(
            CONFIGURATIONS,
            arguments,
            self._folder / "trainings",
            _clean_environment(
                {
                    "RUNWAKE_BASE_URL": server.url,
                    "RUNWAKE_DIR": str(self._folder),
                    # A core for each training: thread pools would only fight over them.
                    "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                }
            ),
        )
        progress = _Progress(self._started)
        try:
            while not trainers.is_done:
                server.check()
                trainers.poll(at_once=min(_AT_ONCE, 2 * (os.cpu_count() or 1)))
                rows = sum(arrival.num_rows for arrival in reader.read(self._group).values())
                progress.show(
                    f"{trainers.num_live} training, {len(trainers.reports)} of "
                    f"{len(CONFIGURATIONS)} done, {rows:,} rows on the server"
                )
                time.sleep(0.5)
        finally:
            progress.end()
            trainers.stop(_STOP_TIMEOUT_S)
        arrivals, lines = reader.wait_for(trainers.reports, self._group, _ARRIVAL_TIMEOUT_S)
        self._summarise(trainers.reports, arrivals, lines)
        return not lines

    def _summarise(
        self, reports: Sequence[Report], arrivals: dict[str, Arrival], missing: Sequence[str]
    ) -> None:
        click.echo()
        for row in _table(reports, arrivals):
            click.echo(row)
        logged = sum(report.rows for report in reports)
        took = time.monotonic() - self._started
        if missing:
            click.secho("\nNot everything has arrived:", fg="red", bold=True)
            for line in missing:
                click.echo(f"  {line}")
        else:
            click.secho(f"\nAll {logged:,} rows that were logged have arrived", nl=False, bold=True)
            click.echo(f" ({len(reports)} runs, {took:.0f} s).")


class _Progress:
    """One line that is rewritten on a terminal, a line now and then elsewhere."""

    _EVERY_S = 5.0

    def __init__(self, started: float) -> None:
        self._started = started
        self._is_terminal = sys.stdout.isatty()
        self._shown = -self._EVERY_S

    def show(self, text: str) -> None:
        """Show where things stand."""
        elapsed = time.monotonic() - self._started
        line = f"{elapsed:4.0f} s  {text}"
        if self._is_terminal:
            click.echo(f"\r\x1b[K{line}", nl=False)
        elif elapsed - self._shown >= self._EVERY_S:
            self._shown = elapsed
            click.echo(line)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal:
            click.echo()


def _table(reports: Sequence[Report], arrivals: dict[str, Arrival]) -> list[str]:
    """Return the lines of the summary table, the best model first."""
    width = max((len(report.name) for report in reports), default=3)
    lines = [
        f"{'run':<{width}}  {'state':<9} {'logged':>7} {'arrived':>8} {'val acc':>8} {'took':>6}"
    ]
    for report in sorted(reports, key=lambda report: -report.val_accuracy):
        arrival = arrivals.get(report.run_id)
        state, num_rows = (arrival.state, arrival.num_rows) if arrival else ("missing", 0)
        lines.append(
            f"{report.name:<{width}}  {state:<9} {report.rows:>7,} {num_rows:>8,} "
            f"{report.val_accuracy:>8.1%} {report.duration_s:>4.0f} s"
        )
    return lines


def _clean_environment(extra: dict[str, str]) -> dict[str, str]:
    """Return the environment without settings of other servers and modes, and with `extra`."""
    foreign = ("RUNWAKE_", "WANDB_")
    kept = {name: text for name, text in environment().items() if not name.startswith(foreign)}
    return kept | extra
