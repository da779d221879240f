"""``/healthz`` and ``/readyz``: whether the process is alive, and can answer."""

import orjson
from fastapi import APIRouter, Request, Response
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


def new_router() -> APIRouter:
    """Return the routes.

    Returns
    -------
    APIRouter
        To be included.
    """
    router = APIRouter(tags=["health"])
    router.add_api_route(
        "/healthz", alive, operation_id="healthz", response_model=Health, summary="Alive"
    )
    router.add_api_route(
        "/readyz",
        ready,
        operation_id="readyz",
        response_model=Health,
        responses=problems(503),
        summary="Ready to answer",
    )
    return router
