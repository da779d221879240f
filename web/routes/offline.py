"""What makes the worker's page an app that opens without a network: worker, manifest, icons."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from web.icons import icon_png, shape
from web.keeping import tag_of
from web.page_text import HOME
from web.routes.caching import cached, unchanged
from web.routes.pages import start_page
from web.settings import Settings
from web.static_files import PREFIX, find_static, static_files

#: Neither stands in the list of API operations.
router = APIRouter(include_in_schema=False)

#: Icons by address: width (pixels), and whether the square is filled.
ICONS: Mapping[str, tuple[int, bool]] = MappingProxyType(
    {
        "/icon-192.png": (192, False),
        "/icon-512.png": (512, False),
        "/icon-maskable-512.png": (512, True),
        "/apple-touch-icon.png": (180, True),
    }
)

_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "name": "附近的工会驿站",
            "short_name": "工会驿站",
            "description": "按真实街道计算：哪个驿站走得到，到的时候还开不开门。没有网络也能看。",
        },
        "en": {
            "name": "Union stations near you",
            "short_name": "Stations",
            "description": "Which station can you reach over the real streets, and will it still "
            "be open? Works without a network.",
        },
    }
)
_HTML_LANG = MappingProxyType({"zh": "zh-CN", "en": "en"})
_GROUND = "#efede8"
_STATIC = re.compile(re.escape(PREFIX) + r"[\w.-]+")
_LINKED = re.compile(r"url\(([\w.-]+)\)")

# A worker runs under the policy of its own script: it fetches from us and loads nothing else.
_WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"


def manifest_of(lang: str) -> dict[str, Any]:
    """Return the web app manifest (W3C); it names no position.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    dict
        For `orjson.dumps`.
    """
    return {
        "id": "/",
        **_NAMES[lang],
        "lang": _HTML_LANG[lang],
        "dir": "ltr",
        "start_url": f"/?lang={lang}&source=installed",
        "scope": "/",
        "display": "standalone",
        "background_color": _GROUND,
        "theme_color": shape().ground,
        "categories": ["utilities", "navigation"],
        "icons": [
            {
                "src": address,
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": "maskable" if filled else "any",
            }
            for address, (size, filled) in ICONS.items()
            if not address.startswith("/apple")
        ],
    }


def _files_of(pages: Iterable[str]) -> list[str]:
    """Return the addresses of every file that pages load, and of the pictures in their styles."""
    found = {address for html in pages for address in _STATIC.findall(html)}
    for address in sorted(found):
        file = find_static(address.removeprefix(PREFIX))
        if file is not None and file.name.endswith(".css"):
            found |= {PREFIX + name for name in _LINKED.findall(file.text)}
    return sorted(a for a in found if find_static(a.removeprefix(PREFIX)) is not None)


def shell_of(settings: Settings) -> dict[str, Any]:
    """Return what the service worker keeps: the start page in every language and its files.

    Parameters
    ----------
    settings : Settings
        Of the application.

    Returns
    -------
    dict
        ``id`` (a hash of all the rest), ``lang`` (of the page without one), ``pages`` with their
        entity tags, ``files``.
    """
    html = {lang: start_page(lang, settings) for lang in HOME}
    pages = [{"address": f"/?lang={lang}", "tag": tag_of(html[lang].encode())} for lang in html]
    files = [f"/manifest.webmanifest?lang={lang}" for lang in html]
    files += [*ICONS, *_files_of(html.values())]
    parts = [
        settings.map_language,
        pages,
        files,
        [manifest_of(lang) for lang in html],
        shape().__dict__,
    ]
    digest = hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]
    return {"id": digest, "lang": settings.map_language, "pages": pages, "files": files}


def _worker(settings: Settings) -> bytes:
    """Return the service worker with the shell of this release."""
    release = orjson.dumps(shell_of(settings)).decode()
    return f"var RELEASE = {release};\n{static_files()['sw.js'].text}".encode()


@router.api_route("/sw.js", methods=["GET", "HEAD"])
async def show_worker(request: Request) -> Response:
    """Return the service worker; it changes with every release of the page."""
    script = await run_in_threadpool(_worker, request.app.state.settings)
    tag = tag_of(script)
    if unchanged(request, tag):
        return cached(b"", tag, status=304)
    answer = cached(script, tag, media_type="text/javascript")
    answer.headers["Content-Security-Policy"] = _WORKER_POLICY
    return answer


@router.api_route("/manifest.webmanifest", methods=["GET", "HEAD"])
async def show_manifest(request: Request) -> Response:
    """Return the manifest in the language asked for, else in the operator's."""
    asked = request.query_params.get("lang", "")
    lang = asked if asked in _NAMES else request.app.state.settings.map_language
    body = orjson.dumps(manifest_of(lang))
    tag = tag_of(body)
    if unchanged(request, tag):
        return cached(b"", tag, status=304)
    return cached(body, tag, media_type="application/manifest+json")


async def show_icon(request: Request) -> Response:
    """Return an icon, drawn once."""
    size, filled = ICONS[request.url.path]
    picture = await run_in_threadpool(icon_png, size, filled=filled)
    tag = tag_of(picture)
    if unchanged(request, tag):
        return cached(b"", tag, status=304)
    answer = cached(picture, tag, media_type="image/png")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


for _address in ICONS:
    router.add_api_route(_address, show_icon, methods=["GET", "HEAD"], name=_address)
