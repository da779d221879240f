"""``/api/v1/nearest``: which stations, how far, open when, and how to get there."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import prcoords
import pytest
from pyproj import Geod
from shapely.geometry import LineString

from geodata.hours import CLOSED, OPEN, UNKNOWN
from tests.webtools import NEAREST, NIGHT, NOON, beside_a_station, client_of, service_of
from web.links import Place, navigation_links
from web.schemas import NearestAnswer

GEOD = Geod(ellps="WGS84")

MEMBERS = [
    "id", "name", "kind", "lon", "lat", "seconds", "metres", "straight_metres", "open",
    "facilities", "needs", "access", "address", "phone", "verified_on", "navigate", "route",
    "region", "always_open",
]  # fmt: skip


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def ask(client, **changes):
    lon, lat = beside_a_station(client)
    answer = client.post(NEAREST, json={"lon": lon, "lat": lat, "at": NOON, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def grid(client, count=5):
    west, south, east, north = service_of(client).extent
    lons, lats = (
        np.linspace(west, east, count + 2)[1:-1],
        np.linspace(south, north, count + 2)[1:-1],
    )
    return [(float(lon), float(lat)) for lon in lons for lat in lats]


def test_the_answer_has_the_shape_of_the_interface(client):
    found = ask(client, k=3)
    assert list(found)[:10] == [
        "covered", "limit_seconds", "mode", "at", "origin", "stations", "alternatives", "reason",
        "hotline", "parameters",
    ]  # fmt: skip
    assert [list(station) for station in found["stations"]] == [MEMBERS] * 3
    assert all([*MEMBERS, "fails"] == list(station) for station in found["alternatives"])
    assert found["hotline"] == "12351"
    assert set(found["dataset"]) == {"name", "version", "as_of"}
    NearestAnswer.model_validate(found, strict=False)


@pytest.mark.parametrize("mode", ["walk", "ebike", "bicycle", "drive", "truck"])
def test_answers_are_consistent_everywhere(client, mode):
    stations = service_of(client).index.stations
    for lon, lat in grid(client):
        found = ask(client, lon=lon, lat=lat, mode=mode, k=50, at=NIGHT)
        times = [(station["seconds"], station["id"]) for station in found["stations"]]
        assert times == sorted(times)
        assert all(seconds <= 3600 for seconds, _ in times)
        assert found["covered"] == (bool(times) and times[0][0] <= 900)
        assert (found["reason"] is None) == found["covered"]
        assert len({station["id"] for station in found["stations"]}) == len(times)
        for station in [*found["stations"], *found["alternatives"]]:
            row = stations[stations["id"] == station["id"]].iloc[0]
            straight = GEOD.inv(lon, lat, row["lon"], row["lat"])[2]
            assert station["straight_metres"] == pytest.approx(straight, abs=0.06)
            if station["metres"] is not None:
                assert station["metres"] >= straight - 0.2


def test_covered_is_decided_by_the_limit_and_not_by_the_list(client):
    lon, lat = grid(client)[7]
    near = ask(client, lon=lon, lat=lat, at=NOON, minutes=60)
    seconds = near["stations"][0]["seconds"]
    minutes = int(seconds // 60)
    assert ask(client, lon=lon, lat=lat, minutes=minutes + 1)["covered"] is True
    short = ask(client, lon=lon, lat=lat, minutes=max(minutes, 1))
    assert short["covered"] == (seconds <= max(minutes, 1) * 60)
    assert short["stations"][0]["id"] == near["stations"][0]["id"]


def test_get_and_post_answer_the_same(client):
    lon, lat = beside_a_station(client)
    asked = {"lon": lon, "lat": lat, "at": NOON, "need": ["drink", "rest"], "k": 7, "minutes": 10}
    assert client.get(NEAREST, params=asked).json() == client.post(NEAREST, json=asked).json()


def test_nothing_is_stored(client):
    lon, lat = beside_a_station(client)
    for answer in (
        client.get(NEAREST, params={"lon": lon, "lat": lat}),
        client.post(NEAREST, json={"lon": lon, "lat": lat}),
        client.post(NEAREST, json={"lon": 500, "lat": lat}),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


def test_now_is_the_minute_that_runs(client):
    at = datetime.fromisoformat(ask(client, at="now")["at"])
    assert at.utcoffset() == timedelta(hours=8)
    assert (at.second, at.microsecond) == (0, 0)


def test_needs_are_all_met_and_kinds_and_access_are_any(client):
    service = service_of(client)
    stations, words = service.index.stations, service.vocabulary
    found = ask(client, need=["drink", "toilet"], k=50, minutes=120, open="any")
    for station in found["stations"]:
        has = set(stations[stations["id"] == station["id"]].iloc[0]["facilities"].split(";"))
        assert has & set(words.needs["drink"].facilities)
        assert has & set(words.needs["toilet"].facilities)
        assert {"drink", "toilet"} <= set(station["needs"])
    either = ask(client, access=["free", "scan"], k=50, minutes=120, open="any")
    assert {station["access"] for station in either["stations"]} <= {"free", "scan"}
    assert either["stations"]


@pytest.mark.parametrize("need", ["rest", "drink", "charge", "hot_meal", "medicine"])
def test_scheme_03_each_need_gives_only_stations_that_serve_it(client, need):
    words = service_of(client).vocabulary
    found = ask(client, need=[need], k=50, minutes=120, open="any")
    for station in found["stations"]:
        assert set(station["facilities"]) & set(words.needs[need].facilities)
    for station in found["alternatives"]:
        serves = set(station["facilities"]) & set(words.needs[need].facilities)
        assert ("no_such_need" in station["fails"]) == (not serves)


@pytest.mark.parametrize("at", [NOON, NIGHT, "2026-11-22T19:51:00+08:00"])
def test_states_are_those_of_the_timetable(client, at):
    service = service_of(client)
    timetable, ids = service.index.timetable, list(service.index.stations["id"])
    moment = datetime.fromisoformat(at)
    words = {OPEN: "open", CLOSED: "closed", UNKNOWN: "unknown"}
    states, changes = timetable.states(moment), timetable.until(moment)
    found = ask(client, at=at, open="any", k=50, minutes=120)
    assert found["stations"]
    for station in found["stations"]:
        row = ids.index(station["id"])
        assert station["open"]["state"] == words[states[row]]
        until = changes[row] and changes[row].isoformat()
        assert station["open"]["until"] == until
        on_arrival = open_throughout(timetable, row, moment, station["seconds"])
        assert station["open"]["on_arrival"] == on_arrival


def open_throughout(timetable, row, moment, seconds):
    """True if open every minute from arrival to ten minutes later; None if hours are unknown."""
    arrival = moment + timedelta(seconds=seconds)
    after = [arrival + timedelta(seconds=s) for s in range(0, 600, 20)]
    states = {int(timetable.states(at)[row]) for at in [*after, arrival + timedelta(seconds=599)]}
    if states == {OPEN}:
        return True
    return None if int(timetable.states(moment)[row]) == UNKNOWN else False


def test_open_on_arrival_is_what_the_list_promises(client):
    for lon, lat in grid(client, 3):
        found = ask(client, lon=lon, lat=lat, at="2026-11-22T20:30:00+08:00", k=50)
        assert all(station["open"]["on_arrival"] is True for station in found["stations"])
        for station in found["alternatives"]:
            if "closed" in station["fails"]:
                assert station["open"]["on_arrival"] is False
            if "hours_unknown" in station["fails"]:
                assert station["open"]["on_arrival"] is None


def test_datum_holds_for_the_question_and_all_coordinates_of_the_answer(client):
    lon, lat = beside_a_station(client)
    plain = ask(client, k=3, route=True)
    for datum, shift in (("gcj02", prcoords.wgs_gcj), ("bd09", prcoords.wgs_bd)):
        there = shift(prcoords.Coords(lat, lon))
        asked = {"lon": there.lon, "lat": there.lat, "datum": datum}
        found = ask(client, **asked, k=3, route=True)
        assert found["origin"]["datum"] == datum
        assert found["origin"]["lon"] == pytest.approx(there.lon, abs=1e-6)
        for ours, theirs in zip(found["stations"], plain["stations"], strict=True):
            assert ours["id"] == theirs["id"]
            assert ours["seconds"] == pytest.approx(theirs["seconds"], abs=0.1)
            wanted = shift(prcoords.Coords(theirs["lat"], theirs["lon"]))
            assert (ours["lon"], ours["lat"]) == pytest.approx((wanted.lon, wanted.lat), abs=2e-6)
            line, plain_line = (s["route"]["coordinates"] for s in (ours, theirs))
            wanted = shift(prcoords.Coords(plain_line[0][1], plain_line[0][0]))
            assert line[0] == pytest.approx([wanted.lon, wanted.lat], abs=3e-6)
    same = ask(client, datum="cgcs2000", k=3, route=True)
    assert same["stations"] == plain["stations"]


def test_scheme_12_a_mini_program_gets_a_small_answer_without_a_cookie(client):
    lon, lat = beside_a_station(client)
    answer = client.post(NEAREST, json={"lon": lon, "lat": lat, "datum": "gcj02"})
    assert len(answer.content) < 50_000
    assert "set-cookie" not in answer.headers


def test_a_route_is_a_line_along_the_way(client):
    for lon, lat in grid(client, 3):
        found = ask(client, lon=lon, lat=lat, route=True, k=3, open="any")
        assert all(station["route"] is None for station in ask(client, k=2)["stations"])
        for station in found["stations"]:
            route = station["route"]
            if route is None:
                continue
            line = LineString(route["coordinates"])
            length = GEOD.geometry_length(line)
            assert length <= station["metres"] + 1.0
            to_start = GEOD.inv(lon, lat, *line.coords[0])[2]
            to_end = GEOD.inv(station["lon"], station["lat"], *line.coords[-1])[2]
            assert length + to_start + to_end == pytest.approx(station["metres"], rel=0.01, abs=2)


def test_fault_06_outside_the_data_there_is_no_station(client):
    for lon, lat in ((121.47, 31.23), (24.94, 60.17), (0.0, 0.0), (-180.0, -90.0), (179.9, 89.9)):
        found = ask(client, lon=lon, lat=lat)
        assert (found["covered"], found["reason"]) == (False, "no_data")
        assert found["stations"] == found["alternatives"] == []
        assert found["hotline"] == "12351"


def test_fault_06_far_from_every_street_there_is_no_station(client):
    west, south, east, north = service_of(client).extent
    reasons = set()
    for lon in np.linspace(west, east, 25):
        for lat in np.linspace(south, north, 25):
            found = ask(client, lon=float(lon), lat=float(lat), mode="truck", k=1)
            reasons.add(found["reason"])
            if found["reason"] in {"off_network", "no_data"}:
                assert found["stations"] == found["alternatives"] == []
            else:
                assert found["origin"]["access_metres"] <= 500
    assert reasons <= {None, "off_network", "too_far", "closed", "hours_unknown", "unreachable",
                       "no_data", "access"}  # fmt: skip


def test_a_mode_that_was_not_prepared_is_refused(demo_inputs, tmp_path):
    from web.prepare import PrepareRequest, prepare

    prepare(
        PrepareRequest(
            streets=[demo_inputs["streets"]],
            stations=demo_inputs["stations"],
            out=tmp_path / "walk",
            stations_datum="gcj02",
            modes=["walk"],
        )
    )
    client = client_of(tmp_path / "walk")
    answer = client.post(NEAREST, json={"lon": 115.89, "lat": 28.68, "mode": "drive"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "mode_not_prepared"
    assert "walk" in answer.json()["errors"][0]["fix"]


def test_links_hold_the_station_in_the_right_datum_and_never_the_caller(client):
    found = ask(client, lon=115.8887, lat=28.6777, k=2, open="any", minutes=120)
    for station in found["stations"]:
        links = station["navigate"]
        gcj = prcoords.wgs_gcj(prcoords.Coords(station["lat"], station["lon"]))
        amap = parse_qs(urlsplit(links["amap"]).query)
        lon, lat, name = amap["to"][0].split(",", 2)
        assert (float(lon), float(lat)) == pytest.approx((gcj.lon, gcj.lat), abs=2e-6)
        assert (name, amap["coordinate"], amap["mode"]) == (station["name"], ["gaode"], ["walk"])
        tencent = parse_qs(urlsplit(links["tencent"]).query)
        assert [float(v) for v in tencent["tocoord"][0].split(",")] == pytest.approx(
            [gcj.lat, gcj.lon], abs=2e-6
        )
        baidu = parse_qs(urlsplit(links["baidu"]).query)
        place, name = baidu["destination"][0].split("|")
        assert baidu["coord_type"] == ["gcj02"]
        assert [float(v) for v in place.removeprefix("latlng:").split(",")] == pytest.approx(
            [gcj.lat, gcj.lon], abs=2e-6
        )
        assert name == f"name:{station['name']}"
        assert links["geo"].startswith(f"geo:{station['lat']:.6f},{station['lon']:.6f}?q=")
        assert not any("115.8887" in link or "28.6777" in link for link in links.values())


def test_names_in_links_are_encoded():
    place = Place("驿站&mode=car#|\"' <b>", 121.0, 31.0, 121.1, 31.1)
    for app, link in navigation_links(place, "walk").items():
        assert not set(link) & set("\"' <>#"), app
        assert link.isascii()
        assert place.name in unquote(link) or app == "apple"
        assert parse_qs(urlsplit(link).query).get("mode", [""])[0] != "car"


@pytest.mark.parametrize(
    ("mode", "amap", "tencent", "baidu", "apple"),
    [
        ("walk", "walk", "walk", "walking", "w"),
        ("ebike", "ride", "bike", "riding", "w"),
        ("drive", "car", "drive", "driving", "d"),
    ],
)
def test_links_ask_for_the_mode(mode, amap, tencent, baidu, apple):
    links = navigation_links(Place("x", 121.0, 31.0, 121.1, 31.1), mode)
    assert f"&mode={amap}&" in links["amap"]
    assert f"?type={tencent}&" in links["tencent"]
    assert f"&mode={baidu}&" in links["baidu"]
    assert links["apple"].endswith(f"dirflg={apple}")


def test_a_person_has_no_public_number(client):
    service = service_of(client)
    stations = service.index.stations.copy()
    stations.loc[stations.index[0], ["kind", "phone"]] = ["agent", "13800138000"]
    stations.loc[stations.index[1], ["kind", "phone"]] = ["care_station", "0791-12345"]
    stations.loc[stations.index[2], ["kind", "phone"]] = ["hotline", "12351"]
    book = type(service.book)(stations, service.vocabulary)
    assert book.entry(0, "wgs84", "walk")["phone"] == ""
    assert book.entry(1, "wgs84", "walk")["phone"] == "0791-12345"
    assert book.entry(2, "wgs84", "walk")["phone"] == "12351"


def test_every_parameter_in_force_is_listed_and_no_position(client):
    listed = ask(client, need=["drink"], k=4)["parameters"]
    assert listed["k"] == 4
    assert listed["need"] == ["drink"]
    assert listed["linger_minutes"] == 10
    assert "care_station" in listed["counted"]["kinds"]
    assert "locked" not in listed["counted"]["access"]
    assert not {"lon", "lat"} & set(listed)


def test_missing_holiday_data_is_said_and_breaks_nothing(client):
    found = ask(client, at="2049-10-01T12:00:00+08:00")
    assert any("2049" in warning for warning in found["warnings"])
    assert ask(client)["warnings"] == []


def test_the_straight_line_helps_where_nothing_is_in_reach(client):
    for lon, lat in grid(client, 6):
        found = ask(client, lon=lon, lat=lat, at=NOON)
        if found["stations"] or found["reason"] in {"off_network", "no_data"}:
            continue
        nearest = found["alternatives"][0]
        assert nearest["straight_metres"] > 0
        if nearest["seconds"] is None:
            assert nearest["metres"] is None
            assert nearest["open"]["on_arrival"] is None
