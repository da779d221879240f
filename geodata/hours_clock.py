"""Expressions of opening hours laid out in time: change points over a number of days.

The package ``opening_hours`` evaluates; the days on which a rule must be read differently, public
holidays and shifted working days, get an expression of their own (`for_days`). Time is integer
milliseconds of wall-clock time in China since 1970, which is free of jumps since 1991.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
from opening_hours import OpeningHours, State

from geodata.calendar import Calendar
from geodata.model import ByteArray, Int64Array

#: States of a station at a moment.
CLOSED, OPEN, UNKNOWN = 0, 1, 2

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # local wall-clock time, without a zone on purpose
DAY_MS = 86_400_000
_CODES = {State.CLOSED: CLOSED, State.OPEN: OPEN, State.UNKNOWN: UNKNOWN}
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_ITEM = r"(?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?|PH|SH)"
_SELECTOR = re.compile(rf'"[^"]*"|\b{_ITEM}(?:,{_ITEM})*\b(?!\[)(?! [-+]?\d+ days?)')


@dataclass(frozen=True)
class Window:
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


def evaluate(expressions: Sequence[str], calendar: Calendar, first_day: int, days: int) -> Window:
    """Return the states of expressions over some days.

    Parameters
    ----------
    expressions : sequence of str
        OSM ``opening_hours``, valid; ``""`` is unknown at all times.
    calendar : Calendar
        Holidays and shifted working days.
    first_day, days : int
        First day (since 1970) and number of days.

    Returns
    -------
    Window
        One row an expression.
    """
    runs = _runs(EPOCH.date() + timedelta(days=first_day), days, calendar)
    first_ms, last_ms = first_day * DAY_MS, (first_day + days) * DAY_MS
    starts: list[int] = []
    states: list[int] = []
    indptr = [0]
    for text in expressions:
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
    return Window(first_ms, last_ms, bounds, start_ms, end_ms, codes, keys)


def ragged(first: Int64Array, count: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return (row, first + 0 … count - 1) of every row, one after the other."""
    row = np.repeat(np.arange(len(first), dtype=np.int64), count)
    before = np.cumsum(count) - count
    return row, np.arange(len(row), dtype=np.int64) - before[row] + first[row]


@lru_cache(maxsize=4096)
def compiled(text: str) -> OpeningHours:
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
            yield (begin - EPOCH) // timedelta(milliseconds=1), UNKNOWN
            continue
        hours = compiled(text if special is None else for_days(text, special))
        for start, _, state, _ in hours.intervals(begin, end):
            yield (start - EPOCH) // timedelta(milliseconds=1), _CODES[state]


@lru_cache(maxsize=65536)
def for_days(text: str, special: _Special) -> str:
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

    return _SELECTOR.sub(rewrite, str(compiled(text)))


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
