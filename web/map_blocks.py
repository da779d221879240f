"""Outlines of 100 m cells, simplified together on the lattice of the cells.

Borders are cut where three areas meet; each piece between two such places is simplified once, for
the areas on both sides. Corners are whole numbers of cells, so that nothing is rounded, and areas
whose outlines name different corners of a common border are no trouble. All corners are ranked
once; then any number of them can be had.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geodata.datum import project, unproject
from geodata.demand import CELL_M
from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator import _border_kernels

Geometries = npt.NDArray[np.object_]

#: A corner of cells lies no further than this from the lattice, after two projections (m).
_OFF_M = 0.5

#: A lattice of more corners than this is not worked on in this way.
_MOST_CORNERS = 100_000_000

#: Tolerances grow by this factor from round to round.
STEP = 1.6

#: A round that leaves more than this share of the corners is the last: the rest hold the shapes.
WORTH = 0.95

_NOTHING = shapely.MultiPolygon()
_RING = 3


@dataclass(frozen=True)
class Blocks:
    """Areas of cells whose corners are ranked.

    Attributes
    ----------
    x, y : array (c,) of int32
        Corners of all arcs (cells from ``origin``); an arc is a border between two places where
        borders meet.
    walk : array (w,) of int64
        Corners of all rings, one after the other; not closed.
    levels : tuple of array of int64
        Where rings, polygons and shapes begin, and where the last one ends (as GeoArrow).
    order : array (r,) of int64
        Corners in the order in which they may go.
    limits : array (r,) of float64
        The least tolerance at which each may go (m); never falls.
    origin : array (2,) of int64
        Column and row of the lattice's first corner.
    crs : CRS
        Of the lattice.
    """

    x: Int32Array
    y: Int32Array
    walk: Int64Array
    levels: tuple[Int64Array, Int64Array, Int64Array]
    order: Int64Array
    limits: FloatArray
    origin: Int64Array
    crs: pyproj.CRS

    def simplified(self, tolerance_m: float, most_points: int | None = None) -> Geometries:
        """Return the areas with fewer corners.

        Parameters
        ----------
        tolerance_m : float
            Every corner goes whose triangle is smaller than this squared.
        most_points : int, optional
            So many corners, those that close rings too, are left if they can be: then larger
            triangles go too, the smallest first.

        Returns
        -------
        array (n,) of MultiPolygon
            EPSG:4326. Neighbours share their borders.
        """
        count = int(np.searchsorted(self.limits, tolerance_m))
        if most_points is not None:
            times = np.bincount(self.walk, minlength=self.x.size)[self.order]
            left = self.walk.size + len(self.levels[0]) - 1 - np.cumsum(np.insert(times, 0, 0))
            enough = int(np.searchsorted(-left, -most_points))
            count = max(count, min(enough, self._worth(left, tolerance_m)))
        there = np.ones(self.x.size, dtype=bool)
        there[self.order[:count]] = False
        return self._shapes(there[self.walk])

    def _worth(self, left: Int64Array, tolerance_m: float) -> int:
        """Return how many corners may go until a coarser tolerance hardly gains any."""
        count = int(np.searchsorted(self.limits, tolerance_m))
        while count < self.order.size:
            tolerance_m *= STEP
            more = int(np.searchsorted(self.limits, tolerance_m))
            if left[more] > WORTH * left[count]:
                return more
            count = more
        return count

    def _shapes(self, kept: BoolArray) -> Geometries:
        """Return the areas drawn through some of the corners of their rings."""
        starts, polygons, shapes = self.levels
        ends = np.zeros(kept.size + 1, dtype=np.int64)
        ends[1:] = np.cumsum(kept)
        rings = ends[starts]
        closed = np.insert(self.walk[kept], rings[1:], self.walk[starts[:-1]])
        column, row = self.x[closed] + self.origin[0], self.y[closed] + self.origin[1]
        xy = np.column_stack(unproject(column * CELL_M, row * CELL_M, self.crs))
        levels = (rings + np.arange(rings.size), polygons, shapes)
        return np.asarray(
            shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, xy, levels), dtype=object
        )


def ranked_blocks(shapes: Geometries, crs: pyproj.CRS, coarsest_m: float) -> Blocks | None:
    """Rank the corners of areas of cells.

    Parameters
    ----------
    shapes : array (n,) of Polygon or MultiPolygon
        Degrees, EPSG:4326.
    crs : CRS
        Of the lattice.
    coarsest_m : float
        The largest tolerance that will be asked for (m).

    Returns
    -------
    Blocks or None
        None where a corner does not lie on the lattice, a side does not follow it, or the lattice
        is too large.
    """
    if bool(shapely.is_empty(shapes).all()):
        return None
    parts, owner = shapely.get_parts(shapes, return_index=True)
    whole = np.full(len(shapes), _NOTHING)
    shapely.multipolygons(parts, indices=owner, out=whole)
    _, xy, offsets = shapely.to_ragged_array(whole)
    starts, polygons, groups = (np.asarray(o, dtype=np.int64) for o in offsets)
    cell = _cells(xy, starts, crs)
    if cell is None:
        return None
    origin = cell.min(axis=0)
    size = cell.max(axis=0) - origin + 1
    x, y = np.ascontiguousarray((cell - origin).T.astype(np.int32))
    picture = np.zeros((size[1], size[0]), dtype=np.uint8)
    _border_kernels.mark_borders(x, y, starts, picture)
    x, y, meeting, rings = _border_kernels.walk_rings(x, y, starts, picture)
    arcs = _arcs(x, y, meeting, rings, int(size[0]))
    if arcs is None:
        return None
    x, y = x[arcs.corner], y[arcs.corner]
    least, limit = _least(x, y, arcs.ends), int(2 * (coarsest_m / CELL_M) ** 2)
    order, doubled = _border_kernels.rank_corners(x, y, arcs.ends, least, picture, limit)
    limits = np.sqrt(doubled / 2) * CELL_M
    levels = (rings, polygons, groups)
    return Blocks(x, y, arcs.walk, levels, order.astype(np.int64), limits, origin, crs)


def _cells(xy: FloatArray, starts: Int64Array, crs: pyproj.CRS) -> Int64Array | None:
    """Return corners of rings as steps of the lattice, or None where they are not of cells."""
    metric = np.column_stack(project(xy[:, 0], xy[:, 1], crs))
    cell = np.rint(metric / CELL_M).astype(np.int64)
    step = np.diff(cell, axis=0, append=cell[-1:])
    step[starts[1:] - 1] = 0  # the last point of a ring is its first
    on_lattice = np.abs(metric - cell * CELL_M).max() <= _OFF_M
    along_it = not (np.abs(step).min(axis=1) > 0).any()
    few = (np.ptp(cell, axis=0) + 1).prod() <= _MOST_CORNERS
    return cell if on_lattice and along_it and few else None


@dataclass(frozen=True)
class _Arcs:
    """Borders between places where borders meet, each once.

    ``corner`` (c,): corner of the rings that each corner of an arc is; ``ends`` (a + 1,): where
    each arc begins; ``walk`` (w,): corners of the rings as corners of arcs.
    """

    corner: Int64Array
    ends: Int64Array
    walk: Int64Array


def _arcs(
    x: Int32Array, y: Int32Array, meeting: BoolArray, rings: Int64Array, width: int
) -> _Arcs | None:
    """Cut rings where borders meet; None where two areas disagree about a border."""
    following = np.arange(1, len(x) + 1)
    following[rings[1:] - 1] = rings[:-1]
    start = np.flatnonzero(meeting)
    length = np.diff(start, append=len(x))  # each ring begins where borders meet
    last = start + length - 1
    end = following[last]
    place = (y.astype(np.int64) * width + x) * 4
    leaving = place[start] + _direction(x, y, start, following[start])
    coming = place[end] + _direction(x, y, end, last)
    _, first, arc = np.unique(np.minimum(leaving, coming), return_index=True, return_inverse=True)
    if (length != length[first][arc]).any() or (np.diff(rings) < _RING).any():
        return None
    ends = np.zeros(len(first) + 1, dtype=np.int64)
    ends[1:] = np.cumsum(length[first] + 1)
    corner = np.repeat(start[first] - ends[:-1], length[first] + 1) + np.arange(ends[-1])
    corner[ends[1:] - 1] = end[first]
    back = (coming < leaving) != (coming < leaving)[first][arc]
    begin = np.where(back, ends[arc + 1] - 1, ends[arc])
    along = np.arange(len(x)) - np.repeat(start, length)
    walk = np.repeat(begin, length) + np.repeat(np.where(back, -1, 1), length) * along
    return _Arcs(corner, ends, walk)


def _direction(x: Int32Array, y: Int32Array, here: Int64Array, there: Int64Array) -> Int64Array:
    """Return the direction from corners to others on their row or column: 0 to 3."""
    flat = y[here] == y[there]
    ahead = np.where(flat, x[there] > x[here], y[there] > y[here])
    return np.asarray(2 * flat + ahead, dtype=np.int64)


def _least(x: Int32Array, y: Int32Array, ends: Int64Array) -> Int64Array:
    """Return how many corners between its ends each arc must keep, so that no area vanishes.

    A ring needs two; of arcs with the same ends all but one need one.
    """
    first, last = ends[:-1], ends[1:] - 1
    places = np.sort(y[[first, last]].astype(np.int64) << 32 | x[[first, last]], axis=0)
    order = np.lexsort((last - first, places[1], places[0]))
    same = (np.diff(places[:, order], axis=1) == 0).all(axis=0)
    least = np.zeros(len(first), dtype=np.int64)
    least[order[1:]] = same
    least[places[0] == places[1]] = 2
    return least
