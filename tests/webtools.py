"""One running application a dataset and test run, and positions that have an answer in it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from web.app import create_app
from web.settings import Settings

NEAREST = "/api/v1/nearest"
COVERAGE = "/api/v1/coverage"

#: A Sunday noon and a night, far from holidays.
NOON, NIGHT = "2026-11-22T12:00:00+08:00", "2026-11-22T03:00:00+08:00"


@cache
def client_of(folder: Path) -> TestClient:
    """The application that serves a dataset folder; made once."""
    return TestClient(create_app(Settings(data=folder)), raise_server_exceptions=False)


def new_client(folder: Path | None, **settings: Any) -> TestClient:
    """An application of its own, with other settings."""
    app = create_app(Settings(data=folder, **settings))
    return TestClient(app, raise_server_exceptions=False)


def service_of(client: TestClient) -> Any:
    """The service behind a client."""
    return client.app.state.holder.service()


def beside_a_station(client: TestClient, number: int = 0) -> tuple[float, float]:
    """A position about 20 m from a station."""
    stations = service_of(client).index.stations
    return float(stations["lon"].iloc[number]) + 1e-4, float(stations["lat"].iloc[number]) + 1e-4


def without_times(log: str) -> str:
    """A log without its clock: milliseconds after second 28 look like a latitude."""
    return re.sub(r'"timestamp":"[^"]*",|"ms":[0-9.]+,', "", log)


def problem_of(response: Any, status: int) -> dict[str, Any]:
    """The problem details of an answer, checked for their shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert {"type", "title", "status", "code", "detail", "errors"} <= set(found)
    assert found["status"] == status
    assert all(set(fault) == {"where", "what", "fix"} for fault in found["errors"])
    return found
