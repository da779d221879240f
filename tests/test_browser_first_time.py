"""What somebody stumbled over who used the worker's page for the first time."""

import math
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.browsing import PHONE, TUESDAY, opened, patient, served, until, wait_for
from web.app import create_app
from web.page_text import HOME

pytestmark = pytest.mark.browser

NOON = f"{TUESDAY}T12:00"
ANSWERED, LEARNED = "html[data-answered]", "html[data-learned]"
#: Where the page stands once it has stood still for some frames; a slow machine has slow frames.
AT_REST = """async () => { let y = scrollY, still = 0; while (still < 12) {
    await new Promise(done => requestAnimationFrame(done));
    still = y === scrollY ? still + 1 : 0; y = scrollY; } return y; }"""
BESIDE = [(east, north) for east in (-0.004, 0, 0.004) for north in (-0.004, 0, 0.004)]


@pytest.fixture(scope="module")
def app(demo_dataset):
    """The demo city's application."""
    return create_app(patient(data=demo_dataset))


@pytest.fixture(scope="module")
def site(app):
    """Its address."""
    with served(app) as address:
        yield address


def nearest(site, lon, lat, **asked):
    """What the service answers."""
    body = {"lon": lon, "lat": lat, "k": 10, "at": NOON, **asked}
    return httpx.post(f"{site}/api/v1/nearest", json=body).raise_for_status().json()


def somewhere(app, site, fits, **asked):
    """A position beside some station whose answer fits."""
    stations = app.state.holder.service().index.stations
    for lon, lat in zip(stations["lon"], stations["lat"], strict=True):
        for east, north in BESIDE:
            place = round(float(lon) + east, 3), round(float(lat) + north, 3)
            found = nearest(site, *place, **asked)
            if fits(found):
                return place, found
    pytest.fail("no position of the demo city fits")


def standing(browser, site, place, query="", size=PHONE, **options):
    """Open the page on a phone that stands there."""
    where = {"longitude": place[0], "latitude": place[1], "accuracy": 20}
    options |= {"geolocation": where, "permissions": ["geolocation"]}
    return opened(browser, f"{site}/?at={NOON}{query}", size, **options)


def ask(page):
    """Tap the button and wait for the answer, and for the page to come to rest."""
    page.wait_for_selector(LEARNED, state="attached")
    page.evaluate("document.documentElement.removeAttribute('data-answered')")
    page.click("#locate")
    page.wait_for_selector(ANSWERED, state="attached")
    return page.evaluate(AT_REST)


def covered(found):
    """Well inside the limit, from a street."""
    return found["covered"] and 120 < found["stations"][0]["seconds"] < 600


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_first_station_is_on_the_screen_after_the_answer(browser, app, site, lang):
    place, found = somewhere(app, site, covered)
    with standing(browser, site, place, f"&lang={lang}") as seen:
        ask(seen.page)
        first = seen.page.locator("#answer .card").first
        assert first.get_attribute("data-station") == found["stations"][0]["id"]
        for part in (".time", ".state", ".enter", ".route"):
            box = first.locator(part).bounding_box()
            assert box["y"] >= -0.5, part
            assert box["y"] + box["height"] <= PHONE["height"] + 0.5, part


def test_choosing_beside_the_list_moves_nothing(browser, app, site):
    place, _ = somewhere(app, site, covered)
    with standing(browser, site, place, reduced_motion="reduce") as seen:
        page = seen.page
        ask(page)
        page.click(f"#answer >> text={HOME['zh']['refine']}")
        before = page.evaluate(AT_REST)
        assert page.evaluate("document.activeElement.name") == "need"
        for need, told in (("drink", "只找：喝水"), ("rest", "只找：喝水、歇脚")):
            page.check(f"[name=need][value={need}]")
            page.wait_for_selector(f"#answer .verdict p:text-is('{told}')")
            assert page.evaluate(AT_REST) == pytest.approx(before, abs=1)


def test_the_card_takes_the_number_of_the_way_that_was_asked(browser, app, site):
    place, _ = somewhere(app, site, covered)
    here = place[0] + 0.00045, place[1] - 0.00045
    exact = nearest(site, *here)["stations"]
    with standing(browser, site, here) as seen:
        page = seen.page
        ask(page)
        card = page.locator("#answer .card").first
        assert "约" in card.locator(".time strong").inner_text()
        card.locator(".route").click()
        page.wait_for_selector("html[data-way=drawn]", state="attached")
        own = next(s for s in exact if s["id"] == card.get_attribute("data-station"))
        minutes = f"{max(1, math.ceil(own['seconds'] / 60))} 分钟"
        assert card.locator(".time strong").inner_text() == minutes
        assert f"步行 {minutes}" in page.inner_text("#map + .caption")
        assert f"步行 {minutes}" in page.inner_text("#verdict")
        length = re.search(r"\d[\d.]* (米|公里)$", page.inner_text("#map + .caption"))[0]
        assert card.locator(".time").inner_text().endswith(length)


def unsure(found):
    """The nearest does not say when it is open; another one that does is far."""
    first, other = (found[key][:1] for key in ("stations", "alternatives"))
    near = first and other and other[0]["seconds"] is not None
    return found["reason"] == "hours_unknown" and near and other[0]["seconds"] < first[0]["seconds"]


def test_a_near_station_without_hours_stands_before_a_far_one_that_is_open(browser, app, site):
    place, found = somewhere(app, site, unsure)
    near, far = found["alternatives"][0], found["stations"][0]
    with standing(browser, site, place) as seen:
        page = seen.page
        ask(page)
        shown = page.locator("#answer .card").evaluate_all("all => all.map(c => c.dataset.station)")
        assert shown[0] == near["id"]
        assert shown.index(far["id"]) == len(found["alternatives"])
        why = page.inner_text("#answer .why")
        assert why.index(near["name"][:30]) < why.index(far["name"][:30])
        numbers = page.locator("#answer .card .number").all_inner_texts()
        assert numbers == [str(i + 1) for i in range(len(numbers))]
        first = page.locator("#answer .card").first.inner_text()
        assert ("先打电话问问" in first) == bool(near["phone"])  # a call needs a number


def test_far_from_any_street_the_nearest_are_told_by_straight_line(browser, app, site):
    streets = app.state.holder.service().index.stations
    east, north = float(streets["lon"].max()), float(streets["lat"].mean())
    place = next(
        (round(east + step / 1000, 3), round(north, 3))
        for step in range(60)
        if nearest(site, round(east + step / 1000, 3), round(north, 3))["reason"]
        in ("off_network", "no_data")
    )
    with standing(browser, site, place) as seen:
        page = seen.page
        ask(page)
        cards = page.locator("#answer .card")
        assert cards.count() >= 1
        assert "直线" in cards.first.locator(".time").inner_text()
        assert "分钟" not in cards.first.locator(".time").inner_text()
        assert cards.first.locator(".route").inner_text() == HOME["zh"]["on_map"]
        assert "12351" in page.inner_text("#answer")


def test_far_from_the_data_nobody_is_sent_anywhere(browser, site):
    with standing(browser, site, (121.47, 31.23)) as seen:
        asked = []
        seen.page.on("request", lambda r: asked.append(r.url) if r.method == "POST" else None)
        ask(seen.page)
        assert seen.page.locator("#answer .card").count() == 0
        assert len(asked) == 1


def kept(page):
    """Wait until the stations of some district are on the phone."""
    until(
        page,
        "() => caches.open('union-stations-1').then(c => c.keys()).then(k => k.length > 0)",
    )


def test_without_a_network_it_says_since_when_and_what_it_cannot_know(browser, app, site):
    place, _ = somewhere(app, site, covered)
    with standing(browser, site, place) as seen:
        page = seen.page
        ask(page)
        kept(page)
        seen.lose_signal()
        ask(page)
        clock = re.search(r"(\d\d):(\d\d)", page.inner_text("#notice"))
        now = datetime.now(ZoneInfo("Asia/Shanghai"))
        minutes = now.hour * 60 + now.minute - int(clock[1]) * 60 - int(clock[2])
        assert minutes % 1440 < 30
        assert page.locator("#answer .route").first.inner_text() == HOME["zh"]["on_map"]
        page.click("#lang")
        assert page.locator("#notice button").inner_text() == HOME["en"]["retry"]


def test_without_a_network_nothing_is_claimed_of_a_place_never_kept(browser, app, site):
    place, _ = somewhere(app, site, covered)
    with standing(browser, site, place) as seen:
        page = seen.page
        ask(page)
        kept(page)
        seen.lose_signal()
        page.click("#typed summary")
        page.fill("[name=lon]", str(round(place[0] + 0.2, 3)))
        page.fill("[name=lat]", str(place[1]))
        page.evaluate("document.documentElement.removeAttribute('data-answered')")
        page.click("#coords button")
        page.wait_for_selector(ANSWERED, state="attached")
        answer = page.inner_text("#answer")
        assert "手机里只存了" in answer
        assert HOME["zh"]["why_too_far"].split("{limit}")[1] not in answer

        page.fill("[name=lat]", str(place[1] + 3))
        page.click("#coords button")
        until(page, "() => document.getElementById('answer').childElementCount === 0")
        assert HOME["zh"]["offline_none"] in page.inner_text("#notice")  # and no list of elsewhere


def test_a_slow_map_says_that_the_tap_was_heard(browser, app, site):
    place, _ = somewhere(app, site, covered)
    with standing(browser, site, place) as seen:
        page, waiting = seen.page, []
        page.route("**/static/leaflet*.js", lambda route: waiting.extend([route]))
        ask(page)
        button = page.locator("#answer .route").first
        button.click()
        until(page, "() => document.querySelector('#answer .route[aria-busy]') !== null")
        assert button.inner_text() == HOME["zh"]["map_opening"]
        assert wait_for(page, lambda: waiting)
        waiting[0].continue_()
        page.wait_for_selector("html[data-map]", state="attached")
        assert button.inner_text() == HOME["zh"]["route"]


def test_without_a_position_no_way_is_promised(browser, site):
    with opened(browser, f"{site}/?at={NOON}", PHONE) as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        page.fill("#q", "驿站")
        page.locator("#hits button").first.click()
        page.wait_for_selector("#answer .card")
        assert set(page.locator("#answer .route").all_inner_texts()) == {HOME["zh"]["on_map"]}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_made_up_data_say_so_at_the_top_in_one_language(browser, app, site, lang):
    place, _ = somewhere(app, site, covered)
    with standing(browser, site, place, f"&lang={lang}") as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        assert page.inner_text("#lead") == HOME[lang]["synthetic"]
        ask(page)
        page.locator("#answer .route").first.click()
        page.wait_for_selector("html[data-map]", state="attached")
        credit = page.inner_text("#map .leaflet-control-attribution")
        assert credit
        assert bool(re.search("[\u4e00-\u9fff]", credit)) == (lang == "zh")


def test_letters_grow_with_the_setting_of_the_phone(browser, app, site):
    place, _ = somewhere(app, site, covered)
    with standing(browser, site, place) as seen:
        page = seen.page
        ask(page)
        parts = ("body", "#locate", ".time strong", ".state", ".chip span", ".links a", ".small")
        size = "css => parseFloat(getComputedStyle(document.querySelector(css)).fontSize)"
        before = [page.evaluate(size, part) for part in parts]
        session = page.context.new_cdp_session(page)
        session.send("Page.setFontSizes", {"fontSizes": {"standard": 24}})
        until(page, f"() => ({size})('body') === 24")
        grown = [page.evaluate(size, part) for part in parts]
        assert grown == pytest.approx([1.5 * was for was in before], rel=1e-3)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
