"""The composition root: the one place where stores are chosen and everything is put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from runwake.server import errors, health, web_app
from runwake.server.access.browser import LoopbackHosts
from runwake.server.access.policy import check_all_declared
from runwake.server.access.principal import require_access
from runwake.server.ingest.request_body import MAX_UPLOADS
from runwake.server.ingest.router import router as ingest_router
from runwake.server.jobs.periodic import repeat
from runwake.server.query.bodies import ErrorAnswer
from runwake.server.query.router import router as query_router
from runwake.server.services import Services
from runwake.server.stopping import Stopping
from runwake.server.version import VERSION
from runwake.settings.server import ServerSettings
from runwake.store.blobs import LocalBlobStore
from runwake.store.history.store import EmbeddedHistoryStore
from runwake.store.meta import SqlMetaStore
from runwake.store.ports import BlobStore, HistoryStore, MetaStore
from runwake.tracking.blobs import Blobs
from runwake.tracking.changes import Changes
from runwake.tracking.charts import Charts
from runwake.tracking.clock import Clock, system_clock
from runwake.tracking.ingest import Ingest
from runwake.tracking.media import Media
from runwake.tracking.projects import Projects
from runwake.tracking.run_table import RunTable
from runwake.tracking.runs import Runs
from runwake.tracking.sign_in import SignIns
from runwake.tracking.silence import SilenceWatch
from runwake.wire.http import API

SILENCE_INTERVAL_S: Final = 5.0


@dataclass(frozen=True)
class Stores:
    """One adapter per port."""

    meta: MetaStore
    history: HistoryStore
    blobs: BlobStore

    def check(self) -> None:
        """Return if all can be used; StoreError says why not."""
        self.meta.check()
        self.blobs.check()

    def close(self) -> None:
        """Release what they hold."""
        self.history.close()
        self.meta.close()


def open_stores(data_dir: Path) -> Stores:
    """Open the stores below a folder, which is made if need be, readable by its owner alone."""
    meta = open_meta_store(data_dir)
    return Stores(
        meta=meta,
        history=EmbeddedHistoryStore(data_dir / "history.sqlite"),
        blobs=LocalBlobStore(data_dir / "blobs"),
    )


def open_meta_store(data_dir: Path) -> MetaStore:
    """Open the metadata alone."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SqlMetaStore.open_sqlite(data_dir / "meta.sqlite")


def create_app(
    settings: ServerSettings, stores: Stores | None = None, clock: Clock = system_clock
) -> FastAPI:
    """Return the ASGI application. It opens the stores of `settings.data_dir` unless given some.

    The app closes its stores when it shuts down.

    Raises:
        ConfigError: a route has no access policy.
    """
    stores = stores or open_stores(settings.data_dir)
    app = describe_app(settings)
    app.state.services = _services(settings, stores, clock)
    app.state.check_stores = stores.check
    app.state.close_stores = stores.close
    watch = SilenceWatch(stores.meta, clock)
    app.state.jobs = {"silent runs": watch.mark_silent_runs}
    return app


def describe_app(settings: ServerSettings) -> FastAPI:
    """Return the application without stores: enough for its OpenAPI document."""
    app = FastAPI(
        title="Runwake",
        version=VERSION,
        summary="Experiment tracking: ingest and query",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(require_access)],
        generate_unique_id_function=_operation_id,
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    )
    app.state.settings = settings
    app.state.stopping = Stopping()
    app.state.uploads = asyncio.Semaphore(MAX_UPLOADS)
    app.state.static = web_app.STATIC
    app.state.jobs = {}
    app.state.close_stores = lambda: None
    app.include_router(health.router)
    app.include_router(ingest_router, prefix=API)
    app.include_router(query_router, prefix=API)
    app.include_router(web_app.router)
    check_all_declared(app.routes)
    errors.install(app)
    if settings.is_loopback:
        app.add_middleware(LoopbackHosts)
    return app


def _services(settings: ServerSettings, stores: Stores, clock: Clock) -> Services:
    table = RunTable()
    runs = Runs(stores.meta, stores.history, clock, table)
    return Services(
        projects=Projects(stores.meta, stores.history, table),
        runs=runs,
        charts=Charts(stores.meta, stores.history),
        media=Media(stores.meta, stores.history),
        changes=Changes(stores.meta, runs),
        blobs=Blobs(stores.meta, stores.blobs, settings.max_blob_size, clock),
        ingest=Ingest(stores.meta, stores.history, clock),
        sign_ins=SignIns(stores.meta, clock),
    )


def _operation_id(route: APIRoute) -> str:
    return route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Run the jobs while the app serves; close the stores after its last answer."""
    jobs: dict[str, Callable[[], Any]] = app.state.jobs
    stopping: Stopping = app.state.stopping
    tasks = [
        asyncio.create_task(repeat(name, work, SILENCE_INTERVAL_S, stopping))
        for name, work in jobs.items()
    ]
    yield
    stopping.set()
    await asyncio.gather(*tasks)
    app.state.close_stores()
