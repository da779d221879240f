"""The answer about the week as it goes out: the same object over HTTP and on the command line."""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
import orjson

from geodata.calendar import Calendar
from geodata.errors import Fault, LimitError
from geodata.model import FloatArray
from locator.clock import ClockAnswer
from locator.clock_parts import Part
from locator.clock_request import Travellers, travellers, week_asked
from locator.clock_week import DAY_HOURS, days_of
from web.clock_question import ClockQuestion
from web.dependencies import check_question
from web.geojson import records
from web.keeping import tag_of
from web.service import Service
from web.summaries import Discretion, discreet_gap

_SHARE_DIGITS, _LENGTH_DIGITS, _AREA_DIGITS = 4, 3, 4
_QUANTITIES = ("homes", "workers", "street_km")


Q = TypeVar("Q", bound=ClockQuestion)


@dataclass(frozen=True)
class Clock:
    """An answer about the week, with what it was made of.

    Attributes
    ----------
    found : locator.clock.ClockAnswer
        Unrounded; for the data's owner.
    shown : dict
        As it may leave.
    """

    found: ClockAnswer
    shown: dict[str, Any]


def check_clock(service: Service, question: Q) -> Q:
    """Check a question, and settle what it leaves open.

    Parameters
    ----------
    service : Service
        Knows limits, vocabulary and data.
    question : ClockQuestion
        Checked by its model.

    Returns
    -------
    ClockQuestion
        With the Monday of its week.

    Raises
    ------
    LimitError
        Naming each limit passed, or for a mode that was not prepared.
    ValidationError
        For codes, groups and days that do not exist.
    UnknownRegionError
        If there is no such region.
    """
    check_question(question, service.settings, service.vocabulary)
    modes = service.index.modes
    who = travellers(service.vocabulary, question.group, question.mode, modes)
    if who.mode not in modes:
        fault = Fault("mode", "not in this dataset", f"it has: {', '.join(modes)}")
        raise LimitError(str(fault), code="mode_not_prepared", faults=[fault])
    service.check_region(question.region)
    monday = week_asked(question.week, service.index.timetable.calendar)
    return question.model_copy(update={"week": monday.isoformat()})


def clock_tag(service: Service, question: ClockQuestion) -> str:
    """Return the tag of an answer: dataset, parameters and week.

    Parameters
    ----------
    service : Service
        Names the dataset.
    question : ClockQuestion
        From `check_clock`.

    Returns
    -------
    str
        A weak entity tag.
    """
    asked = [service.name, question.model_dump(), service.settings.rounded_to]
    return tag_of(orjson.dumps(["clock", *asked, service.settings.smallest_count]))


def clock_of(service: Service, question: ClockQuestion) -> Clock:
    """Ask about a week.

    Parameters
    ----------
    service : Service
        Holds the data; figures are exact where ``private/`` was opened.
    question : ClockQuestion
        From `check_clock`.

    Returns
    -------
    Clock
        The locator's answer, and the object of the interface.
    """
    found = service.index.clock(
        mode=question.mode,
        minutes=question.minutes,
        needs=tuple(question.need),
        kinds=tuple(question.kind),
        access=tuple(question.access),
        region=question.region,
        include=tuple(question.include),
        week=question.week,
        group=question.group,
        exact=service.dataset.homes is not None,
    )
    exact = found.people is not None and found.exact
    shown = _Shown(found, None if exact else service.discretion)
    return Clock(found, {**shown.object(), **_about(service, question, found)})


def _about(service: Service, question: ClockQuestion, found: ClockAnswer) -> dict[str, Any]:
    """Return what an answer says about its question and data."""
    mode = service.vocabulary.modes[found.request.who.mode]
    warning = service.index.timetable.holiday_warning(found.at[-1])
    return {
        "parameters": {
            **question.model_dump(exclude={"lang"}),
            "mode": mode.code,
            "linger_minutes": service.settings.linger_seconds / 60,
            "speed_kph": mode.speed_kph * found.request.who.scale,
            "counted": {
                **service.counted(question),
                "statuses": ["open", *question.include],
            },
        },
        "dataset": service.name,
        "warnings": [text for text in (warning, _fallback(found.request.who)) if text],
    }


def _fallback(who: Travellers) -> str:
    """Return a sentence where a group is asked about by another mode than its own, else nothing."""
    if not who.fell_back:
        return ""
    return (
        f"this group travels by {who.own_mode}, which was not prepared or not asked for: "
        f"the figures are for {who.mode}"
    )


class _Shown:
    """The figures of a week as they may leave.

    Parameters
    ----------
    found : ClockAnswer
        Unrounded.
    discretion : Discretion or None
        How much may leave; None for the data's owner.
    """

    def __init__(self, found: ClockAnswer, discretion: Discretion | None) -> None:
        self._found = found
        self._discretion = discretion

    def object(self) -> dict[str, Any]:
        """Return all figures."""
        found, discretion = self._found, self._discretion
        hours = self._hours()
        exact = found.people is not None and found.exact
        return {
            "week": found.request.monday.isoformat(),
            "days": self._days(),
            "hours": hours,
            "worst": None if found.worst is None else hours[found.worst],
            "distinct_open_sets": found.distinct_open_sets,
            "share_of": "street_km" if found.people is None else "homes",
            **self._totals(found.all),
            "person_hours": self._person_hours(found.all),
            "group": self._group(),
            "groups": {code: self._part(part) for code, part in found.groups.items()},
            "regions": [
                {"id": code, "name": name, **self._part(part)} for code, name, part in found.regions
            ],
            "gaps": self._gaps(),
            "people": "exact" if exact else "from cells",
            "rounded_to": None if discretion is None else discretion.rounded_to,
        }

    def _days(self) -> list[dict[str, Any]]:
        """Return the days, and what is special about each."""
        calendar = self._found.calendar
        days = days_of(self._found.request.monday)
        return [
            {
                "date": day.isoformat(),
                "weekday": day.weekday(),
                "kind": _kind(day, calendar),
                "label": calendar.label(day),
            }
            for day in days
        ]

    def _figures(self, name: str, values: FloatArray) -> list[Any]:
        """Return figures of one quantity: rounded where they are about people."""
        if name == "street_km":
            return [round(value, _LENGTH_DIGITS) for value in values.tolist()]
        if self._discretion is not None:
            step = self._discretion.rounded_to
            figures: list[int] = (np.floor(values / step + 0.5) * step).astype(np.int64).tolist()
            return figures
        exact: list[float] = values.tolist()
        return exact

    def _figure(self, name: str, value: float) -> Any:
        """Return one figure."""
        return self._figures(name, np.array([value]))[0]

    def _shares(self, part: Part, name: str) -> list[float | None]:
        """Return shares that tell no more than the rounded figures do."""
        if name not in part.series:
            return [None] * len(self._found.at)
        series, discretion = part.series[name], self._discretion
        if discretion is None or name == "street_km":
            exact = series.share
            return exact if discretion is None else [_share(share) for share in exact]
        whole = discretion.figure(series.total)
        if not whole:
            return [_share(share) for share in series.share]
        covered = self._figures(name, series.covered / series.total * series.total)
        return [_share(part / whole) for part in covered]  # as `summaries` has it

    def _uncovered(self, part: Part, name: str) -> list[Any]:
        """Return what is not covered at each hour; None where the quantity is not counted."""
        if name not in part.series:
            return [None] * len(self._found.at)
        return self._figures(name, part.series[name].uncovered)

    def _columns(self, part: Part) -> dict[str, list[Any]]:
        """Return the figures of each hour."""
        return {
            "share_covered": self._shares(part, part.base_name),
            "share_workers": self._shares(part, "workers"),
            **{f"{name}_uncovered": self._uncovered(part, name) for name in _QUANTITIES},
        }

    def _hours(self) -> list[dict[str, Any]]:
        """Return the 168 hours."""
        found = self._found
        columns = self._columns(found.all)
        sets = found.sets.of_hour.tolist()
        return [
            {
                "weekday": row // DAY_HOURS,
                "hour": row % DAY_HOURS,
                "at": at.isoformat(),
                "works": bool(found.all.works[row]),
                "open_set": sets[row],
                **{name: values[row] for name, values in columns.items()},
            }
            for row, at in enumerate(found.at)
        ]

    def _totals(self, part: Part) -> dict[str, Any]:
        """Return all that there is of each quantity."""
        return {
            name: self._figure(name, part.series[name].total) if name in part.series else None
            for name in _QUANTITIES
        }

    def _person_hours(self, part: Part) -> dict[str, Any] | None:
        """Return the person-hours of a part."""
        hours = part.person_hours
        if hours is None or self._discretion is None:
            return hours
        return person_hours_told(part, self._discretion)

    def _part(self, part: Part) -> dict[str, Any]:
        """Return a region or a group: arrays of 168, in the order of the hours."""
        worst = part.worst
        return {
            **self._totals(part),
            "works": part.works.tolist(),
            **{key: values for key, values in self._columns(part).items() if _told(key, part)},
            "worst": None
            if worst is None
            else {"weekday": worst // DAY_HOURS, "hour": worst % DAY_HOURS},
            "person_hours": self._person_hours(part),
        }

    def _group(self) -> dict[str, Any] | None:
        """Return who was asked about, and how they travel."""
        who = self._found.request.who
        if who.group is None:
            return None
        row = who.group
        return {
            "code": row.code,
            "mode": who.mode,
            "own_mode": who.own_mode,
            "or_on_foot": who.on_foot,
            "mode_fell_back": who.fell_back,
            "speed_factor": who.scale,
            "weekday": [row.weekday_from, row.weekday_to],
            "weekend": [row.weekend_from, row.weekend_to],
            "source": row.source,
        }

    def _gaps(self) -> list[dict[str, Any]]:
        """Return the gaps of the week without their shapes."""
        return shown_gaps(self._found, self._discretion)


def person_hours_told(part: Part, discretion: Discretion) -> dict[str, int]:
    """Return the person-hours of a part as they may leave.

    Parameters
    ----------
    part : Part
        Has workers.
    discretion : Discretion
        How much may leave.

    Returns
    -------
    dict
        ``total`` and ``uncovered``, rounded. In an hour in which fewer than the smallest count are
        there, or have no station, they are rounded first: times the hours of a week, a rounded
        product alone would give their number away.
    """
    workers = part.series["workers"]
    step, least = discretion.rounded_to, discretion.smallest_count

    def added(people: FloatArray) -> int:
        coarse = np.floor(people / step + 0.5) * step
        return discretion.figure(float(np.where(people < least, coarse, people).sum()))

    hours = np.count_nonzero(part.works)
    return {
        "total": added(np.full(hours, workers.total)),
        "uncovered": added(workers.uncovered[part.works]),
    }


def _share(value: float | None) -> float | None:
    """Return a share as it may leave."""
    return None if value is None else round(value, _SHARE_DIGITS)


def _kind(day: date, calendar: Calendar) -> str:
    """Return ``holiday``, ``workday`` for a swapped one, or ``""``."""
    if calendar.is_holiday(day):
        return "holiday"
    return "workday" if calendar.label(day) else ""


def _told(column: str, part: Part) -> bool:
    """Return whether a column of a part is about something that is counted."""
    of = {"share_covered": part.base_name, "share_workers": "workers"}
    return of.get(column, column.removesuffix("_uncovered")) in part.series


def shown_gaps(found: ClockAnswer, discretion: Discretion | None) -> list[dict[str, Any]]:
    """Return the gaps of a week as they may leave.

    Parameters
    ----------
    found : ClockAnswer
        Unrounded.
    discretion : Discretion or None
        How much may leave; None for the data's owner.

    Returns
    -------
    list of dict
        In the order of ``found.gaps``; ``homes``, ``workers`` and ``person_hours`` are null and
        ``suppressed`` is true for a gap with too few workers.
    """
    out = []
    for gap in records(found.gaps.to_geodataframe()):
        exact = discretion is None
        shown = discreet_gap(gap, discretion or Discretion(1, 0), exact=exact)
        hours = shown["person_hours"]
        if shown["suppressed"] or hours is None:
            shown["person_hours"] = None
        elif discretion is not None:
            shown["person_hours"] = discretion.figure(hours)
        shown["area_km2"] = round(shown["area_km2"], _AREA_DIGITS)
        for name in ("region", "near", "near_en"):
            shown[name] = shown[name] or None
        out.append(shown)
    return out
