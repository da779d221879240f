"""What a dataset says about itself: extent, dates, counts, attribution, vocabularies, limits."""

from collections.abc import Mapping
from typing import Any

from geodata.model import Dataset
from geodata.premises import load_premises_kinds
from web.answers import dataset_name
from web.settings import Settings

_DIGITS = 6
_TABLES = ("kinds", "needs", "facilities", "access", "statuses", "modes", "groups")
_KNOWN = ("sources", "licence", "synthetic", "basemap")
_LIMITS = ("max_k", "max_minutes", "max_list_items", "max_features", "max_body_bytes")


def describe(
    dataset: Dataset, extent: tuple[float, float, float, float], settings: Settings
) -> dict[str, Any]:
    """Return what a dataset is.

    Parameters
    ----------
    dataset : Dataset
        The data.
    extent : tuple of float
        West, south, east, north of the streets (degrees).
    settings : Settings
        The limits.

    Returns
    -------
    dict
        For `orjson.dumps`.
    """
    manifest, words, regions = dataset.manifest, dataset.vocabulary, dataset.regions
    known = {key: manifest.get(key) for key in _KNOWN}
    pairs = zip(regions["id"], regions["name"], strict=True) if len(regions) else ()
    return {
        **dataset_name(manifest),
        "extent": [round(value, _DIGITS) for value in extent],
        "datum": "wgs84",
        "attribution": _as_list(manifest.get("attribution")),
        **{key: value for key, value in known.items() if value},
        "counts": {**dict(manifest.get("counts") or {}), "stations": len(dataset.stations)},
        "modes": list(dataset.networks),
        "regions": [{"id": str(code), "name": str(name)} for code, name in pairs],
        "vocabularies": {table: _rows(getattr(words, table)) for table in _TABLES}
        | {"premises": _rows(load_premises_kinds())},
        "limits": {name: getattr(settings, name) for name in _LIMITS},
    }


def _as_list(value: Any) -> list[str]:
    """Return one or more texts as a list."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value or ()]


def _rows(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a vocabulary without their synonyms."""
    return [
        {key: value for key, value in vars(row).items() if key != "synonyms"}
        for row in table.values()
    ]
