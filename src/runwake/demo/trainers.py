"""The demo's training processes: a few at a time, each one a script of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from runwake.demo.configurations import Configuration
from runwake.demo.server_process import DemoError


@dataclass(frozen=True)
class Report:
    """What a training process says that it logged.

    Attributes:
        rows: calls of `log`.
        val_accuracy: the best one.
        duration_s: of the process, from start to end.
    """

    name: str
    run_id: str
    rows: int
    val_accuracy: float
    duration_s: float


@dataclass
class _Training:
    configuration: Configuration
    process: subprocess.Popen[bytes]
    output: Path
    report: Path
    started: float = field(default_factory=time.monotonic)


class Trainers:
    """Trains configurations in parallel processes. Not thread-safe; `poll` drives it."""

    def __init__(
        self,
        configurations: Sequence[Configuration],
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        """Prepare; nothing is started before the first `poll`.

        Args:
            configurations: what to train, in this order.
            arguments: for every training process, beside the configuration's name.
            folder: existing folder for what they print and report.
            environment: theirs.
        """
        self._waiting = list(configurations)
        self._arguments = tuple(arguments)
        self._folder = folder
        self._environment = environment
        self._live: list[_Training] = []
        self.reports: list[Report] = []

    @property
    def num_live(self) -> int:
        """How many are training now."""
        return len(self._live)

    @property
    def is_done(self) -> bool:
        """Whether all have ended."""
        return not self._live and not self._waiting

    def poll(self, at_once: int) -> None:
        """Take in the reports of those that have ended, start others up to `at_once`.

        Raises:
            DemoError: a training failed; with the end of what it printed.
        """
        for training in list(self._live):
            if training.process.poll() is not None:
                self._live.remove(training)
                self.reports.append(_report_of(training))
        while self._waiting and len(self._live) < at_once:
            self._live.append(self._start(self._waiting.pop(0)))

    def stop(self, timeout_s: float) -> None:
        """End what is still training: ask, wait, then by force."""
        self._waiting.clear()
        deadline = time.monotonic() + timeout_s
        for training in self._live:
            training.process.terminate()
        for training in self._live:
            _wait_or_kill(training.process, max(0.1, deadline - time.monotonic()))
        self._live.clear()

    def _start(self, configuration: Configuration) -> _Training:
        output = self._folder / f"{configuration.name}.txt"
        report = self._folder / f"{configuration.name}.json"
        command = (
            sys.executable, "-m", "runwake.demo.train", configuration.name,
            "--report", str(report), *self._arguments,
        )  # fmt: skip
        with output.open("wb") as file:
            process = _start_process(command, file, self._environment)
        return _Training(configuration, process, output, report)


def _start_process(
    command: Sequence[str], output: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
    )


def _wait_or_kill(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _report_of(training: _Training) -> Report:
    name = training.configuration.name
    if training.process.returncode:
        text = training.output.read_text(encoding="utf-8", errors="replace")
        end = "\n".join(text.rstrip().splitlines()[-15:])
        raise DemoError(f"training {name} ended with status {training.process.returncode}:\n{end}")
    duration_s = time.monotonic() - training.started
    return Report(name=name, duration_s=duration_s, **json.loads(training.report.read_text()))
