"""Which uncovered cells are one gap: those that hang together, cut where they reach too far.

A gap should be no larger than what about one station can reach: it can be filled, ranked and
followed from month to month. Where stations are few, all uncovered cells of a county hang together
along its roads. Such a group is cut along a fixed square lattice of blocks, each as wide as a
station reaches in a straight line to both sides; neither stations, homes nor streets decide where.
"""

import numpy as np

from geodata.model import BoolArray, Cells, Int32Array
from locator import _raster_kernels

#: Speed that stands for modes that go by the class of the road (km/h).
ROAD_KPH = 30.0

#: The least edge of a block (cells), however few minutes: on foot, blocks as wide as a station
#: reaches would make tens of thousands of gaps of a province, more than a map can show.
LEAST_BLOCK = 40

#: A group wider or higher than so many blocks is cut, and no piece of it is.
MOST_BLOCKS = 2

#: A piece with less than this part of a block's cells joins a neighbour.
SLIVER = 1 / 20

_CELLS_PER_KM = 10.0
_MS_PER_HOUR = 3_600_000.0


def block_cells(speed_kph: float, limit_ms: int) -> int:
    """Return the edge of the blocks along which large groups are cut.

    Parameters
    ----------
    speed_kph : float
        The mode's default speed (km/h); 0 where it goes by the class of the road.
    limit_ms : int
        The limit of the coverage (ms).

    Returns
    -------
    int
        Cells of 100 m: twice speed × limit, at least ``LEAST_BLOCK``.

    Examples
    --------
    >>> block_cells(15.0, 15 * 60_000), block_cells(4.0, 5 * 60_000)
    (75, 40)
    """
    reach_km = (speed_kph or ROAD_KPH) * limit_ms / _MS_PER_HOUR
    return max(round(2 * reach_km * _CELLS_PER_KM), LEAST_BLOCK)


def components(
    cells: Cells, mark: BoolArray, kind: Int32Array | None = None
) -> tuple[int, Int32Array]:
    """Group marked cells of one region that hang together by their sides.

    Parameters
    ----------
    cells : Cells
        The lattice.
    mark : array (c,) of bool
        Cells to group.
    kind : array (c,) of int32, optional
        Cells of one group have the same; without it, their region.

    Returns
    -------
    tuple
        Number of groups, and the group of each marked cell, in cell order.
    """
    if not mark.any():
        return 0, np.empty(0, np.int32)
    kind = (cells.region if kind is None else kind)[mark]
    row, column = cells.row[mark], cells.column[mark]
    drawn, (south, west) = picture(row, column, kind - kind.min() + 1)
    groups, count = _raster_kernels.label_groups(drawn)
    return count, groups[row - south, column - west] - 1


def picture(
    row: Int32Array, column: Int32Array, value: Int32Array
) -> tuple[Int32Array, tuple[int, int]]:
    """Draw cells as a picture of values within a border of 0.

    Parameters
    ----------
    row, column : array (m,) of int32
        Lattice indices of the cells.
    value : array (m,) of int32
        Of each, above 0.

    Returns
    -------
    tuple
        The picture, and the row and column of its first pixel.
    """
    west, south = int(column.min()) - 1, int(row.min()) - 1
    drawn = np.zeros((int(row.max()) - south + 2, int(column.max()) - west + 2), np.int32)
    drawn[row - south, column - west] = value
    return drawn, (south, west)


def gap_groups(cells: Cells, mark: BoolArray, block: int) -> tuple[int, Int32Array]:
    """Group uncovered cells to gaps.

    Groups are those of `components`. One that is wider or higher than ``MOST_BLOCKS`` blocks is
    cut along the lattice of blocks, which begins where that of the cells does; its pieces are what
    hangs together within a block. Small pieces, the smallest first, join the neighbour of the same
    group with which they share the longest side, as long as both together are no wider or higher
    than ``MOST_BLOCKS`` blocks.

    Parameters
    ----------
    cells : Cells
        The lattice.
    mark : array (c,) of bool
        Cells that are uncovered.
    block : int
        Edge of a block (cells).

    Returns
    -------
    tuple
        Number of gaps, and the gap of each marked cell, in cell order.
    """
    if not mark.any():
        return 0, np.empty(0, np.int32)
    which = np.flatnonzero(mark)
    row, column, region = cells.row[which], cells.column[which], cells.region[which]
    drawn, corner = picture(row, column, region - region.min() + 1)
    groups, count = _raster_kernels.label_groups(drawn)
    at = (row - corner[0], column - corner[1])
    label = groups[at] - 1
    box = _raster_kernels.boxes(label, count, column, row)
    wide = (box[:, 2:] - box[:, :2] >= MOST_BLOCKS * block).any(axis=1)
    if not wide.any():
        return count, label
    groups, numbers = _raster_kernels.cut_groups(groups, at, wide, corner, block)
    part = groups[at]
    number = _in_order(part, numbers, at)
    owner = np.zeros(numbers + 1, np.int32)
    owner[part] = label
    piece = number[part]
    sides = number[_raster_kernels.borders(groups, at, owner)]
    root = _joined(piece, sides, (column, row), block)
    first, joined = np.unique(root, return_inverse=True)
    return first.size, joined.astype(np.int32)[piece]


def _in_order(group: Int32Array, most: int, at: tuple[Int32Array, Int32Array]) -> Int32Array:
    """Return numbers from 0 by number of group, in the order of their first cells, row by row.

    So it does not matter in which order cells come.
    """
    key = at[0].astype(np.int64) * (int(at[1].max()) + 1) + at[1]
    first = np.full(most + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, group, key)
    number = np.empty(most + 1, np.int32)
    number[np.argsort(first, kind="stable")] = np.arange(most + 1)
    return number


def _joined(
    piece: Int32Array, sides: Int32Array, at: tuple[Int32Array, Int32Array], block: int
) -> Int32Array:
    """Return the group of each piece, named by its first one, after small ones have joined.

    ``sides`` (2, s) are the pieces on both sides of every border.
    """
    size = np.bincount(piece)
    one = np.concatenate((sides[0], sides[1])).astype(np.int64)
    pair, shared = np.unique(
        one * size.size + np.concatenate((sides[1], sides[0])), return_counts=True
    )
    one, other = np.divmod(pair, size.size)
    indptr = np.searchsorted(one, np.arange(size.size + 1))
    root: Int32Array = _raster_kernels.join_slivers(
        size,
        _raster_kernels.boxes(piece, size.size, *at),
        (indptr, other, shared),
        SLIVER * block**2,
        MOST_BLOCKS * block,
    )
    return root
