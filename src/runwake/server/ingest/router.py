"""Routes for senders: ranges of run logs, and blobs. `wire.http` tells what both sides agree on."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from runwake.server.access.policy import Policy, policy
from runwake.server.ingest import bodies
from runwake.server.ingest.request_body import blocking_chunks, decompressed, read_range_body
from runwake.server.services import AppServices
from runwake.tracking.projection import StreamPath
from runwake.wire.http import IngestAnswer

router = APIRouter(tags=["ingest"])

_STREAM = "/ingest/{entity}/{project}/{run_id}/{stream}"
_BLOB = "/blobs/{entity}/{project}/{digest}"
_REFUSED = {409: {"model": bodies.RangeRefused, "description": "Go on at `expected`."}}
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    _STREAM,
    response_model=bodies.IngestAnswer,
    responses=_REFUSED,  # type: ignore[arg-type]  # FastAPI wants dict[int | str, …], invariant
    openapi_extra=_BYTES,
)
@policy(Policy.WRITE)
async def append_range(
    entity: str,
    project: str,
    run_id: str,
    stream: str,
    request: Request,
    services: AppServices,
    offset: Annotated[int, Query(ge=0, le=2**62)],
    final: Annotated[bool, Query(description="Nobody writes to the log any more.")] = False,
) -> Response:
    """Apply bytes of a run log; those that are known already change nothing."""
    path = StreamPath(entity, project, run_id, stream)
    body = await read_range_body(request)
    encoding = request.headers.get("content-encoding")

    def apply() -> IngestAnswer:
        return services.ingest.apply(path, offset, decompressed(body, encoding), final=final)

    return _answer(await run_in_threadpool(apply))


@router.get(_STREAM, response_model=bodies.IngestAnswer)
@policy(Policy.READ)
def get_offset(
    entity: str, project: str, run_id: str, stream: str, services: AppServices
) -> Response:
    """Where the stream stands; 0 if it is unknown."""
    return _answer(services.ingest.stand(StreamPath(entity, project, run_id, stream)))


@router.post(_STREAM + "/heartbeat", response_model=bodies.IngestAnswer)
@policy(Policy.WRITE)
def heartbeat(
    entity: str, project: str, run_id: str, stream: str, services: AppServices
) -> Response:
    """Nothing new, but alive."""
    return _answer(services.ingest.heartbeat(StreamPath(entity, project, run_id, stream)))


@router.head(_BLOB, response_class=Response)
@policy(Policy.READ)
def has_blob(entity: str, project: str, digest: str, services: AppServices) -> Response:
    """Whether the project holds the blob."""
    services.blobs.find(entity, project, digest)
    return Response()


@router.put(
    _BLOB,
    status_code=201,
    response_class=Response,
    responses={200: {"description": "The project held it already."}},
    openapi_extra=_BYTES,
)
@policy(Policy.WRITE)
async def put_blob(
    entity: str, project: str, digest: str, request: Request, services: AppServices
) -> Response:
    """Store bytes under their sha256; they are verified while they come in."""
    media_type = request.headers.get("content-type", "")
    chunks = blocking_chunks(request.stream(), asyncio.get_running_loop())
    uploads: asyncio.Semaphore = request.app.state.uploads
    async with uploads:
        is_new = await run_in_threadpool(
            services.blobs.put, entity, project, digest, media_type, chunks
        )
    return Response(status_code=201 if is_new else 200)


def _answer(answer: IngestAnswer) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
