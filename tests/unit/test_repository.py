"""What must hold for every file that git tracks, and for the lock of the web app's packages."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "web" / "package-lock.json"
# Written in pieces, so that this file does not break the rule itself.
REGISTRY_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "yarnpkg" + ".com")
LOCAL_PATH = re.compile(r"""(?<![\w./~-])/(?:home|root|Users|work|tmp)/[\w.-]+/""")


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Text of all tracked files by name; a source tree without git has none to check."""
    listed = subprocess.run(
        ("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=True
    )
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            texts[name] = path.read_bytes().decode("utf-8", errors="replace")
    return texts


def test_no_file_names_a_package_registry(tracked: dict[str, str]) -> None:
    found = [
        f"{name}: {host}"
        for name, text in tracked.items()
        for host in REGISTRY_HOSTS
        if host in text
    ]

    assert found == []


def test_no_file_names_a_path_of_somebodys_machine(tracked: dict[str, str]) -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in tracked.items()
        if name != "tests/unit/test_repository.py"
        for match in LOCAL_PATH.finditer(text)
    ]

    assert found == []


def test_built_assets_and_generated_types_are_not_committed(tracked: dict[str, str]) -> None:
    generated = ("src/runwake/server/static/", "web/dist/", "web/node_modules/")

    assert [name for name in tracked if name.startswith(generated)] == []
    assert "web/src/api/schema.ts" not in tracked
    assert "uv.lock" not in tracked


def _packages() -> dict[str, Any]:
    packages: dict[str, Any] = json.loads(LOCK.read_text())["packages"]
    return packages


def test_the_lock_leaves_the_registry_to_the_machine() -> None:
    assert [name for name, entry in _packages().items() if "resolved" in entry] == []


def test_the_lock_has_the_integrity_of_every_package() -> None:
    missing = [name for name, entry in _packages().items() if name and not entry.get("integrity")]

    assert missing == []


def test_the_lock_names_every_platforms_optional_package() -> None:
    packages = _packages()

    missing = [
        f"{name} wants {optional}"
        for name, entry in packages.items()
        for optional in entry.get("optionalDependencies", {})
        if not any(
            other == f"node_modules/{optional}" or other.endswith(f"/node_modules/{optional}")
            for other in packages
        )
    ]

    assert missing == []
