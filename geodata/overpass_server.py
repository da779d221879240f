"""Asking an Overpass server over HTTP: waiting when it is busy, and no more than the limits."""

import email.utils
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import httpx

from geodata.errors import FileFormatError, LimitError, LocatorError
from geodata.overpass_query import page_text

#: Answers after which one may ask again.
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)

#: Short answers (counts, areas, error pages) are read up to here (bytes).
_SHORT_BYTES = 1_000_000

#: Bytes in a megabyte.
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class FetchSettings:
    """How politely and how much to ask.

    Attributes
    ----------
    timeout_seconds : int
        How long the server may work on a question; the connection waits 30 s more.
    tries : int
        How often a busy server is asked in all.
    wait_seconds : float
        First wait before asking again where the server names none; doubled each time.
    longest_wait_seconds : float
        A server that wants a longer wait is not asked again.
    most_km2 : float
        Largest rectangle.
    most_megabytes : float
        Largest answer, estimated and downloaded.
    user_agent : str
        Who is asking.
    """

    timeout_seconds: int = 180
    tries: int = 4
    wait_seconds: float = 15.0
    longest_wait_seconds: float = 120.0
    most_km2: float = 5000.0
    most_megabytes: float = 500.0
    user_agent: str = "union-circle-locator/0.1 (locator fetch)"


@dataclass(frozen=True)
class Progress:
    """What is going on.

    Attributes
    ----------
    stage : str
        ``looking`` (for the place), ``counting``, ``waiting``, ``downloading`` or ``writing``.
    done : int
        Bytes so far; seconds to wait in the stage ``waiting``.
    expected : int
        About how many bytes in all; 0 where nobody knows.
    """

    stage: str
    done: int = 0
    expected: int = 0


@dataclass(frozen=True)
class Server:
    """A server that is being asked."""

    client: httpx.Client
    url: str
    settings: FetchSettings
    show: Callable[[Progress], None]
    pause: Callable[[float], None]

    @contextmanager
    def answer(self, query: str) -> Iterator[httpx.Response]:
        """Yield the head of an answer whose body is still to be read; wait for a busy server."""
        try:
            for attempt in range(self.settings.tries):
                with self.client.stream("POST", self.url, data={"data": query}) as response:
                    if response.status_code not in _BUSY:
                        _check_status(response)
                        yield response
                        return
                    wait = self._wait(response, attempt)
                self.show(Progress("waiting", math.ceil(wait)))
                self.pause(wait)
        except httpx.HTTPError as error:
            raise _network_error(self.url, error) from error

    def _wait(self, response: httpx.Response, attempt: int) -> float:
        """Return how long to wait before asking again, or give up."""
        settings = self.settings
        code = response.status_code
        asked = _retry_after(response.headers.get("retry-after", ""))
        wait = settings.wait_seconds * 2**attempt if asked is None else asked
        if attempt + 1 >= settings.tries:
            what = f"was busy {settings.tries} times (last answer: HTTP {code}): try again later"
        elif wait > settings.longest_wait_seconds:
            what = f"is busy (HTTP {code}) and asks to wait {wait:.0f} seconds: try again then"
        else:
            return wait
        raise LocatorError(
            f"the Overpass server {self.url} {what}, ask for a smaller area, or name another "
            "server in LOCATOR_OVERPASS_URL",
            code="server_busy",
        )

    def ask(self, query: str) -> bytes:
        """Return a short answer."""
        with self.answer(query) as response:
            return _beginning(response)

    def download(self, query: str, path: Path, expected: int) -> int:
        """Write a long answer to a file and return its size (bytes)."""
        done, most = 0, self.settings.most_megabytes * MEGABYTE
        with self.answer(query) as response, path.open("wb") as file:
            for chunk in response.iter_bytes():
                done += len(chunk)
                if done > most:
                    raise too_large(done, self.settings)
                file.write(chunk)
                self.show(Progress("downloading", done, expected))
        return done


def too_large(size: int, settings: FetchSettings) -> LimitError:
    """Return the error for an answer over the limit."""
    return LimitError(
        f"the answer would be about {size / MEGABYTE:,.1f} MB or more, over the limit of "
        f"{settings.most_megabytes:,.1f} MB: ask for a smaller area, or take a Geofabrik or BBBike "
        "file",
        code="answer_too_large",
    )


def _retry_after(text: str) -> float | None:
    """Return the seconds that a Retry-After header asks for, None where there is none."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _beginning(response: httpx.Response) -> bytes:
    """Return the body of a short answer, at most 1 MB of it."""
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _SHORT_BYTES:
            break
    return body


def _check_status(response: httpx.Response) -> None:
    """Refuse an answer that is no 200, quoting what the server says."""
    code = response.status_code
    if code != HTTPStatus.OK:
        said = page_text(_beginning(response)) or response.reason_phrase
        raise LocatorError(
            f"the Overpass server {response.url} refused the question with HTTP {code}: {said!r} "
            "(is LOCATOR_OVERPASS_URL the address of its interpreter?)",
            code="server_refused",
        )


def _network_error(url: str, error: httpx.HTTPError) -> LocatorError:
    """Return what to say when no or only half an answer came."""
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
        return FileFormatError(
            f"the answer of the Overpass server {url} broke off ({error}): try again",
            code="bad_answer",
        )
    kind = (
        "did not answer in time"
        if isinstance(error, httpx.TimeoutException)
        else "cannot be reached"
    )
    said = str(error) or type(error).__name__
    return LocatorError(
        f"the Overpass server {url} {kind} ({said}): check the network, or name another server in "
        "LOCATOR_OVERPASS_URL",
        code="server_unreachable",
    )
