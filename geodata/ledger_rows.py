"""What the ledger of gaps holds: cuts and changes, apart from the library that writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from geodata.errors import RecordsError


class LedgerMovedError(RecordsError):
    """Somebody else wrote meanwhile; look again and try once more."""

    code = "ledger_moved"


@dataclass(frozen=True)
class CutRow:
    """A cut that was made.

    Attributes
    ----------
    date : str
        ISO date of the cut.
    made_at : str
        When it was written (UTC, to the minute).
    folder : str
        Name of its folder.
    checksum : str
        SHA-256 of the folder's manifest.
    after : int
        Number of the last change that it knows, its own among them; 0: none.
    """

    date: str
    made_at: str
    folder: str
    checksum: str
    after: int

    @property
    def month(self) -> str:
        """The month, such as ``2026-11``."""
        return self.date[:7]


@dataclass(frozen=True)
class Change:
    """What became of a gap.

    Attributes
    ----------
    gap : str
        Its id in the ledger.
    at : str
        A planner's change: UTC, to the minute; a cut's: its date.
    event : str
        ``set`` by a planner; ``opened``, ``filled`` or ``returned`` by a cut.
    state, responsible, note : str
        What holds from then on.
    number : int
        In order of writing, from 1; 0 while it is not written.
    """

    gap: str
    at: str
    event: str
    state: str
    responsible: str
    note: str
    number: int = 0


@dataclass(frozen=True)
class Last:
    """The last cut and what came after it, as of one moment.

    Attributes
    ----------
    cut : CutRow
        The last cut.
    changes : tuple of Change
        Those that it does not know, in order of writing.
    numbers : mapping of str to int
        Number of the last change of each gap, by id.
    """

    cut: CutRow
    changes: tuple[Change, ...]
    numbers: Mapping[str, int]


def now_text() -> str:
    """Return the time as it is written down.

    Returns
    -------
    str
        UTC, to the minute.
    """
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")
