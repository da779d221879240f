"""Candidates called like combinations, like stations, like stations that are to be."""

from geodata.plan_actions import load_actions
from locator.candidates import Terms, bundled, new_ids, options_of
from locator.index import Index
from tests.test_plan import EVENING, sites, street
from tests.towns import Station


def called(code, *row):
    """One candidate with an id of its own."""
    return {**sites(row)[0], "id": code}


def test_ids_of_stations_and_of_new_ones_stay_apart():
    index = Index(street([1000, 4000, 8000], [Station("a", 1000, 0)]))
    given = [called("a", 4000, 1), called("new:a", 8000, 1)]
    answer = index.plan(given, sites=2, exact=True)
    assert sorted(site["id"] for site in answer.result["chosen"]) == ["a", "new:a"]
    assert answer.result["objective"] == answer.result["after"]["workers"]["covered"] == 3
    assert new_ids(["a", "new:a"], ["a"]) == ["new:new:a", "new:a"]


def test_a_candidate_called_like_a_combination_keeps_its_name():
    stations = [Station("s", 1000, 0, hours="08:00-18:00", facilities="seats")]
    index = Index(street([1000, 8000], stations))
    given = [
        {"id": "x", "action": "extend", "station": "s", "cost_yuan": 1},
        {"id": "y", "action": "equip", "station": "s", "facilities": "microwave", "cost_yuan": 1},
        called("x+y", 8000, 1),
    ]
    options = bundled(options_of(given, index.stations, index.vocabulary, Terms(load_actions())))
    assert sorted(options["id"]) == ["x", "x++y", "x+y", "y"]
    asked = {"at": EVENING, "needs": ("hot_meal",), "exact": True}
    result = index.plan(given, sites=2, **asked).result
    assert sorted(site["id"] for site in result["chosen"]) == ["x++y", "x+y"]
    assert result["candidates"] == {"build": 1, "extend": 1, "equip": 1}
    assert result["objective"] == 2
