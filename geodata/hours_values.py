"""The values that opening hours are made of: spans of the clock, days of the week, dates.

A time as written (`Clock`) becomes minutes only beside its partner: ``下午2点至5点``,
``9:30am-5pm``, ``16:00-次日4:00``. Dates are days of a leap year, exact or by thirds of a month,
over the turn of the year; or ranges in given years.
"""

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date

#: Minutes of a day, of half a day and of an hour.
DAY, HALF, HOUR = 1440, 720, 60
#: Leap year, so that a day of the year (0 to 365) has one place whatever the year.
_LEAP = 2024
YEAR_DAYS = 366
#: The end of what was said to hold from a date on.
FOREVER = 2199
#: Longest span that unmarked times may make over midnight before we doubt them (minutes).
_LONGEST_NIGHT = 19 * HOUR
WEEK = frozenset(range(7))
_NIGHTFALL, _AFTERNOON, _LATE_LUNCH, _MIDNIGHT = 5, 12, 3, 24
#: Latest closing hour, counted on after midnight: of a day, and of a night that begins at 18:00.
_LATEST, _LATEST_OF_NIGHT, _EVENING = 30, 36, 18
#: Parts of a day for closures such as 周五上午闭馆 (minutes).
PARTS = {
    "am": (0, HALF),
    "noon": (11 * HOUR, 15 * HOUR),
    "pm": (HALF, 18 * HOUR),
    "eve": (18 * HOUR, DAY),
}
_NUMERALS = "一二三四五六日"
#: First and last day of the parts of a month; 整 is a month of which no day is certain.
_THIRDS = {
    **dict.fromkeys(("初", "上旬"), (1, 10)),
    "上中旬": (1, 20),
    **dict.fromkeys(("中", "中旬"), (11, 20)),
    "中下旬": (11, 31),
    **dict.fromkeys(("底", "末", "下旬"), (21, 31)),
    "整": (1, 31),
}


@dataclass(frozen=True)
class Span:
    """Minutes from midnight; `end` may lie beyond 1440. `sure`: it can be taken at its word."""

    start: int
    end: int
    sure: bool = True


@dataclass(frozen=True)
class DaySel:
    """Weekdays (0 = Monday), and whether public holidays are named or working days meant."""

    days: frozenset[int] = frozenset()
    holiday: bool = False
    work: bool = False
    ordinary: bool = False
    school: bool = False
    every: bool = False

    def __or__(self, other: "DaySel") -> "DaySel":
        """Return the days of either; 每天 beside named weekdays only says that all are meant."""
        if self.every != other.every and self.days and other.days:
            return other if self.every else self
        return DaySel(
            self.days | other.days,
            self.holiday or other.holiday,
            self.work or other.work,
            self.ordinary or other.ordinary,
            self.school or other.school,
            self.every or other.every,
        )


@dataclass(frozen=True)
class DateSel:
    """Days of a leap year (0 to 365): surely meant, perhaps meant; and ranges in given years."""

    sure: frozenset[int] = frozenset()
    fuzzy: frozenset[int] = frozenset()
    years: tuple[tuple[date, date], ...] = ()
    festival: bool = False

    @property
    def all(self) -> frozenset[int]:
        """All days that may be meant."""
        return self.sure | self.fuzzy

    def __or__(self, other: "DateSel") -> "DateSel":
        """Return the days of either."""
        sure = self.sure | other.sure
        return DateSel(
            sure,
            (self.fuzzy | other.fuzzy) - sure,
            self.years + other.years,
            self.festival or other.festival,
        )


@dataclass(frozen=True)
class Item:
    """One thing said; `value` is a Span, DaySel, DateSel, a set of seasons or a part of the day."""

    kind: str
    text: str = ""
    value: object = None


@dataclass(frozen=True)
class Clock:
    """A time as written, before it is known which half of the day is meant."""

    hour: int
    minute: int
    period: str = ""
    next_day: bool = False
    padded: bool = False
    numeral: bool = False

    def minutes(self, *, closing: bool) -> int:
        """Return minutes from midnight."""
        hour, period = self.hour, self.period
        if period in ("dawn", "midnight_am") and hour == _AFTERNOON:
            hour = 24 if closing else 0
        elif (period == "pm" and hour < _AFTERNOON) or (
            period == "noon" and 1 <= hour <= _LATE_LUNCH
        ):
            hour += 12
        elif period == "eve":
            hour = _evening(hour, closing=closing)
        return hour * HOUR + self.minute


def _evening(hour: int, *, closing: bool) -> int:
    """Return the hour of a 晚上 time: 8 is 20, 12 is midnight, 1 is the next morning."""
    if _NIGHTFALL <= hour < _AFTERNOON:
        return hour + 12
    if hour == _AFTERNOON:
        return 24
    return hour + 24 if closing and hour < _NIGHTFALL else hour


def make_span(first: Clock, last: Clock) -> Span | None:
    """Return the span between two written times.

    Parameters
    ----------
    first, last : Clock
        As written.

    Returns
    -------
    Span or None
        None where the two make no sense together.
    """
    start, end = first.minutes(closing=False), last.minutes(closing=True)
    if (
        last.period == "pm"
        and not first.period
        and start < _NIGHTFALL * HOUR + HOUR
        and start + HALF < end
        and last.numeral
    ):
        start += HALF
    start = 0 if start == DAY else start
    counted_on = _LATEST_OF_NIGHT if start >= _EVENING * HOUR else _LATEST
    latest = _MIDNIGHT if last.next_day or last.period else counted_on
    if start > DAY or last.hour > latest or max(first.minute, last.minute) >= HOUR:
        return None
    if last.next_day:
        return Span(start, min(end % DAY + DAY, start + DAY))
    if end > start:
        return Span(start, end) if end - start <= DAY else None
    return _backwards(first, last, start, end)


def _backwards(first: Clock, last: Clock, start: int, end: int) -> Span | None:
    """Return the span whose closing time is not after its opening time."""
    if (
        last.period == ""
        and first.period
        and first.hour <= _AFTERNOON
        and end <= HALF
        and end + HALF > start
    ):
        return Span(start, end + HALF)
    if start == end:
        whole = start == 0 or last.padded or last.numeral
        return Span(0, DAY) if start == 0 and whole else None
    if end in (0, DAY):
        return Span(start, DAY)
    doubtful = not (first.period or last.period) and end + DAY - start > _LONGEST_NIGHT
    return None if doubtful and not last.padded else Span(start, end + DAY)


def day_of_year(month: int, day: int) -> int:
    """Return the place of a day in a leap year, 0 to 365; days past a month's end are cut."""
    last = calendar.monthrange(_LEAP, month)[1]
    return date(_LEAP, month, min(day, last)).toordinal() - date(_LEAP, 1, 1).toordinal()


def circle(first: int, last: int) -> frozenset[int]:
    """Return the days from first to last, over the turn of the year if need be."""
    length = (last - first) % YEAR_DAYS
    return frozenset((first + step) % YEAR_DAYS for step in range(length + 1))


@dataclass(frozen=True)
class Point:
    """A date as written: a month, perhaps a day or a third of a month, perhaps a year."""

    month: int
    day: int | None = None
    third: str = ""
    year: int | None = None
    next_year: bool = False

    def bounds(self, *, closing: bool) -> tuple[int, int]:
        """Return the first and last day of the year that this end of a range can be."""
        if self.day is not None:
            return (day_of_year(self.month, self.day),) * 2
        if self.third and not (closing and self.third in "底末"):
            first, last = _THIRDS[self.third]
            return day_of_year(self.month, first), day_of_year(self.month, last)
        return (day_of_year(self.month, 31 if closing else 1),) * 2

    def exact(self, year: int, *, closing: bool) -> date:
        """Return the day in a given year."""
        day = self.day or (31 if closing else 1)
        return date(year, self.month, min(day, calendar.monthrange(year, self.month)[1]))


def date_range(first: Point, last: Point | None) -> DateSel:
    """Return the days of a single date, a month or a range."""
    if first.year is None and last is not None and last.year is not None:
        before = (first.month, first.day or 1) > (last.month, last.day or 31)
        first = replace(first, year=last.year - before)
    if first.year is not None:
        begins = first.exact(first.year, closing=False)
        until = last or first
        ends = until.exact(until.year or first.year + until.next_year, closing=True)
        if ends < begins and until.year is None:
            ends = until.exact(first.year + 1, closing=True)
        return DateSel(years=((begins, ends),) if begins <= ends else ())
    if last is None:
        if first.third:
            return DateSel(fuzzy=circle(*first.bounds(closing=False)))
        last = first
    start, start_last = first.bounds(closing=False)
    if start != start_last:
        start_last = day_of_year(first.month, 31)
    end_first, end = last.bounds(closing=True)
    everything = circle(start, end)
    fuzzy = circle(start, start_last) if start != start_last else frozenset()
    fuzzy |= circle(end_first, end) if end_first != end else frozenset()
    return DateSel(everything - fuzzy, fuzzy & everything)


def ordered_range(first: int, last: int) -> tuple[int, ...]:
    """Return the weekdays from first to last, over the week's end if need be."""
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))


def day_range(first: int, last: int) -> frozenset[int]:
    """Return the set of weekdays from first to last."""
    return frozenset(ordered_range(first, last))


def chinese_days(text: str) -> list[int]:
    """Return the weekdays of a list in Chinese, in order.

    Parameters
    ----------
    text : str
        For example ``周一、三至五``.

    Returns
    -------
    list of int
        0 = Monday.

    Examples
    --------
    >>> chinese_days("周一、三至五")
    [0, 2, 3, 4]
    """
    spelled = re.sub(r"[每逢个\s]|周|星期|礼拜", "", text).replace("天", "日")
    spelled = re.sub(r"[1-7]", lambda match: _NUMERALS[int(match[0]) - 1], spelled)
    days: list[int] = []
    ranged = False
    for character in spelled:
        if character in "-至到":
            ranged = True
        elif character in _NUMERALS:
            day = _NUMERALS.index(character)
            days += ordered_range(days[-1], day)[1:] if ranged and days else (day,)
            ranged = False
    return days


def seasons(text: str) -> frozenset[str]:
    """Return the seasons that a word names: 春 夏 秋 冬, 旺 淡; 夏令时 counts as 夏."""
    named = re.sub("供暖|采暖", "冬", re.sub("高温|三伏", "夏", text))
    return frozenset(character for character in named if character in "春夏秋冬旺淡")
