"""What libraries look at to see whether wandb is there finds the stand-in, and no real wandb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runwake.dropin.installing import BIN, SITE
from tests.compat.conftest import Shell

LOOK = """
import importlib.metadata, importlib.util, json
found = {
    "spec": importlib.util.find_spec("wandb").origin,
    "submodule": importlib.util.find_spec("wandb.sdk.wandb_run") is not None,
    "version": importlib.metadata.version("wandb"),
    "name": importlib.metadata.metadata("wandb")["Name"],
    "packages": importlib.metadata.packages_distributions()["wandb"],
}
import wandb
found |= {"attribute": wandb.__version__, "run": wandb.run, "file": wandb.__file__}
print(json.dumps(found))
"""
EXPECTED = {
    "spec": str(SITE / "wandb" / "__init__.py"),
    "submodule": True,
    "version": "0.31.0",
    "name": "wandb",
    "packages": ["wandb"],
    "attribute": "0.31.0",
    "run": None,
    "file": str(SITE / "wandb" / "__init__.py"),
}
INSTALL = "import runwake\nrunwake.install_as_wandb()\nrunwake.install_as_wandb()\n"


def test_a_script_finds_package_and_distribution(shell: Shell) -> None:
    assert json.loads(shell.run_script(LOOK).stdout) == EXPECTED


def test_a_process_that_installs_it_finds_package_and_distribution(shell: Shell) -> None:
    assert json.loads(run_plainly(shell, INSTALL + LOOK)) == EXPECTED


def test_an_interpreter_that_a_script_starts_finds_them_too(shell: Shell) -> None:
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {LOOK!r}], check=True)"

    assert json.loads(shell.run_script(code).stdout) == EXPECTED


@pytest.mark.parametrize("way", ["run", "install"])
def test_a_spawned_child_finds_them_too(shell: Shell, way: str) -> None:
    code = f"""
import multiprocessing
def look():
    exec({LOOK!r})
if __name__ == "__main__":
    {INSTALL.replace(chr(10), ";") if way == "install" else ""}
    child = multiprocessing.get_context("spawn").Process(target=look)
    child.start()
    child.join()
"""
    said = shell.run_script(code).stdout if way == "run" else run_plainly(shell, code)

    assert json.loads(said) == EXPECTED


def test_a_real_wandb_is_hidden_and_left_as_it_is(shell: Shell) -> None:
    elsewhere = install_other_wandb(shell.folder)

    given = shell.variables.get("PYTHONPATH")
    search_path = os.pathsep.join([str(elsewhere), *([given] if given else [])])

    said = shell.run_script(LOOK, PYTHONPATH=search_path).stdout

    assert json.loads(said) | {"packages": ["wandb"]} == EXPECTED
    assert (elsewhere / "wandb" / "__init__.py").read_text() == "__version__ = '0.1.2'\n"


def test_installing_over_an_imported_wandb_says_what_is_wrong(shell: Shell) -> None:
    elsewhere = install_other_wandb(shell.folder)
    code = f"import sys\nsys.path.insert(0, {str(elsewhere)!r})\nimport wandb\n" + INSTALL

    ended = plain_process(shell, code)

    assert ended.returncode == 1
    assert f"wandb is imported already, from {elsewhere}" in ended.stderr


def test_a_folder_of_runs_named_wandb_hides_nothing(shell: Shell) -> None:
    (shell.folder / "wandb" / "run-20260101_000000-abc").mkdir(parents=True)

    assert json.loads(shell.run_script(LOOK).stdout) == EXPECTED


def test_the_requirements_that_lightning_and_others_check_are_fulfilled(shell: Shell) -> None:
    said = shell.run_script(
        "from importlib.metadata import version\n"
        "from packaging.requirements import Requirement\n"
        "for text in ('wandb>=0.12.10', 'wandb', 'wandb>=0.20.0', 'wandb>=99'):\n"
        "    wanted = Requirement(text)\n"
        "    print(wanted.specifier.contains(version(wanted.name), prereleases=True))"
    ).stdout

    assert said.split() == ["True", "True", "True", "False"]


def test_the_version_is_three_numbers_as_libraries_split_it(shell: Shell) -> None:
    said = shell.run_script(
        "import wandb\nprint(tuple(map(int, wandb.__version__.split('.'))) >= (0, 20, 0))"
    ).stdout

    assert said == "True\n"


def test_without_runwake_the_import_says_what_to_install(tmp_path: Path) -> None:
    ended = subprocess.run(
        (
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(SITE)!r}); import wandb",
        ),
        env={},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "install runwake for this interpreter" in ended.stderr


def test_the_command_wandb_can_be_executed() -> None:
    assert (BIN / "wandb").stat().st_mode & 0o111 == 0o111


def install_other_wandb(folder: Path) -> Path:
    """Make another package wandb with metadata; return the folder that holds it."""
    site = folder / "elsewhere"
    (site / "wandb").mkdir(parents=True)
    (site / "wandb" / "__init__.py").write_text("__version__ = '0.1.2'\n")
    (site / "wandb-0.1.2.dist-info").mkdir()
    (site / "wandb-0.1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: wandb\nVersion: 0.1.2\n"
    )
    return site


def plain_process(shell: Shell, code: str) -> subprocess.CompletedProcess[str]:
    """Run code without `runwake run`."""
    script = shell.folder / "plain.py"
    script.write_text(code)
    return subprocess.run(
        (shell.python, str(script)),
        cwd=shell.folder,
        env=shell.variables,
        capture_output=True,
        text=True,
        check=False,
    )


def run_plainly(shell: Shell, code: str) -> str:
    ended = plain_process(shell, code)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
