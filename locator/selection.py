"""Which stations count for a question, and in which minutes after leaving one may arrive there.

Conditions are of two sorts. Kind, status and dates decide what is a station at all. Hours, needs
and access can be *lifted* one after the other, which tells why a place is not covered.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.errors import Fault, ValidationError
from geodata.hours import OPEN, UNKNOWN, Timetable
from geodata.model import BoolArray, Int32Array, Int64Array
from geodata.vocabulary import Vocabulary
from locator.arrays import rows_of
from locator.cache import Cache

#: In the order in which conditions are lifted to find the cause of a gap.
LIFTS = ("hours_unknown", "closed", "no_such_need", "access")

#: The last lift: what is being built or planned opens, whatever day it is said to.
PLANNED = "planned"
COMING = ("building", "planned")

#: Bytes of marks and selections kept.
_CACHE_BYTES = 16_000_000

_OPEN_RULES = ("arrival", "now", "any")


@dataclass(frozen=True)
class Conditions:
    """What a station must satisfy.

    Attributes
    ----------
    needs : tuple of str
        Codes of needs, all of which must be met.
    kinds : tuple of str
        Any of these kinds; empty: the kinds that count by default.
    access : tuple of str
        Any of these ways in; empty: those that count by default (all but ``locked``).
    include : tuple of str
        Statuses besides ``open`` that count (``building``, ``planned``).
    at : datetime or None
        Time of leaving, aware; None: hours do not matter.
    open : str
        ``arrival``: open on arrival and for the linger after it; ``now``: open at ``at``; ``any``.
    on : date or None
        Day on which the station must exist; None: the day of ``at``, else today.
    distinct : bool
        Leave out a station that the import found to be another one once more (``duplicate_of``),
        where that one satisfies the conditions by itself.
    """

    needs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    at: datetime | None = None
    open: str = "arrival"
    on: date | None = None
    distinct: bool = False

    def check(self, vocabulary: Vocabulary) -> None:
        """Raise one error for all codes that the vocabulary does not know.

        Parameters
        ----------
        vocabulary : Vocabulary
            The known codes.

        Raises
        ------
        ValidationError
            Naming every unknown code and the known ones.
        """
        faults = []
        for name, asked, known in (
            ("need", self.needs, vocabulary.needs),
            ("kind", self.kinds, vocabulary.kinds),
            ("access", self.access, vocabulary.access),
            ("include", self.include, vocabulary.statuses),
            ("open", (self.open,), dict.fromkeys(_OPEN_RULES)),
        ):
            faults += [
                Fault(name, f"{code!r} is not known", f"use one of {', '.join(known)}")
                for code in asked
                if code not in known
            ]
        if faults:
            raise ValidationError.of(faults, code="unknown_code")


@dataclass(frozen=True)
class Selection:
    """Stations with the times after leaving at which one may arrive (milliseconds, inclusive).

    Attributes
    ----------
    indptr, first_ms, last_ms : arrays of int32
        Arrival windows of every station of the register (CSR), within ``[0, horizon_ms]``.
    steady : array of int32
        Stations that may be reached at any time up to the horizon, ascending.
    changing : array of int32
        Stations with some windows, but not the whole time, ascending.
    horizon_ms : int
        Longest travel time considered.
    """

    indptr: Int32Array
    first_ms: Int32Array
    last_ms: Int32Array
    steady: Int32Array
    changing: Int32Array
    horizon_ms: int

    @cached_property
    def stations(self) -> Int32Array:
        """Return all stations with any window, ascending."""
        return np.union1d(self.steady, self.changing).astype(np.int32)

    @property
    def windows(self) -> tuple[Int32Array, Int32Array, Int32Array]:
        """Return what the kernels call ``windows``."""
        return self.indptr, self.first_ms, self.last_ms

    @classmethod
    def always(cls, stations: Int32Array, size: int, horizon_ms: int) -> "Selection":
        """Return a selection of stations that may be reached at any time.

        Parameters
        ----------
        stations : array of int32
            Which, ascending.
        size : int
            Number of stations of the register.
        horizon_ms : int
            Longest travel time.

        Returns
        -------
        Selection
            All steady.
        """
        zero = np.zeros(stations.size, np.int64)
        return _selection(size, stations, zero, zero + horizon_ms, horizon_ms=horizon_ms)

    def complement(self, among: BoolArray) -> "Selection":
        """Return the times at which the stations may *not* be reached.

        Parameters
        ----------
        among : array (s,) of bool
            Only these stations.

        Returns
        -------
        Selection
            Windows between and around the windows of this one.
        """
        kept = among[_rows(self.indptr)]
        who = _rows(self.indptr)[kept]
        rows = rows_of(among).astype(np.int64)
        gap_who = np.concatenate((rows, who))
        begin = np.concatenate((np.zeros(rows.size, np.int64), self.last_ms[kept] + 1))
        order = np.lexsort((begin, gap_who))
        stop = np.full(gap_who.size, self.horizon_ms + 1, np.int64)
        first = np.searchsorted(gap_who[order], who) + _nth(who)
        stop[first] = self.first_ms[kept]
        return _selection(
            among.size, gap_who[order], begin[order], stop - 1, horizon_ms=self.horizon_ms
        )


def _selection(
    size: int,
    station: npt.ArrayLike,
    first: npt.ArrayLike,
    last: npt.ArrayLike,
    *,
    horizon_ms: int,
) -> Selection:
    """Make a selection from windows sorted by station and time; empty windows fall out."""
    who, begin, end = (np.asarray(a, np.int64) for a in (station, first, last))
    end = np.minimum(end, horizon_ms)
    keep = (begin <= end) & (begin <= horizon_ms)
    who, begin, end = who[keep], begin[keep], end[keep]
    indptr = np.concatenate(([0], np.cumsum(np.bincount(who, minlength=size))))
    whole = np.zeros(size, np.bool_)
    whole[who[(begin <= 0) & (end >= horizon_ms)]] = True
    some = np.diff(indptr) > 0
    return Selection(
        indptr=indptr.astype(np.int32),
        first_ms=begin.astype(np.int32),
        last_ms=end.astype(np.int32),
        steady=np.flatnonzero(whole).astype(np.int32),
        changing=np.flatnonzero(some & ~whole).astype(np.int32),
        horizon_ms=horizon_ms,
    )


class Added(NamedTuple):
    """What a register knows of a station that is not in a table: it is there on any day."""

    kind: str
    status: str
    access: str
    facilities: frozenset[str]


class Register:
    """The stations of a dataset as arrays that conditions can be asked of.

    Parameters
    ----------
    stations : DataFrame
        The station table, in the order of all station indices.
    vocabulary : Vocabulary
        Codes and what they mean.
    timetable : Timetable
        Opening hours in the same order.
    linger_ms : int
        How long a station must stay open after arrival.
    """

    def __init__(
        self,
        stations: pd.DataFrame,
        vocabulary: Vocabulary,
        timetable: Timetable,
        linger_ms: int,
    ) -> None:
        self.size = len(stations)
        self.vocabulary = vocabulary
        self.timetable = timetable
        self.linger_ms = linger_ms
        self._cache = Cache(_CACHE_BYTES)
        self._kind = stations["kind"].to_numpy(object)
        self._status = stations["status"].to_numpy(object)
        self._access = stations["access"].to_numpy(object)
        self._original = _originals(stations)
        self._facilities = [frozenset(text.split(";")) for text in stations["facilities"]]
        self._days = {
            name: pd.to_datetime(stations[name], errors="coerce", format="%Y-%m-%d").to_numpy(
                "datetime64[D]"
            )
            for name in ("opened_on", "closed_on", "valid_from", "valid_to")
        }

    def joined(
        self, added: Sequence["Added"], row: Int64Array, has: Mapping[int, frozenset[str]]
    ) -> "Register":
        """Return a register of stations of this one and of others, with the hours of none.

        Parameters
        ----------
        added : sequence of Added
            Stations below those of this register.
        row : array (t,) of int64
            Row of each station in this register with the others below it.
        has : mapping of int to frozenset of str
            Facilities of stations of this register that have others now, by row.

        Returns
        -------
        Register
            Nothing of it was worked out yet; ``arranged`` completes it.
        """
        made, one = copy(self), vars(self)
        for number, name in enumerate(("_kind", "_status", "_access")):
            more = np.array([station[number] for station in added], object)
            setattr(made, name, np.concatenate((one[name], more))[row])
        facilities = [*one["_facilities"], *(station.facilities for station in added)]
        never = np.full(len(added), "NaT", "datetime64[D]")
        days = {name: np.concatenate((day, never))[row] for name, day in one["_days"].items()}
        vars(made).update(
            size=row.size,
            _facilities=[has.get(i, facilities[i]) for i in row.tolist()],
            _days=days,
            _cache=Cache(_CACHE_BYTES),
        )
        return made

    def arranged(self, timetable: Timetable, original: Int32Array) -> "Register":
        """Return the register with other hours.

        Parameters
        ----------
        timetable : Timetable
            Opening hours in the order of the stations.
        original : array (s,) of int32
            Row of the station that each one repeats, -1 for none.

        Returns
        -------
        Register
            Nothing of it was worked out yet.
        """
        made = copy(self)
        vars(made).update(timetable=timetable, _original=original, _cache=Cache(_CACHE_BYTES))
        return made

    def _kept(self, key: Hashable, make: Callable[[], BoolArray]) -> BoolArray:
        """Return a mark that was made before, or make it."""
        mark: BoolArray = self._cache.get(key, make)
        return mark

    def _serves(self, need: str) -> BoolArray:
        """Mark the stations with a facility that serves the need."""
        wanted = frozenset(self.vocabulary.needs[need].facilities)
        return np.array([not wanted.isdisjoint(has) for has in self._facilities], np.bool_)

    def counted(self, conditions: Conditions) -> BoolArray:
        """Mark the stations that exist for a question: by kind, status and dates.

        Parameters
        ----------
        conditions : Conditions
            ``kinds``, ``include``, ``at`` and ``on`` are used.

        Returns
        -------
        array (s,) of bool
            True where the station counts.
        """
        kinds = conditions.kinds or self.vocabulary.counting("kinds")
        key = ("counted", kinds, conditions.include, _day(conditions))
        return self._kept(key, lambda: self._counted(conditions, kinds))

    def _counted(self, conditions: Conditions, kinds: tuple[str, ...]) -> BoolArray:
        """Mark the stations of some kinds that exist on the day."""
        day = np.datetime64(_day(conditions), "D")
        mark = np.isin(self._kind, kinds) & np.isin(self._status, ("open", *conditions.include))
        for name in ("valid_from", "opened_on"):
            begin = self._days[name]
            planned = np.isin(self._status, conditions.include)
            mark &= np.isnat(begin) | (begin <= day) | planned
        return (
            mark & _not_after(self._days["valid_to"], day) & _before(self._days["closed_on"], day)
        )

    def needs_met(self, needs: Iterable[str]) -> BoolArray:
        """Mark the stations that meet every need.

        Parameters
        ----------
        needs : iterable of str
            Codes of needs.

        Returns
        -------
        array (s,) of bool
            True where all are met.
        """
        mark = np.ones(self.size, np.bool_)
        for need in needs:
            mark &= self._kept(("need", need), partial(self._serves, need))
        return mark

    def access_fits(self, access: Sequence[str]) -> BoolArray:
        """Mark the stations one can get into by one of these ways.

        Parameters
        ----------
        access : sequence of str
            Codes; empty: those that count by default.

        Returns
        -------
        array (s,) of bool
            True where one fits.
        """
        codes = tuple(access) or self.vocabulary.counting("access")
        return self._kept(("access", codes), lambda: np.isin(self._access, codes))

    def select(
        self, conditions: Conditions, horizon_ms: int, lifted: Sequence[str] = ()
    ) -> Selection:
        """Return the stations that satisfy the conditions, with their arrival windows.

        Parameters
        ----------
        conditions : Conditions
            What is asked.
        horizon_ms : int
            Longest travel time considered.
        lifted : sequence of str
            Conditions not to be asked, of ``LIFTS`` and ``PLANNED``.

        Returns
        -------
        Selection
            Windows of every station of the register; none for those that fail.
        """
        key = ("select", conditions, horizon_ms, tuple(lifted))
        chosen: Selection = self._cache.get(
            key, lambda: self._select(conditions, horizon_ms, lifted)
        )
        return chosen

    def failing(self, conditions: Conditions, horizon_ms: int) -> Selection:
        """Return the stations that count but fail a condition, at the times at which they do.

        Parameters
        ----------
        conditions : Conditions
            What is asked.
        horizon_ms : int
            Longest travel time considered.

        Returns
        -------
        Selection
            The complement of ``select`` among the stations that count.
        """
        chosen: Selection = self._cache.get(
            ("failing", conditions, horizon_ms),
            lambda: self.select(conditions, horizon_ms).complement(self.counted(conditions)),
        )
        return chosen

    def _select(self, conditions: Conditions, horizon_ms: int, lifted: Sequence[str]) -> Selection:
        """Work out ``select``."""
        counted = with_coming(conditions) if PLANNED in lifted else conditions
        mark = self.counted(counted).copy()
        if "no_such_need" not in lifted:
            mark &= self.needs_met(conditions.needs)
        if "access" not in lifted:
            mark &= self.access_fits(conditions.access)
        if conditions.distinct:
            mark &= ~((self._original >= 0) & mark[self._original])
        if conditions.at is None or conditions.open == "any" or "closed" in lifted:
            return Selection.always(rows_of(mark), self.size, horizon_ms)
        return self._by_hours(conditions, mark, horizon_ms, unknown_too="hours_unknown" in lifted)

    def _by_hours(
        self, conditions: Conditions, mark: BoolArray, horizon_ms: int, *, unknown_too: bool
    ) -> Selection:
        """Return arrival windows by opening hours at ``conditions.at``."""
        at = conditions.at
        if at is None:  # the caller has excluded it
            raise ValueError("hours need a time")
        if conditions.open == "now":
            states = self.timetable.states(at)
            is_open = (states == OPEN) | (unknown_too & (states == UNKNOWN))
            return Selection.always(rows_of(mark & is_open), self.size, horizon_ms)
        span = horizon_ms + self.linger_ms
        spans = self.timetable.intervals(at, span, state=OPEN)
        who, begin, end = _rows(spans.indptr), spans.start_ms, spans.end_ms
        if unknown_too:
            more = self.timetable.intervals(at, span, state=UNKNOWN)
            who, begin, end = _merged(
                np.concatenate((who, _rows(more.indptr))),
                np.concatenate((begin, more.start_ms)),
                np.concatenate((end, more.end_ms)),
            )
        keep = mark[who]
        return _selection(
            self.size,
            who[keep],
            begin[keep],
            end[keep] - self.linger_ms,
            horizon_ms=horizon_ms,
        )


def _originals(stations: pd.DataFrame) -> Int32Array:
    """Return the row of the station that each one repeats, -1 for none."""
    if "duplicate_of" not in stations:
        return np.full(len(stations), -1, np.int32)
    rows = pd.Index(stations["id"]).get_indexer(pd.Index(stations["duplicate_of"]))
    return np.where(rows == np.arange(len(stations)), -1, rows).astype(np.int32)


def with_coming(conditions: Conditions) -> Conditions:
    """Return conditions under which what is being built or planned counts too.

    Parameters
    ----------
    conditions : Conditions
        What is asked.

    Returns
    -------
    Conditions
        The same with ``COMING`` among ``include``.

    Examples
    --------
    >>> with_coming(Conditions(include=("planned",))).include
    ('planned', 'building')
    """
    more = tuple(status for status in COMING if status not in conditions.include)
    return replace(conditions, include=conditions.include + more)


def lifted_conditions(conditions: Conditions) -> list[str]:
    """Return the lifts that can change anything for these conditions, in order.

    Parameters
    ----------
    conditions : Conditions
        What is asked.

    Returns
    -------
    list of str
        A part of ``LIFTS``.
    """
    timed = conditions.at is not None and conditions.open != "any"
    asked = {
        "hours_unknown": timed,
        "closed": timed,
        "no_such_need": bool(conditions.needs),
        "access": True,
    }
    return [name for name in LIFTS if asked[name]]


def same_stations(one: Selection, other: Selection) -> bool:
    """Tell whether two selections hold the same stations at the same times.

    Parameters
    ----------
    one, other : Selection
        Of the same register.

    Returns
    -------
    bool
        True where nothing differs.
    """
    return all(np.array_equal(a, b) for a, b in zip(one.windows, other.windows, strict=True))


def _day(conditions: Conditions) -> date:
    """Return the day on which stations must exist."""
    if conditions.on is not None:
        return conditions.on
    if conditions.at is not None:
        return conditions.at.date()
    raise ValueError("conditions without a time need a day")


def _nth(who: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place of each entry among those of the same station, in sorted rows."""
    return np.arange(who.size) - np.searchsorted(who, who)


def _not_after(last: npt.NDArray[np.datetime64], day: np.datetime64) -> BoolArray:
    """Mark what has no last day or is not past it."""
    return np.isnat(last) | (day <= last)


def _before(end: npt.NDArray[np.datetime64], day: np.datetime64) -> BoolArray:
    """Mark what has no end or is before it."""
    return np.isnat(end) | (day < end)


def _rows(indptr: Int32Array) -> npt.NDArray[np.int64]:
    """Return the row of each entry of a CSR."""
    return np.repeat(np.arange(indptr.size - 1), np.diff(indptr))


def _merged(
    who: npt.NDArray[np.int64], begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Join touching intervals of the same station (they do not overlap)."""
    order = np.lexsort((begin, who))
    who, begin, end = who[order], begin[order], end[order]
    starts = np.ones(who.size, np.bool_)
    starts[1:] = (who[1:] != who[:-1]) | (begin[1:] > end[:-1])
    last = np.append(np.flatnonzero(starts)[1:] - 1, who.size - 1) if who.size else starts
    return who[starts], begin[starts], end[last]
