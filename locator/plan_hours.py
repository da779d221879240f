"""Points times hours: the rows that a plan covers where it counts hours, not only people.

168 rows a point would be many and are not needed. A point's row is all the hours of the week in
which it has no station today and exactly the same options would cover it: no set of options tells
these hours apart, so the row counts as often as it has hours, and covering rows is an ordinary
cover with nothing left out. Candidates that are always open leave one row a point.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator._plan_kernels import spread
from locator.clock_sets import OpenSets
from locator.plan_cover import Cover

_BYTE = 8


@dataclass(frozen=True)
class Kinds:
    """Hours of a week by who is open: the stations of today, and those that options would give.

    Attributes
    ----------
    now, then : array (k,) of int64
        Set of open stations, and set of open options, of each kind of hour.
    hours : array (k,) of int64
        How many hours of the week are of each kind.
    of_hour : array (h,) of int64
        Kind of each hour.
    """

    now: Int64Array
    then: Int64Array
    hours: Int64Array
    of_hour: Int64Array

    @classmethod
    def of(cls, now: OpenSets, then: OpenSets) -> "Kinds":
        """Return the kinds of hours.

        Parameters
        ----------
        now, then : OpenSets
            Of the same hours.

        Returns
        -------
        Kinds
            Each pair of sets once.
        """
        pair = np.stack((now.of_hour, then.of_hour))
        found, kind, hours = np.unique(pair, axis=1, return_inverse=True, return_counts=True)
        return cls(found[0], found[1], hours, kind.reshape(-1))


def masks_of(then: OpenSets, kinds: Kinds, cover: Cover) -> tuple[BoolArray, Int64Array]:
    """Return in which kinds of hours each option would cover each point that it reaches.

    Parameters
    ----------
    then : OpenSets
        When one may arrive at the options.
    kinds : Kinds
        Kinds of hours.
    cover : Cover
        Whom options reach at any hour, and in what time.

    Returns
    -------
    masks : array (m, k) of bool
        Distinct answers by kind of hour.
    mask : array (e,) of int64
        Which of them holds for each entry of the cover.
    """
    size = cover.indptr.size - 1
    which, option, first, last = then.windows
    order = np.lexsort((last, first, which, option))
    rows = np.column_stack((which, first, last))[order].astype(np.int64)
    bound = np.searchsorted(option[order], np.arange(size + 1))
    number: dict[bytes, int] = {}
    pattern = np.empty(size, np.int64)
    begins, marks = [], []
    for each in range(size):  # options, of which most are open at the same times
        windows = rows[bound[each] : bound[each + 1]]
        key = windows.tobytes()
        if key not in number:
            number[key] = len(number)
            cuts, mark = _intervals(windows, len(then))
            begins.append(number[key] << 32 | cuts)
            marks.append(mark[:, kinds.then])
        pattern[each] = number[key]
    table = np.concatenate(marks) if marks else np.zeros((0, kinds.hours.size), np.bool_)
    masks, inverse = np.unique(table, axis=0, return_inverse=True)
    asked = np.repeat(pattern, cover.sizes) << 32 | cover.ms
    at = np.searchsorted(np.concatenate(begins or [asked]), asked, side="right") - 1
    return masks, inverse.reshape(-1)[at].astype(np.int64)


def _intervals(windows: Int64Array, sets: int) -> tuple[Int64Array, BoolArray]:
    """Return the times at which the answer changes, and the sets that are open from each on."""
    which, first, last = windows.T
    cuts = np.unique(np.concatenate(([0], first, last + 1)))
    row, window = np.nonzero((first <= cuts[:, None]) & (cuts[:, None] <= last))
    mark = np.zeros((cuts.size, sets), np.bool_)
    mark[row, which[window]] = True
    return cuts, mark


@dataclass(frozen=True)
class HourRows:
    """Rows of points and hours.

    Attributes
    ----------
    point : array (r,) of int64
        Point of each row, ascending.
    hours : array (r,) of float64
        How many hours of the week the row stands for.
    kind : array (r,) of int64
        One of its kinds of hours; the same options cover the point in all of them.
    signature : array (n,) of int64
        Points with the same number are reached by options of the same masks.
    member : array (s, k) of int64
        Part that each kind of hour belongs to by signature, -1: no option covers then.
    table : array (n, a) of int64
        Row of each part of a point; -1: it has a station then.
    """

    point: Int64Array
    hours: FloatArray
    kind: Int64Array
    signature: Int64Array
    member: Int64Array
    table: Int64Array

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return self.point.size

    def at(self, kind: int) -> Int64Array:
        """Return the row that each point has in one kind of hour.

        Parameters
        ----------
        kind : int
            Of `Kinds`.

        Returns
        -------
        array (n,) of int64
            -1 where no option covers, or all hours of the part are covered today.
        """
        part = self.member[self.signature, kind]
        rows = np.arange(part.size)
        out: Int64Array = np.where(part >= 0, self.table[rows, part], -1)
        return out


def rows_of_hours(
    kinds: Kinds, uncovered: BoolArray, masks: BoolArray, entries: tuple[Int32Array, Int64Array]
) -> HourRows:
    """Return the rows of points and hours.

    Parameters
    ----------
    kinds : Kinds
        Kinds of hours.
    uncovered : array (n, k) of bool
        Kinds of hours in which each point has no station today.
    masks : array (m, k) of bool
        From `masks_of`.
    entries : tuple of array (e,)
        Point and mask of everything that options reach.

    Returns
    -------
    HourRows
        As few as tell apart all that options do.
    """
    size = len(uncovered)
    sets, signature = _signatures(entries, size, len(masks))
    member = np.full((len(sets), kinds.hours.size), -1, np.int64)
    parts = []
    for number, packed in enumerate(sets):
        wanted = np.unpackbits(packed, count=len(masks)).view(np.bool_)
        columns, part = np.unique(masks[wanted].T, axis=0, return_inverse=True)
        some = columns.any(axis=1)
        member[number] = np.where(some, np.cumsum(some) - 1, -1)[part.reshape(-1)]
        parts.append(int(some.sum()))
    most = max(parts, default=0)
    hours = np.zeros((size, most + 1))  # the last column: at least one, for `at`
    for number, count in enumerate(parts):
        rows = np.flatnonzero(signature == number)
        share = (member[number][:, None] == np.arange(count)) * kinds.hours[:, None]
        hours[rows, :count] = uncovered[rows].astype(np.float64) @ share
    point, part = np.nonzero(hours)
    table = np.full(hours.shape, -1, np.int64)
    table[point, part] = np.arange(point.size)
    return HourRows(
        point, hours[point, part], _first_kind(member, most)[signature[point], part],
        signature, member, table,
    )  # fmt: skip


def _signatures(
    entries: tuple[Int32Array, Int64Array], size: int, masks: int
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.uint8]], Int64Array]:
    """Return the distinct sets of masks that points are reached with (packed), one a point."""
    point, mask = entries
    pair = np.unique(point.astype(np.int64) << 32 | mask)
    at, which = pair >> 32, pair & 0xFFFFFFFF
    bits = np.zeros((size, max(-(-masks // _BYTE), 1)), np.uint8)
    np.bitwise_or.at(bits, (at, which // _BYTE), (0x80 >> (which % _BYTE)).astype(np.uint8))
    sets, signature = np.unique(bits, axis=0, return_inverse=True)
    return sets, signature.reshape(-1).astype(np.int64)


def _first_kind(member: Int64Array, most: int) -> Int64Array:
    """Return the first kind of hour of each part by signature."""
    out = np.zeros((len(member), most + 1), np.int64)
    for kind in range(member.shape[1] - 1, -1, -1):
        rows = np.flatnonzero(member[:, kind] >= 0)
        out[rows, member[rows, kind]] = kind
    return out


def spread_over(cover: Cover, rows: HourRows, entries: tuple[BoolArray, Int64Array]) -> Cover:
    """Return which rows of points and hours each option covers.

    Parameters
    ----------
    cover : Cover
        Whom options reach at any hour.
    rows : HourRows
        Rows.
    entries : tuple of array (m, k) and array (e,)
        From `masks_of`.

    Returns
    -------
    Cover
        Of the same options.
    """
    masks, mask = entries
    indptr = np.searchsorted(rows.point, np.arange(len(rows.signature) + 1))
    return Cover(*spread(cover.indptr, cover.point, cover.ms, mask, masks, indptr, rows.kind))


@cache
def compiled() -> None:
    """Compile the kernel, or load it, before a time limit begins to run: once a process."""
    none, row = np.empty(0, np.int32), np.empty(0, np.int64)
    rows = HourRows(row, np.empty(0), row, row, np.empty((0, 1), np.int64), row[:, None])
    cover = Cover(np.zeros(1, np.int64), none, none)
    spread_over(cover, rows, (np.zeros((0, 1), np.bool_), row))
