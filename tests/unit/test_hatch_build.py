"""The build hook: when it builds, when it asks for Node, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import hatch_build
from hatch_build import NODE_WHEEL, STATIC, WebAppHook, WebBuildError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree whose assets are up to date."""
    (tmp_path / "web/src/api").mkdir(parents=True)
    (tmp_path / "web/package-lock.json").write_text("{}")
    (tmp_path / "web/src/main.ts").write_text("start()")
    (tmp_path / STATIC).mkdir(parents=True)
    (tmp_path / STATIC / "index.html").write_text("<!doctype html>")
    stamp = tmp_path / STATIC / hatch_build.SOURCES_STAMP
    stamp.write_text(hatch_build.hash_sources(tmp_path / "web"))
    return tmp_path


def hook(root: Path) -> WebAppHook:
    return WebAppHook(str(root), {}, None, None, str(root / "dist"), "wheel")  # type: ignore[arg-type]  # unused here


@pytest.mark.parametrize(
    "version", ["20.19.0", "20.20.1", "22.12.0", "22.13.0", "24.0.0", "25.1.0"]
)
def test_a_node_that_runs_vite_is_suitable(version: str) -> None:
    assert hatch_build.is_suitable(version)


@pytest.mark.parametrize("version", ["18.20.4", "20.18.9", "21.7.0", "22.11.0", "23.9.0", "", "x"])
def test_another_node_is_not(version: str) -> None:
    assert not hatch_build.is_suitable(version)


def test_an_unchanged_tree_is_current_and_asks_for_no_node(tree: Path) -> None:
    assert hatch_build.is_current(tree)
    assert hook(tree).dependencies() == []


def test_a_changed_source_makes_the_assets_stale(tree: Path) -> None:
    (tree / "web/src/main.ts").write_text("start(2)")

    assert not hatch_build.is_current(tree)


def test_a_renamed_source_makes_the_assets_stale(tree: Path) -> None:
    (tree / "web/src/main.ts").rename(tree / "web/src/other.ts")

    assert not hatch_build.is_current(tree)


@pytest.mark.parametrize(
    "path", ["node_modules/vite/x.js", "src/api/schema.ts", "src/main.test.ts", "dist/x.js"]
)
def test_files_that_cannot_change_the_assets_do_not_count(tree: Path, path: str) -> None:
    file = tree / "web" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("new")

    assert hatch_build.is_current(tree)


def test_missing_assets_are_never_current(tree: Path) -> None:
    (tree / STATIC / "index.html").unlink()

    assert not hatch_build.is_current(tree)


def test_an_sdist_is_current_whatever_its_sources_hash_to(tree: Path) -> None:
    (tree / "PKG-INFO").write_text("Name: runwake")
    (tree / "web/src/main.ts").write_text("start()\r\n")

    assert hatch_build.is_current(tree)
    assert hook(tree).dependencies() == []


def test_without_a_node_on_the_path_a_stale_tree_asks_for_the_wheel(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "web/src/main.ts").write_text("start(2)")
    monkeypatch.setenv("PATH", str(tree))
    monkeypatch.delenv("RUNWAKE_WEB", raising=False)

    expected = [NODE_WHEEL] if hatch_build.node_wheel_fits() else []
    assert hook(tree).dependencies() == expected


def test_skip_asks_for_nothing_and_leaves_an_editable_install_alone(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / STATIC / "index.html").unlink()
    monkeypatch.setenv("RUNWAKE_WEB", "skip")

    assert hook(tree).dependencies() == []
    hook(tree).initialize("editable", {})


def test_a_wheel_without_the_web_app_is_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / STATIC / "index.html").unlink()
    monkeypatch.setenv("RUNWAKE_WEB", "skip")

    with pytest.raises(WebBuildError, match=r"index\.html is missing"):
        hook(tree).initialize("standard", {})


def test_a_tree_without_web_and_without_assets_is_said_to_be_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNWAKE_WEB", raising=False)

    with pytest.raises(WebBuildError, match="not complete"):
        hook(tmp_path).initialize("editable", {})


def test_an_unknown_command_shows_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert hatch_build.main(["bild"]) == 2
    assert "hatch_build.py build" in capsys.readouterr().err
