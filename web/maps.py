"""The Folium map of coverage: one page, drawn from our own files or from none at all.

Folium makes the map, its layers, the cluster and the layer switch; the shapes travel as one JSON
block that ``web/static/map.js`` reads. Nothing that a stranger wrote reaches HTML or JavaScript
as text to be run: names stand in the JSON block (with ``< > & ' ` $`` and the double quote
escaped) and are shown as text nodes.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import folium
from branca.element import Element, Figure, MacroElement
from folium.plugins import MarkerCluster
from folium.template import Template

from web.map_data import THEMES, MapRequest, Page
from web.map_legend import sources
from web.map_panel import calm, panel, title
from web.map_payload import payload, written_shapes
from web.map_request import Answered, lightened, map_request, renewed
from web.map_words import number
from web.memory import give_back
from web.schemas import CoverageQuestion
from web.service import Coverage, Service
from web.static_files import asset_url, inline_text, sealed_policy

__all__ = ["MapRequest", "Page", "answer_map", "coverage_map"]

_SCRIPTS = {
    "leaflet": "leaflet.js",
    "markercluster": "markercluster.js",
    "streets": "streets.js",
    "map": "map.js",
}
_TILE_SCRIPTS = {"leaflet": "leaflet.js", "basemap": "basemap.js"}
_STYLES = {"leaflet": "leaflet.css", "markercluster": "markercluster.css", "map": "map.css"}

#: So many answers are kept without their geometries, about 3 MB each for a province.
_KEPT = 4

#: Deepest zoom of the base layers that others draw.
_DEEPEST = {"tianditu": 18, "amap": 18, "osm": 19}

#: Characters that could end a JSON block, a string or a template: written as JSON escapes.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&'`$\u2028\u2029"}


_Named = TypeVar("_Named", bound=Element)


class _Text(Element):
    """Text that is written as it is."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Map(folium.Map):
    """Folium's map without its global switches and with a page that may be zoomed by hand."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <meta name="viewport" content="width=device-width, initial-scale=1">
        {% endmacro %}
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map(
                {{ this.get_name()|tojson }},
                {
                    center: {{ this.location|tojson }},
                    crs: L.CRS.{{ this.crs }},
                    ...{{ this.options|tojavascript }}
                }
            );
        {% endmacro %}
        """
    )


class _Start(MacroElement):
    """Hands the map and its empty layers to our script, which fills them."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            unionMap.start({{ this.map_name }}, {
                {%- for key, layer in this.layers.items() %}
                {{ key }}: {{ layer.get_name() }},
                {%- endfor %}
            }, {{ this.control.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(
        self, map_name: str, layers: Mapping[str, Element], control: folium.LayerControl
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca has no types here
        self._name = "Start"
        self.map_name = map_name
        self.layers = dict(layers)
        self.control = control


_PAGE = Template(
    "<!DOCTYPE html>\n"
    '<html lang="{{ kwargs.lang }}" data-theme="{{ kwargs.theme }}"{{ kwargs.embed }}>\n<head>\n'
    "<title>{{ this.title }}</title>\n"
    "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
    "{{ this.html.render(**kwargs) }}\n"
    "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
)


def answer_map(service: Service, answer: Coverage, page: Page) -> str:
    """Draw what a service answered.

    Parameters
    ----------
    service : Service
        Whose dataset is drawn.
    answer : Coverage
        From `Service.cover`.
    page : Page
        How it is shown.

    Returns
    -------
    str
        HTML, as `coverage_map` returns it.
    """
    return coverage_map(request_of(service, answer, page))


def kept_request(
    service: Service,
    asked: tuple[CoverageQuestion, datetime | None],
    page: Page,
    kept: dict[str, tuple[MapRequest, str]],
    note: Callable[[Coverage], str] = lambda _: "",
) -> tuple[MapRequest, str]:
    """Return what a map draws; for a question that was asked lately only the stations are new.

    Parameters
    ----------
    service : Service
        Whose dataset is drawn.
    asked : tuple of CoverageQuestion and datetime or None
        What is asked, and when.
    page : Page
        How it is shown.
    kept : dict of str to (MapRequest, str)
        What was drawn lately, the oldest first; this one is put in.
    note : callable, optional
        Makes a text of an answer in the page's language, which is kept with it.

    Returns
    -------
    MapRequest, str
        For `coverage_map`; the note.
    """
    known = {name: getattr(asked[0], name) for name in CoverageQuestion.model_fields}
    question = CoverageQuestion.model_construct(**known)
    key = f"{service.etag(question, asked[1])} {page.embed} {page.lang} {page.base == 'amap'}"
    found = kept.pop(key, None)
    if found is None:
        answer = service.cover(asked[0], asked[1])
        request, text = request_of(service, answer, page), note(answer)
        del answer
        give_back()  # the answer, before its shapes are worked on
        found = lightened(request, written_shapes(request)), text
    kept[key] = found
    light, text = found
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)), None)
    data = Answered(
        dataset=service.dataset,
        index=service.index,
        found=None,
        summary=light.summary,
        vocabulary=service.vocabulary,
        discretion=service.discretion,
        departure=asked[1],
    )
    return renewed(light, data, page), text


def request_of(service: Service, answer: Coverage, page: Page) -> MapRequest:
    """Return what a map of an answer draws; the answer itself may go.

    Parameters
    ----------
    service : Service
        Whose dataset is drawn.
    answer : Coverage
        From `Service.cover`.
    page : Page
        How it is shown.

    Returns
    -------
    MapRequest
        For `coverage_map`.
    """
    answered = Answered(
        dataset=service.dataset,
        index=service.index,
        found=answer.found,
        summary=answer.summary,
        vocabulary=service.vocabulary,
        discretion=service.discretion,
        departure=answer.departure,
    )
    return map_request(answered, page)


def coverage_map(request: MapRequest) -> str:
    """Draw the coverage of a city as one HTML page.

    Parameters
    ----------
    request : MapRequest
        What to draw and how.

    Returns
    -------
    str
        HTML. The same request gives the same bytes. It asks no host but its own (none at all
        where ``request.page.self_contained``), except for web tiles that were asked for.
    """
    chart = _Map(location=(0, 0), tiles=None, zoom_control=False)
    chart.options |= _limits(request)
    chart._id = "coverage"  # noqa: SLF001  (folium's ids are random: same input, same bytes)
    layers = _layers(request)
    for layer in layers.values():
        layer.add_to(chart)
    for tile in _tiles(request):
        tile.add_to(chart)
    control = _named(folium.LayerControl(position="topright", collapsed=False), "layers")
    control.add_to(chart)
    _named(_Start(chart.get_name(), layers, control), "start").add_to(chart)
    page = _finished(chart, layers["stations"], request)
    return _sealed(page, request) if request.page.self_contained else page


def _named(element: _Named, name: str) -> _Named:
    """Give an element a name that does not change from run to run."""
    element._id = name  # noqa: SLF001
    return element


def _limits(request: MapRequest) -> dict[str, Any]:
    """Return how far the map zooms."""
    native = 19 if request.tiles else _DEEPEST.get(request.page.base, 18)
    limits = {"min_zoom": 5, "max_zoom": native, "zoom_start": 11, "attribution_control": False}
    return limits | ({"zoom_snap": 0.5} if request.page.embed else {})


def _layers(request: MapRequest) -> dict[str, Any]:
    """Return the layers that the script fills, in the order of the switch."""
    text, minutes = request.text, f"{request.minutes:g}"
    names = {
        "gaps": text["layer_gaps"].format(minutes=minutes),
        "covered": text["layer_covered"].format(minutes=minutes),
        "regions": text["layer_regions"],
        "streets": text["layer_base" if request.tiles else "layer_streets"],
    }
    if not len(request.regions):
        del names["regions"]
    if request.page.base != "streets":
        del names["streets"]
    count = text["layer_stations"].format(count=number(len(request.stations)))
    cluster = MarkerCluster(  # type: ignore[no-untyped-call]  # folium has no types here
        name=_swatch("stations", count),
        options={
            "maxClusterRadius": 44,
            "disableClusteringAtZoom": 15,
            "spiderfyOnMaxZoom": False,
            "showCoverageOnHover": False,
            "chunkedLoading": False,
            "animate": False,
        },
    )
    groups = {
        key: _named(folium.FeatureGroup(name=_swatch(key, name)), key)
        for key, name in names.items()
    }
    return {"stations": _named(cluster, "stations"), **groups}


def _swatch(key: str, name: str) -> str:
    """Return a layer's name with its colour, as HTML made of our own words only."""
    return f'<i class="um-swatch um-layer-{key}"></i>{name}'


def _tiles(request: MapRequest) -> list[folium.TileLayer]:
    """Return the optional web tiles."""
    key = request.page.tianditu_key
    tianditu = (
        "https://t{s}.tianditu.gov.cn/%s_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        "&LAYER=%s&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
        f"&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key if key.isalnum() else ''}"
    )
    amap = (
        "https://webrd0{s}.is.autonavi.com/appmaptile?lang="
        f"{'zh_cn' if request.page.lang == 'zh' else 'en'}&size=1&scale=1&style=8"
        "&x={x}&y={y}&z={z}"
    )
    known: dict[str, list[tuple[str, str, str]]] = {
        "osm": [("https://tile.openstreetmap.org/{z}/{x}/{y}.png", "", "OpenStreetMap")],
        "tianditu": [(tianditu % (layer, layer), "01234567", "天地图") for layer in ("vec", "cva")],
        "amap": [(amap, "1234", "高德地图")],
    }
    return [
        _named(
            folium.TileLayer(
                tiles=url, attr=attr, subdomains=hosts, overlay=True, control=False, max_zoom=18
            ),
            f"tiles_{i}",
        )
        for i, (url, hosts, attr) in enumerate(known.get(request.page.base, []))
    ]


def _finished(chart: _Map, cluster: Any, request: MapRequest) -> str:
    """Add our files, panel and data to the page and write it."""
    figure = chart.get_root()
    if not isinstance(figure, Figure):  # pragma: no cover  (a folium map makes its own)
        raise TypeError(f"expected a figure around the map, got {type(figure).__name__}")
    figure._id = "page"  # noqa: SLF001
    figure._template = _PAGE  # noqa: SLF001
    figure.title = calm(html.escape(title(request)))
    cluster.default_js, cluster.default_css = [], []
    chart.default_js, chart.default_css = [], []
    scripts = _TILE_SCRIPTS | _SCRIPTS if request.tiles else _SCRIPTS
    if request.page.self_contained:
        parts = [f"<style>{inline_text(name)}</style>" for name in _STYLES.values()]
        parts += [f"<script>{inline_text(name)}</script>" for name in scripts.values()]
        figure.header.add_child(_Text("\n".join(parts)), name="files")
    else:
        files = [*scripts.items(), *((name, name) for name in request.page.scripts)]
        chart.default_js = [(key, asset_url(name)) for key, name in files]
        chart.default_css = [(f"{key}_css", asset_url(name)) for key, name in _STYLES.items()]
        icon = f'<link rel="icon" href="{asset_url("icon.svg")}" type="image/svg+xml">'
        figure.header.add_child(_Text(icon), name="icon")
    figure.html.add_child(_Text(panel(request) + request.page.extra), name="panel")
    figure.html.add_child(_Text(_data_block(request)), name="data")
    return str(
        figure.render(
            lang="zh-CN" if request.page.lang == "zh" else "en",
            theme=request.page.theme if request.page.theme in THEMES else THEMES[0],
            embed=' class="um-embed"' if request.page.embed else "",
        )
    )


def _data_block(request: MapRequest) -> str:
    """Return the map's data as a JSON block that no browser runs."""
    data = payload(request) | {"sources": sources(request)}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (
        '<script type="application/json" id="um-data">'
        + re.sub(r"\\(.)", _quote_hidden, text).translate(_ESCAPES)
        + "</script>"
    )


def _quote_hidden(pair: re.Match[str]) -> str:
    """Write an escaped double quote without the quote."""
    return "\\u0022" if pair[1] == '"' else pair[0]


def _sealed(page: str, request: MapRequest) -> str:
    """Forbid a file that stands alone to fetch anything."""
    policy = sealed_policy(page, request.page.base)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace("<head>\n", f"<head>\n{meta}\n", 1)
