"""Opening hours on the clock: which stations are open, closed or unknown at a time, and until when.

`read_hours` (the grammar is in `geodata.hours_text`) turns what people write into OSM
``opening_hours`` syntax; `Timetable` answers for many stations at once. Evaluation itself is the
package ``opening_hours`` (Rust); what it does not know, Chinese public holidays and shifted
working days, is written into each expression for the days concerned (`_for_days`).

Time is integer milliseconds of local time in Asia/Shanghai, which has had no clock change since
1991: the host's own time zone never matters. Results are kept per distinct expression as sorted
change points of a fortnight, so that a question is one `numpy.searchsorted`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from opening_hours import OpeningHours, State

from geodata.calendar import Calendar, load_calendar
from geodata.errors import Fault, ValidationError
from geodata.hours_text import MAX_BYTES, HoursReading, read_hours
from geodata.model import ByteArray, Int32Array, Int64Array

__all__ = [
    "CLOSED",
    "MAX_BYTES",
    "OPEN",
    "SHANGHAI",
    "UNKNOWN",
    "HoursReading",
    "Intervals",
    "Timetable",
    "local",
    "parse_at",
    "read_hours",
]

#: States of a station at a moment.
CLOSED, OPEN, UNKNOWN = 0, 1, 2

#: The one time zone of the mainland, Xinjiang included.
SHANGHAI = ZoneInfo("Asia/Shanghai")

_CODES = {State.CLOSED: CLOSED, State.OPEN: OPEN, State.UNKNOWN: UNKNOWN}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # local wall-clock time, without a zone on purpose
_DAY_MS = 86_400_000
_FORTNIGHT = 14
_KEPT_WINDOWS = 6
_YEARS = (1970, 2199)

_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_ITEM = r"(?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?|PH|SH)"
_SELECTOR = re.compile(rf'"[^"]*"|\b{_ITEM}(?:,{_ITEM})*\b(?!\[)(?! [-+]?\d+ days?)')


def local(at: datetime) -> datetime:
    """Return a moment as wall-clock time in China.

    Parameters
    ----------
    at : datetime
        Aware, or naive and then taken as Asia/Shanghai.

    Returns
    -------
    datetime
        Aware, in Asia/Shanghai.
    """
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at.astimezone(SHANGHAI)


def parse_at(text: str | None, *, now: datetime | None = None) -> datetime | None:
    """Return the moment that a question names.

    Parameters
    ----------
    text : str or None
        ``now``, an ISO 8601 date and time (``24:00`` is the next midnight; without offset it is
        Asia/Shanghai), or None or ``""`` for no time at all.
    now : datetime, optional
        What ``now`` means; the clock by default.

    Returns
    -------
    datetime or None
        Aware, in Asia/Shanghai; None where no time was named.

    Raises
    ------
    ValidationError
        If the text is no such time, or outside the years 1970 to 2199.

    Examples
    --------
    >>> parse_at("2026-10-10T24:00").isoformat()
    '2026-10-11T00:00:00+08:00'
    """
    if text is None or not (said := text.strip()):
        return None
    if said.lower() == "now":
        return local(now or datetime.now(SHANGHAI))
    said = re.sub(r"(?<=\d) (\d{2}:?\d{2})$", r"+\1", said) if "T" in said.upper() else said
    midnight = re.match(r"(\d{4}-\d{2}-\d{2}[T ])24(:00(?::00(?:\.0+)?)?(?!\d).*)$", said)
    try:
        at = datetime.fromisoformat(f"{midnight[1]}00{midnight[2]}" if midnight else said)
        at = local(at + timedelta(days=1 if midnight else 0))
    except (ValueError, OverflowError) as error:
        raise _bad_time(text) from error
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        raise _bad_time(text)
    return at


def _bad_time(text: str) -> ValidationError:
    """Return the refusal of a text that is no time we can answer for."""
    what = f"expected now or an ISO 8601 time of the years 1970 to 2199, got {text[:40]!r}"
    return ValidationError.of([Fault("at", what, "for example 2026-10-01T08:30")])


@dataclass(frozen=True)
class Intervals:
    """Spans of one state for each station, in milliseconds after the moment asked about.

    Attributes
    ----------
    indptr : array (n + 1,) of int32
        Station i has the spans ``indptr[i]`` to ``indptr[i + 1]``.
    start_ms, end_ms : array (m,) of int64
        Half-open spans, merged and in order within a station.
    """

    indptr: Int32Array
    start_ms: Int64Array
    end_ms: Int64Array


@dataclass(frozen=True)
class _Window:
    """The states of every distinct expression from one midnight to another.

    Row r has the pieces ``indptr[r]`` to ``indptr[r + 1]``, each from ``start_ms`` (local time
    since 1970) to the next; neighbours differ in state.
    """

    first_ms: int
    last_ms: int
    indptr: Int64Array
    start_ms: Int64Array
    end_ms: Int64Array
    state: ByteArray
    keys: Int64Array

    def locate(self, at_ms: int) -> Int64Array:
        """Return for each row the index of the piece that holds `at_ms`."""
        rows = np.arange(len(self.indptr) - 1, dtype=np.int64)
        span = self.last_ms - self.first_ms
        found = np.searchsorted(self.keys, rows * span + (at_ms - self.first_ms), side="right")
        return found.astype(np.int64) - 1


class Timetable:
    """The opening hours of many stations.

    Parameters
    ----------
    expressions : sequence of str
        OSM ``opening_hours`` of each station; ``""`` is unknown at all times.
    calendar : Calendar, optional
        Holidays and shifted working days; the packaged ones by default.

    Raises
    ------
    ValidationError
        If expressions are not valid or longer than 1 kB; names every one.

    Examples
    --------
    >>> table = Timetable(["Mo-Fr 09:00-17:00; PH off", "24/7", ""])
    >>> table.states(datetime(2026, 10, 1, 12)).tolist()  # National Day
    [0, 1, 2]
    >>> table.states(datetime(2026, 10, 10, 12)).tolist()  # a Saturday worked as a Monday
    [1, 1, 2]
    """

    def __init__(self, expressions: Sequence[str], calendar: Calendar | None = None) -> None:
        self.calendar = load_calendar() if calendar is None else calendar
        self.expressions = tuple(expressions)
        self._distinct = tuple(dict.fromkeys(self.expressions))
        row_of = {text: row for row, text in enumerate(self._distinct)}
        self._row = np.array([row_of[text] for text in self.expressions], dtype=np.int64)
        faults = [fault for text in self._distinct if (fault := _fault(text))]
        if faults:
            raise ValidationError.of(faults)
        self._window = lru_cache(maxsize=_KEPT_WINDOWS)(self._make_window)

    def __len__(self) -> int:
        """Return the number of stations."""
        return len(self.expressions)

    def __reduce__(self) -> tuple[type["Timetable"], tuple[tuple[str, ...], Calendar]]:
        """Pickle by expressions: the compiled ones cannot be."""
        return (Timetable, (self.expressions, self.calendar))

    def states(self, at: datetime) -> ByteArray:
        """Return whether each station is open.

        Parameters
        ----------
        at : datetime
            Aware, or naive in Asia/Shanghai.

        Returns
        -------
        array (n,) of uint8
            CLOSED, OPEN or UNKNOWN.
        """
        at_ms = _milliseconds(at)
        window = self._around(at_ms, at_ms)
        states: ByteArray = window.state[window.locate(at_ms)][self._row]
        return states

    def intervals(self, at: datetime, horizon_ms: int, state: int = OPEN) -> Intervals:
        """Return the spans in which each station is in `state`.

        Parameters
        ----------
        at : datetime
            Aware, or naive in Asia/Shanghai.
        horizon_ms : int
            How far to look (ms); spans are clipped to [0, horizon_ms].
        state : int
            CLOSED, OPEN or UNKNOWN.

        Returns
        -------
        Intervals
            In the stations' order; empty spans are left out.
        """
        at_ms = _milliseconds(at)
        until_ms = at_ms + max(int(horizon_ms), 0)
        window = self._around(at_ms, until_ms)
        first, last = window.locate(at_ms), window.locate(max(until_ms - 1, at_ms))
        rows, pieces = _ragged(first, last - first + 1)
        wanted = (window.state[pieces] == state) & (until_ms > at_ms)
        rows, pieces = rows[wanted], pieces[wanted]
        start = np.maximum(window.start_ms[pieces] - at_ms, 0)
        end = np.minimum(window.end_ms[pieces], until_ms) - at_ms
        offset = np.zeros(len(self._distinct) + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=len(self._distinct)), out=offset[1:])
        count = np.diff(offset)[self._row]
        _, taken = _ragged(offset[:-1][self._row], count)
        indptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
        return Intervals(indptr, start[taken], end[taken])

    def until(self, at: datetime, limit_days: int = 14) -> list[datetime | None]:
        """Return when the state of each station changes next.

        Parameters
        ----------
        at : datetime
            Aware, or naive in Asia/Shanghai.
        limit_days : int
            How far to look.

        Returns
        -------
        list of (datetime or None)
            Aware, in Asia/Shanghai; None if nothing changes within the limit.
        """
        at_ms = _milliseconds(at)
        limit_ms = at_ms + limit_days * _DAY_MS
        window = self._around(at_ms, limit_ms)
        end = window.end_ms[window.locate(at_ms)]
        known = (end < window.last_ms) & (end <= limit_ms)
        moments = [
            (_EPOCH + timedelta(milliseconds=int(ms))).replace(tzinfo=SHANGHAI) if sure else None
            for ms, sure in zip(end, known, strict=True)
        ]
        return [moments[row] for row in self._row]

    def holiday_warning(self, at: datetime) -> str:
        """Return ``""``, or a sentence when the year has no holiday data.

        Parameters
        ----------
        at : datetime
            Aware, or naive in Asia/Shanghai.

        Returns
        -------
        str
            For example ``holiday data missing for 2027``.
        """
        return self.calendar.warning(local(at).date())

    def label(self, at: datetime) -> str:
        """Return what is special about the day: a holiday, a shifted working day, or ``""``."""
        return self.calendar.label(local(at).date())

    def _around(self, at_ms: int, until_ms: int) -> _Window:
        """Return a kept window that holds both moments with a day to spare."""
        fortnight = at_ms // (_FORTNIGHT * _DAY_MS)
        first_day = fortnight * _FORTNIGHT
        need = until_ms // _DAY_MS + 2 - first_day
        days = _FORTNIGHT + 2 if need <= _FORTNIGHT + 2 else -(-need // _FORTNIGHT) * _FORTNIGHT
        return self._window(int(first_day), int(days))

    def _make_window(self, first_day: int, days: int) -> _Window:
        """Evaluate every distinct expression over `days` days."""
        runs = _runs(_EPOCH.date() + timedelta(days=first_day), days, self.calendar)
        first_ms, last_ms = first_day * _DAY_MS, (first_day + days) * _DAY_MS
        starts: list[int] = []
        states: list[int] = []
        indptr = [0]
        for text in self._distinct:
            previous = -1
            for start, state in _pieces(text, runs):
                if state != previous:
                    starts.append(start)
                    states.append(state)
                    previous = state
            indptr.append(len(starts))
        start_ms = np.array(starts, dtype=np.int64)
        bounds = np.array(indptr, dtype=np.int64)
        end_ms = np.append(start_ms[1:], last_ms)
        end_ms[bounds[1:] - 1] = last_ms
        row = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        keys = row * (last_ms - first_ms) + (start_ms - first_ms)
        codes = np.array(states, dtype=np.uint8)
        return _Window(first_ms, last_ms, bounds, start_ms, end_ms, codes, keys)


def _milliseconds(at: datetime) -> int:
    """Return local wall-clock time in ms since 1970."""
    return (local(at).replace(tzinfo=None) - _EPOCH) // timedelta(milliseconds=1)


def _ragged(first: Int64Array, count: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return (row, first + 0 … count - 1) of every row, one after the other."""
    row = np.repeat(np.arange(len(first), dtype=np.int64), count)
    before = np.cumsum(count) - count
    return row, np.arange(len(row), dtype=np.int64) - before[row] + first[row]


def _fault(text: str) -> Fault | None:
    """Return why an expression is refused, or None."""
    if not text:
        return None
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return Fault("opening_hours", f"expected at most {MAX_BYTES} bytes, got {size}")
    try:
        _compiled(text)
    except ValueError:
        what = f"expected OSM opening_hours, got {text[:60]!r}"
        return Fault("opening_hours", what, "pass free text through read_hours first")
    return None


@lru_cache(maxsize=4096)
def _compiled(text: str) -> OpeningHours:
    """Return the compiled expression (they cannot be pickled, so they stay in here)."""
    return OpeningHours(text)


#: A day on which a rule has to be read differently: (day, weekday to follow, is it a holiday).
_Special = tuple[tuple[int, int, bool], tuple[int, int, bool]] | None


def _special(day: date, calendar: Calendar) -> _Special:
    """Return how the day before and the day itself are to be read; None if as they stand."""
    pair = [
        (each.weekday(), calendar.weekday(each), calendar.is_holiday(each))
        for each in (day - timedelta(days=1), day)
    ]
    if all(own == followed and not holiday for own, followed, holiday in pair):
        return None
    return pair[0], pair[1]


def _runs(first: date, days: int, calendar: Calendar) -> list[tuple[datetime, datetime, _Special]]:
    """Return the spans of consecutive days that are read alike."""
    runs: list[tuple[datetime, datetime, _Special]] = []
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001  # local wall-clock time
    for number in range(days):
        begin = start + timedelta(days=number)
        special = _special(begin.date(), calendar)
        end = begin + timedelta(days=1)
        if runs and special is None and runs[-1][2] is None:
            runs[-1] = (runs[-1][0], end, None)
        else:
            runs.append((begin, end, special))
    return runs


def _pieces(
    text: str, runs: Iterable[tuple[datetime, datetime, _Special]]
) -> Iterable[tuple[int, int]]:
    """Yield (start in local ms, state) of one expression over the runs."""
    for begin, end, special in runs:
        if not text:
            yield (begin - _EPOCH) // timedelta(milliseconds=1), UNKNOWN
            continue
        hours = _compiled(text if special is None else _for_days(text, special))
        for start, _, state, _ in hours.intervals(begin, end):
            yield (start - _EPOCH) // timedelta(milliseconds=1), _CODES[state]


@lru_cache(maxsize=65536)
def _for_days(text: str, special: _Special) -> str:
    """Rewrite the weekdays of an expression so that they hold on two consecutive days.

    The selector of a rule matches a day if it names the weekday that the day *follows*, or names
    ``PH`` on a holiday. Here it is written with the days' own weekdays, and as ``PH``, which
    never matches by itself, where it matches neither.
    """
    pair = special or ()

    def rewrite(match: re.Match[str]) -> str:
        items = match[0].split(",")
        if match[0].startswith('"'):
            return match[0]
        named = _weekdays(items)
        own = {weekday for weekday, _, _ in pair}
        matching = {
            weekday
            for weekday, followed, holiday in pair
            if followed in named or (holiday and "PH" in items)
        }
        kept = [_WEEKDAYS[weekday] for weekday in sorted(matching | (named - own))]
        return ",".join(kept) or "PH"

    return _SELECTOR.sub(rewrite, str(_compiled(text)))


def _weekdays(items: Iterable[str]) -> set[int]:
    """Return the weekdays (0 = Monday) that the items of a selector name."""
    named: set[int] = set()
    for item in items:
        first, _, last = item.partition("-")
        if first in _WEEKDAYS:
            start = _WEEKDAYS.index(first)
            length = (_WEEKDAYS.index(last or first) - start) % 7
            named |= {(start + step) % 7 for step in range(length + 1)}
    return named


def states_by_minute(text: str, first: date, days: int) -> npt.NDArray[np.uint8]:
    """Return the state of one expression at every minute from midnight of `first`.

    Parameters
    ----------
    text : str
        OSM ``opening_hours``; ``""`` is unknown.
    first : date
        The first day.
    days : int
        How many.

    Returns
    -------
    array (days * 1440,) of uint8
        CLOSED, OPEN or UNKNOWN.
    """
    table = Timetable([text])
    at = datetime(first.year, first.month, first.day)  # noqa: DTZ001  # local wall-clock time
    states = np.full(days * 1440, CLOSED, dtype=np.uint8)
    for state in (OPEN, UNKNOWN):
        spans = table.intervals(at, days * _DAY_MS, state)
        for start, end in zip(spans.start_ms // 60_000, spans.end_ms // 60_000, strict=True):
            states[start:end] = state
    return states
