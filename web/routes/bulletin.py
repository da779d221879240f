"""``/bulletin``: the facts of the map as text, to be pasted and to be read aloud.

With ``month`` it is the bulletin of that month's cut, which stays as it is.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from starlette.concurrency import run_in_threadpool

from geodata.errors import Fault
from geodata.ledger_rows import CutRow
from web.bulletin import facts_of
from web.bulletin_month import month_facts
from web.bulletin_month_docx import as_docx
from web.bulletin_month_page import month_page
from web.bulletin_month_text import month_written
from web.bulletin_page import bulletin_page
from web.bulletin_render import as_markdown, as_text
from web.bulletin_text import written
from web.dependencies import departure, read_query
from web.errors import Refusal, refuse
from web.keeping import Kept, mark_of_code, tag_of
from web.ledger import Ledger
from web.ledger_schemas import MONTH_PATTERN
from web.memory import give_back
from web.routes.caching import cached, unchanged
from web.routes.framing import site_of
from web.routes.ledger import ledger_of
from web.routes.working import kept_or_done
from web.schemas import CoverageQuestion, Language
from web.security import page_policy
from web.service import Service
from web.state import held, service_of
from web.static_files import asset_url

router = APIRouter(include_in_schema=False)

Shape = Literal["html", "txt", "md", "docx"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_KEPT, _KEPT_BYTES = 64, 8 * 2**20
_TYPES = {
    "html": "text/html; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "docx": _WORD,
}
_NO_WORD = Refusal(
    "not_in_list", Fault("format", "a Word file is made of a month only", "give month, or html")
)
_WANTED = {"text/markdown": "md", "text/plain": "txt", "text/html": "html"}


class BulletinQuestion(CoverageQuestion):
    """The question of a coverage, in which language and shape."""

    lang: Language = None
    format: Annotated[
        Shape | SkipJsonSchema[None],
        Field(description="A page, plain text, Markdown or a Word file.", examples=["txt"]),
    ] = None
    month: Annotated[
        str | SkipJsonSchema[None],
        Field(
            description="The bulletin of this month's cut; then only lang and format count.",
            examples=["2026-11"],
            pattern=MONTH_PATTERN,
        ),
    ] = None


def _shape(request: Request, question: BulletinQuestion) -> str:
    """Return the shape asked for: by the parameter, or else by the first type that we have."""
    if question.format is not None:
        return question.format
    for part in request.headers.get("accept", "").split(","):
        kind = part.split(";", maxsplit=1)[0].strip().lower()
        if kind in _WANTED:
            return _WANTED[kind]
    return "html"


def _written(
    service: Service,
    asked: tuple[BulletinQuestion, datetime | None],
    shape: str,
    lang: str,
    site: str,
) -> bytes:
    """Ask who is covered at a time and write it down."""
    question, moment = asked
    answer = service.cover(question, moment)
    facts = facts_of(service, answer)
    document = written(facts, lang)
    if shape == "html":
        text = bulletin_page(facts, document, question.model_dump(), service.extent, site)
    else:
        text = (as_markdown if shape == "md" else as_text)(document)
    give_back()
    return text.encode()


def _kept_texts(request: Request) -> Kept:
    """Return the bulletins written last; the application holds them."""
    return held(request, "bulletins", lambda: Kept(_KEPT, _KEPT_BYTES))


@router.api_route("/bulletin", methods=["GET", "HEAD"])
async def show_bulletin(request: Request) -> Response:
    """Tell the coverage; takes what ``/api/v1/coverage`` takes, and ``lang`` and ``format``."""
    service = service_of(request)
    question = read_query(request.scope["query_string"], BulletinQuestion, lenient=True)
    lang = question.lang or service.settings.map_language
    shape, site = _shape(request, question), site_of(request)
    if question.month is not None:
        return await _month(request, question.month, shape, lang)
    service.check(question)
    if shape == "docx":
        refuse([_NO_WORD])
    moment = departure(question.at)  # the figures are of the minute that the tag names
    work = partial(_written, service, (question, moment), shape, lang, site)
    parts = [service.etag(question, moment), shape, lang, site]
    return await _answered(request, parts, shape, work)


async def _answered(
    request: Request, parts: list[str], shape: str, work: Callable[[], bytes]
) -> Response:
    """Answer with a bulletin that depends on some parts and on how we write, or: the same."""
    parts += [asset_url(name) for name in ("bulletin.css", "bulletin.js")]
    parts.append(mark_of_code("bulletin*.py", "map_words.py", "templates/bulletin.html"))
    etag = tag_of(repr(parts).encode())
    if unchanged(request, etag):
        return _varied(cached(b"", etag, status=304))
    return _shown(await kept_or_done(request, _kept_texts(request), etag, work), etag, shape)


def _month_written(ledger: Ledger, cut: CutRow, shape: str, lang: str, site: str) -> bytes:
    """Write the bulletin of a cut from what the cut keeps."""
    facts = month_facts(ledger.at(cut))
    document = month_written(facts, lang)
    if shape == "docx":
        return as_docx(document, facts.date)
    if shape == "html":
        return month_page(facts, document, site).encode()
    return (as_markdown if shape == "md" else as_text)(document).encode()


async def _month(request: Request, month: str, shape: str, lang: str) -> Response:
    """Tell a month; it is the same each time."""
    ledger, site = ledger_of(request), site_of(request)
    cut = await run_in_threadpool(ledger.of_month, month)
    work = partial(_month_written, ledger, cut, shape, lang, site)
    answer = await _answered(request, [cut.checksum, shape, lang, site], shape, work)
    if shape == "docx":
        answer.headers["Content-Disposition"] = f'attachment; filename="bulletin-{month}.docx"'
    return answer


def _shown(text: bytes, etag: str, shape: str) -> Response:
    """Return a bulletin in its shape."""
    if shape != "html":
        return _varied(cached(text, etag, media_type=_TYPES[shape]))
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Security-Policy": page_policy()}
    return _varied(HTMLResponse(text, headers=headers))


def _varied(answer: Response) -> Response:
    """Say that the answer depends on what the caller takes."""
    answer.headers["Vary"] = "Accept, Accept-Encoding"
    return answer
