"""The dataset folder: ``public/`` for everyone, ``private/`` (0700) for the command line alone.

``public/manifest.json`` names the format, the contents' version, every file with its SHA-256, the
sources and their attribution. The version is a hash of the contents: the same input gives the same
bytes. ``private/manifest.json`` names the public manifest that it belongs to.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, TypeVar, get_args, get_type_hints

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from geodata.errors import DatasetError
from geodata.halves import (
    MANIFEST,
    Half,
    Write,
    checked,
    damaged,
    open_half,
    write_half,
    write_json,
)
from geodata.model import Cells, Dataset, Network, Pieces, Positions
from geodata.packing import arrays_of, object_of, read_arrays, write_arrays
from geodata.swap import PRIVATE, PUBLIC, privates_of, public_of, replacing
from geodata.vocabulary import Vocabulary

# How often reading is tried while the folder is being replaced.
_TRIES = 3

T = TypeVar("T")


def save(dataset: Dataset, folder: Path | str) -> Mapping[str, Any]:
    """Write a dataset folder beside the old one and swap it in whole.

    Parameters
    ----------
    dataset : Dataset
        ``homes`` and ``home_positions`` go to ``private/``, all else to ``public/``.
    folder : path
        Made if it does not exist; other files in it are left alone.

    Returns
    -------
    mapping
        The manifest as written, with ``format``, ``version`` and ``files``.

    Raises
    ------
    DatasetError
        If it cannot be written; what was there before is still there.
    """
    folder = Path(folder)
    try:
        _refuse_strangers(folder)
        with replacing(folder) as staging:
            (staging / PUBLIC).mkdir()
            about = dataset.manifest
            public = write_half(staging / PUBLIC, _public_files(dataset), about, mode=0o644)
            if dataset.homes is not None:
                (staging / PRIVATE).mkdir(mode=0o700)
                belongs = {"public": public.checksum}
                write_half(staging / PRIVATE, _private_files(dataset), belongs, mode=0o600)
    except OSError as error:
        raise DatasetError(
            f"{folder}: the dataset cannot be written there ({error.strerror or error}); "
            "what was there before is kept; free some space, mend the permissions or choose "
            "another folder",
            code="dataset_not_written",
        ) from error
    return public.manifest


def check_folder(folder: Path | str) -> None:
    """Refuse a folder that :func:`save` could not write, before the work is done.

    Parameters
    ----------
    folder : path
        Where a dataset is to go; it need not exist and is not made.

    Raises
    ------
    DatasetError
        If it holds something else, is a file, or may not be written.
    """
    folder = Path(folder)
    _refuse_strangers(folder)
    place = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        why = "it may not be written" if place.is_dir() else "it is a file"
        raise DatasetError(
            f"{place}: the dataset cannot be written there ({why}); mend the permissions or choose "
            "another folder",
            code="dataset_not_written",
        )


def open_dataset(
    folder: Path | str, *, private: bool | None = None, modes: Sequence[str] | None = None
) -> Dataset:
    """Open a dataset folder, checked whole, its arrays mapped into memory read-only.

    Parameters
    ----------
    folder : path
        As ``locator prepare`` wrote it.
    private : bool, optional
        False never touches ``private/``; True needs it; None takes it where it is and may be read.
    modes : sequence of str, optional
        Only these modes; all by default.

    Returns
    -------
    Dataset
        ``homes`` is None unless ``private/`` was opened.

    Raises
    ------
    DatasetError
        If the folder is absent, damaged or of another format, does not hold a mode, or has no
        homes that belong to it though they were asked for.
    """
    folder = Path(folder)
    for last in (*[False] * (_TRIES - 1), True):
        before = _identity(folder)
        try:
            return _open(folder, private=private, modes=modes)
        except DatasetError:
            if last or before == _identity(folder):
                raise
    raise AssertionError  # the last try returns or raises


def read_manifest(folder: Path | str) -> Mapping[str, Any]:
    """Read what a dataset folder says about itself, without opening the rest.

    Parameters
    ----------
    folder : path
        As ``locator prepare`` wrote it.

    Returns
    -------
    mapping
        The public manifest.

    Raises
    ------
    DatasetError
        If the folder is absent, or its manifest is damaged or of another format.
    """
    return open_half(public_of(Path(folder)), Path(folder)).manifest


# --------------------------------------------------------------------------------------- writing


def _refuse_strangers(folder: Path) -> None:
    """Refuse to replace a ``public`` or ``private`` that is no part of a dataset."""
    for part in (folder / PUBLIC, folder / PRIVATE):
        if part.is_dir() and any(part.iterdir()) and not (part / MANIFEST).is_file():
            raise DatasetError(
                f"{part}: holds something else than a dataset, which would be lost; choose another "
                "folder or move it away",
                code="dataset_not_written",
            )


def _public_files(dataset: Dataset) -> dict[str, Write]:
    """Return the writers of all public files by name."""
    vocabulary = dataset.vocabulary
    streets = {
        "way_name": dataset.way_name,
        "way_class": dataset.way_class,
        "barrier_lines": dataset.barrier_lines,
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


def _private_files(dataset: Dataset) -> dict[str, Write]:
    """Return the writers of all private files by name."""
    assert dataset.homes is not None  # noqa: S101 - the caller has asked
    files: dict[str, Write] = {"homes.arrow": _frame_writer(dataset.homes)}
    for mode, positions in dataset.home_positions.items():
        files[f"homes_{mode}.arrow"] = _object_writer(positions)
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


# --------------------------------------------------------------------------------------- reading


def _identity(folder: Path) -> tuple[object, ...]:
    """Return what changes when the folder is replaced."""
    try:
        about = (public_of(folder) / MANIFEST).stat()
    except OSError:
        return ()
    return about.st_ino, about.st_mtime_ns


def _open(folder: Path, *, private: bool | None, modes: Sequence[str] | None) -> Dataset:
    """Open the folder once."""
    public = open_half(public_of(folder), folder)
    wanted = _modes(public, modes, folder)
    homes, home_positions = None, {}
    half = None if private is False else _private_half(folder, public, needed=bool(private))
    if half is not None:
        homes = _frame(_arrays(half, "homes.arrow"))
        home_positions = {m: _object(Positions, half, f"homes_{m}.arrow") for m in wanted}
    streets, _ = _arrays(public, "streets.arrow")
    return Dataset(
        manifest=public.manifest,
        networks=_by_mode(Network, public, "network", wanted),
        cells=_by_mode(Cells, public, "cells", wanted),
        pieces=_by_mode(Pieces, public, "pieces", wanted),
        stations=_geoframe(public, "stations.parquet"),
        station_positions=_by_mode(Positions, public, "stations", wanted),
        regions=_geoframe(public, "regions.parquet"),
        people=_people(public),
        homes=homes,
        home_positions=MappingProxyType(home_positions),
        way_name=streets["way_name"],
        way_class=streets["way_class"],
        barrier_lines=streets["barrier_lines"],
        vocabulary=_vocabulary(public),
    )


def _private_half(folder: Path, public: Half, *, needed: bool) -> Half | None:
    """Return the private half that belongs to the public one, if it may be read."""
    for path in privates_of(folder):
        try:
            readable = (path / MANIFEST).exists() and os.access(path / MANIFEST, os.R_OK)
        except OSError:  # the folder is closed to us
            readable = False
        if readable:
            half = open_half(path, folder)
            if half.manifest.get("public") == public.checksum:
                return half
    if needed:
        raise DatasetError(
            f"{folder / PRIVATE}: expected the homes of this dataset, found none that may be read; "
            f"build it again with `locator prepare` with --homes, or check its permissions",
            code="homes_absent",
        )
    return None


def _modes(public: Half, modes: Sequence[str] | None, folder: Path) -> list[str]:
    """Return the modes to open, refusing one that is not there."""
    head, tail = "network_", ".arrow"
    held = [n[len(head) : -len(tail)] for n in public.manifest["files"] if n.startswith(head)]
    order = list(public.manifest.get("modes", ()))
    held.sort(key=lambda mode: (order.index(mode) if mode in order else len(order), mode))
    absent = [mode for mode in modes or () if mode not in held]
    if absent:
        raise DatasetError(
            f"{folder}: expected one of the modes {', '.join(held)}, got {', '.join(absent)}; "
            "prepare the dataset for that mode too",
            code="mode_absent",
        )
    return held if modes is None else [mode for mode in held if mode in modes]


def _arrays(half: Half, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Map a checked file of arrays."""
    path = checked(half, name)
    try:
        return read_arrays(path)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        raise damaged(path, "it is no file of arrays") from None


def _object(kind: type[T], half: Half, name: str) -> T:
    """Open a dataclass of arrays."""
    arrays, plain = _arrays(half, name)
    try:
        return object_of(kind, arrays | plain)
    except TypeError:
        raise damaged(half.folder / name, f"it is no {kind.__name__}") from None


def _by_mode(kind: type[T], half: Half, stem: str, modes: Sequence[str]) -> Mapping[str, T]:
    """Open one object for each mode."""
    return MappingProxyType({m: _object(kind, half, f"{stem}_{m}.arrow") for m in modes})


def _frame(parts: tuple[dict[str, Any], dict[str, Any]]) -> pd.DataFrame:
    """Return a frame of columns; text is text."""
    return pd.DataFrame(
        {
            name: pd.Series(array, dtype="str") if array.dtype == object else np.array(array)
            for name, array in parts[0].items()
        }
    )


def _people(half: Half) -> pd.DataFrame | None:
    """Open the published people, if there are any."""
    name = "people.arrow"
    return _frame(_arrays(half, name)) if name in half.manifest["files"] else None


def _geoframe(half: Half, name: str) -> gpd.GeoDataFrame:
    """Open a GeoParquet file."""
    path = checked(half, name)
    try:
        return gpd.read_parquet(path)
    except (OSError, pa.ArrowException, ValueError):
        raise damaged(path, "it is no GeoParquet file") from None


def _vocabulary(half: Half) -> Vocabulary:
    """Open the vocabulary that the dataset was prepared with."""
    path = checked(half, "vocabulary.json")
    tables = json.loads(path.read_bytes())
    kinds = get_type_hints(Vocabulary)
    try:
        words: dict[str, Any] = {
            name: {key: _row(get_args(kinds[name])[1], row) for key, row in rows}
            for name, rows in tables.items()
        }
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
