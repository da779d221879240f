"""GeoJSON to raw tables, without GDAL: a file that is no GeoJSON is never handed to a driver."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geodata.cell_text import cell_text
from geodata.encoding import decode
from geodata.errors import FileFormatError, LimitError
from geodata.raw import MAX_COLUMNS, ObjectArray, RawTable, Reject
from geodata.shapes import SPATIAL, in_degrees, shape_table, usable

#: An escape of half a character, as two stand for one beyond the basic plane.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")

_TYPES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}


def read_geojson(data: bytes, where: str) -> RawTable:
    """Return the table of a GeoJSON file; longitude and latitude come from the shapes.

    Documented cases: the CRS is WGS-84 (RFC 7946) unless an old ``crs`` member names another,
    which is converted; heights and measures are dropped; a feature without a shape, with a
    GeometryCollection or with a broken shape is rejected; lines and areas stand for a point on
    them; the feature's ``id`` is used where its properties have none.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Its name, for messages.

    Returns
    -------
    RawTable
        ``line`` is the number of the feature from 1; ``geometry`` holds the shapes in WGS-84.

    Raises
    ------
    FileFormatError
        If it is no GeoJSON (``not_geojson``) or its CRS is not known (``unknown_crs``).
    LimitError
        If the properties have more than 1,000 different names.
    """
    parsed = _parse(decode(data, where).text, where)
    features = _features(parsed, where)
    shapes, rejects = _shapes(features)
    crs = _crs(parsed, where)
    shapes, datum = in_degrees(shapes, crs, where)
    records = [_properties(feature) for feature in features]
    names = dict.fromkeys(name for record in records for name in record)
    if len(names) > MAX_COLUMNS:
        raise LimitError(
            f"{where}: {len(names)} different properties; at most {MAX_COLUMNS} are read",
            code="too_many_columns",
        )
    cells = np.array(
        [[record.get(name, "") for name in names] for record in records], dtype=object
    ).reshape(len(records), len(names))
    notes = {"format": "GeoJSON", "encoding": "UTF-8", "crs": crs or "OGC:CRS84"}
    table = RawTable(
        file=where,
        sheet="",
        header=tuple(names),
        cells=cells,
        line=np.arange(1, len(features) + 1, dtype=np.int64),
        rejects=tuple(rejects),
        datum=datum,
        geometry=shapes,
        notes=notes,
    )
    return shape_table(table)


def _parse(text: str, where: str) -> dict[str, Any]:
    """Return the parsed file."""
    try:
        parsed = json.loads(text)
    except RecursionError as error:
        raise FileFormatError(
            f"{where}: the brackets are nested too deeply for GeoJSON", code="not_geojson"
        ) from error
    except ValueError as error:
        raise FileFormatError(
            f"{where}: expected GeoJSON, found text that is no JSON ({error}); is it cut off?",
            code="not_geojson",
        ) from error
    if _HALF.search(text) and not _is_text(parsed):
        raise FileFormatError(
            f"{where}: half a character (\\uD800 to \\uDFFF alone) stands in a text; save it again",
            code="not_geojson",
        )
    if not isinstance(parsed, dict):
        raise FileFormatError(
            f"{where}: expected a GeoJSON FeatureCollection, found a JSON {type(parsed).__name__}",
            code="not_geojson",
        )
    return parsed


def _is_text(parsed: Any) -> bool:
    """Return whether all texts can be written again."""
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _features(parsed: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Return the features, or say what stands there instead."""
    kind = parsed.get("type")
    if kind == "FeatureCollection" and isinstance(parsed.get("features"), list):
        features = parsed["features"]
        if all(isinstance(f, dict) and f.get("type") == "Feature" for f in features):
            return list(features)
        wrong = next(
            n
            for n, f in enumerate(features, 1)
            if not isinstance(f, dict) or f.get("type") != "Feature"
        )
        raise FileFormatError(
            f"{where}, feature {wrong}: expected an object of type Feature", code="not_geojson"
        )
    if kind == "Feature":
        return [dict(parsed)]
    raise FileFormatError(
        f"{where}: expected a GeoJSON FeatureCollection, found type {str(kind)[:40]!r}",
        code="not_geojson",
    )


def _crs(parsed: Mapping[str, Any], where: str) -> str:
    """Return the name of the CRS in the old ``crs`` member, ``""`` if there is none."""
    crs = parsed.get("crs")
    if crs is None:
        return ""
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) else None
    if not isinstance(name, str) or not SPATIAL.match(name):
        raise FileFormatError(
            f"{where}: the crs member names {str(name)[:60]!r}; expected an EPSG code, or none for "
            "WGS-84",
            code="unknown_crs",
        )
    return name


def _properties(feature: Mapping[str, Any]) -> dict[str, str]:
    """Return the properties as cells, with the feature's id where they have none."""
    raw = feature.get("properties")
    record = {str(k): cell_text(v) for k, v in raw.items()} if isinstance(raw, dict) else {}
    if "id" in feature and not any(name.lower() == "id" and record[name] for name in record):
        record = {"id": cell_text(feature["id"])} | {k: v for k, v in record.items() if k != "id"}
    return record


def _shapes(features: Sequence[Mapping[str, Any]]) -> tuple[ObjectArray, list[Reject]]:
    """Return the shape of every feature, and a reject where there is none."""
    shapes = np.full(len(features), None, dtype=object)
    rejects = []
    for at, feature in enumerate(features):
        shape, code, reason = _shape(feature.get("geometry"))
        shapes[at] = shape
        if code:
            rejects.append(Reject(at + 1, "geometry", code, reason, "give it a point"))
    return shapes, rejects


def _flat(coordinates: Any) -> Any:
    """Return coordinates without heights and measures."""
    if not isinstance(coordinates, list):
        raise TypeError(f"expected a list, got {type(coordinates).__name__}")
    if coordinates and not isinstance(coordinates[0], list):
        return coordinates[:2]
    return [_flat(part) for part in coordinates]


def _shape(raw: Any) -> tuple[Any, str, str]:
    """Return a shape, or a code and a reason."""
    kind = raw.get("type") if isinstance(raw, dict) else None
    if kind not in _TYPES:
        what = "null" if raw is None else str(kind)[:40]
        code = "no_geometry" if raw is None else "geometry_type"
        return None, code, f"expected a point or an area, got {what}"
    try:
        flat = {"type": kind, "coordinates": _flat(raw["coordinates"])}
        shape = shapely.from_geojson(json.dumps(flat))
    except (shapely.errors.GEOSException, KeyError, ValueError, TypeError, RecursionError) as error:
        return None, "bad_geometry", f"the coordinates are no {kind} ({type(error).__name__})"
    if usable(shape):
        return shape, "", ""
    return None, "bad_geometry", "the coordinates are empty or not finite"
