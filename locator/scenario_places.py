"""What became of places as one small number each, and sums by that number that follow changes.

A *code* holds all that a summary asks of a place: whether it counts, is covered, at which ends of
the band, and the cause. A summary is then a matter of sums by code, region and group; where places
change their code, only theirs are taken out and put in again. Weights are `locator.arrays.binary`,
so that this gives the very sums that adding up everything would.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.model import ON_NETWORK, BoolArray, FloatArray, Int32Array, Int64Array, Positions
from locator import _repair_kernels
from locator.arrays import sums
from locator.coverage import Layer, Outcome, People, Question

Codes = npt.NDArray[np.int16]

_MARKS = ("in_total", "no_data", "covered", "slow", "fast", "covered_if_unknown_open")
_CAUSE_SHIFT = len(_MARKS)

#: Codes are smaller than this.
MOST_CODES = 2 ** (_CAUSE_SHIFT + 4)


def codes_of(outcome: Outcome) -> Codes:
    """Return what became of the places of an outcome.

    Parameters
    ----------
    outcome : Outcome
        Of any layer.

    Returns
    -------
    array (p,) of int16
        Codes.
    """
    codes = (outcome.cause.astype(np.int16) + 1) << _CAUSE_SHIFT
    for bit, name in enumerate(_MARKS):
        codes |= getattr(outcome, name).astype(np.int16) << bit
    return codes


def marks_of(codes: Codes) -> dict[str, npt.NDArray[np.generic]]:
    """Return what codes stand for, by the names of `Outcome`.

    Parameters
    ----------
    codes : array (p,) of int16
        Codes.

    Returns
    -------
    dict of str to array (p,)
        ``in_total``, ``no_data``, ``covered``, ``slow``, ``fast``, ``covered_if_unknown_open`` and
        ``cause``.
    """
    marks: dict[str, npt.NDArray[np.generic]] = {
        name: (codes >> bit & 1).astype(np.bool_) for bit, name in enumerate(_MARKS)
    }
    marks["cause"] = cause_of(codes)
    return marks


def is_covered(codes: Codes) -> BoolArray:
    """Return whether places are covered.

    Parameters
    ----------
    codes : array (p,) of int16
        Codes.

    Returns
    -------
    array (p,) of bool
        True where a place is within the limit.
    """
    covered: BoolArray = (codes >> _MARKS.index("covered") & 1).astype(np.bool_)
    return covered


def cause_of(codes: Codes) -> npt.NDArray[np.int8]:
    """Return why places are not covered.

    Parameters
    ----------
    codes : array (p,) of int16
        Codes.

    Returns
    -------
    array (p,) of int8
        Rows of ``CAUSES``, -1 where there is none.
    """
    return ((codes >> _CAUSE_SHIFT) - 1).astype(np.int8)


def known_outcome(
    layer: Layer, question: Question, marks: dict[str, npt.NDArray[np.generic]]
) -> Outcome:
    """Return an outcome of which some properties are known already.

    Parameters
    ----------
    layer : Layer
        The places.
    question : Question
        What they are judged by.
    marks : dict of str to array
        Cached properties of `Outcome` by name.

    Returns
    -------
    Outcome
        Works out the others when asked for.
    """
    made = Outcome(layer, question)
    vars(made).update(marks)
    return made


class PlaceIndex:
    """The places of a layer by the edge they lie on.

    Parameters
    ----------
    layer : Layer
        The places.
    """

    def __init__(self, layer: Layer) -> None:
        network, positions = layer.travel.network, layer.positions
        on = positions.state == ON_NETWORK
        edge = np.where(on, network.segment_edge[np.where(on, positions.segment, 0)], -1)
        self._indptr, self._entry = _repair_kernels.by_row(edge, network.edge_u.size)

    def on(self, edges: Int32Array) -> Int64Array:
        """Return the places on some edges.

        Parameters
        ----------
        edges : array of int32
            Edges, each once.

        Returns
        -------
        array of int64
            Rows of the layer, edge by edge.
        """
        rows: Int64Array = _repair_kernels.entries_of(self._indptr, self._entry, edges)
        return rows


@dataclass(frozen=True)
class Measure:
    """Quantities at the places of a layer, each row of one part (region and group).

    Attributes
    ----------
    place : array (r,) of int32 or None
        Place of each row; None where row i is place i.
    by_place : tuple of array or None
        CSR of the rows of each place; None where row i is place i.
    part : array (r,) of int32
        Part of each row.
    parts : int
        How many there are.
    weights : tuple of array (r,) of float64
        The quantities.
    """

    place: Int32Array | None
    by_place: tuple[Int32Array, Int32Array] | None
    part: Int32Array
    parts: int
    weights: tuple[FloatArray, ...]

    def sums(self, codes: Codes) -> "Sums":
        """Return the sums by code and part.

        Parameters
        ----------
        codes : array (p,) of int16
            Of all places of the layer.

        Returns
        -------
        Sums
            For the codes that occur.
        """
        each = codes if self.place is None else codes[self.place]
        used = np.flatnonzero(np.bincount(each, minlength=MOST_CODES))
        return Sums(used, self._tables(each, self.part, self.weights, used))

    def rows_at(
        self, places: Int64Array, value: npt.NDArray[Any]
    ) -> tuple[Int64Array, npt.NDArray[Any]]:
        """Return the rows of some places, each with the value of its place.

        Parameters
        ----------
        places : array (t,) of int64
            Places, each once.
        value : array (t,) or (t, m)
            Of each place.

        Returns
        -------
        tuple of array
            Rows, and their values.
        """
        if self.by_place is None:
            return places, value
        indptr, entry = self.by_place
        rows: Int64Array = _repair_kernels.entries_of(indptr, entry, places)
        return rows, np.repeat(value, indptr[places + 1] - indptr[places], axis=0)

    def _tables(
        self, codes: Codes, part: Int32Array, weights: Sequence[FloatArray], used: Int64Array
    ) -> tuple[FloatArray, ...]:
        """Return sums of rows by used code and part, one table (codes, parts) a quantity."""
        number = np.zeros(MOST_CODES, np.int64)
        number[used] = np.arange(used.size)
        bins = number[codes] * self.parts + part
        shape = (used.size, self.parts)
        return tuple(
            sums(bins, weight, used.size * self.parts).reshape(shape) for weight in weights
        )

    def moved(self, before: "Sums", places: Int64Array, old: Codes, new: Codes) -> "Sums":
        """Return the sums after some places have changed their code.

        Parameters
        ----------
        before : Sums
            Sums before.
        places : array (t,) of int64
            Places that have, each once.
        old, new : array (t,) of int16
            Their codes before and after.

        Returns
        -------
        Sums
            Exactly what adding up everything would give.
        """
        codes = np.column_stack((old, new))
        rows, codes = self.rows_at(places, codes)
        old, new = codes[:, 0], codes[:, 1]
        used = np.union1d(before.code, new).astype(np.int64)
        part, weights = self.part[rows], [weight[rows] for weight in self.weights]
        gone, come = (self._tables(codes, part, weights, used) for codes in (old, new))
        stay = np.searchsorted(used, before.code)
        tables = []
        for table, less, more in zip(before.tables, gone, come, strict=True):
            now = more - less
            now[stay] += table
            tables.append(now)
        return Sums(used, tuple(tables))


@dataclass(frozen=True)
class Sums:
    """Quantities by code and part.

    Attributes
    ----------
    code : array (k,) of int64
        Codes that occur, ascending.
    tables : tuple of array (k, parts) of float64
        One a quantity.
    """

    code: Int64Array
    tables: tuple[FloatArray, ...]

    @property
    def bins(self) -> tuple[Codes, Int64Array, list[FloatArray]]:
        """Return code, part and quantities of what is not empty: arrays of one length."""
        filled = np.zeros(self.tables[0].shape, np.bool_)
        for table in self.tables:
            filled |= table != 0
        row, part = np.nonzero(filled)
        return self.code[row].astype(np.int16), part, [table[filled] for table in self.tables]


def by_region(layer: Layer, regions: int) -> Int32Array:
    """Return the region of each place, ``regions`` for none.

    Parameters
    ----------
    layer : Layer
        The places.
    regions : int
        How many there are.

    Returns
    -------
    array (p,) of int32
        Rows of the region table, or ``regions``.
    """
    return np.where(layer.region < 0, regions, layer.region).astype(np.int32)


def measure_places(layer: Layer, regions: int, weights: Sequence[FloatArray]) -> Measure:
    """Return quantities of which every place of a layer has its own.

    Parameters
    ----------
    layer : Layer
        The places.
    regions : int
        How many regions there are.
    weights : sequence of array (p,) of float64
        The quantities.

    Returns
    -------
    Measure
        By region.
    """
    return Measure(None, None, by_region(layer, regions), regions + 1, tuple(weights))


def measure_people(people: People, layer: Layer, regions: int) -> Measure:
    """Return homes and workers by region and group.

    Parameters
    ----------
    people : People
        Who is where; those without a place are left out.
    layer : Layer
        The places.
    regions : int
        How many regions there are.

    Returns
    -------
    Measure
        Part ``region * groups + group``; homes, then workers.
    """
    placed = np.flatnonzero(people.place >= 0)
    place = people.place[placed]
    groups = max(len(people.groups), 1)
    part = by_region(layer, regions)[place] * groups + people.group[placed]
    weights = (people.homes[placed], people.workers[placed])
    parts = (regions + 1) * groups
    size = len(layer.positions)
    if place.size == size and np.array_equal(place, np.arange(size)):
        return Measure(None, None, part.astype(np.int32), parts, weights)
    rows = _repair_kernels.by_row(place, size)
    return Measure(place, rows, part.astype(np.int32), parts, weights)


def _no_positions(size: int) -> Positions:
    """Return positions that stand for many places at once, and are nowhere."""
    return Positions(
        segment=np.full(size, -1, np.int32),
        fraction=np.zeros(size),
        access_m=np.zeros(size, np.float32),
        access_ms=np.zeros(size, np.int32),
        state=np.zeros(size, np.uint8),
    )


def outcome_of_bins(
    question: Question, codes: Codes, region: npt.NDArray[np.integer], regions: int
) -> Outcome:
    """Return an outcome whose places are bins of sums.

    Parameters
    ----------
    question : Question
        What the places were judged by.
    codes : array (b,) of int16
        Their codes.
    region : array (b,) of int
        Their regions, ``regions`` for none.
    regions : int
        How many there are.

    Returns
    -------
    Outcome
        For `locator.coverage_figures.summarize`.
    """
    where = np.where(region == regions, -1, region).astype(np.int32)
    layer = Layer(question.travel, _no_positions(codes.size), where)
    return known_outcome(layer, question, marks_of(codes))


def people_of_bins(people: People, part: Int64Array, weights: Sequence[FloatArray]) -> People:
    """Return people as bins of sums, with those who have no place.

    Parameters
    ----------
    people : People
        Everybody.
    part : array (b,) of int64
        ``region * groups + group`` of each bin.
    weights : sequence of array (b,) of float64
        Homes and workers.

    Returns
    -------
    People
        The place of each is its bin.
    """
    lost = people.place < 0
    groups = max(len(people.groups), 1)
    return People(
        place=np.concatenate((np.arange(part.size), people.place[lost])).astype(np.int32),
        group=np.concatenate((part % groups, people.group[lost])).astype(np.int32),
        homes=np.concatenate((weights[0], people.homes[lost])),
        workers=np.concatenate((weights[1], people.workers[lost])),
        groups=people.groups,
        exact=people.exact,
    )
