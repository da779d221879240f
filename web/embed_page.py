"""What goes around a drawn map: links for machines, a picture without scripts, a page that is gone.

A drawn map is kept and served again; so what depends on the address under which this site was asked
is put in when it is served, and all else when it is drawn.
"""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from web.embed_question import PICTURE_SIZE, EmbedQuestion, address_of, picture_address
from web.map_data import MapRequest
from web.map_legend import sources
from web.map_panel import calm, environment, headline, title
from web.map_text import TEXTS
from web.map_words import clip
from web.static_files import asset_url

#: Size of the picture for narrow frames without scripts (px), and its pixels for each of these.
_NARROW, _NARROW_SCALE = (400, 430), 2

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {
                "picture": "查看文字版",
                "gone": "这份数据没有留存",
                "gone_why": (
                    "文章里嵌入的地图指定了数据版本，但当时没有冻结这张图，旧数据已无法重现。"
                ),
                "gone_now": "查看现在的地图",
                "full": "数据没能冻结",
                "full_why": (
                    "本站留存旧数据的空间已满，请联系本站管理员；"
                    "去掉 version 参数可嵌入随数据更新的地图。"
                ),
            }
        ),
        "en": MappingProxyType(
            {
                "picture": "Read it as text",
                "gone": "These data were not kept",
                "gone_why": (
                    "The map in this article names a version of the data, but was not frozen "
                    "then, and the old data cannot be brought back."
                ),
                "gone_now": "See the map as it is now",
                "full": "The data could not be frozen",
                "full_why": (
                    "This site has no room left for data that stand still: ask whoever runs it. "
                    "Without the parameter version the map follows the data."
                ),
            }
        ),
    }
)


def drawn_around(html: str, request: MapRequest, question: EmbedQuestion) -> str:
    """Put into a drawn map what other sites and readers without scripts need.

    Parameters
    ----------
    html : str
        From `web.maps.coverage_map`.
    request : MapRequest
        What was drawn.
    question : EmbedQuestion
        What was asked.

    Returns
    -------
    str
        With ``og:title``, ``og:description`` and, in an embedded map, the picture in ``noscript``.
    """
    name, finding = title(request), headline(request)
    head = [
        '<meta property="og:type" content="website">',
        _meta("og:title", name),
        _meta("og:description", finding),
        f'<meta name="description" content="{escape(finding)}">',
    ]
    page = html.replace("</title>\n", "</title>\n" + calm("\n".join(head)) + "\n", 1)
    if not request.page.embed:
        return page
    before, _, after = page.rpartition("</body>")
    return f"{before}{_without_scripts(question, request, f'{name}。{finding}')}\n</body>{after}"


def _without_scripts(question: EmbedQuestion, request: MapRequest, words: str) -> str:
    """Return the same map as a picture, and the way to the words."""
    lang = request.page.lang
    known = question.model_copy(update={"lang": lang, "version": "", "at": _moment(request)})
    picture = _picture(question.model_copy(update={"lang": lang}) if question.version else known)
    lines = sources(request)
    if request.page.frozen:
        lines.insert(0, request.text["frozen"].format(date=request.page.frozen))
    return calm(
        environment()
        .get_template("embed_without_scripts.html")
        .render(
            picture=picture,
            narrow="" if question.version else picture_address(known, _NARROW, _NARROW_SCALE),
            size=PICTURE_SIZE,
            words=words,
            text="" if question.version else address_of(known, "/bulletin"),
            link=_WORDS[lang]["picture"],
            sources=lines,
        )
    )


def _picture(question: EmbedQuestion) -> str:
    """Return where the picture of a map is; that of data that stand still was kept with them."""
    if question.version:
        return address_of(question, "/embed/map.png")
    return picture_address(question)


def _moment(request: MapRequest) -> str | None:
    """Return the departure of an answer, so that its picture is of the same minute."""
    at = request.parameters.get("at")
    return str(at) if at else None


def served_head(base: str, question: EmbedQuestion, path: str) -> str:
    """Return the part of the head that names this site.

    Parameters
    ----------
    base : str
        Scheme, host and port.
    question : EmbedQuestion
        What is shown.
    path : str
        ``/map`` or ``/embed/map``.

    Returns
    -------
    str
        HTML: the canonical address, oEmbed, the picture.
    """
    here = base + address_of(question, path)
    large = question.version == "" and base + address_of(question, "/map")
    oembed = f"{base}/oembed?" + urlencode({"url": here, "format": "json"})
    words = question.version == "" and base + address_of(question, "/bulletin")
    lines = [
        f'<link rel="canonical" href="{escape(large or here)}">',
        *([f'<link rel="alternate" type="text/html" href="{escape(words)}">'] if words else []),
        f'<link rel="alternate" type="application/json+oembed" href="{escape(oembed)}">',
        _meta("og:url", large or here),
        _meta("og:image", base + _picture(question)),
        _meta("og:image:width", str(PICTURE_SIZE[0])),
        _meta("og:image:height", str(PICTURE_SIZE[1])),
    ]
    if path == "/embed/map":
        lines.append(
            f'<script src="{asset_url("embed.js")}" defer data-height="{question.height}"></script>'
        )
    return calm("\n".join(lines) + "\n")


def with_head(html: str, head: str) -> str:
    """Put lines into the head of a page of ours.

    Parameters
    ----------
    html : str
        The page.
    head : str
        HTML.

    Returns
    -------
    str
        The page.
    """
    return html.replace("</title>\n", f"</title>\n{head}", 1)


def with_description(html: str, description: str) -> str:
    """Put the dataset's description for search engines into a page.

    Parameters
    ----------
    html : str
        The page.
    description : str
        From `web.linked_data.json_ld`: JSON that cannot end its element.

    Returns
    -------
    str
        The page; browsers run no script of this type.
    """
    block = f'<script type="application/ld+json">{description}</script>\n'
    return with_head(html, block)


def _meta(name: str, content: str) -> str:
    """Return a line of Open Graph."""
    return f'<meta property="{name}" content="{escape(content)}">'


def gone_page(question: EmbedQuestion, lang: str, why: str = "gone") -> str:
    """Return the page in place of data that were not kept.

    Parameters
    ----------
    question : EmbedQuestion
        What was asked.
    lang : str
        ``zh`` or ``en``.
    why : str, optional
        ``gone``, or ``full`` where there is no room to keep them.

    Returns
    -------
    str
        HTML.
    """
    live = address_of(question.model_copy(update={"version": ""}), "/map")
    return (
        environment()
        .get_template("embed_gone.html")
        .render(
            lang=lang,
            title=_WORDS[lang][why],
            reason=_WORDS[lang][f"{why}_why"],
            link=_WORDS[lang]["gone_now"],
            live=live,
            asset=asset_url,
            height=question.height,
        )
    )


def own_title(manifest: Mapping[str, Any], minutes: int, lang: str, region: str = "") -> str:
    """Return the title of a map that was given none, as the map itself has it.

    Parameters
    ----------
    manifest : mapping
        Of the dataset.
    minutes : int
        The limit.
    lang : str
        ``zh`` or ``en``.
    region : str, optional
        Name of the region that was asked about.

    Returns
    -------
    str
        Plain text.
    """
    place = clip(region, 80) or clip(manifest.get("title") or manifest.get("name"), 40)
    return TEXTS[lang]["title_place" if place else "title"].format(place=place, minutes=minutes)
