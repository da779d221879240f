"""Values kept by key within a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import Any

import numpy as np


class Cache:
    """Values by key, the least recently used leaving first once the bytes are too many.

    Parameters
    ----------
    most_bytes : int
        Size of the arrays kept, together; the value made last is kept whatever its size.
    """

    def __init__(self, most_bytes: int) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._most = most_bytes
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value of a key, made if it is not there; safe between threads.

        Parameters
        ----------
        key : hashable
            Everything the value depends on.
        make : callable
            Makes the value; two threads may do so at once, to the same result.

        Returns
        -------
        object
            The value.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        value = make()
        size = _bytes(value)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = (value, size)
                self._bytes += size
            while self._bytes > self._most and len(self._kept) > 1:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed
        return value


def _bytes(value: object) -> int:
    """Return the size of an array, or of those in a tuple or dataclass."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if is_dataclass(value):
        return sum(_bytes(getattr(value, part.name)) for part in fields(value))
    if isinstance(value, tuple):
        return sum(_bytes(part) for part in value)
    return 0
