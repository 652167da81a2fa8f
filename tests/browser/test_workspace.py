"""The workspace: runs beside charts that move."""

from __future__ import annotations

import math
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from runwake.testing.server import RunningServer
from runwake.wire.records import MetricDefinition
from tests.browser.logged_run import LoggedRun

StartRun = Callable[..., LoggedRun]


def chart(page: Page, key: str) -> Locator:
    return page.locator(f'[data-panel="{key}"] .chart')


def row(page: Page, run_id: str) -> Locator:
    return page.locator(f'.run-row[data-run="{run_id}"]')


def test_the_projects_page_lists_projects_and_leads_to_them(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("r1", name="first").rows(3).ship()

    page.goto(server.url)
    page.get_by_role("searchbox", name="Search projects").fill(project)
    page.get_by_role("link", name=project).click()

    expect(row(page, "r1")).to_contain_text("first")
    expect(page).to_have_url(f"{server.url}/local/{project}")


def test_an_empty_project_teaches_and_fills_by_itself(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    page.goto(f"{server.url}/local/{project}")
    expect(page.get_by_role("region", name="Python")).to_contain_text(f'project="{project}"')

    start_run("r1", name="first").rows(3).ship()

    expect(row(page, "r1")).to_contain_text("first")


def test_charts_move_while_a_run_goes_on(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    run = start_run("r1", name="live").rows(10).ship()
    page.goto(f"{server.url}/local/{project}")
    loss = chart(page, "train/loss")
    expect(loss).to_have_attribute("data-points", "10")
    before = loss.screenshot()

    run.rows(15).ship()

    expect(loss).to_have_attribute("data-points", "25", timeout=5_000)
    assert loss.screenshot() != before


def test_new_runs_and_new_keys_appear_while_the_page_is_open(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("r1", name="first").rows(5).ship()
    page.goto(f"{server.url}/local/{project}")
    expect(chart(page, "train/loss")).to_have_attribute("data-lines", "1")

    start_run("r2", name="second").rows(5).rows(5, {"val/accuracy": 0.5}).ship()

    expect(row(page, "r2")).to_contain_text("second")
    expect(chart(page, "train/loss")).to_have_attribute("data-lines", "2")
    expect(chart(page, "val/accuracy")).to_have_attribute("data-lines", "1")


def test_a_finished_run_changes_its_mark(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    run = start_run("r1").rows(5).ship()
    page.goto(f"{server.url}/local/{project}")
    expect(row(page, "r1").locator('[data-run-state="running"]')).to_be_visible()

    run.ends("failed", 1)

    expect(row(page, "r1").locator('[data-run-state="failed"]')).to_be_visible()


def test_each_chart_is_drawn_over_the_step_metric_of_its_key(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    run = start_run("r1")
    run.record(MetricDefinition(name="val/*", step_metric="epoch"))
    run.record(MetricDefinition(name="epoch", hidden=True))
    for epoch in (2, 4, 6):
        run.rows(10).rows(1, {"val/acc": epoch / 10, "epoch": epoch})
    run.ship()
    page.goto(f"{server.url}/local/{project}")
    accuracy = page.locator('[data-panel="val/acc"]')

    expect(accuracy.get_by_label("Line chart of 1 runs over epoch")).to_be_visible()
    expect(page.get_by_label("Line chart of 1 runs over step")).to_have_count(1)
    expect(page.locator('[data-panel="epoch"]')).to_have_count(0)
    box = accuracy.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(page.get_by_role("tooltip")).to_contain_text("epoch 6")
    page.get_by_role("combobox", name="x axis").select_option("Step")

    expect(accuracy.get_by_label("Line chart of 1 runs over step")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/local/{project}?x=_step")


def test_the_eye_hides_a_run_and_alt_shows_only_one(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    for run_id in ("r1", "r2", "r3"):
        start_run(run_id, name=run_id).rows(5).ship()
    page.goto(f"{server.url}/local/{project}")
    loss = chart(page, "train/loss")
    expect(loss).to_have_attribute("data-lines", "3")

    page.get_by_role("button", name="Show r2").click()
    expect(loss).to_have_attribute("data-lines", "2")
    expect(page.get_by_test_id("run-count")).to_have_text("2 shown of 3")
    page.reload()
    expect(chart(page, "train/loss")).to_have_attribute("data-lines", "2")
    page.get_by_role("button", name="Show r2").click(modifiers=["Alt"])

    expect(loss).to_have_attribute("data-lines", "1")
    expect(page.get_by_role("button", name="Show r2")).to_have_attribute("aria-pressed", "true")


def test_search_finds_runs_by_text_and_by_expression(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    for name in ("alpha-1", "alpha-2", "beta-1"):
        start_run(name, name=name).rows(5).ship()
    page.goto(f"{server.url}/local/{project}")
    search = page.get_by_role("searchbox", name="Search runs")
    expect(page.get_by_test_id("run-count")).to_have_text("3 shown of 3")

    search.fill("alpha")
    expect(page.get_by_test_id("run-count")).to_have_text("2 shown of 3")
    expect(chart(page, "train/loss")).to_have_attribute("data-lines", "2")
    page.get_by_label("Runs").get_by_role("button", name="Regular expression").click()
    search.fill("-1$")
    expect(row(page, "beta-1")).to_be_visible()
    expect(row(page, "alpha-2")).to_have_count(0)
    search.fill("(")

    expect(page.get_by_role("alert")).to_be_visible()
    expect(row(page, "beta-1")).to_be_visible()


def test_panels_are_grouped_searched_and_folded(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    values = {"train/loss": 1.0, "val/loss": 1.0, "lr": 0.1}
    start_run("r1").rows(5, values).ship()
    page.goto(f"{server.url}/local/{project}")
    expect(page.locator("[data-section]")).to_have_count(3)

    page.get_by_role("button", name="train").click()
    expect(chart(page, "train/loss")).to_have_count(0)
    page.reload()
    expect(chart(page, "val/loss")).to_be_visible()
    expect(chart(page, "train/loss")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("train")

    expect(chart(page, "train/loss")).to_be_visible()
    expect(chart(page, "val/loss")).to_have_count(0)
    expect(page).to_have_url(f"{server.url}/local/{project}?panels=train")


def test_dragging_zooms_at_full_resolution_and_a_double_click_resets(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("r1").rows(3_000).ship()
    page.goto(f"{server.url}/local/{project}")
    loss = chart(page, "train/loss")
    expect(loss).to_have_attribute("data-points", "3000")
    plot = loss.locator(".u-over").bounding_box()
    assert plot is not None
    middle = plot["y"] + plot["height"] / 2

    with page.expect_request(
        lambda sent: sent.url.endswith("/lines") and bool((sent.post_data_json or {}).get("x_min"))
    ):
        page.mouse.move(plot["x"] + plot["width"] * 0.5, middle)
        page.mouse.down()
        page.mouse.move(plot["x"] + plot["width"] * 0.6, middle, steps=4)
        page.mouse.up()
    expect(page.get_by_role("button", name="Show all of x")).to_be_visible()
    expect(loss).not_to_have_attribute("data-points", "3000")
    points = int(loss.get_attribute("data-points") or 0)
    assert 250 < points < 350
    loss.locator(".u-over").dblclick()

    expect(loss).to_have_attribute("data-points", "3000")
    expect(page.get_by_role("button", name="Show all of x")).to_have_count(0)


def test_hovering_tells_the_run_and_its_value(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("r1", name="<b>bold</b>").rows(10, {"train/loss": 0.123456}).ship()
    page.goto(f"{server.url}/local/{project}")
    expect(chart(page, "train/loss")).to_have_attribute("data-points", "10")

    chart(page, "train/loss").locator(".u-over").hover()

    tip = page.get_by_role("tooltip").filter(has_text="step")
    expect(tip).to_contain_text("<b>bold</b>")
    expect(tip).to_contain_text("0.1235")


def test_smoothing_and_x_axis_live_in_the_address(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    start_run("r1").rows(50).ship()
    page.goto(f"{server.url}/local/{project}")
    loss = chart(page, "train/loss")
    expect(loss).to_have_attribute("data-points", "50")
    before = loss.screenshot()

    page.get_by_role("slider", name="Smoothing").press("End")
    expect(page).to_have_url(f"{server.url}/local/{project}?smooth=0.99")
    assert loss.screenshot() != before
    page.get_by_label("x axis").select_option("Relative time")

    expect(page).to_have_url(f"{server.url}/local/{project}?smooth=0.99&x=_runtime")
    expect(loss).to_have_attribute("aria-label", "Line chart of 1 runs over time since start")


def test_values_that_are_not_finite_and_odd_keys_break_nothing(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    run = start_run("r1", name="n" * 120, config={"bad": float("nan")})
    for value in (1.0, math.nan, math.inf, -math.inf, 1e308, -1e308, 1e-300):
        run.rows(1, {"odd": value, "emoji/🙂 <script>": value})
    run.ship()

    page.goto(f"{server.url}/local/{project}")

    expect(chart(page, "odd")).to_have_attribute("data-lines", "1")
    expect(chart(page, "emoji/🙂 <script>")).to_have_attribute("data-lines", "1")
    page.goto(f"{server.url}/local/{project}/table")
    expect(page.get_by_role("link", name="n" * 120)).to_be_visible()


def test_a_key_logged_once_is_a_bar_per_run(
    page: Page, server: RunningServer, project: str, start_run: StartRun
) -> None:
    for run_id, value in (("r1", 0.5), ("r2", 0.75)):
        start_run(run_id, name=run_id).rows(1, {"test/accuracy": value}).ship()

    page.goto(f"{server.url}/local/{project}")

    bars = page.locator('[data-panel="test/accuracy"] [data-bars]')
    expect(bars).to_have_attribute("data-bars", "2")
    expect(bars).to_contain_text("0.75")


def test_images_are_shown_per_step_and_enlarged(
    page: Page, server: RunningServer, project: str, start_run: StartRun, png: bytes
) -> None:
    run = start_run("r1", name="painter")
    run.image("val/sample", png, "early").image("val/sample", png, "late").ship()
    page.goto(f"{server.url}/local/{project}")
    panel = page.locator('[data-panel="val/sample"]')
    expect(panel).to_contain_text("late")

    panel.get_by_role("slider").press("Home")
    expect(panel).to_contain_text("early")
    panel.get_by_role("button", name="Enlarge early of painter").click()

    picture = page.get_by_role("dialog").get_by_role("img", name="early")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 4


def test_a_lost_server_is_said_and_found_again(page: Page, project: str) -> None:
    with RunningServer() as server:
        run = LoggedRun(server, project, "r1").rows(5).ship()
        page.goto(f"{server.url}/local/{project}")
        expect(chart(page, "train/loss")).to_have_attribute("data-points", "5")

        server.kill()
        expect(page.get_by_text("The connection to the server is lost")).to_be_visible()
        expect(chart(page, "train/loss")).to_have_attribute("data-points", "5")
        server.start()
        run.rows(5).ship()

        expect(chart(page, "train/loss")).to_have_attribute("data-points", "10")
        expect(page.get_by_text("The connection to the server is lost")).to_have_count(0)
