"""Plans of datasets without homes or without stations, and rooms for a budget and for a number."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from locator.changes import Changes, changed
from locator.index import Index
from tests.test_plan import far, sites, street
from tests.towns import Station
from web.plan_answers import discreet_plan
from web.plan_command import plan_report
from web.plan_files import plan_file
from web.summaries import Discretion

KM = pytest.approx


def test_times_of_streets_without_homes():
    index = Index(street([], [Station("a", 0, 0)], length=4_000))
    given = sites((2000, 1), (4000, 1))
    # at 4 km/h 1 km takes 900 s: from a the far end is 3,600 s away, and 4 km have 1,800 s each
    median = index.plan(given, objective="median", sites=1).result
    assert median["counted_in"] == "street_km"
    assert median["objective_before"] == KM(4 * 1800, rel=0.01)
    assert [site["id"] for site in median["chosen"]] == ["c2000"]
    # 1 km to a, 1 km to 2000 from the left at 450 s on average, 2 km from the right at 900 s
    assert median["objective"] == KM(1 * 450 + 1 * 450 + 2 * 900, rel=0.01)
    assert median["street_km_counted"] == KM(4.0)
    assert "workers_counted" not in median
    center = index.plan(given, objective="center", sites=1).result
    assert [site["id"] for site in center["chosen"]] == ["c4000"]
    assert center["objective"] == KM(1800, rel=0.02)


@pytest.mark.parametrize("homes", [[], [1000, 1100, 8000]])
def test_a_dataset_without_stations_is_planned_for(homes):
    one = Index(street(homes, [far()]))
    gone = changed(one._dataset, Changes(remove=("zz",)), lambda mode: one.view(mode).snapper)
    index = Index(gone)
    assert len(index.stations) == 0
    given = sites((1050, 1), (1060, 1), (8000, 2))
    asked = {"exact": True}
    for aim in (
        {"sites": 2}, {"budget_yuan": 3}, {"objective": "cover", "target_share": 0.1},
        {"objective": "median", "sites": 2}, {"objective": "center", "sites": 2},
    ):  # fmt: skip
        result = index.plan(given, **aim, **asked).result
        assert result["verified"]
        assert len(result["chosen"]) == (1 if aim.get("objective") == "cover" else 2)
    two = index.plan(given, sites=2, at_least=2, **asked).result
    assert sorted(site["id"] for site in two["chosen"]) == ["c1050", "c1060"]
    assert two["objective"] == (2 if homes else KM(1.99, abs=0.06))
    if homes:
        hours = index.plan(given, sites=1, count="person_hours", **asked).result
        assert hours["objective"] == 2 * 168
    assert index.plan(sites=1, **asked).result["chosen"]  # made from the data


def test_two_stations_for_streets_without_homes():
    index = Index(street([], [Station("a", 1000, 0)], length=3_000))
    result = index.plan(sites((1000, 1), (3000, 1)), sites=1, at_least=2).result
    # a second one beside a doubles its 2 km; the one at 3,000 only the end that both reach
    assert [site["id"] for site in result["chosen"]] == ["c1000"]
    assert result["objective"] == result["bound"] == KM(2.0, abs=0.06)


def test_kilometres_are_called_kilometres():
    index = Index(street([], [far()]))
    result = index.plan(sites((5000, 1)), sites=1).result | {"dataset": {}, "parameters": {}}
    said = plan_report(result)
    assert "km of street" in said
    assert "workers" not in said
    for language, wanted in (("zh", "公里"), ("en", "(km)")):
        for ending in ("csv", "html"):
            content = plan_file(result, ending, language)[0].decode()
            assert wanted in content
            assert "职工" not in content.replace("职工数均取整", "")
            assert "orkers" not in content.partition("<script")[0]
    shown = discreet_plan(result, Discretion(5, 10))
    assert shown["objective"] == KM(2.0, abs=0.06)
    assert shown["objective"] == round(shown["objective"], 3)


def test_seconds_leave_rounded():
    index = Index(street([0, 805, 905, 1003, 3000], [Station("a", 0, 0)]))
    given = sites((1000, 1), (3000, 1))
    for objective, step in (("median", 300), ("center", 5)):
        result = index.plan(given, objective=objective, sites=1, exact=True).result
        shown = discreet_plan(result, Discretion(5, 10))
        seconds = [shown["objective"], shown["bound"], shown["objective_before"]]
        seconds += [site["gain_seconds"] for site in shown["chosen"]]
        seconds += [point["gain_seconds"] for point in shown["curve"]]
        assert all(value % step == 0 for value in seconds)
        assert abs(shown["objective"] - result["objective"]) <= step / 2


def served_by_trying(reach, room, workers, chosen):
    """The most workers that chosen sites have room for, by Hall's condition over all points."""
    best = float(sum(workers))
    points = range(len(workers))
    for size in range(len(workers) + 1):  # Hall: those of any points left unserved beyond the room
        for part in combinations(points, size):
            open_to = {site for site in chosen if any(reach[site][point] for point in part)}
            have = sum(room[site] for site in open_to)
            best = min(best, sum(w for p, w in enumerate(workers) if p not in part) + have)
    return best


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_rooms_are_kept_for_a_budget_and_for_a_number(data):
    places = data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=5, unique=True))
    spots = data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=4, unique=True))
    room = [data.draw(st.integers(0, 3)) for _ in spots]
    cost = [data.draw(st.integers(1, 4)) for _ in spots]
    index = Index(street([50.0 * x for x in places], [far()], length=3_000))
    given = sites(
        *((50.0 * x, c, {"id": f"s{n}", "capacity": r})
          for n, (x, c, r) in enumerate(zip(spots, cost, room, strict=True)))
    )  # fmt: skip
    reach = [[abs(50 * s - 50 * p) <= 200 for p in places] for s in spots]
    every = [
        part for size in range(len(spots) + 1) for part in combinations(range(len(spots)), size)
    ]
    ones = [1.0] * len(places)
    asked = {"minutes": 3, "capacities": True, "exact": True}
    limit, budget = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 6))
    for aim, fits in (
        ({"sites": limit}, lambda part: len(part) <= limit),
        ({"budget_yuan": budget}, lambda part: sum(cost[n] for n in part) <= budget),
    ):
        result = index.plan(given, **aim, **asked).result
        best = max(served_by_trying(reach, room, ones, part) for part in every if fits(part))
        assert result["objective"] == pytest.approx(best)
        assert result["bound"] >= result["objective"]
        assert np.isclose(result["spent_yuan"], sum(s["cost_yuan"] for s in result["chosen"]))


def test_why_a_plan_has_no_sites_is_said():
    index = Index(street([0, 900], [Station("a", 0, 0)]))
    reaching, far_off = sites((950, 5)), sites((9_000, 5))
    for table, aim, why in (
        (far_off, {"sites": 1}, "no candidate reaches anybody"),
        (reaching, {"budget_yuan": 4}, "no candidate that gains anything fits the limit"),
        (reaching, {"objective": "cover", "target_share": 0.5}, "the target is reached already"),
    ):
        result = index.plan(table, minutes=5, exact=True, **aim).result
        assert result["chosen"] == []
        said = plan_report(result | {"dataset": {}, "parameters": {}})
        assert said.startswith(f"nothing to choose: {why}")
