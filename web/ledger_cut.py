"""Making a month's cut: ask who is covered, match the gaps with the last cut's, keep everything."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from geodata.cut_folder import CutParts, drop_cut, tidy_cuts, write_cut
from geodata.errors import Fault, LimitError, RecordsError
from geodata.ledger_rows import Change, CutRow, LedgerMovedError, now_text
from locator.ledger import Book, cut, events, flows
from locator.ledger_entries import tally
from web.ledger import CUT_DAY, Ledger, changed_to
from web.ledger_look import Looked, looked_at, question_of
from web.ledger_standing import Standing, entry_of, gaps_by_id, row_of
from web.service import Service

_TRIES = 5


@dataclass(frozen=True)
class Made:
    """A cut that was made, or was there already.

    Attributes
    ----------
    standing : Standing
        The ledger as the cut left it.
    fresh : bool
        False where the month had its cut.
    """

    standing: Standing
    fresh: bool


def make_cut(
    service: Service, ledger: Ledger, date: str, asked: Mapping[str, Any] | None = None
) -> Made:
    """Cut a month, unless it has its cut.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    ledger : Ledger
        Goes on from its last cut.
    date : str
        ISO date, not after today.
    asked : mapping, optional
        Fields of `web.schemas.CoverageQuestion`, and ``clock``: the time of day; what is absent or
        None is as in the last cut.

    Returns
    -------
    Made
        A month has its cut once there is one of its 25th or later; one of before may be followed.

    Raises
    ------
    LimitError
        If the date is before the last cut's (``before_last_cut``) or the parameters are other ones
        than the last cut's (``other_parameters``).
    RecordsError
        If it cannot be written, or the ledger's file was lost; the last cut stands.
    """
    prepared: Looked | None = None
    for last_try in (*[False] * _TRIES, True):
        last = ledger.now()
        done = _already(ledger, last, date)
        if done is not None:
            return Made(ledger.at(done), fresh=False)
        ledger.refuse_lost(date[:7])
        question, clock = question_of(service, last, date, asked or {})
        prepared = prepared or looked_at(service, question, clock, date)
        try:
            return Made(_written(service, ledger, last, prepared), fresh=True)
        except LedgerMovedError:
            if last_try:
                raise
    raise AssertionError  # pragma: no cover  the last try returns or raises


def next_of(service: Service, ledger: Ledger, date: str) -> Standing:
    """Return the ledger as a cut of a date would leave it.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    ledger : Ledger
        Goes on from its last cut.
    date : str
        ISO date.

    Returns
    -------
    Standing
        Nothing is written.
    """
    last = ledger.now()
    question, clock = question_of(service, last, date, {})
    looked = looked_at(service, question, clock, date)
    parts = _parts(service, _book(ledger, last, looked), looked, _carried(ledger, date))
    entries = tuple(map(entry_of, parts.entries))
    return Standing(None, entries, parts.facts, gaps_by_id(parts.gaps))


def begin(
    service: Service,
    ledger: Ledger,
    preview: Standing,
    change: tuple[str, Mapping[str, str]],
    seen: str | None = None,
) -> str | None:
    """Begin a ledger with a cut of the preview's day, for a change that can be made.

    Parameters
    ----------
    service : Service
        What is private is left alone.
    ledger : Ledger
        Without a cut.
    preview : Standing
        What its first cut will say, from `next_of`.
    change : str and mapping of str to str
        The gap, and what a planner says of it.
    seen : str, optional
        The tag of the preview that the planner has read.

    Returns
    -------
    str or None
        The tag of the gap as the cut left it, where one was seen: who comes second has seen
        something else.

    Raises
    ------
    LocatorError
        If the change cannot be made (nothing is cut), or the cut cannot.
    """
    gap, wanted = change
    changed_to(preview, gap, wanted, seen)
    standing = make_cut(service, ledger, preview.facts["date"]).standing
    opened = ledger.records.changes(gap=gap)
    if seen is None or not opened:
        return None
    return standing.etag(replace(standing.entry(gap), change=opened[0].number))


def _already(ledger: Ledger, last: Standing | None, date: str) -> CutRow | None:
    """Return the cut that stands for a date, None where it is to be made."""
    if last is None or last.cut is None:
        return None
    for row in ledger.cuts():
        final = int(row.date[8:]) >= CUT_DAY
        if row.date == date or (row.month == date[:7] and final):
            return row
    if date < last.cut.date:
        fault = Fault("date", f"expected a date after the last cut, {last.cut.date}")
        raise LimitError(str(fault), code="before_last_cut", faults=[fault])
    return None


def _written(service: Service, ledger: Ledger, last: Standing | None, looked: Looked) -> Standing:
    """Match with the last cut, write the folder, then the rows that make it a cut."""
    date = looked.seen.date
    parts = _parts(service, _book(ledger, last, looked), looked, _carried(ledger, date))
    tidy_cuts(ledger.folder)
    name, checksum = write_cut(ledger.folder, date, parts)
    before = () if last is None else last.entries
    changes = [
        Change(entry.id, date, event, entry.state, entry.responsible, entry.note)
        for event, entry in events(before, tuple(map(entry_of, parts.entries)))
    ]
    try:
        row = ledger.records.add_cut(
            CutRow(date, now_text(), name, checksum, 0),
            changes,
            last="" if last is None or last.cut is None else last.cut.date,
            known=max((entry.change for entry in before), default=0),
        )
    except BaseException:
        _take_back(ledger, name)
        raise
    return ledger.at(row)


def _take_back(ledger: Ledger, folder: str) -> None:
    """Remove the folder of a cut that did not come to be; one that may have come to be stays."""
    with suppress(RecordsError):
        if folder not in {row.folder for row in ledger.cuts()}:
            drop_cut(ledger.folder, folder)


def _book(ledger: Ledger, last: Standing | None, looked: Looked) -> Book:
    """Return what a cut goes on from; its cells must be those of the last cut."""
    if last is None:
        return Book()
    last.refuse_other(looked.facts["lattice"])
    return ledger.book(last)


def _parts(service: Service, book: Book, looked: Looked, carried: Any) -> CutParts:
    """Return what a cut keeps."""
    after = cut(book, looked.seen)
    month = flows(carried, after.ids)
    facts = {
        **looked.facts,
        "ids": list(after.ids),
        "flows": {name: list(getattr(month, name)) for name in ("carried", "opened", "filled")},
        "states": tally(after.entries),
        "total": len(after.entries),
        "open": len(after.ids),
    }
    frame = looked.frame.assign(seen_as=looked.frame["id"], id=list(after.ids))
    cells = looked.seen.cells
    return CutParts(
        facts=facts,
        entries=[row_of(entry) for entry in after.entries],
        gaps=frame,
        cells={
            "column": cells.column,
            "row": cells.row,
            "gap": cells.gap,
            "workers": cells.workers,
        },
        stations=service.dataset.stations,
        people=service.dataset.people,
    )


def _carried(ledger: Ledger, date: str) -> list[str]:
    """Return the gaps that were open at the last cut of an earlier month."""
    earlier = [row for row in ledger.cuts() if row.month < date[:7]]
    return list(ledger.at(earlier[-1]).facts["ids"]) if earlier else []
