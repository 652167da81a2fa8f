"""`runwake run` is not in the way: exit codes, signals, arguments and errors are the command's."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.compat.conftest import Shell


def test_arguments_and_the_exit_code_are_passed_on(shell: Shell) -> None:
    code = "import sys; print(sys.argv[1:]); sys.exit(7)"
    ended = shell.run(shell.python, "-c", code, "--lr", "0.1", "-h", "--", "x")

    assert ended.stdout == "['--lr', '0.1', '-h', '--', 'x']\n"
    assert ended.returncode == 7


def test_the_two_dashes_may_be_left_out(shell: Shell) -> None:
    ended = subprocess.run(
        (sys.executable, "-m", "runwake", "run", "printf", "%s", "--help"),
        env=shell.variables,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout == "--help"


def test_a_signal_reaches_the_command(shell: Shell) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "print('ready', flush=True)\n"
        "time.sleep(30)"
    )
    with subprocess.Popen(
        (sys.executable, "-m", "runwake", "run", "--", shell.python, "-c", code),
        env=shell.variables,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 9
        assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("word", "code", "message"),
    [
        ("no-such-command", 127, "command not found: no-such-command"),
        ("./train.py", 126, "did you mean `runwake run -- python ./train.py`?"),
        ("train.py", 126, "train.py is not executable"),
    ],
)
def test_a_command_that_cannot_be_started_is_named(
    shell: Shell, word: str, code: int, message: str
) -> None:
    (shell.folder / "train.py").write_text("print(1)\n")
    ended = shell.run(word)

    assert ended.returncode == code
    assert message in ended.stderr


def test_no_command_at_all_shows_the_usage(shell: Shell) -> None:
    ended = shell.run()

    assert ended.returncode == 2
    assert "Usage: " in ended.stderr


def test_the_command_wandb_says_what_there_is_not(shell: Shell) -> None:
    ended = shell.run("wandb", "sweep", "sweep.yaml")

    assert ended.returncode == 1
    assert "does not have `wandb sweep` yet" in ended.stderr


@pytest.mark.parametrize("words", [("wandb",), (sys.executable, "-m", "wandb")])
def test_the_command_wandb_syncs_and_logs_in(shell: Shell, words: tuple[str, ...]) -> None:
    synced = shell.run(*words, "sync", "--sync-all")
    signed_in = shell.run(*words, "login", "secret-key")

    assert synced.stdout.startswith("No runs found in ")
    assert signed_in.returncode == 0
    assert "RUNWAKE_API_KEY" in signed_in.stdout
