"""Gaps of two months: which are the same.

Two gaps of two months have to do with one another where they share cells. Of all such pairs the one
with most people on the shared cells comes first (of equal ones that with more cells, then the one
with the southwesternmost shared cell); it carries the id on, and both are taken. So goes on what is
left, as in a stable matching: where a gap splits, its heaviest part keeps the id; where gaps merge,
the heaviest one's id goes on. Numbers and names of gaps play no part.

That is the stable matching of Gale and Shapley (1962, The American Mathematical Monthly 69, 9-15)
where both sides rank the pairs in the same order.
"""

from dataclasses import dataclass

import numpy as np

from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator.arrays import sums
from locator.coverage import Outcome
from locator.gaps import CellWeights, Gaps, Places, find_cells, group_gaps

_DIGITS = 6


@dataclass(frozen=True)
class GapCells:
    """The cells of the gaps of one month.

    Attributes
    ----------
    column, row : array (c,) of int32
        Lattice indices; no cell twice.
    gap : array (c,) of int32
        Which gap, from 0.
    workers : array (c,) of float64
        People of the cell; 0 where nobody gave homes.
    count : int
        How many gaps there are; each has a cell.
    """

    column: Int32Array
    row: Int32Array
    gap: Int32Array
    workers: FloatArray
    count: int


@dataclass(frozen=True)
class Matching:
    """Which gaps of two months are the same, and which share a cell.

    Attributes
    ----------
    kept : array (a,) of int64
        For each gap of the later month the one of the earlier month whose id it keeps, -1: none.
    before, after : array (p,) of int64
        Pairs of gaps that share cells, the weightiest first.
    workers : array (p,) of float64
        People on the shared cells, the mean of both months.
    cells : array (p,) of int64
        How many cells they share.
    """

    kept: Int64Array
    before: Int64Array
    after: Int64Array
    workers: FloatArray
    cells: Int64Array


def seen_cells(places: Places, outcome: Outcome, gaps: Gaps, people: CellWeights) -> GapCells:
    """Return the cells of the gaps of an answer.

    Parameters
    ----------
    places : Places
        The cells of the mode.
    outcome : Outcome
        What became of them.
    gaps : Gaps
        Found in it.
    people : CellWeights
        As published.

    Returns
    -------
    GapCells
        In the order of ``gaps``.
    """
    cells, mark = places.cells, ~outcome.covered & outcome.in_total
    count, label = group_gaps(places, mark, outcome.limit_ms)
    which = np.flatnonzero(mark)
    heaviest = [str(name).rsplit(".", 2)[1:] for name in gaps.id]
    spot = np.asarray(heaviest, np.int64).reshape(-1, 2)
    at = np.full(len(cells.column), -1, np.int64)
    at[which] = label
    number = np.empty(count, np.int32)
    number[at[find_cells(cells, spot[:, 0], spot[:, 1])]] = np.arange(count, dtype=np.int32)
    workers = np.zeros(which.size) if people.workers is None else people.workers[which]
    return GapCells(cells.column[which], cells.row[which], number[label], workers, count)


def match(before: GapCells, after: GapCells) -> Matching:
    """Match the gaps of two months by the cells and people that they share.

    Parameters
    ----------
    before, after : GapCells
        Of the two months, on the same lattice.

    Returns
    -------
    Matching
        The same whatever the numbers of gaps and the order of cells.
    """
    one, two = _keys(before), _keys(after)
    _, left, right = np.intersect1d(one, two, assume_unique=True, return_indices=True)
    pair = before.gap[left].astype(np.int64) * max(after.count, 1) + after.gap[right]
    pairs, first, number = np.unique(pair, return_index=True, return_inverse=True)
    shared = (before.workers[left] + after.workers[right]) / 2
    workers = np.round(sums(number, shared, pairs.size), _DIGITS)
    cells = np.bincount(number, minlength=pairs.size)
    order = np.lexsort((one[left][first], -cells, -workers))  # `first` is the least shared cell
    pairs, workers, cells = pairs[order], workers[order], cells[order]
    old, new = pairs // max(after.count, 1), pairs % max(after.count, 1)
    kept = np.full(after.count, -1, np.int64)
    taken = _taken(old, new, before.count, after.count)
    kept[new[taken]] = old[taken]
    return Matching(kept, old, new, workers, cells)


def _keys(cells: GapCells) -> Int64Array:
    """Return one integer a cell; from the southwest, column by column."""
    return (cells.column.astype(np.int64) << 32) + cells.row


def _taken(old: Int64Array, new: Int64Array, olds: int, news: int) -> BoolArray:
    """Mark the pairs that are taken one after another, the first first; each side once.

    A pair that is the first one left of both its sides is taken in any case, so all of these are
    taken at once; as many rounds as pairs hang on one another.
    """
    taken = np.zeros(old.size, np.bool_)
    left = np.arange(old.size)
    while left.size:
        first_old = np.full(olds, old.size, np.int64)
        first_new = np.full(news, old.size, np.int64)
        np.minimum.at(first_old, old[left], left)
        np.minimum.at(first_new, new[left], left)
        now = left[(first_old[old[left]] == left) & (first_new[new[left]] == left)]
        taken[now] = True
        gone_old, gone_new = np.zeros(olds, np.bool_), np.zeros(news, np.bool_)
        gone_old[old[now]], gone_new[new[now]] = True, True
        left = left[~gone_old[old[left]] & ~gone_new[new[left]]]
    return taken
