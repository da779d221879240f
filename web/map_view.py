"""Where a map begins, and how far it goes."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np

from geodata.model import FloatArray
from web.map_data import MapRequest
from web.map_streets import StreetLines


def view_of(request: MapRequest) -> dict[str, Any]:
    """Return what to show first and how far the map may be moved.

    Parameters
    ----------
    request : MapRequest
        What the map draws.

    Returns
    -------
    dict
        ``bounds``: west, south, east, north of the chosen district, else of all districts, else of
        the stations and what they cover; ``limits``: of everything; ``gcj02``: whether these are
        GCJ-02.
    """
    places = _point_box(request)
    whole = [_box(request.regions)] if len(request.regions) else [_box(request.covered), places]
    chosen = _chosen(request)
    first = [_box(chosen)] if len(chosen) else whole
    every = [*whole, places, _box(request.gaps), _box(request.covered)]
    return {
        "bounds": _around(request, first) or _around(request, every),
        "limits": _around(request, every),
        "gcj02": request.in_gcj02,
    }


def _chosen(request: MapRequest) -> gpd.GeoDataFrame:
    """Return the region that the map is to begin with, as a table of one row or none."""
    if not request.page.district or not len(request.regions):
        return request.regions.iloc[:0]
    return request.regions[request.regions["id"].astype(str) == request.page.district]


def _box(frame: gpd.GeoDataFrame) -> FloatArray:
    """Return west, south, east, north of shapes; NaN where there are none."""
    empty = not len(frame) or bool(frame.geometry.is_empty.all())
    return np.full(4, np.nan) if empty else np.asarray(frame.total_bounds, dtype=np.float64)


def _point_box(request: MapRequest) -> FloatArray:
    """Return west, south, east, north of the stations; of the streets where there are none."""
    if not len(request.stations):
        return _street_box(request.streets)
    xy = request.stations[["lon", "lat"]].to_numpy(dtype=float)
    return np.concatenate([xy.min(axis=0), xy.max(axis=0)])


def _around(request: MapRequest, boxes: Sequence[FloatArray]) -> list[float]:
    """Return the box around boxes as it is drawn, empty if there is none."""
    known = np.array([box for box in boxes if np.isfinite(box).all()]).reshape(-1, 4)
    if not len(known):
        return []
    corners = np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])
    moved = request.place(corners[[0, 2]], corners[[1, 3]]).ravel()
    return [round(float(v), 5) for v in moved]


def _street_box(streets: StreetLines) -> FloatArray:
    """Return the bounds of the streets, or of Nanchang where there is nothing at all."""
    if not len(streets.segments):
        return np.array([115.7, 28.5, 116.1, 28.8])
    xy = streets.segments.reshape(-1, 2)
    return np.concatenate([xy.min(axis=0), xy.max(axis=0)])
