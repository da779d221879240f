"""What somebody would change about the stations, and the dataset as it would be then.

`changed` is the plain way: stations in a new table, positions snapped, everything else as it was;
an index made of it answers every question from scratch. `locator.scenario` gives the same answers
by repairing what it had, and is tested against this.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
        known = set(stations["id"])
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


def _wrong_ids(changes: Changes, known: set[str]) -> list[_Found]:
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
class Table:
    """The station table after changes, and where its rows come from.

    Attributes
    ----------
    stations : GeoDataFrame
        Sorted by id.
    source : array (t,) of int64
        Row of the table before, -1 for what has a fresh position.
    fresh : array (t,) of int64
        Row of ``Fresh``, -1 for what stays where it was.
    """

    stations: gpd.GeoDataFrame
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


def table_after(stations: gpd.GeoDataFrame, changes: Changes) -> Table:
    """Return the station table as it would be.

    Parameters
    ----------
    stations : GeoDataFrame
        The table, sorted by id.
    changes : Changes
        Checked.

    Returns
    -------
    Table
        A new table; the one given is left as it is.
    """
    row_of = {code: row for row, code in enumerate(stations["id"])}
    columns = _edited(stations, changes, row_of)
    size = len(stations) + len(changes.add)
    fresh, stays = np.full(size, -1, np.int64), np.ones(size, np.bool_)
    fresh[[row_of[code] for code in changes.move]] = np.arange(len(changes.move))
    fresh[len(stations) :] = np.arange(len(changes.add)) + len(changes.move)
    stays[[row_of[code] for code in changes.remove]] = False
    rows = np.flatnonzero(stays)
    rows = rows[np.argsort(columns["id"][rows].astype(str), kind="stable")]
    frame = pd.DataFrame(
        {
            name: pd.Series(values[rows], dtype=stations[name].dtype)
            for name, values in columns.items()
        }
    )
    shapes = gpd.points_from_xy(frame["lon"], frame["lat"])
    return Table(
        stations=gpd.GeoDataFrame(frame, geometry=shapes, crs=4326),
        source=np.where(fresh[rows] >= 0, -1, rows),
        fresh=fresh[rows],
    )


def _edited(
    stations: gpd.GeoDataFrame, changes: Changes, row_of: Mapping[str, int]
) -> dict[str, npt.NDArray[np.object_]]:
    """Return the columns with what is changed in them and what is added below them."""
    added = [_row(station) for station in changes.add]
    columns = {}
    for name in stations.columns.drop("geometry"):
        empty = np.nan if pd.api.types.is_float_dtype(stations[name].dtype) else ""
        more = np.array([row.get(name, empty) for row in added], object)
        columns[name] = np.concatenate((stations[name].to_numpy(object), more))
    for code, (lon, lat) in changes.move.items():
        columns["lon"][row_of[code]], columns["lat"][row_of[code]] = lon, lat
    for code, text in changes.hours.items():
        for name in {"opening_hours", "opening_hours_text"} & set(columns):
            columns[name][row_of[code]] = text
    for code, facilities in changes.equip.items():
        has = str(columns["facilities"][row_of[code]]).split(";")
        columns["facilities"][row_of[code]] = ";".join(
            name for name in dict.fromkeys((*has, *facilities)) if name
        )
    return columns


def _row(station: NewStation) -> dict[str, Any]:
    """Return a new station as a row of the table."""
    row: dict[str, Any] = {
        name: value
        for name, value in vars(station).items()
        if name not in {"facilities", "capacity"}
    }
    row["facilities"] = ";".join(station.facilities)
    row["capacity"] = "" if station.capacity is None else str(station.capacity)
    row["opening_hours_text"] = station.opening_hours
    row["datum"] = "wgs84"
    return row


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
    table, fresh = table_after(dataset.stations, changes), Fresh.of(changes)
    modes = tuple(dataset.networks) if mode is None else (mode,)
    snapped = {name: snappers(name).snap(fresh.lon, fresh.lat) for name in modes if fresh.ids}
    fresh.refuse_outside(snapped.values())
    return replace(
        dataset,
        networks={name: dataset.networks[name] for name in modes},
        stations=table.stations,
        station_positions={
            name: table.positions(dataset.station_positions[name], snapped.get(name))
            for name in modes
        },
    )
