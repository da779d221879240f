"""Vector tiles read as a stranger would: by mapbox-vector-tile, placed by pyproj."""

import gzip
import math
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from pmtiles.reader import MemorySource, all_tiles
from pyproj import Transformer  # noqa: TID251  an oracle beside our own projection
from shapely import affinity
from shapely.geometry import shape

EXTENT = 4096
_WORLD_M = 2 * math.pi * 6378137.0
_TO_METRES = Transformer.from_crs(4326, 3857, always_xy=True)


def decoded(data: bytes) -> dict[str, Any]:
    """The layers of a tile, pressed or not, y counted from the north."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    options = {"y_coord_down": True}
    layers: dict[str, Any] = mapbox_vector_tile.decode(data, default_options=options)
    return layers


def units(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Where a place lies, in units of a zoom's tiles from the north-west of the world."""
    x, y = _TO_METRES.transform(lon, lat)
    scale = EXTENT * 2**zoom / _WORLD_M
    return (x + _WORLD_M / 2) * scale, (_WORLD_M / 2 - y) * scale


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int, int]:
    """The tile that a place lies on: zoom, column, row."""
    x, y = units(lon, lat, zoom)
    return zoom, int(x // EXTENT), int(y // EXTENT)


def shapes(
    tiles: dict[tuple[int, int, int], bytes], layer: str, zoom: int
) -> Iterator[tuple[shapely.Geometry, dict[str, Any]]]:
    """Every part of a layer cut to its own tile, in units of the world, with its properties."""
    square = shapely.box(0, 0, EXTENT, EXTENT)
    for (z, column, row), data in tiles.items():
        features = decoded(data).get(layer, {}).get("features", []) if z == zoom else []
        for feature in features:
            for part in shapely.get_parts(shape(feature["geometry"])):
                inside = part.intersection(square)
                moved = affinity.translate(inside, column * EXTENT, row * EXTENT)
                yield moved, feature["properties"]


def every_tile(archive: bytes) -> dict[tuple[int, int, int], bytes]:
    """Every tile of an archive, unpressed."""
    return {place: gzip.decompress(data) for place, data in all_tiles(MemorySource(archive))}


def metres_to_the_nearest_vertex(archive: bytes, lon: float, lat: float) -> float:
    """How far a place is from the nearest point that any tile of the last zoom has (m)."""
    tiles = every_tile(archive)
    last = max(zoom for zoom, _, _ in tiles)
    place = np.array(units(lon, lat, last))
    least = math.inf
    for (zoom, *tile), data in tiles.items():
        for layer in decoded(data).values() if zoom == last else ():
            found = shapely.get_coordinates([shape(f["geometry"]) for f in layer["features"]])
            away = found + np.array(tile) * EXTENT - place
            least = min(least, float(np.hypot(*away.T).min()))
    return least * _WORLD_M * math.cos(math.radians(lat)) / (EXTENT * 2**last)
