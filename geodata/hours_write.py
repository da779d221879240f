"""A plan of opening hours written as OSM ``opening_hours``: days that agree stand together.

Rules of different days are joined with ``;``, but with ``,`` where a night runs into a day that
has a rule of its own: there some evaluators would cut the night off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from geodata.hours_plan import CLOSED, OPEN, UNKNOWN, Closure, Plan, Resolver
from geodata.hours_values import DAY, HOUR, WEEK, YEAR_DAYS, DateSel, day_of_year
from geodata.model import ByteArray

_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_DAY = day_of_year(2, 29)
#: A hole between seasons that is shorter than this is a slip of the pen, not a closure (days).
_SLIP_DAYS = 3
#: Seasons that cover at least this many days are meant to cover the year.
_WHOLE_YEAR_DAYS = 300
#: A range of weekdays is written with a dash from this length on.
_DASH_FROM = 3


def _pieces(states: ByteArray) -> list[tuple[int, int, int]]:
    """Return (start, end, state) of what is not closed."""
    edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    return [(a, b, int(states[a])) for a, b in pairwise(edges) if states[a] != CLOSED]


def _clock(minute: int) -> str:
    """Return ``HH:MM``."""
    return f"{minute // HOUR:02d}:{minute % HOUR:02d}"


def _days_text(days: Iterable[int]) -> str:
    """Return ``Mo-Fr,Su``; ``""`` for the whole week."""
    chosen = sorted(days)
    if len(chosen) == len(WEEK):
        return ""
    parts: list[list[int]] = []
    for day in chosen:
        if parts and day == parts[-1][-1] + 1:
            parts[-1].append(day)
        else:
            parts.append([day])
    return ",".join(
        f"{_WEEKDAYS[part[0]]}-{_WEEKDAYS[part[-1]]}"
        if len(part) >= _DASH_FROM
        else ",".join(_WEEKDAYS[day] for day in part)
        for part in parts
    )


def _month_day(day: int) -> tuple[int, int]:
    """Return (month from 0, day of the month) of a day of a leap year."""
    month = 0
    while day >= _LENGTHS[month]:
        day -= _LENGTHS[month]
        month += 1
    return month, day + 1


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive days, one over the turn of the year if it is one."""
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][1] == YEAR_DAYS - 1:
        runs = [(runs[-1][0], runs[0][1]), *runs[1:-1]]
    return runs


def _dates_text(days: Iterable[int]) -> str:
    """Return ``Apr-Oct,Dec 24-Jan 02``; ``""`` for the whole year."""
    texts = []
    for first, last in _runs(days):
        if (first, last) == (0, YEAR_DAYS - 1):
            return ""
        (month, day), (last_month, last_day) = _month_day(first), _month_day(last)
        if day == 1 and last_day == _LENGTHS[last_month]:
            same = month == last_month
            texts.append(_MONTHS[month] if same else f"{_MONTHS[month]}-{_MONTHS[last_month]}")
        else:
            begin = f"{_MONTHS[month]} {day:02d}"
            texts.append(
                begin if first == last else f"{begin}-{_MONTHS[last_month]} {last_day:02d}"
            )
    return ",".join(texts)


def _join(*words: str) -> str:
    """Return the words that are not empty, with spaces between."""
    return " ".join(word for word in words if word)


def _rule_text(dates: str, days: Sequence[int], states: ByteArray, holiday: str = "") -> list[str]:
    """Return additional rules that together say the states of these days."""
    rules = []
    for state, word in ((OPEN, ""), (UNKNOWN, "unknown")):
        for shift in (0, 1):
            spans = [
                (start - shift * DAY, end - shift * DAY)
                for start, end, each in _pieces(states)
                if each == state and (start >= DAY) == bool(shift)
            ]
            if not spans:
                continue
            chosen = _days_text((day + shift) % 7 for day in days)
            if spans == [(0, DAY)] and word:
                rules.append(_join(dates, holiday or chosen, word))
                continue
            clock = ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans)
            rules.append(_join(dates, holiday or chosen, clock, word))
    return [f"{rule} open" if rule[-1].isdigit() else rule for rule in rules[:-1]] + rules[-1:]


@dataclass(frozen=True)
class _Week:
    """The states of the seven weekdays, ordinary and as public holidays."""

    days: tuple[bytes, ...]
    holidays: tuple[bytes, ...]

    def rules(self, dates: str) -> str:
        """Return the rules of the week for a range of dates."""
        empty = bytes(2 * DAY)
        groups = {states: [d for d in range(7) if self.days[d] == states] for states in self.days}
        written = [
            _rule_text(dates, days, np.frombuffer(states, dtype=np.uint8))
            for states, days in groups.items()
        ]
        overnight = any(
            any(today[DAY:]) and tomorrow not in (today, empty)
            for today, tomorrow in pairwise((*self.days, self.days[0]))
        )
        parts = [", ".join(rules) for rules in written if rules]
        text = (", " if overnight else "; ").join(parts)
        return self._with_holidays(dates, text)

    def _with_holidays(self, dates: str, text: str) -> str:
        """Put the rules of public holidays before or after those of the week."""
        if self.holidays == self.days:
            return text
        empty = bytes(2 * DAY)
        differing = {h for h, d in zip(self.holidays, self.days, strict=True) if h != d}
        both = list(zip(self.holidays, self.days, strict=True))
        if len(differing) == 1:
            states = differing.pop()
            alone = ", ".join(_rule_text(dates, (), np.frombuffer(states, dtype=np.uint8), "PH"))
            if all(h == states for h in self.holidays):
                return "; ".join(filter(None, (text, alone or _join(dates, "PH off"))))
            if all(d in (empty, h) for h, d in both) and alone:
                return f"{alone}; {text}" if text else alone
        return "; ".join(filter(None, (text, _join(dates, "PH unknown"))))


def _week(resolver: Resolver, day: int) -> _Week:
    """Return the week of a day of the year."""
    days, holidays = (
        [resolver.cell(day, weekday, holiday=holiday) for weekday in range(7)]
        for holiday in (False, True)
    )
    for today in range(7):
        for tomorrow in (days[(today + 1) % 7], holidays[(today + 1) % 7]):
            _drop_tail(days[today], tomorrow)
    return _Week(
        tuple(states.tobytes() for states in days), tuple(states.tobytes() for states in holidays)
    )


def _drop_tail(today: ByteArray, tomorrow: ByteArray) -> None:
    """Take out of `tomorrow` a morning that only repeats the end of the night before, in place."""
    night, morning = today[DAY:], tomorrow[:DAY]
    if night[0] == CLOSED or night[0] != morning[0]:
        return
    ends = [int(np.argmax(states != states[0])) for states in (night, morning)]
    if ends[0] == ends[1] > 0:
        morning[: ends[1]] = CLOSED


def _dates(plan: Plan) -> list[DateSel]:
    """Return all dates that a plan names."""
    named = [rule.dates for rule in plan.rules] + [closure.dates for closure in plan.closures]
    return [dates for dates in named if dates]


def _signature(plan: Plan, day: int) -> tuple[bool, ...]:
    """Return which dates of the plan a day of the year belongs to."""
    return tuple(day in part for each in _dates(plan) for part in (each.sure, each.fuzzy))


def _year(plan: Plan) -> dict[_Week, list[int]]:
    """Return the distinct weeks and the days of the year on which they hold."""
    resolver = Resolver(plan)
    weeks: dict[tuple[bool, ...], _Week] = {}
    chosen: list[_Week] = []
    for day in range(YEAR_DAYS):
        signature = _signature(plan, day)
        if signature not in weeks:
            weeks[signature] = _week(resolver, day)
        chosen.append(weeks[signature])
    _mend(plan, chosen)
    days: dict[_Week, list[int]] = {}
    for day, week in enumerate(chosen):
        days.setdefault(week, []).append(day)
    return days


def _mend(plan: Plan, chosen: list[_Week]) -> None:
    """Fill holes of a few days between seasons: unknown, and 29 February as the day before."""
    spread = frozenset[int]().union(*(each.all for each in _dates(plan)))
    if len(spread) < _WHOLE_YEAR_DAYS or any(rule.dates is None for rule in plan.rules):
        return
    states = np.zeros(2 * DAY, dtype=np.uint8)
    states[:DAY] = UNKNOWN
    nobody = (states.tobytes(),) * 7
    for first, last in _runs(frozenset(range(YEAR_DAYS)) - spread):
        if first == last == _LEAP_DAY:
            chosen[first] = chosen[first - 1]
        elif (last - first) % YEAR_DAYS < _SLIP_DAYS:
            for step in range((last - first) % YEAR_DAYS + 1):
                chosen[(first + step) % YEAR_DAYS] = _Week(nobody, nobody)


def _exact(day: date) -> str:
    """Return ``2018 Feb 10``."""
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02d}"


def _range_text(first: date, last: date) -> str:
    """Return ``2018 Feb 10-2018 Feb 24``."""
    return _exact(first) if first == last else f"{_exact(first)}-{_exact(last)}"


def _yearly(plan: Plan, general: Plan) -> list[str]:
    """Return the rules and closures of given years, which override the general ones."""
    texts = []
    ranges = dict.fromkeys(
        rule.dates.years for rule in plan.rules if rule.dates and rule.dates.years
    )
    for years in ranges:
        own = [rule for rule in plan.rules if rule.dates and rule.dates.years == years]
        rules = tuple(replace(rule, dates=None) for rule in own)
        for first, last in years:
            day = day_of_year(first.month, first.day)
            week = _week(Resolver(replace(general, rules=rules)), day)
            texts.append(week.rules(_range_text(first, last)))
    for closure in plan.closures:
        for first, last in closure.dates.years if closure.dates else ():
            word = _yearly_closure(closure, general, first, last)
            if word:
                texts.append(f"{_range_text(first, last)} {word}")
    return [text for text in texts if text]


def _yearly_closure(closure: Closure, general: Plan, first: date, last: date) -> str:
    """Return ``off``, ``unknown`` where only hours were given, ``""`` where it changes nothing."""
    if closure.part is None:
        return "off" if closure.sure else "unknown"
    start, end = closure.part
    inside = closure.part[1] <= DAY and start < end
    resolver = Resolver(general)
    for step in range(min((last - first).days + 1, YEAR_DAYS)):
        day = first + timedelta(days=step)
        states = resolver.cell(day_of_year(day.month, day.day), day.weekday(), holiday=False)
        if not inside or states[start:end].any():
            return "unknown"
    return ""


def write(plan: Plan) -> str:
    """Return a plan as OSM ``opening_hours``.

    Parameters
    ----------
    plan : Plan
        Rules and closures.

    Returns
    -------
    str
        ``""`` where nothing is known on any day.

    Examples
    --------
    >>> from geodata.hours_plan import Rule
    >>> from geodata.hours_values import DaySel, Span
    >>> monday = DaySel(frozenset({0}))
    >>> write(Plan((Rule((Span(540, 1020),)),), (Closure(days=monday),)))
    'Tu-Su 09:00-17:00'
    """
    general = replace(
        plan,
        rules=tuple(rule for rule in plan.rules if not (rule.dates and rule.dates.years)),
        closures=tuple(each for each in plan.closures if not (each.dates and each.dates.years)),
    )
    year = _year(general)
    texts = [week.rules(_dates_text(days)) for week, days in year.items()]
    if not general.rules and not any(rule.dates and rule.dates.years for rule in plan.rules):
        return ""
    written = [text for text in texts if text] if general.rules else []
    if written in (["unknown"], ["24/7 unknown"]):
        return ""
    written = ["24/7" if text == "00:00-24:00" else text for text in written]
    joined = "; ".join(written + _yearly(plan, general))
    return joined or "off"
