"""Addresses that ask the same question of another page: map, bulletin, downloads."""

from collections.abc import Mapping
from typing import Any

from web.embed_question import FACTS, query_text
from web.schemas import CoverageQuestion


def question_query(asked: Mapping[str, Any], **more: str) -> str:
    """Return the query string of a question in one spelling.

    Parameters
    ----------
    asked : mapping
        The parameters of an answer, or the fields of a question; what is not of `FACTS` is passed
        over.
    **more : str
        Further parameters, which come last; empty ones are left out.

    Returns
    -------
    str
        Without defaults; ``""`` for the plain question.

    Examples
    --------
    >>> asked = CoverageQuestion(minutes=10, need=["rest", "drink"])
    >>> question_query(asked.model_dump(), lang="en")
    'minutes=10&need=drink&need=rest&lang=en'
    """
    fields = CoverageQuestion.model_fields
    given = {name: asked.get(name, fields[name].default) for name in FACTS}
    given = {name: value for name, value in given.items() if value != fields[name].default}
    given |= {name: value for name, value in more.items() if value}
    return query_text(given, (*FACTS, *more))


def page_url(page: str, asked: Mapping[str, Any], base: str = "", **more: str) -> str:
    """Return the address of a page for a question.

    Parameters
    ----------
    page : str
        Such as ``map`` or ``bulletin``.
    asked : mapping
        As in `question_query`.
    base : str, optional
        Address of the server; without it the link is relative to it.
    **more : str
        Further parameters.

    Returns
    -------
    str
        Without a question mark where nothing follows it.
    """
    query = question_query(asked, **more)
    return f"{base}/{page}" + (f"?{query}" if query else "")


def download_url(
    table: str, ending: str, asked: Mapping[str, Any], base: str = "", **more: str
) -> str:
    """Return the address of a download for a question.

    Parameters
    ----------
    table : str
        ``stations``, ``gaps`` or ``regions``.
    ending : str
        Of the format.
    asked : mapping
        As in `question_query`.
    base : str, optional
        Address of the server.
    **more : str
        Further parameters, such as ``lang``.

    Returns
    -------
    str
        An address.
    """
    return page_url(f"download/{table}.{ending}", asked, base, **more)
