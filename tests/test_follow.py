"""A running server follows the dataset folder that `prepare` replaces."""

import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from weakref import ref

import httpx
import numpy as np
import pytest

from geodata import bundle
from tests.conftest import prepare_demo
from tests.test_api_serving import read_until_listening
from tests.webtools import NEAREST, NOON, new_client
from web.following import Follower
from web.opened import open_folder
from web.settings import Settings
from web.state import Holder


class Log:
    """Keeps what is logged."""

    def __init__(self):
        self.lines = []

    def info(self, words, **values):
        self.lines.append((words, values))

    warning = info


def some_of(data, stations, name):
    """A dataset with the first stations only."""
    rows = np.arange(stations)
    names = ("segment", "fraction", "access_m", "access_ms", "state")
    return replace(
        data,
        manifest=MappingProxyType({**data.manifest, "name": name}),
        stations=data.stations.iloc[rows].reset_index(drop=True),
        station_positions={
            mode: type(at)(*(getattr(at, part)[rows] for part in names))
            for mode, at in data.station_positions.items()
        },
    )


@pytest.fixture
def town(demo_dataset):
    """Make towns with some of the demo's stations, told apart by their names."""
    demo = bundle.open_dataset(demo_dataset, private=False, modes=["walk"])
    return lambda number, stations=3: some_of(demo, stations, f"town {number}")


@pytest.fixture
def folder(tmp_path, town):
    """A dataset folder."""
    bundle.save(town(1), tmp_path / "town")
    return tmp_path / "town"


@pytest.fixture
def followed(folder):
    """A holder that serves the folder, what looks after it, and its log."""
    settings = Settings(data=folder)
    holder, log = Holder(settings), Log()
    holder.opened()
    return holder, Follower(holder, settings, log), log


def test_a_folder_that_stands_is_opened_once(followed):
    holder, follower, log = followed
    before = holder.opened()
    assert [follower.look(), follower.look()] == [False, False]
    assert holder.opened() is before
    assert log.lines == []


def test_a_replaced_folder_is_served_whole_and_the_old_one_let_go(followed, folder, town):
    holder, follower, log = followed
    old, kept = ref(holder.service()), holder.service()
    asked = holder.opened()
    bundle.save(town(2, stations=5), folder)
    assert follower.look()
    assert holder.service().name["name"] == "town 2"
    assert len(holder.service().book) == 5
    assert log.lines == [("dataset replaced", {"dataset": holder.service().name["version"]})]
    # who asked before is answered from the old one
    assert asked.service is kept
    assert kept.name["name"] == "town 1"
    assert len(kept.book) == 3
    assert old() is not None
    del kept, asked
    assert not follower.look()  # nothing is new, but the last who asked is done
    assert old() is None


def test_a_damaged_dataset_changes_nothing_and_a_mended_one_is_taken(followed, folder, town):
    holder, follower, log = followed
    bundle.save(town(2), folder)
    (folder / "public" / "streets.arrow").write_bytes(b"cut off")
    assert [follower.look(), follower.look()] == [False, False]
    assert holder.service().name["name"] == "town 1"
    assert [words for words, _ in log.lines] == ["new dataset refused, the old one is served"]
    assert log.lines[0][1]["error"] == "dataset_damaged"
    bundle.save(town(3), folder)
    assert follower.look()
    assert holder.service().name["name"] == "town 3"


def test_a_folder_that_is_gone_changes_nothing(followed, folder):
    holder, follower, log = followed
    (folder / "public").rename(folder / "away")
    assert not follower.look()
    (folder / "away").rename(folder / "public")
    assert not follower.look()
    assert holder.service().name["name"] == "town 1"
    assert log.lines == []


def test_nothing_is_opened_before_the_first_question(folder):
    settings = Settings(data=folder)
    holder = Holder(settings)
    assert not Follower(holder, settings, Log()).look()
    assert not holder.is_open


def test_replaced_between_opening_and_looking_is_seen(folder, monkeypatch, town):
    """The identity is taken before the files are opened, so that no later one is missed."""
    opened = bundle.open_dataset

    def slow(*arguments, **options):
        found = opened(*arguments, **options)
        bundle.save(town(2), folder)
        return found

    settings = Settings(data=folder)
    holder = Holder(settings)
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "open_dataset", slow)
        holder.replace(open_folder(settings))
    assert holder.service().name["name"] == "town 1"
    assert Follower(holder, settings, Log()).look()
    assert holder.service().name["name"] == "town 2"


def test_one_request_is_answered_from_one_dataset_and_what_routes_keep_goes_with_it(folder, town):
    from fastapi import Request

    from web.state import held_with_data, opened_of, service_of

    client = new_client(folder)
    app = client.app

    def request():
        return Request({"type": "http", "app": app, "headers": []})

    first, again = request(), request()
    mine = held_with_data(first, "maps", dict)
    assert held_with_data(again, "maps", dict) is mine
    bundle.save(town(2), folder)
    assert Follower(app.state.holder, app.state.settings, Log()).look()
    assert service_of(first).name["name"] == "town 1"
    assert opened_of(first) is opened_of(first)
    later = request()
    assert service_of(later).name["name"] == "town 2"
    assert held_with_data(later, "maps", dict) is not mine


def test_every_answer_is_of_the_new_dataset_after_the_change(folder, town):
    client = new_client(folder)
    versions = {client.get("/api/v1/dataset").json()["version"]}
    pages = ("/api/v1/dataset", "/api/v1/stations", "/api/v1/coverage", "/readyz")
    before = {page: client.get(page) for page in pages}
    spec = client.get("/openapi.json").json()
    bundle.save(town(2, stations=5), folder)
    app = client.app
    assert Follower(app.state.holder, app.state.settings, Log()).look()
    versions.add(client.get("/api/v1/dataset").json()["version"])
    assert len(versions) == 2
    for page, old in before.items():
        tag = {"If-None-Match": old.headers["etag"]} if "etag" in old.headers else {}
        new = client.get(page, headers=tag)
        assert new.status_code == 200, page
        assert new.json() != old.json(), page
    assert client.get("/readyz").json()["stations"] == 5
    assert client.get("/openapi.json").json() == spec


# --- a real server -------------------------------------------------------------------------------


def mapped(pid, folder):
    """Count the files of a folder that a process has mapped: those there, and those deleted."""
    lines = Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines()
    mine = [line for line in lines if str(folder) in line]
    return len([m for m in mine if not m.endswith("(deleted)")]), len(
        [m for m in mine if m.endswith("(deleted)")]
    )


@contextmanager
def served(folder, log):
    """Run a server that follows its folder; yields its address and its process."""
    command = [sys.executable, "-m", "web", "serve", "--data", str(folder), "--port", "0"]
    with log.open("w") as sink:  # nobody reads a pipe while it serves
        process = subprocess.Popen(
            command, stdout=sink, stderr=sink, env={"PATH": "", "LOCATOR_FOLLOW_SECONDS": "0.1"}
        )
        try:
            with log.open() as lines:
                address = read_until_listening(iter_until(lines, process), [])
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=300)


def iter_until(lines, process):
    """Yield the lines of a log that grows, until its process ends."""
    while process.poll() is None:
        yield from lines


@contextmanager
def asking(address, body):
    """Ask from four clients all the time; yields what was answered: (status, version)."""
    answers, done = [], threading.Event()

    def ask():
        with httpx.Client(base_url=address, timeout=60) as http:
            while not done.is_set():
                for answer in (http.post(NEAREST, json=body), http.get("/api/v1/stations")):
                    found = answer.json()
                    version = found.get("dataset", {}).get("version")
                    answers.append((answer.status_code, version))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def version_of(http):
    return http.get("/api/v1/dataset").json()["version"]


def awaited(check, http):
    """Ask until something is so; every question takes the server a turn of its loop."""
    for _ in range(200_000):
        if check():
            return
        http.get("/healthz")
    pytest.fail("it never came to be")


@pytest.mark.slow
def test_a_real_server_changes_over_under_load_without_a_failure(demo_inputs, tmp_path):
    folder = prepare_demo(demo_inputs, tmp_path / "demo")
    first = bundle.open_dataset(folder, private=False)
    place = first.stations.geometry.iloc[0]
    body = {"lon": place.x, "lat": place.y, "at": NOON}
    old = first.manifest["version"]
    second, third = some_of(first, 5, "second"), some_of(first, 20, "third")
    with (
        served(folder, tmp_path / "log") as (address, pid),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        assert version_of(http) == old
        here, gone = mapped(pid, folder)
        assert (here > 0) & (gone == 0)
        with asking(address, body) as answers:
            awaited(lambda: (200, old) in answers, http)
            new = bundle.save(second, folder)["version"]
            awaited(lambda: version_of(http) == new, http)
            last = bundle.save(third, folder)["version"]
            awaited(lambda: (200, last) in answers, http)
        # its files are let go: nothing of an old dataset stays mapped
        awaited(lambda: mapped(pid, folder)[1] == 0, http)
        assert http.get("/readyz").json()["stations"] == len(first.stations)
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers} - {None} >= {old, last}
    assert {version for _, version in answers} - {None} <= {old, new, last}
    log = (tmp_path / "log").read_text("utf-8")
    assert log.count("dataset replaced") == 2
    assert not re.search(r'"level": ?"(error|warning)"', log)
