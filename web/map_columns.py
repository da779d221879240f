"""Columns of tables as they travel to the page's script."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from geodata.model import FloatArray
from web.map_code import encode
from web.map_words import TEXT_LIMIT, clip


def column(values: Sequence[str]) -> dict[str, Any]:
    """Write repeated texts once each.

    Parameters
    ----------
    values : sequence of str
        A column.

    Returns
    -------
    dict
        ``of``: the different texts, sorted; ``at``: which one each row has.
    """
    of, at = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
    return {"of": of.tolist(), "at": encode(at)}


def texts(frame: pd.DataFrame, column: str, limit: int = TEXT_LIMIT) -> list[str]:
    """Return a text column.

    Parameters
    ----------
    frame : DataFrame
        A table.
    column : str
        Its column, which may be missing.
    limit : int, optional
        Longest text.

    Returns
    -------
    list of str
        ``""`` where there is none.
    """
    if column not in frame:
        return [""] * len(frame)
    codes, different = pd.factorize(frame[column], use_na_sentinel=False)
    clipped = [clip(value, limit) for value in different]  # most columns have few different ones
    return [clipped[code] for code in codes.tolist()]


def numbers(frame: pd.DataFrame, column: str) -> FloatArray:
    """Return a column of numbers.

    Parameters
    ----------
    frame : DataFrame
        A table.
    column : str
        Its column, which may be missing.

    Returns
    -------
    array of float64
        NaN where there is none.
    """
    if column not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[column], errors="coerce"), dtype=np.float64)


def rounded(values: FloatArray, digits: int) -> list[float | None]:
    """Return numbers for JSON.

    Parameters
    ----------
    values : array of float64
        Numbers.
    digits : int
        Decimals.

    Returns
    -------
    list of float or None
        None for NaN.
    """
    return [round(v, digits) if np.isfinite(v) else None for v in values.tolist()]


def raw(frame: pd.DataFrame, column: str) -> list[Any]:
    """Return a column's values as they are.

    Parameters
    ----------
    frame : DataFrame
        A table.
    column : str
        Its column, which may be missing.

    Returns
    -------
    list
        ``""`` where there is no such column.
    """
    return list(frame[column]) if column in frame else [""] * len(frame)
