"""Most people covered for a budget or a number of sites (MCLP; Church and ReVelle, 1974).

Greedy filling comes first, by gain and by gain per yuan, then the search of its neighbourhood in
turn with steps of the bound, until they meet, time is up or the rest is small enough for HiGHS.
"""

import numpy as np

from locator.siting_bound import CoverDual
from locator.siting_clock import Clock
from locator.siting_model import CoverModel, Int64Array, Solution
from locator.siting_search import Purse, Search, building_order

#: Rounds of search without a better choice after which it rests, once the bound does too.
_PATIENCE = 3_000


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
    clock = Clock(time_limit_seconds)
    purse = Purse.of(model, budget, sites)
    return _Hunt(model, purse, clock, enough).run()


class _Hunt:
    """The best choice and the least bound so far."""

    def __init__(self, model: CoverModel, purse: Purse, clock: Clock, enough: float) -> None:
        self.model, self.purse, self.clock, self.enough = model, purse, clock, enough
        self.search = Search(model, purse)
        self.best: Int64Array = np.empty(0, np.int64)
        self.value = 0.0
        self.method = "greedy"
        for power in (0.0, 1.0) if purse.money else (0.0,):
            self.search.restart()
            self.search.fill(power)
            self.keep(self.search.options)
        self.search.restart(self.best)
        self.dual = CoverDual(model, purse, model.counts(self.best))
        self.bound = self.dual.bound

    def keep(self, options: Int64Array) -> bool:
        """Remember a choice that covers more."""
        value = self.model.covered_weight(options)
        if value <= self.value:
            return False
        self.best, self.value = options, value
        return True

    @property
    def done(self) -> bool:
        """Whether the gap is closed as far as asked."""
        return self.bound - self.value <= max(self.enough * self.bound, 1e-9 * self.bound)

    def run(self) -> Solution:
        """Search and bound in turn."""
        idle = 0
        while not self.done and not self.clock.over:
            self.dual.descend(self.value, min(1.0, self.clock.left), 20)
            self.bound = min(self.bound, self.dual.bound)
            if self.done or (idle > _PATIENCE and self.dual.resting):
                break
            idle += self.search.rounds_within(min(0.5, self.clock.left))
            if self.keep(self.search.options):
                idle, self.method = 0, "greedy and swaps"
        return self.answer()

    def answer(self) -> Solution:
        """Return the best choice in building order."""
        order, gains = building_order(self.model, self.best, self.purse)
        bound = max(self.bound, self.value)
        proven = bound - self.value <= 1e-9 * bound
        return Solution(
            order,
            self.value,
            self.value if proven else bound,
            proven,
            f"{self.method}, Lagrangian bound",
            gains,
            int(self.model.cost[order].sum()),
        )
