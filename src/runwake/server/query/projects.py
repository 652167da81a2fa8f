"""Routes of projects: list, keys, lines of charts, media."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from runwake.server.access.policy import Policy, policy
from runwake.server.answers import JsonResponse
from runwake.server.query import answers
from runwake.server.query.bodies import (
    KeyList,
    LinesAnswer,
    LinesRequest,
    MediaList,
    Project,
    ProjectList,
    SourceName,
)
from runwake.server.services import AppServices
from runwake.tracking.charts import LinesQuestion
from runwake.tracking.sources import Source

router = APIRouter(prefix="/projects", tags=["projects"])


@router.get("", response_model=ProjectList)
@policy(Policy.READ)
def list_projects(services: AppServices) -> Response:
    """All projects, the most recently active first."""
    projects = services.projects.list()
    return JsonResponse({"projects": [answers.project_body(project) for project in projects]})


@router.get("/{entity}/{project}", response_model=Project)
@policy(Policy.READ)
def get_project(entity: str, project: str, services: AppServices) -> Response:
    """One project."""
    return JsonResponse(answers.project_body(services.projects.get(entity, project)))


@router.get("/{entity}/{project}/keys", response_model=KeyList)
@policy(Policy.READ)
def list_keys(
    entity: str, project: str, services: AppServices, source: SourceName = "history"
) -> Response:
    """Keys that the project's runs have logged, sorted by name."""
    keys = services.projects.keys(entity, project, Source(source))
    return JsonResponse({"keys": [answers.project_key_body(key) for key in keys]})


@router.post(
    "/{entity}/{project}/lines",
    response_model=LinesAnswer,
    responses={304: {"description": "Nothing has changed since the ETag that was sent."}},
)
@policy(Policy.READ)
def get_lines(
    entity: str, project: str, body: LinesRequest, request: Request, services: AppServices
) -> Response:
    """Lines of charts. Answers 304 to an If-None-Match with the ETag of the same question."""
    prepared = services.charts.prepare(entity, project, _question(body))
    headers = {"ETag": f'"{prepared.tag}"', "Cache-Control": "private, no-cache"}
    if prepared.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    lines = services.charts.lines(prepared)
    bodies = [answers.line_body(line, prepared.ids[line.run]) for line in lines]
    return JsonResponse({"lines": bodies}, headers=headers)


def _question(body: LinesRequest) -> LinesQuestion:
    fields = body.model_dump()
    return LinesQuestion(**fields | {"source": Source(body.source)})


@router.get("/{entity}/{project}/media", response_model=MediaList)
@policy(Policy.READ)
def list_media(
    entity: str,
    project: str,
    services: AppServices,
    key: Annotated[str, Query(min_length=1)],
    run: Annotated[list[str], Query(max_length=1_000)],
    step: Annotated[float | None, Query(allow_inf_nan=False)] = None,
) -> Response:
    """Media under one key; with `step` those of the last logged step at or before it."""
    found = services.media.list(entity, project, key, run, step)
    items = [answers.media_body(value, entity, project, key) for value in found.items]
    return JsonResponse({"items": items, "steps": found.steps})
