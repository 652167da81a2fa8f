"""What all tests share: skips that CI forbids, and the order of parallel runs.

A test of a service that the machine lacks is skipped by name, with the command that installs it:
the fixture that would start the service says so. With `--forbid-skips`, or RUNWAKE_FORBID_SKIPS=1
in the environment, every skip is a failure: CI has everything.
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from runwake.settings.sources import environment

ONE_PROCESS_FOLDERS = ("fault", "browser", "demo")
"""Tests that start many processes themselves: each folder runs in one worker, in order."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --forbid-skips."""
    parser.addoption(
        "--forbid-skips",
        action="store_true",
        default=environment().get("RUNWAKE_FORBID_SKIPS") == "1",
        help="fail where a test would be skipped (default with RUNWAKE_FORBID_SKIPS=1)",
    )


def pytest_configure() -> None:
    """Let Ctrl-C reach the scripts that tests start.

    A shell without job control starts background jobs with SIGINT ignored, and children inherit
    that: `make test &` in a script would test other programs than `make test`.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of one file, or of one of the folders above, in one worker."""
    root = config.rootpath / "tests"
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path, root)))


def _group(path: Path, root: Path) -> str:
    try:
        relative = path.relative_to(root)
    except ValueError:
        return str(path)
    folder = relative.parts[0]
    return folder if folder in ONE_PROCESS_FOLDERS else str(relative)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures where they are forbidden; expected failures stay."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.option.forbid_skips:
        _forbid(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn skipped modules into failures where skips are forbidden."""
    report = yield
    if report.skipped and collector.config.option.forbid_skips:
        _forbid(report)
    return report


def _forbid(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"skips are forbidden in this run: {reason}"
