"""Names of the rivers, railways and motorways that stop a trip.

A river's name stands on its waterway line or on its area, seldom on both: areas without a name
take that of the line that runs in them, lines that of the area around them. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geodata.model import BARRIER_KINDS, BoolArray, FloatArray, Int64Array, TextArray

_AnyArray = npt.NDArray[Any]

#: Columns of a dataset's file: the distinct names, and for every piece its name and its kind.
NAMES, NAME_OF, KIND_OF = "barrier_names", "barrier_name_of", "barrier_kind_of"


@dataclass(frozen=True)
class BarrierPieces:
    """Pieces of what nobody walks across.

    Attributes
    ----------
    line : array (b, 4) of float64
        ``lon1, lat1, lon2, lat2``.
    name : array (b,) of object
        ``""`` for none.
    kind : array (b,) of object
        ``water``, ``railway`` or ``motorway``.
    flows : array (b,) of bool
        Pieces of the middle of a river or canal, not of an outline.
    area : array (b,) of int64
        What each belongs to: pieces with one number are the outline of one area. Below 0 where
        it is put together of several ways, of which a file may lack some.
    """

    line: FloatArray
    name: TextArray
    kind: TextArray
    flows: BoolArray
    area: Int64Array


def water_names(pieces: BarrierPieces) -> TextArray:
    """Return the names of barriers, those of water found where its parts lack them.

    Parameters
    ----------
    pieces : BarrierPieces
        With the names as tagged.

    Returns
    -------
    array (b,) of object
        The names given, and for a nameless outline the name of the river or canal that runs
        longest inside it, for a nameless river that of the area around it; ``""`` for the rest.
    """
    wet, bare = pieces.kind == "water", pieces.name == ""
    name = pieces.name.copy()
    river, shore = wet & pieces.flows, wet & ~pieces.flows
    outline, inside = _pairs(pieces, shore & bare, river & ~bare)
    name = _voted(name, pieces, outline, inside)
    outline, inside = _pairs(pieces, shore & ~bare, river & bare)
    name[inside] = pieces.name[outline]
    return name


def _pairs(pieces: BarrierPieces, shore: BoolArray, river: BoolArray) -> tuple[Int64Array, ...]:
    """Return a piece of an outline, and a piece of a river whose middle it holds, for each."""
    shores, rivers = np.flatnonzero(shore), np.flatnonzero(river)
    _, first, group = np.unique(pieces.area[shores], return_index=True, return_inverse=True)
    line = pieces.line[rivers]
    middle: TextArray = np.asarray(shapely.points((line[:, :2] + line[:, 2:]) / 2))
    order = np.argsort(group, kind="stable")
    parts: TextArray = np.asarray(shapely.linestrings(pieces.line[shores[order]].reshape(-1, 2, 2)))
    outline: TextArray = np.asarray(shapely.multilinestrings(parts, indices=group[order]))
    boxes = shapely.box(*shapely.bounds(outline).T)
    near, point = shapely.STRtree(middle).query(boxes)
    hit, at = np.unique(near, return_inverse=True)
    closed: TextArray = np.asarray(shapely.build_area(outline[hit]))
    cut = shapely.is_empty(closed) & (pieces.area[shores[first[hit]]] < 0)
    closed[cut] = shapely.convex_hull(outline[hit[cut]])
    shapely.prepare(closed)
    held = shapely.contains(closed[at], middle[point])
    return shores[first[near[held]]], rivers[point[held]]


def _voted(
    name: TextArray, pieces: BarrierPieces, outline: Int64Array, inside: Int64Array
) -> TextArray:
    """Return the names, each outline's the one that runs longest in it."""
    words, word = np.unique(name[inside].astype(str), return_inverse=True)
    areas, area = np.unique(pieces.area[outline], return_inverse=True)
    step = pieces.line[inside]
    metres = np.zeros((len(areas), max(len(words), 1)))
    np.add.at(metres, (area, word), np.hypot(step[:, 2] - step[:, 0], step[:, 3] - step[:, 1]))
    best = metres.argmax(axis=1)
    at = np.searchsorted(areas, pieces.area).clip(max=max(len(areas) - 1, 0))
    if len(areas):
        mine = (areas[at] == pieces.area) & (name == "") & (pieces.kind == "water")
        name[mine & ~pieces.flows] = words.astype(object)[best[at[mine & ~pieces.flows]]]
    return name


def packed(name: TextArray, kind: TextArray) -> dict[str, _AnyArray]:
    """Return names and kinds as columns that hold every name once.

    Parameters
    ----------
    name, kind : array (b,) of object
        As in ``Streets``.

    Returns
    -------
    dict of str to array
        ``barrier_names`` (distinct), ``barrier_name_of`` (b,) int32, ``barrier_kind_of`` (b,)
        int8, -1 where the kind is unknown.
    """
    names, code = np.unique(name.astype(str), return_inverse=True)
    kinds = np.full(len(kind), -1, np.int8)
    for number, word in enumerate(BARRIER_KINDS):
        kinds[kind == word] = number
    return {NAMES: names.astype(object), NAME_OF: code.astype(np.int32), KIND_OF: kinds}


def unpacked(columns: Mapping[str, _AnyArray], count: int) -> tuple[TextArray, TextArray]:
    """Return names and kinds of columns.

    Parameters
    ----------
    columns : mapping of str to array
        What `packed` returned; a dataset prepared before there were names has none of them.
    count : int
        Number of pieces.

    Returns
    -------
    (array (count,) of object, array (count,) of object)
        Names and kinds, ``""`` where unknown; each text is held once.
    """
    if NAMES not in columns:
        return np.full(count, "", object), np.full(count, "", object)
    kinds = np.array([*BARRIER_KINDS, ""], object)
    return columns[NAMES][columns[NAME_OF]], kinds[columns[KIND_OF]]
