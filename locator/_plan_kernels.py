"""Compiled loops of plans: which places each option would cover, and in what time.

Words are those of `locator._kernels`. An *option* is a station that might be; its ``seed_*`` rows
are the junctions beside it and the time from them to it. Places hang on the junctions at the ends
of their edges (CSR by junction: ``place, to_ms``) and on their edges (CSR by edge).
"""

import numba
import numpy as np

from locator._kernels import CLOSED, along_edge

_LOW = np.int64(0xFFFFFFFF)

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _reach(arcs, seeds, first, last, limit, sooner, state):
    """Search from one option: fill ``time`` and list the junctions reached; return their number.

    The open junctions lie in buckets of ``2 ** shift`` milliseconds; one may lie in several, and
    only the entry with its present time counts. Junctions are passed by at less than ``sooner``
    only: who is there later gains nothing.
    """
    indptr, arc = arcs
    seed_node, seed_ms = seeds
    time, touched, head, following, entry, entry_ms, shift = state
    count, size = 0, 0
    for i in range(first, last):
        x, t = seed_node[i], seed_ms[i]
        if t > limit or t >= time[x] or t >= sooner[x]:
            continue
        if time[x] == CLOSED:
            touched[count] = x
            count += 1
        time[x] = t
        entry[size], entry_ms[size], following[size] = x, t, head[t >> shift]
        head[t >> shift] = size
        size += 1
    for bucket in range((limit >> shift) + 1):
        while head[bucket] >= 0:
            at = head[bucket]
            head[bucket] = following[at]
            x = entry[at]
            if time[x] != entry_ms[at]:
                continue
            for a in range(indptr[x], indptr[x + 1]):
                y, t = arc[a] & _LOW, np.int64(time[x]) + (arc[a] >> 32)
                if t > limit or t >= time[y] or t >= sooner[y]:
                    continue
                if time[y] == CLOSED:
                    touched[count] = y
                    count += 1
                time[y] = t
                if size == entry.size:
                    return -1  # no room; the caller begins again with more
                entry[size], entry_ms[size], following[size] = y, t, head[t >> shift]
                head[t >> shift] = size
                size += 1
    return count


@_jit
def _offer(place, t, limit, best, listed, count):
    """Offer a time to a place; return how many places are listed."""
    if t <= limit and t < best[place]:
        if best[place] == CLOSED:
            listed[count] = place
            count += 1
        best[place] = t
    return count


@_jit
def _open_at(option, t, windows):
    """Tell whether arrival at an option after t milliseconds falls into one of its windows."""
    indptr, first, last = windows
    for i in range(indptr[option], indptr[option + 1]):  # noqa: SIM110  numba knows no generators
        if first[i] <= t <= last[i]:
            return True
    return False


@_jit
def _enlarged(array, size, needed):
    """Return an array with room for so many more, its first entries kept."""
    if size + needed <= array.size:
        return array
    out = np.empty(max(2 * array.size, size + needed), array.dtype)
    out[:size] = array[:size]
    return out


@_jit
def option_reach(arcs, options, places, ways, windows, within, sooner, room):
    """Return the places that options cover as a CSR ``indptr, place, ms``, ascending by place.

    ``options`` are ``seed_indptr, seed_node, seed_ms, edge, segment, fraction, access_ms``;
    ``places`` are ``node_indptr, node_place, node_ms, edge_indptr, edge_place, segment, fraction,
    access_ms``; ``within`` is the longest time for each place (p,): the limit, or less where only
    sooner is better; ``sooner`` (n,) the time at which a junction has no more to gain. The first
    answer is false when ``room`` open junctions did not suffice.
    """
    seed_indptr, seed_node, seed_ms, o_edge, o_segment, o_fraction, o_access = options
    node_indptr, node_place, node_ms, edge_indptr, edge_place, segment, fraction, access = places
    limit = np.int64(within.max()) if within.size else np.int64(0)
    n = arcs[0].size - 1
    shift = 12
    time = np.full(n, CLOSED, np.int32)
    touched = np.empty(n, np.int32)
    head = np.full((limit >> shift) + 1, -1, np.int32)
    following, entry = np.empty(room, np.int32), np.empty(room, np.int32)
    entry_ms = np.empty(room, np.int32)
    state = (time, touched, head, following, entry, entry_ms, shift)
    best = np.full(within.size, CLOSED, np.int32)
    listed = np.empty(within.size, np.int32)
    indptr = np.zeros(o_edge.size + 1, np.int64)
    out_place, out_ms = np.empty(1024, np.int32), np.empty(1024, np.int32)
    size = 0
    for o in range(o_edge.size):
        count = 0
        found = 0
        if windows[0][o + 1] > windows[0][o]:
            count = _reach(
                arcs, (seed_node, seed_ms), seed_indptr[o], seed_indptr[o + 1], limit, sooner, state
            )
        if count < 0:
            return False, indptr, out_place, out_ms
        for i in range(count):
            x = touched[i]
            for r in range(node_indptr[x], node_indptr[x + 1]):
                t = np.int64(time[x]) + node_ms[r]
                found = _offer(node_place[r], t, within[node_place[r]], best, listed, found)
            time[x] = CLOSED
        e = o_edge[o]
        if e >= 0 and windows[0][o + 1] > windows[0][o]:
            for r in range(edge_indptr[e], edge_indptr[e + 1]):
                p = edge_place[r]
                t, _ = along_edge(segment[p], fraction[p], o_segment[o], o_fraction[o], ways)
                t += access[p] + o_access[o]
                found = _offer(p, t, within[p], best, listed, found)
        row = np.sort(listed[:found])
        out_place = _enlarged(out_place, size, found)
        out_ms = _enlarged(out_ms, size, found)
        for p in row:
            if _open_at(o, best[p], windows):
                out_place[size], out_ms[size] = p, best[p]
                size += 1
            best[p] = CLOSED
        indptr[o + 1] = size
    return True, indptr, out_place[:size], out_ms[:size]


@_jit
def spread(indptr, point, ms, mask, masks, row_indptr, kind):
    """Return a cover of points as one of their rows: those whose kind of hour the mask has.

    ``indptr, point, ms, mask`` are of options (CSR); ``row_indptr`` tells the rows of each point
    (n + 1,), ``kind`` the column of ``masks`` that each row stands for (r,).
    """
    out_indptr = np.zeros(indptr.size, np.int64)
    for o in range(indptr.size - 1):
        count = 0
        for e in range(indptr[o], indptr[o + 1]):
            for r in range(row_indptr[point[e]], row_indptr[point[e] + 1]):
                count += masks[mask[e], kind[r]]
        out_indptr[o + 1] = out_indptr[o] + count
    out = np.empty(out_indptr[-1], np.int32)
    out_ms = np.empty(out_indptr[-1], np.int32)
    size = 0
    for e in range(point.size):
        for r in range(row_indptr[point[e]], row_indptr[point[e] + 1]):
            if masks[mask[e], kind[r]]:
                out[size], out_ms[size] = r, ms[e]
                size += 1
    return out_indptr, out, out_ms
