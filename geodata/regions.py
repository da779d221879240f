"""Districts: checked once when they come in, then a label for every position."""

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.errors import Fault, ValidationError
from geodata.model import BoolArray, FloatArray, Int32Array

#: The most vertices of an invalid shape that repairing is tried on.
REPAIR_VERTICES = 2_000

#: The most vertices of all regions together.
MOST_VERTICES = 5_000_000

Repair = Callable[[Sequence[bytes]], list[bytes | None]]

_COLUMNS = ("id", "name", "geometry")
_REJECTS = ("row", "reason", "fix")


def no_regions() -> gpd.GeoDataFrame:
    """Return a frame of regions without a row.

    Returns
    -------
    GeoDataFrame
        ``id, name, geometry``, EPSG:4326.
    """
    text = pd.Series([], dtype="str")
    return gpd.GeoDataFrame({"id": text, "name": text}, geometry=[], crs="EPSG:4326")


def check_regions(frame: gpd.GeoDataFrame, repair: Repair) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the regions that can be used, and why the others cannot.

    A valid polygon is kept as it is. An invalid one of at most 2,000 vertices is handed to
    ``repair``; what is no polygon after that is rejected, and the rest is loaded.

    Parameters
    ----------
    frame : GeoDataFrame
        ``id, name, geometry``, EPSG:4326.
    repair : callable
        Takes WKB of invalid shapes, returns WKB of valid ones or None where it failed or took too
        long; ``geodata.repair.repair`` does it in a process of its own.

    Returns
    -------
    regions : GeoDataFrame
        ``id, name, geometry`` in the order of the input; polygons and multipolygons, valid. An
        empty ``id`` becomes the row's number from 1, as ``r001``.
    rejects : DataFrame
        ``row`` (int64, from 1), ``reason`` (begins with the region's name), ``fix``.

    Raises
    ------
    ValidationError
        If a column is missing, the CRS is not EPSG:4326, an id comes twice, or the shapes are
        larger than 5,000,000 vertices together; all faults at once.
    """
    _refuse_frame(frame)
    ids = _filled_ids(frame["id"])
    _refuse_twice(ids)
    shapes, fix = _repaired(np.asarray(frame.geometry.array, object), repair)
    reason = _reasons(shapes, fix)
    good = reason == ""
    names = frame["name"].fillna("").astype(str).to_numpy(object)
    names = np.where(names == "", ids, names)
    regions = gpd.GeoDataFrame(
        {
            "id": pd.Series(ids[good], dtype="str"),
            "name": pd.Series(names[good], dtype="str"),
        },
        geometry=list(shapes[good]),
        crs="EPSG:4326",
    )
    row = np.flatnonzero(~good)
    rejects = pd.DataFrame(
        {
            "row": row + 1,
            "reason": pd.Series([f"{names[n]}: {reason[n]}" for n in row], dtype="str"),
            "fix": pd.Series(fix[row], dtype="str"),
        }
    )
    return regions, rejects[list(_REJECTS)]


def label(lon: FloatArray, lat: FloatArray, regions: gpd.GeoDataFrame) -> Int32Array:
    """Return the region of every position.

    Parameters
    ----------
    lon, lat : array (n,) of float64
        WGS-84 degrees; positions that are not finite lie nowhere.
    regions : GeoDataFrame
        As :func:`check_regions` returns it.

    Returns
    -------
    array (n,) of int32
        Index into ``regions``; where they overlap, the first. A position on the border belongs to
        the region. -1 outside every region, and everywhere if there are none.

    Examples
    --------
    >>> frame = no_regions()
    >>> frame.loc[0] = ["1", "west", shapely.box(0, 0, 1, 1)]
    >>> label(np.array([0.5, 1.5]), np.array([0.5, 0.5]), frame)
    array([ 0, -1], dtype=int32)
    """
    found = np.full(len(lon), -1, np.int32)
    order = np.argsort(lon, kind="stable")
    sorted_lon = lon[order]
    shapes = np.asarray(regions.geometry.array, object)
    bounds = shapely.bounds(shapes)
    for number in range(len(shapes) - 1, -1, -1):  # the first region has the last word
        west, south, east, north = bounds[number]
        start, stop = np.searchsorted(sorted_lon, west), np.searchsorted(sorted_lon, east, "right")
        near = order[start:stop]
        near = near[(lat[near] >= south) & (lat[near] <= north)]
        shape = shapes[number]
        shapely.prepare(shape)
        found[near[shapely.intersects_xy(shape, lon[near], lat[near])]] = number
    return found


def _refuse_frame(frame: gpd.GeoDataFrame) -> None:
    """Refuse a frame that is none of regions, with all faults."""
    faults = [
        Fault("regions", f"expected a column {name!r}, got {', '.join(map(str, frame.columns))}")
        for name in _COLUMNS
        if name not in frame.columns
    ]
    if not faults and (frame.crs is None or frame.crs.to_epsg() != 4326):  # noqa: PLR2004
        faults.append(
            Fault("regions", f"expected EPSG:4326, got {frame.crs}", "convert them with to_crs")
        )
    if not faults:
        vertices = len(shapely.get_coordinates(np.asarray(frame.geometry.array, object)))
        if vertices > MOST_VERTICES:
            faults.append(
                Fault(
                    "regions",
                    f"expected at most {MOST_VERTICES:,} vertices together, got {vertices:,}",
                    "simplify the boundaries",
                )
            )
    if faults:
        raise ValidationError.of(faults)


def _filled_ids(column: "pd.Series[str]") -> npt.NDArray[np.object_]:
    """Return ids as text, made up by row where there is none."""
    ids = column.fillna("").astype(str).str.strip().to_numpy(object)
    made = np.array([f"r{row:03d}" for row in range(1, len(ids) + 1)], object)
    return np.where(ids == "", made, ids)


def _refuse_twice(ids: npt.NDArray[np.object_]) -> None:
    """Refuse ids that come more than once."""
    codes, first, count = np.unique(ids.astype(str), return_index=True, return_counts=True)
    if (count > 1).any():
        raise ValidationError.of(
            [
                Fault(
                    f"regions, row {first[n] + 1}",
                    f"expected an id of its own, got {str(codes[n])!r} {count[n]} times",
                    "merge the parts into one multipolygon or give each an id",
                )
                for n in np.flatnonzero(count > 1)
            ]
        )


def _is_area(shapes: npt.NDArray[np.object_]) -> BoolArray:
    """Tell which shapes are polygons or multipolygons that hold something."""
    kind = shapely.get_type_id(shapes)
    area: BoolArray = (
        np.isin(kind, (3, 6)) & ~shapely.is_empty(shapes) & ~shapely.is_missing(shapes)
    )
    return area


def _finite(shapes: npt.NDArray[np.object_]) -> BoolArray:
    """Tell which shapes lie on the Earth with every vertex."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    on_earth = (np.abs(points) <= np.array([180, 90])).all(axis=1)  # False for NaN
    finite = np.ones(len(shapes), np.bool_)
    finite[owner[~on_earth]] = False
    return finite


def _repaired(
    shapes: npt.NDArray[np.object_], repair: Repair
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return the shapes, broken ones mended where that is possible, and advice where it was not."""
    shapes = shapely.force_2d(shapes)
    fix = np.full(len(shapes), "", object)
    broken = np.flatnonzero(_is_area(shapes) & _finite(shapes) & ~shapely.is_valid(shapes))
    large = shapely.get_num_coordinates(shapes[broken]) > REPAIR_VERTICES
    fix[broken[large]] = (
        f"repair it in a GIS first: repairing is tried up to {REPAIR_VERTICES:,} vertices"
    )
    tried = broken[~large]
    if len(tried):
        for row, mended in zip(tried, repair(list(shapely.to_wkb(shapes[tried]))), strict=True):
            if mended is None:
                fix[row] = "repair it in a GIS first: repairing took too long"
            else:
                shapes[row] = _areas_of(shapely.from_wkb(mended))
    return shapes, fix


def _areas_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of a repaired shape, without the lines and points that were left over."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = [part for part in parts if shapely.get_type_id(part) == 3]  # noqa: PLR2004 - polygon
    return shapely.MultiPolygon(areas) if len(areas) != 1 else shapely.Polygon(areas[0])


def _reasons(
    shapes: npt.NDArray[np.object_], fix: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    """Return why each shape is rejected, ``""`` where it is not; fills in the advice."""
    reason = np.full(len(shapes), "", object)
    area, finite = _is_area(shapes), _finite(shapes)
    for row in np.flatnonzero(~area | ~finite | ~shapely.is_valid(shapes)):
        if not area[row]:
            got = "nothing" if shapes[row] is None else f"{shapes[row].geom_type}"
            reason[row] = f"expected a polygon with an area, got {got}"
            fix[row] = fix[row] or "give the district as Polygon or MultiPolygon"
        elif not finite[row]:
            reason[row] = "expected longitudes within ±180 and latitudes within ±90 degrees"
            fix[row] = "check the axis order and the coordinate reference system"
        else:
            why = shapely.is_valid_reason(shapes[row]).split("[")[0].lower()
            reason[row] = f"the outline is not valid: {why}"
    return reason
