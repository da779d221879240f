"""The pages: ``/`` for a worker, ``/map`` for everybody, and the files that they load."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from web.dependencies import departure, read_query
from web.embed_page import drawn_around, served_head, with_description, with_head
from web.embed_question import MapQuestion
from web.home_page import home_page
from web.keeping import tag_of
from web.linked_data import json_ld
from web.map_data import Page
from web.map_request import labels_of, state_time, tiles_url
from web.page_text import HOME
from web.routes.caching import cached, unchanged
from web.routes.drawing import drawn_once, kept_requests
from web.routes.embed import embedded, with_sharing
from web.routes.framing import MAP_FILES, base_of, site_of
from web.security import page_policy
from web.service import Coverage, Service
from web.settings import Settings
from web.state import service_of
from web.static_files import TILE_HOSTS, asset_url, find_static, script_hashes

#: The map and the start page stand in no list of API operations.
router = APIRouter(include_in_schema=False)

#: No browser keeps a page whose address holds a position: it would keep the address with it.
_POSITION = {"lon", "lng", "lat"}
_FOREVER = "public, max-age=31536000, immutable"


def _pairs(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of an address without what a form left empty."""
    return parse_qsl(request.scope["query_string"].decode("ascii", "replace"), errors="replace")


def _page(request: Request, question: MapQuestion, service: Service) -> Page:
    """Return how the map is shown."""
    settings = service.settings
    lang = question.lang or settings.map_language
    other = "en" if lang == "zh" else "zh"
    labels = labels_of(service.vocabulary, lang)
    kept = [pair for pair in _pairs(request) if pair[0] != "lang"]
    base = base_of(question, settings)
    return Page(
        lang=lang,
        base=base,
        theme=question.theme,
        tiles_url=tiles_url(service.manifest) if base == "streets" else "",
        tianditu_key=settings.tianditu_key,
        approval=settings.map_review_number,
        nearest_url="/api/v1/nearest",
        other_language_url="?" + urlencode([*kept, ("lang", other)]),
        home_url=f"/?lang={lang}",
        form={
            "mode": [(mode, labels["mode"].get(mode, mode)) for mode in service.index.modes],
            "need": list(labels["need"].items()),
        },
    )


def _tag(service: Service, question: MapQuestion, page: Page, moment: datetime | None) -> str:
    """Return the tag of a map: the answer's, the minute's, the page's and the scripts'."""
    parts = [service.etag(question, moment), str(state_time(moment)), repr(page)]
    parts += [asset_url(name) for name in MAP_FILES]
    return tag_of(repr(parts).encode())


def _drawn(
    service: Service,
    asked: tuple[MapQuestion, datetime | None],
    page: Page,
    kept: dict[str, Any],
) -> str:
    """Ask who is covered and draw it."""
    from web.maps import coverage_map, kept_request  # noqa: PLC0415  folium: for maps alone

    def described(answer: Coverage) -> str:
        return json_ld(service, answer, page.lang, service.settings.public_url)

    request, description = kept_request(service, asked, page, kept, described)
    html = drawn_around(coverage_map(request), request, embedded(asked[0]))
    return with_description(html, description)


def _html(html: str, base: str = "streets", headers: Mapping[str, str] | None = None) -> Response:
    """Return a page with its policy."""
    policy = page_policy(script_hashes=script_hashes(html), tile_hosts=TILE_HOSTS[base])
    return HTMLResponse(html, headers={"Content-Security-Policy": policy, **(headers or {})})


@router.api_route("/map", methods=["GET", "HEAD"])
async def show_map(request: Request) -> Response:
    """Draw the coverage; takes what ``/api/v1/coverage`` takes, and ``lang`` and ``base``."""
    service = service_of(request)
    question = read_query(request.scope["query_string"], MapQuestion, lenient=True)
    service.check(question)
    moment = departure(question.at)
    page = with_sharing(_page(request, question, service), service, embedded(question), moment)
    tag = _tag(service, question, page, moment)
    head = served_head(site_of(request), embedded(question), "/map")
    sent = tag_of(f"{tag}{head}".encode())
    if unchanged(request, sent):
        return cached(b"", sent, status=304)
    lately = kept_requests(request)
    drawn = await drawn_once(
        request, tag, lambda: _drawn(service, (question, moment), page, lately)
    )
    headers = {"ETag": sent, "Cache-Control": "no-cache"}
    return _html(with_head(drawn, head), page.base, headers)


@router.api_route("/", methods=["GET", "HEAD"])
async def show_start(request: Request) -> Response:
    """Show the worker's page: stations near, and whether they are open."""
    settings: Settings = request.app.state.settings
    asked = dict(_pairs(request))
    lang = asked.get("lang", "")
    html = start_page(lang if lang in HOME else settings.map_language, settings)
    if _POSITION & asked.keys():
        return _html(html, headers={"Cache-Control": "no-store"})
    tag = tag_of(html.encode())
    if unchanged(request, tag):
        return cached(b"", tag, status=304)
    return _html(html, headers={"ETag": tag, "Cache-Control": "no-cache"})


@lru_cache(maxsize=2 * len(HOME))
def start_page(lang: str, settings: Settings) -> str:
    """Return the worker's page.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.
    settings : Settings
        For the hotline and the limits.

    Returns
    -------
    str
        HTML.
    """
    return home_page(lang, settings)


@router.api_route("/static/{address}", methods=["GET", "HEAD"])
async def show_file(address: str) -> Response:
    """Return a script, style or picture; its address changes with its content."""
    found = find_static(address)
    if found is None:
        raise HTTPException(404)
    # a frame in a sandbox has an origin of its own: there our files come from another site
    headers = {"Cache-Control": _FOREVER, "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(found.content, media_type=found.media_type, headers=headers)
