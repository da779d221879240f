"""Who a plan is for, and which of them each option would reach: the cover matrix.

Every option is one bounded search on the reversed arcs, as coverage has it: a place is reached
when the fastest way to the option is within the limit and the option is open on arrival. Places at
the same position are one point.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geodata.hours import Timetable
from geodata.model import (
    CLOSED_MS,
    ON_NETWORK,
    BoolArray,
    FloatArray,
    Int32Array,
    Int64Array,
    Positions,
)
from locator import _kernels, _plan_kernels
from locator.arrays import sums
from locator.coverage import Layer
from locator.selection import Register, Selection
from locator.snap import exits, part_of
from locator.travel_time import TravelTimes

#: Options of one piece of work: between two of them progress is told.
_CHUNK = 256


@dataclass(frozen=True)
class Points:
    """Places that a plan may help, those at one position together.

    Attributes
    ----------
    positions : Positions
        One row a point (n,).
    point : array (p,) of int32
        Point of each place of the layer; -1 for places that are covered, do not count or lie off
        the network.
    size : int
        Number of points.
    """

    positions: Positions
    point: Int32Array

    @property
    def size(self) -> int:
        """Return how many points there are."""
        return len(self.positions)

    def total(self, place: Int64Array, weight: FloatArray) -> FloatArray:
        """Return the sum of weights by point.

        Parameters
        ----------
        place : array (r,) of int64
            Place of each weight, -1 for none.
        weight : array (r,) of float64
            Weights.

        Returns
        -------
        array (n,) of float64
            Sums.
        """
        at = np.where(place >= 0, self.point[place], -1)
        return sums(at[at >= 0], weight[at >= 0], self.size)


def points_of(layer: Layer, mark: BoolArray) -> Points:
    """Return marked places as points.

    Parameters
    ----------
    layer : Layer
        The places.
    mark : array (p,) of bool
        Which count.

    Returns
    -------
    Points
        Ascending by segment and fraction, so that neighbours stand together.
    """
    rows = np.flatnonzero(mark & (layer.state == ON_NETWORK))
    positions = layer.positions
    key = np.empty(rows.size, [("segment", "i4"), ("access", "i4"), ("fraction", "f8")])
    key["segment"] = positions.segment[rows]
    key["access"] = positions.access_ms[rows]
    key["fraction"] = positions.fraction[rows]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    point = np.full(len(positions), -1, np.int32)
    point[rows] = inverse
    return Points(part_of(positions, rows[first]), point)


@dataclass(frozen=True)
class Cover:
    """Which points each option reaches (CSR by option).

    Attributes
    ----------
    indptr : array (o + 1,) of int64
        Where the rows of each option begin.
    point : array (m,) of int32
        Points, ascending within an option.
    ms : array (m,) of int32
        Time from the point to the option.
    """

    indptr: Int64Array
    point: Int32Array
    ms: Int32Array

    def of(self, option: int) -> Int32Array:
        """Return the points of one option.

        Parameters
        ----------
        option : int
            Its row.

        Returns
        -------
        array of int32
            Ascending.
        """
        return self.point[self.indptr[option] : self.indptr[option + 1]]

    @property
    def sizes(self) -> Int64Array:
        """Return how many points each option reaches (o,)."""
        return np.diff(self.indptr)

    @property
    def keys(self) -> Int64Array:
        """Return one number a row (m,): option and point."""
        option = np.repeat(np.arange(self.indptr.size - 1), self.sizes)
        return (option.astype(np.int64) << 32) | self.point

    def without(self, other: "Cover") -> "Cover":
        """Return the rows that another cover of the same options has not.

        Parameters
        ----------
        other : Cover
            Of the same options.

        Returns
        -------
        Cover
            In the same order.
        """
        keys = self.keys
        left = ~np.isin(keys, other.keys)
        counts = np.bincount(keys[left] >> 32, minlength=self.indptr.size - 1)
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Cover(indptr, self.point[left], self.ms[left])

    def only_of(self, mark: BoolArray) -> "Cover":
        """Return the same options, of which only the marked ones reach anybody.

        Parameters
        ----------
        mark : array (o,) of bool
            Options.

        Returns
        -------
        Cover
            In the same order.
        """
        keep = np.repeat(mark, self.sizes)
        indptr = np.concatenate(([0], np.cumsum(np.where(mark, self.sizes, 0)))).astype(np.int64)
        return Cover(indptr, self.point[keep], self.ms[keep])

    def only(self, options: Int64Array) -> "Cover":
        """Return the rows of some options.

        Parameters
        ----------
        options : array of int64
            Which.

        Returns
        -------
        Cover
            In that order.
        """
        sizes = self.sizes[options]
        indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        at = np.repeat(self.indptr[options] - indptr[:-1], sizes) + np.arange(indptr[-1])
        return Cover(indptr, self.point[at], self.ms[at])


def register_of(rows: gpd.GeoDataFrame, like: Register) -> Register:
    """Return the stations that options would give, to be asked as those that are there.

    Parameters
    ----------
    rows : GeoDataFrame
        From `locator.candidates.as_stations`.
    like : Register
        The stations that are there: same words, same linger.

    Returns
    -------
    Register
        One row an option.
    """
    timetable = Timetable(rows["opening_hours"].tolist())
    return Register(rows, like.vocabulary, timetable, like.linger_ms)


class Reach:
    """Searches from options to points.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    points : Points
        Where people are.
    sooner : array (n,) of int32, optional
        Time at which each junction has no more to gain: that to a station which is always open.
    """

    def __init__(
        self, travel: TravelTimes, points: Points, sooner: Int32Array | None = None
    ) -> None:
        self._travel = travel
        net = travel.network
        self._arcs = net.in_indptr, (net.in_ms.astype(np.int64) << 32) | net.in_node
        self._places = _hung(travel, points.positions)
        everywhere = np.full(net.lon.size, CLOSED_MS, np.int32)
        self._sooner = everywhere if sooner is None else sooner

    def __call__(
        self,
        positions: Positions,
        selection: Selection,
        within: Int32Array,
        progress: Callable[[float], None],
    ) -> Cover:
        """Return which points options reach.

        Parameters
        ----------
        positions : Positions
            Where the options lie (o,).
        selection : Selection
            When one may arrive at them, by option.
        within : array (n,) of int32
            Longest time that counts, by point (ms).
        progress : callable
            Told the share done; what it raises ends the search.

        Returns
        -------
        Cover
            Rows of all options.
        """
        parts = [
            slice(first, min(first + _CHUNK, len(positions)))
            for first in range(0, len(positions), _CHUNK)
        ]
        found: list[tuple[Int64Array, Int32Array, Int32Array]] = []
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(self._part, positions, selection, within, part) for part in parts]
            try:
                for number, job in enumerate(jobs):
                    found.append(job.result())
                    progress((number + 1) / len(jobs))
            finally:
                for job in jobs:
                    job.cancel()
        sizes = [np.diff(indptr) for indptr, _, _ in found]
        indptr = np.concatenate((np.zeros(1, np.int64), *sizes)).cumsum()
        point = np.concatenate([part[1] for part in found] or [np.empty(0, np.int32)])
        ms = np.concatenate([part[2] for part in found] or [np.empty(0, np.int32)])
        return Cover(indptr.astype(np.int64), point, ms)

    def _part(
        self, positions: Positions, selection: Selection, within: Int32Array, part: slice
    ) -> tuple[Int64Array, Int32Array, Int32Array]:
        """Search from some of the options."""
        travel = self._travel
        entries = exits(travel.network, travel.ways, part_of(positions, part), towards=False)
        node = np.column_stack((entries.u, entries.v)).ravel()
        ms = np.column_stack((entries.u_ms, entries.v_ms)).ravel()
        indptr = np.arange(0, node.size + 1, 2)
        options = (
            indptr, node, ms, entries.edge, entries.segment, entries.fraction, entries.access_ms,
        )  # fmt: skip
        first, last = selection.indptr[part.start], selection.indptr[part.stop]
        windows = (
            selection.indptr[part.start : part.stop + 1] - first,
            selection.first_ms[first:last],
            selection.last_ms[first:last],
        )
        room = 4 * travel.network.lon.size + 16
        while True:
            done, *rows = _plan_kernels.option_reach(
                self._arcs,
                options,
                self._places,
                travel.ways,
                windows,
                within,
                self._sooner,
                room,
            )
            if done:
                return rows[0], rows[1].copy(), rows[2].copy()
            room *= 2


def compiled(travel: TravelTimes) -> None:
    """Compile the search, or load it, before a time limit begins to run.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    """
    nobody = part_of(travel.stations, slice(0, 0))
    points = Points(nobody, np.empty(0, np.int32))
    never = Selection.always(np.empty(0, np.int32), 1, 0)
    Reach(travel, points)._part(nobody, never, np.empty(0, np.int32), slice(0, 0))  # noqa: SLF001  of this module


def _hung(travel: TravelTimes, positions: Positions) -> tuple[npt.NDArray[Any], ...]:
    """Return points by the junctions at the ends of their edges, and by edge."""
    places = travel.exits(positions)
    rows = np.arange(len(positions), dtype=np.int32)
    node = np.concatenate((places.u, places.v))
    ms = np.concatenate((places.u_ms, places.v_ms))
    who = np.concatenate((rows, rows))
    keep = ms < CLOSED_MS
    node_indptr, order = _by(node[keep], travel.network.lon.size)
    edge_indptr, on = _by(places.edge, travel.network.edge_u.size)
    return (
        node_indptr,
        who[keep][order],
        ms[keep][order],
        edge_indptr,
        rows[on],
        positions.segment,
        positions.fraction,
        positions.access_ms,
    )


def _by(row: Int32Array, size: int) -> tuple[Int64Array, Int64Array]:
    """Return a CSR pointer over rows and the order that sorts them."""
    counts = np.bincount(row, minlength=size)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), np.argsort(row, kind="stable")


def near_points(travel: TravelTimes, points: Points, limit_ms: int) -> BoolArray:
    """Mark the junctions that somebody at a point reaches within a limit.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    points : Points
        Where people are.
    limit_ms : int
        The limit.

    Returns
    -------
    array (n,) of bool
        One a junction; a site nowhere near one of them helps nobody.
    """
    places = travel.exits(points.positions)
    node = np.concatenate((places.u, places.v))
    ms = np.concatenate((places.u_ms, places.v_ms))
    keep = ms < CLOSED_MS
    key = ms[keep].astype(np.int64) << _kernels.STATION_BITS
    label = _kernels.nearest_labels(*travel.out[:2], node[keep], key, limit_ms, 12)
    near: BoolArray = label != _kernels.NO_KEY
    return near
