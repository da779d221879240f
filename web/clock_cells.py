"""Shapes of a week: its gaps, or the 100 m cells with their person-hours, as they may leave."""

from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.demand import spread
from geodata.model import BoolArray, FloatArray
from locator.arrays import sums
from locator.clock import ClockAnswer
from web.clock_answer import Clock
from web.geojson import features, records
from web.service import Service
from web.summaries import Discretion

Geometry = Literal["none", "gaps", "cells"]


def clock_object(service: Service, clock: Clock, geometry: Geometry) -> dict[str, Any]:
    """Return the object that answers a question about a week.

    Parameters
    ----------
    service : Service
        Says how many shapes may be sent, and how coarsely.
    clock : Clock
        The answer.
    geometry : str
        What is drawn: ``gaps``, ``cells`` or ``none``.

    Returns
    -------
    dict
        For `orjson.dumps`: as it may leave; with shapes a GeoJSON FeatureCollection.

    Raises
    ------
    LimitError
        If there are more shapes than may be sent.
    """
    if geometry == "none":
        return clock.shown
    found = clock.found
    service.check_size(len(found.home_cells if geometry == "cells" else found.gaps.id))
    frame = cells_frame(service, clock) if geometry == "cells" else gaps_frame(clock)
    drawn = features(frame, records(frame))
    return {"type": "FeatureCollection", "features": drawn, **clock.shown}


def gaps_frame(clock: Clock) -> gpd.GeoDataFrame:
    """Return the gaps of the week with their shapes, as they may leave.

    Parameters
    ----------
    clock : Clock
        The answer.

    Returns
    -------
    GeoDataFrame
        EPSG:4326.
    """
    shapes = clock.found.gaps.to_geodataframe()
    rows = pd.DataFrame(clock.shown["gaps"], index=shapes.index)
    if not len(rows):
        return shapes
    return gpd.GeoDataFrame(rows, geometry=shapes.geometry.to_numpy(), crs=4326)


def cells_frame(service: Service, clock: Clock) -> gpd.GeoDataFrame:
    """Return the cells of the week, as they may leave.

    Parameters
    ----------
    service : Service
        Says how coarsely, and holds the published cells.
    clock : Clock
        The answer.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, as `ClockAnswer.cell_frame` has it, and ``suppressed``. Exact where homes were
        opened. Else the workers of every published cell are rounded before they are spread, so
        that many cells tell no more of them than one figure would, and the person-hours of each
        cell once more; null with ``suppressed`` where a published cell has too few workers.
    """
    found = clock.found
    frame: gpd.GeoDataFrame = found.cell_frame()
    few = np.zeros(len(frame), np.bool_)
    hours = frame["person_hours"].to_numpy(np.float64, copy=True)
    if found.people is not None and not found.exact:
        rows = found.home_cells
        workers, small = _coarse(service, found, service.discretion)
        step = service.discretion.rounded_to
        told = workers[rows] * frame["hours_uncovered"].to_numpy(np.float64)
        few = small[rows]
        hours = np.where(few, np.nan, np.floor(told / step + 0.5) * step)
    frame["region"] = frame["region"].replace("", None)
    frame["person_hours"] = hours
    frame["suppressed"] = few
    return frame


def _coarse(
    service: Service, found: ClockAnswer, discretion: Discretion
) -> tuple[FloatArray, BoolArray]:
    """Return workers of cells from rounded published cells, and which hold too few (c,), (c,)."""
    group, cells = found.request.group, service.dataset.cells[found.request.who.mode]
    published = service.dataset.people
    people = pd.DataFrame() if published is None else published
    if group is not None:
        people = people[people["group"] == group]
    whole = people.groupby(["layer", "cell"])["workers"].transform("sum").to_numpy(np.float64)
    step = discretion.rounded_to
    rounded = np.floor(whole / step + 0.5) * step
    # each entry keeps its part of its published cell: only the sum of a cell counts when spread
    part = np.divide(people["workers"].to_numpy(np.float64), whole, where=whole > 0, out=whole * 0)
    laid = spread(people.assign(workers=part * rounded), cells)
    few = spread(people.assign(workers=(whole < discretion.smallest_count) * 1.0), cells)
    size = len(cells.positions)
    workers = sums(laid.cell.astype(np.int64), laid.workers, size)
    return workers, sums(few.cell.astype(np.int64), few.workers, size) > 0
