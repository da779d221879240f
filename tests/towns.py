"""Toy towns: streets drawn in metres, so that answers can be worked out by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import datum, demand
from geodata.model import Cells, Dataset, Pieces, Positions, Streets
from geodata.regions import label
from geodata.tables import load_vocabulary
from locator._snap_kernels import metres_per_degree
from locator.network import build
from locator.snap import Snapper

LON, LAT = 118.8, 32.05
EAST, NORTH = metres_per_degree(LAT)


@dataclass(frozen=True)
class Way:
    """A street through named nodes."""

    nodes: str
    oneway: bool = False
    kph: float = 4.0
    snappable: bool = True
    name: str = ""


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Return degrees of a place given in metres east and north of the town's corner."""
    return LON + x / EAST, LAT + y / NORTH


def town(
    nodes: Mapping[str, tuple[float, float]],
    ways: Sequence[Way],
    *,
    mode: str = "walk",
    closed: Sequence[str] = (),
    barriers: Sequence[tuple[float, float, float, float]] = (),
) -> Streets:
    """Return streets whose lengths are the drawn ones exactly: at 4 km/h 1,000 m take 900 s."""
    names = list(nodes)
    xy = np.array([nodes[name] for name in names], float)
    lon, lat = LON + xy[:, 0] / EAST, LAT + xy[:, 1] / NORTH
    start, end, way = [], [], []
    for number, street in enumerate(ways):
        stops = [names.index(node) for node in street.nodes.split()]
        start += stops[:-1]
        end += stops[1:]
        way += [number] * (len(stops) - 1)
    metres = np.hypot(*(xy[start] - xy[end]).T)
    kph = np.array([street.kph for street in ways], np.float32)
    oneway = np.array([street.oneway for street in ways])
    return Streets(
        node_id=np.arange(len(names), dtype=np.int64) + 1,
        lon=lon,
        lat=lat,
        way_id=np.arange(len(ways), dtype=np.int64) + 1,
        way_name=np.array([street.name for street in ways], object),
        way_class=np.array(["residential"] * len(ways), object),
        way_snappable=np.array([street.snappable for street in ways]),
        segment_from=np.array(start, np.int32),
        segment_to=np.array(end, np.int32),
        segment_way=np.array(way, np.int32),
        segment_m=metres,
        forward_kph={mode: kph},
        backward_kph={mode: np.where(oneway, 0, kph).astype(np.float32)},
        closed_node={mode: np.isin(names, closed)},
        barrier_lines=np.array(
            [(*lonlat(a, b), *lonlat(c, d)) for a, b, c, d in barriers], float
        ).reshape(-1, 4),
    )


@dataclass(frozen=True)
class Station:
    """A station at a place given in metres."""

    id: str
    x: float
    y: float
    hours: str = "24/7"
    facilities: str = "seats;water"
    kind: str = "care_station"
    access: str = "free"
    status: str = "open"


_TEXTS = ("opened_on", "closed_on", "valid_from", "valid_to", "address", "phone", "verified_on")


def station_table(stations: Sequence[Station]) -> gpd.GeoDataFrame:
    """Return stations as the table that a dataset holds, sorted by id."""
    rows = []
    for station in sorted(stations, key=lambda s: s.id):
        lon, lat = lonlat(station.x, station.y)
        rows.append(
            {
                "id": station.id,
                "name": f"station {station.id}",
                "kind": station.kind,
                "status": station.status,
                "lon": lon,
                "lat": lat,
                "opening_hours": station.hours,
                "facilities": station.facilities,
                "access": station.access,
                **dict.fromkeys(_TEXTS, ""),
            }
        )
    frame = pd.DataFrame(rows)
    return gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326
    )


def dataset(
    streets: Streets,
    stations: Sequence[Station],
    homes: Sequence[tuple[float, float]] = (),
    *,
    mode: str = "walk",
    areas: Mapping[str, tuple[float, float, float, float]] | None = None,
) -> Dataset:
    """Return a toy town as a dataset, by the steps of `web.prepare` without its files."""
    network = build(streets, mode)
    snapper = Snapper(network, streets.barrier_lines)
    table = station_table(stations)
    crs = datum.metric_crs(LON, LAT)
    shapes = {
        name: shapely.box(*lonlat(west, south), *lonlat(east, north))
        for name, (west, south, east, north) in (areas or {}).items()
    }
    regions = gpd.GeoDataFrame(
        {"id": list(shapes), "name": list(shapes)}, geometry=list(shapes.values()), crs=4326
    )
    line = network.segment_line
    start, end = (datum.project(line[:, i], line[:, i + 1], crs) for i in (0, 2))
    column, row = demand.grid_cells(np.column_stack((*start, *end)))
    lon, lat = datum.unproject((column + 0.5) * 100.0, (row + 0.5) * 100.0, crs)
    segment, fraction, length_m = demand.pieces(network)
    none = np.zeros(segment.size, np.int32)
    xy = np.array(homes, float).reshape(-1, 2)
    home_lon, home_lat = lonlat(xy[:, 0], xy[:, 1])
    people = pd.DataFrame(
        {
            "lon": home_lon,
            "lat": home_lat,
            "workers": 1.0,
            "group": "courier",
            "kind": "home",
            "region": label(home_lon, home_lat, regions) if len(regions) else -1,
        }
    )
    middle = line[segment, :2] + fraction[:, None] * (line[segment, 2:] - line[segment, :2])
    return Dataset(
        manifest={"name": "toy", "metric_crs": crs.to_wkt(), "version": "0"},
        networks={mode: network},
        cells={mode: Cells(column, row, label(lon, lat, regions), snapper.snap(lon, lat))},
        pieces={
            mode: Pieces(
                length_m,
                label(middle[:, 0], middle[:, 1], regions),
                Positions(segment, fraction, none.astype(np.float32), none, none.astype(np.uint8)),
            )
        },
        stations=table,
        station_positions={mode: snapper.snap(table["lon"].to_numpy(), table["lat"].to_numpy())},
        regions=regions,
        people=None,
        homes=people if homes else None,
        home_positions={mode: snapper.snap(home_lon, home_lat)},
        way_name=streets.way_name,
        way_class=streets.way_class,
        barrier_lines=streets.barrier_lines,
        vocabulary=load_vocabulary(),
    )
