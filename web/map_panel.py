"""The panel of the map: title, share, search, legend with the parameters, sources."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from web.map_data import MapRequest
from web.map_legend import filled, moment, parameter_rows, plain, severity_legend, sources
from web.map_payload import sign_of
from web.map_words import clip, number, percent

#: Longest title that may be given (characters).
TITLE_LIMIT = 120


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
        .get_template("map_embed.html" if request.page.embed else "map_panel.html")
        .render(
            t=request.text,
            lang=request.page.lang,
            page=request.page,
            title=title(request),
            headline=headline(request),
            frozen=_frozen(request),
            notes=notes(request),
            severity=severity_legend(request),
            kinds=[(sign_of(request, code), request.label("kind", code)) for code in codes],
            inactive=bool(statuses),
            states_as_of=filled(request, "state_as_of", time=moment(request, request.states_at)),
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
        Its page's title, or else its manifest's name and limit.

    Returns
    -------
    str
        One line.
    """
    if clip(request.page.title, TITLE_LIMIT):
        return clip(request.page.title, TITLE_LIMIT)
    place = clip(request.manifest.get("title") or request.manifest.get("name"), 40)
    key = "title_place" if place else "title"
    return filled(request, key, place=place, minutes=plain(request.minutes))


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
    return filled(
        request,
        key,
        share=percent(share),
        minutes=plain(request.minutes),
        mode=request.label("mode", mode),
        station=request.text["station_open" if request.parameters.get("at") else "station_any"],
    )


def notes(request: MapRequest) -> list[str]:
    """Return what stands under the headline: band, people without a station, unknown hours.

    Parameters
    ----------
    request : MapRequest
        Its summary.

    Returns
    -------
    list of str
        Sentences, the first of which says so where the data are made up.
    """
    summary, at = request.summary, request.parameters.get("at")
    lines = [request.text["synthetic"]] if request.manifest.get("synthetic") else []
    if at:
        lines.append(filled(request, "hours_at", time=moment(request, str(at))))
    for key in ("workers", "homes"):
        count = (summary.get(key) or {}).get("uncovered")
        if count:
            lines.append(filled(request, f"uncovered_{key}", count=number(count)))
            break
    band = summary.get("share_band") or {}
    if band.get("slow") is not None and band.get("fast") is not None:
        slow, fast = percent(band["slow"]), percent(band["fast"])
        lines.append(filled(request, "band", slow=slow, fast=fast))
    unknown, share = summary.get("share_covered_if_unknown_open"), summary.get("share_covered")
    if unknown is not None and share is not None and unknown > share:
        lines.append(filled(request, "if_unknown", share=percent(unknown)))
    return lines


def _frozen(request: MapRequest) -> str:
    """Return since when the data have stood still, ``""`` where they are renewed."""
    date = clip(request.page.frozen, 32)
    return filled(request, "frozen", date=date) if date else ""


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
        "minutes": plain(request.minutes),
        "at": str(asked.get("at") or "")[:16],
        "labels": {"mode": request.text["p_mode"], "need": request.text["p_need"]},
    }


def _chosen(value: Any) -> list[str]:
    """Return one or several codes as a list."""
    if not value:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]
