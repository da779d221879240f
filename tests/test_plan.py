"""Plans: the cover matrix against a recompute from scratch, budgets by trying everything."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from geodata.errors import LimitError, ValidationError
from geodata.plan_actions import load_actions
from locator.candidates import Terms, bundled, changes_of, fen_of, options_of
from locator.changes import changed
from locator.index import Index
from locator.plan import CancelledError, Mosts, aim_of
from locator.siting_model import InfeasibleError
from tests.random_towns import plans, spots
from tests.towns import Station, Way, dataset, lonlat, town

NOON, EVENING = "2026-11-24T12:00:00+08:00", "2026-11-24T21:50:00+08:00"


def street(homes, stations=(), *, length=10_000, **more):
    """One straight street, walked at 4 km/h: 1,000 m in 15 minutes; a node every 500 m."""
    names = [f"n{x}" for x in range(0, length + 1, 500)]
    nodes = {name: (float(name[1:]), 0.0) for name in names}
    places = [(float(x), 0.0) for x in homes]
    return dataset(town(nodes, [Way(" ".join(names))]), stations, places, **more)


def far(x=-5_000.0):
    """A station that nobody reaches: a table needs one row to have its columns."""
    return Station("zz", x, 0.0)


def sites(*rows):
    """Candidates at metres along the street, each with a cost."""
    out = []
    for x, cost, *more in rows:
        lon, lat = lonlat(x, 0.0)
        out.append({"id": f"c{x}", "lon": lon, "lat": lat, "cost_yuan": cost, **dict(*more)})
    return out


def covered_from_scratch(index, changes, **asked):
    """Workers covered with changed stations, by a new index."""
    made = changed(index._dataset, changes, lambda mode: index.view(mode).snapper)
    return Index(made).coverage(exact=True, **asked).summary["workers"]["covered"]


def best_by_trying(index, options, budget_fen, **asked):
    """The most that any affordable set of options covers, each judged from scratch."""
    best = 0.0
    rows = range(len(options))
    for size in range(len(options) + 1):
        for part in combinations(rows, size):
            chosen = options.iloc[list(part)]
            bundles = [b for b in chosen["bundle"] if b >= 0]
            if chosen["cost_fen"].sum() > budget_fen or len(set(bundles)) < len(bundles):
                continue
            best = max(best, covered_from_scratch(index, changes_of(chosen), **asked))
    return best


def test_a_budget_buys_what_covers_most_and_says_so():
    index = Index(street([1000, 1100, 4000, 8000, 8100, 8200], [far()]))
    given = sites((1050, 10), (4000, 1), (8100, 20))
    result = index.plan(given, budget_yuan=21, exact=True).result
    assert [site["id"] for site in result["chosen"]] == ["c4000", "c8100"]
    assert [site["gain_workers"] for site in result["chosen"]] == [1, 3]
    assert result["objective"] == result["bound"] == 4
    assert result["gap"] == 0
    assert result["spent_yuan"] == 21
    assert result["proven"]
    assert result["after"]["workers"] == {
        "total": 6, "covered": 4, "uncovered": 2, "share_covered": 4 / 6,
    }  # fmt: skip


def test_a_fen_too_little_buys_less():
    index = Index(street([1000, 8000], [far()]))
    given = sites((1000, "10.01"), (8000, "10.01"))
    assert index.plan(given, budget_yuan="20.02", exact=True).result["objective"] == 2
    short = index.plan(given, budget_yuan="20.01", exact=True).result
    assert short["objective"] == 1
    assert short["spent_yuan"] == 10.01


def test_the_limit_counts_to_the_second_as_in_coverage():
    index = Index(street([0, 999, 1000, 1001, 2002], [far()]))
    result = index.plan(sites((1001, 1)), sites=1, exact=True).result
    # 1,001 m, 2 m, 1 m, 0 m and 1,001 m away: within 1,000 m lie three
    assert result["objective"] == 3


def test_existing_stations_stay_and_are_not_counted_again():
    index = Index(street([1000, 1500, 5000], [Station("a", 1000, 0)]))
    result = index.plan(sites((1200, 1), (5000, 1)), sites=1, exact=True).result
    assert [site["id"] for site in result["chosen"]] == ["c5000"]
    assert result["before"]["workers"]["covered"] == 2
    assert result["objective"] == 3


def test_longer_hours_and_a_facility_complement_each_other():
    a = Station("a", 1000, 0, hours="08:00-18:00", facilities="seats")
    index = Index(street([1000, 1100], [a]))
    given = [
        {"id": "h", "action": "extend", "station": "a", "cost_yuan": 5},
        {"id": "f", "action": "equip", "station": "a", "facilities": ["microwave"], "cost_yuan": 2},
    ]
    asked = {"at": EVENING, "needs": ["hot_meal"], "exact": True}
    assert index.plan(given, budget_yuan=6, **asked).result["objective"] == 0
    both = index.plan(given, budget_yuan=7, **asked).result
    assert [(site["id"], site["action"]) for site in both["chosen"]] == [("h+f", "extend+equip")]
    assert both["objective"] == 2
    assert both["spent_yuan"] == 7


def test_a_site_counts_only_while_it_is_open_on_arrival():
    index = Index(street([0, 1000], [far()]))
    # 15 minutes' walk from 21:50 on: one arrives at 22:05, the other is there at once
    rows = sites((1000, 1, {"opening_hours": "08:00-22:00"}))
    assert index.plan(rows, sites=1, at=EVENING, exact=True).result["objective"] == 1
    assert index.plan(rows, sites=1, at=NOON, exact=True).result["objective"] == 2


def test_a_site_without_the_facility_asked_for_covers_nobody():
    index = Index(street([1000], [far()]))
    bare = sites((1000, 1, {"facilities": []}))
    assert index.plan(bare, sites=1, needs=["toilet"], exact=True).result["objective"] == 0
    told = sites((1000, 1, {"facilities": ["toilet"]}))
    assert index.plan(told, sites=1, needs=["toilet"], exact=True).result["objective"] == 1
    silent = index.plan(sites((1000, 1)), sites=1, needs=["toilet"], exact=True).result
    assert "toilet" in silent["chosen"][0]["facilities"]


def test_hours_that_shut_a_station_are_refused():
    index = Index(street([1000], [Station("a", 1000, 0, hours="08:00-22:00")]))
    shorter = [{"action": "extend", "station": "a", "opening_hours": "20:00-24:00"}]
    with pytest.raises(ValidationError, match="hours can only be extended"):
        index.plan(shorter, sites=1, at=NOON, exact=True)


def test_everything_that_is_wrong_is_said_at_once():
    stations = street([0], [far()]).stations
    rows = [
        {"action": "dig", "lon": 118.8, "lat": 32.0},
        {"lon": 181, "lat": 32.0},
        {"action": "extend", "station": "nowhere"},
        {"lon": 118.8, "lat": 32.0, "cost_yuan": "0.001"},
        {"lon": 118.8, "lat": 32.0, "opening_hours": "soon"},
        {"lon": 118.8, "lat": 32.0, "facilities": ["sauna"]},
        {"id": "x", "lon": 118.8, "lat": 32.0},
        {"id": "x", "lon": 118.8, "lat": 32.1},
    ]
    index = Index(street([0], [far()]))
    with pytest.raises(ValidationError) as caught:
        options_of(rows, stations, index.vocabulary, Terms(load_actions()))
    said = str(caught.value)
    for words in ("no action", "place on earth", "no 'nowhere'", "to the fen", "opening_hours",
                  "sauna", "'x' comes twice"):  # fmt: skip
        assert words in said
    assert len(caught.value.faults) == 7


@pytest.mark.parametrize(
    ("text", "osm"),
    [
        ("每天 8:00-20:00", "08:00-20:00"), ("早八点到晚八点", "08:00-20:00"), ("24小时", "24/7"),
        ("周一至周五 9:00-17:00", "Mo-Fr 09:00-17:00"), ("Mo-Fr 08:00-20:00", "Mo-Fr 08:00-20:00"),
        ('08:00-20:00 "ring twice"', '08:00-20:00 "ring twice"'),
    ],
)  # fmt: skip
def test_hours_of_candidates_are_read_as_those_of_stations(text, osm):
    index = Index(street([1000], [far()]))
    rows = sites((1000, 1, {"opening_hours": text}))
    assert index.plan(rows, sites=1, exact=True).result["chosen"][0]["opening_hours"] == osm


@pytest.mark.parametrize(
    ("aim", "words"),
    [
        ({}, "takes budget_yuan or sites"),
        ({"budget_yuan": 1, "sites": 1}, "takes budget_yuan or sites"),
        ({"objective": "cover", "sites": 1}, "takes target_share"),
        ({"objective": "most", "sites": 1}, "no objective"),
        ({"sites": 1, "least": "sites"}, "sites goes with the objective cover only"),
        ({"sites": 1, "target_of": "uncovered"}, "goes with the objective cover only"),
        ({"objective": "cover", "target_share": 1, "least": "people"}, "use one of cost, sites"),
        ({"objective": "cover", "target_share": 1, "target_of": "x"}, "one of all, uncovered"),
        ({"budget_yuan": -1}, "to the fen"),
        ({"budget_yuan": "1.005"}, "to the fen"),
    ],
)
def test_aims_that_do_not_fit_together(aim, words):
    with pytest.raises(ValidationError, match=words):
        aim_of(**aim)


def test_limits_are_named():
    for aim in ({"sites": 0}, {"objective": "cover", "target_share": 1.5}, {"sites": 1.5}):
        with pytest.raises(LimitError):
            aim_of(**aim)


def test_money_is_counted_in_fen():
    assert fen_of("410,000.07") == 41_000_007
    assert fen_of(0.1) == 10
    for wrong in ("", "nan", "1e400", "1_000", "-0.01", "0.001", "ten", "inf"):
        with pytest.raises(ValueError, match="amount"):
            fen_of(wrong)


def test_the_cheapest_for_a_share():
    index = Index(street([1000, 1100, 4000, 8000, 8100, 8200], [far()]))
    given = sites((1050, 10), (4000, 1), (8100, 20))
    result = index.plan(given, objective="cover", target_share=0.5, exact=True).result
    # three of six: 1050 and 4000 for 11 yuan, or 8100 alone for 20
    assert result["spent_yuan"] == result["objective"] == result["bound"] == 11
    assert result["objective_unit"] == "yuan"
    assert result["after"]["workers"]["covered"] == 3
    with pytest.raises(InfeasibleError, match="add candidates or ask for less"):
        index.plan(given[:2], objective="cover", target_share=0.9, exact=True)


def test_the_fewest_sites_for_a_share():
    index = Index(street([1000, 1100, 4000, 8000, 8100, 8200], [far()]))
    given = sites((1050, 10), (4000, 1), (8100, 20), (8090, 30))
    asked = {"objective": "cover", "target_share": 0.5, "exact": True}
    assert index.plan(given, **asked).result["spent_yuan"] == 11  # two sites
    result = index.plan(given, least="sites", **asked).result
    assert [site["id"] for site in result["chosen"]] == ["c8100"]  # of two alike the cheaper
    assert result["objective"] == result["bound"] == 1
    assert (result["objective_unit"], result["spent_yuan"], result["gap"]) == ("sites", 20, 0)
    assert result["proven"]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 1.0), st.sampled_from(["all", "uncovered"]))
def test_the_fewest_and_the_cheapest_for_a_share_are_those_of_all_choices(seed, share, target_of):
    draw = np.random.default_rng(seed)
    homes = draw.integers(0, 9_000, 12).tolist()
    given = sites(*zip(draw.choice(9_000, 5, replace=False).tolist(), draw.integers(1, 99, 5),
                       strict=True))  # fmt: skip
    index = Index(street(homes, [Station("a", 1000, 0)]))
    options = bundled(options_of(given, index._dataset.stations, index.vocabulary,
                                 Terms(load_actions())))  # fmt: skip
    there = index.coverage(exact=True).summary["workers"]["covered"]
    need = share * 12 if target_of == "all" else there + share * (12 - there)
    fitting = []
    for size in range(len(options) + 1):
        for part in combinations(range(len(options)), size):
            chosen = options.iloc[list(part)]
            if covered_from_scratch(index, changes_of(chosen)) >= need - 1e-9:
                fitting.append((size, int(chosen["cost_fen"].sum()) / 100))
    asked = {"objective": "cover", "target_share": share, "target_of": target_of, "exact": True}
    for least, value in (("sites", 0), ("cost", 1)):
        if not fitting:
            with pytest.raises(InfeasibleError, match="ask for less"):
                index.plan(given, least=least, **asked)
            continue
        result = index.plan(given, least=least, **asked).result
        assert result["objective"] == result["bound"] == min(each[value] for each in fitting)
        assert result["after"]["workers"]["covered"] >= need - 1e-9
        few = [each for each in fitting if value or each[0] == result["objective"]]
        assert result["spent_yuan"] == min(each[1] for each in few)  # of as few the cheapest


def test_a_share_of_those_without_a_station():
    index = Index(street([1000, 1100, 4000, 8000], [Station("a", 1000, 0)]))
    given = sites((4000, 5), (8000, 7))
    asked = {"objective": "cover", "exact": True}
    assert index.plan(given, target_share=0.5, **asked).result["spent_yuan"] == 0
    half = index.plan(given, target_share=0.5, target_of="uncovered", **asked).result
    assert (half["spent_yuan"], half["after"]["workers"]["covered"]) == (5, 3)
    with pytest.raises(InfeasibleError, match=r"cover 0.5000 of the people without a station"):
        index.plan(given[:1], target_share=0.6, target_of="uncovered", **asked)
    index = Index(street([1000, 1100], [Station("a", 1000, 0)]))
    asked |= {"target_share": 1, "target_of": "uncovered"}
    assert index.plan(sites((8000, 7)), **asked).result["objective"] == 0  # nobody is without


def test_a_share_that_is_there_already_costs_nothing():
    index = Index(street([1000, 5000], [Station("a", 1000, 0)]))
    result = index.plan(sites((5000, 1)), objective="cover", target_share=0.5, exact=True).result
    assert result["chosen"] == []
    assert result["objective"] == result["spent_yuan"] == 0


def test_only_people_of_the_region_asked_for_count():
    areas = {"west": (-500, -500, 3000, 500), "east": (3000, -500, 11_000, 500)}
    index = Index(street([1000, 1100, 8000], [far()], areas=areas))
    given = sites((1000, 1), (8000, 1))
    result = index.plan(given, sites=1, region="east", exact=True).result
    assert [site["id"] for site in result["chosen"]] == ["c8000"]
    assert result["before"]["workers"]["total"] == 1
    assert result["chosen"][0]["gain_regions"] == {"east": 1}


def test_without_homes_streets_are_covered():
    index = Index(street([], [far()]))
    result = index.plan(sites((5000, 1)), sites=1).result
    assert result["objective_unit"] == "street_km"
    assert result["objective"] == pytest.approx(2.0, abs=0.06)  # 1 km either way, in pieces of 50 m


def test_candidates_made_from_the_data_help():
    # junctions are where streets meet or end: this one has two
    index = Index(street([900, 950, 8000], [Station("a", 8000, 0, hours="08:00-18:00")]))
    result = index.plan(budget_yuan=72_000, at=EVENING, exact=True).result
    assert sorted(site["action"] for site in result["chosen"]) == ["build", "extend"]
    assert result["objective"] == 3
    assert set(result["candidates"]) == {"build", "extend"}


def test_a_callback_sees_progress_and_ends_the_work():
    index = Index(street([1000], [far()]))
    told = []
    index.plan(sites((1000, 1)), sites=1, exact=True, progress=lambda *at: told.append(at))
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert [stage for _, stage in told][-1] == "done"

    def stop(_, stage):
        if stage == "solve":
            raise CancelledError

    with pytest.raises(CancelledError):
        index.plan(sites((1000, 1)), sites=1, exact=True, progress=stop)


def test_a_plan_is_a_frame_of_points_with_catchments():
    index = Index(street([1000, 1100, 8000], [Station("a", 1000, 0)]))
    answer = index.plan(sites((8000, 1), (1100, 1)), sites=2, exact=True)
    frame = answer.to_geodataframe()
    assert frame.crs == "EPSG:4326"
    assert frame["id"].tolist()[0] == "c8000"
    assert frame.geometry.x.tolist()[0] == pytest.approx(lonlat(8000, 0)[0])
    caught = answer.catchments
    assert caught["c8000"] == 1
    assert sum(caught.values()) == answer.result["after"]["workers"]["covered"] == 3


def test_a_table_without_anybody_in_reach_gives_an_empty_plan():
    index = Index(street([1000], [far()]))
    result = index.plan(sites((9000, 1)), sites=1, exact=True).result
    assert (result["chosen"], result["objective"], result["gap"]) == ([], 0, 0)


def test_an_empty_table_is_refused():
    index = Index(street([1000], [far()]))
    with pytest.raises(ValidationError, match="there is none"):
        index.plan(pd.DataFrame({"id": []}), sites=1)


@settings(max_examples=12, deadline=None)
@given(plans(), spots(2, 8), spots(1, 2), spots(2, 4), st.data())
def test_plans_in_random_towns_are_what_trying_everything_finds(town_plan, homes, old, new, data):
    hours = st.sampled_from(("24/7", "08:00-12:05", "12:03-18:00", "13:00-20:00"))
    stations = [Station(f"s{n}", *at, hours=data.draw(hours)) for n, at in enumerate(old)]
    index = Index(dataset(town_plan.streets(), stations, homes))
    rows = []
    for number, at in enumerate(new):
        lon, lat = lonlat(*at)
        rows.append(
            {
                "id": f"c{number}", "lon": lon, "lat": lat, "opening_hours": data.draw(hours),
                "cost_yuan": data.draw(st.integers(1, 5)),
            }
        )  # fmt: skip
    rows.append({"id": "e", "action": "extend", "station": "s0", "cost_yuan": 2})
    asked = {"minutes": data.draw(st.integers(1, 6)), "at": NOON}
    budget = data.draw(st.integers(0, 9))
    result = index.plan(rows, budget_yuan=budget, exact=True, **asked).result
    terms = Terms(load_actions())
    options = bundled(options_of(rows, index.stations, index.vocabulary, terms))
    assert result["objective"] == best_by_trying(index, options, budget * 100, **asked)
    assert result["objective"] <= result["bound"]
    assert result["spent_yuan"] <= budget
    assert np.isclose(result["objective"], result["after"]["workers"]["covered"])


def test_two_stations_each_are_counted_as_coverage_counts_them():
    stations = [Station("a", 1000, 0, hours="08:00-18:00"), Station("b", 5000, 0)]
    index = Index(street([900, 1000, 5000], stations))
    given = [
        *sites((1000, 1), (1100, 1), (5100, 1)),
        {"id": "h", "action": "extend", "station": "a", "cost_yuan": 1},
    ]
    asked = {"stations_at_least": 2}
    one = index.plan(given, sites=1, at=NOON, at_least=2, exact=True).result
    assert one["objective"] == 2  # a second one beside a; longer hours of a are no second station
    assert one["chosen"][0]["id"] in {"c1000", "c1100"}
    two = index.plan(given, sites=2, at=NOON, at_least=2, exact=True)
    assert two.result["objective"] == 3
    assert covered_from_scratch(index, two.plan.changes, at=NOON, **asked) == 3
    late = index.plan(given, sites=2, at=EVENING, at_least=2, exact=True).result
    assert late["objective"] == 2  # at night a is shut: two of the three beside it


@settings(max_examples=8, deadline=None)
@given(plans(), spots(2, 8), spots(2, 3), spots(2, 4), st.data())
def test_two_stations_each_in_random_towns(town_plan, homes, old, new, data):
    hours = st.sampled_from(("24/7", "08:00-12:05", "13:00-20:00"))
    stations = [Station(f"s{n}", *at, hours=data.draw(hours)) for n, at in enumerate(old)]
    index = Index(dataset(town_plan.streets(), stations, homes))
    rows = [
        {"id": f"c{n}", "lon": lonlat(*at)[0], "lat": lonlat(*at)[1], "cost_yuan": 1}
        for n, at in enumerate(new)
    ]
    rows.append({"id": "e", "action": "extend", "station": "s0", "cost_yuan": 1})
    asked = {"minutes": data.draw(st.integers(1, 6)), "at": NOON}
    budget = data.draw(st.integers(0, 3))
    result = index.plan(rows, budget_yuan=budget, exact=True, at_least=2, **asked).result
    terms = Terms(load_actions())
    options = bundled(options_of(rows, index.stations, index.vocabulary, terms))
    best = best_by_trying(index, options, budget * 100, stations_at_least=2, **asked)
    assert result["objective"] == best


def test_the_four_mosts_are_terms_that_add_up():
    areas = {"west": (-500, -500, 3000, 500), "east": (3000, -500, 11_000, 500)}
    index = Index(street([1000, 1100, 8000], [far()], areas=areas))
    given = sites((1000, 1), (8000, 1))
    told = [
        {"region": "west", "firms": 10, "migrants": 1, "union": 0},
        {"region": "east", "firms": 40, "migrants": 4, "union": 3},
    ]
    mosts = Mosts({"firms": 1.0, "migrants": 0.5, "need": 1.0, "union": 2.0}, told)
    result = index.plan(given, sites=2, exact=True, mosts=mosts).result
    by_id = {site["id"]: site["terms"] for site in result["chosen"]}
    assert by_id["c1000"] == {"firms": 0.5, "migrants": 0.25, "need": 2.0, "union": 0.0}
    assert by_id["c8000"] == {"firms": 1.0, "migrants": 0.5, "need": 1.0, "union": 2.0}
    assert result["objective"] == sum(sum(terms.values()) for terms in by_id.values())
    assert result["objective_unit"] == "score"
    assert [site["id"] for site in result["chosen"]] == ["c8000", "c1000"]
    with pytest.raises(ValidationError, match="no such region"):
        index.plan(given, sites=1, exact=True, mosts=Mosts({"need": 1.0}, [{"region": "x"}]))
    with pytest.raises(ValidationError, match="no region has a value"):
        index.plan(given, sites=1, exact=True, mosts=Mosts({"union": 1.0}))


def seconds_from_scratch(index, changes, *, minutes=60):
    """Each worker's time to the nearest station (s), with changed stations; 3,600 at most."""
    made = changed(index._dataset, changes, lambda mode: index.view(mode).snapper)
    ms = Index(made).coverage(minutes=minutes, exact=True).outcomes["people"].ms
    return np.minimum(ms / 1000, minutes * 60.0)


def test_the_least_time_in_all_and_the_shortest_longest():
    index = Index(street([0, 800, 900, 1000, 3000], [Station("a", 0, 0)]))
    given = sites((1000, 1), (3000, 1))
    # at 4 km/h 100 m take 90 s: today 0, 720, 810, 900, 2,700 s
    median = index.plan(given, objective="median", sites=1, exact=True).result
    assert median["objective_before"] == pytest.approx(5130, abs=1)
    assert [site["id"] for site in median["chosen"]] == ["c1000"]
    # 0, 180, 90, 0 and 1,800 s are left
    assert median["objective"] == median["bound"] == pytest.approx(2070, abs=1)
    center = index.plan(given, objective="center", sites=1, exact=True).result
    assert [site["id"] for site in center["chosen"]] == ["c3000"]
    assert center["objective"] == pytest.approx(900, abs=1)
    assert center["objective_unit"] == "seconds"


@settings(max_examples=8, deadline=None)
@given(plans(), spots(2, 8), spots(1, 2), spots(2, 4), st.data())
def test_times_in_random_towns_are_what_trying_everything_finds(town_plan, homes, old, new, data):
    stations = [Station(f"s{n}", *at) for n, at in enumerate(old)]
    index = Index(dataset(town_plan.streets(), stations, homes))
    rows = [
        {"id": f"c{n}", "lon": lonlat(*at)[0], "lat": lonlat(*at)[1], "cost_yuan": 1}
        for n, at in enumerate(new)
    ]
    count = data.draw(st.integers(1, 2))
    options = bundled(options_of(rows, index.stations, index.vocabulary, Terms(load_actions())))
    most = changes_of(options.drop_duplicates(["lon", "lat"]))
    reached = seconds_from_scratch(index, most) < 3600
    for objective, worth in (("median", np.sum), ("center", lambda s: s.max(initial=0))):
        result = index.plan(rows, objective=objective, sites=count, exact=True).result
        best = min(
            worth(seconds_from_scratch(index, changes_of(options.iloc[list(part)]))[reached])
            for size in range(count + 1)
            for part in combinations(range(len(options)), size)
            if options.iloc[list(part)][["lon", "lat"]].duplicated().sum() == 0
        )
        assert result["objective"] == pytest.approx(best)
        assert result["bound"] == pytest.approx(best)


def test_no_site_takes_more_than_it_has_room_for():
    index = Index(street([1000, 1010, 1020, 8000], [far()]))
    given = sites((1000, 1, {"capacity": 1}), (8000, 1, {"capacity": 5}))
    one = index.plan(given, sites=1, capacities=True, exact=True).result
    assert one["objective"] == 1
    assert index.plan(given, sites=1, exact=True).result["objective"] == 3
    both = index.plan(given, sites=2, capacities=True, exact=True).result
    assert both["objective"] == both["bound"] == 2
    assert both["after"]["workers"]["covered"] == 4  # within reach, though not all find room


def test_no_region_is_left_behind():
    areas = {"west": (-500, -500, 3000, 500), "east": (3000, -500, 11_000, 500)}
    index = Index(street([1000, 1100, 1200, 2800, 8000], [far()], areas=areas))
    given = sites((1000, 1), (2900, 1), (8000, 1))
    most = index.plan(given, sites=1, exact=True).result
    assert [site["id"] for site in most["chosen"]] == ["c1000"]
    fair = index.plan(given, sites=2, least_share=0.75, exact=True).result
    assert {site["id"] for site in fair["chosen"]} == {"c1000", "c8000"}
    assert fair["feasible"]
    with pytest.raises(InfeasibleError):
        index.plan(given, sites=1, least_share=0.75, exact=True)


def test_special_wishes_go_one_at_a_time():
    for aim in ({"at_least": 2, "capacities": True}, {"least_share": 0.5, "objective": "median"}):
        with pytest.raises(ValidationError, match="goes with the objective coverage only"):
            aim_of(sites=1, **aim)


def test_only_a_group_counts_where_one_is_asked_for():
    """Ten couriers live at 2,000 m, thirty cleaners at 8,000 m: each group has its best site."""
    data = street([2_000, 8_000], [far()])
    homes = data.homes.assign(workers=[10.0, 30.0], group=["courier", "sanitation"])
    index = Index(replace(data, homes=homes))
    options = sites((2_000, 1), (8_000, 1))
    for group, best, count in ((None, "c8000", 30), ("courier", "c2000", 10), ("driver", None, 0)):
        found = index.plan(options, sites=1, group=group, exact=True).result
        assert [site["id"] for site in found["chosen"]] == ([best] if best else [])
        assert found["objective"] == count
        total = {None: 40, "courier": 10, "driver": 0}[group]
        assert found["before"]["workers"]["total"] == total
    with pytest.raises(ValidationError, match="'rider' is not known"):
        index.plan(options, sites=1, group="rider", exact=True)
