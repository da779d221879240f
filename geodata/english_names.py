"""English names of streets: one a name, the one that most of its ways have. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.model import TextArray

#: Columns of a dataset's file: names that have an English one, and that one.
NAMES, ENGLISH = "english_of", "english_name"


def most_used(uses: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Return the English name of each name that has one.

    Parameters
    ----------
    uses : mapping of (str, str) to int
        Number of ways by name and English name.

    Returns
    -------
    dict of str to str
        In order of the names; of equally many the first by its letters.

    Examples
    --------
    >>> most_used({("中山路", "Zhongshan Rd"): 1, ("中山路", "Zhongshan Road"): 4})
    {'中山路': 'Zhongshan Road'}
    """
    found: dict[str, str] = {}
    for name, english in sorted(uses, key=lambda pair: (pair[0], -uses[pair], pair[1])):
        found.setdefault(name, english)
    return found


def of_streets(english: Mapping[str, str], way_name: TextArray) -> dict[str, str]:
    """Return the English names that streets need.

    Parameters
    ----------
    english : mapping of str to str
        By name, of streets and of what else has one.
    way_name : array (w,) of object
        Names of the streets' ways.

    Returns
    -------
    dict of str to str
        Without names that no street has and those that are the same in English.
    """
    used = set(way_name.tolist()) - {""}
    return {name: told for name, told in english.items() if name in used and name != told}


def packed(english: Mapping[str, str]) -> dict[str, TextArray]:
    """Return names as columns.

    Parameters
    ----------
    english : mapping of str to str
        By name.

    Returns
    -------
    dict of str to array
        ``english_of`` and ``english_name``, of one length; no column where there is none.
    """
    if not english:
        return {}
    names = sorted(english)
    told = [english[name] for name in names]
    return {NAMES: np.array(names, object), ENGLISH: np.array(told, object)}


def unpacked(columns: Mapping[str, npt.NDArray[Any]]) -> Mapping[str, str]:
    """Return the names of columns.

    Parameters
    ----------
    columns : mapping of str to array
        What `packed` returned; a dataset prepared before English names were kept has none of them.

    Returns
    -------
    mapping of str to str
        By name.
    """
    if NAMES not in columns:
        return MappingProxyType({})
    told = zip(columns[NAMES].tolist(), columns[ENGLISH].tolist(), strict=True)
    return MappingProxyType(dict(told))
