"""When stations are open in the seven days that begin with the hour that runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from geodata.errors import LimitError
from geodata.hours import OPEN, UNKNOWN, Intervals, Timetable
from web.answers import ALWAYS
from web.dependencies import departure

_MINUTE_MS = 60_000
_WEEK_MS = ALWAYS // timedelta(milliseconds=1)

#: The spans of a station that never closes.
WHOLE_WEEK = [[0, _WEEK_MS // _MINUTE_MS]]


@dataclass(frozen=True)
class Week:
    """When the stations are open in seven days.

    Attributes
    ----------
    start : datetime
        Beginning, a full hour in Asia/Shanghai.
    is_open, is_unknown : Intervals
        Spans of the state (ms).
    known : array (n,) of bool
        False where nobody knows the hours at all.
    """

    start: datetime
    is_open: Intervals
    is_unknown: Intervals
    known: npt.NDArray[np.bool_]

    def spans(self, station: int) -> tuple[list[list[int]], list[list[int]]] | None:
        """Return when a station is open, and when nobody knows.

        Parameters
        ----------
        station : int
            Its row.

        Returns
        -------
        (list, list) or None
            Minutes after the beginning; None where the hours are unknown.
        """
        if not self.known[station]:
            return None
        return _minutes(self.is_open, station), _minutes(self.is_unknown, station)


def _minutes(spans: Intervals, row: int) -> list[list[int]]:
    """Return the spans of a row in minutes."""
    part = slice(spans.indptr[row], spans.indptr[row + 1])
    pairs: list[list[int]] = (
        np.column_stack((spans.start_ms[part], spans.end_ms[part])) // _MINUTE_MS
    ).tolist()
    return pairs


def this_hour() -> datetime:
    """Return the hour that runs in Asia/Shanghai.

    Returns
    -------
    datetime
        With a time zone.
    """
    moment = departure("now")
    if moment is None:  # it is only None for no time at all
        raise LimitError("the time is not understood", code="invalid_value")
    return moment.replace(minute=0)


def week_of(timetable: Timetable, start: datetime) -> Week:
    """Return when the stations are open in the seven days from a moment.

    Parameters
    ----------
    timetable : Timetable
        Hours of all stations.
    start : datetime
        With a time zone.

    Returns
    -------
    Week
        Spans in the order of the stations.
    """
    return Week(
        start=start,
        is_open=timetable.intervals(start, _WEEK_MS, OPEN),
        is_unknown=timetable.intervals(start, _WEEK_MS, UNKNOWN),
        known=np.array([bool(text) for text in timetable.expressions], np.bool_),
    )
