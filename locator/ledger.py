"""The ledger of gaps: which there ever were, what is done about them, and what a month brought."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geodata.errors import Fault, ValidationError
from geodata.model import FloatArray, Int64Array
from locator.gap_matching import GapCells, Matching, match

FOUND, AGREED, BEING_BUILT, FILLED, REFUSED = "found", "agreed", "being_built", "filled", "refused"

#: States of a gap, in the order in which they are told.
STATES = (FOUND, AGREED, BEING_BUILT, FILLED, REFUSED)

#: Which state may follow which; a state may always stay.
_NEXT: Mapping[str, tuple[str, ...]] = {
    FOUND: (AGREED, BEING_BUILT, FILLED, REFUSED),
    AGREED: (FOUND, BEING_BUILT, FILLED, REFUSED),
    BEING_BUILT: (AGREED, FILLED, REFUSED),
    FILLED: (FOUND,),
    REFUSED: (FOUND, AGREED),
}


@dataclass(frozen=True)
class Entry:
    """A gap in the ledger; it stays there when it is filled.

    Attributes
    ----------
    id : str
        The same for good.
    region : str
        Where it was last seen.
    opened : str
        ISO date of the cut that first saw it.
    filled : str
        ISO date of the cut that did not see it any more, ``""`` while it is there.
    state : str
        One of `STATES`.
    responsible, note : str
        Union and words of the planner.
    area_km2 : float
        When last seen.
    workers : float or None
        When last seen, from published cells; None where nobody gave homes.
    changed : str
        When state, responsible or note were last set.
    change : int
        Number of its last change in the file.
    standing : str
        The state to return to if the cut finds it unfilled.
    came_from : tuple of str
        Gaps of the month before that it was part of.
    went_into : str
        The gap that took it up when they merged, else ``""``.
    """

    id: str
    region: str
    opened: str
    filled: str = ""
    state: str = FOUND
    responsible: str = ""
    note: str = ""
    area_km2: float = 0.0
    workers: float | None = None
    changed: str = ""
    change: int = 0
    standing: str = FOUND
    came_from: tuple[str, ...] = ()
    went_into: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the last cut saw it."""
        return not self.filled


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


def tally(entries: Collection[Entry]) -> dict[str, int]:
    """Return how many gaps are in each state.

    Parameters
    ----------
    entries : collection of Entry
        Any.

    Returns
    -------
    dict of str to int
        All of `STATES`, also those without any.

    Examples
    --------
    >>> tally([Entry("a.1.1", "a", "2026-11-25")])["found"]
    1
    """
    found = dict.fromkeys(STATES, 0)
    for entry in entries:
        found[entry.state] += 1
    return found


def check_transition(state: str, wanted: str, *, is_open: bool = True) -> None:
    """Refuse a state that does not exist or cannot follow.

    Parameters
    ----------
    state : str
        What it is.
    wanted : str
        What it shall be.
    is_open : bool
        The last cut saw the gap; one that it did not see stays filled.

    Raises
    ------
    ValidationError
        If there is no such state (``not_in_list``) or it cannot follow (``bad_transition``).
    """
    if wanted not in STATES:
        fault = Fault("state", "a state that does not exist", f"known: {', '.join(STATES)}")
        raise ValidationError.of([fault], code="not_in_list")
    if wanted != state and not is_open:
        fault = Fault(
            "state",
            "a gap that the last cut saw no more stays filled",
            "where it comes back, the next cut opens a new one",
        )
        raise ValidationError.of([fault], code="bad_transition")
    if wanted != state and wanted not in _NEXT[state]:
        fault = Fault(
            "state",
            f"a gap that is {state} cannot become {wanted}",
            f"it may become: {', '.join(_NEXT[state])}",
        )
        raise ValidationError.of([fault], code="bad_transition")


def with_change(entry: Entry, state: str, responsible: str, note: str) -> Entry:
    """Return an entry with what a change sets.

    Parameters
    ----------
    entry : Entry
        Before.
    state, responsible, note : str
        After.

    Returns
    -------
    Entry
        It remembers the state to return to, should it not be filled after all.
    """
    standing = entry.standing if state == FILLED else state
    return replace(entry, state=state, responsible=responsible, note=note, standing=standing)


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
