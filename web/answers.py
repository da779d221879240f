"""From what the locator found to the object that goes out: the answer to a nearest question.

What never changes about a station (name, position in each datum, links) is made once; an answer
copies it and adds the numbers, so that a request does little more than the search itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import Geod

from geodata.datum import from_wgs84
from geodata.hours import CLOSED, OPEN, UNKNOWN, Timetable
from geodata.regions import label, no_regions
from geodata.vocabulary import Vocabulary
from locator.nearest import NearestAnswer
from web.links import Place, navigation_links
from web.schemas import NearestQuestion

_STATE_NAMES = {CLOSED: "closed", OPEN: "open", UNKNOWN: "unknown"}
_MS = 1000
_DIGITS = 6
_CLOCKS_KEPT = 32
_ENTRIES_KEPT = 10_000

#: How long a station has to stay open to be called always open.
ALWAYS = timedelta(days=7)
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Clock:
    """The state of every station at one departure.

    Attributes
    ----------
    state : list of str
        ``open``, ``closed`` or ``unknown``.
    until : list of str or None
        ISO time of the next change.
    indptr, start_ms, end_ms : list of int
        Open spans after the departure (CSR).
    always : list of bool or None
        Open at every minute of the next 7 days; None where the hours are unknown.
    """

    state: list[str]
    until: list[str | None]
    indptr: list[int]
    start_ms: list[int]
    end_ms: list[int]
    always: list[bool | None]

    def on_arrival(self, station: int, arrival_ms: int, linger_ms: int) -> bool | None:
        """Return whether a station is open when somebody arrives, and a while longer.

        Parameters
        ----------
        station : int
            Row of the station.
        arrival_ms : int
            Travel time.
        linger_ms : int
            How long it has to stay open.

        Returns
        -------
        bool or None
            None where it is not open and its hours at departure are unknown.
        """
        last_ms = arrival_ms + linger_ms
        for span in range(self.indptr[station], self.indptr[station + 1]):
            if self.start_ms[span] <= arrival_ms and last_ms <= self.end_ms[span]:
                return True
        return None if self.state[station] == "unknown" else False


class Clocks:
    """Clocks of the departures asked last.

    Parameters
    ----------
    timetable : Timetable
        Hours of all stations.
    horizon_ms : int
        How far after the departure anybody may arrive and linger.
    """

    def __init__(self, timetable: Timetable, horizon_ms: int) -> None:
        self._timetable = timetable
        self._horizon_ms = horizon_ms
        self._clock = lru_cache(maxsize=_CLOCKS_KEPT)(self._made)

    def at(self, departure: datetime) -> Clock:
        """Return the clock of a departure.

        Parameters
        ----------
        departure : datetime
            With a time zone.

        Returns
        -------
        Clock
            Kept for the next question.
        """
        return self._clock(departure)

    def _made(self, departure: datetime) -> Clock:
        """Ask the timetable."""
        spans = self._timetable.intervals(departure, self._horizon_ms, OPEN)
        changes = self._timetable.until(departure)
        states = self._timetable.states(departure).tolist()
        week = departure + ALWAYS
        known = zip(self._timetable.expressions, states, changes, strict=True)
        return Clock(
            state=[_STATE_NAMES[code] for code in states],
            until=[None if change is None else change.isoformat() for change in changes],
            indptr=spans.indptr.tolist(),
            start_ms=spans.start_ms.tolist(),
            end_ms=spans.end_ms.tolist(),
            always=[
                code == OPEN and (change is None or change >= week) if hours else None
                for hours, code, change in known
            ],
        )


def texts(stations: Any, column: str) -> list[str]:
    """Return a column as texts, ``""`` where it is missing.

    Parameters
    ----------
    stations : DataFrame
        The station table.
    column : str
        Its name; the table may lack it.

    Returns
    -------
    list of str
        One a station.
    """
    if column not in stations:
        return [""] * len(stations)
    return [str(value) if isinstance(value, str) else "" for value in stations[column]]


class StationBook:
    """What never changes about the stations, ready to be copied into an answer.

    Parameters
    ----------
    stations : GeoDataFrame
        The station table.
    vocabulary : Vocabulary
        Which facilities serve which needs; which kinds are places.
    regions : GeoDataFrame, optional
        Where they may lie; none if not given.
    """

    def __init__(self, stations: Any, vocabulary: Vocabulary, regions: Any = None) -> None:
        self._lon = stations["lon"].to_numpy(np.float64)
        self._lat = stations["lat"].to_numpy(np.float64)
        self._columns = {
            name: texts(stations, name)
            for name in ("id", "name", "kind", "facilities", "access", "address", "phone")
        }
        self._verified = texts(stations, "verified_on")
        regions = no_regions() if regions is None else regions
        self._region = label(self._lon, self._lat, regions)
        names = zip(texts(regions, "id"), texts(regions, "name"), strict=True)
        # the last one is what -1 means: in none
        self._regions = [*({"id": code, "name": name} for code, name in names), None]
        self._vocabulary = vocabulary
        self._positions: dict[str, tuple[list[float], list[float]]] = {}
        self._kept = lru_cache(maxsize=_ENTRIES_KEPT)(self._made)

    def __len__(self) -> int:
        """Return the number of stations."""
        return int(self._lon.size)

    def straight_metres(
        self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], stations: Sequence[int]
    ) -> list[float]:
        """Return geodesic distances from positions to stations.

        Parameters
        ----------
        lon, lat : array (n,)
            WGS-84 (degrees).
        stations : sequence of int
            Rows of the stations, one a position.

        Returns
        -------
        list of float
            Metres.
        """
        rows = list(stations)
        metres: list[float] = []
        if rows:
            metres = _GEOD.inv(lon, lat, self._lon[rows], self._lat[rows])[2].tolist()
        return metres

    def entry(self, station: int, datum: str, mode: str) -> dict[str, Any]:
        """Return a fresh copy of a station's entry.

        Parameters
        ----------
        station : int
            Row of the station.
        datum : str
            Of the coordinates.
        mode : str
            For the links.

        Returns
        -------
        dict
            In the order of the interface; numbers and states are still None.
        """
        return self._kept(station, datum, mode).copy()

    def region(self, station: int) -> dict[str, str] | None:
        """Return the region in which a station lies.

        Parameters
        ----------
        station : int
            Row of the station.

        Returns
        -------
        dict or None
            ``id`` and ``name``; None outside every region.
        """
        return self._regions[int(self._region[station])]

    def regions_of(self, stations: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Return the rows of the regions in which stations lie.

        Parameters
        ----------
        stations : array (m,)
            Rows of the stations.

        Returns
        -------
        array (m,) of int32
            -1 outside every region.
        """
        return self._region[stations]

    def position(self, station: int, datum: str) -> tuple[float, float]:
        """Return a station's position in a datum.

        Parameters
        ----------
        station : int
            Row of the station.
        datum : str
            Of the coordinates.

        Returns
        -------
        float, float
            Longitude and latitude, 6 decimals.
        """
        if datum not in self._positions:
            lon, lat = from_wgs84(self._lon, self._lat, datum)
            self._positions[datum] = (lon.round(_DIGITS).tolist(), lat.round(_DIGITS).tolist())
        lons, lats = self._positions[datum]
        return lons[station], lats[station]

    def _made(self, station: int, datum: str, mode: str) -> dict[str, Any]:
        """Make the entry of a station."""
        text = {name: values[station] for name, values in self._columns.items()}
        facilities = [code for code in text["facilities"].split(";") if code]
        kind = self._vocabulary.kinds.get(text["kind"])
        shown_lon, shown_lat = self.position(station, datum)
        place = Place(
            text["name"], *self.position(station, "wgs84"), *self.position(station, "gcj02")
        )
        return {
            "id": text["id"],
            "name": text["name"],
            "kind": text["kind"],
            "lon": shown_lon,
            "lat": shown_lat,
            "seconds": None,
            "metres": None,
            "straight_metres": None,
            "open": None,
            "facilities": facilities,
            "needs": needs_of(facilities, self._vocabulary),
            "access": text["access"],
            "address": text["address"],
            "phone": "" if kind is not None and kind.is_person else text["phone"],
            "verified_on": self._verified[station] or None,
            "navigate": navigation_links(place, mode),
            "route": None,
            "region": self.region(station),
            "always_open": None,
        }


def needs_of(facilities: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """Return the needs that facilities serve.

    Parameters
    ----------
    facilities : sequence of str
        Codes.
    vocabulary : Vocabulary
        Which serves which.

    Returns
    -------
    list of str
        Codes, in the vocabulary's order.
    """
    has = set(facilities)
    return [code for code, need in vocabulary.needs.items() if has & set(need.facilities)]


@dataclass(frozen=True)
class NearestContext:
    """What an answer needs besides what was found.

    Attributes
    ----------
    question : NearestQuestion
        What was asked.
    departure : datetime
        When.
    clock : Clock
        States at the departure.
    linger_ms : int
        How long a station has to stay open after arrival.
    """

    question: NearestQuestion
    departure: datetime
    clock: Clock
    linger_ms: int


def _metres(value: float) -> float | None:
    """Return a length to 0.1 m; None where there is none."""
    return round(value, 1) if value == value else None  # noqa: PLR0124  NaN


def stations_found(
    found: NearestAnswer, book: StationBook, context: NearestContext
) -> list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return the stations and the alternatives of every place of an answer.

    Parameters
    ----------
    found : NearestAnswer
        What the locator found.
    book : StationBook
        Their entries.
    context : NearestContext
        The question.

    Returns
    -------
    list of (list of dict, list of dict)
        For each place those that satisfy every condition, by seconds, then id; and the nearest
        that fail, with what each fails.
    """
    good = _rows(found.station, found.ms, found.metres)
    other = _rows(found.alternative_station, found.alternative_ms, found.alternative_metres)
    place = [i for rows in (good, other) for i, row in enumerate(rows) for _ in row]
    numbers = [entry[0] for rows in (good, other) for row in rows for entry in row]
    straight = iter(book.straight_metres(found.lon[place], found.lat[place], numbers))

    def entries(row: list[tuple[int, int, float]]) -> list[dict[str, Any]]:
        return [_filled((*entry, next(straight)), book, context) for entry in row]

    stations = [entries(row) for row in good]
    alternatives = [entries(row) for row in other]
    for row, fails in zip(alternatives, found.alternative_fails, strict=True):
        for entry, codes in zip(row, fails, strict=False):
            entry["fails"] = list(codes)
    return list(zip(stations, alternatives, strict=True))


def _rows(
    station: npt.NDArray[Any], ms: npt.NDArray[Any], metres: npt.NDArray[Any]
) -> list[list[tuple[int, int, float]]]:
    """Return, for each place, station, travel time and length where there is a station."""
    return [
        [entry for entry in zip(*row, strict=True) if entry[0] >= 0]
        for row in zip(station.tolist(), ms.tolist(), metres.tolist(), strict=True)
    ]


def _filled(
    row: tuple[int, int, float, float], book: StationBook, context: NearestContext
) -> dict[str, Any]:
    """Return a station's entry with its numbers and states."""
    station, ms, metres, straight = row
    entry = book.entry(station, context.question.datum, context.question.mode)
    entry["seconds"] = ms / _MS if ms >= 0 else None
    entry["metres"] = _metres(metres) if ms >= 0 else None
    entry["straight_metres"] = _metres(straight)
    clock = context.clock
    on_arrival = clock.on_arrival(station, ms, context.linger_ms) if ms >= 0 else None
    entry["open"] = {
        "state": clock.state[station],
        "until": clock.until[station],
        "on_arrival": on_arrival,
    }
    entry["always_open"] = clock.always[station]
    return entry


def line_of(line: npt.NDArray[np.float64], datum: str) -> dict[str, Any]:
    """Return a line as GeoJSON in a datum.

    Parameters
    ----------
    line : array (m, 2)
        WGS-84 longitudes and latitudes.
    datum : str
        Of the answer.

    Returns
    -------
    dict
        A LineString with 6 decimals.
    """
    lon, lat = from_wgs84(np.ascontiguousarray(line[:, 0]), np.ascontiguousarray(line[:, 1]), datum)
    pairs = np.column_stack((lon, lat)).round(_DIGITS).tolist()
    return {"type": "LineString", "coordinates": pairs}


def dataset_name(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what every answer says about its data.

    Parameters
    ----------
    manifest : mapping
        Of the dataset.

    Returns
    -------
    dict
        ``name``, ``version``, ``as_of``.
    """
    return {key: str(manifest.get(key) or "") for key in ("name", "version", "as_of")}
