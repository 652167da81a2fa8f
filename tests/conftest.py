"""What all tests share: skips by name of the missing service, order of parallel runs.

A test that needs a service of the machine says so, `@pytest.mark.needs("chromium")`, and is skipped
with the command that installs it where the service is missing. With `--forbid-skips`, or
RUNWAKE_FORBID_SKIPS=1 in the environment, every skip is a failure: CI has everything.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runwake.settings.sources import environment

ONE_PROCESS_FOLDERS = ("fault", "browser", "demo")
"""Tests that start many processes themselves: each folder runs in one worker, in order."""


@dataclass(frozen=True)
class Service:
    """Something that tests need and a machine may lack."""

    is_present: Callable[[], bool]
    install: str


SERVICES = {
    "chromium": Service(
        lambda: any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        "apt-get install chromium",
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --forbid-skips."""
    parser.addoption(
        "--forbid-skips",
        action="store_true",
        default=environment().get("RUNWAKE_FORBID_SKIPS") == "1",
        help="fail where a test would be skipped (default with RUNWAKE_FORBID_SKIPS=1)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests of missing services; keep the tests of one file, or folder, in one worker."""
    root = config.rootpath / "tests"
    for item in items:
        for marker in item.iter_markers("needs"):
            for name in marker.args:
                service = SERVICES[name]
                if not service.is_present():
                    reason = f"{name} is not installed here: {service.install}"
                    item.add_marker(pytest.mark.skip(reason=reason))
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
