"""Pages in a real browser on a real server; skipped, with what would help, without either."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from runwake.testing.server import RunningServer
from tests.browser.built import assert_built
from tests.browser.logged_run import LoggedRun

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("chromium is not installed here: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        expect.set_options(timeout=WAIT_MS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    assert_built()
    with RunningServer() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    fresh.set_default_timeout(WAIT_MS)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty page. Errors of scripts and breaches of the security policy fail the test."""
    problems: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            problems.append(message.text) if "Content Security" in message.text else None
        ),
    )
    yield opened
    assert not problems, problems


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """A project of the test's own."""
    return str(request.node.name).removeprefix("test_")[:60]


@pytest.fixture
def start_run(server: RunningServer, project: str) -> Callable[..., LoggedRun]:
    """Make a run of the test's project: `start_run(id, **fields of RunStart)`."""

    def start(run_id: str, **fields: Any) -> LoggedRun:
        return LoggedRun(server, project, run_id, **fields)

    return start


@pytest.fixture
def png() -> bytes:
    """A picture of 4 by 4 pixels."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()
