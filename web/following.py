"""A running server follows its dataset folder: when `prepare` has replaced it, so does the server.

The new dataset is opened and warmed up beside the old one, then takes its place in one step.
Requests that began before are answered from the old one, whose memory is given back once the last
of them is done. A folder that is damaged or gone changes nothing.
"""

import asyncio
import gc
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from anyio import to_thread

from geodata.errors import LocatorError
from web.memory import give_back
from web.opened import dataset_folder, open_folder
from web.settings import Settings
from web.state import Holder

if TYPE_CHECKING:
    from web.service import Service


class Follower:
    """Looks whether the dataset folder was replaced.

    Parameters
    ----------
    holder : Holder
        Told of the new dataset.
    settings : Settings
        Names the folder, and how often to look.
    logger : logger
        Takes ``info`` and ``warning`` with words and values.
    """

    def __init__(self, holder: Holder, settings: Settings, logger: Any) -> None:
        self._holder = holder
        self._settings = settings
        self._logger = logger
        self._refused: tuple[object, ...] = ()
        self._leaving: list[ReferenceType[Service]] = []

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(self._settings.follow_seconds)
            await to_thread.run_sync(self.look, abandon_on_cancel=True)

    def look(self) -> bool:
        """Look once; open what is new and let it take the old one's place.

        Returns
        -------
        bool
            Whether another dataset is served now.
        """
        from geodata.bundle import identity_of  # noqa: PLC0415  heavy: only when asked

        self._let_go()
        if not self._holder.is_open:
            return False  # the first question opens what is there then
        now, found = self._holder.opened(), identity_of(dataset_folder(self._settings))
        if not found or found in (now.identity, self._refused):
            return False
        try:
            new = open_folder(self._settings)
        except (LocatorError, OSError, MemoryError) as error:
            self._refused = found
            code = getattr(error, "code", type(error).__name__)
            self._logger.warning("new dataset refused, the old one is served", error=code)
            return False
        self._leaving.append(ref(now.service))
        del now
        version = new.service.name["version"]
        self._holder.replace(new)
        self._logger.info("dataset replaced", dataset=version)
        self._let_go()
        return True

    def _let_go(self) -> None:
        """Give back the memory of datasets that nobody asks any more."""
        self._leaving = [service for service in self._leaving if service() is not None]
        if self._leaving:
            settle()
            self._leaving = [service for service in self._leaving if service() is not None]


def settle() -> None:
    """Collect what nobody holds; what is there now stays, and is not walked over any more."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    give_back()
