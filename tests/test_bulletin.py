"""``/bulletin``: the figures of the API in words, the same in both languages, safe to paste."""

import dataclasses
import html
import json
import math
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st
from scipy.stats import binomtest

from tests.conftest import prepare_demo
from tests.webtools import COVERAGE, NIGHT, client_of, new_client, problem_of, service_of
from web.bulletin import District, facts_of, minutes_up, ranked, wilson
from web.bulletin_page import bulletin_page
from web.bulletin_pen import Pen
from web.bulletin_render import as_markdown, as_text
from web.bulletin_text import written
from web.bulletin_words import WORDS
from web.dependencies import departure
from web.linked_data import json_ld
from web.map_words import number, percent
from web.question_links import question_query
from web.schemas import CoverageQuestion

QUESTIONS = (
    {},
    {"at": NIGHT},
    {"minutes": 5, "need": ["hot_meal", "rest"]},
    {"mode": "drive", "minutes": 1, "at": "2026-11-22T12:00"},
    {"mode": "ebike", "kind": ["nursing_room", "merchant"], "stations_at_least": 2},
    {"minutes": 8, "access": ["free"], "include": ["building"]},
)
MONTHS = WORDS["en"]["months"].split()
#: A figure as it may stand in a text.
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?%?")


@pytest.fixture(scope="module")
def client(demo_dataset):
    return client_of(demo_dataset)


@pytest.fixture(scope="module")
def without_homes(demo_inputs, tmp_path_factory):
    """The demo city where nobody gave homes."""
    from web.prepare import PrepareRequest, prepare

    out = tmp_path_factory.mktemp("datasets") / "streets-only"
    prepare(
        PrepareRequest(
            streets=[demo_inputs["streets"]],
            stations=demo_inputs["stations"],
            out=out,
            regions=demo_inputs["regions"],
            stations_datum="gcj02",
        )
    )
    return client_of(out)


@pytest.fixture(scope="module")
def without_regions(demo_inputs, tmp_path_factory):
    """The demo city where nobody gave districts."""
    inputs = {**demo_inputs, "regions": None}
    return client_of(prepare_demo(inputs, tmp_path_factory.mktemp("datasets") / "no-districts"))


def tell(client, shape="txt", lang="en", **asked):
    answer = client.get("/bulletin", params={"format": shape, "lang": lang, **asked})
    assert answer.status_code == 200, answer.text
    return answer.text


def summary_of(client, **asked):
    answer = client.get(COVERAGE, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["summary"]


def facts(client, **asked):
    service = service_of(client)
    question = CoverageQuestion.model_validate(asked)
    return facts_of(service, service.cover(question, departure(question.at)))


def figures(text):
    """The figures in a text, months counted as numbers."""
    for place, month in enumerate(MONTHS, start=1):
        text = text.replace(month, str(place))
    return {found.replace(",", "") for found in FIGURE.findall(text)}


def words_of(page):
    """What a reader sees of a page's article."""
    article = re.search(r"<article>(.*?)</article>", page, re.DOTALL)[1]
    without_tools = re.sub(r'<section class="tools".*?</section>', "", article, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", without_tools))


# --- the figures are those of the API -----------------------------------------------------------


@pytest.mark.parametrize("asked", QUESTIONS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_figures_are_those_of_the_api(client, asked, lang):
    summary, text = summary_of(client, **asked), tell(client, lang=lang, **asked)
    lead = text.split("【" if lang == "zh" else "DISTRICTS")[0]
    said = figures(lead)
    expected = [percent(summary["share_covered"]), *map(percent, summary["share_band"].values())]
    for key in ("homes", "workers"):
        expected += [number(summary[key][name]) for name in ("total", "covered")]
    expected.append(number(summary["workers"]["uncovered"]))
    assert {figure.replace(",", "") for figure in expected} <= said
    for cause in summary["causes"].values():
        assert {number(cause["homes"]), f"{cause['street_km']:,.1f}"} <= set(FIGURE.findall(text))


@pytest.mark.parametrize("asked", QUESTIONS)
def test_every_district_has_the_figures_of_the_api(client, asked):
    page = tell(client, shape="html", **asked)
    page = page[page.index('id="districts"') : page.index('id="gaps"')]
    rows = {
        cells[1]: cells
        for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
        if (cells := re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row))
    }
    for part in summary_of(client, **asked)["regions"]:
        if part["id"]:
            shown = rows[html.escape(part["name"])]
            covered, total = (number(part["homes"][name]) for name in ("covered", "total"))
            share = percent(part["share_covered"]).replace("<", "less than ")
            assert shown[2:5] == [share, covered, total]


def test_a_district_by_itself_has_the_figures_of_the_api(client):
    for part in service_of(client).index.regions.itertuples():
        summary = summary_of(client, region=part.id)
        text = tell(client, lang="zh", region=part.id)
        assert part.name in text.splitlines()[0]
        lead = text.split("【")[0]
        homes = summary["homes"]
        assert {str(homes["total"]), str(homes["covered"])} <= figures(lead)
        assert percent(summary["share_covered"]).replace("<", "不足") in lead
        assert "名次" not in text  # one alone is not ranked


def test_the_largest_gaps_are_those_of_the_api(client):
    answer = client.get(COVERAGE, params={"minutes": 5, "at": NIGHT}).json()
    told = facts(client, minutes=5, at=NIGHT)
    shown = [gap["properties"] for gap in answer["features"]]
    assert told.gap_count == len(shown)
    assert told.hidden_gaps == sum(gap["suppressed"] for gap in shown) > 0
    by_workers = sorted(
        shown, key=lambda gap: (-(gap["workers"] or 0), -gap["area_km2"], gap["id"])
    )
    for gap, expected in zip(told.gaps, by_workers, strict=False):
        assert gap.workers == expected["workers"]
        assert gap.suppressed == expected["suppressed"]
        assert gap.area_km2 == expected["area_km2"]
        assert gap.cause == expected["cause"]
        assert gap.minutes == minutes_up(expected["nearest_seconds"])


def test_few_workers_are_said_to_be_few(demo_dataset):
    client = new_client(demo_dataset, smallest_count=50)
    told = facts(client, at=NIGHT)
    assert any(gap.suppressed for gap in told.gaps)
    for lang, few in (("zh", "少于50人"), ("en", "fewer than 50")):
        text = as_text(written(told, lang))
        lines = [
            line
            for line in text.splitlines()
            if re.match(r"\d+\. ", line) and re.search("km²|平方公里", line)
        ]
        assert [few in line for line in lines] == [gap.suppressed for gap in told.gaps]
    assert all(gap.workers is None or gap.workers >= 50 for gap in told.gaps)


def test_stations_are_counted_as_the_question_counts_them(client):
    index, told = service_of(client).index, facts(client, at=NIGHT)
    assert told.stations.listed == len(index.stations)
    counted = index.stations[
        index.stations["kind"].isin(["care_station", "driver_home"])
        & (index.stations["status"] == "open")
        & (index.stations["access"] != "locked")
        & (index.stations["duplicate_of"] == "")
    ]
    assert told.stations.counted == len(counted)
    assert sum(told.stations.states.values()) == told.stations.counted
    regions = sum(facts(client, region=code).stations.listed for code in index.regions["id"])
    assert regions == len(index.stations)


# --- both languages say the same ----------------------------------------------------------------


@pytest.mark.parametrize("asked", QUESTIONS)
@pytest.mark.parametrize("shape", ["txt", "md", "html"])
def test_both_languages_have_the_same_figures(client, asked, shape):
    zh, en = (tell(client, shape=shape, lang=lang, **asked) for lang in ("zh", "en"))
    if shape == "html":
        zh, en = words_of(zh), words_of(en)
    assert figures(zh) == figures(en)
    assert len(figures(zh)) > 20


def test_both_languages_have_the_same_parts(client):
    told = facts(client, at=NIGHT)
    zh, en = written(told, "zh"), written(told, "en")
    assert len(zh.lead) == len(en.lead)
    for one, other in zip(zh.sections, en.sections, strict=True):
        assert one.name == other.name
        assert len(one.paragraphs) == len(other.paragraphs)
        assert len(one.after) == len(other.after)
        assert (one.table is None) == (other.table is None)
        if one.table is not None:
            assert len(one.table.rows) == len(other.table.rows)
            assert len(one.table.header) == len(other.table.header)


def test_both_languages_have_the_same_texts():
    only = {
        "months",
        "by_",
        "travel_",
        "station",
        "fewer_workers",
    }
    for key in set(WORDS["zh"]) ^ set(WORDS["en"]):
        assert any(key.startswith(name) for name in only), key
    for key in set(WORDS["zh"]) & set(WORDS["en"]):
        places = [set(re.findall(r"{(\w+)}", WORDS[lang][key])) for lang in ("zh", "en")]
        extra = places[0] ^ places[1]
        assert extra <= {
            "verb",
            "station",
            "a",
            "month",
            "month_name",
            "between",
            "by",
            "when",
            "lead",
            "unit",
        }, key


def test_chinese_is_written_with_chinese_marks(client):
    for asked in QUESTIONS:
        text = tell(client, lang="zh", **asked)
        for name in service_of(client).index.stations["name"]:
            text = text.replace(name, "某站")
        text = text.replace("(虚构)", "")
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()\"']|[,;:?!()\"'][\u4e00-\u9fff]", text)
        assert not re.search(r"[。，；：、]{2}|（）|“”", text)
        assert not re.search(r"\d [\u4e00-\u9fff]|[\u4e00-\u9fff] \d", text)
        assert "《" in text


def test_english_is_english(client):
    for asked in QUESTIONS:
        text = tell(client, lang="en", **asked)
        assert not re.search(r"[。，；：、（）【】]", re.sub(r"“[^”]*”|（[^）]*）", "", text))
        assert not re.search(r" {2}| [.,;:]|\ba 8-|\ba 11-", text)


# --- honest denominators ------------------------------------------------------------------------


def test_without_homes_it_counts_streets_and_says_so(without_homes):
    summary = summary_of(without_homes)
    assert summary["share_of"] == "street_km"
    zh, en = (tell(without_homes, lang=lang) for lang in ("zh", "en"))
    assert "按街道长度计算" in zh
    assert "of street length" in en
    lead = en.split("DISTRICTS")[0]
    assert percent(summary["share_covered"]) in lead
    assert f"{summary['street_km']['total']:,.1f}" in lead
    assert "workers" not in en.replace("workers’", "").split("NOTES")[0]
    assert figures(zh) == figures(en)
    assert "按面积" in zh


def test_without_districts_nothing_is_ranked(without_regions):
    zh, en = (tell(without_regions, lang=lang) for lang in ("zh", "en"))
    assert "排名" not in zh
    assert "ranked" not in en.lower()
    assert figures(zh) == figures(en)


def test_a_district_without_data_has_no_rank_and_says_so(client):
    told = facts(client)
    nobody = District("空区", None, None, 0, 0, small=False, interval=None)
    told = dataclasses.replace(told, districts=ranked([nobody, *told.districts]))
    assert told.districts[-1] == nobody
    for lang, words in (("zh", "不排名：空区，无数据。"), ("en", "Not ranked: 空区, no data.")):
        text = as_text(written(told, lang))
        assert words in text
        lead = next(
            line for line in text.splitlines() if re.search("覆盖率最高|the highest share", line)
        )
        assert "空区" not in lead
        assert str(len(told.districts) - 1) in lead


def test_small_districts_are_marked_with_an_interval(client):
    told = facts(client, at=NIGHT)
    small = [row for row in told.districts if row.total < 100]
    assert small
    assert [row for row in told.districts if row.small] == small
    text = as_text(written(told, "zh"))
    for row in small:
        low, high = row.interval
        assert low < row.share < high or row.share in {0.0, 1.0}
        assert f"{percent(low)}至{percent(high)}" in text.replace("不足", "<")


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(counts):
    covered, total = counts
    oracle = binomtest(covered, total).proportion_ci(0.95, method="wilson")
    low, high = wilson(covered, total)
    assert math.isclose(low, oracle.low, abs_tol=1e-6)
    assert math.isclose(high, oracle.high, abs_tol=1e-6)


_SHARES = st.lists(st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), max_size=12)


@given(_SHARES, st.randoms(use_true_random=False))
def test_scheme_40_ranks_are_stable_under_relabelling(shares, random):
    rows = [
        District(f"d{n}", None, share, 0, 1, small=False, interval=None)
        for n, share in enumerate(shares)
    ]
    ranks = {row.name: row.rank for row in ranked(rows)}
    mixed = list(rows)
    random.shuffle(mixed)
    labels = {row.name: f"x{random.random()}" for row in rows}
    renamed = [dataclasses.replace(row, name=labels[row.name]) for row in mixed]
    again = {row.name: row.rank for row in ranked(renamed)}
    assert again == {labels[name]: rank for name, rank in ranks.items()}
    for row in rows:
        if row.share is None:
            assert ranks[row.name] is None
        else:
            above = sum(1 for other in shares if other is not None and other > row.share)
            assert ranks[row.name] == above + 1


# --- shapes, languages, caching -----------------------------------------------------------------


def test_the_format_wins_over_what_is_accepted(client):
    plain = {"Accept": "text/plain"}
    assert client.get("/bulletin", headers=plain).headers["content-type"] == (
        "text/plain; charset=utf-8"
    )
    page = client.get("/bulletin?format=html", headers=plain)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    marked = client.get("/bulletin", headers={"Accept": "text/markdown, text/html;q=0.5"})
    assert marked.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "Accept" in marked.headers["vary"]
    assert client.get("/bulletin").headers["content-type"].startswith("text/html")
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert client.get("/bulletin", headers=browser).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("shape", ["html", "txt", "md"])
def test_what_has_not_changed_is_not_sent_again(client, shape):
    first = client.get("/bulletin", params={"format": shape})
    tag = first.headers["etag"]
    again = client.get("/bulletin", params={"format": shape}, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/bulletin", params={"format": shape, "lang": "en"})
    assert other.headers["etag"] != tag
    assert client.head("/bulletin", params={"format": shape}).headers["etag"] == tag


def test_wrong_questions_are_refused_as_everywhere(client):
    assert problem_of(client.get("/bulletin?region=nowhere"), 404)["code"] == "unknown_region"
    assert problem_of(client.get("/bulletin?minutes=0"), 422)["code"] == "out_of_range"
    assert problem_of(client.get("/bulletin?lang=fr"), 422)["code"] == "not_in_list"
    assert problem_of(client.get("/bulletin?format=docx"), 422)["code"] == "not_in_list"
    assert problem_of(client.get("/bulletin?need=caviar"), 422)["code"] == "not_in_list"
    assert client.get("/bulletin?utm_source=x&need=&at=").status_code == 200  # as messengers send


def test_links_ask_the_same_question(client):
    asked = "mode=walk&minutes=5&need=rest&at=2026-11-22T03:00&region="
    region = service_of(client).index.regions["id"].iloc[0]
    page = tell(
        client,
        shape="html",
        lang="zh",
        **dict(pair.split("=") for pair in f"{asked}{region}".split("&")),
    )
    canonical = re.search(r'<link rel="canonical" href="([^"]+)"', page)[1]
    link = re.search(r'<a href="(/map\?[^"]+)"', page)[1]
    for url in (canonical, link):
        query = urlsplit(html.unescape(url)).query
        for part in ("minutes=5", "need=rest", "at=2026-11-22T03%3A00", f"region={region}"):
            assert part in query.split("&")
        assert "mode=" not in query  # as it would be without
    assert client.get(html.unescape(link)).status_code == 200


def test_a_question_has_one_spelling():
    one = CoverageQuestion(minutes=10, need=["rest"], mode="walk").model_dump()
    assert question_query(one, lang="zh") == "minutes=10&need=rest&lang=zh"
    assert question_query(CoverageQuestion(geometry="none").model_dump()) == ""


# --- what strangers wrote -----------------------------------------------------------------------

EVIL = "</script><img src=x onerror=hit()>|`*_[x](y)&'\""


def evil_facts(client):
    told = facts(client, at=NIGHT)
    evil = dict.fromkeys(("station", "district", "near", "near_en"), EVIL)
    return dataclasses.replace(
        told,
        gaps=tuple(dataclasses.replace(gap, **evil) for gap in told.gaps),
        districts=tuple(dataclasses.replace(row, name=EVIL) for row in told.districts),
        region=EVIL,
        manifest={
            **told.manifest,
            "attribution": [EVIL],
            "sources": [{"kind": EVIL, "file": EVIL}],
        },
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_names_are_escaped_in_every_shape(client, lang):
    told = evil_facts(client)
    document = written(told, lang)
    page = bulletin_page(told, document, {}, (0.0, 0.0, 1.0, 1.0), "http://127.0.0.1")
    assert "<img" not in page
    assert page.count("</script>") == 3
    ld = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1]
    assert EVIL in json.loads(ld)["name"]
    texts = re.search(r'<script type="application/json" id="texts">(.*?)</script>', page)[1]
    assert EVIL in json.loads(texts)["text"]
    marked = as_markdown(document)
    table = [line for line in marked.splitlines() if line.startswith("| 1 |")]
    assert all(re.sub(r"\\.", "", line).count("|") in {6, 7, 9} for line in table)
    assert not re.search(r"(?<!\\)<", marked)


def test_a_long_name_is_cut_and_a_moved_cursor_is_not(client):
    told = facts(client)
    gap = dataclasses.replace(told.gaps[0], station="驿" * 500 + "\x1b[2J\u202e\n# x")
    text = as_text(written(dataclasses.replace(told, gaps=(gap,)), "zh"))
    assert "驿" * 79 + "…" in text
    assert "\x1b" not in text


# --- for machines -------------------------------------------------------------------------------


def test_the_page_describes_its_dataset(client):
    page = tell(client, shape="html", lang="en", at=NIGHT)
    text = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1]
    found = json.loads(text)
    assert (found["@context"], found["@type"]) == ("https://schema.org/", "Dataset")
    assert 50 <= len(found["description"]) <= 5000  # what search engines take
    assert found["isAccessibleForFree"] is True
    assert found["inLanguage"] == "en"
    assert found["license"] == "https://opendatacommons.org/licenses/odbl/1-0/"
    assert found["dateModified"] == service_of(client).name["as_of"]
    south, west, north, east = map(float, found["spatialCoverage"]["geo"]["box"].split())
    assert (west, south, east, north) == pytest.approx(service_of(client).extent, abs=1e-5)
    share = summary_of(client, at=NIGHT)["share_covered"]
    assert found["variableMeasured"][0]["value"] == share
    assert len(found["distribution"]) == 12
    for file in found["distribution"]:
        url = urlsplit(file["contentUrl"])
        answer = client.get(f"{url.path}?{url.query}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(file["encodingFormat"])
    assert text == json_ld_of(client)


def json_ld_of(client):
    service = service_of(client)
    question = CoverageQuestion(at=NIGHT)
    answer = service.cover(question, departure(question.at))
    return json_ld(service, answer, "en", "http://testserver")


def test_fictional_data_says_so_first(client):
    for lang, word in (("zh", "虚构"), ("en", "Fictional")):
        text = tell(client, lang=lang)
        assert word in text.split("\n\n")[1]
        assert word in tell(client, shape="md", lang=lang).split("\n\n")[1]
    real = dataclasses.replace(facts(client), manifest={"name": "x"})
    assert written(real, "zh").mark == ""


def test_what_an_editor_must_know_is_there(client):
    service = service_of(client)
    for lang in ("zh", "en"):
        text = tell(client, lang=lang, at=NIGHT)
        for word in ("12351", service.name["version"], "4.0", "03:00", "OpenStreetMap"):
            assert word in text or word == "OpenStreetMap"
    assert "不考虑开放时间" in tell(client, lang="zh")
    assert "regardless of opening hours" in tell(client, lang="en")


def test_times_and_causes_in_words(client):
    pen = Pen(facts(client, at=NIGHT), "en")
    assert pen.moment(departure(NIGHT)) == "03:00 on Sunday, 22 November 2026"
    assert pen.date("2026-01-01") == "1 January 2026"
    assert pen.date("unknown <b>") == "unknown <b>"
    zh = Pen(facts(client, at=NIGHT), "zh")
    assert zh.moment(departure(NIGHT)) == "2026年11月22日（星期日）03:00"
    assert zh.causes(["too_far"]) == "驿站太远"


def test_a_year_without_holidays_is_said(client):
    for lang, word in (("zh", "节假日"), ("en", "holiday")):
        assert word in tell(client, lang=lang, at="2031-03-03T10:00")
        assert word not in tell(client, lang=lang, at=NIGHT)
