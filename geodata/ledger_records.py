"""The ledger of gaps on disk: which months were cut, and every change of a gap, dated.

Two append-only tables in one file. A cut is a row that names its folder and the checksum of the
folder's manifest: a folder without a row is no cut. What a gap is now follows from the last cut and
the changes after it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from geodata.ledger_rows import Change, CutRow, Last, LedgerMovedError
from geodata.record_file import RecordFile

#: Name of the file in the ledger's folder.
FILE = "ledger.sqlite"

_METADATA = sa.MetaData()
_CUTS = sa.Table(
    "cuts",
    _METADATA,
    sa.Column("date", sa.String, primary_key=True),
    sa.Column("made_at", sa.String, nullable=False),
    sa.Column("folder", sa.String, nullable=False),
    sa.Column("checksum", sa.String, nullable=False),
    sa.Column("after", sa.Integer, nullable=False),
)
_CHANGES = sa.Table(
    "changes",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("gap", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("responsible", sa.String, nullable=False),
    sa.Column("note", sa.String, nullable=False),
)


class LedgerRecords(RecordFile):
    """The cuts and changes in a file.

    Parameters
    ----------
    folder : path
        The ledger's folder; it is made with the first row, for this user alone.

    Notes
    -----
    Every question raises `RecordsError` if the file cannot be read or is damaged.
    """

    def __init__(self, folder: Path | str) -> None:
        super().__init__(Path(folder) / FILE, [_CUTS, _CHANGES], "the ledger")

    def cuts(self) -> list[CutRow]:
        """Return the cuts, the oldest first.

        Returns
        -------
        list of CutRow
            Empty where there is no file yet.
        """
        if not self.path.exists():
            return []
        asked = sa.select(_CUTS).order_by(_CUTS.c.date)
        with self._reading() as connection:
            found = connection.execute(asked).mappings() if _is_made(connection) else ()
            return [CutRow(**row) for row in found]

    def changes(self, *, gap: str | None = None) -> list[Change]:
        """Return changes in order of writing.

        Parameters
        ----------
        gap : str, optional
            Only those of this gap.

        Returns
        -------
        list of Change
            Empty where there is no file yet.
        """
        if not self.path.exists():
            return []
        asked = sa.select(_CHANGES).order_by(_CHANGES.c.number)
        if gap is not None:
            asked = asked.where(_CHANGES.c.gap == gap)
        with self._reading() as connection:
            found = connection.execute(asked).mappings() if _is_made(connection) else ()
            return [Change(**row) for row in found]

    def last(self) -> Last | None:
        """Return the last cut and what came after it.

        Returns
        -------
        Last or None
            Read at once: what is written meanwhile is in all of it or in none. None before the
            first cut.
        """
        if not self.path.exists():
            return None
        cuts = sa.select(_CUTS).order_by(_CUTS.c.date.desc()).limit(1)
        number = sa.func.max(_CHANGES.c.number)
        numbers = sa.select(_CHANGES.c.gap, number).group_by(_CHANGES.c.gap)
        with self._reading() as connection:
            row = connection.execute(cuts).mappings().first() if _is_made(connection) else None
            if row is None:
                return None
            cut = CutRow(**row)
            later = sa.select(_CHANGES).where(_CHANGES.c.number > cut.after)
            found = connection.execute(later.order_by(_CHANGES.c.number)).mappings()
            changes = tuple(Change(**change) for change in found)
            known = {str(gap): int(most) for gap, most in connection.execute(numbers)}
        return Last(cut, changes, known)

    def add_change(self, change: Change, *, known: int) -> Change:
        """Write a planner's change down, unless the gap has changed meanwhile.

        Parameters
        ----------
        change : Change
            What holds from now on.
        known : int
            Number of the gap's last change that the planner knew, 0 for none.

        Returns
        -------
        Change
            With its number.

        Raises
        ------
        LedgerMovedError
            If the gap has a later change.
        RecordsError
            If it cannot be written.
        """
        last = sa.select(sa.func.max(_CHANGES.c.number)).where(_CHANGES.c.gap == change.gap)
        with self._writing() as connection:
            if (connection.execute(last).scalar() or 0) != known:
                raise LedgerMovedError(f"{change.gap}: it has changed meanwhile; read it again")
            number = connection.execute(sa.insert(_CHANGES), _row(change)).lastrowid
        return Change(**{**vars(change), "number": number})

    def add_cut(self, cut: CutRow, changes: Sequence[Change], *, last: str, known: int) -> CutRow:
        """Write a cut and what it changed, both or neither.

        Parameters
        ----------
        cut : CutRow
            Its folder is complete; ``after`` is filled in.
        changes : sequence of Change
            What it opened, filled and returned.
        last : str
            Date of the cut that it goes on from, ``""`` for none.
        known : int
            Number of the last change that it knows.

        Returns
        -------
        CutRow
            As written.

        Raises
        ------
        LedgerMovedError
            If there is another cut or change meanwhile.
        RecordsError
            If it cannot be written.
        """
        latest = sa.select(sa.func.max(_CUTS.c.date))
        number = sa.select(sa.func.max(_CHANGES.c.number))
        with self._writing() as connection:
            found = connection.execute(latest).scalar() or ""
            if found != last or (connection.execute(number).scalar() or 0) != known:
                raise LedgerMovedError("the ledger has changed meanwhile; cut again")
            if changes:
                connection.execute(sa.insert(_CHANGES), [_row(change) for change in changes])
            made = CutRow(**{**vars(cut), "after": connection.execute(number).scalar() or 0})
            connection.execute(sa.insert(_CUTS), vars(made))
        return made

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment of a file that was looked at."""
        with self._looking() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Give a connection that nobody else writes beside, from the first look on."""
        with self._named():
            self._make()
            with self._engine.begin() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection


def _is_made(connection: sa.Connection) -> bool:
    """Return whether the tables are there: a file that is just being made has none yet."""
    named = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.exec_driver_sql(named, (_CUTS.name,)).first() is not None


def _row(change: Change) -> dict[str, object]:
    """Return a change as a row; the file numbers it."""
    return {name: value for name, value in vars(change).items() if name != "number"}
