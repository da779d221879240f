"""A drawing board for fictional streets: strokes in local metres, woven into nodes and ways.

Everything here is plane geometry; degrees appear only when the sketch is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geodata.model import FloatArray, Int32Array, Int64Array

#: Vertices nearer than this become one junction (m).
MERGE_M = 1.0

#: Strokes of this level meet wherever they cross; all others only where vertices coincide.
GROUND = 0


@dataclass(frozen=True)
class Stroke:
    """One line as drawn.

    Attributes
    ----------
    points : array (n, 2) of float64
        Local metres, east and north.
    tags : mapping of str to str
        OSM tags of the way.
    level : int
        ``GROUND`` where it meets other strokes of the ground at every crossing.
    alone : bool
        True where it may stay although nothing connects it with the rest (an island).
    """

    points: FloatArray
    tags: Mapping[str, str]
    level: int = GROUND
    alone: bool = False


@dataclass(frozen=True)
class Mark:
    """Tags of one point on the streets, such as a gate.

    Attributes
    ----------
    x, y : float
        Local metres of a vertex; where its stroke was left out, so is the mark.
    tags : mapping of str to str
        OSM tags of the node.
    """

    x: float
    y: float
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Sketch:
    """Nodes and ways, ready to be written.

    Attributes
    ----------
    xy : array (n, 2) of float64
        Local metres of the nodes.
    node_tags : mapping of int to mapping
        Tags by node index.
    ways : tuple of (array of int32, mapping)
        Node indices and tags of every way.
    """

    xy: FloatArray
    node_tags: Mapping[int, Mapping[str, str]]
    ways: tuple[tuple[Int32Array, Mapping[str, str]], ...]

    def streets(self) -> list[tuple[Int32Array, Mapping[str, str]]]:
        """Return the ways with a ``highway`` tag.

        Returns
        -------
        list of (array of int32, mapping)
            Node indices and tags.
        """
        return [way for way in self.ways if "highway" in way[1]]


@dataclass(frozen=True)
class _Segments:
    """All segments of all strokes: where they start and end, of whom, and at which vertex."""

    start: FloatArray
    end: FloatArray
    stroke: Int64Array
    vertex: Int64Array


def _segments(strokes: Sequence[Stroke], chosen: npt.NDArray[np.bool_]) -> _Segments:
    """Return the segments of the chosen strokes."""
    index = np.flatnonzero(chosen)
    parts = [strokes[i].points for i in index.tolist()]
    sizes = [len(part) - 1 for part in parts]
    return _Segments(
        np.concatenate([part[:-1] for part in parts]),
        np.concatenate([part[1:] for part in parts]),
        np.repeat(index, sizes),
        np.concatenate([np.arange(size) for size in sizes]),
    )


def _crossings(lines: npt.NDArray[np.object_]) -> FloatArray:
    """Return the points where segments cross: rows of segment, x, y."""
    left, right = shapely.STRtree(lines).query(lines, predicate="intersects")
    keep = left < right
    left, right = left[keep], right[keep]
    points = shapely.intersection(lines[left], lines[right])
    single = shapely.get_type_id(points) == 0
    xy = shapely.get_coordinates(points[single])
    both = np.concatenate([left[single], right[single]])
    return np.column_stack([both, np.vstack([xy, xy])])


def _touches(lines: npt.NDArray[np.object_], ends: FloatArray) -> FloatArray:
    """Return the ends of strokes that lie on a segment: rows of segment, x, y."""
    point, line = shapely.STRtree(lines).query(
        shapely.points(ends), predicate="dwithin", distance=MERGE_M / 2
    )
    return np.column_stack([line, ends[point]])


def _merged(xy: FloatArray, ground: npt.NDArray[np.bool_]) -> tuple[FloatArray, Int64Array]:
    """Return the distinct places and the place of each point; near ones on the ground are one."""
    rounded = np.round(xy, 1) + 0.0
    places, which = np.unique(rounded, axis=0, return_inverse=True)
    which = which.reshape(-1)
    grounded = np.zeros(len(places), dtype=bool)
    grounded[which[ground]] = True
    index = np.flatnonzero(grounded)
    pairs = index[cKDTree(places[index]).query_pairs(MERGE_M, output_type="ndarray")]
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(places), len(places)))
    _, label = connected_components(graph, directed=False)
    _, first, group = np.unique(label, return_index=True, return_inverse=True)
    return places[first], group.reshape(-1)[which]


def _with_cuts(strokes: Sequence[Stroke]) -> tuple[FloatArray, Int64Array]:
    """Return every vertex and crossing in order along the strokes, and the stroke of each."""
    ground = np.array([stroke.level == GROUND for stroke in strokes])
    segments = _segments(strokes, ground)
    lines = np.asarray(shapely.linestrings(np.stack([segments.start, segments.end], axis=1)))
    ends = np.vstack([strokes[i].points[[0, -1]] for i in np.flatnonzero(ground).tolist()])
    cuts = np.vstack([_crossings(lines), _touches(lines, ends)])
    of = cuts[:, 0].astype(np.int64)
    span = segments.end[of] - segments.start[of]
    length2 = np.maximum((span**2).sum(axis=1), 1e-9)
    along = ((cuts[:, 1:] - segments.start[of]) * span).sum(axis=1) / length2
    sizes = [len(stroke.points) for stroke in strokes]
    stroke = np.concatenate([np.repeat(np.arange(len(strokes)), sizes), segments.stroke[of]])
    where = np.concatenate(
        [np.concatenate([np.arange(size) for size in sizes]), segments.vertex[of] + along]
    )
    order = np.lexsort([where, stroke])
    xy = np.vstack([stroke_.points for stroke_ in strokes] + [cuts[:, 1:]])
    return xy[order], stroke[order]


def weave(strokes: Sequence[Stroke], marks: Sequence[Mark] = ()) -> Sketch:
    """Return nodes and ways: strokes of the ground share a node wherever they cross or touch.

    Parameters
    ----------
    strokes : sequence of Stroke
        At least one of level ``GROUND``.
    marks : sequence of Mark, optional
        Tags for points of the strokes.

    Returns
    -------
    Sketch
        In the order of the strokes. Ways with a ``highway`` that do not connect with the largest
        network are left out unless drawn as ``alone``.
    """
    xy, stroke = _with_cuts(strokes)
    ground = np.array([item.level == GROUND for item in strokes])[stroke]
    places, node = _merged(xy, ground)
    fresh = np.ones(len(node), dtype=bool)
    fresh[1:] = (node[1:] != node[:-1]) | (stroke[1:] != stroke[:-1])
    node, stroke = node[fresh], stroke[fresh]
    parts = np.split(node, np.flatnonzero(np.diff(stroke)) + 1)
    kept = [item for item, part in zip(strokes, parts, strict=True) if len(part) > 1]
    chains = [part for part in parts if len(part) > 1]
    connected = _connected(kept, chains, len(places))
    pairs = [(c, s.tags) for c, s, ok in zip(chains, kept, connected, strict=True) if ok]
    return _compact(places, pairs, marks)


def _connected(
    strokes: Sequence[Stroke], chains: Sequence[Int64Array], places: int
) -> npt.NDArray[np.bool_]:
    """Return which strokes stay: no street, drawn as alone, or part of the largest network."""
    street = np.array(["highway" in stroke.tags for stroke in strokes])
    links = [chain for chain, is_street in zip(chains, street, strict=True) if is_street]
    tail = np.concatenate([chain[:-1] for chain in links])
    head = np.concatenate([chain[1:] for chain in links])
    ones = np.ones(len(tail), dtype=np.int8)
    graph = coo_matrix((ones, (tail, head)), shape=(places, places))
    _, label = connected_components(graph, directed=False)
    largest = np.argmax(np.bincount(label[tail]))
    alone = np.array([stroke.alone for stroke in strokes])
    first = np.array([chain[0] for chain in chains])
    keep: npt.NDArray[np.bool_] = ~street | alone | (label[first] == largest)
    return keep


def _compact(
    places: FloatArray,
    ways: Sequence[tuple[Int64Array, Mapping[str, str]]],
    marks: Sequence[Mark],
) -> Sketch:
    """Return a sketch of the nodes that ways use, numbered in order of first use."""
    used = np.concatenate([chain for chain, _ in ways])
    distinct, first = np.unique(used, return_index=True)
    order = distinct[np.argsort(first)]
    renumber = np.full(len(places), -1, dtype=np.int32)
    renumber[order] = np.arange(len(order), dtype=np.int32)
    xy = places[order]
    tags: dict[int, Mapping[str, str]] = {}
    if marks:
        places_of = np.array([(mark.x, mark.y) for mark in marks])
        away, nearest = map(np.asarray, cKDTree(xy).query(places_of))
        found = zip(away.tolist(), nearest.tolist(), marks, strict=True)
        tags = {node: mark.tags for distance, node, mark in found if distance <= MERGE_M}
    return Sketch(xy, tags, tuple((renumber[chain], way) for chain, way in ways))
