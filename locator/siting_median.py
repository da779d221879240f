"""Least total time to the nearest site (p-median; Hakimi, 1964).

Greedy filling and the search of its neighbourhood give choices; a Lagrangian relaxation (each point
goes to one site; Cornuejols, Fisher and Nemhauser, 1977) gives bounds, and tells which options no
better choice contains; what is left is small enough for HiGHS, as levels of distance (Elloumi,
2010; Garcia, Labbe and Marin, 2011).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geodata.errors import Fault, ValidationError
from locator import _siting_median_kernels as kernels
from locator._siting_kernels import transposed
from locator.siting_bound import hopeless
from locator.siting_clock import Clock
from locator.siting_exact import Programme, choose, stacked
from locator.siting_model import (
    ROUNDING,
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    Solution,
    closed,
)

#: Rounds of search without a better choice after which it rests, once the bound does too.
_PATIENCE = 300

#: Levels of distance beyond which HiGHS is not asked.
_MOST_LEVELS = 150_000

_ROUNDS = 100

#: Steps of the bound: weight of the newest slope, tries before they shrink, and when they rest.
_BLEND, _TRIES, _SHRINK, _REST = 0.3, 12, 0.7, 2e-4


@dataclass(frozen=True, eq=False)
class Table:
    """The options of each point in ascending order of cost.

    Attributes
    ----------
    back : array of int64, shape (points + 1,)
        Where the options of each point begin.
    option : array of int32, shape (entries,)
        Options.
    cost : array of float64, shape (entries,)
        Cost of the point there, times its weight, below its penalty.
    penalty : array of float64, shape (points,)
        Cost of each point that no chosen option serves, times its weight.
    options : int
        Number of options.
    """

    back: Int64Array
    option: Int32Array
    cost: Float64Array
    penalty: Float64Array
    options: int

    @property
    def by_option(self) -> tuple[Int64Array, Int32Array]:
        """Where the points of each option begin, and the points."""
        start, point = transposed(self.back, self.option, self.options)
        return start, point

    @property
    def whole(self) -> bool:
        """Whether all costs are whole numbers."""
        return bool(
            (self.cost == np.rint(self.cost)).all()
            and (self.penalty == np.rint(self.penalty)).all()
        )

    def total(self, chosen: npt.ArrayLike) -> float:
        """Return the cost of all points with these options.

        Parameters
        ----------
        chosen : array_like of int
            Options.

        Returns
        -------
        float
            Sum over points of the cost at the nearest chosen option, or the penalty.
        """
        inside = np.isin(self.option, chosen)
        row = np.repeat(np.arange(self.penalty.size), np.diff(self.back))
        least = self.penalty.copy()
        np.minimum.at(least, row[inside], self.cost[inside])
        return math.fsum(least)


def table_of(
    cost: npt.ArrayLike | sparse.sparray,
    weight: npt.ArrayLike,
    penalty: npt.ArrayLike | None = None,
) -> Table:
    """Return costs sorted by point.

    Parameters
    ----------
    cost : array_like or sparse array, shape (options, points)
        Cost of a point at an option; what a sparse array does not hold, or inf, is out of reach.
    weight : array_like of float, shape (points,)
        People at each point.
    penalty : array_like of float, optional
        Cost of a point that no chosen option serves, one or one a point; None: the greatest at any
        option, which is then never paid.

    Returns
    -------
    Table
        Sorted lists.

    Raises
    ------
    ValidationError
        If something is out of reach and there is no penalty, or numbers are negative.
    """
    grid = sparse.coo_array(cost) if sparse.issparse(cost) else None
    people = np.asarray(weight, np.float64)
    if grid is None:
        dense = np.asarray(cost, np.float64)
        options, points = dense.shape
        option, point = (a.ravel() for a in np.indices(dense.shape))
        value = dense.ravel()
    else:
        options, points = grid.shape
        option, point = grid.coords
        value = np.asarray(grid.data, np.float64)
    faults = _faults(value, people, points)
    if penalty is None and (value.size < options * points or not np.isfinite(value).all()):
        faults.append(Fault("penalty", "points out of reach need a penalty", "give one"))
    if faults:
        raise ValidationError.of(faults)
    if penalty is None:
        most = np.zeros(points)
        np.maximum.at(most, point, value)
    else:
        most = np.broadcast_to(np.asarray(penalty, np.float64), (points,)).copy()
    return _sorted_table(option, point, value, people, most, options)


def _faults(value: Float64Array, weight: Float64Array, points: int) -> list[Fault]:
    """Return what is wrong with costs and weights."""
    faults = []
    if weight.shape != (points,):
        faults.append(Fault("weight", f"expected {points} values, got shape {weight.shape}"))
    if (value < 0).any() or np.isnan(value).any():
        faults.append(Fault("cost", "expected costs, none negative"))
    if (weight < 0).any() or not np.isfinite(weight).all():
        faults.append(Fault("weight", "expected numbers of people, none negative"))
    return faults


def _sorted_table(
    option: npt.NDArray[np.integer],
    point: npt.NDArray[np.integer],
    value: Float64Array,
    weight: Float64Array,
    penalty: Float64Array,
    options: int,
) -> Table:
    """Sort entries that are below the penalty, by point and cost."""
    useful = (value < penalty[point]) & (weight[point] > 0)
    option, point, value = option[useful], point[useful], value[useful]
    order = np.lexsort((option, value, point))
    back = np.concatenate([[0], np.cumsum(np.bincount(point, minlength=weight.size))])
    return Table(
        back.astype(np.int64),
        option[order].astype(np.int32),
        (value * weight[point])[order],
        penalty * weight,
        options,
    )


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
    return MedianHunt(table, min(sites, table.options), Clock(time_limit_seconds)).run()


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
        self.dual = _Dual(table, sites, self.at, self.chosen)
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
        idle, tried = 0, False
        while not closed(self.value, self.dual.bound) and not self.clock.over:
            self.dual.rise(self.value, Clock(min(1.0, self.clock.left)), 25)
            resting = idle > _PATIENCE and self.dual.resting
            if (resting or self.clock.late) and not tried:
                if self.prove():
                    break
                idle, tried, resting = 0, True, False
            if resting or closed(self.value, self.dual.bound):
                break
            idle += self.improve(min(0.5, self.clock.left))
            if self.keep(np.flatnonzero(self.chosen)):
                idle, self.method = 0, "greedy and swaps"
        return self.answer()

    def prove(self) -> bool:
        """Let HiGHS solve what is left, if it is small; tell whether that ended the question."""
        dual = self.dual
        need = -self.value + (1.0 - ROUNDING if dual.whole else 0.0)
        net = dual.worth - dual.rate
        out, always = hopeless(net, np.arange(net.size), -dual.raw, need)
        programme, option, fixed, base = _programme(self.table, out, always, self.sites)
        if programme is None:
            return False
        self.method = self.method.removesuffix(" and HiGHS") + " and HiGHS"
        found = choose(programme, self.clock, lambda _: None)
        if found.options is not None:
            self.keep(np.sort(np.concatenate([fixed, option[found.options]])))
        if found.optimal:
            dual.bound = self.value
        else:
            dual.raise_to(min(self.value, base + found.bound))
        return found.optimal

    def answer(self) -> Solution:
        """Return the best choice in building order."""
        order, gains = saving_order(self.table, self.best)
        bound = min(self.dual.bound, self.value)
        proven = closed(self.value, bound)
        return Solution(
            order,
            self.value,
            self.value if proven else bound,
            proven,
            f"{self.method}, Lagrangian bound",
            gains,
        )


def saving_order(table: Table, chosen: Int64Array) -> tuple[Int64Array, Float64Array]:
    """Return options in the order of what each saves after those before it.

    Parameters
    ----------
    table : Table
        Costs.
    chosen : array of int64
        Options.

    Returns
    -------
    order : array of int64
        The same options.
    gains : array of float64
        What each saves.
    """
    allowed = np.zeros(table.options, bool)
    allowed[chosen] = True
    at = table.back[1:].copy()
    gain = kernels.median_gains(
        table.back, table.option, table.cost, table.penalty, at, table.options
    )
    order, gains = kernels.median_fill(
        chosen.size,
        0.0,
        np.ones(table.options, np.int64),
        np.full(table.options, -1, np.int32),
        np.zeros(0, bool),
        np.zeros(table.options, bool),
        allowed,
        *table.by_option,
        table.back,
        table.option,
        table.cost,
        table.penalty,
        at,
        gain,
    )
    rest = np.setdiff1d(chosen, order)
    return np.concatenate([order, rest]), np.concatenate([gains, np.zeros(rest.size)])


def first_chosen(table: Table, chosen: BoolArray) -> Int64Array:
    """Return where in its list each point finds its nearest chosen option, else the list's end.

    Parameters
    ----------
    table : Table
        Sorted lists.
    chosen : array of bool, shape (options,)
        Chosen options.

    Returns
    -------
    array of int64, shape (points,)
        Positions in the table.
    """
    at = table.back[1:].copy()
    where = np.flatnonzero(chosen[table.option])
    row = np.searchsorted(table.back, where, "right") - 1
    np.minimum.at(at, row, where)
    return at


class _Dual:
    """Multipliers that rise towards the greatest bound."""

    def __init__(self, table: Table, sites: int, at: Int64Array, chosen: BoolArray) -> None:
        self.table, self.sites = table, sites
        self.whole = table.whole
        cost = np.append(table.cost, 0.0)
        near = np.where(at < table.back[1:], cost[at], table.penalty)
        others = np.append(chosen[table.option], False)
        others[at] = False
        second = first_chosen_of(table, others[:-1])
        self.centre = 0.5 * (near + np.where(second < table.back[1:], cost[second], near))
        self.centre = np.minimum(self.centre, table.penalty)
        self.average = np.zeros(self.centre.size)
        self.trial = self.centre
        self.bound = self.raw = -math.inf
        self.boldness, self.idle, self.fresh = 0.5, 0, True
        self._take(*self._value(self.centre))

    def _value(self, u: Float64Array) -> tuple[float, Float64Array, float, Float64Array]:
        """Return the bound at multipliers, the worth of options, of the last one, and slopes."""
        table = self.table
        worth = kernels.median_worth(u, table.back, table.option, table.cost, table.options)
        order = np.argsort(-worth, kind="stable")
        picked = order[: self.sites]
        value = math.fsum(u) - math.fsum(worth[picked])
        mark = np.zeros(table.options)
        mark[picked[worth[picked] > 0]] = 1.0
        count = kernels.median_counts(u, mark, table.back, table.option, table.cost)
        follows = worth[order[self.sites]] if self.sites < order.size else 0.0
        return value, worth, float(follows), 1.0 - count

    def _take(self, value: float, worth: Float64Array, rate: float, slope: Float64Array) -> None:
        """Remember the best multipliers."""
        self.slope = slope
        if value > self.raw:
            self.raw, self.worth, self.rate, self.centre = value, worth, rate, self.trial
            self.raise_to(value)

    def raise_to(self, value: float) -> None:
        """Raise the bound, with care for rounding; to whole numbers where costs are."""
        safe = value - ROUNDING * (1.0 + abs(value))
        safe = float(math.ceil(safe)) if self.whole and math.isfinite(safe) else safe
        self.bound = max(self.bound, safe)

    @property
    def resting(self) -> bool:
        """Whether steps have become too small to matter."""
        return self.boldness < _REST

    def rise(self, target: float, clock: Clock, steps: int) -> None:
        """Take steps towards a greater bound."""
        for _ in range(steps):
            if clock.over or self.resting:
                return
            self._step(target)

    def _step(self, target: float) -> None:
        """Take one step from the best multipliers."""
        blend = 1.0 if self.fresh else _BLEND
        self.average = blend * self.slope + (1.0 - blend) * self.average
        self.fresh = False
        stuck = (self.average > 0) & (self.centre >= self.table.penalty)
        way = np.where(stuck, 0.0, self.average)
        length = float(way @ way)
        ahead = max(target - self.raw, 1e-6 * abs(self.raw), 1e-9)
        trial = self.centre + self.boldness * ahead / max(length, 1e-12) * way
        self.trial = np.clip(trial, 0.0, self.table.penalty)
        before = self.raw
        self._take(*self._value(self.trial))
        if self.raw > before:
            self.idle = 0
            self.boldness = min(self.boldness * 1.1, 2.0)
        else:
            self.idle += 1
            if self.idle >= _TRIES:
                self.boldness *= _SHRINK
                self.idle = 0


def first_chosen_of(table: Table, marked: BoolArray) -> Int64Array:
    """Return the first marked entry of each point's list, else the list's end.

    Parameters
    ----------
    table : Table
        Sorted lists.
    marked : array of bool, shape (entries,)
        Marks.

    Returns
    -------
    array of int64, shape (points,)
        Positions in the table.
    """
    at = table.back[1:].copy()
    where = np.flatnonzero(marked)
    row = np.searchsorted(table.back, where, "right") - 1
    np.minimum.at(at, row, where)
    return at


def _programme(
    table: Table, out: BoolArray, always: BoolArray, sites: int
) -> tuple[Programme | None, Int64Array, Int64Array, float]:
    """Return what is left as levels of distance: options, then whether a point goes beyond each.

    A point's cost is that of its nearest option left plus, for each further one in its list, the
    step to it where no nearer one is chosen; lists end at options chosen in any case.
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
    if row.size > _MOST_LEVELS:
        return None, option, fixed, 0.0
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
