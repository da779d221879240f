"""Scheme 33, 点线面网楼: homes added up by firm, street, community, market, building."""

import json

import numpy as np
import pandas as pd
import pytest

import geodata
from geodata.homes import WAYS
from tests.conftest import prepare_demo
from tests.webtools import COVERAGE, new_client

#: How the five columns are headed, and how many words each has.
HEADS = {"企业": 40, "沿街": 12, "社区": 9, "市场": 5, "楼宇": 70}
MARK = "钱塘鲜达甲队"


@pytest.fixture(scope="module")
def told(demo_inputs, tmp_path_factory):
    """The demo city whose homes say what they belong to, and their table."""
    folder = tmp_path_factory.mktemp("ways")
    table = pd.read_csv(demo_inputs["homes"], dtype=str)
    rng = np.random.default_rng(33)
    for head, count in HEADS.items():
        table[head] = [f"{MARK}{head}{n}" for n in rng.integers(0, count, len(table))]
    table.loc[0, "企业"] = ""
    table["姓名"] = "不该留下"
    table.to_csv(folder / "homes.csv", index=False)
    inputs = {**demo_inputs, "homes": folder / "homes.csv"}
    return prepare_demo(inputs, folder / "city"), table


def by(run, folder, column, *more):
    """What the command line says by one column."""
    status, out, error = run("coverage", "--data", str(folder), "--by", column, "--json", *more)
    assert status == 0, error
    return json.loads(out)["summary"]


def test_scheme_33_five_ways_add_up_to_the_same(run, told):
    folder, table = told
    for way, head in zip(WAYS, HEADS, strict=True):
        found = by(run, folder, way, "--minutes", "10", "--geometry", "none")
        words = found["by"]["words"]
        assert found["by"]["column"] == way
        # the demo city's homes are all on its streets' map, so each row counts
        counts = table[head].fillna("").value_counts()
        assert {word: part["homes"]["total"] for word, part in words.items()} == counts.to_dict()
        for name in ("homes", "workers"):
            for part in ("total", "covered", "uncovered"):
                total = sum(row[name][part] for row in words.values())
                assert total == found[name][part]


def test_scheme_33_groups_are_as_the_summary_has_them(run, told):
    found = by(run, told[0], "group", "--geometry", "none")
    assert found["by"]["words"] == {
        code: {name: part[name] for name in ("share_covered", "homes", "workers")}
        for code, part in found["groups"].items()
    }


def test_scheme_33_worst_first_in_words(run, told):
    status, out, _ = run("coverage", "--data", str(told[0]), "--by", "market")
    assert status == 0
    lines = out[out.index("by market") :].splitlines()[1 : 1 + HEADS["市场"]]
    assert all(MARK in line for line in lines)
    parts = by(run, told[0], "market", "--geometry", "none")["by"]["words"]
    worst = max(parts, key=lambda word: parts[word]["workers"]["uncovered"])
    assert worst in lines[0]


def test_what_a_home_belongs_to_stays_private(told):
    folder, _ = told
    client = new_client(folder)
    refused = client.get(COVERAGE, params={"geometry": "none", "by": "firm"})
    assert refused.status_code == 422
    answer = client.get(COVERAGE, params={"geometry": "none"})
    assert answer.status_code == 200
    assert MARK not in refused.text + answer.text
    for path in (folder / "public").rglob("*"):
        assert path.is_dir() or MARK.encode() not in path.read_bytes(), path
    homes = geodata.open_dataset(folder, private=True).homes
    assert set(WAYS) < set(homes.columns)
    assert not homes.isin(["不该留下"]).any(axis=None)


def test_a_column_that_is_not_there_is_2_and_closed_homes_are_1(run, told, demo_dataset, tmp_path):
    status, _, error = run("coverage", "--data", str(demo_dataset), "--by", "firm")
    assert status == 2
    assert "no column 'firm'" in " ".join(error.split())
    status, _, _ = run("coverage", "--data", str(told[0]), "--by", "lon")
    assert status == 2
    (tmp_path / "public").symlink_to(told[0] / "public")
    status, _, error = run("coverage", "--data", str(tmp_path), "--by", "firm")
    assert status == 1
    assert "no homes" in error


def test_sheets_may_differ_in_what_they_tell(tmp_path):
    path = tmp_path / "homes.xlsx"
    with pd.ExcelWriter(path) as book:
        one = pd.DataFrame({"lon": [118.78], "lat": [32.04], "公司": ["甲" * 100]})
        one.to_excel(book, sheet_name="a", index=False)
        two = pd.DataFrame({"lon": [118.79], "lat": [32.05], "大厦": ["乙"]})
        two.to_excel(book, sheet_name="b", index=False)
    homes, _ = geodata.load_homes(path)
    assert homes["firm"].to_list() == ["甲" * 80, ""]
    assert homes["building"].to_list() == ["", "乙"]
    assert "street" not in homes.columns
