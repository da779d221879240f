"""Our own base map in a browser, and maps in the dark, on paper, enlarged and inside articles."""

import gzip
import re
from dataclasses import replace
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pytest
from shapely.geometry import LineString, Point, Polygon

from tests.browsing import DESKTOP, PHONE, READY, by_schemes, opened, patient, served, until
from tests.mapdata import LABELS, city, stations
from web.app import create_app
from web.map_data import Page
from web.maps import coverage_map

pytestmark = pytest.mark.browser

TILED = "html[data-tiles]"
SHARE_PAINTED = """pane => {
    let n = 0, all = 0;
    for (const canvas of document.querySelectorAll('.leaflet-' + pane + '-pane canvas')) {
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 3; i < pixels.length; i += 4) { n += pixels[i] > 0; all += 1; }
    }
    return n / all; }"""


@pytest.fixture(scope="module")
def site(demo_dataset):
    """The address of a service with a small demo city and its base map."""
    with served(create_app(patient(data=demo_dataset))) as address:
        yield address


# ---- the reader of vector tiles ----


def read_in(page, data):
    """A tile as the page's reader reads it: layers by name, features as (type, parts, facts)."""
    found = page.evaluate("bytes => unionBasemap.decode(new Uint8Array(bytes))", list(data))
    return {
        name: (
            layer["extent"],
            [(f["type"], f["parts"], f["properties"]) for f in layer["features"]],
        )
        for name, layer in found.items()
    }


def expected(data):
    """The same by ``mapbox_vector_tile``."""
    layers = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    return {
        name: (layer["extent"], [feature(f) for f in layer["features"]])
        for name, layer in layers.items()
    }


def feature(found):
    shape = found["geometry"]
    depth = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2}
    depth |= {"Polygon": 2, "MultiPolygon": 3}
    parts = shape["coordinates"]
    if shape["type"] == "MultiPolygon":
        parts = [ring for polygon in parts for ring in polygon]
    elif depth[shape["type"]] == 0:
        parts = [[parts]]
    elif shape["type"] == "MultiPoint":
        parts = [[point] for point in parts]
    elif depth[shape["type"]] == 1:
        parts = [parts]
    kind = {"P": 1, "L": 2}[shape["type"].removeprefix("Multi")[0]]
    kind = 3 if "Polygon" in shape["type"] else kind
    return kind, [[v for xy in part for v in xy] for part in parts], found["properties"]


def test_reader_agrees_with_the_library_on_shapes_and_values(browser, site):
    draw = np.random.default_rng(5)
    facts = {
        "name": "沿江中大道 🏠",
        "level": 3,
        "low": -17,
        "big": 2**40,
        "half": 0.5,
        "yes": True,
    }
    lines = [
        {"geometry": LineString(draw.integers(-100, 4200, (n, 2))), "properties": facts}
        for n in (2, 3, 40)
    ]
    ring = Polygon([(0, 0), (0, 900), (900, 900), (900, 0)], [[(9, 9), (90, 9), (9, 90)]])
    data = mapbox_vector_tile.encode(
        [
            {"name": "roads", "features": lines},
            {"name": "water", "features": [{"geometry": ring, "properties": {}}]},
            {"name": "places", "features": [{"geometry": Point(5, 7), "properties": {"rank": 1}}]},
        ],
        default_options={"y_coord_down": True},
    )
    with opened(browser, f"{site}/map", ready=TILED) as seen:
        assert read_in(seen.page, data) == expected(data)
        assert read_in(seen.page, b"") == {}
        tried = seen.page.evaluate(  # whatever is broken is refused or read, never endless
            """bytes => { let tried = 0;
                for (let cut = 1; cut < bytes.length; cut += 7, tried += 1) {
                    try { unionBasemap.decode(new Uint8Array(bytes.slice(0, cut))); }
                    catch (e) {} }
                return tried; }""",
            list(data),
        )
        assert tried == len(range(1, len(data), 7)) > 20


def test_reader_agrees_with_the_library_on_every_tile_of_the_first_view(browser, site):
    tiles = []
    with opened(browser, "about:blank", ready="") as seen:
        seen.page.on(
            "response",
            lambda answer: tiles.append(answer) if "/tiles/" in answer.url else None,
        )
        seen.page.goto(f"{site}/map")
        seen.page.wait_for_selector(TILED, state="attached")
        bodies = [tile.body() for tile in tiles if tile.status == 200]
        assert bodies
        for body in bodies:
            data = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            assert read_in(seen.page, data) == expected(data)


# ---- drawing ----


def show(page, zoom, station=0):
    """Look at a station from a zoom, and wait until its tiles and names are drawn."""
    page.evaluate(
        """([zoom, i]) => { const app = unionMap.app;
            app.map.setView(app.stations[i].at, zoom, {animate: false}); }""",
        [zoom, station],
    )
    until(page, "!unionMap.app.base.isLoading() && !unionMap.app.base._waiting")


def test_streets_are_drawn_at_every_zoom(browser, site):
    with opened(browser, f"{site}/map", ready=TILED, device_scale_factor=2) as seen:
        page = seen.page
        for zoom in (6, 9, 13, 15, 17, 18, 19):
            page.evaluate(
                "document.querySelectorAll('canvas').forEach(c => { c.dataset.old = ''; })"
            )
            show(page, zoom)
            until(page, f"pane => ({SHARE_PAINTED})(pane) > 0", "um-streets")
            assert page.evaluate("unionMap.app.base._tiles && unionMap.app.map.getZoom()") == zoom
            until(page, "!document.querySelector('.leaflet-um-streets-pane canvas[data-old]')")


def test_names_stand_beside_streets_and_never_twice_in_one_place(browser, site):
    with opened(browser, f"{site}/map", ready=TILED) as seen:
        show(seen.page, 16)
        named = seen.page.evaluate("unionMap.app.base.named")
        assert len(named) > 3
        for spots in named.values():
            xy = np.array(spots)
            apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
            assert apart[~np.eye(len(xy), dtype=bool)].min(initial=999) >= 80
        until(seen.page, f"pane => ({SHARE_PAINTED})(pane) > 0", "um-names")


def test_no_name_covers_another_or_a_station(browser, site):
    with opened(browser, f"{site}/map", ready=TILED) as seen:
        show(seen.page, 15)
        signs = seen.page.evaluate("unionMap.app.base.options.avoid()")
        boxes = np.array(seen.page.evaluate("unionMap.app.base.boxes"))
        assert len(boxes) > len(signs)
        owner = np.array(seen.page.evaluate("unionMap.app.base.owners"))
        far = np.abs(boxes[:, None, :2] - boxes[None, :, :2])
        clash = (far < boxes[:, None, 2:] + boxes[None, :, 2:]).all(axis=2)
        assert not clash[(owner[:, None] != owner) & (owner[:, None] >= 0)].any()


def test_a_tile_that_is_broken_or_missing_stays_empty(browser, site):
    with opened(browser, "about:blank", ready="") as seen:
        seen.page.route(
            "**/tiles/basemap/**",
            lambda route: route.fulfill(status=200, body=b"\x1a\xff\xff broken"),
        )
        seen.page.goto(f"{site}/map")
        seen.page.wait_for_selector(TILED, state="attached")
        assert seen.page.evaluate(SHARE_PAINTED, "um-streets") == 0
        assert seen.page.locator(".leaflet-marker-icon").count() > 0
        seen.assert_calm()


def test_tiles_that_are_not_needed_any_more_are_given_up(browser, site):
    with opened(browser, f"{site}/map", ready=TILED) as seen:
        held = []
        seen.page.route("**/tiles/basemap/**", lambda route: held.append(route) or None)
        seen.page.evaluate("unionMap.app.map.setZoom(17, {animate: false})")
        until(seen.page, "Object.values(unionMap.app.base._held).some(h => !h.tile)")
        seen.page.evaluate("unionMap.app.map.setZoom(11, {animate: false})")
        until(seen.page, "!Object.keys(unionMap.app.base._held).some(k => +k.split('/')[0] > 13)")
        for route in held:
            if "/15/" not in route.request.url:
                route.continue_()
        seen.assert_calm()


# ---- light and dark, paper, twice the size, keyboard ----


GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize(
    ("query", "scheme", "dark"),
    [("", "dark", True), ("", "light", False), ("?theme=dark", "light", True),
     ("?theme=light", "dark", False)],
)  # fmt: skip
def test_map_is_light_or_dark_as_the_device_or_the_address_says(browser, site, query, scheme, dark):
    with opened(browser, f"{site}/map{query}", DESKTOP, TILED, color_scheme=scheme) as seen:
        light = np.mean([int(v) for v in seen.page.evaluate(GROUND)[4:-1].split(",")])
        assert (light < 60) == dark
        assert seen.page.evaluate("unionMap.app.base.options.dark") == dark
        seen.assert_accessible()
        seen.page.set_viewport_size(PHONE)


def test_map_follows_the_device_from_light_to_dark(browser, site):
    with opened(browser, f"{site}/map", ready=TILED, color_scheme="light") as seen:
        before = seen.page.evaluate("unionMap.app.look.covered.fillColor")
        seen.page.emulate_media(color_scheme="dark")
        until(seen.page, "before => unionMap.app.look.covered.fillColor !== before", before)
        assert seen.page.evaluate("unionMap.app.base.options.dark")


#: Where the part of the map that is printed begins and ends on the sheet, and the sheet's width.
PRINTED = """() => {
    const map = document.querySelector('.folium-map'), box = map.getBoundingClientRect();
    const of = (name, value) => +(getComputedStyle(map).getPropertyValue(name) || value);
    const sheet = document.body.getBoundingClientRect(), cut = of('--um-left', 0);
    return [box.left + cut * of('--um-scale', 1) - sheet.left, box.right - sheet.left,
        sheet.width]; }"""


@pytest.mark.parametrize("path", ["/map", "/map?theme=dark", "/embed/map"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_print_has_the_map_with_its_streets_and_the_legend_and_no_controls(
    browser, site, path, size
):
    with opened(browser, f"{site}{path}", size, TILED) as seen:
        page = seen.page
        page.emulate_media(media="print")
        until(page, "!unionMap.app.dark")
        left, right, sheet = page.evaluate(PRINTED)
        assert sheet == pytest.approx(703, abs=1)  # A4 less 12 mm at each side
        assert -1 <= left < right <= sheet + 1
        assert right - left > 300
        assert page.locator("#um-body").is_visible()
        assert "15 分钟" in page.locator("#um-body").inner_text()
        assert "审图号" in page.locator("body").inner_text()
        order = [page.locator(part).bounding_box()["y"] for part in (".um-head", ".um-legend")]
        assert order == sorted(order)
        controls = ".leaflet-control-zoom, .um-locate, .um-search, #um-toggle, #um-layers input"
        assert not any(e.is_visible() for e in page.locator(controls).all())
        until(page, f"pane => ({SHARE_PAINTED})(pane) > 0", "um-streets")
        sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
        assert len(sheets) == 1
        page.emulate_media(media="screen")


def test_everything_is_reached_at_twice_the_size(browser, site):
    half = {"width": 683, "height": 384}  # 1366 x 768 enlarged to 200 %
    with opened(browser, f"{site}/map", half, TILED, device_scale_factor=2) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.click("#um-toggle")
        box = page.locator("#um-body").bounding_box()
        assert box["height"] > 60
        assert box["y"] + box["height"] <= 384.5
        page.locator(".um-sources").scroll_into_view_if_needed()
        assert page.locator(".um-sources").is_visible()


def test_keyboard_opens_a_popup_reads_it_and_comes_back(browser, site):
    with opened(browser, f"{site}/map", ready=TILED) as seen:
        page = seen.page
        show(page, 17)
        marker = page.locator(".um-marker").first
        name = marker.get_attribute("title")
        marker.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator(".um-popup").wait_for()
        focused = "[document.activeElement.getAttribute('role'), document.activeElement.ariaLabel]"
        assert page.evaluate(focused) == ["dialog", name]
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('.um-popup')")
        until(page, "name => document.activeElement.title === name", name)


# ---- inside an article ----


@pytest.fixture
def alone(tmp_path):
    """Write a made-up map to a file and return its address."""

    def write(request):
        path = Path(tmp_path) / "map.html"
        path.write_text(coverage_map(request), "utf-8")
        return path.as_uri()

    return write


def embedded(**changes):
    return Page(embed=True, self_contained=True, **changes)


def test_scheme_1_every_one_of_4200_stations_is_found_in_the_embed_and_counted(browser, alone):
    table = stations(4200, width=300_000.0)
    request = replace(city(page=embedded()), stations=table)
    with opened(browser, alone(request), {"width": 320, "height": 480}) as seen:
        page = seen.page
        numbers = page.locator(".um-cluster span").all_inner_texts()
        assert page.evaluate("unionMap.app.stations.length") == len(table)
        page.evaluate("unionMap.app.map.setView(unionMap.app.box.getCenter(), 5, {animate: false})")
        numbers = page.locator(".um-cluster span").all_inner_texts()
        single = page.locator(".um-marker").count()
        assert sum(int(n.replace(",", "")) for n in numbers) + single == len(table)
        found = page.evaluate(
            """names => { const input = document.getElementById('um-search');
                return names.map(name => { input.value = name;
                    input.dispatchEvent(new Event('input'));
                    const rows = document.querySelectorAll('#um-found [role=option] span');
                    return Array.from(rows).some(row => row.textContent === name); }); }""",
            table["name"].tolist(),
        )
        assert sum(found) == len(table)
        last = table.iloc[-1]
        page.fill("#um-search", last["name"])
        page.keyboard.press("Enter")
        page.locator(".um-popup").wait_for()
        assert last["name"] in page.locator(".um-popup").inner_text()


def test_stations_of_one_name_are_told_apart_by_their_address_and_all_listed(browser, alone):
    table = stations(30).assign(name="同名驿站")
    with opened(browser, alone(replace(city(page=embedded()), stations=table))) as seen:
        seen.page.fill("#um-search", "同名驿站")
        rows = seen.page.locator("#um-found [role=option]").all_inner_texts()
        assert len(rows) == 30
        assert all(any(address in row for row in rows) for address in table["address"])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("width", "first"), [(320, "light"), (480, "dark"), (900, "light")])
def test_embed_has_its_title_sources_and_date_at_every_width(browser, alone, lang, width, first):
    page = embedded(
        lang=lang,
        title="歇脚地图 <b>",
        frozen="2026-11-02",
        approval="赣S(2026)001号",
        large_url="/map?minutes=15",
    )
    size = {"width": width, "height": 420}
    with opened(browser, alone(city(page=page)), size, axe=False, color_scheme=first) as seen:
        shown = seen.page
        assert shown.locator("h1").inner_text() == "歇脚地图 <b>"
        foot = shown.locator(".um-foot")
        text = foot.inner_text()
        for words in ("OpenStreetMap", "2026-11-01", "2026-11-02", "赣S(2026)001号"):
            assert words in text
        box = foot.bounding_box()
        assert box["y"] + box["height"] <= 420.5
        assert shown.locator("#um-body").is_hidden()
        link = shown.locator(".um-large")
        assert link.get_attribute("target") == "_blank"
        assert link.get_attribute("rel") == "noopener"
        assert link.bounding_box()["height"] >= 23.5
        assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert shown.locator(".folium-map").bounding_box()["height"] > 150
        shown.click("#um-toggle")
        for _ in by_schemes(seen, first):
            assert LABELS[lang]["mode"]["walk"] in shown.locator("#um-body").inner_text()


def test_embed_begins_with_its_district_and_dims_the_rest(browser, alone):
    request = city(page=embedded(district="360105"))
    west, _, east, _ = request.regions.set_index("id").loc[["360105"]].total_bounds.tolist()
    with opened(browser, alone(request), {"width": 640, "height": 480}) as seen:
        page = seen.page
        b = page.evaluate("unionMap.app.map.getBounds().toBBoxString()").split(",")
        shown = [float(v) for v in b]
        assert shown[0] <= west
        assert shown[2] >= east
        assert shown[2] - shown[0] < 6 * (east - west)
        assert page.locator(".um-chosen").inner_text().startswith("瑶湖区")
        until(page, f"pane => ({SHARE_PAINTED})(pane) > 0.1", "um-veil")


def test_embed_shows_the_layers_that_were_asked_for_and_offers_the_rest(browser, alone):
    with opened(browser, alone(city(page=embedded(layers=("gaps",)))), DESKTOP) as seen:
        page = seen.page
        assert page.locator(".leaflet-marker-icon.um-cluster, .um-marker").count() == 0
        until(page, f"pane => ({SHARE_PAINTED})(pane) > 0", "um-gaps")
        page.click("#um-toggle")
        ticks = page.locator("#um-layers input").evaluate_all("all => all.map(e => e.checked)")
        assert ticks == [False, True, False, False, False]
        page.locator("#um-layers input").first.check()
        until(page, "!!document.querySelector('.um-cluster, .um-marker')")


def test_embed_fetches_the_address_when_a_station_is_opened(browser, site):
    with opened(browser, f"{site}/embed/map", {"width": 640, "height": 480}, READY) as seen:
        page = seen.page
        assert page.evaluate("unionMap.app.stations[0].address") is None
        page.evaluate(
            """() => { const app = unionMap.app;
                app.map.setView(app.stations[0].at, 17, {animate: false});
                app.stations[0].marker.openPopup(); }"""
        )
        until(page, "unionMap.app.stations[0].address !== null")
        address = page.evaluate("unionMap.app.stations[0].address")
        assert address in page.locator(".um-popup").inner_text()
        asked = [url for url in seen.asked if "/api/v1/stations/" in url]
        assert len(asked) == 1
