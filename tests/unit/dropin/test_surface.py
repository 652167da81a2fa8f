"""The names of the stand-in exist, lead to the SDK, and say so where there is nothing yet."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import runwake
from runwake.dropin.surface import MODULES

ODD_PATHS = """
from wandb.errors import AuthenticationError, CommError, Error, UnsupportedError, UsageError
from wandb.sdk.data_types.base_types.media import BatchableMedia, Media
from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb.sdk.data_types.image import Image
from wandb.sdk.data_types.video import Video
from wandb.sdk.lib import RunDisabled
from wandb.sdk.lib.config_util import ConfigError
from wandb.sdk.wandb_run import Run
from wandb.util import generate_id, json_dumps_safer
from wandb.wandb_run import Run
import wandb.env, wandb.data_types, wandb.integration.keras
"""


@pytest.mark.parametrize("line", ODD_PATHS.strip().splitlines())
def test_an_import_that_libraries_use_works(wandb: Any, line: str) -> None:
    scope: dict[str, Any] = {}
    exec(line, scope)

    (statement,) = ast.parse(line).body
    assert isinstance(statement, (ast.Import, ast.ImportFrom))
    bound = {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    assert bound <= scope.keys()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_modules_names_can_be_had(wandb: Any, module: str) -> None:
    made = import_module(module)

    assert [name for name in MODULES[module] if not hasattr(made, name)] == []
    assert set(MODULES[module]) <= set(dir(made))


def test_submodules_are_attributes_before_they_are_imported(wandb: Any) -> None:
    assert wandb.sdk.wandb_run.Run is wandb.Run is wandb.wandb_run.Run is runwake.Run


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_has_a_spec_and_a_parent(wandb: Any, module: str) -> None:
    spec = importlib.util.find_spec(module)

    assert spec is not None
    assert spec.name == module
    assert module == "wandb" or module.rpartition(".")[0] in MODULES


def test_an_unknown_name_is_no_attribute(wandb: Any) -> None:
    assert not hasattr(wandb, "no_such_name")
    assert importlib.util.find_spec("wandb.no_such_module") is None
    with pytest.raises(ModuleNotFoundError):
        import_module("wandb.no_such_module")


def test_errors_form_the_tree_that_callers_catch_by(wandb: Any) -> None:
    errors = wandb.errors

    assert issubclass(errors.AuthenticationError, errors.CommError)
    assert issubclass(errors.CommError, errors.Error)
    assert issubclass(errors.UnsupportedError, errors.UsageError)
    assert issubclass(errors.UsageError, errors.Error)
    assert issubclass(wandb.sdk.lib.config_util.ConfigError, errors.Error)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda wandb: wandb.Table(columns=["a"]), "wandb.Table"),
        (lambda wandb: wandb.Artifact("name", type="model"), "wandb.Artifact"),
        (lambda wandb: wandb.sdk.data_types.video.Video("x.mp4"), "wandb.Video"),
        (lambda wandb: wandb.Api(), "wandb.Api"),
        (lambda wandb: wandb.sweep({}, project="p"), "wandb.sweep"),
        (lambda wandb: wandb.agent("id", function=print), "wandb.agent"),
        (lambda wandb: wandb.plot.bar(None, "a", "b"), "wandb.plot.bar"),
        (lambda wandb: wandb.integration.keras.WandbCallback(), "wandb.integration.keras."),
        (lambda wandb: wandb.init().watch(None, log="all"), "Run.watch"),
        (lambda wandb: wandb.init().log_artifact("path"), "Run.log_artifact"),
    ],
)
def test_what_is_not_there_yet_says_so_when_it_is_used(wandb: Any, call: Any, name: str) -> None:
    with pytest.raises(wandb.errors.UnsupportedError, match=rf"does not have {name}.* yet"):
        call(wandb)


def test_what_is_not_there_yet_can_be_asked_about_and_subclassed(wandb: Any) -> None:
    class Mine(wandb.Table):  # type: ignore[misc]  # known at run time only
        pass

    assert not isinstance({}, wandb.Artifact)
    assert not isinstance(Mine, wandb.Video)
    assert inspect.isclass(wandb.Table)
    assert wandb.Table is wandb.data_types.Table


def test_an_image_is_one_of_the_values_that_libraries_pass_on(wandb: Any) -> None:
    numpy = pytest.importorskip("numpy")
    image = wandb.Image(numpy.zeros((2, 2), dtype="uint8"))

    assert isinstance(image, wandb.sdk.data_types.image.Image)
    assert isinstance(image, wandb.sdk.data_types.base_types.wb_value.WBValue)
    assert not isinstance(3.0, wandb.sdk.data_types.base_types.wb_value.WBValue)


def test_names_of_the_current_run_follow_init_and_finish(wandb: Any) -> None:
    assert wandb.run is None
    with pytest.raises(wandb.Error, match=r"before runwake.config.lr"):
        _ = wandb.config.lr
    with pytest.raises(wandb.Error, match=r"before runwake.log\(\)"):
        wandb.log({"a": 1})

    run = wandb.init(config={"lr": 0.5})

    assert wandb.run is run
    assert isinstance(run, wandb.sdk.wandb_run.Run)
    assert wandb.config is run.config
    assert vars(wandb.config)["_items"] == {"lr": 0.5}
    wandb.log({"a": 1})
    assert dict(wandb.summary) == {"a": 1}
    wandb.finish()
    assert wandb.run is None
    assert not hasattr(wandb.run, "id")


def test_a_run_that_was_started_before_the_import_is_current(wandb: Any) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "wandb"]:
        del sys.modules[name]
    run = runwake.init()

    assert import_module("wandb").run is run


def test_run_folders_lie_where_libraries_look_for_the_id(wandb: Any, tmp_path: Path) -> None:
    wandb.init(id="abc123")

    (latest,) = tmp_path.glob("wandb/latest-run/run-*")
    (dated,) = tmp_path.glob("wandb/*run-*/run-*.wandb")
    assert latest.name == dated.name == "run-abc123.wandb"


def test_folders_of_the_official_client_are_not_taken_for_ours(tmp_path: Path) -> None:
    from runwake.runlog.run_dir import discover

    (tmp_path / "wandb" / "offline-run-20260101_000000-abc" / "logs").mkdir(parents=True)

    assert list(discover([tmp_path])) == []
