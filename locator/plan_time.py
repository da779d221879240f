"""Plans by travel time: the least in all (p-median) or the shortest longest one (p-center).

Every worker on the network goes to the nearest station, old or new, that is open on arrival. Times
count up to a horizon: who has no station within it counts the horizon, and who would have none
with all candidates built is left out of both figures, for nothing could be done there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from geodata.model import CLOSED_MS, FloatArray, Int32Array
from locator.plan_answer import Plan, PlanCheckError
from locator.plan_choice import Choice, choice_of
from locator.plan_cover import Points, points_of
from locator.plan_ground import Demand, Ground
from locator.plan_solve import Aim, nothing
from locator.siting_center import p_center
from locator.siting_median import p_median
from locator.siting_model import Solution, closed, row_sums

#: Times count up to so many times the limit, at least and at most so many minutes.
HORIZON_TIMES, HORIZON_LEAST, HORIZON_MOST = 4, 60, 120
_MS = 1000.0
_SAME = 1e-9

Share = Callable[[float], None]


@dataclass(frozen=True)
class Timed:
    """What a plan by travel time found.

    Attributes
    ----------
    plan : Plan
        The options chosen, in building order, with whom they bring within the limit.
    solution : Solution
        Objective and bound in seconds; gains are the seconds that each option saves.
    before_seconds : float
        The objective without the plan.
    horizon_seconds : float
        Times count up to this.
    workers : float
        Whom the objective counts.
    left_out : float
        Workers whom no station and no candidate reaches within the horizon.
    """

    plan: Plan
    solution: Solution
    before_seconds: float
    horizon_seconds: float
    workers: float
    left_out: float


def horizon_of(ground: Ground) -> Ground:
    """Return the same question with the horizon as its limit.

    Parameters
    ----------
    ground : Ground
        The question.

    Returns
    -------
    Ground
        For times, not for who is covered.
    """
    minutes = max(HORIZON_TIMES * ground.request.minutes, HORIZON_LEAST)
    return ground.asking(minutes=min(minutes, HORIZON_MOST))


def solve_time(
    ground: Ground, demand: Demand, aim: Aim, options: pd.DataFrame, rest: tuple[Share, float]
) -> Timed:
    """Return the sites with which travel times are least.

    Parameters
    ----------
    ground, demand : Ground, Demand
        The question, and who is within the limit.
    aim : Aim
        ``median`` or ``center``, and the number of sites.
    options : DataFrame
        From `locator.plan_choice.candidates_of`.
    rest : tuple of callable and float
        Told the share of the search done; seconds for the solver.

    Returns
    -------
    Timed
        Checked against a recompute of all times from scratch.
    """
    progress, seconds = rest
    far = horizon_of(ground)
    points, today = _today(far, demand)
    everybody = replace(demand, points=points, base=np.zeros(points.size, np.int32))
    steady = far.register.select(far.request.conditions, far.limit_ms).steady
    sooner = far.view.travel.nearest(steady, far.limit_ms)[1]
    choice = choice_of(far, everybody, options, progress, (np.maximum(today - 1, 0), sooner))
    helped = today < far.limit_ms
    helped[choice.cover.point] = True
    weight = points.total(demand.place, demand.workers)
    counted = np.where(helped, weight, 0.0)
    every, choice = choice, _one_each(choice, counted, today)
    solution = _solved(aim, choice, (counted, today), seconds)
    if not _told_by(choice, every):
        least = _least(every, today)
        solution = _loosened(solution, _objective(least, counted, center=aim.objective == "center"))
    plan = _near(ground, demand, choice, solution)
    _check(plan, far, solution, (points, counted, aim.objective == "center"))
    return Timed(
        plan=plan,
        solution=solution,
        before_seconds=_objective(today, counted, center=aim.objective == "center"),
        horizon_seconds=far.limit_ms / _MS,
        workers=float(counted.sum()),
        left_out=float((weight - counted).sum()),
    )


def _today(far: Ground, demand: Demand) -> tuple[Points, Int32Array]:
    """Return everybody on the network as points, with the time to a station today (ms)."""
    outcome = far.outcome(far.view, far.register)
    used = np.zeros(outcome.layer.region.size, np.bool_)
    used[demand.place[(demand.place >= 0) & (demand.workers > 0)]] = True
    points = points_of(outcome.layer, outcome.in_total & used)
    return points, _times(points, outcome.ms, far.limit_ms)


def _times(points: Points, ms: Int32Array, most_ms: int) -> Int32Array:
    """Return the times of points; places at one position have one time."""
    out = np.full(points.size, most_ms, np.int32)
    rows = np.flatnonzero(points.point >= 0)
    out[points.point[rows]] = np.minimum(ms[rows], most_ms)
    return out


def _one_each(choice: Choice, weight: FloatArray, today: Int32Array) -> Choice:
    """Return, of options that exclude each other, the one that saves most time by itself.

    Mostly it helps all that the others help: longer hours, more facilities.
    """
    bundle, cover = choice.options["bundle"].to_numpy(), choice.cover
    saved = row_sums(cover.indptr, weight[cover.point] * (today[cover.point] - cover.ms))
    order = np.lexsort((np.arange(bundle.size), -cover.sizes, -saved, bundle))
    first = np.ones(order.size, np.bool_)
    first[1:] = bundle[order[1:]] != bundle[order[:-1]]
    kept = np.sort(order[first | (bundle[order] < 0)])
    options = choice.options.iloc[kept].reset_index(drop=True)
    return replace(choice, options=options, cover=choice.cover.only(kept))


def _told_by(kept: Choice, every: Choice) -> bool:
    """Return whether options kept reach all that those reach which they exclude."""
    told, all_told = (
        each.options["bundle"].to_numpy(np.int64)[each.cover.keys >> 32] << 32 | each.cover.point
        for each in (kept, every)
    )
    return bool(np.isin(all_told[all_told >= 0], told).all())


def _least(every: Choice, today: Int32Array) -> Int32Array:
    """Return the time of each point with all options at once: none can do better."""
    least = today.copy()
    np.minimum.at(least, every.cover.point, every.cover.ms)
    return least


def _loosened(solution: Solution, bound: float) -> Solution:
    """Return a solution with a bound that also holds for options that were not searched."""
    bound = min(bound, solution.objective)
    proven = closed(solution.objective, bound)
    return replace(solution, bound=bound, proven=proven, method=f"{solution.method}, one of each")


def _solved(
    aim: Aim, choice: Choice, points: tuple[FloatArray, Int32Array], seconds: float
) -> Solution:
    """Return the solver's answer in seconds."""
    weight, today = points
    sites = aim.sites or 0
    cover = choice.cover
    shape = (len(choice.options), today.size)
    if not shape[0] or not shape[1]:
        return nothing(_objective(today, weight, center=aim.objective == "center"))
    cost = sparse.csr_array((cover.ms.astype(np.float64), cover.point, cover.indptr), shape=shape)
    solver = p_center if aim.objective == "center" else p_median
    found = solver(
        cost, weight, sites=sites, penalty=today.astype(np.float64), time_limit_seconds=seconds
    )
    return replace(
        found,
        objective=found.objective / _MS,
        bound=found.bound / _MS,
        gains=found.gains / _MS,
    )


def _objective(ms: Int32Array, weight: FloatArray, *, center: bool) -> float:
    """Return the longest time of anybody, or all workers' together (s)."""
    if center:
        return float(ms[weight > 0].max(initial=0)) / _MS
    return float((ms * weight).sum()) / _MS


def _near(ground: Ground, demand: Demand, choice: Choice, solution: Solution) -> Plan:
    """Return the plan with whom each option brings within the limit."""
    taken = choice.options.iloc[np.asarray(solution.chosen)].reset_index(drop=True)
    near = choice_of(ground, demand, taken, lambda _: None, every=True)
    near = replace(near, offered=choice.offered)
    return Plan(ground, demand, near, replace(solution, chosen=np.arange(len(taken))))


def _check(
    plan: Plan, far: Ground, solution: Solution, asked: tuple[Points, FloatArray, bool]
) -> None:
    """Recompute all times from scratch, and hold the objective against them."""
    points, counted, center = asked
    view, register, _ = far.after(plan.changes)
    outcome = far.outcome(view, register)
    ms = _times(points, np.minimum(outcome.ms, CLOSED_MS), far.limit_ms)
    value = _objective(ms, counted, center=center)
    if abs(value - solution.objective) > _SAME * max(value, 1.0):
        raise PlanCheckError(
            f"a recompute from scratch gives {value} s, the plan {solution.objective} s; "
            "this is a fault of the software, please report it"
        )
