"""All routes of the query API as one router."""

from __future__ import annotations

from fastapi import APIRouter

from runwake.server.query import blobs, live, projects, runs, server_info

router = APIRouter()
for _part in (server_info, projects, runs, live, blobs):
    router.include_router(_part.router)
