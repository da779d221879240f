"""Compiled loops over what lies near by straight line and far by the streets.

A *disk grid* is ``(west, south, width, height, columns, rows, indptr, station)``: a lattice in
degrees whose cells list the stations that a place in them may have within a straight line.
"""

import numba
import numpy as np

from locator._kernels import (
    CLOSED,
    NO_KEY,
    STATION_BITS,
    STATION_MASK,
    along_edge,
    times_to_ends,
)
from locator._snap_kernels import metres_per_degree

_jit = numba.njit(cache=True, nogil=True)

_STEP = 0.01  # of latitude (degrees), to tell how the scale changes


@_jit
def disk_grid(lon, lat, radius_lon, radius_lat, lattice):
    """Return the CSR ``(indptr, station)`` of stations by the cells that their disks may touch."""
    west, south, width, height, columns, rows = lattice
    counts = np.zeros(columns * rows + 1, np.int64)
    station = np.empty(0, np.int32)
    for writing in (False, True):  # a first pass counts, a second one writes
        for s in range(lon.size):
            c1 = max(int(np.floor((lon[s] - radius_lon - west) / width)), 0)
            c2 = min(int(np.floor((lon[s] + radius_lon - west) / width)), columns - 1)
            r1 = max(int(np.floor((lat[s] - radius_lat - south) / height)), 0)
            r2 = min(int(np.floor((lat[s] + radius_lat - south) / height)), rows - 1)
            for row in range(r1, r2 + 1):
                for column in range(c1, c2 + 1):
                    cell = row * columns + column
                    x, y = west + column * width, south + row * height
                    dx = max(x - lon[s], lon[s] - x - width, 0.0) / radius_lon
                    dy = max(y - lat[s], lat[s] - y - height, 0.0) / radius_lat
                    if dx * dx + dy * dy > 1.0:
                        continue
                    if writing:
                        station[counts[cell]] = s
                        counts[cell] += 1
                    else:
                        counts[cell + 1] += 1
        if not writing:
            counts = np.cumsum(counts)
            station = np.empty(counts[-1], np.int32)
    indptr = np.zeros(counts.size, np.int64)
    indptr[1:] = counts[:-1]  # writing has moved every pointer on to the next one
    return indptr, station


@_jit
def nearest_by_line(rows, places, lines, stations, grid, radius_m, k):
    """Return the places with k stations within a radius: ``(number, station, metres)``.

    ``places`` are ``segment, fraction`` of all places, ``rows`` those asked about, and ``number``
    (m,) which of these have so many; ``stations`` are ``lon, lat``. Of each of them the k nearest
    follow, ``station, metres`` (m, k), sorted by metres, then station.
    """
    segment, fraction = places
    lon, lat = stations
    east, slope, north = np.empty(lon.size), np.empty(lon.size), np.empty(lon.size)
    for s in range(lon.size):  # half the change of the scale from the station to a place
        east[s], north[s] = metres_per_degree(lat[s])
        slope[s] = (metres_per_degree(lat[s] + _STEP)[0] - east[s]) / (2.0 * _STEP)
    west, south, width, height, columns, rows_high, indptr, item = grid
    number = np.empty(rows.size, np.int64)
    found = np.empty((rows.size, k), np.int32)
    metres = np.empty((rows.size, k), np.float64)
    m = 0
    for i in range(rows.size):
        s, f = segment[rows[i]], fraction[rows[i]]
        x = lines[s, 0] + f * (lines[s, 2] - lines[s, 0])
        y = lines[s, 1] + f * (lines[s, 3] - lines[s, 1])
        column, row = int(np.floor((x - west) / width)), int(np.floor((y - south) / height))
        if column < 0 or row < 0 or column >= columns or row >= rows_high:
            continue
        cell = row * columns + column
        if indptr[cell + 1] - indptr[cell] < k:
            continue
        for j in range(k):
            metres[m, j] = np.inf
        for j in range(indptr[cell], indptr[cell + 1]):
            s = item[j]
            dy = y - lat[s]
            across, along = (x - lon[s]) * (east[s] + slope[s] * dy), dy * north[s]
            away = np.sqrt(across * across + along * along)
            if away > radius_m or away >= metres[m, k - 1]:
                continue
            place = k - 1
            while place > 0 and metres[m, place - 1] > away:
                found[m, place], metres[m, place] = found[m, place - 1], metres[m, place - 1]
                place -= 1
            found[m, place], metres[m, place] = s, away
        if metres[m, k - 1] < np.inf:
            number[m] = i
            m += 1
    return number[:m].copy(), found[:m].copy(), metres[:m].copy()


@_jit
def metres_between(lon, lat, one, other):
    """Return the straight lines between points of one table, given by their rows."""
    out = np.empty(one.size, np.float64)
    for i in range(one.size):
        a, b = one[i], other[i]
        east, north = metres_per_degree(0.5 * (lat[a] + lat[b]))
        out[i] = np.hypot((lon[a] - lon[b]) * east, (lat[a] - lat[b]) * north)
    return out


@_jit
def ways_to(indptr, reached, exits, lengths, entries, ways, size):
    """Return the length (mm) of the shortest way of each place to its station.

    Places are sorted by station, from ``indptr`` on. ``reached`` are ``indptr, node,
    mm``: the junctions of each station. ``exits, lengths`` belong to the places, ``entries`` are
    ``edge, segment, fraction, access_mm`` of the stations. Access legs do not count; ``CLOSED``
    where no way was found.
    """
    reach_indptr, node, reach_mm = reached
    edge, u, v, to_u, to_v, segment, fraction, _ = exits
    u_mm, v_mm, access_mm = lengths
    st_edge, st_segment, st_fraction, st_access_mm = entries
    length = np.full(size, CLOSED, np.int64)
    out = np.full(edge.size, CLOSED, np.int64)
    for s in range(indptr.size - 1):
        for i in range(reach_indptr[s], reach_indptr[s + 1]):
            length[node[i]] = reach_mm[i]
        for p in range(indptr[s], indptr[s + 1]):
            best = np.int64(CLOSED)
            legs = np.int64(access_mm[p]) + st_access_mm[s]
            if edge[p] == st_edge[s]:
                t, m = along_edge(segment[p], fraction[p], st_segment[s], st_fraction[s], ways)
                if t < CLOSED:
                    best = m
            if to_u[p] < CLOSED and length[u[p]] < CLOSED:
                best = min(best, u_mm[p] + length[u[p]] - legs)
            if to_v[p] < CLOSED and length[v[p]] < CLOSED:
                best = min(best, v_mm[p] + length[v[p]] - legs)
            out[p] = best
        for i in range(reach_indptr[s], reach_indptr[s + 1]):
            length[node[i]] = CLOSED
    return out


@_jit
def ways_by_labels(rows, places, edges, ways, keys, station, entries):
    """Return the least way (mm) of each place to its station that labels allow: ``(mm, exact)``.

    ``places`` are ``segment, fraction, access_ms`` of all places on the network, ``rows`` those
    asked about; ``edges`` are ``segment_edge, u, v, indptr``. ``keys`` are the labels of the
    station nearest by length. No way to any station is shorter; where a place's station is that
    one, the way is exact. Nothing is told (0) of places on the edge of their station. ``entries``
    are ``edge, access_mm`` of all stations. Access legs do not count; ``CLOSED`` beyond the labels.
    """
    segment, fraction, access_ms = places
    ahead, back, before_ahead, before_back, mm, before_mm = ways
    segment_edge, u, v, indptr = edges
    st_edge, st_access_mm = entries
    out = np.zeros(rows.size, np.int64)
    exact = np.zeros(rows.size, np.bool_)
    for i in range(rows.size):
        p, s = rows[i], station[i]
        a, f = segment[p], fraction[p]
        e = segment_edge[a]
        if e == st_edge[s]:
            continue
        last = indptr[e + 1] - 1
        after = np.int64(before_ahead[last]) + ahead[last] - before_ahead[a] - ahead[a]
        to_u, to_v = times_to_ends(
            (f, access_ms[p]),
            (f * mm[a] if a == indptr[e] else np.inf, (1.0 - f) * mm[a] if a == last else np.inf),
            (before_back[a], back[a]),
            (after, ahead[a]),
        )
        here = before_mm[a] + np.int64(f * mm[a] + 0.5)
        best, nearest = np.int64(CLOSED), np.int64(-1)
        if to_u < CLOSED and keys[u[e]] < NO_KEY:
            best = here + (keys[u[e]] >> STATION_BITS)
            nearest = keys[u[e]] & STATION_MASK
        if to_v < CLOSED and keys[v[e]] < NO_KEY:
            there = before_mm[last] + mm[last] - here + (keys[v[e]] >> STATION_BITS)
            if there < best:
                best, nearest = there, keys[v[e]] & STATION_MASK
        if nearest >= 0:
            best -= st_access_mm[s]  # legs of places are in no length here
        out[i], exact[i] = best, nearest == s
    return out, exact
