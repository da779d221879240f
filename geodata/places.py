"""Positions of table rows: from cells to checked WGS-84, with the datum declared or inferred.

A datum is declared per row (a 坐标系 column), by the caller, by a header (``lng_gcj02``) or by the
format (a CRS). Without any declaration it is inferred from the streets where they are given, and
flagged with the evidence; else it is an error: GCJ-02 taken for WGS-84 is wrong by 300-600 m.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.cells import clean
from geodata.datum import find_datum, in_china, to_wgs84
from geodata.degrees import parse_degrees, split_pair
from geodata.errors import DatumError
from geodata.evidence import DatumEvidence
from geodata.raw import Columns, RawTable, Reject

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]

_FULL_TURN, _QUARTER = 180.0, 90.0

#: From this share of swapped rows on, the whole file is said to be swapped.
WHOLE_FILE = 0.9

#: Rows needed before the file as a whole is judged.
_ENOUGH = 3


@dataclass(frozen=True)
class Placed:
    """Where the rows of a table lie.

    Attributes
    ----------
    keep : array (n,) of bool
        Rows that have a usable position.
    lon, lat : array (n,) of float64
        WGS-84; NaN where not kept.
    original_lon, original_lat : array (n,) of float64
        As received.
    datum : array (n,) of object
        Datum of each row as received.
    rejects : tuple of Reject
        One for each row not kept.
    report : dict
        ``datum`` (declared, by, evidence) and ``warnings``.
    """

    keep: BoolArray
    lon: FloatArray
    lat: FloatArray
    original_lon: FloatArray
    original_lat: FloatArray
    datum: ObjectArray
    rejects: tuple[Reject, ...]
    report: Mapping[str, Any] = field(default_factory=dict)


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


def place_rows(table: RawTable, columns: Columns, choice: DatumChoice) -> Placed:
    """Return where the rows of a table lie.

    Parameters
    ----------
    table : RawTable
        The table.
    columns : Columns
        Which column is which; ``lon`` and ``lat``, or ``lonlat``, must be there.
    choice : DatumChoice
        What the caller knows.

    Returns
    -------
    Placed
        Every row is kept or rejected with its reason.

    Raises
    ------
    DatumError
        If nothing declares the datum, rows lie in mainland China and no fallback is allowed.
    """
    texts = _coordinate_texts(table, columns)
    x, y = (np.array([parse_degrees(text) for text in side], np.float64) for side in texts)
    rejects = _bad_coordinates(table, columns, texts, (x, y))
    row_datum, unknown = _row_datums(table, columns)
    placed_badly = {reject.row for reject in rejects}
    rejects += [reject for reject in unknown if reject.row not in placed_badly]
    bad_lines = {reject.row for reject in rejects}
    keep = np.array([int(line) not in bad_lines for line in table.line], np.bool_)
    report: dict[str, Any] = {"warnings": _swapped_file(rejects, len(keep))}
    datum, report["datum"] = _settle_datum(table, columns, choice, (x, y, keep, row_datum))
    report["warnings"] += report["datum"].pop("warnings")
    lon, lat = np.full(len(keep), np.nan), np.full(len(keep), np.nan)
    for code in sorted(set(datum[keep])):
        rows = np.flatnonzero(keep & (datum == code))
        lon[rows], lat[rows] = to_wgs84(x[rows], y[rows], code)
    return Placed(keep, lon, lat, x, y, datum, tuple(rejects), report)


def _coordinate_texts(table: RawTable, columns: Columns) -> tuple[list[str], list[str]]:
    """Return the texts of longitude and latitude of every row."""
    at = columns.position
    if "lon" in at and "lat" in at:
        return list(table.cells[:, at["lon"]]), list(table.cells[:, at["lat"]])
    pairs = [split_pair(text) for text in table.cells[:, at["lonlat"]]]
    if "纬经" in table.header[at["lonlat"]] or table.header[at["lonlat"]].lower().startswith("lat"):
        pairs = [(second, first) for first, second in pairs]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _bad_coordinates(
    table: RawTable,
    columns: Columns,
    texts: tuple[list[str], list[str]],
    values: tuple[FloatArray, FloatArray],
) -> list[Reject]:
    """Return a reject for every row without a usable position."""
    x, y = values
    finite = np.isfinite(x) & np.isfinite(y)
    swapped = _swapped(x, y)
    outside = finite & ((np.abs(x) > _FULL_TURN) | (np.abs(y) > _QUARTER))
    nowhere = finite & (x == 0) & (y == 0)
    either = columns.position.get("lonlat", 0)
    names = [table.header[columns.position.get(c, either)] for c in ("lon", "lat")]
    rejects = []
    for row in np.flatnonzero(~finite | swapped | outside | nowhere):
        pair = (texts[0][row].strip(), texts[1][row].strip())
        code, reason, fix = _why(pair, (float(x[row]), float(y[row])), swapped=bool(swapped[row]))
        column = names[1] if np.isfinite(x[row]) and not swapped[row] else names[0]
        shown = ", ".join(pair)
        rejects.append(Reject(int(table.line[row]), column, code, reason, fix, shown))
    return rejects


def _swapped(x: FloatArray, y: FloatArray) -> BoolArray:
    """Tell which positions lie in mainland China only with both numbers swapped."""
    sure = np.isfinite(x) & np.isfinite(y)
    here = in_china(np.where(sure, x, 0), np.where(sure, y, 0))
    there = in_china(np.where(sure, y, 0), np.where(sure, x, 0))
    return np.asarray(sure & there & ~here, np.bool_)


def _why(
    pair: tuple[str, str], value: tuple[float, float], *, swapped: bool
) -> tuple[str, str, str]:
    """Return code, reason and fix for a row without a usable position."""
    shown = f"{value[0]:g}, {value[1]:g}"
    if not all(np.isfinite(value)):
        return _why_no_number(pair, infinite=bool(np.isinf(value).any()))
    if swapped:
        reason = f"longitude {value[0]:g} and latitude {value[1]:g} look swapped"
        fix = "swap them: longitude (经度) comes first"
        return "looks_swapped", reason, fix
    if value == (0.0, 0.0):
        reason = "0, 0 lies in the Atlantic: it stands for no position"
        return "no_position", reason, "look it up"
    reason = f"expected -180 to 180 and -90 to 90 degrees, got {shown}"
    return "out_of_range", reason, "give degrees; projected metres need a CRS"


def _why_no_number(pair: tuple[str, str], *, infinite: bool) -> tuple[str, str, str]:
    """Return code, reason and fix for cells that are no finite numbers."""
    if not pair[0] or not pair[1]:
        reason = "expected a longitude and a latitude, got an empty cell"
        return "coordinate_missing", reason, "fill it"
    if infinite or any(text.lower() == "nan" for text in pair):
        reason = f"expected finite degrees, got {pair[0][:20]}, {pair[1][:20]}"
        return "coordinate_not_finite", reason, "give a number"
    reason = f"expected degrees such as 113.3051, got {pair[0][:30]!r}, {pair[1][:30]!r}"
    return "coordinate_not_a_number", reason, "give decimal degrees"


def _swapped_file(rejects: Sequence[Reject], count: int) -> list[str]:
    """Return a warning where nearly all rows are swapped."""
    swapped = sum(reject.code == "looks_swapped" for reject in rejects)
    if count == 0 or swapped < max(WHOLE_FILE * count, 1):
        return []
    sentence = (
        f"longitude and latitude look swapped in {swapped} of {count} rows: the whole file "
        "seems to hold latitude where longitude (经度) is expected; rename or swap the two columns"
    )
    return [sentence]


def _row_datums(table: RawTable, columns: Columns) -> tuple[ObjectArray, list[Reject]]:
    """Return the datum that each row names (``""`` for none) and rejects for unknown words."""
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


def _settle_datum(
    table: RawTable,
    columns: Columns,
    choice: DatumChoice,
    rows: tuple[FloatArray, FloatArray, BoolArray, ObjectArray],
) -> tuple[ObjectArray, dict[str, Any]]:
    """Return the datum of every row, and how it was settled."""
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
        if column in columns.position:
            cells = table.cells[:, columns.position[column]]
            named = np.array([clean(text) for text in cells], dtype=object)
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
