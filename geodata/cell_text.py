"""Values of typed formats (XLSX, GeoJSON, Parquet …) as the text of a cell."""

import json
import math
from datetime import date, datetime, time
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np

_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}


def cell_text(value: Any) -> str:
    """Return a value as a person would have typed it.

    Parameters
    ----------
    value : object
        A text, number, date, truth value, list or None.

    Returns
    -------
    str
        ``""`` for nothing; whole numbers without ``.0``; ISO dates; lists joined by ``;``.

    Examples
    --------
    >>> cell_text(54.0), cell_text(None), cell_text(["water", "seats"])
    ('54', '', 'water;seats')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str):
        return "" if value is None or value in _ERRORS else value
    if isinstance(value, (bool, Integral, Real, Decimal)):
        return _number_text(value)
    if isinstance(value, (datetime, date, time)):
        return _time_text(value)
    return _other_text(value)


def _number_text(value: Any) -> str:
    """Return a number, or a truth value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    number = float(value)
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)  # noqa: PLR2004  beyond, floats are not whole


def _time_text(value: datetime | date | time) -> str:
    """Return a date, a time or both."""
    if value != value:  # noqa: PLR0124  pandas' NaT is a datetime that differs from itself
        return ""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, datetime) and value.time() != time(0):
        return value.isoformat(sep=" ", timespec="seconds")
    return value.date().isoformat() if isinstance(value, datetime) else value.isoformat()


def _other_text(value: Any) -> str:
    """Return a list joined, a mapping as JSON."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and not any(isinstance(v, (list, dict)) for v in value):
        return ";".join(cell_text(item) for item in value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    text = str(value)
    return "" if text in {"NaT", "<NA>", "nan", "None"} else text
