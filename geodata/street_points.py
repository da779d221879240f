"""Where an area without an entrance is entered: at the nearest street."""

import numpy as np
import shapely

from geodata.model import BoolArray, FloatArray, Streets, TextArray

#: A street counts if it is at most this far from the outline (m).
STREET_M = 100.0

_A_DEGREE_M = 111_200.0
_LATTICE = 1 << 32
_MOTORWAYS = ("motorway", "motorway_link")


def street_points(areas: TextArray, streets: Streets) -> FloatArray:
    """Return the point of a street that lies nearest to the outline of each area.

    Parameters
    ----------
    areas : array (a,) of Geometry
        Polygons in degrees; lines, where an outline is not closed, are their own outline.
    streets : Streets
        Motorways and ferries do not count.

    Returns
    -------
    array (a, 2) of float64
        Longitude and latitude; NaN where no street is within ``STREET_M``, or an outline has no
        length.
    """
    place = np.full((len(areas), 2), np.nan)
    if not len(areas):
        return place
    scale = np.array([np.cos(np.radians(float(np.median(streets.lat)))), 1.0]) * _A_DEGREE_M
    rims = shapely.transform(_outlines(areas), lambda xy: xy * scale)
    ends = np.column_stack([streets.lon, streets.lat]) * scale
    walked = ~np.isin(streets.way_class.astype(str), _MOTORWAYS) & streets.way_snappable
    near = _near(rims, ends)
    mine = walked[streets.segment_way] & (near[streets.segment_from] | near[streets.segment_to])
    from_to = np.column_stack([streets.segment_from[mine], streets.segment_to[mine]])
    lines: TextArray = np.asarray(shapely.linestrings(ends[from_to]))
    tree = shapely.STRtree(lines)
    area, line = tree.query_nearest(rims, max_distance=STREET_M, all_matches=False)
    shortest = shapely.shortest_line(lines[line], rims[area])
    place[area] = np.round(shapely.get_coordinates(shapely.get_point(shortest, 0)) / scale, 7)
    return place


def _outlines(areas: TextArray) -> TextArray:
    """Return the outlines of areas; None for those that have no length."""
    is_line = shapely.get_dimensions(areas) == 1
    rims: TextArray = np.where(is_line, areas, shapely.boundary(areas))
    rims[shapely.length(rims) == 0] = None
    return rims


def _near(rims: TextArray, places: FloatArray) -> BoolArray:
    """Return which places share a square of 2 × ``STREET_M``, or touch one, with an outline."""
    side = 2 * STREET_M
    rim = np.floor(shapely.get_coordinates(shapely.segmentize(rims, STREET_M)) / side)
    around = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
    squares = (rim[:, None] + around).reshape(-1, 2).astype(np.int64)
    own = np.floor(places / side).astype(np.int64)
    return np.isin(own @ (_LATTICE, 1), squares @ (_LATTICE, 1))
