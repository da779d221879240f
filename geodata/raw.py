"""A table as it was found: text cells, the line of each row, what was noticed while reading.

Every reader (CSV, XLSX, GeoJSON, GeoPackage …) ends here; the rooms `geodata.stations` and
`geodata.homes` start here.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.cells import clean
from geodata.datum import find_datum
from geodata.errors import FileFormatError

Int64Array = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]

#: What a table of places needs, in words.
A_POSITION = "a position (经度 and 纬度, or lon and lat)"

#: How many rows from the top a header may stand.
HEADER_WITHIN = 30

#: Rejects of one file that are listed one by one; the rest is counted.
REJECTS_LISTED = 1000

#: Longest column name of a Shapefile (characters).
DBASE_NAME = 10

#: Stands where the name of a column was cut in the middle of a character.
CUT_MARK = "~"

#: A table may not be wider.
MAX_COLUMNS = 1000

REJECT_COLUMNS = ("file", "sheet", "row", "column", "code", "reason", "fix", "text")

_UNIT = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
_NOISE = re.compile(r"[\s_\-./*:、°]+")
#: What stands around the word that tells: 站点详细地址, 设施情况.
_AROUND = re.compile(
    r"^(?:工会)?(?:户外劳动者)?(?:爱心|服务|本)?(?:站点|驿站|站|点位|点|poi)(?=..)"
    r"|(?<=..)(?:信息|情况|说明|详情|明细)$"
)
_DATUM = re.compile(
    r"wgs-?84|wgs|gcj-?0?2|gcj|bd-?0?9(?:ll)?|cgcs2000|火星|高德|腾讯|百度|天地图|gps"
)


@dataclass(frozen=True)
class Reject:
    """One row, or one cell, that could not be used.

    Attributes
    ----------
    row : int
        Line of the file, row of the sheet, or number of the feature; 0 for the whole file.
    column : str
        The column as the file calls it; ``""`` for the whole row.
    code : str
        Stable, for machines.
    reason : str
        What was expected and what came.
    fix : str
        How to mend it.
    text : str
        The cell or row as it stands, shortened.
    """

    row: int
    column: str
    code: str
    reason: str
    fix: str = ""
    text: str = ""


@dataclass(frozen=True)
class RawTable:
    """One table of one file, unread but for its cells.

    Attributes
    ----------
    file, sheet : str
        Names for messages; no sheet is ``""``.
    header : tuple of str
        Column names as written.
    cells : array (n, c) of object
        Text; ``""`` where a cell is empty.
    line : array (n,) of int64
        Where each row stands in the file (1 is the first line).
    rejects : tuple of Reject
        Rows that could not even be read.
    datum : str
        Datum that the format declares (its CRS), ``""`` if it does not.
    geometry : array (n,) of object or None
        Shapes in WGS-84 order, where the format has them.
    notes : mapping of str to object
        Encoding, delimiter, header row and the like, for the report.
    """

    file: str
    sheet: str
    header: tuple[str, ...]
    cells: ObjectArray
    line: Int64Array
    rejects: tuple[Reject, ...] = ()
    datum: str = ""
    geometry: ObjectArray | None = None
    notes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def where(self) -> str:
        """Return file and sheet for a message."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file

    def texts(self, at: int | None) -> list[str]:
        """Return the cells of a column without blanks at their ends, empty where it is absent.

        Parameters
        ----------
        at : int or None
            Where the column stands, as `Columns.position` has it.

        Returns
        -------
        list of str
            One for every row.
        """
        if at is None:
            return [""] * len(self.line)
        return [clean(text) for text in self.cells[:, at]]

    def lacks(self, wanted: Sequence[str]) -> FileFormatError:
        """Return the error for a table without the columns that it needs.

        Parameters
        ----------
        wanted : sequence of str
            What is missing, in words.

        Returns
        -------
        FileFormatError
            Code ``missing_column``; it quotes the header.
        """
        header = ", ".join(text for text in self.header if text)[:200]
        return FileFormatError(
            f"{self.where()}: expected columns for {' and '.join(wanted)}; the header has {header}",
            code="missing_column",
        )


@dataclass(frozen=True)
class Columns:
    """Which column of a raw table is which.

    Attributes
    ----------
    position : mapping of str to int
        Our column names and where they stand.
    extra : tuple of int
        Columns that we do not know.
    datum : str
        Datum that the coordinate headers name, ``""`` if they name none.
    """

    position: Mapping[str, int]
    extra: tuple[int, ...]
    datum: str

    @property
    def has_place(self) -> bool:
        """Tell whether there are columns for a position."""
        return {"lon", "lat"} <= set(self.position) or "lonlat" in self.position


def header_key(text: str) -> str:
    """Return a header in the form in which headers are compared.

    Parameters
    ----------
    text : str
        As written: ``经度(°)``, ``Station_Name``.

    Returns
    -------
    str
        Half-width, lower-case, without blanks, marks, units and the name of a datum.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    bare = _UNIT.sub("", plain)
    if not bare.strip():
        bare = plain
    cut = _NOISE.sub("", _DATUM.sub("", bare))
    return cut or _NOISE.sub("", bare)


def match_columns(header: Sequence[str], words: Mapping[str, Sequence[str]]) -> Columns:
    """Return which header means which of our columns; the word listed first fits best.

    Parameters
    ----------
    header : sequence of str
        As written.
    words : mapping of str to sequence of str
        Our columns and their synonyms, most important first.

    Returns
    -------
    Columns
        Unknown headers are ``extra``.
    """
    return _match(header, _lookup(words))


def _match(header: Sequence[str], lookup: Mapping[str, tuple[str, int]]) -> Columns:
    """Return which header means which of our columns."""
    found: dict[str, tuple[int, int]] = {}
    for at, text in enumerate(header):
        column, rank = _look_up(text, lookup)
        if column and (rank, at) < found.get(column, (rank + 1, 0)):
            found[column] = (rank, at)
    position = {column: at for column, (_, at) in found.items()} | _same_datum(header, lookup)
    known = set(position.values())
    extra = tuple(at for at in range(len(header)) if at not in known)
    coordinates = [header[position[c]] for c in ("lon", "lat", "lonlat") if c in position]
    named = {find_datum(text) for text in coordinates} - {""}
    return Columns(MappingProxyType(position), extra, named.pop() if len(named) == 1 else "")


def _look_up(text: str, lookup: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """Return the column that a header means and how well it fits, the shortened word last."""
    key = header_key(text) if text.strip() else ""
    column, rank = lookup.get(key, ("", 0))
    if key and not column:
        column, rank = lookup.get(_AROUND.sub("", key), ("", 0))
        rank += MAX_COLUMNS
    return column, rank


def _same_datum(header: Sequence[str], lookup: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Return the first longitude and latitude of one datum, where headers name several."""
    pairs: dict[str, dict[str, int]] = {}
    for at, text in enumerate(header):
        column = lookup.get(header_key(text), ("", 0))[0]
        if column in {"lon", "lat"} and find_datum(text):
            pairs.setdefault(find_datum(text), {}).setdefault(column, at)
    whole = [pair for pair in pairs.values() if len(pair) == 2]  # noqa: PLR2004  a pair
    return whole[0] if len(pairs) > 1 and whole else {}


def _lookup(words: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, int]]:
    """Return, by header key, the column and how well the word fits; dBASE cuts at ten bytes."""
    found: dict[str, tuple[str, int]] = {}
    for column, synonyms in words.items():
        for rank, word in enumerate((column, *synonyms)):
            found.setdefault(header_key(word), (column, rank))
            if word.isascii() and len(word) > DBASE_NAME:
                found.setdefault(header_key(word[:DBASE_NAME]), (column, rank))
            cut = word.encode()[:DBASE_NAME].decode(errors="ignore")
            if len(cut.encode()) < DBASE_NAME < len(word.encode()):
                found.setdefault(header_key(cut) + CUT_MARK, (column, rank))
    return found


def find_header(rows: Sequence[Sequence[str]], words: Mapping[str, Sequence[str]]) -> int:
    """Return the index of the row that is the header: the one that names most of our columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first rows of the table.
    words : mapping of str to sequence of str
        Our columns and their synonyms.

    Returns
    -------
    int
        -1 if no row names at least two columns, or one that is a position.
    """
    best, index = 0, -1
    lookup = _lookup(words)
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        found = _match(row, lookup).position
        weight = len(found) + 2 * ("lon" in found and "lat" in found) + 2 * ("lonlat" in found)
        if weight > max(best, 1):
            best, index = weight, at
    return index


def no_header(where: str, rows: Sequence[Sequence[str]]) -> FileFormatError:
    """Return the error for a table without a header that we know.

    Parameters
    ----------
    where : str
        File and sheet.
    rows : sequence of sequence of str
        The first rows.

    Returns
    -------
    FileFormatError
        Code ``no_header``, or ``empty_file`` if there are no cells.
    """
    if not any(cell.strip() for row in rows for cell in row):
        return FileFormatError(
            f"{where}: the table is empty; expected a header line and one row a place",
            code="empty_file",
        )
    first = " | ".join(next(row for row in rows if any(cell.strip() for cell in row)))
    return FileFormatError(
        f"{where}: found no header line with a name and a position (名称, 经度, 纬度, or "
        f"name, lon, lat) among the first {HEADER_WITHIN} lines; the first is {first[:80]!r}; "
        "columns are separated by comma, semicolon or tab",
        code="no_header",
    )


def rejects_frame(tables: Sequence[tuple[RawTable, Sequence[Reject]]]) -> pd.DataFrame:
    """Return all rejects as a frame, the first thousand of each file one by one.

    Parameters
    ----------
    tables : sequence of (RawTable, sequence of Reject)
        The rejects with the table that they belong to.

    Returns
    -------
    DataFrame
        Columns ``file, sheet, row, column, code, reason, fix, text``; ``row`` int64, others str.
        A last row with ``row`` 0 and code ``more_rejects`` counts those not listed.
    """
    records = []
    for table, rejects in tables:
        ordered = sorted(rejects, key=lambda reject: reject.row)
        if len(ordered) > REJECTS_LISTED:
            left = len(ordered) - REJECTS_LISTED
            more = Reject(0, "", "more_rejects", f"{left} more rows were rejected")
            ordered = [*ordered[:REJECTS_LISTED], more]
        records += [
            (table.file, table.sheet, r.row, r.column, r.code, r.reason, r.fix, r.text[:200])
            for r in ordered
        ]
    frame = pd.DataFrame(records, columns=list(REJECT_COLUMNS))
    kinds: dict[str, str] = dict.fromkeys(REJECT_COLUMNS, "str")
    return frame.astype(kinds | {"row": "int64"})
