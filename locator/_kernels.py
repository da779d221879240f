"""Compiled loops over travel times. Each has a plain twin in the tests and a benchmark.

Searches keep their open nodes in *buckets* of ``2 ** shift`` milliseconds (Dial, 1969), used as a
label-correcting search inside a bucket. A label is one integer, ``time << STATION_BITS | station``:
comparing keys compares time, then station, so that results do not depend on the order of
relaxation. The open entries of a bucket are a linked list in a pool; a pool that overflows makes
the search begin again with a larger one (growing it inside the loop costs a factor of four).

Words: CSR arcs are ``indptr, arc`` with ``arc = ms << 32 | node``; *seeds* are the nodes and keys
with which a search from stations begins; ``CLOSED`` and ``NO_KEY`` mark what is not reached.
"""

import numba
import numpy as np

CLOSED = np.int32(2**30)

STATION_BITS = 24
STATION_MASK = (1 << STATION_BITS) - 1
NO_KEY = np.int64(CLOSED) << STATION_BITS | STATION_MASK

#: A part of a segment is rounded up after forgiving this much (ms): fractions carry noise.
PART_ROUNDING_MS = 1e-3

#: A place nearer than this to an end of its segment (mm) is at the junction there.
AT_END_MM = 1.0

#: Whether a station's windows have to be asked.
ASK, ALWAYS = True, False

_LOW = np.int64(0xFFFFFFFF)

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _nearest_labels(indptr, arc, seed_node, seed_key, limit, shift, room):
    """Search for ``nearest_labels`` with room for so many entries; false if it is too little."""
    key = np.full(indptr.size - 1, NO_KEY, np.int64)
    most = (np.int64(limit) + 1) << STATION_BITS
    shift_key = shift + STATION_BITS
    head = np.full((limit >> shift) + 1, -1, np.int32)
    entry_key = np.empty(room, np.int64)
    entry = np.empty((room, 2), np.int32)
    size = 0
    for i in range(seed_node.size):
        x, label = seed_node[i], seed_key[i]
        if label < key[x] and label < most:
            key[x] = label
            bucket = label >> shift_key
            entry_key[size], entry[size, 0], entry[size, 1] = label, x, head[bucket]
            head[bucket] = size
            size += 1
    for bucket in range(head.size):
        while head[bucket] >= 0:
            at = head[bucket]
            head[bucket] = entry[at, 1]
            x, label = entry[at, 0], entry_key[at]
            if key[x] != label:
                continue
            if size + indptr[x + 1] - indptr[x] > room:
                return False, key
            for a in range(indptr[x], indptr[x + 1]):
                y = arc[a] & _LOW
                there = label + ((arc[a] >> 32) << STATION_BITS)
                if there < key[y] and there < most:
                    key[y] = there
                    later = there >> shift_key
                    entry_key[size], entry[size, 0], entry[size, 1] = there, y, head[later]
                    head[later] = size
                    size += 1
    return True, key


@_jit
def nearest_labels(indptr, arc, seed_node, seed_key, limit, shift):
    """Return the key of the nearest station of every node (n,), ``NO_KEY`` beyond the limit."""
    room = 2 * indptr.size + arc.size + seed_node.size
    while True:
        done, key = _nearest_labels(indptr, arc, seed_node, seed_key, limit, shift, room)
        if done:
            return key
        room *= 2


@_jit
def _k_nearest_labels(indptr, arc, seed_node, seed_key, k, limit, shift, room):
    """Search for ``k_nearest_labels`` with room for so many entries; false if too little."""
    keys = np.full((indptr.size - 1, k), NO_KEY, np.int64)
    most = (np.int64(limit) + 1) << STATION_BITS
    shift_key = shift + STATION_BITS
    head = np.full((limit >> shift) + 1, -1, np.int32)
    entry_key = np.empty(room, np.int64)
    entry = np.empty((room, 2), np.int32)
    size = 0
    for i in range(seed_node.size):
        x, label = seed_node[i], seed_key[i]
        if label < most and _insert(label, keys[x]):
            bucket = label >> shift_key
            entry_key[size], entry[size, 0], entry[size, 1] = label, x, head[bucket]
            head[bucket] = size
            size += 1
    for bucket in range(head.size):
        while head[bucket] >= 0:
            at = head[bucket]
            head[bucket] = entry[at, 1]
            x, label = entry[at, 0], entry_key[at]
            fresh = False
            for i in range(k):
                fresh |= keys[x, i] == label
            if not fresh:
                continue
            if size + indptr[x + 1] - indptr[x] > room:
                return False, keys
            station = label & STATION_MASK
            for a in range(indptr[x], indptr[x + 1]):
                y = arc[a] & _LOW
                there = label + ((arc[a] >> 32) << STATION_BITS)
                if there >= most or there >= keys[y, k - 1]:
                    continue
                place = k - 1
                for i in range(k):
                    if keys[y, i] & STATION_MASK == station or keys[y, i] == NO_KEY:
                        place = i
                        break
                if keys[y, place] <= there:
                    continue
                while place > 0 and keys[y, place - 1] > there:
                    keys[y, place] = keys[y, place - 1]
                    place -= 1
                keys[y, place] = there
                later = there >> shift_key
                entry_key[size], entry[size, 0], entry[size, 1] = there, y, head[later]
                head[later] = size
                size += 1
    return True, keys


@_jit
def k_nearest_labels(indptr, arc, seed_node, seed_key, k, limit, shift):
    """Return the keys of the k nearest distinct stations of every node (n, k), ascending."""
    room = k * (2 * indptr.size + arc.size) + seed_node.size
    while True:
        done, keys = _k_nearest_labels(indptr, arc, seed_node, seed_key, k, limit, shift, room)
        if done:
            return keys
        room *= 2


@_jit
def _insert(label, keys):
    """Insert a label into an ascending row of distinct stations; true if it was taken."""
    place, station = keys.size - 1, label & STATION_MASK
    if label >= keys[place]:
        return False
    for i in range(keys.size):
        if keys[i] & STATION_MASK == station or keys[i] == NO_KEY:
            place = i
            break
    if keys[place] <= label:
        return False
    while place > 0 and keys[place - 1] > label:
        keys[place] = keys[place - 1]
        place -= 1
    keys[place] = label
    return True


@_jit
def _link(node, bucket, head, following, previous, place):
    """Put a node that is in no bucket at the head of one."""
    first = head[bucket]
    following[node] = first
    previous[node] = -1
    if first >= 0:
        previous[first] = node
    head[bucket] = node
    place[node] = bucket


@_jit
def _unlink(node, head, following, previous, place):
    """Take a node out of its bucket."""
    after, before = following[node], previous[node]
    if before >= 0:
        following[before] = after
    else:
        head[place[node]] = after
    if after >= 0:
        previous[after] = before
    place[node] = -1


@_jit
def _grow(array, size):
    """Return the array with twice the room."""
    larger = np.empty(2 * array.size, array.dtype)
    larger[:size] = array[:size]
    return larger


@_jit
def station_reach(indptr, arc, mm, seed_indptr, seed_node, seed_ms, seed_mm, limits, most):
    """Search from each station by itself: rows ``(node, which, ms, mm)``, at most ``most`` of them.

    The first answer is false when ``most`` did not suffice; the rows are then incomplete.
    """
    n = indptr.size - 1
    time = np.full(n, CLOSED, np.int32)
    length = np.full(n, CLOSED, np.int32)
    following = np.empty(n, np.int32)
    previous = np.empty(n, np.int32)
    place = np.full(n, -1, np.int32)
    shift = 12
    head = np.full((limits.max() >> shift) + 1 if limits.size else 1, -1, np.int32)
    touched = np.empty(n, np.int32)
    rows_node = np.empty(1024, np.int32)
    rows_which = np.empty(1024, np.int32)
    rows_ms = np.empty(1024, np.int32)
    rows_mm = np.empty(1024, np.int32)
    size = 0
    for which in range(limits.size):
        limit, count = limits[which], 0
        for i in range(seed_indptr[which], seed_indptr[which + 1]):
            x, t, m = seed_node[i], seed_ms[i], seed_mm[i]
            if t > limit or t > time[x] or (t == time[x] and m >= length[x]):
                continue
            if time[x] == CLOSED:
                touched[count] = x
                count += 1
            if place[x] >= 0:
                _unlink(x, head, following, previous, place)
            time[x], length[x] = t, m
            _link(x, t >> shift, head, following, previous, place)
        for bucket in range((limit >> shift) + 1):
            while head[bucket] >= 0:
                x = head[bucket]
                _unlink(x, head, following, previous, place)
                for a in range(indptr[x], indptr[x + 1]):
                    y, t = arc[a] & _LOW, np.int64(time[x]) + (arc[a] >> 32)
                    m = length[x] + mm[a]
                    if t > limit or t > time[y] or (t == time[y] and m >= length[y]):
                        continue
                    if time[y] == CLOSED:
                        touched[count] = y
                        count += 1
                    time[y], length[y] = t, m
                    if place[y] >= 0:
                        _unlink(y, head, following, previous, place)
                    _link(y, t >> shift, head, following, previous, place)
        if size + count > most:
            return False, rows_node[:size], rows_which[:size], rows_ms[:size], rows_mm[:size]
        while size + count > rows_node.size:
            rows_node = _grow(rows_node, size)
            rows_which = _grow(rows_which, size)
            rows_ms = _grow(rows_ms, size)
            rows_mm = _grow(rows_mm, size)
        for i in range(count):
            x = touched[i]
            rows_node[size], rows_which[size] = x, which
            rows_ms[size], rows_mm[size] = time[x], length[x]
            size += 1
            time[x] = length[x] = CLOSED
    return True, rows_node[:size], rows_which[:size], rows_ms[:size], rows_mm[:size]


@_jit
def part_ms(share, whole):
    """Return the time of a part of a segment, rounded up."""
    return np.int64(np.ceil(share * whole - PART_ROUNDING_MS))


@_jit
def times_to_ends(place, ends, to_u, to_v):
    """Return the times between a place and the ends of its edge, ``CLOSED`` where there is no way.

    ``place`` is the fraction of its segment and the time of its leg; ``ends`` are the lengths (mm)
    from it to u and v if they bound its segment, else infinite: nearer than ``AT_END_MM`` it is at
    that junction, whichever way the edge is open. ``to_u`` is the time over the segments before its
    own and over all of that, ``to_v`` over those after it and over all of that. Numbers, no arrays:
    to hand arrays over would cost more than all the rest.
    """
    f, leg = place
    u_ms = v_ms = np.int64(CLOSED)
    if to_u[1] < CLOSED:
        u_ms = np.int64(to_u[0]) + part_ms(f, to_u[1]) + leg
    elif ends[0] < AT_END_MM:
        u_ms = np.int64(leg)
    if to_v[1] < CLOSED:
        v_ms = np.int64(to_v[0]) + part_ms(1.0 - f, to_v[1]) + leg
    elif ends[1] < AT_END_MM:
        v_ms = np.int64(leg)
    return min(u_ms, np.int64(CLOSED)), min(v_ms, np.int64(CLOSED))


@_jit
def edge_exits(positions, edges, ways, towards):
    """Return times and lengths between places and the ends of their edges.

    ``positions`` are ``segment, fraction, access_m, access_ms, on``; ``edges`` are ``segment_edge,
    u, v, indptr``. The answer is ``edge, u, v, u_ms, v_ms, u_mm, v_mm, access_mm``.
    """
    segment, fraction, access_m, access_ms, on = positions
    segment_edge, edge_u, edge_v, indptr = edges
    ahead, back, before_ahead, before_back, mm, before_mm = ways
    if not towards:
        ahead, back, before_ahead, before_back = back, ahead, before_back, before_ahead
    size = segment.size
    out = np.empty((8, size), np.int32)
    for p in range(size):
        if not on[p]:
            out[0, p], out[1, p], out[2, p] = -1, 0, 0
            out[3, p] = out[4, p] = CLOSED
            out[5, p] = out[6, p] = out[7, p] = 0
            continue
        s, f = segment[p], fraction[p]
        e = segment_edge[s]
        last = indptr[e + 1] - 1
        after = np.int64(before_ahead[last]) + ahead[last] - before_ahead[s] - ahead[s]
        out[3, p], out[4, p] = times_to_ends(
            (f, access_ms[p]),
            (f * mm[s] if s == indptr[e] else np.inf, (1.0 - f) * mm[s] if s == last else np.inf),
            (before_back[s], back[s]),
            (after, ahead[s]),
        )
        walked = np.int64(access_m[p] * 1000.0 + 0.5)
        here = before_mm[s] + np.int64(f * mm[s] + 0.5)
        out[0, p], out[1, p], out[2, p] = e, edge_u[e], edge_v[e]
        out[5, p] = here + walked
        out[6, p] = before_mm[last] + mm[last] - here + walked
        out[7, p] = walked
    return out


@_jit
def may_arrive(station, ms, windows):
    """Tell for stations and times (flat arrays) whether the arrival falls into a window."""
    out = np.zeros(station.size, np.bool_)
    for i in range(station.size):
        if station[i] >= 0:
            out[i] = _valid(station[i], ms[i], windows)
    return out


@_jit
def along_edge(a, f, b, g, ways):  # noqa: PLR0911  numba wants plain branches
    """Return ``(ms, mm)`` from place (segment a, fraction f) to (b, g) along their common edge."""
    forward, backward, forward_before, backward_before, mm, before_mm = ways
    if b == a + 1 and g == 0.0:  # the same node may be the end of one segment or the next one's
        b, g = a, 1.0
    elif a == b + 1 and f == 0.0:
        a, f = b, 1.0
    length = np.int64(abs(before_mm[b] + g * mm[b] - before_mm[a] - f * mm[a]) + 0.5)
    if a == b:
        time = np.int64(CLOSED)
        if f <= g and forward[a] < CLOSED:
            time = part_ms(g - f, forward[a])
        if f >= g and backward[a] < CLOSED:
            time = min(time, part_ms(f - g, backward[a]))
        return time, length
    if a < b:
        if forward[a] >= CLOSED:
            return np.int64(CLOSED), length
        between = np.int64(forward_before[b]) - forward_before[a] - forward[a]
        return between + part_ms(1.0 - f, forward[a]) + part_ms(g, forward[b]), length
    if backward[a] >= CLOSED:
        return np.int64(CLOSED), length
    between = np.int64(backward_before[a]) - backward_before[b] - backward[b]
    return between + part_ms(f, backward[a]) + part_ms(1.0 - g, backward[b]), length


@_jit
def _valid(s, t, windows):
    """Tell whether arrival at station s after t milliseconds falls into one of its windows."""
    indptr, first, last = windows
    for i in range(indptr[s], indptr[s + 1]):  # noqa: SIM110  numba knows no generators
        if first[i] <= t <= last[i]:
            return True
    return False


@_jit
def best_time(exits, key, on_edge, ways, limit):
    """Return the time from each place to its nearest station, ``CLOSED`` beyond the limit."""
    edge, u, v, to_u, to_v, segment, fraction, access = exits
    indptr, st_segment, st_fraction, st_access = on_edge
    out = np.full(edge.size, CLOSED, np.int32)
    for p in range(edge.size):
        e = edge[p]
        if e < 0:
            continue
        best = min(to_u[p] + (key[u[p]] >> STATION_BITS), to_v[p] + (key[v[p]] >> STATION_BITS))
        for i in range(indptr[e], indptr[e + 1]):
            t, _ = along_edge(segment[p], fraction[p], st_segment[i], st_fraction[i], ways)
            best = min(best, t + access[p] + st_access[i])
        if best <= limit:
            out[p] = best
    return out


@_jit
def _offer(t, s, m, scale, limit, check, windows, keys, lengths):
    """Offer a station to a row of k answers, if it is within the limit and open on arrival."""
    real = np.int64(np.ceil(t / scale - 1e-9)) if scale != 1.0 else t
    if real > limit or (check and not _valid(s, real, windows)):
        return
    label = (real << STATION_BITS) | s
    last = keys.size - 1
    if label > keys[last]:
        return
    place = last
    for i in range(keys.size):
        if keys[i] & STATION_MASK == s or keys[i] == NO_KEY:
            place = i
            break
    if keys[place] < label or (keys[place] == label and lengths[place] <= m):
        return
    while place > 0 and keys[place - 1] > label:
        keys[place], lengths[place] = keys[place - 1], lengths[place - 1]
        place -= 1
    keys[place], lengths[place] = label, m


@_jit
def _descend(x, label, arcs, mm, keys, entries):
    """Return the length of the way from a node to the station of one of its labels (mm)."""
    indptr, arc = arcs
    u, v, u_ms, v_ms, u_mm, v_mm = entries
    s = label & STATION_MASK
    length = np.int64(0)
    while True:
        t = label >> STATION_BITS
        if u[s] == x and u_ms[s] == t:
            return length + u_mm[s]
        if v[s] == x and v_ms[s] == t:
            return length + v_mm[s]
        moved = False
        for a in range(indptr[x], indptr[x + 1]):
            y, there = arc[a] & _LOW, label - ((arc[a] >> 32) << STATION_BITS)
            for i in range(keys.shape[1]):
                if keys[y, i] == there:
                    length += mm[a]
                    x, label, moved = y, there, True
                    break
            if moved:
                break
        if not moved:
            return np.int64(CLOSED)


@_jit
def _sooner(t, m, other_t, other_m):
    """Return the faster of two ways, of equally fast ones the shorter."""
    if other_t < t or (other_t == t and other_m < m):
        return other_t, other_m
    return t, m


@_jit
def _offer_passing(p, exits, lengths, passing, stations, numbers, row, row_mm):
    """Offer the stations on a place's edge, and those whose windows must be asked.

    A window is asked with the fastest of all ways to a station: who could be there sooner does not
    wait for it to open.
    """
    (on_edge, windows, ways), (_, limit, scale) = stations, numbers
    edge, u, v, to_u, to_v, segment, fraction, access = exits
    indptr, st_index, st_segment, st_fraction, st_access, st_access_mm = on_edge
    pass_indptr, station, pass_ms, pass_mm = passing
    e = edge[p]
    t_u, t_v = np.int64(to_u[p]), np.int64(to_v[p])
    m_u, m_v = np.int64(lengths[0][p]), np.int64(lengths[1][p])
    i, i_end = np.int64(pass_indptr[u[p]]), np.int64(pass_indptr[u[p] + 1])
    j, j_end = np.int64(pass_indptr[v[p]]), np.int64(pass_indptr[v[p] + 1])
    if t_u >= CLOSED:
        i = i_end
    if t_v >= CLOSED:
        j = j_end
    for h in range(indptr[e], indptr[e + 1]):
        s = st_index[h]
        t, m = along_edge(segment[p], fraction[p], st_segment[h], st_fraction[h], ways)
        t += access[p] + st_access[h]
        m += lengths[2][p] + st_access_mm[h]
        at = i + np.searchsorted(station[i:i_end], s)
        if at < i_end and station[at] == s:
            t, m = _sooner(t, m, t_u + pass_ms[at], m_u + pass_mm[at])
        at = j + np.searchsorted(station[j:j_end], s)
        if at < j_end and station[at] == s:
            t, m = _sooner(t, m, t_v + pass_ms[at], m_v + pass_mm[at])
        _offer(t, s, m, scale, limit, ASK, windows, row, row_mm)
    while i < i_end or j < j_end:
        by_u = j >= j_end or (i < i_end and station[i] <= station[j])
        by_v = i >= i_end or (j < j_end and station[j] <= station[i])
        s = station[i] if by_u else station[j]
        t = m = np.int64(CLOSED)
        if by_u:
            t, m = t_u + pass_ms[i], m_u + pass_mm[i]
            i += 1
        if by_v:
            t, m = _sooner(t, m, t_v + pass_ms[j], m_v + pass_mm[j])
            j += 1
        beside = False
        for h in range(indptr[e], indptr[e + 1]):
            beside |= st_index[h] == s
        if not beside:
            _offer(t, s, m, scale, limit, ASK, windows, row, row_mm)


@_jit
def k_best(exits, lengths, labels, stations, out, entries, numbers):
    """Return keys and lengths (p, k) of the nearest stations that are open on arrival.

    ``labels`` are the keys of the stations that are open whenever one arrives, and a CSR by node of
    those whose windows must be asked with the place's own time. ``stations`` are those on edges,
    the windows, and the ways along edges. ``out`` are the forward arcs with their lengths, down
    which a label's way is found. ``numbers`` are k, the limit and the scale; times are divided by
    the scale.
    """
    (keys, passing), (_, windows, _), (k, limit, scale) = labels, stations, numbers
    edge, u, v, to_u, to_v = exits[:5]
    to_u_mm, to_v_mm, _ = lengths
    size = edge.size
    found = np.full((size, k), NO_KEY, np.int64)
    far = np.full((size, k), CLOSED, np.int64)
    for p in range(size):
        if edge[p] < 0:
            continue
        row, row_mm = found[p], far[p]
        _offer_passing(p, exits, lengths, passing, stations, numbers, row, row_mm)
        for side in range(2):
            x = u[p] if side == 0 else v[p]
            t0 = np.int64(to_u[p] if side == 0 else to_v[p])
            if t0 >= CLOSED:
                continue
            for i in range(keys.shape[1]):
                if keys[x, i] == NO_KEY:
                    break
                t, s = t0 + (keys[x, i] >> STATION_BITS), keys[x, i] & STATION_MASK
                _offer(t, s, -1 - 2 * i - side, scale, limit, ALWAYS, windows, row, row_mm)
        for i in range(k):
            if row_mm[i] < 0:
                which = -1 - row_mm[i]
                x = u[p] if which % 2 == 0 else v[p]
                row_mm[i] = to_u_mm[p] if which % 2 == 0 else to_v_mm[p]
                row_mm[i] += _descend(x, keys[x, which // 2], out[:2], out[2], keys, entries)
    return found, far


@_jit
def _push(heap_time, heap_node, size, t, x):
    """Push onto a binary heap; return its size."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if heap_time[parent] <= t:
            break
        heap_time[i], heap_node[i] = heap_time[parent], heap_node[parent]
        i = parent
    heap_time[i], heap_node[i] = t, x
    return size + 1


@_jit
def _pop(heap_time, heap_node, size):
    """Remove the head of a binary heap; return the new size."""
    size -= 1
    t, x = heap_time[size], heap_node[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and heap_time[child + 1] < heap_time[child]:
            child += 1
        if heap_time[child] >= t:
            break
        heap_time[i], heap_node[i] = heap_time[child], heap_node[child]
        i = child
    heap_time[i], heap_node[i] = t, x
    return size


@_jit
def k_search(exits, lengths, arcs, seeds, stations, numbers):
    """Answer as ``k_best`` does, by a search from each place: for large k and crowded hours.

    Stations are nodes of the search too (from ``n`` on), so that windows are asked with the fastest
    of all ways.
    """
    (on_edge, windows, ways), (k, limit, scale) = stations, numbers
    reach = np.int64(np.floor(limit * scale + 1e-6))
    edge, u, v, to_u, to_v, segment, fraction, access = exits
    to_u_mm, to_v_mm, access_mm = lengths
    arc_indptr, arc, arc_mm = arcs
    seed_indptr, seed_station, seed_ms, seed_mm = seeds
    indptr, st_index, st_segment, st_fraction, st_access, st_access_mm = on_edge
    n, size = arc_indptr.size - 1, edge.size
    found = np.full((size, k), NO_KEY, np.int64)
    far = np.full((size, k), CLOSED, np.int64)
    node_time = np.full(n + windows[0].size, CLOSED, np.int32)
    node_mm = np.full(node_time.size, CLOSED, np.int32)
    touched = np.empty(node_time.size, np.int32)
    room = arc.size + seed_station.size + st_index.size + 4
    heap_time = np.empty(room, np.int32)
    heap_node = np.empty(room, np.int32)
    for p in range(size):
        e = edge[p]
        if e < 0:
            continue
        row, row_mm = found[p], far[p]
        count = heap = 0
        for i in range(indptr[e], indptr[e + 1]):
            t, m = along_edge(segment[p], fraction[p], st_segment[i], st_fraction[i], ways)
            t += access[p] + st_access[i]
            if t <= reach:
                x = n + st_index[i]
                touched[count] = x
                count += 1
                node_time[x], node_mm[x] = t, m + access_mm[p] + st_access_mm[i]
                heap = _push(heap_time, heap_node, heap, t, x)
        for side in range(2):
            x = u[p] if side == 0 else v[p]
            t, m = (to_u[p], to_u_mm[p]) if side == 0 else (to_v[p], to_v_mm[p])
            if t <= reach and (t < node_time[x] or (t == node_time[x] and m < node_mm[x])):
                if node_time[x] == CLOSED:
                    touched[count] = x
                    count += 1
                node_time[x], node_mm[x] = t, m
                heap = _push(heap_time, heap_node, heap, t, x)
        while heap > 0:
            t, x = heap_time[0], heap_node[0]
            if np.ceil(t / scale - 1e-9) > row[k - 1] >> STATION_BITS:
                break
            heap = _pop(heap_time, heap_node, heap)
            if t > node_time[x]:
                continue
            if x >= n:
                m = np.int64(node_mm[x])
                _offer(np.int64(t), x - n, m, scale, limit, ASK, windows, row, row_mm)
                continue
            for i in range(seed_indptr[x], seed_indptr[x + 1]):
                y, there = n + seed_station[i], np.int64(t) + seed_ms[i]
                m = np.int64(node_mm[x]) + seed_mm[i]
                if there > reach or there > node_time[y]:
                    continue
                if there == node_time[y] and m >= node_mm[y]:
                    continue
                if node_time[y] == CLOSED:
                    touched[count] = y
                    count += 1
                node_time[y], node_mm[y] = there, m
                heap = _push(heap_time, heap_node, heap, there, y)
            for a in range(arc_indptr[x], arc_indptr[x + 1]):
                y, there = arc[a] & _LOW, np.int64(t) + (arc[a] >> 32)
                m = node_mm[x] + arc_mm[a]
                if there > reach or there > node_time[y]:
                    continue
                if there == node_time[y] and m >= node_mm[y]:
                    continue
                if node_time[y] == CLOSED:
                    touched[count] = y
                    count += 1
                later = there < node_time[y]
                node_time[y], node_mm[y] = there, m
                if later:
                    heap = _push(heap_time, heap_node, heap, there, y)
        for i in range(count):
            node_time[touched[i]] = node_mm[touched[i]] = CLOSED
    return found, far
