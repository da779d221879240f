"""GeoParquet, and plain Parquet with columns for the position, to raw tables."""

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from geodata.cell_text import cell_text
from geodata.errors import FileFormatError, LimitError
from geodata.raw import ObjectArray, RawTable
from geodata.shapes import in_degrees, shape_table, shapes_of_wkb

#: Limits: rows, and bytes unpacked.
MAX_ROWS, MAX_UNPACKED = 5_000_000, 1024 * 1024 * 1024


def read_parquet(data: bytes, where: str) -> RawTable:
    """Return the table of a Parquet file.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Its name, for messages.

    Returns
    -------
    RawTable
        ``line`` counts rows from 1; ``geometry`` holds the shapes in WGS-84 where there are any.

    Raises
    ------
    FileFormatError
        If it is damaged, or its shapes are not in WKB (``bad_parquet``).
    LimitError
        If it has more than five million rows or unpacks to more than 1 GB.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        _check(file, where)
        table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileFormatError(
            f"{where}: the Parquet file is damaged ({str(error)[:100]}); save it again",
            code="bad_parquet",
        ) from error
    geo = _geo(table, where)
    if not geo:
        return _table(table, where, None)
    column = str(geo["primary_column"])
    details = geo["columns"][column]
    if details.get("encoding") != "WKB":
        raise FileFormatError(
            f"{where}: expected shapes in WKB, got {details.get('encoding')!r}; save it as "
            "GeoParquet 1.0",
            code="bad_parquet",
        )
    shapes, rejects = shapes_of_wkb(table.column(column).to_pylist())
    crs = details.get("crs", "")
    shapes, datum = in_degrees(shapes, json.dumps(crs) if isinstance(crs, dict) else crs, where)
    raw = _table(table.drop_columns([column]), where, shapes)
    notes = {"format": "GeoParquet"}
    return shape_table(replace(raw, rejects=rejects, datum=datum, geometry=shapes, notes=notes))


def _check(file: pq.ParquetFile, where: str) -> None:
    """Refuse a file that unpacks to too much."""
    meta = file.metadata
    size = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
    if meta.num_rows > MAX_ROWS or size > MAX_UNPACKED:
        raise LimitError(
            f"{where}: {meta.num_rows} rows, {size} bytes unpacked; at most {MAX_ROWS} rows and "
            f"{MAX_UNPACKED} bytes are read",
            code="file_too_large",
        )


def _geo(table: pa.Table, where: str) -> dict[str, Any]:
    """Return the geographic metadata, empty where there is none."""
    raw = (table.schema.metadata or {}).get(b"geo")
    if raw is None:
        return {}
    try:
        geo = json.loads(raw)
        return dict(geo) if geo["columns"][geo["primary_column"]] is not None else {}
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{where}: the GeoParquet metadata is damaged; save it again", code="bad_parquet"
        ) from error


def _table(table: pa.Table, where: str, shapes: ObjectArray | None) -> RawTable:
    """Return the columns as text; the covering box of GeoParquet 1.1 is left out."""
    names = [n for n in table.column_names if not (shapes is not None and n == "bbox")]
    names = [n for n in names if not n.startswith("__index_level_")]
    columns = [[cell_text(value) for value in table.column(name).to_pylist()] for name in names]
    cells = np.array(columns, dtype=object).reshape(len(names), table.num_rows).T
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return RawTable(where, "", tuple(names), cells, lines, notes={"format": "Parquet"})
