"""Plans by travel time where options at one place exclude each other and none holds the others."""

from locator.index import Index
from tests.test_plan import far, street
from tests.towns import lonlat

LUNCH = "2026-11-24T13:00:00+08:00"


def shift(code, hours):
    """A site that is open in a part of the day only."""
    lon, lat = lonlat(5000.0, 0.0)
    return {"id": code, "lon": lon, "lat": lat, "cost_yuan": 1, "opening_hours": hours}


def test_a_bound_holds_for_shifts_that_were_not_searched():
    """Three live at the door, whom only the early shift serves; two come when it has ended.

    Who is not served counts an hour. Early: 3 x 90 s and 2 x 3,600 s; late: 3 x 3,600 s, 1,980 s
    and 2,160 s; with both, which nobody can have, all are served.
    """
    index = Index(street([5100, 5100, 5100, 7200, 7400], [far()]))
    given = [shift("early", "13:00-13:20"), shift("late", "13:20-18:00")]
    asked = {"sites": 1, "at": LUNCH, "exact": True}
    median = index.plan(given, objective="median", **asked).result
    assert [site["id"] for site in median["chosen"]] == ["early"]
    assert (median["objective"], median["bound"]) == (270 + 7200, 270 + 1980 + 2160)
    assert not median["proven"]
    center = index.plan(given, objective="center", **asked).result
    assert (center["objective"], center["bound"]) == (3600, 2160)
    assert not center["proven"]


def test_a_longer_shift_is_proven():
    index = Index(street([5100, 7200], [far()]))
    given = [shift("short", "13:00-18:00"), shift("long", "08:00-20:00")]
    result = index.plan(given, objective="median", sites=1, at=LUNCH, exact=True).result
    assert result["proven"]
    assert result["bound"] == result["objective"]
