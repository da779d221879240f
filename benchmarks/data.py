"""The inputs of the benchmarks: real cities with stations and homes drawn at random.

Streets come from ``../shared/data`` (see its README for origin and licence). What is prepared lies
in ``build/bench``; ``make clean`` removes it.
"""

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
FOLDER = ROOT / "build" / "bench"

HOURS = ("24/7", "08:00-20:00", "Mo-Fr 08:30-17:30", "07:00-22:00", "Mo-Sa 09:00-18:00", "")
FACILITIES = ("seats;water", "microwave;water", "phone_charging;seats;toilet")
GROUPS = ("courier", "sanitation", "driver", "builder", "")


class MissingDataError(RuntimeError):
    """The real cities are not beside the project."""


@dataclass(frozen=True)
class City:
    """A city of the benchmark: where its streets are, and how much is drawn on them."""

    name: str
    stations: int
    homes: int
    modes: tuple[str, ...] = ("walk",)
    seed: int = 20260101
    hours: tuple[str, ...] = HOURS

    @property
    def streets(self) -> Path:
        """Path of the street file; an error that says where to put it if it is absent."""
        path = SHARED / self.name / f"{self.name}.osm.pbf"
        if not path.is_file():
            raise MissingDataError(f"the benchmarks need {path}: put the real data there.")
        return path


PORTO = City("porto", stations=300, homes=0, modes=("walk",))
NANJING = City("nanjing", stations=200, homes=20_000, modes=("walk",))


def street_points(path: Path, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``count`` places up to 30 m beside a street node, as (count, 2) lon, lat."""
    nodes: set[int] = set()
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY)
    for way in ways.with_filter(osmium.filter.KeyFilter("highway")):
        nodes.update(node.ref for node in way.nodes)
    places = [
        (node.location.lon, node.location.lat)
        for node in osmium.FileProcessor(str(path), osmium.osm.NODE)
        if node.id in nodes
    ]
    chosen = np.array(places)[rng.integers(0, len(places), count)]
    angle, metres = rng.uniform(0, 2 * np.pi, count), 30 * np.sqrt(rng.uniform(0, 1, count))
    north = metres * np.sin(angle) / 111_200
    east = metres * np.cos(angle) / (111_200 * np.cos(np.radians(chosen[:, 1])))
    return chosen + np.column_stack([east, north])


def write_stations(city: City, path: Path) -> None:
    """Write the city's random stations as a user would keep them."""
    rng = np.random.default_rng(city.seed)
    places = street_points(city.streets, city.stations, rng)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "lon", "lat", "datum", "opening_hours", "facilities"])
        for number, (lon, lat) in enumerate(places):
            hours = city.hours[int(rng.integers(len(city.hours)))]
            facilities = FACILITIES[int(rng.integers(len(FACILITIES)))]
            row = [f"b{number:04}", f"Station {number}", f"{lon:.7f}", f"{lat:.7f}"]
            writer.writerow([*row, "wgs84", hours, facilities])


def write_homes(city: City, path: Path) -> None:
    """Write the city's random homes."""
    rng = np.random.default_rng(city.seed + 1)
    places = street_points(city.streets, city.homes, rng)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "lon", "lat", "datum", "workers", "group"])
        for number, (lon, lat) in enumerate(places):
            group = GROUPS[int(rng.integers(len(GROUPS)))]
            row = [f"h{number:05}", f"{lon:.7f}", f"{lat:.7f}", "wgs84"]
            writer.writerow([*row, int(rng.integers(1, 4)), group])


def prepared(city: City) -> Path:
    """Return the dataset folder of the city, prepared if it is not there."""
    name = f"{city.name}-{'-'.join(city.modes)}-{city.stations}-{city.homes}"
    folder = FOLDER / (name if city.hours == HOURS else f"{name}-{len(city.hours)}-hours")
    if (folder / "public" / "basemap.pmtiles").is_file():
        return folder
    inputs = FOLDER / f"{folder.name}-inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    write_stations(city, inputs / "stations.csv")
    command = [
        *(sys.executable, "-m", "web", "prepare", "--json"),
        *("--streets", str(city.streets), "--stations", str(inputs / "stations.csv")),
        *("--out", str(folder)),
        *(part for mode in city.modes for part in ("--mode", mode)),
    ]
    if city.homes:
        write_homes(city, inputs / "homes.csv")
        command += ["--homes", str(inputs / "homes.csv")]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder
