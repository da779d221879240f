import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

import geodata
from geodata.cells import amount, clean, is_scientific, iso_date, whole_number_text
from geodata.datum import from_wgs84, to_wgs84
from geodata.degrees import parse_degrees, split_pair
from geodata.duplicates import alike, find_duplicates
from geodata.evidence import DatumEvidence
from geodata.model import Streets
from geodata.osm import read_streets

NO_OPERATOR = ""


@pytest.fixture(scope="module")
def streets(demo_inputs: dict[str, Path]) -> Streets:
    return read_streets([demo_inputs["streets"]])


def beside_streets(streets: Streets, count: int, seed: int, metres: float = 25.0):
    rng = np.random.default_rng(seed)
    segment = rng.integers(len(streets.segment_m), size=count)
    along = rng.random(count)
    ends = [streets.segment_from[segment], streets.segment_to[segment]]
    lon = streets.lon[ends[0]] * (1 - along) + streets.lon[ends[1]] * along
    lat = streets.lat[ends[0]] * (1 - along) + streets.lat[ends[1]] * along
    off = rng.normal(0, metres / 111_320, (2, count))
    return lon + off[0], lat + off[1]


def write(path: Path, lon, lat, header: str = "名称,经度,纬度") -> Path:
    lines = [
        f"站{n},{x!r},{y!r}"
        for n, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
    ]
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_fault_07_an_undeclared_datum_is_inferred_from_the_streets_and_flagged(
    datum: str, streets: Streets, tmp_path: Path
):
    lon, lat = beside_streets(streets, 100, seed=7)
    path = write(tmp_path / "a.csv", *from_wgs84(lon, lat, datum))
    stations, _ = geodata.load_stations(path, streets=streets)
    report = stations.attrs["report"]
    assert report["datum"]["code"] == datum
    assert report["datum"]["by"] == "evidence"
    assert np.abs(stations["lon"] - lon).max() < 1e-6
    assert (stations["original_datum"] == datum).all()
    name = {"wgs84": "WGS-84", "gcj02": "GCJ-02", "bd09": "BD-09"}[datum]
    assert f"datum inferred: looks {name}, median" in report["warnings"][0]


def test_fault_07_gcj02_given_as_wgs84_is_noticed_in_95_of_100_tables(streets: Streets):
    evidence = DatumEvidence(streets)
    found = 0
    for seed in range(100):
        lon, lat = beside_streets(streets, 100, seed=seed)
        judged = evidence.judge(*from_wgs84(lon, lat, "gcj02"))
        found += judged["best"] == "gcj02" and 300 < judged["median_shift_m"] < 700
    assert found >= 95


def test_fault_07_a_wrong_declaration_is_kept_and_doubted(streets: Streets, tmp_path: Path):
    lon, lat = beside_streets(streets, 100, seed=8)
    path = write(tmp_path / "a.csv", *from_wgs84(lon, lat, "gcj02"))
    stations, _ = geodata.load_stations(path, datum="wgs84", streets=streets)
    assert (stations["original_datum"] == "wgs84").all()
    warning = stations.attrs["report"]["warnings"][0]
    assert "were read as wgs84, but looks GCJ-02, median" in warning
    right, _ = geodata.load_stations(path, datum="gcj02", streets=streets)
    assert right.attrs["report"]["warnings"] == []


def test_fault_08_a_double_shift_is_noticed(streets: Streets, tmp_path: Path):
    evidence = DatumEvidence(streets)
    found = 0
    for seed in range(20):
        lon, lat = beside_streets(streets, 100, seed=seed)
        twice = from_wgs84(*from_wgs84(lon, lat, "gcj02"), "gcj02")
        judged = evidence.judge(*twice)
        found += judged["best"] == "gcj02_twice" and 700 < judged["median_shift_m"] < 1300
    assert found >= 19
    path = write(tmp_path / "a.csv", *twice)
    stations, _ = geodata.load_stations(path, datum="gcj02", streets=streets)
    assert "looks GCJ-02 shifted twice" in stations.attrs["report"]["warnings"][0]
    undeclared, _ = geodata.load_stations(tmp_path / "a.csv", streets=streets)
    assert "GCJ-02 shifted twice" in undeclared.attrs["report"]["warnings"][0]


def test_no_evidence_is_said_and_nothing_is_guessed_silently(streets: Streets, tmp_path: Path):
    lon, lat = beside_streets(streets, 3, seed=9)
    stations, _ = geodata.load_stations(write(tmp_path / "a.csv", lon, lat), streets=streets)
    warning = stations.attrs["report"]["warnings"][0]
    assert "the datum is not declared and only 3 rows could be compared: taken as wgs84" in warning
    far, _ = geodata.load_stations(write(tmp_path / "b.csv", lon + 2, lat), streets=streets)
    assert "taken as wgs84" in far.attrs["report"]["warnings"][0]


def synthetic_pairs(count: int):
    rng = np.random.default_rng(38)
    words = ["中山", "人民", "解放", "建设", "和平", "新华", "文化", "胜利", "长江", "黄河"]
    kinds = ["工会驿站", "户外劳动者服务站", "爱心驿站", "户外劳动者爱心驿站"]
    names, lon, lat = [], [], []
    for n in range(count):
        stem = f"{words[n % 10]}{words[n // 10]}路"
        first, second = stem + kinds[n % 4], stem + kinds[(n + n // 4) % 4]
        if n % 5 == 0:
            second = f"{stem}({kinds[n % 4]})"
        x, y = 118.0 + (n % 10) * 0.01, 32.0 + (n // 10) * 0.01
        turn, far = rng.random() * 2 * np.pi, 45 * rng.random()
        names += [first, second]
        lon += [x, x + far * np.cos(turn) / 94_400]
        lat += [y, y + far * np.sin(turn) / 110_900]
    return np.array(names, object), np.array(lon), np.array(lat)


def test_fault_38_a_hundred_pairs_are_flagged():
    names, lon, lat = synthetic_pairs(100)
    first = find_duplicates(names, np.full(200, NO_OPERATOR, object), lon, lat)
    assert (first[0::2] == -1).all()
    assert (first[1::2] == np.arange(0, 200, 2)).mean() >= 0.95


def test_fault_38_neighbours_that_are_no_duplicates():
    names = np.array(
        ["1号驿站", "2号驿站", "建设银行驿站", "邮政储蓄驿站", "甲路站", "甲路站"], object
    )
    operators = np.array(["", "", "", "", "工会", "红色驿站"], object)
    lon, lat = np.full(6, 118.0), np.full(6, 32.0)
    assert (find_duplicates(names, operators, lon, lat) == -1).all()
    far = np.array([118.0, 118.001])
    same = np.array(["甲站", "甲站"], object)
    assert (find_duplicates(same, np.array(["", ""], object), far, np.full(2, 32.0)) == -1).all()
    assert find_duplicates(same[:0], same[:0], far[:0], far[:0]).tolist() == []


def test_fault_38_three_entries_point_to_the_first(tmp_path: Path):
    text = (
        "编号,名称,经度,纬度,运营单位\na,中山路工会驿站,118.78,32.04,\n"
        "b,中山路驿站,118.7801,32.04,工会\nc,中山路 工会驿站,118.7801,32.0401,\n"
        "d,别处站,118.9,32.04,\n"
    )
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    stations, _ = geodata.load_stations(tmp_path / "a.csv", datum="wgs84")
    assert len(stations) == 4
    assert stations["duplicate_of"].to_list() == ["", "a", "a", ""]
    assert stations.attrs["report"]["duplicates"] == 2


def test_two_operators_at_one_address_are_two_stations(tmp_path: Path):
    text = (
        "名称,经度,纬度,运营单位,地址\n中山路驿站,118.78,32.04,市总工会,中山路1号\n"
        "中山路驿站,118.78,32.04,组织部,中山路1号\n"
    )
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    stations, _ = geodata.load_stations(tmp_path / "a.csv", datum="wgs84")
    assert stations["duplicate_of"].to_list() == ["", ""]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("中心路工会驿站", "中心路户外劳动者爱心驿站", True),
        ("一号驿站", "2号驿站", False),
        ("工会驿站", "工会驿站", True),
        ("工会驿站", "爱心驿站", False),
        ("建行中山路支行", "建设银行中山路支行", True),
        ("ＡＢＣ驿站", "abc驿站", True),
        ("甲", "乙", False),
    ],
)
def test_names_that_mean_the_same(one: str, two: str, *, same: bool):
    assert alike(one, two) is same
    assert alike(two, one) is same


def test_hours_are_counted_and_flagged(tmp_path: Path):
    text = (
        "名称,经度,纬度,开放时间\na,118.1,32,24小时\nb,118.2,32,周一至周五 9:00-17:00\n"
        "c,118.3,32,\nd,118.4,32,看心情\n"
    )
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    stations, _ = geodata.load_stations(tmp_path / "a.csv", datum="wgs84")
    assert stations["opening_hours"].to_list()[0] == "24/7"
    assert stations["opening_hours_text"].to_list() == [
        "24小时",
        "周一至周五 9:00-17:00",
        "",
        "看心情",
    ]
    assert stations["opening_hours"].to_list()[2:] == ["", ""]
    assert stations["warnings"].to_list()[2] == "no opening hours"
    assert "opening hours not understood: '看心情'" in stations["warnings"].to_list()[3]
    assert stations.attrs["report"]["hours"] == {"ok": 2, "missing": 1, "unknown": 1}


def test_as_of_dates_the_rows_that_have_no_date(tmp_path: Path):
    text = "名称,经度,纬度,更新日期\na,118.1,32,2024/3/5\nb,118.2,32,\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    stations, _ = geodata.load_stations(tmp_path / "a.csv", datum="wgs84", as_of="2026-11-22")
    assert stations["source_date"].to_list() == ["2024-03-05", "2026-11-22"]


@given(
    lon=st.floats(73.6, 135.0),
    lat=st.floats(18.2, 53.5),
    name=st.text(min_size=1, max_size=30),
    note=st.text(max_size=30),
)
def test_any_text_and_place_survives_the_table(
    lon: float, lat: float, name: str, note: str, tmp_path_factory
):
    import csv

    path = tmp_path_factory.mktemp("any") / "a.csv"
    with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as file:
        try:
            csv.writer(file).writerows([["name", "lon", "lat", "备注"], [name, lon, lat, note]])
        except csv.Error:
            return
    try:
        stations, rejects = geodata.load_stations(path, datum="gcj02")
    except geodata.FileFormatError as error:
        refused = error.code
    else:
        refused = ""
    if refused:
        assert refused in {"nul_in_text", "unknown_encoding", "mixed_encoding"}
        return
    assert len(stations) + len(rejects) == 1
    if len(stations):
        there = to_wgs84([lon], [lat], "gcj02")
        assert (stations["lon"][0], stations["lat"][0]) == (there[0][0], there[1][0])
        assert stations["name"][0] == clean(name.replace("\r\n", "\n").replace("\r", "\n"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("118.78", 118.78), ("+118.78", 118.78), ("-8.61", -8.61), ("１１８．７８", 118.78),
        ("118.78°", 118.78), ("118度", 118.0), ("118°46′48″", 118.78), ("118°46'48\"E", 118.78),
        ("东经118.78", 118.78), ("34.5N", 34.5), ("34.5 S", -34.5), ("西经8.6", -8.6),
        ("1.1878e2", 118.78), ("118°46.8′", 118.78), ("−8.61", -8.61),
    ],
)  # fmt: skip
def test_degrees_as_people_write_them(text: str, value: float):
    assert parse_degrees(text) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("text", ["", "abc", "1_0", "12,5,3", "0x10", "--1", "nan", "N", "1 2"])
def test_what_is_no_angle(text: str):
    assert np.isnan(parse_degrees(text))


def test_pairs_are_split():
    assert split_pair("118.78,32.04") == ("118.78", "32.04")
    assert split_pair("(32.04; 118.78)") == ("118.78", "32.04")
    assert split_pair("nonsense") == ("nonsense", "")


def test_cells():
    dates = {
        "2024-05-01 00:00:00": "2024-05-01", "20240501": "2024-05-01", "2024.5.1": "2024-05-01",
        "2024年": "2024", "5月1日": "", "2024-13-01": "",
    }  # fmt: skip
    assert {text: iso_date(text) for text in dates} == dates
    assert whole_number_text(" 410106.0 ") == "410106"
    assert whole_number_text("12.5") == "12.5"
    assert is_scientific("1.2E+11")
    assert not is_scientific("13812345678")
    assert [amount(t) for t in ("12", "1,200", "３人", "1.5万")] == [12, 1200, 3, 15000]
    assert np.isnan(amount("无"))
    assert clean(" '=1+1\u3000") == "=1+1"
    assert clean("'引号'") == "'引号'"


def test_extras_are_json_and_readable(tmp_path: Path):
    (tmp_path / "a.csv").write_text(
        '名称,经度,纬度,,"别的"\na,118.1,32,x,"y""z"\n', encoding="utf-8"
    )
    stations, _ = geodata.load_stations(tmp_path / "a.csv", datum="wgs84")
    assert json.loads(stations["extra"][0]) == {"column 4": "x", "别的": 'y"z'}


def test_fault_07_named_counties_are_evidence_where_there_are_no_streets(tmp_path: Path):
    import geopandas as gpd
    import shapely

    west, east = shapely.box(118.70, 32.0, 118.75, 32.1), shapely.box(118.75, 32.0, 118.80, 32.1)
    regions = gpd.GeoDataFrame(
        {"id": ["320104", "320102"], "name": ["秦淮区", "玄武区"]},
        geometry=[west, east],
        crs="EPSG:4326",
    )
    lat = np.linspace(32.01, 32.09, 40)
    lon = np.where(np.arange(40) % 2 == 0, 118.7485, 118.7515)
    gx, gy = from_wgs84(lon, lat, "gcj02")
    rows = [
        f"站{n},{x!r},{y!r},{'玄武区' if n % 2 else '秦淮'},{'' if n else '320104'}"
        for n, (x, y) in enumerate(zip(gx.tolist(), gy.tolist(), strict=True))
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["名称,经度,纬度,区县,行政区划代码", *rows]), encoding="utf-8")
    stations, _ = geodata.load_stations(path, regions=regions)
    report = stations.attrs["report"]
    assert report["datum"]["code"] == "gcj02"
    assert report["datum"]["evidence"]["inside_county"]["gcj02"] == 40
    assert "40 rows inside the county that they name" in report["warnings"][0]
    assert np.abs(stations["lon"] - lon).max() < 1e-6
    with pytest.raises(geodata.DatumError):
        geodata.load_stations(path, regions=regions.iloc[:0])
