"""The answers of oEmbed 1.0: from the address of a map of ours to the code that shows it elsewhere.

Source: the oEmbed specification, sections 2.2 (request) and 2.3 (response, type ``rich``).
"""

from html import escape
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, Field

from web.embed_question import (
    LEAST_SIDE,
    PICTURE_SIZE,
    EmbedQuestion,
    address_of,
    picture_address,
)
from web.schemas import Asked, described

#: Pages that can be embedded.
PATHS = ("/map", "/embed/map")

#: Width where none is asked for, and how long an answer may be kept (s).
WIDTH, CACHE_SECONDS = 800, 3600

_PORTS = {"http": 80, "https": 443}
_PROVIDER = {"zh": "工会驿站服务圈", "en": "Union circle locator"}


class OembedQuestion(Asked):
    """Asks for the code of a map."""

    url: Annotated[
        str,
        described(
            "",
            "Address of a map or embedded map of this site.",
            "https://map.example.org/map?minutes=15",
            max_length=8000,
        ),
    ]
    maxwidth: Annotated[int, described("px", "Greatest width.", 640, ge=1, le=100_000)] = 100_000
    maxheight: Annotated[int, described("px", "Greatest height.", 480, ge=1, le=100_000)] = 100_000
    format: Annotated[
        str, described("", "Only json; any other gets 501.", "json", shown={"enum": ["json"]})
    ] = "json"


class OembedAnswer(BaseModel):
    """An oEmbed response of type ``rich``."""

    type: Literal["rich"] = "rich"
    version: Literal["1.0"] = "1.0"
    title: str
    provider_name: str
    provider_url: str
    cache_age: Annotated[int, Field(description="Unit: seconds.")] = CACHE_SECONDS
    html: Annotated[str, Field(description="The iframe.")]
    width: Annotated[int, Field(description="Unit: px.")]
    height: Annotated[int, Field(description="Unit: px.")]
    thumbnail_url: str | None = None
    thumbnail_width: Annotated[int | None, Field(description="Unit: px.")] = None
    thumbnail_height: Annotated[int | None, Field(description="Unit: px.")] = None


def _host(parts: SplitResult) -> str:
    """Return host and port, without the port that goes without saying; ``""`` for a wrong one."""
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return ""
    if parts.username is not None or parts.password is not None:
        return ""
    return f"{(parts.hostname or '').lower()}:{port}"


def own_query(url: str, sites: tuple[str, ...]) -> str | None:
    """Return the query string of a map's address, None where the address is not ours.

    Parameters
    ----------
    url : str
        What somebody wants to embed.
    sites : tuple of str
        Addresses of this site: scheme, host and port.

    Returns
    -------
    str or None
        Not checked yet.

    Examples
    --------
    >>> own_query("https://map.example.org/map?minutes=20#top", ("https://map.example.org",))
    'minutes=20'
    >>> own_query("https://map.example.org.evil.cn/map", ("https://map.example.org",)) is None
    True
    """
    try:
        parts = urlsplit(url.strip())
        own = {_host(urlsplit(site)) for site in sites if site}
    except ValueError:
        return None
    host = _host(parts)
    # behind a proxy the scheme may be lost: the same host by http and https is the same site
    names = {name.rsplit(":", 1)[0] if name.endswith((":80", ":443")) else name for name in own}
    known = host.rsplit(":", 1)[0] if host.endswith((":80", ":443")) else host
    return parts.query if host and known in names and parts.path in PATHS else None


def frame_code(base: str, question: EmbedQuestion, title: str, size: tuple[int, int]) -> str:
    """Return the iframe of an embedded map.

    Parameters
    ----------
    base : str
        Scheme, host and port.
    question : EmbedQuestion
        What it shows.
    title : str
        For screen readers.
    size : tuple of int
        Width and height (px).

    Returns
    -------
    str
        HTML, everything escaped.
    """
    width, height = size
    return (
        f'<iframe src="{escape(base + address_of(question, "/embed/map"))}" '
        f'title="{escape(title)}" width="{width}" height="{height}" loading="lazy" '
        'referrerpolicy="no-referrer" style="border:0;max-width:100%" allowfullscreen></iframe>'
    )


def answer(
    asked: OembedQuestion, question: EmbedQuestion, base: str, title: str, lang: str
) -> OembedAnswer:
    """Return what oEmbed says of a map.

    Parameters
    ----------
    asked : OembedQuestion
        Greatest sizes.
    question : EmbedQuestion
        What the map shows.
    base : str
        Scheme, host and port.
    title : str
        Of the map.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    OembedAnswer
        Map and picture fit into the sizes asked for.
    """
    width, height = min(WIDTH, asked.maxwidth), min(question.height, asked.maxheight)
    found = OembedAnswer(
        title=title,
        provider_name=_PROVIDER[lang],
        provider_url=f"{base}/",
        html=frame_code(base, question, title, (width, height)),
        width=width,
        height=height,
    )
    wide, high = PICTURE_SIZE
    share = min(1.0, asked.maxwidth / wide, asked.maxheight / high)
    small = (int(wide * share), int(high * share))
    if min(small) < LEAST_SIDE:
        return found
    return found.model_copy(
        update={
            "thumbnail_url": base + picture_address(question, small),
            "thumbnail_width": small[0],
            "thumbnail_height": small[1],
        }
    )
