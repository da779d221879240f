"""What a place is called in words: the nearest named street, and where that meets another one.

A street counts where the mode may use it, so that a place is told by what its people go along.
Distances are those of the dataset's metric system; of equally near streets the first by name
counts, so that the same data give the same words.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from geodata.datum import project
from geodata.model import FloatArray, Int32Array, Int64Array, Network
from geodata.scenery import shown

ObjectArray = npt.NDArray[np.object_]

#: How far a place may lie from the street that it is told by, and from that street's crossing (m).
NEAR_M, CROSSING_M = 1000.0, 300.0

#: Stands between two streets that meet.
BETWEEN = " / "

#: Distances are compared so finely (decimals of a metre).
_DIGITS = 2

#: Edge of the squares by which streets and junctions are found (m); how many squares are searched
#: to each side, until something is found; and for so many places at once, which takes memory.
_EDGE_M, _REACHES, _AT_ONCE = 125.0, (2, 4, 9), 64


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
class _Grid:
    """Things by the square that they lie in: tens of bytes each, a tree of shapes takes hundreds.

    Attributes
    ----------
    key : array (k,) of int64
        The squares that hold something, in order.
    start : array (k + 1,) of int32
        Range of each in ``item``.
    item : array of int32
        Rows of the things.
    """

    key: Int64Array
    start: Int32Array
    item: Int32Array

    @classmethod
    def of(cls, xy: FloatArray, item: Int32Array) -> "_Grid":
        """Return things by where they are (n, 2); one may be in many places."""
        square = _keys(np.floor(xy / _EDGE_M).astype(np.int32))
        order = np.argsort(square, kind="stable").astype(np.int32)
        key, start = np.unique(square[order], return_index=True)
        return cls(key, np.append(start, order.size).astype(np.int32), item[order])

    def around(self, xy: FloatArray, reach: int) -> tuple[Int64Array, Int32Array]:
        """Return each place (p, 2) with each thing at most so many squares off, as pairs."""
        step = np.arange(-reach, reach + 1)
        steps = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
        wanted = _keys(np.floor(xy / _EDGE_M).astype(np.int32)[:, None] + steps)
        at = np.minimum(np.searchsorted(self.key, wanted), max(self.key.size - 1, 0))
        hit = self.key[at] == wanted if self.key.size else np.zeros(wanted.shape, np.bool_)
        place, square = np.nonzero(hit)[0], at[hit]
        first, count = self.start[square], self.start[square + 1] - self.start[square]
        return np.repeat(place, count), self.item[_ranges(first, count)]


def _keys(square: Int32Array | Int64Array) -> Int64Array:
    """Return one integer a square (…, 2)."""
    keys: Int64Array = (square[..., 0].astype(np.int64) << 32) + square[..., 1]
    return keys


def _ranges(first: Int32Array | Int64Array, count: Int32Array | Int64Array) -> Int64Array:
    """Return the numbers of ranges, one after the other."""
    end: Int64Array = np.cumsum(count, dtype=np.int64)
    out: Int64Array = np.arange(count.sum()) + np.repeat(first - (end - count), count)
    return out


@dataclass(frozen=True)
class _Lines:
    """Segments of named streets (n, 4) in metres, the name of each, and where they are."""

    line: FloatArray
    name: Int32Array
    grid: _Grid


@dataclass(frozen=True)
class _Crossings:
    """Junctions where named streets meet: where they are, and the range of names of each."""

    grid: _Grid
    xy: FloatArray
    name: Int32Array
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

    @cached_property
    def _coded(self) -> tuple[ObjectArray, Int32Array]:
        """Names as shown, in order, and the row of each way's, -1 for none."""
        kind, kinds = pd.factorize(self._way_name)
        names, row = np.unique([shown(str(text)) for text in kinds], return_inverse=True)
        code = row.astype(np.int32)
        code[names[row] == ""] = -1
        return names.astype(object), code[kind] if len(kind) else np.empty(0, np.int32)

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
    def _segment_name(self) -> Int32Array:
        """Name of each segment, -1 for none and on ferries."""
        network = self._network
        name = self._coded[1][network.segment_way]
        return np.where(network.segment_snappable, name, np.int32(-1))

    @cached_property
    def _lines(self) -> _Lines:
        """The segments with names; long ones are in every square that they pass, or beside it."""
        name = self._segment_name
        segment = np.flatnonzero(name >= 0).astype(np.int32)
        ends = self._network.segment_line[segment].reshape(-1, 2)
        line = np.column_stack(project(ends[:, 0], ends[:, 1], self._crs)).reshape(-1, 4)
        step = line[:, 2:] - line[:, :2]
        parts = np.maximum(np.ceil(np.hypot(*step.T) / _EDGE_M), 1).astype(np.int32)
        item = np.repeat(np.arange(segment.size, dtype=np.int32), parts)
        share = (_ranges(np.zeros_like(parts), parts) + 0.5) / parts[item]
        middle = step[item]
        middle *= share[:, None]
        middle += line[item, :2]
        return _Lines(line, name[segment], _Grid.of(middle, item))

    def _nearest(self, xy: FloatArray) -> Int64Array:
        """Return the name of the nearest street of each place, -1 where there is none."""
        out, left = np.full(len(xy), -1, np.int64), np.arange(len(xy))
        for reach in _REACHES:
            sure = min((reach - 0.5) * _EDGE_M, NEAR_M)  # half a square from middle to end
            for begin in range(0, left.size, _AT_ONCE):
                rows = left[begin : begin + _AT_ONCE]
                out[rows] = self._nearest_within(xy[rows], reach, sure)
            left = left[out[left] < 0]
        return out

    def _nearest_within(self, xy: FloatArray, reach: int, most: float) -> Int64Array:
        """Return the name of the nearest street at most so far off, -1 where there is none."""
        lines, out = self._lines, np.full(len(xy), -1, np.int64)
        place, segment = lines.grid.around(xy, reach)
        metres = np.round(_metres(xy[place], lines.line[segment]), _DIGITS)
        near = metres <= most
        place, name, metres = place[near], lines.name[segment[near]], metres[near]
        order = np.lexsort((name, metres, place))
        found, first = np.unique(place[order], return_index=True)
        out[found] = name[order][first]
        return out

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
        grid = _Grid.of(xy, np.arange(found.size, dtype=np.int32))
        return _Crossings(grid, xy, ends.astype(np.int32), start, count)

    def _met(self, xy: FloatArray, street: Int64Array) -> Int64Array:
        """Return the street that each place's own one meets near by, -1 for none."""
        out = np.full(len(xy), -1, np.int64)
        for begin in range(0, len(xy), _AT_ONCE):
            rows = slice(begin, begin + _AT_ONCE)
            out[rows] = self._met_by(xy[rows], street[rows])
        return out

    def _met_by(self, xy: FloatArray, street: Int64Array) -> Int64Array:
        """Return the same of not too many places."""
        crossings, out = self._crossings, np.full(len(xy), -1, np.int64)
        place, at = crossings.grid.around(xy, math.ceil(CROSSING_M / _EDGE_M))
        metres = np.round(_metres(xy[place], crossings.xy[at][:, [0, 1, 0, 1]]), _DIGITS)
        near = metres <= CROSSING_M
        place, at, metres = place[near], at[near], metres[near]
        count = crossings.count[at]
        pair = np.repeat(np.arange(at.size), count)
        name = crossings.name[_ranges(crossings.start[at], count)]
        own = np.zeros(at.size, np.bool_)
        own[pair[name == street[place[pair]]]] = True
        keep = own[pair] & (name != street[place[pair]])
        pair, name = pair[keep], name[keep]
        order = np.lexsort((name, metres[pair], place[pair]))
        found, first = np.unique(place[pair][order], return_index=True)
        out[found] = name[order][first]
        return out


def _metres(xy: FloatArray, line: FloatArray) -> FloatArray:
    """Return how far places (n, 2) are from segments (n, 4)."""
    begin, step = line[:, :2], line[:, 2:] - line[:, :2]
    length2 = np.maximum((step**2).sum(axis=1), np.finfo(float).tiny)
    along = np.sum((xy - begin) * step, axis=1) / length2
    share = np.asarray(np.clip(along, 0.0, 1.0))
    metres: FloatArray = np.hypot(*(xy - begin - share[:, None] * step).T)
    return metres


def _told(words: ObjectArray, street: Int64Array, other: Int64Array) -> ObjectArray:
    """Return streets and what they meet in words, ``""`` where there is no street."""
    told = [
        "" if one < 0 else words[one] if two < 0 else f"{words[one]}{BETWEEN}{words[two]}"
        for one, two in zip(street.tolist(), other.tolist(), strict=True)
    ]
    return np.array(told, object)
