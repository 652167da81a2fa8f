"""Routes about the server itself and about signing in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from runwake.model.run import DEFAULT_ENTITY
from runwake.server.access.policy import Policy, policy
from runwake.server.access.principal import Caller
from runwake.server.access.session import clear_session_cookie, session_token, set_session_cookie
from runwake.server.answers import JsonResponse
from runwake.server.query.bodies import ServerInfo, SignIn
from runwake.server.services import AppServices
from runwake.server.version import VERSION

router = APIRouter(tags=["server"])


@router.get("/server", response_model=ServerInfo)
@policy(Policy.PUBLIC)
def get_server(request: Request, caller: Caller) -> Response:
    """What a client needs to know before anything else."""
    return JsonResponse(
        {
            "version": VERSION,
            "authentication": request.app.state.settings.authentication,
            "signed_in": caller.is_signed_in,
            "default_entity": DEFAULT_ENTITY,
        }
    )


@router.post("/session", status_code=204, response_class=Response)
@policy(Policy.PUBLIC)
def sign_in(body: SignIn, request: Request, services: AppServices) -> Response:
    """Exchange an API key for a session cookie."""
    response = Response(status_code=204)
    session = services.sign_ins.start_session(body.api_key)
    set_session_cookie(response, request, session.token, session.lifetime_s)
    return response


@router.delete("/session", status_code=204, response_class=Response)
@policy(Policy.PUBLIC)
def sign_out(request: Request, services: AppServices) -> Response:
    """End the session of the cookie that came along, if any."""
    token = session_token(request)
    if token:
        services.sign_ins.end_session(token)
    response = Response(status_code=204)
    clear_session_cookie(response)
    return response
