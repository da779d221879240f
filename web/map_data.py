"""What a map draws and how it is shown, as values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.model import FloatArray
from web.map_streets import StreetLines
from web.map_text import TEXTS
from web.map_words import NAME_LIMIT, TEXT_LIMIT, clip

#: The layers of a map, as `Page.layers` and the addresses of pages name them.
LAYERS = ("stations", "gaps", "covered", "regions", "streets")

#: Light, dark, or what the reader's device prefers.
THEMES = ("auto", "light", "dark")

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Page:
    """How the map is shown.

    Attributes
    ----------
    lang : str
        ``zh`` or ``en``.
    base : str
        ``streets`` (ours), ``none``, ``osm``, ``tianditu`` or ``amap``.
    tianditu_key : str
        Key of the operator, for ``tianditu``.
    approval : str
        审图号, ``""`` while there is none.
    self_contained : bool
        True for one file with scripts, styles and pictures inside.
    nearest_url : str
        Where the script asks for minutes, ``""`` to estimate from the straight line.
    other_language_url, home_url : str
        Links, ``""`` for none.
    form : mapping of str to sequence of (value, label)
        Choices of a form that asks for another map; empty for none.
    embed : bool
        True for a compact map inside somebody else's page: a title line, a legend that folds, no
        side panel.
    theme : str
        ``light``, ``dark``, or ``auto`` for what the reader's device prefers.
    layers : tuple of str
        Layers shown at first, of `LAYERS`; ``()`` for all that there are.
    title : str
        Of the map, ``""`` for its own.
    district : str
        Id of a region to begin with and to emphasise, ``""`` for none.
    frozen : str
        ISO date from which the data have stood still, ``""`` for data that are renewed.
    tiles_url : str
        Our own vector tiles, with ``{z}``, ``{x}`` and ``{y}``; ``""`` draws the streets that
        travel with the page.
    details_url : str
        Where the script asks for what only a popup shows, with ``{id}``; ``""`` where all of it
        travels with the page.
    large_url : str
        The same map on a page of its own, for an embed's link; ``""`` for none.
    scripts : tuple of str
        Further scripts of ours to load, by their plain names.
    extra : str
        HTML of ours, escaped by its maker, that stands after the panel.
    """

    lang: str = "zh"
    base: str = "streets"
    tianditu_key: str = ""
    approval: str = ""
    self_contained: bool = False
    nearest_url: str = ""
    other_language_url: str = ""
    home_url: str = ""
    form: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=lambda: _EMPTY)
    embed: bool = False
    theme: str = "auto"
    layers: tuple[str, ...] = ()
    title: str = ""
    district: str = ""
    frozen: str = ""
    tiles_url: str = ""
    details_url: str = ""
    large_url: str = ""
    scripts: tuple[str, ...] = ()
    extra: str = ""


@dataclass(frozen=True)
class MapRequest:
    """Everything that a map draws. Positions are WGS-84 degrees, EPSG:4326.

    Attributes
    ----------
    stations : DataFrame
        ``id, name, kind, status, lon, lat`` and where known ``address, phone,
        opening_hours_text, opening_hours, facilities`` (codes joined by ``;``)``, access``;
        ``state`` (0 closed, 1 open, 2 unknown) and ``until`` (ISO text or ``""``).
    gaps : GeoDataFrame
        ``id, region, area_km2, workers, nearest_seconds, nearest_station, cause, also,
        detour_ratio, geometry``; where known ``causes`` (dict of shares), ``barrier``.
    covered : GeoDataFrame
        Polygons of what is covered.
    pieces : GeoDataFrame or None
        The gaps cut by travel time: ``gap`` (row of ``gaps``), ``band``; None: each gap is one
        piece, coloured by its ``nearest_seconds``.
    regions : GeoDataFrame
        ``id, name, geometry``; shares come from ``summary["regions"]``.
    streets : StreetLines
        The base map.
    summary : mapping
        The coverage summary.
    manifest : mapping
        ``name, version, as_of, attribution, sources`` of the dataset.
    labels : mapping of str to mapping of str to str
        ``kind, facility, access, status, need, mode``: code to name in the page's language.
    states_at : str
        ISO time for which ``state`` holds.
    speed_kph : float
        Top speed that bounds a walk from below, for estimates without the server.
    shift : callable or None
        ``(lon, lat) -> (lon, lat)`` from WGS-84 to GCJ-02, for navigation links and Amap's tiles.
    page : Page
        How it is shown.
    shapes : mapping or None
        Gaps, covered areas and regions as they were written for such a page before; then only the
        bounds of their geometries count. None: they are yet to be written.
    """

    stations: pd.DataFrame
    gaps: gpd.GeoDataFrame
    covered: gpd.GeoDataFrame
    regions: gpd.GeoDataFrame
    streets: StreetLines
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, str]]
    pieces: gpd.GeoDataFrame | None = None
    states_at: str = ""
    speed_kph: float = 4.4
    shift: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]] | None = None
    page: Page = field(default_factory=Page)
    shapes: Mapping[str, Any] | None = None

    @property
    def text(self) -> Mapping[str, str]:
        """Texts in the page's language."""
        return TEXTS[self.page.lang]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the coverage question."""
        found = self.summary.get("parameters")
        return found if isinstance(found, Mapping) else _EMPTY

    @property
    def minutes(self) -> float:
        """The limit in minutes."""
        return float(self.parameters.get("minutes", 15))

    def region_name(self, code: str) -> str:
        """Return the name of a region.

        Parameters
        ----------
        code : str
            Its id.

        Returns
        -------
        str
            The id itself where there is no such region.
        """
        known = self.regions[self.regions["id"].astype(str) == code]
        return clip(known["name"].iloc[0] if len(known) else code, NAME_LIMIT)

    @property
    def in_gcj02(self) -> bool:
        """Whether everything is drawn in GCJ-02, because the tiles are."""
        return self.page.base == "amap" and self.shift is not None

    @property
    def tiles(self) -> Mapping[str, Any]:
        """What the manifest says of our vector tiles; empty where they are not drawn."""
        known = self.manifest.get("basemap")
        drawn = self.page.tiles_url and self.page.base == "streets"
        return known if drawn and isinstance(known, Mapping) else _EMPTY

    def label(self, table: str, code: Any) -> str:
        """Return the name of a code, or the code itself where there is no name.

        Parameters
        ----------
        table : str
            Such as ``kind``.
        code : object
            The code.

        Returns
        -------
        str
            A name to show.
        """
        return clip(self.labels.get(table, _EMPTY).get(str(code), code), TEXT_LIMIT)

    def place(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Return positions as they are drawn.

        Parameters
        ----------
        lon, lat : array (n,) of float64
            WGS-84 (degrees).

        Returns
        -------
        array (n, 2) of float64
            In GCJ-02 where the tiles are.
        """
        if self.in_gcj02 and self.shift is not None and len(lon):
            lon, lat = self.shift(lon, lat)
        return np.column_stack([lon, lat]).reshape(-1, 2)
