"""How the machine of a run did: the tab System of its page."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.logged_run import LoggedRun

StartRun = Callable[..., LoggedRun]

MEASURED = {
    "system/cpu": 40.0,
    "system/memory.used_gib": 3.5,
    "system/network.recv_mb_s": 0.25,
    "system/proc.threads": 9.0,
    "system/gpu.0.temp_c": 61.0,
    "system/gpu.1.temp_c": 63.0,
}


def sections(page: Page) -> list[str]:
    found = page.locator(".section").all()
    return [section.get_attribute("data-section") or "" for section in found]


def test_the_machine_is_drawn_apart_from_what_was_logged_and_grows_live(
    page: Page, start_run: StartRun
) -> None:
    run = start_run("r1", name="alpha", host="box").rows(5).ship()
    sender = start_run("r1", stream="sender-1", role="sender", host="box").rows(3, MEASURED).ship()
    page.goto(f"{run.address}/charts")
    expect(page.locator("[data-panel='train/loss'] .chart")).to_be_visible()
    expect(page.locator("[data-panel='system/cpu']")).to_have_count(0)

    page.get_by_role("navigation", name="Run").get_by_role("link", name="System").click()

    expect(page).to_have_url(re.compile("/runs/r1/system$"))
    chart = page.get_by_role("article", name="system/cpu").locator(".chart")
    expect(chart).to_have_attribute("data-points", "3")
    expect(chart).to_have_attribute("aria-label", re.compile("over time since start"))
    assert sections(page) == ["CPU", "Memory", "Network", "Process", "GPU 0", "GPU 1"]
    expect(page.get_by_role("heading", name="GPU 1 temperature")).to_be_visible()
    expect(page.locator("[data-panel='train/loss']")).to_have_count(0)
    options = page.get_by_role("combobox", name="x axis").locator("option")
    assert options.all_inner_texts() == ["Relative time", "Wall time"]

    chart.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("40 %")
    sender.rows(2, MEASURED | {"system/disk": 70.0}).ship()
    expect(chart).to_have_attribute("data-points", "5")
    expect(page.get_by_role("article", name="system/disk")).to_be_visible()


def test_a_run_without_measurements_says_why(page: Page, start_run: StartRun) -> None:
    run = start_run("r1").rows(5)
    run.ends()
    page.goto(f"{run.address}/system")

    expect(page.get_by_role("heading", name="No system metrics of this run")).to_be_visible()
    expect(page.get_by_text("logged offline and sent later")).to_be_visible()
