from __future__ import annotations

from pathlib import Path

import pytest

from runwake.testing.in_process import Api


@pytest.fixture
def built(api: Api, tmp_path: Path) -> Api:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<title>the app</title>")
    (static / "assets" / "app-1a2b.js").write_text("run()")
    (static / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (static / "link").symlink_to(tmp_path / "secret.txt")
    api.app.state.static = static
    return api


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/local/demo", "/local/demo/runs/r1/logs", "/assets/gone.js", "/apis"],
)
def test_every_address_that_is_no_file_is_the_app(built: Api, path: str) -> None:
    response = built.request("GET", path)

    assert response.status == 200
    assert b"the app" in response.data
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_hashed_assets_are_kept_for_good(built: Api) -> None:
    response = built.request("GET", "/assets/app-1a2b.js")

    assert response.data == b"run()"
    assert response.headers["content-type"].startswith("text/javascript")
    assert "immutable" in response.headers["cache-control"]


def test_other_files_are_asked_for_again(built: Api) -> None:
    response = built.request("GET", "/favicon.svg")

    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link",
        "//secret.txt",
    ],
)
def test_nothing_outside_the_app_is_served(built: Api, path: str) -> None:
    assert b"secret" not in built.request("GET", path).data


def test_without_a_built_app_the_page_says_how_to_build_it(api: Api, tmp_path: Path) -> None:
    api.app.state.static = tmp_path / "nowhere"

    response = api.request("GET", "/local/demo")

    assert response.status == 503
    assert b"make setup" in response.data
    assert api.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("path", ["/local/" + "%C3%A9" * 128, "/" + "a" * 300, "/x" * 3_000])
def test_an_address_that_is_longer_than_any_file_name_is_the_app(built: Api, path: str) -> None:
    assert built.request("GET", path).status == 200
