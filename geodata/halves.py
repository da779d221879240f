"""One half of a dataset folder: its files, and the manifest that vouches for them.

Every file is named in ``manifest.json`` with its SHA-256 and size; the manifest's ``version`` is a
hash of all its other entries, so that it vouches for itself too.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from geodata.errors import DatasetError
from geodata.packing import digest, write_file

#: Version of the folder's format; another one is refused.
FORMAT = 1

#: Name of the manifest in each half.
MANIFEST = "manifest.json"

_VERSION_DIGITS = 12

_HOW = "build it again with `locator prepare`"

Write = Callable[[BinaryIO], object]


@dataclass(frozen=True)
class Half:
    """One half of a dataset folder, its manifest checked.

    Attributes
    ----------
    folder : Path
        Where it is.
    manifest : mapping
        What ``manifest.json`` says.
    checksum : str
        SHA-256 of ``manifest.json``.
    """

    folder: Path
    manifest: Mapping[str, Any]
    checksum: str


def write_half(
    folder: Path,
    files: Mapping[str, Write],
    about: Mapping[str, Any],
    *,
    mode: int,
    form: int = FORMAT,
) -> Half:
    """Write the files of one half through to the disk, and the manifest last.

    Parameters
    ----------
    folder : Path
        Empty.
    files : mapping of str to callable
        Writers by name.
    about : mapping
        Entries of the manifest; ``format``, ``files`` and ``version`` are added.
    mode : int
        Permissions of the files.
    form : int
        Version of the format; what is no dataset counts its own.

    Returns
    -------
    Half
        What was written.

    Raises
    ------
    OSError
        If something cannot be written.
    """
    listed = {
        name: {
            "sha256": write_file(folder / name, write, mode=mode),
            "bytes": (folder / name).stat().st_size,
        }
        for name, write in sorted(files.items())
    }
    manifest = _versioned(dict(about) | {"format": form, "files": listed})
    checksum = write_file(folder / MANIFEST, partial(write_json, manifest), mode=mode)
    return Half(folder, MappingProxyType(manifest), checksum)


def write_json(value: object, file: BinaryIO) -> None:
    """Write JSON text, in the order given.

    Parameters
    ----------
    value : object
        Of JSON's kinds.
    file : binary file
        Open for writing.
    """
    file.write(json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")


def open_half(half: Path, folder: Path, *, form: int = FORMAT) -> Half:
    """Read and check the manifest of one half.

    Parameters
    ----------
    half : Path
        Where the half is.
    folder : Path
        The dataset folder, as the reader knows it.
    form : int
        The format that it must have.

    Returns
    -------
    Half
        Its files have not been read yet.

    Raises
    ------
    DatasetError
        If it is absent, damaged or of another format.
    """
    path = half / MANIFEST
    if not half.is_dir():
        raise DatasetError(
            f"{folder}: there is no dataset; build one with "
            f"`locator prepare --streets … --stations … --out {folder}`",
            code="dataset_absent",
        )
    try:
        data = path.read_bytes()
        manifest = json.loads(data)
        found = manifest["format"]
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read ({error.strerror or error}); check its permissions or {_HOW}"
        ) from error
    except (ValueError, KeyError, TypeError):
        raise damaged(path, "it is no manifest") from None
    if found != form:
        age = "an older" if isinstance(found, int) and found < form else "a newer or unknown"
        raise DatasetError(
            f"{folder}: the dataset has {age} format ({found!r}; this version reads {form}); "
            + (_HOW if age == "an older" else f"update the software or {_HOW}"),
            code="dataset_format",
        )
    if manifest != _versioned(manifest):
        raise damaged(path, "it has changed since it was written")
    return Half(half, MappingProxyType(manifest), sha256(data).hexdigest())


def damaged(path: Path, why: str) -> DatasetError:
    """Return the refusal of a damaged file.

    Parameters
    ----------
    path : Path
        The file.
    why : str
        What is wrong with it.

    Returns
    -------
    DatasetError
        To be raised.
    """
    return DatasetError(f"{path}: the dataset is damaged, {why}; {_HOW}", code="dataset_damaged")


def checked(half: Half, name: str) -> Path:
    """Return the path of a file, after its checksum was found right.

    Parameters
    ----------
    half : Half
        The half that it is in.
    name : str
        Its name.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DatasetError
        If it is absent, damaged or cannot be read.
    """
    path = half.folder / name
    about = half.manifest["files"].get(name)
    try:
        if about is None:
            raise damaged(path, "its manifest does not name this file")
        if path.stat().st_size != about["bytes"] or digest(path) != about["sha256"]:
            raise damaged(path, "this file has changed since it was written")
    except FileNotFoundError:
        raise damaged(path, "this file is missing") from None
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read ({error.strerror or error}); check its permissions or {_HOW}"
        ) from error
    return path


def _versioned(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with the hash of all its other entries as version."""
    rest = {name: value for name, value in manifest.items() if name != "version"}
    same: dict[str, Any] = json.loads(json.dumps(rest, ensure_ascii=False, default=_plain))
    text = json.dumps(same, ensure_ascii=False, sort_keys=True)
    return same | {"version": sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]}


def _plain(value: object) -> object:
    """Return a JSON value for mappings that are no dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"the manifest holds JSON values only, got {type(value).__name__}")
