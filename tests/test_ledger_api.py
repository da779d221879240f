"""The ledger over HTTP and on the command line."""

import asyncio
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from geodata.bundle import open_dataset
from tests.test_full_disk import no_file_longer_than
from tests.webtools import new_client, problem_of, service_of
from web.errors import ChangedMeanwhileError
from web.ledger import Ledger, today
from web.ledger_cut import begin, make_cut, next_of
from web.ledger_schemas import GapHistory, GapsAnswer, LedgerGap
from web.opened import Opened
from web.routes.working import Workbench
from web.service import Service
from web.settings import Settings

GAPS = "/api/v1/gaps"
TOKEN = "a-token-nobody-guesses"  # noqa: S105  of this test only
OCTOBER, NOVEMBER = "2025-10-25", "2025-11-25"


@pytest.fixture(scope="module")
def cut_twice(demo_dataset, tmp_path_factory):
    """A ledger of two months; tests copy it."""
    folder = tmp_path_factory.mktemp("api") / "ledger"
    service = Service(open_dataset(demo_dataset, private=False), Settings(data=demo_dataset))
    make_cut(service, Ledger(folder), OCTOBER)
    make_cut(service, Ledger(folder), NOVEMBER)
    return folder


@pytest.fixture
def folder(cut_twice, tmp_path):
    shutil.copytree(cut_twice, tmp_path / "ledger")
    return tmp_path / "ledger"


@pytest.fixture
def client(demo_dataset, folder):
    return new_client(demo_dataset, ledger=folder, access_log=False)


# --- listing -------------------------------------------------------------------------------------


def test_the_list_is_what_its_model_says_and_adds_up(client):
    found = client.get(GAPS)
    assert found.status_code == 200
    assert found.headers["cache-control"] == "private, no-cache"
    told = found.json()
    GapsAnswer.model_validate(told)
    assert (told["month"], told["months"]) == ("2025-11", ["2025-10", "2025-11"])
    assert told["other_dataset"] is False
    assert told["opened"] - told["filled"] + told["carried"] == told["open"]
    assert sum(told["states"].values()) == told["total"] == told["count"] == len(told["gaps"])
    workers = [gap["workers"] or 0 for gap in told["gaps"]]
    assert workers == sorted(workers, reverse=True)
    assert all(gap["workers"] is None or gap["workers"] % 5 == 0 for gap in told["gaps"])
    assert all(gap["workers"] is None for gap in told["gaps"] if gap["suppressed"])
    west, south, east, north = told["gaps"][0]["bbox"]
    assert west <= told["gaps"][0]["lon"] <= east
    assert south <= told["gaps"][0]["lat"] <= north


def test_ids_and_figures_are_those_of_coverage(client):
    cover = client.get("/api/v1/coverage").json()["features"]
    known = {feature["properties"]["id"]: feature["properties"] for feature in cover}
    for gap in client.get(GAPS).json()["gaps"]:
        same = known.pop(gap["id"])
        for name in ("workers", "area_km2", "cause", "also", "nearest_station", "region"):
            assert gap[name] == same[name], name
    assert known == {}


def test_filters(client):
    whole = client.get(GAPS).json()
    gap = whole["gaps"][0]
    client.patch(f"{GAPS}/{gap['id']}", json={"state": "refused"})
    only = client.get(GAPS, params={"state": "refused"}).json()
    assert [row["id"] for row in only["gaps"]] == [gap["id"]]
    assert only["states"] == {**whole["states"], "found": whole["total"] - 1, "refused": 1}
    here = client.get(GAPS, params={"region": gap["region"]}).json()
    expected = sum(row["region"] == gap["region"] for row in whole["gaps"])
    assert 0 < here["count"] == expected < whole["count"]
    then = client.get(GAPS, params={"month": "2025-11"}).json()
    assert then["states"]["refused"] == 0, "the month is as its cut left it"
    assert client.get(GAPS, params={"month": "2025-10"}).json()["carried"] == 0


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("month=2025-09", 404, "unknown_month"),
        ("month=2025-13", 422, "invalid_value"),
        ("month=soon", 422, "invalid_value"),
        ("state=built", 422, "not_in_list"),
        ("region=nowhere", 404, "unknown_region"),
        ("colour=red", 422, "unknown_parameter"),
    ],
)
def test_wrong_questions(client, query, status, code):
    found = problem_of(client.get(f"{GAPS}?{query}"), status)
    assert found["code"] == code
    if code == "unknown_month":
        assert "there are: 2025-10, 2025-11" in found["detail"]


def test_what_has_not_changed_is_not_sent_again(client):
    first = client.get(GAPS)
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get(GAPS, headers=tag).status_code == 304
    gap = first.json()["gaps"][0]["id"]
    one = client.get(f"{GAPS}/{gap}")
    assert one.headers["etag"] == one.json()["etag"] == first.json()["gaps"][0]["etag"]
    again = client.get(f"{GAPS}/{gap}", headers={"If-None-Match": one.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    client.patch(f"{GAPS}/{gap}", json={"note": "x"})
    assert client.get(GAPS, headers=tag).status_code == 200


# --- setting -------------------------------------------------------------------------------------


def test_a_planner_sets_state_union_and_note(client):
    gap = client.get(GAPS).json()["gaps"][0]["id"]
    body = {"state": "agreed", "responsible": "东湖区总工会", "note": " 三月\n动工 "}
    answer = client.patch(f"{GAPS}/{gap}", json=body)
    assert answer.status_code == 200
    LedgerGap.model_validate(answer.json())
    told = answer.json()
    assert (told["state"], told["responsible"], told["note"]) == (
        "agreed", "东湖区总工会", "三月 动工",
    )  # fmt: skip
    assert answer.headers["etag"] == told["etag"]
    later = client.patch(f"{GAPS}/{gap}", json={"state": "being built"}).json()
    assert (later["state"], later["note"]) == ("being_built", "三月 动工")
    one = client.get(f"{GAPS}/{gap}").json()
    GapHistory.model_validate(one)
    events = [(row["event"], row["state"]) for row in one["history"]]
    assert events == [("opened", "found"), ("set", "agreed"), ("set", "being_built")]
    assert all(row["at"] for row in one["history"])


def test_a_change_in_between_is_not_lost(client):
    gap = client.get(GAPS).json()["gaps"][0]
    address, tag = f"{GAPS}/{gap['id']}", {"If-Match": gap["etag"]}
    assert client.patch(address, json={"note": "first"}, headers=tag).status_code == 200
    late = client.patch(address, json={"note": "second"}, headers=tag)
    assert problem_of(late, 412)["code"] == "changed_meanwhile"
    assert client.get(address).json()["note"] == "first"
    weak = {"If-Match": f'"x", W/{client.get(address).headers["etag"]}'}
    assert client.patch(address, json={"note": "third"}, headers=weak).status_code == 200
    assert client.patch(address, json={"note": "4"}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body_not_json"),
        (b"{}", 422, "missing"),
        (b'{"state": "done"}', 422, "not_in_list"),
        (b'{"state": 5}', 422, "not_in_list"),
        (b'{"note": 5}', 422, "wrong_type"),
        (b'{"note": null}', 422, "missing"),
        (b'{"colour": "red"}', 422, "unknown_parameter"),
        (json.dumps({"note": "x" * 501}).encode(), 422, "over_limit"),
        (json.dumps({"responsible": "x" * 101}).encode(), 422, "over_limit"),
    ],
)
def test_wrong_bodies_change_nothing(client, body, status, code):
    gap = client.get(GAPS).json()["gaps"][0]
    answer = client.patch(f"{GAPS}/{gap['id']}", content=body)
    assert problem_of(answer, status)["code"] == code
    assert client.get(f"{GAPS}/{gap['id']}").json()["etag"] == gap["etag"]


def test_a_state_that_cannot_follow(client):
    gap = client.get(GAPS).json()["gaps"][0]["id"]
    client.patch(f"{GAPS}/{gap}", json={"state": "filled"})
    found = problem_of(client.patch(f"{GAPS}/{gap}", json={"state": "agreed"}), 422)
    assert found["code"] == "bad_transition"
    assert found["errors"] == [
        {
            "where": "state",
            "what": "a gap that is filled cannot become agreed",
            "fix": "it may become: found",
        }
    ]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_unknown_gap(client, method):
    body = {"json": {"state": "agreed"}} if method == "PATCH" else {}
    found = problem_of(client.request(method, f"{GAPS}/nowhere.1.1", **body), 404)
    assert found["code"] == "unknown_gap"


def test_only_planners_are_let_in(demo_dataset, folder):
    outside = new_client(
        demo_dataset, ledger=folder, host="0.0.0.0", planner_token=TOKEN, access_log=False  # noqa: S104
    )  # fmt: skip
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    gap = outside.get(GAPS, headers=bearer).json()["gaps"][0]["id"]
    for method, path in (("GET", GAPS), ("GET", f"{GAPS}/{gap}"), ("PATCH", f"{GAPS}/{gap}")):
        body = {"json": {"state": "agreed"}} if method == "PATCH" else {}
        assert problem_of(outside.request(method, path, **body), 401)["code"] == "unauthorized"
        assert outside.request(method, path, headers=bearer, **body).status_code == 200
    assert outside.get("/bulletin?month=2025-10").status_code == 200, "for everybody"


def test_before_the_first_cut_the_gaps_of_today_are_shown(demo_dataset, tmp_path):
    client = new_client(demo_dataset, ledger=tmp_path / "new", access_log=False)
    told = client.get(GAPS).json()
    GapsAnswer.model_validate(told)
    assert (told["month"], told["months"]) == (None, [])
    assert told["opened"] == told["open"] == told["total"] > 0
    gap = told["gaps"][0]
    assert not (tmp_path / "new").exists(), "to look is not to cut"
    wrong = client.patch(f"{GAPS}/nowhere.1.1", json={"state": "agreed"})
    assert problem_of(wrong, 404)["code"] == "unknown_gap"
    assert not (tmp_path / "new").exists()
    address, tag = f"{GAPS}/{gap['id']}", {"If-Match": gap["etag"]}
    other = {"If-Match": '"preview-of another-0"'}
    for body, headers, status in (
        ({"state": "agreed"}, other, 412),
        ({"state": "agreed"}, {"If-Match": '"x"'}, 412),
        ({"note": "x" * 501}, tag, 422),
        ({}, tag, 422),
    ):
        problem_of(client.patch(address, json=body, headers=headers), status)
        assert not (tmp_path / "new").exists(), "what is refused begins nothing"
    first = client.patch(address, json={"state": "agreed"}, headers=tag)
    assert first.status_code == 200
    second = client.patch(address, json={"state": "refused"}, headers=tag)
    assert problem_of(second, 412)["code"] == "changed_meanwhile"
    told = client.get(GAPS).json()
    assert told["months"] == [today()[:7]]
    assert told["states"]["agreed"] == 1


def test_cuts_that_the_ledger_has_forgotten_are_said_over_http(client, folder):
    assert client.get(GAPS).json()["lost"] == []
    (folder / "ledger.sqlite").unlink()
    assert client.get(GAPS).json()["lost"] == [], "they may be those of a cut that is being made"
    for path in (folder / "cuts").iterdir():
        os.utime(path, (0, 0))
    told = client.get(GAPS).json()
    GapsAnswer.model_validate(told)
    lost = [OCTOBER[:7], NOVEMBER[:7]]
    assert (told["month"], told["months"], told["lost"]) == (None, [], lost)
    refused = client.patch(f"{GAPS}/{told['gaps'][0]['id']}", json={"state": "agreed"})
    assert problem_of(refused, 503)["code"] == "ledger_lost"


def test_of_two_who_begin_the_ledger_at_once_one_is_refused(demo_dataset, tmp_path):
    client = new_client(demo_dataset, ledger=tmp_path / "new", access_log=False)
    gap = client.get(GAPS).json()["gaps"][0]
    service, ledger = service_of(client), Ledger(tmp_path / "new")
    preview = next_of(service, ledger, today())
    change = (gap["id"], {"state": "agreed"})
    tags = [begin(service, ledger, preview, change, gap["etag"]) for _ in range(2)]
    assert tags[0] == tags[1], "both begin it before either has set anything"
    ledger.set(*change, tags[0])
    with pytest.raises(ChangedMeanwhileError):
        ledger.set(gap["id"], {"state": "refused"}, tags[1])


def test_a_preview_of_other_data_is_sent_again(demo_dataset, tmp_path):
    client = new_client(demo_dataset, ledger=tmp_path / "new", access_log=False)
    gap = client.get(GAPS).json()["gaps"][0]
    known = {"If-None-Match": gap["etag"]}
    assert client.get(f"{GAPS}/{gap['id']}", headers=known).status_code == 304
    data = open_dataset(demo_dataset, private=False)
    other = replace(data, manifest={**data.manifest, "version": "another"})
    client.app.state.holder.replace(Opened(Service(other, client.app.state.settings), ()))
    assert client.get(f"{GAPS}/{gap['id']}", headers=known).status_code == 200


def test_what_is_done_alone_is_shared_with_nobody():
    """A change must never be answered with another one's, as the same questions are."""

    async def both():
        bench = Workbench(Settings())
        work = [bench.do(None, lambda number=number: number) for number in range(2)]
        return await asyncio.gather(*work)

    assert asyncio.run(both()) == [0, 1]


def test_a_damaged_cut_is_503(client, folder):
    assert client.get(GAPS).status_code == 200
    for path in folder.rglob("entries.json"):
        path.write_bytes(path.read_bytes()[:-3])
    assert problem_of(client.get(GAPS), 503)["code"] == "cut_damaged"
    assert problem_of(client.get("/bulletin?month=2025-10"), 503)["code"] == "cut_damaged"


def test_a_ledger_of_other_data_is_read_and_not_changed(demo_dataset, tmp_path, run, monkeypatch):
    """Its cells are not those of the dataset that has come in the place of another."""
    data = open_dataset(demo_dataset, private=False)
    other = replace(data, manifest={**data.manifest, "metric_crs": "EPSG:32650"})
    make_cut(Service(other, Settings()), Ledger(tmp_path / "ledger"), OCTOBER)
    client = new_client(demo_dataset, ledger=tmp_path / "ledger", access_log=False)
    told = client.get(GAPS).json()
    assert (told["other_dataset"], told["month"]) == (True, "2025-10")
    gap = told["gaps"][0]["id"]
    refused = problem_of(client.patch(f"{GAPS}/{gap}", json={"note": "x"}), 422)
    assert refused["code"] == "other_lattice"
    assert client.get(GAPS).json() == told
    monkeypatch.setenv("LOCATOR_LEDGER", str(tmp_path / "ledger"))
    said = "another lattice of cells"
    status, out, err = run("gaps", "list", "--data", demo_dataset)
    assert (status, gap in out, said in err) == (0, True, True)
    status, out, err = run("gaps", "set", gap, "--note", "x", "--data", demo_dataset)
    assert (status, out, said in err) == (2, "", True)


def test_on_a_full_disk_reading_goes_on(client, folder):
    """Not even the index of the journal that readers share has room."""
    told = client.get(GAPS).json()
    gap = told["gaps"][0]["id"]
    with no_file_longer_than(8192):
        assert [path.name for path in folder.glob("*.sqlite-*")] == []
        assert client.get(GAPS).json() == told
        with ThreadPoolExecutor(4) as many:
            found = list(many.map(lambda _: len(Ledger(folder).cuts()), range(12)))
        assert found == [2] * 12
        assert client.get(f"{GAPS}/{gap}").json()["history"][0]["event"] == "opened"
        assert client.get("/bulletin?month=2025-10").status_code == 200
        refused = problem_of(client.patch(f"{GAPS}/{gap}", json={"note": "x"}), 507)
        assert refused["code"] == "records_full"
    assert client.get(GAPS).json() == told
    assert client.patch(f"{GAPS}/{gap}", json={"note": "x"}).status_code == 200


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture
def ask(run, demo_dataset, folder, monkeypatch):
    monkeypatch.setenv("LOCATOR_LEDGER", str(folder))
    return lambda *arguments: run(*arguments, "--data", demo_dataset)


def test_list_and_set_on_the_command_line(ask, client):
    status, out, _ = ask("gaps", "list", "--json")
    assert status == 0
    assert json.loads(out) == client.get(GAPS).json()
    gap = json.loads(out)["gaps"][0]["id"]
    status, out, _ = ask(
        "gaps", "set", gap, "--state", "being built", "--responsible", "西湖区总工会", "--note", "-"
    )
    assert (status, out.split()) == (0, [gap, "being_built", "西湖区总工会", "-"])
    status, out, _ = ask("gaps", "list", "--state", "being_built")
    assert status == 0
    assert "西湖区总工会" in out
    assert "being_built 1" in out
    assert client.get(f"{GAPS}/{gap}").json()["responsible"] == "西湖区总工会"
    status, out, _ = ask("gaps", "set", gap, "--state", "filled", "--json")
    assert [row["state"] for row in json.loads(out)["history"]][-1] == "filled"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["set"], 2, "takes the id of a gap"),
        (["list", "x"], 2, "takes the id of a gap"),
        (["list", "--note", "x", "--minutes", "10"], 2, "`list` does not take --note, --minutes"),
        (["set", "x.1.1", "--state", "agreed", "--month", "2025-10"], 2, "take --month"),
        (["cut", "--state", "found"], 2, "`cut` does not take --state"),
        (["set", "nowhere.1.1", "--state", "agreed"], 1, "no such gap"),
        (["set", "nowhere.1.1"], 2, "nothing to set"),
        (["set", "nowhere.1.1", "--state", "done"], 2, "expected one of"),
        (["list", "--month", "2025-09"], 1, "there are: 2025-10, 2025-11"),
        (["list", "--month", "september"], 2, "a month like 2026-11"),
        (["list", "--region", "nowhere"], 2, "region"),
        (["cut", "--date", "2999-01-01"], 2, "not after today"),
        (["cut", "--date", "2025-09-25"], 2, "after the last cut"),
        (["cut", "--date", "2025-12-25", "--minutes", "10"], 2, "minutes"),
        (["cut", "--date", "2025-12-25", "--mode", "boat"], 2, "mode"),
        (["shred"], 2, "shred"),
    ],
)
def test_wrong_usage_of_gaps(ask, arguments, status, said):
    found, out, err = ask("gaps", *arguments)
    assert (found, out) == (status, "")
    assert said in " ".join(err.split())


def test_cut_on_the_command_line(ask):
    status, out, err = ask("gaps", "cut", "--date", "2025-12-25")
    assert status == 0
    assert out.startswith("cut of 2025-12-25: 0 opened - 0 filled + ")
    status, again, err = ask("gaps", "cut", "--date", "2025-12-26")
    assert (status, again) == (0, out)
    assert "2025-12 was cut already" in err
    status, out, _ = ask("gaps", "cut", "--date", "2026-01-25", "--json")
    assert json.loads(out)["month"] == "2026-01"


def test_the_first_change_begins_the_ledger(run, demo_dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCATOR_LEDGER", str(tmp_path / "new"))
    status, out, err = run("gaps", "list", "--data", demo_dataset, "--json")
    assert status == 0
    assert "nothing was cut yet" in err
    gap = json.loads(out)["gaps"][0]["id"]
    assert not (tmp_path / "new").exists()
    status, _, err = run("gaps", "set", gap, "--note", "seen", "--data", demo_dataset)
    assert status == 0
    assert f"a cut of {today()}" in err
    assert Ledger(tmp_path / "new").now().entry(gap).note == "seen"


def test_cuts_that_the_ledger_has_forgotten_are_said(run, demo_dataset, tmp_path, monkeypatch):
    folder = tmp_path / "forgotten"
    monkeypatch.setenv("LOCATOR_LEDGER", str(folder))
    cut = ("gaps", "cut", "--data", demo_dataset, "--date")
    for date in ("2025-11-25", "2025-12-25"):
        status, _, err = run(*cut, date)
        assert status == 0
        assert "does not know" not in err
    (folder / "ledger.sqlite").unlink()
    for asked in (("gaps", "list", "--data", demo_dataset), (*cut, "2025-12-26")):
        status, _, err = run(*asked)
        assert status == 0
        assert "cuts that lie beside it (2025-11, 2025-12)" in " ".join(err.split())
    # December is known again, November is not
    status, _, err = run("gaps", "list", "--data", demo_dataset)
    assert status == 0
    assert "(2025-11)" in " ".join(err.split())
