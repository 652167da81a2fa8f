"""Calls around runs, and those that other versions of the mirrored API have."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from runwake.settings.client import DEFAULT_BASE_URL, resolve_client
from runwake.settings.sources import environment


def test_login_takes_a_key_for_the_runs_to_come(wandb: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "")
    monkeypatch.setenv("WANDB_BASE_URL", "")

    assert wandb.login() is True
    assert wandb.api.api_key == "open"
    assert wandb.login(key="secret", host="http://tracker:8080", relogin=True) is True
    assert wandb.api.api_key == "secret"
    assert environment()["WANDB_BASE_URL"] == "http://tracker:8080"


def test_login_does_not_replace_a_key_that_was_given_to_us(wandb: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "")
    monkeypatch.setenv("RUNWAKE_API_KEY", "ours")

    assert wandb.login(key="theirs") is True
    assert wandb.api.api_key == "ours"


def test_require_accepts_what_is_so_anyway_and_refuses_the_unknown(wandb: Any) -> None:
    wandb.require("service")
    wandb.require(["core"])
    wandb.require(experiment="core")
    with pytest.raises(wandb.errors.UnsupportedError, match="'magic' is unknown"):
        wandb.require("magic")


def test_set_up_and_tear_down_surround_a_run(wandb: Any) -> None:
    wandb.setup(settings=wandb.Settings())
    wandb.ensure_configured()
    wandb.init()
    wandb.teardown(exit_code=0)

    assert wandb.run is None


def test_lines_for_the_terminal_are_said_once_if_so_asked(
    wandb: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        wandb.termwarn("only once", repeat=False)
        wandb.termlog("twice")
    wandb.termerror("bare", prefix=False, newline=False)

    assert capfd.readouterr().err == (
        "runwake: warning: only once\nrunwake: twice\nrunwake: twice\nerror: bare"
    )


def test_the_environment_names_entity_and_project_of_the_next_run(
    wandb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_ENTITY", "")
    monkeypatch.setenv("WANDB_PROJECT", "")
    wandb.env.set_entity("team")
    wandb.env.set_project("digits")
    given: dict[str, str] = {}
    wandb.env.set_project("other", env=given)

    run = wandb.init()

    assert (run.entity, run.project) == ("team", "digits")
    assert wandb.env.get_project() == "digits"
    assert given == {"WANDB_PROJECT": "other"}


def test_json_of_anything_can_be_had(wandb: Any) -> None:
    class Color(Enum):
        RED = 1

    text = wandb.util.json_dumps_safer({"a": Color.RED, "b": {1}, 3: Path("x")}, sort_keys=False)

    assert json.loads(text) == {"a": "RED", "b": [1], "3": "x"}
    assert len(wandb.util.generate_id()) == 8
    assert wandb.util.get_module("json") is json
    assert wandb.util.get_module("no_such_module") is None
    with pytest.raises(wandb.UsageError, match="install it"):
        wandb.util.get_module("no_such_module", required="install it")


def test_settings_take_any_name_and_init_warns_of_unknown_ones(
    wandb: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = wandb.Settings(run_name="mine", start_method="fork", api_key="secret")
    settings.run_tags = ["a", "b"]

    run = wandb.init(settings=settings)

    assert (run.name, run.tags) == ("mine", ("a", "b"))
    assert settings.run_name == "mine"
    assert settings.https_proxy is None
    assert "secret" not in repr(settings)
    assert capfd.readouterr().err.count("not supported and ignored: start_method") == 1


def test_older_calls_work_and_arguments_without_effect_warn_once(
    wandb: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    run = wandb.init(project="older", magic=True, monitor_gym=True, anonymous="allow", force=True)
    run.define_metric("loss", summary="best", goal="minimize")
    run.log({"loss": 1}, sync=True)
    wandb.log({"loss": 2}, sync=False)
    run._label(code="library")

    assert run.get_url() is run.get_project_url() is run.get_sweep_url() is None  # it is offline
    assert run.project_name() == "older"
    assert (run.sweep_id, run.sweep_url) == (None, None)
    run.finish(quiet=True)
    run.join()
    wandb.join()
    said = capfd.readouterr().err
    assert said.count("not supported and ignored: magic, monitor_gym") == 1
    assert said.count("sync is accepted and has no effect") == 1
    assert said.count("quiet is accepted and has no effect") == 1


def test_a_run_of_another_process_is_joined_under_its_name(wandb: Any, tmp_path: Path) -> None:
    run = wandb.init(project="joined", name="first", dir="logs")
    attach_id = run._attach_id
    assert wandb._attach(attach_id) is run
    run.log({"a": 1})
    run.finish()

    other = wandb._attach(attach_id)  # as in a process without the run

    assert other is not run
    assert (other.path, other.name, other.mode) == (run.path, "first", "offline")
    assert other.step == 1
    assert Path(other.sync_dir).parent == tmp_path / "logs" / "wandb"


@pytest.mark.parametrize("attach_id", ["abc", "{}", "[]", None])
def test_joining_a_run_by_what_is_no_attach_id_is_refused(wandb: Any, attach_id: Any) -> None:
    with pytest.raises(wandb.UsageError, match="no attach id"):
        wandb.attach(attach_id)


@dataclass
class Optimizer:
    """A nested part of a config."""

    name: str = "adam"
    betas: tuple[float, float] = (0.9, 0.99)


@dataclass
class Options:
    """A config as a dataclass."""

    lr: float = 0.1
    optimizer: Optimizer = field(default_factory=Optimizer)


class OldModel:
    """What pydantic 1 shows of a model."""

    __fields__ = {"lr": None, "optimizer": None}  # noqa: RUF012
    parse_obj = None

    def __init__(self) -> None:
        self.lr, self.optimizer = 0.1, Optimizer()


class Flags:
    """What absl's FLAGS show."""

    def flag_values_dict(self) -> dict[str, Any]:
        return {"lr": 0.1, "optimizer": Optimizer()}


PLAIN = {"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}}


@pytest.mark.parametrize(
    "source",
    [
        Options(),
        OldModel(),
        Flags(),
        argparse.Namespace(lr=0.1, optimizer=Optimizer()),
        {"lr": 0.1, "optimizer": Optimizer()},
    ],
    ids=lambda source: type(source).__name__,
)
def test_a_config_may_come_from_many_kinds_of_objects(wandb: Any, source: object) -> None:
    assert dict(wandb.init(config=source).config) == PLAIN


def test_a_pydantic_model_may_be_the_config_or_in_it(wandb: Any) -> None:
    pydantic = pytest.importorskip("pydantic")
    inner = pydantic.create_model("Inner", name=(str, "adam"), betas=(list, [0.9, 0.99]))
    outer = pydantic.create_model("Outer", lr=(float, 0.1), optimizer=(inner, inner()))

    assert dict(wandb.init(config=outer()).config) == PLAIN
    wandb.config.update({"again": outer()})
    assert wandb.config["again"] == PLAIN


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_config_may_be_the_path_of_a_file(wandb: Any, tmp_path: Path, wrapped: bool) -> None:
    path = tmp_path / "config.json"
    content = {key: {"value": value} for key, value in PLAIN.items()} if wrapped else PLAIN
    path.write_text(json.dumps(content))

    assert dict(wandb.init(config=str(path)).config) == PLAIN


def test_a_set_key_changes_only_if_that_is_allowed(wandb: Any) -> None:
    config = wandb.init(config={"lr": 0.1}).config

    with pytest.raises(wandb.sdk.lib.config_util.ConfigError):
        config.lr = 0.2
    config.update({"lr": 0.2}, allow_val_change=True)
    config.setdefaults({"lr": 0.3, "seed": 1})

    assert dict(config) == {"lr": 0.2, "seed": 1}


@pytest.mark.parametrize(
    "address", ["https://api.wandb.ai", "https://api.forge.coreweave.com/x", "http://WANDB.ai:80"]
)
def test_a_variable_for_the_other_service_sends_nothing_there(
    wandb: Any, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", address)
    monkeypatch.setenv("WANDB_API_KEY", "for the other service")

    resolved = resolve_client({}, environment())

    assert resolved.values["base_url"] == DEFAULT_BASE_URL
    assert resolved.values["api_key"] is None
    assert "no Runwake server is there" in resolved.warnings[0]
