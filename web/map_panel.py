"""The panel of the map: title, share, search, legend with the parameters, sources."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from web.map_data import MapRequest
from web.map_legend import (
    asked_codes,
    asked_region,
    conditions,
    filled,
    moment,
    parameter_rows,
    plain,
    severity_legend,
    sources,
)
from web.map_payload import sign_of
from web.map_words import clip, number, percent

#: What the form does not ask again but must not forget.
_KEPT = ("kind", "access", "region", "stations_at_least", "include")

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
            when=conditions(request),
            severity=severity_legend(request),
            key_covered=filled(request, "key_covered", minutes=plain(request.minutes)),
            keyed=request.page.layers or ("covered", "gaps"),
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
    place = asked_region(request) or clip(
        request.manifest.get("title") or request.manifest.get("name"), 40
    )
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
        station=station_asked(request),
    )


def station_asked(request: MapRequest) -> str:
    """Return what was looked for, with everything that qualifies it, as the bulletin says it.

    Parameters
    ----------
    request : MapRequest
        Its parameters.

    Returns
    -------
    str
        Such as ``届时开放、能满足“热饭”需求的驿站``: a share of stations with a microwave must
        never be read as one of all stations.
    """
    text, least = request.text, int(request.parameters.get("stations_at_least") or 1)
    name = _station_zh(request) if request.page.lang == "zh" else _station_en(request, least)
    return text["station_more"].format(count=least, station=name) if least > 1 else name


def _station_zh(request: MapRequest) -> str:
    """Return what was looked for, in Chinese: what qualifies it goes before it."""
    text, name = request.text, _kinds(request) or request.text["station_any"]
    marks = [text["station_open"]] if request.parameters.get("at") else []
    needs = [request.label("need", code) for code in asked_codes(request, "need")]
    if needs:
        marks.append(text["station_need"].format(needs=text["and"].join(needs)))
    if not marks:
        return name
    return text["station_that"].format(marks=text["and"].join(marks), station=name)


def _station_en(request: MapRequest, least: int) -> str:
    """Return what was looked for, in English: what qualifies it goes behind it."""
    text, many = request.text, least > 1
    name = text["stations_plural" if many else "station_any"]
    if request.parameters.get("at"):
        name += text["station_open"]
    if _kinds(request):
        name += text["station_kind"].format(kinds=_kinds(request))
    needs = [request.label("need", code) for code in asked_codes(request, "need")]
    if needs:
        key = ("station_need" if len(needs) == 1 else "station_needs") + ("_plural" if many else "")
        listed = " and ".join(text["kind_quoted"].format(name=need) for need in needs)
        name += text[key].format(needs=listed)
    return name


def _kinds(request: MapRequest) -> str:
    """Return the kinds that were asked for, each in quotation marks; ``""`` for the usual ones."""
    text = request.text
    names = [request.label("kind", code) for code in asked_codes(request, "kind")]
    return text["kind_or"].join(text["kind_quoted"].format(name=name) for name in names)


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
    summary = request.summary
    lines = [request.text["synthetic"]] if request.manifest.get("synthetic") else []
    lines += conditions(request)
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
        "need": asked_codes(request, "need"),
    }
    return {
        "choices": request.page.form,
        "chosen": chosen,
        "minutes": plain(request.minutes),
        "at": str(asked.get("at") or "")[:16],
        "kept": [
            (name, str(value))
            for name in _KEPT
            for value in asked_codes(request, name)
            if str(value) not in {"", "1"}
        ],
    }
