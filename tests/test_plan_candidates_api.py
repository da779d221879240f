"""Tables of candidates over HTTP: what a planner has in Excel becomes the body of a plan."""

import io
import tempfile

import openpyxl
import pytest

from tests.webtools import new_client, problem_of
from web.plan_schemas import PlanQuestion

URL = "/api/v1/plan/candidates"
HEAD = ["编号", "措施", "经度", "纬度", "坐标系", "现有站点", "费用", "开放时间", "设施"]
ROWS = [
    ["甲", "新建", 115.89, 28.68, "wgs84", "", "6万", "每天6:00-24:00", "饮水、微波炉"],
    ["乙", "延时", "", "", "", "YJ0010", "12000.50", "24小时", ""],
]
KNOWN = [
    {
        "id": "甲", "action": "build", "lon": 115.89, "lat": 28.68, "cost_yuan": 60000.0,
        "opening_hours": "06:00-24:00", "facilities": ["water", "microwave"],
    },
    {
        "id": "乙", "action": "extend", "station": "YJ0010", "cost_yuan": 12000.5,
        "opening_hours": "24/7",
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def client(demo_dataset):
    with new_client(demo_dataset) as client:
        yield client


def workbook():
    book = openpyxl.Workbook()
    for row in [HEAD, *ROWS]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(encoding):
    lines = [",".join(map(str, row)) for row in [HEAD, *ROWS]]
    return "\r\n".join(lines).encode(encoding)


@pytest.mark.parametrize(
    ("ending", "body"),
    [("xlsx", workbook()), ("csv", text("gb18030")), ("csv", text("utf-8-sig"))],
)
def test_excel_and_csv_of_excel_are_read(client, ending, body):
    answer = client.post(URL, params={"ending": ending}, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"candidates": KNOWN, "notes": []}
    PlanQuestion(sites=1, candidates=answer.json()["candidates"])  # as it goes on to the plan


@pytest.mark.parametrize("words", ["每天 8:00-20:00", "早八点到晚八点", "8点-20点"])
def test_hours_are_read_as_those_of_stations(client, words):
    body = text("utf-8").replace("每天6:00-24:00".encode(), words.encode())
    answer = client.post(URL, params={"ending": "csv"}, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["candidates"][0]["opening_hours"] == "08:00-20:00"
    body = body.replace(words.encode(), "9:00-17:00，以现场为准".encode())
    answer = client.post(URL, params={"ending": "csv"}, content=body).json()
    assert answer["candidates"][0]["opening_hours"] == "09:00-17:00"


def test_what_is_not_understood_is_named_with_its_row(client):
    body = text("utf-8").replace("新建".encode(), "拆除".encode())
    found = problem_of(client.post(URL, params={"ending": "csv"}, content=body), 422)
    assert "row 2, action" in str(found["errors"])
    for params in ({}, {"ending": "exe"}, {"ending": "csv", "datum": "mars"}):
        problem_of(client.post(URL, params=params, content=body), 422)
    problem_of(client.post(URL, params={"ending": "xlsx"}, content=b"PK no workbook"), 422)


def test_only_planners_may_send_one(demo_dataset):
    with new_client(demo_dataset, host="0.0.0.0", planner_token="t" * 32) as client:  # noqa: S104  a test
        problem_of(client.post(URL, params={"ending": "csv"}, content=b"a"), 401)


def test_no_room_for_the_table_is_a_507(client, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    answer = client.post(URL, params={"ending": "csv"}, content=text("utf-8"))
    assert problem_of(answer, 507)["code"] == "no_room"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert client.post(URL, params={"ending": "csv"}, content=text("utf-8")).status_code == 200
    assert not list(tmp_path.iterdir()), "nothing of it is kept"
