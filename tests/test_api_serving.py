"""The real server: one process and two, many questions at once, a limit of connections, its log."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import numpy as np
import pytest

from geodata.errors import ValidationError
from tests.webtools import COVERAGE, NEAREST, NOON, client_of, service_of, without_times
from web.batching import MOST_TOGETHER, Batcher
from web.schemas import NearestQuestion


def questions_of(service, count):
    rng = np.random.default_rng(3)
    west, south, east, north = service.extent
    for i in range(count):
        lon, lat = float(rng.uniform(west, east)), float(rng.uniform(south, north))
        mode = ("walk", "drive")[i % 2]
        yield NearestQuestion(lon=lon, lat=lat, at=NOON, mode=mode, k=1 + i % 3)


def test_questions_that_arrive_together_are_answered_as_if_alone(demo_dataset):
    service = service_of(client_of(demo_dataset))
    asked = list(questions_of(service, 3 * MOST_TOGETHER))

    async def together():
        batcher = Batcher(service)
        return await asyncio.gather(*(batcher.ask(question) for question in asked))

    assert asyncio.run(together()) == [service.nearest(question) for question in asked]


def test_one_wrong_question_does_not_spoil_the_others(demo_dataset):
    service = service_of(client_of(demo_dataset))
    good = list(questions_of(service, 4))
    swapped = NearestQuestion(lon=28.68, lat=89.0, at=NOON, mode="walk", k=1)
    wrong = swapped.model_copy(update={"lon": good[0].lat, "lat": good[0].lon - 50})

    async def together():
        batcher = Batcher(service)
        asked = [good[0], wrong.model_copy(update={"need": ["gold"]}), *good[1:]]
        return await asyncio.gather(*map(batcher.ask, asked), return_exceptions=True)

    answers = asyncio.run(together())
    assert isinstance(answers[1], ValidationError)
    assert [answers[0], *answers[2:]] == [service.nearest(question) for question in good]


def test_an_error_of_the_search_reaches_everybody_who_waits(demo_dataset, monkeypatch):
    service = service_of(client_of(demo_dataset))

    def fails(*_args):
        raise RuntimeError("ours")

    monkeypatch.setattr(service, "nearest_all", fails)

    async def together():
        batcher = Batcher(service)
        asked = map(batcher.ask, questions_of(service, 3))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [str(error) for error in asyncio.run(together())] == ["ours"] * 3


def read_until_listening(stream, log):
    """Read a log until a worker is ready and a port is taken; returns the address."""
    awaited, address = {"startup complete", "running on"}, None
    for line in stream:
        log.append(line)
        awaited = {words for words in awaited if words not in line}
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
            address = found[1]
        if not awaited:
            return address
    pytest.fail("the server ended before it listened:\n" + "".join(log))


@contextmanager
def served(folder, *options, **environment):
    """Run ``locator serve``; yields its address and a list that gets its log at the end."""
    command = [sys.executable, "-m", "web", "serve", "--data", str(folder), "--port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "", **environment},
    )
    log = []
    try:
        yield read_until_listening(process.stderr, log), log
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=300)
        log += [*err.splitlines(keepends=True), *out.splitlines(keepends=True)]


@pytest.mark.slow
def test_a_server_answers_many_at_once_and_its_log_holds_no_position(demo_dataset):
    service = service_of(client_of(demo_dataset))
    asked = [
        question.model_dump(include={"lon", "lat", "at", "mode", "k"})
        for question in questions_of(service, 48)
    ]
    with served(demo_dataset) as (address, log), httpx.Client(base_url=address) as http:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda body: http.post(NEAREST, json=body).json(), asked))
        http.get(NEAREST, params={"lon": 115.88776, "lat": 28.68123})
        assert http.get("/readyz").json()["status"] == "ready"
    alone = [service.nearest(NearestQuestion(**body)) for body in asked]
    assert answers == json.loads(json.dumps(alone))
    text = without_times("".join(log))
    assert text.count('"event":"request"') == 50
    assert not re.search(r"115\.\d|28\.\d{3}|lon=", text)
    assert "Traceback" not in text


@pytest.mark.slow
def test_two_workers_share_a_port_and_a_dataset(demo_dataset):
    with served(demo_dataset, "--workers", "2") as (address, _):
        answers = {httpx.get(address + COVERAGE).text for _ in range(8)}
    assert len(answers) == 1


@pytest.mark.slow
def test_guard_12_more_connections_than_allowed_get_a_503_and_it_recovers(demo_dataset):
    setting = {"LOCATOR_LIMIT_CONCURRENCY": "20", "LOCATOR_RETRY_AFTER_SECONDS": "3"}
    with served(demo_dataset, **setting) as (address, log):
        port = int(address.rsplit(":", 1)[1])
        with ExitStack() as open_sockets:
            for _ in range(30):
                open_sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
            refused = httpx.get(f"{address}/healthz")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "3"
            assert refused.json()["code"] == "overloaded"
        answers = [httpx.get(f"{address}/healthz").status_code for _ in range(40)]
        assert answers[-1] == 200
    assert "Traceback" not in "".join(log)


@pytest.mark.slow
def test_serving_without_data_prepares_the_demo_city_first(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "web", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "", "LOCATOR_DEMO_FOLDER": str(tmp_path), "LOCATOR_DEMO_SIZE": "small"},
    )
    log = []
    try:
        address = read_until_listening(process.stderr, log)
        about = httpx.get(f"{address}/api/v1/dataset").json()
        assert about["counts"]["stations"] > 5
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=300)
    text = "".join(log)
    assert "preparing the demo city (small)" in text
    assert "mode walk" in text
