"""Frames to files for people (CSV, XLSX, GeoJSON, GeoPackage, GeoParquet), swapped in whole.

Cells that a spreadsheet would run as a formula (they begin with ``= + - @``, a tab or a return)
get an apostrophe in front in CSV and XLSX; `geodata.cells.clean` takes it off again on import.
"""

import contextlib
import csv
import errno
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import lxml.etree
import numpy as np
import openpyxl
import pandas as pd
import shapely
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from geodata.errors import Fault, ValidationError
from geodata.sheet_widths import column_widths
from geodata.swap import replacing_file

_RISKY = ("=", "+", "-", "@", "\t", "\r")

#: What a cell of a workbook holds at most (characters).
_XLSX_CELL = 32_767

#: Characters that XML, and so XLSX, cannot hold.
_NO_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])

#: Decimals of exported degrees: about a centimetre.
_DECIMALS = 7


@dataclass(frozen=True)
class Notes:
    """What a file says about its table.

    Attributes
    ----------
    titles : mapping of str to str
        Headers for people by column, in CSV and XLSX; other formats keep the columns' names.
    about : sequence of (str, object)
        What to know about the table: a second sheet in XLSX, a member ``about`` in GeoJSON,
        metadata in GeoPackage. CSV and GeoParquet have no place for it.
    layer : str
        Name of the sheet or layer.
    about_layer : str
        Name of the second sheet.
    """

    titles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    about: Sequence[tuple[str, Any]] = ()
    layer: str = "data"
    about_layer: str = "About"


_NO_NOTES = Notes()


def write_table(frame: pd.DataFrame, path: Path | str, notes: Notes = _NO_NOTES) -> Path:
    """Write a frame to a file; the name's ending says in which format.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Shapes in EPSG:4326. CSV and XLSX get ``lon`` and ``lat`` of a point on each shape, CSV
        also ``wkt`` for shapes that are no points.
    path : path
        Ending in ``.csv``, ``.xlsx``, ``.geojson``, ``.gpkg`` or ``.parquet``; an existing file is
        replaced only when the new one is whole.
    notes : Notes, optional
        Headers, and what to know about the table.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ValidationError
        If the ending is none of these, or the format needs shapes and the frame has none.
    InputError
        If the folder does not exist or cannot be written.
    """
    file = Path(path)
    writer = _WRITERS.get(file.suffix.lower())
    if writer is None:
        expected = ", ".join(_WRITERS)
        raise ValidationError.of(
            [Fault("out", f"expected a name ending in {expected}, got {file.name!r}")]
        )
    if file.suffix.lower() in {".geojson", ".gpkg"} and not isinstance(frame, gpd.GeoDataFrame):
        raise ValidationError.of(
            [Fault("out", f"{file.suffix} needs shapes, and this table has none", "use .csv")]
        )
    with replacing_file(file) as beside:
        writer(frame, beside, notes)
    return file


def safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula.

    Parameters
    ----------
    value : object
        A text or any other value.

    Returns
    -------
    object
        A text that begins with ``= + - @``, tab or return with an apostrophe in front; everything
        else as it is.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("驿站"), safe_cell(-3.5)
    ("'=1+1", '驿站', -3.5)
    """
    if isinstance(value, str) and value.lstrip(" ").startswith(_RISKY):
        return "'" + value
    return value


def _flat(frame: pd.DataFrame, *, wkt: bool) -> pd.DataFrame:
    """Return the frame with its shapes as columns of numbers and text."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    shapes = np.asarray(frame.geometry.array, dtype=object)
    flat = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    points = shapely.get_type_id(shapes) == 0
    inner = np.where(points, shapes, shapely.point_on_surface(shapes))
    if "lon" not in flat.columns and "lat" not in flat.columns:
        flat["lon"] = np.round(shapely.get_x(inner), _DECIMALS)
        flat["lat"] = np.round(shapely.get_y(inner), _DECIMALS)
    if wkt and not points.all():
        flat["wkt"] = shapely.to_wkt(shapes, rounding_precision=_DECIMALS)
    return flat


def _plain(value: Any) -> Any:
    """Return a value of Python's own types, None for missing."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or (not isinstance(value, (str, list, tuple, dict)) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value


def _rows(frame: pd.DataFrame, titles: Mapping[str, str] = _NO_NOTES.titles) -> list[list[Any]]:
    """Return the header and the rows as lists of plain values."""
    body = [[_plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return [[titles.get(str(name), str(name)) for name in frame.columns], *body]


def _write_csv(frame: pd.DataFrame, path: Path, notes: Notes) -> None:
    """Write CSV in UTF-8 with the mark that spreadsheets need for Chinese."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in _rows(_flat(frame, wkt=True), notes.titles):
        writer.writerow(["" if value is None else safe_cell(value) for value in row])
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def _write_xlsx(frame: pd.DataFrame, path: Path, notes: Notes) -> None:
    """Write a workbook of one sheet, and a second one if there is something to say about it."""

    def fill(book: openpyxl.Workbook) -> None:
        rows = _rows(_flat(frame, wkt=False), notes.titles)
        fill_sheet(book.create_sheet(notes.layer), rows, headed=True)
        if notes.about:
            fill_sheet(book.create_sheet(notes.about_layer), [list(row) for row in notes.about])

    path.write_bytes(workbook_bytes(fill))


def workbook_bytes(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    """Return a workbook as the bytes of an XLSX file.

    Parameters
    ----------
    fill : callable
        Given a write-only workbook without sheets; what it writes goes through `workbook_cell`.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    OSError
        If there is no room for openpyxl's temporary files; none is left behind.
    """
    book = openpyxl.Workbook(write_only=True)
    packed = io.BytesIO()  # a ZipFile that cannot be closed on a full disk prints a traceback
    try:
        fill(book)
        book.save(packed)
    except (OSError, lxml.etree.SerialisationError) as error:
        for sheet in book.worksheets:  # openpyxl leaves its own temporary files behind
            for leave in ("xf.close", "cleanup"):  # it has no other door
                with contextlib.suppress(OSError, ValueError, AttributeError, lxml.etree.LxmlError):
                    attrgetter(leave)(sheet._writer)()  # noqa: SLF001
        if not isinstance(error, OSError):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
    return packed.getvalue()


def fill_sheet(sheet: Any, rows: list[list[Any]], *, headed: bool = False) -> None:
    """Write rows to a write-only sheet whose columns are as wide as what stands in them.

    Parameters
    ----------
    sheet : openpyxl.worksheet.WriteOnlyWorksheet
        Nothing was written to it yet.
    rows : list of list
        Values; each goes through `workbook_cell`.
    headed : bool, optional
        The first row is a header: bold, and it stays in sight.
    """
    for place, width in enumerate(column_widths(rows), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    if headed:
        sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        cells = [workbook_cell(value) for value in row]
        sheet.append([_bold(sheet, cell) for cell in cells] if headed and not number else cells)


def _bold(sheet: Any, value: Any) -> WriteOnlyCell:
    """Return a cell of a header."""
    cell = WriteOnlyCell(sheet, value)
    cell.font = Font(bold=True)
    return cell


def workbook_cell(value: Any) -> Any:
    """Return a value that a workbook can hold, and that no spreadsheet runs as a formula.

    Parameters
    ----------
    value : object
        A text, a number, None, a list or a dict.

    Returns
    -------
    object
        Lists and dicts as JSON text; texts as `safe_cell` has them, without characters that XML
        cannot hold, and not longer than a cell may be.

    Examples
    --------
    >>> workbook_cell("=1+1"), workbook_cell(["rest"]), workbook_cell(3)
    ("'=1+1", '["rest"]', 3)
    """
    if isinstance(value, (list, tuple, dict)):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return str(safe_cell(value.translate(_NO_XML)))[:_XLSX_CELL]
    return value


def _write_geojson(frame: pd.DataFrame, path: Path, notes: Notes) -> None:
    """Write GeoJSON (RFC 7946): outer rings anticlockwise, inner ones clockwise."""
    shapes = np.asarray(frame["geometry"].array, dtype=object)
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, _DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(rounded))
    flat = pd.DataFrame(frame.drop(columns="geometry"))
    header, *rows = _rows(flat)
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(header, row, strict=True)),
            "geometry": None if text is None else json.loads(text),
        }
        for row, text in zip(rows, texts, strict=True)
    ]
    collection = {
        "type": "FeatureCollection",
        **({"about": dict(notes.about)} if notes.about else {}),
        "features": features,
    }
    path.write_text(json.dumps(collection, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _columns_for_files(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with lists as JSON text, which files of columns can hold."""
    changed = frame.copy()
    changed.attrs = {}
    for name in frame.columns:
        if frame[name].dtype == object:
            changed[name] = [
                json.dumps(value, ensure_ascii=False)
                if isinstance(value, (list, tuple, dict))
                else value
                for value in frame[name]
            ]
    return changed


def _write_gpkg(frame: pd.DataFrame, path: Path, notes: Notes) -> None:
    """Write a GeoPackage of one layer."""
    more: dict[str, Any] = {"dataset_metadata": dict(notes.about)} if notes.about else {}
    if frame.empty:  # no shape tells the type
        more["geometry_type"] = "Unknown"
    try:
        gpd.GeoDataFrame(_columns_for_files(frame)).to_file(
            path, layer=notes.layer, driver="GPKG", engine="pyogrio", **more
        )
    except RuntimeError as error:  # what pyogrio raises for whatever GDAL could not do
        raise OSError(errno.EIO, "GDAL stopped; is the disk full?") from error


def _write_parquet(frame: pd.DataFrame, path: Path, notes: Notes) -> None:
    """Write GeoParquet, or Parquet where there are no shapes."""
    del notes
    _columns_for_files(frame).to_parquet(path, index=False)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path, Notes], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".geojson": _write_geojson,
    ".gpkg": _write_gpkg,
    ".parquet": _write_parquet,
}
