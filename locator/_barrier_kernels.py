"""Compiled loops over what lies near by straight line and far by the streets.

A *disk grid* is ``(west, south, width, height, columns, rows, indptr, station)``: a lattice in
degrees whose cells list the stations that a place in them may have within a straight line.
"""

import numba
import numpy as np

from locator._kernels import CLOSED, along_edge
from locator._snap_kernels import metres_per_degree

_jit = numba.njit(cache=True, nogil=True)


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
def nearest_by_line(places, lines, stations, grid, radius_m, k):
    """Return the k stations nearest by straight line within a radius: ``(station, metres)`` (p, k).

    ``places`` are ``segment, fraction``, ``stations`` are ``lon, lat``; rows are padded with -1 and
    infinity, and sorted by metres, then station.
    """
    segment, fraction = places
    lon, lat = stations
    west, south, width, height, columns, rows, indptr, item = grid
    found = np.full((segment.size, k), -1, np.int32)
    metres = np.full((segment.size, k), np.inf, np.float64)
    for p in range(segment.size):
        line, f = lines[segment[p]], fraction[p]
        x, y = line[0] + f * (line[2] - line[0]), line[1] + f * (line[3] - line[1])
        column, row = int(np.floor((x - west) / width)), int(np.floor((y - south) / height))
        if column < 0 or row < 0 or column >= columns or row >= rows:
            continue
        cell = row * columns + column
        for i in range(indptr[cell], indptr[cell + 1]):
            s = item[i]
            east, north = metres_per_degree(0.5 * (y + lat[s]))
            away = np.hypot((lon[s] - x) * east, (lat[s] - y) * north)
            if away > radius_m or away >= metres[p, k - 1]:
                continue
            place = k - 1
            while place > 0 and metres[p, place - 1] > away:
                found[p, place], metres[p, place] = found[p, place - 1], metres[p, place - 1]
                place -= 1
            found[p, place], metres[p, place] = s, away
    return found, metres


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
def ways_to(pairs, reached, exits, lengths, entries, ways, size):
    """Return the length (mm) of the fastest way of each pair of a place and a station.

    ``pairs`` are ``indptr, place``: the places of each station. ``reached`` are ``indptr, node, ms,
    mm``: the junctions of each station. ``exits, lengths`` belong to the places, ``entries`` are
    ``edge, segment, fraction, access_ms, access_mm`` of the stations. Access legs do not count;
    ``CLOSED`` where no way was found.
    """
    pair_indptr, place = pairs
    indptr, node, reach_ms, reach_mm = reached
    edge, u, v, to_u, to_v, segment, fraction, access = exits
    u_mm, v_mm, access_mm = lengths
    st_edge, st_segment, st_fraction, st_access, st_access_mm = entries
    time = np.full(size, CLOSED, np.int64)
    length = np.full(size, CLOSED, np.int64)
    out = np.full(place.size, CLOSED, np.int64)
    for s in range(pair_indptr.size - 1):
        for i in range(indptr[s], indptr[s + 1]):
            time[node[i]], length[node[i]] = reach_ms[i], reach_mm[i]
        for i in range(pair_indptr[s], pair_indptr[s + 1]):
            p = place[i]
            best, far = np.int64(CLOSED), np.int64(CLOSED)
            legs = np.int64(access_mm[p]) + st_access_mm[s]
            if edge[p] == st_edge[s]:
                t, m = along_edge(segment[p], fraction[p], st_segment[s], st_fraction[s], ways)
                t += access[p] + st_access[s]
                if t < best:
                    best, far = t, m
            for side in range(2):
                x = u[p] if side == 0 else v[p]
                t, m = (to_u[p], u_mm[p]) if side == 0 else (to_v[p], v_mm[p])
                if t >= CLOSED or time[x] >= CLOSED:
                    continue
                there, metres = t + time[x], m + length[x] - legs
                if there < best or (there == best and metres < far):
                    best, far = there, metres
            out[i] = far
        for i in range(indptr[s], indptr[s + 1]):
            time[node[i]] = length[node[i]] = CLOSED
    return out
