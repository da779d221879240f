import io
import json
import sqlite3
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import geodata
from geodata.archive import check_archive
from geodata.cell_text import cell_text
from geodata.encoding import decode
from geodata.errors import FileFormatError, InputError, LimitError
from geodata.exports import write_table
from tests.make_bad_files import shapefile_parts, workbook

POINT = shapely.Point(118.78, 32.04)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), ("驿站", "驿站"), ("#N/A", ""), (np.bool_(1), "true"), (np.bool_(0), "false"),
        (bool(1), "true"), (7, "7"),
        (np.int64(7), "7"), (54.0, "54"), (118.7812345, "118.7812345"), (float("nan"), ""),
        (Decimal("1.5"), "1.5"), (1e20, "1e+20"), (date(2024, 5, 1), "2024-05-01"),
        (datetime.fromisoformat("2024-05-01"), "2024-05-01"),
        (datetime.fromisoformat("2024-05-01T08:30"), "2024-05-01 08:30:00"),
        (time(8, 30), "08:30"), (pd.NaT, ""), (pd.NA, ""), (b"abc", "abc"), (["a", 1.0], "a;1"),
        (np.array(["a", "b"]), "a;b"), ({"a": 1}, '{"a": 1}'), ([["a"]], '[["a"]]'),
        (12e10, "120000000000"),
    ],
)  # fmt: skip
def test_typed_values_as_a_person_would_type_them(value: object, text: str):
    assert cell_text(value) == text


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"abc", "UTF-8"),
        ("驿站".encode(), "UTF-8"),
        ("驿站".encode("utf-8-sig"), "UTF-8 with BOM"),
        ("驿站".encode("utf-16"), "UTF-16"),
        ("驿站".encode("utf-32"), "UTF-32"),
        ("驿站".encode("gbk"), "GB18030"),
        ("驛站 傳統字 國際標準圖書館".encode("gbk"), "GB18030"),
        ("全角，标点。、「」".encode("gbk"), "GB18030"),
    ],
)
def test_encodings_by_name(data: bytes, encoding: str):
    found = decode(data, "a.csv")
    assert found.encoding == encoding
    assert not found.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"a\nb\n\xff\xff\n", "unknown_encoding", "line 3: the text is neither UTF-8 nor GB18030"),
        (b"\xff\xfea", "unknown_encoding", "is not UTF-16, as it claims"),
        ("a\0b".encode("utf-16"), "nul_in_text", "line 1: found a NUL character"),
        (b"a\nb\0", "nul_in_text", "line 2: found a NUL byte"),
        (
            "名稱 經度 緯度 國際標準 圖書館 電話".encode("big5"),
            "unknown_encoding",
            "looks like Big5",
        ),
    ],
)
def test_bytes_that_are_no_text(data: bytes, code: str, words: str):
    with pytest.raises(FileFormatError, match=words) as caught:
        decode(data, "a.csv")
    assert caught.value.code == code


def archive_of(*entries: tuple[str, bytes]) -> zipfile.ZipFile:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return zipfile.ZipFile(packed)


def test_archives_over_the_limits(monkeypatch: pytest.MonkeyPatch):
    assert check_archive(archive_of(("a", b"12345")), "a.zip") == 5
    monkeypatch.setattr("geodata.archive.MAX_ENTRIES", 1)
    with pytest.raises(LimitError, match="2 files in the archive; at most 1"):
        check_archive(archive_of(("a", b""), ("b", b"")), "a.zip")
    monkeypatch.setattr("geodata.archive.MAX_UNPACKED", 4)
    with pytest.raises(LimitError, match="5 bytes unpacked; at most 4"):
        check_archive(archive_of(("a", b"12345")), "a.zip")
    locked = archive_of(("a", b"1"))
    locked.infolist()[0].flag_bits |= 1
    with pytest.raises(FileFormatError, match="is encrypted"):
        check_archive(locked, "a.zip")


def test_workbooks_that_are_too_wide_or_have_no_table(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook([[f"c{n}" for n in range(1001)]]))
    with pytest.raises(LimitError, match="1000 columns"):
        geodata.load_stations(path)
    path.write_bytes(workbook([["说明"], ["没有表格"]]))
    with pytest.raises(FileFormatError, match="found no header line") as caught:
        geodata.load_stations(path)
    assert caught.value.code == "no_header"
    path.write_bytes(workbook([]))
    with pytest.raises(FileFormatError, match="the table is empty"):
        geodata.load_stations(path)


def test_workbook_dates_numbers_and_formulas(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "名称", "经度", "纬度", "建成日期", "联系电话", "备注"])
    sheet.append(
        [1.0, "甲", 118.78, 32.04, datetime.fromisoformat("2023-05-01"), 13812345678, "=1+1"]
    )
    book.save(tmp_path / "a.xlsx")
    stations, rejects = geodata.load_stations(tmp_path / "a.xlsx", datum="wgs84")
    assert len(rejects) == 0
    row = stations.iloc[0]
    assert row[["id", "opened_on", "phone"]].to_list() == ["1", "2023-05-01", "13812345678"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "found a JSON list"),
        ('{"type": "FeatureCollection", "features": [1]}', "feature 1: expected an object"),
        ('{"type": "Topology"}', "found type 'Topology'"),
        ('{"type": "FeatureCollection"}', "expected a GeoJSON FeatureCollection"),
    ],
)
def test_json_that_is_no_geojson(text: str, words: str, tmp_path: Path):
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=words):
        geodata.load_stations(tmp_path / "a.geojson")


def test_geojson_features_of_many_kinds(tmp_path: Path):
    def feature(shape: shapely.Geometry, **members: object) -> dict[str, object]:
        made = {"type": "Feature", "geometry": json.loads(shapely.to_geojson(shape))}
        return made | {"properties": {"name": "站"}} | members

    shapes = [
        POINT,
        POINT.buffer(0.01),
        shapely.MultiPoint([POINT]),
        shapely.LineString([(0, 0), (0, 0)]),
    ]
    features = [feature(shape, id=n) for n, shape in enumerate(shapes)]
    features[1]["properties"] = {"name": "院子", "设施": ["饮水机", "空调"], "tags": {"a": 1}}
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    stations, rejects = geodata.load_stations(tmp_path / "a.geojson")
    assert stations["id"].to_list() == ["0", "1", "2"]
    assert rejects[["row", "code"]].to_numpy().tolist() == [[4, "no_position"]]
    assert stations["facilities"].to_list()[1] == "water;air_conditioning"
    assert (stations["lon"][1], stations["lat"][1]) == pytest.approx((118.78, 32.04), abs=1e-6)
    single = json.dumps(feature(POINT) | {"properties": {"name": "一"}})
    (tmp_path / "one.json").write_text(single, encoding="utf-8")
    assert len(geodata.load_stations(tmp_path / "one.json")[0]) == 1


def test_geojson_with_too_many_properties(tmp_path: Path):
    features = [
        {"type": "Feature", "geometry": None, "properties": {f"p{n}-{m}": 1 for m in range(600)}}
        for n in range(2)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(LimitError, match="1200 different properties"):
        geodata.load_stations(tmp_path / "a.geojson")


def geopackage(tmp_path: Path) -> Path:
    frame = gpd.GeoDataFrame({"name": ["a", "b", "c"]}, geometry=[POINT] * 3, crs="EPSG:4326")
    return write_table(frame, tmp_path / "a.gpkg")


def test_geopackages_with_broken_shapes_and_no_layers(tmp_path: Path):
    path = geopackage(tmp_path)
    base = sqlite3.connect(path)
    base.execute("DROP TRIGGER IF EXISTS rtree_data_geom_update")
    for name in [
        row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
    ]:
        base.execute(f'DROP TRIGGER "{name}"')
    base.execute("UPDATE data SET geom = x'00' WHERE fid = 2")
    base.execute("UPDATE data SET geom = x'4750000E00000000' WHERE fid = 3")
    base.commit()
    stations, rejects = geodata.load_stations(path)
    assert stations["name"].to_list() == ["a"]
    assert rejects[["row", "code"]].to_numpy().tolist() == [
        [2, "bad_geometry"],
        [3, "bad_geometry"],
    ]
    base.execute("DELETE FROM gpkg_geometry_columns")
    base.commit()
    base.close()
    with pytest.raises(FileFormatError, match="no layer of features"):
        geodata.load_stations(path)


def test_a_geopackage_that_is_cut_off(tmp_path: Path):
    path = geopackage(tmp_path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(FileFormatError, match="the GeoPackage is damaged"):
        geodata.load_stations(path)


def test_a_geopackage_without_a_crs_needs_a_datum(tmp_path: Path):
    path = geopackage(tmp_path)
    base = sqlite3.connect(path)
    base.execute("UPDATE gpkg_geometry_columns SET srs_id = 0")
    base.commit()
    base.close()
    with pytest.raises(geodata.DatumError):
        geodata.load_stations(path)
    stations, _ = geodata.load_stations(path, datum="gcj02")
    assert (stations["original_datum"] == "gcj02").all()


def test_shapefiles_without_crs_in_metres_or_damaged(tmp_path: Path):
    parts = shapefile_parts()
    folder = tmp_path / "s"
    folder.mkdir()
    for name, data in parts.items():
        (folder / name).write_bytes(data)
    shp = bytearray(parts["a.shp"])
    shp[112:128] = np.array([669123.4, 3545678.1]).tobytes()
    (folder / "a.shp").write_bytes(shp)
    with pytest.raises(FileFormatError, match="no coordinate system is given") as caught:
        geodata.load_stations(folder / "a.shp", datum="wgs84")
    assert caught.value.code == "no_crs"
    (folder / "a.prj").write_text("GEOGCS[nonsense")
    with pytest.raises(FileFormatError, match="is not known"):
        geodata.load_stations(folder / "a.shp", datum="wgs84")
    (folder / "a.dbf").write_bytes(b"\x03")
    with pytest.raises(InputError):
        geodata.load_stations(folder / "a.shp", datum="wgs84")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(FileFormatError, match="the archive is damaged"):
        geodata.load_stations(tmp_path / "a.zip")


def test_parquet_over_the_limits_and_with_odd_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[POINT, None], crs="EPSG:4326")
    frame.to_parquet(tmp_path / "a.parquet", write_covering_bbox=True)
    stations, rejects = geodata.load_stations(tmp_path / "a.parquet")
    assert stations["extra"].to_list() == [""]
    assert rejects["code"].to_list() == ["no_geometry"]
    frame.iloc[:1].to_parquet(tmp_path / "p.parquet", geometry_encoding="geoarrow")
    with pytest.raises(FileFormatError, match="expected shapes in WKB, got 'point'"):
        geodata.load_stations(tmp_path / "p.parquet")
    monkeypatch.setattr("geodata.parquet_table.MAX_ROWS", 1)
    with pytest.raises(LimitError, match="2 rows"):
        geodata.load_stations(tmp_path / "a.parquet")


def test_a_region_without_id_or_name_is_kept(tmp_path: Path):
    frame = gpd.GeoDataFrame({"x": [1]}, geometry=[POINT.buffer(0.1)], crs="EPSG:4490")
    regions = geodata.load_regions(write_table(frame, tmp_path / "a.gpkg"))
    assert regions[["id", "name"]].to_numpy().tolist() == [["", ""]]


def test_exports_of_times_and_bad_places(tmp_path: Path):
    frame = pd.DataFrame(
        {"when": [pd.Timestamp("2026-11-22 08:00")], "n": [np.int64(3)], "t": ["a\x01b"]}
    )
    text = write_table(frame, tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    assert text == "when,n,t\r\n2026-11-22T08:00:00,3,a\x01b\r\n"
    sheet = openpyxl.load_workbook(write_table(frame, tmp_path / "a.xlsx")).active
    assert sheet is not None
    assert sheet["C2"].value == "ab"
    assert len(pd.read_parquet(write_table(frame, tmp_path / "a.parquet"))) == 1


def test_homes_in_other_formats_and_without_a_position(tmp_path: Path):
    frame = gpd.GeoDataFrame(
        {"人数": [3, 4], "工种": ["外卖骑手", "建筑工人"]}, geometry=[POINT, POINT], crs="EPSG:4326"
    )
    for suffix in ("geojson", "gpkg", "parquet"):
        homes, rejects = geodata.load_homes(write_table(frame, tmp_path / f"h.{suffix}"))
        assert len(rejects) == 0
        assert homes["workers"].to_list() == [3, 4]
        assert homes["group"].to_list() == ["courier", "builder"]
        assert homes.attrs["report"]["datum"]["code"] == "wgs84"
    (tmp_path / "a.csv").write_text("编号,人数\n1,2\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="expected columns for a position"):
        geodata.load_homes(tmp_path / "a.csv")
