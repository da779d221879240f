"""The stations themselves, for lists and for phones without a network: public fields and hours.

Hours are given as spans of the next seven days, counted from the hour that runs, so that an answer
stays the same for an hour and whoever keeps it need not know about holidays. Answers are kept
compressed.
"""

import gzip
import re
import threading
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from geodata.errors import Fault, LimitError
from locator.selection import Conditions
from web.answers import ALWAYS, texts
from web.dependencies import check_question
from web.errors import UnknownStationError
from web.keeping import Kept, tag_of
from web.service import Service
from web.station_schemas import StationsQuestion
from web.week import WHOLE_WEEK, Week, week_of

_ANSWERS_KEPT = 32
_GZIP_LEVEL = 6

#: What an entry of a nearest answer holds besides, which depends on where and when one asks.
_OF_A_JOURNEY = ("seconds", "metres", "straight_metres", "open", "route")

#: Mobile numbers belong to persons; hours as received may hold one.
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d(?:[\s-]?\d{4}){2}(?!\d)")


class StationList:
    """The stations of a service as features.

    Parameters
    ----------
    service : Service
        Its dataset and settings.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        table = service.index.stations
        self._row = {code: row for row, code in enumerate(texts(table, "id"))}
        self._region = texts(service.index.regions, "id")
        hours = [_MOBILE.sub("***", text) for text in texts(table, "opening_hours_text")]
        self._more = list(
            zip(texts(table, "status"), texts(table, "opening_hours"), hours, strict=True)
        )
        self._kept = Kept(_ANSWERS_KEPT, service.settings.coverage_cache_bytes)
        self._lock = threading.Lock()
        self._week = lru_cache(maxsize=2)(self._made_week)

    def __contains__(self, station: object) -> bool:
        """Tell whether there is a station with this id."""
        return station in self._row

    def _made_week(self, start: datetime) -> Week:
        """Ask the timetable."""
        return week_of(self._service.index.timetable, start)

    def check(self, question: StationsQuestion) -> None:
        """Check a question against limits, vocabulary and regions.

        Parameters
        ----------
        question : StationsQuestion
            Checked by its model.

        Raises
        ------
        LimitError
            Naming each limit passed.
        ValidationError
            For codes that do not exist.
        UnknownRegionError
            If there is no such region.
        """
        check_question(question, self._service.settings, self._service.vocabulary)
        self._service.check_region(question.region)

    def etag(self, asked: Any, start: datetime) -> str:
        """Return the tag of an answer: dataset, parameters, hour.

        Parameters
        ----------
        asked : Any
            What JSON can hold.
        start : datetime
            Beginning of the spans.

        Returns
        -------
        str
            A weak entity tag.
        """
        return tag_of(orjson.dumps([self._service.name, asked, start.isoformat()]))

    def kept(self, etag: str) -> bytes | None:
        """Return the answer with a tag, as `packed` gives it; None where it has to be made.

        Parameters
        ----------
        etag : str
            From `etag`.

        Returns
        -------
        bytes or None
            GeoJSON, gzip.
        """
        return self._kept.get(etag)

    def packed(self, question: StationsQuestion, start: datetime) -> bytes:
        """Return the answer to a question, compressed; answers are kept.

        Parameters
        ----------
        question : StationsQuestion
            Checked by `check`.
        start : datetime
            Beginning of the spans.

        Returns
        -------
        bytes
            GeoJSON, gzip.

        Raises
        ------
        LimitError
            If there are more stations than may be sent.
        """
        key = self.etag(question.model_dump(), start)
        with self._lock:  # a long list is made once, however many ask for it
            found = self._kept.get(key)
            if found is None:
                content = orjson.dumps(self.collection(question, start))
                found = gzip.compress(content, _GZIP_LEVEL, mtime=0)
                self._kept.put(key, found)
        return found

    def rows(self, question: StationsQuestion, start: datetime) -> list[int]:
        """Return the rows of the stations that a question asks for.

        Parameters
        ----------
        question : StationsQuestion
            Checked by `check`.
        start : datetime
            Its day decides which stations exist.

        Returns
        -------
        list of int
            Ascending, so by id.
        """
        register, book = self._service.index.register, self._service.book
        mark = register.counted(
            Conditions(kinds=tuple(question.kind), include=tuple(question.include), on=start.date())
        )
        mark = mark & register.needs_met(question.need) & register.access_fits(question.access)
        rows = np.flatnonzero(mark)
        if question.region is not None:
            rows = rows[book.regions_of(rows) == self._region.index(question.region)]
        most = self._service.settings.max_features
        if rows.size > most:
            fault = Fault(
                "region", f"more than {most} stations (limit max_features)", "ask one region"
            )
            raise LimitError(str(fault), faults=[fault])
        found: list[int] = rows.tolist()
        return found

    def collection(self, question: StationsQuestion, start: datetime) -> dict[str, Any]:
        """Return the stations that a question asks for.

        Parameters
        ----------
        question : StationsQuestion
            Checked by `check`.
        start : datetime
            Beginning of the spans.

        Returns
        -------
        dict
            A GeoJSON FeatureCollection, for `orjson.dumps`.

        Raises
        ------
        LimitError
            If there are more stations than may be sent.
        """
        week = self._week(start)
        rows = self.rows(question, start)
        words = self._service.vocabulary
        counted = {
            "kinds": list(question.kind or words.counting("kinds")),
            "access": list(question.access or words.counting("access")),
            "statuses": ["open", *question.include],
        }
        warning = self._service.index.timetable.holiday_warning(start + ALWAYS)
        return {
            "type": "FeatureCollection",
            "features": [self._feature(row, question.datum, week) for row in rows],
            "from": start.isoformat(),
            "datum": question.datum,
            "count": len(rows),
            "hotline": self._service.settings.hotline,
            "parameters": {**question.model_dump(), "counted": counted},
            "dataset": self._service.name,
            "warnings": [warning] if warning else [],
        }

    def one(self, station: str, datum: str, start: datetime) -> dict[str, Any]:
        """Return one station, whatever its kind and status.

        Parameters
        ----------
        station : str
            Its id.
        datum : str
            Of the coordinates.
        start : datetime
            Beginning of the spans.

        Returns
        -------
        dict
            A GeoJSON feature, for `orjson.dumps`.

        Raises
        ------
        UnknownStationError
            If there is no such station.
        """
        row = self._row.get(station)
        if row is None:
            raise UnknownStationError("the dataset has no such station; see /api/v1/stations")
        return {
            **self._feature(row, datum, self._week(start)),
            "from": start.isoformat(),
            "datum": datum,
            "hotline": self._service.settings.hotline,
            "dataset": self._service.name,
        }

    def _feature(self, row: int, datum: str, week: Week) -> dict[str, Any]:
        """Return one station as a feature."""
        entry = self._service.book.entry(row, datum, "walk")
        for name in _OF_A_JOURNEY:
            del entry[name]
        spans = week.spans(row)
        entry["always_open"] = None if spans is None else spans[0] == WHOLE_WEEK
        entry["status"], entry["opening_hours"], entry["opening_hours_text"] = self._more[row]
        entry["spans"], entry["unknown_spans"] = spans or (None, None)
        return {
            "type": "Feature",
            "id": entry["id"],
            "geometry": {"type": "Point", "coordinates": [entry["lon"], entry["lat"]]},
            "properties": entry,
        }
