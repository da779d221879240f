"""Cheapest options that cover everybody or a target share (LSCP; Toregas and others, 1971)."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
from scipy import sparse

from locator.siting_bound import TargetDual, hopeless, part_of, safe_floor
from locator.siting_clock import Clock
from locator.siting_exact import Programme, choose, stacked
from locator.siting_model import (
    ROUNDING,
    CoverModel,
    Float64Array,
    InfeasibleError,
    Int64Array,
    Solution,
    answered,
    closed,
    tiny,
)
from locator.siting_reduce import Reduced, cover_rows, reduced, start_of, widened
from locator.siting_search import Purse, TargetSearch, building_order

#: Rounds of search without a cheaper choice after which it rests, once the bound does too.
_PATIENCE = 1_000

#: Entries beyond which a model is not even reduced.
_RAW_ENTRIES = 10_000_000

#: Entries of a reduced model beyond which HiGHS is not asked.
_MOST_ENTRIES = 400_000


def set_cover(
    model: CoverModel,
    *,
    target: float | None = None,
    covered: float = 0.0,
    fewest: bool = False,
    time_limit_seconds: float = 60.0,
) -> Solution:
    """Choose the cheapest options that cover everybody who can be, or a share of people.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    target : float, optional
        Share of all people (those of the model and ``covered``) to cover; None: everybody whom
        some option reaches.
    covered : float, optional
        People who are covered already and are not in the model.
    fewest : bool, optional
        Count options instead of money.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.

    Returns
    -------
    Solution
        Options in building order (by gain per yuan), their cost in fen (or their number), and a
        lower bound of what any such choice costs.

    Raises
    ------
    InfeasibleError
        If no choice reaches the target.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0, 1], [1, 2], [0, 1, 2]], [5, 5, 5], [10, 10, 30])
    >>> set_cover(model).objective, set_cover(model, target=0.6).objective
    (20.0, 10.0)
    """
    compiled()
    price = np.ones(model.options, np.int64) if fewest else model.cost
    purse = Purse(price, 0, money=not fewest)
    return CoverHunt(model, purse, Clock(time_limit_seconds), (target, covered)).run()


@cache
def compiled() -> None:
    """Compile the kernels, or load them, before any clock runs: once a process."""
    model = tiny()
    hunt = CoverHunt(model, Purse(model.cost, 0, money=True), Clock(1.0))
    hunt.dual.descend(0.0, 1.0, 1)
    hunt.search.rounds_within(0.0)


def wanted(model: CoverModel, target: float | None, covered: float) -> tuple[CoverModel, float]:
    """Return the model in which a target is counted, and the target in people of the model.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    target : float or None
        Share of all people; None: everybody whom some option reaches.
    covered : float
        People who are covered already.

    Returns
    -------
    model : CoverModel
        The same; for everybody, each point with people counts as one.
    want : float
        What is to be covered.

    Raises
    ------
    InfeasibleError
        If all options together reach too few.
    """
    reached = np.diff(model.by_point[0]) > 0
    if target is None:
        each = replace(model, weight=(model.weight > 0).astype(np.float64))
        return each, float(each.weight[reached].sum())
    total = math.fsum(model.weight) + covered
    want = target * total - covered - ROUNDING * (1.0 + total)
    want = max(float(math.ceil(want)) if model.whole else want, 0.0)
    most = math.fsum(model.weight[reached])
    if want > most + ROUNDING * (1.0 + total):
        raise InfeasibleError(
            f"the options together reach {(most + covered) / total:.1%} of people, and"
            f" {target:.1%} are asked (add candidates, allow more minutes or ask for less)"
        )
    return model, want


class CoverHunt:
    """The cheapest choice and the greatest bound so far; changes as it runs.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    purse : Purse
        Prices.
    clock : Clock
        Time left.
    target : tuple of (float or None, float), optional
        Share of people, and people covered already.
    settle : float, optional
        End as soon as it is known whether this cost suffices.
    """

    def __init__(
        self,
        model: CoverModel,
        purse: Purse,
        clock: Clock,
        target: tuple[float | None, float] = (None, 0.0),
        settle: float | None = None,
    ) -> None:
        self.people, self.purse, self.clock, self.settle = model, purse, clock, settle
        self.model, self.target = wanted(model, *target)
        self.search = TargetSearch(self.model, purse, self.target)
        self.best: Int64Array | None = None
        self.value = math.inf
        self.method = "greedy"
        for power in (0.0, 1.0):
            self.search.restart()
            self.search.meet(power)
            self.nearest = self.search.options
            self.keep(self.search.options)
        start = self.nearest if math.isinf(self.value) else np.asarray(self.best)
        self.search.restart(start)
        self.dual = TargetDual(self.model, purse, self.model.counts(start), self.target)
        self.bound = self.dual.least_cost

    def done(self) -> bool:
        """Tell whether the question is answered.

        Returns
        -------
        bool
            Whether the bound is met, or it is known whether a given cost suffices.
        """
        settled = self.settle is not None and (
            self.value <= self.settle or self.bound > self.settle
        )
        return settled or closed(self.value, self.bound)

    def keep(self, options: Int64Array) -> bool:
        """Remember a choice that meets the target and costs less.

        Parameters
        ----------
        options : array of int64
            Options.

        Returns
        -------
        bool
            Whether it does.
        """
        value = float(self.purse.price[options].sum())
        if value >= self.value or self.model.covered_weight(options) < self.target:
            return False
        self.best, self.value = options, value
        return True

    def run(self) -> Solution:
        """Search and bound in turn, then solve what is left of the model.

        Returns
        -------
        Solution
            The best choice.
        """
        idle = 0
        tried = False
        while not self.done() and not self.clock.over:
            self.step()
            if self.done():
                break
            resting = idle > _PATIENCE and self.dual.resting
            if (resting or self.clock.late) and not tried:
                if self.prove():
                    break
                idle, tried, resting = 0, True, False
            if resting:
                break
            if self.best is None:
                idle += _PATIENCE
                continue
            idle += self.search.rounds_within(min(0.5, self.clock.left))
            if self.keep(self.search.options):
                idle, self.method = 0, "greedy and swaps"
        return self.answer()

    def step(self) -> None:
        """Let the bound rise for a while."""
        goal = self.value if self.best is not None else 1.5 * self.bound + 1.0
        self.dual.descend(-goal, min(1.0, self.clock.left), 20)
        self.bound = max(self.bound, self.dual.least_cost)

    def left(self) -> Reduced | None:
        """Return the model without what no cheaper choice can contain.

        Returns
        -------
        Reduced or None
            What is left; None: far too large.
        """
        price = self.purse.price
        nothing = np.zeros(price.size, bool)
        if self.model.point.size > _RAW_ENTRIES:
            return None
        if self.best is None:
            return reduced(self.model, nothing, nothing, price)
        priced = self.dual.best
        need = -self.value + part_of(price) * (1.0 - ROUNDING)
        net = priced.worth / priced.rate - price
        out, always = hopeless(net, self.dual.group, priced.bound, need)
        return reduced(self.model, out, always, price)

    def prove(self) -> bool:
        """Let HiGHS solve what is left, if it is small.

        Returns
        -------
        bool
            Whether that ended the question.
        """
        left = self.left()
        if left is None or left.model.point.size > _MOST_ENTRIES:
            return False
        want = self.target - left.covered
        spent = float(self.purse.price[left.fixed].sum())
        if want <= 0 or left.model.weight.sum() < want - ROUNDING * (1.0 + want):
            if want <= 0:
                self.keep(left.fixed)
            self.bound = self.value
            return self.best is not None or self.fail()
        return self.solve(left, want, spent)

    def solve(self, left: Reduced, want: float, spent: float) -> bool:
        """Let HiGHS solve what is left.

        Parameters
        ----------
        left : Reduced
            What is left of the model.
        want : float
            People to cover besides those of the fixed options.
        spent : float
            Cost of the fixed options.

        Returns
        -------
        bool
            Whether that ended the question.
        """
        programme, price = _programme(left, want), self.purse.price

        def faulty(chosen: Int64Array) -> tuple[Float64Array, float, float] | None:
            if self.model.covered_weight(left.whole_choice(chosen)) >= self.target:
                return None
            row = np.zeros(programme.cost.size)
            row[: left.option.size] = 1.0
            row[chosen] = 0.0
            return row, 1.0, math.inf

        start = None if self.best is None else start_of(left, self.best)
        start = None if start is None else start[: programme.cost.size]
        found = choose(programme, self.clock, faulty, start=start)
        if found.options is not None and self.keep(left.whole_choice(found.options)):
            self.search.restart(() if self.best is None else self.best)
        self.method = self.method.removesuffix(" and HiGHS") + " and HiGHS"
        if found.optimal:
            self.bound = self.value if self.best is not None else self.fail()
        reach = safe_floor(spent + part_of(left.model.cost) * found.bound, part_of(price))
        self.bound = max(self.bound, min(self.value, reach))
        return found.optimal

    @staticmethod
    def fail() -> bool:
        """Say that nothing meets the target.

        Raises
        ------
        InfeasibleError
            Always.
        """
        raise InfeasibleError(
            "no choice covers what is asked, since options of one bundle exclude each other"
            " (add candidates or ask for less)"
        )

    def answer(self) -> Solution:
        """Return the best choice in building order.

        Returns
        -------
        Solution
            The best choice.
        """
        feasible = self.best is not None
        best = self.nearest if self.best is None else self.best
        built = building_order(self.people, best, self.purse)
        value, spent = float(self.purse.price[best].sum()), int(self.people.cost[best].sum())
        bound = min(self.bound, value) if feasible else self.bound
        return answered(built, value, bound, self.method, spent=spent, feasible=feasible)


def _programme(left: Reduced, want: float) -> Programme:
    """Return the cheapest cover as a programme: options first, then the share covered of points."""
    options, points = left.model.options, left.model.points
    price = left.model.cost / part_of(left.model.cost)
    if want > left.model.weight.sum() - ROUNDING * (1.0 + want):
        rows, low, high = stacked(
            [(left.incidence, 1.0, math.inf), (left.bundle_rows, -math.inf, 1.0)]
        )
        return Programme(price, rows, low, high, np.ones(options, bool))
    total = sparse.csr_array(np.concatenate([np.zeros(options), left.model.weight])[None, :])
    rows, low, high = stacked(
        [
            (cover_rows(left), 0.0, math.inf),
            (total, want, math.inf),
            (widened(left.bundle_rows, options + points), -math.inf, 1.0),
        ]
    )
    cost = np.concatenate([price, np.zeros(points)])
    return Programme(cost, rows, low, high, np.arange(options + points) < options)
