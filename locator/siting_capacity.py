"""Most people served where each option has room for so many (Pirkul and Schilling, 1991).

A choice is worth what a greatest flow from people to rooms carries: each worker in one, a point's
workers perhaps in several.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from geodata.errors import Fault, ValidationError
from locator import _siting_kernels as kernels
from locator.siting_bound import RoomDual, better, safe_ceiling
from locator.siting_clock import Clock
from locator.siting_exact import Block, Programme, choose, overspent, solve, stacked
from locator.siting_model import (
    ROUNDING,
    CoverModel,
    Float64Array,
    Int64Array,
    Solution,
    answered,
    closed,
    row_sums,
    tiny,
)
from locator.siting_reduce import Reduced, limit_rows, reduced
from locator.siting_search import Purse

#: Entries beyond which HiGHS is not asked, and up to which its rows are many and tight.
_MOST_ENTRIES, _TIGHT_ENTRIES = 150_000, 60_000

#: Tries without a better choice after which the search rests, before HiGHS and after it.
_PATIENCE = (30, 300)

_MOST_FLOW = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Allocation:
    """Who goes where.

    Attributes
    ----------
    entry : array of int64
        Positions in ``model.point``: an option and a point within its reach.
    people : array of float64
        How many of the point's people go there.
    total : float
        All of them.
    """

    entry: Int64Array
    people: Float64Array
    total: float


def allocate(model: CoverModel, capacity: npt.ArrayLike, chosen: npt.ArrayLike) -> Allocation:
    """Send as many people as possible to chosen options, each to one, none beyond its room.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    capacity : array_like of float, shape (options,)
        People each option has room for.
    chosen : array_like of int
        Options.

    Returns
    -------
    Allocation
        A greatest flow; whole people where weights and rooms are whole.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0, 1], [1]], [5, 5])
    >>> allocate(model, [6, 2], [0, 1]).total
    8.0
    """
    options = np.asarray(chosen, np.int64)
    room = _rooms(model, capacity)
    size = np.diff(model.indptr)[options]
    row = np.repeat(np.arange(options.size), size)
    entry = np.arange(row.size) - np.repeat(np.cumsum(size) - size, size)
    entry = (entry + model.indptr[options][row]).astype(np.int64)
    if not entry.size:
        return Allocation(entry, np.empty(0), 0.0)
    exact = model.whole and bool((room[options] == np.rint(room[options])).all())
    if exact and max(room[options].max(), model.weight.max()) < _MOST_FLOW:
        people = _whole_flow(model, room[options], row, entry)
    else:
        people = _flow(model, room[options], row, entry)
    return Allocation(entry, people, math.fsum(people))


def _rooms(model: CoverModel, capacity: npt.ArrayLike) -> Float64Array:
    """Return room for no more people than are in reach."""
    room = np.asarray(capacity, np.float64)
    if room.shape != (model.options,) or not (room >= 0).all():
        raise ValidationError.of(
            [Fault("capacity", f"expected {model.options} numbers of people, none negative")]
        )
    return np.minimum(room, model.option_weights)


def _whole_flow(
    model: CoverModel, room: Float64Array, row: Int64Array, entry: Int64Array
) -> Float64Array:
    """Return a greatest flow in whole people (Dinic, 1970), shape of ``entry``."""
    points, where = np.unique(model.point[entry], return_inverse=True)
    options = room.size
    source, sink = options + points.size, options + points.size + 1
    seat = options + where
    tail = np.concatenate([np.full(options, source), row, options + np.arange(points.size)])
    head = np.concatenate([np.arange(options), seat, np.full(points.size, sink)])
    most = np.concatenate([room, model.weight[points][where], model.weight[points]])
    graph = sparse.csr_array((most.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
    flow = sparse.csr_array(maximum_flow(graph, source, sink).flow)
    return np.asarray(flow[row, seat], np.float64).ravel()


def _flow_rows(
    row: Int64Array, column: Int64Array, shape: tuple[int, int]
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return sums of entries by option and by point."""
    at = np.arange(row.size)
    ones = np.ones(row.size)
    by_option = sparse.csr_array((ones, (row, at)), shape=(shape[0], row.size))
    by_point = sparse.csr_array((ones, (column, at)), shape=(shape[1], row.size))
    return by_option, by_point


def _flow(
    model: CoverModel, room: Float64Array, row: Int64Array, entry: Int64Array
) -> Float64Array:
    """Return a greatest flow as a linear programme, shape of ``entry``."""
    points, where = np.unique(model.point[entry], return_inverse=True)
    by_option, by_point = _flow_rows(row, where, (room.size, points.size))
    weight = model.weight[points]
    rows, low, high = stacked([(by_option, -math.inf, room), (by_point, -math.inf, weight)])
    programme = Programme(
        -np.ones(row.size), rows, low, high, np.zeros(row.size, bool), weight[where]
    )
    x = solve(programme, Clock(60.0), relax=True).x
    return np.zeros(row.size) if x is None else np.clip(x, 0.0, weight[where])


def capacitated_cover(
    model: CoverModel,
    capacity: npt.ArrayLike,
    *,
    budget: int | None = None,
    sites: int | None = None,
    time_limit_seconds: float = 60.0,
) -> Solution:
    """Choose the options that serve most people, each option no more than it has room for.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    capacity : array_like of float, shape (options,)
        People each option has room for (inf: any number).
    budget : int, optional
        The most that may be spent, in fen; kept exactly.
    sites : int, optional
        The most options that may be chosen. Either this or ``budget``.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.

    Returns
    -------
    Solution
        Options in building order, people served (``allocate`` tells where), and an upper bound.

    Raises
    ------
    ValidationError
        If a capacity is negative or missing.
    ValueError
        If not exactly one of budget and sites is given.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0, 1], [1], [2]], [5, 5, 4])
    >>> plan = capacitated_cover(model, [6, 2, 9], sites=2)
    >>> plan.chosen.tolist(), plan.objective
    ([0, 2], 10.0)
    """
    room, purse = _rooms(model, capacity), Purse.of(model, budget, sites)
    _compiled()
    return _Hunt(model, room, purse, Clock(time_limit_seconds)).run()


@cache
def _compiled() -> None:
    """Compile the kernels, or load them, before any clock runs: once a process."""
    model = tiny()
    hunt = _Hunt(model, np.full(4, 2.0), Purse.of(model, None, 2), Clock(1.0))
    hunt.dual.descend(0.0, 1.0, 1)
    hunt.exchange()


class _Hunt:
    """The best choice and the least bound so far."""

    def __init__(
        self, model: CoverModel, capacity: Float64Array, purse: Purse, clock: Clock
    ) -> None:
        self.model, self.capacity, self.purse, self.clock = model, capacity, purse, clock
        self.whole = model.whole and bool((capacity == np.rint(capacity)).all())
        self.best: Int64Array = np.empty(0, np.int64)
        self.value = 0.0
        self.method = "greedy"
        self.draw = np.random.default_rng(5)
        everybody = np.ones(model.options, bool)
        for power in (0.0, 1.0) if purse.money else (0.0,):
            self.keep(self.filled(self.best[:0], model.weight.copy(), power, everybody))
        self.dual = RoomDual(model, purse, model.counts(self.best), capacity)
        self.bound = self._safe(self.dual.best.bound)

    def _safe(self, bound: float) -> float:
        """Return an upper bound safe from rounding."""
        return safe_ceiling(bound, whole=self.whole)

    def filled(
        self, chosen: Int64Array, left: Float64Array, power: float, allowed: npt.NDArray[np.bool_]
    ) -> Int64Array:
        """Return a choice with what greedy filling adds, given the people left."""
        model, purse = self.model, self.purse
        taken = np.zeros(int(model.bundles.max(initial=-1)) + 1, bool)
        held = model.bundles[chosen]
        taken[held[held >= 0]] = True
        may = allowed.copy()
        may[chosen] = False
        order = np.empty(model.options, np.int64)
        room = purse.limit - int(purse.price[chosen].sum())
        size = kernels.room_fill(
            room, power, purse.price, model.bundles, taken, may, model.indptr, model.point, left,
            self.capacity, order,
        )  # fmt: skip
        return np.concatenate([chosen, order[:size]])

    def keep(self, options: Int64Array) -> bool:
        """Remember a better choice."""
        value = allocate(self.model, self.capacity, options).total
        if value <= self.value + ROUNDING * self.value:
            return False
        self.best, self.value = np.sort(options), value
        return True

    def run(self) -> Solution:
        """Search and bound, let HiGHS try, and search on."""
        self.hunt(self.clock.part(0.4), _PATIENCE[0])
        if not closed(self.value, self.bound) and not self.clock.over and not self.prove():
            self.hunt(self.clock, _PATIENCE[1])
        bound, spent = max(self.bound, self.value), int(self.model.cost[self.best].sum())
        return answered(self.order(), self.value, bound, self.method, spent=spent)

    def hunt(self, clock: Clock, patience: int) -> None:
        """Try other options for a few of the chosen ones, with steps of the bound in turn."""
        idle = 0
        while not clock.over and not closed(self.value, self.bound):
            self.dual.descend(self.value, min(1.0, clock.left), 10)
            self.bound = min(self.bound, self._safe(self.dual.best.bound))
            if idle > patience and self.dual.resting:
                return
            idle = 0 if self.exchange() else idle + 1

    def exchange(self) -> bool:
        """Give up one to three options and fill up from all others; tell whether it is better."""
        if not self.best.size:
            return False
        many = min(self.best.size, 1 + int(self.draw.integers(3)))
        out = self.draw.permutation(self.best)[:many]
        stay = np.setdiff1d(self.best, out)
        sent = allocate(self.model, self.capacity, stay)
        left = self.model.weight.copy()
        np.subtract.at(left, self.model.point[sent.entry], sent.people)
        allowed = self.draw.random(self.model.options) < 0.9  # noqa: PLR2004 - most, but never the same
        allowed[out[0]] = False
        power = float(self.draw.integers(2)) if self.purse.money else 0.0
        better = self.keep(self.filled(stay, np.maximum(left, 0.0), power, allowed))
        if better:
            self.method = "greedy and swaps"
        return better

    def prove(self) -> bool:
        """Let HiGHS solve what is left, if it is small; tell whether that ended the question."""
        purse, model = self.purse, self.model
        out, _ = self.dual.settled(better(self.value, whole=self.whole))
        if np.diff(model.indptr)[~out].sum() > 10 * _MOST_ENTRIES:
            return False
        left = reduced(model, out, np.zeros(out.size, bool), purse.price, exchange=False)
        if left.model.point.size > _MOST_ENTRIES:
            return False
        programme = _programme(left, self.capacity[left.option], purse.limit)
        faulty = overspent(left.model.cost, purse.limit, programme.cost.size)
        found = choose(programme, self.clock.part(0.7), faulty, options=left.option.size)
        if found.options is not None:
            self.keep(left.whole_choice(found.options))
        self.method = self.method.removesuffix(" and HiGHS") + " and HiGHS"
        ahead = max(self.value, -found.bound)
        self.bound = min(self.bound, self._safe(ahead))
        if found.optimal:
            self.bound = self.value
        return found.optimal

    def order(self) -> tuple[Int64Array, Float64Array]:
        """Return the choice in greedy order, with what each option adds to the flow."""
        allowed = np.zeros(self.model.options, bool)
        allowed[self.best] = True
        power = 1.0 if self.purse.money else 0.0
        order = self.filled(self.best[:0], self.model.weight.copy(), power, allowed)
        order = np.concatenate([order, np.setdiff1d(self.best, order)])
        values = [
            allocate(self.model, self.capacity, order[:size]).total
            for size in range(order.size + 1)
        ]
        return order, np.diff(values)


def _programme(left: Reduced, capacity: Float64Array, limit: int) -> Programme:
    """Return the question as a programme: options first, then the people of each entry."""
    model = left.model
    options, entries = model.options, model.point.size
    size = options + entries
    row = np.repeat(np.arange(options), np.diff(model.indptr))
    by_option, by_point = _flow_rows(row, model.point.astype(np.int64), (options, model.points))
    room = sparse.diags_array(
        -np.minimum(capacity, row_sums(model.indptr, model.weight[model.point]))
    )
    empty = sparse.csr_array((model.points, options))
    weight = model.weight[model.point]
    blocks: list[Block] = [
        (sparse.csr_array(sparse.hstack([room, by_option])), -math.inf, 0.0),
        (sparse.csr_array(sparse.hstack([empty, by_point])), -math.inf, model.weight),
        *limit_rows(model, size, model.cost, limit),
    ]
    if entries <= _TIGHT_ENTRIES:
        at = np.arange(entries)
        opened = sparse.csr_array((-weight, (at, row)), shape=(entries, options))
        tight = sparse.csr_array(sparse.hstack([opened, sparse.eye_array(entries)]))
        blocks.append((tight, -math.inf, 0.0))
    rows, low, high = stacked(blocks)
    cost = np.concatenate([np.zeros(options), -np.ones(entries)])
    upper = np.concatenate([np.ones(options), weight])
    return Programme(cost, rows, low, high, np.arange(size) < options, upper)
