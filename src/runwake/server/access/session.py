"""The session cookie: a random token that scripts of a page cannot read."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

COOKIE: Final = "runwake_session"


def session_token(request: Request) -> str | None:
    """Return the token that the browser sent."""
    return request.cookies.get(COOKIE)


def set_session_cookie(response: Response, request: Request, token: str, lifetime_s: float) -> None:
    """Give the browser a token; over TLS it will only send it over TLS."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(lifetime_s),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def clear_session_cookie(response: Response) -> None:
    """Make the browser forget its token."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
