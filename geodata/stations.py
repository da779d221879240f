"""Raw tables to clean stations: what each cell means, and what cannot be used and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.cells import clean
from geodata.declared import DatumChoice
from geodata.places import Placed, place_rows
from geodata.raw import A_POSITION, Columns, RawTable, Reject, match_columns
from geodata.station_cells import Sheet, read_cells
from geodata.vocabulary import Vocabulary

ObjectArray = npt.NDArray[np.object_]

#: The columns of a station table, in order.
STATION_COLUMNS = (
    "id", "name", "kind", "tier", "parent_id", "status", "lon", "lat", "datum", "address",
    "district", "adcode", "opening_hours", "opening_hours_text", "facilities", "zones", "access",
    "phone", "operator", "host", "capacity", "opened_on", "closed_on", "valid_from", "valid_to",
    "verified_on", "cost_yuan", "source", "source_date", "notes", "original_lon", "original_lat",
    "original_datum", "extra", "duplicate_of", "warnings",
)  # fmt: skip

#: Columns that hold numbers; all others hold text.
NUMBERS = ("lon", "lat", "original_lon", "original_lat")

_COLUMNS_READ = (
    "id", "name", "kind", "tier", "parent_id", "status", "lon", "lat", "lonlat", "datum",
    "address",
    "district", "adcode", "opening_hours", "opening_hours_text", "facilities", "zones", "access",
    "phone", "operator", "host", "capacity", "opened_on", "closed_on", "valid_from", "valid_to",
    "verified_on", "cost_yuan", "source", "source_date", "notes",
)  # fmt: skip

#: Columns of a saved station table that are ours to compute again, not a stranger's extras.
_OURS = {"original_lon", "original_lat", "original_datum", "duplicate_of", "warnings", "lon", "lat"}


@dataclass(frozen=True)
class CleanTable:
    """What one raw table became.

    Attributes
    ----------
    frame : DataFrame
        `STATION_COLUMNS`, in the order of the file.
    line : array (n,) of int64
        Where each station stands in the file.
    rejects : tuple of Reject
        Every row that is not in ``frame``.
    report : dict
        Counts, datum, warnings.
    """

    frame: pd.DataFrame
    line: npt.NDArray[np.int64]
    rejects: tuple[Reject, ...]
    report: Mapping[str, Any]


def station_columns(words: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the header words of the columns that a station table has.

    Parameters
    ----------
    words : mapping of str to sequence of str
        All header words.

    Returns
    -------
    dict
        Those of stations only, so that other columns stay extras.
    """
    return {column: words.get(column, ()) for column in _COLUMNS_READ}


def clean_stations(
    table: RawTable,
    vocabulary: Vocabulary,
    words: Mapping[str, Sequence[str]],
    choice: DatumChoice,
) -> CleanTable:
    """Return the stations of one raw table.

    Parameters
    ----------
    table : RawTable
        The table as found.
    vocabulary : Vocabulary
        The words.
    words : mapping of str to sequence of str
        Header words, from `station_columns`.
    choice : DatumChoice
        What the caller knows of the datum.

    Returns
    -------
    CleanTable
        Every row is a station or a reject.

    Raises
    ------
    FileFormatError
        If there is no column for the name or for the position.
    DatumError
        If the datum is not declared and cannot be inferred.
    """
    columns = match_columns(table.header, words)
    _require(table, columns)
    sheet = Sheet(table, columns, vocabulary)
    sheet.warnings = [[] for _ in table.line]
    sheet.extra = _extras(table, columns)
    placed = place_rows(table, columns, choice)
    read_cells(sheet)
    return _finish(sheet, placed)


def _require(table: RawTable, columns: Columns) -> None:
    """Refuse a table without a name or a position."""
    missing = []
    if "name" not in columns.position:
        missing.append("a name (名称, name)")
    if not columns.has_place:
        missing.append(A_POSITION)
    if missing:
        raise table.lacks(missing)


def _extras(table: RawTable, columns: Columns) -> list[dict[str, str]]:
    """Return, for each row, the filled cells of columns that we do not know."""
    names = [table.header[at].strip() or f"column {at + 1}" for at in columns.extra]
    wanted = [(n, at) for n, at in zip(names, columns.extra, strict=True) if n not in _OURS]
    rows: list[dict[str, str]] = []
    for cells in table.cells:
        row = {name: clean(cells[at]) for name, at in wanted if clean(cells[at])}
        rows.append(_unfold(row))
    return rows


def _unfold(row: dict[str, str]) -> dict[str, str]:
    """Return the extras of a table that we wrote ourselves as what they were before."""
    if not row.get("extra", "").startswith("{"):
        return row
    try:
        inner = json.loads(row["extra"])
    except ValueError:
        return row
    return {str(k): str(v) for k, v in inner.items()} | {
        k: v for k, v in row.items() if k != "extra"
    }


def _finish(sheet: Sheet, placed: Placed) -> CleanTable:
    """Put the columns together and drop the rows that were rejected."""
    rejects = _one_each((*sheet.table.rejects, *placed.rejects, *sheet.rejects))
    lost = {reject.row for reject in rejects}
    keep = np.array([int(line) not in lost for line in sheet.table.line], np.bool_)
    columns: dict[str, Any] = dict(sheet.read)
    columns |= {"lon": placed.lon, "lat": placed.lat, "datum": "wgs84", "duplicate_of": ""}
    columns |= {"original_lon": placed.original_lon, "original_lat": placed.original_lat}
    columns["original_datum"] = placed.datum
    columns["extra"] = [
        json.dumps(row, ensure_ascii=False, sort_keys=True) if row else "" for row in sheet.extra
    ]
    columns["warnings"] = ["; ".join(row) for row in sheet.warnings]
    frame = pd.DataFrame(columns, columns=list(STATION_COLUMNS))
    report = {
        **sheet.table.notes,
        "sheet": sheet.table.sheet,
        "rows": len(keep) + len(sheet.table.rejects),
        "datum": placed.report["datum"],
        "hours": dict(sheet.hours),
        "columns": {c: sheet.table.header[at] for c, at in sheet.columns.position.items()},
        "unknown_columns": [
            sheet.table.header[at] for at in sheet.columns.extra if sheet.table.header[at]
        ],
        "warnings": list(placed.report["warnings"]),
    }
    return CleanTable(frame.loc[keep], sheet.table.line[keep], rejects, report)


def _one_each(rejects: Sequence[Reject]) -> tuple[Reject, ...]:
    """Return one reject a row: the first, with the reasons of the others."""
    first: dict[int, Reject] = {}
    more: dict[int, list[str]] = {}
    for reject in rejects:
        if reject.row in first:
            more.setdefault(reject.row, []).append(reject.reason)
        else:
            first[reject.row] = reject
    return tuple(
        Reject(r.row, r.column, r.code, "; ".join([r.reason, *more.get(row, [])]), r.fix, r.text)
        for row, r in first.items()
    )
