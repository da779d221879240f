"""Schemes 12, 27 and 38 of the unions: a mini-program, the hotline with reports, no positions kept.

Each test bears the number of its scheme.
"""

import json
import math
import os
import re
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing, contextmanager

import httpx
import numpy as np
import prcoords
import pytest
from pyproj import Geod

from tests.test_api_serving import read_until_listening
from tests.webtools import (
    NEAREST,
    NIGHT,
    NOON,
    client_of,
    new_client,
    service_of,
    without_times,
)

GEOD = Geod(ellps="WGS84")


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


# ----------------------------------------------------------------- 12: a mini-program of a county


def as_gcj02(lon, lat):
    """What WeChat would tell for a position; an oracle beside our own conversion."""
    shifted = prcoords.wgs_gcj(prcoords.Coords(lat, lon))
    return shifted.lon, shifted.lat


def test_scheme_12_gcj02_differs_from_wgs84_by_the_known_shift(client):
    table = service_of(client).index.stations.set_index("id")
    lon, lat = float(table["lon"].iloc[2]) + 2e-4, float(table["lat"].iloc[2]) - 1e-4
    here = {"lon": lon, "lat": lat, "at": NOON, "k": 10}
    there = dict(zip(("lon", "lat"), as_gcj02(lon, lat), strict=True))
    plain = client.post(NEAREST, json=here).json()
    shifted = client.post(NEAREST, json={**here, **there, "datum": "gcj02"}).json()
    assert [station["id"] for station in plain["stations"]] == [
        station["id"] for station in shifted["stations"]
    ]
    for one, two in zip(plain["stations"], shifted["stations"], strict=True):
        assert (two["lon"], two["lat"]) == pytest.approx(as_gcj02(one["lon"], one["lat"]), abs=2e-6)
        assert 300 < GEOD.inv(one["lon"], one["lat"], two["lon"], two["lat"])[2] < 700
        assert two["seconds"] == pytest.approx(one["seconds"], abs=1)
        assert two["navigate"] == one["navigate"], "each map app has its own datum anyway"
    assert shifted["origin"]["datum"] == "gcj02"
    listed = {}
    for datum in ("wgs84", "gcj02"):
        found = client.get("/api/v1/stations", params={"datum": datum}).json()["features"]
        listed[datum] = np.array([feature["geometry"]["coordinates"] for feature in found])
    expected = np.array([as_gcj02(*pair) for pair in listed["wgs84"]])
    assert np.abs(listed["gcj02"] - expected).max() < 2e-6


def test_scheme_12_answers_are_small_and_need_no_cookie_and_no_origin(client):
    """As `wx.request` asks: plain HTTPS and JSON, no Origin, no cookie jar."""
    table = service_of(client).index.stations
    lon, lat = as_gcj02(float(table["lon"].iloc[0]), float(table["lat"].iloc[0]))
    region = service_of(client).index.regions["id"].iloc[0]
    asked = {"lon": lon, "lat": lat, "datum": "gcj02"}
    agent = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0 miniProgram"}
    plain = {**agent, "Accept-Encoding": "identity"}
    answers = [
        client.post(NEAREST, json={**asked, "k": 20, "route": True}, headers=plain),
        client.get("/api/v1/search", params={"q": "驿站", "datum": "gcj02"}, headers=plain),
        client.get("/api/v1/stations", params={"region": region, "datum": "gcj02"}, headers=plain),
        client.post(
            "/api/v1/reports",
            json={"station": table["id"].iloc[0], "problem": "locked"},
            headers=plain,
        ),
    ]
    for answer in answers:
        assert answer.status_code in {200, 201}
        assert "origin" not in answer.request.headers
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert re.match(r"application/(geo\+)?json", answer.headers["content-type"])
        assert len(answer.content) < 50_000
        answer.json()
    assert not client.cookies


# ------------------------------------------------------------------- 27: the hotline, and reports


def test_scheme_27_an_uncovered_place_always_gets_the_hotline(client):
    west, south, east, north = service_of(client).extent
    reasons = set()
    questions = [
        {"lon": lon, "lat": lat, "at": at, **more}
        for lon in np.linspace(west - 0.02, east + 0.02, 7).tolist()
        for lat in np.linspace(south - 0.02, north + 0.02, 7).tolist()
        for at in (NOON, NIGHT)
        for more in ({}, {"minutes": 2}, {"need": ["shower"]}, {"access": ["card"]})
    ]
    questions += [{"lon": 121.47, "lat": 31.23}, {"lon": 24.94, "lat": 60.17}]
    stations = service_of(client).index.stations
    questions += [
        {"lon": lon + 1e-4, "lat": lat, "at": NIGHT, "minutes": 3}
        for lon, lat in stations[["lon", "lat"]].to_numpy().tolist()
    ]
    for question in questions:
        found = client.post(NEAREST, json=question).json()
        assert found["hotline"] == "12351"
        if not found["covered"]:
            assert found["reason"]
            reasons.add(found["reason"])
    assert {"no_data", "too_far", "closed", "no_such_need"} <= reasons


def test_scheme_27_the_hotline_of_the_operator_is_in_every_answer(demo_dataset):
    client = new_client(demo_dataset, hotline="0791-12351")
    assert client.post(NEAREST, json={"lon": 0, "lat": 0}).json()["hotline"] == "0791-12351"
    listed = client.get("/api/v1/stations").json()
    assert listed["hotline"] == "0791-12351"
    code = listed["features"][0]["id"]
    assert client.get(f"/api/v1/stations/{code}").json()["hotline"] == "0791-12351"


def test_scheme_27_a_report_enters_the_verification_queue(demo_dataset, tmp_path, run):
    file = tmp_path / "records.sqlite"
    client = new_client(demo_dataset, records=file)
    station = client.get("/api/v1/stations").json()["features"][0]["properties"]
    body = {"station": station["id"], "problem": "wrong_hours", "note": "写 9 点, 10 点才开"}
    sent = client.post("/api/v1/reports", json=body)
    assert sent.status_code == 201
    status, out, _ = run("reports", "--records", file, "--data", demo_dataset, "--json")
    assert status == 0
    (queued,) = json.loads(out)["reports"]
    assert queued | {
        "id": sent.json()["id"], "station_id": station["id"], "station_name": station["name"],
        "problem": "wrong_hours", "note": "写 9 点, 10 点才开", "state": "new",
    } == queued  # fmt: skip
    again = client.get(f"/api/v1/stations/{station['id']}").json()["properties"]
    assert again == station, "nothing changes before somebody has verified it"


# --------------------------------------------------------------------- 38: positions are not kept

#: Where the worker stands; no station and no street has these digits.
WHERE = (115.8977713, 28.6733317)


def traces_of(lon, lat):
    """Patterns of a position finer than about 1 km, in every datum and several forms."""
    at = prcoords.Coords(lat, lon)
    gcj, bd = prcoords.wgs_gcj(at), prcoords.wgs_bd(at)
    texts, numbers = set(), set()
    for x, y in ((lon, lat), (gcj.lon, gcj.lat), (bd.lon, bd.lat)):
        for value in (x, y):
            numbers |= {value, round(value, 6), round(value, 5), math.radians(value)}
            for digits in (3, 4, 5, 6):
                cut = math.trunc(value * 10**digits) / 10**digits
                texts |= {f"{value:.{digits}f}", f"{cut:.{digits}f}"}
                texts |= {str(round(value * 10**digits))} if digits >= 5 else set()
    found = [rb"(?<![0-9])" + re.escape(text.encode()) for text in sorted(texts)]
    packed = [re.escape(struct.pack(form, value)) for form in ("<d", ">d") for value in numbers]
    return re.compile(b"|".join([*found, *packed]), re.DOTALL)


def test_scheme_38_the_hunt_would_find_a_position():
    hunt = traces_of(*WHERE)
    lon, lat = WHERE
    for text in (f"lon={lon}", f"{lat:.3f}", f"[{lon:.4f}", str(round(lat * 1e6)), "28.67333"):
        assert hunt.search(text.encode()), text
    assert hunt.search(struct.pack("<d", lon))
    gcj = as_gcj02(lon, lat)
    assert hunt.search(f"{gcj[0]:.5f}".encode())
    assert not hunt.search(b"115.90 28.67 115.9 28.7")


@contextmanager
def watched_server(dataset, folder):
    """Run ``locator serve`` in a folder of its own, where it also has its home and its /tmp."""
    for name in ("work", "tmp", "home"):
        (folder / name).mkdir()
    environment = {
        "PATH": "", "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"),
        "XDG_DATA_HOME": str(folder / "home" / "share"), "LOCATOR_REPORTS_PER_CLIENT": "50",
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),
    }  # fmt: skip
    command = [sys.executable, "-m", "web", "serve", "--data", str(dataset), "--port", "0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder / "work",
        env={key: value for key, value in environment.items() if value or key == "PATH"},
    )
    log = []
    try:
        yield read_until_listening(process.stderr, log), log
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=300)
        log += [err, out]


def questions_with_positions(station):
    """Every way in which a position can come in, right and wrong."""
    lon, lat = WHERE
    gcj = as_gcj02(lon, lat)
    at = prcoords.wgs_bd(prcoords.Coords(lat, lon))
    bodies = [
        {"lon": lon, "lat": lat}, {"lon": lon, "lat": lat, "route": True, "minutes": 60},
        {"lon": round(lon, 3), "lat": round(lat, 3)},
        {"lon": gcj[0], "lat": gcj[1], "datum": "gcj02"},
        {"lon": at.lon, "lat": at.lat, "datum": "bd09", "mode": "drive"}, {"lon": lat, "lat": lon},
        {"lon": lon, "lat": f"{lat}"}, {"lon": lon, "lat": lat, "where": [lon, lat]},
        {"lon": lon * 10, "lat": lat}, {"lon": lon, "lat": lat, "need": [f"{lat}"]},
    ]  # fmt: skip
    for body in bodies:
        yield "POST", NEAREST, {"json": body}
        yield "GET", NEAREST, {"params": body}
    where = {"lon": lon, "lat": lat}
    yield "POST", NEAREST, {"content": f'{{"lon": {lon}, "lat": {lat}'}
    for path in ("/", "/map", "/api/v1/coverage", "/api/v1/stations", "/api/v1/search", "/nothing"):
        yield "GET", path, {"params": where}
    yield "GET", f"/nothing/{lon}/{lat}", {}
    yield "GET", f"/api/v1/stations/{lon},{lat}", {}
    yield "GET", "/api/v1/search", {"params": {"q": f"{lon},{lat}"}}
    yield "GET", "/healthz", {"headers": {"Referer": f"http://x/?lon={lon}&lat={lat}"}}
    yield "GET", "/healthz", {"headers": {"User-Agent": f"app/{lon},{lat}"}}
    report = {"station": station, "problem": "other"}
    for note in (f"我在 {lon}, {lat}", f"{gcj[0]:.5f} {gcj[1]:.5f}", f"{lat:.3f}N", ""):
        yield "POST", "/api/v1/reports", {"json": {**report, "note": note}}
    yield "POST", "/api/v1/reports", {"json": {**report, **where}}


@pytest.mark.slow
def test_scheme_38_no_log_header_file_or_table_holds_a_position(demo_dataset, tmp_path):
    hunt = traces_of(*WHERE)
    before = {path: path.stat().st_mtime_ns for path in demo_dataset.rglob("*")}
    statuses = []
    with watched_server(demo_dataset, tmp_path) as (address, log), httpx.Client() as http:
        station = http.get(f"{address}/api/v1/stations").json()["features"][0]["id"]
        for method, path, how in questions_with_positions(station):
            answer = http.request(method, f"{address}{path}", **how)
            statuses.append(answer.status_code)
            assert not hunt.search(str(answer.headers).encode()), (path, answer.headers)
            if answer.status_code >= 400 or path == "/":
                assert not hunt.search(answer.content), (path, answer.text)
    assert {200, 201, 400, 404, 422} <= set(statuses)
    assert max(statuses) < 500
    said = without_times("".join(log))
    assert said.count('"event":"request"') == len(statuses) + 1
    assert not hunt.search(said.encode()), hunt.search(said.encode())
    records = tmp_path / "home" / "share" / "union-circle-locator" / "records.sqlite"
    with closing(sqlite3.connect(records)) as connection:
        rows = connection.execute("SELECT * FROM reports").fetchall()
    assert len(rows) == 4
    assert not hunt.search(repr(rows).encode())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert records in files
    for path in files:
        assert not hunt.search(path.read_bytes()), path
    assert {path: path.stat().st_mtime_ns for path in demo_dataset.rglob("*")} == before
