"""The example for nginx, before the real server: what it passes on, and what its logs hold."""

import re
import socket
import subprocess
import threading
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import ROOT
from tests.test_api_serving import served
from tests.webtools import NEAREST, beside_a_station, client_of, without_times

EXAMPLE = ROOT / "docs" / "nginx.conf.example"

FRAME = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/example.conf;
}}
"""


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fitted(text, folder, port, behind):
    """The example with our ports and folder; nothing else is changed."""
    for old, new in (
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{behind};"),
        ("    listen 80;\n", f"    listen 127.0.0.1:{port};\n"),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def proxied(nginx, folder, behind, level="crit"):
    """Run nginx with the example; yields its address. Stops it by its own id."""
    port = a_free_port()
    text = fitted(EXAMPLE.read_text(encoding="utf-8"), folder, port, behind)
    text = text.replace("error.log crit;", f"error.log {level};")
    (folder / "example.conf").write_text(text, encoding="utf-8")
    main = folder / "main.conf"
    main.write_text(FRAME.format(folder=folder), encoding="utf-8")
    process = subprocess.Popen(
        [nginx, "-p", str(folder), "-c", str(main), "-e", "stderr"],
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    for line in process.stderr:  # it listens before it says which events it waits for
        said.append(line)
        if "event method" in line:
            break
    rest = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    rest.start()
    try:
        assert process.poll() is None, "".join(said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=300)
        rest.join(timeout=300)
        process.stderr.close()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "nginx"
    made.mkdir()
    return made


def test_the_example_logs_paths_only():
    text = EXAMPLE.read_text(encoding="utf-8")
    rules = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    assert "$uri" in rules
    assert not re.search(r"\$(request\b|request_uri|args|query_string|http_referer)", rules)
    assert not re.search(r"\$(request_body|arg_)", rules)


@pytest.mark.slow
def test_behind_nginx_no_log_holds_a_position(nginx, demo_dataset, folder, tmp_path):
    lon, lat = beside_a_station(client_of(demo_dataset))
    where = {"lon": round(lon, 6), "lat": round(lat, 6)}
    trust = {"LOCATOR_TRUSTED_PROXIES": "127.0.0.1"}
    kept = {"LOCATOR_RECORDS": str(tmp_path / "records.sqlite")}
    with served(demo_dataset, **trust, **kept) as (behind, ours):
        port = int(behind.rsplit(":", 1)[1])
        with proxied(nginx, folder, port) as address:
            with httpx.Client(base_url=address) as http:
                assert http.get(NEAREST, params=where).json()["origin"]["lon"] == where["lon"]
                assert http.post(NEAREST, json=where).status_code == 200
                for path in ("/", "/map", "/api/v1/search?q=secretword", "/nothing"):
                    http.get(path, params=where)
                http.get("/", headers={"Referer": f"{address}/?lon={lon}&lat={lat}"})
                packed = http.get("/api/v1/stations", headers={"Accept-Encoding": "gzip"})
                assert packed.headers["content-encoding"] == "gzip"
                tag = {"If-None-Match": packed.headers["etag"]}
                assert http.get("/api/v1/stations", headers=tag).status_code == 304
                too_long = http.post(NEAREST, content=b"x" * 2_000_000)
                assert too_long.status_code == 413
            seen = (folder / "locator.log").read_text(encoding="utf-8")
    logs = [path.read_text(encoding="utf-8") for path in folder.glob("*.log")]
    for log in ("".join(logs), without_times("".join(ours))):
        assert not re.search(r"11[56]\.\d{2}|28\.\d{2}|lon=|secretword", log), log
    paths = [line.split()[3] for line in seen.splitlines()]
    assert paths[:5] == [NEAREST, NEAREST, "/", "/map", "/api/v1/search"]
    assert {line.split()[1] for line in seen.splitlines()} == {"127.0.0.0"}
    assert '"client":"127.0.0.0"' in "".join(ours)
    assert not [path for path in (folder / "body").rglob("*") if path.is_file()]


@pytest.mark.slow
def test_behind_nginx_its_error_log_holds_no_position(nginx, folder):
    """Nobody listens behind it: each answer is a 502, and a flood is refused."""
    with proxied(nginx, folder, a_free_port()) as address, httpx.Client(base_url=address) as http:
        asked = {"lon": 115.897771, "lat": 28.673331}
        answers = [http.get(NEAREST, params=asked).status_code for _ in range(140)]
        answers.append(http.post(NEAREST, json=asked).status_code)
    assert set(answers) == {502, 429}
    logs = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.log"))
    assert NEAREST in logs
    assert not re.search(r"115\.8|28\.6|lon=", logs)


@pytest.mark.slow
def test_a_louder_error_log_would_hold_positions(nginx, folder):
    """Why the example keeps it quiet, and that the hunt above would find something."""
    behind = a_free_port()
    with proxied(nginx, folder, behind, level="error") as address, httpx.Client() as http:
        http.get(f"{address}{NEAREST}?lon=115.897771&lat=28.673331")
    assert "lon=115.897771" in (folder / "locator.error.log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_fault_18_behind_nginx_nobody_chooses_an_address(nginx, demo_dataset, folder, tmp_path):
    station = client_of(demo_dataset).get("/api/v1/stations").json()["features"][0]["id"]
    setting = {
        "LOCATOR_TRUSTED_PROXIES": "127.0.0.1", "LOCATOR_REPORTS_PER_CLIENT": "2",
        "LOCATOR_RECORDS": str(tmp_path / "records.sqlite"),
    }  # fmt: skip
    body = {"station": station, "problem": "locked"}
    with served(demo_dataset, **setting) as (behind, _):
        port = int(behind.rsplit(":", 1)[1])
        with proxied(nginx, folder, port) as address:
            spoofed = [
                httpx.post(
                    f"{address}/api/v1/reports",
                    json=body,
                    headers={"X-Forwarded-For": f"203.0.113.{n}"},
                )
                for n in range(4)
            ]
        # who reaches the service itself from a trusted address is a proxy, and believed
        other = {"X-Forwarded-For": "203.0.113.9"}
        direct = httpx.post(f"{behind}/api/v1/reports", json=body, headers=other)
    assert [answer.status_code for answer in spoofed] == [201, 201, 429, 429]
    assert int(spoofed[2].headers["retry-after"]) > 0
    assert direct.status_code == 201
