"""What must hold for every file that git tracks."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
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
