"""What is left of a p-median as a programme (Elloumi, 2010; Garcia, Labbe and Marin, 2011)."""

import math

import numpy as np
from scipy import sparse

from locator.siting_exact import Programme, stacked
from locator.siting_median_table import Table, first_chosen
from locator.siting_model import BoolArray, Int64Array


def median_programme(
    table: Table, out: BoolArray, always: BoolArray, sites: int
) -> tuple[Programme, Int64Array, Int64Array, float]:
    """Return what is left as levels of distance: options, then whether a point goes beyond each.

    A point's cost is that of its nearest option left plus, for each further one in its list, the
    step to it where no nearer one is chosen; lists end at options chosen in any case.

    Parameters
    ----------
    table : Table
        Costs.
    out, always : array of bool, shape (options,)
        Options that no better choice contains, and that every better one does.
    sites : int
        The most options.

    Returns
    -------
    programme : Programme
        What is left.
    option, fixed : array of int64
        Its options, and those chosen in any case.
    base : float
        What is paid besides.
    """
    fixed = np.flatnonzero(always).astype(np.int64)
    option = np.flatnonzero(~out & ~always).astype(np.int64)
    number = np.full(table.options, -1, np.int64)
    number[option] = np.arange(option.size)
    end = first_chosen(table, always)
    last = np.where(end < table.back[1:], np.append(table.cost, 0.0)[end], table.penalty)
    row = np.repeat(np.arange(last.size), np.diff(table.back))
    inside = (np.arange(row.size) < end[row]) & (number[table.option] >= 0)
    inside &= table.cost < last[row]
    row, cost, choice = row[inside], table.cost[inside], number[table.option[inside]]
    begins = np.append(True, row[1:] != row[:-1])[: row.size]
    ends = np.append(row[1:] != row[:-1], True)[: row.size]
    follows = np.where(ends, last[row], np.append(cost[1:], 0.0))
    bare = np.ones(last.size, bool)
    bare[row] = False
    base = math.fsum(last[bare]) + math.fsum(cost[begins])
    # beyond level k: z_k >= z_(k-1) - x of its option; z before the first is 1
    level = np.arange(row.size)
    size = option.size + row.size
    before = level[~begins]
    data = np.concatenate([np.ones(2 * row.size), -np.ones(before.size)])
    line = np.concatenate([level, level, before])
    column = np.concatenate([option.size + level, choice, option.size + before - 1])
    chain = sparse.csr_array((data, (line, column)), shape=(row.size, size))
    count = sparse.csr_array((np.arange(size) < option.size).astype(float)[None, :])
    rows, low, high = stacked(
        [(chain, begins.astype(float), math.inf), (count, -math.inf, sites - fixed.size)]
    )
    cost_of = np.concatenate([np.zeros(option.size), follows - cost])
    whole = np.arange(size) < option.size
    return Programme(cost_of, rows, low, high, whole), option, fixed, base
