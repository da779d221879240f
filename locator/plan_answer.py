"""From the options chosen to the answer: who gains what in building order, checked from scratch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.errors import LocatorError
from geodata.model import BoolArray, FloatArray, Int64Array
from locator.arrays import sums
from locator.candidates import changes_of, new_ids
from locator.changes import Changes
from locator.plan_choice import Choice
from locator.plan_ground import Demand, Ground
from locator.plan_hours import HourRows
from locator.selection import Register
from locator.siting_model import Solution
from locator.view import ModeView

_FEN = 100
_MS = 1000.0
_CHUNK = 32_768


class PlanCheckError(LocatorError):
    """A plan's figures differ from a recompute from scratch: a fault of ours, never an answer."""

    code = "plan_check_failed"


@dataclass(frozen=True)
class Plan:
    """Options chosen, in building order, with everything the answer is made of.

    Attributes
    ----------
    ground : Ground
        The question.
    demand : Demand
        Who is where.
    choice : Choice
        What could be chosen.
    solution : Solution
        What the solver says.
    terms : mapping of str to array (r,) of float64
        What each worker counts by term; empty where everybody counts one.
    hours : HourRows or None
        What the choice covers where a plan counts hours; None: the points of the demand.
    """

    ground: Ground
    demand: Demand
    choice: Choice
    solution: Solution
    terms: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    hours: HourRows | None = None

    @property
    def at_least(self) -> int:
        """Return how many stations covered means."""
        return self.ground.request.at_least

    @property
    def chosen(self) -> Int64Array:
        """Return the rows of the options chosen, in building order."""
        return np.asarray(self.solution.chosen, np.int64)

    @cached_property
    def options(self) -> pd.DataFrame:
        """The options chosen, in building order."""
        return self.choice.options.iloc[self.chosen].reset_index(drop=True)

    @cached_property
    def changes(self) -> Changes:
        """What the plan changes about the stations."""
        return changes_of(self.options, self.ground.dataset.stations["id"])

    @cached_property
    def station_ids(self) -> list[str]:
        """Ids that the chosen options have as stations, in building order."""
        found = self.options["station"].to_numpy(object).copy()
        new = found == ""
        found[new] = new_ids(self.options["id"][new], self.ground.dataset.stations["id"])
        return [str(code) for code in found]

    @cached_property
    def first(self) -> Int64Array:
        """Step of the building order with which each row of the cover is first covered, -1: never.

        Rows are points (n,), or points and hours (r,) where hours count.
        """
        size = self.demand.points.size if self.hours is None else self.hours.size
        first = np.full(size, -1, np.int64)
        base = self.demand.base if self.hours is None else np.zeros(size, np.int64)
        left = self.at_least - base
        for step, option in enumerate(self.chosen):
            points = self.choice.cover.of(int(option))
            left[points] -= 1
            first[points[left[points] == 0]] = step
        return first

    @cached_property
    def step(self) -> Int64Array:
        """Step with which each point is first covered, in some hour at least (n,), -1: never."""
        if self.hours is None:
            return self.first
        never = self.chosen.size
        step = np.full(self.demand.points.size, never, np.int64)
        np.minimum.at(step, self.hours.point, np.where(self.first < 0, never, self.first))
        return np.where(step == never, -1, step)

    @cached_property
    def hour_gains(self) -> FloatArray:
        """Person-hours of the week that each step adds (k,); none where hours do not count."""
        if self.hours is None:
            return np.zeros(self.chosen.size)
        demand, rows = self.demand, self.first >= 0
        workers = demand.points.total(demand.place, demand.workers)
        weight = workers[self.hours.point] * self.hours.hours
        return sums(self.first[rows], weight[rows], self.chosen.size)

    @cached_property
    def row_step(self) -> Int64Array:
        """Step with which each row of people is first covered (r,), -1: never, or already."""
        point = self.demand.point
        return np.where(point >= 0, self.step[point], -1) if self.step.size else point * 0 - 1

    def gains(self, weight: FloatArray) -> FloatArray:
        """Return what each step adds.

        Parameters
        ----------
        weight : array (r,) of float64
            By row of people.

        Returns
        -------
        array (k,) of float64
            Sums.
        """
        rows = self.row_step >= 0
        return sums(self.row_step[rows], weight[rows], self.chosen.size)

    def gains_by(self, label: Int64Array, size: int, weight: FloatArray) -> FloatArray:
        """Return what each step adds by label.

        Parameters
        ----------
        label : array (r,) of int64
            Group or region of each row; -1 for none.
        size : int
            How many labels there are.
        weight : array (r,) of float64
            By row of people.

        Returns
        -------
        array (k, size + 1) of float64
            The last column is for none.
        """
        rows = self.row_step >= 0
        at = self.row_step[rows] * (size + 1) + np.where(label[rows] < 0, size, label[rows])
        return sums(at, weight[rows], self.chosen.size * (size + 1)).reshape(-1, size + 1)

    @cached_property
    def covered_places(self) -> BoolArray:
        """True for the places that are covered with the plan, by the matrix (p,)."""
        point = self.demand.points.point
        added = np.zeros(point.size, np.bool_)
        rows = np.flatnonzero(point >= 0)
        added[rows] = self.step[point[rows]] >= 0
        return self.demand.outcome.covered | added


@dataclass(frozen=True)
class Checked:
    """What the recompute from scratch found.

    Attributes
    ----------
    covered : array (p,) of bool
        Places covered with the plan.
    station : array (p,) of int64
        Row of ``stations`` that each covered place is nearest to, -1 for the others.
    stations : GeoDataFrame
        The stations as they would be.
    """

    covered: BoolArray
    station: Int64Array
    stations: gpd.GeoDataFrame


def checked(plan: Plan) -> Checked:
    """Recompute coverage with the plan from scratch, and hold the plan's own figures against it.

    Parameters
    ----------
    plan : Plan
        Solved.

    Returns
    -------
    Checked
        Who is covered, and by whom.

    Raises
    ------
    PlanCheckError
        If a single place differs.
    """
    ground = plan.ground
    view, register, dataset = ground.after(plan.changes)
    outcome = ground.outcome(view, register)
    covered = outcome.covered
    counted = np.zeros(covered.size, np.bool_)
    counted[plan.demand.place[plan.demand.place >= 0]] = True
    differs = counted & (covered != plan.covered_places)
    if differs.any():
        raise PlanCheckError(
            f"a recompute from scratch differs from the plan at {int(differs.sum())} places; "
            "this is a fault of the software, please report it"
        )
    nearest = nearest_of(plan, view, register, covered & counted)
    return Checked(covered, nearest, dataset.stations)


def nearest_of(plan: Plan, view: ModeView, register: Register, mark: BoolArray) -> Int64Array:
    """Return the station that marked places are nearest to.

    Parameters
    ----------
    plan : Plan
        The question.
    view, register : ModeView, Register
        With the plan carried out.
    mark : array (p,) of bool
        Places.

    Returns
    -------
    array (p,) of int64
        Row of the station, -1 where there is none within the limit, and for the other places.
    """
    ground = plan.ground
    selection = register.select(ground.request.conditions, ground.limit_ms)
    layer, nearest = ground.layer_of(view), np.full(mark.size, -1, np.int64)
    rows = np.flatnonzero(mark)
    for first in range(0, rows.size, _CHUNK):
        part = rows[first : first + _CHUNK]
        found = view.travel.k_best(layer.exits(part), selection, 1, ground.limit_ms)
        nearest[part] = found.station[:, 0]
    return nearest


def sites(plan: Plan, check: Checked) -> list[dict[str, Any]]:
    """Return the sites in building order.

    Parameters
    ----------
    plan : Plan
        Solved.
    check : Checked
        Its recompute.

    Returns
    -------
    list of dict
        One a site; figures are not rounded.
    """
    demand = plan.demand
    homes, workers = plan.gains(demand.homes), plan.gains(demand.workers)
    groups = plan.gains_by(demand.group, len(demand.groups), demand.workers)
    regions = plan.ground.dataset.regions
    where = plan.gains_by(demand.region, len(regions), demand.workers)
    caught = catchment(plan, check)
    scores = {name: plan.gains(demand.workers * part) for name, part in plan.terms.items()}
    labels = [*regions["id"], ""]
    spent, total = plan.options["cost_fen"].cumsum().tolist(), np.cumsum(workers)
    found = []
    for step, row in enumerate(plan.options.to_dict("records")):
        found.append(
            {
                "id": row["id"],
                "order": step + 1,
                "action": row["action"],
                "station": row["station"] or None,
                "name": row["name"],
                "lon": row["lon"],
                "lat": row["lat"],
                "opening_hours": row["opening_hours"],
                "facilities": [code for code in row["facilities"].split(";") if code],
                "cost_yuan": row["cost_fen"] / _FEN,
                "gain_homes": float(homes[step]),
                "gain_workers": float(workers[step]),
                "gain_workers_per_10000_yuan": per_10000(workers[step], row["cost_fen"]),
                "cumulative_workers": float(total[step]),
                "cumulative_yuan": spent[step] / _FEN,
                "catchment_workers": caught[plan.station_ids[step]],
                **_in_hours(plan, step, row["cost_fen"]),
                **({"terms": {k: float(v[step]) for k, v in scores.items()}} if scores else {}),
                "gain_groups": {
                    code: float(value)
                    for code, value in zip(demand.groups, groups[step], strict=False)
                    if value and code
                },
                "gain_regions": {
                    code: float(value)
                    for code, value in zip(labels, where[step], strict=True)
                    if value
                },
            }
        )
    return found


def _in_hours(plan: Plan, step: int, fen: int) -> dict[str, float | None]:
    """Return what a site gains in person-hours; nothing where hours do not count."""
    if plan.hours is None:
        return {}
    gain = float(plan.hour_gains[step])
    return {
        "gain_person_hours": gain,
        "gain_person_hours_per_10000_yuan": per_10000(gain, fen),
        "cumulative_person_hours": float(plan.hour_gains[: step + 1].sum()),
    }


def per_10000(gain: float, fen: int) -> float | None:
    """Return a gain for each 10,000 yuan, None where it costs nothing.

    Parameters
    ----------
    gain : float
        Workers.
    fen : int
        Cost.

    Returns
    -------
    float or None
        Workers for 10,000 yuan.

    Examples
    --------
    >>> per_10000(30, 2_000_000)
    15.0
    """
    return float(gain) * 1_000_000 / fen if fen else None


def catchment(plan: Plan, check: Checked) -> Mapping[str, float]:
    """Return the workers whose nearest station each one is: every covered worker once.

    Parameters
    ----------
    plan : Plan
        Solved.
    check : Checked
        Its recompute.

    Returns
    -------
    mapping of str to float
        By id of every station, existing ones too; they sum to the workers covered.
    """
    demand = plan.demand
    rows = demand.where(check.station >= 0)
    at = check.station[demand.place[rows]]
    total = sums(at, demand.workers[rows], len(check.stations))
    return dict(zip(check.stations["id"].tolist(), total.tolist(), strict=True))
