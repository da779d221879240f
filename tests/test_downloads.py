"""``/download/…``: what is on the screen as files that other programs open."""

import io
import json
import re
import shutil
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from geodata import load_stations
from geodata.exports import Notes, write_table
from geodata.hours_text import read_hours
from locator.arrival import CAUSES
from tests.test_full_disk import no_file_longer_than
from tests.webtools import (
    COVERAGE,
    NIGHT,
    NOON,
    client_of,
    new_client,
    problem_of,
    service_of,
)
from web import downloads
from web.dependencies import departure
from web.download_tables import TITLES, within
from web.schemas import CoverageQuestion
from web.summaries import Discretion, discreet_gap

TABLES = ("stations", "gaps", "regions")
FORMATS = ("geojson", "csv", "xlsx", "gpkg")
TYPES = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
}


@pytest.fixture(scope="module")
def client(demo_dataset):
    return client_of(demo_dataset)


@pytest.fixture(scope="module")
def public_only(demo_dataset, tmp_path_factory):
    """The dataset as a server should have it: without ``private/``."""
    copy = tmp_path_factory.mktemp("public") / "city"
    shutil.copytree(demo_dataset / "public", copy / "public")
    return copy


def fetch(client, table, ending, **asked):
    answer = client.get(f"/download/{table}.{ending}", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPES[ending]
    return answer.content


def read(content, ending, **options):
    """A file as a frame, read by programs that are not ours."""
    if ending == "csv":
        return pd.read_csv(io.BytesIO(content), dtype={"id": str, "编号": str}, **options)
    if ending == "xlsx":
        return pd.read_excel(io.BytesIO(content), **options)
    with tempfile.NamedTemporaryFile(suffix=f".{ending}") as file:
        file.write(content)
        file.flush()
        return gpd.read_file(file.name, **options)


def gaps_of(client, **asked):
    answer = client.get(COVERAGE, params=asked).json()
    return {gap["id"]: gap for gap in answer["features"]}


# --- every table in every format ----------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_formats_hold_the_same_table(client, table, lang):
    frames = {
        ending: read(fetch(client, table, ending, lang=lang, minutes=10), ending)
        for ending in FORMATS
    }
    codes = [name for name in frames["geojson"].columns if name != "geometry"]
    titles = TITLES[lang][table]
    for ending in ("csv", "xlsx"):
        head = list(frames[ending].columns)
        assert head[: len(codes)] == [titles.get(name, name) for name in codes]
        back = {title: code for code, title in titles.items()}
        frames[ending] = frames[ending].rename(columns=back)
    first = frames["gpkg"]
    assert [name for name in first.columns if name != "geometry"] == codes
    for ending in ("geojson", "csv", "xlsx"):
        assert len(frames[ending]) == len(first) > 0
        for name in codes:
            one = frames[ending][name].astype(object).replace("", np.nan)
            other = first[name].astype(object).replace("", np.nan)
            pd.testing.assert_series_equal(
                one.map(plain), other.map(plain), check_dtype=False, check_names=False, rtol=1e-9
            )


def plain(value):
    """A cell without the type that a format gave it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return "(none)"
    if isinstance(value, (bool, np.bool_, pd.Timestamp)):
        return str(value).removesuffix(" 00:00:00")
    try:
        return round(float(value), 6)
    except (TypeError, ValueError):
        return str(value)


def test_headers_are_chinese_unless_asked_otherwise(client):
    for table in TABLES:
        for ending in ("csv", "xlsx"):
            head = list(read(fetch(client, table, ending), ending).columns)
            assert all(re.search(r"[\u4e00-\u9fff]", name) for name in head)
            english = list(read(fetch(client, table, ending, lang="en"), ending).columns)
            assert all(name.isascii() for name in english)
            assert len(head) == len(english)


def test_csv_opens_in_excel(client):
    content = fetch(client, "stations", "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in content
    assert content.decode("utf-8-sig").splitlines()[0].startswith("编号,名称,")


def test_a_workbook_says_what_it_holds(client):
    book = openpyxl.load_workbook(io.BytesIO(fetch(client, "gaps", "xlsx", at=NIGHT)))
    assert book.sheetnames == ["数据", "说明"]
    about = {row[0]: row[1] for row in book["说明"].iter_rows(values_only=True)}
    everything = " ".join(map(str, about.values()))
    version = service_of(client).name["version"]
    for word in ("WGS-84", "03:00", "15分钟", "5的倍数", "12351", version, "虚构"):
        assert word in everything
    assert about["列 劳动者数"] == "workers"
    english = openpyxl.load_workbook(io.BytesIO(fetch(client, "gaps", "xlsx", lang="en")))
    assert english.sheetnames == ["data", "About"]


def test_a_geopackage_has_its_datum_and_types(client, tmp_path):
    for table in TABLES:
        path = tmp_path / f"{table}.gpkg"
        path.write_bytes(fetch(client, table, "gpkg"))
        assert list(pyogrio.list_layers(path)[:, 0]) == [table]
        info = pyogrio.read_info(path)
        assert info["crs"] == "EPSG:4326"
        assert any("WGS-84" in text for text in info["dataset_metadata"].values())
        types = dict(zip(info["fields"], info["dtypes"], strict=True))
        numbers = {"gaps": "workers", "regions": "homes_total", "stations": "lon"}
        assert np.issubdtype(types[numbers[table]], np.number)


def test_geojson_is_rfc_7946(client):
    for table in TABLES:
        found = json.loads(fetch(client, table, "geojson", minutes=5))
        assert found["type"] == "FeatureCollection"
        assert "crs" not in found
        assert "WGS-84" in " ".join(found["about"].values())
        for feature in found["features"]:
            assert feature["type"] == "Feature"
            shape = shapely.geometry.shape(feature["geometry"])
            assert shape.is_valid
            for part in shapely.get_parts(shape):
                if part.geom_type == "Polygon":
                    assert part.exterior.is_ccw
                    assert not any(ring.is_ccw for ring in part.interiors)


# --- the figures are those of the API -----------------------------------------------------------


@pytest.mark.parametrize("asked", [{}, {"at": NIGHT}, {"minutes": 5, "need": "hot_meal"}])
def test_gaps_are_those_of_the_api(client, asked):
    expected = gaps_of(client, **asked)
    frame = read(fetch(client, "gaps", "gpkg", **asked), "gpkg").set_index("id")
    assert set(frame.index) == set(expected)
    for code, row in frame.iterrows():
        gap = expected[code]["properties"]
        for name in ("area_km2", "cause", "region", "suppressed"):
            assert row[name] == gap[name]
        for name in ("workers", "homes", "nearest_seconds", "detour_ratio"):
            assert (None if pd.isna(row[name]) else row[name]) == gap[name]
        assert (row["nearest_station"] or None) == gap["nearest_station"]
        assert list(filter(None, (row["also"] or "").split(";"))) == gap["also"]
        outline = shapely.geometry.shape(expected[code]["geometry"])
        assert shapely.hausdorff_distance(outline, row["geometry"]) < 1e-5


@pytest.mark.parametrize("asked", [{}, {"at": NIGHT}, {"mode": "ebike", "minutes": 5}])
def test_regions_are_those_of_the_api(client, asked):
    rows = client.get(COVERAGE, params=asked).json()["summary"]["regions"]
    frame = read(fetch(client, "regions", "xlsx", lang="en", **asked), "xlsx")
    assert [str(code) for code in frame["id"]] == [row["id"] for row in rows]
    for (_, shown), row in zip(frame.iterrows(), rows, strict=True):
        assert shown["share_covered"] == row["share_covered"]
        for key in ("homes", "workers", "street_km"):
            for part in ("total", "covered", "uncovered"):
                assert shown[f"{key}_{part}"] == row[key][part]


def test_the_command_line_writes_the_same_gaps(client, public_only, run, tmp_path):
    for ending in ("geojson", "gpkg"):
        out = tmp_path / f"gaps.{ending}"
        status, _, _ = run(
            "coverage", "--data", public_only, "--at", NIGHT, "--minutes", "5", "--out", out
        )
        assert status == 0
        written = gpd.read_file(out)
        sent = read(fetch(client, "gaps", ending, at=NIGHT, minutes=5), ending)
        pd.testing.assert_frame_equal(
            pd.DataFrame(written.drop(columns="geometry")),
            pd.DataFrame(sent.drop(columns="geometry")),
        )
        assert all(written.geometry.geom_equals(sent.geometry))


def test_small_gaps_show_no_figure_about_people(client):
    frame = read(fetch(client, "gaps", "csv", lang="en", at=NIGHT, minutes=5), "csv")
    small = frame[frame["suppressed"]]
    assert len(small) > 0
    assert small[["homes", "workers"]].isna().all(axis=None)
    shown = frame[~frame["suppressed"]]
    assert (shown["workers"] >= 10).all()
    assert (shown[["homes", "workers"]] % 5 == 0).all(axis=None)


def test_homes_of_a_gap_are_rounded_and_hidden_as_its_workers_are(client):
    for gap in gaps_of(client, at=NIGHT, minutes=5).values():
        figures = gap["properties"]
        assert (figures["homes"] is None) == figures["suppressed"]
        assert figures["homes"] is None or figures["homes"] % 5 == 0
    told = discreet_gap({"homes": 3.2, "workers": 9.9}, Discretion(5, 10), exact=False)
    assert told == {"homes": None, "workers": None, "suppressed": True}
    told = discreet_gap({"homes": 7.6, "workers": 12.5}, Discretion(5, 10), exact=False)
    assert told == {"homes": 10, "workers": 15, "suppressed": False}
    told = discreet_gap({"homes": 3.0, "workers": 4.0}, Discretion(5, 10), exact=True)
    assert told == {"homes": 3.0, "workers": 4.0, "suppressed": False}


# --- stations -----------------------------------------------------------------------------------


def test_stations_can_be_imported_again(client, tmp_path):
    index = service_of(client).index
    for ending in ("csv", "xlsx"):
        path = tmp_path / f"stations.{ending}"
        path.write_bytes(fetch(client, "stations", ending))
        back, rejects = load_stations(path)
        assert len(rejects) == 0
        back = back.set_index("id")
        assert set(back.index) == set(index.stations["id"])
        for station in index.stations.itertuples():
            row = back.loc[station.id]
            assert row["name"] == station.name
            assert row["kind"] == station.kind
            assert row["status"] == station.status
            assert row["access"] == station.access
            assert row["lon"] == pytest.approx(station.lon, abs=1e-6)
            assert set(row["facilities"].split(";")) == set(station.facilities.split(";"))
            if read_hours(station.opening_hours).osm:  # the reader knows its own words
                assert row["opening_hours"] == station.opening_hours


def test_stations_say_whether_they_count_and_are_open(client):
    frame = read(fetch(client, "stations", "csv", lang="en", at=NIGHT), "csv")
    service = service_of(client)
    states = service.index.timetable.states(departure(NIGHT))
    names = np.array(["closed", "open", "unknown"])[states]
    assert list(frame["state"]) == list(names)
    assert not frame.loc[frame["status"] != "open", "counted"].any()
    assert frame["counted"].sum() > 0
    without = read(fetch(client, "stations", "csv", lang="en"), "csv")
    assert without["state"].isna().all()


def test_what_is_asked_for_leaves_stations_out(client):
    every = read(fetch(client, "stations", "csv", lang="en"), "csv")
    kinds = read(fetch(client, "stations", "csv", lang="en", kind="driver_home"), "csv")
    assert set(kinds["kind"]) <= {"driver_home"}
    meals = read(fetch(client, "stations", "csv", lang="en", need="hot_meal"), "csv")
    has = every["facilities"].fillna("").str.split(";").map(lambda codes: "microwave" in codes)
    assert list(meals["id"]) == list(every[has]["id"])
    regions = service_of(client).index.regions
    parts = [
        read(fetch(client, "stations", "csv", lang="en", region=code), "csv")
        for code in regions["id"]
    ]
    assert sorted(pd.concat(parts)["id"]) == sorted(every["id"])


def test_no_telephone_of_a_person_is_sent(client):
    service = service_of(client)
    agents = service.index.stations.copy()
    agents.loc[agents.index[0], ["kind", "phone"]] = ["agent", "13800000000"]
    frame = downloads.TABLES["stations"]
    answer = service.cover(CoverageQuestion(), None)
    whole, service.index.stations = service.index.stations, agents
    try:
        table = frame(service, answer, "zh")
    finally:
        service.index.stations = whole
    assert table.loc[table["kind"] == "agent", "phone"].tolist() == [""]


# --- what is on the screen ----------------------------------------------------------------------


def test_a_box_keeps_what_touches_it(client):
    every = read(fetch(client, "stations", "gpkg"), "gpkg")
    lon, lat = every["lon"].median(), every["lat"].median()
    west, south = every["lon"].min(), every["lat"].min()
    inside = (every["lon"] <= lon) & (every["lat"] <= lat)
    box = f"{west},{south},{lon},{lat}"
    found = read(fetch(client, "stations", "gpkg", bbox=box), "gpkg")
    assert 0 < len(found) < len(every)
    assert list(found["id"]) == list(every[inside]["id"])
    whole = read(fetch(client, "gaps", "gpkg", at=NIGHT), "gpkg").set_index("id")
    part = read(fetch(client, "gaps", "gpkg", at=NIGHT, bbox=box), "gpkg").set_index("id")
    shape = shapely.box(west, south, lon, lat)
    assert set(part.index) == set(whole.index[whole.intersects(shape)])
    for code, row in part.iterrows():  # not cut: its figures stay true
        assert row.geometry.equals(whole.loc[code].geometry)


@pytest.mark.parametrize(
    "box",
    ["1,2,3", "1,2,3,4,5", "1,2,3,4,5,6", "a,b,c,d", ",,,", "115,30,116,20", "nan,1,2,3",
     "inf,1,2,3", "1,2,3,91", "181,2,3,4", "-180.5,2,3,4", "１,2,3,4", "1_0,2,3,4", "1e999,2,3,4",
     "true,2,3,4", "1;2;3;4", "1,2,3,4\n", "null", "0x1,2,3,4"],
)  # fmt: skip
@pytest.mark.parametrize("table", TABLES)
def test_faults_9_and_10_a_bad_box_is_refused(client, box, table):
    problem = problem_of(client.get(f"/download/{table}.csv", params={"bbox": box}), 422)
    assert problem["errors"]
    assert box not in json.dumps(problem["errors"], ensure_ascii=False) or box == "1,2,3"


def test_fault_9_a_box_may_cross_the_antimeridian():
    points = shapely.points([(179.5, 0), (-179.5, 0), (0, 0), (179.5, 20)])
    frame = gpd.GeoDataFrame({"id": list("abcd")}, geometry=points, crs=4326)
    assert downloads.read_box("179,-10,-179,10") == (179.0, -10.0, -179.0, 10.0)
    assert list(within(frame, (179.0, -10.0, -179.0, 10.0))["id"]) == ["a", "b"]
    assert list(within(frame, (-179.0, -10.0, 179.0, 10.0))["id"]) == ["c"]
    assert list(within(frame, None)["id"]) == list("abcd")


def test_a_box_around_nothing_gives_an_empty_table(client):
    for table in TABLES:
        for ending in FORMATS:
            content = fetch(client, table, ending, bbox="10,10,11,11")
            assert len(read(content, ending)) == 0
            if ending == "gpkg":
                assert "datum" in read(content, ending).columns


# --- what strangers wrote -----------------------------------------------------------------------


def test_fault_33_no_cell_is_run(client):
    service = service_of(client)
    stations = service.index.stations.copy()
    evil = ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "a<script>\x00\x1b"]
    stations.loc[stations.index[: len(evil)], "name"] = evil
    answer = service.cover(CoverageQuestion(), None)
    whole, service.index.stations = service.index.stations, stations
    try:
        made = {
            ending: downloads.download(
                service, answer, downloads.DownloadQuestion(), "stations", ending
            ).content
            for ending in FORMATS
        }
    finally:
        service.index.stations = whole
    for ending in ("csv", "xlsx"):
        names = read(made[ending], ending, keep_default_na=False)["名称"]
        assert not [name for name in names if re.match(r"\s*[=+\-@]", name)]
    book = openpyxl.load_workbook(io.BytesIO(made["xlsx"]))
    assert not [cell for row in book["数据"].iter_rows() for cell in row if cell.data_type == "f"]
    assert evil[0] in list(read(made["gpkg"], "gpkg")["name"])


def test_a_header_or_note_is_not_run_either(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    path = write_table(frame, tmp_path / "x.xlsx", Notes({"a": "=1+1"}, [("=2", "@x")]))
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.value for cell in cells} == {"'=1+1", 1, "'=2", "'@x"}
    assert all(cell.data_type != "f" for cell in cells)


# --- HTTP ---------------------------------------------------------------------------------------


def test_the_name_says_what_is_inside(client):
    region = service_of(client).index.regions.iloc[0]
    answer = client.get(f"/download/gaps.xlsx?region={region['id']}&minutes=10")
    plain, encoded = re.fullmatch(
        r"attachment; filename=\"([\w.]+)\"; filename\*=UTF-8''([\w.%-]+)",
        answer.headers["content-disposition"],
    ).groups()
    assert plain == "gaps.xlsx"
    name = unquote(encoded)
    assert name.startswith("服务空白_")
    assert region["name"].split("(")[0] in name
    assert "10分钟" in name
    assert not re.search(r'[\\/:*?"<>|()\s]', name)
    english = client.get("/download/gaps.csv?lang=en").headers["content-disposition"]
    assert "filename*=UTF-8''gaps_" in english


def test_what_has_not_changed_is_not_made_again(client):
    seen = set()
    for url in (
        "gaps.csv",
        "gaps.xlsx",
        "regions.csv",
        "gaps.csv?lang=en",
        "gaps.csv?bbox=1,2,3,4",
    ):
        answer = client.get(f"/download/{url}")
        tag = answer.headers["etag"]
        again = client.get(f"/download/{url}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        seen.add(tag)
    assert len(seen) == 5
    head = client.head("/download/gaps.csv")
    assert head.status_code == 200
    assert head.headers["etag"] in seen


def test_wrong_addresses_and_questions_are_refused(client):
    for url in ("homes.csv", "gaps.doc", "gaps.parquet", "gaps", "people.gpkg", "gaps.csv.exe"):
        problem_of(client.get(f"/download/{url}"), 404)
    assert problem_of(client.get("/download/gaps.csv?region=no"), 404)["code"] == "unknown_region"
    assert problem_of(client.get("/download/gaps.csv?minutes=999"), 422)
    shared = "utm_source=x&need=&bbox=&base=none"  # as messengers and forms send it
    assert client.get(f"/download/gaps.csv?{shared}").status_code == 200


def test_too_many_rows_are_refused(demo_dataset):
    client = new_client(demo_dataset, max_features=3)
    problem = problem_of(client.get("/download/stations.csv"), 422)
    assert "max_features" in problem["detail"]
    region = service_of(client).index.regions["id"].iloc[0]
    assert client.get(f"/download/regions.csv?region={region}").status_code == 200


def test_nothing_is_left_on_the_disk(demo_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client = new_client(demo_dataset)
    for table in TABLES:
        for ending in FORMATS:
            fetch(client, table, ending)
    problem_of(new_client(demo_dataset, max_features=1).get("/download/gaps.gpkg"), 422)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", FORMATS)
def test_fault_23_without_room_for_a_temporary_file_it_says_so(
    demo_dataset, tmp_path, monkeypatch, ending
):
    client = new_client(demo_dataset)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    found = problem_of(client.get(f"/download/gaps.{ending}"), 507)
    assert found["code"] == "no_room"
    assert str(tmp_path) not in str(found)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with no_file_longer_than(200):
        assert problem_of(client.get(f"/download/gaps.{ending}"), 507)["code"] == "no_room"
    assert client.get(f"/download/gaps.{ending}").status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_only_so_many_files_are_made_at_once(demo_dataset, monkeypatch):
    from web.routes import download as route

    client, most, running = new_client(demo_dataset, work_at_once=1), [], []
    made = route.download

    def watched(*asked):
        running.append(1)
        most.append(len(running))
        try:
            return made(*asked)
        finally:
            running.pop()

    monkeypatch.setattr(route, "download", watched)
    with client:
        answers = []
        threads = [
            threading.Thread(
                target=lambda n=n: answers.append(
                    client.get(f"/download/gaps.xlsx?minutes={n}").status_code
                )
            )
            for n in range(5, 11)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [200] * 6
    assert max(most) == 1


@pytest.mark.parametrize("asked", [{"at": NIGHT}, {"at": NOON}])
def test_the_same_question_gives_the_same_rows(client, asked):
    one, other = (fetch(client, "gaps", "csv", **asked) for _ in range(2))
    assert one == other


def test_every_file_is_closed(client):
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    for _ in range(3):
        fetch(client, "gaps", "gpkg")
        fetch(client, "gaps", "xlsx")
    after = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    assert after <= before + 1


def test_regions_say_why_people_are_uncovered(client):
    rows = client.get(COVERAGE, params={"minutes": 10, "at": NIGHT}).json()["summary"]["regions"]
    frame = read(fetch(client, "regions", "csv", lang="en", minutes=10, at=NIGHT), "csv")
    frame = frame.set_index(frame["id"].fillna(""))
    assert any(row["causes"] for row in rows)
    for row in rows:
        for cause in CAUSES:
            told = row["causes"].get(cause, {"homes": 0, "workers": 0, "street_km": 0})
            for key, figure in told.items():
                assert frame.loc[row["id"], f"{key}_{cause}"] == pytest.approx(figure, abs=1e-6)


def test_gaps_stand_at_their_heaviest_cell(client):
    gaps = gaps_of(client, minutes=10)
    for ending in FORMATS:
        frame = read(fetch(client, "gaps", ending, lang="en", minutes=10), ending)
        for row in frame.to_dict("records"):
            told = gaps[row["id"]]["properties"]
            assert (row["lon"], row["lat"]) == pytest.approx((told["lon"], told["lat"]), abs=1e-6)


def test_columns_of_workbooks_are_as_wide_as_what_stands_in_them(client):
    sheet = openpyxl.load_workbook(io.BytesIO(fetch(client, "gaps", "xlsx"))).worksheets[0]
    widths = {cell.value: sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]}
    assert all(2 * len(title) <= widths[title] <= 60 for title in ("空白编号", "区县", "原因"))
    assert sheet["A1"].font.bold
    assert not sheet["A2"].font.bold
