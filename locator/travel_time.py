"""Travel times between places and stations on one network.

Stations are few: the search starts from all of them at once, on the reversed arcs, and labels every
junction with its nearest ones. A place then only looks at the two ends of its edge and at stations
on the edge itself. Labels are kept per set of stations.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from geodata.model import CLOSED_MS, BoolArray, Int32Array, Int64Array, Network, Positions
from locator import _kernels, _place_kernels
from locator.cache import Cache
from locator.selection import Selection
from locator.snap import Exits, Ways, edges_of, exits, ways_of

#: Most entries kept of stations that change state while one walks; beyond it, places search.
MOST_PASSING = 8_000_000
#: Labels for more stations than this are not kept for all nodes; places search instead.
MOST_LABELS = 8
#: Bytes of labels kept, per junction: room for about two dozen different questions of one mode …
CACHE_BYTES_PER_JUNCTION = 2_400
#: … but not more than this in all.
MOST_CACHE_BYTES = 512_000_000
_EPSILON = 1e-6
_NO_TABLE = np.empty((0, 4), np.int32)
_LENGTH_SHIFT = 13  # buckets of 8 m where ways are searched by length

#: No limit (ms): longer than any trip.
UNLIMITED_MS = CLOSED_MS - 1


class Found(NamedTuple):
    """The k nearest stations of places, by (time, station): arrays (p, k).

    ``station`` is -1, ``ms`` and ``mm`` are ``CLOSED_MS`` where there are fewer.
    """

    station: Int32Array
    ms: Int32Array
    mm: Int64Array


class Passing(NamedTuple):
    """Stations that change state, at every junction that they reach (CSR by junction)."""

    indptr: Int32Array
    station: Int32Array
    ms: Int32Array
    mm: Int32Array


class Seeds(NamedTuple):
    """Times from the junctions beside stations to the stations."""

    node: Int32Array
    station: Int32Array
    ms: Int32Array
    mm: Int32Array

    @property
    def key(self) -> Int64Array:
        """Labels of the seeds."""
        return (self.ms.astype(np.int64) << _kernels.STATION_BITS) | self.station


@dataclass(frozen=True)
class _OnEdge:
    """Stations by the edge on which they lie (CSR)."""

    indptr: Int32Array
    station: Int32Array


class TravelTimes:
    """Travel times of one mode to the stations of a register.

    Parameters
    ----------
    network : Network
        Streets of the mode.
    stations : Positions
        Where the stations lie on it.
    """

    def __init__(self, network: Network, stations: Positions) -> None:
        self.network = network
        self.stations = stations
        self.ways = ways_of(network)
        self.entries = exits(network, self.ways, stations, towards=False)
        self._in = _packed(network.in_indptr, network.in_node, network.in_ms)
        self.out = (
            *_packed(network.out_indptr, network.out_node, network.out_ms),
            network.out_mm,
        )
        entries = self.entries
        self.ends = (
            entries.u,
            entries.v,
            entries.u_ms,
            entries.v_ms,
            entries.u_mm,
            entries.v_mm,
        )
        self._bucket_shift = _bucket_shift(network)
        self._cache = Cache(cache_bytes(network))

    def exits(self, positions: Positions) -> Exits:
        """Return the times from positions to the ends of their edges.

        Parameters
        ----------
        positions : Positions
            Places on this network.

        Returns
        -------
        Exits
            One row a place.
        """
        return exits(self.network, self.ways, positions)

    def seeds(self, stations: Int32Array) -> Seeds:
        """Return the times from the ends of stations' edges to the stations.

        Parameters
        ----------
        stations : array of int32
            Station indices.

        Returns
        -------
        Seeds
            Up to two rows a station, sorted by station.
        """
        entries = self.entries
        node = np.column_stack((entries.u[stations], entries.v[stations])).ravel()
        ms = np.column_stack((entries.u_ms[stations], entries.v_ms[stations])).ravel()
        mm = np.column_stack((entries.u_mm[stations], entries.v_mm[stations])).ravel()
        keep = ms < CLOSED_MS
        return Seeds(node[keep], np.repeat(stations, 2)[keep], ms[keep], mm[keep])

    def _shift(self, limit_ms: int) -> int:
        """Return the bucket width, with at most about 2 ** 17 buckets."""
        return max(self._bucket_shift, int(limit_ms).bit_length() - 17)

    def _nearest(self, stations: Int32Array, limit_ms: int) -> Int64Array:
        """Return the key of the nearest of some stations for every junction (n,)."""

        def search() -> Int64Array:
            seeds = self.seeds(stations)
            labels: Int64Array = _kernels.nearest_labels(
                *self._in, seeds.node, seeds.key, limit_ms, self._shift(limit_ms)
            )
            return labels

        keys: Int64Array = self._cache.get(("nearest", stations.tobytes(), limit_ms), search)
        return keys

    def nearest(self, stations: Int32Array, limit_ms: int) -> tuple[Int32Array, Int32Array]:
        """Return the nearest of some stations for every junction.

        Parameters
        ----------
        stations : array of int32
            Station indices.
        limit_ms : int
            Longest time.

        Returns
        -------
        tuple of array (n,) of int32
            Station (-1: none) and time (``CLOSED_MS``: none); the lower index wins a tie.
        """
        return _unpacked(self._nearest(stations, limit_ms))

    def _k_nearest(self, stations: Int32Array, k: int, limit_ms: int) -> Int64Array:
        """Return the keys of the k nearest of some stations for every junction (n, k)."""

        def search() -> Int64Array:
            seeds = self.seeds(stations)
            labels: Int64Array = _kernels.k_nearest_labels(
                *self._in, seeds.node, seeds.key, k, limit_ms, self._shift(limit_ms)
            )
            return labels

        keys: Int64Array = self._cache.get(("k", k, stations.tobytes(), limit_ms), search)
        return keys

    def k_nearest(
        self, stations: Int32Array, k: int, limit_ms: int
    ) -> tuple[Int32Array, Int32Array]:
        """Return the k nearest distinct stations for every junction.

        Parameters
        ----------
        stations : array of int32
            Station indices.
        k : int
            How many.
        limit_ms : int
            Longest time.

        Returns
        -------
        tuple of array (n, k) of int32
            Stations and times, padded with -1 and ``CLOSED_MS``.
        """
        return _unpacked(self._k_nearest(stations, k, limit_ms))

    def passing(self, stations: Int32Array, limit_ms: int) -> Passing | None:
        """Return, for every junction, all of some stations within the limit.

        Parameters
        ----------
        stations : array of int32
            Station indices, those that change state.
        limit_ms : int
            Longest time.

        Returns
        -------
        Passing or None
            None when the rows would be more than ``MOST_PASSING``.
        """

        def search() -> Passing | tuple[()]:
            net, seeds = self.network, self.seeds(stations)
            limits = np.full(stations.size, limit_ms, np.int32)
            fits, node, which, ms, mm = self.reach(stations, seeds, limits)
            return _by_node(net.lon.size, node, stations[which], ms, mm) if fits else ()

        rows: Passing | tuple[()] = self._cache.get(
            ("passing", stations.tobytes(), limit_ms), search
        )
        return rows if isinstance(rows, Passing) else None

    def reach(
        self, stations: Int32Array, seeds: Seeds, limits: Int32Array
    ) -> tuple[bool, Int32Array, Int32Array, Int32Array, Int32Array]:
        """Search the fastest ways to each station by itself.

        Parameters
        ----------
        stations : array (w,) of int32
            Station indices, ascending.
        seeds : Seeds
            Of these stations, as ``seeds`` gives them.
        limits : array (w,) of int32
            Longest time of each (ms).

        Returns
        -------
        tuple
            Whether the rows were at most ``MOST_PASSING`` (else they are incomplete), then the
            rows by station: junction, place of the station in ``stations``, time (ms), length (mm).
        """
        rows: tuple[bool, Int32Array, Int32Array, Int32Array, Int32Array] = _kernels.station_reach(
            *self._in,
            self.network.in_mm,
            _seed_indptr(stations, seeds),
            seeds.node,
            seeds.ms,
            seeds.mm,
            limits,
            MOST_PASSING,
        )
        return rows

    @cached_property
    def _in_by_length(self) -> tuple[Int32Array, Int64Array]:
        """The reversed arcs with lengths in the place of times."""
        net = self.network
        return _packed(net.in_indptr, net.in_node, net.in_mm)

    def reach_by_length(
        self, stations: Int32Array, seeds: Seeds, limits: Int32Array
    ) -> tuple[bool, Int32Array, Int32Array, Int32Array]:
        """Search the shortest ways to each station by itself.

        Parameters
        ----------
        stations : array (w,) of int32
            Station indices, ascending.
        seeds : Seeds
            Of these stations, as ``seeds`` gives them.
        limits : array (w,) of int32
            Longest way of each (mm).

        Returns
        -------
        tuple
            As ``reach`` does, without times.
        """
        fits, node, which, mm, _ = _kernels.station_reach(
            *self._in_by_length,
            self.network.in_ms,
            _seed_indptr(stations, seeds),
            seeds.node,
            seeds.mm,
            seeds.ms,
            limits,
            MOST_PASSING,
        )
        return fits, node, which, mm

    def nearest_by_length(self, stations: Int32Array, limit_mm: int) -> Int64Array:
        """Search the shortest way of every junction to any of some stations.

        Parameters
        ----------
        stations : array of int32
            Station indices.
        limit_mm : int
            Longest way (mm).

        Returns
        -------
        array (n,) of int64
            Keys as of ``_kernels.nearest_labels``, with millimetres in the place of times.
        """
        seeds = self.seeds(stations)
        keys: Int64Array = _kernels.nearest_labels(
            *self._in_by_length,
            seeds.node,
            Seeds(seeds.node, seeds.station, seeds.mm, seeds.ms).key,
            limit_mm,
            max(_LENGTH_SHIFT, int(limit_mm).bit_length() - 17),
        )
        return keys

    def best(self, places: Exits, stations: Int32Array, limit_ms: int) -> Int32Array:
        """Return the time from places to the nearest of some stations.

        Parameters
        ----------
        places : Exits
            Places on this network.
        stations : array of int32
            Station indices.
        limit_ms : int
            Longest time.

        Returns
        -------
        array (p,) of int32
            Milliseconds; ``CLOSED_MS`` beyond the limit or off the network.
        """
        return self.best_search(stations, limit_ms)(places)

    def search(
        self, selection: Selection, k: int, limit_ms: int, *, scale: float = 1.0
    ) -> "Search":
        """Return the search for the k nearest stations that may be reached when one arrives.

        Parameters
        ----------
        selection : Selection
            Stations and their arrival windows.
        k : int
            How many.
        limit_ms : int
            Longest time, at most the selection's horizon.
        scale : float
            Speed as a multiple of the mode's; times are divided by it and rounded up.

        Returns
        -------
        Search
            To be called with places.
        """
        reach_ms = int(np.floor(limit_ms * scale + _EPSILON))
        passing = self.passing(selection.changing, reach_ms) if k <= MOST_LABELS else None
        labels: tuple[Any, ...]
        if passing is None:
            seeds = self.seeds(selection.stations)
            order = np.lexsort((seeds.station, seeds.node))
            indptr = _indptr(seeds.node, self.network.lon.size)
            labels = (indptr, seeds.station[order], seeds.ms[order], seeds.mm[order])
        else:
            labels = (self._k_nearest(selection.steady, k, reach_ms), tuple(passing))
        return Search(
            travel=self,
            by_labels=passing is not None,
            labels=labels,
            on_edge=self._on_edge_rows(selection),
            windows=selection.windows,
            numbers=(k, limit_ms, float(scale)),
        )

    def k_best(
        self, places: Exits, selection: Selection, k: int, limit_ms: int, *, scale: float = 1.0
    ) -> Found:
        """Return the k nearest stations of each place that may be reached when one arrives.

        Parameters
        ----------
        places : Exits
            Places on this network.
        selection : Selection
            Stations and their arrival windows.
        k : int
            How many.
        limit_ms : int
            Longest time, at most the selection's horizon.
        scale : float
            Speed as a multiple of the mode's; times are divided by it and rounded up.

        Returns
        -------
        Found
            Arrays (p, k), sorted by (time, station), padded with -1 and ``CLOSED_MS``.
        """
        return self.search(selection, k, limit_ms, scale=scale)(places)

    def best_search(self, stations: Int32Array, limit_ms: int) -> "BestSearch":
        """Return the search for the time to the nearest of some stations.

        Parameters
        ----------
        stations : array of int32
            Station indices.
        limit_ms : int
            Longest time.

        Returns
        -------
        BestSearch
            To be called with places.
        """
        on_edge = self._on_edge(stations)
        rows, entries = on_edge.station, self.entries
        return BestSearch(
            keys=self._nearest(stations, limit_ms),
            on_edge=(
                on_edge.indptr,
                entries.segment[rows],
                entries.fraction[rows],
                entries.access_ms[rows],
            ),
            ways=self.ways,
            limit_ms=limit_ms,
            network=self.network,
        )

    def to_station(self, station: int) -> Int32Array:
        """Return the time from every junction to one station, at any distance.

        Parameters
        ----------
        station : int
            Row of the station.

        Returns
        -------
        array (n,) of int32
            Milliseconds, ``CLOSED_MS`` where there is no way.
        """
        return self.nearest(np.array([station], np.int32), UNLIMITED_MS)[1]

    def along_edge(self, places: Exits, place: int, station: int) -> int:
        """Return the time from a place to a station along the edge they share.

        Parameters
        ----------
        places : Exits
            Places on this network.
        place : int
            Row of the place.
        station : int
            Row of the station.

        Returns
        -------
        int
            Milliseconds, ``CLOSED_MS`` if they share none or it is closed in that direction.
        """
        entries = self.entries
        if places.edge[place] != entries.edge[station]:
            return CLOSED_MS
        here = places.segment[place], places.fraction[place]
        there = entries.segment[station], entries.fraction[station]
        time, _ = _kernels.along_edge(*here, *there, self.ways)
        access = int(places.access_ms[place]) + int(entries.access_ms[station])
        return min(int(time) + access, CLOSED_MS)

    def _on_edge(self, stations: Int32Array) -> _OnEdge:
        """Return the stations by edge; those off the network fall out."""

        def group() -> tuple[Int32Array, Int32Array]:
            edge = self.entries.edge[stations]
            on = stations[edge >= 0]
            edge = edge[edge >= 0]
            order = np.argsort(edge, kind="stable")
            return _indptr(edge, self.network.edge_u.size), on[order]

        return _OnEdge(*self._cache.get(("edge", stations.tobytes()), group))

    def _on_edge_rows(self, selection: Selection) -> tuple[Any, ...]:
        """Return what ``k_best`` wants to know of stations on edges."""
        on_edge = self._on_edge(selection.stations)
        rows, entries = on_edge.station, self.entries
        return (
            on_edge.indptr,
            rows,
            entries.segment[rows],
            entries.fraction[rows],
            entries.access_ms[rows],
            entries.access_mm[rows],
        )


def cache_bytes(network: Network) -> int:
    """Return how many bytes of labels are worth keeping for a network.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    int
        Bytes.
    """
    return min(CACHE_BYTES_PER_JUNCTION * network.lon.size, MOST_CACHE_BYTES)


@dataclass(frozen=True)
class Search:
    """A prepared search for the k nearest stations; call it with places.

    Attributes
    ----------
    travel : TravelTimes
        Times of the mode.
    by_labels : bool
        True: places look at labels; false: each place searches for itself.
    labels : tuple
        Keys and ``Passing``, or the seeds by junction.
    on_edge : tuple
        Stations by edge.
    windows : tuple
        Arrival windows by station.
    numbers : tuple
        ``k``, ``limit_ms``, ``scale``.
    """

    travel: TravelTimes
    by_labels: bool
    labels: tuple[Any, ...]
    on_edge: tuple[Any, ...]
    windows: tuple[Int32Array, Int32Array, Int32Array]
    numbers: tuple[int, int, float]

    @cached_property
    def near(self) -> BoolArray:
        """True for the edges (e,) from which any of the stations may be within the limit."""
        net = self.travel.network
        if not self.by_labels:
            return np.ones(net.edge_u.size, np.bool_)
        keys, passing = self.labels
        reached = (keys[:, 0] < _kernels.NO_KEY) | (np.diff(passing[0]) > 0)
        return _near(net, reached, self.on_edge[0])

    def __call__(self, places: Exits) -> Found:
        """Return the k nearest stations of places: arrays (p, k)."""
        travel, rest = self.travel, (self.on_edge, self.windows, self.travel.ways)
        asked = (places.times, places.lengths)
        if self.by_labels:
            keys, mm = _kernels.k_best(
                places.times,
                places.lengths,
                self.labels,
                rest,
                travel.out,
                travel.ends,
                self.numbers,
            )
        else:
            keys, mm = _kernels.k_search(*asked, travel.out, self.labels, rest, self.numbers)
        return Found(*_unpacked(keys), mm)


@dataclass(frozen=True)
class BestSearch:
    """A prepared search for the time to the nearest station; call it with places.

    Attributes
    ----------
    keys : array (n,) of int64
        Labels of the junctions.
    on_edge : tuple
        Stations by edge.
    ways : Ways
        Times along edges.
    limit_ms : int
        Longest time.
    """

    keys: Int64Array
    on_edge: tuple[Any, ...]
    ways: Ways
    limit_ms: int
    network: Network

    @cached_property
    def near(self) -> BoolArray:
        """True for the edges (e,) from which a station may be within the limit."""
        return _near(self.network, self.keys < _kernels.NO_KEY, self.on_edge[0])

    @cached_property
    def sure(self) -> BoolArray:
        """True for the edges (e,) whose both ends reach a station: so does all between them."""
        reached = self.keys < _kernels.NO_KEY
        return reached[self.network.edge_u] & reached[self.network.edge_v]

    def __call__(self, places: Exits) -> Int32Array:
        """Return milliseconds (p,), ``CLOSED_MS`` beyond the limit or off the network."""
        times: Int32Array = _kernels.best_time(
            places.times, self.keys, self.on_edge, self.ways, self.limit_ms
        )
        return times

    def at(self, positions: Positions, rows: Int64Array) -> Int32Array:
        """Return the same for some of many places, without working their exits out.

        Parameters
        ----------
        positions : Positions
            Places on this network, or off it.
        rows : array (r,) of int64
            Which.

        Returns
        -------
        array (r,) of int32
            Milliseconds, ``CLOSED_MS`` beyond the limit or off the network.
        """
        times: Int32Array = _place_kernels.best_time_at(
            rows,
            (positions.segment, positions.fraction, positions.access_ms, positions.state),
            edges_of(self.network),
            self.keys,
            self.on_edge,
            self.ways,
            self.limit_ms,
            self._segment_times if rows.size > self.network.segment_edge.size else _NO_TABLE,
        )
        return times

    @cached_property
    def _segment_times(self) -> Int32Array:
        """What places on each segment work out again and again, if they are many (s, 4)."""
        edges = edges_of(self.network)
        times: Int32Array = _place_kernels.segment_times(edges, self.keys, self.on_edge, self.ways)
        return times


def _seed_indptr(stations: Int32Array, seeds: Seeds) -> Int32Array:
    """Return where the seeds of each station begin."""
    counts = np.bincount(np.searchsorted(stations, seeds.station), minlength=stations.size)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)


def _near(network: Network, reached: BoolArray, on_edge: Int32Array) -> BoolArray:
    """Mark the edges with a marked junction at an end, or a station on them."""
    near: BoolArray = reached[network.edge_u] | reached[network.edge_v]
    return near | (np.diff(on_edge) > 0)


def _packed(indptr: Int32Array, node: Int32Array, ms: Int32Array) -> tuple[Int32Array, Int64Array]:
    """Return a CSR whose arcs hold time and node in one integer."""
    return indptr, (ms.astype(np.int64) << 32) | node


def _unpacked(keys: Int64Array) -> tuple[Int32Array, Int32Array]:
    """Return stations and times of keys."""
    none = keys == _kernels.NO_KEY
    station = np.where(none, -1, keys & _kernels.STATION_MASK).astype(np.int32)
    return station, (keys >> _kernels.STATION_BITS).astype(np.int32)


def _bucket_shift(network: Network) -> int:
    """Return the bucket width as a power of two: about a quarter of the median arc."""
    if network.out_ms.size == 0:
        return 10
    return max(int(np.median(network.out_ms) / 4).bit_length() - 1, 0)


def _indptr(row: Int32Array, size: int) -> Int32Array:
    """Return the CSR pointer of rows."""
    counts = np.bincount(row, minlength=size)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)


def _by_node(
    size: int, node: Int32Array, station: Int32Array, ms: Int32Array, mm: Int32Array
) -> Passing:
    """Return rows as a CSR by junction."""
    order = np.argsort(node, kind="stable")
    return Passing(_indptr(node, size), station[order].astype(np.int32), ms[order], mm[order])
