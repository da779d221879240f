"""Maps that take a second to draw: each is drawn once, kept a while, and sent with its policy."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from web.keeping import Kept
from web.memory import give_back
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


async def _drawn(request: Request, tag: str, draw: Callable[[], Any]) -> str:
    """Draw a map and keep it."""
    html = str(await run_in_threadpool(draw))
    if html:
        kept_maps(request).put(tag, html.encode())
    await run_in_threadpool(give_back)
    return html
