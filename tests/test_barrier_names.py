"""Names and kinds of what nobody walks across: rivers, railways, expressways."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geodata import barrier_names, bundle, datum, osm
from geodata.errors import ValidationError
from geodata.osm_barriers import barrier_kind
from locator.index import Index
from tests.datasets import dataset
from tests.osm_xml import STREET, write_osm

STREET_WAY = ("s1 s2", STREET)
ENDS = {"s1": (0.0, -500.0), "s2": (100.0, -500.0)}
#: A basin of 400 × 100 m, and a line through its length.
BASIN = {
    "sw": (0.0, 0.0),
    "se": (400.0, 0.0),
    "ne": (400.0, 100.0),
    "nw": (0.0, 100.0),
    "in1": (-50.0, 50.0),
    "in2": (100.0, 50.0),
    "in3": (300.0, 50.0),
    "in4": (450.0, 50.0),
}


def named(streets):
    """Return the pieces as a set of (kind, name), and check that the rows fit the lines."""
    assert len(streets.barrier_name) == len(streets.barrier_kind) == len(streets.barrier_lines)
    return set(zip(streets.barrier_kind.tolist(), streets.barrier_name.tolist(), strict=True))


@pytest.fixture
def read(tmp_path):
    """Read a toy town of one street, of which no walk leads anywhere, and some barriers."""

    def reader(nodes, ways, relations=()):
        path = tmp_path / "streets.osm"
        write_osm(path, ENDS | nodes, [STREET_WAY, *ways], relations=relations)
        return osm.read_streets([path])

    return reader


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"waterway": "river"}, "water"),
        ({"natural": "coastline"}, "water"),
        ({"landuse": "reservoir"}, "water"),
        ({"railway": "rail"}, "railway"),
        ({"highway": "motorway_link"}, "motorway"),
        ({"railway": "rail", "tunnel": "yes"}, ""),
        ({"waterway": "river", "tunnel": "culvert"}, ""),
        ({"waterway": "stream"}, ""),
        ({"highway": "trunk"}, ""),
        ({}, ""),
    ],
)
def test_kinds(tags, kind):
    assert barrier_kind(tags) == kind


def test_a_name_else_the_chinese_name_else_the_number(read):
    streets = read(
        {"a": (0, 0), "b": (100, 0), "c": (200, 0), "d": (300, 0), "e": (400, 0)},
        [
            ("a b", {"railway": "rail", "name": "沪昆线", "ref": "1"}),
            ("b c", {"highway": "motorway", "name:zh": "绕城高速", "ref": "G1"}),
            ("c d", {"highway": "motorway_link", "ref": "G25"}),
            ("d e", {"waterway": "canal"}),
        ],
    )
    assert named(streets) == {
        ("railway", "沪昆线"),
        ("motorway", "绕城高速"),
        ("motorway", "G25"),
        ("water", ""),
    }


def test_the_shore_of_a_nameless_water_takes_the_name_of_the_river_in_it(read):
    streets = read(
        BASIN,
        [
            ("sw se ne nw sw", {"natural": "water"}),
            ("in1 in2 in3 in4", {"waterway": "river", "name": "信江"}),
        ],
    )
    assert named(streets) == {("water", "信江")}
    assert len(streets.barrier_lines) == 7


def test_a_nameless_river_takes_the_name_of_the_water_around_it_only_inside(read):
    streets = read(
        BASIN,
        [
            ("sw se ne nw sw", {"natural": "water", "name": "信江"}),
            ("in2 in3", {"waterway": "river"}),
            ("in1 in2", {"waterway": "canal", "tunnel": "no"}),
            ("s1 sw", {"waterway": "river"}),
        ],
    )
    by_line = dict(
        zip(map(tuple, streets.barrier_lines.tolist()), streets.barrier_name, strict=True)
    )
    assert sorted(by_line.values()) == ["", *["信江"] * 6]


def test_a_lake_beside_a_river_stays_nameless(read):
    streets = read(
        BASIN | {"r1": (-50.0, 150.0), "r2": (450.0, 150.0)},
        [
            ("sw se ne nw sw", {"natural": "water"}),
            ("r1 r2", {"waterway": "river", "name": "信江"}),
        ],
    )
    assert named(streets) == {("water", ""), ("water", "信江")}


def test_a_mouth_takes_the_river_that_runs_longest_in_it(read):
    streets = read(
        BASIN,
        [
            ("sw se ne nw sw", {"natural": "water"}),
            ("in1 in2 in3", {"waterway": "river", "name": "长的江"}),
            ("in3 ne", {"waterway": "river", "name": "短的河"}),
        ],
    )
    counted = np.unique(streets.barrier_name.astype(str), return_counts=True)
    assert dict(zip(*(part.tolist() for part in counted), strict=True)) == {
        "长的江": 6,
        "短的河": 1,
    }


@pytest.mark.parametrize("tags", [{"name": "信江"}, {}])
def test_outlines_of_a_multipolygon_take_its_name_or_that_of_the_river_in_it(read, tags):
    river = {"waterway": "river", "name": "信江"}
    streets = read(
        BASIN,
        [("sw se ne", {}), ("ne nw sw", {}), ("in2 in3", river)],
        [("2 3", {"type": "multipolygon", "natural": "water", **tags})],
    )
    assert named(streets) == {("water", "信江")}


def test_a_multipolygon_that_the_extract_has_cut_is_named_too(read):
    streets = read(
        BASIN,
        [("sw se", {}), ("ne nw", {}), ("in1 in2 in3", {"waterway": "river", "name": "信江"})],
        [("2 3 99", {"type": "multipolygon", "natural": "water"})],
    )
    assert named(streets) == {("water", "信江")}


def test_names_are_kept_by_the_dataset_folder(tmp_path):
    pieces = np.arange(12, dtype=np.float64).reshape(3, 4)
    given = replace(
        dataset(),
        barrier_lines=pieces,
        barrier_name=np.array(["信江", "", "沪昆线"], object),
        barrier_kind=np.array(["water", "motorway", "railway"], object),
    )
    bundle.save(given, tmp_path)
    found = bundle.open_dataset(tmp_path)
    assert found.barrier_name.tolist() == given.barrier_name.tolist()
    assert found.barrier_kind.tolist() == given.barrier_kind.tolist()


def test_a_dataset_prepared_before_there_were_names_has_empty_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("geodata.parts.barrier_names.packed", lambda *_: {})
    given = replace(dataset(), barrier_lines=np.zeros((2, 4)))
    bundle.save(given, tmp_path)
    found = bundle.open_dataset(tmp_path)
    assert found.barrier_name.tolist() == found.barrier_kind.tolist() == ["", ""]


def test_names_that_do_not_fit_the_lines_are_refused():
    with pytest.raises(ValidationError, match="barrier_name: expected 0 barriers"):
        replace(dataset(), barrier_name=np.array(["信江"], object))


def test_no_barriers_at_all_pack_and_unpack():
    none = np.zeros(0, object)
    columns = barrier_names.packed(none, none)
    assert [len(part) for part in barrier_names.unpacked(columns, 0)] == [0, 0]


def test_the_demo_has_a_river_and_a_railway_that_cut_people_off(demo_dataset):
    data = bundle.open_dataset(demo_dataset)
    index = Index(data)
    uncovered = ~index.coverage(minutes=15, exact=True).outcomes["people"].covered
    hour = index.coverage(minutes=60, exact=True).outcomes["people"].covered
    crs = datum.metric_crs(*data.barrier_lines[0, :2])
    homes = np.column_stack(datum.project(data.homes["lon"], data.homes["lat"], crs))
    place = data.stations.geometry
    stations = np.column_stack(datum.project(place.x, place.y, crs))
    away = np.hypot(*(homes[:, None] - stations).transpose(2, 0, 1))
    limit_m = 1000.0 / 1.3  # 15 min on foot, a usual detour
    home, station = np.nonzero((away < limit_m) & (uncovered & hour)[:, None])
    trips = shapely.linestrings(np.stack([homes[home], stations[station]], axis=1))
    ends = np.column_stack(
        [
            np.column_stack(datum.project(*data.barrier_lines[:, at : at + 2].T, crs))
            for at in (0, 2)
        ]
    )
    tree = shapely.STRtree(shapely.linestrings(ends.reshape(-1, 2, 2)))
    _, piece = tree.query(trips, predicate="crosses")
    crossed = set(zip(data.barrier_kind[piece], data.barrier_name[piece], strict=True))
    assert {("water", "云江"), ("railway", "云江线")} <= crossed


def test_real_rivers_and_railways(shared_data):
    streets = osm.read_streets([shared_data / "guixi" / "guixi.osm"])
    assert {("water", "信江"), ("railway", "沪昆线"), ("railway", "皖赣线")} <= named(streets)
    city = osm.read_streets([shared_data / "nanjing" / "nanjing.osm.pbf"])
    assert set(city.barrier_kind.tolist()) == {"motorway"}
    assert "南京绕城高速" in set(city.barrier_name.tolist())
