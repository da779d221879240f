"""Small array operations that several modules need."""

import numpy as np
import numpy.typing as npt

from geodata.model import BoolArray, FloatArray, Int32Array

_BINARY_DIGITS = 24


def sums(row: npt.NDArray[np.integer], weight: npt.ArrayLike, size: int) -> FloatArray:
    """Return the sum of weights by row.

    Parameters
    ----------
    row : array (p,) of int
        Row of each weight, from 0.
    weight : array_like (p,)
        Weights.
    size : int
        Number of rows.

    Returns
    -------
    array (size,) of float64
        0 where a row has no weight.
    """
    return np.bincount(row, weights=weight, minlength=size).astype(np.float64)


def binary(weight: npt.ArrayLike) -> FloatArray:
    """Return weights rounded to multiples of 2 ** -24, of which sums are exact in any order.

    So figures do not depend on how they were added up: what is repaired equals what is worked out
    anew, to the bit. Whole numbers stay as they are.

    Parameters
    ----------
    weight : array_like
        Weights; their sums stay below 2 ** 29.

    Returns
    -------
    array of float64
        Of the same shape.

    Examples
    --------
    >>> tenth = binary([0.1] * 10)
    >>> bool(tenth.sum() == sum(tenth.tolist())), sum([0.1] * 10) == 1.0
    (True, False)
    """
    scale = float(2**_BINARY_DIGITS)
    return np.rint(np.asarray(weight, np.float64) * scale) / scale


def rows_of(mark: BoolArray) -> Int32Array:
    """Return the rows that are marked.

    Parameters
    ----------
    mark : array (p,) of bool
        Marks.

    Returns
    -------
    array of int32
        Ascending.
    """
    return np.flatnonzero(mark).astype(np.int32)
