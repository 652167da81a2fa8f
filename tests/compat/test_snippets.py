"""The snippets of a guide to wandb run as they are, and the server has what they log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from runwake.testing.server import RunningServer
from tests.compat import snippets
from tests.compat.conftest import Shell

pytestmark = pytest.mark.timeout(60)

PROJECT = "my-cv-project"
START = "import wandb\nwandb.init(project={project!r})\n"
LOOP = """
num_epochs, model, train_loader, val_loader = 3, None, range(4), range(2)
def train_one_epoch(model, loader): return 1 / len(loader)
def evaluate(model, loader): return 0.5, 0.25
def train_step(model, batch): return 2.0 * batch
"""


def test_the_init_snippet_makes_a_run_with_its_config_tags_and_notes(
    online_shell: Shell, get: Callable[..., Any]
) -> None:
    online_shell.run_script(snippets.INIT)

    (run,) = get(f"/local/{PROJECT}/runs", search="yolov8-experiment-001")["runs"]
    assert run["state"] == "finished"
    assert run["tags"] == ["baseline", "yolov8", "coco"]
    assert run["notes"] == "Baseline YOLOv8 training on COCO subset"
    assert run["config"] == {
        "model": "yolov8",
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 100,
        "optimizer": "AdamW",
        "scheduler": "CosineAnnealing",
        "image_size": 640,
    }


def test_the_pydantic_snippet_keeps_the_models_fields_as_config(
    online_shell: Shell, get: Callable[..., Any]
) -> None:
    online_shell.run_script(
        "import wandb\n" + snippets.PYDANTIC, WANDB_NAME="pydantic", WANDB_SILENT="true"
    )

    (run,) = get(f"/local/{PROJECT}/runs", search="pydantic")["runs"]
    assert run["config"] == {
        "model_name": "yolov8",
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 100,
        "image_size": 640,
    }


def test_the_opt_in_snippet_returns_a_run_if_asked_and_none_if_not(
    online_shell: Shell, only_run: Callable[[str], Any]
) -> None:
    ended = online_shell.run_script(
        snippets.OPT_IN
        + "print(create_logger(False, 'opt-in', {}))\n"
        + "run = create_logger(True, 'opt-in', {'lr': 0.5})\n"
        + "import wandb\n"
        + "print(isinstance(run, wandb.sdk.wandb_run.Run))\n"
        + "run.log({'a': 1})\n"
    )

    assert ended.stdout == "None\nTrue\n"
    run = only_run("opt-in")
    assert run["config"] == {"lr": 0.5}
    assert [row["values"] for row in run["rows"]] == [{"a": 1}]


def test_the_scalars_snippet_logs_a_row_for_each_epoch(
    online_shell: Shell, only_run: Callable[[str], Any]
) -> None:
    online_shell.run_script(START.format(project="scalars") + LOOP + snippets.SCALARS)

    run = only_run("scalars")
    assert [(row["step"], row["values"]) for row in run["rows"]] == [
        (epoch, {"train/loss": 0.25, "val/loss": 0.5, "val/mAP": 0.25, "epoch": epoch})
        for epoch in range(3)
    ]
    assert run["summary"] == {"train/loss": 0.25, "val/loss": 0.5, "val/mAP": 0.25, "epoch": 2}


def test_the_custom_step_snippet_defines_the_x_axes_and_logs_them(
    online_shell: Shell, only_run: Callable[[str], Any], server: RunningServer
) -> None:
    online_shell.run_script(START.format(project="custom-step") + LOOP + snippets.CUSTOM_STEP)

    run = only_run("custom-step")
    assert [row["values"] for row in run["rows"]] == [
        {"train/loss": 2.0 * step, "global_step": step} for step in range(4)
    ]
    ((definitions,),) = stored(
        server, "SELECT metric_definitions FROM run WHERE run_id = ?", run["id"]
    )
    assert '"global_step"' in definitions
    assert '"val/*"' in definitions


def test_the_alert_snippet_leaves_its_alert_on_the_server(
    online_shell: Shell, only_run: Callable[[str], Any], server: RunningServer
) -> None:
    online_shell.run_script(
        START.format(project="alerts") + "final_map = 0.4567\n" + snippets.ALERT
    )

    assert stored(
        server,
        "SELECT title, text, level FROM run_alert JOIN run ON run_uid = uid WHERE run_id = ?",
        only_run("alerts")["id"],
    ) == [("Training Complete", "Final mAP: 0.4567", "INFO")]


def test_the_offline_snippet_keeps_a_run_that_the_sync_snippet_sends(
    online_shell: Shell, get: Callable[..., Any], only_run: Callable[[str], Any]
) -> None:
    script = online_shell.folder / "train.py"
    script.write_text(START.format(project="offline") + LOOP + snippets.SCALARS)

    trained = online_shell.run("sh", "-c", f"{snippets.OFFLINE}\n{online_shell.python} train.py")
    projects = [project["name"] for project in get("")["projects"]]
    synced = online_shell.run("sh", "-c", snippets.SYNC)

    assert trained.returncode == 0, trained.stderr
    assert "offline" not in projects
    assert synced.returncode == 0, synced.stderr
    run = only_run("offline")
    assert run["state"] == "finished"
    assert [row["step"] for row in run["rows"]] == [0, 1, 2]


def stored(server: RunningServer, query: str, *values: str) -> list[tuple[Any, ...]]:
    """Look into the server's database, for what the API does not answer yet."""
    (database,) = server.data_dir.glob("meta.sqlite")
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
