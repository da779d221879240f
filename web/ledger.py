"""The ledger of gaps as it stands: the last cut, and what planners have set since.

What is told of people in it is from published cells, whoever makes the cut: a ledger is read over
HTTP and printed in bulletins. Each cut keeps how coarsely it may be told, so that a past month
reads the same after the settings have changed.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geodata.cut_folder import CUTS, CutFolder, cut_dates
from geodata.errors import Fault, LimitError, RecordsError, ValidationError
from geodata.hours import SHANGHAI
from geodata.ledger_rows import Change, CutRow, LedgerMovedError, now_text
from locator.gap_matching import GapCells
from locator.ledger import Book
from locator.ledger_entries import Entry, check_transition, with_change
from web.errors import ChangedMeanwhileError, UnknownGapError, UnknownMonthError
from web.ledger_standing import Standing, entry_of, gaps_by_id
from web.settings import Settings
from web.state import dataset_folder

if TYPE_CHECKING:
    from geodata.ledger_records import LedgerRecords

#: From this day of a month on, its cut is final.
CUT_DAY = 25

_TRIES = 20
_UNSAFE = re.compile(r"[^\w-]+")


def ledger_folder(settings: Settings) -> Path:
    """Return the folder of the ledger of a dataset; it need not exist.

    Parameters
    ----------
    settings : Settings
        ``ledger``, or else ``records`` and ``data``.

    Returns
    -------
    Path
        Beside the reports, one for each dataset folder, unless a folder is named.
    """
    if settings.ledger is not None:
        return settings.ledger
    data = dataset_folder(settings).resolve()
    mark = hashlib.sha256(str(data).encode()).hexdigest()[:8]
    return settings.records.parent / "ledgers" / f"{_UNSAFE.sub('-', data.name)[:40]}-{mark}"


def today() -> str:
    """Return today's date in China.

    Returns
    -------
    str
        ISO.
    """
    return datetime.now(SHANGHAI).date().isoformat()


class Ledger:
    """The ledger in a folder.

    Parameters
    ----------
    folder : path
        Made with the first cut.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def records(self) -> "LedgerRecords":
        """Its file."""
        from geodata.ledger_records import LedgerRecords  # noqa: PLC0415  brings SQLAlchemy

        return LedgerRecords(self.folder)

    def cuts(self) -> list[CutRow]:
        """Return the cuts, the oldest first.

        Returns
        -------
        list of CutRow
            Each with its folder.
        """
        return self.records.cuts()

    def months(self) -> list[str]:
        """Return the months that were cut.

        Returns
        -------
        list of str
            The oldest first, such as ``2026-11``.
        """
        return list(dict.fromkeys(cut.month for cut in self.cuts()))

    def lost(self, *, left: bool = False) -> list[str]:
        """Return the months of which a folder lies here, but which the ledger does not know.

        Parameters
        ----------
        left : bool
            Only folders that have lain there for an hour: no cut is at work on them.

        Returns
        -------
        list of str
            The oldest first. Its file was lost, or is an older copy, or a cut was broken off.
        """
        known = set(self.months())
        found = (date[:7] for date in cut_dates(self.folder, left=left))
        return [month for month in dict.fromkeys(found) if month not in known]

    def refuse_lost(self, month: str) -> None:
        """Refuse to write what goes on from an older state than the cuts that lie here.

        Parameters
        ----------
        month : str
            In which is written: a cut of this month that was broken off may be made again.

        Raises
        ------
        RecordsError
            ``ledger_lost``: cuts lie here, for an hour at least, after the last one that the
            ledger knows.
        """
        known = self.cuts()
        last, months = (known[-1].date if known else ""), {cut.month for cut in known}
        again = {month} if known else set()
        there = {date[:7] for date in cut_dates(self.folder, left=True) if date > last}
        newer = ", ".join(sorted(there - months - again))
        if newer:
            raise RecordsError(
                f"the ledger's file {self.records.path.name} was lost, or is an older copy: it "
                f"does not know cuts that lie beside it ({newer}); put a backup of it in its "
                f"place, or, to go on without their gaps, states and notes, move their folders "
                f"out of `{CUTS}`",
                code="ledger_lost",
            )

    def of_month(self, month: str) -> CutRow:
        """Return the cut of a month, the last one where there are several.

        Parameters
        ----------
        month : str
            Such as ``2026-11``.

        Returns
        -------
        CutRow
            Its row.

        Raises
        ------
        UnknownMonthError
            If it was not cut; names the months that were.
        """
        found = [cut for cut in self.cuts() if cut.month == month]
        if not found:
            months = self.months()
            known = f"there are: {', '.join(months)}" if months else "no month was cut yet"
            raise UnknownMonthError(f"there is no cut of {month}; {known}")
        return found[-1]

    def opened(self, cut: CutRow) -> CutFolder:
        """Return the folder of a cut.

        Parameters
        ----------
        cut : CutRow
            From `cuts`.

        Returns
        -------
        CutFolder
            Its manifest is whole.

        Raises
        ------
        RecordsError
            If it is damaged.
        """
        return CutFolder(self.folder, cut.folder, cut.checksum)

    def at(self, cut: CutRow) -> Standing:
        """Return the ledger as a cut left it.

        Parameters
        ----------
        cut : CutRow
            From `cuts`.

        Returns
        -------
        Standing
            The same for ever.
        """
        self.opened(cut).check()  # each time: what is damaged meanwhile is not told from memory
        return _read(self.folder, cut)

    def now(self) -> Standing | None:
        """Return the ledger as it stands.

        Returns
        -------
        Standing or None
            None before the first cut.

        Raises
        ------
        RecordsError
            If the file or the last cut is damaged.
        """
        last = self.records.last()
        if last is None:
            return None
        standing = self.at(last.cut)
        entries = {entry.id: entry for entry in standing.entries}
        for change in last.changes:
            entry = with_change(entries[change.gap], change.state, change.responsible, change.note)
            entries[change.gap] = replace(entry, changed=change.at)
        found = (replace(entry, change=last.numbers.get(entry.id, 0)) for entry in entries.values())
        return replace(standing, entries=tuple(found))

    def book(self, standing: Standing) -> Book:
        """Return what the next cut goes on from.

        Parameters
        ----------
        standing : Standing
            From `now`.

        Returns
        -------
        Book
            With the cells of the last cut.
        """
        if standing.cut is None:
            return Book()
        parts = self.opened(standing.cut).cells()
        names = [entry.name for entry in fields(GapCells) if entry.name != "count"]
        cells = GapCells(**{name: parts[name] for name in names}, count=len(standing.facts["ids"]))
        return Book(standing.entries, tuple(standing.facts["ids"]), cells)

    def set(self, gap: str, wanted: Mapping[str, str], seen: str | None = None) -> Entry:
        """Set what a planner says of a gap.

        Parameters
        ----------
        gap : str
            Its id.
        wanted : mapping of str to str
            ``state``, ``responsible``, ``note``; what is absent stays.
        seen : str, optional
            The tag that the planner has read; without it the last word counts.

        Returns
        -------
        Entry
            As it is now.

        Raises
        ------
        UnknownGapError
            If there is no such gap.
        ChangedMeanwhileError
            If the gap is not what ``seen`` says.
        ValidationError
            If there is nothing to set, or the state cannot follow.
        RecordsError
            If it cannot be written, or its file was lost.
        """
        self.refuse_lost(today()[:7])
        for last_try in (*[False] * _TRIES, True):
            standing = self.now()
            if standing is None:
                raise UnknownGapError("nothing was cut yet; run `locator gaps cut`")
            entry, told = changed_to(standing, gap, wanted, seen)
            change = Change(gap=gap, at=now_text(), event="set", **told)
            try:
                written = self.records.add_change(change, known=entry.change)
            except LedgerMovedError:
                if last_try:
                    raise
                continue
            changed = with_change(entry, **told)
            return replace(changed, changed=written.at, change=written.number)
        raise AssertionError  # pragma: no cover  the last try returns or raises


def changed_to(
    standing: Standing, gap: str, wanted: Mapping[str, str], seen: str | None = None
) -> tuple[Entry, dict[str, Any]]:
    """Return what a gap would become; nothing is written.

    Parameters
    ----------
    standing : Standing
        The ledger.
    gap : str
        Its id.
    wanted : mapping of str to str
        ``state``, ``responsible``, ``note``; what is absent stays.
    seen : str, optional
        The tag that the planner has read.

    Returns
    -------
    Entry, dict
        The gap as it is, and what would hold from then on.

    Raises
    ------
    UnknownGapError
        If there is no such gap.
    ChangedMeanwhileError
        If the gap is not what ``seen`` says.
    ValidationError
        If there is nothing to set, or the state cannot follow.
    """
    if not wanted:
        fault = Fault("question", "nothing to set", "give state, responsible or note")
        raise ValidationError.of([fault], code="missing")
    entry = standing.entry(gap)
    if seen is not None and not _same(seen, standing.etag(entry)):
        raise ChangedMeanwhileError(
            "the gap has changed since you read it; read it again and repeat"
        )
    told = {name: getattr(entry, name) for name in ("state", "responsible", "note")} | {**wanted}
    check_transition(entry.state, told["state"], is_open=entry.is_open)
    return entry, told


def _same(seen: str, etag: str) -> bool:
    """Return whether a tag is among those of ``If-Match``; a cache may have weakened it."""
    tags = [part.strip().removeprefix("W/") for part in seen.split(",")]
    return "*" in tags or etag in tags


@lru_cache(maxsize=16)
def _read(folder: Path, cut: CutRow) -> Standing:
    """Read a cut; it never changes, so it is kept."""
    opened = CutFolder(folder, cut.folder, cut.checksum)
    entries = tuple(entry_of(row) for row in opened.entries())
    return Standing(cut, entries, opened.facts(), gaps_by_id(opened.gaps()))


def checked_date(date: str | None) -> str:
    """Return the date of a cut.

    Parameters
    ----------
    date : str or None
        ISO; None is today.

    Returns
    -------
    str
        Not after today.

    Raises
    ------
    LimitError
        If it is no date, or still to come.
    """
    now = today()
    if date is None:
        return now
    try:
        named = datetime.strptime(date, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007  a date only
    except ValueError:
        named = ""
    if not named or named > now:
        fault = Fault("date", "expected a date like 2026-11-25, not after today")
        raise LimitError(str(fault), code="invalid_value", faults=[fault])
    return named
