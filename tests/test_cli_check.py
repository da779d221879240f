"""``locator check`` and ``locator fetch``: what comes in, told before anything is built."""

import json

import pytest

from web.intake import check_table

HEADER = "编号,名称,类型,经度,纬度,坐标系,开放时间,服务设施\n"
GOOD = "s1,一号驿站,工会驿站,115.8921,28.6841,WGS-84,周一至周日 08:00-20:00,饮水机;微波炉\n"


def write(folder, text, name="stations.csv", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def test_a_clean_table_is_0(run, tmp_path):
    status, out, err = run("check", write(tmp_path, HEADER + GOOD))
    assert (status, err) == (0, "")
    assert "stations.csv: stations, 1 rows, 1 accepted, 0 rejected" in out


def test_rejects_are_1_and_listed_with_row_reason_and_fix(run, tmp_path):
    bad = "s2,二号驿站,工会驿站,115.89,not a number,WGS-84,,\n"
    path = write(tmp_path, HEADER + GOOD + bad)
    status, out, _ = run("check", path)
    assert status == 1
    assert "1 accepted, 1 rejected" in out
    assert "row 3" in out
    status, out, _ = run("check", path, "--json")
    found = json.loads(out)
    assert status == 1
    assert (found["clean"], found["accepted"], len(found["rejects"])) == (False, 1, 1)
    assert found["rejects"][0]["row"] == 3
    assert found["rejects"][0]["reason"]


def test_duplicates_and_hours_that_nobody_understands_are_told(run, tmp_path):
    again = GOOD.replace("s1", "s2")
    odd = GOOD.replace("s1", "s3").replace("一号", "远方").replace("115.8921", "115.9321")
    odd = odd.replace("周一至周日 08:00-20:00", "看心情")
    status, out, _ = run("check", write(tmp_path, HEADER + GOOD + again + odd), "--json")
    found = json.loads(out)
    assert status == 0
    assert [row["duplicate_of"] for row in found["duplicates"]] == ["s1"]
    assert [(row["id"], row["text"]) for row in found["hours_not_understood"]] == [("s3", "看心情")]
    _, out, _ = run("check", write(tmp_path, HEADER + GOOD + again + odd))
    assert "same place twice:" in out
    assert "hours not understood:" in out


def test_an_undeclared_datum_is_told_and_not_guessed(run, tmp_path):
    text = (HEADER + GOOD).replace(",坐标系", "").replace(",WGS-84", "")
    path = write(tmp_path, text)
    status, out, _ = run("check", path)
    assert status == 1
    assert "datum" in out.lower()
    assert run("check", path, "--datum", "gcj02")[0] == 0


def test_the_datum_that_streets_suggest_is_told(run, demo_inputs, tmp_path):
    text = demo_inputs["stations"].read_text(encoding="utf-8-sig").replace("GCJ-02", "WGS-84")
    path = write(tmp_path, text)
    status, out, _ = run("check", path, "--streets", demo_inputs["streets"], "--json")
    assert status in {0, 1}
    assert "gcj02" in out.lower()


def test_homes_are_told_from_stations_and_stay_private(run, demo_inputs):
    status, out, _ = run("check", demo_inputs["homes"])
    assert status == 0
    assert "homes.csv: homes" in out
    line = demo_inputs["homes"].read_text(encoding="utf-8").splitlines()[1]
    assert not any(
        cell in out for cell in line.split(",") if cell.count(".") == 1 and len(cell) > 6
    )
    assert run("check", demo_inputs["homes"], "--as", "stations")[0] == 1
    assert run("check", demo_inputs["homes"], "--as", "homes")[0] == 0


def test_the_demo_stations_are_clean_in_their_own_datum(run, demo_inputs):
    status, out, _ = run("check", demo_inputs["stations"], "--json")
    found = json.loads(out)
    assert status == 0
    assert found["rejects"] == []
    assert found["table"] == "stations"


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"<html></html>"])
def test_files_that_are_no_table_are_1_with_a_sentence(run, tmp_path, content):
    path = tmp_path / "stations.csv"
    path.write_bytes(content)
    status, out, err = run("check", path)
    assert (status, out) == (1, "")
    assert "stations.csv" in err
    assert len(err.strip().splitlines()) == 1


def test_wrong_usage_is_2(run, tmp_path):
    path = write(tmp_path, HEADER + GOOD)
    assert run("check", path, "--as", "cats")[0] == 2
    assert run("check", path, "--datum", "moon")[0] == 2
    assert run("check", tmp_path / "none.csv")[0] == 1


def test_the_same_findings_in_python(tmp_path):
    found = check_table(write(tmp_path, HEADER + GOOD), "auto", datum=None, streets=[])
    assert found["clean"] is True


# --- fetch --------------------------------------------------------------------------------------


def test_fetch_wants_a_box_or_a_place(run, tmp_path):
    out = tmp_path / "streets.osm.pbf"
    assert run("fetch", "--out", out)[0] == 2
    assert run("fetch", "--out", out, "--bbox", "1,2,3,4", "--place", "x")[0] == 2


@pytest.mark.parametrize("box", ["1,2,3", "5,1,4,2", "a,b,c,d", "0,0,179,89"])
def test_fetch_refuses_boxes_that_are_none_or_too_large(run, tmp_path, box):
    status, out, err = run("fetch", "--out", tmp_path / "streets.osm.pbf", "--bbox", box)
    assert (status, out) == (1, "")
    assert err
    assert list(tmp_path.iterdir()) == []


def test_fetch_says_when_the_server_is_not_there(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCATOR_OVERPASS_URL", "http://127.0.0.1:9/api/interpreter")
    out = tmp_path / "streets.osm.pbf"
    status, _, err = run("fetch", "--bbox=-8.62,41.14,-8.60,41.15", "--out", out)
    assert status == 1
    assert "127.0.0.1:9" in err
    assert not out.exists()
