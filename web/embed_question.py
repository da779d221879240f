"""What an embedded map may be asked, and the addresses of the same question elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from web.dependencies import read_query
from web.schemas import CoverageQuestion, Language

#: Lowest, usual and greatest height of an embedded map (CSS px).
LEAST_HEIGHT, HEIGHT, MOST_HEIGHT = 240, 480, 2000

#: The usual size of a picture of a map, that of link previews; least width and height of any (px).
PICTURE_SIZE, LEAST_SIDE = (1200, 630), 200

#: Longest title of an embedded map (characters).
TITLE_LENGTH = 80

#: How the version of a dataset is written.
VERSION_PATTERN = "^[0-9A-Za-z._-]{1,64}$"

Layer = Literal["stations", "gaps", "covered", "regions", "streets"]
Base = Literal["streets", "none", "osm", "tianditu", "amap"]


class MapQuestion(CoverageQuestion):
    """The question of a coverage, and how to draw it."""

    lang: Language = None
    base: Annotated[
        Base | SkipJsonSchema[None], Field(description="What lies below.", examples=["streets"])
    ] = None
    theme: Annotated[
        Literal["auto", "light", "dark"],
        Field(description="Light, dark, or what the reader's device prefers.", examples=["dark"]),
    ] = "auto"


class EmbedQuestion(MapQuestion):
    """The question of a map, and how an article shows it."""

    title: Annotated[
        str,
        Field(description="Title instead of our own.", examples=["…"], max_length=TITLE_LENGTH),
    ] = ""
    height: Annotated[
        int,
        Field(
            description="Height that is asked of the page around. Unit: px.",
            examples=[480],
            ge=LEAST_HEIGHT,
            le=MOST_HEIGHT,
        ),
    ] = HEIGHT
    layers: Annotated[
        list[Layer],
        Field(description="Layers shown at first; none: all.", examples=[["gaps"]]),
    ] = []  # noqa: RUF012  pydantic copies it
    district: Annotated[
        str, Field(description="Id of a region to begin with.", examples=["360102"], max_length=64)
    ] = ""
    version: Annotated[
        str,
        Field(
            description="Version of the dataset: the data of that day, for ever.",
            examples=["0123456789abcdef"],
            pattern=VERSION_PATTERN,
            max_length=64,
        ),
    ] = ""


S = TypeVar("S", bound=CoverageQuestion)


def read_shown(query: bytes | str, model: type[S]) -> S:
    """Return the question in the address of an embedded map or a picture.

    Parameters
    ----------
    query : bytes or str
        What stands after the question mark. Parameters that do not exist or are empty are passed
        over; ``layers`` may be repeated or joined by commas.
    model : type
        The question.

    Returns
    -------
    CoverageQuestion
        Checked by its model.

    Raises
    ------
    ValidationError
        With every fault.

    Examples
    --------
    >>> read_shown("minutes=20&layers=stations,gaps&utm_source=wechat", EmbedQuestion).layers
    ['stations', 'gaps']
    """
    text = query.decode("ascii", "replace") if isinstance(query, bytes) else query
    pairs: list[tuple[str, str]] = []
    for name, value in parse_qsl(text, errors="replace"):
        several = value.split(",") if name == "layers" else [value]
        pairs += [(name, one.strip()) for one in several]
    return read_query(urlencode(pairs), model, lenient=True)


#: What decides the facts of an answer; all else decides how it is shown.
FACTS = (
    "mode",
    "minutes",
    "need",
    "kind",
    "access",
    "at",
    "region",
    "stations_at_least",
    "include",
)

#: What a picture of the same question takes besides.
PICTURE = (*FACTS, "lang", "theme", "title", "district", "layers")

#: What the same question takes on each page of ours.
TAKEN = {
    "/map": (*FACTS, "lang", "base", "theme"),
    "/embed/map": (
        *FACTS,
        "lang",
        "base",
        "title",
        "theme",
        "height",
        "layers",
        "district",
        "version",
    ),
    "/embed/map.png": (*FACTS, "lang", "version"),
    "/map.png": PICTURE,
    "/map.svg": PICTURE,
    "/bulletin": (*FACTS, "lang"),
}


def query_of(question: CoverageQuestion, names: Sequence[str]) -> str:
    """Write a question as a query string: what differs from the defaults, always in one order.

    Parameters
    ----------
    question : CoverageQuestion
        Any.
    names : sequence of str
        Parameters that are taken.

    Returns
    -------
    str
        The same text for the same question; lists are sorted.

    Examples
    --------
    >>> query_of(EmbedQuestion(need=["water", "hot_meal"], title="A&B"), TAKEN["/embed/map"])
    'need=hot_meal&need=water&title=A%26B'
    """
    return query_text(question.model_dump(exclude_defaults=True), names)


def query_text(given: Mapping[str, Any], names: Iterable[str]) -> str:
    """Write parameters as a query string.

    Parameters
    ----------
    given : mapping
        Values by parameter.
    names : iterable of str
        Parameters that are taken, in the order in which they are written.

    Returns
    -------
    str
        Lists are sorted.
    """
    pairs = {
        name: sorted(set(given[name])) if isinstance(given[name], list | tuple) else given[name]
        for name in names
        if name in given
    }
    return urlencode(pairs, doseq=True)


def address_of(question: CoverageQuestion, path: str) -> str:
    """Return the address of a question on a page of ours, without the host.

    Parameters
    ----------
    question : CoverageQuestion
        Any.
    path : str
        Of `TAKEN`.

    Returns
    -------
    str
        Such as ``/map?minutes=20``.
    """
    query = query_of(question, TAKEN[path])
    return f"{path}?{query}" if query else path


def picture_address(
    question: CoverageQuestion, size: tuple[int, int] = PICTURE_SIZE, scale: int = 1
) -> str:
    """Return the address of a map's picture, without the host.

    Parameters
    ----------
    question : CoverageQuestion
        Any.
    size : tuple of int, optional
        Width and height (px).
    scale : int, optional
        Pixels of the file for each of these.

    Returns
    -------
    str
        Such as ``/map.png?minutes=20&width=1200&height=630``.
    """
    address = address_of(question, "/map.png")
    shape = {"width": size[0], "height": size[1]} | ({"scale": scale} if scale > 1 else {})
    return f"{address}{'&' if '?' in address else '?'}{urlencode(shape)}"
