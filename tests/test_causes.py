"""Why a place is not covered: by hand in small towns, and by trying every lift in random ones."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pyproj import Geod
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geodata.bundle import open_dataset
from geodata.model import CLOSED_MS, ON_NETWORK
from locator import Index
from locator.arrival import CAUSES
from locator.barriers import DETOUR_FROM_M, DETOUR_MINUTES, street_points
from locator.gap_causes import NamedLines
from locator.snap import part_of
from tests.plain_search import PlainTown, on_segments
from tests.random_towns import plans, spots
from tests.test_properties import AREAS, make, questions, station_lists
from tests.towns import Station, Way, dataset, lonlat, town
from web.map_text import CAUSES as WORDS, told_causes
from web.summaries import Discretion, discreet_gap

GEOD = Geod(ellps="WGS84")
NIGHT = "2026-11-25T03:00:00+08:00"
DAY = "08:00-18:00"
STREET = town({"a": (0, 0), "b": (3000, 0)}, [Way("a b")])


def causes_at(stations, homes=((100, 0),), *, streets=STREET, **asked):
    """Return the cause of every home, what had to be lifted with it, and the answer."""
    answer = Index(dataset(streets, stations, homes)).coverage(exact=True, **asked)
    outcome = answer.outcomes["people"]
    also = [
        {word for bit, word in enumerate(CAUSES) if mask >> bit & 1}
        for mask in outcome.also.tolist()
    ]
    return [CAUSES[row] if row >= 0 else None for row in outcome.cause], also, answer


@pytest.mark.parametrize(
    ("station", "asked", "cause", "also"),
    [
        ({}, {}, None, set()),
        ({"hours": ""}, {"at": NIGHT}, "hours_unknown", set()),
        ({"hours": DAY}, {"at": NIGHT}, "closed", set()),
        ({}, {"needs": "hot_meal"}, "no_such_need", set()),
        ({"access": "locked"}, {}, "access", set()),
        ({"status": "building"}, {}, "planned", set()),
        ({"status": "planned"}, {}, "planned", set()),
        ({"status": "building"}, {"include": "building"}, None, set()),
        ({"status": "suspended"}, {}, "unreachable", set()),
        ({"hours": DAY}, {"at": NIGHT, "needs": "hot_meal"}, "no_such_need", {"closed"}),
        # either lift of hours would do: neither of them had to be
        ({"hours": ""}, {"at": NIGHT, "needs": "hot_meal"}, "no_such_need", set()),
        ({"hours": DAY, "access": "locked"}, {"at": NIGHT}, "access", {"closed"}),
        (
            {"hours": DAY, "access": "locked", "status": "planned"},
            {"at": NIGHT, "needs": "hot_meal"},
            "planned",
            {"closed", "no_such_need", "access"},
        ),
        ({"access": "card", "status": "building"}, {}, "planned", set()),
    ],
)
def test_the_first_lift_that_helps_is_the_cause_and_also_what_had_to_go_with_it(
    station, asked, cause, also
):
    found, others, answer = causes_at([Station("s", 500, 0, **station)], **asked)
    assert (found, others) == ([cause], [also])
    counts = {name: row["homes"] for name, row in answer.summary["causes"].items()}
    assert {name: count for name, count in counts.items() if count} == ({cause: 1} if cause else {})


def test_hours_are_needed_only_by_the_station_that_needs_them():
    """Unknown hours and a station that is closed: the first lift is enough."""
    stations = [Station("s1", 300, 0, hours=DAY), Station("s2", 600, 0, hours="")]
    assert causes_at(stations, at=NIGHT)[:2] == (["hours_unknown"], [set()])


def test_what_is_planned_opens_whatever_day_it_is_said_to():
    data = dataset(STREET, [Station("s", 500, 0, status="planned")], [(100, 0)])
    later = data.stations.assign(opened_on="2099-01-01")
    answer = Index(replace(data, stations=later)).coverage(exact=True)
    assert list(answer.summary["causes"]) == ["planned", "too_far"]  # far cells are too far


def test_off_network_unreachable_and_too_far_stay_what_they_are():
    streets = town(
        {"a": (0, 0), "b": (3000, 0), "c": (0, 5000), "d": (3000, 5000)}, [Way("a b"), Way("c d")]
    )
    homes = [(2500, 0), (100, 5000), (100, 2500)]
    found, _, answer = causes_at([Station("s", 500, 0)], homes, streets=streets)
    assert found == ["too_far", "unreachable", "off_network"]
    # a way to what is only planned is a way
    stations = [Station("s", 500, 0), Station("t", 2900, 5000, status="planned")]
    found, _, _ = causes_at(stations, homes, streets=streets)
    assert found == ["too_far", "too_far", "off_network"]
    assert sum(row["homes"] for row in answer.summary["causes"].values()) == 3


BANKS = {"a": (0, 0), "b": (1500, 0), "c": (0, 200), "d": (1500, 200)}
RIVER = town(BANKS, [Way("a b"), Way("c d"), Way("b d")], barriers=[(-50, 100, 1400, 100)])


def river(**more):
    """Return a town on both banks of a river that one can cross in the east only."""
    data = dataset(RIVER, [Station("s", 100, 200)], [(100, 0), (1450, 0), (1450, 200)], **more)
    name, kind = np.array(["青河"], object), np.array(["water"], object)
    return replace(data, barrier_name=name, barrier_kind=kind)


def test_who_sees_a_station_across_the_river_is_behind_a_barrier():
    index = Index(river())
    answer = index.coverage(exact=True)
    people = answer.outcomes["people"]
    assert [CAUSES[row] for row in people.cause] == ["barrier", "too_far", "too_far"]
    assert people.cut_off(np.array([0])).station.tolist() == [0]
    assert answer.summary["median_detour"] == index.view("walk").median_detour == 1.0
    gaps = answer.gaps
    row = gaps.cause.tolist().index("barrier") if "barrier" in gaps.cause else 0
    assert gaps.barrier[row] == "青河"
    assert "barrier" in gaps.causes[row]
    frame = gaps.to_geodataframe()
    assert json.loads(frame["causes"][row]) == pytest.approx(gaps.causes[row])


def test_with_a_bridge_nobody_is_cut_off():
    ways = [Way("a b"), Way("c d"), Way("b d"), Way("a c")]
    streets = town(BANKS, ways, barriers=[(-50, 100, 1400, 100)])
    found, _, _ = causes_at([Station("s", 100, 200)], [(100, 0), (1450, 0)], streets=streets)
    assert found == [None, "too_far"]


@pytest.mark.parametrize(
    ("out", "width", "cause"),
    [
        (190, 600, None),  # 980 m
        (220, 600, "barrier"),  # 1,040 m, 600 m in a straight line
        (210, 820, "barrier"),  # 1,240 m for 820 m: 1.51 times
        (200, 820, "too_far"),  # 1,220 m for 820 m: 1.49 times
        (400, 990, "barrier"),
        (400, 1010, "too_far"),  # nobody walks farther than 1,000 m in 15 minutes
    ],
)
def test_a_way_of_one_and_a_half_straight_lines_is_a_barrier(out, width, cause):
    nodes = {"a": (0, 0), "b": (out, 0), "c": (out, width), "d": (0, width)}
    streets = town(nodes, [Way("a b"), Way("b c"), Way("c d")])
    found, _, _ = causes_at([Station("s", 0, width)], [(0, 0)], streets=streets)
    assert found == [cause]


def test_the_first_named_thing_between_is_told_water_before_railway_before_road():
    lines = np.array([(*lonlat(0, y), *lonlat(100, y)) for y in (10.0, 20.0, 30.0, 40.0)])
    kinds = np.array(["motorway", "railway", "water", "water"], object)
    begin, end = np.array([lonlat(50, 0)] * 2), np.array([lonlat(50, 50), lonlat(50, 5)])

    def told(*names):
        return NamedLines(lines, np.array(names, object), kinds).crossed(begin, end).tolist()

    assert told("G42", "京沪线", "秦淮河", "长江") == ["秦淮河", ""]
    assert told("G42", "京沪线", "", "长江") == ["长江", ""]
    assert told("G42", "京沪线", "", "") == ["京沪线", ""]
    assert told("", "", "", "") == ["", ""]


# ------------------------------------------------------------------ random towns


def lifted(station, names, needs):
    """Return a station as it would be without some conditions."""
    changes = {}
    if "closed" in names or ("hours_unknown" in names and station.hours == ""):
        changes["hours"] = "24/7"
    if "no_such_need" in names:
        changes["facilities"] = "seats;water;microwave"
    if "access" in names:
        changes["access"] = "asked"
    if "planned" in names and station.status in {"building", "planned"}:
        changes["status"] = "open"
    del needs
    return replace(station, **changes)


def covered_when(plan, stations, homes, question, names):
    """Mark the homes covered when some conditions are lifted: a new town, asked from scratch."""
    changed = [lifted(one, names, question["needs"]) for one in stations]
    code = question["access"][0] if question["access"] else "free"
    changed = [replace(one, access=code) if one.access == "asked" else one for one in changed]
    index = Index(make(plan, changed, homes))
    return index.coverage(mode=plan.mode, exact=True, **question).outcomes["people"].covered


LIFTS = ("hours_unknown", "closed", "no_such_need", "access", "planned")


@settings(max_examples=60)
@given(plans(), spots(1, 6), station_lists(), questions())
def test_causes_are_what_lifting_one_after_the_other_finds(plan, homes, stations, question):
    answer = Index(make(plan, stations, homes)).coverage(mode=plan.mode, exact=True, **question)
    people = answer.outcomes["people"]
    open_ = people.layer.positions.state == ON_NETWORK
    tried: dict[tuple[str, ...], np.ndarray] = {}

    def covered(names):
        key = tuple(name for name in LIFTS if name in names)
        if key not in tried:
            tried[key] = covered_when(plan, stations, homes, question, key)
        return tried[key]

    for home in range(len(homes)):
        cause = CAUSES[people.cause[home]] if people.cause[home] >= 0 else None
        also = {word for bit, word in enumerate(CAUSES) if people.also[home] >> bit & 1}
        if covered(())[home] or not open_[home]:
            assert cause in {None, "off_network"}
            assert not also
            continue
        first = next((n for n in range(1, 6) if covered(LIFTS[:n])[home]), None)
        if first is None:
            assert cause in {"unreachable", "barrier", "too_far"}
            assert not also
            continue
        assert cause == LIFTS[first - 1]
        done = LIFTS[:first]
        assert also == {
            name for name in done[:-1] if not covered([n for n in done if n != name])[home]
        }


class ShortWays(PlainTown):
    """The same town, asked for the shortest ways instead of the fastest."""

    def shortest(self, places, stations):
        """Lengths (m) from every place to every station, without access legs; inf for none."""
        none = {"access_ms": np.zeros_like, "access_mm": np.zeros_like}
        bare = [
            replace(some, **{name: zero(getattr(some, name)) for name, zero in none.items()})
            for some in (places, stations)
        ]
        first = self.size + places.segment.size
        arcs = [
            *self._street_arcs(),
            *self._leaving(bare[0], self.size),
            *self._arriving(bare[1], first),
            *self._direct(*bare),
        ]
        tail, head, ms, mm = (np.concatenate(columns) for columns in zip(*arcs, strict=True))
        keep = ms < CLOSED_MS
        order = np.argsort(-mm[keep], kind="stable")  # of parallel arcs the last one counts
        pair, last = {}, zip(tail[keep][order], head[keep][order], mm[keep][order], strict=True)
        for a, b, m in last:
            pair[a, b] = m + 1e-6  # nothing is no arc
        size = first + stations.segment.size
        rows = np.array(list(pair), int).reshape(-1, 2)
        graph = csr_array((list(pair.values()), (rows[:, 0], rows[:, 1])), shape=(size, size))
        return dijkstra(graph, indices=np.arange(self.size, first))[:, first:] / 1000


@settings(max_examples=80)
@given(plans(), spots(1, 8), station_lists(), st.integers(1, 6))
def test_barriers_are_what_plain_shortest_ways_find(plan, homes, stations, minutes):
    streets = plan.streets()
    data = make(plan, stations, homes)
    index = Index(data)
    people = index.coverage(mode=plan.mode, exact=True, minutes=minutes).outcomes["people"]
    network, at = data.networks[plan.mode], people.layer.positions
    rows = np.flatnonzero(np.isin(people.cause, [CAUSES.index(w) for w in ("barrier", "too_far")]))
    there = data.station_positions[plan.mode]
    counted = np.flatnonzero(
        data.stations["status"].isin(["open", "building", "planned"]).to_numpy()
        & (there.state == ON_NETWORK)
    )
    if rows.size == 0:
        return
    here, to = part_of(at, rows), part_of(there, counted)
    plain = ShortWays(streets, plan.mode)
    way = plain.shortest(on_segments(streets, network, here), on_segments(streets, network, to))
    lon, lat = street_points(network, here)
    to_lon, to_lat = street_points(network, to)
    reach = 4.0 / 3.6 * minutes * 60 / index.view(plan.mode).median_detour
    for row, home in enumerate(rows):
        count = counted.size
        straight = GEOD.inv([lon[row]] * count, [lat[row]] * count, to_lon, to_lat)[2]
        nearest = int(np.argmin(np.round(straight, 4)))
        line, ways = straight[nearest], way[row, nearest]
        close = abs(line - reach) < 0.01 or (line > 0 and abs(ways / line - 1.5) < 1e-3)
        tied = np.sum(np.abs(straight - line) < 0.01) > 1
        if close or tied or ways < 1.01:
            continue
        barrier = line <= reach and ways >= 1.5 * line
        assert (CAUSES[people.cause[home]] == "barrier") == barrier


@settings(max_examples=40)
@given(plans())
def test_the_median_detour_is_that_of_all_pairs_of_a_small_town(plan):
    data = make(plan, [Station("s", 0, 0)])
    net = data.networks[plan.mode]
    size = net.lon.size
    graph = csr_array((net.out_mm + 0.0, net.out_node, net.out_indptr), shape=(size, size))
    way = dijkstra(graph) / 1000
    ratios = []
    for a in range(size):
        for b in range(size):
            straight = GEOD.inv(net.lon[a], net.lat[a], net.lon[b], net.lat[b])[2]
            if straight > DETOUR_FROM_M and way[a, b] <= 4.0 / 3.6 * 60 * DETOUR_MINUTES:
                ratios.append(way[a, b] / straight)
    expected = np.median(ratios) if ratios else 1.0
    assert Index(data).view(plan.mode).median_detour == pytest.approx(expected, rel=1e-5)


def add_up(part, name):
    """Return what the causes of a part add up to."""
    return sum(row[name] for row in part["causes"].values())


@given(
    plans(),
    spots(1, 8),
    station_lists(),
    questions(),
    st.sampled_from((1, 2)),
    st.lists(st.tuples(st.sampled_from(("courier", "driver", "")), st.integers(0, 5)), min_size=8),
)
def test_causes_add_up_by_region_and_group(plan, homes, stations, question, least, who):
    data = make(plan, stations, homes, areas=AREAS)
    groups, workers = zip(*who[: len(homes)], strict=True)
    people = data.homes.assign(group=list(groups), workers=np.array(workers, float))
    index = Index(replace(data, homes=people))
    summary = index.coverage(
        mode=plan.mode, exact=True, stations_at_least=least, **question
    ).summary
    for part in (summary, *summary["regions"], *summary["groups"].values()):
        for name in ("homes", "workers"):
            assert add_up(part, name) == part[name]["uncovered"]
        if "street_km" in part:
            left = part["street_km"]["uncovered"]
            assert add_up(part, "street_km") == pytest.approx(left, abs=1e-9)
    for cause, row in summary["causes"].items():
        for parts in (summary["regions"], summary["groups"].values()):
            if not parts:
                continue
            for name in ("homes", "workers"):
                split = [part["causes"].get(cause, {}).get(name, 0) for part in parts]
                assert sum(split) == row[name]


# ------------------------------------------------------------------ what is shown


def test_shares_of_gaps_add_up_and_go_by_workers(demo_dataset):
    index = Index(open_dataset(demo_dataset, private=True))
    gaps = index.coverage(minutes=15, at=NIGHT, exact=True).gaps
    assert len(gaps.id)
    for row, shares in enumerate(gaps.causes):
        assert sum(shares.values()) == pytest.approx(1)
        assert next(iter(shares)) == gaps.cause[row]
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert set(gaps.also[row]) <= set(CAUSES[: CAUSES.index(gaps.cause[row])])
        assert (gaps.barrier[row] == "") or "barrier" in shares


def test_shares_of_small_gaps_are_hidden_and_others_as_coarse_as_the_people():
    gap = {"workers": 14.0, "causes": '{"closed": 0.9, "too_far": 0.1}'}
    few = discreet_gap({**gap, "workers": 9.0}, Discretion(5, 10), exact=False)
    assert few["causes"] is None
    told = discreet_gap(gap, Discretion(5, 10), exact=False)
    assert told["causes"] == {"closed": 1.0}  # 12.6 of 15 and 1.4 of 15, each to the next 5
    assert discreet_gap(gap, Discretion(5, 10), exact=True)["causes"] == {
        "closed": 0.9, "too_far": 0.1,
    }  # fmt: skip
    nobody = discreet_gap({**gap, "workers": None}, Discretion(5, 10), exact=False)
    assert nobody["causes"] == {"closed": 0.9, "too_far": 0.1}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_cause_has_words_and_shares_are_told(lang):
    assert set(CAUSES) <= set(WORDS[lang])
    shares = {"closed": 0.5, "planned": 0.2, "barrier": 0.2, "access": 0.1}
    told = told_causes(shares, "closed", lang)
    assert all(WORDS[lang][code] in told for code in ("closed", "planned", "barrier"))
    assert WORDS[lang]["access"] not in told
    assert "50%" in told
    assert "10%" in told
    assert told_causes(None, "barrier", lang) == WORDS[lang]["barrier"]
    assert told_causes({"barrier": 1.0}, "barrier", lang) == WORDS[lang]["barrier"]


@pytest.mark.parametrize("mode", ["walk", "ebike"])
def test_looking_at_the_segments_first_changes_nothing(demo_dataset, mode, monkeypatch):
    dataset = open_dataset(demo_dataset, private=True)
    found = []
    for most in (0, 10**9):
        monkeypatch.setattr("locator.arrival._MANY", most)
        answer = Index(dataset).coverage(mode=mode, minutes=6, at=NIGHT)
        found.append([answer.outcomes[name].cause for name in ("cells", "pieces")])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    seen = {CAUSES[row] for row in np.unique(found[0][0]) if row >= 0}
    assert {"barrier", "too_far", "closed"} <= seen
