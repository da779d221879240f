"""The base map: streets by importance, joined into lines, as many as fit into the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geodata.model import FloatArray, Int64Array
from web.map_code import encode, encode_points
from web.map_geometry import SHAPE_GRID, to_metres

#: Highway classes by what they mean to a reader who looks for a place, most important first.
STREET_LEVELS: tuple[tuple[str, ...], ...] = (
    ("motorway", "trunk", "primary"),
    ("secondary", "motorway_link", "trunk_link", "primary_link"),
    ("tertiary", "secondary_link", "ferry"),
    ("residential", "unclassified", "living_street", "tertiary_link", "pedestrian", "road"),
    ("service", "track", "footway", "path", "cycleway", "steps", "bridleway", "corridor"),
)


@dataclass(frozen=True)
class StreetLines:
    """Street segments to draw, with their class.

    Attributes
    ----------
    segments : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    level : array (s,) of int64
        Index into `STREET_LEVELS`; classes not named there have the last.
    """

    segments: FloatArray
    level: Int64Array


def street_lines(segments: FloatArray, classes: Sequence[str]) -> StreetLines:
    """Give segments the level of their class.

    Parameters
    ----------
    segments : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    classes : sequence of str, length s
        Values of ``highway``.

    Returns
    -------
    StreetLines
        The same segments.
    """
    levels: Mapping[str, int] = {
        name: level for level, names in enumerate(STREET_LEVELS) for name in names
    }
    names, inverse = np.unique(np.asarray(classes, dtype=str), return_inverse=True)
    of_name = np.array([levels.get(str(n), len(STREET_LEVELS) - 1) for n in names], dtype=np.int64)
    level = of_name[inverse] if len(of_name) else np.empty(0, dtype=np.int64)
    return StreetLines(np.asarray(segments, dtype=np.float64).reshape(-1, 4), level)


def encode_streets(
    streets: StreetLines, *, budget: int, tolerance_m: float = 8.0
) -> dict[str, Any]:
    """Write as many levels of streets as fit, the most important first.

    Parameters
    ----------
    streets : StreetLines
        All streets.
    budget : int
        Length of the text that is allowed (characters).
    tolerance_m : float, optional
        Streets are drawn no further than this from where they lie (m).

    Returns
    -------
    dict
        ``levels``: for each level drawn ``xy`` (steps) and ``lines`` (points of each line);
        ``drawn``: how many levels these are; ``present``: how many levels the streets have, so
        that the legend can say what was left out.
    """
    levels: list[dict[str, str]] = []
    present = int(streets.level.max()) + 1 if len(streets.level) else 0
    left = budget
    for level in range(present):
        part = _encode_level(streets.segments[streets.level == level], tolerance_m)
        left -= len(part["xy"]) + len(part["lines"])
        if left < 0:
            break
        levels.append(part)
    return {"levels": levels, "drawn": len(levels), "present": present}


def _encode_level(segments: FloatArray, tolerance_m: float) -> dict[str, str]:
    """Join segments into lines, simplify and write them."""
    if not len(segments):
        return {"xy": "", "lines": ""}
    latitude = float(segments[:, 1].mean())
    pieces = np.asarray(shapely.linestrings(segments.reshape(-1, 2, 2)), dtype=object)
    merged = shapely.line_merge(shapely.multilinestrings(pieces))
    lines = shapely.get_parts(to_metres(np.array([merged], dtype=object), latitude)[0])
    simple = shapely.simplify(lines, tolerance_m, preserve_topology=False)
    xy, owner = shapely.get_coordinates(
        to_metres(np.asarray(simple), latitude, back=True), return_index=True
    )
    return {
        "xy": encode_points(xy, SHAPE_GRID),
        "lines": encode(np.bincount(owner, minlength=len(lines))),
    }
