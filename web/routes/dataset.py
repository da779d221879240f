"""``/api/v1/dataset``: what the data is."""

import orjson
from fastapi import FastAPI, Request, Response

from web.keeping import tag_of
from web.openapi import problems
from web.routes.caching import cached, unchanged
from web.schemas import DatasetAnswer
from web.state import service_of


async def describe(request: Request) -> Response:
    """Describe the dataset, or say that nothing has changed."""
    content = orjson.dumps(service_of(request).about())
    etag = tag_of(content)
    if unchanged(request, etag):
        return cached(b"", etag, status=304)
    return cached(content, etag)


def add_routes(app: FastAPI) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    """
    app.add_api_route(
        "/api/v1/dataset",
        describe,
        methods=["GET"],
        tags=["dataset"],
        operation_id="dataset",
        summary="Extent, dates, counts, attribution, vocabularies, limits",
        response_model=DatasetAnswer,
        responses={304: {"description": "Nothing has changed."}, **problems(503)},
    )
