"""Public holidays of mainland China and the working days that are shifted for them.

The State Council publishes each year's arrangement in the autumn before. Years up to the newest
one known come from the package ``chinesecalendar``; ``geodata/data/holidays.csv`` (``date, kind,
name, source``; kind ``holiday`` or ``workday``) adds years that the package does not know yet, or
replaces a year as a whole. A year in neither is *missing*: that is a state with a sentence, never
a guess and never a crash.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import chinese_calendar

from geodata.errors import Fault, HolidayDataMissingError, ValidationError
from geodata.package_data import data_text

#: Weekday whose rules a shifted working day follows unless another is asked for.
MONDAY = 0

_KINDS = ("holiday", "workday")


@dataclass(frozen=True)
class Calendar:
    """The days on which the week is not as usual.

    Attributes
    ----------
    holidays : mapping of date to str
        Public holidays, all days off of each, with their names.
    workdays : mapping of date to str
        Saturdays and Sundays that are worked (调休), with the holiday they pay for.
    years : frozenset of int
        Years for which the two are complete.
    shifted_as : int or None
        Weekday (0 = Monday) whose rules a shifted working day follows; None for its own.

    Examples
    --------
    >>> from datetime import date
    >>> load_calendar().label(date(2026, 10, 10))
    '调休上班（国庆节）'
    """

    holidays: Mapping[date, str] = field(default_factory=dict)
    workdays: Mapping[date, str] = field(default_factory=dict)
    years: frozenset[int] = frozenset()
    shifted_as: int | None = MONDAY

    @property
    def last_year(self) -> int:
        """The last year with data; 0 when there is none."""
        return max(self.years, default=0)

    def is_holiday(self, day: date) -> bool:
        """Tell whether `day` is a public holiday (False in a year without data)."""
        return day in self.holidays

    def weekday(self, day: date) -> int:
        """Return the weekday (0 = Monday) whose rules `day` follows."""
        if self.shifted_as is not None and day in self.workdays:
            return self.shifted_as
        return day.weekday()

    def label(self, day: date) -> str:
        """Return what is special about `day` in Chinese, ``""`` for an ordinary day."""
        if day in self.holidays:
            return self.holidays[day]
        if day in self.workdays:
            name = self.workdays[day]
            return f"调休上班（{name}）" if name else "调休上班"
        return ""

    def warning(self, day: date) -> str:
        """Return ``""``, or a sentence when the year of `day` has no holiday data."""
        return "" if day.year in self.years else f"holiday data missing for {day.year}"

    def holidays_of(self, year: int) -> tuple[date, ...]:
        """Return the public holidays of a year.

        Parameters
        ----------
        year : int
            A year of the Gregorian calendar.

        Returns
        -------
        tuple of date
            In order.

        Raises
        ------
        HolidayDataMissingError
            If the year has no data.
        """
        if year not in self.years:
            raise HolidayDataMissingError(
                f"holiday data missing for {year}: known are the years up to {self.last_year}; "
                "add the year to geodata/data/holidays.csv"
            )
        return tuple(sorted(day for day in self.holidays if day.year == year))


def load_calendar(path: Path | None = None, *, shifted_as: int | None = MONDAY) -> Calendar:
    """Return the public holidays known to the package and to our own yearly file.

    Parameters
    ----------
    path : Path, optional
        Another file than ``geodata/data/holidays.csv``, with the same columns.
    shifted_as : int or None
        Weekday (0 = Monday) whose rules a shifted working day follows; None for its own.

    Returns
    -------
    Calendar
        Years that stand in the file are taken from the file alone.

    Raises
    ------
    ValidationError
        If rows of the file cannot be read; names all of them.
    """
    if path is None:
        return _packaged(shifted_as)
    return _combine(path.read_text(encoding="utf-8-sig"), path.name, shifted_as)


@lru_cache(maxsize=8)
def _packaged(shifted_as: int | None) -> Calendar:
    """Return the calendar with the file that comes with this package."""
    return _combine(data_text("holidays.csv"), "holidays.csv", shifted_as)


def _combine(text: str, name: str, shifted_as: int | None) -> Calendar:
    """Return the package's years overlaid by the years of a file."""
    own = _parse(text.splitlines(), name)
    own_years = {day.year for day, _, _ in own}
    chinese = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    holidays, workdays = (
        {day: str(chinese.get(what, what)) for day, what in table.items()}
        for table in (chinese_calendar.holidays, chinese_calendar.workdays)
    )
    years = frozenset(day.year for day in holidays) | own_years
    tables = {"holiday": holidays, "workday": workdays}
    kept = {
        kind: {day: what for day, what in table.items() if day.year not in own_years}
        | {day: what for day, row_kind, what in own if row_kind == kind}
        for kind, table in tables.items()
    }
    return Calendar(kept["holiday"], kept["workday"], years, shifted_as)


def _parse(lines: Iterable[str], name: str) -> list[tuple[date, str, str]]:
    """Return the rows of a holiday file as (date, kind, name), or refuse all bad rows at once."""
    rows, faults = [], []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        kind, text = (row.get("kind") or "").strip(), (row.get("date") or "").strip()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            faults.append(Fault(f"{name} row {number}", f"expected a date, got {text!r}"))
            continue
        if kind not in _KINDS:
            faults.append(
                Fault(f"{name} row {number}", f"expected holiday or workday, got {kind!r}")
            )
            continue
        rows.append((day, kind, (row.get("name") or "").strip()))
    if faults:
        raise ValidationError.of(faults)
    return rows
