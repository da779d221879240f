"""What planners are promised by name: fields, units, statuses and exit codes, over both doors.

The words stand here as the interface has them, written out once more: what is renamed fails.
"""

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

import geodata
import locator
from locator.arrival import CAUSES
from tests.webtools import new_client, problem_of

AT = "2026-11-29T23:52"  # over midnight and into Monday
PEOPLE = {"total", "covered", "uncovered", "unreachable", "off_network"}
SUMMARY = {
    "homes", "workers", "street_km", "area_km2", "share_covered", "share_of",
    "share_covered_if_unknown_open", "share_band", "groups", "regions", "causes", "people",
    "rounded_to", "parameters", "dataset",
}  # fmt: skip
GAP = {
    "id", "region", "area_km2", "workers", "nearest_seconds", "nearest_station", "cause", "also",
    "detour_ratio",
}  # fmt: skip
SITE = {"id", "order", "action", "cost_yuan", "gain_homes", "gain_workers"}
RESULT = {"objective_name", "chosen", "objective", "bound", "gap", "spent_yuan"}


@pytest.fixture(scope="module")
def public(demo_dataset, tmp_path_factory):
    """The demo city as a server has it: without `private/`."""
    folder = tmp_path_factory.mktemp("public") / "city"
    shutil.copytree(demo_dataset, folder)
    shutil.rmtree(folder / "private")
    return folder


@pytest.fixture(scope="module")
def client(public, tmp_path_factory):
    """A server of it, its jobs and ledger in folders of their own."""
    root = tmp_path_factory.mktemp("kept")
    made = new_client(public, jobs=root / "jobs", ledger=root / "ledger")
    yield made
    desk = getattr(made.app.state, "desk", None)
    if desk is not None:
        desk.close()


@pytest.fixture(scope="module")
def stations(public):
    """The table of stations."""
    return geodata.open_dataset(public, private=False).stations


def done(client, question):
    """The job of a plan once it has ended."""
    asked = client.post("/api/v1/plan", json=question)
    assert asked.status_code == 202, asked.text
    where = asked.headers["location"]
    assert where == f"/api/v1/jobs/{asked.json()['id']}"
    desk = client.app.state.desk
    while not desk.find(asked.json()["id"]).final:
        desk._runner.wait(600)
    return client.get(where).json()


def candidates(stations):
    """Everything that can be done, at places of this city."""
    one, two = stations.iloc[[3, 9]].itertuples()
    return [
        {"id": "new", "lon": one.lon + 0.006, "lat": one.lat, "datum": "wgs84", "action": "build",
         "cost_yuan": 60000.01, "opening_hours": "06:00-24:00", "facilities": ["microwave"]},
        {"id": "old mill", "lon": two.lon, "lat": two.lat + 0.006, "datum": "gcj02",
         "action": "convert", "cost_yuan": 20000.5},
        {"id": "late", "action": "extend", "station": one.id, "cost_yuan": 9000,
         "opening_hours": "24/7"},
        {"id": "hot", "action": "equip", "station": one.id, "cost_yuan": 800,
         "facilities": ["microwave"]},
    ]  # fmt: skip


# --- causes --------------------------------------------------------------------------------------


def test_the_words_of_causes_and_their_order():
    assert CAUSES == (
        "hours_unknown", "closed", "no_such_need", "access", "planned", "off_network",
        "unreachable", "barrier", "too_far",
    )  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": "ebike", "minutes": 4, "at": AT, "need": "hot_meal"},
        {"mode": "walk", "minutes": 21, "stations_at_least": 2, "include": "building"},
        {"mode": "drive", "minutes": 2, "at": "2026-10-01T06:30", "kind": "driver_home"},
    ],
)
def test_every_gap_says_why_and_exact_counts_add_up(run, client, demo_dataset, asked):
    found = client.get(f"/api/v1/coverage?{urlencode(asked)}").json()
    assert set(found["summary"]) >= SUMMARY
    for feature in found["features"]:
        gap = feature["properties"]
        assert set(gap) >= GAP
        assert gap["cause"] in CAUSES
        assert set(gap["also"]) <= set(CAUSES[: CAUSES.index(gap["cause"])])
    words = [word for name, value in asked.items() for word in (_option(name), value)]
    status, out, _ = run("coverage", "--data", demo_dataset, *words, "--geometry", "none", "--json")
    assert status == 0
    exact = json.loads(out)["summary"]
    assert exact["people"] == "exact"
    assert set(exact["causes"]) <= set(CAUSES)
    assert set(exact["homes"]) >= PEOPLE
    for name in ("homes", "workers"):
        for part in (exact, *exact["regions"], *exact["groups"].values()):
            why = sum(row[name] for row in part["causes"].values())
            assert why == part[name]["uncovered"] == part[name]["total"] - part[name]["covered"]
        for parts in (exact["regions"], exact["groups"].values()):
            for cause, row in exact["causes"].items():
                by_part = sum(part["causes"].get(cause, {name: 0})[name] for part in parts)
                assert by_part == row[name]


def _option(name):
    """The option of a parameter."""
    return f"--{name.replace('_', '-')}"


# --- what if -------------------------------------------------------------------------------------


def test_a_scenario_has_the_fields_of_the_interface(client, stations):
    ids = stations["id"].tolist()
    body = {
        "add": [{"lon": 115.89, "lat": 28.68, "datum": "bd09", "opening_hours": "18:00-06:00",
                 "facilities": ["microwave", "seats"]}],
        "remove": ids[:2], "hours": {ids[4]: "Mo-Fr 09:00-12:00,14:00-17:30"},
        "mode": "ebike", "minutes": 6, "at": AT, "need": ["hot_meal"],
    }  # fmt: skip
    answer = client.post("/api/v1/scenario", json=body)
    assert answer.status_code == 200
    found = answer.json()
    assert set(found) >= {"before", "after", "difference", "gaps"}
    assert set(found["before"]) >= SUMMARY
    assert set(found["after"]) >= SUMMARY
    assert set(found["difference"]) >= {"homes_covered", "workers_covered", "street_km_covered"}
    assert set(found["gaps"]) == {"closed", "opened", "changed"}
    before = client.get(
        f"/api/v1/coverage?mode=ebike&minutes=6&at={AT}&need=hot_meal&geometry=gaps"
    )
    assert found["before"] == before.json()["summary"]


def test_a_scenario_is_what_a_dataset_with_the_changed_table_answers(run, demo_dataset, stations):
    data = geodata.open_dataset(demo_dataset, private=True)
    gone, late = stations["id"].iloc[[0, 5]]
    rows = stations["id"].to_numpy() != gone
    table = data.stations[rows].reset_index(drop=True)
    table.loc[table["id"] == late, "opening_hours"] = "20:00-08:00"
    places = {
        mode: type(at)(*(column[rows] for column in vars(at).values()))
        for mode, at in data.station_positions.items()
    }
    anew = locator.Index(replace(data, stations=table, station_positions=places))
    told = anew.coverage(mode="ebike", minutes=7, at=AT, exact=True).summary
    status, out, _ = run(
        "scenario", "--data", demo_dataset, "--remove", gone, "--hours", f"{late}=20:00-08:00",
        "--mode", "ebike", "--minutes", "7", "--at", AT, "--json",
    )  # fmt: skip
    assert status == 0
    after = json.loads(out)["after"]
    for name in ("homes", "workers", "street_km", "causes", "groups", "regions", "share_covered"):
        assert after[name] == json.loads(json.dumps(told[name])), name


# --- plans ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aim", "unit"),
    [
        ({"objective_name": "coverage", "budget_yuan": 70000.01}, "workers"),
        ({"objective_name": "coverage", "sites": 2}, "workers"),
        ({"objective_name": "median", "sites": 2}, "seconds"),
        ({"objective_name": "center", "sites": 1}, "seconds"),
        (
            {
                "objective_name": "cover",
                "target_share": 0.01,
                "target_of": "uncovered",
                "least": "sites",
            },
            "sites",
        ),
    ],
)
def test_a_plan_has_the_fields_of_the_interface(client, stations, aim, unit):
    asked = {"mode": "ebike", "minutes": 5, "at": "2026-11-25T22:00", "time_limit_seconds": 10}
    job = done(client, {**aim, **asked, "candidates": candidates(stations)})
    assert job["state"] == "done", job["error"]
    assert job["progress"] == 1
    result = job["result"]
    assert set(result) >= RESULT
    assert result["objective_name"] == aim["objective_name"]
    assert result["objective_unit"] == unit
    assert all(set(site) >= SITE for site in result["chosen"])
    assert [site["order"] for site in result["chosen"]] == [*range(1, len(result["chosen"]) + 1)]
    bound, objective = result["bound"], result["objective"]
    assert result["gap"] == pytest.approx(abs(bound - objective) / abs(bound))
    assert bound >= objective if unit == "workers" else bound <= objective
    if unit == "sites":
        assert objective == len(result["chosen"]) > 0
    costs = sum(round(site["cost_yuan"] * 100) for site in result["chosen"])
    assert result["spent_yuan"] == costs / 100
    if "budget_yuan" in aim:
        assert costs <= 7_000_001
        if unit == "workers":
            assert objective == result["after"]["workers"]["covered"]


def test_what_is_wrong_with_a_plan_is_said_before_it_is_a_job(client, stations):
    good = candidates(stations)
    for wrong, where in (
        ({"cost_yuan": 10.005}, "candidates[0].cost_yuan"),
        ({"cost_yuan": -1}, "candidates[0].cost_yuan"),
        ({"opening_hours": "whenever"}, "candidates[0].opening_hours"),
        ({"facilities": ["jacuzzi"]}, "candidates[0].facilities"),
        ({"action": "burn"}, "candidates[0].action"),
        ({"action": "extend", "station": "nobody's"}, "candidates[0].station"),
        ({"lon": 500}, "candidates[0].lon"),
        ({"datum": "mars"}, "candidates[0].datum"),
    ):
        body = {"sites": 1, "candidates": [{**good[0], **wrong}, *good[1:]]}
        refused = problem_of(client.post("/api/v1/plan", json=body), 422)
        assert [fault["where"] for fault in refused["errors"]] == [where]
    for body, status in (
        ({}, 422), ({"sites": 1, "budget_yuan": 5}, 422), ({"budget_yuan": 1.005}, 422),
        ({"objective_name": "cover", "sites": 3}, 422), ({"sites": 1, "region": "none"}, 404),
        ({"sites": 1, "least": "sites"}, 422), ({"target_share": 1, "target_of": "none"}, 422),
        ({"sites": 1, "target_of": "uncovered"}, 422),
        ({"objective_name": "cheapest", "sites": 3}, 422), ({"sites": 0}, 422),
    ):  # fmt: skip
        problem_of(client.post("/api/v1/plan", json=body), status)
    problem_of(client.post("/api/v1/plan", content=b"{"), 400)
    problem_of(client.get("/api/v1/jobs/0123456789abcdef"), 404)
    problem_of(client.delete("/api/v1/jobs/0123456789abcdef"), 404)


def test_existing_stations_stay_unless_told_otherwise(run, demo_dataset, stations, tmp_path):
    """A plan without some stations is the plan of a table that lacks them."""
    gone = stations["id"].iloc[[1, 7]].tolist()
    data = geodata.open_dataset(demo_dataset, private=True)
    rows = ~stations["id"].isin(gone).to_numpy()
    places = {
        mode: type(at)(*(column[rows] for column in vars(at).values()))
        for mode, at in data.station_positions.items()
    }
    left = replace(
        data, stations=data.stations[rows].reset_index(drop=True), station_positions=places
    )
    given = candidates(stations)[:2]
    told = locator.Index(left).plan(
        [{**each, "datum": "wgs84"} for each in given], sites=2, minutes=9, exact=True
    )
    table = tmp_path / "sites.csv"
    frame = pd.DataFrame(given).assign(datum="wgs84")
    frame["facilities"] = ["microwave", ""]
    frame.to_csv(table, index=False)
    removed = [word for code in gone for word in ("--remove", code)]
    words = ("plan", "--data", demo_dataset, "--candidates", table, "--sites", 2, "--minutes", 9)
    status, out, err = run(*words, *removed, "--json")
    assert status == 0, err
    result = json.loads(out)
    assert result["before"] == told.result["before"]
    assert result["objective"] == told.result["objective"]
    assert [site["id"] for site in result["chosen"]] == [
        site["id"] for site in told.result["chosen"]
    ]
    assert result["parameters"]["remove"] == gone
    stay = json.loads(run(*words, "--json")[1])
    assert stay["before"]["workers"]["covered"] > result["before"]["workers"]["covered"]


def test_stations_that_close_in_a_plan_are_known_and_left_alone(
    run, client, demo_dataset, stations
):
    given, gone = candidates(stations)[:2], stations["id"].iloc[[1, 7]].tolist()
    words = ("plan", "--data", demo_dataset, "--candidates", "auto", "--sites", 2)
    assert run(*words, "--remove", "nobody's")[0] == 2
    body = {"sites": 1, "remove": ["nobody's"], "candidates": given}
    refused = problem_of(client.post("/api/v1/plan", json=body), 422)
    assert refused["code"] == "unknown_station"
    # nothing can be done at a station that closes
    late = {**candidates(stations)[2]}
    body = {"sites": 1, "remove": [late["station"]], "candidates": [late]}
    problem_of(client.post("/api/v1/plan", json=body), 422)
    job = done(client, {"sites": 2, "minutes": 9, "remove": gone, "candidates": given})
    assert job["state"] == "done", job["error"]
    assert job["result"]["parameters"]["remove"] == gone


# --- the week, the gaps --------------------------------------------------------------------------


def test_a_week_has_the_fields_of_the_interface(client):
    found = client.get("/api/v1/clock?mode=ebike&minutes=4&week=2026-10-01&need=hot_meal").json()
    assert set(found) >= {"hours", "worst", "distinct_open_sets"}
    assert [(hour["weekday"], hour["hour"]) for hour in found["hours"]] == [
        (day, hour) for day in range(7) for hour in range(24)
    ]
    assert set(found["hours"][0]) >= {"weekday", "hour", "share_covered", "workers_uncovered"}
    assert 1 <= found["distinct_open_sets"] <= 168
    # over Sunday's midnight, and on a holiday that is a Thursday: as asked for that hour alone
    for row in (3 * 24 + 9, 6 * 24 + 23):
        hour = found["hours"][row]
        day = found["days"][hour["weekday"]]["date"]
        at = f"{day}T{hour['hour']:02}:00"
        asked = f"mode=ebike&minutes=4&need=hot_meal&at={at}&geometry=none"
        told = client.get(f"/api/v1/coverage?{asked}").json()["summary"]
        assert hour["share_covered"] == told["share_covered"]
        assert hour["workers_uncovered"] == told["workers"]["uncovered"]


def test_a_gap_is_listed_and_set(client):
    listed = client.get("/api/v1/gaps").json()
    assert listed["opened"] - listed["filled"] + listed["carried"] == listed["open"]
    gap = listed["gaps"][0]
    assert set(gap) >= {"id", "state", "responsible", "note", "since"}
    body = {"state": "being_built", "responsible": "东湖区总工会", "note": "三月动工"}
    told = client.patch(f"/api/v1/gaps/{gap['id']}", json=body)
    assert told.status_code == 200
    assert {name: told.json()[name] for name in body} == body
    problem_of(client.patch(f"/api/v1/gaps/{gap['id']}", json={"state": "lost"}), 422)
    problem_of(client.patch("/api/v1/gaps/none", json={"state": "agreed"}), 404)


# --- both doors, and the exit codes --------------------------------------------------------------


def test_the_command_line_prints_the_http_object(run, client, public, stations):
    code = stations["id"].iloc[1]
    for command, words, method, address, body in (
        ("coverage", ("--at", AT), "GET", f"coverage?at={AT}", None),
        ("clock", ("--week", "2026-10-01"), "GET", "clock?week=2026-10-01", None),
        ("scenario", ("--remove", code), "POST", "scenario", {"remove": [code]}),
    ):
        status, out, err = run(command, "--data", public, *words, "--json")
        assert status == 0, err
        answer = client.request(method, f"/api/v1/{address}", json=body).json()
        printed = json.loads(out)
        for told in (answer, printed):  # the command line puts no place into a square
            told.pop("lattice_m", None)
        assert printed == answer, command


def test_a_plan_on_the_command_line_is_the_result_of_the_job(run, client, public, stations):
    extend = candidates(stations)[2]
    words = ("--candidates", public.parent / "late.csv", "--sites", "1", "--at", "2026-11-25T23:00")
    (public.parent / "late.csv").write_text(
        f"id,action,station,cost_yuan,opening_hours\nlate,extend,{extend['station']},9000,24/7\n"
    )
    status, out, err = run("plan", "--data", public, *words, "--time-limit", "60", "--json")
    assert status == 0, err
    asked = {"sites": 1, "at": "2026-11-25T23:00", "time_limit_seconds": 60}
    job = done(client, {**asked, "candidates": [extend]})
    printed = json.loads(out)
    assert printed["people"] == "from cells"
    for told in (printed, job["result"]):
        told.pop("sites_snapped_m", None)
    assert printed["parameters"] == job["result"]["parameters"]
    assert printed == job["result"]


def test_exit_codes(run, demo_dataset, stations, tmp_path):
    auto = ("plan", "--data", demo_dataset, "--candidates", "auto", "--time-limit", "2")
    code = stations["id"].iloc[0]
    for status, *words in (
        (2, *auto), (2, *auto, "--budget", "1.005"), (2, *auto, "--target", "1.01"),
        (2, *auto, "--sites", "1", "--objective", "cover"), (1, *auto, "--target", "1"),
        (2, *auto, "--sites", "1", "--least", "sites"), (2, *auto, "--target", "1", "--least", "x"),
        (2, *auto, "--sites", "1", "--target-of", "uncovered"),
        (1, *auto, "--target", "1", "--target-of", "uncovered", "--least", "sites"),
        (1, *auto[:3], "--candidates", tmp_path / "none.csv", "--sites", "1"),
        (2, "scenario", "--data", demo_dataset, "--add", "115.9"),
        (2, "scenario", "--data", demo_dataset, "--hours", f"{code}=25:00"),
        (2, "scenario", "--data", demo_dataset, "--remove", "nobody's"),
        (2, "clock", "--data", demo_dataset, "--week", "2026-02-30"),
        (2, "clock", "--data", demo_dataset, "--out", tmp_path / "week.pdf"),
        (1, "gaps", "set", "none", "--data", demo_dataset, "--state", "agreed"),
        (2, "gaps", "list", "--data", demo_dataset, "--state", "lost"),
        (2, "bulletin", "--data", demo_dataset, "--month", "2026-13"),
        (1, "bulletin", "--data", demo_dataset, "--month", "2020-01"),
        (1, "scenario", "--data", tmp_path / "nowhere"),
    ):  # fmt: skip
        got, out, err = run(*words)
        assert got == status, (words, err)
        assert out == ""
        assert err.strip()


@pytest.mark.parametrize("command", ["scenario", "plan", "clock", "gaps", "bulletin"])
def test_every_command_has_help_with_an_example(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"locator {command}" in out.split("Example")[1]


def test_files_are_what_their_endings_say(run, demo_dataset, stations, tmp_path):
    table = tmp_path / "sites.csv"
    pd.DataFrame(candidates(stations)[:2]).drop(columns="facilities").to_csv(table, index=False)
    asked = ("plan", "--data", demo_dataset, "--candidates", table, "--sites", "2")
    for name in ("plan.geojson", "plan.xlsx", "plan.html"):
        assert run(*asked, "--minutes", "8", "--out", tmp_path / name)[0] == 0
    frame = gpd.read_file(tmp_path / "plan.geojson")
    assert frame.crs.to_epsg() == 4326
    assert (frame.geom_type == "Point").all()
    assert set(frame["id"]) <= {"new", "old mill"}
    assert openpyxl.load_workbook(tmp_path / "plan.xlsx").sheetnames
    assert (tmp_path / "plan.html").read_bytes().lstrip().lower().startswith(b"<!doctype html")
    for name, head in (("week.png", b"\x89PNG"), ("week.csv", b"\xef\xbb\xbfof,")):
        assert run("clock", "--data", demo_dataset, "--out", tmp_path / name)[0] == 0
        assert (tmp_path / name).read_bytes().startswith(head)


# --- python --------------------------------------------------------------------------------------


def test_the_lines_of_the_readme(demo_dataset):
    index = locator.Index(geodata.open_dataset(demo_dataset, private=True))
    gaps = index.coverage(minutes=15).gaps.to_geodataframe()
    assert gaps.crs.to_epsg() == 4326
    assert set(gaps.columns) >= GAP
    sites = index.plan(sites=3, minutes=5, exact=True, time_limit_seconds=10).to_geodataframe()
    assert set(sites.columns) >= SITE
    assert sites.crs.to_epsg() == 4326
    gains = sites["gain_workers"].tolist()
    assert all(after <= before for before, after in pairwise(gains))
    shares = index.clock(week="2026-11-25").hours["share_covered"]
    assert len(shares) == 168
    assert np.isfinite(shares).all()
