"""The 168 hours of a week: equal to coverage at each of them, worked out once per distinct set."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st

from geodata import load_vocabulary, open_dataset
from geodata.calendar import Calendar
from geodata.errors import InputError, LimitError, ValidationError
from geodata.hours import SHANGHAI
from geodata.vocabulary import Group
from locator import Index, clock_cover
from locator.clock_week import hours_of, monday_of, plain_week, working_hours
from tests.random_towns import plans, spots
from tests.towns import Station, Way, dataset, town

#: A week without a holiday, and the one of National Day 2026.
PLAIN, HOLIDAY = "2026-11-25", "2026-10-01"

#: Some change a few minutes after the hour: while one walks.
HOURS = (
    "24/7", "08:00-20:00", "Mo-Fr 08:03-17:04", "Sa-Su 10:00-12:08", "22:00-06:02", "",
    "08:03-08:30",
    "Mo-Su 07:58-20:11; PH off", "08:00-08:09,08:12-19:00", "2026 Nov 25 14:00-17:00",
)  # fmt: skip


def people_of(found, groups, workers=None):
    """Give the homes of a dataset groups and numbers of workers, in turn."""
    homes = found.homes.copy()
    size = len(homes)
    homes["group"] = [groups[i % len(groups)] for i in range(size)]
    homes["workers"] = [float(i % 4 + 1) for i in range(size)] if workers is None else workers
    return replace(found, homes=homes)


def assert_hour_is_coverage(answer, index, row, **asked):
    """One hour of a clock has the figures of coverage at that time, to the last bit."""
    found = index.coverage(at=answer.at[row], **asked)  # noqa: PD008  no frame
    told, hour = found.summary, answer.hours.iloc[row]
    if told["share_covered"] is not None:
        assert hour.share_covered == told["share_covered"]
    for name in ("homes", "workers"):
        if told[name] is not None:
            assert hour[f"{name}_uncovered"] == told[name]["uncovered"]
    for (code, _, part), level in zip(answer.regions, told["regions"], strict=True):
        assert code == level["id"]
        for name, series in part.series.items():
            assert (series.total, series.covered[row]) == (
                level[name]["total"],
                level[name]["covered"],
            )
    for code, part in answer.groups.items():
        for name, series in part.series.items():
            assert series.covered[row] == told["groups"][code][name]["covered"]
    number = answer.sets.of_hour[row]
    np.testing.assert_array_equal(answer.cells.covered(number), found.outcomes["cells"].covered)


# ------------------------------------------------------------ equal to asking hour by hour


@settings(max_examples=12, deadline=None)
@given(
    plan=plans(),
    places=spots(least=1, most=6),
    homes=spots(least=1, most=8),
    hours=st.lists(st.sampled_from(HOURS), min_size=6, max_size=6),
    minutes=st.integers(1, 6),
    rows=st.lists(st.integers(0, 167), min_size=5, max_size=5),
    week=st.sampled_from((PLAIN, HOLIDAY)),
)
def test_each_hour_is_the_coverage_of_that_hour(plan, places, homes, hours, minutes, rows, week):
    stations = [
        Station(f"s{number}", x, y, hours=text)
        for number, ((x, y), text) in enumerate(zip(places, hours, strict=False))
    ]
    areas = {"west": (-50, -50, 150, 400), "east": (150, -50, 500, 400)}
    found = people_of(dataset(plan.streets(), stations, homes, areas=areas), ("courier", "driver"))
    index = Index(found)
    answer = index.clock(minutes=minutes, week=week, exact=True)
    for row in (*rows, 8, 20):
        assert_hour_is_coverage(answer, index, row, minutes=minutes, exact=True)


@settings(max_examples=12, deadline=None)
@given(
    plan=plans(),
    places=spots(least=2, most=6),
    hours=st.lists(st.sampled_from(HOURS), min_size=6, max_size=6),
    minutes=st.integers(1, 20),
    scale=st.sampled_from((1.0, 0.8, 1.3)),
)
def test_classes_of_stations_give_what_whole_sets_give(plan, places, hours, minutes, scale):
    stations = [
        Station(f"s{number}", x, y, hours=text)
        for number, ((x, y), text) in enumerate(zip(places, hours, strict=False))
    ]
    index = Index(dataset(plan.streets(), stations))
    answer = index.clock(minutes=minutes, week=PLAIN)
    asked = (index.view("walk").cells, answer.sets, minutes * 60_000, scale)
    by_class = np.concatenate([part for _, part in clock_cover._by_class(*asked)], axis=1)
    by_set = np.concatenate([part for _, part in clock_cover._by_set(*asked)], axis=1)
    np.testing.assert_array_equal(by_class, by_set)


NANJING = Path(__file__).resolve().parents[2] / "shared" / "data" / "nanjing" / "nanjing.osm.pbf"


@pytest.fixture(scope="module")
def nanjing(tmp_path_factory):
    if not NANJING.is_file():
        pytest.skip("needs ../shared/data: the real streets of Nanjing are not there")
    from benchmarks.data import City, street_points
    from web.prepare import PrepareRequest, prepare

    folder = tmp_path_factory.mktemp("nanjing")
    city, rng = City("nanjing", stations=150, homes=1500), np.random.default_rng(5)
    lon, lat = street_points(NANJING, city.stations, rng).T
    hours = [HOURS[i % len(HOURS)] for i in range(city.stations)]
    stations = {"id": range(city.stations), "name": "s", "lon": lon, "lat": lat, "datum": "wgs84"}
    pd.DataFrame({**stations, "opening_hours": hours}).to_csv(folder / "stations.csv", index=False)
    lon, lat = street_points(NANJING, city.homes, rng).T
    groups = ["courier", "sanitation", "driver"] * (city.homes // 3)
    homes = {"id": range(city.homes), "lon": lon, "lat": lat, "datum": "wgs84", "workers": 2}
    pd.DataFrame({**homes, "group": groups}).to_csv(folder / "homes.csv", index=False)
    prepare(
        PrepareRequest(
            streets=[NANJING],
            stations=folder / "stations.csv",
            homes=folder / "homes.csv",
            out=folder / "dataset",
            modes=("walk",),
        )
    )
    return Index(open_dataset(folder / "dataset", private=True))


@pytest.mark.slow
@pytest.mark.parametrize("week", [PLAIN, HOLIDAY])
@pytest.mark.parametrize("exact", [True, False])
def test_nanjing_hour_by_hour(nanjing, week, exact):
    answer = nanjing.clock(minutes=15, week=week, exact=exact)
    assert answer.distinct_open_sets < 60
    for row in (0, 6, 8, 20, 32, 63, 74, 85, 100, 130, 143, 167):
        assert_hour_is_coverage(answer, nanjing, row, minutes=15, exact=exact)


# ------------------------------------------------------------ a town whose week is known by hand


def two_ends(**more):
    """A street of 2 km with a station at each end; 15 minutes reach 1,000 m."""
    streets = town({"a": (0, 0), "b": (2000, 0)}, [Way("a b")])
    stations = [
        Station("day", 0, 0, hours="Mo-Fr 08:00-20:00"),
        Station("night", 2000, 0, hours="18:00-24:00"),
    ]
    homes = [(100, 0), (600, 0), (1900, 0)]
    return people_of(dataset(streets, stations, homes, **more), ("courier",), [1.0, 2.0, 4.0])


def test_the_week_of_two_stations_by_hand():
    answer = Index(two_ends()).clock(week=PLAIN, exact=True)
    hours = answer.hours
    assert list(hours.weekday) == [day for day in range(7) for _ in range(24)]
    assert list(hours.hour) == list(range(24)) * 7
    assert hours["at"].iloc[0] == "2026-11-23T00:00:00+08:00"
    # nobody, the day station, both, the night one; at 07 it is not open yet, at 20 shut
    assert answer.distinct_open_sets == 4
    covered = {
        (day, hour): 7.0 - hours.workers_uncovered.iloc[24 * day + hour]
        for day, hour in ((0, 7), (0, 8), (0, 17), (0, 18), (0, 20), (0, 23), (5, 12), (5, 18))
    }
    assert covered == {
        (0, 7): 0.0, (0, 8): 3.0, (0, 17): 3.0, (0, 18): 7.0, (0, 20): 4.0, (0, 23): 4.0,
        (5, 12): 0.0, (5, 18): 4.0,
    }  # fmt: skip
    assert answer.worst == 0
    # the day station has 3 workers for 12 hours on 5 days, the night one 4 for 6 hours on 7
    assert answer.all.person_hours == {"total": 7.0 * 168, "uncovered": 7.0 * 168 - 180 - 168}
    np.testing.assert_array_equal(answer.hours_uncovered, [108, 108, 126])
    np.testing.assert_array_equal(answer.person_hours, [108, 216, 504])
    cells = answer.cell_frame()
    assert cells.person_hours.sum() == answer.cell_person_hours.sum() == 828
    assert sorted(cells.person_hours) == [108, 216, 504]  # where somebody lives
    assert sorted(cells.hours_uncovered) == [108, 108, 126]
    assert cells.geometry.is_valid.all()
    middle = shapely.centroid(cells.geometry.to_numpy())
    np.testing.assert_allclose(cells.lon, shapely.get_x(middle), atol=1e-5)
    np.testing.assert_allclose(cells.lat, shapely.get_y(middle), atol=1e-5)


def test_closing_while_one_walks_and_opening_in_time():
    streets = town({"a": (0, 0), "b": (1000, 0)}, [Way("a b")])
    # leaving at 8: open until 8:15, so that one may arrive until 8:05 and stay 10 minutes;
    # at 9 it opens at 9:05, so that one may arrive from then on
    stations = [Station("s", 0, 0, hours="08:00-08:15,09:05-10:00")]
    metres = [(300, 0), (340, 0)]  # 270 s and 306 s
    answer = Index(dataset(streets, stations, metres)).clock(minutes=15, week=PLAIN, exact=True)
    number = answer.sets.of_hour
    assert answer.places.covered(number[8]).tolist() == [True, False]
    assert answer.places.covered(number[9]).tolist() == [False, True]
    assert answer.distinct_open_sets == 3


def test_gaps_of_the_week_have_person_hours_and_a_worst_hour():
    answer = Index(two_ends()).clock(week=PLAIN, exact=True)
    gaps = answer.gaps.to_geodataframe()
    assert len(gaps) == 1  # in the night nobody is covered: the whole street
    gap = gaps.iloc[0]
    assert (gap.hours, gap.workers, gap.homes) == (168, 7.0, 3.0)
    assert (gap.worst_weekday, gap.worst_hour) == (0, 0)
    assert gap.person_hours == answer.person_hours.sum()
    assert gap.area_km2 == pytest.approx(answer.cells.in_total.sum() * 0.01)
    assert gaps.geometry.is_valid.all()
    assert gaps.crs.to_epsg() == 4326
    assert gap.geometry.contains(shapely.Point(gap.lon, gap.lat))


def test_a_gap_of_one_time_lies_in_a_gap_of_the_week():
    found = Index(two_ends())
    answer = found.clock(week=PLAIN, exact=True)
    at_noon = found.coverage(at="2026-11-25T12:00", exact=True).gaps.geometry
    whole = answer.gaps.to_geodataframe().union_all()
    assert all(shape.difference(whole).area < 1e-4 * shape.area for shape in at_noon)


def test_regions_add_up_and_one_region_is_as_asked_for_alone():
    areas = {"west": (-50, -50, 1000, 50), "east": (1000, -50, 2100, 50)}
    index = Index(two_ends(areas=areas))
    answer = index.clock(week=PLAIN, exact=True)
    parts = {code: part.series["workers"] for code, _, part in answer.regions}
    total = sum(part.covered for part in parts.values())
    np.testing.assert_array_equal(total, answer.all.series["workers"].covered)
    alone = index.clock(week=PLAIN, exact=True, region="west")
    np.testing.assert_array_equal(alone.all.series["workers"].covered, parts["west"].covered)
    assert {code for code, _, _ in alone.regions} == {"west"}


def test_without_homes_streets_are_counted():
    found = Index(replace(two_ends(), homes=None)).clock(week=PLAIN)
    assert found.people is None
    assert found.person_hours is None
    assert found.all.series["street_km"].total == pytest.approx(2.0, abs=1e-3)
    noon = found.hours.iloc[24 * 2 + 12]
    assert noon.share_covered == pytest.approx(0.5, abs=0.03)
    assert noon.street_km_uncovered == pytest.approx(1.0, abs=0.06)
    assert np.isnan(noon.workers_uncovered)
    assert found.gaps.to_geodataframe().workers.isna().all()


def test_no_station_is_open_at_any_time():
    streets = town({"a": (0, 0), "b": (500, 0)}, [Way("a b")])
    found = dataset(streets, [Station("s", 0, 0, hours="")], [(100, 0)])
    answer = Index(found).clock(week=PLAIN, exact=True)
    assert answer.distinct_open_sets == 1
    assert (answer.hours.share_covered == 0).all()
    assert answer.worst == 0


def test_conditions_of_coverage_hold():
    streets = town({"a": (0, 0), "b": (500, 0)}, [Way("a b")])
    stations = [
        Station("a", 0, 0, facilities="microwave"),
        Station("b", 0, 0, facilities="water", status="building", hours="08:00-20:00"),
    ]
    index = Index(dataset(streets, stations, [(100, 0)]))

    def covered(**asked):
        return index.clock(week=PLAIN, exact=True, **asked).hours.share_covered

    assert (covered(needs="hot_meal") == 1).all()
    assert (covered(needs="drink") == 0).all()
    assert covered(needs="drink", include="building").sum() == 7 * 12
    assert (covered(access="card") == 0).all()
    assert (covered(kinds="merchant") == 0).all()
    for wrong in ({"needs": "x"}, {"group": "x"}, {"region": "x"}, {"week": "2026-02-30"}):
        with pytest.raises(ValidationError):
            index.clock(**wrong)
    with pytest.raises(LimitError):
        index.clock(minutes=0)
    with pytest.raises(InputError, match="was not prepared"):
        index.clock(mode="truck")


# ------------------------------------------------------------ groups


def test_a_group_counts_alone_and_only_while_it_works():
    found = people_of(two_ends(), ("sanitation", "courier", "sanitation"), [1.0, 2.0, 4.0])
    index = Index(found)
    everybody = index.clock(week=PLAIN, exact=True)
    cleaners = index.clock(week=PLAIN, exact=True, group="sanitation")
    works = cleaners.hours.works.to_numpy().reshape(7, 24)
    assert works[:, 4:18].all()
    assert works.sum() == 7 * 14
    # one cleaner beside the day station, four beside the night one, which opens at their end
    assert cleaners.all.person_hours == {"total": 5.0 * 98, "uncovered": 5.0 * 98 - 5 * 10}
    assert cleaners.worst == 4
    groups = everybody.groups
    assert groups["sanitation"].person_hours == cleaners.all.person_hours
    np.testing.assert_array_equal(
        sum(part.series["workers"].covered for part in groups.values()),
        everybody.all.series["workers"].covered,
    )
    assert everybody.all.person_hours["total"] == 7.0 * 168
    assert cleaners.request.who.mode == "walk"
    assert not cleaners.request.who.fell_back


def test_a_group_falls_back_where_its_mode_was_not_prepared():
    index = Index(two_ends())
    answer = index.clock(week=PLAIN, exact=True, group="courier")
    assert (answer.request.who.mode, answer.request.who.own_mode) == ("walk", "ebike")
    assert answer.request.who.fell_back


def test_a_slow_group_reaches_less():
    found = two_ends()
    groups = dict(found.vocabulary.groups)
    groups["courier"] = replace(groups["courier"], mode="walk", speed_factor=0.5)
    slow = Index(replace(found, vocabulary=replace(found.vocabulary, groups=groups)))
    answer = slow.clock(week=PLAIN, exact=True, group="courier")
    noon = answer.sets.of_hour[24 * 2 + 12]
    assert answer.places.covered(noon).tolist() == [True, False, False]  # 500 m in 15 minutes
    assert Index(found).clock(week=PLAIN, exact=True).places.covered(noon).tolist() == [
        True, True, False,
    ]  # fmt: skip


# ------------------------------------------------------------ the week


def test_hours_of_a_week_are_local():
    hours = hours_of(monday_of(date(2026, 11, 25)))
    assert len(hours) == 168
    assert hours[0] == datetime(2026, 11, 23, tzinfo=SHANGHAI)
    assert hours[-1] - hours[0] == timedelta(hours=167)


def test_the_default_week_has_no_holiday_and_no_swapped_day():
    calendar = Calendar(
        holidays={date(2026, 10, 1): "国庆节"}, workdays={date(2026, 10, 10): "国庆节"}
    )
    assert plain_week(date(2026, 9, 20), calendar) == date(2026, 9, 21)
    assert plain_week(date(2026, 9, 21), calendar) == date(2026, 10, 12)  # 28 and 5 have one


def test_hours_of_work_follow_the_kind_of_day():
    group = Group(
        "g", "", "", (), weekday_from="22:00", weekday_to="02:00", weekend_from="", weekend_to=""
    )
    calendar = Calendar(
        holidays={date(2026, 10, 1): "国庆节"}, workdays={date(2026, 10, 3): "国庆节"}
    )
    works = working_hours(group, date(2026, 9, 28), calendar).reshape(7, 24)
    nights = [[0, 1, 22, 23] if day in (1, 2) else [22, 23] for day in range(7)]
    nights[3] = [0, 1]  # the holiday: only what is left of the night before
    nights[4] = [22, 23]
    nights[5] = [0, 1, 22, 23]  # a Saturday that is worked
    nights[6] = [0, 1]
    assert [np.flatnonzero(day).tolist() for day in works] == nights


@pytest.mark.parametrize(
    "wrong",
    [{"weekday_from": "25:00"}, {"weekend_to": ""}, {"speed_factor": 0.0}, {"speed_factor": 6.0}],
)
def test_hours_of_work_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=r"expected a time|speed_factor"):
        Group("g", "", "", (), **wrong)


def test_the_packaged_groups_are_data_with_sources():
    index = Index(two_ends())
    groups = index.vocabulary.groups
    assert groups["sanitation"].span(free=False)[0] == 4 * 60
    assert groups["courier"].mode == "ebike"
    assert all(group.source for group in groups.values())
    assert all(group.mode in index.vocabulary.modes for group in groups.values())


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("x,甲,x,,walk,1,4,12:00,,,me", r"groups.csv, line 2.*04:00"),
        ("x,甲,x,,fly,1,04:00,12:00,,,me", "fly"),
        ("x,甲,x,,walk,0,04:00,12:00,,,me", "speed_factor"),
    ],
)
def test_a_union_that_sets_its_own_groups_is_told_what_is_wrong(tmp_path, row, match):
    head = "code,zh,en,synonyms,mode,speed_factor,weekday_from,weekday_to,weekend_from,weekend_to"
    (tmp_path / "groups.csv").write_text(f"{head},source\n{row}\n", "utf-8")
    with pytest.raises(InputError, match=match):
        load_vocabulary(tmp_path)


def test_a_file_of_groups_without_hours_still_reads(tmp_path):
    (tmp_path / "groups.csv").write_text("code,zh,en,synonyms\nx,甲,x,\n", "utf-8")
    group = load_vocabulary(tmp_path).groups["x"]
    assert (group.mode, group.span(free=True)) == ("walk", (0, 1440))


def test_the_groups_are_kept_in_the_dataset_folder(demo_dataset):
    kept = open_dataset(demo_dataset).vocabulary.groups
    assert kept == load_vocabulary().groups
