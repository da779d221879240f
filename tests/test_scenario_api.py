"""What-if over HTTP and at a terminal: the same answers, refusals that say why, a budget, a log."""

import json

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from tests.webtools import client_of, new_client, problem_of, service_of
from web.cli import app as cli

SCENARIO = "/api/v1/scenario"
RUN = CliRunner()


@pytest.fixture(scope="module")
def client(demo_dataset):
    return client_of(demo_dataset)


@pytest.fixture(scope="module")
def middle(client):
    west, south, east, north = service_of(client).extent
    return {"lon": round((west + east) / 2, 4), "lat": round((south + north) / 2, 4)}


@pytest.fixture(scope="module")
def ids(client):
    return service_of(client).index.stations["id"].tolist()


def ask(client, **body):
    found = client.post(SCENARIO, json=body)
    assert found.status_code == 200, found.text
    return found.json()


def test_a_station_more_covers_no_fewer(client, middle):
    found = ask(client, add=[middle], minutes=10)
    assert set(found) >= {"before", "after", "difference", "gaps"}
    assert set(found["gaps"]) == {"closed", "opened", "changed"}
    assert found["difference"]["homes_covered"] >= 0
    assert found["difference"]["street_km_covered"] >= 0
    assert found["after"]["workers"]["covered"] >= found["before"]["workers"]["covered"]


def test_before_is_the_coverage_of_the_same_question(client, middle):
    asked = {"minutes": 12, "at": "2026-11-24T20:00", "need": ["rest"], "stations_at_least": 2}
    before = ask(client, add=[middle], **asked)["before"]
    found = client.get("/api/v1/coverage", params={**asked, "geometry": "none"}).json()["summary"]
    before["parameters"].pop("geometry"), found["parameters"].pop("geometry")
    assert before == found


def test_all_changes_together(client, middle, ids):
    found = ask(
        client,
        add=[{**middle, "opening_hours": "每天8:00-20:00", "facilities": ["microwave"]}],
        remove=[ids[0]],
        hours={ids[1]: "24/7"},
        equip={ids[2]: ["microwave"]},
        move={ids[3]: [middle["lon"], middle["lat"]]},
        need=["hot_meal"],
        at="2026-11-24T19:00:00+08:00",
        mode="walk",
        access=["free"],
        kind=["care_station"],
    )
    assert [site["id"] for site in found["sites"]] == [ids[3], "new-1"]
    assert found["after"]["parameters"]["need"] == ["hot_meal"]


def test_every_figure_about_people_is_rounded_or_silent(client, middle, ids):
    found = ask(client, add=[middle], remove=ids[:3], minutes=15)
    assert found["people"] == "from cells"
    assert found["rounded_to"] == 5
    figures = []

    def collect(part, key=""):
        if isinstance(part, dict):
            for name, inner in part.items():
                collect(inner, name if name.startswith(("homes", "workers")) else key)
        elif isinstance(part, list):
            for inner in part:
                collect(inner, key)
        elif key and isinstance(part, int | float) and not isinstance(part, bool):
            figures.append(part)

    for name in ("difference", "gaps"):
        collect(found[name])
    assert figures
    assert all(value % 5 == 0 for value in figures)
    small = [
        gap[f"workers_{when}"]
        for gaps in found["gaps"].values()
        for gap in gaps
        for when in ("before", "after")
    ]
    assert all(value is None or value == 0 or value >= 10 for value in small)


def test_the_difference_is_that_of_the_two_answers(client, middle, ids):
    found = ask(client, add=[middle], remove=ids[:2])
    for name in ("homes", "workers"):
        less = found["after"][name]["covered"] - found["before"][name]["covered"]
        assert found["difference"][f"{name}_covered"] == less
    for code, row in found["difference"]["groups"].items():
        after, before = (
            found[when]["groups"][code]["workers"]["covered"] for when in ("after", "before")
        )
        assert row["workers_covered"] == after - before


def test_gaps_have_shapes_unless_none_are_asked_for(client, ids):
    drawn = ask(client, remove=ids[:4], minutes=8)["gaps"]
    plain = ask(client, remove=ids[:4], minutes=8, geometry="none")["gaps"]
    assert drawn["opened"] or drawn["changed"]
    for name in drawn:
        for shape, entry in zip(drawn[name], plain[name], strict=True):
            assert shape["type"] == "Feature"
            assert shape["geometry"]["type"] == "MultiPolygon"
            assert {key: shape[key] for key in entry} == entry


def test_places_stand_in_the_middle_of_a_square(client, middle):
    there = ask(client, add=[middle])
    beside = ask(client, add=[{**middle, "lon": there["sites"][0]["lon"] + 0.0002}])
    assert beside == there
    assert there["lattice_m"] == 100.0


def test_datums_are_read(client, middle):
    from geodata.datum import from_wgs84

    there = ask(client, add=[middle])["sites"]
    lon, lat = from_wgs84(np.array([there[0]["lon"]]), np.array([there[0]["lat"]]), "gcj02")
    moved = ask(client, add=[{"lon": float(lon[0]), "lat": float(lat[0]), "datum": "gcj02"}])
    assert moved["sites"][0]["lon"] == pytest.approx(there[0]["lon"], abs=1e-6)
    assert ask(client, add=[middle])["sites"] == there


def test_a_move_may_name_its_datum(client, middle, ids):
    plain = ask(client, move={ids[0]: [middle["lon"], middle["lat"]]})
    named = ask(client, move={ids[0]: {**middle, "datum": "cgcs2000"}})
    assert plain == named


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"remove": ["nowhere"]}, "unknown_station", "remove[0]"),
        ({"hours": {"nowhere": "24/7"}}, "unknown_station", "hours"),
        ({"equip": {"nowhere": ["water"]}}, "unknown_station", "equip"),
        ({"move": {"nowhere": [115.9, 28.7]}}, "unknown_station", "move"),
        ({"add": [{"lon": 1.0, "lat": 2.0}]}, "outside_data", "add[0]"),
        ({"add": [{"lon": 28.68, "lat": 115.89}]}, "out_of_range", "add[0].lat"),
        ({"add": [{"lon": 31.2, "lat": 85.4}]}, "out_of_range", "add[0].lat"),
        ({"move": {"nowhere": {"lon": 1, "lat": 91}}}, "out_of_range", None),
        ({"add": [{"lon": 1, "lat": 2, "nowhere": 1}]}, "unknown_parameter", "add[0]"),
        ({"add": [{"lon": 115.89, "lat": 28.68, "opening_hours": "?"}]}, "bad_hours", None),
        ({"add": [{"lon": 115.89, "lat": 28.68, "opening_hours": ""}]}, "bad_hours", None),
        (
            {"add": [{"lon": 115.89, "lat": 28.68, "opening_hours": "24/7 " * 300}]},
            "over_limit",
            "add[0].opening_hours",
        ),
        (
            {"add": [{"lon": 115.89, "lat": 28.68, "facilities": ["sauna"]}]},
            "not_in_list",
            "add[0].facilities",
        ),
        ({"add": [{"lon": 115.89, "lat": 28.68, "kind": "pub"}]}, "not_in_list", "add[0].kind"),
        ({"add": [{"lon": 115.89, "lat": 28.68}] * 201}, "over_limit", "question"),
        ({"add": [{"lon": 115.89}]}, "missing", "add[0].lat"),
        ({"add": [{"lon": "115.89", "lat": 28.68}]}, "wrong_type", "add[0].lon"),
        ({"add": {"lon": 115.89, "lat": 28.68}}, "wrong_type", "add"),
        ({"minutes": 999}, "over_limit", "minutes"),
        ({"build": []}, "unknown_parameter", "question"),
        ({"need": ["gold"]}, "not_in_list", "need"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(client, body, code, where):
    found = problem_of(client.post(SCENARIO, json=body), 422)
    assert found["code"] == code
    assert where is None or found["errors"][0]["where"] == where
    assert "nowhere" not in json.dumps(found)


def test_swapped_places_are_told_as_such(client):
    found = problem_of(client.post(SCENARIO, json={"add": [{"lon": 28.7, "lat": 115.9}]}), 422)
    assert found["detail"].startswith("add[0].lat: lon and lat look swapped")
    found = problem_of(client.post(SCENARIO, json={"add": [{"lon": 1, "lat": 115.9, "x": 1}]}), 422)
    assert [fault["where"] for fault in found["errors"]] == ["add[0].lat", "add[0]"]
    assert "lon, lat, datum" in found["errors"][1]["fix"]


def test_contradictions_are_refused(client, ids, middle):
    one = ids[0]
    for body in (
        {"remove": [one], "hours": {one: "24/7"}},
        {"remove": [one, one]},
        {"add": [{**middle, "id": one}]},
        {"add": [{**middle, "id": "a"}, {**middle, "id": "a"}]},
    ):
        assert problem_of(client.post(SCENARIO, json=body), 422)


def test_a_body_that_is_none_is_400_and_an_unknown_region_404(client):
    assert problem_of(client.post(SCENARIO, content=b"{"), 400)
    assert problem_of(client.post(SCENARIO, json={"region": "000000"}), 404)


def test_the_budget_of_a_planner_is_limited(demo_dataset, tmp_path):
    client = new_client(
        demo_dataset, scenarios_per_planner=2, scenario_log=tmp_path / "log" / "asked.jsonl"
    )
    for _ in range(2):
        assert client.post(SCENARIO, json={}).status_code == 200
    refused = client.post(SCENARIO, json={})
    assert "scenarios_per_planner" in problem_of(refused, 429)["detail"]
    assert int(refused.headers["retry-after"]) >= 1


def test_what_was_asked_is_logged_to_about_a_kilometre(demo_dataset, tmp_path, middle):
    log = tmp_path / "asked.jsonl"
    client = new_client(demo_dataset, scenario_log=log)
    place = {"lon": middle["lon"] + 0.001234, "lat": middle["lat"] + 0.001234}
    ask(client, add=[{**place, "name": "Wang's shop", "id": "secret"}], minutes=9)
    (line,) = log.read_text(encoding="utf-8").splitlines()
    entry = orjson.loads(line)
    assert entry["changes"] == {"add": 1}
    assert entry["planner"] == "loopback"
    assert entry["minutes"] == 9
    assert entry["near"] == [[round(place["lon"], 2), round(place["lat"], 2)]]
    assert "Wang" not in line
    assert "secret" not in line


def test_a_log_that_cannot_be_written_does_not_keep_planners_from_asking(demo_dataset, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    client = new_client(demo_dataset, scenario_log=tmp_path / "file" / "log.jsonl")
    assert client.post(SCENARIO, json={}).status_code == 200


def test_strangers_are_not_answered(demo_dataset):
    client = new_client(demo_dataset, host="0.0.0.0", planner_token="sesame")  # noqa: S104, S106
    assert problem_of(client.post(SCENARIO, json={}), 401)
    headers = {"Authorization": "Bearer sesame"}
    assert client.post(SCENARIO, json={}, headers=headers).status_code == 200


# --- at a terminal -------------------------------------------------------------------------------


def run(demo_dataset, *arguments):
    return RUN.invoke(cli, ["scenario", "--data", str(demo_dataset), *arguments])


def test_the_command_prints_the_object_with_exact_people(demo_dataset, middle, ids):
    place = f"{middle['lon']},{middle['lat']}"
    done = run(
        demo_dataset,
        *("--add", f"{place},Mo-Fr 08:00-12:00,14:00-20:00", "--remove", ids[0]),
        *("--hours", f"{ids[1]}=24/7", "--move", f"{ids[2]}={place}"),
        *("--equip", f"{ids[3]}=microwave,water", "--at", "2026-11-24T15:00", "--json"),
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["people"] == "exact"
    assert found["lattice_m"] is None
    assert found["sites"][1]["lon"] == middle["lon"]
    for name in ("homes", "workers"):
        less = found["after"][name]["covered"] - found["before"][name]["covered"]
        assert found["difference"][f"{name}_covered"] == less
        by_group = sum(row[f"{name}_covered"] for row in found["difference"]["groups"].values())
        by_region = sum(row[f"{name}_covered"] for row in found["difference"]["regions"])
        assert by_group == less
        gained, lost = (found["difference"][key] for key in ("gained", "lost"))
        assert gained[name] - lost[name] == less
        assert sum(row[name] for row in gained["causes"].values()) == gained[name]
        assert by_region == less


def test_the_command_reports_in_words(demo_dataset, middle):
    done = run(demo_dataset, "--add", f"{middle['lon']},{middle['lat']}", "--minutes", "10")
    assert done.exit_code == 0
    assert done.stdout.startswith("covered")
    assert "gaps:" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--add", "here"),
        ("--add", "115.89"),
        ("--add", "115.89,28.68,whenever"),
        ("--add", "1,2"),
        ("--remove", "nowhere"),
        ("--hours", "24/7"),
        ("--hours", "nowhere=24/7"),
        ("--move", "x=1"),
        ("--equip", "=water"),
        ("--minutes", "0"),
    ],
)
def test_wrong_usage_is_status_2(demo_dataset, arguments):
    assert run(demo_dataset, *arguments).exit_code == 2
