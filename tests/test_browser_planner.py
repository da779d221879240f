"""The planner's page in a real browser: one sitting from the worst gap to a plan, by keyboard too."""

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.browsing import (
    DESKTOP,
    PHONE,
    TUESDAY,
    opened,
    overlooked,
    served,
    small_targets,
    tab_stops,
    until,
)
from web.app import create_app
from web.planner_text import PLANNER
from web.settings import Settings

pytestmark = pytest.mark.browser

ANSWERED = "html[data-answered]"
#: The Monday of a week that is always ahead.
WEEK = TUESDAY.fromordinal(TUESDAY.toordinal() - 1).isoformat()
TEN = f"{TUESDAY}T22:00"
BASE = f"week={WEEK}&hour=46"


@pytest.fixture(scope="module")
def settings(demo_dataset, tmp_path_factory):
    """Settings whose records and jobs lie in a folder of this module's own."""
    folder = tmp_path_factory.mktemp("planner")
    return {"data": demo_dataset, "access_log": False, "records": folder / "records.sqlite"}


@pytest.fixture(scope="module")
def site(settings):
    with served(create_app(Settings(**settings))) as address:
        yield address


@pytest.fixture
def desk(browser, site):
    """Open the page and wait for its first answer."""

    def there(fragment=BASE, lang="en", size=DESKTOP, **options):
        options.setdefault("patience_ms", 30_000)
        url = f"{site}/planner?lang={lang}#{fragment}"
        return opened(browser, url, size, ANSWERED, **options)

    return there


def coverage(site, **asked):
    """What the service says to the same question."""
    query = {"mode": "walk", "minutes": 15, "at": TEN, **asked}
    return httpx.get(f"{site}/api/v1/coverage", params=query, timeout=60).raise_for_status().json()


def ranked(answer):
    """Gaps by unmet need, as the page is to list them."""
    rows = [feature["properties"] for feature in answer["features"]]
    return sorted(rows, key=lambda p: (-(p["workers"] or 0), -(p["area_km2"] or 0), p["id"]))


def fragment(page):
    """What the address holds after the sign."""
    return {k: v[0] for k, v in parse_qs(urlsplit(page.url).fragment).items()}


def again(page, act, mark="data-answered"):
    """Do something that asks anew, and wait until its answer is drawn."""
    page.evaluate("mark => document.documentElement.removeAttribute(mark)", mark)
    act()
    page.wait_for_selector(f"html[{mark}]", state="attached")


# ---- what stands there ----


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_is_calm_and_accessible(desk, size, scheme, lang):
    with desk(lang=lang, size=size, color_scheme=scheme) as seen:
        page = seen.page
        assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert page.locator("h1").inner_text() == PLANNER[lang]["title"]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert small_targets(page, 24 if size is DESKTOP else 43) == []
        assert page.locator("#pl-gaps [data-gap]").count() > 0
        if size is DESKTOP:  # all of it on one screen: only tables scroll
            assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")


def test_texts_have_the_same_keys_and_places_in_both_languages():
    def shape(value):
        if isinstance(value, str):
            return sorted(set(re.findall(r"{\w+}", value)) - {"{hour}", "{day}", "{clock}"})
        if isinstance(value, dict):
            return {key: shape(part) for key, part in value.items()}
        return len(value)

    assert shape(dict(PLANNER["zh"])) == shape(dict(PLANNER["en"]))


def test_sentence_table_and_answer_agree(desk, site):
    answer = coverage(site)
    people = answer["summary"]["workers"]
    with desk() as seen:
        said = seen.page.locator("#pl-headline").inner_text()
        assert f"{people['uncovered']:,} of {people['total']:,} workers" in said
        assert "within 15 minutes on foot on Tuesday at 22:00" in said
        want = [p["id"] for p in ranked(answer)][:25]
        shown = seen.page.locator("#pl-gaps [data-gap]")
        assert [shown.nth(i).get_attribute("data-gap") for i in range(shown.count())] == want
        closed = answer["summary"]["causes"]["closed"]["workers"]
        share = closed / sum(c["workers"] for c in answer["summary"]["causes"].values())
        assert f"{share * 100:.0f} % because stations near them are closed then" in said


def test_a_group_has_its_own_sentence(desk, site):
    people = coverage(site)["summary"]["groups"]["courier"]["workers"]
    with desk(BASE + "&group=courier") as seen:
        said = seen.page.locator("#pl-headline .pl-said").inner_text()
        assert f"{people['uncovered']:,} of {people['total']:,} couriers" in said
        seen.page.select_option("[name=group]", "")
        assert "couriers" not in seen.page.locator("#pl-headline .pl-said").inner_text()


@pytest.mark.parametrize(
    ("field", "value", "asked"),
    [
        ("mode", "ebike", {"mode": "ebike"}),
        ("need", "hot_meal", {"need": "hot_meal"}),
        ("minutes", "10", {"minutes": 10}),
    ],
)
def test_numbers_follow_the_question(desk, site, field, value, asked):
    people = coverage(site, **asked)["summary"]["workers"]
    with desk() as seen:
        page, box = seen.page, seen.page.locator(f"#pl-ask [name={field}]")
        act = box.fill if field == "minutes" else box.select_option

        def change():
            act(value)
            box.blur()

        again(page, change)
        said = page.locator("#pl-headline").inner_text()
        assert f"{people['uncovered']:,} of {people['total']:,}" in said
        assert fragment(page)[field] == value


def test_a_district_is_asked_for_by_itself(desk, site):
    region = coverage(site)["summary"]["regions"][0]
    people = coverage(site, region=region["id"])["summary"]["workers"]
    with desk() as seen:
        page = seen.page
        again(page, lambda: page.select_option("[name=region]", region["id"]))
        said = page.locator("#pl-headline").inner_text()
        assert said.startswith(region["name"])
        assert f"{people['uncovered']:,} of {people['total']:,}" in said


# ---- the keyboard ----


def test_hours_are_stepped_through_by_keyboard(desk, site):
    with desk() as seen:
        page = seen.page
        page.focus("#pl-hour")
        again(page, lambda: page.keyboard.press("ArrowRight"))
        assert page.locator("#pl-hour-said").inner_text() == f"Tue 23:00 · {TUESDAY}"
        assert page.get_attribute("#pl-hour", "aria-valuetext") == "Tue 23:00"
        people = coverage(site, at=f"{TUESDAY}T23:00")["summary"]["workers"]
        assert f"{people['uncovered']:,} of" in page.locator("#pl-headline").inner_text()
        page.focus("#pl-any")
        again(page, lambda: page.keyboard.press("Space"))
        assert page.locator("#pl-hour").is_disabled()
        assert fragment(page)["hour"] == "any"
        again(page, lambda: page.keyboard.press("Space"))
        assert fragment(page)["hour"] == "47"


def test_tabs_turn_by_arrows(desk):
    with desk() as seen:
        page = seen.page
        page.focus("#pl-tab-gaps")
        for key, want in [("ArrowRight", "whatif"), ("End", "export"), ("ArrowRight", "gaps")]:
            page.keyboard.press(key)
            assert page.evaluate("document.activeElement.id") == f"pl-tab-{want}"
            assert page.locator(f"#pl-{want}").is_visible()
            assert page.locator("[role=tabpanel]:visible").count() == 1


@pytest.mark.parametrize("tab", ["gaps", "whatif", "plan", "export"])
def test_focus_is_seen_wherever_tab_leads(desk, tab):
    with desk(f"{BASE}&tab={tab}") as seen:
        stops = tab_stops(seen.page)
        assert {"pl-hour", f"pl-tab-{tab}"} <= {stop["id"] for stop in stops}
        assert overlooked(stops) == []


def test_a_gap_is_opened_and_left_by_keyboard(desk, site):
    gap = ranked(coverage(site))[0]
    with desk() as seen:
        page = seen.page
        page.focus(f"[data-gap='{gap['id']}']")
        page.keyboard.press("Enter")
        page.wait_for_selector("html[data-near]", state="attached")
        told = page.locator("#pl-gaps").inner_text()
        assert f"{gap['workers']:,} workers" in told
        assert page.evaluate("document.activeElement.tagName") == "H2"
        assert page.locator(".pl-near li").count() >= 1
        for cause, share in gap["causes"].items():
            if share >= 0.1:
                words = PLANNER["en"]["cause"][cause]
                line = page.locator(".pl-causes li", has_text=words).inner_text()
                assert f"{share * 100:.0f} %" in line
        assert fragment(page)["gap"] == gap["id"]
        page.focus("#pl-gap-back")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.dataset.gap") == gap["id"]
        assert "gap" not in fragment(page)


# ---- links ----


def test_what_a_link_holds_is_taken_only_where_it_makes_sense(desk):
    bad = quote(json.dumps({"add": [{"lon": 999, "lat": 1}, {"lon": "x"}], "hours": {"a": 5}}))
    with desk(f"{BASE}&minutes=99999&mode=<b>&hour=-3&gap=nowhere&changes={bad}&tab=boo") as seen:
        page = seen.page
        said = page.locator("#pl-trouble").inner_text()
        for key in ("minutes", "mode", "hour", "tab"):
            assert key in said or page.locator("#pl-trouble").is_hidden()
        assert page.locator("[name=minutes]").input_value() == "15"
        assert page.locator("[data-pin]").count() == 0


def test_language_keeps_the_scenario(desk):
    with desk(f"{BASE}&minutes=20&tab=whatif") as seen:
        page = seen.page
        page.click("#pl-lang")
        page.wait_for_selector(ANSWERED, state="attached")
        assert page.get_attribute("html", "lang") == "zh-CN"
        assert page.locator("[name=minutes]").input_value() == "20"
        assert page.locator("#pl-whatif").is_visible()
