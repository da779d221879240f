"""What people tell us, on disk: an append-only table of reports in a `RecordFile`.

Who sent a report, and from where, is not known here: there is no column for it, and the time is
kept to the minute.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from geodata.record_file import RecordFile

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

_MINUTE = 60

_METADATA = sa.MetaData()
_REPORTS = sa.Table(
    "reports",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    *(sa.Column(name, sa.String, nullable=False) for name in COLUMNS[1:]),
)
_LATEST_FIRST = sa.desc(sa.text("rowid"))


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


class Records(RecordFile):
    """The reports in a file.

    Parameters
    ----------
    path : path
        The file; it and its folder are made with the first report, for this user alone.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, [_REPORTS], "reports")

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
        with self._looking() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]
