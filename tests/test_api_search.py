"""``/api/v1/search``: found by name, address and id, in characters, pinyin and initials."""

import json

import numpy as np
import prcoords
import pytest
from hypothesis import given, strategies as st
from pypinyin import Style, lazy_pinyin

from tests.webtools import client_of, new_client, problem_of, service_of
from web.station_schemas import SearchAnswer
from web.text_match import REGION, STATION, Entry, Finder, plain

SEARCH = "/api/v1/search"


@pytest.fixture
def client(demo_dataset):
    return client_of(demo_dataset)


def found(client, q, **more):
    answer = client.get(SEARCH, params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    SearchAnswer.model_validate(answer.json())
    return answer.json()["results"]


def stations_named(*names):
    return [Entry(STATION, row, name, "", f"s{row}") for row, name in enumerate(names)]


def names(entries):
    return [entry.name for entry in entries]


# --- as it is written, against a plain loop ------------------------------------------------------


def kind_of(letter):
    if letter.isdigit():
        return "digit"
    if letter.isalpha():
        return "letter" if ord(letter) < 0x2E80 else "character"
    return "mark"


def plain_rank(text, query):
    """The best rank of a query in a text, by looking at every place; None where it is not."""
    ranks = []
    for at in range(len(text) - len(query) + 1):
        if text[at : at + len(query)] != query:
            continue
        if at == 0:
            ranks.append(0 if len(text) == len(query) else 1)
            continue
        before = text[at - 1]
        new_word = kind_of(before) in {"mark", kind_of(text[at])} - {kind_of(text[at])}
        new_word |= kind_of(before) != kind_of(text[at]) or before in "省市区县镇乡街村路道号楼"
        ranks.append(2 if new_word else 3)
    return min(ranks, default=None)


def plain_search(entries, query, limit):
    ranked = []
    for entry in entries:
        ranks = [plain_rank(plain(text), query) for text in (entry.name, entry.address, entry.id)]
        best = min((rank for rank in ranks if rank is not None), default=None)
        if best is not None:
            ranked.append((best, entry.kind, entry.name, entry.id, entry))
    return [entry for *_, entry in sorted(ranked, key=lambda row: row[:4])][:limit]


TEXT = st.text("路区一二 12-", max_size=7)
ENTRIES = st.lists(st.tuples(st.sampled_from([REGION, STATION]), TEXT, TEXT), max_size=12)


@given(rows=ENTRIES, query=st.text("路区一二 12-", min_size=1, max_size=3), limit=st.integers(1, 6))
def test_what_is_written_is_found_as_a_plain_loop_finds_it(rows, query, limit):
    entries = [
        Entry(kind, n, name, address, f"{n}") for n, (kind, name, address) in enumerate(rows)
    ]
    asked = plain(query)
    expected = plain_search(entries, asked, limit) if asked else []
    assert Finder(entries).find(query, limit) == expected


def test_exact_then_prefix_then_word_then_anywhere_and_regions_first():
    entries = [
        *stations_named("大学路", "大学路 2 号", "北大学路", "新区大学路", "A大学路"),
        Entry(REGION, 0, "大学路", "", "1"),
        Entry(REGION, 1, "西大学路", "", "2"),
    ]
    order = Finder(entries).find("大学路", 10)
    assert [(entry.kind, entry.name) for entry in order] == [
        (REGION, "大学路"), (STATION, "大学路"), (STATION, "大学路 2 号"), (STATION, "A大学路"),
        (STATION, "新区大学路"), (REGION, "西大学路"), (STATION, "北大学路"),
    ]  # fmt: skip


def test_equal_names_come_by_id():
    entries = [Entry(STATION, n, "驿站", "", code) for n, code in enumerate(["b", "c", "a"])]
    assert [entry.id for entry in Finder(entries).find("驿站", 10)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "query", ["ABC驿站", "abc驿站", "ＡＢＣ驿站", " ａｂｃ驿站 ", "bc驿", "abc驛站"]
)
def test_case_width_and_traditional_characters_do_not_matter(client, query):
    finder = Finder(stations_named("ＡＢＣ驿站", "別的"), service_of(client).vocabulary.plain)
    assert names(finder.find(query, 5)) == ["ＡＢＣ驿站"]


def test_rare_characters_and_strange_names():
    strange = ["𠮷野驿站", "㐂驿站", "🍵驿站", "", "<script>alert(1)</script>", "a\x00b", "\ud800"]
    finder = Finder(stations_named(*strange))
    assert names(finder.find("𠮷", 5)) == ["𠮷野驿站"]
    assert names(finder.find("𠮷ye", 5)) == ["𠮷野驿站"]
    assert names(finder.find("㐂驿", 5)) == ["㐂驿站"]
    assert names(finder.find("<script>", 5)) == ["<script>alert(1)</script>"]
    assert names(finder.find("a b", 5)) == ["a\x00b"]
    assert finder.find("\x00", 5) == []
    assert Finder([]).find("驿站", 5) == []


# --- as it sounds -------------------------------------------------------------------------------

#: Places whose name is not read as its characters are most often.
PLACES = {
    "重庆": "chongqing", "长沙": "changsha", "厦门": "xiamen", "六安": "luan", "蚌埠": "bengbu",
    "番禺": "panyu", "铅山县": "yanshanxian", "乐清": "yueqing", "台州": "taizhou",
    "丽水": "lishui", "洪洞": "hongtong", "东阿": "donge", "单县": "shanxian", "涡阳": "guoyang",
    "绿园区": "lvyuanqu", "吕梁": "lvliang", "渑池": "mianchi", "泌阳": "biyang",
}  # fmt: skip


def test_heteronyms_in_names_of_places_are_found_as_they_are_read():
    finder = Finder(stations_named(*PLACES, "南昌", "青山湖"))
    for name, said in PLACES.items():
        assert name in names(finder.find(said, 20)), said
        assert name in names(finder.find(said[:-1], 20)), "the last syllable is not finished"
        assert name in names(finder.find(said.upper(), 20))


def test_u_with_dots_may_be_written_in_three_ways():
    finder = Finder(stations_named("绿园"))
    assert [bool(finder.find(said, 1)) for said in ("lvyuan", "luyuan", "lyuyuan")] == [
        True,
        True,
        True,
    ]
    assert finder.find("liyuan", 1) == []


def test_every_station_and_region_is_found_by_its_pinyin_and_initials(client):
    """The oracle reads whole names, with phrases, as we do not."""
    service = service_of(client)
    named = [*service.index.stations["name"], *service.index.regions["name"]]
    for name in named:
        letters = "".join(lazy_pinyin(plain(name), style=Style.NORMAL))
        first = "".join(lazy_pinyin(plain(name), style=Style.FIRST_LETTER))
        for query in (letters[:60], first[:60]):
            assert name in [row["name"] for row in found(client, query, limit=50)], query


def test_characters_and_letters_may_be_mixed():
    finder = Finder(stations_named("南昌县A座驿站", "南京"))
    for query in (
        "南chang",
        "南昌x",
        "nan昌",
        "ncx",
        "nanchang xian",
        "nan'chang",
        "a座",
        "a 座yiz",
    ):
        assert names(finder.find(query, 5)) == ["南昌县A座驿站"], query


def test_a_whole_name_in_pinyin_comes_before_the_beginning_of_another():
    finder = Finder(stations_named("南昌", "南昌县", "大南昌"))
    assert names(finder.find("nanchang", 5)) == ["南昌", "南昌县", "大南昌"]
    assert names(finder.find("nc", 5)) == ["南昌", "南昌县", "大南昌"]


def test_syllables_begin_where_characters_do():
    assert Finder(stations_named("南昌")).find("anchang", 5) == []
    assert names(Finder(stations_named("先生", "西安")).find("xian", 5)) == ["西安", "先生"]


@given(st.text("abcdeghinouxyz", min_size=1, max_size=60))
def test_any_letters_get_an_answer(query):
    finder = Finder(stations_named("西安先生", "南昌县青山湖", "aoe"))
    assert len(finder.find(query, 2)) <= 2


# --- over HTTP ----------------------------------------------------------------------------------


def test_stations_and_regions_of_the_dataset(client):
    service = service_of(client)
    station, region = service.index.stations.iloc[3], service.index.regions.iloc[0]
    by_id = found(client, station["id"])[0]
    assert (by_id["type"], by_id["name"]) == ("station", station["name"])
    assert by_id["address"] == station["address"]
    assert by_id["kind"] == station["kind"]
    assert (by_id["lon"], by_id["lat"]) == pytest.approx((station["lon"], station["lat"]), abs=1e-6)
    by_name = found(client, region["name"])[0]
    assert by_name == {
        "type": "region", "id": region["id"], "name": region["name"], "region": None,
        "address": "", "kind": "", "lon": by_name["lon"], "lat": by_name["lat"],
    }  # fmt: skip
    from shapely.geometry import Point

    assert region.geometry.buffer(1e-5).contains(Point(by_name["lon"], by_name["lat"]))
    address = found(client, station["address"])
    assert address[0]["address"] == station["address"]


def test_positions_come_in_the_datum_asked_for(client):
    for kind in ("station", "region"):
        q = "驿站" if kind == "station" else "区"
        here = next(row for row in found(client, q) if row["type"] == kind)
        there = next(row for row in found(client, q, datum="gcj02") if row["id"] == here["id"])
        shift = prcoords.wgs_gcj(prcoords.Coords(here["lat"], here["lon"]))
        assert (there["lon"], there["lat"]) == pytest.approx((shift.lon, shift.lat), abs=2e-6)


def test_limits_and_faults(client):
    assert len(found(client, "驿站")) == 10
    assert len(found(client, "驿站", limit=3)) == 3
    assert found(client, "没有这样的地方") == []
    for q in ("", "   ", "　"):
        assert problem_of(client.get(SEARCH, params={"q": q}), 422)["code"] == "invalid_value"
    assert client.get(SEARCH, params={"q": f" {'站' * 60} "}).status_code == 200
    assert problem_of(client.get(SEARCH, params={"q": "站" * 61}), 422)["code"] == "over_limit"
    assert problem_of(client.get(SEARCH), 422)["code"] == "missing"
    for limit in (0, 51, "1.5", "x"):
        problem_of(client.get(SEARCH, params={"q": "站", "limit": limit}), 422)


def test_an_unchanged_answer_is_not_sent_again(client):
    first = client.get(SEARCH, params={"q": "驿站"})
    again = client.get(
        SEARCH, params={"q": "驿站"}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_persons_and_hotlines_are_not_found(demo_dataset):
    client = new_client(demo_dataset)
    stations = service_of(client).index.stations
    stations.loc[stations.index[0], ["kind", "name"]] = ["agent", "张三丰"]
    stations.loc[stations.index[1], ["kind", "name"]] = ["partner", "张三丰药店"]
    assert [row["name"] for row in found(client, "张三丰")] == ["张三丰药店"]


def test_what_is_looked_for_stands_in_no_log(demo_dataset, capfd):
    client = new_client(demo_dataset)
    client.get(SEARCH, params={"q": "secretword"})
    client.get(SEARCH, params={"q": "secretword" * 9})
    seen = "".join(capfd.readouterr())
    lines = [json.loads(line) for line in seen.splitlines() if '"request"' in line]
    assert [line["route"] for line in lines] == [SEARCH, SEARCH]
    assert "secretword" not in seen


def test_many_stations_are_searched_and_found_whole():
    """Every one of 20,000, by its number, which stands in names, too."""
    rng = np.random.default_rng(4)
    letters = np.array(list("南昌青山湖红谷滩路驿站工会爱心"))
    entries = [
        Entry(STATION, n, "".join(rng.choice(letters, 6)), "", f"n{n:05d}") for n in range(20_000)
    ]
    finder = Finder(entries)
    for n in rng.integers(0, 20_000, 40):
        assert [entry.id for entry in finder.find(f"N{n:05d}", 2)] == [f"n{n:05d}"]
