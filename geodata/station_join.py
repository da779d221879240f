"""Stations of several sheets to one frame: unique ids, flagged duplicates, settled types."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.duplicates import find_duplicates
from geodata.raw import Reject, header_key
from geodata.stations import NUMBERS, STATION_COLUMNS, CleanTable

#: Headers of running numbers, which begin again on every sheet.
_RUNNING = ("序号", "no", "number")


def join_stations(tables: Sequence[CleanTable]) -> tuple[gpd.GeoDataFrame, list[list[Reject]]]:
    """Return the stations of all tables as one frame with unique ids and flagged duplicates.

    Parameters
    ----------
    tables : sequence of CleanTable
        Sheets of one file, in order.

    Returns
    -------
    frame : GeoDataFrame
        EPSG:4326.
    rejects : list of list of Reject
        By table: rows whose id was there before.
    """
    taken: set[str] = set()
    for table in tables:
        taken.update(str(text) for text in table.frame["id"] if text)
    seen: dict[str, str] = {}
    frames, rejects = [], []
    for table in tables:
        keep, ids, again = _unique(table, seen)
        frame = table.frame.assign(id=ids).loc[keep].copy()
        frame["id"] = _made_ids(list(frame["id"]), taken)
        frames.append(frame)
        rejects.append(again)
    whole = pd.concat(frames, ignore_index=True)
    return _with_geometry(_flag_duplicates(whole)), rejects


def _unique(
    table: CleanTable, seen: dict[str, str]
) -> tuple[npt.NDArray[np.bool_], list[str], list[Reject]]:
    """Return which stations are kept, the ids, and stations with another's id as rejects.

    A running number (序号) that begins again is no id: it is left empty, not rejected.
    """
    keep = np.ones(len(table.frame), np.bool_)
    rejects = []
    ids = list(table.frame["id"])
    sheet = f" of sheet {name}" if (name := table.report["sheet"]) else ""
    running = header_key(table.report["columns"].get("id", "")) in _RUNNING
    for row, (text, line) in enumerate(zip(table.frame["id"], table.line, strict=True)):
        if text and text in seen and running:
            ids[row] = ""
        elif text and text in seen:
            keep[row] = False
            what = f"the id {text!r} is there already, in {seen[text]}"
            rejects.append(Reject(int(line), "id", "duplicate_id", what, "give each its own", text))
        elif text:
            seen[text] = f"row {int(line)}{sheet}"
    return keep, ids, rejects


def _made_ids(ids: list[str], taken: set[str]) -> list[str]:
    """Return the ids with new ones (s0001 …) where they are missing."""
    number = 0
    for row, text in enumerate(ids):
        if text:
            continue
        number += 1
        while f"s{number:04d}" in taken:
            number += 1
        ids[row] = f"s{number:04d}"
        taken.add(ids[row])
    return ids


def _flag_duplicates(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with ``duplicate_of`` filled."""
    arrays = [frame[c].to_numpy(dtype=object) for c in ("name", "operator")]
    places = [frame[c].to_numpy(dtype=np.float64) for c in ("lon", "lat")]
    first = find_duplicates(arrays[0], arrays[1], places[0], places[1])
    ids = frame["id"].to_numpy(dtype=object)
    flagged = np.where(first >= 0, ids[first], "") if len(ids) else ids
    return frame.assign(duplicate_of=flagged)


def _with_geometry(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the frame with points and settled types."""
    types = {column: "float64" if column in NUMBERS else "str" for column in STATION_COLUMNS}
    typed = frame.astype(types)
    points = gpd.points_from_xy(typed["lon"], typed["lat"], crs="EPSG:4326")
    return gpd.GeoDataFrame(typed, geometry=points, crs="EPSG:4326")
