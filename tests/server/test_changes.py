from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runwake.testing.in_process import Api, serving
from runwake.testing.logs import LogBuilder
from runwake.wire.http import API

PROJECT = "/projects/local/demo"
RUN = f"{PROJECT}/runs/r1"


def test_changes_are_what_happened_after_the_cursor(api: Api) -> None:
    first, second = LogBuilder(run_id="r1").row({"a": 1}, 0), LogBuilder(run_id="r2")
    api.ship_all(first)
    api.ship_all(second)
    cursor = api.get(f"{PROJECT}/runs")["cursor"]
    assert api.get(f"{PROJECT}/changes?cursor={cursor}")["runs"] == []

    begin = len(first)
    api.ship(first.row({"a": 2}, 1), begin)
    changes = api.get(f"{PROJECT}/changes?cursor={cursor}")
    assert [(run["id"], run["num_rows"]) for run in changes["runs"]] == [("r1", 2)]

    api.request("DELETE", f"{PROJECT}/runs/r2")
    api.request("PATCH", RUN, json={"name": "new"})
    later = api.get(f"{PROJECT}/changes?cursor={changes['cursor']}")
    assert [run["name"] for run in later["runs"]] == ["new"]
    assert later["deleted"] == ["r2"]
    assert api.get(f"{PROJECT}/changes?cursor={later['cursor']}")["deleted"] == []
    assert len(api.get(f"{PROJECT}/changes")["runs"]) == 1


def test_changes_of_other_projects_are_not_told(api: Api) -> None:
    api.ship_all(LogBuilder())
    cursor = api.get(f"{PROJECT}/runs")["cursor"]
    api.ship_all(LogBuilder(project="other"))

    changes = api.get(f"{PROJECT}/changes?cursor={cursor}")

    assert changes["runs"] == []
    assert int(changes["cursor"]) > int(cursor)


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "1.5"])
def test_a_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    api.ship_all(LogBuilder())

    assert api.request("GET", f"{PROJECT}/changes?cursor={cursor}").status == 422


def test_a_run_that_was_deleted_and_made_again_is_there(api: Api) -> None:
    api.ship_all(LogBuilder())
    cursor = api.get(f"{PROJECT}/runs")["cursor"]
    api.request("DELETE", RUN)
    api.ship_all(LogBuilder(stream="w2"))

    changes = api.get(f"{PROJECT}/changes?cursor={cursor}")

    assert [run["id"] for run in changes["runs"]] == ["r1"]
    assert changes["deleted"] == []


def test_fields_of_a_run_can_be_edited(api: Api) -> None:
    api.ship_all(LogBuilder(notes="old", group="g"))

    edited = api.request("PATCH", RUN, json={"tags": ["b", "a", "b"], "notes": None})

    assert edited.status == 200
    body = edited.json()
    assert (body["tags"], body["notes"], body["group"]) == (["b", "a"], None, "g")


@pytest.mark.parametrize(
    "change", [{"tags": [""]}, {"tags": ["x" * 65]}, {"name": ""}, {"name": 5}]
)
def test_edits_that_are_not_allowed_are_refused(api: Api, change: dict[str, Any]) -> None:
    api.ship_all(LogBuilder())

    response = api.request("PATCH", RUN, json=change)

    assert response.status == 422
    assert next(iter(change)) in response.json()["error"]["message"]


class Events:
    """A live stream, event by event."""

    def __init__(self, api: Api, cursor: str, **headers: str) -> None:
        self._response = api.pool.request(
            "GET",
            f"{API}{PROJECT}/live?cursor={cursor}",
            headers=headers,
            preload_content=False,
            timeout=20.0,
        )
        assert self._response.headers["content-type"].startswith("text/event-stream")
        self._pieces = self._response.stream(1024)
        self._text = ""

    def next(self) -> dict[str, Any]:
        while True:
            while "\n\n" not in self._text:
                self._text += next(self._pieces).decode()
            event, _, self._text = self._text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in event.splitlines() if line[0] != ":")
            if fields.get("event") == "changes":
                data: dict[str, Any] = json.loads(fields["data"])
                assert fields["id"] == data["cursor"]
                return data

    def is_at_end(self) -> bool:
        return not any(self._pieces)

    def close(self) -> None:
        self._response.close()


def test_a_live_stream_tells_changes_soon_and_together(api: Api) -> None:
    log = LogBuilder()
    api.ship_all(log)
    events = Events(api, api.get(f"{PROJECT}/runs")["cursor"])

    begin = time.monotonic()
    for step in range(5):
        end = len(log)
        api.ship(log.row({"a": step}, step), end)
    told = events.next()
    while told["runs"][0]["num_rows"] < 5:
        told = events.next()

    assert time.monotonic() - begin < 5.0
    assert [run["id"] for run in told["runs"]] == ["r1"]
    events.close()


def test_a_live_stream_goes_on_where_a_lost_one_ended(api: Api) -> None:
    api.ship_all(LogBuilder())
    cursor = api.get(f"{PROJECT}/runs")["cursor"]
    api.request("PATCH", RUN, json={"name": "while away"})

    events = Events(api, "", **{"Last-Event-ID": cursor})

    assert [run["name"] for run in events.next()["runs"]] == ["while away"]
    events.close()


def test_live_streams_end_when_the_server_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        api.ship_all(LogBuilder())
        events = Events(api, "")
        events.next()
        begin = time.monotonic()

    assert time.monotonic() - begin < 2.0
    assert events.is_at_end()
