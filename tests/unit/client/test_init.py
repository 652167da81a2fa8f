from __future__ import annotations

import logging
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runwake
from runwake.errors import ArgumentTypeError, UsageError
from runwake.runlog.run_dir import RunDir, create, discover
from runwake.sdk.run import Run
from runwake.sdk.shipping import is_reachable
from runwake.wire.frames import MAX_BODY_SIZE
from runwake.wire.records import Alert, AnyRecord, Exit, RunStart, RunUpdate

Start = Callable[..., Run]
Records = Callable[[Run], list[AnyRecord]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"project": "a/b"}, "project='a/b' contains /"),
        ({"project": "\udcff"}, r"project='\\udcff' is not a valid name"),
        ({"entity": "api"}, "entity='api' is reserved: the server's own addresses"),
        ({"id": "a/b"}, "id='a/b' contains /"),
        ({"id": 7}, r"id must be a string .* got 7 \(int\)"),
        ({"resume": "maybe"}, "resume='maybe': expected one of never, allow, must, auto"),
        ({"resume": "must"}, "needs the id of the run"),
        ({"mode": "off"}, "mode='off': expected one of online, offline, disabled"),
        ({"tags": [1]}, "each tag must be a string, got 1"),
        ({"reinit": "again"}, "reinit='again': expected one of"),
        ({"settings": 3}, "settings must be a dict"),
    ],
)
def test_a_bad_argument_names_itself_its_value_and_what_is_allowed(
    start_run: Start, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        start_run(**options)

    assert runwake.run is None


def test_a_run_says_what_it_is(start_run: Start, tmp_path: Path) -> None:
    run = start_run(
        project="digits",
        entity="team",
        id="run1",
        name="first",
        notes="n",
        tags=["a"],
        group="g",
        job_type="train",
    )

    assert (run.entity, run.project, run.id, run.path) == (
        "team",
        "digits",
        "run1",
        "team/digits/run1",
    )
    assert (run.name, run.notes, run.tags, run.group, run.job_type) == (
        "first",
        "n",
        ("a",),
        "g",
        "train",
    )
    assert run.offline
    assert not run.disabled
    assert run.url is None
    assert run.sync_dir is not None
    assert Path(run.sync_dir).parent == tmp_path / "runwake"
    assert Path(run.dir).is_dir()
    assert (tmp_path / "runwake" / "latest-run").resolve() == Path(run.sync_dir)


def test_defaults_fill_what_nobody_said(start_run: Start) -> None:
    run = start_run()

    assert (run.entity, run.project) == ("local", "uncategorized")
    assert len(run.id) == 8
    assert run.id.isalnum()
    assert run.id == run.id.lower()
    assert len(run.name.split("-")) == 3


def test_the_first_record_says_where_the_run_comes_from(
    start_run: Start, records_of: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "--lr=1", "--api-key=abc", "--token", "xyz"])
    monkeypatch.setenv("SECRET_VARIABLE", "do-not-keep")

    run = start_run(config={"lr": 1})
    start = records_of(run)[0]

    assert isinstance(start, RunStart)
    assert start.args == ["--lr=1", "--api-key=***", "--token", "***"]
    assert start.pid == os.getpid()
    assert start.host == os.uname().nodename
    assert start.sdk_version == runwake.__version__
    assert start.config == {"lr": 1}
    assert "do-not-keep" not in repr(start)


def test_files_of_a_run_are_private(start_run: Start) -> None:
    run = start_run()
    run.log({"a": 1})

    assert run.sync_dir is not None
    run_dir = RunDir(Path(run.sync_dir))
    for folder in (run_dir.path, run_dir.logs, run_dir.blobs, run_dir.sender):
        assert folder.stat().st_mode & 0o777 == 0o700
    (log,) = run_dir.logs.iterdir()
    assert log.stat().st_mode & 0o777 == 0o600


def test_module_names_follow_the_current_run(start_run: Start) -> None:
    from runwake import config, log, summary

    before = runwake.run
    run = start_run(config={"lr": 0.5})

    assert before is None
    assert runwake.run is run
    assert runwake.config is run.config
    assert runwake.summary is run.summary
    runwake.log({"a": 1})
    log({"a": 2})
    assert run.step == 2
    assert (config.lr, summary["a"]) == (0.5, 2)
    runwake.finish()
    after: Run | None = runwake.run
    assert after is None


@pytest.mark.parametrize(
    "use",
    [
        lambda: runwake.log({"a": 1}),
        lambda: runwake.config.lr,
        lambda: runwake.config.update({"a": 1}),
        lambda: runwake.summary["a"],
        lambda: runwake.define_metric("a"),
        lambda: runwake.alert("a"),
    ],
)
def test_use_before_init_says_what_to_do(use: Callable[[], Any]) -> None:
    with pytest.raises(UsageError, match=r"call runwake.init\(\) first"):
        use()


def test_finish_without_a_run_does_nothing() -> None:
    runwake.finish()

    assert bool(runwake.config)
    assert "no run" in repr(runwake.summary)


def test_all_public_names_are_there_and_no_others() -> None:
    assert set(runwake.__all__) <= set(dir(runwake))
    for name in runwake.__all__:
        assert hasattr(runwake, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = runwake.nothing


def test_init_returns_the_active_run_by_default(
    start_run: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    first = start_run(project="a")

    assert start_run(project="b") is first
    assert "is active" in capsys.readouterr().err
    second = start_run(project="b", reinit="finish_previous")
    assert second is not first
    assert runwake.run is second
    beside = start_run(project="c", reinit="create_new")
    assert runwake.run is second
    beside.finish()
    third = start_run(project="d", reinit=True)
    assert runwake.run is third


def test_unknown_arguments_and_settings_warn_in_one_line(
    start_run: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_run(magic=True, settings={"x_stats": 1, "finish_timeout": 3}, monitor_gym=True)
    run.finish()

    lines = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert lines == [
        "runwake: warning: init: not supported and ignored: magic, monitor_gym, x_stats"
    ]


def test_a_bad_variable_warns_and_does_not_stop_the_run(
    start_run: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNWAKE_PROJECT", "a/b")
    monkeypatch.setenv("WANDB_SILENT", "perhaps")

    run = start_run()

    assert run.project == "uncategorized"
    err = capsys.readouterr().err
    assert "RUNWAKE_PROJECT='a/b' is ignored" in err
    assert "WANDB_SILENT='perhaps' is ignored" in err


def test_silent_means_silent(
    start_run: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_SILENT", "true")

    run = start_run(unknown=1)
    run.log({"a": object()}, step=-1)
    run.finish()

    assert capsys.readouterr().err == ""


def test_an_offline_run_says_where_it_is_and_how_to_send_it(
    start_run: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_run(project="digits", name="first")
    run.finish()

    hello, farewell = capsys.readouterr().err.splitlines()
    assert run.sync_dir is not None
    place = f"runwake/{Path(run.sync_dir).name}"
    assert hello == f"runwake: digits/first (offline), kept in {place}"
    assert farewell == f"runwake: digits/first is kept on disk; to send it: runwake sync {place}"


def test_a_run_outside_the_current_folder_is_named_by_its_whole_path(
    start_run: Start,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    run = start_run()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    run.finish()

    assert capsys.readouterr().err.endswith(f"runwake sync {run.sync_dir}\n")


def test_must_resume_says_when_the_run_is_not_known_here(
    start_run: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start_run(id="elsewhere", resume="must")

    assert "run elsewhere is not known on this machine" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_does_not_stop_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")

    run = runwake.init(mode="offline", dir=tmp_path / "file")
    run.log({"a": 1})
    run.finish()

    assert "the run is kept in" in capsys.readouterr().err
    assert run.sync_dir is not None
    assert Path(run.sync_dir).is_dir()


@pytest.mark.parametrize(("code", "state"), [(None, "finished"), (0, "finished"), (3, "failed")])
def test_the_end_is_recorded_with_its_code(
    start_run: Start, records_of: Records, code: int | None, state: str
) -> None:
    run = start_run()
    run.finish(code)
    run.finish(9)

    ending = records_of(run)[-1]
    assert isinstance(ending, Exit)
    assert (ending.state, ending.code) == (state, code or 0)


@pytest.mark.parametrize(
    ("error", "state", "code", "reason"),
    [
        (ValueError("bad loss"), "failed", 1, "ValueError: bad loss"),
        (KeyboardInterrupt(), "killed", 255, "KeyboardInterrupt (Ctrl-C)"),
        (SystemExit(0), "finished", 0, None),
        (SystemExit(4), "failed", 4, "exit code 4"),
        (SystemExit("message"), "failed", 1, "exit code 1"),
    ],
)
def test_an_exception_in_the_with_block_ends_the_run_and_goes_on(
    start_run: Start,
    records_of: Records,
    error: BaseException,
    state: str,
    code: int,
    reason: str | None,
) -> None:
    run = start_run()

    with pytest.raises(type(error)), run:
        raise error

    ending = records_of(run)[-1]
    assert isinstance(ending, Exit)
    assert (ending.state, ending.code, ending.reason) == (state, code, reason)
    assert (ending.traceback is not None) == isinstance(error, ValueError)


def test_hooks_are_taken_off_at_the_end(start_run: Start) -> None:
    def hooks() -> list[Any]:
        return [sys.excepthook, sys.exit, vars(SystemExit)["code"]]

    before = hooks()

    first, second = start_run(), start_run(reinit="create_new")
    assert all(now != then for now, then in zip(hooks(), before, strict=True))
    assert SystemExit(7).code == 7
    second.finish()
    assert vars(SystemExit)["code"] is not before[2]
    first.finish()

    assert hooks() == before


def test_name_notes_and_tags_may_be_set_and_nothing_else(
    start_run: Start, records_of: Records
) -> None:
    run = start_run()

    run.name = "new"
    run.notes = "text"
    run.tags = ("x",)
    with pytest.raises(AttributeError):
        run.project = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        run.anything = 1  # type: ignore[attr-defined]
    with pytest.raises(ArgumentTypeError, match="name must be a string"):
        run.name = 3  # type: ignore[assignment]

    assert (run.name, run.notes, run.tags) == ("new", "text", ("x",))
    updates = [r for r in records_of(run) if isinstance(r, RunUpdate)]
    assert [(u.name, u.notes, u.tags) for u in updates] == [
        ("new", None, None),
        (None, "text", None),
        (None, None, ["x"]),
    ]


def test_alerts_are_recorded_and_held_back_while_told_to_wait(
    start_run: Start, records_of: Records
) -> None:
    run = start_run()

    run.alert("loss", "went up", level="WARN", wait_duration=60)
    run.alert("loss", "went up again", wait_duration=60)
    run.alert("other")
    with pytest.raises(UsageError, match="expected INFO, WARN, ERROR"):
        run.alert("x", level="LOUD")

    alerts = [r for r in records_of(run) if isinstance(r, Alert)]
    assert [(a.title, a.text, a.level) for a in alerts] == [
        ("loss", "went up", "WARN"),
        ("other", "", "INFO"),
    ]


def test_a_continued_run_goes_on_behind_its_last_step(start_run: Start) -> None:
    first = start_run(id="abc")
    for i in range(5):
        first.log({"a": i})
    first.finish()

    again = start_run(id="abc", resume="allow")
    assert (again.id, again.resumed, again.step) == ("abc", True, 5)
    again.finish()
    other = start_run(id="xyz", resume="allow")
    assert (other.resumed, other.step) == (False, 0)


def test_auto_continues_the_newest_run_unless_it_ended_well(start_run: Start) -> None:
    first = start_run()
    first.log({"a": 1})
    first.finish(exit_code=1)

    again = start_run(resume="auto")
    assert (again.id, again.step) == (first.id, 1)
    again.finish()
    fresh = start_run(resume=True)

    assert fresh.id != first.id
    assert not fresh.resumed


def test_run_folders_of_one_second_do_not_meet(tmp_path: Path) -> None:
    made = [create(tmp_path, "same", offline=False, now=0.0) for _ in range(3)]

    assert len({run_dir.path for run_dir in made}) == 3
    found = [run_dir.path for run_dir in discover([tmp_path])]
    assert set(found) == {run_dir.path for run_dir in made}
    assert [d.path for d in discover([made[0].path, tmp_path / "runwake"])] == found


def test_the_standard_logging_of_the_script_is_left_alone(start_run: Start) -> None:
    handlers = list(logging.getLogger().handlers)

    start_run().log({"a": 1})

    assert logging.getLogger().handlers == handlers


def test_a_run_is_continued_by_its_own_id_in_its_own_project_alone(start_run: Start) -> None:
    first = start_run(id="net-v1.5", project="one")
    first.log({"a": 1})
    first.finish()

    for other in ({"id": "v1.5"}, {"id": "net-v1"}, {"id": "net-v1.5", "project": "two"}):
        run = start_run(**{"project": "one", **other}, resume="allow")
        assert (run.resumed, run.step) == (False, 0)
        run.finish()
    again = start_run(id="net-v1.5", project="one", resume="allow")
    assert (again.resumed, again.step) == (True, 1)


def test_an_id_longer_than_a_file_name_is_kept_and_continued(start_run: Start) -> None:
    run = start_run(id="é" * 128)
    run.log({"a": 1})
    run.finish()

    assert start_run(id="é" * 128, resume="must").step == 1


def test_bytes_that_are_no_text_do_not_stop_a_run(
    start_run: Start,
    records_of: Callable[[Run], list[AnyRecord]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "\udcff.csv"])

    start = records_of(start_run(name="net \udcff", tags=["\udcff"]))[0]

    assert isinstance(start, RunStart)
    assert (start.args, start.name, start.tags) == (["?.csv"], "net ?", ["?"])


def test_a_folder_that_is_gone_does_not_stop_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with runwake.init(mode="offline") as run:
        run.log({"a": 1})

    assert run.sync_dir is not None
    shutil.rmtree(Path(run.sync_dir).parents[1])


def test_a_config_that_is_too_large_is_left_out_and_the_run_goes_on(
    start_run: Start,
    records_of: Callable[[Run], list[AnyRecord]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = start_run(config={"big": "x" * (MAX_BODY_SIZE + 1)})

    assert isinstance(records_of(run)[0], RunStart)
    assert "the config is left out" in capsys.readouterr().err


def test_an_exit_code_of_a_wrong_type_is_refused_in_words(start_run: Start) -> None:
    run = start_run()

    with pytest.raises(ArgumentTypeError, match=r"exit_code must be an integer or None, got '1'"):
        run.finish("1")  # type: ignore[arg-type]


def test_nothing_follows_the_exit_record(
    start_run: Start, records_of: Callable[[Run], list[AnyRecord]]
) -> None:
    run = start_run()
    run.finish()
    run.config.update({"late": 1})
    run.name = "late"

    assert isinstance(records_of(run)[-1], Exit)


def test_a_name_that_takes_long_to_look_up_does_not_hold_init_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def look_up(*_: object, **__: object) -> list[Any]:
        answered.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    began = time.monotonic()

    assert not is_reachable("http://tracker.example:80", timeout_s=0.1)

    assert time.monotonic() - began < 5
    answered.set()
