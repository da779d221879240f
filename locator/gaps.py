"""Uncovered cells as polygons, each with an id, a size and a cause.

A gap is a set of uncovered cells of one region that hang together by their sides; what reaches
farther than about a station is cut (`locator.gap_groups`). Its polygon is the exact outline of the
cells; nothing is simplified here.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geodata.datum import project, unproject
from geodata.model import CLOSED_MS, BoolArray, Cells, FloatArray, Int32Array, Int64Array
from locator import _raster_kernels
from locator.arrays import sums
from locator.arrival import CAUSES
from locator.coverage import Outcome
from locator.gap_causes import NamedLines, barriers_of, behind_barriers, causes_of
from locator.gap_groups import block_cells, components, gap_groups, picture
from locator.selection import Selection
from locator.street_names import Near, StreetNames
from locator.travel_time import UNLIMITED_MS, Found, TravelTimes

#: Edge of a cell (m).
CELL_M = 100.0


@dataclass(frozen=True)
class Gaps:
    """Gaps, the one with most workers first.

    Attributes
    ----------
    id : array (g,) of object
        Region and lattice index of the heaviest cell.
    region : array (g,) of int32
        Row of the region table, -1 outside.
    area_km2, homes, workers : array (g,) of float64
        Size; people are NaN where nobody gave homes.
    nearest_ms : array (g,) of int32
        From the heaviest cell to the nearest station that satisfies the conditions, at any
        distance; ``CLOSED_MS`` where there is none.
    nearest_station : array (g,) of int32
        Row of the station table, -1 where there is none.
    detour_ratio : array (g,) of float64
        Way over straight line to that station, NaN where there is none.
    cause : array (g,) of object
        The cause of most workers (of most cells, where there are no people).
    causes : list of dict of str to float
        Share of each cause by workers (by cells, where there are none), the heaviest first.
    also : list of tuple of str
        What had to be lifted together with the cause, the heaviest first.
    barrier : array (g,) of object
        Name of the river, railway or motorway that cuts people off, ``""`` where unknown or none.
    lon, lat : array (g,) of float64
        Middle of the heaviest cell (degrees, five decimals).
    geometry : array (g,) of object
        Polygons in EPSG:4326.
    region_ids : array of object
        Ids of the region table.
    station_ids : array of object
        Ids of the station table.
    streets : StreetNames
        Tell where the gaps lie in words.
    """

    id: npt.NDArray[np.object_]
    region: Int32Array
    area_km2: FloatArray
    homes: FloatArray
    workers: FloatArray
    nearest_ms: Int32Array
    nearest_station: Int32Array
    detour_ratio: FloatArray
    cause: npt.NDArray[np.object_]
    causes: list[dict[str, float]]
    also: list[tuple[str, ...]]
    barrier: npt.NDArray[np.object_]
    lon: FloatArray
    lat: FloatArray
    geometry: npt.NDArray[np.object_]
    region_ids: npt.NDArray[np.object_] = field(repr=False)
    station_ids: npt.NDArray[np.object_] = field(repr=False)
    streets: StreetNames = field(repr=False)

    @cached_property
    def near(self) -> Near:
        """Where the middles of the heaviest cells lie in words."""
        return self.streets.near(self.lon, self.lat)

    def to_geodataframe(self, *, near: bool = True) -> gpd.GeoDataFrame:
        """Return one row a gap.

        Parameters
        ----------
        near : bool
            Say in words where they lie, which takes looking up.

        Returns
        -------
        GeoDataFrame
            EPSG:4326; ``nearest_seconds`` is NaN and ``nearest_station`` empty where no station
            can be reached; ``causes`` is JSON text, ``also`` codes joined by ``;``; ``near`` and
            ``near_en`` are empty where no named street is near, and absent where not asked for.
        """
        seconds = np.where(self.nearest_ms < CLOSED_MS, self.nearest_ms / 1000, np.nan)
        return gpd.GeoDataFrame(
            {
                "id": self.id,
                "region": _named(self.region_ids, self.region),
                **({"near": self.near.local, "near_en": self.near.english} if near else {}),
                "area_km2": self.area_km2,
                "homes": self.homes,
                "workers": self.workers,
                "nearest_seconds": seconds,
                "nearest_station": _named(self.station_ids, self.nearest_station),
                "cause": self.cause,
                "causes": [json.dumps(row) for row in self.causes],
                "also": [";".join(words) for words in self.also],
                "barrier": self.barrier,
                "detour_ratio": self.detour_ratio,
                "lon": self.lon,
                "lat": self.lat,
            },
            geometry=self.geometry,
            crs=4326,
        )


@dataclass(frozen=True)
class CellWeights:
    """People of the cells, where they are known.

    Attributes
    ----------
    homes, workers : array (c,) of float64
        Sums by cell; None where nobody gave homes.
    published : array (c,) of float64
        Workers as published, which decide the heaviest cell and so the id: it is the same whether
        the answer is exact or not.
    """

    homes: FloatArray | None = None
    workers: FloatArray | None = None
    published: FloatArray | None = None


@dataclass(frozen=True)
class Places:
    """What the cells of a gap are measured with.

    Attributes
    ----------
    cells : Cells
        The cells of the mode.
    crs : CRS
        Of their lattice.
    region_ids, station_ids : array of object
        Ids of the tables.
    station_lon, station_lat : array of float64
        Where the stations lie.
    lines : NamedLines
        What may cut people off.
    speed_kph : float
        Default speed of the mode (km/h), 0 where it goes by the class of the road.
    streets : StreetNames
        Tell where a place is in words.
    """

    cells: Cells
    crs: pyproj.CRS
    region_ids: npt.NDArray[np.object_]
    station_ids: npt.NDArray[np.object_]
    station_lon: FloatArray
    station_lat: FloatArray
    lines: NamedLines
    speed_kph: float
    streets: StreetNames


def find_cells(cells: Cells, column: npt.ArrayLike, row: npt.ArrayLike) -> Int64Array:
    """Return the rows of cells by their lattice indices.

    Parameters
    ----------
    cells : Cells
        The lattice.
    column, row : array_like (p,)
        Lattice indices.

    Returns
    -------
    array (p,) of int64
        Row of the cell, -1 where the lattice has none there.
    """
    key, order = _keys(cells.column, cells.row)
    if key.size == 0:
        return np.full(np.size(column), -1, np.int64)
    wanted = (np.asarray(column).astype(np.int64) << 32) + np.asarray(row).astype(np.int64)
    at = order[np.minimum(np.searchsorted(key, wanted, sorter=order), key.size - 1)]
    return np.where(key[at] == wanted, at, -1)


def _keys(column: Int32Array, row: Int32Array) -> tuple[Int64Array, Int64Array]:
    """Return one integer a cell, and the order that sorts them."""
    key = (column.astype(np.int64) << 32) + row
    return key, np.argsort(key)


def group_gaps(places: Places, mark: BoolArray, limit_ms: int) -> tuple[int, Int32Array]:
    """Group uncovered cells to gaps, none of them larger than about what a station can reach.

    Parameters
    ----------
    places : Places
        The cells, and how fast one goes.
    mark : array (c,) of bool
        Cells that are uncovered.
    limit_ms : int
        The limit of the coverage (ms).

    Returns
    -------
    tuple
        Number of gaps, and the gap of each marked cell, in cell order.
    """
    return gap_groups(places.cells, mark, block_cells(places.speed_kph, limit_ms))


def outlines(
    cells: Cells, mark: BoolArray, label: Int32Array, crs: pyproj.CRS
) -> npt.NDArray[np.object_]:
    """Return the exact outline of each group of cells.

    Parameters
    ----------
    cells : Cells
        The lattice.
    mark : array (c,) of bool
        The cells that were grouped.
    label : array of int32
        Group of each marked cell.
    crs : CRS
        Of the lattice.

    Returns
    -------
    array (g,) of object
        Polygons in EPSG:4326.
    """
    if label.size == 0:
        return np.empty(0, object)
    drawn, (south, west) = picture(cells.row[mark], cells.column[mark], label + 1)
    x, y, indptr, group = _raster_kernels.trace_rings(drawn)
    lon, lat = unproject((x + west) * CELL_M, (y + south) * CELL_M, crs)
    ring = np.repeat(np.arange(group.size), np.diff(indptr))
    rings = np.asarray(shapely.linearrings(np.column_stack((lon, lat)), indices=ring))
    holes = ~shapely.is_ccw(rings)
    out = np.empty(int(label.max()) + 1, object)
    out[group[~holes] - 1] = shapely.polygons(rings[~holes])
    for number in np.unique(group[holes]):
        inside = rings[holes & (group == number)]
        shell = shapely.get_exterior_ring(out[number - 1])
        out[number - 1] = shapely.polygons(shell, holes=inside)
    return out


def find(
    places: Places,
    outcome: Outcome,
    travel: TravelTimes,
    selection: Selection,
    people: CellWeights,
    grouped: Int32Array | None = None,
) -> Gaps:
    """Return the gaps of an answer.

    Parameters
    ----------
    places : Places
        The cells and what names them.
    outcome : Outcome
        What became of the cells.
    travel : TravelTimes
        Times of the mode.
    selection : Selection
        The stations that satisfy the conditions.
    people : CellWeights
        Who is in the cells.
    grouped : array (m,) of int32, optional
        The gap of each uncovered cell as `group_gaps` tells it, where that is known.

    Returns
    -------
    Gaps
        By workers, then area, then id.
    """
    cells, mark = places.cells, ~outcome.covered & outcome.in_total
    which = np.flatnonzero(mark)
    label = group_gaps(places, mark, outcome.limit_ms)[1] if grouped is None else grouped
    count = int(label.max(initial=-1)) + 1
    size = sums(label, np.ones(label.size), count)
    heaviest = which[heaviest_cells(cells, which, label, people.published)]
    workers, homes = (
        np.full(count, np.nan) if weight is None else sums(label, weight[which], count)
        for weight in (people.workers, people.homes)
    )
    why = causes_of(outcome, which, label, people.workers)
    barrier = _barriers(places, outcome, travel, (which, label, count), people.published)
    barrier[["barrier" not in shares for shares in why.causes]] = ""
    found = _anywhere(travel, outcome, selection, heaviest)
    region = cells.region[heaviest]
    ids = gap_ids(places, heaviest)
    lon, lat = middles(places, heaviest)
    area: FloatArray = size * (CELL_M / 1000) ** 2
    order = np.lexsort((ids.astype(str), -area, -np.nan_to_num(workers)))
    return Gaps(
        id=ids[order],
        region=region[order],
        area_km2=area[order],
        homes=homes[order],
        workers=workers[order],
        nearest_ms=found.ms[order, 0],
        nearest_station=found.station[order, 0],
        detour_ratio=_detour(places, heaviest[order], found, order),
        cause=why.cause[order],
        causes=[why.causes[i] for i in order],
        also=[why.also[i] for i in order],
        barrier=barrier[order],
        lon=lon[order],
        lat=lat[order],
        geometry=outlines(cells, mark, label, places.crs)[order],
        region_ids=places.region_ids,
        station_ids=places.station_ids,
        streets=places.streets,
    )


def gap_ids(places: Places, cell: Int64Array) -> npt.NDArray[np.object_]:
    """Return the ids of gaps by their heaviest cells: region and lattice index.

    Parameters
    ----------
    places : Places
        The cells and what names them.
    cell : array (g,) of int64
        The heaviest cell of each gap.

    Returns
    -------
    array (g,) of object
        Such as ``320102.6553.35460``; ``none`` outside every region.
    """
    cells = places.cells
    names = _named(places.region_ids, cells.region[cell])
    return np.array(
        [
            f"{name or 'none'}.{column}.{row}"
            for name, column, row in zip(names, cells.column[cell], cells.row[cell], strict=True)
        ],
        object,
    )


def middles(places: Places, cell: Int64Array) -> tuple[FloatArray, FloatArray]:
    """Return the middles of cells.

    Parameters
    ----------
    places : Places
        The cells and what names them.
    cell : array (n,) of int64
        Rows of the lattice.

    Returns
    -------
    lon, lat : arrays (n,) of float64
        WGS-84 (degrees), five decimals: about 1 m.
    """
    column, row = places.cells.column[cell], places.cells.row[cell]
    lon, lat = unproject((column + 0.5) * CELL_M, (row + 0.5) * CELL_M, places.crs)
    return np.round(lon, 5), np.round(lat, 5)


def heaviest_cells(
    cells: Cells, which: Int64Array, label: Int32Array, workers: FloatArray | None
) -> Int64Array:
    """Return the cell of most workers of each group; of equal ones the most central.

    Parameters
    ----------
    cells : Cells
        The lattice.
    which : array (m,) of int64
        The cells that were grouped.
    label : array (m,) of int32
        Group of each.
    workers : array (c,) of float64 or None
        By cell of the lattice.

    Returns
    -------
    array (g,) of int64
        Rows of ``which``.
    """
    column, row = cells.column[which].astype(np.float64), cells.row[which].astype(np.float64)
    size = np.maximum(np.bincount(label), 1)
    centre_x, centre_y = (np.bincount(label, part) / size for part in (column, row))
    off = np.round((column - centre_x[label]) ** 2 + (row - centre_y[label]) ** 2, 6)
    weight = np.zeros(which.size) if workers is None else np.round(workers[which], 6)
    left = np.arange(which.size)
    for value in (-weight, off):  # sorting many is what costs
        least = np.full(size.size, np.inf)
        np.minimum.at(least, label[left], value[left])
        left = left[value[left] == least[label[left]]]
    order = left[np.lexsort((row[left], column[left], label[left]))]
    first = np.ones(order.size, np.bool_)
    first[1:] = label[order][1:] != label[order][:-1]
    return order[first]


def _barriers(
    places: Places,
    outcome: Outcome,
    travel: TravelTimes,
    gap_cells: tuple[Int64Array, Int32Array, int],
    workers: FloatArray | None,
) -> npt.NDArray[np.object_]:
    """Return what each gap's heaviest cell behind a barrier is cut off by, else ``""``."""
    which, label, count = gap_cells
    out = np.full(count, "", object)
    behind = behind_barriers(outcome, which)
    if behind.any():
        cell, gap = which[behind], label[behind]
        heaviest = heaviest_cells(places.cells, cell, gap, workers)
        out[gap[heaviest]] = barriers_of(outcome, travel, cell[heaviest], places.lines)
    return out


def _anywhere(
    travel: TravelTimes, outcome: Outcome, selection: Selection, rows: Int64Array
) -> Found:
    """Return the nearest station of the selection for some places, at any distance."""
    stations = selection.stations
    always = Selection.always(stations, selection.indptr.size - 1, UNLIMITED_MS)
    return travel.k_best(outcome.places(rows), always, 1, UNLIMITED_MS)


def _detour(places: Places, cell: Int64Array, found: Found, order: Int64Array) -> FloatArray:
    """Return way over straight line from cells to their stations, NaN where there is none."""
    station, mm = found.station[order, 0], found.mm[order, 0]
    there = station >= 0
    out = np.full(cell.size, np.nan)
    x = (places.cells.column[cell[there]] + 0.5) * CELL_M
    y = (places.cells.row[cell[there]] + 0.5) * CELL_M
    to = station[there]
    to_x, to_y = project(places.station_lon[to], places.station_lat[to], places.crs)
    straight = np.hypot(to_x - x, to_y - y)
    out[there] = mm[there] / 1000 / np.maximum(straight, 1.0)
    return out


def _named(ids: npt.NDArray[np.object_], rows: Int32Array) -> npt.NDArray[np.object_]:
    """Return ids of rows, empty for -1."""
    if ids.size == 0:
        return np.full(rows.size, "", object)
    return np.where(rows >= 0, ids[np.maximum(rows, 0)], "")


def covered_areas(places: Places, outcome: Outcome) -> gpd.GeoDataFrame:
    """Return the covered cells as polygons, one row a group that hangs together.

    Parameters
    ----------
    places : Places
        The cells and what names them.
    outcome : Outcome
        What became of the cells.

    Returns
    -------
    GeoDataFrame
        ``region``, ``area_km2``, polygons in EPSG:4326.
    """
    cells, mark = places.cells, outcome.covered
    count, label = components(cells, mark)
    first = np.flatnonzero(mark)[np.unique(label, return_index=True)[1]]
    return gpd.GeoDataFrame(
        {
            "region": _named(places.region_ids, cells.region[first]),
            "area_km2": sums(label, np.ones(label.size), count) * (CELL_M / 1000) ** 2,
        },
        geometry=outlines(cells, mark, label, places.crs),
        crs=4326,
    )


def cell_frame(places: Places, outcome: Outcome) -> gpd.GeoDataFrame:
    """Return the cells that count, as squares.

    Parameters
    ----------
    places : Places
        The cells and what names them.
    outcome : Outcome
        What became of the cells.

    Returns
    -------
    GeoDataFrame
        ``column``, ``row``, ``region``, ``seconds`` (NaN beyond the limit), ``state`` (``covered``,
        ``unreachable``, ``uncovered``), ``cause`` (empty where covered); EPSG:4326.
    """
    rows = np.flatnonzero(outcome.in_total)
    cause = outcome.cause[rows]
    ms, words = outcome.ms[rows], np.array((*CAUSES, ""), object)
    state = np.where(cause == CAUSES.index("unreachable"), "unreachable", "uncovered")
    return gpd.GeoDataFrame(
        {
            "column": places.cells.column[rows],
            "row": places.cells.row[rows],
            "region": _named(places.region_ids, places.cells.region[rows]),
            "seconds": np.where(ms < CLOSED_MS, ms / 1000, np.nan),
            "state": np.where(cause < 0, "covered", state),
            "cause": words[cause],
        },
        geometry=squares(places, rows),
        crs=4326,
    )


def squares(places: Places, cell: Int64Array) -> npt.NDArray[np.object_]:
    """Return cells as squares.

    Parameters
    ----------
    places : Places
        The cells and what names them.
    cell : array (n,) of int64
        Rows of the lattice.

    Returns
    -------
    array (n,) of object
        Polygons in EPSG:4326.
    """
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * CELL_M
    column, row = places.cells.column[cell], places.cells.row[cell]
    xy = (np.column_stack((column, row)) * CELL_M)[:, None, :] + corners[None]
    lon, lat = unproject(xy[..., 0].ravel(), xy[..., 1].ravel(), places.crs)
    rings = np.stack((lon, lat), axis=-1).reshape(-1, 5, 2)
    drawn: npt.NDArray[np.object_] = np.asarray(shapely.polygons(rings), object)
    return drawn
