from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MODULES = "import json, sys; print(json.dumps(sorted(sys.modules)))"
HEAVY = {"numpy", "PIL", "urllib3", "psutil", "click", "zstandard", "requests", "pydantic"}


def modules_after(code: str, folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{MODULES}"],
        capture_output=True,
        check=True,
        cwd=folder,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_runwake_loads_few_modules_and_no_heavy_ones(tmp_path: Path) -> None:
    loaded = modules_after("import runwake", tmp_path)

    assert "runwake" in loaded
    assert len(loaded) <= 250
    assert loaded & HEAVY == set()


def test_a_whole_offline_run_needs_no_heavy_library(tmp_path: Path) -> None:
    loaded = modules_after(
        "import runwake\n"
        "run = runwake.init(mode='offline', settings={'silent': True})\n"
        "run.log({'a': 1.5, 'b': {'c': 'text'}}); run.finish()",
        tmp_path,
    )

    assert "runwake.sdk.steps" in loaded
    assert len(loaded) <= 250
    assert loaded & HEAVY == set()
