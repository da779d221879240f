"""What belongs to what: selectors to the spans before or behind them.

`Groups` walks over the items and keeps groups of spans with their days, dates and seasons. An
outer selector goes on to hold when an inner one changes (``周二至周日 夏季…冬季…``); a bracket
behind spans says when they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from geodata.hours_plan import Closure
from geodata.hours_values import DAY, WEEK, DateSel, DaySel, Item, Span

SELECTORS = ("days", "dates", "season")
TIMED = ("span", "h24", "all_day")


@dataclass
class Group:
    """Spans that share their selectors, while the text is being read."""

    dates: DateSel | None = None
    days: DaySel | None = None
    season: frozenset[str] = frozenset()
    subject: str = ""
    spans: list[Span] = field(default_factory=list)
    whole: str = ""
    complete: bool = False


@dataclass(frozen=True)
class Context:
    """The selectors that go on to hold for the next spans."""

    dates: DateSel | None = None
    days: DaySel | None = None
    season: frozenset[str] = frozenset()
    days_outside: bool = False


@dataclass(frozen=True)
class Closed:
    """A closure as said, and the dates of the context in which it was said."""

    closure: Closure
    context: DateSel | None = None


class Groups:
    """Puts spans and their selectors together."""

    def __init__(self, found: Sequence[Item]) -> None:
        self.items = found
        self.groups: list[Group] = []
        self.closures: list[Closed] = []
        self.context = Context()
        self.pending: list[Item] = []
        self.group: Group | None = None
        self.subject = ""
        self.words: list[str] = []
        self.unread: list[str] = []
        self.unread_at = -1
        self.brackets: list[tuple[Context, Group | None, int, str]] = []
        self.trailing = _trails(found)
        self.labelled = _labels(found)
        self.closed_at = -1
        self.season_dates: dict[frozenset[str], DateSel] = {}
        self.last = ""
        self.approximate = False
        self.open_holidays = False
        self.place = 0

    def _kind(self, place: int) -> str:
        """Return the kind of the item at a place, ``""`` outside."""
        return self.items[place].kind if 0 <= place < len(self.items) else ""

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
            self.group = Group(now.dates, now.days, now.season, self.subject)
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
        said = gather(selectors)
        dates, season = self._dated(said)
        days, now = said.days, self.context
        changes = dates is not None or bool(season)
        if changes and days is None:
            few = dates is not None and not dates.years and len(dates.all) <= len(WEEK)
            kept = now.days if now.days_outside and not few else None
            self.context = Context(dates, kept, season, kept is not None)
        elif changes:
            first = next(item.kind for item in selectors)
            self.context = Context(dates, days, season, first == "days")
        elif (days is not None and days.ordinary) or (
            now.days_outside and (now.dates or now.season)
        ):
            self.context = Context(None, days, frozenset(), days_outside=True)
        else:
            outside = now.dates is None and not now.season
            self.context = replace(now, days=days, days_outside=outside)

    def _dated(self, said: Context) -> tuple[DateSel | None, frozenset[str]]:
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
        bracket = self.brackets.pop() if self.brackets else None
        leads = self.labelled and self._kind(self.place) in (*TIMED, "colon")
        if bracket is None or leads:
            return
        context, group, waiting, behind = bracket
        said = self.pending[waiting:]
        if behind == "closure":
            self._remark(said)
        elif behind not in (*TIMED, "close_bracket"):
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
        said, last = gather(selectors), self.closures[-1]
        if selectors and last.closure.dates is None:
            dates, season = self._dated(said)
            season = season if dates is None else frozenset()
            closure = replace(last.closure, dates=dates, season=season)
            self.closures[-1] = Closed(closure)
            self.pending = self.pending[: -len(selectors)]

    def _postfix(self, selectors: Sequence[Item], groups: Sequence[Group]) -> None:
        """Let selectors hold for spans in front of them."""
        said = gather(selectors)
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
        said = gather(self.pending)
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
            self.groups.append(Group(now.dates, now.days, now.season, self.subject, whole="untold"))
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
            if kind in TIMED:
                return False
        return True

    def _normal(self) -> None:
        """Read ``节假日照常开放``: as usual on holidays."""
        said = gather(self.pending)
        if said.days is not None and said.days.holiday and not said.days.days:
            self.open_holidays = True
            self.pending = []
        elif self._kind(self.place) in (*TIMED, "colon"):
            pass
        elif said.dates is not None and said.dates.festival:
            self.pending = []
        elif self.pending and self.groups:
            if any(group.days is not None for group in self.groups):
                self.groups.append(Group(said.dates, said.days, said.season, "", whole="untold"))
            self.pending = []

    def _rest(self) -> None:
        """Read ``其余时间``: what follows holds wherever nothing else was said."""
        self._end_clause(final=True)
        self.context, self.group = Context(), None
        while self._kind(self.place) == "close":
            self.place += 1

    def _booking(self) -> None:
        """Read ``周末预约``: nobody knows when."""
        if self.pending:
            self._enter(self.pending)
            self.pending = []
            now = self.context
            self.groups.append(Group(now.dates, now.days, now.season, self.subject, whole="untold"))

    def _exempt(self, item: Item) -> None:
        """Read ``节假日除外``: of a closure or of the rules, whichever was said last."""
        named = item.value
        if isinstance(named, Span):
            self.closures += [Closed(Closure(part=part)) for part in parts(named)]
        if isinstance(named, DateSel):
            self.closures.append(Closed(Closure(dates=named)))
        if not isinstance(named, DaySel):
            return
        if named.holiday and self.last == "closure" and self.closures:
            said = self.closures[-1]
            days = said.closure.days
            weekend = days is not None and days.days == frozenset({5, 6})
            self.open_holidays = self.open_holidays and not weekend
            self.closures[-1] = replace(said, closure=replace(said.closure, exempt=True))
            return
        self.closures.append(Closed(Closure(days=named)))


def _trails(found: Sequence[Item]) -> bool:
    """Tell whether selectors stand behind their spans: ``8:00-18:00 周一至五, 9:00-12:00 周六``."""
    order, clause = "", ""
    for place, item in enumerate(found):
        clause = "" if item.kind == "strong" else clause
        if item.kind in SELECTORS and place and found[place - 1].kind == "close":
            continue
        letter = "T" if item.kind in TIMED else "S" if item.kind in SELECTORS else ""
        following = [each.kind for each in found[place + 1 : place + 3]]
        if letter == "S" and {"close", "break"} & set(following):
            continue
        clause += letter
        if clause.startswith("S") and "T" in clause and order.startswith("T"):
            return False
        order += letter if letter != order[-1:] else ""
    return order.startswith("TST") and order.endswith("S")


def parts(span: Span) -> list[tuple[int, int]]:
    """Return the parts of a day that a pause takes up, the morning after midnight as well."""
    morning = [(0, span.end - DAY)] if span.end > DAY else []
    return [(span.start, span.end), *morning]


def _labels(found: Sequence[Item]) -> bool:
    """Tell whether selectors stand in brackets before their spans: ``【周一至周五】8:00-18:00``."""
    kinds = [item.kind for item in found if item.kind != "colon"]
    if kinds[:1] != ["open_bracket"] or "close_bracket" not in kinds:
        return False
    end = kinds.index("close_bracket")
    inside = set(kinds[1:end]) - {"and", "comma"}
    return (
        bool(inside)
        and inside <= set(SELECTORS)
        and kinds[end + 1 : end + 2] in ([kind] for kind in TIMED)
    )


def gather(selectors: Sequence[Item]) -> Context:
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
    if days is not None and days.school and dates is not None:
        days = replace(days, school=False) if days.days or days.holiday else None
    return Context(dates, days, season)
