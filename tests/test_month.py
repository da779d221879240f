"""The bulletin of a month: what it says, in every shape, and that it stays the same."""

import io
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import docx
import pytest

from geodata.bundle import open_dataset
from geodata.hours import SHANGHAI
from locator.ledger_entries import STATES
from tests.ledger_months import opened, with_stations, written
from tests.webtools import new_client, problem_of
from web import bulletin_command
from web.bulletin_document import Document, Section, Table
from web.bulletin_month import month_facts
from web.bulletin_month_docx import as_docx
from web.bulletin_month_page import month_page, standing_page
from web.bulletin_month_text import month_written
from web.bulletin_month_words import MONTH_WORDS
from web.bulletin_render import as_markdown, as_text
from web.ledger import Ledger, today
from web.ledger_cut import make_cut
from web.service import Service
from web.settings import Settings

OCTOBER, NOVEMBER = "2025-10-25", "2025-11-25"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def service_at(folder):
    return Service(open_dataset(folder, private=False), Settings(data=folder))


@pytest.fixture(scope="module")
def two(demo_dataset, tmp_path_factory):
    """Two months; in between a planner has set two gaps, and stations were built in three."""
    root = tmp_path_factory.mktemp("two")
    ledger = Ledger(root / "ledger")
    first = make_cut(service_at(demo_dataset), ledger, OCTOBER).standing
    small = sorted(first.gaps.values(), key=lambda gap: gap["area_km2"])[:3]
    places = [(f"new{n}", gap["lon"], gap["lat"]) for n, gap in enumerate(small)]
    ledger.set(first.entries[0].id, {"state": "agreed", "responsible": "云城区<b>总工会|"})
    ledger.set(first.entries[1].id, {"state": "refused", "note": "secret note"})
    city = written(with_stations(opened(demo_dataset), add=places), root / "city")
    make_cut(service_at(city), ledger, NOVEMBER)
    return ledger, city, [gap["id"] for gap in small]


@pytest.fixture(scope="module")
def facts(two):
    ledger, _, _ = two
    return month_facts(ledger.at(ledger.of_month("2025-11")))


def test_what_a_month_says(two, facts):
    ledger, _, built = two
    first = ledger.at(ledger.of_month("2025-10"))
    assert {gap.id for gap in facts.filled} >= set(built)
    assert facts.sums["carried"] == len(first.entries)
    assert facts.states["agreed"] == facts.states["refused"] == 1
    text = as_text(month_written(facts, "en"))
    sums = facts.sums
    assert text.startswith("Places without union stations within 15 minutes: November 2025")
    assert (
        f"On 25 November 2025, in the area of the data {sums['open']} gaps have no station within "
        f"15 minutes on foot: {sums['carried']} carried over from the last month that was cut, "
        f"{sums['opened']} opened, {sums['filled']} filled."
    ) in text
    assert f"Filled: {sums['filled']}." in text
    assert "Refused: 1." in text
    assert "secret note" not in text, "notes are for planners"
    for gap in facts.filled:
        assert f"{gap.id}: " in text
    zh = as_text(month_written(facts, "zh"))
    assert f"上期结转{sums['carried']}片，本月新增{sums['opened']}片，补上{sums['filled']}片" in zh


def test_tables_add_up(facts):
    for lang, every in (("zh", "合计"), ("en", "all")):
        sections = {part.name: part for part in month_written(facts, lang).sections}
        flows = sections["flows"].table
        *rows, total = [[int(cell) for cell in row[1:]] for row in flows.rows]
        assert flows.rows[-1][0] == every
        assert [sum(column) for column in zip(*rows, strict=True)] == total
        for carried, new, gone, left in [*rows, total]:
            assert carried + new - gone == left
        states = sections["states"].table
        counts = [int(row[1]) for row in states.rows]
        assert sum(counts[:-1]) == counts[-1]
        assert len(counts) == len(STATES) + 1
        needs = sections["needs"].table
        ranks = [int(row[0]) for row in needs.rows if row[0].isdecimal()]
        assert ranks == sorted(ranks)
        shares = [float(row[2].rstrip("%")) for row in needs.rows if row[2].endswith("%")]
        assert shares == sorted(shares, reverse=True)
        for table in (part.table for part in sections.values() if part.table):
            assert len(table.spoken) == len(table.rows)
            assert {len(row) for row in table.rows} == {len(table.header)}


def test_both_languages_say_the_same_figures(facts):
    told = {}
    for lang in ("zh", "en"):
        text = "\n".join(
            " ".join(row)
            for part in month_written(facts, lang).sections
            if part.table
            for row in part.table.rows
        )
        told[lang] = sorted(re.findall(r"\d+(?:[.,]\d+)*%?", text))
    assert told["zh"] == told["en"]
    assert set(MONTH_WORDS["zh"]) == set(MONTH_WORDS["en"])


def test_the_first_month_says_that_it_is_the_first(two):
    ledger, _, _ = two
    first = month_facts(ledger.at(ledger.of_month("2025-10")))
    document = month_written(first, "en")
    assert "This is the first cut, so all of them count as opened." in document.lead[0]
    assert "opened" not in [part.name for part in document.sections]
    assert "这" not in document.lead[0]
    assert "本期是第一期" in month_written(first, "zh").lead[0]


def test_splits_and_merges_are_said(facts):
    split = replace(facts, split=2, merged=1)
    lead = " ".join(month_written(split, "en").lead)
    assert "Of the gaps opened, 2 split off from earlier ones and are not new." in lead
    assert "1 merged into a neighbour and are not really filled" in lead
    gone = replace(facts.filled[0], went_into="other.1.1")
    came = replace(facts.standing[0], came_from=("old.1.1", "old.2.2"))
    told = as_text(month_written(replace(facts, filled=(gone,), opened=(came,)), "en"))
    assert ", merged into other.1.1." in told
    assert ", split from old.1.1, old.2.2." in told


def test_a_preview_and_an_early_cut_say_so(facts):
    preview = month_written(replace(facts, preview=True), "en")
    assert "Preview: this month is not cut yet." in " ".join(preview.lead)
    assert "does not change any more" not in as_text(preview)
    early = month_written(replace(facts, date="2025-11-03"), "en")
    said = "Early cut of 3 November 2025: the month's cut is taken on the 25th;"
    assert early.lead[1].startswith(said)
    assert "was made early, on 3 November 2025" in as_text(early)
    zh = month_written(replace(facts, date="2025-11-03"), "zh").lead[1]
    assert "2025年11月3日的提前截定；本月的截定日为25日" in zh
    assert "Early cut" not in as_text(month_written(facts, "en"))


def test_a_cut_that_was_made_later_says_so(two, facts):
    """These cuts are of 2025 and were made just now; one that is made on its day says nothing."""
    ledger, _, _ = two
    standing = ledger.at(ledger.of_month("2025-11"))
    made = datetime.strptime(standing.cut.made_at, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    year, month, day = made.astimezone(SHANGHAI).date().isoformat().split("-")
    text = as_text(month_written(facts, "zh"))
    assert f"本期于{year}年{int(month)}月{int(day)}日补作" in text
    for made, late in (("2025-11-24T16:30Z", ""), ("2025-11-25T16:30Z", "2025-11-26")):
        then = replace(standing, cut=replace(standing.cut, made_at=made))
        assert month_facts(then).late == late, "days are those of China"
    assert "The cut was made later" not in as_text(month_written(replace(facts, late=""), "en"))


# --- shapes --------------------------------------------------------------------------------------


def test_what_strangers_wrote_is_escaped(facts):
    document = month_written(facts, "zh")
    page = month_page(facts, document, "https://example.org")
    assert "云城区<b>" not in page.split("<main>")[1]
    assert "云城区&lt;b&gt;总工会|" in page
    assert r"云城区\<b\>总工会\|" in as_markdown(document)
    assert "云城区<b>总工会|" in word_text(as_docx(document, facts.date))


def word_text(packed):
    read = docx.Document(io.BytesIO(packed))
    cells = [cell.text for t in read.tables for row in t.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in read.paragraphs), *cells])


def test_the_word_file_has_everything_and_no_time_of_packing(facts):
    document = month_written(facts, "zh")
    packed = as_docx(document, facts.date)
    assert packed == as_docx(document, facts.date)
    text = word_text(packed)
    for part in document.sections:
        assert part.heading in text
        for line in (*part.paragraphs, *part.after):
            assert line in text
        if part.table:
            for row in part.table.rows:
                assert all(cell in text for cell in row)
    read = docx.Document(io.BytesIO(packed))
    assert read.core_properties.title == document.title
    assert read.core_properties.created.isoformat()[:10] == NOVEMBER
    assert [p.style.name for p in read.paragraphs if p.text == document.title] == ["Title"]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"tblHeader" in archive.read("word/document.xml")


def test_a_word_file_holds_whatever_text_comes():
    table = Table("\x00caption", ("a", "b"), (("\x0b1", "￾\ud800"),), ("spoken",))
    document = Document("en", "t\x01itle", "mark", ("lead",), (Section("s", "h", (), table),))
    assert "caption" in word_text(as_docx(document, NOVEMBER))


def test_the_page_that_stands_alone_needs_nothing(facts):
    page = standing_page(month_written(facts, "en"), facts.date)
    assert "<style>" in page
    for outside in ("href=", "src=", "<script src", "<nav", "<button"):
        assert outside not in page
    assert page.count("<h1>") == 1
    assert "<h2" in page


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(two):
    ledger, city, _ = two
    return new_client(city, ledger=ledger.folder, access_log=False)


def ask(client, **asked):
    return client.get("/bulletin", params={"month": "2025-11", **asked})


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_shape_over_http(client, facts, lang):
    document = month_written(facts, lang)
    found = {shape: ask(client, lang=lang, format=shape) for shape in ("txt", "md", "docx", "html")}
    assert found["txt"].text == as_text(document)
    assert found["md"].text == as_markdown(document)
    assert found["docx"].content == as_docx(document, facts.date)
    assert found["docx"].headers["content-type"] == WORD
    assert 'filename="bulletin-2025-11.docx"' in found["docx"].headers["content-disposition"]
    assert f"<title>{document.title}</title>" in found["html"].text
    assert "content-security-policy" in found["html"].headers
    again = ask(client, lang=lang, format="docx")
    assert again.content == found["docx"].content


def test_it_is_tagged_and_not_sent_twice(client):
    first = ask(client)
    tag = first.headers["etag"]
    again = client.get("/bulletin?month=2025-11", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head("/bulletin?month=2025-11").headers["etag"] == tag
    assert ask(client, lang="en").headers["etag"] != tag
    assert client.get("/bulletin?month=2025-10").headers["etag"] != tag
    assert client.get("/bulletin").headers["etag"] != tag


def test_the_links_of_the_page_lead_somewhere(client):
    page = ask(client, lang="en").text
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"]*)"', page)}
    assert {"/bulletin?month=2025-11&lang=zh", "/bulletin?month=2025-11&lang=en&format=docx"} <= (
        links
    )
    for link in links:
        assert client.get(link).status_code == 200, link


def test_months_that_are_not_there(client):
    found = problem_of(client.get("/bulletin?month=2025-09"), 404)
    assert found["detail"] == "there is no cut of 2025-09; there are: 2025-10, 2025-11"
    assert problem_of(client.get("/bulletin?month=2025-9"), 422)["code"] == "invalid_value"
    assert problem_of(client.get("/bulletin?format=docx"), 422)["code"] == "not_in_list"


def test_settings_of_today_do_not_change_a_month(two, client):
    ledger, city, _ = two
    other = new_client(
        city, ledger=ledger.folder, hotline="00000", rounded_to=100, smallest_count=1000,
        linger_seconds=60, map_review_number="GS 1", access_log=False,
    )  # fmt: skip
    assert ask(other, format="txt").content == ask(client, format="txt").content


# --- on the command line -------------------------------------------------------------------------


@pytest.fixture
def command(run, two, monkeypatch):
    ledger, city, _ = two
    monkeypatch.setenv("LOCATOR_LEDGER", str(ledger.folder))
    return lambda *arguments: run("bulletin", "--data", city, *arguments)


@pytest.mark.parametrize("suffix", ["md", "txt", "html", "docx"])
def test_the_same_bytes_each_time(command, client, tmp_path, suffix):
    names = [tmp_path / f"{n}.{suffix}" for n in range(2)]
    for name in names:
        status, out, _ = command("--month", "2025-11", "--out", name, "--lang", "en")
        assert (status, out.strip()) == (0, str(name))
    assert names[0].read_bytes() == names[1].read_bytes()
    if suffix != "html":
        told = ask(client, lang="en", format=suffix).content
        assert names[0].read_bytes() == told, "and as over HTTP"


def test_markdown_on_the_terminal(command, facts):
    status, out, _ = command("--month", "2025-11")
    assert (status, out.rstrip("\n")) == (0, as_markdown(month_written(facts, "zh")).rstrip("\n"))


def test_a_past_month_is_written_where_the_data_are_gone(two, tmp_path, run, monkeypatch):
    ledger, city, _ = two
    shutil.copytree(city, tmp_path / "city")
    monkeypatch.setenv("LOCATOR_LEDGER", str(ledger.folder))
    texts = []
    for step in range(2):
        if step:
            shutil.rmtree(tmp_path / "city" / "public")
        asked = ("bulletin", "--data", tmp_path / "city", "--month", "2025-10")
        status, out, _ = run(*asked)
        assert status == 0
        texts.append(out)
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--month", "2025-09"], 1, "there is no cut of 2025-09; there are: 2025-10, 2025-11"),
        (["--month", "2999-01"], 2, "a month like 2026-11"),
        (["--month", "2099-01"], 1, "there are: 2025-10, 2025-11"),
        (["--month", "2025-11", "--out", "x.pdf"], 2, "expected a name ending in .md"),
        (["--month", "2025-11", "--out", "/nowhere/x.md"], 1, "cannot be written"),
    ],
)
def test_wrong_usage_of_bulletin(command, arguments, status, said):
    found, out, err = command(*arguments)
    assert (found, out) == (status, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize(("day", "fresh"), [("-12", False), ("-25", True)])
def test_the_month_that_runs_is_shown_before_its_day_and_cut_from_it(
    two, run, tmp_path, monkeypatch, day, fresh
):
    _, city, _ = two
    ledger = Ledger(tmp_path / "ledger")
    monkeypatch.setenv("LOCATOR_LEDGER", str(ledger.folder))
    monkeypatch.setattr(bulletin_command, "today", lambda: f"2025-12{day}")
    outs = [run("bulletin", "--data", city, "--month", "2025-12", "--lang", "en") for _ in "ab"]
    assert [status for status, _, _ in outs] == [0, 0]
    assert outs[0][1] == outs[1][1]
    assert ("Preview: this month is not cut yet." in outs[0][1]) == (not fresh)
    assert ledger.months() == (["2025-12"] if fresh else [])


def test_an_early_cut_is_read_before_the_day_and_followed_from_it(two, run, tmp_path, monkeypatch):
    _, city, _ = two
    ledger = Ledger(tmp_path / "ledger")
    monkeypatch.setenv("LOCATOR_LEDGER", str(ledger.folder))
    early = make_cut(service_at(city), ledger, "2025-12-03").standing.cut
    ask = ("bulletin", "--data", city, "--month", "2025-12", "--lang", "en")
    for day, dates in (("20", ["03"]), ("26", ["03", "26"]), ("28", ["03", "26"])):
        monkeypatch.setattr(bulletin_command, "today", lambda day=day: f"2025-12-{day}")
        status, out, err = run(*ask)
        assert status == 0
        assert ("Early cut of 3 December 2025" in out) == (day == "20")
        assert ("an early cut of 2025-12-03" in err) == (day == "20")
        assert [cut.date for cut in ledger.cuts()] == [f"2025-12-{date}" for date in dates]
    assert ledger.cuts()[0] == early


def test_without_a_month_it_is_the_bulletin_of_today(command, client, tmp_path):
    status, _, _ = command("--out", tmp_path / "b.md", "--minutes", "10", "--lang", "en")
    assert status == 0
    page = client.get("/bulletin", params={"minutes": 10, "lang": "en", "format": "md"})
    assert (tmp_path / "b.md").read_bytes() == page.content
    status, _, _ = command("--out", tmp_path / "b.docx")
    assert status == 0
    assert today()[:4] in str(docx.Document(tmp_path / "b.docx").core_properties.created)
