"""The panel of the map: title, share, search, legend with the parameters, sources."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from web.map_data import MapRequest, sign_of
from web.map_text import clip, number, percent



@cache
def environment() -> jinja2.Environment:
    """Return the templates, with everything escaped.

    Returns
    -------
    jinja2.Environment
        Reads ``web/templates``.
    """
    folder = Path(__file__).parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def panel(request: MapRequest) -> str:
    """Return the panel as HTML, everything escaped.

    Parameters
    ----------
    request : MapRequest
        What the map draws.

    Returns
    -------
    str
        HTML without scripts.
    """
    codes = sorted({clip(kind, 40) for kind in request.stations["kind"]})
    statuses = {clip(s, 40) for s in request.stations["status"]} - {"open", ""}
    return calm(
        environment()
        .get_template("map_panel.html")
        .render(
            t=request.text,
            lang=request.page.lang,
            page=request.page,
            title=title(request),
            headline=headline(request),
            notes=_notes(request),
            severity=severity_legend(request),
            kinds=[(sign_of(request, code), request.label("kind", code)) for code in codes],
            inactive=bool(statuses),
            states_as_of=_filled(request, "state_as_of", time=moment(request, request.states_at)),
            rows=parameter_rows(request),
            sources=sources(request),
            form=_form(request),
        )
    )


def calm(html: str) -> str:
    """Take the backtick and ``${`` out of escaped HTML, in case a script ever quotes it.

    Parameters
    ----------
    html : str
        HTML made by our templates, which use neither.

    Returns
    -------
    str
        The same text to the reader.
    """
    return html.replace("`", "&#96;").replace("${", "&#36;{")


def title(request: MapRequest) -> str:
    """Return the map's title.

    Parameters
    ----------
    request : MapRequest
        Its manifest's name and limit.

    Returns
    -------
    str
        One line.
    """
    place = clip(request.manifest.get("title") or request.manifest.get("name"), 40)
    key = "title_place" if place else "title"
    return _filled(request, key, place=place, minutes=_plain(request.minutes))


def headline(request: MapRequest) -> str:
    """Return the main finding: the share covered and of what.

    Parameters
    ----------
    request : MapRequest
        Its summary.

    Returns
    -------
    str
        One sentence.
    """
    share = request.summary.get("share_covered")
    if share is None or share != share:  # noqa: PLR0124  (not a number)
        return request.text["headline_none"]
    mode = str(request.parameters.get("mode", "walk"))
    key = "headline_homes" if mode == "walk" else "headline_other"
    if str(request.summary.get("share_of", "homes")) != "homes":
        key = "headline_street"
    return _filled(
        request,
        key,
        share=percent(share),
        minutes=_plain(request.minutes),
        mode=request.label("mode", mode),
    )


def _filled(request: MapRequest, key: str, **values: Any) -> str:
    """Return a text with its places filled."""
    return request.text[key].format(**values)


def _plain(value: float) -> str:
    """Write a number without needless decimals."""
    return f"{value:g}"


def _notes(request: MapRequest) -> list[str]:
    """Return what stands under the headline: band, people without a station, unknown hours."""
    summary, at = request.summary, request.parameters.get("at")
    notes = [request.text["synthetic"]] if request.manifest.get("synthetic") else []
    if at:
        notes.append(_filled(request, "hours_at", time=moment(request, str(at))))
    for key in ("workers", "homes"):
        count = (summary.get(key) or {}).get("uncovered")
        if count:
            notes.append(_filled(request, f"uncovered_{key}", count=number(count)))
            break
    band = summary.get("share_band") or {}
    if band.get("slow") is not None and band.get("fast") is not None:
        slow, fast = percent(band["slow"]), percent(band["fast"])
        notes.append(_filled(request, "band", slow=slow, fast=fast))
    unknown, share = summary.get("share_covered_if_unknown_open"), summary.get("share_covered")
    if unknown is not None and share is not None and unknown > share:
        notes.append(_filled(request, "if_unknown", share=percent(unknown)))
    return notes


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
    first, second = _plain(round(limit * 4 / 3, 1)), _plain(round(limit * 2, 1))
    return [
        (1, _filled(request, "severity_1", low=_plain(limit), high=first)),
        (2, _filled(request, "severity_2", low=first, high=second)),
        (3, _filled(request, "severity_3", low=second)),
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
    return _filled(
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
        (text["p_minutes"], _filled(request, "p_minutes_value", minutes=_plain(request.minutes))),
        (text["p_at"], moment(request, str(at)) if at else text["p_at_none"]),
        (text["p_need"], _codes(request, "need") or text["p_any"]),
        (text["p_kind"], _codes(request, "kind") or text["p_counted"]),
    ]
    if _codes(request, "access"):
        rows.append((text["p_access"], _codes(request, "access")))
    if asked.get("region"):
        rows.append((text["p_region"], _region_name(request, str(asked["region"]))))
    least = int(asked.get("stations_at_least") or 1)
    if least > 1:
        rows.append((text["p_stations_at_least"], _filled(request, "p_stations_value", count=least)))
    if _codes(request, "include"):
        rows.append((text["p_include"], _codes(request, "include")))
    if request.summary.get("people"):
        rows.append((text["p_people"], _people(request)))
    return rows


def _region_name(request: MapRequest, code: str) -> str:
    """Return the name of a region."""
    known = request.regions[request.regions["id"].astype(str) == code]
    return clip(known["name"].iloc[0] if len(known) else code, 80)


def _people(request: MapRequest) -> str:
    """Return how exact the counts of people are."""
    if request.summary["people"] == "exact":
        return request.text["people_exact"]
    return _filled(request, "people_cells", rounded=request.summary.get("rounded_to", 5))


def _codes(request: MapRequest, name: str) -> str:
    """Return the names of a parameter's codes."""
    value = request.parameters.get(name, request.parameters.get(f"{name}s")) or ()
    codes = [value] if isinstance(value, str) else list(value)
    table = "status" if name == "include" else name
    return request.text["and"].join(request.label(table, code) for code in codes)


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
    lines = [text["attribution_streets"]]
    given = manifest.get("attribution")
    parts: Sequence[Any] = [given] if isinstance(given, str) else list(given or ())
    lines += [clip(p, 160) for p in parts if "OpenStreetMap" not in str(p) and str(p).strip()]
    date = manifest.get("as_of") or manifest.get("streets_as_of")
    if date:
        lines.append(_filled(request, "data_date", date=clip(date, 32)))
    if manifest.get("version"):
        lines.append(_filled(request, "version", version=clip(manifest["version"], 32)))
    approval = clip(request.page.approval, 60)
    lines.append(
        _filled(request, "approval", number=approval) if approval else text["approval_none"]
    )
    return lines


def _form(request: MapRequest) -> Mapping[str, Any] | None:
    """Return what the form asks and what is chosen now."""
    if not request.page.form:
        return None
    asked = request.parameters
    chosen = {
        "mode": [str(asked.get("mode", "walk"))],
        "need": _chosen(asked.get("need", asked.get("needs"))),
    }
    return {
        "choices": request.page.form,
        "chosen": chosen,
        "minutes": _plain(request.minutes),
        "at": str(asked.get("at") or "")[:16],
        "labels": {"mode": request.text["p_mode"], "need": request.text["p_need"]},
    }


def _chosen(value: Any) -> list[str]:
    """Return one or several codes as a list."""
    if not value:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]
