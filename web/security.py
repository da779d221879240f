"""The wall around the application: one layer that every request passes.

It adds the security headers, refuses what is too much, keeps unforeseen errors from showing
anything, and writes the access log: a line of allowed fields, without paths, query strings, bodies
or positions, and with the caller's address shortened.
"""

import ipaddress
import re
import sys
import time
import traceback
from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.errors import bare_500, new_error_id, problem
from web.settings import Settings

#: What a line of the log may hold, and nothing else.
LOG_FIELDS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "method",
        "route",
        "status",
        "ms",
        "bytes",
        "client",
        "id",
        "error",
        "place",
        "dataset",
        "workers",
    }
)

#: For everything that is no page.
API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"geolocation=(self), camera=(), microphone=(), payment=()",
    b"content-security-policy": API_POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"access-control-allow-origin": b"*",
    b"access-control-expose-headers": b"ETag, Retry-After",
    b"vary": b"Accept-Encoding",
}
_GZIP_LEVEL = 5
#: Name of the ASGI extension that holds the number of connections of this process.
LOAD = "locator.load"

_UNKNOWN_ROUTE = "(none)"
_NO_WEIGHT = re.compile(r"q=0?(?:\.0*)?")
_NOT_MODIFIED = 304


def page_policy(
    *,
    script_hashes: Iterable[str] = (),
    tile_hosts: Iterable[str] = (),
    frame_ancestors: str = "'self'",
) -> str:
    """Return a content security policy for a page of ours.

    Parameters
    ----------
    script_hashes : iterable of str, optional
        ``sha256-…`` of scripts that stand in the page.
    tile_hosts : iterable of str, optional
        Foreign hosts that the operator chose for a base layer.
    frame_ancestors : str, optional
        Who may show the page in a frame.

    Returns
    -------
    str
        Without ``unsafe-eval``, and without ``unsafe-inline`` for scripts. Folium and Leaflet set
        styles on elements, so styles may stand in the page.

    Examples
    --------
    >>> "script-src 'self' 'sha256-abc=';" in page_policy(script_hashes=["sha256-abc="])
    True
    """
    scripts = " ".join(["'self'", *(f"'{digest}'" for digest in script_hashes)])
    images = " ".join(["'self'", "data:", "blob:", *tile_hosts])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        f"img-src {images}; connect-src 'self'; font-src 'self' data:; "
        "worker-src 'self'; manifest-src 'self'; object-src 'none'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {frame_ancestors}"
    )


@lru_cache(maxsize=1024)
def short_address(address: str) -> str:
    """Return a network instead of a caller's address.

    Parameters
    ----------
    address : str
        IPv4 or IPv6.

    Returns
    -------
    str
        The /24 or the /48; ``""`` for anything else.

    Examples
    --------
    >>> short_address("203.0.113.77")
    '203.0.113.0'
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    bits = 24 if parsed.version == 4 else 48  # noqa: PLR2004  version of IP
    return str(ipaddress.ip_network((parsed, bits), strict=False).network_address)


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Return one line of JSON: the time, the level and the fields on the list."""
    del logger
    line = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": method,
        **{key: value for key, value in event.items() if key in LOG_FIELDS},
    }
    return orjson.dumps(line).decode()


def new_logger(stream: TextIO | None = None) -> Any:
    """Return a logger of JSON lines that lets allowed fields pass only.

    Parameters
    ----------
    stream : text file, optional
        Where to write; standard error if not given.

    Returns
    -------
    structlog logger
        Bound to nothing global.
    """
    return structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[_line],
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _place_of(error: BaseException) -> str:
    """Return where an error was raised, without its message: ``module.py:12 function``."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    file = last.filename.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    return f"{file}:{last.lineno} {last.name}"


_CLOSE = {"Connection": "close"}


def _too_long(most: int) -> str:
    """Return what is said about a body that is too long."""
    return f"at most {most} bytes (limit max_body_bytes)"


def _stated_length(scope: Scope) -> int:
    """Return the length of the body that the caller announced, 0 if none."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return 0


def _limited(receive: Receive, most: int) -> Receive:
    """Return a ``receive`` that stops reading a body once it has become too long."""
    length = 0

    async def counted() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > most:
            raise HTTPException(413, detail=_too_long(most), headers=_CLOSE)
        return message

    return counted


class Doors:
    """ASGI layer that leads a request the shortest way: few want compression or a preflight.

    Parameters
    ----------
    app : ASGI application
        What lies behind.
    gzip_minimum_bytes : int
        Shorter answers are not compressed.
    """

    def __init__(self, app: ASGIApp, gzip_minimum_bytes: int) -> None:
        self._app = app
        self._packed = GZipMiddleware(
            app, minimum_size=gzip_minimum_bytes, compresslevel=_GZIP_LEVEL
        )
        self._asked_first = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["If-None-Match", "Content-Type"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Parameters
        ----------
        scope : dict
            As ASGI has it.
        receive : callable
            As ASGI has it.
        send : callable
            As ASGI has it.
        """
        app = self._app
        if scope["type"] == "http":
            if scope["method"] == "OPTIONS":
                app = self._asked_first
            elif _takes_gzip(scope):
                app = self._packed
        await app(scope, receive, send)


def _takes_gzip(scope: Scope) -> bool:
    """Return whether the caller takes compressed answers."""
    return any(
        name == b"accept-encoding" and takes_gzip(value.decode("latin-1"))
        for name, value in scope["headers"]
    )


@lru_cache(maxsize=256)
def takes_gzip(accepted: str) -> bool:
    """Return whether a caller takes compressed answers (RFC 9110, section 12.5.3).

    Parameters
    ----------
    accepted : str
        The header ``Accept-Encoding``.

    Returns
    -------
    bool
        Only where it names gzip, and not with weight 0.

    Examples
    --------
    >>> takes_gzip("br, gzip;q=0.5"), takes_gzip("gzip;q=0, br")
    (True, False)
    """
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not _NO_WEIGHT.fullmatch(weight.replace(" ", ""))
    return False


class Wall:
    """ASGI layer around everything.

    Parameters
    ----------
    app : ASGI application
        What it protects.
    settings : Settings
        Limits.
    logger : structlog logger
        From `new_logger`.
    """

    def __init__(self, app: ASGIApp, settings: Settings, logger: Any) -> None:
        self._app = app
        self._settings = settings
        self._logger = logger
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Parameters
        ----------
        scope : dict
            As ASGI has it.
        receive : callable
            As ASGI has it.
        send : callable
            As ASGI has it.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        answer = _Answer(send)
        self._running += 1
        try:
            await self._serve(scope, receive, answer)
        finally:
            self._running -= 1
            if self._settings.access_log:
                self._log(scope, answer, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Refuse what is too much; keep unforeseen errors inside."""
        settings = self._settings
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer.send)
            return
        try:
            await self._app(scope, _limited(receive, settings.max_body_bytes), answer.send)
        except Exception as error:  # noqa: BLE001  the last wall: it logs the place, no value
            await self._answer_500(error, scope, receive, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that is too much before it is read, else None."""
        settings = self._settings
        load = scope.get("extensions", {}).get(LOAD, {}).get("connections", self._running)
        if load > settings.limit_concurrency:
            wait = {"Retry-After": str(settings.retry_after_seconds), "Connection": "close"}
            return problem(503, "overloaded", "too many connections at once", headers=wait)
        if len(scope.get("query_string", b"")) > settings.max_query_bytes:
            detail = f"at most {settings.max_query_bytes} bytes (limit max_query_bytes)"
            return problem(414, "query_too_long", detail)
        if _stated_length(scope) > settings.max_body_bytes:
            return problem(
                413, "body_too_large", _too_long(settings.max_body_bytes), headers=_CLOSE
            )
        return None

    async def _answer_500(
        self, error: Exception, scope: Scope, receive: Receive, answer: "_Answer"
    ) -> None:
        """Log where an error came from and answer with its id."""
        error_id = new_error_id()
        self._logger.error(
            "unforeseen error", id=error_id, error=type(error).__name__, place=_place_of(error)
        )
        if not answer.status:
            await bare_500(error_id)(scope, receive, answer.send)

    def _log(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        """Write the line of one request."""
        route = scope.get("route")
        self._logger.info(
            "request",
            method=scope["method"] if scope["method"].isalpha() else "",
            route=getattr(route, "path", _UNKNOWN_ROUTE),
            status=answer.status,
            ms=round(seconds * 1000, 1),
            bytes=answer.sent,
            client=short_address((scope.get("client") or ("",))[0]),
        )


class _Answer:
    """What goes out: counts it and completes the headers.

    Parameters
    ----------
    send : callable
        As ASGI has it.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.sent = 0

    async def send(self, message: Message) -> None:
        """Pass one message on; headers that a route has set itself stay."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            if self.status == _NOT_MODIFIED:
                present.add(b"content-security-policy")  # the page that is kept has its own
            headers += [(name, value) for name, value in _HEADERS.items() if name not in present]
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)
