"""Why the people of a gap are not covered: shares, what goes with them, and what lies between."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geodata.model import BARRIER_KINDS, BoolArray, FloatArray, Int32Array, Int64Array
from locator.arrays import sums
from locator.arrival import BARRIER, CAUSES
from locator.barriers import street_points
from locator.coverage import Outcome
from locator.selection import LIFTS
from locator.snap import part_of
from locator.travel_time import TravelTimes

ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class GapCauses:
    """Causes of gaps, one row a gap.

    Attributes
    ----------
    cause : array (g,) of object
        The cause of most workers (of most cells, where there are none).
    causes : list of dict of str to float
        Share of each cause, the heaviest first; they add up to 1.
    also : list of tuple of str
        What had to be lifted together with the heaviest cause, the heaviest first.
    """

    cause: ObjectArray
    causes: list[dict[str, float]]
    also: list[tuple[str, ...]]


def causes_of(
    outcome: Outcome, which: Int64Array, label: Int32Array, workers: FloatArray | None
) -> GapCauses:
    """Return why the gaps are there.

    Parameters
    ----------
    outcome : Outcome
        What became of the cells.
    which : array (m,) of int64
        The cells of the gaps.
    label : array (m,) of int32
        The gap of each, from 0, none left out.
    workers : array (c,) of float64 or None
        Workers of all cells; None where nobody gave homes.

    Returns
    -------
    GapCauses
        Weighed by workers; by cells in gaps without any.
    """
    count = int(label.max()) + 1 if label.size else 0
    cause, also = outcome.cause[which], outcome.also[which]
    weight = np.ones(which.size)
    if workers is not None:
        some = sums(label, workers[which], count) > 0
        weight = np.where(some[label], workers[which], weight)
    table = _table(label, cause, weight, (count, len(CAUSES)))
    main = np.argmax(table, axis=1).astype(np.int8) if count else np.empty(0, np.int8)
    with_it = cause == main[label]
    lifts = np.column_stack(
        [
            sums(label, weight * (with_it & ((also >> bit) & 1 > 0)), count)
            for bit in range(len(LIFTS))
        ]
    )
    share = table / np.maximum(table.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return GapCauses(
        cause=np.array(CAUSES, object)[main],
        causes=[dict(row) for row in _ranked(share, CAUSES)],
        also=[tuple(word for word, _ in row) for row in _ranked(lifts, LIFTS)],
    )


def _table(
    row: Int32Array, column: npt.NDArray[np.int8], weight: FloatArray, shape: tuple[int, int]
) -> FloatArray:
    """Return sums of weights by row and column."""
    flat = sums(row * shape[1] + column, weight, shape[0] * shape[1])
    return flat.reshape(shape)


def _ranked(table: FloatArray, words: tuple[str, ...]) -> list[list[tuple[str, float]]]:
    """Return words and values of each row, the largest first, without those of nothing."""
    order = np.argsort(-table, axis=1, kind="stable")
    values = np.take_along_axis(table, order, axis=1)
    return [
        [(words[i], value) for i, value in zip(row, line, strict=True) if value > 0]
        for row, line in zip(order.tolist(), values.tolist(), strict=True)
    ]


@dataclass(frozen=True)
class NamedLines:
    """Pieces of water, railway and motorway.

    Attributes
    ----------
    line : array (b, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    name, kind : array (b,) of object
        ``""`` where unknown.
    """

    line: FloatArray
    name: ObjectArray
    kind: ObjectArray

    def crossed(self, begin: FloatArray, end: FloatArray) -> ObjectArray:
        """Return the names of what straight lines cross.

        Parameters
        ----------
        begin, end : array (m, 2) of float64
            Degrees of longitude and latitude.

        Returns
        -------
        array (m,) of object
            Of several the first by kind (water, railway, motorway), then from the beginning;
            ``""`` where nothing with a name is crossed.
        """
        out = np.full(len(begin), "", object)
        named = np.flatnonzero(self._named)
        if named.size == 0 or len(begin) == 0:
            return out
        ways = np.asarray(shapely.linestrings(np.stack((begin, end), axis=1)))
        pieces = np.asarray(shapely.linestrings(self.line[named].reshape(-1, 2, 2)))
        way, piece = shapely.STRtree(pieces).query(ways, predicate="intersects")
        middle = shapely.points(self.line[named[piece]].reshape(-1, 2, 2).mean(axis=1))
        along = shapely.line_locate_point(ways[way], middle)
        rank = {kind: number for number, kind in enumerate(BARRIER_KINDS)}
        kinds = np.array([rank.get(kind, len(rank)) for kind in self.kind[named[piece]]], int)
        order = np.lexsort((along, kinds, way))
        first, at = np.unique(way[order], return_index=True)
        out[first] = self.name[named[piece[order[at]]]]
        return out

    @property
    def _named(self) -> BoolArray:
        """True for the pieces with a name."""
        named: BoolArray = self.name != ""
        return named


def barriers_of(
    outcome: Outcome, travel: TravelTimes, cell: Int64Array, lines: NamedLines
) -> ObjectArray:
    """Return the names of what lies between cells and the stations that they are cut off from.

    Parameters
    ----------
    outcome : Outcome
        What became of the cells.
    travel : TravelTimes
        Times of the mode.
    cell : array (m,) of int64
        Cells whose cause is ``barrier``.
    lines : NamedLines
        What may lie between.

    Returns
    -------
    array (m,) of object
        ``""`` where the map does not know.
    """
    station = outcome.cut_off(cell).station
    here = street_points(travel.network, part_of(outcome.layer.positions, cell))
    there = street_points(travel.network, part_of(travel.stations, station.astype(np.int64)))
    return lines.crossed(np.column_stack(here), np.column_stack(there))


def behind_barriers(outcome: Outcome, which: Int64Array) -> BoolArray:
    """Mark the cells that a barrier cuts off.

    Parameters
    ----------
    outcome : Outcome
        What became of the cells.
    which : array (m,) of int64
        Some of them.

    Returns
    -------
    array (m,) of bool
        True where the cause is ``barrier``.
    """
    mark: BoolArray = outcome.cause[which] == BARRIER
    return mark
