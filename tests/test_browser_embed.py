"""The map inside somebody else's page, and the panel that gives the code for it, in a browser."""

import html
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

import pytest

from tests.browsing import (
    DESKTOP,
    PHONE,
    opened,
    patient,
    served,
    until,
    violations,
    wait_for,
    wait_ready,
)
from web.app import create_app

pytestmark = pytest.mark.browser

REVIEW = "赣S(2026)001号"
LISTENER = """<script>
  var heights = [];
  addEventListener('message', function (e) {
    heights.push([e.data, e.origin]);
    document.getElementById('f').style.height = e.data.height + 'px';
  });
</script>"""


class Article(ThreadingHTTPServer):
    """Somebody else's site: it serves whatever `body` is, on another port and host name."""

    body, headers = "", ()

    @property
    def address(self):
        return f"http://localhost:{self.server_address[1]}/article"


class Answer(BaseHTTPRequestHandler):
    """Gives every caller the article."""

    def do_GET(self):
        if self.path != "/article":
            self.send_error(404)
            return
        content = self.server.body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def article():
    """The other site."""
    server = Article(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="module")
def site(demo_dataset, tmp_path_factory):
    """Our site; a foreign page knows it under another host name."""
    settings = patient(
        data=demo_dataset,
        frozen=tmp_path_factory.mktemp("frozen"),
        map_review_number=REVIEW,
    )
    with served(create_app(settings)) as address:
        yield address


def page_around(frame, extra=""):
    """An article with a frame in it."""
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>文章</title>'
        '<link rel="icon" href="data:,"><style>body { margin: 0 }</style></head><body><main>'
        f"<h1>文章</h1>{frame}<p>下文</p></main>{extra}</body></html>"
    )


def frame_of(source, height=480):
    return (
        f'<iframe id="f" src="{html.escape(source)}" title="地图" width="100%" height="{height}" '
        'style="border:0;display:block" loading="lazy"></iframe>'
    )


@contextmanager
def embedded(browser, article, frame, width=640, *, extra="", ready="html[data-ready]", **options):
    """Open the article; yields the watched page and the frame, judged at the end."""
    article.body = page_around(frame, extra)
    size = {"width": width, "height": 900}
    with opened(browser, article.address, size, None, axe=False, **options) as seen:
        inside = seen.page.wait_for_selector("iframe").content_frame()
        if ready:
            inside.wait_for_selector(ready, state="attached")
        yield seen, inside
        assert seen.page.context.cookies() == []
        found = violations(inside)
        assert not found, "\n".join(found)


def shown(frame, selector):
    """Whether an element lies wholly inside its frame and is not covered."""
    return frame.evaluate(
        """selector => {
            const box = document.querySelector(selector).getBoundingClientRect();
            const inside = box.width > 0 && box.height > 0 && box.left >= -0.5 && box.top >= -0.5 &&
                box.right <= innerWidth + 0.5 && box.bottom <= innerHeight + 0.5;
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            const at = document.elementFromPoint(x, y);
            return inside && !!at && !!at.closest(selector); }""",
        selector,
    )


LAST = "heights[heights.length - 1]"


def settled(page, frame):
    """Whether the frame is as high as it last asked to be."""
    height = page.evaluate(LAST)[0]["height"]
    given = page.evaluate("document.getElementById('f').offsetHeight")
    return given == frame.evaluate("innerHeight") == height


def scrolls(frame):
    """Whether the page in the frame is wider or higher than the frame."""
    return frame.evaluate(
        """(() => { const e = document.documentElement;
            return e.scrollWidth > innerWidth || e.scrollHeight > innerHeight; })()"""
    )


WAYS = [
    (320, "lang=zh", "light"),
    (320, "lang=en&theme=dark", "light"),
    (640, "lang=en", "light"),
    (640, "lang=zh", "dark"),
    (1024, "lang=zh&theme=light", "dark"),
    (1024, "lang=en&theme=dark", "dark"),
]


@pytest.mark.parametrize(("width", "query", "scheme"), WAYS)
def test_the_embed_in_a_foreign_page(browser, article, site, width, query, scheme):
    frame = frame_of(f"{site}/embed/map?{query}")
    with embedded(browser, article, frame, width, extra=LISTENER, color_scheme=scheme) as (
        seen,
        inside,
    ):
        assert inside.evaluate("innerWidth") == width
        assert inside.locator(".leaflet-marker-icon").count() > 0
        until(seen.page, "heights.length > 0")
        assert wait_for(seen.page, lambda: settled(seen.page, inside))
        last, origin = seen.page.evaluate(LAST)
        assert set(last) == {"type", "height"}
        assert last["type"] == "union-circle:height"
        assert 480 <= last["height"] <= 900
        assert origin == site
        assert not scrolls(inside)
        assert shown(inside, "h1")
        assert shown(inside, ".um-foot")
        assert REVIEW in inside.locator(".um-foot").inner_text()
        assert "Fictional" in inside.locator(".um-foot").inner_text()
        assert seen.hosts == {"127.0.0.1", "localhost"}
        dark = "dark" in query or (scheme == "dark" and "light" not in query)
        paper = inside.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 300) == dark


def test_the_embed_works_without_a_listener_and_keeps_to_the_height_it_is_given(
    browser, article, site
):
    with embedded(browser, article, frame_of(f"{site}/embed/map", 300), 320) as (seen, inside):
        assert inside.evaluate("innerHeight") == 300
        assert not scrolls(inside)
        assert shown(inside, ".um-foot")
        assert seen.page.locator("iframe").bounding_box()["height"] == 300


def test_no_parameter_takes_the_source_and_the_review_number_away(browser, article, site):
    query = "title=x&layers=regions&height=240&attribution=0&sources=&approval=&base=none&lang=en"
    with embedded(browser, article, frame_of(f"{site}/embed/map?{query}"), 320) as (_, inside):
        assert shown(inside, ".um-foot")
        assert REVIEW in inside.locator(".um-foot").inner_text()


def test_the_height_asked_for_is_told(browser, article, site):
    frame = frame_of(f"{site}/embed/map?height=400")
    with embedded(browser, article, frame, 1024, extra=LISTENER) as (seen, _):
        until(seen.page, "heights.length > 0")
        until(seen.page, f"{LAST}[0].height === 400")
        seen.page.set_viewport_size({"width": 320, "height": 900})
        until(seen.page, f"{LAST}[0].height > 400")  # words need more there


@pytest.mark.parametrize(
    "title",
    ["<script>window.hit=1</script>", "\"><img src=x onerror=window.hit=1>'`${window.hit=1}`"],
)
def test_a_hostile_title_runs_nothing(browser, article, site, title):
    frame = frame_of(f"{site}/embed/map?title={quote(title)}")
    with embedded(browser, article, frame, 640) as (_, inside):
        assert inside.locator("h1").inner_text() == title
        assert inside.evaluate("window.hit") is None


def test_without_scripts_the_picture_is_there(browser, article, site):
    frame = frame_of(f"{site}/embed/map?lang=en&title=Ours").replace('loading="lazy"', "")
    article.body = page_around(frame)
    size = {"width": 640, "height": 900}
    options = {"axe": False, "java_script_enabled": False}
    with opened(browser, article.address, size, None, **options) as seen:
        inside = seen.page.wait_for_selector("iframe").content_frame()
        picture = inside.wait_for_selector("noscript img")
        seen.page.wait_for_load_state("networkidle")
        assert picture.get_attribute("alt").startswith("Ours")
        box = picture.bounding_box()
        assert box["width"] > 500
        assert box["height"] > 200
        assert inside.locator("noscript a").get_attribute("href") == "/bulletin?lang=en"
        assert REVIEW in inside.locator("noscript").inner_text()
        asked = [url for url in seen.asked if urlsplit(url).path == "/map.png"]
        assert any("width=1200" in url for url in asked)
        assert seen.hosts == {"127.0.0.1", "localhost"}


def test_where_third_parties_may_store_nothing(browser, article, site):
    """A sandbox without ``allow-same-origin`` takes cookies, storage and our own origin away."""
    frame = frame_of(f"{site}/embed/map?lang=en").replace(
        "<iframe", '<iframe sandbox="allow-scripts"'
    )
    with embedded(browser, article, frame, 640, extra=LISTENER) as (seen, inside):
        assert inside.locator(".leaflet-marker-icon").count() > 0
        until(seen.page, "heights.length > 0")
        assert seen.page.evaluate("heights[0][1]") == "null"
        seen.assert_calm()


def test_nothing_is_stored_even_where_it_could_be(browser, site):
    with opened(browser, f"{site}/embed/map", PHONE, service_workers="allow") as seen:
        kept = seen.page.evaluate(
            """async () => [document.cookie, localStorage.length, sessionStorage.length,
                (await indexedDB.databases()).length, (await caches.keys()).length,
                (await navigator.serviceWorker.getRegistrations()).length]"""
        )
        assert kept == ["", 0, 0, 0, 0, 0]
        assert seen.page.context.cookies() == []


def test_an_isolated_page_may_embed_it(browser, article, site):
    article.headers = (("Cross-Origin-Embedder-Policy", "require-corp"),)
    try:
        with embedded(browser, article, frame_of(f"{site}/embed/map"), 640) as (_, inside):
            assert inside.locator(".leaflet-marker-icon").count() > 0
    finally:
        article.headers = ()


def test_a_site_that_may_not_embed_it_does_not(browser, article, demo_dataset):
    settings = patient(data=demo_dataset, frame_ancestors="https://a.example.cn")
    with served(create_app(settings)) as strict:
        article.body = page_around(frame_of(f"{strict}/embed/map"))
        with opened(browser, article.address, PHONE, None, axe=False) as seen:
            seen.page.wait_for_load_state("networkidle")
            seen.forgive("frame-ancestors")
            assert wait_for(seen.page, lambda: seen.page.frames[1].url.startswith("chrome-error:"))


def test_data_that_were_not_kept(browser, article, site):
    frame = frame_of(f"{site}/embed/map?version=0123456789ab&lang=en")
    with embedded(browser, article, frame, 320, extra=LISTENER, ready="main") as (seen, inside):
        assert "were not kept" in inside.locator("h1").inner_text()
        assert inside.locator("a").get_attribute("href") == "/map?lang=en"
        until(seen.page, "heights.length > 0")
        seen.forgive("404")


# ---- the panel on /map ----


@contextmanager
def sharing(browser, site, query="lang=zh", size=DESKTOP, **options):
    """Open the map and its panel."""
    with opened(browser, f"{site}/map?{query}", size, **options) as seen:
        seen.page.locator("#us-open").click()
        yield seen


def code(page):
    return page.locator("#us-code").input_value()


@pytest.mark.parametrize(
    ("query", "size", "scheme"),
    [("lang=zh", DESKTOP, "light"), ("lang=en", DESKTOP, "dark"), ("lang=zh", PHONE, "dark"),
     ("lang=en", PHONE, "light")],
)  # fmt: skip
def test_the_panel_opens_copies_and_closes_by_keyboard(browser, site, query, size, scheme):
    options = {"color_scheme": scheme, "permissions": ["clipboard-read", "clipboard-write"]}
    with opened(browser, f"{site}/map?{query}&minutes=20", size, **options) as seen:
        page = seen.page
        page.locator("#us-open").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "us-dialog"
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        button = page.locator("[data-us-copy]")
        button.focus()
        page.keyboard.press("Enter")
        until(page, "document.getElementById('us-said').textContent !== ''")
        assert page.locator("#us-said").get_attribute("role") == "status"
        assert page.evaluate("navigator.clipboard.readText()") == code(page)
        assert f'src="{site}/embed/map?minutes=20&amp;{query}"' in code(page)
        seen.assert_accessible()
        for _ in range(60):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.closest('#us-dialog') !== null")
        page.keyboard.press("Escape")
        assert page.locator("#us-dialog").is_hidden()
        assert page.evaluate("document.activeElement.id") == "us-open"


def test_choices_change_the_code_and_every_address(browser, site):
    with sharing(browser, site, "lang=zh&need=hot_meal") as seen:
        page = seen.page
        page.locator("input[name=title]").fill('"<b>午饭&地图')
        page.locator("select[name=height]").select_option("720")
        page.locator("select[name=width]").select_option("640")
        page.locator("select[name=theme]").select_option("dark")
        page.locator("select[name=lang]").select_option("en")
        text = code(page)
        assert 'width="640" height="720"' in text
        assert 'title="&quot;&lt;b&gt;午饭&amp;地图"' in text
        source = html.unescape(text.split('src="')[1].split('"')[0])
        answer = page.request.get(source)
        assert answer.ok
        assert 'lang="en" data-theme="dark"' in answer.text()
        for node in page.locator("[data-us-path]").all():
            url = node.get_attribute("href")
            assert "need=hot_meal" in url
            found = page.request.get(url)
            assert found.ok, (url, found.text()[:300])
        before = page.locator("[data-us-path='/download/stations.csv']").get_attribute("href")
        rows = len(page.request.get(before).text().splitlines())
        page.locator("#us-close").click()
        page.evaluate("unionMap.app.map.setZoom(15, {animate: false})")
        page.locator("#us-open").click()
        page.locator("#us-bbox").check()
        after = page.locator("[data-us-path='/download/stations.csv']").get_attribute("href")
        assert "bbox=" in after
        assert len(page.request.get(after).text().splitlines()) < rows


def test_layers_that_are_shown_go_into_the_code(browser, site):
    with opened(browser, f"{site}/map?lang=en") as seen:
        page = seen.page
        page.evaluate("unionMap.app.map.removeLayer(unionMap.app.layers.covered)")
        page.locator("#us-open").click()
        assert "layers=stations%2Cgaps%2Cregions" in code(page)


def test_the_preview_is_the_embed_and_freezing_makes_it_stand_still(browser, site):
    with sharing(browser, site, "lang=en&at=now&minutes=25") as seen:
        page = seen.page
        page.locator("input[name=freeze]").check()
        assert "version=" in code(page)
        assert "at=now" not in code(page)
        page.locator("#us-show").click()
        inside = page.wait_for_selector("#us-preview iframe").content_frame()
        inside.wait_for_selector("html[data-ready]", state="attached")
        assert "Frozen on 20" in inside.locator(".um-frozen").inner_text()
        page.locator("[data-us-copy]").click()
        until(page, "document.getElementById('us-said').textContent.includes('copied')")


def test_code_with_the_script_fits_the_frame_in_a_foreign_page(browser, article, site):
    with sharing(browser, site, "lang=en") as seen:
        seen.page.locator("input[name=script]").check()
        text = code(seen.page)
    assert text.count("<script>") == 1
    with embedded(browser, article, text.replace(' loading="lazy"', ""), 320) as (other, _):
        until(other.page, "document.querySelector('iframe').offsetHeight > 480")


def test_where_the_clipboard_is_out_of_reach_the_code_is_selected(browser, site):
    with sharing(browser, site, "lang=en") as seen:
        page = seen.page
        page.evaluate(
            """() => { Object.defineProperty(navigator, 'clipboard', {value: undefined});
                document.execCommand = () => false; }"""
        )
        page.locator("[data-us-copy]").click()
        until(page, "document.getElementById('us-said').textContent.includes('Ctrl+C')")
        picked = page.evaluate(
            "(c => c.value.slice(c.selectionStart, c.selectionEnd))(document.activeElement)"
        )
        assert picked == code(page)


def test_where_there_is_no_room_nothing_is_copied(browser, demo_dataset, tmp_path):
    settings = patient(data=demo_dataset, frozen=tmp_path, frozen_most=0)
    with served(create_app(settings)) as full, sharing(browser, full, "lang=en") as seen:
        seen.page.locator("input[name=freeze]").check()
        seen.page.locator("[data-us-copy]").click()
        until(seen.page, "document.getElementById('us-said').textContent.includes('not be frozen')")
        seen.forgive("507")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_map_is_printed_on_one_sheet_with_legend_and_sources(browser, site, size):
    query = "lang=zh&need=hot_meal&at=2026-11-23T12:00"
    with opened(browser, f"{site}/map?{query}", size) as seen:
        sheets = seen.page.pdf(prefer_css_page_size=True, print_background=True)
        assert sheets.count(b"/Type /Page\n") == 1
        seen.page.emulate_media(media="print")
        for part in (".um-bands", ".um-sources", ".folium-map"):
            assert seen.page.locator(part).is_visible()
        seen.page.emulate_media(media="screen")
        wait_ready(seen, "#us-open")


def test_the_printed_map_has_no_button_to_share(browser, site):
    with opened(browser, f"{site}/map?lang=en") as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.locator("#us-open").is_hidden()
        seen.page.emulate_media(media="screen")
        wait_ready(seen, "#us-open")
