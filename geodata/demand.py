"""Where people and streets are counted: 100 m cells, street pieces, people spread over cells.

Everything here takes arrays and returns new ones. Positions are metres of the dataset's metric CRS
(``geodata.datum.metric_crs``); lattice indices are ``floor(x / size)`` and therefore stable: the
same place has the same index whatever else is in the data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.model import BoolArray, Cells, FloatArray, Int32Array, Int64Array, Network

#: Edge of a cell of calculation (m).
CELL_M = 100.0

#: Edge of a published cell of people (m), a multiple of `CELL_M`.
PUBLISHED_M = 500.0

#: A cell counts where its centre lies within this of a street open to the mode (m).
REACH_M = 200.0

#: Longest street piece (m).
PIECE_M = 50.0

# The largest part of the lattice that is held as one mask (cells).
_BAND_CELLS = 2**26


def grid_cells(lines: FloatArray, *, reach_m: float = REACH_M) -> tuple[Int32Array, Int32Array]:
    """Return the lattice cells whose centre lies within reach of a line.

    The distance is exact (centre to the line's nearest point), so no further filter is needed.

    Parameters
    ----------
    lines : array (s, 4) of float64
        ``x1, y1, x2, y2`` of street segments (m). Lines that are not finite are passed over.
    reach_m : float
        Greatest distance of a centre from a line (m).

    Returns
    -------
    column, row : arrays (c,) of int32
        ``floor(x / CELL_M)``, ``floor(y / CELL_M)``; ordered by row, then column. Empty where
        there are no lines.

    Examples
    --------
    >>> column, row = grid_cells(np.array([[50.0, 50.0, 50.0, 50.0]]), reach_m=100)
    >>> list(zip(column.tolist(), row.tolist()))
    [(0, -1), (-1, 0), (0, 0), (1, 0), (0, 1)]
    """
    if not np.isfinite(lines).all():
        lines = lines[np.isfinite(lines).all(axis=1)]
    if not len(lines):
        return np.empty(0, np.int32), np.empty(0, np.int32)
    lines = np.ascontiguousarray(lines, dtype=np.float64)
    x, y = lines[:, ::2], lines[:, 1::2]
    column0 = floor((x.min() - reach_m) / CELL_M)
    columns = floor((x.max() + reach_m) / CELL_M) + 1 - column0
    row0 = floor((y.min() - reach_m) / CELL_M)
    end = floor((y.max() + reach_m) / CELL_M) + 1
    height = max(1, min(end - row0, _BAND_CELLS // columns))
    found = []
    for start in range(row0, end, height):
        mask = np.zeros((min(height, end - start), columns), np.bool_)
        _marker()(lines, reach_m, CELL_M, column0, start, mask)
        row, column = np.nonzero(mask)
        found.append(((column + column0).astype(np.int32), (row + start).astype(np.int32)))
    return np.concatenate([c for c, _ in found]), np.concatenate([r for _, r in found])


def _mark(
    lines: FloatArray, reach: float, size: float, column0: int, row0: int, mask: BoolArray
) -> None:
    """Set the cells of a mask whose centre lies within reach of a line (compiled)."""
    height, width = mask.shape
    for i in range(len(lines)):
        x1, y1, dx, dy = lines[i, 0], lines[i, 1], lines[i, 2], lines[i, 3]
        dx, dy = dx - x1, dy - y1
        square = dx * dx + dy * dy
        first = max(ceil((min(y1, y1 + dy) - reach) / size - 0.5) - row0, 0)
        last = min(floor((max(y1, y1 + dy) + reach) / size - 0.5) - row0, height - 1)
        left = max(ceil((min(x1, x1 + dx) - reach) / size - 0.5) - column0, 0)
        right = min(floor((max(x1, x1 + dx) + reach) / size - 0.5) - column0, width - 1)
        for row in range(first, last + 1):
            py = (row + row0 + 0.5) * size - y1
            for column in range(left, right + 1):
                if mask[row, column]:
                    continue
                px = (column + column0 + 0.5) * size - x1
                t = 0.0
                if square > 0.0:
                    t = min(max((px * dx + py * dy) / square, 0.0), 1.0)
                ox, oy = px - t * dx, py - t * dy
                mask[row, column] = ox * ox + oy * oy <= reach * reach


@cache
def _marker() -> Callable[..., None]:
    """Return the compiled ``_mark``; numba is imported when it is first needed."""
    import numba  # noqa: PLC0415 - heavy, and not needed by commands that only read a dataset

    compiled: Callable[..., None] = numba.njit(cache=True, nogil=True)(_mark)
    return compiled


def pieces(network: Network) -> tuple[Int32Array, FloatArray, FloatArray]:
    """Cut every street segment into equal pieces of at most 50 m and give their middles.

    Segments on which no position may lie (ferries) are no streets and have no pieces.

    Parameters
    ----------
    network : Network
        The streets of one mode.

    Returns
    -------
    segment : array (q,) of int32
        Segment of the network, ascending.
    fraction : array (q,) of float64
        The piece's middle, strictly between 0 and 1 along the segment.
    length_m : array (q,) of float64
        Length (m); a segment's pieces add up to its length.
    """
    street = np.flatnonzero(network.segment_snappable & (network.segment_m > 0))
    length = network.segment_m[street]
    count = np.maximum(np.ceil(length / PIECE_M), 1).astype(np.int64)
    start = np.cumsum(count) - count
    nth = np.arange(count.sum()) - np.repeat(start, count)
    fraction = (nth + 0.5) / np.repeat(count, count)
    segment = np.repeat(street, count).astype(np.int32)
    return segment, fraction, np.repeat(length / count, count)


@dataclass(frozen=True)
class Spread:
    """Published people laid out over the 100 m cells of one mode.

    Attributes
    ----------
    groups : tuple of str
        Group of each layer.
    cell : array (n,) of int32
        Index into the cells; a cell has at most one entry a layer.
    layer : array (n,) of int32
        Index into ``groups``.
    homes, workers : array (n,) of float64
        What falls to the cell.
    rest : DataFrame
        Published cells that hold no cell of the mode: ``layer, group, column, row, cell, homes,
        workers``. Inside the streets' extent they are off the network, outside there is no data.
    """

    groups: tuple[str, ...]
    cell: Int32Array
    layer: Int32Array
    homes: FloatArray
    workers: FloatArray
    rest: pd.DataFrame


def spread(people: pd.DataFrame, cells: Cells) -> Spread:
    """Spread every published cell evenly over the 100 m cells inside it.

    Parameters
    ----------
    people : DataFrame
        As :func:`geodata.anonymity.publish` returns it.
    cells : Cells
        The cells of one mode.

    Returns
    -------
    Spread
        Its sums together with ``rest`` equal the sums of ``people``.
    """
    ratio = round(PUBLISHED_M / CELL_M)
    places, place_of = np.unique(
        _key(cells.column // ratio, cells.row // ratio), return_inverse=True
    )
    groups: tuple[str, ...] = ()
    parts: list[tuple[Any, ...]] = []
    rests = [people.iloc[:0]]
    for number, (_, frame) in enumerate(people.groupby("layer", sort=True)):
        groups = (*groups, str(frame["group"].iloc[0]))
        cell, entry = _lookup(frame, places, place_of)
        totals = frame.groupby("cell", sort=True)[["homes", "workers"]].sum()
        published = totals.index.to_numpy()
        nth = np.searchsorted(published, frame["cell"].to_numpy()[entry])
        share = np.bincount(nth, minlength=len(published))
        homes, workers = (totals[name].to_numpy(np.float64) for name in ("homes", "workers"))
        parts.append((cell, np.full(len(cell), number), (homes / np.maximum(share, 1))[nth],
                      (workers / np.maximum(share, 1))[nth]))  # fmt: skip
        missing = frame["cell"].isin(published[share == 0]) & (frame["homes"] > 0)
        rests.append(frame[missing])
    cell, layer, homes, workers = (
        np.concatenate([np.empty(0), *(part[n] for part in parts)]) for n in range(4)
    )
    rest = pd.concat(rests, ignore_index=True)
    return Spread(groups, cell.astype(np.int32), layer.astype(np.int32), homes, workers, rest)


def _lookup(
    frame: pd.DataFrame, places: Int64Array, place_of: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """Return the cells that lie in a layer's outlines, and the row of the frame each lies in."""
    key = _key(frame["column"].to_numpy(), frame["row"].to_numpy())
    order = np.argsort(key)
    at = np.minimum(np.searchsorted(key[order], places), len(key) - 1)
    entry = np.where(key[order][at] == places, order[at], -1)[place_of]
    cell = np.flatnonzero(entry >= 0)
    return cell, entry[cell]


def _key(column: npt.NDArray[Any], row: npt.NDArray[Any]) -> Int64Array:
    """Return one integer for each lattice cell."""
    key: Int64Array = (column.astype(np.int64) << 32) + row.astype(np.int64)
    return key
