"""Station, home and region tables from files: the door for everything tabular."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.datum import parse_datum
from geodata.declared import DatumChoice
from geodata.evidence import DatumEvidence
from geodata.homes import clean_homes, home_columns, join_homes
from geodata.model import Streets
from geodata.raw import RawTable, Reject, rejects_frame
from geodata.region_table import clean_regions, region_columns
from geodata.station_join import join_stations
from geodata.stations import clean_stations, station_columns
from geodata.table_files import read_tables
from geodata.vocabulary import Vocabulary
from geodata.words import group_words, header_words, load_vocabulary

__all__ = ["load_homes", "load_regions", "load_stations", "load_vocabulary"]


def load_stations(
    path: Path | str,
    *,
    datum: str | None = None,
    vocabulary: Vocabulary | None = None,
    streets: Streets | None = None,
    regions: gpd.GeoDataFrame | None = None,
    as_of: str | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the stations of a table, and the rows that could not be used.

    Parameters
    ----------
    path : path
        CSV (UTF-8, UTF-8 with BOM, GB18030, UTF-16), XLSX, GeoJSON, GeoPackage, GeoParquet or a
        zipped Shapefile.
    datum : str, optional
        ``wgs84``, ``gcj02``, ``bd09`` or ``cgcs2000``, or a name such as ``高德``. A column that
        names the datum of each row wins over it; it wins over headers and formats.
    vocabulary : Vocabulary, optional
        Default: the package's own words.
    streets : Streets, optional
        Where the datum is not declared, it is inferred from them and flagged; where it is
        declared, it is held against them.
    regions : GeoDataFrame, optional
        ``id, name, geometry`` in WGS-84: counties that rows name are evidence for the datum too.
    as_of : str, optional
        ISO date of the table, written to ``source_date`` where the table says none.

    Returns
    -------
    stations : GeoDataFrame
        EPSG:4326, one row a station in the order of the file, `geodata.stations.STATION_COLUMNS`.
        ``attrs["report"]`` says how the file was read.
    rejects : DataFrame
        ``file, sheet, row, column, code, reason, fix, text``; empty if every row was used.

    Raises
    ------
    FileFormatError
        If the file cannot be read as a table.
    DatumError
        If nothing declares the datum of places in mainland China, and no streets are given.
    LimitError
        If the file is larger than the limits.
    """
    words = station_columns(header_words())
    known = vocabulary or load_vocabulary()
    tables = read_tables(path, words)
    nothing = streets is None and regions is None
    choice = DatumChoice(
        declared=parse_datum(datum) if datum else "",
        fallback="wgs84" if streets is not None else "",
        evidence=None if nothing else DatumEvidence(streets, regions),
    )
    cleaned = [clean_stations(table, known, words, choice) for table in tables]
    stations, again = join_stations(cleaned)
    if as_of:
        stations["source_date"] = stations["source_date"].where(
            stations["source_date"] != "", as_of
        )
    pairs = [
        (table, [*one.rejects, *more])
        for table, one, more in zip(tables, cleaned, again, strict=True)
    ]
    rejects = rejects_frame(pairs)
    stations.attrs["report"] = _report(path, [one.report for one in cleaned], pairs) | {
        "stations": len(stations),
        "duplicates": int((stations["duplicate_of"] != "").sum()),
    }
    return stations, rejects


def load_homes(
    path: Path | str, *, datum: str | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return where workers live, work or stop, and the rows that could not be used.

    Parameters
    ----------
    path : path
        As in `load_stations`.
    datum : str, optional
        As in `load_stations`. Where nothing declares it, WGS-84 is taken, with a warning.

    Returns
    -------
    homes : GeoDataFrame
        EPSG:4326: ``id, lon, lat, workers, group, kind``, those of ``firm, street, community,
        market, building`` that the file has, ``geometry``. Other columns are not read: homes are
        personal data. ``attrs["report"]`` says how the file was read.
    rejects : DataFrame
        ``file, sheet, row, column, code, reason, fix, text``, without coordinates.

    Raises
    ------
    FileFormatError
        If the file cannot be read as a table.
    LimitError
        If the file is larger than the limits.
    """
    words = home_columns(header_words())
    tables = read_tables(path, words)
    choice = DatumChoice(declared=parse_datum(datum) if datum else "", fallback="wgs84")
    groups = group_words()
    cleaned = [clean_homes(table, groups, words, choice) for table in tables]
    homes = join_homes(cleaned)
    pairs = [(table, one.rejects) for table, one in zip(tables, cleaned, strict=True)]
    homes.attrs["report"] = _report(path, [one.report for one in cleaned], pairs) | {
        "homes": len(homes),
        "workers": float(homes["workers"].sum()),
    }
    return homes, rejects_frame(pairs)


def load_regions(path: Path | str, *, datum: str | None = None) -> gpd.GeoDataFrame:
    """Return the regions of a file, as they are drawn.

    Invalid areas are not repaired here: ``geodata.regions.check_regions`` does it, in a process
    that can be stopped.

    Parameters
    ----------
    path : path
        GeoJSON, GeoPackage, GeoParquet or a zipped Shapefile.
    datum : str, optional
        Where the shapes are in ``gcj02`` or ``bd09``; default: what the format says.

    Returns
    -------
    GeoDataFrame
        ``id`` (the adcode where there is one), ``name``, ``geometry``; EPSG:4326.
        ``attrs["report"]`` lists rows without a shape under ``rejects``.

    Raises
    ------
    FileFormatError
        If the file cannot be read or holds no shapes (``no_shapes``).
    """
    words = region_columns(header_words())
    tables = read_tables(path, words)
    code = parse_datum(datum) if datum else ""
    regions, rejects = clean_regions(tables, words, code)
    regions.attrs["report"] = {
        "file": Path(path).name,
        "format": tables[0].notes.get("format", ""),
        "rows": len(regions) + len(rejects),
        "rejected": len(rejects),
        "rejects": rejects_frame([(tables[0], rejects)]).to_dict("records"),
        "warnings": [],
    }
    return regions


def _report(
    path: Path | str,
    sheets: Sequence[Mapping[str, Any]],
    pairs: Sequence[tuple[RawTable, Sequence[Reject]]],
) -> dict[str, Any]:
    """Return how a file was read, as a plain dict."""
    hours: dict[str, int] = {}
    for sheet in sheets:
        for state, count in sheet.get("hours", {}).items():
            hours[state] = hours.get(state, 0) + count
    return {
        "file": Path(path).name,
        **{key: sheets[0][key] for key in ("format", "encoding", "delimiter") if key in sheets[0]},
        "rows": sum(sheet["rows"] for sheet in sheets),
        "rejected": sum(len(rejects) for _, rejects in pairs),
        "datum": sheets[0]["datum"],
        "hours": hours,
        "sheets": [dict(sheet) for sheet in sheets],
        "warnings": list(dict.fromkeys(w for sheet in sheets for w in sheet["warnings"])),
    }
