"""Who is cut off: a station is near by straight line, and far by the streets.

A place that nothing else explains is behind a *barrier* when the station nearest by straight line
lies so near that the streets of this network would usually lead there within the limit, yet the
shortest way is at least ``DETOUR`` times the straight line. What is usual is the network's *median
detour*. Both are measured between points on the street; the walk to the street does not count.
"""

from copy import copy
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from geodata.model import (
    CLOSED_MS,
    ON_NETWORK,
    BoolArray,
    FloatArray,
    Int32Array,
    Int64Array,
    Network,
    Positions,
)
from locator import _barrier_kernels
from locator._snap_kernels import metres_per_degree
from locator.cache import Cache
from locator.snap import edges_of, part_of
from locator.travel_time import MOST_PASSING, Seeds, TravelTimes

#: A way of at least so many straight lines is a detour that only a barrier explains.
DETOUR = 1.5

#: The median detour is measured between junctions up to so many minutes apart …
DETOUR_MINUTES = 15
#: … and farther than this by straight line (m), …
DETOUR_FROM_M = 300.0
#: … from so many junctions drawn by lot, to so many each.
DETOUR_ORIGINS, DETOUR_TARGETS = 128, 32

_MS_PER_MINUTE = 60_000
_KPH = 3600.0  # so many km/h are 1 m/ms
_SEED = 15
_STATIONS_AT_ONCE = 256
_MANY = 500  # for more pairs of place and station than this it pays to label all junctions
_CELLS_PER_RADIUS = 5
_MOST_CELLS = 4_000_000
_ROUNDING = 1e-6
_CACHE_BYTES = 16_000_000
_SLACK = 1.01
_MM = 1000.0
_SAME_M = 1.0  # nothing lies between places nearer than this
_LONG_ENOUGH_M = 5.0  # shorter segments have no honest speed: times are rounded up


class CutOff(NamedTuple):
    """Which places are behind a barrier, and the station behind it: arrays (p,).

    ``station`` is -1 where ``mark`` is False.
    """

    mark: BoolArray
    station: Int32Array


class _Near(NamedTuple):
    """Places with so many stations near by straight line: rows (m,), the others (m, k)."""

    place: Int64Array
    station: Int32Array
    metres: FloatArray


class _Disks(NamedTuple):
    """Where stations lie on the street (degrees), and the grid of the disks around them."""

    lon: FloatArray
    lat: FloatArray
    grid: tuple[Any, ...]
    radius_m: float


def street_points(network: Network, positions: Positions) -> tuple[FloatArray, FloatArray]:
    """Return where on the street places lie.

    Parameters
    ----------
    network : Network
        The network they were snapped to.
    positions : Positions
        Places.

    Returns
    -------
    tuple of array (p,) of float64
        Degrees of longitude and latitude; NaN off the network.
    """
    on = positions.state == ON_NETWORK
    line = network.segment_line[np.where(on, positions.segment, 0)]
    part = np.where(on, positions.fraction, np.nan)
    lon, lat = (line[:, i] + part * (line[:, i + 2] - line[:, i]) for i in (0, 1))
    return lon, lat


class Barriers:
    """Tells which places of one mode are behind a barrier.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    speed_kph : float
        The mode's speed (km/h); 0 where it goes by the class of the road: then the median of the
        network by length.
    """

    def __init__(self, travel: TravelTimes, speed_kph: float) -> None:
        self._travel = travel
        self._speed_kph = speed_kph
        self._cache = Cache(_CACHE_BYTES)

    def over(self, travel: TravelTimes) -> "Barriers":
        """Return what tells who is cut off from other stations on the same network.

        Parameters
        ----------
        travel : TravelTimes
            Times of the same mode to other stations.

        Returns
        -------
        Barriers
            What belongs to the network is worked out once for both.
        """
        self.reach_m(0)  # works it out
        made = copy(self)
        vars(made).update(_travel=travel, _cache=Cache(_CACHE_BYTES))
        return made

    @cached_property
    def _speeds(self) -> tuple[FloatArray, FloatArray]:
        """Speeds of the segments that are long enough to tell (m/ms), and their lengths (m)."""
        net = self._travel.network
        ms = np.minimum(net.segment_forward_ms, net.segment_backward_ms)
        tells = (net.segment_m >= _LONG_ENOUGH_M) & (ms < CLOSED_MS)
        if not tells.any():
            tells = ms < CLOSED_MS
        return net.segment_m[tells] / ms[tells], net.segment_m[tells]

    @cached_property
    def speed(self) -> float:
        """Speed that tells how far one gets in a time (m/ms)."""
        if self._speed_kph > 0:
            return self._speed_kph / _KPH
        speed, length = self._speeds
        order = np.argsort(speed)
        total = np.cumsum(length[order])
        return float(speed[order][np.searchsorted(total, total[-1] / 2)])

    @cached_property
    def _slowest(self) -> float:
        """The slowest speed of any longer segment (m/ms)."""
        return float(self._speeds[0].min())

    @cached_property
    def median_detour(self) -> float:
        """Median of way over straight line between junctions; 1 where no two are far enough.

        Pairs are drawn by lot, always the same: from ``DETOUR_ORIGINS`` junctions to up to
        ``DETOUR_TARGETS`` junctions each, within ``DETOUR_MINUTES`` at the mode's speed by the
        shortest way and farther than ``DETOUR_FROM_M``.
        """
        rng, size = np.random.default_rng(_SEED), self._travel.network.lon.size
        count, step = min(DETOUR_ORIGINS, size), max(MOST_PASSING // size, 1)
        origins = np.sort(rng.choice(size, count, replace=False)).astype(np.int32)
        ratios = [
            self._detours(origins[first : first + step], rng) for first in range(0, count, step)
        ]
        every = np.concatenate(ratios)
        return float(np.median(every)) if every.size else 1.0

    def _detours(self, origins: Int32Array, rng: np.random.Generator) -> FloatArray:
        """Return way over straight line from junctions drawn by lot to some junctions."""
        net, zero = self._travel.network, np.zeros(origins.size, np.int32)
        seeds = Seeds(origins, origins, zero, zero)
        reach_mm = self.speed * DETOUR_MINUTES * _MS_PER_MINUTE * _MM
        limits = np.full(origins.size, reach_mm, np.int32)
        _, node, which, mm = self._travel.reach_by_length(origins, seeds, limits)
        straight = _barrier_kernels.metres_between(net.lon, net.lat, node, origins[which])
        far = np.flatnonzero(straight > DETOUR_FROM_M)
        far = far[np.lexsort((rng.random(far.size), which[far]))]
        nth = np.arange(far.size) - np.searchsorted(which[far], which[far])
        far = far[nth < DETOUR_TARGETS]
        ratio: FloatArray = mm[far] / _MM / straight[far]
        return ratio

    def reach_m(self, limit_ms: int) -> float:
        """Return the straight line that the streets usually lead along within a limit.

        Parameters
        ----------
        limit_ms : int
            The limit.

        Returns
        -------
        float
            Speed times limit over the median detour (m).
        """
        return self.speed * limit_ms / self.median_detour

    def cut_off(
        self,
        positions: Positions,
        stations: Int32Array,
        limit_ms: int,
        *,
        at_least: int = 1,
        rows: Int64Array | None = None,
    ) -> CutOff:
        """Tell which of some places are behind a barrier.

        Parameters
        ----------
        positions : Positions
            Places on the network that have not so many stations within the limit.
        stations : array of int32
            All stations that count when every condition is lifted.
        limit_ms : int
            The limit.
        at_least : int
            Covered means so many stations. So many have to be near by straight line, and the way
            to one of them has to be a detour.
        rows : array of int64, optional
            Which of the places; all by default.

        Returns
        -------
        CutOff
            One row a place asked about; ``station`` is the nearest one behind a barrier.
        """
        rows = np.arange(len(positions)) if rows is None else rows
        mark = np.zeros(rows.size, np.bool_)
        station = np.full(rows.size, -1, np.int32)
        known = self._on_network(stations)
        near = self._near(positions, rows, known, (limit_ms, at_least))
        if near.place.size:
            beyond_ms = limit_ms if at_least == 1 else 0  # one of several may be within the limit
            asked = (rows[near.place], beyond_ms)
            far = self._far(positions, asked, near, (known, limit_ms))
            first = np.argmax(far, axis=1)
            mark[near.place] = far.any(axis=1)
            behind = near.station[np.arange(near.place.size), first]
            station[near.place] = np.where(far.any(axis=1), behind, -1)
        return CutOff(mark, station)

    def _disks(self, stations: Int32Array, limit_ms: int) -> _Disks:
        """Return where stations lie, and the grid of what is near them by straight line."""

        def make() -> _Disks:
            radius = self.reach_m(limit_ms) * (1 + _ROUNDING)
            places = part_of(self._travel.stations, stations.astype(np.int64))
            lon, lat = street_points(self._travel.network, places)
            return _Disks(lon, lat, _grid(lon, lat, radius), radius)

        disks: _Disks = self._cache.get(("disks", stations.tobytes(), limit_ms), make)
        return disks

    def _on_network(self, stations: Int32Array) -> Int32Array:
        """Return the stations that the network leads to."""
        on: BoolArray = self._travel.stations.state[stations] == ON_NETWORK
        return stations[on]

    def _near(
        self, positions: Positions, rows: Int64Array, stations: Int32Array, asked: tuple[int, int]
    ) -> _Near:
        """Return which rows have k stations near enough by straight line; asked: limit and k."""
        limit_ms, k = asked
        if stations.size < k:
            return _Near(np.empty(0, np.int64), np.empty((0, k), np.int32), np.empty((0, k)))
        disks = self._disks(stations, limit_ms)
        place, found, metres = _barrier_kernels.nearest_by_line(
            rows,
            (positions.segment, positions.fraction),
            self._travel.network.segment_line,
            (disks.lon, disks.lat),
            disks.grid,
            disks.radius_m,
            k,
        )
        return _Near(place, stations[found], metres)

    def _far(
        self,
        positions: Positions,
        asked: tuple[Int64Array, int],
        near: _Near,
        told: tuple[Int32Array, int],
    ) -> BoolArray:
        """Mark the stations near by straight line to which the way is a detour (m, k).

        ``asked`` are the rows of ``near`` and the time that the stations are beyond, ``told`` all
        stations and the limit, as ``cut_off`` gets them.
        """
        rows, beyond_ms = asked
        # that the stations are beyond the limit is enough to know of most places
        legs = positions.access_ms[rows][:, None] + self._travel.stations.access_ms[near.station]
        least_m = (beyond_ms - legs) * self._slowest / _SLACK
        far: BoolArray = near.metres * DETOUR <= least_m - _SAME_M
        row, column = np.nonzero(~far)
        if row.size > _MANY:
            station, metres = near.station[row, column], near.metres[row, column]
            way, exact = self._least_ways(positions, rows[row], station, told)
            detour = _is_detour(way, metres)
            far[row, column] = detour
            left = ~(detour | exact)
            row, column = row[left], column[left]
        if row.size:
            metres = near.metres[row, column]
            way = self._ways(positions, rows[row], near.station[row, column], metres)
            far[row, column] = _is_detour(way, metres)
        return far

    def _least_ways(
        self,
        positions: Positions,
        rows: Int64Array,
        station: Int32Array,
        asked: tuple[Int32Array, int],
    ) -> tuple[FloatArray, BoolArray]:
        """Return what the way of each row to its station has at least (m), and if it is that.

        The shortest way to any station tells; it is searched once a question.
        """
        travel, (stations, limit_ms) = self._travel, asked
        entries = travel.entries

        def search() -> Int64Array:
            longest = self._disks(stations, limit_ms).radius_m * DETOUR * _SLACK * _MM
            # legs of the station count in the labels
            most = int(min(longest + int(entries.access_mm[stations].max()), CLOSED_MS - 1))
            return travel.nearest_by_length(stations, most)

        keys = self._cache.get(("lengths", stations.tobytes(), limit_ms), search)
        mm, exact = _barrier_kernels.ways_by_labels(
            rows,
            (positions.segment, positions.fraction, positions.access_ms),
            edges_of(travel.network),
            travel.ways,
            keys,
            station,
            (entries.edge, entries.access_mm),
        )
        return np.where(mm < CLOSED_MS, mm / _MM, np.inf), exact

    def _ways(
        self,
        positions: Positions,
        place: Int64Array,
        station: Int32Array,
        metres: FloatArray,
    ) -> FloatArray:
        """Return the way of each pair of place and station (m), infinite where it is too long."""
        out = np.full(place.size, np.inf)
        order = np.argsort(station, kind="stable")
        grouped = station[order]
        first = np.flatnonzero(np.append(-1, grouped[:-1]) != grouped)
        which = grouped[first]
        bound = np.append(first, order.size)
        for begin in range(0, which.size, _STATIONS_AT_ONCE):
            end = min(begin + _STATIONS_AT_ONCE, which.size)
            rows = order[bound[begin] : bound[end]]
            pairs = (bound[begin : end + 1] - bound[begin], place[rows])
            longest = np.maximum.reduceat(metres[rows], pairs[0][:-1])
            out[rows] = self._ways_to(which[begin:end], longest, positions, pairs)
        return out

    def _ways_to(
        self,
        stations: Int32Array,
        longest: FloatArray,
        positions: Positions,
        pairs: tuple[Int64Array, Int64Array],
    ) -> FloatArray:
        """Return the ways to some stations from the places of each (m)."""
        travel, entries = self._travel, self._travel.entries
        legs = entries.access_mm[stations]
        limits = np.ceil(longest * DETOUR * _MM).astype(np.int32) + legs
        seeds = travel.seeds(stations)
        fits, node, which, mm = travel.reach_by_length(stations, seeds, limits)
        if not fits and stations.size > 1:
            return self._in_halves(stations, longest, positions, pairs)
        exits = travel.exits(part_of(positions, pairs[1]))
        length = _barrier_kernels.ways_to(
            pairs[0],
            (np.searchsorted(which, np.arange(stations.size + 1)), node, mm),
            exits.times,
            exits.lengths,
            (
                entries.edge[stations],
                entries.segment[stations],
                entries.fraction[stations],
                entries.access_mm[stations],
            ),
            travel.ways,
            travel.network.lon.size,
        )
        return np.where(length < CLOSED_MS, length / _MM, np.inf)

    def _in_halves(
        self,
        stations: Int32Array,
        longest: FloatArray,
        positions: Positions,
        pairs: tuple[Int64Array, Int64Array],
    ) -> FloatArray:
        """Return the same as ``_ways_to`` where that many stations reach too many junctions."""
        half, (indptr, place) = stations.size // 2, pairs
        out = []
        for begin, end in ((0, half), (half, stations.size)):
            bound = indptr[begin : end + 1]
            mine = (bound - bound[0], place[bound[0] : bound[-1]])
            out.append(self._ways_to(stations[begin:end], longest[begin:end], positions, mine))
        return np.concatenate(out)


def _is_detour(way: FloatArray, straight: FloatArray) -> BoolArray:
    """Tell which ways are detours (m)."""
    detour: BoolArray = (way >= straight * DETOUR * (1 - _ROUNDING)) & (way > _SAME_M)
    return detour


def _grid(lon: FloatArray, lat: FloatArray, radius_m: float) -> tuple[Any, ...]:
    """Return the disk grid of stations."""
    east, north = metres_per_degree(float(np.abs(lat).max()))
    # degrees of latitude are shortest at the equator: 0.7 % less than anywhere
    wide, high = radius_m / east * _SLACK, radius_m / north * _SLACK
    west, south = float(lon.min()) - wide, float(lat.min()) - high
    across, along = float(lon.max()) + wide - west, float(lat.max()) + high - south
    shrink = np.sqrt(across / wide * along / high * _CELLS_PER_RADIUS**2 / _MOST_CELLS)
    part = max(float(shrink), 1.0) / _CELLS_PER_RADIUS
    width, height = wide * part, high * part
    columns, rows = int(across / width) + 1, int(along / height) + 1
    lattice = (west, south, width, height, columns, rows)
    return *lattice, *_barrier_kernels.disk_grid(lon, lat, wide, high, lattice)
