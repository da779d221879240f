"""Replace the two halves of a dataset folder as one, or a file, whatever happens meanwhile.

New contents are written into ``.incoming`` inside the folder and moved into place by renaming;
what was there waits in ``.outgoing`` until the new is complete. The arrival of ``public`` decides:
before it everything is old, after it everything is new. A reader that finds an interrupted swap
uses what belongs together; the next writer tidies up. Other files in the folder are left alone.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geodata.errors import DatasetError, InputError

PUBLIC, PRIVATE = "public", "private"
_INCOMING, _OUTGOING = ".incoming", ".outgoing"


def public_of(folder: Path) -> Path:
    """Return where the public half is; it need not exist.

    Parameters
    ----------
    folder : Path
        The dataset folder.

    Returns
    -------
    Path
        ``folder/public``, or where an interrupted swap has left it.
    """
    here, waiting = folder / PUBLIC, folder / _OUTGOING / PUBLIC
    return waiting if not here.exists() and waiting.exists() else here


def privates_of(folder: Path) -> list[Path]:
    """Return where the private half may be; which one belongs to the public half must be checked.

    Parameters
    ----------
    folder : Path
        The dataset folder.

    Returns
    -------
    list of Path
        ``folder/private`` first, then where an interrupted swap may have left it.
    """
    return [folder / PRIVATE, folder / _INCOMING / PRIVATE, folder / _OUTGOING / PRIVATE]


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write into; it takes the old one's place when all went well.

    Parameters
    ----------
    folder : Path
        The dataset folder; made if it does not exist.

    Yields
    ------
    Path
        Where to make ``public`` (always) and ``private`` (if there are homes). Their files must
        have been written through to the disk.

    Raises
    ------
    DatasetError
        If another process is writing there.
    OSError
        If the folder cannot be written; the old contents stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        settle(folder)
        incoming = folder / _INCOMING
        incoming.mkdir(mode=0o700)
        try:
            yield incoming
            _commit(folder)
        except BaseException:
            with suppress(OSError):
                settle(folder)
            raise


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Give a file to write; it takes the old one's place in one step when all went well.

    Parameters
    ----------
    path : Path
        The file; its folder exists.

    Yields
    ------
    Path
        Where to write, in a folder of its own beside the file, which is removed afterwards; the
        name ends as that of the file does.

    Raises
    ------
    InputError
        If it cannot be written (``cannot_write``); the old file stays.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem[:40]}.") as folder:
            beside = Path(folder) / f"new{path.suffix.lower()}"
            yield beside
            with beside.open("rb+") as written:
                os.fsync(written.fileno())
            beside.replace(path)
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be written ({error.strerror or error}); check the folder",
            code="cannot_write",
        ) from error


def settle(folder: Path) -> None:
    """Finish or undo an interrupted swap.

    Parameters
    ----------
    folder : Path
        The dataset folder.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    incoming, outgoing = folder / _INCOMING, folder / _OUTGOING
    arrived = (folder / PUBLIC).exists() and not (incoming / PUBLIC).exists()
    if outgoing.exists() and not arrived:
        for part in (PUBLIC, PRIVATE):
            if (outgoing / part).exists():
                (outgoing / part).rename(folder / part)
        outgoing.rmdir()
    elif arrived and outgoing.exists() and (incoming / PRIVATE).exists():
        (incoming / PRIVATE).rename(folder / PRIVATE)
    for left in (incoming, outgoing):
        if left.exists():
            shutil.rmtree(left)


def _commit(folder: Path) -> None:
    """Move the old halves out and the new ones in."""
    incoming, outgoing = folder / _INCOMING, folder / _OUTGOING
    sync_folders(incoming / PUBLIC, incoming / PRIVATE, incoming)
    outgoing.mkdir(mode=0o700)
    for part in (PRIVATE, PUBLIC):
        if (folder / part).exists():
            (folder / part).rename(outgoing / part)
    (incoming / PUBLIC).rename(folder / PUBLIC)  # from here on everything is new
    sync_folders(folder)
    settle(folder)
    sync_folders(folder)


def sync_folders(*folders: Path) -> None:
    """Write directories through to the disk, where the system can do that.

    What was renamed or made in them stays so when the power is cut.

    Parameters
    ----------
    *folders : Path
        Those that do not exist are left out.

    Raises
    ------
    OSError
        If one cannot be written through.
    """
    for folder in folders:
        if folder.exists() and hasattr(os, "O_DIRECTORY"):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other writers out, where the system has advisory locks."""
    try:
        import fcntl  # noqa: PLC0415 - absent on Windows
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatasetError(
                f"{folder}: another `locator prepare` is writing there; wait until it is done "
                "or choose another folder",
                code="dataset_busy",
            ) from None
        yield
    finally:
        os.close(descriptor)
