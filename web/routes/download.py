"""``/download/{table}.{ending}``: what is on the screen as a file."""

import anyio
from anyio import CapacityLimiter
from fastapi import APIRouter, HTTPException, Request, Response

from web.dependencies import departure, read_query
from web.download_tables import TABLES
from web.downloads import FORMATS, Download, DownloadQuestion, download, read_box
from web.linked_data import ENCODINGS
from web.memory import give_back
from web.routes.caching import cached, tag_of, unchanged
from web.service import Service
from web.state import held, service_of

router = APIRouter(include_in_schema=False)

#: Files made at once; further requests wait without holding a thread.
_AT_ONCE = 2

_TYPES = {**ENCODINGS, "csv": "text/csv; charset=utf-8; header=present"}


def _limiter(request: Request) -> CapacityLimiter:
    """Return what bounds the files made at once; the application holds it."""
    return held(request, "downloads", lambda: CapacityLimiter(_AT_ONCE))


def _made(service: Service, question: DownloadQuestion, table: str, ending: str) -> Download:
    """Ask who is covered and write the file."""
    answer = service.cover(question, departure(question.at))
    try:
        return download(service, answer, question, table, ending)
    finally:
        give_back()


@router.api_route("/download/{table}.{ending}", methods=["GET", "HEAD"])
async def send_table(request: Request, table: str, ending: str) -> Response:
    """Send a table; takes what ``/api/v1/coverage`` takes, and ``lang`` and ``bbox``."""
    if table not in TABLES or ending not in FORMATS:
        raise HTTPException(404)
    service = service_of(request)
    question = read_query(request.scope["query_string"], DownloadQuestion, lenient=True)
    service.check(question)
    read_box(question.bbox)
    lang = question.lang or service.settings.map_language
    parts = [service.etag(question, departure(question.at)), table, ending, lang]
    etag = tag_of(repr(parts).encode())
    if unchanged(request, etag):
        return cached(b"", etag, status=304)
    made = await anyio.to_thread.run_sync(
        _made, service, question, table, ending, limiter=_limiter(request)
    )
    answer = cached(made.content, etag, media_type=_TYPES[ending])
    answer.headers["Content-Disposition"] = made.disposition
    return answer
