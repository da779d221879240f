"""The stations after changes, as arrays that questions are asked of.

Only what questions use is put together: a table of thousands of stations is not made anew because
one of them moves.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geodata.hours import Timetable
from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator.changes import Changes, Fresh, Rows, rows_after
from locator.gaps import Places
from locator.selection import Added, Register


@dataclass(frozen=True)
class StationsAfter:
    """The stations after changes.

    Attributes
    ----------
    ids : array (t,) of str
        Ascending.
    rows : Rows
        Where they come from.
    fresh : Fresh
        Places that must be snapped.
    register : Register
        What conditions are asked of.
    gone : array of int32
        Rows of the table before of stations that are not there, or other than they were.
    come : array of int32
        Rows of the table after of stations that were not there, or other.
    """

    ids: npt.NDArray[np.str_]
    rows: Rows
    fresh: Fresh
    register: Register
    gone: Int32Array
    come: Int32Array

    def places(self, before: Places) -> Places:
        """Return what gaps are measured with.

        Parameters
        ----------
        before : Places
            As it was.

        Returns
        -------
        Places
            With the stations after.
        """
        lon, lat = (
            _placed(self.rows, old, new)
            for old, new in (
                (before.station_lon, self.fresh.lon),
                (before.station_lat, self.fresh.lat),
            )
        )
        ids = self.ids.astype(object)
        return replace(before, station_ids=ids, station_lon=lon, station_lat=lat)


def _placed(rows: Rows, old: FloatArray, new: FloatArray) -> FloatArray:
    """Return a coordinate of the stations after changes."""
    return np.concatenate((old, new))[np.where(rows.fresh >= 0, old.size + rows.fresh, rows.source)]


class StationsBefore:
    """The stations of a dataset, ready to be changed.

    Parameters
    ----------
    stations : GeoDataFrame
        The station table, sorted by id.
    register : Register
        Made of it.
    """

    def __init__(self, stations: gpd.GeoDataFrame, register: Register) -> None:
        self._stations = stations
        self._register = register
        self._facilities = stations["facilities"].to_numpy(object)
        self.ids = stations["id"].to_numpy(str)

    @cached_property
    def known(self) -> frozenset[str]:
        """Return the ids as a set."""
        return frozenset(self.ids.tolist())

    @cached_property
    def _repeats(self) -> npt.NDArray[np.str_]:
        """Return the id that each station repeats, empty for none."""
        if "duplicate_of" not in self._stations:
            return np.full(self.ids.size, "")
        return self._stations["duplicate_of"].fillna("").to_numpy(str)

    def after(self, changes: Changes) -> StationsAfter:
        """Return the stations after changes.

        Parameters
        ----------
        changes : Changes
            Checked.

        Returns
        -------
        StationsAfter
            Nothing given is changed.
        """
        rows = rows_after(self.ids, changes)
        new = [station.id for station in changes.add]
        ids = np.concatenate((self.ids, np.array(new, str)))[rows.order]
        repeats = np.concatenate((self._repeats, np.full(len(new), "")))[rows.order]
        named = [*changes.remove, *changes.hours, *changes.equip, *changes.move, *new]
        register = self._register_after(changes, rows, _original(ids, repeats))
        return StationsAfter(
            ids=ids,
            rows=rows,
            fresh=Fresh.of(changes),
            register=register,
            gone=_rows(_named(self.ids, self._repeats, named)),
            come=_rows(_named(ids, repeats, named)),
        )

    def _register_after(self, changes: Changes, rows: Rows, original: Int32Array) -> Register:
        """Return what conditions are asked of."""
        texts = [*self._register.timetable.expressions]
        for code, text in changes.hours.items():
            texts[int(np.searchsorted(self.ids, code))] = text
        texts += [station.opening_hours for station in changes.add]
        timetable = Timetable([texts[row] for row in rows.order.tolist()])
        has = {}
        for code, more in changes.equip.items():
            row = int(np.searchsorted(self.ids, code))
            has[row] = frozenset(str(self._facilities[row]).split(";")) | frozenset(more)
        added = [
            Added(new.kind, new.status, new.access, frozenset(new.facilities))
            for new in changes.add
        ]
        return self._register.joined(added, rows.order, has).arranged(timetable, original)


def _rows(mark: BoolArray) -> Int32Array:
    """Return the rows that are marked."""
    return np.flatnonzero(mark).astype(np.int32)


def _named(ids: npt.NDArray[np.str_], repeats: npt.NDArray[np.str_], named: list[str]) -> BoolArray:
    """Mark stations of some ids, and those that repeat one: they count where it does not."""
    wanted = np.array(named, str)
    return np.isin(ids, wanted) | np.isin(repeats, wanted)


def _original(ids: npt.NDArray[np.str_], repeats: npt.NDArray[np.str_]) -> Int32Array:
    """Return the row of the station that each one repeats, -1 for none."""
    original = np.full(ids.size, -1, np.int32)
    rows: Int64Array = np.flatnonzero(repeats != "")
    if rows.size:
        at = np.minimum(np.searchsorted(ids, repeats[rows]), ids.size - 1)
        found = (ids[at] == repeats[rows]) & (at != rows)
        original[rows[found]] = at[found]
    return original
