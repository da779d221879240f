"""Search by name, address and id: in Chinese, in pinyin, by initials, or a mixture.

The texts of all stations and regions stand in one array of UTF-16 units, one after the other. A
query is matched against it whole arrays at a time: each step narrows down the places where the
query may begin. A step takes the character itself or, where the query has Latin letters, any
character that is *read* so. So a character with two readings (重庆, 乐清, 铅山) is found by either
and no transcription is kept: the index takes two bytes a character.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from web.readings import UNITS, Readings, Table, Units

Places = npt.NDArray[np.int64]

_END = "\0"
_BLANKS = re.compile(r"\s+")
_NO_LETTERS = re.compile(r"[^a-z]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

#: A word begins after these, the last characters of parts of Chinese addresses.
_ENDS_A_PART = "省市区县镇乡村街路道号楼"

#: Ranks: the whole field, its beginning, the beginning of a word in it, anywhere.
EXACT, PREFIX, WORD, ANYWHERE = range(4)

#: Kinds of entries, in their order.
REGION, STATION = 0, 1


@dataclass(frozen=True)
class Entry:
    """What can be found.

    Attributes
    ----------
    kind : int
        `REGION` or `STATION`.
    row : int
        Its row in its table.
    name, address, id : str
        What is searched.
    """

    kind: int
    row: int
    name: str
    address: str
    id: str


def plain(text: str, simplified: Callable[[str], str] = str) -> str:
    """Return the form in which texts are compared.

    Parameters
    ----------
    text : str
        Any.
    simplified : callable, optional
        From traditional characters to simplified ones.

    Returns
    -------
    str
        Half-width, lower-case, one blank between words, no control characters.

    Examples
    --------
    >>> plain("  ＡＢＣ　驿站 ")
    'abc 驿站'
    """
    folded = simplified(unicodedata.normalize("NFKC", text).casefold())
    return _BLANKS.sub(" ", _CONTROL.sub(" ", folded)).strip()


def _units(text: str) -> Units:
    """Return a text as UTF-16 units; half characters are kept as they are."""
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)


def _classes() -> npt.NDArray[np.uint8]:
    """Return the class of every unit: 0 blanks and marks, 1 digits, 2 letters, 3 characters."""
    found = np.zeros(UNITS, np.uint8)
    for code in range(UNITS):
        letter = chr(code)
        if letter.isdigit():
            found[code] = 1
        elif letter.isalpha():
            found[code] = 2 if code < 0x2E80 else 3  # noqa: PLR2004  where East Asian begins
    found[0xD800:0xE000] = 3  # halves of rare characters
    return found


@dataclass(frozen=True)
class _Hits:
    """Where a query was found: the beginnings in the text, and how many units it takes."""

    begin: Places
    length: int


def _merged(parts: Sequence[Places]) -> Places:
    """Return places of several lists as one ascending list."""
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))


class Finder:
    """Finds stations and regions by what they are called.

    Parameters
    ----------
    entries : sequence of Entry
        All that can be found.
    simplified : callable, optional
        From traditional characters to simplified ones.
    """

    def __init__(self, entries: Sequence[Entry], simplified: Callable[[str], str] = str) -> None:
        self._simplified = simplified
        self.entries = sorted(entries, key=lambda one: (one.kind, one.name, one.id))
        parts = [
            _END.join((*(plain(text, simplified) for text in (one.name, one.address, one.id)), ""))
            for one in self.entries
        ]
        self._text = _units(_END + "".join(parts))
        lengths = [len(part.encode("utf-16-le", "surrogatepass")) // 2 for part in parts]
        self._ends = np.cumsum(np.array([1, *lengths], np.int64))[1:]
        self._is_region = np.array([one.kind == 0 for one in self.entries], np.bool_)
        self._count = np.bincount(self._text, minlength=UNITS)
        self._class = _classes()
        self._breaks = np.zeros(UNITS, np.bool_)
        self._breaks[_units(_ENDS_A_PART)] = True
        self._readings = Readings(self._text)

    def find(self, query: str, limit: int) -> list[Entry]:
        """Return what a query finds.

        Parameters
        ----------
        query : str
            Part of a name, address or id; characters, pinyin, initials.
        limit : int
            Most results.

        Returns
        -------
        list of Entry
            By rank (`EXACT` … `ANYWHERE`); regions first; then by name and id.
        """
        asked = plain(query, self._simplified)
        if not asked or not self.entries:
            return []
        hits = list(self._hits(asked))
        chosen: list[int] = []
        for level in (EXACT, PREFIX, WORD, ANYWHERE):
            # entries are sorted as answers of one rank are, so the first ones are the best
            rows = [self._first_rows(hit, level, set(chosen), limit) for hit in hits]
            chosen += sorted(set().union(*rows))[: limit - len(chosen)]
            if len(chosen) >= limit:
                break
        return [self.entries[row] for row in chosen]

    def _first_rows(self, hit: _Hits, level: int, known: set[int], limit: int) -> set[int]:
        """Return the first entries that a query fits so well and that are not known yet."""
        begin = self._at_level(hit, level)
        found: set[int] = set()
        at, step = 0, 4 * limit
        while at < begin.size and len(found) < limit:
            rows = np.searchsorted(self._ends, begin[at : at + step], side="right")
            found |= set(rows.tolist()) - known
            at, step = at + step, step * 4
        return found

    def _hits(self, asked: str) -> Iterator[_Hits]:
        """Yield where a query stands: as it is, in pinyin, by initials."""
        yield self._as_written(_units(asked))
        units = _units(asked.replace(" ", "").replace("'", ""))
        spoken = "".join(map(chr, units.tolist()))  # a rare character as its two halves
        if any("a" <= letter <= "z" for letter in spoken):
            where = self._where(spoken)
            yield from self._spoken(spoken, self._syllables, where)
            if len(spoken) > 1:  # one letter is the beginning of a syllable
                yield from self._spoken(spoken, self._initials, where)

    def _where(self, asked: str) -> Places | None:
        """Return where a query may begin at all: in entries that hold its part without letters.

        None stands for anywhere, where there is no such part or it tells little.
        """
        part = max(_NO_LETTERS.findall(asked), key=len, default="")
        if not part:
            return None
        found = self._as_written(np.array([ord(unit) for unit in part], np.uint16)).begin
        rows = np.unique(np.searchsorted(self._ends, found, side="right"))
        if 4 * rows.size > self._ends.size:
            return None
        first = np.where(rows > 0, self._ends[rows - 1], 1)
        length = self._ends[rows] - first
        shift = np.repeat(first - np.cumsum(length) + length, length)
        places: Places = np.arange(length.sum()) + shift
        return places

    def _as_written(self, units: Units) -> _Hits:
        """Return where exactly these units stand."""
        rarest = int(np.argmin(self._count[units]))
        begin = np.flatnonzero(self._text == units[rarest]) - rarest
        begin = begin[(begin >= 0) & (begin + units.size <= self._text.size)]
        for offset, unit in enumerate(units.tolist()):
            if offset != rarest and begin.size:
                begin = begin[self._text[begin + offset] == unit]
        return _Hits(begin, units.size)

    def _literal(self, letter: str) -> Table:
        """Return the table of one unit."""
        table = np.zeros(UNITS, np.bool_)
        table[ord(letter)] = True
        return table

    def _syllables(self, asked: str, at: int) -> Iterator[tuple[int, Table]]:
        """Yield how far a reading takes from a place of the query, and the characters read so."""
        rest = asked[at:]
        for length in range(1, min(self._readings.longest, len(rest)) + 1):
            part = rest[:length]
            whole = length == len(rest)
            table = self._readings.beginning(part) if whole else self._readings.read(part)
            if table is not None:
                yield length, table

    def _initials(self, asked: str, at: int) -> Iterator[tuple[int, Table]]:
        """Yield the characters whose reading begins with the letter at a place of the query."""
        table = self._readings.beginning(asked[at])
        if table is not None:
            yield 1, table

    def _steps(
        self, asked: str, at: int, said: Callable[[str, int], Iterator[tuple[int, Table]]]
    ) -> Iterator[tuple[int, Table]]:
        """Yield the ways on from a place of the query."""
        letter = asked[at]
        if self._count[ord(letter)]:
            yield 1, self._literal(letter)
        if "a" <= letter <= "z":
            yield from said(asked, at)

    def _spoken(
        self,
        asked: str,
        said: Callable[[str, int], Iterator[tuple[int, Table]]],
        where: Places | None,
    ) -> Iterator[_Hits]:
        """Yield where a query stands, letters taken as sounds.

        ``reach[at]`` holds, by the number of characters taken, the places where the text may
        begin so that the query is matched up to ``at``.
        """
        reach: list[dict[int, list[Places]]] = [{} for _ in range(len(asked) + 1)]
        for at in range(len(asked)):
            for taken, parts in reach[at].items() if at else [(0, [])]:
                begins = _merged(parts) if parts else where
                for length, table in self._steps(asked, at, said):
                    found = self._narrowed(begins, taken, table)
                    if found.size:
                        reach[at + length].setdefault(taken + 1, []).append(found)
            reach[at].clear()
        for taken, parts in reach[-1].items():
            yield _Hits(_merged(parts), taken)

    def _narrowed(self, begins: Places | None, taken: int, table: Table) -> Places:
        """Return the beginnings whose next character is in a table; None: anywhere."""
        if begins is None:
            found: Places = np.flatnonzero(table[self._text])
            return found
        return begins[table[self._text[begins + taken]]]  # the text ends with more than one mark

    def _at_level(self, hit: _Hits, level: int) -> Places:
        """Return where a query begins with this rank, of the better ranks some as well."""
        before = self._text[hit.begin - 1]
        if level == EXACT:
            wanted = (before == 0) & (self._text[hit.begin + hit.length] == 0)
        elif level == PREFIX:
            wanted = before == 0
        elif level == WORD:
            kind = self._class[before]
            wanted = (kind == 0) | (kind != self._class[self._text[hit.begin]])
            wanted |= self._breaks[before]
        else:
            wanted = np.ones(before.size, np.bool_)
        found: Places = hit.begin[wanted]
        return found
