"""The 168 hours of a week on the wall clock, and in which of them a group of workers works."""

from datetime import date, datetime, timedelta

import numpy as np

from geodata.calendar import Calendar
from geodata.hours import SHANGHAI
from geodata.model import BoolArray
from geodata.vocabulary import Group

#: Hours of a week and of a day.
HOURS, DAY_HOURS = 168, 24

_DAYS = 7
_SATURDAY = 5
_MINUTES = 60
#: Weeks looked at for one without a holiday; China has never had so many in a row with one.
_MOST_WEEKS = 60


def monday_of(day: date) -> date:
    """Return the Monday of the week of a day.

    Parameters
    ----------
    day : date
        Any.

    Returns
    -------
    date
        A Monday.

    Examples
    --------
    >>> monday_of(date(2026, 10, 1))
    datetime.date(2026, 9, 28)
    """
    return day - timedelta(days=day.weekday())


def days_of(monday: date) -> tuple[date, ...]:
    """Return the seven days of a week.

    Parameters
    ----------
    monday : date
        Its first.

    Returns
    -------
    tuple of date
        In order.
    """
    return tuple(monday + timedelta(days=number) for number in range(_DAYS))


def plain_week(after: date, calendar: Calendar) -> date:
    """Return the Monday of the next week without a holiday and without a swapped working day.

    Parameters
    ----------
    after : date
        Today; the week begins later.
    calendar : Calendar
        Holidays and shifted working days; a year that is missing has none, as far as it knows.

    Returns
    -------
    date
        A Monday.

    Examples
    --------
    >>> plain_week(date(2026, 9, 20), Calendar({date(2026, 9, 25): "中秋节"}))
    datetime.date(2026, 9, 28)
    """
    monday = monday_of(after) + timedelta(days=_DAYS)
    for number in range(_MOST_WEEKS):
        begin = monday + timedelta(days=number * _DAYS)
        if not any(calendar.label(day) for day in days_of(begin)):
            return begin
    return monday


def hours_of(monday: date) -> tuple[datetime, ...]:
    """Return the hours of a week, on the hour, in local time.

    Parameters
    ----------
    monday : date
        Its first day.

    Returns
    -------
    tuple of datetime
        168, aware, in Asia/Shanghai, which has no clock change.
    """
    return tuple(
        datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)
        for day in days_of(monday)
        for hour in range(DAY_HOURS)
    )


def is_free(day: date, calendar: Calendar) -> bool:
    """Return whether a day is a weekend or a holiday; a swapped working day is neither.

    Parameters
    ----------
    day : date
        Any.
    calendar : Calendar
        Holidays and shifted working days.

    Returns
    -------
    bool
        True where the hours of the weekend hold.
    """
    return calendar.is_holiday(day) or calendar.weekday(day) >= _SATURDAY


def working_hours(group: Group, monday: date, calendar: Calendar) -> BoolArray:
    """Mark the hours of a week in which a group works.

    Parameters
    ----------
    group : Group
        With its hours; a span that ends before it begins goes on after midnight.
    monday : date
        First day of the week.
    calendar : Calendar
        Holidays and shifted working days.

    Returns
    -------
    array (168,) of bool
        True where the group works on the hour.
    """
    mark = np.zeros((_DAYS + 2) * DAY_HOURS, np.bool_)
    minute = np.arange(mark.size) * _MINUTES
    for number in range(-1, _DAYS):
        span = group.span(free=is_free(monday + timedelta(days=number), calendar))
        if span is not None:
            midnight = (number + 1) * DAY_HOURS * _MINUTES
            mark |= (minute >= midnight + span[0]) & (minute < midnight + span[1])
    return mark[DAY_HOURS : DAY_HOURS + HOURS]
