"""What holds for every town, whatever its streets, stations and hours."""

import hashlib
from dataclasses import fields, is_dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings, strategies as st
from pyproj import Geod

from geodata.bundle import open_dataset, save
from geodata.model import CLOSED_MS, NO_DATA, ON_NETWORK, Positions
from locator import Index, travel_time
from locator.coverage import CAUSES
from locator.network import build
from locator.selection import Selection
from locator.snap import Snapper
from locator.travel_time import UNLIMITED_MS, TravelTimes
from tests.plain_search import PlainTown, on_segments
from tests.random_towns import Plan, plans, spots
from tests.towns import Station, dataset, lonlat

TIMES = (
    None,
    "2026-11-24T07:56:00+08:00",
    "2026-11-24T12:00:00+08:00",
    "2026-11-24T19:48:00+08:00",
    "2026-11-28T23:30:00+08:00",
)
HOURS = ("24/7", "24/7", "", "08:00-20:00", "22:00-06:00", "Mo-Fr 08:00-12:02,14:00-18:00")
GEOD = Geod(ellps="WGS84")
AREAS = {"west": (-900.0, -900.0, 150.0, 1200.0), "east": (150.0, -900.0, 250.0, 1200.0)}


@st.composite
def station_lists(draw, least: int = 1, most: int = 5) -> list[Station]:
    """Draw stations with hours, facilities and ways in."""
    return [
        Station(
            f"s{number}",
            x,
            y,
            hours=draw(st.sampled_from(HOURS)),
            facilities=draw(st.sampled_from(("seats;water", "microwave", ""))),
            access=draw(st.sampled_from(("free", "free", "card", "locked"))),
            status=draw(st.sampled_from(("open", "open", "open", "building"))),
        )
        for number, (x, y) in enumerate(draw(spots(least, most)))
    ]


@st.composite
def questions(draw) -> dict:
    """Draw conditions that nearest and coverage share."""
    return {
        "at": draw(st.sampled_from(TIMES)),
        "needs": draw(st.sampled_from(((), ("drink",), ("hot_meal",)))),
        "access": draw(st.sampled_from(((), ("free",), ("locked", "card")))),
        "minutes": draw(st.integers(1, 6)),
    }


def make(plan: Plan, stations, homes=(), **options):
    """Return the dataset of a plan."""
    return dataset(plan.streets(), stations, homes, mode=plan.mode, **options)


def ask(index: Index, places, **question):
    """Ask for places in metres."""
    points = np.array([lonlat(x, y) for x, y in places])
    return index.nearest(points, **{"mode": index.modes[0], "at": None, **question})


def all_on(snapper, places) -> Positions:
    """Places on the network; the example is thrown away where none is."""
    points = np.array([lonlat(x, y) for x, y in places])
    found = snapper.snap(points[:, 0], points[:, 1])
    on = found.state == ON_NETWORK
    assume(on.any())
    return Positions(**{name: array[on] for name, array in vars(found).items()})


MODES = st.sampled_from(("walk", "bicycle"))
ANY_PLAN = MODES.flatmap(plans)


# ------------------------------------------------------------------------- times and stations


@given(ANY_PLAN, spots(), spots())
def test_times_are_those_of_a_plain_search(plan, places, stations):
    streets = plan.streets()
    network = build(streets, plan.mode)
    snapper = Snapper(network)
    here, there = all_on(snapper, places), all_on(snapper, stations)
    plain = PlainTown(streets, plan.mode)
    time, mm = plain.all_within(
        on_segments(streets, network, here), on_segments(streets, network, there), 10**7
    )
    travel = TravelTimes(network, there)
    size = len(there)
    everything = Selection.always(np.arange(size, dtype=np.int32), size, UNLIMITED_MS)
    found = travel.k_best(travel.exits(here), everything, size, UNLIMITED_MS)
    order = np.argsort(time, axis=1, kind="stable")
    want = np.take_along_axis(time, order, axis=1)
    reached = np.isfinite(want)
    np.testing.assert_array_equal(np.where(reached, want, CLOSED_MS), found.ms)
    np.testing.assert_array_equal(np.where(reached, order, -1), found.station)
    more = (found.mm - np.take_along_axis(mm, order, axis=1))[reached]
    assert more.size == 0 or more.min() >= -10


@given(ANY_PLAN, spots(), station_lists(), spots(1, 1))
def test_one_more_station_never_lengthens_a_trip(plan, places, stations, extra):
    before = ask(Index(make(plan, stations)), places, k=3)
    more = [*stations, Station("z", *extra[0])]
    after = ask(Index(make(plan, more)), places, k=3)
    far = np.where(before.ms < 0, CLOSED_MS, before.ms)
    near = np.where(after.ms < 0, CLOSED_MS, after.ms)
    assert (near <= far).all()


@given(ANY_PLAN, spots(2, 6), st.integers(1, 4))
def test_removing_a_station_gives_the_bytes_of_a_full_recompute(plan, stations, k):
    network = build(plan.streets(), plan.mode)
    there = all_on(Snapper(network), stations)
    assume(len(there) > 1)
    fewer = Positions(**{name: array[:-1] for name, array in vars(there).items()})
    whole, part = TravelTimes(network, there), TravelTimes(network, fewer)
    left = np.arange(len(fewer), dtype=np.int32)
    whole.k_nearest(np.arange(len(there), dtype=np.int32), k, UNLIMITED_MS)  # with it, before
    for limit in (60_000, UNLIMITED_MS):
        for with_it, without in (
            (whole.nearest(left, limit), part.nearest(left, limit)),
            (whole.k_nearest(left, k, limit), part.k_nearest(left, k, limit)),
        ):
            assert [a.tobytes() for a in with_it] == [a.tobytes() for a in without]


@settings(max_examples=30)
@given(ANY_PLAN, spots(), station_lists(), spots(1, 1), questions())
def test_a_station_that_closed_for_good_leaves_no_trace(plan, places, stations, extra, question):
    gone = Station("z", *extra[0], status="closed")
    one, other = (Index(make(plan, list_, places)) for list_ in (stations, [*stations, gone]))
    a, b = (ask(index, places, **question) for index in (one, other))
    for name in ("station", "ms", "metres", "covered", "alternative_station", "alternative_ms"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    one, other = (index.coverage(mode=plan.mode, exact=True, **question) for index in (one, other))
    assert one.summary == other.summary
    assert one.gaps.to_geodataframe().to_json() == other.gaps.to_geodataframe().to_json()


@given(ANY_PLAN, st.sampled_from((0.5, 2.0, 4.0)), st.integers(0, 2**32 - 1))
def test_scaling_all_speeds_divides_the_times(plan, factor, seed):
    fast = replace(plan, ways=tuple(replace(w, kph=w.kph * factor) for w in plan.ways))
    found = []
    for one in (plan, fast):
        network = build(one.streets(), one.mode)
        rng = np.random.default_rng(seed)
        segment = rng.integers(0, network.segment_m.size, 8).astype(np.int32)
        none = np.zeros(8, np.int32)
        at = Positions(segment, rng.random(8), none.astype(np.float32), none, none.astype("u1"))
        travel = TravelTimes(network, at)
        everything = Selection.always(np.arange(8, dtype=np.int32), 8, UNLIMITED_MS)
        times = travel.k_best(travel.exits(at), everything, 8, UNLIMITED_MS)
        matrix = np.full((8, 8), CLOSED_MS)
        row, column = np.nonzero(times.station >= 0)
        matrix[row, times.station[row, column]] = times.ms[row, column]
        found.append(matrix)
    slow, quick = found
    reached = slow < CLOSED_MS
    np.testing.assert_array_equal(reached, quick < CLOSED_MS)
    segments = network.segment_m.size + 2  # 1 ms for each that a trip may use
    off = np.abs(quick - slow / factor)[reached]
    assert off.max(initial=0) <= segments * max(1, 1 / factor)


@given(ANY_PLAN, spots(), station_lists(), st.randoms(use_true_random=False))
def test_renumbering_nodes_changes_no_answer(plan, places, stations, random):
    names = list(plan.nodes)
    random.shuffle(names)
    other = replace(plan, nodes={name: plan.nodes[name] for name in names})
    a, b = (ask(Index(make(one, stations)), places, k=5) for one in (plan, other))
    np.testing.assert_array_equal(a.ms, b.ms)
    np.testing.assert_array_equal(a.station, b.station)


@given(ANY_PLAN, spots(), station_lists())
def test_the_straight_line_at_top_speed_is_a_lower_bound(plan, places, stations):
    answer = ask(Index(make(plan, stations)), places)
    top = max(4.0, *(way.kph for way in plan.ways)) / 3.6
    there = answer.station >= 0
    least_ms = answer.straight_m[there] / top * 1000
    assert (answer.ms[there] >= least_ms * 0.999 - 2).all()
    assert (answer.metres[there] >= answer.straight_m[there] * 0.999 - 0.01).all()


@given(ANY_PLAN, spots(3, 8), station_lists(), questions())
def test_one_by_one_gives_what_all_at_once_gives(plan, places, stations, question):
    index = Index(make(plan, stations))
    whole = ask(index, places, **question)
    for row, place in enumerate(places):
        one = ask(index, [place], **question)
        for name in ("station", "ms", "metres", "covered", "reason", "alternative_station"):
            np.testing.assert_array_equal(getattr(one, name)[0], getattr(whole, name)[row])
        assert one.alternative_fails[0] == whole.alternative_fails[row]


@given(ANY_PLAN, spots(), station_lists(), st.sampled_from(TIMES))
def test_metres_and_routes_take_the_time_that_was_said(plan, places, stations, at):
    even = replace(plan, ways=tuple(replace(way, kph=4.0) for way in plan.ways))
    index = Index(make(even, stations))
    answer = ask(index, places, at=at, k=8)
    there = answer.station >= 0
    segments = index.view(even.mode).travel.network.segment_m.size + 3
    said = answer.ms[there] / 900  # at 4 km/h a metre takes 900 ms
    assert np.abs(answer.metres[there] - said).max(initial=0) <= segments / 900 + 0.01
    points = np.array([lonlat(x, y) for x, y in places])
    first = answer.station[:, 0]
    streets = shapely.union_all(
        shapely.linestrings(index.view(even.mode).travel.network.segment_line.reshape(-1, 2, 2))
    )
    for row, line in enumerate(index.route(points, first, mode=even.mode)):
        if first[row] < 0:
            assert len(line) == 0
            continue
        legs = (
            answer.origin.access_m[row] + index.view(even.mode).travel.stations.access_m[first[row]]
        )
        length = GEOD.line_length(line[:, 0], line[:, 1]) if len(line) > 1 else 0.0
        assert length + legs == pytest.approx(answer.ms[row, 0] / 900, abs=0.05, rel=1e-4)
        assert shapely.distance(shapely.points(line), streets).max() < 1e-9


@given(ANY_PLAN, spots(), station_lists(1, 8), questions(), st.integers(1, 8))
def test_labels_and_searches_agree(plan, places, stations, question, k):
    data = make(plan, stations)
    answers = [ask(Index(data), places, k=k, **question)]
    for name in ("MOST_LABELS", "MOST_PASSING"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(travel_time, name, 0)
            answers.append(ask(Index(data), places, k=k, **question))
    for other in answers[1:]:
        for name in ("station", "ms", "covered", "reason", "alternative_station"):
            np.testing.assert_array_equal(getattr(answers[0], name), getattr(other, name))


@given(ANY_PLAN, spots(), station_lists(), questions())
def test_alternatives_are_what_the_answer_leaves_out(plan, places, stations, question):
    index = Index(make(plan, stations))
    answer = ask(index, places, k=8, alternatives=8, **question)
    anybody = ask(index, places, k=8, open="any", access=tuple(index.vocabulary.access))
    for row in range(len(places)):
        listed = [int(s) for s in answer.station[row] if s >= 0]
        others = [
            int(s)
            for s, ms in zip(
                answer.alternative_station[row], answer.alternative_ms[row], strict=True
            )
            if s >= 0 and ms >= 0
        ]
        assert sorted(listed + others) == sorted(int(s) for s in anybody.station[row] if s >= 0)
        assert all(fails for fails in answer.alternative_fails[row][: len(others)])


# ------------------------------------------------------------------------------------ coverage


def grouped(data, seed: int):
    """Return a dataset whose homes have groups and workers by chance."""
    rng = np.random.default_rng(seed)
    homes = data.homes.copy()
    homes["group"] = rng.choice(["courier", "driver", ""], len(homes))
    homes["workers"] = rng.integers(0, 5, len(homes)).astype(float)
    return replace(data, homes=homes)


@given(ANY_PLAN, spots(1, 8), station_lists(), questions(), st.integers(0, 999))
def test_covered_and_causes_add_up(plan, homes, stations, question, seed):
    index = Index(grouped(make(plan, stations, homes, areas=AREAS), seed))
    asked = {"mode": plan.mode, "exact": True, **question}
    answer = index.coverage(**asked)
    summary = answer.summary
    for name in ("homes", "workers"):
        figures = summary[name]
        assert figures["covered"] + figures["uncovered"] == figures["total"]
        assert sum(c[name] for c in summary["causes"].values()) == figures["uncovered"]
        assert sum(g[name]["total"] for g in summary["groups"].values()) == figures["total"]
        assert sum(g[name]["covered"] for g in summary["groups"].values()) == figures["covered"]
        assert sum(r[name]["total"] for r in summary["regions"]) == figures["total"]
        assert sum(r[name]["covered"] for r in summary["regions"]) == figures["covered"]
    street = summary["street_km"]
    lost = sum(c["street_km"] for c in summary["causes"].values())
    assert lost == pytest.approx(street["total"] - street["covered"])
    assert sum(r["street_km"]["total"] for r in summary["regions"]) == pytest.approx(
        street["total"]
    )
    for area in AREAS:
        one = index.coverage(region=area, **asked).summary
        left = one["homes"]["total"] - one["homes"]["covered"]
        assert sum(c["homes"] for c in one["causes"].values()) == left
    people = answer.outcomes["people"]
    np.testing.assert_array_equal(people.cause >= 0, people.in_total & ~people.covered)


@given(ANY_PLAN, spots(1, 8), station_lists(), questions())
def test_coverage_asks_what_nearest_asks(plan, homes, stations, question):
    index = Index(make(plan, stations, homes))
    answer = index.coverage(mode=plan.mode, exact=True, **question)
    people = answer.outcomes["people"]
    for row, home in enumerate(homes):
        one = ask(index, [home], **question)
        assert bool(one.covered[0]) == bool(people.covered[row])
        cause = CAUSES[people.cause[row]] if people.cause[row] >= 0 else None
        if people.layer.positions.state[row] == NO_DATA:
            cause = "no_data"
        # a worker is told neither of what is planned nor of what lies between
        told = {"planned": {"too_far"}, "barrier": {"too_far"}}.get(cause, {cause})
        if "too_far" in told and {"building", "planned"} & set(index.stations["status"]):
            told = {*told, "unreachable"}
        assert one.reason[0] in told
    several = index.coverage(mode=plan.mode, exact=True, stations_at_least=2, **question)
    two = ask(index, homes, k=2, **question)
    enough = (two.ms[:, 1] >= 0) & (two.ms[:, 1] <= question["minutes"] * 60_000)
    np.testing.assert_array_equal(several.outcomes["people"].covered, enough)


@given(ANY_PLAN, spots(1, 5), station_lists(), questions(), st.integers(1, 10))
def test_reach_grows_with_the_limit(plan, homes, stations, question, more):
    index = Index(make(plan, stations, homes))
    asked = {"mode": plan.mode, "exact": True, **question}
    less = index.coverage(**asked)
    asked["minutes"] += more
    wide = index.coverage(**asked)
    for layer in ("cells", "pieces", "people"):
        assert (less.outcomes[layer].covered <= wide.outcomes[layer].covered).all()
        assert (less.outcomes[layer].slow <= less.outcomes[layer].covered).all()


@settings(max_examples=30)
@given(ANY_PLAN, station_lists(), questions(), st.booleans())
def test_gaps_and_reach_cover_the_domain_without_overlap(plan, stations, question, areas):
    index = Index(make(plan, stations, areas=AREAS if areas else None))
    answer = index.coverage(mode=plan.mode, **question)
    cells, gaps, reach = answer.cells, answer.gaps.to_geodataframe(), answer.covered
    crs = index.manifest["metric_crs"]
    centre = shapely.centroid(cells.to_crs(crs).geometry.to_numpy())
    inside = np.zeros(len(cells), int)
    shapes = gpd.GeoSeries(pd.concat([gaps.geometry, reach.geometry], ignore_index=True), crs=4326)
    metric = shapes.to_crs(crs).to_numpy()
    is_gap = np.arange(len(metric)) < len(gaps)
    in_gap = inside.copy()
    for shape, gap in zip(metric, is_gap, strict=True):
        here = shapely.contains(shape, centre)
        inside += here
        in_gap += here & gap
    assert (inside == 1).all()
    np.testing.assert_array_equal(in_gap == 1, (cells["state"] != "covered").to_numpy())
    area = shapely.area(metric)
    assert area.sum() == pytest.approx(len(cells) * 10_000, rel=1e-6)
    assert shapely.area(shapely.union_all(metric, grid_size=0.01)) == pytest.approx(
        area.sum(), rel=1e-5
    )
    assert gaps["area_km2"].sum() == pytest.approx((cells["state"] != "covered").sum() * 0.01)
    assert gaps["id"].is_unique
    assert gaps.is_valid.all()
    assert reach.is_valid.all()


# ----------------------------------------------------------------------------- values and files


def digest(value) -> str:
    """Hash every array inside a value, in order."""
    found = hashlib.sha256()

    def visit(part) -> None:
        if isinstance(part, np.ndarray):
            found.update(part.tobytes() if part.dtype != object else repr(part.tolist()).encode())
        elif isinstance(part, pd.DataFrame):
            found.update(part.to_csv().encode())
        elif is_dataclass(part):
            for one in fields(part):
                visit(getattr(part, one.name))
        elif isinstance(part, dict):
            for one in part.values():
                visit(one)

    visit(value)
    return found.hexdigest()


@settings(max_examples=20)
@given(ANY_PLAN, spots(), station_lists(), questions())
def test_asking_changes_nothing(plan, places, stations, question):
    data = make(plan, stations, places, areas=AREAS)
    streets = plan.streets()
    before = digest(data), digest(streets)
    index = Index(data)
    points = np.array([lonlat(x, y) for x, y in places])
    kept = points.copy()
    index.nearest(points, mode=plan.mode, **question)
    index.route(points, [0] * len(points), mode=plan.mode)
    answer = index.coverage(mode=plan.mode, exact=True, **question)
    _ = answer.gaps, answer.cells, answer.covered
    build(streets, plan.mode)
    np.testing.assert_array_equal(points, kept)
    assert (digest(data), digest(streets)) == before


@settings(max_examples=12)
@given(ANY_PLAN, spots(), station_lists(), questions())
def test_a_dataset_answers_the_same_after_save_and_open(
    tmp_path_factory, plan, places, stations, question
):
    data = make(plan, stations, places, areas=AREAS)
    folder = tmp_path_factory.mktemp("town")
    save(data, folder)
    one, other = Index(data), Index(open_dataset(folder, private=True))
    a, b = (ask(index, places, **question) for index in (one, other))
    for name in ("station", "ms", "metres", "covered", "reason", "alternative_station"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    a, b = (index.coverage(mode=plan.mode, exact=True, **question) for index in (one, other))
    assert a.summary == b.summary
    assert a.gaps.to_geodataframe().to_json() == b.gaps.to_geodataframe().to_json()
