"""``/planner``: the planner's page."""

import sqlite3
from functools import lru_cache
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from geodata.errors import LocatorError
from web.errors import UnauthorizedError
from web.keeping import tag_of
from web.planner_access import planner
from web.planner_page import planner_page
from web.planner_text import PLANNER
from web.routes.caching import cached, unchanged
from web.routes.ledger import ledger_of
from web.security import page_policy
from web.settings import Settings
from web.static_files import script_hashes

router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=4 * len(PLANNER))
def _page(lang: str, settings: Settings, month: str) -> str:
    """Return the page; the same for the same language, settings and month."""
    return planner_page(lang, settings, month)


def _last_month(request: Request) -> str:
    """Return the last month that was cut; none where the ledger cannot be read."""
    try:
        return max(ledger_of(request).months(), default="")
    except (LocatorError, OSError, sqlite3.Error):
        return ""  # its own addresses say what is wrong with it


@router.api_route("/planner", methods=["GET", "HEAD"])
async def show_planner(request: Request) -> Response:
    """Show the page; to strangers with 401, and it asks them for the token."""
    settings: Settings = request.app.state.settings
    asked = dict(parse_qsl(request.scope["query_string"].decode("ascii", "replace")))
    lang = asked.get("lang", "")
    month = await run_in_threadpool(_last_month, request)
    html = _page(lang if lang in PLANNER else settings.map_language, settings, month)
    headers = {"Content-Security-Policy": page_policy(script_hashes=script_hashes(html))}
    try:
        planner(request)
    except UnauthorizedError:
        denied = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        return HTMLResponse(html, status_code=401, headers={**headers, **denied})
    tag = tag_of(html.encode())
    if unchanged(request, tag):
        return cached(b"", tag, status=304)
    return HTMLResponse(html, headers={**headers, "ETag": tag, "Cache-Control": "no-cache"})
