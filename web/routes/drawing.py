"""Maps that take a second to draw: each is drawn once, kept a while, and sent with its policy."""

import asyncio
from collections.abc import Callable
from functools import partial

from fastapi import Request

from web.keeping import Kept
from web.memory import give_back
from web.routes.working import workbench_of
from web.state import held

_MAPS_KEPT, _MAP_BYTES = 16, 2 * 2**20


def kept_maps(request: Request) -> Kept:
    """Return the maps drawn last; the application holds them."""
    return held(request, "maps", lambda: Kept(_MAPS_KEPT, _MAPS_KEPT * _MAP_BYTES))


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
    running: dict[str, asyncio.Task[str]] = held(request, "drawing", dict)
    task = running.get(tag)
    if task is None:
        task = asyncio.create_task(_drawn(request, tag, draw))
        running[tag] = task
        task.add_done_callback(lambda _: running.pop(tag, None))
    return await asyncio.shield(task)


async def _drawn(request: Request, tag: str, draw: Callable[[], str]) -> str:
    """Draw a map and keep it."""
    html = await workbench_of(request).do(partial(_tidily, draw))
    if html:
        kept_maps(request).put(tag, html.encode())
    return html


def _tidily(draw: Callable[[], str]) -> str:
    """Draw, and give the memory back."""
    try:
        return draw()
    finally:
        give_back()
