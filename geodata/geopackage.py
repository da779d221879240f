"""GeoPackage to raw tables with SQLite alone: no driver that could open anything else.

The binary geometry is the standard's: ``GP``, version, flags, SRS, envelope, then WKB
(OGC 12-128r19, clause 2.1.3).
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geodata.cell_text import cell_text
from geodata.errors import FileFormatError
from geodata.raw import ObjectArray, RawTable, Reject
from geodata.shapes import in_degrees, shape_table, usable

_HEAD, _ENVELOPES = 8, {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
MAX_ROWS = 5_000_000


def read_geopackage(path: Path) -> list[RawTable]:
    """Return the feature tables of a GeoPackage.

    Parameters
    ----------
    path : Path
        The file; it is opened read-only.

    Returns
    -------
    list of RawTable
        One a layer; ``line`` is the ``fid``; ``geometry`` holds the shapes in WGS-84.

    Raises
    ------
    FileFormatError
        If it is no GeoPackage, is damaged, or has no layer of features (``bad_geopackage``).
    """
    where = path.name
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as base:
            base.execute("PRAGMA trusted_schema = OFF")
            base.execute("PRAGMA cell_size_check = ON")
            base.text_factory = lambda raw: raw.decode("utf-8", "replace")
            tables = [_layer(base, row, where) for row in base.execute(_LAYERS).fetchall()]
    except sqlite3.Error as error:
        raise FileFormatError(
            f"{where}: the GeoPackage is damaged or not one ({error}); save it again",
            code="bad_geopackage",
        ) from error
    if not tables:
        raise FileFormatError(
            f"{where}: the GeoPackage has no layer of features", code="bad_geopackage"
        )
    return tables


_LAYERS = """
SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id, s.definition
FROM gpkg_geometry_columns AS g
JOIN sqlite_master AS m ON m.name = g.table_name AND m.type = 'table'
    AND m.sql NOT LIKE 'CREATE VIRTUAL%'
LEFT JOIN gpkg_spatial_ref_sys AS s ON s.srs_id = g.srs_id
ORDER BY g.table_name
"""


def _layer(base: sqlite3.Connection, row: tuple[Any, ...], where: str) -> RawTable:
    """Return one layer."""
    name, column, organization, number, definition = row
    quoted = '"' + str(name).replace('"', '""') + '"'
    cursor = base.execute(f"SELECT * FROM {quoted} LIMIT {MAX_ROWS}")  # noqa: S608  quoted by SQL's rule; the name comes from the schema itself
    header = [str(item[0]) for item in cursor.description]
    rows = cursor.fetchall()
    at = header.index(str(column))
    number_at = header.index("fid") if "fid" in header else -1
    lines = _lines(rows, number_at)
    shapes, rejects = _shapes([record[at] for record in rows], lines)
    shapes, datum = in_degrees(shapes, _crs(organization, number, definition), where)
    keep = [n for n in range(len(header)) if n not in {at, number_at}]
    cells = np.array([[cell_text(record[n]) for n in keep] for record in rows], dtype=object)
    table = RawTable(
        file=where,
        sheet=str(name),
        header=tuple(header[n] for n in keep),
        cells=cells.reshape(len(rows), len(keep)),
        line=lines,
        rejects=tuple(rejects),
        datum=datum,
        geometry=shapes,
        notes={"format": "GeoPackage", "crs": f"{organization}:{number}"},
    )
    return shape_table(table)


def _lines(rows: list[Any], at: int) -> npt.NDArray[np.int64]:
    """Return the number of each row: its ``fid``, else its place in the order."""
    if at >= 0 and all(isinstance(record[at], int) for record in rows):
        return np.array([record[at] for record in rows], np.int64)
    return np.arange(1, len(rows) + 1, dtype=np.int64)


def _crs(organization: Any, number: Any, definition: Any) -> str | None:
    """Return the layer's CRS for pyproj, None where it is undefined."""
    if number is None or (isinstance(number, int) and number <= 0):
        return None
    if str(organization).upper() == "EPSG":
        return f"EPSG:{number}"
    return str(definition)


def _shapes(blobs: list[Any], lines: npt.NDArray[np.int64]) -> tuple[ObjectArray, list[Reject]]:
    """Return the shape of every row, and a reject where there is none."""
    shapes = np.full(len(blobs), None, dtype=object)
    rejects = []
    for at, blob in enumerate(blobs):
        code, reason = "", ""
        if blob is None:
            code, reason = "no_geometry", "expected a shape, got none"
        else:
            shapes[at] = _shape(blob)
            if shapes[at] is None:
                code, reason = "bad_geometry", "the shape is damaged, empty or not finite"
        if code:
            rejects.append(Reject(int(lines[at]), "geometry", code, reason, "give it a point"))
    return shapes, rejects


def _shape(blob: Any) -> Any:
    """Return the shape of one binary geometry, None where it is damaged or empty."""
    if not isinstance(blob, bytes) or len(blob) < _HEAD or blob[:2] != b"GP":
        return None
    envelope = _ENVELOPES.get(blob[3] >> 1 & 7)
    if envelope is None:
        return None
    shape = shapely.from_wkb(blob[_HEAD + envelope :], on_invalid="ignore")
    return shape if usable(shape) else None
