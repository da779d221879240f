"""Taking reports in: whether one more may come, what is kept of it, and where.

Counts are kept in this process's memory only, by a network (an IPv4 address, an IPv6 /64) hashed
with a salt that is drawn when the process starts and never leaves it. Several worker processes
count each for itself.
"""

import hashlib
import ipaddress
import math
import secrets
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from web.errors import TooManyError
from web.masking import masked
from web.settings import Settings
from web.station_schemas import ReportBody

if TYPE_CHECKING:
    from geodata.records import Records

_DAY = 86_400
_IPV6_BITS = 64
_MOST_CLIENTS = 1_000


def network_of(address: str) -> str:
    """Return what counts as one client.

    Parameters
    ----------
    address : str
        IPv4 or IPv6; anything else is one client together.

    Returns
    -------
    str
        An IPv4 address, or the /64 of an IPv6 one.

    Examples
    --------
    >>> network_of("2001:db8::1:2"), network_of("::ffff:203.0.113.7")
    ('2001:db8::', '203.0.113.7')
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _IPV6_BITS), strict=False).network_address)


class ReportBox:
    """Takes reports in.

    Parameters
    ----------
    settings : Settings
        The file and the limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.records
        self._salt = secrets.token_bytes(16)
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._per_client = RateLimitItemPerSecond(
            settings.reports_per_client, settings.reports_window_seconds
        )
        self._per_day = RateLimitItemPerSecond(settings.reports_per_day, _DAY)

    @cached_property
    def records(self) -> "Records":
        """The file of reports."""
        from geodata.records import Records  # noqa: PLC0415  brings SQLAlchemy

        return Records(self._path)

    def admit(self, address: str) -> None:
        """Count one more report of a client, or refuse it.

        Parameters
        ----------
        address : str
            Of the client, as trusted proxies tell it.

        Raises
        ------
        TooManyError
            If this client, or all together, sent too many.
        """
        self._forget()
        digest = hashlib.blake2b(network_of(address).encode(), key=self._salt, digest_size=16)
        today = "today (limit reports_per_day)"
        if not self._limiter.test(self._per_day, "all"):  # then no more clients are remembered
            self._refuse(self._per_day, "all", today)
        self._count(self._per_client, digest.hexdigest(), "from here (limit reports_per_client)")
        self._count(self._per_day, "all", today)

    def _forget(self) -> None:
        """Forget the clients whose window is over: the storage keeps their keys."""
        if len(self._storage.events) > _MOST_CLIENTS:
            for key in [key for key, events in list(self._storage.events.items()) if not events]:
                self._storage.clear(key)

    def _count(self, limit: Any, key: str, words: str) -> None:
        """Count one, or say when there is room again."""
        if not self._limiter.hit(limit, key):
            self._refuse(limit, key, words)

    def _refuse(self, limit: Any, key: str, words: str) -> None:
        """Say when there is room again."""
        reset, _ = self._limiter.get_window_stats(limit, key)
        wait = max(1, math.ceil(reset - time.time()))
        raise TooManyError(f"at most {limit.amount} reports {words}", wait)

    def take(self, body: ReportBody, dataset_version: str) -> str:
        """Write a report down.

        Parameters
        ----------
        body : ReportBody
            Checked; its station exists.
        dataset_version : str
            Which data the caller saw.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        RecordsError
            If it cannot be written.
        """
        from geodata.records import Report  # noqa: PLC0415  brings SQLAlchemy

        report = Report(
            station_id=body.station,
            dataset_version=dataset_version,
            problem=body.problem,
            note=masked(body.note),
            lang=body.lang,
        )
        return self.records.add(report)
