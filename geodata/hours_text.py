"""What people write about opening hours, read into OSM ``opening_hours`` syntax.

The way of a text: one spelling and tokens (`geodata.hours_words`), phrases that say nothing about
the hours set aside (`geodata.hours_phrases`), times, days and dates (`geodata.hours_items`), what
belongs to what (here), resolved day by day and written (`geodata.hours_plan`). Valid OSM syntax
passes through. A word that is not understood makes the whole reading unknown: never open.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from opening_hours import validate

from geodata.hours_items import (
    DAY,
    HALF,
    HOUR,
    PARTS,
    WEEK,
    DateSel,
    DaySel,
    Item,
    Span,
    day_of_year,
    items,
)
from geodata.hours_phrases import Phrases, set_aside
from geodata.hours_plan import Closure, Plan, Rule, write
from geodata.hours_words import normalise, tokens

#: Longest text that is read (bytes of UTF-8).
MAX_BYTES = 1024

_SELECTORS = ("days", "dates", "season")
_TIMED = ("span", "h24", "all_day")
_UNREAD = (
    "other", "number", "range", "duration", "year", "day_number", "next_day", "next_year", "point",
    "part", "nth", "since", "without", "except", "open_end", "festival", "change",
)  # fmt: skip
#: Hours told for so few days of the year are not the hours of the place.
_FEW_DAYS = 3
_SUMMER, _WINTER = day_of_year(7, 15), day_of_year(1, 15)
_SEASON_DAY = {"夏": _SUMMER, "旺": _SUMMER, "冬": _WINTER, "淡": _WINTER}
_SHOWS = re.compile(
    r"演出|表演|弥撒|讲解|放映|课|秀|喷泉|仪式|礼拜|祷告|漂流|灯光|电影|开演|每场|一场|散场"
)
_PLACES = re.compile(
    r"(?:馆|站|点|园|区|店|厅|室|所|中心|处|院|堂|寺|宫|塔|厕|门|街道|广场|窗口|大厅|驿站|之家|服务)$"
)
_DOUBTFUL = re.compile(r"(?<!\d)(\d):\d\d-(?!\1)[0-9]:(?<=[0-5]:)")
_OSM_STATES = re.compile(r"\d:\d|24/7|\b(?:off|closed|unknown|sunrise|sunset|dawn|dusk|PH|SH)\b")


@dataclass(frozen=True)
class HoursReading:
    """What a text about opening hours says.

    Attributes
    ----------
    osm : str
        OSM ``opening_hours``; ``""`` when nothing is known.
    understood : str
        ``ok``; ``partial`` when something was left aside or is unknown at some hours; ``unknown``.
    warnings : tuple of str
        What was not understood or left aside.
    """

    osm: str
    understood: Literal["ok", "partial", "unknown"]
    warnings: tuple[str, ...] = ()


@dataclass
class _Group:
    """Spans that share their selectors, while the text is being read."""

    dates: DateSel | None = None
    days: DaySel | None = None
    season: frozenset[str] = frozenset()
    subject: str = ""
    spans: list[Span] = field(default_factory=list)
    whole: str = ""
    complete: bool = False


@dataclass(frozen=True)
class _Context:
    """The selectors that go on to hold for the next spans."""

    dates: DateSel | None = None
    days: DaySel | None = None
    season: frozenset[str] = frozenset()
    days_outside: bool = False


@dataclass(frozen=True)
class _Closed:
    """A closure as said, and the dates of the context in which it was said."""

    closure: Closure
    context: DateSel | None = None


@dataclass
class _Terms:
    """Selectors in front of or behind a word of closing: any of the terms, all parts of a term."""

    terms: list[_Context] = field(default_factory=list)
    part: str = ""
    exempt: bool = False
    sure: bool = True
    end: int = 0


class _Builder:
    """Puts items together: which selectors hold for which spans, and what closes when."""

    def __init__(self, found: Sequence[Item]) -> None:
        self.items = found
        self.groups: list[_Group] = []
        self.closures: list[_Closed] = []
        self.context = _Context()
        self.pending: list[Item] = []
        self.group: _Group | None = None
        self.subject = ""
        self.words: list[str] = []
        self.unread: list[str] = []
        self.brackets: list[tuple[_Context, _Group | None, int, str]] = []
        self.trailing = _trails(found)
        self.closed_at = -1
        self.season_dates: dict[frozenset[str], DateSel] = {}
        self.last = ""
        self.approximate = False
        self.open_holidays = False
        self.place = 0

    # ---- reading -----------------------------------------------------------------------------

    def build(self) -> None:
        """Read all items."""
        while self.place < len(self.items):
            item = self.items[self.place]
            if not self._closing():
                self.place += 1
                self._step(item)
        self._end_clause(final=True)

    def _step(self, item: Item) -> None:
        """Read one item that is not part of a closure."""
        steps = {
            "strong": self._end_clause,
            "open_bracket": self._open_bracket,
            "close_bracket": self._close_bracket,
            "normal": self._normal,
            "rest": self._rest,
        }
        if item.kind in _SELECTORS:
            self.pending.append(item)
        elif item.kind in _TIMED:
            self._timed(item)
        elif item.kind == "exempt":
            self._exempt(item)
        elif item.kind == "approx":
            self.approximate = True
        elif item.kind in _UNREAD:
            self._word(item)
        elif item.kind in steps:
            steps[item.kind]()

    def _word(self, item: Item) -> None:
        """Keep a word that is not understood; behind 24小时 it names what is meant."""
        if self._kind(self.place - 2) in ("h24", "all_day") and self.group is not None:
            self.group.subject, self.group.complete = item.text, True
        else:
            self.words.append(item.text)

    def _kind(self, place: int) -> str:
        """Return the kind of the item at a place, ``""`` outside."""
        return self.items[place].kind if 0 <= place < len(self.items) else ""

    # ---- rules -------------------------------------------------------------------------------

    def _timed(self, item: Item) -> None:
        """Take a span, 24 hours or 全天 into the group it belongs to."""
        subject = "".join(self.words)
        if self.words:
            self.subject = subject
        self.words = []
        self._trail()
        if self.pending:
            self._enter(self.pending)
            self.pending = []
            self.group = None
        if self.group is None or self.group.complete or self.group.subject != self.subject:
            now = self.context
            self.group = _Group(now.dates, now.days, now.season, self.subject)
            self.groups.append(self.group)
        if isinstance(item.value, Span):
            self.group.spans.append(item.value)
        elif not (self.group.whole == "h24" and item.kind == "all_day"):
            self.group.whole = item.kind
        self.last = "rule"

    def _trail(self) -> None:
        """Where selectors stand behind their spans, give the waiting ones to the last spans."""
        if self.trailing and self.pending and self.group is not None:
            self._postfix(self.pending, [self.group])
            self.pending = []

    def _enter(self, selectors: Sequence[Item]) -> None:
        """Make the selectors the context; an outer one goes on when an inner one changes."""
        said = _gather(selectors)
        dates, season = self._dated(said)
        days, now = said.days, self.context
        changes = dates is not None or bool(season)
        if changes and days is None:
            few = dates is not None and not dates.years and len(dates.all) <= len(WEEK)
            kept = now.days if now.days_outside and not few else None
            self.context = _Context(dates, kept, season, kept is not None)
        elif changes:
            first = next(item.kind for item in selectors)
            self.context = _Context(dates, days, season, first == "days")
        elif days is not None and days.ordinary:
            self.context = _Context(None, days, frozenset(), days_outside=True)
        elif now.days_outside and (now.dates or now.season):
            self.context = _Context(None, days, frozenset(), days_outside=True)
        else:
            outside = now.dates is None and not now.season
            self.context = replace(now, days=days, days_outside=outside)

    def _dated(self, said: _Context) -> tuple[DateSel | None, frozenset[str]]:
        """Return dates for a season that was given months, and remember those given here."""
        if said.season and said.dates is not None:
            if said.dates.festival:
                return replace(said.dates, fuzzy=said.dates.all, sure=frozenset()), frozenset()
            self.season_dates[said.season] = said.dates
            return said.dates, frozenset()
        if said.season in self.season_dates:
            return self.season_dates[said.season], frozenset()
        return said.dates, said.season

    def _open_bracket(self) -> None:
        """Remember what held before the bracket."""
        before = self._kind(self.place - 2)
        behind = "closure" if self.closed_at == self.place - 1 else before
        self.brackets.append((self.context, self.group, len(self.pending), behind))

    def _close_bracket(self) -> None:
        """Let selectors in a bracket behind spans hold for these spans."""
        if not self.brackets:
            return
        context, group, waiting, behind = self.brackets.pop()
        said = self.pending[waiting:]
        if behind == "closure":
            self._remark(said)
        elif behind not in (*_TIMED, "close_bracket"):
            pass
        elif self.words and group is not None and group is self.group and not said:
            group.subject, group.complete = "".join(self.words), True
            self.words = []
        elif said and group is not None and group is self.group and not waiting:
            self._postfix(said, [group])
            self.pending = []
        if self.group is not group:
            self.context = context
            if group is not None:
                self.group = group
                group.complete = True

    def _remark(self, selectors: Sequence[Item]) -> None:
        """Read a bracket behind a closure: its dates, or a reason, which changes nothing."""
        self.words = []
        said, last = _gather(selectors), self.closures[-1]
        if selectors and last.closure.dates is None:
            dates, season = self._dated(said)
            season = season if dates is None else frozenset()
            closure = replace(last.closure, dates=dates, season=season)
            self.closures[-1] = _Closed(closure)
            self.pending = self.pending[: -len(selectors)]

    def _postfix(self, selectors: Sequence[Item], groups: Sequence[_Group]) -> None:
        """Let selectors hold for spans in front of them."""
        said = _gather(selectors)
        dates, season = self._dated(said)
        for group in groups:
            if dates is not None:
                if group.season:
                    self.season_dates[group.season] = dates
                group.dates, group.season = dates, frozenset()
            group.season = season or group.season
            group.days = said.days if said.days is not None else group.days
            group.complete = True

    def _end_clause(self, *, final: bool = False) -> None:
        """At a full stop: what was not understood, and selectors that nothing followed."""
        if self.words:
            self.unread.append("".join(self.words))
            self.words = []
        self._trail()
        if not self.pending or (not final and not self._hangs()):
            return
        said = _gather(self.pending)
        free = [
            group
            for group in self.groups
            if (said.days is None or group.days is None)
            and (
                (said.dates is None and not said.season)
                or (group.dates is None and not group.season)
            )
        ]
        if free and len(free) == len(self.groups):
            self._postfix(self.pending, free)
        else:
            self._enter(self.pending)
            now = self.context
            self.groups.append(
                _Group(now.dates, now.days, now.season, self.subject, whole="untold")
            )
        self.pending = []

    def _hangs(self) -> bool:
        """Tell whether the next span, if any, has selectors of its own, so that ours hang."""
        if not self.groups:
            return False
        kinds = {item.kind for item in self.pending}
        for place in range(self.place, len(self.items)):
            kind = self._kind(place)
            if kind in kinds:
                return True
            if kind in _TIMED:
                return False
        return True

    def _normal(self) -> None:
        """Read ``节假日照常开放``: as usual on holidays."""
        said = _gather(self.pending)
        if said.days is not None and said.days.holiday and not said.days.days:
            self.open_holidays = True
            self.pending = []
        elif self.pending and self.groups and self._kind(self.place) not in (*_TIMED, "colon"):
            if any(group.days is not None for group in self.groups):
                self.groups.append(_Group(said.dates, said.days, said.season, "", whole="untold"))
            self.pending = []

    def _rest(self) -> None:
        """Read ``其余时间``: what follows holds wherever nothing else was said."""
        self._end_clause(final=True)
        self.context, self.group = _Context(), None

    def _exempt(self, item: Item) -> None:
        """Read ``节假日除外``: of a closure or of the rules, whichever was said last."""
        named = item.value
        if isinstance(named, DateSel):
            self.closures.append(_Closed(Closure(dates=named)))
        if not isinstance(named, DaySel):
            return
        if named.holiday and self.last == "closure" and self.closures:
            said = self.closures[-1]
            days = said.closure.days
            weekend = days is not None and days.days == frozenset({5, 6})
            self.open_holidays = self.open_holidays and not weekend
            self.closures[-1] = replace(said, closure=replace(said.closure, exempt=True))
            return
        self.closures.append(_Closed(Closure(days=named)))

    # ---- closures ----------------------------------------------------------------------------

    def _closing(self) -> bool:
        """Read a closure if one stands here."""
        kind = self._kind(self.place)
        if kind == "span" and self._breaks():
            return self._break()
        if kind in (*_SELECTORS, "exempt"):
            said = self._terms(self.place, leading=True)
            if said is None:
                return False
            self._closed(said)
            return True
        if kind in ("close", "break", "closed_label"):
            said = self._terms(self.place + 1, leading=False)
            if said is not None:
                self._label(said, repeated=kind == "closed_label")
                return True
            if self._kind(self.place + 1) == "span":
                return self._break_label()
            self.place += 1
            if kind == "close" and not self._after_pending():
                self.unread.append(self.items[self.place - 1].text)
            return True
        return False

    def _breaks(self) -> bool:
        """Tell whether a word of closing behind a span closes the span, not what follows it."""
        after = self._kind(self.place + 1), self._kind(self.place + 2)
        return after[0] in ("close", "break") and after[1] not in (*_SELECTORS, "span")

    def _label(self, said: _Terms, *, repeated: bool) -> None:
        """Take the closures behind a label such as 非营业时段, which may name several."""
        self._closed(said)
        while repeated and self._kind(self.place) in _SELECTORS:
            more = self._terms(self.place, leading=False)
            if more is None:
                return
            self._closed(more)

    def _after_pending(self) -> bool:
        """Read a word of closing whose selectors wait in front of a bracket or an aside."""
        if not self.pending:
            return False
        said = _gather(self.pending)
        self.pending = []
        self.closures.append(
            _Closed(Closure(said.dates, said.days, said.season), self.context.dates)
        )
        self.last = "closure"
        return True

    def _break(self) -> bool:
        """Read ``12:00-13:00闭馆``."""
        span = self.items[self.place].value
        said = _gather(self.pending)
        self.pending = []
        self.place += 2
        while self._kind(self.place) in ("close", "break"):
            self.place += 1
        if isinstance(span, Span):
            self._pause(said, span)
        return True

    def _break_label(self) -> bool:
        """Read ``午休12:00-13:00``."""
        span = self.items[self.place + 1].value
        self.place += 2
        said = _gather(self.pending)
        self.pending = []
        if isinstance(span, Span):
            self._pause(said, span)
        return True

    def _pause(self, said: _Context, span: Span) -> None:
        """Close for a part of the day."""
        part = (span.start, span.end)
        days = said.days
        self.closures.append(
            _Closed(Closure(said.dates, days, said.season, part), self.context.dates)
        )
        self.last = "closure"

    def _terms(self, start: int, *, leading: bool) -> _Terms | None:
        """Read selectors that end in a word of closing (or that follow one)."""
        said, place, separator = _Terms(), start, ""
        current: list[Item] = []
        while True:
            kind, item = self._kind(place), self.items[place] if place < len(self.items) else None
            if item is None or not self._term(said, current, item, separator):
                break
            if kind in _SELECTORS:
                separator = ""
            elif kind in ("and", "comma"):
                separator = kind
                following = self._kind(place + 1)
                if not leading and following not in _SELECTORS:
                    break
            place += 1
        if current:
            said.terms.append(_gather(current))
        if not said.terms:
            return None
        if leading:
            if self._kind(place) not in ("close", "break") or (
                self._kind(place) == "break" and self._kind(place + 1) == "span"
            ):
                return None
            place += 1
            while self._kind(place) in ("close", "break"):
                place += 1
        elif self._kind(place) == "span":
            span = self.items[place].value
            said.part = f"{span.start}-{span.end}" if isinstance(span, Span) else ""
            place += 1
        said.end = place
        return said

    def _term(self, said: _Terms, current: list[Item], item: Item, separator: str) -> bool:
        """Take one item into the terms; False ends them."""
        kind = item.kind
        if kind in _SELECTORS:
            if separator and current:
                if separator == "comma" and not _alike(current[-1], item):
                    return False
                said.terms.append(_gather(current))
                current.clear()
            current.append(item)
        elif kind == "exempt" and isinstance(item.value, DaySel) and item.value.holiday:
            said.exempt = True
        elif kind == "part" and current:
            said.part = str(item.value)
        elif kind == "approx":
            said.sure = False
        elif kind == "open_bracket":
            return self._only_dates_inside(item)
        else:
            return kind in ("and", "comma", "all_day", "colon", "opens", "close_bracket")
        return True

    def _only_dates_inside(self, bracket: Item) -> bool:
        """Tell whether a bracket holds nothing but dates or exceptions."""
        place = next(index for index, each in enumerate(self.items) if each is bracket) + 1
        while self._kind(place) in ("dates", "season", "exempt", "and", "comma"):
            place += 1
        return self._kind(place) == "close_bracket"

    def _closed(self, said: _Terms) -> None:
        """Take the terms as closures."""
        self.place = said.end
        part = _part(said.part)
        word = self.items[said.end - 1].text
        for term in said.terms:
            dates, season = self._dated(term)
            if _for_good(dates, word):
                self.unread.append(word)
            closure = Closure(dates, term.days, season, part, said.exempt, said.sure)
            context = self.context.dates if dates is None and not season else None
            self.closures.append(_Closed(closure, context))
        if self.words:
            self.unread.append("".join(self.words))
            self.words = []
        self.last = "closure"
        self.closed_at = self.place


def _trails(found: Sequence[Item]) -> bool:
    """Tell whether every span is followed by its selectors: ``8:00-18:00 周一至周五, 9:00-12:00 周六``."""
    order = ""
    for place, item in enumerate(found):
        letter = "T" if item.kind in _TIMED else "S" if item.kind in _SELECTORS else ""
        following = [each.kind for each in found[place + 1 : place + 3]]
        if letter == "S" and {"close", "break"} & set(following):
            return False
        order += letter if letter != order[-1:] else ""
    return order.startswith("TST") and order.endswith("S")


def _for_good(dates: DateSel | None, word: str) -> bool:
    """Tell whether a closure on one day of one year may mean from then on."""
    once = dates is not None and any(first == last for first, last in dates.years)
    return once and re.search("关|停业|停运|停止|歇业|闭站", word) is not None


def _part(text: str) -> tuple[int, int] | None:
    """Return the minutes of a part of the day, a name or ``from-to``."""
    if not text:
        return None
    if text in PARTS:
        return PARTS[text]
    first, dash, last = text.partition("-")
    return (int(first), int(last)) if dash else (0, DAY)


def _alike(one: Item, other: Item) -> bool:
    """Tell whether two selectors after a comma belong to one list."""
    if not isinstance(one.value, DaySel) or not isinstance(other.value, DaySel):
        return isinstance(one.value, DateSel) and isinstance(other.value, DateSel)
    return len(one.value.days) <= 2 or bool(one.value.days & other.value.days)  # noqa: PLR2004


def _gather(selectors: Sequence[Item]) -> _Context:
    """Return selectors as one: days or days, dates or dates, seasons or seasons."""
    dates: DateSel | None = None
    days: DaySel | None = None
    season = frozenset[str]()
    festival = False
    for item in selectors:
        if isinstance(item.value, DateSel):
            festival = festival or item.value.festival
            dates = item.value if dates is None else dates | item.value
        elif isinstance(item.value, DaySel):
            days = item.value if days is None else days | item.value
        elif isinstance(item.value, frozenset):
            season |= item.value
    if festival and dates is not None and dates.sure:
        dates = DateSel(fuzzy=dates.sure)
    return _Context(dates, days, season)


# ---- from what was built to a plan -------------------------------------------------------------


def _by_season(builder: _Builder) -> None:
    """Give seasons without months the dates of the only range that can be theirs."""
    dated = dict.fromkeys(group.dates for group in builder.groups if group.dates)

    def find(season: frozenset[str]) -> DateSel | None:
        day = next((_SEASON_DAY[each] for each in season if each in _SEASON_DAY), None)
        fitting = [dates for dates in dated if day is not None and day in dates.sure]
        return builder.season_dates.get(season) or (
            fitting[0] if len(dated) > 1 and len(fitting) == 1 else None
        )

    for group in builder.groups:
        dates = find(group.season) if group.season else None
        if dates is not None:
            group.dates, group.season = dates, frozenset()
    for place, said in enumerate(builder.closures):
        dates = find(said.closure.season) if said.closure.season else None
        if dates is not None:
            closure = replace(said.closure, dates=dates, season=frozenset())
            builder.closures[place] = _Closed(closure)


def _main(groups: list[_Group]) -> tuple[list[_Group], str]:
    """Return the groups of the place itself, and what its parts were called; none if unclear."""
    subjects = list(dict.fromkeys(group.subject for group in groups))
    if len(subjects) == 1:
        name = subjects[0]
        fits = not name or (_PLACES.search(name) is not None and not _SHOWS.search(name))
        return (groups, "") if fits else ([], name)
    if not groups or groups[0].subject:
        return [], "、".join(subjects)
    return [group for group in groups if not group.subject], "、".join(filter(None, subjects))


def _rule(group: _Group, groups: Sequence[_Group]) -> Rule | None:
    """Return a group as a rule; None where 全天 only means without a break."""
    spans = _afternoons(group.spans)
    if not spans and group.whole == "h24":
        spans = [Span(0, DAY)]
    elif not spans and group.whole == "untold":
        spans = [Span(0, DAY, sure=False)]
    elif not spans:
        others = [each for each in groups if each.spans]
        if any(each.days is None and each.dates == group.dates for each in others) and group.days:
            return None
        spans = [Span(0, DAY, sure=not others)]
    return Rule(tuple(spans), group.dates, group.days, group.season)


def _untold(groups: Sequence[_Group], kept: Sequence[_Group]) -> list[Rule]:
    """Return unknown hours for days of which only parts of the place were told."""
    if any(group.days is None or group.days.every for group in kept):
        return []
    told = frozenset[int]().union(*(group.days.days for group in kept if group.days))
    left = [group for group in groups if group not in kept and group.days]
    days = frozenset[int]().union(*(group.days.days for group in left if group.days)) - told
    return [Rule((Span(0, DAY, sure=False),), None, DaySel(days))] if days else []


def _afternoons(spans: Sequence[Span]) -> list[Span]:
    """Read ``8:00-11:30,2:00-5:00`` with the second span in the afternoon."""
    mended: list[Span] = []
    for span in spans:
        before = mended[-1] if mended else None
        early = (
            before and span.start < 6 * HOUR and span.end <= 8 * HOUR and span.start < before.start
        )
        fits = before and before.end <= span.start + HALF and 10 * HOUR <= before.end <= 15 * HOUR
        mended.append(
            replace(span, start=span.start + HALF, end=span.end + HALF) if early and fits else span
        )
    return mended


def _closures(builder: _Builder) -> tuple[Closure, ...]:
    """Return the closures; each in its own season where the seasons have different ones."""
    plain = [said for said in builder.closures if said.closure.dates is None and said.context]
    differing = {(said.context, said.closure.days) for said in plain}
    scoped = (
        len({context for context, _ in differing}) > 1 and len({days for _, days in differing}) > 1
    )
    return tuple(
        replace(said.closure, dates=said.context) if scoped and said in plain else said.closure
        for said in builder.closures
    )


def _ordinary(rules: Sequence[Rule]) -> list[Rule]:
    """Add that weekends are unknown where only ordinary days and holidays were told."""
    told = frozenset[int]().union(*(rule.days.days if rule.days else WEEK for rule in rules))
    holiday = any(rule.days and (rule.days.holiday or rule.days.school) for rule in rules)
    only_ordinary = any(rule.days and rule.days.ordinary for rule in rules)
    working = any(rule.days and rule.days.work for rule in rules)
    added = list(rules)
    if only_ordinary and any(rule.dates for rule in rules):
        return [replace(r, days=None) if r.days and r.days.ordinary else r for r in rules]
    if not told & {5, 6} and (only_ordinary or (working and holiday)):
        untold = Span(0, DAY, sure=False)
        added.append(Rule((untold,), None, DaySel(frozenset({5, 6}))))
    if any(rule.days and rule.days.school for rule in rules):
        added = _with_school(added)
    return added


def _with_school(rules: Sequence[Rule]) -> list[Rule]:
    """School holidays have no dates here: their hours are unknown wherever they differ."""
    doubtful = tuple(
        replace(span, sure=False)
        for rule in rules
        if rule.days and rule.days.school
        for span in rule.spans
    )
    plain = []
    for rule in rules:
        if rule.days and rule.days.school:
            if not rule.days.holiday and not rule.days.days:
                continue
            rule = replace(rule, days=replace(rule.days, school=False))  # noqa: PLW2901
        plain.append(replace(rule, spans=rule.spans + doubtful))
    return plain


def _plan(builder: _Builder, phrases: Phrases) -> tuple[Plan | None, list[str]]:
    """Return the plan and the reasons for doubt; None where nothing can be said."""
    _by_season(builder)
    groups, parts = _main(builder.groups)
    warnings = [f"hours of parts of the place left out: {parts}"] if parts else []
    if builder.groups and not groups:
        return None, [f"hours of different things: {parts}"]
    unread = [text for text in builder.unread if text.strip()]
    if unread:
        return None, ["not understood: " + "、".join(unread)]
    rules = [rule for group in groups if (rule := _rule(group, groups))]
    closures = _closures(builder)
    rules += _untold(builder.groups, groups)
    if rules and all(rule.dates and rule.dates.festival for rule in rules):
        return None, ["only festivals without fixed dates are told"]
    days = frozenset[int]().union(*(rule.dates.all if rule.dates else WEEK for rule in rules))
    if (
        rules
        and all(rule.dates and not rule.dates.years for rule in rules)
        and len(days) <= _FEW_DAYS
    ):
        return None, ["hours of single days only"]
    if not rules and closures:
        if all(each.dates and each.dates.years or each.part for each in closures):
            return None, ["only closures are told"]
        rules = [Rule((Span(0, DAY, sure=False),))]
        warnings.append("only closures are told")
    if builder.approximate:
        rules = [
            replace(rule, spans=tuple(replace(s, sure=False) for s in rule.spans)) for rule in rules
        ]
        warnings.append("approximate times")
    if _tangled(rules, closures):
        rules = [
            replace(rule, dates=None, spans=tuple(replace(s, sure=False) for s in rule.spans))
            for rule in rules
        ]
        closures = ()
        warnings.append("approximate seasons overlap")
    return Plan(
        tuple(_ordinary(rules)), closures, builder.open_holidays, phrases.holidays_unknown
    ), warnings


def _tangled(rules: Sequence[Rule], closures: Sequence[Closure]) -> bool:
    """Tell whether approximate dates of opening and closing run into each other."""
    told = [each.dates for each in (*rules, *closures) if each.dates and not each.dates.festival]
    return any(
        one is not other and len(one.fuzzy & other.fuzzy) > 0
        for one in told
        for other in told
        if one != other
    )


@lru_cache(maxsize=8192)
def read_hours(text: str) -> HoursReading:
    """Read what somebody wrote about opening hours.

    Parameters
    ----------
    text : str
        Chinese or English, or OSM ``opening_hours``, which passes through.

    Returns
    -------
    HoursReading
        What is not understood is unknown, with a warning. Never raises.

    Examples
    --------
    >>> read_hours("周一至周五 上午9点－下午5点，节假日休息").osm
    'Mo-Fr 09:00-17:00; PH off'
    >>> read_hours("9:00-16:00（周一闭馆）").osm
    'Tu-Su 09:00-16:00'
    >>> read_hours("25:00").understood
    'unknown'
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return HoursReading("", "unknown", (f"longer than {MAX_BYTES} bytes: {size}",))
    text = text.encode("utf-8", "replace").decode()
    passed = _osm(text.strip())
    if passed is not None:
        return passed
    phrases = set_aside(normalise(text))
    if not text.strip() or phrases.refusal:
        return HoursReading("", "unknown", (phrases.refusal or "no hours given",))
    builder = _Builder(items(tokens(phrases.text)))
    builder.build()
    plan, warnings = _plan(builder, phrases)
    osm = write(plan) if plan is not None and plan.rules else ""
    notes = (*phrases.notes, *warnings)
    if not osm or osm == "off" or not validate(osm):
        return HoursReading(
            "", "unknown", notes or (f"no opening hours understood: {text[:40]!r}",)
        )
    partly = bool(notes) or "unknown" in osm or phrases.leaves_early(_ends(builder))
    if partly and not notes:
        notes = (
            ("hours are unknown at some times",)
            if "unknown" in osm
            else ("last entry is before closing",)
        )
    return HoursReading(osm, "partial" if partly else "ok", notes)


def _ends(builder: _Builder) -> frozenset[int]:
    """Return the closing times that were read, in minutes."""
    return frozenset(span.end for group in builder.groups for span in group.spans)


def _osm(text: str) -> HoursReading | None:
    """Return valid OSM syntax as it is, if it says when: a comment or bare days do not."""
    bare = re.sub(r'"[^"]*"', "", text)
    clock_only = re.fullmatch(r"[\s\d:,;-]*", bare) is not None
    spans = [part for part in bare.split(";") if re.fullmatch(r"[\s\d:,+-]*", part)]
    if clock_only or len(spans) > 1 or _DOUBTFUL.search(bare) or "\n" in text:
        return None
    if not _OSM_STATES.search(bare) or not validate(text):
        return None
    sun = re.search(r"sunrise|sunset|dawn|dusk", bare)
    if sun or re.search(r"\bSH\b", bare):
        reason = (
            "the sun is taken to rise at 07:00 and set at 19:00"
            if sun
            else "school holidays are not known"
        )
        return HoursReading(text, "partial", (reason,))
    return HoursReading(
        text,
        "partial" if "unknown" in bare else "ok",
        () if "unknown" not in bare else ("hours are unknown at some times",),
    )
