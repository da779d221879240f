"""Which stations are open through a week: the distinct sets, and what in them is the same.

Two hours with the same arrival windows of the same stations have the same answer, so each distinct
set is worked out once. Stations with the same windows in *all* sets form a class: whether a place
is covered by one of them at an hour is told by its time to the nearest of the class, so that one
bounded search a class serves all sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geodata.model import BoolArray, Int32Array, Int64Array
from locator.arrays import rows_of
from locator.selection import Conditions, Register, Selection

_WORD_BITS = 64
WordArray = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Classes:
    """Stations that open and close together, and what each set asks of them.

    Attributes
    ----------
    members : tuple of array of int32
        Stations of each class, ascending.
    owner : array (b,) of int64
        Class of each bit.
    within_ms : array (b,) of int32
        Bit b stands for places within this time of the nearest station of its class.
    masks : array (k, w) of uint64
        Bits any of which covers a place, by set.
    """

    members: tuple[Int32Array, ...]
    owner: Int64Array
    within_ms: Int32Array
    masks: WordArray


@dataclass(frozen=True)
class OpenSets:
    """The distinct sets of open stations of some hours.

    Attributes
    ----------
    selections : tuple of Selection
        The distinct sets, in order of the first hour that has each.
    of_hour : array (h,) of int64
        Set of each hour.
    """

    selections: tuple[Selection, ...]
    of_hour: Int64Array

    def __len__(self) -> int:
        """Return the number of distinct sets."""
        return len(self.selections)

    @cached_property
    def windows(self) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
        """All windows: set, station, first and last time (m,)."""
        parts = [
            (
                np.full(chosen.first_ms.size, number),
                np.repeat(np.arange(chosen.indptr.size - 1), np.diff(chosen.indptr)),
                chosen.first_ms.astype(np.int64),
                chosen.last_ms.astype(np.int64),
            )
            for number, chosen in enumerate(self.selections)
        ]
        which, station, first, last = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        return which, station, first, last

    @cached_property
    def classes(self) -> Classes:
        """The classes of the stations whose windows begin at once."""
        which, station, first, last = self.windows
        size = self.selections[0].indptr.size - 1
        now = first == 0
        which, station, last = which[now], station[now], last[now]
        column, kind = np.unique(which << 32 | last, return_inverse=True)
        table = np.zeros((size, column.size), np.bool_)
        table[station, kind] = True
        used = np.flatnonzero(table.any(axis=1)).astype(np.int32)
        rows, member = np.unique(np.packbits(table[used], axis=1), axis=0, return_inverse=True)
        member = member.reshape(-1)
        # a bit for every class and every time within which it is asked for
        pair = np.unique(member[np.searchsorted(used, station)] << 32 | last)
        owner, within = pair >> 32, pair & 0xFFFFFFFF
        masks = np.zeros((len(self), -(-max(pair.size, 1) // _WORD_BITS)), np.uint64)
        bit = np.searchsorted(pair, member[np.searchsorted(used, station)] << 32 | last)
        np.bitwise_or.at(
            masks,
            (which, bit // _WORD_BITS),
            np.left_shift(np.uint64(1), (bit % _WORD_BITS).astype(np.uint64)),
        )
        members = tuple(used[member == number] for number in range(len(rows)))
        return Classes(members, owner, within.astype(np.int32), masks)

    def late(self, number: int) -> Selection | None:
        """Return the stations of a set that open only while one walks.

        Parameters
        ----------
        number : int
            Which set.

        Returns
        -------
        Selection or None
            With the windows that do not begin at once; None where there are none.
        """
        chosen = self.selections[number]
        keep = chosen.first_ms > 0
        if not keep.any():
            return None
        station = np.repeat(np.arange(chosen.indptr.size - 1), np.diff(chosen.indptr))[keep]
        counts = np.bincount(station, minlength=chosen.indptr.size - 1)
        return Selection(
            indptr=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
            first_ms=chosen.first_ms[keep],
            last_ms=chosen.last_ms[keep],
            steady=np.empty(0, np.int32),
            changing=rows_of(counts > 0),
            horizon_ms=chosen.horizon_ms,
        )


def open_sets(
    register: Register, conditions: Conditions, limit_ms: int, hours: Sequence[datetime]
) -> OpenSets:
    """Return the distinct sets of stations that are open on arrival.

    Parameters
    ----------
    register : Register
        The stations.
    conditions : Conditions
        What is asked; its time and day are replaced by each hour's.
    limit_ms : int
        Longest travel time (ms).
    hours : sequence of datetime
        When one leaves.

    Returns
    -------
    OpenSets
        The order of the hours is kept.
    """
    number: dict[bytes, int] = {}
    chosen: list[Selection] = []
    of_hour = []
    for hour in hours:
        asked = replace(conditions, at=hour, on=hour.date())
        selection = register.select(asked, limit_ms)
        key = b"".join(part.tobytes() for part in selection.windows)
        if key not in number:
            number[key] = len(chosen)
            chosen.append(selection)
        of_hour.append(number[key])
    return OpenSets(tuple(chosen), np.array(of_hour, np.int64))


def in_sets(bits: WordArray, mask: WordArray) -> BoolArray:
    """Mark the places that a set covers.

    Parameters
    ----------
    bits : array (w, p) of uint64
        Bits of the places.
    mask : array (w,) of uint64
        Bits of the set.

    Returns
    -------
    array (p,) of bool
        True where they share one.
    """
    mark = np.zeros(bits.shape[1], np.bool_)
    for word, wanted in zip(bits, mask, strict=True):
        if wanted:
            mark |= (word & wanted) != 0
    return mark
