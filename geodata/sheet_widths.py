"""How wide the columns of a workbook's sheet should be."""

import unicodedata
from collections.abc import Sequence
from typing import Any

#: How many rows tell the width of a column; its limits (characters).
_LOOKED_AT, _NARROW, _WIDE = 200, 4, 60.0


def column_widths(rows: Sequence[Sequence[Any]]) -> list[float]:
    """Return how wide the columns of a sheet should be.

    Parameters
    ----------
    rows : sequence of sequence
        Cells; the first 200 rows are looked at.

    Returns
    -------
    list of float
        Characters, between 6 and 60; a Chinese character counts two.

    Examples
    --------
    >>> column_widths([["id", "区县"], ["nj0001", None]])
    [8.0, 6.0]
    """
    seen = [[_width(value) for value in row] for row in rows[:_LOOKED_AT]]
    most = max((len(row) for row in seen), default=0)
    return [
        min(max(*(row[place] for row in seen if place < len(row)), _NARROW) + 2.0, _WIDE)
        for place in range(most)
    ]


def _width(value: Any) -> int:
    """Return how many columns of a terminal a cell takes."""
    text = "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
