"""The dataset folder: ``public/`` for everyone, ``private/`` (0700) for the command line alone.

``public/manifest.json`` names the format, the contents' version, every file with its SHA-256, the
sources and their attribution. The version is a hash of the contents: the same input gives the same
bytes. ``private/manifest.json`` names the public manifest that it belongs to.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from geodata import english_names
from geodata.barrier_names import unpacked
from geodata.errors import DatasetError
from geodata.halves import MANIFEST, Half, open_half, write_half
from geodata.model import Cells, Dataset, Network, Pieces, Positions
from geodata.parts import (
    private_files,
    public_files,
    read_basemap,
    read_by_mode,
    read_frame,
    read_geoframe,
    read_object,
    read_parts,
    read_premises,
    read_vocabulary,
)
from geodata.swap import PRIVATE, PUBLIC, privates_of, public_of, replacing

# How often reading is tried while the folder is being replaced.
_TRIES = 3


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
            public = write_half(staging / PUBLIC, public_files(dataset), about, mode=0o644)
            homes, positions = dataset.homes, dataset.home_positions
            if homes is not None:
                (staging / PRIVATE).mkdir(mode=0o700)
                belongs = {"public": public.checksum}
                write_half(staging / PRIVATE, private_files(homes, positions), belongs, mode=0o600)
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
        before = identity_of(folder)
        try:
            return _open(folder, private=private, modes=modes)
        except DatasetError:
            if last or before == identity_of(folder):
                raise
    raise AssertionError  # the last try returns or raises


def identity_of(folder: Path | str) -> tuple[object, ...]:
    """Return what changes when a dataset folder is replaced.

    Parameters
    ----------
    folder : path
        As ``locator prepare`` wrote it.

    Returns
    -------
    tuple
        Equal as long as the folder stands; empty where there is none.
    """
    try:
        about = (public_of(Path(folder)) / MANIFEST).stat()
    except OSError:
        return ()
    return about.st_ino, about.st_mtime_ns


def earlier_crs(folder: Path | str) -> str:
    """Return the metric system of the dataset that stands in a folder, whatever its format.

    Parameters
    ----------
    folder : path
        A dataset folder; it need not exist.

    Returns
    -------
    str
        As its manifest has it; ``""`` where there is none.
    """
    try:
        about = json.loads((public_of(Path(folder)) / MANIFEST).read_bytes())
        return str(about["metric_crs"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


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


# --------------------------------------------------------------------------------------- reading


def _open(folder: Path, *, private: bool | None, modes: Sequence[str] | None) -> Dataset:
    """Open the folder once."""
    public = open_half(public_of(folder), folder)
    wanted = _modes(public, modes, folder)
    homes, home_positions = None, {}
    half = None if private is False else _private_half(folder, public, needed=bool(private))
    if half is not None:
        homes = read_frame(half, "homes.arrow")
        home_positions = {m: read_object(Positions, half, f"homes_{m}.arrow") for m in wanted}
    streets, _ = read_parts(public, "streets.arrow")
    name, kind = unpacked(streets, len(streets["barrier_lines"]))
    has_people = "people.arrow" in public.manifest["files"]
    return Dataset(
        manifest=public.manifest,
        networks=read_by_mode(Network, public, "network", wanted),
        cells=read_by_mode(Cells, public, "cells", wanted),
        pieces=read_by_mode(Pieces, public, "pieces", wanted),
        stations=read_geoframe(public, "stations.parquet"),
        station_positions=read_by_mode(Positions, public, "stations", wanted),
        regions=read_geoframe(public, "regions.parquet"),
        people=read_frame(public, "people.arrow") if has_people else None,
        homes=homes,
        home_positions=MappingProxyType(home_positions),
        way_name=streets["way_name"],
        way_class=streets["way_class"],
        barrier_lines=streets["barrier_lines"],
        barrier_name=name,
        barrier_kind=kind,
        premises=read_premises(public),
        vocabulary=read_vocabulary(public),
        basemap=read_basemap(public),
        street_english=english_names.unpacked(streets),
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
