"""Lines and areas out of the ways and relations of OSM files."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from geodata import opl
from geodata.model import Int64Array
from geodata.osm_nodes import NodeTable

#: Of the smallest closed way, its first node counted twice.
CORNERS = 4

_MOST_OPEN = 40  # lines of an area that an extract has cut


def chains(batch: pa.RecordBatch) -> list[Int64Array]:
    """Return the nodes of each way.

    Parameters
    ----------
    batch : RecordBatch
        With the columns `opl.WAY_COLUMNS`.

    Returns
    -------
    list of array of int64
        Ids in order, one array a way.
    """
    count, ref = opl.references(batch["refs"])
    return np.split(ref, np.cumsum(count)[:-1]) if len(count) else []


def line_through(chain: Int64Array, nodes: NodeTable) -> shapely.LineString | None:
    """Return the line through nodes.

    Parameters
    ----------
    chain : array of int64
        Ids, all of them in the table.
    nodes : NodeTable
        Where they lie.

    Returns
    -------
    LineString or None
        In degrees; None if one of them has no place, or there are fewer than two.
    """
    at = np.searchsorted(nodes.id, chain)
    xy = np.column_stack([nodes.lon[at], nodes.lat[at]])
    if len(xy) < 2 or np.isnan(xy).any():  # noqa: PLR2004  a line has two ends
        return None
    return shapely.LineString(xy)


def built_area(
    members: Sequence[int], ways: Mapping[int, Int64Array], nodes: NodeTable
) -> shapely.Geometry | None:
    """Return the area of a multipolygon, by even and odd (GEOS ``BuildArea``).

    Parameters
    ----------
    members : sequence of int
        Its ways, of whatever role.
    ways : mapping of int to array of int64
        Their nodes; an extract may lack some of them, then what is open is closed.
    nodes : NodeTable
        Where the nodes lie.

    Returns
    -------
    Geometry or None
        In degrees, empty if it does not close; None if it cannot be put together.
    """
    found = [line_through(ways[way], nodes) for way in members if way in ways]
    lines = [line for line in found if line is not None]
    return _area(lines if len(lines) == len(members) else [*lines, *_seams(lines)])


def _area(lines: Sequence[shapely.LineString]) -> shapely.Geometry | None:
    """Return the area between lines; None if they cannot be put together."""
    try:
        return shapely.build_area(shapely.MultiLineString(list(lines)))
    except shapely.GEOSException:
        return None


def _seams(lines: Sequence[shapely.LineString]) -> list[shapely.LineString]:
    """Return lines that close an outline which lacks members, as at the edge of an extract.

    The two banks of a river that leaves the file end near each other: ends are joined to the
    nearest ones first.
    """
    parts = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(list(lines))))
    loose = parts[~shapely.is_closed(parts)]
    if not 0 < len(loose) <= _MOST_OPEN:
        return []
    ends = np.array([line.coords[at] for line in loose for at in (0, -1)])
    away = np.hypot(*(ends[:, None] - ends).transpose(2, 0, 1))
    first, second = np.triu_indices(len(ends), 1)
    free, seams = set(range(len(ends))), []
    for pair in np.argsort(away[first, second], kind="stable").tolist():
        one, other = int(first[pair]), int(second[pair])
        if one in free and other in free:
            free -= {one, other}
            seams.append(shapely.LineString(ends[[one, other]]))
    return seams


def objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    """Return values as an array of objects.

    Parameters
    ----------
    values : sequence
        Anything, shapes as well.

    Returns
    -------
    array of object
        One element a value.
    """
    array = np.empty(len(values), object)
    array[:] = list(values)
    return array
