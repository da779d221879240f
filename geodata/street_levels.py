"""How much a street matters to a reader of a map, by its class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

#: Highway classes by what they mean to a reader who looks for a place, most important first.
STREET_LEVELS: tuple[tuple[str, ...], ...] = (
    ("motorway", "trunk", "primary"),
    ("secondary", "motorway_link", "trunk_link", "primary_link"),
    ("tertiary", "secondary_link", "ferry"),
    ("residential", "unclassified", "living_street", "tertiary_link", "pedestrian", "road"),
    ("service", "track", "footway", "path", "cycleway", "steps", "bridleway", "corridor"),
)


def levels_of(classes: Sequence[str] | npt.NDArray[np.object_]) -> npt.NDArray[np.int8]:
    """Return the level of classes.

    Parameters
    ----------
    classes : sequence of str, length s
        Values of ``highway``.

    Returns
    -------
    array (s,) of int8
        Index into `STREET_LEVELS`; classes not named there have the last.

    Examples
    --------
    >>> levels_of(["steps", "primary"]).tolist()
    [4, 0]
    """
    levels: dict[Any, int] = {
        name: level for level, names in enumerate(STREET_LEVELS) for name in names
    }
    least = len(STREET_LEVELS) - 1
    return np.fromiter((levels.get(name, least) for name in classes), np.int8, len(classes))
