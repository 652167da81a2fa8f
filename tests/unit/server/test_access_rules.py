from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request

from runwake.errors import ConfigError, UsageError
from runwake.server.access.browser import ForbiddenError, is_loopback_name, refuse_foreign_pages
from runwake.server.access.policy import Policy, check_all_declared, policy
from runwake.server.app import describe_app
from runwake.settings.server import server_settings


def request(method: str = "POST", **headers: str) -> Request:
    headers.setdefault("host", "127.0.0.1:8080")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "http://127.0.0.1:8080"},
        # A development server in front: the browser's own word counts more than names.
        {"sec_fetch_site": "same-origin", "origin": "http://localhost:5173"},
        {"sec_fetch_site": "cross-site", "authorization": "Bearer key"},
        {
            "cookie": "runwake_session=x",
            "content_length": "2",
            "content_type": "application/json; charset=utf-8",
        },
    ],
)
def test_changes_from_programs_and_our_own_pages_pass(headers: dict[str, str]) -> None:
    refuse_foreign_pages(request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site", "authorization": "Basic a2V5"},
        {"cookie": "runwake_session=x", "content_length": "2", "content_type": "text/plain"},
        {"sec_fetch_site": "same-origin", "transfer_encoding": "chunked"},
    ],
)
def test_changes_that_another_page_may_have_caused_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForbiddenError):
        refuse_foreign_pages(request(**headers))


def test_reading_is_not_a_change() -> None:
    refuse_foreign_pages(request("GET", sec_fetch_site="cross-site"))


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:1", "127.1.2.3", "[::1]:80", "a.localhost"]
)
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback_name(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example", "[::2]"],
)
def test_names_that_may_be_anybodys(host: str) -> None:
    assert not is_loopback_name(host)


def test_a_route_without_a_policy_stops_the_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/open")
    @policy(Policy.PUBLIC)
    def declared() -> None: ...

    check_all_declared(app.routes)

    @app.get("/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(ConfigError, match="/forgotten"):
        check_all_declared(app.routes)


def test_a_second_application_mounted_beside_the_routes_stops_the_start() -> None:
    settings, _ = server_settings({}, {})
    app = describe_app(settings)
    app.mount("/extra", FastAPI())

    with pytest.raises(ConfigError, match="/extra"):
        check_all_declared(app.routes)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_the_network_is_refused_without_authentication(host: str) -> None:
    with pytest.raises(UsageError, match="--authentication"):
        server_settings({"host": host}, {})

    settings, _ = server_settings({"host": host, "authentication": True}, {})
    assert not settings.is_loopback


def test_settings_come_from_arguments_then_environment_then_defaults() -> None:
    environment = {"RUNWAKE_SERVER_PORT": "9000", "RUNWAKE_SERVER_LOG_LEVEL": "loud"}
    explicit: dict[str, Any] = {"data_dir": "/tmp/x", "max_blob_size": "2"}

    settings, warnings = server_settings(explicit, environment)

    assert settings.port == 9000
    assert settings.max_blob_size == 2 * 1024 * 1024
    assert settings.log_level == "warning"
    assert len(warnings) == 1
    assert "RUNWAKE_SERVER_LOG_LEVEL" in warnings[0]
