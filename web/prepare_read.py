"""The input files of a dataset, read and put in order."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import bundle, datum, osm, tables
from geodata.errors import Fault, InputError
from geodata.homes import WAYS
from geodata.regions import check_regions, label, no_regions
from geodata.repair import repair
from geodata.vocabulary import Vocabulary
from web.prepare_findings import rejected_rows
from web.prepare_parts import Inputs, PrepareRequest, Stages


def read_ground(request: PrepareRequest, modes: Sequence[str], stages: Stages) -> osm.Ground:
    """Read the street files.

    Parameters
    ----------
    request : PrepareRequest
        The files.
    modes : sequence of str
        Codes of the modes.
    stages : Stages
        Told of it.

    Returns
    -------
    Ground
        All files as one: streets, scenery, premises.

    Raises
    ------
    FileFormatError
        If a file cannot be read.
    """
    with stages.stage("streets"):
        return osm.read_ground(list(request.streets), modes=modes)


def read_inputs(
    request: PrepareRequest,
    ground: osm.Ground,
    vocabulary: Vocabulary,
    stages: Stages,
) -> Inputs:
    """Read all other input files.

    Parameters
    ----------
    request : PrepareRequest
        The files and their datums.
    ground : Ground
        From `read_ground`.
    vocabulary : Vocabulary
        The words of the domain.
    stages : Stages
        Told of every file.

    Returns
    -------
    Inputs
        Clean rows, and what was rejected.

    Raises
    ------
    InputError
        If a file cannot be read, or no station can be used.
    """
    streets = ground.streets
    with stages.stage("regions"):
        regions, region_rejects = no_regions(), pd.DataFrame()
        if request.regions is not None:
            frame = tables.load_regions(request.regions)
            regions, region_rejects = check_regions(frame, repair)
            regions.attrs = dict(frame.attrs)
            earlier = pd.DataFrame(frame.attrs.get("report", {}).get("rejects", []))
            region_rejects = pd.concat([earlier, region_rejects], ignore_index=True)
    with stages.stage("stations"):
        stations, station_rejects = tables.load_stations(
            request.stations,
            datum=request.stations_datum,
            vocabulary=vocabulary,
            streets=streets,
            regions=regions if len(regions) else None,
        )
        _refuse_none(stations, station_rejects, request.stations)
        stations = _ordered(stations, vocabulary)
    with stages.stage("homes"):
        homes, home_rejects = None, pd.DataFrame()
        if request.homes is not None:
            homes, home_rejects = tables.load_homes(request.homes, datum=request.homes_datum)
    frames = {"stations": stations, "homes": homes, "regions": regions}
    return Inputs(
        streets=streets,
        scenery=ground.scenery,
        premises=ground.premises,
        premises_skipped=ground.premises_skipped,
        stations=stations,
        station_rejects=station_rejects,
        homes=_home_frame(homes, regions),
        home_rejects=home_rejects,
        regions=regions,
        region_rejects=region_rejects,
        vocabulary=vocabulary,
        crs=datum.metric_crs(
            float(np.median(streets.lon)),
            float(np.median(streets.lat)),
            earlier=bundle.earlier_crs(request.out),
        ),
        reports={
            name: dict(frame.attrs.get("report", {}))
            for name, frame in frames.items()
            if frame is not None
        },
    )


def _refuse_none(stations: gpd.GeoDataFrame, rejects: pd.DataFrame, path: Path) -> None:
    """Refuse a table of which no row can be used."""
    if not len(stations):
        first = [
            Fault(f"{path.name}, row {row}", str(reason), str(fix))
            for row, reason, fix in rejected_rows(rejects)[:10]
        ]
        raise InputError(
            f"{path.name}: expected at least one station that can be used, got none of "
            f"{len(rejects)} rows; "
            + ("; ".join(map(str, first)) or "is it the right sheet and are there rows?"),
            code="no_station",
            faults=first,
        )


def _ordered(stations: gpd.GeoDataFrame, vocabulary: Vocabulary) -> gpd.GeoDataFrame:
    """Return the stations by id, without the telephone numbers of persons."""
    ordered: gpd.GeoDataFrame = stations.sort_values("id", kind="stable").reset_index(drop=True)
    ordered.attrs = dict(stations.attrs)
    persons = [code for code, kind in vocabulary.kinds.items() if kind.is_person]
    ordered.loc[ordered["kind"].isin(persons), "phone"] = ""
    return ordered


def _home_frame(homes: gpd.GeoDataFrame | None, regions: gpd.GeoDataFrame) -> pd.DataFrame | None:
    """Return homes as the dataset keeps them; which row of the table they were is forgotten."""
    if homes is None:
        return None
    lon, lat = (homes[name].to_numpy(np.float64) for name in ("lon", "lat"))
    frame = pd.DataFrame(
        {
            "lon": lon,
            "lat": lat,
            "workers": homes["workers"].to_numpy(np.float64),
            "group": homes["group"].fillna("").astype("str").to_numpy(),
            "kind": homes["kind"].fillna("home").astype("str").to_numpy(),
            "region": label(lon, lat, regions),
        }
    )
    ways = [way for way in WAYS if way in homes.columns]
    frame[ways] = homes[ways].to_numpy(object)
    by = ["lon", "lat", "workers", "group", "kind", *ways]
    return frame.sort_values(by, kind="stable").reset_index(drop=True)
