"""Errors as answers: one table from error class to HTTP status, and RFC 9457 problem details.

No answer repeats what the caller sent: a wrong position must not travel on into logs and screens.
An error that nobody foresaw is a bare 500 with an id; the id and the place in the code are logged,
the message is not, as it may hold a position.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import pydantic
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from geodata.errors import (
    DatasetError,
    DatumError,
    Fault,
    FileFormatError,
    HolidayDataMissingError,
    InputError,
    LimitError,
    LocatorError,
    RecordsError,
    RecordsFullError,
    ValidationError,
)

#: Media type of RFC 9457.
PROBLEM_JSON = "application/problem+json"

_TOO_LARGE = 413

#: Titles as RFC 9110 has them, where versions of Python differ.
_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}

#: Most faults listed in one answer.
MOST_FAULTS = 20


class UnknownRegionError(LocatorError):
    """The dataset has no such region.

    Parameters
    ----------
    message : str
        A sentence for who asks over HTTP.
    known : mapping of str to str, optional
        Names of the regions that there are, by id: what a terminal shows instead of an address.
    """

    code = "unknown_region"

    def __init__(self, message: str, *, known: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.known = known


class UnknownStationError(LocatorError):
    """The dataset has no such station."""

    code = "unknown_station"


class UnknownGapError(LocatorError):
    """The ledger has no such gap."""

    code = "unknown_gap"


class UnknownMonthError(LocatorError):
    """There is no cut of this month."""

    code = "unknown_month"


class ChangedMeanwhileError(LocatorError):
    """What the caller wants to change is not what the caller has seen."""

    code = "changed_meanwhile"


class UnknownJobError(LocatorError):
    """There is no such job."""

    code = "unknown_job"


class CrossSiteError(LocatorError):
    """A browser sent this for a page of another site."""

    code = "cross_site"


class UnauthorizedError(LocatorError):
    """A question for planners, from a caller who did not show to be one."""

    code = "unauthorized"


class TooManyError(LocatorError):
    """Somebody, or everybody together, sent too many.

    Parameters
    ----------
    message : str
        A sentence that names the limit.
    retry_after_seconds : int
        When one more is taken.
    """

    code = "too_many_requests"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BodyError(LocatorError):
    """The body of a request is no JSON."""

    code = "body_not_json"


class FontMissingError(LocatorError):
    """No font has the characters of a text that a picture must show."""

    code = "font_missing"


class NoRoomError(LocatorError):
    """There is no room for the temporary file that an answer is made in."""

    code = "no_room"


class BusyError(LocatorError):
    """Others are waiting already for what takes long."""

    code = "overloaded"


#: The one table: the first class that fits gives the status.
STATUS: tuple[tuple[type[LocatorError], int], ...] = (
    (UnknownRegionError, 404),
    (UnknownStationError, 404),
    (UnknownJobError, 404),
    (UnknownGapError, 404),
    (UnknownMonthError, 404),
    (ChangedMeanwhileError, 412),
    (BodyError, 400),
    (UnauthorizedError, 401),
    (CrossSiteError, 403),
    (TooManyError, 429),
    (RecordsFullError, 507),
    (NoRoomError, 507),
    (RecordsError, 503),
    (DatasetError, 503),
    (FontMissingError, 503),
    (BusyError, 503),
    (FileFormatError, 422),
    (DatumError, 422),
    (ValidationError, 422),
    (InputError, 422),
    (LimitError, 422),
    (HolidayDataMissingError, 422),
    (LocatorError, 422),
)

#: Codes of the plain HTTP errors that the framework raises itself.
HTTP_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    414: "query_too_long",
    429: "too_many_requests",
    503: "overloaded",
}

_POSITION = ("lon", "lat")

#: A question's fields, and the fields of the objects in each.
Names = Mapping[str, Sequence[str]]

#: Length of where a value stands that is one of several kinds: the field and the kind.
_BRANCH = 2
_NUMBERS = frozenset({"finite_number"})
_RANGES = frozenset(
    {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "int_parsing_size"}
)


@dataclass(frozen=True)
class Refusal:
    """One value refused: a machine code beside the sentence.

    Attributes
    ----------
    code : str
        Stable machine code.
    fault : Fault
        Where, what, and how to mend it.
    """

    code: str
    fault: Fault


def status_of(error: LocatorError) -> int:
    """Return the HTTP status of an error of ours.

    Parameters
    ----------
    error : LocatorError
        Any of the tree.

    Returns
    -------
    int
        By the table ``STATUS``.

    Examples
    --------
    >>> status_of(DatasetError("the folder is damaged"))
    503
    """
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def title_of(status: int) -> str:
    """Return the title of an HTTP status.

    Parameters
    ----------
    status : int
        HTTP status.

    Returns
    -------
    str
        As RFC 9110 has it.

    Examples
    --------
    >>> title_of(422)
    'Unprocessable Content'
    """
    return _TITLES.get(status) or HTTPStatus(status).phrase


@contextmanager
def room_needed() -> Iterator[None]:
    """Say that there is no room where a temporary file cannot be written.

    Yields
    ------
    None
        Whatever is written within is written to the folder for temporary files.

    Raises
    ------
    NoRoomError
        Instead of what the system or `geodata.exports` says.
    """
    try:
        yield
    except (OSError, InputError):
        raise NoRoomError("the folder for temporary files is full or cannot be written") from None


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return one problem details answer.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str
        Stable machine code.
    detail : str
        A sentence for people.
    faults : sequence of Fault, optional
        Everything that is wrong; the first ``MOST_FAULTS`` are listed.
    headers : mapping of str to str, optional
        More headers.
    **more : Any
        More members of the object.

    Returns
    -------
    Response
        ``application/problem+json``, never stored by caches.
    """
    content = {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [
            {"where": fault.where, "what": fault.what, "fix": fault.fix}
            for fault in faults[:MOST_FAULTS]
        ],
        **more,
    }
    return Response(
        orjson.dumps(content),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _place(loc: Sequence[int | str], known: Names) -> str:
    """Return where a value stood, in our words only: ``add[2].lon``, never the caller's."""
    steps = [step for step in loc if step not in {"query", "body", "header", "path"}]
    if not steps or steps[0] not in known:
        return "question"
    inner = known[str(steps[0])]
    told = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps[1:]
            if isinstance(step, int) or step in inner)  # fmt: skip
    return f"{steps[0]}{''.join(told)}"


def _bounds(context: Mapping[str, Any]) -> str:
    """Return the bound that was passed, in words."""
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return " and ".join(f"{word} {context[key]:g}" for key, word in words.items() if key in context)


def _type_name(kind: str) -> str:
    """Return what was expected, in words, from pydantic's ``float_type`` and the like."""
    names = {
        "float": "a number",
        "int": "a whole number",
        "bool": "true or false",
        "list": "a list",
        "tuple": "a list",
        "string": "text",
        "model": "an object",
    }
    return names.get(kind.split("_", maxsplit=1)[0], "another type")


def _refusal(error: Mapping[str, Any], known: Names) -> Refusal:
    """Return one refusal for one pydantic error."""
    kind, where = str(error["type"]), _place(error["loc"], known)
    context = error.get("ctx") or {}
    if kind in _NUMBERS or kind in _RANGES:
        return _refusal_of_number(kind, where, context)
    if kind == "extra_forbidden":
        where = _place(error["loc"][:-1], known)
        names = known.get(str(error["loc"][0]), ()) or known
        fault = Fault(where, "a parameter that does not exist", f"known: {', '.join(names)}")
        return Refusal("unknown_parameter", fault)
    code, what = _sentence(kind, where, context)
    return Refusal(code, Fault(where, what))


def _refusal_of_number(kind: str, where: str, context: Mapping[str, Any]) -> Refusal:
    """Return a refusal of a number that is none, or out of range."""
    position = where.rpartition(".")[2] in _POSITION
    if kind in _NUMBERS:
        code, fix = ("coordinate_not_finite", "decimal degrees") if position else ("not_finite", "")
        return Refusal(code, Fault(where, "not a finite number", fix))
    unit = " degrees" if position else ""
    return Refusal("out_of_range", Fault(where, f"expected {_bounds(context)}{unit}"))


def _sentence(kind: str, where: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return the code and the sentence for the errors about types and texts."""
    form = "a code of small letters, digits and _"
    if where == "at":
        form = "an ISO 8601 time of the years 2000 to 2099, or now"
    elif where == "month":
        form = "a month like 2026-11"
    known = {
        "missing": ("missing", "required, but missing"),
        "literal_error": ("not_in_list", f"expected one of {context.get('expected')}"),
        "string_pattern_mismatch": ("invalid_value", f"expected {form}"),
        "too_long": ("over_limit", f"at most {context.get('max_length')} long"),
        "string_too_short": ("invalid_value", f"at least {context.get('min_length')} long"),
        "string_too_long": ("over_limit", f"at most {context.get('max_length')} long"),
    }
    if kind in known:
        return known[kind]
    if kind.endswith(("_type", "_parsing", "_from_float")):
        return "wrong_type", f"expected {_type_name(kind)}"
    return "invalid_value", "not understood"


def refusals_of(error: pydantic.ValidationError, known: Names) -> list[Refusal]:
    """Return every fault that pydantic found, without a byte of what was sent.

    Parameters
    ----------
    error : pydantic.ValidationError
        From one of our models.
    known : mapping of str to sequence of str
        The model's fields, and the fields of the objects in each: the only names that may be
        repeated.

    Returns
    -------
    list of Refusal
        In pydantic's order.
    """
    found = error.errors(include_url=False, include_input=False)
    # that a value is not null either says nothing more
    told = [item for item in found if item["type"] != "none_required"]
    # nor that a list is no word, where something in the list is wrong
    within = {item["loc"][0] for item in told if any(isinstance(s, int) for s in item["loc"])}
    told = [i for i in told if i["type"] != "literal_error" or len(i["loc"]) != _BRANCH
            or i["loc"][0] not in within]  # fmt: skip
    return [_refusal(item, known) for item in told or found]


def refuse(refusals: Sequence[Refusal]) -> None:
    """Raise one error for all refusals, if there are any.

    Parameters
    ----------
    refusals : sequence of Refusal
        What is wrong; the code of a position goes before the others.

    Raises
    ------
    ValidationError
        If there is at least one.
    """
    if not refusals:
        return
    first = min(refusals, key=lambda item: item.fault.where.rpartition(".")[2] not in _POSITION)
    unique = list(dict.fromkeys(item.fault for item in refusals))
    raise ValidationError.of(unique, code=first.code)


def problem_of(error: LocatorError, retry_after_seconds: int = 2) -> Response:
    """Return the answer for an error of ours.

    Parameters
    ----------
    error : LocatorError
        Any of the tree.
    retry_after_seconds : int, optional
        Retry-After of a 503.

    Returns
    -------
    Response
        Problem details. The detail of several faults is their count, to stay short.
    """
    status = status_of(error)
    wait = retry_after_seconds if status == HTTPStatus.SERVICE_UNAVAILABLE else 0
    if isinstance(error, TooManyError):
        wait = error.retry_after_seconds
    headers = {"Retry-After": str(wait)} if wait else {}
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    detail = f"{len(error.faults)} values are wrong" if len(error.faults) > 1 else error.message
    return problem(status, error.code, detail, faults=error.faults, headers=headers)


def new_error_id() -> str:
    """Return a fresh id that ties an answer to a line of the log.

    Returns
    -------
    str
        12 hexadecimal digits.
    """
    return secrets.token_hex(6)


def bare_500(error_id: str) -> Response:
    """Return the answer for an error that nobody foresaw.

    Parameters
    ----------
    error_id : str
        From `new_error_id`.

    Returns
    -------
    Response
        Status 500 and the id, nothing else.
    """
    return problem(500, "internal", "an error that is ours; please report the id", id=error_id)


async def _on_locator_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    if not isinstance(error, LocatorError):
        raise error
    return problem_of(error, request.app.state.settings.retry_after_seconds)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer what FastAPI itself refused, without repeating the input."""
    del request
    if not isinstance(error, RequestValidationError):
        raise error
    found = [_refusal(item, {}) for item in error.errors()]
    faults = [item.fault for item in found]
    return problem(422, found[0].code, f"{len(faults)} values are wrong", faults=faults)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Answer the framework's own errors (404, 405, 413) in the same shape."""
    del request
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    detail = error.detail if status == _TOO_LARGE else title_of(status)
    code = HTTP_CODES.get(status, "http_error")
    return problem(status, code, detail, headers=dict(error.headers or {}))


def install(app: FastAPI) -> None:
    """Make an application answer every error in this module's shape.

    Parameters
    ----------
    app : FastAPI
        Its ``state.settings`` has to be set.
    """
    app.add_exception_handler(LocatorError, _on_locator_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
