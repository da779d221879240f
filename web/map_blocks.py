"""Outlines of 100 m cells, with a corner wherever a neighbour may have one.

An outline of cells names only the corners where it turns; where two neighbours turn elsewhere along
their common border, they share no edge, and cannot be simplified together. On the lattice of the
cells the missing corners are known.
"""

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geodata.datum import project, unproject
from geodata.demand import CELL_M
from geodata.model import FloatArray, Int64Array

Geometries = npt.NDArray[np.object_]

#: A corner of cells lies no further than this from the lattice, after two projections (m).
_OFF_M = 0.5

#: Blocks whose outline is longer than this many cells in all are not worked on in this way.
_MOST_STEPS = 5_000_000


def noded_blocks(shapes: Geometries, crs: pyproj.CRS) -> Geometries | None:
    """Return outlines of cells in metres, with all corners of the lattice on their borders.

    Parameters
    ----------
    shapes : array (n,) of Polygon or MultiPolygon
        Degrees, EPSG:4326.
    crs : CRS
        Of the lattice.

    Returns
    -------
    array (n,) of MultiPolygon or None
        In ``crs``; None where a corner does not lie on the lattice or an edge does not follow it.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    if not len(parts):
        return None
    whole = np.full(len(shapes), _NOTHING)
    shapely.multipolygons(parts, indices=owner, out=whole)
    _, xy, offsets = shapely.to_ragged_array(whole)
    rings, polygons, groups = (np.asarray(o, dtype=np.int64) for o in offsets)
    cell = _cells(xy, crs)
    if cell is None:
        return None
    step = np.diff(cell, axis=0, append=cell[-1:])
    step[rings[1:] - 1] = 0  # the last point of a ring is its first
    length = np.abs(step).max(axis=1)
    if (np.abs(step).min(axis=1) > 0).any() or length.sum() > _MOST_STEPS:
        return None
    points, starts = _filled(cell, step, length, rings)
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON, points * CELL_M, (starts, polygons, groups)
        ),
        dtype=object,
    )


_NOTHING = shapely.MultiPolygon()


def _cells(xy: FloatArray, crs: pyproj.CRS) -> Int64Array | None:
    """Return corners as steps of the lattice, or None where they do not lie on it."""
    metric = np.column_stack(project(xy[:, 0], xy[:, 1], crs))
    cell = np.rint(metric / CELL_M)
    return cell.astype(np.int64) if np.abs(metric - cell * CELL_M).max() <= _OFF_M else None


def _filled(
    cell: Int64Array, step: Int64Array, length: Int64Array, rings: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """Return all lattice points along rings, and where each ring begins."""
    times = length.copy()
    times[rings[1:] - 1] = 1
    start = np.zeros(len(times) + 1, dtype=np.int64)
    start[1:] = np.cumsum(times)
    owner = np.repeat(np.arange(len(cell)), times)
    along = np.arange(len(owner)) - start[owner]
    return cell[owner] + np.sign(step)[owner] * along[:, None], start[rings]


def in_degrees(shapes: Geometries, crs: pyproj.CRS) -> Geometries:
    """Return shapes of a metric system in degrees.

    Parameters
    ----------
    shapes : array of object
        Geometries in ``crs``.
    crs : CRS
        Their system.

    Returns
    -------
    array of object
        In EPSG:4326.
    """
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(unproject(xy[:, 0], xy[:, 1], crs))),
        dtype=object,
    )
