"""Raw tables to clean stations: what each cell means, and what cannot be used and why."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.cells import amount, clean, is_scientific, iso_date, whole_number_text
from geodata.errors import FileFormatError
from geodata.hours import read_hours
from geodata.hours_text import HoursReading
from geodata.phrases import FacilityReading, parse_facilities
from geodata.places import DatumChoice, Placed, place_rows
from geodata.raw import Columns, RawTable, Reject, match_columns
from geodata.vocabulary import (
    Vocabulary,
    parse_access,
    parse_kind,
    parse_status,
    parse_tier,
)

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

#: Longest texts kept (characters); longer hours (bytes) are refused.
MAX_NAME, MAX_TEXT, MAX_HOURS_BYTES = 200, 2000, 1000

_PLAIN = ("parent_id", "address", "district", "operator", "host", "source", "notes")
_DATES = ("opened_on", "closed_on", "valid_from", "valid_to", "verified_on", "source_date")
_AMOUNTS = ("capacity", "cost_yuan")
_COLUMNS_READ = (
    "id", "name", "kind", "tier", "parent_id", "status", "lon", "lat", "lonlat", "datum",
    "address",
    "district", "adcode", "opening_hours", "opening_hours_text", "facilities", "zones", "access",
    "phone", "operator", "host", "capacity", "opened_on", "closed_on", "valid_from", "valid_to",
    "verified_on", "cost_yuan", "source", "source_date", "notes",
)  # fmt: skip

#: Columns of a saved station table that are ours to compute again, not a stranger's extras.
_OURS = {"original_lon", "original_lat", "original_datum", "duplicate_of", "warnings", "lon", "lat"}


@dataclass
class _Sheet:
    """One table while it is read; local to one call."""

    table: RawTable
    columns: Columns
    vocabulary: Vocabulary
    read: dict[str, list[str]] = field(default_factory=dict)
    extra: list[dict[str, str]] = field(default_factory=list)
    warnings: list[list[str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    hours: Counter[str] = field(default_factory=Counter)

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column, empty where it is absent."""
        at = self.columns.position.get(column)
        if at is None:
            return [""] * len(self.table.line)
        return [clean(text) for text in self.table.cells[:, at]]

    def refuse(self, row: int, column: str, code: str, what: tuple[str, str], text: str) -> None:
        """Reject one row."""
        at = self.columns.position.get(column, -1)
        name = self.table.header[at] if at >= 0 else column
        self.rejects.append(Reject(int(self.table.line[row]), name, code, *what, text))


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
    sheet = _Sheet(table, columns, vocabulary)
    sheet.warnings = [[] for _ in table.line]
    sheet.extra = _extras(table, columns)
    placed = place_rows(table, columns, choice)
    _read_names(sheet)
    _read_words(sheet)
    _read_facilities(sheet)
    _read_hours(sheet)
    _read_values(sheet)
    return _finish(sheet, placed)


def _require(table: RawTable, columns: Columns) -> None:
    """Refuse a table without a name or a position."""
    at = columns.position
    missing = []
    if "name" not in at:
        missing.append("a name (名称, name)")
    if not {"lon", "lat"} <= set(at) and "lonlat" not in at:
        missing.append("a position (经度 and 纬度, or lon and lat)")
    if missing:
        header = ", ".join(text for text in table.header if text)[:200]
        raise FileFormatError(
            f"{table.where()}: expected columns for {' and '.join(missing)}; the header has "
            f"{header}",
            code="missing_column",
        )


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


def _read_names(sheet: _Sheet) -> None:
    """Read names and ids; a station needs a name."""
    names = sheet.texts("name")
    for row, name in enumerate(names):
        if not name:
            sheet.refuse(row, "name", "name_missing", ("expected a name, got none", "fill it"), "")
        elif len(name) > MAX_NAME:
            names[row] = name[:MAX_NAME]
            sheet.warnings[row].append(f"name cut to {MAX_NAME} of {len(name)} characters")
    sheet.read["name"] = names
    sheet.read["id"] = [whole_number_text(text)[:MAX_NAME] for text in sheet.texts("id")]


def _read_words(sheet: _Sheet) -> None:
    """Read the columns that hold a word of the vocabulary."""
    _read_word(sheet, "kind", parse_kind, "care_station")
    _read_word(sheet, "status", parse_status, "open")
    _read_word(sheet, "access", parse_access, "unknown")
    _read_word(sheet, "tier", parse_tier, "")


def _read_word(
    sheet: _Sheet, column: str, parse: Callable[[str, Vocabulary], str], default: str
) -> None:
    """Read one such column; a word that is not known is kept beside and the default taken."""
    texts = sheet.texts(column)
    codes = {text: parse(text, sheet.vocabulary) if text else default for text in set(texts)}
    sheet.read[column] = [codes[text] or default for text in texts]
    for row, text in enumerate(texts):
        if text and not codes[text]:
            shown = default or "empty"
            sheet.warnings[row].append(f"{column} {text[:40]!r} not understood, taken as {shown}")
            sheet.extra[row][f"{column}_text"] = text[:MAX_TEXT]


def _read_facilities(sheet: _Sheet) -> None:
    """Read what is offered; words that are left over are kept beside."""
    texts = [text[:MAX_TEXT] for text in sheet.texts("facilities")]
    zones = sheet.texts("zones")
    read: dict[str, FacilityReading] = {
        text: parse_facilities(text, sheet.vocabulary) for text in {*texts, *zones}
    }
    sheet.read["facilities"] = [";".join(read[text].codes) for text in texts]
    sheet.read["zones"] = [
        ";".join(dict.fromkeys((*read[text].zones, *read[zone].zones)))
        for text, zone in zip(texts, zones, strict=True)
    ]
    for row, text in enumerate(texts):
        if text and text != sheet.read["facilities"][row]:
            sheet.extra[row]["facilities_text"] = text
        if read[text].unknown:
            sheet.extra[row]["facilities_unknown"] = ";".join(read[text].unknown)


def _read_hours(sheet: _Sheet) -> None:
    """Read opening hours; what is not understood is unknown, never open."""
    first, second = sheet.texts("opening_hours"), sheet.texts("opening_hours_text")
    read: dict[str, HoursReading] = {}
    hours, received = [], []
    for row, (syntax, prose) in enumerate(zip(first, second, strict=True)):
        text = syntax or prose
        if len(text.encode()) > MAX_HOURS_BYTES:
            what = f"expected at most {MAX_HOURS_BYTES} bytes of opening hours"
            size = f"{what}, got {len(text.encode())}"
            sheet.refuse(row, "opening_hours", "hours_too_long", (size, "shorten them"), text)
            first[row] = second[row] = text = ""
        if text not in read:
            read[text] = read_hours(text)
        hours.append(read[text].osm)
        received.append(second[row] or text)
        _warn_of_hours(sheet, row, text, read[text])
    sheet.read["opening_hours"], sheet.read["opening_hours_text"] = hours, received


def _warn_of_hours(sheet: _Sheet, row: int, text: str, reading: HoursReading) -> None:
    """Note what could not be read."""
    state = reading.understood if text else "missing"
    sheet.hours[state] += 1
    if state == "missing":
        sheet.warnings[row].append("no opening hours")
        return
    if state != "ok":
        partly = "only partly " if state == "partial" else "not "
        sheet.warnings[row].append(f"opening hours {partly}understood: {text[:60]!r}")
    sheet.warnings[row] += [w for w in reading.warnings if w not in sheet.warnings[row]]


def _read_values(sheet: _Sheet) -> None:
    """Read texts, phones, dates and amounts."""
    for column in _PLAIN:
        sheet.read[column] = [text[:MAX_TEXT] for text in sheet.texts(column)]
    sheet.read["adcode"] = [whole_number_text(text) for text in sheet.texts("adcode")]
    sheet.read["phone"] = [whole_number_text(text) for text in sheet.texts("phone")]
    for row, phone in enumerate(sheet.read["phone"]):
        if is_scientific(phone):
            sheet.warnings[row].append(f"phone {phone!r} was damaged by a spreadsheet")
    for column in _DATES:
        _read_column(sheet, column, iso_date, "a date")
    for column in _AMOUNTS:
        _read_column(sheet, column, _amount_text, "a number")


def _read_column(sheet: _Sheet, column: str, read: Callable[[str], str], kind: str) -> None:
    """Read a column of dates or numbers; what is none is kept beside."""
    texts = sheet.texts(column)
    sheet.read[column] = [read(text) if text else "" for text in texts]
    for row, text in enumerate(texts):
        if text and not sheet.read[column][row]:
            sheet.warnings[row].append(f"{column} {text[:40]!r} is not {kind}")
            sheet.extra[row][f"{column}_text"] = text[:MAX_TEXT]


def _amount_text(text: str) -> str:
    """Return a number of at least 0 as short text, ``""`` if it is none."""
    value = amount(text)
    return f"{value:.15g}" if value >= 0 else ""


def _finish(sheet: _Sheet, placed: Placed) -> CleanTable:
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
