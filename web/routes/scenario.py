"""``POST /api/v1/scenario``: who would be covered with other stations."""

from functools import partial

import orjson
from fastapi import FastAPI, Request, Response

from web.dependencies import read_body
from web.openapi import body_of, problems
from web.planner_access import planner
from web.routes.working import workbench_of
from web.scenario_answer import ask_scenario
from web.scenario_budget import Budget
from web.scenario_question import ScenarioQuestion
from web.scenario_schemas import ScenarioAnswer
from web.settings import Settings
from web.state import held, service_of

_NO_STORE = {"Cache-Control": "no-store"}


def _write(request: Request, budget: Budget, how: str, question: ScenarioQuestion) -> None:
    """Write the question down; a log that cannot be written is told in the server's own."""
    try:
        budget.write(how, question)
    except OSError as error:
        request.app.state.logger.warning("question not logged", error=type(error).__name__)


def _answered(request: Request, budget: Budget, how: str, question: ScenarioQuestion) -> bytes:
    """Write the question down and answer it."""
    _write(request, budget, how, question)
    return orjson.dumps(ask_scenario(service_of(request), question, lattice=True))


async def scenario(request: Request) -> Response:
    """Answer a what-if question."""
    how = planner(request)
    settings: Settings = request.app.state.settings
    budget = held(request, "scenario_budget", lambda: Budget(settings))
    question = read_body(await request.body(), ScenarioQuestion)
    budget.admit(how, (request.scope.get("client") or ("",))[0])
    work = partial(_answered, request, budget, how, question)
    answer = await workbench_of(request).do(f"scenario {how} {question.model_dump_json()}", work)
    return Response(answer, media_type="application/json", headers=_NO_STORE)


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
        "/api/v1/scenario",
        scenario,
        methods=["POST"],
        tags=["planning"],
        operation_id="scenario",
        summary="Who would be covered with other stations: what if",
        response_model=ScenarioAnswer,
        responses=problems(400, 401, 403, 404, 413, 422, 429, 503),
        openapi_extra={"requestBody": body_of(ScenarioQuestion, settings)},
    )
