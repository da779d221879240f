"""Compiled loops of the siting solvers. Each has a plain twin in the tests.

Words: options reach points in CSR (``start, point``), and points are reached by options in its
transpose (``back, option``). A *state* counts how many chosen options reach each point; a point is
served when its count has come to its *need*, and ``credit[d]`` is the share of its weight that the
d-th step before that earns (``credit[0] = 0``; one need: ``credit = [0, 1]``). ``gain`` is what one
more copy of an option would add, kept up to date for all options at once.
"""

import numba
import numpy as np

_jit = numba.njit(cache=True, nogil=True)


@_jit
def transposed(start, point, points):
    """Return the transpose of a CSR relation; options ascend within a point."""
    back = np.zeros(points + 1, np.int64)
    for a in range(point.size):
        back[point[a] + 1] += 1
    for i in range(points):
        back[i + 1] += back[i]
    at = back[:-1].copy()
    option = np.empty(point.size, np.int32)
    for j in range(start.size - 1):
        for a in range(start[j], start[j + 1]):
            i = point[a]
            option[at[i]] = j
            at[i] += 1
    return back, option


@_jit
def first_gains(start, point, weight, need, credit, count):
    """Return what each option would add to a state."""
    gain = np.zeros(start.size - 1, np.float64)
    for j in range(gain.size):
        total = 0.0
        for a in range(start[j], start[j + 1]):
            i = point[a]
            lack = need[i] - count[i]
            if lack > 0:
                total += weight[i] * credit[lack]
        gain[j] = total
    return gain


@_jit
def move(j, step, start, point, back, option, weight, need, credit, count, gain):
    """Choose an option (step 1) or give it up (step -1): counts and all gains follow."""
    for a in range(start[j], start[j + 1]):
        i = point[a]
        lack = max(need[i] - count[i], 0)
        count[i] += step
        then = max(need[i] - count[i], 0)
        change = weight[i] * (credit[then] - credit[lack])
        if change != 0.0:
            for b in range(back[i], back[i + 1]):
                gain[option[b]] += change


@_jit
def best_option(gain, price, room, bundle, taken, chosen, allowed, power, noise):
    """Return the affordable option with the most gain per price ** power, or -1."""
    best = -1
    most = 0.0
    for j in range(gain.size):
        if gain[j] <= 1e-12 or chosen[j] or not allowed[j] or price[j] > room:
            continue
        if bundle[j] >= 0 and taken[bundle[j]]:
            continue
        score = gain[j]
        if power == 1.0:
            score /= max(price[j], 1e-3)
        elif power != 0.0:
            score /= max(price[j], 1e-3) ** power
        if noise > 0.0:
            score *= 1.0 + noise * np.random.random()
        if score > most:
            most = score
            best = j
    return best


@_jit
def fill(
    room, power, noise, price, bundle, taken, chosen, allowed,
    start, point, back, option, weight, need, credit, count, gain,
):  # fmt: skip
    """Choose greedily while something gains and is affordable; return options, gains and room."""
    order = np.empty(gain.size, np.int64)
    gained = np.empty(gain.size, np.float64)
    size = 0
    while True:
        j = best_option(gain, price, room, bundle, taken, chosen, allowed, power, noise)
        if j < 0:
            return order[:size].copy(), gained[:size].copy(), room
        order[size], gained[size] = j, gain[j]
        size += 1
        room -= price[j]
        chosen[j] = True
        if bundle[j] >= 0:
            taken[bundle[j]] = True
        move(j, 1, start, point, back, option, weight, need, credit, count, gain)


@_jit
def _leave(
    j, price, bundle, taken, chosen, start, point, back, option, weight, need, credit, count, gain
):
    """Give up a chosen option; return what that loses."""
    chosen[j] = False
    if bundle[j] >= 0:
        taken[bundle[j]] = False
    move(j, -1, start, point, back, option, weight, need, credit, count, gain)
    return gain[j]


@_jit
def _enter(
    j, price, bundle, taken, chosen, start, point, back, option, weight, need, credit, count, gain
):
    """Choose an option; return what that gains."""
    gained = gain[j]
    chosen[j] = True
    if bundle[j] >= 0:
        taken[bundle[j]] = True
    move(j, 1, start, point, back, option, weight, need, credit, count, gain)
    return gained


@_jit
def listed(out, size, j):
    """Put an option at the end of a list unless it is in it; return the list's length."""
    for k in range(size):
        if out[k] == j:
            return size
    out[size] = j
    return size + 1


@_jit
def _neighbours(middle, want, chosen, start, point, back, option, out):
    """List up to so many chosen options that share points with an option; return how many."""
    size = 0
    length = start[middle + 1] - start[middle]
    for _try in range(4 * want + 8):
        if size == want:
            break
        i = point[start[middle] + np.random.randint(length)]
        width = back[i + 1] - back[i]
        shift = np.random.randint(width)
        for b in range(width):
            j = option[back[i] + (b + shift) % width]
            if chosen[j]:
                before = size
                size = listed(out, size, j)
                if size > before:
                    break
    return size


@_jit
def improve(
    rounds, most_out, noise, seed, room, money, price, bundle, taken, chosen, allowed,
    start, point, back, option, weight, need, credit, count, gain,
):  # fmt: skip
    """Give up a few neighbours and fill up again, keeping what is not worse; return room, gained.

    One neighbour at a time this is the swap 1-1 (and for budgets drop and add); several at a time
    leave local optima (Shaw, 1998: large neighbourhoods; Pisinger and Ropke, 2007).
    """
    np.random.seed(seed)
    options = gain.size
    out = np.empty(most_out + 1, np.int64)
    total = 0.0
    for _ in range(rounds):
        # neighbours: chosen options that share points with an option drawn at random
        want = 1 + np.random.randint(most_out)
        middle = np.random.randint(options)
        length = start[middle + 1] - start[middle]
        if length == 0:
            continue
        size = _neighbours(middle, want, chosen, start, point, back, option, out)
        if size == 0 and not chosen[middle]:
            continue
        if size == 0:
            out[0] = middle
            size = 1
        lost = 0.0
        was = room
        for k in range(size):
            j = out[k]
            lost += _leave(
                j, price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
            room += price[j]
        power = 0.0
        if money:
            power = np.random.randint(3) / 2.0
        stir = noise if np.random.random() < 0.7 else 0.0
        order, gained, room = fill(
            room, power, stir, price, bundle, taken, chosen, allowed,
            start, point, back, option, weight, need, credit, count, gain,
        )  # fmt: skip
        won = gained.sum() - lost
        if won < -1e-9 * lost:
            for k in range(order.size - 1, -1, -1):
                _leave(
                    order[k], price, bundle, taken, chosen,
                    start, point, back, option, weight, need, credit, count, gain,
                )  # fmt: skip
            for k in range(size - 1, -1, -1):
                _enter(
                    out[k], price, bundle, taken, chosen,
                    start, point, back, option, weight, need, credit, count, gain,
                )  # fmt: skip
            room = was
        else:
            total += won
    return room, total


@_jit
def reach_sums(start, point, value):
    """Return the sum of the values of the points that each option reaches."""
    total = np.empty(start.size - 1, np.float64)
    for j in range(total.size):
        s = 0.0
        for a in range(start[j], start[j + 1]):
            s += value[point[a]]
        total[j] = s
    return total


@_jit
def best_of_groups(worth, rate, price, group, groups, pick):
    """Pick the option of each group that is worth most above its price (-1: none is)."""
    most = np.zeros(groups, np.float64)
    pick[:] = -1
    total = 0.0
    spent = np.int64(0)
    for j in range(worth.size):
        net = worth[j] - rate * price[j]
        g = group[j]
        if net > most[g]:
            most[g] = net
            pick[g] = j
    for g in range(groups):
        total += most[g]
        if pick[g] >= 0:
            spent += price[pick[g]]
    return total, spent


@_jit
def rate_of_money(worth, price, group, groups, limit, low_pick, high_pick):
    """Return the rates just below and above which what is worth its price spends the limit.

    The value ``limit * rate + sum over groups of max(0, worth - rate * price)`` is convex in the
    rate and least there: the linear relaxation of the multiple choice knapsack.
    """
    _, spent = best_of_groups(worth, 0.0, price, group, groups, high_pick)
    low_pick[:] = high_pick
    if spent <= limit:
        return 0.0, 0.0, spent, spent
    low, high = 0.0, 0.0
    for j in range(worth.size):
        high = max(high, worth[j] / max(price[j], 1))
    high *= 1.0 + 1e-9
    low_spent = spent
    _, high_spent = best_of_groups(worth, high, price, group, groups, high_pick)
    spare = np.empty_like(low_pick)
    for _ in range(60):
        if high - low <= 1e-13 * high:
            break
        rate = 0.5 * (low + high)
        _, spent = best_of_groups(worth, rate, price, group, groups, spare)
        if spent > limit:
            low, low_spent = rate, spent
            low_pick[:] = spare
        else:
            high, high_spent = rate, spent
            high_pick[:] = spare
    return low, high, low_spent, high_spent


@_jit
def add_counts(pick, share, start, point, count):
    """Add a share of one to the counts of all points that the picked options reach."""
    for g in range(pick.size):
        j = pick[g]
        if j >= 0:
            for a in range(start[j], start[j + 1]):
                count[point[a]] += share


@_jit
def dual_step(multiplier, weight, count, average, blend, fresh):
    """Move the average of the slopes; return its squared length in units of people."""
    length = 0.0
    for i in range(multiplier.size):
        y = 1.0 if multiplier[i] < weight[i] else 0.0
        g = y - count[i]
        if fresh:
            average[i] = g
        else:
            average[i] = blend * g + (1.0 - blend) * average[i]
        v = average[i]
        # a step out of the box is cut off: it does not count
        if (v > 0.0 and multiplier[i] >= weight[i]) or (v < 0.0 and multiplier[i] <= 0.0):
            continue
        length += weight[i] * v * v
    return length


@_jit
def dual_move(centre, weight, average, step, multiplier):
    """Set multipliers one step from the centre, within 0 and the weight."""
    for i in range(centre.size):
        value = centre[i] + step * weight[i] * average[i]
        multiplier[i] = min(max(value, 0.0), weight[i])


@_jit
def rate_of_cover(worth, price, group, groups, want, low_pick, high_pick):
    """Return rates around the one at which picked options are worth what is wanted.

    ``(want - sum over groups of max(0, worth - rate * price)) / rate`` is greatest there: the
    linear relaxation of covering a target, as a price of people.
    """
    total, spent = best_of_groups(worth, 0.0, price, group, groups, low_pick)
    high_pick[:] = low_pick
    if total + rate_value(0.0, spent) <= want:
        return 0.0, 0.0, total, total
    low_worth = total
    low, high = 0.0, 0.0
    for j in range(worth.size):
        high = max(high, worth[j] / max(price[j], 1))
    high *= 1.0 + 1e-9
    total, spent = best_of_groups(worth, high, price, group, groups, high_pick)
    high_worth = total + rate_value(high, spent)
    spare = np.empty_like(low_pick)
    for _ in range(60):
        if high - low <= 1e-13 * high:
            break
        rate = 0.5 * (low + high)
        total, spent = best_of_groups(worth, rate, price, group, groups, spare)
        picked = total + rate_value(rate, spent)
        if picked >= want:
            low, low_worth = rate, picked
            low_pick[:] = spare
        else:
            high, high_worth = rate, picked
            high_pick[:] = spare
    return low, high, low_worth, high_worth


@_jit
def rate_value(rate, spent):
    """Return what was spent, in people."""
    return rate * spent


@_jit
def fill_target(
    want, power, noise, price, bundle, taken, chosen,
    start, point, back, option, weight, need, credit, count, gain,
):  # fmt: skip
    """Choose greedily by gain (no more than wanted) per price until the target is met."""
    order = np.empty(gain.size, np.int64)
    size = 0
    while want > 0:
        best = -1
        most = 0.0
        for j in range(gain.size):
            if gain[j] <= 1e-12 or chosen[j] or (bundle[j] >= 0 and taken[bundle[j]]):
                continue
            score = min(gain[j], want) / max(price[j], 1e-3) ** power
            if noise > 0.0:
                score *= 1.0 + noise * np.random.random()
            if score > most:
                most = score
                best = j
        if best < 0:
            break
        order[size] = best
        size += 1
        want -= gain[best]
        _enter(
            best, price, bundle, taken, chosen,
            start, point, back, option, weight, need, credit, count, gain,
        )  # fmt: skip
    return order[:size].copy(), want


@_jit
def prune_target(
    want, price, bundle, taken, chosen,
    start, point, back, option, weight, need, credit, count, gain,
):  # fmt: skip
    """Give up the dearest options without which the target (want <= 0) is still met."""
    options = np.flatnonzero(chosen)
    order = options[np.argsort(-price[options])]
    gone = np.empty(order.size, np.int64)
    size = 0
    for j in order:
        lost = 0.0
        for a in range(start[j], start[j + 1]):
            i = point[a]
            if count[i] == need[i]:
                lost += weight[i] * credit[1]
        if want + lost <= 0:
            _leave(
                j, price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
            want += lost
            gone[size] = j
            size += 1
    return gone[:size].copy(), want


@_jit
def improve_target(
    rounds, most_out, noise, seed, want, price, bundle, taken, chosen,
    start, point, back, option, weight, need, credit, count, gain,
):  # fmt: skip
    """Give up a few neighbours, fill up to the target and prune, keeping what is not dearer."""
    np.random.seed(seed)
    options = gain.size
    out = np.empty(most_out + 1, np.int64)
    for _ in range(rounds):
        middle = np.random.randint(options)
        length = start[middle + 1] - start[middle]
        if length == 0:
            continue
        goal = 1 + np.random.randint(most_out)
        size = _neighbours(middle, goal, chosen, start, point, back, option, out)
        if size == 0:
            continue
        was_want = want
        saved = np.int64(0)
        for k in range(size):
            j = out[k]
            want += _leave(
                j, price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
            saved += price[j]
        # with luck, the option in the middle is the better one
        forced = -1
        if (
            not chosen[middle]
            and gain[middle] > 1e-12
            and (bundle[middle] < 0 or not taken[bundle[middle]])
            and np.random.random() < 0.5
        ):
            forced = middle
            want -= _enter(
                forced, price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
            saved -= price[forced]
        power = 1.0
        if np.random.random() < 0.3:
            power = 0.7
        order, want = fill_target(
            want, power, noise * np.random.randint(2), price, bundle, taken, chosen,
            start, point, back, option, weight, need, credit, count, gain,
        )  # fmt: skip
        for j in order:
            saved -= price[j]
        gone = np.empty(0, np.int64)
        if want <= 0:
            gone, want = prune_target(
                want, price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
            for j in gone:
                saved += price[j]
        if want <= 0 and saved >= 0:
            continue
        for k in range(gone.size - 1, -1, -1):
            _enter(
                gone[k], price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
        for k in range(order.size - 1, -1, -1):
            _leave(
                order[k], price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
        if forced >= 0:
            _leave(
                forced, price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
        for k in range(size - 1, -1, -1):
            _enter(
                out[k], price, bundle, taken, chosen,
                start, point, back, option, weight, need, credit, count, gain,
            )  # fmt: skip
        want = was_want
    return want


@_jit
def room_worth(start, point, people, unit, capacity, bins, worth, edge):
    """Return what options with little room are worth at a price of each person, from above.

    An option takes those who are worth most (``1 - unit``) until it is full. ``edge`` is the worth
    of the last one taken, rounded to a bin; with any edge ``capacity * edge`` and what others are
    worth beyond it is no less than the best filling (linear duality).
    """
    held = np.empty(bins, np.float64)
    for j in range(worth.size):
        held[:] = 0.0
        for a in range(start[j], start[j + 1]):
            i = point[a]
            held[min(int((1.0 - unit[i]) * bins), bins - 1)] += people[i]
        total = 0.0
        b = bins - 1
        while b >= 0 and total + held[b] <= capacity[j]:
            total += held[b]
            b -= 1
        edge[j] = (b + 0.5) / bins if b >= 0 else 0.0
        value = capacity[j] * edge[j]
        for a in range(start[j], start[j + 1]):
            i = point[a]
            more = 1.0 - unit[i] - edge[j]
            if more > 0.0:
                value += people[i] * more
        worth[j] = value


@_jit
def room_flow(pick, share, start, point, people, unit, capacity, edge, bins, flow):
    """Add to each point how many of its people the picked options take."""
    for g in range(pick.size):
        j = pick[g]
        if j < 0:
            continue
        first = int(edge[j] * bins) if edge[j] > 0.0 else -1
        above = 0.0
        at = 0.0
        for a in range(start[j], start[j + 1]):
            i = point[a]
            b = min(int((1.0 - unit[i]) * bins), bins - 1)
            if b > first:
                above += people[i]
            elif b == first:
                at += people[i]
        part = max(min((capacity[j] - above) / at, 1.0), 0.0) if at > 0.0 else 0.0
        for a in range(start[j], start[j + 1]):
            i = point[a]
            b = min(int((1.0 - unit[i]) * bins), bins - 1)
            if b > first:
                flow[i] += share * people[i]
            elif b == first:
                flow[i] += share * part * people[i]


@_jit
def room_fill(room, power, price, bundle, taken, allowed, start, point, left, capacity, order):
    """Choose greedily by the people who find room; they are taken in the order of the model."""
    size = 0
    options = price.size
    chosen = np.zeros(options, np.bool_)
    upper = np.full(options, np.inf)
    while True:
        best = -1
        most = 0.0
        for j in range(options):
            if chosen[j] or not allowed[j] or price[j] > room:
                continue
            if bundle[j] >= 0 and taken[bundle[j]]:
                continue
            scale = max(price[j], 1e-3) ** power
            if upper[j] / scale <= most:
                continue
            free = 0.0
            for a in range(start[j], start[j + 1]):
                free += left[point[a]]
            upper[j] = min(free, capacity[j])
            if upper[j] > 1e-12 and upper[j] / scale > most:
                most = upper[j] / scale
                best = j
        if best < 0:
            return size
        order[size] = best
        size += 1
        chosen[best] = True
        room -= price[best]
        if bundle[best] >= 0:
            taken[bundle[best]] = True
        space = capacity[best]
        for a in range(start[best], start[best + 1]):
            i = point[a]
            taken_here = min(left[i], space)
            left[i] -= taken_here
            space -= taken_here
