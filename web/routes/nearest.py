"""``/api/v1/nearest``: which stations can be reached from a position.

The search takes less than a millisecond, so it runs in the event loop, together for all questions
of one turn: handing it to a thread would cost more. The answer is written by orjson; its model
stands in OpenAPI, and tests hold it.
"""

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from web.dependencies import read_body, read_query
from web.openapi import body_of, parameters_of, problems
from web.schemas import NearestAnswer, NearestQuestion
from web.settings import Settings
from web.state import opened_of, service_of

_NO_STORE = {"Cache-Control": "no-store"}


async def _answer(request: Request, question: NearestQuestion) -> Response:
    """Answer; lines to travel are drawn in a thread, as they take longer."""
    if question.route:
        found = await run_in_threadpool(service_of(request).nearest, question)
    else:
        found = await opened_of(request).batcher().ask(question)
    return Response(orjson.dumps(found), media_type="application/json", headers=_NO_STORE)


async def ask_by_query(request: Request) -> Response:
    """Answer a position in the query string."""
    question = read_query(request.scope["query_string"], NearestQuestion)
    return await _answer(request, question)


async def ask_by_body(request: Request) -> Response:
    """Answer a position in the body, so that it stays out of addresses and logs."""
    question = read_body(await request.body(), NearestQuestion)
    return await _answer(request, question)


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    settings : Settings
        The limits, for OpenAPI.
    """
    app.add_api_route(
        "/api/v1/nearest",
        ask_by_body,
        methods=["POST"],
        tags=["nearest"],
        operation_id="nearest_by_body",
        summary="Stations in reach of a position, which stays out of the address",
        response_model=NearestAnswer,
        responses=problems(400, 413, 422, 503),
        openapi_extra={"requestBody": body_of(NearestQuestion, settings)},
    )
    app.add_api_route(
        "/api/v1/nearest",
        ask_by_query,
        methods=["GET"],
        tags=["nearest"],
        operation_id="nearest_by_query",
        summary="Stations in reach of a position",
        response_model=NearestAnswer,
        responses=problems(414, 422, 503),
        openapi_extra={"parameters": parameters_of(NearestQuestion, settings)},
    )
