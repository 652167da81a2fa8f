"""What logging costs a training process: `make bench`.

Each figure stands beside a floor that was measured in the same run, and beside its target. A real
server is started for it; every measurement has a fresh process. Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import urllib3

from runwake.demo.server_process import ServerProcess, free_port
from runwake.settings.sources import environment

ROOT = Path(__file__).resolve().parent.parent
PROBE = Path(__file__).with_name("probe.py")
CALLS = {1: 20_000, 10: 30_000, 100: 10_000, 1000: 4_000}
NUM_STARTS = 9


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        floor: what the same thing costs at least, in the same unit; None if nothing compares.
        target: the most that `value` may be; None if there is no target.
        target_ratio: the most that `value / floor` may be.
    """

    name: str
    unit: str
    value: float
    floor: float | None = None
    target: float | None = None
    target_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor it is."""
        return self.value / self.floor if self.floor else None

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is not None:
            return self.value <= self.target
        if self.target_ratio is not None and self.ratio is not None:
            return self.ratio <= self.target_ratio
        return None


def percentile(sorted_ns: Sequence[int], share: float) -> float:
    """Return a percentile in microseconds."""
    return sorted_ns[min(len(sorted_ns) - 1, int(share * len(sorted_ns)))] / 1000


class Bench:
    """Runs the measurements against one server."""

    def __init__(self, folder: Path, variables: dict[str, str], scale: float) -> None:
        self._folder = folder
        self._variables = variables
        self._scale = scale
        self._number = 0

    def figures(self) -> Iterator[Figure]:
        """Measure everything, one figure after the other."""
        yield from self._imports()
        yield from self._init()
        for num_scalars, calls in CALLS.items():
            yield from self._log(num_scalars, max(1000, int(calls * self._scale)))
        yield from self._log_defined(max(1000, int(CALLS[10] * self._scale)))

    def _imports(self) -> Iterator[Figure]:
        bare, imported, used = [], [], []
        for _ in range(NUM_STARTS):
            bare.append(self._start_s("pass"))
            imported.append(self._start_s("import runwake"))
            used.append(self._start_s("import runwake; runwake.init"))
        floor = statistics.median(bare) * 1000
        added = statistics.median(imported) * 1000 - floor
        yield Figure("import runwake, on top of bare Python", "ms", added, floor, target=80)
        yield Figure("import runwake, total", "ms", statistics.median(imported) * 1000, floor)
        yield Figure(
            "import runwake; runwake.init, total", "ms", statistics.median(used) * 1000, floor
        )

    def _start_s(self, code: str) -> float:
        started = time.perf_counter()
        subprocess.run((sys.executable, "-c", code), check=True, env=self._variables)
        return time.perf_counter() - started

    def _init(self) -> Iterator[Figure]:
        floor = statistics.median(self._start_s("pass") for _ in range(NUM_STARTS)) * 1000
        took = [self._probe("init")["init_s"] * 1000 for _ in range(NUM_STARTS)]
        yield Figure("init() online to ready, p50", "ms", statistics.median(took), floor, target=50)
        yield Figure("init() online to ready, slowest", "ms", max(took), floor)

    def _log(self, num_scalars: int, calls: int) -> Iterator[Figure]:
        result = self._probe("log", "--scalars", str(num_scalars), "--calls", str(calls))
        floor, log = sorted(result["floor_ns"]), sorted(result["log_ns"])
        name = f"log() of {num_scalars} scalar{'s' if num_scalars > 1 else ''}"
        is_target = num_scalars == 10
        for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            yield Figure(
                f"{name}, {label}",
                "us",
                percentile(log, share),
                percentile(floor, share),
                target=1000 if is_target and label == "p99.9" else None,
                target_ratio=4 if is_target and label == "p50" else None,
            )
        yield Figure(f"{name}, longest of {len(log):,}", "us", log[-1] / 1000, floor[-1] / 1000)
        yield Figure(
            f"{name}, size per point",
            "B",
            result["bytes_per_point"],
            result["floor_bytes_per_point"],
        )
        yield Figure(
            f"finish() after {len(log):,} x {num_scalars}, flat out",
            "ms",
            result["drain_s"] * 1000,
            result["floor_drain_s"] * 1000,
        )

    def _log_defined(self, calls: int) -> Iterator[Figure]:
        result = self._probe("log", "--defined", "--scalars", "10", "--calls", str(calls))
        floor, log = sorted(result["floor_ns"]), sorted(result["log_ns"])
        for label, share, target in (("p50", 0.5, 5), ("p99", 0.99, None)):
            yield Figure(
                f"log() of 10 under define_metric, {label}",
                "us",
                percentile(log, share),
                percentile(floor, share),
                target_ratio=target,
            )

    def _probe(self, *arguments: str) -> dict[str, Any]:
        self._number += 1
        folder = self._folder / f"probe-{self._number}"
        folder.mkdir()
        out = folder / "result.json"
        command = (
            sys.executable, str(PROBE), *arguments, "--dir", str(folder), "--out", str(out),
        )  # fmt: skip
        ended = subprocess.run(
            command, env=self._variables, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")
        result: dict[str, Any] = json.loads(out.read_text())
        return result


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    commit = subprocess.run(
        ("git", "rev-parse", "--short", "HEAD"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "commit": commit or None,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "load": round(psutil.getloadavg()[0], 2),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def line_of(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    floor = f"{figure.floor:>10,.1f}" if figure.floor is not None else f"{'':>10}"
    ratio = f"{figure.ratio:>7.1f}x" if figure.ratio is not None else f"{'':>8}"
    target = ""
    if figure.reached is not None:
        limit = f"{figure.target:g} {figure.unit}" if figure.target else f"{figure.target_ratio:g}x"
        target = f"  {'ok    ' if figure.reached else 'MISSED'} (target {limit})"
    return f"{figure.name:<42} {figure.value:>10,.1f} {figure.unit:<2} {floor} {ratio}{target}"


def main() -> int:
    """Measure, print, write; the exit status is 1 if a target was missed and --strict is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-client.json")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual calls")
    parser.add_argument("--strict", action="store_true", help="fail if a target is missed")
    options = parser.parse_args()
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, load {about['load']}; "
          f"Python {about['python']}, commit {about['commit']}\n")  # fmt: skip
    print(f"{'':<42} {'value':>10}    {'floor':>10} {'ratio':>8}")
    figures = []
    with tempfile.TemporaryDirectory(prefix="runwake-bench-") as scratch:
        folder = Path(scratch)
        port = free_port("127.0.0.1", 18_700)
        variables = {
            name: text
            for name, text in environment().items()
            # An installed package has its bytecode: compiling it anew is not to be measured.
            if not name.startswith(("RUNWAKE_", "WANDB_")) and name != "PYTHONDONTWRITEBYTECODE"
        }
        server = ServerProcess("127.0.0.1", port, folder, variables)
        try:
            server.wait_ready(urllib3.PoolManager(), timeout_s=60)
            variables |= {"RUNWAKE_BASE_URL": server.url, "RUNWAKE_SILENT": "true"}
            for figure in Bench(folder, variables, options.scale).figures():
                print(line_of(figure), flush=True)
                figures.append(figure)
        finally:
            server.stop()
    results = [
        asdict(figure) | {"ratio": figure.ratio, "reached": figure.reached} for figure in figures
    ]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"machine": about, "figures": results}, indent=1) + "\n")
    print(
        "\nFloors: an orjson line and os.write for log() and its bytes; all those lines and one "
        "fsync for\nfinish(); a bare Python start for import and init. "
        f"Written to {options.json}"
    )
    return 1 if options.strict and any(figure.reached is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
