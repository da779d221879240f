"""Best worst case: the farthest point as near as can be (p-center; Hakimi, 1964).

The distances there are, in order, are searched by halves (Minieka, 1970): a limit is kept by so
many sites or it is not, which is a question of covering all points with the fewest.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from locator._siting_kernels import transposed
from locator.siting_clock import Clock
from locator.siting_median_table import Table, saving_order, table_of
from locator.siting_model import (
    CoverModel,
    Float64Array,
    InfeasibleError,
    Int64Array,
    Solution,
    row_sums,
)
from locator.siting_search import Purse
from locator.siting_set import CoverHunt, compiled


def p_center(
    cost: npt.ArrayLike | sparse.sparray,
    weight: npt.ArrayLike,
    *,
    sites: int,
    penalty: npt.ArrayLike | None = None,
    time_limit_seconds: float = 60.0,
) -> Solution:
    """Choose sites so that the greatest cost of going to the nearest is least.

    Parameters
    ----------
    cost : array_like or sparse array, shape (options, points)
        Cost (time, distance) of a point at an option; what a sparse array does not hold, or inf,
        is out of reach.
    weight : array_like of float, shape (points,)
        People at each point; where there are none the point does not count.
    sites : int
        The most options that may be chosen.
    penalty : array_like of float, optional
        Cost of a point that no chosen option serves, one or one a point. Needed where something
        is out of reach.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.

    Returns
    -------
    Solution
        Options in the order of the total they save, the greatest cost, a lower bound, and by how
        much each option lowers the greatest cost after those before it.

    Raises
    ------
    ValidationError
        If something is out of reach and there is no penalty, or numbers are negative.
    ValueError
        If there is no penalty and no site is allowed.

    Examples
    --------
    >>> p_center([[0, 2, 9], [2, 0, 7], [9, 7, 0]], [1, 1, 1], sites=1).objective
    7.0
    """
    if sites < (0 if penalty is not None else 1):
        raise ValueError("give at least one site, or a penalty")
    compiled()
    clock = Clock(time_limit_seconds)
    table = table_of(cost, (np.asarray(weight) > 0).astype(np.float64), penalty)
    best = _farthest_first(table, min(sites, table.options))
    levels = np.unique(np.concatenate([[0.0], table.cost, table.penalty]))
    low, high = 0, int(np.searchsorted(levels, worst(table, best)))
    known = True
    while low < high and not clock.over:
        middle = (low + high) // 2
        chosen, decided = _within(table, float(levels[middle]), sites, clock.part(0.5))
        if chosen is not None:
            best, high = chosen, int(np.searchsorted(levels, worst(table, chosen)))
        elif decided:
            low = middle + 1
        else:
            known = False
            break
    proven = low >= high and known
    order, gains = _falling(table, best)
    value = float(levels[high])
    return Solution(
        order, value, float(levels[low]), proven, "limits by halves, fewest that cover", gains
    )


def worst(table: Table, chosen: Int64Array) -> float:
    """Return the greatest cost of any point.

    Parameters
    ----------
    table : Table
        Costs.
    chosen : array of int64
        Options.

    Returns
    -------
    float
        Cost; 0 where there are no points.
    """
    return float(table.costs(chosen).max(initial=0.0))


def _farthest_first(table: Table, sites: int) -> Int64Array:
    """Choose the nearest option of the point that is worst off, again and again (Gonzalez)."""
    chosen: list[int] = []
    for _ in range(sites):
        costs = table.costs(np.array(chosen, np.int64))
        point = int(costs.argmax()) if costs.size else 0
        if not costs.size or table.back[point] == table.back[point + 1]:
            break
        option = int(table.option[table.back[point]])
        if option in chosen:
            break
        chosen.append(option)
    return np.array(chosen, np.int64)


def _within(table: Table, limit: float, sites: int, clock: Clock) -> tuple[Int64Array | None, bool]:
    """Return so many options that keep all points within a limit; whether that is decided."""
    point = np.repeat(np.arange(table.penalty.size), np.diff(table.back))
    asked = table.penalty > limit
    inside = (table.cost <= limit) & asked[point]
    if (row_sums(table.back, inside.astype(float))[asked] == 0).any():
        return None, True
    back = np.concatenate([[0], np.cumsum(np.bincount(point[inside], minlength=asked.size))])
    start, reach = transposed(back.astype(np.int64), table.option[inside], table.options)
    ones = np.ones(table.options, np.int64)
    model = CoverModel(start, reach, asked.astype(np.float64), ones)
    hunt = CoverHunt(model, Purse(ones, 0, money=False), clock, settle=float(sites))
    try:
        found = hunt.run()
    except InfeasibleError:
        return None, True
    if found.feasible and found.objective <= sites:
        return np.sort(found.chosen), True
    return None, found.bound > sites


def _falling(table: Table, chosen: Int64Array) -> tuple[Int64Array, Float64Array]:
    """Return options in the order of what they save, and how much the worst falls with each."""
    order, _ = saving_order(table, chosen)
    worsts = [worst(table, order[:size]) for size in range(order.size + 1)]
    return order, np.subtract(worsts[:-1], worsts[1:])
