"""What must never be lost, on disk: append-only tables in SQLite, through SQLAlchemy.

What was acknowledged survives the process being killed and the power being cut: the journal is
written ahead and through to the disk (``journal_mode=WAL``, ``synchronous=FULL``). Triggers refuse
to change or delete a row. Several processes may write at once; each waits a few seconds for the
other. A connection lives as long as one question, so a disk that has room again or a file that was
put back needs no restart. Where the disk has no room even for the index of the journal that readers
share (``-shm``), they read one after the other without it.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from geodata.errors import NO_ROOM, RecordsError, RecordsFullError

_BUSY_MS = 5_000

#: SQLite's codes of what a disk without room says; the short write is what a limit on the size of
#: files or a quota looks like.
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"}

#: How SQLite's codes begin that say: no room for the index of the journal that readers share.
_NO_INDEX = "SQLITE_IOERR_SHM"

#: Reads without that index, and so without others: https://sqlite.org/wal.html#noshm.
_ALONE = "PRAGMA locking_mode = EXCLUSIVE"
_RESTORE = "put a backup in its place, without what is left of its journal (-wal, -shm)"
_WHY: Mapping[str, tuple[str, str]] = {
    "SQLITE_BUSY": ("records_busy", "other processes are writing; try again"),
    "SQLITE_LOCKED": ("records_busy", "other processes are writing; try again"),
    "SQLITE_READONLY": ("records_read_only", "it may not be written; mend the permissions"),
    "SQLITE_PERM": ("records_read_only", "it may not be written; mend the permissions"),
    "SQLITE_CANTOPEN": ("records_read_only", "it cannot be opened; mend the permissions"),
    "SQLITE_CORRUPT": ("records_damaged", f"it is damaged; {_RESTORE}"),
    "SQLITE_NOTADB": ("records_damaged", f"it is no file of records; {_RESTORE}"),
}


def append_only(table: sa.Table) -> tuple[str, ...]:
    """Return the statements that make a table whose rows stay as they are.

    Parameters
    ----------
    table : Table
        Its primary key is one column.

    Returns
    -------
    tuple of str
        For a file that may have it already.
    """
    name, (key,) = table.name, [column.name for column in table.primary_key]
    refused = f"BEGIN SELECT RAISE(ABORT, '{name} are append-only'); END"
    same = f"{key} = NEW.{key} OR rowid = NEW.rowid"
    known = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same})"  # noqa: S608  names of ours
    return (
        str(CreateTable(table, if_not_exists=True).compile(dialect=sqlite.dialect())),
        f"CREATE TRIGGER IF NOT EXISTS {name}_no_update BEFORE UPDATE ON {name} {refused}",
        f"CREATE TRIGGER IF NOT EXISTS {name}_no_delete BEFORE DELETE ON {name} {refused}",
        # INSERT OR REPLACE deletes without asking the trigger above
        f"CREATE TRIGGER IF NOT EXISTS {name}_no_replace BEFORE INSERT ON {name} {known} {refused}",
    )


class RecordFile:
    """A file of append-only tables.

    Parameters
    ----------
    path : path
        The file; it and its folder are made with the first row, for this user alone.
    tables : sequence of Table
        What it holds.
    what : str
        What its rows are called in errors, such as ``reports``.
    """

    def __init__(self, path: Path | str, tables: Sequence[sa.Table], what: str) -> None:
        self.path = Path(path)
        self._what = what
        self._names = {table.name for table in tables}
        self._made_of = [line for table in tables for line in append_only(table)]
        self._engine = sa.create_engine(
            "sqlite+pysqlite://", creator=self._connect, poolclass=NullPool
        )
        self._engine_alone = sa.create_engine(
            "sqlite+pysqlite://", creator=self._connect_alone, poolclass=NullPool
        )
        self._checked: tuple[int, int] | None = None

    def copy_to(self, path: Path | str) -> None:
        """Copy the file, whole even while others write.

        Parameters
        ----------
        path : path
            The copy; it must not exist yet.

        Raises
        ------
        RecordsError
            If there is nothing to copy, the file is damaged or the copy cannot be written.
        """
        copy = Path(path)
        if not self.path.exists():
            raise RecordsError(f"{self.path}: there are no {self._what} yet")
        if copy.exists():
            raise RecordsError(f"{copy}: is there already; choose another name")
        with self._named():
            connect = self._connect_alone if self._check() else self._connect
            os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(connect()) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))

    @contextmanager
    def _looking(self) -> Iterator[sa.Connection]:
        """Give a connection that reads a file that was looked at."""
        with self._named():
            engine = self._engine_alone if self._check() else self._engine
            with engine.connect() as connection:
                yield connection

    def _connect(self) -> sqlite3.Connection:
        """Open the file; SQLAlchemy closes it.

        What fails here is closed at once: a connection left to the collector of garbage would go
        on holding locks and the old journal while another file is put in the place of this one.
        """
        connection = sqlite3.connect(self.path, timeout=_BUSY_MS / 1000, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA trusted_schema = OFF")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_alone(self) -> sqlite3.Connection:
        """Open the file for this reader only, as `_ALONE` has it.

        Two that want it alone at once keep each other out until one of them closes, so each closes
        and comes again after a moment, drawn by lot.
        """
        until = time.monotonic() + _BUSY_MS / 1000
        while True:
            connection = sqlite3.connect(self.path, timeout=0, check_same_thread=False)
            try:
                connection.execute(_ALONE)
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # takes the lock
            except sqlite3.OperationalError as error:
                connection.close()
                if _code_of(error) != "SQLITE_BUSY" or time.monotonic() > until:
                    raise
                time.sleep(0.001 + secrets.randbelow(20) / 1000)
            except BaseException:
                connection.close()
                raise
            else:
                return connection

    def _make(self) -> None:
        """Make folder, file and table where they are not; look once whether the file is whole."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_empty(self.path)
        if self._identity() == self._checked and self._has_tables():
            return
        self._check()
        with closing(self._connect()) as connection:
            connection.isolation_level = None  # transactions as written here
            _written_ahead(connection)
            connection.execute("BEGIN IMMEDIATE")  # others may be making it just now
            for statement in self._made_of:
                connection.execute(statement)
            connection.execute("COMMIT")
        self._checked = self._identity()

    def _identity(self) -> tuple[int, int]:
        """Return what changes when another file is put in its place, unless that got its number."""
        about = self.path.stat()
        return about.st_dev, about.st_ino

    def _has_tables(self) -> bool:
        """Return whether all tables are there: a new file may have the number of a removed one."""
        with closing(self._connect()) as connection:
            found = connection.execute("SELECT name FROM sqlite_master").fetchall()
        return self._names <= {name for (name,) in found}

    def _check(self) -> bool:
        """Refuse a damaged file; return whether it can only be read alone, as the disk is full."""
        alone = False
        try:
            found = _quick_check(self._connect)
        except sqlite3.OperationalError as error:
            if not _code_of(error).startswith(_NO_INDEX):
                raise
            alone, found = True, _quick_check(self._connect_alone)
        if found != ("ok",):
            raise self._error("SQLITE_CORRUPT")
        return alone

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn what the database or the system says into errors of ours."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise self._error(_code_of(error.orig)) from None
        except sqlite3.Error as error:
            raise self._error(_code_of(error)) from None
        except UnicodeDecodeError:  # a damaged file told in its own bytes what is damaged
            raise self._error("SQLITE_CORRUPT") from None
        except OSError as error:
            code = "SQLITE_FULL" if error.errno in NO_ROOM else "SQLITE_CANTOPEN"
            raise self._error(code) from None

    def _error(self, code: str) -> RecordsError:
        """Return the error of a code; the path is for the log of the operator, not for callers."""
        if code in _FULL:
            return RecordsFullError(f"there is no room to write {self._what} down; free some space")
        short = "_".join(code.split("_")[:2])
        known, why = _WHY.get(code) or _WHY.get(short) or ("records_failed", "it cannot be written")
        return RecordsError(f"the file of {self._what}: {why}", code=known)


def _quick_check(connect: Callable[[], sqlite3.Connection]) -> tuple[str] | None:
    """Return what SQLite says of a file."""
    with closing(connect()) as connection:
        found: tuple[str] | None = connection.execute("PRAGMA quick_check(1)").fetchone()
    return found


def _put_empty(path: Path) -> None:
    """Make an empty file for this user alone where there is none; never open one that is there.

    To close a file takes back all locks that the process has on it, whoever took them (POSIX,
    ``fcntl``): those of SQLite in other threads, too, and two processes then write at once.
    https://sqlite.org/howtocorrupt.html, section 2.2.
    """
    if path.exists():
        return
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        os.link(beside, path)
    except FileExistsError:  # another has just made it
        pass
    except OSError:  # a disk without hard links
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    finally:
        beside.unlink()


def _written_ahead(connection: sqlite3.Connection) -> None:
    """Have the journal written ahead, within ``_BUSY_MS``.

    SQLite's own ``busy_timeout`` does not hold for this statement: it fails at once while another
    connection makes the same change, so it is asked again here.
    """
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code_of(error) != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _code_of(error: BaseException | None) -> str:
    """Return SQLite's name of an error."""
    return str(getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR")
