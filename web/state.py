"""What an application holds: its settings, and one service that is opened once."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request

from geodata.errors import DatasetError
from web.settings import Settings

if TYPE_CHECKING:
    from web.batching import Batcher
    from web.service import Service


def dataset_folder(settings: Settings) -> Path:
    """Return the dataset folder that the settings mean.

    Parameters
    ----------
    settings : Settings
        ``data``, or else ``demo_folder``.

    Returns
    -------
    Path
        It may not exist yet.
    """
    if settings.data is not None:
        return settings.data
    return settings.demo_folder / settings.demo_size


class Holder:
    """Opens the service on first use, once for all threads.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._service: Service | None = None
        self._batcher: Batcher | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Return whether the service is there already."""
        return self._service is not None

    def service(self) -> "Service":
        """Return the service; opens ``public/`` only.

        Returns
        -------
        Service
            The same each time.

        Raises
        ------
        DatasetError
            If there is no dataset, or it is damaged.
        """
        if self._service is None:
            with self._lock:
                if self._service is None:
                    self._service = self._opened()
        return self._service

    def batcher(self) -> "Batcher":
        """Return what answers nearest questions together.

        Returns
        -------
        Batcher
            The same each time.
        """
        service = self.service()
        if self._batcher is None:
            from web.batching import Batcher  # noqa: PLC0415  heavy: only when asked

            self._batcher = Batcher(service)
        return self._batcher

    def _opened(self) -> "Service":
        """Open the dataset."""
        from geodata.bundle import open_dataset  # noqa: PLC0415  heavy: only when asked
        from web.service import Service  # noqa: PLC0415  heavy: only when asked

        folder = dataset_folder(self._settings)
        if not folder.is_dir():
            raise DatasetError(
                "there is no dataset yet: run `locator prepare`, or `locator serve` for the demo"
            )
        service = Service(open_dataset(folder, private=False), self._settings)
        service.warm_up()
        return service


def service_of(request: Request) -> "Service":
    """Return the service of the application that serves a request.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    Service
        Opened if it was not.
    """
    holder: Holder = request.app.state.holder
    return holder.service()


def batcher_of(request: Request) -> "Batcher":
    """Return what answers nearest questions of an application together.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    Batcher
        Opened if it was not.
    """
    holder: Holder = request.app.state.holder
    return holder.batcher()
