"""Pages that everybody can use: axe-core finds nothing serious on any of them, light or dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from runwake.testing.server import RunningServer
from tests.browser.logged_run import LoggedRun

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TRACEBACK = "Traceback (most recent call last):\nRuntimeError: no memory\n"
GRAVE = ("serious", "critical")
CHECK = """
async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map((found) => ({
  rule: found.id, impact: found.impact,
  where: found.nodes.slice(0, 5).map((node) => `${node.target} ${node.failureSummary}`),
}))
"""


@pytest.fixture(params=["light", "dark"])
def themed(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in either theme, past the security policy: axe is a script of ours, not the app's."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed here: make setup")
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=request.param, bypass_csp=True
    )
    context.set_default_timeout(15_000)
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


def problems(page: Page) -> list[dict[str, Any]]:
    """Return what axe finds that keeps people from using the page."""
    found: list[dict[str, Any]] = page.evaluate(CHECK)
    return [one for one in found if one["impact"] in GRAVE]


@pytest.fixture
def run(start_run: Callable[..., LoggedRun], png: bytes) -> LoggedRun:
    """A failed run with something on each of its pages, beside a running one."""
    start_run("other", name="other", config={"lr": 0.1}).rows(30).ship()
    failed = start_run("a", name="doomed", config={"lr": 0.2, "model": {"depth": 3}})
    failed.rows(30).rows(1, {"best": 0.5}).image("val/sample", png, "one")
    failed.prints("hello\n").prints("careful\n", "stderr")
    failed.ends("failed", 1, TRACEBACK)
    return failed


def test_a_project_and_its_runs(
    themed: Page, server: RunningServer, project: str, run: LoggedRun
) -> None:
    themed.goto(server.url)
    expect(themed.get_by_role("link", name=project)).to_be_visible()
    assert problems(themed) == []

    themed.goto(f"{server.url}/local/{project}")
    expect(themed.locator('[data-panel="train/loss"] canvas')).to_be_visible()
    assert problems(themed) == []

    themed.keyboard.press("Control+k")
    expect(themed.get_by_role("combobox", name="Find")).to_be_visible()
    assert problems(themed) == []

    themed.goto(f"{server.url}/local/{project}/table")
    expect(themed.get_by_role("link", name="doomed")).to_be_visible()
    assert problems(themed) == []


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("overview", '[aria-label="How it ended"]'),
        ("workspace", ".chart canvas"),
        ("logs", ".log-line"),
        ("files", "table a"),
    ],
)
def test_a_run_page(themed: Page, run: LoggedRun, tab: str, shown: str) -> None:
    themed.goto(f"{run.address}/{tab}")
    expect(themed.locator(shown).first).to_be_visible()

    assert problems(themed) == []


def test_a_project_without_runs(themed: Page, server: RunningServer) -> None:
    themed.goto(f"{server.url}/local/nothing-here")
    expect(themed.get_by_role("heading", name="Waiting for the first run")).to_be_visible()

    assert problems(themed) == []
