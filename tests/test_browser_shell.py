"""The service worker in a real browser: no network, a sick server, a new release."""

import asyncio
import re
import socket
from contextlib import contextmanager

import pytest

from tests.browsing import PHONE, opened, patient, start, stop, until, wait_for, wait_ready
from web.app import create_app
from web.static_files import asset_url, static_files

pytestmark = pytest.mark.browser

LOADED = "() => typeof unionOffline === 'object'"
IN_CHARGE = "() => navigator.serviceWorker.controller !== null"
AT_REST = """() => navigator.serviceWorker.ready
    .then(r => !r.waiting && !r.installing && r.active.state === 'activated')"""
NEWER_THAN = """old => caches.keys()
    .then(names => names.some(n => n.startsWith('union-shell-') && !old.includes(n)))"""
HELD = "name => caches.open(name).then(c => c.keys()).then(keys => keys.length)"
SHELLS = "() => caches.keys().then(names => names.filter(n => n.startsWith('union-shell-')))"


class Server:
    """One address of this machine where applications come and go."""

    def __init__(self):
        self._held = socket.socket()  # never listens: nobody else gets the port in between
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self.port = self._held.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._running = None

    def start(self, app):
        """Serve an application in place of the one before."""
        self.stop()
        self._running = start(app, port=self.port, log_level="error", timeout_graceful_shutdown=1)

    def stop(self):
        """Be gone: connections are refused."""
        if self._running is not None:
            stop(*self._running)
            self._running = None

    def close(self):
        """Be gone for good."""
        self.stop()
        self._held.close()


class Moody:
    """An application whose answers to some paths are taken from it."""

    def __init__(self, app):
        self._app, self.sick, self.mute, self.asked = app, (), (), []

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if scope["type"] == "http":
            self.asked.append(f"{path}?{scope['query_string'].decode()}".rstrip("?"))
        if path in self.mute:
            await asyncio.Event().wait()  # for ever: the server's end cancels it
        if path in self.sick:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"busy"})
            return
        await self._app(scope, receive, send)


class Renewed:
    """The same application a release later: one script has changed, its old address is gone."""

    def __init__(self, app, name="home.js"):
        self._app, self._old = app, asset_url(name)
        self._new = re.sub(r"\.[0-9a-f]{12}\.", ".fedcba987654.", self._old)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, answer = scope["path"], Collected()
        unwanted = {b"accept-encoding", b"if-none-match"}
        plain = [pair for pair in scope["headers"] if pair[0] not in unwanted]
        asked = {self._new: self._old, self._old: "/static/gone.js"}.get(path, path)
        inner = {**scope, "path": asked, "raw_path": asked.encode(), "headers": plain}
        await self._app(inner, receive, answer)
        body = answer.body.replace(self._old.encode(), self._new.encode())
        if path == "/sw.js":  # the real one hashes the addresses
            body = body.replace(b'"id":"', b'"id":"2')
        if path == self._new:
            body += b"\n;window.release = 2;"
        left_out = {b"etag", b"content-length"}
        headers = [pair for pair in answer.start["headers"] if pair[0].lower() not in left_out]
        await send({**answer.start, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Collected:
    """An ASGI ``send`` that holds an answer back."""

    def __init__(self):
        self.start, self.body = {}, b""

    async def __call__(self, message):
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


class Releases:
    """Releases of the page, each with another hotline; made when they are first asked for."""

    def __init__(self, data):
        self._data, self._made = data, {}

    def __getitem__(self, number):
        if number not in self._made:
            hotline = ("12351", "12399", "12300")[number]
            self._made[number] = create_app(patient(data=self._data, hotline=hotline))
        return self._made[number]


@pytest.fixture
def apps(demo_dataset):
    """Releases of the page, made anew for every test."""
    return Releases(demo_dataset)


@pytest.fixture
def server():
    """An address without an application yet."""
    made = Server()
    yield made
    made.close()


@contextmanager
def visitor(browser, server, path="/", **options):
    """A page whose service worker is installed and in charge."""
    options = {"service_workers": "allow", "axe": False, **options}  # judged in the last state only
    with opened(browser, server.address + path, PHONE, None, **options) as seen:
        until(seen.page, LOADED)
        assert seen.page.evaluate("() => unionOffline.ready()") is True
        until(seen.page, IN_CHARGE)
        yield seen


def sound(page):
    """The page is there, with its script and style."""
    assert page.title()
    until(page, LOADED)
    assert page.evaluate("() => [...document.styleSheets].every(s => s.cssRules.length > 0)")
    assert page.locator("h1").is_visible()


def test_the_page_opens_when_the_phone_is_offline(browser, server, apps):
    app = Moody(apps[0])
    server.start(app)
    with visitor(browser, server) as seen:
        page = seen.page
        seen.lose_signal()
        app.asked.clear()
        for path in ("/", "/?lang=en", "/?lang=zh&source=installed"):
            page.goto(server.address + path)
            sound(page)
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        page.goto(server.address + "/?lang=en")
        assert page.locator("html").get_attribute("lang") == "en"
        assert app.asked == []
        page.context.set_offline(False)


def test_the_page_opens_when_the_server_is_gone(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server) as seen:
        server.stop()
        answer = seen.page.reload()
        assert answer.from_service_worker
        sound(seen.page)
        server.start(apps[0])
        assert seen.page.reload().status == 200


def test_the_page_opens_when_the_server_is_sick(browser, server, apps):
    app = Moody(apps[0])
    server.start(app)
    with visitor(browser, server) as seen:
        app.sick = ("/", "/api/v1/dataset")
        assert seen.page.reload().status == 200
        sound(seen.page)


def test_a_server_that_does_not_answer_is_not_waited_for(browser, server, apps):
    app = Moody(apps[0])
    server.start(app)
    with visitor(browser, server) as seen:
        app.mute = ("/", "/api/v1/dataset")
        assert seen.page.reload(wait_until="commit").from_service_worker
        seen.page.wait_for_selector("h1")
        sound(seen.page)
        app.mute = ()


def test_the_map_and_posts_pass_untouched(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server) as seen:
        answer = seen.page.evaluate(
            """() => fetch('/api/v1/nearest', {method: 'POST', body: '{"lon":115.9,"lat":28.7}',
                headers: {'Content-Type': 'application/json'}}).then(r => r.status)"""
        )
        assert answer == 200
        assert not seen.page.goto(server.address + "/map").from_service_worker
        wait_ready(seen, "html[data-ready]")
        kept = seen.page.evaluate(
            """() => caches.keys().then(names => Promise.all(names.map(n => caches.open(n)
                .then(c => c.keys())))).then(all => all.flat().map(r => r.url + r.method))"""
        )
        assert not [address for address in kept if "/map" in address or "POST" in address]


def test_a_new_release_replaces_the_shell_and_old_pages_keep_their_files(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server) as seen:
        page = seen.page
        [old] = page.evaluate(SHELLS)
        server.start(apps[1])
        page.reload()  # the network comes first: a new page at once, under the old worker
        assert page.locator("a[href='tel:12399']").count() >= 1
        until(page, NEWER_THAN, [old])
        until(page, AT_REST)
        assert old in page.evaluate(SHELLS)  # one release more, for pages that are still open
        seen.lose_signal()
        page.reload()
        assert page.locator("a[href='tel:12399']").count() >= 1
        sound(page)
        page.context.set_offline(False)


def test_a_page_only_ever_runs_the_scripts_it_was_made_for(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server) as seen:
        old_page, old_file = seen.page, asset_url("home.js")
        [old] = old_page.evaluate(SHELLS)
        server.start(Renewed(apps[0]))
        new_page = seen.page.context.new_page()
        new_page.goto(server.address)  # still the old worker: new page, new script
        assert new_page.evaluate("() => window.release") == 2
        assert old_page.evaluate("() => window.release") is None
        until(new_page, NEWER_THAN, [old])
        until(new_page, AT_REST)
        status, text = old_page.evaluate(
            "url => fetch(url).then(async r => [r.status, await r.text()])", old_file
        )  # which the server no longer has
        assert (status, text) == (200, static_files()["home.js"].text)
        server.stop()
        new_page.reload()
        assert new_page.evaluate("() => window.release") == 2
        sound(new_page)


def test_no_more_than_two_shells_are_kept(browser, server, apps):
    with_third = list(apps)
    server.start(with_third[0])
    with visitor(browser, server) as seen:
        [first] = seen.page.evaluate(SHELLS)
        for app in with_third[1:]:
            before = seen.page.evaluate(SHELLS)
            server.start(app)
            seen.page.reload()
            until(seen.page, NEWER_THAN, before)
            until(seen.page, AT_REST)
        shells = seen.page.evaluate(SHELLS)
        assert len(shells) == 2
        assert first not in shells


def test_a_shell_that_was_thrown_away_is_fetched_again(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server) as seen:
        shells = seen.page.evaluate(SHELLS)
        held = seen.page.evaluate(HELD, shells[0])
        seen.page.evaluate(
            "() => caches.keys().then(n => Promise.all(n.map(x => caches.delete(x))))"
        )
        seen.page.reload()
        sound(seen.page)
        until(seen.page, f"([name, n]) => ({HELD})(name).then(k => k === n)", [shells[0], held])
        assert seen.page.evaluate(SHELLS) == shells
        server.stop()
        seen.page.reload()
        sound(seen.page)


def test_a_shell_with_a_hole_is_not_put_in_place(browser, server, apps):
    app = Moody(apps[0])
    app.sick = ("/icon-512.png",)
    server.start(app)
    allowed = {"service_workers": "allow", "axe": False}
    with opened(browser, server.address, PHONE, None, **allowed) as seen:
        page = seen.page
        until(page, LOADED)
        page.evaluate("() => void unionOffline.ready()")
        assert wait_for(page, lambda: "/icon-512.png" in app.asked)
        until(page, "() => navigator.serviceWorker.getRegistration().then(r => r === undefined)")
        assert page.evaluate(SHELLS) == []
        app.sick = ()
        page.reload()
        until(page, LOADED)
        assert page.evaluate("() => unionOffline.ready()") is True
        until(page, IN_CHARGE)
        assert len(page.evaluate(SHELLS)) == 1


@pytest.mark.parametrize("path", ["/", "/map"])
def test_a_page_seen_before_works_again(browser, server, apps, path):
    server.start(apps[0])
    styled = "() => [...document.styleSheets].every(s => s.cssRules.length)"
    with opened(browser, server.address + path, PHONE) as seen:
        assert seen.page.evaluate(styled)
        seen.page.reload()  # the server says that nothing has changed
        wait_ready(seen, "html[data-ready]")
        assert seen.page.evaluate(styled)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_chromium_finds_nothing_that_keeps_the_page_from_being_installed(
    browser, server, apps, lang
):
    server.start(apps[0])
    with visitor(browser, server, f"/?lang={lang}") as seen:
        tools = seen.page.context.new_cdp_session(seen.page)
        found = tools.send("Page.getAppManifest")
        assert found["errors"] == []
        assert found["url"].endswith(f"/manifest.webmanifest?lang={lang}")
        errors = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # a private window, as in tests, may never install anything
        assert [e["errorId"] for e in errors if e["errorId"] != "in-incognito"] == []


def test_icons_look_as_the_svg(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server) as seen:
        apart = seen.page.evaluate(
            """([svg, png]) => {
                const draw = address => new Promise((done, fail) => {
                    const image = new Image();
                    image.onload = () => {
                        const canvas = document.createElement('canvas');
                        canvas.width = canvas.height = 192;
                        const pen = canvas.getContext('2d');
                        pen.drawImage(image, 0, 0, 192, 192);
                        done(pen.getImageData(0, 0, 192, 192).data);
                    };
                    image.onerror = fail;
                    image.src = address;
                });
                return Promise.all([draw(svg), draw(png)]).then(([a, b]) =>
                    a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length);
            }""",
            [asset_url("icon.svg"), "/icon-192.png"],
        )
        assert apart < 1.0  # of 255


BROKEN = {
    "no storage": "Object.defineProperty(window, 'caches', {value: undefined})",
    "storage refused": "CacheStorage.prototype.open = () => Promise.reject(new DOMException('no'))",
    "no worker": "Object.defineProperty(Navigator.prototype, 'serviceWorker', {value: undefined})",
    "worker refused": "ServiceWorkerContainer.prototype.register = () => "
    "Promise.reject(new DOMException('no', 'SecurityError'))",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_browser_that_keeps_nothing_still_works_online(browser, server, apps, how):
    server.start(apps[0])
    with opened(browser, "about:blank", PHONE, None, service_workers="allow") as seen:
        page = seen.page
        page.add_init_script(BROKEN[how])
        page.goto(server.address)
        sound(page)
        if "worker" in how:
            assert page.evaluate("() => unionOffline.ready()") is False
        kept = page.evaluate("() => unionOffline.keep('')")
        assert kept is (how in {"no worker", "worker refused"})
        found = page.evaluate("() => unionOffline.answer({lon: 115.9, lat: 28.7}, new Date())")
        assert found["approximate"] is True


def test_a_position_in_the_address_is_neither_stored_nor_looked_up(browser, server, apps):
    server.start(apps[0])
    with visitor(browser, server, "/?lon=115.901234&lat=28.712345&datum=gcj02") as seen:
        page = seen.page
        page.goto(server.address + "/?lang=zh&lon=115.901234&lat=28.712345")
        page.wait_for_selector("html[data-answered]", state="attached")  # nothing is under way
        seen.lose_signal()
        page.goto(server.address + "/?lat=28.712345&lon=115.901234&lang=en")
        sound(page)
        assert page.locator("html").get_attribute("lang") == "en"
        assert not re.search("901234|712345", page.evaluate(EVERYTHING_KEPT))
        page.context.set_offline(False)


#: Every text in Cache Storage, IndexedDB, localStorage, sessionStorage and cookies.
EVERYTHING_KEPT = """async () => {
    const texts = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}),
                   document.cookie, JSON.stringify(history.state)];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            const found = await cache.match(request);
            texts.push(name, request.url, await found.text(), JSON.stringify([...found.headers]));
        }
    }
    for (const {name} of await indexedDB.databases()) {
        texts.push(name);
        const db = await new Promise(r => { const q = indexedDB.open(name);
            q.onsuccess = () => r(q.result); });
        for (const store of db.objectStoreNames) {
            texts.push(JSON.stringify(await new Promise(r => {
                const q = db.transaction(store).objectStore(store).getAll();
                q.onsuccess = () => r(q.result); })));
        }
        db.close();
    }
    return texts.join('\\n');
}"""
