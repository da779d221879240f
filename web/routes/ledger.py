"""``/api/v1/gaps``: the ledger of gaps, and what planners set in it."""

from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from web.dependencies import read_body, read_query
from web.errors import UnknownRegionError
from web.keeping import tag_of
from web.ledger import Ledger, ledger_folder, today
from web.ledger_cut import begin, next_of
from web.ledger_listing import gap_list, gap_object, history
from web.ledger_schemas import GapChange, GapHistory, GapsAnswer, GapsQuestion, LedgerGap
from web.ledger_standing import Standing
from web.openapi import body_of, parameters_of, problems
from web.planner_access import planner
from web.routes.caching import cached, unchanged
from web.routes.working import workbench_of
from web.service import Service
from web.settings import Settings
from web.state import held, held_with_data, service_of

_PATH = "/api/v1/gaps"


def ledger_of(request: Request) -> Ledger:
    """Return the ledger of the application's dataset."""
    return held(request, "ledger", lambda: Ledger(ledger_folder(request.app.state.settings)))


def _previews(request: Request) -> dict[str, Standing]:
    """Return the previews that were made: what a first cut would begin."""
    return held_with_data(request, "ledger_previews", dict)


def _standing(
    service: Service, ledger: Ledger, previews: dict[str, Standing], month: str | None = None
) -> Standing:
    """Return the ledger as it stands, or stood in a month; a preview before the first cut."""
    if month is not None:
        return ledger.at(ledger.of_month(month))
    standing = ledger.now()
    if standing is not None:
        return standing
    day = today()
    preview = previews.get(day)
    if preview is None:
        preview = next_of(service, ledger, day)
        previews.clear()  # of yesterday
        previews[day] = preview
    return preview


def _listed(
    service: Service, ledger: Ledger, previews: dict[str, Standing], question: GapsQuestion
) -> bytes:
    """Return the gaps asked for."""
    standing = _standing(service, ledger, previews, question.month)
    if question.region is not None and question.region not in standing.facts["region_names"]:
        raise UnknownRegionError("the ledger has no such region; see /api/v1/dataset")
    lattice = str(service.manifest["metric_crs"])
    found = gap_list(standing, ledger, lattice, state=question.state, region=question.region)
    return orjson.dumps(found)


async def list_gaps(request: Request) -> Response:
    """List the ledger."""
    planner(request)
    question = read_query(request.scope["query_string"], GapsQuestion)
    work = partial(_listed, service_of(request), ledger_of(request), _previews(request), question)
    content = await workbench_of(request).do(None, work)
    etag = tag_of(content)
    if unchanged(request, etag):
        return _private(cached(b"", etag, status=304))
    return _private(cached(content, etag))


def _shown(
    service: Service, ledger: Ledger, previews: dict[str, Standing], gap: str
) -> tuple[bytes, str]:
    """Return a gap with its history, and its tag."""
    standing = _standing(service, ledger, previews)
    entry = standing.entry(gap)
    found = gap_object(standing, entry)
    told = {**found, "history": history(ledger.records.changes(gap=gap))}
    return orjson.dumps(told), standing.etag(entry)


async def show_gap(request: Request) -> Response:
    """Tell everything about a gap."""
    planner(request)
    gap = request.path_params["gap"]
    work = partial(_shown, service_of(request), ledger_of(request), _previews(request), gap)
    content, etag = await workbench_of(request).do(None, work)
    if unchanged(request, etag):
        return _private(cached(b"", etag, status=304))
    return _private(cached(content, etag))


def _set(
    service: Service,
    ledger: Ledger,
    previews: dict[str, Standing],
    change: tuple[str, dict[str, str]],
    seen: str | None,
) -> tuple[bytes, str]:
    """Set what is known of a gap; the first change opens the ledger with a cut of the day."""
    gap, wanted = change
    preview = _standing(service, ledger, previews)
    preview.refuse_other(str(service.manifest["metric_crs"]))
    if preview.cut is None:
        seen = begin(service, ledger, preview, change, seen)
    ledger.set(gap, wanted, seen)
    standing = _standing(service, ledger, previews)
    entry = standing.entry(gap)
    return orjson.dumps(gap_object(standing, entry)), standing.etag(entry)


async def set_gap(request: Request) -> Response:
    """Set state, responsible union or note of a gap."""
    planner(request)
    gap = request.path_params["gap"]
    change = read_body(await request.body(), GapChange)
    seen = request.headers.get("if-match")
    what = (gap, change.given())
    parts = (service_of(request), ledger_of(request), _previews(request))
    work = partial(_set, *parts, what, seen)
    content, etag = await workbench_of(request).do(None, work)
    headers = {"ETag": etag, "Cache-Control": "no-store"}
    return Response(content, media_type="application/json", headers=headers)


def _private(answer: Response) -> Response:
    """Keep what is for planners out of caches that others share."""
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Authorization, Accept-Encoding"
    return answer


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
    tags: dict[str, Any] = {"tags": ["planning"]}
    app.add_api_route(
        _PATH,
        list_gaps,
        methods=["GET"],
        operation_id="gaps",
        summary="The ledger: every gap with its state, since when and who sees to it",
        response_model=GapsAnswer,
        responses={**same, **problems(401, 403, 404, 414, 422, 503)},
        openapi_extra={"parameters": parameters_of(GapsQuestion, settings)},
        **tags,
    )
    app.add_api_route(
        f"{_PATH}/{{gap:path}}",
        show_gap,
        methods=["GET"],
        operation_id="gap",
        summary="One gap, and everything that became of it",
        response_model=GapHistory,
        responses={**same, **problems(401, 403, 404, 422, 503)},
        openapi_extra={"parameters": [_GAP]},
        **tags,
    )
    app.add_api_route(
        f"{_PATH}/{{gap:path}}",
        set_gap,
        methods=["PATCH"],
        operation_id="set_gap",
        summary="Set state, responsible union or note of a gap",
        response_model=LedgerGap,
        responses=problems(400, 401, 403, 404, 412, 413, 422, 503, 507),
        openapi_extra={
            "requestBody": body_of(GapChange, settings),
            "parameters": [_GAP, _IF_MATCH],
        },
        **tags,
    )


_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `etag` of the gap as it was read: a change in between is not lost (412).",
    "schema": {"type": "string", "maxLength": 200, "x-unit": "none"},
    "example": '"21926b1752f2-5c488f03b704-365"',
}
_GAP = {
    "name": "gap",
    "in": "path",
    "required": True,
    "description": "Id of the gap, as `/api/v1/gaps` lists it.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "x-unit": "none"},
    "example": "360102.59.24",
}
