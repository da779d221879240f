"""A month's bulletin as a page of the site, and any bulletin as a file that stands by itself."""

from typing import Any
from urllib.parse import urlencode

from web.bulletin_document import Document
from web.bulletin_month import MonthFacts
from web.bulletin_month_words import MONTH_WORDS
from web.bulletin_render import as_markdown, as_text
from web.bulletin_words import WORDS
from web.linked_data import script_text
from web.map_panel import environment
from web.question_links import page_url
from web.static_files import asset_url, static_files


def month_page(facts: MonthFacts, document: Document, site: str) -> str:
    """Return the page of a month's bulletin.

    Parameters
    ----------
    facts : MonthFacts
        What it tells.
    document : Document
        The same in one language.
    site : str
        Address of the server without a slash at its end.

    Returns
    -------
    str
        HTML.
    """
    lang = document.lang
    words = {**WORDS[lang], **MONTH_WORDS[lang]}
    other = words["other_lang"]
    address = _address(facts, lang=lang)
    return _rendered(
        document,
        facts.date,
        asset=asset_url,
        t=words,
        other_hreflang="zh-CN" if other == "zh" else "en",
        canonical=f"{site}{address}",
        other_url=f"{site}{_address(facts, lang=other)}",
        map_url=page_url("map", facts.base.parameters, lang=lang),
        other_link=_address(facts, lang=other),
        home_url=f"/?lang={lang}",
        shapes=[
            (words[f"{name}_version"], _address(facts, lang=lang, format=shape))
            for name, shape in (("text", "txt"), ("markdown", "md"), ("word", "docx"))
        ],
        texts={"text": as_text(document), "markdown": as_markdown(document)},
        url=f"{site}{address}",
    )


def standing_page(document: Document, date: str) -> str:
    """Return a bulletin as a page that needs no server.

    Parameters
    ----------
    document : Document
        Of a month or of any question.
    date : str
        ISO date of what it tells.

    Returns
    -------
    str
        HTML with its style, without scripts and links.
    """
    return _rendered(document, date, style=static_files()["bulletin.css"].text)


def _address(facts: MonthFacts, **more: str) -> str:
    """Return where the bulletin of a month is."""
    return f"/bulletin?{urlencode({'month': facts.date[:7], **more})}"


def _rendered(document: Document, date: str, *, url: str = "", **more: Any) -> str:
    """Fill the template."""
    hreflang = "zh-CN" if document.lang == "zh" else "en"
    description: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Report",
        "name": document.title,
        "description": " ".join([*([document.mark] if document.mark else []), *document.lead]),
        "inLanguage": hreflang,
        "datePublished": date,
        "isAccessibleForFree": True,
        **({"url": url} if url else {}),
    }
    return (
        environment()
        .get_template("bulletin.html")
        .render(
            d=document,
            lang=document.lang,
            hreflang=hreflang,
            description=document.lead[0],
            downloads=[],
            json_ld=script_text(description),
            **more,
        )
    )
