"""Least total time to the nearest site (p-median; Hakimi, 1964).

Greedy filling and the search of its neighbourhood give choices; a Lagrangian relaxation gives
bounds, tells which options no better choice contains, and is branched on where a gap is left.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import sparse

from locator import _siting_median_kernels as kernels
from locator.siting_bound import hopeless
from locator.siting_clock import Clock
from locator.siting_exact import choose
from locator.siting_median_bound import MedianDual, branched
from locator.siting_median_exact import median_programme
from locator.siting_median_table import Table, first_chosen, saving_order, table_of
from locator.siting_model import (
    ROUNDING,
    BoolArray,
    Float64Array,
    Int64Array,
    Solution,
    answered,
    closed,
)

#: Rounds of search without a better choice after which it rests, once the bound does too.
_PATIENCE = (300, 6_000)

#: The same in seconds: few rounds suffice where each takes long.
_REST_SECONDS = 0.5

#: Entries left with which HiGHS is faster than branching on few sites, and on more.
_FEW_LEVELS, _MOST_LEVELS = 4_000, 150_000

#: Up to so many sites branching is shallow.
_FEW_SITES = 10

_ROUNDS = 25


def p_median(
    cost: npt.ArrayLike | sparse.sparray,
    weight: npt.ArrayLike,
    *,
    sites: int,
    penalty: npt.ArrayLike | None = None,
    time_limit_seconds: float = 60.0,
) -> Solution:
    """Choose sites so that the total cost of going to the nearest is least.

    Parameters
    ----------
    cost : array_like or sparse array, shape (options, points)
        Cost (time, distance) of a point at an option; what a sparse array does not hold, or inf,
        is out of reach.
    weight : array_like of float, shape (points,)
        People at each point.
    sites : int
        The most options that may be chosen.
    penalty : array_like of float, optional
        Cost of a point that no chosen option serves (such as the time to the nearest station there
        is), one or one a point. Needed where something is out of reach.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.

    Returns
    -------
    Solution
        Options in building order, total cost, a lower bound, and what each option saves (without
        a penalty: against the greatest cost of each point).

    Raises
    ------
    ValidationError
        If something is out of reach and there is no penalty, or numbers are negative.
    ValueError
        If there is no penalty and no site is allowed.

    Examples
    --------
    >>> p_median([[0, 2, 9], [2, 0, 7], [9, 7, 0]], [1, 1, 1], sites=2).objective
    2.0
    """
    if sites < (0 if penalty is not None else 1):
        raise ValueError("give at least one site, or a penalty")
    table = table_of(cost, weight, penalty)
    _compiled()
    return MedianHunt(table, min(sites, table.options), Clock(time_limit_seconds)).run()


@cache
def _compiled() -> None:
    """Compile the kernels, or load them, before any clock runs: once a process."""
    hunt = MedianHunt(table_of([[0, 2, 9], [2, 0, 7], [9, 7, 1]], [1, 1, 1]), 1, Clock(1.0))
    hunt.dual.rise(0.0, Clock(60.0), 1)
    hunt.improve(0.0)
    hunt.answer()


class MedianHunt:
    """The best choice and the greatest bound so far; changes as it runs.

    Parameters
    ----------
    table : Table
        Costs.
    sites : int
        The most options.
    clock : Clock
        Time left.
    """

    def __init__(self, table: Table, sites: int, clock: Clock) -> None:
        self.table, self.sites, self.clock = table, sites, clock
        self.csr = (*table.by_option, table.back, table.option, table.cost, table.penalty)
        self.allowed = np.ones(table.options, bool)
        self.restart(())
        self.room, _, _ = self.fill(sites)
        self.best = np.flatnonzero(self.chosen)
        self.value = table.total(self.best)
        self.method = "greedy"
        self.dual = MedianDual(table, sites, self.at, self.chosen)
        self.seed = 0

    def restart(self, chosen: npt.ArrayLike) -> None:
        """Begin with these options."""
        table = self.table
        self.chosen = np.zeros(table.options, bool)
        self.chosen[np.asarray(chosen, np.int64)] = True
        self.at = first_chosen(table, self.chosen)
        self.gain = kernels.median_gains(
            table.back, table.option, table.cost, table.penalty, self.at, table.options
        )
        self.room = self.sites - int(self.chosen.sum())

    def _plain(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return prices of one, no bundles, and the state."""
        options = self.table.options
        return (
            np.ones(options, np.int64),
            np.full(options, -1, np.int32),
            np.zeros(0, bool),
            self.chosen,
            self.allowed,
            *self.csr,
            self.at,
            self.gain,
        )

    def fill(self, room: int) -> tuple[int, Int64Array, Float64Array]:
        """Choose greedily; return the room left, options and savings."""
        order, gained = kernels.median_fill(room, 0.0, *self._plain())
        return room - order.size, order, gained

    def improve(self, seconds: float) -> int:
        """Search the neighbourhood for a while; return the rounds taken."""
        clock = Clock(seconds)
        rounds = 0
        while not rounds or (not clock.over and rounds < 20 * _ROUNDS):
            self.seed += 1
            room, _ = kernels.median_improve(_ROUNDS, 4, 0.3, self.seed, self.room, *self._plain())
            self.room = int(room)
            rounds += _ROUNDS
        return rounds

    def keep(self, options: Int64Array) -> bool:
        """Remember a choice that costs less."""
        value = self.table.total(options)
        if value >= self.value - ROUNDING * value:
            return False
        self.best, self.value = options, value
        return True

    def run(self) -> Solution:
        """Search and bound in turn, then solve what is left."""
        idle, tried, rest = 0, False, Clock(_REST_SECONDS)
        while not closed(self.value, self.dual.bound) and not self.clock.over:
            self.dual.rise(self.value, Clock(min(1.0, self.clock.left)), 25)
            patient = idle < _PATIENCE[0] or (idle < _PATIENCE[1] and not rest.over)
            resting = not patient and self.dual.resting
            if (resting or self.clock.late) and not tried:
                if self.prove():
                    break
                idle, tried, resting = 0, True, False
            if resting or closed(self.value, self.dual.bound):
                break
            idle += self.improve(min(0.5, self.clock.left))
            if self.keep(np.flatnonzero(self.chosen)):
                idle, self.method, rest = 0, "greedy and swaps", Clock(_REST_SECONDS)
        return self.answer()

    def prove(self) -> bool:
        """Let HiGHS solve what is left where it is little, else divide the question.

        Returns
        -------
        bool
            Whether that ended it in time.
        """
        dual = self.dual
        need = -self.value + (1.0 - ROUNDING if dual.whole else 0.0)
        net = dual.worth - dual.rate
        out, always = hopeless(net, np.arange(net.size), -dual.raw, need)
        left = int(np.diff(self.csr[0])[~(out | always)].sum())
        few = left <= (_FEW_LEVELS if self.sites <= _FEW_SITES else _MOST_LEVELS)
        return self.solve(out, always) if few else self.divide()

    def solve(self, out: BoolArray, always: BoolArray) -> bool:
        """Let HiGHS solve what is left.

        Parameters
        ----------
        out, always : array of bool, shape (options,)
            Options that no better choice contains, and that every better one does.

        Returns
        -------
        bool
            Whether it did in time.
        """
        programme, option, fixed, base = median_programme(self.table, out, always, self.sites)
        self.method = self.method.removesuffix(" and HiGHS") + " and HiGHS"
        found = choose(programme, self.clock.part(0.9), lambda _: None)
        if found.options is not None:
            self.keep(np.sort(np.concatenate([fixed, option[found.options]])))
        if found.optimal:
            self.dual.bound = self.value
        self.dual.raise_to(min(self.value, base + found.bound))
        return found.optimal

    def divide(self) -> bool:
        """Divide the question until nothing better is left.

        Returns
        -------
        bool
            Whether that ended it in time.
        """
        dual, centre = self.dual, self.dual.centre
        best, _, bound = branched(dual, self.value, self.clock.part(0.9))
        if best is not None:
            self.keep(best)
        nothing = np.zeros(self.table.options, bool)
        dual.settle(nothing, nothing, centre)
        dual.raise_to(bound)
        self.method = self.method.removesuffix(" and branching") + " and branching"
        return closed(self.value, dual.bound)

    def answer(self) -> Solution:
        """Return the best choice in building order."""
        built = saving_order(self.table, self.best)
        return answered(built, self.value, min(self.dual.bound, self.value), self.method)
