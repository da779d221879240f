"""Linear and integer programmes, solved by HiGHS (Huangfu and Hall, 2018) within a time limit."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from locator.siting_clock import Clock
from locator.siting_model import BoolArray, Float64Array, Int64Array

#: HiGHS keeps rows to 1e-6; a bound of its is widened by this share.
SLACK = 1e-6

_ROWWISE, _MINIMISE = 2, 1

#: Choices that pass the rows only within tolerance and are then cut off, at most.
_REPAIRS = 50


@dataclass(frozen=True, eq=False)
class Programme:
    """Minimise ``cost @ x`` over ``low <= rows @ x <= high``, ``0 <= x <= upper``.

    Attributes
    ----------
    cost : array of float64, shape (columns,)
        Prices.
    rows : sparse array, shape (rows, columns)
        Coefficients.
    low, high : array of float64, shape (rows,)
        Limits of the rows.
    whole : array of bool, shape (columns,)
        Columns that take whole numbers only.
    upper : array of float64, shape (columns,), or None
        Upper limits of the columns; None: 1.
    """

    cost: Float64Array
    rows: sparse.csr_array
    low: Float64Array
    high: Float64Array
    whole: BoolArray
    upper: Float64Array | None = None

    def with_row(self, value: Float64Array, low: float, high: float) -> "Programme":
        """Return the programme with one row more.

        Parameters
        ----------
        value : array of float64, shape (columns,)
            Coefficients.
        low, high : float
            Limits.

        Returns
        -------
        Programme
            A new one.
        """
        rows = sparse.csr_array(sparse.vstack([self.rows, sparse.csr_array(value[None, :])]))
        return replace(
            self, rows=rows, low=np.append(self.low, low), high=np.append(self.high, high)
        )


@dataclass(frozen=True, eq=False)
class Outcome:
    """What HiGHS found.

    Attributes
    ----------
    x : array of float64, shape (columns,), or None
        Best values found; None: none.
    bound : float
        Lower bound of the minimum; inf where nothing satisfies the rows.
    optimal : bool
        Whether ``x`` is proven best (within HiGHS's tolerance).
    """

    x: Float64Array | None
    bound: float
    optimal: bool


def solve(
    programme: Programme,
    clock: Clock,
    *,
    start: Float64Array | None = None,
    relax: bool = False,
    threads: int = 1,
) -> Outcome:
    """Solve a programme until it is proven or time is up.

    Parameters
    ----------
    programme : Programme
        What to minimise.
    clock : Clock
        Time left.
    start : array of float64, shape (columns,), optional
        Values to begin with.
    relax : bool, optional
        Solve the linear relaxation.
    threads : int, optional
        Threads to use.

    Returns
    -------
    Outcome
        Best values and bound.
    """
    import highspy  # noqa: PLC0415 - heavy, and only planners ask

    highs = highspy.Highs()  # type: ignore[no-untyped-call] # highspy's own
    highs.silent()
    for name, value in (
        ("threads", threads),
        ("time_limit", max(clock.left, 0.01)),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 1e-6),
        ("random_seed", 7),
    ):
        highs.setOptionValue(name, value)
    _hand_over(highs, programme, relax=relax)
    if start is not None and not relax:
        highs.setSolution(start.size, np.arange(start.size, dtype=np.int32), start)
    highs.run()
    return _outcome(highs, highspy.HighsModelStatus, relax=relax or not programme.whole.any())


def _hand_over(highs: "object", programme: Programme, *, relax: bool) -> None:
    """Give HiGHS the programme as arrays."""
    rows = programme.rows
    columns = programme.cost.size
    upper = np.ones(columns) if programme.upper is None else programme.upper
    whole = np.zeros(columns, np.int32) if relax else programme.whole.astype(np.int32)
    highs.passModel(  # type: ignore[attr-defined] # highspy has no types for its arrays
        columns,
        rows.shape[0],
        rows.nnz,
        _ROWWISE,
        _MINIMISE,
        0.0,
        programme.cost.astype(np.float64),
        np.zeros(columns),
        upper.astype(np.float64),
        programme.low.astype(np.float64),
        programme.high.astype(np.float64),
        rows.indptr.astype(np.int32),
        rows.indices.astype(np.int32),
        rows.data.astype(np.float64),
        whole,
    )


def _outcome(highs: "object", statuses: "object", *, relax: bool) -> Outcome:
    """Read what HiGHS found."""
    status = highs.getModelStatus()  # type: ignore[attr-defined] # as above
    info = highs.getInfo()  # type: ignore[attr-defined] # as above
    if status == statuses.kInfeasible:  # type: ignore[attr-defined] # as above
        return Outcome(None, math.inf, optimal=True)
    optimal = status == statuses.kOptimal  # type: ignore[attr-defined] # as above
    x = None
    if info.primal_solution_status == 2:  # noqa: PLR2004 - feasible, in HiGHS's numbers
        x = np.array(highs.getSolution().col_value)  # type: ignore[attr-defined] # as above
    bound = info.mip_dual_bound
    if relax:
        bound = info.objective_function_value if optimal else -math.inf
    elif optimal:
        bound = max(bound, info.objective_function_value - 2e-6)
    if not math.isfinite(bound):
        return Outcome(x, -math.inf, optimal=False)
    return Outcome(x, bound - SLACK * (1.0 + abs(bound)), optimal=bool(optimal))


#: Rows and their limits; a number stands for all rows of a block.
Block = tuple[sparse.csr_array, npt.ArrayLike, npt.ArrayLike]


@dataclass(frozen=True, eq=False)
class Choice:
    """Options found by a programme whose first columns are options.

    Attributes
    ----------
    options : array of int64 or None
        The best choice that truly does what is asked; None: none was found.
    bound : float
        Lower bound of the programme's minimum.
    optimal : bool
        Whether the choice is proven best.
    """

    options: Int64Array | None
    bound: float
    optimal: bool


#: Given chosen options, None if they do what is asked, else a row against them.
Faulty = Callable[[Int64Array], tuple[Float64Array, float, float] | None]


def choose(
    programme: Programme,
    clock: Clock,
    faulty: Faulty,
    *,
    options: int | None = None,
    start: Float64Array | None = None,
) -> Choice:
    """Solve a programme over options, exactly where HiGHS keeps rows only nearly.

    Parameters
    ----------
    programme : Programme
        Its first columns are options.
    clock : Clock
        Time left.
    faulty : callable
        Given chosen options, None if they do what is asked, else a row (coefficients, low, high)
        that all right choices satisfy and this one does not.
    options : int, optional
        How many columns are options; None: all that take whole numbers.
    start : array of float64, shape (columns,), optional
        Values to begin with.

    Returns
    -------
    Choice
        What was found.
    """
    options = int(programme.whole.sum()) if options is None else options
    if not options:
        return Choice(np.empty(0, np.int64), 0.0, optimal=True)
    found = Outcome(None, -math.inf, optimal=False)
    for _ in range(_REPAIRS):
        found = solve(programme, clock, start=start)
        if found.x is None:
            return Choice(None, found.bound, found.optimal)
        chosen = np.flatnonzero(found.x[:options] > 0.5).astype(np.int64)  # noqa: PLR2004 - whole numbers
        row = faulty(chosen)
        if row is None:
            return Choice(chosen, found.bound, found.optimal)
        if clock.over:
            break
        programme = programme.with_row(*row)
    return Choice(None, found.bound, optimal=False)


def overspent(price: Int64Array, limit: int, columns: int) -> Faulty:
    """Return what finds fault with choices that are too dear.

    Parameters
    ----------
    price : array of int64, shape (options,)
        Prices.
    limit : int
        The most that may be spent.
    columns : int
        Columns of the programme.

    Returns
    -------
    callable
        For `choose`: a row that forbids just this choice and those that hold it.
    """

    def faulty(chosen: Int64Array) -> tuple[Float64Array, float, float] | None:
        if int(price[chosen].sum()) <= limit:
            return None
        row = np.zeros(columns)
        row[chosen] = 1.0
        return row, -math.inf, chosen.size - 1.0

    return faulty


def stacked(
    blocks: Sequence[Block],
) -> tuple[sparse.csr_array, Float64Array, Float64Array]:
    """Return blocks of rows as one.

    Parameters
    ----------
    blocks : sequence of (sparse array, array_like, array_like)
        Rows and their limits (a number stands for all rows of a block).

    Returns
    -------
    rows : sparse array
        All rows.
    low, high : array of float64
        Their limits.
    """
    rows = sparse.csr_array(sparse.vstack([block for block, _, _ in blocks]))
    low = [np.broadcast_to(np.asarray(lo, float), (b.shape[0],)) for b, lo, _ in blocks]
    high = [np.broadcast_to(np.asarray(hi, float), (b.shape[0],)) for b, _, hi in blocks]
    return rows, np.concatenate(low), np.concatenate(high)
