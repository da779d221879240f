"""What people tell us, on disk: an append-only table of reports (SQLite through SQLAlchemy).

A report that was acknowledged survives the process being killed and the power being cut: the
journal is written ahead and through to the disk (``journal_mode=WAL``, ``synchronous=FULL``).
Triggers refuse to change or delete a row. Several processes may write at once; each waits a few
seconds for the other. A connection lives as long as one question, so a disk that has room again or
a file that was put back needs no restart.

Who sent a report, and from where, is not known here: there is no column for it, and the time is
kept to the minute.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from geodata.errors import RecordsError, RecordsFullError

#: Columns of the table, in order.
COLUMNS = (
    "id",
    "received_at",
    "station_id",
    "dataset_version",
    "problem",
    "note",
    "lang",
    "state",
)

_BUSY_MS = 5_000
_MINUTE = 60

_METADATA = sa.MetaData()
_REPORTS = sa.Table(
    "reports",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    *(sa.Column(name, sa.String, nullable=False) for name in COLUMNS[1:]),
)
_NO = "BEGIN SELECT RAISE(ABORT, 'reports are append-only'); END"
_KNOWN = "WHEN EXISTS (SELECT 1 FROM reports WHERE id = NEW.id OR rowid = NEW.rowid)"
_MADE_OF = (
    str(CreateTable(_REPORTS, if_not_exists=True).compile(dialect=sqlite.dialect())),
    f"CREATE TRIGGER IF NOT EXISTS reports_no_update BEFORE UPDATE ON reports {_NO}",
    f"CREATE TRIGGER IF NOT EXISTS reports_no_delete BEFORE DELETE ON reports {_NO}",
    # INSERT OR REPLACE deletes without asking the trigger above
    f"CREATE TRIGGER IF NOT EXISTS reports_no_replace BEFORE INSERT ON reports {_KNOWN} {_NO}",
)
_LATEST_FIRST = sa.desc(sa.text("rowid"))

#: SQLite's codes of what a disk without room says; the short write is what a limit on the size of
#: files or a quota looks like.
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"}
_WHY: Mapping[str, tuple[str, str]] = {
    "SQLITE_BUSY": ("records_busy", "other processes are writing; try again"),
    "SQLITE_LOCKED": ("records_busy", "other processes are writing; try again"),
    "SQLITE_READONLY": ("records_read_only", "it may not be written; mend the permissions"),
    "SQLITE_PERM": ("records_read_only", "it may not be written; mend the permissions"),
    "SQLITE_CANTOPEN": ("records_read_only", "it cannot be opened; mend the permissions"),
    "SQLITE_CORRUPT": ("records_damaged", "it is damaged; put a backup in its place"),
    "SQLITE_NOTADB": ("records_damaged", "it is no file of records; put a backup in its place"),
}


@dataclass(frozen=True)
class Report:
    """What somebody says is wrong with a station.

    Attributes
    ----------
    station_id : str
        The station.
    dataset_version : str
        Which data the page showed.
    problem : str
        Code.
    note : str
        Words, already without what tells who wrote them.
    lang : str
        Language of the note.
    """

    station_id: str
    dataset_version: str
    problem: str
    note: str
    lang: str


def new_id(moment: datetime) -> str:
    """Return an id that sorts by time, to the minute, and cannot be guessed.

    Parameters
    ----------
    moment : datetime
        With a time zone.

    Returns
    -------
    str
        Eight hexadecimal digits of the minute since 1970, a hyphen, sixteen at random.

    Examples
    --------
    >>> new_id(datetime(2026, 11, 22, 13, 5, tzinfo=UTC))[:9]
    '01c894f1-'
    """
    return f"{int(moment.timestamp()) // _MINUTE:08x}-{secrets.token_hex(8)}"


class Records:
    """The reports in a file.

    Parameters
    ----------
    path : path
        The file; it and its folder are made with the first report, for this user alone.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._engine = sa.create_engine(
            "sqlite+pysqlite://", creator=self._connect, poolclass=NullPool
        )
        self._checked: tuple[int, int] | None = None

    def add(self, report: Report) -> str:
        """Write a report down; when this returns, it is on the disk.

        Parameters
        ----------
        report : Report
            To be kept.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        RecordsFullError
            If there is no room.
        RecordsError
            If the file may not be written, is damaged, or others write all the time.
        """
        at = datetime.now(UTC)
        number = new_id(at)
        row = {
            "id": number,
            "received_at": at.strftime("%Y-%m-%dT%H:%MZ"),
            **vars(report),
            "state": "new",
        }
        with self._named():
            self._make()
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_REPORTS), row)
        return number

    def latest(self) -> list[dict[str, str]]:
        """Return the reports, newest first.

        Returns
        -------
        list of dict
            By `COLUMNS`; empty where there is no file yet.

        Raises
        ------
        RecordsError
            If the file cannot be read or is damaged.
        """
        if not self.path.exists():
            return []
        asked = sa.select(_REPORTS).order_by(_LATEST_FIRST)
        with self._named():
            self._check()
            with self._engine.connect() as connection:
                return [dict(row) for row in connection.execute(asked).mappings()]

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
            raise RecordsError(f"{self.path}: there are no reports yet")
        if copy.exists():
            raise RecordsError(f"{copy}: is there already; choose another name")
        with self._named():
            self._check()
            os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(self._connect()) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))

    def _connect(self) -> sqlite3.Connection:
        """Open the file; SQLAlchemy closes it."""
        connection = sqlite3.connect(self.path, timeout=_BUSY_MS / 1000, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _make(self) -> None:
        """Make folder, file and table where they are not; look once whether the file is whole."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        if self._identity() == self._checked:
            return
        self._check()
        with closing(self._connect()) as connection:
            connection.isolation_level = None  # transactions as written here
            _written_ahead(connection)
            connection.execute("BEGIN IMMEDIATE")  # others may be making it just now
            for statement in _MADE_OF:
                connection.execute(statement)
            connection.execute("COMMIT")
        self._checked = self._identity()

    def _identity(self) -> tuple[int, int]:
        """Return what changes when another file is put in its place."""
        about = self.path.stat()
        return about.st_dev, about.st_ino

    def _check(self) -> None:
        """Refuse a damaged file."""
        with closing(self._connect()) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise self._error("SQLITE_CORRUPT")

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
            code = "SQLITE_FULL" if error.errno in _NO_ROOM else "SQLITE_CANTOPEN"
            raise self._error(code) from None

    def _error(self, code: str) -> RecordsError:
        """Return the error of a code; the path is for the log of the operator, not for callers."""
        if code in _FULL:
            return RecordsFullError("there is no room to write the report down; free some space")
        short = "_".join(code.split("_")[:2])
        known, why = _WHY.get(code) or _WHY.get(short) or ("records_failed", "it cannot be written")
        return RecordsError(f"the file of reports: {why}", code=known)


_NO_ROOM = frozenset({28, 122, 27})  # ENOSPC, EDQUOT, EFBIG


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
