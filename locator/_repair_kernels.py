"""Compiled loops that repair labels after stations have come or gone.

Words and keys are those of `locator._kernels`: a key is ``time << STATION_BITS | station``, labels
are the k smallest keys of distinct stations of every node. A label that was right stays so unless a
station of its row has gone: such rows are emptied, and filled again from the rows around them, from
stations beside them and from new stations. What is improved is handed on until nothing improves, so
that the result is the one of a search from scratch, to the bit.
"""

import numpy as np

from locator._kernels import _LOW, NO_KEY, STATION_BITS, STATION_MASK, _grow, _insert, _jit

_FEW = 4096


@_jit
def renamed(keys, new):
    """Return labels (n, k) under new station numbers, and the rows with a station that has gone.

    ``new`` is the number of each station, -1 where it has gone. Numbers keep their order, so that
    rows stay sorted. A row with a station that has gone is empty.
    """
    n, k = keys.shape
    out = np.empty((n, k), np.int64)
    emptied = np.empty(_FEW, np.int32)
    size = 0
    for x in range(n):
        gone = False
        for i in range(k):
            key = keys[x, i]
            if key == NO_KEY:
                out[x, i] = NO_KEY
                continue
            number = new[key & STATION_MASK]
            gone |= number < 0
            out[x, i] = (key & ~STATION_MASK) | (number & STATION_MASK)
        if gone:
            for i in range(k):
                out[x, i] = NO_KEY
            if size == emptied.size:
                emptied = _grow(emptied, size)
            emptied[size] = x
            size += 1
    return out, emptied[:size]


@_jit
def _repair(keys, emptied, arcs_in, arcs_out, seed_node, seed_key, fresh, limit, shift, room):
    """Repair as ``repair`` does, with room for so many entries; false if it is too little."""
    (indptr, arc), (out_indptr, out_arc) = arcs_in, arcs_out
    n, k = keys.shape
    most = (np.int64(limit) + 1) << STATION_BITS
    shift_key = shift + STATION_BITS
    head = np.full((limit >> shift) + 1, -1, np.int32)
    entry_key = np.empty(room, np.int64)
    entry = np.empty((room, 2), np.int32)
    size = 0
    hollow = np.zeros(n if emptied.size else 0, np.bool_)
    for x in emptied:
        hollow[x] = True
    for i in range(seed_node.size):
        x, label = seed_node[i], seed_key[i]
        wanted = fresh[label & STATION_MASK] or (emptied.size > 0 and hollow[x])
        if wanted and label < most and _insert(label, keys[x]):
            if size == room:
                return False
            bucket = label >> shift_key
            entry_key[size], entry[size, 0], entry[size, 1] = label, x, head[bucket]
            head[bucket] = size
            size += 1
    for x in emptied:
        for a in range(out_indptr[x], out_indptr[x + 1]):
            y = out_arc[a] & _LOW
            if hollow[y]:
                continue
            for i in range(k):
                if keys[y, i] == NO_KEY:
                    break
                label = keys[y, i] + ((out_arc[a] >> 32) << STATION_BITS)
                if label < most and _insert(label, keys[x]):
                    if size == room:
                        return False
                    bucket = label >> shift_key
                    entry_key[size], entry[size, 0], entry[size, 1] = label, x, head[bucket]
                    head[bucket] = size
                    size += 1
    for bucket in range(head.size):
        while head[bucket] >= 0:
            at = head[bucket]
            head[bucket] = entry[at, 1]
            x, label = entry[at, 0], entry_key[at]
            current = False
            for i in range(k):
                current |= keys[x, i] == label
            if not current:
                continue
            for a in range(indptr[x], indptr[x + 1]):
                y = arc[a] & _LOW
                there = label + ((arc[a] >> 32) << STATION_BITS)
                if there < most and _insert(there, keys[y]):
                    if size == room:
                        return False
                    later = there >> shift_key
                    entry_key[size], entry[size, 0], entry[size, 1] = there, y, head[later]
                    head[later] = size
                    size += 1
    return True


@_jit
def repair(old_keys, new, arcs_in, arcs_out, seed_node, seed_key, fresh, limit, shift):
    """Return the labels (n, k) of other stations from those of some.

    ``old_keys`` are the labels of the stations before, ``new`` their numbers now (-1: gone).
    ``seed_node, seed_key`` are the seeds of all stations now, ``fresh`` marks the numbers of those
    that were not there. ``arcs_in`` and ``arcs_out`` are ``indptr, arc`` of the reversed and of the
    forward arcs.
    """
    room = _FEW
    while True:
        keys, emptied = renamed(old_keys, new)
        enough = max(room, 4 * keys.shape[1] * emptied.size)
        if _repair(
            keys, emptied, arcs_in, arcs_out, seed_node, seed_key, fresh, limit, shift, enough
        ):
            return keys
        room = 4 * enough


@_jit
def by_row(row, size):
    """Return the CSR of entries by row: ``indptr, entry``, without those of a row below 0."""
    indptr = np.zeros(size + 1, np.int32)
    for i in range(row.size):
        if row[i] >= 0:
            indptr[row[i] + 1] += 1
    for x in range(size):
        indptr[x + 1] += indptr[x]
    entry = np.empty(indptr[size], np.int32)
    at = indptr[:-1].copy()
    for i in range(row.size):
        x = row[i]
        if x >= 0:
            entry[at[x]] = i
            at[x] += 1
    return indptr, entry


@_jit
def entries_of(indptr, entry, rows):
    """Return the entries of some rows of a CSR, one row after the other."""
    size = 0
    for x in rows:
        size += indptr[x + 1] - indptr[x]
    out = np.empty(size, np.int64)
    at = 0
    for x in rows:
        for i in range(indptr[x], indptr[x + 1]):
            out[at] = entry[i]
            at += 1
    return out


@_jit
def edges_beside(edge_u, edge_v, mark):
    """Return the edges with a marked junction at an end, ascending."""
    out = np.empty(_FEW, np.int32)
    size = 0
    for e in range(edge_u.size):
        if mark[edge_u[e]] or mark[edge_v[e]]:
            if size == out.size:
                out = _grow(out, size)
            out[size] = e
            size += 1
    return out[:size]


@_jit
def mixed_rows(old, new, come, by_node):
    """Return ``indptr, station, ms, mm`` by junction of stations that stay and that have come.

    ``old`` are such rows under the old numbers, ``new`` the number of each station now (-1: not
    among them). ``come`` are rows ``(node, station, ms, mm)`` of other stations, station by
    station, and ``by_node`` the order that sorts them by node.
    """
    indptr, station, ms, mm = old
    come_node, come_station, come_ms, come_mm = come
    n = indptr.size - 1
    most = station.size + come_node.size
    out_indptr = np.zeros(n + 1, np.int32)
    out_station = np.empty(most, np.int32)
    out_ms = np.empty(most, np.int32)
    out_mm = np.empty(most, np.int32)
    size = at = 0
    for x in range(n):
        for i in range(indptr[x], indptr[x + 1]):
            number = new[station[i]]
            if number < 0:
                continue
            while at < by_node.size and come_node[by_node[at]] == x:
                j = by_node[at]
                if come_station[j] > number:
                    break
                out_station[size], out_ms[size], out_mm[size] = (
                    come_station[j],
                    come_ms[j],
                    come_mm[j],
                )
                size += 1
                at += 1
            out_station[size], out_ms[size], out_mm[size] = number, ms[i], mm[i]
            size += 1
        while at < by_node.size and come_node[by_node[at]] == x:
            j = by_node[at]
            out_station[size], out_ms[size], out_mm[size] = come_station[j], come_ms[j], come_mm[j]
            size += 1
            at += 1
        out_indptr[x + 1] = size
    return out_indptr, out_station[:size].copy(), out_ms[:size].copy(), out_mm[:size].copy()
