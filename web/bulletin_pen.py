"""How a bulletin writes figures, times and codes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from web.bulletin import Facts
from web.bulletin_words import WORDS
from web.map_text import CAUSES
from web.map_words import NAME_LIMIT, clip, number, percent


class Placed(Protocol):
    """Something that lies near a street."""

    @property
    def near(self) -> str:
        """The street, ``""`` for none."""

    @property
    def near_en(self) -> str:
        """The same in English."""


class Pen:
    """Writes figures, times and codes of one set of facts in one language.

    Parameters
    ----------
    facts : Facts
        What is told.
    lang : str
        ``zh`` or ``en``.
    """

    def __init__(self, facts: Facts, lang: str) -> None:
        self.facts, self.lang = facts, lang
        self.words = WORDS[lang]
        self.labels = facts.labels[lang]

    def say(self, key: str, **values: Any) -> str:
        """Fill a text.

        Parameters
        ----------
        key : str
            Which.
        **values : Any
            What goes into its places.

        Returns
        -------
        str
            Plain text.
        """
        unit = "minute" if self.minutes == "1" else "minutes"
        return self.words[key].format(**{"unit": unit, **values})

    def share(self, value: float | None) -> str:
        """Write a share as the map does, in words where it is tiny.

        Parameters
        ----------
        value : float or None
            Between 0 and 1.

        Returns
        -------
        str
            Such as ``70.0%``.
        """
        text = percent(value)
        return self.words["less"] if text.startswith("<") else text

    def figure(self, value: float | None) -> str:
        """Write homes, workers, or kilometres where there are no homes.

        Parameters
        ----------
        value : float or None
            A figure.

        Returns
        -------
        str
            Kilometres have one decimal.
        """
        return number(value) if self.facts.by_homes else kilometres(value)

    def name(self, text: str) -> str:
        """Return what a stranger called something.

        Parameters
        ----------
        text : str
            A name.

        Returns
        -------
        str
            One line, no longer than a map shows it.
        """
        return clip(text, NAME_LIMIT)

    def near(self, place: Placed) -> str:
        """Return the street that something is told by.

        Parameters
        ----------
        place : Placed
            What it is.

        Returns
        -------
        str
            In the language where the map has it; ``""`` for none.
        """
        return self.name(place.near_en if self.lang == "en" else place.near)

    def listed(self, table: str, codes: Iterable[str], between: str = "and") -> str:
        """Return the names of codes as one text.

        Parameters
        ----------
        table : str
            Such as ``kind``.
        codes : iterable of str
            Codes.
        between : str, optional
            Key of what stands between them.

        Returns
        -------
        str
            In the order given.
        """
        names = (self.labels.get(table, {}).get(code, code) for code in codes)
        return self.words[between].join(clip(name, NAME_LIMIT) for name in names)

    def counts(self, table: str, tally: Mapping[str, int]) -> str:
        """Return counts by code as one text.

        Parameters
        ----------
        table : str
            Of the codes; ``state`` for open, closed, unknown.
        tally : mapping of str to int
            Counts.

        Returns
        -------
        str
            Such as ``care station 89, drivers' home 2``.
        """
        parts = []
        for code, count in tally.items():
            label = (
                self.words[f"state_{code}"]
                if table == "state"
                else clip(self.labels.get(table, {}).get(code, code), NAME_LIMIT)
            )
            parts.append(self.say("count_of", name=label, count=number(count)))
        return self.words["and"].join(parts)

    def moment(self, time: datetime) -> str:
        """Write a day and a time of day.

        Parameters
        ----------
        time : datetime
            In the time zone of the place.

        Returns
        -------
        str
            Such as ``03:00 on Sunday, 22 November 2026``.
        """
        weekday = self.words["weekdays"].split()[time.weekday()]
        return self.say("moment", clock=f"{time:%H:%M}", weekday=weekday, **self._day(time))

    def date(self, iso: str) -> str:
        """Write a day.

        Parameters
        ----------
        iso : str
            ISO 8601.

        Returns
        -------
        str
            What came, where it is no day.
        """
        try:
            day = datetime.fromisoformat(iso)
        except ValueError:
            return clip(iso, 40)
        return self.say("date", **self._day(day))

    def _day(self, time: datetime) -> dict[str, Any]:
        """Return the parts of a day."""
        months = self.words.get("months", "").split()
        return {
            "year": time.year,
            "month": time.month,
            "day": time.day,
            "month_name": months[time.month - 1] if months else "",
        }

    @property
    def mode(self) -> str:
        """The mode in words."""
        return self.listed("mode", [str(self.facts.parameters["mode"])])

    @property
    def by(self) -> str:
        """How one travels, as it stands in a sentence."""
        key = f"by_{self.facts.parameters['mode']}"
        return self.say(key if key in self.words else "by", mode=self.mode)

    @property
    def nearest(self) -> str:
        """What the nearest station is called: the one that meets all that was asked for."""
        asked = self.facts.parameters
        fits = asked["at"] or asked["need"] or asked["kind"] or asked["access"]
        return self.words["nearest_fit" if fits else "nearest"]

    @property
    def minutes(self) -> str:
        """The limit."""
        return f"{self.facts.parameters['minutes']:g}"

    def causes(self, codes: Sequence[str]) -> str:
        """Return causes in words.

        Parameters
        ----------
        codes : sequence of str
            Codes.

        Returns
        -------
        str
            As the map calls them.
        """
        return self.words["semicolon"].join(CAUSES[self.lang].get(code, code) for code in codes)


def kilometres(value: float | None) -> str:
    """Write a length or an area.

    Parameters
    ----------
    value : float or None
        Kilometres.

    Returns
    -------
    str
        With one decimal and thousands set apart.

    Examples
    --------
    >>> kilometres(12979.317), kilometres(None)
    ('12,979.3', '–')
    """
    return number(None) if value is None else f"{value:,.1f}"


def capital(text: str) -> str:
    """Return a sentence that begins with a capital, where the script has them.

    Parameters
    ----------
    text : str
        A sentence.

    Returns
    -------
    str
        The same in Chinese.
    """
    return text[:1].upper() + text[1:]
