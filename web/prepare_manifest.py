"""What a dataset says about itself. It holds no time of day, so that the same input repeats."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata import demand
from geodata.model import SNAP_LIMIT_M, FloatArray
from geodata.premises import load_premises_kinds
from geodata.vocabulary import Mode
from web.prepare_parts import Inputs, Layer, PrepareRequest

#: What every dataset made from OpenStreetMap says.
ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"

#: What a made-up dataset says besides.
FICTION = "虚构演示数据，非真实地点 · Fictional demo data, no real places"

_SYNTHETIC = "虚构|合成|fictional|synthetic"


def manifest_of(
    request: PrepareRequest,
    inputs: Inputs,
    layers: Mapping[str, Layer],
    people: pd.DataFrame | None,
) -> dict[str, Any]:
    """Return the manifest, but for what saving adds.

    Parameters
    ----------
    request : PrepareRequest
        Name and options.
    inputs : Inputs
        What was read.
    layers : mapping of str to Layer
        By mode.
    people : DataFrame or None
        The published people.

    Returns
    -------
    dict
        JSON values only; nothing in it tells of a single home.
    """
    streets = inputs.streets
    synthetic = is_synthetic(inputs.stations)
    owners = [] if streets.fictional else [ATTRIBUTION]
    return {
        "name": name_of(request),
        "as_of": streets.as_of,
        "synthetic": synthetic,
        "bbox": extent(streets.lon, streets.lat),
        "metric_crs": inputs.crs.to_string(),
        "attribution": [*owners, *([FICTION] if synthetic or streets.fictional else [])],
        "sources": _sources(request, inputs),
        "modes": {code: _mode(inputs.vocabulary.modes[code]) for code in layers},
        "counts": _counts(inputs, layers),
        "people": _people(people, inputs.homes, request.least_homes),
        "parameters": {
            "cell_m": demand.CELL_M,
            "reach_m": demand.REACH_M,
            "piece_m": demand.PIECE_M,
            "snap_limit_m": SNAP_LIMIT_M,
            "published_cell_m": demand.PUBLISHED_M,
            "published_least_homes": request.least_homes,
        },
    }


def name_of(request: PrepareRequest) -> str:
    """Return the name of the dataset.

    Parameters
    ----------
    request : PrepareRequest
        Name and folder.

    Returns
    -------
    str
        That of the folder where none is given.
    """
    return request.name or Path(request.out).resolve().name


def extent(lon: FloatArray, lat: FloatArray) -> list[float]:
    """Return the box around positions.

    Parameters
    ----------
    lon, lat : array (n,) of float64
        Degrees; at least one position.

    Returns
    -------
    list of float
        West, south, east, north (degrees, 6 decimals).
    """
    corners = (lon.min(), lat.min(), lon.max(), lat.max())
    return [round(float(value), 6) for value in corners]


def is_synthetic(stations: gpd.GeoDataFrame) -> bool:
    """Tell whether the stations themselves say that they are made up.

    Parameters
    ----------
    stations : GeoDataFrame
        With the column ``source``, or without.

    Returns
    -------
    bool
        True if every station's source says so.
    """
    if "source" not in stations.columns:
        return False
    return bool(stations["source"].astype(str).str.contains(_SYNTHETIC, case=False).all())


def _sources(request: PrepareRequest, inputs: Inputs) -> list[dict[str, Any]]:
    """Return where the data come from: names of files, without their folders."""
    sources: list[dict[str, Any]] = [
        {"kind": "streets", "file": name, "as_of": inputs.streets.as_of, "licence": "ODbL 1.0"}
        for name in inputs.streets.sources
    ]
    stations: dict[str, Any] = {"kind": "stations", "file": Path(request.stations).name}
    if "source" in inputs.stations.columns:
        named = sorted(set(inputs.stations["source"].astype(str)) - {""})
        stations |= {"named": named[:20]}
    sources.append(stations)
    if request.regions is not None:
        sources.append({"kind": "regions", "file": Path(request.regions).name})
    if inputs.homes is not None:
        sources.append({"kind": "homes", "note": "kept apart; published as merged cells only"})
    return sources


def _mode(mode: Mode) -> dict[str, Any]:
    """Return what is said of a mode: its speed, and the band around it."""
    return {
        "zh": mode.zh,
        "en": mode.en,
        "speed_kph": mode.speed_kph,
        "slow_factor": mode.slow_factor,
        "fast_factor": mode.fast_factor,
        "source": mode.source,
    }


def _counts(inputs: Inputs, layers: Mapping[str, Layer]) -> dict[str, Any]:
    """Return how much there is of everything public."""
    return {
        "stations": len(inputs.stations),
        "regions": len(inputs.regions),
        "premises": premises_counts(inputs.premises),
        "ways": len(inputs.streets.way_id),
        "segments": len(inputs.streets.segment_m),
        "street_km": {
            mode: round(float(layer.pieces.length_m.sum()) / 1000, 3)
            for mode, layer in layers.items()
        },
        "junctions": {mode: len(layer.network.lon) for mode, layer in layers.items()},
        "cells": {mode: len(layer.cells.column) for mode, layer in layers.items()},
    }


def premises_counts(premises: gpd.GeoDataFrame) -> dict[str, int]:
    """Return how many host premises of each kind there are.

    Parameters
    ----------
    premises : GeoDataFrame
        With the column ``kind``.

    Returns
    -------
    dict of str to int
        By code, in the order of ``premises.csv``; without kinds of which there is none.
    """
    counts = premises["kind"].value_counts()
    return {code: int(counts[code]) for code in load_premises_kinds() if code in counts}


def _people(
    people: pd.DataFrame | None, homes: pd.DataFrame | None, least: int
) -> dict[str, Any] | None:
    """Return what is published of the homes; None if none were given."""
    if homes is None:
        return None
    if people is None:
        return {"published": False, "why": f"fewer than {least} homes"}
    return {
        "published": True,
        "cells": int(people["cell"].nunique()),
        "groups": [str(group) for group in people.groupby("layer")["group"].first()],
    }
