from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from runwake.server.access.policy import Policy, flat_routes, policy_of
from runwake.server.app import describe_app
from runwake.settings.server import server_settings
from runwake.testing.in_process import Api, serving
from runwake.testing.logs import LogBuilder
from runwake.tracking.sign_in import SESSION_LIFETIME_S
from runwake.wire.http import stream_path

NAMES = {"entity": "local", "project": "demo", "run": "r1", "run_id": "r1", "stream": "w1"}
NAMES |= {"digest": "0" * 64, "path": ""}
LIVE = "/live"


@dataclass(frozen=True)
class Served:
    """A server that asks for keys, with one key and the cookie of one session."""

    api: Api
    key: str
    cookie: str


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data_dir: Path = tmp_path_factory.mktemp("secured")
    with serving(data_dir, authentication=True) as api:
        key = api.app.state.services.sign_ins.make_key("test")
        yield Served(api, key, sign_in(api, key))


@pytest.fixture(scope="module")
def open_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    data_dir: Path = tmp_path_factory.mktemp("open")
    with serving(data_dir) as api:
        yield api


def sign_in(api: Api, key: str) -> str:
    response = api.request("POST", "/session", json={"api_key": key})
    assert response.status == 204
    return response.headers["set-cookie"].partition(";")[0]


def all_routes() -> list[tuple[str, str, Policy]]:
    settings, _ = server_settings({}, {})
    routes = []
    for path, route in flat_routes(describe_app(settings).routes):
        assert isinstance(route, APIRoute)
        declared = policy_of(route.endpoint)
        assert declared is not None
        filled = path.replace(":page", "").format(**NAMES)
        routes += [(method, filled, declared) for method in sorted(route.methods or ())]
    return routes


ROUTES = all_routes()


def status(api: Api, method: str, path: str, **headers: str) -> int:
    # An address that needs more than names is refused with 422: past the gate all the same.
    response = api.request(method, path, headers=headers)
    return response.status


def test_the_route_table_is_whole() -> None:
    assert len(ROUTES) >= 28
    public = {path for _, path, declared in ROUTES if declared is Policy.PUBLIC}
    assert public == {
        "/healthz",
        "/readyz",
        "/api/v1/openapi.json",
        "/api/v1/server",
        "/api/v1/session",
        "/",
    }
    changing = {method for method, _, declared in ROUTES if declared is Policy.WRITE}
    assert changing == {"DELETE", "PATCH", "POST", "PUT"}


@pytest.mark.parametrize(("method", "path", "declared"), ROUTES)
def test_each_route_asks_for_a_key_where_its_policy_says_so(
    secured: Served, method: str, path: str, declared: Policy
) -> None:
    is_public = declared is Policy.PUBLIC
    json_type = {"Content-Type": "application/json"}
    anonymous = status(secured.api, method, path, **json_type)
    wrong = status(secured.api, method, path, Authorization="Bearer runwake-" + "0" * 64)

    assert (anonymous == 401) is (not is_public)
    assert (wrong == 401) is (not is_public)
    if "session" in path:
        return  # would end the session that the other cases use
    with_key = {"Authorization": f"Bearer {secured.key}"}
    assert status(secured.api, method, path, **with_key, **json_type) != 401
    with_cookie = status(secured.api, method, path, Cookie=secured.cookie, **json_type)
    assert with_cookie not in (401, 403)


@pytest.mark.parametrize(("method", "path", "declared"), ROUTES)
def test_without_authentication_each_route_is_open_to_this_machine_alone(
    open_api: Api, method: str, path: str, declared: Policy
) -> None:
    json_type = {"Content-Type": "application/json"}

    assert status(open_api, method, path, **json_type) not in (401, 403)
    assert status(open_api, method, path, Host="evil.example") == 421
    from_elsewhere = status(open_api, method, path, **json_type, **{"Sec-Fetch-Site": "cross-site"})
    assert (from_elsewhere == 403) is (method not in ("GET", "HEAD"))


def test_a_key_counts_as_bearer_token_and_as_basic_password(secured: Served) -> None:
    basic = base64.b64encode(f"api:{secured.key}".encode()).decode()

    assert status(secured.api, "GET", "/projects", Authorization=f"Basic {basic}") == 200
    assert status(secured.api, "GET", "/projects", Authorization=f"bearer {secured.key}") == 200
    for bad in ("Bearer", "Basic !!!", f"Token {secured.key}", "Basic " + basic[:-8]):
        assert status(secured.api, "GET", "/projects", Authorization=bad) == 401


def test_a_wrong_key_is_not_saved_by_a_good_cookie(secured: Served) -> None:
    both = {"Authorization": "Bearer wrong", "Cookie": secured.cookie}

    assert status(secured.api, "GET", "/projects", **both) == 401


def test_the_answer_to_a_missing_key_says_what_to_do(secured: Served) -> None:
    response = secured.api.request("GET", "/projects")

    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthenticated"
    assert "API key" in response.json()["error"]["message"]


def test_the_server_tells_whether_a_caller_is_signed_in(secured: Served) -> None:
    assert secured.api.get("/server")["signed_in"] is False
    assert secured.api.get("/server", Cookie=secured.cookie)["signed_in"] is True
    assert secured.api.get("/server")["authentication"] is True


def test_the_session_cookie_is_out_of_reach_of_scripts(secured: Served) -> None:
    response = secured.api.request("POST", "/session", json={"api_key": secured.key})

    attributes = response.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert secured.key not in response.headers["set-cookie"]


def test_signing_in_with_a_wrong_key_fails(secured: Served) -> None:
    response = secured.api.request("POST", "/session", json={"api_key": "runwake-" + "1" * 64})

    assert response.status == 401
    assert "set-cookie" not in response.headers


def test_signing_out_ends_the_session_at_once(secured: Served) -> None:
    cookie = sign_in(secured.api, secured.key)
    assert status(secured.api, "GET", "/projects", Cookie=cookie) == 200

    assert status(secured.api, "DELETE", "/session", Cookie=cookie) == 204

    assert status(secured.api, "GET", "/projects", Cookie=cookie) == 401


def test_a_session_ends_by_itself(tmp_path: Path) -> None:
    now = [0.0]
    with serving(tmp_path, clock=lambda: now[0], authentication=True) as api:
        cookie = sign_in(api, api.app.state.services.sign_ins.make_key("k"))
        now[0] = SESSION_LIFETIME_S - 1
        assert status(api, "GET", "/projects", Cookie=cookie) == 200
        now[0] = SESSION_LIFETIME_S + 1
        assert status(api, "GET", "/projects", Cookie=cookie) == 401


def test_a_page_of_another_site_cannot_use_the_cookie(secured: Served) -> None:
    path = "/projects/local/demo/runs/r1/stop"
    foreign = {"Cookie": secured.cookie, "Origin": "http://evil.example"}

    assert status(secured.api, "POST", path, **foreign) == 403
    form = {"Cookie": secured.cookie, "Content-Type": "text/plain"}
    response = secured.api.request("POST", path, body=b"{}", headers=form)
    assert response.status == 403


def test_only_the_hash_of_a_key_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path, authentication=True) as api:
        key = api.app.state.services.sign_ins.make_key("k")
        cookie = sign_in(api, key)
        log = LogBuilder()
        headers = {"Authorization": f"Bearer {key}"}
        path = stream_path(*log.path) + "?offset=0"
        assert api.request("POST", path, body=log.data, headers=headers).status == 200
    secrets = [key.encode(), cookie.partition("=")[2].encode()]

    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(secret in content for secret in secrets)
