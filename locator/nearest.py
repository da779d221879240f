"""Which stations a place can reach, in how many minutes, and whether they are open on arrival."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Geod
from scipy.spatial import cKDTree

from geodata.model import (
    CLOSED_MS,
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
from locator.selection import (
    LIFTS,
    Conditions,
    Register,
    Selection,
    lifted_conditions,
    same_stations,
)
from locator.snap import Exits
from locator.travel_time import Found, TravelTimes

#: Stations are listed up to this many minutes away, or up to the limit if that is longer.
HORIZON_MINUTES = 60

_GEOD = Geod(ellps="WGS84")
_MS = 1000
_MS_PER_MINUTE = 60_000

#: Every word a cause can be, in order; ``planned`` and ``barrier`` come with the planner's tools.
CAUSES = (*LIFTS, "off_network", "unreachable", "too_far")


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
        conditions = request.conditions
        chosen = self._register.select(conditions, request.horizon_ms)
        found = self._travel.k_best(places, chosen, request.k, request.horizon_ms)
        covered = found.ms[:, 0] <= request.limit_ms
        other, fails = self._alternatives(places, request)
        answer = NearestAnswer(
            lon=lon,
            lat=lat,
            station=found.station,
            ms=np.where(found.station >= 0, found.ms, -1).astype(np.int32),
            metres=_metres(found),
            covered=covered,
            reason=self._reasons(places, origin, covered, request),
            origin=origin,
            alternative_station=other.station,
            alternative_ms=np.where(other.station >= 0, other.ms, -1).astype(np.int32),
            alternative_metres=_metres(other),
            alternative_fails=fails,
            stations=self._stations,
        )
        self._by_straight_line(answer, conditions)
        return answer

    def _alternatives(
        self, places: Exits, request: NearestRequest
    ) -> tuple[Found, list[list[tuple[str, ...]]]]:
        """Return the nearest stations that fail, and what each fails."""
        count = max(request.alternatives, 1)
        if request.alternatives == 0:
            none = np.full((places.edge.size, 0), -1, np.int32)
            return Found(none, none, none.astype(np.int64)), [[] for _ in range(places.edge.size)]
        others = self._register.failing(request.conditions, request.horizon_ms)
        found = self._travel.k_best(places, others, count, request.horizon_ms)
        return found, self._fails(found, request)

    def _fails(self, found: Found, request: NearestRequest) -> list[list[tuple[str, ...]]]:
        """Return, for each alternative, the conditions that it fails."""
        station, conditions, register = found.station, request.conditions, self._register
        unknown, closed = self._hours_fail(found, request)
        marks = (
            unknown,
            closed,
            ~register.needs_met(conditions.needs)[station],
            ~register.access_fits(conditions.access)[station],
        )
        bits: npt.NDArray[np.int8] = np.zeros(station.shape, np.int8)
        for place, mark in enumerate(marks):
            bits |= mark.astype(np.int8) << place
        words = [
            tuple(name for place, name in enumerate(LIFTS) if number >> place & 1)
            for number in range(1 << len(LIFTS))
        ]
        return [
            [words[number] for number in row[there]]
            for row, there in zip(bits, station >= 0, strict=True)
        ]

    def _hours_fail(self, found: Found, request: NearestRequest) -> tuple[BoolArray, BoolArray]:
        """Mark the alternatives whose hours are unknown on arrival, and those closed then."""
        conditions, station = request.conditions, found.station
        none = np.zeros(station.shape, np.bool_)
        if conditions.at is None or conditions.open == "any":
            return none, none
        all_ways = ("access", "no_such_need")
        known = self._register.select(conditions, request.horizon_ms, all_ways)
        maybe = self._register.select(conditions, request.horizon_ms, ("hours_unknown", *all_ways))
        is_open, might = (
            _kernels.may_arrive(station.ravel(), found.ms.ravel(), chosen.windows).reshape(
                station.shape
            )
            for chosen in (known, maybe)
        )
        return might & ~is_open, ~might

    def _reasons(
        self, places: Exits, origin: Positions, covered: BoolArray, request: NearestRequest
    ) -> npt.NDArray[np.object_]:
        """Return why each place is not covered, None where it is."""
        reason = np.full(covered.size, None, object)
        reason[origin.state == OFF_NETWORK] = "off_network"
        reason[origin.state == NO_DATA] = "no_data"
        left = np.flatnonzero(~covered & (origin.state == ON_NETWORK))
        if left.size == 0:
            return reason
        some = take(places, left)
        why = first_lift(self._register, self._travel, request.conditions, request.limit_ms)
        reason[left] = np.array(CAUSES, object)[why(some)]
        return reason

    def _by_straight_line(self, answer: NearestAnswer, conditions: Conditions) -> None:
        """Fill in the nearest station by straight line where nothing is in reach."""
        lost = np.flatnonzero(
            (answer.station[:, 0] < 0)
            & (answer.alternative_station[:, :1] < 0).all(axis=1)
            & (answer.origin.state == ON_NETWORK)
        )
        counted = np.flatnonzero(self._register.counted(conditions))
        if lost.size == 0 or counted.size == 0 or answer.alternative_station.shape[1] == 0:
            return
        lon = self._stations["lon"].to_numpy(np.float64)[counted]
        lat = self._stations["lat"].to_numpy(np.float64)[counted]
        tree = cKDTree(_unit_vectors(lon, lat))
        _, place = tree.query(_unit_vectors(answer.lon[lost], answer.lat[lost]))
        answer.alternative_station[lost, 0] = counted[place]
        for row in lost:
            answer.alternative_fails[row].append(())


def first_lift(
    register: Register,
    travel: TravelTimes,
    conditions: Conditions,
    limit_ms: int,
    *,
    at_least: int = 1,
) -> Callable[[Exits], npt.NDArray[np.int8]]:
    """Return a function that says why uncovered places on the network are not covered.

    Conditions are lifted cumulatively in the order of ``LIFTS``; the first at which a place becomes
    covered is its cause; then ``unreachable`` (no way to any station) and ``too_far``.

    Parameters
    ----------
    register : Register
        The stations.
    travel : TravelTimes
        Times of the mode.
    conditions : Conditions
        What was asked.
    limit_ms : int
        The limit.
    at_least : int
        Covered means so many stations within the limit.

    Returns
    -------
    callable
        From ``Exits`` of uncovered places on the network to rows of ``CAUSES``.
    """

    def causes(places: Exits) -> npt.NDArray[np.int8]:
        cause = np.full(places.edge.size, -1, np.int8)
        lifted: list[str] = []
        before = register.select(conditions, limit_ms)
        for name in lifted_conditions(conditions):
            lifted.append(name)
            selection = register.select(conditions, limit_ms, lifted)
            if same_stations(before, selection):
                continue
            before = selection
            times = best_on_arrival(travel, places, selection, limit_ms, at_least=at_least)
            cause[(cause < 0) & (times < CLOSED_MS)] = CAUSES.index(name)
        everything = rows_of(register.counted(conditions))
        reached = travel.reachable(everything, places)
        words = np.where(reached, CAUSES.index("too_far"), CAUSES.index("unreachable"))
        return np.where(cause < 0, words, cause).astype(np.int8)

    return causes


def best_on_arrival(
    travel: TravelTimes,
    places: Exits,
    selection: Selection,
    limit_ms: int,
    *,
    at_least: int = 1,
    scale: float = 1.0,
) -> Int32Array:
    """Return the time to the nearest station that may be reached when one arrives.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    places : Exits
        Places on its network.
    selection : Selection
        Stations and windows.
    limit_ms : int
        Longest time.
    at_least : int
        Take the time to the so-many-th nearest station.
    scale : float
        Speed as a multiple of the mode's.

    Returns
    -------
    array (p,) of int32
        Milliseconds, ``CLOSED_MS`` beyond the limit.
    """
    if selection.changing.size == 0 and at_least == 1:
        reach_ms = int(np.floor(limit_ms * scale + 1e-6))
        times = travel.best(places, selection.steady, reach_ms)
        if scale == 1.0:
            return times
        scaled = np.ceil(times / scale - 1e-9)
        return np.where(times < CLOSED_MS, scaled, CLOSED_MS).astype(np.int32)
    found = travel.k_best(places, selection, at_least, limit_ms, scale=scale)
    return found.ms[:, at_least - 1]


def _metres(found: Found) -> FloatArray:
    """Return lengths in metres, NaN where there is no station."""
    return np.where(found.station >= 0, found.mm / 1000.0, np.nan)


def take(places: Exits, rows: npt.NDArray[np.int64]) -> Exits:
    """Return some rows of exits.

    Parameters
    ----------
    places : Exits
        Places.
    rows : array of int64
        Which.

    Returns
    -------
    Exits
        In the order of ``rows``.
    """
    return Exits(**{name: array[rows] for name, array in vars(places).items()})


def _unit_vectors(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return points on the unit sphere, whose chords order as distances do."""
    x, y = np.radians(lon), np.radians(lat)
    return np.column_stack((np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)))
