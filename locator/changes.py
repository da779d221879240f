"""What somebody would change about the stations, and the dataset as it would be then.

`changed` is the plain way: stations in a new table, positions snapped, everything else as it was;
an index made of it answers every question from scratch. `locator.scenario` gives the same answers
by repairing what it had, and is tested against this.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.errors import Fault, ValidationError
from geodata.hours import Timetable
from geodata.model import NO_DATA, Dataset, FloatArray, Int64Array, Positions
from geodata.vocabulary import Vocabulary
from locator.snap import Snapper, part_of

_LON_MOST, _LAT_MOST = 180.0, 90.0


@dataclass(frozen=True)
class NewStation:
    """A station that is not there yet.

    Attributes
    ----------
    id : str
        Not one of the dataset's.
    lon, lat : float
        WGS-84 degrees.
    name : str
        For people.
    kind : str
        Code of its kind.
    opening_hours : str
        OSM ``opening_hours``; ``""``: nobody knows.
    facilities : tuple of str
        Codes.
    access : str
        Code of the way in.
    status : str
        Code; ``open``, ``building`` or ``planned``.
    capacity : int or None
        How many it serves at once, None where nobody says.
    """

    id: str
    lon: float
    lat: float
    name: str = ""
    kind: str = "care_station"
    opening_hours: str = "24/7"
    facilities: tuple[str, ...] = ()
    access: str = "free"
    status: str = "open"
    capacity: int | None = None


def _nothing() -> Mapping[str, Any]:
    """Return an empty, read-only mapping."""
    return MappingProxyType({})


@dataclass(frozen=True)
class Changes:
    """Changes to the stations of a dataset, any number of them together.

    Attributes
    ----------
    add : sequence of NewStation
        Stations that would be built.
    remove : sequence of str
        Ids of stations that would close for good.
    hours : mapping of str to str
        New OSM ``opening_hours`` by id.
    equip : mapping of str to sequence of str
        Codes of facilities that a station would get besides, by id.
    move : mapping of str to (float, float)
        New ``lon, lat`` by id (WGS-84 degrees).
    """

    add: Sequence[NewStation] = ()
    remove: Sequence[str] = ()
    hours: Mapping[str, str] = field(default_factory=_nothing)
    equip: Mapping[str, Sequence[str]] = field(default_factory=_nothing)
    move: Mapping[str, tuple[float, float]] = field(default_factory=_nothing)

    def __len__(self) -> int:
        """Return how many changes there are."""
        parts = (self.add, self.remove, self.hours, self.equip, self.move)
        return sum(len(part) for part in parts)

    def check(self, stations: pd.DataFrame, vocabulary: Vocabulary) -> None:
        """Raise one error for everything that cannot be done.

        Parameters
        ----------
        stations : DataFrame
            The station table; ``id`` is used.
        vocabulary : Vocabulary
            The known codes.

        Raises
        ------
        ValidationError
            For ids that do not exist, exist already or come twice, what is removed and changed,
            hours that are no OSM ``opening_hours``, codes that do not exist and positions that are
            no place on earth; names every one. ``code`` is that of the first.
        """
        self.refuse(set(stations["id"]), vocabulary)

    def refuse(self, known: AbstractSet[str], vocabulary: Vocabulary) -> None:
        """Raise one error for everything that cannot be done, as ``check`` does.

        Parameters
        ----------
        known : set of str
            The ids there are.
        vocabulary : Vocabulary
            The known codes.

        Raises
        ------
        ValidationError
            As ``check`` says.
        """
        faults = [
            *_wrong_ids(self, known),
            *_wrong_hours(self),
            *_wrong_codes(self, vocabulary),
            *_wrong_positions(self),
        ]
        if faults:
            raise ValidationError.of([fault for _, fault in faults], code=faults[0][0])


#: A machine code and what is wrong.
_Found = tuple[str, Fault]


def _wrong_ids(changes: Changes, known: AbstractSet[str]) -> list[_Found]:
    """Return what is wrong about ids."""
    named = [("remove", changes.remove), ("hours", changes.hours), ("equip", changes.equip)]
    named.append(("move", changes.move))
    faults = [
        ("unknown_station", Fault(where, f"there is no station {code!r}", "use its id"))
        for where, codes in named
        for code in codes
        if code not in known
    ]
    gone = set(changes.remove)
    faults += [
        ("contradiction", Fault(where, f"{code!r} is removed, too", "leave out one of the two"))
        for where, codes in named[1:]
        for code in codes
        if code in gone
    ]
    faults += [
        ("repeated", Fault("remove", f"{code!r} comes twice", "name it once"))
        for code in _repeated(changes.remove)
    ]
    ids = [station.id for station in changes.add]
    faults += [
        ("repeated", Fault("add", f"the id {code!r} comes twice", "give each its own"))
        for code in _repeated(ids)
    ]
    return faults + [
        ("taken", Fault("add", f"expected an id that is not taken, got {code!r}", "choose another"))
        for code in dict.fromkeys(ids)
        if code in known or not code
    ]


def _repeated(codes: Iterable[str]) -> list[str]:
    """Return what comes more than once."""
    seen: set[str] = set()
    again = []
    for code in codes:
        if code in seen and code not in again:
            again.append(code)
        seen.add(code)
    return again


def _wrong_hours(changes: Changes) -> list[_Found]:
    """Return the hours that are none."""
    texts = [(f"add {station.id}", station.opening_hours) for station in changes.add]
    texts += [(f"hours {code}", text) for code, text in changes.hours.items()]
    faults: list[_Found] = []
    for where, text in texts:
        try:
            Timetable([text])
        except ValidationError as error:
            faults += [("bad_hours", replace(fault, where=where)) for fault in error.faults]
    return faults


def _wrong_codes(changes: Changes, vocabulary: Vocabulary) -> list[_Found]:
    """Return the codes that do not exist."""
    asked: list[tuple[str, str, Mapping[str, Any]]] = [
        (f"equip {code}", facility, vocabulary.facilities)
        for code, facilities in changes.equip.items()
        for facility in facilities
    ]
    for station in changes.add:
        where = f"add {station.id}"
        asked += [(where, code, vocabulary.facilities) for code in station.facilities]
        asked += [
            (where, station.kind, vocabulary.kinds),
            (where, station.access, vocabulary.access),
            (where, station.status, vocabulary.statuses),
        ]
    return [
        ("unknown_code", Fault(where, f"{code!r} is not known", f"use one of {', '.join(known)}"))
        for where, code, known in asked
        if code not in known
    ]


def _wrong_positions(changes: Changes) -> list[_Found]:
    """Return the positions that are no place on earth."""
    places = [(f"add {station.id}", station.lon, station.lat) for station in changes.add]
    places += [(f"move {code}", *place) for code, place in changes.move.items()]
    return [
        ("out_of_range", Fault(where, f"lon {lon}, lat {lat} is not a place on earth"))
        for where, lon, lat in places
        if not (abs(lon) <= _LON_MOST and abs(lat) <= _LAT_MOST)
    ]


@dataclass(frozen=True)
class Fresh:
    """What must be snapped anew: moved stations, then added ones.

    Attributes
    ----------
    ids : tuple of str
        Of the stations.
    lon, lat : array (f,) of float64
        WGS-84 degrees.
    """

    ids: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray

    @classmethod
    def of(cls, changes: Changes) -> "Fresh":
        """Return what changes put somewhere.

        Parameters
        ----------
        changes : Changes
            Checked.

        Returns
        -------
        Fresh
            Empty where nothing is moved or added.
        """
        places = [*changes.move.values(), *((new.lon, new.lat) for new in changes.add)]
        xy = np.array(places, np.float64).reshape(-1, 2)
        ids = (*changes.move, *(station.id for station in changes.add))
        return cls(ids, np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]))

    def refuse_outside(self, found: Iterable[Positions]) -> None:
        """Refuse places that lie outside the data of every mode.

        Parameters
        ----------
        found : iterable of Positions
            One row a place, of each mode. A place far from every street is off the network: it is
            taken, and covers nobody.

        Raises
        ------
        ValidationError
            Names every place.
        """
        outside = np.ones(len(self.ids), np.bool_)
        for positions in found:
            outside &= positions.state == NO_DATA
        faults = [
            Fault(self.ids[row], "expected a place within the data, this one lies outside of it")
            for row in np.flatnonzero(outside)
        ]
        if faults:
            raise ValidationError.of(faults, code="outside_data")


@dataclass(frozen=True)
class Rows:
    """Where the rows of the station table after changes come from.

    Attributes
    ----------
    row : array (t,) of int64
        Row of the table before with the ``edited`` rows below it.
    order : array (t,) of int64
        Row of the table before with the added ones below it.
    source : array (t,) of int64
        Row of the table before that stands where the new row stands, -1 for what is elsewhere.
    fresh : array (t,) of int64
        Row of ``Fresh``, -1 for what stays where it was.
    """

    row: Int64Array
    order: Int64Array
    source: Int64Array
    fresh: Int64Array

    def positions(self, before: Positions, fresh: Positions | None) -> Positions:
        """Return the positions of one mode in the order of the table.

        Parameters
        ----------
        before : Positions
            Of the table before.
        fresh : Positions or None
            Of what moved and what is new; None where there is nothing.

        Returns
        -------
        Positions
            One row a station.
        """
        if fresh is None:
            return part_of(before, self.source)
        rows = np.where(self.fresh >= 0, len(before) + self.fresh, self.source)
        return Positions(
            **{
                name: np.concatenate((array, getattr(fresh, name)))[rows]
                for name, array in vars(before).items()
            }
        )


def _other(changes: Changes) -> list[str]:
    """Return the ids of the stations there are that would be other than they are."""
    return list(dict.fromkeys((*changes.hours, *changes.equip, *changes.move)))


def rows_after(ids: npt.NDArray[np.str_], changes: Changes) -> Rows:
    """Return where the rows of the station table would come from.

    Parameters
    ----------
    ids : array (s,) of str
        The ids before, ascending.
    changes : Changes
        Checked.

    Returns
    -------
    Rows
        By id.
    """
    size, other = ids.size, _other(changes)
    row = np.arange(size + len(changes.add))
    row[size:] += len(other)
    fresh = np.full(row.size, -1, np.int64)
    fresh[size:] = np.arange(len(changes.add)) + len(changes.move)
    fresh[_found(ids, changes.move)] = np.arange(len(changes.move))
    row[_found(ids, other)] = size + np.arange(len(other))
    added = np.array([station.id for station in changes.add], str)
    order = np.delete(np.arange(size), _found(ids, changes.remove))
    by_id = np.argsort(added, kind="stable")
    order = np.insert(order, np.searchsorted(ids[order], added[by_id]), size + by_id)
    return Rows(row[order], order, np.where(fresh[order] >= 0, -1, order), fresh[order])


def _found(ids: npt.NDArray[np.str_], codes: Iterable[str]) -> Int64Array:
    """Return the rows of ids that are there."""
    return np.searchsorted(ids, np.array(list(codes), str)).astype(np.int64)


def edited(
    stations: gpd.GeoDataFrame, changes: Changes, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the stations that would be other than they are, then those that would be added.

    Parameters
    ----------
    stations : GeoDataFrame
        The table, sorted by id.
    changes : Changes
        Checked.
    columns : sequence of str, optional
        The only columns wanted; all but the geometry by default. Of them, those the table has.

    Returns
    -------
    DataFrame
        With the types of the table.
    """
    other = _other(changes)
    rows = _found(stations["id"].to_numpy(str), other)
    places = {**changes.move, **{new.id: (new.lon, new.lat) for new in changes.add}}
    out = {}
    for name in stations.columns.drop("geometry") if columns is None else columns:
        if name not in stations:
            continue
        dtype = stations[name].dtype
        values = stations[name].iloc[rows].tolist() if other else []
        empty: Any = np.nan if pd.api.types.is_float_dtype(dtype) else ""
        values += [_value(station, name, empty) for station in changes.add]
        if name in {"lon", "lat"}:
            place = [places.get(code) for code in (*other, *(new.id for new in changes.add))]
            values = [
                value if at is None else at[name == "lat"]
                for value, at in zip(values, place, strict=True)
            ]
        out[name] = pd.Series(values, dtype=dtype)
    for number, code in enumerate(other):
        if code in changes.hours:
            for name in {"opening_hours", "opening_hours_text"} & set(out):
                out[name].iloc[number] = changes.hours[code]
        if "facilities" in out:
            has = (*out["facilities"].iloc[number].split(";"), *changes.equip.get(code, ()))
            out["facilities"].iloc[number] = ";".join(filter(None, dict.fromkeys(has)))
    return pd.DataFrame(out)


def _value(station: NewStation, column: str, empty: Any) -> Any:
    """Return what a column of the table says of a new station."""
    special = {
        "facilities": ";".join(station.facilities),
        "capacity": "" if station.capacity is None else str(station.capacity),
        "opening_hours_text": station.opening_hours,
        "datum": "wgs84",
    }
    return special[column] if column in special else getattr(station, column, empty)


def table_after(stations: gpd.GeoDataFrame, changes: Changes) -> gpd.GeoDataFrame:
    """Return the station table as it would be.

    Parameters
    ----------
    stations : GeoDataFrame
        The table, sorted by id; it is left as it is.
    changes : Changes
        Checked.

    Returns
    -------
    GeoDataFrame
        Sorted by id.
    """
    rows = rows_after(stations["id"].to_numpy(str), changes)
    below = edited(stations, changes)
    frame = {
        name: pd.concat((stations[name], below[name])).iloc[rows.row].reset_index(drop=True)
        for name in below
    }
    shapes = gpd.points_from_xy(frame["lon"], frame["lat"])
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=4326)


def changed(
    dataset: Dataset,
    changes: Changes,
    snappers: Callable[[str], Snapper],
    *,
    mode: str | None = None,
) -> Dataset:
    """Return the dataset as it would be with some changes: the plain, whole way.

    Parameters
    ----------
    dataset : Dataset
        As it is.
    changes : Changes
        What would be different.
    snappers : callable
        Gives the snapper of a mode: ``lambda mode: index.view(mode).snapper``.
    mode : str, optional
        The only mode the new dataset is to have; all by default.

    Returns
    -------
    Dataset
        Stations sorted by id again; all else is shared with ``dataset``.

    Raises
    ------
    ValidationError
        As ``Changes.check`` says, and for positions outside the data.
    """
    changes.check(dataset.stations, dataset.vocabulary)
    rows = rows_after(dataset.stations["id"].to_numpy(str), changes)
    fresh = Fresh.of(changes)
    modes = tuple(dataset.networks) if mode is None else (mode,)
    snapped = {name: snappers(name).snap(fresh.lon, fresh.lat) for name in modes if fresh.ids}
    fresh.refuse_outside(snapped.values())
    return replace(
        dataset,
        networks={name: dataset.networks[name] for name in modes},
        stations=table_after(dataset.stations, changes),
        station_positions={
            name: rows.positions(dataset.station_positions[name], snapped.get(name))
            for name in modes
        },
    )
