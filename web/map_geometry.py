"""Geometry made small enough to draw: simplified together, rounded, written as short text.

Nothing here decides who is covered: polygons are drawn after the numbers.

Text form of integers: zig-zag, then base-32 digits from the lowest up, each a letter of
``A-Za-z0-9-_`` with 32 added while more digits follow (Google's polyline algorithm with an
alphabet that needs no escaping in JSON, HTML or JavaScript).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]

#: Metres of one degree of latitude on a sphere of the earth's mean radius.
_METRES_A_DEGREE = 111_195.0

#: Coordinates of shapes are drawn on a lattice of this many degrees (about 1 m).
SHAPE_GRID = 1e-5

#: Highway classes by what they mean to a reader who looks for a place, most important first.
STREET_LEVELS: tuple[tuple[str, ...], ...] = (
    ("motorway", "trunk", "primary"),
    ("secondary", "motorway_link", "trunk_link", "primary_link"),
    ("tertiary", "secondary_link", "ferry"),
    ("residential", "unclassified", "living_street", "tertiary_link", "pedestrian", "road"),
    ("service", "track", "footway", "path", "cycleway", "steps", "bridleway", "corridor"),
)

_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8
)


def encode(values: npt.ArrayLike) -> str:
    """Write integers as short text.

    Parameters
    ----------
    values : array_like of int64
        Any integers within ±2**61.

    Returns
    -------
    str
        Letters, digits, ``-`` and ``_`` only; ``""`` for no values.

    Examples
    --------
    >>> encode([0, -1, 1, 16])
    'ABCgB'
    """
    numbers = np.asarray(values, dtype=np.int64).ravel()
    if not numbers.size:
        return ""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    digits = np.ones(len(zigzag), dtype=np.int64)
    for power in range(1, 13):
        digits += zigzag >= np.uint64(32**power)
    owner = np.repeat(np.arange(len(zigzag)), digits)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(digits) - digits, digits)
    low = (zigzag[owner] >> (5 * place).astype(np.uint64)).astype(np.int64) & 31
    more = place < digits[owner] - 1
    return _ALPHABET[low + 32 * more].tobytes().decode("ascii")


def decode(text: str) -> IntArray:
    """Read integers written by `encode`.

    Parameters
    ----------
    text : str
        What `encode` returned.

    Returns
    -------
    array of int64
        The integers.

    Examples
    --------
    >>> decode("ABCgB").tolist()
    [0, -1, 1, 16]
    """
    if not text:
        return np.empty(0, dtype=np.int64)
    back = np.zeros(128, dtype=np.int64)
    back[_ALPHABET] = np.arange(64)
    raw = back[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
    last = raw < 32  # noqa: PLR2004  (the bit that says: more digits follow)
    owner = np.cumsum(last) - last
    start = np.flatnonzero(np.concatenate(([True], last[:-1])))
    place = np.arange(len(raw)) - start[owner]
    zigzag = np.zeros(int(last.sum()), dtype=np.int64)
    np.add.at(zigzag, owner, (raw & 31) << (5 * place))
    return (zigzag >> 1) ^ -(zigzag & 1)


def encode_points(xy: FloatArray, grid: float) -> str:
    """Write positions as rounded steps from one to the next.

    Parameters
    ----------
    xy : array (n, 2) of float64
        Degrees.
    grid : float
        Width of the lattice to round to (degrees).

    Returns
    -------
    str
        The steps, x and y in turn, the first from 0, 0.
    """
    lattice = np.rint(np.asarray(xy, dtype=np.float64).reshape(-1, 2) / grid).astype(np.int64)
    return encode(np.diff(lattice, axis=0, prepend=0))


def _to_metres(shapes: Geometries, latitude: float, *, back: bool = False) -> Geometries:
    """Stretch degrees to about metres around a latitude, or back."""
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


def simplify_together(shapes: Sequence[BaseGeometry], tolerance_m: float) -> Geometries:
    """Simplify polygons so that neighbours still share their borders.

    Visvalingam and Whyatt's algorithm on the edges of the coverage (GEOS ``CoverageSimplifier``):
    corners whose triangle is smaller than ``tolerance_m`` squared go. Where the polygons overlap
    and so are no coverage, each is simplified by itself, with its topology kept
    (Douglas and Peucker), and no further than ``tolerance_m``.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        Degrees, EPSG:4326.
    tolerance_m : float
        Tolerance (m); 0 returns the shapes as they are.

    Returns
    -------
    array of object
        One shape for each, in order; none vanishes that had an area.
    """
    before = _polygonal(np.asarray(list(shapes), dtype=object))
    if not len(before) or tolerance_m <= 0 or bool(shapely.is_empty(before).all()):
        return before
    bounds = shapely.total_bounds(before)
    latitude = float(bounds[1] + bounds[3]) / 2
    metres = _to_metres(before, latitude)
    if bool(shapely.coverage_is_valid(metres)):
        smooth = shapely.coverage_simplify(metres, tolerance_m)
    else:
        smooth = shapely.simplify(metres, tolerance_m, preserve_topology=True)
    after = _polygonal(np.asarray(_to_metres(np.asarray(smooth), latitude, back=True)))
    lost = shapely.is_empty(after)
    after[lost] = before[lost]
    return after


def encode_polygons(shapes: Sequence[BaseGeometry], grid: float = SHAPE_GRID) -> dict[str, str]:
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
        each shape. A shape that collapses on the lattice has no polygon.
    """
    rounded = _polygonal(
        np.asarray(shapely.set_precision(np.asarray(list(shapes), dtype=object), grid))
    )
    if not len(rounded) or bool(shapely.is_empty(rounded).all()):
        return {"xy": "", "rings": "", "parts": "", "shapes": encode(np.zeros(len(rounded)))}
    multi = np.array([shapely.multipolygons(shapely.get_parts(s)) for s in rounded], dtype=object)
    _, xy, (ring_ends, part_ends, shape_ends) = shapely.to_ragged_array(multi)
    closing = np.zeros(len(xy), dtype=bool)
    closing[ring_ends[1:] - 1] = True
    return {
        "xy": encode_points(xy[~closing], grid),
        "rings": encode(np.diff(ring_ends) - 1),
        "parts": encode(np.diff(part_ends)),
        "shapes": encode(np.diff(shape_ends)),
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
    tree = shapely.STRtree(shapely.points(points)) if len(points) else None
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


@dataclass(frozen=True)
class StreetLines:
    """Street segments to draw, with their class.

    Attributes
    ----------
    segments : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    level : array (s,) of int64
        Index into `STREET_LEVELS`; classes not named there have the last.
    """

    segments: FloatArray
    level: IntArray


def street_lines(segments: FloatArray, classes: Sequence[str]) -> StreetLines:
    """Give segments the level of their class.

    Parameters
    ----------
    segments : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    classes : sequence of str, length s
        Values of ``highway``.

    Returns
    -------
    StreetLines
        The same segments.
    """
    levels: Mapping[str, int] = {
        name: level for level, names in enumerate(STREET_LEVELS) for name in names
    }
    names, inverse = np.unique(np.asarray(classes, dtype=str), return_inverse=True)
    of_name = np.array([levels.get(str(n), len(STREET_LEVELS) - 1) for n in names], dtype=np.int64)
    level = of_name[inverse] if len(of_name) else np.empty(0, dtype=np.int64)
    return StreetLines(np.asarray(segments, dtype=np.float64).reshape(-1, 4), level)


def encode_streets(
    streets: StreetLines, *, budget: int, tolerance_m: float = 8.0
) -> dict[str, Any]:
    """Write as many levels of streets as fit, the most important first.

    Parameters
    ----------
    streets : StreetLines
        All streets.
    budget : int
        Length of the text that is allowed (characters).
    tolerance_m : float, optional
        Streets are drawn no further than this from where they lie (m).

    Returns
    -------
    dict
        ``levels``: for each level drawn ``xy`` (steps) and ``lines`` (points of each line);
        ``drawn``: how many levels these are; ``present``: how many levels the streets have, so
        that the legend can say what was left out.
    """
    levels: list[dict[str, str]] = []
    present = int(streets.level.max()) + 1 if len(streets.level) else 0
    left = budget
    for level in range(present):
        part = _encode_level(streets.segments[streets.level == level], tolerance_m)
        left -= len(part["xy"]) + len(part["lines"])
        if left < 0:
            break
        levels.append(part)
    return {"levels": levels, "drawn": len(levels), "present": present}


def _encode_level(segments: FloatArray, tolerance_m: float) -> dict[str, str]:
    """Join segments into lines, simplify and write them."""
    if not len(segments):
        return {"xy": "", "lines": ""}
    latitude = float(segments[:, 1].mean())
    pieces = shapely.linestrings(segments.reshape(-1, 2, 2))
    merged = shapely.line_merge(shapely.multilinestrings(pieces))
    lines = shapely.get_parts(_to_metres(np.array([merged], dtype=object), latitude)[0])
    simple = shapely.simplify(lines, tolerance_m, preserve_topology=False)
    xy, owner = shapely.get_coordinates(
        _to_metres(np.asarray(simple), latitude, back=True), return_index=True
    )
    return {
        "xy": encode_points(xy, SHAPE_GRID),
        "lines": encode(np.bincount(owner, minlength=len(lines))),
    }

