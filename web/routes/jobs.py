"""``/api/v1/jobs/{id}``: how long work stands, its result, and its end."""

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from geodata.errors import Fault
from web.errors import Refusal, refuse
from web.jobs import Desk, Job
from web.openapi import problems
from web.plan_files import FORMATS, is_plan, plan_file
from web.plan_schemas import JobAnswer
from web.planner_access import planner
from web.state import held, service_of

_NO_STORE = {"Cache-Control": "no-store"}
_LANGUAGES = ("zh", "en")
_JOB = {
    "name": "job_id",
    "in": "path",
    "required": True,
    "description": "From the Location of a plan.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64, "x-unit": "none"},
    "example": "0123456789abcdef",
}
_ENDING = {
    "name": "ending",
    "in": "path",
    "required": True,
    "description": "Format of the file.",
    "schema": {"type": "string", "enum": list(FORMATS), "x-unit": "none"},
    "example": next(iter(FORMATS)),
}

_LANG = {
    "name": "lang",
    "in": "query",
    "required": False,
    "description": "Of headers and map; without it, the language of maps.",
    "schema": {"type": "string", "enum": list(_LANGUAGES), "x-unit": "none"},
    "example": "zh",
}


def desk_of(request: Request) -> Desk:
    """Return what takes an application's jobs in.

    Parameters
    ----------
    request : Request
        Any.

    Returns
    -------
    Desk
        The same each time.
    """
    settings = request.app.state.settings
    return held(request, "desk", lambda: Desk(settings))


def _shown(job: Job) -> Response:
    """Return how a job stands."""
    return Response(orjson.dumps(job.answer()), media_type="application/json", headers=_NO_STORE)


def _id_of(request: Request) -> str:
    """Return the id of the job that is asked for."""
    return str(request.path_params["job_id"])


async def show(request: Request) -> Response:
    """Say how a job stands."""
    planner(request)
    return await run_in_threadpool(lambda: _shown(desk_of(request).find(_id_of(request))))


async def cancel(request: Request) -> Response:
    """Cancel a job; one that has ended stays as it is."""
    planner(request)
    return await run_in_threadpool(lambda: _shown(desk_of(request).cancel(_id_of(request))))


def _file(request: Request, job_id: str, ending: str) -> Response:
    """Return a plan as a file."""
    job = desk_of(request).find(job_id)
    answer = job.answer()
    if answer["result"] is None:
        refuse([Refusal("not_done", Fault("job", f"it is {answer['state']}, not done"))])
    language = request.query_params.get("lang", request.app.state.settings.map_language)
    if language not in _LANGUAGES:
        fault = Fault("lang", f"expected {' or '.join(_LANGUAGES)}, got {language[:20]!r}")
        refuse([Refusal("invalid_value", fault)])
    if not is_plan(answer["result"]):
        raise job.damaged()
    dataset = service_of(request).dataset if ending == "html" else None
    content, media_type = plan_file(answer["result"], ending, language, dataset)
    headers = {"Content-Disposition": f'attachment; filename="plan-{job_id}.{ending}"'}
    return Response(content, media_type=media_type, headers={**_NO_STORE, **headers})


async def download(request: Request) -> Response:
    """Hand a plan out as a file."""
    planner(request)
    ending = str(request.path_params["ending"])
    if ending not in FORMATS:
        refuse([Refusal("invalid_value", Fault("ending", f"expected one of {', '.join(FORMATS)}"))])
    return await run_in_threadpool(_file, request, _id_of(request), ending)


def add_routes(app: FastAPI) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    """
    address = "/api/v1/jobs/{job_id}"
    for method, ask, words in (
        ("GET", show, "How a job stands, and its result when it is done"),
        ("DELETE", cancel, "Cancel a job"),
    ):
        app.add_api_route(
            address,
            ask,
            methods=[method],
            tags=["planning"],
            operation_id="job" if method == "GET" else "cancel_job",
            summary=words,
            response_model=JobAnswer,
            responses=problems(401, 403, 404, 422, 503, 507),
            openapi_extra={"parameters": [_JOB]},
        )
    app.add_api_route(
        address + "/plan.{ending}",
        download,
        methods=["GET"],
        tags=["planning"],
        operation_id="plan_file",
        summary="A plan as GeoJSON, XLSX, CSV or a map",
        response_class=Response,
        responses=problems(401, 403, 404, 422, 503, 507),
        openapi_extra={"parameters": [_JOB, _ENDING, _LANG]},
    )
