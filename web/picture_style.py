"""How a picture is asked for and coloured: its size, its layers, light and dark."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from web.map_data import LAYERS

#: A colour: red, green, blue and opacity, each from 0 to 1.
Colour = tuple[float, float, float, float]


def colour(text: str, opacity: float = 1.0) -> Colour:
    """Return a colour.

    Parameters
    ----------
    text : str
        Six hexadecimal digits behind a ``#``.
    opacity : float, optional
        From 0 to 1.

    Returns
    -------
    tuple of float
        Red, green, blue, opacity.

    Examples
    --------
    >>> colour("#ff0033", 0.5)
    (1.0, 0.0, 0.2, 0.5)
    """
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (red, green, blue, opacity)


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Attributes
    ----------
    paper, ground : tuple of float
        Behind the words, and of the map where there is nothing.
    ink, soft, accent, rule : tuple of float
        Words, lesser words, the main figure, thin lines.
    covered : tuple of float
        Where a station is in reach.
    bands : mapping of int to tuple of float
        Gaps by band of `web.map_severity`; the colours of the map's legend.
    street, water, green : tuple of float
        The base; streets lie over covered areas and gaps, so theirs let these through.
    district : tuple of float
        Outlines of districts.
    halo : tuple of float
        Around words on the map.
    open, shut, unknown, inactive : tuple of (fill, edge)
        Stations.
    """

    paper: Colour
    ground: Colour
    ink: Colour
    soft: Colour
    accent: Colour
    rule: Colour
    covered: Colour
    bands: Mapping[int, Colour]
    street: Colour
    water: Colour
    green: Colour
    district: Colour
    halo: Colour
    open: tuple[Colour, Colour]
    shut: tuple[Colour, Colour]
    unknown: tuple[Colour, Colour]
    inactive: tuple[Colour, Colour]


_LIGHT = Theme(
    paper=colour("#ffffff"),
    ground=colour("#efede8"),
    ink=colour("#1d2329"),
    soft=colour("#56616b"),
    accent=colour("#0b5c6b"),
    rule=colour("#dcdad4"),
    covered=colour("#bfdeda"),
    bands=MappingProxyType(
        {
            1: colour("#f8c490"),
            2: colour("#ea9163"),
            3: colour("#c6616b"),
            4: colour("#8e828e"),
        }
    ),
    street=colour("#4a3f2a", 0.24),
    water=colour("#bcd3e6"),
    green=colour("#dfe8d2"),
    district=colour("#39434d"),
    halo=colour("#ffffff", 0.9),
    open=(colour("#0b5c6b"), colour("#ffffff")),
    shut=(colour("#ffffff"), colour("#3c454d")),
    unknown=(colour("#a9cfd4"), colour("#0b5c6b")),
    inactive=(colour("#9aa0a5"), colour("#ffffff")),
)

_DARK = Theme(
    paper=colour("#14181c"),
    ground=colour("#22272c"),
    ink=colour("#eef1f3"),
    soft=colour("#aab4bd"),
    accent=colour("#7fd3dd"),
    rule=colour("#3a424a"),
    covered=colour("#2a5c58"),
    bands=MappingProxyType(
        {
            1: colour("#a8672b"),
            2: colour("#c2582a"),
            3: colour("#b73545"),
            4: colour("#75657c"),
        }
    ),
    street=colour("#ffffff", 0.2),
    water=colour("#1d3448"),
    green=colour("#253426"),
    district=colour("#cdd5dc"),
    halo=colour("#14181c", 0.85),
    open=(colour("#9be9f2"), colour("#0d2b30")),
    shut=(colour("#14181c"), colour("#e3e8ec")),
    unknown=(colour("#35606a"), colour("#9be9f2")),
    inactive=(colour("#7d868e"), colour("#14181c")),
)

#: The themes by name.
THEMES: Mapping[str, Theme] = MappingProxyType({"light": _LIGHT, "dark": _DARK})

#: Importance of a street (its level), width (px of a picture 1,200 wide), and the metres of one
#: pixel up to which it is drawn; as the map page does by zoom.
STREETS: tuple[tuple[float, float], ...] = (
    (1.7, float("inf")),
    (1.1, 1200.0),
    (0.8, 70.0),
    (0.6, 22.0),
    (0.45, 6.0),
)


@dataclass(frozen=True)
class Picture:
    """How a picture is made.

    Attributes
    ----------
    width, height : int
        Size (px; of an SVG, its units).
    scale : int
        Pixels of a PNG for each of these; an SVG has finer shapes.
    lang : str
        ``zh`` or ``en``.
    theme : str
        ``light`` or ``dark``.
    title : str
        Of the picture, ``""`` for its own.
    district : str
        Id of a region to zoom to, ``""`` for all.
    layers : tuple of str
        Of `web.map_data.LAYERS`; ``()`` for all.
    approval : str
        审图号, ``""`` while there is none.
    kind : str
        ``png`` or ``svg``.
    """

    width: int = 1200
    height: int = 630
    scale: int = 1
    lang: str = "zh"
    theme: str = "light"
    title: str = ""
    district: str = ""
    layers: tuple[str, ...] = ()
    approval: str = ""
    kind: Literal["png", "svg"] = "png"

    @property
    def colours(self) -> Theme:
        """The colours of the theme."""
        return THEMES[self.theme]

    @property
    def shown(self) -> frozenset[str]:
        """The layers that are drawn."""
        return frozenset(self.layers or LAYERS)

    @property
    def unit(self) -> float:
        """Return how large words and lines are against a picture of 1,200 × 630."""
        return max(math.sqrt(self.width * self.height / (1200 * 630)), 0.62)
