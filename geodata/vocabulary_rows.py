"""The rows of the domain's words: kinds, facilities, needs, access, states, tiers, modes."""

from dataclasses import dataclass


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
