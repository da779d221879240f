"""Make the pictures of the documentation from the demo city, in a browser.

Run from the project's folder, with Chromium installed: ``python docs/make_screenshots.py``. It
prepares the demo city in a temporary folder, serves it on this machine and writes
``docs/images/*.png``. ``--story DATASET`` takes those of the planner's story instead, from
a dataset of Nanjing (``docs/planning.md`` tells how it was made).
"""
# ruff: noqa: INP001  (a script beside the pages, no package)

import argparse
import io
import re
import shutil
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from story_candidates import write as write_candidates

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

#: Where the pictures' reader stands, in the middle of the demo city; a Tuesday, when people eat
#: and when some stations have closed.
_HERE = {"longitude": 115.8921, "latitude": 28.6841, "accuracy": 20}
_NOON, _EVENING, _NIGHT = "at=2026-11-24T11:30", "at=2026-11-24T20:00", "at=2026-11-24T03:00"
#: The hour at which planners look, and how long a plan may take.
_LATE, _PATIENCE_MS = "week=2026-11-23&hour=46", 120_000
#: How an editor's site is called in the pictures.
_SITE = "https://map.example.org"


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
    page.evaluate("window.scrollTo(0, document.querySelector('#answer').offsetTop - 12)")


def _ask_for_a_meal(page: Page) -> None:
    """Ask for a place where a meal can be warmed."""
    page.check("input[name=need][value=hot_meal]", force=True)
    _ask(page)


def _show_way(page: Page) -> None:
    """Ask, and open the way to the first station."""
    _ask(page)
    page.click("#answer [data-station] button:has-text('看路线')")
    page.wait_for_selector("html[data-way=drawn]", state="attached")


def _lose_network(page: Page) -> None:
    """Ask once, come back in a place without a network, and ask again."""
    _ask(page)
    page.evaluate("unionOffline.ready()")
    page.wait_for_function(
        "caches.open('union-stations-1').then(c => c.keys()).then(k => k.length > 0)"
    )
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector(_READY, state="attached")
    _ask(page)
    page.evaluate("window.scrollTo(0, document.querySelector('#notice').offsetTop - 12)")


def _search_instead(page: Page) -> None:
    """Ask, although the phone will not tell where it is."""
    page.context.clear_permissions()
    page.click("#locate")
    page.wait_for_selector(".notice")
    page.evaluate("window.scrollTo(0, document.querySelector('.notice').offsetTop - 12)")


def _share(page: Page) -> None:
    """Open the panel with the code to copy."""
    page.click("#us-open")


def _first_answer(page: Page) -> None:
    """Wait until the planner's page has its answer, and the week."""
    page.wait_for_selector("html[data-answered]", state="attached", timeout=_PATIENCE_MS)
    page.wait_for_selector("html[data-clock]", state="attached", timeout=_PATIENCE_MS)


def _try_a_station(page: Page) -> None:
    """Open the worst gap, and try a station there."""
    _first_answer(page)
    page.click("#pl-gaps [data-gap]")
    page.wait_for_selector("html[data-near]", state="attached")
    page.click("#pl-gap-pin")
    page.wait_for_selector("html[data-scenario=true]", state="attached", timeout=_PATIENCE_MS)
    page.evaluate("document.getElementById('pl-diff').scrollIntoView()")


def _plan_for_a_budget(page: Page) -> None:
    """Ask for a plan, and go back two of its steps."""
    _first_answer(page)
    page.select_option("[name=by]", "budget")
    page.fill("[name=amount]", "410000")
    page.click("#pl-plan-go")
    page.wait_for_selector("html[data-plan=done]", state="attached", timeout=_PATIENCE_MS)
    for _ in range(2):
        page.focus("#pl-plan-step")
        page.keyboard.press("ArrowLeft")


_PICTURES = [
    Picture("home", "/"),
    Picture("home-answer", f"/?{_NOON}", act=_ask),
    Picture("home-answer-en-dark", f"/?lang=en&{_NOON}", dark=True, act=_ask),
    Picture("home-way", f"/?{_NOON}", act=_show_way),
    Picture("home-none", f"/?{_NIGHT}", act=_ask_for_a_meal),
    Picture("home-denied", "/", act=_search_instead),
    Picture("home-offline", "/", act=_lose_network),
    Picture("map-en", f"/map?{_EVENING}&lang=en", _DESKTOP),
    Picture("map-dark", f"/map?{_NIGHT}", _DESKTOP, dark=True),
    Picture("map-phone", f"/map?{_EVENING}"),
    Picture("map-share", "/map?lang=en&minutes=15", _DESKTOP, act=_share),
    Picture("embed-320", "/embed/map", (320, 480)),
    Picture("embed-en", "/embed/map?lang=en", (800, 500)),
    Picture("bulletin", "/bulletin?lang=en", _DESKTOP),
    Picture("planner", f"/planner?lang=en#{_LATE}", _DESKTOP, act=_first_answer),
    Picture("planner-whatif", f"/planner?lang=en#{_LATE}", _DESKTOP, act=_try_a_station),
    Picture(
        "planner-plan",
        f"/planner?lang=zh#{_LATE}&tab=plan",
        _DESKTOP,
        dark=True,
        act=_plan_for_a_budget,
    ),
]


#: The planner's story: a real network, one district of it, and couriers after ten in the evening.
_ASKED = "mode=ebike&minutes=15&group=courier&region={region}&" + _LATE
_REGION = "320107"


def _open_the_worst_gap(page: Page) -> None:
    """Open the gap with most people in it."""
    _first_answer(page)
    page.click("#pl-gaps [data-gap]")
    page.wait_for_selector("html[data-near]", state="attached")


def _plan_by(choose: Callable[[Page], None], table: Path) -> Callable[[Page], None]:
    """Return what a planner does who plans with a table of her own."""

    def act(page: Page) -> None:
        _first_answer(page)
        page.select_option("[name=candidates]", "file")
        page.set_input_files("[name=file]", table)
        page.locator("#pl-file-said").filter(has_text=re.compile("[0-9]")).wait_for()
        choose(page)
        page.click("#pl-plan-go")
        page.wait_for_selector("html[data-plan=done]", state="attached", timeout=_PATIENCE_MS)

    return act


def _for_a_budget(page: Page) -> None:
    """Ask what a budget can do."""
    page.select_option("[name=by]", "budget")
    page.fill("[name=amount]", "410000")


def _for_most_of_them(page: Page) -> None:
    """Ask what the most of those without a station cost."""
    page.select_option("[name=objective]", "cover")
    page.fill("[name=amount]", "80")


def story(table: Path) -> list[Picture]:
    """Return the pictures of the planner's story.

    Parameters
    ----------
    table : Path
        Her candidates, from ``docs/story_candidates.py``.

    Returns
    -------
    list of Picture
        In the order in which the story is told.
    """
    place = f"/planner?lang=en#{_ASKED.format(region=_REGION)}"
    chinese = place.replace("lang=en", "lang=zh")
    return [
        Picture("story-answer", place, _DESKTOP, act=_first_answer),
        Picture("story-gap", place, _DESKTOP, act=_open_the_worst_gap),
        Picture("story-whatif", place, _DESKTOP, act=_try_a_station),
        Picture("story-plan", f"{place}&tab=plan", _DESKTOP, act=_plan_by(_for_a_budget, table)),
        Picture(
            "story-most", f"{chinese}&tab=plan", _DESKTOP, act=_plan_by(_for_most_of_them, table)
        ),
    ]


@contextmanager
def served(data: Path, folder: Path) -> Iterator[str]:
    """Serve a dataset while pictures are taken.

    Parameters
    ----------
    data : Path
        Dataset folder.
    folder : Path
        For records, jobs and what is frozen.

    Yields
    ------
    str
        Address of the service.
    """
    app = create_app(
        Settings(
            data=data,
            public_url=_SITE,
            records=folder / "records.sqlite",
            frozen=folder / "frozen",
            jobs=folder / "jobs",
            access_log=False,
        )
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.1)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def _save(picture: bytes, path: Path) -> None:
    """Write a picture with 256 colours, rare ones too: a third of the bytes, and no eye tells."""
    with Image.open(io.BytesIO(picture)) as whole:
        few = whole.convert("RGB").quantize(
            256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    few.save(path, optimize=True)


def take(
    browser: Browser, site: str, folder: Path, pictures: list[Picture], only: Collection[str] = ()
) -> None:
    """Take every picture, or those named.

    Parameters
    ----------
    browser : Browser
        A started Chromium.
    site : str
        Address of the service.
    folder : Path
        Where the pictures go.
    pictures : list of Picture
        Which.
    only : collection of str, optional
        Names of pictures; all if empty.
    """
    for picture in (one for one in pictures if not only or one.name in only):
        width, height = picture.size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=1 if width > height else 2,
            color_scheme="dark" if picture.dark else "light",
            reduced_motion="reduce",
            geolocation=_HERE,
            permissions=["geolocation"],
        )
        page = context.new_page()
        page.goto(site + picture.address)
        if not picture.address.startswith("/bulletin"):
            page.wait_for_selector(_READY, state="attached")
        if picture.act is not None:
            picture.act(page)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)  # tiles fade in
        _save(page.screenshot(), folder / f"{picture.name}.png")
        context.close()
    if only or pictures is not _PICTURES:
        return
    with urllib.request.urlopen(f"{site}/map.png?{_EVENING}&lang=en") as answer:  # noqa: S310  our own
        _save(answer.read(), folder / "picture.png")


def main() -> None:
    """Read the command line, prepare the demo city and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--only", nargs="*", default=[], help="names of pictures to take anew")
    parser.add_argument("--story", type=Path, help="dataset of Nanjing: take the planner's story")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        pictures, data = _PICTURES, chosen.story
        if data is None:
            data = Path(folder) / "demo"
            prepare_demo("city", data, lambda *_: None)
        else:
            pictures = story(write_candidates(data, _REGION, Path(folder) / "candidates.xlsx"))
        browser = player.chromium.launch(executable_path=chosen.chromium, args=_ARGUMENTS)
        with served(data, Path(folder)) as site:
            take(browser, site, chosen.out, pictures, chosen.only)
        browser.close()


if __name__ == "__main__":
    main()
