"""``/api/v1/stations``: the stations themselves, all of them or one."""

import gzip
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from web.dependencies import read_query
from web.openapi import parameters_of, problems
from web.routes.caching import unchanged
from web.routes.coverage import GeoJson
from web.routes.working import workbench_of
from web.security import takes_gzip
from web.settings import Settings
from web.state import opened_of
from web.station_schemas import (
    StationAnswer,
    StationQuestion,
    StationsAnswer,
    StationsQuestion,
)
from web.week import this_hour

#: The answer holds for the hour that runs; whoever keeps it five minutes asks less.
_KEEP = "public, max-age=300"
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "Id of the station.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "x-unit": "none"},
    "example": "s0001",
}


def _answer(content: bytes, etag: str, request: Request, *, status: int = 200) -> Response:
    """Return a compressed answer, plain for those who do not take it."""
    headers = {"ETag": etag, "Cache-Control": _KEEP, "Vary": "Accept-Encoding"}
    if status != 200:  # noqa: PLR2004  not modified
        return Response(status_code=status, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, media_type=GeoJson.media_type, headers=headers)


async def list_stations(request: Request) -> Response:
    """Answer, or say that nothing has changed."""
    stations = opened_of(request).stations()
    question = read_query(request.scope["query_string"], StationsQuestion)
    stations.check(question)
    start = this_hour()
    etag = stations.etag(question.model_dump(), start)
    if unchanged(request, etag):
        return _answer(b"", etag, request, status=304)
    packed = stations.kept(etag)
    if packed is None:
        work = partial(stations.packed, question, start)
        packed = await workbench_of(request).do(f"stations {etag}", work)
    return _answer(packed, etag, request)


async def show_station(request: Request) -> Response:
    """Answer, or say that nothing has changed."""
    stations = opened_of(request).stations()
    question = read_query(request.scope["query_string"], StationQuestion)
    start = this_hour()
    code = request.path_params["id"]
    found = await run_in_threadpool(stations.one, code, question.datum, start)
    etag = stations.etag([code, question.datum], start)
    if unchanged(request, etag):
        return _answer(b"", etag, request, status=304)
    return _answer(gzip.compress(orjson.dumps(found), 6, mtime=0), etag, request)


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    settings : Settings
        The limits, for OpenAPI.
    """
    same: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed."}}
    app.add_api_route(
        "/api/v1/stations",
        list_stations,
        methods=["GET"],
        tags=["stations"],
        operation_id="stations",
        summary="The stations that count, with the hours of the next seven days",
        response_class=GeoJson,
        response_model=StationsAnswer,
        responses={**same, **problems(404, 414, 422, 503)},
        openapi_extra={"parameters": parameters_of(StationsQuestion, settings)},
    )
    app.add_api_route(
        "/api/v1/stations/{id:path}",
        show_station,
        methods=["GET"],
        tags=["stations"],
        operation_id="station",
        summary="One station, whatever its kind and status",
        response_class=GeoJson,
        response_model=StationAnswer,
        responses={**same, **problems(404, 414, 422, 503)},
        openapi_extra={"parameters": [_ID, *parameters_of(StationQuestion, settings)]},
    )
