"""`locator plan`: tables of candidates, files of plans, exit statuses."""

import json

import openpyxl
import pytest

from geodata import open_dataset
from geodata.errors import FileFormatError, ValidationError
from geodata.tables import load_vocabulary
from locator.index import Index
from tests.browsing import opened, until
from tests.webtools import new_client
from web.plan_answers import check_plan, make, result_of
from web.plan_candidates import read_candidates
from web.plan_files import write_plan
from web.plan_map import escaped
from web.plan_schemas import PlanQuestion
from web.plan_words import PlanWords


@pytest.fixture(scope="module")
def words():
    return load_vocabulary()


@pytest.fixture
def beside(demo_dataset):
    """A position near the demo's first station."""
    stations = new_client(demo_dataset).app.state.holder.service().index.stations
    return stations["id"].iloc[0], stations["lon"].iloc[0] + 0.01, stations["lat"].iloc[0] + 0.01


def test_chinese_headers_prices_hours_and_facilities_are_read(tmp_path, words):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["2026 年拟建站点", None])
    sheet.append(["编号", "措施", "经度", "纬度", "坐标系", "现有站点", "费用", "开放时间", "设施"])
    sheet.append(
        ["a", "新建", 118.79, 32.05, "WGS84", None, "¥50,000.50", "08:00-22:00", "热饭、饮水"]
    )
    sheet.append(["b", "能划则划", 118.80, 32.05, "高德", None, "20000", None, None])
    sheet.append(["c", "延时", None, None, None, "nj0001", 12000, "24小时", None])
    file = tmp_path / "候选.xlsx"
    book.save(file)
    frame, notes = read_candidates(file, words)
    assert frame["action"].tolist() == ["build", "convert", "extend"]
    assert frame["cost_yuan"].tolist() == ["50000.50", "20000.00", "12000.00"]
    assert frame["opening_hours"].fillna("").tolist() == ["08:00-22:00", "", "24/7"]
    assert sorted(frame["facilities"][0]) == ["microwave", "water"]
    assert frame["station"][2] == "nj0001"
    assert frame["lon"][0] == 118.79
    assert abs(frame["lon"][1] - 118.80) > 0.003  # GCJ-02 was taken back
    assert notes == []


def test_every_cell_that_is_not_understood_is_named(tmp_path, words):
    file = tmp_path / "c.csv"
    file.write_text(
        "id,action,lon,lat,datum,opening_hours\n"
        "a,dig,118.8,32.0,wgs84,\n"
        "b,build,118.8,x,wgs84,\n"
        "c,build,118.8,32.0,wgs84,whenever\n",
        encoding="utf-8",
    )
    with pytest.raises(ValidationError) as caught:
        read_candidates(file, words)
    assert [fault.where for fault in caught.value.faults] == [
        "c.csv, row 2, action", "c.csv, row 4, opening_hours", "c.csv, row 3",
    ]  # fmt: skip


def test_costs_rooms_and_facilities_that_are_not_understood_are_named(tmp_path, words):
    file = tmp_path / "c.csv"
    file.write_text(
        "id,lon,lat,datum,cost_yuan,capacity,facilities\n"
        "a,118.8,32.0,wgs84,-5,,\n"
        "b,118.8,32.0,wgs84,0.015,-3,\n"
        "c,118.8,32.0,wgs84,1e999999,many,\n"
        "d,118.8,32.0,wgs84,nan,nan,zzz\n"
        "e,118.8,32.0,wgs84,,60,water\n",
        encoding="utf-8",
    )
    with pytest.raises(ValidationError) as caught:
        read_candidates(file, words)
    assert sorted(fault.where for fault in caught.value.faults) == sorted(
        [f"c.csv, row {row}, cost_yuan" for row in (2, 3, 4, 5)]
        + [f"c.csv, row {row}, capacity" for row in (3, 4, 5)]
        + ["c.csv, row 5, facilities"]
    )


def test_a_price_that_nobody_states_is_said(tmp_path, words):
    book = openpyxl.Workbook()
    book.active.append(["id", "lon", "lat", "datum", "cost_yuan"])
    book.active.append(["a", 118.8, 32.0, "wgs84", "=100*2"])  # never opened by a spreadsheet
    book.active.append(["b", 118.8, 32.0, "wgs84", 200])
    book.save(tmp_path / "c.xlsx")
    frame, notes = read_candidates(tmp_path / "c.xlsx", words)
    assert frame["cost_yuan"].fillna("").tolist() == ["", "200.00"]
    assert [note for note in notes if "1 of 2 rows state no cost" in note]


@pytest.mark.parametrize(
    ("header", "cell", "yuan"),
    [
        ("费用（万元）", "6", "60000.00"),
        ("投资估算(万元)", "0.0001", "1.00"),
        ("费用(万元)", "60000元", "60000.00"),
        ("费用", "6.5万元", "65000.00"),
        ("费用", "６００００．５", "60000.50"),
        ("费用", "￥60，000", "60000.00"),
        ("费用(元)", "人民币60 000", "60000.00"),
        ("cost_yuan", "1e5", "100000.00"),
        ("费用(千元)", "6", "6000.00"),
        ("总投资（亿元）", "0.5", "50000000.00"),
        ("费用(角)", "65", "6.50"),
        ("费用(万元)", "6千元", "6000.00"),
        ("费用", "1,234,567.8", "1234567.80"),
        ("费用", "12,3456", "123456.00"),
    ],
)
def test_money_is_read_in_the_unit_that_is_named(tmp_path, words, header, cell, yuan):
    file = tmp_path / "c.csv"
    file.write_text(f'编号,经度,纬度,坐标系,"{header}"\na,118.8,32.0,wgs84,"{cell}"\n', "utf-8")
    frame, notes = read_candidates(file, words)
    assert frame["cost_yuan"].tolist() == [yuan]
    assert notes == []


def test_no_row_another_currency_and_words_left_aside_are_said(tmp_path, words):
    file = tmp_path / "c.csv"
    file.write_text("id,lon,lat,费用\n", "utf-8")
    with pytest.raises(FileFormatError, match="no row below the header"):
        read_candidates(file, words)
    file.write_text("id,lon,lat,费用(美元)\na,118.8,32.0,5\n", "utf-8")
    with pytest.raises(ValidationError, match="not in yuan"):
        read_candidates(file, words)
    file.write_text(f"id,lon,lat\n{'a' * 201},118.8,32.0\n", "utf-8")
    with pytest.raises(ValidationError, match="longer than 200"):
        read_candidates(file, words)
    file.write_text("id,lon,lat,datum,设施,容量\na,118.8,32.0,wgs84,饮水、火箭,60人\n", "utf-8")
    frame, notes = read_candidates(file, words)
    assert (frame["facilities"].tolist(), frame["capacity"].tolist()) == ([["water"]], [60.0])
    assert notes == ["c.csv, row 2, facilities: left aside '火箭'"]


@pytest.mark.parametrize(
    "cell",
    [
        "NaN",
        "inf",
        "-1",
        "－5",
        "1e300",
        "0.005",
        "1_000",
        "0.0000001万",
        "=1+1",
        "0x10",
        '"12,50"',
        '"1.234,56"',
        "$5",
    ],
)
def test_what_is_no_money_is_named(tmp_path, words, cell):
    file = tmp_path / "c.csv"
    file.write_text(f"id,lon,lat,cost_yuan\na,118.8,32.0,{cell}\n", encoding="utf-8")
    with pytest.raises(ValidationError, match=r"row 2, cost_yuan: .* is no amount in yuan"):
        read_candidates(file, words)


def test_a_column_of_costs_that_is_not_known_is_said(tmp_path, words):
    file = tmp_path / "c.csv"
    file.write_text("id,lon,lat,datum,概念价码\na,118.8,32.0,wgs84,5\n", encoding="utf-8")
    frame, notes = read_candidates(file, words)
    assert frame["cost_yuan"].tolist() == [None]
    assert any("not read: 概念价码" in note for note in notes)


def test_a_table_without_places_is_none(tmp_path, words):
    file = tmp_path / "c.csv"
    file.write_text("id,cost\na,1\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="position"):
        read_candidates(file, words)


def test_an_undeclared_datum_is_said(tmp_path, words):
    file = tmp_path / "c.csv"
    file.write_text("id,lon,lat\na,118.8,32.0\n", encoding="utf-8")
    _, notes = read_candidates(file, words)
    assert any("taken as wgs84" in note for note in notes)
    frame, notes = read_candidates(file, words, datum="gcj02")
    assert notes == []
    assert frame["lon"][0] < 118.799


def test_the_command_prints_what_the_job_would_and_writes_files(
    run, demo_dataset, tmp_path, beside
):
    station, lon, lat = beside
    table = tmp_path / "c.csv"
    table.write_text(
        "id,action,lon,lat,datum,station,cost_yuan,name\n"
        f"a,build,{lon},{lat},wgs84,,100.01,<b>${{1}}</b>\n"
        f"b,convert,{lon + 0.004},{lat},wgs84,,60.10,\n"
        f"c,extend,,,,{station},20,\n",
        encoding="utf-8",
    )
    asked = ["plan", "--data", demo_dataset, "--candidates", table, "--budget", "160.11"]
    status, out, err = run(*asked, "--json", "--time-limit", "10")
    assert status == 0, err
    result = json.loads(out)
    assert result["people"] == "exact"
    assert result["spent_yuan"] <= 160.11
    assert result["gap"] == 0
    assert [site["order"] for site in result["chosen"]] == list(range(1, len(result["chosen"]) + 1))
    status, out, _ = run(*asked)
    assert status == 0
    assert "proven bound" in out
    for ending in ("geojson", "xlsx", "csv", "html"):
        file = tmp_path / f"plan.{ending}"
        assert run(*asked, "--out", file)[0] == 0
        assert file.stat().st_size > 200
    shown = json.loads((tmp_path / "plan.geojson").read_text("utf-8"))
    assert shown["type"] == "FeatureCollection"
    assert [f["id"] for f in shown["features"]] == [site["id"] for site in result["chosen"]]
    page = (tmp_path / "plan.html").read_text("utf-8")
    assert "<b>$" not in page
    assert 'src="http' not in page
    assert 'href="http' not in page.replace('href="https://leafletjs.com"', "")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert book.sheetnames == ["方案", "说明"]
    assert [cell.value for cell in book["方案"][1]][:3] == ["次序", "编号", "措施"]


def test_the_map_of_a_plan_shows_its_sites_over_streets(browser, demo_dataset, tmp_path):
    dataset = open_dataset(demo_dataset)
    result = Index(dataset).plan(sites=2, time_limit_seconds=10).result | {"dataset": {}}
    file = tmp_path / "plan.html"
    write_plan(result, file, "en", dataset)
    with opened(browser, file.as_uri(), ready=".step") as seen:
        assert seen.page.locator(".step").count() == len(result["chosen"]) == 2
        until(
            seen.page,
            """[...document.querySelectorAll(".leaflet-overlay-pane canvas")].some((canvas) =>
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
              .some((value) => value > 0))""",
        )


def test_wrong_usage_and_no(run, demo_dataset, tmp_path, beside):
    _, lon, lat = beside
    base = ("plan", "--data", demo_dataset, "--candidates")
    assert run(*base, "auto")[0] == 2  # neither budget nor sites nor target
    assert run(*base, "auto", "--sites", "1", "--budget", "2")[0] == 2
    assert run(*base, "auto", "--budget", "ten")[0] == 2
    assert run(*base, "auto", "--sites", "1", "--out", tmp_path / "plan.pdf")[0] == 2
    assert run(*base, "auto", "--sites", "1", "--region", "nowhere")[0] == 2
    missing = run(*base, tmp_path / "absent.csv", "--sites", "1")
    assert missing[0] == 1
    assert "does not exist" in missing[2]
    table = tmp_path / "c.csv"
    table.write_text(f"id,lon,lat,datum\na,{lon},{lat},wgs84\n", encoding="utf-8")
    status, _, err = run(*base, table, "--target", "0.99")
    assert status == 1  # nothing can do that: the answer is no
    assert "ask for less" in err
    assert "Traceback" not in err


def test_words_of_strangers_are_escaped():
    assert escaped("<i>'\"`${a}&") == "&lt;i&gt;&#x27;&quot;&#96;&#36;{a}&amp;"


def test_sites_sent_over_http_stand_on_the_lattice(demo_dataset, tmp_path, beside):
    from web.plan_answers import make
    from web.plan_schemas import PlanQuestion

    _, lon, lat = beside
    client = new_client(demo_dataset, jobs=tmp_path)
    service = client.app.state.holder.service()
    chosen = []
    for shift in (0.0, 1e-5):  # about a metre apart
        site = {"id": "a", "lon": round(lon, 4) + shift, "lat": round(lat, 4)}
        question = PlanQuestion.model_validate({"candidates": [site], "sites": 1, "minutes": 15})
        chosen.append(make(service, question).result["chosen"])
    assert chosen[0] == chosen[1]


def test_an_index_takes_a_plain_list(demo_dataset, beside):
    from geodata.bundle import open_dataset

    _, lon, lat = beside
    index = Index(open_dataset(demo_dataset, private=True))
    answer = index.plan([{"lon": lon, "lat": lat}], sites=1, exact=True)
    assert len(answer.to_geodataframe()) <= 1


def test_hours_in_chinese_are_what_osm_says_in_a_plan(demo_dataset, beside):
    service = new_client(demo_dataset).app.state.holder.service()
    _, lon, lat = beside
    found = []
    for hours in ("06:00-24:00", "每天早六点到晚十二点"):
        site = {"id": "a", "lon": lon, "lat": lat, "opening_hours": hours}
        question = PlanQuestion.model_validate(
            {"candidates": [site], "sites": 1, "at": "2026-11-24T22:00"}
        )
        check_plan(service, question)
        found.append(make(service, question).result["chosen"])
    assert found[0] == found[1] != []


def test_words_of_a_plan_for_the_fewest_sites(demo_dataset):
    service = new_client(demo_dataset).app.state.holder.service()
    asked = {"objective_name": "cover", "target_share": 0.1, "target_of": "uncovered"}
    said = {}
    for least in ("sites", "cost"):
        question = PlanQuestion(least=least, minutes=5, time_limit_seconds=120, **asked)
        result = result_of(service, question, make(service, question))
        said[least] = dict(PlanWords("zh", {}).about(result))
        assert dict(PlanWords("en", {}).about(result))["Target share of"].startswith("workers")
    assert said["sites"]["目标"] == "处数最少达到目标"
    assert said["sites"]["单位"] == "处"
    assert said["sites"]["目标值"] == int(said["sites"]["目标值"]) <= len(result["chosen"])
    assert said["cost"]["单位"] == "元"


def test_a_score_does_not_tell_people_finer_than_people_are_told(demo_dataset):
    client = new_client(demo_dataset)
    service = client.app.state.holder.service()
    regions = [{"region": code, "need": 7} for code in service.dataset.regions["id"]]
    mosts = {"weights": {"need": 100.0}, "regions": regions}  # everybody counts a hundred
    question = PlanQuestion(sites=3, mosts=mosts, minutes=5, time_limit_seconds=20)
    result = result_of(service, question, make(service, question))
    assert result["objective"] % 500 == 0 == result["bound"] % 500
    assert result["chosen"]
    for site in result["chosen"]:
        assert site["terms"]["need"] == 100 * site["gain_workers"]


def test_kilometres_are_neither_rounded_nor_called_workers_where_nobody_gave_homes(
    demo_inputs, tmp_path, run
):
    inputs = {name: str(demo_inputs[name]) for name in ("streets", "stations")}
    status, _, _ = run(
        "prepare", "--streets", inputs["streets"], "--stations", inputs["stations"],
        "--stations-datum", "gcj02", "--mode", "walk", "--out", tmp_path / "city",
    )  # fmt: skip
    assert status == 0
    asked = ["--data", tmp_path / "city", "--candidates", "auto", "--target", "0.7"]
    status, out, _ = run("plan", *asked, "--json")
    gains = [site["gain_workers"] for site in json.loads(out)["chosen"]]
    assert status == 0
    assert any(gain % 5 for gain in gains)
    status, out, _ = run("plan", *asked)
    assert "more km of street" in out
    assert "more workers" not in out


def test_a_folder_that_does_not_exist_is_told_before_the_work(run, demo_dataset, tmp_path):
    asked = ["--data", demo_dataset, "--candidates", "auto", "--sites", "1"]
    status, out, err = run("plan", *asked, "--out", tmp_path / "none" / "plan.csv")
    assert (status, out) == (1, "")
    assert "there is no such folder" in err
    assert "%]" not in err, "nothing was begun"
