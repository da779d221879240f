"""What an application holds: its settings, and one service that is opened once."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fastapi import Request

from geodata.errors import DatasetError
from web.settings import Settings

if TYPE_CHECKING:
    from web.batching import Batcher
    from web.finding import Search
    from web.report_box import ReportBox
    from web.service import Service
    from web.station_list import StationList

T = TypeVar("T")


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
        self._stations: StationList | None = None
        self._search: Search | None = None
        self._reports: ReportBox | None = None
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

    def stations(self) -> "StationList":
        """Return what lists stations.

        Returns
        -------
        StationList
            The same each time.
        """
        service = self.service()
        with self._lock:
            if self._stations is None:
                from web.station_list import StationList  # noqa: PLC0415  only when asked

                self._stations = StationList(service)
            return self._stations

    def search(self) -> "Search":
        """Return what finds stations and regions by name.

        Returns
        -------
        Search
            The same each time; made with the first search.
        """
        service = self.service()
        with self._lock:
            if self._search is None:
                from web.finding import Search  # noqa: PLC0415  only when asked

                self._search = Search(service)
            return self._search

    def reports(self) -> "ReportBox":
        """Return what takes reports in.

        Returns
        -------
        ReportBox
            The same each time; made with the first report.
        """
        with self._lock:
            if self._reports is None:
                from web.report_box import ReportBox  # noqa: PLC0415  brings SQLAlchemy

                self._reports = ReportBox(self._settings)
            return self._reports

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


def holder_of(request: Request) -> Holder:
    """Return what the application that serves a request holds.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    Holder
        The same for all requests.
    """
    holder: Holder = request.app.state.holder
    return holder


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
    return holder_of(request).service()


def held(request: Request, name: str, make: Callable[[], T]) -> T:
    """Return what an application keeps for its routes, made when it is first asked for.

    Parameters
    ----------
    request : Request
        Any.
    name : str
        Of what is kept.
    make : callable
        Makes it; must not wait, so that it is made once.

    Returns
    -------
    object
        The same each time.
    """
    state = request.app.state
    if not hasattr(state, name):
        setattr(state, name, make())
    found: T = getattr(state, name)
    return found
