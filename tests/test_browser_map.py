"""The pages in a real browser: faults 39, 40 and 52, and what a reader does with a map."""

import csv
import io
import json
from dataclasses import replace

import httpx
import numpy as np
import pytest

from geodata.datum import from_wgs84
from geodata.sample import write_demo
from tests.browsing import DESKTOP, PHONE, READY, opened, patient, served, until
from tests.mapdata import city
from web.app import create_app
from web.map_code import encode
from web.map_data import Page
from web.maps import coverage_map
from web.prepare import PrepareRequest, prepare

pytestmark = pytest.mark.browser

VECTORS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "\"><svg onload=window.hit=1>'`${window.hit=1}`",
    "</script><iframe srcdoc='<script>parent.hit=1</script>'>",
]
RARE = "㐂𠮷驿站🏠\u202eabc"
LONG = "很长的名字" * 2_000


def hostile_rows(text):
    """The demo's stations, with what strangers wrote in the first rows."""
    rows = list(csv.DictReader(io.StringIO(text)))
    counted = [r for r in rows if r["类型"] == "工会驿站" and r["状态"] == "开放"]
    for row, vector in zip(counted, VECTORS, strict=False):
        row |= {"名称": vector, "地址": vector, "联系电话": vector, "开放时间": vector}
        row["进入方式"] = "免费开放"
    counted[4]["名称"], counted[5]["名称"] = RARE, LONG
    return rows


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A small demo city, prepared from its files, with hostile names."""
    folder = tmp_path_factory.mktemp("hostile")
    files = write_demo(folder / "in", size="small")
    rows = hostile_rows(files["stations"].read_text("utf-8-sig"))
    with files["stations"].open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    shapes = json.loads(files["regions"].read_text("utf-8"))
    for feature, vector in zip(shapes["features"], VECTORS, strict=False):
        feature["properties"]["name"] = vector
    files["regions"].write_text(json.dumps(shapes), "utf-8")
    prepare(
        PrepareRequest(
            streets=[files["streets"]],
            stations=files["stations"],
            homes=files["homes"],
            regions=files["regions"],
            out=folder / "out",
            modes=["walk"],
            name="云江市",
        )
    )
    return folder / "out"


@pytest.fixture(scope="module")
def site(dataset):
    """The address of the service that serves it."""
    with served(create_app(patient(data=dataset))) as address:
        yield address


@pytest.fixture(scope="module")
def offline_file(tmp_path_factory, dataset):
    """What `locator map` writes."""
    from typer.testing import CliRunner

    from web.cli import app

    path = tmp_path_factory.mktemp("file") / "map.html"
    done = CliRunner().invoke(app, ["map", "--data", str(dataset), "--out", str(path)])
    assert done.exit_code == 0, done.output
    return path.as_uri()


PAINTED = """pane => {
    let n = 0;
    for (const canvas of document.querySelectorAll('.leaflet-' + pane + '-pane canvas')) {
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 3; i < pixels.length; i += 4) n += pixels[i] > 0;
    }
    return n; }"""


def until_painted(page, pane, least):
    """Wait until more pixels of a pane's canvas than that are not empty."""
    until(page, f"([pane, least]) => ({PAINTED})(pane) > least", [pane, least])


# ---- fault 52: everything from our own host ----


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_fault_52_the_map_asks_only_its_own_host(browser, site, size, lang):
    with opened(browser, f"{site}/map?lang={lang}", size) as seen:
        page = seen.page
        assert page.locator(".leaflet-marker-icon").count() > 0
        for pane in ("um-gaps", "um-covered", "um-streets"):
            until_painted(page, pane, 500)
        page.locator(".leaflet-control-zoom-in").click()
        assert seen.hosts == {"127.0.0.1"}
        seen.assert_calm()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_fault_52_the_file_opens_without_any_network(browser, offline_file):
    with opened(browser, offline_file, offline=True) as seen:
        until_painted(seen.page, "um-gaps", 500)
        assert [url for url in seen.asked if not url.startswith(("file:", "data:"))] == []
        assert len([url for url in seen.asked if url.startswith("file:")]) == 1
        seen.assert_calm()


# ---- fault 39: sixteen cases ----


def in_popup(page, vector):
    page.evaluate(
        """name => { const app = unionMap.app, s = app.stations.find(s => s.name === name);
            app.map.setView(s.at, 17, {animate: false}); s.marker.openPopup(); }""",
        vector,
    )
    assert page.locator(".um-popup h3").inner_text() == vector
    assert vector in page.locator(".um-popup dl").inner_text()


def in_search(page, vector):
    page.fill("#um-search", vector)
    assert vector in page.locator("#um-found").inner_text()
    page.keyboard.press("Enter")  # the district of that name comes first
    assert page.locator(".um-region b", has_text=vector).count() == 1


def in_gap(page, vector):
    page.evaluate(
        """name => { const gap = unionMap.app.gaps.find(
                g => g.region === name && g.pieces.length);
            unionMap.openGap(unionMap.app, gap); }""",
        vector,
    )
    assert vector in page.locator(".um-popup h3").inner_text()


def close_popup(page):
    """Close what is open, and wait until it has faded away."""
    page.evaluate("unionMap.app.map.closePopup()")
    until(page, "!document.querySelector('.leaflet-popup')")


@pytest.mark.parametrize("place", [in_popup, in_search, in_gap], ids=["popup", "search", "gap"])
def test_fault_39_no_script_of_a_name_runs_on_the_map(browser, site, place):
    with opened(browser, f"{site}/map", axe=False) as seen:
        for vector in VECTORS:
            place(seen.page, vector)
            seen.page.locator(".leaflet-marker-icon").first.wait_for()
            strange = "iframe, .um-popup img, #um-found img, svg[onload]"
            assert seen.page.locator(strange).count() == 0
            seen.assert_calm()
            seen.assert_accessible()
            close_popup(seen.page)


def test_fault_39_no_script_of_a_name_runs_in_the_file(browser, offline_file):
    with opened(browser, offline_file, axe=False) as seen:
        for vector in VECTORS:
            in_popup(seen.page, vector)
            assert seen.page.locator("iframe").count() == 0
            seen.assert_calm()
            seen.assert_accessible()
            close_popup(seen.page)


# ---- fault 40: names of all sorts ----


def test_fault_40_rare_characters_are_kept_and_long_names_limited(browser, site):
    with opened(browser, f"{site}/map", PHONE) as seen:
        names = seen.page.evaluate("unionMap.app.stations.map(s => s.name)")
        assert "㐂𠮷驿站🏠 abc" in names  # without the mark that turns the direction
        limited = next(name for name in names if name.startswith("很长的名字"))
        assert limited == (LONG[:79] + "…")
        seen.page.evaluate(
            """() => { const app = unionMap.app;
                const s = app.stations.find(s => s.name.startsWith('很长'));
                app.map.setView(s.at, 17, {animate: false}); s.marker.openPopup(); }"""
        )
        box = seen.page.locator(".um-popup").bounding_box()
        assert box["width"] <= 320.5
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        seen.assert_calm()


# ---- what a reader does ----


@pytest.fixture
def alone(tmp_path):
    """Write a made-up map to a file and return its address."""

    def write(**changes):
        page = Page(self_contained=True, **changes)
        path = tmp_path / "map.html"
        path.write_text(coverage_map(city(page=page)), "utf-8")
        return path.as_uri()

    return write


def test_search_finds_every_station_and_district(browser, alone):
    with opened(browser, alone()) as seen:
        request = city()
        for name in [*request.stations["name"], *request.regions["name"]]:
            seen.page.fill("#um-search", name)
            first = seen.page.locator("#um-found [role=option] span").first
            assert first.inner_text() == name
        seen.page.fill("#um-search", "没有这个地方")
        assert "没有找到" in seen.page.locator("#um-found").inner_text()
        seen.assert_calm()


def test_search_leads_to_the_popup_with_hours_state_and_facilities(browser, alone):
    with opened(browser, alone()) as seen:
        page, row = seen.page, city().stations.iloc[0]
        page.fill("#um-search", row["name"])
        page.keyboard.press("Enter")
        page.locator(".um-popup").wait_for()
        text = page.locator(".um-popup").inner_text()
        assert row["name"] in text
        assert row["opening_hours_text"] in text
        assert row["address"] in text
        assert row["phone"] in text
        assert {0: "未营业", 1: "营业中", 2: "时间不明"}[row["state"]] in text
        assert "从我的位置要多久" in text
        links = page.locator(".um-nav a").evaluate_all("a => a.map(a => [a.href, a.target, a.rel])")
        assert len(links) == 4
        assert all(rel == "noopener noreferrer" and to == "_blank" for _, to, rel in links)
        lon, lat = from_wgs84(np.array([row["lon"]]), np.array([row["lat"]]), "gcj02")
        to = links[0][0].split("to=")[1].split(",")
        assert abs(float(to[0]) - lon[0]) < 2e-6
        assert abs(float(to[1]) - lat[0]) < 2e-6


def test_states_of_stations_are_told_in_words(browser, alone):
    with opened(browser, alone()) as seen:
        said = seen.page.evaluate("unionMap.app.stations.map(s => s.status ? 'inactive' : s.state)")
        table = city().stations
        wanted = np.array(["closed", "open", "unknown"], object)[table["state"]]
        wanted[table["status"] != "open"] = "inactive"
        assert said == wanted.tolist()


def test_every_layer_can_be_switched_off_and_on(browser, alone):
    with opened(browser, alone()) as seen:
        panes = ("um-gaps", "um-covered", "um-regions", "um-streets")
        for layer, pane in enumerate(panes, 1):
            box = seen.page.locator("#um-layers input").nth(layer)
            until_painted(seen.page, pane, 100)
            box.uncheck()
            until(seen.page, f"pane => ({PAINTED})(pane) === 0", pane)
            box.check()
            until_painted(seen.page, pane, 100)
            seen.assert_calm()


def test_switching_stations_off_takes_their_markers_away(browser, alone):
    with opened(browser, alone()) as seen:
        box = seen.page.locator("#um-layers input").first
        box.uncheck()
        until(seen.page, "!document.querySelector('.um-marker, .um-cluster')")
        box.check()
        until(seen.page, "!!document.querySelector('.um-marker, .um-cluster')")


def test_the_numbers_on_clusters_add_up_to_the_table(browser, alone):
    with opened(browser, alone()) as seen:
        seen.page.evaluate(
            "unionMap.app.map.setView(unionMap.app.box.getCenter(), 11, {animate:false})"
        )
        clusters = seen.page.locator(".um-cluster span").all_inner_texts()
        single = seen.page.locator(".um-marker").count()
        assert sum(map(int, clusters)) + single == len(city().stations)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_legend_states_the_parameters_and_what_is_left_out(browser, alone, lang):
    with opened(browser, alone(lang=lang)) as seen:
        text = seen.page.locator("#um-legend").inner_text()
        words = {
            "zh": [
                "步行",
                "15 分钟",
                "热饭",
                "2026年11月22日 20:00",
                "无数据",
                "街道已全部画出",
                "审图号",
            ],
            "en": [
                "on foot",
                "15 minutes",
                "hot meal",
                "2026-11-22 20:00",
                "no data",
                "All streets",
                "审图号",
            ],
        }[lang]
        assert [word for word in words if word not in text] == []
        attribution = seen.page.locator(".leaflet-control-attribution")
        assert "OpenStreetMap" in attribution.inner_text()
        assert "2026-11-01" in attribution.inner_text()
        assert attribution.locator("svg").count() == 0  # no flag
        assert seen.page.locator(".leaflet-control-scale-line").inner_text().endswith(("km", "m"))


def test_a_gap_tells_its_cause_size_and_the_way_to_the_nearest_station(browser, alone):
    with opened(browser, alone()) as seen:
        seen.page.locator("#um-gap-list button").first.click()
        text = seen.page.locator(".um-popup").inner_text()
        biggest = city().gaps.sort_values("workers").iloc[-1]
        assert f"{biggest['workers']:,.0f} 人" in text
        assert f"{biggest['area_km2']:g} 平方公里" in text
        assert f"{-(-biggest['nearest_seconds'] // 60):.0f} 分钟" in text


def test_a_click_on_a_gap_opens_it_and_covered_ground_says_nothing(browser, alone):
    with opened(browser, alone()) as seen:
        page = seen.page
        spot = page.evaluate(
            """() => { const app = unionMap.app, gap = app.gaps[0];
                app.map.fitBounds(unionMap.boundsOf(gap), {animate: false});
                const p = app.map.latLngToContainerPoint(unionMap.insideOf(gap));
                return [p.x, p.y]; }"""
        )
        page.mouse.click(*spot)
        page.locator(".um-popup h3").wait_for()
        assert page.locator(".um-popup h3").count() == 1


def test_phone_folds_the_legend_and_every_target_is_large_enough(browser, alone):
    with opened(browser, alone(), PHONE, has_touch=True) as seen:
        page = seen.page
        assert page.locator("#um-body").is_hidden()
        page.tap("#um-toggle")
        assert page.locator("#um-body").is_visible()
        small = page.locator(
            "#um-toggle, #um-search, #um-layers label, #um-gap-list button, "
            ".leaflet-control-zoom a, "
            ".um-locate button, .um-marker, .um-cluster"
        ).evaluate_all(
            "all => all.map(e => e.getBoundingClientRect())"
            ".filter(r => r.width && r.height < 43.5).length"
        )
        assert small == 0
        page.tap("#um-toggle")
        page.evaluate("""() => { const s = unionMap.app.stations[0];
            unionMap.app.map.setView(s.at, 16, {animate: false}); s.marker.openPopup(); }""")
        targets = page.locator(".um-popup button, .um-nav a, .leaflet-popup-close-button")
        sizes = targets.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
        assert min(sizes) >= 43.5  # less the rounding of a page moved by part of a pixel
        until(  # the map moves until all of it can be seen
            page,
            """() => { const b = document.querySelector('.leaflet-popup').getBoundingClientRect();
                return b.left >= -0.5 && b.right <= innerWidth + 0.5; }""",
        )


def test_keyboard_reaches_a_station_and_shows_where_it_is(browser, alone):
    with opened(browser, alone()) as seen:
        page = seen.page
        page.evaluate("unionMap.app.map.setView(unionMap.app.stations[0].at, 16, {animate: false})")
        marker = page.locator(f".um-marker[title='{city().stations['name'][0]}']")
        marker.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        assert marker.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
        page.keyboard.press("Enter")
        page.locator(".um-popup").wait_for()


def test_minutes_from_where_one_stands_are_those_of_the_service(browser, site):
    here = {"longitude": 115.8923, "latitude": 28.6797}
    ask = {"lon": here["longitude"], "lat": here["latitude"], "k": 50, "open": "any", "minutes": 15}
    reached = httpx.post(f"{site}/api/v1/nearest", json=ask).json()["stations"]
    best = reached[0]
    open_in_time = any(s["open"]["on_arrival"] and s["seconds"] <= 900 for s in reached)
    with opened(browser, f"{site}/map", geolocation=here, permissions=["geolocation"]) as seen:
        page = seen.page
        page.click(".um-locate button")
        until(page, "!!unionMap.app.answered")
        told = page.locator("#um-toast").text_content()  # which is taken away after a while
        page.evaluate(
            "id => { const s = unionMap.app.stations.find(s => s.id === id); "
            "unionMap.app.map.setView(s.at, 17, {animate: false}); s.marker.openPopup(); }",
            best["id"],
        )
        minutes = -(-best["seconds"] // 60)
        assert ("12351" in told) == (not open_in_time)
        assert f"步行 {minutes:.0f} 分钟" in page.locator(".um-minutes").inner_text()
        assert seen.hosts == {"127.0.0.1"}
        assert not [url for url in seen.asked if "115.89" in url]
        seen.assert_calm()


def test_minutes_in_a_file_are_a_lower_bound_and_say_so(browser, alone):
    here = {"longitude": 115.89, "latitude": 28.69}
    with opened(browser, alone(), geolocation=here) as seen:
        page = seen.page
        page.evaluate(
            """() => { const app = unionMap.app; app.me = {wgs: [28.69, 115.89]};
                app.map.setView(app.stations[0].at, 16, {animate: false});
                app.stations[0].marker.openPopup(); }"""
        )
        assert "至少" in page.locator(".um-minutes").inner_text()


def test_refused_position_is_explained(browser, site):
    with opened(browser, f"{site}/map", permissions=[]) as seen:
        seen.page.click(".um-locate button")
        until(
            seen.page,
            "document.getElementById('um-toast').textContent.includes('定位') && "
            "!document.getElementById('um-toast').textContent.includes('正在')",
        )


def test_form_asks_for_another_map_and_keeps_the_language(browser, site):
    with opened(browser, f"{site}/map?lang=en") as seen:
        page = seen.page
        page.click(".um-form summary")
        page.fill("[name=minutes]", "20")
        with page.expect_navigation():
            page.click(".um-form button")
        page.wait_for_selector(READY, state="attached")
        assert page.url.endswith("lang=en&mode=walk&minutes=20")
        assert "20 minutes" in page.locator(".um-rows").last.inner_text()
        seen.assert_calm()


def test_amap_draws_the_stations_shifted_and_its_tiles_only(browser, alone):
    amap = {f"webrd0{n}.is.autonavi.com" for n in range(1, 5)}
    with opened(browser, alone(base="amap"), hosts=amap) as seen:
        table = city().stations
        lon, lat = from_wgs84(table["lon"].to_numpy(), table["lat"].to_numpy(), "gcj02")
        drawn = np.array(
            seen.page.evaluate(
                "unionMap.app.stations.map(s => s.marker.getLatLng()).map(p => [p.lng, p.lat])"
            )
        )
        assert np.abs(drawn - np.column_stack([lon, lat])).max() < 2e-6
        seen.forgive("ERR_FAILED")  # they are out of reach
        assert seen.hosts & amap


def test_script_shifts_and_reads_as_python_does(browser, alone):
    draw = np.random.default_rng(3)
    lon, lat = draw.uniform(103, 115, 200), draw.uniform(25, 38, 200)
    numbers = [*draw.integers(-(2**40), 2**40, 200).tolist(), 0, -1, 2**45]
    with opened(browser, alone()) as seen:
        there = np.array(
            seen.page.evaluate(
                "([x, y]) => x.map((v, i) => unionMap.toGcj02(v, y[i]))",
                [lon.tolist(), lat.tolist()],
            )
        )
        assert seen.page.evaluate("t => unionMap.decode(t)", encode(numbers)) == numbers
    assert np.abs(there - np.column_stack(from_wgs84(lon, lat, "gcj02"))).max() < 1e-9


def test_map_of_nothing_opens(browser, tmp_path):
    request = city(page=Page(self_contained=True))
    bare = replace(
        request, stations=request.stations.iloc[:0], gaps=request.gaps.iloc[:0], summary={}
    )
    path = tmp_path / "map.html"
    path.write_text(coverage_map(bare), "utf-8")
    with opened(browser, path.as_uri()) as seen:
        seen.assert_calm()
