"""Made-up cities for tests of the map: stations, blocky gaps and covered areas, streets."""

from dataclasses import replace
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import box

from geodata.datum import from_wgs84
from web.map_data import MapRequest, Page
from web.map_streets import street_lines

WEST, SOUTH = 115.84, 28.64
EAST_M, NORTH_M = 97_600.0, 111_195.0
STATES_AT = "2026-11-22T20:00:00+08:00"
LABELS = {
    "zh": {
        "kind": {"care_station": "工会驿站", "driver_home": "司机之家", "workers_home": "职工之家"},
        "facility": {
            "water_dispenser": "饮水机",
            "microwave": "微波炉",
            "phone_charging": "手机充电",
            "toilet": "卫生间",
            "seats": "座椅",
        },
        "access": {"free": "免费进入", "scan": "扫码进入", "card": "凭会员卡"},
        "status": {"open": "开放", "building": "在建"},
        "need": {"hot_meal": "热饭"},
        "mode": {"walk": "步行", "ebike": "电动车"},
    },
    "en": {
        "kind": {"care_station": "care station", "driver_home": "driver's home"},
        "facility": {"water_dispenser": "water", "microwave": "microwave"},
        "access": {"free": "free", "scan": "scan a code", "card": "members' card"},
        "status": {"open": "open", "building": "being built"},
        "need": {"hot_meal": "hot meal"},
        "mode": {"walk": "on foot", "ebike": "by e-bike"},
    },
}
HOURS = ["08:00-20:00", "全天24小时", "周一至周五 09:00-17:30", ""]
FACILITIES = ["water_dispenser;microwave;seats", "water_dispenser", "phone_charging;toilet", ""]


def degrees(x, y):
    """Degrees of metres east and north of the corner."""
    return WEST + np.asarray(x) / EAST_M, SOUTH + np.asarray(y) / NORTH_M


def stations(count, seed=1, width=11_000.0):
    draw = np.random.default_rng(seed)
    lon, lat = degrees(draw.uniform(500, width - 500, count), draw.uniform(500, width - 500, count))
    pick = draw.integers(0, 4, count)
    return pd.DataFrame(
        {
            "id": [f"s{i:04d}" for i in range(1, count + 1)],
            "name": [f"章江街道第{i}户外劳动者驿站" for i in range(1, count + 1)],
            "kind": np.array(["care_station", "care_station", "driver_home", "workers_home"])[pick],
            "status": np.where(np.arange(count) % 17 == 16, "building", "open"),
            "lon": lon,
            "lat": lat,
            "address": [f"示范市章江区沿江中大道{i}号" for i in range(count)],
            "phone": [f"0791-8600{i:04d}" for i in range(count)],
            "opening_hours_text": np.array(HOURS)[pick],
            "opening_hours": "",
            "facilities": np.array(FACILITIES)[pick],
            "access": np.array(["free", "scan", "card", ""])[pick],
            "state": np.array([0, 1, 1, 2])[pick],
            "until": np.array(["2026-11-23T08:00:00+08:00", "", STATES_AT, ""])[pick],
        }
    )


def cells(places, width=11_000.0, reach=900.0, limit=900.0):
    """Blocks of 100 m by their time to the nearest station: covered, and gaps of four bands."""
    middle = np.arange(50.0, width, 100.0)
    x, y = (a.ravel() for a in np.meshgrid(middle, middle))
    sx = (places["lon"].to_numpy() - WEST) * EAST_M
    sy = (places["lat"].to_numpy() - SOUTH) * NORTH_M
    far = np.sqrt((x[:, None] - sx) ** 2 + (y[:, None] - sy) ** 2).min(axis=1)
    return x, y, far / reach * limit


def blocks(x, y):
    """One polygon of 100 m blocks in degrees."""
    west, south = degrees(x - 50, y - 50)
    east, north = degrees(x + 50, y + 50)
    return shapely.union_all(shapely.box(west, south, east, north))


def city(count=60, page=None, **changes):
    """A city of 11 km with districts, gaps in one district each, and streets."""
    page = page or Page()
    return replace(_city(count), page=page, labels=LABELS[page.lang], **changes)


@cache
def _city(count):
    places = stations(count)
    x, y, seconds = cells(places)
    regions = gpd.GeoDataFrame(
        {
            "id": ["360102", "360103", "360104", "360105"],
            "name": ["章江区", "西湖新区", "桃花镇", "瑶湖区"],
        },
        geometry=[
            box(*degrees(a, b), *degrees(a + 5500, b + 5500)) for a in (0, 5500) for b in (0, 5500)
        ],
        crs=4326,
    )
    covered = gpd.GeoDataFrame(geometry=[blocks(x[seconds <= 900], y[seconds <= 900])], crs=4326)
    gaps = _gaps(x, y, seconds, places)
    return MapRequest(
        stations=places,
        gaps=gaps,
        covered=covered,
        regions=regions,
        streets=streets(),
        summary=summary(),
        manifest={
            "name": "示范市",
            "version": "2026.11",
            "as_of": "2026-11-01",
            "attribution": ["© OpenStreetMap contributors, ODbL 1.0"],
        },
        labels=LABELS["zh"],
        states_at=STATES_AT,
        shift=lambda lon, lat: from_wgs84(lon, lat, "gcj02"),
    )


def _gaps(x, y, seconds, places):
    rows, shapes = [], []
    for number, (west, south, region) in enumerate(
        [(0, 0, "360102"), (0, 5500, "360103"), (5500, 0, "360104"), (5500, 5500, "360105")]
    ):
        inside = (seconds > 900) & (x > west) & (x < west + 5500) & (y > south) & (y < south + 5500)
        shape = blocks(x[inside], y[inside])
        for part in shapely.get_parts(shape):
            here = shapely.contains_xy(part, *degrees(x[inside], y[inside]))
            far = float(seconds[inside][here].max())
            rows.append(
                {
                    "id": f"{region}-{number}-{len(rows)}",
                    "region": region,
                    "area_km2": float(here.sum()) / 100,
                    "workers": float(here.sum() * 3),
                    "nearest_seconds": np.nan if len(rows) % 9 == 8 else far,
                    "nearest_station": places["id"][len(rows) % len(places)],
                    "cause": ["too_far", "closed", "unreachable"][len(rows) % 3],
                    "also": "",
                    "detour_ratio": 1.0 + len(rows) % 3,
                }
            )
            shapes.append(part)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=4326)


def streets(width=11_000.0, step=250.0):
    """A wavy lattice: main roads every 2 km, smaller ones between."""
    segments, classes = [], []
    for number, offset in enumerate(np.arange(0, width + 1, step)):
        along = np.arange(0, width + 1, step)
        wave = offset + 60 * np.sin(along / 1700 + offset / 3000)
        kind = "primary" if number % 8 == 0 else "tertiary" if number % 4 == 0 else "residential"
        for a, b in ((along, wave), (wave, along)):
            lon, lat = degrees(a, b)
            segments.append(np.column_stack([lon[:-1], lat[:-1], lon[1:], lat[1:]]))
            classes += [kind] * (len(along) - 1)
    return street_lines(np.vstack(segments), classes)


def summary():
    """The summary of a coverage, as the interface has it."""
    return {
        "homes": {"total": 10_000, "covered": 8_244, "uncovered": 1_756},
        "workers": {"total": 20_000, "covered": 16_310, "uncovered": 3_690},
        "street_km": {"total": 900.0, "covered": 600.0},
        "share_covered": 0.8244,
        "share_of": "homes",
        "share_covered_if_unknown_open": 0.861,
        "share_band": {"slow": 0.774, "fast": 0.849},
        "regions": [
            {"id": "360102", "name": "章江区", "share_covered": 0.91},
            {"id": "360103", "name": "西湖新区", "share_covered": 0.74},
            {"id": "360104", "name": "桃花镇", "share_covered": 0.68},
            {"id": "360105", "name": "瑶湖区", "share_covered": None},
        ],
        "people": "from cells",
        "rounded_to": 5,
        "parameters": {"mode": "walk", "minutes": 15, "at": STATES_AT, "need": ["hot_meal"]},
    }
