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


@lru_cache(maxsize=8 * len(PLANNER))
def _page(lang: str, settings: Settings, month: str, *, ledger: bool) -> str:
    """Return the page; the same for the same arguments."""
    return planner_page(lang, settings, month, ledger=ledger)


def _last_month(request: Request) -> tuple[str, bool]:
    """Return the last month that was cut, and whether there is anything of a ledger."""
    ledger = ledger_of(request)
    try:
        month = max(ledger.months(), default="")
        return month, bool(month or ledger.lost(left=True))
    except (LocatorError, OSError, sqlite3.Error):
        return "", True  # its own addresses say what is wrong with it


@router.api_route("/planner", methods=["GET", "HEAD"])
async def show_planner(request: Request) -> Response:
    """Show the page; to strangers with 401, and it asks them for the token."""
    settings: Settings = request.app.state.settings
    asked = dict(parse_qsl(request.scope["query_string"].decode("ascii", "replace")))
    lang = asked.get("lang", "")
    month, ledger = await run_in_threadpool(_last_month, request)
    lang = lang if lang in PLANNER else settings.map_language
    html = _page(lang, settings, month, ledger=ledger)
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
