"""From what a caller sent to checked values: query strings, bodies, limits, codes, times.

Both doors use it: a question on the command line passes the same checks.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
import pydantic
from pydantic import BaseModel

from geodata.errors import Fault, LimitError
from geodata.hours import parse_at
from geodata.vocabulary import Vocabulary
from web.errors import BodyError, Refusal, refusals_of, refuse
from web.schemas import Asked
from web.settings import Settings

Q = TypeVar("Q", bound=Asked)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NOT_FINITE = frozenset({"nan", "inf", "infinity"})
_LONGEST_NUMBER = 64
_OFFSET_LOST = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")

#: Rough box of China: enough to see that longitude and latitude were swapped.
_CHINA = (73.0, 17.5, 135.1, 53.6)

_LON_MOST, _LAT_MOST = 180.0, 90.0
_LATITUDE = re.compile(r"(?:(\w+)\[(\d+)\]\.)?lat")
_SWAPPED = Fault("lat", "lon and lat look swapped", "lon is the east-west one: 121.5 in Shanghai")


def _as_number(text: str) -> float | str:
    """Return the number, or the text as it is where it is none (the model refuses it)."""
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        return float(text)
    return float("nan") if text.lower().lstrip("+-") in _NOT_FINITE else text


def _as_whole(text: str) -> int | str:
    """Return the whole number, or the text as it is."""
    return int(text) if _WHOLE.fullmatch(text) else text


def _as_truth(text: str) -> bool | str:
    """Return the truth value, or the text as it is."""
    return {"true": True, "false": False}.get(text, text)


def _as_text(text: str) -> str:
    """Return the text as it is."""
    return text


_READERS: Mapping[str, Callable[[str], Any]] = {
    "number": _as_number,
    "integer": _as_whole,
    "boolean": _as_truth,
}


@dataclass(frozen=True)
class Shape:
    """How the fields of a question are read from text.

    Attributes
    ----------
    names : tuple of str
        All fields.
    lists : frozenset of str
        Those that may be repeated.
    readers : mapping of str to callable
        From text to value.
    inner : mapping of str to tuple of str
        By field, the fields of the objects in it.
    """

    names: tuple[str, ...]
    lists: frozenset[str]
    readers: Mapping[str, Callable[[str], Any]]
    inner: Mapping[str, tuple[str, ...]]


@cache
def shape_of(model: type[BaseModel]) -> Shape:
    """Return how a model's fields are read from a query string.

    Parameters
    ----------
    model : type of BaseModel
        A question.

    Returns
    -------
    Shape
        Made once for each model.
    """
    schema = model.model_json_schema()
    properties, kept = schema["properties"], schema.get("$defs", {})
    kinds = {name: entry.get("type", "string") for name, entry in properties.items()}
    return Shape(
        names=tuple(kinds),
        lists=frozenset(name for name, kind in kinds.items() if kind == "array"),
        readers={name: _READERS.get(kind, _as_text) for name, kind in kinds.items()},
        inner={name: tuple(_fields_in(entry, kept)) for name, entry in properties.items()},
    )


def _fields_in(entry: Any, kept: Mapping[str, Any]) -> Iterator[str]:
    """Return the names of the fields of all objects in a part of a JSON schema."""
    if isinstance(entry, list):
        for part in entry:
            yield from _fields_in(part, kept)
    elif isinstance(entry, dict):
        if "$ref" in entry:
            shape = kept[entry["$ref"].rpartition("/")[2]].get("properties", {})
            yield from shape
            yield from _fields_in(list(shape.values()), kept)
        yield from _fields_in([part for key, part in entry.items() if key != "$ref"], kept)


def read_query(query: bytes | str, model: type[Q], *, lenient: bool = False) -> Q:
    """Return the question that a query string asks.

    Parameters
    ----------
    query : bytes or str
        What stands after the question mark.
    model : type
        The question.
    lenient : bool, optional
        Pass over parameters that do not exist or are empty, as pages do: messengers add their own,
        and forms send empty fields.

    Returns
    -------
    Question
        Checked by its model, not yet against limits and vocabularies.

    Raises
    ------
    ValidationError
        With every fault: unknown and repeated parameters, types, ranges.
    """
    text = query.decode("ascii", "replace") if isinstance(query, bytes) else query
    shape = shape_of(model)
    values: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        if lenient and not value:
            continue
        if name in shape.lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            fault = Fault(name, "given more than once", "give it once")
            refusals.append(Refusal("repeated_parameter", fault))
        elif name in shape.readers:
            values[name] = shape.readers[name](value)
        elif not lenient:
            values["?"] = None
    if isinstance(values.get("at"), str):
        values["at"] = _OFFSET_LOST.sub("+", values["at"])
    return _validated(values, model, refusals)


def _hint_swapped(refusals: list[Refusal], values: Any) -> list[Refusal]:
    """Say so where a latitude out of range is a longitude in the wrong place."""
    return [
        replace(item, fault=replace(_SWAPPED, where=item.fault.where))
        if _is_swapped(_holder(values, item.fault.where))
        else item
        for item in refusals
    ]


def _holder(values: Any, where: str) -> Any:
    """Return the object that holds a latitude, None where the place is none."""
    found = _LATITUDE.fullmatch(where)
    if found is None or not isinstance(values, dict):
        return None
    if found[1] is None:
        return values
    rows = values.get(found[1])
    return rows[int(found[2])] if isinstance(rows, list) else None


def _is_swapped(position: Any) -> bool:
    """Return whether a latitude can only be a longitude, and the other way round."""
    if not isinstance(position, dict):
        return False
    lon, lat = position.get("lon"), position.get("lat")
    if not isinstance(lon, int | float) or not isinstance(lat, int | float):
        return False
    return _LAT_MOST < abs(lat) <= _LON_MOST and abs(lon) <= _LAT_MOST


def _validated(values: Any, model: type[Q], refusals: Sequence[Refusal] = ()) -> Q:
    """Return the model of the values, or raise all faults at once."""
    names = shape_of(model).inner
    try:
        question = model.model_validate(values)
    except pydantic.ValidationError as error:
        refuse([*refusals, *_hint_swapped(refusals_of(error, names), values)])
        raise
    refuse(list(refusals))
    return question


def read_values(values: Mapping[str, Any], model: type[Q]) -> Q:
    """Return the question with these values, as the command line asks it.

    Parameters
    ----------
    values : mapping of str to Any
        By parameter; texts are read as in a query string, None counts as not given.
    model : type
        The question.

    Returns
    -------
    Question
        Checked by its model.

    Raises
    ------
    ValidationError
        With every fault.
    """
    readers = shape_of(model).readers
    given = {name: value for name, value in values.items() if value is not None}
    read = {
        name: readers[name](value) if isinstance(value, str) else value
        for name, value in given.items()
    }
    return _validated(read, model)


def _parsed(body: bytes) -> Any:
    """Return the parsed body, None where the strict parser refuses it."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def read_body(body: bytes, model: type[Q]) -> Q:
    """Return the question that a JSON body asks; of a repeated key the last one counts.

    Parameters
    ----------
    body : bytes
        UTF-8 JSON.
    model : type
        The question.

    Returns
    -------
    Question
        Checked by its model.

    Raises
    ------
    BodyError
        If the body is no JSON.
    ValidationError
        With every fault of the values.
    """
    try:
        return model.model_validate_json(body)
    except pydantic.ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise BodyError("the body is no JSON object in UTF-8") from None
        refuse(_hint_swapped(refusals_of(error, shape_of(model).inner), _parsed(body)))
        raise


def _unknown_codes(name: str, codes: Iterable[str], known: Iterable[str]) -> list[Refusal]:
    """Return a refusal if there is a code that the vocabulary lacks."""
    listed = list(known)
    if set(codes) <= set(listed):
        return []
    fault = Fault(name, "a code that does not exist", f"known: {', '.join(listed)}")
    return [Refusal("not_in_list", fault)]


def _over_limits(question: Asked, settings: Settings) -> list[Fault]:
    """Return a fault for every limit passed, which it names; some questions lack some fields."""
    limits: list[tuple[str, float, str, float]] = [
        ("minutes", getattr(question, "minutes", 0), "max_minutes", settings.max_minutes),
        ("k", getattr(question, "k", 0), "max_k", settings.max_k),
        *(
            (name, len(_codes(question, name)), "max_list_items", settings.max_list_items)
            for name in ("need", "kind", "access")
        ),
    ]
    return [
        Fault(name, f"at most {most:g} (limit {limit})")
        for name, value, limit, most in limits
        if value > most
    ]


def _codes(question: Asked, name: str) -> Sequence[str]:
    """Return the codes of a field, none where the question has no such field."""
    found: Sequence[str] = getattr(question, name, ())
    return found


def check_question(question: Asked, settings: Settings, vocabulary: Vocabulary) -> None:
    """Check a question against the limits and the vocabulary.

    Parameters
    ----------
    question : Asked
        Checked by its model.
    settings : Settings
        The limits.
    vocabulary : Vocabulary
        The codes.

    Raises
    ------
    LimitError
        Naming each limit passed.
    ValidationError
        For codes that do not exist.
    """
    over = _over_limits(question, settings)
    if over:
        raise LimitError("; ".join(str(fault) for fault in over), faults=over)
    known = (
        ("need", vocabulary.needs),
        ("kind", vocabulary.kinds),
        ("access", vocabulary.access),
    )
    asked = [(name, _codes(question, name), words) for name, words in known]
    refuse(
        [
            item
            for name, codes, words in asked
            if codes
            for item in _unknown_codes(name, codes, words)
        ]
    )


def departure(at: str | None) -> datetime | None:
    """Return the time of a question; ``now`` is the minute that runs.

    Parameters
    ----------
    at : str or None
        As the models let it pass.

    Returns
    -------
    datetime or None
        With a time zone.
    """
    if at != "now":
        return _moment(at)
    moment = parse_at("now")
    return None if moment is None else moment.replace(second=0, microsecond=0)


@lru_cache(maxsize=256)
def _moment(at: str | None) -> datetime | None:
    """Return the time that a text names."""
    return parse_at(at)


def _inside(lon: float, lat: float, box: tuple[float, float, float, float]) -> bool:
    """Return whether a position lies in a box of west, south, east, north."""
    return box[0] <= lon <= box[2] and box[1] <= lat <= box[3]


def check_not_swapped(
    lon: float, lat: float, extent: tuple[float, float, float, float], where: str = "lat"
) -> None:
    """Refuse a position that only makes sense the other way round.

    Parameters
    ----------
    lon, lat : float
        As given (degrees).
    extent : tuple of float
        West, south, east, north of the data.
    where : str, optional
        What to call the latitude.

    Raises
    ------
    ValidationError
        If the position is far from the data and from China, and its mirror image is in one of them.
    """
    if _inside(lon, lat, extent) or _inside(lon, lat, _CHINA):
        return
    if _inside(lat, lon, extent) or _inside(lat, lon, _CHINA):
        refuse([Refusal("out_of_range", replace(_SWAPPED, where=where))])
