"""The six fictional districts of the demo city."""

import numpy as np
import shapely
import shapely.ops

from geodata.sample_city import Plan

#: Code, name and outline (local metres) of every district.
Areas = tuple[tuple[str, str, shapely.Geometry], ...]

#: 99 is no province's code: nobody takes these for real districts.
_CODES = ("990102", "990103", "990104", "990105", "990111", "990112")
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
    reach = (1.46 * radius + 1000.0) * (1 + 0.03 * np.sin(5 * turn) + 0.02 * np.cos(7 * turn))
    whole = shapely.Polygon(np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]))
    west, east = _sides(whole, plan.river)
    _, beyond = _sides(whole, plan.rail)
    high = shapely.box(-3 * radius, 0.16 * radius, 3 * radius, 3 * radius)
    low = shapely.box(-3 * radius, -3 * radius, 3 * radius, 0.16 * radius)
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
    whole: shapely.Polygon, line: shapely.LineString
) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Return the western and the eastern part of an area cut by a line."""
    xy = shapely.get_coordinates(line)
    ends = np.vstack([4 * xy[0] - 3 * xy[1], xy, 4 * xy[-1] - 3 * xy[-2]])
    ends[[0, -1]] += 20 * (ends[[0, -1]] - xy[[0, -1]])
    parts = shapely.ops.split(whole, shapely.LineString(ends)).geoms
    west, east = sorted(parts, key=lambda part: float(part.centroid.x))
    return west, east


def _largest(area: shapely.Geometry) -> shapely.Polygon:
    """Return the largest part of an area, without slivers of the cutting."""
    return max(shapely.get_parts(area), key=lambda part: float(part.area))
