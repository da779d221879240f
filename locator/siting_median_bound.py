"""The Lagrangian bound of the p-median, and branching on it until nothing is left.

Each point goes to one site: that is relaxed (Cornuejols, Fisher and Nemhauser, 1977), and the
multipliers are improved by averaged slopes (Barahona and Anbil, 2000).
"""

import math

import numpy as np

from locator import _siting_median_kernels as kernels
from locator.siting_clock import Clock
from locator.siting_median_table import Table, first_chosen_of
from locator.siting_model import ROUNDING, BoolArray, Float64Array, Int64Array

#: Steps of the bound: weight of the newest slope, tries before they shrink, and when they rest.
_BLEND, _TRIES, _SHRINK, _REST = 0.3, 12, 0.7, 2e-4

#: A bound, the options chosen and left out, and multipliers to begin with.
_Part = tuple[float, BoolArray, BoolArray, Float64Array]

#: Boldness at which a part of the question is divided further.
_ENOUGH = 0.03


class MedianDual:
    """Multipliers that rise towards the greatest bound; changes as it runs.

    Parameters
    ----------
    table : Table
        Costs.
    sites : int
        The most options.
    at : array of int64, shape (points,)
        Where each point finds its nearest option of a good choice.
    chosen : array of bool, shape (options,)
        That choice.
    """

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
        self.must = np.zeros(table.options, bool)
        self.never = np.zeros(table.options, bool)
        self.mark = np.zeros(table.options)
        self.likely = np.zeros(table.options)
        self.bound = self.raw = -math.inf
        self.boldness, self.idle, self.fresh = 0.5, 0, True
        self._take(*self._value(self.centre))

    def _value(self, u: Float64Array) -> tuple[float, Float64Array, float, Float64Array]:
        """Return the bound at multipliers, the worth of options, of the last one, and slopes."""
        table = self.table
        worth = kernels.median_worth(u, table.back, table.option, table.cost, table.options)
        open_worth = np.where(self.must | self.never, -1.0, worth)
        order = np.argsort(-open_worth, kind="stable")
        picked = order[: self.sites - int(self.must.sum())]
        picked = np.concatenate([np.flatnonzero(self.must), picked[open_worth[picked] > 0]])
        value = math.fsum(u) - math.fsum(worth[picked])
        self.mark = np.zeros(table.options)
        self.mark[picked] = 1.0
        count = kernels.median_counts(u, self.mark, table.back, table.option, table.cost)
        last = self.sites - int(self.must.sum())
        follows = max(open_worth[order[last]], 0.0) if last < order.size else 0.0
        return value, worth, float(follows), 1.0 - count

    def _take(self, value: float, worth: Float64Array, rate: float, slope: Float64Array) -> None:
        """Remember the best multipliers."""
        self.slope = slope
        if value > self.raw:
            self.raw, self.worth, self.rate, self.centre = value, worth, rate, self.trial
            self.raise_to(value)

    def settle(self, must: BoolArray, never: BoolArray, centre: Float64Array) -> None:
        """Begin again with some options chosen and some left out.

        Parameters
        ----------
        must, never : array of bool, shape (options,)
            Options chosen in any case, and options left out.
        centre : array of float64, shape (points,)
            Multipliers to begin with.
        """
        self.must, self.never = must, never
        self.bound = self.raw = -math.inf
        self.boldness, self.idle, self.fresh = 0.3, 0, True
        self.trial = centre
        self._take(*self._value(centre))

    def raise_to(self, value: float) -> None:
        """Raise the bound, with care for rounding; to whole numbers where costs are.

        Parameters
        ----------
        value : float
            A lower bound as computed.
        """
        safe = value - ROUNDING * (1.0 + abs(value))
        safe = float(math.ceil(safe)) if self.whole and math.isfinite(safe) else safe
        self.bound = max(self.bound, safe)

    @property
    def resting(self) -> bool:
        """Whether steps have become too small to matter."""
        return self.boldness < _REST

    def rise(self, target: float, clock: Clock, steps: int) -> None:
        """Take steps towards a greater bound.

        Parameters
        ----------
        target : float
            A cost that is known to be reachable.
        clock : Clock
            Time left.
        steps : int
            The most steps.
        """
        for _ in range(steps):
            if clock.over or self.resting:
                return
            self._step(target)

    def _step(self, target: float) -> None:
        """Take one step from the best multipliers."""
        blend = 1.0 if self.fresh else _BLEND
        self.average = blend * self.slope + (1.0 - blend) * self.average
        self.likely = blend * self.mark + (1.0 - blend) * self.likely
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


def branched(
    dual: MedianDual, value: float, clock: Clock
) -> tuple[Int64Array | None, float, float]:
    """Divide the question by whether likely options are chosen, until no part can be better.

    Parameters
    ----------
    dual : MedianDual
        Multipliers of the whole question; afterwards those of some part.
    value : float
        Cost of the best choice known.
    clock : Clock
        Time left.

    Returns
    -------
    best : array of int64 or None
        A better choice; None: none was found.
    value : float
        Its cost, or that of the choice known.
    bound : float
        What no choice costs less than; the value where nothing is left.
    """
    nothing = np.zeros(dual.table.options, bool)
    best = _Incumbent(dual.table, value)
    parts: list[_Part] = [(dual.bound, nothing, nothing, dual.centre)]
    while parts and not clock.over:
        parts.sort(key=lambda part: -part[0])
        part = parts.pop()
        if _useless(part[0], best.value):
            continue
        _press(dual, part, best, clock)
        if _useless(dual.bound, best.value):
            continue
        must, never = _certain(dual, best.value)
        open_options = ~(must | never)
        if int(must.sum()) == dual.sites or not open_options.any():
            best.offer(np.flatnonzero(must))
            continue
        on = int(np.argmax(np.where(open_options, dual.likely, -1.0)))
        yes, no = must.copy(), never.copy()
        yes[on] = no[on] = True
        parts += [(dual.bound, yes, never, dual.centre), (dual.bound, must, no, dual.centre)]
    return best.options, best.value, min([best.value, *(part[0] for part in parts)])


class _Incumbent:
    """The best choice known."""

    def __init__(self, table: Table, value: float) -> None:
        self.table, self.value = table, value
        self.options: Int64Array | None = None

    def offer(self, options: Int64Array) -> None:
        """Take a choice that costs less."""
        cost = self.table.total(options)
        if cost < self.value - ROUNDING * self.value:
            self.options, self.value = options, cost


def _press(dual: MedianDual, part: _Part, best: _Incumbent, clock: Clock) -> None:
    """Raise the bound of a part until it is useless or steps are small."""
    known, must, never, centre = part
    dual.settle(must, never, centre)
    dual.raise_to(known)
    while not (dual.resting or _useless(dual.bound, best.value) or clock.over):
        dual.rise(best.value, clock, 10)
        best.offer(np.flatnonzero(dual.mark > 0))
        if dual.idle and dual.boldness < _ENOUGH:
            return


def _useless(bound: float, value: float) -> bool:
    """Tell whether nothing cheaper than the value can be there."""
    return bound >= value - ROUNDING * (1.0 + abs(value))


def _certain(dual: MedianDual, value: float) -> tuple[BoolArray, BoolArray]:
    """Return which options are chosen and which left out in all cheaper choices of this part."""
    open_options = ~(dual.must | dual.never)
    left = dual.sites - int(dual.must.sum())
    order = np.argsort(-np.where(open_options, dual.worth, -1.0), kind="stable")
    last = dual.worth[order[left - 1]] if 0 < left <= int(open_options.sum()) else 0.0
    room = value - (1.0 if dual.whole else 0.0) - dual.raw + ROUNDING * (1.0 + abs(value))
    picked = np.zeros(open_options.size, bool)
    picked[order[:left]] = True
    picked &= open_options
    never = dual.never | (open_options & ~picked & (last - dual.worth > room))
    must = dual.must | (picked & (dual.worth - dual.rate > room))
    return must, never
