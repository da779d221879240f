"""Coverage through the week: who is covered at each of the 168 hours, where, and of which group.

Every hour is asked on the hour, in local time, with the rule of `coverage`: a station counts when
it is open on arrival and long enough after it. Hours with the same open stations are worked out
once (`clock_sets`); the figures of an hour are those that `coverage` gives at that time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.calendar import Calendar
from geodata.errors import Fault, ValidationError
from geodata.hours import SHANGHAI
from geodata.model import BoolArray, FloatArray, Int32Array
from geodata.vocabulary import Group, Vocabulary
from locator.arrays import sums
from locator.clock_cover import Covers, WeekOutcome, covers, either
from locator.clock_gaps import WeekGaps, WeekHours, WeekPeople, find_gaps
from locator.clock_sets import OpenSets, open_sets
from locator.clock_week import DAY_HOURS, HOURS, hours_of, monday_of, plain_week, working_hours
from locator.coverage import CoverageRequest, Layer, Outcome, People, Question
from locator.gaps import find_cells
from locator.selection import Register
from locator.view import ModeView

_WALK = "walk"
_YEARS = (1970, 2199)


@dataclass(frozen=True)
class Travellers:
    """Who counts, and how they travel.

    Attributes
    ----------
    group : Group or None
        The only group that counts, while it works; None: everybody, at all hours.
    mode : str
        The mode they are asked about.
    own_mode : str
        The group's own mode; ``""`` for everybody.
    scale : float
        Speed as a multiple of the mode's.
    on_foot : bool
        They may also walk, where that is the only way or the faster one.
    """

    group: Group | None
    mode: str
    own_mode: str = ""
    scale: float = 1.0
    on_foot: bool = False

    @property
    def fell_back(self) -> bool:
        """Return whether the group is asked about by another mode than its own."""
        return bool(self.own_mode) and self.own_mode != self.mode


def travellers(
    vocabulary: Vocabulary, group: str | None, mode: str | None, prepared: Sequence[str]
) -> Travellers:
    """Return who counts and how they travel.

    Parameters
    ----------
    vocabulary : Vocabulary
        The known groups.
    group : str or None
        Code of a group; None: everybody.
    mode : str or None
        Code of a mode; None: the group's own or on foot, whichever is faster, where the former was
        prepared; else ``walk``.
    prepared : sequence of str
        Modes of the dataset.

    Returns
    -------
    Travellers
        The mode is not checked where it was named.

    Raises
    ------
    ValidationError
        If there is no such group.
    """
    if group is None:
        return Travellers(None, mode or _WALK)
    if group not in vocabulary.groups:
        fix = f"use one of {', '.join(vocabulary.groups)}"
        fault = Fault("group", f"{group!r} is not known", fix)
        raise ValidationError.of([fault], code="unknown_code")
    row = vocabulary.groups[group]
    own = row.mode if row.mode in prepared else _WALK if _WALK in prepared else prepared[0]
    on_foot = mode is None and own != _WALK and _WALK in prepared
    return Travellers(row, mode or own, row.mode, row.speed_factor, on_foot)


def week_asked(week: str | date | None, calendar: Calendar) -> date:
    """Return the Monday of the week asked for.

    Parameters
    ----------
    week : str, date or None
        A day of it; None: the next week without a holiday or a swapped working day.
    calendar : Calendar
        Holidays and shifted working days.

    Returns
    -------
    date
        A Monday.

    Raises
    ------
    ValidationError
        If the text is no day of the years 1970 to 2199.
    """
    if week is None:
        return plain_week(datetime.now(SHANGHAI).date(), calendar)
    try:
        day = date.fromisoformat(week.strip()) if isinstance(week, str) else week
    except ValueError:
        day = date.min
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        what = f"expected a day of the years {_YEARS[0]} to {_YEARS[1]}, got {str(week)[:40]!r}"
        raise ValidationError.of([Fault("week", what, "for example 2026-10-01")])
    return monday_of(day.date() if isinstance(day, datetime) else day)


@dataclass(frozen=True)
class ClockRequest:
    """What is asked.

    Attributes
    ----------
    coverage : CoverageRequest
        Conditions without a time, and the limit.
    monday : date
        First day of the week.
    region : int or None
        Row of the only region that counts; None: all.
    who : Travellers
        Who counts, and how they travel.
    exact : bool
        People are counted at their homes.
    """

    coverage: CoverageRequest
    monday: date
    region: int | None
    who: Travellers
    exact: bool = False

    @property
    def group(self) -> str | None:
        """Code of the only group that counts; None: everybody, at all hours."""
        return None if self.who.group is None else self.who.group.code


@dataclass(frozen=True)
class ClockContext:
    """What a clock is asked of.

    Attributes
    ----------
    view : ModeView
        Network, places and people of the mode.
    register : Register
        The stations.
    calendar : Calendar
        Holidays and shifted working days.
    regions : sequence of (id, name)
        The region table.
    piece_m : array (q,) of float64
        Lengths of the street pieces (m).
    foot : ModeView, optional
        On foot, where those asked about may also walk.
    """

    view: ModeView
    register: Register
    calendar: Calendar
    regions: Sequence[tuple[str, str]]
    piece_m: FloatArray
    foot: ModeView | None = None


@dataclass(frozen=True)
class Series:
    """One quantity through the week.

    Attributes
    ----------
    total : float
        All of it but what has no data.
    covered : array (168,) of float64
        What is within the limit at each hour.
    """

    total: float
    covered: FloatArray

    @property
    def uncovered(self) -> FloatArray:
        """What is not within the limit at each hour (168,)."""
        return self.total - self.covered

    @property
    def share(self) -> list[float | None]:
        """Covered share at each hour; None of nothing."""
        if self.total <= 0:
            return [None] * self.covered.size
        shares: list[float | None] = (self.covered / self.total).tolist()
        return shares


@dataclass(frozen=True)
class Part:
    """The people or streets of a region, of a group, or of all.

    Attributes
    ----------
    series : mapping of str to Series
        ``homes`` and ``workers``, or ``street_km`` where nobody gave homes.
    works : array (168,) of bool
        Hours that count for the worst one and for person-hours.
    """

    series: Mapping[str, Series]
    works: BoolArray

    @property
    def base_name(self) -> str:
        """What shares are of: ``homes``, else ``street_km``."""
        return "homes" if "homes" in self.series else "street_km"

    @property
    def base(self) -> Series:
        """The quantity that shares are of."""
        return self.series[self.base_name]

    @property
    def worst(self) -> int | None:
        """Row of the hour in which most are not covered, the first of equal ones; None of nothing.

        Only hours that count are compared: by workers, then homes, else by street length.
        """
        if self.base.total <= 0 or not self.works.any():
            return None
        names = [name for name in ("workers", "homes", "street_km") if name in self.series]
        ranked = [self.series[name].uncovered for name in names]
        rows = np.flatnonzero(self.works)
        keys = [np.round(-values[rows], 6) for values in reversed(ranked)]
        return int(rows[np.lexsort((rows, *keys))[0]])

    @property
    def person_hours(self) -> dict[str, float] | None:
        """Hours of workers that count, and those of them without a station; None without people."""
        if "workers" not in self.series:
            return None
        workers = self.series["workers"]
        return {
            "total": workers.total * float(np.count_nonzero(self.works)),
            "uncovered": float(workers.uncovered[self.works].sum()),
        }


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
        self.at: tuple[datetime, ...] = hours_of(request.monday)
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
        view, group = self.view, self.request.group
        people = view.exact_people if self.exact else view.published_people
        if people is None or group is None:
            return people
        number = people.groups.index(group) if group in people.groups else -1
        rows = people.group == number
        return People(
            people.place[rows],
            people.group[rows],
            people.homes[rows],
            people.workers[rows],
            people.groups,
            people.exact,
        )

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
    def _columns(self) -> dict[str, "_Column"]:
        """The quantities that are counted: homes and workers, else street length."""
        people, places = self.people, self.places
        if people is None:
            length = self._context.piece_m / 1000.0
            return {"street_km": _Column(places, None, length, 0.0)}
        every = np.ones(people.place.size, np.bool_)
        return _person_columns(people, places, every, self.request.region)

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
                columns = _person_columns(people, self.places, rows, self.request.region)
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
    def gaps(self) -> WeekGaps:
        """Gaps of the week: cells without a station in at least one hour that counts."""
        hours = WeekHours(self.sets.of_hour, self.all.works)
        return find_gaps(self.view, self.cells, self.places, self._week_people, hours)

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


class _Column:
    """One quantity at places, ready to be added up by set and by region.

    Sums are taken as `coverage.Counts` takes them, so that an hour has the figures of coverage.
    """

    def __init__(
        self,
        outcome: WeekOutcome,
        place: npt.NDArray[np.int64] | None,
        weight: FloatArray,
        lost: float,
    ) -> None:
        self._outcome = outcome
        self._place = place
        self._weight = weight
        self.lost = lost

    def _rows(self, mark: BoolArray) -> BoolArray:
        """Mark the rows whose place is marked."""
        return mark if self._place is None else mark[self._place]

    def _each(self) -> Iterator[BoolArray]:
        """Yield the rows that are covered, set by set."""
        for number in range(len(self._outcome.covers)):
            yield self._rows(self._outcome.covered(number))

    @property
    def total(self) -> float:
        """Everything but what has no data."""
        return float(self._weight[self._rows(self._outcome.in_total)].sum()) + self.lost

    def covered(self) -> FloatArray:
        """Return what is covered in each set (k,)."""
        return np.array([float(self._weight[rows].sum()) for rows in self._each()])

    def by_region(self, size: int) -> tuple[FloatArray, FloatArray]:
        """Return the total (size + 1,) and what each set covers (k, size + 1), by region."""
        region = self._outcome.layer.region
        region = region if self._place is None else region[self._place]
        region = np.where(region < 0, size, region)
        rows = self._rows(self._outcome.in_total)
        total = sums(region[rows], self._weight[rows], size + 1)
        total[-1] += self.lost
        covered = [sums(region[rows], self._weight[rows], size + 1) for rows in self._each()]
        return total, np.array(covered)


def _person_columns(
    people: People, places: WeekOutcome, rows: BoolArray, region: int | None
) -> dict[str, _Column]:
    """Return homes and workers of some rows; those off the network count where all is asked for."""
    placed = rows & (people.place >= 0)
    place = people.place[placed].astype(np.int64)
    lost = 0.0 if region is not None else 1.0  # where they are is not known
    return {
        name: _Column(places, place, weight[placed], lost * float(weight[rows & ~placed].sum()))
        for name, weight in (("homes", people.homes), ("workers", people.workers))
    }
