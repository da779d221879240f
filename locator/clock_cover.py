"""Who is covered in each distinct set of open stations of a week; nothing else is worked out.

Neither the band nor causes are asked for. Places look at the nearest station of each class of
stations that open and close together; where there are more classes than sets, at each set.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geodata.model import CLOSED_MS, BoolArray, Int64Array
from locator.arrival import Arrival, arrival
from locator.clock_sets import OpenSets, WordArray, in_sets
from locator.coverage import Layer
from locator.selection import Selection

_CHUNK = 32_768
_WORD_BITS = 64


@dataclass(frozen=True)
class Covers:
    """Which places are covered in which set, eight to a byte.

    Attributes
    ----------
    packed : array (k, ceil(p / 8)) of uint8
        By set.
    size : int
        Number of places.
    """

    packed: npt.NDArray[np.uint8]
    size: int

    def __len__(self) -> int:
        """Return the number of sets."""
        return len(self.packed)

    def of(self, number: int) -> BoolArray:
        """Return who is covered in one set.

        Parameters
        ----------
        number : int
            Which set.

        Returns
        -------
        array (p,) of bool
            True where a place is within the limit.
        """
        return np.unpackbits(self.packed[number], count=self.size).view(np.bool_)

    def hours_without(self, hours: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
        """Return in how many hours each place is not covered.

        Parameters
        ----------
        hours : array (k,) or (k, m) of int
            How many hours have each set; m ways to count them.

        Returns
        -------
        array (p,) or (p, m) of int32
            Sums over the sets.
        """
        counts = hours.reshape(len(self), -1).astype(np.float32)  # whole numbers up to 168
        out = np.empty((self.size, counts.shape[1]), np.int32)
        for first in range(0, self.size, _CHUNK):
            part = self.packed[:, first // 8 : (first + _CHUNK) // 8]
            rows = min(_CHUNK, self.size - first)
            covered = np.unpackbits(part, axis=1, count=rows).astype(np.float32)
            out[first : first + rows] = (counts.sum(axis=0) - covered.T @ counts).astype(np.int32)
        return out[:, 0] if hours.ndim == 1 else out


def covers(layer: Layer, sets: OpenSets, limit_ms: int, *, scale: float = 1.0) -> Covers:
    """Return which places of a layer are covered in which set.

    Parameters
    ----------
    layer : Layer
        The places.
    sets : OpenSets
        The distinct sets.
    limit_ms : int
        The limit (ms).
    scale : float
        Speed as a multiple of the mode's.

    Returns
    -------
    Covers
        Equal to ``Outcome.covered`` of each set, but for places that do not count.
    """
    by_class = len(sets.classes.members) <= len(sets)
    rows = _by_class if by_class else _by_set
    size = len(layer.positions)
    packed = np.zeros((len(sets), -(-size // 8)), np.uint8)
    for part, covered in rows(layer, sets, limit_ms, scale):
        begin, end = part.start // 8, -(-part.stop // 8)
        packed[:, begin:end] = np.packbits(covered, axis=1)
    return Covers(packed, size)


def _parts(size: int) -> Iterator[slice]:
    """Yield parts of the places, to keep memory small."""
    for first in range(0, size, _CHUNK):
        yield slice(first, min(first + _CHUNK, size))


def _by_set(
    layer: Layer, sets: OpenSets, limit_ms: int, scale: float
) -> Iterator[tuple[slice, BoolArray]]:
    """Yield parts of the places with who is covered (k, part): each set is searched by itself."""
    size = len(layer.positions)
    covered = np.zeros((len(sets), size), np.bool_)
    for number, chosen in enumerate(sets.selections):
        search = arrival(layer.travel, chosen, limit_ms, scale=scale)
        for part in _parts(size):
            covered[number, part] = search(layer.exits(part)) < CLOSED_MS
    yield slice(0, size), covered


def _by_class(
    layer: Layer, sets: OpenSets, limit_ms: int, scale: float
) -> Iterator[tuple[slice, BoolArray]]:
    """Yield parts of the places with who is covered (k, part): each class is searched once."""
    classes = sets.classes
    size = layer.travel.stations.segment.size
    searches = [
        arrival(layer.travel, Selection.always(group, size, limit_ms), limit_ms, scale=scale)
        for group in classes.members
    ]
    late = [
        (
            number,
            arrival(
                layer.travel,
                Selection.always(chosen.changing, size, limit_ms),
                limit_ms,
                scale=scale,
            ),
            arrival(layer.travel, chosen, limit_ms, scale=scale),
        )
        for number, chosen in _late_sets(sets)
    ]
    for part in _parts(len(layer.positions)):
        bits = _bits(layer, part, sets, searches)
        covered = np.stack([in_sets(bits, mask) for mask in classes.masks])
        for number, near, search in late:
            _add_late(layer, part, covered[number], near, search)
        yield part, covered


def _late_sets(sets: OpenSets) -> Iterator[tuple[int, Selection]]:
    """Yield the sets in which stations open while one walks, and those stations."""
    for number in range(len(sets)):
        chosen = sets.late(number)
        if chosen is not None:
            yield number, chosen


def _bits(layer: Layer, part: slice, sets: OpenSets, searches: list[Arrival]) -> WordArray:
    """Return the bits (w, part) of some places."""
    places, classes = layer.exits(part), sets.classes
    bits = np.zeros((classes.masks.shape[1], part.stop - part.start), np.uint64)
    for number, search in enumerate(searches):
        times = search(places)
        for bit in np.flatnonzero(classes.owner == number):
            near = (times <= classes.within_ms[bit]).astype(np.uint64)
            bits[bit // _WORD_BITS] |= near << np.uint64(bit % _WORD_BITS)
    return bits


def _add_late(
    layer: Layer, part: slice, covered: BoolArray, near: Arrival, search: Arrival
) -> None:
    """Mark the places that reach a station which opens in time, of those not covered yet."""
    rows: Int64Array = part.start + np.flatnonzero(~covered)
    rows = rows[near(layer.exits(rows)) < CLOSED_MS]  # most have none within the limit at all
    if rows.size:
        covered[rows - part.start] = search(layer.exits(rows)) < CLOSED_MS


def either(one: Covers, other: Covers, rows: Int64Array) -> Covers:
    """Return which places are covered by one of two ways to travel.

    Parameters
    ----------
    one, other : Covers
        In the same sets.
    rows : array (p,) of int64
        The place of ``other`` that is each place of ``one``, -1 for none.

    Returns
    -------
    Covers
        Of the places of ``one``.
    """
    there = rows >= 0
    packed = one.packed.copy()
    for number in range(len(one)):
        reached = np.zeros(one.size, np.bool_)
        reached[there] = other.of(number)[rows[there]]
        packed[number] |= np.packbits(reached)
    return Covers(packed, one.size)


@dataclass(frozen=True)
class WeekOutcome:
    """What becomes of the places of one layer through a week.

    Attributes
    ----------
    layer : Layer
        The places.
    in_total : array (p,) of bool
        True for the places that count.
    covers : Covers
        Who is within the limit in which set.
    """

    layer: Layer
    in_total: BoolArray
    covers: Covers

    def covered(self, number: int) -> BoolArray:
        """Return who counts and is covered in one set.

        Parameters
        ----------
        number : int
            Which set.

        Returns
        -------
        array (p,) of bool
            As ``Outcome.covered`` at the hours of the set.
        """
        return self.in_total & self.covers.of(number)
