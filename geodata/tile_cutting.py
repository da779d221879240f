"""Lines, polygons and points cut along the squares of the web map, as whole arrays.

A tile is a square of ``EXTENT`` units; its pieces reach ``BUFFER`` units over its edge, so that
wide strokes and enlarged tiles join without a seam. Lines are cut edge by edge (Liang and Barsky,
1984), rings against one side of the square after the other (Sutherland and Hodgman, 1974): first
along columns, then along rows, so that the work grows with the tiles crossed, not with the box
around a shape.
"""

from dataclasses import dataclass

import numpy as np

from geodata.model import BoolArray, FloatArray, Int64Array

#: Units of a tile's side, and how far pieces reach over its edge (units).
EXTENT, BUFFER = 4096, 128

#: First and last column, then first and last row, of the tiles that are wanted.
Within = tuple[tuple[int, int], tuple[int, int]]

WORLD: Within = ((0, 2**30), (0, 2**30))


@dataclass(frozen=True)
class Cut:
    """Pieces of shapes in the units of their tiles, in order of row, column and group.

    Attributes
    ----------
    xy : array (p, 2) of int64
        Units east and south of the tile's north-west corner.
    count : array (q,) of int64
        Points of each piece; a ring does not repeat its first one.
    group : array (q,) of int64
        Group of each piece.
    column, row : array (q,) of int64
        Tile of each piece.
    """

    xy: Int64Array
    count: Int64Array
    group: Int64Array
    column: Int64Array
    row: Int64Array


def mercator(lon: FloatArray, lat: FloatArray, zoom: int) -> FloatArray:
    """Return places in the units of a zoom's tiles (spherical Mercator, EPSG:3857).

    Parameters
    ----------
    lon, lat : array (n,) of float64
        Degrees, WGS-84.
    zoom : int
        The world is ``EXTENT * 2**zoom`` units wide.

    Returns
    -------
    array (n, 2) of float64
        Units east of 180° W, and south of the northern edge.

    Examples
    --------
    >>> mercator(np.array([0.0]), np.array([0.0]), 0).tolist()
    [[2048.0, 2048.0]]
    """
    width = EXTENT * 2.0**zoom
    x = (lon + 180.0) / 360.0 * width
    y = (1.0 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2.0 * width
    return np.column_stack([x, y])


def cut_lines(xy: FloatArray, line: Int64Array, group: Int64Array, within: Within = WORLD) -> Cut:
    """Cut lines along the tiles.

    Parameters
    ----------
    xy : array (n, 2) of float64
        Points of all lines (world units).
    line : array (n,) of int64
        Line of each point, ascending.
    group : array (l,) of int64
        Group of each line.
    within : Within, optional
        Tiles that are wanted.

    Returns
    -------
    Cut
        Pieces of at least two points; what is shorter than a unit is left out. Lines of a group
        that meet end to start become one piece.
    """
    points, line = _whole_units(xy, line)
    at = np.flatnonzero(line[:-1] == line[1:])
    ends = np.column_stack([points[at], points[at + 1]]).astype(np.float64)
    owner, column, ends = _edges_by_strip(ends, 0, within)
    which, row, ends = _edges_by_strip(ends, 1, within)
    owner, column = owner[which], column[which]
    corner = np.column_stack([column, row, column, row]) * EXTENT
    units = np.rint(ends).astype(np.int64) - corner
    kept = np.flatnonzero((units[:, 0] != units[:, 2]) | (units[:, 1] != units[:, 3]))
    groups = group[line[at]][owner[kept]]
    order = _order(row[kept], column[kept], groups)
    kept, groups = kept[order], groups[order]
    return _joined(units[kept], groups, column[kept], row[kept])


def cut_points(xy: FloatArray, group: Int64Array) -> Cut:
    """Put points on their tiles.

    Parameters
    ----------
    xy : array (n, 2) of float64
        World units.
    group : array (n,) of int64
        Group of each.

    Returns
    -------
    Cut
        One piece a point, on the one tile that it lies in.
    """
    units = np.rint(xy).astype(np.int64)
    tile = np.floor_divide(units, EXTENT)
    order = _order(tile[:, 1], tile[:, 0], group)
    units, tile = units[order], tile[order]
    alone = np.ones(len(units), np.int64)
    return Cut(units - tile * EXTENT, alone, group[order], tile[:, 0], tile[:, 1])


def cut_rings(
    xy: FloatArray, ring: Int64Array, group: Int64Array, hole: BoolArray, within: Within = WORLD
) -> Cut:
    """Cut the rings of polygons along the tiles.

    Parameters
    ----------
    xy : array (n, 2) of float64
        Corners of all rings (world units); the last one may repeat the first.
    ring : array (n,) of int64
        Ring of each corner, ascending; the holes of a polygon follow its outer ring.
    group : array (r,) of int64
        Group of each ring.
    hole : array (r,) of bool
        Which rings are holes.
    within : Within, optional
        Tiles that are wanted.

    Returns
    -------
    Cut
        Rings of at least three corners and an area: outer ones clockwise as seen on the map, holes
        against it (Mapbox Vector Tile Specification 2.1, 4.3.4.4). A hole whose outer ring is too
        small to be drawn is left out with it.
    """
    points, ring = _whole_units(xy, ring)
    corners, owner = points.astype(np.float64), np.arange(len(group))
    strips: list[Int64Array] = []
    for axis in (0, 1):
        corners, ring, which, strip = _ring_strips(corners, ring, axis, within)
        owner, strips = owner[which], [*(old[which] for old in strips), strip]
        low = (strip * EXTENT - BUFFER).astype(np.float64)
        corners, ring = _half_plane(corners, ring, axis, low, 1.0)
        corners, ring = _half_plane(corners, ring, axis, low + EXTENT + 2 * BUFFER, -1.0)
    column, row = strips
    corner = np.column_stack([column, row]) * EXTENT
    units, ring = _open_rings(np.rint(corners).astype(np.int64) - corner[ring], ring)
    polygon = (np.cumsum(~hole) - 1)[owner]
    return _turned(_Rings(units, ring, group[owner], column, row, polygon, hole[owner]))


# ----------------------------------------------------------------------------------------- shared


def _whole_units(xy: FloatArray, shape: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return points in whole units, without those that repeat the one before."""
    points = np.rint(xy).astype(np.int64)
    kept = np.ones(len(points), bool)
    kept[1:] = (points[1:] != points[:-1]).any(axis=1) | (shape[1:] != shape[:-1])
    return points[kept], shape[kept]


def _strips(
    low: FloatArray, high: FloatArray, wanted: tuple[int, int]
) -> tuple[Int64Array, Int64Array]:
    """Return the index of each range once for every strip of tiles it reaches, and the strips."""
    first = np.floor_divide(low - BUFFER, EXTENT).astype(np.int64).clip(min=wanted[0])
    last = np.floor_divide(high + BUFFER, EXTENT).astype(np.int64).clip(max=wanted[1])
    count = (last - first + 1).clip(min=0)
    which = np.repeat(np.arange(len(low)), count)
    return which, first[which] + _steps(count)


def _steps(count: Int64Array) -> Int64Array:
    """Return 0, 1, … ``count[0] - 1``, 0, 1, … ``count[1] - 1`` and so on."""
    steps: Int64Array = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return steps


def _order(row: Int64Array, column: Int64Array, group: Int64Array) -> Int64Array:
    """Return the order by row, column and group; what is equal stays in order."""
    if not len(group):
        return np.zeros(0, np.int64)
    wide, many = column.max() - column.min() + 1, group.max() + 1
    key = ((row - row.min()) * wide + column - column.min()) * many + group
    return np.argsort(key, kind="stable")


# ------------------------------------------------------------------------------------------ lines


def _edges_by_strip(
    ends: FloatArray, axis: int, within: Within
) -> tuple[Int64Array, Int64Array, FloatArray]:
    """Return edges cut along the strips of one axis: which edge, which strip, and its ends."""
    a, b = ends[:, axis], ends[:, axis + 2]
    which, strip = _strips(np.minimum(a, b), np.maximum(a, b), within[axis])
    cut = ends[which]
    low = strip * float(EXTENT) - BUFFER
    high = low + EXTENT + 2 * BUFFER
    a, b = cut[:, axis], cut[:, axis + 2]
    over = np.flatnonzero((np.minimum(a, b) < low) | (np.maximum(a, b) > high))
    start, step = cut[over, :2], cut[over, 2:] - cut[over, :2]
    at = np.column_stack([low[over] - a[over], high[over] - a[over]]) / step[:, [axis]]
    at = np.clip(np.sort(at, axis=1), 0.0, 1.0)
    whole = at[:, [1]] == 1.0
    cut[over, 2:] = np.where(whole, cut[over, 2:], start + at[:, [1]] * step)
    cut[over, :2] = start + at[:, [0]] * step
    return which, strip, cut


def _joined(ends: Int64Array, group: Int64Array, column: Int64Array, row: Int64Array) -> Cut:
    """Return edges in order as pieces: an edge that starts where the last one ended goes on."""
    first = np.ones(len(ends), bool)
    first[1:] = (
        (ends[1:, :2] != ends[:-1, 2:]).any(axis=1)
        | (group[1:] != group[:-1])
        | (column[1:] != column[:-1])
        | (row[1:] != row[:-1])
    )
    piece = np.cumsum(first) - 1
    starts = np.flatnonzero(first)
    xy = np.empty((len(ends) + len(starts), 2), np.int64)
    xy[starts + np.arange(len(starts))] = ends[starts, :2]
    xy[np.arange(len(ends)) + piece + 1] = ends[:, 2:]
    count = np.bincount(piece, minlength=len(starts)) + 1
    return Cut(xy, count, group[starts], column[starts], row[starts])


# ------------------------------------------------------------------------------------------ rings


@dataclass(frozen=True)
class _Rings:
    """Rings on their tiles: corners with their ring, and what is known of each ring."""

    xy: Int64Array
    ring: Int64Array
    group: Int64Array
    column: Int64Array
    row: Int64Array
    polygon: Int64Array
    hole: BoolArray


def _ring_strips(
    corners: FloatArray, ring: Int64Array, axis: int, within: Within
) -> tuple[FloatArray, Int64Array, Int64Array, Int64Array]:
    """Return each ring once for every strip that it reaches, which one it was, and the strip."""
    if not len(corners):
        none = np.zeros(0, np.int64)
        return corners, ring, none, none
    start = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    count = np.diff(np.r_[start, len(ring)])
    value = corners[:, axis]
    low, high = np.minimum.reduceat(value, start), np.maximum.reduceat(value, start)
    which, strip = _strips(low, high, within[axis])
    taken = np.repeat(start[which], count[which]) + _steps(count[which])
    owner = np.repeat(np.arange(len(which)), count[which])
    return corners[taken], owner, ring[start][which], strip


def _half_plane(
    corners: FloatArray, ring: Int64Array, axis: int, bound: FloatArray, sign: float
) -> tuple[FloatArray, Int64Array]:
    """Return rings without what lies beyond a bound, one for each ring (Sutherland–Hodgman)."""
    over = (corners[:, axis] - bound[ring]) * sign
    if not (over < 0).any():
        return corners, ring
    before = _previous(ring)
    inside, was_inside = over >= 0, over[before] >= 0
    crossing = inside != was_inside
    count = crossing.astype(np.int64) + inside
    place = np.cumsum(count) - count
    out = np.empty((int(count.sum()), 2))
    part = over[before][crossing] / (over[before] - over)[crossing]
    since = corners[before][crossing]
    out[place[crossing]] = since + part[:, None] * (corners[crossing] - since)
    out[place[crossing], axis] = bound[ring[crossing]]
    out[(place + crossing)[inside]] = corners[inside]
    return out, np.repeat(ring, count)


def _previous(ring: Int64Array) -> Int64Array:
    """Return the place of the corner before each one, around the ring."""
    first = np.r_[True, ring[1:] != ring[:-1]]
    last = np.r_[first[1:], True]
    before = np.arange(len(ring)) - 1
    before[first] = np.flatnonzero(last)
    return before


def _open_rings(units: Int64Array, ring: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return rings without corners that repeat the one before, around the ring."""
    if not len(ring):
        return units, ring
    before = _previous(ring)
    kept = (units != units[before]).any(axis=1)
    return units[kept], ring[kept]


def _turned(rings: _Rings) -> Cut:
    """Return the rings that have an area, in order, turned the way they should be."""
    many = len(rings.group)
    corners = np.bincount(rings.ring, minlength=many)
    x, y = rings.xy.T
    before = _previous(rings.ring) if len(rings.ring) else rings.ring
    cross = x[before] * y - x * y[before]
    area = np.bincount(rings.ring, cross, minlength=many)  # exact: far below 2**53
    kept = (corners >= 3) & (area != 0)  # noqa: PLR2004  a triangle is the least
    tile = (rings.row * (rings.column.max(initial=0) + 1) + rings.column, rings.polygon)
    kept &= ~rings.hole | _with_outer(tile, kept & ~rings.hole)
    chosen = np.flatnonzero(kept)
    order = _order(rings.row[chosen], rings.column[chosen], rings.group[chosen])
    chosen = chosen[order]
    count = corners[chosen]
    start = (np.cumsum(corners) - corners)[chosen]
    step = _steps(count)
    back = np.repeat((area[chosen] > 0) == rings.hole[chosen], count)
    step = np.where(back, np.repeat(count, count) - 1 - step, step)
    xy = rings.xy[np.repeat(start, count) + step]
    return Cut(xy, count, rings.group[chosen], rings.column[chosen], rings.row[chosen])


def _with_outer(key: tuple[Int64Array, Int64Array], outer: BoolArray) -> BoolArray:
    """Return whether the polygon of each ring has its outer ring on that tile."""
    tile, polygon = key
    both = tile * (polygon.max(initial=0) + 1) + polygon
    return np.isin(both, both[outer])
