"""Every page in the states that a phone or desk, a language and a scheme can give it.

What axe-core and the console say is judged at each step; what axe-core does not look at, by hand:
where focus is seen, the order of Tab, sizes of targets, words at twice the size, forced colours.
"""

import httpx
import pytest

from tests.browsing import (
    DESKTOP,
    PHONE,
    READY,
    by_schemes,
    opened,
    overlooked,
    small_targets,
    tab_stops,
    until,
)
from tests.test_browser_home import (
    ANSWERED,
    NIGHT,
    NOON,
    SIXTY,
    VECTORS,
    again,
    ask,
    log,
    names,
    site,
    town,
    upright,
)

__all__ = ["log", "site", "town"]  # fixtures
pytestmark = pytest.mark.browser

#: Every two of them together, for what takes many steps.
IN_PAIRS = [
    pytest.param("zh", PHONE, "light", id="zh-phone-light"),
    pytest.param("zh", DESKTOP, "dark", id="zh-desktop-dark"),
    pytest.param("en", PHONE, "dark", id="en-phone-dark"),
    pytest.param("en", DESKTOP, "light", id="en-desktop-light"),
]
#: What the device tells the page: a position with its accuracy, or, without one, a refusal.
TELLS = """place => { navigator.geolocation.getCurrentPosition = (done, fail) =>
    setTimeout(() => place ? done({coords: place}) : fail({code: 1}), 0); }"""


@pytest.mark.parametrize(("lang", "size", "scheme"), IN_PAIRS)
def test_the_worker_s_page_step_by_step(  # noqa: PLR0915 - one visit, judged at every step
    browser, site, town, lang, size, scheme
):
    """Denied, inaccurate, granted, a way, a report, the night, an empty list: each is judged."""
    with opened(browser, f"{site}/?lang={lang}&at={NOON}", size, color_scheme=scheme) as seen:
        page = seen.page

        def judge():
            assert upright(page)
            assert small_targets(page) == []
            seen.assert_accessible()

        page.evaluate(TELLS, None)
        page.click("#locate")
        page.locator(".notice button").first.wait_for()
        judge()
        page.evaluate(TELLS, {**town.here, "accuracy": 5000})
        again(page, lambda: page.click("#locate"))
        assert {"zh": "5.0 公里", "en": "5.0 km"}[lang] in page.locator(".notice").inner_text()
        judge()
        page.evaluate(TELLS, town.here)
        again(page, lambda: page.click("#locate"))
        assert page.locator(".notice").count() == 0
        assert names(page)[0] == "门口驿站"
        page.locator(".route >> nth=1").click()
        page.wait_for_selector("html[data-way=drawn]", state="attached")
        judge()
        page.locator(".report summary").first.click()
        page.locator(".card form button[type=submit]").first.click()
        page.locator(".card .said").first.wait_for()
        judge()
        page.click("#filters summary")
        page.fill("#at", NIGHT)
        again(page, lambda: page.click("#at-go"))
        assert names(page)[0] == "夜班驿站"
        judge()
        again(page, lambda: page.check("[name=need][value=swap]"))  # none swaps batteries
        assert page.locator(".verdict.no").count() == 1
        judge()


@pytest.mark.parametrize(("lang", "size", "scheme"), IN_PAIRS)
def test_the_map_with_a_popup_and_the_panel(browser, site, lang, size, scheme):
    with opened(browser, f"{site}/map?lang={lang}&at={NOON}", size, color_scheme=scheme) as seen:
        page = seen.page
        for name in (SIXTY, VECTORS[0]):
            page.evaluate(
                """name => { const app = unionMap.app, s = app.stations.find(s => s.name === name);
                    app.map.setView(s.at, 17, {animate: false}); s.marker.openPopup(); }""",
                name,
            )
            popup = page.locator(".leaflet-popup")
            until(
                page,
                "name => [...document.querySelectorAll('.um-popup h3')].map(e => e.textContent)"
                ".join() === name",
                name,
            )
            until(page, IN_WINDOW)
            until(page, "e => e.scrollWidth <= e.clientWidth + 1", popup.element_handle())
            seen.assert_accessible()
        assert upright(page)
        page.keyboard.press("Escape")
        page.evaluate("unionMap.app.map.closePopup()")
        page.click("#us-open")
        page.locator("#us-dialog").wait_for()
        seen.assert_accessible()


IN_WINDOW = """() => { const b = document.querySelector('.leaflet-popup').getBoundingClientRect();
    return b.left >= -0.5 && b.right <= innerWidth + 0.5 && b.top >= -0.5; }"""

PAGES = ["/", "/map", "/embed/map", "/bulletin", "/embed/map?version=0123456789ab"]


@pytest.mark.parametrize(("lang", "size", "first"), IN_PAIRS)
def test_data_that_were_not_kept(browser, site, lang, size, first):
    address = f"{site}/embed/map?version=0123456789ab&lang={lang}"
    with opened(browser, address, size, "main", axe=False, color_scheme=first) as seen:
        for _ in by_schemes(seen, first):
            assert seen.page.evaluate("document.documentElement.lang[0]") == lang[0]
        seen.forgive("404")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_at_320_pixels_or_in_letters_of_twice_the_size(browser, site, path):
    """WCAG 1.4.10 and 1.4.4: 320 CSS pixels wide, and text alone at 200 %."""
    ready = "main" if "version" in path else READY
    with opened(browser, site + path, {"width": 320, "height": 640}, ready) as seen:
        assert upright(seen.page)
        seen.page.set_viewport_size(PHONE)
        seen.page.add_style_tag(content="html { font-size: 200% !important }")
        assert upright(seen.page)
        if "version" in path:
            seen.forgive("404")


@pytest.mark.parametrize("path", PAGES[:4])
def test_focus_is_seen_wherever_tab_leads(browser, site, path):
    with opened(browser, site + path, DESKTOP) as seen:
        stops = tab_stops(seen.page)
        assert len(stops) > 3
        assert overlooked(stops) == []


def test_tab_follows_the_page_from_top_to_bottom(browser, site):
    with opened(browser, f"{site}/", PHONE) as seen:
        stops = [stop["id"] for stop in tab_stops(seen.page) if stop["id"]]
        order = ["lang", "locate", "q", "pick"]
        assert [name for name in stops if name in order] == order
        assert seen.page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0


@pytest.mark.parametrize("path", PAGES[:4])
def test_colours_of_the_reader_s_own_hide_nothing(browser, site, path):
    """Windows' contrast themes: what is chosen and what has focus is told without our colours."""
    with opened(browser, site + path, PHONE, forced_colors="active", axe=False) as seen:
        page = seen.page
        assert overlooked(tab_stops(page, 12)) == []
        if path == "/":
            looks = page.evaluate(
                """() => [...document.querySelectorAll('[name=mode]')].map(e => {
                    const s = getComputedStyle(e.nextElementSibling);
                    return [s.backgroundColor, s.borderColor, s.borderStyle, s.borderWidth,
                        s.outlineStyle, s.fontWeight].join(); })"""
            )
            assert len(set(looks)) > 1
            page.wait_for_selector("html[data-learned]", state="attached")


@pytest.mark.parametrize("path", PAGES[:4])
def test_nothing_moves_where_less_motion_is_wanted_and_results_are_told(browser, site, path):
    with opened(browser, site + path, PHONE, reduced_motion="reduce", axe=False) as seen:
        moving = seen.page.evaluate(
            """() => [...document.querySelectorAll('*')].filter(e => {
                const s = getComputedStyle(e);
                return /[1-9]/.test(s.animationName === 'none' ? '' : s.animationDuration) ||
                    s.scrollBehavior === 'smooth'; }).map(e => e.outerHTML.slice(0, 80))"""
        )
        assert moving == []
        # and results are told to those who listen
        live = seen.page.locator("[role=status], [role=alert], [aria-live=polite]")
        assert live.count() >= 1
        foreign = seen.page.evaluate(
            """() => [...document.querySelectorAll('[lang]')].map(e => e.lang)"""
        )
        assert set(foreign) <= {"zh-CN", "en"}


@pytest.mark.parametrize("path", ["/nowhere", "/map?minutes=nonsense", "/bulletin?region=nowhere"])
def test_what_is_refused_is_told_in_a_sentence(browser, site, path):
    answer = httpx.get(site + path)
    assert answer.status_code in {404, 422}
    with opened(browser, site + path, PHONE, "body", axe=False) as seen:
        assert len(seen.page.inner_text("body")) > 20
        assert "Traceback" not in seen.page.inner_text("body")
        seen.forgive(str(answer.status_code))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_answer_is_judged_at_twice_the_size(browser, site, town, scheme):
    options = {"color_scheme": scheme, "geolocation": town.here, "permissions": ["geolocation"]}
    with opened(
        browser, f"{site}/?lang=en&at={NOON}", {"width": 320, "height": 640}, **options
    ) as (seen):
        ask(seen.page)
        assert seen.page.locator(ANSWERED).count() == 1
        seen.page.add_style_tag(content="html { font-size: 200% !important }")
        assert upright(seen.page)
