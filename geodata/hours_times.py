"""Tokens to spans of the clock: the part of the reader that knows times.

``9:00-17:00``, ``上午9点至下午5点``, ``8:00开门,20:00关门``, ``9-17点``, ``16:00-次日4:00``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from geodata.hours_values import DAY, HOUR, Clock, Item, Span, make_span
from geodata.hours_words import Token

PERIODS = {
    "凌晨": "dawn",
    **dict.fromkeys(
        ("清晨", "早晨", "早上", "早间", "上午", "午前", "早", "每早", "白天", "朝"), "am"
    ),
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
#: Latest hour of a day, and noon.
_MIDNIGHT, _AFTERNOON = 24, 12


@dataclass
class TimeReader:
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

    def read_clock(self) -> Clock | None:
        """Read one time with the words before it."""
        start, period, next_day = self.place, "", False
        while self.kind() in ("period", "next_day", "meal", "colon", "date_word", "break_word"):
            token = self.take()
            if token.kind == "next_day":
                next_day = True
            elif token.kind == "period":
                period = PERIODS.get(token.text, "eve")
            elif token.kind == "meal":
                period = period or _meal(token.text)
        made = self._read_digits(period, next_day=next_day)
        if made is None:
            self.place = start
        return made

    def _read_digits(self, period: str, *, next_day: bool) -> Clock | None:
        """Read the digits of a time."""
        kind = self.kind()
        if kind == "time":
            token = self.take()
            hour, minute, half = token.parts[-3:]
            marked = _half(half, int(hour or 0)) or period
            padded = token.text.startswith("0") or len(hour or "") > 1
            return Clock(
                int(hour or 0), int(minute or 0), marked, next_day, padded, half is not None
            )
        if kind == "time_zh":
            hour, half, quarter, minute = self.take().parts
            minutes = 30 if half else int(quarter) * 15 if quarter else int(minute or 0)
            return Clock(int(hour or 0), minutes, period, next_day, numeral=True)
        if kind == "time_en":
            hour, half = self.take().parts
            return Clock(int(hour or 0), 0, _half(half, int(hour or 0)), next_day, numeral=True)
        return None

    def _read_number(self, other: Clock | None) -> Clock | None:
        """Read a bare number as an hour where that is the only sense it can have."""
        if self.kind() != "number" or not (other or self.clock_context):
            return None
        if self.kind(1) in ("day_number", "number", "other", "date"):
            return None
        hour = int(self.take().text)
        return (
            Clock(hour, 0, other.period if other else "", numeral=True)
            if hour <= _MIDNIGHT
            else None
        )

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
        opens = first is not None and self.kind() == "opens"
        self.place += opens
        if first is None or not (self.kind() == "range" or (opens and self._shuts_after())):
            return None
        while self.kind() in ("range", "comma", "and", "strong"):
            self.place += 1
        if self.kind() == "open_end":
            self.place += 1
            return Span(first.minutes(closing=False), DAY, sure=False)
        last = self._read_closing(first)
        self.place += opens and last is not None and self.kind() in ("close", "shuts")
        return make_span(first, last) if last is not None else None

    def _read_closing(self, first: Clock) -> Clock | None:
        """Read the later time of a span."""
        if self.kind() == "period" and self.kind(1) not in (
            "time",
            "time_zh",
            "time_en",
            "number",
            "colon",
            "next_day",
        ):
            word = PERIODS.get(self.text(), self.text())
            hour = {"noon": 12, "午夜": 24, "midnight": 24}.get(word)
            self.place += hour is not None
            return None if hour is None else Clock(hour, 0)
        last = self.read_clock()
        if last is not None:
            return last
        last = self._read_number(first)
        if last is None or last.hour * HOUR + last.minute <= first.minutes(closing=False):
            return None
        return Clock(last.hour, 0)

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
            period = PERIODS.get(self.take().text, "eve")
        else:
            period = ""
        if self.kind() != "number" or self.kind(1) != "range":
            return None
        hour = int(self.take().text)
        self.place += 1
        first = Clock(hour, 0, period, numeral=True)
        last = self.read_clock()
        if last is not None and last.numeral:
            return make_span(first, last)
        bare = self._read_number(first) if last is None else None
        if bare is None or not self.clock_context:
            return None
        start, end = first.minutes(closing=False), bare.minutes(closing=True)
        return Span(start, end) if start < end <= DAY else None


def _meal(word: str) -> str:
    """Return the part of the day that a meal or session hints at."""
    return next((period for start, period in _MEAL if word.startswith(start)), "")


def _half(letter: str | None, hour: int) -> str:
    """Return the period of an am or pm; ``17:00pm`` has none."""
    if letter is None or hour > _AFTERNOON:
        return ""
    return "pm" if letter == "p" else "midnight_am"
