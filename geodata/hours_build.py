"""What closes when, and the walk over all items.

A closure is selectors with a word of closing behind them (``周一闭馆``) or before them
(``休息日:周一``), or a part of the day (``12:00-13:00午休``). Exceptions (``节假日除外``) belong to
what was said last.
"""

import re
from dataclasses import dataclass, field

from geodata.hours_groups import SELECTORS, TIMED, Closed, Context, Groups, gather, parts
from geodata.hours_plan import Closure
from geodata.hours_values import DAY, PARTS, DateSel, DaySel, Item, Span

_CLOSING = ("close", "break")
_LABELS = (*_CLOSING, "closed_label")
_NAMES = ("other", "number", "day_number")
_UNREAD = (
    "other", "number", "range", "duration", "year", "day_number", "next_day", "next_year", "point",
    "part", "nth", "since", "without", "except", "open_end", "festival", "change",
)  # fmt: skip


@dataclass
class _Terms:
    """Selectors in front of or behind a word of closing: any of the terms, all parts of a term."""

    terms: list[Context] = field(default_factory=list)
    part: str = ""
    exempt: bool = False
    sure: bool = True
    end: int = 0


class Builder(Groups):
    """Puts items together: which selectors hold for which spans, and what closes when."""

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
            "booking": self._booking,
        }
        if item.kind in SELECTORS:
            self.pending.append(item)
        elif item.kind in TIMED:
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
        before = self._kind(self.place - 2), self._kind(self.place - 3)
        if before[0] in ("h24", "all_day") and self.group is not None:
            self.group.subject, self.group.complete = item.text, True
        elif item.kind in _NAMES and self._names(*before):
            self.words.append(item.text)
        elif self.unread and self.unread_at == self.place - 1:
            self.unread[-1] += item.text
            self.unread_at = self.place
        else:
            self.unread.append(item.text)
            self.unread_at = self.place

    def _names(self, before: str, earlier: str) -> bool:
        """Tell whether a word stands where a part of the place can be named."""
        behind_span = before == "span" or (before == "colon" and earlier == "span")
        in_list = before == "and" or (before == "comma" and bool(self.pending))
        return not behind_span and not in_list

    def _closing(self) -> bool:
        """Read a closure if one stands here."""
        kind = self._kind(self.place)
        if kind in (*SELECTORS, "exempt"):
            said = self._terms(self.place, leading=True)
            if said is not None:
                self._closed(said)
            return said is not None
        if kind == "part":
            return self._kind(self.place + 1) in _CLOSING and self._part_closes()
        found = kind in _LABELS or (kind == "span" and self._breaks())
        if found and kind == "span":
            self._break()
        elif found:
            self._label(kind)
        return found

    def _part_closes(self) -> bool:
        """Read ``下午休息``, ``中午闭馆`` behind hours; at noon nobody knows from when."""
        name = str(self.items[self.place].value)
        if name not in PARTS or self.group is None or self._kind(self.place + 2) == "span":
            return False
        said = gather(self.pending)
        self.pending = []
        self.place += 2
        if name != "noon" or not self._pauses():
            closure = Closure(said.dates, said.days, said.season, PARTS[name], sure=name != "noon")
            self.closures.append(Closed(closure, self.context.dates))
        return True

    def _pauses(self) -> bool:
        """Tell whether the hours themselves leave out some time around noon."""
        first, last = PARTS["noon"]
        spans = self.group.spans if self.group else []
        return any(first <= span.end <= last for span in spans) and len(spans) > 1

    def _breaks(self) -> bool:
        """Tell whether a word of closing behind a span closes the span, not what follows it."""
        after = self._kind(self.place + 1), self._kind(self.place + 2)
        return after[0] in ("close", "break") and after[1] not in (*SELECTORS, "span")

    def _label(self, kind: str) -> None:
        """Read a word of closing that stands in front: 休息日:周一, 午休12:00-13:00."""
        said = self._terms(self.place + 1, leading=False)
        if said is None and self._kind(self.place + 1) == "span":
            self._break_label()
        elif said is None:
            self.place += 1
            if kind == "break" and self._noon():
                return
            if kind == "break" or (kind == "close" and not self._after_pending()):
                self.unread.append(self.items[self.place - 1].text)
        while said is not None:
            self._closed(said)
            repeated = kind == "closed_label" and self._kind(self.place) in SELECTORS
            said = self._terms(self.place, leading=False) if repeated else None

    def _noon(self) -> bool:
        """Read ``午休`` behind hours, of which nobody knows when."""
        ends = ("", "close_bracket", "strong", "comma", *SELECTORS)
        if self.group is None or self._kind(self.place) not in ends:
            return False
        if not self._pauses():
            closure = Closure(part=PARTS["noon"], sure=False)
            self.closures.append(Closed(closure, self.context.dates))
        return True

    def _after_pending(self) -> bool:
        """Read a word of closing whose selectors wait in front of a bracket or an aside."""
        if not self.pending:
            return False
        said = gather(self.pending)
        self.pending = []
        self.closures.append(
            Closed(Closure(said.dates, said.days, said.season), self.context.dates)
        )
        self.last = "closure"
        return True

    def _break(self) -> None:
        """Read ``12:00-13:00闭馆``."""
        span = self.items[self.place].value
        said = gather(self.pending)
        self.pending = []
        self.place += 2
        while self._kind(self.place) in ("close", "break"):
            self.place += 1
        if isinstance(span, Span):
            self._pause(said, span)

    def _break_label(self) -> None:
        """Read ``午休12:00-13:00``."""
        span = self.items[self.place + 1].value
        self.place += 2
        said = gather(self.pending)
        self.pending = []
        if isinstance(span, Span):
            self._pause(said, span)

    def _pause(self, said: Context, span: Span) -> None:
        """Close for a part of the day."""
        for part in parts(span) if said.days is None else [(span.start, span.end)]:
            closure = Closure(said.dates, said.days, said.season, part)
            self.closures.append(Closed(closure, self.context.dates))
        self.last = "closure"

    def _terms(self, start: int, *, leading: bool) -> _Terms | None:
        """Read selectors that end in a word of closing (or that follow one)."""
        said, current = _Terms(end=start), list[Item]()
        self._collect(said, current, leading=leading)
        if current:
            said.terms.append(gather(current))
        named = bool(said.terms)
        if not named or (leading and not self._closed_behind(said)):
            return None
        span = self.items[said.end].value if self._kind(said.end) == "span" else None
        if not leading and isinstance(span, Span):
            said.part = f"{span.start}-{span.end}"
            said.end += 1
        return said

    def _collect(self, said: _Terms, current: list[Item], *, leading: bool) -> None:
        """Take items into the terms as far as they go."""
        separator = ""
        while said.end < len(self.items):
            item = self.items[said.end]
            if not self._term(said, current, item, separator):
                return
            if item.kind in SELECTORS:
                separator = ""
            elif item.kind in ("and", "comma"):
                separator = item.kind
                if not leading and self._kind(said.end + 1) not in SELECTORS:
                    return
            said.end += 1

    def _closed_behind(self, said: _Terms) -> bool:
        """Read the words of closing behind the terms; False if there are none."""
        kinds = self._kind(said.end), self._kind(said.end + 1)
        if kinds[0] not in _CLOSING or kinds == ("break", "span"):
            return False
        while self._kind(said.end) in _CLOSING:
            said.end += 1
        return True

    def _term(self, said: _Terms, current: list[Item], item: Item, separator: str) -> bool:
        """Take one item into the terms; False ends them."""
        kind = item.kind
        if kind in SELECTORS:
            if separator and current:
                if separator == "comma" and not _alike(current[-1], item):
                    return False
                said.terms.append(gather(current))
                current.clear()
            current.append(item)
        elif kind == "exempt" and isinstance(item.value, DaySel) and item.value.holiday:
            said.exempt = True
        elif kind == "part" and current:
            said.part = "" if separator else str(item.value)
            said.sure = said.sure and not separator
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
            sure = said.sure and said.part != "noon"
            closure = Closure(dates, term.days, season, part, said.exempt, sure)
            context = self.context.dates if dates is None and not season else None
            self.closures.append(Closed(closure, context))
        if self.words:
            self.unread.append("".join(self.words))
            self.words = []
        self.last = "closure"
        self.closed_at = self.place


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
