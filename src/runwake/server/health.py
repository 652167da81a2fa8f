"""Routes for whoever watches the server, and the API's own description."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from runwake.server.access.policy import Policy, policy
from runwake.server.answers import JsonResponse

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well."""

    status: str = "ok"


@router.get("/healthz", response_model=Health)
@policy(Policy.PUBLIC)
async def get_health() -> Response:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


@router.get("/readyz", response_model=Health)
@policy(Policy.PUBLIC)
async def get_readiness(request: Request) -> Response:
    """The stores can be used; 503 if not."""
    await run_in_threadpool(request.app.state.check_stores)
    return JsonResponse({"status": "ok"})


@router.get("/api/v1/openapi.json", include_in_schema=False)
@policy(Policy.PUBLIC)
async def get_openapi(request: Request) -> Response:
    """This API's OpenAPI document."""
    return JsonResponse(request.app.openapi())
