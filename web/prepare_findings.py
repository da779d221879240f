"""What preparing a dataset found, gathered as JSON values. Nothing here tells of a single home."""

import re
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.basemap import Basemap
from geodata.model import NO_DATA, OFF_NETWORK, Positions
from locator.snap import ISLAND_M
from web.prepare_manifest import extent, premises_counts
from web.prepare_parts import Inputs, Layer

#: The most rejected rows that are listed; the rest are counted.
LISTED = 1_000

# What may be said of how the table of homes was read.
_ABOUT_HOMES = ("file", "format", "encoding", "delimiter", "rows", "rejected", "datum", "warnings")

_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def findings(
    inputs: Inputs,
    layers: Mapping[str, Layer],
    people: pd.DataFrame | None,
    basemap: Basemap | None,
) -> dict[str, Any]:
    """Return what was found, as JSON values.

    Parameters
    ----------
    inputs : Inputs
        What was read.
    layers : mapping of str to Layer
        By mode.
    people : DataFrame or None
        The published people.
    basemap : Basemap or None
        The tiles.

    Returns
    -------
    dict
        ``streets``, ``stations``, ``homes`` (None where none were given), ``regions``,
        ``premises`` and ``basemap``.
    """
    streets, stations = inputs.streets, inputs.stations
    hours = _column(stations, "opening_hours")
    pairs = _noted(stations, "duplicate_of")
    remarks = _noted(stations, "warnings")
    return {
        "streets": {
            "files": list(streets.sources),
            "as_of": streets.as_of,
            "nodes": len(streets.node_id),
            "ways": len(streets.way_id),
            "segments": len(streets.segment_m),
            "extent": extent(streets.lon, streets.lat),
            "skipped": dict(streets.skipped),
            "modes": {mode: _mode(layer) for mode, layer in layers.items()},
        },
        "stations": {
            "accepted": len(stations),
            "rejected": len(inputs.station_rejects),
            "duplicates": len(pairs),
            "duplicate_pairs": dict(pairs[:LISTED]),
            "hours_unknown": int((hours == "").sum()),
            **_places({mode: layer.stations for mode, layer in layers.items()}),
            "table": dict(inputs.reports.get("stations", {})),
            "remarks": dict(remarks[:LISTED]),
            "rejects": _listed(inputs.station_rejects),
        },
        "homes": _homes(inputs, layers, people),
        "regions": {
            "accepted": len(inputs.regions),
            "rejected": len(inputs.region_rejects),
            "rejects": _listed(inputs.region_rejects),
        },
        "premises": {
            "accepted": len(inputs.premises),
            "kinds": premises_counts(inputs.premises),
            "skipped": dict(inputs.premises_skipped),
        },
        "basemap": {
            **({} if basemap is None else basemap.about),
            "tiles": 0 if basemap is None else basemap.tiles,
            "bytes": 0 if basemap is None else len(basemap.archive),
            "shapes": len(inputs.scenery.shape),
            "skipped": dict(inputs.scenery.skipped),
        },
    }


def rejected_rows(rejects: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return where, why and what to do, for every rejected row.

    Parameters
    ----------
    rejects : DataFrame
        With ``row``, ``reason``, ``fix`` and perhaps ``sheet`` and ``column``.

    Returns
    -------
    list of tuple of str
        ``row`` (with sheet and column where known), ``reason``, ``fix``.
    """
    return [
        (
            ", ".join(
                str(row[name])
                for name in ("sheet", "row", "column")
                if name in row and pd.notna(row[name]) and str(row[name])
            ),
            str(row["reason"]),
            str(row["fix"]),
        )
        for row in rejects.to_dict("records")
    ]


def _listed(rejects: pd.DataFrame) -> list[dict[str, str]]:
    """Return the first rejected rows as JSON values."""
    first = rejected_rows(rejects)[:LISTED]
    return [{"row": row, "reason": reason, "fix": fix} for row, reason, fix in first]


def warnings_of(inputs: Inputs, people: pd.DataFrame | None, least: int) -> list[str]:
    """Return what a person should look at.

    Parameters
    ----------
    inputs : Inputs
        What was read.
    people : DataFrame or None
        The published people.
    least : int
        Fewest homes of a published cell.

    Returns
    -------
    list of str
        Sentences without any position of a home.
    """
    found = [
        f"{table}: {text}"
        for table, about in inputs.reports.items()
        for text in about.get("warnings", ())
    ]
    west, south, east, north = extent(inputs.streets.lon, inputs.streets.lat)
    places = inputs.stations.geometry
    w, s, e, n = extent(np.asarray(places.x, np.float64), np.asarray(places.y, np.float64))
    if w > east or e < west or s > north or n < south:
        found.append(
            f"the streets ({west}, {south} to {east}, {north}) and the stations ({w}, {s} to "
            f"{e}, {n}) lie apart: is it the right city, are longitude and latitude swapped?"
        )
    found += _nothing_counts(inputs)
    if not len(inputs.regions) and len(inputs.region_rejects):
        found.append("no region can be used: nothing is counted by region")
    if len(inputs.regions):
        box = inputs.regions.total_bounds
        if box[0] > east or box[2] < west or box[1] > north or box[3] < south:
            found.append("the streets and the regions lie apart: is it the right file?")
    homes = inputs.homes
    if homes is not None and people is None:
        found.append(
            f"fewer than {least} homes: nothing about people is published, shares are by street "
            "length where the homes are not open"
        )
    if homes is not None and len(homes):
        out = (homes["lon"] < west) | (homes["lon"] > east)
        out |= (homes["lat"] < south) | (homes["lat"] > north)
        if out.all():
            found.append("the streets and the homes lie apart: is it the right file?")
    return found


def _nothing_counts(inputs: Inputs) -> list[str]:
    """Return a warning where no station counts unless somebody asks for other ones."""
    words, stations = inputs.vocabulary, inputs.stations
    rules = {
        "kind": words.counting("kinds"),
        "access": words.counting("access"),
        "status": ("open",),
    }
    counts = np.ones(len(stations), np.bool_)
    for name, codes in rules.items():
        counts &= _column(stations, name).isin(codes).to_numpy()
    if counts.any():
        return []
    listed = "; ".join(f"{name} {', '.join(codes)}" for name, codes in rules.items())
    return [f"no station counts by default ({listed}): nothing is covered unless others are asked"]


def _column(stations: gpd.GeoDataFrame, name: str) -> "pd.Series[str]":
    """Return a column as text, empty where the table has none."""
    blank = pd.Series("", index=stations.index)
    return stations[name].astype(str) if name in stations.columns else blank


def _noted(stations: gpd.GeoDataFrame, name: str) -> list[tuple[str, str]]:
    """Return the stations that have something in a column."""
    texts = _column(stations, name)
    noted = texts != ""
    return list(zip(stations["id"][noted].astype(str), texts[noted], strict=True))


def _mode(layer: Layer) -> dict[str, Any]:
    """Return what is said of the streets of one mode."""
    metres = layer.network.component_m
    return {
        "km": round(float(layer.pieces.length_m.sum()) / 1000, 3),
        "junctions": len(layer.network.lon),
        "edges": len(layer.network.edge_u),
        "components": len(metres),
        "largest_share": round(float(metres.max() / max(metres.sum(), 1e-9)), 4),
        "islands": int((metres < ISLAND_M).sum()),
        "cells": len(layer.cells.column),
    }


def _places(positions: Mapping[str, Positions]) -> dict[str, dict[str, int]]:
    """Return how many places are off the network or outside the data, by mode."""
    return {
        name: {mode: int((p.state == state).sum()) for mode, p in positions.items()}
        for name, state in (("off_network", OFF_NETWORK), ("no_data", NO_DATA))
    }


def _homes(
    inputs: Inputs, layers: Mapping[str, Layer], people: pd.DataFrame | None
) -> dict[str, Any] | None:
    """Return what is said of the homes; reasons without any number, for it might be a position."""
    if inputs.homes is None:
        return None
    positions = {mode: layer.homes for mode, layer in layers.items() if layer.homes is not None}
    rows = rejected_rows(inputs.home_rejects)
    return {
        "accepted": len(inputs.homes),
        "rejected": len(rows),
        "workers": float(inputs.homes["workers"].sum()),
        **_places(positions),
        "table": {
            name: value
            for name, value in inputs.reports.get("homes", {}).items()
            if name in _ABOUT_HOMES
        },
        "published_cells": 0 if people is None else int(people["cell"].nunique()),
        "rejects": [
            {"row": row, "reason": _NUMBERS.sub("…", reason)} for row, reason, _ in rows[:LISTED]
        ],
    }
