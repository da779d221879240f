"""The plan of the fictional demo city: river, ring roads, arterials, railway, island, blocks.

Lengths are given as shares of the radius of the ring expressway, so that one plan serves a city
and a small town; local metres come out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.interpolate import CubicSpline
from shapely import ops

from geodata.model import FloatArray

#: Levels of what does not meet the ground: expressway, its links, structures, rail, water.
EXPRESSWAY, LINK, STRUCTURE, RAIL, WATER = 2, 3, 1, 8, 9

#: Distance between vertices of a curve (m).
STEP_M = 60.0

#: Radius of the clearing (m).
CLEARING_M = 110.0

#: Longest stretch of a main road without a vertex (m).
LONGEST_M = 220.0

Points = Sequence[tuple[float, float]]

_RIVER: Points = (
    (-0.76, -1.6), (-0.62, -1.3), (-0.42, -0.75), (-0.30, -0.3), (-0.34, 0.1), (-0.44, 0.5),
    (-0.38, 0.95), (-0.30, 1.3), (-0.36, 1.6),
)  # fmt: skip
_RAIL: Points = (
    (0.35, 1.6), (0.40, 1.3), (0.50, 0.65), (0.53, 0.1), (0.50, -0.45), (0.62, -1.1), (0.72, -1.6),
)  # fmt: skip

#: Main roads: name, class, lanes' speed, and the points of the curve. All meet where they cross.
_ROADS: tuple[tuple[str, str, Points], ...] = (
    ("朝阳大道", "primary", ((-1.4, 0.2), (-0.9, 0.12), (-0.34, 0.06), (0.05, 0.0), (0.6, 0.05),
                            (1.05, 0.12), (1.45, 0.25))),
    ("建设路", "primary", ((-0.9, -0.4), (-0.6, -0.33), (-0.31, -0.27), (0.1, -0.3), (0.55, -0.27),
                          (0.86, -0.31))),
    ("云江大道", "trunk", ((0.14, 1.4), (0.10, 0.9), (0.06, 0.4), (0.05, 0.0), (0.08, -0.5),
                          (0.02, -1.0), (0.05, -1.4))),
    ("青年路", "secondary", ((0.29, 0.62), (0.27, 0.3), (0.30, 0.0), (0.28, -0.35), (0.33, -0.6))),
    ("东北大道", "primary", ((0.27, 0.28), (0.6, 0.5), (0.82, 0.77), (1.06, 0.96))),
    ("工业大道", "primary", ((0.66, -0.02), (0.70, -0.35), (0.86, -0.75), (1.04, -1.02))),
    ("创业路", "secondary", ((0.57, -0.53), (0.75, -0.5), (0.82, -0.51))),
    ("西江大道", "primary", ((-0.62, 1.4), (-0.63, 0.9), (-0.68, 0.4), (-0.62, 0.0), (-0.66, -0.5),
                            (-0.82, -0.9), (-0.96, -1.12))),
    ("学府路", "secondary", ((-0.82, 0.5), (-0.87, 0.3), (-0.83, 0.0), (-0.86, -0.45))),
    ("学院路", "secondary", ((-0.89, 0.45), (-0.8, 0.42), (-0.62, 0.38), (-0.5, 0.36))),
    ("丰收路", "secondary", ((-0.39, 0.53), (-0.1, 0.5), (0.2, 0.5), (0.42, 0.5))),
    ("湖滨路", "secondary", ((-0.18, 0.68), (-0.14, 0.3), (-0.12, -0.1), (-0.1, -0.62))),
    ("迎宾路", "secondary", ((-0.3, -0.52), (0.0, -0.54), (0.3, -0.5), (0.44, -0.5))),
    ("平安路", "secondary", ((0.69, 0.64), (0.66, 0.5), (0.68, 0.1), (0.66, -0.02))),
    ("云山路", "secondary", ((-0.41, -0.81), (-0.2, -0.87), (0.02, -0.86), (0.25, -0.88),
                            (0.46, -0.8))),
    ("北苑路", "secondary", ((-0.38, 0.86), (-0.1, 0.84), (0.1, 0.86), (0.38, 0.86))),
)  # fmt: skip

#: The four bridges over the river, from south to north.
BRIDGES = ("南环大桥", "建设大桥", "朝阳大桥", "北环大桥")

_SPEEDS = {"trunk": "60", "primary": "50", "secondary": "40"}


@dataclass(frozen=True)
class Plan:
    """The big features of the city in local metres.

    Attributes
    ----------
    radius_m : float
        Radius of the ring expressway.
    water : shapely.Geometry
        The river without its island.
    island : shapely.Polygon
        Land in the river that no bridge reaches.
    river, rail, expressway : shapely.LineString
        Centre lines.
    roads : tuple of (str, str, LineString)
        Name, class and course of the main roads on land and over the river.
    clearing : shapely.Polygon
        Land where no block and no village is built.
    """

    radius_m: float
    water: shapely.Geometry
    island: shapely.Polygon
    river: shapely.LineString
    rail: shapely.LineString
    expressway: shapely.LineString
    roads: tuple[tuple[str, str, shapely.LineString], ...]
    clearing: shapely.Polygon


def curve(points: Points | Sequence[FloatArray] | FloatArray) -> shapely.LineString:
    """Return a smooth line through points.

    Parameters
    ----------
    points : sequence of (float, float)
        Local metres, at least two.

    Returns
    -------
    shapely.LineString
        A cubic spline by chord length, with vertices `STEP_M` apart; straight for two points.
    """
    xy = np.asarray(points, dtype=np.float64)
    chord = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    at = np.linspace(0.0, chord[-1], max(2, int(chord[-1] / STEP_M) + 1))
    return shapely.LineString(CubicSpline(chord, xy)(at))


def line_of(shape: shapely.Geometry) -> shapely.LineString:
    """Return a shape as the one line that it must be.

    Parameters
    ----------
    shape : Geometry
        What an operation on lines gave.

    Returns
    -------
    LineString
        The same.

    Raises
    ------
    TypeError
        If the plan's lines do not meet as they are meant to.
    """
    if isinstance(shape, shapely.LineString):
        return shape
    raise TypeError(f"expected one line, got {shape}")


def _ring(radius_m: float, centre: tuple[float, float], wobble: float) -> shapely.LineString:
    """Return a closed road around a centre, a little out of round."""
    turn = np.linspace(0.0, 2 * np.pi, max(24, int(2 * np.pi * radius_m / STEP_M)))
    radius = radius_m * (1 + wobble * np.sin(3 * turn + 0.7) + wobble / 2 * np.sin(2 * turn))
    xy = np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]) + np.array(centre)
    xy[-1] = xy[0]
    return shapely.LineString(xy)


def _bank_roads(
    river: shapely.LineString, away_m: float, radius_m: float
) -> list[shapely.LineString]:
    """Return the two roads along the river inside the outer ring."""
    window = shapely.box(-2 * radius_m, -0.84 * radius_m, 2 * radius_m, 0.88 * radius_m)
    sides = (shapely.offset_curve(river, side * away_m, join_style="round") for side in (-1, 1))
    inside = (shapely.segmentize(shapely.intersection(side, window), STEP_M) for side in sides)
    return [line_of(shapely.simplify(line, 2.0)) for line in inside]


def plan_city(radius_m: float, clearing: tuple[float, float] = (0.0, 0.0)) -> Plan:
    """Return the big features of the demo city.

    Parameters
    ----------
    radius_m : float
        Radius of the ring expressway (m).
    clearing : (float, float), optional
        Middle of the clearing (local metres).

    Returns
    -------
    Plan
        The same for the same radius; nothing in it is random.
    """
    river = curve(np.asarray(_RIVER) * radius_m)
    width = max(0.075 * radius_m, 150.0)
    at = river.interpolate(river.project(shapely.Point(-0.4 * radius_m, 0.33 * radius_m)))
    ahead = river.interpolate(river.project(at) + 50.0)
    lean = np.degrees(np.arctan2(ahead.y - at.y, ahead.x - at.x))
    island = _island(at, lean)
    bulge = shapely.buffer(island, max(0.03 * radius_m, 80.0), quad_segs=6)
    whole = shapely.union(shapely.buffer(river, width / 2, cap_style="flat"), bulge)
    banks = _bank_roads(river, width / 2 + max(0.02 * radius_m, 60.0), radius_m)
    banks = [_around(bank, bulge) for bank in banks]
    roads = [(name, kind, curve(np.asarray(p) * radius_m)) for name, kind, p in _ROADS]
    inner = _ring(0.36 * radius_m, (0.06 * radius_m, 0.02 * radius_m), 0.02)
    east = shapely.box(-0.19 * radius_m, -radius_m, radius_m, radius_m)
    inner = line_of(shapely.line_merge(shapely.intersection(inner, east)))
    roads += [
        ("一环路", "primary", inner),
        ("二环路", "trunk", _ring(0.66 * radius_m, (-0.06 * radius_m, 0.0), 0.03)),
        ("滨江东路", "secondary", banks[0]),
        ("滨江西路", "secondary", banks[1]),
    ]
    lines = _trimmed([line for _, _, line in roads], 0.08 * radius_m)
    roads = [(name, kind, line) for (name, kind, _), line in zip(roads, lines, strict=True)]
    return Plan(
        radius_m,
        shapely.difference(whole, island),
        island,
        river,
        curve(np.asarray(_RAIL) * radius_m),
        _ring(radius_m, (0.0, 0.0), 0.02),
        tuple(roads),
        shapely.buffer(shapely.Point(clearing), CLEARING_M),
    )


def _island(at: shapely.Point, lean: float) -> shapely.Polygon:
    """Return an island of fixed size (about 700 m by 240 m), long in the river's direction."""
    oval = shapely.affinity.scale(shapely.Point(0, 0).buffer(1.0, quad_segs=8), 350.0, 120.0)
    turned = shapely.affinity.rotate(oval, lean, origin=(0, 0))
    return shapely.affinity.translate(turned, at.x, at.y)


def _around(bank: shapely.LineString, bulge: shapely.Polygon) -> shapely.LineString:
    """Return a road on the bank that keeps clear of the river's wide part."""
    clear = shapely.buffer(bulge, 50.0, quad_segs=6)
    inside = shapely.intersection(bank, clear)
    if inside.is_empty:
        return bank
    first, last = (
        shapely.line_locate_point(bank, shapely.Point(inside.coords[i])) for i in (0, -1)
    )
    rim = shapely.LineString(clear.exterior.coords)
    start, end = sorted(rim.project(shapely.Point(inside.coords[i])) for i in (0, -1))
    ways = [
        ops.substring(rim, start, end),
        shapely.line_merge(
            shapely.union(ops.substring(rim, end, rim.length), ops.substring(rim, 0, start))
        ),
    ]
    detour = min(ways, key=lambda way: way.length)
    parts = [
        ops.substring(bank, 0, min(first, last)),
        ops.substring(bank, max(first, last), bank.length),
    ]
    joined = shapely.line_merge(shapely.snap(shapely.union_all([*parts, detour]), detour, 0.01))
    return shapely.simplify(joined, 1.0) if isinstance(joined, shapely.LineString) else bank


def _trimmed(lines: list[shapely.LineString], most_m: float) -> list[shapely.LineString]:
    """Return roads without the short ends that stick out beyond their last crossing."""
    trimmed = []
    for index, line in enumerate(lines):
        others = shapely.union_all([other for i, other in enumerate(lines) if i != index])
        crossing = shapely.get_coordinates(shapely.intersection(line, others))
        at = np.sort(shapely.line_locate_point(line, shapely.points(crossing)))
        start, end = 0.0, line.length
        if len(at) and not line.is_closed:
            start = at[0] if at[0] < most_m else start
            end = at[-1] if line.length - at[-1] < most_m else end
        part = shapely.simplify(ops.substring(line, start, end), 0.8)
        trimmed.append(line_of(shapely.segmentize(part, LONGEST_M)))
    return trimmed
