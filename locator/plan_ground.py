"""What a plan stands on: who is covered today, who is not, and what may be chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from geodata.errors import Fault, LimitError, ValidationError
from geodata.hours import Timetable
from geodata.model import BoolArray, Dataset, FloatArray, Int32Array, Int64Array
from geodata.plan_actions import PlanAction
from locator.candidates import Terms
from locator.changes import Changes, changed
from locator.coverage import CoverageRequest, Layer, Outcome, People, Question
from locator.coverage_figures import people_counts
from locator.plan_cover import Points, points_of
from locator.questions import Posed
from locator.selection import Register
from locator.view import ModeView

_NO_GROUP = ("",)

#: Told the share done and the stage.
Progress = Callable[[float, str], None]


class CancelledError(Exception):
    """Somebody does not want the plan any more; a progress callback raises it."""


def silent(share: float, stage: str) -> None:
    """Tell nobody how far the work is.

    Parameters
    ----------
    share : float
        Share done.
    stage : str
        What is being done.
    """


@dataclass(frozen=True)
class Ground:
    """A dataset and a question about it.

    Attributes
    ----------
    dataset : Dataset
        The data.
    posed : Posed
        What covered means, and for whom; ``slow`` and ``fast`` are not used.
    actions : mapping of str to PlanAction
        What can be done, and its default price.
    hours : tuple of datetime
        The hours that count, where a plan counts the hours of a week; else none.
    group : str or None
        Code of the only group of workers that counts; None: everybody.
    """

    dataset: Dataset
    posed: Posed
    actions: Mapping[str, PlanAction] = field(default_factory=lambda: MappingProxyType({}))
    hours: tuple[datetime, ...] = ()
    group: str | None = None

    @property
    def view(self) -> ModeView:
        """Network and people of the mode."""
        return self.posed.view

    @property
    def register(self) -> Register:
        """The stations."""
        return self.posed.register

    @property
    def request(self) -> CoverageRequest:
        """What covered means."""
        return self.posed.request

    @property
    def region(self) -> int | None:
        """Row of the only region that counts."""
        return self.posed.region

    @property
    def exact(self) -> bool:
        """Count at the homes themselves."""
        return self.posed.exact

    def asking(self, **changes: Any) -> "Ground":
        """Return the same with another request.

        Parameters
        ----------
        **changes : Any
            Fields of `CoverageRequest`.

        Returns
        -------
        Ground
            Of the same view, region and people.
        """
        posed = replace(self.posed, request=replace(self.request, **changes))
        return replace(self, posed=posed)

    @property
    def limit_ms(self) -> int:
        """Return the longest travel time."""
        return self.request.limit_ms

    @property
    def terms(self) -> Terms:
        """Return what candidates are completed with."""
        conditions = self.request.conditions
        kinds = conditions.kinds or self.register.vocabulary.counting("kinds")
        access = conditions.access or ("free",)
        return Terms(self.actions, conditions.needs, kinds[0], access[0])

    def outcome(self, view: ModeView, register: Register) -> Outcome:
        """Return who is covered with some stations.

        Parameters
        ----------
        view, register : ModeView, Register
            Of the dataset as it is, or as it would be.

        Returns
        -------
        Outcome
            Of the people, or of the street pieces where nobody gave homes.
        """
        selection = register.select(self.request.conditions, self.limit_ms)
        asked = Question(
            register,
            view.travel,
            self.request,
            selection,
            self.region,
            clipped=len(self.dataset.regions) > 0,
        )
        return Outcome(self.layer_of(view), asked)

    def layer_of(self, view: ModeView) -> Layer:
        """Return the places that demand lies at.

        Parameters
        ----------
        view : ModeView
            Of the dataset as it is, or as it would be.

        Returns
        -------
        Layer
            Homes, cells, or street pieces where nobody gave homes.
        """
        if self.people is None:
            return view.pieces
        if self.people.exact and view.homes is not None:
            return view.homes
        return view.cells

    @property
    def people(self) -> People | None:
        """Who is where, of the group asked for; None where nobody gave homes."""
        exact = self.exact and self.view.homes is not None
        people = self.view.exact_people if exact else self.view.published_people
        return people and people.only(self.group)

    def after(self, changes: Changes) -> tuple[ModeView, Register, Dataset]:
        """Return the ground with stations changed: the plain, whole way.

        Parameters
        ----------
        changes : Changes
            What would be different.

        Returns
        -------
        tuple
            View and register of the new dataset, and the dataset.
        """
        mode = self.view.mode
        made = changed(self.dataset, changes, lambda _: self.view.snapper, mode=mode)
        timetable = Timetable(made.stations["opening_hours"].tolist())
        register = Register(made.stations, made.vocabulary, timetable, self.register.linger_ms)
        return ModeView(made, mode, register), register, made


@dataclass(frozen=True)
class Demand:
    """People, row by row, and the points that stand for those a plan may help.

    Attributes
    ----------
    outcome : Outcome
        What became of the places today.
    points : Points
        The places that are not covered and could be.
    place, group : array (r,) of int32
        Place and group of each row.
    homes, workers : array (r,) of float64
        Counts; workers are kilometres of street where nobody gave homes.
    groups : tuple of str
        Codes.
    unit : str
        ``workers``, or ``street_km``.
    base : array (n,) of int32
        Stations that reach each point today: fewer than are asked for.
    """

    outcome: Outcome
    points: Points
    place: Int64Array
    group: Int64Array
    homes: FloatArray
    workers: FloatArray
    groups: tuple[str, ...]
    unit: str
    base: Int32Array

    @property
    def region(self) -> Int64Array:
        """Return the region of each row, -1 outside (r,)."""
        region = self.outcome.layer.region
        return np.where(self.place >= 0, region[self.place], -1)

    @property
    def point_region(self) -> Int64Array:
        """Return the region of each point, -1 outside (n,)."""
        out = np.full(self.points.size, -1, np.int64)
        rows = np.flatnonzero(self.points.point >= 0)
        out[self.points.point[rows]] = self.outcome.layer.region[rows]
        return out

    @property
    def point(self) -> Int64Array:
        """Return the point of each row, -1 for none (r,)."""
        return np.where(self.place >= 0, self.points.point[self.place], -1)

    def where(self, mark: BoolArray) -> BoolArray:
        """Mark the rows at marked places.

        Parameters
        ----------
        mark : array (p,) of bool
            Places.

        Returns
        -------
        array (r,) of bool
            False for rows without a place.
        """
        return (self.place >= 0) & mark[self.place]


def demand_of(ground: Ground) -> tuple[Demand, dict[str, dict[str, float]]]:
    """Return who a plan is for, and how many are covered today.

    Parameters
    ----------
    ground : Ground
        The question.

    Returns
    -------
    Demand, dict
        The rows; ``homes`` and ``workers`` (or ``street_km``) with ``total`` and ``covered``.
    """
    outcome, people = ground.outcome(ground.view, ground.register), ground.people
    if people is None:
        length = ground.dataset.pieces[ground.view.mode].length_m / 1000.0
        rows = np.arange(length.size)
        points = points_of(outcome.layer, outcome.in_total & ~outcome.covered)
        demand = Demand(
            outcome,
            points,
            rows,
            np.zeros_like(rows),
            length * 0.0,
            length,
            _NO_GROUP,
            "street_km",
            _base(ground, points),
        )
        total = float(length[outcome.in_total].sum())
        return demand, {
            "street_km": {"total": total, "covered": float(length[outcome.covered].sum())}
        }
    used = np.zeros(outcome.layer.region.size, np.bool_)
    used[people.place[(people.place >= 0) & (people.workers > 0)]] = True
    points = points_of(outcome.layer, outcome.in_total & ~outcome.covered & used)
    demand = Demand(
        outcome,
        points,
        people.place.astype(np.int64),
        people.group.astype(np.int64),
        people.homes,
        people.workers,
        people.groups,
        "workers",
        _base(ground, points),
    )
    counts = people_counts(people, outcome)
    return demand, {
        name: {"total": part.total, "covered": part.covered} for name, part in counts.items()
    }


def _base(ground: Ground, points: Points) -> Int32Array:
    """Return how many stations reach each point today, where two are asked for: one or none."""
    base = np.zeros(points.size, np.int32)
    if ground.request.at_least == 1:
        return base
    alone = ground.asking(at_least=1)
    covered = alone.outcome(ground.view, ground.register).covered
    rows = np.flatnonzero((points.point >= 0) & covered)
    base[points.point[rows]] = 1
    return base


def known_group(group: str | None, register: Register) -> str | None:
    """Return the only group that counts.

    Parameters
    ----------
    group : str or None
        Code; ``""`` and None: everybody.
    register : Register
        Knows the groups.

    Returns
    -------
    str or None
        The code; None: everybody.

    Raises
    ------
    ValidationError
        If there is no such group.
    """
    groups = register.vocabulary.groups
    if group and group not in groups:
        fault = Fault("group", f"{group!r} is not known", f"use one of {', '.join(groups)}")
        raise ValidationError.of([fault], code="unknown_word")
    return group or None


def check_limits(name: str, value: float | None, least: float, most: float) -> None:
    """Refuse a number out of its limits.

    Parameters
    ----------
    name : str
        The parameter.
    value : float or None
        None was not given, and is fine.
    least, most : float
        The limits.

    Raises
    ------
    LimitError
        Naming the limits.
    """
    if value is not None and not least <= value <= most:
        raise LimitError(f"{name} must be between {least:g} and {most:g}, got {value}")
