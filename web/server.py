"""Running the application under uvicorn: no access log of its own, refusals with Retry-After."""

import os

import uvicorn

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
