"""Vector tiles in one PMTiles archive (version 3): written from bytes, read from a mapped file.

The package ``pmtiles`` knows the format. Reading keeps the archive's directories, not its tiles:
a tile is a slice of the mapped file.
"""

import gzip
import io
import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pmtiles.tile import (
    Compression,
    TileType,
    deserialize_header,
    zxy_to_tileid,
)
from pmtiles.writer import Writer

from geodata.model import Archive, Int64Array

_HEADER_BYTES = 127
_MOST_DEPTH = 4
_LEAVES_KEPT = 16
_DEGREES_E7 = 10_000_000
# How hard to press: more than this gains 2 % and takes twice as long.
_GZIP_LEVEL = 6


def write_archive(
    tiles: Mapping[tuple[int, int, int], bytes],
    bounds: tuple[float, float, float, float],
    metadata: Mapping[str, Any],
) -> bytes:
    """Return an archive of vector tiles, each compressed with gzip.

    Parameters
    ----------
    tiles : mapping of (zoom, column, row) to bytes
        Uncompressed; at least one.
    bounds : tuple of float
        West, south, east, north (degrees).
    metadata : mapping
        JSON values about the layers.

    Returns
    -------
    bytes
        The same for the same tiles.
    """
    file = io.BytesIO()
    writer: Any = Writer(file)  # type: ignore[no-untyped-call]  # it has no types
    for number, place in sorted((zxy_to_tileid(*place), place) for place in tiles):
        writer.write_tile(number, gzip.compress(tiles[place], _GZIP_LEVEL, mtime=0))
    west, south, east, north = (round(value * _DEGREES_E7) for value in bounds)
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
    }
    writer.finalize(header, dict(metadata))
    return file.getvalue()


def map_archive(path: Path) -> Archive:
    """Map an archive's file into memory; its pages are read when a tile is asked for.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Archive
        It stays what it is where the file's name is given to another file.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is empty.
    """
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class TileReader:
    """Finds tiles in an archive.

    Parameters
    ----------
    archive : Archive
        As `write_archive` made it, or another archive of vector tiles pressed with gzip.

    Attributes
    ----------
    minzoom, maxzoom : int
        First and last zoom.
    bounds : tuple of float
        West, south, east, north (degrees).
    metadata : dict
        What the archive says about its layers.

    Raises
    ------
    ValueError
        If it is no such archive.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        try:
            header = deserialize_header(archive[:_HEADER_BYTES])
            at, length = header["metadata_offset"], header["metadata_length"]
            metadata: dict[str, Any] = json.loads(gzip.decompress(archive[at : at + length]))
            self._root = self._directory(header["root_offset"], header["root_length"])
        except Exception as error:
            raise ValueError(f"no PMTiles archive of vector tiles ({error})") from error
        if header["tile_compression"] is not Compression.GZIP:
            raise ValueError("expected tiles pressed with gzip")
        self._leaves, self._tiles = header["leaf_directory_offset"], header["tile_data_offset"]
        self.minzoom, self.maxzoom = header["min_zoom"], header["max_zoom"]
        low = header["min_lon_e7"], header["min_lat_e7"]
        corners = (*low, header["max_lon_e7"], header["max_lat_e7"])
        west, south, east, north = (value / _DEGREES_E7 for value in corners)
        self.bounds, self.metadata = (west, south, east, north), metadata
        self._leaf = lru_cache(_LEAVES_KEPT)(self._directory)

    def _directory(self, offset: int, length: int) -> "_Directory":
        """Return one directory."""
        return _Directory.read(gzip.decompress(self._archive[offset : offset + length]))

    def get(self, zoom: int, column: int, row: int) -> bytes | None:
        """Return a tile as it is stored.

        Parameters
        ----------
        zoom, column, row : int
            The tile, column and row from the north-west; within the zoom.

        Returns
        -------
        bytes or None
            Pressed with gzip; None where the archive has none.

        Raises
        ------
        ValueError
            If there is no such tile in the world.
        """
        number, directory = zxy_to_tileid(zoom, column, row), self._root
        for _ in range(_MOST_DEPTH):
            at = int(np.searchsorted(directory.tile, number, side="right")) - 1
            if at < 0:
                return None
            offset, length = int(directory.offset[at]), int(directory.length[at])
            if directory.run[at] > 0:
                start = self._tiles + offset
                held = number < directory.tile[at] + directory.run[at]
                return self._archive[start : start + length] if held else None
            directory = self._leaf(self._leaves + offset, length)
        return None


@dataclass(frozen=True)
class _Directory:
    """Entries of a directory, ascending: first tile, tiles in a row (0: a leaf), where they are."""

    tile: Int64Array
    run: Int64Array
    length: Int64Array
    offset: Int64Array

    @classmethod
    def read(cls, data: bytes) -> "_Directory":
        """Read the bytes of a directory as whole arrays (PMTiles 3, section 4)."""
        numbers = varints(data)
        count = int(numbers[0])
        step, run, length, place = numbers[1 : 4 * count + 1].reshape(4, count)
        before = np.cumsum(length) - length
        told = np.flatnonzero((place > 0) | (np.arange(count) == 0))  # else behind the last one
        shift = np.repeat(place[told] - 1 - before[told], np.diff(np.append(told, count)))
        return cls(np.cumsum(step), run, length, before + shift)


def varints(content: bytes) -> Int64Array:
    """Return the whole numbers of a row of varints, as Protocol Buffers pack them.

    Parameters
    ----------
    content : bytes
        At least one number.

    Returns
    -------
    array (n,) of int64
        Not negative.

    Examples
    --------
    >>> varints(bytes([5, 0xAC, 0x02])).tolist()
    [5, 300]
    """
    data = np.frombuffer(content, np.uint8)
    end = np.flatnonzero(data < 0x80)  # noqa: PLR2004  the last byte of a number
    start = np.append(0, end[:-1] + 1)
    place = np.arange(len(data)) - np.repeat(start, end - start + 1)
    return np.add.reduceat((data & 0x7F).astype(np.int64) << 7 * place, start)
