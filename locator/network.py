"""Streets of one mode as a contracted junction graph.

Segments that follow each other without a choice (nodes where exactly two meet, both open in the
same directions) become one edge, which keeps its segments and their cumulative times. Junctions
stand in Hilbert order, so that neighbours in the city are neighbours in memory.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geodata.errors import InputError
from geodata.model import CLOSED_MS, BoolArray, Int32Array, Int64Array, Network, Streets
from locator import _snap_kernels
from locator.arrays import sums

#: Rounding up forgives this much (ms), so that arithmetic noise does not cost a millisecond.
ROUNDING_MS = 1e-7

_MS_PER_HOUR_KM = 3600.0


@dataclass(frozen=True)
class _Links:
    """Segments open to a mode, between nodes of which closed ones have been split."""

    start: Int32Array
    end: Int32Array
    segment: Int64Array
    forward_ms: Int32Array
    backward_ms: Int32Array
    node: Int64Array


def segment_times(streets: Streets, mode: str) -> tuple[Int32Array, Int32Array]:
    """Return the time of every segment along and against its way.

    Parameters
    ----------
    streets : Streets
        Segments with the mode's speeds.
    mode : str
        Code of the mode.

    Returns
    -------
    tuple of array (s,) of int32
        Milliseconds, rounded up and at least 1; ``CLOSED_MS`` where the direction is closed.

    Raises
    ------
    InputError
        If the streets were not read for this mode.
    """
    if mode not in streets.forward_kph:
        known = ", ".join(streets.forward_kph)
        raise InputError(f"mode {mode!r} was not read from the streets file; it has {known}")
    return (
        _times(streets.segment_m, streets.forward_kph[mode][streets.segment_way]),
        _times(streets.segment_m, streets.backward_kph[mode][streets.segment_way]),
    )


def _times(metres: npt.NDArray[np.float64], kph: npt.NDArray[np.float32]) -> Int32Array:
    """Return milliseconds for lengths at speeds, rounded up, at least 1."""
    is_open = kph > 0
    exact = metres * _MS_PER_HOUR_KM / np.where(is_open, kph, 1.0).astype(np.float64)
    whole = np.maximum(np.ceil(exact - ROUNDING_MS), 1.0)
    return np.where(is_open, np.minimum(whole, CLOSED_MS - 1), CLOSED_MS).astype(np.int32)


def build(streets: Streets, mode: str) -> Network:
    """Return the contracted network of one mode.

    Parameters
    ----------
    streets : Streets
        What ``geodata.osm.read_streets`` returns.
    mode : str
        Code of the mode.

    Returns
    -------
    Network
        Junctions, arcs, edges and their segments.

    Raises
    ------
    InputError
        If the streets were not read for this mode, or none of them is open to it.
    """
    links = _open_links(streets, mode)
    if links.start.size == 0:
        raise InputError(f"no street in the file is open to mode {mode!r}")
    indptr, incident = _incidence(links)
    inner = _inner_nodes(links, indptr, incident)
    order, reverse, chain_indptr = _snap_kernels.walk_chains(
        indptr, incident, links.start, links.end, inner
    )
    return _assemble(streets, mode, links, (order, reverse, chain_indptr))


def _open_links(streets: Streets, mode: str) -> _Links:
    """Take the segments open to the mode and give every segment its own copy of closed nodes."""
    forward_ms, backward_ms = segment_times(streets, mode)
    start, end = streets.segment_from.astype(np.int64), streets.segment_to.astype(np.int64)
    is_open = ((forward_ms < CLOSED_MS) | (backward_ms < CLOSED_MS)) & (start != end)
    segment = np.flatnonzero(is_open)
    start, end = start[segment], end[segment]
    node = np.arange(streets.node_id.size)
    closed = streets.closed_node.get(mode)
    if closed is not None and closed.any():
        for ends in (start, end):
            split = np.flatnonzero(closed[ends])
            copies = ends[split]
            ends[split] = node.size + np.arange(split.size)
            node = np.concatenate((node, copies))
    return _Links(
        start.astype(np.int32),
        end.astype(np.int32),
        segment,
        forward_ms[segment],
        backward_ms[segment],
        node,
    )


def _incidence(links: _Links) -> tuple[Int32Array, Int32Array]:
    """Return the CSR of segments at each node."""
    ends = np.concatenate((links.start, links.end))
    which = np.tile(np.arange(links.start.size, dtype=np.int32), 2)
    order = np.argsort(ends, kind="stable")
    counts = np.bincount(ends, minlength=links.node.size)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return indptr, which[order]


def _inner_nodes(links: _Links, indptr: Int32Array, incident: Int32Array) -> BoolArray:
    """Mark nodes where two segments meet that are open in the same directions."""
    inner: BoolArray = np.diff(indptr) == 2  # noqa: PLR2004  two segments, no choice
    node = np.flatnonzero(inner)
    first, second = incident[indptr[node]], incident[indptr[node] + 1]
    come_in, go_on = links.end[first] == node, links.start[second] == node
    forward, backward = links.forward_ms < CLOSED_MS, links.backward_ms < CLOSED_MS
    in_first = np.where(come_in, forward[first], backward[first])
    out_first = np.where(come_in, backward[first], forward[first])
    out_second = np.where(go_on, forward[second], backward[second])
    in_second = np.where(go_on, backward[second], forward[second])
    inner[node] = (in_first == out_second) & (out_first == in_second) & (first != second)
    return inner


def _assemble(
    streets: Streets,
    mode: str,
    links: _Links,
    chains: tuple[Int32Array, BoolArray, Int32Array],
) -> Network:
    """Return the network: junctions in Hilbert order, edges by place, segments edge by edge."""
    order, reverse, chain_indptr = chains
    first, last = chain_indptr[:-1], chain_indptr[1:] - 1
    u = np.where(reverse[first], links.end[order[first]], links.start[order[first]])
    v = np.where(reverse[last], links.start[order[last]], links.end[order[last]])
    junction, rank = _hilbert_rank(streets, links, np.concatenate((u, v)))
    u, v = rank[u], rank[v]
    by_place = np.lexsort((links.segment[order[first]], v, u))
    lengths = np.diff(chain_indptr)[by_place]
    edge_indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    pick = np.repeat(first[by_place] - edge_indptr[:-1], lengths) + np.arange(order.size)
    order, reverse = order[pick], reverse[pick]
    u, v = u[by_place].astype(np.int32), v[by_place].astype(np.int32)
    segment = links.segment[order]
    forward = np.where(reverse, links.backward_ms[order], links.forward_ms[order])
    backward = np.where(reverse, links.forward_ms[order], links.backward_ms[order])
    start = np.where(reverse, links.end[order], links.start[order])
    end = np.where(reverse, links.start[order], links.end[order])
    lon, lat = streets.lon[links.node], streets.lat[links.node]
    edge = np.repeat(np.arange(u.size, dtype=np.int32), lengths)
    forward_before = _before(forward, edge_indptr, edge)
    backward_before = _before(backward, edge_indptr, edge)
    metres = streets.segment_m[segment]
    component = _components(u, v, junction.size)
    edge_m = np.add.reduceat(metres, edge_indptr[:-1])
    arcs = _arcs(u, v, _totals(forward, edge_indptr), _totals(backward, edge_indptr), edge_m)
    out_csr = _csr(*arcs, junction.size)
    in_csr = _csr(arcs[1], arcs[0], arcs[2], arcs[3], junction.size)
    way = streets.segment_way[segment]
    return Network(
        mode=mode,
        lon=lon[junction],
        lat=lat[junction],
        component=component,
        component_m=sums(component[u], edge_m, int(component.max()) + 1),
        out_indptr=out_csr[0],
        out_node=out_csr[1],
        out_ms=out_csr[2],
        out_mm=out_csr[3],
        in_indptr=in_csr[0],
        in_node=in_csr[1],
        in_ms=in_csr[2],
        in_mm=in_csr[3],
        edge_u=u,
        edge_v=v,
        edge_indptr=edge_indptr,
        segment_edge=edge,
        segment_way=way,
        segment_m=metres,
        segment_forward_ms=forward.astype(np.int32),
        segment_backward_ms=backward.astype(np.int32),
        forward_before_ms=forward_before,
        backward_before_ms=backward_before,
        segment_line=np.column_stack((lon[start], lat[start], lon[end], lat[end])),
        segment_snappable=streets.way_snappable[way],
    )


def _hilbert_rank(
    streets: Streets, links: _Links, ends: npt.NDArray[np.int64]
) -> tuple[Int64Array, Int32Array]:
    """Return the junctions in Hilbert order and each node's place among them."""
    used = np.unique(ends)
    place = links.node[used]
    points = gpd.GeoSeries(gpd.points_from_xy(streets.lon[place], streets.lat[place]))
    distance = points.hilbert_distance(level=16).to_numpy()
    junction = used[np.lexsort((used, streets.node_id[place], distance))]
    rank = np.full(links.node.size, -1, np.int32)
    rank[junction] = np.arange(junction.size)
    return junction, rank


def _before(ms: Int32Array, edge_indptr: Int32Array, edge: Int32Array) -> Int32Array:
    """Return the cumulative time before each segment within its edge."""
    is_open = ms < CLOSED_MS
    total = np.concatenate(([0], np.cumsum(np.where(is_open, ms, 0), dtype=np.int64)))
    before = total[:-1] - total[edge_indptr[edge]]
    return np.where(is_open, before, CLOSED_MS).astype(np.int32)


def _totals(ms: Int32Array, edge_indptr: Int32Array) -> Int64Array:
    """Return the time of each whole edge, ``CLOSED_MS`` where a direction is closed."""
    sums = np.add.reduceat(ms.astype(np.int64), edge_indptr[:-1])
    return np.minimum(sums, CLOSED_MS)


def _components(u: Int32Array, v: Int32Array, size: int) -> Int32Array:
    """Return the weakly connected component of each junction."""
    graph = coo_array((np.ones(u.size, np.int8), (u, v)), shape=(size, size)).tocsr()
    return connected_components(graph, directed=False)[1].astype(np.int32)


def _arcs(
    u: Int32Array, v: Int32Array, forward: Int64Array, backward: Int64Array, metres: npt.ArrayLike
) -> tuple[Int32Array, Int32Array, Int32Array, Int32Array]:
    """Return open arcs (from, to, ms, mm), of parallel ones the fastest, then shortest."""
    mm = np.round(np.asarray(metres) * 1000).astype(np.int64)
    tail, head = np.concatenate((u, v)), np.concatenate((v, u))
    ms, mm = np.concatenate((forward, backward)), np.concatenate((mm, mm))
    keep = (ms < CLOSED_MS) & (tail != head)
    tail, head, ms, mm = tail[keep], head[keep], ms[keep], mm[keep]
    order = np.lexsort((mm, ms, head, tail))
    tail, head, ms, mm = tail[order], head[order], ms[order], mm[order]
    best = np.ones(tail.size, np.bool_)
    best[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return tail[best], head[best], ms[best].astype(np.int32), mm[best].astype(np.int32)


def _csr(
    tail: Int32Array, head: Int32Array, ms: Int32Array, mm: Int32Array, size: int
) -> tuple[Int32Array, Int32Array, Int32Array, Int32Array]:
    """Return the arcs as a CSR by tail."""
    order = np.lexsort((head, tail))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=size))))
    return indptr.astype(np.int32), head[order], ms[order], mm[order]
