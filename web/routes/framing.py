"""What all pages in foreign frames share: the site's address, how they are shown, their headers."""

import re
from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from geodata.errors import Fault, ValidationError
from web.embed_page import served_head, with_head
from web.embed_question import EmbedQuestion, MapQuestion, address_of
from web.keeping import tag_of
from web.map_data import Page
from web.map_request import tiles_url
from web.routes.caching import unchanged
from web.security import page_policy
from web.service import Service
from web.settings import Settings
from web.static_files import TILE_HOSTS, asset_url, script_hashes

_HOST = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

#: A frame in somebody else's page asks for nothing of the reader, and may be shown anywhere.
_FRAMED: Mapping[str, str] = {
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-cache",
}

#: What a map's page loads: its tag changes with any of them.
MAP_FILES = (
    "map.js",
    "map.css",
    "basemap.js",
    "streets.js",
    "embed.js",
    "leaflet.js",
    "markercluster.js",
)


def site_of(request: Request) -> str:
    """Return the address of this site, as the operator or else the caller names it."""
    settings: Settings = request.app.state.settings
    if settings.public_url:
        return settings.public_url
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"


def base_of(question: MapQuestion, settings: Settings) -> str:
    """Return the base layer; Tianditu wants the operator's key."""
    base = question.base or settings.map_base
    if base == "tianditu" and not settings.tianditu_key:
        fault = Fault("base", "tianditu needs a key", "the operator sets LOCATOR_TIANDITU_KEY")
        raise ValidationError.of([fault])
    return base


def page_of(question: EmbedQuestion, service: Service) -> Page:
    """Return how an embedded map is shown."""
    settings = service.settings
    base = base_of(question, settings)
    return Page(
        lang=question.lang or settings.map_language,
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


def tag_of_page(*parts: object) -> str:
    """Return the tag of a page made of these parts and our scripts."""
    return tag_of(repr([*parts, *map(asset_url, MAP_FILES)]).encode())


def framed(html: str, page: Page, settings: Settings) -> dict[str, str]:
    """Return the headers of an embedded map."""
    policy = page_policy(
        script_hashes=script_hashes(html),
        tile_hosts=TILE_HOSTS[page.base],
        frame_ancestors=settings.frame_ancestors,
    )
    own = not TILE_HOSTS[page.base]  # web tiles are not marked for pages that are isolated
    isolated = {"Cross-Origin-Embedder-Policy": "require-corp"} if own else {}
    return {"Content-Security-Policy": policy, **_FRAMED, **isolated}


def served(request: Request, question: EmbedQuestion, html: str, page: Page) -> Response:
    """Send a drawn map, or its headers where nothing has changed: browsers renew them."""
    head = served_head(site_of(request), question, "/embed/map")
    headers = framed(html, page, request.app.state.settings)
    headers["ETag"] = tag_of((html + head).encode())
    if unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(with_head(html, head), headers=headers)
