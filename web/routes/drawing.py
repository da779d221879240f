"""Maps that take a second to draw: each is drawn once, kept a while, and sent with its policy."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request

from web.keeping import Kept
from web.memory import give_back
from web.routes.working import workbench_of
from web.state import held, held_with_data

_MAPS_KEPT, _MAP_BYTES = 16, 2 * 2**20


def kept_maps(request: Request) -> Kept:
    """Return the maps drawn last; the application holds them."""
    return held(request, "maps", lambda: Kept(_MAPS_KEPT, _MAPS_KEPT * _MAP_BYTES))


def kept_requests(request: Request) -> dict[str, Any]:
    """Return what was drawn lately from this dataset, for `web.maps.kept_request`."""
    kept: dict[str, Any] = held_with_data(request, "map_requests", dict)
    return kept


async def drawn_once(request: Request, tag: str, draw: Callable[[], str]) -> str:
    """Return a map that is kept, or draw it: once, however many ask for it meanwhile.

    Parameters
    ----------
    request : Request
        Of the application that holds the maps.
    tag : str
        Tells maps apart.
    draw : callable
        Draws in a thread.

    Returns
    -------
    str
        HTML; what is empty is not kept.
    """
    kept = kept_maps(request).get(tag)
    if kept is not None:
        return kept.decode()
    work = partial(_drawn, kept_maps(request), tag, draw)
    return await workbench_of(request).do(f"map {tag}", work)


def _drawn(maps: Kept, tag: str, draw: Callable[[], str]) -> str:
    """Draw a map and keep it; give the memory back."""
    try:
        html = draw()
        if html:
            maps.put(tag, html.encode())
        return html
    finally:
        give_back()
