"""Host premises out of OSM files: what may take a station in, and where one goes in."""

import csv
import re
from collections import Counter
from dataclasses import replace
from importlib import resources

import numpy as np
import osmium
import pytest
import shapely

from geodata import bundle, datum, osm
from geodata.errors import DatasetError
from geodata.overpass_query import streets_query
from geodata.premises import load_premises_kinds
from tests.datasets import dataset
from tests.osm_xml import STREET, degrees, write_osm
from web.prepare import PrepareRequest, prepare

ENDS = {"s1": (0.0, -50.0), "s2": (400.0, -50.0)}
SQUARE = {"sw": (0.0, 0.0), "se": (200.0, 0.0), "ne": (200.0, 200.0), "nw": (0.0, 200.0)}
RING = "sw se ne nw sw"
PARK = {"leisure": "park", "name": "人民公园"}


@pytest.fixture
def read(tmp_path):
    """Read a toy town of one street and more."""

    def reader(nodes, ways=(), **osm_parts):
        path = tmp_path / "streets.osm"
        write_osm(path, ENDS | nodes, [("s1 s2", STREET), *ways], **osm_parts)
        return osm.read_ground([path])

    return reader


def listed(ground):
    """Return kind, name and place (7 decimals) of the premises."""
    frame = ground.premises
    places = zip(frame["lon"].round(7), frame["lat"].round(7), strict=True)
    return list(zip(frame["kind"], frame["name"], places, strict=True))


def at(x, y):
    """Return degrees as numbers."""
    return tuple(float(text) for text in degrees(x, y))


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "bank"}, "bank"),
        ({"amenity": "post_office"}, "post_office"),
        ({"amenity": "fuel"}, "petrol_station"),
        ({"shop": "convenience"}, "convenience_store"),
        ({"amenity": "pharmacy"}, "pharmacy"),
        ({"healthcare": "pharmacy"}, "pharmacy"),
        ({"amenity": "community_centre"}, "community_office"),
        ({"amenity": "townhall"}, "government_office"),
        ({"office": "government"}, "government_office"),
        ({"amenity": "fuel", "shop": "convenience"}, "petrol_station"),
    ],
)
def test_kinds_of_points_by_tags(read, tags, kind):
    ground = read({"p": (10, 20)}, node_tags={"p": tags | {"name": "甲"}})
    assert listed(ground) == [(kind, "甲", at(10, 20))]
    assert ground.premises["id"].tolist() == ["n3"]
    assert ground.premises["cost_yuan"].tolist() == [load_premises_kinds()[kind].cost_yuan]
    assert ground.premises.geometry.x.tolist() == ground.premises["lon"].tolist()


@pytest.mark.parametrize(
    "tags",
    [
        {"amenity": "bank", "access": "private"},
        {"shop": "convenience", "access": "no"},
        {"amenity": "banking"},
        {"disused:amenity": "bank"},
        {"amenity": "atm"},
        {"name": "amenity=bank"},
        {"leisure": "park"},  # a point has no gate
    ],
)
def test_what_takes_nothing_in(read, tags):
    assert listed(read({"p": (10, 20)}, node_tags={"p": tags})) == []


def test_a_name_else_a_brand_else_who_runs_it(read):
    tags = {
        "a": {"amenity": "bank", "name": "Bank", "brand": "b"},
        "b": {"amenity": "bank", "name:zh": "银行", "brand": "b"},
        "c": {"amenity": "bank", "brand": "牌", "operator": "o"},
        "d": {"amenity": "bank", "operator": "公司\x85\u202e"},
        "e": {"amenity": "bank"},
    }
    ground = read({name: (row * 10, 0) for row, name in enumerate(tags)}, node_tags=tags)
    assert [name for _, name, _ in listed(ground)] == ["Bank", "银行", "牌", "公司", ""]


def test_a_building_is_a_point_within_it(read):
    (kind, name, place), *more = listed(read(SQUARE, [(RING, {"amenity": "bank", "name": "乙"})]))
    west_south, east_north = at(0, 0), at(200, 200)
    assert (kind, name, more) == ("bank", "乙", [])
    assert west_south < place < east_north
    assert west_south[1] < place[1] < east_north[1]


def test_a_point_lies_within_a_building_that_bends(read):
    nodes = {"a": (0, 0), "b": (300, 0), "c": (300, 300), "d": (280, 300), "e": (280, 20)}
    nodes["f"] = (0, 20)
    ground = read(nodes, [("a b c d e f a", {"amenity": "townhall"})])
    shape = shapely.Polygon([at(*nodes[name]) for name in "abcdef"])
    assert shapely.contains(shape, ground.premises.geometry.iloc[0])


def test_a_multipolygon_is_one_place_outside_its_court(read):
    court = {"csw": (20, 20), "cse": (180, 20), "cne": (180, 180), "cnw": (20, 180)}
    ground = read(
        SQUARE | court,
        [("sw se ne", {}), ("ne nw sw", {}), ("csw cse cne cnw csw", {})],
        relations=[("2 3 4", {"type": "multipolygon", "amenity": "post_office", "name": "丙"})],
    )
    ((kind, name, place),) = listed(ground)
    hole = shapely.box(*at(20, 20), *at(180, 180))
    whole = shapely.box(*at(0, 0), *at(200, 200))
    assert (kind, name) == ("post_office", "丙")
    assert ground.premises["id"].tolist() == ["r1"]
    assert shapely.contains(shapely.difference(whole, hole), shapely.Point(place))


def test_the_gates_of_a_park_are_the_open_entrances_on_its_outline(read):
    gates = {
        "sw": {"entrance": "main", "name": "南门"},
        "se": {"barrier": "gate"},
        "ne": {"barrier": "gate", "locked": "yes"},
        "nw": {"entrance": "exit"},
        "in": {"entrance": "yes"},
    }
    ground = read(SQUARE | {"in": (100, 100)}, [(RING, PARK)], node_tags=gates)
    assert listed(ground) == [
        ("park_gate", "人民公园南门", at(0, 0)),
        ("park_gate", "人民公园", at(200, 0)),
    ]
    assert ground.premises["id"].tolist() == ["n3", "n4"]


def test_a_gate_that_names_its_park_is_not_named_twice(read):
    gates = {"sw": {"entrance": "yes", "name": "人民公园南门"}}
    ground = read(SQUARE, [(RING, PARK)], node_tags=gates)
    assert [name for _, name, _ in listed(ground)] == ["人民公园南门"]


def test_a_gate_between_two_parks_is_one_place(read):
    other = {"a": (0.0, -30.0), "b": (30.0, -30.0)}
    gates = {"sw": {"entrance": "yes"}}
    ways = [(RING, PARK), ("sw a b sw", {"leisure": "park", "name": "别园"})]
    ground = read(SQUARE | other, ways, node_tags=gates)
    assert ground.premises["id"].tolist() == ["n3"]


@pytest.mark.parametrize("as_relation", [False, True])
def test_a_park_without_gates_is_entered_at_the_nearest_street(read, as_relation):
    shift = {name: (x, y + 40) for name, (x, y) in SQUARE.items()}  # 90 m from the street
    if as_relation:
        about = {"type": "multipolygon", **PARK}
        ground = read(shift, [("sw se ne", {}), ("ne nw sw", {})], relations=[("2 3", about)])
    else:
        ground = read(shift, [(RING, PARK)])
    ((kind, name, place),) = listed(ground)
    assert (kind, name) == ("park_gate", "人民公园")
    assert place[1] == pytest.approx(at(0, -50)[1], abs=2e-7)
    assert at(0, 0)[0] - 1e-7 <= place[0] <= at(200, 0)[0] + 1e-7


def test_a_park_far_from_every_street_or_beside_a_motorway_only_is_left_out_and_counted(read):
    far = {name: (x, y + 100) for name, (x, y) in SQUARE.items()}  # 150 m from the street
    fast = {"m1": (-10.0, 300.0), "m2": (210.0, 310.0)}
    ground = read(far | fast, [(RING, PARK), ("m1 m2", {"highway": "motorway"})])
    assert listed(ground) == []
    assert ground.premises_skipped["parks_without_street"] == 1


@pytest.mark.parametrize("ring", ["sw sw sw sw", "sw sw", "sw se ne", "sw se sw"])
def test_a_park_without_an_area_stops_nothing(read, ring):
    """Drawn wrongly, as happens: one corner, an open line, there and back."""
    ground = read(SQUARE, [(ring, PARK), (RING, {"amenity": "bank"})])
    kinds = [kind for kind, _, _ in listed(ground)]
    flat = len(set(ring.split())) == 1
    assert kinds == ["bank"] if flat else ["park_gate", "bank"]
    assert ground.premises_skipped["parks_without_street"] == flat


def test_an_area_that_lacks_a_node_is_left_out_and_counted(tmp_path):
    path = write_osm(
        tmp_path / "a.osm", ENDS | SQUARE, [("s1 s2", STREET), (RING, {"amenity": "bank"})]
    )
    text = path.read_text("utf-8")
    path.write_text(text.replace('<nd ref="5"/>', '<nd ref="99"/>'), "utf-8")
    ground = osm.read_ground([path])
    assert len(ground.premises) == 0
    assert ground.premises_skipped["missing_nodes"] == 1


def test_what_two_files_hold_counts_once(tmp_path):
    town = (ENDS | {"p": (10, 20)} | SQUARE, [("s1 s2", STREET), (RING, PARK)])
    tags = {"p": {"amenity": "bank"}, "ne": {"entrance": "yes"}}
    paths = [write_osm(tmp_path / f"{name}.osm", *town, node_tags=tags) for name in "ab"]
    assert osm.read_ground(paths).premises["id"].tolist() == ["n3", "n6"]


def test_no_premises_are_an_empty_frame(read):
    frame = read({}).premises
    assert frame.columns.tolist() == ["id", "kind", "name", "cost_yuan", "lon", "lat", "geometry"]
    assert frame.crs == "EPSG:4326"
    assert len(frame) == 0


def test_streets_are_the_same_with_and_without_premises(demo_inputs):
    ground = osm.read_ground([demo_inputs["streets"]])
    streets = osm.read_streets([demo_inputs["streets"]])
    for name in ("node_id", "lon", "lat", "segment_m", "barrier_lines", "barrier_name"):
        np.testing.assert_array_equal(getattr(ground.streets, name), getattr(streets, name))
    assert dict(ground.streets.skipped) == dict(streets.skipped)


# --- the dataset ---------------------------------------------------------------------------------


def test_the_demo_keeps_them_and_says_how_many(demo_inputs, tmp_path):
    inputs = demo_inputs
    request = PrepareRequest(
        streets=[inputs["streets"]],
        stations=inputs["stations"],
        out=tmp_path / "demo",
        stations_datum="gcj02",
        modes=["walk"],
    )
    report = prepare(request)
    data = bundle.open_dataset(request.out)
    counted = Counter(data.premises["kind"])
    assert set(counted) == set(load_premises_kinds())
    assert report.manifest["counts"]["premises"] == dict(counted)
    assert report.found["premises"]["kinds"] == dict(counted)
    assert report.found["premises"]["accepted"] == len(data.premises)
    assert f"{counted['bank']} bank" in report.to_text()
    assert (request.out / "public" / "premises.parquet").is_file()
    assert data.premises["id"].is_unique
    crs = datum.metric_crs(*data.premises.loc[0, ["lon", "lat"]].astype(float))
    lines = data.networks["walk"].segment_line
    ends = np.column_stack(
        [np.column_stack(datum.project(*lines[:, k : k + 2].T, crs)) for k in (0, 2)]
    )
    places = shapely.points(*datum.project(data.premises["lon"], data.premises["lat"], crs))
    tree = shapely.STRtree(shapely.linestrings(ends.reshape(-1, 2, 2)))
    _, away = tree.query_nearest(places, return_distance=True, all_matches=False)
    assert away.max() < 120  # every one can be reached


def test_a_dataset_without_them_opens_with_none(tmp_path):
    bundle.save(dataset(), tmp_path)
    assert not (tmp_path / "public" / "premises.parquet").exists()
    assert len(bundle.open_dataset(tmp_path).premises) == 0


def test_they_are_kept_as_they_were_and_a_damaged_file_is_refused(tmp_path, demo_dataset):
    given = replace(dataset(), premises=bundle.open_dataset(demo_dataset).premises)
    bundle.save(given, tmp_path)
    found = bundle.open_dataset(tmp_path).premises
    assert found.equals(given.premises)
    (tmp_path / "public" / "premises.parquet").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"premises\.parquet"):
        bundle.open_dataset(tmp_path)


def test_the_dataset_route_counts_them(demo_dataset):
    from tests.webtools import new_client

    about = new_client(demo_dataset).get("/api/v1/dataset").json()
    counts = about["counts"]["premises"]
    assert min(counts["bank"], counts["park_gate"]) > 0
    named = {row["code"]: row for row in about["vocabularies"]["premises"]}
    assert set(counts) <= set(named)
    assert named["bank"] | {"source": ""} == {
        "code": "bank",
        "zh": "银行网点",
        "en": "Bank",
        "cost_yuan": 10_000,
        "source": "",
    }


# --- real cities ---------------------------------------------------------------------------------


def rules():
    """Return kinds by tag, read from the table by other means."""
    table = (resources.files("geodata") / "data" / "premises.csv").read_text("utf-8")
    return {(row["key"], row["value"]): row["kind"] for row in csv.DictReader(table.splitlines())}


def by_osmium(path):
    """Count tagged objects by kind with osmium alone; parks are counted as parks."""
    counts, known = Counter(), rules()
    for thing in osmium.FileProcessor(str(path)):
        tags = thing.tags
        kind = next((kind for (k, v), kind in known.items() if tags.get(k) == v), "")
        if not kind or tags.get("access") in {"private", "no"}:
            continue
        if thing.is_relation() and tags.get("type") != "multipolygon":
            continue
        if not (kind == "park_gate" and thing.is_node()):
            counts[kind] += 1
    return counts


@pytest.mark.parametrize("city", ["heidelberg", "porto", "porto_alegre"])
def test_real_cities_as_osmium_counts_them(shared_data, city):
    path = shared_data / city / f"{city}.osm.pbf"
    ground = osm.read_ground([path])
    counted, expected = Counter(ground.premises["kind"]), by_osmium(path)
    parks = expected.pop("park_gate", 0)
    gates = counted.pop("park_gate", 0)
    lost = ground.premises_skipped
    assert sum(expected.values()) > 0
    assert counted == expected
    assert gates + sum(lost.values()) >= parks  # a park has a gate or more, or is counted as lost


def test_helsinki_as_osmium_counts_it(helsinki_pbf):
    ground = osm.read_ground([helsinki_pbf])
    counted, expected = Counter(ground.premises["kind"]), by_osmium(helsinki_pbf)
    parks = expected.pop("park_gate")
    gates = counted.pop("park_gate")
    lost = sum(ground.premises_skipped.values())  # the extract has cut through some
    assert 0 < lost < 10
    assert sum(counted.values()) + gates + lost >= sum(expected.values()) + parks
    assert all(counted[kind] <= count for kind, count in expected.items())
    assert counted["bank"] == expected["bank"]


def test_fetch_asks_for_every_kind():
    query = streets_query(1, 60, count=False)
    assert query.count("nwr[") == len({key for key, _ in rules()})
    assert all(f'nwr["{key}"~"^(' in query for key, _ in rules())
    assert all(re.search(rf'"{key}"~"\^\([^)]*\b{value}\b', query) for key, value in rules())
