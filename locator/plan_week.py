"""Plans by person-hours: workers times the hours of a week in which they have a station.

A site by day and longer hours at night are weighed against each other by what they are worth: the
hours they newly cover. Every hour of the week is asked by the rule of `coverage` (open on arrival),
and the plan is checked at every kind of hour against a recompute of the week from scratch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from geodata.errors import Fault, ValidationError
from geodata.model import BoolArray, FloatArray, Int64Array
from locator.arrays import rows_of
from locator.candidates import as_stations
from locator.clock_cover import Covers, covers
from locator.clock_request import week_asked
from locator.clock_sets import OpenSets, open_sets
from locator.clock_week import hours_of, monday_of, working_hours
from locator.coverage_figures import people_counts
from locator.plan_answer import Checked, Plan, PlanCheckError, nearest_of
from locator.plan_choice import Choice, check_longer, offering, positions_of
from locator.plan_cover import Reach, points_of, register_of
from locator.plan_ground import Demand, Ground
from locator.plan_hours import HourRows, Kinds, masks_of, rows_of_hours, spread_over
from locator.plan_solve import Aim, Sums
from locator.selection import Selection

UNIT = "person_hours"


def ground_of_week(ground: Ground, aim: Aim) -> Ground:
    """Return the question about a week.

    Parameters
    ----------
    ground : Ground
        The question.
    aim : Aim
        Counts hours.

    Returns
    -------
    Ground
        With the 168 hours, or those of them in which the only group asked for works.

    Raises
    ------
    ValidationError
        If there is a time of leaving, the week is none, the group does not work in it, or nobody
        gave homes.
    """
    faults = []
    if ground.request.conditions.at is not None:
        faults.append(Fault("at", "person_hours are of a whole week", "leave it out, or give week"))
    if ground.people is None:
        faults.append(Fault("count", "this dataset has no homes: there are no person_hours",
                            "count people, which is street length here"))  # fmt: skip
    if faults:
        raise ValidationError.of(faults, code="contradiction")
    calendar = ground.register.timetable.calendar
    monday = week_asked(aim.week, calendar)
    hours = hours_of(monday)
    if ground.group is not None:
        group = ground.register.vocabulary.groups[ground.group]
        works = working_hours(group, monday, calendar)
        hours = tuple(hour for hour, counts in zip(hours, works, strict=True) if counts)
    if not hours:
        fault = Fault("group", f"{ground.group!r} does not work in that week", "ask another week")
        raise ValidationError.of([fault], code="contradiction")
    conditions = replace(ground.request.conditions, on=monday)
    return replace(ground.asking(conditions=conditions), hours=hours)


@dataclass(frozen=True)
class Week:
    """Who has a station at which hours of a week.

    Attributes
    ----------
    ground : Ground
        The question, with its hours.
    demand : Demand
        People, and the points of those without a station in some hour.
    sets : OpenSets
        The distinct sets of open stations.
    found : Covers
        Which places are covered in which set.
    """

    ground: Ground
    demand: Demand
    sets: OpenSets
    found: Covers

    @property
    def monday(self) -> date:
        """Return the first day of the week."""
        return monday_of(self.ground.hours[0].date())

    @cached_property
    def before(self) -> dict[str, dict[str, float]]:
        """Person-hours of the week: all, and those with a station, as `Index.clock` has them."""
        demand, people, each = self.demand, self.ground.people, len(self.ground.hours)
        total = 0.0 if people is None else people_counts(people, demand.outcome)["workers"].total
        hours = np.bincount(self.sets.of_hour, minlength=len(self.sets))
        having = np.where(demand.outcome.in_total, each - self.found.hours_without(hours), 0)
        rows = demand.place >= 0
        covered = float((demand.workers[rows] * having[demand.place[rows]]).sum())
        return {UNIT: {"total": total * each, "covered": covered}}

    def uncovered(self, kinds: Kinds) -> BoolArray:
        """Return the kinds of hours in which each point has no station.

        Parameters
        ----------
        kinds : Kinds
            Kinds of hours.

        Returns
        -------
        array (n, k) of bool
            Of today.
        """
        place = place_of(self.demand)
        sets = np.stack([~self.found.of(number)[place] for number in range(len(self.sets))], axis=1)
        out: BoolArray = sets[:, kinds.now]
        return out


def place_of(demand: Demand) -> Int64Array:
    """Return one place of each point; those at one position have the same answer.

    Parameters
    ----------
    demand : Demand
        Points.

    Returns
    -------
    array (n,) of int64
        Rows of the layer.
    """
    out = np.zeros(demand.points.size, np.int64)
    rows = np.flatnonzero(demand.points.point >= 0)
    out[demand.points.point[rows]] = rows
    return out


def week_of(ground: Ground, demand: Demand) -> Week:
    """Return who has a station at which hours.

    Parameters
    ----------
    ground : Ground
        From `ground_of_week`.
    demand : Demand
        Of the same question regardless of hours.

    Returns
    -------
    Week
        Its demand has the points without a station in some hour.
    """
    sets = open_sets(ground.register, ground.request.conditions, ground.limit_ms, ground.hours)
    layer, outcome = demand.outcome.layer, demand.outcome
    found = covers(layer, sets, ground.limit_ms)
    lacking = np.zeros(found.size, np.bool_)
    for number in range(len(sets)):
        lacking |= ~found.of(number)
    used = np.zeros(found.size, np.bool_)
    used[demand.place[(demand.place >= 0) & (demand.workers > 0)]] = True
    points = points_of(layer, outcome.in_total & lacking & used)
    base = np.zeros(points.size, np.int32)
    return Week(ground, replace(demand, points=points, base=base), sets, found)


@dataclass(frozen=True)
class WeekChoice:
    """What may be chosen for a week.

    Attributes
    ----------
    choice : Choice
        Options, and the rows of points and hours that each would cover.
    rows : HourRows
        Those rows.
    kinds : Kinds
        Kinds of hours.
    """

    choice: Choice
    rows: HourRows
    kinds: Kinds


def choice_of_week(
    week: Week, options: pd.DataFrame, progress: Callable[[float], None]
) -> WeekChoice:
    """Return what can be chosen, with the points and hours that each option covers.

    Parameters
    ----------
    week : Week
        Who has a station when.
    options : DataFrame
        From `locator.plan_choice.candidates_of`.
    progress : callable
        Told the share done; what it raises ends the work.

    Returns
    -------
    WeekChoice
        Options that cover nothing new are left out.

    Raises
    ------
    ValidationError
        If a candidate lies outside the data, or new hours are shorter than the present ones.
    """
    ground, points = week.ground, week.demand.points
    positions = positions_of(ground, options)
    register = register_of(as_stations(options, ground.dataset.stations), ground.register)
    then = open_sets(register, ground.request.conditions, ground.limit_ms, ground.hours)
    kinds = Kinds.of(week.sets, then)
    times = [
        (then.selections[new], week.sets.selections[old])
        for old, new in zip(kinds.now, kinds.then, strict=True)
    ]
    check_longer(ground, options, times)
    ever = np.zeros(len(options), np.bool_)
    for selection in then.selections:
        ever[selection.stations] = True
    always = Selection.always(rows_of(ever), ever.size, ground.limit_ms)
    within = np.full(points.size, ground.limit_ms, np.int32)
    cover = Reach(ground.view.travel, points)(positions, always, within, progress)
    masks, mask = masks_of(then, kinds, cover)
    rows = rows_of_hours(kinds, week.uncovered(kinds), masks, (cover.point, mask))
    return WeekChoice(offering(options, spread_over(cover, rows, (masks, mask))), rows, kinds)


def weighed(week: Week, rows: HourRows) -> tuple[FloatArray, Sums]:
    """Return what the solver counts.

    Parameters
    ----------
    week : Week
        Who has a station when.
    rows : HourRows
        Points and hours.

    Returns
    -------
    array (r,) of float64, Sums
        Person-hours of each row, and of all people.
    """
    demand, before = week.demand, week.before[UNIT]
    workers = demand.points.total(demand.place, demand.workers)
    nowhere = np.zeros(0)
    sums = Sums(before["total"], before["covered"], np.zeros(0, np.int64), nowhere, nowhere)
    return workers[rows.point] * rows.hours, sums


def checked_week(plan: Plan, week: Week, found: WeekChoice) -> Checked:
    """Recompute the week with the plan from scratch, and hold the plan's own figures against it.

    Parameters
    ----------
    plan : Plan
        Solved.
    week : Week
        Who has a station when, today.
    found : WeekChoice
        What could be chosen.

    Returns
    -------
    Checked
        Who is covered in some hour, and by whom regardless of hours.

    Raises
    ------
    PlanCheckError
        If a single place differs in a single hour.
    """
    ground, demand = week.ground, week.demand
    view, register, dataset = ground.after(plan.changes)
    sets = open_sets(register, ground.request.conditions, ground.limit_ms, ground.hours)
    after = covers(ground.layer_of(view), sets, ground.limit_ms)
    counted = np.zeros(after.size, np.bool_)
    counted[demand.place[demand.place >= 0]] = True
    counted &= demand.outcome.in_total
    wrong = np.zeros(after.size, np.bool_)
    ever = np.zeros(after.size, np.bool_)
    for kind, number in np.unique(np.stack((found.kinds.of_hour, sets.of_hour)), axis=1).T:
        covered = after.of(number)
        wrong |= counted & (covered != _with_plan(plan, week, found, int(kind)))
        ever |= covered
    if wrong.any():
        raise PlanCheckError(
            f"a recompute from scratch differs from the plan at {int(wrong.sum())} places; "
            "this is a fault of the software, please report it"
        )
    nearest = nearest_of(plan, view, register, counted)
    return Checked(ever & counted, nearest, dataset.stations)


def _with_plan(plan: Plan, week: Week, found: WeekChoice, kind: int) -> BoolArray:
    """Return who is covered with the plan in one kind of hour, by the matrix (p,)."""
    row = found.rows.at(kind)
    gained = (row >= 0) & (plan.first[row] >= 0) if plan.first.size else row >= 0
    point = week.demand.points.point
    out = week.found.of(int(found.kinds.now[kind]))
    rows = np.flatnonzero(point >= 0)
    out[rows] |= gained[point[rows]]
    return out
