"""What a place is called in words: the nearest named street, and where that meets another one.

A street counts where the mode may use it, so that a place is told by what its people go along.
Distances are those of the dataset's metric system; of equally near streets the first by name
counts, so that the same data give the same words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geodata.datum import project
from geodata.model import FloatArray, Int64Array, Network
from geodata.scenery import shown

ObjectArray = npt.NDArray[np.object_]

#: How far a place may lie from the street that it is told by, and from that street's crossing (m).
NEAR_M, CROSSING_M = 1000.0, 300.0

#: Stands between two streets that meet.
BETWEEN = " / "

#: Distances are compared so finely (decimals of a metre).
_DIGITS = 2


@dataclass(frozen=True)
class Near:
    """What places are near to.

    Attributes
    ----------
    local : array (p,) of object
        A street, or two that meet (``A / B``), as the map has them; ``""`` where no named street is
        within `NEAR_M`.
    english : array (p,) of object
        The same with the English names that the map has, the local ones for the rest.
    """

    local: ObjectArray
    english: ObjectArray


@dataclass(frozen=True)
class _Lines:
    """Pieces of named streets, and the name of each."""

    tree: shapely.STRtree
    name: Int64Array


@dataclass(frozen=True)
class _Crossings:
    """Junctions where named streets meet: where they are, and the range of names of each."""

    tree: shapely.STRtree
    xy: FloatArray
    name: Int64Array
    start: Int64Array
    count: Int64Array


class StreetNames:
    """The named streets of a mode; what is needed to look them up is made when first asked for.

    Parameters
    ----------
    network : Network
        The streets of the mode.
    way_name : array (w,) of object
        Names of the ways as tagged, ``""`` for none.
    english : mapping of str to str
        English names by the name as tagged, where there are any.
    crs : CRS
        The metric system to measure in.
    """

    def __init__(
        self,
        network: Network,
        way_name: ObjectArray,
        english: Mapping[str, str],
        crs: pyproj.CRS,
    ) -> None:
        self._network = network
        self._way_name = way_name
        self._english = english
        self._crs = crs

    def near(self, lon: FloatArray, lat: FloatArray) -> Near:
        """Return what places are near to.

        Parameters
        ----------
        lon, lat : arrays (p,) of float64
            WGS-84 degrees.

        Returns
        -------
        Near
            The nearest named street within `NEAR_M`; before ``/`` where it meets another named one
            within `CROSSING_M`, at the nearest such junction.
        """
        x, y = project(lon, lat, self._crs)
        xy = np.column_stack((x, y))
        street = self._nearest(xy)
        other = self._met(xy, street)
        return Near(*(_told(words, street, other) for words in (self._names, self._in_english)))

    # ------------------------------------------------------------------------------------- names

    @cached_property
    def _coded(self) -> tuple[ObjectArray, Int64Array]:
        """Names as shown, in order, and the row of each way's, -1 for none."""
        kind, kinds = pd.factorize(self._way_name)
        names, row = np.unique([shown(str(text)) for text in kinds], return_inverse=True)
        code = row.astype(np.int64)
        code[names[row] == ""] = -1
        return names.astype(object), code[kind] if len(kind) else np.empty(0, np.int64)

    @property
    def _names(self) -> ObjectArray:
        """Names as shown, in order."""
        return self._coded[0]

    @cached_property
    def _in_english(self) -> ObjectArray:
        """The same in English where the map has it."""
        known = {shown(name): shown(self._english[name]) for name in sorted(self._english)}
        return np.array([known.get(name) or name for name in self._names], object)

    @property
    def _segment_name(self) -> Int64Array:
        """Name of each segment, -1 for none and on ferries."""
        network = self._network
        name = self._coded[1][network.segment_way]
        return np.where(network.segment_snappable, name, -1)

    # ------------------------------------------------------------------------------------ nearest

    @cached_property
    def _lines(self) -> _Lines:
        """Segments of one street between two junctions, joined."""
        network, name = self._network, self._segment_name
        segment = np.flatnonzero(name >= 0)
        edge, kind = network.segment_edge[segment], name[segment]
        first = np.ones(segment.size, np.bool_)
        first[1:] = (segment[1:] != segment[:-1] + 1) | (edge[1:] != edge[:-1])
        first[1:] |= kind[1:] != kind[:-1]
        line = np.cumsum(first) - 1
        many = int(first.sum())
        at = np.arange(segment.size) + line
        lonlat = np.empty((segment.size + many, 2))
        lonlat[at + 1] = network.segment_line[segment, 2:]
        lonlat[at] = network.segment_line[segment, :2]
        owner = np.repeat(np.arange(many), np.bincount(line, minlength=many) + 1)
        xy = np.column_stack(project(lonlat[:, 0], lonlat[:, 1], self._crs))
        lines = np.asarray(shapely.linestrings(xy, indices=owner), object)
        return _Lines(shapely.STRtree(lines), kind[first])

    def _nearest(self, xy: FloatArray) -> Int64Array:
        """Return the name of the nearest street of each place, -1 where there is none."""
        out = np.full(len(xy), -1, np.int64)
        if not len(xy) or not len(self._lines.name):
            return out
        place, line = self._lines.tree.query_nearest(shapely.points(xy), max_distance=NEAR_M)
        name = self._lines.name[line]
        order = np.lexsort((name, place))
        found, first = np.unique(place[order], return_index=True)
        out[found] = name[order][first]
        return out

    # ----------------------------------------------------------------------------------- crossings

    @cached_property
    def _crossings(self) -> _Crossings:
        """Junctions where edges begin or end with different names."""
        network, name = self._network, self._segment_name
        some = network.edge_indptr[1:] > network.edge_indptr[:-1]
        first, last = network.edge_indptr[:-1][some], network.edge_indptr[1:][some] - 1
        junction = np.concatenate((network.edge_u[some], network.edge_v[some])).astype(np.int64)
        ends = np.concatenate((name[first], name[last]))
        many = max(len(self._names), 1)
        junction, ends = np.divmod(np.unique((junction * many + ends)[ends >= 0]), many)
        found, start, count = np.unique(junction, return_index=True, return_counts=True)
        found, start, count = (part[count > 1] for part in (found, start, count))
        xy = np.column_stack(project(network.lon[found], network.lat[found], self._crs))
        points = np.asarray(shapely.points(xy), object)
        return _Crossings(shapely.STRtree(points), xy, ends, start, count)

    def _met(self, xy: FloatArray, street: Int64Array) -> Int64Array:
        """Return the street that each place's own one meets near by, -1 for none."""
        out = np.full(len(xy), -1, np.int64)
        known, crossings = np.flatnonzero(street >= 0), self._crossings
        points = shapely.points(xy[known])
        row, at = crossings.tree.query(points, predicate="dwithin", distance=CROSSING_M)
        count = crossings.count[at]
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        name = crossings.name[np.repeat(crossings.start[at], count) + step]
        place, mine = np.repeat(known[row], count), np.repeat(np.arange(at.size), count)
        own = np.zeros(at.size, np.bool_)
        own[mine[name == street[place]]] = True
        keep = own[mine] & (name != street[place])
        place, at, name = place[keep], at[mine[keep]], name[keep]
        metres = np.round(np.hypot(*(crossings.xy[at] - xy[place]).T), _DIGITS)
        order = np.lexsort((name, metres, place))
        found, first = np.unique(place[order], return_index=True)
        out[found] = name[order][first]
        return out


def _told(words: ObjectArray, street: Int64Array, other: Int64Array) -> ObjectArray:
    """Return streets and what they meet in words, ``""`` where there is no street."""
    told = [
        "" if one < 0 else words[one] if two < 0 else f"{words[one]}{BETWEEN}{words[two]}"
        for one, two in zip(street.tolist(), other.tolist(), strict=True)
    ]
    return np.array(told, object)
