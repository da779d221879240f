"""The application: routes, walls and nothing on import.

`create_app` is also the factory that ``uvicorn --factory web.app:create_app`` calls; it then takes
its settings from the environment.
"""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from geodata.errors import LocatorError
from web import errors
from web.following import Follower, settle
from web.jobs import Desk
from web.openapi import codes_of, completed
from web.routes import (
    bulletin,
    candidates,
    clock,
    coverage,
    dataset,
    download,
    embed,
    health,
    jobs,
    ledger,
    nearest,
    offline,
    pages,
    pictures,
    plan,
    planner,
    reports,
    scenario,
    search,
    stations,
    tiles,
)
from web.security import Doors, Wall, new_logger
from web.settings import Settings
from web.state import Holder

_TITLE = "Union circle locator"
_DESCRIPTION = (
    "Which union care stations can a worker reach within 15 minutes over the real streets, "
    "are they open on arrival, and who has none? Lengths are metres along the street, times are "
    "seconds, positions are longitude and latitude in the datum named. Errors are RFC 9457 problem "
    "details with a stable `code`. Figures about people are rounded, each by itself."
)


def release() -> str:
    """Return the version of this software.

    Returns
    -------
    str
        ``0`` where it is not installed.
    """
    try:
        return version("union-circle-locator")
    except PackageNotFoundError:
        return "0"


@asynccontextmanager
async def _open_first(app: FastAPI) -> AsyncIterator[None]:
    """Open the dataset before the first request, and follow its folder from then on.

    Without a dataset `/readyz` says what is missing.
    """
    try:
        await run_in_threadpool(app.state.holder.service)
    except LocatorError as error:
        app.state.logger.warning("not ready", error=error.code)
    settle()
    settings: Settings = app.state.settings
    follower = Follower(app.state.holder, settings, app.state.logger)
    app.state.desk = Desk(settings)
    try:
        await run_in_threadpool(app.state.desk.see_to_it)  # what a server before left unfinished
    except LocatorError as error:  # workers' questions need no jobs
        app.state.logger.warning("jobs wait", error=error.code)
    following = asyncio.create_task(follower.run()) if settings.follow_seconds else None
    try:
        yield
    finally:
        await run_in_threadpool(app.state.desk.close)
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


def _describe(app: FastAPI) -> None:
    """Make `/openapi.json` complete: what our own parsing needs stands in it too."""

    def described() -> dict[str, Any]:
        holder: Holder = app.state.holder
        served = holder.opened().identity if holder.is_open else None
        if app.openapi_schema is None or app.state.described != served:
            plain = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            codes = codes_of(holder.service().vocabulary) if holder.is_open else {}
            document = completed(copy.deepcopy(plain), codes)
            if not holder.is_open:
                return document
            app.openapi_schema, app.state.described = document, served
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _add_routes(app: FastAPI, chosen: Settings) -> None:
    """Add every route."""
    nearest.add_routes(app, chosen)
    coverage.add_routes(app, chosen)
    clock.add_routes(app, chosen)
    dataset.add_routes(app)
    stations.add_routes(app, chosen)
    search.add_routes(app, chosen)
    reports.add_routes(app, chosen)
    scenario.add_routes(app, chosen)
    plan.add_routes(app, chosen)
    candidates.add_routes(app, chosen)
    jobs.add_routes(app)
    ledger.add_routes(app, chosen)
    health.add_routes(app)
    tiles.add_routes(app)
    embed.add_routes(app, chosen)
    app.include_router(pages.router)
    app.include_router(offline.router)
    app.include_router(pictures.router)
    app.include_router(bulletin.router)
    app.include_router(download.router)
    app.include_router(planner.router)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    settings : Settings, optional
        From the environment if not given.

    Returns
    -------
    FastAPI
        Opens its dataset when it starts, or with the first question.
    """
    chosen = settings if settings is not None else Settings()
    app = FastAPI(
        title=_TITLE,
        version=release(),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the address would be of the caller's Host, position and all
        lifespan=_open_first,
    )
    app.state.settings = chosen
    app.state.logger = new_logger()
    app.state.holder = Holder(chosen)
    errors.install(app)
    _add_routes(app, chosen)
    _describe(app)
    app.add_middleware(Doors, gzip_minimum_bytes=chosen.gzip_minimum_bytes)
    app.add_middleware(Wall, settings=chosen, logger=app.state.logger)
    if chosen.trusted_proxies:  # outermost: the log and the limits see the client, not the proxy
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=chosen.trusted_proxies)
    return app
