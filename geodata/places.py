"""Positions of table rows: from cells to checked WGS-84."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from geodata.datum import in_china, to_wgs84
from geodata.declared import DatumChoice, datum_missing, row_datums, settle_datum
from geodata.degrees import parse_degrees, split_pair
from geodata.raw import Columns, RawTable, Reject

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]

_FULL_TURN, _QUARTER = 180.0, 90.0

#: From this share of swapped rows on, the whole file is said to be swapped.
WHOLE_FILE = 0.9


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
    row_datum, unknown = row_datums(table, columns)
    placed_badly = {reject.row for reject in rejects}
    rejects += [reject for reject in unknown if reject.row not in placed_badly]
    if choice.silent(table, columns) and (row_datum != "").any():
        settled = {reject.row for reject in rejects}
        settled |= {int(line) for line in table.line[~_in_china(x, y)]}
        rejects += datum_missing(table, columns, row_datum, settled)
    bad_lines = {reject.row for reject in rejects}
    keep = np.array([int(line) not in bad_lines for line in table.line], np.bool_)
    report: dict[str, Any] = {"warnings": _swapped_file(rejects, len(keep))}
    datum, report["datum"] = settle_datum(table, columns, choice, (x, y, keep, row_datum))
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
    return np.asarray(_in_china(y, x) & ~_in_china(x, y), np.bool_)


def _in_china(x: FloatArray, y: FloatArray) -> BoolArray:
    """Tell which positions lie in mainland China; those that are no numbers do not."""
    sure = np.isfinite(x) & np.isfinite(y)
    return np.asarray(sure & in_china(np.where(sure, x, 0), np.where(sure, y, 0)), np.bool_)


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
