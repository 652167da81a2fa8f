"""What libraries do with wandb, call by call, where the library itself is too heavy for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runwake.runlog.run_dir import RunDir
from runwake.testing.ingest_double import StoredStream


def rows_of(run: Any) -> list[tuple[float, dict[str, Any]]]:
    """Finish a run and return step and values of its rows."""
    run.finish()
    (log,) = RunDir(Path(run.sync_dir)).logs.glob("*.rwlog")
    stream = StoredStream()
    stream.apply(log.read_bytes(), final=True)
    return [(step, values) for step, _, values in stream.rows]


def test_mmengine(wandb: Any) -> None:
    wandb.init(project="mmengine", dir="work_dirs")
    run = wandb.run
    wandb.define_metric("coco/bbox_mAP", summary="max")
    wandb.config.update({"model": {"type": "RetinaNet"}}, allow_val_change=True)
    wandb.log({"loss": 0.5}, commit=True)
    wandb.log({"lr": 0.1}, commit=False)
    wandb.log({"loss": 0.4})
    wandb.join()

    assert rows_of(run) == [(0, {"loss": 0.5}), (1, {"lr": 0.1, "loss": 0.4})]
    assert wandb.run is None


def test_lerobot(wandb: Any) -> None:
    wandb.init(
        id=None,
        project="lerobot",
        entity=None,
        name="train",
        notes=None,
        tags=["policy:act", "seed:1"],
        dir="outputs",
        config={"steps": 2},
        save_code=False,
        job_type="train_eval",
        resume=None,
        mode="offline",
    )
    run = wandb.run
    assert run.get_url() is None
    wandb.define_metric("Optimization step", hidden=True)
    wandb.define_metric("train/*", step_metric="Optimization step")
    wandb.log({"train/loss": 1.0}, step=1)
    wandb.log(data={"train/loss": 0.5}, step=2)

    assert [values["train/loss"] for _, values in rows_of(run)] == [1.0, 0.5]
    with pytest.raises(wandb.errors.UnsupportedError):
        wandb.Video("eval.mp4", fps=30, format="mp4")


def test_optuna(wandb: Any) -> None:
    run = wandb.run or wandb.init(project="optuna", reinit=True)
    assert isinstance(run, wandb.sdk.wandb_run.Run)
    run.name = "trial/0"
    run.tags = (*run.tags, "tpe")
    run.log({"x": 0.1, "value": 2.0}, step=0)

    assert (run.name, run.tags) == ("trial/0", ("tpe",))
    assert rows_of(run) == [(0, {"x": 0.1, "value": 2.0})]


def test_torchtune(wandb: Any) -> None:
    if not wandb.run:
        wandb.init(project="torchtune", entity=None, group="group", dir="out")
    run = wandb.run
    run._label(repo="torchtune")
    wandb.define_metric("global_step")
    wandb.define_metric("*", step_metric="global_step", step_sync=True)
    wandb.log({"loss": 3.0, "global_step": 10})
    wandb.log({"tokens": 5})

    assert rows_of(run) == [
        (0, {"loss": 3.0, "global_step": 10}),
        (1, {"tokens": 5, "global_step": 10}),
    ]


def test_ultralytics(wandb: Any) -> None:
    if not wandb.run:
        wandb.init(project="yolo", name="train", config={"epochs": 1}, id=None, dir=Path("runs"))
    run = wandb.run
    run.define_metric("epoch", hidden=True)
    run.define_metric("train/*", step_metric="epoch")
    run.config.setdefaults({"epochs": 9, "lr0": 0.01})
    run.log({"train/box_loss": 1.5, "epoch": 1}, commit=False)
    run.log({"lr/pg0": 0.01}, commit=True)

    assert dict(run.config) == {"epochs": 1, "lr0": 0.01}
    assert [values["train/box_loss"] for _, values in rows_of(run)] == [1.5]


def test_ray(wandb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "")
    wandb.ensure_configured()
    assert wandb.api.api_key
    run = wandb.init(id="trial_1", name="trial", resume=True, reinit=True, config={"lr": 0.1})
    assert isinstance(run, wandb.wandb_run.Run)
    wandb.config.update({"extra": 1}, allow_val_change=True)
    wandb.log({"training_iteration": 1, "loss": 0.3}, step=1)

    assert rows_of(run) == [(1, {"training_iteration": 1, "loss": 0.3})]


def test_composer(wandb: Any) -> None:
    wandb.init(project="composer", entity="team", config={"model": "resnet"})
    run = wandb.run
    wandb.config.update({"batch_size": 8})
    wandb.log({"loss": 1.0}, 3)

    assert (run.entity, run.project) == ("team", "composer")
    wandb.finish(exit_code=0)
    assert rows_of(run) == [(3, {"loss": 1.0})]
    assert issubclass(wandb.errors.CommError, Exception)


def test_fastai(wandb: Any) -> None:
    run = wandb.init()
    wandb.log({"epoch": 0.5, "train_loss": 2.0}, step=run.step + 1)
    wandb.log({"lr_0": 0.1}, step=run.step)
    wandb.log({})
    run.summary["epoch"] = 1

    assert rows_of(run) == [(1, {"epoch": 0.5, "train_loss": 2.0, "lr_0": 0.1})]
