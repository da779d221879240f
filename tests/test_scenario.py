"""What-if by repair equals an index made anew of the changed stations, to the bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings, strategies as st

import locator
from locator import _kernels, _repair_kernels
from locator.changes import Changes, NewStation, changed
from locator.repaired_times import Numbers, RepairedTimes
from locator.travel_time import TravelTimes
from tests.conftest import absent
from tests.random_towns import plans, random_arcs, spots
from tests.test_properties import HOURS, TIMES, make, station_lists
from tests.towns import Station, Way, dataset, lonlat, town

MARKS = (
    "in_total",
    "no_data",
    "covered",
    "slow",
    "fast",
    "covered_if_unknown_open",
    "cause",
    "also",
)
AREAS = {"west": (-900.0, -900.0, 150.0, 1200.0), "east": (150.0, -900.0, 250.0, 1200.0)}


def fresh_answer(index, data, changes, question):
    """Answer from scratch: other stations in a new index."""
    mode = question["mode"]
    other = changed(data, changes, lambda name: index.view(name).snapper, mode=mode)
    return locator.Index(other).coverage(**question)


def assert_equal(index, data, changes, **question):
    """Hold a scenario against a full recompute, and return it."""
    found = index.scenario(changes, **question)
    want = fresh_answer(index, data, changes, question)
    assert found.after == want.summary
    assert found.before == index.coverage(**question).summary
    for name, outcome in want.outcomes.items():
        if name == "people" and not want.exact:
            continue
        mine = found.question.outcome(name)
        for mark in MARKS:
            np.testing.assert_array_equal(
                getattr(mine, mark), getattr(outcome, mark), err_msg=f"{name} {mark}"
            )
    assert_gaps(index, found, want, question)
    assert_difference(found)
    return found


def assert_gaps(index, found, want, question):
    """Closed and opened gaps are those of the two whole answers; what is left is the same."""
    before = index.coverage(**question).gaps.to_geodataframe().set_index("id")
    after = want.gaps.to_geodataframe().set_index("id")
    lists = found.gaps
    every = [entry for entries in lists.values() for entry in entries]
    gone = {code for entry in every for code in entry["before"]}
    come = {code for entry in every for code in entry["after"]}
    assert gone <= set(before.index)
    assert come <= set(after.index)
    same = ["region", "area_km2", "homes", "workers"]
    assert rows_of(before, set(before.index) - gone, same) == rows_of(
        after, set(after.index) - come, same
    )
    mine = found.gap_changes.after.to_geodataframe().set_index("id")
    columns = [name for name in after.columns if name not in {"geometry", "also", "causes"}]
    assert rows_of(mine, set(mine.index), columns) == rows_of(after, come, columns)
    for entry in lists["closed"]:
        assert entry["after"] == []
    for entry in lists["opened"]:
        assert entry["before"] == []


def rows_of(gaps, ids, columns):
    """Return some gaps as plain values by id; unknown ones are None."""
    return {
        code: [None if pd.isna(value) else value for value in gaps.loc[code, columns].tolist()]
        for code in ids
    }


def assert_difference(found):
    """What is gained less what is lost is the difference of the two summaries, all ways round."""
    before, after, less = found.before, found.after, found.difference
    assert (
        less["street_km_covered"] == after["street_km"]["covered"] - before["street_km"]["covered"]
    )
    assert less["gained"]["street_km"] - less["lost"]["street_km"] == less["street_km_covered"]
    if after["homes"] is None:
        assert less["homes_covered"] is None
        return
    for name in ("homes", "workers"):
        assert less[f"{name}_covered"] == after[name]["covered"] - before[name]["covered"]
        for code, row in less["groups"].items():
            was, now = (part["groups"][code][name]["covered"] for part in (before, after))
            assert row[f"{name}_covered"] == now - was
        by_cause = {cause: row[name] for cause, row in less["gained"]["causes"].items()}
        for cause, number in by_cause.items():
            assert number <= before["causes"][cause][name]
        rows = {row["id"]: row for row in less["regions"]}
        was = {row["id"]: row for row in before["regions"]}
        for row in after["regions"]:
            if row["id"]:
                change = row[name]["covered"] - was[row["id"]][name]["covered"]
                assert rows[row["id"]][f"{name}_covered"] == change


@st.composite
def change_sets(draw, stations):
    """Draw changes to some stations, and a few new ones."""
    ids = [station.id for station in stations]
    fate = {code: draw(st.sampled_from(("stay", "stay", "remove", "change"))) for code in ids}
    hours, equip, move = {}, {}, {}
    for code in (code for code in ids if fate[code] == "change"):
        if draw(st.booleans()):
            hours[code] = draw(st.sampled_from(HOURS))
        if draw(st.booleans()):
            equip[code] = draw(st.sampled_from((["microwave"], ["seats", "water"])))
        if draw(st.booleans()):
            move[code] = lonlat(*draw(spots(1, 1))[0])
    add = [
        NewStation(
            draw(st.sampled_from(("a", "s1a", "z"))) + str(number),
            *lonlat(x, y),
            opening_hours=draw(st.sampled_from(HOURS)),
            facilities=draw(st.sampled_from(((), ("microwave",), ("water",)))),
            access=draw(st.sampled_from(("free", "free", "locked", "card"))),
            status=draw(st.sampled_from(("open", "open", "planned"))),
        )
        for number, (x, y) in enumerate(draw(spots(0, 3)))
    ]
    remove = [code for code in ids if fate[code] == "remove"]
    return Changes(add, remove, hours, equip, move)


@st.composite
def cases(draw):
    """Draw a town with stations, homes, changes and a question."""
    plan = draw(st.sampled_from(("walk", "bicycle")).flatmap(plans))
    stations = draw(station_lists(0))
    homes = draw(spots(0, 8))
    question = {
        "mode": plan.mode,
        "minutes": draw(st.integers(1, 5)),
        "at": draw(st.sampled_from(TIMES)),
        "needs": draw(st.sampled_from(((), (), ("drink",), ("hot_meal",)))),
        "access": draw(st.sampled_from(((), ("free",), ("locked", "card")))),
        "stations_at_least": draw(st.sampled_from((1, 1, 2, 3))),
        "include": draw(st.sampled_from(((), ("building",)))),
        "region": draw(st.sampled_from((None, None, "west"))),
        "exact": draw(st.booleans()),
    }
    areas = AREAS if question["region"] or draw(st.booleans()) else None
    changes = [draw(change_sets(stations)) for _ in range(2)]
    return plan, stations, homes, areas, changes, question


@given(cases())
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])  # to shrink takes minutes
def test_a_scenario_equals_an_index_made_anew(case):
    plan, stations, homes, areas, changes, question = case
    try:
        data = make(plan, stations, homes, areas=areas)
    except KeyError:  # the toy has no table without stations
        return
    index = locator.Index(data)
    for one in changes:
        assert_equal(index, data, one, **question)


def test_a_town_by_hand():
    nodes = {"a": (0, 0), "b": (1000, 0), "c": (2000, 0), "d": (3000, 0)}
    data = dataset(
        town(nodes, [Way("a b c d")]),
        [Station("s", 0, 0)],
        [(500, 0), (900, 0), (1500, 0), (2900, 0)],
    )
    index = locator.Index(data)
    lon, lat = lonlat(3000, 0)
    found = assert_equal(
        index, data, Changes([NewStation("t", lon, lat)]), mode="walk", minutes=15, exact=True
    )
    assert found.before["homes"]["covered"] == 2
    assert found.after["homes"]["covered"] == 3
    assert found.difference["causes"] == {
        "too_far": {"homes_covered": 1.0, "workers_covered": 1.0, "street_km_covered": 1.0}
    } or list(found.difference["causes"]) == ["too_far"]
    moved = assert_equal(
        index, data, Changes(move={"s": lonlat(3000, 0)}), mode="walk", minutes=15, exact=True
    )
    assert moved.difference["homes_covered"] == -1
    assert moved.difference["gained"]["homes"] == 1
    assert moved.difference["lost"]["homes"] == 2
    gone = assert_equal(index, data, Changes(remove=["s"]), mode="walk", minutes=15, exact=True)
    assert gone.difference["lost"]["causes"]["unreachable"]["homes"] == 2
    assert gone.after["causes"]["unreachable"]["homes"] == 4


def test_adding_and_taking_away_again_gives_the_same_figures():
    nodes = {"a": (0, 0), "b": (1000, 0), "c": (2000, 0)}
    data = dataset(town(nodes, [Way("a b c")]), [Station("s", 0, 0)], [(500, 0), (1900, 0)])
    index = locator.Index(data)
    lon, lat = lonlat(2000, 0)
    more = changed(data, Changes([NewStation("t", lon, lat)]), lambda m: index.view(m).snapper)
    back = locator.Index(more).scenario(Changes(remove=["t"]), exact=True)
    assert back.after == index.coverage(exact=True).summary


def test_a_station_that_another_repeats_counts_when_that_one_goes():
    nodes = {"a": (0, 0), "b": (1000, 0)}
    data = dataset(
        town(nodes, [Way("a b")]),
        [Station("s1", 0, 0), Station("s2", 10, 0), Station("s3", 900, 0)],
        [(500, 0)],
    )
    data.stations["duplicate_of"] = pd.Series(["", "s1", ""], dtype="str")
    index = locator.Index(data)
    question = {"mode": "walk", "minutes": 15, "exact": True, "stations_at_least": 2}
    for changes in (
        Changes(remove=["s1"]),
        Changes(hours={"s1": ""}),
        Changes(move={"s1": lonlat(1000, 0)}),
        Changes([NewStation("s0", *lonlat(5, 0))], remove=["s3"]),
    ):
        assert_equal(index, data, changes, **question)
        assert_equal(index, data, changes, at="2026-11-24T12:00", **question)


def test_questions_are_kept_apart():
    nodes = {"a": (0, 0), "b": (1000, 0), "c": (2000, 0)}
    data = dataset(town(nodes, [Way("a b c")]), [Station("s", 0, 0)], [(500, 0), (1900, 0)])
    index = locator.Index(data)
    changes = Changes([NewStation("t", *lonlat(2000, 0))])
    for minutes in (*range(1, 12), 5, 1):
        assert_equal(index, data, changes, mode="walk", minutes=minutes, exact=True)


# --- labels --------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_repaired_labels_are_those_of_a_search(seed, k):
    rng = np.random.default_rng(seed)
    nodes, stations = int(rng.integers(2, 40)), int(rng.integers(1, 8))
    indptr, arc, _ = random_arcs(rng, nodes, int(rng.integers(1, 120)), 50)
    tail = np.repeat(np.arange(nodes), np.diff(indptr))
    head, ms = arc & 0xFFFFFFFF, arc >> 32
    order = np.lexsort((tail, head))
    back = np.concatenate(([0], np.cumsum(np.bincount(head, minlength=nodes)))).astype(np.int32)
    arcs_in = (back, (ms[order] << 32) | tail[order])
    seeds_of = rng.integers(0, nodes, (stations, 2)).astype(np.int32)
    seed_ms = rng.integers(0, 30, (stations, 2))
    limit = int(rng.integers(1, 200))
    was, now = rng.random(stations) < 0.6, rng.random(stations) < 0.6

    def seeds(mark):
        number = np.cumsum(mark) - 1
        node = seeds_of[mark].ravel()
        label = (seed_ms[mark] << _kernels.STATION_BITS) | number[mark][:, None]
        return node, label.ravel().astype(np.int64)

    def search(mark):
        return _kernels.k_nearest_labels(*arcs_in, *seeds(mark), k, limit, 3)

    # a station that stays keeps its place in the order; the others go or come
    new = np.where(now[was], (np.cumsum(now) - 1)[was], -1).astype(np.int32)
    fresh = ~was[now]
    found = _repair_kernels.repair(
        search(was), new, arcs_in, (indptr, arc), *seeds(now), fresh, limit, 3
    )
    np.testing.assert_array_equal(found, search(now))


@given(st.integers(0, 2**32 - 1))
def test_places_are_found_by_row(seed):
    rng = np.random.default_rng(seed)
    row = rng.integers(-1, 9, int(rng.integers(0, 60)))
    indptr, entry = _repair_kernels.by_row(row, 9)
    asked = rng.permutation(9)[: int(rng.integers(0, 9))].astype(np.int32)
    want = [i for x in asked for i in np.flatnonzero(row == x)]
    assert _repair_kernels.entries_of(indptr, entry, asked).tolist() == want


def test_far_from_what_was_asked_labels_are_searched_anew():
    plan = town({"a": (0, 0), "b": (1000, 0)}, [Way("a b")])
    data = dataset(plan, [Station(f"s{n}", 50.0 * n, 0) for n in range(20)])
    before = locator.Index(data).view("walk").travel
    numbers = Numbers(np.arange(20), 20)
    travel = RepairedTimes(before, before.stations, numbers, [np.arange(3, dtype=np.int32)])
    every = np.arange(20, dtype=np.int32)
    np.testing.assert_array_equal(
        travel.nearest(every, 900_000)[0],
        TravelTimes(before.network, before.stations).nearest(every, 900_000)[0],
    )


# --- a real city ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nanjing(shared_data):
    """Real streets of Nanjing with stations of many hours and homes, for two modes."""
    from geodata.osm import read_streets
    from locator.network import build
    from locator.snap import Snapper

    path = shared_data / "nanjing" / "nanjing.osm.pbf"
    if not path.is_file():
        absent("data", "needs nanjing.osm.pbf in ../shared/data.")
    return city(read_streets([path], modes=("walk", "ebike")), build, Snapper)


def city(streets, build, snapper):
    """Draw stations and homes on streets."""
    from tests.test_oracles import random_places

    rng = np.random.default_rng(4)
    network = build(streets, "walk")
    places = random_places(network, rng, 3400)
    return streets, network, snapper(network, streets.barrier_lines), places, rng


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "at_leasts"),
    [(None, (1,)), ("2026-11-24T20:50", (1, 2)), ("2026-11-24T17:40", (2,))],
)
def test_nanjing_equals_a_recompute(nanjing, at, at_leasts):
    data = real_dataset(nanjing)
    index, rng = locator.Index(data), np.random.default_rng(7)
    ids = data.stations["id"].tolist()
    homes = data.homes[["lon", "lat"]].to_numpy()
    for at_least in at_leasts:
        chosen = rng.permutation(ids)[:12].tolist()
        spots_ = homes[rng.integers(0, len(homes), 5)]
        changes = Changes(
            add=[NewStation(f"x{n}", *map(float, xy)) for n, xy in enumerate(spots_[:3])],
            remove=chosen[:3],
            hours={chosen[3]: "24/7", chosen[4]: "", chosen[5]: "20:00-08:00"},
            equip={chosen[6]: ["microwave"]},
            move={
                code: tuple(map(float, xy))
                for code, xy in zip(chosen[7:9], spots_[3:], strict=True)
            },
        )
        question = {"mode": "walk", "minutes": 15, "at": at, "exact": True}
        assert_equal(index, data, changes, **question, stations_at_least=at_least)


def real_dataset(drawn):
    """Return a dataset of real streets: cells and street pieces are left few, to stay quick."""
    from dataclasses import replace

    from geodata import datum, demand
    from geodata.model import Cells, Pieces, Positions

    streets, network, snapper, places, rng = drawn
    toy = dataset(
        town({"a": (0, 0), "b": (10, 0)}, [Way("a b")]),
        [Station(f"n{n:03}", 0, 0) for n in range(400)],
        [(0, 0)],
    )
    table = toy.stations.copy()
    lon, lat = places[:400, 0], places[:400, 1]
    table["lon"], table["lat"] = lon, lat
    table["opening_hours"] = rng.choice([*HOURS, "Mo-Su 05:00-21:00", "06:00-18:00"], 400)
    table["access"] = rng.choice(["free", "free", "locked"], 400)
    crs = datum.metric_crs(float(lon.mean()), float(lat.mean()))
    homes = pd.DataFrame(
        {
            "lon": places[400:, 0],
            "lat": places[400:, 1],
            "workers": rng.integers(1, 4, 3000).astype(float),
            "group": rng.choice(["courier", "driver"], 3000),
            "kind": "home",
            "region": -1,
        }
    )
    x, y = datum.project(homes["lon"].to_numpy(), homes["lat"].to_numpy(), crs)
    lattice = np.unique(
        np.column_stack((np.floor(x / 100), np.floor(y / 100))).astype(np.int32), axis=0
    )
    column, row = (np.ascontiguousarray(part) for part in lattice.T)
    cell_lon, cell_lat = datum.unproject((column + 0.5) * 100.0, (row + 0.5) * 100.0, crs)
    segment, fraction, length_m = demand.pieces(network)
    few = rng.permutation(segment.size)[:20_000]
    segment, fraction, length_m = segment[few], fraction[few], length_m[few]
    none = np.zeros(segment.size, np.int32)
    return replace(
        toy,
        manifest={"name": "nanjing", "metric_crs": crs.to_wkt(), "version": "0"},
        networks={"walk": network},
        cells={
            "walk": Cells(
                column, row, np.full(column.size, -1, np.int32), snapper.snap(cell_lon, cell_lat)
            )
        },
        pieces={
            "walk": Pieces(
                length_m,
                np.full(segment.size, -1, np.int32),
                Positions(segment, fraction, none.astype(np.float32), none, none.astype(np.uint8)),
            )
        },
        stations=table,
        station_positions={"walk": snapper.snap(lon, lat)},
        homes=homes,
        home_positions={"walk": snapper.snap(homes["lon"], homes["lat"])},
        barrier_lines=streets.barrier_lines,
        way_name=streets.way_name,
        way_class=streets.way_class,
    )
