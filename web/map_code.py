"""Integers and positions as short text, for the page's script to read.

Text form of integers: zig-zag, then base-32 digits from the lowest up, each a letter of
``A-Za-z0-9-_`` with 32 added while more digits follow (Google's polyline algorithm with an
alphabet that needs no escaping in JSON, HTML or JavaScript).
"""

import numpy as np
import numpy.typing as npt

from geodata.model import FloatArray, Int64Array

_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8
)


def encode(values: npt.ArrayLike) -> str:
    """Write integers as short text.

    Parameters
    ----------
    values : array_like of int64
        Any integers within ±2**61.

    Returns
    -------
    str
        Letters, digits, ``-`` and ``_`` only; ``""`` for no values.

    Examples
    --------
    >>> encode([0, -1, 1, 16])
    'ABCgB'
    """
    numbers = np.asarray(values, dtype=np.int64).ravel()
    if not numbers.size:
        return ""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    digits = np.ones(len(zigzag), dtype=np.int64)
    for power in range(1, 13):
        digits += zigzag >= np.uint64(32**power)
    owner: Int64Array = np.repeat(np.arange(len(zigzag)), digits)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(digits) - digits, digits)
    low = (zigzag[owner] >> (5 * place).astype(np.uint64)).astype(np.int64) & 31
    more = place < digits[owner] - 1
    return _ALPHABET[low + 32 * more].tobytes().decode("ascii")


def decode(text: str) -> Int64Array:
    """Read integers written by `encode`.

    Parameters
    ----------
    text : str
        What `encode` returned.

    Returns
    -------
    array of int64
        The integers.

    Examples
    --------
    >>> decode("ABCgB").tolist()
    [0, -1, 1, 16]
    """
    if not text:
        return np.empty(0, dtype=np.int64)
    back = np.zeros(128, dtype=np.int64)
    back[_ALPHABET] = np.arange(64)
    raw = back[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
    last = raw < 32  # noqa: PLR2004  (the bit that says: more digits follow)
    owner: Int64Array = np.cumsum(last) - last.astype(np.int64)
    start = np.flatnonzero(np.concatenate(([True], last[:-1])))
    place = np.arange(len(raw)) - start[owner]
    zigzag = np.zeros(int(last.sum()), dtype=np.int64)
    np.add.at(zigzag, owner, (raw & 31) << (5 * place))
    return (zigzag >> 1) ^ -(zigzag & 1)


def encode_points(xy: FloatArray, grid: float) -> str:
    """Write positions as rounded steps from one to the next.

    Parameters
    ----------
    xy : array (n, 2) of float64
        Degrees.
    grid : float
        Width of the lattice to round to (degrees).

    Returns
    -------
    str
        The steps, x and y in turn, the first from 0, 0.
    """
    lattice = np.rint(np.asarray(xy, dtype=np.float64).reshape(-1, 2) / grid).astype(np.int64)
    return encode(np.diff(lattice, axis=0, prepend=0))
