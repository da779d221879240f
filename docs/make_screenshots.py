"""Make the pictures of the documentation from the demo city, in a browser.

Run from the project's folder, with Chromium installed: ``python docs/make_screenshots.py``. It
prepares the demo city in a temporary folder, serves it on this machine and writes
``docs/images/*.png``.
"""
# ruff: noqa: INP001  (a script beside the pages, no package)

import argparse
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from web.app import create_app
from web.demo import prepare_demo
from web.settings import Settings

_DESKTOP, _PHONE = (1366, 768), (360, 740)
_READY = "html[data-ready]"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Name, address and size of each picture. A Tuesday evening, when some stations have closed.
_PICTURES = [
    ("map", "/map?at=2026-11-24T20:00", _DESKTOP),
    ("map-en", "/map?at=2026-11-24T20:00&lang=en", _DESKTOP),
    ("map-phone", "/map", _PHONE),
    ("home", "/", _PHONE),
]


@contextmanager
def served(data: Path) -> Iterator[str]:
    """Serve a dataset while pictures are taken.

    Parameters
    ----------
    data : Path
        Dataset folder.

    Yields
    ------
    str
        Address of the service.
    """
    app = create_app(Settings(data=data, access_log=False))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.1)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def take(browser: Browser, site: str, folder: Path) -> None:
    """Take every picture.

    Parameters
    ----------
    browser : Browser
        A started Chromium.
    site : str
        Address of the service.
    folder : Path
        Where the pictures go.
    """
    for name, address, (width, height) in _PICTURES:
        page = browser.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=1 if width > height else 2,
        )
        page.goto(site + address)
        ready = _READY if "map" in address else "option[value=hot_meal]"
        page.wait_for_selector(ready, state="attached")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}.png")
        page.close()


def main() -> None:
    """Read the command line, prepare the demo city and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        data = Path(folder) / "demo"
        prepare_demo("city", data, lambda *_: None)
        browser = player.chromium.launch(executable_path=chosen.chromium, args=_ARGUMENTS)
        with served(data) as site:
            take(browser, site, chosen.out)
        browser.close()


if __name__ == "__main__":
    main()
