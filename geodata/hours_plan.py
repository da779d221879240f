"""What was said about opening hours, resolved day by day and written as OSM ``opening_hours``.

A `Plan` holds rules (these spans on those dates and days) and closures in the order of the text.
It is resolved for each kind of day: what holds on this date, weekday, holiday or not? The specific
beats the general; of seasons without months only what they have in common is open, the rest
unknown; contradictions are unknown. `geodata.hours_write` writes days that agree together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geodata.hours_values import DAY, HALF, HOUR, DateSel, DaySel, Span
from geodata.model import ByteArray

CLOSED, OPEN, UNKNOWN = 0, 1, 2


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
    rest_unknown : bool
        Outside the hours one may get in too, by a code or by appointment.
    """

    rules: tuple[Rule, ...]
    closures: tuple[Closure, ...] = ()
    open_holidays: bool = False
    holidays_unknown: bool = False
    rest_unknown: bool = False


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
class Resolver:
    """Answers for one kind of day."""

    plan: Plan

    def rules(self, day: int, weekday: int, *, holiday: bool) -> list[Rule]:
        """Return the rules that hold, those with dates first."""
        dated = [rule for rule in self.plan.rules if rule.dates and day in rule.dates.all]
        undated = [rule for rule in self.plan.rules if rule.dates is None]
        for pool in (_narrowest(dated), undated):
            chosen = _of_day(pool, weekday, holiday=holiday)
            if chosen and all(rule.dates and rule.dates.festival for rule in chosen):
                return chosen + _of_day(undated, weekday, holiday=holiday)
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
        if self.plan.rest_unknown:
            states[:DAY][states[:DAY] == CLOSED] = UNKNOWN
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
        plain = Resolver(replace(self.plan, open_holidays=False, holidays_unknown=False))
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
