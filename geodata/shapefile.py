"""Zipped Shapefiles to raw tables: GDAL sees only the members that a Shapefile has, in memory."""

import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from geodata.archive import check_archive
from geodata.cell_text import cell_text
from geodata.dbase import whole_characters
from geodata.encoding import decode
from geodata.errors import FileFormatError
from geodata.raw import RawTable
from geodata.shapes import in_degrees, shape_table, shapes_of_wkb

#: The first bytes of every .shp (file code 9994).
MAGIC = b"\x00\x00\x27\x0a"

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def read_zip(data: bytes, where: str) -> RawTable:
    """Return the table of a zipped Shapefile.

    Parameters
    ----------
    data : bytes
        The archive: one Shapefile, in a folder or not.
    where : str
        Its name, for messages.

    Returns
    -------
    RawTable
        ``line`` counts features from 1; ``geometry`` holds the shapes in WGS-84.

    Raises
    ------
    FileFormatError
        If it holds no Shapefile or more than one, or is damaged (``bad_shapefile``), or is not
        safe to unpack (``zip_slip`` …).
    LimitError
        If it is a bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_archive(archive, where)
            stems = sorted(
                name[:-4]
                for name in archive.namelist()
                if name.lower().endswith(".shp") and "__MACOSX" not in name
            )
            if len(stems) != 1:
                raise FileFormatError(
                    f"{where}: expected one Shapefile in the archive, found {len(stems)}",
                    code="bad_shapefile",
                )
            parts = {
                PurePosixPath(name).suffix.lower(): archive.read(name)
                for name in archive.namelist()
                if name[:-4] == stems[0] and name[-4:].lower() in _PARTS
            }
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise FileFormatError(
            f"{where}: the archive is damaged ({error}); pack it again", code="bad_shapefile"
        ) from error
    return _read(parts, where)


def read_loose(path: Path) -> RawTable:
    """Return the table of a Shapefile that lies unpacked beside its parts.

    Parameters
    ----------
    path : Path
        The ``.shp``.

    Returns
    -------
    RawTable
        As in `read_zip`.

    Raises
    ------
    FileFormatError
        If a part is missing or damaged (``bad_shapefile``).
    """
    parts = {
        file.suffix.lower(): file.read_bytes()
        for file in sorted(path.parent.iterdir())
        if file.suffix.lower() in _PARTS and file.stem == path.stem
    }
    return _read(parts, path.name)


def _read(parts: dict[str, bytes], where: str) -> RawTable:
    """Return the table of a Shapefile's parts."""
    missing = [part for part in _PARTS[:3] if part not in parts]
    if missing or not parts[".shp"].startswith(MAGIC):
        raise FileFormatError(
            f"{where}: expected a Shapefile with .shp, .shx and .dbf, "
            + (f"missing {', '.join(missing)}" if missing else "the .shp is none"),
            code="bad_shapefile",
        )
    fields, columns, blobs = _gdal(parts, where)
    shapes, rejects = shapes_of_wkb(blobs)
    prj = parts.get(".prj")
    crs = prj.decode("utf-8", "replace").strip("\0 \r\n") if prj else None
    shapes, datum = in_degrees(shapes, crs or None, where)
    cells = np.array([[cell_text(v) for v in column] for column in columns], dtype=object)
    table = RawTable(
        file=where,
        sheet="",
        header=tuple(fields),
        cells=cells.reshape(len(fields), len(blobs)).T,
        line=np.arange(1, len(blobs) + 1, dtype=np.int64),
        rejects=rejects,
        datum=datum,
        geometry=shapes,
        notes={"format": "Shapefile", "crs": (crs or "none")[:80]},
    )
    return shape_table(table)


def _gdal(parts: dict[str, bytes], where: str) -> tuple[list[str], list[Any], list[Any]]:
    """Return field names, columns and WKB, as GDAL reads them from memory."""
    from pyogrio import raw  # noqa: PLC0415  GDAL is loaded only where a Shapefile is read
    from pyogrio.errors import DataSourceError  # noqa: PLC0415

    packed, encoding = io.BytesIO(), _encoding(parts, where)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for suffix, data in parts.items():
            if suffix in _PARTS[:3]:
                whole = whole_characters(data, encoding) if suffix == ".dbf" else data
                archive.writestr(f"layer{suffix}", whole)
    try:
        meta, _, blobs, columns = raw.read(packed.getvalue(), encoding=encoding)
    except (DataSourceError, ValueError, RuntimeError) as error:
        raise FileFormatError(
            f"{where}: the Shapefile is damaged ({str(error)[:100]}); save it again",
            code="bad_shapefile",
        ) from error
    return [str(name) for name in meta["fields"]], list(columns), list(blobs)


def _encoding(parts: dict[str, bytes], where: str) -> str:
    """Return the encoding of the texts: what the .cpg says, else UTF-8 or GB18030."""
    stated = parts.get(".cpg", b"").decode("ascii", "ignore").strip().upper()
    if stated:
        return {"936": "GBK", "CP936": "GBK", "UTF8": "UTF-8", "65001": "UTF-8"}.get(stated, stated)
    body = bytes(byte for byte in parts[".dbf"][32:] if byte)
    try:
        return {"UTF-8": "UTF-8"}.get(decode(body, where).encoding, "GB18030")
    except FileFormatError:
        return "GB18030"
