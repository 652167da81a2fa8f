from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from runwake.server.query import bodies
from runwake.testing.in_process import Api, serving
from runwake.testing.logs import LogBuilder
from runwake.wire.records import Console, File, SummaryUpdate

PROJECT = "/projects/local/demo"
IMAGE = "ab" * 32


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with three runs, which the tests here only read."""
    data_dir: Path = tmp_path_factory.mktemp("query")
    with serving(data_dir) as running:
        for log in example_runs():
            running.ship_all(log)
        yield running


def example_runs() -> list[LogBuilder]:
    first = LogBuilder(
        run_id="r1",
        name="alpha",
        tags=["base"],
        config={"lr": 0.1, "model": {"depth": 2}, "nan": math.nan},
        host="box",
        pid=7,
        args=["--x", "1"],
        time=1_000.0,
    )
    for step in range(50):
        first.row({"loss": 1 / (step + 1), ("val", "acc"): step}, step)
    first.row({"loss": math.nan, "note": "text", "hist": {"_type": "histogram", "bins": [1]}}, 50)
    for step in (10, 20):
        media = {"_type": "image-file", "digest": IMAGE, "size": 3, "path": f"{step}.png"}
        first.row({"sample": media}, step)
    first.record(SummaryUpdate(set=[(["best", "acc"], math.inf)]))
    first.record(Console(channel="stdout", text="one\ntwo\n", time=1.0))
    first.record(Console(channel="stderr", text="oops\n", time=2.0))
    first.record(File(path="a/b.txt", digest="cd" * 32, size=5, media_type="text/plain", time=3.0))
    first.exit()
    second = LogBuilder(run_id="r2", name="beta", config={"lr": 0.2}, time=2_000.0)
    second.row({"loss": 5.0}, 0)
    third = LogBuilder(run_id="r3", name="gamma", time=3_000.0).exit("failed", 1, time=3_010.0)
    return [first, second, third]


def checked(model: type[BaseModel], body: Any) -> Any:
    """Return the body if it is exactly what the published model says."""
    parsed = model.model_validate(body, strict=True)
    assert set(body) == set(model.model_fields), f"{model.__name__} has other fields"
    assert parsed is not None
    return body


def ids(page: Any) -> list[str]:
    return [run["id"] for run in page["runs"]]


def test_projects_come_with_counts(api: Api) -> None:
    body = checked(bodies.ProjectList, api.get("/projects"))

    assert [(p["name"], p["num_runs"], p["num_running"]) for p in body["projects"]] == [
        ("demo", 3, 1)
    ]
    assert checked(bodies.Project, api.get(PROJECT)) == body["projects"][0]


def test_runs_are_listed_newest_first_and_paged(api: Api) -> None:
    page = checked(bodies.RunPage, api.get(f"{PROJECT}/runs?limit=2"))

    assert ids(page) == ["r3", "r2"]
    assert page["total"] == 3
    assert ids(api.get(f"{PROJECT}/runs?limit=2&offset=2")) == ["r1"]
    for run in page["runs"]:
        checked(bodies.Run, run)


def test_runs_are_searched_and_sorted(api: Api) -> None:
    assert ids(api.get(f"{PROJECT}/runs?search=BASE")) == ["r1"]
    assert ids(api.get(f"{PROJECT}/runs?search=%5Ea%7Cr2&regex=true&sort=name")) == ["r1", "r2"]
    assert ids(api.get(f"{PROJECT}/runs?sort=-config.lr")) == ["r2", "r1", "r3"]
    assert ids(api.get(f"{PROJECT}/runs?sort=-num_rows")) == ["r1", "r2", "r3"]
    assert ids(api.get(f"{PROJECT}/runs?sort=config.model.depth&search=r")) == ["r1", "r3", "r2"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("search=(&regex=1", "search"),
        ("sort=nope", "sort"),
        ("limit=0", "limit"),
        ("limit=100000", "limit"),
        ("offset=-1", "offset"),
        ("regex=perhaps", "regex"),
    ],
)
def test_bad_parameters_are_named(api: Api, query: str, word: str) -> None:
    response = api.request("GET", f"{PROJECT}/runs?{query}")

    assert response.status == 422
    error = checked(bodies.ErrorBody, response.json()["error"])
    assert word in error["message"]


def test_a_run_is_told_whole(api: Api) -> None:
    run = checked(bodies.RunDetail, api.get(f"{PROJECT}/runs/r1"))

    assert run["config"] == {"lr": 0.1, "model": {"depth": 2}, "nan": "NaN"}
    assert run["summary"]["best.acc"] == "Infinity"
    assert run["summary"]["loss"] == "NaN"
    assert run["summary"]["sample"]["digest"] == IMAGE
    assert (run["state"], run["exit_code"], run["num_rows"]) == ("finished", 0, 53)
    assert (run["started_at"], run["finished_at"], run["duration_s"]) == (1_000, 2_000, 1_000)
    process = checked(bodies.RunProcess, run["processes"][0])
    assert (process["host"], process["pid"], process["args"]) == ("box", 7, ["--x", "1"])


@pytest.mark.parametrize(
    "path",
    [
        "/projects/local/nope",
        "/projects/local/nope/runs",
        "/projects/local/nope/keys",
        "/projects/local/nope/changes",
        "/projects/local/nope/live",
        "/projects/local/nope/media?key=a&run=r1",
        f"{PROJECT}/runs/nope",
        f"{PROJECT}/runs/nope/keys",
        f"{PROJECT}/runs/nope/history",
        f"{PROJECT}/runs/nope/console",
        f"{PROJECT}/runs/nope/files",
        f"/blobs/local/demo/{IMAGE}",
        "/blobs/local/demo/nope",
        "/api/v1/nope",
        "/api/v1",
    ],
)
def test_what_is_not_there_is_404_in_the_one_error_shape(api: Api, path: str) -> None:
    response = api.request("GET", path)

    assert response.status == 404
    assert checked(bodies.ErrorBody, response.json()["error"])["code"] == "not_found"


def test_a_wrong_method_is_405_in_the_one_error_shape(api: Api) -> None:
    response = api.request("PUT", "/projects")

    assert response.status == 405
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_keys_of_a_project_and_of_a_run(api: Api) -> None:
    keys = {key["key"]: key for key in checked(bodies.KeyList, api.get(f"{PROJECT}/keys"))["keys"]}

    assert list(keys) == sorted(keys) == ["hist", "loss", "note", "sample", "val.acc"]
    assert keys["loss"] == {
        "key": "loss",
        "kinds": ["f"],
        "media_type": None,
        "num_runs": 2,
        "max_count": 51,
        "step_metric": None,
        "hidden": False,
        "goal": None,
    }
    assert keys["sample"]["media_type"] == "image-file"
    body = checked(bodies.RunKeyList, api.get(f"{PROJECT}/runs/r1/keys"))
    loss = next(key for key in body["keys"] if key["key"] == "loss")
    assert (loss["minimum"], loss["maximum"], loss["last"]) == (0.02, 1.0, "NaN")


def test_lines_are_drawn_with_an_etag_that_knows_when_nothing_changed(api: Api) -> None:
    question = {"runs": ["r1", "r2", "nope"], "keys": ["loss", "val.acc"]}

    response = api.request("POST", f"{PROJECT}/lines", json=question)

    lines = {(line["run"], line["key"]): line for line in response.json()["lines"]}
    assert set(lines) == {("r1", "loss"), ("r1", "val.acc"), ("r2", "loss")}
    loss = checked(bodies.Line, lines["r1", "loss"])
    assert loss["sampling"] == "raw"
    assert loss["num_points"] == 51
    assert len(loss["x"]) == len(loss["last"]) == 50
    assert loss["minimum"] == loss["count"] == []
    assert (loss["nonfinite_x"], loss["nonfinite"]) == ([50.0], [0])
    again = api.request(
        "POST",
        f"{PROJECT}/lines",
        json=question,
        headers={"If-None-Match": response.headers["etag"]},
    )
    assert again.status == 304
    assert again.data == b""
    other = api.request(
        "POST",
        f"{PROJECT}/lines",
        json=question | {"x": "_runtime"},
        headers={"If-None-Match": response.headers["etag"]},
    )
    assert other.status == 200


def test_long_lines_come_in_buckets_that_lose_no_spike(api: Api) -> None:
    question = {"runs": ["r1"], "keys": ["val.acc"], "max_buckets": 8}

    (line,) = api.request("POST", f"{PROJECT}/lines", json=question).json()["lines"]

    assert checked(bodies.Line, line)["sampling"] == "buckets"
    assert len(line["x"]) <= 8
    assert min(line["minimum"]) == 0
    assert max(line["maximum"]) == 49
    assert sum(line["count"]) == 50


def test_lines_are_limited_to_a_range_of_x(api: Api) -> None:
    question = {"runs": ["r1"], "keys": ["val.acc"], "x_min": 3, "x_max": 5}

    (line,) = api.request("POST", f"{PROJECT}/lines", json=question).json()["lines"]

    assert line["x"] == [3, 4, 5]


@pytest.mark.parametrize(
    "change", [{"keys": []}, {"max_buckets": 1}, {"x_min": "low"}, {"runs": "r1"}]
)
def test_bad_questions_for_lines_are_refused(api: Api, change: dict[str, Any]) -> None:
    question = {"runs": ["r1"], "keys": ["loss"]} | change

    response = api.request("POST", f"{PROJECT}/lines", json=question)

    assert response.status == 422
    assert next(iter(change)) in response.json()["error"]["message"]


def test_history_comes_in_pages_exactly_as_logged(api: Api) -> None:
    page = checked(bodies.HistoryPage, api.get(f"{PROJECT}/runs/r1/history?first_row=48&limit=3"))

    assert [(row["row"], row["step"]) for row in page["rows"]] == [(48, 48), (49, 49), (50, 50)]
    assert page["rows"][2]["values"]["loss"] == "NaN"
    assert page["rows"][2]["values"]["note"] == "text"
    assert page["next_row"] == 51
    rest = api.get(f"{PROJECT}/runs/r1/history?first_row=51&keys=sample&keys=loss")
    assert rest["next_row"] is None
    assert [list(row["values"]) for row in rest["rows"]] == [["sample"], ["sample"]]


def test_media_are_listed_at_the_last_step_before_the_one_asked_for(api: Api) -> None:
    body = checked(bodies.MediaList, api.get(f"{PROJECT}/media?key=sample&run=r1&run=r2"))

    assert body["steps"] == [10, 20]
    item = checked(bodies.MediaItem, body["items"][0])
    assert item["url"] == f"/api/v1/blobs/local/demo/{IMAGE}"
    at_15 = api.get(f"{PROJECT}/media?key=sample&run=r1&step=15")
    assert [item["step"] for item in at_15["items"]] == [10]
    assert at_15["steps"] == [10, 20]
    assert api.get(f"{PROJECT}/media?key=sample&run=r1&step=5")["items"] == []
    assert api.get(f"{PROJECT}/media?key=hist&run=r1")["items"][0]["url"] is None


def test_console_lines_are_counted_from_the_end_too(api: Api) -> None:
    page = checked(bodies.ConsolePage, api.get(f"{PROJECT}/runs/r1/console?first=-2"))

    assert page["total"] == 3
    assert [(line["number"], line["channel"], line["text"]) for line in page["lines"]] == [
        (1, "stdout", "two"),
        (2, "stderr", "oops"),
    ]


def test_files_are_listed_with_where_their_bytes_are(api: Api) -> None:
    body = checked(bodies.FileList, api.get(f"{PROJECT}/runs/r1/files"))

    (file,) = body["files"]
    assert checked(bodies.RunFile, file)["url"] == "/api/v1/blobs/local/demo/" + "cd" * 32
    assert file["path"] == "a/b.txt"


def test_the_server_tells_who_it_is(api: Api) -> None:
    body = checked(bodies.ServerInfo, api.get("/server"))

    assert (body["authentication"], body["signed_in"]) == (False, True)
    assert body["default_entity"] == "local"


def test_health_and_readiness(api: Api) -> None:
    assert api.get("/healthz") == {"status": "ok"}
    assert api.get("/readyz") == {"status": "ok"}


def test_halves_of_characters_are_refused(api: Api) -> None:
    response = api.request(
        "POST",
        "/projects/local/demo/lines",
        body=b'{"runs": ["\\ud800"], "keys": ["a"]}',
        headers={"Content-Type": "application/json"},
    )

    assert response.status == 422
    assert "surrogate" in response.json()["error"]["message"]
