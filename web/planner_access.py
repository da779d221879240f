"""Who may ask what planners ask: everybody on this very computer, else who knows the token.

Questions of planners cost more than those of workers, and some write. A server that is bound to
loopback is used by whoever sits before it and is open to them. Any other one, and one that somebody
else stands before (a proxy), wants ``Authorization: Bearer`` with the setting ``planner_token``.
"""

import hmac
import ipaddress
from typing import TYPE_CHECKING

from fastapi import Request

from web.errors import CrossSiteError, UnauthorizedError

if TYPE_CHECKING:
    from web.settings import Settings

#: Headers that a proxy adds: who calls then is not who connects.
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer"

#: How a planner was let in.
BY_LOOPBACK, BY_TOKEN = "loopback", "token"


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from the same computer only.

    Parameters
    ----------
    host : str
        A name or an address, an IPv6 one with or without brackets; no port.

    Returns
    -------
    bool
        False for every name but ``localhost``.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("[::1]"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    name = host.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _named(request: Request) -> str:
    """Return the host that the caller named, with its port."""
    return request.headers.get("host", "")


def _host_of(request: Request) -> str:
    """Return the host that the caller named, without its port."""
    named = _named(request)
    return named.partition("]")[0] if named.startswith("[") else named.partition(":")[0]


def _named_here(host: str) -> bool:
    """Return whether a caller named this computer: no name of the public DNS, no other address.

    A page of another site whose name was pointed here (DNS rebinding) names itself.
    """
    return is_loopback(host) or ("." not in host and ":" not in host)


def _arrived_here(request: Request) -> bool:
    """Return whether the connection came to a loopback address, as far as the server tells."""
    address = (request.scope.get("server") or ("",))[0] or ""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a socket file, a test client
        return True


def open_to_all(request: Request) -> bool:
    """Return whether no token is asked for: nobody but who sits at this computer can be asking.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    bool
        True when the server is bound to loopback and no proxy has passed the request on.
    """
    settings: Settings = request.app.state.settings
    return (
        is_loopback(settings.host)
        and not settings.trusted_proxies
        and _arrived_here(request)
        and _named_here(_host_of(request))
        and not any(name in request.headers for name in _PASSED_ON)
    )


def _knows_token(request: Request) -> bool:
    """Return whether the token was sent; takes as long for a wrong one as for the right one."""
    settings: Settings = request.app.state.settings
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    said, known = sent.strip().encode("utf-8", "replace"), settings.planner_token.encode()
    same = hmac.compare_digest(said, known)
    return bool(known) and scheme.lower() == _BEARER and same


def planner(request: Request) -> str:
    """Let a planner in; a dependency of routes, or called by them.

    Parameters
    ----------
    request : Request
        Of a route for planners.

    Returns
    -------
    str
        ``BY_TOKEN`` or ``BY_LOOPBACK``: how.

    Raises
    ------
    UnauthorizedError
        If the server is not bound to loopback and the token is missing or wrong.
    CrossSiteError
        If a page of another site makes the browser at this computer ask.
    """
    if _knows_token(request):
        return BY_TOKEN
    if not open_to_all(request):
        raise UnauthorizedError(
            "planners only: send Authorization: Bearer with the token of this server "
            "(LOCATOR_PLANNER_TOKEN)"
        )
    if _foreign(request):
        raise CrossSiteError("planners' questions are taken from our own pages and from programs")
    return BY_LOOPBACK


def _foreign(request: Request) -> bool:
    """Return whether a page of another site makes the browser at this computer ask.

    Following a link to a page of ours is no such thing.
    """
    told = request.headers.get("sec-fetch-site")
    if (
        told is None
    ):  # a program, or a browser that does not say; such a one names the page's origin
        origin = request.headers.get("origin")
        return origin is not None and origin.partition("://")[2] != _named(request)
    follows = request.headers.get("sec-fetch-mode") == "navigate"
    elsewhere = told in {"cross-site", "same-site"}  # same site: another port of this computer
    return elsewhere and not (follows and request.method in _SAFE_METHODS)
