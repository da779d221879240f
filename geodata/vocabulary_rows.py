"""The rows of the domain's words: kinds, facilities, needs, access, states, tiers, modes."""

from dataclasses import dataclass
from typing import Protocol


class Word(Protocol):
    """What every row has.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to write it.
    """

    @property
    def code(self) -> str:
        """Return the stable code."""

    @property
    def zh(self) -> str:
        """Return the Chinese name."""

    @property
    def en(self) -> str:
        """Return the English name."""

    @property
    def synonyms(self) -> tuple[str, ...]:
        """Return other ways to write it."""


@dataclass(frozen=True)
class Kind:
    """A kind of place, such as ``care_station``.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to write it.
    counts_by_default : bool
        True if it counts as a station unless the question says otherwise.
    is_place : bool
        False for persons, hotlines and online services, which never fill a gap.
    """

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...]
    counts_by_default: bool
    is_place: bool


@dataclass(frozen=True)
class Facility:
    """Something that a station offers, or a zone in it.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to write it.
    is_zone : bool
        True for a part of the room (reading area) rather than a thing.
    gives : tuple of str
        Codes of the facilities that a zone brings with it; empty for a thing.
    """

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...]
    is_zone: bool
    gives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need:
    """What a worker asks for.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to say it.
    facilities : tuple of str
        Codes of facilities, any of which serves the need.
    """

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...]
    facilities: tuple[str, ...]


@dataclass(frozen=True)
class AccessMethod:
    """How one gets in.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to write it.
    counts_by_default : bool
        True if any worker can enter this way.
    """

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...]
    counts_by_default: bool


@dataclass(frozen=True)
class Status:
    """A state in the life of a station.

    Attributes
    ----------
    code, zh, en : str
        The stable code and the names for people.
    synonyms : tuple of str
        Other ways to write it.
    counts_by_default : bool
        True if a station in this state serves people now.
    """

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...]
    counts_by_default: bool = True


@dataclass(frozen=True)
class Tier:
    """A tier of the unions' network, from province to village.

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
