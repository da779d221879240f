"""A city that changes from month to month: homes move, stations open and close; saved anew."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj

from geodata import anonymity
from geodata.bundle import open_dataset, save
from geodata.datum import project
from locator import Index
from locator.changes import Changes, NewStation, changed


def months(count, year=2025):
    """Dates of cuts, one a month, all of them past."""
    return [f"{year + number // 12}-{number % 12 + 1:02}-25" for number in range(count)]


def moved(dataset, share, seed):
    """The dataset after some homes have moved to where others lie."""
    rng = np.random.default_rng(seed)
    homes = dataset.homes.copy()
    who = rng.permutation(len(homes))[: int(len(homes) * share)]
    to = rng.permutation(len(homes))[: who.size]
    for name in ("lon", "lat", "region"):
        values = homes[name].to_numpy(copy=True)
        values[who] = values[to]
        homes[name] = values
    crs = pyproj.CRS.from_user_input(dataset.manifest["metric_crs"])
    x, y = project(homes["lon"].to_numpy(), homes["lat"].to_numpy(), crs)
    workers, group = homes["workers"].to_numpy(), homes["group"].to_numpy(object)
    return replace(dataset, homes=homes, people=anonymity.publish(x, y, workers, group))


def with_stations(dataset, *, add=(), remove=()):
    """The dataset with stations opened at places and others closed."""
    index = Index(dataset)
    new = tuple(NewStation(name, lon, lat) for name, lon, lat in add)
    return changed(
        dataset,
        Changes(add=new, remove=tuple(remove)),
        lambda mode: index.view(mode).snapper,
        mode="walk",
    )


def opened(folder):
    """A dataset with its homes."""
    return open_dataset(folder, private=True)


def written(dataset, folder: Path) -> Path:
    """The dataset as a folder, without its homes: no cut may want them."""
    save(replace(dataset, homes=None, home_positions={}, basemap=None), folder)
    return folder
