"""What is asked of a week: who travels how, which days, of which stations and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from geodata.calendar import Calendar
from geodata.errors import Fault, ValidationError
from geodata.hours import SHANGHAI
from geodata.model import FloatArray
from geodata.vocabulary import Group, Vocabulary
from locator.clock_week import monday_of, plain_week
from locator.coverage import CoverageRequest
from locator.selection import Register
from locator.view import ModeView

_WALK = "walk"
_YEARS = (1970, 2199)


@dataclass(frozen=True)
class Travellers:
    """Who counts, and how they travel.

    Attributes
    ----------
    group : Group or None
        The only group that counts, while it works; None: everybody, at all hours.
    mode : str
        The mode they are asked about.
    own_mode : str
        The group's own mode; ``""`` for everybody.
    scale : float
        Speed as a multiple of the mode's.
    on_foot : bool
        They may also walk, where that is the only way or the faster one.
    """

    group: Group | None
    mode: str
    own_mode: str = ""
    scale: float = 1.0
    on_foot: bool = False

    @property
    def fell_back(self) -> bool:
        """Return whether the group is asked about by another mode than its own."""
        return bool(self.own_mode) and self.own_mode != self.mode


def travellers(
    vocabulary: Vocabulary, group: str | None, mode: str | None, prepared: Sequence[str]
) -> Travellers:
    """Return who counts and how they travel.

    Parameters
    ----------
    vocabulary : Vocabulary
        The known groups.
    group : str or None
        Code of a group; None: everybody.
    mode : str or None
        Code of a mode; None: the group's own or on foot, whichever is faster, where the former was
        prepared; else ``walk``.
    prepared : sequence of str
        Modes of the dataset.

    Returns
    -------
    Travellers
        The mode is not checked where it was named.

    Raises
    ------
    ValidationError
        If there is no such group.
    """
    if group is None:
        return Travellers(None, mode or _WALK)
    if group not in vocabulary.groups:
        fix = f"use one of {', '.join(vocabulary.groups)}"
        fault = Fault("group", f"{group!r} is not known", fix)
        raise ValidationError.of([fault], code="unknown_code")
    row = vocabulary.groups[group]
    own = row.mode if row.mode in prepared else _WALK if _WALK in prepared else prepared[0]
    on_foot = mode is None and own != _WALK and _WALK in prepared
    return Travellers(row, mode or own, row.mode, row.speed_factor, on_foot)


def week_asked(week: str | date | None, calendar: Calendar) -> date:
    """Return the Monday of the week asked for.

    Parameters
    ----------
    week : str, date or None
        A day of it; None: the next week without a holiday or a swapped working day.
    calendar : Calendar
        Holidays and shifted working days.

    Returns
    -------
    date
        A Monday.

    Raises
    ------
    ValidationError
        If the text is no day of the years 1970 to 2199.
    """
    if week is None:
        return plain_week(datetime.now(SHANGHAI).date(), calendar)
    try:
        day = date.fromisoformat(week.strip()) if isinstance(week, str) else week
    except ValueError:
        day = date.min
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        what = f"expected a day of the years {_YEARS[0]} to {_YEARS[1]}, got {str(week)[:40]!r}"
        raise ValidationError.of([Fault("week", what, "for example 2026-10-01")])
    return monday_of(day.date() if isinstance(day, datetime) else day)


@dataclass(frozen=True)
class ClockRequest:
    """What is asked.

    Attributes
    ----------
    coverage : CoverageRequest
        Conditions without a time, and the limit.
    monday : date
        First day of the week.
    region : int or None
        Row of the only region that counts; None: all.
    who : Travellers
        Who counts, and how they travel.
    exact : bool
        People are counted at their homes.
    """

    coverage: CoverageRequest
    monday: date
    region: int | None
    who: Travellers
    exact: bool = False

    @property
    def group(self) -> str | None:
        """Code of the only group that counts; None: everybody, at all hours."""
        return None if self.who.group is None else self.who.group.code


@dataclass(frozen=True)
class ClockContext:
    """What a clock is asked of.

    Attributes
    ----------
    view : ModeView
        Network, places and people of the mode.
    register : Register
        The stations.
    calendar : Calendar
        Holidays and shifted working days.
    regions : sequence of (id, name)
        The region table.
    piece_m : array (q,) of float64
        Lengths of the street pieces (m).
    foot : ModeView, optional
        On foot, where those asked about may also walk.
    """

    view: ModeView
    register: Register
    calendar: Calendar
    regions: Sequence[tuple[str, str]]
    piece_m: FloatArray
    foot: ModeView | None = None
