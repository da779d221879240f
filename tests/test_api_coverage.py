"""``/api/v1/coverage``, ``/api/v1/dataset``: shares, gaps, what may leave, entity tags."""

from dataclasses import replace
from datetime import datetime

import pytest
import shapely
from shapely.geometry import shape

import locator.questions
import web.service
from geodata.bundle import open_dataset
from tests.webtools import COVERAGE, NIGHT, NOON, client_of, new_client, problem_of, service_of
from web.dependencies import departure
from web.keeping import Kept
from web.opened import Opened
from web.schemas import CoverageAnswer, CoverageQuestion
from web.service import Service
from web.summaries import Discretion, discreet_gap, discreet_summary


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def ask(client, **asked):
    answer = client.get(COVERAGE, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def people_figures(summary):
    """Every figure about people in a summary."""
    found = [*summary["homes"].values(), *summary["workers"].values()]
    for part in [*summary["groups"].values(), *summary["regions"]]:
        found += [*part["homes"].values(), *part["workers"].values()]
    for cause in summary["causes"].values():
        found += [cause["homes"], cause["workers"]]
    return found


def test_the_answer_has_the_shape_of_the_interface(client):
    found = ask(client)
    assert found["type"] == "FeatureCollection"
    summary = found["summary"]
    assert set(summary) >= {
        "homes", "workers", "street_km", "area_km2", "share_covered", "share_of",
        "share_covered_if_unknown_open", "share_band", "groups", "regions", "causes", "people",
        "rounded_to", "parameters", "dataset",
    }  # fmt: skip
    assert set(summary["homes"]) >= {"total", "covered", "uncovered", "unreachable", "off_network"}
    assert set(summary["share_band"]) == {"slow", "fast"}
    gap = found["features"][0]
    assert set(gap["properties"]) >= {
        "id", "region", "area_km2", "workers", "nearest_seconds", "nearest_station", "cause",
        "also", "detour_ratio", "lon", "lat", "suppressed",
    }  # fmt: skip
    CoverageAnswer.model_validate(found)


def test_figures_about_people_are_rounded_to_five_each_by_itself(client):
    summary = ask(client, at=NIGHT)["summary"]
    assert (summary["people"], summary["rounded_to"]) == ("from cells", 5)
    figures = people_figures(summary)
    assert figures
    assert all(figure % 5 == 0 for figure in figures)
    index = service_of(client).index
    exact = index.coverage(at=NIGHT).summary
    for name in ("homes", "workers"):
        for key, value in exact[name].items():
            assert abs(summary[name][key] - value) <= 2.5
    assert summary["share_covered"] == pytest.approx(exact["share_covered"], abs=0.02)
    assert summary["street_km"]["total"] == pytest.approx(exact["street_km"]["total"], abs=1e-3)


def test_small_gaps_show_no_number_of_workers(client):
    index = service_of(client).index
    found = ask(client, at=NIGHT, minutes=5)
    exact = index.coverage(at=NIGHT, minutes=5).gaps.to_geodataframe().set_index("id")["workers"]
    assert len(found["features"]) == len(exact)
    small = 0
    for gap in found["features"]:
        shown, workers = gap["properties"], exact[gap["id"]]
        assert shown["suppressed"] == (workers < 10)
        if shown["suppressed"]:
            small += 1
            assert shown["workers"] is None
        else:
            assert shown["workers"] % 5 == 0
            assert abs(shown["workers"] - workers) <= 2.5
    assert small


def test_rounding_is_half_up_and_exact_figures_are_left_alone():
    discretion = Discretion(5, 10)
    assert [discretion.figure(v) for v in (0, 2.4, 2.5, 7.5, 12.5, 13)] == [0, 0, 5, 10, 15, 15]
    summary = {"homes": {"total": 13}, "people": "exact", "share_covered": 0.123456789}
    assert discreet_summary(summary, discretion) == {**summary, "rounded_to": None}
    gap = {"id": "a", "workers": 3.0}
    assert discreet_gap(gap, discretion, exact=True) == {**gap, "suppressed": False}
    assert discreet_gap(gap, discretion, exact=False) == {
        "id": "a", "workers": None, "suppressed": True,
    }  # fmt: skip
    none = {"id": "a", "workers": None}
    assert discreet_gap(none, discretion, exact=False) == {**none, "suppressed": False}


def test_geometry_may_be_gaps_cells_or_none(client):
    gaps, cells, none = (ask(client, geometry=g) for g in ("gaps", "cells", "none"))
    assert none["features"] == []
    assert gaps["summary"]["homes"] == cells["summary"]["homes"] == none["summary"]["homes"]
    assert {f["properties"]["state"] for f in cells["features"]} <= {
        "covered", "uncovered", "unreachable", "no_data",
    }  # fmt: skip
    assert len(cells["features"]) == pytest.approx(
        cells["summary"]["area_km2"]["total"] * 100, abs=1
    )


def test_every_shape_is_valid_and_lies_in_the_data(client):
    west, south, east, north = service_of(client).extent
    room = shapely.box(west - 0.01, south - 0.01, east + 0.01, north + 0.01)
    for gap in ask(client)["features"]:
        outline = shape(gap["geometry"])
        assert outline.is_valid
        assert room.covers(outline)
        for x, y in shapely.get_coordinates(outline):
            assert (round(x, 6), round(y, 6)) == (x, y)


def test_reach_grows_with_the_limit_and_shrinks_with_conditions(client):
    shares = [
        ask(client, minutes=m, geometry="none")["summary"]["share_covered"] for m in (5, 15, 30)
    ]
    assert shares == sorted(shares)
    plain = ask(client, geometry="none")["summary"]["share_covered"]
    for condition in ({"need": "hot_meal"}, {"at": NIGHT}, {"stations_at_least": 2}):
        assert ask(client, geometry="none", **condition)["summary"]["share_covered"] <= plain
    building = ask(client, geometry="none", include="building")["summary"]["share_covered"]
    assert building >= plain


def test_a_region_is_asked_by_its_id(client):
    region = client.get("/api/v1/dataset").json()["regions"][0]
    whole, part = ask(client, geometry="none"), ask(client, geometry="none", region=region["id"])
    row = next(r for r in whole["summary"]["regions"] if r["id"] == region["id"])
    assert part["summary"]["street_km"] == row["street_km"]
    found = problem_of(client.get(COVERAGE, params={"region": "no such"}), 404)
    assert found["code"] == "unknown_region"


def test_parameters_and_data_are_named(client):
    summary = ask(client, geometry="none", need=["drink", "rest"], minutes=20)["summary"]
    listed = summary["parameters"]
    assert (listed["minutes"], listed["need"], listed["at"]) == (20, ["drink", "rest"], None)
    assert (listed["mode"], listed["speed_kph"]) == ("walk", 4.0)
    about = client.get("/api/v1/dataset").json()
    assert summary["dataset"] == {key: about[key] for key in ("name", "version", "as_of")}


@pytest.mark.parametrize("path", [COVERAGE, "/api/v1/dataset", f"{COVERAGE}?at={NOON[:19]}"])
def test_an_answer_that_has_not_changed_is_not_sent_again(client, path):
    first = client.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_tags_differ_with_the_parameters_and_the_minute(client):
    tags = {
        client.get(COVERAGE, params=asked).headers["etag"]
        for asked in ({}, {"minutes": 14}, {"at": NOON}, {"at": NIGHT}, {"geometry": "none"})
    }
    assert len(tags) == 5
    service = service_of(client)
    question = CoverageQuestion(at="now")
    assert service.etag(question, departure(NOON)) != service.etag(question, departure(NIGHT))


def clock_of(day):
    """A class of times whose now is noon of a day."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, day, 12, tzinfo=tz)

    return Clock


def test_without_a_time_the_answer_is_that_of_the_day(demo_dataset, monkeypatch):
    """A station that closes for good tonight is not told tomorrow from what was kept today."""
    client = new_client(demo_dataset)
    data = open_dataset(demo_dataset, private=False)
    closing = replace(data, stations=data.stations.assign(closed_on="2026-01-02"))
    service = Service(closing, client.app.state.settings)
    client.app.state.holder.replace(Opened(service, ()))
    shares = []
    for day in (1, 2):
        for module in (web.service, locator.questions):
            monkeypatch.setattr(module, "datetime", clock_of(day))
        shares.append(client.get(COVERAGE).json()["summary"]["share_covered"])
    assert shares[0] > shares[1] == 0


def test_tags_differ_with_the_settings(demo_dataset):
    question, tags = CoverageQuestion(), set()
    for name, value in {"rounded_to": 10, "smallest_count": 20, "linger_seconds": 0}.items():
        tags.add(service_of(new_client(demo_dataset, **{name: value})).etag(question, None))
    assert len(tags) == 3


def test_answers_are_kept_and_the_same_bytes(demo_dataset):
    client = new_client(demo_dataset)
    first = client.get(COVERAGE, params={"at": NOON})
    assert client.get(COVERAGE, params={"at": NOON}).content == first.content
    assert new_client(demo_dataset).get(COVERAGE, params={"at": NOON}).content == first.content


def test_the_store_of_answers_stays_within_its_bounds():
    kept = Kept(2, 10)
    for key in "abc":
        kept.put(key, b"1234")
    assert [kept.get(key) for key in "abc"] == [None, b"1234", b"1234"]
    kept.get("b")
    kept.put("d", b"12345")
    assert [kept.get(key) for key in "bcd"] == [b"1234", None, b"12345"]
    kept.put("e", b"x" * 11)
    assert kept.get("e") is None


def test_more_shapes_than_allowed_are_refused_by_name(demo_dataset):
    client = new_client(demo_dataset, max_features=3)
    found = problem_of(client.get(COVERAGE, params={"geometry": "cells"}), 422)
    assert found["code"] == "over_limit"
    assert "max_features" in found["errors"][0]["what"]
    assert client.get(COVERAGE, params={"geometry": "none"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("geometry", "circles", "not_in_list"),
        ("include", "closed", "not_in_list"),
        ("stations_at_least", "0", "out_of_range"),
        ("stations_at_least", "6", "out_of_range"),
        ("lon", "115.89", "unknown_parameter"),
        ("mode", "swim", "not_in_list"),
    ],
)
def test_what_makes_no_sense_is_refused(client, name, value, code):
    assert problem_of(client.get(COVERAGE, params={name: value}), 422)["code"] == code


def test_the_dataset_says_what_it_is(client):
    about = client.get("/api/v1/dataset").json()
    assert set(about) >= {
        "name", "version", "as_of", "extent", "counts", "attribution", "vocabularies", "limits",
    }  # fmt: skip
    assert any("虚构" in line for line in about["attribution"])  # and so not OpenStreetMap's
    assert not any("OpenStreetMap" in line for line in about["attribution"])
    west, south, east, north = about["extent"]
    assert 115.7 < west < 115.89 < east < 116.1
    assert 28.5 < south < 28.68 < north < 28.9
    needs = {row["code"]: row for row in about["vocabularies"]["needs"]}
    assert needs["hot_meal"]["zh"]
    assert "microwave" in needs["hot_meal"]["facilities"]
    assert about["counts"]["stations"] == len(service_of(client).index.stations)
    assert [region["id"] for region in about["regions"]]


def test_without_homes_the_share_is_of_street_length(demo_inputs, tmp_path):
    from web.prepare import PrepareRequest, prepare

    prepare(
        PrepareRequest(
            streets=[demo_inputs["streets"]],
            stations=demo_inputs["stations"],
            out=tmp_path / "plain",
            stations_datum="gcj02",
            modes=["walk"],
        )
    )
    summary = ask(client_of(tmp_path / "plain"))["summary"]
    assert summary["homes"] is None
    assert summary["workers"] is None
    assert summary["share_of"] == "street_km"
    street = summary["street_km"]
    assert summary["share_covered"] == pytest.approx(street["covered"] / street["total"], abs=1e-4)
    assert summary["regions"] == []
