"""The compiled loop of swaps for maximal coverage. It has a plain twin in the tests.

Vertex substitution (Teitz and Bart, 1968) with what Whitaker (1983) and Resende and Werneck
(2004) keep beside it, brought to coverage: ``gain`` of each option, ``loss`` of each chosen one
(the people only it reaches), and ``common[s, j]``, the people that only the s-th chosen option
and j reach. So a swap of s for j is worth ``gain[j] + common[s, j] - loss[s]``, and all swaps are
seen at once.
Words and arrays are those of :mod:`locator._siting_kernels`; each point needs one option.
"""

import numba
import numpy as np

_jit = numba.njit(cache=True, nogil=True)


@_jit
def enter(
    j, s, start, point, back, option, weight, count, owner, gain, loss, common
):  # fmt: skip
    """Choose an option as the s-th: counts, gains, losses and common people follow."""
    for a in range(start[j], start[j + 1]):
        i = point[a]
        w = weight[i]
        if count[i] == 0:
            loss[s] += w
            for b in range(back[i], back[i + 1]):
                gain[option[b]] -= w
                common[s, option[b]] += w
        elif count[i] == 1:
            t = owner[i]
            loss[t] -= w
            for b in range(back[i], back[i + 1]):
                common[t, option[b]] -= w
        count[i] += 1
        owner[i] += s


@_jit
def leave(
    j, s, start, point, back, option, weight, count, owner, gain, loss, common
):  # fmt: skip
    """Give up an option that was the s-th."""
    for a in range(start[j], start[j + 1]):
        i = point[a]
        w = weight[i]
        count[i] -= 1
        owner[i] -= s
        if count[i] == 0:
            for b in range(back[i], back[i + 1]):
                gain[option[b]] += w
        elif count[i] == 1:
            t = owner[i]
            loss[t] += w
            for b in range(back[i], back[i + 1]):
                common[t, option[b]] += w
    loss[s] = 0.0
    common[s, :] = 0.0


@_jit
def best_swap(
    now, value, best, room, rate, site, size, held, price, bundle, taken, slot, allowed,
    gain, loss, common,
):  # fmt: skip
    """Return the place given up (``size``: none), the option taken, and what the swap is worth.

    Options held (just given up or taken) only move where that makes the best choice so far.
    """
    most = -np.inf
    out, into = -1, -1
    for s in range(size + 1):
        lost, back, of = 0.0, 0, np.int64(-1)
        stays = False
        if s < size:
            k = site[s]
            lost, back = loss[s], price[k]
            of = bundle[k]
            stays = held[k] > now
        elif size >= site.size:
            continue
        for j in range(gain.size):
            worth = gain[j] - lost
            if s < size:
                worth += common[s, j]
            score = worth - rate * (price[j] - back)
            if score <= most or slot[j] >= 0 or not allowed[j] or price[j] - back > room:
                continue
            if s == size and gain[j] <= 1e-12:
                continue
            if bundle[j] >= 0 and taken[bundle[j]] and bundle[j] != of:
                continue
            if (stays or held[j] > now) and value + worth <= best + 1e-9 * best:
                continue
            most, out, into = score, s, j
    return out, into


@_jit
def swaps(
    rounds, patience, seed, room, rate, price, bundle, taken, chosen, allowed,
    start, point, back, option, weight, most_sites,
):  # fmt: skip
    """Take the best swap that is not held, better or not (tabu search; Glover, 1989).

    Returns the best choice met, whether each option is in it, and the rounds taken: ``patience``
    after the last better choice at most.
    """
    np.random.seed(seed)
    options = start.size - 1
    site = np.empty(most_sites, np.int64)
    slot = np.full(options, -1, np.int64)
    held = np.zeros(options, np.int64)
    count = np.zeros(weight.size, np.int32)
    owner = np.zeros(weight.size, np.int64)
    gain = np.zeros(options, np.float64)
    for j in range(options):
        for a in range(start[j], start[j + 1]):
            gain[j] += weight[point[a]]
    loss = np.zeros(most_sites, np.float64)
    common = np.zeros((most_sites, options), np.float64)
    taken = taken.copy()
    size = 0
    value = 0.0
    for j in np.flatnonzero(chosen):
        value += gain[j]
        site[size], slot[j] = j, size
        enter(j, size, start, point, back, option, weight, count, owner, gain, loss, common)
        size += 1
    best, kept, idle = value, chosen.copy(), 0
    now = 0
    while now < rounds and idle < patience:
        now += 1
        idle += 1
        s, j = best_swap(
            now, value, best, room, rate, site, size, held, price, bundle, taken, slot, allowed,
            gain, loss, common,
        )  # fmt: skip
        if j < 0:
            continue
        if s < size:
            k = site[s]
            value -= loss[s]
            room += price[k]
            slot[k] = -1
            if bundle[k] >= 0:
                taken[bundle[k]] = False
            leave(k, s, start, point, back, option, weight, count, owner, gain, loss, common)
            held[k] = now + 3 + np.random.randint(2 + min(size, 10))
        else:
            size += 1
        value += gain[j]
        room -= price[j]
        site[s], slot[j] = j, s
        if bundle[j] >= 0:
            taken[bundle[j]] = True
        enter(j, s, start, point, back, option, weight, count, owner, gain, loss, common)
        held[j] = now + 1 + np.random.randint(1 + size // 4)
        if value > best + 1e-9 * best:
            best, idle = value, 0
            for t in range(options):
                kept[t] = slot[t] >= 0
    return best, kept, now
