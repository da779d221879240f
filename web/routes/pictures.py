"""``/map.png`` and ``/map.svg``: the map as a picture, for print and where no script runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from typing import Literal

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from web.dependencies import departure
from web.embed_question import read_shown
from web.errors import BusyError
from web.keeping import Kept, mark_of_code, tag_of
from web.memory import give_back
from web.picture_question import PictureQuestion, picture_asked
from web.picture_style import Picture
from web.routes.caching import cached, unchanged
from web.service import Service
from web.state import held, service_of

#: Pictures stand in no list of API operations.
router = APIRouter(include_in_schema=False)

_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}

#: Pictures kept, and bytes of all together; how many may wait for the one that is being drawn.
_KEPT, _KEPT_BYTES, _WAITING = 64, 32 * 2**20, 4


class _Easel:
    """Draws one picture at a time and keeps the last ones.

    Parameters
    ----------
    wait_seconds : float
        How long a picture waits for its turn.
    """

    def __init__(self, wait_seconds: float) -> None:
        self.kept = Kept(_KEPT, _KEPT_BYTES)
        self._wait_seconds = wait_seconds
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + _WAITING)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn of a picture.

        Raises
        ------
        BusyError
            If too many wait already, or it takes too long.
        """
        busy = BusyError("other pictures are being drawn: try again in a moment")
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._turn.acquire(timeout=self._wait_seconds):
                raise busy
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()


def _easel(request: Request) -> _Easel:
    """Return what draws the pictures of an application."""
    seconds = request.app.state.settings.picture_wait_seconds
    return held(request, "easel", lambda: _Easel(seconds))


def _tag(
    service: Service, question: PictureQuestion, picture: Picture, moment: datetime | None
) -> str:
    """Return the tag of a picture: the answer's and how it is drawn."""
    parts = [service.etag(question, moment), repr(picture), str(service.settings.font)]
    parts.append(mark_of_code("picture*.py", "map_*.py"))
    return tag_of(repr(parts).encode())


def _read_renderer() -> None:
    """Import what draws: for pictures alone, as it takes memory."""
    for name in ("matplotlib.backends.backend_agg", "PIL.PngImagePlugin", "web.pictures"):
        import_module(name)


def _drawn(
    easel: _Easel, service: Service, question: PictureQuestion, picture: Picture, tag: str
) -> bytes:
    """Return a picture: ask who is covered and draw it, unless somebody just did."""
    with easel.turn():
        kept = easel.kept.get(tag)
        if kept is None:
            # matplotlib is read while the answer is computed: both take half a second at first
            reading = threading.Thread(target=_read_renderer, daemon=True)
            reading.start()
            answer = service.cover(question, departure(question.at))
            reading.join()
            from web.pictures import picture_of  # noqa: PLC0415  for pictures alone

            kept = picture_of(service, answer, picture)
            easel.kept.put(tag, kept)
            give_back()
        return kept


async def _show(request: Request, kind: Literal["png", "svg"]) -> Response:
    """Answer with a picture."""
    service = service_of(request)
    question = read_shown(request.scope["query_string"], PictureQuestion)
    service.check(question)
    picture = picture_asked(question, service, kind)
    moment = departure(question.at)
    if moment is not None:  # so that the figures are of the minute that the tag names
        question = question.model_copy(update={"at": moment.isoformat()})
    tag = _tag(service, question, picture, moment)
    if unchanged(request, tag):
        return _headed(cached(b"", tag, status=304))
    easel = _easel(request)
    drawn = easel.kept.get(tag)
    if drawn is None:
        drawn = await run_in_threadpool(_drawn, easel, service, question, picture, tag)
    return _headed(cached(drawn, tag, media_type=_MEDIA[kind]))


def _headed(answer: Response) -> Response:
    """Let other sites show a picture; nothing in it may run or be fetched."""
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@router.api_route("/map.png", methods=["GET", "HEAD"])
async def show_png(request: Request) -> Response:
    """Draw the coverage as a PNG; takes what ``/map`` takes, and size, title and layers."""
    return await _show(request, "png")


@router.api_route("/map.svg", methods=["GET", "HEAD"])
async def show_svg(request: Request) -> Response:
    """Draw the coverage as an SVG, all words as outlines."""
    return await _show(request, "svg")
