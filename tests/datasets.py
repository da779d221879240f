"""A small dataset made by the real parts from a toy town, for tests of folders and privacy."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import anonymity, datum, demand
from geodata.model import Cells, Dataset, Pieces, Positions
from geodata.regions import label, no_regions
from geodata.words import load_vocabulary
from locator import network, snap
from tests.towns import LAT, LON, Way, lonlat, town


def grid_town(size=4, step=200.0, mode="walk"):
    """Streets ``size`` × ``size``, ``step`` metres apart."""
    nodes = {f"{r}{c}": (c * step, r * step) for r in range(size) for c in range(size)}
    ways = [Way(" ".join(f"{r}{c}" for c in range(size)), name=f"横{r}路") for r in range(size)]
    ways += [Way(" ".join(f"{r}{c}" for r in range(size))) for c in range(size)]
    return town(nodes, ways, mode=mode)


def dataset(homes=40, stations=3, seed=0, *, regions=True):
    """A whole dataset on foot; ``homes`` and ``stations`` are told apart by their number."""
    streets = grid_town()
    net = network.build(streets, "walk")
    snapper = snap.Snapper(net, streets.barrier_lines)
    rng = np.random.default_rng(seed)
    crs = datum.metric_crs(LON, LAT)
    lines = net.segment_line
    ends = np.column_stack(
        [
            *datum.project(lines[:, 0], lines[:, 1], crs),
            *datum.project(lines[:, 2], lines[:, 3], crs),
        ]
    )
    column, row = demand.grid_cells(ends)
    centre = datum.unproject((column + 0.5) * 100, (row + 0.5) * 100, crs)
    segment, fraction, length = demand.pieces(net)
    none = np.zeros(len(segment), np.int32)
    middles = Positions(segment, fraction, none.astype(np.float32), none, none.astype(np.uint8))
    districts = no_regions()
    if regions:
        west, south, east, north = (*lonlat(-500, -500), *lonlat(300, 1200))
        districts = gpd.GeoDataFrame(
            {"id": ["320102"], "name": ["玄武区"]},
            geometry=[shapely.box(west, south, east, north)],
            crs="EPSG:4326",
        )
    home_lon, home_lat = (np.array(a) for a in lonlat(*rng.uniform(0, 600, (2, homes))))
    station_lon, station_lat = (np.array(a) for a in lonlat(*rng.uniform(0, 600, (2, stations))))
    workers = rng.integers(1, 5, homes).astype(float)
    group = np.array(["courier", "driver"], object)[rng.integers(0, 2, homes)]
    people = anonymity.publish(*datum.project(home_lon, home_lat, crs), workers, group)
    return Dataset(
        manifest={"name": "toy", "as_of": "2026-01-01", "modes": {"walk": {"kph": 4.0}}},
        networks={"walk": net},
        cells={"walk": Cells(column, row, label(*centre, districts), snapper.snap(*centre))},
        pieces={"walk": Pieces(length, none - 1, middles)},
        stations=gpd.GeoDataFrame(
            {
                "id": pd.Series([f"s{n:04d}" for n in range(stations)], dtype="str"),
                "name": pd.Series(["驿站𠮷"] * stations, dtype="str"),
            },
            geometry=gpd.points_from_xy(station_lon, station_lat),
            crs="EPSG:4326",
        ),
        station_positions={"walk": snapper.snap(station_lon, station_lat)},
        regions=districts,
        people=people if len(people) else None,
        homes=pd.DataFrame(
            {
                "lon": home_lon,
                "lat": home_lat,
                "workers": workers,
                "group": pd.Series(group, dtype="str"),
                "kind": pd.Series(["home"] * homes, dtype="str"),
                "region": label(home_lon, home_lat, districts),
            }
        ),
        home_positions={"walk": snapper.snap(home_lon, home_lat)},
        way_name=streets.way_name,
        way_class=streets.way_class,
        barrier_lines=streets.barrier_lines,
        vocabulary=load_vocabulary(),
    )
