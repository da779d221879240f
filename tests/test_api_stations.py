"""``/api/v1/stations``: the stations themselves with a week of hours; what nearest says of them."""

import gzip
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import prcoords
import pytest
from shapely.geometry import Point

from geodata.hours import OPEN, SHANGHAI, UNKNOWN, Timetable
from tests.webtools import (
    NEAREST,
    NOON,
    beside_a_station,
    client_of,
    new_client,
    problem_of,
    service_of,
)
from web.answers import Clocks, StationBook
from web.station_schemas import StationAnswer, StationsAnswer
from web.week import week_of

STATIONS = "/api/v1/stations"

PROPERTIES = {
    "id", "name", "kind", "lon", "lat", "facilities", "needs", "access", "address", "phone",
    "verified_on", "navigate", "region", "always_open", "status", "opening_hours",
    "opening_hours_text", "spans", "unknown_spans",
}  # fmt: skip


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def listed(client, **asked):
    answer = client.get(STATIONS, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def ids(collection):
    return [feature["id"] for feature in collection["features"]]


# --- what is listed -----------------------------------------------------------------------------


def test_the_list_has_the_shape_of_the_interface(client):
    found = listed(client)
    StationsAnswer.model_validate(found, strict=False)
    assert found["type"] == "FeatureCollection"
    assert found["count"] == len(found["features"]) > 5
    assert found["hotline"] == "12351"
    assert set(found["dataset"]) == {"name", "version", "as_of"}
    start = datetime.fromisoformat(found["from"])
    assert start.utcoffset() == timedelta(hours=8)
    assert (start.minute, start.second) == (0, 0)
    assert timedelta(0) <= datetime.now(SHANGHAI) - start < timedelta(hours=1, minutes=1)
    for feature in found["features"]:
        assert set(feature["properties"]) == PROPERTIES
        own = feature["properties"]
        assert feature["geometry"]["coordinates"] == [own["lon"], own["lat"]]
        assert feature["id"] == own["id"]


def test_what_counts_is_listed_by_id(client):
    service = service_of(client)
    table = service.index.stations
    counts = table["kind"].isin(["care_station", "driver_home"]) & (table["status"] == "open")
    counts &= table["access"] != "locked"
    dated = table[["opened_on", "closed_on", "valid_from", "valid_to"]].ne("").any(axis=1)
    found = ids(listed(client))
    assert found == sorted(found)
    assert set(table["id"][counts & ~dated]) <= set(found) <= set(table["id"][counts])
    with_more = ids(listed(client, include=["building", "planned"]))
    assert set(found) <= set(with_more)
    assert set(table["id"][table["status"] == "building"]) <= set(with_more) | set(
        table["id"][~table["kind"].isin(["care_station", "driver_home"])]
    ) | set(table["id"][table["access"] == "locked"])


def test_filters_by_need_kind_access_and_region(client):
    service = service_of(client)
    everything = {feature["id"]: feature["properties"] for feature in listed(client)["features"]}
    needs = ids(listed(client, need=["drink", "toilet"]))
    assert needs == [
        code for code, own in everything.items() if {"drink", "toilet"} <= set(own["needs"])
    ]
    some = ids(listed(client, access=["scan", "free"]))
    assert some == [code for code, own in everything.items() if own["access"] in {"scan", "free"}]
    assert ids(listed(client, kind="rights_office")) == [
        row["id"]
        for _, row in service.index.stations.iterrows()
        if row["kind"] == "rights_office" and row["status"] == "open" and row["access"] != "locked"
    ]
    parts = [ids(listed(client, region=region)) for region in service.index.regions["id"]]
    outside = [code for code, own in everything.items() if own["region"] is None]
    assert sorted(sum(parts, outside)) == list(everything)


def test_stations_say_in_which_region_they_lie(client):
    regions = service_of(client).index.regions.set_index("id")
    for feature in listed(client)["features"]:
        own = feature["properties"]
        inside = [
            code for code, shape in regions.geometry.items()
            if shape.covers(Point(own["lon"], own["lat"]))
        ]  # fmt: skip
        if own["region"] is None:
            assert inside == []
        else:
            assert own["region"] == {
                "id": own["region"]["id"], "name": regions["name"][own["region"]["id"]],
            }  # fmt: skip
            assert own["region"]["id"] in inside


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "cgcs2000"])
def test_coordinates_come_in_the_datum_asked_for(client, datum):
    shift = {
        "gcj02": prcoords.wgs_gcj, "bd09": prcoords.wgs_bd, "cgcs2000": lambda at: at,
    }[datum]  # fmt: skip
    for here, there in zip(
        listed(client)["features"], listed(client, datum=datum)["features"], strict=True
    ):
        lon, lat = here["geometry"]["coordinates"]
        expected = shift(prcoords.Coords(lat, lon))
        assert there["geometry"]["coordinates"] == pytest.approx(
            [expected.lon, expected.lat], abs=2e-6
        )


def test_one_station_whatever_its_kind_and_status(client):
    table = service_of(client).index.stations
    for code in table["id"]:
        found = client.get(f"{STATIONS}/{code}", params={"datum": "gcj02"}).json()
        StationAnswer.model_validate(found, strict=False)
        assert found["properties"]["status"] == table.set_index("id")["status"][code]
    same = {feature["id"]: feature for feature in listed(client)["features"]}
    one = client.get(f"{STATIONS}/{next(iter(same))}").json()
    assert {key: one[key] for key in ("type", "id", "geometry", "properties")} == same[one["id"]]


def test_a_station_whose_id_is_no_plain_word(demo_dataset):
    client = new_client(demo_dataset)
    stations = service_of(client).index.stations
    stations.loc[stations.index[0], "id"] = "A/1 号?#%<b>"
    service_of(client).book = StationBook(stations, service_of(client).vocabulary)
    answer = client.get(f"{STATIONS}/A%2F1%20%E5%8F%B7%3F%23%25%3Cb%3E")
    assert answer.json()["id"] == "A/1 号?#%<b>"


def test_faults(client):
    assert problem_of(client.get(f"{STATIONS}/nobody"), 404)["code"] == "unknown_station"
    assert problem_of(client.get(f"{STATIONS}/"), 404)["code"] == "unknown_station"
    assert problem_of(client.get(STATIONS, params={"region": "1"}), 404)["code"] == "unknown_region"
    assert problem_of(client.get(STATIONS, params={"need": "gold"}), 422)["code"] == "not_in_list"
    assert problem_of(client.get(STATIONS, params={"datum": "x"}), 422)["code"] == "not_in_list"
    many = {"kind": ["care_station"] * 21}
    assert problem_of(client.get(STATIONS, params=many), 422)["code"] == "over_limit"
    assert problem_of(client.get(STATIONS, params={"q": "1"}), 422)["code"] == "unknown_parameter"


def test_more_stations_than_may_be_sent_are_asked_by_region(demo_dataset):
    client = new_client(demo_dataset, max_features=10)
    found = problem_of(client.get(STATIONS), 422)
    assert found["code"] == "over_limit"
    assert "max_features" in found["detail"]
    region = service_of(client).index.regions["id"].iloc[-1]
    assert client.get(STATIONS, params={"region": region}).status_code == 200


# --- how it is sent -----------------------------------------------------------------------------


def test_an_unchanged_list_is_not_sent_again(client):
    for path in (STATIONS, f"{STATIONS}/{ids(listed(client))[0]}"):
        first = client.get(path)
        assert first.headers["cache-control"] == "public, max-age=300"
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = client.get(path, params={"datum": "gcj02"})
        assert other.headers["etag"] != first.headers["etag"]


def test_the_list_is_compressed_for_those_who_take_it(client):
    with client.stream("GET", STATIONS, headers={"Accept-Encoding": "gzip"}) as packed:
        sent = b"".join(packed.iter_raw())
        assert packed.headers["content-encoding"] == "gzip"
    bare = client.get(STATIONS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in bare.headers
    assert gzip.decompress(sent) == bare.content
    assert len(sent) < len(bare.content) / 3
    assert "Accept-Encoding" in bare.headers["vary"]


def test_no_number_of_a_person(demo_dataset):
    client = new_client(demo_dataset)
    stations = service_of(client).index.stations
    stations.loc[stations.index[0], ["kind", "phone"]] = ["agent", "13800138000"]
    stations.loc[stations.index[1], "opening_hours_text"] = "9:00-17:00 找老张 138 0013 8000"
    book = StationBook(stations, service_of(client).vocabulary, service_of(client).index.regions)
    service_of(client).book = book
    for row in (0, 1):
        text = client.get(f"{STATIONS}/{stations['id'].iloc[row]}").text
        assert "13800138000" not in text.replace(" ", "")
    assert "9:00-17:00" in text


# --- hours --------------------------------------------------------------------------------------

HOURS = [
    "24/7", "", "Mo-Fr 09:00-17:00; PH off", "22:00-06:00", "08:30-11:15,14:00-18:45",
    "off", "Su 00:00-24:00", "2026 Oct 03 10:00-12:00", "Mo-Su 00:00-24:00",
]  # fmt: skip


@pytest.mark.parametrize("start", ["2026-09-28T21:00", "2026-10-01T00:00", "2026-11-22T13:00"])
def test_spans_are_the_minutes_at_which_the_timetable_is_open(start):
    """A week with holidays and shifted days in it, minute by minute."""
    begin = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    table = Timetable(HOURS)
    minutes = range(7 * 24 * 60)
    states = np.array([table.states(begin + timedelta(minutes=minute)) for minute in minutes])
    week = week_of(table, begin)
    for row, text in enumerate(HOURS):
        spans = week.spans(row)
        if not text:
            assert spans is None
            continue
        for state, pairs in zip((OPEN, UNKNOWN), spans, strict=True):
            marked = np.zeros(len(minutes), bool)
            for first, last in pairs:
                assert 0 <= first < last <= len(minutes)
                marked[first:last] = True
            assert np.array_equal(marked, states[:, row] == state), text
            assert pairs == sorted(pairs)
            assert all(one[1] < two[0] for one, two in pairwise(pairs))


@pytest.mark.parametrize("start", ["2026-09-28T21:07", "2026-10-01T00:00", "2026-11-22T13:59"])
def test_always_open_is_open_at_every_minute_of_a_week(start):
    begin = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    table = Timetable([*HOURS, "2026 Sep 01-2026 Oct 08 00:00-24:00"])
    week = [table.states(begin + timedelta(minutes=minute)) for minute in range(7 * 24 * 60)]
    open_throughout = (np.array(week) == OPEN).all(axis=0).tolist()
    expected = [
        known if text else None
        for known, text in zip(open_throughout, table.expressions, strict=True)
    ]
    assert Clocks(table, 3_600_000).at(begin).always == expected
    assert expected[:3] == [True, None, False]


def test_nearest_says_region_and_always_open(client):
    lon, lat = beside_a_station(client)
    asked = {"lon": lon, "lat": lat, "at": NOON, "k": 50, "open": "any", "minutes": 120}
    answer = client.post(NEAREST, json=asked).json()
    known = {feature["id"]: feature["properties"] for feature in listed(client)["features"]}
    seen = {station["id"]: station for station in answer["stations"]}
    assert len(seen) > 5
    table = service_of(client).index.stations.set_index("id")
    for code, station in seen.items():
        assert station["region"] == known[code]["region"]
        hours = table["opening_hours"][code]
        assert (station["always_open"] is None) == (hours == "")
        assert (station["always_open"] is True) == (hours == "24/7")
