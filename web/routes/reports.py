"""``POST /api/v1/reports``: something is wrong with a station."""

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from geodata.errors import Fault
from web.dependencies import read_body
from web.errors import CrossSiteError, Refusal, refuse
from web.openapi import body_of, problems
from web.routes.framing import site_of
from web.settings import Settings
from web.state import holder_of, opened_of
from web.station_schemas import ReportAnswer, ReportBody

_NO_STORE = {"Cache-Control": "no-store"}
_UNKNOWN = Refusal("unknown_station", Fault("station", "there is no such station", "use its id"))


def _take(request: Request, body: ReportBody) -> bytes:
    """Check, count and write down."""
    opened = opened_of(request)
    if body.station not in opened.stations():
        refuse([_UNKNOWN])
    box = holder_of(request).reports()
    box.admit((request.scope.get("client") or ("",))[0])
    number = box.take(body, opened.service.name["version"])
    return orjson.dumps({"id": number, "state": "new"})


def _foreign(request: Request) -> bool:
    """Return whether a page of another site sent this; older browsers tell its origin only."""
    told = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if told is not None or origin is None:
        return told == "cross-site"
    ours = (site_of(request).partition("://")[2], request.headers.get("host", ""))
    return origin.partition("://")[2].lower() not in map(str.lower, ours)


async def report(request: Request) -> Response:
    """Take a report in; pages of other sites cannot make their readers send one."""
    if _foreign(request):
        raise CrossSiteError("reports are taken from our own pages and from apps")
    body = read_body(await request.body(), ReportBody)
    content = await run_in_threadpool(_take, request, body)
    return Response(content, 201, media_type="application/json", headers=_NO_STORE)


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
        "/api/v1/reports",
        report,
        methods=["POST"],
        tags=["reports"],
        operation_id="report",
        summary="Say that something is wrong with a station",
        status_code=201,
        response_model=ReportAnswer,
        responses=problems(400, 403, 413, 422, 429, 503, 507),
        openapi_extra={"requestBody": body_of(ReportBody, settings)},
    )
