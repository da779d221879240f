"""Where a gap lies in words: by hand on a small town, and against a plain search in Nanjing."""

import csv
import html
import io
import json
import re
from dataclasses import replace

import numpy as np
import osmium
import pytest
import shapely

from geodata import datum, open_dataset
from geodata.osm import read_streets
from locator import Index
from locator.network import build
from locator.street_names import NEAR_M, StreetNames
from tests.osm_xml import town as osm_town
from tests.towns import LAT, LON, Way, lonlat, town
from tests.webtools import service_of
from web.ledger_listing import list_text

COVERAGE = "/api/v1/coverage"
CRS = datum.metric_crs(LON, LAT)
PLACES = {"a": (0, 0), "b": (1000, 0), "c": (2000, 0), "d": (1000, -500), "e": (1000, 500)}
PLACES |= {"f": (0, 40), "g": (2000, 40)}
WAYS = [Way("a b c", name="建宁路"), Way("d b e", name="中山路"), Way("f g")]


def names_of(*, ways=(), english=None):
    streets = town(PLACES, [*WAYS, *ways])
    return StreetNames(build(streets, "walk"), streets.way_name, english or {}, CRS)


def near(names, *places):
    lon, lat = np.array([lonlat(*place) for place in places]).reshape(-1, 2).T
    return names.near(lon, lat)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ((900, 20), "建宁路 / 中山路"),
        ((1010, 100), "中山路 / 建宁路"),
        ((1000, 0), "中山路 / 建宁路"),  # both are 0 m away: the first by its letters
        ((1010, 310), "中山路"),  # they meet farther off than 300 m
        ((400, 40), "建宁路"),  # what lies at 40 m has no name
        ((500, 990), "中山路"),
        ((500, -990), "中山路"),
        ((100, 990), "建宁路"),
        ((100, 1010), ""),
    ],
)
def test_the_nearest_named_street_and_the_one_that_it_meets_near_by(place, told):
    found = near(names_of(), place)
    assert (found.local.tolist(), found.english.tolist()) == ([told], [told])


def test_english_where_the_map_has_it():
    names = names_of(english={"建宁路": "Jianning Road", "no such": "No Such"})
    found = near(names, (900, 20), (1010, 310), (100, 1010))
    assert found.english.tolist() == ["Jianning Road / 中山路", "中山路", ""]
    assert found.local.tolist() == ["建宁路 / 中山路", "中山路", ""]


def test_of_places_asked_together_each_gets_its_own():
    rng = np.random.default_rng(7)
    places, names = rng.uniform((-200, -700), (2200, 700), (200, 2)), names_of()
    one_by_one = [near(names, place).local[0] for place in places]
    assert near(names, *places).local.tolist() == one_by_one


def test_a_name_is_told_on_one_line_without_marks_of_direction():
    assert near(names_of(ways=[Way("a f", name="a\u202e\nb")]), (0, 20)).local.tolist() == ["a b"]


def test_towns_without_names_or_places_asked():
    bare = town({"a": (0, 0), "b": (900, 0)}, [Way("a b")])
    names = StreetNames(build(bare, "walk"), bare.way_name, {}, CRS)
    assert near(names, (0, 0)).local.tolist() == [""]
    assert near(names_of()).local.tolist() == []


# ------------------------------------------------------------------- wherever a gap is told

JIAN, ZHONG = "建宁路<b>", "中山路"
TOLD, IN_ENGLISH = f"{JIAN} / {ZHONG}", f"Jianning Rd / {ZHONG}"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A street with a station at its west end; people live around a crossing in the east."""
    nodes = {"a": (0, 0), "b": (3000, 0), "c": (4000, 0), "d": (3000, -400), "e": (3000, 400)}
    jian = {"highway": "residential", "name": JIAN}
    ways = [("a b", {**jian, "name:en": "Jianning Rd"}), ("b c", jian)]
    ways += [("d b", {"highway": "residential", "name": ZHONG}), ("b e", {"highway": "path"})]
    homes = [(2960 + 5 * (i % 10), 30 + i // 10) for i in range(60)]
    folder = tmp_path_factory.mktemp("named")
    return osm_town(folder, nodes, ways, {"one": (0, 0)}, homes=homes)


def test_the_answer_names_the_street_of_every_gap(served):
    gaps = served.get(COVERAGE).json()["features"]
    heaviest = max(gaps, key=lambda gap: gap["properties"]["workers"] or 0)["properties"]
    assert (heaviest["near"], heaviest["near_en"]) == (TOLD, IN_ENGLISH)


def test_ledger_downloads_bulletins_and_maps_name_it_too(served):
    ledger = served.get("/api/v1/gaps").json()
    assert (ledger["gaps"][0]["near"], ledger["gaps"][0]["near_en"]) == (TOLD, IN_ENGLISH)
    assert f" {TOLD} " in list_text(ledger)
    table = served.get("/download/gaps.csv", params={"lang": "zh"}).content.decode("utf-8-sig")
    first = next(csv.DictReader(io.StringIO(table)))
    assert (first["附近道路"], first["附近道路英文名"]) == (TOLD, IN_ENGLISH)
    for lang, told in (("zh", f"{TOLD}附近"), ("en", f"ear {IN_ENGLISH}")):
        for path in ("/bulletin", "/map", "/embed/map"):
            page = served.get(path, params={"lang": lang}).text
            assert JIAN not in page
            names = re.findall(r'"near":(\{.*?\})', page)
            want = [] if path == "/bulletin" else [[TOLD if lang == "zh" else IN_ENGLISH]]
            assert [json.loads(part)["of"] for part in names] == want
        text = served.get("/bulletin", params={"lang": lang, "format": "txt"}).text
        assert told in text


def test_a_map_of_very_many_gaps_leaves_the_names_out(served, monkeypatch):
    monkeypatch.setattr("web.map_request.MOST_NEAR", 0)
    page = served.get("/map", params={"minutes": 14}).text
    assert '"barrier":{' in page
    assert '"near":{' not in page


def test_the_week_and_what_if_name_it_too(served):
    lon, lat = lonlat(3000, 20)
    found = served.post("/api/v1/scenario", json={"add": [{"lon": lon, "lat": lat}]}).json()["gaps"]
    gone = max(found["closed"] + found["changed"], key=lambda gap: gap["workers_before"] or 0)
    assert (gone["near"], gone["near_en"]) == (TOLD, IN_ENGLISH)
    week = served.get("/api/v1/clock").json()["gaps"][0]
    assert (week["near"], week["near_en"]) == (TOLD, IN_ENGLISH)
    page = served.get("/clock", params={"lang": "zh"}).text
    assert html.escape(TOLD) in page
    assert JIAN not in page


def test_what_is_told_is_of_published_cells_alone(served):
    dataset = open_dataset(service_of(served).settings.data)
    exact, public = (Index(dataset).coverage(exact=exact).gaps for exact in (True, False))
    assert sorted(zip(exact.id, exact.near.local, strict=True)) == sorted(
        zip(public.id, public.near.local, strict=True)
    )


def test_a_dataset_of_an_older_release_has_no_english_names(served):
    dataset = replace(service_of(served).dataset, street_english={})
    gaps = Index(dataset).coverage().gaps
    assert TOLD in gaps.near.local
    assert gaps.near.english.tolist() == gaps.near.local.tolist()


# ------------------------------------------------------------------------------- a real city


def test_nanjing_against_a_plain_search(shared_data):
    path = shared_data / "nanjing" / "nanjing.osm.pbf"
    streets = read_streets([path], modes=["walk"])
    crs = datum.metric_crs(118.8, 32.0)
    network = build(streets, "walk")
    walked = set(streets.way_id[np.unique(network.segment_way)].tolist())
    ways, names, shapes = osmium.FileProcessor(str(path)).with_locations(), [], []
    to_text = osmium.geom.WKBFactory()
    for way in ways.with_filter(osmium.filter.KeyFilter("name")):
        if way.is_way() and way.id in walked:
            names.append(way.tags["name"])
            shapes.append(to_text.create_linestring(way))
    lines = shapely.transform(
        shapely.from_wkb(shapes), lambda x, y: datum.project(x, y, crs), interleaved=False
    )
    rng = np.random.default_rng(11)
    lon, lat = rng.uniform(118.6, 118.95, 60), rng.uniform(31.9, 32.2, 60)
    found = StreetNames(network, streets.way_name, {}, crs).near(lon, lat).local
    points = shapely.points(np.column_stack(datum.project(lon, lat, crs)))
    for point, told in zip(points, found, strict=True):
        metres = shapely.distance(lines, point)
        nearest = {name for name, m in zip(names, metres, strict=True) if m < metres.min() + 0.01}
        assert told.split(" / ")[0] in (nearest if metres.min() < NEAR_M else {""})
    assert (found != "").sum() > 30
