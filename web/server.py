"""Running the application under uvicorn: no access log of its own, refusals with Retry-After."""

import errno
import os
import re
import socket
from contextlib import suppress
from pathlib import Path

import uvicorn

from geodata.errors import InputError
from web.settings import Settings


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a worker process the same settings.

    Parameters
    ----------
    settings : Settings
        To be passed on.

    Returns
    -------
    dict of str to str
        Names with the prefix ``LOCATOR_``.
    """
    values = settings.model_dump(mode="json", exclude_none=True)
    return {f"LOCATOR_{name.upper()}": str(value) for name, value in values.items()}


def check_address(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before everything is loaded for it.

    Parameters
    ----------
    host : str
        Name or number.
    port : int
        0: any that is free.

    Raises
    ------
    InputError
        ``port_taken``, with the process where the system tells it; ``bad_host`` if it is none of
        this machine's; ``port_refused`` if this user may not.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as door:
            if os.name == "posix":  # as the server will: a port that was left just now is free
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
    except (OSError, UnicodeError) as error:
        raise _refusal(host, port, getattr(error, "errno", None)) from None


def _refusal(host: str, port: int, number: int | None) -> InputError:
    """Return the sentence for an address that cannot be listened on."""
    if number == errno.EADDRINUSE:
        known = _listener(port)
        who = f" by process {known}" if known else ""
        what = f"port {port} of {host} is taken{who}; end that program, or choose another --port"
        return InputError(what, code="port_taken")
    if number in {errno.EACCES, errno.EPERM}:
        what = f"port {port} of {host} is not for this user; choose one of 1024 or more with --port"
        return InputError(what, code="port_refused")
    what = f"{host!r} is no address of this machine; --host takes 127.0.0.1, 0.0.0.0 or one of its"
    return InputError(f"{what} own", code="bad_host")


def _listener(port: int) -> str:
    """Return the number and name of the process that listens on a port, ``""`` if nobody says."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
                cells = line.split()
                if cells[3] == "0A" and int(cells[1].rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{cells[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):
            if str(link.readlink()) in sockets:
                name = (link.parents[1] / "comm").read_text("utf-8", "replace").strip()
                return f"{link.parents[1].name} ({re.sub('[^ -~]', '?', name)})"
    return ""


def run(settings: Settings) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    settings : Settings
        Host, port, workers, limits, data.
    """
    os.environ.update(environment_of(settings))
    uvicorn.run(
        "web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http="web.protocol:CountingProtocol",
        access_log=False,
        proxy_headers=False,  # `web.app` reads them, from trusted_proxies only
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
    )
