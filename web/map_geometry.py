"""Polygons made small enough to draw: simplified together, rounded, written as short text.

Nothing here decides who is covered: polygons are drawn after the numbers.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.model import FloatArray
from web.map_blocks import STEP, WORTH, Blocks, ranked_blocks
from web.map_code import encode, encode_points

#: The tolerance of simplification grows no further than this (m).
COARSEST_M = 5_000.0

_FEWEST_CORNERS = 3

Geometries = npt.NDArray[np.object_]

#: Metres of one degree of latitude on a sphere of the earth's mean radius.
_METRES_A_DEGREE = 111_195.0

#: Coordinates of shapes are drawn on a lattice of this many degrees (about 1 m).
SHAPE_GRID = 1e-5


def to_metres(shapes: Geometries, latitude: float, *, back: bool = False) -> Geometries:
    """Stretch degrees to about metres around a latitude, or back.

    Parameters
    ----------
    shapes : array of object
        Geometries.
    latitude : float
        Where (degrees).
    back : bool, optional
        From metres to degrees.

    Returns
    -------
    array of object
        The same geometries, stretched (equirectangular: for tolerances and drawing only).
    """
    scale = np.array([np.cos(np.radians(latitude)), 1.0]) * _METRES_A_DEGREE
    factor = 1 / scale if back else scale
    return np.asarray(shapely.transform(shapes, lambda xy: xy * factor), dtype=object)


def _polygonal(shapes: Geometries) -> Geometries:
    """Keep what has an area: a collapsed part (line, point) cannot be drawn as a polygon."""
    kinds = shapely.get_type_id(shapes)
    mixed = kinds == shapely.GeometryType.GEOMETRYCOLLECTION
    kept = shapes.copy()
    for at in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapes[at])
        areas = parts[shapely.get_dimensions(parts) == 2]  # noqa: PLR2004
        kept[at] = shapely.multipolygons([p for a in areas for p in shapely.get_parts(a)])
    flat = shapely.is_empty(kept) | (shapely.get_dimensions(kept) < 2)  # noqa: PLR2004
    kept[flat] = shapely.MultiPolygon()
    return kept


class Coarser:
    """Polygons that can be had with fewer corners, so that neighbours still share their borders.

    Visvalingam and Whyatt's algorithm on the edges of the coverage: corners whose triangle is
    smaller than the tolerance squared go. Outlines of cells are worked on by
    `web.map_blocks.ranked_blocks`, others by GEOS (``CoverageSimplifier``). Where the polygons
    overlap and so are no coverage, each is simplified by itself, with its topology kept (Douglas
    and Peucker), and no further than the tolerance.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        Degrees, EPSG:4326.
    tolerance_m : float
        Tolerance (m); 0 leaves the shapes as they are.
    crs : str, optional
        Metric system of the lattice, where the shapes are outlines of cells: they are then
        simplified together even where neighbours name different corners of one border.
    """

    def __init__(self, shapes: Sequence[BaseGeometry], tolerance_m: float, crs: str = "") -> None:
        self._shapes = _polygonal(np.asarray(list(shapes), dtype=object))
        self._tolerance_m = tolerance_m
        empty = not len(self._shapes) or bool(shapely.is_empty(self._shapes).all())
        self._idle = empty or tolerance_m <= 0
        self._crs = crs
        self._blocks: Blocks | None = None

    def at_most(self, most_points: int | None = None) -> Geometries:
        """Return the polygons with few enough corners.

        Parameters
        ----------
        most_points : int, optional
            Shapes that have no more corners than this are left as they are; of others the
            tolerance grows, up to `COARSEST_M`, until no more are left or hardly any go.

        Returns
        -------
        array of object
            One shape for each, in order; none vanishes that had an area.
        """
        before = self._shapes
        corners = int(shapely.get_num_coordinates(before).sum())
        if self._idle or (most_points is not None and corners <= most_points):
            return before
        if self._crs:
            crs, self._crs = pyproj.CRS.from_user_input(self._crs), ""
            self._blocks = ranked_blocks(before, crs, max(COARSEST_M, self._tolerance_m))
        if self._blocks is not None:
            return self._blocks.simplified(self._tolerance_m, most_points)
        after = _polygonal(_coarser(before, self._tolerance_m, most_points))
        lost = shapely.is_empty(after)
        after[lost] = before[lost]
        self._shapes = after  # the next time from here
        return after


def _coarser(before: Geometries, tolerance_m: float, most_points: int | None) -> Geometries:
    """Simplify polygons until they have few enough corners.

    The first tolerance is guessed from how many corners are too many (measured on block outlines
    of a city and a province), since each round takes a second for half a million corners.
    """
    if most_points is not None:
        ratio = float(shapely.get_num_coordinates(before).sum()) / max(most_points, 1)
        tolerance_m = min(tolerance_m * max(1.0, ratio) ** 0.8, COARSEST_M)
    bounds = shapely.total_bounds(before)
    latitude = float(bounds[1] + bounds[3]) / 2
    metres = to_metres(before, latitude)
    together = bool(shapely.coverage_is_valid(metres))
    smooth = _until(metres, tolerance_m, most_points, together=together)
    return to_metres(smooth, latitude, back=True)


def _until(
    metres: Geometries, tolerance_m: float, most_points: int | None, *, together: bool
) -> Geometries:
    """Simplify with a tolerance that grows until few enough corners are left."""
    smooth = _simplified(metres, tolerance_m, together=together)
    if most_points is None:
        return smooth
    before, left = np.inf, shapely.get_num_coordinates(smooth).sum()
    while left > most_points and tolerance_m < COARSEST_M and left < WORTH * before:
        tolerance_m *= STEP
        smooth = _simplified(smooth if together else metres, tolerance_m, together=together)
        before, left = left, shapely.get_num_coordinates(smooth).sum()
    return smooth


def _simplified(metres: Geometries, tolerance_m: float, *, together: bool) -> Geometries:
    """Simplify polygons as one coverage, or one by one."""
    if together:
        return np.asarray(shapely.coverage_simplify(metres, tolerance_m), dtype=object)
    return np.asarray(shapely.simplify(metres, tolerance_m, preserve_topology=True), dtype=object)


def encode_polygons(
    shapes: Sequence[BaseGeometry] | Geometries, grid: float = SHAPE_GRID
) -> dict[str, str]:
    """Write polygons as rounded rings.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        Degrees.
    grid : float, optional
        Lattice (degrees).

    Returns
    -------
    dict
        ``xy``: the points of all rings as steps; ``rings``: points of each ring (without the
        closing one); ``parts``: rings of each polygon, outline first; ``shapes``: polygons of
        each shape. Rings that collapse on the lattice are left out.
    """
    given = _polygonal(np.asarray(list(shapes), dtype=object))
    parts, owner = shapely.get_parts(given, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    lattice = np.rint(xy / grid).astype(np.int64)
    kept = np.ones(len(xy), dtype=bool)  # a point equal to the one before it in its ring goes,
    kept[1:] = (np.diff(lattice, axis=0) != 0).any(axis=1) | (np.diff(ring) != 0)
    kept[np.flatnonzero(np.diff(ring, append=-1))] = False  # and so does the closing one
    points = np.bincount(ring[kept], minlength=len(rings))
    outline = np.diff(part, prepend=-1) != 0
    alive = points >= _FEWEST_CORNERS
    alive &= (alive & outline)[np.flatnonzero(outline)][part]
    kept &= alive[ring]
    whole = np.bincount(part[alive], minlength=len(parts))
    return {
        "xy": encode_points(xy[kept], grid),
        "rings": encode(points[alive]),
        "parts": encode(whole[whole > 0]),
        "shapes": encode(np.bincount(owner[whole > 0], minlength=len(given))),
    }


def label_points(shapes: Sequence[BaseGeometry], points: FloatArray) -> FloatArray:
    """Choose where to write the name of each region: inside, far from its edge and from points.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        Degrees.
    points : array (n, 2) of float64
        Places that a name should not hide; may be empty.

    Returns
    -------
    array (r, 2) of float64
        One place for each shape, NaN for an empty one.
    """
    if not len(shapes):
        return np.empty((0, 2))
    places = np.asarray(shapely.points(points), dtype=object)
    tree = shapely.STRtree(places) if len(points) else None
    return np.array([_label_point(shape, tree) for shape in shapes])


def _label_point(shape: BaseGeometry, taken: shapely.STRtree | None) -> FloatArray:
    """Choose among a lattice of places inside a shape."""
    if shape.is_empty:
        return np.array([np.nan, np.nan])
    west, south, east, north = shape.bounds
    x, y = np.meshgrid(np.linspace(west, east, 26)[1:-1], np.linspace(south, north, 26)[1:-1])
    inside = shapely.contains_xy(shape, x, y)
    if not bool(inside.any()):
        return np.asarray(shapely.get_coordinates(shape.representative_point())[0])
    xy = np.column_stack([x[inside], y[inside]])
    room = shapely.distance(shapely.boundary(shape), shapely.points(xy))
    if taken is not None:
        near = taken.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)[1]
        room = np.minimum(room, near)
    return np.asarray(xy[int(np.argmax(room))])
