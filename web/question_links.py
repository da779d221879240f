"""Addresses that ask the same question of another page: map, bulletin, downloads."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from web.schemas import CoverageQuestion

_LEFT_OUT = frozenset({"geometry"})


def question_query(asked: Mapping[str, Any], **more: str) -> str:
    """Return the query string of a question in one spelling.

    Parameters
    ----------
    asked : mapping
        The parameters of an answer, or the fields of a question; what is none of a coverage
        question's is passed over.
    **more : str
        Further parameters, which come last; empty ones are left out.

    Returns
    -------
    str
        Without defaults; ``""`` for the plain question.

    Examples
    --------
    >>> question_query({"minutes": 10, "mode": "walk", "need": ["drink", "rest"]}, lang="en")
    'minutes=10&need=drink&need=rest&lang=en'
    """
    pairs: list[tuple[str, str]] = []
    for name, field in CoverageQuestion.model_fields.items():
        value = asked.get(name, field.default)
        if name in _LEFT_OUT or value == field.default:
            continue
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(item)) for item in values]
    pairs += [(name, value) for name, value in more.items() if value]
    return urlencode(pairs)


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
