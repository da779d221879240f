"""What an application holds: its settings, and the dataset that it serves now."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fastapi import Request

from web.opened import Opened, dataset_folder, open_folder
from web.settings import Settings

if TYPE_CHECKING:
    from web.report_box import ReportBox
    from web.service import Service

__all__ = [
    "Holder",
    "Opened",
    "dataset_folder",
    "held",
    "held_with_data",
    "holder_of",
    "opened_of",
    "service_of",
]

T = TypeVar("T")


class Holder:
    """Opens the dataset on first use, once for all threads; another may take its place whole.

    Parameters
    ----------
    settings : Settings
        Names the dataset.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Opened | None = None
        self._reports: ReportBox | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Return whether the dataset is open already."""
        return self._opened is not None

    def opened(self) -> Opened:
        """Return the dataset that is served now; opens ``public/`` only.

        Returns
        -------
        Opened
            The same until another takes its place. Who needs it twice keeps it.

        Raises
        ------
        DatasetError
            If there is no dataset, or it is damaged.
        """
        found = self._opened
        if found is None:
            with self._lock:
                found = self._opened
                if found is None:
                    found = self._opened = open_folder(self._settings)
        return found

    def replace(self, opened: Opened) -> None:
        """Serve another dataset from now on; who asked before is answered from the old one.

        Parameters
        ----------
        opened : Opened
            From `open_folder`.
        """
        with self._lock:
            self._opened = opened

    def service(self) -> "Service":
        """Return the service of the dataset that is served now.

        Returns
        -------
        Service
            As `opened` has it.

        Raises
        ------
        DatasetError
            If there is no dataset, or it is damaged.
        """
        return self.opened().service

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


def opened_of(request: Request) -> Opened:
    """Return the dataset that a request is answered from, from its first question to its last.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    Opened
        Opened if it was not.
    """
    known: Opened | None = getattr(request.state, "opened", None)
    if known is None:
        known = request.state.opened = holder_of(request).opened()
    return known


def service_of(request: Request) -> "Service":
    """Return the service that a request is answered by.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    Service
        Opened if it was not; one request gets the same each time.
    """
    return opened_of(request).service


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


def held_with_data(request: Request, name: str, make: Callable[[], T]) -> T:
    """Return what is kept as long as one dataset is served, made when it is first asked for.

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
        The same for all requests that are answered from one dataset.
    """
    found: T = opened_of(request).kept.setdefault(name, make())
    return found
