"""Row 51 of the faults, on the worker's page in a real browser.

Page offline, tiles blocked, position denied, timed out or 5 km rough: the list stays usable, a pin
can be set by hand, and a message says what is the matter. Whatever happens, nothing of the position
stays behind.
"""

import json
import math
import re
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from geodata.datum import from_wgs84
from geodata.hours import SHANGHAI
from tests.browsing import DESKTOP, PHONE, opened, patient, served, until, wait_for
from tests.test_browser_shell import EVERYTHING_KEPT
from web.app import create_app
from web.page_text import HOME

pytestmark = pytest.mark.browser

ANSWERED = "html[data-answered]"
#: Noon within the week that a phone keeps: now, a station may open or close within minutes, and
#: then the list of the phone is another one than that of the server, and so is the map of it.
TOMORROW = f"{datetime.now(SHANGHAI).date() + timedelta(days=1)}T12:00"
KEPT = """name => caches.open('union-stations-1').then(async c => {
    const found = await Promise.all((await c.keys()).map(async k => (await c.match(k)).text()));
    return found.some(text => text.includes(JSON.stringify(name))); })"""
PAINTED = """() => [...document.querySelectorAll('#map canvas')].some(canvas => {
    const {width, height} = canvas;
    const data = width && canvas.getContext('2d').getImageData(0, 0, width, height).data;
    return data && data.some((value, i) => i % 4 === 3 && value > 0); })"""
NO_SIGNAL = """navigator.geolocation.getCurrentPosition = (done, fail) =>
    setTimeout(() => fail({code: 3, TIMEOUT: 3, message: 'Timeout expired'}), 50);"""


@pytest.fixture(scope="module")
def app(demo_dataset):
    """The demo city's application."""
    return create_app(patient(data=demo_dataset))


@pytest.fixture(scope="module")
def site(app):
    """Its address."""
    with served(app) as address:
        yield address


def traces(place):
    """Patterns of the position's digits: in every datum, cut or rounded to 3 decimals and more."""
    found = set()
    for datum in ("wgs84", "gcj02", "bd09"):
        for value in from_wgs84([place["longitude"]], [place["latitude"]], datum):
            for digits in (3, 4):  # only where the number ends there: stations have six decimals
                found |= {rf"{text}0*(?![0-9])" for text in written(float(value[0]), digits)}
            found |= {rf"{text}[0-9]*" for text in written(float(value[0]), 5)}
    return re.compile("(?<![0-9.])(?:" + "|".join(sorted(found)) + ")")


def written(value, digits):
    """A number as text, rounded and cut."""
    cut = math.trunc(value * 10**digits) / 10**digits
    return {re.escape(f"{number:.{digits}f}") for number in (value, cut)}


@pytest.fixture(scope="module")
def place(app):
    """A position a few streets from a station that is always open, with digits of its own."""
    service = app.state.holder.service()
    stations = service.index.stations
    row = stations[stations["opening_hours"] == "24/7"].iloc[0]
    lon, lat = float(row["lon"]) + 0.0011, float(row["lat"]) + 0.0013
    public = " ".join(
        f"{x:.6f},{y:.6f}"
        for datum in ("wgs84", "gcj02", "bd09")
        for x, y in zip(*from_wgs84(stations["lon"], stations["lat"], datum), strict=True)
    )
    for step in range(200):
        found = {"longitude": round(lon + step * 7e-6, 7), "latitude": round(lat + step * 3e-6, 7)}
        if not traces(found).search(public):
            return found
    pytest.fail("every position has a station's digits")


@contextmanager
def visited(browser, site, lang="zh", size=PHONE, **options):
    """The worker's page; with ``installed=True`` its service worker is in charge."""
    installed, script = options.pop("installed", False), options.pop("script", "")
    if installed:
        options["service_workers"] = "allow"
    with opened(browser, "about:blank", size, ready="", **options) as seen:
        if script:
            seen.page.add_init_script(script)
        seen.page.goto(f"{site}/?lang={lang}&at={TOMORROW}")
        until(seen.page, "() => typeof unionOffline === 'object'")
        if installed:
            assert seen.page.evaluate("() => unionOffline.ready()") is True
            until(seen.page, "() => navigator.serviceWorker.controller !== null")
        yield seen


def granted(place, accuracy=20):
    """Options of a phone that tells its position."""
    return {"permissions": ["geolocation"], "geolocation": {**place, "accuracy": accuracy}}


def ask(page):
    """Tap the big button and wait for the list."""
    page.evaluate("() => document.documentElement.removeAttribute('data-answered')")
    page.click("#locate")
    page.wait_for_selector(ANSWERED, state="attached")


def names_shown(page):
    """The names of the stations in the list."""
    return [text.split("\n")[-1] for text in page.locator("#answer article h3").all_inner_texts()]


def set_pin(page, lang):
    """Choose a place on the map, as one who has no position."""
    page.locator("#map .leaflet-marker-icon").first.wait_for()
    box = page.locator("#map").bounding_box()
    page.locator("#map").click(position={"x": box["width"] / 2 + 12, "y": box["height"] / 2 + 9})
    page.evaluate("() => document.documentElement.removeAttribute('data-answered')")
    page.get_by_role("button", name=HOME[lang]["map_pick_go"]).click()
    page.wait_for_selector(ANSWERED, state="attached")


def assert_list_usable(page):
    """There are stations, and ways to reach them."""
    assert names_shown(page)
    assert page.locator("#answer a[href^='https://uri.amap.com']").count() > 0


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fault_51_offline_after_the_first_visit(browser, site, place, lang, scheme):
    options = {**granted(place), "color_scheme": scheme, "installed": True}
    with visited(browser, site, lang, **options) as seen:
        page = seen.page
        ask(page)
        exact = names_shown(page)
        assert page.locator("#notice").inner_text() == ""
        until(page, KEPT, names_shown(page)[0])
        seen.lose_signal()
        page.reload()
        ask(page)
        said = page.locator("#notice").inner_text()
        start, end = re.split(r"\{date\}", HOME[lang]["offline_answer"])
        assert said.startswith(start)
        assert end.strip()[:12] in said
        assert_list_usable(page)
        assert exact[0] in names_shown(page)
        assert re.search(
            "直线" if lang == "zh" else "straight", page.locator("#answer").inner_text()
        )
        page.context.set_offline(False)
        until(page, "() => document.getElementById('notice').textContent === ''")
        assert wait_for(page, lambda: names_shown(page) == exact), names_shown(page)


def test_fault_51_offline_the_map_shows_what_was_seen_before(browser, site, place):
    def open_map(page):
        page.locator("#answer").get_by_role("button", name=HOME["zh"]["map_open"]).first.click()
        page.locator("#map .leaflet-marker-icon").first.wait_for()

    with visited(browser, site, installed=True, **granted(place)) as seen:
        page = seen.page
        ask(page)
        until(page, KEPT, names_shown(page)[0])
        sources = page.locator("#sources").inner_text()
        open_map(page)
        until(page, PAINTED)
        seen.lose_signal()
        page.reload()
        ask(page)
        assert page.locator("#sources").inner_text() == sources
        open_map(page)
        until(page, PAINTED)  # from the browser's own cache; what is missing is empty
        assert page.locator("#map .leaflet-control-attribution").inner_text()
        page.locator("#map .leaflet-control-zoom-in").click()
        page.locator("#map").press("ArrowRight")
        page.context.set_offline(False)
        until(page, "() => document.getElementById('notice').textContent === ''")


def test_fault_51_offline_with_a_pin_instead_of_a_position(browser, site, place):
    with visited(browser, site, installed=True, **granted(place)) as seen:
        page = seen.page
        ask(page)
        until(page, KEPT, names_shown(page)[0])
        page.context.clear_permissions()
        seen.lose_signal()
        page.reload()
        page.click("#locate")
        page.get_by_role("heading", name=HOME["zh"]["denied_title"]).wait_for()
        page.locator("#notice").get_by_role("button", name=HOME["zh"]["pick"]).click()
        set_pin(page, "zh")
        assert names_shown(page)
        page.context.set_offline(False)


def test_fault_51_offline_before_any_answer_says_what_to_do(browser, site, place):
    with visited(browser, site, installed=True, **granted(place)) as seen:
        page = seen.page
        seen.lose_signal()
        page.reload()
        page.click("#locate")
        page.get_by_text(HOME["zh"]["offline_none"]).first.wait_for()
        page.context.set_offline(False)  # and the page asks by itself
        page.wait_for_selector(ANSWERED, state="attached")
        assert_list_usable(page)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_fault_51_position_denied(browser, site, lang, size):
    with visited(browser, site, lang, size) as seen:
        page = seen.page
        page.click("#locate")
        page.get_by_role("heading", name=HOME[lang]["denied_title"]).wait_for()
        page.locator("#notice").get_by_role("button", name=HOME[lang]["pick"]).click()
        set_pin(page, lang)
        assert_list_usable(page)


def test_fault_51_position_timed_out(browser, site, app):
    name = str(app.state.holder.service().index.regions["name"].iloc[0])
    with visited(browser, site, script=NO_SIGNAL) as seen:
        page = seen.page
        page.click("#locate")
        page.get_by_role("heading", name=HOME["zh"]["timeout_title"]).wait_for()
        page.locator("#notice").get_by_role("button", name=HOME["zh"]["search"]).click()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.locator("#hits button").first.click()
        until(page, "() => document.querySelectorAll('#answer article').length > 0")
        assert names_shown(page)


def test_fault_51_position_rough_by_5_km(browser, site, place):
    with visited(browser, site, **granted(place, accuracy=5_000)) as seen:
        page = seen.page
        ask(page)
        said = page.locator("#notice").inner_text()
        assert said.startswith(HOME["zh"]["inaccurate"].split("{distance}")[0])
        assert re.search(r"5(\.0)? ?公里", said)
        assert_list_usable(page)
        page.locator("#notice").get_by_role("button", name=HOME["zh"]["inaccurate_fix"]).click()
        set_pin(page, "zh")
        assert page.locator("#notice").inner_text() == ""
        assert_list_usable(page)


def test_fault_51_tiles_blocked(browser, site, place):
    with visited(browser, site, **granted(place)) as seen:
        page, blocked = seen.page, []
        page.context.route(
            re.compile("/tiles/basemap/"), lambda route: (blocked.append(1), route.abort())
        )
        ask(page)
        page.locator("#answer").get_by_role("button", name=HOME["zh"]["map_open"]).first.click()
        page.locator("#map .leaflet-marker-icon").first.wait_for()
        assert page.locator("#map .leaflet-marker-icon").count() > 1
        assert_list_usable(page)
        assert wait_for(page, lambda: blocked)
        seen.forgive("ERR_FAILED")


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_nothing_of_the_position_stays_on_the_phone(browser, site, place, datum):
    x, y = from_wgs84([place["longitude"]], [place["latitude"]], datum)
    handed = f"lon={float(x[0]):.7f}&lat={float(y[0]):.7f}&datum={datum}"
    with visited(browser, site, installed=True, **granted(place)) as seen:
        page = seen.page
        ask(page)
        until(page, KEPT, names_shown(page)[0])
        for address in (f"/#{handed}", f"/?{handed}", f"/?lang=en&{handed}"):
            page.goto("about:blank")
            page.goto(site + address)
            page.wait_for_selector(ANSWERED, state="attached")
        seen.lose_signal()
        page.reload()
        ask(page)
        kept = page.evaluate(EVERYTHING_KEPT)
        everywhere = kept + json.dumps(page.context.storage_state(indexed_db=True)) + page.url
        caught = traces(place).search(everywhere)
        assert not caught, everywhere[max(caught.start() - 80, 0) : caught.end() + 80]
        assert len(kept) > 10_000
        page.context.set_offline(False)
        until(page, "() => document.getElementById('notice').textContent === ''")
