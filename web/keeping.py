"""Answers that are kept, within a number and a size, and the tags that tell them apart."""

import hashlib
import threading
from collections import OrderedDict
from functools import cache
from pathlib import Path


def tag_of(content: bytes) -> str:
    """Return the entity tag of an answer.

    Parameters
    ----------
    content : bytes
        The answer.

    Returns
    -------
    str
        A weak tag: the answer may be compressed or not.
    """
    return f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'


@cache
def mark_of_code(*patterns: str) -> str:
    """Return a mark of the code that draws and words an answer: another release, another tag.

    Parameters
    ----------
    *patterns : str
        Of files of this package, such as ``clock_*.py``.

    Returns
    -------
    str
        Changes with their content.
    """
    folder = Path(__file__).parent
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


class Kept:
    """The answers asked for last, within a number and a size; safe between threads.

    Parameters
    ----------
    most : int
        How many answers.
    most_bytes : int
        How many bytes together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """Return an answer that is kept, else None.

        Parameters
        ----------
        key : str
            Of the answer.

        Returns
        -------
        bytes or None
            The answer.
        """
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: str, answer: bytes) -> None:
        """Keep an answer and let the oldest go.

        Parameters
        ----------
        key : str
            Of the answer.
        answer : bytes
            The answer.
        """
        with self._lock:
            self._bytes += len(answer) - len(self._answers.pop(key, b""))
            self._answers[key] = answer
            while self._answers and (
                len(self._answers) > self._most or self._bytes > self._most_bytes
            ):
                _, oldest = self._answers.popitem(last=False)
                self._bytes -= len(oldest)
