"""Covered area and gaps as outlines that are as fine as the picture and no finer.

A province has more than a million cells of 100 m, and its picture a pixel for each 10 of them in
both directions. Cells are put together into blocks of about a pixel before they are outlined.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.datum import unproject
from geodata.model import BoolArray, FloatArray, Int64Array
from locator._raster_kernels import trace_rings
from locator.gaps import CELL_M
from web.map_severity import BANDS, seconds_at_any_distance, severity
from web.picture_canvas import NOTHING, Shape, rings
from web.picture_place import Frame

#: What is drawn, by number: nothing, covered, the bands of the gaps.
COVERED, FIRST_BAND = 1, 2


def cell_box(found: Any, *, covered_only: bool = False) -> FloatArray:
    """Return the bounds of the cells that count.

    Parameters
    ----------
    found : locator.coverage_answer.CoverageAnswer
        The answer.
    covered_only : bool, optional
        Of the covered ones.

    Returns
    -------
    array (4,) of float64
        West, south, east, north (degrees); NaN where there are none.
    """
    outcome, cells = found.outcomes["cells"], found.view.places.cells
    rows = np.flatnonzero(outcome.covered if covered_only else outcome.in_total)
    if not rows.size:
        return np.full(4, np.nan)
    column, row = cells.column[rows], cells.row[rows]
    x = np.array([column.min(), column.max() + 1]) * CELL_M
    y = np.array([row.min(), row.max() + 1]) * CELL_M
    lon, lat = unproject(x[[0, 1, 1, 0]], y[[0, 0, 1, 1]], found.view.places.crs)
    return np.array([lon.min(), lat.min(), lon.max(), lat.max()])


def cell_shapes(found: Any, frame: Frame, fine: int) -> dict[int, Shape]:
    """Outline what is covered, and the gaps by band.

    Parameters
    ----------
    found : locator.coverage_answer.CoverageAnswer
        The answer.
    frame : Frame
        The part of the world that is drawn, and where.
    fine : int
        Pixels of the file for each of the frame.

    Returns
    -------
    dict of int to Shape
        `COVERED`, and ``FIRST_BAND - 1 + band`` for each band that there is.
    """
    cells = found.view.places.cells
    rows = _in_frame(found, frame)
    if not rows.size:
        return {}
    step = max(1, int(frame.metres / fine // CELL_M))
    column, row = cells.column[rows] // step, cells.row[rows] // step
    west, south = int(column.min()) - 1, int(row.min()) - 1
    size = (int(row.max()) - south + 2, int(column.max()) - west + 2)
    block = (row - south).astype(np.int64) * size[1] + (column - west)
    picture = _states(found, rows, block, size[0] * size[1], step).reshape(size)
    x, y, indptr, state = trace_rings(picture.astype(np.int32))
    if not len(state):
        return {}
    metres = (x + west) * step * CELL_M, (y + south) * step * CELL_M
    xy = frame.pixels(*unproject(*metres, found.view.places.crs))
    return {int(number): _rings_of(xy, indptr, state == number) for number in np.unique(state)}


def _in_frame(found: Any, frame: Frame) -> Int64Array:
    """Return the cells that count and may be seen."""
    outcome, cells = found.outcomes["cells"], found.view.places.cells
    rows = np.flatnonzero(outcome.in_total)
    if not rows.size:
        return rows
    box = cell_box(found)
    if frame.near(frame.pixels(box[[0, 2]], box[[1, 3]])).all():
        return rows  # all of them
    # a coarse lattice is placed first: only its squares that touch the frame are looked into
    coarse = 64
    column, row = cells.column[rows] // coarse, cells.row[rows] // coarse
    width = int(column.max() - column.min()) + 1
    key = (row - row.min()).astype(np.int64) * width + (column - column.min())
    squares, owner = np.unique(key, return_inverse=True)
    x = (squares % width + int(column.min()) + 0.5) * coarse * CELL_M
    y = (squares // width + int(row.min()) + 0.5) * coarse * CELL_M
    xy = frame.pixels(*unproject(x, y, found.view.places.crs))
    seen = frame.near(xy, coarse * CELL_M / frame.metres)
    return np.asarray(rows[seen[owner]], dtype=np.int64)


def _states(
    found: Any, rows: Int64Array, block: Int64Array, blocks: int, step: int
) -> npt.NDArray[np.int8]:
    """Return what is drawn in each block: what most of its cells are."""
    covered: BoolArray = found.outcomes["cells"].covered[rows]
    open_to = np.bincount(block[covered], minlength=blocks)
    lacking = np.bincount(block[~covered], minlength=blocks)
    states = np.zeros(blocks, np.int8)
    states[open_to > lacking] = COVERED
    bare = (lacking >= open_to) & (lacking > 0)
    uncovered = np.flatnonzero(~covered & bare[block])
    if uncovered.size:
        chosen = uncovered if step == 1 else _middle(found, rows, block, uncovered, step)
        seconds = seconds_at_any_distance(found, rows[chosen])
        band = severity(seconds, found.request.limit_ms / 1000)
        states[block[chosen]] = FIRST_BAND - 1 + band
    return states


def _middle(
    found: Any, rows: Int64Array, block: Int64Array, uncovered: Int64Array, step: int
) -> Int64Array:
    """Return one uncovered cell of each block: the one nearest to its middle."""
    cells = found.view.places.cells
    at, inside = rows[uncovered], block[uncovered]
    off = np.abs(2 * (cells.column[at] % step) - step) + np.abs(2 * (cells.row[at] % step) - step)
    farthest_first = np.argsort((2 * step - off).astype(np.uint16), kind="stable")
    nearest = np.full(int(inside.max()) + 1, -1, np.int64)
    nearest[inside[farthest_first]] = uncovered[farthest_first]  # the last one stays
    return nearest[nearest >= 0]


def _rings_of(xy: FloatArray, indptr: npt.NDArray[np.int32], chosen: BoolArray) -> Shape:
    """Return some of the rings as one shape."""
    lengths = np.diff(indptr)
    points = np.repeat(chosen, lengths)
    if not points.any():
        return NOTHING
    return rings(xy[points], lengths[chosen], closed=True)


def band_of(state: int) -> int:
    """Return the band of what is drawn.

    Parameters
    ----------
    state : int
        From `cell_shapes`.

    Returns
    -------
    int
        One of `web.map_severity.BANDS`; 0 for what is covered.
    """
    band = state - FIRST_BAND + 1
    return band if band in BANDS else 0
