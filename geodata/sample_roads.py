"""Main roads, expressway and railway of the demo city: bridges, tunnels, underpasses, ramps."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
import shapely.ops

from geodata.model import FloatArray
from geodata.sample_city import (
    BRIDGES,
    EXPRESSWAY,
    LINK,
    RAIL,
    STRUCTURE,
    WATER,
    Plan,
    curve,
    line_of,
)
from geodata.sample_draw import GROUND, Mark, Stroke

_SPEEDS = {"trunk": "60", "primary": "50", "secondary": "40"}
_MOTORWAY = {
    "highway": "motorway",
    "name": "绕城高速",
    "ref": "S90",
    "oneway": "yes",
    "maxspeed": "100",
    "lanes": "2",
}
_UNDERPASS = {"tunnel": "yes", "layer": "-1"}
_VIADUCT = {"bridge": "viaduct", "layer": "1"}

#: Roads that cross the railway on its level; all others pass below it.
LEVEL_CROSSINGS = ("建设路",)

#: Main roads with ramps to the expressway.
_INTERCHANGES = ("朝阳大道", "云江大道", "东北大道", "工业大道", "西江大道")


def _pieces(line: shapely.LineString, zone: shapely.Geometry) -> list[tuple[FloatArray, bool]]:
    """Return the parts of a line in order, each with whether it lies inside the zone."""
    ends = shapely.get_coordinates(shapely.intersection(line, shapely.boundary(zone)))
    at = np.unique(np.round(shapely.line_locate_point(line, shapely.points(ends)), 3))
    at = np.concatenate([[0.0], at[(at > 1.0) & (at < line.length - 1.0)], [line.length]])
    parts = [shapely.ops.substring(line, start, end) for start, end in pairwise(at.tolist())]
    return [
        (
            shapely.get_coordinates(part),
            bool(shapely.contains(zone, part.interpolate(0.5, normalized=True))),
        )
        for part in parts
    ]


def _road(name: str, kind: str, line: shapely.LineString, plan: Plan) -> list[Stroke]:
    """Return one main road, with a bridge over the river and underpasses below the railway."""
    tags = {"highway": kind, "name": name, "maxspeed": _SPEEDS[kind], "surface": "asphalt"}
    tags["lanes"] = {"trunk": "6", "primary": "4"}.get(kind, "2")
    strokes = []
    river, rail = shapely.buffer(plan.water, 12.0), shapely.buffer(plan.rail, 25.0)
    if name in LEVEL_CROSSINGS:
        line = _with_vertices(line, shapely.intersection(line, plan.rail))
    for part, wet in _pieces(line, river):
        if wet:
            strokes.append(Stroke(part, tags | {"bridge": "yes", "layer": "1"}, STRUCTURE))
            continue
        for piece, below in _pieces(shapely.LineString(part), rail):
            extra = _UNDERPASS if below and name not in LEVEL_CROSSINGS else {}
            strokes.append(Stroke(piece, tags | extra, STRUCTURE if extra else GROUND))
    return strokes


def _with_vertices(line: shapely.LineString, places: shapely.Geometry) -> shapely.LineString:
    """Return a line with further vertices at places that lie on it."""
    xy, more = shapely.get_coordinates(line), shapely.get_coordinates(places)
    at = shapely.line_locate_point(line, shapely.points(np.vstack([xy, more])))
    return shapely.LineString(np.vstack([xy, more])[np.argsort(at, kind="stable")])


def _named_bridges(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Return the same strokes, the bridges carrying their names from south to north."""
    bridges = [i for i, stroke in enumerate(strokes) if "bridge" in stroke.tags]
    bridges.sort(key=lambda i: float(strokes[i].points[:, 1].mean()))
    named = list(strokes)
    for name, i in zip(BRIDGES, bridges, strict=True):
        old = strokes[i]
        named[i] = Stroke(old.points, {**old.tags, "name": name}, old.level)
    return named


def _expressway(plan: Plan) -> list[Stroke]:
    """Return both carriageways, in tunnels below the river, on viaducts over the main roads."""
    roads = shapely.union_all([line for _, _, line in plan.roads] + [plan.rail])
    river = shapely.buffer(plan.water, 80.0)
    crossings = shapely.buffer(shapely.intersection(roads, plan.expressway), 60.0)
    strokes = []
    for side in (-12.0, 12.0):
        course = shapely.offset_curve(plan.expressway, side)
        line = course if side < 0 else course.reverse()
        for part, wet in _pieces(line_of(shapely.segmentize(line, 150.0)), river):
            for piece, above in _pieces(shapely.LineString(part), crossings):
                extra = _UNDERPASS if wet else _VIADUCT if above else {}
                strokes.append(Stroke(piece, _MOTORWAY | extra, EXPRESSWAY))
    return strokes


def nearest_vertex(
    strokes: Sequence[Stroke], place: tuple[float, float] | FloatArray
) -> FloatArray:
    """Return the vertex of any stroke that lies nearest to a place.

    Parameters
    ----------
    strokes : sequence of Stroke
        Where to look.
    place : (float, float)
        Local metres.

    Returns
    -------
    array (2,) of float64
        Local metres.
    """
    vertices = np.vstack([stroke.points for stroke in strokes])
    nearest: FloatArray = vertices[np.argmin(((vertices - np.asarray(place)) ** 2).sum(axis=1))]
    return nearest


def _links(plan: Plan, roads: Sequence[Stroke], carriageways: Sequence[Stroke]) -> list[Stroke]:
    """Return ramps between the expressway and the main roads that cross it."""
    ground = [s for s in roads if s.level == 0 and s.tags["highway"] in ("trunk", "primary")]
    strokes = []
    for name, _, line in plan.roads:
        if name not in _INTERCHANGES:
            continue
        for place in shapely.get_coordinates(shapely.intersection(line, plan.expressway)):
            inward = place * (1 - 320.0 / np.hypot(*place))
            junction = nearest_vertex(ground, inward)
            aside = np.array([-place[1], place[0]]) / np.hypot(*place) * 420.0
            tags = {"highway": "motorway_link", "oneway": "yes", "maxspeed": "40"}
            for shift, leaving in ((aside, False), (-aside, True)):
                ramp = nearest_vertex(carriageways, place * (1 - 12.0 / np.hypot(*place)) + shift)
                ends = [ramp, (ramp + junction) / 2 + 40.0 * np.sign(shift), junction]
                course = curve(np.array(ends if not leaving else ends[::-1]))
                strokes.append(Stroke(shapely.get_coordinates(course), tags, LINK))
    return strokes


def draw_roads(plan: Plan) -> tuple[list[Stroke], list[Stroke]]:
    """Return the main roads, and the expressway with its ramps.

    Parameters
    ----------
    plan : Plan
        The big features.

    Returns
    -------
    (list of Stroke, list of Stroke)
        Roads that meet other streets; carriageways and ramps.
    """
    pieces = [part for name, kind, line in plan.roads for part in _road(name, kind, line, plan)]
    roads, carriageways = _named_bridges(pieces), _expressway(plan)
    return roads, [*carriageways, *_links(plan, roads, carriageways)]


def draw_scenery(plan: Plan) -> tuple[list[Stroke], list[Mark]]:
    """Return river, water and railway, and the level crossings.

    Parameters
    ----------
    plan : Plan
        The big features.

    Returns
    -------
    (list of Stroke, list of Mark)
        Nothing of it is a street.
    """
    strokes = [
        Stroke(shapely.get_coordinates(plan.river), {"waterway": "river", "name": "云江"}, WATER)
    ]
    for part in shapely.get_parts(_sliced(plan.water, plan.radius_m)):
        rim = shapely.get_coordinates(part.exterior)
        tags = {"natural": "water", "water": "river", "name": "云江"}
        strokes.append(Stroke(rim, tags, WATER))
    crossed = [line for name, _, line in plan.roads if name in LEVEL_CROSSINGS]
    places = shapely.intersection(shapely.union_all(crossed), plan.rail)
    rail = _with_vertices(plan.rail, places)
    marks = [Mark(x, y, {"railway": "level_crossing"}) for x, y in shapely.get_coordinates(places)]
    tags = {"railway": "rail", "name": "云江线", "gauge": "1435"}
    strokes.append(Stroke(shapely.get_coordinates(rail), tags, RAIL))
    return strokes, marks


def _sliced(water: shapely.Geometry, radius_m: float) -> shapely.Geometry:
    """Return the river cut into stretches, so that no outline needs a hole."""
    x0, y0, x1, y1 = shapely.bounds(water)
    middle = shapely.centroid(shapely.convex_hull(water))
    holes = [ring for part in shapely.get_parts(water) for ring in part.interiors]
    levels = sorted(
        {float(shapely.Polygon(ring).centroid.y) for ring in holes}
        | {middle.y - radius_m, middle.y + 0.9 * radius_m}
    )
    bands = [shapely.box(x0, low, x1, high) for low, high in pairwise([y0, *levels, y1])]
    cut = [shapely.get_parts(shapely.intersection(water, band)) for band in bands]
    return shapely.GeometryCollection([part for parts in cut for part in parts])
