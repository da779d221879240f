"""What else may be read out of the blocks of OSM files that are read for the streets anyway."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from geodata.model import Int64Array


class Listener(Protocol):
    """Takes in what is no street out of the blocks that are read anyway.

    Attributes
    ----------
    keys : sequence of str
        Keys of the ways it wants to see.
    tags : sequence of (str, str)
        Tags of the relations it wants to see.
    """

    @property
    def keys(self) -> Sequence[str]:
        """Return the keys of the ways it wants to see."""

    @property
    def tags(self) -> Sequence[tuple[str, str]]:
        """Return the tags of the relations it wants to see."""

    def add_ways(self, batch: pa.RecordBatch) -> None:
        """Take in a block of ways.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.WAY_COLUMNS`.
        """

    def add_relations(self, batch: pa.RecordBatch) -> Int64Array:
        """Take in a block of relations.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.RELATION_COLUMNS`.

        Returns
        -------
        array of int64
            Ids of the ways to be handed to `add_members`.
        """

    def add_members(self, batch: pa.RecordBatch) -> None:
        """Take in a block of ways that relations hold.

        Parameters
        ----------
        batch : RecordBatch
            With the columns `opl.WAY_COLUMNS`.
        """
