"""Coverage through the week: who is covered at each of the 168 hours, where, and of which group.

Every hour is asked on the hour, in local time, with the rule of `coverage`: a station counts when
it is open on arrival and long enough after it. Hours with the same open stations are worked out
once (`clock_sets`); the figures of an hour are those that `coverage` gives at that time.
"""

from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator.arrays import sums
from locator.clock_cover import Covers, WeekOutcome, covers, either
from locator.clock_gaps import WeekGaps, WeekHours, WeekPeople, find_gaps
from locator.clock_parts import Column, Part, Series, person_columns
from locator.clock_request import ClockContext, ClockRequest
from locator.clock_sets import OpenSets, open_sets
from locator.clock_week import DAY_HOURS, HOURS, hours_of, working_hours
from locator.coverage import Layer, Outcome, People, Question
from locator.gaps import find_cells, middles, squares


class ClockAnswer:
    """Coverage of a week; gaps are drawn when asked for.

    Parameters
    ----------
    request : ClockRequest
        What was asked.
    context : ClockContext
        What it was asked of.

    Attributes
    ----------
    request : ClockRequest
        What was asked.
    view : ModeView
        Network, places and people of the mode.
    calendar : Calendar
        Holidays and shifted working days.
    sets : OpenSets
        The distinct sets of open stations and the set of each hour.
    at : tuple of datetime
        The 168 hours.
    exact : bool
        People were counted at their homes.
    """

    def __init__(self, request: ClockRequest, context: ClockContext) -> None:
        self.request = request
        self.view = context.view
        self._context = context
        self.calendar = context.calendar
        self.exact = request.exact and context.view.homes is not None
        self.at = hours_of(request.monday)
        asked = request.coverage
        self.sets: OpenSets = open_sets(context.register, asked.conditions, asked.limit_ms, self.at)

    @property
    def distinct_open_sets(self) -> int:
        """Return how many distinct sets of open stations the week has."""
        return len(self.sets)

    # ------------------------------------------------------------------ places and people

    @cached_property
    def people(self) -> People | None:
        """Who is where: of one group, where one was asked for; None where nobody gave homes."""
        people = self.view.exact_people if self.exact else self.view.published_people
        return people and people.only(self.request.group)

    def _counts(self, layer: Layer) -> BoolArray:
        """Mark the places of a layer that count."""
        context, asked = self._context, self.request
        question = Question(
            context.register,
            self.view.travel,
            asked.coverage,
            self.sets.selections[0],
            asked.region,
            clipped=len(context.regions) > 0,
        )
        return Outcome(layer, question).in_total

    def _covers(self, layer: Layer) -> Covers:
        """Return which places of a layer are covered in which set."""
        asked = self.request
        return covers(layer, self.sets, asked.coverage.limit_ms, scale=asked.who.scale)

    @cached_property
    def cells(self) -> WeekOutcome:
        """What becomes of the 100 m cells."""
        layer, foot = self.view.cells, self._context.foot
        found = self._covers(layer)
        if foot is not None:
            mine = self.view.places.cells
            rows = find_cells(foot.places.cells, mine.column, mine.row)
            found = either(found, self._covers(foot.cells), rows)
        return WeekOutcome(layer, self._counts(layer), found)

    @cached_property
    def _homes(self) -> WeekOutcome | None:
        """What becomes of the homes; None where they were not opened."""
        layer, foot = self.view.homes, self._context.foot
        if layer is None:
            return None
        found = self._covers(layer)
        if foot is not None and foot.homes is not None:
            found = either(found, self._covers(foot.homes), np.arange(found.size))
        return WeekOutcome(layer, self._counts(layer), found)

    @cached_property
    def places(self) -> WeekOutcome:
        """What becomes of the places that people, or streets, are counted at."""
        if self.people is None:
            pieces = self.view.pieces
            return WeekOutcome(pieces, self._counts(pieces), self._covers(pieces))
        homes = self._homes if self.exact else None
        return self.cells if homes is None else homes

    # ------------------------------------------------------------------ figures

    def works(self, group: str | None) -> BoolArray:
        """Return the hours in which a group works.

        Parameters
        ----------
        group : str or None
            Its code; one that is not known, and None, works at all hours.

        Returns
        -------
        array (168,) of bool
            In the order of ``at``.
        """
        known = self._context.register.vocabulary.groups.get(group or "")
        if known is None:
            return np.ones(HOURS, np.bool_)
        return working_hours(known, self.request.monday, self._context.calendar)

    @cached_property
    def _columns(self) -> dict[str, "Column"]:
        """The quantities that are counted: homes and workers, else street length."""
        people, places = self.people, self.places
        if people is None:
            length = self._context.piece_m / 1000.0
            return {"street_km": Column(places, None, length, 0.0)}
        every = np.ones(people.place.size, np.bool_)
        return person_columns(people, places, every, self.request.region)

    @cached_property
    def all(self) -> Part:
        """Everybody that was asked for, or all streets."""
        works = self.works(self.request.group)
        series = {
            name: Series(column.total, self._hourly(column.covered()))
            for name, column in self._columns.items()
        }
        return Part(series, works)

    @cached_property
    def groups(self) -> dict[str, Part]:
        """Every group of workers of the answer by its code, with its own hours."""
        people = self.people
        if people is None:
            return {}
        out = {}
        for number, code in enumerate(people.groups):
            if self.request.group in (None, code):
                rows = people.group == number
                columns = person_columns(people, self.places, rows, self.request.region)
                series = {
                    name: Series(column.total, self._hourly(column.covered()))
                    for name, column in columns.items()
                }
                out[code] = Part(series, self.works(code))
        return out

    @cached_property
    def regions(self) -> list[tuple[str, str, Part]]:
        """Every region (id, name), and ``""`` for people whose place is not known."""
        names = self._context.regions
        if not names:
            return []
        works = self.works(self.request.group)
        tables = {name: column.by_region(len(names)) for name, column in self._columns.items()}
        out = []
        for number, (code, name) in enumerate([*names, ("", "")]):
            series = {
                key: Series(float(total[number]), self._hourly(covered[:, number]))
                for key, (total, covered) in tables.items()
            }
            left_out = self.request.region is not None or not code
            if left_out and not any(part.total for part in series.values()):
                continue
            out.append((code, name, Part(series, works)))
        return out

    def _hourly(self, by_set: FloatArray) -> FloatArray:
        """Return figures of sets as figures of hours."""
        values: FloatArray = by_set[self.sets.of_hour]
        return values

    @property
    def worst(self) -> int | None:
        """Return the row of the worst hour, as ``Part.worst`` has it."""
        return self.all.worst

    @cached_property
    def hours(self) -> pd.DataFrame:
        """The 168 hours, one row each.

        ``weekday`` (0 = Monday), ``hour``, ``at``, ``works``, ``open_set``, ``stations_open``,
        ``share_covered`` (of homes; of street length where there are none), ``share_workers``,
        ``homes_uncovered``, ``workers_uncovered`` (NaN where nobody gave homes) and
        ``street_km_uncovered`` (NaN where somebody did).
        """
        series = self.all.series
        table = pd.DataFrame(
            {
                "weekday": np.repeat(np.arange(HOURS // DAY_HOURS), DAY_HOURS),
                "hour": np.tile(np.arange(DAY_HOURS), HOURS // DAY_HOURS),
                "at": [at.isoformat() for at in self.at],
                "works": self.all.works,
                "open_set": self.sets.of_hour,
                "share_covered": pd.array(self.all.base.share, "Float64").to_numpy(
                    np.float64, na_value=np.nan
                ),
            }
        )
        shares = series["workers"].share if "workers" in series else [None] * HOURS
        table["share_workers"] = [np.nan if share is None else share for share in shares]
        for name in ("homes", "workers", "street_km"):
            table[f"{name}_uncovered"] = series[name].uncovered if name in series else np.nan
        return table

    # ------------------------------------------------------------------ person-hours

    def _set_hours(self, mark: BoolArray) -> npt.NDArray[np.int64]:
        """Return how many marked hours have each set (k,)."""
        return np.bincount(self.sets.of_hour[mark], minlength=len(self.sets))

    @cached_property
    def hours_uncovered(self) -> Int32Array:
        """Hours that count in which each place has no station (p,), 0 where it does not count."""
        places = self.places
        hours = places.covers.hours_without(self._set_hours(self.all.works))
        return np.where(places.in_total, hours, 0).astype(np.int32)

    @cached_property
    def person_hours(self) -> FloatArray | None:
        """Workers times hours without a station, by row of ``people``; None without people.

        People off the network have none at any hour that counts.
        """
        people = self.people
        if people is None:
            return None
        every = 0 if self.request.region is not None else int(np.count_nonzero(self.all.works))
        placed = people.place >= 0
        hours = np.full(people.place.size, every, np.float64)
        hours[placed] = self.hours_uncovered[people.place[placed]]
        return people.workers * hours

    @cached_property
    def home_cells(self) -> Int64Array:
        """Cells that count and in which somebody who counts lives, or all without people (m,)."""
        people = self._week_people
        if people is None:
            return np.flatnonzero(self.cells.in_total)
        rows = np.flatnonzero((people.cell >= 0) & (people.place >= 0))
        rows = rows[self.places.in_total[people.place[rows]]]
        return np.unique(people.cell[rows])

    def cell_frame(self) -> gpd.GeoDataFrame:
        """Return the cells that count, with their hours and person-hours without a station.

        Returns
        -------
        GeoDataFrame
            Squares in EPSG:4326: ``column``, ``row``, ``region`` (id, empty outside all), ``lon``,
            ``lat`` (the middle), ``hours_uncovered`` and ``person_hours`` (NaN where nobody gave
            homes). Where people are known, only cells in which somebody who counts lives.
        """
        lattice, cells = self.view.places.cells, self.cells
        hours = cells.covers.hours_without(self._set_hours(self.all.works))
        rows = self.home_cells
        weight = self.cell_person_hours
        lon, lat = middles(self.view.places, rows)
        names = np.append(self.view.places.region_ids, "").astype(object)
        return gpd.GeoDataFrame(
            {
                "column": lattice.column[rows],
                "row": lattice.row[rows],
                "region": names[lattice.region[rows]],
                "lon": lon,
                "lat": lat,
                "hours_uncovered": hours[rows],
                "person_hours": np.nan if weight is None else weight[rows],
            },
            geometry=squares(self.view.places, rows),
            crs=4326,
        )

    @cached_property
    def gaps(self) -> WeekGaps:
        """Gaps of the week: cells without a station in at least one hour that counts."""
        hours = WeekHours(self.sets.of_hour, self.all.works)
        limit_ms, people = self.request.coverage.limit_ms, self._week_people
        return find_gaps(self.view, self.cells, self.places, people, hours, limit_ms)

    @property
    def _week_people(self) -> WeekPeople | None:
        """Who lives in which cell."""
        people = self.people
        if people is None:
            return None
        place = people.place.astype(np.int64)
        cell = self.view.home_cell[place] if self.exact else place
        return WeekPeople(cell, place, people.homes, people.workers)

    @cached_property
    def cell_person_hours(self) -> FloatArray | None:
        """Workers times hours without a station, by cell (c,); None where nobody gave homes."""
        people, hours = self._week_people, self.person_hours
        if people is None or hours is None:
            return None
        rows = people.cell >= 0
        return sums(people.cell[rows], hours[rows], self.cells.in_total.size)
