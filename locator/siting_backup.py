"""Most people with a second station should one be full or closed (backup cover; Hogan, ReVelle, 1986)."""  # noqa: E501 - the source belongs to the summary

import math
from functools import cache

import numpy as np
from scipy import sparse

from locator.siting_bound import CoverDual, better, safe_ceiling
from locator.siting_clock import Clock
from locator.siting_exact import Block, Programme, choose, overspent, stacked
from locator.siting_model import (
    CoverModel,
    Float64Array,
    Int64Array,
    Solution,
    answered,
    closed,
    tiny,
)
from locator.siting_reduce import Reduced, limit_rows, reduced, widened
from locator.siting_search import Purse, Search

#: Rounds of search without a better choice after which it rests.
_PATIENCE = 1_500

#: Entries of a programme beyond which HiGHS is not asked.
_MOST_ENTRIES = 400_000

#: What the last step and the one before it earn: both at first, then the last alone.
_CREDITS = ((0.0, 0.6, 0.4), (0.0, 0.9, 0.1))


def backup_cover(
    model: CoverModel,
    *,
    budget: int | None = None,
    sites: int | None = None,
    time_limit_seconds: float = 60.0,
) -> Solution:
    """Choose the options with which most people have two stations within reach.

    Parameters
    ----------
    model : CoverModel
        Options and points; ``base`` counts the stations that reach each point already.
    budget : int, optional
        The most that may be spent, in fen; kept exactly.
    sites : int, optional
        The most options that may be chosen. Either this or ``budget``.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.

    Returns
    -------
    Solution
        Options in building order, people reached by two stations at least (also by two that stand
        already), and an upper bound.

    Raises
    ------
    ValueError
        If not exactly one of budget and sites is given.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0, 1], [1, 2], [0]], [5, 4, 1])
    >>> plan = backup_cover(model, sites=2)
    >>> plan.chosen.tolist(), plan.objective
    ([0, 2], 5.0)
    """
    purse = Purse.of(model, budget, sites)
    _compiled()
    return _Hunt(model, purse, Clock(time_limit_seconds)).run()


@cache
def _compiled() -> None:
    """Compile the kernels, or load them, before any clock runs: once a process."""
    model = tiny()
    hunt = _Hunt(model, Purse.of(model, None, 2), Clock(1.0))
    hunt.dual.descend(0.0, 1.0, 1)
    hunt.search.rounds_within(0.0, most=1)


class _Hunt:
    """The best choice and the least bound so far."""

    def __init__(self, model: CoverModel, purse: Purse, clock: Clock) -> None:
        self.model, self.purse, self.clock = model, purse, clock
        base = np.zeros(model.points, np.int32) if model.base is None else model.base
        self.need = np.clip(2 - base, 0, 2)
        self.best: Int64Array = np.empty(0, np.int64)
        self.value = backed_up(model, self.best)
        self.constant = self.value
        self.method = "greedy"
        self.search = Search(model, purse, need=self.need, credit=_CREDITS[0])
        for power in (0.0, 1.0) if purse.money else (0.0,):
            self.search.restart()
            self.search.fill(power)
            self.keep(self.search.options)
        self.search.restart(self.best)
        open_model = CoverModel(
            model.indptr,
            model.point,
            np.where(self.need > 0, model.weight, 0.0),
            model.cost,
            model.bundle,
        )
        self.dual = CoverDual(
            open_model, purse, model.counts(self.best), np.maximum(self.need, 1).astype(float)
        )
        self.bound = self._safe(self.dual.best.bound)

    def _safe(self, bound: float) -> float:
        """Return an upper bound of all people with two stations."""
        return safe_ceiling(bound + self.constant, whole=self.model.whole)

    def keep(self, options: Int64Array) -> bool:
        """Remember a better choice."""
        value = backed_up(self.model, options)
        if value <= self.value:
            return False
        self.best, self.value = options, value
        return True

    def run(self) -> Solution:
        """Search and bound, let HiGHS try, and search on."""
        self.hunt(self.clock.part(0.3))
        if not closed(self.value, self.bound) and not self.clock.over and not self.prove():
            self.hunt(self.clock)
        bound, spent = max(self.bound, self.value), int(self.model.cost[self.best].sum())
        return answered(self.order(), self.value, bound, self.method, spent=spent)

    def hunt(self, clock: Clock) -> None:
        """Search with first one credit and then the other, with steps of the bound in turn."""
        for credit in _CREDITS:
            self.search = Search(self.model, self.purse, need=self.need, credit=credit)
            self.search.restart(self.best)
            idle = 0
            while idle <= _PATIENCE and not clock.over and not closed(self.value, self.bound):
                self.dual.descend(self.value - self.constant, min(1.0, clock.left), 20)
                self.bound = min(self.bound, self._safe(self.dual.best.bound))
                idle += self.search.rounds_within(min(0.3, clock.left), most=250)
                if self.keep(self.search.options):
                    idle, self.method = 0, "greedy and swaps"

    def prove(self) -> bool:
        """Let HiGHS solve what is left, if it is small; tell whether that ended the question."""
        purse, need = self.purse, better(self.value - self.constant, whole=self.model.whole)
        out, _ = self.dual.settled(need)
        if np.diff(self.model.indptr)[~out].sum() > 10 * _MOST_ENTRIES:
            return False
        shut = replace_weight(self.model, np.where(self.need > 0, self.model.weight, 0.0))
        nothing = np.zeros(out.size, bool)
        left = reduced(shut, out, nothing, purse.price, label=self.need, exchange=False)
        programme = _programme(left, purse.limit)
        if programme.rows.nnz > _MOST_ENTRIES:
            return False
        faulty = overspent(left.model.cost, purse.limit, programme.cost.size)
        found = choose(programme, self.clock.part(0.7), faulty, options=left.option.size)
        if found.options is not None:
            self.keep(left.whole_choice(found.options))
        self.method = self.method.removesuffix(" and HiGHS") + " and HiGHS"
        if found.optimal:
            self.bound = self.value
        ahead = max(self.value, self.constant - found.bound)
        self.bound = min(self.bound, safe_ceiling(ahead, whole=self.model.whole))
        return found.optimal

    def order(self) -> tuple[Int64Array, Float64Array]:
        """Return the choice in the order of what each option earns, with what it adds."""
        search = Search(self.model, self.purse, need=self.need, credit=_CREDITS[0])
        search.allowed[:] = False
        search.allowed[self.best] = True
        order, _ = search.fill(1.0 if self.purse.money else 0.0)
        order = np.concatenate([order, np.setdiff1d(self.best, order)])
        values = [backed_up(self.model, order[:size]) for size in range(order.size + 1)]
        return order, np.diff(values)


def replace_weight(model: CoverModel, weight: Float64Array) -> CoverModel:
    """Return a model with other weights.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    weight : array of float64, shape (points,)
        Weights.

    Returns
    -------
    CoverModel
        A new one.
    """
    return CoverModel(model.indptr, model.point, weight, model.cost, model.bundle, model.base)


def backed_up(model: CoverModel, chosen: Int64Array) -> float:
    """Return the people with two stations within reach.

    Parameters
    ----------
    model : CoverModel
        Options, points and the stations there are.
    chosen : array of int64
        Options.

    Returns
    -------
    float
        Sum of the weights of points reached twice.
    """
    base = 0 if model.base is None else model.base
    return math.fsum(model.weight[model.counts(chosen) + base >= 2])  # noqa: PLR2004 - two stations


def _programme(left: Reduced, limit: int) -> Programme:
    """Return backup cover as a programme: options first, then whether points are covered.

    A point that needs two is covered by no more than its options without any single one of them,
    which keeps its column whole by itself.
    """
    model = left.model
    options, points = model.options, model.points
    size = options + points
    needs = left.label
    back, option = model.by_point
    degree = np.diff(back)
    one = np.flatnonzero(needs == 1)
    parts = [_point_rows(left.incidence[one], one, size, options)]
    two = np.flatnonzero(needs > 1)
    entry = np.flatnonzero(np.isin(np.repeat(np.arange(points), degree), two))
    owner = np.repeat(np.arange(points), degree)[entry]
    rest = left.incidence[owner] - sparse.csr_array(
        (np.ones(entry.size), (np.arange(entry.size), option[entry])), shape=(entry.size, options)
    )
    parts.append(_point_rows(sparse.csr_array(rest), owner, size, options))
    blocks: list[Block] = [(part, 0.0, math.inf) for part in parts]
    rows, low, high = stacked([*blocks, *limit_rows(model, size, model.cost, limit)])
    cost = np.concatenate([np.zeros(options), -model.weight])
    return Programme(cost, rows, low, high, np.arange(size) < options)


def _point_rows(
    reach: sparse.csr_array, owner: Int64Array, size: int, options: int
) -> sparse.csr_array:
    """Return rows ``options - column of the point``."""
    own = sparse.csr_array(
        (-np.ones(owner.size), (np.arange(owner.size), options + owner)), shape=(owner.size, size)
    )
    return sparse.csr_array(widened(sparse.csr_array(reach), size) + own)
