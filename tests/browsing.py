"""What every test in a browser shares: a served application, a watched page, axe-core.

A page opened with `opened` is judged when the block ends: it must not have complained on its
console, asked any host but this machine, run a stranger's script (``window.hit``) or broken a rule
of WCAG 2.2 A or AA that axe-core knows.
"""

import importlib.util
import re
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import TimeoutError as Late

from geodata.hours import SHANGHAI
from web.settings import Settings

DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}
READY = "html[data-ready]"
#: How long to wait for what has to come: it only ends a hang, however slow the machine is.
PATIENCE_MS = 60_000
OWN_HOSTS = {"127.0.0.1", "localhost"}
#: Addresses that are not of this machine; the browser itself knows an expression, and asks us no
#: more about each address of our own.
STRANGE = re.compile(r"^(?!http://(127\.0\.0\.1|localhost):|file:|data:|blob:)")
_TODAY = datetime.now(SHANGHAI).date()
#: A Tuesday that pages call by its date: neither past, nor today, nor tomorrow.
TUESDAY = _TODAY + timedelta(days=8 + -_TODAY.weekday() % 7)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def patient(**more):
    """Settings of a quiet server, where questions wait as long for each other as they must."""
    longest = PATIENCE_MS / 1000
    usual = {"work_wait_seconds": longest, "picture_wait_seconds": longest, "access_log": False}
    return Settings(**{**usual, **more})


def start(app, **options):
    """Serve an application in a thread; returns the server, ready for requests, and the thread."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", **options))
    ready, begin = threading.Event(), server.startup

    async def startup(sockets=None):
        await begin(sockets=sockets)
        ready.set()

    server.startup = startup
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_MS / 1000)
    return server, thread


def stop(server, thread):
    """Stop what `start` started."""
    server.should_exit = True
    thread.join(20)


@contextmanager
def served(app):
    """Serve an application on a free port of this machine; yields its address."""
    server, thread = start(app, port=0, log_level="warning", lifespan="on")
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(server, thread)


class Watched:
    """A page, and every page and frame that it opens, with what they asked and complained about."""

    def __init__(self, page, hosts=OWN_HOSTS):
        self.page, self.asked, self.complaints, self._own = page, [], [], hosts
        self._forgiven = []
        context = page.context
        self._pending, self._signal_lost = 0, False
        context.on("request", self._begin)
        for done in ("requestfinished", "requestfailed"):
            context.on(done, self._end)
        context.on("weberror", lambda told: self._complain(str(told.error)))
        context.on("console", self._hear)
        context.on("dialog", self._refuse)
        context.on("page", self._follow)
        self._follow(page)

    def _begin(self, request):
        self.asked.append(request.url)
        self._pending += 1

    def _end(self, request):
        del request
        self._pending -= 1

    def lose_signal(self):
        """Take the network away, once the page has stood still for a moment.

        From here on a request that finds no network is no complaint: the page tries, and the
        browser itself asks for the tab's icon when it likes, past the page's service worker.
        """
        quiet = 0
        for _ in range(600):
            quiet = 0 if self._pending > 0 else quiet + 1
            if quiet == 10:
                break
            self.page.wait_for_timeout(50)
        self._signal_lost = True
        self.page.context.set_offline(True)

    def _follow(self, page):
        page.on("websocket", lambda socket: self.asked.append(socket.url))

    def _hear(self, line):
        expected = self._signal_lost and "net::ERR_INTERNET_DISCONNECTED" in line.text
        if line.type == "error" and not expected:
            self._complain(f"{line.text} ({line.location.get('url', '')})")

    def _refuse(self, dialog):
        self._complain(f"dialog {dialog.message}")
        dialog.dismiss()  # or the page would stand still

    def _complain(self, line):
        if not any(text in line for text in self._forgiven):
            self.complaints.append(line)

    def forgive(self, text, patience_ms=PATIENCE_MS):
        """Take complaints that a test has provoked off the log; there must be one.

        The browser tells them when it likes: the first is waited for, and later ones are passed.
        """
        wait_for(self.page, lambda: any(text in line for line in self.complaints), patience_ms)
        kept = [line for line in self.complaints if text not in line]
        assert len(kept) < len(self.complaints), (text, self.complaints)
        self.complaints = kept
        self._forgiven.append(text)

    @property
    def hosts(self):
        """The hosts that were asked."""
        seen = [url for url in self.asked if not url.startswith(("data:", "blob:"))]
        return {urlsplit(url).hostname for url in seen}

    def assert_calm(self):
        """Nothing complained, nothing foreign was asked, no stranger's script ran."""
        hit = any(
            frame.evaluate("window.hit !== undefined")
            for page in self.page.context.pages
            for frame in page.frames
            if not frame.url.startswith("chrome-error:")
        )
        foreign = self.hosts - {None, ""} - self._own
        assert not foreign, f"foreign hosts were asked: {sorted(foreign)}"
        assert not hit, "a stranger's script ran"
        assert not self.complaints, "\n".join(self.complaints)

    def assert_accessible(self, without=()):
        """No violation of WCAG 2.2 A or AA that axe-core finds; `without` names rules left out."""
        found = violations(self.page, without)
        assert not found, "\n".join(found)


def by_schemes(watched, first="light"):
    """Turn the device from one scheme to the other: the page is judged in each, loaded in one."""
    for scheme in ("light", "dark") if first == "light" else ("dark", "light"):
        watched.page.emulate_media(color_scheme=scheme)
        yield scheme
        watched.assert_accessible()


@cache
def axe_script():
    """The source of axe-core, out of the test dependency that brings it."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None, "axe-playwright-python is a locked test dependency: run `make setup`"
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text("utf-8")


#: Ends every animation; one that goes on for ever has no end and is taken away.
AT_AN_END = """() => document.getAnimations().forEach(
    a => { try { a.finish(); } catch (e) { a.cancel(); } })"""


def violations(page, without=()):
    """Every violation as one line: rule, impact, element, what to mend.

    Pins of a map may lie closer together than 24 px (WCAG 2.2, 2.5.8, exception "essential": where
    they lie is what they tell); every station can also be reached by the search and the lists.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe_script())
    page.evaluate(AT_AN_END)
    rules = {name: {"enabled": False} for name in without}
    found = page.evaluate(
        "options => axe.run(document, options).then(r => r.violations)",
        {"runOnly": {"type": "tag", "values": RULES}, "rules": rules},
    )
    return [
        f"{rule['id']} ({rule['impact']}) at {node['target']}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
        if not (rule["id"] == "target-size" and "leaflet-marker-icon" in node["html"])
    ]


def wait_ready(watched, mark):
    """Wait until a page's script has done its work, or tell what it complained about."""
    try:
        watched.page.wait_for_selector(mark, state="attached")
    except Late:
        pytest.fail(f"{watched.page.url} did not get ready: {watched.complaints}")


@contextmanager
def opened(
    browser,
    url,
    size=DESKTOP,
    ready=READY,
    *,
    axe=True,
    without=(),
    hosts=OWN_HOSTS,
    patience_ms=PATIENCE_MS,
    **options,
):
    """Open a page where every host but this machine is out of reach, and judge it at the end.

    ``axe=False`` is for what axe-core cannot judge or judges elsewhere: pages without scripts, our
    page as a frame of somebody else's, a picture. Everything else is judged all the same. ``hosts``
    are those that may be asked (and are still out of reach).

    ``options`` are Playwright's for a context: ``color_scheme="dark"``, ``geolocation={...}``,
    ``permissions=["geolocation"]``, ``locale``, ``offline``, ``service_workers="allow"`` …
    """
    options.setdefault("service_workers", "block")
    context = browser.new_context(viewport=size, **options)
    if options["service_workers"] == "block":
        context.route(STRANGE, lambda route: route.abort())
    context.set_default_timeout(patience_ms)
    context.set_default_navigation_timeout(max(patience_ms, PATIENCE_MS))
    watched = Watched(context.new_page(), hosts)
    try:
        watched.page.goto(url)
        if ready:
            wait_ready(watched, ready)
        yield watched
        watched.assert_calm()
        if axe:
            watched.assert_accessible(without)
    finally:
        context.close()


def wait_for(page, true, patience_ms=PATIENCE_MS):
    """Wait for a function to return what counts as true, while the page goes on."""
    end = time.monotonic() + patience_ms / 1000
    while not true():
        if time.monotonic() > end:
            return False
        page.wait_for_timeout(20)
    return True


def until(page, expression, argument=None, patience_ms=PATIENCE_MS):
    """Wait for an expression to hold (Playwright's own way needs ``unsafe-eval``)."""
    if not wait_for(page, lambda: page.evaluate(expression, argument), patience_ms):
        pytest.fail(f"did not come true: {expression}")


# ---- what axe-core does not look at ----

SMALL = """least => [...document.querySelectorAll(
        'a[href], button, input, select, summary, textarea')]
    .filter(e => e.checkVisibility() && !e.closest('.leaflet-control-attribution'))
    .map(e => e.matches('label input') ? e.closest('label') : e)
    .filter(e => { const b = e.getBoundingClientRect();
        return b.height < least - 0.5 || b.width < least - 0.5; })
    .map(e => e.outerHTML.slice(0, 100))"""
STOP = """() => {
    const e = document.activeElement, met = window.metByTab = window.metByTab || [];
    if (e === document.body || e === document.documentElement || met.includes(e)) return null;
    met.push(e);
    const near = [e, e.parentElement, e.nextElementSibling].filter(n => n);
    const look = () => near.map(n => { const s = getComputedStyle(n);
        return [s.outlineStyle, s.outlineStyle === 'none' ? '' : s.outlineWidth + s.outlineColor,
            s.boxShadow, s.borderColor, s.backgroundColor, s.textDecorationLine].join(); }).join();
    const box = (e.matches('label input') ? e.closest('label') : e).getBoundingClientRect();
    const inSight = [[.5, .5], [.1, .1], [.9, .1], [.1, .9], [.9, .9]].some(([x, y]) => {
        const at = document.elementFromPoint(box.x + x * box.width, box.y + y * box.height);
        return at && near.some(n => n.contains(at) || at.contains(n) && at.matches('label')); });
    const focused = look();
    e.blur();
    const told = focused !== look();
    e.focus({preventScroll: true});
    return {html: e.outerHTML.slice(0, 100), id: e.id, told, inSight};
}"""


def small_targets(page, least=44):
    """Whatever can be tapped and is smaller than so many pixels at a side."""
    return page.evaluate(SMALL, least)


def tab_stops(page, most=80):
    """What Tab reaches, in order, once around: its HTML and id, is focus told, is it in sight."""
    page.evaluate("window.metByTab = []; document.activeElement.blur(); window.scrollTo(0, 0)")
    stops = []
    while len(stops) < most:
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            break
        stops.append(stop)
    return stops


def overlooked(stops):
    """Tab stops where one does not see that they are focused (WCAG 2.4.7, 2.4.11)."""
    return [stop["html"] for stop in stops if not (stop["told"] and stop["inSight"])]
