"""Files of jobs: locks that end with their process, files that are whole or not there at all.

A lock is that of an SQLite file, which Windows has, too: the operating system takes it back when
the process dies, however it dies. No lock needs a clock.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Numbers of the errors of a system without room: ENOSPC, EDQUOT, EFBIG.
NO_ROOM = frozenset({28, 122, 27})


@contextmanager
def locked(file: Path, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock that ends with the process, whatever ends it.

    Parameters
    ----------
    file : path
        An SQLite file of its own; made if need be.
    wait_seconds : float, optional
        How long to wait for another holder.

    Yields
    ------
    bool
        False where somebody else holds it.
    """
    connection = sqlite3.connect(file, timeout=wait_seconds, isolation_level=None)
    try:
        yield _held(connection, file)
    finally:
        connection.close()


def _held(connection: sqlite3.Connection, file: Path) -> bool:
    """Return whether a lock could be taken; a damaged file of one is emptied: nothing is in it."""
    for mended in (False, True):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            if mended:
                raise
            os.truncate(file, 0)
        else:
            return True
    raise AssertionError  # pragma: no cover  the second try returns or raises


def is_locked(file: Path) -> bool:
    """Return whether somebody holds a lock; takes none that could be in anybody's way for long.

    Parameters
    ----------
    file : path
        As of `locked`.

    Returns
    -------
    bool
        False where there is no such file, or a damaged one.
    """
    if not file.exists():
        return False
    connection = sqlite3.connect(file, timeout=0.0, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
    return False


@contextmanager
def said() -> Iterator[None]:
    """Say in a sentence why the folder of jobs cannot be read or written."""
    from geodata.errors import RecordsError, RecordsFullError  # noqa: PLC0415  a runner does without

    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if getattr(error, "errno", None) in NO_ROOM:
            raise RecordsFullError("there is no room to keep the job; free some space") from None
        raise RecordsError(
            "the folder of jobs cannot be read or written; mend its permissions, or name another "
            "(LOCATOR_JOBS)",
            code="jobs_unusable",
        ) from None


def write_whole(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all.

    Parameters
    ----------
    file : path
        Replaced.
    content : bytes
        All of it.
    """
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
