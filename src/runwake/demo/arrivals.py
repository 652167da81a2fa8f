"""What of the demo's runs has arrived, as the server's query API tells it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3

from runwake.demo.server_process import DemoError
from runwake.demo.trainers import Report
from runwake.model.run import DEFAULT_ENTITY
from runwake.wire.http import API


@dataclass(frozen=True)
class Arrival:
    """One run as the server has it."""

    state: str
    num_rows: int
    summary: dict[str, Any]


def missing(reports: Iterable[Report], arrivals: dict[str, Arrival]) -> list[str]:
    """Return one line for each run of which something is not on the server as it was logged."""
    lines = []
    for report in reports:
        arrival = arrivals.get(report.run_id)
        if arrival is None:
            lines.append(f"{report.name}: the server knows no run {report.run_id}")
            continue
        if arrival.num_rows != report.rows:
            lines.append(f"{report.name}: {report.rows} rows logged, {arrival.num_rows} arrived")
        if arrival.state != "finished":
            lines.append(f"{report.name}: it has ended, and the server says {arrival.state}")
        best = arrival.summary.get("best_val_accuracy")
        if best != report.val_accuracy:
            lines.append(
                f"{report.name}: best_val_accuracy is {report.val_accuracy}, the server has {best}"
            )
    return lines


class ProjectReader:
    """Reads the runs of one group of a project."""

    def __init__(self, http: urllib3.PoolManager, server: str, project: str) -> None:
        self._http = http
        path = f"{quote(DEFAULT_ENTITY, safe='')}/{quote(project, safe='')}"
        self.page = f"{server}/{path}"
        self._runs = f"{server}{API}/projects/{path}/runs"

    def read(self, group: str) -> dict[str, Arrival]:
        """Return the group's runs by id; empty as long as there is no such project.

        Raises:
            DemoError: the server's answer is an error.
        """
        answer = self._http.request(
            "GET", self._runs, fields={"limit": "1000", "sort": "-started_at"}, timeout=10.0
        )
        if answer.status == 404:
            return {}
        if answer.status != 200:
            raise DemoError(f"GET {self._runs} answered {answer.status}: {answer.data[:500]!r}")
        return {
            run["id"]: Arrival(run["state"], run["num_rows"], run["summary"])
            for run in answer.json()["runs"]
            if run["group"] == group
        }

    def wait_for(
        self, reports: Sequence[Report], group: str, timeout_s: float
    ) -> tuple[dict[str, Arrival], list[str]]:
        """Wait until all that was logged has arrived, `timeout_s` at most.

        Returns:
            The runs by id, and what is still missing, one line each.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            arrivals = self.read(group)
            lines = missing(reports, arrivals)
            if not lines or time.monotonic() > deadline:
                return arrivals, lines
            time.sleep(0.2)
