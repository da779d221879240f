"""Host premises of the demo city: banks, post offices, petrol stations, shops, offices, gates."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import shapely

from geodata.model import FloatArray, Int32Array
from geodata.sample_city import Plan
from geodata.sample_draw import Sketch

#: Classes of the streets along which premises stand, and how far from their middle (m).
_FRONT = ("primary", "secondary", "tertiary", "residential")
_ASIDE_M = 14.0

#: One place for so much street (m), and no two nearer to each other than this (m).
_EVERY_M, _APART_M = 700.0, 90.0

#: Every so manieth is mapped as a building of this length and width (m), not as a point.
_BUILDING, _SIDES_M = 5, (18.0, 10.0)

#: What stands there, one after the other: tags, and the name after that of the street.
_HOSTS: tuple[tuple[Mapping[str, str], str], ...] = (
    ({"shop": "convenience"}, "便利店"),
    ({"amenity": "bank", "operator": "云江银行"}, "支行"),
    ({"amenity": "pharmacy"}, "药店"),
    ({"amenity": "community_centre"}, "社区服务中心"),
    ({"shop": "convenience"}, "便利店"),
    ({"amenity": "fuel"}, "加油站"),
    ({"amenity": "bank", "operator": "云江银行"}, "支行"),
    ({"amenity": "post_office"}, "邮政所"),
    ({"office": "government"}, "街道办事处"),
)

#: Gates of a park, at these parts of its outline; every third park has none mapped.
_GATES = ((0.0, "南门"), (0.5, "北门"))
_WITHOUT_GATE = 3


def with_premises(sketch: Sketch, plan: Plan) -> Sketch:
    """Return the sketch with host premises behind everything that it had.

    Parameters
    ----------
    sketch : Sketch
        Streets and parks; their nodes and ways keep their numbers.
    plan : Plan
        The big features.

    Returns
    -------
    Sketch
        The same for the same input; nothing in it is random.
    """
    xy, ways, tags = [sketch.xy], list(sketch.ways), _gates(sketch)
    count = len(sketch.xy)
    for number, (place, ahead, about) in enumerate(_places(sketch, plan)):
        if number % _BUILDING == 0:
            ring = count + np.arange(4, dtype=np.int32)
            ways.append((np.append(ring, ring[:1]), {**about, "building": "yes"}))
            xy.append(_rectangle(place, ahead))
            count += 4
        else:
            xy.append(place.reshape(1, 2))
            tags[count] = about
            count += 1
    return replace(sketch, xy=np.vstack(xy), node_tags=tags, ways=tuple(ways))


def _places(
    sketch: Sketch, plan: Plan
) -> Iterator[tuple[FloatArray, FloatArray, Mapping[str, str]]]:
    """Yield places beside streets in town, the direction of the street, and the tags."""
    taken: list[FloatArray] = []
    before = 0.0
    for chain, tags in sketch.streets():
        line = shapely.LineString(sketch.xy[chain])
        if tags["highway"] not in _FRONT or not tags.get("name") or "bridge" in tags:
            continue
        for at in np.arange(_EVERY_M - before % _EVERY_M, line.length, _EVERY_M).tolist():
            place, ahead = _beside(line, at)
            inside = np.hypot(*place) < plan.radius_m and not plan.clearing.contains(
                shapely.Point(place)
            )
            if inside and all(np.hypot(*(place - other)) > _APART_M for other in taken):
                about, kind = _HOSTS[len(taken) % len(_HOSTS)]
                head = about.get("operator", "")
                yield place, ahead, {**about, "name": f"{head}{tags['name']}{kind}"}
                taken.append(place)
        before += line.length


def _beside(line: shapely.LineString, at: float) -> tuple[FloatArray, FloatArray]:
    """Return a place to the right of a line, and the line's direction there."""
    ends = shapely.get_coordinates([line.interpolate(at - 1.0), line.interpolate(at + 1.0)])
    ahead: FloatArray = (ends[1] - ends[0]) / max(np.hypot(*(ends[1] - ends[0])), 1e-9)
    place: FloatArray = ends.mean(axis=0) + _ASIDE_M * np.array([ahead[1], -ahead[0]])
    return place, ahead


def _rectangle(middle: FloatArray, ahead: FloatArray) -> FloatArray:
    """Return the corners of a building that stands along a street."""
    long, wide = (side / 2 for side in _SIDES_M)
    aside = np.array([-ahead[1], ahead[0]])
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([middle + a * long * ahead + b * wide * aside for a, b in signs])


def _gates(sketch: Sketch) -> dict[int, Mapping[str, str]]:
    """Return the tags of nodes, with entrances on the outlines of most parks."""
    tags: dict[int, Mapping[str, str]] = dict(sketch.node_tags)
    parks: list[Int32Array] = [
        chain for chain, about in sketch.ways if about.get("leisure") == "park"
    ]
    for number, ring in enumerate(parks):
        if number % _WITHOUT_GATE == 0:
            continue
        south = int(np.argmin(sketch.xy[ring[:-1], 1]))
        for part, name in _GATES:
            node = int(ring[(south + int(part * (len(ring) - 1))) % (len(ring) - 1)])
            tags[node] = {"entrance": "yes", "name": name}
    return tags
