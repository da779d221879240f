"""Raw tables with shapes to regions: an id, a name, an area in WGS-84."""

from collections.abc import Mapping, Sequence
from itertools import compress

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.cells import whole_number_text
from geodata.datum import to_wgs84
from geodata.errors import FileFormatError
from geodata.raw import RawTable, Reject, match_columns

#: Headers of a name that only a table of regions has.
_NAMES = (
    "name_zh", "name:zh", "NAME_3", "区县名称", "县区名称", "区名", "县名", "县市名称", "市",
    "行政区名称", "区划名称", "行政区划名称", "乡镇", "乡镇名称", "街道", "街道名称", "社区",
    "社区名称", "网格名称", "片区", "片区名称", "城市", "城市名称", "xzqmc", "region",
    "region name", "district name",
)  # fmt: skip
_ID_WORDS = ("adcode", "id")
_CODE_LENGTHS = {9: slice(3, 9), 12: slice(0, 6)}


def region_columns(words: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the header words of the columns that a table of regions has.

    Parameters
    ----------
    words : mapping of str to sequence of str
        All header words.

    Returns
    -------
    dict
        ``id``, ``name``, ``adcode`` and the position.
    """
    names = (*words.get("name", ()), *words.get("district", ()), *_NAMES)
    chosen: dict[str, Sequence[str]] = {c: words.get(c, ()) for c in ("lon", "lat", "id")}
    return chosen | {"name": names, "adcode": (*words.get("adcode", ()), "pac", "xzqdm", "gb code")}


def clean_regions(
    tables: Sequence[RawTable], words: Mapping[str, Sequence[str]], datum: str
) -> tuple[gpd.GeoDataFrame, list[Reject]]:
    """Return the regions of raw tables.

    Parameters
    ----------
    tables : sequence of RawTable
        With shapes.
    words : mapping of str to sequence of str
        Header words, from `region_columns`.
    datum : str
        Code of the datum that the shapes are in; ``""`` for what the format says.

    Returns
    -------
    regions : GeoDataFrame
        ``id, name, geometry``, EPSG:4326. An id is the adcode (six digits) where there is one.
    rejects : list of Reject
        Rows without an area.

    Raises
    ------
    FileFormatError
        If the file holds no shapes (``no_shapes``).
    """
    ids: list[str] = []
    names: list[str] = []
    shapes: list[shapely.Geometry] = []
    rejects: list[Reject] = []
    for table in tables:
        if table.geometry is None:
            raise FileFormatError(
                f"{table.where()}: expected areas (GeoJSON, GeoPackage, GeoParquet or a zipped "
                "Shapefile), found a table without shapes",
                code="no_shapes",
            )
        area = np.isin(shapely.get_type_id(table.geometry), (3, 6))
        rejects += [*table.rejects, *_no_area(table, ~area)]
        columns = match_columns(table.header, words).position
        at = next((columns[word] for word in _ID_WORDS if word in columns), None)
        ids += [_code(text) for text in compress(table.texts(at), area)]
        names += compress(table.texts(columns.get("name")), area)
        shapes += list(_in_wgs84(table.geometry[area], datum))
    frame = {"id": pd.Series(ids, dtype="str"), "name": pd.Series(names, dtype="str")}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326"), rejects


def _code(text: str) -> str:
    """Return an id as text; 9- and 12-digit codes of the mainland's counties as 6-digit adcodes."""
    code = whole_number_text(text)
    if code.isdigit() and len(code) in _CODE_LENGTHS:
        short = code[_CODE_LENGTHS[len(code)]]
        if (len(code) == 9 and code.startswith("156")) or code.endswith("000000"):  # noqa: PLR2004  GB/T 2659 country code and county code
            return short
    return code


def _no_area(table: RawTable, rows: npt.NDArray[np.bool_]) -> list[Reject]:
    """Return rejects for rows whose shape is no area."""
    shapes = table.geometry if table.geometry is not None else np.empty(0, object)
    return [
        Reject(
            int(table.line[row]),
            "geometry",
            "geometry_type",
            f"expected a Polygon or MultiPolygon, got {shapes[row].geom_type}",
            "draw the region as an area",
        )
        for row in np.flatnonzero(rows)
    ]


def _in_wgs84(shapes: npt.NDArray[np.object_], datum: str) -> npt.NDArray[np.object_]:
    """Return shapes moved to WGS-84."""
    if not datum:
        return shapes

    def moved(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], datum))

    return np.asarray(shapely.transform(shapes, moved), dtype=object)
