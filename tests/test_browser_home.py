"""The worker's page in a real browser: schemes 12, 27 and 38, faults 39, 40, 51 and 52."""

import contextlib
import csv
import io
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from geodata.datum import from_wgs84, to_wgs84
from geodata.sample import write_demo
from tests.browsing import (
    DESKTOP,
    PHONE,
    TUESDAY,
    by_schemes,
    opened,
    patient,
    served,
    small_targets,
    until,
    wait_for,
)
from tests.webtools import without_times
from web.app import create_app
from web.prepare import PrepareRequest, prepare

pytestmark = pytest.mark.browser

VECTORS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "\"><svg onload=window.hit=1>'`${window.hit=1}`",
    "</script><iframe srcdoc='<script>parent.hit=1</script>'>",
]
RARE = "㐂𠮷驿站🏠\u202eabc"
SIXTY = "城南大道与滨江路交叉口东北角" * 4 + "驿站名称"
LONG = "很长的名字" * 2_000

NOON, NIGHT, EVENING = (f"{TUESDAY}T{clock}" for clock in ("12:00", "03:00", "21:40"))
ANSWERED = "html[data-answered]"
LEARNED = "html[data-learned]"


# ---- a town whose stations a reader of this file knows ----


def _metres(lon, lat, here):
    east = (lon - here[0]) * np.cos(np.radians(here[1]))
    return np.hypot(east, lat - here[1]) * 111_320


def rewritten(text):
    """The demo's stations around its middle one: known hours, names of all sorts."""
    rows = list(csv.DictReader(io.StringIO(text)))
    counted = [r for r in rows if r["类型"] == "工会驿站" and r["状态"] == "开放"]
    at = np.array([[float(r["经度"]), float(r["纬度"])] for r in counted])
    here = at[np.argmin(_metres(*at.T, at.mean(axis=0)))]
    near = [counted[i] for i in np.argsort(_metres(*at.T, here))]
    for row in near:
        row |= {"开放时间": "08:00-18:00", "服务设施": "饮水机、桌椅", "进入方式": "免费开放"}
    near[0] |= {
        "名称": "门口驿站", "开放时间": "06:00-22:00", "服务设施": "饮水机、桌椅、手机充电",
        "进入方式": "扫码进入", "联系电话": "0791-1234567", "核实日期": "2026-11-01",
    }  # fmt: skip
    near[1] |= {"名称": "夜班驿站", "开放时间": "24/7", "进入方式": "会员卡", "核实日期": ""}
    for row, name in zip(near[2:], [*VECTORS, RARE, SIXTY, LONG], strict=False):
        row |= {"名称": name, "地址": name[:200]}
    near[3] |= {"服务设施": "微波炉、母婴室"}
    near[-1] |= {"服务设施": "淋浴"}
    return rows, tuple(float(x[0]) for x in to_wgs84(here[:1], here[1:], "gcj02"))


@dataclass(frozen=True)
class Town:
    """A dataset folder, and where its middle station lies (WGS-84)."""

    folder: object
    lon: float
    lat: float

    @property
    def here(self):
        """What a phone that stands there tells a browser."""
        return {"longitude": self.lon, "latitude": self.lat, "accuracy": 15}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    files = write_demo(folder / "in", size="small")
    rows, here = rewritten(files["stations"].read_text("utf-8-sig"))
    with files["stations"].open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    prepare(
        PrepareRequest(
            streets=[files["streets"]],
            stations=files["stations"],
            regions=files["regions"],
            out=folder / "out",
            modes=["walk", "ebike"],
            stations_datum="gcj02",
            name="云江市",
        )
    )
    return Town(folder / "out", *here)


@pytest.fixture(scope="module")
def log():
    """What the served application writes."""
    return io.StringIO()


@pytest.fixture(scope="module")
def site(town, log, tmp_path_factory):
    """The address of the service that serves the town; it logs every request."""
    reports = tmp_path_factory.mktemp("reports") / "reports.sqlite"
    with contextlib.redirect_stderr(log):
        app = create_app(patient(data=town.folder, access_log=True, records=reports))
    with served(app) as address:
        yield address


def nearest(site, town, **asked):
    """The answer that the page has to show."""
    body = {"lon": round(town.lon, 3), "lat": round(town.lat, 3), "k": 10, **asked}
    return httpx.post(f"{site}/api/v1/nearest", json=body).raise_for_status().json()


@pytest.fixture
def phone(browser, site, town):
    """Open the page on a phone that tells where it is."""

    def there(query="", size=PHONE, **options):
        options.setdefault("geolocation", town.here)
        options.setdefault("permissions", ["geolocation"])
        return opened(browser, f"{site}/{query}", size, **options)

    return there


def ask(page):
    """Tap the button and wait for the answer."""
    page.wait_for_selector(LEARNED, state="attached")
    page.click("#locate")
    page.wait_for_selector(ANSWERED, state="attached")


def bodies(page):
    """A list that fills with the bodies of the page's POST requests."""
    found = []
    page.on("request", lambda r: found.append(r.post_data_json) if r.method == "POST" else None)
    return found


def again(page, act):
    """Do something that asks anew, and wait until its answer is drawn."""
    page.evaluate("document.documentElement.removeAttribute('data-answered')")
    act()
    page.wait_for_selector(ANSWERED, state="attached")


def names(page):
    return page.locator("#answer .card .name").all_inner_texts()


def upright(page):
    """Nothing sticks out to the right, once the page has come to rest."""
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    return wait_for(page, lambda: page.evaluate(fits), 5_000)


# ---- the first screen ----


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("lang", "first"), [("zh", "light"), ("en", "dark")])
def test_fault_52_first_screen_comes_from_our_own_host(browser, site, size, lang, first):
    with opened(browser, f"{site}/?lang={lang}", size, axe=False, color_scheme=first) as seen:
        page = seen.page
        for _ in by_schemes(seen, first):
            assert page.locator("#locate").bounding_box()["height"] >= 69.5
            assert small_targets(page) == []
            assert upright(page)
        assert {urlsplit(url).port for url in seen.asked} == {urlsplit(site).port}
        assert page.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]


def test_first_screen_weighs_less_than_150_kilobytes(browser, site):
    with opened(browser, f"{site}/", PHONE, ready=None) as seen:
        sizes = []
        seen.page.on("requestfinished", lambda r: sizes.append(r.sizes()))
        seen.page.reload(wait_until="networkidle")
        total = sum(s["responseBodySize"] + s["responseHeadersSize"] for s in sizes)
        assert 10_000 < total < 150_000


def test_first_screen_works_without_scripts(browser, site):
    with opened(browser, f"{site}/", PHONE, None, java_script_enabled=False, axe=False) as seen:
        assert seen.page.locator("noscript").count() == 1
        assert "12351" in seen.page.inner_text("main")


# ---- the position is granted ----


@pytest.mark.parametrize(
    ("lang", "size", "scheme"),
    [
        ("zh", PHONE, "light"),
        ("en", PHONE, "dark"),
        ("zh", DESKTOP, "dark"),
        ("en", DESKTOP, "light"),
    ],
)
def test_list_says_what_the_answer_says(phone, site, town, lang, size, scheme):
    found = nearest(site, town, at=NOON)
    with phone(f"?lang={lang}&at={NOON}", size, color_scheme=scheme) as seen:
        page = seen.page
        ask(page)
        shown = page.locator("#answer ol.cards").first.locator(".card")
        assert shown.count() == min(5, len(found["stations"]))
        for i, station in enumerate(found["stations"][:5]):
            card = shown.nth(i)
            assert card.get_attribute("data-station") == station["id"]
            minutes = max(1, int(np.ceil(station["seconds"] / 60)))
            few = {"zh": "不到 1 分钟", "en": "under 1 min"}[lang]
            some = {"zh": f"约 {minutes} 分钟", "en": f"about {minutes} min"}[lang]
            want = few if station["seconds"] < 30 else some
            assert card.locator(".time strong").inner_text() == want
            links = card.locator(".links a")
            hrefs = [links.nth(n).get_attribute("href") for n in range(links.count())]
            assert hrefs == list(station["navigate"].values())
        first = shown.nth(0).inner_text()
        assert {"zh": "门口扫码进", "en": "Scan the code"}[lang] in first
        assert {"zh": "开着，到 22:00", "en": "Open until 22:00"}[lang] in first
        assert "2026-11-01" in first
        assert shown.nth(0).locator(".facilities li").count() == 3
        assert shown.nth(0).locator("a[href='tel:07911234567']").count() == 1
        assert {"zh": "还没有人核实过", "en": "Nobody has checked"}[lang] in page.locator(
            ".card", has_text="夜班驿站"
        ).inner_text()
        assert upright(page)
        assert small_targets(page) == []


def test_result_is_told_in_one_sentence_to_those_who_listen(phone):
    with phone(f"?at={NOON}") as seen:
        ask(seen.page)
        status = seen.page.locator("#status[role=status]")
        said = status.inner_text().replace("\u2068", "").replace("\u2069", "")
        assert re.search(r"(最近一家|就在旁边).*门口驿站，开着，到 22:00。", said)
        heads = seen.page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])"
        )
        assert all(b - a <= 1 for a, b in pairwise(heads))


def test_the_phone_asks_with_a_rounded_position_and_walks_with_the_exact_one(phone, town):
    with phone(f"?at={NOON}") as seen:
        sent = bodies(seen.page)
        ask(seen.page)
        assert [sent[-1][c] for c in ("lon", "lat")] == [round(town.lon, 3), round(town.lat, 3)]
        seen.page.click(".route >> nth=1")
        seen.page.wait_for_selector("html[data-way]", state="attached")
        assert sent[-1]["route"] is True
        assert abs(sent[-1]["lon"] - town.lon) < 1e-9


def test_walking_line_is_drawn_on_our_own_map(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        page.click(".route >> nth=1")
        page.wait_for_selector("html[data-way=drawn]", state="attached")
        assert page.locator("path.way").count() == 1
        assert len(page.locator("path.way").get_attribute("d")) > 20
        assert "步行" in page.locator(".caption").inner_text()
        assert page.locator(".leaflet-control-attribution").inner_text() != ""
        assert page.locator(".leaflet-control-attribution svg").count() == 0  # no flag
        page.locator(".pin").first.click()
        until(page, "document.querySelectorAll('path.way').length <= 1")
        page.click("text=收起地图")
        assert page.locator("#mapbox").is_hidden()
        assert small_targets(page) == []


def test_map_of_the_whole_list_opens_on_a_tap_only(phone):
    with phone(f"?at={NOON}") as seen:
        ask(seen.page)
        assert not [url for url in seen.asked if "leaflet" in url]
        seen.page.click("text=看地图")
        seen.page.wait_for_selector("html[data-map]", state="attached")
        assert seen.page.locator(".pin").count() >= 5


# ---- fault 51: the position is denied, late, rough, or the network is gone ----

TROUBLE = """kind => { navigator.geolocation.getCurrentPosition = (yes, no) => setTimeout(() => {
    if (kind > 0) no({code: kind}); else if (kind === 0) yes({coords:
        {longitude: 115.9, latitude: 28.67, accuracy: 20}}); }, 20); }"""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("kind", "zh", "en"),
    [
        (1, "还不知道你在哪儿", "We do not know where you are"),
        (2, "手机说不出你在哪儿", "Your phone cannot tell"),
        (3, "一直等不到定位信号", "No position signal"),
    ],
)
def test_fault_51_without_a_position_there_are_other_ways(browser, site, kind, zh, en, lang):
    with opened(browser, f"{site}/?lang={lang}", PHONE) as seen:
        page = seen.page
        page.evaluate(TROUBLE, kind)
        page.click("#locate")
        notice = page.locator(".notice")
        notice.wait_for()
        assert {"zh": zh, "en": en}[lang] in notice.inner_text()
        assert {"zh": zh, "en": en}[lang] in page.locator("#status").inner_text()
        assert notice.locator("button").count() == 3
        assert small_targets(page) == []
        notice.locator("button").nth(2).click()
        assert page.evaluate("document.activeElement.id") == "q"
        page.evaluate(TROUBLE, 0)
        notice.locator("button").first.click()
        page.wait_for_selector(ANSWERED, state="attached")
        assert page.locator(".notice").count() == 0


def test_fault_51_a_denied_permission_is_told_by_the_browser_itself(browser, site):
    with opened(browser, f"{site}/", PHONE, permissions=[]) as seen:
        seen.page.click("#locate")
        seen.page.locator(".notice", has_text="没有允许").wait_for()


def test_fault_51_an_address_without_https_says_why(browser, site):
    with opened(browser, f"{site}/", PHONE) as seen:
        page = seen.page
        page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false})")
        page.evaluate(TROUBLE, 1)
        page.click("#locate")
        page.wait_for_selector(".notice")
        assert "https" in page.locator(".notice").inner_text()


def test_fault_51_a_browser_that_never_answers_is_not_waited_for(browser, site):
    with opened(browser, f"{site}/", PHONE) as seen:
        page = seen.page
        page.clock.install()
        page.evaluate(TROUBLE, -1)
        page.click("#locate")
        page.clock.run_for(5000)
        assert "定位有点慢" in page.locator("#status").inner_text()
        page.clock.run_for(11_000)
        assert "等不到定位信号" in page.locator(".notice").inner_text()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_fault_51_a_rough_position_is_shown_and_can_be_mended(phone, town, size):
    with phone(f"?at={NOON}", size, geolocation={**town.here, "accuracy": 5000}) as seen:
        page = seen.page
        sent = bodies(page)
        ask(page)
        assert "5.0 公里" in page.locator(".notice").inner_text()
        assert names(page)  # the list is usable all the same
        page.click(".notice button")
        page.wait_for_selector("html[data-map]", state="attached")
        assert page.locator("path.rough").count() == 1
        for _ in range(3):
            page.keyboard.press("Shift+ArrowUp")
        again(page, lambda: page.click("text=用这个位置"))
        assert sent[-1]["lat"] == pytest.approx(town.lat + 0.006, abs=0.0006)
        assert sent[-1]["lon"] == pytest.approx(town.lon, abs=0.0006)
        assert page.locator(".notice").count() == 0
        assert "从你选的位置算起" in page.locator("#answer").inner_text()


def test_fault_51_a_pin_dragged_without_any_position(browser, site):
    with opened(browser, f"{site}/?at={NOON}", PHONE) as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        page.click("#pick")
        page.wait_for_selector("html[data-map]", state="attached")
        page.locator(".pin-box").hover()  # waits until the page has scrolled to the map
        box = page.locator(".pin-box").bounding_box()
        page.mouse.move(box["x"] + 22, box["y"] + 18)
        page.mouse.down()
        page.mouse.move(box["x"] + 40, box["y"] + 50, steps=5)
        page.mouse.up()
        until(
            page,
            "x => Math.abs(document.querySelector('.pin-box').getBoundingClientRect().x - x) < 4",
            box["x"] + 18,
        )
        page.click("text=用这个位置")
        page.wait_for_selector(ANSWERED, state="attached")
        assert names(page)


@pytest.mark.parametrize("blocked", ["**/tiles/**", "**/static/leaflet*.js"])
def test_fault_51_without_tiles_or_map_the_list_is_usable(phone, blocked):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        page.route(blocked, lambda route: route.abort())
        ask(page)
        page.click(".route >> nth=1")
        if "tiles" in blocked:
            page.wait_for_selector("html[data-way=drawn]", state="attached")
            page.wait_for_load_state("networkidle")
        else:
            until(page, "document.querySelector('#status').textContent.includes('地图没有打开')")
        assert names(page)[0] == "门口驿站"
        again(page, lambda: page.check("[name=need][value=drink]"))
        assert names(page)
        seen.forgive("ERR_FAILED")


def test_fault_51_without_a_network_the_list_stays_and_answers_by_straight_line(phone):
    with phone() as seen:
        page = seen.page
        ask(page)
        until(page, "typeof unionOffline === 'object'")
        assert page.evaluate("unionOffline.keep('').then(() => true)")
        until(
            page,
            "caches.keys().then(k => Promise.all(k.map(n => caches.open(n).then(c => c.keys()))))"
            ".then(all => all.some(keys => keys.length > 0))",
        )
        seen.lose_signal()
        again(page, lambda: page.check("[name=need][value=drink]"))
        text = page.locator("main").inner_text()
        assert "现在连不上" in text
        assert "直线" in page.locator("#answer .time").first.inner_text()
        assert "分钟" not in page.locator("#answer .time").first.inner_text()
        again(page, lambda: page.context.set_offline(False))  # it asks anew by itself
        assert "分钟" in page.locator("#answer .time").first.inner_text()
        assert page.locator(".notice").count() == 0


# ---- open or not ----


def test_at_three_in_the_morning_it_says_what_is_open_and_what_opens_when(phone):
    with phone(f"?at={NIGHT}") as seen:
        page = seen.page
        ask(page)
        assert names(page)[0] == "夜班驿站"
        assert "24 小时开放" in page.locator(".card").first.inner_text()
        assert "凭工会会员卡" in page.locator(".card").first.inner_text()
        closed = page.locator(".card", has_text="门口驿站")
        assert "没开，06:00 开门" in closed.inner_text()
        assert (
            f"{TUESDAY.month}月{TUESDAY.day}日 03:00 出发" in page.locator("#answer").inner_text()
        )


def test_closed_all_around_it_says_who_opens_first(phone):
    with phone(f"?at={NIGHT}") as seen:
        page = seen.page
        ask(page)
        again(page, lambda: page.check("[name=need][value=charge]"))
        text = page.locator("#answer").inner_text()
        assert "最先开门的是" in text
        assert "06:00" in text
        assert page.locator("#answer a[href='tel:12351']").count() == 1


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", "还有 20 分钟关门（22:00）"), ("en", "Closes in 20 min (22:00)")],
)
def test_closing_soon_is_counted(phone, lang, words):
    with phone(f"?lang={lang}&at={EVENING}") as seen:
        ask(seen.page)
        assert words in seen.page.locator(".card", has_text="门口驿站").inner_text()


def test_closed_on_arrival_is_told(phone, site, town):
    """At 17:59 a station that closes at 18:00 and is minutes away is shut on arrival."""
    moment = f"{TUESDAY}T17:59"
    late = [s for s in nearest(site, town, at=moment)["alternatives"] if s["fails"] == ["closed"]]
    assert late
    with phone(f"?at={moment}") as seen:
        ask(seen.page)
        card = seen.page.locator(f"[data-station='{late[0]['id']}']")
        assert "18:00 关门，你到的时候已经关了" in card.inner_text()


def test_time_goes_on_while_the_list_is_open(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        said = page.evaluate(
            """day => { const open = {state: 'open', until: `${day}T22:00:00+08:00`,
                on_arrival: true}, at = Date.parse(`${day}T21:00:00+08:00`);
                return [30, 45, 61].map(m => unionHome.stateOf({open, seconds: 60},
                    at + m * 6e4).text); }""",
            str(TUESDAY),
        )
        assert said[0] == "还有 30 分钟关门（22:00）"
        assert said[1] == "还有 15 分钟关门（22:00）"
        assert "刚过关门时间" in said[2]


# ---- filters, mode, what is remembered ----


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_filter_that_empties_the_list_says_why_and_what_helps(phone, site, town, lang):
    need = "shower"
    found = nearest(site, town, need=[need], at=NOON)
    assert not found["covered"]
    with phone(f"?lang={lang}&at={NOON}") as seen:
        page = seen.page
        ask(page)
        page.click("#filters summary")
        again(page, lambda: page.check(f"[name=need][value={need}]"))
        text = page.locator("#answer header").inner_text()
        assert {"zh": "15 分钟内没有", "en": "within 15 minutes"}[lang] in text
        assert {"zh": "「洗浴」", "en": "“shower”"}[lang] in text
        if found["stations"]:
            n = int(np.ceil(found["stations"][0]["seconds"] / 60))
            assert {"zh": f"步行约 {n} 分钟", "en": f"about {n} min on foot"}[lang] in text
        assert page.locator("#answer a[href='tel:12351']").count() == 1
        assert small_targets(page) == []
        again(page, lambda: page.locator("#answer button.strong").click())
        assert page.locator(".verdict.no").count() == 0


def test_round_the_clock_shows_only_stations_that_never_close(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        again(page, lambda: page.check("[name=allday]"))
        assert page.locator("#answer ol.cards").first.locator(".name").all_inner_texts() == [
            "夜班驿站"
        ]


def test_mode_filters_and_language_are_remembered_and_positions_never(phone, town):
    with phone("?lang=en") as seen:
        page = seen.page
        ask(page)
        again(page, lambda: page.check("[name=mode][value=ebike]"))
        assert "by e-bike" in page.locator("#answer").inner_text()
        again(page, lambda: page.check("[name=need][value=drink]"))
        kept = page.evaluate("JSON.stringify(localStorage)")
        assert "ebike" in kept
        assert "drink" in kept
        page.goto(page.url.split("?")[0])
        page.wait_for_selector(LEARNED, state="attached")
        assert page.is_checked("[name=mode][value=ebike]")
        assert page.is_checked("[name=need][value=drink]")
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.locator("#answer .card").count() == 0
        found = everything_kept(page)
        assert not any(trace in found for trace in traces(town))


def test_words_that_a_union_added_can_be_chosen(browser, site):
    about = httpx.get(f"{site}/api/v1/dataset").json()
    tables = about["vocabularies"]
    tables["needs"].append({**tables["needs"][0], "code": "haircut", "zh": "理发", "en": "haircut"})
    tables["kinds"].append({**tables["kinds"][0], "code": "barge", "zh": "驳船<b>", "en": "barge"})
    with opened(browser, f"{site}/", PHONE, ready=None) as seen:
        page = seen.page
        page.route("**/api/v1/dataset", lambda route: route.fulfill(json=about))
        page.goto(f"{site}/?lang=zh")
        page.wait_for_selector(LEARNED, state="attached")
        page.click("#filters summary")
        assert "理发" in page.locator(".chip", has=page.locator("[value=haircut]")).inner_text()
        assert page.locator("[name=kind] option[value=barge]").inner_text() == "驳船<b>"
        page.click("#lang")
        assert page.locator("[name=kind] option[value=barge]").inner_text() == "barge"


def test_switching_the_language_keeps_the_answer(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        sent = bodies(page)
        ask(page)
        before, asked = names(page), len(sent)
        page.click("#lang")
        assert names(page) == before
        assert "Open until 22:00" in page.locator(".card").first.inner_text()
        assert page.inner_text("h1") == "Union stations near you"
        assert "lang=en" in page.url
        assert len(sent) == asked
        assert page.evaluate("document.title") == "Union stations near you"


def test_another_time_can_be_chosen(phone):
    with phone() as seen:
        page = seen.page
        ask(page)
        page.click("#filters summary")
        page.fill("#at", NIGHT)
        again(page, lambda: page.click("#at-go"))
        assert names(page)[0] == "夜班驿站"
        assert f"at={TUESDAY}T03" in page.url
        again(page, lambda: page.click("#at-now"))
        assert "at=" not in page.url


# ---- searching ----


def test_a_station_that_is_searched_shows_its_card_with_the_way(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        page.fill("#q", "夜班")
        page.click("#hits button >> nth=0")
        page.wait_for_selector(ANSWERED, state="attached")
        assert names(page) == ["夜班驿站"]
        assert page.locator(".time").count() == 0  # nobody knows where we are
        ask(page)
        page.fill("#q", "yeban")
        page.wait_for_selector("#hits button")
        again(page, lambda: page.click("#hits button >> nth=0"))
        assert names(page) == ["夜班驿站"]
        assert "分钟" in page.locator(".time").inner_text()


def test_a_district_that_is_searched_lists_its_stations_open_first(phone, site):
    regions = httpx.get(f"{site}/api/v1/dataset").json()["regions"]
    chosen = next(
        r
        for r in regions
        if httpx.get(f"{site}/api/v1/stations", params={"region": r["id"]}).json()["count"] > 2
    )
    found = httpx.get(f"{site}/api/v1/stations", params={"region": chosen["id"]}).json()
    with phone() as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        page.fill("#q", chosen["name"])
        page.keyboard.press("Enter")
        page.locator("#hits button", has_text="区县").first.click()
        page.wait_for_selector(ANSWERED, state="attached")
        assert chosen["name"] in page.locator("#answer h2").first.inner_text()
        assert f"共 {found['count']} 家" in page.locator("#answer").inner_text()
        states = page.locator(".card .state").evaluate_all("e => e.map(s => s.className)")
        closed = ["closed" in state for state in states]
        assert closed == sorted(closed)
        page.click("#filters summary")
        again(page, lambda: page.check("[name=need][value=swap]"))  # none swaps batteries
        assert page.locator(".card").count() == 0
        assert "一家也没有找到" in page.locator("#answer").inner_text()


def test_a_search_that_finds_nothing_says_so(phone):
    with phone() as seen:
        seen.page.fill("#q", "没有这个地方")
        seen.page.keyboard.press("Enter")
        until(seen.page, "document.querySelector('#status').textContent.includes('没有找到')")


# ---- faults 39 and 40: names ----


@pytest.mark.parametrize("number", range(4))
def test_fault_39_no_script_of_a_name_runs(phone, number):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        more = page.locator(".more")
        if more.count():
            more.first.click()
        assert VECTORS[number] in names(page)
        assert page.locator("iframe, #answer img, #answer [onload]").count() == 0
        card = page.locator(".card", has=page.get_by_text(VECTORS[number], exact=True)).first
        card.locator(".route").click()
        page.wait_for_selector("html[data-way]", state="attached")
        assert VECTORS[number][:20] in page.locator(".caption").inner_text()
        page.fill("#q", VECTORS[number][:20])
        page.wait_for_selector("#hits button, #status:not(:empty)")
        assert page.locator("iframe, main img:not(.leaflet-tile)").count() == 0


def test_fault_40_names_of_all_sorts_look_right(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        if page.locator(".more").count():
            page.locator(".more").first.click()
        shown = names(page)
        assert "㐂𠮷驿站🏠 abc" in shown  # without the mark that turns the direction
        assert SIXTY in shown
        assert LONG[:79] + "…" in shown
        assert upright(page)
        widest = page.locator(".name").evaluate_all("e => Math.max(...e.map(n => n.scrollWidth))")
        assert widest <= 328


# ---- schemes 12 and 38: a position that is handed over, and where it may never be ----


def traces(town):
    """The position as a grep would look for it: both datums, exact and rounded."""
    pairs = [(town.lon, town.lat), tuple(float(v[0]) for v in shifted(town))]
    texts = [f"{value:.{digits}f}" for pair in pairs for value in pair for digits in (3, 4)]
    return [*texts, "11[0-9]\\.[0-9]{3,}"]


def shifted(town):
    return from_wgs84(np.array([town.lon]), np.array([town.lat]), "gcj02")


def everything_kept(page):
    """All that the browser stores for our origin, as one text."""
    return page.evaluate(
        """async () => { const out = [JSON.stringify(localStorage), JSON.stringify(sessionStorage),
            document.cookie, window.name, location.href, JSON.stringify(history.state)];
            for (const name of await caches.keys()) { const cache = await caches.open(name);
                for (const key of await cache.keys()) out.push(key.url); }
            for (const base of await indexedDB.databases()) out.push(base.name);
            return out.join('\\n'); }"""
    )


def test_scheme_12_a_mini_program_hands_its_position_over_in_the_fragment(browser, site, town):
    lon, lat = (float(v[0]) for v in shifted(town))
    address = f"{site}/?lang=zh&at={NOON}#lon={lon:.6f}&lat={lat:.6f}&datum=gcj02"
    with opened(browser, address, PHONE, ANSWERED) as seen:
        page = seen.page
        assert page.url == f"{site}/?lang=zh&at={NOON}"
        assert names(page)[0] == "门口驿站"
        assert "小程序" in page.locator("#answer").inner_text()
        there = httpx.post(
            f"{site}/api/v1/nearest",
            json={
                "lon": round(lon, 3),
                "lat": round(lat, 3),
                "datum": "gcj02",
                "at": NOON,
                "k": 10,
            },
        )
        assert len(there.content) < 50_000
        assert "set-cookie" not in there.headers
        ids = [s["id"] for s in there.json()["stations"]][:5]
        assert page.locator(".card").first.get_attribute("data-station") == ids[0]
        page.click(".route >> nth=1")
        page.wait_for_selector("html[data-way=drawn]", state="attached")
        until(page, "document.querySelectorAll('.me').length === 1")
        far = page.evaluate(  # the shift between the datums is undone on our map
            """([lon, lat]) => { const box = document.querySelector('.me').getBoundingClientRect(),
                end = document.querySelector('path.way').getBoundingClientRect();
                const x = box.x + box.width / 2, y = box.y + box.height / 2;
                return Math.max(end.left - x, x - end.right, end.top - y, y - end.bottom); }""",
            [town.lon, town.lat],
        )
        assert far < 60
        page.evaluate(
            "([x, y]) => { location.hash = `lon=${x}&lat=${y}&datum=gcj02`; }", [lon + 0.002, lat]
        )
        until(page, "location.hash === ''")
        assert page.context.cookies() == []
        assert not [url for url in seen.asked if f"{lon:.3f}" in url.split("#")[0]]


@pytest.mark.parametrize("form", ["query", "fragment"])
def test_scheme_38_a_position_leaves_no_trace(browser, site, town, log, form):
    log.seek(0)
    log.truncate()
    pair = f"lon={town.lon:.6f}&lat={town.lat:.6f}&datum=wgs84"
    address = f"{site}/?{pair}&lang=en" if form == "query" else f"{site}/?lang=en#{pair}"
    with opened(browser, address, PHONE, ANSWERED, service_workers="allow") as seen:
        page = seen.page
        assert page.url == f"{site}/?lang=en"
        until(page, "typeof unionOffline === 'object'")
        page.evaluate("unionOffline.ready()")
        page.wait_for_load_state("networkidle")
        page.reload()
        page.wait_for_selector("html[data-ready]", state="attached")
        assert page.locator(".card").count() == 0
        kept = everything_kept(page)
        later = "\n".join(url.split("#")[0] for url in seen.asked[1:])
        lines = without_times(log.getvalue())
        assert '"route":"/api/v1/nearest"' in lines
        for trace in traces(town):
            for text in (kept, later, lines):
                assert not re.search(trace if "[" in trace else re.escape(trace), text)
    with httpx.Client() as client:
        answer = client.get(f"{site}/?{pair}")
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


def test_a_position_that_makes_no_sense_is_told(browser, site):
    with opened(browser, f"{site}/?lon=abc&lat=28.6&lang=zh", PHONE, ".notice") as seen:
        assert "看不懂" in seen.page.locator(".notice").inner_text()
        assert seen.page.url == f"{site}/?lang=zh"


def test_typed_coordinates_are_taken_and_nonsense_is_refused(browser, site, town):
    with opened(browser, f"{site}/?at={NOON}", PHONE) as seen:
        page = seen.page
        page.click("#typed summary")
        page.fill("[name=lon]", "nowhere")
        page.fill("[name=lat]", "28.67")
        page.click("#coords button")
        assert "请填经度和纬度" in page.locator("#status").inner_text()
        page.fill("[name=lon]", f"{town.lon:.5f}")
        page.fill("[name=lat]", f"{town.lat:.5f}")
        page.click("#coords button")
        page.wait_for_selector(ANSWERED, state="attached")
        assert names(page)[0] == "门口驿站"
        assert f"{town.lon:.3f}" not in page.url


def test_swapped_coordinates_are_refused_in_plain_words(browser, site, town):
    with opened(browser, f"{site}/", PHONE) as seen:
        page = seen.page
        page.click("#typed summary")
        page.fill("[name=lon]", f"{town.lat:.5f}")
        page.fill("[name=lat]", "89.9")
        page.click("#coords button")
        until(page, "document.querySelector('#status').textContent.includes('请填经度和纬度')")
        seen.forgive("422")


def test_what_the_keyboard_stood_on_is_followed_by_the_answer(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        page.click("#filters summary")
        again(page, lambda: page.check("[name=need][value=swap]"))
        page.locator("#answer button.strong").focus()
        again(page, lambda: page.keyboard.press("Enter"))
        assert page.evaluate("document.activeElement.id") == "answer"


def test_outside_the_data_it_says_so_and_gives_the_hotline(phone):
    with phone(geolocation={"longitude": 2.35, "latitude": 48.85}) as seen:
        ask(seen.page)
        text = seen.page.locator("#answer").inner_text()
        assert "不在我们的数据范围里" in text
        assert "12351" in text


# ---- scheme 27: reports ----


def test_scheme_27_a_report_goes_to_the_union_with_thanks_and_a_limit(browser, town, tmp_path):
    strict = patient(data=town.folder, records=tmp_path / "r.sqlite", reports_per_client=2)
    where = {"geolocation": town.here, "permissions": ["geolocation"]}
    with (
        served(create_app(strict)) as site,
        opened(browser, f"{site}/?at={NOON}", PHONE, **where) as seen,
    ):
        page = seen.page
        sent = bodies(page)
        ask(page)
        for i, (problem, words) in enumerate(
            [("locked", "谢谢"), ("other", "谢谢"), ("gone", "报得够多了")]
        ):
            card = page.locator(".card").nth(i)
            card.locator(".report summary").click()
            card.locator("button[type=submit]").click()
            assert "先选一项" in card.locator(".said").inner_text()
            assert small_targets(page) == []
            card.locator(f"input[value={problem}]").check()
            card.locator("textarea").fill("门口贴了纸条")
            card.locator("button[type=submit]").click()
            card.locator(".said", has_text=words).wait_for()
            assert sent[-1] == {
                "station": card.get_attribute("data-station"),
                "problem": problem,
                "note": "门口贴了纸条",
                "lang": "zh",
            }
        seen.forgive("429")


def test_scheme_27_a_report_without_a_network_can_be_sent_again(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        card = page.locator(".card").first
        card.locator(".report summary").click()
        card.locator("input[value=no_water]").check()
        seen.lose_signal()
        card.locator("button[type=submit]").click()
        card.locator(".said", has_text="没有网络").wait_for()
        assert card.locator("button[type=submit]").is_enabled()
        assert card.locator("input[value=no_water]").is_checked()


# ---- everybody ----


def test_everything_can_be_done_with_the_keyboard(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "locate":
                break
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"
        page.keyboard.press("Enter")
        page.wait_for_selector(ANSWERED, state="attached")
        page.locator("#answer .route").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("html[data-way]", state="attached")
        page.locator("#map .pin-box").first.focus()
        page.keyboard.press("Enter")
        page.locator("#mapbox button", has_text="收起地图").focus()
        page.keyboard.press("Space")
        assert page.locator("#mapbox").is_hidden()


@pytest.mark.parametrize("width", [320, 180])
def test_page_reflows_at_double_size(phone, width):
    """A phone of 360 px at 200 % is 180 px wide; WCAG asks for 320."""
    with phone(f"?lang=en&at={NOON}", {"width": width, "height": 370}) as seen:
        assert upright(seen.page)
        ask(seen.page)
        assert upright(seen.page)


def test_print_shows_the_list_and_no_buttons(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        page.emulate_media(media="print")
        assert page.locator(".card .name").first.is_visible()
        assert page.locator("#locate").is_hidden()
        assert page.locator(".navigate").first.is_hidden()
        assert page.locator(".report").first.is_hidden()
        page.emulate_media(media="screen")


def test_reduced_motion_moves_nothing(phone):
    with phone(f"?at={NOON}", reduced_motion="reduce") as seen:
        ask(seen.page)
        seen.page.click("text=看地图")
        seen.page.wait_for_selector("html[data-map]", state="attached")
        assert seen.page.evaluate("document.getAnimations().length") == 0


def test_wechat_offers_no_link_that_it_cannot_open(phone):
    agent = (
        "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/107.0 Mobile Safari/537.36 MicroMessenger/8.0.40"
    )
    with phone(f"?at={NOON}", user_agent=agent) as seen:
        ask(seen.page)
        assert seen.page.locator(".card").first.locator(".links a").count() == 4
        assert seen.page.locator("a[href^='geo:']").count() == 0


def test_after_a_while_away_it_asks_to_be_located_again(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        ask(page)
        page.evaluate(
            """() => { const away = hidden => { Object.defineProperty(document, 'hidden',
                {value: hidden, configurable: true});
                document.dispatchEvent(new Event('visibilitychange')); };
            const now = Date.now; away(true); Date.now = () => now() + 6e5; away(false);
            Date.now = now; delete document.hidden; }"""
        )
        assert "换了地方" in page.locator(".notice").inner_text()
        again(page, lambda: page.click(".notice button"))
        assert page.locator(".notice").count() == 0


def test_a_busy_server_is_told_and_asked_again(phone):
    with phone(f"?at={NOON}") as seen:
        page = seen.page
        page.wait_for_selector(LEARNED, state="attached")
        answer = SimpleNamespace(status=503)
        page.route(
            "**/api/v1/nearest",
            lambda route: (
                route.fulfill(status=503, body="{}") if answer.status else route.continue_()
            ),
        )
        page.click("#locate")
        page.wait_for_selector(".notice")
        assert "问的人太多" in page.locator(".notice").inner_text()
        answer.status = 0
        page.click(".notice button")
        page.wait_for_selector(ANSWERED, state="attached")
        seen.forgive("503")


def test_words_exist_in_both_languages(site):
    html = httpx.get(f"{site}/").text
    words = json.loads(re.search(r'id="words">(.*?)</script>', html, re.DOTALL)[1])
    zh, en = words["text"]["zh"], words["text"]["en"]
    assert set(zh) == set(en)
    for key in zh:
        marks = [set(re.findall(r"\{\w+\}", text[key])) for text in (zh, en)]
        assert marks[0] == marks[1] or key == "on_day", key
