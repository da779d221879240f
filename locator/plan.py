"""Where the next stations or hours help most: sites in building order, with a proven bound."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.model import FloatArray, Int32Array
from locator import plan_cover, plan_hours
from locator.arrays import sums
from locator.plan_answer import Checked, Plan, catchment, checked, sites
from locator.plan_choice import (
    Choice,
    candidates_of,
    check_hours,
    choice_of,
    given_options,
    positions_of,
)
from locator.plan_ground import CancelledError, Demand, Ground, Progress, demand_of, silent
from locator.plan_mosts import Mosts, terms_of
from locator.plan_solve import Aim, Sums, aim_of, model_of, solve_coverage, solve_target
from locator.plan_time import Timed, solve_time
from locator.plan_week import (
    UNIT,
    checked_week,
    choice_of_week,
    ground_of_week,
    week_of,
    weighed,
)
from locator.siting_model import Solution

__all__ = [
    "CancelledError",
    "Ground",
    "Mosts",
    "PlanAnswer",
    "Progress",
    "aim_of",
    "check_question",
    "make_plan",
    "silent",
]

_FEN = 100
#: Objectives of travel times.
BY_TIME = ("median", "center")
#: What objective and bound of a plan count, where it is not people; ``cover`` counts options where
#: the fewest are asked for.
UNITS = {"cover": "yuan", "median": "seconds", "center": "seconds"}
_FEWEST = "sites"
#: Shares of the work before and after the solver, for progress.
_MATRIX, _SOLVED = 0.4, 0.9
_LEAST_SECONDS = 0.1
#: What the marginal-gain curve shows of each site.
_CURVE = (
    "order",
    "gain_workers",
    "cumulative_workers",
    "cumulative_yuan",
    "gain_workers_per_10000_yuan",
)
_CURVE_HOURS = (
    "gain_person_hours",
    "cumulative_person_hours",
    "gain_person_hours_per_10000_yuan",
)


@dataclass(frozen=True)
class PlanAnswer:
    """A plan, checked by a recompute from scratch.

    Attributes
    ----------
    result : dict
        As the HTTP interface names it, unrounded.
    plan : Plan
        What it was made of.
    check : Checked
        The recompute.
    """

    result: dict[str, Any]
    plan: Plan
    check: Checked

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Return the sites in building order as points.

        Returns
        -------
        GeoDataFrame
            EPSG:4326; one row a site.
        """
        return sites_frame(self.result["chosen"])

    @property
    def catchments(self) -> Mapping[str, float]:
        """Workers by the station nearest to them, existing ones too; each worker once."""
        return catchment(self.plan, self.check)


def sites_frame(chosen: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return the sites of a result as points.

    Parameters
    ----------
    chosen : list of dict
        ``chosen`` of a result.

    Returns
    -------
    GeoDataFrame
        EPSG:4326; lists are joined by ``;``, gains by group and region are columns of text.
    """
    rows = []
    for site in chosen:
        row = {key: value for key, value in site.items() if key not in {"lon", "lat"}}
        for key, value in row.items():
            if isinstance(value, list):
                row[key] = ";".join(value)
            elif isinstance(value, dict):
                row[key] = ";".join(f"{name}={part:g}" for name, part in value.items())
        rows.append(row)
    columns = ["id", "order", "action", "cost_yuan", "gain_homes", "gain_workers"]
    frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    at = [(site["lon"], site["lat"]) for site in chosen]
    points = gpd.points_from_xy([lon for lon, _ in at], [lat for _, lat in at])
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


def make_plan(ground: Ground, aim: Aim, candidates: Any, progress: Progress = silent) -> PlanAnswer:
    """Return a plan.

    Parameters
    ----------
    ground : Ground
        The question.
    aim : Aim
        What to achieve.
    candidates : DataFrame or ``"auto"``
        What may be chosen, as `locator.candidates.options_of` takes it.
    progress : callable
        Told the share done and the stage (``options``, ``reach``, ``solve``, ``check``); what it
        raises (`CancelledError`) ends the work.

    Returns
    -------
    PlanAnswer
        Verified against a recompute from scratch.

    Raises
    ------
    LocatorError
        If the question is wrong, nothing can do what is asked, or the check fails.
    """
    aim.check()
    if aim.in_hours:
        ground = ground_of_week(ground, aim)
        plan_hours.compiled()
    progress(0.0, "options")
    plan_cover.compiled(ground.view.travel)
    demand, before = demand_of(ground)
    begin = time.monotonic()
    if aim.in_hours:
        return _by_week(ground, demand, aim, (candidates, progress, begin))
    options = candidates_of(ground, demand, candidates)
    if aim.objective in BY_TIME:
        timed = _by_time(ground, demand, aim, (options, progress, begin))
        return _told(timed.plan, aim, before, progress, timed)
    choice = choice_of(ground, demand, options, lambda part: progress(_MATRIX * part, "reach"))
    progress(_MATRIX, "solve")
    seconds = max(aim.time_limit_seconds - (time.monotonic() - begin), _LEAST_SECONDS)
    terms = _terms(aim, ground, demand)
    counted = _weighed(demand, terms, before, len(ground.dataset.regions))
    base = demand.base if aim.at_least > 1 else None
    solution = _solved(aim, choice, base, (*counted, seconds))
    progress(_SOLVED, "check")
    return _told(Plan(ground, demand, choice, solution, terms), aim, before, progress)


def check_question(ground: Ground, aim: Aim, candidates: Any) -> None:
    """Refuse what is wrong with a question, before the work.

    Parameters
    ----------
    ground : Ground
        The question.
    aim : Aim
        What to achieve.
    candidates : DataFrame or ``"auto"``
        As of `make_plan`.

    Raises
    ------
    LocatorError
        For everything about the question and the candidates that `make_plan` would refuse, but for
        what only the search and the solver can tell.
    """
    aim.check()
    if aim.in_hours:
        ground = ground_of_week(ground, aim)
    if aim.mosts is not None:
        aim.mosts.check(ground.dataset.regions["id"].tolist())
    if isinstance(candidates, str):
        return
    options = given_options(ground, candidates)
    positions_of(ground, options)
    if aim.in_hours or ground.request.conditions.at is not None:
        check_hours(ground, options)


def _by_time(
    ground: Ground, demand: Demand, aim: Aim, rest: tuple[pd.DataFrame, Progress, float]
) -> Timed:
    """Return the plan of an objective of travel times."""
    options, progress, begin = rest

    def reached(share: float) -> None:
        progress(_MATRIX * share, "reach" if share < 1.0 else "solve")

    seconds = max(aim.time_limit_seconds - (time.monotonic() - begin), _LEAST_SECONDS)
    timed = solve_time(ground, demand, aim, options, (reached, seconds))
    progress(_SOLVED, "check")
    return timed


def _by_week(
    ground: Ground, demand: Demand, aim: Aim, rest: tuple[Any, Progress, float]
) -> PlanAnswer:
    """Return the plan of an objective that counts the hours of a week."""
    candidates, progress, begin = rest
    week = week_of(ground, demand)
    options = candidates_of(ground, week.demand, candidates)
    found = choice_of_week(week, options, lambda part: progress(_MATRIX * part, "reach"))
    progress(_MATRIX, "solve")
    seconds = max(aim.time_limit_seconds - (time.monotonic() - begin), _LEAST_SECONDS)
    solution = _solved(aim, found.choice, None, (*weighed(week, found.rows), seconds))
    progress(_SOLVED, "check")
    plan = Plan(ground, week.demand, found.choice, solution, hours=found.rows)
    check = checked_week(plan, week, found)
    result = _result(plan, check, aim, week.before)
    progress(1.0, "done")
    more = {"week": week.monday.isoformat(), "rows": found.rows.size}
    return PlanAnswer({**result, **more}, plan, check)


def _told(
    plan: Plan,
    aim: Aim,
    before: Mapping[str, Mapping[str, float]],
    progress: Progress,
    timed: Timed | None = None,
) -> PlanAnswer:
    """Return the answer, checked from scratch."""
    check = checked(plan)
    result = _result(plan, check, aim, before)
    if timed is not None:
        result = _with_times(result, timed)
    progress(1.0, "done")
    return PlanAnswer(result, plan, check)


def _with_times(result: dict[str, Any], timed: Timed) -> dict[str, Any]:
    """Return a result with what each site saves, and what the objective counts."""
    saved = [float(value) for value in timed.solution.gains]
    for site, point, gain in zip(result["chosen"], result["curve"], saved, strict=True):
        site["gain_seconds"] = point["gain_seconds"] = gain
    return {
        **result,
        "objective_before": timed.before_seconds,
        "horizon_seconds": timed.horizon_seconds,
        f"{result['counted_in']}_counted": timed.workers,
        f"{result['counted_in']}_left_out": timed.left_out,
    }


def _terms(aim: Aim, ground: Ground, demand: Demand) -> dict[str, FloatArray]:
    """Return what each worker counts by term; nothing where everybody counts one."""
    if aim.mosts is None:
        return {}
    return terms_of(aim.mosts, demand, ground.dataset.regions["id"].tolist())


def _weighed(
    demand: Demand,
    terms: Mapping[str, FloatArray],
    before: Mapping[str, Mapping[str, float]],
    regions: int,
) -> tuple[FloatArray, Sums]:
    """Return what the solver counts at each point, and the sums over all people."""
    counts = demand.workers * sum(terms.values()) if terms else demand.workers
    counted, there = (
        demand.where(mark) for mark in (demand.outcome.in_total, demand.outcome.covered)
    )
    inside = demand.region >= 0
    by_region = [
        sums(demand.region[rows & inside], counts[rows & inside], regions)
        for rows in (counted, there)
    ]
    unit = before[demand.unit]
    total = float(counts[counted].sum()) if terms else unit["total"]
    covered = float(counts[there].sum()) if terms else unit["covered"]
    weight = demand.points.total(demand.place, counts)
    return weight, Sums(total, covered, demand.point_region, by_region[0], by_region[1])


def _solved(
    aim: Aim, choice: Choice, base: Int32Array | None, rest: tuple[FloatArray, Sums, float]
) -> Solution:
    """Return the solver's answer."""
    weight, counts, seconds = rest
    model = model_of(choice, weight, base)
    room = choice.options["capacity"].to_numpy(np.float64)
    solve = solve_target if aim.objective == "cover" else solve_coverage
    return solve(aim, model, (counts, np.where(np.isnan(room), np.inf, room)), seconds)


def _result(
    plan: Plan, check: Checked, aim: Aim, before: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """Return the object of the interface."""
    solution, unit = plan.solution, UNIT if aim.in_hours else plan.demand.unit
    named = _FEWEST if aim.least == _FEWEST else UNITS.get(aim.objective)
    chosen = sites(plan, check)
    workers, homes = plan.gains(plan.demand.workers), plan.gains(plan.demand.homes)
    gained = {"homes": homes, "workers": workers, "street_km": workers, UNIT: plan.hour_gains}
    after = {
        name: {**part, "covered": part["covered"] + float(gained[name].sum())}
        for name, part in before.items()
    }
    objective, bound = solution.objective, solution.bound
    return {
        "objective_name": aim.objective,
        "chosen": chosen,
        "objective": objective,
        "counted_in": plan.demand.unit,
        "objective_unit": named or ("score" if plan.terms else unit),
        "bound": bound,
        "gap": abs(bound - objective) / abs(bound) if bound else 0.0,
        "proven": bool(solution.proven),
        "method": solution.method,
        "spent_yuan": int(plan.options["cost_fen"].sum()) / _FEN,
        "budget_yuan": None if aim.budget_fen is None else aim.budget_fen / _FEN,
        "before": _shares(before),
        "after": _shares(after),
        "curve": [_point(site) for site in chosen],
        "candidates": plan.choice.offered,
        "candidates_that_reach_somebody": len(plan.choice.options),
        "feasible": bool(solution.feasible),
        "verified": True,
        "people": "exact" if plan.ground.people is not None and plan.ground.people.exact
        else "from cells",
    }  # fmt: skip


def _point(site: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point of the marginal-gain curve."""
    return {name: site[name] for name in (*_CURVE, *_CURVE_HOURS) if name in site}


def _shares(figures: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Return figures with their uncovered rest and the share."""
    return {
        name: {
            **part,
            "uncovered": part["total"] - part["covered"],
            "share_covered": part["covered"] / part["total"] if part["total"] else None,
        }
        for name, part in figures.items()
    }
