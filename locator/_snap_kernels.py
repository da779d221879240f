"""Compiled loops over geometry: chains of segments, the segment grid, the nearest street point.

A grid is ``(west, south, width_deg, height_deg, columns, rows, indptr, item)``: lines by the cells
of a lattice in degrees. Distances are taken in the tangent plane of the asking point on the WGS-84
ellipsoid, good to a millimetre within 500 m.
"""

import math

import numba
import numpy as np

from geodata.model import NO_DATA, OFF_NETWORK, ON_NETWORK
from locator._kernels import PART_ROUNDING_MS

_jit = numba.njit(cache=True, nogil=True)

_A = 6378137.0
_E2 = 6.69437999014e-3
_TOUCH_M = 0.5
_SPARE_M = 60.0  # more than any handicap


@_jit
def metres_per_degree(lat):
    """Return metres per degree of longitude and of latitude on the WGS-84 ellipsoid."""
    sine = math.sin(math.radians(lat))
    w = 1.0 - _E2 * sine * sine
    east = math.radians(_A / math.sqrt(w)) * math.cos(math.radians(lat))
    return east, math.radians(_A * (1.0 - _E2) / (w * math.sqrt(w)))


@_jit
def walk_chains(indptr, incident, start, end, inner):
    """Join segments through inner nodes: ``(order, reverse, chain_indptr)``.

    ``incident`` lists the segments at each node; an inner node has exactly two. Chains begin at
    nodes that are not inner; what remains are rings, begun at their first segment's start.
    """
    m = start.size
    seen = np.zeros(m, np.bool_)
    order = np.empty(m, np.int32)
    reverse = np.empty(m, np.bool_)
    chain_indptr = np.empty(m + 1, np.int32)
    chain_indptr[0] = 0
    chains = size = 0
    for ring in range(2):
        for x in range(indptr.size - 1):
            if ring == 0 and inner[x]:
                continue
            for i in range(indptr[x], indptr[x + 1]):
                s, at = incident[i], x
                if seen[s]:
                    continue
                while True:
                    seen[s] = True
                    order[size] = s
                    reverse[size] = start[s] != at
                    size += 1
                    at = start[s] if reverse[size - 1] else end[s]
                    if not inner[at]:
                        break
                    first, second = incident[indptr[at]], incident[indptr[at] + 1]
                    s = second if first == s else first
                    if seen[s]:
                        break
                chains += 1
                chain_indptr[chains] = size
    return order, reverse, chain_indptr[: chains + 1]


@_jit
def _cells_of(line, west, south, width, height, columns, rows, out):
    """Write the lattice cells that a line may touch; return their number (repeats possible)."""
    lon1, lat1, lon2, lat2 = line
    pieces = int(max(abs(lon2 - lon1) / width, abs(lat2 - lat1) / height)) + 1
    size = 0
    for piece in range(pieces):
        a, b = piece / pieces, (piece + 1) / pieces
        x1, x2 = lon1 + a * (lon2 - lon1), lon1 + b * (lon2 - lon1)
        y1, y2 = lat1 + a * (lat2 - lat1), lat1 + b * (lat2 - lat1)
        c1, c2 = int((min(x1, x2) - west) / width), int((max(x1, x2) - west) / width)
        r1, r2 = int((min(y1, y2) - south) / height), int((max(y1, y2) - south) / height)
        for row in range(max(r1, 0), min(r2, rows - 1) + 1):
            for column in range(max(c1, 0), min(c2, columns - 1) + 1):
                cell = row * columns + column
                if size < out.size:
                    out[size] = cell
                size += 1
    return size


@_jit
def line_grid(lines, west, south, width, height, columns, rows):
    """Return ``(indptr, item)``: the lines that may touch each lattice cell."""
    counts = np.zeros(columns * rows + 1, np.int64)
    cells = np.empty(4096, np.int64)
    for i in range(lines.shape[0]):
        size = _cells_of(lines[i], west, south, width, height, columns, rows, cells)
        if size > cells.size:
            cells = np.empty(2 * size, np.int64)
            _cells_of(lines[i], west, south, width, height, columns, rows, cells)
        for j in range(size):
            counts[cells[j] + 1] += 1
    indptr = np.cumsum(counts).astype(np.int32)
    fill = indptr[:-1].copy()
    item = np.empty(indptr[-1], np.int32)
    for i in range(lines.shape[0]):
        size = _cells_of(lines[i], west, south, width, height, columns, rows, cells)
        for j in range(size):
            item[fill[cells[j]]] = i
            fill[cells[j]] += 1
    return indptr, item


@_jit
def _side(ax, ay, bx, by, cx, cy):
    """Return twice the signed area of a triangle."""
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@_jit
def _crosses(lon, lat, foot_lon, foot_lat, length, lines, grid):
    """Tell whether the leg from a point to its foot properly crosses one of the lines.

    The last half metre does not count, since the street may itself be the line (a motorway).
    """
    west, south, width, height, columns, rows, indptr, item = grid
    if item.size == 0 or length <= _TOUCH_M:
        return False
    keep = 1.0 - _TOUCH_M / length
    x, y = lon + keep * (foot_lon - lon), lat + keep * (foot_lat - lat)
    c1, c2 = int((min(lon, x) - west) / width), int((max(lon, x) - west) / width)
    r1, r2 = int((min(lat, y) - south) / height), int((max(lat, y) - south) / height)
    for row in range(max(r1, 0), min(r2, rows - 1) + 1):
        for column in range(max(c1, 0), min(c2, columns - 1) + 1):
            cell = row * columns + column
            for i in range(indptr[cell], indptr[cell + 1]):
                line = lines[item[i]]
                a, b, c, d = line[0], line[1], line[2], line[3]
                if (_side(lon, lat, x, y, a, b) > 0) != (_side(lon, lat, x, y, c, d) > 0) and (
                    _side(a, b, c, d, lon, lat) > 0
                ) != (_side(a, b, c, d, x, y) > 0):
                    return True
    return False


@_jit
def _goes_first(lines, one, other):
    """Tell whether a line comes before another by its ends."""
    for i in range(4):
        if lines[one, i] != lines[other, i]:
            return lines[one, i] < lines[other, i]
    return False


@_jit
def _foot(lon, lat, east, north, lines, s):
    """Return the nearest point of a line: (square of the distance in metres, fraction)."""
    ax, ay = (lines[s, 0] - lon) * east, (lines[s, 1] - lat) * north
    dx, dy = (lines[s, 2] - lines[s, 0]) * east, (lines[s, 3] - lines[s, 1]) * north
    square = dx * dx + dy * dy
    fraction = 0.0
    if square > 0.0:
        fraction = min(max(-(ax * dx + ay * dy) / square, 0.0), 1.0)
    x, y = ax + fraction * dx, ay + fraction * dy
    return x * x + y * y, fraction


@_jit
def _nearest_line(lon, lat, scale, streets, barriers, limit):
    """Return the nearest line of one place and the fraction along it, -1 beyond the limit.

    Cells are looked through in rings around the place, until no line of the next ring can be
    nearer than the best one.
    """
    lines, handicap, grid = streets
    west, south, width, height, columns, rows, indptr, item = grid
    east, north = scale
    across, up = (lon - west) / width, (lat - south) / height
    column, row = math.floor(across), math.floor(up)
    x, y = across - column, up - row
    border_m = min(min(x, 1.0 - x) * width * east, min(y, 1.0 - y) * height * north)
    ring_m = min(width * east, height * north)
    best, spare = limit + _SPARE_M, limit + _SPARE_M
    best_line, spare_line = -1, -1
    best_fraction = spare_fraction = 0.0
    ring = 0
    while True:
        for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
            step = 1 if ring == 0 or r in (row - ring, row + ring) else 2 * ring
            for c in range(column - ring, column + ring + 1, step):
                if c < 0 or c >= columns:
                    continue
                for i in range(indptr[r * columns + c], indptr[r * columns + c + 1]):
                    s = item[i]
                    square, fraction = _foot(lon, lat, east, north, lines, s)
                    if square > min(best, limit) ** 2:
                        continue
                    metres = math.sqrt(square)
                    key = metres + handicap[s]
                    if key > best or (key == best and not _goes_first(lines, s, best_line)):
                        continue
                    foot_lon = lines[s, 0] + fraction * (lines[s, 2] - lines[s, 0])
                    foot_lat = lines[s, 1] + fraction * (lines[s, 3] - lines[s, 1])
                    if not _crosses(lon, lat, foot_lon, foot_lat, metres, *barriers):
                        best, best_line, best_fraction = key, s, fraction
                    elif key < spare or (key == spare and _goes_first(lines, s, spare_line)):
                        spare, spare_line, spare_fraction = key, s, fraction
        if ring * ring_m + border_m >= min(best, limit):
            break
        ring += 1
    if best_line < 0:
        return spare_line, spare_fraction
    return best_line, best_fraction


@_jit
def nearest_street(lon, lat, streets, barriers, bounds, numbers):
    """Return the nearest street point of each place.

    The answer is ``segment, fraction, metres, access_ms, state``. ``streets`` are ``lines, segment,
    flipped, handicap, grid``: lines with the western end first (of equal ones the southern), the
    segment of each and whether it runs the other way; a line's handicap (m) is added to its
    distance for the choice alone. ``barriers`` are ``lines, grid``; a leg that crosses one is taken
    only where no other line is within the limit. ``numbers`` are the limit, the margin around the
    bounds within which the data speaks, and the speed of the leg. Ties go to the line that lies
    farther west: line numbers follow the file's node numbers, and those may change.
    """
    lines, segment, flipped, handicap, grid = streets
    limit, margin, kph = numbers
    out = np.full(lon.size, -1, np.int32)
    out_fraction = np.zeros(lon.size)
    out_metres = np.full(lon.size, np.nan, np.float32)
    out_ms = np.zeros(lon.size, np.int32)
    out_state = np.full(lon.size, NO_DATA, np.uint8)
    for p in range(lon.size):
        if not (math.isfinite(lon[p]) and math.isfinite(lat[p])):
            continue
        scale = metres_per_degree(lat[p])
        away_x = max(bounds[0] - lon[p], lon[p] - bounds[2], 0.0) * scale[0]
        away_y = max(bounds[1] - lat[p], lat[p] - bounds[3], 0.0) * scale[1]
        away = math.hypot(away_x, away_y)
        if away > max(limit, margin):
            continue
        if away <= margin:
            out_state[p] = OFF_NETWORK
        known = (lines, handicap, grid)
        s, fraction = _nearest_line(lon[p], lat[p], scale, known, barriers, limit)
        if s < 0:
            continue
        dx = lines[s, 0] + fraction * (lines[s, 2] - lines[s, 0]) - lon[p]
        dy = lines[s, 1] + fraction * (lines[s, 3] - lines[s, 1]) - lat[p]
        east, north = metres_per_degree(lat[p] + 0.5 * dy)
        leg = round(math.hypot(dx * east, dy * north), 6)
        out[p] = segment[s]
        out_fraction[p] = 1.0 - fraction if flipped[s] else fraction
        out_metres[p] = leg
        out_ms[p] = math.ceil(leg * 3600.0 / kph - PART_ROUNDING_MS)
        out_state[p] = ON_NETWORK
    return out, out_fraction, out_metres, out_ms, out_state
