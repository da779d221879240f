"""A plan's sites as GeoJSON, XLSX, CSV or a Folium map."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from geodata.errors import Fault, ValidationError
from web.errors import room_needed
from web.plan_words import PlanWords

#: Endings of the files that a plan is written to, and their media types.
FORMATS: Mapping[str, str] = {
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}


def plan_file(result: Mapping[str, Any], ending: str, language: str) -> tuple[bytes, str]:
    """Return a plan as the bytes of a file.

    Parameters
    ----------
    result : mapping
        A plan's result, as it may leave.
    ending : str
        Of `FORMATS`.
    language : str
        ``zh`` or ``en``, of headers and map.

    Returns
    -------
    bytes, str
        The file and its media type.

    Raises
    ------
    NoRoomError
        If there is no room for a temporary file.
    """
    with room_needed(), tempfile.TemporaryDirectory(prefix="locator-") as folder:
        file = Path(folder) / f"plan.{ending}"
        write_plan(result, file, language)
        return file.read_bytes(), FORMATS[ending]


def write_plan(result: Mapping[str, Any], out: Path, language: str) -> None:
    """Write a plan to a file; the name's ending says in which format.

    Parameters
    ----------
    result : mapping
        A plan's result.
    out : Path
        Ending in ``.geojson``, ``.xlsx``, ``.csv`` or ``.html``; replaced whole.
    language : str
        ``zh`` or ``en``, of headers and map.

    Raises
    ------
    ValidationError
        If the ending is none of these.
    """
    ending = out.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        expected = ", ".join(f".{name}" for name in FORMATS)
        raise ValidationError.of([Fault("out", f"expected a name ending in {expected}")])
    if ending == "html":
        from web.plan_map import plan_map  # noqa: PLC0415  draws: heavy

        _replace(out, plan_map(result, language).encode())
    elif ending == "geojson":
        _replace(out, _geojson(result))
    else:
        _table(result, out, language)


def _replace(out: Path, content: bytes) -> None:
    """Write bytes to a file that is swapped in whole."""
    from geodata.swap import replacing_file  # noqa: PLC0415  writing only

    with replacing_file(out) as beside:
        beside.write_bytes(content)


def _geojson(result: Mapping[str, Any]) -> bytes:
    """Return the sites as a FeatureCollection; what is said of the whole plan stands beside."""
    features = [
        {
            "type": "Feature",
            "id": site["id"],
            "geometry": {"type": "Point", "coordinates": [site["lon"], site["lat"]]},
            "properties": {k: v for k, v in site.items() if k not in {"lon", "lat"}},
        }
        for site in result["chosen"]
    ]
    about = {key: value for key, value in result.items() if key != "chosen"}
    return orjson.dumps({"type": "FeatureCollection", "features": features, "plan": about})


_TITLES = {
    "zh": {
        "order": "次序", "id": "编号", "action": "措施", "station": "现有站点", "name": "名称",
        "lon": "经度", "lat": "纬度", "cost_yuan": "费用(元)", "gain_workers": "新增覆盖职工",
        "gain_homes": "新增覆盖住处", "cumulative_workers": "累计新增职工",
        "cumulative_yuan": "累计费用(元)", "gain_workers_per_10000_yuan": "每万元新增职工",
        "catchment_workers": "服务职工", "opening_hours": "开放时间", "facilities": "设施",
        "gain_groups": "受益群体", "gain_regions": "受益区县",
    },
    "en": {
        "order": "Order", "id": "Id", "action": "Action", "station": "Station", "name": "Name",
        "lon": "Longitude", "lat": "Latitude", "cost_yuan": "Cost (yuan)",
        "gain_workers": "Workers gained", "gain_homes": "Homes gained",
        "cumulative_workers": "Workers gained so far", "cumulative_yuan": "Yuan spent so far",
        "gain_workers_per_10000_yuan": "Workers gained per 10,000 yuan",
        "catchment_workers": "Workers in its catchment", "opening_hours": "Opening hours",
        "facilities": "Facilities", "gain_groups": "Gain by group",
        "gain_regions": "Gain by district",
    },
}  # fmt: skip
#: Columns of a plan that counts person-hours, before those of workers.
_HOURS = {
    "zh": {
        "gain_person_hours": "新增覆盖人时(每周)", "cumulative_person_hours": "累计新增人时(每周)",
        "gain_person_hours_per_10000_yuan": "每万元新增人时", "gain_workers": "受益职工",
        "gain_homes": "受益住处", "cumulative_workers": "累计受益职工",
        "gain_workers_per_10000_yuan": "每万元受益职工",
    },
    "en": {
        "gain_person_hours": "Person-hours a week gained",
        "cumulative_person_hours": "Person-hours a week gained so far",
        "gain_person_hours_per_10000_yuan": "Person-hours gained per 10,000 yuan",
        "gain_workers": "Workers better off", "gain_homes": "Homes better off",
        "cumulative_workers": "Workers better off so far",
        "gain_workers_per_10000_yuan": "Workers better off per 10,000 yuan",
    },
}  # fmt: skip
#: Other words for columns that hold kilometres of street, where nobody gave homes; "": left out.
_STREETS = {
    "zh": {
        "gain_workers": "新增覆盖街道(公里)", "gain_homes": "",
        "cumulative_workers": "累计新增街道(公里)",
        "gain_workers_per_10000_yuan": "每万元新增街道(公里)",
        "catchment_workers": "服务街道(公里)", "gain_groups": "", "gain_regions": "受益区县(公里)",
    },
    "en": {
        "gain_workers": "Street gained (km)", "gain_homes": "",
        "cumulative_workers": "Street gained so far (km)",
        "gain_workers_per_10000_yuan": "Street gained per 10,000 yuan (km)",
        "catchment_workers": "Street in its catchment (km)", "gain_groups": "",
        "gain_regions": "Gain by district (km)",
    },
}  # fmt: skip


def _titles(result: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return the columns of a plan in words: of workers, person-hours or kilometres of street."""
    titles = dict(_TITLES[language])
    if "week" in result:
        titles = _HOURS[language] | titles | _HOURS[language]
        first = ("order", "id", "action", "station", "name", "lon", "lat", "cost_yuan")
        titles = {name: titles[name] for name in (*first, *titles)}
    if result["counted_in"] == "street_km":
        titles |= _STREETS[language]
    return {name: words for name, words in titles.items() if words}


def _table(result: Mapping[str, Any], out: Path, language: str) -> None:
    """Write the sites as a table, with what is said of the plan on a second sheet."""
    from geodata.exports import Notes, write_table  # noqa: PLC0415  brings GDAL and openpyxl

    titles = _titles(result, language)
    words = PlanWords(language, result.get("region_names", {}))
    rows = [
        {name: words.cell(name, site.get(name)) for name in titles} for site in result["chosen"]
    ]
    frame = pd.DataFrame(rows, columns=list(titles))
    layer, second = ("方案", "说明") if language == "zh" else ("Plan", "About")
    write_table(frame, out, Notes(titles, words.about(result), layer, second))


#: What tells a person how far a plan is: the words of its stages.
STAGES: Mapping[str, str] = {
    "options": "who is covered, and what may be chosen",
    "reach": "whom each option would reach",
    "solve": "choosing and proving",
    "check": "checking from scratch",
    "done": "done",
}
