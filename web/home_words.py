"""By which words homes are added up: for their owner at a terminal, never over HTTP."""

import numpy as np
import numpy.typing as npt

from geodata.errors import DatasetError, Fault, ValidationError
from geodata.homes import WAYS
from geodata.model import Dataset


def home_words(dataset: Dataset, column: str) -> npt.NDArray[np.object_]:
    """Return a word for each home, by which homes are added up.

    Parameters
    ----------
    dataset : Dataset
        With its homes.
    column : str
        One of `geodata.homes.WAYS` that the table of homes had, or ``group``.

    Returns
    -------
    array (h,) of object
        In the order of the homes.

    Raises
    ------
    DatasetError
        If there are no homes that may be read.
    ValidationError
        If they have no such column.
    """
    homes = dataset.homes
    if homes is None:
        raise DatasetError(
            "no homes of this dataset may be read, so nothing can be added up by "
            f"{column}; prepare it with --homes, or ask where private/ may be read",
            code="homes_absent",
        )
    held = [name for name in ("group", *WAYS) if name in homes.columns]
    if column not in held:
        what = f"the homes of this dataset have no column {column!r}"
        fix = f"use one of {', '.join(held)}; the table of homes may have {', '.join(WAYS)}"
        raise ValidationError.of([Fault("by", what, fix)], code="unknown_column")
    return homes[column].to_numpy(object)
