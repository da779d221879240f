"""Who is within the limit of a station, who is not, and why.

Three layers are judged by the same rule: homes (or the published people spread over cells), 100 m
cells and street pieces. A place is covered when its nearest station that is open on arrival lies
within the limit. Every place that is not has exactly one cause.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geodata.model import (
    CLOSED_MS,
    NO_DATA,
    ON_NETWORK,
    BoolArray,
    FloatArray,
    Int32Array,
    Int64Array,
    Positions,
)
from locator.arrival import CAUSES, Arrival, Reasons, arrival
from locator.barriers import Barriers, CutOff
from locator.selection import Conditions, Register, Selection, same_stations
from locator.snap import Exits, part_of
from locator.travel_time import TravelTimes

_MS_PER_MINUTE = 60_000
_EPSILON = 1e-6


@dataclass(frozen=True)
class CoverageRequest:
    """What is asked.

    Attributes
    ----------
    conditions : Conditions
        What a station must satisfy.
    minutes : int
        The limit.
    at_least : int
        Covered means so many stations within the limit.
    slow, fast : float
        The band of the mode's speed, as multiples of it.
    """

    conditions: Conditions
    minutes: int = 15
    at_least: int = 1
    slow: float = 1.0
    fast: float = 1.0

    @property
    def limit_ms(self) -> int:
        """Return the limit in milliseconds."""
        return self.minutes * _MS_PER_MINUTE


@dataclass(frozen=True)
class Layer:
    """Places of one sort on one network.

    Attributes
    ----------
    travel : TravelTimes
        Times of the mode.
    positions : Positions
        Where they lie on the network.
    region : array (p,) of int32
        Row of the region table, -1 outside.
    """

    travel: TravelTimes
    positions: Positions
    region: Int32Array

    @property
    def state(self) -> npt.NDArray[np.uint8]:
        """Return whether the places are on the network, as in ``Positions`` (p,)."""
        return self.positions.state

    def exits(self, rows: Int64Array | slice) -> Exits:
        """Return the times from some places to the ends of their edges.

        Parameters
        ----------
        rows : array of int64 or slice
            Which.

        Returns
        -------
        Exits
            In the order of ``rows``; worked out anew, which costs less than keeping them.
        """
        return self.travel.exits(part_of(self.positions, rows))


@dataclass(frozen=True)
class People:
    """How many live or work at places of a layer; one row a place and group.

    Attributes
    ----------
    place : array (r,) of int32
        Row of the layer; -1 for people whom no place of the layer stands for (off the network).
    group : array (r,) of int32
        Row of ``groups``.
    homes, workers : array (r,) of float64
        Counts.
    groups : tuple of str
        Codes of the groups.
    exact : bool
        Counted at the homes themselves, not spread from published cells.
    """

    place: Int32Array
    group: Int32Array
    homes: FloatArray
    workers: FloatArray
    groups: tuple[str, ...]
    exact: bool

    def only(self, group: str | None) -> "People":
        """Return those of one group.

        Parameters
        ----------
        group : str or None
            Its code; None: everybody.

        Returns
        -------
        People
            Nobody where there is no such group.
        """
        if group is None:
            return self
        number = self.groups.index(group) if group in self.groups else -1
        rows = self.group == number
        parts = {name: getattr(self, name)[rows] for name in ("place", "group", "homes", "workers")}
        return replace(self, **parts)


@dataclass(frozen=True)
class Question:
    """What the layers are judged by.

    Attributes
    ----------
    register : Register
        The stations.
    travel : TravelTimes
        Times of the mode.
    request : CoverageRequest
        What is asked.
    selection : Selection
        The stations that satisfy the conditions.
    region : int or None
        Row of the only region that counts; None: all.
    clipped : bool
        There are regions, so what lies outside all of them is outside the data.
    barriers : Barriers or None
        Tells who is cut off; None: nobody is asked about, and nothing planned is looked at.
    """

    register: Register
    travel: TravelTimes
    request: CoverageRequest
    selection: Selection
    region: int | None = None
    clipped: bool = False
    barriers: Barriers | None = None

    _searches: dict[tuple[float, int] | None, Arrival] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def search(
        self, selection: Selection, scale: float = 1.0, limit_ms: int | None = None
    ) -> Arrival:
        """Return the search for the station that decides; all layers share those of ``selection``.

        Parameters
        ----------
        selection : Selection
            Stations and windows.
        scale : float
            Speed as a multiple of the mode's.
        limit_ms : int, optional
            Longest time; that of the request by default.

        Returns
        -------
        Arrival
            To be called with places.
        """
        limit_ms = self.request.limit_ms if limit_ms is None else limit_ms
        asked = (scale, limit_ms) if selection is self.selection else None
        if asked in self._searches:
            return self._searches[asked]
        at_least = self.request.at_least
        made = arrival(self.travel, selection, limit_ms, at_least=at_least, scale=scale)
        if asked is not None:
            self._searches[asked] = made
        return made

    @cached_property
    def reasons(self) -> Reasons:
        """Tells why places are not covered, of whatever layer."""
        return Reasons(
            self.register,
            self.travel,
            self.request.conditions,
            self.request.limit_ms,
            at_least=self.request.at_least,
            barriers=self.barriers,
        )


class Outcome:
    """What became of the places of one layer. Everything is worked out when asked for.

    Parameters
    ----------
    layer : Layer
        The places.
    question : Question
        What they are judged by.
    """

    def __init__(self, layer: Layer, question: Question) -> None:
        self.layer = layer
        self._question = question

    def places(self, rows: Int64Array) -> Exits:
        """Return the exits of some places.

        Parameters
        ----------
        rows : array of int64
            Which.

        Returns
        -------
        Exits
            In the order of ``rows``.
        """
        return self.layer.exits(rows)

    def _times(
        self, selection: Selection, scale: float = 1.0, limit_ms: int | None = None
    ) -> Int32Array:
        """Return times to the station that decides, at a multiple of the mode's speed."""
        search, positions = self._question.search(selection, scale, limit_ms), self.layer.positions
        return search.at(self._question.travel, positions, np.arange(len(positions)))

    @property
    def _one_search(self) -> bool:
        """True when the times of one search tell all of the band: no window has to be asked."""
        return self._question.selection.changing.size == 0 and self._question.request.at_least == 1

    @cached_property
    def _band_ms(self) -> Int32Array:
        """Times to the station that decides, if need be as far as the fast end of the band (p,)."""
        request = self._question.request
        fastest = max(request.fast, 1.0) if self._one_search else 1.0
        return self._times(self._question.selection, limit_ms=_reach(request.limit_ms, fastest))

    @property
    def limit_ms(self) -> int:
        """The limit that they are judged by (ms)."""
        return self._question.request.limit_ms

    @property
    def median_detour(self) -> float | None:
        """Median detour by which barriers are told; None where nobody is asked about them."""
        barriers = self._question.barriers
        return None if barriers is None else barriers.median_detour

    @property
    def one_region(self) -> bool:
        """True when only one region was asked for."""
        return self._question.region is not None

    @cached_property
    def _here(self) -> BoolArray:
        """True for the places of the region asked for (p,)."""
        region = self._question.region
        if region is None:
            return np.ones(self.layer.region.size, np.bool_)
        here: BoolArray = self.layer.region == region
        return here

    @cached_property
    def _outside(self) -> BoolArray:
        """True for the places of which nothing is known (p,)."""
        mark: BoolArray = self.layer.state == NO_DATA
        return mark | (self.layer.region < 0) if self._question.clipped else mark

    @cached_property
    def in_total(self) -> BoolArray:
        """True for the places that count: all but those without data (p,)."""
        return self._here & ~self._outside

    @cached_property
    def no_data(self) -> BoolArray:
        """True for places that lie outside the data (p,)."""
        return self._here & self._outside

    @property
    def ms(self) -> Int32Array:
        """Time to the station that decides (p,), ``CLOSED_MS`` beyond the limit."""
        near = self._band_ms <= self._question.request.limit_ms
        return np.where(near, self._band_ms, np.int32(CLOSED_MS))

    @cached_property
    def covered(self) -> BoolArray:
        """True where a place is within the limit (p,)."""
        return self.in_total & (self._band_ms <= self._question.request.limit_ms)

    @cached_property
    def slow(self) -> BoolArray:
        """True where a place is covered at the slow end of the band (p,)."""
        return self._at_speed(self._question.request.slow)

    @cached_property
    def fast(self) -> BoolArray:
        """True where a place is covered at the fast end of the band (p,)."""
        return self._at_speed(self._question.request.fast)

    def _at_speed(self, scale: float) -> BoolArray:
        """Return what is covered at a multiple of the mode's speed."""
        selection, limit_ms = self._question.selection, self._question.request.limit_ms
        if self._one_search or (scale <= 1.0 and selection.changing.size == 0):
            return self.in_total & (self._band_ms <= _reach(limit_ms, scale))
        return self.in_total & (self._times(selection, scale) < CLOSED_MS)

    @cached_property
    def covered_if_unknown_open(self) -> BoolArray:
        """True where a place is covered if stations with unknown hours are open (p,)."""
        asked = self._question
        lifted = asked.register.select(
            asked.request.conditions, asked.request.limit_ms, ("hours_unknown",)
        )
        if same_stations(lifted, asked.selection):
            return self.covered
        return self.in_total & (self._times(lifted) < CLOSED_MS)

    @cached_property
    def cause(self) -> npt.NDArray[np.int8]:
        """Row of ``CAUSES`` for each place that is not covered, -1 else (p,)."""
        cause = np.full(self.covered.size, -1, np.int8)
        left = ~self.covered & self.in_total
        cause[left] = CAUSES.index("off_network")
        rows = np.flatnonzero(left & (self.layer.state == ON_NETWORK))
        if rows.size:
            cause[rows] = self._question.reasons(self.layer.positions, rows)
        return cause

    @cached_property
    def fate(self) -> npt.NDArray[np.int8]:
        """What became of each place (p,): 0 does not count, 1 covered, from 2 on ``CAUSES``."""
        fate: npt.NDArray[np.int8] = self.cause + np.int8(2)
        return np.where(self.cause < 0, self.covered, fate).astype(np.int8, copy=False)

    @cached_property
    def also(self) -> npt.NDArray[np.uint8]:
        """What had to be lifted together with the cause (p,): bit i stands for ``CAUSES[i]``.

        An earlier lift is among them if the place would not be covered without it.
        """
        also = np.zeros(self.cause.size, np.uint8)
        rows = np.flatnonzero((self.cause > 0) & (self.cause < CAUSES.index("off_network")))
        if rows.size:
            places = part_of(self.layer.positions, rows)
            also[rows] = self._question.reasons.also(places, self.cause[rows])
        return also

    def cut_off(self, rows: Int64Array) -> CutOff:
        """Return the station behind the barrier for some places that no lift helps.

        Parameters
        ----------
        rows : array of int64
            Which.

        Returns
        -------
        CutOff
            In the order of ``rows``.
        """
        return self._question.reasons.cut_off(self.layer.positions, rows)


def _reach(limit_ms: int, scale: float) -> int:
    """Return the time at the mode's speed that takes the limit at a multiple of it."""
    return int(np.floor(limit_ms * scale + _EPSILON))
