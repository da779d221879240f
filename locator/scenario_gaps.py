"""Gaps before and after a change: which have closed, opened, shrunk or grown.

Gaps are matched by the cells they share. Only those that are made of other cells are looked at, and
those whose people are others: a gap may fall apart, and several may grow together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geodata.model import BoolArray, Cells, FloatArray, Int32Array, Int64Array
from locator.coverage import Outcome
from locator.gaps import CellWeights, Gaps, Places, group_gaps

#: Gives the gaps of some cells (c,), told which gap each of them is in.
Find = Callable[[BoolArray, Int32Array], Gaps]

#: What may become of a gap.
CHANGES = ("closed", "opened", "shrunk", "grown", "shifted")


@dataclass(frozen=True)
class GapChanges:
    """Gaps that are others than they were.

    Attributes
    ----------
    before, after : Gaps
        Those that had a cell that changed, or share one with such a gap.
    match_before, match_after : array of int64
        Group of each gap of ``before`` and of ``after``: gaps that share cells, directly or through
        others, are of one group.
    change : array (m,) of object
        What became of each group, one of ``CHANGES``.
    """

    before: Gaps
    after: Gaps
    match_before: Int64Array
    match_after: Int64Array
    change: npt.NDArray[np.object_]

    def lists(self, *, shapes: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Return the gaps that have closed, opened and changed.

        Parameters
        ----------
        shapes : bool
            Add ``geometry``: as they would be, of those that close as they were.

        Returns
        -------
        dict
            ``closed``, ``opened`` and ``changed``: lists of groups, the one with most workers
            first, each with ``id``, ``region``, ``near``, ``near_en``, ``change``, ``cause``, the
            ids ``before`` and ``after``, and ``workers``, ``homes`` and ``area_km2`` before and
            after.
        """
        one, other = self.before.to_geodataframe(), self.after.to_geodataframe()
        out: dict[str, list[dict[str, Any]]] = {"closed": [], "opened": [], "changed": []}
        for number, change in enumerate(self.change):
            entry = _entry(
                str(change), one[self.match_before == number], other[self.match_after == number]
            )
            if shapes:
                rows = other[self.match_after == number]
                rows = rows if len(rows) else one[self.match_before == number]
                entry["geometry"] = shapely.multipolygons(rows.geometry.to_numpy())
            out[change if change in out else "changed"].append(entry)
        for entries in out.values():
            entries.sort(key=_rank)
        return out


def _rank(entry: dict[str, Any]) -> tuple[float, float, str]:
    """Return what sorts the greatest change of workers first, then of area."""
    workers = (entry["workers_after"] or 0.0) - (entry["workers_before"] or 0.0)
    area = entry["area_km2_after"] - entry["area_km2_before"]
    return -abs(workers), -abs(area), entry["id"]


def _entry(change: str, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return one group as plain values; people are None where nobody gave homes."""
    first = (before if len(before) else after).iloc[0]
    entry: dict[str, Any] = {
        "id": str(first["id"]),
        "region": str(first["region"]) or None,
        "near": str(first["near"]) or None,
        "near_en": str(first["near_en"]) or None,
        "change": change,
        "cause": str(first["cause"]),
        "before": [str(code) for code in before["id"]],
        "after": [str(code) for code in after["id"]],
    }
    for name in ("workers", "homes", "area_km2"):
        known = bool(np.isfinite(first[name]))
        for when, gaps in (("before", before), ("after", after)):
            entry[f"{name}_{when}"] = float(gaps[name].sum()) if known else None
    return entry


def gap_changes(
    before: Outcome,
    after: Outcome,
    places: Places,
    find: tuple[Find, Find],
    people: tuple[CellWeights, CellWeights],
    labels: Int32Array,
) -> GapChanges:
    """Return the gaps that are others than they were.

    Parameters
    ----------
    before, after : Outcome
        Of the cells.
    places : Places
        The cells, and how fast one goes.
    find : tuple of callable
        Give the gaps as they were and as they would be, of marked cells (c,) only.
    people : tuple of CellWeights
        Who is in the cells before and after.
    labels : array (c,) of int32
        The gap of each cell before, as ``gap_labels`` gives it.

    Returns
    -------
    GapChanges
        Empty where neither a cell nor who is in it has changed.
    """
    marks = [~outcome.covered & outcome.in_total for outcome in (before, after)]
    other = marks[0] != marks[1]
    every_label = [labels, gap_labels(places, after)]
    flow = _flow(people, other.size)
    regrouped = other_groups(*every_label)
    pairs = _touched(every_label, regrouped | ((flow != 0) & (marks[0] | marks[1])))
    group_of, count = _groups(pairs, [int(label.max(initial=-1)) + 1 for label in every_label])
    every = [
        np.where(label >= 0, table[label], -1)
        for label, table in zip(every_label, group_of, strict=True)
    ]
    found = [
        make(group >= 0, _renumbered(label[group >= 0]))
        for make, label, group in zip(find, every_label, every, strict=True)
    ]
    lost, won = (np.bincount(group[other & (group >= 0)], minlength=count) > 0 for group in every)
    sizes = [np.bincount(group[group >= 0], minlength=count) for group in every]
    inside = every[0] >= 0
    workers = np.bincount(every[0][inside], weights=flow[inside], minlength=count)
    same = ~lost & ~won  # the same ground, other people: some homes are covered, their cell is not
    change = np.select(
        [
            sizes[1] == 0,
            sizes[0] == 0,
            (lost & ~won) | (same & (workers < 0)),
            (won & ~lost) | (same & (workers > 0)),
        ],
        ["closed", "opened", "shrunk", "grown"],
        "shifted",
    )
    match = [
        _group_of_gaps(places.cells, gaps, group) for gaps, group in zip(found, every, strict=True)
    ]
    return GapChanges(found[0], found[1], match[0], match[1], change.astype(object))


def _flow(people: tuple[CellWeights, CellWeights], size: int) -> FloatArray:
    """Return how many more workers are in each cell after than before, 0 where nobody knows."""
    before, after = (part.workers for part in people)
    return np.zeros(size) if before is None or after is None else after - before


def gap_labels(places: Places, outcome: Outcome) -> Int32Array:
    """Return the gap of each cell.

    Parameters
    ----------
    places : Places
        The cells, and how fast one goes.
    outcome : Outcome
        What became of the cells.

    Returns
    -------
    array (c,) of int32
        From 0, -1 where a cell is in none.
    """
    mark = ~outcome.covered & outcome.in_total
    label = np.full(mark.size, -1, np.int32)
    label[mark] = group_gaps(places, mark, outcome.limit_ms)[1]
    return label


def other_groups(before: Int32Array, after: Int32Array) -> BoolArray:
    """Mark the cells whose gap is made of other cells than it was.

    That may be so where no cell of it has changed: what is cut while it is large is whole when it
    has become small enough, and a small piece may join another one.

    Parameters
    ----------
    before, after : array (c,) of int32
        The gap of each cell, -1 in none.

    Returns
    -------
    array (c,) of bool
        Whole gaps, before and after.
    """
    out = np.zeros(before.size, np.bool_)
    for own, other in ((before, after), (after, before)):
        inside = own >= 0
        one, two = own[inside], other[inside]
        partner = np.full(int(one.max(initial=-1)) + 1, -1, np.int32)
        partner[one] = two
        size = np.bincount(other[other >= 0], minlength=1)
        same = (partner >= 0) & (np.bincount(one, minlength=partner.size) == size[partner])
        same[one[partner[one] != two]] = False
        out[inside] |= ~same[one]
    return out


def _renumbered(label: Int32Array) -> Int32Array:
    """Return numbers from 0, none left out, in the same order."""
    taken = np.zeros(int(label.max(initial=-1)) + 1, np.int32)
    taken[label] = 1
    return (np.cumsum(taken) - 1)[label].astype(np.int32)


def _touched(labels: list[Int32Array], other: BoolArray) -> npt.NDArray[np.int64]:
    """Return pairs of gaps before and after that share a cell, one of them with a changed cell.

    A gap with a changed cell that shares none has -1 as the other of the pair.
    """
    counts = [int(label.max(initial=-1)) + 1 for label in labels]
    hot = [np.zeros(count + 1, np.bool_) for count in counts]  # the last one is for -1
    for mark, label in zip(hot, labels, strict=True):
        mark[label[other]] = True
        mark[-1] = False
    rows = np.flatnonzero(hot[0][labels[0]] | hot[1][labels[1]])
    one, two = (label[rows].astype(np.int64) + 1 for label in labels)
    pairs = np.unique(one * (counts[1] + 1) + two)
    return np.column_stack(np.divmod(pairs, counts[1] + 1)) - 1


def _groups(
    pairs: npt.NDArray[np.int64], counts: list[int]
) -> tuple[list[npt.NDArray[np.int64]], int]:
    """Return the group of every gap before and after (-1: unchanged), and how many there are."""
    from scipy.sparse import coo_array  # noqa: PLC0415  heavy: for scenarios alone
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    both = pairs[(pairs >= 0).all(axis=1)]
    size = sum(counts)
    graph = coo_array(
        (np.ones(len(both)), (both[:, 0], counts[0] + both[:, 1])), shape=(size, size)
    )
    part = connected_components(graph, directed=False)[1] if size else np.empty(0, np.int64)
    wanted = np.concatenate(
        (pairs[:, 0][pairs[:, 0] >= 0], counts[0] + pairs[:, 1][pairs[:, 1] >= 0])
    )
    names = np.unique(part[wanted]) if wanted.size else np.empty(0, np.int64)
    group = np.full(size + 1, -1, np.int64)
    inside = np.zeros(size, np.bool_)
    inside[wanted] = True
    group[:-1][inside] = np.searchsorted(names, part[inside])
    return [group[: counts[0]], group[counts[0] : -1]], names.size


def _group_of_gaps(cells: Cells, gaps: Gaps, group: npt.NDArray[np.int64]) -> Int64Array:
    """Return the group of each gap: the id ends with the lattice index of one of its cells."""
    ends = [str(code).rsplit(".", 2)[1:] for code in gaps.id]
    inside = np.flatnonzero(group >= 0)
    key = (cells.column[inside].astype(np.int64) << 32) + cells.row[inside]
    order = np.argsort(key)
    column, row = np.array(ends, np.int64).reshape(-1, 2).T
    at = np.searchsorted(key, (column << 32) + row, sorter=order)
    return group[inside[order[at]]]
