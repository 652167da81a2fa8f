"""The documentation names everything that there is, and links only to what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import reference
import runwake
from runwake.cli import cli
from runwake.settings.client import CLIENT_SETTINGS
from runwake.settings.server import SERVER_SETTINGS

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parent.parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GENERATED = sorted(reference.pages())


def read(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_generated_page_is_what_the_code_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == reference.pages()[path]


def test_every_command_is_documented() -> None:
    commands = [name for name, _ in reference.commands(cli, "runwake")]

    assert "runwake demo" in commands
    assert [name for name in commands if f"## `{name}`" not in read("cli.md")] == []


def test_every_setting_is_documented_with_its_variables() -> None:
    page = read("settings.md")
    settings = (*CLIENT_SETTINGS, *SERVER_SETTINGS)

    missing = [
        word
        for setting in settings
        for word in (setting.name, *setting.env)
        if f"`{word}`" not in page
    ]
    assert missing == []


def test_every_route_is_documented() -> None:
    document = json.loads(reference.OPENAPI.read_text(encoding="utf-8"))
    page = read("api.md")

    routes = [
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    ]
    assert len(routes) > 10
    assert [route for route in routes if f"## `{route}`" not in page] == []


def test_every_public_name_is_documented() -> None:
    page = read("sdk.md")

    assert [name for name in runwake.__all__ if f"## `{name}`" not in page] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    web = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    names = [re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0] for line in wanted]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {
        name
        for line in page.splitlines()
        if line.startswith("| ")
        for name in line.split("|")[1].replace(",", " ").split()
    }

    assert set(names) | set(web["dependencies"]) | set(web["devDependencies"]) <= rows


def test_links_between_pages_lead_somewhere() -> None:
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--", "*.md"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    broken = []
    for name in filter(None, listed.stdout.split("\0")):
        page = ROOT / name
        if not page.is_file():
            continue
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = link.partition("#")[0]
            if target and "://" not in target and not (page.parent / target).exists():
                broken.append(f"{name}: {link}")

    assert broken == []
