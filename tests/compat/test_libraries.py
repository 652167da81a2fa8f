"""Real libraries with their own wandb loggers, unmodified, on tiny models.

They are heavy: they get an environment of their own, made once and kept in `.compat`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from runwake.testing.server import RunningServer
from tests.compat.conftest import Shell, clean_environment

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WANTED = HERE / "libraries.txt"


@pytest.fixture(scope="module")
def library_python() -> str:
    """The interpreter of an environment with the libraries and the checkout's own Runwake."""
    digest = sha256(WANTED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = ROOT / ".compat" / digest
    python = environment / "bin" / "python"
    ready = environment / ".ready"
    if not ready.exists():
        subprocess.run((sys.executable, "-m", "venv", "--clear", environment), check=True)
        install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run((*install, "-r", WANTED), check=True)
        subprocess.run(
            (*install, "--editable", ROOT),
            env={**clean_environment(None), "RUNWAKE_WEB": "skip"},
            check=True,
        )
        ready.touch()
    return str(python)


@pytest.fixture
def library_shell(server: RunningServer, library_python: str, tmp_path: Path) -> Shell:
    """A shell whose scripts log to the server and have the libraries."""
    return Shell(tmp_path, clean_environment(server), library_python, timeout_s=300)


def test_lightnings_requirement_cache_sees_wandb(library_shell: Shell) -> None:
    said = library_shell.run_script(
        "from lightning_utilities.core.imports import RequirementCache\n"
        "for wanted in ('wandb>=0.12.10', 'wandb', 'wandb>=99'):\n"
        "    print(bool(RequirementCache(wanted)))"
    ).stdout

    assert said.split() == ["True", "True", "False"]


def test_lightnings_own_logger_logs_a_training(
    library_shell: Shell, only_run: Callable[[str], Any]
) -> None:
    library_shell.run_script((HERE / "lightning_script.py").read_text())

    run = only_run("lightning-project")
    assert (run["name"], run["state"]) == ("lightning-experiment-001", "finished")
    assert run["config"] == {"lr": 0.1}
    losses = [row["values"] for row in run["rows"] if "train/loss" in row["values"]]
    scores = [row["values"] for row in run["rows"] if "val/mAP" in row["values"]]
    # 24 steps, every second of them logged; each row with Lightning's own step.
    assert [row["trainer/global_step"] for row in losses] == list(range(1, 24, 2))
    assert losses[11]["train/loss"] < losses[3]["train/loss"]  # the same batch, two epochs apart
    assert [row["trainer/global_step"] for row in scores] == [7, 15, 23]
    assert run["summary"]["test/mAP"] == 0.5
    assert list(library_shell.folder.glob("logs/wandb/run-*/run-*.wandb"))
    assert list(library_shell.folder.glob(f"logs/lightning-project/{run['id']}/checkpoints/*.ckpt"))


def test_lightnings_spawned_processes_log_into_the_same_run(
    library_shell: Shell, only_run: Callable[[str], Any]
) -> None:
    code = (HERE / "lightning_script.py").read_text()
    for old, new in (
        ('"lightning-project"', '"lightning-spawned"'),
        ("max_epochs=3,", 'max_epochs=3, strategy="ddp_spawn", devices=2,'),
        ("\nmain()\n", '\nif __name__ == "__main__":\n    main()\n'),
    ):
        assert old in code
        code = code.replace(old, new)
    library_shell.run_script(code)

    run = only_run("lightning-spawned")
    assert (run["name"], run["state"]) == ("lightning-experiment-001", "finished")
    assert sum(process["role"] == "writer" for process in run["processes"]) == 2
    assert sum("train/loss" in row["values"] for row in run["rows"]) == 6
    assert run["summary"]["test/mAP"] == 0.5


def test_transformers_own_callback_logs_a_training(
    library_shell: Shell, only_run: Callable[[str], Any]
) -> None:
    library_shell.run_script(
        (HERE / "transformers_script.py").read_text(), WANDB_PROJECT="transformers-project"
    )

    run = only_run("transformers-project")
    assert (run["name"], run["state"]) == ("tiny-bert", "finished")
    assert run["config"]["hidden_size"] == 16
    assert run["config"]["num_train_epochs"] == 2
    assert run["config"]["model/num_parameters"] > 1000
    losses = [row["values"] for row in run["rows"] if "train/loss" in row["values"]]
    assert [row["train/global_step"] for row in losses] == [2, 4, 6, 8, 10, 12]
    assert sum("eval/loss" in row["values"] for row in run["rows"]) == 2
    assert run["summary"]["train_loss"] > 0


def test_accelerates_own_tracker_logs_a_training(
    library_shell: Shell, only_run: Callable[[str], Any]
) -> None:
    library_shell.run_script(
        "from accelerate import Accelerator\n"
        "accelerator = Accelerator(log_with='wandb', cpu=True)\n"
        "accelerator.init_trackers('accelerate-project', config={'lr': 0.1},\n"
        "    init_kwargs={'wandb': {'name': 'tracked'}})\n"
        "for step in range(3):\n"
        "    accelerator.log({'loss': 1 / (step + 1)}, step=step)\n"
        "accelerator.end_training()\n"
    )

    run = only_run("accelerate-project")
    assert (run["name"], run["state"], run["config"]) == ("tracked", "finished", {"lr": 0.1})
    assert [(row["step"], row["values"]) for row in run["rows"]] == [
        (0, {"loss": 1.0}),
        (1, {"loss": 0.5}),
        (2, {"loss": 1 / 3}),
    ]
