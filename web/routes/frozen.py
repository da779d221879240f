"""Embedded maps whose data stand still: kept when first asked for, drawn anew each time."""

import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from geodata.errors import LocatorError
from web.dependencies import departure
from web.embed_page import drawn_around, gone_page
from web.embed_question import EmbedQuestion, read_shown
from web.errors import UnknownRegionError, problem
from web.freezing import FrozenFolder, frozen_key
from web.keeping import tag_of
from web.map_data import Page
from web.map_request import dataset_streets, labels_of, state_time
from web.map_streets import StreetLines, street_lines
from web.routes.caching import unchanged
from web.routes.drawing import drawn_once
from web.routes.framing import framed, page_of, served, tag_of_page
from web.routes.working import workbench_of
from web.service import Coverage, Service
from web.settings import Settings
from web.state import held, service_of

if TYPE_CHECKING:
    from web.frozen_map import Frozen

_LANGUAGES = ("zh", "en")
_MEGABYTE = 1e6


class Freezer:
    """Keeps answers of today's dataset, one at a time, and finds those of all days.

    Parameters
    ----------
    settings : Settings
        Names the folder and its bounds.
    """

    def __init__(self, settings: Settings) -> None:
        most_bytes = int(settings.frozen_megabytes * _MEGABYTE)
        self.folder = FrozenFolder(settings.frozen, settings.frozen_most, most_bytes)
        self._turn = threading.Lock()

    def answer(self, service: Service, question: EmbedQuestion) -> "Frozen | None":
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
        key = frozen_key(question.version, question)
        found = _thawed(self.folder.get(key))
        if found is not None or question.version != service.name["version"]:
            return found
        service.check(question)
        with self._turn:
            content = self.folder.get(key)
            found = _thawed(content)
            if found is not None:  # somebody was faster
                return found
            if content is not None:
                self.folder.drop(key)  # damaged
            kept = self.folder.put(key, _packed(service, question))
        return _thawed(self.folder.get(key)) if kept else None


def freezer_of(request: Request) -> Freezer:
    """Return what keeps the answers of an application."""
    return held(request, "freezer", lambda: Freezer(request.app.state.settings))


def _thawed(content: bytes | None) -> "Frozen | None":
    """Return a kept answer; a damaged one counts as none."""
    from web.frozen_map import unpack  # noqa: PLC0415  pyarrow: for frozen maps alone

    try:
        return unpack(content) if content else None
    except LocatorError:
        return None


def _packed(service: Service, question: EmbedQuestion) -> bytes:
    """Ask who is covered today and write it down."""
    from web.frozen_map import Frozen, pack, parts_of  # noqa: PLC0415  for frozen maps alone
    from web.maps import request_of  # noqa: PLC0415  folium: for maps alone

    answer = service.cover(question, departure(question.at))
    frozen = Frozen(
        date=state_time(departure("now")).date().isoformat(),
        labels={lang: labels_of(service.vocabulary, lang) for lang in _LANGUAGES},
        parts=parts_of(request_of(service, answer, Page(base="none"))),
        pictures=_pictures(service, answer),
    )
    return pack(frozen)


def _pictures(service: Service, answer: Coverage) -> dict[str, bytes]:
    """Draw the answer for readers without scripts; nothing where there is no font for it."""
    from web.picture_style import Picture  # noqa: PLC0415  for pictures alone
    from web.pictures import picture_of  # noqa: PLC0415  matplotlib: for pictures alone

    approval = service.settings.map_review_number
    try:
        return {
            lang: picture_of(service, answer, Picture(lang=lang, approval=approval))
            for lang in _LANGUAGES
        }
    except LocatorError:
        return {}


def _streets(service: Service, page: Page) -> StreetLines:
    """Return today's streets, none where tiles show them."""
    if page.base == "streets" and not page.tiles_url:
        return dataset_streets(service.dataset)
    return street_lines(np.empty((0, 4)), [])


def _drawn(freezer: Freezer, service: Service, question: EmbedQuestion, page: Page) -> str:
    """Draw an answer that stands still; ``""`` where it was not kept."""
    from web.maps import coverage_map  # noqa: PLC0415  folium: for maps alone

    found = freezer.answer(service, question)
    if found is None:
        return ""
    if question.district and question.district not in found.regions:
        raise UnknownRegionError("the data of that day have no such region; leave district= out")
    request = found.request(page, _streets(service, page), service.manifest.get("basemap"))
    return drawn_around(coverage_map(request), request, question)


async def show_frozen(request: Request, question: EmbedQuestion, service: Service) -> Response:
    """Send a map whose data stand still, or say that they were not kept."""
    page, freezer = page_of(question, service), freezer_of(request)
    key = frozen_key(question.version, question)
    tag = tag_of_page("frozen", key, page, service.name["version"])
    html = await drawn_once(request, tag, lambda: _drawn(freezer, service, question, page))
    if html:
        freezer.folder.used(key)
        return served(request, question, html, page)
    full = question.version == service.name["version"]
    gone = gone_page(question, page.lang, "full" if full else "gone")
    headers = framed(gone, page, service.settings) | {"Cache-Control": "no-store"}
    return HTMLResponse(gone, status_code=507 if full else 404, headers=headers)


async def show_picture(request: Request) -> Response:
    """Send the picture of data that stand still."""
    question = read_shown(request.scope["query_string"], EmbedQuestion)
    service, freezer = service_of(request), freezer_of(request)
    found = None
    if question.version:
        work = partial(freezer.answer, service, question)
        found = await workbench_of(request).do(frozen_key(question.version, question), work)
    lang = question.lang or service.settings.map_language
    content = found.pictures.get(lang) if found is not None else None
    if content is None:
        return problem(404, "not_frozen", "no picture of these data was kept; see /map.png")
    headers = {
        "ETag": tag_of(content),
        "Cache-Control": "no-cache",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/png", headers=headers)
