"""The command ``locator``: results on stdout, progress on stderr, the exit status, no traceback."""

import json
import os
import socket
import subprocess
import sys

import geopandas as gpd
import numba
import pandas as pd
import pytest

from tests.webtools import COVERAGE, NEAREST, NIGHT, NOON, beside_a_station, client_of
from web.commands import open_service
from web.console import compiling_said
from web.reports import nearest_report, shown, table, width
from web.settings import Settings

COMMANDS = ["demo", "fetch", "prepare", "check", "nearest", "coverage", "map", "serve"]


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


@pytest.fixture
def here(client):
    return [f"{value:.6f}" for value in beside_a_station(client)]


def test_help_names_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run, name):
    status, out, _ = run(name, "--help")
    assert status == 0
    assert f"Example: locator {name}" in " ".join(out.split())


def test_the_module_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "web", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Usage: locator" in done.stdout
    assert done.stderr == ""


def test_help_does_not_wait_for_heavy_imports():
    heavy = "numba folium rasterio geopandas pandas osmium"
    code = (
        f"import sys, web.cli\nprint([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", [["fly"], ["nearest"], ["nearest", "1"], ["check"], ["demo"], ["prepare"]]
)
def test_wrong_usage_is_2(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err


# --- nearest ------------------------------------------------------------------------------------


def test_nearest_says_yes_with_0(run, demo_dataset, here):
    status, out, err = run("nearest", *here, "--data", demo_dataset, "--at", NOON, "--open", "any")
    assert (status, err) == (0, "")
    assert out.startswith("covered (15 min on foot, leaving 2026-11-22 12:00)")
    assert "hotline 12351" in out


def test_nearest_says_no_with_1(run, demo_dataset):
    status, out, _ = run("nearest", "121.47", "31.23", "--data", demo_dataset)
    assert status == 1
    assert out.startswith("not covered: outside the data")


@pytest.mark.parametrize(
    "pair", [("-8.6", "41.1"), ("8.6", "-41.1"), ("-8.6", "-41.1"), ("-.5", "-0")]
)
def test_negative_coordinates_work_as_typed(run, demo_dataset, pair):
    status, out, err = run("nearest", *pair, "--data", demo_dataset, "--json")
    assert (status, err) == (1, "")
    found = json.loads(out)
    assert (found["origin"]["lon"], found["origin"]["lat"]) == tuple(map(float, pair))
    status, out, _ = run("nearest", "--data", demo_dataset, "-k", "2", *pair, "--json")
    assert status == 1
    assert json.loads(out)["parameters"]["k"] == 2


def test_nearest_json_is_the_http_object(run, demo_dataset, client, here):
    asked = {"lon": float(here[0]), "lat": float(here[1]), "at": NIGHT, "need": ["drink"], "k": 3,
             "minutes": 20, "datum": "gcj02", "mode": "ebike", "open": "any",
             "route": True}  # fmt: skip
    _, out, _ = run(
        "nearest", *here, "--data", demo_dataset, "--at", NIGHT, "--need", "drink", "-k", 3,
        "--minutes", 20, "--datum", "gcj02", "--mode", "ebike", "--open", "any", "--route",
        "--json",
    )  # fmt: skip
    assert json.loads(out) == client.post(NEAREST, json=asked).json()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nan", "28.6"], "finite"),
        (["115.9", "91"], "90"),
        (["31.2", "121.5"], "look swapped"),
        (["1_0", "2"], "number"),
        (["115.9", "28.6", "--minutes", "999"], "max_minutes"),
        (["115.9", "28.6", "-k", "0"], "at least 1"),
        (["115.9", "28.6", "--mode", "fly"], "walk"),
        (["115.9", "28.6", "--need", "gold"], "hot_meal"),
        (["115.9", "28.6", "--at", "teatime"], "ISO 8601"),
        (["115.9", "28.6", "--jsn"], "--jsn"),
        (["115.9", "28.6", "--minutes", "ten"], "--minutes"),
    ],
)
def test_wrong_questions_are_2_and_say_why(run, demo_dataset, arguments, word):
    status, out, err = run("nearest", *arguments, "--data", demo_dataset)
    assert (status, out) == (2, "")
    assert word in " ".join(err.split())


def test_a_missing_or_damaged_dataset_is_1_with_a_sentence(run, tmp_path):
    for name in ("nearest 115.9 28.6", "coverage", f"map --out {tmp_path}/m.html", "serve"):
        status, out, err = run(*name.split(), "--data", tmp_path / "none")
        assert (status, out) == (1, "")
        assert "locator prepare" in err
    damaged = tmp_path / "damaged" / "public"
    damaged.mkdir(parents=True)
    (damaged / "manifest.json").write_text("{}")
    status, out, err = run("coverage", "--data", damaged.parent)
    assert (status, out) == (1, "")
    assert len(err.strip().splitlines()) == 1


# --- coverage and map ---------------------------------------------------------------------------


def test_coverage_is_exact_where_private_is(run, demo_dataset):
    status, out, err = run("coverage", "--data", demo_dataset, "--json", "--geometry", "none")
    assert (status, err) == (0, "")
    summary = json.loads(out)["summary"]
    assert (summary["people"], summary["rounded_to"]) == ("exact", None)
    for key in ("homes", "workers"):
        part = summary[key]
        assert part["covered"] + part["uncovered"] == pytest.approx(part["total"])


def test_coverage_json_without_private_is_the_http_object(run, demo_dataset, client, tmp_path):
    public = tmp_path / "city"
    public.mkdir()
    (public / "public").symlink_to((demo_dataset / "public").resolve(), target_is_directory=True)
    _, out, _ = run("coverage", "--data", public, "--json", "--at", NIGHT, "--minutes", "10",
                    "--need", "drink", "--stations-at-least", "2",
                    "--include", "building")  # fmt: skip
    asked = {"at": NIGHT, "minutes": 10, "need": "drink", "stations_at_least": 2,
             "include": "building"}  # fmt: skip
    assert json.loads(out) == client.get(COVERAGE, params=asked).json()


def test_coverage_reports_in_words(run, demo_dataset):
    status, out, err = run("coverage", "--data", demo_dataset, "--at", NIGHT)
    assert (status, err) == (0, "")
    assert "of homes within 15 min on foot, leaving 2026-11-22 03:00" in out
    assert "people: exact" in out
    assert "why not covered" in out
    assert "why not covered, by group (workers)" in out
    assert "why not covered, by region (workers)" in out


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "parquet", "csv", "xlsx"])
def test_gaps_are_written_in_every_format(run, demo_dataset, tmp_path, ending):
    out = tmp_path / f"gaps.{ending}"
    status, _, err = run("coverage", "--data", demo_dataset, "--out", out)
    assert status == 0
    assert out.name in err
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": gpd.read_parquet}
    frame = read.get(ending, gpd.read_file)(out)
    gaps = open_service(Settings(data=demo_dataset)).index.coverage(exact=True).gaps
    gaps = gaps.to_geodataframe()
    assert sorted(frame["id"]) == sorted(gaps["id"])
    assert frame["area_km2"].sum() == pytest.approx(gaps["area_km2"].sum(), rel=1e-6)


@pytest.mark.parametrize(("lang", "head"), [("zh", "空白编号"), ("en", "id")])
def test_a_table_of_gaps_has_headers_in_a_language(run, demo_dataset, tmp_path, lang, head):
    out = tmp_path / "gaps.xlsx"
    status, _, err = run("coverage", "--data", demo_dataset, "--out", out, "--lang", lang)
    assert status == 0, err
    frame = pd.read_excel(out)
    assert frame.columns[0] == head
    assert run("coverage", "--data", demo_dataset, "--lang", "fr")[0] == 2


def test_an_unknown_ending_is_2(run, demo_dataset, tmp_path):
    status, _, err = run("coverage", "--data", demo_dataset, "--out", tmp_path / "gaps.doc")
    assert status == 2
    assert ".geojson" in err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_region_is_2(run, demo_dataset):
    names = open_service(Settings(data=demo_dataset)).region_names
    told = ", ".join(f"{code} {name}" for code, name in names.items())
    status, out, err = run("coverage", "--data", demo_dataset, "--region", "000000")
    assert (status, out) == (2, "")
    assert f"region: the dataset has no such id; it has: {told}\n" in err


def test_map_writes_one_page_that_needs_nothing_else(run, demo_dataset, tmp_path):
    page = tmp_path / "map.html"
    status, out, _ = run("map", "--data", demo_dataset, "--out", page, "--at", NIGHT)
    assert (status, out.strip()) == (0, str(page))
    text = page.read_text(encoding="utf-8")
    assert "<script src=" not in text
    assert '<link rel="stylesheet" href=' not in text
    assert "虚构" in text
    english = tmp_path / "en.html"
    assert run("map", "--data", demo_dataset, "--out", english, "--lang", "en")[0] == 0
    assert 'lang="en"' in english.read_text(encoding="utf-8")
    assert run("map", "--data", demo_dataset, "--out", tmp_path / "no" / "map.html")[0] == 1


# --- demo, prepare, serve -----------------------------------------------------------------------


def test_demo_writes_input_files_that_prepare_takes(run, tmp_path):
    status, out, err = run("demo", "--out", tmp_path / "in", "--size", "small")
    assert status == 0
    assert "small" in err
    for name in ("streets.osm.pbf", "stations.csv", "homes.csv", "regions.geojson"):
        assert (tmp_path / "in" / name).stat().st_size > 0
        assert name in out
    status, out, err = run(
        "prepare", "--streets", tmp_path / "in" / "streets.osm.pbf",
        "--stations", tmp_path / "in" / "stations.csv", "--homes", tmp_path / "in" / "homes.csv",
        "--regions", tmp_path / "in" / "regions.geojson", "--out", tmp_path / "out",
        "--mode", "walk", "--json",
    )  # fmt: skip
    assert status == 0
    report = json.loads(out)
    assert report
    assert "[" in err
    assert (tmp_path / "out" / "public" / "manifest.json").is_file()
    status, out, _ = run("coverage", "--data", tmp_path / "out")
    assert status == 0


def test_prepare_says_what_it_cannot_use_and_is_1(run, demo_inputs, tmp_path):
    empty = tmp_path / "stations.csv"
    empty.write_text("")
    status, out, err = run(
        "prepare", "--streets", demo_inputs["streets"], "--stations", empty, "--out", tmp_path / "o"
    )
    assert (status, out) == (1, "")
    assert "stations.csv" in err
    assert not (tmp_path / "o").exists()
    status, _, err = run(
        "prepare", "--streets", tmp_path / "none.pbf", "--stations", demo_inputs["stations"],
        "--out", tmp_path / "o",
    )  # fmt: skip
    assert status == 1
    assert "none.pbf" in err


def test_without_data_the_demo_city_is_prepared_once(run):
    status, _, err = run("nearest", "115.89", "28.68", "--open", "any", "--minutes", "60")
    assert status == 0
    assert "preparing the demo city (small)" in err
    status, _, err = run("nearest", "115.89", "28.68", "--open", "any", "--minutes", "60")
    assert (status, err) == (0, "")


def test_serve_prepares_opens_and_runs(run, monkeypatch, demo_dataset):
    started = []
    monkeypatch.setattr("web.server.run", started.append)
    monkeypatch.setattr("web.server.check_address", lambda *_: None)  # 8123 may be somebody's
    status, out, err = run("serve", "--data", demo_dataset, "--port", "8123", "--workers", "2")
    assert (status, out) == (0, "")
    assert "http://127.0.0.1:8123" in err
    assert started[0].data == demo_dataset
    assert (started[0].port, started[0].workers) == (8123, 2)
    assert run("serve", "--data", demo_dataset, "--port", "99999")[0] == 2


def test_serve_says_which_port_is_taken_and_which_host_is_none_of_ours(run, demo_dataset):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = door.getsockname()[1]
        status, out, err = run("serve", "--data", demo_dataset, "--port", str(port))
    assert (status, out) == (1, "")
    assert f"port {port} of 127.0.0.1 is taken" in err
    # an address for documents only (RFC 5737): nobody's, and a number, so that no server is asked
    status, out, err = run("serve", "--data", demo_dataset, "--host", "192.0.2.1", "--port", "0")
    assert (status, out) == (1, "")
    assert "no address of this machine" in err


def test_a_month_takes_nothing_of_a_coverage(run, demo_dataset):
    asked = ("bulletin", "--data", demo_dataset, "--month", "2026-11", "--mode", "drive")
    status, out, err = run(*asked)
    assert (status, out) == (2, "")
    assert "leave out --mode, or --month" in err


def test_the_last_wall_shows_no_traceback(run, monkeypatch, demo_dataset):
    def fails(*_args, **_kwargs):
        raise RuntimeError("surprise")

    monkeypatch.setattr("web.commands.open_service", fails)
    status, out, err = run("coverage", "--data", demo_dataset)
    assert (status, out) == (1, "")
    assert "please report" in err


def test_a_reader_that_goes_away_is_no_error(demo_dataset):
    command = f"{sys.executable} -m web coverage --data {demo_dataset} --json | head -c 10"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert done.stdout.startswith("{")
    assert "Traceback" not in done.stderr


# --- text ---------------------------------------------------------------------------------------


def test_chinese_names_are_aligned():
    lines = table([["驿站", "1"], ["ab", "2"]])
    assert lines == ["驿站  1", "ab    2"]
    assert {width(line) for line in lines} == {7}
    assert table([]) == []


def test_names_cannot_move_the_cursor():
    assert shown("\x1b[31mred\u202eabc\n") == " [31mred abc "


def test_a_report_tells_what_fails():
    station = {
        "id": "s1", "name": "驿站", "seconds": None, "metres": None, "straight_metres": 800.4,
        "open": {"state": "closed", "until": NOON, "on_arrival": None}, "fails": ["closed"],
    }  # fmt: skip
    text = nearest_report(
        {
            "covered": False,
            "reason": "closed",
            "limit_seconds": 900,
            "mode": "walk",
            "at": NIGHT,
            "stations": [],
            "alternatives": [station],
            "warnings": ["w"],
            "hotline": "12351",
        }
    )
    assert "not covered: what is near will be closed (15 min on foot" in text
    assert "closed until 2026-11-22 12:00" in text
    assert "800 m" in text
    assert "note: w" in text


def test_a_demo_of_an_older_release_is_prepared_anew(run, tmp_path):
    status, _, said = run("nearest", 115.9, 28.68)
    assert "first run" in said
    manifest = tmp_path / "demo" / "small" / "public" / "manifest.json"
    before = manifest.read_bytes()
    assert "preparing" not in run("nearest", 115.9, 28.68)[2]
    about = json.loads(before)
    del about["basemap"]
    manifest.write_text(json.dumps(about), "utf-8")
    again, _, said = run("nearest", 115.9, 28.68)
    assert "of an older release, drawn anew" in said
    assert again == status
    assert manifest.read_bytes() == before


def test_compiling_is_said_once_and_only_where_it_happens(capsys):
    @numba.njit
    def more(number):
        return number + 1

    @numba.njit
    def less(number):
        return number - 1

    with compiling_said():
        assert capsys.readouterr() == ("", "")
        assert (more(1), less(1), more(1.5)) == (2, 0, 2.5)
        out, err = capsys.readouterr()
        assert out == ""
        assert err.splitlines() == [
            "compiling for this computer: it takes about 20 s, this first time only"
        ]
    with compiling_said():
        assert (more(1), less(1)) == (2, 0)
        assert capsys.readouterr() == ("", "")
