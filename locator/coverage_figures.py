"""Figures of coverage: who is within the limit and who is not, by region, group and cause.

What became of places is told by `locator.coverage.Outcome`; here quantities at places are added up
by it. Weights are `locator.arrays.binary`, so that sums do not depend on their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.errors import InputError
from geodata.model import BoolArray, FloatArray, Int32Array, Int64Array
from locator import _place_kernels
from locator.arrays import sums
from locator.arrival import CAUSES
from locator.coverage import Outcome, People

_CELL_KM2 = 0.01
_EVERY_PLACE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Counts:
    """One quantity at places, ready to be added up by outcome and by region.

    Attributes
    ----------
    outcome : Outcome
        What became of the places.
    place : array (r,) of int64 or None
        Place of each row; None where row i is place i.
    weight : array (r,) of float64
        Quantity of each row.
    lost : float
        Quantity whose place is off the network and in no layer.
    """

    outcome: Outcome
    place: Int64Array | None
    weight: FloatArray
    lost: float = 0.0

    def _rows(self, mark: BoolArray) -> BoolArray:
        """Mark the rows whose place is marked."""
        return mark if self.place is None else mark[self.place]

    def where(self, mark: BoolArray) -> float:
        """Return the quantity at marked places.

        Parameters
        ----------
        mark : array (p,) of bool
            Places.

        Returns
        -------
        float
            The sum.
        """
        return float(self.weight[self._rows(mark)].sum())

    @cached_property
    def total(self) -> float:
        """Everything but what has no data."""
        return self.where(self.outcome.in_total) + self.lost

    @cached_property
    def covered(self) -> float:
        """What is within the limit."""
        return self.where(self.outcome.covered)

    @cached_property
    def by_fate(self) -> FloatArray:
        """What is covered, then what is not by row of ``CAUSES``, without ``lost``."""
        everywhere = np.zeros(self.outcome.covered.size, np.int8)
        table = _tally(self.place, everywhere, self.outcome.fate, self.weight, 1)
        by_fate: FloatArray = table[0]
        return by_fate

    @property
    def by_cause(self) -> FloatArray:
        """What is not covered, by row of ``CAUSES``."""
        return self.by_fate[1:]

    def because(self, cause: str) -> float:
        """Return what is not covered for one cause.

        Parameters
        ----------
        cause : str
            A word of ``CAUSES``.

        Returns
        -------
        float
            The sum.
        """
        lost = self.lost if cause == "off_network" else 0.0
        return float(self.by_cause[CAUSES.index(cause)]) + lost

    def by_group(self, group: Int32Array, size: int) -> FloatArray:
        """Return what counts by group and by what became of it.

        Parameters
        ----------
        group : array (r,) of int32
            Group of each row.
        size : int
            Number of groups.

        Returns
        -------
        array (size, 1 + causes) of float64
            Sums of what is covered, then of what is not by the causes of ``CAUSES``. People off
            the network without a place are not among them.
        """
        fate = self.outcome.fate if self.place is None else self.outcome.fate[self.place]
        return _tally(None, group, fate, self.weight, size)

    def by_region(self, size: int) -> FloatArray:
        """Return what counts by region and by what became of it, the last row for no region.

        Parameters
        ----------
        size : int
            Number of regions.

        Returns
        -------
        array (size + 1, 1 + causes) of float64
            As ``by_group``, with people off the network whose place is not known.
        """
        fate, region = self.outcome.fate, self.outcome.layer.region
        table = _tally(self.place, region, fate, self.weight, size + 1)
        table[-1, 1 + CAUSES.index("off_network")] += self.lost
        return table


def _tally(
    place: Int64Array | None,
    part: npt.NDArray[np.integer],
    fate: npt.NDArray[np.int8],
    weight: FloatArray,
    size: int,
) -> FloatArray:
    """Return what counts by part and fate of the place of each row; part -1 is the last one."""
    columns = len(CAUSES) + 2  # the first one is for what does not count
    at = _EVERY_PLACE if place is None else place
    table: FloatArray = _place_kernels.tally(at, part, fate, weight, size, columns)
    return table[:, 1:]


def people_counts(people: People, outcome: Outcome) -> dict[str, Counts]:
    """Return homes and workers as counts over a layer.

    Parameters
    ----------
    people : People
        Who is where.
    outcome : Outcome
        What became of the places of the same layer.

    Returns
    -------
    dict of str to Counts
        ``homes`` and ``workers``.
    """
    placed = people.place >= 0
    place = people.place[placed].astype(np.int64)
    lost = 0.0 if outcome.one_region else 1.0  # where they are is not known
    return {
        name: Counts(outcome, place, weight[placed], lost * float(weight[~placed].sum()))
        for name, weight in (("homes", people.homes), ("workers", people.workers))
    }


def sums_by(people: People, outcome: Outcome, labels: npt.ArrayLike) -> dict[str, dict[str, Any]]:
    """Return who is covered, added up by any word one has for each home.

    Parameters
    ----------
    people : People
        Everybody at home, one row a home.
    outcome : Outcome
        What became of the homes.
    labels : array_like (h,)
        A word for each home: its firm, street, community, market or building.

    Returns
    -------
    dict
        For each word ``share_covered`` (of homes) and ``homes`` and ``workers`` with ``total``,
        ``covered``, ``uncovered``; whatever the words are, they add up to the same.

    Raises
    ------
    InputError
        If there is not one word a home.
    """
    words = np.asarray(labels).astype(str)
    if words.shape != people.place.shape or not people.exact:
        raise InputError(
            f"expected one word for each of {people.place.size} homes counted at home, "
            f"got {words.shape}"
        )
    names, row = np.unique(words, return_inverse=True)
    table = {}
    for name, weight in (("homes", people.homes), ("workers", people.workers)):
        total, covered = (
            sums(row[mark[people.place]], weight[mark[people.place]], names.size)
            for mark in (outcome.in_total, outcome.covered)
        )
        table[name] = [_parts(*pair) for pair in zip(total.tolist(), covered.tolist(), strict=True)]
    return {
        str(word): {
            "share_covered": _share(homes["covered"], homes["total"]),
            "homes": homes,
            "workers": workers,
        }
        for word, homes, workers in zip(names, table["homes"], table["workers"], strict=True)
    }


def summarize(
    people: People | None,
    outcomes: Mapping[str, Outcome],
    street_km: FloatArray,
    regions: Sequence[tuple[str, str]],
    cells_each: FloatArray | None = None,
) -> dict[str, Any]:
    """Return the figures of an answer, unrounded.

    Parameters
    ----------
    people : People or None
        Who is where; None where nobody gave homes.
    outcomes : mapping of str to Outcome
        ``people`` (homes or cells), ``cells`` and ``pieces``.
    street_km : array (q,) of float64
        Lengths of the street pieces (km), of which sums are exact in any order.
    regions : sequence of (id, name)
        The region table.
    cells_each : array (c,) of float64, optional
        How many cells each place of the cells stands for; one by default.

    Returns
    -------
    dict
        As ``summary`` of the HTTP interface describes.
    """
    pieces, cells = outcomes["pieces"], outcomes["cells"]
    street = Counts(pieces, None, street_km)
    counts = people_counts(people, outcomes["people"]) if people is not None else {}
    base = counts.get("homes", street)
    return {
        "homes": _person_figures(counts.get("homes")),
        "workers": _person_figures(counts.get("workers")),
        "street_km": _parts(float(street.by_fate.sum()), float(street.by_fate[0])),
        "area_km2": _area(cells, cells_each),
        "share_covered": _share(base.covered, base.total),
        "share_of": "homes" if counts else "street_km",
        "share_covered_if_unknown_open": _share(
            base.where(base.outcome.covered_if_unknown_open), base.total
        ),
        "share_band": {
            "slow": _share(base.where(base.outcome.slow), base.total),
            "fast": _share(base.where(base.outcome.fast), base.total),
        },
        "groups": _groups(people, counts) if people is not None else {},
        "regions": _regions(counts, street, regions),
        "causes": _causes(counts, street),
        "median_detour": cells.median_detour,
        "people": "exact" if people is not None and people.exact else "from cells",
    }


def _share(part: float, whole: float) -> float | None:
    """Return a share, None of nothing."""
    return part / whole if whole > 0 else None


def _person_figures(counts: Counts | None) -> dict[str, float] | None:
    """Return the figures of homes or workers."""
    if counts is None:
        return None
    total, covered = counts.total, counts.covered
    return {
        "total": total,
        "covered": covered,
        "uncovered": total - covered,
        "unreachable": counts.because("unreachable"),
        "off_network": counts.because("off_network"),
        "no_data": counts.where(counts.outcome.no_data),
    }


def _area(cells: Outcome, each: FloatArray | None) -> dict[str, float]:
    """Return the area of cells; ``each`` tells how many every place stands for, if not one."""
    total, covered = (
        float(np.count_nonzero(mark) if each is None else each[mark].sum())
        for mark in (cells.in_total, cells.covered)
    )
    return _parts(total * _CELL_KM2, covered * _CELL_KM2)


def _parts(total: float, covered: float) -> dict[str, float]:
    """Return a total with its two parts."""
    return {"total": total, "covered": covered, "uncovered": total - covered}


def _groups(people: People, counts: Mapping[str, Counts]) -> dict[str, Any]:
    """Return the figures of every group of workers."""
    size, placed = len(people.groups), people.place >= 0
    tables = {}
    for name, weight in (("homes", people.homes), ("workers", people.workers)):
        tables[name] = counts[name].by_group(people.group[placed], size)
        if not counts[name].outcome.one_region:  # else where they are is not known
            lost = sums(people.group[~placed], weight[~placed], size)
            tables[name][:, 1 + CAUSES.index("off_network")] += lost
    out = {}
    for number, code in enumerate(people.groups):
        rows = {name: table[number] for name, table in tables.items()}
        homes, workers = (_parts(float(row.sum()), float(row[0])) for row in rows.values())
        out[code] = {
            "homes": homes,
            "workers": workers,
            "share_covered": _share(homes["covered"], homes["total"]),
            "causes": _cause_rows({name: row[1:] for name, row in rows.items()}),
        }
    return out


def _regions(
    counts: Mapping[str, Counts], street: Counts, regions: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return the figures of every region, and of people off the network whose place is unknown."""
    if not regions:
        return []
    every = {**counts, "street_km": street}
    table = {name: part.by_region(len(regions)) for name, part in every.items()}
    rows = []
    for number, (code, name) in enumerate([*regions, ("", "")]):
        figures = {
            key: _parts(float(fates[number].sum()), float(fates[number, 0]))
            for key, fates in table.items()
        }
        left_out = street.outcome.one_region or not (code or name)
        if left_out and not any(part["total"] for part in figures.values()):
            continue
        base = figures.get("homes", figures["street_km"])
        rows.append(
            {
                "id": code,
                "name": name,
                "homes": figures.get("homes"),
                "workers": figures.get("workers"),
                "street_km": figures["street_km"],
                "share_covered": _share(base["covered"], base["total"]),
                "causes": _cause_rows({name: fates[number, 1:] for name, fates in table.items()}),
            }
        )
    return rows


def _causes(counts: Mapping[str, Counts], street: Counts) -> dict[str, dict[str, float | None]]:
    """Return the figures of every cause that occurs."""
    figures = {}
    for name, part in {**counts, "street_km": street}.items():
        figures[name] = part.by_cause.copy()
        figures[name][CAUSES.index("off_network")] += part.lost
    return _cause_rows(figures)


def _cause_rows(figures: Mapping[str, FloatArray]) -> dict[str, dict[str, float | None]]:
    """Return a row for every cause that occurs; people are None where nobody gave homes."""
    out = {}
    for number, cause in enumerate(CAUSES):
        row: dict[str, float | None] = {"homes": None, "workers": None}
        row |= {name: float(sums_by_cause[number]) for name, sums_by_cause in figures.items()}
        if any(row.values()):
            out[cause] = row
    return out
