"""Small array operations that several modules need."""

import numpy as np
import numpy.typing as npt

from geodata.model import BoolArray, FloatArray, Int32Array


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
