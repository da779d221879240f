"""From a plan's question to the solver that answers it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from geodata.errors import Fault, LimitError, ValidationError
from geodata.model import FloatArray, Int32Array, Int64Array
from locator.candidates import fen_of
from locator.plan_choice import Choice
from locator.plan_ground import check_limits
from locator.plan_mosts import Mosts
from locator.siting_backup import backup_cover
from locator.siting_capacity import capacitated_cover
from locator.siting_clock import Clock
from locator.siting_cover import maximal_cover
from locator.siting_fair import Floors, fair_cover
from locator.siting_model import CoverModel, InfeasibleError, Solution, closed
from locator.siting_search import Purse, building_order
from locator.siting_set import set_cover

#: Objectives, and which of budget, sites and target share each takes.
OBJECTIVES = {
    "coverage": ("budget_yuan", "sites"),
    "cover": ("target_share",),
    "median": ("sites",),
    "center": ("sites",),
}

#: What an objective of covering counts: people, or the hours of a week that they have a station.
COUNTS = ("people", "person_hours")
_COVERING = ("coverage", "cover")

#: What is least where a target share is to be reached, and whose share it is.
LEAST = ("cost", "sites")
TARGETS_OF = ("all", "uncovered")

#: Most sites of one plan, and the longest and shortest time for a solver (s).
MOST_SITES, MOST_SECONDS, LEAST_SECONDS = 5_000, 3_600.0, 0.1
_MOST_AT_LEAST = 2
_FEN = 100
_TINY = 1e-12
#: Sums of money below this are exact as floats, too.
_EXACT_FEN = 2**53


@dataclass(frozen=True)
class Aim:
    """What a plan is to achieve.

    Attributes
    ----------
    objective : str
        Of ``OBJECTIVES``.
    budget_fen : int or None
        The most that may be spent.
    sites : int or None
        The most options that may be chosen.
    target_share : float or None
        Share of all people that is to be covered in the end.
    least : str
        Of ``LEAST``: what is to be least where a target share is to be reached.
    target_of : str
        Of ``TARGETS_OF``: ``uncovered`` makes the target a share of those without a station today.
    time_limit_seconds : float
        For the solver.
    at_least : int
        Covered means so many stations within the limit.
    capacities : bool
        A candidate with a capacity takes no more workers than that.
    least_share : float or None
        No region with people in it may be left with a smaller share covered.
    mosts : Mosts or None
        What people count, other than one each.
    count : str
        Of ``COUNTS``.
    week : str, date or None
        A day of the week whose hours count; None: the next one without a holiday.
    """

    objective: str = "coverage"
    budget_fen: int | None = None
    sites: int | None = None
    target_share: float | None = None
    time_limit_seconds: float = 60.0
    at_least: int = 1
    capacities: bool = False
    least_share: float | None = None
    mosts: Mosts | None = None
    count: str = COUNTS[0]
    week: str | date | None = None
    least: str = LEAST[0]
    target_of: str = TARGETS_OF[0]

    @property
    def in_hours(self) -> bool:
        """Whether the hours of a week count."""
        return self.count == COUNTS[1]

    def check(self) -> None:
        """Raise one error for everything that does not fit together.

        Raises
        ------
        ValidationError
            For an unknown objective, or not exactly the limit that it takes.
        LimitError
            For numbers out of range.
        """
        if self.objective not in OBJECTIVES:
            raise ValidationError.of(
                [Fault("objective_name", f"{self.objective!r} is no objective",
                       f"use one of {', '.join(OBJECTIVES)}")],
                code="unknown_objective",
            )  # fmt: skip
        given = {
            "budget_yuan": self.budget_fen,
            "sites": self.sites,
            "target_share": self.target_share,
        }
        named = [name for name, value in given.items() if value is not None]
        wanted = OBJECTIVES[self.objective]
        if len(named) != 1 or named[0] not in wanted:
            raise ValidationError.of(
                [Fault("objective_name", f"{self.objective} takes {' or '.join(wanted)}, "
                       f"got {' and '.join(named) or 'none of budget_yuan, sites, target_share'}")],
                code="contradiction",
            )  # fmt: skip
        if self.sites is not None and not isinstance(self.sites, int | np.integer):
            raise LimitError(f"sites must be a whole number, got {self.sites}")
        check_limits("sites", self.sites, 1, MOST_SITES)
        check_limits("target_share", self.target_share, 0.0, 1.0)
        check_limits("least_share", self.least_share, 0.0, 1.0)
        check_limits("time_limit_seconds", self.time_limit_seconds, LEAST_SECONDS, MOST_SECONDS)
        check_limits("stations_at_least", self.at_least, 1, _MOST_AT_LEAST)
        special = {
            "stations_at_least": self.at_least > 1,
            "capacities": self.capacities,
            "least_share": self.least_share is not None,
            "mosts": self.mosts is not None,
        }
        asked = [name for name, wanted in special.items() if wanted]
        if len(asked) > 1 or (asked and self.objective != "coverage"):
            raise ValidationError.of(
                [Fault(asked[0], f"goes with the objective coverage only, and not with others of "
                       f"{', '.join(special)}")],
                code="contradiction",
            )  # fmt: skip
        self._check_count(asked)
        self._check_target()

    def _check_target(self) -> None:
        """Refuse what does not go with a target share."""
        told = {"least": (self.least, LEAST), "target_of": (self.target_of, TARGETS_OF)}
        unknown = [
            Fault(name, f"{value!r} is not known", f"use one of {', '.join(known)}")
            for name, (value, known) in told.items()
            if value not in known
        ]
        if unknown:
            raise ValidationError.of(unknown, code="unknown_code")
        needless = [
            Fault(name, f"{value} goes with the objective cover only", "leave it out")
            for name, (value, known) in told.items()
            if value != known[0] and self.objective != "cover"
        ]
        if needless:
            raise ValidationError.of(needless, code="contradiction")

    def _check_count(self, special: list[str]) -> None:
        """Refuse what does not go with the hours of a week."""
        if self.count not in COUNTS:
            what, fix = f"{self.count!r} cannot be counted", f"use one of {', '.join(COUNTS)}"
            raise ValidationError.of([Fault("count", what, fix)], code="unknown_code")
        faults = []
        if self.week is not None and not self.in_hours:
            faults.append(Fault("week", "goes with count person_hours only", "leave it out"))
        if self.in_hours and (special or self.objective not in _COVERING):
            what = f"person_hours goes with {' and '.join(_COVERING)}"
            faults.append(Fault("count", f"{what}, without {', '.join(special) or self.objective}"))
        if faults:
            raise ValidationError.of(faults, code="contradiction")


def aim_of(
    *,
    objective: str = "coverage",
    budget_yuan: float | str | None = None,
    sites: int | None = None,
    target_share: float | None = None,
    **more: Any,
) -> Aim:
    """Return a checked aim.

    Parameters
    ----------
    objective : str
        ``coverage``: most people for a budget or a number of sites; ``cover``: cheapest, or fewest
        sites, for a target share; ``median``: least time in all; ``center``: shortest longest time.
    budget_yuan : float or str, optional
        The most that may be spent; at most two decimals.
    sites : int, optional
        The most options that may be chosen.
    target_share : float, optional
        Share of all people that is to be covered in the end.
    **more : Any
        Other fields of `Aim`: ``time_limit_seconds``, ``at_least``, ``capacities``,
        ``least_share``, ``mosts``, ``count``, ``week``, ``least``, ``target_of``.

    Returns
    -------
    Aim
        Checked.

    Raises
    ------
    LocatorError
        If something does not fit.

    Examples
    --------
    >>> aim_of(budget_yuan="410000.07").budget_fen
    41000007
    """
    try:
        fen = None if budget_yuan is None else fen_of(budget_yuan)
    except ValueError:
        fault = Fault("budget_yuan", "expected an amount in yuan, at least 0, to the fen")
        raise ValidationError.of([fault]) from None
    aim = Aim(objective, fen, sites, target_share, **more)
    aim.check()
    return aim


def model_of(choice: Choice, weight: FloatArray, base: Int32Array | None = None) -> CoverModel:
    """Return the model that solvers take.

    Parameters
    ----------
    choice : Choice
        Options and whom they reach.
    weight : array (n,) of float64
        People, or what else counts, by point.
    base : array (n,) of int32, optional
        Stations that reach each point already.

    Returns
    -------
    CoverModel
        Costs in fen.
    """
    return CoverModel(
        indptr=choice.cover.indptr,
        point=choice.cover.point,
        weight=weight,
        cost=choice.options["cost_fen"].to_numpy(np.int64),
        bundle=choice.options["bundle"].to_numpy(np.int32),
        base=base,
    )


@dataclass(frozen=True)
class Sums:
    """How many people there are, and how many are covered today.

    Attributes
    ----------
    total, covered : float
        Of all people.
    district : array (n,) of int64
        Region of each point, -1 outside.
    district_total, district_covered : array (d,) of float64
        The same sums by region.
    """

    total: float
    covered: float
    district: Int64Array
    district_total: FloatArray
    district_covered: FloatArray


def solve_coverage(
    aim: Aim, model: CoverModel, rest: tuple[Sums, FloatArray], seconds: float
) -> Solution:
    """Return the options that cover most for a budget or a number of sites.

    Parameters
    ----------
    aim : Aim
        Checked.
    model : CoverModel
        Options and points.
    rest : tuple of Sums and array (o,)
        Of all people; how many workers each option has room for (inf: any number).
    seconds : float
        For the solver.

    Returns
    -------
    Solution
        Objective and bound count all people covered, or served where there are capacities.
    """
    sums, room = rest
    limits: dict[str, Any] = {
        "budget": aim.budget_fen,
        "sites": aim.sites,
        "time_limit_seconds": seconds,
    }
    if aim.least_share is not None:
        floors = Floors.of(
            model, sums.district, aim.least_share, sums.district_total, sums.district_covered
        )
        found = fair_cover(model, floors, **limits)
    elif model.options == 0:
        return nothing(sums.covered)
    elif aim.capacities:
        found = capacitated_cover(model, room, **limits)
    elif aim.at_least > 1:
        found = backup_cover(model, **limits)
    else:
        found = _most(aim, model, seconds)
    return _added(found, sums)


def _added(found: Solution, sums: Sums) -> Solution:
    """Return a solution that counts those who are covered today, too."""
    return replace(
        found, objective=sums.covered + found.objective, bound=sums.covered + found.bound
    )


def _most(aim: Aim, model: CoverModel, seconds: float) -> Solution:
    """Return the options that cover most, and among equals cheap ones."""
    found = maximal_cover(model, budget=aim.budget_fen, sites=aim.sites, time_limit_seconds=seconds)
    chosen = thrifty(model, np.asarray(found.chosen, np.int64))
    order, gains = building_order(model, chosen, Purse.of(model, aim.budget_fen, aim.sites))
    spent = int(model.cost[order].sum())
    return replace(found, chosen=order, gains=gains, spent=spent)


def thrifty(model: CoverModel, chosen: Int64Array) -> Int64Array:
    """Return options that cover as many people for less money, where a swap or a loss shows some.

    Parameters
    ----------
    model : CoverModel
        Options and points.
    chosen : array of int64
        A good choice.

    Returns
    -------
    array of int64
        No dearer and no longer; what one option alone covers, its replacement covers, too.
    """
    kept = [int(option) for option in chosen]
    counts = model.counts(kept)
    start, options = model.by_point
    for option in sorted(kept, key=lambda each: -int(model.cost[each])):
        mine = model.points_of(option)
        alone = mine[(counts[mine] == 1) & (model.weight[mine] > 0)]
        used = {int(model.bundles[each]) for each in kept if each != option} - {-1}
        better = [-1]  # nothing at all, where nobody would miss it
        if alone.size:
            rivals = options[start[alone[0]] : start[alone[0] + 1]]
            rivals = rivals[model.cost[rivals] < model.cost[option]]
            better = [int(each) for each in rivals[np.argsort(model.cost[rivals], kind="stable")]]
        for other in better:
            theirs = model.points_of(other) if other >= 0 else mine[:0]
            free = other < 0 or (other not in kept and int(model.bundles[other]) not in used)
            if free and np.isin(alone, theirs).all():
                counts[mine] -= 1
                counts[theirs] += 1
                kept = [other if each == option else each for each in kept]
                break
        kept = [each for each in kept if each >= 0]
    return np.array(kept, np.int64)


def solve_target(
    aim: Aim, model: CoverModel, rest: tuple[Sums, FloatArray], seconds: float
) -> Solution:
    """Return the cheapest or fewest options that leave a share of people covered.

    Parameters
    ----------
    aim : Aim
        Checked.
    model : CoverModel
        Options and points.
    rest : tuple of Sums and array
        Of all people; capacities are not asked.
    seconds : float
        For the solver.

    Returns
    -------
    Solution
        Objective and bound are yuan, or options where the fewest are asked for; of as few, the
        cheapest that the time left shows.

    Raises
    ------
    InfeasibleError
        If all options together do not reach the share; it says how far they reach.
    """
    sums, _ = rest
    there = 0.0 if aim.target_of == "uncovered" else sums.covered
    everybody = sums.total - sums.covered + there
    needed = (aim.target_share or 0.0) * everybody - there
    if needed <= _TINY * max(sums.total, 1.0):
        return nothing(0.0)
    every = float(model.weight[model.counts(np.arange(model.options)) > 0].sum())
    if every < needed * (1.0 - _TINY):
        who = "people" if aim.target_of == "all" else "people without a station"
        raise InfeasibleError(
            f"target_share: all candidates together cover {(there + every) / everybody:.4f} of the "
            f"{who}, {aim.target_share:g} was asked; add candidates or ask for less"
        )
    share = needed / float(model.weight.sum()) * (1.0 - _TINY)
    if aim.least == "sites":
        return _fewest(model, min(share, 1.0), seconds)
    found = set_cover(model, target=min(share, 1.0), time_limit_seconds=seconds)
    return replace(found, objective=found.objective / _FEN, bound=found.bound / _FEN)


def _fewest(model: CoverModel, target: float, seconds: float) -> Solution:
    """Return the fewest options, and of as few the cheapest that the time left shows."""
    clock = Clock(seconds)
    found = set_cover(model, target=target, fewest=True, time_limit_seconds=seconds)
    chosen = thrifty(model, np.asarray(found.chosen, np.int64))
    # one option more is dearer than the dearest choice of as few: first few, then cheap
    most = int(model.cost.max(initial=0)) * (chosen.size + 1)
    if found.proven and not clock.over and 0 < most * (chosen.size + 1) < _EXACT_FEN:
        priced = replace(model, cost=model.cost + most)
        cheap = set_cover(priced, target=target, time_limit_seconds=clock.left)
        better = cheap.spent < int(priced.cost[chosen].sum())
        chosen = np.asarray(cheap.chosen, np.int64) if cheap.feasible and better else chosen
    order, gains = building_order(model, chosen, Purse.of(model, None, chosen.size))
    value, spent = float(order.size), int(model.cost[order].sum())
    proven = found.feasible and closed(value, found.bound)
    return replace(found, chosen=order, gains=gains, objective=value, proven=proven, spent=spent)


def nothing(value: float) -> Solution:
    """Return the solution that chooses nothing, proven best.

    Parameters
    ----------
    value : float
        What is achieved without anything.

    Returns
    -------
    Solution
        Empty.
    """
    return Solution(
        chosen=np.empty(0, np.int64),
        objective=value,
        bound=value,
        proven=True,
        method="nothing to choose",
    )
