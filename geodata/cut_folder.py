"""What a month's cut keeps, in a folder of its own: facts, gaps, cells, people, stations.

The folder is written beside its place and moved there when it is whole; its manifest names every
file with its SHA-256, and the ledger keeps the manifest's. Nothing in it is from ``private/``.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.errors import NO_ROOM, DatasetError, RecordsError, RecordsFullError
from geodata.halves import Half, Write, checked, open_half, write_half, write_json
from geodata.packing import write_arrays
from geodata.parts import read_frame, read_geoframe, read_parts
from geodata.swap import sync_folders

#: Folder of the cuts within that of the ledger.
CUTS = "cuts"

#: Version of what a cut's folder holds. It counts apart from that of datasets: a month that was cut
#: is read as long as there are ledgers, and never prepared anew.
FORMAT = 1

_FACTS, _ENTRIES = "facts.json", "entries.json"
_GAPS, _CELLS, _STATIONS, _PEOPLE = (
    "gaps.parquet",
    "cells.arrow",
    "stations.parquet",
    "people.arrow",
)
_LEFT_OVER_SECONDS = 3_600.0
_NAME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{8}")


@dataclass(frozen=True)
class CutParts:
    """What a cut keeps.

    Attributes
    ----------
    facts : mapping
        JSON values: what its bulletin says.
    entries : list of mapping
        The ledger as it stood, one entry a gap.
    gaps : GeoDataFrame
        The gaps that it saw, EPSG:4326.
    cells : mapping of str to array
        Their cells.
    stations : GeoDataFrame
        The station table.
    people : DataFrame or None
        The published cells; None where nobody gave homes.
    """

    facts: Mapping[str, Any]
    entries: list[Mapping[str, Any]]
    gaps: gpd.GeoDataFrame
    cells: Mapping[str, np.ndarray[Any, Any]]
    stations: gpd.GeoDataFrame
    people: pd.DataFrame | None


def write_cut(ledger: Path, date: str, parts: CutParts) -> tuple[str, str]:
    """Write a cut's folder through to the disk.

    Parameters
    ----------
    ledger : Path
        The ledger's folder; made if it does not exist, for this user alone.
    date : str
        ISO date of the cut.
    parts : CutParts
        What it keeps.

    Returns
    -------
    str, str
        Name of the folder, and SHA-256 of its manifest. It is no cut before the ledger says so.

    Raises
    ------
    RecordsFullError
        If there is no room; nothing is left behind.
    RecordsError
        If it cannot be written.
    """
    root, name = ledger / CUTS, f"{date}-{secrets.token_hex(4)}"
    beside = root / f".{name}"
    try:
        ledger.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.mkdir(mode=0o700, exist_ok=True)
        beside.mkdir(mode=0o700)
        try:
            half = write_half(beside, _writers(parts), {"date": date}, mode=0o600, form=FORMAT)
            sync_folders(beside)
            beside.rename(root / name)
            sync_folders(root, ledger)  # before the ledger says that it is there
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except OSError as error:
        if error.errno in NO_ROOM:
            raise RecordsFullError(
                "there is no room to write the cut down; free some space"
            ) from None
        raise RecordsError(
            f"the cut cannot be written ({error.strerror or error}); mend the permissions of the "
            "ledger's folder",
            code="records_read_only",
        ) from None
    return name, half.checksum


def _writers(parts: CutParts) -> dict[str, Write]:
    """Return the writers of the files."""
    files: dict[str, Write] = {
        _FACTS: partial(write_json, dict(parts.facts)),
        _ENTRIES: partial(write_json, parts.entries),
        _GAPS: partial(_write_parquet, parts.gaps),
        _CELLS: partial(write_arrays, arrays=parts.cells),
        _STATIONS: partial(_write_parquet, parts.stations),
    }
    if parts.people is not None:
        columns = {str(name): parts.people[name].to_numpy() for name in parts.people.columns}
        files[_PEOPLE] = partial(write_arrays, arrays=columns)
    return files


def _write_parquet(frame: gpd.GeoDataFrame, file: BinaryIO) -> None:
    """Write a frame as GeoParquet."""
    plain = frame.reset_index(drop=True)
    plain.attrs = {}
    plain.to_parquet(file, index=False, compression="zstd")


def drop_cut(ledger: Path, name: str) -> None:
    """Remove the folder of a cut that did not come to be.

    Parameters
    ----------
    ledger : Path
        The ledger's folder.
    name : str
        From `write_cut`.
    """
    shutil.rmtree(ledger / CUTS / name, ignore_errors=True)


def tidy_cuts(ledger: Path) -> None:
    """Remove what interrupted cuts have left half written, an hour after they began.

    A whole folder stays, even one that the ledger does not name: its file may be an older copy that
    was put back, or lost, and the folder is all that is left of a month.

    Parameters
    ----------
    ledger : Path
        The ledger's folder.
    """
    with suppress(OSError):
        for folder in (ledger / CUTS).glob(".*"):
            if time.time() - folder.stat().st_mtime > _LEFT_OVER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def cut_dates(ledger: Path, *, left: bool = False) -> list[str]:
    """Return the dates of whole folders of cuts, whether a ledger names them or not.

    Parameters
    ----------
    ledger : Path
        The ledger's folder; may not exist.
    left : bool
        Only those that have lain there for an hour: no cut is at work on them.

    Returns
    -------
    list of str
        ISO, in order; one a folder.
    """
    with suppress(OSError):
        found = [each for each in (ledger / CUTS).iterdir() if _NAME.fullmatch(each.name)]
        until = time.time() - (_LEFT_OVER_SECONDS if left else 0)
        return sorted(each.name[:10] for each in found if not left or each.stat().st_mtime < until)
    return []


class CutFolder:
    """A cut's folder, its manifest checked.

    Parameters
    ----------
    ledger : Path
        The ledger's folder.
    name : str
        Of the cut's folder.
    checksum : str
        SHA-256 of its manifest.

    Raises
    ------
    RecordsError
        If it is absent or its manifest is not the one written (``cut_damaged``).
    """

    def __init__(self, ledger: Path, name: str, checksum: str) -> None:
        self._date = name[:10]
        folder = ledger / CUTS / name
        with self._named():
            self._half: Half = open_half(folder, folder, form=FORMAT)
        if self._half.checksum != checksum:
            raise self._damaged("manifest.json")

    def facts(self) -> dict[str, Any]:
        """Return what the cut's bulletin says.

        Returns
        -------
        dict
            JSON values.
        """
        found: dict[str, Any] = self._json(_FACTS)
        return found

    def entries(self) -> list[dict[str, Any]]:
        """Return the ledger as it stood.

        Returns
        -------
        list of dict
            One a gap.
        """
        found: list[dict[str, Any]] = self._json(_ENTRIES)
        return found

    def gaps(self) -> gpd.GeoDataFrame:
        """Return the gaps that the cut saw.

        Returns
        -------
        GeoDataFrame
            EPSG:4326.
        """
        with self._named():
            return read_geoframe(self._half, _GAPS)

    def cells(self) -> dict[str, Any]:
        """Return their cells.

        Returns
        -------
        dict of str to array
            As they were given.
        """
        with self._named():
            return read_parts(self._half, _CELLS)[0]

    def stations(self) -> gpd.GeoDataFrame:
        """Return the station table of the cut.

        Returns
        -------
        GeoDataFrame
            EPSG:4326.
        """
        with self._named():
            return read_geoframe(self._half, _STATIONS)

    def people(self) -> pd.DataFrame | None:
        """Return the published cells of the cut.

        Returns
        -------
        DataFrame or None
            None where nobody gave homes.
        """
        if _PEOPLE not in self._half.manifest["files"]:
            return None
        with self._named():
            return read_frame(self._half, _PEOPLE)

    def check(self) -> None:
        """Refuse a folder of which any file is missing or has changed.

        Raises
        ------
        RecordsError
            Naming the file (``cut_damaged``).
        """
        for name in self._half.manifest["files"]:
            with self._named():
                checked(self._half, name)

    def _json(self, name: str) -> Any:
        """Return the JSON value of a checked file."""
        with self._named():
            return json.loads(checked(self._half, name).read_bytes())

    @contextmanager
    def _named(self) -> Any:
        """Say of which cut a damaged file is, and what helps."""
        try:
            yield
        except DatasetError as error:
            path = str(error).partition(": ")[0]
            raise self._damaged(os.path.basename(path)) from None  # noqa: PTH119  a text, no path

    def _damaged(self, name: str) -> RecordsError:
        """Return the refusal of a damaged folder."""
        return RecordsError(
            f"the cut of {self._date} is damaged ({name}); put a backup of its folder in its place",
            code="cut_damaged",
        )
