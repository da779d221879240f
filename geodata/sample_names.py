"""Street names of the demo data: two syllables and an ending, none twice."""

from collections.abc import Iterator, Sequence

import numpy as np


class Names:
    """Hands out street names, none twice."""

    def __init__(self, heads: Sequence[str], rng: np.random.Generator) -> None:
        pairs = [first + second for first in heads for second in heads if first != second]
        order = rng.permutation(len(pairs))
        self._left: Iterator[str] = iter([pairs[i] for i in order])

    def new(self, ending: str) -> str:
        """Return a fresh name with an ending such as 路, 街 or 巷.

        Parameters
        ----------
        ending : str
            The last syllable.

        Returns
        -------
        str
            Two syllables and the ending.
        """
        return next(self._left) + ending
