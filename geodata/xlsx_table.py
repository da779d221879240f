"""XLSX workbooks to raw tables: every visible sheet with a header, merged cells filled."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import DefusedXmlException

from geodata.archive import check_archive
from geodata.cell_text import cell_text
from geodata.errors import FileFormatError, LimitError
from geodata.raw import HEADER_WITHIN, MAX_COLUMNS, RawTable, find_header, no_header

#: Workbooks up to this size (bytes unpacked) are read whole, with their merged cells.
WHOLE_BELOW = 40 * 1024 * 1024

#: Rows read of one sheet, its rows times columns, and the cells that merged ones may cover.
MAX_ROWS, MAX_CELLS, MAX_MERGED = 1_000_000, 20_000_000, 200_000

Words = Mapping[str, Sequence[str]]
Rows = list[tuple[int, list[str]]]


def read_xlsx(data: bytes, where: str, words: Words) -> list[RawTable]:
    """Return the tables of a workbook.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Its name, for messages.
    words : mapping of str to sequence of str
        Our columns and their synonyms.

    Returns
    -------
    list of RawTable
        One for each visible sheet that has a header; the first one's notes name those skipped.

    Raises
    ------
    FileFormatError
        If it is no workbook, holds macros or XML entities, or no sheet has a header.
    LimitError
        If it is a bomb (``zip_bomb``), a sheet has too many columns, rows or cells, or merged
        cells cover too many.
    """
    import openpyxl  # noqa: PLC0415  heavy: for workbooks alone

    size = _check(data, where)
    whole = size <= WHOLE_BELOW
    try:
        if whole:
            _check_merged(data, where)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=not whole, data_only=True)
        sheets = {sheet.title: _rows(sheet, where, whole=whole) for sheet in _visible(book)}
    except (DefusedXmlException, ParseError) as error:
        raise FileFormatError(
            f"{where}: the workbook's XML is damaged or declares entities, which no spreadsheet "
            f"needs ({type(error).__name__}); save it again as .xlsx",
            code="xml_entity" if isinstance(error, DefusedXmlException) else "damaged_workbook",
        ) from error
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise FileFormatError(
            f"{where}: the workbook is damaged ({type(error).__name__}); open it in a spreadsheet "
            "program and save it again as .xlsx",
            code="damaged_workbook",
        ) from error
    return _tables(sheets, where, words, whole=whole)


def _check(data: bytes, where: str) -> int:
    """Return the unpacked size of a workbook, or refuse it."""
    from openpyxl.xml import DEFUSEDXML  # noqa: PLC0415  heavy: for workbooks alone

    if not DEFUSEDXML:
        raise FileFormatError(
            f"{where}: workbooks are read only with the package defusedxml; install it",
            code="defusedxml_missing",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = check_archive(archive, where)
            for name in archive.namelist():
                _check_part(archive, name, where)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        raise FileFormatError(
            f"{where}: the workbook is damaged ({error}); save it again as .xlsx",
            code="damaged_workbook",
        ) from error
    return size


def _check_part(archive: zipfile.ZipFile, name: str, where: str) -> None:
    """Refuse macros and document type declarations."""
    if name.lower().endswith("vbaproject.bin"):
        raise FileFormatError(
            f"{where}: the workbook holds macros; save it as .xlsx without them", code="macro"
        )
    if name.lower().endswith((".xml", ".rels")):
        with archive.open(name) as part:
            start = part.read(4096)
        if b"<!doctype" in start.lower() or b"<!entity" in start.lower():
            raise FileFormatError(
                f"{where}: {name} declares XML entities, which no spreadsheet needs; save it "
                "again as .xlsx",
                code="xml_entity",
            )


def _visible(book: Any) -> list[Any]:
    """Return the worksheets that a person sees."""
    return [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]


def _check_merged(data: bytes, where: str) -> None:
    """Refuse merged cells that cover so many that openpyxl, which makes each, does not end."""
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415  for workbooks alone
    from openpyxl.utils import range_boundaries  # noqa: PLC0415  heavy: for workbooks alone

    covered = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            with archive.open(name) as part, suppress(ParseError):  # no XML: no sheet either
                for _, element in iterparse(part):
                    if element.tag.rpartition("}")[2] == "mergeCell":
                        left, top, right, low = range_boundaries(element.get("ref"))
                        covered += (right - left + 1) * (low - top + 1)
                    element.clear()
    if covered > MAX_MERGED:
        raise LimitError(
            f"{where}: merged cells cover {covered} cells; at most {MAX_MERGED} are read; undo "
            "the merging of whole rows or columns",
            code="too_many_merged",
        )


def _rows(sheet: Any, where: str, *, whole: bool) -> Rows:
    """Return the rows of a sheet that hold something, with their numbers."""
    merged = _merged(sheet) if whole else {}
    rows: Rows = []
    for number, cells in _kept(sheet, where) if whole else _streamed(sheet):
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            raise _too_far(sheet, where, columns=len(cells))
        texts = [cell_text(value) for value in cells]
        for column, text in merged.get(number, ()):
            texts[column - 1] = text
        if any(text.strip() for text in texts):
            rows.append((number, texts))
    return rows


def _too_far(sheet: Any, where: str, *, columns: int) -> LimitError:
    """Return the refusal of a sheet that is too wide or too long."""
    return LimitError(
        f"{where}, sheet {sheet.title}: more than {MAX_ROWS} rows or {MAX_COLUMNS} columns",
        code="too_many_columns" if columns > MAX_COLUMNS else "too_many_rows",
    )


def _streamed(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield all rows of a sheet that is read row by row."""
    sheet.reset_dimensions()  # the stated size may be wrong
    yield from enumerate(sheet.iter_rows(values_only=True), 1)


def _kept(sheet: Any, where: str) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a sheet that is held whole; `iter_rows` would make all between far ones."""
    if sheet.max_column > MAX_COLUMNS:
        raise _too_far(sheet, where, columns=sheet.max_column)
    rows: dict[int, dict[int, Any]] = {}
    for (number, column), cell in sheet._cells.items():  # noqa: SLF001  only what the file holds
        rows.setdefault(number, {})[column] = cell.value
    for number, values in sorted(rows.items()):
        yield number, [values.get(column) for column in range(1, max(values) + 1)]


def _merged(sheet: Any) -> dict[int, list[tuple[int, str]]]:
    """Return, by row, the columns covered by merged cells and the text that covers them."""
    covered: dict[int, list[tuple[int, str]]] = {}
    for area in sheet.merged_cells.ranges:
        text = cell_text(sheet.cell(area.min_row, area.min_col).value)
        for row in range(area.min_row, area.max_row + 1):
            places = [(column, text) for column in range(area.min_col, area.max_col + 1)]
            covered.setdefault(row, []).extend(places)
    return covered


def _tables(sheets: Mapping[str, Rows], where: str, words: Words, *, whole: bool) -> list[RawTable]:
    """Return the tables of all sheets that have a header."""
    found: list[RawTable] = []
    skipped = []
    for title, rows in sheets.items():
        at = find_header([cells for _, cells in rows[:HEADER_WITHIN]], words)
        if at < 0:
            skipped += [f"sheet {title!r} has no header that we know: skipped"] if rows else []
        else:
            found.append(_table(rows, at, (where, title), whole=whole))
    if not found:
        first = next(iter(sheets.values()), [])
        raise no_header(where, [cells for _, cells in first[:HEADER_WITHIN]])
    notes = {**found[0].notes, "skipped": skipped}
    return [replace(found[0], notes=notes), *found[1:]]


def _table(rows: Rows, at: int, names: tuple[str, str], *, whole: bool) -> RawTable:
    """Return the table of one sheet below its header."""
    number, header = rows[at]
    width = max(len(cells) for _, cells in rows)
    if width * len(rows) > MAX_CELLS:
        raise LimitError(
            f"{names[0]}, sheet {names[1]}: {len(rows)} rows of {width} columns; at most "
            f"{MAX_CELLS} cells are read",
            code="too_many_cells",
        )
    header = header + [""] * (width - len(header))
    body = list(_fitted(rows[at + 1 :], width))
    cells = np.array([cells for _, cells in body], dtype=object).reshape(-1, width)
    return RawTable(
        file=names[0],
        sheet=names[1],
        header=tuple(header),
        cells=cells,
        line=np.array([line for line, _ in body], np.int64),
        notes={"format": "XLSX", "header_row": number, "merged_cells_filled": whole},
    )


def _fitted(rows: Rows, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield rows of equal width; sheets leave out empty cells at the end."""
    for number, cells in rows:
        yield number, (cells + [""] * width)[:width]
