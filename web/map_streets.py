"""The base map: streets by importance, joined into lines, as many as fit into the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geodata.model import FloatArray
from geodata.street_levels import STREET_LEVELS, levels_of
from web.map_code import encode, encode_points
from web.map_geometry import SHAPE_GRID, to_metres

__all__ = ["STREET_LEVELS", "StreetLines", "encode_streets", "levels_of", "street_lines"]


@dataclass(frozen=True)
class StreetLines:
    """Street segments to draw, with their class.

    Attributes
    ----------
    segments : array (s, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    level : array (s,) of int
        Index into `STREET_LEVELS`; classes not named there have the last.
    """

    segments: FloatArray
    level: npt.NDArray[np.integer[Any]]


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
    lines = np.asarray(segments, dtype=np.float64).reshape(-1, 4)
    return StreetLines(lines, levels_of(classes))


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
    merged = shapely.line_merge(shapely.multilinestrings(_chains(segments)))
    lines = shapely.get_parts(to_metres(np.array([merged], dtype=object), latitude)[0])
    simple = shapely.simplify(lines, tolerance_m, preserve_topology=False)
    xy, owner = shapely.get_coordinates(
        to_metres(np.asarray(simple), latitude, back=True), return_index=True
    )
    return {
        "xy": encode_points(xy, SHAPE_GRID),
        "lines": encode(np.bincount(owner, minlength=len(lines))),
    }


def _chains(segments: FloatArray) -> npt.NDArray[np.object_]:
    """Return lines of segments that follow one another: far fewer shapes than a line each."""
    start, end = segments[:, 0] + 1j * segments[:, 1], segments[:, 2] + 1j * segments[:, 3]
    _, node, streets = np.unique(
        np.concatenate((start, end)), return_inverse=True, return_counts=True
    )
    first = np.ones(len(start), dtype=bool)  # a line ends where another street meets it
    first[1:] = (start[1:] != end[:-1]) | (streets[node[1 : len(start)]] != 2)  # noqa: PLR2004
    line = np.cumsum(first) - 1
    points = np.empty(len(start) + line[-1] + 1, dtype=complex)
    points[np.flatnonzero(first) + np.arange(line[-1] + 1)] = start[first]
    points[np.arange(len(start)) + line + 1] = end
    owner = np.repeat(np.arange(line[-1] + 1), np.bincount(line) + 1)
    xy = np.column_stack((points.real, points.imag))
    return np.asarray(shapely.linestrings(xy, indices=owner), dtype=object)
