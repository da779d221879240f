"""The service behind both doors: one dataset, its index, and the answers of every question."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd

import locator
from geodata.datum import to_wgs84
from geodata.errors import Fault, LimitError
from geodata.hours import SHANGHAI
from geodata.model import Dataset
from geodata.tile_archive import TileReader
from web.answers import (
    Clocks,
    NearestContext,
    StationBook,
    dataset_name,
    line_of,
    stations_found,
)
from web.dependencies import check_not_swapped, check_question, departure
from web.describing import describe
from web.errors import UnknownRegionError
from web.geojson import features, records
from web.keeping import Kept, tag_of
from web.memory import give_back
from web.schemas import CoverageQuestion, NearestQuestion, Question
from web.settings import Settings
from web.summaries import Discretion, discreet_gap, discreet_summary

_DIGITS = 6
_MS = 1000
_HORIZON_MINUTES = 60
_FRAMES_KEPT = 256
_GAP_DIGITS = {"area_km2": 4, "nearest_seconds": 3, "detour_ratio": 3}


@dataclass(frozen=True)
class Coverage:
    """An answer to a coverage question, with what it was made of.

    Attributes
    ----------
    found : locator answer
        Unrounded; for maps and tables of the data's owner.
    summary : dict
        As it may leave.
    departure : datetime or None
        When.
    """

    found: Any
    summary: dict[str, Any]
    departure: datetime | None


@dataclass(frozen=True)
class Frame:
    """What all answers to questions that differ by position only share.

    Attributes
    ----------
    key : str
        Tells frames apart.
    moment : datetime
        Departure.
    head, tail : dict
        Members of the answer before and after what depends on the position.
    """

    key: str
    moment: datetime
    head: dict[str, Any]
    tail: dict[str, Any]


class Service:
    """One dataset, ready to be asked.

    Parameters
    ----------
    dataset : Dataset
        Opened by `geodata.open_dataset`.
    settings : Settings
        Limits.
    """

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        self.settings = settings
        self.dataset = dataset
        self.vocabulary = dataset.vocabulary
        self.index = locator.Index(dataset, linger_seconds=settings.linger_seconds)
        self.manifest: Mapping[str, Any] = dataset.manifest
        self.name = dataset_name(dataset.manifest)
        self.book = StationBook(self.index.stations, self.vocabulary, self.index.regions)
        self._linger_ms = settings.linger_seconds * _MS
        horizon = max(_HORIZON_MINUTES, settings.max_minutes) * 60 * _MS + self._linger_ms
        self._clocks = Clocks(self.index.timetable, horizon)
        self._kept = Kept(settings.coverage_cache_answers, settings.coverage_cache_bytes)
        self._frames: dict[str, Frame] = {}
        self._coverage_lock = threading.Lock()

    def warm_up(self) -> None:
        """Do once what the first question of each mode would have to wait for."""
        west, south, east, north = self.extent
        middle = {"lon": (west + east) / 2, "lat": (south + north) / 2}
        for mode in self.index.modes:
            for when in ("now", "2026-11-22T12:00"):
                question = NearestQuestion.model_validate(
                    {**middle, "mode": mode, "at": when, "k": 1, "minutes": 1}
                )
                self.nearest(question)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north of the streets (degrees)."""
        lons = [net.lon for net in self.dataset.networks.values() if net.lon.size]
        lats = [net.lat for net in self.dataset.networks.values() if net.lat.size]
        if not lons:
            return (0.0, 0.0, 0.0, 0.0)
        west, east = min(lon.min() for lon in lons), max(lon.max() for lon in lons)
        south, north = min(lat.min() for lat in lats), max(lat.max() for lat in lats)
        return (float(west), float(south), float(east), float(north))

    @cached_property
    def tiles(self) -> TileReader | None:
        """Return the tiles of the base map, None where the dataset has none."""
        archive = self.dataset.basemap
        return None if archive is None else TileReader(archive)

    @cached_property
    def region_names(self) -> Mapping[str, str]:
        """The names of the dataset's regions by id; empty where there are none."""
        regions = self.index.regions
        if not len(regions):
            return MappingProxyType({})
        names = zip(regions["id"].astype(str), regions["name"].astype(str), strict=True)
        return MappingProxyType(dict(names))

    def check(self, question: Question) -> None:
        """Check a question against limits, vocabulary and what the dataset holds.

        Parameters
        ----------
        question : Question
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
        check_question(question, self.settings, self.vocabulary)
        if question.mode not in self.index.modes:
            fault = Fault("mode", "not in this dataset", f"it has: {', '.join(self.index.modes)}")
            raise LimitError(str(fault), code="mode_not_prepared", faults=[fault])
        if isinstance(question, CoverageQuestion):
            self.check_region(question.region)

    def check_region(self, region: str | None) -> None:
        """Check that a region exists.

        Parameters
        ----------
        region : str or None
            Its id; None is no region at all.

        Raises
        ------
        UnknownRegionError
            If there is no such region.
        """
        if region is not None and region not in self.region_names:
            said = "the dataset has no such region; see /api/v1/dataset"
            raise UnknownRegionError(said, known=self.region_names)

    def counted(self, question: Question) -> dict[str, list[str]]:
        """Return what counts as a station for a question, spelt out.

        Parameters
        ----------
        question : Question
            Its kinds and access methods; empty ones stand for the defaults.

        Returns
        -------
        dict
            ``kinds``, ``access``, ``statuses``.
        """
        return {
            "kinds": list(question.kind or self.vocabulary.counting("kinds")),
            "access": list(question.access or self.vocabulary.counting("access")),
            "statuses": ["open", *getattr(question, "include", [])],
        }

    def _parameters(self, question: Question, moment: datetime | None) -> dict[str, Any]:
        """Return the parameters that an answer lists; never the position."""
        asked = question.model_dump(exclude={"lon", "lat"})
        mode = self.vocabulary.modes[question.mode]
        return {
            **asked,
            "at": None if moment is None else moment.isoformat(),
            "linger_minutes": self.settings.linger_seconds / 60,
            "speed_kph": mode.speed_kph,
            "counted": self.counted(question),
        }

    def _warnings(self, moment: datetime | None) -> list[str]:
        """Return what to know about the time asked for."""
        warning = "" if moment is None else self.index.timetable.holiday_warning(moment)
        return [warning] if warning else []

    def nearest(self, question: NearestQuestion) -> dict[str, Any]:
        """Answer a nearest question.

        Parameters
        ----------
        question : NearestQuestion
            Checked by its model.

        Returns
        -------
        dict
            The object of the interface, for `orjson.dumps`.

        Raises
        ------
        LocatorError
            If the question passes a limit, names what does not exist or is swapped.
        """
        return self.nearest_all([question], self.frame(question))[0]

    def frame(self, question: NearestQuestion) -> Frame:
        """Check a question and return what it shares with all that differ by position only.

        Parameters
        ----------
        question : NearestQuestion
            Checked by its model.

        Returns
        -------
        Frame
            The same object for the same parameters and minute.

        Raises
        ------
        LocatorError
            If the question passes a limit, names what does not exist or is swapped.
        """
        moment = departure(question.at) or departure("now")
        if moment is None:
            raise LimitError("the time is not understood", code="invalid_value")
        asked = question.model_dump_json(exclude={"lon", "lat"})
        key = f"{asked} {moment.timestamp()}"
        found = self._frames.get(key)
        if found is None:
            self.check(question)
            found = Frame(
                key=key,
                moment=moment,
                head={
                    "covered": False,
                    "limit_seconds": question.minutes * 60,
                    "mode": question.mode,
                    "at": moment.isoformat(),
                },
                tail={
                    "hotline": self.settings.hotline,
                    "parameters": self._parameters(question, moment),
                    "dataset": self.name,
                    "warnings": self._warnings(moment),
                },
            )
            if len(self._frames) >= _FRAMES_KEPT:
                self._frames.clear()
            self._frames[key] = found
        check_not_swapped(question.lon, question.lat, self.extent)
        return found

    def nearest_all(
        self, questions: Sequence[NearestQuestion], frame: Frame
    ) -> list[dict[str, Any]]:
        """Answer questions of one frame in one search.

        Parameters
        ----------
        questions : sequence of NearestQuestion
            They differ by position only.
        frame : Frame
            Of all of them.

        Returns
        -------
        list of dict
            One answer a question.
        """
        first = questions[0]
        lon = np.array([question.lon for question in questions])
        lat = np.array([question.lat for question in questions])
        if first.datum not in {"wgs84", "cgcs2000"}:
            lon, lat = to_wgs84(lon, lat, first.datum)
        points = np.column_stack((lon, lat))
        found = self.index.nearest(
            points,
            mode=first.mode,
            k=first.k,
            minutes=first.minutes,
            at=frame.moment,
            open=first.open,
            needs=tuple(first.need),
            kinds=tuple(first.kind),
            access=tuple(first.access),
            alternatives=self.settings.alternatives,
        )
        clock = self._clocks.at(frame.moment)
        context = NearestContext(first, frame.moment, clock, self._linger_ms)
        lists = stations_found(found, self.book, context)
        if first.route:
            for row, (stations, _) in enumerate(lists):
                self._add_routes(stations, found.station[row], points[row : row + 1], first)
        rows = zip(
            questions,
            found.covered.tolist(),
            found.reason.tolist(),
            found.origin.access_m.tolist(),
            lists,
            strict=True,
        )
        return [
            {
                **frame.head,
                "covered": covered,
                "origin": _origin(question, access_m),
                "stations": stations,
                "alternatives": alternatives,
                "reason": reason or None,
                **frame.tail,
            }
            for question, covered, reason, access_m, (stations, alternatives) in rows
        ]

    def _add_routes(
        self,
        stations: list[dict[str, Any]],
        numbers: Any,
        point: Any,
        question: NearestQuestion,
    ) -> None:
        """Put the line to travel into each station of one place."""
        rows = numbers[numbers >= 0]
        if rows.size == 0:
            return
        points = np.repeat(point, rows.size, axis=0)
        lines = self.index.route(points, rows.tolist(), mode=question.mode)
        for entry, line in zip(stations, lines, strict=True):
            if len(line) > 1:
                entry["route"] = line_of(np.asarray(line), question.datum)

    def etag(self, question: CoverageQuestion, moment: datetime | None) -> str:
        """Return the tag of an answer: dataset, parameters, settings, the day or the minute.

        Parameters
        ----------
        question : CoverageQuestion
            What is asked.
        moment : datetime or None
            When.

        Returns
        -------
        str
            A weak entity tag: the same answer may be compressed or not. Without a time it is that
            of today: stations open and close for good.
        """
        day = datetime.now(SHANGHAI).date() if moment is None else moment
        rules = self.settings
        told = [rules.rounded_to, rules.smallest_count, rules.linger_seconds]
        return tag_of(orjson.dumps([self.name, question.model_dump(), str(day), *told]))

    def cover(
        self, question: CoverageQuestion, moment: datetime | None, *, on: date | None = None
    ) -> Coverage:
        """Ask who is covered.

        Parameters
        ----------
        question : CoverageQuestion
            Checked by `check`.
        moment : datetime or None
            When.
        on : date, optional
            Day on which stations exist, where no time is asked for; today if none.

        Returns
        -------
        Coverage
            The locator's answer, and the summary as it may leave.
        """
        found = self.index.coverage(
            mode=question.mode,
            minutes=question.minutes,
            at=moment or on,
            needs=tuple(question.need),
            kinds=tuple(question.kind),
            access=tuple(question.access),
            region=question.region,
            stations_at_least=question.stations_at_least,
            include=tuple(question.include),
            exact=self.dataset.homes is not None,
        )
        return Coverage(found, self.dressed(found.summary, question, moment), moment)

    def dressed(
        self, figures: Mapping[str, Any], question: CoverageQuestion, moment: datetime | None
    ) -> dict[str, Any]:
        """Return figures as they may leave, with what was asked and of which data.

        Parameters
        ----------
        figures : mapping
            From the locator, not rounded.
        question : CoverageQuestion
            What was asked.
        moment : datetime or None
            When.

        Returns
        -------
        dict
            A summary of the interface.
        """
        return {
            **discreet_summary(figures, self.discretion),
            "parameters": self._parameters(question, moment),
            "dataset": self.name,
            "warnings": self._warnings(moment),
        }

    @property
    def discretion(self) -> Discretion:
        """Return how much about people may leave."""
        return Discretion(self.settings.rounded_to, self.settings.smallest_count)

    def coverage_kept(self, question: CoverageQuestion, moment: datetime | None) -> bytes | None:
        """Return the answer to a coverage question that was kept.

        Parameters
        ----------
        question : CoverageQuestion
            Checked by `check`.
        moment : datetime or None
            When.

        Returns
        -------
        bytes or None
            As `coverage` gives it; None where it has to be computed.
        """
        return self._kept.get(self.etag(question, moment))

    def coverage(self, question: CoverageQuestion, moment: datetime | None) -> bytes:
        """Answer a coverage question; answers are kept.

        Parameters
        ----------
        question : CoverageQuestion
            Checked by `check`.
        moment : datetime or None
            When.

        Returns
        -------
        bytes
            A GeoJSON FeatureCollection with ``summary``.

        Raises
        ------
        LimitError
            If there are more shapes than may be sent.
        """
        key = self.etag(question, moment)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        with self._coverage_lock:
            kept = self._kept.get(key)
            if kept is None:
                kept = orjson.dumps(self.collection(question, self.cover(question, moment)))
                self._kept.put(key, kept)
                give_back()
        return kept

    def collection(self, question: CoverageQuestion, answer: Coverage) -> dict[str, Any]:
        """Return the object that answers a coverage question.

        Parameters
        ----------
        question : CoverageQuestion
            Checked by `check`.
        answer : Coverage
            From `cover`.

        Returns
        -------
        dict
            For `orjson.dumps`.

        Raises
        ------
        LimitError
            If there are more shapes than may be sent.
        """
        shapes: list[dict[str, Any]] = []
        if question.geometry == "gaps":
            shapes = self._gap_features(answer)
        elif question.geometry == "cells":
            frame = answer.found.cells
            self.check_size(len(frame))
            cells = records(frame)
            for cell in cells:
                cell["cause"] = cell["cause"] or None
            shapes = features(frame, cells)
        return {"type": "FeatureCollection", "features": shapes, "summary": answer.summary}

    def check_size(self, count: int) -> None:
        """Refuse an answer with too many shapes.

        Parameters
        ----------
        count : int
            How many it has.

        Raises
        ------
        LimitError
            If they are more than may be sent.
        """
        most = self.settings.max_features
        if count > most:
            fault = Fault(
                "geometry", f"more than {most} shapes (limit max_features)", "ask region="
            )
            raise LimitError(str(fault), faults=[fault])

    def gap_records(self, answer: Coverage) -> tuple[gpd.GeoDataFrame, list[dict[str, Any]]]:
        """Return the gaps with the workers of small ones hidden.

        Parameters
        ----------
        answer : Coverage
            From `cover`.

        Returns
        -------
        GeoDataFrame, list of dict
            The shapes, and what may be said of each.
        """
        frame = answer.found.gaps.to_geodataframe()
        exact = answer.summary.get("people") == "exact"
        return frame, [discreet_gap(gap, self.discretion, exact=exact) for gap in records(frame)]

    def gap_frame(self, answer: Coverage) -> gpd.GeoDataFrame:
        """Return the gaps as a frame, as they may leave.

        Parameters
        ----------
        answer : Coverage
            From `cover`.

        Returns
        -------
        GeoDataFrame
            EPSG:4326, with ``suppressed``.
        """
        frame, shown = self.gap_records(answer)
        table = pd.DataFrame(shown, index=frame.index, columns=None if shown else frame.columns[:0])
        return gpd.GeoDataFrame(table, geometry=frame.geometry.to_numpy(), crs=4326)

    def _gap_features(self, answer: Coverage) -> list[dict[str, Any]]:
        """Return the gaps as features; what is a list is one in JSON."""
        frame, shown = self.gap_records(answer)
        self.check_size(len(frame))
        for gap in shown:
            also = gap.get("also") or []
            gap["also"] = also.split(";") if isinstance(also, str) else also
            for name in ("nearest_station", "barrier", "near", "near_en"):
                gap[name] = gap.get(name) or None
            for name, digits in _GAP_DIGITS.items():
                if gap.get(name) is not None:
                    gap[name] = round(gap[name], digits)
        return features(frame, shown)

    def about(self) -> dict[str, Any]:
        """Return what the data is.

        Returns
        -------
        dict
            Extent, dates, counts, attribution, vocabularies, regions, limits.
        """
        return describe(self.dataset, self.extent, self.settings)


def _origin(question: NearestQuestion, access_m: float) -> dict[str, Any]:
    """Return the position asked about."""
    return {
        "lon": round(question.lon, _DIGITS),
        "lat": round(question.lat, _DIGITS),
        "datum": question.datum,
        "access_metres": round(access_m, 1) if math.isfinite(access_m) else None,
    }
