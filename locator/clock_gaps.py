"""Gaps of a week: cells without a station in at least one hour, with their person-hours."""

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator.arrays import sums
from locator.clock_cover import WeekOutcome
from locator.clock_week import DAY_HOURS
from locator.gaps import CELL_M, gap_ids, group_gaps, heaviest_cells, middles, outlines
from locator.street_names import StreetNames
from locator.view import ModeView


@dataclass(frozen=True)
class WeekPeople:
    """Workers of an answer: one row a home, or a published part of a cell.

    Attributes
    ----------
    cell : array (r,) of int64
        Cell in which they live, -1 in none.
    place : array (r,) of int64
        Place at which they are counted.
    homes, workers : array (r,) of float64
        Counts.
    """

    cell: Int64Array
    place: Int64Array
    homes: FloatArray
    workers: FloatArray


@dataclass(frozen=True)
class WeekGaps:
    """Gaps of a week, the one with most person-hours first.

    Attributes
    ----------
    id : array (g,) of object
        Region and lattice index of the heaviest cell, as gaps of one time have it.
    region : array (g,) of object
        Id of the region, empty outside all.
    area_km2 : array (g,) of float64
        Size of the cells.
    hours : array (g,) of int32
        Hours that count in which at least one cell of the gap has no station.
    homes, workers : array (g,) of float64
        Without a station in the worst hour; NaN where nobody gave homes.
    person_hours : array (g,) of float64
        Workers times hours without a station; NaN where nobody gave homes.
    worst : array (g,) of int64
        Row of the hour in which most workers (else most cells) have none; the first of equal ones.
    label : array (c,) of int32
        Gap of each cell of the lattice, -1 in none.
    lon, lat : array (g,) of float64
        Middle of the heaviest cell: WGS-84 (degrees), five decimals.
    geometry : array (g,) of object
        Polygons in EPSG:4326.
    streets : StreetNames
        Tell where the gaps lie in words.
    """

    id: npt.NDArray[np.object_]
    region: npt.NDArray[np.object_]
    area_km2: FloatArray
    hours: Int32Array
    homes: FloatArray
    workers: FloatArray
    person_hours: FloatArray
    worst: Int64Array
    label: Int32Array
    lon: FloatArray
    lat: FloatArray
    geometry: npt.NDArray[np.object_]
    streets: StreetNames = field(repr=False)

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Return one row a gap.

        Returns
        -------
        GeoDataFrame
            EPSG:4326; ``worst_weekday`` (0 = Monday) and ``worst_hour`` name the worst hour;
            ``near`` and ``near_en`` as gaps of one time have them.
        """
        near = self.streets.near(self.lon, self.lat)
        return gpd.GeoDataFrame(
            {
                "id": self.id,
                "region": self.region,
                "near": near.local,
                "near_en": near.english,
                "area_km2": self.area_km2,
                "hours": self.hours,
                "homes": self.homes,
                "workers": self.workers,
                "person_hours": self.person_hours,
                "worst_weekday": self.worst // DAY_HOURS,
                "worst_hour": self.worst % DAY_HOURS,
                "lon": self.lon,
                "lat": self.lat,
            },
            geometry=self.geometry,
            crs=4326,
        )


@dataclass(frozen=True)
class WeekHours:
    """The hours of a week that count.

    Attributes
    ----------
    of_hour : array (168,) of int64
        Set of open stations of each hour.
    works : array (168,) of bool
        Whether it counts.
    """

    of_hour: Int64Array
    works: BoolArray

    @property
    def by_set(self) -> Int64Array:
        """Number of hours that count, by set (up to the last one that occurs)."""
        return np.bincount(self.of_hour[self.works], minlength=int(self.of_hour.max()) + 1)


def find_gaps(
    view: ModeView,
    cells: WeekOutcome,
    places: WeekOutcome,
    people: WeekPeople | None,
    hours: WeekHours,
    limit_ms: int,
) -> WeekGaps:
    """Return the gaps of a week.

    Parameters
    ----------
    view : ModeView
        The cells and what names them.
    cells : WeekOutcome
        What becomes of the cells.
    places : WeekOutcome
        What becomes of the places at which people are counted.
    people : WeekPeople or None
        Who lives in which cell; None where nobody gave homes.
    hours : WeekHours
        The hours that count.
    limit_ms : int
        The limit of the coverage (ms).

    Returns
    -------
    WeekGaps
        By person-hours (else area), then id.
    """
    lattice = view.places.cells
    times = hours.by_set
    mark = cells.in_total & (cells.covers.hours_without(times) > 0)
    which = np.flatnonzero(mark)
    count, found = group_gaps(view.places, mark, limit_ms)
    label = np.full(mark.size, -1, np.int32)
    label[which] = found
    heaviest = which[heaviest_cells(lattice, which, found, view.cell_people.workers)]
    ids = gap_ids(view.places, heaviest)
    lon, lat = middles(view.places, heaviest)
    region = lattice.region[heaviest]
    by_cells = _by_set(cells, label, which, np.ones(which.size), count)
    figures = _figures(places, label, people, times, count)
    ranked = by_cells if people is None else figures["workers"]
    worst = _worst(ranked, by_cells, hours)
    at = hours.of_hour[worst] if count else np.empty(0, np.int64)
    area: FloatArray = sums(found, np.ones(which.size), count) * (CELL_M / 1000) ** 2
    hours_open = ((by_cells > 0) * times[:, None]).sum(axis=0).astype(np.int32)
    person_hours = (figures["workers"] * times[:, None]).sum(axis=0)
    order = np.lexsort((ids.astype(str), -area, -np.nan_to_num(np.round(person_hours, 6))))
    back = np.empty(count + 1, np.int32)
    back[order], back[-1] = np.arange(count), -1
    column = np.arange(count)
    names = view.places.region_ids
    named = np.array([names[row] if row >= 0 else "" for row in region], object)
    return WeekGaps(
        id=ids[order],
        region=named[order],
        area_km2=area[order],
        hours=hours_open[order],
        homes=figures["homes"][at, column][order],
        workers=figures["workers"][at, column][order],
        person_hours=person_hours[order],
        worst=worst[order],
        label=back[label],
        lon=lon[order],
        lat=lat[order],
        geometry=outlines(lattice, mark, found, view.places.crs)[order],
        streets=view.places.streets,
    )


def _by_set(
    outcome: WeekOutcome,
    label: Int32Array,
    place: Int64Array,
    weight: FloatArray,
    count: int,
    cell: Int64Array | None = None,
) -> FloatArray:
    """Return what of a quantity is not covered in each set, by gap (k, g)."""
    gap = label[place if cell is None else cell]
    table = [
        sums(gap[rows], weight[rows], count)
        for rows in (~outcome.covered(number)[place] for number in range(len(outcome.covers)))
    ]
    return np.array(table).reshape(len(outcome.covers), count)


def _figures(
    places: WeekOutcome,
    label: Int32Array,
    people: WeekPeople | None,
    times: Int64Array,
    count: int,
) -> dict[str, FloatArray]:
    """Return homes and workers not covered in each set, by gap (k, g); NaN without people."""
    if people is None:
        return dict.fromkeys(("homes", "workers"), np.full((times.size, count), np.nan))
    rows = np.flatnonzero((people.cell >= 0) & (people.place >= 0))
    rows = rows[label[people.cell[rows]] >= 0]
    cell, place = people.cell[rows], people.place[rows]
    return {
        name: _by_set(places, label, place, weight[rows], count, cell)
        for name, weight in (("homes", people.homes), ("workers", people.workers))
    }


def _worst(ranked: FloatArray, cells: FloatArray, hours: WeekHours) -> Int64Array:
    """Return the hour in which most are not covered, of those that count, by gap (g,)."""
    rows = np.flatnonzero(hours.works)
    if ranked.shape[1] == 0 or rows.size == 0:
        return np.zeros(ranked.shape[1], np.int64)
    first, second = np.round(ranked, 6), np.round(cells, 6)
    by_hour = first[hours.of_hour[rows]]
    tied = by_hour == by_hour.max(axis=0)
    best: Int64Array = np.where(tied, second[hours.of_hour[rows]], -1.0).argmax(axis=0)
    worst: Int64Array = rows[best]
    return worst
