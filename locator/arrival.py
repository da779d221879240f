"""Times to stations that are open on arrival, and why a place has none within the limit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geodata.model import CLOSED_MS, Int32Array
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
from locator.travel_time import UNLIMITED_MS, BestSearch, Search, TravelTimes

#: Every word a cause can be, in order; ``planned`` and ``barrier`` come with the planner's tools.
CAUSES = (*LIFTS, "off_network", "unreachable", "too_far")

_EPSILON = 1e-6
_TINY = 1e-9


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

    def __call__(self, places: Exits) -> Int32Array:
        """Return milliseconds (p,), ``CLOSED_MS`` beyond the limit."""
        if isinstance(self.search, Search):
            return self.search(places).ms[:, self.at_least - 1]
        times = self.search(places)
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


class Reasons:
    """Tells why places on the network are not covered; call it with uncovered places.

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
    """

    def __init__(
        self,
        register: Register,
        travel: TravelTimes,
        conditions: Conditions,
        limit_ms: int,
        *,
        at_least: int = 1,
    ) -> None:
        self._register = register
        self._travel = travel
        self._conditions = conditions
        self._limit_ms = limit_ms
        self._at_least = at_least

    @cached_property
    def _lifts(self) -> list[tuple[str, Arrival]]:
        """The lifts that change anything, each with its search."""
        before = self._register.select(self._conditions, self._limit_ms)
        lifted: list[str] = []
        out = []
        for name in lifted_conditions(self._conditions):
            lifted.append(name)
            selection = self._register.select(self._conditions, self._limit_ms, lifted)
            if not same_stations(before, selection):
                search = arrival(self._travel, selection, self._limit_ms, at_least=self._at_least)
                out.append((name, search))
                before = selection
        return out

    @cached_property
    def _anywhere(self) -> BestSearch:
        """The search for any station at any distance."""
        everything = rows_of(self._register.counted(self._conditions))
        return self._travel.best_search(everything, UNLIMITED_MS)

    def __call__(self, places: Exits) -> npt.NDArray[np.int8]:
        """Return rows of ``CAUSES`` (p,)."""
        cause = np.full(places.edge.size, -1, np.int8)
        for name, search in self._lifts:
            cause[(cause < 0) & (search(places) < CLOSED_MS)] = CAUSES.index(name)
        reached = self._anywhere(places) < CLOSED_MS
        words = np.where(reached, CAUSES.index("too_far"), CAUSES.index("unreachable"))
        return np.where(cause < 0, words, cause).astype(np.int8)
