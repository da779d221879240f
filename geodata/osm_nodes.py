"""Nodes of OSM files as arrays: where the needed ones lie, and whom they stop."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from osmium.osm import NODE

from geodata import opl, osm_barriers
from geodata.model import Int64Array
from geodata.osm_tags import Rules


class NodeTable:
    """Gathers the locations of needed nodes; the first of two with one id stays.

    Parameters
    ----------
    needed : array (n,) of int64
        Ids, ascending.
    modes : sequence of str
        Modes to judge barriers for.
    rules : Rules
        Holds the kinds of barriers.

    Attributes
    ----------
    id, lon, lat : array (n,)
        Ids and degrees; NaN where a node is missing or has no valid place.
    seen : array (n,) of bool
        Nodes that a file holds.
    closed : dict of str to array (n,) of bool
        Per mode the nodes that it cannot pass.
    duplicates, bad : int
        Needed nodes that came again in one file, and those without a valid place.
    """

    def __init__(self, needed: Int64Array, modes: Sequence[str], rules: Rules) -> None:
        self._rules = rules
        self.id = needed
        self.lon = np.full(len(needed), math.nan)
        self.lat = np.full(len(needed), math.nan)
        self.seen = np.zeros(len(needed), bool)
        self.closed = {mode: np.zeros(len(needed), bool) for mode in modes}
        self.duplicates = self.bad = 0

    def file_taker(self) -> Callable[[pa.RecordBatch], None]:
        """Return what takes in the nodes of one file, block by block.

        Returns
        -------
        callable
            To be called with each block.
        """
        here = np.zeros(len(self.id), bool)

        def take(batch: pa.RecordBatch) -> None:
            if not len(self.id):
                return
            place, row = self._wanted(opl.ids(batch["id"]))
            place, first = np.unique(place, return_index=True)
            fresh = ~here[place]
            self.duplicates += len(row) - int(fresh.sum())
            here[place] = True
            fresh &= ~self.seen[place]
            self._fill(place[fresh], batch.take(pa.array(row[first][fresh])))

        return take

    def _wanted(self, found: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Return the places of needed nodes in the table, and their rows."""
        place = np.searchsorted(self.id, found).clip(max=len(self.id) - 1)
        row = np.flatnonzero(self.id[place] == found)
        return place[row], row

    def _fill(self, place: Int64Array, batch: pa.RecordBatch) -> None:
        """Write locations and barriers of nodes that are new."""
        lon, lat = opl.degrees(batch["lon"]), opl.degrees(batch["lat"])
        good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)  # noqa: PLR2004 (degrees)
        self.bad += int((~good).sum())
        self.seen[place] = True
        self.lon[place[good]], self.lat[place[good]] = lon[good], lat[good]
        for row in np.flatnonzero(np.asarray(pc.match_substring(batch["tags"], "barrier="))):
            tags = opl.tags(batch["tags"][int(row)].as_py())
            for mode in osm_barriers.node_closed(tags, self._rules):
                if mode in self.closed:
                    self.closed[mode][place[row]] = True


def read_nodes(
    sources: Sequence[opl.Source],
    *tables: NodeTable,
    also: Sequence[Callable[[pa.RecordBatch], None]] = (),
) -> None:
    """Fill tables from files, in their order.

    Parameters
    ----------
    sources : sequence of Source
        OSM files.
    *tables : NodeTable
        Each takes in what it needs.
    also : sequence of callable
        Called with the nodes of every block that have tags.

    Raises
    ------
    FileFormatError
        If a file is damaged.
    """
    for source in sources:
        takers = [table.file_taker() for table in tables]
        text = opl.dump(source, NODE)
        with opl.sentences(source.path):
            for batch in opl.batches(text, opl.NODE_COLUMNS):
                for take in takers:
                    take(batch)
                tagged = batch.filter(pc.not_equal(batch["tags"], "T")) if also else batch
                for take in also:
                    take(tagged)
