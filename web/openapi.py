"""What OpenAPI says of a question: unit, range and example for every parameter."""

from collections.abc import Iterable, Mapping
from typing import Any

from geodata.vocabulary import Vocabulary
from web.errors import PROBLEM_JSON
from web.schemas import Asked, Problem
from web.settings import Settings


def limits_shown(schema: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return a JSON schema of a question with the limits of this server in it.

    Parameters
    ----------
    schema : dict
        Of one model.
    settings : Settings
        The limits.

    Returns
    -------
    dict
        A copy with ``maximum`` and ``maxItems`` where a setting decides them.
    """
    properties = {name: dict(entry) for name, entry in schema["properties"].items()}
    for name, most in (("minutes", settings.max_minutes), ("k", settings.max_k)):
        if name in properties:
            properties[name]["maximum"] = most
    for name in ("need", "kind", "access"):
        if name in properties:
            properties[name]["maxItems"] = settings.max_list_items
    return {**schema, "properties": properties}


def parameters_of(model: type[Asked], settings: Settings) -> list[dict[str, Any]]:
    """Return a question's query parameters for OpenAPI: unit, range and example for each.

    Parameters
    ----------
    model : type of Asked
        The question.
    settings : Settings
        The limits.

    Returns
    -------
    list of dict
        OpenAPI 3.1 parameter objects.
    """
    schema = limits_shown(model.model_json_schema(), settings)
    required = schema.get("required", [])
    shown = []
    for name, entry in schema["properties"].items():
        inner = {key: value for key, value in entry.items() if key not in {"title", "examples"}}
        parameter = {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": inner.pop("description"),
            "schema": inner,
            "example": entry["examples"][0],
        }
        if entry.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        shown.append(parameter)
    return shown


def body_of(model: type[Asked], settings: Settings) -> dict[str, Any]:
    """Return a question's JSON body for OpenAPI.

    Parameters
    ----------
    model : type of Asked
        The question.
    settings : Settings
        The limits.

    Returns
    -------
    dict
        An OpenAPI 3.1 request body.
    """
    schema = limits_shown(model.model_json_schema(), settings)
    shown = schema.get("required") or schema["properties"]  # where nothing is, all of it
    example = {name: schema["properties"][name]["examples"][0] for name in shown}
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route for OpenAPI.

    Parameters
    ----------
    *statuses : int
        Which statuses may come.

    Returns
    -------
    dict
        For the argument ``responses`` of a route.
    """
    words = {
        400: "The body is no JSON.",
        401: "For planners: send the token, or ask from the computer that serves.",
        403: "A browser sent this for a page of another site.",
        404: "No such thing.",
        412: "It has changed since the caller read it.",
        413: "The body is too long.",
        414: "The query string is too long.",
        422: "A value is wrong; `errors` names each one.",
        429: "Too many; see Retry-After.",
        501: "Another format than json.",
        507: "There is no room left to write it down.",
        503: "Overloaded, or no data yet; see Retry-After.",
    }
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": words[status],
            "content": {PROBLEM_JSON: {"schema": reference}},
        }
        for status in statuses
    }


def codes_of(vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Return the codes that exist, by the parameters that take them.

    Parameters
    ----------
    vocabulary : Vocabulary
        Of the dataset.

    Returns
    -------
    dict of str to list of str
        ``need``, ``kind``, ``access``.
    """
    return {
        "need": list(vocabulary.needs),
        "kind": list(vocabulary.kinds),
        "access": list(vocabulary.access),
    }


def _with_codes(properties: Iterable[tuple[str, Any]], codes: Mapping[str, list[str]]) -> None:
    """Put the codes that exist into the schemas of the parameters that take them."""
    for name, schema in properties:
        if name in codes and "items" in schema:
            schema["items"] = {"type": "string", "enum": codes[name]}


def completed(schema: dict[str, Any], codes: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return an OpenAPI document with the parts that no route declares itself.

    Parameters
    ----------
    schema : dict
        From FastAPI; it is filled in.
    codes : mapping of str to list of str
        From `codes_of`; empty while no dataset is open.

    Returns
    -------
    dict
        With the shape of problems among the components, and the codes that exist.
    """
    for operation in (entry for path in schema["paths"].values() for entry in path.values()):
        parameters = operation.get("parameters", ())
        _with_codes(((entry["name"], entry["schema"]) for entry in parameters), codes)
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        _with_codes(body.get("schema", {}).get("properties", {}).items(), codes)
    shapes = schema.setdefault("components", {}).setdefault("schemas", {})
    template = "#/components/schemas/{model}"
    problem = Problem.model_json_schema(ref_template=template)
    shapes.update(problem.pop("$defs", {}))
    shapes["Problem"] = problem
    return schema
