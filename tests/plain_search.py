"""Plain searches on the uncontracted street segments: what the contracted network must equal."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geodata.model import CLOSED_MS, ON_NETWORK, Network, Positions, Streets
from locator.network import segment_times

#: A part of a segment is rounded up after forgiving this much (ms), as the network does.
FORGIVEN_MS = 1e-3
MM_PER_M = 1000
#: One key holds time and length: the fastest way, of equally fast ones the shortest.
LENGTH_BASE = 2.0**26


@dataclass(frozen=True)
class OnSegments:
    """Positions on the raw segments of ``Streets``: segment, fraction along it, access leg."""

    segment: np.ndarray
    fraction: np.ndarray
    access_ms: np.ndarray
    access_mm: np.ndarray

    def take(self, rows) -> "OnSegments":
        """Some of them."""
        return OnSegments(*(array[rows] for array in vars(self).values()))


def part(share, whole):
    """Time of a part of a segment."""
    return np.ceil(share * whole - FORGIVEN_MS)


def on_segments(streets: Streets, network: Network, positions: Positions) -> OnSegments:
    """Find the raw segments of positions by way and by the coordinates of their two ends."""
    assert (positions.state == ON_NETWORK).all()

    def keys(way, lines):
        return zip(way.tolist(), *(lines[:, i].tolist() for i in range(4)), strict=True)

    start, end = streets.segment_from, streets.segment_to
    columns = (streets.lon[start], streets.lat[start], streets.lon[end], streets.lat[end])
    raw = np.column_stack(columns)
    place = {key: row for row, key in enumerate(keys(streets.segment_way, raw))}
    at = positions.segment
    line = network.segment_line[at]
    segment, fraction = [], []
    for along, against, f in zip(
        keys(network.segment_way[at], line),
        keys(network.segment_way[at], line[:, [2, 3, 0, 1]]),
        positions.fraction.tolist(),
        strict=True,
    ):
        segment.append(place[along] if along in place else place[against])
        fraction.append(f if along in place else 1.0 - f)
    mm = np.floor(positions.access_m * 1000.0 + 0.5).astype(np.int64)
    return OnSegments(
        np.array(segment, np.int64), np.array(fraction), positions.access_ms.astype(np.int64), mm
    )


class PlainTown:
    """The directed graph of all segments open to a mode; nothing is contracted.

    Closed nodes can be come up to and not passed: every segment ends at its own copy of them.
    """

    def __init__(self, streets: Streets, mode: str) -> None:
        forward, backward = segment_times(streets, mode)
        start, end = streets.segment_from.astype(np.int64), streets.segment_to.astype(np.int64)
        size = streets.node_id.size
        closed = streets.closed_node[mode]
        for ends in (start, end):
            shut = np.flatnonzero(closed[ends])
            ends[shut] = size + np.arange(shut.size)
            size += shut.size
        self.size = size
        self.start, self.end = start, end
        self.forward, self.backward = forward.astype(np.int64), backward.astype(np.int64)
        self.mm = np.round(streets.segment_m * MM_PER_M).astype(np.int64)

    def _street_arcs(self):
        """Arcs of whole segments."""
        return [
            (self.start, self.end, self.forward, self.mm),
            (self.end, self.start, self.backward, self.mm),
        ]

    def _to_end(self, share, segment, whole):
        """Time between a place and an end of its segment; at the end itself none."""
        at_end = (share * self.mm[segment] < 1) & (whole >= CLOSED_MS)
        return np.where(at_end, 0, _time(share, whole))

    def _leaving(self, places: OnSegments, first: int):
        """Arcs from places to the ends of their segments; places are nodes from ``first`` on."""
        s, f = places.segment, places.fraction
        node = first + np.arange(s.size)
        here = np.floor(f * self.mm[s] + 0.5).astype(np.int64)
        back, ahead = self.backward[s], self.forward[s]
        mm = places.access_mm
        return [
            (node, self.start[s], self._to_end(f, s, back) + places.access_ms, here + mm),
            (
                node,
                self.end[s],
                self._to_end(1 - f, s, ahead) + places.access_ms,
                self.mm[s] - here + mm,
            ),
        ]

    def _arriving(self, stations: OnSegments, first: int):
        """Arcs from the ends of segments to the stations on them."""
        s, f = stations.segment, stations.fraction
        node = first + np.arange(s.size)
        here = np.floor(f * self.mm[s] + 0.5).astype(np.int64)
        back, ahead = self.backward[s], self.forward[s]
        mm = stations.access_mm
        return [
            (self.start[s], node, self._to_end(f, s, ahead) + stations.access_ms, here + mm),
            (
                self.end[s],
                node,
                self._to_end(1 - f, s, back) + stations.access_ms,
                self.mm[s] - here + mm,
            ),
        ]

    def _direct(self, places: OnSegments, stations: OnSegments):
        """Arcs from places to stations on the same segment, without touching its ends."""
        tail, head = np.nonzero(places.segment[:, None] == stations.segment[None, :])
        s = places.segment[tail]
        f, g = places.fraction[tail], stations.fraction[head]
        legs = places.access_ms[tail] + stations.access_ms[head]
        ahead = np.where(f <= g, _time(np.maximum(g - f, 0), self.forward[s]), CLOSED_MS)
        back = np.where(f >= g, _time(np.maximum(f - g, 0), self.backward[s]), CLOSED_MS)
        mm = np.floor(np.abs(g - f) * self.mm[s] + 0.5).astype(np.int64)
        mm += places.access_mm[tail] + stations.access_mm[head]
        node = self.size + tail, self.size + places.segment.size + head
        return [(*node, np.minimum(ahead, back) + legs, mm)]

    def _with(self, places: OnSegments, stations: OnSegments, *, lengths: bool) -> csr_array:
        """Return the graph with places and stations.

        Every place and station splits its segment. Places have arcs out only and stations in only,
        so that nobody walks through them.
        """
        first = self.size + places.segment.size
        arcs = [
            *self._street_arcs(),
            *self._leaving(places, self.size),
            *self._arriving(stations, first),
            *self._direct(places, stations),
        ]
        tail, head, ms, mm = (np.concatenate(columns) for columns in zip(*arcs, strict=True))
        keep = ms < CLOSED_MS
        weight = ms[keep] * LENGTH_BASE + mm[keep] if lengths else ms[keep].astype(float)
        return _graph(tail[keep], head[keep], weight, first + stations.segment.size)

    def nearest(self, places: OnSegments, stations: OnSegments):
        """Return time and number of each place's nearest station, inf and -1 where none."""
        first = self.size + places.segment.size
        stops = np.arange(first, first + stations.segment.size)
        graph = self._with(places, stations, lengths=False).T.tocsr()
        time, _, source = dijkstra(graph, indices=stops, min_only=True, return_predecessors=True)
        here = slice(self.size, first)
        return time[here], np.where(np.isfinite(time[here]), source[here] - first, -1)

    def all_within(self, places: OnSegments, stations: OnSegments, limit_ms: int):
        """Return time and length (mm) from every place to every station, inf beyond the limit."""
        first = self.size + places.segment.size
        graph = self._with(places, stations, lengths=True)
        starts = np.arange(self.size, first)
        key = dijkstra(graph, indices=starts, limit=(limit_ms + 1) * LENGTH_BASE)[:, first:]
        time = np.floor(key / LENGTH_BASE)
        within = time <= limit_ms
        length = np.where(within, key, 0.0) - np.where(within, time, 0.0) * LENGTH_BASE
        return np.where(within, time, np.inf), np.where(within, length, np.inf)


def _time(share, whole):
    """Time of parts of segments, ``CLOSED_MS`` where the direction is closed."""
    return np.where(whole < CLOSED_MS, part(share, whole), CLOSED_MS).astype(np.int64)


def _graph(tail, head, key, size) -> csr_array:
    """Arcs as a sparse graph; of parallel ones the best."""
    order = np.lexsort((key, head, tail))
    tail, head, key = tail[order], head[order], key[order]
    best = np.ones(tail.size, bool)
    best[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tail[best], minlength=size))))
    return csr_array((key[best], head[best], indptr), shape=(size, size))
