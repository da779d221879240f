"""What every test in a browser shares: a served application, a watched page, axe-core.

A page opened with `opened` is judged when the block ends: it must not have complained on its
console, asked any host but this machine, run a stranger's script (``window.hit``) or broken a rule
of WCAG 2.2 A or AA that axe-core knows.
"""

import importlib.util
import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import TimeoutError as Late

DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}
READY = "html[data-ready]"
OWN_HOSTS = {"127.0.0.1", "localhost"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@contextmanager
def served(app):
    """Serve an application on a free port of this machine; yields its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on")
    )
    ready = threading.Event()
    started = server.startup

    async def startup(sockets=None):
        await started(sockets=sockets)
        ready.set()

    server.startup = startup
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(60)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


class Watched:
    """A page with a log of what it asked for and complained about."""

    def __init__(self, page):
        self.page, self.asked, self.complaints = page, [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def _hear(self, line):
        if line.type == "error":
            self.complaints.append(f"{line.text} ({line.location.get('url', '')})")

    def forgive(self, text):
        """Take complaints that a test has provoked off the log; there must be one."""
        kept = [line for line in self.complaints if text not in line]
        assert len(kept) < len(self.complaints), (text, self.complaints)
        self.complaints = kept

    @property
    def hosts(self):
        """The hosts that were asked."""
        seen = [url for url in self.asked if not url.startswith(("data:", "blob:"))]
        return {urlsplit(url).hostname for url in seen}

    def assert_calm(self):
        """Nothing complained, nothing foreign was asked, no stranger's script ran."""
        assert self.complaints == []
        assert self.hosts - {None} <= OWN_HOSTS
        assert self.page.evaluate("window.hit") is None

    def assert_accessible(self, without=()):
        """No violation of WCAG 2.2 A or AA that axe-core finds; `without` names rules left out."""
        found = violations(self.page, without)
        assert not found, "\n".join(found)


@cache
def axe_script():
    """The source of axe-core, out of the test dependency that brings it."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None, "axe-playwright-python is a locked test dependency: run `make setup`"
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text("utf-8")


def violations(page, without=()):
    """Every violation as one line: rule, impact, element, what to mend.

    Pins of a map may lie closer together than 24 px (WCAG 2.2, 2.5.8, exception "essential": where
    they lie is what they tell); every station can also be reached by the search and the lists.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe_script())
    page.evaluate("document.getAnimations().forEach(a => a.finish())")
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
def opened(browser, url, size=DESKTOP, ready=READY, *, judged=True, without=(), **options):
    """Open a page where every host but this machine is out of reach, and judge it at the end.

    ``options`` are Playwright's for a context: ``color_scheme="dark"``, ``geolocation={...}``,
    ``permissions=["geolocation"]``, ``locale``, ``offline``, ``service_workers="allow"`` …
    """
    options.setdefault("service_workers", "block")
    context = browser.new_context(viewport=size, **options)
    if options["service_workers"] == "block":
        context.route(
            lambda url: (
                not url.startswith(
                    ("http://127.0.0.1:", "http://localhost:", "file:", "data:", "blob:")
                )
            ),
            lambda route: route.abort(),
        )
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page())
    try:
        watched.page.goto(url)
        if ready:
            wait_ready(watched, ready)
        yield watched
        if judged:
            watched.assert_calm()
            watched.assert_accessible(without)
    finally:
        context.close()


def until(page, expression, argument=None):
    """Wait for an expression to hold (Playwright's own way needs ``unsafe-eval``)."""
    for _ in range(200):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"did not come true: {expression}")
