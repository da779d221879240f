"""What takes a second or more of computing: a few at a time, in threads of their own.

So neither distinct maps, bulletins, files and coverages asked for all at once, nor those who wait
for them, hold the threads and connections that workers' questions are answered with.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from web.errors import BusyError
from web.keeping import Kept
from web.settings import Settings
from web.state import held

T = TypeVar("T")


class _Turns:
    """The turns of one event loop: what waits belongs to the loop in which it waits."""

    def __init__(self, settings: Settings) -> None:
        self._turns = asyncio.Semaphore(settings.work_at_once)
        self._threads = CapacityLimiter(settings.work_at_once)
        self._most_waiting = settings.work_waiting
        self._wait_seconds = settings.work_wait_seconds
        self._waiting = 0
        self._running: dict[object, asyncio.Task[Any]] = {}

    async def do(self, key: object, work: Callable[[], T]) -> T:
        """Wait for a turn and do something in a thread: once, however many ask for it meanwhile."""
        task: asyncio.Task[T] | None = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._done(work))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _done(self, work: Callable[[], T]) -> T:
        """Wait for a turn and do something in a thread."""
        await self._turn()
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        """Wait for a turn."""
        busy = BusyError("others are being served with what takes long: try again in a moment")
        if self._turns.locked() and self._waiting >= self._most_waiting:
            raise busy
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise busy from None
        finally:
            self._waiting -= 1


class Workbench:
    """Does what takes long, a few at a time.

    Parameters
    ----------
    settings : Settings
        How many at once, how many may wait, and how long.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()

    async def do(self, key: str | None, work: Callable[[], T]) -> T:
        """Wait for a turn and do something in a thread: once, however many ask for it meanwhile.

        Parameters
        ----------
        key : str or None
            Tells what is done apart; None: done for this one alone, whoever asks meanwhile.
        work : callable
            Takes nothing.

        Returns
        -------
        object
            What it returns.

        Raises
        ------
        BusyError
            If too many wait already, or it takes too long.
        """
        loop = asyncio.get_running_loop()  # a server has one; tests serve an application in several
        if loop not in self._turns:
            self._turns[loop] = _Turns(self._settings)
        return await self._turns[loop].do(object() if key is None else key, work)


def workbench_of(request: Request) -> Workbench:
    """Return what does the long work of an application."""
    return held(request, "workbench", lambda: Workbench(request.app.state.settings))


async def kept_or_done(request: Request, kept: Kept, etag: str, work: Callable[[], bytes]) -> bytes:
    """Return an answer that is kept, else do the work and keep what it returns.

    Parameters
    ----------
    request : Request
        Of the application that does the work.
    kept : Kept
        The answers made last.
    etag : str
        Of the answer: names all that it depends on.
    work : callable
        Takes nothing.

    Returns
    -------
    bytes
        The answer.

    Raises
    ------
    BusyError
        If too many wait already, or it takes too long.
    """
    found = kept.get(etag)
    if found is None:
        found = await workbench_of(request).do(f"kept {etag}", work)
        kept.put(etag, found)
    return found
