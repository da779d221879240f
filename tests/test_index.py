"""How `locator.Index` is asked, what it refuses and in which words, and what it gives back."""

from dataclasses import replace
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geodata.errors import InputError, LimitError, ValidationError
from geodata.hours import SHANGHAI
from geodata.model import Positions
from locator import Index
from tests.towns import Station, Way, dataset, lonlat, town

STREET = town({"a": (0.0, 0.0), "m": (700.0, 0.0), "b": (2000.0, 0.0)}, [Way("a m b")])
AREAS = {"west": (-500.0, -500.0, 1000.0, 500.0), "east": (1000.0, -500.0, 2500.0, 500.0)}
STATIONS = [
    Station("a", 0.0, 0.0, facilities="water"),
    Station("b", 500.0, 0.0, facilities="microwave", hours="08:00-20:00"),
    Station("c", 1900.0, 0.0),
]
HERE = [lonlat(0.0, 0.0), lonlat(600.0, 0.0)]


def street(stations=STATIONS, homes=((0.0, 0.0), (1900.0, 0.0)), areas=AREAS, **columns) -> Index:
    """Index of one street of 2 km; ``columns`` replace columns of the station table."""
    data = dataset(STREET, stations, list(homes), areas=areas)
    return Index(replace(data, stations=data.stations.assign(**columns)))


@pytest.fixture(scope="module")
def index() -> Index:
    return street()


def listed(index: Index, **question) -> list[str]:
    """Ids of the stations for somebody at the corner."""
    answer = index.nearest(HERE[:1], **{"at": None, **question})
    return [index.stations["id"][s] for s in answer.station[0] if s >= 0]


# ------------------------------------------------------------------------------- what is refused


def test_a_mode_that_was_not_prepared(index):
    message = "mode 'plane' was not prepared in this dataset; it has walk"
    for ask in (lambda: index.nearest(HERE, mode="plane"), lambda: index.coverage(mode="plane")):
        with pytest.raises(InputError) as caught:
            ask()
        assert caught.value.message == message
        assert caught.value.code == "unknown_mode"


def test_all_unknown_codes_are_named_at_once(index):
    with pytest.raises(ValidationError) as caught:
        index.nearest(HERE, needs=["drink", "sing"], kinds=["castle"], access=["hatch"])
    error = caught.value
    assert error.code == "unknown_code"
    assert [fault.where for fault in error.faults] == ["need", "kind", "access"]
    assert "need: 'sing' is not known (use one of rest, drink," in error.message
    assert "kind: 'castle' is not known (use one of care_station," in error.message
    assert "access: 'hatch' is not known" in error.message


def test_an_unknown_status_to_include_and_rule_of_hours(index):
    with pytest.raises(ValidationError, match="include: 'someday' is not known"):
        index.coverage(include=["someday"])
    with pytest.raises(ValidationError, match=r"open: 'later' is not known \(use one of arrival,"):
        index.nearest(HERE, open="later")


def test_an_unknown_region(index):
    with pytest.raises(ValidationError, match="'north' is not a region of this dataset") as caught:
        index.coverage(region="north")
    assert caught.value.code == "unknown_region"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"k": 0}, "k must be a whole number between 1 and 50, got 0"),
        ({"k": 51}, "k must be a whole number between 1 and 50, got 51"),
        ({"k": 2.5}, "k must be a whole number between 1 and 50, got 2.5"),
        ({"minutes": 0}, "minutes must be a whole number between 1 and 120, got 0"),
        ({"minutes": 121}, "minutes must be a whole number between 1 and 120, got 121"),
        ({"alternatives": -1}, "alternatives must be a whole number between 0 and 50, got -1"),
    ],
)
def test_numbers_out_of_their_limits(index, question, words):
    with pytest.raises(LimitError) as caught:
        index.nearest(HERE, **question)
    assert caught.value.message == words


@pytest.mark.parametrize("question", [{"minutes": 0}, {"minutes": 121}, {"stations_at_least": 9}])
def test_limits_of_coverage(index, question):
    with pytest.raises(LimitError, match="must be a whole number between 1 and"):
        index.coverage(**question)


def test_limits_themselves_are_allowed(index):
    answer = index.nearest(HERE, k=np.int64(50), minutes=120, at=None)
    assert answer.station.shape == (2, 50)
    assert (answer.station[:, 3:] == -1).all()
    assert (answer.ms[:, 3:] == -1).all()
    assert np.isnan(answer.metres[:, 3:]).all()
    assert np.isnan(answer.straight_m[:, 3:]).all()
    assert index.coverage(stations_at_least=5).summary["homes"] is None


@pytest.mark.parametrize("at", ["soon", "2026-13-01T00:00", "25:00"])
def test_a_time_that_is_none(index, at):
    with pytest.raises(InputError):
        index.nearest(HERE, at=at)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([118.8, 32.05], r"expected points of shape \(p, 2\) as lon, lat, got \(2,\)"),
        ([[118.8, 32.05, 0.0]], r"got \(1, 3\)"),
        ([["here", "there"]], "expected points as pairs of numbers lon, lat"),
        ([[118.8, 32.05], [118.8]], "expected points as pairs of numbers lon, lat"),
        ([[32.05, 118.8]], r"point 0: lon 32.05, lat 118.8 is not a place on earth"),
        ([[np.nan, 32.05]], "point 0: lon nan, lat 32.05 is not a place on earth"),
        ([[118.8, 32.05], [np.inf, 0.0]], "point 1: lon inf"),
    ],
)
def test_points_that_are_none(index, points, words):
    with pytest.raises(InputError, match=words):
        index.nearest(points)


# -------------------------------------------------------------------------------------- geopandas


def test_points_in_another_crs_are_brought_to_wgs84(index):
    series = gpd.GeoSeries(gpd.points_from_xy(*np.transpose(HERE)), crs=4326)
    want = index.nearest(HERE, at=None)
    for crs in (4326, 3857, 32650, 4490, index.manifest["metric_crs"]):
        for points in (series.to_crs(crs), series.to_crs(crs).to_frame("place")):
            got = index.nearest(points, at=None)
            np.testing.assert_array_equal(got.station, want.station)
            np.testing.assert_allclose(got.ms, want.ms, atol=2)
            np.testing.assert_allclose(got.metres, want.metres, atol=0.002)


def test_points_without_a_crs_are_refused(index):
    series = gpd.GeoSeries(gpd.points_from_xy(*np.transpose(HERE)))
    with pytest.raises(InputError, match="no coordinate reference system; set it") as caught:
        index.nearest(series)
    assert caught.value.code == "no_crs"


def test_geometries_that_are_no_points_are_refused(index):
    frame = gpd.GeoSeries([shapely.Point(HERE[0]).buffer(0.001)], crs=4326)
    with pytest.raises(InputError, match="expected points, got other geometries"):
        index.nearest(frame)
    with pytest.raises(InputError, match="point 1: lon nan, lat nan is not a place on earth"):
        index.nearest(gpd.GeoSeries([shapely.Point(HERE[0]), shapely.Point()], crs=4326))
    with pytest.raises(InputError, match="expected points, got other geometries"):
        index.nearest(gpd.GeoSeries([shapely.Point(HERE[0]), None], crs=4326))


def test_nearest_as_a_geodataframe(index):
    frame = index.nearest(HERE, at=None, k=2).to_geodataframe()
    assert frame.columns.tolist() == [
        "point", "rank", "station", "name", "seconds", "metres", "straight_metres", "covered",
        "geometry",
    ]  # fmt: skip
    assert frame.crs == "EPSG:4326"
    rows = frame[["point", "rank", "station", "covered"]].to_numpy().tolist()
    assert rows == [[0, 1, "a", True], [0, 2, "b", True], [1, 1, "b", True], [1, 2, "a", True]]
    assert frame["seconds"].tolist() == pytest.approx([0.0, 450.0, 90.0, 540.0], abs=0.002)
    assert frame["metres"].tolist() == pytest.approx([0.0, 500.0, 100.0, 600.0], abs=0.01)
    assert frame["straight_metres"].tolist() == pytest.approx([0, 500, 100, 600], abs=0.01)
    assert frame.geometry.x[0] == pytest.approx(HERE[0][0], abs=1e-9)


def test_gaps_and_cells_as_geodataframes(index):
    answer = index.coverage(minutes=5)
    gaps = answer.gaps.to_geodataframe()
    assert gaps.crs == "EPSG:4326"
    assert set(gaps.columns) >= {
        "id", "region", "area_km2", "workers", "nearest_seconds", "nearest_station", "cause",
        "also", "detour_ratio", "geometry",
    }  # fmt: skip
    assert set(gaps["region"]) <= {"", "west", "east"}
    assert (gaps.geom_type == "Polygon").all()
    assert gaps["detour_ratio"].dropna().between(0.9, 10).all()
    assert shapely.contains_xy(gaps.geometry.to_numpy(), gaps["lon"], gaps["lat"]).all()
    cells = answer.cells
    assert cells.crs == "EPSG:4326"
    assert set(cells["state"]) == {"covered", "uncovered"}
    assert (cells["seconds"].isna() == (cells["state"] != "covered")).all()
    assert answer.covered.crs == "EPSG:4326"


def test_no_gap_at_all_is_an_empty_frame():
    index = street([Station(str(i), 100.0 * i, 0.0) for i in range(21)])
    answer = index.coverage(minutes=15)
    gaps = answer.gaps.to_geodataframe()
    assert len(gaps) == 0
    assert gaps.crs == "EPSG:4326"
    assert "cause" in gaps.columns
    assert answer.summary["share_covered"] == 1.0
    assert answer.summary["causes"] == {}


# ------------------------------------------------------------------------------ awkward questions


def test_no_points_at_all(index):
    series = gpd.GeoSeries([], crs=4326)
    for points in (np.empty((0, 2)), series):
        answer = index.nearest(points, at="2026-11-24T12:00:00+08:00", needs=["drink"])
        assert answer.station.shape == (0, 5)
        assert answer.covered.shape == (0,)
        assert answer.alternative_fails == []
        frame = answer.to_geodataframe()
        assert (len(frame), frame.crs) == (0, "EPSG:4326")
    assert index.route(np.empty((0, 2)), []) == []


def test_no_alternatives(index):
    answer = index.nearest(HERE, at=None, needs=["hot_meal"], alternatives=0)
    assert answer.alternative_station.shape == (2, 0)
    assert answer.alternative_straight_m.shape == (2, 0)
    assert answer.alternative_fails == [[], []]
    assert index.nearest(HERE, at=None, needs=["hot_meal"]).alternative_fails == [
        [("no_such_need",), ("no_such_need",)],
        [("no_such_need",), ("no_such_need",)],
    ]


def test_a_single_code_needs_no_list(index):
    assert listed(index, needs="hot_meal") == listed(index, needs=["hot_meal"]) == ["b"]
    summary = index.coverage(needs="hot_meal", exact=True).summary
    assert summary["homes"]["covered"] == 1


def test_now_is_the_time_of_asking(index):
    answer = index.nearest(HERE, at="now", k=3)
    assert "a" in set(answer.to_geodataframe()["station"])  # never closes
    by_clock = index.nearest(HERE, at=datetime.now(UTC), k=3)
    assert answer.station.shape == by_clock.station.shape
    assert index.coverage(at="now", exact=True).summary["homes"]["total"] == 2


def test_times_in_any_zone_are_the_same_moment(index):
    evening = datetime(2026, 11, 24, 19, 55, tzinfo=SHANGHAI)
    moments = [evening, evening.astimezone(UTC), evening.replace(tzinfo=None)]
    moments += ["2026-11-24T19:55:00+08:00", "2026-11-24T11:55:00Z", "2026-11-24T19:55:00"]
    for at in moments:
        assert listed(index, at=at, k=2) == ["a", "c"]  # b closes at eight
    assert listed(index, at="2026-11-24T12:00:00", k=2) == ["a", "b"]


def test_open_now_and_open_at_any_time(index):
    at = "2026-11-24T19:55:00+08:00"
    assert listed(index, at=at, open="now") == ["a", "b", "c"]
    assert listed(index, at=at, open="any") == ["a", "b", "c"]
    at = "2026-11-24T21:00:00+08:00"
    assert listed(index, at=at, open="now") == ["a", "c"]
    assert listed(index, at=at, open="any") == ["a", "b", "c"]


def test_routes_of_an_answer_with_padding(index):
    answer = index.nearest(HERE, at=None, k=5)
    lines = index.route(HERE, answer.station[:, 4])
    assert [len(line) for line in lines] == [0, 0]
    lines = index.route(HERE, answer.station[:, 1])
    assert [len(line) for line in lines] == [2, 2]
    with pytest.raises(InputError, match="one station a place: 2 places, 1 stations"):
        index.route(HERE, [0])
    with pytest.raises(InputError, match=r"rows of the station table below 3, got \[7\]"):
        index.route(HERE, [0, 7])


def test_an_answer_does_not_depend_on_what_was_asked_before(index):
    question = {"at": "2026-11-24T19:50:00+08:00", "needs": ["drink"], "k": 3}
    fresh = street().nearest(HERE, **question)
    for other in ({"at": None}, {"needs": ["hot_meal"]}, {"k": 1}, {"minutes": 1}, question):
        index.nearest(HERE, **{"at": "2026-11-24T08:00:00+08:00", **other})
    again = index.nearest(HERE, **question)
    for name in ("station", "ms", "metres", "covered", "alternative_station"):
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))


# ------------------------------------------------------------------------------- awkward datasets


def test_no_homes():
    summary = street(homes=()).coverage(exact=True, minutes=5).summary
    assert summary["homes"] is None
    assert summary["workers"] is None
    assert summary["groups"] == {}
    assert summary["share_of"] == "street_km"
    assert summary["street_km"]["total"] == pytest.approx(2.0)
    assert 0 < summary["share_covered"] < 1
    causes = summary["causes"]["too_far"]
    assert (causes["homes"], causes["workers"]) == (None, None)
    assert causes["street_km"] == pytest.approx(2.0 * (1 - summary["share_covered"]))


def test_no_regions():
    index = street(areas=None)
    summary = index.coverage(exact=True).summary
    assert summary["regions"] == []
    assert summary["homes"]["total"] == 2
    assert set(index.coverage(minutes=1).gaps.to_geodataframe()["region"]) == {""}
    with pytest.raises(ValidationError, match="'west' is not a region"):
        index.coverage(region="west")


def test_one_region_alone(index):
    whole = index.coverage(exact=True).summary
    parts = [index.coverage(exact=True, region=name).summary for name in AREAS]
    for name in ("homes", "workers", "street_km", "area_km2"):
        for part in ("total", "covered"):
            total = sum(one[name][part] for one in parts)
            assert total == pytest.approx(whole[name][part])


@pytest.mark.parametrize("left", ["none at all", "none that counts"])
def test_no_stations(left):
    data = dataset(STREET, STATIONS, [(0.0, 0.0)], areas=AREAS)
    if left == "none at all":
        nowhere = {name: array[:0] for name, array in vars(data.station_positions["walk"]).items()}
        data = replace(
            data,
            stations=data.stations.iloc[:0],
            station_positions={"walk": Positions(**nowhere)},
        )
    else:
        data = replace(data, stations=data.stations.assign(kind="merchant"))
    index = Index(data)
    for at in (None, "2026-11-24T12:00:00+08:00"):
        answer = index.nearest(HERE, at=at)
        assert (answer.station == -1).all()
        assert answer.reason.tolist() == ["unreachable", "unreachable"]
        assert (answer.alternative_station == -1).all()
        assert answer.alternative_fails == [[], []]
        assert len(answer.to_geodataframe()) == 0
        summary = index.coverage(at=at, exact=True).summary
        assert summary["homes"]["unreachable"] == summary["homes"]["total"] == 1
        assert summary["share_covered"] == 0.0
        gaps = index.coverage(at=at).gaps.to_geodataframe()
        assert set(gaps["cause"]) == {"unreachable"}
        assert gaps["nearest_seconds"].isna().all()
        assert set(gaps["nearest_station"]) == {""}


def test_a_station_off_the_network_is_never_reached_and_hides_nothing():
    index = street([Station("far", 100.0, 900.0), *STATIONS])
    assert "far" not in listed(index, k=5)
    alone = street([Station("far", 100.0, 900.0)])
    answer = alone.nearest(HERE, at=None)
    assert answer.reason.tolist() == ["unreachable", "unreachable"]
    assert answer.alternative_station[:, 0].tolist() == [0, 0]  # by straight line
    assert (answer.alternative_ms == -1).all()


# --------------------------------------------------------------------------- status and validity


def test_what_is_planned_or_being_built_counts_where_it_is_included():
    stations = [
        Station("a", 0.0, 0.0, status="planned"),
        Station("b", 100.0, 0.0, status="building"),
        Station("c", 200.0, 0.0, status="suspended"),
        Station("d", 300.0, 0.0, status="closed"),
    ]
    index = street(stations, opened_on=["2030-01-01", "2030-01-01", "", ""])
    assert listed(index) == []
    homes = [
        index.coverage(include=include, exact=True, minutes=5).summary["homes"]["covered"]
        for include in ((), ("building",), ("planned", "building"), ("suspended",))
    ]
    assert homes == [0, 1, 1, 1]
    two = index.coverage(include=["planned", "building"], exact=True, stations_at_least=2)
    assert two.summary["homes"]["covered"] == 1
    three = index.coverage(include=["planned", "building"], exact=True, stations_at_least=3)
    assert three.summary["homes"]["covered"] == 0


@pytest.mark.parametrize(
    ("columns", "days"),
    [
        # first and last day of a season count (DOMAIN 13: on and off exactly at the stated dates)
        ({"valid_from": "2026-07-23"}, {"2026-07-22": False, "2026-07-23": True}),
        ({"valid_to": "2026-08-22"}, {"2026-08-22": True, "2026-08-23": False}),
        ({"opened_on": "2026-05-01"}, {"2026-04-30": False, "2026-05-01": True}),
        # closed since that day
        ({"closed_on": "2026-05-01"}, {"2026-04-30": True, "2026-05-01": False}),
        (
            {"valid_from": "2026-07-23", "valid_to": "2026-07-23"},
            {"2026-07-22": False, "2026-07-23": True, "2026-07-24": False},
        ),
    ],
)
def test_dates_of_a_station(columns, days):
    index = street([Station("s", 0.0, 0.0)], **columns)
    for day, there in days.items():
        for clock in ("00:00:00", "23:40:00"):
            at = f"{day}T{clock}+08:00"
            assert bool(index.nearest(HERE, at=at).covered[0]) is there
            assert index.coverage(at=at, exact=True).summary["homes"]["covered"] == int(there)


def test_dates_hold_without_a_time_for_today():
    past, future = "1999-01-01", "2199-01-01"
    for columns, there in (
        ({"valid_to": past}, False),
        ({"closed_on": past}, False),
        ({"opened_on": future}, False),
        ({"valid_from": past, "valid_to": future}, True),
    ):
        index = street([Station("s", 0.0, 0.0)], **columns)
        assert (listed(index) == ["s"]) is there
        assert index.coverage(exact=True).summary["homes"]["covered"] == int(there)


def test_at_least_so_many_stations():
    index = street(homes=[(0.0, 0.0), (450.0, 0.0), (1400.0, 0.0), (1900.0, 0.0)])
    # a at 0, b at 500, c at 1,900; 1,000 m in 15 minutes
    covered = [
        index.coverage(exact=True, stations_at_least=n).summary["homes"]["covered"]
        for n in (1, 2, 3)
    ]
    assert covered == [4, 3, 0]
    summary = index.coverage(exact=True, stations_at_least=2).summary
    assert summary["causes"]["too_far"]["homes"] == 1
    assert summary["homes"]["unreachable"] == 0


def test_the_band_of_speeds(index):
    # home at 0 stands at station a, home at 1,900 m at station c
    index = street(homes=[(1300.0, 0.0), (1450.0, 0.0), (1480.0, 0.0), (1550.0, 0.0)])
    # nearest b at 500 m or c at 1,900 m: 600, 450, 420 and 350 m
    question = {"exact": True, "minutes": 6}  # 400 m at 4 km/h, 320 m slow, 440 m fast
    summary = index.coverage(**question).summary
    assert summary["share_covered"] == 0.25
    assert summary["share_band"] == {"slow": 0.0, "fast": 0.5}
    # at an hour at which a station changes its state the band is searched by itself
    summary = index.coverage(at="2026-11-24T07:57:00+08:00", **question).summary
    assert summary["share_band"] == {"slow": 0.0, "fast": 0.5}
