"""The map as text: size, escaping, what stands in it, and the geometry behind it."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box

from geodata.datum import from_wgs84, metric_crs, unproject
from locator.gap_groups import components
from locator.gaps import outlines
from tests.mapdata import EAST_M, NORTH_M, blocks, city, degrees, stations, streets, summary
from web.map_blocks import ranked_blocks
from web.map_code import decode, encode, encode_points
from web.map_data import Page
from web.map_geometry import Coarser, encode_polygons, label_points, to_metres
from web.map_legend import parameter_rows, sources
from web.map_panel import headline
from web.map_payload import shares
from web.map_severity import severity
from web.map_streets import StreetLines, encode_streets, street_lines
from web.map_text import CAUSES, TEXTS
from web.map_words import clip, percent
from web.maps import coverage_map
from web.static_files import asset_url, find_static, inline_text, script_hashes, static_files

VECTORS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "';window.hit=1;//\"`${window.hit=1}`",
    "</script><svg/onload=window.hit=1>{{7*7}}{% raw %}\\",
]


def data_of(html):
    found = re.search(
        r'<script type="application/json" id="um-data">(.*?)</script>', html, re.DOTALL
    )
    return json.loads(found[1])


def points_of(text, grid):
    return np.cumsum(decode(text).reshape(-1, 2), axis=0) * grid


def shapes_of(packed):
    xy = points_of(packed["xy"], 1e-5)
    rings = np.split(xy, np.cumsum(decode(packed["rings"]))[:-1])
    parts = iter(np.split(np.arange(len(rings)), np.cumsum(decode(packed["parts"]))[:-1]))
    out = []
    for count in decode(packed["shapes"]):
        polygons = [[rings[i] for i in next(parts)] for _ in range(count)]
        out.append(MultiPolygon([Polygon(p[0], p[1:]) for p in polygons]))
    return out


@pytest.fixture(scope="module")
def page():
    return coverage_map(city())


@given(st.lists(st.integers(-(2**60), 2**60), max_size=50))
def test_text_gives_back_the_integers(values):
    assert decode(encode(values)).tolist() == values


def test_text_of_integers_by_hand():
    # zig-zag 0, 1, 2, 32 in base 32; "+32" marks that more digits follow
    assert encode([0, -1, 1, 16]) == "ABCgB"
    assert re.fullmatch(r"[\w-]*", encode(range(-5000, 5000)))


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=30))
def test_points_are_rounded_to_their_lattice_and_do_not_drift(places):
    xy = np.array(places, dtype=float).reshape(-1, 2)
    assert np.abs(points_of(encode_points(xy, 1e-5), 1e-5) - xy).max(initial=0) <= 0.51e-5


def test_polygons_come_back_with_their_holes_and_parts():
    ring = box(0, 0, 0.03, 0.03).difference(box(0.01, 0.01, 0.02, 0.02))
    two = MultiPolygon([box(1, 1, 1.01, 1.01), box(2, 2, 2.02, 2.02)])
    back = shapes_of(encode_polygons([ring, two, Polygon()]))
    assert back[0].symmetric_difference(ring).area < 1e-12
    assert back[1].symmetric_difference(two).area < 1e-12
    assert back[2].is_empty


def neighbours():
    """Blocky areas that touch: a town of 100 m cells in three parts."""
    draw = np.random.default_rng(4)
    x, y = (a.ravel() for a in np.meshgrid(np.arange(50.0, 4000, 100), np.arange(50.0, 4000, 100)))
    part = ((x + draw.normal(0, 150, len(x))) // 1400).clip(0, 2)
    return [blocks(x[part == p], y[part == p]) for p in range(3)]


@pytest.mark.parametrize("tolerance", [60.0, 150.0, 400.0])
def test_simplification_moves_borders_by_no_more_than_its_tolerance_allows(tolerance):
    before = neighbours()
    after = Coarser(before, tolerance).at_most()
    scale = np.array([EAST_M, NORTH_M])
    for old, new in zip(before, after, strict=True):
        assert new.is_valid
        metric = [shapely.transform(s, lambda xy: xy * scale) for s in (old, new)]
        # a removed corner spans at most tolerance²; the staircases are 100 m steps, so a border
        # may move by a few of them but not by more than the longest chord between kept corners
        moved = shapely.symmetric_difference(*metric).area
        assert moved <= tolerance**2 / 2 * len(shapely.get_coordinates(old))
        assert abs(metric[0].area - metric[1].area) <= 0.05 * metric[0].area


def test_simplified_neighbours_share_their_borders():
    after = Coarser(neighbours(), 150.0).at_most()
    assert shapely.coverage_is_valid(after)
    whole = shapely.union_all(after)
    assert abs(whole.area - sum(s.area for s in after)) < 1e-12
    fewer = sum(len(shapely.get_coordinates(s)) for s in after)
    assert fewer < 0.7 * sum(len(shapely.get_coordinates(s)) for s in neighbours())


def test_cells_with_corners_missing_on_a_common_border_are_simplified_together():
    crs = metric_crs(115.9, 28.7)

    def cells_of(*corners):
        return Polygon(np.column_stack(unproject(*(np.array(corners) * 100.0).T, crs)))

    # an L around a block: the long edge of one has a corner of the other in its middle
    left = cells_of((0, 0), (0, 9), (4, 9), (4, 0))
    low = cells_of((4, 0), (4, 5), (9, 5), (9, 0))
    high = cells_of((4, 5), (4, 9), (9, 9), (9, 5))
    shapes = np.array([left, low, high], dtype=object)
    assert not shapely.coverage_is_valid(to_metres(shapes, 28.7))
    whole = ranked_blocks(shapes, crs, 5000.0).simplified(0.0)
    assert shapely.coverage_is_valid(whole)
    assert shapely.area(whole) == pytest.approx(shapely.area(shapes), rel=1e-6)
    for tolerance in (75.0, 5000.0):
        after = Coarser(shapes, tolerance, crs.to_string()).at_most()
        assert shapely.coverage_is_valid(after)
        assert (shapely.area(after) > 0).all()
    slanted = np.array([cells_of((0, 0), (2, 5), (4, 0))], dtype=object)
    between = np.array([cells_of((0.5, 0), (0.5, 2), (2, 2), (2, 0))], dtype=object)
    assert ranked_blocks(slanted, crs, 5000.0) is None
    assert ranked_blocks(between, crs, 5000.0) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=9, max_size=9), min_size=9, max_size=9),
    st.integers(0, 200),
)
def test_areas_of_cells_share_their_borders_however_few_corners_are_left(rows, most):
    crs, picture = metric_crs(115.9, 28.7), np.array(rows, dtype=np.int32)
    row, column = (a.ravel().astype(np.int32) for a in np.indices(picture.shape))
    cells, mark = (
        SimpleNamespace(column=column, row=row, region=picture.ravel()),
        picture.ravel() > 0,
    )
    if not mark.any():
        return
    shapes = outlines(cells, mark, components(cells, mark)[1], crs)
    ranked = ranked_blocks(shapes, crs, 5000.0)
    before, after = ranked.simplified(0.0), ranked.simplified(75.0, most)
    assert shapely.area(shapely.symmetric_difference(before, shapes)).max() < 1e-10  # a cell: 1e-6
    assert shapely.is_valid(after).all()
    assert shapely.coverage_is_valid(after)
    assert (shapely.area(after) > 0).all()
    assert shapely.get_num_coordinates(after).sum() <= shapely.get_num_coordinates(before).sum()


def test_no_area_vanishes_by_simplification_and_overlaps_are_taken_one_by_one():
    small, large = (
        box(*degrees(0, 0), *degrees(100, 100)),
        box(*degrees(0, 0), *degrees(3000, 3000)),
    )
    after = Coarser([small, large, Polygon()], 5000.0).at_most()
    assert [s.is_empty for s in after] == [False, False, True]
    assert Coarser([], 60.0).at_most().size == 0


def test_a_single_cell_keeps_its_four_corners_at_the_first_tolerance():
    after = Coarser([box(*degrees(0, 0), *degrees(100, 100))], 60.0).at_most()
    assert len(shapely.get_coordinates(after[0])) == 5


def test_labels_stand_inside_their_region_and_away_from_stations():
    square = box(0, 0, 1, 1)
    ring = box(2, 0, 3, 1).difference(box(2.2, 0.2, 2.8, 0.8))
    taken = np.array([[0.5, 0.5], [0.4, 0.6]])
    place = label_points([square, ring, Polygon()], taken)
    assert square.contains(shapely.Point(place[0]))
    assert np.hypot(*(taken - place[0]).T).min() > 0.2
    assert ring.contains(shapely.Point(place[1]))
    assert np.isnan(place[2]).all()
    assert label_points([], taken).shape == (0, 2)
    assert label_points([square], np.empty((0, 2))) == pytest.approx(
        np.array([[0.5, 0.5]]), abs=0.03
    )


def test_streets_join_into_lines_and_the_small_ones_are_left_out_first():
    segments = [[0, 0, 0.01, 0], [0.01, 0, 0.02, 0], [0.02, 0, 0.02, 0.01], [0, 0.01, 0.01, 0.01]]
    lines = street_lines(np.array(segments), ["primary", "primary", "primary", "footway"])
    assert lines.level.tolist() == [0, 0, 0, 4]
    full = encode_streets(lines, budget=1000)
    assert (full["drawn"], full["present"]) == (5, 5)
    assert decode(full["levels"][0]["lines"]).tolist() == [3]  # 0,0 – 0.02,0 – 0.02,0.01
    assert points_of(full["levels"][0]["xy"], 1e-5)[[0, -1]].round(5).tolist() in (
        [[0, 0], [0.02, 0.01]],
        [[0.02, 0.01], [0, 0]],
    )
    some = encode_streets(lines, budget=len(full["levels"][0]["xy"]) + 2)
    assert (some["drawn"], some["present"]) == (4, 5)  # levels 1 to 3 are empty
    assert encode_streets(street_lines(np.empty((0, 4)), []), budget=9)["present"] == 0


def test_severity_at_its_borders():
    assert severity(np.array([901, 1200, 1201, 1800, 1801, np.nan, np.inf]), 900).tolist() == [
        1,
        1,
        2,
        2,
        3,
        4,
        4,
    ]


def test_every_station_stands_in_the_page_and_none_twice(page):
    # scheme 1: map count = table count
    table, data = city().stations, data_of(page)["stations"]
    assert data["n"] == len(table) == len(data["name"])
    assert data["id"] == table["id"].tolist()
    assert data["name"] == table["name"].tolist()
    xy = points_of(data["xy"], 1e-6)
    assert np.abs(xy - table[["lon", "lat"]].to_numpy()).max() < 1e-6
    assert "驿站（60 个）".encode("unicode_escape").decode() in page  # name of the layer
    assert [int(s) for s in data["state"]] == table["state"].tolist()


def test_scheme_1_province_of_4200_stations_fits_into_2_mb():
    base = city(60)
    table = stations(4200, width=300_000.0)
    draw = np.random.default_rng(2)
    x, y = (a.ravel() for a in np.meshgrid(np.arange(50.0, 3000, 100), np.arange(50.0, 3000, 100)))
    wild = np.hypot(x - 1500, y - 1500) + draw.normal(0, 120, (20, len(x))) < 1300
    kinds = [(gap, gap.buffer(0.01).difference(gap)) for gap in (blocks(x[w], y[w]) for w in wild)]
    shapes, around = [], []
    for number, (east, north) in enumerate(draw.uniform(0, 290_000, (500, 2))):
        moved = [translate(part, east / EAST_M, north / NORTH_M) for part in kinds[number % 20]]
        shapes.append(moved[0])
        around.append(moved[1])
    first = base.gaps.iloc[:1]
    rows = pd.concat([first.drop(columns="geometry")] * 500, ignore_index=True)
    gaps = gpd.GeoDataFrame(
        rows.assign(id=[f"g{i}" for i in range(500)]), geometry=shapes, crs=4326
    )
    covered = gpd.GeoDataFrame(geometry=around, crs=4326)
    request = replace(
        base, stations=table, gaps=gaps, covered=covered, streets=streets(300_000.0, 2_000.0)
    )
    html = coverage_map(replace(request, page=Page(self_contained=True)))
    assert len(html.encode()) <= 2 * 2**20
    data = data_of(html)
    assert data["stations"]["n"] == len(set(data["stations"]["id"])) == 4200
    assert len(decode(data["gaps"]["shapes"]["shapes"])) == data["gaps"]["n"] == 500
    assert (decode(data["gaps"]["shapes"]["shapes"]) > 0).all()
    assert len(coverage_map(request).encode()) <= 2 * 2**20 - 180_000


def test_same_request_same_bytes(page):
    assert coverage_map(city()) == page


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_a_stranger_wrote_stands_raw_in_the_page(vector, alone):
    request = city(8, Page(self_contained=alone))
    columns = [
        "name",
        "address",
        "phone",
        "opening_hours_text",
        "facilities",
        "access",
        "kind",
        "id",
    ]
    table = request.stations.assign(**{c: f"{vector}{c}" for c in columns})
    table["id"] = [f"{vector}{i}" for i in range(8)]
    regions = request.regions.assign(name=vector)
    gaps = request.gaps.assign(cause=vector, nearest_station=vector, region=vector, also=vector)
    manifest = dict.fromkeys(["name", "version", "as_of", "attribution"], vector)
    asked = summary()
    asked["parameters"] |= {"need": [vector], "at": vector, "region": vector, "mode": vector}
    html = coverage_map(
        replace(
            request, stations=table, regions=regions, gaps=gaps, manifest=manifest, summary=asked
        )
    )
    assert html.count(vector) == 0
    for name in ("leaflet.js", "markercluster.js", "streets.js", "map.js") if alone else ():
        html = html.replace(inline_text(name), "")
    assert re.findall(r"<(?:img|svg)|\$\{|`", html) == []
    data = data_of(html)
    assert data["stations"]["name"] == [clip(f"{vector}name", 80)] * 8
    block = re.search(r'id="um-data">(.*?)</script>', html, re.DOTALL)[1]
    assert not set("<>&'`$") & set(block)


def test_names_are_kept_as_they_are_or_shortened_with_an_ellipsis():
    assert clip("㐂𠮷🏠驿站", 80) == "㐂𠮷🏠驿站"
    assert clip("a\u202egnp.exe\u200f\n\tb\x00", 80) == "a gnp.exe b"
    assert clip("驿" * 10_000, 80) == "驿" * 79 + "…"
    assert clip(float("nan"), 5) == clip(None, 5) == ""
    assert clip("half \ud83d pair", 80) == "half pair"


def test_page_asks_no_foreign_host(page):
    assert re.findall(r'(?:src|href)="(?!/static/|\?|/\?)([^"]*)"', page) == []
    for html in (page, coverage_map(city(page=Page(self_contained=True)))):
        hosts = set(re.findall(r"(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", html))
        # links to click, and addresses in Leaflet's own comments
        assert hosts <= {
            "uri.amap.com",
            "api.map.baidu.com",
            "apis.map.qq.com",
            "maps.apple.com",
            "www.openstreetmap.org",
            "leafletjs.com",
            "www.w3.org",
            "github.com",
            "bugzilla.mozilla.org",
        }
    for name in ("leaflet", "markercluster", "map"):
        assert f'<script src="{asset_url(name + ".js")}"></script>' in page
        assert f'href="{asset_url(name + ".css")}"' in page
    alone = coverage_map(city(page=Page(self_contained=True)))
    assert "/static/" not in alone
    assert re.findall(r"<(?:link|img|iframe)|<script[^>]* src", alone) == []


def test_addresses_of_files_change_with_their_content_only():
    files = static_files()
    assert {"leaflet.js", "leaflet.css", "markercluster.js", "map.js", "map.css"} <= set(files)
    address = asset_url("leaflet.css").removeprefix("/static/")
    assert re.fullmatch(r"leaflet\.[0-9a-f]{12}\.css", address)
    assert find_static(address).content == files["leaflet.css"].content
    assert find_static("leaflet.css") is None
    for name in re.findall(r"url\(([\w.-]+)\)", files["leaflet.css"].text):
        assert find_static(name) is not None
    assert "url(layers" not in inline_text("leaflet.css")
    assert "data:image/png;base64," in inline_text("leaflet.css")


def test_hash_of_an_inline_script_is_that_of_its_text():
    import base64
    import hashlib

    html = (
        '<script>var a=1;</script><script src="x.js"></script>'
        '<script type="application/json">1</script>'
    )
    digest = base64.b64encode(hashlib.sha256(b"var a=1;").digest()).decode()
    assert script_hashes(html) == [f"sha256-{digest}"]


def test_amap_draws_everything_in_gcj02_and_keeps_the_links_right():
    plain, shifted = (data_of(coverage_map(city(page=Page(base=b)))) for b in ("streets", "amap"))
    table = city().stations
    lon, lat = from_wgs84(table["lon"].to_numpy(), table["lat"].to_numpy(), "gcj02")
    offset = decode(shifted["stations"]["shift"]).reshape(-1, 2) * 1e-6
    there = points_of(shifted["stations"]["xy"], 1e-6) + offset
    assert np.abs(there - np.column_stack([lon, lat])).max() < 2e-6
    assert shifted["view"]["gcj02"]
    assert not plain["view"]["gcj02"]
    for layer in ("gaps", "covered", "regions"):
        old, new = (shapes_of(d[layer]["shapes"]) for d in (plain, shifted))
        # the shift itself changes by some metres over a wide shape (500 m in all)
        limit = 2e-4 if layer == "covered" else 5e-5
        for a, b in zip(old, new, strict=True):
            x, y = from_wgs84(np.array([a.centroid.x]), np.array([a.centroid.y]), "gcj02")
            assert np.hypot(b.centroid.x - x[0], b.centroid.y - y[0]) < limit
    html = coverage_map(city(page=Page(base="amap")))
    assert "is.autonavi.com" in html
    assert shifted["streets"]["drawn"] == 0


def test_base_layers_name_their_hosts_only_when_asked():
    assert "tile.openstreetmap.org" in coverage_map(city(page=Page(base="osm")))
    assert "tk=abc123" in coverage_map(city(page=Page(base="tianditu", tianditu_key="abc123")))
    assert "autonavi" not in coverage_map(city())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_legend_names_every_parameter(lang):
    request = city(page=Page(lang=lang))
    rows = dict(parameter_rows(request))
    words = {
        "zh": ["步行", "15 分钟", "2026年11月22日 20:00", "热饭"],
        "en": ["on foot", "15 minutes", "2026-11-22 20:00", "hot meal"],
    }[lang]
    assert list(rows.values())[:4] == words
    html = coverage_map(request)
    assert all(f"<dd>{word}</dd>" in html for word in words)
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}" data-theme="auto">' in html


def test_headline_says_of_what_the_share_is():
    request = city()
    assert headline(request).startswith("82.4% 的劳动者住处步行 15 分钟")
    street = replace(request, summary=summary() | {"share_of": "street_km"})
    assert "街道长度" in headline(street)
    assert "届时开放、能满足“热饭”需求的驿站" in headline(request)  # as the question has it
    asked = {"parameters": {"mode": "walk", "minutes": 15}}
    assert "届时" not in headline(replace(request, summary=summary() | asked))
    nothing = replace(request, summary=summary() | {"share_covered": None})
    assert headline(nothing) == TEXTS["zh"]["headline_none"]


def test_sources_name_openstreetmap_the_date_and_the_approval_number():
    lines = sources(city(page=Page(approval="赣S(2026)001号")))
    assert "OpenStreetMap" in lines[0]
    assert "数据日期 2026-11-01" in lines
    assert "审图号：赣S(2026)001号" in lines
    assert "待填" in sources(city())[-1]


def test_shares_by_region_in_both_forms():
    assert shares(city()) == {"360102": 0.91, "360103": 0.74, "360104": 0.68}
    by_id = {"regions": {"1": {"share_covered": 0.5}, "2": {"share_covered": None}}}
    assert shares(replace(city(), summary=by_id)) == {"1": 0.5}


def test_both_languages_say_the_same_things():
    said = [{k for k in text if not re.match("stations?_", k)} for text in TEXTS.values()]
    assert said[0] == said[1]  # how a sentence names what is asked for is the language's own affair
    assert set(CAUSES["zh"]) == set(CAUSES["en"])
    places = {k: sorted(re.findall(r"\{(\w+)\}", v)) for k, v in TEXTS["zh"].items()}
    for key in said[0]:
        text = TEXTS["en"][key]
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(places[key]) | {"year", "month", "day"}


def test_share_is_never_rounded_up_to_all():
    assert [percent(s) for s in (0.9999, 1.0, 0.0, 0.00001, 0.8244)] == [
        "99.9%",
        "100%",
        "0%",
        "<0.1%",
        "82.4%",
    ]


def test_a_map_of_nothing_is_a_map():
    request = city(8)
    empty = gpd.GeoDataFrame({"id": [], "name": []}, geometry=[], crs=4326)
    bare = replace(
        request,
        stations=request.stations.iloc[:0],
        gaps=request.gaps.iloc[:0],
        covered=request.covered.iloc[:0],
        regions=empty,
        streets=StreetLines(np.empty((0, 4)), np.empty(0, dtype=np.int64)),
        summary={},
        manifest={},
    )
    data = data_of(coverage_map(bare))
    assert data["stations"]["n"] == data["gaps"]["n"] == data["regions"]["n"] == 0
