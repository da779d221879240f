"""``/embed/map``: the map inside an article; ``/oembed``: the code for it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from geodata.errors import Fault, LocatorError, ValidationError
from web.dependencies import departure, read_query
from web.embed_page import drawn_around, gone_page, own_title, served_head, with_head
from web.embed_question import HEIGHT, TITLE_LENGTH, EmbedQuestion, address_of, read_embed
from web.errors import UnknownRegionError, problem
from web.freezing import FrozenFolder, frozen_key
from web.map_data import Page
from web.map_request import dataset_streets, labels_of, state_time, tiles_url
from web.map_streets import StreetLines, street_lines
from web.map_words import clip
from web.memory import give_back
from web.oembed import OembedAnswer, OembedQuestion, answer, own_query
from web.openapi import parameters_of, problems
from web.routes.caching import tag_of, unchanged
from web.routes.drawing import drawn_once
from web.schemas import CoverageQuestion
from web.security import page_policy
from web.service import Service
from web.settings import Settings
from web.sharing import share_panel
from web.state import service_of
from web.static_files import TILE_HOSTS, asset_url, script_hashes

if TYPE_CHECKING:
    from web.frozen_map import Frozen

_HOST = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

#: A frame in somebody else's page asks for nothing of the reader, and may be shown anywhere.
_FRAMED: Mapping[str, str] = {
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-cache",
}


def site_of(request: Request) -> str:
    """Return the address of this site, as the operator or else the caller names it."""
    settings: Settings = request.app.state.settings
    if settings.public_url:
        return settings.public_url
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"


def _language(question: EmbedQuestion, settings: Settings) -> str:
    """Return the language of a page."""
    return question.lang or settings.map_language


def embedded(question: CoverageQuestion) -> EmbedQuestion:
    """Return how an article asks the question of a map."""
    return EmbedQuestion.model_validate(question.model_dump(exclude_defaults=True))


def with_sharing(
    page: Page, service: Service, question: EmbedQuestion, moment: datetime | None
) -> Page:
    """Return a map's page with the panel of what an editor takes along."""
    title = own_title(service.manifest, question.minutes, page.lang)
    regions = service.index.regions
    districts = list(zip(regions["id"].astype(str), regions["name"].astype(str), strict=True))
    extra = share_panel(question, (title, service.name["version"], moment), page.lang, districts)
    return replace(page, scripts=(*page.scripts, "share.js"), extra=page.extra + extra)


def _page(question: EmbedQuestion, service: Service) -> Page:
    """Return how an embedded map is shown."""
    settings = service.settings
    base = question.base or settings.map_base
    if base == "tianditu" and not settings.tianditu_key:
        fault = Fault("base", "tianditu needs a key", "the operator sets LOCATOR_TIANDITU_KEY")
        raise ValidationError.of([fault])
    return Page(
        lang=_language(question, settings),
        base=base,
        tianditu_key=settings.tianditu_key,
        approval=settings.map_review_number,
        embed=True,
        theme=question.theme,
        layers=tuple(question.layers),
        title=question.title,
        district=question.district,
        tiles_url=tiles_url(service.manifest) if base == "streets" else "",
        details_url="" if question.version else "/api/v1/stations/{id}",
        large_url=address_of(question, "/embed/map" if question.version else "/map"),
    )


def _framed(html: str, page: Page, settings: Settings) -> dict[str, str]:
    """Return the headers of an embedded map."""
    policy = page_policy(
        script_hashes=script_hashes(html),
        tile_hosts=TILE_HOSTS[page.base],
        frame_ancestors=settings.frame_ancestors,
    )
    own = not TILE_HOSTS[page.base]  # web tiles are not marked for pages that are isolated
    isolated = {"Cross-Origin-Embedder-Policy": "require-corp"} if own else {}
    return {"Content-Security-Policy": policy, **_FRAMED, **isolated}


def _check_district(district: str, regions: frozenset[str]) -> None:
    """Refuse a district that the data have not."""
    if district and district not in regions:
        raise UnknownRegionError("the dataset has no such district; see /api/v1/dataset")


def _regions(service: Service) -> frozenset[str]:
    """Return the ids of today's regions."""
    return (
        frozenset(service.index.regions["id"].astype(str))
        if len(service.index.regions)
        else frozenset()
    )


def _tag(*parts: object) -> str:
    """Return the tag of a page made of these parts and our scripts."""
    scripts = [asset_url(name) for name in ("map.js", "map.css", "embed.js", "leaflet.js")]
    return tag_of(repr([*parts, *scripts]).encode())


def _drawn(service: Service, question: EmbedQuestion, page: Page, moment: datetime | None) -> str:
    """Ask who is covered and draw it."""
    from web.maps import coverage_map, request_of  # noqa: PLC0415  folium: for maps alone

    request = request_of(service, service.cover(question, moment), page)
    give_back()  # the answer, before its shapes are worked on
    return drawn_around(coverage_map(request), request, question)


async def show_embed(request: Request) -> Response:
    """Draw the coverage for an article; takes what coverage takes, and how to show it."""
    question = read_embed(request.scope["query_string"])
    service = service_of(request)
    if question.version:
        return await _show_frozen(request, question, service)
    service.check(question)
    _check_district(question.district, _regions(service))
    moment = departure(question.at)
    page = _page(question, service)
    asked = question.model_copy(update={"height": HEIGHT, "geometry": "gaps"})
    tag = _tag(service.etag(asked, moment), state_time(moment), page)
    html = await drawn_once(request, tag, lambda: _drawn(service, question, page, moment))
    return _served(request, question, html, page)


def _served(request: Request, question: EmbedQuestion, html: str, page: Page) -> Response:
    """Send a drawn map, or say that nothing has changed."""
    head = served_head(site_of(request), question, "/embed/map")
    headers = _framed(html, page, request.app.state.settings)
    headers["ETag"] = tag_of((html + head).encode())
    if unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(with_head(html, head), headers=headers)


# ---- data that stand still ----


def _folder(settings: Settings) -> FrozenFolder:
    """Return the folder of the maps that stand still."""
    most_bytes = int(settings.frozen_megabytes * 1e6)
    return FrozenFolder(settings.frozen, settings.frozen_most, most_bytes)


def _thawed(content: bytes | None) -> "Frozen | None":
    """Return a kept answer; a damaged one counts as none."""
    from web.frozen_map import unpack  # noqa: PLC0415  pyarrow: for frozen maps alone

    try:
        return unpack(content) if content else None
    except LocatorError:
        return None


def freeze(service: Service, question: EmbedQuestion) -> "Frozen | None":
    """Return the answer that stands still; today's is kept when it is asked for first.

    Parameters
    ----------
    service : Service
        Today's dataset.
    question : EmbedQuestion
        Names a version.

    Returns
    -------
    Frozen or None
        None where it was never kept, or there is no room.
    """
    folder, key = _folder(service.settings), frozen_key(question.version, question)
    content = folder.get(key)
    found = _thawed(content)
    if found is not None or question.version != service.name["version"]:
        return found
    service.check(question)
    if content is not None:
        folder.drop(key)  # damaged
    packed = _packed(service, question)
    return _thawed(folder.get(key)) if folder.put(key, packed) else None


def _packed(service: Service, question: EmbedQuestion) -> bytes:
    """Ask who is covered today and write it down."""
    from web.frozen_map import pack  # noqa: PLC0415  pyarrow: for frozen maps alone
    from web.maps import request_of  # noqa: PLC0415  folium: for maps alone

    found = service.cover(question, departure(question.at))
    labels = {lang: labels_of(service.vocabulary, lang) for lang in ("zh", "en")}
    today = state_time(departure("now")).date().isoformat()
    return pack(request_of(service, found, Page(base="none")), labels, today)


def _streets(service: Service, page: Page) -> StreetLines:
    """Return today's streets, none where tiles show them."""
    if page.base == "streets" and not page.tiles_url:
        return dataset_streets(service.dataset)
    return street_lines(np.empty((0, 4)), [])


def _redrawn(service: Service, question: EmbedQuestion, page: Page) -> str:
    """Draw an answer that stands still; ``""`` where it was not kept."""
    from web.maps import coverage_map  # noqa: PLC0415  folium: for maps alone

    found = freeze(service, question)
    if found is None:
        return ""
    _check_district(question.district, found.regions)
    basemap = service.manifest.get("basemap")
    request = found.request(page, _streets(service, page), basemap)
    return drawn_around(coverage_map(request), request, question)


async def _show_frozen(request: Request, question: EmbedQuestion, service: Service) -> Response:
    """Send a map whose data stand still, or say that they were not kept."""
    page = _page(question, service)
    key = frozen_key(question.version, question)
    tag = _tag("frozen", key, page, service.name["version"])
    html = await drawn_once(request, tag, lambda: _redrawn(service, question, page))
    if html:
        _folder(service.settings).used(key)
        return _served(request, question, html, page)
    full = question.version == service.name["version"]
    gone = gone_page(question, page.lang, "full" if full else "gone")
    headers = _framed(gone, page, service.settings) | {"Cache-Control": "no-store"}
    return HTMLResponse(gone, status_code=507 if full else 404, headers=headers)


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
    question = None if query is None else await run_in_threadpool(_known, service, query)
    if question is None:
        return problem(404, "not_embeddable", "this address is no map of ours; see /map")
    lang = _language(question, service.settings)
    title = clip(question.title, TITLE_LENGTH)
    title = title or own_title(service.manifest, question.minutes, lang)
    found = answer(asked, question, base, title, lang)
    return Response(
        orjson.dumps(found.model_dump(exclude_none=True)),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


def _known(service: Service, query: str) -> EmbedQuestion | None:
    """Return the question of a map that can be shown, else None."""
    try:
        question = read_embed(query)
        if question.version:
            return question if freeze(service, question) is not None else None
        service.check(question)
        _check_district(question.district, _regions(service))
        _page(question, service)
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
    app.add_api_route("/embed/map", show_embed, methods=["GET", "HEAD"], include_in_schema=False)
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
