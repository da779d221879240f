"""Streets of the fictional demo city: all but the main roads and the blocks, and the whole."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import ops

from geodata.model import FloatArray
from geodata.sample_blocks import draw_blocks
from geodata.sample_city import LINK, Plan, curve, line_of
from geodata.sample_draw import GROUND, Sketch, Stroke, weave
from geodata.sample_names import Names
from geodata.sample_roads import draw_roads, draw_scenery, nearest_vertex

#: Share of village lanes that are paved.
_PAVED = 0.75


def _riverside(plan: Plan, streets: Sequence[Stroke]) -> list[Stroke]:
    """Return the footpath along the east bank, reached by steps."""
    path = {"highway": "footway", "name": "滨江步道", "surface": "paving_stones"}
    strokes = []
    bank = next(line for name, _, line in plan.roads if name == "滨江东路")
    middle = line_of(ops.substring(bank, 0.2, 0.8, normalized=True))
    walk = (
        shapely.offset_curve(middle, -38.0)
        if _wet(middle, -38.0, plan)
        else shapely.offset_curve(middle, 38.0)
    )
    strokes.append(Stroke(shapely.get_coordinates(walk), path, LINK))
    own = [stroke for stroke in streets if stroke.tags.get("name") == "滨江东路"]
    for at in np.linspace(0.04, 0.96, 8):
        low = nearest_vertex(
            strokes[:1], shapely.get_coordinates(walk.interpolate(at, normalized=True))[0]
        )
        high = nearest_vertex(own, low)
        strokes.append(
            Stroke(np.array([high, low]), {"highway": "steps", "step_count": "36"}, LINK)
        )
    return strokes


def _wet(line: shapely.LineString, side_m: float, plan: Plan) -> bool:
    """Return whether moving a line sideways brings it nearer to the river."""
    moved = shapely.offset_curve(line, side_m)
    return bool(
        shapely.distance(moved.interpolate(0.5, normalized=True), plan.river)
        < shapely.distance(line.interpolate(0.5, normalized=True), plan.river)
    )


def _footbridges(plan: Plan, streets: Sequence[Stroke]) -> list[Stroke]:
    """Return one footbridge with stairs over the railway and one over the second ring road."""
    ring = next(line for name, _, line in plan.roads if name == "二环路")
    strokes = []
    for line, y in ((plan.rail, 0.26), (ring, -0.12)):
        cut = shapely.LineString([(0.0, y * plan.radius_m), (plan.radius_m, y * plan.radius_m)])
        centre = shapely.get_coordinates(shapely.intersection(line, cut))[0]
        half = np.array([30.0, 0.0])
        feet = [centre - 1.6 * half, centre - half, centre + half, centre + 1.6 * half]
        steps = {"highway": "steps", "layer": "1"}
        deck = {"highway": "footway", "bridge": "yes", "layer": "1", "name": "人行天桥"}
        path = {"highway": "footway"}
        others = [s for s in streets if s.tags.get("name") != "二环路" and s.level == GROUND]
        obstacles = shapely.union(_obstacles(plan), line)
        strokes += [
            Stroke(np.array([_clear_start(others, feet[0], obstacles), feet[0]]), path, LINK),
            Stroke(np.array(feet[:2]), steps, LINK),
            Stroke(np.array(feet[1:3]), deck, LINK),
            Stroke(np.array(feet[2:]), steps, LINK),
            Stroke(np.array([feet[3], _clear_start(others, feet[3], obstacles)]), path, LINK),
        ]
    return strokes


def _island(plan: Plan) -> list[Stroke]:
    """Return 2 km of street on the island that no bridge reaches."""
    inner = shapely.buffer(plan.island, -45.0)
    rim = shapely.get_coordinates(shapely.segmentize(inner.exterior, 60.0))
    tags = {"highway": "residential", "name": "鹭洲环路"}
    strokes = [Stroke(rim, tags, alone=True)]
    left = 2000.0 - inner.exterior.length
    lane = {"highway": "living_street", "name": "鹭洲巷"}
    x0, y0, x1, y1 = inner.bounds
    for y in np.linspace(y0, y1, 12)[1:-1]:
        cut = shapely.intersection(shapely.LineString([(x0, y), (x1, y)]), inner)
        part = ops.substring(line_of(cut), 0.0, min(left, cut.length)) if left > 0 else cut
        if left > 1.0:
            strokes.append(Stroke(shapely.get_coordinates(part), lane, alone=True))
        left -= cut.length
    return strokes


def _village(
    centre: FloatArray, name: str, road: Sequence[Stroke], rng: np.random.Generator
) -> list[Stroke]:
    """Return one village along its street, and the single road that leads to it."""
    tags = {"highway": "unclassified", "name": name + "道"}
    lane = {"highway": "residential", "name": name}
    gate = nearest_vertex(road, centre)
    bend = (gate + centre) / 2 + rng.uniform(-90.0, 90.0, 2)
    ahead = (centre - gate) / np.hypot(*(centre - gate))
    turn = rng.uniform(-0.6, 0.6)
    ahead = ahead @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    aside = np.array([-ahead[1], ahead[0]])
    length = rng.uniform(350.0, 650.0)
    spine = curve([centre, centre + ahead * length / 2 + aside * 40.0, centre + ahead * length])
    strokes = [
        Stroke(shapely.get_coordinates(curve([gate, bend, centre])), tags),
        Stroke(shapely.get_coordinates(spine), lane),
    ]
    tips: list[FloatArray] = []
    for at in np.linspace(0.08, 0.95, int(rng.integers(4, 7))):
        root = shapely.get_coordinates(spine.interpolate(at, normalized=True))[0]
        for side in (-1.0, 1.0):
            reach = rng.uniform(70.0, 190.0) * side
            tip = root + aside * reach + ahead * rng.uniform(-25.0, 25.0)
            track = {"highway": "track", "surface": "dirt"}
            strokes.append(Stroke(np.array([root, tip]), lane if rng.random() < _PAVED else track))
            tips += [tip] if side > 0 else []
    return [*strokes, Stroke(np.array(tips), lane)]


def _villages(
    plan: Plan, roads: Sequence[Stroke], names: Names, rng: np.random.Generator
) -> list[Stroke]:
    """Return villages outside the expressway, each on one road."""
    open_land = [s for s in roads if s.level == 0 and s.tags["highway"] in ("trunk", "primary")]
    outer = [
        s
        for s in open_land
        if np.hypot(*s.points[-1]) > 1.05 * plan.radius_m
        or np.hypot(*s.points[0]) > 1.05 * plan.radius_m
    ]
    vertices = np.vstack([s.points for s in outer])
    away = np.hypot(*vertices.T) > 1.12 * plan.radius_m
    sites = _spread(vertices[away], 0.15 * plan.radius_m, rng)
    strokes: list[Stroke] = []
    keep_out = shapely.union(shapely.buffer(_obstacles(plan), 150.0), plan.clearing)
    for site in sites:
        offset = rng.uniform(350.0, 900.0) * rng.choice([-1.0, 1.0])
        tangent = np.array([-site[1], site[0]]) / np.hypot(*site)
        centre = site + tangent * offset
        village = _village(centre, names.new("村"), outer, rng)
        lines = shapely.MultiLineString([stroke.points for stroke in village])
        if shapely.disjoint(lines, keep_out):
            strokes += village
            keep_out = shapely.union(keep_out, shapely.buffer(lines, 60.0))
    return strokes


def _spread(points: FloatArray, apart_m: float, rng: np.random.Generator) -> list[FloatArray]:
    """Return some of the points, no two of them nearer than the distance."""
    chosen: list[FloatArray] = []
    for point in points[rng.permutation(len(points))]:
        if all(np.hypot(*(point - other)) > apart_m for other in chosen):
            chosen.append(point)
    return chosen


def _obstacles(plan: Plan) -> shapely.Geometry:
    """Return what no plain street may cross."""
    return shapely.union_all([plan.water, plan.island, plan.rail, plan.expressway])


def _clear_start(
    streets: Sequence[Stroke], end: FloatArray, obstacles: shapely.Geometry
) -> FloatArray:
    """Return the nearest street vertex from which one comes straight without an obstacle."""
    vertices = np.vstack([stroke.points for stroke in streets])
    starts = vertices[np.argsort(((vertices - end) ** 2).sum(axis=1), kind="stable")[:2000]]
    pairs = np.stack([starts, np.broadcast_to(end, starts.shape)], axis=1)
    start: FloatArray = starts[
        int(np.argmax(shapely.disjoint(shapely.linestrings(pairs), obstacles)))
    ]
    return start


def draw_city(
    plan: Plan,
    heads: Sequence[str],
    rng: np.random.Generator,
    spurs: Sequence[tuple[str, FloatArray]] = (),
) -> Sketch:
    """Return all streets of the demo city.

    Parameters
    ----------
    plan : Plan
        The big features.
    heads : sequence of str
        Syllables of which street names are made.
    rng : numpy.random.Generator
        Source of chance.
    spurs : sequence of (str, array (2,)), optional
        Names and ends of further cul-de-sacs, each joined to the nearest street. They change
        nothing else.

    Returns
    -------
    Sketch
        Streets, water and railway as nodes and ways.
    """
    roads, expressway = draw_roads(plan)
    fabric = draw_blocks(plan, heads, rng)
    names = Names(heads[::-1], rng)
    town = [*roads, *fabric.strokes]
    extras = _riverside(plan, roads)
    extras += [*_footbridges(plan, town), *_island(plan), *_villages(plan, roads, names, rng)]
    scenery, marks = draw_scenery(plan)
    ground = [stroke for stroke in town if stroke.level == GROUND]
    for name, end in spurs:
        line = np.array([_clear_start(ground, end, _obstacles(plan)), end])
        extras.append(Stroke(line, {"highway": "residential", "name": name}, LINK))
    strokes = [*town, *expressway, *extras, *scenery]
    return weave(strokes, [*fabric.marks, *marks])
