"""The wall around the application: limits, headers, logs, errors that nobody foresaw."""

import asyncio
import io
import json
import logging
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from geodata.errors import (
    DatasetError,
    DatumError,
    FileFormatError,
    HolidayDataMissingError,
    InputError,
    LimitError,
    LocatorError,
    ValidationError,
)
from tests.webtools import (
    COVERAGE,
    NEAREST,
    beside_a_station,
    client_of,
    new_client,
    problem_of,
    service_of,
    without_times,
)
from web import errors
from web.routes.working import Workbench
from web.security import LOAD, LOG_FIELDS, Wall, new_logger, page_policy, short_address
from web.settings import Settings


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def small_app(**settings):
    """An application whose only route fails with a position in the message."""
    app = FastAPI()
    log = io.StringIO()
    app.state.settings = Settings(**settings)
    errors.install(app)

    @app.get("/fails")
    async def fails():
        raise RuntimeError("lon 121.47371, lat 31.23042 at 13800138000")

    @app.get("/refuses")
    async def refuses():
        raise DatasetError("the folder is damaged")

    @app.get("/number")
    async def number(value: int):
        return value

    @app.get("/late")
    async def late():
        from starlette.responses import StreamingResponse

        async def parts():
            yield b"begun"
            raise RuntimeError("31.23042")

        return StreamingResponse(parts())

    app.add_middleware(Wall, settings=app.state.settings, logger=new_logger(log))
    return TestClient(app, raise_server_exceptions=False), log


# --- what nobody foresaw ------------------------------------------------------------------------


def test_an_unforeseen_error_is_a_bare_500_with_an_id(caplog, capfd):
    client, log = small_app()
    caplog.set_level(logging.INFO)
    found = problem_of(client.get("/fails"), 500)
    assert found["code"] == "internal"
    assert re.fullmatch("[0-9a-f]{12}", found["id"])
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = next(line for line in lines if line["level"] == "error")
    assert told["id"] == found["id"]
    assert told["error"] == "RuntimeError"
    assert re.fullmatch(r"test_api_walls\.py:\d+ fails", told["place"])
    ours = "".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx2"))
    seen = without_times(log.getvalue()) + ours + "".join(capfd.readouterr()) + json.dumps(found)
    assert not any(secret in seen for secret in ("121.47", "31.23", "13800138000", "Traceback"))


def test_an_error_after_the_first_byte_is_logged_and_ends_the_answer():
    client, log = small_app()
    client.get("/late")
    assert '"RuntimeError"' in log.getvalue()
    assert "31.23" not in without_times(log.getvalue())


def test_our_errors_have_their_status_and_503_says_when():
    client, _ = small_app(retry_after_seconds=7)
    answer = client.get("/refuses")
    assert problem_of(answer, 503)["code"] == "bad_dataset"
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (ValidationError, 422),
        (LimitError, 422),
        (DatumError, 422),
        (FileFormatError, 422),
        (InputError, 422),
        (HolidayDataMissingError, 422),
        (DatasetError, 503),
        (errors.UnknownRegionError, 404),
        (errors.BodyError, 400),
        (LocatorError, 422),
    ],
)
def test_every_class_of_the_tree_has_a_status(kind, status):
    assert errors.status_of(kind("a sentence")) == status


def test_guard_03_the_frameworks_own_refusals_do_not_repeat_the_input():
    client, _ = small_app()
    answer = client.get("/number", params={"value": "121.47371"})
    assert problem_of(answer, 422)["code"] == "wrong_type"
    assert "121.47" not in answer.text


def test_no_such_page_and_no_such_method_are_problems_too(client):
    assert problem_of(client.get("/nothing/121.47/31.23"), 404)["code"] == "not_found"
    answer = client.delete(NEAREST)
    assert problem_of(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"]


# --- too much -----------------------------------------------------------------------------------


def test_fault_14_a_long_body_is_refused_before_it_is_read(client):
    answer = client.post(NEAREST, content=b"x" * 50_000_000)
    found = problem_of(answer, 413)
    assert found["code"] == "body_too_large"
    assert "max_body_bytes" in found["detail"]
    assert len(answer.content) < 300


def test_fault_14_a_chunked_body_is_cut_at_the_limit(client):
    read = 0

    def chunks():
        nonlocal read
        for _ in range(50):
            read += 1_000_000
            yield b" " * 1_000_000

    assert problem_of(client.post(NEAREST, content=chunks()), 413)["code"] == "body_too_large"


def test_fault_14_reading_stops_soon_after_the_limit(demo_dataset):
    """A body without a stated length: only as much is taken in as the limit allows."""
    app = new_client(demo_dataset, max_body_bytes=100_000).app
    taken, sent = 0, []

    async def receive():
        nonlocal taken
        taken += 60_000
        return {"type": "http.request", "body": b" " * 60_000, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": NEAREST, "raw_path": NEAREST.encode(),
        "query_string": b"", "headers": [(b"transfer-encoding", b"chunked")], "root_path": "",
        "scheme": "http", "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("x", 80),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 413
    assert taken <= 2 * 100_000


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"lon":' * 100_000, b"[" * 200_000 + b"]" * 200_000]
)
def test_fault_14_nested_brackets_are_a_400(client, body):
    assert problem_of(client.post(NEAREST, content=body), 400)["code"] == "body_not_json"


def test_fault_13_a_polygon_of_a_million_vertices_is_a_413(client):
    ring = b"[121.473701,31.230416]," * 1_000_000
    body = b'{"type":"Polygon","coordinates":[[' + ring + b"[0,0]]]}"
    assert problem_of(client.post(NEAREST, content=body), 413)["code"] == "body_too_large"


def test_fault_11_shapes_are_taken_nowhere(client):
    """No route takes a shape: a self-intersecting one is refused as any other unknown value."""
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    body = {"lon": 115.9, "lat": 28.7, "polygon": bow_tie}
    assert problem_of(client.post(NEAREST, json=body), 422)["code"] == "unknown_parameter"
    paths = client.get("/openapi.json").json()["paths"]
    assert "Polygon" not in json.dumps(paths)


def test_guard_01_no_repair_of_shapes_at_request_time():
    import web.routes.coverage
    import web.routes.nearest
    import web.service

    for module in (web.routes.coverage, web.routes.nearest, web.service):
        assert "make_valid" not in Path(module.__file__).read_text(encoding="utf-8")


def test_a_long_query_string_is_refused(client):
    found = problem_of(client.get(f"{NEAREST}?{'x' * 10_000}"), 414)
    assert found["code"] == "query_too_long"
    assert "max_query_bytes" in found["detail"]


def test_guard_12_too_many_connections_are_a_503_that_says_when(demo_dataset):
    app = new_client(demo_dataset, limit_concurrency=3, retry_after_seconds=9).app
    answers = {}

    async def ask(load):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz",
            "query_string": b"", "headers": [], "root_path": "", "scheme": "http",
            "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("x", 80),
            "extensions": {LOAD: {"connections": load}},
        }  # fmt: skip
        await app(scope, receive, send)
        answers[load] = sent[0]

    for load in (3, 4):
        asyncio.run(ask(load))
    assert answers[3]["status"] == 200
    assert answers[4]["status"] == 503
    headers = {name.lower(): value for name, value in answers[4]["headers"]}
    assert headers[b"retry-after"] == b"9"
    assert headers[b"content-type"] == b"application/problem+json"


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [COVERAGE, "/healthz", "/nothing", "/openapi.json", "/map", "/"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["permissions-policy"].startswith("geolocation=(self)")
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    assert "frame-ancestors" in policy
    script = re.search("script-src[^;]*", policy)
    assert script is None or "unsafe-inline" not in script.group()
    assert len(headers.get_list("content-security-policy")) == 1


def test_a_pages_policy_names_what_was_chosen_only():
    policy = page_policy(script_hashes=["sha256-abc="], tile_hosts=["https://tile.example"])
    assert "script-src 'self' 'sha256-abc=';" in policy
    assert "img-src 'self' data: blob: https://tile.example;" in policy


def test_reading_is_open_to_other_origins(client):
    lon, lat = beside_a_station(client)
    there = {"Origin": "https://news.example"}
    answer = client.post(NEAREST, json={"lon": lon, "lat": lat}, headers=there)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    asked = {
        **there,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    assert client.options(NEAREST, headers=asked).status_code == 200
    asked["Access-Control-Request-Method"] = "DELETE"
    assert client.options(NEAREST, headers=asked).status_code == 400


def test_long_answers_are_compressed_where_the_caller_can(client):
    packed = client.get(COVERAGE, headers={"Accept-Encoding": "gzip"})
    plain = client.get(COVERAGE, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert packed.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip;q=0", False),
        ("br, gzip; q=0.000, *;q=1", False),
        ("identity;q=0", False),
        ("x-gzipped", False),
        ("gzip;q=0.001", True),
        ("br;q=1.0, gzip;q=0.8", True),
    ],
)
@pytest.mark.parametrize("path", [COVERAGE, "/api/v1/stations", "/bulletin"])
def test_what_the_caller_excludes_is_not_sent(client, path, accepted, packed):
    answer = client.get(path, headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in answer.headers) is packed


# --- other people's addresses -------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/map/", f"{NEAREST}/?lon=121.47371&lat=31.23042"])
def test_nobody_is_sent_to_a_host_that_the_caller_names(client, path):
    answer = client.get(path, headers={"Host": "evil.example"}, follow_redirects=False)
    problem_of(answer, 404)
    assert "location" not in answer.headers


def test_what_repeats_the_callers_host_is_kept_by_no_shared_cache(client, demo_dataset):
    url = "/oembed?url=http%3A%2F%2Fevil.example%2Fmap"
    answer = client.get(url, headers={"Host": "evil.example"})
    assert "evil.example" in answer.text
    assert answer.headers["cache-control"] == "private, max-age=3600"
    ours = new_client(demo_dataset, public_url="http://map.example.org")
    assert ours.get(url, headers={"Host": "evil.example"}).status_code == 200
    answer = ours.get(url.replace("evil.example", "map.example.org"))
    assert "evil.example" not in answer.text
    assert answer.headers["cache-control"] == "public, max-age=3600"


# --- long work ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"{COVERAGE}?minutes=7",
        "/map?minutes=7",
        "/embed/map?minutes=7",
        "/embed/map?minutes=7&version={version}",
        "/embed/map.png?minutes=7&version={version}",
        "/oembed?url=http://testserver/map%3Fminutes=7%26version={version}",
        "/bulletin?minutes=7",
        "/api/v1/stations?need=hot_meal",
        "/download/gaps.csv?minutes=7",
    ],
)
def test_fault_17_long_work_waits_in_a_short_queue_and_workers_are_answered(
    demo_dataset, tmp_path, path
):
    from threading import Event

    client = new_client(
        demo_dataset, work_at_once=1, work_waiting=0, frozen=tmp_path, retry_after_seconds=3
    )
    path = path.format(version=service_of(client).name["version"])
    lon, lat = beside_a_station(client)
    with client:
        done, begun = Event(), Event()
        bench = client.app.state.workbench = Workbench(client.app.state.settings)
        busy = client.portal.start_task_soon(bench.do, "x", lambda: (begun.set(), done.wait(600)))
        assert begun.wait(600)
        try:
            refused = client.get(path)
            assert problem_of(refused, 503)["code"] == "overloaded"
            assert refused.headers["retry-after"] == "3"
            for route in (False, True):
                asked = {"lon": lon, "lat": lat, "route": route}
                assert client.post(NEAREST, json=asked).status_code == 200
        finally:
            done.set()
        busy.result(600)
        assert client.get(path).status_code == 200


def test_fault_17_what_many_ask_for_at_once_is_made_once(demo_dataset):
    from threading import Event

    client = new_client(demo_dataset, work_at_once=1, work_waiting=1)
    made = []
    with client:
        done = Event()
        bench = client.app.state.workbench = Workbench(client.app.state.settings)

        def work():
            made.append(done.wait(600))
            return "made"

        asked = [client.portal.start_task_soon(bench.do, "the same", work) for _ in range(50)]
        done.set()
        assert {one.result(600) for one in asked} == {"made"}
    assert made == [True]


def test_long_work_waits_in_whatever_loop_the_application_is_served(demo_dataset):
    from concurrent.futures import ThreadPoolExecutor

    client = new_client(demo_dataset, work_at_once=1, work_waiting=8)
    with ThreadPoolExecutor(4) as pool:  # not `with client`: every request has its own loop
        found = list(pool.map(client.get, [f"/api/v1/coverage?minutes={n}" for n in range(5, 13)]))
    assert [answer.status_code for answer in found] == [200] * 8


def test_fault_17_long_work_does_not_wait_for_ever(demo_dataset):
    from threading import Event

    client = new_client(demo_dataset, work_at_once=1, work_wait_seconds=0.01)
    with client:
        done, begun = Event(), Event()
        bench = client.app.state.workbench = Workbench(client.app.state.settings)
        busy = client.portal.start_task_soon(bench.do, "x", lambda: (begun.set(), done.wait(600)))
        assert begun.wait(600)
        try:
            assert problem_of(client.get("/map"), 503)["code"] == "overloaded"
        finally:
            done.set()
        busy.result(600)
        assert client.get("/map").status_code == 200


@pytest.mark.parametrize("damage", ["a list", "no parts", "bytes"])
def test_fault_26_a_damaged_frozen_map_is_no_500(demo_dataset, tmp_path, damage):
    import random
    import zipfile

    from web.embed_question import EmbedQuestion
    from web.freezing import frozen_key

    client = new_client(demo_dataset, access_log=False, frozen=tmp_path)
    version = service_of(client).name["version"]
    assert client.get(f"/embed/map?version={version}").status_code == 200
    good = next(tmp_path.glob("*.fresh")).read_bytes()
    for number in range(1 if damage != "bytes" else 40):
        path = tmp_path / f"{frozen_key(f'old{number}', EmbedQuestion())}.frozen"
        broken, chance = bytearray(good), random.Random(number)  # noqa: S311  no secret
        for place in chance.sample(range(len(good)), 20):
            broken[place] ^= 0x55
        path.write_bytes(broken)
        if damage != "bytes":
            facts = {"format": 1, "date": "", "labels": {}, "parts": {}}
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("facts.json", json.dumps([] if damage == "a list" else facts))
        assert client.get(f"/embed/map?version=old{number}").status_code in {200, 404}


# --- logs ---------------------------------------------------------------------------------------


def test_guard_12_the_log_holds_no_position_no_query_and_no_address(demo_dataset, capfd, caplog):
    caplog.set_level(logging.INFO)
    client = new_client(demo_dataset)
    client.get(NEAREST, params={"lon": 115.88776, "lat": 28.68123})
    client.post(NEAREST, json={"lon": 115.88776, "lat": 28.68123})
    client.get("/nothing/115.88776/28.68123?lon=115.88776")
    client.get(NEAREST, params={"lon": "115.88776", "lat": "NaN28.68123"})
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx2")]
    seen = "".join(capfd.readouterr()) + "".join(ours)
    assert "115.8" not in seen
    assert "28.6" not in seen
    lines = [json.loads(line) for line in seen.splitlines() if line.startswith("{")]
    assert len(lines) == 4
    assert all(set(line) <= LOG_FIELDS for line in lines)
    assert [line["route"] for line in lines] == [NEAREST, NEAREST, "(none)", NEAREST]
    assert [line["status"] for line in lines] == [200, 200, 404, 422]


def test_the_log_drops_fields_that_are_not_on_the_list():
    stream = io.StringIO()
    new_logger(stream).info("request", route="/x", lon=121.47, query="lat=31", body="secret")
    line = json.loads(stream.getvalue())
    assert set(line) == {"event", "level", "timestamp", "route"}


def test_the_access_log_may_be_switched_off(demo_dataset, capfd):
    client = new_client(demo_dataset, access_log=False)
    client.get("/healthz")
    assert '"request"' not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2::3", "2001:db8:1::"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_addresses_are_shortened(address, shown):
    assert short_address(address) == shown


# --- health and OpenAPI -------------------------------------------------------------------------


def test_alive_and_ready(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ready"


def test_not_ready_without_data_but_alive(tmp_path):
    with new_client(tmp_path / "none") as client:
        assert client.get("/healthz").status_code == 200
        for path in ("/readyz", COVERAGE, "/api/v1/dataset", f"{NEAREST}?lon=1&lat=1"):
            answer = client.get(path)
            assert problem_of(answer, 503)["code"] == "bad_dataset"
            assert answer.headers["retry-after"]


def test_starting_opens_the_data_before_the_first_question(demo_dataset):
    client = new_client(demo_dataset)
    assert not client.app.state.holder.is_open
    with client:
        assert client.app.state.holder.is_open


def test_openapi_gives_unit_range_and_example_for_every_parameter(client):
    client.get("/readyz")
    document = client.get("/openapi.json").json()
    parameters = [
        parameter
        for path in document["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", ())
    ]
    assert len(parameters) >= 20
    for parameter in parameters:
        schema = parameter["schema"]
        assert parameter["description"]
        assert "example" in parameter
        assert schema["x-unit"]
        if schema.get("type") in {"number", "integer"}:
            assert "minimum" in schema
            assert "maximum" in schema or parameter["name"] == "stations_at_least"
    names = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert "hot_meal" in names["need"]["items"]["enum"]
    assert names["lat"]["x-unit"] == "degrees"


def test_openapi_has_every_error_in_one_shape(client):
    document = client.get("/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    content = answer["content"]["application/problem+json"]
                    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]


def test_fault_52_no_page_for_docs_loads_from_foreign_hosts(client):
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
