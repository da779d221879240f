"""``POST /api/v1/plan/candidates``: a union's own table of candidates, read as `locator plan` does.

The page sends the file as it is, Excel or CSV, Chinese headers or English; nothing of it is kept.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from geodata.datum import parse_datum
from geodata.errors import Fault, LimitError, ValidationError
from geodata.vocabulary import Vocabulary
from web.errors import room_needed
from web.openapi import problems
from web.planner_access import planner
from web.settings import Settings
from web.state import service_of

#: Endings of the tables that may be sent.
ENDINGS = ("csv", "xlsx", "geojson", "json")
_DEGREE_DIGITS = 7
_ENDING = {
    "name": "ending",
    "in": "query",
    "required": True,
    "description": "Format of the table.",
    "schema": {"type": "string", "enum": list(ENDINGS), "x-unit": "none"},
    "example": "xlsx",
}
_DATUM = {
    "name": "datum",
    "in": "query",
    "required": False,
    "description": "Of the positions, where the table names none; else WGS-84.",
    "schema": {"type": "string", "enum": ["wgs84", "gcj02", "bd09", "cgcs2000"], "x-unit": "none"},
    "example": "gcj02",
}


def candidate_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return candidates as ``POST /api/v1/plan`` takes them.

    Parameters
    ----------
    table : DataFrame
        From `web.plan_candidates.read_candidates`.

    Returns
    -------
    list of dict
        What a cell does not say is left out.
    """
    rows = []
    for row in table.to_dict("records"):
        told = {key: row[key] for key in ("id", "action", "name", "station") if row[key]}
        for key in ("lon", "lat", "cost_yuan", "capacity"):
            if row[key] is not None and not pd.isna(row[key]):
                told[key] = round(float(row[key]), _DEGREE_DIGITS)
        told |= {key: row[key] for key in ("opening_hours", "facilities") if row[key]}
        rows.append({str(key): value for key, value in told.items()})
    return rows


def _read(body: bytes, ending: str, datum: str, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return what stands in a table."""
    from web.plan_candidates import read_candidates  # noqa: PLC0415  readers of tables

    with ExitStack() as kept:
        with room_needed():
            folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="locator-"))
            path = Path(folder) / f"candidates.{ending}"
            path.write_bytes(body)
        table, notes = read_candidates(path, vocabulary, datum=datum)
    return {"candidates": candidate_rows(table), "notes": notes}


def _answer(request: Request, body: bytes) -> Response:
    """Read the table and hand it back."""
    asked = request.query_params
    ending, datum = asked.get("ending", ""), asked.get("datum", "")
    if ending not in ENDINGS:
        fault = Fault("ending", f"expected one of {', '.join(ENDINGS)}, got {ending[:20]!r}")
        raise ValidationError.of([fault])
    chosen = parse_datum(datum) if datum else ""
    found = _read(body, ending, chosen, service_of(request).vocabulary)
    most = request.app.state.settings.plan_candidates
    if len(found["candidates"]) > most:
        fault = Fault("candidates", f"at most {most} (limit plan_candidates)")
        raise LimitError(str(fault), faults=[fault])
    return Response(
        orjson.dumps(found), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


async def candidates(request: Request) -> Response:
    """Take a table in."""
    planner(request)
    return await run_in_threadpool(_answer, request, await request.body())


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add the route to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    settings : Settings
        How many candidates may come.
    """
    app.add_api_route(
        "/api/v1/plan/candidates",
        candidates,
        methods=["POST"],
        tags=["planning"],
        operation_id="candidates",
        summary="Read a table of candidates, Excel or CSV with Chinese or English headers",
        description=f"At most {settings.plan_candidates} rows; nothing is kept.",
        responses=problems(400, 401, 403, 404, 413, 422, 503, 507),
        openapi_extra={
            "parameters": [_ENDING, _DATUM],
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string"}}},
            },
        },
    )
