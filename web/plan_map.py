"""A plan as one Folium page that opens with no network: sites in building order, and a table.

Names that a stranger wrote are escaped before they become text of a popup or tooltip.
"""

import html
import json
from collections.abc import Mapping
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from web.static_files import inline_text, sealed_policy

_COLOURS = {"build": "#1f6feb", "convert": "#8250df", "extend": "#bc4c00", "equip": "#1a7f37",
            "more": "#953800"}  # fmt: skip
_WORDS = {
    "zh": {
        "title": "选址方案", "order": "次序", "what": "措施", "cost": "费用(元)",
        "gain": "新增覆盖职工", "sum": "累计", "all": "花费 {spent} 元,覆盖职工 {objective}"
        "(可证上界 {bound},差距 {gap})", "other": "花费 {spent} 元;目标值 {objective} {unit}"
        "(可证界 {bound},差距 {gap})", "attribution": "街道 © OpenStreetMap 贡献者",
        "build": "新建", "convert": "改造", "extend": "延时", "equip": "增配",
        "round": "职工数均取整到 {n}",
        "gain_street_km": "新增覆盖街道(公里)", "gain_person_hours": "新增覆盖人时(每周)",
    },
    "en": {
        "title": "Plan of sites", "order": "Order", "what": "Action", "cost": "Cost (yuan)",
        "gain": "Workers gained", "sum": "So far", "all": "{spent} yuan; {objective} workers "
        "covered (proven bound {bound}, gap {gap})", "other": "{spent} yuan; objective {objective} "
        "{unit} (proven bound {bound}, gap {gap})", "attribution": "Streets © OpenStreetMap "
        "contributors", "build": "build", "convert": "convert", "extend": "extend hours",
        "equip": "equip", "round": "numbers of workers are rounded to {n}",
        "gain_street_km": "Street gained (km)", "gain_person_hours": "Person-hours a week gained",
    },
}  # fmt: skip
_UNITS = {
    "zh": {
        "person_hours": "人时(每周)",
        "street_km": "公里街道",
        "yuan": "元",
        "seconds": "秒",
        "sites": "处",
    },
    "en": {"person_hours": "person-hours a week", "street_km": "km of street"},
}
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


def plan_map(result: Mapping[str, Any], language: str) -> str:
    """Draw a plan as one HTML page.

    Parameters
    ----------
    result : mapping
        A plan's result, as it may leave.
    language : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        HTML that fetches nothing.
    """
    words, sites = _WORDS[language], result["chosen"]
    gain, _, title = _gains(result, words)
    words = {**words, **_UNITS[language], "gain": title}
    middle = [0.0, 0.0]
    if sites:
        middle = [sum(site[axis] for site in sites) / len(sites) for axis in ("lat", "lon")]
    chart = _Map(location=middle, tiles=None)
    chart._id = "plan"  # noqa: SLF001  (folium's ids are random: same input, same bytes)
    chart.default_js, chart.default_css = [], []
    most = max((site[gain] or 0 for site in sites), default=0) or 1
    # the first on top
    marks = _Marks([_mark(site, site[gain] or 0, most, words) for site in reversed(sites)])
    marks.add_to(chart)
    figure = chart.get_root()
    if not isinstance(figure, Figure):  # pragma: no cover  (a folium map makes its own)
        raise TypeError(f"expected a figure around the map, got {type(figure).__name__}")
    figure._id = "page"  # noqa: SLF001
    figure._template = _PAGE  # noqa: SLF001
    figure.title = words["title"]
    parts = f"<style>{inline_text('leaflet.css')}{_STYLE}</style>"
    parts += f"<script>{inline_text('leaflet.js')}</script>"
    figure.header.add_child(_Text(parts), name="files")
    figure.html.add_child(_Text(_panel(result, words)), name="panel")
    if sites:
        figure.script.add_child(_Text(_fitted(chart.get_name(), sites)), name="fit")
    figure.lang = "zh-CN" if language == "zh" else "en"  # type: ignore[attr-defined]  # for our template
    page = str(figure.render())
    policy = sealed_policy(page, "streets")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace("<head>\n", f"<head>\n{meta}\n", 1)


def _fitted(name: str, sites: list[dict[str, Any]]) -> str:
    """Return the script that shows all sites."""
    lon, lat = [site["lon"] for site in sites], [site["lat"] for site in sites]
    bounds = [[min(lat), min(lon)], [max(lat), max(lon)]]
    options = "{maxZoom: 15, padding: [30, 30]}"
    fit = f"{name}.fitBounds({json.dumps(bounds)}, {options})"
    return f'addEventListener("load", function () {{ {fit}; }});'


def _class(action: str) -> str:
    """Return the end of the style class of an action, or of several together."""
    return action if action in _COLOURS else "more"


def _action(action: str, words: Mapping[str, str]) -> str:
    """Return an action, or several, in words."""
    return " + ".join(words.get(part, escaped(part)) for part in action.split("+"))


def _gains(result: Mapping[str, Any], words: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the fields of a site that say what it adds and what all do so far, and their title."""
    if "week" in result:
        return "gain_person_hours", "cumulative_person_hours", words["gain_person_hours"]
    street = result["counted_in"] == "street_km"
    return "gain_workers", "cumulative_workers", words["gain_street_km" if street else "gain"]


def _mark(
    site: Mapping[str, Any], gain: float, most: float, words: Mapping[str, str]
) -> dict[str, Any]:
    """Return one site as the script draws it; the larger, the more it adds."""
    width = round(22 + 20 * (gain / most) ** 0.5)
    label = escaped(site["name"] or site["station"] or site["id"])
    return {
        "at": [site["lat"], site["lon"]],
        "width": width,
        "html": f'<div class="step step-{_class(site["action"])}">{int(site["order"])}</div>',
        "text": f"{int(site['order'])} · {_action(site['action'], words)} · {label}<br>"
        f"{words['cost']} {site['cost_yuan']:,.2f}<br>{words['gain']} {gain:,.10g}",
    }


def _panel(result: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return the table of the sites."""
    people = result["objective_unit"] == "workers"
    gain, so_far, _ = _gains(result, words)
    unit = words.get(result["objective_unit"], result["objective_unit"])
    head = words["all" if people else "other"].format(
        spent=f"{result['spent_yuan']:,.2f}",
        objective=f"{result['objective']:,.10g}",
        bound=f"{result['bound']:,.10g}",
        gap=f"{result['gap']:.2%}",
        unit=escaped(unit),
    )
    rows = "".join(
        f"<tr><td>{site['order']}</td><td>{_action(site['action'], words)} "
        f"{escaped(site['name'] or site['station'] or site['id'])}</td>"
        f"<td>{site['cost_yuan']:,.2f}</td><td>{site[gain] or 0:,.10g}</td>"
        f"<td>{site[so_far] or 0:,.10g}</td></tr>"
        for site in result["chosen"]
    )
    names = "".join(f"<th>{words[key]}</th>" for key in ("order", "what", "cost", "gain", "sum"))
    note = words["attribution"]
    if result.get("rounded_to"):
        note += " · " + words["round"].format(n=result["rounded_to"])
    dataset = result.get("dataset", {})
    about = escaped(f"{dataset.get('name', '')} {dataset.get('as_of', '')}")
    return (
        f"<main><h1>{words['title']}</h1><p>{head}</p><table><thead><tr>{names}</tr></thead>"
        f"<tbody>{rows}</tbody></table><p><small>{about} · {note}</small></p></main>"
    )
