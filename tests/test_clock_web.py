"""The week over HTTP and on the command line: shape, rounding, doors, page, picture, tables."""

import io
import json
import re
import shutil

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from locator.clock_parts import Part, Series
from tests.test_full_disk import no_file_longer_than
from tests.webtools import client_of, new_client, problem_of, service_of
from web.clock_answer import person_hours_told
from web.clock_question import ClockAnswer
from web.clock_scale import STEPS, Scale, ink
from web.clock_tables import workbook
from web.clock_text import Telling
from web.clock_words import COLUMNS
from web.commands import open_service
from web.settings import Settings
from web.summaries import Discretion

CLOCK = "/api/v1/clock"
WEEK = "2026-11-25"


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def ask(client, **asked):
    answer = client.get(CLOCK, params={"week": WEEK, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_answer_has_the_shape_of_the_interface(client):
    found = ask(client)
    ClockAnswer.model_validate(found)
    hours = found["hours"]
    assert [(hour["weekday"], hour["hour"]) for hour in hours] == [
        (day, hour) for day in range(7) for hour in range(24)
    ]
    assert hours[0]["at"] == "2026-11-23T00:00:00+08:00"
    assert set(hours[0]) >= {"share_covered", "workers_uncovered", "homes_uncovered"}
    assert found["worst"] in hours
    assert found["worst"]["workers_uncovered"] == max(hour["workers_uncovered"] for hour in hours)
    assert found["distinct_open_sets"] == len({hour["open_set"] for hour in hours})
    for part in [*found["groups"].values(), *found["regions"]]:
        assert len(part["share_covered"]) == len(part["workers_uncovered"]) == 168
    assert found["week"] == "2026-11-23"
    assert found["parameters"]["mode"] == "walk"


def test_figures_about_people_are_rounded_to_five_each_by_itself(client):
    found, index = ask(client), service_of(client).index
    exact = index.clock(week=WEEK)
    assert (found["people"], found["rounded_to"]) == ("from cells", 5)
    for row, hour in enumerate(found["hours"]):
        for name in ("homes", "workers"):
            figure = hour[f"{name}_uncovered"]
            assert figure % 5 == 0
            assert abs(figure - exact.all.series[name].uncovered[row]) <= 2.5
        share = exact.hours.share_covered.iloc[row]
        assert hour["share_covered"] == pytest.approx(share, abs=0.02)
    for code, part in found["groups"].items():
        whole = exact.groups[code].series["workers"].uncovered
        assert all(value % 5 == 0 for value in part["workers_uncovered"])
        assert np.abs(np.array(part["workers_uncovered"]) - whole).max() <= 2.5
    hours = found["person_hours"]
    assert all(value % 5 == 0 for value in hours.values())
    assert hours["uncovered"] == pytest.approx(exact.all.person_hours["uncovered"], abs=2.5)


@pytest.mark.parametrize(
    ("total", "uncovered", "told"),
    [
        (3, [3] * 168, (840, 840)),  # 504 would be told as 505, and 505 / 168 as 3.006
        (2, [2] * 168, (0, 0)),
        (9.9, [1] * 100 + [4] * 68, (1680, 340)),
        (100, [97] * 160 + [7.4] * 8, (16800, 15560)),
        (13, [13] * 167 + [10], (2185, 2180)),
    ],
)
def test_person_hours_of_a_few_tell_no_more_than_their_rounded_number(total, uncovered, told):
    series = Series(float(total), total - np.array(uncovered, float))
    part = Part({"homes": series, "workers": series}, np.ones(168, bool))
    found = person_hours_told(part, Discretion(5, 10))
    assert (found["total"], found["uncovered"]) == told


def test_small_gaps_show_no_number(client):
    found, index = ask(client, minutes=5), service_of(client).index
    exact = index.clock(week=WEEK, minutes=5).gaps.to_geodataframe().set_index("id")
    assert len(found["gaps"]) == len(exact)
    small = 0
    for gap in found["gaps"]:
        workers = exact.loc[gap["id"], "workers"]
        assert gap["suppressed"] == (workers < 10)
        if gap["suppressed"]:
            small += 1
            assert gap["workers"] is gap["homes"] is gap["person_hours"] is None
        else:
            assert gap["workers"] % 5 == gap["person_hours"] % 5 == 0
    assert small


def test_it_is_the_coverage_of_each_hour(client):
    found = ask(client, minutes=10, need="drink")
    for row in (3, 36, 83, 140):
        hour = found["hours"][row]
        asked = {"at": hour["at"], "minutes": 10, "need": "drink", "geometry": "none"}
        told = client.get("/api/v1/coverage", params=asked).json()["summary"]
        assert hour["share_covered"] == told["share_covered"]
        assert hour["workers_uncovered"] == told["workers"]["uncovered"]


def test_a_region_a_group_a_mode(client):
    whole = ask(client)
    region = whole["regions"][0]["id"]
    part = ask(client, region=region)
    assert [row["id"] for row in part["regions"]] == [region]
    assert part["workers"] <= whole["workers"]
    cleaners = ask(client, group="sanitation")
    assert list(cleaners["groups"]) == ["sanitation"]
    assert cleaners["group"]["weekday"] == ["04:00", "18:00"]
    assert [hour["works"] for hour in cleaners["hours"][:24]] == [4 <= h < 18 for h in range(24)]
    couriers = ask(client, group="courier")
    assert (couriers["group"]["mode"], couriers["group"]["or_on_foot"]) == ("ebike", True)
    on_foot = ask(client, group="courier", mode="walk")
    assert on_foot["group"]["mode_fell_back"] is True
    assert "ebike" in on_foot["warnings"][0]


def test_a_holiday_week_names_its_holidays(client):
    found = ask(client, week="2026-10-01")
    assert [day["kind"] for day in found["days"]] == ["", "", "", *["holiday"] * 4]
    assert found["days"][3]["label"] == "国庆节"


def test_an_answer_that_has_not_changed_is_not_sent_again(client):
    first = client.get(CLOCK, params={"week": WEEK})
    tag = first.headers["etag"]
    again = client.get(CLOCK, params={"week": WEEK}, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    same_week = client.get(CLOCK, params={"week": "2026-11-23"}, headers={"If-None-Match": tag})
    assert same_week.status_code == 304
    other = client.get(CLOCK, params={"week": "2026-10-01"}, headers={"If-None-Match": tag})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "code", "where"),
    [
        ({"week": "2026-02-30"}, 422, "invalid_value", "week"),
        ({"group": "pirate"}, 422, "unknown_code", "group"),
        ({"need": "gold"}, 422, "not_in_list", "need"),
        ({"minutes": 999}, 422, "limit", "minutes"),
        ({"minutes": 0}, 422, "out_of_range", "minutes"),
        ({"at": "now"}, 422, "unknown_parameter", None),
        ({"region": "nowhere"}, 404, "unknown_region", None),
    ],
)
def test_wrong_questions_are_refused(client, asked, status, code, where):
    found = problem_of(client.get(CLOCK, params=asked), status)
    assert found["detail"]
    if where:
        assert where in [fault["where"] for fault in found["errors"]], (found["code"], code)


def test_elsewhere_than_on_loopback_it_wants_the_token(demo_dataset):
    closed = new_client(demo_dataset, host="0.0.0.0", planner_token="open-sesame-please")  # noqa: S104, S106  what is tested
    key = {"Authorization": "Bearer open-sesame-please"}
    for address in (CLOCK, "/clock", "/clock.png", "/clock.csv"):
        problem_of(closed.get(address), 401)
    assert closed.get(CLOCK, headers=key).status_code == 200
    assert closed.get("/clock", headers=key).status_code == 200


def test_gaps_and_cells_are_drawn(client):
    plain = ask(client)
    assert "features" not in plain
    for geometry in ("gaps", "cells"):
        found = ask(client, geometry=geometry)
        assert found["type"] == "FeatureCollection"
        assert {name: found[name] for name in plain if name != "parameters"} == {
            name: plain[name] for name in plain if name != "parameters"
        }
        assert all(feature["geometry"] for feature in found["features"])
        if geometry == "gaps":
            assert [feature["properties"] for feature in found["features"]] == plain["gaps"]
            for feature in found["features"]:
                place = shapely.Point(feature["properties"]["lon"], feature["properties"]["lat"])
                assert shapely.geometry.shape(feature["geometry"]).contains(place)


def published_by_hand(service, group=None):
    """Workers of each 100 m cell: published cells, rounded, shared out evenly; a plain twin."""
    people, cells = service.dataset.people, service.dataset.cells["walk"]
    small = set(zip(cells.column.tolist(), cells.row.tolist(), strict=True))
    workers, few = {}, set()
    for (_, _), frame in people.groupby(["layer", "cell"]):
        if group is not None and frame["group"].iloc[0] != group:
            continue
        squares = [(row.column, row.row) for row in frame.itertuples()]
        parts = [
            (5 * column + i, 5 * row + j)
            for column, row in squares
            for i in range(5)
            for j in range(5)
            if (5 * column + i, 5 * row + j) in small
        ]
        whole = int(np.floor(frame["workers"].sum() / 5 + 0.5) * 5)
        for part in parts:
            workers[part] = workers.get(part, 0) + whole / len(parts)
            if frame["workers"].sum() < 10:
                few.add(part)
    return workers, few


@pytest.mark.parametrize("group", [None, "courier"])
def test_person_hours_of_cells_come_from_rounded_published_cells(client, group):
    asked = {} if group is None else {"group": group, "mode": "walk"}
    found = ask(client, geometry="cells", **asked)
    workers, few = published_by_hand(service_of(client), group)
    sent = [feature["properties"] for feature in found["features"]]
    assert sent
    assert {(cell["column"], cell["row"]) for cell in sent} <= set(workers)
    for cell in sent:
        place = (cell["column"], cell["row"])
        assert cell["suppressed"] == (place in few)
        if cell["suppressed"]:
            assert cell["person_hours"] is None
        else:
            exact = workers[place] * cell["hours_uncovered"]
            assert cell["person_hours"] % 5 == 0
            assert abs(cell["person_hours"] - exact) <= 2.5 + 1e-6
    total = sum(cell["person_hours"] or 0 for cell in sent)
    assert total == pytest.approx(found["person_hours"]["uncovered"], rel=0.05)


def test_cells_of_a_region_and_none_of_a_whole_city(demo_dataset):
    client = new_client(demo_dataset, max_features=400)
    found = problem_of(client.get(CLOCK, params={"week": WEEK, "geometry": "cells"}), 422)
    assert "max_features" in found["errors"][0]["what"]
    assert "region" in found["errors"][0]["fix"]
    wide = new_client(demo_dataset, max_features=10**6)
    region = ask(wide)["regions"][0]["id"]
    cells = ask(wide, geometry="cells", region=region)["features"]
    whole = ask(wide, geometry="cells")["features"]
    mine = [cell for cell in whole if cell["properties"]["region"] == region]
    assert cells == mine
    assert 0 < len(cells) < len(whole)


# ------------------------------------------------------------ page, picture, tables


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_says_every_figure_in_a_table_and_runs_no_script(client, lang):
    answer = client.get("/clock", params={"lang": lang, "week": WEEK, "group": "sanitation"})
    assert answer.status_code == 200
    html = answer.text
    assert "<script" not in html
    assert "unsafe-eval" not in answer.headers["content-security-policy"]
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    cells = re.findall(r'<td class="s\w+">(\(?)([\d–]+)\)?</td>', html)
    hours = ask(client, group="sanitation")["hours"]
    by_hour = [hours[24 * day + hour] for hour in range(24) for day in range(7)]
    assert [int(text) for _, text in cells] == [
        int(f"{hour['share_covered'] * 100:.0f}") for hour in by_hour
    ]
    assert [bool(mark) for mark, _ in cells] == [not hour["works"] for hour in by_hour]


def test_the_page_escapes_and_keeps_what_was_asked(client):
    html = client.get("/clock", params={"week": WEEK, "access": "scan", "include": "building"}).text
    assert '<input type="hidden" name="access" value="scan">' in html
    assert "include=building" in html
    refused = client.get("/clock", params={"region": "<b>"})
    assert refused.status_code == 404
    assert "<b>" not in refused.text


def test_the_picture_is_the_same_each_time_and_says_what_it_shows(client):
    first, second = (client.get("/clock.png", params={"week": WEEK}) for _ in range(2))
    assert first.headers["content-type"] == "image/png"
    assert first.content == second.content
    picture = Image.open(io.BytesIO(first.content))
    assert picture.size[0] == 2320
    pixels = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)
    colours = {to_hex(pixel / 255) for pixel in pixels}
    assert colours & set(STEPS)
    svg = client.get("/clock.svg", params={"week": WEEK, "lang": "en"}).text
    assert "<title" in svg
    assert "Worst hour" in svg
    assert "<script" not in svg


def test_the_table_holds_every_series(client):
    answer = client.get("/clock.csv", params={"week": WEEK})
    table = pd.read_csv(io.BytesIO(answer.content), dtype={"id": str})
    found = ask(client)
    parts = 1 + len(found["groups"]) + len(found["regions"])
    assert len(table) == 168 * parts
    whole = table[table["of"] == "all"]
    assert whole["workers_uncovered"].tolist() == [
        hour["workers_uncovered"] for hour in found["hours"]
    ]
    code = found["regions"][0]["id"]
    one = table[(table["of"] == "region") & (table["id"] == code)]
    assert one["share_covered"].tolist() == found["regions"][0]["share_covered"]


def test_the_workbook_is_coloured_as_the_picture(client):
    answer = client.get("/clock.xlsx", params={"week": WEEK, "lang": "en"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == [
        "Share covered", "Workers uncovered", "Hour by hour", "Groups and regions", "Gaps", "About",
    ]  # fmt: skip
    sheet, found = book["Share covered"], ask(client)
    scale = Scale.of([hour["share_covered"] for hour in found["hours"]])
    noon = found["hours"][24 * 2 + 12]
    cell = sheet.cell(row=4, column=14)
    assert cell.value == pytest.approx(noon["share_covered"])
    assert cell.fill.fgColor.rgb[2:].lower() == STEPS[scale.step(noon["share_covered"])][1:]
    assert book["Hour by hour"].max_row == 169
    for name in ("Hour by hour", "Groups and regions", "Gaps"):
        heads = [cell.value for cell in book[name][1]]
        assert set(heads) <= set(COLUMNS["en"].values())
    assert book["Hour by hour"]["A2"].value == "Mon"


def test_names_in_the_workbook_are_text_and_fit(client):
    shown = ask(client)
    for part in shown["regions"]:
        part["name"] = "=cmd|' /C calc'!A0\x07" + "长" * 40_000
    telling = Telling("zh", shown, service_of(client).vocabulary)
    book = openpyxl.load_workbook(io.BytesIO(workbook(telling)))
    named = [
        cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and "cmd" in cell.value
    ]
    assert len(named) >= len(shown["regions"])
    assert all(text.startswith("'=cmd|' /C calc'!A0长") for text in named)
    formulas = [
        cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert formulas == []


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_table_of_the_week_that_does_not_fit_on_the_disk(demo_dataset, ending, capfd):
    client = new_client(demo_dataset)
    assert ask(client)
    with no_file_longer_than(2048):
        answer = client.get(f"/clock.{ending}", params={"week": WEEK})
    assert problem_of(answer, 507)["code"] == "no_room"
    assert "Traceback" not in "".join(capfd.readouterr())
    assert client.get(f"/clock.{ending}", params={"week": WEEK}).status_code == 200


def test_the_colours_are_those_of_cividis_and_letters_can_be_read():
    assert list(STEPS) == [to_hex(mpl.colormaps["cividis"](i / 9)) for i in range(10)]

    def luminance(text):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(text)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for number, step in enumerate(STEPS):
        high, low = sorted((luminance(step), luminance(ink(number))), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5


# ------------------------------------------------------------ the command line


@pytest.fixture
def public_only(demo_dataset, tmp_path):
    """The dataset as somebody has it who may not read homes."""
    shutil.copytree(demo_dataset / "public", tmp_path / "data" / "public")
    return tmp_path / "data"


def test_json_is_the_http_object(run, client, public_only):
    status, out, _ = run(
        "clock", "--data", str(public_only), "--week", WEEK, "--minutes", "10", "--json"
    )
    assert status == 0
    assert json.loads(out) == ask(client, minutes=10)


def test_with_homes_it_is_exact_and_regions_add_up(run, demo_dataset):
    status, out, _ = run("clock", "--data", str(demo_dataset), "--week", WEEK, "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["people"], found["rounded_to"]) == ("exact", None)
    for row, hour in enumerate(found["hours"]):
        assert (
            sum(part["workers_uncovered"][row] for part in found["regions"])
            == (hour["workers_uncovered"])
        )
        assert (
            sum(part["homes_uncovered"][row] for part in found["groups"].values())
            == (hour["homes_uncovered"])
        )


def test_files_are_written_by_their_ending(run, demo_dataset, tmp_path):
    for ending in ("png", "svg", "csv", "xlsx", "geojson"):
        out = tmp_path / f"clock.{ending}"
        status, text, err = run(
            "clock", "--data", str(demo_dataset), "--week", WEEK, "--out", str(out)
        )
        assert status == 0
        assert "Worst hour" in text
        assert str(out) in err
        assert out.stat().st_size > 1000
    gaps = gpd.read_file(tmp_path / "clock.geojson")
    assert {"person_hours", "worst_weekday", "worst_hour"} <= set(gaps.columns)
    assert gaps.geometry.is_valid.all()


def test_cells_are_written_exactly_for_their_owner(run, demo_dataset, tmp_path):
    asked = ["--data", str(demo_dataset), "--week", WEEK, "--geometry", "cells"]
    tables = {}
    for ending in ("csv", "geojson"):
        out = tmp_path / f"cells.{ending}"
        status, _, err = run("clock", *asked, "--out", str(out))
        assert status == 0
        assert "cells of the week" in err
        tables[ending] = pd.read_csv(out) if ending == "csv" else gpd.read_file(out)
    answer = open_service(Settings(data=demo_dataset)).index.clock(week=WEEK, exact=True)
    placed = answer._week_people.cell >= 0
    for table in tables.values():
        assert table["person_hours"].sum() == answer.person_hours[placed].sum()
        assert not table["suppressed"].any()
        assert {"column", "row", "region", "lon", "lat", "hours_uncovered"} <= set(table.columns)
    assert set(tables["geojson"].geom_type) == {"Polygon"}


def test_json_with_cells_is_the_http_object(run, client, public_only):
    asked = ["--data", str(public_only), "--week", WEEK, "--geometry", "cells", "--json"]
    region = ask(client)["regions"][0]["id"]
    status, out, _ = run("clock", *asked, "--region", region)
    assert status == 0
    assert json.loads(out) == ask(client, geometry="cells", region=region)


@pytest.mark.parametrize(
    "wrong",
    [["--geometry", "cells", "--out", "clock.xlsx"], ["--geometry", "squares"],
     ["--group", "pirate"], ["--week", "yesterday"], ["--minutes", "0"], ["--out", "clock.pdf"],
     ["--mode", "rocket"], ["--region", "nowhere"]],
)  # fmt: skip
def test_wrong_usage_is_2(run, demo_dataset, wrong):
    status, out, err = run("clock", "--data", str(demo_dataset), *wrong)
    assert (status, out) == (2, "")
    assert err
    assert "Traceback" not in err
