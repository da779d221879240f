"""The rows of the map's legend: bands, parameters, sources; all plain text, not escaped."""

from datetime import datetime
from typing import Any

from web.map_data import MapRequest
from web.map_words import clip


def severity_legend(request: MapRequest) -> list[tuple[int, str]]:
    """Return the bands of the gaps.

    Parameters
    ----------
    request : MapRequest
        Its limit.

    Returns
    -------
    list of (int, str)
        Band and its text, in order.
    """
    limit = request.minutes
    first, second = plain(round(limit * 4 / 3, 1)), plain(round(limit * 2, 1))
    first_key = "severity_1_closed" if request.parameters.get("at") else "severity_1"
    return [
        (1, filled(request, first_key, low=plain(limit), high=first)),
        (2, filled(request, "severity_2", low=first, high=second)),
        (3, filled(request, "severity_3", low=second)),
        (4, request.text["severity_4"]),
    ]


def moment(request: MapRequest, at: str) -> str:
    """Write an ISO time for people.

    Parameters
    ----------
    request : MapRequest
        For the language.
    at : str
        ISO 8601.

    Returns
    -------
    str
        Such as ``2026年11月22日 20:00``; what came where it is no time.
    """
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return clip(at, 40)
    zero = "" if request.page.lang == "zh" else "02"
    return filled(
        request,
        "moment",
        year=time.year,
        month=format(time.month, zero),
        day=format(time.day, zero),
        clock=f"{time:%H:%M}",
    )


def parameter_rows(request: MapRequest) -> list[tuple[str, str]]:
    """Return the parameters of the coverage as rows of the legend.

    Parameters
    ----------
    request : MapRequest
        Its parameters.

    Returns
    -------
    list of (str, str)
        Name and value.
    """
    text, asked = request.text, request.parameters
    at = asked.get("at")
    rows = [
        (text["p_mode"], request.label("mode", asked.get("mode", "walk"))),
        (text["p_minutes"], filled(request, "p_minutes_value", minutes=plain(request.minutes))),
        (text["p_at"], moment(request, str(at)) if at else text["p_at_none"]),
        (text["p_need"], _codes(request, "need") or text["p_any"]),
        (text["p_kind"], _codes(request, "kind") or text["p_counted"]),
    ]
    if _codes(request, "access"):
        rows.append((text["p_access"], _codes(request, "access")))
    if asked.get("region"):
        rows.append((text["p_region"], request.region_name(str(asked["region"]))))
    least = int(asked.get("stations_at_least") or 1)
    if least > 1:
        rows.append((text["p_stations_at_least"], filled(request, "p_stations_value", count=least)))
    if _codes(request, "include"):
        rows.append((text["p_include"], _codes(request, "include")))
    if request.summary.get("people"):
        rows.append((text["p_people"], _people(request)))
    return rows


def conditions(request: MapRequest) -> list[str]:
    """Return what the main sentence leaves out of the question: when, and other conditions.

    Parameters
    ----------
    request : MapRequest
        Its parameters.

    Returns
    -------
    list of str
        Lines; the first always says whether hours were considered.
    """
    text, at = request.text, request.parameters.get("at")
    when = filled(request, "hours_at", time=moment(request, str(at))) if at else text["hours_none"]
    told = {text[f"p_{name}"] for name in ("access", "include") if asked_codes(request, name)}
    return [when] + [
        f"{name}{text['colon']}{value}" for name, value in parameter_rows(request) if name in told
    ]


def asked_region(request: MapRequest) -> str:
    """Return the name of the region that was asked about, ``""`` for none."""
    code = str(request.parameters.get("region") or "")
    return request.region_name(code) if code else ""


def _people(request: MapRequest) -> str:
    """Return how exact the counts of people are."""
    if request.summary["people"] == "exact":
        return request.text["people_exact"]
    return filled(request, "people_cells", rounded=request.summary.get("rounded_to", 5))


def _codes(request: MapRequest, name: str) -> str:
    """Return the names of a parameter's codes."""
    table = "status" if name == "include" else name
    return request.text["and"].join(
        request.label(table, code) for code in asked_codes(request, name)
    )


def asked_codes(request: MapRequest, name: str) -> list[str]:
    """Return the codes that were given for a parameter.

    Parameters
    ----------
    request : MapRequest
        Its parameters.
    name : str
        Such as ``need``.

    Returns
    -------
    list of str
        None where anything will do.
    """
    value = request.parameters.get(name, request.parameters.get(f"{name}s")) or ()
    return [str(value)] if isinstance(value, str | int) else [str(code) for code in value]


def sources(request: MapRequest) -> list[str]:
    """Return where the data come from, their date and the map's approval number.

    Parameters
    ----------
    request : MapRequest
        Its manifest and page.

    Returns
    -------
    list of str
        Lines, also used as the map's attribution.
    """
    manifest, text = request.manifest, request.text
    given = manifest.get("attribution")
    parts = [given] if isinstance(given, str) else list(given or ())
    real = any("OpenStreetMap" in str(part) for part in parts)
    lines = [text["attribution_streets"]] if real else []
    lines += [clip(p, 160) for p in parts if "OpenStreetMap" not in str(p) and str(p).strip()]
    date = manifest.get("as_of") or manifest.get("streets_as_of")
    if date:
        lines.append(filled(request, "data_date", date=clip(date, 32)))
    if manifest.get("version"):
        lines.append(filled(request, "version", version=clip(manifest["version"], 32)))
    approval = clip(request.page.approval, 60)
    lines.append(
        filled(request, "approval", number=approval) if approval else text["approval_none"]
    )
    return lines


def filled(request: MapRequest, key: str, **values: Any) -> str:
    """Return a text with its places filled.

    Parameters
    ----------
    request : MapRequest
        For the language.
    key : str
        Which text.
    **values : Any
        What goes into its places.

    Returns
    -------
    str
        Plain text, not escaped.
    """
    return request.text[key].format(**values)


def plain(value: float) -> str:
    """Write a number without needless decimals.

    Parameters
    ----------
    value : float
        A number.

    Returns
    -------
    str
        Such as ``15`` or ``7.5``.
    """
    return f"{value:g}"
