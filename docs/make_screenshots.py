"""Make the pictures of the documentation from the demo city, in a browser.

Run from the project's folder, with Chromium installed: ``python docs/make_screenshots.py``. It
prepares the demo city in a temporary folder, serves it on this machine and writes
``docs/images/*.png``.
"""
# ruff: noqa: INP001  (a script beside the pages, no package)

import argparse
import json
import shutil
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

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

#: A Tuesday evening, when some stations have closed.
_EVENING = "at=2026-11-24T20:00"


@dataclass(frozen=True)
class Picture:
    """One picture: what is opened, how large, and what a reader has done by then.

    Attributes
    ----------
    name : str
        Of the file.
    address : str
        What is opened.
    size : (int, int)
        Width and height (px).
    dark : bool
        Whether the reader's device is set to dark.
    act : callable or None
        What the reader does on the page.
    """

    name: str
    address: str
    size: tuple[int, int] = _PHONE
    dark: bool = False
    act: Callable[[Page], None] | None = None


def _ask(page: Page) -> None:
    """Ask for the nearest stations, and look at them."""
    page.click("#locate")
    page.wait_for_selector("#answer [data-station]")
    page.eval_on_selector("#answer", "e => e.scrollIntoView()")


def _show_way(page: Page) -> None:
    """Ask, and open the way to the first station."""
    _ask(page)
    page.click("#answer [data-station] button:has-text('看路线')")
    page.wait_for_selector(".leaflet-overlay-pane path, .leaflet-overlay-pane canvas")


def _share(page: Page) -> None:
    """Open the panel with the code to copy."""
    page.click("#us-open")


_PICTURES = [
    Picture("home", "/"),
    Picture("home-answer", "/", act=_ask),
    Picture("home-answer-en-dark", "/?lang=en", dark=True, act=_ask),
    Picture("home-way", "/", act=_show_way),
    Picture("map", f"/map?{_EVENING}", _DESKTOP),
    Picture("map-en", f"/map?{_EVENING}&lang=en", _DESKTOP),
    Picture("map-dark", f"/map?{_EVENING}", _DESKTOP, dark=True),
    Picture("map-phone", "/map"),
    Picture("map-share", "/map?lang=en", _DESKTOP, act=_share),
    Picture("embed-320", "/embed/map", (320, 480)),
    Picture("embed-en", "/embed/map?lang=en", (800, 500)),
    Picture("bulletin", "/bulletin", _DESKTOP),
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


def _place(site: str) -> dict[str, float]:
    """Return where the pictures' reader stands: a few streets from a station."""
    with urllib.request.urlopen(f"{site}/api/v1/stations") as answer:  # noqa: S310  our own
        features = json.load(answer)["features"]
    lon, lat = features[len(features) // 2]["geometry"]["coordinates"]
    return {"longitude": lon + 0.003, "latitude": lat + 0.002, "accuracy": 20}


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
    where = _place(site)
    for picture in _PICTURES:
        width, height = picture.size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=1 if width > height else 2,
            color_scheme="dark" if picture.dark else "light",
            geolocation=where,
            permissions=["geolocation"],
        )
        page = context.new_page()
        page.goto(site + picture.address)
        if picture.address.startswith(("/map", "/embed", "/?")) or picture.address == "/":
            page.wait_for_selector(_READY, state="attached")
        if picture.act is not None:
            picture.act(page)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)  # tiles fade in
        page.screenshot(path=folder / f"{picture.name}.png")
        context.close()
    with urllib.request.urlopen(f"{site}/map.png?{_EVENING}") as answer:  # noqa: S310  our own
        (folder / "picture.png").write_bytes(answer.read())


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
