import io
import json
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import geodata
from geodata.datum import from_wgs84
from geodata.errors import DatumError, FileFormatError, InputError, ValidationError
from geodata.exports import safe_cell, write_table
from geodata.stations import STATION_COLUMNS

NANJING = [(118.78, 32.04), (118.80, 32.06), (118.82, 32.02)]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def simple(path: Path, header: str = "name,lon,lat", datum: str = "") -> Path:
    lines = [f"站{n},{x},{y}{datum}" for n, (x, y) in enumerate(NANJING)]
    return write(path, "\n".join([header, *lines]) + "\n")


def test_the_82_zhengzhou_rows_import_completely(shared_data: Path):
    path = shared_data / "zhengzhou" / "stations_gcj02.csv"
    stations, rejects = geodata.load_stations(path)
    raw = pd.read_csv(path, dtype=str)
    assert len(stations) == len(raw) == 82
    assert len(rejects) == 0
    assert list(stations["id"]) == list(raw["id"])
    assert list(stations["name"]) == list(raw["name"].str.strip())
    assert (stations["original_datum"] == "gcj02").all()
    assert np.allclose(stations["original_lon"], raw["lng_gcj02"].astype(float))
    shifted = from_wgs84(stations["lon"], stations["lat"], "gcj02")
    assert np.abs(shifted[0] - stations["original_lon"]).max() < 1e-9
    words = {
        "drink": "water",
        "ac": "air_conditioning",
        "seat": "seats",
        "charging": "phone_charging",
    }
    for codes, text in zip(stations["facilities"], raw["facilities"], strict=True):
        assert set(codes.split(";")) == {words.get(word, word) for word in text.split("|")}
    understood = stations["opening_hours"] != ""
    warned = stations["warnings"].str.contains("opening hours")
    assert (understood | warned).all()
    assert (
        stations.loc[stations["opening_hours_text"] == "24小时", "opening_hours"] == "24/7"
    ).all()
    report = stations.attrs["report"]
    assert (report["rows"], report["stations"], report["rejected"]) == (82, 82, 0)
    assert report["datum"]["code"] == "gcj02"
    assert report["encoding"] == "UTF-8"


def test_the_frame_has_the_columns_and_types_of_the_domain(tmp_path: Path):
    stations, _ = geodata.load_stations(simple(tmp_path / "a.csv"), datum="wgs84")
    assert tuple(stations.columns) == (*STATION_COLUMNS, "geometry")
    assert stations.crs.to_epsg() == 4326
    assert stations["id"].to_list() == ["s0001", "s0002", "s0003"]
    assert stations["kind"].to_list() == ["care_station"] * 3
    assert all(str(stations[c].dtype) in {"str", "float64"} for c in STATION_COLUMNS)
    assert not stations.drop(columns="geometry").isna().any().any()
    assert shapely.get_coordinates(stations.geometry).tolist() == [list(p) for p in NANJING]


@pytest.mark.parametrize(
    ("header", "datum"),
    [
        ("名称,经度,纬度", ""),
        ("站点名称,GCJ-02经度,GCJ-02纬度", "gcj02"),
        ("驿站名称,经度(百度),纬度(百度)", "bd09"),
        ("name,lng_gcj02,lat_gcj02", "gcj02"),
        ("name,lng_wgs84,lat_wgs84", "wgs84"),
        ("Name,Longitude,Latitude", ""),
        ("名稱,經度,緯度", ""),
        ("名称,X坐标,Y坐标", ""),
    ],
)
def test_headers_declare_columns_and_datum(header: str, datum: str, tmp_path: Path):
    path = simple(tmp_path / "a.csv", header)
    if not datum:
        with pytest.raises(DatumError, match='declare it, datum="gcj02"') as caught:
            geodata.load_stations(path)
        assert caught.value.code == "datum_undeclared"
        stations, _ = geodata.load_stations(path, datum="高德")
        datum = "gcj02"
    else:
        stations, _ = geodata.load_stations(path)
        assert stations.attrs["report"]["datum"]["by"] == "header"
    assert (stations["original_datum"] == datum).all()
    there = from_wgs84(stations["lon"], stations["lat"], datum)
    assert np.abs(np.transpose(there) - NANJING).max() < 1e-9


def test_a_datum_column_wins_row_by_row(tmp_path: Path):
    text = (
        "名称,经度,纬度,坐标系\na,118.78,32.04,WGS84\nb,118.78,32.04,火星\n"
        "c,118.78,32.04,\nd,118.7,32,X\n"
    )
    stations, rejects = geodata.load_stations(write(tmp_path / "a.csv", text), datum="bd09")
    assert stations["original_datum"].to_list() == ["wgs84", "gcj02", "bd09"]
    assert rejects["code"].to_list() == ["unknown_datum"]
    assert rejects["row"].to_list() == [5]
    assert stations["lon"].nunique() == 3


def test_the_caller_wins_over_a_header_and_is_told(tmp_path: Path):
    path = simple(tmp_path / "a.csv", "name,lng_gcj02,lat_gcj02")
    stations, _ = geodata.load_stations(path, datum="wgs84")
    assert (stations["original_datum"] == "wgs84").all()
    assert "a header names gcj02, but wgs84 was declared" in stations.attrs["report"]["warnings"][0]


def test_two_pairs_of_coordinates_are_not_mixed(tmp_path: Path):
    header = "名称,经度(GCJ02),经度(WGS84),纬度(WGS84),纬度(GCJ02)"
    text = f"{header}\n甲,118.785,118.78,32.04,32.038\n"
    stations, _ = geodata.load_stations(write(tmp_path / "a.csv", text))
    assert stations["original_datum"].to_list() == ["gcj02"]
    assert (stations["original_lon"][0], stations["original_lat"][0]) == (118.785, 32.038)


def test_outside_china_no_datum_is_needed(tmp_path: Path):
    text = "name,lon,lat\nHelsinki,24.94,60.17\n"
    stations, _ = geodata.load_stations(write(tmp_path / "a.csv", text))
    assert stations["lon"].to_list() == [24.94]
    assert stations.attrs["report"]["datum"]["code"] == "wgs84"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"118.78,32.04"', (118.78, 32.04)), ('"32.04,118.78"', (118.78, 32.04)),
        ("118.78 32.04", (118.78, 32.04)), ("118.78，32.04", (118.78, 32.04)),
        ("POINT(118.78 32.04)", (118.78, 32.04)), ("118°46′48″ 32°2′24″", (118.78, 32.04)),
    ],
)  # fmt: skip
def test_one_column_for_both_coordinates(cell: str, expected: tuple[float, float], tmp_path: Path):
    path = write(tmp_path / "a.csv", f"名称,经纬度\n站,{cell}\n")
    stations, rejects = geodata.load_stations(path, datum="wgs84")
    assert len(rejects) == 0
    assert (stations["lon"][0], stations["lat"][0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lon", "lat", "code", "words"),
    [
        ("", "32.04", "coordinate_missing", "got an empty cell"),
        ("nan", "32.04", "coordinate_not_finite", "finite degrees"),
        ("1e999", "32", "coordinate_not_finite", "finite degrees"),
        ("inf", "32", "coordinate_not_finite", "finite degrees"),
        ("abc", "32", "coordinate_not_a_number", "expected degrees such as"),
        ("1_1.8", "32", "coordinate_not_a_number", "expected degrees such as"),
        ("True", "32", "coordinate_not_a_number", "expected degrees such as"),
        ("200", "32", "out_of_range", "-180 to 180"),
        ("118.78", "-91", "out_of_range", "-180 to 180"),
        ("0", "0", "no_position", "Atlantic"),
        ("669123.4", "3545678.1", "out_of_range", "-180 to 180"),
        ("32.04", "118.78", "looks_swapped", "look swapped"),
    ],
)
def test_unusable_positions_are_rejected_with_line_and_reason(
    lon: str, lat: str, code: str, words: str, tmp_path: Path
):
    text = f"名称,经度,纬度\n好,118.8,32.0\n坏,{lon},{lat}\n好,118.9,32.0\n"
    stations, rejects = geodata.load_stations(write(tmp_path / "a.csv", text), datum="wgs84")
    assert len(stations) == 2
    row = rejects.iloc[0]
    assert (row["code"], row["row"], row["file"]) == (code, 3, "a.csv")
    assert words in row["reason"]
    assert row["column"] in {"经度", "纬度"}


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (116.4, 39.9), (121.5, 31.2), (113.3, 23.1), (114.1, 22.6), (104.1, 30.7), (87.6, 43.8),
        (126.6, 45.8), (102.7, 25.0), (118.8, 32.1), (91.1, 29.7),
    ],
)  # fmt: skip
def test_fault_query_3_swapped_rows_of_ten_cities(lon: float, lat: float, tmp_path: Path):
    lines = [f"站{n},{lat + n / 1000},{lon + n / 1000}" for n in range(10)]
    path = write(tmp_path / "a.csv", "\n".join(["名称,经度,纬度", *lines]))
    stations, rejects = geodata.load_stations(path, datum="wgs84")
    assert len(stations) == 0
    assert rejects["code"].to_list() == ["looks_swapped"] * 10
    assert "swapped in 10 of 10 rows: the whole file" in stations.attrs["report"]["warnings"][0]


def test_a_few_swapped_rows_are_not_the_whole_file(tmp_path: Path):
    lines = [f"站{n},118.{n},32.{n}" for n in range(10, 18)] + ["a,32.1,118.8", "b,32.1,118.9"]
    path = write(tmp_path / "a.csv", "\n".join(["名称,经度,纬度", *lines]))
    stations, rejects = geodata.load_stations(path, datum="wgs84")
    assert (len(stations), len(rejects)) == (8, 2)
    assert stations.attrs["report"]["warnings"] == []


def test_nothing_is_dropped_silently(tmp_path: Path):
    text = (
        "站点名称,经度,纬度,联系人,面积(㎡),服务设施\n"
        "甲,118.78,32.04,张三,30,饮水机、跳伞\n,118.79,32.04,,,\n乙,118.80,32.05,,,\n"
    )
    stations, rejects = geodata.load_stations(write(tmp_path / "a.csv", text), datum="wgs84")
    assert rejects[["row", "code"]].to_numpy().tolist() == [[3, "name_missing"]]
    extra = json.loads(stations["extra"][0])
    assert extra["联系人"] == "张三"
    assert extra["面积(㎡)"] == "30"
    assert extra["facilities_unknown"] == "跳伞"
    assert stations["extra"][1] == ""
    assert stations.attrs["report"]["sheets"][0]["unknown_columns"] == ["联系人", "面积(㎡)"]


def test_a_title_row_above_the_header_and_line_numbers(tmp_path: Path):
    text = "某市驿站一览表,,\n制表:工会,,\n名称,经度,纬度\n甲,118.78,32.04\n乙,x,32\n"
    stations, rejects = geodata.load_stations(write(tmp_path / "a.csv", text), datum="wgs84")
    assert stations["name"].to_list() == ["甲"]
    assert rejects["row"].to_list() == [5]


def test_values_are_read_and_what_is_odd_is_kept_beside(tmp_path: Path):
    text = (
        "名称,经度,纬度,类型,状态,进入方式,层级,建成日期,造价,联系电话,行政区划代码,核实日期\n"
        "甲,118.78,32.04,爱心驿站,在建,扫码,街道,2023年5月1日,1.5万元,025-123,320102.0,昨天\n"
        "乙,118.79,32.04,飞船,半开,爬墙,宇宙,,很贵,1.2E+11,,\n"
    )
    stations, _ = geodata.load_stations(write(tmp_path / "a.csv", text), datum="wgs84")
    one, two = stations.iloc[0], stations.iloc[1]
    columns = ["kind", "status", "access", "tier", "opened_on", "cost_yuan", "phone", "adcode"]
    assert one[columns].to_list() == [
        "care_station", "building", "scan", "township", "2023-05-01", "15000", "025-123", "320102",
    ]  # fmt: skip
    assert "verified_on '昨天' is not a date" in one["warnings"]
    assert json.loads(one["extra"]) == {"verified_on_text": "昨天"}
    assert two[["kind", "status", "access", "tier"]].to_list() == [
        "care_station",
        "open",
        "unknown",
        "",
    ]
    extra = json.loads(two["extra"])
    assert extra == {
        "kind_text": "飞船", "status_text": "半开", "access_text": "爬墙", "tier_text": "宇宙",
        "cost_yuan_text": "很贵",
    }  # fmt: skip
    assert "phone '1.2E+11' was damaged" in two["warnings"]


def test_ids_are_unique_text(tmp_path: Path):
    text = (
        "编号,名称,经度,纬度\n007,甲,118.1,32\ns0001,乙,118.2,32\n,丙,118.3,32\n"
        "007,丁,118.4,32\n,戊,118.5,32\n"
    )
    stations, rejects = geodata.load_stations(write(tmp_path / "a.csv", text), datum="wgs84")
    assert stations["id"].to_list() == ["007", "s0001", "s0002", "s0003"]
    assert rejects["code"].to_list() == ["duplicate_id"]
    assert "is there already, in row 2" in rejects["reason"][0]


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "鼓楼区"
    sheet.append(["2024年工会驿站一览表"])
    sheet.merge_cells("A1:F1")
    sheet.append(["序号", "站点名称", "区县", "坐标(高德)", None, "开放时间"])
    sheet.append([None, None, None, "GCJ-02经度", "GCJ-02纬度", None])
    for area in ("A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:F3"):
        sheet.merge_cells(area)
    sheet.append([1, "甲站", "鼓楼区", 118.78, 32.04, "8:00-20:00"])
    sheet.append([2, "乙站", None, 118.79, 32.05, "24小时"])
    sheet.merge_cells("C4:C5")
    sheet.append(["合计", 2])
    second = book.create_sheet("玄武区")
    second.append(["序号", "站点名称", "GCJ-02经度", "GCJ-02纬度"])
    second.append([3, "丙站", "118.80", "32.06"])
    book.create_sheet("说明").append(["填表说明"])
    hidden = book.create_sheet("隐藏")
    hidden.append(["名称", "经度", "纬度"])
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def test_a_workbook_with_title_merged_cells_and_several_sheets(tmp_path: Path):
    stations, rejects = geodata.load_stations(workbook(tmp_path / "a.xlsx"))
    assert stations["name"].to_list() == ["甲站", "乙站", "丙站"]
    assert stations["id"].to_list() == ["1", "2", "3"]
    assert stations["district"].to_list() == ["鼓楼区", "鼓楼区", ""]
    assert stations["opening_hours"].to_list()[1] == "24/7"
    assert (stations["original_datum"] == "gcj02").all()
    assert rejects[["sheet", "row", "code"]].to_numpy().tolist() == [
        ["鼓楼区", 6, "coordinate_missing"]
    ]
    sheets = stations.attrs["report"]["sheets"]
    assert [sheet["sheet"] for sheet in sheets] == ["鼓楼区", "玄武区"]
    assert "'说明' has no header" in sheets[0]["skipped"][0]


def test_big_workbooks_are_read_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("geodata.xlsx_table.WHOLE_BELOW", 0)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["名称", "经度", "纬度", "备注"])
    for n in range(500):
        sheet.append([f"站{n}", 118 + n / 1000, 32.04])
    book.save(tmp_path / "a.xlsx")
    stations, rejects = geodata.load_stations(tmp_path / "a.xlsx", datum="wgs84")
    assert (len(stations), len(rejects)) == (500, 0)


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "parquet", "zip", "csv", "xlsx"])
def test_every_format_brings_the_same_stations(suffix: str, tmp_path: Path):
    text = (
        "编号,名称,经度,纬度,开放时间,设施\n"
        "a,中山路工会驿站,118.7812345,32.0412345,周一至周五 9:00-17:00,饮水机、微波炉\n"
        "b,㐂𠮷驿站,118.79,32.05,24小时,休息区\n"
    )
    first, _ = geodata.load_stations(write(tmp_path / "first.csv", text), datum="wgs84")
    path = tmp_path / f"again.{suffix}"
    if suffix == "zip":
        (tmp_path / "shp").mkdir()
        columns = ["id", "name", "opening_hours", "facilities", "geometry"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            first[columns].to_file(tmp_path / "shp" / "层.shp", encoding="UTF-8", engine="pyogrio")
        with zipfile.ZipFile(path, "w") as archive:
            for part in (tmp_path / "shp").iterdir():
                archive.write(part, f"内层/{part.name}")
    else:
        write_table(first, path)
    again, rejects = geodata.load_stations(
        path, datum=None if suffix not in {"csv", "xlsx"} else "wgs84"
    )
    assert len(rejects) == 0
    for column in ("id", "name", "facilities", "kind", *(() if suffix == "zip" else ("zones",))):
        assert again[column].to_list() == first[column].to_list(), column
    assert json.loads(again["extra"][1] or "{}") == json.loads(first["extra"][1]) or suffix == "zip"
    assert np.allclose(again[["lon", "lat"]], first[["lon", "lat"]], atol=1e-7)
    assert again["opening_hours"].to_list()[1] == "24/7"
    assert again.attrs["report"]["datum"]["by"] in {"format", "caller", "column"}


def test_geopackage_layers_in_metres_and_nulls(tmp_path: Path):
    frame = gpd.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=[shapely.Point(*NANJING[0]), None], crs="EPSG:4326"
    )
    frame.to_crs("EPSG:4549").to_file(tmp_path / "a.gpkg", layer="点'\"层")
    stations, rejects = geodata.load_stations(tmp_path / "a.gpkg")
    assert (stations["lon"][0], stations["lat"][0]) == pytest.approx(NANJING[0], abs=1e-6)
    assert rejects["code"].to_list() == ["no_geometry"]
    assert rejects["sheet"].to_list() == ["点'\"层"]


def test_shapefile_in_gbk_without_cpg_and_without_prj(tmp_path: Path):
    frame = gpd.GeoDataFrame({"名称": ["中山路驿站"]}, geometry=[shapely.Point(*NANJING[0])])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(tmp_path / "a [1].shp", encoding="GBK")
    for part in (".cpg", ".prj"):
        (tmp_path / f"a [1]{part}").unlink(missing_ok=True)
    with pytest.raises(DatumError, match="nothing says in which datum"):
        geodata.load_stations(tmp_path / "a [1].shp")
    stations, _ = geodata.load_stations(tmp_path / "a [1].shp", datum="gcj02")
    assert stations["name"].to_list() == ["中山路驿站"]
    (tmp_path / "a [1].dbf").unlink()
    with pytest.raises(FileFormatError, match=r"missing \.dbf"):
        geodata.load_stations(tmp_path / "a [1].shp", datum="gcj02")


def test_parquet_without_shapes_and_damaged(tmp_path: Path):
    frame = pd.DataFrame({"名称": ["甲"], "经度": [118.78], "纬度": [32.04]})
    frame.to_parquet(tmp_path / "a.parquet")
    stations, _ = geodata.load_stations(tmp_path / "a.parquet", datum="wgs84")
    assert stations["name"].to_list() == ["甲"]
    (tmp_path / "b.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    with pytest.raises(FileFormatError, match="the Parquet file is damaged"):
        geodata.load_stations(tmp_path / "b.parquet")


def test_homes_keep_only_what_is_needed(tmp_path: Path):
    text = (
        "id,lon,lat,workers,group,姓名,类型\n"
        "h1,118.78,32.04,12,快递员,张三,居住\n,118.79,32.04,,环卫工人,,工作\n"
        ",118.80,32.04,0,我们组,,\n,118.81,32.04,-1,,,\n,x118.82,32.04,1,,,\n"
    )
    homes, rejects = geodata.load_homes(write(tmp_path / "homes.csv", text))
    assert list(homes.columns) == ["id", "lon", "lat", "workers", "group", "kind", "geometry"]
    assert homes["id"].to_list() == ["h1", "h000002", "h000003"]
    assert homes["workers"].to_list() == [12, 1, 0]
    assert homes["group"].to_list() == ["courier", "sanitation", "我们组"]
    assert homes["kind"].to_list() == ["home", "work", "home"]
    assert rejects["code"].to_list() == ["bad_number", "coordinate_not_a_number"]
    report = homes.attrs["report"]
    assert report["workers"] == 13
    assert report["sheets"][0]["columns_not_read"] == ["姓名"]
    assert "the datum is not declared: taken as wgs84" in report["warnings"][0]
    leaked = rejects.to_json(force_ascii=False) + json.dumps(report, ensure_ascii=False)
    assert "张三" not in leaked
    assert "118.8" not in leaked


def test_regions_have_adcodes_and_names(tmp_path: Path):
    square = shapely.box(118.7, 32.0, 118.8, 32.1)
    frame = gpd.GeoDataFrame(
        {"gb": ["156320102", "156320104"], "name": ["玄武区", "秦淮区"]},
        geometry=[square, shapely.MultiPolygon([square])],
        crs="EPSG:4326",
    )
    for suffix in ("geojson", "gpkg", "parquet"):
        path = write_table(frame, tmp_path / f"regions.{suffix}")
        regions = geodata.load_regions(path)
        assert list(regions.columns) == ["id", "name", "geometry"]
        assert regions["id"].to_list() == ["320102", "320104"]
        assert regions["name"].to_list() == ["玄武区", "秦淮区"]
        assert regions.crs.to_epsg() == 4326
        assert regions.geometry.iloc[0].equals(square)
    moved = geodata.load_regions(path, datum="gcj02")
    assert 0.003 < abs(moved.total_bounds[0] - 118.7) < 0.007
    with pytest.raises(FileFormatError, match="found a table without shapes"):
        geodata.load_regions(simple(tmp_path / "a.csv"))


def test_exports_are_whole_or_not_there(tmp_path: Path):
    frame = gpd.GeoDataFrame(
        {"id": ["g1"], "note": ["@x"], "n": [np.nan], "also": [["closed", "access"]]},
        geometry=[shapely.box(118, 32, 118.1, 32.1)],
        crs="EPSG:4326",
    )
    for suffix in (".csv", ".xlsx", ".geojson", ".gpkg", ".parquet"):
        path = tmp_path / f"out{suffix}"
        path.write_text("old")
        assert write_table(frame, path) == path
        assert path.read_bytes() != b"old"
    assert len(list(tmp_path.iterdir())) == 5
    text = (tmp_path / "out.csv").read_text("utf-8-sig")
    assert "'@x" in text
    assert "POLYGON" in text
    features = json.loads((tmp_path / "out.geojson").read_text("utf-8"))["features"]
    assert features[0]["properties"] == {
        "id": "g1", "note": "@x", "n": None, "also": ["closed", "access"],
    }  # fmt: skip
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]] == [
        "g1",
        "'@x",
        None,
        '["closed", "access"]',
        118.05,
        32.05,
    ]
    with pytest.raises(ValidationError, match=r"expected a name ending in \.csv, .*got 'out\.txt'"):
        write_table(frame, tmp_path / "out.txt")
    with pytest.raises(ValidationError, match="needs shapes"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "out.gpkg")
    with pytest.raises(InputError, match="cannot be written"):
        write_table(frame, tmp_path / "nowhere" / "out.csv")


def test_a_failed_export_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "out.geojson"
    path.write_text("old")
    frame = gpd.GeoDataFrame({"x": [object()]}, geometry=[shapely.Point(0, 0)], crs="EPSG:4326")
    with pytest.raises(TypeError):
        write_table(frame, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_cells_that_a_spreadsheet_would_run():
    assert [safe_cell(t) for t in ("=a", "+a", "-a", "@a", "\ta", "\ra", " =a")] == [
        "'=a", "'+a", "'-a", "'@a", "'\ta", "'\ra", "' =a",
    ]  # fmt: skip
    assert [safe_cell(v) for v in ("a=b", "", -1, None, 2.5)] == ["a=b", "", -1, None, 2.5]


def test_saved_stations_load_again_unchanged(tmp_path: Path, shared_data: Path):
    first, _ = geodata.load_stations(shared_data / "zhengzhou" / "stations_gcj02.csv")
    for suffix in ("csv", "xlsx", "parquet", "gpkg", "geojson"):
        path = write_table(first, tmp_path / f"s.{suffix}")
        again, rejects = geodata.load_stations(path)
        assert len(rejects) == 0, suffix
        for column in ("id", "name", "opening_hours", "facilities", "extra", "source", "address"):
            assert again[column].to_list() == first[column].to_list(), (suffix, column)


def test_missing_files_and_folders(tmp_path: Path):
    with pytest.raises(FileFormatError, match="does not exist") as caught:
        geodata.load_stations(tmp_path / "none.csv")
    assert caught.value.code == "no_such_file"
    with pytest.raises(FileFormatError, match="is a folder"):
        geodata.load_homes(tmp_path)
    with pytest.raises(DatumError, match="expected WGS-84"):
        geodata.load_homes(simple(tmp_path / "a.csv"), datum="itrf")


def test_importing_the_package_is_quick_and_lazy():
    import subprocess
    import sys

    code = "import sys, geodata; sys.exit('pandas' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "load_stations" in dir(geodata)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        geodata.nonsense  # noqa: B018


def test_text_buffers_are_not_paths():
    with pytest.raises(TypeError):
        geodata.load_stations(io.StringIO("name"))  # type: ignore[arg-type]
