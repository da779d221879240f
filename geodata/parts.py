"""The parts of a dataset as the files of its folder, both ways."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO, TypeVar, get_args, get_type_hints

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from geodata import barrier_names, english_names
from geodata.errors import DatasetError
from geodata.halves import Half, Write, checked, damaged, write_json
from geodata.model import Archive, Dataset, Positions, no_premises
from geodata.packing import arrays_of, object_of, read_arrays, write_arrays
from geodata.tile_archive import TileReader, map_archive
from geodata.vocabulary import Vocabulary
from geodata.words import load_vocabulary

T = TypeVar("T")

#: File of the base map; a dataset need not have one.
BASEMAP = "basemap.pmtiles"

#: File of the host premises; a dataset need not have one.
PREMISES = "premises.parquet"


def public_files(dataset: Dataset) -> dict[str, Write]:
    """Return the writers of all public files.

    Parameters
    ----------
    dataset : Dataset
        To be written.

    Returns
    -------
    dict of str to callable
        By name of the file.
    """
    vocabulary = dataset.vocabulary
    streets = {
        "way_name": dataset.way_name,
        "way_class": dataset.way_class,
        "barrier_lines": dataset.barrier_lines,
        **barrier_names.packed(dataset.barrier_name, dataset.barrier_kind),
        **english_names.packed(dataset.street_english),
    }
    words = {
        field.name: [[key, _plain(row)] for key, row in getattr(vocabulary, field.name).items()]
        for field in fields(vocabulary)
    }
    files: dict[str, Write] = {
        "streets.arrow": partial(write_arrays, arrays=streets),
        "stations.parquet": partial(_write_geoframe, dataset.stations),
        "regions.parquet": partial(_write_geoframe, dataset.regions),
        "vocabulary.json": partial(write_json, words),
    }
    if len(dataset.premises):
        files[PREMISES] = partial(_write_geoframe, dataset.premises)
    if dataset.basemap is not None:
        archive = dataset.basemap
        files[BASEMAP] = lambda file: file.write(archive)
    if dataset.people is not None:
        files["people.arrow"] = _frame_writer(dataset.people)
    for mode, network in dataset.networks.items():
        files |= {
            f"network_{mode}.arrow": _object_writer(network),
            f"cells_{mode}.arrow": _object_writer(dataset.cells[mode]),
            f"pieces_{mode}.arrow": _object_writer(dataset.pieces[mode]),
            f"stations_{mode}.arrow": _object_writer(dataset.station_positions[mode]),
        }
    return files


def private_files(homes: pd.DataFrame, positions: Mapping[str, Positions]) -> dict[str, Write]:
    """Return the writers of all private files.

    Parameters
    ----------
    homes : DataFrame
        The homes.
    positions : mapping of str to Positions
        Where they are on the network, by mode.

    Returns
    -------
    dict of str to callable
        By name of the file.
    """
    files: dict[str, Write] = {"homes.arrow": _frame_writer(homes)}
    for mode, snapped in positions.items():
        files[f"homes_{mode}.arrow"] = _object_writer(snapped)
    return files


def _object_writer(value: object) -> Write:
    """Return a writer of a dataclass of arrays."""
    arrays, plain = arrays_of(value)
    return partial(write_arrays, arrays=arrays, plain=plain)


def _frame_writer(frame: pd.DataFrame) -> Write:
    """Return a writer of a frame without geometry."""
    arrays = {str(name): frame[name].to_numpy() for name in frame.columns}
    return partial(write_arrays, arrays=arrays)


def _write_geoframe(frame: gpd.GeoDataFrame, file: BinaryIO) -> None:
    """Write a frame with geometry as GeoParquet, which any GIS opens."""
    plain = frame.reset_index(drop=True)
    plain.attrs = {}
    plain.to_parquet(file, index=False, compression="zstd")


def _geoframe_of(table: pa.Table) -> gpd.GeoDataFrame:
    """Return a table of GeoParquet as a frame."""
    about = json.loads(table.schema.metadata[b"geo"])
    name = about["primary_column"]
    frame = table.to_pandas()
    frame[name] = gpd.GeoSeries.from_wkb(frame[name], crs=about["columns"][name]["crs"])
    return gpd.GeoDataFrame(frame, geometry=name)


def read_parts(half: Half, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Map a checked file of arrays.

    Parameters
    ----------
    half : Half
        The half that it is in.
    name : str
        Name of the file.

    Returns
    -------
    arrays : dict of str to array
        Read-only.
    plain : dict of str to object
        What was kept beside them.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    path = checked(half, name)
    try:
        return read_arrays(path)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        raise damaged(path, "it is no file of arrays") from None


def read_object(kind: type[T], half: Half, name: str) -> T:
    """Open a dataclass of arrays.

    Parameters
    ----------
    kind : type
        The dataclass.
    half : Half
        The half that it is in.
    name : str
        Name of the file.

    Returns
    -------
    object
        Of that type.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    arrays, plain = read_parts(half, name)
    try:
        return object_of(kind, arrays | plain)
    except TypeError:
        raise damaged(half.folder / name, f"it is no {kind.__name__}") from None


def read_by_mode(kind: type[T], half: Half, stem: str, modes: Sequence[str]) -> Mapping[str, T]:
    """Open one object for each mode.

    Parameters
    ----------
    kind : type
        The dataclass.
    half : Half
        The half that they are in.
    stem : str
        Beginning of the files' names.
    modes : sequence of str
        Codes.

    Returns
    -------
    mapping of str to object
        By mode.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    return MappingProxyType({m: read_object(kind, half, f"{stem}_{m}.arrow") for m in modes})


def read_frame(half: Half, name: str) -> pd.DataFrame:
    """Open a frame without geometry.

    Parameters
    ----------
    half : Half
        The half that it is in.
    name : str
        Name of the file.

    Returns
    -------
    DataFrame
        Text columns have the type ``str``.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    return pd.DataFrame(
        {
            name: pd.Series(array, dtype="str") if array.dtype == object else np.array(array)
            for name, array in read_parts(half, name)[0].items()
        }
    )


def read_geoframe(half: Half, name: str) -> gpd.GeoDataFrame:
    """Open a GeoParquet file.

    Parameters
    ----------
    half : Half
        The half that it is in.
    name : str
        Name of the file.

    Returns
    -------
    GeoDataFrame
        As it was written.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    path = checked(half, name)
    try:
        return _geoframe_of(ParquetFile(path).read())  # not by Arrow's datasets: 9 MB of libraries
    except (OSError, pa.ArrowException, ValueError, KeyError):
        raise damaged(path, "it is no GeoParquet file") from None


def read_premises(half: Half) -> gpd.GeoDataFrame:
    """Open the host premises.

    Parameters
    ----------
    half : Half
        The public half.

    Returns
    -------
    GeoDataFrame
        Empty where the dataset has none.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    if PREMISES not in half.manifest["files"]:
        return no_premises()
    return read_geoframe(half, PREMISES)


def read_basemap(half: Half) -> Archive | None:
    """Map the archive of the base map into memory.

    Parameters
    ----------
    half : Half
        The public half.

    Returns
    -------
    Archive or None
        None where the dataset has none.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    if BASEMAP not in half.manifest["files"]:
        return None
    path = checked(half, BASEMAP)
    try:
        archive = map_archive(path)
        TileReader(archive)
    except (OSError, ValueError):
        raise damaged(path, "it is no archive of tiles") from None
    return archive


def read_vocabulary(half: Half) -> Vocabulary:
    """Open the vocabulary that the dataset was prepared with.

    Parameters
    ----------
    half : Half
        The public half.

    Returns
    -------
    Vocabulary
        In the order of its files.

    Raises
    ------
    DatasetError
        If the file is damaged or of another version.
    """
    path = checked(half, "vocabulary.json")
    tables = json.loads(path.read_bytes())
    kinds = get_type_hints(Vocabulary)
    try:
        words: dict[str, Any] = {
            name: {key: _row(get_args(kinds[name])[1], row) for key, row in rows}
            for name, rows in tables.items()
        }
        if "groups" not in words:  # of an older release: their hours and modes are the package's
            words["groups"] = load_vocabulary().groups
        return Vocabulary(**words)
    except (TypeError, KeyError):
        raise DatasetError(
            f"{path}: the vocabulary is of another version; build it again with `locator prepare`",
            code="dataset_format",
        ) from None


def _plain(row: object) -> object:
    """Return a row of the vocabulary as a JSON value."""
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else row


def _row(kind: type, row: object) -> object:
    """Return a row of the vocabulary from its JSON value."""
    if isinstance(row, dict):
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
    return tuple(row) if isinstance(row, list) else row
