"""Travel times to the stations after changes, by repair of the labels there were before.

Every question that `TravelTimes` answers is answered here by the same code; only the labels come
another way: those of a set of stations before, under the numbers of the new table, without the
stations that have gone and with those that have come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geodata.model import BoolArray, Int32Array, Int64Array, Positions
from locator import _kernels, _repair_kernels
from locator.cache import Cache
from locator.snap import exits
from locator.travel_time import UNLIMITED_MS, BestSearch, Passing, TravelTimes

#: Bytes of repaired labels kept, besides those of the last question.
_CACHE_BYTES = 64_000_000

#: If more of the stations than this share have come or gone, all are searched from anew.
_MOST_SHARE = 0.5


@dataclass(frozen=True)
class Numbers:
    """How the stations of two tables correspond.

    Attributes
    ----------
    source : array (t,) of int64
        Row of the table before that stands where the new row stands, -1 for what is elsewhere.
    size : int
        Rows of the table before.
    """

    source: Int64Array
    size: int

    @cached_property
    def new(self) -> Int32Array:
        """The new row of each row before (s,), -1 where it has gone or moved."""
        new = np.full(self.size, -1, np.int32)
        stays = np.flatnonzero(self.source >= 0)
        new[self.source[stays]] = stays
        return new


@dataclass(frozen=True)
class _Base:
    """A set of stations before that a set of now is repaired from.

    Attributes
    ----------
    stations : array of int32
        Rows of the table before.
    new : array (s,) of int32
        Their numbers now, -1 for all that are not among the stations now.
    fresh : array (t,) of bool
        Stations now that were not among those before.
    """

    stations: Int32Array
    new: Int32Array
    fresh: BoolArray


class RepairedTimes(TravelTimes):
    """Travel times of one mode to the stations of a changed register.

    Parameters
    ----------
    before : TravelTimes
        Times to the stations there were; what it keeps is used and added to.
    stations : Positions
        Where the stations lie now.
    numbers : Numbers
        Which of them were there.
    bases : sequence of array of int32
        Sets of stations that were asked about before: labels of the one that differs least are
        repaired.
    """

    def __init__(
        self,
        before: TravelTimes,
        stations: Positions,
        numbers: Numbers,
        bases: Sequence[Int32Array],
    ) -> None:
        vars(self).update(vars(before))  # the network's part is the same; the stations' is not
        self.stations = stations
        entries = exits(self.network, self.ways, stations, towards=False)
        self.entries = entries
        self.ends = (entries.u, entries.v, entries.u_ms, entries.v_ms, entries.u_mm, entries.v_mm)
        self._cache = Cache(_CACHE_BYTES)
        self._before = before
        self._numbers = numbers
        self._bases = bases
        self._searches: dict[tuple[bytes, int], BestSearch] = {}

    def touched(self, gone: Int32Array, come: Int32Array, limit_ms: int) -> BoolArray:
        """Mark the junctions within a time of stations that have gone or come.

        Parameters
        ----------
        gone : array of int32
            Rows of the stations before.
        come : array of int32
            Rows of the stations now.
        limit_ms : int
            The time.

        Returns
        -------
        array (n,) of bool
            True where any of them is that near.
        """
        one, other = self._before.seeds(gone), self.seeds(come)
        node = np.concatenate((one.node, other.node))
        key = np.concatenate((one.key, other.key))
        keys: Int64Array = _kernels.nearest_labels(
            *self._in, node, key, limit_ms, self._shift(limit_ms)
        )
        reached: BoolArray = keys < _kernels.NO_KEY
        return reached

    def turned(self, before: Int32Array, now: Int32Array) -> BoolArray:
        """Mark the junctions that reached a station at any distance and do not now, or vice versa.

        Parameters
        ----------
        before : array of int32
            Rows of the stations before.
        now : array of int32
            Rows of the stations now.

        Returns
        -------
        array (n,) of bool
            True where that has changed.
        """
        old = self._before._nearest(before, UNLIMITED_MS)  # noqa: SLF001  of our own class
        new = self._nearest(now, UNLIMITED_MS)
        turned: BoolArray = (old < _kernels.NO_KEY) != (new < _kernels.NO_KEY)
        return turned

    def _base(self, stations: Int32Array) -> _Base | None:
        """Return what labels of some stations are best repaired from, None if nothing is near."""
        asked = np.zeros(self._numbers.source.size, np.bool_)
        asked[stations] = True
        found, least = None, max(_MOST_SHARE * stations.size, 8.0)
        for base in self._bases:
            number = self._numbers.new[base]
            stays = number >= 0
            stays[stays] = asked[number[stays]]
            kept = int(np.count_nonzero(stays))
            differs = base.size + stations.size - 2 * kept
            if differs <= least and (found is None or differs < least):
                new = np.full(self._numbers.size, -1, np.int32)
                new[base[stays]] = number[stays]
                fresh = asked.copy()
                fresh[number[stays]] = False
                found, least = _Base(base, new, fresh), differs
        return found

    def _repaired(
        self, old: Int64Array, base: _Base, stations: Int32Array, limit: int
    ) -> Int64Array:
        """Return labels (n, k) of stations from those of a base."""
        seeds = self.seeds(stations)
        keys: Int64Array = _repair_kernels.repair(
            old,
            base.new,
            self._in,
            self.out[:2],
            seeds.node,
            seeds.key,
            base.fresh,
            limit,
            self._shift(limit),
        )
        return keys

    def _nearest(self, stations: Int32Array, limit_ms: int) -> Int64Array:
        """Return the key of the nearest of some stations for every junction (n,)."""
        base = self._base(stations)
        if base is None:
            return super()._nearest(stations, limit_ms)

        def repair() -> Int64Array:
            old = self._before._nearest(base.stations, limit_ms)  # noqa: SLF001  of our own class
            return self._repaired(old[:, None], base, stations, limit_ms).reshape(-1)

        keys: Int64Array = self._cache.get(("repaired", stations.tobytes(), limit_ms), repair)
        return keys

    def _k_nearest(self, stations: Int32Array, k: int, limit_ms: int) -> Int64Array:
        """Return the keys of the k nearest of some stations for every junction (n, k)."""
        base = self._base(stations)
        if base is None:
            return super()._k_nearest(stations, k, limit_ms)

        def repair() -> Int64Array:
            old = self._before._k_nearest(base.stations, k, limit_ms)  # noqa: SLF001  our own class
            return self._repaired(old, base, stations, limit_ms)

        key = ("repaired", k, stations.tobytes(), limit_ms)
        keys: Int64Array = self._cache.get(key, repair)
        return keys

    def best_search(self, stations: Int32Array, limit_ms: int) -> BestSearch:
        """Return the search for the time to the nearest of some stations.

        Parameters
        ----------
        stations : array of int32
            Station indices.
        limit_ms : int
            Longest time.

        Returns
        -------
        BestSearch
            The same for all layers of a question: what it works out is worked out once.
        """
        key = (stations.tobytes(), limit_ms)
        if key not in self._searches:
            self._searches[key] = super().best_search(stations, limit_ms)
        return self._searches[key]

    def passing(self, stations: Int32Array, limit_ms: int) -> Passing | None:
        """Return, for every junction, all of some stations within the limit.

        Parameters
        ----------
        stations : array of int32
            Station indices, those that change state.
        limit_ms : int
            Longest time.

        Returns
        -------
        Passing or None
            None when the rows would be too many; each place then searches for itself.
        """
        base = self._base(stations)
        if base is None:
            return super().passing(stations, limit_ms)

        def search() -> Passing | tuple[()]:
            old = self._before.passing(base.stations, limit_ms)
            return () if old is None else self._passing(old, base, limit_ms)

        key = ("repaired passing", stations.tobytes(), limit_ms)
        rows: Passing | tuple[()] = self._cache.get(key, search)
        return rows if isinstance(rows, Passing) else None

    def _passing(self, old: Passing, base: _Base, limit_ms: int) -> Passing | tuple[()]:
        """Return the rows of stations that stay, and of those that have come."""
        come = np.flatnonzero(base.fresh).astype(np.int32)
        limits = np.full(come.size, limit_ms, np.int32)
        fits, node, which, ms, mm = self.reach(come, self.seeds(come), limits)
        if not fits:
            return ()
        rows = (node, come[which], ms, mm)
        by_node = np.argsort(node, kind="stable")
        return Passing(*_repair_kernels.mixed_rows(tuple(old), base.new, rows, by_node))
