"""The domain's words from data files: vocabularies, header names, small words."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from geodata.errors import FileFormatError, InputError
from geodata.package_data import data_rows
from geodata.vocabulary import (
    AccessMethod,
    Facility,
    Group,
    Kind,
    Mode,
    Need,
    Status,
    Tier,
    Vocabulary,
    Word,
)

Row = dict[str, str]
AnyWord = TypeVar("AnyWord", bound=Word)
AnyRow = TypeVar("AnyRow")

_YES = {"true": True, "false": False}
_GROUP_COLUMNS = ("mode", "weekday_from", "weekday_to", "weekend_from", "weekend_to", "source")


def load_vocabulary(folder: Path | str | None = None) -> Vocabulary:
    """Return the domain's words from ``kinds.csv``, ``facilities.csv`` and their like.

    Parameters
    ----------
    folder : path, optional
        Where the files are; a file that is missing there is taken from the package, so a union
        needs to bring only what it changes. Default: the package's own.

    Returns
    -------
    Vocabulary
        All groups, in the order of the files.

    Raises
    ------
    FileFormatError
        If a file has not the columns expected, or repeats a code.
    InputError
        If a value is not of its kind (``true``/``false``, a number, a known facility).

    Examples
    --------
    >>> load_vocabulary().needs["hot_meal"].zh
    '热饭'
    """
    source = _Source(folder)
    facilities = source.words("facilities", _facility)
    words = {row["role"]: _split(row["words"]) for row in source.rows("facility_words")}
    vocabulary = Vocabulary(
        kinds=source.words("kinds", _kind),
        facilities=facilities,
        needs=source.words("needs", _need),
        access=source.words("access_methods", _access),
        statuses=source.words("statuses", _status),
        tiers=source.words("tiers", lambda row: Tier(*_names(row))),
        modes=source.modes(),
        words=MappingProxyType(words),
        traditional=MappingProxyType(
            {row["traditional"]: row["simplified"] for row in source.rows("traditional")}
        ),
        groups=source.words("groups", _group),
    )
    _check_facilities(vocabulary)
    _check_modes(vocabulary)
    return vocabulary


def header_words() -> dict[str, tuple[str, ...]]:
    """Return the names under which each column of a table is known.

    Returns
    -------
    dict of str to tuple of str
        By column, the words in the order of the file, then the same in traditional characters.
    """
    source = _Source(None)
    pairs = sorted((row["simplified"], row["traditional"]) for row in source.rows("traditional"))
    traditional = str.maketrans(dict(reversed(pairs)))
    found: dict[str, tuple[str, ...]] = {}
    for row in source.rows("headers"):
        words = (row["column"], *_split(row["synonyms"]))
        found[row["column"]] = (*words, *(word.translate(traditional) for word in words))
    return found


def simplified_characters() -> dict[int, str]:
    """Return traditional characters and what they are in simplified ones, for `str.translate`.

    Returns
    -------
    dict of int to str
        Code points and the characters that replace them.
    """
    rows = _Source(None).rows("traditional")
    return {ord(row["traditional"]): row["simplified"] for row in rows}


def group_words() -> dict[str, str]:
    """Return the codes of worker groups by every way to write them.

    Returns
    -------
    dict of str to str
        Lower-case words and the codes they mean.
    """
    found: dict[str, str] = {}
    for row in _Source(None).rows("groups"):
        for word in (row["code"], row["zh"], row["en"], *_split(row["synonyms"])):
            found.setdefault(word.lower(), row["code"])
    return found


class _Source:
    """The folder of data files, falling back to the package's own."""

    def __init__(self, folder: Path | str | None) -> None:
        self.folder = None if folder is None else Path(folder)

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a file."""
        if self.folder is None or not (self.folder / f"{name}.csv").is_file():
            return data_rows(name)
        text = (self.folder / f"{name}.csv").read_text(encoding="utf-8-sig")
        return list(csv.DictReader(text.splitlines()))

    def words(self, name: str, make: Callable[[Row], AnyWord]) -> MappingProxyType[str, AnyWord]:
        """Return the rows of a vocabulary by code."""
        return MappingProxyType({row.code: row for row in self._made(name, make)})

    def modes(self) -> MappingProxyType[str, Mode]:
        """Return the modes by code."""
        return MappingProxyType({row.code: row for row in self._made("modes", _mode)})

    def _made(self, name: str, make: Callable[[Row], AnyRow]) -> Iterator[AnyRow]:
        """Yield the rows of a file as dataclasses, or say which line is wrong."""
        seen: set[str] = set()
        for number, row in enumerate(self.rows(name), 2):
            try:
                made = make(row)
            except (KeyError, ValueError, AttributeError) as error:
                raise FileFormatError(
                    f"{name}.csv, line {number}: a column is missing or has a wrong value "
                    f"({error}); compare with the file of that name in the package"
                ) from error
            if row["code"] in seen:
                raise FileFormatError(
                    f"{name}.csv, line {number}: the code {row['code']!r} is there twice; "
                    "give each row its own"
                )
            seen.add(row["code"])
            yield made


def _split(text: str) -> tuple[str, ...]:
    """Return the words of a cell, separated by bars."""
    return tuple(word.strip() for word in text.split("|") if word.strip())


def _names(row: Row) -> tuple[str, str, str, tuple[str, ...]]:
    """Return what every vocabulary row begins with."""
    return row["code"].strip(), row["zh"].strip(), row["en"].strip(), _split(row["synonyms"])


def _codes(text: str) -> tuple[str, ...]:
    """Return codes separated by semicolons."""
    return tuple(code.strip() for code in text.split(";") if code.strip())


def _kind(row: Row) -> Kind:
    """Return a row of kinds.csv."""
    counts, place = _YES[row["counts_by_default"]], _YES[row["is_place"]]
    return Kind(*_names(row), counts, place, _YES[row.get("is_person") or "false"])


def _facility(row: Row) -> Facility:
    """Return a row of facilities.csv."""
    return Facility(*_names(row), _YES[row["is_zone"]], _codes(row.get("gives") or ""))


def _need(row: Row) -> Need:
    """Return a row of needs.csv."""
    return Need(*_names(row), _codes(row["facilities"]))


def _access(row: Row) -> AccessMethod:
    """Return a row of access_methods.csv."""
    return AccessMethod(*_names(row), _YES[row["counts_by_default"]])


def _status(row: Row) -> Status:
    """Return a row of statuses.csv."""
    return Status(*_names(row), _YES[row["counts_by_default"]])


def _mode(row: Row) -> Mode:
    """Return a row of modes.csv."""
    speed, slow, fast = (float(row[name]) for name in ("speed_kph", "slow_factor", "fast_factor"))
    return Mode(row["code"], row["zh"], row["en"], speed, slow, fast, row["source"])


def _group(row: Row) -> Group:
    """Return a row of groups.csv; a file of an older release, without hours, is taken as it is."""
    told = {name: row[name].strip() for name in _GROUP_COLUMNS if row.get(name) is not None}
    made = Group(*_names(row), speed_factor=float(row.get("speed_factor") or 1))
    return replace(made, **told)  # type: ignore[arg-type]  # all of them are texts


def _check_modes(vocabulary: Vocabulary) -> None:
    """Refuse groups that travel by a mode which does not exist."""
    lost = [row for row in vocabulary.groups.values() if row.mode not in vocabulary.modes]
    if lost:
        raise InputError(
            "; ".join(
                f"groups.csv, {row.code}: the mode {row.mode!r} is not in modes.csv" for row in lost
            )
        )


def _check_facilities(vocabulary: Vocabulary) -> None:
    """Refuse needs and zones that name a facility which does not exist."""
    named = {
        (f"needs.csv, {n.code}", code) for n in vocabulary.needs.values() for code in n.facilities
    }
    named |= {
        (f"facilities.csv, {f.code}", code)
        for f in vocabulary.facilities.values()
        for code in f.gives
    }
    lost = sorted(pair for pair in named if pair[1] not in vocabulary.facilities)
    if lost:
        raise InputError(
            "; ".join(
                f"{where}: the facility {code!r} is not in facilities.csv" for where, code in lost
            )
        )
