"""``/api/v1/search``: stations and regions by name, address and id."""

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from web.dependencies import read_query
from web.keeping import tag_of
from web.openapi import parameters_of, problems
from web.routes.caching import cached, unchanged
from web.settings import Settings
from web.state import opened_of
from web.station_schemas import SearchAnswer, SearchQuestion


def _found(request: Request, question: SearchQuestion) -> bytes:
    """Search; the first search makes the index."""
    return orjson.dumps(opened_of(request).search().answer(question))


async def ask(request: Request) -> Response:
    """Answer, or say that nothing has changed."""
    question = read_query(request.scope["query_string"], SearchQuestion)
    content = await run_in_threadpool(_found, request, question)
    etag = tag_of(content)
    if unchanged(request, etag):
        return cached(b"", etag, status=304)
    return cached(content, etag)


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
        "/api/v1/search",
        ask,
        methods=["GET"],
        tags=["stations"],
        operation_id="search",
        summary="Stations and regions by name, address or id; in Chinese, pinyin or initials",
        response_model=SearchAnswer,
        responses={304: {"description": "Nothing has changed."}, **problems(414, 422, 503)},
        openapi_extra={"parameters": parameters_of(SearchQuestion, settings)},
    )
