"""Frames as GeoJSON (RFC 7946): WGS-84, longitude first, 6 decimals, nothing that is not finite."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import shapely

_DIGITS = 6


def _rounded(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return coordinates with 6 decimals."""
    return coordinates.round(_DIGITS)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: no NaN, no numpy, no missing but None.

    Parameters
    ----------
    value : Any
        A cell of a frame.

    Returns
    -------
    Any
        None, bool, int, float, str, list or dict.

    Examples
    --------
    >>> plain(np.float64("nan")), plain(np.int32(3)), plain(("a", "b"))
    (None, 3, ['a', 'b'])
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | bool) else None


def features(
    frame: gpd.GeoDataFrame, properties: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return GeoJSON features for `orjson.dumps`.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    properties : sequence of mapping
        Plain values, one mapping a row; a member ``id`` becomes the feature's as well.

    Returns
    -------
    list of dict
        Geometries are `orjson.Fragment`; a missing or empty one is null.
    """
    shapes = shapely.transform(frame.geometry.to_numpy(), _rounded)
    texts = shapely.to_geojson(shapes)
    empty = shapely.is_empty(shapes) | shapely.is_missing(shapes)
    made: list[dict[str, Any]] = []
    for text, nothing, values in zip(texts, empty, properties, strict=True):
        feature: dict[str, Any] = {"type": "Feature"}
        if values.get("id") is not None:
            feature["id"] = values["id"]
        feature["geometry"] = None if nothing else orjson.Fragment(text)
        feature["properties"] = dict(values)
        made.append(feature)
    return made


def records(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows without their geometry.

    Parameters
    ----------
    frame : GeoDataFrame
        Any.

    Returns
    -------
    list of dict
        Plain values by column.
    """
    table = frame.drop(columns=frame.geometry.name)
    names = [str(name) for name in table.columns]
    columns = [[plain(value) for value in table[name].tolist()] for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
