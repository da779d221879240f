"""The facade: one immutable snapshot of a dataset that answers questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.errors import Fault, InputError, LimitError, ValidationError
from geodata.hours import SHANGHAI, Timetable, local, parse_at
from geodata.model import Dataset, FloatArray
from geodata.plan_actions import load_actions
from locator import gaps as gap_finder
from locator.changes import Changes
from locator.clock import ClockAnswer
from locator.clock_request import ClockContext, ClockRequest, travellers, week_asked
from locator.coverage import CoverageRequest, Outcome, Question, summarize, sums_by
from locator.gaps import CellWeights, Gaps
from locator.nearest import NearestAnswer, NearestRequest
from locator.plan import Ground, PlanAnswer, Progress, aim_of, make_plan, silent
from locator.route import route
from locator.scenario import Before, Desk, ScenarioAnswer
from locator.selection import Conditions, Register, Selection
from locator.view import ModeView

#: Largest limit and number of stations one may ask for.
MOST_MINUTES = 120
MOST_STATIONS = 50
MOST_AT_LEAST = 5


@dataclass(frozen=True)
class CoverageAnswer:
    """What coverage found; gaps and cells are drawn when asked for.

    Attributes
    ----------
    summary : dict
        Figures as the HTTP interface names them, unrounded.
    request : CoverageRequest
        What was asked.
    outcomes : dict of str to Outcome
        ``cells``, ``pieces`` and ``people``.
    view : ModeView
        Network, places and people of the mode.
    selection : Selection
        The stations that satisfy the conditions.
    exact : bool
        People were counted at their homes.
    """

    summary: dict[str, Any]
    request: CoverageRequest
    outcomes: dict[str, Outcome]
    view: ModeView
    selection: Selection
    exact: bool

    @property
    def _people(self) -> CellWeights:
        """Who is in the cells: the uncovered homes themselves where the answer is exact."""
        if self.exact:
            return self.view.home_weights(~self.outcomes["people"].covered)
        return self.view.cell_people

    @cached_property
    def gaps(self) -> Gaps:
        """Uncovered cells as polygons."""
        return gap_finder.find(
            self.view.places,
            self.outcomes["cells"],
            self.view.travel,
            self.selection,
            self._people,
        )

    def by(self, labels: npt.ArrayLike) -> dict[str, dict[str, Any]]:
        """Return who is covered by a word for each home: its firm, street, market, building.

        Parameters
        ----------
        labels : array_like (h,)
            In the order of the dataset's homes.

        Returns
        -------
        dict
            ``share_covered``, ``homes`` and ``workers`` (``total, covered, uncovered``) by word.

        Raises
        ------
        InputError
            If homes were not opened and asked exactly, or there is not one word a home.
        """
        people = self.view.exact_people if self.exact else None
        if people is None:
            raise InputError("sums by home need exact=True and a dataset opened with its homes")
        return sums_by(people, self.outcomes["people"], labels)

    @cached_property
    def covered(self) -> gpd.GeoDataFrame:
        """Covered cells, dissolved by region."""
        return gap_finder.covered_areas(self.view.places, self.outcomes["cells"])

    @cached_property
    def cells(self) -> gpd.GeoDataFrame:
        """The 100 m cells with ``column, row, region, seconds, state, cause``."""
        return gap_finder.cell_frame(self.view.places, self.outcomes["cells"])


class Index:
    """Answers questions about one dataset.

    Parameters
    ----------
    dataset : Dataset
        As ``geodata.open_dataset`` returns it.
    linger_seconds : int
        How long a station must stay open after one arrives.
    """

    def __init__(self, dataset: Dataset, *, linger_seconds: int = 600) -> None:
        self._dataset = dataset
        self.stations = dataset.stations
        self.regions = dataset.regions
        self.manifest = dataset.manifest
        self.vocabulary = dataset.vocabulary
        self.modes = tuple(dataset.networks)
        self.linger_seconds = linger_seconds
        self.timetable = Timetable(dataset.stations["opening_hours"].tolist())
        self.register = Register(
            dataset.stations, dataset.vocabulary, self.timetable, linger_seconds * 1000
        )
        self._views: dict[str, ModeView] = {}

    def view(self, mode: str) -> ModeView:
        """Return what the questions of one mode share.

        Parameters
        ----------
        mode : str
            Code of the mode.

        Returns
        -------
        ModeView
            Made when first asked for.

        Raises
        ------
        InputError
            If the dataset was not prepared for the mode.
        """
        if mode not in self._views:
            self._views[mode] = ModeView(self._dataset, mode, self.register)
        return self._views[mode]

    def _dated(self, conditions: Conditions, at: str | datetime | None) -> Conditions:
        """Return checked conditions with a time, to the second, and a day."""
        when = parse_at(at) if at is None or isinstance(at, str) else local(at)
        if when is not None:
            when = when.replace(microsecond=0)
        made = replace(conditions, at=when, on=(when or datetime.now(SHANGHAI)).date())
        made.check(self.vocabulary)
        return made

    def nearest(  # noqa: PLR0913  the question's own words, by keyword
        self,
        points: npt.ArrayLike | gpd.GeoSeries | gpd.GeoDataFrame,
        *,
        mode: str = "walk",
        k: int = 5,
        minutes: int = 15,
        at: str | datetime | None = "now",
        open: str = "arrival",  # noqa: A002  the public name of the parameter
        needs: Sequence[str] = (),
        kinds: Sequence[str] = (),
        access: Sequence[str] = (),
        alternatives: int = 3,
    ) -> NearestAnswer:
        """Return the nearest stations of places.

        Parameters
        ----------
        points : array_like (p, 2), GeoSeries or GeoDataFrame
            ``lon, lat`` in WGS-84 degrees; frames are brought to EPSG:4326 by their CRS.
        mode : str
            Code of the mode.
        k : int
            How many stations, 1–50.
        minutes : int
            The limit that decides ``covered``, 1–120.
        at : str, datetime or None
            Time of leaving: ``"now"``, ISO 8601 or a datetime (without offset: Asia/Shanghai);
            None: hours do not matter.
        open : str
            ``arrival``, ``now`` or ``any``.
        needs, kinds, access : sequence of str
            Codes: all needs must be met, any kind or access fits.
        alternatives : int
            How many stations that fail a condition to list besides.

        Returns
        -------
        NearestAnswer
            One row a place.

        Raises
        ------
        InputError
            For an unknown mode or code, or points without a CRS.
        LimitError
            If ``k``, ``minutes`` or ``alternatives`` is out of range.
        """
        _within("k", k, MOST_STATIONS)
        _within("minutes", minutes, MOST_MINUTES)
        _within("alternatives", alternatives, MOST_STATIONS, least=0)
        lonlat = as_lonlat(points)
        view = self.view(mode)
        asked = Conditions(_codes(needs), _codes(kinds), _codes(access), open=open)
        conditions = self._dated(asked, at)
        lon, lat = np.ascontiguousarray(lonlat[:, 0]), np.ascontiguousarray(lonlat[:, 1])
        request = NearestRequest(conditions, k, minutes, alternatives)
        return view.finder.ask(lon, lat, view.snapper.snap(lon, lat), request)

    def route(
        self, points: npt.ArrayLike, stations: Sequence[int], *, mode: str = "walk"
    ) -> list[FloatArray]:
        """Return the fastest way from each place to a station.

        Parameters
        ----------
        points : array_like (p, 2)
            ``lon, lat`` in WGS-84 degrees.
        stations : sequence of int
            One row of the station table a place; -1 for none, as in ``NearestAnswer.station``.
        mode : str
            Code of the mode.

        Returns
        -------
        list of array (m, 2)
            ``lon, lat`` from the place's street point to the station's; empty where there is none.

        Raises
        ------
        InputError
            If there is not one station a place, or a row is not in the table.
        """
        lonlat = as_lonlat(points)
        _check_rows(stations, len(lonlat), len(self.stations))
        view = self.view(mode)
        places = view.travel.exits(view.snapper.snap(lonlat[:, 0], lonlat[:, 1]))
        return [
            route(view.travel, places, row, int(station)) if station >= 0 else np.empty((0, 2))
            for row, station in enumerate(stations)
        ]

    def coverage(  # noqa: PLR0913  the question's own words, by keyword
        self,
        *,
        mode: str = "walk",
        minutes: int = 15,
        at: str | datetime | None = None,
        needs: Sequence[str] = (),
        kinds: Sequence[str] = (),
        access: Sequence[str] = (),
        region: str | None = None,
        stations_at_least: int = 1,
        include: Sequence[str] = (),
        exact: bool = False,
    ) -> CoverageAnswer:
        """Return who is within the limit of a station, who is not, and why.

        Parameters
        ----------
        mode : str
            Code of the mode.
        minutes : int
            The limit, 1–120.
        at : str, datetime or None
            Time of leaving; None: hours do not matter.
        needs, kinds, access : sequence of str
            Codes: all needs must be met, any kind or access fits.
        region : str, optional
            Id of a region: everything outside is left out.
        stations_at_least : int
            Covered means so many stations within the limit, 1–5.
        include : sequence of str
            Statuses that count besides ``open``.
        exact : bool
            Count at the homes themselves where ``private/`` was opened.

        Returns
        -------
        CoverageAnswer
            Figures now, polygons when asked for.

        Raises
        ------
        InputError
            For an unknown mode, code or region.
        LimitError
            If ``minutes`` or ``stations_at_least`` is out of range.
        """
        asked = Conditions(_codes(needs), _codes(kinds), _codes(access), _codes(include))
        request = self._request(asked, mode, minutes, at, stations_at_least)
        return self._cover(self.view(mode), request, self._region(region), exact=exact)

    def scenario(  # noqa: PLR0913  the question's own words, by keyword
        self,
        changes: Changes,
        *,
        mode: str = "walk",
        minutes: int = 15,
        at: str | datetime | None = None,
        needs: Sequence[str] = (),
        kinds: Sequence[str] = (),
        access: Sequence[str] = (),
        region: str | None = None,
        stations_at_least: int = 1,
        include: Sequence[str] = (),
        exact: bool = False,
    ) -> ScenarioAnswer:
        """Return what would be different with other stations: what-if.

        Parameters
        ----------
        changes : Changes
            Stations added, removed, moved, with other hours or facilities; any number together.
        mode, minutes, at, needs, kinds, access, region, stations_at_least, include, exact
            As of ``coverage``.

        Returns
        -------
        ScenarioAnswer
            Equal, to the bit, to what an index made of ``locator.changes.changed`` answers.

        Raises
        ------
        InputError
            For an unknown mode, code or region, and for changes that cannot be made.
        LimitError
            If ``minutes`` or ``stations_at_least`` is out of range.
        """
        asked = Conditions(_codes(needs), _codes(kinds), _codes(access), _codes(include))
        request = self._request(asked, mode, minutes, at, stations_at_least)
        view, row = self.view(mode), self._region(region)
        self._desk.check(changes)

        def make() -> Before:
            answer = self._cover(view, request, row, exact=exact)
            question = self._question(view, request, row)
            names = tuple(zip(self.regions["id"], self.regions["name"], strict=True))
            scene = self._desk.scene(view)
            return Before(scene, question, answer.outcomes, answer.summary, names, answer.exact)

        return self._desk.ask(self._desk.before((mode, request, row, exact), make), changes)

    @cached_property
    def _desk(self) -> Desk:
        """Answers what-if questions."""
        return Desk(self.stations, self.register, len(self.regions))

    def _request(
        self,
        asked: Conditions,
        mode: str,
        minutes: int,
        at: str | datetime | None,
        at_least: int,
    ) -> CoverageRequest:
        """Return a checked request."""
        _within("minutes", minutes, MOST_MINUTES)
        _within("stations_at_least", at_least, MOST_AT_LEAST)
        self.view(mode)  # refuses an unknown mode
        conditions = self._dated(replace(asked, distinct=at_least > 1), at)
        speed = self.vocabulary.modes[mode]
        return CoverageRequest(conditions, minutes, at_least, speed.slow_factor, speed.fast_factor)

    def clock(  # noqa: PLR0913  the question's own words, by keyword
        self,
        *,
        mode: str | None = None,
        minutes: int = 15,
        needs: Sequence[str] = (),
        kinds: Sequence[str] = (),
        access: Sequence[str] = (),
        region: str | None = None,
        include: Sequence[str] = (),
        week: str | date | None = None,
        group: str | None = None,
        exact: bool = False,
    ) -> ClockAnswer:
        """Return who is within the limit of a station at each of the 168 hours of a week.

        Parameters
        ----------
        mode : str, optional
            Code of the mode; None: the group's own where it was prepared, or on foot where that is
            faster; without a group ``walk``.
        minutes : int
            The limit, 1–120.
        needs, kinds, access : sequence of str
            Codes: all needs must be met, any kind or access fits.
        region : str, optional
            Id of a region: everything outside is left out.
        include : sequence of str
            Statuses that count besides ``open``.
        week : str or date, optional
            A day of the week asked for (ISO 8601); None: the next one without a holiday.
        group : str, optional
            Code of a group of workers: only they, at their speed, while they work.
        exact : bool
            Count at the homes themselves where ``private/`` was opened.

        Returns
        -------
        ClockAnswer
            Figures now, gaps when asked for.

        Raises
        ------
        InputError
            For an unknown mode, code, group, region or day.
        LimitError
            If ``minutes`` is out of range.
        """
        _within("minutes", minutes, MOST_MINUTES)
        conditions = Conditions(_codes(needs), _codes(kinds), _codes(access), _codes(include))
        conditions.check(self.vocabulary)
        who = travellers(self.vocabulary, group, mode, self.modes)
        view = self.view(who.mode)
        monday = week_asked(week, self.timetable.calendar)
        request = ClockRequest(
            CoverageRequest(conditions, minutes), monday, self._region(region), who, exact=exact
        )
        names = tuple(zip(self.regions["id"], self.regions["name"], strict=True))
        piece_m = self._dataset.pieces[view.mode].length_m
        foot = self.view("walk") if who.on_foot else None
        context = ClockContext(view, self.register, self.timetable.calendar, names, piece_m, foot)
        return ClockAnswer(request, context)

    def plan(  # noqa: PLR0913  the question's own words, by keyword
        self,
        candidates: pd.DataFrame | Sequence[Mapping[str, Any]] | str = "auto",
        *,
        mode: str = "walk",
        minutes: int = 15,
        at: str | datetime | None = None,
        needs: Sequence[str] = (),
        kinds: Sequence[str] = (),
        access: Sequence[str] = (),
        region: str | None = None,
        include: Sequence[str] = (),
        exact: bool = False,
        progress: Progress = silent,
        **aim: Any,
    ) -> PlanAnswer:
        """Return where the next stations or hours help most, with a proven bound.

        Parameters
        ----------
        candidates : DataFrame, sequence of mappings or ``"auto"``
            What may be chosen, see `locator.candidates.options_of`; ``auto``: street junctions,
            host premises, hours and facilities of stations.
        mode, minutes, at, needs, kinds, access, region, include, exact
            As of ``coverage``.
        progress : callable
            Told the share done and the stage; what it raises ends the work.
        **aim : Any
            What to achieve, see `locator.plan.aim_of`: ``objective``, one of ``budget_yuan``,
            ``sites`` and ``target_share``, ``time_limit_seconds`` and more.

        Returns
        -------
        PlanAnswer
            Sites in building order, checked against a recompute from scratch.

        Raises
        ------
        LocatorError
            If the question is wrong or nothing can do what is asked.
        """
        wanted = aim_of(**aim)
        _within("minutes", minutes, MOST_MINUTES)
        view = self.view(mode)
        asked = Conditions(
            _codes(needs),
            _codes(kinds),
            _codes(access),
            _codes(include),
            distinct=wanted.at_least > 1,
        )
        request = CoverageRequest(self._dated(asked, at), minutes, wanted.at_least)
        ground = Ground(
            self._dataset, view, self.register, request, self._region(region), exact, load_actions()
        )
        return make_plan(ground, wanted, candidates, progress)

    def _cover(
        self, view: ModeView, request: CoverageRequest, region: int | None, *, exact: bool
    ) -> CoverageAnswer:
        """Return the answer to a checked request."""
        asked = self._question(view, request, region)
        exact = exact and view.homes is not None
        people = view.exact_people if exact else view.published_people
        layers = {"cells": view.cells, "pieces": view.pieces}
        if exact and view.homes is not None:
            layers["people"] = view.homes
        outcomes = {name: Outcome(layer, asked) for name, layer in layers.items()}
        outcomes.setdefault("people", outcomes["cells"])
        names = list(zip(self.regions["id"], self.regions["name"], strict=True))
        summary = summarize(people, outcomes, view.street_km, names)
        return CoverageAnswer(summary, request, outcomes, view, asked.selection, exact)

    def _question(self, view: ModeView, request: CoverageRequest, region: int | None) -> Question:
        """Return what the layers are judged by."""
        return Question(
            self.register,
            view.travel,
            request,
            self.register.select(request.conditions, request.limit_ms),
            region,
            clipped=len(self.regions) > 0,
            barriers=view.barriers,
        )

    def _region(self, code: str | None) -> int | None:
        """Return the row of a region, None for all."""
        if code is None:
            return None
        rows = np.flatnonzero(self.regions["id"].to_numpy(object) == code)
        if rows.size == 0:
            raise ValidationError.of(
                [Fault("region", f"{code!r} is not a region of this dataset")],
                code="unknown_region",
            )
        return int(rows[0])


def as_lonlat(points: npt.ArrayLike | gpd.GeoSeries | gpd.GeoDataFrame) -> FloatArray:
    """Return places as an array of WGS-84 degrees.

    Parameters
    ----------
    points : array_like (p, 2), GeoSeries or GeoDataFrame
        ``lon, lat``; frames need a CRS.

    Returns
    -------
    array (p, 2) of float64
        ``lon, lat``.

    Raises
    ------
    InputError
        If a frame has no CRS, holds something else than points, or the shape is not (p, 2).
    """
    array = _coordinates(points)
    if array.ndim != 2 or array.shape[1] != 2:  # noqa: PLR2004  lon, lat
        raise InputError(f"expected points of shape (p, 2) as lon, lat, got {array.shape}")
    faults = [
        Fault(f"point {row}", f"lon {array[row, 0]}, lat {array[row, 1]} is not a place on earth")
        for row in np.flatnonzero(
            ~((np.abs(array[:, 0]) <= 180) & (np.abs(array[:, 1]) <= 90))  # noqa: PLR2004
        )[:10]
    ]
    if faults:
        raise ValidationError.of(faults, code="out_of_range")
    return array


def _coordinates(points: npt.ArrayLike | gpd.GeoSeries | gpd.GeoDataFrame) -> FloatArray:
    """Return what was given as points as an array of numbers, whatever its shape."""
    if not isinstance(points, gpd.GeoSeries | gpd.GeoDataFrame):
        try:
            return np.asarray(points, np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"expected points as pairs of numbers lon, lat: {error}") from error
    if points.crs is None:
        raise InputError(
            "the points have no coordinate reference system; set it, e.g. .set_crs(4326)",
            code="no_crs",
        )
    shapes = points.geometry.to_crs(4326)
    if not (shapes.geom_type == "Point").all():
        raise InputError("expected points, got other geometries; use .representative_point()")
    return np.column_stack((shapes.x.to_numpy(), shapes.y.to_numpy()))


def _codes(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return codes as a tuple; a single one may come without its list."""
    return (value,) if isinstance(value, str) else tuple(value)


def _check_rows(rows: Sequence[int], places: int, stations: int) -> None:
    """Refuse rows of the station table that do not fit the places or the table."""
    if len(rows) != places:
        raise InputError(f"expected one station a place: {places} places, {len(rows)} stations")
    strange = [int(row) for row in rows if not -1 <= row < stations]
    if strange:
        raise InputError(f"expected rows of the station table below {stations}, got {strange[:10]}")


def _within(name: str, value: float, most: int, *, least: int = 1) -> None:
    """Refuse what is not a whole number, or is out of its limits."""
    if not isinstance(value, int | np.integer) or not least <= value <= most:
        raise LimitError(f"{name} must be a whole number between {least} and {most}, got {value}")
