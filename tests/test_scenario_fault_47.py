"""FAULTS row 47: differencing what-if answers of near-equal sites does not find one home.

The canary is the only home of its group, on a street of its own. The attack asks about a station at
sites a few metres apart along a line through it, so that the limit passes over the home between two
of them, and looks at every difference. Where homes themselves are counted (the data's owner, at the
command line) it finds the canary at once, which shows that it is an attack; over HTTP it finds
nothing, and cannot: the answers are the same wherever in its published cell the canary lives.
"""

import itertools
import shutil

import numpy as np
import pytest

from geodata import open_dataset
from geodata.anonymity import publish
from geodata.datum import project
from geodata.sample import CANARY
from locator import Index
from locator.changes import Changes, NewStation
from tests.webtools import new_client, service_of

SCENARIO = "/api/v1/scenario"
STEP_M, STEPS = 20.0, 20
PER_LAT, PER_LON = 111_200.0, 97_500.0
MINUTES = 3


def sites():
    """Sites along a line through the canary, a few metres apart."""
    for step in range(-STEPS, STEPS + 1):
        yield CANARY.lon + step * STEP_M / PER_LON, CANARY.lat + step * STEP_M / PER_LAT / 4


def answers(client):
    """What an attacker gets: one answer a site."""
    out = []
    for lon, lat in sites():
        body = {"add": [{"lon": lon, "lat": lat}], "minutes": MINUTES, "geometry": "none"}
        found = client.post(SCENARIO, json=body)
        assert found.status_code == 200, found.text
        out.append(found.json())
    return out


def steps(numbers):
    """The differences of answers to near-equal sites."""
    return {abs(int(a - b)) for a, b in itertools.pairwise(numbers)} - {0}


@pytest.fixture(scope="module")
def public_only(canary_dataset, tmp_path_factory):
    """The dataset as it is served: without anybody's home."""
    folder = tmp_path_factory.mktemp("served") / "city"
    shutil.copytree(canary_dataset, folder)
    shutil.rmtree(folder / "private")
    return folder


@pytest.fixture(scope="module")
def leaked(public_only, tmp_path_factory):
    """All that the attack gets over HTTP."""
    return answers(new_client(public_only, scenario_log=tmp_path_factory.mktemp("log") / "l.jsonl"))


def test_fault_47_the_attack_finds_the_canary_where_homes_are_counted(canary_dataset):
    index = Index(open_dataset(canary_dataset, private=True))
    groups = index.scenario(Changes(), exact=True).before["groups"]
    assert groups[CANARY.group]["homes"]["total"] == 1
    seen = []
    for lon, lat in sites():
        found = index.scenario(Changes([NewStation("x", lon, lat)]), minutes=MINUTES, exact=True)
        seen.append(found.difference["groups"][CANARY.group]["workers_covered"])
    assert steps(seen) == {CANARY.workers}


def test_fault_47_the_attack_finds_nothing_over_http(leaked):
    for found in leaked:
        assert CANARY.group not in found["before"]["groups"]
        assert CANARY.group not in found["difference"]["groups"]
    for groups in ({"": None}, leaked[0]["difference"]["groups"]):
        for code in groups:
            covered = [
                found["difference"]["workers_covered"]
                if code == ""
                else found["difference"]["groups"][code]["workers_covered"]
                for found in leaked
            ]
            assert all(number % 5 == 0 for number in steps(covered))


def test_fault_47_answers_differ_by_squares_only(leaked):
    places = [tuple((site["lon"], site["lat"]) for site in found["sites"]) for found in leaked]
    distinct = dict(zip(places, leaked, strict=True))
    assert len(distinct) < len(leaked) / 2
    for place, found in zip(places, leaked, strict=True):
        assert found == distinct[place]


def test_fault_47_answers_do_not_know_where_in_its_cell_the_canary_lives(canary_dataset):
    dataset = open_dataset(canary_dataset, private=True)
    homes = dataset.homes
    row = int(np.argmin(np.hypot(homes["lon"] - CANARY.lon, homes["lat"] - CANARY.lat).to_numpy()))
    view = Index(dataset).view("walk")
    x, y = project(homes["lon"].to_numpy(), homes["lat"].to_numpy(), view.places.crs)
    rest = homes["workers"].to_numpy(), homes["group"].to_numpy(object)
    there = publish(x, y, *rest)
    corner = np.floor(x[row] / 500) * 500, np.floor(y[row] / 500) * 500
    for part in (0.01, 0.5, 0.99):
        moved_x, moved_y = x.copy(), y.copy()
        moved_x[row], moved_y[row] = corner[0] + part * 500, corner[1] + (1 - part) * 500
        assert publish(moved_x, moved_y, *rest).equals(there)


def test_fault_47_answers_come_from_what_is_published(canary_dataset, leaked, tmp_path):
    whole = new_client(canary_dataset, scenario_log=tmp_path / "log.jsonl")
    assert service_of(whole).dataset.homes is None
    first = next(iter(sites()))
    body = {"add": [dict(zip(("lon", "lat"), first, strict=True))], "minutes": MINUTES}
    assert whole.post(SCENARIO, json={**body, "geometry": "none"}).json() == leaked[0]


def test_fault_47_a_planner_cannot_ask_without_end(public_only, tmp_path):
    client = new_client(public_only, scenarios_per_planner=5, scenario_log=tmp_path / "log.jsonl")
    states = [client.post(SCENARIO, json={"minutes": 1}).status_code for _ in range(8)]
    assert states == [200] * 5 + [429] * 3
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 5
