"""Times to stations that are open on arrival, and why a place has none within the limit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geodata.model import CLOSED_MS, ON_NETWORK, BoolArray, Int32Array, Int64Array, Positions
from locator import _place_kernels
from locator.arrays import rows_of
from locator.barriers import Barriers, CutOff
from locator.selection import (
    LIFTS,
    PLANNED,
    Conditions,
    Register,
    Selection,
    lifted_conditions,
    same_stations,
    with_coming,
)
from locator.snap import Exits, part_of
from locator.travel_time import UNLIMITED_MS, BestSearch, Search, TravelTimes

#: Every word a cause can be, in order.
CAUSES = (*LIFTS, PLANNED, "off_network", "unreachable", "barrier", "too_far")
BARRIER, TOO_FAR = CAUSES.index("barrier"), CAUSES.index("too_far")

#: For more places than this it pays to look at the edges first.
_MANY = 5_000

_EPSILON = 1e-6
_TINY = 1e-9
_CHUNK = 32_768


@dataclass(frozen=True)
class Arrival:
    """A prepared search for the time to the station that decides; call it with places.

    Attributes
    ----------
    search : Search or BestSearch
        The search.
    at_least : int
        The so-many-th nearest station decides.
    scale : float
        Speed as a multiple of the mode's, where the search does not know it.
    """

    search: Search | BestSearch
    at_least: int
    scale: float

    @property
    def near(self) -> BoolArray:
        """True for the edges (e,) that a station may be reached from; elsewhere none is."""
        return self.search.near

    def __call__(self, places: Exits) -> Int32Array:
        """Return milliseconds (p,), ``CLOSED_MS`` beyond the limit."""
        if isinstance(self.search, Search):
            return self.search(places).ms[:, self.at_least - 1]
        return self._scaled(self.search(places))

    def at(self, travel: TravelTimes, positions: Positions, rows: Int64Array) -> Int32Array:
        """Return the same for some of many places; only those near a station cost anything.

        Parameters
        ----------
        travel : TravelTimes
            Times of the mode.
        positions : Positions
            Places.
        rows : array (r,) of int64
            Which.

        Returns
        -------
        array (r,) of int32
            Milliseconds, ``CLOSED_MS`` beyond the limit or off the network.
        """
        if isinstance(self.search, BestSearch):
            return self._scaled(self.search.at(positions, rows))
        times = np.full(rows.size, CLOSED_MS, np.int32)
        on = np.flatnonzero(positions.state[rows] == ON_NETWORK)
        edge = travel.network.segment_edge
        near = on[_place_kernels.rows_on_edges(rows[on], positions.segment, edge, self.near)]
        for first in range(0, near.size, _CHUNK):  # in parts, to keep memory small
            part = near[first : first + _CHUNK]
            times[part] = self(travel.exits(part_of(positions, rows[part])))
        return times

    def _scaled(self, times: Int32Array) -> Int32Array:
        """Return times at the mode's speed as they are at this one."""
        if self.scale == 1.0:
            return times
        scaled = np.ceil(times / self.scale - _TINY)
        return np.where(times < CLOSED_MS, scaled, CLOSED_MS).astype(np.int32)


def arrival(
    travel: TravelTimes,
    selection: Selection,
    limit_ms: int,
    *,
    at_least: int = 1,
    scale: float = 1.0,
) -> Arrival:
    """Return the search for the nearest station that may be reached when one arrives.

    Parameters
    ----------
    travel : TravelTimes
        Times of the mode.
    selection : Selection
        Stations and windows.
    limit_ms : int
        Longest time.
    at_least : int
        The so-many-th nearest station decides.
    scale : float
        Speed as a multiple of the mode's.

    Returns
    -------
    Arrival
        To be called with places.
    """
    if selection.changing.size == 0 and at_least == 1:
        reach_ms = int(np.floor(limit_ms * scale + _EPSILON))
        return Arrival(travel.best_search(selection.steady, reach_ms), at_least, scale)
    return Arrival(travel.search(selection, at_least, limit_ms, scale=scale), at_least, scale)


@dataclass(frozen=True)
class _Lift:
    """A lift that changes which stations count: its word, all lifts up to it, their search."""

    word: int
    lifted: tuple[str, ...]
    selection: Selection
    search: Arrival


class Reasons:
    """Tells why places on the network are not covered; call it with uncovered places.

    Conditions are lifted cumulatively in the order of ``CAUSES``; the first at which a place
    becomes covered is its cause; then ``unreachable`` (no way to any station), ``barrier`` and
    ``too_far``.

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
    barriers : Barriers, optional
        Tells who is cut off. Without it the words are a worker's: what is planned is no station,
        and nobody is told of ``planned`` and ``barrier``.
    """

    def __init__(
        self,
        register: Register,
        travel: TravelTimes,
        conditions: Conditions,
        limit_ms: int,
        *,
        at_least: int = 1,
        barriers: Barriers | None = None,
    ) -> None:
        self._register = register
        self._travel = travel
        self._conditions = conditions
        self._limit_ms = limit_ms
        self._at_least = at_least
        self._barriers = barriers

    def _search(self, selection: Selection) -> Arrival:
        """Return the search for a selection of stations."""
        return arrival(self._travel, selection, self._limit_ms, at_least=self._at_least)

    @cached_property
    def _lifts(self) -> list[_Lift]:
        """The lifts that change anything, each with its search."""
        before = self._register.select(self._conditions, self._limit_ms)
        names = lifted_conditions(self._conditions)
        if self._barriers is not None:
            names.append(PLANNED)
        out = []
        for count, name in enumerate(names, start=1):
            lifted = tuple(names[:count])
            selection = self._register.select(self._conditions, self._limit_ms, lifted)
            if not same_stations(before, selection):
                word = CAUSES.index(name)
                out.append(_Lift(word, lifted, selection, self._search(selection)))
                before = selection
        return out

    @cached_property
    def _counted(self) -> Int32Array:
        """Every station that can count when all conditions are lifted."""
        conditions = self._conditions
        asked = conditions if self._barriers is None else with_coming(conditions)
        return rows_of(self._register.counted(asked))

    @cached_property
    def _every(self) -> Int32Array:
        """The stations that are left when every condition is lifted."""
        lifted = (*LIFTS, PLANNED)
        return self._register.select(self._conditions, self._limit_ms, lifted).stations

    @cached_property
    def _anywhere(self) -> BestSearch:
        """The search for any station at any distance."""
        return self._travel.best_search(self._counted, UNLIMITED_MS)

    @cached_property
    def _helped(self) -> BoolArray:
        """False for edges (e,) on which no lift helps, and every place reaches some station."""
        edges = ~self._anywhere.sure
        for lift in self._lifts:
            edges |= lift.search.near
        return edges

    def __call__(self, positions: Positions, rows: Int64Array) -> npt.NDArray[np.int8]:
        """Return why some places on the network are not covered.

        Parameters
        ----------
        positions : Positions
            Places.
        rows : array (r,) of int64
            Which of them: on the network and not covered.

        Returns
        -------
        array (r,) of int8
            Rows of ``CAUSES``.
        """
        cause = np.full(rows.size, TOO_FAR, np.int8)
        if rows.size > _MANY:
            edge = self._travel.network.segment_edge
            left = _place_kernels.rows_on_edges(rows, positions.segment, edge, self._helped)
            cause[left] = self._lifted(positions, rows[left])
        else:
            cause = self._lifted(positions, rows)
        if self._barriers is not None:
            left = np.flatnonzero(cause == TOO_FAR)
            cause[left[self.cut_off(positions, rows[left]).mark]] = BARRIER
        return cause

    def _lifted(self, positions: Positions, rows: Int64Array) -> npt.NDArray[np.int8]:
        """Return the causes of places as far as lifts and reach tell them, else ``TOO_FAR``."""
        cause = np.full(rows.size, CAUSES.index("unreachable"), np.int8)
        cause[self._anywhere.at(positions, rows) < CLOSED_MS] = TOO_FAR
        for lift in self._lifts[::-1]:  # the first lift that helps has the last word
            helped = lift.search.at(self._travel, positions, rows) < CLOSED_MS
            cause[helped] = lift.word
        return cause

    def cut_off(self, positions: Positions, rows: Int64Array) -> CutOff:
        """Tell which places are behind a barrier, and the station behind it.

        Parameters
        ----------
        positions : Positions
            Places.
        rows : array (r,) of int64
            Which of them: on the network, and no lift helps.

        Returns
        -------
        CutOff
            In the order of ``rows``; none without ``barriers``.
        """
        if self._barriers is None:
            none = np.full(rows.size, -1, np.int32)
            return CutOff(none >= 0, none)
        return self._barriers.cut_off(
            positions, self._every, self._limit_ms, at_least=self._at_least, rows=rows
        )

    def also(self, positions: Positions, cause: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
        """Return what had to be lifted together with the cause of each place.

        Parameters
        ----------
        positions : Positions
            Uncovered places on the network.
        cause : array (p,) of int8
            Their causes, as calling gives them.

        Returns
        -------
        array (p,) of uint8
            Bit i stands for ``CAUSES[i]``: an earlier lift without which the place would not be
            covered.
        """
        also = np.zeros(cause.size, np.uint8)
        for lift in self._lifts:
            rows = np.flatnonzero(cause == lift.word)
            if rows.size == 0:
                continue
            places = self._travel.exits(part_of(positions, rows))
            for name in lift.lifted[:-1]:
                others = tuple(other for other in lift.lifted if other != name)
                selection = self._register.select(self._conditions, self._limit_ms, others)
                if not same_stations(selection, lift.selection):
                    lost = self._search(selection)(places) >= CLOSED_MS
                    also[rows[lost]] |= np.uint8(1 << CAUSES.index(name))
        return also
