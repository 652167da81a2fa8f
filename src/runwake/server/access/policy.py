"""What each route asks of its caller. A route says it; one that says nothing is never served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any, Final, TypeVar

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from runwake.errors import ConfigError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_ATTRIBUTE: Final = "__runwake_policy__"


class Policy(Enum):
    """Who may call a route. With authentication off, everybody on this machine is the owner."""

    PUBLIC = "everybody"
    READ = "whoever may read runs"
    WRITE = "whoever may write runs"


def policy(value: Policy) -> Callable[[Endpoint], Endpoint]:
    """Declare the policy of a route's endpoint; stands below the route's decorator."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, value)
        return endpoint

    return declare


def policy_of(endpoint: Any) -> Policy | None:
    """Return what an endpoint declares, None if it says nothing."""
    declared = getattr(endpoint, _ATTRIBUTE, None)
    return declared if isinstance(declared, Policy) else None


def flat_routes(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, BaseRoute]]:
    """Yield each route with its whole path, those of included routers among them.

    Newer versions of FastAPI keep an included router as one entry, older ones copy its routes.
    """
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield prefix + str(getattr(route, "path", route)), route
        else:
            inner = prefix + str(getattr(route, "include_context").prefix)  # noqa: B009 - no stub
            yield from flat_routes(included.routes, inner)


def check_all_declared(routes: Iterable[BaseRoute]) -> None:
    """Return if each route declares its policy and goes through the one dependency for it.

    Raises:
        ConfigError: naming the routes that do not. The server must not start then.
    """
    bad = [
        path
        for path, route in flat_routes(routes)
        if not isinstance(route, APIRoute) or policy_of(route.endpoint) is None
    ]
    if bad:
        raise ConfigError(f"routes without an access policy: {', '.join(bad)}")
