"""``/api/v1/coverage``: who has a station within the limit, and where the gaps are."""

from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from web.dependencies import departure, read_query
from web.openapi import parameters_of, problems
from web.routes.caching import cached, unchanged
from web.routes.working import workbench_of
from web.schemas import CoverageAnswer, CoverageQuestion
from web.settings import Settings
from web.state import service_of


async def ask(request: Request) -> Response:
    """Answer, or say that nothing has changed."""
    service = service_of(request)
    question = read_query(request.scope["query_string"], CoverageQuestion)
    service.check(question)
    moment = departure(question.at)
    etag = service.etag(question, moment)
    if unchanged(request, etag):
        return cached(b"", etag, status=304)
    answer = service.coverage_kept(question, moment)
    if answer is None:
        work = partial(service.coverage, question, moment)
        answer = await workbench_of(request).do(f"coverage {etag}", work)
    return cached(answer, etag, media_type="application/geo+json")


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
        "/api/v1/coverage",
        ask,
        methods=["GET"],
        tags=["coverage"],
        operation_id="coverage",
        summary="Shares of homes, streets and area within the limit, and the gaps",
        response_class=GeoJson,
        response_model=CoverageAnswer,
        responses={304: {"description": "Nothing has changed."}, **problems(404, 414, 422, 503)},
        openapi_extra={"parameters": parameters_of(CoverageQuestion, settings)},
    )


class GeoJson(JSONResponse):
    """A GeoJSON answer, for OpenAPI."""

    media_type = "application/geo+json"
