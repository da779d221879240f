"""Parks, woods and the names of places in the demo city: for its base map, not for its streets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely

from geodata.model import FloatArray, Int32Array
from geodata.sample_city import Plan
from geodata.sample_districts import Areas
from geodata.sample_draw import Sketch

#: The largest blocks of each district are parks named after it.
_PARKS = ("公园", "植物园")

#: Parks lie so far from the middle of the streets around them (m), as large as this (m²).
_ASIDE_M, _PARK_M2 = 9.0, (8_000.0, 400_000.0)

#: Districts are named where their streets are: within this part of the city's radius.
_TOWN = 0.8

#: Woods: direction from the centre (degrees), distance and size in parts of the city's radius.
_WOODS = ((20, 1.27, 0.17), (75, 1.22, 0.12), (150, 1.3, 0.2), (215, 1.24, 0.14), (325, 1.3, 0.16))

_Way = tuple[FloatArray, Mapping[str, str]]


def furnished(sketch: Sketch, plan: Plan, areas: Areas, city: str) -> Sketch:
    """Return the sketch with green and place names behind everything that it had.

    Parameters
    ----------
    sketch : Sketch
        Streets, water and railway; their nodes and ways keep their numbers.
    plan : Plan
        The big features.
    areas : Areas
        The districts.
    city : str
        Name of the city.

    Returns
    -------
    Sketch
        The same for the same input; nothing in it is random.
    """
    xy, ways, tags = [sketch.xy], list(sketch.ways), dict(sketch.node_tags)
    count = len(sketch.xy)
    for rim, about in [*_parks(sketch, plan, areas), *_woods(plan)]:
        ring = count + np.arange(len(rim) - 1, dtype=np.int32)
        ways.append((np.append(ring, ring[:1]), about))
        xy.append(rim[:-1])
        count += len(rim) - 1
    for place, about in _places(sketch, plan, areas, city):
        xy.append(place.reshape(1, 2))
        tags[count] = about
        count += 1
    return replace(sketch, xy=np.vstack(xy), node_tags=tags, ways=tuple(ways))


def _parks(sketch: Sketch, plan: Plan, areas: Areas) -> list[_Way]:
    """Return the largest blocks between the streets of each district as parks."""
    lines = [shapely.LineString(sketch.xy[chain]) for chain, _ in sketch.streets()]
    blocks = shapely.get_parts(shapely.polygonize(lines))
    inside = shapely.buffer(blocks, -_ASIDE_M, join_style="mitre")
    inside = inside[shapely.get_type_id(inside) == shapely.GeometryType.POLYGON]
    area = shapely.area(inside)
    keep_out = shapely.union_all([plan.water, plan.island, plan.clearing, plan.rail])
    good = (area > _PARK_M2[0]) & (area < _PARK_M2[1]) & shapely.disjoint(inside, keep_out)
    good &= shapely.distance(inside, shapely.Point(0, 0)) < 0.9 * plan.radius_m
    parks = inside[good][np.argsort(-area[good], kind="stable")]
    found: list[_Way] = []
    for _, district, outline in areas:
        mine = parks[shapely.within(parks, outline)]
        for kind, park in zip(_PARKS, mine, strict=False):
            rim = shapely.get_coordinates(shapely.simplify(park, 1.0).exterior)
            found.append((rim, {"leisure": "park", "name": district.removesuffix("区") + kind}))
    return found


def _woods(plan: Plan) -> list[_Way]:
    """Return woods on the hills around the city."""
    found: list[_Way] = []
    turn = np.linspace(0.0, 2 * np.pi, 48)
    for direction, away, size in _WOODS:
        middle = away * np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
        reach = size * (1 + 0.14 * np.sin(3 * turn + direction) + 0.08 * np.sin(7 * turn))
        rim = middle + np.column_stack([1.3 * reach * np.cos(turn), reach * np.sin(turn)])
        hill = shapely.difference(shapely.Polygon(rim * plan.radius_m), plan.water)
        largest = max(shapely.get_parts(hill), key=lambda part: float(part.area))
        found.append((shapely.get_coordinates(largest.exterior), {"natural": "wood"}))
    return found


def _places(
    sketch: Sketch, plan: Plan, areas: Areas, city: str
) -> Sequence[tuple[FloatArray, dict[str, str]]]:
    """Return the points that carry the names of the city, its districts, island and villages."""
    found = [(np.zeros(2), {"place": "city", "name": city})]
    for _, name, area in areas:
        near = shapely.intersection(area, shapely.Point(0, 0).buffer(_TOWN * plan.radius_m))
        middle = shapely.get_coordinates(shapely.point_on_surface(near))[0]
        found.append((middle, {"place": "suburb", "name": name}))
    island = shapely.get_coordinates(shapely.centroid(plan.island))[0]
    found.append((island, {"place": "island", "name": "鹭洲"}))
    villages: dict[str, list[Int32Array]] = {}
    for chain, tags in sketch.streets():
        if tags["highway"] == "residential" and tags.get("name", "").endswith("村"):
            villages.setdefault(tags["name"], []).append(chain)
    for name, chains in villages.items():
        middle = sketch.xy[np.concatenate(chains)].mean(axis=0)
        found.append((middle, {"place": "village", "name": name}))
    return found
