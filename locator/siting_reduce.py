"""Smaller models with the same best choices, and the programmes made of them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from locator.siting_exact import Block
from locator.siting_model import BoolArray, CoverModel, Float64Array, Int64Array

#: Pairs of options at one point beyond which dominated options are not looked for.
_MOST_PAIRS = 30_000_000


@dataclass(frozen=True, eq=False)
class Reduced:
    """A model without options and points that cannot matter.

    Attributes
    ----------
    model : CoverModel
        What is left, at the prices asked.
    option : array of int64
        Positions of its options in the whole model.
    fixed : array of int64
        Options of the whole model that are chosen in any case.
    covered : float
        People covered by the fixed options.
    label : array of int64, shape (points,)
        Label of each point left.
    """

    model: CoverModel
    option: Int64Array
    fixed: Int64Array
    covered: float
    label: Int64Array

    def whole_choice(self, chosen: Int64Array) -> Int64Array:
        """Return options of the whole model.

        Parameters
        ----------
        chosen : array of int64
            Options of the reduced one.

        Returns
        -------
        array of int64
            Those and the fixed ones, ascending.
        """
        return np.sort(np.concatenate([self.fixed, self.option[chosen]]))

    @cached_property
    def incidence(self) -> sparse.csr_array:
        """Points by options, 1.0 where an option reaches a point."""
        return incidence(self.model)

    @property
    def bundle_rows(self) -> sparse.csr_array:
        """One row a bundle of several options: at most one of them."""
        return bundle_rows(self.model)


def incidence(model: CoverModel) -> sparse.csr_array:
    """Return points by options, 1.0 where an option reaches a point.

    Parameters
    ----------
    model : CoverModel
        Options and points.

    Returns
    -------
    sparse array, shape (points, options)
        The relation.
    """
    back, option = model.by_point
    data = np.ones(option.size)
    return sparse.csr_array((data, option, back), shape=(model.points, model.options))


def bundle_rows(model: CoverModel) -> sparse.csr_array:
    """Return one row a bundle of several options, 1.0 at each of them.

    Parameters
    ----------
    model : CoverModel
        Options with bundles.

    Returns
    -------
    sparse array, shape (bundles, options)
        Rows of which at most one option may be chosen.
    """
    member = np.flatnonzero(model.bundles >= 0)
    _, row, size = np.unique(model.bundles[member], return_inverse=True, return_counts=True)
    several = size[row] > 1
    _, row = np.unique(row[several], return_inverse=True)
    shape = (int(row.max(initial=-1)) + 1, model.options)
    return sparse.csr_array((np.ones(row.size), (row, member[several])), shape=shape)


def reduced(
    model: CoverModel,
    out: BoolArray,
    always: BoolArray,
    price: Int64Array,
    *,
    label: npt.NDArray[np.integer] | None = None,
    exchange: bool = True,
) -> Reduced:
    """Return what is left of a model when some options are out and some chosen in any case.

    Points that no option left reaches go, and points reached by the same options (and with the
    same label) become one. Options that reach a part of what another reaches for no less go too,
    where bundles allow the exchange.

    Parameters
    ----------
    model : CoverModel
        The whole.
    out, always : array of bool, shape (options,)
        Options that no choice needs, and that every choice takes.
    price : array of int64, shape (options,)
        What options cost where it is asked.
    label : array of int, shape (points,), optional
        Points of different labels stay apart.
    exchange : bool, optional
        Whether an option can stand for another with less reach.

    Returns
    -------
    Reduced
        What is left.
    """
    fixed = np.flatnonzero(always).astype(np.int64)
    excluded = np.isin(model.bundles, model.bundles[fixed]) & (model.bundles >= 0)
    served = model.counts(fixed) > 0
    open_points = np.flatnonzero(~served & (model.weight > 0))
    option = np.flatnonzero(~(out | always | excluded)).astype(np.int64)
    relation = incidence(model)[open_points][:, option].tocsr()
    labels = np.zeros(model.points, np.int64) if label is None else label.astype(np.int64)
    relation, weight, kept = _merged(relation, model.weight[open_points], labels[open_points])
    worth_it = np.diff(relation.tocsc().indptr) > 0
    if exchange:
        worth_it &= ~_dominated(relation, price[option], model.bundles[option])
    columns = sparse.csc_array(relation[:, worth_it])
    columns.sort_indices()
    option = option[worth_it]
    left = CoverModel(
        columns.indptr.astype(np.int64),
        columns.indices.astype(np.int32),
        weight,
        price[option],
        model.bundles[option],
    )
    return Reduced(left, option, fixed, float(model.weight[served].sum()), kept)


def _merged(
    relation: sparse.csr_array, weight: Float64Array, label: Int64Array
) -> tuple[sparse.csr_array, Float64Array, Int64Array]:
    """Make one of points with the same options; told apart by sums of random numbers."""
    reached = np.diff(relation.indptr) > 0
    relation, weight, label = relation[reached], weight[reached], label[reached]
    draw = np.random.default_rng(20_261_122)
    sign = draw.integers(0, 2**63, (relation.shape[1], 2), dtype=np.uint64)
    row = np.repeat(np.arange(relation.shape[0]), np.diff(relation.indptr))
    mark = np.zeros((relation.shape[0], 3), np.uint64)
    for column in range(2):
        np.add.at(mark[:, column], row, sign[relation.indices, column])
    mark[:, 2] = label.astype(np.uint64)
    _, first, same = np.unique(mark, axis=0, return_index=True, return_inverse=True)
    merged = np.bincount(same.ravel(), weight, first.size).astype(np.float64)
    return relation[first].tocsr(), merged, label[first]


def _dominated(
    relation: sparse.csr_array, cost: Int64Array, bundle: npt.NDArray[np.int32]
) -> BoolArray:
    """Tell which options another one replaces: no less reach, no higher price, always allowed."""
    out = np.zeros(relation.shape[1], bool)
    if int((np.diff(relation.indptr).astype(np.int64) ** 2).sum()) > _MOST_PAIRS:
        return out
    common = sparse.coo_array(relation.T @ relation)
    size = np.diff(relation.tocsc().indptr)
    small, large = common.coords
    within = (common.data >= size[small] - 0.5) & (small != large)
    within &= cost[large] <= cost[small]
    within &= (bundle[large] < 0) | (bundle[large] == bundle[small])
    small, large = small[within], large[within]
    # of two that replace each other, the later one goes
    mutual = np.isin(large * np.int64(out.size) + small, small * np.int64(out.size) + large)
    out[small[~mutual | (small > large)]] = True
    return out


def cover_rows(left: Reduced) -> sparse.csr_array:
    """Return rows ``options that reach a point - its share covered``, which are at least 0.

    Parameters
    ----------
    left : Reduced
        Model.

    Returns
    -------
    sparse array, shape (points, options + points)
        Rows.
    """
    points = left.model.points
    return sparse.csr_array(sparse.hstack([left.incidence, -sparse.eye_array(points)]))


def limit_rows(model: CoverModel, columns: int, price: Int64Array, limit: int) -> list[Block]:
    """Return the rows that keep what may be spent, and one option a bundle.

    Parameters
    ----------
    model : CoverModel
        Options, the first columns of a programme.
    columns : int
        All columns of it.
    price : array of int64, shape (options,)
        Prices.
    limit : int
        The most that may be spent.

    Returns
    -------
    list of (sparse array, array_like, array_like)
        Rows and their limits.
    """
    spend = sparse.csr_array(price.astype(float)[None, :])
    return [
        (widened(spend, columns), -math.inf, float(limit)),
        (widened(bundle_rows(model), columns), -math.inf, 1.0),
    ]


def widened(rows: sparse.csr_array, columns: int) -> sparse.csr_array:
    """Return rows with empty columns after theirs.

    Parameters
    ----------
    rows : sparse array
        Rows.
    columns : int
        Columns wanted.

    Returns
    -------
    sparse array, shape (rows, columns)
        The same rows.
    """
    shape = (rows.shape[0], columns)
    return sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=shape)


def start_of(left: Reduced, chosen: Int64Array) -> Float64Array | None:
    """Return a known choice as values of options and points left; None if it is left out.

    Parameters
    ----------
    left : Reduced
        What is left of a model.
    chosen : array of int64
        Options of the whole model.

    Returns
    -------
    array of float64, shape (options + points,), or None
        Values to begin with.
    """
    if not np.isin(chosen, left.whole_choice(np.arange(left.option.size))).all():
        return None
    inside = np.isin(left.option, chosen)
    served = left.model.counts(np.flatnonzero(inside)) > 0
    return np.concatenate([inside, served]).astype(np.float64)
