"""The base map: what OSM files hold comes out of the tiles where it was, and nothing else does.

The tiles are read by mapbox-vector-tile and the archives by pmtiles' own reader; places are
worked out by pyproj.
"""

import os
import subprocess
import sys
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from pmtiles.reader import MemorySource, Reader, all_tiles

from geodata import bundle
from geodata.basemap import MAX_ZOOM, cut_basemap
from geodata.errors import DatasetError
from geodata.osm import read_ground, read_streets
from geodata.scenery import NAME_LENGTH, no_scenery, shown
from geodata.tile_archive import TileReader, write_archive
from geodata.tile_cutting import BUFFER, EXTENT, cut_lines, cut_rings
from tests.datasets import dataset
from tests.osm_xml import STREET, write_osm
from tests.tile_reading import decoded, shapes, tile_at, units
from tests.towns import lonlat

SQUARE = {"a": (0, 0), "b": (900, 0), "c": (900, 900), "d": (0, 900)}
HOLE = {"e": (300, 300), "f": (600, 300), "g": (600, 600), "h": (300, 600)}
#: A street far enough around everything, so that tiles are made there.
ROUND = {"sw": (-300, -300), "se": (1300, -300), "ne": (1300, 1300), "nw": (-300, 1300)}
ALONG = ("sw se ne nw sw", STREET)


def read_map(paths):
    """Streets and scenery of files."""
    ground = read_ground(paths)
    return ground.streets, ground.scenery


def read(tmp_path, nodes, ways, **osm):
    """Streets and scenery of a town in metres."""
    return read_map([write_osm(tmp_path / "town.osm", {**nodes, **ROUND}, [ALONG, *ways], **osm)])


def tiles_of(streets, scenery):
    """All tiles of a base map, by an independent reader."""
    basemap = cut_basemap(streets, scenery)
    assert basemap is not None
    found = dict(all_tiles(MemorySource(basemap.archive)))
    assert len(found) == basemap.tiles
    return found


def town_tiles(tmp_path, nodes, ways, **osm):
    return tiles_of(*read(tmp_path, nodes, ways, **osm))


def at(x, y, zoom=MAX_ZOOM):
    """A place in metres, in units of the world."""
    return units(*(float(value) for value in lonlat(x, y)), zoom)


def polygon(*names, nodes):
    return shapely.Polygon([at(*nodes[name]) for name in names])


# ----------------------------------------------------------------------------------------- streets


def test_every_vertex_of_a_street_lies_within_half_a_unit_of_where_it_was(tmp_path):
    bends = {f"p{i}": (i * 173.3 % 900, i * 91.7) for i in range(9)}
    tiles = town_tiles(
        tmp_path, bends, [(" ".join(bends), {"highway": "tertiary", "name": "弯路"})]
    )
    lines = [line for line, tags in shapes(tiles, "roads", MAX_ZOOM) if tags.get("name") == "弯路"]
    drawn = shapely.points(shapely.get_coordinates(shapely.union_all(lines)))
    for place in bends.values():
        assert shapely.distance(drawn, shapely.Point(at(*place))).min() <= 0.5 * 2**0.5 + 0.01


def test_levels_and_names_come_with_the_zooms_that_show_them(tmp_path):
    ways = [
        ("a b", {"highway": "primary", "name": "大道"}),
        ("b c", {"highway": "tertiary"}),
        ("c d", {"highway": "footway", "name": "小路"}),
    ]
    tiles = town_tiles(tmp_path, SQUARE, ways)
    found = {
        zoom: {(tags["level"], tags.get("name")) for _, tags in shapes(tiles, "roads", zoom)}
        for zoom in range(8, 16)
    }
    assert found[8] == found[9] == {(0, None)}
    assert found[11] == {(0, None), (2, None)}
    assert found[13] == {(0, None), (2, None), (3, None)}
    assert found[14] == found[15] == {(0, "大道"), (2, None), (3, None), (4, "小路")}
    assert {zoom for zoom, _, _ in tiles} == set(range(8, 16))


def test_where_all_streets_are_small_the_largest_show_from_afar(tmp_path):
    tiles = town_tiles(tmp_path, SQUARE, [("a b", {"highway": "footway"})])
    assert {tags["level"] for _, tags in shapes(tiles, "roads", 8)} == {3}


def test_streets_cross_the_borders_of_tiles_without_a_gap(tmp_path):
    """Whatever the zoom, the parts on the tiles are as long as the whole."""
    ends = {"w": (0, 17), "e": (9000, 23)}
    tiles = town_tiles(tmp_path, ends, [("w e", {"highway": "primary"})])
    for zoom in range(8, 16):
        lines = [line for line, tags in shapes(tiles, "roads", zoom) if tags["level"] == 0]
        whole = shapely.LineString([at(*ends["w"], zoom), at(*ends["e"], zoom)])
        assert shapely.length(lines).sum() == pytest.approx(whole.length, abs=2)
        joined = shapely.line_merge(shapely.union_all(lines, grid_size=1))
        assert shapely.hausdorff_distance(joined, whole) < 1.5


def test_far_segments_and_poles_are_left_out(tmp_path):
    streets, scenery = read(tmp_path, SQUARE, [("a b", STREET)])
    lat, lon = streets.lat.copy(), streets.lon.copy()
    lat[-1], lon[0] = 89.9, -170.0
    tiles = tiles_of(replace(streets, lat=lat, lon=lon), scenery)
    assert 0 < len(tiles) < 100
    assert cut_basemap(replace(streets, lat=np.full_like(lat, 88.0)), scenery) is None


# ----------------------------------------------------------------------------------------- scenery


def test_water_has_the_area_that_it_had(tmp_path):
    tiles = town_tiles(tmp_path, SQUARE, [("a b c d a", {"natural": "water"})])
    for zoom in (9, 12, 14, 15):
        expected = shapely.Polygon([at(*place, zoom) for place in SQUARE.values()]).area
        found = sum(area.area for area, _ in shapes(tiles, "water", zoom))
        assert found == pytest.approx(expected, rel=0.002 if zoom > 9 else 0.05)


def test_an_island_stays_dry_whatever_the_roles_say(tmp_path):
    nodes = SQUARE | HOLE
    ways = [("a b c d a", {}), ("e f g h e", {})]
    relations = [("2 3", {"type": "multipolygon", "natural": "water"})]
    tiles = town_tiles(tmp_path, nodes, ways, relations=relations)
    lake = shapely.union_all([area for area, _ in shapes(tiles, "water", MAX_ZOOM)])
    expected = polygon(*"abcd", nodes=nodes).difference(polygon(*"efgh", nodes=nodes))
    assert lake.symmetric_difference(expected).area < 0.001 * expected.area


def test_an_outline_in_pieces_is_one_area_and_its_tagged_way_is_not_drawn_twice(tmp_path):
    ways = [("a b c", {}), ("c d a", {}), ("e f g h e", {"landuse": "forest"})]
    relations = [
        ("2 3", {"type": "multipolygon", "natural": "wood"}),
        ("4", {"type": "multipolygon", "landuse": "forest"}),
    ]
    _, scenery = read(tmp_path, SQUARE | HOLE, ways, relations=relations)
    assert len(scenery.shape) == 2
    assert {scenery.kinds[kind].kind for kind in scenery.drawn} == {"wood"}


def test_a_river_that_an_extract_has_cut_is_closed_at_its_end(tmp_path):
    """Relation of two banks and a third member that the file lacks."""
    nodes = {"l0": (200, 0), "l1": (210, 1000), "r0": (300, 0), "r1": (310, 1000)}
    ways = [("l0 l1", {}), ("r0 r1", {})]
    relations = [("2 3 99", {"type": "multipolygon", "natural": "water"})]
    tiles = town_tiles(tmp_path, nodes, ways, relations=relations)
    river = shapely.union_all([area for area, _ in shapes(tiles, "water", MAX_ZOOM)])
    assert river.contains(shapely.Point(at(255, 500)))
    assert not river.contains(shapely.Point(at(400, 500)))


def test_lines_and_classes(tmp_path):
    ways = [
        ("a b", {"waterway": "river", "name": "云江"}),
        ("b c", {"waterway": "stream"}),
        ("c d", {"railway": "rail"}),
        ("d a", {"railway": "rail", "service": "yard"}),
        ("e f g h e", {"leisure": "park"}),
    ]
    tiles = town_tiles(tmp_path, SQUARE | HOLE, ways)
    for zoom, classes in ((8, {"river"}), (12, {"river"}), (13, {"river", "stream"})):
        assert {tags["class"] for _, tags in shapes(tiles, "waterway", zoom)} == classes
    rails = {z: sum(line.length for line, _ in shapes(tiles, "railway", z)) for z in (12, 13)}
    assert rails[13] == pytest.approx(4 * rails[12], rel=0.01)  # twice the zoom, twice the lines
    assert {tags["class"] for _, tags in shapes(tiles, "green", 15)} == {"park"}


def test_places_have_their_names_and_the_important_come_first(tmp_path):
    tags = {
        "a": {"place": "village", "name": "小村", "population": "900"},
        "b": {"place": "village", "name": "大村", "population": "12 000"},
        "c": {"place": "city", "name": "云江市"},
        "d": {"place": "state", "name": "江西省"},
        "e": {"place": "country", "name": "Nowhere"},
    }
    tiles = town_tiles(tmp_path, SQUARE | HOLE, [], node_tags=tags)
    found = {t["name"]: (place, t) for place, t in shapes(tiles, "places", 12)}
    assert set(found) == {"小村", "大村", "云江市"}
    assert found["云江市"][1]["class"] == "city"
    ranks = [found[name][1]["rank"] for name in ("云江市", "大村", "小村")]
    assert ranks == sorted(set(ranks))
    assert found["大村"][0].distance(shapely.Point(at(*SQUARE["b"], 12))) < 1
    assert {t["name"] for _, t in shapes(tiles, "places", 8)} == {"云江市"}


def test_nothing_of_a_boundary_or_below_the_ground_is_drawn(tmp_path):
    ways = [
        ("a b c d a", {"boundary": "administrative", "natural": "water"}),
        ("a b", {"waterway": "river", "boundary": "administrative"}),
        ("b c", {"waterway": "river", "tunnel": "culvert"}),
        ("c d", {"railway": "subway", "tunnel": "yes"}),
        ("e f g h e", {"boundary": "national_park", "leisure": "park"}),
    ]
    relations = [("2", {"type": "boundary", "natural": "wood", "boundary": "protected_area"})]
    tiles = town_tiles(tmp_path, SQUARE | HOLE, ways, relations=relations)
    assert {layer for data in tiles.values() for layer in decoded(data)} == {"roads"}


# ----------------------------------------------------------------------------------------- bad data


def test_bad_shapes_are_skipped_and_counted(tmp_path):
    nodes = SQUARE | HOLE
    ways = [
        ("a b c d", {"natural": "water"}),  # does not close
        ("e f g h e", {"natural": "water"}),
    ]
    relations = [
        ("98 99", {"type": "multipolygon", "natural": "wood"}),  # no member is here
        ("2", {"type": "multipolygon", "natural": "wood"}),
    ]
    places = {"a": {"place": "village"}, "b": {"place": "village", "name": " \x85 "}}
    path = write_osm(
        tmp_path / "bad.osm", {**nodes, **ROUND}, [ALONG, *ways],
        node_tags=places, relations=relations,
    )  # fmt: skip
    text = path.read_text("utf-8")
    text = text.replace("</osm>", "")
    text += '<way id="77"><nd ref="1"/><nd ref="888"/><nd ref="2"/><nd ref="1"/>'
    text += '<tag k="natural" v="wood"/></way>'
    text += (
        '<node id="999" lat="95" lon="200"><tag k="place" v="town"/><tag k="name" v="x"/></node>'
    )
    path.write_text(text + "</osm>", "utf-8")
    streets, scenery = read_map([path])
    assert dict(scenery.skipped) == {
        "open_areas": 3,
        "missing_nodes": 1,
        "broken_areas": 0,
        "unnamed_places": 2,
        "bad_coordinates": 1,
    }
    assert len(scenery.shape) == 1
    assert cut_basemap(streets, scenery) is not None


@pytest.mark.parametrize("crossed", ["a c b d a", "a b a b a", "a a a a a"])
def test_crossed_and_empty_outlines_do_not_stop_anything(tmp_path, crossed):
    ways = [(crossed, {"natural": "water"}), (crossed, {})]
    relations = [("3", {"type": "multipolygon", "landuse": "forest"})]
    assert town_tiles(tmp_path, SQUARE, ways, relations=relations)


def test_long_names_and_control_characters_are_cut(tmp_path):
    name = "路\u202e" + "长" * 200
    ways = [("a b", {"highway": "primary", "name": name})]
    places = {"c": {"place": "town", "name": name.replace("路", "镇")}}
    tiles = town_tiles(tmp_path, SQUARE, ways, node_tags=places)
    names = {
        tags["name"]
        for layer in ("roads", "places")
        for _, tags in shapes(tiles, layer, 15)
        if "name" in tags
    }
    assert names == {("路 " + "长" * 100)[:NAME_LENGTH], ("镇 " + "长" * 100)[:NAME_LENGTH]}


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_names_shown_are_short_plain_text(text):
    name = shown(text)
    assert len(name) <= NAME_LENGTH
    assert name == shown(name) == " ".join(name.split())
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in name)


def test_the_streets_are_those_of_reading_streets_alone(tmp_path):
    ways = [("a b", STREET), ("b c", {"waterway": "river"}), ("e f g h e", {"leisure": "park"})]
    path = write_osm(tmp_path / "town.osm", SQUARE | HOLE, ways)
    streets, scenery = read_map([path])
    alone = read_streets([path])
    assert len(scenery.shape) == 2
    assert dict(streets.skipped) == dict(alone.skipped)
    for name in ("node_id", "lon", "lat", "way_id", "segment_from", "segment_m", "barrier_lines"):
        np.testing.assert_array_equal(getattr(streets, name), getattr(alone, name))


# ----------------------------------------------------------------------------------------- cutting

# Odd numbers: nothing lies on the border of two tiles, where both would count it.
COORDINATE = st.integers(-2 * EXTENT, 4 * EXTENT).map(lambda value: 2 * (value // 2) + 1)


def moved(cut):
    """The pieces of a cut, in units of the world, and their tiles."""
    ends = np.cumsum(cut.count)
    tiles = np.column_stack([cut.column, cut.row])
    for start, end, tile in zip(ends - cut.count, ends, tiles, strict=True):
        yield cut.xy[start:end] + tile * EXTENT, tile


@given(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=2, max_size=12, unique=True))
def test_pieces_of_a_line_make_the_line(points):
    xy = np.array(points, float) + 3 * EXTENT
    cut = cut_lines(xy, np.zeros(len(xy), np.int64), np.zeros(1, np.int64))
    length = 0.0
    for piece, tile in moved(cut):
        (west, south), (east, north) = tile * EXTENT, (tile + 1) * EXTENT
        square = shapely.box(west, south, east, north)
        assert shapely.buffer(square, BUFFER, join_style="mitre").covers(shapely.MultiPoint(piece))
        assert shapely.LineString(xy).buffer(1.5).covers(shapely.LineString(piece))
        inside = shapely.LineString(piece).intersection(square)
        edge = shapely.LineString([(east, south), (east, north), (west, north)])
        length += inside.length - inside.intersection(edge).length  # which is the next tile's
    assert length == pytest.approx(shapely.LineString(xy).length, rel=1e-3, abs=4)


@given(st.lists(st.integers(200, 3 * EXTENT), min_size=3, max_size=24), COORDINATE, COORDINATE)
def test_pieces_of_a_polygon_cover_the_polygon(reach, east, south):
    turn = np.linspace(0, 2 * np.pi, len(reach) + 1)[:-1]
    ring = np.array(reach)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]) + [east, south]
    ring += 8 * EXTENT
    whole = shapely.Polygon(ring)
    cut = cut_rings(ring, np.zeros(len(ring), np.int64), np.zeros(1, np.int64), np.array([False]))
    area = 0.0
    for piece, tile in moved(cut):
        part = shapely.Polygon(piece)
        x, y = piece.T  # surveyor's formula: y points down, so this is clockwise on the map
        assert (np.roll(x, 1) * y - x * np.roll(y, 1)).sum() > 0
        square = shapely.box(*(tile * EXTENT), *((tile + 1) * EXTENT))
        area += shapely.make_valid(part).intersection(square).area
    assert area == pytest.approx(whole.area, rel=2e-3, abs=4 * whole.length)


# ----------------------------------------------------------------------------------------- archive


@given(
    st.dictionaries(
        st.integers(0, 4**9 - 1), st.sampled_from([b"", b"a", b"tile" * 40]), min_size=1
    )
)
def test_tiles_come_out_as_pmtiles_own_reader_finds_them(tiles):
    places = {(9, number % 512, number // 512): data for number, data in tiles.items()}
    archive = write_archive(places, (1.0, 2.0, 3.0, 4.0), {"name": "x"})
    ours, theirs = TileReader(archive), Reader(MemorySource(archive))
    for place in places:
        assert ours.get(*place) == theirs.get(*place)
        beside = 9, (place[1] + 1) % 512, place[2]
        assert ours.get(*beside) == theirs.get(*beside)
    assert (ours.minzoom, ours.maxzoom, ours.bounds) == (9, 9, (1.0, 2.0, 3.0, 4.0))
    assert ours.metadata == {"name": "x"}


def test_an_archive_with_leaves_is_read_as_pmtiles_own_reader_does():
    rng = np.random.default_rng(4)
    places = {(12, *map(int, place)): rng.bytes(9) for place in rng.integers(0, 4096, (20_000, 2))}
    archive = write_archive(places, (0.0, 0.0, 1.0, 1.0), {})
    ours = TileReader(archive)
    assert dict(all_tiles(MemorySource(archive))) == {place: ours.get(*place) for place in places}
    assert Reader(MemorySource(archive)).header()["leaf_directory_length"] > 0
    assert ours.get(12, 0, 0) == Reader(MemorySource(archive)).get(12, 0, 0)


@pytest.mark.parametrize("data", [b"", b"PMTiles", b"x" * 1000, b"PMTiles\x03" + b"\xff" * 200])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(ValueError, match="PMTiles"):
        TileReader(data)


PROGRAM = """
import sys
from geodata.basemap import cut_basemap
from geodata.osm import read_ground
ground = read_ground([sys.argv[1]])
sys.stdout.buffer.write(cut_basemap(ground.streets, ground.scenery).archive)
"""


def test_the_same_file_gives_the_same_bytes(demo_inputs):
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, demo_inputs["streets"]],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    layers = {layer for _, data in all_tiles(MemorySource(runs[0])) for layer in decoded(data)}
    assert layers == {"water", "waterway", "green", "railway", "roads", "places"}


# ----------------------------------------------------------------------------------------- dataset


@pytest.fixture
def archive(tmp_path):
    streets, _ = read(tmp_path, SQUARE, [("a b", STREET)])
    basemap = cut_basemap(streets, no_scenery())
    assert basemap is not None
    return basemap.archive


def test_a_dataset_keeps_its_base_map(tmp_path, archive):
    bundle.save(replace(dataset(), basemap=archive), tmp_path / "city")
    opened = bundle.open_dataset(tmp_path / "city")
    assert opened.basemap is not None
    assert opened.basemap[:] == archive
    assert "basemap.pmtiles" in opened.manifest["files"]


def test_an_open_dataset_keeps_its_tiles_when_the_folder_is_replaced(tmp_path, archive):
    bundle.save(replace(dataset(), basemap=archive), tmp_path / "city")
    opened = bundle.open_dataset(tmp_path / "city")
    bundle.save(dataset(), tmp_path / "city")
    assert opened.basemap is not None
    assert opened.basemap[:] == archive
    assert bundle.open_dataset(tmp_path / "city").basemap is None


def test_a_dataset_without_a_base_map_opens(tmp_path):
    bundle.save(dataset(), tmp_path / "city")
    assert bundle.open_dataset(tmp_path / "city").basemap is None


def test_a_damaged_base_map_is_refused(tmp_path, archive):
    bundle.save(replace(dataset(), basemap=archive), tmp_path / "city")
    path = tmp_path / "city" / "public" / "basemap.pmtiles"
    path.write_bytes(archive[:-1] + bytes([archive[-1] ^ 1]))
    with pytest.raises(DatasetError, match="damaged"):
        bundle.open_dataset(tmp_path / "city")
    path.unlink()
    with pytest.raises(DatasetError, match="missing"):
        bundle.open_dataset(tmp_path / "city")


def test_a_base_map_that_is_no_archive_is_refused(tmp_path):
    bundle.save(replace(dataset(), basemap=b"something else"), tmp_path / "city")
    with pytest.raises(DatasetError, match="no archive of tiles"):
        bundle.open_dataset(tmp_path / "city")


@pytest.mark.slow
def test_real_streets_keep_their_length_in_the_tiles(helsinki_pbf):
    """At the last zoom, level by level, against the segments as read."""
    from geodata.street_levels import levels_of

    streets, scenery = read_map([helsinki_pbf])
    tiles = tiles_of(streets, scenery)
    place = np.array([units(*p, MAX_ZOOM) for p in zip(streets.lon, streets.lat, strict=True)])
    length = np.hypot(*(place[streets.segment_from] - place[streets.segment_to]).T)
    level = levels_of(streets.way_class)[streets.segment_way]
    found = np.zeros(5)
    for line, tags in shapes(tiles, "roads", MAX_ZOOM):
        found[tags["level"]] += line.length
    np.testing.assert_allclose(found, np.bincount(level, length, 5), rtol=0.004)
    names = {tags["name"] for _, tags in shapes(tiles, "roads", 14) if "name" in tags}
    assert names == {shown(name) for name in streets.way_name} - {""}
    assert tile_at(float(streets.lon[0]), float(streets.lat[0]), 8) in tiles
