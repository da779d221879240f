"""Text tables (CSV with comma, semicolon or tab) to raw tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from geodata.encoding import decode
from geodata.errors import LimitError
from geodata.raw import (
    HEADER_WITHIN,
    MAX_COLUMNS,
    RawTable,
    Reject,
    find_header,
    match_columns,
    no_header,
)

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

#: The longest cell read (characters); a longer one means a damaged file.
MAX_CELL = 1_000_000

#: A cell of more lines has swallowed other rows.
MAX_LINES = 30

Line = tuple[int, list[str]]


def read_csv(data: bytes, where: str, words: Mapping[str, Sequence[str]]) -> RawTable:
    """Return the table of a CSV file.

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
    RawTable
        Rows with too many or too few cells are among its rejects.

    Raises
    ------
    FileFormatError
        If the bytes are no text table, or no header is found.
    LimitError
        If it has more than 1,000 columns or a cell of more than a million characters.
    """
    decoded = decode(data, where)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    delimiter = _delimiter(text, where, words)
    lines = _lines(text, delimiter, where)
    head = list(islice(lines, HEADER_WITHIN))
    at = find_header([cells for _, cells in head], words)
    if at < 0:
        raise no_header(where, [cells for _, cells in head])
    header = head[at][1]
    rows, rejects = _fitting(header, head[at + 1 :], lines)
    cells = np.array([row for _, row in rows], dtype=object).reshape(len(rows), len(header))
    return RawTable(
        file=where,
        sheet="",
        header=tuple(header),
        cells=cells,
        line=np.array([number for number, _ in rows], np.int64),
        rejects=tuple(rejects),
        notes={
            "format": "CSV",
            "encoding": decoded.encoding,
            "delimiter": _DELIMITERS[delimiter],
            "header_row": head[at][0],
        },
    )


def _delimiter(text: str, where: str, words: Mapping[str, Sequence[str]]) -> str:
    """Return the delimiter under which the first lines name most columns."""
    start = text[:20_000]
    best, chosen = 0, ","
    for delimiter in _DELIMITERS:
        try:
            rows = [cells for _, cells in islice(_lines(start, delimiter, where), HEADER_WITHIN)]
        except LimitError:
            continue
        at = find_header(rows, words)
        score = len(match_columns(rows[at], words).position) if at >= 0 else 0
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _lines(text: str, delimiter: str, where: str) -> Iterator[Line]:
    """Yield every line that holds something, with its number."""
    csv.field_size_limit(MAX_CELL)  # the module's limit is one for the process; always this value
    reader = csv.reader(_split(text), delimiter=delimiter)
    number = 1
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise LimitError(
                    f"{where}, line {number}: {len(cells)} columns; at most {MAX_COLUMNS} are read",
                    code="too_many_columns",
                )
            if "".join(cells).strip():
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise LimitError(
            f"{where}, line {number}: a cell is longer than {MAX_CELL} characters ({error}); is a "
            "quotation mark left open?",
            code="cell_too_long",
        ) from error


def _split(text: str) -> Iterator[str]:
    """Yield the text line by line without a second copy of it."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _fitting(
    header: Sequence[str], first: Sequence[Line], rest: Iterator[Line]
) -> tuple[list[Line], list[Reject]]:
    """Return the rows that have a cell for every column, and the others as rejects."""
    width = len(header)
    rows: list[Line] = []
    rejects: list[Reject] = []
    for lines in (first, rest):
        for number, cells in lines:
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            wrong = _misfit(number, cells, width)
            if wrong is None:
                rows.append((number, cells))
            else:
                rejects.append(wrong)
    return rows, rejects


def _misfit(number: int, cells: Sequence[str], width: int) -> Reject | None:
    """Return why a row does not fit the header, None if it does."""
    lines = "".join(cells).count("\n")
    if len(cells) == width and lines <= MAX_LINES:
        return None
    shown = " | ".join(cells)[:200]
    if len(cells) != width:
        reason = f"expected {width} cells, as the header has, got {len(cells)}"
        fix = "put a text that holds the delimiter in quotation marks"
        return Reject(number, "", "ragged_row", reason, fix, shown)
    reason = f"its cells run over {lines} lines: a quotation mark seems to be left open"
    return Reject(number, "", "open_quote", reason, "close it", shown)
