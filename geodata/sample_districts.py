"""The six fictional districts of the demo city."""

import numpy as np
import shapely
from shapely import ops

from geodata.sample_city import Plan

#: Code, name and outline (local metres) of every district.
Areas = tuple[tuple[str, str, shapely.Geometry], ...]

#: 99 is no province's code: nobody takes these for real districts.
_CODES = ("990102", "990103", "990104", "990105", "990111", "990112")
#: The main road between north and south.
_BORDER = "朝阳大道"

_NAMES = ("云城区", "北苑区", "南浦区", "东湖新区", "西江区", "望云区")


def districts(plan: Plan) -> Areas:
    """Return the districts: they cover the city without overlap.

    Parameters
    ----------
    plan : Plan
        The big features: river and railway are borders.

    Returns
    -------
    tuple of (str, str, Geometry)
        Code, name and outline in local metres, in the order of the codes.
    """
    radius = plan.radius_m
    turn = np.linspace(0.0, 2 * np.pi, 73)[:-1]
    reach = (1.5 * radius + 1100.0) * (1 + 0.03 * np.sin(5 * turn) + 0.02 * np.cos(7 * turn))
    whole = shapely.Polygon(np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]))
    west, east = _sides(whole, plan.river)
    _, beyond = _sides(whole, plan.rail)
    border = next(line for name, _, line in plan.roads if name == _BORDER)
    low, high = _sides(whole, border, axis=1)
    core = shapely.intersection(
        shapely.Point(0.06 * radius, 0.02 * radius).buffer(0.4 * radius), east
    )
    rest = shapely.difference(east, core)
    south_east = shapely.intersection(shapely.intersection(rest, beyond), low)
    rest = shapely.difference(rest, south_east)
    areas = (
        core,
        shapely.intersection(rest, high),
        shapely.intersection(rest, low),
        south_east,
        shapely.intersection(west, high),
        shapely.intersection(west, low),
    )
    return tuple(zip(_CODES, _NAMES, map(_largest, areas), strict=True))


def _sides(
    whole: shapely.Polygon, line: shapely.LineString, axis: int = 0
) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Return the parts of an area cut by a line: west and east, or along axis 1 south and north."""
    xy = shapely.get_coordinates(line)
    ends = xy[[0, -1]] + 60 * (xy[[0, -1]] - xy[[1, -2]])
    cut = shapely.LineString(np.vstack([ends[:1], xy, ends[1:]]))
    parts = ops.split(whole, cut).geoms
    first, second = sorted(parts, key=lambda part: float(part.centroid.coords[0][axis]))
    return first, second


def _largest(area: shapely.Geometry) -> shapely.Polygon:
    """Return the largest part of an area, without slivers of the cutting."""
    largest: shapely.Polygon = max(shapely.get_parts(area), key=lambda part: float(part.area))
    return largest
