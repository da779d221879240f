"""What a base map shows besides the streets: water, green, railways and the names of places.

Pure: tags in, what to draw out. The table ``geodata/data/scenery.csv`` says what is drawn, and from
which zoom on. Nothing of a boundary is ever drawn.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from geodata.model import Int64Array

#: Longest name on a map (characters).
NAME_LENGTH = 80

_NAMES = ("name", "name:zh", "name:en")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_SPACE = re.compile(r"\s+")
_SEPARATOR, _WHOLE = re.compile(r"[\s,]"), re.compile(r"\D.*")
_LEAST_ZOOM_OF_SIDINGS = 13
_MOST_DIGITS = 9

_AREAS = ("water", "green")


@dataclass(frozen=True, order=True)
class Drawn:
    """How something is drawn.

    Attributes
    ----------
    layer : str
        ``water``, ``waterway``, ``green``, ``railway`` or ``places``.
    kind : str
        Class within the layer, ``""`` where it has none.
    zoom : int
        First zoom that shows it.
    """

    layer: str
    kind: str
    zoom: int

    @property
    def is_area(self) -> bool:
        """Return whether it is a polygon."""
        return self.layer in _AREAS

    @property
    def is_point(self) -> bool:
        """Return whether it is a point."""
        return self.layer == "places"


@dataclass(frozen=True)
class Scenery:
    """What is drawn besides the streets.

    Attributes
    ----------
    shape : array (k,) of Geometry
        Polygons, lines and points in WGS-84 degrees.
    drawn : array (k,) of int64
        Index into ``kinds``.
    name : array (k,) of object
        Names of places, ``""`` for all else.
    rank : array (k,) of int64
        How much a place matters: 0 the most; 0 for all else.
    kinds : tuple of Drawn
        How each is drawn.
    skipped : mapping of str to int
        What could not be drawn, by reason: ``open_areas`` (outlines that do not close),
        ``missing_nodes`` (shapes that lack a node), ``broken_areas``, ``unnamed_places``,
        ``bad_coordinates`` (places).
    """

    shape: npt.NDArray[np.object_]
    drawn: Int64Array
    name: npt.NDArray[np.object_]
    rank: Int64Array
    kinds: tuple[Drawn, ...]
    skipped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def no_scenery() -> Scenery:
    """Return the scenery of files that hold streets only.

    Returns
    -------
    Scenery
        Empty.
    """
    none = np.zeros(0, np.int64)
    return Scenery(none.astype(object), none, none.astype(object), none, ())


class SceneryRules:
    """Tells from tags how something is drawn.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of ``scenery.csv``.

    Attributes
    ----------
    tags : tuple of (str, str)
        Tags that are drawn, for filters.
    """

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._rules = {
            (row["key"], row["value"]): Drawn(row["layer"], row["class"], int(row["zoom"]))
            for row in rows
        }
        self.tags = tuple(self._rules)

    def of_way(self, tags: Mapping[str, str]) -> Drawn | None:
        """Return how a way or a multipolygon is drawn.

        Parameters
        ----------
        tags : mapping
            Its tags.

        Returns
        -------
        Drawn or None
            None for what is not drawn, runs in a tunnel or is tagged as a boundary; the first
            rule of the table that fits decides, areas before lines.
        """
        if _hidden(tags):
            return None
        drawn = next((self._rules[tag] for tag in self.tags if tags.get(tag[0]) == tag[1]), None)
        if drawn is None or drawn.is_point:
            return None
        if drawn.layer == "railway" and tags.get("service"):
            return Drawn(drawn.layer, drawn.kind, max(drawn.zoom, _LEAST_ZOOM_OF_SIDINGS))
        return drawn

    def of_node(self, tags: Mapping[str, str]) -> tuple[Drawn, int] | None:
        """Return how a place is drawn, and how much it matters.

        Parameters
        ----------
        tags : mapping
            Tags of the node.

        Returns
        -------
        (Drawn, int) or None
            None for what is no such place. The rank has the class in its tens, and 9 less the
            digits of the population in its ones.
        """
        drawn = self._rules.get(("place", tags.get("place", "")))
        if drawn is None or "boundary" in tags:
            return None
        order = [rule for rule in self._rules.values() if rule.is_point]
        population = _SEPARATOR.sub("", tags.get("population", ""))
        digits = min(len(_WHOLE.sub("", population)), _MOST_DIGITS)
        return drawn, order.index(drawn) * 10 + _MOST_DIGITS - digits


def _hidden(tags: Mapping[str, str]) -> bool:
    """Return whether something lies under the ground, or is a boundary."""
    under = tags.get("tunnel", "no") != "no" or tags.get("covered") == "yes"
    return under or tags.get("location") == "underground" or "boundary" in tags


def name_of(tags: Mapping[str, str]) -> str:
    """Return the name that a map shows.

    Parameters
    ----------
    tags : mapping
        Tags.

    Returns
    -------
    str
        By `shown`; ``""`` if there is none.
    """
    return next((text for key in _NAMES if (text := shown(tags.get(key, "")))), "")


def shown(text: str) -> str:
    r"""Return a name as it may stand on a map.

    Parameters
    ----------
    text : str
        As somebody wrote it.

    Returns
    -------
    str
        Without control characters and marks of direction, blanks made one, at most
        ``NAME_LENGTH`` characters.

    Examples
    --------
    >>> shown(" 滨江\n 路\x07 ")
    '滨江 路'
    """
    if text.isalnum() and len(text) <= NAME_LENGTH:
        return text
    written = text.encode(errors="ignore").decode()  # half a pair of surrogates is no text
    return _SPACE.sub(" ", _CONTROL.sub(" ", written)).strip()[:NAME_LENGTH].strip()
