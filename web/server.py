"""Running the application under uvicorn: no access log of its own, refusals with Retry-After."""

import ctypes
import os
import sys

import uvicorn

from web.settings import Settings

# parameters of mallopt(3) and their values: one heap, freed arrays of 128 KiB and more given back
_MALLOC = {
    "MALLOC_ARENA_MAX": (-8, 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 131_072),
    "MALLOC_TRIM_THRESHOLD_": (-1, 131_072),
}


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


def _give_memory_back() -> None:
    """Let freed arrays go back to the system: fewer heaps, no pool of Arrow's own.

    The GNU C library otherwise keeps what large arrays leave behind (mallopt(3)); elsewhere nothing
    is changed. Worker processes take the settings over from the environment.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    for name, (parameter, value) in _MALLOC.items():
        os.environ.setdefault(name, str(value))
        if mallopt is not None:
            mallopt(parameter, value)


def run(settings: Settings) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    settings : Settings
        Host, port, workers, limits, data.
    """
    os.environ.update(environment_of(settings))
    _give_memory_back()
    uvicorn.run(
        "web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http="web.protocol:CountingProtocol",
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
    )
