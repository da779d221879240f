"""Toy towns: streets drawn in metres, so that answers can be worked out by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geodata.model import Streets
from locator._snap_kernels import metres_per_degree

LON, LAT = 118.8, 32.05
EAST, NORTH = metres_per_degree(LAT)


@dataclass(frozen=True)
class Way:
    """A street through named nodes."""

    nodes: str
    oneway: bool = False
    kph: float = 3.6
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
    """Return streets whose lengths are the drawn ones exactly (1 m/s is 3.6 km/h)."""
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
