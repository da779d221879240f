"""Reading OSM files: toy files with known answers, real cities, damaged files."""

import bz2
import gzip
from collections.abc import Iterable

import numpy as np
import osmium
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import given, strategies as st
from osmium.osm.mutable import Node, Relation, Way

from geodata.errors import FileFormatError, ValidationError
from geodata.model import Streets
from geodata.osm import REASONS, read_streets

# One degree of longitude and of latitude at the equator, on the WGS-84 ellipsoid.
EAST_M = 6_378_137.0 * np.pi / 180
GEOD = pyproj.Geod(ellps="WGS84")


def xml(nodes: dict[int, tuple], ways: Iterable[tuple], relations: Iterable[tuple] = ()) -> str:
    """Write nodes ``{id: (lon, lat, *tags)}`` and ways ``(id, refs, *tags)`` as OSM XML."""

    def inside(texts):
        pairs = (text.split("=", 1) for text in texts)
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in pairs)

    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="hand">']
    lines += [
        f'<node id="{i}" lon="{lon}" lat="{lat}">{inside(tags)}</node>'
        for i, (lon, lat, *tags) in nodes.items()
    ]
    for i, refs, *tags in ways:
        members = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{i}">{members}{inside(tags)}</way>')
    for i, members, *tags in relations:
        text = "".join(f'<member type="way" ref="{r}" role="{role}"/>' for r, role in members)
        lines.append(f'<relation id="{i}">{text}{inside(tags)}</relation>')
    return "\n".join([*lines, "</osm>"])


LINE = {i: (i * 0.001, 0.0) for i in range(1, 7)}


@pytest.fixture
def read(tmp_path):
    """Read toy towns, each argument the parts of one file."""

    def reader(*towns, **options) -> Streets:
        paths = []
        for number, town in enumerate(towns):
            paths.append(tmp_path / f"town{number}.osm")
            paths[-1].write_text(xml(*town), encoding="utf-8")
        return read_streets(paths, **options)

    return reader


def segments(streets: Streets) -> list[tuple[int, int, int]]:
    """Return way, from and to of every segment, by OSM ids."""
    return list(
        zip(
            streets.way_id[streets.segment_way].tolist(),
            streets.node_id[streets.segment_from].tolist(),
            streets.node_id[streets.segment_to].tolist(),
            strict=True,
        )
    )


def test_a_way_becomes_segments_between_its_consecutive_nodes(read):
    streets = read((LINE, [(7, [1, 2, 4], "highway=residential", "name=滨江路")]))
    assert segments(streets) == [(7, 1, 2), (7, 2, 4)]
    assert streets.segment_m == pytest.approx([EAST_M / 1000, EAST_M / 500], rel=1e-9)
    assert streets.node_id.tolist() == [1, 2, 4]
    assert streets.lon.tolist() == [0.001, 0.002, 0.004]
    assert streets.way_name.tolist() == ["滨江路"]
    assert streets.way_class.tolist() == ["residential"]
    assert streets.sources == ("town0.osm",)
    assert streets.as_of == ""
    assert sum(streets.skipped.values()) == 0
    assert tuple(streets.skipped) == REASONS


def test_names_with_signs_that_text_formats_use(read):
    name = "A,B=C%20 @&quot;“中山 路”\N{PIG FACE}"
    streets = read((LINE, [(7, [1, 2], "highway=path", f"name={name}")]))
    assert streets.way_name.tolist() == [name.replace("&quot;", '"')]


# osmium's text writer cuts the sixth hex digit of plane 16, which is private use only.
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0", max_codepoint=0xFFFFF)


@given(names=st.lists(st.text(LETTERS, min_size=1), min_size=1, max_size=8))
def test_any_name_survives(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("names") / "town.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for node, place in LINE.items():
            writer.add_node(Node(id=node, location=place))
        for way, name in enumerate(names):
            writer.add_way(Way(id=way + 1, nodes=[1, 2], tags={"highway": "path", "name": name}))
    assert read_streets([path]).way_name.tolist() == names


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["name=Bund", "name:zh=外滩", "ref=S1"], "Bund"),
        (["name:zh=外滩", "ref=S1"], "外滩"),
        (["ref=S1"], "S1"),
        (["name:en=Bund"], ""),
    ],
)
def test_the_name_falls_back_to_chinese_and_then_to_the_number(read, tags, expected):
    assert read((LINE, [(7, [1, 2], "highway=path", *tags)])).way_name.tolist() == [expected]


def test_speeds_follow_the_way_they_belong_to(read):
    ways = [
        (9, [2, 3], "highway=motorway"),
        (8, [1, 2], "highway=residential", "oneway=-1"),
        (7, [3, 4], "highway=steps"),
    ]
    streets = read((LINE, ways))
    speed = {
        int(way): tuple(
            float(table[mode][row])
            for mode in ("walk", "drive")
            for table in (streets.forward_kph, streets.backward_kph)
        )
        for row, way in enumerate(streets.way_id)
    }
    assert speed == {9: (0, 0, 90, 0), 8: (4, 4, 0, 25), 7: (4, 4, 0, 0)}


def test_only_the_modes_asked_for_are_worked_out(read):
    streets = read((LINE, [(7, [1, 2], "highway=path")]), modes=("walk",))
    assert set(streets.forward_kph) == set(streets.backward_kph) == {"walk"}
    assert set(streets.closed_node) == {"walk"}


def test_modes_that_nobody_knows_are_all_named(read):
    with pytest.raises(ValidationError, match=r"got 'fly'; modes: .* got 'swim'"):
        read((LINE, [(7, [1, 2], "highway=path")]), modes=("fly", "walk", "swim"))


def test_what_is_no_street_is_left_out_and_counted(read):
    ways = [
        (1, [1, 2], "highway=residential"),
        (2, [2, 3], "highway=construction"),
        (3, [3, 4], "highway=service", "access=private"),
        (4, [4, 5], "highway=nonsense"),
        (5, [5, 6], "building=yes"),
        (6, [5], "highway=residential"),
        (7, [], "highway=residential"),
    ]
    streets = read((LINE, ways))
    assert segments(streets) == [(1, 1, 2)]
    counted = {reason: count for reason, count in streets.skipped.items() if count}
    assert counted == {"not_built": 1, "closed_ways": 1, "unknown_class": 1, "short_ways": 2}


def test_barriers_close_nodes_to_modes(read):
    nodes = LINE | {
        2: (0.002, 0.0, "barrier=bollard"),
        3: (0.003, 0.0, "barrier=gate", "access=no"),
    }
    streets = read((nodes, [(7, [1, 2, 3, 4], "highway=residential")]))
    closed = {mode: streets.node_id[array].tolist() for mode, array in streets.closed_node.items()}
    assert closed == {"walk": [3], "ebike": [3], "bicycle": [3], "drive": [2, 3], "truck": [2, 3]}


def test_a_ferry_takes_as_long_as_it_says_and_nobody_steps_off_midway(read):
    ways = [
        (1, [1, 2], "highway=residential"),
        (2, [2, 3, 4], "route=ferry", "duration=00:12"),
        (3, [4, 5], "route=ferry"),
    ]
    streets = read((LINE, ways))
    assert streets.way_class.tolist() == ["residential", "ferry", "ferry"]
    assert streets.way_snappable.tolist() == [True, False, False]
    hours = 0.12 / 0.06 * EAST_M / 1e6 / streets.forward_kph["walk"][1]
    assert hours == pytest.approx(0.2, rel=1e-6)
    assert streets.forward_kph["walk"][2] == 10
    assert streets.forward_kph["drive"].tolist() == [25, 0, 0]


def test_a_closed_way_and_a_node_that_is_written_twice(read):
    streets = read((LINE, [(7, [1, 2, 2, 3, 1], "highway=residential", "junction=roundabout")]))
    assert segments(streets) == [(7, 1, 2), (7, 2, 3), (7, 3, 1)]


def test_two_nodes_at_one_place_stay_joined_by_a_segment_without_length(read):
    nodes = LINE | {2: (0.001, 0.0)}
    streets = read((nodes, [(7, [1, 2, 3], "highway=residential")]))
    assert segments(streets) == [(7, 1, 2), (7, 2, 3)]
    assert streets.segment_m[0] == 0


def test_water_railways_and_motorways_are_lines_that_a_walk_does_not_cross(read):
    ways = [
        (1, [1, 2], "highway=residential"),
        (2, [2, 3], "waterway=river"),
        (3, [3, 4], "railway=rail"),
        (4, [3, 4], "railway=rail", "bridge=yes"),
        (5, [4, 5], "highway=motorway"),
        (6, [5, 6]),
        (8, [6, 1], "natural=water", "tunnel=yes"),
    ]
    relations = [
        (1, [(6, "outer"), (99, "outer")], "type=multipolygon", "natural=water"),
        (2, [(1, "outer")], "type=multipolygon", "landuse=forest"),
    ]
    streets = read((LINE, ways, relations))
    pieces = sorted(tuple(line) for line in streets.barrier_lines.tolist())
    assert pieces == [
        (0.002, 0.0, 0.003, 0.0),
        (0.003, 0.0, 0.004, 0.0),
        (0.004, 0.0, 0.005, 0.0),
        (0.005, 0.0, 0.006, 0.0),
    ]
    assert streets.way_id.tolist() == [1, 5]
    assert streets.node_id.tolist() == [1, 2, 4, 5]


def test_ids_of_an_editor_are_negative_and_in_any_order(read):
    nodes = {-3: (0.003, 0.0, "barrier=bollard"), -1: (0.001, 0.0), 5: (0.002, 0.0)}
    streets = read((nodes, [(-7, [-1, 5, -3], "highway=residential")]))
    assert segments(streets) == [(-7, -1, 5), (-7, 5, -3)]
    assert streets.node_id[streets.closed_node["drive"]].tolist() == [-3]


def test_deleted_objects_are_passed_over(tmp_path):
    text = xml(LINE, [(7, [1, 2], "highway=path"), (8, [2, 3], "highway=path")])
    path = tmp_path / "town.osm"
    path.write_text(text.replace('<way id="8"', '<way id="8" visible="false"'), encoding="utf-8")
    assert read_streets([path]).way_id.tolist() == [7]


def test_files_are_merged_and_what_they_share_counts_once(read):
    east = (LINE, [(7, [1, 2, 3], "highway=residential"), (8, [3, 4], "highway=residential")])
    west_nodes = {i: LINE[i] for i in (3, 4)} | {9: (0.009, 0.0)}
    west = (west_nodes, [(8, [3, 4], "highway=residential"), (9, [4, 9], "highway=residential")])
    streets = read(east, west)
    assert segments(streets) == [(7, 1, 2), (7, 2, 3), (8, 3, 4), (9, 4, 9)]
    assert streets.node_id.tolist() == [1, 2, 3, 4, 9]
    assert streets.sources == ("town0.osm", "town1.osm")
    assert streets.skipped["duplicate_ways"] == 1
    assert streets.skipped["duplicate_nodes"] == 0
    assert read(east, east).segment_m.tolist() == read(east).segment_m.tolist()


def test_a_node_that_one_file_lacks_comes_from_the_other(read):
    cut = ({i: LINE[i] for i in (1, 2)}, [(7, [1, 2, 3, 4], "highway=residential")])
    rest = ({i: LINE[i] for i in (3, 4)}, [(8, [3, 4], "highway=path")])
    streets = read(cut, rest)
    assert segments(streets) == [(7, 1, 2), (7, 2, 3), (7, 3, 4), (8, 3, 4)]
    assert streets.skipped["missing_nodes"] == 0


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.osm", bytes), ("b.osm.gz", gzip.compress), ("c.osm.bz2", bz2.compress), ("d.xml", bytes)],
)
def test_xml_packed_or_not_whatever_its_name(tmp_path, name, pack):
    text = xml(LINE, [(7, [1, 2], "highway=path")])
    path = tmp_path / name
    path.write_bytes(pack(text.encode()))
    assert segments(read_streets([path])) == [(7, 1, 2)]


def test_pbf_and_xml_give_the_same_streets(tmp_path, shared_data):
    pbf = tmp_path / "guixi.osm.pbf"
    source = shared_data / "guixi" / "guixi.osm"
    with osmium.SimpleWriter(str(pbf)) as writer:
        osmium.apply(str(source), writer)
    one, other = read_streets([source]), read_streets([str(pbf)])
    for name in ("node_id", "lon", "lat", "way_id", "way_name", "segment_from", "segment_m"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    assert one.barrier_lines.tolist() == other.barrier_lines.tolist()


def test_the_data_date_is_the_headers_or_else_the_newest_ways(tmp_path):
    text = xml(LINE, [(7, [1, 2], "highway=path"), (8, [2, 3], "highway=path")])
    text = text.replace('<way id="7"', '<way id="7" timestamp="2024-03-05T06:07:08Z"')
    text = text.replace('<way id="8"', '<way id="8" timestamp="2023-01-01T00:00:00Z"')
    path = tmp_path / "town.osm"
    path.write_text(text, encoding="utf-8")
    assert read_streets([path]).as_of == "2024-03-05"
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2025-11-30T20:21:00Z")
    pbf = tmp_path / "town.osm.pbf"
    with osmium.SimpleWriter(str(pbf), header=header) as writer:
        osmium.apply(str(path), writer)
    assert read_streets([pbf]).as_of == "2025-11-30"
    assert read_streets([path, pbf]).as_of == "2025-11-30"


def test_reading_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / "town.osm"
    path.write_text(xml(LINE, [(7, [1, 2], "highway=path")]), encoding="utf-8")
    read_streets([path])
    assert [file.name for file in tmp_path.iterdir()] == ["town.osm"]


# --- real cities, counted independently (../shared/data/README.md) ------------------------------


def kept(streets: Streets) -> int:
    """Return the ways in the file that are tagged as highways, kept or left out."""
    left_out = ("closed_ways", "not_built", "unknown_class", "short_ways", "duplicate_ways")
    other = np.isin(streets.way_class, ["ferry", "pier"]).sum()
    return len(streets.way_id) - int(other) + sum(streets.skipped[name] for name in left_out)


def test_nanjing(shared_data):
    streets = read_streets([shared_data / "nanjing" / "nanjing.osm.pbf"])
    assert len(streets.way_id) == 34_414
    assert len(streets.node_id) == pytest.approx(132_503, abs=10)
    assert (streets.way_class == "motorway").sum() == 1_531
    assert not streets.forward_kph["walk"][streets.way_class == "motorway"].any()
    assert (streets.way_name != "").sum() == 16_262  # ways with a name, counted with osmium
    assert 118.39 <= streets.lon.min() < streets.lon.max() <= 119.24
    assert 31.20 <= streets.lat.min() < streets.lat.max() <= 32.61


def test_nanchang(shared_data):
    streets = read_streets([shared_data / "nanchang" / "nanchang.osm.pbf"])
    assert (len(streets.node_id), len(streets.way_id)) == (2_048, 3_012)
    assert streets.segment_m.sum() / 1000 == pytest.approx(1_296, rel=0.01)


def test_guixi(shared_data):
    streets = read_streets([shared_data / "guixi" / "guixi.osm"])
    assert kept(streets) == 176
    assert streets.skipped["not_built"] == 6
    assert len(streets.barrier_lines) > 0
    assert any("路" in name for name in streets.way_name)


def test_porto(shared_data):
    streets = read_streets([shared_data / "porto" / "porto.osm.pbf"])
    one_way = (streets.forward_kph["drive"] > 0) != (streets.backward_kph["drive"] > 0)
    assert streets.segment_m.sum() / 1000 == pytest.approx(10_932, rel=0.01)
    # 15,487 ways carry the tag: 4,367 say no, 11,120 say yes or -1; roundabouts imply it.
    assert one_way.sum() == pytest.approx(11_120, rel=0.02)
    assert (streets.way_class == "steps").sum() == pytest.approx(652, abs=20)
    assert streets.as_of == "2015-06-06"
    assert streets.closed_node["drive"].sum() > streets.closed_node["bicycle"].sum() > 0


def test_heidelberg(shared_data):
    streets = read_streets([shared_data / "heidelberg" / "heidelberg.osm.pbf"])
    steps = streets.way_class == "steps"
    assert steps.sum() == pytest.approx(1_546 - 48, abs=2)  # 48 are private or closed
    assert set(streets.forward_kph["walk"][steps]) <= {0.0, 4.0}
    assert not streets.forward_kph["drive"][steps].any()
    assert (~streets.way_snappable).sum() == 6
    assert streets.as_of == "2024-09-08"


def test_helsinki_has_streets_cut_at_its_edge(helsinki_pbf):
    streets = read_streets([helsinki_pbf])
    assert kept(streets) == pytest.approx(2_650, abs=60)
    assert streets.skipped["missing_nodes"] > 0
    assert streets.skipped["split_ways"] > 0
    assert streets.segment_m.max() < 2_000


@pytest.mark.parametrize("city", ["guixi/guixi.osm", "nanjing/nanjing.osm.pbf"])
def test_the_street_length_is_gdals(shared_data, city):
    path = shared_data / city
    # GDAL drops ways of one node and draws closed ways with area tags as polygons: none here.
    lines = pyogrio.read_dataframe(path, layer="lines", columns=["osm_id", "highway"])
    lines = lines[lines["highway"].notna()]
    theirs = {
        int(way): GEOD.geometry_length(line)
        for way, line in zip(lines["osm_id"], lines.geometry, strict=True)
    }
    streets = read_streets([path])
    ours = np.bincount(streets.segment_way, streets.segment_m)
    assert ours == pytest.approx([theirs[way] for way in streets.way_id.tolist()], abs=0.01)


def test_segments_lie_where_gdal_draws_the_ways(shared_data):
    path = shared_data / "guixi" / "guixi.osm"
    lines = pyogrio.read_dataframe(path, layer="lines", columns=["osm_id"]).set_index("osm_id")
    streets = read_streets([path])
    ends = [
        np.column_stack([streets.lon[i], streets.lat[i]])
        for i in (streets.segment_from, streets.segment_to)
    ]
    drawn = lines.geometry.loc[streets.way_id[streets.segment_way].astype(str)].to_numpy()
    pieces = shapely.linestrings(np.stack(ends, axis=1))
    assert shapely.dwithin(shapely.centroid(pieces), drawn, 1e-9).all()


# --- faults ---------------------------------------------------------------------------------------


def damaged(kind: str, good: bytes) -> bytes:
    """Return a file spoilt in one of the ways that files get spoilt."""
    flipped = bytearray(good)
    for place in np.random.default_rng(27).integers(200, len(good), 20):
        flipped[place] ^= 0x55
    return {
        "truncated": good[: len(good) // 2],
        "cut at the end": good[:-7],
        "empty": b"",
        "garbage": np.random.default_rng(27).bytes(50_000),
        "zeros": bytes(50_000),
        "flipped": bytes(flipped),
        "web page": b"<!DOCTYPE html>\n<html><body>429 Too Many Requests</body></html>",
        "table": "名称,经度,纬度\n驿站,118.8,32.0\n".encode(),
        "changes": b'<?xml version="1.0"?><osmChange version="0.6"></osmChange>',
        "no street": xml(LINE, [(1, [1, 2], "building=yes")]).encode(),
        "no way": b'<?xml version="1.0"?><osm version="0.6"></osm>',
    }[kind]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("truncated", "the file is damaged or cut off"),
        ("cut at the end", "the file is damaged or cut off"),
        ("empty", "the file is empty"),
        ("garbage", "expected OpenStreetMap data"),
        ("zeros", "expected OpenStreetMap data"),
        ("flipped", "the file is damaged or cut off"),
        ("web page", "got a web page"),
        ("table", "expected OpenStreetMap data"),
        ("changes", "got a file of changes"),
        ("no street", "expected streets"),
        ("no way", "expected streets"),
    ],
)
def test_fault_27_a_damaged_file_is_refused_with_a_sentence(helsinki_pbf, tmp_path, kind, sentence):
    path = tmp_path / "city.osm.pbf"
    path.write_bytes(damaged(kind, helsinki_pbf.read_bytes()))
    with pytest.raises(FileFormatError, match=rf"city\.osm\.pbf: .*{sentence}"):
        read_streets([path])


@pytest.mark.parametrize("share", [0.02, 0.4, 0.98])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_fault_27_xml_cut_off(tmp_path, pack, share):
    text = xml(LINE, [(i, [1, 2, 3], "highway=path") for i in range(1, 3000)]).encode()
    whole = pack(text)
    path = tmp_path / "city.osm"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileFormatError, match=r"city\.osm: "):
        read_streets([path])


def test_fault_27_one_bad_file_among_good_ones_is_named(helsinki_pbf, tmp_path):
    bad = tmp_path / "second.osm.pbf"
    bad.write_bytes(helsinki_pbf.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match=r"second\.osm\.pbf"):
        read_streets([helsinki_pbf, bad])


def test_fault_27_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileFormatError, match=r"absent\.osm\.pbf: cannot be opened \(No such file"):
        read_streets([tmp_path / "absent.osm.pbf"])
    with pytest.raises(FileFormatError, match=r"cannot be opened"):
        read_streets([tmp_path])


def test_fault_27_no_file_at_all():
    with pytest.raises(FileFormatError, match="no file: expected streets"):
        read_streets([])


@pytest.mark.parametrize("suffix", ["osm.pbf", "osm"])
def test_fault_28_missing_nodes_bad_places_and_repeated_ids_are_skipped_and_counted(
    tmp_path, suffix
):
    path = tmp_path / f"town.{suffix}"
    street = {"highway": "residential"}
    places = {1: (0.001, 0), 2: (0.002, 0), 4: (0.004, 0), 5: (0.005, 0), 6: (999.0, 0)}
    with osmium.SimpleWriter(str(path)) as writer:
        for node, place in places.items():
            writer.add_node(Node(id=node, location=place))
        writer.add_node(Node(id=5, location=(0.5, 0)))
        writer.add_node(Node(id=7, location=(0.007, 95.0)))
        writer.add_way(Way(id=1, nodes=[1, 2, 3, 4, 5], tags=street))
        writer.add_way(Way(id=2, nodes=[5, 6], tags=street))
        writer.add_way(Way(id=3, nodes=[4, 5, 7], tags=street))
        writer.add_way(Way(id=3, nodes=[1, 5], tags=street))
        writer.add_way(Way(id=4, nodes=[1000 + i for i in range(846)], tags=street))
        writer.add_relation(Relation(id=1, members=[("w", 77, "outer")], tags={"natural": "water"}))
    streets = read_streets([path])
    assert segments(streets) == [(1, 1, 2), (1, 4, 5), (3, 4, 5)]
    assert streets.lon[streets.node_id == 5].tolist() == [0.005]
    assert streets.segment_m.max() < 120
    counted = {reason: count for reason, count in streets.skipped.items() if count}
    assert counted == {
        "missing_nodes": 847,
        "split_ways": 4,
        "bad_coordinates": 2,
        "duplicate_nodes": 1,
        "duplicate_ways": 1,
        "short_ways": 2,
    }


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("place", ["999", "abc", ""])
def test_fault_28_coordinates_that_are_no_degrees_in_xml(tmp_path, pack, place):
    nodes = LINE | {3: (place, 0)}
    text = xml(nodes, [(7, [1, 2, 3, 4, 5], "highway=residential")])
    text = text.replace("<node", f'<bounds minlon="{place}" minlat="0" maxlon="1"/><node', 1)
    path = tmp_path / "town.osm"
    path.write_bytes(pack(text.encode()))
    streets = read_streets([path])
    assert segments(streets) == [(7, 1, 2), (7, 4, 5)]
    assert streets.skipped["bad_coordinates"] == 1
