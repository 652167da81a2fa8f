"""The lock file of the web app installs on every platform and from every registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[2] / "web"


def packages() -> dict[str, dict[str, Any]]:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = lock["packages"]
    return found


def test_every_optional_package_of_a_platform_is_locked() -> None:
    locked = packages()

    missing = [
        (name, optional)
        for name, package in locked.items()
        for optional in package.get("optionalDependencies", {})
        if f"{name}/node_modules/{optional}" not in locked
        and f"node_modules/{optional}" not in locked
    ]

    assert missing == []


def test_no_address_of_a_registry_is_locked_but_every_checksum_is() -> None:
    locked = {name: package for name, package in packages().items() if name}

    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert [name for name, package in locked.items() if "integrity" not in package] == []


def test_versions_are_pinned() -> None:
    manifest = json.loads((WEB / "package.json").read_text(encoding="utf-8"))

    wanted = manifest["dependencies"] | manifest["devDependencies"]

    assert [name for name, version in wanted.items() if not version[0].isdigit()] == []
