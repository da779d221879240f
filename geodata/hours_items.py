"""Tokens of opening hours to what they mean one by one: spans of the clock, days, dates, marks.

`items` reads times (`geodata.hours_times`), lists of weekdays and holidays, ranges of dates, and
leaves the words between them as marks. What belongs to what is decided in `geodata.hours_build`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from geodata.hours_times import PERIODS, TimeReader
from geodata.hours_values import (
    FOREVER,
    WEEK,
    YEAR_DAYS,
    DateSel,
    DaySel,
    Item,
    Point,
    chinese_days,
    circle,
    date_range,
    day_of_year,
    day_range,
    ordered_range,
    seasons,
)
from geodata.hours_words import Token

#: Days of the year on which the lunar New Year and its eve can fall, with a margin.
_LUNAR = (1, 1), (2, 29)
_EN_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_EN_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
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
_DAY_NAMES = {
    "weekend": DaySel(frozenset({5, 6})),
    "weekend_pair": DaySel(frozenset({5, 6})),
    "holiday": DaySel(holiday=True),
    "off_day": DaySel(frozenset({5, 6}), holiday=True),
    "school": DaySel(school=True),
    "workday": DaySel(frozenset(range(5)), work=True),
    "ordinary": DaySel(frozenset(range(5)), ordinary=True),
    "every": DaySel(WEEK, every=True),
}
_TIMES = ("time", "time_zh", "time_en", "period", "colon")
_SEPARATORS = ("and", "comma")
_MONTHS = 12
_DATE_ENDS = ("date", "date_en", "next_year", "day_number", "number", "festival", "year")


@dataclass
class _Reader(TimeReader):
    """A cursor over the tokens that reads dates, days and everything else."""

    # ---- dates -------------------------------------------------------------------------------

    def _read_point(self) -> Point | None:
        """Read one date, or a number that can only be a month."""
        next_year = self.kind() == "next_year"
        self.place += next_year
        kind = self.kind()
        if kind == "date":
            year, month, day, bare_day, third = self.take().parts
            number = day or bare_day
            return Point(
                int(month or 1),
                int(number) if number else None,
                third or "",
                int(year) if year else None,
                next_year,
            )
        if kind == "date_en":
            name, day = self.take().parts
            return Point(
                _EN_MONTHS.index((name or "")[:3]) + 1,
                int(day) if day else None,
                "",
                None,
                next_year,
            )
        if kind == "number" and self._month_follows() and 1 <= int(self.text()) <= _MONTHS:
            return Point(int(self.take().text), None, "", None, next_year)
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
            begin = first.exact(first.year, closing=False)
            return DateSel(years=((begin, date(FOREVER, 12, 31)),))
        ranged = self.kind() == "range" and self.kind(1) in _DATE_ENDS
        last = self._read_end(first) if ranged else None
        return last if isinstance(last, DateSel) else date_range(first, last)

    def _read_end(self, first: Point) -> Point | DateSel | None:
        """Read the end of a range: a date, a day of the same month, or a festival (all of it)."""
        saved = self.place
        self.place += 1
        if self.kind() == "day_number":
            return Point(first.month, int(self.take().parts[0] or 1), "", first.year)
        ahead = int(self.kind() == "next_year")
        if self.kind(ahead) == "festival":
            self.place += 1 + ahead
            sure = circle(first.bounds(closing=False)[0], YEAR_DAYS - 1)
            return DateSel(sure, circle(day_of_year(*_LUNAR[0]), day_of_year(*_LUNAR[1])) - sure)
        last = self._read_point()
        self.place = saved if last is None else self.place
        return last

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
                return DateSel(fuzzy=circle(day_of_year(*first), day_of_year(*last)), festival=True)
        return DateSel(
            fuzzy=circle(day_of_year(*_LUNAR[0]), day_of_year(*_LUNAR[1])), festival=True
        )

    # ---- days --------------------------------------------------------------------------------

    def _read_day(self) -> DaySel | None:
        """Read one word or range of days."""
        kind = self.kind()
        readers = {
            "day": self._read_chinese,
            "day_en": self._read_english,
            "day_digit": self._read_digit_days,
        }
        if kind in readers:
            return readers[kind]()
        if kind not in _DAY_NAMES:
            return None
        self.place += 1
        return _DAY_NAMES[kind]

    def _read_digit_days(self) -> DaySel:
        """Read ``周1-5``."""
        first, last = self.take().parts
        return DaySel(day_range(int(first or 1) - 1, int(last or 1) - 1))

    def _read_chinese(self) -> DaySel:
        """Read ``周一、二、日`` or ``周一至周五``; a range may go on in the next token."""
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
        chosen, torn = self._read_day(), False
        if chosen is None:
            return False
        while True:
            saved = self.place
            comma = self.kind() == "comma"
            self.place += self.kind() in _SEPARATORS
            joined = self.place > saved
            more = self._read_day()
            if more is not None and more.every and not joined:
                continue
            if more is None or (comma and self._closes_other(chosen, more)):
                self.place = saved
                break
            torn = torn or len(chosen.days) > 2  # noqa: PLR2004  a range
            chosen |= more
        words = "".join(token.text for token in self.tokens[start : self.place])
        between = self.found[-1:] and self.found[-1].kind == "span"
        if torn and between and self.kind() in _TIMES:
            self.found.append(Item("change", words))
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
            if (
                self._read_exempt()
                or self._read_included()
                or self.read_span()
                or self.read_dates()
                or self.read_days()
            ):
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
        if len(self.found) == count and self.read_span():
            ended = self.kind() in ("except", "close_bracket", "")
            self.place = self.place if ended else start
        named = self.found[count:]
        del self.found[count:]
        excepted = self.kind() == "except"
        self.place += excepted
        if not named or not (excepted or without):
            self.place = start
            return False
        self.found += [Item("exempt", item.text, item.value) for item in named]
        return True

    def _read_included(self) -> bool:
        """Read ``含节假日``: behind days it adds to them, behind hours it means as usual."""
        if self.kind() != "include":
            return False
        self.place += 1
        before = [item.kind for item in self.found if item.kind not in _BETWEEN]
        if self.read_days() and before[-1:] != ["days"]:
            self.found.append(Item("normal"))
        return True

    def _mark(self, token: Token) -> Item:
        """Return what is neither time, day nor date."""
        kind = _MARKS.get(token.kind, token.kind)
        value: object = token.parts
        if kind == "season":
            value = seasons(token.text)
        elif kind == "part":
            value = PERIODS.get(token.text, "eve")
        return Item(kind, token.text, value)


_BETWEEN = ("open_bracket", "comma", "and")
_MARKS = {
    "no_break": "normal",
    "period": "part",
    "time": "point",
    "time_zh": "point",
    "time_en": "point",
}
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
