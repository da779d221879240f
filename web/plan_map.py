"""A plan as one Folium page that opens with no network: sites in building order, and a table.

Names that a stranger wrote are escaped before they become text of a popup or tooltip.
"""

import html
import json
from collections.abc import Mapping
from typing import Any

import folium
import numpy as np
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from web.map_payload import STREET_BUDGET
from web.map_streets import StreetLines, encode_streets
from web.plan_words import PlanWords, column_titles, gain_fields
from web.static_files import inline_text, sealed_policy

_COLOURS = {"build": "#1f6feb", "convert": "#8250df", "extend": "#bc4c00", "equip": "#1a7f37",
            "more": "#953800"}  # fmt: skip
#: Streets are drawn so far around the sites (degrees).
_AROUND = 0.1
_WORDS = {
    "zh": {
        "title": "选址方案", "all": "花费 {spent} 元，覆盖职工 {objective}"
        "（可证上界 {bound}，差距 {gap}）", "other": "花费 {spent} 元；目标值 {objective} {unit}"
        "（可证界 {bound}，差距 {gap}）", "attribution": "街道 © OpenStreetMap 贡献者",
        "round": "职工数均取整到 {n}",
    },
    "en": {
        "title": "Plan of sites", "all": "{spent} yuan; {objective} workers covered (proven bound "
        "{bound}, gap {gap})", "other": "{spent} yuan; objective {objective} {unit} (proven bound "
        "{bound}, gap {gap})", "attribution": "Streets © OpenStreetMap contributors",
        "round": "numbers of workers are rounded to {n}",
    },
}  # fmt: skip
_STYLE = (
    "".join(f".step-{name}{{background:{hue}}}" for name, hue in _COLOURS.items())
    + """
body{margin:0;display:flex;height:100vh;font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif}
main{flex:0 1 34rem;overflow:auto;padding:1rem}h1{font-size:1.25rem;margin:0 0 .5rem}
table{border-collapse:collapse;width:100%}th,td{padding:.25rem .5rem;text-align:right;
border-bottom:1px solid #d0d7de}td:nth-child(2),th:nth-child(2){text-align:left}
.folium-map{flex:1 1 50%;min-height:18rem;background:#f6f8fa}
.step{display:flex;width:100%;height:100%;box-sizing:border-box;align-items:center;justify-content:center;border-radius:50%;color:#fff;
font-weight:600;border:2px solid #fff}
@media(max-width:700px){body{flex-direction:column}main{flex:1 1 50%}}
"""
)
_PAGE = Template(
    '<!DOCTYPE html>\n<html lang="{{ this.lang }}">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    "<title>{{ this.title }}</title>\n{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
    "{{ this.html.render(**kwargs) }}\n<script>\n{{ this.script.render(**kwargs) }}\n</script>\n"
    "</body>\n</html>\n"
)


class _Text(Element):
    """Text that is written as it is."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Map(folium.Map):
    """Folium's map without files of other hosts and without its global switches."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }},
                {center: {{ this.location|tojson }}, zoom: 11});
        {% endmacro %}
        """
    )


class _Marks(MacroElement):
    """Draws the sites; all text in them is escaped already."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            {{ this.marks|tojson }}.forEach(function (site) {
                var half = site.width / 2;
                var icon = L.divIcon({html: site.html, className: "",
                    iconSize: [site.width, site.width], iconAnchor: [half, half]});
                L.marker(site.at, {icon: icon, keyboard: true})
                    .bindTooltip(site.text).bindPopup(site.text)
                    .addTo({{ this._parent.get_name() }});
            });
        {% endmacro %}
        """
    )

    def __init__(self, marks: list[dict[str, Any]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca has no types here
        self._name = "Marks"
        self._id = "marks"
        self.marks = marks


def escaped(text: object) -> str:
    """Return a text that neither HTML nor a template string runs.

    Parameters
    ----------
    text : object
        Anything.

    Returns
    -------
    str
        With ``& < > " ' ` $`` written as entities.

    Examples
    --------
    >>> escaped("<b>`${x}`")
    '&lt;b&gt;&#96;&#36;{x}&#96;'
    """
    return html.escape(str(text)).replace("`", "&#96;").replace("$", "&#36;")


def plan_map(result: Mapping[str, Any], language: str, streets: StreetLines | None = None) -> str:
    """Draw a plan as one HTML page.

    Parameters
    ----------
    result : mapping
        A plan's result, as it may leave.
    language : str
        ``zh`` or ``en``.
    streets : StreetLines, optional
        What lies below; those around the sites are drawn, as many as fit.

    Returns
    -------
    str
        HTML that fetches nothing.
    """
    words, sites = _Words(result, language), result["chosen"]
    middle = [0.0, 0.0]
    if sites:
        middle = [sum(site[axis] for site in sites) / len(sites) for axis in ("lat", "lon")]
    chart = _Map(location=middle, tiles=None)
    chart._id = "plan"  # noqa: SLF001  (folium's ids are random: same input, same bytes)
    chart.default_js, chart.default_css = [], []
    most = max((site[words.gain] or 0 for site in sites), default=0) or 1
    # the first on top
    marks = _Marks([_mark(site, site[words.gain] or 0, most, words) for site in reversed(sites)])
    marks.add_to(chart)
    figure = chart.get_root()
    if not isinstance(figure, Figure):  # pragma: no cover  (a folium map makes its own)
        raise TypeError(f"expected a figure around the map, got {type(figure).__name__}")
    figure._id = "page"  # noqa: SLF001
    figure._template = _PAGE  # noqa: SLF001
    figure.title = words.own["title"]
    parts = f"<style>{inline_text('leaflet.css')}{_STYLE}</style>"
    parts += "".join(
        f"<script>{inline_text(name)}</script>" for name in ("leaflet.js", "streets.js")
    )
    figure.header.add_child(_Text(parts), name="files")
    figure.html.add_child(_Text(_panel(result, words)), name="panel")
    if sites:
        shown = _shown(chart.get_name(), sites, streets)
        figure.script.add_child(_Text(shown), name="shown")
    figure.lang = "zh-CN" if language == "zh" else "en"  # type: ignore[attr-defined]  # for our template
    page = str(figure.render())
    policy = sealed_policy(page, "streets")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace("<head>\n", f"<head>\n{meta}\n", 1)


def _shown(name: str, sites: list[dict[str, Any]], streets: StreetLines | None) -> str:
    """Return the script that shows all sites, and the streets below them."""
    lon, lat = [site["lon"] for site in sites], [site["lat"] for site in sites]
    bounds = [[min(lat), min(lon)], [max(lat), max(lon)]]
    done = f"{name}.fitBounds({json.dumps(bounds)}, {{maxZoom: 15, padding: [30, 30]}});"
    if streets is not None:
        levels = encode_streets(_around(streets, sites), budget=STREET_BUDGET)["levels"]
        done += f" unionStreets.below({name}, {json.dumps(levels)});"
    return f'addEventListener("load", function () {{ {done} }});'


def _around(streets: StreetLines, sites: list[dict[str, Any]]) -> StreetLines:
    """Return the streets around sites."""
    near = np.ones(len(streets.segments), np.bool_)
    for axis, name in enumerate(("lon", "lat")):
        at, along = [site[name] for site in sites], streets.segments[:, [axis, axis + 2]]
        near &= (along > min(at) - _AROUND).any(axis=1) & (along < max(at) + _AROUND).any(axis=1)
    return StreetLines(streets.segments[near], streets.level[near])


class _Words:
    """What the page says of a result."""

    def __init__(self, result: Mapping[str, Any], language: str) -> None:
        self.own = _WORDS[language]
        self.plan = PlanWords(language, {})
        self.gain, self.so_far = gain_fields(result)
        named = column_titles(result, language)
        shown = ("order", "action", "cost_yuan", self.gain, self.so_far)
        self.titles = {name: named[name] for name in shown}

    def what(self, site: Mapping[str, Any]) -> tuple[str, str]:
        """Return what is done, and where."""
        action = str(self.plan.cell("action", site["action"]))
        return escaped(action), escaped(site["name"] or site["station"] or site["id"])


def _mark(site: Mapping[str, Any], gain: float, most: float, words: _Words) -> dict[str, Any]:
    """Return one site as the script draws it; the larger, the more it adds."""
    width = round(22 + 20 * (gain / most) ** 0.5)
    action, label = words.what(site)
    style = site["action"] if site["action"] in _COLOURS else "more"
    return {
        "at": [site["lat"], site["lon"]],
        "width": width,
        "html": f'<div class="step step-{style}">{int(site["order"])}</div>',
        "text": f"{int(site['order'])} · {action} · {label}<br>"
        f"{words.titles['cost_yuan']} {site['cost_yuan']:,.2f}<br>"
        f"{words.titles[words.gain]} {gain:,.10g}",
    }


def _panel(result: Mapping[str, Any], words: _Words) -> str:
    """Return the table of the sites."""
    people = result["objective_unit"] == "workers"
    head = words.own["all" if people else "other"].format(
        spent=f"{result['spent_yuan']:,.2f}",
        objective=f"{result['objective']:,.10g}",
        bound=f"{result['bound']:,.10g}",
        gap=f"{result['gap']:.2%}",
        unit=escaped(words.plan.word(result["objective_unit"])),
    )
    rows = "".join(
        f"<tr><td>{site['order']}</td><td>{' '.join(words.what(site))}</td>"
        f"<td>{site['cost_yuan']:,.2f}</td><td>{site[words.gain] or 0:,.10g}</td>"
        f"<td>{site[words.so_far] or 0:,.10g}</td></tr>"
        for site in result["chosen"]
    )
    names = "".join(f"<th>{title}</th>" for title in words.titles.values())
    note = words.own["attribution"]
    if result.get("rounded_to"):
        note += " · " + words.own["round"].format(n=result["rounded_to"])
    dataset = result.get("dataset", {})
    about = escaped(f"{dataset.get('name', '')} {dataset.get('as_of', '')}")
    return (
        f'<main tabindex="0"><h1>{words.own["title"]}</h1><p>{head}</p>'
        f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p><small>{about} · {note}</small></p></main>"
    )
