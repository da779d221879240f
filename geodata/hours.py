"""Opening hours on the clock: which stations are open, closed or unknown at a time, and until when.

`read_hours` (the grammar is in `geodata.hours_text`) turns what people write into OSM
``opening_hours`` syntax; `Timetable` answers for many stations at once. Evaluation itself is the
package ``opening_hours`` (Rust); what it does not know, Chinese public holidays and shifted
working days, is written into each expression for the days concerned (`geodata.hours_clock`).

Time is integer milliseconds of local time in Asia/Shanghai, which has had no clock change since
1991: the host's own time zone never matters. Results are kept per distinct expression as sorted
change points of a fortnight, so that a question is one `numpy.searchsorted`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from opening_hours import validate

from geodata.calendar import Calendar, load_calendar
from geodata.errors import Fault, ValidationError
from geodata.hours_clock import (
    CLOSED,
    DAY_MS,
    EPOCH,
    OPEN,
    UNKNOWN,
    Window,
    evaluate,
    ragged,
)
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


#: The one time zone of the mainland, Xinjiang included.
SHANGHAI = ZoneInfo("Asia/Shanghai")

_FORTNIGHT = 14
_KEPT_WINDOWS = 6
_YEARS = (1970, 2199)


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
        self._window = lru_cache(maxsize=_KEPT_WINDOWS)(self._evaluate)

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
        rows, pieces = ragged(first, last - first + 1)
        wanted = (window.state[pieces] == state) & (until_ms > at_ms)
        rows, pieces = rows[wanted], pieces[wanted]
        start = np.maximum(window.start_ms[pieces] - at_ms, 0)
        end = np.minimum(window.end_ms[pieces], until_ms) - at_ms
        offset = np.zeros(len(self._distinct) + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=len(self._distinct)), out=offset[1:])
        count = np.diff(offset)[self._row]
        _, taken = ragged(offset[:-1][self._row], count)
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
        limit_ms = at_ms + limit_days * DAY_MS
        window = self._around(at_ms, limit_ms)
        end = window.end_ms[window.locate(at_ms)]
        known = (end < window.last_ms) & (end <= limit_ms)
        moments = [
            (EPOCH + timedelta(milliseconds=int(ms))).replace(tzinfo=SHANGHAI) if sure else None
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

    def _around(self, at_ms: int, until_ms: int) -> Window:
        """Return a kept window that holds both moments with a day to spare."""
        fortnight = at_ms // (_FORTNIGHT * DAY_MS)
        first_day = fortnight * _FORTNIGHT
        need = until_ms // DAY_MS + 2 - first_day
        days = _FORTNIGHT + 2 if need <= _FORTNIGHT + 2 else -(-need // _FORTNIGHT) * _FORTNIGHT
        return self._window(int(first_day), int(days))

    def _evaluate(self, first_day: int, days: int) -> Window:
        """Evaluate every distinct expression over `days` days."""
        return evaluate(self._distinct, self.calendar, first_day, days)


def _milliseconds(at: datetime) -> int:
    """Return local wall-clock time in ms since 1970."""
    return (local(at).replace(tzinfo=None) - EPOCH) // timedelta(milliseconds=1)


def _fault(text: str) -> Fault | None:
    """Return why an expression is refused, or None."""
    if not text:
        return None
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return Fault("opening_hours", f"expected at most {MAX_BYTES} bytes, got {size}")
    if not _valid(text):
        what = f"expected OSM opening_hours, got {text[:60]!r}"
        return Fault("opening_hours", what, "pass free text through read_hours first")
    return None


def _valid(text: str) -> bool:
    """Tell whether a text is OSM ``opening_hours``; half characters are not."""
    try:
        return validate(text)
    except UnicodeEncodeError:
        return False
