"""How much any choice could cover: the Lagrangian bound of maximal coverage.

With ``y_i <= sum of x_j over options j that reach i`` relaxed by multipliers ``m_i`` between 0 and
the weight, what is left splits into points (``weight - m``) and a knapsack of options worth the
multipliers in their reach (Galvao and ReVelle, 1996); the knapsack is bounded by its linear
relaxation, a price of money. Any multipliers give a valid bound. They are improved by the volume
algorithm (Barahona and Anbil, 2000): steps along averaged slopes.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from locator import _siting_kernels as kernels
from locator.siting_model import ROUNDING, BoolArray, CoverModel, Float64Array, Int64Array
from locator.siting_search import Purse

#: Multipliers at the start, as a share of the weight, where chosen options reach a point 0, 1,
#: 2 … times.
_FIRST = np.array([1.0, 0.6, 0.15, 0.0])

#: Weight of the newest slope in the average of slopes; smaller once steps are small.
_BLEND, _LATE_BLEND, _LATE = 0.2, 0.05, 0.02

#: Steps of worth in which the last person taken by a full option is told.
_BINS = 256

#: Share of the target that sums may lose to rounding.
_LOST = 1e-12

#: Share of the least step of costs by which a bound may be wrong before it is raised by a step.
_LOOSE = 1e-3

#: Boldness of steps below which nothing more is gained.
_REST = 1e-4

#: Share by which the bound must have fallen for bold steps to be tried again.
_WORTH = 2e-4

#: Tries without a lower bound before steps shrink, and the gain that lets them grow.
_TRIES, _GOOD_GAIN = 10, 0.01


@dataclass(frozen=True, eq=False)
class Priced:
    """A bound and what it says of each option.

    Attributes
    ----------
    bound : float
        Upper bound of what can be covered.
    worth : array of float64, shape (options,)
        Sum of the multipliers in reach of each option.
    rate : float
        Price of money at this bound, in people per unit of price.
    multiplier : array of float64, shape (points,)
        Multipliers.
    """

    bound: float
    worth: Float64Array
    rate: float
    multiplier: Float64Array


class CoverDual:
    """Multipliers of a model that sink towards the least bound; changes as it runs.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    purse : Purse
        What may be spent.
    counts : array_like of int, shape (points,)
        By how many options of a good choice each point is reached: where to begin.
    need : array of float64, shape (points,), optional
        How many options it takes to cover a point (at least 1); one if left out.
    """

    def __init__(
        self,
        model: CoverModel,
        purse: Purse,
        counts: npt.ArrayLike,
        need: Float64Array | None = None,
    ) -> None:
        self.model = model
        self.purse = purse
        self.group, self.groups = groups_of(model)
        self._low = np.empty(self.groups, np.int64)
        self._high = np.empty(self.groups, np.int64)
        self._share = 0.0
        self._before = math.inf
        self._average = np.zeros(model.points)
        self._boldness = 0.3
        self._idle = 0
        self._fresh = True
        self._need = np.ones(model.points) if need is None else np.asarray(need, np.float64)
        self._reached = np.diff(model.by_point[0]) >= self._need
        share = _FIRST[np.minimum(np.asarray(counts), _FIRST.size - 1)]
        self._multiplier = np.asarray(model.weight * share * self._reached, np.float64)
        self.best = self._price(self._multiplier)
        self._count = self._slopes()

    def _price(self, multiplier: Float64Array) -> Priced:
        """Return the bound that multipliers give."""
        purse = self.purse
        worth = self._worth(multiplier)
        low, high, low_spent, high_spent = kernels.rate_of_money(
            worth, purse.price, self.group, self.groups, purse.limit, self._low, self._high
        )
        self._mix(low_spent, high_spent, purse.limit)
        free = self._free(multiplier)
        bound, rate = min(
            (free + rate * purse.limit + self._surplus(worth, rate), rate) for rate in (low, high)
        )
        return Priced(bound, worth, rate, multiplier.copy())

    def _worth(self, multiplier: Float64Array) -> Float64Array:
        """Return what each option is worth at multipliers."""
        return np.asarray(
            kernels.reach_sums(self.model.indptr, self.model.point, multiplier / self._need)
        )

    def _free(self, multiplier: Float64Array) -> float:
        """Return what points are worth beyond their multipliers."""
        return math.fsum((self.model.weight - multiplier)[self._reached])

    def _surplus(self, worth: Float64Array, rate: float) -> float:
        """Return what the best option of each group is worth above its price."""
        most = np.zeros(self.groups)
        np.maximum.at(most, self.group, worth - rate * self.purse.price)
        return math.fsum(most)

    def _mix(self, low: float, high: float, want: float) -> None:
        """Mix the picks at two rates so that together they come to what is wanted."""
        share = (want - high) / (low - high) if low > high else 0.0
        self._share = min(max(share, 0.0), 1.0)

    def _people(self) -> float:
        """Return how many people a unit of the bound stands for."""
        return 1.0

    def _slopes(self) -> Float64Array:
        """Return how often the knapsack of the last bound reaches each point."""
        model = self.model
        count = np.zeros(model.points)
        for pick, part in ((self._low, self._share), (self._high, 1.0 - self._share)):
            if part > 0:
                kernels.add_counts(pick, part, model.indptr, model.point, count)
        return np.asarray(count / self._need)

    def descend(self, target: float, seconds: float, steps: int) -> None:
        """Take steps towards a lower bound.

        Parameters
        ----------
        target : float
            What is known to be reachable, so that no bound can be below it.
        seconds : float
            Time to take.
        steps : int
            The most steps.
        """
        end = time.monotonic() + seconds
        for _ in range(steps):
            if time.monotonic() > end or self.resting:
                return
            self._step(target)

    def _step(self, target: float) -> None:
        """Take one step from the best multipliers."""
        weight = self.model.weight
        blend = _BLEND if self._boldness > _LATE else _LATE_BLEND
        centre = self.best.multiplier
        # the slope is y - n with y of the last trial point: fewer people than are counted
        length = kernels.dual_step(
            self._multiplier, weight, self._count, self._average, blend, self._fresh
        )
        self._fresh = False
        ahead = max(self.best.bound - target, 1e-6 * abs(self.best.bound), 1e-12)
        size = self._boldness * ahead * self._people() / max(length, 1e-12)
        kernels.dual_move(centre, weight, self._average, size, self._multiplier)
        trial = self._price(self._multiplier)
        self._count = self._slopes()
        if trial.bound < self.best.bound:
            gained = (self.best.bound - trial.bound) / ahead
            self.best = trial
            self._idle = 0
            self._boldness = min(self._boldness * (1.1 if gained > _GOOD_GAIN else 1.0), 2.0)
        else:
            self._idle += 1
            if self._idle >= _TRIES:
                self._boldness *= 0.66
                self._idle = 0

    def settled(self, need: float) -> tuple[BoolArray, BoolArray]:
        """Return which options no better choice can contain, and which every better one must.

        Parameters
        ----------
        need : float
            Choices whose bound is below this are of no use.

        Returns
        -------
        out : array of bool, shape (options,)
            Of no use, or too dear by themselves.
        always : array of bool, shape (options,)
            In every better choice.
        """
        priced, purse = self.best, self.purse
        net = priced.worth - priced.rate * purse.price
        out, always = hopeless(net, self.group, priced.bound, need)
        out |= purse.price > purse.limit
        return out, always & ~out

    def revived(self) -> bool:
        """Begin with bold steps again, unless that has lately been of no use.

        Returns
        -------
        bool
            Whether it is worth it.
        """
        if self._before - self.best.bound <= _WORTH * abs(self.best.bound):
            return False
        self._before = self.best.bound
        self._boldness, self._idle, self._fresh = 0.2, 0, True
        return True

    @property
    def resting(self) -> bool:
        """Whether steps have become too small to matter."""
        return self._boldness < _REST

    @property
    def bound(self) -> float:
        """The least bound so far, safe against rounding; whole where weights are."""
        return safe_ceiling(self.best.bound, whole=self.model.whole)


class RoomDual(CoverDual):
    """The same where each option serves only so many people.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    purse : Purse
        What may be spent.
    counts : array_like of int, shape (points,)
        By how many options of a good choice each point is reached.
    capacity : array of float64, shape (options,)
        People each option can serve.
    """

    def __init__(
        self, model: CoverModel, purse: Purse, counts: npt.ArrayLike, capacity: Float64Array
    ) -> None:
        self.capacity = capacity
        self._edge = np.zeros(model.options)
        self._unit = np.zeros(model.points)
        super().__init__(model, purse, counts)

    def _worth(self, multiplier: Float64Array) -> Float64Array:
        """Return what each option is worth at multipliers, from above."""
        model = self.model
        share = np.divide(
            multiplier, model.weight, out=np.zeros(model.points), where=model.weight > 0
        )
        self._unit = np.clip(1.0 - share, 0.0, 1.0)
        worth = np.empty(model.options)
        kernels.room_worth(
            model.indptr, model.point, model.weight, self._unit, self.capacity, _BINS, worth,
            self._edge,
        )  # fmt: skip
        return worth

    def _slopes(self) -> Float64Array:
        """Return the share of each point that the knapsack of the last bound takes."""
        model = self.model
        flow = np.zeros(model.points)
        for pick, part in ((self._low, self._share), (self._high, 1.0 - self._share)):
            if part > 0:
                kernels.room_flow(
                    pick, part, model.indptr, model.point, model.weight, self._unit,
                    self.capacity, self._edge, _BINS, flow,
                )  # fmt: skip
        return np.divide(flow, model.weight, out=np.zeros(flow.size), where=model.weight > 0)


class TargetDual(CoverDual):
    """The same for the cheapest way to cover a target; bounds are negative costs.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    purse : Purse
        Prices; its limit is not asked.
    counts : array_like of int, shape (points,)
        By how many options of a good choice each point is reached.
    target : float
        People to cover.
    """

    def __init__(
        self, model: CoverModel, purse: Purse, counts: npt.ArrayLike, target: float
    ) -> None:
        self.target = target
        super().__init__(model, purse, counts)

    def _price(self, multiplier: Float64Array) -> Priced:
        """Return the bound that multipliers give."""
        model = self.model
        worth = kernels.reach_sums(model.indptr, model.point, multiplier)
        want = self.target - self._free(multiplier)
        low, high, low_worth, high_worth = kernels.rate_of_cover(
            worth, self.purse.price, self.group, self.groups, want, self._low, self._high
        )
        self._mix(low_worth, high_worth, want)
        high = high or 1.0
        bound, rate = min(
            ((self._surplus(worth, rate) - want + _LOST * self.target) / rate, rate)
            for rate in (max(low, 1e-9 * high), high)
        )
        return Priced(bound, worth, rate, multiplier.copy())

    def _people(self) -> float:
        """Return how many people a fen stands for."""
        return self.best.rate

    @property
    def least_cost(self) -> float:
        """What any choice that covers the target costs at least; a multiple of all prices' part."""
        return safe_floor(-self.best.bound, part_of(self.purse.price))


def groups_of(model: CoverModel) -> tuple[Int64Array, int]:
    """Return a group for each option: its bundle, or itself.

    Parameters
    ----------
    model : CoverModel
        Options with bundles.

    Returns
    -------
    group : array of int64, shape (options,)
        Number of its group, from 0.
    groups : int
        Number of groups.
    """
    bundle = model.bundles.astype(np.int64)
    own = bundle < 0
    bundle[own] = bundle.max(initial=-1) + 1 + np.arange(int(own.sum()))
    names, group = np.unique(bundle, return_inverse=True)
    return group.astype(np.int64), names.size


def better(value: float, *, whole: bool) -> float:
    """Return the least that a better choice comes to.

    Parameters
    ----------
    value : float
        Objective of the best choice known.
    whole : bool
        Whether the objective can only be a whole number.

    Returns
    -------
    float
        Little more, or nearly one more.
    """
    return value + (1.0 - ROUNDING if whole else 0.0)


def safe_ceiling(bound: float, *, whole: bool) -> float:
    """Return an upper bound widened for rounding, and cut to whole numbers where they are.

    Parameters
    ----------
    bound : float
        Bound as computed.
    whole : bool
        Whether the objective can only be a whole number.

    Returns
    -------
    float
        A bound that holds.

    Examples
    --------
    >>> safe_ceiling(7.9, whole=True)
    7.0
    """
    wide = bound + ROUNDING * (1.0 + abs(bound))
    return float(math.floor(wide)) if whole and math.isfinite(wide) else wide


def part_of(price: Int64Array) -> int:
    """Return the greatest part of which all prices are multiples.

    Parameters
    ----------
    price : array of int64, shape (options,)
        Prices.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> part_of(np.array([60_000, 0, 9_000])), part_of(np.array([], np.int64))
    (3000, 1)
    """
    return int(np.gcd.reduce(price)) or 1


def safe_floor(bound: float, part: int) -> float:
    """Return a lower bound of a cost, widened for rounding and raised to what a cost can be.

    Parameters
    ----------
    bound : float
        Bound as computed.
    part : int
        Of which every cost is a multiple: `part_of` the prices.

    Returns
    -------
    float
        A multiple of ``part``, at least 0; inf stays.

    Examples
    --------
    >>> safe_floor(40_999_990.0, 100_000), safe_floor(41_000_000.1, 100_000), safe_floor(6.4, 1)
    (41000000.0, 41000000.0, 7.0)
    """
    wide = (bound - ROUNDING * (1.0 + abs(bound))) / part
    if not math.isfinite(wide):
        return max(wide, 0.0)
    return max(float(math.ceil(wide - _LOOSE) * part), 0.0)


def hopeless(
    net: Float64Array, group: Int64Array, bound: float, need: float
) -> tuple[BoolArray, BoolArray]:
    """Return which options no better choice can contain, and which every better one must.

    Parameters
    ----------
    net : array of float64, shape (options,)
        What each option is worth above its price, where one of a group at most counts, if it is
        more than 0.
    group : array of int64, shape (options,)
        Group of each option.
    bound : float
        Upper bound with the best of each group.
    need : float
        Choices whose bound is below this are of no use.

    Returns
    -------
    out : array of bool, shape (options,)
        Options whose choice would press the bound below the need.
    always : array of bool, shape (options,)
        Options whose absence would.

    Examples
    --------
    >>> out, always = hopeless(np.array([9.0, 1, -8]), np.arange(3), 20.0, 15.0)
    >>> out.tolist(), always.tolist()
    ([False, False, True], [True, False, False])
    """
    groups = int(group.max(initial=-1)) + 1
    order = np.lexsort((-net, group))
    follows = np.zeros(net.size, bool)
    follows[1:] = np.diff(group[order]) == 0
    most = np.zeros(groups)
    np.maximum.at(most, group, net)
    second = np.zeros(groups)
    np.maximum.at(second, group[order[follows]], net[order[follows]])
    wide = bound + ROUNDING * (1.0 + abs(bound))
    out = wide - most[group] + net < need
    best = np.zeros(net.size, bool)
    best[order[~follows]] = True
    always = best & (net > 0) & (wide - most[group] + second[group] < need)
    return out & ~always, always
