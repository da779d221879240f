"""How far each uncovered place is from a station: the gaps cut into bands of travel time.

A gap has one number, from its heaviest cell; a wide gap reaches from just beyond the limit to
villages an hour away. The map colours each 100 m cell by its own time.
"""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geodata.model import CLOSED_MS, FloatArray, Int64Array
from locator.gap_groups import components
from locator.gaps import group_gaps, outlines
from locator.selection import Selection
from locator.travel_time import UNLIMITED_MS

#: The bands, from just beyond the limit to no path at all.
BANDS = (1, 2, 3, 4)

_CHUNK = 32_768
_KINDS = 8  # more than there are bands


def severity(seconds: FloatArray, limit_seconds: float) -> Int64Array:
    """Sort places by how far their nearest station is.

    Parameters
    ----------
    seconds : array (n,) of float64
        NaN or infinite where nothing can be reached.
    limit_seconds : float
        The limit of the coverage.

    Returns
    -------
    array (n,) of int64
        1 up to 4/3 of the limit (15 to 20 minutes), 2 up to twice, 3 beyond, 4 no path.

    Examples
    --------
    >>> severity(np.array([901.0, 1200.0, 1800.5, np.nan]), 900.0).tolist()
    [1, 1, 3, 4]
    """
    band = 1 + (seconds > limit_seconds * 4 / 3).astype(np.int64) + (seconds > limit_seconds * 2)
    return np.where(np.isfinite(seconds), band, 4)


def severity_pieces(found: Any, gaps: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut gaps into pieces of one band each.

    Parameters
    ----------
    found : locator.coverage_answer.CoverageAnswer
        The answer that the gaps come from.
    gaps : GeoDataFrame (g)
        Its gaps, EPSG:4326.

    Returns
    -------
    GeoDataFrame
        ``gap`` (row of ``gaps``), ``band`` (see `severity`); EPSG:4326. The pieces cover the gaps
        without overlap.
    """
    outcome, cells = found.outcomes["cells"], found.view.places.cells
    rows = np.flatnonzero(~outcome.covered & outcome.in_total)
    seconds = np.full(outcome.covered.size, np.nan)
    seconds[rows] = seconds_at_any_distance(found, rows)
    band = severity(seconds, found.request.limit_ms / 1000)
    mark = np.zeros(band.size, dtype=bool)
    mark[rows] = True
    kind = np.zeros(band.size, np.int32)
    gap = group_gaps(found.view.places, mark, outcome.limit_ms)[1]
    kind[rows] = gap * _KINDS + band[rows]
    label = components(cells, mark, kind)[1]
    geometry = outlines(cells, mark, label, found.view.places.crs)
    bands = np.zeros(len(geometry), dtype=np.int64)
    bands[label] = band[rows]
    return gpd.GeoDataFrame(
        {"gap": _owners(geometry, gaps), "band": bands}, geometry=geometry, crs=4326
    )


def seconds_at_any_distance(found: Any, rows: Int64Array) -> FloatArray:
    """Return the time of uncovered cells to the station that would decide.

    Parameters
    ----------
    found : locator.coverage_answer.CoverageAnswer
        The answer.
    rows : array (n,) of int64
        Rows of its cells.

    Returns
    -------
    array (n,) of float64
        Seconds, beyond the limit too; NaN without a path.
    """
    stations, least = found.selection.stations, found.request.at_least
    always = Selection.always(stations, found.selection.indptr.size - 1, UNLIMITED_MS)
    search = found.view.travel.search(always, least, UNLIMITED_MS)
    ms = np.empty(rows.size, np.int32)
    for first in range(0, rows.size, _CHUNK):  # in parts, to keep memory small
        part = slice(first, first + _CHUNK)
        ms[part] = search(found.outcomes["cells"].places(rows[part])).ms[:, least - 1]
    return np.where(ms < CLOSED_MS, ms / 1000.0, np.nan)


def _owners(shapes: Any, gaps: gpd.GeoDataFrame) -> Int64Array:
    """Return the gap of each piece: the one that a place inside the piece lies in."""
    owner = np.full(len(shapes), -1, dtype=np.int64)
    if len(shapes) and len(gaps):
        inside = shapely.point_on_surface(shapes)
        piece, gap = gaps.sindex.query(inside, predicate="within")
        owner[piece] = gap
    return owner
