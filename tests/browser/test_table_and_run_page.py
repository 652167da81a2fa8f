"""The run table, a run's own page, the frame around them."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from runwake.testing.server import RunningServer
from runwake.wire.records import Alert, MetricDefinition
from tests.browser.built import assert_built
from tests.browser.logged_run import LoggedRun

StartRun = Callable[..., LoggedRun]

TRACEBACK = 'Traceback (most recent call last):\n  File "t.py", line 1\nRuntimeError: no memory\n'


def names(page: Page) -> list[str]:
    return page.locator(".run-table__row .run-table__name").all_inner_texts()


def test_the_table_shows_what_differs_and_sorts_by_it(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    for run_id, rate in (("a", 0.1), ("b", 0.3), ("c", 0.2)):
        start_run(run_id, name=run_id, config={"lr": rate, "seed": 1}).rows(2).ship()
    page.goto(f"{server.url}/local/{project}/table")
    head = page.get_by_role("columnheader", name="lr")
    expect(head).to_be_visible()
    expect(page.get_by_role("columnheader", name="seed")).to_have_count(0)

    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page.locator(".run-table__row").first).to_contain_text("0.3")
    assert sorted(names(page)) == ["a", "b", "c"]
    head.get_by_role("button").click()
    expect(page.locator('.run-table__row[aria-rowindex="2"]')).to_contain_text("0.1")

    expect(page).to_have_url(re.compile(r"sort=config\.lr$"))


def test_columns_are_chosen_and_remembered(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("a", config={"seed": 7}).rows(2).ship()
    start_run("b", config={"seed": 7}).rows(2).ship()
    page.goto(f"{server.url}/local/{project}/table")

    page.get_by_role("button", name="Columns").click()
    page.get_by_role("searchbox", name="Search columns").fill("seed")
    page.get_by_role("checkbox", name="seed").check()
    page.reload()

    expect(page.get_by_role("columnheader", name="seed")).to_be_visible()


def test_a_row_leads_to_its_run(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    run = start_run("a", name="chosen").rows(2).ship()
    page.goto(f"{server.url}/local/{project}/table")

    page.get_by_role("link", name="chosen").click()

    expect(page).to_have_url(run.address)
    expect(page.get_by_role("heading", name="chosen")).to_be_visible()


def test_the_overview_tells_how_a_run_was_made_and_why_it_failed(
    page: Page, start_run: StartRun
) -> None:
    run = start_run(
        "a",
        name="doomed",
        config={"model": {"depth": 3}},
        host="box",
        program="t.py",
        args=["--fast"],
        git_commit="0123456789abcdef",
    )
    run.rows(2).ends("failed", 1, TRACEBACK)

    page.goto(f"{run.address}/overview")

    expect(page.get_by_role("region", name="How it ended")).to_contain_text("no memory")
    expect(page.get_by_role("region", name="Config")).to_contain_text("model.depth")
    expect(page.get_by_role("region", name="Summary")).to_contain_text("train/loss")
    expect(page.get_by_role("region", name="Run", exact=True)).to_contain_text("t.py --fast")


def test_a_run_is_renamed_in_place(page: Page, server: RunningServer, start_run: StartRun) -> None:
    run = start_run("a", name="old").rows(2).ship()
    page.goto(run.address)

    page.get_by_role("button", name="Rename").click()
    field = page.get_by_role("textbox", name="Name of the run")
    field.fill("new")
    field.press("Enter")

    expect(page.get_by_role("heading", name="new")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="new")).to_be_visible()


def test_a_runs_charts_are_its_own(page: Page, start_run: StartRun) -> None:
    start_run("other").rows(5, {"elsewhere": 1.0}).ship()
    run = start_run("a").rows(5).ship()
    page.goto(run.address)

    expect(page.locator('[data-panel="train/loss"] .chart')).to_have_attribute("data-points", "5")
    expect(page.locator('[data-panel="elsewhere"]')).to_have_count(0)
    run.rows(5).ship()

    expect(page.locator('[data-panel="train/loss"] .chart')).to_have_attribute("data-points", "10")


def test_the_log_follows_its_end_until_one_scrolls_up(page: Page, start_run: StartRun) -> None:
    run = start_run("a").prints("".join(f"line {i}\n" for i in range(3_000)))
    run.prints("careful\n", "stderr").ship()
    page.goto(f"{run.address}/logs")
    expect(page.locator('.log-line[data-channel="stderr"]')).to_contain_text("careful")

    run.prints("after\n").ship()
    expect(page.get_by_text("after", exact=True)).to_be_visible()
    page.get_by_role("log").hover()
    page.mouse.wheel(0, -2_000)
    expect(page.get_by_role("button", name="Follow the end")).to_have_attribute(
        "aria-pressed", "false"
    )
    run.prints("much later\n").ship()
    expect(page.get_by_text("3,003 lines")).to_be_visible()

    expect(page.get_by_text("much later")).to_have_count(0)


def test_a_search_in_the_log_finds_far_lines(page: Page, start_run: StartRun) -> None:
    run = start_run("a").prints("".join(f"line {i}\n" for i in range(3_000))).ship()
    page.goto(f"{run.address}/logs")
    expect(page.get_by_text("line 2999", exact=True)).to_be_visible()

    page.get_by_role("searchbox", name="Search the log").fill("line 77")
    expect(page.get_by_text("1 of 11")).to_be_visible()
    page.get_by_role("button", name="Next match").click()

    expect(page.locator('.log-line[data-current="true"]')).to_contain_text("line 770")


def test_files_are_listed_and_open(page: Page, start_run: StartRun, png: bytes) -> None:
    run = start_run("a").image("val/sample", png, "one").ship()
    page.goto(f"{run.address}/files")

    link = page.get_by_role("link", name="val/sample")
    expect(link).to_be_visible()
    answer = page.request.get(f"{run.address.split('/local/')[0]}{link.get_attribute('href')}")

    assert answer.body() == png


def test_the_theme_is_toggled_by_key_and_kept(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("a").rows(5).ship()
    page.goto(f"{server.url}/local/{project}")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")

    page.keyboard.press("Control+m")
    expect(root).to_have_attribute("data-theme", "dark")
    page.reload()

    expect(root).to_have_attribute("data-theme", "dark")


def test_the_finder_leads_to_a_run(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    run = start_run("needle", name="the needle").rows(2).ship()
    page.goto(f"{server.url}/local/{project}")
    expect(page.locator('[data-run="needle"]')).to_be_visible()

    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find").fill("needle")
    expect(page.get_by_role("option", name="the needle")).to_be_visible()
    page.keyboard.press("Enter")

    expect(page).to_have_url(run.address)


def test_unknown_addresses_say_so(page: Page, start_run: StartRun) -> None:
    run = start_run("a").rows(2).ship()

    page.goto(f"{run.address}x")
    expect(page.get_by_role("heading", name="There is no run ax in this project")).to_be_visible()
    page.goto(f"{run.address}/nowhere")

    expect(page.get_by_role("heading", name="A run has no page")).to_be_visible()


def test_a_closed_server_asks_for_a_key(browser: Browser) -> None:
    assert_built()
    with RunningServer(arguments=["--authentication"]) as server:
        found = re.search(r"RUNWAKE_API_KEY=(\S+)", server.output)
        assert found is not None, server.output
        page = browser.new_page()
        page.goto(server.url)
        page.get_by_label("API key").fill("wrong-key-wrong-key")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()

        page.get_by_label("API key").fill(found.group(1))
        page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("heading", name="No project yet")).to_be_visible()
        page.close()


def test_a_run_page_shows_its_alerts_and_each_operation_of_its_summary(
    page: Page, start_run: StartRun
) -> None:
    run = start_run("r1").record(MetricDefinition(name="val/acc", summary=["min", "max"]))
    run.rows(1, {"val/acc": 0.25}).rows(1, {"val/acc": 0.75})
    run.record(Alert(title="Loss is NaN", text="at step 3", level="WARN", time=1_003.0))
    run.ship()
    page.goto(f"{run.address}/overview")
    alerts = page.get_by_role("region", name="Alerts")

    expect(alerts.get_by_role("listitem")).to_contain_text("Loss is NaN")
    expect(alerts.get_by_role("img", name="Warning")).to_be_visible()
    expect(page.get_by_role("region", name="Summary")).to_contain_text("val/acc.max")
    run.record(Alert(title="Diverged", level="ERROR", time=1_004.0)).ship()

    expect(alerts.get_by_role("listitem").first).to_contain_text("Diverged")
