"""Costs of a p-median sorted by point, and what can be read off them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geodata.errors import Fault, ValidationError
from locator import _siting_median_kernels as kernels
from locator._siting_kernels import transposed
from locator.siting_model import BoolArray, Float64Array, Int32Array, Int64Array


@dataclass(frozen=True, eq=False)
class Table:
    """The options of each point in ascending order of cost.

    Attributes
    ----------
    back : array of int64, shape (points + 1,)
        Where the options of each point begin.
    option : array of int32, shape (entries,)
        Options.
    cost : array of float64, shape (entries,)
        Cost of the point there, times its weight, below its penalty.
    penalty : array of float64, shape (points,)
        Cost of each point that no chosen option serves, times its weight.
    options : int
        Number of options.
    """

    back: Int64Array
    option: Int32Array
    cost: Float64Array
    penalty: Float64Array
    options: int

    @property
    def by_option(self) -> tuple[Int64Array, Int32Array]:
        """Where the points of each option begin, and the points."""
        start, point = transposed(self.back, self.option, self.options)
        return start, point

    @property
    def whole(self) -> bool:
        """Whether all costs are whole numbers."""
        return bool(
            (self.cost == np.rint(self.cost)).all()
            and (self.penalty == np.rint(self.penalty)).all()
        )

    def total(self, chosen: npt.ArrayLike) -> float:
        """Return the cost of all points with these options.

        Parameters
        ----------
        chosen : array_like of int
            Options.

        Returns
        -------
        float
            Sum over points of the cost at the nearest chosen option, or the penalty.
        """
        return math.fsum(self.costs(chosen))

    def costs(self, chosen: npt.ArrayLike) -> Float64Array:
        """Return the cost of each point with these options.

        Parameters
        ----------
        chosen : array_like of int
            Options.

        Returns
        -------
        array of float64, shape (points,)
            At the nearest chosen option, or the penalty.
        """
        mark = np.zeros(self.options, np.bool_)
        mark[np.asarray(chosen, np.int64)] = True
        at = first_chosen(self, mark)
        return np.where(at < self.back[1:], np.append(self.cost, 0.0)[at], self.penalty)


def table_of(
    cost: npt.ArrayLike | sparse.sparray,
    weight: npt.ArrayLike,
    penalty: npt.ArrayLike | None = None,
) -> Table:
    """Return costs sorted by point.

    Parameters
    ----------
    cost : array_like or sparse array, shape (options, points)
        Cost of a point at an option; what a sparse array does not hold, or inf, is out of reach.
    weight : array_like of float, shape (points,)
        People at each point.
    penalty : array_like of float, optional
        Cost of a point that no chosen option serves, one or one a point; None: the greatest at any
        option, which is then never paid.

    Returns
    -------
    Table
        Sorted lists.

    Raises
    ------
    ValidationError
        If something is out of reach and there is no penalty, or numbers are negative.
    """
    options, points, option, point, value = _entries(cost)
    people = np.asarray(weight, np.float64)
    faults = _faults(value, people, points)
    if penalty is None and (value.size < options * points or not np.isfinite(value).all()):
        faults.append(Fault("penalty", "points out of reach need a penalty", "give one"))
    if faults:
        raise ValidationError.of(faults)
    if penalty is None:
        most = np.zeros(points)
        np.maximum.at(most, point, value)
    else:
        most = np.broadcast_to(np.asarray(penalty, np.float64), (points,)).copy()
    return _sorted_table(option, point, value, people, most, options)


def _entries(
    cost: npt.ArrayLike | sparse.sparray,
) -> tuple[int, int, Int64Array, Int64Array, Float64Array]:
    """Return options, points and the entries of dense or sparse costs."""
    if isinstance(cost, (sparse.sparray, sparse.spmatrix)):
        grid = sparse.coo_array(cost)  # type: ignore[call-overload] # the stubs know no union
        options, points = grid.shape
        option, point, value = grid.row, grid.col, grid.data
    else:
        dense = np.asarray(cost, np.float64)
        options, points = dense.shape
        option, point = (place.ravel() for place in np.indices(dense.shape))
        value = dense.ravel()
    return (
        options,
        points,
        option.astype(np.int64),
        point.astype(np.int64),
        value.astype(np.float64),
    )


def _faults(value: Float64Array, weight: Float64Array, points: int) -> list[Fault]:
    """Return what is wrong with costs and weights."""
    faults = []
    if weight.shape != (points,):
        faults.append(Fault("weight", f"expected {points} values, got shape {weight.shape}"))
    if (value < 0).any() or np.isnan(value).any():
        faults.append(Fault("cost", "expected costs, none negative"))
    if (weight < 0).any() or not np.isfinite(weight).all():
        faults.append(Fault("weight", "expected numbers of people, none negative"))
    return faults


def _sorted_table(
    option: npt.NDArray[np.integer],
    point: npt.NDArray[np.integer],
    value: Float64Array,
    weight: Float64Array,
    penalty: Float64Array,
    options: int,
) -> Table:
    """Sort entries that are below the penalty, by point and cost."""
    useful = (value < penalty[point]) & (weight[point] > 0)
    option, point, value = option[useful], point[useful], value[useful]
    order = np.lexsort((option, value, point))
    back = np.concatenate([[0], np.cumsum(np.bincount(point, minlength=weight.size))])
    return Table(
        back.astype(np.int64),
        option[order].astype(np.int32),
        (value * weight[point])[order],
        penalty * weight,
        options,
    )


def saving_order(table: Table, chosen: Int64Array) -> tuple[Int64Array, Float64Array]:
    """Return options in the order of what each saves after those before it.

    Parameters
    ----------
    table : Table
        Costs.
    chosen : array of int64
        Options.

    Returns
    -------
    order : array of int64
        The same options.
    gains : array of float64
        What each saves.
    """
    allowed = np.zeros(table.options, bool)
    allowed[chosen] = True
    at = table.back[1:].copy()
    gain = kernels.median_gains(
        table.back, table.option, table.cost, table.penalty, at, table.options
    )
    order, gains = kernels.median_fill(
        chosen.size,
        0.0,
        np.ones(table.options, np.int64),
        np.full(table.options, -1, np.int32),
        np.zeros(0, bool),
        np.zeros(table.options, bool),
        allowed,
        *table.by_option,
        table.back,
        table.option,
        table.cost,
        table.penalty,
        at,
        gain,
    )
    rest = np.setdiff1d(chosen, order)
    return np.concatenate([order, rest]), np.concatenate([gains, np.zeros(rest.size)])


def first_chosen(table: Table, chosen: BoolArray) -> Int64Array:
    """Return where in its list each point finds its nearest chosen option, else the list's end.

    Parameters
    ----------
    table : Table
        Sorted lists.
    chosen : array of bool, shape (options,)
        Chosen options.

    Returns
    -------
    array of int64, shape (points,)
        Positions in the table.
    """
    at: Int64Array = kernels.median_first(chosen, table.back, table.option)
    return at


def first_chosen_of(table: Table, marked: BoolArray) -> Int64Array:
    """Return the first marked entry of each point's list, else the list's end.

    Parameters
    ----------
    table : Table
        Sorted lists.
    marked : array of bool, shape (entries,)
        Marks.

    Returns
    -------
    array of int64, shape (points,)
        Positions in the table.
    """
    at = table.back[1:].copy()
    where = np.flatnonzero(marked)
    row = np.searchsorted(table.back, where, "right") - 1
    np.minimum.at(at, row, where)
    return at
