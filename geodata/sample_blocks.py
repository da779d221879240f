"""The fabric between the main roads of the demo city: lanes, residential blocks, gated superblocks.

Each face between main roads gets a grid of its own, turned with the face, jittered and thinned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from geodata.model import FloatArray
from geodata.sample_city import Plan
from geodata.sample_draw import Mark, Stroke
from geodata.sample_names import Names
from geodata.sample_patterns import Pattern, pattern_of

#: Nothing is built this near to the railway and the expressway (m).
RAIL_CLEAR_M, EXPRESSWAY_CLEAR_M = 40.0, 70.0

#: The loop inside a gated compound: distance from the street (m), least area (m²).
INSET_M, SMALLEST_LOOP_M2 = 50.0, 8_000.0

#: Share of the gated compounds in which people may walk.
OPEN_SHARE = 0.3

#: Faces smaller than this (m²), or narrower everywhere (m), stay empty.
SMALLEST_FACE_M2, NARROWEST_FACE_M = 12_000.0, 130.0


@dataclass(frozen=True)
class Fabric:
    """What is drawn inside the faces.

    Attributes
    ----------
    strokes : list of Stroke
        Streets.
    marks : list of Mark
        Gates.
    compounds : list of shapely.Polygon
        Land of the gated compounds.
    """

    strokes: list[Stroke] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    compounds: list[shapely.Polygon] = field(default_factory=list)


def faces(plan: Plan) -> list[shapely.Polygon]:
    """Return the building land between main roads inside the expressway.

    Parameters
    ----------
    plan : Plan
        The big features.

    Returns
    -------
    list of Polygon
        From south-west to north-east by centroid; none touches water, railway or expressway.
    """
    lines = [line for _, _, line in plan.roads] + [plan.expressway, plan.rail]
    noded = shapely.union_all(lines)
    cells = shapely.get_parts(shapely.polygonize([noded]))
    inside = shapely.Polygon(plan.expressway.coords)
    taken = shapely.union_all(
        [
            shapely.buffer(plan.water, 30.0),
            shapely.buffer(plan.island, 30.0),
            plan.clearing,
            shapely.buffer(plan.rail, RAIL_CLEAR_M),
            shapely.buffer(plan.expressway, EXPRESSWAY_CLEAR_M),
        ]
    )
    cells = cells[shapely.contains_properly(shapely.buffer(inside, 1.0), cells)]
    land = shapely.get_parts(shapely.difference(cells, taken))
    narrow = shapely.is_empty(shapely.buffer(land, -NARROWEST_FACE_M / 2))
    faces = [part for part in land[~narrow] if part.area > SMALLEST_FACE_M2]
    return sorted(faces, key=lambda part: (round(part.centroid.x, 1), round(part.centroid.y, 1)))


def _frame(face: shapely.Polygon) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return corner and the two side vectors of the smallest rectangle around a face."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(face))[:4]
    start = int(np.lexsort([corners[:, 0].round(1), corners[:, 1].round(1)])[0])
    corners = np.roll(corners, -start, axis=0)
    return corners[0], corners[1] - corners[0], corners[3] - corners[0]


def _lattice(face: shapely.Polygon, pattern: Pattern, rng: np.random.Generator) -> FloatArray:
    """Return the jittered crossings of a face's grid, shape (rows, columns, 2)."""
    corner, along, across = _frame(face)
    sizes = np.array([np.hypot(*along), np.hypot(*across)])
    counts = np.maximum(np.round(sizes / np.array(pattern.spacing_m)), 1).astype(int)
    u = np.arange(-1, counts[0] + 2) / counts[0]
    v = np.arange(-1, counts[1] + 2) / counts[1]
    u = u - 0.5 / counts[0]
    v = v - 0.5 / counts[1]
    grid = corner + u[None, :, None] * along + v[:, None, None] * across
    shift = rng.uniform(-1, 1, grid.shape) * pattern.jitter * min(pattern.spacing_m)
    lattice: FloatArray = grid + shift
    return lattice


def _runs(line: FloatArray, kept: Sequence[bool]) -> list[FloatArray]:
    """Return the unbroken pieces of a street of which some edges were left out."""
    breaks = np.flatnonzero(~np.asarray(kept)) + 1
    pieces = np.split(np.arange(len(line)), breaks)
    return [line[piece] for piece in pieces if len(piece) > 1]


def _street_tags(
    pattern: Pattern, order: int, names: Names, rng: np.random.Generator
) -> dict[str, str]:
    """Return the tags of one street of a grid."""
    major = order % pattern.major_every == 0
    kind = pattern.major if major else pattern.minor
    tags = {"highway": kind}
    if kind == "footway":
        tags["name"] = names.new("巷")
        tags["surface"] = "paving_stones"
    else:
        tags["name"] = names.new("路" if kind == "tertiary" else "街")
    if kind != "footway" and rng.random() < pattern.oneway:
        tags["oneway"] = "yes"
    return tags


def _grid_streets(
    face: shapely.Polygon, pattern: Pattern, names: Names, rng: np.random.Generator
) -> list[Stroke]:
    """Return the streets of one face, cut at its edge."""
    lattice = _lattice(face, pattern, rng)
    strokes = []
    for lines in (lattice, lattice.transpose(1, 0, 2)):
        for order, line in enumerate(lines):
            tags = _street_tags(pattern, order, names, rng)
            kept = rng.random(len(line) - 1) < pattern.keep
            runs = [shapely.LineString(run) for run in _runs(line, kept.tolist())]
            parts = shapely.get_parts(shapely.intersection(runs, face)) if runs else ()
            strokes += [
                Stroke(shapely.get_coordinates(part), tags)
                for part in parts
                if shapely.get_type_id(part) == 1 and part.length > 25.0  # noqa: PLR2004 -- stubs
            ]
    return strokes


def _compound(block: shapely.Polygon, name: str, rng: np.random.Generator) -> Fabric:
    """Return a gated compound: a loop with paths, and two gates to the street.

    Most are private altogether. Some let people walk inside, but only through the second gate.
    """
    private = {} if rng.random() < OPEN_SHARE else {"access": "private"}
    tags = {"highway": "service", "name": name} | private
    path = {"highway": "footway"} | private
    loop: shapely.Geometry = shapely.buffer(block, -INSET_M, join_style="mitre")
    if not isinstance(loop, shapely.Polygon) or loop.area < SMALLEST_LOOP_M2:
        return Fabric()
    ring = shapely.get_coordinates(shapely.segmentize(loop.exterior, 60.0))
    strokes = [Stroke(ring, tags)]
    middle = shapely.get_coordinates(shapely.point_on_surface(loop))[0]
    gates = rng.choice(len(ring) - 1, size=2, replace=False)
    marks = []
    for gate, on_foot in zip(gates, ({}, {} if private else {"foot": "yes"}), strict=True):
        foot = shapely.get_coordinates(
            shapely.shortest_line(shapely.Point(ring[gate]), block.exterior)
        )
        post = foot[0] + 0.8 * (foot[1] - foot[0])
        strokes.append(Stroke(np.array([foot[0], post, foot[1]]), tags))
        if shapely.covers(loop, shapely.LineString([ring[gate], middle])):
            strokes.append(Stroke(np.array([ring[gate], middle]), path))
        marks.append(Mark(post[0], post[1], {"barrier": "gate", "access": "private"} | on_foot))
    return Fabric(strokes, marks, [block])


def _compounds(
    face: shapely.Polygon,
    streets: Sequence[Stroke],
    pattern: Pattern,
    plan: Plan,
    tools: tuple[Names, np.random.Generator],
) -> Fabric:
    """Return the gated compounds in the blocks of one face."""
    names, rng = tools
    lines = [shapely.LineString(stroke.points) for stroke in streets]
    blocks = shapely.get_parts(shapely.polygonize([shapely.union_all([*lines, face.exterior])]))
    ending = "产业园" if pattern.name == "industrial" else "花园小区"
    lines += [line for _, _, line in plan.roads]
    dead_ends = shapely.STRtree(lines).query(shapely.buffer(blocks, -3.0), predicate="intersects")
    through = set(dead_ends[0].tolist())
    fabric = Fabric()
    for number, block in enumerate(blocks):
        if rng.random() < pattern.gated and number not in through:
            extend(fabric, _compound(block, names.new(ending), rng))
    return fabric


def extend(fabric: Fabric, more: Fabric) -> None:
    """Add what another fabric holds to one under construction.

    Parameters
    ----------
    fabric : Fabric
        Its lists grow.
    more : Fabric
        What is added.
    """
    fabric.strokes.extend(more.strokes)
    fabric.marks.extend(more.marks)
    fabric.compounds.extend(more.compounds)


def draw_blocks(plan: Plan, heads: Sequence[str], rng: np.random.Generator) -> Fabric:
    """Return all streets between the main roads.

    Parameters
    ----------
    plan : Plan
        The big features.
    heads : sequence of str
        Syllables of which names are made.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Fabric
        Streets, gates and compounds.
    """
    names = Names(heads, rng)
    fabric = Fabric()
    for face in faces(plan):
        pattern = pattern_of(face, plan)
        streets = _grid_streets(face, pattern, names, rng)
        extend(fabric, Fabric(streets))
        if pattern.gated:
            extend(fabric, _compounds(face, streets, pattern, plan, (names, rng)))
    return fabric
