"""The door: a file's bytes to raw tables. The kind of file is told from its bytes, not its name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from geodata.csv_table import read_csv
from geodata.errors import FileFormatError, LimitError
from geodata.geojson_table import read_geojson
from geodata.geopackage import read_geopackage
from geodata.parquet_table import read_parquet
from geodata.raw import RawTable
from geodata.shapefile import MAGIC as SHP_MAGIC, read_loose, read_zip
from geodata.xlsx_table import read_xlsx

#: The largest file read (bytes).
MAX_BYTES = 200 * 1024 * 1024

_SQLITE, _ZIP, _PARQUET = b"SQLite format 3\0", b"PK\x03\x04", b"PAR1"
_GPKG_IDS = (b"GPKG", b"GP10", b"GP11")

#: What other files begin with, and what to say of them.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls); save it as .xlsx", "old_excel"),
    (b"%PDF", "a PDF; export the table as .xlsx or .csv", "not_a_table"),
    (b"\x1f\x8b", "a gzip archive; unpack it first", "not_a_table"),
    (b"Rar!", "a RAR archive; unpack it first", "not_a_table"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first", "not_a_table"),
    (b"\x89PNG", "a picture", "not_a_table"),
    (b"\xff\xd8\xff", "a picture", "not_a_table"),
)
_MARKUP = (b"<", b"\xef\xbb\xbf<")


def read_tables(path: Path | str, words: Mapping[str, Sequence[str]]) -> list[RawTable]:
    """Return the raw tables of a file.

    CSV, GeoJSON, XLSX, GeoPackage and Parquet are read without GDAL; GDAL reads Shapefiles only,
    from memory, after their first bytes were checked. Nothing is fetched and no other file is
    opened, whatever the content names.

    Parameters
    ----------
    path : path
        A local file.
    words : mapping of str to sequence of str
        Our columns and their synonyms.

    Returns
    -------
    list of RawTable
        At least one.

    Raises
    ------
    FileFormatError
        If it is missing, empty, damaged or no table.
    LimitError
        If it passes a limit.
    """
    file = Path(path)
    data = read_bytes(file)
    _refuse_others(data, file.name)
    if data.startswith(_ZIP):
        return _zipped(data, file.name, words)
    return _geopackage(data, file) if data.startswith(_SQLITE) else [_single(data, file, words)]


def read_bytes(file: Path) -> bytes:
    """Return the bytes of a file, or say why not.

    Parameters
    ----------
    file : Path
        A local file.

    Returns
    -------
    bytes
        All of them, at least one.

    Raises
    ------
    FileFormatError
        If it is missing (``no_such_file``), not to be read, or empty (``empty_file``).
    LimitError
        If it is larger than 200 MB (``file_too_large``).
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise FileFormatError(f"{file.name}: the file {what}; check the path", code="no_such_file")
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise LimitError(
            f"{file.name}: {size} bytes; at most {MAX_BYTES} are read", code="file_too_large"
        )
    if size == 0:
        raise FileFormatError(
            f"{file.name}: the file is empty; expected a table of places", code="empty_file"
        )
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileFormatError(
            f"{file.name}: the file cannot be read ({error.strerror})", code="no_such_file"
        ) from error


def _refuse_others(data: bytes, where: str) -> None:
    """Refuse files of known kinds that are no tables, markup (HTML, VRT, KML) among them."""
    for start, what, code in _OTHERS:
        if data.startswith(start):
            raise FileFormatError(f"{where}: this is {what}", code=code)
    if data.lstrip()[:4].startswith(_MARKUP):
        shown = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:30].decode("utf-8", "replace")
        raise FileFormatError(
            f"{where}: expected a table, found markup that begins with {shown!r}; was an error "
            "page, a VRT or a KML saved under this name?",
            code="not_a_table",
        )


def _geopackage(data: bytes, file: Path) -> list[RawTable]:
    """Return the layers of a GeoPackage, told from other SQLite files by its application id."""
    old = data[68:72] == b"\0\0\0\0" and file.suffix.lower() == ".gpkg"
    if data[68:72] not in _GPKG_IDS and not old:
        raise FileFormatError(
            f"{file.name}: an SQLite file, but no GeoPackage; export it as .gpkg",
            code="bad_geopackage",
        )
    return read_geopackage(file)


def _zipped(data: bytes, where: str, words: Mapping[str, Sequence[str]]) -> list[RawTable]:
    """Return the tables of a workbook, told by its parts or its name, or of a zipped Shapefile."""
    parts = (b"[Content_Types].xml", b"xl/workbook", b"xl/worksheets")
    if where.lower().endswith(".xlsx") or any(part in data for part in parts):
        return read_xlsx(data, where, words)
    return [read_zip(data, where)]


def _single(data: bytes, file: Path, words: Mapping[str, Sequence[str]]) -> RawTable:
    """Return the table of a file that holds one: Parquet, Shapefile, GeoJSON, else CSV."""
    if data.startswith(_PARQUET):
        return read_parquet(data, file.name)
    if data.startswith(SHP_MAGIC):
        return read_loose(file)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in {b"{", b"["} or file.suffix.lower() in {".geojson", ".json"}:
        return read_geojson(data, file.name)
    return read_csv(data, file.name, words)
