"""Questions that arrive together are searched together.

A search over arrays costs little more for sixteen positions than for one. Questions that differ by
position only and reach the process in the same turn of the event loop share one search; nobody
waits for a timer, and a question that comes alone is answered alone.
"""

import asyncio
from typing import Any

from web.schemas import NearestQuestion
from web.service import Frame, Service

#: Most questions of one search: a longer one would keep the others waiting.
MOST_TOGETHER = 64

Waiting = list[tuple[NearestQuestion, "asyncio.Future[dict[str, Any]]"]]


class Batcher:
    """Collects questions for one turn of the event loop.

    Parameters
    ----------
    service : Service
        Answers them.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._waiting: dict[tuple[int, str], tuple[Frame, Waiting]] = {}

    async def ask(self, question: NearestQuestion) -> dict[str, Any]:
        """Answer a question together with those that arrive now.

        Parameters
        ----------
        question : NearestQuestion
            Checked by its model.

        Returns
        -------
        dict
            As `Service.nearest`.

        Raises
        ------
        LocatorError
            If the question passes a limit, names what does not exist or is swapped.
        """
        frame = self._service.frame(question)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[dict[str, Any]] = loop.create_future()
        key = (id(loop), frame.key)
        if key not in self._waiting:
            self._waiting[key] = (frame, [])
            loop.call_soon(self._answer, key)
        waiting = self._waiting[key][1]
        waiting.append((question, future))
        if len(waiting) >= MOST_TOGETHER:
            self._answer(key)
        return await future

    def _answer(self, key: tuple[int, str]) -> None:
        """Search for all that wait with one frame."""
        frame, waiting = self._waiting.pop(key, (None, []))
        if frame is None:
            return
        try:
            answers = self._service.nearest_all([question for question, _ in waiting], frame)
        except Exception as error:  # noqa: BLE001  each of them gets it, and the wall answers
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(waiting, answers, strict=True):
            if not future.done():
                future.set_result(answer)
