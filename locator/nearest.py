"""Which stations a place can reach, in how many minutes, and whether they are open on arrival."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Geod

from geodata.model import (
    NO_DATA,
    OFF_NETWORK,
    ON_NETWORK,
    BoolArray,
    FloatArray,
    Int32Array,
    Positions,
)
from locator import _kernels
from locator.arrays import rows_of
from locator.arrival import CAUSES, Reasons
from locator.cache import Cache
from locator.selection import LIFTS, Conditions, Register
from locator.travel_time import Found, Search, TravelTimes, cache_bytes

#: Stations are listed up to this many minutes away, or up to the limit if that is longer.
HORIZON_MINUTES = 60

#: A station farther than this by straight line (m) is no alternative: it is of another place.
STRAIGHT_LIMIT_M = 100_000.0

_SAME_PLACE = math.cos(STRAIGHT_LIMIT_M / 6_371_000.0)
_GEOD = Geod(ellps="WGS84")
_MS = 1000
_MS_PER_MINUTE = 60_000

_CAUSE_WORDS = np.array(CAUSES, object)
_BITS = tuple(1 << place for place in range(len(LIFTS)))
_FAIL_WORDS = [
    tuple(name for name, bit in zip(LIFTS, _BITS, strict=True) if number & bit)
    for number in range(1 << len(LIFTS))
]


@dataclass(frozen=True)
class NearestAnswer:
    """Stations for places; row i answers place i.

    Attributes
    ----------
    lon, lat : array (p,) of float64
        The places (WGS-84).
    station : array (p, k) of int32
        Row of the station table, -1 where there is none.
    ms : array (p, k) of int32
        Travel time.
    metres : array (p, k) of float64
        Length of the way, both access legs included; NaN where there is none.
    covered : array (p,) of bool
        The first station lies within the limit.
    reason : array (p,) of object
        None where covered, else the first of ``off_network``, ``no_data``, the conditions lifted,
        ``unreachable``, ``too_far`` that holds.
    origin : Positions
        Where the places were snapped.
    alternative_station, alternative_ms : array (p, a) of int32
        Nearest stations that fail a condition; -1 ms where only the straight line is known.
    alternative_metres : array (p, a) of float64
        Length of the way, NaN where only the straight line is known.
    alternative_fails : list of list of tuple of str
        Which conditions each alternative fails.
    stations : GeoDataFrame
        The station table.
    """

    lon: FloatArray
    lat: FloatArray
    station: Int32Array
    ms: Int32Array
    metres: FloatArray
    covered: BoolArray
    reason: npt.NDArray[np.object_]
    origin: Positions
    alternative_station: Int32Array
    alternative_ms: Int32Array
    alternative_metres: FloatArray
    alternative_fails: list[list[tuple[str, ...]]]
    stations: gpd.GeoDataFrame = field(repr=False)

    def _straight(self, station: Int32Array) -> FloatArray:
        """Return geodesic distances from the places to their stations, NaN where none."""
        out = np.full(station.shape, np.nan)
        row, column = np.nonzero(station >= 0)
        to = station[row, column]
        there_lon = self.stations["lon"].to_numpy(np.float64)[to]
        there_lat = self.stations["lat"].to_numpy(np.float64)[to]
        out[row, column] = _GEOD.inv(self.lon[row], self.lat[row], there_lon, there_lat)[2]
        return out

    @cached_property
    def straight_m(self) -> FloatArray:
        """Geodesic distance to each station (p, k), metres."""
        return self._straight(self.station)

    @cached_property
    def alternative_straight_m(self) -> FloatArray:
        """Geodesic distance to each alternative (p, a), metres."""
        return self._straight(self.alternative_station)

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Return one row a place and station.

        Returns
        -------
        GeoDataFrame
            ``point`` (number of the place), ``rank`` (from 1), ``station`` (id), ``name``,
            ``seconds``, ``metres``, ``straight_metres``, ``covered`` and the station's point,
            EPSG:4326. Places without a station have no row.
        """
        row, column = np.nonzero(self.station >= 0)
        to = self.station[row, column]
        frame = pd.DataFrame(
            {
                "point": row,
                "rank": column + 1,
                "station": self.stations["id"].to_numpy()[to],
                "name": self.stations["name"].to_numpy()[to],
                "seconds": self.ms[row, column] / _MS,
                "metres": self.metres[row, column],
                "straight_metres": self.straight_m[row, column],
                "covered": self.covered[row],
            }
        )
        return gpd.GeoDataFrame(frame, geometry=self.stations.geometry.to_numpy()[to], crs=4326)


@dataclass(frozen=True)
class NearestRequest:
    """What is asked of every place.

    Attributes
    ----------
    conditions : Conditions
        What a station must satisfy.
    k : int
        How many stations.
    minutes : int
        The limit that decides ``covered``.
    alternatives : int
        How many stations that fail to list.
    """

    conditions: Conditions
    k: int = 5
    minutes: int = 15
    alternatives: int = 3

    @property
    def limit_ms(self) -> int:
        """Return the limit in milliseconds."""
        return self.minutes * _MS_PER_MINUTE

    @property
    def horizon_ms(self) -> int:
        """Return the farthest travel time listed."""
        return max(HORIZON_MINUTES, self.minutes) * _MS_PER_MINUTE


class Finder:
    """Answers nearest questions for one mode, keeping what several questions share.

    Parameters
    ----------
    register : Register
        The stations.
    travel : TravelTimes
        Times of the mode.
    stations : GeoDataFrame
        The station table.
    """

    def __init__(self, register: Register, travel: TravelTimes, stations: gpd.GeoDataFrame) -> None:
        self._register = register
        self._travel = travel
        self._stations = stations
        self._cache = Cache(cache_bytes(travel.network))

    def _prepared(self, request: NearestRequest) -> "_Prepared":
        """Return everything about a question that does not depend on the places."""

        def make() -> _Prepared:
            register, conditions = self._register, request.conditions
            horizon_ms, count = request.horizon_ms, max(request.alternatives, 1)
            chosen = register.select(conditions, horizon_ms)
            others = register.failing(conditions, horizon_ms)
            return _Prepared(
                chosen=self._travel.search(chosen, request.k, horizon_ms),
                others=self._travel.search(others, count, horizon_ms),
                no_need=~register.needs_met(conditions.needs),
                no_access=~register.access_fits(conditions.access),
                windows=self._windows(request),
                counted=rows_of(register.counted(conditions)),
                reasons=Reasons(register, self._travel, conditions, request.limit_ms),
            )

        prepared: _Prepared = self._cache.get(request, make)
        return prepared

    def _windows(self, request: NearestRequest) -> tuple[Any, ...]:
        """Return the windows by hours alone: known to be open, and perhaps open."""
        conditions = request.conditions
        if conditions.at is None or conditions.open == "any":
            return ()
        all_ways = ("access", "no_such_need")
        return tuple(
            self._register.select(conditions, request.horizon_ms, lifted).windows
            for lifted in (all_ways, ("hours_unknown", *all_ways))
        )

    def ask(
        self, lon: FloatArray, lat: FloatArray, origin: Positions, request: NearestRequest
    ) -> NearestAnswer:
        """Answer for places that are snapped already.

        Parameters
        ----------
        lon, lat : array (p,) of float64
            The places (WGS-84).
        origin : Positions
            The same places on the network.
        request : NearestRequest
            What is asked.

        Returns
        -------
        NearestAnswer
            One row a place.
        """
        places = self._travel.exits(origin)
        prepared = self._prepared(request)
        found = prepared.chosen(places)
        other = _cut(prepared.others(places), request.alternatives)
        covered = found.ms[:, 0] <= request.limit_ms
        answer = NearestAnswer(
            lon=lon,
            lat=lat,
            station=found.station,
            ms=_known(found),
            metres=_metres(found),
            covered=covered,
            reason=_reasons(prepared, origin, covered),
            origin=origin,
            alternative_station=other.station,
            alternative_ms=_known(other),
            alternative_metres=_metres(other),
            alternative_fails=_fails(prepared, other),
            stations=self._stations,
        )
        self._by_straight_line(answer, prepared)
        return answer

    def _by_straight_line(self, answer: NearestAnswer, prepared: "_Prepared") -> None:
        """Fill in the nearest station by straight line where nothing is in reach."""
        counted = prepared.counted
        if counted.size == 0 or answer.alternative_station.shape[1] == 0:
            return
        nothing = (answer.station[:, 0] < 0) & (answer.alternative_station[:, 0] < 0)
        lost = np.flatnonzero(nothing & (answer.origin.state == ON_NETWORK))
        if lost.size == 0:
            return
        lon = self._stations["lon"].to_numpy(np.float64)[counted]
        lat = self._stations["lat"].to_numpy(np.float64)[counted]
        there = _unit_vectors(lon, lat)
        fails = _fails_ever(prepared, counted).tolist()
        for row in lost:
            close = there @ _unit_vectors(answer.lon[row : row + 1], answer.lat[row : row + 1])[0]
            first = int(np.argmax(close))
            if close[first] >= _SAME_PLACE:
                answer.alternative_station[row, 0] = counted[first]
                answer.alternative_fails[row].append(_FAIL_WORDS[fails[first]])


@dataclass(frozen=True)
class _Prepared:
    """A question with its searches; the places alone are missing."""

    chosen: Search
    others: Search
    no_need: BoolArray
    no_access: BoolArray
    windows: tuple[Any, ...]
    counted: Int32Array
    reasons: Reasons


def _reasons(prepared: _Prepared, origin: Positions, covered: BoolArray) -> npt.NDArray[np.object_]:
    """Return why each place is not covered, None where it is."""
    reason = np.full(covered.size, None, object)
    if covered.all():
        return reason
    reason[origin.state == OFF_NETWORK] = "off_network"
    reason[origin.state == NO_DATA] = "no_data"
    left = np.flatnonzero(~covered & (origin.state == ON_NETWORK))
    if left.size:
        reason[left] = _CAUSE_WORDS[prepared.reasons(origin, left)]
    return reason


def _fails(prepared: _Prepared, found: Found) -> list[list[tuple[str, ...]]]:
    """Return, for each alternative, the conditions that it fails."""
    station, there = found.station, found.station >= 0
    if not there.any():  # perhaps there are no stations at all
        return [[] for _ in range(len(station))]
    bits = _fails_always(prepared, station)
    if prepared.windows:
        known, maybe = (
            _kernels.may_arrive(station.ravel(), found.ms.ravel(), windows).reshape(station.shape)
            for windows in prepared.windows
        )
        bits |= np.where(known, 0, np.where(maybe, _BITS[0], _BITS[1]))
    return [
        [_FAIL_WORDS[number] for number, is_one in zip(row, mark, strict=True) if is_one]
        for row, mark in zip(bits.tolist(), there.tolist(), strict=True)
    ]


def _fails_always(prepared: _Prepared, station: Int32Array) -> npt.NDArray[np.int64]:
    """Return the conditions that stations fail at any hour, as bits."""
    return (prepared.no_need[station] * _BITS[2]) | (prepared.no_access[station] * _BITS[3])


def _fails_ever(prepared: _Prepared, station: Int32Array) -> npt.NDArray[np.int64]:
    """Return the conditions that stations fail whenever one arrives, as bits."""
    bits = _fails_always(prepared, station)
    if prepared.windows:
        known, maybe = (np.diff(indptr)[station] > 0 for indptr, _, _ in prepared.windows)
        bits |= np.where(known, 0, np.where(maybe, _BITS[0], _BITS[1]))
    return bits


def _cut(found: Found, most: int) -> Found:
    """Return the first columns of what was found."""
    return Found(found.station[:, :most], found.ms[:, :most], found.mm[:, :most])


def _known(found: Found) -> Int32Array:
    """Return times, -1 where there is no station."""
    return np.where(found.station >= 0, found.ms, -1).astype(np.int32)


def _metres(found: Found) -> FloatArray:
    """Return lengths in metres, NaN where there is no station."""
    return np.where(found.station >= 0, found.mm / 1000.0, np.nan)


def _unit_vectors(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return points on the unit sphere, whose chords order as distances do."""
    x, y = np.radians(lon), np.radians(lat)
    return np.column_stack((np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)))
