"""What a question may be: rows 1 to 5 and 16 of the faults, the guards 3 and 4."""

import json
import logging

import pytest
from hypothesis import given, settings, strategies as st

from geodata.errors import Fault, ValidationError
from tests.webtools import (
    NEAREST,
    NOON,
    beside_a_station,
    client_of,
    new_client,
    problem_of,
    service_of,
)
from web.dependencies import read_body
from web.errors import problem_of as problem_answer
from web.schemas import NearestQuestion

NAN_BODIES = [
    b'{"lon": NaN, "lat": 28.68}',
    b'{"lon": 115.89, "lat": Infinity}',
    b'{"lon": -Infinity, "lat": NaN}',
    b'{"lon": 1e999, "lat": 28.68123}',
    b'{"lon": 115.89123, "lat": -1e999}',
    b'{"lon": 1' + b"0" * 400 + b', "lat": 1}',
]

#: Cities as (lon, lat), of which several are valid positions the other way round, too.
CITIES = {
    "Shanghai": (121.5, 31.2),
    "Beijing": (116.4, 39.9),
    "Guangzhou": (113.3, 23.1),
    "Chengdu": (104.1, 30.7),
    "Harbin": (126.6, 45.8),
    "Kunming": (102.7, 25.0),
    "Lhasa": (91.1, 29.7),
    "Urumqi": (87.6, 43.8),
    "Kashgar": (76.0, 39.5),
    "Sanya": (109.5, 18.3),
}


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def refusal_of(ask):
    """The refusal that a question meets, None if it is answered."""
    try:
        ask()
    except ValidationError as error:
        return error
    return None


def question(client, **changes):
    lon, lat = beside_a_station(client)
    return {"lon": lon, "lat": lat, "at": NOON, **changes}


@pytest.mark.parametrize("body", NAN_BODIES)
def test_fault_01_not_finite_in_a_body(client, body, caplog, capfd):
    caplog.set_level(logging.INFO)
    answer = client.post(NEAREST, content=body)
    found = problem_of(answer, 422)
    assert found["code"] == "coordinate_not_finite"
    assert len(answer.content) <= 300
    logged = caplog.text + "".join(capfd.readouterr())
    assert not any(digits in logged for digits in ("115", "28.6", "1e999"))


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e400"])
@pytest.mark.parametrize("name", ["lon", "lat"])
def test_fault_01_not_finite_in_a_query(client, name, text):
    other = {"lon": "lat", "lat": "lon"}[name]
    answer = client.get(NEAREST, params={name: text, other: "28.5"})
    assert problem_of(answer, 422)["code"] == "coordinate_not_finite"
    assert len(answer.content) <= 300


@pytest.mark.parametrize(
    ("lon", "lat"), [(0, 91), (181, 0), (-180.0001, 0), (1e308, 1e308), (115.9, -1e308), (200, 95)]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_fault_02_out_of_range(client, method, lon, lat):
    if method == "GET":
        answer = client.get(NEAREST, params={"lon": lon, "lat": lat})
    else:
        answer = client.post(NEAREST, json={"lon": lon, "lat": lat})
    assert problem_of(answer, 422)["code"] == "out_of_range"
    assert len(answer.content) <= 300


def test_fault_02_minus_zero_is_a_number(client):
    assert client.post(NEAREST, content=b'{"lon": -0.0, "lat": -0.0}').status_code == 200
    assert client.get(NEAREST, params={"lon": "-0.0", "lat": "-0"}).status_code == 200


@given(
    st.floats() | st.sampled_from([180.0, -180.0, 90.0, -90.0, 180.0000001]),
    st.floats() | st.sampled_from([90.0, -90.0, 90.0000001]),
)
@settings(max_examples=2000)
def test_fault_02_any_floats_are_answered_or_refused(demo_dataset, lon, lat):
    service = service_of(client_of(demo_dataset))
    body = f'{{"lon": {json.dumps(lon)}, "lat": {json.dumps(lat)}}}'.encode()
    inside = -180 <= lon <= 180 and -90 <= lat <= 90
    error = refusal_of(lambda: service.nearest(read_body(body, NearestQuestion)))
    if error is None:
        assert inside
    else:
        assert error.code in {"coordinate_not_finite", "out_of_range"}
        assert len(problem_answer(error).body) <= 300
        assert not inside or "look swapped" in str(error)


@pytest.mark.parametrize("city", CITIES)
def test_fault_03_swapped_positions_are_told_so(client, city):
    lon, lat = CITIES[city]
    swapped = client.post(NEAREST, json={"lon": lat, "lat": lon})
    found = problem_of(swapped, 422)
    assert found["code"] == "out_of_range"
    assert "look swapped" in found["detail"]
    assert str(lon) not in swapped.text.replace("121.5 in Shanghai", "")
    assert client.get(NEAREST, params={"lon": lat, "lat": lon}).json() == found
    assert client.post(NEAREST, json={"lon": lon, "lat": lat}).status_code == 200


def test_fault_03_swapped_positions_of_the_data_itself(client):
    lon, lat = beside_a_station(client)
    assert "look swapped" in client.post(NEAREST, json={"lon": lat, "lat": lon}).text


@pytest.mark.parametrize(
    "value", ["true", "false", '"28.68"', '"1_000e-2"', '"２８"', "null", "[28.68]", "{}", '""']
)
def test_fault_04_only_numbers_are_numbers(client, value):
    answer = client.post(NEAREST, content=f'{{"lon": 115.89, "lat": {value}}}'.encode())
    assert problem_of(answer, 422)["code"] == "wrong_type"


@pytest.mark.parametrize("text", ["true", "1_000e-2", "２８.6", "", "28,6", "0x1c", "28.6°", " 28"])
def test_fault_04_only_numbers_are_numbers_in_a_query(client, text):
    answer = client.get(NEAREST, params={"lon": "115.89", "lat": text})
    assert problem_of(answer, 422)["code"] == "wrong_type"


@pytest.mark.parametrize(
    ("name", "value"),
    [("k", "5.0"), ("k", "true"), ("k", '"5"'), ("minutes", "1e1"), ("route", "1")],
)
def test_fault_04_whole_numbers_and_truth_values_too(client, name, value):
    body = f'{{"lon": 115.89, "lat": 28.68, "{name}": {value}}}'
    assert problem_of(client.post(NEAREST, content=body.encode()), 422)["code"] == "wrong_type"


def test_fault_05_of_a_repeated_key_the_last_counts(client):
    lon, lat = beside_a_station(client)
    twice = f'{{"lon": 0, "lat": {lat}, "at": "{NOON}", "lon": {lon}}}'
    once = client.post(NEAREST, json={"lon": lon, "lat": lat, "at": NOON})
    assert client.post(NEAREST, content=twice.encode()).json() == once.json()


def test_a_parameter_given_twice_is_refused(client):
    found = problem_of(client.get(f"{NEAREST}?lon=115.9&lat=28.6&lat=28.7"), 422)
    assert found["code"] == "repeated_parameter"
    assert found["errors"][0]["where"] == "lat"


@pytest.mark.parametrize("name", ["minute", "needs", "31.23,121.47", "lon[]", "__class__"])
def test_unknown_parameters_are_refused_and_not_repeated(client, name):
    by_query = client.get(NEAREST, params={"lon": 115.9, "lat": 28.6, name: "1"})
    by_body = client.post(NEAREST, json={"lon": 115.9, "lat": 28.6, name: 1})
    for answer in (by_query, by_body):
        found = problem_of(answer, 422)
        assert found["code"] == "unknown_parameter"
        assert "minutes" in found["errors"][0]["fix"]
        assert name not in answer.text.replace("minutes", "")


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("k", 10**6, "max_k"),
        ("k", 51, "max_k"),
        ("minutes", 999, "max_minutes"),
        ("minutes", 121, "max_minutes"),
        ("need", ["drink"] * 21, "max_list_items"),
        ("kind", ["care_station"] * 500, "max_list_items"),
    ],
)
def test_fault_16_limits_are_named(client, name, value, limit):
    found = problem_of(client.post(NEAREST, json=question(client, **{name: value})), 422)
    assert found["code"] == "over_limit"
    assert limit in found["errors"][0]["what"]
    assert found["errors"][0]["where"] == name


def test_fault_16_a_lower_limit_of_the_operator_holds(demo_dataset):
    client = new_client(demo_dataset, max_k=2, max_minutes=20)
    found = problem_of(client.post(NEAREST, json={"lon": 1, "lat": 1, "k": 3, "minutes": 30}), 422)
    assert {fault["where"]: fault["what"] for fault in found["errors"]} == {
        "k": "at most 2 (limit max_k)",
        "minutes": "at most 20 (limit max_minutes)",
    }
    parameters = client.get("/openapi.json").json()["paths"][NEAREST]["get"]["parameters"]
    shown = {entry["name"]: entry["schema"].get("maximum") for entry in parameters}
    assert (shown["k"], shown["minutes"]) == (2, 20)


@pytest.mark.parametrize("name", ["k", "minutes"])
@pytest.mark.parametrize("value", [0, -1, -(10**30)])
def test_too_small_is_out_of_range(client, name, value):
    assert problem_of(client.post(NEAREST, json=question(client, **{name: value})), 422)[
        "code"
    ] in {
        "out_of_range",
        "wrong_type",
    }


@pytest.mark.parametrize(
    "at",
    ["tomorrow", "2026-13-01T00:00", "2026-02-29T10:00", "1999-01-01", "2026-11-22T25:00", "",
     "20h", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-11-22T20:00:00+99:00"],
)  # fmt: skip
def test_times_that_are_none_are_refused(client, at):
    found = problem_of(client.post(NEAREST, json=question(client, at=at)), 422)
    assert found["code"] == "invalid_value"
    assert found["errors"][0]["where"] == "at"


@pytest.mark.parametrize(
    ("at", "meant"),
    [
        ("2026-11-22T20:00:00+08:00", "2026-11-22T20:00:00+08:00"),
        ("2026-11-22T20:00", "2026-11-22T20:00:00+08:00"),
        ("2026-11-22 20:00", "2026-11-22T20:00:00+08:00"),
        ("2026-11-22T12:00:00Z", "2026-11-22T20:00:00+08:00"),
        ("2026-11-22T24:00", "2026-11-23T00:00:00+08:00"),
        ("2028-02-29", "2028-02-29T00:00:00+08:00"),
    ],
)
def test_times_are_shanghai_time_unless_they_say_otherwise(client, at, meant):
    assert client.post(NEAREST, json=question(client, at=at)).json()["at"] == meant


def test_a_plus_sign_lost_in_a_query_string_is_mended(client):
    lon, lat = beside_a_station(client)
    answer = client.get(f"{NEAREST}?lon={lon}&lat={lat}&at=2026-11-22T20:00:00+08:00")
    assert answer.json()["at"] == "2026-11-22T20:00:00+08:00"


@pytest.mark.parametrize("name", ["need", "kind", "access"])
def test_codes_that_do_not_exist_are_refused_with_those_that_do(client, name):
    found = problem_of(client.post(NEAREST, json=question(client, **{name: ["zzz_top"]})), 422)
    assert found["code"] == "not_in_list"
    known = {"need": "hot_meal", "kind": "care_station", "access": "scan"}[name]
    assert known in found["errors"][0]["fix"]
    assert "zzz_top" not in str(found)


def test_all_faults_are_told_at_once(client):
    body = {"lon": 500, "lat": "x", "mode": "fly", "datum": "mars", "open": "soon", "k": 0}
    found = problem_of(client.post(NEAREST, json=body), 422)
    assert {fault["where"] for fault in found["errors"]} == set(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"lon=1", b"\xff\xfe", b'{"lon": 1,}', b'\xef\xbb\xbf{"lon": 1}', b"{'lon': 1}"],
)
def test_what_is_no_json_is_a_400(client, body):
    assert problem_of(client.post(NEAREST, content=body), 400)["code"] == "body_not_json"


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null", b"[[1, 2]]"])
def test_json_that_is_no_object_is_a_422(client, body):
    assert problem_of(client.post(NEAREST, content=body), 422)["code"] == "wrong_type"


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_guard_04_no_text_is_taken_for_a_position(text):
    with pytest.raises(ValidationError) as caught:
        read_body(json.dumps({"lon": text, "lat": 28.6}).encode(), NearestQuestion)
    assert caught.value.code == "wrong_type"
    assert caught.value.faults == (Fault("lon", "expected a number"),)


def test_guard_03_a_bad_body_is_never_sent_back(client):
    secret = "13800138000" * 2000
    answer = client.post(NEAREST, content=json.dumps({"lon": secret, "lat": secret}).encode())
    assert problem_of(answer, 422)["code"] == "wrong_type"
    assert len(answer.content) <= 300
    assert "138" not in answer.text
