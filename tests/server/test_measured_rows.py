"""What senders measure is kept beside what runs log, and never mixes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runwake.server.app import open_stores
from runwake.server.query import bodies
from runwake.store.ports import RunUid
from runwake.testing.in_process import Api, serving
from runwake.testing.logs import LogBuilder
from runwake.wire.records import Exit

PROJECT = "/projects/local/demo"
RUN = f"{PROJECT}/runs/r1"


def training(**start: Any) -> LogBuilder:
    log = LogBuilder(host="box", pid=7, **start)
    for step in range(3):
        log.row({"loss": float(step)}, step)
    return log


def measured(stream: str = "sender-1", host: str = "box", num_rows: int = 2) -> LogBuilder:
    log = LogBuilder(stream=stream, host=host, pid=7, role="sender", time=1_001.0)
    for i in range(num_rows):
        time = 1_001.0 + 10 * i
        log.row({"system/cpu": 50.0 + i, "system/gpu.0.temp_c": 60.0}, int(time * 1000), time)
    return log


def lines(api: Api, *keys: str, etag: str = "", **question: Any) -> Any:
    body = {"runs": ["r1"], "keys": list(keys), "x": "_runtime", **question}
    headers = {"If-None-Match": etag}
    return api.request("POST", f"{PROJECT}/lines", json=body, headers=headers)


def test_measured_rows_are_not_the_runs_own(api: Api) -> None:
    api.ship_all(training())
    api.ship_all(measured())

    run = api.get(RUN)
    assert (run["num_rows"], run["num_system_rows"], run["last_step"]) == (3, 2, 2)
    assert run["summary"] == {"loss": 2.0}
    assert [key["key"] for key in api.get(f"{RUN}/keys")["keys"]] == ["loss"]
    assert [key["key"] for key in api.get(f"{PROJECT}/keys")["keys"]] == ["loss"]
    assert [row["values"] for row in api.get(f"{RUN}/history")["rows"]] == [
        {"loss": 0.0},
        {"loss": 1.0},
        {"loss": 2.0},
    ]


def test_measured_keys_come_with_label_and_unit(api: Api) -> None:
    api.ship_all(training())
    api.ship_all(measured())

    answer = api.get(f"{RUN}/keys?source=system")

    bodies.RunKeyList.model_validate(answer, strict=True)
    assert [(key["key"], key["count"], key["about"]["unit"]) for key in answer["keys"]] == [
        ("system/cpu", 2, "%"),
        ("system/gpu.0.temp_c", 2, "°C"),
    ]
    assert answer["keys"][1]["about"]["title"] == "GPU 0 temperature"
    project = api.get(f"{PROJECT}/keys?source=system")["keys"]
    assert [key["key"] for key in project] == ["system/cpu", "system/gpu.0.temp_c"]
    rows = api.get(f"{RUN}/history?source=system&keys=system/cpu")["rows"]
    assert [row["values"]["system/cpu"] for row in rows] == [50.0, 51.0]


def test_a_user_may_log_keys_that_look_measured(api: Api) -> None:
    log = training()
    log.row({"system/cpu": 1.0}, 3)
    api.ship_all(log)
    api.ship_all(measured())

    key = api.get(f"{RUN}/keys")["keys"][1]
    assert (key["key"], key["last"], key["about"]) == ("system/cpu", 1.0, None)


def test_lines_are_of_the_history_that_is_asked_for(api: Api) -> None:
    api.ship_all(training())
    api.ship_all(measured())

    own = lines(api, "system/cpu", "loss").json()["lines"]
    system = lines(api, "system/cpu", "loss", source="system").json()["lines"]

    assert [(line["run"], line["key"]) for line in own] == [("r1", "loss")]
    assert [(line["run"], line["key"]) for line in system] == [("r1", "system/cpu")]
    assert (system[0]["x"], system[0]["last"]) == ([1.0, 11.0], [50.0, 51.0])
    assert lines(api, "loss", source="other").status == 422


def test_a_measured_row_makes_lines_and_changes_new(api: Api) -> None:
    api.ship_all(training())
    log = measured()
    api.ship_all(log)
    etag = lines(api, "system/cpu", source="system").headers["ETag"]
    own_etag = lines(api, "system/cpu").headers["ETag"]
    cursor = api.get(f"{PROJECT}/changes")["cursor"]
    assert etag != own_etag
    assert lines(api, "system/cpu", source="system", etag=etag).status == 304

    before = len(log)
    api.ship(log.row({"system/cpu": 9.0}, 1_021_000, 1_021.0), before)

    assert lines(api, "system/cpu", source="system", etag=etag).status == 200
    assert lines(api, "system/cpu", etag=own_etag).status == 304
    changed = api.get(f"{PROJECT}/changes?cursor={cursor}")["runs"]
    assert [(run["id"], run["num_rows"]) for run in changed] == [("r1", 3)]
    assert api.get(RUN)["num_system_rows"] == 3


def test_a_range_that_comes_again_counts_once(api: Api) -> None:
    api.ship_all(training())
    log = measured()
    api.ship_all(log)
    api.ship_all(log)

    assert api.get(RUN)["num_system_rows"] == 2


def test_senders_of_two_machines_are_told_apart(api: Api) -> None:
    api.ship_all(training())
    api.ship_all(training(stream="w2", time=1_100.0))
    api.ship_all(measured())
    api.ship_all(measured("sender-2", host="node2"))

    keys = api.get(f"{RUN}/keys?source=system")["keys"]
    assert [key["key"] for key in keys if "cpu" in key["key"]] == ["system/cpu", "system/cpu@node2"]
    assert keys[1]["about"]["title"] == "CPU in use, node2"
    assert [key["count"] for key in keys] == [2, 2, 2, 2]


def test_deleting_a_run_deletes_both_histories(tmp_path: Path) -> None:
    stores = open_stores(tmp_path)
    with serving(tmp_path, stores) as api:
        api.ship_all(training())
        api.ship_all(measured())
        with stores.meta.read() as tx:
            run = tx.run("local", "demo", "r1")
        assert run is not None
        names = [run.uid, RunUid(f"{run.uid}/system")]
        assert stores.history.num_rows(names) == dict(zip(names, (3, 2), strict=True))

        assert api.request("DELETE", RUN).status == 204

        assert stores.history.num_rows(names) == dict.fromkeys(names, 0)


def test_a_new_sender_does_not_bring_a_deleted_run_back(api: Api) -> None:
    api.ship_all(training())
    api.request("DELETE", RUN)

    late = measured("sender-late").record(Exit(state="crashed"))
    api.ship_all(late)

    assert api.request("GET", RUN).status == 404


def test_a_stream_whose_name_and_role_differ_is_refused(api: Api) -> None:
    for stream, role in (("w9", "sender"), ("sender-9", "writer")):
        answer = api.ship(LogBuilder(stream=stream, role=role))
        assert answer.status == 422
        assert b"role" in answer.data
