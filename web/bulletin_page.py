"""A bulletin as a page: headings and tables, links to the same question elsewhere, JSON-LD."""

from collections.abc import Mapping
from typing import Any

from web.bulletin import Facts
from web.bulletin_document import Document
from web.bulletin_render import as_markdown, as_text
from web.bulletin_words import WORDS
from web.linked_data import ENCODINGS, dataset_description, script_text
from web.map_panel import environment
from web.question_links import download_url, page_url
from web.static_files import asset_url

_TABLES = ("regions", "gaps", "stations")


def bulletin_page(
    facts: Facts,
    document: Document,
    asked: Mapping[str, Any],
    extent: tuple[float, float, float, float],
    site: str,
) -> str:
    """Return the page of a bulletin.

    Parameters
    ----------
    facts : Facts
        What it tells.
    document : Document
        The same in one language.
    asked : mapping
        Fields of the question, for links.
    extent : tuple of float
        West, south, east, north of the data (degrees).
    site : str
        Address of the server without a slash at its end.

    Returns
    -------
    str
        HTML.
    """
    lang = document.lang
    words = WORDS[lang]
    other = words["other_lang"]
    return (
        environment()
        .get_template("bulletin.html")
        .render(
            d=document,
            t=words,
            lang=lang,
            hreflang="zh-CN" if lang == "zh" else "en",
            other_hreflang="zh-CN" if other == "zh" else "en",
            asset=asset_url,
            description=document.lead[0],
            canonical=page_url("bulletin", asked, site, lang=lang),
            other_url=page_url("bulletin", asked, site, lang=other),
            map_url=page_url("map", asked, lang=lang),
            other_link=page_url("bulletin", asked, lang=other),
            home_url=f"/?lang={lang}",
            shapes=[
                (words[f"{name}_version"], page_url("bulletin", asked, lang=lang, format=shape))
                for name, shape in (("text", "txt"), ("markdown", "md"))
            ],
            downloads=[
                (
                    words[f"table_{table}"],
                    [
                        (ending, download_url(table, ending, asked, lang=lang))
                        for ending in ENCODINGS
                    ],
                )
                for table in _TABLES
            ],
            texts={"text": as_text(document), "markdown": as_markdown(document)},
            json_ld=script_text(dataset_description(facts, lang, extent, site)),
        )
    )
