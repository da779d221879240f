"""What is asked of a siting solver and what it answers: options that cover points, and a solution.

An *option* is something one can pay for (a station at a site, longer hours of one, a facility); a
*point* is where people are. Money is counted in whole fen, so that a budget is kept to the fen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geodata.errors import Fault, InputError, ValidationError
from locator._siting_kernels import transposed

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

#: Bounds are widened by this share before use, which is far above what rounding can lose.
ROUNDING = 1e-9

#: Weights whose total stays below this are summed exactly where they are whole numbers.
_EXACT_TOTAL = 2.0**52


class InfeasibleError(InputError):
    """No choice of options can do what is asked."""

    code = "no_such_plan"


@dataclass(frozen=True, eq=False)
class CoverModel:
    """Options and the points within reach of each.

    Attributes
    ----------
    indptr : array of int64, shape (options + 1,)
        Where the points of each option begin in ``point``.
    point : array of int32, shape (entries,)
        Points within reach, each once an option.
    weight : array of float64, shape (points,)
        People (or what else counts) at each point, none negative.
    cost : array of int64, shape (options,)
        Price of each option, in fen, none negative.
    bundle : array of int32, shape (options,), or None
        Options of one bundle exclude each other; -1: of no bundle. None: no bundles.
    base : array of int32, shape (points,), or None
        Stations that reach each point already (only backup cover asks). None: none.
    """

    indptr: Int64Array
    point: Int32Array
    weight: Float64Array
    cost: Int64Array
    bundle: Int32Array | None = None
    base: Int32Array | None = None

    def __post_init__(self) -> None:
        """Bring the arrays to their types and refuse what does not fit together.

        Raises
        ------
        ValidationError
            If sizes differ, a point is unknown or twice in an option, or a number is negative.
        """
        for name, kind in _TYPES.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.ascontiguousarray(value, kind))
        faults = _shape_faults(self) or _value_faults(self)
        if faults:
            raise ValidationError.of(faults)

    @classmethod
    def of_lists(
        cls,
        reach: Sequence[Sequence[int]],
        weight: npt.ArrayLike,
        cost: npt.ArrayLike | None = None,
        *,
        bundle: npt.ArrayLike | None = None,
        base: npt.ArrayLike | None = None,
    ) -> "CoverModel":
        """Return the model of lists of points, one an option.

        Parameters
        ----------
        reach : sequence of sequences of int
            Points within reach of each option.
        weight : array_like of float, shape (points,)
            People at each point.
        cost : array_like of int, shape (options,), optional
            Prices in fen; one fen each if left out.
        bundle : array_like of int, shape (options,), optional
            Options that exclude each other.
        base : array_like of int, shape (points,), optional
            Stations that reach each point already.

        Returns
        -------
        CoverModel
            The same as arrays.

        Examples
        --------
        >>> CoverModel.of_lists([[0, 1], [1, 2]], [3, 4, 5]).option_weights.tolist()
        [7.0, 9.0]
        """
        size = [len(points) for points in reach]
        return cls(
            np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            np.array([at for points in reach for at in points], np.int32),
            np.asarray(weight, np.float64),
            np.ones(len(size), np.int64) if cost is None else np.asarray(cost, np.int64),
            None if bundle is None else np.asarray(bundle, np.int32),
            None if base is None else np.asarray(base, np.int32),
        )

    @property
    def options(self) -> int:
        """Number of options."""
        return self.indptr.size - 1

    @property
    def points(self) -> int:
        """Number of points."""
        return self.weight.size

    @cached_property
    def by_point(self) -> tuple[Int64Array, Int32Array]:
        """The same relation by point: where its options begin, and the options, ascending."""
        start, option = transposed(self.indptr, self.point, self.points)
        return start, option

    @cached_property
    def bundles(self) -> Int32Array:
        """Bundle of each option, -1 where it has none, shape (options,)."""
        none = np.full(self.options, -1, np.int32)
        return none if self.bundle is None else self.bundle

    @cached_property
    def whole(self) -> bool:
        """Whether weights are whole numbers, so that sums are exact and bounds round down."""
        return bool(
            (self.weight == np.rint(self.weight)).all() and self.weight.sum() < _EXACT_TOTAL
        )

    @property
    def option_weights(self) -> Float64Array:
        """People within reach of each option alone, shape (options,)."""
        return row_sums(self.indptr, self.weight[self.point])

    def points_of(self, option: int) -> Int32Array:
        """Return the points within reach of an option.

        Parameters
        ----------
        option : int
            Position of the option.

        Returns
        -------
        array of int32
            Points, in the order of the model.
        """
        return self.point[self.indptr[option] : self.indptr[option + 1]]

    def counts(self, chosen: npt.ArrayLike) -> Int64Array:
        """Return by how many of the chosen options each point is reached.

        Parameters
        ----------
        chosen : array_like of int
            Positions of options.

        Returns
        -------
        array of int64, shape (points,)
            Number of chosen options that reach each point.
        """
        rows = [self.points_of(int(option)) for option in np.asarray(chosen, np.int64)]
        met = np.concatenate(rows) if rows else np.empty(0, np.int32)
        return np.bincount(met, minlength=self.points).astype(np.int64)

    def covered_weight(self, chosen: npt.ArrayLike) -> float:
        """Return the people reached by at least one of the chosen options.

        Parameters
        ----------
        chosen : array_like of int
            Positions of options.

        Returns
        -------
        float
            Sum of the weights of the points reached.
        """
        return math.fsum(self.weight[self.counts(chosen) > 0])


@dataclass(frozen=True, eq=False)
class Solution:
    """Options to choose, how good they are and how good anything could be.

    Attributes
    ----------
    chosen : array of int64
        Options in building order: what gains most (for a budget: most per yuan) comes first.
    objective : float
        What the choice achieves, in the unit of the question.
    bound : float
        What no choice can surpass: an upper bound of a maximum, a lower one of a minimum.
    proven : bool
        Whether the choice is proven best.
    method : str
        How it was found and proven, in a few words.
    gains : array of float64
        What each chosen option adds to those before it.
    spent : int
        Cost of the chosen options, in fen.
    feasible : bool
        Whether the choice does all that was asked; false only where time ran out before one that
        does was found (``chosen`` is then the nearest).
    """

    chosen: Int64Array
    objective: float
    bound: float
    proven: bool
    method: str
    gains: Float64Array = field(default_factory=lambda: np.empty(0))
    spent: int = 0
    feasible: bool = True

    @property
    def gap(self) -> float:
        """Distance of the objective from the bound, as a share of the bound (0: proven best)."""
        return gap_of(self.objective, self.bound)


def tiny() -> CoverModel:
    """Return a model with which solvers compile their kernels, or load them.

    Returns
    -------
    CoverModel
        Four options around four points.
    """
    reach = [[0, 1], [1, 2], [2, 3], [3, 0]]
    return CoverModel.of_lists(reach, [1, 2, 3, 4.5], [1, 2, 3, 4])


def answered(
    built: tuple[Int64Array, Float64Array],
    value: float,
    bound: float,
    method: str,
    *,
    spent: int = 0,
    feasible: bool = True,
) -> Solution:
    """Return a solution with a Lagrangian bound; proven where the two agree.

    Parameters
    ----------
    built : tuple of arrays
        Options in building order, and what each adds.
    value, bound : float
        What was reached, and what cannot be surpassed.
    method : str
        How it was found.
    spent : int, optional
        Cost in fen.
    feasible : bool, optional
        Whether the choice does all that is asked.

    Returns
    -------
    Solution
        Its bound is the value where it is proven.
    """
    order, gains = built
    proven = feasible and closed(value, bound)
    bound = value if proven else bound
    said = f"{method}, Lagrangian bound"
    return Solution(order, value, bound, proven, said, gains, spent, feasible)


_TYPES: dict[str, type[np.generic]] = {
    "indptr": np.int64,
    "point": np.int32,
    "weight": np.float64,
    "cost": np.int64,
    "bundle": np.int32,
    "base": np.int32,
}


def gap_of(objective: float, bound: float) -> float:
    """Return the distance of an objective from its bound, as a share of the bound.

    Parameters
    ----------
    objective, bound : float
        What was reached, and what cannot be surpassed.

    Returns
    -------
    float
        Share; 0 where they agree, 1 where only the bound is 0.
    """
    if objective == bound:
        return 0.0
    return abs(bound - objective) / abs(bound) if bound else 1.0


def closed(objective: float, bound: float) -> bool:
    """Tell whether an objective and its bound agree but for rounding.

    Parameters
    ----------
    objective, bound : float
        What was reached, and what cannot be surpassed.

    Returns
    -------
    bool
        Whether nothing is left between them; no bound yet (inf) closes nothing.

    Examples
    --------
    >>> closed(3.0, 3.0 + 1e-9), closed(3.0, 3.1), closed(3.0, math.inf)
    (True, False, False)
    """
    return math.isfinite(bound) and abs(bound - objective) <= 10 * ROUNDING * (1.0 + abs(bound))


def row_sums(indptr: Int64Array, value: Float64Array) -> Float64Array:
    """Return the sum of the values of each row.

    Parameters
    ----------
    indptr : array of int64, shape (rows + 1,)
        Where rows begin.
    value : array of float64, shape (entries,)
        Values.

    Returns
    -------
    array of float64, shape (rows,)
        Sums, 0 for empty rows.
    """
    row = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    return np.bincount(row, value, indptr.size - 1).astype(np.float64)


def _shape_faults(model: CoverModel) -> list[Fault]:
    """Return what does not fit together in the sizes."""
    start = model.indptr
    if start.ndim != 1 or not start.size or start[0] != 0 or (np.diff(start) < 0).any():
        return [Fault("indptr", "expected row starts that begin at 0 and never fall")]
    faults = []
    for name, size in (
        ("point", int(start[-1])),
        ("cost", model.options),
        ("bundle", model.options),
        ("base", model.points),
    ):
        value = getattr(model, name)
        if value is not None and value.shape != (size,):
            faults.append(Fault(name, f"expected {size} values, got shape {value.shape}"))
    return faults


def _value_faults(model: CoverModel) -> list[Fault]:
    """Return values out of range."""
    faults = []
    if model.point.size and not 0 <= model.point.min() <= model.point.max() < model.points:
        return [Fault("point", f"expected points from 0 to {model.points - 1}")]
    start, option = model.by_point
    again = np.zeros(option.size, bool)
    again[1:] = option[1:] == option[:-1]
    again[start[:-1][start[:-1] < option.size]] = False
    if again.any():
        faults.append(Fault("point", "expected each point at most once an option"))
    if not (np.isfinite(model.weight).all() and (model.weight >= 0).all()):
        faults.append(Fault("weight", "expected numbers of people, none negative"))
    if (model.cost < 0).any():
        faults.append(Fault("cost", "expected prices in fen, none negative"))
    return faults
