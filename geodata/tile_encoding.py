"""Pieces of shapes as vector tiles: the bytes of the Mapbox Vector Tile Specification 2.1.

Written here and not by a library, as whole arrays, because a tile is cut for every street at every
zoom. For Porto's 51,000 ways GDAL's writer takes 2 s a zoom and 12 s for all (and its bytes differ
with its threads), and ``mapbox-vector-tile`` visits every point in Python; this takes less than a
second for all. The tests decode the tiles with the latter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geodata.model import BoolArray, Int64Array
from geodata.tile_cutting import EXTENT, Cut

#: Kinds of geometry, as the specification numbers them.
POINT, LINE, POLYGON = 1, 2, 3

#: Keys and values of a feature; what has none is not written.
Tags = Mapping[str, str | int]

_MOVE, _CLOSE = 1 << 3 | 1, 1 << 3 | 7
_LINE_TO = 2
_VARINT_BYTES = 5


@dataclass(frozen=True)
class LayerTiles:
    """One layer of many tiles.

    Attributes
    ----------
    column, row : array (t,) of int64
        The tiles, by row and column.
    data : list of bytes, length t
        The layer as a field of the tile's message: layers of one tile are put one after the other.
    """

    column: Int64Array
    row: Int64Array
    data: list[bytes]


class LayerEncoder:
    """Writes one layer of many tiles.

    Parameters
    ----------
    name : str
        Of the layer.
    kind : int
        ``POINT`` (one a group), ``LINE`` or ``POLYGON``.
    tags : sequence of mapping
        By group; numbers are whole and not negative.
    """

    def __init__(self, name: str, kind: int, tags: Sequence[Tags]) -> None:
        keys = list(dict.fromkeys(key for each in tags for key in each))
        self._kind = kind
        self._tags = [[(_varint(keys.index(k)), _value(v)) for k, v in t.items()] for t in tags]
        self._head = b"\x78\x02" + _field(0x0A, name.encode())
        self._tail = b"".join(_field(0x1A, key.encode()) for key in keys)
        self._tail += b"\x28" + _varint(EXTENT)
        self._before_geometry = b"\x18" + _varint(kind) + b"\x22"

    def tiles(self, cut: Cut) -> LayerTiles:
        """Return the layer for every tile that has a piece of it.

        Parameters
        ----------
        cut : Cut
            What to write; the pieces of a group become one feature a tile.

        Returns
        -------
        LayerTiles
            The same bytes for the same input.
        """
        if not len(cut.group):
            return LayerTiles(cut.column, cut.row, [])
        feature = np.flatnonzero(_changes(cut.column, cut.row, cut.group))
        data, at = _geometries(cut, self._kind, feature)
        tile = np.flatnonzero(_changes(cut.column[feature], cut.row[feature]))
        group = cut.group[feature].tolist()
        bounds = [*tile.tolist(), len(feature)]
        return LayerTiles(
            cut.column[feature][tile],
            cut.row[feature][tile],
            [self._layer(group[a:b], data, at[a : b + 1]) for a, b in pairwise(bounds)],
        )

    def _layer(self, groups: Sequence[int], data: bytes, at: Sequence[int]) -> bytes:
        """Return the layer of a tile; feature ``i`` has the geometry ``data[at[i]:at[i + 1]]``."""
        values: dict[bytes, int] = {}
        parts = [self._head]
        for group, (start, end) in zip(groups, pairwise(at), strict=True):
            tags = b""
            for key, value in self._tags[group]:
                tags += key + _varint(values.setdefault(value, len(values)))
            feature = b"\x12" + _varint(len(tags)) + tags if tags else b""
            feature += self._before_geometry + _varint(end - start)
            parts += (b"\x12", _varint(len(feature) + end - start), feature, data[start:end])
        return _field(0x1A, b"".join([*parts, *values, self._tail]))


def _changes(*columns: Int64Array) -> BoolArray:
    """Return where any column differs from its row before; true for the first row."""
    changed = np.ones(len(columns[0]), bool)
    changed[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return changed


def _geometries(cut: Cut, kind: int, feature: Int64Array) -> tuple[bytes, list[int]]:
    """Return the commands of all features as bytes, and where each one starts (and the end)."""
    numbers, at = _commands(cut, kind, feature)
    data, place = _varints(numbers)
    return data.tobytes(), [*place[at].tolist(), len(data)]


def _commands(
    cut: Cut, kind: int, feature: Int64Array
) -> tuple[npt.NDArray[np.uint32], Int64Array]:
    """Return the commands of all pieces as numbers, and where those of each feature start."""
    step = np.diff(cut.xy, axis=0, prepend=0)
    head = np.cumsum(cut.count) - cut.count
    step[head[feature]] = cut.xy[head[feature]]  # a feature starts at the tile's corner
    zigzag = ((step << 1) ^ (step >> 63)).astype(np.uint32)
    size = 2 * cut.count + {POINT: 1, LINE: 2, POLYGON: 3}[kind]
    start = np.cumsum(size) - size
    numbers = np.empty(int(size.sum()), np.uint32)
    place = np.repeat(start - 2 * head, cut.count) + 2 * np.arange(len(cut.xy)) + 2
    place[head] -= 1
    numbers[place], numbers[place + 1] = zigzag.T
    numbers[start] = _MOVE
    if kind != POINT:
        numbers[start + 3] = (cut.count - 1) << 3 | _LINE_TO
    if kind == POLYGON:
        numbers[start + size - 1] = _CLOSE
    return numbers, start[feature]


def _varints(
    numbers: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.uint8], Int64Array]:
    """Return numbers as Protocol Buffers write them, and where each one starts."""
    length = np.ones(len(numbers), np.int64)
    for more in range(1, _VARINT_BYTES):
        length += numbers >= 1 << 7 * more
    start = np.cumsum(length) - length
    data = np.empty(int(length.sum()), np.uint8)
    data[start] = numbers & 0x7F
    longer = np.arange(len(numbers))
    for byte in range(1, _VARINT_BYTES):
        longer = longer[length[longer] > byte]
        data[start[longer] + byte - 1] |= 0x80
        data[start[longer] + byte] = numbers[longer] >> 7 * byte & 0x7F
    return data, start


def _varint(number: int) -> bytes:
    """Return one number as Protocol Buffers write it."""
    if number < 0x80:  # noqa: PLR2004  seven bits
        return _SMALL[number]
    out = bytearray()
    while number >= 0x80:  # noqa: PLR2004  seven bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


_SMALL = [bytes([number]) for number in range(0x80)]


def _field(tag: int, content: bytes) -> bytes:
    """Return a field of bytes."""
    return bytes([tag]) + _varint(len(content)) + content


def _value(value: str | int) -> bytes:
    """Return a value of a tag as a field of the layer."""
    if isinstance(value, str):
        return _field(0x22, _field(0x0A, value.encode()))
    return _field(0x22, b"\x28" + _varint(value))
