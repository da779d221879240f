"""A ledger at one time: its gaps, and what the cut that it stands on saw of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geodata.errors import LimitError
from geodata.hours import SHANGHAI
from geodata.ledger_rows import CutRow
from locator.ledger_entries import Entry
from web.errors import UnknownGapError
from web.geojson import plain

#: What is said of a ledger whose gaps lie in other cells than the dataset's.
OTHER_LATTICE = (
    "the ledger is of a dataset with another lattice of cells, so its gaps cannot be matched with "
    "this one's: it can be read, but neither changed nor cut; put that dataset back, or begin "
    "another ledger (LOCATOR_LEDGER)"
)


@dataclass(frozen=True)
class Standing:
    """A ledger as it stands, or stood at a cut.

    Attributes
    ----------
    cut : CutRow or None
        The cut that it stands on; None: it is a preview, and nothing was cut yet.
    entries : tuple of Entry
        All gaps there ever were.
    facts : mapping
        What the cut says, of JSON's kinds.
    gaps : mapping of str to mapping
        What the cut saw of each open gap, by id.
    """

    cut: CutRow | None
    entries: tuple[Entry, ...]
    facts: Mapping[str, Any]
    gaps: Mapping[str, Mapping[str, Any]]

    @property
    def late(self) -> str:
        """The date in China on which its cut was made, where that was later; else ``""``."""
        if self.cut is None:
            return ""
        made = datetime.fromisoformat(self.cut.made_at).astimezone(SHANGHAI).date().isoformat()
        return made if made > self.cut.date else ""

    def is_of_other(self, lattice: str) -> bool:
        """Return whether its cut is of a dataset with another lattice of cells.

        Parameters
        ----------
        lattice : str
            Of a dataset; ``""`` where it is not known.

        Returns
        -------
        bool
            Its gaps can be read, but lie elsewhere, and cannot be matched with the dataset's.
        """
        return self.cut is not None and bool(lattice) and self.facts["lattice"] != lattice

    def refuse_other(self, lattice: str) -> None:
        """Refuse to go on with the ledger from a dataset with another lattice of cells.

        Parameters
        ----------
        lattice : str
            Of a dataset; ``""`` where it is not known.

        Raises
        ------
        LimitError
            ``other_lattice``.
        """
        if self.is_of_other(lattice):
            raise LimitError(OTHER_LATTICE, code="other_lattice")

    def entry(self, gap: str) -> Entry:
        """Return a gap.

        Parameters
        ----------
        gap : str
            Its id.

        Returns
        -------
        Entry
            As it stands.

        Raises
        ------
        UnknownGapError
            If there is none.
        """
        for entry in self.entries:
            if entry.id == gap:
                return entry
        raise UnknownGapError("the ledger has no such gap; see /api/v1/gaps or `locator gaps list`")

    def etag(self, entry: Entry) -> str:
        """Return the tag of a gap: it changes with every change and every cut.

        That of a preview changes with the day and the dataset.

        Parameters
        ----------
        entry : Entry
            Of this ledger.

        Returns
        -------
        str
            A strong entity tag.
        """
        if self.cut is None:
            data = self.facts["coverage"]["summary"]["dataset"]["version"]
            cut = "preview-" + _short(f"{self.facts['date']} {data}")
        else:
            cut = self.cut.checksum[:12]
        return f'"{cut}-{_short(entry.id)}-{entry.change}"'


def _short(text: str) -> str:
    """Return a short mark of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def gaps_by_id(frame: gpd.GeoDataFrame) -> dict[str, dict[str, Any]]:
    """Return what a cut saw of each gap, without its outline.

    Parameters
    ----------
    frame : GeoDataFrame
        The gaps of a cut.

    Returns
    -------
    dict of str to dict
        By id; with ``lon, lat`` of a point within and ``bbox`` (degrees).
    """
    shown = frame.drop(columns=frame.geometry.name).to_dict("records")
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    lonlat = np.round(shapely.get_coordinates(points), 6).tolist()
    bounds = frame.geometry.bounds.round(6).to_numpy().tolist()
    return {
        str(row["id"]): {
            **{str(name): plain(value) for name, value in row.items()},
            "lon": lon,
            "lat": lat,
            "bbox": box,
        }
        for row, (lon, lat), box in zip(shown, lonlat, bounds, strict=True)
    }


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Return an entry from its JSON object.

    Parameters
    ----------
    row : mapping
        From `row_of`.

    Returns
    -------
    Entry
        The same.
    """
    known = {field.name for field in fields(Entry)}  # another release may have kept more
    kept = {name: value for name, value in row.items() if name in known}
    return Entry(**{**kept, "came_from": tuple(row["came_from"])})


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON values, without what the file of changes knows.

    Parameters
    ----------
    entry : Entry
        A gap.

    Returns
    -------
    dict
        By field.
    """
    row = {name: value for name, value in asdict(entry).items() if name != "change"}
    return {**row, "came_from": list(entry.came_from)}
