"""Toy towns whose answers are worked out by hand (ARCHITECTURE, rules of the numbers).

At 4 km/h 100 m take 90 s, so the 15-minute circle is 1,000 m of street.
"""

import numpy as np
import pytest

from locator import Index
from tests.towns import Station, Way, dataset, lonlat, town

AT_1930 = "2026-11-24T19:30:00+08:00"  # a Tuesday


def ask(index: Index, x: float, y: float, **options):
    """Ask from a place given in metres."""
    return index.nearest([lonlat(x, y)], **{"at": None, **options})


def seconds(answer) -> list[float]:
    """Travel times of the first place's stations."""
    return [ms / 1000 for ms in answer.ms[0] if ms >= 0]


def ids(index: Index, answer) -> list[str]:
    """Stations of the first place."""
    return [index.stations["id"][i] for i in answer.station[0] if i >= 0]


@pytest.fixture(scope="module")
def straight() -> Index:
    """One street of 3 km, junctions every 500 m, a station at its west end."""
    nodes = {f"n{i}": (500.0 * i, 0.0) for i in range(7)}
    nodes |= {f"side{i}": (500.0 * i, 50.0) for i in range(7)}
    ways = [Way(" ".join(f"n{i}" for i in range(7)))]
    ways += [Way(f"n{i} side{i}") for i in range(7)]
    streets = town(nodes, ways)
    homes = [(998.0, 0.0), (1000.0, 0.0), (1002.0, 0.0)]
    return Index(dataset(streets, [Station("a", 0.0, 0.0)], homes))


def test_the_limit_itself_is_covered(straight):
    reasons = []
    for metres, expected in ((998.0, 898.2), (1000.0, 900.0), (1002.0, 901.8)):
        answer = ask(straight, metres, 0.0)
        assert seconds(answer) == [pytest.approx(expected, abs=0.001)]
        reasons.append((bool(answer.covered[0]), answer.reason[0]))
    assert reasons == [(True, None), (True, None), (False, "too_far")]


def test_seconds_899_900_901():
    # 899 s, 900 s and 901 s as whole edges: 998.888… m is no whole metre, so the speed is 3.6 m/h
    for length, covered in ((899.0, True), (900.0, True), (901.0, False)):
        streets = town({"a": (0.0, 0.0), "b": (length, 0.0)}, [Way("a b", kph=3.6000001430511475)])
        index = Index(dataset(streets, [Station("s", 0.0, 0.0)], [(length, 0.0)]))
        answer = ask(index, length, 0.0)
        assert answer.ms[0, 0] == pytest.approx(length * 1000, abs=1)
        assert bool(answer.covered[0]) is covered


def test_homes_at_the_limit(straight):
    summary = straight.coverage(exact=True).summary
    assert summary["people"] == "exact"
    assert summary["homes"]["total"] == 3
    assert summary["homes"]["covered"] == 2
    assert summary["homes"]["uncovered"] == 1
    assert summary["causes"]["too_far"]["homes"] == 1
    # covered street: 1,000 m of the street, and side streets at 0 and 500 m (at 1,000 m none)
    assert summary["street_km"]["total"] == pytest.approx(3.35)
    assert summary["street_km"]["covered"] == pytest.approx(1.10, abs=0.026)


def test_a_worker_exactly_on_a_junction(straight):
    assert seconds(ask(straight, 500.0, 0.0)) == [450.0]


def test_a_worker_600_m_from_any_street_is_off_network(straight):
    answer = ask(straight, 1500.0, -600.0)
    assert answer.reason[0] == "off_network"
    assert ids(straight, answer) == []
    assert answer.alternative_fails == [[]]


def test_a_worker_outside_the_data(straight):
    answer = ask(straight, 90_000.0, 0.0)
    assert answer.reason[0] == "no_data"
    assert (answer.station == -1).all()


def test_the_access_leg_is_walked_and_counted(straight):
    answer = ask(straight, 250.0, -100.0)
    assert seconds(answer) == [pytest.approx(90.0 + 225.0, abs=0.01)]
    assert answer.metres[0, 0] == pytest.approx(350.0, abs=0.01)
    assert answer.origin.access_m[0] == pytest.approx(100.0, abs=0.01)


def test_a_river_with_one_bridge():
    nodes = {
        "sw": (0.0, 0.0), "s": (400.0, 0.0), "se": (800.0, 0.0),
        "nw": (0.0, 100.0), "n": (400.0, 100.0), "ne": (800.0, 100.0),
    }  # fmt: skip
    ways = [Way("sw s se"), Way("nw n ne"), Way("se ne")]
    river = [(-500.0, 50.0, 1500.0, 50.0)]
    index = Index(dataset(town(nodes, ways, barriers=river), [Station("north", 0.0, 100.0)]))
    # across the river it is 100 m, over the bridge in the east 800 + 100 + 800
    answer = ask(index, 0.0, 0.0)
    assert seconds(answer) == [1530.0]
    assert answer.straight_m[0, 0] == pytest.approx(100.0, abs=0.1)
    assert answer.reason[0] == "too_far"
    # 40 m south of the river the northern street is 60 m away, the southern 90 m below: not across
    answer = ask(index, 200.0, 40.0)
    assert seconds(answer) == [pytest.approx((40 + 600 + 100 + 800) * 0.9, abs=0.01)]


def test_a_one_way_ring():
    corners = {"a": (0.0, 0.0), "b": (300.0, 0.0), "c": (300.0, 300.0), "d": (0.0, 300.0)}
    ring = town(corners, [Way("a b c d a", oneway=True)], mode="bicycle")
    index = Index(dataset(ring, [Station("s", 300.0, 0.0)], mode="bicycle"))
    # from a to b it is 300 m along; from c to b once round: 900 m
    assert seconds(ask(index, 0.0, 0.0, mode="bicycle")) == [270.0]
    assert seconds(ask(index, 300.0, 300.0, mode="bicycle")) == [810.0]
    # on the station's own edge, just behind it: all the way round
    assert seconds(ask(index, 300.0, 10.0, mode="bicycle")) == [pytest.approx(1071.0, abs=0.01)]


def test_a_station_on_the_workers_own_edge():
    index = Index(
        dataset(
            town({"a": (0.0, 0.0), "b": (900.0, 0.0)}, [Way("a b")]),
            [Station("s", 400.0, 0.0), Station("t", 410.0, 0.0)],
        )
    )
    answer = ask(index, 300.0, 0.0)
    assert ids(index, answer) == ["s", "t"]
    assert seconds(answer) == [90.0, 99.0]
    answer = ask(index, 405.0, 0.0)
    assert ids(index, answer) == ["s", "t"]
    assert seconds(answer) == [4.5, 4.5]
    assert answer.metres[0].tolist()[:2] == [pytest.approx(5.0), pytest.approx(5.0)]


def test_two_stations_at_equal_time_are_listed_by_id():
    streets = town(
        {"a": (0.0, 0.0), "b": (200.0, 0.0), "c": (400.0, 0.0), "d": (200.0, 80.0)},
        [Way("a b c"), Way("b d")],
    )
    index = Index(dataset(streets, [Station("z", 0.0, 0.0), Station("b", 400.0, 0.0)]))
    answer = ask(index, 200.0, 80.0)
    assert ids(index, answer) == ["b", "z"]
    assert seconds(answer) == [252.0, 252.0]
    assert ids(index, ask(index, 200.0, 80.0, k=1)) == ["b"]


def islands(*stations: Station) -> Index:
    """A main street and an island of 2 km without a bridge."""
    nodes = {"a": (0.0, 0.0), "b": (5000.0, 0.0), "i": (0.0, 3000.0), "j": (2000.0, 3000.0)}
    homes = [(100.0, 0.0), (100.0, 3000.0), (1900.0, 3000.0)]
    return Index(dataset(town(nodes, [Way("a b"), Way("i j")]), list(stations), homes))


def test_an_island_without_a_station_is_unreachable():
    index = islands(Station("main", 0.0, 0.0))
    answer = ask(index, 100.0, 3000.0)
    assert answer.reason[0] == "unreachable"
    assert ids(index, answer) == []
    # the nearest by straight line is given, without a time
    assert answer.alternative_station[0, 0] == 0
    assert answer.alternative_ms[0, 0] == -1
    summary = index.coverage(exact=True).summary
    assert summary["homes"] == {
        "total": 3, "covered": 1, "uncovered": 2, "unreachable": 2, "off_network": 0, "no_data": 0,
    }  # fmt: skip
    assert summary["causes"]["unreachable"]["homes"] == 2


def test_an_island_with_a_station_is_its_own_world():
    index = islands(Station("main", 0.0, 0.0), Station("isle", 0.0, 3000.0))
    assert ids(index, ask(index, 100.0, 3000.0)) == ["isle"]
    summary = index.coverage(exact=True).summary
    assert (summary["homes"]["covered"], summary["homes"]["unreachable"]) == (2, 0)
    assert summary["causes"]["too_far"]["homes"] == 1


def test_a_small_island_is_passed_over_only_for_a_main_street_nearby():
    nodes = {
        "a": (0.0, 0.0), "b": (2000.0, 0.0),
        "c": (500.0, 20.0), "d": (600.0, 20.0), "e": (1500.0, 60.0), "f": (1600.0, 60.0),
    }  # fmt: skip
    index = Index(
        dataset(town(nodes, [Way("a b"), Way("c d"), Way("e f")]), [Station("s", 0.0, 0.0)])
    )
    # beside the 100 m piece 20 m from the street: the street is taken
    answer = ask(index, 550.0, 20.0)
    assert seconds(answer) == [pytest.approx((20 + 550) * 0.9, abs=0.01)]
    # beside the piece 60 m away it is not: 30 m is the most
    assert ask(index, 1550.0, 60.0).reason[0] == "unreachable"


# ---------------------------------------------------------------------------- open on arrival


@pytest.fixture(scope="module")
def closing() -> Index:
    """400 m (6 minutes) to a station that closes at 20:00; another opens at 08:00."""
    streets = town({"a": (0.0, 0.0), "b": (400.0, 0.0), "c": (1000.0, 0.0)}, [Way("a b c")])
    near = Station("near", 400.0, 0.0, hours="08:00-20:00")
    return Index(dataset(streets, [near], [(0.0, 0.0)]))


@pytest.mark.parametrize(
    ("leave", "covered"),
    [("19:30", True), ("19:44", True), ("19:45", False), ("19:46", False), ("19:50", False)],
)
def test_a_station_that_closes_at_20(closing, leave, covered):
    # six minutes to walk and ten to stay: the last departure is 19:44
    at = f"2026-11-24T{leave}:00+08:00"
    assert bool(ask(closing, 0.0, 0.0, at=at).covered[0]) is covered
    assert closing.coverage(at=at, exact=True).summary["homes"]["covered"] == int(covered)


@pytest.mark.parametrize(
    ("leave", "covered"),
    [("19:30", True), ("19:46", True), ("19:50", True), ("19:51", False)],
)
def test_leaving_from_the_station_itself(closing, leave, covered):
    at = f"2026-11-24T{leave}:00+08:00"
    assert bool(ask(closing, 400.0, 0.0, at=at).covered[0]) is covered


def test_a_station_that_is_open_when_one_arrives_but_not_yet_when_one_leaves(closing):
    answer = ask(closing, 0.0, 0.0, at="2026-11-24T07:54:00+08:00")
    assert bool(answer.covered[0])
    answer = ask(closing, 0.0, 0.0, at="2026-11-24T07:53:59+08:00")
    assert answer.reason[0] == "closed"
    assert answer.alternative_fails[0] == [("closed",)]


def test_leaving_at_0750_for_one_that_opens_at_0800():
    streets = town({"a": (0.0, 0.0), "b": (1000.0, 0.0)}, [Way("a b")])
    station = Station("s", 1000.0, 0.0, hours="08:00-20:00")
    index = Index(dataset(streets, [station]))
    at = "2026-11-24T07:50:00+08:00"
    assert bool(ask(index, 0.0, 0.0, at=at).covered[0])  # 15 minutes: 08:05
    assert ask(index, 400.0, 0.0, at=at).reason[0] == "closed"  # 9 minutes: 07:59


def test_a_closing_station_never_hides_an_open_one_behind_it():
    streets = town({"a": (0.0, 0.0), "b": (400.0, 0.0), "c": (900.0, 0.0)}, [Way("a b c")])
    stations = [Station("near", 400.0, 0.0, hours="08:00-20:00"), Station("far", 900.0, 0.0)]
    index = Index(dataset(streets, stations, [(0.0, 0.0), (350.0, 0.0)]))
    at = "2026-11-24T19:46:00+08:00"
    answer = ask(index, 0.0, 0.0, at=at, k=1)  # would arrive at 19:52
    assert ids(index, answer) == ["far"]
    assert bool(answer.covered[0])
    answer = ask(index, 350.0, 0.0, at=at, k=1)  # arrives at 19:46:45
    assert ids(index, answer) == ["near"]
    assert index.coverage(at=at, exact=True).summary["homes"]["covered"] == 2


def test_unknown_hours_never_cover_and_are_the_upper_bound():
    streets = town({"a": (0.0, 0.0), "b": (400.0, 0.0)}, [Way("a b")])
    index = Index(dataset(streets, [Station("s", 400.0, 0.0, hours="")], [(0.0, 0.0)]))
    answer = ask(index, 0.0, 0.0, at=AT_1930)
    assert answer.reason[0] == "hours_unknown"
    assert answer.alternative_fails[0] == [("hours_unknown",)]
    summary = index.coverage(at=AT_1930, exact=True).summary
    assert summary["share_covered"] == 0.0
    assert summary["share_covered_if_unknown_open"] == 1.0
    assert index.coverage(exact=True).summary["share_covered"] == 1.0


# --------------------------------------------------------------------------- needs and access


def test_needs_kinds_and_access():
    streets = town({"a": (0.0, 0.0), "b": (400.0, 0.0)}, [Way("a b")])
    stations = [
        Station("card", 10.0, 0.0, access="card", facilities="microwave"),
        Station("locked", 20.0, 0.0, access="locked", facilities="microwave"),
        Station("shop", 30.0, 0.0, kind="merchant", facilities="microwave"),
        Station("soon", 40.0, 0.0, status="building", facilities="microwave"),
        Station("water", 50.0, 0.0, facilities="water"),
    ]
    index = Index(dataset(streets, stations, [(0.0, 0.0)]))
    assert ids(index, ask(index, 0.0, 0.0)) == ["card", "water"]
    assert ids(index, ask(index, 0.0, 0.0, needs=["hot_meal"])) == ["card"]
    assert ids(index, ask(index, 0.0, 0.0, kinds=["merchant"])) == ["shop"]
    assert ids(index, ask(index, 0.0, 0.0, access=["locked"])) == ["locked"]
    answer = ask(index, 0.0, 0.0, needs=["hot_meal"], access=["free"])
    # lifted in order: without the need the free station with water would do
    assert answer.reason[0] == "no_such_need"
    assert answer.alternative_fails[0] == [("access",), ("access",), ("no_such_need",)]
    both = index.coverage(needs=["hot_meal"], access=["free"], exact=True).summary
    assert list(both["causes"]) == ["no_such_need"]
    scan = index.coverage(access=["scan"], exact=True).summary
    assert list(scan["causes"]) == ["access"]
    assert (
        index.coverage(include=["building"], stations_at_least=3, exact=True).summary["homes"][
            "covered"
        ]
        == 1
    )
    assert index.coverage(stations_at_least=3, exact=True).summary["homes"]["covered"] == 0


def test_regions_add_up():
    streets = town({"a": (0.0, 0.0), "b": (4000.0, 0.0)}, [Way("a b")])
    areas = {"west": (-500.0, -500.0, 2000.0, 500.0), "east": (2000.0, -500.0, 3000.0, 500.0)}
    homes = [(100.0, 0.0), (1900.0, 0.0), (2100.0, 0.0), (3900.0, 0.0)]
    index = Index(dataset(streets, [Station("s", 0.0, 0.0)], homes, areas=areas))
    summary = index.coverage(exact=True).summary
    rows = {row["id"]: row["homes"] for row in summary["regions"]}
    assert {name: (row["total"], row["covered"]) for name, row in rows.items()} == {
        "west": (2, 1), "east": (1, 0),
    }  # fmt: skip
    # the regions clip: the home and the kilometre of street outside are no data
    assert (summary["homes"]["total"], summary["homes"]["no_data"]) == (3, 1)
    assert summary["street_km"]["total"] == pytest.approx(3.0)
    one = index.coverage(region="east", exact=True).summary
    assert one["homes"]["total"] == 1
    assert [row["id"] for row in one["regions"]] == ["east"]
    total = sum(row["street_km"]["total"] for row in summary["regions"])
    assert total == pytest.approx(summary["street_km"]["total"])


def test_the_route_follows_the_street():
    nodes = {"a": (0.0, 0.0), "b": (300.0, 0.0), "c": (300.0, 300.0), "d": (600.0, 300.0)}
    nodes |= {"x": (300.0, -200.0)}
    index = Index(dataset(town(nodes, [Way("a b c d"), Way("b x")]), [Station("s", 450.0, 300.0)]))
    (line,) = index.route([lonlat(100.0, 30.0)], [0])
    corners = [lonlat(100.0, 0.0), lonlat(300.0, 0.0), lonlat(300.0, 300.0), lonlat(450.0, 300.0)]
    assert np.allclose(line, corners, atol=1e-7)
