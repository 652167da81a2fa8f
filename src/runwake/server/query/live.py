"""Routes of live views: increments on demand, and a stream that says when there are some."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from runwake.errors import StoreBusyError
from runwake.server.access.policy import Policy, policy
from runwake.server.answers import JsonResponse
from runwake.server.query import answers
from runwake.server.query.bodies import Changes
from runwake.server.services import AppServices, Services
from runwake.server.stopping import Stopping

router = APIRouter(prefix="/projects/{entity}/{project}", tags=["live"])

COALESCE_S: Final = 0.5
"""Changes of this time go out as one event."""
COMMENT_INTERVAL_S: Final = 15.0
"""A comment line keeps proxies from closing a silent stream."""

Cursor = Annotated[str, Query(max_length=32, description="From RunPage or Changes; empty: all.")]


@router.get("/changes", response_model=Changes)
@policy(Policy.READ)
def get_changes(entity: str, project: str, services: AppServices, cursor: Cursor = "") -> Response:
    """What has happened to the project's runs since a cursor."""
    changes = services.changes.since(entity, project, cursor)
    return JsonResponse(answers.changes_body(changes))


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `changes` whose data is a Changes body.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
@policy(Policy.READ)
async def stream_changes(
    entity: str, project: str, request: Request, services: AppServices, cursor: Cursor = ""
) -> Response:
    """Changes as they happen, at most two events a second. Ends when the server stops.

    A browser that reconnects sends the id of its last event, which is a cursor.
    """
    start = request.headers.get("last-event-id") or cursor
    first = await run_in_threadpool(_since, services, entity, project, start)
    stopping: Stopping = request.app.state.stopping
    events = _events(services, entity, project, first, stopping)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(
    services: Services, entity: str, project: str, first: tuple[str, bytes], stopping: Stopping
) -> AsyncIterator[bytes]:
    cursor, event = first
    yield event or b": listening\n\n"
    spoke_at = time.monotonic()
    while not await stopping.wait(COALESCE_S):
        try:
            position = await run_in_threadpool(services.changes.position)
            if str(position) != cursor:
                cursor, event = await run_in_threadpool(_since, services, entity, project, cursor)
                if event:
                    yield event
                    spoke_at = time.monotonic()
        except StoreBusyError:
            continue
        if time.monotonic() - spoke_at > COMMENT_INTERVAL_S:
            yield b": still here\n\n"
            spoke_at = time.monotonic()
        await asyncio.sleep(0)


def _since(services: Services, entity: str, project: str, cursor: str) -> tuple[str, bytes]:
    """Return the next cursor and the event; no bytes where nothing of this project changed."""
    changes = services.changes.since(entity, project, cursor)
    if not changes.runs and not changes.deleted:
        return changes.cursor, b""
    data = orjson.dumps(answers.changes_body(changes))
    event = b"event: changes\nid: %s\ndata: %s\n\n" % (changes.cursor.encode(), data)
    return changes.cursor, event
