"""The base map of a dataset: streets and scenery as vector tiles of several zooms.

Each zoom holds what is drawn there and no more: streets by level, scenery by its class. From the
last zoom down, lines and outlines are simplified step by step to within half a pixel of the screen
(Douglas and Peucker, 1973); the last zoom itself keeps every vertex, as clients enlarge it. Below
the zooms with names the streets of a level are one, and are joined wherever two meet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.model import FloatArray, Int64Array, Streets
from geodata.scenery import Drawn, Scenery, shown
from geodata.street_levels import levels_of
from geodata.tile_archive import write_archive
from geodata.tile_cutting import EXTENT, Within, cut_lines, cut_points, cut_rings, mercator
from geodata.tile_encoding import LINE, POINT, POLYGON, LayerEncoder, LayerTiles, Tags

#: First and last zoom.
MIN_ZOOM, MAX_ZOOM = 8, 15

#: First zoom that shows a level of streets, and names of streets.
LEVEL_ZOOMS, NAME_ZOOM = (8, 10, 11, 13, 14), 14

#: Layers in the order in which they are written, with the keys of their features.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "water": (),
    "waterway": ("class",),
    "green": ("class",),
    "railway": (),
    "roads": ("level", "name"),
    "places": ("name", "class", "rank"),
}

_MOST_LATITUDE = 85.05
#: What reaches further than this is a mistake in the file, or crosses the date line (degrees).
_MOST_DEGREES = 5.0
_PIXEL = EXTENT / 256
_TOLERANCE = 0.4 * _PIXEL
_LEAST_AREA = 4 * _PIXEL**2

Shapes = npt.NDArray[np.object_]
Tiles = dict[tuple[int, int, int], bytes]


@dataclass(frozen=True)
class Basemap:
    """A base map.

    Attributes
    ----------
    archive : bytes
        PMTiles.
    about : mapping
        JSON values: ``minzoom``, ``maxzoom``, ``bounds``, ``layers`` (those that some tile has).
    tiles : int
        How many.
    """

    archive: bytes
    about: Mapping[str, Any]
    tiles: int


def cut_basemap(streets: Streets, scenery: Scenery, name: str = "") -> Basemap | None:
    """Cut the base map.

    Parameters
    ----------
    streets : Streets
        All streets, whoever may use them.
    scenery : Scenery
        What is drawn besides.
    name : str, optional
        Of the map, for whoever opens the archive elsewhere.

    Returns
    -------
    Basemap or None
        The same bytes for the same input; None if nothing lies where tiles are.
    """
    frame = _Frame.around(streets)
    layers: dict[str, Iterator[tuple[int, LayerTiles]]] = {
        **{layer: _areas(scenery, layer, frame) for layer in ("water", "green")},
        **{layer: _lines(scenery, layer, frame) for layer in ("waterway", "railway")},
        "roads": _roads(streets, frame),
        "places": _places(scenery, frame),
    }
    tiles: Tiles = {}
    held = [layer for layer in LAYERS if _gather(tiles, layers[layer])]
    if not tiles:
        return None
    about = {
        "minzoom": min(zoom for zoom, _, _ in tiles),
        "maxzoom": max(zoom for zoom, _, _ in tiles),
        "bounds": list(frame.bounds),
        "layers": held,
    }
    metadata = {"name": name, "vector_layers": vector_layers(about)}
    archive = write_archive(tiles, frame.bounds, metadata)
    return Basemap(archive, about, len(tiles))


def vector_layers(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what TileJSON says of the layers.

    Parameters
    ----------
    about : mapping
        ``layers``, ``minzoom``, ``maxzoom``.

    Returns
    -------
    list of dict
        ``id``, ``fields``, ``minzoom``, ``maxzoom`` (TileJSON 3.0.0, 3.3).
    """
    kinds = {"level": "Number", "rank": "Number"}
    zooms = {"minzoom": about["minzoom"], "maxzoom": about["maxzoom"]}
    return [
        {"id": layer, "fields": {key: kinds.get(key, "String") for key in LAYERS[layer]}, **zooms}
        for layer in about["layers"]
    ]


@dataclass(frozen=True)
class _Frame:
    """The box around the streets: no tile beyond it is made."""

    bounds: tuple[float, float, float, float]

    @classmethod
    def around(cls, streets: Streets) -> "_Frame":
        """Return the box of the streets that a web map can show."""
        lat = np.clip(streets.lat, -_MOST_LATITUDE, _MOST_LATITUDE)
        corners = (streets.lon.min(), lat.min(), streets.lon.max(), lat.max())
        west, south, east, north = (round(float(value), 6) for value in corners)
        return cls((west, south, east, north))

    def within(self, zoom: int) -> Within:
        """Return the tiles of a zoom that lie in the box or next to it."""
        west, south, east, north = self.bounds
        corners = mercator(np.array([west, east]), np.array([north, south]), zoom) // EXTENT
        first, last = corners.astype(int).tolist()
        most = 2**zoom - 1
        columns = max(first[0] - 1, 0), min(last[0] + 1, most)
        return columns, (max(first[1] - 1, 0), min(last[1] + 1, most))


def _gather(tiles: Tiles, layer: Iterator[tuple[int, LayerTiles]]) -> bool:
    """Put a layer's part behind what the tiles hold; tell whether there was any."""
    some = False
    for zoom, found in layer:
        places = zip(found.column.tolist(), found.row.tolist(), found.data, strict=True)
        for column, row, data in places:
            some, place = True, (zoom, column, row)
            tiles[place] = tiles[place] + data if place in tiles else data
    return some


# ----------------------------------------------------------------------------------------- streets


def _roads(streets: Streets, frame: _Frame) -> Iterator[tuple[int, LayerTiles]]:
    """Yield the streets of each zoom, from the last one up."""
    lines, way = _street_lines(streets)
    kind, kinds = pd.factorize(streets.way_class)
    level = levels_of(kinds)[kind][way].astype(np.int64)
    name, names = pd.factorize(streets.way_name)
    code, group = np.unique(level * len(names) + name[way], return_inverse=True)
    lines, group = _merged(lines, group)
    titles = [shown(str(text)) for text in names]
    tags: list[Tags] = [_road_tags(c // len(names), titles[c % len(names)]) for c in code.tolist()]
    encoder = LayerEncoder("roads", LINE, tags)
    levels = code // len(names)
    zooms = np.array(LEVEL_ZOOMS)
    zooms[: levels.min(initial=len(zooms)) + 1] = MIN_ZOOM  # the best streets there are, always
    for zoom in range(MAX_ZOOM, MIN_ZOOM - 1, -1):
        if zoom == NAME_ZOOM - 1:  # from here on the streets of a level are one
            lines, group = _merged(lines, levels[group])
            levels = np.arange(len(LEVEL_ZOOMS))
            tags = [_road_tags(number, "") for number in levels.tolist()]
            encoder = LayerEncoder("roads", LINE, tags)
        seen = zooms[levels[group]] <= zoom
        lines, group = _simpler(lines[seen], zoom), group[seen]
        xy, line = _units(lines, zoom)
        cut = cut_lines(xy, line, group, frame.within(zoom))
        yield zoom, encoder.tiles(cut)


def _road_tags(level: int, name: str) -> Tags:
    """Return what a feature of streets says."""
    return {"level": level, "name": name} if name else {"level": level}


def _street_lines(streets: Streets) -> tuple[Shapes, Int64Array]:
    """Return the ways as lines in units of the last zoom, cut where a piece cannot be drawn."""
    lon, lat = streets.lon, streets.lat
    start, end, way = streets.segment_from, streets.segment_to, streets.segment_way
    drawn = (np.abs(lat[start]) < _MOST_LATITUDE) & (np.abs(lat[end]) < _MOST_LATITUDE)
    drawn &= np.abs(lon[start] - lon[end]) < _MOST_DEGREES
    drawn &= np.abs(lat[start] - lat[end]) < _MOST_DEGREES
    start, end, way = start[drawn], end[drawn], way[drawn]
    first = np.ones(len(start), bool)
    first[1:] = (way[1:] != way[:-1]) | (start[1:] != end[:-1])
    line = np.cumsum(first) - 1
    many = int(first.sum())
    node = np.empty(len(start) + many, np.int64)
    node[np.flatnonzero(first) + np.arange(many)] = start[first]
    node[np.arange(len(start)) + line + 1] = end
    owner = np.repeat(np.arange(many), np.bincount(line, minlength=many) + 1)
    xy = mercator(lon, lat, MAX_ZOOM)[node]
    return _objects(shapely.linestrings(xy, indices=owner)), way[first].astype(np.int64)


def _merged(lines: Shapes, group: Int64Array) -> tuple[Shapes, Int64Array]:
    """Return the lines of each group joined where just two of them meet."""
    order = np.argsort(group, kind="stable")
    found, member = np.unique(group[order], return_inverse=True)
    joined = shapely.line_merge(shapely.multilinestrings(lines[order], indices=member))
    parts, owner = shapely.get_parts(joined, return_index=True)
    return parts, found[owner]


# ----------------------------------------------------------------------------------------- scenery


def _chosen(scenery: Scenery, layer: str) -> tuple[Int64Array, list[Drawn]]:
    """Return which shapes of the scenery belong to a layer and can be shown, and all kinds."""
    member = np.array([kind.layer == layer for kind in scenery.kinds], bool)
    box = shapely.bounds(scenery.shape).reshape(-1, 4)
    good = (np.abs(box[:, [1, 3]]) < _MOST_LATITUDE).all(axis=1)
    good &= (box[:, 2:] - box[:, :2] < _MOST_DEGREES).all(axis=1)
    return np.flatnonzero(member[scenery.drawn] & good), list(scenery.kinds)


def _projected(shapes: Shapes) -> Shapes:
    """Return shapes in units of the last zoom."""
    return _objects(shapely.transform(shapes, lambda xy: mercator(xy[:, 0], xy[:, 1], MAX_ZOOM)))


def _kind_tags(kinds: Sequence[Drawn]) -> list[Tags]:
    """Return what a feature of each kind says."""
    return [{"class": kind.kind} if kind.kind else {} for kind in kinds]


def _first_zooms(kinds: Sequence[Drawn]) -> Int64Array:
    """Return the first zoom of each kind."""
    return np.array([kind.zoom for kind in kinds], np.int64)


def _lines(scenery: Scenery, layer: str, frame: _Frame) -> Iterator[tuple[int, LayerTiles]]:
    """Yield the lines of each zoom, from the last one up."""
    at, kinds = _chosen(scenery, layer)
    if not len(at):
        return
    lines, group = _merged(_projected(scenery.shape[at]), scenery.drawn[at])
    encoder, zooms = LayerEncoder(layer, LINE, _kind_tags(kinds)), _first_zooms(kinds)
    for zoom in range(MAX_ZOOM, MIN_ZOOM - 1, -1):
        seen = zooms[group] <= zoom
        lines, group = _simpler(lines[seen], zoom), group[seen]
        xy, line = _units(lines, zoom)
        cut = cut_lines(xy, line, group, frame.within(zoom))
        yield zoom, encoder.tiles(cut)


def _areas(scenery: Scenery, layer: str, frame: _Frame) -> Iterator[tuple[int, LayerTiles]]:
    """Yield the polygons of each zoom, from the last one up."""
    at, kinds = _chosen(scenery, layer)
    if not len(at):
        return
    polygons, owner = shapely.get_parts(_projected(scenery.shape[at]), return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    hole = np.r_[False, polygon[1:] == polygon[:-1]]
    group = scenery.drawn[at][owner][polygon]
    area = np.asarray(shapely.area(_objects(shapely.polygons(rings))))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    rings = _objects(shapely.linestrings(corners, indices=ring))
    encoder, zooms = LayerEncoder(layer, POLYGON, _kind_tags(kinds)), _first_zooms(kinds)
    for zoom in range(MAX_ZOOM, MIN_ZOOM - 1, -1):
        seen = zooms[group] <= zoom
        if zoom < MAX_ZOOM:
            seen &= area >= _LEAST_AREA * 4.0 ** (MAX_ZOOM - zoom)
        rings, group, hole, area = _simpler(rings[seen], zoom), group[seen], hole[seen], area[seen]
        xy, ring = _units(rings, zoom)
        cut = cut_rings(xy, ring, group, hole, frame.within(zoom))
        yield zoom, encoder.tiles(cut)


def _places(scenery: Scenery, frame: _Frame) -> Iterator[tuple[int, LayerTiles]]:
    """Yield the places of each zoom, the most important of a tile first."""
    at, kinds = _chosen(scenery, "places")
    at = at[np.argsort(scenery.rank[at], kind="stable")]
    west, south, east, north = frame.bounds
    lon, lat = shapely.get_coordinates(scenery.shape[at]).T
    at = at[(lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)]
    lon, lat = shapely.get_coordinates(scenery.shape[at]).T
    drawn = scenery.drawn[at].tolist()
    tags: list[Tags] = [
        {"name": scenery.name[i], "class": kinds[kind].kind, "rank": int(scenery.rank[i])}
        for i, kind in zip(at.tolist(), drawn, strict=True)
    ]
    encoder = LayerEncoder("places", POINT, tags)
    zooms = np.array([kinds[kind].zoom for kind in drawn], np.int64)
    for zoom in range(MAX_ZOOM, MIN_ZOOM - 1, -1):
        group = np.flatnonzero(zooms <= zoom)
        cut = cut_points(mercator(lon[group], lat[group], zoom), group)
        yield zoom, encoder.tiles(cut)


# ------------------------------------------------------------------------------------------ shapes


def _simpler(lines: Shapes, zoom: int) -> Shapes:
    """Return lines (units of the last zoom) without what cannot be seen at a zoom."""
    if zoom == MAX_ZOOM:
        return lines
    tolerance = _TOLERANCE * 2.0 ** (MAX_ZOOM - zoom)
    return _objects(shapely.simplify(lines, tolerance, preserve_topology=False))


def _units(lines: Shapes, zoom: int) -> tuple[FloatArray, Int64Array]:
    """Return the points of lines in the units of a zoom, and the line of each."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    return xy / 2.0 ** (MAX_ZOOM - zoom), line


def _objects(shapes: object) -> Shapes:
    """Return what shapely gave back as the array that it is."""
    return np.asarray(shapes, dtype=object)
