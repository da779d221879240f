"""Plans by person-hours: hours newly covered by hand, by trying everything, and by the clock."""

from itertools import combinations

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from geodata.errors import ValidationError
from geodata.plan_actions import load_actions
from locator import _plan_kernels
from locator.candidates import Terms, bundled, changes_of, options_of
from locator.changes import changed
from locator.index import Index
from locator.plan import aim_of
from locator.siting_model import InfeasibleError
from tests.random_towns import plans, spots
from tests.test_plan import far, sites, street
from tests.towns import Station, dataset, lonlat
from web.plan_answers import discreet_plan
from web.plan_command import plan_report
from web.plan_files import plan_file
from web.summaries import Discretion

WEEK = "2026-11-23"
ASKED = {"count": "person_hours", "week": WEEK, "exact": True}


def hours_from_scratch(index, changes=None, **asked):
    """Person-hours with a station, with changed stations, asked of the week by a new index."""
    made = index._dataset
    if changes is not None:
        made = changed(made, changes, lambda mode: index.view(mode).snapper)
    found = Index(made).clock(week=WEEK, exact=True, mode="walk", **asked).all.person_hours
    return found["total"] - found["uncovered"]


def best_by_trying(index, options, budget_fen, **asked):
    """The most person-hours of any affordable set of options, each judged from scratch."""
    best = 0.0
    for size in range(len(options) + 1):
        for part in combinations(range(len(options)), size):
            chosen = options.iloc[list(part)]
            bundles = [b for b in chosen["bundle"] if b >= 0]
            if chosen["cost_fen"].sum() <= budget_fen and len(set(bundles)) == len(bundles):
                best = max(best, hours_from_scratch(index, changes_of(chosen), **asked))
    return best


def test_longer_hours_count_by_the_hours_they_newly_cover():
    # three at a station open 10 hours a day; two far off without any
    a = Station("a", 1000, 0, hours="08:00-18:00")
    index = Index(street([1000, 1000, 1000, 8000, 8000], [a]))
    given = [
        {"id": "h", "action": "extend", "station": "a", "cost_yuan": 1},
        *sites((8000, 1)),
    ]
    # 14 more hours a day for three: 294; all hours for two: 336
    one = index.plan(given, sites=1, **ASKED).result
    assert [site["id"] for site in one["chosen"]] == ["c8000"]
    assert one["chosen"][0]["gain_person_hours"] == 2 * 168
    assert one["objective_unit"] == "person_hours"
    # open on arrival at 17:00 and for the linger after it, so on the hours 8 to 17: ten a day
    assert one["before"]["person_hours"] == pytest.approx(
        {"total": 840, "covered": 210, "uncovered": 630, "share_covered": 0.25}
    )
    assert one["objective"] == one["bound"] == 210 + 336
    both = index.plan(given, sites=2, **ASKED).result
    assert [(site["id"], site["gain_person_hours"]) for site in both["chosen"]] == [
        ("c8000", 336), ("h", 294),
    ]  # fmt: skip
    assert [site["gain_workers"] for site in both["chosen"]] == [2, 3]
    assert [point["cumulative_person_hours"] for point in both["curve"]] == [336, 630]
    assert both["after"]["person_hours"]["share_covered"] == 1
    assert both["week"] == WEEK


def test_people_count_as_people_where_hours_are_not_asked_for():
    a = Station("a", 1000, 0, hours="08:00-18:00")
    index = Index(street([1000, 1000, 1000, 8000, 8000], [a]))
    given = [{"id": "h", "action": "extend", "station": "a", "cost_yuan": 1}, *sites((8000, 1))]
    night = index.plan(given, sites=1, at="2026-11-24T22:00", exact=True).result
    assert [site["id"] for site in night["chosen"]] == ["h"]
    assert "gain_person_hours" not in night["chosen"][0]


def test_two_sites_that_share_the_day_are_worth_more_than_one_all_morning():
    index = Index(street([1000, 1000], [far()]))
    morning = {"opening_hours": "Mo-Su 06:00-12:00"}
    given = sites((1000, 1, morning), (1010, 1, {"opening_hours": "Mo-Su 07:00-12:00"}),
                  (1020, 1, {"opening_hours": "Mo-Su 12:00-20:00"}))  # fmt: skip
    plan = index.plan(given, sites=2, **ASKED).result
    assert [site["id"] for site in plan["chosen"]] == ["c1020", "c1000"]
    assert [site["gain_person_hours"] for site in plan["chosen"]] == [2 * 8 * 7, 2 * 6 * 7]
    assert [site["gain_workers"] for site in plan["chosen"]] == [2, 0]  # each with the first


def test_the_cheapest_for_a_share_of_the_hours():
    index = Index(street([1000, 8000], [Station("a", 1000, 0, hours="08:00-20:00")]))
    given = [{"id": "h", "action": "extend", "station": "a", "cost_yuan": 3}, *sites((8000, 2))]
    asked = {"objective": "cover", **ASKED}
    # 84 of 336 hours today; 84 more by h, 168 by the new one
    found = index.plan(given, target_share=0.5, **asked).result
    assert (found["spent_yuan"], [site["id"] for site in found["chosen"]]) == (2, ["c8000"])
    fewest = index.plan(given, target_share=0.5, least="sites", **asked).result
    assert (fewest["objective"], fewest["objective_unit"]) == (1, "sites")
    # a third of the 252 hours without: 84 by h; more: the new one
    for share, spent in ((0.33, 2), (0.9, 5)):
        part = index.plan(given, target_share=share, target_of="uncovered", **asked).result
        assert part["spent_yuan"] == spent
    assert index.plan(given, target_share=1, **asked).result["spent_yuan"] == 5
    with pytest.raises(InfeasibleError, match="add candidates"):
        index.plan(given[:1], target_share=1, **asked)


def test_candidates_made_from_the_data_lengthen_hours_too():
    index = Index(street([900, 950, 8000], [Station("a", 8000, 0, hours="08:00-18:00")]))
    result = index.plan(budget_yuan=72_000, **ASKED).result
    assert sorted(site["action"] for site in result["chosen"]) == ["build", "extend"]
    assert result["objective"] == result["bound"] == 3 * 168


def test_hours_of_the_week_that_would_be_lost_are_refused():
    index = Index(street([1000], [Station("a", 1000, 0, hours="Mo-Sa 08:00-18:00")]))
    later = [{"action": "extend", "station": "a", "opening_hours": "09:00-22:00"}]
    with pytest.raises(ValidationError, match="hours can only be extended"):
        index.plan(later, sites=1, **ASKED)


@pytest.mark.parametrize(
    ("aim", "words"),
    [
        ({"count": "person_hours", "sites": 1, "objective": "median"}, "goes with coverage"),
        ({"count": "person_hours", "sites": 1, "at_least": 2}, "without stations_at_least"),
        ({"count": "cars", "sites": 1}, "cannot be counted"),
        ({"week": WEEK, "sites": 1}, "goes with count person_hours only"),
    ],
)
def test_what_does_not_go_with_hours(aim, words):
    with pytest.raises(ValidationError, match=words):
        aim_of(**aim)


def test_a_time_and_a_week_contradict_each_other_and_streets_have_no_person_hours():
    index = Index(street([1000], [far()]))
    with pytest.raises(ValidationError, match="whole week"):
        index.plan(sites((1000, 1)), sites=1, at="2026-11-24T22:00", **ASKED)
    with pytest.raises(ValidationError, match="a day of the years"):
        index.plan(sites((1000, 1)), sites=1, **ASKED | {"week": "soon"})
    with pytest.raises(ValidationError, match="no homes"):
        Index(street([], [far()])).plan(sites((1000, 1)), sites=1, **ASKED)


HOURS = ("24/7", "Mo-Fr 08:00-12:05", "12:03-18:00", "Sa,Su 00:00-24:00", "20:00-02:30")


@settings(max_examples=8, deadline=None)
@given(plans(), spots(2, 6), spots(1, 2), spots(1, 3), st.data())
def test_hours_in_random_towns_are_what_trying_everything_finds(town_plan, homes, old, new, data):
    hours = st.sampled_from(HOURS)
    stations = [Station(f"s{n}", *at, hours=data.draw(hours)) for n, at in enumerate(old)]
    index = Index(dataset(town_plan.streets(), stations, homes))
    rows = [
        {
            "id": f"c{number}", "lon": lonlat(*at)[0], "lat": lonlat(*at)[1],
            "opening_hours": data.draw(hours), "cost_yuan": data.draw(st.integers(1, 5)),
        }
        for number, at in enumerate(new)
    ]  # fmt: skip
    rows.append({"id": "e", "action": "extend", "station": "s0", "cost_yuan": 2})
    asked = {"minutes": data.draw(st.sampled_from([1, 5, 90]))}
    budget = data.draw(st.integers(0, 9))
    result = index.plan(rows, budget_yuan=budget, **ASKED, **asked).result
    assert result["before"]["person_hours"]["covered"] == hours_from_scratch(index, **asked)
    terms = Terms(load_actions())
    options = bundled(options_of(rows, index.stations, index.vocabulary, terms))
    assert result["objective"] == best_by_trying(index, options, budget * 100, **asked)
    assert result["objective"] <= result["bound"]
    assert result["objective"] == result["after"]["person_hours"]["covered"]


def spread_plainly(indptr, point, ms, mask, masks, row_indptr, kind):
    """The same as the kernel, row by row."""
    out, counts = [], [0]
    for option in range(len(indptr) - 1):
        for entry in range(indptr[option], indptr[option + 1]):
            first, last = row_indptr[point[entry]], row_indptr[point[entry] + 1]
            out += [(row, ms[entry]) for row in range(first, last) if masks[mask[entry], kind[row]]]
        counts.append(len(out))
    return counts, [row for row, _ in out], [time for _, time in out]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_the_kernel_spreads_a_cover_as_its_plain_twin(seed):
    draw = np.random.default_rng(seed)
    sizes, per_point = draw.integers(0, 4, 5), draw.integers(0, 3, 6)
    entries, rows = int(sizes.sum()), int(per_point.sum())
    asked = (
        np.concatenate(([0], np.cumsum(sizes))), draw.integers(0, 6, entries).astype(np.int32),
        draw.integers(0, 99, entries).astype(np.int32), draw.integers(0, 3, entries),
        draw.random((3, 4)) < 0.5, np.concatenate(([0], np.cumsum(per_point))),
        draw.integers(0, 4, rows),
    )  # fmt: skip
    for mine, plain in zip(_plan_kernels.spread(*asked), spread_plainly(*asked), strict=True):
        assert mine.tolist() == list(plain)


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("人时", "受益职工")), ("en", ("erson-hours", "better off"))]
)
def test_files_and_reports_say_person_hours(tmp_path, language, words):
    a = Station("a", 1000, 0, hours="08:00-18:00")
    index = Index(street([1000, 1000, 1000, 8000, 8000], [a]))
    given = [{"id": "h", "action": "extend", "station": "a", "cost_yuan": 1}, *sites((8000, 1))]
    result = index.plan(given, sites=2, **ASKED).result | {"dataset": {}, "parameters": {}}
    content, _ = plan_file(result, "xlsx", language)
    (tmp_path / "plan.xlsx").write_bytes(content)
    sheet = openpyxl.load_workbook(tmp_path / "plan.xlsx").worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(row for row in rows if sum(cell is not None for cell in row) > 3)
    assert all(any(word in str(cell) for cell in header) for word in words)
    column = next(n for n, cell in enumerate(header) if words[0] in str(cell))
    assert [row[column] for row in rows[rows.index(header) + 1 :]][:2] == [336, 294]
    page = plan_file(result, "html", language)[0].decode()
    assert words[0] in page
    assert "336" in page
    assert "336 more person-hours a week" in plan_report(result)


def test_person_hours_leave_rounded():
    a = Station("a", 1000, 0, hours="08:00-18:00")
    index = Index(street([1000, 1000, 1000, 8000, 8000], [a]))
    given = [{"id": "h", "action": "extend", "station": "a", "cost_yuan": 1}, *sites((8000, 1))]
    shown = discreet_plan(index.plan(given, sites=2, **ASKED).result, Discretion(5, 10))
    figures = [shown["objective"], shown["bound"], *shown["before"]["person_hours"].values()]
    for site in (*shown["chosen"], *shown["curve"]):
        figures += [site[name] for name in ("gain_person_hours", "cumulative_person_hours")]
    assert all(value % 5 == 0 for value in figures if value > 1)
    assert shown["chosen"][0]["gain_person_hours"] == 335
