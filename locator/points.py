"""What was given as points, as an array of degrees."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geodata.errors import Fault, InputError, ValidationError
from geodata.model import FloatArray


def as_lonlat(points: npt.ArrayLike | gpd.GeoSeries | gpd.GeoDataFrame) -> FloatArray:
    """Return places as an array of WGS-84 degrees.

    Parameters
    ----------
    points : array_like (p, 2), GeoSeries or GeoDataFrame
        ``lon, lat``; frames need a CRS.

    Returns
    -------
    array (p, 2) of float64
        ``lon, lat``.

    Raises
    ------
    InputError
        If a frame has no CRS, holds something else than points, or the shape is not (p, 2).
    """
    array = _coordinates(points)
    if array.ndim != 2 or array.shape[1] != 2:  # noqa: PLR2004  lon, lat
        raise InputError(f"expected points of shape (p, 2) as lon, lat, got {array.shape}")
    faults = [
        Fault(f"point {row}", f"lon {array[row, 0]}, lat {array[row, 1]} is not a place on earth")
        for row in np.flatnonzero(
            ~((np.abs(array[:, 0]) <= 180) & (np.abs(array[:, 1]) <= 90))  # noqa: PLR2004
        )[:10]
    ]
    if faults:
        raise ValidationError.of(faults, code="out_of_range")
    return array


def _coordinates(points: npt.ArrayLike | gpd.GeoSeries | gpd.GeoDataFrame) -> FloatArray:
    """Return what was given as points as an array of numbers, whatever its shape."""
    if not isinstance(points, gpd.GeoSeries | gpd.GeoDataFrame):
        try:
            return np.asarray(points, np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"expected points as pairs of numbers lon, lat: {error}") from error
    if points.crs is None:
        raise InputError(
            "the points have no coordinate reference system; set it, e.g. .set_crs(4326)",
            code="no_crs",
        )
    shapes = points.geometry.to_crs(4326)
    if not (shapes.geom_type == "Point").all():
        raise InputError("expected points, got other geometries; use .representative_point()")
    return np.column_stack((shapes.x.to_numpy(), shapes.y.to_numpy()))


def check_rows(rows: Sequence[int], places: int, stations: int) -> None:
    """Refuse rows of the station table that do not fit the places or the table.

    Parameters
    ----------
    rows : sequence of int
        One a place; -1 for none.
    places, stations : int
        How many there are.

    Raises
    ------
    InputError
        If there is not one row a place, or a row is not in the table.
    """
    if len(rows) != places:
        raise InputError(f"expected one station a place: {places} places, {len(rows)} stations")
    strange = [int(row) for row in rows if not -1 <= row < stations]
    if strange:
        raise InputError(f"expected rows of the station table below {stations}, got {strange[:10]}")
