"""Compiled loops over pictures of cells: groups that hang together, and their outlines."""

import numba
import numpy as np

_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))

_jit = numba.njit(cache=True, nogil=True)


@_jit
def label_groups(picture):
    """Return the groups of equal values that hang together by their sides: ``(groups, count)``.

    0 is no value and no group; groups are numbered from 1 in the order of their first cell.
    """
    rows, columns = picture.shape
    groups = np.zeros((rows, columns), np.int32)
    stack = np.empty((max(picture.size, 1), 2), np.int32)
    count = 0
    for row in range(rows):
        for column in range(columns):
            value = picture[row, column]
            if value == 0 or groups[row, column] != 0:
                continue
            count += 1
            groups[row, column] = count
            stack[0, 0], stack[0, 1] = row, column
            size = 1
            while size > 0:
                size -= 1
                r, c = stack[size, 0], stack[size, 1]
                for up, along in _SIDES:
                    y, x = r + up, c + along
                    if not (0 <= y < rows and 0 <= x < columns):
                        continue
                    if picture[y, x] == value and groups[y, x] == 0:
                        groups[y, x] = count
                        stack[size, 0], stack[size, 1] = y, x
                        size += 1
    return groups, count


@_jit
def trace_rings(groups):
    """Return the outlines of numbered groups: ``(x, y, indptr, group)``, corners only.

    The picture must have a border of zeros. Rings keep their group on the left, so that shells run
    counter-clockwise and holes clockwise; each is closed. Where two cells of one group touch in a
    corner alone the ring goes on from one to the other, so that no ring touches itself.
    """
    rows, columns = groups.shape
    seen = np.zeros((rows, columns), np.bool_)
    corners = most_rings = 0
    for row in range(1, rows - 1):
        for column in range(1, columns - 1):
            g = groups[row, column]
            if g != 0:
                most_rings += groups[row - 1, column] != g
                corners += 3 * (groups[row - 1, column] != g) + 2 * (groups[row + 1, column] != g)
    x_out = np.empty(corners, np.int32)
    y_out = np.empty(corners, np.int32)
    indptr = np.empty(most_rings + 1, np.int32)
    group = np.empty(most_rings, np.int32)
    indptr[0] = 0
    rings = size = 0
    for row in range(1, rows - 1):
        for column in range(1, columns - 1):
            g = groups[row, column]
            if g == 0 or groups[row - 1, column] == g or seen[row, column]:
                continue
            x, y, dx, dy = column, row, 1, 0  # along the southern side, eastwards
            start = size
            while True:
                if dx == 1:
                    if seen[y, x]:
                        break
                    seen[y, x] = True
                x, y = x + dx, y + dy
                left = groups[y - (dy < 0 or dx < 0), x - (dx < 0 or dy > 0)]
                right = groups[y - (dx > 0 or dy < 0), x - (dx < 0 or dy < 0)]
                if right == g:
                    turn_x, turn_y = dy, -dx
                elif left == g:
                    continue
                else:
                    turn_x, turn_y = -dy, dx
                x_out[size], y_out[size] = x, y
                size += 1
                dx, dy = turn_x, turn_y
            x_out[size], y_out[size] = x_out[start], y_out[start]
            size += 1
            group[rings] = g
            rings += 1
            indptr[rings] = size
    return x_out[:size], y_out[:size], indptr[: rings + 1], group[:rings]


@_jit
def boxes(label, count, column, row):
    """Return the box of each group of cells: ``(count, 4)``, west, south, east and north."""
    out = np.empty((count, 4), np.int32)
    out[:, :2] = np.iinfo(np.int32).max
    out[:, 2:] = np.iinfo(np.int32).min
    for i in range(label.size):
        box, x, y = out[label[i]], column[i], row[i]
        box[0], box[1] = min(box[0], x), min(box[1], y)
        box[2], box[3] = max(box[2], x), max(box[3], y)
    return out


@_jit
def cut_groups(groups, cells, wide, corner, block):
    """Cut numbered groups along a lattice of blocks: the groups, and how many there are then.

    ``groups`` is a picture, numbered from 1; those marked in ``wide`` get new numbers after the
    last, one for what hangs together within a block. ``cells`` are its rows and columns in which
    there is a group, ``corner`` the row and column of the lattice at which it begins.
    """
    row, column = cells
    count = wide.size
    stack = np.empty((block * block, 2), np.int32)
    for i in range(row.size):
        own = groups[row[i], column[i]]
        if own > wide.size or not wide[own - 1]:
            continue
        south = (row[i] + corner[0]) // block * block - corner[0]
        west = (column[i] + corner[1]) // block * block - corner[1]
        count += 1
        groups[row[i], column[i]] = count
        stack[0, 0], stack[0, 1] = row[i], column[i]
        size = 1
        while size > 0:
            size -= 1
            r, c = stack[size, 0], stack[size, 1]
            for up, along in _SIDES:
                y, x = r + up, c + along
                if not (south <= y < south + block and west <= x < west + block):
                    continue
                if 0 <= y < groups.shape[0] and 0 <= x < groups.shape[1] and groups[y, x] == own:
                    groups[y, x] = count
                    stack[size, 0], stack[size, 1] = y, x
                    size += 1
    return groups, count


@_jit
def borders(groups, cells, owner):
    """Return the groups on both sides of each border between two of one owner: ``(2, sides)``.

    ``groups`` is a picture of numbered groups within a border of 0; ``cells`` are its rows and
    columns in which there is one; ``owner`` is what each was cut from, by number.
    """
    row, column = cells
    out = np.empty((2, 2 * row.size), np.int32)
    size = 0
    for i in range(row.size):
        g = groups[row[i], column[i]]
        for h in (groups[row[i] + 1, column[i]], groups[row[i], column[i] + 1]):
            if h and g != h and owner[g] == owner[h]:
                out[0, size], out[1, size] = g, h
                size += 1
    return out[:, :size]


@_jit
def join_slivers(size, box, sides, least, most):
    """Return the group of each piece, the lowest piece in it, after small ones have joined others.

    From the smallest piece on, each whose group has less than ``least`` cells joins the group with
    which its own shares most sides (of equal ones that of the lowest piece) of those that lie with
    it within a box of ``most`` × ``most`` cells; where there is none it stays. ``sides`` are
    ``(indptr, neighbour, count)``, both ways. One pass is enough: a group may not join one that it
    might not have joined before, for groups only grow.
    """
    indptr, neighbour, count = sides
    root = np.arange(size.size)
    after, last = np.full(size.size, -1), np.arange(size.size)
    total, around = size.copy(), box.copy()
    shared, beside = np.zeros(size.size, np.int64), np.empty(size.size, np.int64)
    for piece in np.argsort(size, kind="mergesort"):
        own = root[piece]
        if total[own] >= least:
            continue
        found, member = 0, own
        while member >= 0:
            for at in range(indptr[member], indptr[member + 1]):
                other = root[neighbour[at]]
                if other != own:
                    if shared[other] == 0:
                        beside[found] = other
                        found += 1
                    shared[other] += count[at]
            member = after[member]
        best, most_shared = -1, 0
        for other in beside[:found]:
            x = max(around[own, 2], around[other, 2]) - min(around[own, 0], around[other, 0])
            y = max(around[own, 3], around[other, 3]) - min(around[own, 1], around[other, 1])
            better = shared[other] > most_shared or (shared[other] == most_shared and other < best)
            if better and x < most and y < most:
                best, most_shared = other, shared[other]
        for other in beside[:found]:
            shared[other] = 0
        if best < 0:
            continue
        low, high = min(own, best), max(own, best)
        member = high
        while member >= 0:
            root[member] = low
            member = after[member]
        after[last[low]], last[low] = high, last[high]
        total[low] += total[high]
        for side in range(2):
            around[low, side] = min(around[low, side], around[high, side])
            around[low, side + 2] = max(around[low, side + 2], around[high, side + 2])
    return root
