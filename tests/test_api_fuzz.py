"""Row 19 of the faults: every operation is asked at random; no 5xx, no answer of another shape."""

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.webtools import client_of

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
    ("GET", "/api/v1/dataset"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
]


@pytest.fixture(scope="module")
def schema(demo_dataset):
    client = client_of(demo_dataset)
    client.get("/readyz")
    return schemathesis.openapi.from_asgi("/openapi.json", client.app)


def test_fault_19_every_operation_is_listed(schema):
    found = {
        (operation.ok().method.upper(), operation.ok().path)
        for operation in schema.get_all_operations()
    }
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_fault_19_no_5xx_and_no_other_shape(schema, method, path, mode):
    operation = schema[path][method]
    asked = 0

    @settings(
        max_examples=100 if "/api" in path else 10,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        nonlocal asked
        asked += 1
        case.call_and_validate(checks=CHECKS)

    try:
        ask()
    except schemathesis.errors.SchemathesisError as error:  # nothing can be made wrong here
        assert mode is GenerationMode.NEGATIVE, error  # noqa: PT017
        pytest.skip(f"{method} {path} has no parameter that could be wrong")
    assert asked
