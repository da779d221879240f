"""Row 19 of the faults: every operation is asked at random; no 5xx, no answer of another shape."""

import shutil
import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.webtools import client_of
from web.job_files import locked
from web.jobs import all_jobs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its plugin for pytest warns on import
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

OPERATIONS = [
    ("GET", "/api/v1/nearest"),
    ("POST", "/api/v1/nearest"),
    ("GET", "/api/v1/coverage"),
    ("GET", "/api/v1/clock"),
    ("GET", "/api/v1/stations"),
    ("GET", "/api/v1/stations/{id}"),
    ("GET", "/api/v1/search"),
    ("POST", "/api/v1/reports"),
    ("POST", "/api/v1/scenario"),
    ("POST", "/api/v1/plan"),
    ("POST", "/api/v1/plan/candidates"),
    ("GET", "/api/v1/jobs/{job_id}"),
    ("DELETE", "/api/v1/jobs/{job_id}"),
    ("GET", "/api/v1/jobs/{job_id}/plan.{ending}"),
    ("GET", "/api/v1/gaps"),
    ("GET", "/api/v1/gaps/{gap}"),
    ("PATCH", "/api/v1/gaps/{gap}"),
    ("GET", "/api/v1/dataset"),
    ("GET", "/oembed"),
    ("GET", "/tiles/basemap/{z}/{x}/{y}"),
    ("GET", "/tiles/basemap.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
]


@pytest.fixture(scope="module")
def schema(demo_dataset):
    client = client_of(demo_dataset)
    client.get("/readyz")
    folder = client.app.state.settings.jobs
    with locked(folder / "runner.sqlite"):  # plans asked for at random wait, and are thrown away
        yield schemathesis.openapi.from_asgi("/openapi.json", client.app)
        for job in all_jobs(folder):
            shutil.rmtree(job.folder)


def test_fault_19_every_operation_is_listed(schema):
    found = {
        (operation.ok().method.upper(), operation.ok().path)
        for operation in schema.get_all_operations()
    }
    assert found == set(OPERATIONS)


WITH_PARAMETERS = (
    "nearest", "coverage", "clock", "stations", "stations/{id}", "search", "reports", "{y}",
    "gaps", "{gap}",
)  # fmt: skip

#: What is asked wrongly on purpose, too: whatever takes a parameter.
ASKED = [
    (method, path, mode)
    for method, path in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or path.endswith(WITH_PARAMETERS)
]


@pytest.mark.parametrize(("method", "path", "mode"), ASKED)
def test_fault_19_no_5xx_and_no_other_shape(schema, method, path, mode):
    operation = schema[path][method]
    asked = 0

    @settings(
        max_examples=100 if path.endswith(WITH_PARAMETERS) else 10,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        nonlocal asked
        asked += 1
        case.call_and_validate(checks=CHECKS)

    ask()
    assert asked >= (100 if path.endswith(WITH_PARAMETERS) else 1)
