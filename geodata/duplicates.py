"""Stations that are probably the same place, listed twice."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geodata.datum import metric_crs, project

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

#: Two entries farther apart than this are two places (m).
SAME_PLACE_M = 50.0

#: Names at least this alike mean the same station (share of matching characters).
ALIKE = 0.8

_COMMON = re.compile(
    r"新时代|户外劳动者|户外职工|新就业形态|劳动者|工会|爱心|暖心|综合|服务站点?|驿站|接力站|站点?|司机之家|"
    r"the|station|union|care"
)
_NUMERAL = str.maketrans("一二三四五六七八九〇零", "12345678900")


def find_duplicates(
    names: ObjectArray, operators: ObjectArray, lon: FloatArray, lat: FloatArray
) -> npt.NDArray[np.int64]:
    """Return for each station the first one that it seems to repeat.

    Two entries are the same station if they lie within 50 m and their names are alike, unless both
    name an operator and the operators differ, or the numbers in their names differ.

    Parameters
    ----------
    names, operators : array (n,) of str
        As received; an empty operator fits any.
    lon, lat : array (n,) of float64
        WGS-84.

    Returns
    -------
    array (n,) of int64
        Index of the earlier station, -1 for a station of its own.
    """
    first = np.full(len(names), -1, np.int64)
    if len(names) == 0:
        return first
    crs = metric_crs(float(np.median(lon)), float(np.median(lat)))
    tree = cKDTree(np.column_stack(project(lon, lat, crs)))
    pairs = tree.query_pairs(SAME_PLACE_M, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
    for one, two in pairs:
        if first[two] < 0 and _same(names[one], names[two], operators[one], operators[two]):
            first[two] = first[one] if first[one] >= 0 else one
    return first


def alike(one: str, two: str) -> bool:
    """Tell whether two names mean the same station.

    Parameters
    ----------
    one, two : str
        Names as received.

    Returns
    -------
    bool
        True if the telling parts match, or one holds the other; names with different numbers
        (1号站, 2号站) are different.

    Examples
    --------
    >>> alike("中心路工会驿站", "中心路户外劳动者爱心驿站"), alike("一号驿站", "2号驿站")
    (True, False)
    """
    plain = [_plain(name) for name in (one, two)]
    numbers = [re.findall(r"\d+", name.translate(_NUMERAL)) for name in plain]
    if plain[0] == plain[1] or numbers[0] != numbers[1]:
        return plain[0] == plain[1]
    told = [_COMMON.sub("", name) for name in plain]
    shorter, longer = sorted(told if all(told) else plain, key=len)
    within = all(told) and len(shorter) > 1 and shorter in longer
    return within or SequenceMatcher(None, shorter, longer, autojunk=False).ratio() >= ALIKE


def _same(one: str, two: str, first: str, second: str) -> bool:
    """Tell whether two entries at one place are one station."""
    if first and second and _plain(first) != _plain(second):
        return False
    return alike(one, two)


@lru_cache(maxsize=50_000)
def _plain(text: str) -> str:
    """Return a name without marks, brackets' signs and case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())
