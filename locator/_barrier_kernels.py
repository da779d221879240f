"""Compiled loops over what lies near by straight line and far by the streets.

A *disk grid* is ``(west, south, width, height, columns, rows, indptr, station)``: a lattice in
degrees whose cells list the stations that a place in them may have within a straight line.
"""

import numba
import numpy as np

from locator._kernels import CLOSED, NO_KEY, STATION_BITS, STATION_MASK, along_edge
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
def lines_near(lines, grid):
    """Mark the lines whose box touches a cell of the grid with any station."""
    west, south, width, height, columns, rows, indptr, _ = grid
    out = np.zeros(lines.shape[0], np.bool_)
    for i in range(lines.shape[0]):
        a, b, c, d = lines[i]
        c1 = max(int(np.floor((min(a, c) - west) / width)), 0)
        c2 = min(int(np.floor((max(a, c) - west) / width)), columns - 1)
        r1 = max(int(np.floor((min(b, d) - south) / height)), 0)
        r2 = min(int(np.floor((max(b, d) - south) / height)), rows - 1)
        for row in range(r1, r2 + 1):
            cell = row * columns
            if c1 <= c2 and indptr[cell + c2 + 1] > indptr[cell + c1]:
                out[i] = True
                break
    return out


@_jit
def nearest_by_line(places, lines, stations, grid, radius_m, k):
    """Return the k stations nearest by straight line within a radius: ``(station, metres)`` (p, k).

    ``places`` are ``segment, fraction``, ``stations`` are ``lon, lat``; rows are padded with -1 and
    infinity, and sorted by metres, then station.
    """
    segment, fraction = places
    lon, lat = stations
    east, slope, north = np.empty(lon.size), np.empty(lon.size), np.empty(lon.size)
    for s in range(lon.size):  # half the change of the scale from the station to a place
        east[s], north[s] = metres_per_degree(lat[s])
        slope[s] = (metres_per_degree(lat[s] + _STEP)[0] - east[s]) / (2.0 * _STEP)
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
            dy = y - lat[s]
            across, along = (x - lon[s]) * (east[s] + slope[s] * dy), dy * north[s]
            away = np.sqrt(across * across + along * along)
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
def ways_by_labels(exits, lengths, keys, station, entries):
    """Return the least way (mm) of each place to its station that labels allow: ``(mm, exact)``.

    ``keys`` are the labels of the station nearest by length. No way to any station is shorter;
    where a place's station is that one, the way is exact. Nothing is told (0) of places on the edge
    of their station. ``entries`` are ``edge, access_mm`` of all stations. Access legs do not count;
    ``CLOSED`` beyond the labels.
    """
    edge, u, v, to_u, to_v, _, _, _ = exits
    u_mm, v_mm, access_mm = lengths
    st_edge, st_access_mm = entries
    out = np.zeros(edge.size, np.int64)
    exact = np.zeros(edge.size, np.bool_)
    for p in range(edge.size):
        s = station[p]
        if edge[p] == st_edge[s]:
            continue
        best, nearest = np.int64(CLOSED), np.int64(-1)
        if to_u[p] < CLOSED and keys[u[p]] < NO_KEY:
            best = u_mm[p] + (keys[u[p]] >> STATION_BITS)
            nearest = keys[u[p]] & STATION_MASK
        if to_v[p] < CLOSED and keys[v[p]] < NO_KEY:
            there = v_mm[p] + (keys[v[p]] >> STATION_BITS)
            if there < best:
                best, nearest = there, keys[v[p]] & STATION_MASK
        if nearest >= 0:
            best -= np.int64(access_mm[p]) + st_access_mm[s]
        out[p], exact[p] = best, nearest == s
    return out, exact
