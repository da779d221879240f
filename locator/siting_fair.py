"""Most people covered while no district stays under a share.

Districts below their floor weigh more until they are above it: the same weights, read as
multipliers of the floors, give bounds (Lagrangian relaxation of the floors).
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import sparse

from locator.siting_backup import replace_weight
from locator.siting_bound import CoverDual, safe_ceiling
from locator.siting_clock import Clock
from locator.siting_cover import compiled
from locator.siting_exact import Programme, choose, overspent, stacked
from locator.siting_model import (
    ROUNDING,
    BoolArray,
    CoverModel,
    Float64Array,
    InfeasibleError,
    Int64Array,
    Solution,
    answered,
    closed,
)
from locator.siting_reduce import Reduced, cover_rows, limit_rows, reduced
from locator.siting_search import Purse, Search, building_order

#: Entries beyond which HiGHS is not asked.
_MOST_ENTRIES = 400_000

#: Rounds of weighing districts before HiGHS is asked, and at most.
_FIRST_ROUNDS, _MOST_ROUNDS = 4, 60


@dataclass(frozen=True, eq=False)
class Floors:
    """The people of each district who must at least be covered.

    Attributes
    ----------
    district : array of int64, shape (points,)
        District of each point; -1: of none.
    floor : array of float64, shape (districts,)
        People of the model to cover in each.
    """

    district: Int64Array
    floor: Float64Array

    @classmethod
    def of(
        cls,
        model: CoverModel,
        district: npt.ArrayLike,
        share: float,
        total: npt.ArrayLike | None = None,
        covered: npt.ArrayLike | None = None,
    ) -> "Floors":
        """Return the floors that a share means.

        Parameters
        ----------
        model : CoverModel
            Options and points.
        district : array_like of int, shape (points,)
            District of each point, from 0; -1: of none.
        share : float
            Share of the people of each district to cover.
        total, covered : array_like of float, shape (districts,), optional
            All people of each district, and those covered already; by default those of the model,
            and nobody.

        Returns
        -------
        Floors
            What is still to be covered; whole numbers where weights are.
        """
        where = np.asarray(district, np.int64)
        inside = where >= 0
        mine = np.bincount(where[inside], model.weight[inside])
        people = mine if total is None else np.asarray(total, np.float64)
        before = np.zeros(people.size) if covered is None else np.asarray(covered, np.float64)
        floor = share * people - before - ROUNDING * (1.0 + people)
        floor = np.ceil(floor) if model.whole else floor
        return cls(where, np.maximum(floor, 0.0))

    def covered(self, weight: Float64Array, served: BoolArray) -> Float64Array:
        """Return the people served in each district.

        Parameters
        ----------
        weight : array of float64, shape (points,)
            People.
        served : array of bool, shape (points,)
            Which points are served.

        Returns
        -------
        array of float64, shape (districts,)
            Sums.
        """
        inside = served & (self.district >= 0)
        return np.bincount(self.district[inside], weight[inside], minlength=self.floor.size).astype(
            np.float64
        )

    def lack(self, model: CoverModel, chosen: Int64Array) -> Float64Array:
        """Return how many people each district lacks.

        Parameters
        ----------
        model : CoverModel
            Options and points.
        chosen : array of int64
            Options.

        Returns
        -------
        array of float64, shape (districts,)
            People, 0 where the floor is kept.
        """
        got = self.covered(model.weight, model.counts(chosen) > 0)
        short = self.floor - got
        return np.where(short > ROUNDING * (1.0 + self.floor), short, 0.0)


def fair_cover(
    model: CoverModel,
    floors: Floors,
    *,
    budget: int | None = None,
    sites: int | None = None,
    time_limit_seconds: float = 60.0,
) -> Solution:
    """Choose the options that cover most people while no district stays under its floor.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    floors : Floors
        Districts and what must be covered in each (``Floors.of``).
    budget : int, optional
        The most that may be spent, in fen; kept exactly.
    sites : int, optional
        The most options that may be chosen. Either this or ``budget``.
    time_limit_seconds : float, optional
        When it passes, the best found so far is returned with the bound so far.

    Returns
    -------
    Solution
        Options in building order, people covered, and an upper bound; ``feasible`` is false where
        time ran out before all floors were kept (the choice then lacks fewest people).

    Raises
    ------
    InfeasibleError
        If it is proven that the floors cannot all be kept.
    ValueError
        If not exactly one of budget and sites is given.

    Examples
    --------
    >>> model = CoverModel.of_lists([[0], [1], [2]], [9, 8, 1])
    >>> floors = Floors.of(model, [0, 0, 1], 0.5)
    >>> fair_cover(model, floors, sites=2).chosen.tolist()
    [0, 2]
    """
    purse = Purse.of(model, budget, sites)
    compiled()  # its kernels are those of maximal coverage
    return _Hunt(model, floors, purse, Clock(time_limit_seconds)).run()


class _Hunt:
    """The best choice and the least bound so far."""

    def __init__(self, model: CoverModel, floors: Floors, purse: Purse, clock: Clock) -> None:
        self.model, self.floors, self.purse, self.clock = model, floors, purse, clock
        self.best: Int64Array = np.empty(0, np.int64)
        self.value = 0.0
        self.short = float(floors.lack(model, self.best).sum())
        self.pressure = np.zeros(floors.floor.size)
        self.bound = math.inf
        self.method = "greedy and swaps, districts weighed"
        reached = np.diff(model.by_point[0]) > 0
        most = floors.covered(model.weight, reached)
        if (most < floors.floor - ROUNDING * (1.0 + floors.floor)).any():
            self.fail()

    def keep(self, options: Int64Array) -> None:
        """Remember a choice that lacks less, or covers more and lacks nothing more."""
        short = float(self.floors.lack(self.model, options).sum())
        value = self.model.covered_weight(options)
        if (short, -value) < (self.short, -self.value):
            self.best, self.value, self.short = options, value, short

    def done(self) -> bool:
        """Whether the best choice is proven."""
        return self.short == 0 and closed(self.value, self.bound)

    def run(self) -> Solution:
        """Weigh districts, let HiGHS try, and weigh on."""
        self.weigh(self.clock.part(0.3), _FIRST_ROUNDS)
        if not self.done() and not self.clock.over and not self.prove():
            self.weigh(self.clock, _MOST_ROUNDS)
        return self.answer()

    def weigh(self, clock: Clock, rounds: int) -> None:
        """Search and bound with heavier districts where floors are not kept."""
        model, floors = self.model, self.floors
        for turn in range(rounds):
            if turn and (clock.over or self.done()):
                return
            extra = np.append(self.pressure, 0.0)[floors.district]
            weighed = replace_weight(model, model.weight * (1.0 + extra))
            weighed.__dict__["by_point"] = model.by_point
            search = Search(weighed, self.purse)
            search.restart(self.best if turn % 2 and self.best.size else ())
            search.fill(1.0 if self.purse.money else 0.0)
            self.keep(search.options)
            search.rounds_within(min(1.0, clock.left), most=300)
            self.keep(search.options)
            dual = CoverDual(weighed, self.purse, model.counts(search.options))
            given = float(self.pressure @ floors.floor)
            dual.descend(self.value + given, min(2.0, clock.left), 120)
            bound = safe_ceiling(dual.best.bound, whole=False) - given
            self.bound = min(self.bound, safe_ceiling(bound, whole=model.whole))
            lack = floors.lack(model, search.options)
            eased = np.where(lack > 0, self.pressure + 0.5, self.pressure * 0.8)
            self.pressure = np.where(floors.floor > 0, eased, 0.0)

    def prove(self) -> bool:
        """Let HiGHS solve the model, if it is small; tell whether that ended the question."""
        model, purse = self.model, self.purse
        nothing = np.zeros(model.options, bool)
        if model.point.size > 10 * _MOST_ENTRIES:
            return False
        out = purse.price > purse.limit
        left = reduced(model, out, nothing, purse.price, label=self.floors.district)
        if left.model.point.size > _MOST_ENTRIES:
            return False
        programme = _programme(left, self.floors, purse.limit)

        found = choose(
            programme,
            self.clock.part(0.7),
            partial(self.faulty, left, programme.cost.size),
            options=left.option.size,
        )
        if found.options is not None:
            self.keep(left.whole_choice(found.options))
        self.method += " and HiGHS"
        if found.optimal and self.short > 0:
            self.fail()
        self.bound = min(self.bound, safe_ceiling(-found.bound, whole=model.whole))
        if found.optimal:
            self.bound = self.value
        return found.optimal

    def faulty(
        self, left: Reduced, size: int, chosen: Int64Array
    ) -> tuple[Float64Array, float, float] | None:
        """Return a row against a choice that is too dear or leaves a district short."""
        dear = overspent(left.model.cost, self.purse.limit, size)(chosen)
        if dear is not None or not self.floors.lack(self.model, left.whole_choice(chosen)).any():
            return dear
        row = np.zeros(size)
        row[: left.option.size] = 1.0
        row[chosen] = 0.0
        return row, 1.0, math.inf

    @staticmethod
    def fail() -> None:
        """Say that the floors cannot all be kept."""
        raise InfeasibleError(
            "no affordable choice covers the share asked in every district"
            " (allow more money or sites, add candidates there or ask for a smaller share)"
        )

    def answer(self) -> Solution:
        """Return the best choice in building order."""
        built = building_order(self.model, self.best, self.purse)
        feasible, spent = self.short == 0, int(self.model.cost[self.best].sum())
        bound = max(self.bound, self.value) if feasible else self.bound
        return answered(built, self.value, bound, self.method, spent=spent, feasible=feasible)


def _programme(left: Reduced, floors: Floors, limit: int) -> Programme:
    """Return fair coverage as a programme: options first, then the share covered of points."""
    model = left.model
    options, points = model.options, model.points
    size = options + points
    inside = np.flatnonzero(left.label >= 0)
    people = sparse.csr_array(
        (model.weight[inside], (left.label[inside], options + inside)),
        shape=(floors.floor.size, size),
    )
    rows, low, high = stacked(
        [
            (cover_rows(left), 0.0, math.inf),
            (people, floors.floor, math.inf),
            *limit_rows(model, size, model.cost, limit),
        ]
    )
    cost = np.concatenate([np.zeros(options), -model.weight])
    return Programme(cost, rows, low, high, np.arange(size) < options)
