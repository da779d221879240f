"""Zip archives from strangers (XLSX, zipped Shapefile): looked at before anything is unpacked."""

import stat
import zipfile
from pathlib import PurePosixPath

from geodata.errors import FileFormatError, LimitError

#: Limits of an archive: bytes unpacked, ratio of unpacked to packed, number of entries.
MAX_UNPACKED, MAX_RATIO, MAX_ENTRIES = 100 * 1024 * 1024, 100, 2000

#: Entries below this size may be packed as tightly as they like (bytes).
_SMALL = 100_000

_NESTED = (".zip", ".rar", ".7z", ".gz", ".tar", ".xlsx", ".kmz", ".bz2", ".xz")


def check_archive(archive: zipfile.ZipFile, where: str) -> int:
    """Return the unpacked size of an archive, or refuse it.

    Parameters
    ----------
    archive : ZipFile
        Open for reading.
    where : str
        Its name, for messages.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    FileFormatError
        ``zip_slip``, ``zip_symlink``, ``zip_nested`` or ``zip_encrypted``.
    LimitError
        ``zip_bomb``: more than 100 MB unpacked, a ratio above 100, or more than 2,000 entries.
    """
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise LimitError(
            f"{where}: {len(entries)} files in the archive; at most {MAX_ENTRIES} are read",
            code="zip_bomb",
        )
    for entry in entries:
        _check_entry(entry, where)
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED:
        raise LimitError(
            f"{where}: {size} bytes unpacked; at most {MAX_UNPACKED} are read", code="zip_bomb"
        )
    return size


def _check_entry(entry: zipfile.ZipInfo, where: str) -> None:
    """Refuse an entry that leads outside, links, nests, hides or swells."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    shown = entry.filename[:80]
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise FileFormatError(
            f"{where}: the entry {shown!r} leads outside the archive; pack the files alone",
            code="zip_slip",
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise FileFormatError(
            f"{where}: the entry {shown!r} is a link; pack the file itself", code="zip_symlink"
        )
    if path.suffix.lower() in _NESTED:
        raise FileFormatError(
            f"{where}: the entry {shown!r} is an archive in the archive; unpack it first",
            code="zip_nested",
        )
    if entry.flag_bits & 1:
        raise FileFormatError(
            f"{where}: the entry {shown!r} is encrypted; save it without a password",
            code="zip_encrypted",
        )
    if entry.file_size > max(_SMALL, MAX_RATIO * entry.compress_size):
        raise LimitError(
            f"{where}: the entry {shown!r} unpacks to {entry.file_size} bytes, "
            f"{entry.file_size // max(entry.compress_size, 1)} times its packed size; at most "
            f"{MAX_RATIO} times is read",
            code="zip_bomb",
        )
