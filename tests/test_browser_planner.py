"""The planner's page in a real browser: from the worst gap to a plan, by keyboard too."""

import csv
import io
import json
import os
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import openpyxl
import pytest
import shapely.geometry

from geodata.bundle import open_dataset
from geodata.datum import from_wgs84
from geodata.words import load_vocabulary
from tests.browsing import (
    DESKTOP,
    PHONE,
    TUESDAY,
    by_schemes,
    opened,
    overlooked,
    patient,
    served,
    small_targets,
    tab_stops,
    until,
)
from tests.webtools import new_client
from web import planner_page
from web.app import create_app
from web.clock_scale import STEPS, Scale
from web.job_files import locked
from web.ledger import Ledger, today
from web.ledger_cut import make_cut
from web.planner_text import PLANNER
from web.prepare import PrepareRequest, prepare
from web.service import Service
from web.settings import Settings

pytestmark = pytest.mark.browser

FACILITIES = list(load_vocabulary().facilities)
PAGE = "/planner?lang=en"
ANSWERED = "html[data-answered]"
#: The Monday of a week that is always ahead.
WEEK = TUESDAY.fromordinal(TUESDAY.toordinal() - 1).isoformat()
TEN = f"{TUESDAY}T22:00"
ENDED = "['done', 'failed'].includes(document.documentElement.dataset.plan)"
BASE = f"week={WEEK}&hour=46"


@pytest.fixture(scope="module")
def settings(demo_dataset, tmp_path_factory):
    """Settings whose records and jobs lie in a folder of this module's own."""
    folder = tmp_path_factory.mktemp("planner")
    return {
        "data": demo_dataset,
        "records": folder / "records.sqlite",
        "jobs": folder / "jobs",
    }


@pytest.fixture(scope="module")
def site(settings):
    with served(create_app(patient(**settings))) as address:
        yield address


@pytest.fixture
def desk(browser, site):
    """Open the page and wait for its first answer."""

    def there(fragment=BASE, lang="en", size=DESKTOP, **options):
        url = f"{site}/planner?lang={lang}#{fragment}"
        return opened(browser, url, size, ANSWERED, **options)

    return there


def coverage(site, **asked):
    """What the service says to the same question."""
    query = {"mode": "walk", "minutes": 15, "at": TEN, **asked}
    return httpx.get(f"{site}/api/v1/coverage", params=query).raise_for_status().json()


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
@pytest.mark.parametrize(("lang", "first"), [("zh", "light"), ("en", "dark")])
def test_it_is_calm_and_accessible(desk, size, lang, first):
    with desk(lang=lang, size=size, axe=False, color_scheme=first) as seen:
        page = seen.page
        assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert page.locator("h1").inner_text() == PLANNER[lang]["title"]
        assert page.locator("#pl-gaps [data-gap]").count() > 0
        for _ in by_schemes(seen, first):
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert small_targets(page, 24 if size is DESKTOP else 43) == []
            if size is DESKTOP:  # all of it on one screen: only tables scroll
                assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_texts_have_the_same_keys_and_places_in_both_languages():
    def shape(value):
        if isinstance(value, str):
            return sorted(set(re.findall(r"{\w+}", value)) - {"{hour}", "{day}", "{clock}"})
        if isinstance(value, dict):
            return {key: shape(part) for key, part in value.items()}
        return len(value)

    assert shape(dict(PLANNER["zh"])) == shape(dict(PLANNER["en"]))


def test_every_text_that_is_shown_exists_and_none_is_left_over():
    static = Path(planner_page.__file__).parent / "static"
    code = "".join(path.read_text("utf-8") for path in sorted(static.glob("planner*.js")))
    code += (static.parent / "templates" / "planner.html").read_text("utf-8")
    code += Path(planner_page.__file__).read_text("utf-8")
    texts = dict(PLANNER["en"])
    hourly = {f"{key}_person_hours" for key in re.findall(r"\btold\('(\w+)'", code)}
    direct = set(re.findall(r"P\.t\('(\w+)'", code)) | set(re.findall(r"P\.text\.(\w+)", code))
    direct |= hourly
    assert sorted(direct - set(texts) - {"error_", "headline_", "share_", "plan_bound_"}) == []
    started = tuple(re.findall(r"'(\w+_)' (?:\+|~)", code))
    used = {key for key in texts if re.search(rf"\b{key}\b", code) or key.startswith(started)}
    assert sorted(set(texts) - used - hourly) == []


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
        places = [p["near_en"] or "" for p in ranked(answer)]
        told = zip(shown.all_inner_texts(), places, strict=False)
        assert all(f", near {near}" in text for text, near in told if near)
        assert places[0]
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


# ---- the week ----


def test_the_strip_is_the_clock_and_leads_to_the_worst_hour(desk, site):
    asked = {"mode": "walk", "minutes": 15, "week": WEEK}
    clock = httpx.get(f"{site}/api/v1/clock", params=asked).raise_for_status().json()
    worst = clock["worst"]["weekday"] * 24 + clock["worst"]["hour"]
    with desk() as seen:
        page = seen.page
        page.wait_for_selector("html[data-clock]", state="attached")
        shares = [h["share_covered"] for h in clock["hours"]]
        cells = page.locator("#pl-strip i")
        assert cells.count() == 168
        scale = Scale.of(shares)
        for hour in (0, 46, 100, 167):
            shown = cells.nth(hour).evaluate("e => getComputedStyle(e).backgroundColor")
            red, green, blue = bytes.fromhex(STEPS[scale.step(shares[hour])][1:])
            assert shown == f"rgb({red}, {green}, {blue})"  # as on /clock
        page.focus("#pl-worst")
        again(page, lambda: page.keyboard.press("Enter"))
        assert fragment(page)["hour"] == str(worst)
        assert f"{min(shares) * 100:.1f} %" in page.locator("#pl-headline").inner_text()


# ---- plans ----


def plan_by_keyboard(page, sites="3"):
    """Ask for a plan without a mouse, and wait for its end."""
    page.focus("#pl-tab-plan")
    page.keyboard.press("Enter")
    page.fill("#pl-plan-form [name=amount]", sites)
    page.keyboard.press("Enter")
    until(page, ENDED, None, 240_000)
    assert page.get_attribute("html", "data-plan") == "done"


def test_a_plan_is_made_stepped_through_tried_and_reopened(desk, site):
    with desk() as seen:
        page = seen.page
        plan_by_keyboard(page)
        job = httpx.get(f"{site}/api/v1/jobs/{fragment(page)['job']}").raise_for_status().json()
        result = job["result"]
        chosen = result["chosen"]
        rows = page.locator("#pl-result tbody tr")
        assert rows.count() == len(chosen) == 3
        covered = [result[when]["workers"]["covered"] for when in ("before", "after")]
        total = covered[1] - covered[0]
        said = page.locator("#pl-result .pl-said").inner_text()
        assert f"covers {total:,.0f} more workers" in said
        assert f"more than {result['bound']:,.0f} workers" in page.inner_text("#pl-result .pl-why")
        assert page.locator(".pl-curve rect").count() == 3
        assert page.locator(".pl-site:not(.pl-later)").count() == 3
        page.focus("#pl-plan-step")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert page.locator(".pl-site:not(.pl-later)").count() == 1
        first = chosen[0]["gain_workers"]
        assert f"Up to step 1: ¥{chosen[0]['cost_yuan']:,.0f}, {first:,.0f} more" in (
            page.locator("#pl-plan-said").inner_text()
        )
        assert fragment(page)["step"] == "1"
        page.reload()
        page.wait_for_selector("html[data-plan=done]", state="attached")
        assert page.locator(".pl-site:not(.pl-later)").count() == 1
        assert page.get_attribute("#pl-plan-step", "aria-valuetext") == "Step 1 of 3"


def test_a_plan_by_person_hours_is_told_in_them(  # noqa: PLR0915 - one visit, told twice
    desk, site
):
    with desk(f"{BASE}&tab=plan", lang="zh") as seen:
        page = seen.page
        assert not page.is_visible("#pl-count-said")
        page.focus("#pl-plan-form [name=count]")
        page.keyboard.press("ArrowDown")
        assert page.input_value("#pl-plan-form [name=count]") == "person_hours"
        assert page.is_visible("#pl-count-said")
        page.fill("#pl-plan-form [name=amount]", "2")
        page.keyboard.press("Enter")
        until(page, ENDED, None, 240_000)
        job = httpx.get(f"{site}/api/v1/jobs/{fragment(page)['job']}").raise_for_status().json()
        result = job["result"]
        assert (result["parameters"]["count"], result["week"]) == ("person_hours", WEEK)
        was, now = (result[when]["person_hours"]["covered"] for when in ("before", "after"))
        for lang, unit in (("zh", "人时"), ("en", "person-hours")):
            if lang == "en":  # the same plan, opened by its link
                seen.assert_accessible()
                page.goto(page.url.replace("lang=zh", "lang=en"))
                page.wait_for_selector("html[lang=en][data-plan=done]", state="attached")
            said = page.locator("#pl-result .pl-said").inner_text()
            assert f"{now - was:,.0f}" in said
            assert unit in said
            assert f"{result['bound']:,.0f}" in page.inner_text("#pl-result .pl-why")
            assert unit in page.inner_text("#pl-plan-said")
            cells = page.locator("#pl-result tbody tr").first.locator("td")
            assert cells.nth(2).inner_text() == f"{result['chosen'][0]['gain_person_hours']:,.0f}"
            assert unit.lower() in page.inner_text("#pl-result thead").lower()
        assert json.loads(fragment(page)["plan"])["count"] == "person_hours"
        page.reload()
        page.wait_for_selector("html[data-plan=done]", state="attached")
        assert page.input_value("#pl-plan-form [name=count]") == "person_hours"
        page.select_option("[name=objective]", "median")  # of which hours cannot be counted
        assert page.input_value("#pl-plan-form [name=count]") == "people"


def test_a_plan_is_exported(desk):
    with desk() as seen:
        page = seen.page
        plan_by_keyboard(page, "2")
        page.click("#pl-tab-export")
        for ending, begin in [("XLSX", b"PK"), ("GeoJSON".upper(), b"{")]:
            with page.expect_download() as got:
                page.locator("#pl-export button", has_text=ending).last.click()
            assert got.value.path().read_bytes().startswith(begin)
        links = page.locator("#pl-export a[href^='/download/gaps.']")
        assert links.count() == 4
        with page.expect_download() as got:
            links.first.click()
        assert got.value.path().read_bytes().startswith(b"PK")


def test_a_plan_is_cancelled(desk, site, settings):
    settings["jobs"].mkdir(parents=True, exist_ok=True)
    with (  # nobody begins it, so it cannot be done before it is cancelled
        locked(settings["jobs"] / "runner.sqlite", wait_seconds=120) as mine,
        desk(f"{BASE}&tab=plan") as seen,
    ):
        assert mine
        page = seen.page
        page.fill("#pl-plan-form [name=amount]", "40")
        page.click("#pl-plan-go")
        until(page, "location.hash.includes('job=')")
        job = fragment(page)["job"]
        page.focus("#pl-job-stop")
        page.keyboard.press("Enter")
        page.wait_for_selector("html[data-plan=cancelled]", state="attached")
        assert page.locator("#pl-job-said").inner_text() == PLANNER["en"]["plan_cancelled"]
        assert httpx.get(f"{site}/api/v1/jobs/{job}").json()["state"] == "cancelled"
        assert "job" not in fragment(page)


def test_a_table_of_candidates_is_read(desk, site, tmp_path):
    area = coverage(site)["features"][0]["geometry"]
    ring = area["coordinates"][0] if area["type"] == "Polygon" else area["coordinates"][0][0]
    lon, lat = ring[0]
    table = tmp_path / "候选.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["编号", "措施", "经度", "纬度", "坐标系", "费用", "开放时间"])
    book.active.append(["a, 1", "新建", lon, lat, "wgs84", 12345.67, "24小时"])
    book.save(table)
    with desk(f"{BASE}&tab=plan") as seen:
        page = seen.page
        page.select_option("[name=candidates]", "file")
        page.set_input_files("[name=file]", table)
        until(page, "document.getElementById('pl-file-said').textContent.startsWith('1 ')")
        page.fill("#pl-plan-form [name=amount]", "1")
        page.click("#pl-plan-go")
        until(page, ENDED, None, 240_000)
        assert "12,345.67" in page.locator("#pl-result").inner_text()
        assert page.locator("#pl-result th .pl-link").inner_text().endswith(" · a, 1")
        other = tmp_path / "other.csv"
        other.write_text("what,is\nthis,?", "utf-8")
        page.set_input_files("[name=file]", other)
        until(page, "document.getElementById('pl-file-said').textContent.includes('cannot')")
        seen.forgive("422")
        page.click("#pl-plan-go")  # never with other candidates than those asked for
        assert page.inner_text("#pl-trouble") == PLANNER["en"]["plan_file_first"]


def test_a_plan_is_for_the_group_and_the_share_of_those_without(desk):
    with desk(f"{BASE}&group=sanitation&tab=plan") as seen:
        page = seen.page
        assert "street cleaners" in page.locator("#pl-gaps caption").text_content()
        page.select_option("[name=objective]", "cover")
        assert page.input_value("[name=by]") == "left"
        page.fill("#pl-plan-form [name=amount]", "50")
        page.click("#pl-plan-go")
        until(page, ENDED, None, 240_000)
        job = httpx.get(f"{page.url.split('/planner')[0]}/api/v1/jobs/{fragment(page)['job']}")
        result = job.raise_for_status().json()["result"]
        assert result["parameters"]["group"] == "sanitation"
        assert all(set(site["gain_groups"]) == {"sanitation"} for site in result["chosen"])
        was, now = result["before"]["workers"], result["after"]["workers"]
        gained = (now["covered"] - was["covered"]) / was["uncovered"]
        assert gained == pytest.approx(0.5, abs=0.06)  # figures are rounded to 5
        assert "more street cleaners: " in page.locator("#pl-result").inner_text()


def test_a_link_to_a_district_opens_there(desk, site):
    found = httpx.get(f"{site}/download/regions.geojson").raise_for_status().json()["features"]
    district = next(feature for feature in found if feature["geometry"])
    west, south, east, north = shapely.geometry.shape(district["geometry"]).bounds
    with desk(f"{BASE}&region={district['properties']['id']}") as seen:
        until(seen.page, "location.hash.includes('view=')")
        _, lat, lon = map(float, fragment(seen.page)["view"].split("/"))
        assert west < lon < east
        assert south < lat < north


# ---- the ledger ----


def test_it_leads_to_the_bulletin_of_the_last_month(demo_dataset, tmp_path, run, monkeypatch):
    client = new_client(demo_dataset, records=tmp_path / "records.sqlite", ledger=tmp_path / "book")

    def link():
        return re.search(r'<a href="([^"]*)" id="pl-to-bulletin">([^<]*)<', client.get(PAGE).text)

    assert link().groups() == ("/bulletin?lang=en", "Bulletin")
    monkeypatch.setenv("LOCATOR_LEDGER", str(tmp_path / "book"))
    status, *_ = run("gaps", "cut", "--data", str(demo_dataset), "--date", "2026-10-25")
    assert status == 0
    href, word = link().groups()
    assert (href, word) == ("/bulletin?month=2026-10&amp;lang=en", "Bulletin of 2026-10")
    assert client.get(href.replace("&amp;", "&")).status_code == 200


def test_a_gap_is_written_into_the_ledger(browser, settings, tmp_path):
    own = patient(**{**settings, "records": tmp_path / "records.sqlite"})
    with served(create_app(own)) as site:
        known = httpx.get(f"{site}/api/v1/gaps").raise_for_status().json()["gaps"]
        url = f"{site}/planner?lang=en#week={WEEK}&hour=any"
        with opened(browser, url, ready=ANSWERED) as seen:
            page = seen.page
            page.click(f"[data-gap='{known[0]['id']}']")
            page.wait_for_selector("html[data-ledger]", state="attached")
            form = page.locator(f"form[data-ledger='{known[0]['id']}']")
            form.locator("[name=state]").select_option("agreed")
            form.locator("[name=responsible]").fill("东湖区总工会 <b>")
            form.locator("button").click()
            said = form.locator("[role=status]")
            until(page, "e => e.textContent !== ''", said.element_handle())
            assert said.inner_text().startswith("Written into the ledger")
            now = httpx.get(f"{site}/api/v1/gaps/{known[0]['id']}").json()
            assert (now["state"], now["responsible"]) == ("agreed", "东湖区总工会 <b>")
            page.click("#pl-gap-back")
            row = page.locator("#pl-gaps tbody tr", has=page.locator(f"[data-gap='{now['id']}']"))
            assert row.inner_text().endswith("agreed")


def test_the_list_tells_the_ledger_and_what_it_has_lost(browser, settings, tmp_path):
    """State, since when and by whom without a click; rows of one state; months to be put back."""
    folder = tmp_path / "ledger"
    service = Service(open_dataset(settings["data"], private=False), Settings())
    cut = make_cut(service, Ledger(folder), today()).standing
    gap = max(cut.entries, key=lambda entry: entry.workers).id
    Ledger(folder).set(gap, {"state": "agreed", "responsible": "东湖区总工会 <b>"})
    lost = folder / "cuts" / "2025-09-25-0123abcd"
    lost.mkdir()
    os.utime(lost, (0, 0))  # it has lain there for long
    own = patient(**{**settings, "records": tmp_path / "records.sqlite", "ledger": folder})
    with served(create_app(own)) as site:
        url = f"{site}/planner?lang=en#week={WEEK}&hour=any"
        with opened(browser, url, ready="#pl-state") as seen:
            page = seen.page
            row = page.locator("#pl-gaps tbody tr", has=page.locator(f"[data-gap='{gap}']"))
            assert row.locator(".pl-state").inner_text() == "agreed"
            assert row.locator(".pl-who").inner_text() == f"since {today()[:7]}, 东湖区总工会 <b>"
            told = page.inner_text("#pl-book")
            assert "not counted below: 2025-09." in told
            assert f"0 carried + {len(cut.entries)} opened − 0 filled = {len(cut.entries)}" in told
            page.select_option("#pl-state", "agreed")
            known = page.locator("#pl-gaps [data-known]")
            assert [known.nth(i).get_attribute("data-known") for i in range(known.count())] == [gap]
            assert fragment(page)["state"] == "agreed"
            assert small_targets(page, 24) == []
            page.set_viewport_size(PHONE)
            assert small_targets(page, 43) == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            known.click()
            page.wait_for_selector(f"html[data-gap='{gap}']", state="attached")


# ---- names that strangers wrote ----


def test_names_are_text_wherever_they_stand(browser, demo_inputs, tmp_path):
    rows = list(csv.DictReader(io.StringIO(demo_inputs["stations"].read_text("utf-8-sig"))))
    vectors = ["<img src=x onerror=window.hit=1>", "\"><svg onload=window.hit=1>'`${window.hit=1}`"]
    for row, name in zip(rows, vectors * 4, strict=False):
        row["名称"] = name
    table = tmp_path / "stations.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    prepare(
        PrepareRequest(
            streets=[demo_inputs["streets"]],
            stations=table,
            regions=demo_inputs["regions"],
            out=tmp_path / "out",
            modes=["walk"],
            stations_datum="gcj02",
            name="<i>云江市</i>",
        )
    )
    own = patient(data=tmp_path / "out", records=tmp_path / "r.sqlite", jobs=tmp_path / "j")
    with served(create_app(own)) as site:
        url = f"{site}/planner?lang=en#{BASE}&tab=whatif"
        with opened(browser, url, ready=ANSWERED) as seen:
            page = seen.page
            assert "km of streets have no station" in page.inner_text("#pl-headline")
            page.fill("#pl-q", "onerror")
            hit = page.locator("#pl-hits button").first
            assert hit.inner_text() == vectors[0]
            hit.click()
            assert vectors[0] in page.locator("#pl-edit h3").inner_text()
            again(page, lambda: page.click("#pl-edit-remove"), "data-scenario")
            assert vectors[0] in page.locator("#pl-changes").inner_text()
            assert page.locator("#pl-data").inner_text().startswith("<i>云江市</i>")


# ---- the token ----


def test_the_token_is_asked_for_and_forgotten(browser, settings):
    closed = patient(**settings, host="0.0.0.0", planner_token="open-sesame,please")  # noqa: S104, S106  what is tested
    with served(create_app(closed)) as site:
        url = f"{site}/planner?lang=en#{BASE}"
        with opened(browser, url, ready="#pl-token[open]") as seen:
            page = seen.page
            assert httpx.get(f"{site}/planner").status_code == 401
            page.keyboard.type("wrong")
            page.keyboard.press("Enter")
            until(page, "document.getElementById('pl-token-wrong').textContent !== ''")
            page.keyboard.type("open-sesame,please")
            page.keyboard.press("Enter")
            page.wait_for_selector("html[data-clock]", state="attached")
            held = "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
            assert "sesame" not in page.evaluate(held)
            assert not any("sesame" in url for url in seen.asked)
            page.reload()
            page.wait_for_selector("#pl-token[open]")
            seen.forgive("401")


# ---- what if ----


def scenario(site, page):
    """What the service says to the changes that the page's link holds."""
    changes = json.loads(fragment(page)["changes"])
    for pin in changes.get("add", []):
        pin.setdefault("facilities", FACILITIES)
    body = {"mode": "walk", "minutes": 15, "at": TEN, **changes}
    answer = httpx.post(f"{site}/api/v1/scenario", json=body)
    return answer.raise_for_status().json()


def told(page, answer):
    """The page says what the service says."""
    before, after = (answer[when]["workers"]["covered"] for when in ("before", "after"))
    more = after - before
    said = page.locator("#pl-changed").inner_text()
    if more == 0:
        assert "as many workers as before" in said
    else:
        assert f"{abs(more):,} {'more' if more > 0 else 'fewer'} workers are covered" in said
    row = page.locator("#pl-diff tr", has_text="Covered workers").first.inner_text()
    assert [f"{before:,}", f"{after:,}"] == row.split("\t")[1:3]
    counts = {name: len(answer["gaps"][name]) for name in ("closed", "opened", "changed")}
    sentence = "{closed} closed, {opened} opened, {changed} changed".format(**counts)
    assert sentence in page.locator("#pl-diff").inner_text()


def test_a_station_in_the_worst_gap_changes_numbers_and_map(desk, site):
    """The planner's sitting: the worst gap at 22:00, a pin, its numbers, and the link again."""
    worst = ranked(coverage(site))[0]
    with desk() as seen:
        page = seen.page
        page.focus(f"[data-gap='{worst['id']}']")
        page.keyboard.press("Enter")
        page.wait_for_selector("html[data-near]", state="attached")
        page.focus("#pl-gap-pin")
        again(page, lambda: page.keyboard.press("Enter"), "data-scenario")
        answer = scenario(site, page)
        assert answer["after"]["workers"]["covered"] > answer["before"]["workers"]["covered"]
        told(page, answer)
        assert page.evaluate("document.activeElement.dataset.pin") == "0"
        before = fragment(page)["changes"]
        again(page, lambda: page.keyboard.press("Shift+ArrowUp"), "data-scenario")
        assert fragment(page)["changes"] != before
        told(page, scenario(site, page))
        kept = page.url
        page.goto("about:blank")
        page.goto(kept)
        page.wait_for_selector("html[data-scenario=true]", state="attached")
        assert fragment(page) == {k: v[0] for k, v in parse_qs(urlsplit(kept).fragment).items()}
        told(page, scenario(site, page))


def test_a_pin_is_dragged(desk, site):
    with desk(f"{BASE}&tab=whatif") as seen:
        page = seen.page
        again(page, lambda: page.click("#pl-add"), "data-scenario")
        before = json.loads(fragment(page)["changes"])["add"][0]
        page.locator("[data-pin]").hover()  # waits until the map has come to rest
        box = page.locator("[data-pin]").bounding_box()

        def drag():
            page.mouse.move(box["x"] + 18, box["y"] + 18)
            page.mouse.down()
            page.mouse.move(box["x"] + 80, box["y"] + 60, steps=5)
            page.mouse.up()

        again(page, drag, "data-scenario")
        after = json.loads(fragment(page)["changes"])["add"][0]
        assert after["lon"] > before["lon"]
        assert after["lat"] < before["lat"]
        told(page, scenario(site, page))


def test_an_existing_station_is_found_and_changed_by_keyboard(desk, site):
    found = httpx.get(f"{site}/api/v1/stations").raise_for_status().json()["features"]
    day = next(f["properties"] for f in found if f["properties"]["opening_hours"] == "08:00-18:00")
    with desk(f"{BASE}&tab=whatif") as seen:
        page = seen.page
        page.fill("#pl-q", day["name"])
        page.focus(f"[data-station='{day['id']}']")
        page.keyboard.press("Enter")
        page.locator("#pl-edit").get_by_label(PLANNER["en"]["edit_hours"]).fill("24/7")
        again(page, lambda: page.keyboard.press("Enter"), "data-scenario")
        assert json.loads(fragment(page)["changes"]) == {"hours": {day["id"]: "24/7"}}
        told(page, scenario(site, page))
        again(page, lambda: page.click("#pl-edit-remove"), "data-scenario")
        assert json.loads(fragment(page)["changes"]) == {"remove": [day["id"]]}
        told(page, scenario(site, page))
        again(page, lambda: page.click("#pl-edit-move"), "data-scenario")
        assert list(json.loads(fragment(page)["changes"])) == ["move"]
        told(page, scenario(site, page))
        again(page, lambda: page.click("#pl-clear"), "data-scenario")
        assert "changes" not in fragment(page)
        assert page.locator("#pl-changed").inner_text() == ""


def test_coordinates_of_other_datums_are_understood(desk):
    lon, lat = 115.89, 28.68
    with desk(f"{BASE}&tab=whatif") as seen:
        page = seen.page
        page.click("#pl-typed summary")
        for datum in ("wgs84", "gcj02", "bd09"):
            x, y = (float(v[0]) for v in from_wgs84([lon], [lat], datum))
            page.fill("#pl-coords [name=lon]", str(x))
            page.fill("#pl-coords [name=lat]", str(y))
            page.select_option("#pl-coords [name=datum]", datum)
            page.click("#pl-coords button")
        for pin in json.loads(fragment(page)["changes"])["add"]:
            assert pin["lon"] == pytest.approx(lon, abs=2e-6)
            assert pin["lat"] == pytest.approx(lat, abs=2e-6)
        page.fill("#pl-coords [name=lon]", "east")
        page.click("#pl-coords button")
        assert "such as 115.89" in page.locator("#pl-trouble").inner_text()


def test_what_the_server_refuses_is_said_in_words(desk):
    with desk(f"{BASE}&tab=whatif") as seen:
        page = seen.page
        again(page, lambda: page.click("#pl-add"), "data-scenario")
        page.locator("#pl-pins input").fill("perhaps in the evening")

        again(page, lambda: page.locator("#pl-pins input").blur(), "data-scenario")
        said = page.locator("#pl-diff [role=alert]").inner_text()
        assert said.startswith("The server did not accept it")
        assert "hours" in said
        seen.forgive("422")


def test_too_many_questions_are_told_with_the_time_to_wait(browser, settings):
    few = patient(**settings, scenarios_per_planner=1)
    with served(create_app(few)) as site:
        url = f"{site}/planner?lang=en#{BASE}&tab=whatif"
        with opened(browser, url, ready=ANSWERED) as seen:
            page = seen.page
            again(page, lambda: page.click("#pl-add"), "data-scenario")
            again(page, lambda: page.keyboard.press("ArrowUp"), "data-scenario")
            said = page.locator("#pl-diff [role=alert]").inner_text()
            assert re.search(r"ask again in \d+ s", said)
            seen.forgive("429")


def test_a_busy_server_is_asked_again(desk):
    with desk() as seen:
        page, tries = seen.page, []

        def busy(route):
            tries.append(route.request.url)
            if len(tries) > 1:
                route.continue_()
            else:
                route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")

        page.route("**/api/v1/coverage?*", busy)  # a real one is hard to keep busy for a second
        again(page, lambda: page.focus("#pl-hour") or page.keyboard.press("ArrowRight"))
        assert len(tries) == 2
        assert page.locator("#pl-trouble").inner_text() == ""
        seen.forgive("503")


def test_counting_is_stopped(desk):
    with desk() as seen:
        page = seen.page
        said = page.locator("#pl-headline").inner_text()
        page.route("**/api/v1/coverage?*", lambda _: None)  # an answer that never comes
        page.focus("#pl-hour")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("#pl-stop:visible")
        page.click("#pl-stop")
        page.get_by_text(PLANNER["en"]["stopped"], exact=True).wait_for()
        assert page.locator("#pl-status").inner_text() == PLANNER["en"]["stopped"]
        assert page.locator("#pl-headline").inner_text() == said
