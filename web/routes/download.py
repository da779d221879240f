"""``/download/{table}.{ending}``: what is on the screen as a file."""

from functools import partial

from fastapi import APIRouter, HTTPException, Request, Response

from web.dependencies import departure, read_query
from web.download_tables import TABLES
from web.downloads import FORMATS, Download, DownloadQuestion, download, read_box
from web.keeping import tag_of
from web.linked_data import ENCODINGS
from web.memory import give_back
from web.routes.caching import cached, unchanged
from web.routes.working import workbench_of
from web.service import Service
from web.state import service_of

router = APIRouter(include_in_schema=False)

_TYPES = {**ENCODINGS, "csv": "text/csv; charset=utf-8; header=present"}


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
    work = partial(_made, service, question, table, ending)
    made = await workbench_of(request).do(f"file {etag}", work)
    answer = cached(made.content, etag, media_type=_TYPES[ending])
    answer.headers["Content-Disposition"] = made.disposition
    return answer
