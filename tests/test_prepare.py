"""From input files to a dataset folder, on real streets and on streets drawn by hand."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geodata import datum, open_dataset
from geodata.errors import DatasetError, InputError, ValidationError
from geodata.model import ON_NETWORK
from geodata.osm import read_streets
from locator.snap import Snapper
from web.prepare import PrepareRequest, prepare

CANARY = (24.9507554, 60.1708675)  # beside the middle of a street, on foot and by car


def write_table(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def beside_streets(streets, count, seed):
    """Places up to 30 m beside random street nodes."""
    rng = np.random.default_rng(seed)
    used = np.unique(np.concatenate((streets.segment_from, streets.segment_to)))
    node = used[rng.integers(0, len(used), count)]
    return [
        (round(float(x), 7), round(float(y), 7))
        for x, y in zip(
            streets.lon[node] + rng.uniform(-2e-4, 2e-4, count),
            streets.lat[node] + rng.uniform(-2e-4, 2e-4, count),
            strict=True,
        )
    ]


def write_stations(path, places):
    header = ["id", "name", "lon", "lat", "datum", "opening_hours"]
    rows = [[f"s{n:03d}", f"驿站{n}", *place, "wgs84", "24/7"] for n, place in enumerate(places)]
    return write_table(path, header, rows)


def write_homes(path, places, groups=("courier", "driver", "")):
    header = ["id", "lon", "lat", "datum", "workers", "group"]
    rows = [
        [f"h{n:05d}", *place, "wgs84", 1 + n % 3, groups[n % len(groups)]]
        for n, place in enumerate(places)
    ]
    return write_table(path, header, rows)


@pytest.fixture(scope="module")
def helsinki(helsinki_pbf, tmp_path_factory):
    """Inputs: real streets, 40 stations, 400 homes of which one is a canary, two districts."""
    folder = tmp_path_factory.mktemp("helsinki")
    streets = read_streets([helsinki_pbf], modes=["walk"])
    write_stations(folder / "stations.csv", beside_streets(streets, 40, 1))
    write_homes(folder / "homes.csv", beside_streets(streets, 399, 2))
    with (folder / "homes.csv").open("a", encoding="utf-8") as file:
        file.write(f"h99999,{CANARY[0]},{CANARY[1]},wgs84,1,canary\n")
    west, south, east, north = (
        streets.lon.min(), streets.lat.min(), streets.lon.max(), streets.lat.max(),
    )  # fmt: skip
    middle = (west + east) / 2
    gpd.GeoDataFrame(
        {"id": ["091", "092"], "name": ["Länsi", "Itä"]},
        geometry=[
            shapely.box(west, south, middle, north), shapely.box(middle, south, east, north),
        ],
        crs="EPSG:4326",
    ).to_file(folder / "regions.geojson", driver="GeoJSON")  # fmt: skip
    return PrepareRequest(
        streets=[helsinki_pbf],
        stations=folder / "stations.csv",
        homes=folder / "homes.csv",
        regions=folder / "regions.geojson",
        out=folder / "out",
        modes=["walk", "drive"],
        name="helsinki",
    )


@pytest.fixture(scope="module")
def prepared(helsinki):
    report = prepare(helsinki)
    return report, open_dataset(helsinki.out, private=True)


def test_everything_given_is_in_the_dataset(prepared):
    report, dataset = prepared
    assert list(dataset.networks) == ["walk", "drive"]
    assert dataset.stations["id"].tolist() == [f"s{n:03d}" for n in range(40)]
    assert len(dataset.homes) == 400
    assert dataset.homes["workers"].sum() == sum(1 + n % 3 for n in range(399)) + 1
    assert dataset.people["homes"].sum() == 400
    assert dataset.people["workers"].sum() == dataset.homes["workers"].sum()
    assert dataset.regions["name"].tolist() == ["Länsi", "Itä"]
    for mode in dataset.networks:
        assert len(dataset.station_positions[mode]) == 40
        assert len(dataset.home_positions[mode]) == 400
    assert report.manifest["version"] == dataset.manifest["version"]
    assert dataset.manifest["name"] == "helsinki"
    assert "© OpenStreetMap contributors, ODbL 1.0" in dataset.manifest["attribution"]


def test_positions_are_the_snappers(prepared):
    _, dataset = prepared
    for mode, network in dataset.networks.items():
        snapper = Snapper(network, dataset.barrier_lines)
        homes = snapper.snap(dataset.homes["lon"], dataset.homes["lat"])
        np.testing.assert_array_equal(homes.segment, dataset.home_positions[mode].segment)
        np.testing.assert_array_equal(homes.access_ms, dataset.home_positions[mode].access_ms)
        places = dataset.stations.geometry
        stations = snapper.snap(places.x, places.y)
        np.testing.assert_array_equal(stations.segment, dataset.station_positions[mode].segment)


def test_cells_are_those_within_200_m_of_a_street_open_to_the_mode(prepared):
    _, dataset = prepared
    crs = dataset.manifest["metric_crs"]
    for mode, network in dataset.networks.items():
        lines = network.segment_line[network.segment_snappable]
        drawn = gpd.GeoSeries(shapely.linestrings(lines.reshape(-1, 2, 2)), crs="EPSG:4326").to_crs(
            crs
        )
        west, south, east, north = np.floor(drawn.total_bounds / 100).astype(int)
        column, row = (
            axis.ravel() for axis in np.meshgrid(np.arange(west - 3, east + 4),
                                                 np.arange(south - 3, north + 4))
        )  # fmt: skip
        centre = shapely.points((column + 0.5) * 100, (row + 0.5) * 100)
        tree = shapely.STRtree(drawn.array)
        (hit, _), metres = tree.query_nearest(centre, return_distance=True, all_matches=False)
        near = np.abs(metres - 200) > 0.01  # leaves out what rounding may decide
        expected = set(zip(column[hit][(metres <= 200) & near], row[hit][(metres <= 200) & near],
                           strict=True))  # fmt: skip
        doubtful = set(zip(column[hit][~near], row[hit][~near], strict=True))
        cells = dataset.cells[mode]
        found = set(zip(cells.column.tolist(), cells.row.tolist(), strict=True))
        assert expected <= found <= expected | doubtful
        on = cells.positions.state == ON_NETWORK
        assert on.mean() > 0.99


def test_pieces_add_up_to_the_streets_and_lie_on_them(prepared):
    _, dataset = prepared
    for mode, pieces in dataset.pieces.items():
        network = dataset.networks[mode]
        streets = network.segment_m[network.segment_snappable].sum()
        assert pieces.length_m.sum() == pytest.approx(streets, rel=1e-9)
        assert (pieces.positions.state == ON_NETWORK).all()
        assert (pieces.positions.access_ms == 0).all()


def test_labels_agree_with_shapely(prepared):
    _, dataset = prepared
    shapes = dataset.regions.geometry
    homes = shapely.points(dataset.homes["lon"], dataset.homes["lat"])
    for home, region in zip(homes, dataset.homes["region"], strict=True):
        hits = [n for n, shape in enumerate(shapes) if shape.intersects(home)]
        assert region == (hits[0] if hits else -1)
    walk = dataset.cells["walk"]
    lon, _ = datum.unproject(
        (walk.column + 0.5) * 100,
        (walk.row + 0.5) * 100,
        datum.metric_crs(24.9, 60.2),
    )
    assert datum.metric_crs(24.9, 60.2).to_string() == dataset.manifest["metric_crs"]
    middle = shapes[0].bounds[2]
    assert ((walk.region == 0) <= (lon <= middle)).all()
    assert ((walk.region == 1) <= (lon >= middle)).all()
    assert (walk.region == -1).any()  # the ring of cells outside the streets' box


def test_the_same_input_gives_the_same_bytes_in_any_order_of_rows(prepared, helsinki, tmp_path):
    request = replace(
        helsinki,
        stations=tmp_path / "stations.csv",
        homes=tmp_path / "homes.csv",
        out=tmp_path / "out",
    )
    for name in ("stations.csv", "homes.csv"):
        head, *rows = (helsinki.out.parent / name).read_text("utf-8").splitlines()
        (tmp_path / name).write_text("\n".join([head, *rows[::-1]]) + "\n", "utf-8")
    report = prepare(request)
    assert report.manifest["version"] == prepared[0].manifest["version"]
    for path in (helsinki.out / "public").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / "public" / path.name).read_bytes()


def test_the_report_says_what_came_in(prepared):
    report, dataset = prepared
    text, found = report.to_text(), json.loads(report.to_json())
    assert found["stations"]["accepted"] == 40
    assert found["homes"]["accepted"] == 400
    assert found["dataset"]["version"] == report.manifest["version"]
    for mode, about in found["streets"]["modes"].items():
        network = dataset.networks[mode]
        assert about["components"] == len(network.component_m)
        assert about["km"] == pytest.approx(dataset.pieces[mode].length_m.sum() / 1000, abs=1e-3)
        assert f"{mode}: {about['km']:,.1f} km" in text
    assert "Stations: 40 in, 0 rejected" in text
    assert "Homes: 400 in, 0 rejected" in text
    assert set(found["seconds"]) >= {"streets", "stations", "mode walk", "mode drive", "save"}


def test_progress_goes_up_to_the_end(helsinki, tmp_path):
    seen = []
    prepare(
        replace(helsinki, out=tmp_path, homes=None, modes=["walk"]),
        progress=lambda stage, done, total: seen.append((stage, done, total)),
    )
    dones = [done for _, done, _ in seen]
    assert dones == sorted(dones)
    assert seen[-1][1] == seen[-1][2]
    assert len({total for *_, total in seen}) == 1


# -------------------------------------------------------------------------------------- privacy


def canary_needles(dataset):
    """The canary home in all the ways that it might be written down."""
    lon, lat = np.array([CANARY[0]]), np.array([CANARY[1]])
    pairs = [CANARY]
    pairs += [tuple(a[0] for a in datum.from_wgs84(lon, lat, d)) for d in ("gcj02", "bd09")]
    crs = datum.metric_crs(24.9, 60.2)
    pairs.append(tuple(a[0] for a in datum.project(lon, lat, crs)))
    for mode, network in dataset.networks.items():
        at = Snapper(network, dataset.barrier_lines).snap(lon, lat)
        assert 0.1 < at.fraction[0] < 0.9, mode
        line = network.segment_line[at.segment[0]]
        pairs.append(tuple(line[:2] + at.fraction[0] * (line[2:] - line[:2])))
    for value in {value for pair in pairs for value in pair}:
        yield np.float64(value).tobytes()
        for digits in (5, 6, 7):
            yield f"{value:.{digits}f}".encode()


def test_46_the_canary_home_is_in_no_public_byte_and_no_message(prepared, helsinki):
    report, dataset = prepared
    messages = (report.to_text() + report.to_json()).encode()
    public = {path.name: path.read_bytes() for path in (helsinki.out / "public").iterdir()}
    private = b"".join(path.read_bytes() for path in (helsinki.out / "private").iterdir())
    assert np.float64(CANARY[0]).tobytes() in private  # the hunt would find it
    for needle in canary_needles(dataset):
        assert needle not in messages
        assert not [name for name, data in public.items() if needle in data]
    assert not [name for name, data in public.items() if b"canary" in data]
    assert b"canary" not in messages


def test_46_a_rejected_home_is_named_by_row_only(helsinki, tmp_path):
    homes = tmp_path / "homes.csv"
    homes.write_text(
        "id,lon,lat,datum,workers,group\n"
        + "".join(f"h{n},24.94{n:02d},60.17,wgs84,1,\n" for n in range(20))
        + "secret,24.9413337,160.1717771,wgs84,1,\n",
        "utf-8",
    )
    report = prepare(replace(helsinki, homes=homes, out=tmp_path / "out", modes=["walk"]))
    found = json.loads(report.to_json())["homes"]
    assert found["rejected"] == 1
    assert "22" in found["rejects"][0]["row"]
    messages = report.to_text() + report.to_json()
    for secret in ("24.9413337", "160.1717771", "160.17", "secret"):
        assert secret not in messages


def test_too_few_homes_publish_nothing_and_it_is_said(helsinki, tmp_path):
    write_homes(tmp_path / "homes.csv", [(24.94, 60.17)] * 9)
    request = replace(helsinki, homes=tmp_path / "homes.csv", out=tmp_path / "out", modes=["walk"])
    report = prepare(request)
    assert "fewer than 10 homes: nothing about people is published" in report.to_text()
    assert open_dataset(request.out, private=False).people is None
    assert len(open_dataset(request.out).homes) == 9
    assert report.manifest["people"] == {"published": False, "why": "fewer than 10 homes"}


# ------------------------------------------------------------------------------------ bad input


def test_29_streets_of_another_city_are_warned_of(helsinki, tmp_path):
    write_stations(tmp_path / "s.csv", [(121.47 + n / 1000, 31.23) for n in range(5)])
    report = prepare(
        replace(helsinki, stations=tmp_path / "s.csv", homes=None, out=tmp_path / "out")
    )
    assert re.search(r"Warning: the streets .* and the stations .* lie apart", report.to_text())
    assert report.as_dict()["stations"]["no_data"]["walk"] == 5


def test_a_table_without_a_usable_station_is_refused_and_the_old_is_kept(helsinki, tmp_path):
    request = replace(helsinki, homes=None, out=tmp_path / "out", modes=["walk"])
    version = prepare(request).manifest["version"]
    write_stations(tmp_path / "s.csv", [(24.94, 95.0), (24.94, 96.0)])
    with pytest.raises(InputError, match="expected at least one station that can be used"):
        prepare(replace(request, stations=tmp_path / "s.csv"))
    assert open_dataset(request.out).manifest["version"] == version


def test_27_damaged_streets_are_refused_and_the_old_is_kept(helsinki, tmp_path, helsinki_pbf):
    request = replace(helsinki, homes=None, out=tmp_path / "out", modes=["walk"])
    version = prepare(request).manifest["version"]
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(helsinki_pbf.read_bytes()[:100_000])
    with pytest.raises(InputError):
        prepare(replace(request, streets=[bad]))
    assert open_dataset(request.out).manifest["version"] == version


def test_an_unknown_mode_is_refused_with_the_known_ones(helsinki, tmp_path):
    with pytest.raises(ValidationError, match=r"expected one of walk, .*, got 'rocket'"):
        prepare(replace(helsinki, modes=["walk", "rocket"], out=tmp_path))


def test_12_a_broken_district_is_repaired_or_rejected_and_the_rest_is_loaded(helsinki, tmp_path):
    def feature(name, kind, coordinates):
        shape = {"type": kind, "coordinates": coordinates}
        return {"type": "Feature", "properties": {"id": name, "name": name}, "geometry": shape}

    bowtie = [[[24.93, 60.16], [24.96, 60.18], [24.96, 60.16], [24.93, 60.18], [24.93, 60.16]]]
    square = [[[24.90, 60.16], [24.93, 60.16], [24.93, 60.18], [24.90, 60.18], [24.90, 60.16]]]
    regions = tmp_path / "regions.geojson"
    features = [
        feature("square", "Polygon", square),
        feature("bowtie", "Polygon", bowtie),
        feature("line", "LineString", square[0][:2]),
        {"type": "Feature", "properties": {"id": "none"}, "geometry": None},
    ]
    regions.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = prepare(
        replace(helsinki, homes=None, regions=regions, out=tmp_path / "out", modes=["walk"])
    )
    kept = open_dataset(tmp_path / "out").regions
    assert kept["id"].tolist() == ["square", "bowtie"]
    assert kept.geometry.is_valid.all()
    found = report.as_dict()["regions"]
    assert (found["accepted"], found["rejected"]) == (2, 2)
    assert "Regions: 2 in, 2 rejected" in report.to_text()
    assert "row 3, geometry: expected a Polygon or MultiPolygon" in report.to_text()


STEPS = """<osm version="0.6">
<node id="1" lat="32.05" lon="118.80"/><node id="2" lat="32.051" lon="118.80"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="steps"/></way></osm>"""


def test_a_mode_without_a_street_is_left_out_or_refused_if_asked_for(tmp_path):
    (tmp_path / "steps.osm").write_text(STEPS)
    write_stations(tmp_path / "s.csv", [(118.8, 32.0505)])
    request = PrepareRequest([tmp_path / "steps.osm"], tmp_path / "s.csv", tmp_path / "out")
    report = prepare(request)
    assert list(report.manifest["modes"]) == ["walk"]
    assert "no street is open to drive: left out" in report.to_text()
    assert list(open_dataset(request.out).networks) == ["walk"]
    with pytest.raises(InputError, match="drive"):
        prepare(replace(request, modes=["walk", "drive"]))


def test_cells_keep_their_numbers_when_the_middle_moves_over_half_a_degree(tmp_path):
    """A newer extract of the same town: its gaps are matched with those of the months before, and
    homes published on two lattices would tell more than on one."""

    def prepared(lon, out):
        (tmp_path / "steps.osm").write_text(STEPS.replace("118.80", str(lon)))
        write_stations(tmp_path / "s.csv", [(lon, 32.0505)])
        request = PrepareRequest([tmp_path / "steps.osm"], tmp_path / "s.csv", tmp_path / out)
        return prepare(request).manifest["metric_crs"]

    first = prepared(118.499, "here")
    assert "+lon_0=118 " in first
    assert prepared(118.501, "here") == first
    assert "+lon_0=119 " in prepared(118.501, "elsewhere")
    assert "+lon_0=121 " in prepared(121.4, "here"), "another town"


def test_the_name_defaults_to_that_of_the_folder(tmp_path):
    (tmp_path / "steps.osm").write_text(STEPS)
    write_stations(tmp_path / "s.csv", [(118.8, 32.0505)])
    out = tmp_path / "某市"
    report = prepare(PrepareRequest([tmp_path / "steps.osm"], tmp_path / "s.csv", out))
    assert report.manifest["name"] == "某市"
    assert str(tmp_path) not in json.dumps(dict(report.manifest), ensure_ascii=False)


def test_the_phone_of_a_person_is_not_public(tmp_path):
    (tmp_path / "steps.osm").write_text(STEPS)
    header = ["id", "name", "kind", "lon", "lat", "datum", "phone"]
    rows = [
        ["a", "代办员", "agent", 118.8, 32.0505, "wgs84", "13800001111"],
        ["b", "驿站", "care_station", 118.8, 32.0505, "wgs84", "025-12351"],
    ]
    write_table(tmp_path / "s.csv", header, rows)
    request = PrepareRequest([tmp_path / "steps.osm"], tmp_path / "s.csv", tmp_path / "out")
    report = prepare(request)
    assert open_dataset(request.out).stations["phone"].tolist() == ["", "025-12351"]
    assert "13800001111" not in report.to_text() + report.to_json()


def test_duplicates_and_remarks_are_listed(tmp_path):
    (tmp_path / "steps.osm").write_text(STEPS)
    header = ["id", "name", "lon", "lat", "datum", "opening_hours_text"]
    rows = [
        ["a", "人民路工会驿站", 118.8, 32.0505, "wgs84", "全天"],
        ["b", "人民路工会驿站", 118.80001, 32.0505, "wgs84", "看心情"],
    ]
    write_table(tmp_path / "s.csv", header, rows)
    report = prepare(PrepareRequest([tmp_path / "steps.osm"], tmp_path / "s.csv", tmp_path / "out"))
    found = report.as_dict()["stations"]
    assert found["duplicates"] == 1
    assert set(found["duplicate_pairs"].items()) <= {("a", "b"), ("b", "a")}
    assert "看心情" in found["remarks"]["b"]
    assert "看心情" in report.to_text()


def test_24_a_folder_that_cannot_be_written_is_refused_before_anything_is_read(helsinki, tmp_path):
    (tmp_path / "file").write_text("")
    stages = []
    with pytest.raises(DatasetError, match="file: the dataset cannot be written there"):
        prepare(
            replace(helsinki, out=tmp_path / "file"),
            progress=lambda stage, *_: stages.append(stage),
        )
    assert stages == []


# ------------------------------------------------------------------------------- whole real cities


def test_guixi_from_osm_xml(shared_data, tmp_path):
    path = shared_data / "guixi" / "guixi.osm"
    streets = read_streets([path])
    write_stations(tmp_path / "s.csv", beside_streets(streets, 20, 3))
    report = prepare(PrepareRequest([path], tmp_path / "s.csv", tmp_path / "out"))
    assert list(report.manifest["modes"]) == ["walk", "ebike", "bicycle", "drive", "truck"]
    dataset = open_dataset(tmp_path / "out")
    assert dataset.people is None
    assert dataset.homes is None
    assert not (tmp_path / "out" / "private").exists()
    km = report.as_dict()["streets"]["modes"]["walk"]["km"]
    assert 0 < km <= streets.segment_m.sum() / 1000 + 0.001  # rounded to a metre


@pytest.mark.slow
def test_nanjing_with_200_stations_and_20000_homes(shared_data, tmp_path):
    path = shared_data / "nanjing" / "nanjing.osm.pbf"
    streets = read_streets([path], modes=["walk"])
    write_stations(tmp_path / "s.csv", beside_streets(streets, 200, 4))
    write_homes(tmp_path / "h.csv", beside_streets(streets, 20_000, 5))
    request = PrepareRequest(
        [path], tmp_path / "s.csv", tmp_path / "out", homes=tmp_path / "h.csv", modes=["walk"]
    )
    report = prepare(request)
    dataset = open_dataset(request.out, private=False)
    assert dataset.people["homes"].sum() == 20_000
    assert dataset.people.groupby("cell")["homes"].sum().min() >= 10
    assert report.manifest["counts"]["stations"] == 200
    assert Path(request.out, "private").stat().st_mode & 0o077 == 0
