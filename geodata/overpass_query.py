"""What to ask an Overpass server for, and how to read its short answers; no network here.

The language: https://wiki.openstreetmap.org/wiki/Overpass_API/Overpass_QL
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from geodata.errors import FileFormatError, InputError
from geodata.overpass_area import Box
from geodata.package_data import data_rows

#: Ways that make a dataset: streets and ferries, and what one cannot walk across.
_FILTERS = (
    '["highway"]',
    '["route"="ferry"]',
    '["railway"~"^(rail|light_rail|subway|tram)$"]',
    '["natural"="water"]',
    '["waterway"~"^(river|canal|riverbank)$"]',
)

#: Bytes of XML for a node and for a way, measured on city extracts; for estimates only.
_NODE_BYTES, _WAY_BYTES = 90, 420

_SHOWN = 5

#: Most characters of a foreign page that a message quotes.
_QUOTED = 200


def _quoted(text: str) -> str:
    """Return a text as an Overpass string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def areas_query(name: str, timeout_seconds: int) -> str:
    """Return the question which administrative areas bear a name.

    Parameters
    ----------
    name : str
        In Chinese, English or the local language.
    timeout_seconds : int
        How long the server may work.

    Returns
    -------
    str
        Overpass QL; the answer is JSON.
    """
    keys = ("name", "name:zh", "name:en")
    parts = "".join(f'area["boundary"="administrative"]["{key}"={_quoted(name)}];' for key in keys)
    return f"[out:json][timeout:{timeout_seconds}];({parts});out tags;"


def _hosts() -> list[str]:
    """Return the conditions of host premises, by the table that says what they are."""
    values: dict[str, list[str]] = {}
    for row in data_rows("premises"):
        values.setdefault(row["key"], []).append(row["value"])
    return [f'["{key}"~"^({"|".join(words)})$"]' for key, words in values.items()]


def streets_query(where: Box | int, timeout_seconds: int, *, count: bool) -> str:
    """Return the question for the streets of a rectangle or an area, or how many there are.

    What could take a station in is asked for as well.

    Parameters
    ----------
    where : Box or int
        Rectangle, or number of an Overpass area.
    timeout_seconds : int
        How long the server may work.
    count : bool
        Whether only to count (the answer is JSON, else OSM XML).

    Returns
    -------
    str
        Overpass QL.
    """
    if isinstance(where, Box):
        head, scope = "", f"({where.south},{where.west},{where.north},{where.east})"
    else:
        head, scope = f"area({where})->.here;", "(area.here)"
    ways = "".join(f"way{condition}{scope};" for condition in _FILTERS)
    ways += "".join(f"nwr{condition}{scope};" for condition in _hosts())
    form, tail = ("json", "out count;") if count else ("xml", "out body;")
    return f"[out:{form}][timeout:{timeout_seconds}];{head}({ways});(._;>;);{tail}"


def _elements(body: bytes) -> list[Mapping[str, object]]:
    """Return the elements of a JSON answer."""
    try:
        answer = json.loads(body)
        elements = list(answer["elements"])
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"the Overpass server's answer is no JSON with elements: {page_text(body)!r}",
            code="bad_answer",
        ) from error
    remark = str(answer.get("remark", ""))
    if "error" in remark:
        raise FileFormatError(remark_sentence(remark), code="bad_answer")
    return elements


def remark_sentence(remark: str) -> str:
    """Return what to say about a remark with which a server ends an incomplete answer.

    Parameters
    ----------
    remark : str
        What the server said, for instance ``runtime error: Query timed out … after 181 seconds.``.

    Returns
    -------
    str
        A sentence.
    """
    return (
        f"the Overpass server stopped before the end of its answer: {remark.strip()} "
        "(ask for a smaller area or allow more time)"
    )


@dataclass(frozen=True)
class Count:
    """How much an answer will hold.

    Attributes
    ----------
    nodes, ways : int
        Numbers of both.
    """

    nodes: int
    ways: int

    @property
    def estimated_bytes(self) -> int:
        """Return about how large the answer will be.

        Returns
        -------
        int
            Bytes of XML before compression.
        """
        return self.nodes * _NODE_BYTES + self.ways * _WAY_BYTES


def read_count(body: bytes) -> Count:
    """Return the numbers of a counting answer.

    Parameters
    ----------
    body : bytes
        JSON.

    Returns
    -------
    Count
        Nodes and ways.

    Raises
    ------
    FileFormatError
        If the answer is no count.
    """
    for element in _elements(body):
        tags = element.get("tags")
        if element.get("type") == "count" and isinstance(tags, dict):
            try:
                return Count(int(tags["nodes"]), int(tags["ways"]))
            except (KeyError, ValueError):
                break
    raise FileFormatError("the Overpass server's answer holds no count", code="bad_answer")


def read_areas(body: bytes, name: str) -> int:
    """Return the number of the one area of an answer.

    Parameters
    ----------
    body : bytes
        JSON.
    name : str
        What was asked for.

    Returns
    -------
    int
        Number of the Overpass area.

    Raises
    ------
    FileFormatError
        If the answer cannot be read.
    InputError
        If no area or more than one bears the name; the message lists them.
    """
    areas = {}
    for element in _elements(body):
        tags = element.get("tags")
        if element.get("type") == "area" and isinstance(tags, dict):
            areas[int(str(element["id"]))] = tags
    if not areas:
        raise InputError(
            f"OpenStreetMap knows no administrative area called {name!r}: give the whole official "
            "name, for instance 南昌市, or a rectangle with --bbox",
            code="place_not_found",
        )
    if len(areas) > 1:
        listed = "; ".join(
            f"{number} ({tags.get('name', '')}, admin_level {tags.get('admin_level', '?')})"
            for number, tags in sorted(areas.items())[:_SHOWN]
        )
        more = f"; and {len(areas) - _SHOWN} more" if len(areas) > _SHOWN else ""
        raise InputError(
            f"{len(areas)} areas are called {name!r}: give the number of one instead of the name "
            f"({listed}{more}), or a rectangle with --bbox",
            code="place_ambiguous",
        )
    return next(iter(areas))


def page_text(body: bytes) -> str:
    """Return the beginning of a page's text without its tags, to be quoted in a message.

    Parameters
    ----------
    body : bytes
        HTML or plain text.

    Returns
    -------
    str
        One line of at most 200 characters.

    Examples
    --------
    >>> page_text(b"<html><title>x</title><p>Error: <b>line 1</b>: parse error</p></html>")
    'Error: line 1: parse error'
    """
    text = body[:20_000].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(title|style|script|head)\b.*?</\1>", " ", text)
    text = re.sub(r"(?s)<[^>]*>", "", text)
    return " ".join(text.split())[:_QUOTED]
