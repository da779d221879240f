"""The entries of the ledger of gaps: their states, and which may follow which."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from geodata.errors import Fault, ValidationError

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
