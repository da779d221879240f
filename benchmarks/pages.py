"""The pages in a real browser on a slow phone and a slow link; the province of the demo.

Chromium's processor is slowed four times and its link is 1.6 Mbit/s with 300 ms a request; every
run begins with an empty browser; the server has drawn each page once. Times run from the start of
the navigation, or from the tap.
"""

import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.data import FOLDER
from benchmarks.figures import Figure, rounded
from benchmarks.serving import chromium_path, free_port, locator_server, server
from geodata.bundle import open_dataset
from geodata.model import Dataset
from geodata.sample import write_demo
from locator import Index
from web import map_data
from web.map_request import tiles_url
from web.maps import coverage_map, kept_request
from web.prepare import PrepareRequest, prepare
from web.schemas import CoverageQuestion
from web.service import Service
from web.settings import Settings

RUNS = 5
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1366, "height": 768}
SLOWDOWN, LATENCY_MS, BYTES_PER_S = 4, 300, 1_600_000 / 8
PROVINCE = FOLDER / "province"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Runs in the page before its own scripts: when it first calls itself ready, and is drawn.
CLOCK = """
(function () {
  function note(name) {
    if (window[name]) { return; }
    requestAnimationFrame(function () { requestAnimationFrame(function () {
      window[name] = window[name] || performance.now();
    }); });
  }
  window.__largest = 0;
  new PerformanceObserver(function (list) {
    list.getEntries().forEach(function (entry) { window.__largest = entry.startTime; });
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new MutationObserver(function () {
    var root = document.documentElement;
    if (root && root.hasAttribute('data-ready')) { note('__ready'); }
    if (document.querySelector('#answer [data-station]')) { note('__answered'); }
  }).observe(document, { subtree: true, childList: true, attributes: true });
  addEventListener('click', function (event) {
    if (event.target.closest('#locate')) { window.__asked = performance.now(); }
  }, true);
})();
"""


def province() -> tuple[int, int]:
    """Prepare the demo's province on foot if need be; return its stations and gaps."""
    source = FOLDER / "province-in"
    files = write_demo(source, size="province")
    prepare(
        PrepareRequest(
            streets=[files["streets"]],
            stations=files["stations"],
            homes=files["homes"],
            regions=files["regions"],
            stations_datum="gcj02",
            out=PROVINCE,
            modes=["walk"],
            name="demo province",
        )
    )
    index = Index(open_dataset(PROVINCE, private=False))
    gaps = index.coverage(minutes=15).gaps.to_geodataframe()
    return len(index.stations), len(gaps)


class Wire:
    """Bytes that came over the wire, as Chromium counts them."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = 0.0
        session.on("Network.loadingFinished", self._add)

    def _add(self, event: dict[str, float]) -> None:
        self.bytes += event["encodedDataLength"]


@contextmanager
def slow_page(
    browser: Browser, size: dict[str, int], position: tuple[float, float] | None = None
) -> Iterator[tuple[Page, Wire]]:
    """Open an empty page of a slow phone on a slow link."""
    where = {}
    if position is not None:
        place = {"longitude": position[0], "latitude": position[1], "accuracy": 20}
        where = {"geolocation": place, "permissions": ["geolocation"]}
    context = browser.new_context(viewport=size, service_workers="block", **where)
    context.add_init_script(CLOCK)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    wire = Wire(session)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    link = {"latency": LATENCY_MS, "downloadThroughput": BYTES_PER_S}
    link |= {"uploadThroughput": BYTES_PER_S, "offline": False}
    session.send("Network.emulateNetworkConditions", link)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    try:
        yield page, wire
    finally:
        context.close()


def reading(page: Page, name: str) -> float:
    """Wait for a time that the clock notes, in milliseconds since the navigation began."""
    for _ in range(1200):
        value = page.evaluate(f"window.{name} || 0")
        if value:
            return float(value)
        page.wait_for_timeout(50)
    raise RuntimeError(f"{page.url} never reached {name}")


def worker(browser: Browser, site: str, place: tuple[float, float]) -> tuple[float, float, float]:
    """Return the seconds to the first useful screen, its bytes, the seconds to the answer."""
    with slow_page(browser, PHONE, place) as (page, wire):
        page.goto(site + "/", wait_until="load")
        ready = max(reading(page, "__ready"), page.evaluate("window.__largest"))
        first = wire.bytes
        page.click("#locate")
        answered = reading(page, "__answered") - page.evaluate("window.__asked")
        return ready / 1000, first, answered / 1000


def shown(browser: Browser, url: str, size: dict[str, int]) -> tuple[float, float]:
    """Return the seconds until a map is interactive, and the bytes once it is at rest."""
    with slow_page(browser, size) as (page, wire):
        page.goto(url, wait_until="commit")
        ready = reading(page, "__ready") / 1000
        page.wait_for_load_state("networkidle", timeout=60_000)
        return ready, wire.bytes


def warm(url: str) -> None:
    """Ask for a page once, so that what is timed is the page and not the first drawing of it."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  our own loopback address
        answer.read()


def timed(name: str, values: list[float], goal: float) -> Figure:
    """Return a figure of seconds: the median, held against the goal."""
    middle = statistics.median(values)
    return Figure(
        name=name,
        value=rounded(middle),
        unit="s",
        against=f"slowest of {len(values)}: {rounded(max(values))} s",
        ratio=None,
        goal=f"≤ {goal:g} s",
        met=middle <= goal,
    )


def weighed(name: str, values: list[float], goal_kb: float) -> Figure:
    """Return a figure of bytes over the wire: the largest, held against the goal."""
    largest = max(values) / 1000
    return Figure(
        name=name,
        value=rounded(largest),
        unit="kB",
        against="Chromium's count, headers included",
        ratio=None,
        goal=f"≤ {goal_kb:g} kB",
        met=largest <= goal_kb,
    )


def drawing(data: Dataset) -> Iterator[Figure]:
    """Yield what drawing the map costs the server, for information."""
    service = Service(data, Settings())
    page = map_data.Page(tiles_url=tiles_url(data.manifest), nearest_url="/api/v1/nearest")
    kept: dict[str, tuple[map_data.MapRequest, str]] = {}
    coverage_map(kept_request(service, (CoverageQuestion(), None), page, {})[0])  # compiles once
    for name in ("first drawing of `/map` of the province, cold", "the same when only time passed"):
        start = time.process_time()
        coverage_map(kept_request(service, (CoverageQuestion(), None), page, kept)[0])
        taken = time.process_time() - start
        yield Figure(
            name=name,
            value=rounded(taken),
            unit="s",
            against="time of the processor",
            ratio=None,
            goal="none",
            met=None,
        )


def figures() -> Iterator[Figure]:
    """Yield the figures of this group."""
    stations, gaps = province()
    data = open_dataset(PROVINCE, private=False)
    place = tuple(data.stations[["lon", "lat"]].iloc[len(data.stations) // 2] + 0.002)
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    with (
        server(locator_server(PROVINCE, port), port, "/readyz"),
        sync_playwright() as player,
    ):
        browser = player.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for path in ("/", "/embed/map", "/map"):
            warm(site + path)
        first = [worker(browser, site, place) for _ in range(RUNS)]
        embeds = [shown(browser, f"{site}/embed/map", PHONE) for _ in range(RUNS)]
        maps = [shown(browser, f"{site}/map", DESKTOP) for _ in range(RUNS)]
        browser.close()
    yield from drawing(data)
    slow = "processor ÷ 4, 1.6 Mbit/s, 300 ms"
    yield timed(f"`/` first useful screen, {slow}", [row[0] for row in first], 2.5)
    yield weighed("the same, over the wire", [row[1] for row in first], 150)
    yield timed("position to answer, the same", [row[2] for row in first], 1)
    about = f"{stations:,} stations and {gaps:,} gaps, {slow}"
    yield timed(f"`/embed/map` interactive: {about}", [row[0] for row in embeds], 5)
    yield weighed("the same, over the wire", [row[1] for row in embeds], 500)
    yield timed(f"`/map` interactive: {about}", [row[0] for row in maps], 6)
    yield weighed("the same, over the wire", [row[1] for row in maps], 2000)


if __name__ == "__main__":
    for figure in figures():
        print(figure.line(), flush=True)
    sys.exit(0)
