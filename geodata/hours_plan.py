"""What was said about opening hours, resolved day by day and written as OSM ``opening_hours``.

A `Plan` holds rules (these spans on those dates and days) and closures in the order of the text.
It is resolved for each kind of day: what holds on this date, weekday, holiday or not? The specific
beats the general; of seasons without months only what they have in common is open, the rest
unknown; contradictions are unknown. Days that agree are then written together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from geodata.hours_items import DAY, HALF, HOUR, WEEK, YEAR_DAYS, DateSel, DaySel, Span, day_of_year
from geodata.model import ByteArray

CLOSED, OPEN, UNKNOWN = 0, 1, 2
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


@dataclass(frozen=True)
class Rule:
    """Spans that hold on some days.

    Attributes
    ----------
    spans : tuple of Span
        Minutes from midnight.
    dates, days : DateSel, DaySel or None
        None is every date, every day.
    season : frozenset of str
        Seasons named without months.
    """

    spans: tuple[Span, ...]
    dates: DateSel | None = None
    days: DaySel | None = None
    season: frozenset[str] = frozenset()

    def draw(self, day: int) -> ByteArray:
        """Return the states of the 2,880 minutes from midnight of a day of the year."""
        sure = self.dates is None or day not in self.dates.fuzzy
        states = np.zeros(2 * DAY, dtype=np.uint8)
        for span in sorted(self.spans, key=lambda each: each.sure):
            states[span.start : span.end] = OPEN if span.sure and sure else UNKNOWN
        return states


@dataclass(frozen=True)
class Closure:
    """Days, or a part of them, on which the rules do not hold.

    Attributes
    ----------
    dates, days : DateSel, DaySel or None
        None is every date, every day.
    season : frozenset of str
        Seasons named without months: the closure is then uncertain.
    part : tuple of int or None
        Minutes (from, to); None is the whole day.
    exempt : bool
        Public holidays are excepted.
    sure : bool
        False turns open into unknown instead of closed.
    """

    dates: DateSel | None = None
    days: DaySel | None = None
    season: frozenset[str] = frozenset()
    part: tuple[int, int] | None = None
    exempt: bool = False
    sure: bool = True

    def meets(self, day: int, weekday: int, *, holiday: bool) -> bool:
        """Tell whether the closure names this kind of day."""
        if self.dates is not None and day not in self.dates.all:
            return False
        if self.dates is not None and self.dates.festival and not holiday:
            return False
        if self.days is None:
            return True
        return weekday in self.days.days or (holiday and self.days.holiday)


@dataclass(frozen=True)
class Plan:
    """Everything said about opening hours.

    Attributes
    ----------
    rules : tuple of Rule
        In the order of the text.
    closures : tuple of Closure
        In the order of the text.
    open_holidays : bool
        Public holidays were said to be as usual.
    holidays_unknown : bool
        Public holidays were said to depend on something.
    """

    rules: tuple[Rule, ...]
    closures: tuple[Closure, ...] = ()
    open_holidays: bool = False
    holidays_unknown: bool = False


def union(drawn: Sequence[ByteArray]) -> ByteArray:
    """Return open where any is open, else unknown where any is unknown."""
    states = np.zeros(2 * DAY, dtype=np.uint8)
    for each in drawn:
        states = np.where(each == OPEN, OPEN, np.where(states == CLOSED, each, states))
    return states.astype(np.uint8)


def agree(drawn: Sequence[ByteArray]) -> ByteArray:
    """Return the state on which all agree, unknown elsewhere."""
    same = np.all([each == drawn[0] for each in drawn], axis=0)
    return np.where(same, drawn[0], UNKNOWN).astype(np.uint8)


def _narrowest(rules: Sequence[Rule]) -> list[Rule]:
    """Leave out rules whose dates strictly hold those of another."""
    spread = [rule.dates.all if rule.dates else frozenset() for rule in rules]
    return [
        rule
        for rule, days in zip(rules, spread, strict=True)
        if not any(other < days for other in spread)
    ]


def _overlap(one: Rule, other: Rule) -> bool:
    """Tell whether two rules share minutes."""
    return any(a.start < b.end and b.start < a.end for a in one.spans for b in other.spans)


def _of_day(rules: Sequence[Rule], weekday: int, *, holiday: bool) -> list[Rule]:
    """Return the rules that hold on a weekday or holiday, the specific before the general."""
    if holiday:
        named = [rule for rule in rules if rule.days and rule.days.holiday]
        if named:
            return named
    general, specific = [], []
    for rule in rules:
        if rule.days is None or rule.days.every:
            general.append(rule)
        elif weekday in rule.days.days and not (holiday and rule.days.work):
            specific.append((rule, rule.days.days))
    if not specific:
        return general
    chosen = [
        rule
        for rule, days in specific
        if not any(other < days and _overlap(rule, narrow) for narrow, other in specific)
    ]
    beside = [rule for rule in general if not any(_overlap(rule, other) for other in chosen)]
    return chosen + [
        replace(rule, spans=tuple(replace(span, sure=False) for span in rule.spans))
        for rule in beside
    ]


def _of_seasons(rules: Sequence[Rule], day: int) -> ByteArray:
    """Return the states of rules of which some are for seasons without months."""
    plain = [rule for rule in rules if not rule.season]
    base = union([rule.draw(day) for rule in plain])
    named = dict.fromkeys(rule.season for rule in rules if rule.season)
    if not named:
        return base
    if any(_overlap(one, other) for one in plain for other in rules if other.season):
        return agree([base, *(union([r.draw(day) for r in rules if r.season == s]) for s in named)])
    drawn = [
        union([base, *(rule.draw(day) for rule in rules if rule.season == season)])
        for season in named
    ]
    told = frozenset[str]().union(*named)
    if {"夏", "冬"} <= told or {"旺", "淡"} <= told:
        return agree(drawn)
    anything = union(drawn)
    return np.where((anything != CLOSED) & (base != OPEN), UNKNOWN, anything).astype(np.uint8)


@dataclass(frozen=True)
class _Resolver:
    """Answers for one kind of day."""

    plan: Plan

    def rules(self, day: int, weekday: int, *, holiday: bool) -> list[Rule]:
        """Return the rules that hold, those with dates first."""
        dated = [rule for rule in self.plan.rules if rule.dates and day in rule.dates.all]
        undated = [rule for rule in self.plan.rules if rule.dates is None]
        for pool in (_narrowest(dated), undated):
            chosen = _of_day(pool, weekday, holiday=holiday)
            if chosen:
                return chosen
        return []

    def opened(self, rules: Sequence[Rule], day: int) -> ByteArray:
        """Return the states by the rules; where ranges of dates overlap, what they agree on."""
        ranges = dict.fromkeys(rule.dates.all if rule.dates else None for rule in rules)
        drawn = [
            _of_seasons(
                [rule for rule in rules if (rule.dates.all if rule.dates else None) == each], day
            )
            for each in ranges
        ]
        return agree(drawn) if drawn else np.zeros(2 * DAY, dtype=np.uint8)

    def cell(self, day: int, weekday: int, *, holiday: bool) -> ByteArray:
        """Return the states of the 2,880 minutes from midnight of this kind of day."""
        rules = self.rules(day, weekday, holiday=holiday)
        states = self.opened(rules, day)
        exempted = self.plan.open_holidays
        for closure in self.plan.closures:
            if not closure.meets(day, weekday, holiday=holiday):
                continue
            if holiday and closure.exempt:
                exempted = True
                continue
            states = _close(states, closure, self.doubtful(closure, rules, day))
        if holiday and exempted and not states.any():
            states = self.usual(day)
        if holiday and self.plan.holidays_unknown:
            states = np.full(2 * DAY, UNKNOWN, dtype=np.uint8)
            states[DAY:] = CLOSED
        return states

    def doubtful(self, closure: Closure, rules: Sequence[Rule], day: int) -> bool:
        """Tell whether a closure may turn open into no more than unknown."""
        if not closure.sure or closure.season:
            return True
        if closure.dates is None:
            return False
        if day in closure.dates.fuzzy:
            return True
        return any(rule.dates and not closure.dates.all <= rule.dates.all for rule in rules)

    def usual(self, day: int) -> ByteArray:
        """Return the hours of the open days around, where they are all the same."""
        plain = _Resolver(replace(self.plan, open_holidays=False, holidays_unknown=False))
        drawn = [plain.cell(day, weekday, holiday=False) for weekday in range(7)]
        some = [states for states in drawn if states.any()]
        if all((each == some[0]).all() for each in some):
            return some[0] if some else np.zeros(2 * DAY, dtype=np.uint8)
        return np.where(union(some) == CLOSED, CLOSED, UNKNOWN).astype(np.uint8)


def _close(states: ByteArray, closure: Closure, doubtful: bool) -> ByteArray:  # noqa: FBT001
    """Return the states with a closure drawn into them."""
    first, last = closure.part or (0, 2 * DAY)
    after = states.copy()
    if doubtful and closure.part is None and states.any():
        after[:DAY], after[DAY:] = UNKNOWN, CLOSED
        return after
    window = slice(first, last)
    if doubtful:
        after[window] = np.where(states[window] == OPEN, UNKNOWN, states[window])
    else:
        kept = closure.part is not None and states[window] == UNKNOWN
        after[window] = np.where(kept, UNKNOWN, CLOSED)
    if (first, last) == (HALF, 18 * HOUR) and states[last - 1] != CLOSED:
        rest = after[last:]
        rest[rest == OPEN] = UNKNOWN
    return after


# ---- writing ---------------------------------------------------------------------------------


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
            if all(d == empty or h == d for h, d in both) and alone:
                return "; ".join((alone, text)) if text else alone
        return "; ".join(filter(None, (text, _join(dates, "PH unknown"))))


def _week(resolver: _Resolver, day: int) -> _Week:
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


def _signature(plan: Plan, day: int) -> tuple[bool, ...]:
    """Return which dates of the plan a day of the year belongs to."""
    dates = [each.dates for each in (*plan.rules, *plan.closures) if each.dates]
    return tuple(day in part for each in dates for part in (each.sure, each.fuzzy))


def _year(plan: Plan) -> dict[_Week, list[int]]:
    """Return the distinct weeks and the days of the year on which they hold."""
    resolver = _Resolver(plan)
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
    told = [each.dates.all for each in (*plan.rules, *plan.closures) if each.dates]
    spread = frozenset[int]().union(*told)
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
            week = _week(_Resolver(replace(general, rules=rules)), day)
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
    resolver = _Resolver(general)
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
