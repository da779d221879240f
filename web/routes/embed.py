"""``/embed/map``: the map inside an article; ``/oembed``: the code for it."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from geodata.errors import LocatorError
from web.dependencies import departure, read_query
from web.embed_page import drawn_around, own_title
from web.embed_question import HEIGHT, TITLE_LENGTH, EmbedQuestion, read_shown
from web.errors import BusyError, problem
from web.freezing import frozen_key
from web.map_data import Page
from web.map_request import state_time
from web.map_words import clip
from web.oembed import CACHE_SECONDS, OembedAnswer, OembedQuestion, answer, own_query
from web.openapi import parameters_of, problems
from web.routes.drawing import drawn_once, kept_requests
from web.routes.framing import page_of, served, site_of, tag_of_page
from web.routes.frozen import freezer_of, show_frozen, show_picture
from web.routes.working import workbench_of
from web.schemas import CoverageQuestion
from web.service import Service
from web.settings import Settings
from web.sharing import share_panel
from web.state import service_of


def embedded(question: CoverageQuestion) -> EmbedQuestion:
    """Return how an article asks the question of a map."""
    return EmbedQuestion.model_validate(question.model_dump(exclude_defaults=True))


def _own_title(service: Service, question: EmbedQuestion, lang: str) -> str:
    """Return the title of a map that was given none."""
    region = service.region_names.get(question.region or "", "")
    return own_title(service.manifest, question.minutes, lang, region)


def with_sharing(
    page: Page, service: Service, question: EmbedQuestion, moment: datetime | None
) -> Page:
    """Return a map's page with the panel of what an editor takes along."""
    districts = list(service.region_names.items())
    title = _own_title(service, question, page.lang)
    extra = share_panel(question, (title, service.name["version"], moment), page.lang, districts)
    return replace(page, scripts=(*page.scripts, "share.js"), extra=page.extra + extra)


def _drawn(
    service: Service,
    asked: tuple[EmbedQuestion, datetime | None],
    page: Page,
    kept: dict[str, Any],
) -> str:
    """Ask who is covered and draw it."""
    from web.maps import coverage_map, kept_request  # noqa: PLC0415  folium: for maps alone

    request, _ = kept_request(service, asked, page, kept)
    return drawn_around(coverage_map(request), request, asked[0])


async def show_embed(request: Request) -> Response:
    """Draw the coverage for an article; takes what coverage takes, and how to show it."""
    question = read_shown(request.scope["query_string"], EmbedQuestion)
    service = service_of(request)
    if question.version:
        return await show_frozen(request, question, service)
    service.check(question)
    service.check_region(question.district or None)
    moment = departure(question.at)
    if question.at == "now":  # many readers, one map of five minutes
        moment = state_time(None)
    page = page_of(question, service)
    asked = question.model_copy(update={"height": HEIGHT, "geometry": "gaps"})
    tag = tag_of_page(service.etag(asked, moment), state_time(moment), page)
    lately = kept_requests(request)
    html = await drawn_once(request, tag, lambda: _drawn(service, (question, moment), page, lately))
    return served(request, question, html, page)


# ---- oEmbed ----


async def show_code(request: Request) -> Response:
    """Return the code that shows a map of ours elsewhere."""
    asked = read_query(request.scope["query_string"], OembedQuestion, lenient=True)
    if asked.format != "json":
        return problem(501, "not_implemented", "only format=json is spoken here")
    base = site_of(request)
    host = f"{request.url.scheme}://{request.headers.get('host', '')}"
    query = own_query(asked.url, (base, host))
    service = service_of(request)
    question = None if query is None else await _known(request, service, query)
    if question is None:
        return problem(404, "not_embeddable", "this address is no map of ours; see /map")
    lang = question.lang or service.settings.map_language
    title = clip(question.title, TITLE_LENGTH)
    title = title or _own_title(service, question, lang)
    found = answer(asked, question, base, title, lang)
    # without an address of our own the answer repeats the caller's Host: for nobody else
    shared = "public" if service.settings.public_url else "private"
    return Response(
        orjson.dumps(found.model_dump(exclude_none=True)),
        media_type="application/json",
        headers={"Cache-Control": f"{shared}, max-age={CACHE_SECONDS}"},
    )


async def _known(request: Request, service: Service, query: str) -> EmbedQuestion | None:
    """Return the question of a map that can be shown, else None."""
    try:
        question = read_shown(query, EmbedQuestion)
        if question.version:
            work = partial(freezer_of(request).answer, service, question)
            key = frozen_key(question.version, question)
            return question if await workbench_of(request).do(key, work) is not None else None
        service.check(question)
        service.check_region(question.district or None)
        page_of(question, service)
    except BusyError:
        raise
    except LocatorError:
        return None
    return question


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    settings : Settings
        The limits, for OpenAPI.
    """
    for path, show in (("/embed/map", show_embed), ("/embed/map.png", show_picture)):
        app.add_api_route(path, show, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(
        "/oembed",
        show_code,
        methods=["GET"],
        tags=["embed"],
        operation_id="oembed",
        summary="The code that shows a map of ours elsewhere (oEmbed 1.0)",
        response_model=OembedAnswer,
        responses=problems(404, 414, 422, 501, 503),
        openapi_extra={"parameters": parameters_of(OembedQuestion, settings)},
    )
