"""Who calls: found once per request, by the one dependency that all routes have.

With authentication off, whoever reaches the server is its owner. With it, a caller shows an API
key (as a bearer token, or as the password of HTTP basic) or the cookie of a session.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from runwake.errors import AuthenticationError, ConfigError
from runwake.server.access.browser import refuse_foreign_pages
from runwake.server.access.policy import Policy, policy_of
from runwake.server.access.session import session_token
from runwake.tracking.sign_in import SignIns


@dataclass(frozen=True)
class Principal:
    """A caller; `is_signed_in` tells whether the server's data is theirs to read and write."""

    is_signed_in: bool


OWNER = Principal(is_signed_in=True)
ANONYMOUS = Principal(is_signed_in=False)


async def require_access(request: Request) -> None:
    """Let the request through to its route, or raise.

    Raises:
        AuthenticationError: the route's policy asks for a key and the caller showed none, or one
            that is not known.
        ForbiddenError: a page of another site made the request.
    """
    refuse_foreign_pages(request)
    principal = await _find(request)
    request.state.principal = principal
    declared = policy_of(request.scope["route"].endpoint)
    if declared is None:
        raise ConfigError("a route without an access policy was called")
    if declared is not Policy.PUBLIC and not principal.is_signed_in:
        raise AuthenticationError(
            "this server asks for an API key: send it as `Authorization: Bearer <key>`, or sign in"
        )


async def _find(request: Request) -> Principal:
    if not request.app.state.settings.authentication:
        return OWNER
    sign_ins: SignIns = request.app.state.services.sign_ins
    key = presented_key(request)
    if key is not None:
        # A key that was shown counts, never a cookie beside it.
        is_known = await run_in_threadpool(sign_ins.is_key, key)
        return OWNER if is_known else ANONYMOUS
    token = session_token(request)
    if not token:
        return ANONYMOUS
    is_known = await run_in_threadpool(sign_ins.is_session, token)
    return OWNER if is_known else ANONYMOUS


def presented_key(request: Request) -> str | None:
    """Return the API key of the Authorization header, None if there is no such header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _of_request(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Caller = Annotated[Principal, Depends(_of_request)]
