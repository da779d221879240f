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
