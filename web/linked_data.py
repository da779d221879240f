"""A dataset described for search engines: schema.org ``Dataset`` as JSON-LD."""

import json
from collections.abc import Mapping
from typing import Any

from web.bulletin import Facts, facts_of
from web.bulletin_lead import title
from web.bulletin_pen import Pen
from web.bulletin_text import written
from web.question_links import download_url, page_url
from web.service import Coverage, Service

_LICENCES = {"ODbL": "https://opendatacommons.org/licenses/odbl/1-0/"}

#: Media types of the downloads.
ENCODINGS: Mapping[str, str] = {
    "geojson": "application/geo+json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
}


def dataset_description(
    facts: Facts, lang: str, extent: tuple[float, float, float, float], base: str
) -> dict[str, Any]:
    """Describe what a bulletin or a map shows as a schema.org ``Dataset``.

    Parameters
    ----------
    facts : Facts
        Of the question.
    lang : str
        ``zh`` or ``en``.
    extent : tuple of float
        West, south, east, north of the data (degrees).
    base : str
        Address of the server without a slash at its end; ``""`` for relative links.

    Returns
    -------
    dict
        JSON-LD; see https://schema.org/Dataset.
    """
    pen, asked = Pen(facts, lang), facts.parameters
    document = written(facts, lang)
    west, south, east, north = extent
    found: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": title(pen),
        "description": " ".join([*([document.mark] if document.mark else []), *document.lead]),
        "url": page_url("bulletin", asked, base, lang=lang),
        "inLanguage": "zh-CN" if lang == "zh" else "en",
        "isAccessibleForFree": True,
        "version": facts.summary["dataset"]["version"],
        "spatialCoverage": {
            "@type": "Place",
            **({"name": facts.region} if facts.region else {}),
            "geo": {"@type": "GeoShape", "box": f"{south:.6f} {west:.6f} {north:.6f} {east:.6f}"},
        },
        "variableMeasured": _variables(pen),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": f"{pen.words[f'table_{table}']} ({ending})",
                "encodingFormat": encoding,
                "contentUrl": download_url(table, ending, asked, base, lang=lang),
            }
            for table in ("regions", "gaps", "stations")
            for ending, encoding in ENCODINGS.items()
        ],
    }
    return {**found, **_known(facts)}


def _known(facts: Facts) -> dict[str, Any]:
    """Return the members that are there only where the dataset says so."""
    found: dict[str, Any] = {}
    if facts.summary["dataset"]["as_of"]:
        found["dateModified"] = facts.summary["dataset"]["as_of"]
    sources = [*(facts.manifest.get("sources") or ())]
    given = " ".join(str(source.get("licence") or "") for source in sources)
    licence = next((url for name, url in _LICENCES.items() if name in given), "")
    if licence:
        found["license"] = licence
    attribution = facts.manifest.get("attribution")
    parts = [attribution] if isinstance(attribution, str) else list(attribution or ())
    if parts:
        found["creditText"] = "; ".join(str(part) for part in parts)
    names = [name for source in sources for name in source.get("named") or () if name]
    if names:
        found["creator"] = [{"@type": "Organization", "name": str(name)} for name in names]
    return found


def _variables(pen: Pen) -> list[dict[str, Any]]:
    """Return the main figures as property values."""
    summary = pen.facts.summary
    share = summary["share_covered"]
    found = []
    if share is not None:
        unit = pen.words["covered_homes" if pen.facts.by_homes else "covered_street"]
        band = summary["share_band"]
        entry = {"@type": "PropertyValue", "name": f"{pen.words['share']}: {unit}", "value": share}
        if band["slow"] is not None and band["fast"] is not None:
            entry |= {"minValue": band["slow"], "maxValue": band["fast"]}
        found.append(entry)
    for key in ("homes", "workers", "street_km"):
        part = summary.get(key)
        if part:
            found.append({"@type": "PropertyValue", "name": pen.words[key], "value": part["total"]})
    return found


def script_text(description: Mapping[str, Any]) -> str:
    r"""Return JSON-LD that can stand in a script element.

    Parameters
    ----------
    description : mapping
        From `dataset_description`.

    Returns
    -------
    str
        JSON without ``<``, ``>``, ``&`` and line separators, so that nothing a stranger wrote ends
        the element.

    Examples
    --------
    >>> script_text({"name": "</script>"})
    '{"name": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(description, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def json_ld(service: Service, answer: Coverage, lang: str, base: str = "") -> str:
    """Return the description of an answer for a script element of type ``application/ld+json``.

    Parameters
    ----------
    service : Service
        Its dataset.
    answer : Coverage
        From `Service.cover`.
    lang : str
        ``zh`` or ``en``.
    base : str, optional
        Address of the server without a slash at its end.

    Returns
    -------
    str
        Escaped: it is put in as it is.
    """
    facts = facts_of(service, answer)
    return script_text(dataset_description(facts, lang, service.extent, base))
