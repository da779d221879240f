"""The facade: one immutable snapshot of a dataset that answers questions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.hours import Timetable
from geodata.model import Dataset, FloatArray
from geodata.plan_actions import load_actions
from locator.changes import Changes, changed
from locator.clock import ClockAnswer
from locator.clock_request import ClockContext, ClockRequest, travellers, week_asked
from locator.coverage import CoverageRequest
from locator.coverage_answer import CoverageAnswer, cover
from locator.nearest import NearestAnswer, NearestRequest
from locator.plan_ground import Ground, Progress, known_group, silent
from locator.points import as_lonlat, check_rows
from locator.questions import MOST_MINUTES, MOST_STATIONS, Asked, Desk, within
from locator.route import route
from locator.scenario import ScenarioAnswer, WhatIf
from locator.selection import Register
from locator.view import ModeView

if TYPE_CHECKING:
    from locator.plan import PlanAnswer


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
        self._desk = Desk(self.register, dataset.regions)
        self._changing = WhatIf(dataset.stations, self.register, len(dataset.regions))
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

    def without(self, stations: Sequence[str]) -> "Index":
        """Return an index of the same dataset in which some stations are gone.

        Parameters
        ----------
        stations : sequence of str
            Their ids; none gives this index.

        Returns
        -------
        Index
            Plans made with it may build in the place of what closes.

        Raises
        ------
        ValidationError
            For ids that are not in the table, or come twice.
        """
        if not stations:
            return self
        gone = Changes(remove=tuple(stations))
        left = changed(self._dataset, gone, lambda mode: self.view(mode).snapper)
        return Index(left, linger_seconds=self.linger_seconds)

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
        within("k", k, MOST_STATIONS)
        within("minutes", minutes, MOST_MINUTES)
        within("alternatives", alternatives, MOST_STATIONS, least=0)
        lonlat = as_lonlat(points)
        view = self.view(mode)
        asked = Asked(minutes, needs=needs, kinds=kinds, access=access)
        conditions = self._desk.dated(replace(asked.conditions, open=open), at)
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
        check_rows(stations, len(lonlat), len(self.stations))
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
        at: str | date | None = None,
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
        at : str, datetime, date or None
            Time of leaving; None: hours do not matter; nor do they for a day, on which stations
            exist (else today).
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
        words = (needs, kinds, access, region, include, stations_at_least, exact)
        return cover(self._desk.pose(Asked(minutes, at, *words), self.view(mode)))

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
        words = (needs, kinds, access, region, include, stations_at_least, exact)
        posed = self._desk.pose(Asked(minutes, at, *words), self.view(mode))
        return self._changing.answer(posed, changes)

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
        conditions = Asked(minutes, None, needs, kinds, access, region, include).conditions
        conditions.check(self.vocabulary)
        who = travellers(self.vocabulary, group, mode, self.modes)
        view, foot = self.view(who.mode), self.view("walk") if who.on_foot else None
        calendar, row = self.timetable.calendar, self._desk.region(region)
        coverage = CoverageRequest(conditions, minutes)
        request = ClockRequest(coverage, week_asked(week, calendar), row, who, exact=exact)
        piece_m = self._dataset.pieces[view.mode].length_m
        names = self._desk.names
        return ClockAnswer(
            request, ClockContext(view, self.register, calendar, names, piece_m, foot)
        )

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
        group: str | None = None,
        exact: bool = False,
        progress: Progress = silent,
        **aim: Any,
    ) -> "PlanAnswer":
        """Return where the next stations or hours help most, with a proven bound.

        Parameters
        ----------
        candidates : DataFrame, sequence of mappings or ``"auto"``
            What may be chosen, see `locator.candidates.options_of`; ``auto``: street junctions,
            host premises, hours and facilities of stations.
        mode, minutes, at, needs, kinds, access, region, include
            As of ``coverage``.
        group : str, optional
            Code of the only group of workers that counts.
        exact : bool
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
        from locator.plan import aim_of, make_plan  # noqa: PLC0415  solvers: only when asked

        wanted = aim_of(**aim)
        words = (needs, kinds, access, region, include, wanted.at_least, exact)
        ground = self._ground(Asked(minutes, at, *words), mode, group)
        return make_plan(ground, wanted, candidates, progress)

    def check_plan(
        self,
        candidates: pd.DataFrame | str,
        asked: Asked,
        *,
        mode: str = "walk",
        group: str | None = None,
        **aim: Any,
    ) -> None:
        """Refuse what ``plan`` would refuse before it searches.

        Parameters
        ----------
        candidates
            As of ``plan``.
        asked : Asked
            Its other words.
        mode, group, **aim
            As of ``plan``.

        Raises
        ------
        LocatorError
            If the question or a candidate is wrong.
        """
        from locator.plan import aim_of, check_question  # noqa: PLC0415  solvers: only when asked

        check_question(self._ground(asked, mode, group), aim_of(**aim), candidates)

    def _ground(self, asked: Asked, mode: str, group: str | None) -> Ground:
        """Return what a plan stands on."""
        posed = self._desk.pose(asked, self.view(mode))
        only = known_group(group, posed.register)
        return Ground(self._dataset, posed, load_actions(), group=only)
