"""Which characters are read how: pinyin without tones, every reading of a character."""

import os
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

#: Text as UTF-16 units, and what is marked among all of them.
Units = npt.NDArray[np.uint16]
Table = npt.NDArray[np.bool_]

#: How many units there are.
UNITS = 2**16


def _readings(codes: Iterable[int]) -> dict[int, set[str]]:
    """Return every reading of characters in letters without tones; ü is v, u or yu."""
    # Phrases tell which reading is meant; here all of them count, and 40 MB are not loaded.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin  # noqa: PLC0415  heavy: with the first search

    found: dict[int, set[str]] = {}
    for code in codes:
        ways = pinyin(chr(code), style=Style.NORMAL, heteronym=True, errors="ignore")
        said = {one for each in ways for one in each}  # rare characters have no reading
        more = {way for one in said if "v" in one for way in (one.replace("v", "u"),)}
        more |= {one.replace("v", "yu") for one in said if "v" in one}
        found[code] = {one for one in said | more if one.isascii() and one.isalpha()}
    return found


class Readings:
    """Which characters of a text are read how, as tables over all units.

    Parameters
    ----------
    text : array (n,) of uint16
        Whose characters are meant.
    """

    def __init__(self, text: Units) -> None:
        present = np.flatnonzero(np.bincount(text, minlength=UNITS))
        han = present[(present >= 0x3400) & (present < 0xA000)]  # noqa: PLR2004  CJK ideographs
        self._by_reading: dict[str, list[int]] = {}
        for code, said in _readings(han.tolist()).items():
            for one in said:
                self._by_reading.setdefault(one, []).append(code)
        self.longest = max(map(len, self._by_reading), default=0)
        self.read = lru_cache(maxsize=256)(self._read)
        self.beginning = lru_cache(maxsize=256)(self._beginning)

    def _table(self, readings: Iterable[str]) -> Table | None:
        """Return the table of the characters with one of these readings; None for none."""
        codes = [code for one in readings for code in self._by_reading.get(one, ())]
        if not codes:
            return None
        table = np.zeros(UNITS, np.bool_)
        table[codes] = True
        return table

    def _read(self, letters: str) -> Table | None:
        """Return the table of the characters read so."""
        return self._table([letters])

    def _beginning(self, letters: str) -> Table | None:
        """Return the table of the characters whose reading begins so."""
        return self._table(one for one in self._by_reading if one.startswith(letters))
