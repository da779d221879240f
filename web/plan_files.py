"""A plan's sites as GeoJSON, XLSX, CSV or a Folium map."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from geodata.errors import Fault, ValidationError
from geodata.model import Dataset
from web.errors import room_needed
from web.plan_words import PlanWords, column_titles

#: Endings of the files that a plan is written to, and their media types.
FORMATS: Mapping[str, str] = {
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}

_ALWAYS = {"chosen", "counted_in", "objective_name", "objective_unit"} | {
    "objective", "bound", "gap", "spent_yuan",
}  # fmt: skip


def is_plan(result: Mapping[str, Any]) -> bool:
    """Tell whether a result has what every plan has, so that files can be written of it.

    Parameters
    ----------
    result : mapping
        What lies in a job's folder.

    Returns
    -------
    bool
        False for one that was damaged, or written by a release that kept less.

    Examples
    --------
    >>> is_plan({"chosen": []})
    False
    """
    return result.keys() >= _ALWAYS


def plan_file(
    result: Mapping[str, Any], ending: str, language: str, dataset: Dataset | None = None
) -> tuple[bytes, str]:
    """Return a plan as the bytes of a file.

    Parameters
    ----------
    result : mapping
        A plan's result, as it may leave.
    ending : str
        Of `FORMATS`.
    language : str
        ``zh`` or ``en``, of headers and map.
    dataset : Dataset, optional
        Has the streets that a map draws below the sites.

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
        write_plan(result, file, language, dataset)
        return file.read_bytes(), FORMATS[ending]


def write_plan(
    result: Mapping[str, Any], out: Path, language: str, dataset: Dataset | None = None
) -> None:
    """Write a plan to a file; the name's ending says in which format.

    Parameters
    ----------
    result : mapping
        A plan's result.
    out : Path
        Ending in ``.geojson``, ``.xlsx``, ``.csv`` or ``.html``; replaced whole.
    language : str
        ``zh`` or ``en``, of headers and map.
    dataset : Dataset, optional
        Has the streets that a map draws below the sites.

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
        from web.map_request import dataset_streets  # noqa: PLC0415  draws: heavy
        from web.plan_map import plan_map  # noqa: PLC0415  draws: heavy

        streets = None if dataset is None else dataset_streets(dataset)
        _replace(out, plan_map(result, language, streets).encode())
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


def _table(result: Mapping[str, Any], out: Path, language: str) -> None:
    """Write the sites as a table, with what is said of the plan on a second sheet."""
    from geodata.exports import Notes, write_table  # noqa: PLC0415  brings GDAL and openpyxl

    titles = column_titles(result, language)
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
