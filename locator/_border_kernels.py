"""Compiled loops over borders of cells: where they meet, and which of their corners matter least.

Borders run along the lattice of the cells' corners. A picture has one byte for each corner: bits 1
to 8 tell in which directions a border leaves it, bit 16 that a corner is still there.
"""

import numba
import numpy as np

ALIVE = 16
_EAST, _NORTH, _WEST, _SOUTH = 1, 2, 4, 8
_MEETING = 3

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _direction(dx, dy):
    """Return the bit of a direction along the lattice."""
    if dy == 0:
        return _EAST if dx > 0 else _WEST
    return _NORTH if dy > 0 else _SOUTH


@_jit
def _borders(bits):
    """Return how many borders leave a corner."""
    return (bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1) + (bits >> 3 & 1)


@_jit
def mark_borders(x, y, rings, picture):
    """Note in a picture where borders run.

    ``x, y`` are the corners of closed rings, whose sides follow the lattice; ``rings`` is where
    each begins, and where the last one ends.
    """
    for ring in range(rings.size - 1):
        for i in range(rings[ring], rings[ring + 1] - 1):
            dx, dy = np.sign(x[i + 1] - x[i]), np.sign(y[i + 1] - y[i])
            column, row = x[i], y[i]
            while column != x[i + 1] or row != y[i + 1]:
                picture[row, column] |= _direction(dx, dy)
                column, row = column + dx, row + dy
                picture[row, column] |= _direction(-dx, -dy)


@_jit
def walk_rings(x, y, rings, picture):
    """Return the corners of rings that turn or where borders meet: ``(x, y, meeting, rings)``.

    A ring begins where borders meet, else at its first corner from the south-west, which then
    counts as one where they meet; it is not closed.
    """
    # a first pass counts, a second one writes
    size = 0
    x_out = np.empty(0, np.int32)
    y_out = np.empty(0, np.int32)
    meeting = np.empty(0, np.bool_)
    out = np.zeros(rings.size, np.int64)
    for writing in (False, True):
        if writing:
            x_out, y_out = np.empty(size, np.int32), np.empty(size, np.int32)
            meeting = np.empty(size, np.bool_)
        size = 0
        for ring in range(rings.size - 1):
            first, last = rings[ring], rings[ring + 1] - 1
            begin = size
            before_x, before_y = 0, 0
            if last > first:
                before_x = np.sign(x[last] - x[last - 1])
                before_y = np.sign(y[last] - y[last - 1])
            for i in range(first, last):
                dx, dy = np.sign(x[i + 1] - x[i]), np.sign(y[i + 1] - y[i])
                column, row = x[i], y[i]
                while column != x[i + 1] or row != y[i + 1]:
                    here = _borders(picture[row, column]) >= _MEETING
                    if here or dx != before_x or dy != before_y:
                        if writing:
                            x_out[size], y_out[size] = column, row
                            meeting[size] = here
                        size += 1
                    before_x, before_y = dx, dy
                    column, row = column + dx, row + dy
            out[ring + 1] = size
            if writing:
                _begin_well(x_out[begin:size], y_out[begin:size], meeting[begin:size])
    return x_out, y_out, meeting, out


@_jit
def _begin_well(x, y, meeting):
    """Turn a ring so that it begins where borders meet, or else in the south-west."""
    start = 0
    for i in range(x.size):
        if meeting[i]:
            start = i
            break
        if y[i] < y[start] or (y[i] == y[start] and x[i] < x[start]):
            start = i
    if x.size:
        x[:] = np.concatenate((x[start:], x[:start]))
        y[:] = np.concatenate((y[start:], y[:start]))
        meeting[:] = np.concatenate((meeting[start:], meeting[:start]))
        meeting[0] = True


@_jit
def _doubled(x, y, a, b, c):
    """Return twice the area of a triangle of corners."""
    return abs((x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a]))


@_jit
def _taken(picture, x, y, a, b, c):
    """Tell whether another corner that is still there lies in a triangle or on its sides."""
    south, north = min(y[a], y[b], y[c]), max(y[a], y[b], y[c])
    for row in range(south, north + 1):
        west, east = np.inf, -np.inf
        for p, q in ((a, b), (b, c), (c, a)):
            if min(y[p], y[q]) <= row <= max(y[p], y[q]):
                if y[p] == y[q]:
                    west, east = min(west, x[p], x[q]), max(east, x[p], x[q])
                else:
                    at = x[p] + (x[q] - x[p]) * (row - y[p]) / (y[q] - y[p])
                    west, east = min(west, at), max(east, at)
        for column in range(int(np.ceil(west - 1e-9)), int(np.floor(east + 1e-9)) + 1):
            if picture[row, column] & ALIVE:
                own = False
                for p in (a, b, c):
                    own |= x[p] == column and y[p] == row
                if not own:
                    return True
    return False


@_jit
def rank_corners(x, y, arcs, least, picture, limit):
    """Return corners in the order in which they may go, with twice the area: ``(corner, area)``.

    Visvalingam and Whyatt's order over all arcs at once: next goes the corner whose triangle with
    its neighbours is smallest, unless another corner lies in the triangle. So borders never cross,
    however many corners have gone. Areas never fall; none is over ``limit``.

    ``arcs`` is where each arc begins, and where the last one ends; the ends of an arc stay, and
    ``least`` of its other corners. Areas are in half cells, so that a queue for each is enough.
    """
    n = x.size
    before, after = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    arc_of, left = np.empty(n, np.int32), np.empty(arcs.size - 1, np.int32)
    ahead, behind = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    queue = np.full(n, -1, np.int32)
    head, tail = np.full(limit + 1, -1, np.int32), np.full(limit + 1, -1, np.int32)
    order, areas = np.empty(n, np.int32), np.empty(n, np.int32)
    for arc in range(arcs.size - 1):
        first, last = arcs[arc], arcs[arc + 1] - 1
        left[arc] = max(last - first - 1, 0)
        for i in range(first, last + 1):
            arc_of[i] = arc
            picture[y[i], x[i]] |= ALIVE
            if first < i < last:
                before[i], after[i] = i - 1, i + 1
                area = _doubled(x, y, i - 1, i, i + 1)
                if area <= limit:
                    _append(i, area, queue, ahead, behind, head, tail)
    count = now = 0
    while now <= limit:
        i = head[now]
        if i < 0:
            now += 1
            continue
        _unlink(i, queue, ahead, behind, head, tail)
        a, c = before[i], after[i]
        if left[arc_of[i]] <= least[arc_of[i]] or _taken(picture, x, y, a, i, c):
            continue
        picture[y[i], x[i]] &= ~ALIVE
        left[arc_of[i]] -= 1
        order[count], areas[count] = i, now
        count += 1
        if before[a] >= 0:
            after[a] = c
        if after[c] >= 0:
            before[c] = a
        for p in (a, c):
            if before[p] >= 0:
                if queue[p] >= 0:
                    _unlink(p, queue, ahead, behind, head, tail)
                area = max(_doubled(x, y, before[p], p, after[p]), now)
                if area <= limit:
                    _append(p, area, queue, ahead, behind, head, tail)
    return order[:count], areas[:count]


@_jit
def _append(i, area, queue, ahead, behind, head, tail):
    """Put a corner at the end of the queue of its area."""
    queue[i], ahead[i], behind[i] = area, tail[area], -1
    if tail[area] >= 0:
        behind[tail[area]] = i
    else:
        head[area] = i
    tail[area] = i


@_jit
def _unlink(i, queue, ahead, behind, head, tail):
    """Take a corner out of its queue."""
    area = queue[i]
    if ahead[i] >= 0:
        behind[ahead[i]] = behind[i]
    else:
        head[area] = behind[i]
    if behind[i] >= 0:
        ahead[behind[i]] = ahead[i]
    else:
        tail[area] = ahead[i]
    queue[i] = -1
