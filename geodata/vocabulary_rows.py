"""The rows of the domain's words: kinds, facilities, needs, access, states, modes, groups."""

import re
from dataclasses import dataclass

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_HOUR_MINUTES, _DAY_MINUTES = 60, 1440
#: Largest speed of a group as a multiple of its mode's.
_MOST_FACTOR = 5.0


@dataclass(frozen=True)
class Word:
    """What every word has.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to write it.
    """

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class Kind(Word):
    """A kind of place, such as ``care_station``.

    Attributes
    ----------
    counts_by_default : bool
        True if it counts as a station unless the question says otherwise.
    is_place : bool
        False for persons, hotlines and online services, which never fill a gap.
    is_person : bool
        True for a person, whose telephone number is never public.
    """

    counts_by_default: bool
    is_place: bool
    is_person: bool = False


@dataclass(frozen=True)
class Facility(Word):
    """Something that a station offers, or a zone in it.

    Attributes
    ----------
    is_zone : bool
        True for a part of the room (reading area) rather than a thing.
    gives : tuple of str
        Codes of the facilities that a zone brings with it; empty for a thing.
    """

    is_zone: bool
    gives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need(Word):
    """What a worker asks for.

    Attributes
    ----------
    facilities : tuple of str
        Codes of facilities, any of which serves the need.
    """

    facilities: tuple[str, ...]


@dataclass(frozen=True)
class AccessMethod(Word):
    """How one gets in.

    Attributes
    ----------
    counts_by_default : bool
        True if any worker can enter this way.
    """

    counts_by_default: bool


@dataclass(frozen=True)
class Status(Word):
    """A state in the life of a station.

    Attributes
    ----------
    counts_by_default : bool
        True if a station in this state serves people now.
    """

    counts_by_default: bool = True


@dataclass(frozen=True)
class Tier(Word):
    """A tier of the unions' network, from province to village."""


@dataclass(frozen=True)
class Mode:
    """A way to travel.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    speed_kph : float
        Door-to-door speed (km/h); 0 where the road class decides.
    slow_factor, fast_factor : float
        The band around the default speed.
    source : str
        Where the figures come from.
    """

    code: str
    zh: str
    en: str
    speed_kph: float
    slow_factor: float
    fast_factor: float
    source: str


@dataclass(frozen=True)
class Group(Word):
    """A group of workers: how they travel, and when they work.

    Attributes
    ----------
    mode : str
        Code of the mode they travel by.
    speed_factor : float
        Their speed as a multiple of the mode's.
    weekday_from, weekday_to : str
        From and to when they work on working days (``HH:MM``, local time); a span that ends before
        it begins goes on after midnight; both empty: not at all.
    weekend_from, weekend_to : str
        The same for weekends and holidays.
    source : str
        Where the figures come from.

    Raises
    ------
    ValueError
        If a time is none, one of two is missing, or the speed is not above 0.
    """

    mode: str = "walk"
    speed_factor: float = 1.0
    weekday_from: str = "00:00"
    weekday_to: str = "24:00"
    weekend_from: str = "00:00"
    weekend_to: str = "24:00"
    source: str = ""

    def __post_init__(self) -> None:
        """Check the times and the speed."""
        for free in (False, True):
            self.span(free=free)
        if not 0 < self.speed_factor <= _MOST_FACTOR:
            raise ValueError(f"speed_factor must be above 0, at most {_MOST_FACTOR}")

    def span(self, *, free: bool) -> tuple[int, int] | None:
        """Return when the group works on a day.

        Parameters
        ----------
        free : bool
            A weekend or a holiday.

        Returns
        -------
        tuple of int or None
            Minutes after the day's midnight, the second above the first and at most two days;
            None where the group does not work.

        Examples
        --------
        >>> night = Group("x", "", "", (), weekday_from="22:00", weekday_to="06:00")
        >>> night.span(free=False)
        (1320, 1800)
        """
        begin, end = (
            (self.weekend_from, self.weekend_to) if free else (self.weekday_from, self.weekday_to)
        )
        if not begin and not end:
            return None
        first, last = _minutes(begin), _minutes(end)
        return first, last if last > first else last + _DAY_MINUTES


def _minutes(text: str) -> int:
    """Return the minutes after midnight of a time such as 04:00."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"expected a time such as 04:00, got {text!r}")
    hour, minute = (part for part in found.groups() if part is not None)
    return int(hour) * _HOUR_MINUTES + int(minute)
