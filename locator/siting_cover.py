"""Most people covered for a budget or a number of sites (MCLP; Church and ReVelle, 1974).

Greedy filling comes first, by gain and by gain per yuan, then the search of its neighbourhood in
turn with steps of the bound, until they meet, time is up or the rest is small enough for HiGHS.
"""

import math
from functools import cache

import numpy as np

from locator.siting_bound import CoverDual, better, safe_ceiling
from locator.siting_clock import Clock
from locator.siting_exact import Programme, choose, overspent, stacked
from locator.siting_model import (
    CoverModel,
    Int64Array,
    Solution,
    answered,
    closed,
    gap_of,
    tiny,
)
from locator.siting_reduce import Reduced, cover_rows, limit_rows, reduced, start_of
from locator.siting_search import ROUNDS, Purse, Search, building_order
from locator.siting_swaps import Swaps

#: Seconds of swaps between two descents of the bound.
_TURNS = 0.5

#: Rounds of search without a better choice after which it rests, once the bound does too.
_PATIENCE = 1_000

#: Entries beyond which a model is not even reduced.
RAW_ENTRIES = 4_000_000

#: Entries of a reduced model beyond which HiGHS is not asked.
MOST_ENTRIES = 400_000


def maximal_cover(
    model: CoverModel,
    *,
    budget: int | None = None,
    sites: int | None = None,
    time_limit_seconds: float = 60.0,
    enough: float = 0.0,
) -> Solution:
    """Choose the options that cover most people for a budget or a number of sites.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    budget : int, optional
        The most that may be spent, in fen; kept exactly.
    sites : int, optional
        The most options that may be chosen. Either this or ``budget``.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.
    enough : float, optional
        Gap at which to stop early; 0: only when proven best.

    Returns
    -------
    Solution
        Options in building order (by gain, for a budget by gain per yuan), people covered, and an
        upper bound of what anything could cover.

    Raises
    ------
    ValueError
        If not exactly one of budget and sites is given.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0, 1], [1, 2], [2, 3, 4]], [5, 5, 1, 1, 1])
    >>> plan = maximal_cover(model, sites=2)
    >>> plan.chosen.tolist(), plan.objective, plan.bound
    ([0, 2], 13.0, 13.0)
    """
    purse = Purse.of(model, budget, sites)
    compiled()
    clock = Clock(time_limit_seconds)
    return _Hunt(model, purse, clock, enough).run()


@cache
def compiled() -> None:
    """Compile the kernels, or load them, before any clock runs: once a process."""
    model = tiny()
    for limit in (None, 2), (5, None):
        hunt = _Hunt(model, Purse.of(model, *limit), Clock(1.0), 0.0)
        hunt.dual.descend(0.0, 1.0, 1)
        hunt.improved()


class _Hunt:
    """The best choice and the least bound so far."""

    def __init__(self, model: CoverModel, purse: Purse, clock: Clock, enough: float) -> None:
        self.model, self.purse, self.clock, self.enough = model, purse, clock, enough
        self.search = Search(model, purse)
        self.swaps = Swaps(model, purse)
        self.best: Int64Array = np.empty(0, np.int64)
        self.value = 0.0
        self.method = "greedy"
        for power in (0.0, 1.0) if purse.money else (0.0,):
            self.search.restart()
            self.search.fill(power)
            self.keep(self.search.options)
            if not clock.over:
                self.keep(self.swaps.swapped(self.search))
        self.search.restart(self.best)
        self.dual = CoverDual(model, purse, model.counts(self.best))
        reached = float(model.weight[np.diff(model.by_point[0]) > 0].sum())
        self.bound = min(self.dual.bound, safe_ceiling(reached, whole=model.whole))

    def keep(self, options: Int64Array) -> bool:
        """Remember a choice that covers more."""
        value = self.model.covered_weight(options)
        if value <= self.value:
            return False
        self.best, self.value = options, value
        return True

    def done(self) -> bool:
        """Whether the gap is closed as far as asked."""
        return gap_of(self.value, self.bound) <= self.enough or closed(self.value, self.bound)

    def run(self) -> Solution:
        """Search and bound in turn, then solve what is left of the model."""
        idle = 0
        tried = False
        while not self.done() and not self.clock.over:
            large = self.model.point.size > RAW_ENTRIES
            self.dual.descend(self.value, min(4.0, self.clock.left), 120 if large else 60)
            self.bound = min(self.bound, self.dual.bound)
            if self.done():
                break
            resting = idle > _PATIENCE and self.dual.resting
            if (resting or self.clock.late) and not tried:
                if self.prove():
                    break
                idle, tried, resting = 0, True, False
            if resting and not self.dual.revived():
                break
            idle = 0 if self.improved() else idle + 10 * ROUNDS
        return self.answer()

    def improved(self) -> bool:
        """Swap from beginnings that the bound tells, then search around the best choice."""
        found = False
        turns = Clock(min(_TURNS, self.clock.left))
        swapping = self.swaps.worth_it(self.best.size)
        for _ in range(10 if swapping else 0):
            found |= self.keep(self.swaps.turn(self.search, self.best, self.dual.best))
            if turns.over:
                break
        if swapping:
            self.search.restart(self.best)
        self.search.rounds_within(min(0.3 if swapping else 0.5, self.clock.left))
        found |= self.keep(self.search.options)
        if found:
            self.method = "greedy and swaps"
        return found

    def left(self) -> Reduced | None:
        """Return the model without what no better choice can contain; None: far too large."""
        out, always = self.dual.settled(better(self.value, whole=self.model.whole))
        if np.diff(self.model.indptr)[~out].sum() > RAW_ENTRIES:
            return None
        return reduced(self.model, out, always, self.purse.price)

    def prove(self) -> bool:
        """Let HiGHS solve what is left, if it is small; tell whether that ended the question."""
        left = self.left()
        if left is None or left.model.point.size > MOST_ENTRIES:
            return False
        price, room = left.model.cost, self.purse.limit - int(self.purse.price[left.fixed].sum())
        if room < 0:
            self.bound = self.value
            return True
        programme = _programme(left, price, room)
        faulty = overspent(price, room, programme.cost.size)
        found = choose(programme, self.clock, faulty, start=start_of(left, self.best))
        if found.options is not None and self.keep(left.whole_choice(found.options)):
            self.search.restart(self.best)
        self.method = self.method.removesuffix(" and HiGHS") + " and HiGHS"
        # what was left out of the model cannot be better than the choice known before
        if found.optimal:
            self.bound = self.value
        ahead = max(self.value, left.covered - found.bound)
        self.bound = min(self.bound, safe_ceiling(ahead, whole=self.model.whole))
        return found.optimal

    def answer(self) -> Solution:
        """Return the best choice in building order."""
        built = building_order(self.model, self.best, self.purse)
        bound, spent = max(self.bound, self.value), int(self.model.cost[self.best].sum())
        return answered(built, self.value, bound, self.method, spent=spent)


def _programme(left: Reduced, price: Int64Array, room: int) -> Programme:
    """Return maximal coverage as a programme: options first, then the share covered of points."""
    options, points = left.model.options, left.model.points
    part = math.gcd(room, *price.tolist()) or 1
    limits = limit_rows(left.model, options + points, price // part, room // part)
    rows, low, high = stacked([(cover_rows(left), 0.0, math.inf), *limits])
    return Programme(
        np.concatenate([np.zeros(options), -left.model.weight]),
        rows,
        low,
        high,
        np.arange(options + points) < options,
    )
