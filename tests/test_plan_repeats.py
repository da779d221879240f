"""Plans for two stations each, where the import has found that a station repeats another one."""

import pandas as pd
import pytest

from locator.index import Index
from tests.test_plan import EVENING, sites, street
from tests.towns import Station

DAY = "08:00-18:00"


def town_of(*stations):
    """Two homes on a street, and stations of which the second repeats the first."""
    data = street([1200, 1300], stations)
    data.stations["duplicate_of"] = pd.Series(["", "s1", *[""] * (len(stations) - 2)], dtype="str")
    return Index(data)


def longer(station, cost):
    """Longer hours of a station."""
    return {"id": f"h-{station}", "action": "extend", "station": station, "cost_yuan": cost}


@pytest.mark.parametrize("given", ["auto", [longer("s2", 5), longer("s1", 9)]])
def test_a_station_that_repeats_another_is_no_second_one_however_long_it_is_open(given):
    stations = [Station("s1", 1000, 0, hours=DAY), Station("s2", 1010, 0, hours=DAY)]
    index = town_of(*stations, Station("s3", 1500, 0))
    asked = {"sites": 1, "exact": True, "at_least": 2, "at": EVENING}
    result = index.plan(given, **asked).result
    assert result["after"]["workers"]["covered"] == 2
    assert result["chosen"][0]["id"] != "h-s2"
    assert result["chosen"][0]["station"] != "s2"


def test_a_station_that_gets_what_its_repeat_has_is_no_second_one():
    first = Station("s1", 1000, 0, facilities="seats")
    index = town_of(first, Station("s2", 1010, 0, facilities="seats;microwave"))
    given = [{"id": "f", "action": "equip", "station": "s1", "facilities": ["microwave"]}]
    asked = {"sites": 1, "exact": True, "at_least": 2, "needs": ["hot_meal"]}
    assert index.plan(given, **asked).result["chosen"] == []
    given += sites((1400, 7, {"facilities": ["microwave"]}))
    result = index.plan(given, **asked).result
    assert [site["id"] for site in result["chosen"]] == ["c1400"]
    assert result["after"]["workers"]["covered"] == 2
