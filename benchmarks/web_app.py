"""How fast charts come into view: `python benchmarks/web_app.py`.

Serves made-up runs from a real server, opens their workspace in the system's Chromium with an empty
cache, and takes the time from the navigation to the first and to the last visible chart with all of
its points drawn. Prints one JSON document. The floor of each case is the time that the same browser
takes, turn by turn, for an answer of the same server that holds nothing (`/api/v1/server`): what is
above it is ours. Needs a built web app, playwright and chromium.

Cases: `keys` is a new project with many metrics (10 runs x 200 keys x 1,000 points); `runs` is one
chart of very many runs (1,000 runs x 1,000 points), and how long a pointer's move over it takes.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import statistics
import sys
from typing import Any

import zstandard
from playwright.sync_api import Browser, Page, sync_playwright

from runwake.testing.logs import LogBuilder
from runwake.testing.server import RunningServer
from runwake.wire.http import RANGE_SIZE, stream_path

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
VIEWPORT = (1440, 900)
TIMEOUT_MS = 120_000
NUM_MOVES = 40

DRAWN = """
([lines, points]) => {
  const charts = [...document.querySelectorAll(".panel .chart")];
  const visible = [...document.querySelectorAll(".panel")].filter(
    (panel) => panel.getBoundingClientRect().top < innerHeight,
  );
  const isDrawn = (chart) =>
    chart.querySelector("canvas") !== null &&
    Number(chart.dataset.lines) === lines && Number(chart.dataset.points) === points;
  const drawn = charts.filter(isDrawn);
  const all = visible.every((panel) => drawn.some((chart) => panel.contains(chart)));
  window.__first ??= drawn.length > 0 ? performance.now() : undefined;
  return visible.length > 0 && all ? [window.__first, performance.now()] : false;
}
"""

MOVES = """
async (count) => {
  const over = document.querySelector(".chart .u-over");
  const box = over.getBoundingClientRect();
  const took = [];
  for (let i = 0; i < count; i++) {
    await new Promise(requestAnimationFrame);
    const at = { clientX: box.left + (box.width * (i + 1)) / (count + 2),
                 clientY: box.top + box.height / 2, bubbles: true };
    if (i === 0) over.dispatchEvent(new MouseEvent("mouseenter", at));
    const begin = performance.now();
    over.dispatchEvent(new MouseEvent("mousemove", at));
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - begin);
  }
  return took;
}
"""


def ship_run(server: RunningServer, project: str, number: int, num_keys: int, rows: int) -> None:
    """Ingest one run of falling, noisy curves."""
    rng = random.Random(number)
    name = f"run-{number}"
    log = LogBuilder("local", project, name, "w1", name=name, config={"lr": 0.1 / (number + 1)})
    keys = [f"{'train' if i % 2 else 'val'}/metric_{i}" for i in range(num_keys)]
    for step in range(rows):
        level = math.exp(-step / (rows / 4)) + 0.1 * rng.random()
        log.row({key: level + 0.01 * i for i, key in enumerate(keys)}, step)
    log.exit()
    client, known, data = server.client(), 0, log.data
    while known < len(data):
        answer = client.request(
            "POST",
            f"{stream_path('local', project, name, 'w1')}?offset={known}&final=1",
            body=zstandard.compress(data[known : known + RANGE_SIZE]),
            headers={"Content-Encoding": "zstd"},
        )
        assert answer.status == 200, answer.data
        known = json.loads(answer.data)["offset"]


def time_page(browser: Browser, url: str, lines: int, points: int) -> tuple[Page, float, float]:
    """Open a page in a fresh context; return it with the ms to the first and last chart."""
    context = browser.new_context(viewport={"width": VIEWPORT[0], "height": VIEWPORT[1]})
    page = context.new_page()
    page.goto(url, wait_until="commit")
    handle = page.wait_for_function(DRAWN, arg=[lines, points], timeout=TIMEOUT_MS)
    first, last = handle.json_value()
    return page, first, last


def time_floor(browser: Browser, url: str) -> float:
    """Return the ms that a fresh context takes to load next to nothing."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/api/v1/server")
    took = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    context.close()
    return float(took)


def measure(
    browser: Browser, server: RunningServer, name: str, sizes: tuple[int, int, int], repeats: int
) -> dict[str, Any]:
    """Ingest one case and open it `repeats` times."""
    num_runs, num_keys, rows = sizes
    for number in range(num_runs):
        ship_run(server, name, number, num_keys, rows)
    floors, firsts, lasts, moves = [], [], [], []
    for _ in range(repeats):
        floors.append(time_floor(browser, server.url))
        url = f"{server.url}/local/{name}"
        page, first, last = time_page(browser, url, num_runs, num_runs * rows)
        firsts.append(first)
        lasts.append(last)
        if num_keys == 1:
            moves += page.evaluate(MOVES, NUM_MOVES)
        page.context.close()
    floor, first, last = map(statistics.median, (floors, firsts, lasts))
    result = {
        "case": name,
        "runs": num_runs,
        "keys": num_keys,
        "points_per_line": rows,
        "first_chart_ms": round(first),
        "visible_charts_ms": round(last),
        "floor_ms": round(floor, 1),
        "first_chart_to_floor": round(first / floor, 1),
        "visible_charts_to_floor": round(last / floor, 1),
    }
    if moves:
        result["hover_median_ms"] = round(statistics.median(moves), 1)
        result["hover_p95_ms"] = round(sorted(moves)[int(len(moves) * 0.95)], 1)
    return result


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="share of runs that is made")
    arguments = parser.parse_args()
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        sys.exit("chromium is not installed here: apt-get install chromium")
    cases = {"keys": (10, 200, 1_000), "runs": (1_000, 1, 1_000)}
    results = []
    with sync_playwright() as playwright, RunningServer() as server:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        for name, (num_runs, num_keys, rows) in cases.items():
            sizes = (max(1, round(num_runs * arguments.scale)), num_keys, rows)
            results.append(measure(browser, server, name, sizes, arguments.repeats))
        browser.close()
    json.dump({"benchmark": "web_app", "results": results}, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
