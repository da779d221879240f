"""Compiled loops of the p-median. Each has a plain twin in the tests.

Words: the options of each point in ascending order of cost (``back, option, cost``, costs times
weight), and the points of each option (``start, point``). ``at`` is where in its list each point
finds its nearest chosen option, or the end of the list: then it pays its ``penalty``. ``gain`` is
what one more option would save, kept up to date for all options at once.
"""

import numba
import numpy as np

from locator._siting_kernels import best_option, listed

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _cost_at(k, i, back, cost, penalty):
    """Return the cost at a position of a point's list, or its penalty at the end."""
    return cost[k] if k < back[i + 1] else penalty[i]


@_jit
def median_first(chosen, back, option):
    """Return where in its list each point finds its nearest chosen option, else the list's end."""
    at = back[1:].copy()
    for i in range(at.size):
        for k in range(back[i], back[i + 1]):
            if chosen[option[k]]:
                at[i] = k
                break
    return at


@_jit
def median_gains(back, option, cost, penalty, at, options):
    """Return what each option would save."""
    gain = np.zeros(options, np.float64)
    for i in range(at.size):
        now = _cost_at(at[i], i, back, cost, penalty)
        for k in range(back[i], at[i]):
            gain[option[k]] += now - cost[k]
    return gain


@_jit
def median_move(j, chosen, start, point, back, option, cost, penalty, at, gain):
    """Let points go to an option just chosen, or leave one just given up; gains follow."""
    for a in range(start[j], start[j + 1]):
        i = point[a]
        old = at[i]
        if chosen[j]:
            new = old
            for k in range(back[i], old):
                if option[k] == j:
                    new = k
                    break
            if new == old:
                continue
        else:
            if old == back[i + 1] or option[old] != j:
                continue
            new = old + 1
            while new < back[i + 1] and not chosen[option[new]]:
                new += 1
        was = _cost_at(old, i, back, cost, penalty)
        now = _cost_at(new, i, back, cost, penalty)
        for k in range(back[i], max(old, new)):
            gain[option[k]] += max(now - cost[k], 0.0) - max(was - cost[k], 0.0)
        at[i] = new


@_jit
def median_fill(room, noise, price, bundle, taken, chosen, allowed, start, point, back, option, cost, penalty, at, gain):  # fmt: skip  # noqa: E501 - one list of state
    """Choose what saves most until the room is used; return options and savings."""
    order = np.empty(room, np.int64)
    gained = np.empty(room, np.float64)
    size = 0
    while size < room:
        j = best_option(gain, price, room - size, bundle, taken, chosen, allowed, 0.0, noise)
        if j < 0:
            break
        order[size], gained[size] = j, gain[j]
        size += 1
        chosen[j] = True
        median_move(j, chosen, start, point, back, option, cost, penalty, at, gain)
    return order[:size].copy(), gained[:size].copy()


@_jit
def median_improve(
    rounds, most_out, noise, seed, room, price, bundle, taken, chosen, allowed,
    start, point, back, option, cost, penalty, at, gain,
):  # fmt: skip
    """Give up a few neighbours and fill up again, keeping what is not worse; return room, saved."""
    np.random.seed(seed)
    options = gain.size
    out = np.empty(most_out + 1, np.int64)
    total = 0.0
    for _ in range(rounds):
        want = 1 + np.random.randint(most_out)
        size = 0
        middle = np.random.randint(options)
        length = start[middle + 1] - start[middle]
        if length == 0:
            continue
        for _try in range(4 * want + 8):
            if size == want:
                break
            # half of the neighbours serve points in reach, half are any that serve a point near
            i = point[start[middle] + np.random.randint(length)]
            k = at[i]
            if _try % 2 and k < back[i + 1]:
                k += 1
                while k < back[i + 1] and not chosen[option[k]]:
                    k += 1
            if k < back[i + 1]:
                size = listed(out, size, option[k])
        lost = 0.0
        for q in range(size):
            j = out[q]
            chosen[j] = False
            median_move(j, chosen, start, point, back, option, cost, penalty, at, gain)
            lost += gain[j]
        stir = noise if np.random.random() < 0.5 else 0.0
        order, gained = median_fill(
            room + size, stir, price, bundle, taken, chosen, allowed,
            start, point, back, option, cost, penalty, at, gain,
        )  # fmt: skip
        won = gained.sum() - lost
        if won < -1e-9 * lost:
            for q in range(order.size - 1, -1, -1):
                chosen[order[q]] = False
                median_move(order[q], chosen, start, point, back, option, cost, penalty, at, gain)
            for q in range(size - 1, -1, -1):
                chosen[out[q]] = True
                median_move(out[q], chosen, start, point, back, option, cost, penalty, at, gain)
        else:
            total += won
            room = room + size - order.size
    return room, total


@_jit
def median_worth(multiplier, back, option, cost, options):
    """Return what each option saves at multipliers, and up to where each point is served."""
    worth = np.zeros(options, np.float64)
    for i in range(multiplier.size):
        u = multiplier[i]
        for k in range(back[i], back[i + 1]):
            if cost[k] >= u:
                break
            worth[option[k]] += u - cost[k]
    return worth


@_jit
def median_counts(multiplier, picked, back, option, cost):
    """Return how many of the picked options serve each point at multipliers."""
    count = np.zeros(multiplier.size, np.float64)
    for i in range(multiplier.size):
        u = multiplier[i]
        for k in range(back[i], back[i + 1]):
            if cost[k] >= u:
                break
            count[i] += picked[option[k]]
    return count
