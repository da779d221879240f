"""``/api/v1/clock`` and ``/clock``: coverage through the week, for planners."""

from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from web.clock_answer import check_clock, clock_of, clock_tag
from web.clock_cells import clock_object
from web.clock_question import ClockAnswer, ClockPageQuestion, ClockShapesQuestion
from web.clock_text import Telling
from web.dependencies import read_query
from web.keeping import Kept, mark_of_code, tag_of
from web.memory import give_back
from web.openapi import parameters_of, problems
from web.planner_access import planner
from web.routes.caching import cached, unchanged
from web.routes.working import kept_or_done
from web.security import page_policy
from web.service import Service
from web.settings import Settings
from web.state import held, service_of
from web.static_files import asset_url

_KEPT, _KEPT_BYTES = 64, 32 * 2**20

#: The page and its files stand in no list of API operations.
router = APIRouter(include_in_schema=False, dependencies=[Depends(planner)])

_MEDIA = {
    "html": "text/html; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _kept(request: Request) -> Kept:
    """Return the answers made last; the application holds them."""
    return held(request, "clocks", lambda: Kept(_KEPT, _KEPT_BYTES))


def _answered(service: Service, question: ClockShapesQuestion) -> bytes:
    """Ask about a week."""
    try:
        return orjson.dumps(clock_object(service, clock_of(service, question), question.geometry))
    finally:
        give_back()


async def ask(request: Request) -> Response:
    """Answer, or say that nothing has changed."""
    service = service_of(request)
    question = check_clock(service, read_query(request.scope["query_string"], ClockShapesQuestion))
    etag = clock_tag(service, question)
    if unchanged(request, etag):
        return cached(b"", etag, status=304)
    work = partial(_answered, service, question)
    return cached(await kept_or_done(request, _kept(request), etag, work), etag)


def _drawn(service: Service, question: ClockPageQuestion, kind: str, lang: str) -> bytes:
    """Ask about a week and write it in one form."""
    from web.clock_page import clock_page  # noqa: PLC0415  for this page alone

    clock = clock_of(service, question)
    telling = Telling(lang, clock.shown, service.vocabulary, service.manifest)
    try:
        if kind == "html":
            choices: dict[str, Any] = {
                "modes": service.index.modes,
                "regions": dict(service.region_names),
                "max_minutes": service.settings.max_minutes,
            }
            asked = question.model_dump(exclude={"lang"})
            return clock_page(telling, asked, choices).encode()
        return _file(telling, service, kind)
    finally:
        give_back()


def _file(telling: Telling, service: Service, kind: str) -> bytes:
    """Return a picture or a table."""
    if kind in {"png", "svg"}:
        from web.clock_picture import clock_picture  # noqa: PLC0415  draws: heavy

        return clock_picture(telling, service.settings.font, "svg" if kind == "svg" else "png")
    from web.clock_tables import csv_bytes, workbook  # noqa: PLC0415  for tables alone

    return workbook(telling) if kind == "xlsx" else csv_bytes(telling.shown)


async def _show(request: Request, kind: str) -> Response:
    """Answer with the page, a picture or a table."""
    service = service_of(request)
    asked = read_query(request.scope["query_string"], ClockPageQuestion, lenient=True)
    lang = asked.lang or service.settings.map_language
    question = check_clock(service, asked)
    parts = [clock_tag(service, question), kind, lang, asset_url("clock.css")]
    parts.append(mark_of_code("clock_*.py", "templates/clock.html"))
    etag = tag_of(repr(parts).encode())
    if unchanged(request, etag):
        return _headed(cached(b"", etag, status=304), kind)
    work = partial(_drawn, service, question, kind, lang)
    drawn = await kept_or_done(request, _kept(request), etag, work)
    return _headed(cached(drawn, etag, media_type=_MEDIA[kind]), kind)


def _headed(answer: Response, kind: str) -> Response:
    """Say what a page may load, and how a file is called."""
    policy = page_policy() if kind == "html" else "default-src 'none'; sandbox"
    answer.headers["Content-Security-Policy"] = policy
    if kind in {"csv", "xlsx"}:
        answer.headers["Content-Disposition"] = f'attachment; filename="clock.{kind}"'
    return answer


@router.api_route("/clock", methods=["GET", "HEAD"])
async def show_clock(request: Request) -> Response:
    """Show the week as a heat map; takes what ``/api/v1/clock`` takes, and ``lang``."""
    return await _show(request, "html")


@router.api_route("/clock.png", methods=["GET", "HEAD"])
async def show_png(request: Request) -> Response:
    """Draw the heat map as a PNG."""
    return await _show(request, "png")


@router.api_route("/clock.svg", methods=["GET", "HEAD"])
async def show_svg(request: Request) -> Response:
    """Draw the heat map as an SVG, all words as outlines."""
    return await _show(request, "svg")


@router.api_route("/clock.csv", methods=["GET", "HEAD"])
async def show_csv(request: Request) -> Response:
    """Give all series of the week as CSV."""
    return await _show(request, "csv")


@router.api_route("/clock.xlsx", methods=["GET", "HEAD"])
async def show_xlsx(request: Request) -> Response:
    """Give the week as a workbook."""
    return await _show(request, "xlsx")


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
        "/api/v1/clock",
        ask,
        methods=["GET"],
        tags=["planning"],
        operation_id="clock",
        summary="Coverage at each of the 168 hours of a week, by region and group",
        response_model=ClockAnswer,
        dependencies=[Depends(planner)],
        responses={
            304: {"description": "Nothing has changed."},
            **problems(401, 403, 404, 414, 422, 503),
        },
        openapi_extra={"parameters": parameters_of(ClockShapesQuestion, settings)},
    )
    app.include_router(router)
