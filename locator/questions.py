"""The public words of a question, checked, and what they mean for one dataset."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import geopandas as gpd
import numpy as np

from geodata.errors import Fault, LimitError, ValidationError
from geodata.hours import SHANGHAI, local, parse_at
from locator.coverage import CoverageRequest, Question
from locator.selection import Conditions, Register
from locator.view import ModeView

#: Largest limit and number of stations one may ask for.
MOST_MINUTES = 120
MOST_STATIONS = 50
MOST_AT_LEAST = 5


def within(name: str, value: float, most: int, *, least: int = 1) -> None:
    """Refuse what is not a whole number, or is out of its limits.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : number
        What was given.
    most, least : int
        The limits.

    Raises
    ------
    LimitError
        Naming the parameter and the limits.
    """
    if not isinstance(value, int | np.integer) or not least <= value <= most:
        raise LimitError(f"{name} must be a whole number between {least} and {most}, got {value}")


@dataclass(frozen=True)
class Asked:
    """The words in which coverage, what-if, the week and plans are asked for; limits are checked.

    Attributes
    ----------
    minutes : int
        The limit, 1–120.
    at : str, datetime, date or None
        Time of leaving; None: hours do not matter; nor do they for a day, on which stations exist.
    needs, kinds, access, include : str or sequence of str
        Codes, as `locator.selection.Conditions` has them; a single one may come without its list.
    region : str or None
        Id of the only region that counts.
    stations_at_least : int
        Covered means so many stations within the limit, 1–5.
    exact : bool
        Count at the homes themselves where ``private/`` was opened.

    Raises
    ------
    LimitError
        If ``minutes`` or ``stations_at_least`` is out of range.
    """

    minutes: int
    at: str | date | None = None
    needs: Sequence[str] = ()
    kinds: Sequence[str] = ()
    access: Sequence[str] = ()
    region: str | None = None
    include: Sequence[str] = ()
    stations_at_least: int = 1
    exact: bool = False

    def __post_init__(self) -> None:
        """Refuse what is out of its limits."""
        within("minutes", self.minutes, MOST_MINUTES)
        within("stations_at_least", self.stations_at_least, MOST_AT_LEAST)

    @property
    def conditions(self) -> Conditions:
        """What a station must satisfy, at no time yet."""
        return Conditions(
            _codes(self.needs),
            _codes(self.kinds),
            _codes(self.access),
            _codes(self.include),
            distinct=self.stations_at_least > 1,
        )


@dataclass(frozen=True)
class Posed:
    """A checked question about one mode of a dataset.

    Attributes
    ----------
    view : ModeView
        Network, places and people of the mode.
    register : Register
        The stations.
    request : CoverageRequest
        What is asked.
    region : int or None
        Row of the only region that counts; None: all.
    names : tuple of (id, name)
        The region table.
    exact : bool
        Count at the homes themselves where they are open.
    """

    view: ModeView
    register: Register
    request: CoverageRequest
    region: int | None
    names: tuple[tuple[str, str], ...]
    exact: bool

    @property
    def key(self) -> tuple[str, CoverageRequest, int | None, bool]:
        """All that an answer depends on within one index."""
        return self.view.mode, self.request, self.region, self.exact

    @cached_property
    def question(self) -> Question:
        """What the layers are judged by."""
        return Question(
            self.register,
            self.view.travel,
            self.request,
            self.register.select(self.request.conditions, self.request.limit_ms),
            self.region,
            clipped=len(self.names) > 0,
            barriers=self.view.barriers,
        )


class Desk:
    """Takes questions about one dataset: checks their words and says what they mean.

    Parameters
    ----------
    register : Register
        The stations.
    regions : GeoDataFrame
        ``id`` and ``name``.
    """

    def __init__(self, register: Register, regions: gpd.GeoDataFrame) -> None:
        self.register = register
        self.names = tuple(zip(regions["id"], regions["name"], strict=True))

    def dated(self, conditions: Conditions, at: str | date | None) -> Conditions:
        """Return checked conditions with a time, to the second, and a day.

        Parameters
        ----------
        conditions : Conditions
            At no time yet.
        at : str, datetime, date or None
            Time of leaving; None: hours do not matter; nor do they for a day.

        Returns
        -------
        Conditions
            Of the day of leaving, else of the day given, else of today.

        Raises
        ------
        InputError
            For an unknown code, or a time that is none.
        """
        when, day = None, datetime.now(SHANGHAI).date()
        if isinstance(at, str | datetime):
            when = parse_at(at) if isinstance(at, str) else local(at)
        elif at is not None:
            day = at
        if when is not None:
            when = when.replace(microsecond=0)
            day = when.date()
        made = replace(conditions, at=when, on=day)
        made.check(self.register.vocabulary)
        return made

    def pose(self, asked: Asked, view: ModeView) -> Posed:
        """Return a checked question.

        Parameters
        ----------
        asked : Asked
            Its words.
        view : ModeView
            What it is asked of.

        Returns
        -------
        Posed
            Ready to be answered.

        Raises
        ------
        InputError
            For an unknown code or region.
        """
        conditions = self.dated(asked.conditions, asked.at)
        speed = self.register.vocabulary.modes[view.mode]
        request = CoverageRequest(
            conditions,
            asked.minutes,
            asked.stations_at_least,
            speed.slow_factor,
            speed.fast_factor,
        )
        row = self.region(asked.region)
        return Posed(view, self.register, request, row, self.names, asked.exact)

    def region(self, code: str | None) -> int | None:
        """Return the row of a region.

        Parameters
        ----------
        code : str or None
            Its id; None: all.

        Returns
        -------
        int or None
            None for all.

        Raises
        ------
        ValidationError
            If there is none such.
        """
        if code is None:
            return None
        ids = [name for name, _ in self.names]
        if code not in ids:
            raise ValidationError.of(
                [Fault("region", f"{code!r} is not a region of this dataset")],
                code="unknown_region",
            )
        return ids.index(code)


def _codes(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return codes as a tuple; a single one may come without its list."""
    return (value,) if isinstance(value, str) else tuple(value)
