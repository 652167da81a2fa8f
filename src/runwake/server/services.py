"""The use cases that routes call, made once by the composition root and found on the app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from runwake.tracking.blobs import Blobs
from runwake.tracking.changes import Changes
from runwake.tracking.charts import Charts
from runwake.tracking.ingest import Ingest
from runwake.tracking.media import Media
from runwake.tracking.projects import Projects
from runwake.tracking.runs import Runs
from runwake.tracking.sign_in import SignIns


@dataclass(frozen=True)
class Services:
    """One of each use case."""

    projects: Projects
    runs: Runs
    charts: Charts
    media: Media
    changes: Changes
    blobs: Blobs
    ingest: Ingest
    sign_ins: SignIns


def _of_app(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


AppServices = Annotated[Services, Depends(_of_app)]
