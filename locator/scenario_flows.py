"""Who is covered and was not, and the other way round: by cause, region and group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geodata.model import FloatArray, Int64Array
from locator.arrival import CAUSES
from locator.scenario_places import Codes, Measure, cause_of, is_covered


@dataclass(frozen=True)
class Flow:
    """Quantities that have become covered, and that are no longer.

    Attributes
    ----------
    gained : array (quantities, causes, parts) of float64
        By the cause before.
    lost : array (quantities, causes, parts) of float64
        By the cause now.
    """

    gained: FloatArray
    lost: FloatArray

    @property
    def net(self) -> FloatArray:
        """What is gained less what is lost (quantities, parts)."""
        total: FloatArray = self.gained.sum(axis=1) - self.lost.sum(axis=1)
        return total


def flow_of(measure: Measure, places: Int64Array, old: Codes, new: Codes) -> Flow:
    """Return what has become covered, and what is no longer.

    Parameters
    ----------
    measure : Measure
        Quantities at the places of a layer.
    places : array (t,) of int64
        Places that were judged anew.
    old, new : array (t,) of int16
        Their codes before and after.

    Returns
    -------
    Flow
        By cause and part.
    """
    was, now = is_covered(old), is_covered(new)
    gained, lost = np.flatnonzero(now & ~was), np.flatnonzero(was & ~now)
    return Flow(
        _by_cause(measure, places[gained], old[gained]),
        _by_cause(measure, places[lost], new[lost]),
    )


def _by_cause(measure: Measure, places: Int64Array, codes: Codes) -> FloatArray:
    """Return the quantities at places by the cause in their code, and by part."""
    rows, cause = measure.rows_at(places, cause_of(codes).astype(np.int64))
    bins = cause * measure.parts + measure.part[rows]
    size = len(CAUSES) * measure.parts
    return np.array([np.bincount(bins, weight[rows], size) for weight in measure.weights]).reshape(
        -1, len(CAUSES), measure.parts
    )


def difference(
    people: Flow | None,
    streets: Flow,
    groups: Sequence[str],
    regions: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Return the difference of two answers.

    Parameters
    ----------
    people : Flow or None
        Homes and workers; parts are ``region * groups + group``.
    streets : Flow
        Street length (km); parts are regions, the last one for none.
    groups : sequence of str
        Codes of the groups.
    regions : sequence of (id, name)
        The region table.

    Returns
    -------
    dict
        ``homes_covered``, ``workers_covered`` (None where nobody gave homes) and
        ``street_km_covered``, after less before; the same by ``groups``, ``regions`` and
        ``causes`` (who became covered, by the cause that explained before why they were not); what
        was ``gained`` and ``lost`` (by the cause now).
    """
    length = streets.net[0]
    homes = workers = None
    if people is not None:
        homes, workers = people.net.reshape(2, length.size, max(len(groups), 1))
    out = _figures(homes, workers, length)
    out["groups"] = {
        code: {
            "homes_covered": _sum(homes, number),
            "workers_covered": _sum(workers, number),
        }
        for number, code in enumerate(groups)
    }
    out["regions"] = [
        {"id": code, "name": name, **_figures(_row(homes, row), _row(workers, row), length[row])}
        for row, (code, name) in enumerate(regions)
    ]
    for name in ("gained", "lost"):
        tables = {"street_km": getattr(streets, name)[0].sum(axis=1)}
        if people is not None:
            both = getattr(people, name).sum(axis=2)
            tables |= {"homes": both[0], "workers": both[1]}
        out[name] = _cause_table(tables)
    out["causes"] = {
        cause: {f"{key}_covered": value for key, value in row.items()}
        for cause, row in out["gained"]["causes"].items()
    }
    return out


def _row(table: FloatArray | None, row: int) -> FloatArray | None:
    """Return a row of a table, if there is one."""
    return None if table is None else table[row]


def _sum(table: FloatArray | None, column: int) -> float | None:
    """Return the sum of a column, if there is a table."""
    return None if table is None else float(table[:, column].sum())


def _figures(
    homes: FloatArray | None, workers: FloatArray | None, length: FloatArray
) -> dict[str, Any]:
    """Return differences as the interface names them."""
    return {
        "homes_covered": None if homes is None else float(homes.sum()),
        "workers_covered": None if workers is None else float(workers.sum()),
        "street_km_covered": float(length.sum()),
    }


def _cause_table(tables: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Return quantities in all and by cause; people are None where nobody gave homes."""
    names = ("homes", "workers", "street_km")
    rows = {
        cause: {name: float(tables[name][number]) if name in tables else None for name in names}
        for number, cause in enumerate(CAUSES)
    }
    totals = {name: float(tables[name].sum()) if name in tables else None for name in names}
    return {**totals, "causes": {cause: row for cause, row in rows.items() if any(row.values())}}
