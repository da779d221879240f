"""The datum of a table: declared, or inferred and flagged with the evidence.

It is declared per row (a 坐标系 column), by the caller, by a header (``lng_gcj02``) or by the
format (a CRS). Without any declaration it is inferred from streets and counties if given; else
it is an error: GCJ-02 taken for WGS-84 is wrong by 300-600 m.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.datum import find_datum, in_china
from geodata.errors import DatumError
from geodata.evidence import DatumEvidence
from geodata.raw import Columns, RawTable, Reject

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class DatumChoice:
    """What the caller knows about the datum.

    Attributes
    ----------
    declared : str
        Code, ``""`` if the caller does not say.
    fallback : str
        Code to take, with a warning, where nothing declares or shows one; ``""`` to refuse.
    evidence : DatumEvidence or None
        Streets to compare the readings with.
    """

    declared: str = ""
    fallback: str = ""
    evidence: DatumEvidence | None = None

    def silent(self, table: RawTable, columns: Columns) -> bool:
        """Tell whether nothing but the rows themselves can name a table's datum.

        Parameters
        ----------
        table, columns : RawTable, Columns
            The table, and which column is which.

        Returns
        -------
        bool
            False where the caller, a header, the format, evidence or a fallback may.
        """
        known = self.declared or self.fallback or columns.datum or table.datum
        return not known and self.evidence is None


def row_datums(table: RawTable, columns: Columns) -> tuple[ObjectArray, list[Reject]]:
    """Return the datum that each row names in a column of its own.

    Parameters
    ----------
    table : RawTable
        The table.
    columns : Columns
        Which column is which.

    Returns
    -------
    codes : array (n,) of str
        ``""`` where the row says nothing.
    rejects : list of Reject
        Rows that name a datum which is not known.
    """
    named = np.full(len(table.line), "", dtype=object)
    at = columns.position.get("datum")
    if at is None:
        return named, []
    texts = [text.strip() for text in table.cells[:, at]]
    codes = {text: find_datum(text) for text in set(texts)}
    named[:] = [codes[text] for text in texts]
    fix = "name the coordinate system, or leave the cell empty"
    unknown = [
        Reject(
            int(table.line[row]),
            table.header[at],
            "unknown_datum",
            f"expected WGS-84, GCJ-02, BD-09 or CGCS2000, got {text[:30]!r}",
            fix,
            text,
        )
        for row, text in enumerate(texts)
        if text and not codes[text]
    ]
    return named, unknown


def datum_missing(
    table: RawTable, columns: Columns, named: ObjectArray, known: set[int]
) -> list[Reject]:
    """Return a reject for every row that names no datum where others do.

    Parameters
    ----------
    table, columns : RawTable, Columns
        The table, with a column for the datum.
    named : array (n,) of str
        The datum that each row names.
    known : set of int
        Lines that are rejected already.

    Returns
    -------
    list of Reject
        To be used where nothing else tells the datum.
    """
    header = table.header[columns.position["datum"]]
    what = "expected the datum of the coordinates, as other rows name it, got an empty cell"
    fix = "fill in GCJ-02, BD-09 or WGS-84, or declare one for the whole table"
    return [
        Reject(int(line), header, "datum_missing", what, fix)
        for line, text in zip(table.line, named, strict=True)
        if not text and int(line) not in known
    ]


def settle_datum(
    table: RawTable,
    columns: Columns,
    choice: DatumChoice,
    rows: tuple[FloatArray, FloatArray, BoolArray, ObjectArray],
) -> tuple[ObjectArray, dict[str, Any]]:
    """Return the datum of every row, and how it was settled.

    Parameters
    ----------
    table : RawTable
        The table.
    columns : Columns
        Which column is which.
    choice : DatumChoice
        What the caller knows.
    rows : tuple of arrays (n,)
        Coordinates as received, rows to keep, and the datum that each row names.

    Returns
    -------
    datum : array (n,) of str
        Codes.
    settled : dict
        ``code``, ``by`` (who declared it), ``evidence`` and ``warnings``.

    Raises
    ------
    DatumError
        If nothing declares it, rows lie in mainland China and no fallback is allowed.
    """
    x, y, keep, named = rows
    warnings: list[str] = []
    code, by = _declared(table, columns, choice, warnings)
    open_rows = keep & (named == "")
    evidence: dict[str, Any] = {}
    if choice.evidence is not None and keep.any():
        evidence = choice.evidence.judge(x[keep], y[keep], _named(table, columns)[keep])
    if not code and not open_rows.any():
        code, by = "", "column"
    elif not code:
        code, by = _undeclared(table, choice, evidence, (x[open_rows], y[open_rows]), warnings)
    datum = np.where(named == "", code or "wgs84", named).astype(object)
    if evidence and keep.any():
        warnings += _doubts(datum[keep], evidence, by)
    settled = {"code": code or "by row", "by": by, "evidence": evidence, "warnings": warnings}
    return datum, settled


def _named(table: RawTable, columns: Columns) -> ObjectArray:
    """Return the county that each row names, by code or name."""
    named = np.full(len(table.line), "", dtype=object)
    for column in ("district", "adcode"):
        texts = np.array(table.texts(columns.position.get(column)), dtype=object)
        named = np.where(texts == "", named, texts)
    return named


def _declared(
    table: RawTable, columns: Columns, choice: DatumChoice, warnings: list[str]
) -> tuple[str, str]:
    """Return the datum that the caller, a header or the format declares, and who does."""
    if choice.declared:
        if columns.datum and columns.datum != choice.declared:
            warnings.append(
                f"a header names {columns.datum}, but {choice.declared} was declared: taken as "
                f"{choice.declared}"
            )
        return choice.declared, "caller"
    if columns.datum:
        return columns.datum, "header"
    return (table.datum, "format") if table.datum else ("", "")


def _undeclared(
    table: RawTable,
    choice: DatumChoice,
    evidence: Mapping[str, Any],
    positions: tuple[FloatArray, FloatArray],
    warnings: list[str],
) -> tuple[str, str]:
    """Return the datum of rows that nothing declares, or refuse."""
    if not in_china(*positions).any():
        return "wgs84", "outside mainland China, where all readings agree"
    if evidence.get("best"):
        warnings.append(f"datum inferred: {evidence['sentence']}")
        return str(evidence["best"]).split("_twice")[0], "evidence"
    if choice.fallback:
        warnings.append(
            f"the datum is not declared{_because(evidence)}: taken as {choice.fallback}; if the "
            "coordinates come from Amap, Tencent or Baidu, they are up to 700 m off"
        )
        return choice.fallback, "assumed"
    raise DatumError(
        f"{table.where()}: the coordinates lie in mainland China and nothing says in which datum: "
        'declare it, datum="gcj02" (Amap 高德, Tencent 腾讯), "bd09" (Baidu 百度) or "wgs84" '
        "(GPS), or add a column 坐标系",
        code="datum_undeclared",
    )


def _because(evidence: Mapping[str, Any]) -> str:
    """Return why the streets could not tell."""
    return f" and {evidence['sentence']}" if evidence else ""


def _doubts(datum: ObjectArray, evidence: Mapping[str, Any], by: str) -> list[str]:
    """Return a warning where the streets speak against the datum taken."""
    best = str(evidence.get("best", ""))
    taken = {code.replace("cgcs2000", "wgs84") for code in set(datum)}
    if not best or (taken == {best} and by != "evidence") or taken == {best} or len(taken) > 1:
        return []
    return [f"the coordinates were read as {taken.pop()}, but {evidence['sentence']}"]
