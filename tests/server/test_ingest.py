from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from runwake.testing.in_process import Api, serving
from runwake.testing.logs import LogBuilder
from runwake.wire import frames
from runwake.wire.http import MAX_RANGE_SIZE, stream_path
from runwake.wire.records import Console, RunStart

RUN = "/projects/local/demo/runs/r1"


def history(api: Api, run: str = RUN) -> list[dict[str, Any]]:
    page = api.get(f"{run}/history?limit=10000")
    rows: list[dict[str, Any]] = page["rows"]
    return rows


def console(api: Api, run: str = RUN) -> list[str]:
    return [line["text"] for line in api.get(f"{run}/console?first=0&limit=10000")["lines"]]


def test_entity_project_and_run_come_into_being_at_first_use(api: Api) -> None:
    log = LogBuilder("Team", "My Project", "run-1", name=None).row({"loss": 1.5}, 0).exit()

    api.ship_all(log)

    run = api.get("/projects/Team/My%20Project/runs/run-1")
    assert run["state"] == "finished"
    assert run["num_rows"] == 1
    assert run["name"]
    assert run["summary"] == {"loss": 1.5}
    assert [project["entity"] for project in api.get("/projects")["projects"]] == ["Team"]


def test_names_are_case_sensitive(api: Api) -> None:
    api.ship_all(LogBuilder(project="Demo"))

    assert api.request("GET", "/projects/local/demo").status == 404
    assert api.request("GET", "/projects/local/Demo").status == 200


def test_a_range_that_comes_again_changes_nothing(api: Api) -> None:
    log = LogBuilder().row({"a": 1}, 0).row({"a": 2}, 1)
    log.record(Console(channel="stdout", text="hello\n", time=5.0))
    first = api.ship(log)

    again = api.ship(log)

    assert first.json() == again.json() == {"offset": len(log), "stop_requested": False}
    assert [row["values"] for row in history(api)] == [{"a": 1}, {"a": 2}]
    assert console(api) == ["hello"]


def test_a_range_that_overlaps_adds_only_what_is_new(api: Api) -> None:
    log = LogBuilder().row({"a": 0}, 0)
    middle = len(log)
    log.row({"a": 1}, 1)
    api.ship(log, 0, len(log))
    log.row({"a": 2}, 2)

    assert api.ship(log, middle).json()["offset"] == len(log)
    assert [row["step"] for row in history(api)] == [0, 1, 2]


def test_a_gap_is_refused_with_the_offset_to_go_on_at(api: Api) -> None:
    log = LogBuilder().row({"a": 0}, 0)
    end = len(log)
    api.ship(log)
    log.row({"a": 1}, 1)
    begin = len(log)
    log.row({"a": 2}, 2)

    response = api.ship(log, begin)

    assert response.status == 409
    assert response.json() == {"expected": end}
    unknown = LogBuilder(stream="w2").row({"a": 1}, 0)
    assert api.ship(unknown, 20).json() == {"expected": 0}


def test_a_range_may_be_cut_anywhere(api: Api) -> None:
    log = LogBuilder(config={"x": 1})
    for step in range(20):
        log.row({"a": step, "b": "text"}, step)
    log.exit()
    known = 0
    for end in [*range(10, len(log), 97), len(log)]:
        response = api.ship(log, known, end)
        assert response.status == 200, response.data
        assert known <= response.json()["offset"] <= end
        known = response.json()["offset"]

    assert known == len(log)
    assert [row["values"]["a"] for row in history(api)] == list(range(20))


def test_where_a_stream_stands_can_be_asked(api: Api) -> None:
    log = LogBuilder().row({"a": 1}, 0)
    path = stream_path(*log.path)

    assert api.get(path) == {"offset": 0, "stop_requested": False}
    api.ship(log)
    assert api.get(path)["offset"] == len(log)


def test_an_open_row_is_held_back_and_what_follows_it_is_not(api: Api) -> None:
    log = LogBuilder().row({"a": 1}, 0)
    log.row({"b": 2}, 1, is_open=True)
    held = len(log)
    log.record(Console(channel="stdout", text="epoch 1 …\n", time=9.0))
    log.record(RunStart(entity="local", project="demo", run_id="r1", stream="w1", name="renamed"))

    offset = api.ship(log).json()["offset"]

    assert offset < held
    assert [row["step"] for row in history(api)] == [0]
    assert console(api) == ["epoch 1 …"]
    run = api.get(RUN)
    assert run["summary"] == {"a": 1, "b": 2}
    assert run["last_step"] == 1
    assert run["name"] == "renamed"

    log.row({"c": 3}, 1)
    assert api.ship(log, offset).json()["offset"] == len(log)
    assert [row["values"] for row in history(api)] == [{"a": 1}, {"b": 2, "c": 3}]
    assert console(api) == ["epoch 1 …"]


def test_a_final_range_closes_the_open_row_and_the_process(api: Api) -> None:
    log = LogBuilder().row({"a": 1}, 0, is_open=True)
    log.record(Console(channel="stderr", text="no newline", time=9.0))
    offset = api.ship(log).json()["offset"]

    assert api.ship(log, offset, final=True).json()["offset"] == len(log)
    assert api.ship(log, offset, final=True).json()["offset"] == len(log)

    assert [row["values"] for row in history(api)] == [{"a": 1}]
    assert console(api) == ["no newline"]
    assert api.get(RUN)["state"] == "crashed"


def test_two_streams_write_into_one_run(api: Api) -> None:
    rank0 = LogBuilder(stream="rank0", host="box").row({"loss": 1.0}, 0)
    rank1 = LogBuilder(stream="rank1", host="box").row({"other": 2.0}, 0)
    api.ship_all(rank0)
    api.ship_all(rank1)
    rank0.exit()
    api.ship(rank0)

    run = api.get(RUN)
    assert run["state"] == "running"
    assert [process["stream"] for process in run["processes"]] == ["rank0", "rank1"]
    assert run["summary"] == {"loss": 1.0, "other": 2.0}

    rank1.exit()
    api.ship(rank1)
    assert api.get(RUN)["state"] == "finished"
    assert len(history(api)) == 2


def test_console_lines_without_a_newline_are_shown_and_may_grow(api: Api) -> None:
    log = LogBuilder().record(Console(channel="stdout", text="done\n 10%", time=1.0))
    api.ship_all(log)
    page = api.get(f"{RUN}/console")
    assert [(line["number"], line["text"]) for line in page["lines"]] == [(0, "done"), (1, " 10%")]
    assert page["total"] == 1

    begin = len(log)
    log.record(Console(channel="stdout", text="\r100%\n", time=2.0))
    api.ship(log, begin)

    page = api.get(f"{RUN}/console?first=1")
    assert [(line["number"], line["text"]) for line in page["lines"]] == [(1, "100%")]
    assert page["total"] == 2


def test_a_begun_line_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    log = LogBuilder().record(Console(channel="stdout", text="half a ", time=1.0))
    with serving(tmp_path) as api:
        api.ship_all(log)
    begin = len(log)
    log.record(Console(channel="stdout", text="line\n", time=2.0))

    with serving(tmp_path) as api:
        api.ship(log, begin)
        assert console(api) == ["half a line"]


def test_schemas_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    log = LogBuilder().row({"a": 1.0}, 0)
    with serving(tmp_path) as api:
        api.ship_all(log)
    begin = len(log)
    log.row({"a": 2.0}, 1)

    with serving(tmp_path) as api:
        assert api.ship(log, begin).json()["offset"] == len(log)
        assert [row["values"] for row in history(api)] == [{"a": 1.0}, {"a": 2.0}]


def test_damaged_bytes_are_counted_and_shown(api: Api) -> None:
    log = LogBuilder().row({"a": 1}, 0)
    begin = len(log)
    log.row({"a": 2}, 1)
    whole = log.data
    torn = LogBuilder()
    torn._bytes[:] = whole[:-1] + bytes([whole[-1] ^ 1])  # the last frame's checksum fails

    assert api.ship(torn, final=True).json()["offset"] == len(whole)

    run = api.get(RUN)
    assert run["processes"][0]["damaged_bytes"] == len(whole) - begin
    assert len(history(api)) == 1


def test_a_log_of_another_run_is_refused(api: Api) -> None:
    log = LogBuilder(run_id="other")
    path = stream_path("local", "demo", "r1", "w1") + "?offset=0"

    response = api.request("POST", path, body=log.data)

    assert response.status == 422
    assert "other" in response.json()["error"]["message"]
    assert api.request("GET", "/projects/local/demo").status == 404


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (("local", "a:b", "r1", "w1"), "project"),
        (("local", "demo", "r?1", "w1"), "run"),
        (("local", "demo", "r1", "w w"), "stream"),
        (("..", "demo", "r1", "w1"), "entity"),
    ],
)
def test_names_that_are_not_allowed_are_named(
    api: Api, path: tuple[str, str, str, str], word: str
) -> None:
    response = api.request("POST", stream_path(*path) + "?offset=0", body=b"")

    assert response.status == 422
    assert word in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"not zstd", zstandard.compress(b"x" * 1000)[:-4]])
def test_a_body_that_is_not_whole_zstd_is_refused(api: Api, body: bytes) -> None:
    path = stream_path("local", "demo", "r1", "w1") + "?offset=0"

    response = api.request("POST", path, body=body, headers={"Content-Encoding": "zstd"})

    assert response.status == 422
    assert "zstd" in response.json()["error"]["message"]


def test_a_decompression_bomb_is_refused(api: Api) -> None:
    bomb = zstandard.compress(bytes(MAX_RANGE_SIZE * 4), 19)
    assert len(bomb) < 100_000
    path = stream_path("local", "demo", "r1", "w1") + "?offset=0"

    response = api.request("POST", path, body=bomb, headers={"Content-Encoding": "zstd"})

    assert response.status == 413
    assert response.json()["error"]["code"] == "too_large"


def test_bytes_that_are_no_log_are_refused(api: Api) -> None:
    path = stream_path("local", "demo", "r1", "w1") + "?offset=0"

    response = api.request("POST", path, body=b"x" * 100)

    assert response.status == 422
    assert response.json()["error"]["code"] == "log_format"


def test_an_unknown_encoding_is_refused(api: Api) -> None:
    path = stream_path("local", "demo", "r1", "w1") + "?offset=0"

    response = api.request("POST", path, body=b"x", headers={"Content-Encoding": "br"})

    assert response.status == 422


def test_a_stop_request_reaches_the_sender_with_its_next_answer(api: Api) -> None:
    log = LogBuilder()
    api.ship_all(log)

    assert api.request("POST", f"{RUN}/stop").status == 204

    assert api.request("POST", stream_path(*log.path) + "/heartbeat").json() == {
        "offset": len(log),
        "stop_requested": True,
    }
    api.ship(log.exit("killed"))
    assert api.get(RUN)["state"] == "killed"
    assert api.request("POST", f"{RUN}/stop").status == 422


def test_what_a_deleted_run_still_sends_is_dropped_and_it_is_asked_to_stop(api: Api) -> None:
    log = LogBuilder().row({"a": 1}, 0)
    api.ship_all(log)
    begin = len(log)
    assert api.request("DELETE", RUN).status == 204
    log.row({"a": 2}, 1)

    answer = api.ship(log, begin).json()

    assert answer == {"offset": len(log), "stop_requested": True}
    assert api.request("GET", RUN).status == 404
    other = LogBuilder(stream="w2").row({"b": 1}, 0)
    api.ship_all(other)
    assert [row["values"] for row in history(api)] == [{"b": 1}]


def test_a_forked_child_does_not_bring_a_deleted_run_back(api: Api) -> None:
    api.ship_all(LogBuilder())
    assert api.request("DELETE", RUN).status == 204

    answer = api.ship(LogBuilder(stream="fork-1").row({"a": 1}, 0), final=True).json()

    assert answer["stop_requested"]
    assert api.request("GET", RUN).status == 404


def test_a_heartbeat_of_an_unknown_run_makes_none(api: Api) -> None:
    path = stream_path("local", "demo", "r1", "w1") + "/heartbeat"

    assert api.request("POST", path).json() == {"offset": 0, "stop_requested": False}
    assert api.request("GET", "/projects/local/demo").status == 404


def test_a_silent_run_is_marked_and_comes_back(tmp_path: Path) -> None:
    now = [1_000.0]
    log = LogBuilder().row({"a": 1}, 0)
    with serving(tmp_path, clock=lambda: now[0]) as api:
        api.ship_all(log)
        mark = api.app.state.jobs["silent runs"]
        now[0] = 1_299.0
        assert mark() == 0
        now[0] = 1_301.0
        assert mark() == 1
        run = api.get(RUN)
        assert run["state"] == "crashed"
        assert run["finished_at"] == 1_000.0
        assert "300 s" in run["exit_reason"]

        api.request("POST", stream_path(*log.path) + "/heartbeat")

        run = api.get(RUN)
        assert run["state"] == "running"
        assert run["finished_at"] is None


def hostile(**fields: Any) -> bytes:
    """Return the frame of a record with fields as no client of ours sends them."""
    return frames.frame(bytes((frames.CONTROL,)) + msgspec.msgpack.encode(fields))


NAN = float("nan")
HOSTILE = [
    hostile(type="console", time=NAN, channel="stdout", text="a line\n"),
    hostile(type="alert", time=NAN, title="t"),
    hostile(type="exit", time=NAN, state="finished", code=2**63),
    hostile(type="file", path="../../x\0", digest="no", size=2**64 - 1),
    hostile(
        type="start",
        time=NAN,
        entity="local",
        project="demo",
        run_id="r1",
        stream="w1",
        pid=2**64 - 1,
    ),
]


@pytest.mark.parametrize("frame", HOSTILE)
def test_numbers_that_no_database_keeps_do_not_hold_a_stream_up(api: Api, frame: bytes) -> None:
    log = LogBuilder().raw(frame).row({"a": 1.0}, 0)

    api.ship_all(log, final=True)

    run = "/projects/local/demo/runs/r1"
    assert api.get(run)["num_rows"] == 1
    assert api.get(f"{run}/history")["rows"][0]["values"] == {"a": 1.0}
    for part in ("console", "files"):
        assert api.get(f"{run}/{part}") is not None
