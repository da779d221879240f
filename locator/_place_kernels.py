"""Compiled loops over many places of one network that copy nothing of what they look at.

*Places* are ``segment, fraction, access_ms, state`` of all places of a layer, of which ``rows`` are
looked at; *edges* are ``segment_edge, u, v, indptr`` of the network. What they compute for one
place is what the loops of ``_kernels`` compute from its exits.
"""

import numba
import numpy as np

from locator._kernels import CLOSED, NO_KEY, STATION_BITS, along_edge, part_ms, times_to_ends

_ON_NETWORK = 0  # as geodata.model has it
_LOOK = -1

_jit = numba.njit(cache=True, nogil=True)


@_jit
def segment_times(edges, key, on_edge, ways):
    """Return what places on each segment need to know to tell their nearest station (s, 4).

    The time of the station nearest through u over the segments before, the time over all of this
    one towards u, and the same two through v; ``CLOSED, 0`` where there is no way. The first is
    ``_LOOK`` where only the place itself can tell: stations lie on the edge, or the segment ends at
    a junction that may be reached against its direction from within a millimetre.
    """
    segment_edge, edge_u, edge_v, indptr = edges
    ahead, back, before_ahead, before_back, _, _ = ways
    st_indptr = on_edge[0]
    out = np.empty((segment_edge.size, 4), np.int32)
    for e in range(edge_u.size):
        u_ms, v_ms = key[edge_u[e]] >> STATION_BITS, key[edge_v[e]] >> STATION_BITS
        first, last = indptr[e], indptr[e + 1] - 1
        whole = np.int64(before_ahead[last]) + ahead[last]
        look = st_indptr[e + 1] > st_indptr[e]
        for s in range(first, last + 1):
            out[s, 0] = out[s, 2] = CLOSED
            out[s, 1] = out[s, 3] = 0
            if u_ms < CLOSED and back[s] < CLOSED:
                out[s, 0], out[s, 1] = min(before_back[s] + u_ms, CLOSED), back[s]
            if v_ms < CLOSED and ahead[s] < CLOSED:
                rest = whole - before_ahead[s] - ahead[s]
                out[s, 2], out[s, 3] = min(rest + v_ms, CLOSED), ahead[s]
            at_u = s == first and u_ms < CLOSED and back[s] >= CLOSED
            at_v = s == last and v_ms < CLOSED and ahead[s] >= CLOSED
            if look or at_u or at_v:
                out[s, 0] = _LOOK
    return out


@_jit
def best_time_at(rows, places, edges, key, on_edge, ways, limit, table):
    """Return the time from each place to its nearest station, as ``_kernels.best_time`` does.

    ``table`` is that of ``segment_times``, or empty: then each place looks for itself.
    """
    segment, fraction, access_ms, state = places
    segment_edge, edge_u, edge_v, indptr = edges
    ahead, back, before_ahead, before_back, mm, _ = ways
    st_indptr, st_segment, st_fraction, st_access = on_edge
    out = np.full(rows.size, CLOSED, np.int32)
    for i in range(rows.size):
        p = rows[i]
        if state[p] != _ON_NETWORK:
            continue
        s = segment[p]
        if table.size and table[s, 0] != _LOOK:
            if table[s, 0] < CLOSED or table[s, 2] < CLOSED:
                by_u = table[s, 0] + part_ms(fraction[p], table[s, 1])
                by_v = table[s, 2] + part_ms(1.0 - fraction[p], table[s, 3])
                best = min(by_u, by_v) + access_ms[p]
                if best <= limit:
                    out[i] = best
            continue
        e = segment_edge[s]
        to_u, to_v = key[edge_u[e]], key[edge_v[e]]
        begin, end = st_indptr[e], st_indptr[e + 1]
        if begin == end and to_u == NO_KEY and to_v == NO_KEY:
            continue
        f, leg, last = fraction[p], access_ms[p], indptr[e + 1] - 1
        after = np.int64(before_ahead[last]) + ahead[last] - before_ahead[s] - ahead[s]
        u_ms, v_ms = times_to_ends(
            (f, leg),
            (f * mm[s] if s == indptr[e] else np.inf, (1.0 - f) * mm[s] if s == last else np.inf),
            (before_back[s], back[s]),
            (after, ahead[s]),
        )
        best = min(u_ms + (to_u >> STATION_BITS), v_ms + (to_v >> STATION_BITS))
        for j in range(begin, end):
            t, _ = along_edge(s, f, st_segment[j], st_fraction[j], ways)
            best = min(best, t + leg + st_access[j])
        if best <= limit:
            out[i] = best
    return out


@_jit
def rows_on_edges(rows, segment, segment_edge, mark):
    """Return which of some places on the network (numbers of ``rows``) lie on marked edges."""
    out = np.empty(rows.size, np.int64)
    size = 0
    for i in range(rows.size):
        out[size] = i
        size += mark[segment_edge[segment[rows[i]]]]
    return out[:size].copy()


@_jit
def tally(place, part, fate, weight, size, columns):
    """Return sums of weights by part and fate (size, columns), added up row by row.

    ``place`` is the place of each row, or empty where row i is place i. ``part`` and ``fate`` are
    those of places; a part of -1 is the last one.
    """
    out = np.zeros((size, columns))
    for r in range(weight.size):
        p = place[r] if place.size else r
        out[part[p], fate[p]] += weight[r]
    return out
