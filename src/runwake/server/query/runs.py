"""Routes of runs: list, read, edit, stop, delete; their keys, history, console and files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from runwake.server.access.policy import Policy, policy
from runwake.server.answers import JsonResponse
from runwake.server.query import answers
from runwake.server.query.bodies import (
    ConsolePage,
    FileList,
    HistoryPage,
    RunDetail,
    RunEdit,
    RunKeyList,
    RunPage,
    SourceName,
)
from runwake.server.services import AppServices
from runwake.tracking.sources import Source

router = APIRouter(prefix="/projects/{entity}/{project}/runs", tags=["runs"])

Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("", response_model=RunPage)
@policy(Policy.READ)
def list_runs(
    entity: str,
    project: str,
    services: AppServices,
    search: Annotated[str, Query(max_length=1_000, description="In name, id or a tag.")] = "",
    regex: Annotated[bool, Query(description="Whether `search` is an RE2 expression.")] = False,
    sort: Annotated[
        str,
        Query(
            max_length=1_000,
            description="Run field, config.<path> or summary.<path>; `-` in front: descending.",
        ),
    ] = "-started_at",
    limit: Limit = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Runs that match, sorted; those without the sorted value come last."""
    listing = services.runs.list(
        entity, project, search=search, is_regex=regex, sort=sort, limit=limit, offset=offset
    )
    return JsonResponse(
        {
            "runs": [answers.run_body(view) for view in listing.runs],
            "total": listing.total,
            "cursor": str(listing.position),
        }
    )


@router.get("/{run}", response_model=RunDetail)
@policy(Policy.READ)
def get_run(entity: str, project: str, run: str, services: AppServices) -> Response:
    """All that is known of a run but its history."""
    return JsonResponse(answers.detail_body(services.runs.detail(entity, project, run)))


@router.patch("/{run}", response_model=RunDetail)
@policy(Policy.WRITE)
def edit_run(entity: str, project: str, run: str, body: RunEdit, services: AppServices) -> Response:
    """Change fields of a run; those left out stay."""
    fields = body.model_dump(exclude_unset=True)
    return JsonResponse(answers.detail_body(services.runs.edit(entity, project, run, fields)))


@router.delete("/{run}", status_code=204, response_class=Response)
@policy(Policy.WRITE)
def delete_run(entity: str, project: str, run: str, services: AppServices) -> Response:
    """Delete a run with its history."""
    services.runs.delete(entity, project, run)
    return Response(status_code=204)


@router.post("/{run}/stop", status_code=204, response_class=Response)
@policy(Policy.WRITE)
def stop_run(entity: str, project: str, run: str, services: AppServices) -> Response:
    """Ask a running run to stop."""
    services.runs.request_stop(entity, project, run)
    return Response(status_code=204)


@router.get("/{run}/keys", response_model=RunKeyList)
@policy(Policy.READ)
def list_run_keys(
    entity: str,
    project: str,
    run: str,
    services: AppServices,
    source: SourceName = "history",
) -> Response:
    """Keys of one run, sorted by name."""
    keys = services.runs.keys(entity, project, run, Source(source))
    return JsonResponse({"keys": [answers.run_key_body(key, Source(source)) for key in keys]})


@router.get("/{run}/history", response_model=HistoryPage)
@policy(Policy.READ)
def get_history(
    entity: str,
    project: str,
    run: str,
    services: AppServices,
    keys: Annotated[list[str] | None, Query(max_length=1_000)] = None,
    first_row: Annotated[int, Query(ge=0)] = 0,
    limit: Limit = 1_000,
    source: SourceName = "history",
) -> Response:
    """Rows exactly as logged, in order of arrival."""
    page = services.runs.history(
        entity,
        project,
        run,
        keys=keys,
        first_row=first_row,
        limit=limit,
        source=Source(source),
    )
    rows = [answers.history_row_body(row) for row in page.rows]
    return JsonResponse({"rows": rows, "next_row": page.next_row})


@router.get("/{run}/console", response_model=ConsolePage)
@policy(Policy.READ)
def get_console(
    entity: str,
    project: str,
    run: str,
    services: AppServices,
    first: Annotated[int, Query(description="Negative: from the end.")] = -1_000,
    limit: Limit = 1_000,
) -> Response:
    """Printed lines. Those numbered `total` or more may still grow: ask again from `total`."""
    page = services.runs.console(entity, project, run, first=first, limit=limit)
    lines = [answers.console_line_body(line) for line in page.lines]
    return JsonResponse({"lines": lines, "total": page.total})


@router.get("/{run}/files", response_model=FileList)
@policy(Policy.READ)
def list_files(entity: str, project: str, run: str, services: AppServices) -> Response:
    """Files of a run, by path."""
    files = services.runs.files(entity, project, run)
    return JsonResponse({"files": [answers.file_body(file, entity, project) for file in files]})
