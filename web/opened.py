"""A dataset that was opened to be served, and what is made of it when it is first asked for."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geodata.errors import DatasetError
from web.settings import Settings

if TYPE_CHECKING:
    from web.batching import Batcher
    from web.finding import Search
    from web.service import Service
    from web.station_list import StationList


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


class Opened:
    """A dataset that was opened, and what is made of it when it is first asked for.

    Parameters
    ----------
    service : Service
        Answers from it.
    identity : tuple
        Of the folder, by `geodata.bundle.identity_of`, taken before it was opened.

    Attributes
    ----------
    service, identity
        As given.
    kept : dict of str to object
        What routes keep as long as this dataset is served, see `held_with_data`.
    """

    def __init__(self, service: "Service", identity: tuple[object, ...]) -> None:
        self.service = service
        self.identity = identity
        self.kept: dict[str, Any] = {}
        self._batcher: Batcher | None = None
        self._stations: StationList | None = None
        self._search: Search | None = None
        self._lock = threading.Lock()

    def batcher(self) -> "Batcher":
        """Return what answers nearest questions together.

        Returns
        -------
        Batcher
            The same each time.
        """
        if self._batcher is None:
            from web.batching import Batcher  # noqa: PLC0415  heavy: only when asked

            self._batcher = Batcher(self.service)
        return self._batcher

    def stations(self) -> "StationList":
        """Return what lists stations.

        Returns
        -------
        StationList
            The same each time.
        """
        with self._lock:
            if self._stations is None:
                from web.station_list import StationList  # noqa: PLC0415  only when asked

                self._stations = StationList(self.service)
            return self._stations

    def search(self) -> "Search":
        """Return what finds stations and regions by name.

        Returns
        -------
        Search
            The same each time; made with the first search.
        """
        with self._lock:
            if self._search is None:
                from web.finding import Search  # noqa: PLC0415  only when asked

                self._search = Search(self.service)
            return self._search


def open_folder(settings: Settings) -> Opened:
    """Open the dataset that the settings mean, ready to be asked.

    Parameters
    ----------
    settings : Settings
        Names the dataset.

    Returns
    -------
    Opened
        ``public/`` only.

    Raises
    ------
    DatasetError
        If there is no dataset, or it is damaged.
    """
    from geodata.bundle import identity_of, open_dataset  # noqa: PLC0415  heavy: only when asked
    from web.service import Service  # noqa: PLC0415  heavy: only when asked

    folder = dataset_folder(settings)
    if not folder.is_dir():
        raise DatasetError(
            "there is no dataset yet: run `locator prepare`, or `locator serve` for the demo"
        )
    identity = identity_of(folder)
    service = Service(open_dataset(folder, private=False), settings)
    service.warm_up()
    return Opened(service, identity)
