"""Figures through a week: homes, workers or streets, of all, of a region or of a group."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geodata.model import BoolArray, FloatArray
from locator.arrays import sums
from locator.clock_cover import WeekOutcome
from locator.coverage import People


@dataclass(frozen=True)
class Series:
    """One quantity through the week.

    Attributes
    ----------
    total : float
        All of it but what has no data.
    covered : array (168,) of float64
        What is within the limit at each hour.
    """

    total: float
    covered: FloatArray

    @property
    def uncovered(self) -> FloatArray:
        """What is not within the limit at each hour (168,)."""
        return self.total - self.covered

    @property
    def share(self) -> list[float | None]:
        """Covered share at each hour; None of nothing."""
        if self.total <= 0:
            return [None] * self.covered.size
        shares: list[float | None] = (self.covered / self.total).tolist()
        return shares


@dataclass(frozen=True)
class Part:
    """The people or streets of a region, of a group, or of all.

    Attributes
    ----------
    series : mapping of str to Series
        ``homes`` and ``workers``, or ``street_km`` where nobody gave homes.
    works : array (168,) of bool
        Hours that count for the worst one and for person-hours.
    """

    series: Mapping[str, Series]
    works: BoolArray

    @property
    def base_name(self) -> str:
        """What shares are of: ``homes``, else ``street_km``."""
        return "homes" if "homes" in self.series else "street_km"

    @property
    def base(self) -> Series:
        """The quantity that shares are of."""
        return self.series[self.base_name]

    @property
    def worst(self) -> int | None:
        """Row of the hour in which most are not covered, the first of equal ones; None of nothing.

        Only hours that count are compared: by workers, then homes, else by street length.
        """
        if self.base.total <= 0 or not self.works.any():
            return None
        names = [name for name in ("workers", "homes", "street_km") if name in self.series]
        ranked = [self.series[name].uncovered for name in names]
        rows = np.flatnonzero(self.works)
        keys = [np.round(-values[rows], 6) for values in reversed(ranked)]
        return int(rows[np.lexsort((rows, *keys))[0]])

    @property
    def person_hours(self) -> dict[str, float] | None:
        """Hours of workers that count, and those of them without a station; None without people."""
        if "workers" not in self.series:
            return None
        workers = self.series["workers"]
        return {
            "total": workers.total * float(np.count_nonzero(self.works)),
            "uncovered": float(workers.uncovered[self.works].sum()),
        }


class Column:
    """One quantity at places, ready to be added up by set and by region.

    Sums are taken as `coverage_figures.Counts` takes them, so that an hour has the figures of
    coverage.

    Parameters
    ----------
    outcome : WeekOutcome
        What becomes of the places.
    place : array (r,) of int64 or None
        Place of each row; None where row i is place i.
    weight : array (r,) of float64
        Quantity of each row.
    lost : float
        Quantity whose place is off the network and in no layer.
    """

    def __init__(
        self,
        outcome: WeekOutcome,
        place: npt.NDArray[np.int64] | None,
        weight: FloatArray,
        lost: float,
    ) -> None:
        self._outcome = outcome
        self._place = place
        self._weight = weight
        self.lost = lost

    def _rows(self, mark: BoolArray) -> BoolArray:
        """Mark the rows whose place is marked."""
        return mark if self._place is None else mark[self._place]

    def _each(self) -> Iterator[BoolArray]:
        """Yield the rows that are covered, set by set."""
        for number in range(len(self._outcome.covers)):
            yield self._rows(self._outcome.covered(number))

    @property
    def total(self) -> float:
        """Everything but what has no data."""
        return float(self._weight[self._rows(self._outcome.in_total)].sum()) + self.lost

    def covered(self) -> FloatArray:
        """Return what is covered in each set.

        Returns
        -------
        array (k,) of float64
            Sums.
        """
        return np.array([float(self._weight[rows].sum()) for rows in self._each()])

    def by_region(self, size: int) -> tuple[FloatArray, FloatArray]:
        """Return the quantity by region, the last entry for none.

        Parameters
        ----------
        size : int
            Number of regions.

        Returns
        -------
        tuple of array (size + 1,) and (k, size + 1) of float64
            All of it, and what each set covers.
        """
        region = self._outcome.layer.region
        region = region if self._place is None else region[self._place]
        region = np.where(region < 0, size, region)
        rows = self._rows(self._outcome.in_total)
        total = sums(region[rows], self._weight[rows], size + 1)
        total[-1] += self.lost
        covered = [sums(region[rows], self._weight[rows], size + 1) for rows in self._each()]
        return total, np.array(covered)


def person_columns(
    people: People, places: WeekOutcome, rows: BoolArray, region: int | None
) -> dict[str, Column]:
    """Return homes and workers of some people.

    Parameters
    ----------
    people : People
        Who is where.
    places : WeekOutcome
        What becomes of the places they are counted at.
    rows : array (r,) of bool
        Which people.
    region : int or None
        Row of the only region that counts; None: all, and then those off the network count, too.

    Returns
    -------
    dict of str to Column
        ``homes`` and ``workers``.
    """
    placed = rows & (people.place >= 0)
    place = people.place[placed].astype(np.int64)
    lost = 0.0 if region is not None else 1.0  # where they are is not known
    return {
        name: Column(places, place, weight[placed], lost * float(weight[rows & ~placed].sum()))
        for name, weight in (("homes", people.homes), ("workers", people.workers))
    }
