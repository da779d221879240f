"""Tables as unions, cities and map tools really write them, made up by a tester."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import geodata
from geodata.dbase import whole_characters
from geodata.errors import DatumError
from geodata.raw import match_columns
from geodata.stations import station_columns
from geodata.words import header_words

Frames = tuple[gpd.GeoDataFrame, pd.DataFrame]

#: 115.89, 28.68 in GCJ-02, by the published formula, in WGS-84.
NANCHANG = (115.885146416, 28.683360768)


#: Headers as exports have them, by the column that they mean.
HEADERS = {
    "name": "站点（驿站）名称 POI名称 驿站/站点名称 名称* 户外劳动者服务站点",
    "lon": "站点经度 经度/° 经度（E） Lon(WGS84) 高德地图经度",
    "lat": "维度 驿站纬度 纬度(N)",
    "lonlat": "定位信息 经纬度（高德） 经度,纬度 经度/纬度 coord",
    "address": "站点详细地址 地址信息 坐落 所在地",
    "district": "所属县（市、区） 所属辖区 县（市、区）",
    "opening_hours": "服务时间说明 对外服务时间 站点开放时间 开放时间（段）",
    "facilities": "设施情况 服务设施情况 驿站设施 现有设施 设施配置",
    "phone": "联系人电话 站点联系电话 值班电话",
    "kind": "驿站类别 站点类型",
    "opened_on": "投入使用时间 挂牌时间",
}


@pytest.mark.parametrize(
    ("column", "header"), [(c, h) for c, text in HEADERS.items() for h in text.split()]
)
def test_headers_of_real_exports(column: str, header: str):
    position = match_columns([header], station_columns(header_words())).position
    assert column in position


@pytest.mark.parametrize("header", ["联系人", "负责人", "人数", "照片", "站长", "审核意见", "面积"])
def test_headers_that_mean_none_of_our_columns(header: str):
    assert not match_columns([header], station_columns(header_words())).position


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Frames]:
    """Write a CSV and load it; no row may be lost."""

    def _load(text: str, *, homes: bool = False, encoding: str = "utf-8", **known: Any) -> Frames:
        path = tmp_path / "表.csv"
        path.write_bytes(text.encode(encoding))
        frame, rejects = (geodata.load_homes if homes else geodata.load_stations)(path, **known)
        assert len(frame) + len(rejects) == frame.attrs["report"]["rows"]
        assert (rejects["reason"] != "").all()
        assert (rejects["row"] > 0).all()
        return frame, rejects

    return _load


def test_an_export_of_a_district_union(load):
    stations, rejects = load(
        "驿站名称,站点地址,所属区县,经度(GCJ-02),纬度(GCJ-02),服务时间,配套设施,联系人电话,是否24小时\n"
        "滩头驿站,红谷中大道1号,红谷滩区,115.89,28.68,8:00-18:00,空调、饮水机,0791-86123456,否\n"
        "湖边驿站,北京东路2号,青山湖区,115.94,28.68,,微波炉,138 0000 0000,是\n"
        "合计：2,,,,,,,,\n"
    )
    assert stations["name"].tolist() == ["滩头驿站", "湖边驿站"]
    assert stations[["lon", "lat"]].to_numpy()[0] == pytest.approx(NANCHANG, abs=1e-7)
    assert stations["opening_hours"].tolist() == ["08:00-18:00", "24/7"]
    assert stations["facilities"].tolist() == ["air_conditioning;water", "microwave"]
    assert stations["phone"].tolist() == ["0791-86123456", "138 0000 0000"]
    assert stations["district"].tolist() == ["红谷滩区", "青山湖区"]
    assert rejects[["row", "column", "code"]].to_numpy().tolist() == [
        [4, "经度(GCJ-02)", "coordinate_missing"]
    ]


def test_24_hours_never_overrule_the_hours_that_are_told(load):
    stations, _ = load("名称,经度,纬度,24小时开放,开放时间\n甲,-8.6,41.1,√,9:00-17:00\n")
    assert stations["opening_hours"].tolist() == ["09:00-17:00"]
    assert "another column says 24 hours" in stations["warnings"][0]


@pytest.mark.parametrize(
    ("header", "cells", "datum"),
    [
        ("经度（火星坐标）,纬度（火星坐标）", "115.89,28.68", ""),
        ("高德经度,高德纬度", "115.89,28.68", ""),
        ("lng_gcj02,lat_gcj02", "115.89,28.68", ""),
        ("经纬度（高德）", '"115.89,28.68"', ""),
        ("坐标", '"28.68，115.89"', "gcj02"),
        ("坐标", "115.89 28.68", "gcj02"),
        ("坐标", '"(115.89,28.68)"', "gcj02"),
        ('"location(lat,lng)"', '"28.68,115.89"', "gcj02"),
        ("经度,纬度", "１１５．８９,２８．６８", "gcj02"),
        ("经度,纬度", '"115,89","28,68"', "gcj02"),
        ("经度,纬度", " 115.89　, 28.68", "gcj02"),
        ("经度,纬度", "115°53′24″E,28°40′48″N", "gcj02"),
        ("东经,北纬", "115度53分24秒,28度40分48秒", "gcj02"),
        ("经度,纬度", "E115.89,N28.68", "gcj02"),
        ("經度,緯度", "115.89,28.68", "腾讯"),
        ("X坐标,Y坐标", "115.89,28.68", "火星坐标"),
        ("Longitude,Latitude", "1.1589e2,2.868e1", "GCJ-02"),
    ],
)
def test_coordinates_of_one_place_in_many_spellings(load, header, cells, datum):
    stations, rejects = load(f"名称,{header}\n甲,{cells}\n", datum=datum or None)
    assert rejects.empty
    assert stations[["lon", "lat"]].to_numpy()[0] == pytest.approx(NANCHANG, abs=1e-7)
    assert stations["original_datum"].tolist() == ["gcj02"]


def test_each_row_may_have_a_datum_of_its_own_but_must_have_one(load):
    stations, rejects = load(
        "名称,坐标系,经度,纬度\n甲,GCJ-02,115.89,28.68\n乙,百度,115.90,28.69\n丙,WGS84,115.88,28.67\n"
        "丁,天地图,115.88,28.67\n戊,北京54,115.88,28.67\n己,,115.88,28.67\n庚,,-8.6,41.1\n"
    )
    assert stations["original_datum"].tolist() == ["gcj02", "bd09", "wgs84", "cgcs2000", "wgs84"]
    assert rejects[["row", "code"]].to_numpy().tolist() == [
        [6, "unknown_datum"],
        [7, "datum_missing"],
    ]
    assert (rejects["fix"] != "").all()
    same, none = load(
        "名称,坐标系,经度,纬度\n甲,百度,115.90,28.69\n己,,115.89,28.68\n", datum="gcj02"
    )
    assert none.empty
    assert same["original_datum"].tolist() == ["bd09", "gcj02"]
    with pytest.raises(DatumError, match="nothing says in which datum"):
        load("名称,坐标系,经度,纬度\n甲,,115.90,28.69\n")


def test_titles_notes_totals_and_signatures_around_the_rows(load):
    stations, rejects = load(
        "南昌市工会户外劳动者驿站一览表,,,,\n填报单位：市总工会,,填报日期：2025年5月,,\n,,,,\n"
        "序号,驿站名称,经度,纬度,开放时间\n1,甲,115.89,28.68,全天\n,,,,\n2,乙,115.90,28.69,8:00-18:00\n"
        ",,,,\n合计,30,,,\n备注：以上均为GCJ-02,,,,\n填表人：张三,,审核人：李四,,\n",
        datum="gcj02",
    )
    assert stations["name"].tolist() == ["甲", "乙"]
    assert rejects["row"].tolist() == [9, 10, 11]


def test_rare_characters_in_gb18030(load):
    stations, _ = load("名称,经度,纬度\n㐂𠮷驿站,-8.6,41.1\n䶮塬,-8.61,41.1\n", encoding="gb18030")
    assert stations["name"].tolist() == ["㐂𠮷驿站", "䶮塬"]


def test_ticks_in_columns_named_like_facilities(load):
    stations, _ = load(
        "名称,经度,纬度,空调,饮水机（台）,是否有微波炉,书籍,淋浴,停车费,设施\n"
        "甲,-8.60,41.1,有,2,是,500,无,3,雨伞\n乙,-8.61,41.1,√,0,否,,暂无,0,\n丙,-8.62,41.1,×,,√,待定,—,1,WiFi\n"
    )
    assert [set(text.split(";")) - {""} for text in stations["facilities"]] == [
        {"umbrella", "air_conditioning", "water", "microwave"},
        {"air_conditioning"},
        {"wifi", "microwave"},
    ]
    assert json.loads(stations["extra"][0])["书籍"] == "500"


def test_opening_and_closing_time_in_columns_of_their_own(load):
    stations, _ = load(
        "名称,经度,纬度,开门时间,关门时间\n甲,-8.6,41.1,8:00,18:00\n乙,-8.61,41.1,8点,20点半\n"
        "丙,-8.62,41.1,8:00-12:00,18:00\n丁,-8.63,41.1,8:00,看情况\n"
    )
    assert stations["opening_hours"].tolist() == ["08:00-18:00", "08:00-20:30", "08:00-12:00", ""]


def workbook(path: Path, sheets: dict[str, list[list[Any]]], merge: tuple[str, ...] = ()) -> Path:
    """Write sheets; merge ranges of the last one."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for area in merge:
        sheet.merge_cells(area)
    sheet.column_dimensions["F"].hidden = True
    book.save(path)
    return path


def test_a_workbook_with_notes_first_two_header_rows_merged_cells_and_mixed_types(tmp_path: Path):
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "说明": [["填表说明"], ["1. 经度纬度请填写高德坐标"], ["2. 名称必填"]],
            "驿站": [
                ["南昌市驿站"],
                ["区县", "名称", "位置", None, "开放时间", "电话"],
                [None, None, "经度", "纬度", None, None],
                ["东湖区", "甲", 115.89, 28.68, "8:00-18:00", 13800000000],
                [None, "乙", "115.90", "28.69", "全天", "0791-86123456"],
                ["合计", 2],
            ],
        },
        ("A1:F1", "C2:D2", "A2:A3", "B2:B3", "E2:E3", "F2:F3", "A4:A5"),
    )
    stations, rejects = geodata.load_stations(path, datum="gcj02")
    assert stations["name"].tolist() == ["甲", "乙"]
    assert stations["district"].tolist() == ["东湖区", "东湖区"]
    assert stations["phone"].tolist() == ["13800000000", "0791-86123456"]
    assert rejects[["sheet", "row"]].to_numpy().tolist() == [["驿站", 6]]
    assert "说明" in stations.attrs["report"]["sheets"][0]["skipped"][0]


@pytest.mark.parametrize("header", ["序号", "编号"])
def test_running_numbers_begin_again_on_every_sheet_but_ids_may_not(tmp_path: Path, header: str):
    rows = [[header, "名称", "经度", "纬度"], [1, "甲", -8.6, 41.1], [2, "乙", -8.61, 41.1]]
    other = [[header, "名称", "经度", "纬度"], [1, "丙", -8.62, 41.1], [2, "丁", -8.63, 41.1]]
    path = workbook(tmp_path / "a.xlsx", {"东湖区": rows, "西湖区": other})
    stations, rejects = geodata.load_stations(path)
    assert stations["id"].is_unique
    assert len(stations) + len(rejects) == 4
    if header == "序号":
        assert stations["name"].tolist() == ["甲", "乙", "丙", "丁"]
        assert stations["id"].tolist()[:2] == ["1", "2"]
    else:
        assert rejects["reason"].str.contains("in row 2 of sheet 东湖区").any()


POINTS = gpd.GeoDataFrame(
    {"名称": ["甲", "乙驿站"], "开放时间": ["全天", "8:00-18:00"]},
    geometry=gpd.points_from_xy([115.89, 115.9], [28.68, 28.69]),
    crs="EPSG:4326",
)


@pytest.mark.parametrize("crs", [4326, 4490, 3857, 4547, 32650])
@pytest.mark.parametrize("suffix", ["gpkg", "parquet", "zip"])
def test_any_reference_system_and_format_brings_the_same_places(tmp_path: Path, crs, suffix):
    path = tmp_path / f"a.{suffix}"
    there = POINTS.to_crs(crs)
    if suffix == "gpkg":
        there.to_file(path, driver="GPKG")
    elif suffix == "parquet":
        there.to_parquet(path)
    else:
        pack(path, there, tmp_path, "GBK")
    stations, rejects = geodata.load_stations(path)
    assert rejects.empty
    assert np.allclose(stations[["lon", "lat"]], [[115.89, 28.68], [115.9, 28.69]], atol=1e-8)
    assert stations["name"].tolist() == ["甲", "乙驿站"]
    assert stations["opening_hours"].tolist() == ["24/7", "08:00-18:00"]


def pack(path: Path, frame: gpd.GeoDataFrame, folder: Path, encoding: str) -> None:
    """Write a Shapefile in a folder of an archive."""
    frame.to_file(folder / "站.shp", encoding=encoding)
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.glob("站.*"):
            archive.write(part, f"南昌/{part.name}")


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_shapefile_names_and_texts_cut_inside_a_character(tmp_path: Path):
    frame = POINTS.assign(服务设施=["饮水机", "空调、" * 60])
    pack(tmp_path / "a.zip", frame, tmp_path, "UTF-8")
    stations, rejects = geodata.load_stations(tmp_path / "a.zip")
    assert rejects.empty
    assert stations["opening_hours"].tolist() == ["24/7", "08:00-18:00"]
    assert stations["facilities"].tolist() == ["water", "air_conditioning"]


def test_what_is_no_dbase_table_stays_as_it_is():
    assert whole_characters(b"", "utf-8") == b""
    assert whole_characters(b"abc" * 50, "no such encoding") == b"abc" * 50


@pytest.mark.parametrize(
    ("name", "xy", "datum"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", (115.89, 28.68), "wgs84"),
        ("urn:ogc:def:crs:EPSG::4490", (115.89, 28.68), "cgcs2000"),
        ("urn:ogc:def:crs:EPSG::3857", (12900815.78, 3334968.6), "wgs84"),
    ],
)
def test_geojson_with_a_crs_member(tmp_path: Path, name, xy, datum):
    place = {"type": "Point", "coordinates": xy}
    feature = {"type": "Feature", "properties": {"驿站名称": "甲"}, "geometry": place}
    crs = {"type": "name", "properties": {"name": name}}
    path = tmp_path / "a.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}), "utf-8"
    )
    stations, _ = geodata.load_stations(path)
    assert stations["original_datum"].tolist() == [datum]
    assert stations[["lon", "lat"]].to_numpy()[0] == pytest.approx((115.89, 28.68), abs=2e-3)


def test_homes_of_a_city_in_one_sheet(load):
    homes, rejects = load(
        '序号,群体,经度(GCJ-02),纬度(GCJ-02),人数\n1,外卖骑手,115.89,28.68,"1,200"\n'
        "2,环卫工人,115.90,28.69,３\n3,货车司机,115.91,28.70,\n4,建筑工人,115.92,28.71,-2\n合计,,,,1205\n",
        homes=True,
    )
    assert homes["workers"].tolist() == [1200, 3, 1]
    assert homes["group"].tolist() == ["courier", "sanitation", "driver"]
    assert rejects["code"].tolist() == ["bad_number", "coordinate_missing"]
    assert not rejects.astype(str).apply(lambda c: c.str.contains("115.9")).any().any()


def test_homes_on_several_sheets_have_ids_of_their_own(tmp_path: Path):
    rows = [["户外劳动者分布"], ["序号", "经度", "纬度", "人数"], [1, -8.6, 41.1, 10]]
    path = workbook(tmp_path / "a.xlsx", {"注": [["内部"]], "骑手": rows, "环卫": rows})
    homes, rejects = geodata.load_homes(path)
    assert rejects.empty
    assert len(homes) == 2
    assert homes["id"].is_unique


@pytest.mark.parametrize(
    ("code", "name", "crs"),
    [
        ("adcode", "name", 4326),
        ("区划代码", "区县名称", 4490),
        ("PAC", "NAME", 3857),
        ("行政区划代码", "行政区", 32650),
        ("gb", "XZQMC", 4326),
    ],
)
def test_regions_under_other_names(tmp_path: Path, code, name, crs):
    square = shapely.box(115.8, 28.6, 115.9, 28.7)
    frame = gpd.GeoDataFrame({code: [360102], name: ["东湖区"]}, geometry=[square], crs=4326)
    frame.to_crs(crs).to_file(tmp_path / "a.gpkg", driver="GPKG")
    regions = geodata.load_regions(tmp_path / "a.gpkg")
    assert regions[["id", "name"]].to_numpy().tolist() == [["360102", "东湖区"]]
    assert regions.total_bounds == pytest.approx(square.bounds, abs=1e-6)
