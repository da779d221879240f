"""Schemes 1, 3 and 4 of the unions, as questions to the index; each test bears its number.

Scheme 2 and the words of scheme 3 are in ``test_vocabulary.py``.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from geodata import load_regions, load_stations, open_dataset
from geodata.hours import SHANGHAI, Timetable
from geodata.regions import label
from locator import Index
from tests.towns import Station, Way, dataset, lonlat, town

# ------------------------------------------------------------ 1: the 15-minute map of a province


@pytest.fixture(scope="module")
def province_inputs(tmp_path_factory):
    from geodata.sample import write_demo

    return write_demo(tmp_path_factory.mktemp("province"), size="province")


@pytest.fixture(scope="module")
def province(province_inputs, tmp_path_factory):
    from web.prepare import PrepareRequest, prepare

    folder = tmp_path_factory.mktemp("province") / "dataset"
    prepare(
        PrepareRequest(
            streets=[province_inputs["streets"]],
            stations=province_inputs["stations"],
            out=folder,
            homes=province_inputs["homes"],
            regions=province_inputs["regions"],
            stations_datum="gcj02",
            modes=("drive",),
        )
    )
    return Index(open_dataset(folder))


@pytest.mark.slow
def test_scheme_01_4200_stations_in_11_prefectures(province_inputs, province):
    stations, rejects = load_stations(province_inputs["stations"], datum="gcj02")
    assert (len(stations), len(rejects)) == (4200, 0)
    regions = load_regions(province_inputs["regions"])
    assert len(regions) == 100
    county = label(stations["lon"].to_numpy(), stations["lat"].to_numpy(), regions)
    assert (county >= 0).all()
    prefecture = regions["id"].str[:4].to_numpy()[county]
    assert len(np.unique(prefecture)) == 11
    assert len(np.unique(county)) == 100
    assert sorted(province.stations["id"]) == sorted(stations["id"])
    assert stations["source"].str.contains("合成").all()  # and says that it is synthetic


@pytest.mark.slow
def test_scheme_01_every_station_is_findable_where_it_stands(province):
    stations = province.stations
    everything = {
        "kinds": tuple(province.vocabulary.kinds),
        "access": tuple(province.vocabulary.access),
        "open": "any",
    }
    answer = province.nearest(stations, mode="drive", at=None, k=12, **everything)
    own = answer.station == np.arange(len(stations))[:, None]
    is_open = (stations["status"] == "open").to_numpy()
    np.testing.assert_array_equal(own.any(axis=1), is_open)
    # it is as far as its street: the way there and back
    legs = 2 * answer.origin.access_ms[is_open]
    np.testing.assert_array_equal(answer.ms[own], legs)
    assert set(answer.to_geodataframe()["station"]) == set(stations["id"][is_open])


@pytest.mark.slow
def test_scheme_01_the_counties_add_up_to_the_province(province):
    summary = province.coverage(mode="drive").summary
    for name in ("homes", "workers", "street_km"):
        for part in ("total", "covered"):
            whole = sum(row[name][part] for row in summary["regions"])
            assert whole == pytest.approx(summary[name][part], rel=1e-9)
    assert 0 < summary["share_covered"] < 1


# ------------------------------------------------------------------------------- 3: five needs

#: 累了能歇脚、渴了有水喝、没电可充电、饭凉能加热、应急有药品, and what serves each, by hand.
SERVED_BY = {
    "rest": {"seats", "air_conditioning"},
    "drink": {"water"},
    "charge": {"phone_charging"},
    "hot_meal": {"microwave"},
    "medicine": {"first_aid"},
}


@pytest.fixture(scope="module")
def offers() -> Index:
    """A street with stations of every mixture of six facilities."""
    names = ("seats", "air_conditioning", "water", "phone_charging", "microwave", "first_aid")
    stations = [
        Station(
            f"s{bits:02d}",
            12.0 * bits,
            0.0,
            facilities=";".join(name for i, name in enumerate(names) if bits >> i & 1),
        )
        for bits in range(1 << len(names))
    ]
    streets = town({"a": (0.0, 0.0), "b": (800.0, 0.0)}, [Way("a b")])
    return Index(dataset(streets, stations, [(0.0, 0.0)]))


@pytest.mark.parametrize("need", SERVED_BY)
def test_scheme_03_a_need_is_answered_by_stations_that_serve_it(offers, need):
    answer = offers.nearest([lonlat(0.0, 0.0)], k=50, at=None, needs=[need])
    listed = {int(s) for s in answer.station[0] if s >= 0}
    facilities = offers.stations["facilities"]
    serving = {row for row, text in enumerate(facilities) if SERVED_BY[need] & set(text.split(";"))}
    assert listed == set(sorted(serving)[:50])
    assert all(fails == ("no_such_need",) for fails in answer.alternative_fails[0])


def test_scheme_03_several_needs_must_all_be_met(offers):
    answer = offers.nearest([lonlat(0.0, 0.0)], k=50, at=None, needs=list(SERVED_BY))
    listed = [offers.stations["id"][s] for s in answer.station[0] if s >= 0]
    assert listed == ["s61", "s62", "s63"]  # seats or air conditioning, and all the others


# --------------------------------------------------------------------- 4: at three in the night

#: Two weeks with National Day (1 to 7 October) and a Saturday that is worked as a Monday (10th).
FIRST_DAY = datetime(2026, 9, 28, tzinfo=SHANGHAI)
DAYS = 14
HOLIDAYS = {date(2026, 10, day) for day in range(1, 8)}
SHIFTED = {date(2026, 10, 10)}
MINUTES = DAYS * 1440
LINGER, LIMIT = 10, 15

Rule = Callable[[int, object], list[tuple[int, int]]]


def at_(hour: int, minute: int = 0) -> int:
    """Minute of the day."""
    return 60 * hour + minute


def office(weekday: int, holiday: object) -> list[tuple[int, int]]:
    return [(at_(8, 30), at_(17, 30))] if weekday < 5 and not holiday else []


def split(weekday: int, holiday: object) -> list[tuple[int, int]]:
    if holiday or weekday == 6:
        return []
    if weekday == 5:
        return [(at_(9), at_(12))]
    return [(at_(8), at_(12)), (at_(14), at_(18))]


def leisure(weekday: int, holiday: object) -> list[tuple[int, int]]:
    return [(at_(10), at_(24))] if holiday or weekday >= 4 else [(at_(8), at_(20))]


def daily(first: int, last: int) -> Rule:
    return lambda _weekday, _holiday: [(first, last)]


#: Opening hours in OSM syntax beside what they mean, by hand: spans in minutes of the day, which
#: may end after midnight, for a weekday (0 = Monday) and whether the day is a public holiday.
STATIONS: dict[str, tuple[float, str, Rule]] = {
    "a_always": (0.0, "24/7", daily(0, 1440)),
    "b_office": (1000.0, "Mo-Fr 08:30-17:30; PH off", office),
    "c_night": (2000.0, "22:00-06:00", daily(at_(22), at_(30))),
    "d_split": (3000.0, "Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00; PH off", split),
    "e_long": (4000.0, "06:00-24:00", daily(at_(6), at_(24))),
    "f_unknown": (5000.0, "", daily(0, 0)),
    "g_leisure": (5400.0, "Mo-Th 08:00-20:00; Fr-Su,PH 10:00-24:00", leisure),
    "h_day": (5800.0, "08:00-20:00", daily(at_(8), at_(20))),
}
#: Homes stand whole minutes from stations: at 4 km/h 200 m take three.
HOMES = tuple(200.0 * number for number in range(31))


def open_minutes(rule: Rule) -> np.ndarray:
    """Return for each minute of two weeks and a day whether a station is open, by hand."""
    out = np.zeros(MINUTES + 1440, bool)
    for day in range(-1, DAYS + 1):
        today = (FIRST_DAY + timedelta(days=day)).date()
        weekday = 0 if today in SHIFTED else today.weekday()
        for first, last in rule(weekday, today in HOLIDAYS):
            begin, end = day * 1440 + first, day * 1440 + last
            out[max(begin, 0) : max(end, 0)] = True
    return out


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Minutes by stations (in order of id): open or not."""
    return np.column_stack([open_minutes(rule) for _, _, rule in STATIONS.values()])


@pytest.fixture(scope="module")
def night_town() -> Index:
    """A street of 6 km with eight stations and a home every 200 m."""
    streets = town({"a": (0.0, 0.0), "m": (3000.0, 0.0), "b": (6000.0, 0.0)}, [Way("a m b")])
    stations = [Station(name, x, 0.0, hours=text) for name, (x, text, _) in STATIONS.items()]
    return Index(dataset(streets, stations, [(x, 0.0) for x in HOMES]))


def covered_by(truth: np.ndarray, minute: int) -> np.ndarray:
    """Return homes by stations: within 15 minutes and open for ten from the arrival on, by hand."""
    out = np.zeros((len(HOMES), len(STATIONS)), bool)
    for s, (x, _, _) in enumerate(STATIONS.values()):
        for h, home in enumerate(HOMES):
            walk = round(abs(x - home) / 200 * 3)
            arrival = minute + walk
            out[h, s] = walk <= LIMIT and truth[arrival : arrival + LINGER, s].all()
    return out


def moment(minute: int) -> datetime:
    """The time of a minute of the two weeks."""
    return FIRST_DAY + timedelta(minutes=minute)


def test_scheme_04_states_equal_a_second_evaluator_at_every_minute(truth):
    table = Timetable([text for _, text, _ in STATIONS.values() if text])
    known = [i for i, (_, text, _) in enumerate(STATIONS.values()) if text]
    states = np.array([table.states(moment(minute)) for minute in range(MINUTES)])
    np.testing.assert_array_equal(states == 1, truth[:MINUTES, known])
    assert set(np.unique(states)) == {0, 1}


def assert_as_by_hand(index: Index, truth: np.ndarray, minute: int) -> None:
    """Compare nearest and coverage at a minute with what is worked out by hand."""
    want = covered_by(truth, minute)
    points = np.array([lonlat(x, 0.0) for x in HOMES])
    answer = index.nearest(points, at=moment(minute), k=8, minutes=LIMIT, alternatives=0)
    got = np.zeros_like(want)
    row, rank = np.nonzero((answer.station >= 0) & (answer.ms <= LIMIT * 60_000))
    got[row, answer.station[row, rank]] = True
    np.testing.assert_array_equal(got, want, err_msg=str(moment(minute)))
    np.testing.assert_array_equal(answer.covered, want.any(axis=1))
    summary = index.coverage(at=moment(minute), minutes=LIMIT, exact=True).summary
    assert summary["homes"]["covered"] == want.any(axis=1).sum()


@pytest.mark.slow
def test_scheme_04_open_on_arrival_equals_brute_force_over_two_weeks(night_town, truth):
    for minute in range(0, MINUTES - 60, 13):  # every minute of the hour, 1,546 times
        assert_as_by_hand(night_town, truth, minute)


@pytest.mark.parametrize("hour", [7, 8, 19])
def test_scheme_04_every_minute_around_opening_and_closing(night_town, truth, hour):
    for day in (2, 3, 9, 12):  # a workday, National Day, its last day but one, the shifted day
        for minute in range(0, 60, 3):
            assert_as_by_hand(night_town, truth, day * 1440 + hour * 60 + 30 + minute)


def test_scheme_04_at_three_in_the_night_only_stations_open_then_cover(night_town):
    at = datetime(2026, 10, 3, 3, tzinfo=SHANGHAI)
    answer = night_town.coverage(at=at, minutes=LIMIT, exact=True)
    # open at 03:00: the one that never closes, and the one open from 22:00 to 06:00
    near = [min(abs(x - 0.0), abs(x - 2000.0)) <= 1000.0 for x in HOMES]
    assert answer.outcomes["people"].covered.tolist() == near
    found = night_town.nearest([lonlat(x, 0.0) for x in HOMES], at=at, k=8)
    assert set(found.to_geodataframe()["station"]) == {"a_always", "c_night"}
    causes = answer.summary["causes"]
    assert causes["closed"]["homes"] > 0
    assert causes["hours_unknown"]["homes"] == 11  # 4,000 m to 6,000 m
    by_day = night_town.coverage(at=datetime(2026, 10, 3, 12, tzinfo=SHANGHAI), exact=True)
    assert by_day.summary["homes"]["covered"] > answer.summary["homes"]["covered"]


def test_scheme_04_a_gap_at_night_says_so(night_town):
    gaps = night_town.coverage(at="2026-10-03T03:00:00+08:00").gaps.to_geodataframe()
    assert set(gaps["cause"]) <= {"closed", "hours_unknown", "too_far"}
    assert "hours_unknown" in set(gaps["cause"]) | set(";".join(gaps["also"]).split(";"))
    frame = pd.DataFrame(gaps.drop(columns="geometry"))
    assert frame["nearest_station"].isin(["a_always", "c_night"]).all()
