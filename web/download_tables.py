"""The tables that can be downloaded: stations, gaps, regions, with words beside the codes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.model import BoolArray
from locator.arrival import CAUSES as REASONS
from web.answers import texts as column_texts
from web.geojson import plain
from web.map_request import labels_of, without_persons
from web.map_text import CAUSES, told_causes
from web.service import Coverage, Service

Box = tuple[float, float, float, float]

_GAP_DIGITS = {"area_km2": 4, "nearest_seconds": 3, "detour_ratio": 3}
_GAP_COLUMNS = (
    "id", "region", "region_name", "near", "near_en", "area_km2", "homes", "workers", "suppressed",
    "cause", "cause_name", "causes", "causes_names", "also", "also_names", "barrier",
    "nearest_station", "nearest_station_name", "nearest_seconds", "detour_ratio", "lon", "lat",
    "datum",
)  # fmt: skip
_STATION_TEXTS = (
    "id", "name", "kind", "status", "address", "region", "opening_hours", "opening_hours_text",
    "facilities", "access", "phone", "operator", "verified_on", "source", "source_date",
)  # fmt: skip
_STATION_COLUMNS = (
    "id", "name", "kind", "kind_name", "status", "status_name", "counted", "state", "lon", "lat",
    "datum", "address", "region", "region_name", "opening_hours", "opening_hours_text",
    "facilities", "facility_names", "access", "access_name", "phone", "operator", "verified_on",
    "source", "source_date",
)  # fmt: skip
_PARTS = ("total", "covered", "uncovered")
_FIGURES = ("homes", "workers", "street_km")
_REGION_COLUMNS = (
    "id", "name", "share_covered", "share_of",
    *(f"{key}_{part}" for key in _FIGURES for part in _PARTS),
    *(f"{key}_{cause}" for key in _FIGURES for cause in REASONS), "datum",
)  # fmt: skip
#: Columns of figures about people: whole numbers or missing.
_PEOPLE = (
    "homes",
    "workers",
    *(f"{k}_{part}" for k in ("homes", "workers") for part in (*_PARTS, *REASONS)),
)

#: Types of the other columns that are no texts.
_KINDS = {
    **{f"street_km_{part}": "float64" for part in (*_PARTS, *REASONS)},
    **dict.fromkeys(("area_km2", "nearest_seconds", "detour_ratio", "share_covered"), "float64"),
    **dict.fromkeys(("lon", "lat"), "float64"),
    **dict.fromkeys(("suppressed", "counted"), "bool"),
}
_STATES = ("closed", "open", "unknown")
_DEGREE_DIGITS = 6

#: Chinese headers. Those of stations are read back by ``locator prepare``.
_STATIONS_ZH = {
    "id": "编号",
    "name": "名称",
    "kind": "类型代码",
    "kind_name": "类型",
    "status": "状态代码",
    "status_name": "状态",
    "counted": "本次计入",
    "state": "所问时刻是否开放",
    "lon": "经度",
    "lat": "纬度",
    "datum": "坐标系",
    "address": "地址",
    "region": "区划代码",
    "region_name": "区县",
    "opening_hours": "开放时间",
    "opening_hours_text": "开放时间原文",
    "facilities": "设施代码",
    "facility_names": "设施",
    "access": "进入方式代码",
    "access_name": "进入方式",
    "phone": "联系电话",
    "operator": "运营单位",
    "verified_on": "核实日期",
    "source": "数据来源",
    "source_date": "来源日期",
}
_GAPS_ZH = {
    "id": "空白编号",
    "region": "区划代码",
    "region_name": "区县",
    "near": "附近道路",
    "near_en": "附近道路英文名",
    "area_km2": "面积（平方公里）",
    "homes": "住户数",
    "workers": "劳动者数",
    "suppressed": "人数过少不显示",
    "cause": "原因代码",
    "cause_name": "原因",
    "causes": "各原因占比代码",
    "causes_names": "各原因占比",
    "also": "须同时解决的原因代码",
    "also_names": "须同时解决的原因",
    "barrier": "隔开的河流、铁路或快速路",
    "nearest_station": "最近驿站编号",
    "nearest_station_name": "最近驿站",
    "nearest_seconds": "到最近驿站的时间（秒）",
    "detour_ratio": "路程与直线之比",
    "datum": "坐标系",
    "lon": "人最多处经度",
    "lat": "人最多处纬度",
    "wkt": "边界（WKT）",
}
_CAUSED_ZH = {"homes": "住户", "workers": "劳动者", "street_km": "街道（公里）"}
_REGIONS_ZH = {
    "id": "区划代码",
    "name": "区县",
    "share_covered": "覆盖率",
    "share_of": "覆盖率按什么算",
    "homes_total": "住户总数",
    "homes_covered": "住户：有驿站",
    "homes_uncovered": "住户：没有驿站",
    "workers_total": "劳动者总数",
    "workers_covered": "劳动者：有驿站",
    "workers_uncovered": "劳动者：没有驿站",
    "street_km_total": "街道总长（公里）",
    "street_km_covered": "街道：有驿站（公里）",
    "street_km_uncovered": "街道：没有驿站（公里）",
    **{
        f"{key}_{cause}": f"{word}：{told}"
        for key, word in _CAUSED_ZH.items()
        for cause, told in CAUSES["zh"].items()
        if cause in REASONS
    },
    "datum": "坐标系",
    "lon": "经度",
    "lat": "纬度",
    "wkt": "边界（WKT）",
}

#: Headers by table and language; in English a column is called by its name in all formats.
TITLES: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {"stations": _STATIONS_ZH, "gaps": _GAPS_ZH, "regions": _REGIONS_ZH}
        ),
        "en": MappingProxyType({"stations": {}, "gaps": {}, "regions": {}}),
    }
)


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...], shapes: Any) -> gpd.GeoDataFrame:
    """Return rows as a frame that has all its columns with their types, also without a row."""
    table = pd.DataFrame(rows, columns=list(columns), dtype=object)
    table = table.astype({name: kind for name, kind in _KINDS.items() if name in columns})
    for name in (name for name in _PEOPLE if name in columns):
        figures = table[name].astype("Float64")
        whole = (figures.dropna() % 1 == 0).all()  # those of the data's owner need not be
        table[name] = figures.astype("Int64") if whole else figures
    return gpd.GeoDataFrame(table, geometry=np.asarray(shapes, dtype=object), crs=4326)


def _names(codes: str, words: Mapping[str, str], lang: str) -> str:
    """Return codes joined by ``;`` as words."""
    between = "、" if lang == "zh" else ", "
    return between.join(words.get(code, code) for code in codes.split(";") if code)


def gap_table(service: Service, answer: Coverage, lang: str) -> gpd.GeoDataFrame:
    """Return the gaps of an answer, those with most workers first.

    Parameters
    ----------
    service : Service
        Decides what may be said of each gap.
    answer : Coverage
        From `Service.cover`.
    lang : str
        Of the words beside the codes: ``zh`` or ``en``.

    Returns
    -------
    GeoDataFrame
        EPSG:4326; ``homes`` and ``workers`` are missing where ``suppressed``.
    """
    shown = service.gap_frame(answer)
    names, causes = service.region_names, CAUSES[lang]
    stations = service.index.stations
    named = dict(zip(stations["id"], stations["name"], strict=True))
    rows = []
    for row in shown.drop(columns=shown.geometry.name).to_dict("records"):
        gap = {str(key): plain(value) for key, value in row.items()}
        for name, digits in _GAP_DIGITS.items():
            if gap.get(name) is not None:
                gap[name] = round(gap[name], digits)
        gap["region_name"] = names.get(gap["region"] or "", "")
        gap["cause_name"] = causes.get(gap["cause"], gap["cause"])
        shares = gap["causes"]
        gap["causes"] = json.dumps(shares) if shares is not None else None
        gap["causes_names"] = "" if shares is None else told_causes(shares, gap["cause"], lang)
        gap["also_names"] = _names(gap["also"] or "", causes, lang)
        gap["nearest_station_name"] = named.get(gap["nearest_station"], "")
        gap["datum"] = "wgs84"
        rows.append(gap)
    return _frame(rows, _GAP_COLUMNS, shown.geometry.to_numpy())


def region_table(service: Service, answer: Coverage, lang: str) -> gpd.GeoDataFrame:
    """Return the shares of the regions, in the order of the dataset.

    Parameters
    ----------
    service : Service
        Knows the regions' shapes.
    answer : Coverage
        From `Service.cover`.
    lang : str
        Not used: there are no words beside codes.

    Returns
    -------
    GeoDataFrame
        EPSG:4326; the row of what lies outside all regions has no shape.
    """
    del lang
    regions = service.index.regions
    shapes = dict(zip(regions["id"], regions.geometry, strict=True)) if len(regions) else {}
    rows, outlines = [], []
    for part in answer.summary["regions"]:
        row = {"id": part["id"], "name": part["name"], "share_covered": part["share_covered"]}
        row["share_of"] = answer.summary["share_of"]
        causes = part["causes"]
        for key in _FIGURES:
            row |= {f"{key}_{name}": (part[key] or {}).get(name) for name in _PARTS}
            none = None if part[key] is None else 0
            row |= {f"{key}_{cause}": causes.get(cause, {}).get(key, none) for cause in REASONS}
        rows.append({**row, "datum": "wgs84"})
        outlines.append(shapes.get(part["id"]))
    return _frame(rows, _REGION_COLUMNS, outlines)


def counted(service: Service, answer: Coverage) -> BoolArray:
    """Mark the stations that count for an answer, whatever their hours; repeated ones count once.

    Parameters
    ----------
    service : Service
        Its index.
    answer : Coverage
        From `Service.cover`.

    Returns
    -------
    array (s,) of bool
        In the order of the station table.
    """
    conditions = replace(answer.found.request.conditions, at=None, distinct=True)
    chosen = service.index.register.select(conditions, 0).stations
    mark = np.zeros(len(service.index.stations), np.bool_)
    mark[chosen] = True
    return mark


def station_states(service: Service, moment: datetime | None) -> list[str]:
    """Return whether each station is open at a time.

    Parameters
    ----------
    service : Service
        Its timetable.
    moment : datetime or None
        When; None: no time was asked for.

    Returns
    -------
    list of str
        ``open``, ``closed``, ``unknown``, or ``""`` without a time.
    """
    if moment is None:
        return [""] * len(service.index.stations)
    return [_STATES[state] for state in service.index.timetable.states(moment).tolist()]


def station_regions(service: Service) -> list[str]:
    """Return the region in which each station lies.

    Parameters
    ----------
    service : Service
        Its stations and regions.

    Returns
    -------
    list of str
        Ids, ``""`` outside all of them.
    """
    stations, regions = service.index.stations, service.index.regions
    if not len(regions):
        return [""] * len(stations)
    ids = [*regions["id"].astype(str), ""]
    return [ids[row] for row in service.book.regions_of(np.arange(len(stations)))]


def station_table(service: Service, answer: Coverage, lang: str) -> gpd.GeoDataFrame:
    """Return the stations in the region asked for, of the kinds, needs and access asked for.

    Parameters
    ----------
    service : Service
        Its stations.
    answer : Coverage
        From `Service.cover`.
    lang : str
        Of the words beside the codes: ``zh`` or ``en``.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, by id; ``counted`` tells which of them the answer counts. A person's telephone
        number is left out.
    """
    stations = without_persons(service.index.stations, service.vocabulary)
    texts = {name: column_texts(stations, name) for name in _STATION_TEXTS}
    texts["region"] = station_regions(service)
    marks, states = counted(service, answer), station_states(service, answer.departure)
    columns = {
        **texts,
        "lon": stations["lon"].to_numpy(float).round(_DEGREE_DIGITS).tolist(),
        "lat": stations["lat"].to_numpy(float).round(_DEGREE_DIGITS).tolist(),
        "datum": ["wgs84"] * len(stations),
        "counted": marks.tolist(),
        "state": states,
        **_words(service, texts, lang),
    }
    kept = np.flatnonzero(_asked(service, answer, texts))
    rows = [{name: values[row] for name, values in columns.items()} for row in kept]
    places = shapely.points(
        [(row["lon"], row["lat"]) for row in rows] or np.empty((0, 2), dtype=float)
    )
    return _frame(rows, _STATION_COLUMNS, places)


def _words(service: Service, texts: Mapping[str, list[str]], lang: str) -> dict[str, list[str]]:
    """Return the columns of words for the codes of stations."""
    labels = labels_of(service.vocabulary, lang)
    regions = service.region_names
    tables = {"kind": labels["kind"], "status": labels["status"], "access": labels["access"]}
    found = {
        f"{name}_name": [words.get(code, code) for code in texts[name]]
        for name, words in tables.items()
    }
    found["facility_names"] = [
        _names(codes, labels["facility"], lang) for codes in texts["facilities"]
    ]
    found["region_name"] = [regions.get(code, "") for code in texts["region"]]
    return found


def _asked(service: Service, answer: Coverage, texts: Mapping[str, list[str]]) -> BoolArray:
    """Mark the stations that what was asked for in so many words does not leave out."""
    asked = answer.summary["parameters"]
    mark = service.index.register.needs_met(asked["need"]).copy()
    for name in ("kind", "access"):
        if asked[name]:
            mark &= np.isin(np.asarray(texts[name], dtype=object), asked[name])
    if asked["region"]:
        mark &= np.asarray(texts["region"], dtype=object) == asked["region"]
    return mark


def within(frame: gpd.GeoDataFrame, box: Box | None) -> gpd.GeoDataFrame:
    """Return the rows whose shape touches a box.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    box : tuple of float or None
        West, south, east, north (degrees); west of more than east crosses the antimeridian; None:
        all rows.

    Returns
    -------
    GeoDataFrame
        Shapes are not cut, so that their figures stay true.
    """
    if box is None:
        return frame
    west, south, east, north = box
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    shapes = frame.geometry.to_numpy()
    mark = np.zeros(len(frame), np.bool_)
    for first, last in spans:
        mark |= shapely.intersects(shapes, shapely.box(first, south, last, north))
    return frame[mark].reset_index(drop=True)


#: What makes each table.
TABLES: Mapping[str, Callable[[Service, Coverage, str], gpd.GeoDataFrame]] = MappingProxyType(
    {"stations": station_table, "gaps": gap_table, "regions": region_table}
)
