"""The ledger of gaps: which there ever were, what is done about them, and what a month brought."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geodata.model import FloatArray, Int64Array
from locator.gap_matching import GapCells, Matching, match
from locator.ledger_entries import FILLED, Entry, tally


@dataclass(frozen=True)
class Flows:
    """What a month brought: ``opened - filled + carried = open``.

    Attributes
    ----------
    carried : tuple of str
        Ids of the gaps that were open at the end of the month before.
    opened : tuple of str
        Those open now that were not.
    filled : tuple of str
        Those carried that are open no longer.
    open : tuple of str
        Those open now.
    """

    carried: tuple[str, ...]
    opened: tuple[str, ...]
    filled: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """The gaps that a cut sees.

    Attributes
    ----------
    date : str
        ISO date of the cut.
    id : sequence of str
        Ids that new ones get if they are free.
    region : sequence of str
        Ids of regions.
    area_km2, workers : array (g,) of float64
        Sizes; workers are NaN where nobody gave homes.
    cells : GapCells
        Where they are.
    """

    date: str
    id: Sequence[str]
    region: Sequence[str]
    area_km2: FloatArray
    workers: FloatArray
    cells: GapCells


@dataclass(frozen=True)
class Book:
    """The ledger as it stands after a cut.

    Attributes
    ----------
    entries : tuple of Entry
        All there ever were, in order of opening.
    ids : tuple of str
        Of the gaps that the cut saw, in its order.
    cells : GapCells or None
        Of the same; None before the first cut.
    """

    entries: tuple[Entry, ...] = ()
    ids: tuple[str, ...] = ()
    cells: GapCells | None = field(default=None, repr=False)

    def states(self) -> dict[str, int]:
        """Return how many gaps are in each state.

        Returns
        -------
        dict of str to int
            All of `STATES`; they add up to the number of entries.
        """
        return tally(self.entries)


def cut(book: Book, seen: Seen) -> Book:
    """Carry a ledger on to the gaps that a cut sees.

    Parameters
    ----------
    book : Book
        As it stood after the last cut, with the planners' changes since.
    seen : Seen
        The gaps of today.

    Returns
    -------
    Book
        Gaps that are still there keep their ids; what is gone is filled; what a planner called
        filled and is still there goes back to its state before.
    """
    matching = _no_matching(seen) if book.cells is None else match(book.cells, seen.cells)
    ids = _ids(book, seen, matching.kept)
    known = {entry.id: entry for entry in book.entries}
    sources, into = _relations(book, ids, matching)
    here = dict(zip(ids, range(len(ids)), strict=True))
    entries = []
    for entry in book.entries:
        if entry.id in here:
            entries.append(_still_there(entry, seen, here[entry.id]))
        elif entry.is_open:
            gone = replace(entry, state=FILLED, filled=seen.date, went_into=into.get(entry.id, ""))
            entries.append(replace(gone, changed=seen.date))
        else:
            entries.append(entry)
    for name, row in here.items():
        if name not in known:
            entry = Entry(name, seen.region[row], seen.date, changed=seen.date)
            entries.append(replace(_still_there(entry, seen, row), came_from=sources.get(name, ())))
    return Book(tuple(entries), ids, seen.cells)


def _no_matching(seen: Seen) -> Matching:
    """Return the matching of a first cut."""
    none = np.empty(0, np.int64)
    return Matching(np.full(seen.cells.count, -1, np.int64), none, none, np.empty(0), none)


def _still_there(entry: Entry, seen: Seen, row: int) -> Entry:
    """Return an entry as a cut sees it."""
    workers = float(seen.workers[row])
    state = entry.standing if entry.state == FILLED else entry.state
    return replace(
        entry,
        region=seen.region[row],
        area_km2=float(seen.area_km2[row]),
        workers=None if np.isnan(workers) else workers,
        state=state,
        changed=entry.changed if state == entry.state else seen.date,
    )


def _ids(book: Book, seen: Seen, kept: Int64Array) -> tuple[str, ...]:
    """Return the id of each gap: kept, or its own, with a number behind it if that was given."""
    given = {entry.id for entry in book.entries}
    ids = []
    for own, old in zip(seen.id, kept.tolist(), strict=True):
        name, number = str(own), 1
        while old < 0 and name in given:
            number += 1
            name = f"{own}-{number}"
        ids.append(book.ids[old] if old >= 0 else name)
        given.add(ids[-1])
    return tuple(ids)


def _relations(
    book: Book, ids: Sequence[str], matching: Matching
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return what new gaps were part of, and what took up those that are gone."""
    stays = np.zeros(len(book.ids), np.bool_)
    stays[matching.kept[matching.kept >= 0]] = True
    sources: dict[str, tuple[str, ...]] = {}
    into: dict[str, str] = {}
    fresh = matching.kept[matching.after] < 0
    for row in np.flatnonzero(fresh).tolist():
        name, old = ids[matching.after[row]], book.ids[matching.before[row]]
        sources[name] = (*sources.get(name, ()), old)
    for row in np.flatnonzero(~stays[matching.before]).tolist():  # the weightiest first
        into.setdefault(book.ids[matching.before[row]], ids[matching.after[row]])
    return sources, into


def events(before: Sequence[Entry], after: Sequence[Entry]) -> list[tuple[str, Entry]]:
    """Return what a cut changes, to be written down with its date.

    Parameters
    ----------
    before : sequence of Entry
        The ledger that it goes on from.
    after : sequence of Entry
        As `cut` returns it.

    Returns
    -------
    list of (str, Entry)
        ``opened``, ``filled``, or ``returned`` where a planner called it filled, and the gap from
        then on; in the order of ``after``. What stays as it is, is left out.
    """
    known = {entry.id: entry for entry in before}
    found = []
    for entry in after:
        old = known.get(entry.id)
        if old is None:
            found.append(("opened", entry))
        elif old.is_open and not entry.is_open:
            found.append(("filled", entry))
        elif old.state != entry.state:
            found.append(("returned", entry))
    return found


def flows(carried: Collection[str], open_now: Sequence[str]) -> Flows:
    """Return what became of the gaps of the month before.

    Parameters
    ----------
    carried : collection of str
        Ids open at the end of the month before.
    open_now : sequence of str
        Ids open now.

    Returns
    -------
    Flows
        Each in order of its id.

    Examples
    --------
    >>> month = flows(["a", "b"], ["b", "c"])
    >>> month.opened, month.filled, month.carried
    (('c',), ('a',), ('a', 'b'))
    """
    before, now = set(carried), set(open_now)
    return Flows(
        carried=tuple(sorted(before)),
        opened=tuple(sorted(now - before)),
        filled=tuple(sorted(before - now)),
        open=tuple(sorted(now)),
    )
