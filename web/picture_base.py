"""Water and green of a picture, from the vector tiles of the dataset where it has them.

Only polygons of two layers are read, by the Mapbox Vector Tile Specification 2.1: a tile is a
protobuf message of layers, a layer one of features, and a feature's geometry a list of commands.
"""

import gzip
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from geodata.tile_archive import varints
from web.picture_canvas import NOTHING, Shape, joined, rings
from web.picture_place import Frame

#: Layers that are drawn.
LAYERS = ("water", "green")

#: Pixels of a picture that one tile covers, about; and the most tiles read for a picture.
_TILE_PX, _MOST_TILES = 400.0, 64

_LENGTH, _VARINT, _FIXED = 2, 0, {1: 8, 5: 4}
_NAME, _FEATURE, _EXTENT, _TYPE, _GEOMETRY = 1, 2, 5, 3, 4
_LAYER, _POLYGON = 3, 3
_MOVE, _LINE = 1, 2


class Tiles(Protocol):
    """What hands out tiles."""

    minzoom: int
    maxzoom: int

    def get(self, zoom: int, column: int, row: int) -> bytes | None:
        """Return a tile, pressed with gzip, or None."""


def base_shapes(tiles: Tiles | None, frame: Frame) -> Mapping[str, Shape]:
    """Return what lies below the streets.

    Parameters
    ----------
    tiles : Tiles or None
        Of the dataset.
    frame : Frame
        What is drawn.

    Returns
    -------
    mapping of str to Shape
        ``water`` and ``green``; without those that are not known.
    """
    if tiles is None:
        return {}
    found: dict[str, list[Shape]] = {name: [] for name in LAYERS}
    for zoom, column, row in tiles_of(frame, tiles.minzoom, tiles.maxzoom):
        content = tiles.get(zoom, column, row)
        if content is None:
            continue
        for name, part in polygons(gzip.decompress(content)):
            square = (part.xy + np.array([column, row])) / 2**zoom
            found[name].append(Shape(frame.from_square(square), part.codes))
    return {name: joined(parts) for name, parts in found.items() if parts}


def tiles_of(frame: Frame, minzoom: int, maxzoom: int) -> list[tuple[int, int, int]]:
    """Return the tiles that a map needs.

    Parameters
    ----------
    frame : Frame
        What is drawn.
    minzoom, maxzoom : int
        Zooms that there are.

    Returns
    -------
    list of tuple of int
        Zoom, column and row; none where it would take too many.
    """
    left, top, right, bottom = frame.box
    size = np.array([right - left, bottom - top]) / frame.size
    zoom = int(np.clip(np.round(np.log2(frame.size / _TILE_PX)), minzoom, maxzoom))
    for nearer in range(zoom, minzoom - 1, -1):
        count = 2**nearer
        first = np.clip(np.floor(np.array(frame.corner) * count).astype(int), 0, count - 1)
        last = np.clip(np.floor((frame.corner + size) * count).astype(int), 0, count - 1)
        if np.prod(last - first + 1) <= _MOST_TILES:
            columns, rows = range(first[0], last[0] + 1), range(first[1], last[1] + 1)
            return [(nearer, int(column), int(row)) for column in columns for row in rows]
    return []


def polygons(tile: bytes) -> Iterator[tuple[str, Shape]]:
    """Yield the polygons of a tile.

    Parameters
    ----------
    tile : bytes
        A vector tile.

    Yields
    ------
    str, Shape
        The layer, of `LAYERS`, and its polygons; coordinates from 0 to 1 within the tile.
    """
    for field, layer in _fields(tile):
        if field != _LAYER or not isinstance(layer, bytes):
            continue
        parts = list(_fields(layer))
        name = next((value for at, value in parts if at == _NAME), b"")
        extent = next((value for at, value in parts if at == _EXTENT), 4096)
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else ""
        if text not in LAYERS or not isinstance(extent, int) or extent < 1:
            continue
        features = [value for at, value in parts if at == _FEATURE and isinstance(value, bytes)]
        shapes = [_rings_of(feature, extent) for feature in features]
        if shapes:
            yield text, joined(shapes)


def _rings_of(feature: bytes, extent: int) -> Shape:
    """Return the rings of a feature."""
    parts = dict(_fields(feature))
    geometry = parts.get(_GEOMETRY)
    if parts.get(_TYPE) != _POLYGON or not isinstance(geometry, bytes) or not geometry:
        return NOTHING
    numbers = varints(geometry)
    points: list[npt.NDArray[np.float64]] = []
    lengths: list[int] = []
    at = 0
    place = np.zeros(2)
    while at < len(numbers):
        command, count = int(numbers[at]) & 7, int(numbers[at]) >> 3
        at += 1
        if command not in {_MOVE, _LINE}:  # closes a ring: back to where it began
            points.append(points[-lengths[-1]] if lengths else place)
            lengths[-1:] = [lengths[-1] + 1] if lengths else []
            continue
        pairs = numbers[at : at + 2 * count].reshape(-1, 2)
        steps = np.cumsum((pairs >> 1) ^ -(pairs & 1), axis=0) + place
        at += 2 * count
        place = steps[-1]
        points += list(steps)
        lengths = [*lengths, count] if command == _MOVE else [*lengths[:-1], lengths[-1] + count]
    return rings(np.array(points, dtype=float) / extent, np.array(lengths), closed=True)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a protobuf message: number, and whole number or bytes."""
    at = 0
    while at < len(message):
        key, at = _one(message, at)
        field, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _one(message, at)
            yield field, value
        elif kind == _LENGTH:
            length, at = _one(message, at)
            yield field, message[at : at + length]
            at += length
        else:
            at += _FIXED[kind]


def _one(message: bytes, at: int) -> tuple[int, int]:
    """Return one whole number, and where the next begins."""
    value = shift = 0
    while True:
        octet = message[at]
        at += 1
        value |= (octet & 127) << shift
        if octet < 128:  # noqa: PLR2004  seven bits: the last byte
            return value, at
        shift += 7
