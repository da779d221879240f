"""Host premises: places that may take a station in, as most stations sit inside one.

Pure: tags in, kind out. The table ``geodata/data/premises.csv`` says which tags of OpenStreetMap
make which kind, and what it costs where nobody says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.model import PREMISES_COLUMNS
from geodata.package_data import data_rows
from geodata.scenery import name_of, shown

#: The kind whose places are the gates of an area.
PARK_GATE = "park_gate"

_CLOSED = frozenset({"private", "no"})
_HOUSES = ("brand:zh", "brand", "operator:zh", "operator")
_NO_ENTRANCE = frozenset({"no", "exit", "emergency", "emergency_ward_entrance", "service"})
_GATES = frozenset(
    {
        *("gate", "entrance", "lift_gate", "swing_gate", "sliding_gate", "wicket_gate"),
        *("turnstile", "full-height_turnstile", "kissing_gate", "toll_booth"),
    }
)


@dataclass(frozen=True)
class PremisesKind:
    """A kind of host premises.

    Attributes
    ----------
    code : str
        Its code.
    zh, en : str
        What people call it.
    cost_yuan : int
        What turning one into a station costs where nobody says (yuan).
    source : str
        Where the kind and the price come from.
    """

    code: str
    zh: str
    en: str
    cost_yuan: int
    source: str


class PremisesRules:
    """Tells from tags what kind of premises something is.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of ``premises.csv``.

    Attributes
    ----------
    kinds : dict of str to PremisesKind
        By code; of several rows of a kind the first one describes it.
    tags : tuple of (str, str)
        Tags that make premises, for filters.
    """

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self.kinds: dict[str, PremisesKind] = {}
        self._rules: dict[tuple[str, str], str] = {}
        for row in rows:
            self._rules[row["key"], row["value"]] = code = row["kind"]
            kind = PremisesKind(code, row["zh"], row["en"], int(row["cost_yuan"]), row["source"])
            self.kinds.setdefault(code, kind)
        self.tags = tuple(self._rules)

    def of(self, tags: Mapping[str, str]) -> str:
        """Return what kind of premises something is.

        Parameters
        ----------
        tags : mapping
            Its tags.

        Returns
        -------
        str
            Code of the kind by the first rule of the table that fits; ``""`` for none, and for
            what strangers may not enter (``access=private|no``).
        """
        if tags.get("access") in _CLOSED:
            return ""
        return next((code for (k, v), code in self._rules.items() if tags.get(k) == v), "")


def host_name(tags: Mapping[str, str]) -> str:
    """Return what premises are called.

    Parameters
    ----------
    tags : mapping
        Tags.

    Returns
    -------
    str
        The name, else the brand, else who runs it; ``""`` where nobody says.
    """
    return name_of(tags) or next((t for key in _HOUSES if (t := shown(tags.get(key, "")))), "")


def is_gate(tags: Mapping[str, str]) -> bool:
    """Return whether people go in at a node on the outline of an area.

    Parameters
    ----------
    tags : mapping
        Tags of the node.

    Returns
    -------
    bool
        True for entrances and gates that are open to everybody.
    """
    if tags.get("access") in _CLOSED or tags.get("locked") == "yes":
        return False
    entrance = tags.get("entrance", "no") not in _NO_ENTRANCE
    return entrance or tags.get("barrier") in _GATES


def premises_frame(
    ids: Sequence[str],
    kinds: Sequence[str],
    names: Sequence[str],
    places: Sequence[tuple[float, float]],
    about: Mapping[str, PremisesKind],
) -> gpd.GeoDataFrame:
    """Return premises as a frame.

    Parameters
    ----------
    ids : sequence of str
        ``n``, ``w`` or ``r`` and the number of the node, way or relation.
    kinds, names : sequence of str
        Codes, and names.
    places : sequence of (float, float)
        Longitude and latitude (degrees).
    about : mapping of str to PremisesKind
        Gives the prices.

    Returns
    -------
    GeoDataFrame
        ``PREMISES_COLUMNS`` and points, EPSG:4326, in the order given.
    """
    lon, lat = np.array(places, np.float64).reshape(-1, 2).T
    texts = [pd.Series(list(values), dtype="str") for values in (ids, kinds, names)]
    cost = np.array([about[kind].cost_yuan for kind in kinds], np.int64)
    columns = dict(zip(PREMISES_COLUMNS, (*texts, cost, lon, lat), strict=True))
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def load_premises_kinds() -> dict[str, PremisesKind]:
    """Return the kinds of host premises that the package knows.

    Returns
    -------
    dict of str to PremisesKind
        By code, in the order of ``geodata/data/premises.csv``.

    Examples
    --------
    >>> load_premises_kinds()["bank"].en
    'Bank'
    """
    return PremisesRules(data_rows("premises")).kinds
