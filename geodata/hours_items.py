"""Tokens of opening hours to what they mean one by one: spans of the clock, days, dates, closures.

`items` reads times (``下午2点至5点``, ``9:30am-5pm``, ``16:00-次日4:00``), lists of weekdays and
holidays, ranges of dates (exact, by month, by thirds of a month, over the turn of the year, in
given years) and leaves the words between them as marks. What belongs to what is decided in
`geodata.hours_text`.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from geodata.hours_words import Token

#: Minutes of a day, of half a day and of an hour.
DAY, HALF, HOUR = 1440, 720, 60
#: Leap year, so that a day of the year (0 to 365) has one place whatever the year.
_LEAP = 2024
YEAR_DAYS = 366
#: The end of what was said to hold from a date on.
_FOREVER = 2199
#: Longest span that unmarked times may make over midnight before we doubt them (minutes).
_LONGEST_NIGHT = 19 * HOUR
WEEK = frozenset(range(7))
#: Days of the year on which the lunar New Year and its eve can fall, with a margin.
_LUNAR = (1, 1), (2, 29)

_PERIOD = {
    "凌晨": "dawn",
    **dict.fromkeys(("清晨", "早晨", "早上", "早间", "上午", "午前", "早", "每早"), "am"),
    **dict.fromkeys(("中午", "正午", "午间", "noon"), "noon"),
    **dict.fromkeys(("下午", "午后", "傍晚"), "pm"),
}
_MEAL = (
    ("早", "am"),
    ("下午", "pm"),
    ("午", "noon"),
    ("中", "noon"),
    ("晚", "eve"),
    ("夜", "eve"),
    ("宵", "eve"),
)
_NIGHTFALL, _AFTERNOON = 5, 12
#: Parts of a day for closures such as 周五上午闭馆 (minutes).
PARTS = {"am": (0, HALF), "pm": (HALF, 18 * HOUR), "eve": (18 * HOUR, DAY)}
_NUMERALS = "一二三四五六日"
_EN_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_EN_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_THIRDS = {"初": (1, 10), "上旬": (1, 10), "上中旬": (1, 20), "中": (11, 20), "中旬": (11, 20), "中下旬": (11, 31), "下旬": (21, 31), "底": (21, 31), "末": (21, 31), "整": (1, 31)}  # fmt: skip
#: Solar days near which a festival falls: (first, last) as (month, day).
_FESTIVALS = {
    "清明": ((4, 3), (4, 7)),
    "五一": ((5, 1), (5, 5)),
    "劳动": ((5, 1), (5, 5)),
    "端午": ((5, 27), (6, 27)),
    "中秋": ((9, 6), (10, 10)),
    "国庆": ((10, 1), (10, 8)),
    "十一": ((10, 1), (10, 8)),
    "圣诞": ((12, 24), (12, 26)),
    "新年": ((1, 1), (1, 3)),
}


@dataclass(frozen=True)
class Span:
    """Minutes from midnight; `end` may lie beyond 1440. Not `sure`: it cannot be taken at its word."""

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
        """Return the days of either."""
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
class _Clock:
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
        if period == "dawn" and hour == _AFTERNOON:
            hour = 24 if closing else 0
        elif period == "midnight_am" and hour == _AFTERNOON:
            hour = 24 if closing else 0
        elif period == "pm" and hour < _AFTERNOON:
            hour += 12
        elif period == "noon" and 1 <= hour <= 3:  # noqa: PLR2004  # 中午1点 to 3点
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


def make_span(first: _Clock, last: _Clock) -> Span | None:
    """Return the span between two written times.

    Parameters
    ----------
    first, last : _Clock
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
    if start == DAY:
        start = 0
    if start > DAY or end > 2 * DAY or max(first.minute, last.minute) >= HOUR:
        return None
    if last.next_day:
        return Span(start, min(end % DAY + DAY if end != 2 * DAY else end, start + DAY))
    if end > start:
        return Span(start, end) if end - start <= DAY else None
    return _backwards(first, last, start, end)


def _backwards(first: _Clock, last: _Clock, start: int, end: int) -> Span | None:
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
    if end == 0 or end == DAY:
        return Span(start, DAY)
    doubtful = not (first.period or last.period) and end + DAY - start > _LONGEST_NIGHT
    return None if doubtful and not last.padded else Span(start, end + DAY)


def day_of_year(month: int, day: int) -> int:
    """Return the place of a day in a leap year, 0 to 365; days past a month's end are cut."""
    last = calendar.monthrange(_LEAP, month)[1]
    return date(_LEAP, month, min(day, last)).toordinal() - date(_LEAP, 1, 1).toordinal()


def _circle(first: int, last: int) -> frozenset[int]:
    """Return the days from first to last, over the turn of the year if need be."""
    length = (last - first) % YEAR_DAYS
    return frozenset((first + step) % YEAR_DAYS for step in range(length + 1))


@dataclass(frozen=True)
class _Point:
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


def _date_range(first: _Point, last: _Point | None) -> DateSel:
    """Return the days of a single date, a month or a range."""
    if first.year is not None:
        begin = first.exact(first.year, closing=False)
        until = last or first
        end = until.exact(until.year or first.year + until.next_year, closing=True)
        if end < begin and until.year is None:
            end = until.exact(first.year + 1, closing=True)
        return DateSel(years=((begin, end),) if begin <= end else ())
    if last is None:
        if first.third:
            begins, ends = first.bounds(closing=False)
            return DateSel(fuzzy=_circle(begins, ends))
        last = first
    start, start_last = first.bounds(closing=False)
    if start != start_last:
        start_last = day_of_year(first.month, 31)
    end_first, end = last.bounds(closing=True)
    everything = _circle(start, end)
    fuzzy = _circle(start, start_last - 1) if start != start_last else frozenset()
    fuzzy |= frozenset({start_last}) if start != start_last else frozenset()
    fuzzy |= _circle(end_first, end) if end_first != end else frozenset()
    return DateSel(everything - fuzzy, fuzzy & everything)


_SEPARATORS = ("and", "comma")
_HOLD = ("strong", "comma", "and", "open_bracket", "close_bracket", "colon")


@dataclass
class _Reader:
    """A cursor over the tokens; every ``read_*`` moves on or leaves the cursor where it was."""

    tokens: Sequence[Token]
    clock_context: bool = False
    excepts: bool = False
    place: int = 0
    found: list[Item] = field(default_factory=list)

    def kind(self, ahead: int = 0) -> str:
        """Return the kind of the token ahead, ``""`` at the end."""
        index = self.place + ahead
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else ""

    def text(self, ahead: int = 0) -> str:
        """Return the text of the token ahead."""
        return self.tokens[self.place + ahead].text

    def take(self) -> Token:
        """Return the token and move on."""
        self.place += 1
        return self.tokens[self.place - 1]

    # ---- times -------------------------------------------------------------------------------

    def read_clock(self) -> _Clock | None:
        """Read one time with the words before it."""
        start, period, next_day = self.place, "", False
        while self.kind() in ("period", "next_day", "meal", "colon", "date_word", "break_word"):
            token = self.take()
            if token.kind == "next_day":
                next_day = True
            elif token.kind == "period":
                period = _PERIOD.get(token.text, "eve")
            elif token.kind == "meal":
                period = period or _meal(token.text)
        made = self._read_digits(period, next_day=next_day)
        if made is None:
            self.place = start
        return made

    def _read_digits(self, period: str, *, next_day: bool) -> _Clock | None:
        """Read the digits of a time."""
        kind = self.kind()
        if kind == "time":
            token = self.take()
            hour, minute, half = token.parts[-3:]
            marked = _half(half, int(hour or 0)) or period
            padded = token.text.startswith("0") or len(hour or "") > 1
            return _Clock(
                int(hour or 0), int(minute or 0), marked, next_day, padded, half is not None
            )
        if kind == "time_zh":
            hour, half, quarter, minute = self.take().parts
            minutes = 30 if half else int(quarter) * 15 if quarter else int(minute or 0)
            return _Clock(int(hour or 0), minutes, period, next_day, numeral=True)
        if kind == "time_en":
            hour, half = self.take().parts
            return _Clock(int(hour or 0), 0, _half(half, int(hour or 0)), next_day, numeral=True)
        return None

    def _read_number(self, other: _Clock | None) -> _Clock | None:
        """Read a bare number as an hour where that is the only sense it can have."""
        if self.kind() != "number" or not (other or self.clock_context):
            return None
        if self.kind(1) in ("day_number", "number", "other", "date"):
            return None
        hour = int(self.take().text)
        return _Clock(hour, 0, other.period if other else "", numeral=True) if hour <= 24 else None  # noqa: PLR2004

    def read_span(self) -> bool:
        """Read two times and what joins them."""
        start = self.place
        span = self._read_joined() or self._read_opens_shuts() or self._read_numbers()
        if span is None:
            self.place = start
            return False
        words = "".join(token.text for token in self.tokens[start : self.place])
        self.found.append(Item("span", words, span))
        return True

    def _read_joined(self) -> Span | None:
        """Read ``9:00-17:00``, ``9:00开门,17:00关门`` or an open end."""
        if self.kind() == "range":
            self.place += 1
        first = self.read_clock()
        if first is None:
            return None
        opens = self.kind() == "opens"
        self.place += opens
        joined = self.kind() == "range"
        if not joined and not (opens and self._shuts_after()):
            return None
        while self.kind() in ("range", "comma", "and", "strong"):
            self.place += 1
        if self.kind() == "open_end":
            self.place += 1
            return Span(first.minutes(closing=False), DAY, sure=False)
        last = self._read_closing(first)
        if last is None:
            return None
        if opens and self.kind() in ("close", "shuts"):
            self.place += 1
        return make_span(first, last)

    def _read_closing(self, first: _Clock) -> _Clock | None:
        """Read the later time of a span."""
        if self.kind() == "period" and self.kind(1) not in (
            "time",
            "time_zh",
            "time_en",
            "number",
            "colon",
            "next_day",
        ):
            word = _PERIOD.get(self.text(), self.text())
            hour = {"noon": 12, "午夜": 24, "midnight": 24}.get(word)
            self.place += hour is not None
            return None if hour is None else _Clock(hour, 0)
        last = self.read_clock()
        if last is not None:
            return last
        last = self._read_number(first)
        if last is None or last.hour * HOUR + last.minute <= first.minutes(closing=False):
            return None
        return _Clock(last.hour, 0)

    def _shuts_after(self) -> bool:
        """Tell whether a second time with a word of closing follows."""
        saved = self.place
        while self.kind() in ("comma", "and", "strong"):
            self.place += 1
        time = self.read_clock()
        shuts = self.kind() in ("close", "shuts")
        self.place = saved
        return time is not None and shuts

    def _read_opens_shuts(self) -> Span | None:
        """Read ``开门8:00,关门17:00``."""
        if self.kind() != "opens":
            return None
        self.place += 1
        first = self.read_clock()
        while first and self.kind() in ("comma", "and", "strong", "range"):
            self.place += 1
        if first is None or self.kind() not in ("close", "shuts"):
            return None
        self.place += 1
        last = self.read_clock()
        return make_span(first, last) if last else None

    def _read_numbers(self) -> Span | None:
        """Read ``9-17`` after days or a word such as 营业时间, and ``9-17点`` anywhere."""
        if self.kind() == "period" and self.kind(1) == "number":
            period = _PERIOD.get(self.take().text, "eve")
        else:
            period = ""
        if self.kind() != "number" or self.kind(1) != "range":
            return None
        hour = int(self.take().text)
        self.place += 1
        first = _Clock(hour, 0, period, numeral=True)
        last = self.read_clock()
        if last is not None and last.numeral:
            marked = period or (
                "pm" if last.period == "pm" and hour >= last.hour % 12 and False else ""
            )
            return make_span(_Clock(hour, 0, marked, numeral=True), last)
        bare = self._read_number(first) if last is None else None
        if bare is None or not self.clock_context:
            return None
        start, end = first.minutes(closing=False), bare.minutes(closing=True)
        return Span(start, end) if start < end <= DAY else None

    # ---- dates -------------------------------------------------------------------------------

    def _read_point(self, *, month_context: bool = False) -> _Point | None:
        """Read one date, or a number that can only be a month."""
        next_year = self.kind() == "next_year"
        self.place += next_year
        kind = self.kind()
        if kind == "date":
            year, month, day, bare_day, third = self.take().parts
            number = day or bare_day
            return _Point(
                int(month or 1),
                int(number) if number else None,
                third or "",
                int(year) if year else None,
                next_year,
            )
        if kind == "date_en":
            name, day = self.take().parts
            return _Point(
                _EN_MONTHS.index((name or "")[:3]) + 1,
                int(day) if day else None,
                "",
                None,
                next_year,
            )
        if (
            kind == "number"
            and (month_context or self._month_follows())
            and 1 <= int(self.text()) <= 12
        ):  # noqa: PLR2004
            return _Point(int(self.take().text), None, "", None, next_year)
        self.place -= next_year
        return None

    def _month_follows(self) -> bool:
        """Tell whether a bare number is a month: ``4~10月``, ``11~次年3月``, ``1、2、3月``."""
        ahead = 1
        while self.kind(ahead) in ("range", "next_year", "and", "number"):
            ahead += 1
        if ahead == 1 or self.kind(ahead) != "date":
            return False
        token = self.tokens[self.place + ahead]
        return token.parts[2] is None and token.parts[0] is None

    def _read_range(self) -> DateSel | None:
        """Read a date or a range of dates."""
        first = self._read_point()
        if first is None:
            return None
        if self.kind() == "since" and first.year is not None:
            self.place += 1
            return DateSel(
                years=((first.exact(first.year, closing=False), date(_FOREVER, 12, 31)),)
            )
        if self.kind() != "range" or self.kind(1) not in (
            "date",
            "date_en",
            "next_year",
            "day_number",
            "number",
            "festival",
            "year",
        ):
            return _date_range(first, None)
        saved = self.place
        self.place += 1
        if self.kind() == "day_number":
            return _date_range(
                first, _Point(first.month, int(self.take().parts[0] or 1), "", first.year)
            )
        if self.kind() == "festival" or (self.kind() == "next_year" and self.kind(1) == "festival"):
            self.place += 1 + (self.kind() == "next_year")
            start = first.bounds(closing=False)[0]
            sure = _circle(start, YEAR_DAYS - 1)
            return DateSel(sure, _circle(day_of_year(*_LUNAR[0]), day_of_year(*_LUNAR[1])) - sure)
        last = self._read_point()
        if last is None:
            self.place = saved
            return _date_range(first, None)
        return _date_range(first, last)

    def read_dates(self) -> bool:
        """Read a list of dates and ranges."""
        start = self.place
        festival = self.read_festival()
        chosen = festival or self._read_range()
        if chosen is None:
            return False
        while festival is None and self.kind() in _SEPARATORS:
            saved = self.place
            self.place += 1
            more = self._read_range()
            if more is None:
                self.place = saved
                break
            chosen |= more
        words = "".join(token.text for token in self.tokens[start : self.place])
        self.found.append(Item("dates", words, chosen))
        return True

    def read_festival(self) -> DateSel | None:
        """Read the name of a festival, whose days no calendar rule here can give exactly."""
        if self.kind() == "new_year":
            self.place += 1
            return DateSel(frozenset({0}))
        if self.kind() != "festival":
            return None
        names = []
        while self.kind() == "festival" or (self.kind() == "range" and self.kind(1) == "festival"):
            names.append(self.take().text)
        for name, (first, last) in _FESTIVALS.items():
            if any(each.startswith(name) for each in names):
                return DateSel(
                    fuzzy=_circle(day_of_year(*first), day_of_year(*last)), festival=True
                )
        return DateSel(
            fuzzy=_circle(day_of_year(*_LUNAR[0]), day_of_year(*_LUNAR[1])), festival=True
        )

    # ---- days --------------------------------------------------------------------------------

    def _read_day(self) -> DaySel | None:
        """Read one word or range of days."""
        kind = self.kind()
        if kind == "day_en":
            return self._read_english()
        words = {
            "weekend": DaySel(frozenset({5, 6})),
            "weekend_pair": DaySel(frozenset({5, 6})),
            "holiday": DaySel(holiday=True),
            "school": DaySel(school=True),
            "workday": DaySel(frozenset(range(5)), work=True),
            "ordinary": DaySel(frozenset(range(5)), ordinary=True),
            "every": DaySel(WEEK, every=True),
        }
        if kind in words:
            self.place += 1
            return words[kind]
        if kind == "day":
            return self._read_chinese()
        if kind == "day_digit":
            first, last = self.take().parts
            return DaySel(day_range(int(first or 1) - 1, int(last or 1) - 1))
        return None

    def _read_chinese(self) -> DaySel:
        """Read ``周一``, ``周一、二、日`` or ``周一至周五``; a range may go on in the next token."""
        chosen = chinese_days(self.take().text)
        while self.kind() == "range" and self.kind(1) in ("day", "weekend_pair"):
            self.place += 1
            more = chinese_days(self.take().text)
            chosen = chosen[:-1] + list(ordered_range(chosen[-1], more[0])) + more[1:]
        return DaySel(frozenset(chosen))

    def _read_english(self) -> DaySel:
        """Read ``Mon``, ``Mon-Fri``."""
        first = _EN_DAYS.index(self.take().text[:2])
        if self.kind() == "range" and self.kind(1) == "day_en":
            self.place += 1
            return DaySel(day_range(first, _EN_DAYS.index(self.take().text[:2])))
        return DaySel(frozenset({first}))

    def read_days(self) -> bool:
        """Read a list of days."""
        start = self.place
        chosen = self._read_day()
        if chosen is None:
            return False
        while True:
            saved = self.place
            comma = self.kind() == "comma"
            self.place += self.kind() in _SEPARATORS
            more = self._read_day()
            if more is None or (comma and self._closes_other(chosen, more)):
                self.place = saved
                break
            chosen |= more
        words = "".join(token.text for token in self.tokens[start : self.place])
        self.found.append(Item("days", words, chosen))
        return True

    def _closes_other(self, chosen: DaySel, more: DaySel) -> bool:
        """Tell whether what follows a comma are the *other* days: ``周二-周日,周一闭馆``."""
        if self.kind() not in ("close", "all_day", "open_bracket"):
            return False
        return len(chosen.days) > 2 and not chosen.days & more.days  # noqa: PLR2004

    # ---- everything --------------------------------------------------------------------------

    def read(self) -> list[Item]:
        """Read all tokens."""
        while self.place < len(self.tokens):
            if self._read_exempt() or self.read_span() or self.read_dates() or self.read_days():
                continue
            mark = self._mark(self.take())
            if mark.kind == "other" and self.found and self.found[-1].kind == "other":
                mark = Item("other", self.found.pop().text + mark.text)
            self.found.append(mark)
        return self.found

    def _read_exempt(self) -> bool:
        """Read ``节假日除外``, ``除周一外``."""
        if not self.excepts:
            return False
        start = self.place
        without = self.kind() == "without"
        self.place += without
        count = len(self.found)
        while (
            self.read_days()
            or self.read_dates()
            or (self.kind() == "and" and len(self.found) > count)
        ):
            self.place += self.kind() == "and"
        named = self.found[count:]
        del self.found[count:]
        excepted = self.kind() == "except"
        self.place += excepted
        if not named or not (excepted or without):
            self.place = start
            return False
        self.found += [Item("exempt", item.text, item.value) for item in named]
        return True

    def _mark(self, token: Token) -> Item:
        """Return what is neither time, day nor date."""
        if token.kind == "season":
            return Item("season", token.text, seasons(token.text))
        if token.kind == "no_break":
            return Item("normal", token.text)
        if token.kind == "period":
            return Item("part", token.text, _PERIOD.get(token.text, "eve"))
        if token.kind in ("time", "time_zh", "time_en"):
            return Item("point", token.text)
        return Item(token.kind, token.text, token.parts)


def _meal(word: str) -> str:
    """Return the part of the day that a meal or session hints at."""
    return next((period for start, period in _MEAL if word.startswith(start)), "")


def _half(letter: str | None, hour: int) -> str:
    """Return the period of an am or pm; ``17:00pm`` has none."""
    if letter is None or hour > _AFTERNOON:
        return ""
    return "pm" if letter == "p" else "midnight_am"


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
    """Return the seasons that a word names: 春 夏 秋 冬, 旺 淡; daylight time counts as its season."""
    return frozenset(character for character in text if character in "春夏秋冬旺淡")


_CONTEXT = re.compile(r"营业|开放|服务|办公|接待|\bhours?\b|\bopen\b|business")
_DROPPED = ("noise", "space", "stop")
_DAY_WORDS = (
    "day",
    "day_digit",
    "day_en",
    "weekend",
    "weekend_pair",
    "workday",
    "ordinary",
    "every",
    "period",
)


def items(tokens: Sequence[Token]) -> list[Item]:
    """Return what the tokens of a text mean, in order.

    Parameters
    ----------
    tokens : sequence of Token
        From `geodata.hours_words.tokens`.

    Returns
    -------
    list of Item
        Words without meaning for the hours are left out; what was not understood has kind
        ``other``.
    """
    context = any(
        token.kind in _DAY_WORDS or (token.kind == "noise" and _CONTEXT.search(token.text))
        for token in tokens
    )
    kept = [token for token in tokens if token.kind not in _DROPPED]
    excepts = any(token.kind in ("except", "without") for token in kept)
    return _Reader(kept, clock_context=context, excepts=excepts).read()
