"""``/healthz`` and ``/readyz``: whether the process is alive, and can answer."""

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from web.openapi import problems
from web.schemas import Health
from web.state import service_of

_NO_STORE = {"Cache-Control": "no-store"}


def _state(**members: object) -> Response:
    """Return a state of health."""
    content = orjson.dumps(members)
    return Response(content, media_type="application/json", headers=_NO_STORE)


async def alive() -> Response:
    """Say that the process answers."""
    return _state(status="ok")


async def ready(request: Request) -> Response:
    """Say that the dataset is open; 503 while it is not."""
    service = await run_in_threadpool(service_of, request)
    return _state(status="ready", dataset=service.name, stations=len(service.book))


def add_routes(app: FastAPI) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    """
    app.add_api_route(
        "/healthz",
        alive,
        tags=["health"],
        operation_id="healthz",
        response_model=Health,
        summary="Alive",
    )
    app.add_api_route(
        "/readyz",
        ready,
        tags=["health"],
        operation_id="readyz",
        response_model=Health,
        responses=problems(503),
        summary="Ready to answer",
    )
