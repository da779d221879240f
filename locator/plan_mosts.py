"""People weighted by the four "mosts" of Maoming: four terms one can see, each with its weight.

企业最密集 (firms densest), 农民工最多 (migrant workers most), 职工最需要服务 (need greatest) and
工会最需要加强 (union weakest). A union gives what it knows of each district, the greater the more;
each term is divided by its greatest value. Need is the share of workers without a station unless
the union says otherwise. A worker counts the sum of weight times term of the own district, so the
score of a site is the sum of four terms: leaving one out takes away exactly that term.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geodata.errors import Fault, ValidationError
from geodata.model import FloatArray
from locator.arrays import sums
from locator.plan_ground import Demand

#: The terms, in the order of the slogan.
TERMS = ("firms", "migrants", "need", "union")


@dataclass(frozen=True)
class Mosts:
    """Weights of the terms, and what a union knows of its districts.

    Attributes
    ----------
    weights : mapping of str to float
        By term, not negative; a term that is missing has none.
    regions : sequence of mappings
        ``region`` (its id) and any of ``TERMS``: numbers of at least 0.
    """

    weights: Mapping[str, float]
    regions: Sequence[Mapping[str, Any]] = ()

    def check(self, region_ids: Sequence[str]) -> None:
        """Raise one error for everything that is wrong.

        Parameters
        ----------
        region_ids : sequence of str
            Of the dataset.

        Raises
        ------
        ValidationError
            For terms and regions that do not exist, numbers below 0, and terms that have a weight
            but no values.
        """
        faults = [
            Fault("mosts.weights", f"{name!r} is no term", f"use {', '.join(TERMS)}")
            for name in self.weights
            if name not in TERMS
        ]
        known, told = set(region_ids), set[str]()
        for number, row in enumerate(self.regions):
            where = f"mosts.regions[{number}]"
            if row.get("region") not in known:
                faults.append(Fault(where, "there is no such region", "use its id"))
            told |= {name for name in TERMS if row.get(name) is not None}
            faults += [
                Fault(f"{where}.{name}", "expected a number of at least 0")
                for name in TERMS
                if row.get(name) is not None and not 0 <= float(row[name]) < float("inf")
            ]
        faults += [
            Fault(f"mosts.weights.{name}", "no region has a value of it", "give some or no weight")
            for name, weight in self.weights.items()
            if weight and name in TERMS and name != "need" and name not in told
        ]
        if any(not 0 <= weight < float("inf") for weight in self.weights.values()):
            faults.append(Fault("mosts.weights", "expected numbers of at least 0"))
        elif not any(self.weights.values()):
            faults.append(Fault("mosts.weights", "expected a weight above 0"))
        if faults:
            raise ValidationError.of(faults, code="bad_mosts")


def terms_of(mosts: Mosts, demand: Demand, region_ids: Sequence[str]) -> dict[str, FloatArray]:
    """Return what a worker counts by each term.

    Parameters
    ----------
    mosts : Mosts
        Weights and districts.
    demand : Demand
        People; those outside every region count 0 but for need.
    region_ids : sequence of str
        Of the dataset.

    Returns
    -------
    dict of str to array (r,) of float64
        Weight times term, by row of people, for the terms with a weight; their sum is what the
        worker counts.
    """
    mosts.check(region_ids)
    number = {code: row for row, code in enumerate(region_ids)}
    size = len(region_ids) + 1
    region = np.where(demand.region < 0, size - 1, demand.region)
    out = {}
    for name, weight in mosts.weights.items():
        if not weight:
            continue
        value = _uncovered(demand, region, size) if name == "need" else np.zeros(size)
        for row in mosts.regions:
            if row.get(name) is not None:
                value[number[row["region"]]] = float(row[name])
        greatest = value.max()
        scaled = value / greatest if greatest > 0 else value
        out[name] = weight * scaled[region]
    return out


def _uncovered(demand: Demand, region: np.ndarray[Any, Any], size: int) -> FloatArray:
    """Return the share of workers without a station by region, the last entry for none."""
    counted = demand.where(demand.outcome.in_total)
    covered = demand.where(demand.outcome.covered)
    total = sums(region[counted], demand.workers[counted], size)
    there = sums(region[covered], demand.workers[covered], size)
    return np.divide(total - there, total, out=np.zeros(size), where=total > 0)
