"""Shapes of spatial formats: their CRS, and the point of each row."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geodata.datum import find_datum, unproject
from geodata.errors import FileFormatError
from geodata.raw import ObjectArray, RawTable, Reject

#: What the name of a CRS may look like.
SPATIAL = re.compile(r"^(?:urn:ogc:def:crs:)?[A-Za-z]+:[\w.:]*$")

_PLAIN = {
    "WGS 84": "wgs84",
    "CGCS2000": "cgcs2000",
    "China Geodetic Coordinate System 2000": "cgcs2000",
}
_CRS84 = {"", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84"}


def in_degrees(shapes: ObjectArray, crs: Any, where: str) -> tuple[ObjectArray, str]:
    """Return shapes in longitude and latitude, and the datum that their CRS declares.

    Parameters
    ----------
    shapes : array (n,) of object
        Shapes or None; never changed.
    crs : str, pyproj.CRS or None
        What the format says; ``""`` for WGS-84, None for nothing.
    where : str
        File, for messages.

    Returns
    -------
    shapes : array (n,) of object
        Two-dimensional, in degrees.
    datum : str
        ``wgs84``, ``cgcs2000``, or ``""`` where nothing is declared.

    Raises
    ------
    FileFormatError
        If the CRS is not known, or is missing and the numbers are no degrees.
    """
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    if crs is None:
        _check_degrees(flat, where)
        return flat, ""
    if isinstance(crs, str) and crs in _CRS84:
        return flat, "wgs84"
    known = _known(crs, where)
    datum = _PLAIN.get(known.name, "") or find_datum(known.name)
    if known.is_geographic and datum in {"wgs84", "cgcs2000"}:
        return flat, datum
    return _converted(flat, known, where), "wgs84"


def point_of(shape: Any) -> tuple[float, float] | None:
    """Return the point that a shape stands for.

    Parameters
    ----------
    shape : shapely.Geometry
        A point, or a line or area: then its centre if that lies on it, else a point on it.

    Returns
    -------
    tuple of float or None
        None where its coordinates are not finite.
    """
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None
    point = shape.centroid
    if shape.geom_type != "Point" and not shapely.intersects_xy(shape, point.x, point.y):
        point = shapely.point_on_surface(shape)
    return (float(point.x), float(point.y)) if not point.is_empty else None


def usable(shape: Any) -> bool:
    """Tell whether a shape has finite coordinates.

    Parameters
    ----------
    shape : shapely.Geometry or None
        Any shape.

    Returns
    -------
    bool
        False for None and for empty shapes.
    """
    return shape is not None and not shape.is_empty and point_of(shape) is not None


def shapes_of_wkb(blobs: Sequence[bytes | None]) -> tuple[ObjectArray, tuple[Reject, ...]]:
    """Return the shapes of rows from well-known binary.

    Parameters
    ----------
    blobs : sequence of bytes or None
        One a row.

    Returns
    -------
    shapes : array (n,) of object
        None where there is no shape, or a damaged one.
    rejects : tuple of Reject
        One for each row without a shape; rows count from 1.
    """
    shapes = np.full(len(blobs), None, dtype=object)
    for row, blob in enumerate(blobs):
        shape = shapely.from_wkb(blob, on_invalid="ignore")
        shapes[row] = shape if usable(shape) else None
    rejects = tuple(
        Reject(row + 1, "geometry", "no_geometry", "expected a shape, got none", "give it one")
        for row, shape in enumerate(shapes)
        if shape is None
    )
    return shapes, rejects


def shape_table(table: RawTable) -> RawTable:
    """Return a table with the columns ``lon`` and ``lat`` of its shapes in front.

    Parameters
    ----------
    table : RawTable
        With ``geometry``; rows of None are among its rejects or are dropped as such.

    Returns
    -------
    RawTable
        Without the rows that have no shape.
    """
    shapes = table.geometry if table.geometry is not None else np.empty(0, object)
    points = [point_of(shape) if shape is not None else None for shape in shapes]
    keep = np.array([point is not None for point in points], np.bool_)
    pairs = [[repr(p[0]), repr(p[1])] for p in points if p is not None]
    places = np.array(pairs, dtype=object).reshape(-1, 2)
    return replace(
        table,
        header=("lon", "lat", *table.header),
        cells=np.hstack([places, table.cells[keep]]),
        line=table.line[keep],
        geometry=shapes[keep],
    )


def _known(crs: Any, where: str) -> pyproj.CRS:
    """Return the CRS, or say that it is not known."""
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise FileFormatError(
            f"{where}: the coordinate system {str(crs)[:60]!r} is not known; save it in WGS-84",
            code="unknown_crs",
        ) from error


def _converted(shapes: ObjectArray, crs: pyproj.CRS, where: str) -> ObjectArray:
    """Return shapes in WGS-84 degrees."""

    def degrees(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(unproject(xy[:, 0], xy[:, 1], crs))

    try:
        return np.asarray(shapely.transform(shapes, degrees), dtype=object)
    except (ValueError, pyproj.exceptions.ProjError) as error:
        raise FileFormatError(
            f"{where}: the coordinates do not fit the coordinate system {crs.name}",
            code="unknown_crs",
        ) from error


def _check_degrees(shapes: ObjectArray, where: str) -> None:
    """Refuse numbers that are no degrees where no CRS explains them."""
    xy = shapely.get_coordinates(shapes)
    finite = xy[np.isfinite(xy).all(axis=1)]
    if len(finite) and (np.abs(np.median(finite, axis=0)) > (180.0, 90.0)).any():
        raise FileFormatError(
            f"{where}: the coordinates are no degrees and no coordinate system is given; save it "
            "with its .prj, or in WGS-84",
            code="no_crs",
        )
