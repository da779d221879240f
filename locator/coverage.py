"""Who is within the limit of a station, who is not, and why.

Three layers are judged by the same rule: homes (or the published people spread over cells), 100 m
cells and street pieces. A place is covered when its nearest station that is open on arrival lies
within the limit. Every place that is not has exactly one cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.errors import InputError
from geodata.model import (
    CLOSED_MS,
    NO_DATA,
    ON_NETWORK,
    BoolArray,
    FloatArray,
    Int32Array,
    Int64Array,
    Positions,
)
from locator import _place_kernels
from locator.arrays import sums
from locator.arrival import CAUSES, Arrival, Reasons, arrival
from locator.barriers import Barriers, CutOff
from locator.selection import Conditions, Register, Selection, same_stations
from locator.snap import Exits, part_of
from locator.travel_time import TravelTimes

_MS_PER_MINUTE = 60_000
_CELL_KM2 = 0.01
_EPSILON = 1e-6
_EVERY_PLACE = np.empty(0, np.int64)


@dataclass(frozen=True)
class CoverageRequest:
    """What is asked.

    Attributes
    ----------
    conditions : Conditions
        What a station must satisfy.
    minutes : int
        The limit.
    at_least : int
        Covered means so many stations within the limit.
    slow, fast : float
        The band of the mode's speed, as multiples of it.
    """

    conditions: Conditions
    minutes: int = 15
    at_least: int = 1
    slow: float = 1.0
    fast: float = 1.0

    @property
    def limit_ms(self) -> int:
        """Return the limit in milliseconds."""
        return self.minutes * _MS_PER_MINUTE


@dataclass(frozen=True)
class Layer:
    """Places of one sort on one network.

    Attributes
    ----------
    travel : TravelTimes
        Times of the mode.
    positions : Positions
        Where they lie on the network.
    region : array (p,) of int32
        Row of the region table, -1 outside.
    """

    travel: TravelTimes
    positions: Positions
    region: Int32Array

    @property
    def state(self) -> npt.NDArray[np.uint8]:
        """Return whether the places are on the network, as in ``Positions`` (p,)."""
        return self.positions.state

    def exits(self, rows: Int64Array | slice) -> Exits:
        """Return the times from some places to the ends of their edges.

        Parameters
        ----------
        rows : array of int64 or slice
            Which.

        Returns
        -------
        Exits
            In the order of ``rows``; worked out anew, which costs less than keeping them.
        """
        return self.travel.exits(part_of(self.positions, rows))


@dataclass(frozen=True)
class People:
    """How many live or work at places of a layer; one row a place and group.

    Attributes
    ----------
    place : array (r,) of int32
        Row of the layer; -1 for people whom no place of the layer stands for (off the network).
    group : array (r,) of int32
        Row of ``groups``.
    homes, workers : array (r,) of float64
        Counts.
    groups : tuple of str
        Codes of the groups.
    exact : bool
        Counted at the homes themselves, not spread from published cells.
    """

    place: Int32Array
    group: Int32Array
    homes: FloatArray
    workers: FloatArray
    groups: tuple[str, ...]
    exact: bool


@dataclass(frozen=True)
class Question:
    """What the layers are judged by.

    Attributes
    ----------
    register : Register
        The stations.
    travel : TravelTimes
        Times of the mode.
    request : CoverageRequest
        What is asked.
    selection : Selection
        The stations that satisfy the conditions.
    region : int or None
        Row of the only region that counts; None: all.
    clipped : bool
        There are regions, so what lies outside all of them is outside the data.
    barriers : Barriers or None
        Tells who is cut off; None: nobody is asked about, and nothing planned is looked at.
    """

    register: Register
    travel: TravelTimes
    request: CoverageRequest
    selection: Selection
    region: int | None = None
    clipped: bool = False
    barriers: Barriers | None = None

    _searches: dict[tuple[float, int] | None, Arrival] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def search(
        self, selection: Selection, scale: float = 1.0, limit_ms: int | None = None
    ) -> Arrival:
        """Return the search for the station that decides; all layers share those of ``selection``.

        Parameters
        ----------
        selection : Selection
            Stations and windows.
        scale : float
            Speed as a multiple of the mode's.
        limit_ms : int, optional
            Longest time; that of the request by default.

        Returns
        -------
        Arrival
            To be called with places.
        """
        limit_ms = self.request.limit_ms if limit_ms is None else limit_ms
        asked = (scale, limit_ms) if selection is self.selection else None
        if asked in self._searches:
            return self._searches[asked]
        at_least = self.request.at_least
        made = arrival(self.travel, selection, limit_ms, at_least=at_least, scale=scale)
        if asked is not None:
            self._searches[asked] = made
        return made

    @cached_property
    def reasons(self) -> Reasons:
        """Tells why places are not covered, of whatever layer."""
        return Reasons(
            self.register,
            self.travel,
            self.request.conditions,
            self.request.limit_ms,
            at_least=self.request.at_least,
            barriers=self.barriers,
        )


class Outcome:
    """What became of the places of one layer. Everything is worked out when asked for.

    Parameters
    ----------
    layer : Layer
        The places.
    question : Question
        What they are judged by.
    """

    def __init__(self, layer: Layer, question: Question) -> None:
        self.layer = layer
        self._question = question

    def places(self, rows: Int64Array) -> Exits:
        """Return the exits of some places.

        Parameters
        ----------
        rows : array of int64
            Which.

        Returns
        -------
        Exits
            In the order of ``rows``.
        """
        return self.layer.exits(rows)

    def _times(
        self, selection: Selection, scale: float = 1.0, limit_ms: int | None = None
    ) -> Int32Array:
        """Return times to the station that decides, at a multiple of the mode's speed."""
        search, positions = self._question.search(selection, scale, limit_ms), self.layer.positions
        return search.at(self._question.travel, positions, np.arange(len(positions)))

    @property
    def _one_search(self) -> bool:
        """True when the times of one search tell all of the band: no window has to be asked."""
        return self._question.selection.changing.size == 0 and self._question.request.at_least == 1

    @cached_property
    def _band_ms(self) -> Int32Array:
        """Times to the station that decides, if need be as far as the fast end of the band (p,)."""
        request = self._question.request
        fastest = max(request.fast, 1.0) if self._one_search else 1.0
        return self._times(self._question.selection, limit_ms=_reach(request.limit_ms, fastest))

    @property
    def median_detour(self) -> float | None:
        """Median detour by which barriers are told; None where nobody is asked about them."""
        barriers = self._question.barriers
        return None if barriers is None else barriers.median_detour

    @property
    def one_region(self) -> bool:
        """True when only one region was asked for."""
        return self._question.region is not None

    @cached_property
    def _here(self) -> BoolArray:
        """True for the places of the region asked for (p,)."""
        region = self._question.region
        if region is None:
            return np.ones(self.layer.region.size, np.bool_)
        here: BoolArray = self.layer.region == region
        return here

    @cached_property
    def _outside(self) -> BoolArray:
        """True for the places of which nothing is known (p,)."""
        mark: BoolArray = self.layer.state == NO_DATA
        return mark | (self.layer.region < 0) if self._question.clipped else mark

    @cached_property
    def in_total(self) -> BoolArray:
        """True for the places that count: all but those without data (p,)."""
        return self._here & ~self._outside

    @cached_property
    def no_data(self) -> BoolArray:
        """True for places that lie outside the data (p,)."""
        return self._here & self._outside

    @property
    def ms(self) -> Int32Array:
        """Time to the station that decides (p,), ``CLOSED_MS`` beyond the limit."""
        near = self._band_ms <= self._question.request.limit_ms
        return np.where(near, self._band_ms, np.int32(CLOSED_MS))

    @cached_property
    def covered(self) -> BoolArray:
        """True where a place is within the limit (p,)."""
        return self.in_total & (self._band_ms <= self._question.request.limit_ms)

    @cached_property
    def slow(self) -> BoolArray:
        """True where a place is covered at the slow end of the band (p,)."""
        return self._at_speed(self._question.request.slow)

    @cached_property
    def fast(self) -> BoolArray:
        """True where a place is covered at the fast end of the band (p,)."""
        return self._at_speed(self._question.request.fast)

    def _at_speed(self, scale: float) -> BoolArray:
        """Return what is covered at a multiple of the mode's speed."""
        selection, limit_ms = self._question.selection, self._question.request.limit_ms
        if self._one_search or (scale <= 1.0 and selection.changing.size == 0):
            return self.in_total & (self._band_ms <= _reach(limit_ms, scale))
        return self.in_total & (self._times(selection, scale) < CLOSED_MS)

    @cached_property
    def covered_if_unknown_open(self) -> BoolArray:
        """True where a place is covered if stations with unknown hours are open (p,)."""
        asked = self._question
        lifted = asked.register.select(
            asked.request.conditions, asked.request.limit_ms, ("hours_unknown",)
        )
        if same_stations(lifted, asked.selection):
            return self.covered
        return self.in_total & (self._times(lifted) < CLOSED_MS)

    @cached_property
    def cause(self) -> npt.NDArray[np.int8]:
        """Row of ``CAUSES`` for each place that is not covered, -1 else (p,)."""
        cause = np.full(self.covered.size, -1, np.int8)
        left = ~self.covered & self.in_total
        cause[left] = CAUSES.index("off_network")
        rows = np.flatnonzero(left & (self.layer.state == ON_NETWORK))
        if rows.size:
            cause[rows] = self._question.reasons(self.layer.positions, rows)
        return cause

    @cached_property
    def fate(self) -> npt.NDArray[np.int8]:
        """What became of each place (p,): 0 does not count, 1 covered, from 2 on ``CAUSES``."""
        fate: npt.NDArray[np.int8] = self.cause + np.int8(2)
        return np.where(self.cause < 0, self.covered, fate).astype(np.int8, copy=False)

    @cached_property
    def also(self) -> npt.NDArray[np.uint8]:
        """What had to be lifted together with the cause (p,): bit i stands for ``CAUSES[i]``.

        An earlier lift is among them if the place would not be covered without it.
        """
        also = np.zeros(self.cause.size, np.uint8)
        rows = np.flatnonzero((self.cause > 0) & (self.cause < CAUSES.index("off_network")))
        if rows.size:
            places = part_of(self.layer.positions, rows)
            also[rows] = self._question.reasons.also(places, self.cause[rows])
        return also

    def cut_off(self, rows: Int64Array) -> CutOff:
        """Return the station behind the barrier for some places that no lift helps.

        Parameters
        ----------
        rows : array of int64
            Which.

        Returns
        -------
        CutOff
            In the order of ``rows``.
        """
        return self._question.reasons.cut_off(self.layer.positions, rows)


def _reach(limit_ms: int, scale: float) -> int:
    """Return the time at the mode's speed that takes the limit at a multiple of it."""
    return int(np.floor(limit_ms * scale + _EPSILON))


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
    def by_cause(self) -> FloatArray:
        """What is not covered, by row of ``CAUSES``."""
        everywhere = np.zeros(self.outcome.covered.size, np.int8)
        return _tally(self.place, everywhere, self.outcome.fate, self.weight, 1)[0, 1:]

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
    each = np.ones(cells.in_total.size) if cells_each is None else cells_each
    area = Counts(cells, None, each)
    counts = people_counts(people, outcomes["people"]) if people is not None else {}
    base = counts.get("homes", street)
    return {
        "homes": _person_figures(counts.get("homes")),
        "workers": _person_figures(counts.get("workers")),
        "street_km": _parts(street.total, street.covered),
        "area_km2": _parts(area.total * _CELL_KM2, area.covered * _CELL_KM2),
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
