"""``POST /api/v1/plan``: where the next stations or hours help most; the answer is a job."""

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from geodata.errors import Fault, LimitError
from web.dependencies import departure, read_body
from web.openapi import body_of, problems
from web.plan_answers import check_plan
from web.plan_schemas import JobAnswer, PlanQuestion
from web.planner_access import planner
from web.routes.jobs import desk_of
from web.settings import Settings
from web.state import service_of


def _within(question: PlanQuestion, settings: Settings) -> None:
    """Refuse more than this server takes."""
    sent = 0 if isinstance(question.candidates, str) else len(question.candidates)
    faults = [
        Fault(name, f"at most {most:g} (limit {limit})")
        for name, value, limit, most in (
            ("candidates", sent, "plan_candidates", settings.plan_candidates),
            (
                "time_limit_seconds",
                question.time_limit_seconds,
                "plan_seconds",
                settings.plan_seconds,
            ),
        )
        if value > most
    ]
    if faults:
        raise LimitError("; ".join(map(str, faults)), faults=faults)


def _take(request: Request, body: bytes) -> Response:
    """Check the question and put it into the queue."""
    settings: Settings = request.app.state.settings
    question = read_body(body, PlanQuestion)
    _within(question, settings)
    check_plan(service_of(request), question)
    moment = departure(question.at)  # "now" is when it was asked, not when its turn comes
    asked = question.model_dump(mode="json") | {"at": moment and moment.isoformat()}
    job = desk_of(request).submit("plan", asked)
    return Response(
        orjson.dumps(job.answer()),
        202,
        media_type="application/json",
        headers={"Location": f"/api/v1/jobs/{job.id}", "Cache-Control": "no-store"},
    )


async def plan(request: Request) -> Response:
    """Take a plan's question in."""
    planner(request)
    return await run_in_threadpool(_take, request, await request.body())


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Add the routes to an application.

    Parameters
    ----------
    app : FastAPI
        To be added to.
    settings : Settings
        The limits, for OpenAPI.
    """
    app.add_api_route(
        "/api/v1/plan",
        plan,
        methods=["POST"],
        tags=["planning"],
        operation_id="plan",
        summary="Where the next stations or hours help most, with a proven bound",
        status_code=202,
        response_model=JobAnswer,
        responses=problems(400, 401, 403, 404, 413, 422, 503, 507),
        openapi_extra={"requestBody": body_of(PlanQuestion, settings)},
    )
