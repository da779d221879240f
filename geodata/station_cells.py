"""The cells of station rows: what each one means, and what is kept beside it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from geodata.cells import amount, is_scientific, iso_date, whole_number_text
from geodata.hours import read_hours
from geodata.hours_text import HoursReading
from geodata.phrases import FacilityReading, parse_facilities
from geodata.raw import Columns, RawTable, Reject
from geodata.station_flags import hours_beside, is_clock, ticked_facilities
from geodata.vocabulary import (
    Vocabulary,
    parse_access,
    parse_kind,
    parse_status,
    parse_tier,
)

#: Longest texts kept (characters); longer hours (bytes) are refused.
MAX_NAME, MAX_TEXT, MAX_HOURS_BYTES = 200, 2000, 1000

_PLAIN = ("parent_id", "address", "district", "operator", "host", "source", "notes")
_DATES = ("opened_on", "closed_on", "valid_from", "valid_to", "verified_on", "source_date")
_AMOUNTS = ("capacity", "cost_yuan")


@dataclass
class Sheet:
    """One table while it is read; local to one call.

    Attributes
    ----------
    table : RawTable
        As found.
    columns : Columns
        Which column is which.
    vocabulary : Vocabulary
        The words.
    read : dict of str to list of str
        Our columns, a text for every row.
    extra : list of dict
        What is kept beside, by row.
    warnings : list of list of str
        By row.
    rejects : list of Reject
        Rows that cannot be used.
    hours : Counter
        Rows by how well their hours were understood.
    """

    table: RawTable
    columns: Columns
    vocabulary: Vocabulary
    read: dict[str, list[str]] = field(default_factory=dict)
    extra: list[dict[str, str]] = field(default_factory=list)
    warnings: list[list[str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    hours: Counter[str] = field(default_factory=Counter)

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column, empty where it is absent.

        Parameters
        ----------
        column : str
            Our name of it.

        Returns
        -------
        list of str
            One for every row.
        """
        return self.table.texts(self.columns.position.get(column))

    def refuse(self, row: int, column: str, code: str, what: tuple[str, str], text: str) -> None:
        """Reject one row.

        Parameters
        ----------
        row : int
            Its index.
        column : str
            Our name of the column.
        code : str
            Stable, for machines.
        what : tuple of str
            The reason and the fix.
        text : str
            The cell.
        """
        at = self.columns.position.get(column, -1)
        name = self.table.header[at] if at >= 0 else column
        self.rejects.append(Reject(int(self.table.line[row]), name, code, *what, text))


def read_cells(sheet: Sheet) -> None:
    """Read all columns of a sheet but its position.

    Parameters
    ----------
    sheet : Sheet
        Filled with what is read, what is left over, warnings and rejects.
    """
    _read_names(sheet)
    _read_words(sheet)
    _read_facilities(sheet)
    _read_hours(sheet)
    _read_values(sheet)


def _read_names(sheet: Sheet) -> None:
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


def _read_words(sheet: Sheet) -> None:
    """Read the columns that hold a word of the vocabulary."""
    _read_word(sheet, "kind", parse_kind, "care_station")
    _read_word(sheet, "status", parse_status, "open")
    _read_word(sheet, "access", parse_access, "unknown")
    _read_word(sheet, "tier", parse_tier, "")


def _read_word(
    sheet: Sheet, column: str, parse: Callable[[str, Vocabulary], str], default: str
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


def _read_facilities(sheet: Sheet) -> None:
    """Read what is offered; words that are left over are kept beside."""
    texts = [text[:MAX_TEXT] for text in sheet.texts("facilities")]
    zones = sheet.texts("zones")
    read: dict[str, FacilityReading] = {
        text: parse_facilities(text, sheet.vocabulary) for text in {*texts, *zones}
    }
    ticked = ticked_facilities(sheet.table, sheet.columns.extra, sheet.vocabulary)
    sheet.read["facilities"] = [
        ";".join(dict.fromkeys((*read[text].codes, *more)))
        for text, more in zip(texts, ticked, strict=True)
    ]
    sheet.read["zones"] = [
        ";".join(dict.fromkeys((*read[text].zones, *read[zone].zones)))
        for text, zone in zip(texts, zones, strict=True)
    ]
    for row, text in enumerate(texts):
        if text and text != sheet.read["facilities"][row]:
            sheet.extra[row]["facilities_text"] = text
        if read[text].unknown:
            sheet.extra[row]["facilities_unknown"] = ";".join(read[text].unknown)


def _read_hours(sheet: Sheet) -> None:
    """Read opening hours; what is not understood is unknown, never open."""
    first, second = sheet.texts("opening_hours"), sheet.texts("opening_hours_text")
    read: dict[str, HoursReading] = {}
    hours, received = [], []
    beside = hours_beside(sheet.table, sheet.columns.extra, sheet.vocabulary)
    for row, (syntax, prose) in enumerate(zip(first, second, strict=True)):
        text = _with_beside(sheet, row, syntax or prose, beside[row])
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


def _with_beside(sheet: Sheet, row: int, text: str, beside: str) -> str:
    """Return opening hours with what a column beside them says: 24 hours, or when it closes."""
    if not beside or (text and beside == "24小时"):
        if beside and read_hours(text).osm != "24/7":
            sheet.warnings[row].append(f"another column says 24 hours, the hours say {text[:40]!r}")
        return text
    if beside == "24小时":
        return beside
    return f"{text}-{beside}" if is_clock(text) else text


def _warn_of_hours(sheet: Sheet, row: int, text: str, reading: HoursReading) -> None:
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


def _read_values(sheet: Sheet) -> None:
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


def _read_column(sheet: Sheet, column: str, read: Callable[[str], str], kind: str) -> None:
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
